# %% [markdown]
# # 10. RMSprop
#
# Adagrad gives each parameter a step size of its own, and never forgives a steep beginning. Can a method keep the first and
# lose the second?
#
# After this section you can
#
# - write an exponential average, and say how far back it remembers;
# - write one step of RMSprop, and say what it changes in Adagrad's;
# - compute how long its first steps are, and why;
# - say what happens to it near a minimum when the learning rate stays constant.
#
# **Time:** about 40 minutes. **Before this:** [Adagrad](../s09_adagrad/s09_adagrad.ipynb). **Core path:** yes.

# %% setup
from itertools import accumulate

import numpy as np

from descentlab import check, objectives, plots, recordings
from descentlab.explorer import Explorer
from descentlab.runs import run_steps, run_stream

well = objectives.get("double_well")

# %% [markdown]
# ## The problem
#
# Section 9 ended on the steep wall of the double well. A walk that began at $\theta = 6$ met gradients of 210 there, and
# kept them in $G$ for ever. When it came down to gentle ground, its steps were far too short: 19095 of them to the valley,
# where a fresh start at 2 took 154.
#
# The old gradients were worth knowing while the walk was on the wall. Lower down they say nothing of the ground. So let $G$
# be made of the *last few* values of $g^2$ only.
#
# One could store the last ten gradients of every parameter. That is ten arrays of $\theta$'s size, and much shifting. Is
# there a way to remember about ten values in a single number?

# %% [markdown]
# ## The exponential average
#
# With each new value, keep the share $\gamma$ of the old average and let the value in with the rest:
#
# $$\mathrm{E}[g^2]_t = \gamma\,\mathrm{E}[g^2]_{t-1} + (1 - \gamma)\, g_t^2, \qquad \gamma = 0.9, \quad \mathrm{E}[g^2]_0 = 0.$$
#
# | sign | in code | English | Russian |
# |---|---|---|---|
# | $\theta_t$ | `theta` | parameters after step $t$ | параметры |
# | $g_t$ | `gradient` | gradient at the point where step $t$ begins | градиент |
# | $\gamma$ | `gamma` | share of the old average that is kept | коэффициент затухания |
# | $\mathrm{E}[g^2]_t$ | `mean_square` | exponential average of the squares | экспоненциальное среднее квадратов |
# | $\mathrm{RMS}[g]_t$ | | root mean square, $\sqrt{\mathrm{E}[g^2]_t + \epsilon}$ | среднеквадратичное |
# | $\eta$ | `lr` | learning rate | темп обучения |
# | $\epsilon$ | `eps` | a small number that keeps the divisor from zero | малая добавка |
#
# The slide's $\mathrm{E}$ is no expectation; it is the name of this average. And this $\gamma$ is not momentum's: there the
# new gradient came in whole, here it is damped by $1 - \gamma$.

# %% [markdown] exercise="exponential_average" points=2
# ### Exercise: take in one value
#
# Return the average after one more value, for numbers and arrays of any shape. The function averages what it is given; what
# that is, squares or anything else, is not its business.
#
# Hint: The new average is a mixture of two things whose shares add up to 1. Which share belongs to which?
#
# Hint: If `previous` and `value` are equal, the result must be equal to them. Does your mixture do that?
#
# Hint: Add `gamma` times `previous` and `(1 - gamma)` times `value`. Build a new array: no `*=` on `previous`.

# %% [markdown]
# ## How far back does it remember?
#
# Put the recursion into itself. The newest value has the weight $1-\gamma$. With each value that comes after it, it fades
# by the factor $\gamma$:
#
# $$\mathrm{E}[g^2]_t = (1-\gamma)\left( g_t^2 + \gamma\, g_{t-1}^2 + \gamma^2 g_{t-2}^2 + \dots \right).$$
#
# So "the last few" is a way of speaking: all values are in it, with weights that fade. How many of them count?

# %% [markdown] exercise="averaging_weights" points=3
# ### Exercise: the weights
#
# Return the weights of the last `n` values, the newest first.
#
# Hint: With what factor did the newest value come in? And how often has the one before it been faded since?
#
# Hint: The value that came $k$ steps before the newest has the weight $(1-\gamma)\gamma^k$. The exponents begin at 0, and
# there are `n` of them.
#
# Hint: `np.arange(n)` has these exponents. Raise `gamma` to them and multiply by `1 - gamma`.

# %% figure="weights" alt="Weight of a value against its age, for three values of gamma: with 0.5 it begins at 0.5 and is gone after six values, with 0.9 it begins at 0.1 and is a third of that after ten, with 0.97 it begins at 0.03 and fades slowly."
ages, gammas = range(40), {f"γ = {gamma}": gamma for gamma in (0.5, 0.9, 0.97)}
plots.curves(
    ages,
    {name: lambda gamma=gamma: averaging_weights(gamma, 40) for name, gamma in gammas.items()},
    ghosts={name: recordings.ghost("s10_rmsprop/weights", gamma=gamma).path for name, gamma in gammas.items()},
    xlabel="age of the value, in steps", ylabel="its weight in the average", title="What an average remembers",
)

# %% [markdown]
# The sum of the last $n$ weights is $1 - \gamma^n$. With $\gamma = 0.9$ the last ten values make up 65 % of the average and
# the last 22 make up 90 %; with $\gamma = 0.99$ it takes a hundred values for 63 %. As a rule of thumb, the memory is
# $1/(1-\gamma)$ steps long.
#
# A longer memory makes a smoother average, and a slower one. The next figure takes in 200 squared gradients whose true mean
# square falls from 9 to 1 half-way. Which of the lines will be nearest to 1 at step 150?

# %% figure="average" alt="Three averages of squared gradients over 200 steps, whose mean square falls from 9 to 1 after step 100: with gamma 0.9 the average is jumpy and down at the new level within about thirty steps; with 0.99 it rises slowly, stays far below 9 and comes down slowly; the plain mean of all values is still near 4 at the end."
sizes, gammas = np.repeat([3.0, 1.0], 100), {"γ = 0.9": 0.9, "γ = 0.99": 0.99}
squares = (sizes * np.random.default_rng(10).normal(size=200)) ** 2
lines = {
    name: lambda gamma=gamma: list(accumulate(
        squares, lambda mean, square: exponential_average(mean, square, gamma), initial=0.0))[1:]
    for name, gamma in gammas.items()}
lines["mean of all, Adagrad's G/t"] = lambda: np.cumsum(squares) / np.arange(1, 201)
ghosts = {name: recordings.ghost("s10_rmsprop/average", gamma=gamma).path for name, gamma in gammas.items()}
plots.curves(
    range(1, 201), lines, ghosts=ghosts, levels={"9": 9.0, "1": 1.0}, xlabel="step t", ylabel="average of g²",
    title="The size of the gradients changes after step 100",
)

# %% [markdown]
# The short memory is noisy, and the only one that knows by step 150 what the gradients are like *now*. The long one has not
# yet taken in the first half when the second begins. The mean of all values never catches up.
#
# ## The rule
#
# $$\Delta\theta_t = \frac{\eta}{\sqrt{\mathrm{E}[g^2]_t + \epsilon}}\, g_t = \frac{\eta}{\mathrm{RMS}[g]_t}\, g_t, \qquad
# \theta_t = \theta_{t-1} - \Delta\theta_t .$$
#
# It is Adagrad with the average in the place of the sum, nothing else. The average has taken in the current gradient, and
# $\epsilon$ stands inside the root, as there. All goes coordinate by coordinate.

# %% [markdown] exercise="rmsprop_step" points=5
# ### Exercise: one step
#
# Write the rule with your `exponential_average`. Return the new `theta` and the new `mean_square`, two new arrays. The
# learning rate has no default.
#
# Hint: What is averaged, and with which of the two mean squares does the step divide: the one that came in, or the one that
# goes out?
#
# Hint: `exponential_average(mean_square, gradient**2, gamma)` is the new mean square. Add `eps` to it before the root is
# taken.
#
# Hint: Give the new mean square the old one's name. Then return `theta` minus `lr / np.sqrt(mean_square + eps)` times the
# gradient, and the mean square.

# %% [markdown] question="first_step" points=1
# ### Question
#
# The average starts at zero, $\gamma = 0.9$, and $\epsilon$ is negligible. How long is the very first step, whatever the
# gradient? Set `first_step` to the letter of your answer, in quotes.
#
# - **a.** $0.1\,\eta$: only a tenth of the gradient has come in.
# - **b.** $\eta$: the gradient is divided by its own size.
# - **c.** $3.16\,\eta$: the divisor holds a part of the gradient's size.
# - **d.** $10\,\eta$: the average is ten times too small.

# %% [markdown]
# ## The first steps
#
# Feed a constant gradient to your `rmsprop_step`, and look at the length of each step. Before you run: for which $\gamma$
# is the first step longest, and for how long will it matter?

# %% figure="run_up" alt="Length of the steps under a constant gradient, in units of the learning rate, over 60 steps: with gamma 0.5 they begin at 1.4 and are 1 after a few steps, with 0.9 they begin at 3.2 and are near 1 after twenty, with 0.99 they begin at 10 and are still 1.5 at step 60."
gammas = {f"γ = {gamma}": gamma for gamma in (0.5, 0.9, 0.99)}
plots.curves(
    range(1, 61),
    {name: lambda gamma=gamma: -np.diff([0, *run_stream(
        rmsprop_step, np.ones(60), lr=1.0, gamma=gamma, keep=lambda theta, mean_square, t: theta)])
     for name, gamma in gammas.items()},
    ghosts={name: recordings.ghost("s10_rmsprop/run_up", gamma=gamma).path for name, gamma in gammas.items()},
    levels={"η": 1.0}, xlabel="step t", ylabel="length of the step, in units of η",
    title="Under a constant gradient",
)

# %% [markdown]
# Under a constant gradient the average is $(1 - \gamma^t)\,g^2$ after $t$ steps, the sum of the weights so far. The rest of
# the weight lies on the zero at the start. So step $t$ has the length
#
# $$\frac{\eta}{\sqrt{1 - \gamma^t}}, \qquad \text{first}\quad \frac{\eta}{\sqrt{1-\gamma}} = 3.1623\,\eta \quad\text{for } \gamma = 0.9,$$
#
# and then $2.29\,\eta$, $1.92\,\eta$, and so on down to $\eta$. RMSprop leaves it at that. With $\gamma = 0.99$ the first
# step is ten times too long. Section 12 will mend this flaw.
#
# It also tells what becomes of rare features. If one comes every hundredth step, its average has faded to nothing in
# between ($0.9^{100} \approx 0.00003$), and *each* of its steps is $3.16\,\eta$ long. Adagrad knew how often it had met a
# feature; RMSprop forgets that too.

# %% [markdown]
# ## Where the curvature changes on the way
#
# Back to the wall: the double well from $\theta = 6$, with $\eta = 0.1$. The curvature falls from 107 at the start to 1.3
# in the right valley. The walk of Adagrad is recorded; that of RMSprop is yours. Where will each be after 120 steps?

# %% figure="wall" alt="Theta over 120 steps on the double well from 6: Adagrad slows down and is still above 4 at the end; RMSprop with gamma 0.9 comes down steadily and reaches the valley at 0.88; with gamma 0.99 it begins with large steps, then creeps and is at 1.2."
gammas = {"RMSprop, γ = 0.9": 0.9, "RMSprop, γ = 0.99": 0.99}
adagrad = recordings.ghost("s10_rmsprop/adagrad").path
wall = {"objective": "double_well", "n_steps": 120, "start": 6.0, "lr": 0.1}
lines = {name: lambda gamma=gamma: run_steps(rmsprop_step, **wall, gamma=gamma)
         for name, gamma in gammas.items()}
lines["Adagrad, as recorded"] = lambda: adagrad
ghosts = {name: recordings.ghost("s10_rmsprop/wall", gamma=gamma).path for name, gamma in gammas.items()}
plots.curves(
    range(121), lines, ghosts=ghosts, levels={"": 0.879}, xlabel="step t", ylabel="θ",
    title="From the wall of the double well. Dotted: the right valley",
)

# %% [markdown]
# RMSprop is within 0.1 of the valley after 103 steps; Adagrad needed 19095. The steps do not die out, because the divisor
# comes down with the gradients.
#
# To see that, divide each move by the gradient that made it. That is the effective rate, $\eta/\mathrm{RMS}[g]_t$.

# %% figure="wall_rates" alt="Effective rate over 120 steps on a logarithmic axis: Adagrad's falls all the way to below 0.0001; RMSprop's with gamma 0.9 dips to 0.0009 and then climbs to 0.13; with gamma 0.99 it stays near 0.004 and climbs a little."
rates = {
    name: lambda line=line: ((way := line())[:-1] - way[1:]) / well.gradient(way[:-1])
    for name, line in lines.items()
}
ghosts = {name: recordings.ghost("s10_rmsprop/wall_rates", gamma=gamma).path for name, gamma in gammas.items()}
plots.curves(
    range(1, 121), rates, ghosts=ghosts, xlabel="step t", ylabel="effective rate",
    title="What each gradient was multiplied by", logy=True,
)

# %% [markdown]
# Adagrad's rate can only fall. RMSprop's falls during the first steps, and then climbs by a factor of 140 as the ground
# becomes gentler. With $\gamma = 0.99$ the memory is as long as the whole way, so that the wall is never quite forgotten.
#
# ## In the ravine
#
# The ravine again, with 80 steps at four rates. Both coordinates begin with the same long step. What will the two larger
# rates do near the minimum?

# %% figure="ravine" alt="Four walks of RMSprop in the ravine: all set off diagonally; with rate 0.02 it is still on its way after 80 steps, with 0.1 it arrives, with 0.3 and 0.8 it reaches the minimum quickly and then jumps about it, the wider the larger the rate."
plots.walks(
    "ravine",
    lambda lr: run_steps(rmsprop_step, "ravine", 80, lr=lr),
    ghost="s10_rmsprop/ravine",
    method="RMSprop",
    title="RMSprop in the ravine",
    lr=[0.02, 0.1, 0.3, 0.8],
)

# %% [markdown]
# A small rate is slow for a plain reason: a step is about $\eta$ long, so that $n$ steps reach about $n\eta$. The larger
# ones arrive soon, but "still on its way" over the last two pictures means that they don't stay. Try other rates and
# memories below. Is there a $\gamma$ with which the walk rests?

# %% figure="explore" alt="A walk of RMSprop in the ravine under sliders for the rate, for gamma and for the start: with rate 0.1 and gamma 0.9 it sets off diagonally, bends into the long axis, and arrives, with a last small swing across."
Explorer(
    "ravine",
    lambda lr, gamma, start=None: run_steps(rmsprop_step, "ravine", 80, start=start, lr=lr, gamma=gamma),
    ghost="s10_rmsprop/ravine",
    method="RMSprop",
    title="RMSprop in the ravine",
    lr=(0.02, 0.8),
    gamma=(0.5, 0.99),
)

# %% [markdown]
# ## Break it
#
# Adagrad came to rest in the ravine at every rate that let it arrive. Give RMSprop plenty of time, 1000 steps, and three
# constant rates. Predict: how far from the minimum does it end, in each coordinate? Does it depend on the curvature, which
# is 1 along and 20 across?

# %%
for lr in (0.3, 0.1, 0.03):
    path = run_steps(rmsprop_step, "ravine", 1000, lr=lr)
    if path is not None:
        print(f"η = {lr}: after 1000 steps |θ| is", *np.round(np.abs(path[-1]) / lr, 3), "times η")

# %% [markdown]
# <details><summary>What happened</summary>
#
# It ends at $\eta/2$ in both coordinates, at every rate. Near a minimum the gradients shrink, the mean square follows them,
# and so $\eta/\mathrm{RMS}[g]$ grows, until it exceeds the limit $2/\lambda$ of gradient descent. Then the error grows
# again. The two meet where $\theta$ swings from $\eta/2$ to $-\eta/2$ and back: the gradient is $\pm\lambda\eta/2$, its
# root mean square $\lambda\eta/2$, the step exactly $\eta$, and the effective rate exactly $2/\lambda$. The curvature
# cancels.
#
# So forgetting has a price: with a constant $\eta$, RMSprop does not settle. The remedy is a schedule. In the call above,
# `lr=lambda t: lr / t**0.5` makes the swings shrink along with the rate, to $0.016\,\eta$ after 1000 steps. (For the
# smallest of the three $\eta$ it is too much of a good thing: like Adagrad, that walk is no longer there in time.)
#
# Before the swing has become regular, the walk is touchy: two programs that are both right, but round differently, may be
# at different points of it.
#
# </details>

# %% [markdown]
# ## Recap
#
# - **Rule:** $\mathrm{E}[g^2]_t = \gamma\,\mathrm{E}[g^2]_{t-1} + (1-\gamma)\,g_t^2$, then $\theta_t = \theta_{t-1} -
#   \eta\,g_t/\sqrt{\mathrm{E}[g^2]_t + \epsilon}$; recommended $\gamma = 0.9$.
# - **Cost of a step:** one gradient; one array of the size of $\theta$ to remember, as with Adagrad.
# - **Gains:** a rate for each parameter that can fall *and* rise, with a memory of about $1/(1-\gamma)$ steps.
# - **Problems:** the first steps are too long, $\eta/\sqrt{1-\gamma^t}$; with a constant $\eta$ it swings about the minimum
#   by $\eta/2$. And $\eta$ is still to be chosen; section 11 asks whether it can go.
#
# **In PyTorch / Keras / Optax:** `torch.optim.RMSprop(params, lr=1e-2, alpha=0.99)` calls $\gamma$ `alpha`, and has
# $\epsilon$ outside the root: it is this rule only as $\epsilon \to 0$. `keras.optimizers.RMSprop(1e-3, rho=0.9)` is this
# rule, with its `epsilon` 1e-7 inside the root, and so is `optax.rmsprop(lr, decay=0.9, eps_in_sqrt=True)`.
#
# Further reading: T. Tieleman and G. Hinton, *Lecture 6.5, RMSprop: divide the gradient by a running average of its recent
# magnitude*, in their course *Neural networks for machine learning*, Coursera, 2012. The method was never published in a
# paper.
