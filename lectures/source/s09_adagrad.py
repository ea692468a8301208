# %% [markdown]
# # 9. Adagrad
#
# So far one learning rate has served all parameters alike. But some parameters hear from the data in every step, and others
# once in a thousand. Should a rate that is right for the first kind be right for the second?
#
# After this section you can
#
# - write one step of Adagrad, and say what its memory holds;
# - read off the step size of each parameter, and say why it is small for frequent features and large for rare ones;
# - count how many steps a given way takes on a constant slope;
# - say for which gradients the steps die out, and for which they don't.
#
# **Time:** about 45 minutes. **Before this:** [gradient descent](../s02_gradient_descent/s02_gradient_descent.ipynb), and
# the common problem of [the methods so far](../s08_schedules/s08_schedules.ipynb). **Core path:** yes.

# %% setup
import numpy as np

from descentlab import check, objectives, plots, recordings
from descentlab.explorer import Explorer
from descentlab.runs import run_steps, run_stream

# %% [markdown]
# ## The problem
#
# A model reads texts and has one weight for each word. The word *the* is in every text; *heron* is in one of a thousand. A
# weight gets a gradient only from texts that contain its word, so in a thousand steps the weight of *the* moves a thousand
# times, and that of *heron* once.
#
# The rate must be small enough for *the*. With that same rate the weight of *heron* gets nowhere, although a rare word
# often says more about a text than a common one.
#
# So we want small updates for parameters that occur often, and large ones for those that occur rarely. Nobody can set a
# million rates by hand. Could each parameter set its own, from the gradients that it has met?

# %% [markdown]
# ## The rule
#
# Keep for each parameter the sum of its squared gradients, up to and including the current one, and divide by its root:
#
# $$G_t = G_{t-1} + g_t^2, \qquad \theta_t = \theta_{t-1} - \frac{\eta}{\sqrt{G_t + \epsilon}}\, g_t, \qquad
# g_t = \nabla_\theta J(\theta_{t-1}), \quad G_0 = 0.$$
#
# | sign | in code | English | Russian |
# |---|---|---|---|
# | $\theta_t$ | `theta` | parameters after step $t$ | параметры |
# | $g_t$ | `gradient` | gradient at the point where step $t$ begins | градиент |
# | $G_t$ | `G` | sum of the squared gradients | сумма квадратов градиентов |
# | $\eta$ | `lr` | learning rate, shared by all parameters | темп обучения |
# | $\epsilon$ | `eps` | a small number that keeps the divisor from zero | малая добавка |
# | $\eta/\sqrt{G_t+\epsilon}$ | `effective_lr` | effective rate, the step size of each parameter | эффективный темп |
#
# The usual values are $\eta = 0.01$ and $\epsilon = 10^{-8}$. All of it goes coordinate by coordinate: each entry is
# squared, rooted and divided by itself.

# %% [markdown]
# Two notes on the slide. It writes $g_{t,i}$ and $G_{t,ii}$, as if $G$ were a matrix. In the paper (J. Duchi, E. Hazan and
# Y. Singer, 2011) it is one, $\sum_k g_k g_k^\top$, and only its diagonal is used, since a million parameters would make a
# matrix of $10^{12}$ numbers. The diagonal fits into an array of $\theta$'s shape.
#
# And it numbers the points from where the gradient is taken: its $\theta_{t+1}$ is our $\theta_t$. The step is the same.
#
# $\epsilon$ stands *inside* the root. It matters for a parameter that has had no gradient yet: $G = 0$ there, and
# $0/\sqrt\epsilon$ is zero while $0/0$ is nothing.

# %% [markdown] exercise="effective_lr" points=2
# ### Exercise: the effective rate
#
# Return the rate of each parameter: the factor by which the step multiplies its gradient. `G` is the sum that already
# includes the current gradient.
#
# Hint: It is the fraction in the rule. What stands above its line, and what below?
#
# Hint: `G` holds squares already: nothing is squared here. What is added to it, and when is the root taken?
#
# Hint: Divide `lr` by `np.sqrt(…)` of the sum of `G` and `eps`.

# %% [markdown] exercise="adagrad_step" points=4
# ### Exercise: one step
#
# Write the rule with your `effective_lr`. Return the new `theta` and the new `G`, two new arrays; the function itself keeps
# nothing.
#
# Hint: The rule has two lines, and the order matters: whose root does the step divide by, $G_{t-1}$'s or $G_t$'s?
#
# Hint: `G + gradient**2` is the new sum, an array of its own. The step multiplies the gradient by the rate that belongs to
# it.
#
# Hint: First `G = G + gradient**2`. Then return the pair of `theta` minus `effective_lr(G, lr, eps)` times `gradient`, and
# `G`.

# %% [markdown]
# ## Frequent and rare
#
# Three features: one is there in every step, one in every tenth, one in every hundredth. Where a feature is there, its
# weight gets a gradient of 1, otherwise 0. The figure feeds a thousand steps to your `adagrad_step` and shows the effective
# rates. Predict: when the frequent feature has been met a hundred times, what is its rate? And when the rare one has been
# met ten times?

# %% figure="rates" alt="Effective rate over 1000 steps on a logarithmic axis, in units of the learning rate: for a feature in every step it falls smoothly to 0.03, for one in every tenth in small stairs to 0.1, for one in every hundredth in large stairs to 0.32."
features = {"in every step": 1, "in every tenth": 10, "in every hundredth": 100}
seen = {name: (np.arange(1000) % every == 0).astype(float) for name, every in features.items()}
plots.curves(
    range(1, 1001),
    {name: lambda name=name: run_stream(
        adagrad_step, seen[name], lr=1.0, keep=lambda theta, G, t: effective_lr(G, 1.0)) for name in features},
    ghosts={name: recordings.ghost("s09_adagrad/rates", every=every).path for name, every in features.items()},
    xlabel="step t", ylabel="effective rate, in units of η",
    title="The more often a feature comes, the smaller its steps", logy=True,
)

# %% [markdown]
# After $k$ gradients of size 1 the rate is $\eta/\sqrt k$: a tenth after a hundred, about a third after ten. A rate changes
# only when its feature is met. In between, the weight waits at the rate it has.
#
# What if the rare feature's gradients were a thousand times as large? Then $\sqrt G$ would be a thousand times as large
# too, and the steps the same. **The scale cancels, the number of meetings doesn't.** So the very first step of each
# parameter is about $\eta$ long, whatever its gradient.
#
# How far does that carry the weights, compared with gradient descent at the same $\eta$?

# %% figure="travel" alt="Distance travelled over 1000 steps on a logarithmic axis, in units of the learning rate: gradient descent 1000 for the frequent and 10 for the rare feature; Adagrad 62 and 5, much closer together."
pair = {"frequent": seen["in every step"], "rare": seen["in every hundredth"]}
keep = {"keep": lambda theta, G, t: abs(theta), "lr": 1.0}
lines = {f"Adagrad, {name}": lambda s=s: run_stream(adagrad_step, s, **keep) for name, s in pair.items()}
lines |= {f"gradient descent, {name}": lambda s=s: np.cumsum(s) for name, s in pair.items()}
ghosts = {f"Adagrad, {name}": recordings.ghost("s09_adagrad/travel", every=every).path
          for name, every in (("frequent", 1), ("rare", 100))}
plots.curves(
    range(1, 1001), lines, ghosts=ghosts, xlabel="step t", ylabel="way so far, in units of η",
    title="How far the frequent and the rare weight have come", logy=True,
)

# %% [markdown]
# With gradient descent the frequent weight has come a hundred times as far as the rare one, 1000 to 10. With Adagrad it is
# $61.8$ to $5.0$, a factor of twelve: $k$ meetings carry a weight about $2\eta\sqrt k$ far, so frequencies count by their
# roots only.
#
# Mind the height of the lines, too. At the same $\eta$ both weights are slower than with gradient descent. Adagrad wants a
# larger $\eta$. Does it bear one?

# %% [markdown]
# ## In the ravine
#
# Gradient descent had to stay below 0.1 here, the limit $2/L$. For Adagrad, in what direction will the first step go, and
# at which of these rates will it diverge?

# %% figure="ravine" alt="Four walks of Adagrad in the ravine. With rate 0.1 it sets off diagonally and is still on its way after 80 steps; with 0.5 it arrives; with 2 it arrives within a few steps; with 5 the first step leaps out of the picture, and it arrives all the same."
plots.walks(
    "ravine",
    lambda lr: run_steps(adagrad_step, "ravine", 80, lr=lr),
    ghost="s09_adagrad/ravine",
    method="Adagrad",
    title="Adagrad in the ravine",
    lr=[0.1, 0.5, 2, 5],
)

# %% [markdown]
# It sets off diagonally, with a step of $\eta$ in each coordinate: the steepness across has been divided out, as the scale
# of a feature was.
#
# And at none of these rates does it diverge. No step is longer than $\eta$ in any coordinate, since $|g_t| \le \sqrt{G_t}$.
# If it leaps far up the other side, the gradient there is large, goes into $G$, and shortens all later steps. The method
# finds the rate that the ravine bears, whatever you begin with: with exact gradients of a smooth function this can be
# proved, at least for a variant with one $G$ for all parameters (R. Ward, X. Wu and L. Bottou, ICML 2019).
#
# Move the rate from end to end. Which mistake is dearer, too small or too large?

# %% figure="explore" alt="A walk of Adagrad in the ravine under sliders for the rate and for the start: with rate 0.5 it sets off diagonally, bends into the long axis, and arrives."
Explorer(
    "ravine",
    lambda lr, start=None: run_steps(adagrad_step, "ravine", 80, start=start, lr=lr),
    ghost="s09_adagrad/ravine",
    method="Adagrad",
    title="Adagrad in the ravine",
    lr=(0.05, 5.0),
)

# %% [markdown] question="adagrad_problem" points=1
# ### Question
#
# The slide asks: what is the problem of this method? Set `adagrad_problem` to the letter of your answer, in quotes.
#
# - **a.** A rare parameter has a large rate, so that one large gradient throws it far away.
# - **b.** It has to keep the gradients of all steps, and needs more memory the longer it runs.
# - **c.** At a minimum the gradients are zero, and so is the divisor: near the goal the steps explode.
# - **d.** $G$ never shrinks: what was gathered on the way shortens all later steps, however far there is still to go.

# %% [markdown]
# ## How long a way takes
#
# Put Adagrad on a slope that is the same everywhere, $g_t = g$, with $\epsilon = 0$. Then $G_t = t g^2$, and the size of
# step $t$ is
#
# $$\frac{\eta\,|g|}{\sqrt{t g^2}} = \frac{\eta}{\sqrt t}.$$
#
# The slope cancels, and time is left. The steps die out, but slowly: together they are
#
# $$\eta \sum_{t=1}^{n} \frac{1}{\sqrt t} \approx 2\eta\sqrt n ,$$
#
# which grows beyond any bound. So every goal is reached; the question is when.

# %% [markdown] exercise="steps_to_travel" points=4
# ### Exercise: count the steps
#
# A parameter has to move by `distance` on a constant slope, with $\epsilon = 0$. Return the least number of steps $n$ with
#
# $$\eta \sum_{t=1}^{n} \frac{1}{\sqrt t} \ge \text{distance}.$$
#
# For a distance of zero that is 0.
#
# Hint: Walk until you are there, and count. What must be known before each step, and what after it?
#
# Hint: Begin with no step made and no way travelled. While the way is shorter than the distance, raise the number by one
# and add the step of that number.
#
# Hint: `n, travelled = 0, 0.0`, then `while travelled < distance:` with two lines inside: `n += 1`, and `travelled` grows
# by `lr` over `np.sqrt(n)`. Return `n`.

# %%
for distance in (0.15, 0.3, 0.6, 1.2):
    number = steps_to_travel(distance, lr=0.1)
    if number is not None:
        print(f"a way of {distance} at η = 0.1 takes {number} steps")

# %% [markdown]
# Twice the way takes ever closer to *four* times the steps: with $x = \text{distance}/\eta$ the number lies between
# $(x+1)^2/4$ and $(x+2)^2/4$. Gradient descent on a slope of 1 needs $x$. A way of $10\,\eta$ takes Adagrad 33 steps, one
# of $100\,\eta$ takes 2574, and one of $1000\,\eta$ takes 250731.
#
# Compare $\eta/\sqrt t$ with the conditions of section 4. It vanishes, and its sum is infinite; but $\sum \eta^2/t$ is
# infinite too, so the third condition fails. Adagrad has a theory of its own: for convex losses its *regret*, the loss paid
# over and above that of the best fixed parameters, grows no faster than $\sqrt T$ over $T$ steps (Duchi, Hazan and Singer),
# and where gradients are sparse the bound is better than gradient descent's.

# %% [markdown]
# ## When do the steps die out?
#
# On the slide it says that $G$ does not decrease, and therefore the updates die out. The arrow is a little quick. A sum
# that doesn't decrease may still settle. Here are three kinds of gradients: always 1; noise around zero, as near a minimum
# with mini-batches; and gradients that shrink by 5 % in each step, as on the way into a minimum. Which of the three rates
# will not vanish?

# %% figure="kinds" alt="Effective rate over 1000 steps on a logarithmic axis, in units of the learning rate: under constant gradients it falls to 0.03 and under noise, in parallel, to 0.06; under shrinking gradients it settles at 0.31 within fifty steps."
streams = {
    "always 1": np.ones(1000),
    "noise": np.random.default_rng(9).normal(scale=0.5, size=1000),
    "shrinking by 5 %": 0.95 ** np.arange(1000),
}
keep = {"keep": lambda theta, G, t: effective_lr(G, 1.0), "lr": 1.0}
lines = {name: lambda s=s: run_stream(adagrad_step, s, **keep) for name, s in streams.items()}
ghosts = {name: recordings.ghost("s09_adagrad/kinds", number=k).path for k, name in enumerate(streams)}
plots.curves(
    range(1, 1001), lines, ghosts=ghosts, xlabel="step t", ylabel="effective rate, in units of η",
    title="The rate under three kinds of gradients", logy=True,
)

# %% [markdown]
# The rate dies where $\sum g_t^2$ grows for ever, and settles where that sum is finite: here at $\sqrt{1 - 0.95^2}\,\eta
# \approx 0.312\,\eta$. That is why the ravine was no trouble. Its gradients shrink so fast that the rate stays, and the
# walk converges as gradient descent would.
#
# Under noise a vanishing rate is a good thing: it is the schedule that section 8 wished for, made by itself. What remains
# is the long way. On a gentle slope that goes on for ever, or with a loss that changes along the way, Adagrad slows down
# for what it has done, not for where it is.

# %% [markdown]
# ## Break it
#
# The double well of section 2 has steep walls: at $\theta = 6$ its curvature is 107, at the bottom of its right valley 1.3.
# Start Adagrad at 2, at 4 and at 6, with $\eta = 0.1$. The ways to the valley are 1.1, 3.1 and 5.1 long. Predict: if the
# first start needs about 150 steps, how many does the last one need?

# %%
plots.curves(
    range(2001),
    {f"from θ = {start}": lambda start=start: run_steps(adagrad_step, "double_well", 2000, start=start, lr=0.1)
     for start in (2, 4, 6)},
    levels={"": 0.879},
    xlabel="step t", ylabel="θ", title="Adagrad from three heights. Dotted: the right valley",
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# To come within 0.1 of the minimum takes 154 steps from 2, but 3592 from 4, and 19095 from 6. The wall is to blame. At
# $\theta = 6$ the gradient is 210, and every step on the wall adds such squares to $G$. In step 1961 the last walk comes
# down to 2, where the gradient is 6.2 and a bold step would be right. But $\sqrt G$ is 1669 by then: the effective rate is
# 0.00006, and the 1.1 that are left take another 17000 steps.
#
# The walk that *begins* at 2 does the same piece in 154, since its $G$ knows nothing of the wall. So it would help to
# forget. How to forget without losing the step size of each parameter is the subject of the next section.
#
# </details>

# %% [markdown]
# ## Recap
#
# - **Rule:** $G_t = G_{t-1} + g_t^2$, then $\theta_t = \theta_{t-1} - \eta\, g_t/\sqrt{G_t + \epsilon}$, coordinate by
#   coordinate.
# - **Cost of a step:** one gradient; one array of the size of $\theta$ to remember.
# - **Gains:** a rate for each parameter, small for frequent features and large for rare ones; the scale of a gradient
#   cancels; no step is longer than $\eta$, so $\eta$ need not know the curvature.
# - **Problem:** $G$ never shrinks. Under gradients that don't die, step $t$ has the size $\eta/\sqrt t$, and a way of
#   $x\,\eta$ takes about $x^2/4$ steps.
#
# **In PyTorch / Keras / Optax:** `torch.optim.Adagrad(params, lr=1e-2)` has its `eps` (1e-10) outside the root; with
# `eps=0` and `initial_accumulator_value` set to $\epsilon$ it is this rule. `keras.optimizers.Adagrad` and `optax.adagrad`
# have it inside, as here, but begin with $G_0 = 0.1$, which makes the first steps smaller: set
# `initial_accumulator_value=0`.
#
# Further reading: J. Duchi, E. Hazan and Y. Singer, *Adaptive subgradient methods for online learning and stochastic
# optimization*, Journal of Machine Learning Research 12, 2011.
