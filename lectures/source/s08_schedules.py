# %% [markdown]
# # 8. The methods so far, and schedules
#
# Three methods, and all of them want a number from you that nobody can compute: the learning rate. Must it stay the same from
# the first step to the last? And what would be gained if it didn't?
#
# After this section you can
#
# - write SGD, momentum and Nesterov's method as one rule, and exchange them in one loop;
# - write a schedule, exponential or in phases, that any of them takes;
# - say what a schedule can do, which conditions of convergence it breaks, and what no schedule can do.
#
# **Time:** about 45 minutes. **Before this:** [gradient descent](../s02_gradient_descent/s02_gradient_descent.ipynb), the
# conditions of convergence (section 4), [momentum](../s06_momentum/s06_momentum.ipynb), Nesterov's method (section 7). **Core
# path:** no.

# %% setup
import numpy as np

from descentlab import check, constant, objectives, plots, recordings

ravine = objectives.get("ravine")

# %% [markdown]
# ## Three methods on one page
#
# Put the rules side by side: SGD (stochastic gradient descent), momentum, and NAG (Nesterov's accelerated gradient). What
# differs, and what is the same?
#
# | method | its velocity |
# |---|---|
# | SGD | $\nu_t = \eta_t \nabla_\theta J_i(\theta_{t-1})$ |
# | momentum | $\nu_t = \gamma \nu_{t-1} + \eta_t \nabla_\theta J(\theta_{t-1})$ |
# | NAG | $\nu_t = \gamma \nu_{t-1} + \eta_t \nabla_\theta J(\theta_{t-1} - \gamma \nu_{t-1})$ |
#
# The step is the same for all:
#
# $$\theta_t = \theta_{t-1} - \nu_t, \qquad \nu_0 = 0.$$
#
# SGD is momentum that remembers nothing, and NAG is momentum that asks for the gradient where the old velocity is about to
# carry it. (The slide writes $\theta = \theta - \nu_t$ and drops the index of $\theta$ in the last two lines. Both mean
# $\theta_{t-1}$.)

# %% [markdown]
# | sign | in code | English | Russian |
# |---|---|---|---|
# | $\theta_t$ | `theta` | parameters after step $t$ | параметры |
# | $\nabla_\theta J$ | `gradient_of` | gradient, as a function of the point | градиент |
# | $\eta_t$ | `lr` | learning rate of step $t$ | темп обучения |
# | $\nu_t$ | `velocity` | velocity, the step that is subtracted | скорость, «инерция» |
# | $\gamma$ | `gamma` | momentum, the share of the velocity that is kept | импульс |
# | $t \mapsto \eta_t$ | `schedule` | schedule | расписание |

# %% [markdown]
# In code, a method becomes a function with four arguments, `velocity_rule(theta, velocity, gradient_of, lr)`, that returns
# $\nu_t$. It receives the **function** `gradient_of` and not a gradient, because each rule knows best where to ask. SGD
# doesn't need the old velocity. It takes it all the same, so that the loop need not know which method it runs.
#
# An SGD step uses the gradient of a single $J_i$, the loss of one example, where $J = \sum_i J_i$. Nothing in the code shows
# it: hand over a `gradient_of` that looks at one example, and it is SGD; one that looks at all, and it is batch gradient descent.

# %% [markdown] exercise="sgd_velocity" points=1
# ### Exercise: SGD
#
# Return the velocity of SGD. One line, and the first of three that look alike.
#
# Hint: Which of the four arguments does the first line of the table use?
#
# Hint: The gradient at the current point is `gradient_of(theta)`. Return the velocity, not the new point.
#
# Hint: Return `lr` times `gradient_of(theta)`. The argument `velocity` stays unused.

# %% [markdown] exercise="momentum_velocity" points=2
# ### Exercise: momentum
#
# Return the velocity of momentum, and leave the old one as it was. The rate stands inside the velocity, before the gradient
# alone.
#
# Hint: It is the line before with one more term. What does the step remember?
#
# Hint: The first term is the share `gamma` of the old velocity; the second is SGD's.
#
# Hint: Return `gamma * velocity` plus `lr * gradient_of(theta)`, as a new array: no `*=` or `+=` on `velocity`.

# %% [markdown] exercise="nesterov_velocity" points=3
# ### Exercise: Nesterov
#
# Return the velocity of Nesterov's method, with exactly one call of `gradient_of`. The place where you ask is the whole
# difference to momentum, so the check looks at that place.
#
# Hint: If nothing pulled at all, where would the old velocity carry $\theta$ in this step?
#
# Hint: The point is $\theta - \gamma\nu$: the step subtracts the velocity, and a share $\gamma$ of it is left. Ask for the
# gradient there and nowhere else.
#
# Hint: With `ahead = theta - gamma * velocity`, return `gamma * velocity + lr * gradient_of(ahead)`.

# %% [markdown] exercise="descend" points=4
# ### Exercise: one loop for all
#
# Start at `theta0` with a velocity of zeros in its shape. In each step $t$ ask `velocity_rule` once for $\nu_t$, with the rate
# `schedule(t)`, subtract it, and keep the point. Return all `n_steps + 1` points, `theta0` first. The loop itself never calls
# `gradient_of`: it only hands it on.
#
# Hint: Two things live from one step to the next. Which one is kept for the figure, and which one only for the next step?
#
# Hint: In step $t$: `velocity = velocity_rule(theta, velocity, gradient_of, schedule(t))`, with the arguments in this order and
# without names. Then the step.
#
# Hint: Begin with `points = [np.array(theta0, dtype=float)]` and `velocity = np.zeros_like(points[0])`; for `t` from 1 to
# `n_steps` get the new velocity at `points[-1]` and append `points[-1] - velocity`. Return `np.array(points)`.

# %% [markdown]
# ## Exchange the rule, keep the rest
#
# Now a method is an argument. The same ravine as in section 2, the same start, the same rate; only the rule changes. Which of
# the three do you expect to swing the most?

# %% figure="three_rules" alt="Left, three walks in a ravine: SGD goes straight and slowly along it, momentum swings past the minimum and back, NAG swings less. Right, the loss: SGD falls evenly and slowly, momentum and NAG faster, momentum with waves."
lr = 0.02
rules = {"SGD": sgd_velocity, "momentum": momentum_velocity, "NAG": nesterov_velocity}
plots.race(
    "ravine",
    lambda rule: descend(rule, ravine.start, ravine.gradient, constant(lr), n_steps=60),
    rules,
    ghosts={name: recordings.ghost(f"s08_schedules/{name}", lr=lr) for name in rules},
    title=f"One loop, three rules, η = {lr:g}",
)

# %% [markdown]
# Change `lr` in the cell above to 0.01, then to 0.06, and run it again. No rate is good for all three, and the one you would
# pick for NAG is not the one for SGD.
#
# That is one of the two difficulties that the slide names: **$\eta_t$ is hard to choose.** The limit $2/L$ of section 2 needs the largest
# eigenvalue of a Hessian that nobody computes for a large model, and it changes along the way. So the rate is found by
# trying, and the tries are whole training runs.

# %% [markdown]
# ## The common problem: one step size for all parameters
#
# The other difficulty is worse, since trying does not help. Whatever $\eta_t$ is, it is a single number, and it multiplies
# every coordinate of the gradient alike. In the ravine the curvature is 1 along and 20 across. Along, the best rate would be
# 1; across, $1/20$, and anything above $2/20$ diverges. One number has to serve both.
#
# Here the distance of each coordinate from its minimum, at the rate that is perfect across.

# %% figure="one_rate" alt="Distance from the minimum of the two coordinates on a logarithmic axis at rate 0.049: across the ravine it falls by a factor of fifty in every step, along it hardly moves."
plots.coordinates(
    "ravine",
    lambda: descend(sgd_velocity, ravine.start, ravine.gradient, constant(0.049), n_steps=8),
    ["along, curvature 1", "across, curvature 20"],
    ghost=recordings.ghost("s08_schedules/one_rate"),
    title="SGD at η = 0.049: one rate for two coordinates",
)

# %% [markdown]
# Across, each step leaves a fiftieth of the error; along, it leaves 95 percent. A network has millions of coordinates, and
# their curvatures differ by far more than 20.
#
# Momentum and NAG soften this: in a long ravine the velocity adds up along, where the gradients agree, and cancels across,
# where they change sign. But it is still one $\eta_t$ and one $\gamma$ for all. A step size of its own for each parameter is
# the idea of the next section.

# %% [markdown] question="common_problem" points=1
# ### Question
#
# At every point of some model, the gradient with respect to the weight $w_1$ is a hundred times the gradient with respect to
# $w_2$. The velocities start at zero. Which of these lets the two weights move by steps of about the same length? Set
# `common_problem` to the letter of your answer, in quotes.
#
# - **a.** An exponential schedule: the longer step is cut down faster.
# - **b.** None of the others: the step of $w_1$ is a hundred times as long at every $t$.
# - **c.** Momentum: the velocity of $w_2$ gathers until it has caught up.
# - **d.** NAG: its look-ahead gives each weight a gradient of its own.

# %% [markdown]
# ## Why a rate should change at all
#
# If a single number has to do, it may at least depend on time. With exact gradients there is little reason: a constant rate
# below the limit converges. But gradients of mini-batches are noisy, and then two wishes collide.
#
# - **Far from the minimum** the slope is larger than the noise. A large rate covers the ground.
# - **Near the minimum** only the noise is left. Each step jumps about by $\eta_t$ times the noise, so a large rate keeps the
#   run in a wide region of uncertainty (section 3), and a small one in a narrow one.
#
# Begin large, end small: that is a schedule. The slide has two examples.

# %% [markdown]
# ## Two schedules
#
# **Exponential decay** multiplies the rate by a factor a little below 1 in every step:
#
# $$\eta_t = \gamma^t \eta_0.$$
#
# This $\gamma$ is not momentum's; the slide uses the letter twice. The first step, $t = 1$, already has $\gamma\eta_0$.
#
# **Two phases** keep one rate up to step $A$ and another one after it:
#
# $$\eta_t = \begin{cases} \alpha_1, & t \le A \\ \alpha_2, & t > A. \end{cases}$$
#
# Step $A$ belongs to the first phase. More phases need more boundaries, and nothing else. In code the list `boundaries` holds
# $A$, and `values` holds $\alpha_1$ and $\alpha_2$.
#
# A schedule is a function of $t$ **alone**. It keeps no account of how often it was asked. Otherwise a second run with the same
# schedule would begin where the first one ended.

# %% [markdown] exercise="exponential_decay" points=2
# ### Exercise: exponential decay
#
# Return a schedule: a function of $t$ that returns $\gamma^t \eta_0$. It is asked in any order, and more than once for the
# same step.
#
# Hint: You return a function, not a number. Who will call it, and with what?
#
# Hint: A function that is defined inside another one can use the outer one's arguments. Write the formula with `t`, `eta0` and
# `gamma`, and change none of them.
#
# Hint: `return lambda t: …`, where the dots are `eta0` times `gamma` to the power `t`; in Python a power is `**`.

# %% [markdown] exercise="piecewise_constant" points=3
# ### Exercise: phases
#
# Return the schedule that holds `values[0]` up to and including step `boundaries[0]`, then `values[1]` up to and including step
# `boundaries[1]`, and so on; after the last boundary the last value stays. There may be no boundary at all.
#
# Hint: The number of the phase says which value holds. How can you count your way to it?
#
# Hint: The phase at step $t$ is the number of boundaries that $t$ has already passed. Has it passed a boundary when it is
# equal to it?
#
# Hint: Inside the schedule, return `values[k]`, where `k` is the number of boundaries with `boundary < t`: a sum over a
# comparison, or `np.searchsorted(boundaries, t)`.

# %% figure="schedules" alt="Learning rate over the step for four schedules, on a linear and a logarithmic axis: constant at 0.05, exponential decay, a straight line on the logarithmic axis, and two phases with a drop by a factor of ten after step 60, and a rate that falls like one over t."
schedules = {
    "constant": constant(0.05),
    "exponential": exponential_decay(0.05, gamma=0.95),
    "two phases": piecewise_constant([60], [0.05, 0.005]),
    "like 1/t": lambda t: 0.05 / (1 + t / 20),
}
yours = ("exponential", "two phases")
ghosts = {name: recordings.ghost(f"s08_schedules/rates, {name}") for name in yours}
plots.rates(schedules, n_steps=120, ghosts=ghosts, title="Four schedules: γ = 0.95, and A = 60")

# %% [markdown]
# ## The same run under each
#
# In the next figure the gradient of the ravine comes with noise, as that of a mini-batch does: `objectives.noisy` adds a normal
# number to each coordinate. The rule, the start and the noise are the same in all runs. Only the schedule differs.
#
# Before you look: which run ends lowest after 300 steps, and which one never arrives?

# %% figure="noise" alt="Loss of noisy SGD over 300 steps on a logarithmic axis: the constant rate falls fast and then jumps about at a high floor, exponential decay stalls far above it, two phases sink to a much lower floor after the boundary, a rate like one over t falls slowly and goes on falling."
plots.race(
    "ravine",
    lambda schedule: descend(
        sgd_velocity, ravine.start, objectives.noisy(ravine, scale=1.0), schedule, n_steps=300),
    schedules,
    ghosts={name: recordings.ghost(f"s08_schedules/noise, {name}") for name in ("constant", *yours)},
    title="SGD with one and the same noise, under four schedules",
    walk=False,
)

# %% [markdown]
# The constant rate is quick, and then dances on its floor for ever. Two phases do the same until step 60; then the floor
# sinks with the rate, to less than a tenth. Exponential decay is the smoothest line and the worst run: at step 100 it has
# stopped, far from the minimum. Its rate was spent before the way was done.
#
# The rate like $1/t$ is the slowest of the three that arrive, and the only one that would go on improving for ever. Within
# 300 steps the two phases beat it: theory speaks of the limit, and a budget of steps is no limit.

# %% [markdown]
# ## What theory says of the two examples
#
# For convex $J$ section 4 asked for three things: $\eta_t \to 0$, $\sum \eta_t = \infty$ and $\sum \eta_t^2 < \infty$. (The
# first already follows from the third.) Plainly: **both schedules of the slide break them.**
#
# - **Exponential decay** vanishes, and its squares have a finite sum. But so has the rate itself:
#   $$\sum_{t=1}^{\infty} \gamma^t \eta_0 = \frac{\gamma}{1-\gamma}\,\eta_0.$$
#   Where gradients are at most $G$ long, SGD never gets farther from its start than $G$ times this, however long it runs.
# - **Two phases** can go any distance, but the rate doesn't vanish: it ends as a constant $\alpha_2$, with the floor of that
#   rate.
#
# Both are used all the same. A run has an end: it is enough that the sum is large before it, and the floor low after it.

# %% [markdown]
# ## A schedule and a memory
#
# In this course the rate stands **inside** the velocity. So when the schedule cuts the rate at step $A$, momentum goes on
# with a velocity that was gathered at the old rate. It fades by the factor $\gamma$ in each step: with $\gamma = 0.9$ about
# 22 steps pass until a tenth of it is left.
#
# Where the rate stands outside, $\nu_t = \gamma\nu_{t-1} + \nabla J$ and $\theta_t = \theta_{t-1} - \eta_t\nu_t$, a cut acts
# at once, on the past as well. With a constant rate the two are the same method. With a schedule they are not.

# %% [markdown]
# ## Break it
#
# No noise now, and a rate that is safe everywhere. Exponential decay with $\gamma = 0.9$: the rates of the first hundred
# steps add up to $0.45$, and those of all further steps to almost nothing. The start is about 2.8 away from the minimum.
#
# Predict: how near does it come in a hundred steps, and how much nearer in ten thousand? Then choose `gamma` so that it comes
# within 0.01.

# %%
gamma = 0.9

for n_steps in (100, 1000, 10_000):
    schedule = exponential_decay(0.05, gamma)
    points = descend(sgd_velocity, ravine.start, ravine.gradient, schedule, n_steps)
    if points is not None:
        print(f"after {n_steps:>6} steps the distance is {np.linalg.norm(points[-1]):.4f}")

# %% [markdown]
# <details><summary>What happened</summary>
#
# Along the ravine the curvature is 1, so each step multiplies the distance by $1 - \eta_t$, and all of them together by
# $\prod (1 - \eta_t) \approx e^{-\sum \eta_t}$. With a sum of 0.45 about 0.63 of the first 2.6 stays, however long it runs:
# 1.65. A product of infinitely many factors below 1 need not be zero. It is zero exactly when $\sum \eta_t = \infty$ (for
# rates below 1), and that is where the second condition comes from.
#
# To come within 0.01 of the minimum, the sum must be about $\ln(2.6/0.01) \approx 5.6$, so that $\gamma/(1-\gamma)$ is about
# 110 and $\gamma$ about 0.991. The right $\gamma$ depends on how far the way is, which you do not know beforehand. A network
# whose loss has gone flat may have arrived, or its schedule may have run dry. The curve looks the same.
#
# </details>

# %% [markdown]
# ## Recap
#
# - **Rule:** $\theta_t = \theta_{t-1} - \nu_t$ for all three; SGD, momentum and NAG differ in $\nu_t$ alone.
# - **Cost of a step:** one gradient call each; momentum and NAG keep one array of $\theta$'s size, SGD none. A schedule costs
#   nothing.
# - **Schedules:** $\gamma^t\eta_0$ has a finite sum and may stop short; two phases keep the floor of the last rate. Neither
#   meets the conditions of section 4.
# - **What no schedule can do:** give each parameter a step size of its own. That is the next section.
#
# **In PyTorch / Keras / Optax:** exponential decay is `ExponentialLR(optimizer, gamma)`,
# `ExponentialDecay(initial_learning_rate, decay_steps, decay_rate)` and `exponential_decay(init_value, transition_steps,
# decay_rate)`. Phases are `MultiStepLR(optimizer, milestones, gamma)`, `PiecewiseConstantDecay(boundaries, values)` and
# `piecewise_constant_schedule(init_value, boundaries_and_scales)`. All of them count from 0, so that the first step has $\eta_0$
# itself; PyTorch's are usually asked once an epoch. Keras takes the rates of the phases, as here, the other two take factors.
# The rate stands inside the velocity in Keras alone.
#
# Further reading: H. Robbins and S. Monro, *A stochastic approximation method*, Annals of Mathematical Statistics 22, 1951,
# for the conditions.
