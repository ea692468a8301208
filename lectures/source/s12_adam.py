# %% [markdown]
# # 12. Adam
#
# Momentum smooths the direction. RMSprop gives every parameter a step size of its own. Adam does both, and then mends a flaw that
# both share: their memory begins empty. How much harm can an empty memory do?
#
# After this section you can
#
# - write Adam's step, and say what each part of it is for;
# - derive the bias correction instead of remembering it, and say when it is exact;
# - tell from the first twelve steps of a run whether somebody forgot it;
# - give an example on which a correct Adam walks the wrong way.
#
# **Time:** about 50 minutes. **Before this:** [momentum](../s06_momentum/s06_momentum.ipynb); Adagrad and RMSprop help. **Core
# path:** yes.

# %% setup
import numpy as np

from descentlab import check, plots, recordings
from descentlab.explorer import Explorer
from descentlab.runs import run_steps, run_stream

# %% [markdown]
# ## The problem
#
# Two wishes have come up so far, one at a time.
#
# *Remember the direction.* A single gradient is noisy, or swings from wall to wall of a ravine. Momentum adds up the last few:
# what agrees stays, what alternates cancels.
#
# *One step size for each parameter.* Where gradients are large, steps should be careful; where they are small, bold. RMSprop
# divides each coordinate by the root of a running average of its squared gradients.
#
# Can one rule have both? Keep two running averages, one of the gradients, one of their squares, and divide the first by the
# root of the second. That is Adam, *adaptive moment estimation* (D. Kingma and J. Ba, ICLR 2015,
# [arXiv:1412.6980](https://arxiv.org/abs/1412.6980)).

# %% [markdown]
# ## Two running averages
#
# $$m_t = \beta_1 m_{t-1} + (1-\beta_1)\, g_t, \qquad v_t = \beta_2 v_{t-1} + (1-\beta_2)\, g_t^2, \qquad m_0 = v_0 = 0.$$
#
# | sign | in code | English | Russian |
# |---|---|---|---|
# | $\theta_t$ | `theta` | parameters after step $t$ | параметры |
# | $g_t$ | `gradient` | gradient at the point where step $t$ begins | градиент |
# | $m_t$ | `m` | first moment, the average gradient | первый момент |
# | $v_t$ | `v` | second moment, the average square | второй момент |
# | $\beta_1, \beta_2$ | `beta1`, `beta2` | share of the old value that is kept | коэффициенты затухания |
# | $\hat m_t, \hat v_t$ | `m_hat`, `v_hat` | moments with the bias correction | моменты с поправкой |
# | $\eta$ | `lr` | learning rate | темп обучения |
# | $\epsilon$ | `eps` | a small number that keeps the divisor from zero | малая добавка |
# | | | unbiased: with the right mean | несмещённый |
# | | | run-up | разгон |
#
# The slides write $\nu_t$ for the second moment. In section 6 that was the velocity, so here it is $v_t$. All of it goes
# coordinate by coordinate; $g_t^2$ is the square of each entry.

# %% [markdown] exercise="update_moments" points=2
# ### Exercise: take in one gradient
#
# Return both moments after one more gradient. Neither argument may change: build new arrays.
#
# Hint: Each line is a mixture of an old value and a new one, and the two shares add up to 1. What is the new value in the first
# line, and what in the second?
#
# Hint: `gradient**2` squares every entry. The factor $1 - \beta_2$ stands outside of the square.
#
# Hint: Return the pair `beta1 * m + (1 - beta1) * gradient` and the same with `beta2`, `v` and `gradient**2`.

# %% [markdown]
# ## What is in a moment?
#
# Unroll the recursion. After one gradient $m_1 = (1-\beta)g_1$. After two, $m_2 = \beta(1-\beta)g_1 + (1-\beta)g_2$. Each step
# fades all that is there by $\beta$ and lets the new gradient in with $1-\beta$:
#
# $$m_t = \sum_{k=1}^{t} (1-\beta)\,\beta^{\,t-k}\, g_k .$$
#
# So a moment is a weighted sum of the gradients. A weighted *average* has weights that sum to 1. Do these?

# %% [markdown] exercise="moment_weights" points=2
# ### Exercise: the weights
#
# Return the weights of $g_1, \dots, g_t$ in a moment that started at zero, oldest first.
#
# Hint: The newest gradient has just come in. With what factor? And how often has the oldest been faded since?
#
# Hint: The weight of $g_k$ is $(1-\beta)\beta^{t-k}$: the exponents run from $t-1$ down to 0.
#
# Hint: `np.arange(t - 1, -1, -1)` has these exponents. Raise `beta` to them and multiply by `1 - beta`.

# %% figure="sums" alt="Sum of the weights over the number of steps: for beta 0.9 it reaches nearly 1 within forty steps, for 0.99 it is at 0.63 after a hundred, for 0.999 at less than 0.1."
steps, betas = range(1, 101), {f"β = {b}": b for b in (0.9, 0.99, 0.999)}
plots.curves(
    steps,
    {name: lambda b=b: [np.sum(moment_weights(b, t)) for t in steps] for name, b in betas.items()},
    ghosts={name: recordings.ghost("s12_adam/sums", beta=b).path for name, b in betas.items()},
    xlabel="gradients taken in, t", ylabel="sum of the weights",
    title="How much of a moment is made of gradients",
)

# %% [markdown]
# They don't. By the geometric series the sum is
#
# $$\sum_{k=1}^{t} (1-\beta)\beta^{t-k} = 1 - \beta^t ,$$
#
# and what is missing, $\beta^t$, is the weight of the zero at the start. With $\beta_1 = 0.9$ it fades within some thirty
# steps. With $\beta_2 = 0.999$ it takes thousands: after a hundred gradients, $v$ has less than a tenth of its proper size.

# %% [markdown]
# ## The correction
#
# On the slide the demand is that the moments be unbiased,
#
# $$\mathbb{E}[m_t] = \mathbb{E}[g_t], \qquad \mathbb{E}[v_t] = \mathbb{E}[g_t^2].$$
#
# Suppose that all gradients have the same mean $\mu$. Then
#
# $$\mathbb{E}[m_t] = \sum_{k=1}^{t} (1-\beta_1)\beta_1^{t-k}\,\mu = (1-\beta_1^t)\,\mu ,$$
#
# so dividing by the sum of the weights is all that is needed:
#
# $$\hat m_t = \frac{m_t}{1-\beta_1^t}, \qquad \hat v_t = \frac{v_t}{1-\beta_2^t}.$$
#
# The supposition matters. While $\theta$ moves, the mean of the gradient moves too, and $\hat m_t$ lags behind it:
# $\mathbb{E}[\hat m_t] = \mathbb{E}[g_t]$ holds for gradients of constant mean only. What the correction takes away, always, is
# the share of the start.

# %% [markdown] exercise="bias_correction" points=2
# ### Exercise: take the start out
#
# Return the moment after `t` gradients without its bias. For a gradient that never changes, the result is that gradient, at every
# $t$.
#
# Hint: What do the weights sum to after `t` gradients, and what should they sum to?
#
# Hint: For $t = 1$ the moment is $(1-\beta)g_1$, and $g_1$ should come out. Does your formula do that?
#
# Hint: Divide `moment` by `1 - beta**t`. The power belongs to `beta` alone.

# %% [markdown]
# The next figure feeds a hundred noisy gradients, $g_t \sim \mathcal{N}(1, 0.5^2)$, to your two functions. Then $\mathbb{E}[g]
# = 1$ and $\mathbb{E}[g^2] = 1.25$. Before you run it: which of the four lines will be at its level by the end?

# %% figure="moments" alt="Four moments over a hundred noisy gradients: the first moment climbs to 1 within thirty steps, its corrected form is there at once; the second moment crawls to 0.12, its corrected form stays near 1.25."
gradients = np.random.default_rng(12).normal(1.0, 0.5, size=100)
kept = {
    "m": lambda m, v, t: m,
    "m, corrected": lambda m, v, t: bias_correction(m, 0.9, t),
    "v": lambda m, v, t: v,
    "v, corrected": lambda m, v, t: bias_correction(v, 0.999, t),
}
lines = {name: lambda k=k: run_stream(update_moments, gradients, keep=k) for name, k in kept.items()}
ghosts = dict(zip(lines, recordings.ghost("s12_adam/moments", seed=12).path, strict=True))
look = {"xlabel": "step t", "ylabel": "moment", "title": "The same gradients, four moments"}
plots.curves(steps, lines, ghosts=ghosts, levels={"E[g]": 1.0, "E[g²]": 1.25}, **look)

# %% [markdown]
# The corrected moments are at their level from the beginning, noisier at first, since they rest on few gradients. Without the
# correction $m$ takes some thirty steps, and $v$ has hardly begun.
#
# There is another way to read the correction. Divide the recursion of $m_t$ by $1-\beta^t$:
#
# $$\hat m_t = \tilde\beta_t\, \hat m_{t-1} + (1-\tilde\beta_t)\, g_t, \qquad \tilde\beta_t = \beta\,\frac{1-\beta^{t-1}}{1-\beta^t} .$$
#
# It is a running average whose $\tilde\beta_t$ begins at 0 and grows towards $\beta$. The slide asks for less inertia at the
# start of the training, and this is what it gets: the first gradient counts in full, the first few about equally.

# %% [markdown]
# ## The step
#
# $$\theta_t = \theta_{t-1} - \frac{\eta}{\sqrt{\hat v_t} + \epsilon}\,\hat m_t, \qquad
# \beta_1 = 0.9,\ \beta_2 = 0.999,\ \epsilon = 10^{-8}.$$
#
# (The slide numbers the point where the gradient is taken $\theta_t$, and the next one $\theta_{t+1}$; it is the same step.)
# Two details are easily lost. $\epsilon$ is *outside* the root here, while Adagrad and RMSprop have it inside. And $t$ is the
# number of the step that is being made: the first call has $t = 1$. With $t = 0$ the correction would divide by zero.

# %% [markdown] exercise="adam_step" points=5
# ### Exercise: one step of Adam
#
# Write the step with your `update_moments` and `bias_correction`. Return the new parameters and the new moments. The corrected
# ones serve this step alone: what is kept and handed to the next step is $m_t$ and $v_t$ themselves.
#
# Hint: Four things happen: take in the gradient, correct $m$, correct $v$, move. Which of the two $\beta$ belongs where?
#
# Hint: Give the corrected moments names of their own, so that the uncorrected ones are still there for the return line. `eps` is
# added after the root has been taken.
#
# Hint: `m, v = update_moments(m, v, gradient, beta1, beta2)`, then `m_hat = bias_correction(m, beta1, t)` and `v_hat` likewise
# with `beta2`. Return `theta - lr / (np.sqrt(v_hat) + eps) * m_hat`, `m` and `v`.

# %% [markdown]
# ## How long is a step?
#
# In the first step $\hat m_1 = g_1$ and $\hat v_1 = g_1^2$, so each coordinate moves by
#
# $$\eta\,\frac{|g|}{|g| + \epsilon} \approx \eta ,$$
#
# whether its gradient is a million or a millionth. Afterwards a step is about $\eta$ where the gradients agree, and shorter
# where they alternate or are mostly noise. (Longest of all is the step after a long silence, where all gradients were zero:
# $\eta\,(1-\beta_1)/\sqrt{1-\beta_2} \approx 3.16\,\eta$; see section 2.1 of the paper.) So $\eta$ has a meaning that it had in
# no earlier method: it is about how far a parameter may move in one step. Check it: let the gradients be a thousand times as
# large.

# %%
for scale in (1, 1000):
    path = run_stream(adam_step, scale * gradients[:5], lr=0.1, keep=lambda theta, m, v, t: theta)
    if path is not None:
        print(f"gradients times {scale}: theta goes to", *np.round(path, 5))

# %% [markdown]
# ## Adam in the ravine
#
# The ravine again, twenty times steeper across than along. Gradient descent had to choose a rate that was safe across, below
# 0.1, and crawled along. In which direction will Adam's first step go?

# %% figure="ravine" alt="Four walks of Adam in the ravine: all set off diagonally; with rate 0.02 it is still on its way after 80 steps, with 0.1, 0.3 and 0.8 it arrives, the larger the rate the wider the swings around the minimum; with 0.8 they leave the picture on the right."
plots.walks(
    "ravine",
    lambda lr: run_steps(adam_step, "ravine", 80, lr=lr),
    ghost="s12_adam/ravine",
    method="Adam",
    title="Adam in the ravine",
    lr=[0.02, 0.1, 0.3, 0.8],
)

# %% [markdown]
# All walks set off with equal steps in both coordinates: the first step sees only the signs of the gradient. The steepness
# across has been divided out, and nothing diverges, even at a rate eight times the limit of gradient descent. Too large a rate
# swings through the minimum instead, since $m$ remembers where it was going; too small a rate is slow for a plain reason: $n$
# steps of about $\eta$ reach no farther than about $n\eta$.
#
# This works because the ravine lies along the axes. Adam scales coordinates one by one; a ravine that lies diagonally looks
# equally steep in all of them.
#
# Set $\beta_1 = 0$ below, and the swings are gone. What else goes with them?

# %% figure="explore" alt="A walk of Adam in the ravine under sliders for the rate, for beta 1 and for the start: with rate 0.1 it sets off diagonally, bends into the long axis, and arrives after a small swing."
Explorer(
    "ravine",
    lambda lr, beta1, start=None: run_steps(adam_step, "ravine", 80, start=start, lr=lr, beta1=beta1),
    ghost="s12_adam/ravine",
    method="Adam",
    title="Adam in the ravine",
    lr=(0.02, 0.8),
    beta1=(0.0, 0.95),
)

# %% [markdown]
# ## The run-up
#
# The slide says that the moments start at zero, and that the *run-up* is therefore long. Of the moments that is true, as your
# figure shows. But a step is a quotient of two moments, and both of them lag.

# %% [markdown] question="run_up" points=1
# ### Question
#
# Leave the correction out, keep $\beta_1 = 0.9$ and $\beta_2 = 0.999$, and let the gradient be the same in every step. Compared
# with $\eta$, how long are the first steps? Set `run_up` to the letter of your answer, in quotes.
#
# - **a.** Too short: $m$ starts at zero and has to gather speed.
# - **b.** Just right: both moments are too small by the same factor, which cancels.
# - **c.** Too long: $\sqrt v$ is farther behind than $m$.
# - **d.** Too long by a factor that stays for ever, since the zero at the start remains in the averages.

# %% [markdown] exercise="uncorrected_first_steps" points=3
# ### Exercise: the first steps without the correction
#
# Return the sizes of the first `n` steps under a constant gradient, with the correction left out and $\epsilon = 0$. The
# gradient cancels, so it isn't an argument.
#
# Hint: What are $m_t$ and $v_t$ after $t$ equal gradients $g$? You know the sums of their weights.
#
# Hint: Put $m_t = (1-\beta_1^t)\,g$ and $v_t = (1-\beta_2^t)\,g^2$ into $\eta\, m_t / \sqrt{v_t}$. What is left of $g$?
#
# Hint: With `t = np.arange(1, n + 1)` it is `lr` times `1 - beta1**t`, divided by the root of `1 - beta2**t`.

# %% figure="run_up" alt="Size of the steps in units of the learning rate over 200 steps: with beta2 0.999 it starts at 3.2, peaks at 6.6 in step 12 and is still above 2 at step 200; with 0.99 it peaks near 2; with 0.9 it rises from 0.3 to 1; corrected it is 1 throughout."
names = {f"uncorrected, β₂ = {b}": b for b in (0.999, 0.99, 0.9)}
lines = {name: lambda b=b: uncorrected_first_steps(200, lr=1.0, beta2=b) for name, b in names.items()}
lines["corrected"] = lambda: run_stream(
    update_moments, np.ones(200),
    keep=lambda m, v, t: bias_correction(m, 0.9, t) / bias_correction(v, 0.999, t) ** 0.5)
plots.curves(
    range(1, 201), lines,
    ghosts={name: recordings.ghost("s12_adam/run_up", beta2=b).path for name, b in names.items()},
    xlabel="step t", ylabel="size of the step, in units of η",
    title="The run-up under a constant gradient",
)

# %% [markdown]
# In the first step $m$ has a tenth of its size and $\sqrt v$ only $\sqrt{0.001} \approx 0.032$ of its own: the quotient is
# $3.1623\,\eta$. Until step 12 $m$ catches up faster than $\sqrt v$, and the step grows to $6.5685\,\eta$. These twelve steps
# cover $68\,\eta$ instead of $12\,\eta$, at a time when the moments rest on a handful of gradients.
#
# So here the slide is loose. The zeros make for a slow *memory*, and for *hasty* steps; a long run-up of the steps themselves
# is what you get for $\beta_2 = \beta_1$, the lowest line. The paper gives the correction for the same reason: without it, a
# $\beta_2$ close to 1 makes the first steps much larger (Kingma and Ba, section 3).

# %% [markdown]
# ## Break it
#
# S. Reddi, S. Kale and S. Kumar (ICLR 2018, [arXiv:1904.09237](https://arxiv.org/abs/1904.09237)) asked whether Adam always
# converges. Take gradients that repeat: 4, −1, −1, 4, −1, −1, … Each round of three sums to +2, so $J$ falls towards the left,
# and a descent method should go left. Let $\beta_1 = 0$ and $\beta_2 = 1/17$, a very short memory. Predict before you run:
# which way does Adam go, and how about $\beta_2 = 0.999$?

# %%
rounds = [4.0, -1.0, -1.0] * 40
setting = {"lr": 0.01, "beta1": 0.0, "keep": lambda theta, m, v, t: theta}
lines = {
    f"Adam, β₂ = {name}": lambda b=b: run_stream(adam_step, rounds, beta2=b, **setting)
    for name, b in {"1/17": 1 / 17, "0.5": 0.5, "0.999": 0.999}.items()
}
lines["gradient descent"] = lambda: -0.01 * np.cumsum(rounds)
plots.curves(range(1, 121), lines, xlabel="step t", ylabel="θ", title="Gradients 4, −1, −1, and again")

# %% [markdown]
# <details><summary>What happened</summary>
#
# With $\beta_2 = 1/17$ Adam climbs. When the 4 comes, it is in $v$ at once, and the step to the left is $1.03\,\eta$. Then $v$
# forgets it: the first −1 makes a step of $0.74\,\eta$ to the right, the second one of $0.98\,\eta$. The rare large gradient, the
# only one that knew the way, is divided by itself.
#
# A longer memory heals this example, but for every fixed pair with $\beta_1 < \sqrt{\beta_2}$ the authors construct another one
# that fails. They also found the mistake in the original proof of convergence. Their remedy, AMSGrad, divides by the
# root of the largest $v$ so far, so that a parameter's step size never grows again.
#
# </details>

# %% [markdown]
# ## Recap
#
# - **Rule:** $m_t = \beta_1 m_{t-1} + (1-\beta_1)g_t$, $\;v_t = \beta_2 v_{t-1} + (1-\beta_2)g_t^2$, $\;\theta_t = \theta_{t-1} -
#   \eta\,\hat m_t/(\sqrt{\hat v_t} + \epsilon)$ with $\hat m_t = m_t/(1-\beta_1^t)$, $\hat v_t = v_t/(1-\beta_2^t)$.
# - **Cost of a step:** one gradient; two arrays of the size of $\theta$ to remember, and the number of the step.
# - **Size of a step:** about $\eta$ for each parameter, whatever the scale of the gradient.
# - **The correction** divides by the sum of the weights. Without it, under a constant gradient, the first twelve steps are 3.16
#   to 6.57 times too long.
# - **No guarantee:** with a constant $\beta_2$ there are convex problems on which Adam does not converge.
#
# **In PyTorch / Keras / Optax:** `torch.optim.Adam(params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8)` and `optax.adam(1e-3)` are
# this rule. `keras.optimizers.Adam` adds its `epsilon` (1e-7) to the *uncorrected* root: $\epsilon\sqrt{1-\beta_2^t}$ there is
# $\epsilon$ here. AdamW, in all three, shrinks the weights besides (I. Loshchilov and F. Hutter,
# [arXiv:1711.05101](https://arxiv.org/abs/1711.05101)).
#
# Further reading: the two papers of this section, D. Kingma and J. Ba, *Adam: a method for stochastic optimization*, ICLR 2015,
# and S. Reddi, S. Kale and S. Kumar, *On the convergence of Adam and beyond*, ICLR 2018.
