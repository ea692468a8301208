# %% [markdown]
# # 4. When SGD converges
#
# With noise in the gradient, a constant learning rate never comes to rest. So let the rate fall. If it falls too slowly, the noise
# stays; if too fast, the run stops on the way. How fast is right, and how would one know?
#
# After this section you can
#
# - state the three conditions of the lecture, and say what each of them is for;
# - decide for a schedule whether it meets them, the cases on the border included;
# - compute what SGD does on a parabola, in the mean over all that the noise can do;
# - say what the conditions promise, and what they don't.
#
# **Time:** about 50 minutes. **Before this:** [gradient descent](../s02_gradient_descent/s02_gradient_descent.ipynb),
# [SGD](../s03_stochastic_gradient/s03_stochastic_gradient.ipynb), infinite series. **Core path:** no.

# %% setup
import numpy as np

from descentlab import check, objectives, plots, recordings
from descentlab.conditions import Conditions
from descentlab.runs import run_steps

# %% [markdown]
# ## The problem
#
# SGD follows the gradient of a few examples instead of all, and that is the true gradient plus an error, different in each step.
# Far from the minimum the true part is larger, and SGD advances. Near the minimum the true part goes to zero. The error doesn't:
# the examples still disagree.
#
# So at the minimum itself SGD takes a step of $\eta_t$ times noise, and leaves. With a constant rate this goes on for ever. Only
# the rate can end it. What must $\eta_1, \eta_2, \dots$ be like, so that SGD ends at the minimum, wherever it starts?

# %% [markdown]
# ## Three conditions
#
# The slide's answer: for convex functions convergence is guaranteed if
#
# $$\eta_t \xrightarrow{t\to\infty} 0, \qquad \sum_{t} \eta_t = \infty, \qquad \sum_{t} \eta_t^2 < \infty .$$
#
# | sign | in code | English | Russian |
# |---|---|---|---|
# | $\eta_t$ | `schedule(t)` | learning rate of step $t$ | темп обучения |
# | $\sum \eta_t = \infty$ | | the series diverges | ряд расходится |
# | $\sum \eta_t^2 < \infty$ | | the series converges | ряд сходится |
# | $\lambda$ | `curvature` | curvature, the second derivative | кривизна |
# | $\sigma$ | `sigma` | standard deviation of the noise | стандартное отклонение |
# | $\mathbb{E}[\theta_t^2]$ | `errors[t]` | expected squared error | средний квадрат ошибки |
#
# The last two go back to H. Robbins and S. Monro, 1951, and a problem of which this is a case. The slide is short: besides
# convexity the theorem needs gradients that are right in the mean and whose noise has a bounded variance. And its sums begin at $t
# = 0$; our steps begin at 1.

# %% [markdown]
# ## What each line is for
#
# **The sum must be infinite.** A step moves $\theta$ by $\eta_t$ times a gradient. If all rates together are finite, so is the way
# that SGD can go on gradients of bounded size, and the minimum may lie farther.
#
# **The sum of squares must be finite.** Step $t$ brings in noise of variance $\eta_t^2\sigma^2$. Independent errors add their
# variances, so the squares say how much noise comes in altogether. From some step on, what is still to come is as little as you
# like.
#
# **The rates must vanish.** Otherwise every step goes on shaking $\theta$ by as much.

# %% [markdown]
# ## A family to try them on
#
# The slides' own examples of schedules come in [section 8](../s08_schedules/s08_schedules.ipynb): $\gamma^t\eta_0$, whose sum is
# finite, and two constant phases, which don't vanish. Both break the conditions. A family that can do either, or neither, has a
# power in it:
#
# $$\eta_t = \frac{\eta_0}{t^{\,p}}, \qquad t = 1, 2, \dots$$

# %% [markdown] exercise="power_schedule" points=2
# ### Exercise: a power of the step
#
# Return a schedule: a function of $t$ that returns $\eta_0/t^p$. It is asked for any step, in any order, more than once.
#
# Hint: You return a function, not a number. Who will call it, and with what?
#
# Hint: A function defined inside another one can use the outer one's arguments. At $t = 1$ it must return `eta0`, whatever `p` is.
#
# Hint: `return lambda t: …`, where the dots are `eta0` divided by `t` to the power `p`; a power is written `**`.

# %% [markdown]
# ## Which powers are right?
#
# Compare the sum with an integral: $\sum_{t=1}^{T} t^{-p}$ and $\int_1^T t^{-p}\,dt$ are finite or infinite together. The integral
# is $\frac{T^{1-p} - 1}{1-p}$, and at $p = 1$ it is $\log T$. Where is the border, and on which side of it is the border itself?
#
# The squares are $t^{-2p}$: the same question at $2p$.
#
# Between the powers there are finer steps. A logarithm grows more slowly than any power, so away from a border it changes nothing.
# On a border it may decide. Take $\eta_t = \eta_0/\big(t^p \log(t+1)^q\big)$; at $p = 1$ substitute $u = \log t$:
#
# $$\int \frac{dt}{t\,(\log t)^q} = \int \frac{du}{u^q} .$$
#
# It is the old question once more, asked of $q$.

# %% [markdown] exercise="robbins_monro" points=4
# ### Exercise: tick or cross
#
# Return three bools for $\eta_t = \eta_0/(t^p\log(t+1)^q)$ with $p, q \ge 0$: the rates vanish; their sum diverges; the sum of
# their squares converges. Decide by the exponents, not by adding up: no number of terms can tell.
#
# Hint: Begin with $q = 0$. For which $p$ is each of the three true? Then look at $p = 0$, $p = 1$ and $p = \frac12$ with a
# logarithm.
#
# Hint: With $p < 1$ the sum diverges, with $p > 1$ it converges, and with $p = 1$ the exponent $q$ says which, by the same rule.
# When you square a rate, what becomes of $p$, and what of $q$?
#
# Hint: The second is `p < 1 or (p == 1 and q <= 1)`. The third is the opposite of that question, asked of `2 * p` and `2 * q`. For
# the first, one of the two exponents above zero is enough.

# %% [markdown] question="left_out" points=1
# ### Question
#
# Which of the three conditions could be struck from the slide, without a single schedule more or less that meets what is left? Set
# `left_out` to the letter of your answer, in quotes.
#
# - **a.** $\eta_t \to 0$.
# - **b.** $\sum \eta_t = \infty$.
# - **c.** $\sum \eta_t^2 < \infty$.
# - **d.** None: each of them excludes a schedule that the other two let pass.

# %% [markdown]
# ## A model that can be computed
#
# Do the conditions matter, within a number of steps that anybody makes? One run tells little, since it may be lucky. But on a
# parabola $J = \tfrac12\lambda\theta^2$ the mean over all possible runs can be computed exactly. A step is
#
# $$\theta_t = \theta_{t-1} - \eta_t(\lambda\theta_{t-1} + \sigma\xi_t) = (1 - \eta_t\lambda)\,\theta_{t-1} - \eta_t\sigma\,\xi_t ,$$
#
# where the $\xi_t$ are independent, with mean 0 and variance 1. Square it and take the mean. The mixed term has the factor
# $\mathbb{E}[\xi_t] = 0$ and is gone. With $e_t = \mathbb{E}[\theta_t^2]$,
#
# $$e_t = (1 - \eta_t\lambda)^2\, e_{t-1} + \eta_t^2\sigma^2, \qquad e_0 = \theta_0^2 .$$
#
# The first term is gradient descent, as in section 2. The second is what the noise of this step brings in.

# %% [markdown] exercise="expected_squared_error" points=4
# ### Exercise: the exact error
#
# Return $e_0, e_1, \dots, e_n$ for any schedule. Step $t$ asks `schedule(t)` once, $t = 1, 2, \dots$
#
# Hint: It is a loop like that of gradient descent. What is kept from turn to turn is a number, and `theta0` is needed only once.
#
# Hint: Start the list with the square of `theta0`. In the loop, put `schedule(t)` into a variable first, since the formula needs it
# twice.
#
# Hint: With `lr = schedule(t)` append `(1 - lr * curvature)**2 * errors[-1] + lr**2 * sigma**2`, for `t` in `range(1, n_steps +
# 1)`.

# %% [markdown]
# Here are three real runs with a constant rate, each with other noise, and their mean as you have computed it. Which of the three
# would you have shown to somebody, to prove something?

# %% figure="luck" alt="Squared distance from the minimum over 100 steps on a logarithmic axis: three noisy runs jump up and down over several powers of ten and cross one another, the expected error falls within five steps from 9 to 0.33 and stays there as a straight line."
bowl, rate = objectives.quadratic([[1.0]]), power_schedule(0.5, 0)
draws = {f"run {seed}": np.random.default_rng(seed).normal(size=101) for seed in (1, 2, 3)}
lines = {
    name: lambda noise=noise: run_steps(
        lambda theta, gradient, t, lr: theta - lr * (gradient + noise[t]), bowl, 100,
        start=[3.0], lr=rate, keep=lambda theta, t: theta[0] ** 2)
    for name, noise in draws.items()
}
lines["expected"] = lambda: expected_squared_error(rate, 1.0, 1.0, 3.0, 100)
plots.curves(
    range(101), lines, xlabel="step t", ylabel="squared error",
    title="Three runs and what is expected of all", logy=True)

# %% [markdown]
# ## The floor of a constant rate
#
# The expected error falls for a while, and then stays at a level. There the noise brings in as much as the rule takes out. Such a
# level doesn't change under a step, so it solves
#
# $$e = (1 - \eta\lambda)^2\, e + \eta^2\sigma^2 .$$
#
# That supposes that $e_t$ goes there at all: the factor $(1-\eta\lambda)^2$ must be below 1, which is section 2's limit, and
# $\lambda$ above zero.

# %% [markdown] exercise="noise_floor" points=3
# ### Exercise: the floor
#
# Return the level. Raise a `ValueError` unless $\lambda > 0$ and $0 < \eta\lambda < 2$.
#
# Hint: It is one linear equation for $e$. Bring both terms with $e$ to one side.
#
# Hint: $1 - (1 - \eta\lambda)^2$ is $\eta\lambda\,(2 - \eta\lambda)$. One $\eta$ cancels.
#
# Hint: The level is `lr * sigma**2` over the product of `curvature` and `2 - lr * curvature`. Before that, an `if` that asks for
# `curvature <= 0`, or for `lr * curvature` outside of its range.

# %% [markdown]
# For a small rate the floor is about $\eta\sigma^2/(2\lambda)$: halve the rate, and the floor sinks by half. This is the width of
# section 3's region of uncertainty, as a number. Only $\eta \to 0$ brings it down to nothing.
#
# Now let the rates fall. Same start, same noise, $\eta_0 = 0.5$ and four powers. Before you run: in which order will the four lie
# after ten steps, and in which after a thousand?

# %% figure="errors" alt="Expected squared error over 1000 steps on two logarithmic axes: p 0 is quickest and stays at its floor, 0.33; p 0.5 falls as a straight line to 0.008; p 1 starts slower and ends lowest, at 0.005; p 2 stalls at 1.3."
steps = np.arange(1, 1001)
powers = {f"p = {p:g}": p for p in (0, 0.5, 1, 2)}
lines = {
    name: lambda p=p: expected_squared_error(power_schedule(0.5, p), 1.0, 1.0, 3.0, 1000)[1:]
    for name, p in powers.items()
}
plots.curves(
    steps, lines,
    ghosts={name: recordings.ghost("s04_convergence/errors", p=p).path[1:] for name, p in powers.items()},
    levels={"floor for p = 0": lambda: noise_floor(0.5, 1.0, 1.0)},
    xlabel="step t", ylabel="expected squared error",
    title="Too slow, right, and too fast", logx=True, logy=True,
)

# %% [markdown]
# - **$p = 0$** is the quickest, and then lies on its floor, 0.33.
# - **$p = 1$** meets all conditions. It goes down for ever, like $\log t/t$ here.
# - **$p = 2$** stalls at 1.3, far from the minimum. Even without noise it would: each step leaves the share $1 - \eta_0\lambda/t^2$
#   of the way, and the product of all of these is not zero. (Euler knew it: for $x^2 = \eta_0\lambda < 1$ it is $\sin(\pi x)/(\pi
#   x)$.)
# - **$p = \tfrac12$** breaks the third condition, and goes down all the same, like $\eta_t/2$.
#
# The last one is no mistake. The conditions are *sufficient*. On this parabola the noise that comes in is also taken out again, and
# it is enough that $\eta_t \to 0$ and $\sum\eta_t = \infty$.

# %% [markdown]
# ## The conditions, live
#
# Move $p$. Above the panels stand your own ticks and crosses; in them are the rates, the two sums and the error, all over a
# logarithmic axis of steps. A sum that grows like $\log t$, the border case, is a straight line there. With a smaller $p$ it bends
# up, with a larger one it flattens. Where does a tick become a cross, and can you see it from ten thousand terms?

# %% figure="conditions" alt="Four panels over ten thousand steps at p 0.75: the rates fall as a straight line on logarithmic axes, their sum bends upward, the sum of their squares flattens, the expected error falls to 0.0003. All three conditions are ticked."
Conditions(
    lambda p: power_schedule(0.5, p),
    robbins_monro,
    lambda schedule: expected_squared_error(schedule, 1.0, 1.0, 3.0, 10_000),
    ghost="s04_convergence/conditions",
)

# %% [markdown]
# Near a border you can't. At $p = 1$ the sum after ten thousand steps is 4.9, at $p = 1.05$ it is 4.0, and only the formula says
# that the one has no bound and the other has one. That is why a schedule is judged by its exponents, and why "the loss has gone
# flat" proves nothing.

# %% [markdown]
# ## A schedule that you have known for long
#
# Let $J_i = \tfrac12(\theta - x_i)^2$ and take one example in each step with $\eta_t = 1/t$:
#
# $$\theta_t = \theta_{t-1} - \tfrac1t(\theta_{t-1} - x_t) = \tfrac{t-1}{t}\,\theta_{t-1} + \tfrac1t\,x_t .$$
#
# That is the running mean of $x_1, \dots, x_t$. So SGD computes an average, one number at a time, and the variance of its result is
# that of every average, $\sigma^2/t$. Your `expected_squared_error` gives exactly this: the first step, with $\eta_1 = 1$, forgets
# the start.

# %% [markdown]
# ## Break it
#
# The conditions say nothing of $\eta_0$. Take $p = 1$, all three ticked, and $\eta_0 = 0.05$. From the start at 3, the first
# squared error is 9. Predict: what is left of it after a hundred, after a thousand, after ten thousand steps?

# %%
plots.curves(
    range(1, 10_001),
    {f"η₀ = {eta0:g}, p = {p:g}": lambda eta0=eta0, p=p: expected_squared_error(
        power_schedule(eta0, p), 1.0, 1.0, 3.0, 10_000)[1:]
     for eta0, p in ((0.05, 1), (0.25, 1), (1, 1), (0.05, 0.5))},
    xlabel="step t", ylabel="expected squared error",
    title="All conditions met, but for the last line", logx=True, logy=True,
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# Of the 9 there are 5.3 left after a hundred steps, 4.2 after a thousand, and 3.4 after ten thousand. It converges, and nobody will
# live to see it: the product of the factors $1 - \eta_0\lambda/t$ falls like $t^{-\eta_0\lambda}$, so the error falls like
# $t^{-2\eta_0\lambda} = t^{-0.1}$. For one more decimal digit of $e$ it takes $10^{10}$ times as many steps.
#
# With $2\eta_0\lambda > 1$ the error falls like $1/t$, which is the best that a schedule can do here; below that, at the pace of
# the start's memory. So $\eta_0/t$ works only if you know about how large $\lambda$ is (L. Bottou, F. Curtis and J. Nocedal, 2018,
# section 4.2). The last line breaks a condition and knows nothing of $\lambda$ either, and after a thousand steps it is far below
# the first.
#
# </details>

# %% [markdown]
# ## What the conditions promise
#
# **The limit, not the speed.** They are about $t \to \infty$. A training run ends, and until then a constant rate, or a schedule
# that breaks them, may be the better one. That is why section 8 can use schedules for which the theorem says nothing.
#
# **Convex, and beyond.** For a network $J$ isn't convex, and no schedule finds the minimum for certain. Under the same two sums
# something is left: the gradient comes near to zero again and again, in the mean (Bottou, Curtis and Nocedal, section 4.3).
#
# **A middle way.** With $\tfrac12 < p < 1$ all three hold, and no knowledge of $\lambda$ is needed; the mean of all $\theta_t$ then
# gets the $1/t$ back (B. Polyak and A. Juditsky, 1992).

# %% [markdown]
# ## Recap
#
# - **Conditions:** $\sum\eta_t = \infty$, to get there from anywhere; $\sum\eta_t^2 < \infty$, to come to rest; $\eta_t \to 0$
#   follows from the second.
# - **Powers:** $\eta_0/t^p$ meets them for $\tfrac12 < p \le 1$; a logarithm decides on the borders alone.
# - **A constant rate** ends on a floor, $\eta\sigma^2/\big(\lambda(2 - \eta\lambda)\big)$.
# - **Sufficient, not necessary:** on the parabola $\eta_t \to 0$ and $\sum\eta_t = \infty$ will do. And they don't say how long it
#   takes.
# - **Cost of a step:** as before, one gradient of one batch; a schedule costs nothing and remembers nothing.
#
# **In PyTorch / Keras / Optax:** all three count steps from 0. `LambdaLR(optimizer, lambda t: 1 / (t + 1)**p)` multiplies the
# optimizer's `lr`; `optax.sgd(lambda t: eta0 / (t + 1)**p)` takes the function as it is; Keras has `InverseTimeDecay`, which is
# $\eta_0/(1 + ct)$, and for the rest a subclass of `LearningRateSchedule`. What is called *polynomial* decay there is something
# else: a power of the time that is left.
#
# Further reading: H. Robbins and S. Monro, *A stochastic approximation method*, Annals of Mathematical Statistics 22, 1951; L.
# Bottou, F. Curtis and J. Nocedal, *Optimization methods for large-scale machine learning*, SIAM Review 60, 2018,
# [arXiv:1606.04838](https://arxiv.org/abs/1606.04838).
