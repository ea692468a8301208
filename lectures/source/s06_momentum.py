# %% [markdown]
# # 6. Momentum
#
# In a long ravine gradient descent can be slow however you choose its rate: what is safe across is tiny along. A ball that
# rolls down the same ravine isn't slow. What does it have that the rule lacks?
#
# After this section you can
#
# - write one step with momentum, and the loop that carries the velocity;
# - say how much faster a steady slope makes it, and why 0.9 is the usual choice;
# - tell from a Hessian for which rates it converges, and which pair of rate and memory is best;
# - recognise when it jumps over a minimum, and say why it doesn't stop there.
#
# **Time:** about 50 minutes. **Before this:** [gradient descent](../s02_gradient_descent/s02_gradient_descent.ipynb),
# complex roots of a quadratic equation. **Core path:** yes.

# %% setup
import numpy as np

from descentlab import check, constant, objectives, plots, recordings
from descentlab.explorer import Explorer
from descentlab.runs import run_stream

ravine, well = objectives.get("ravine"), objectives.get("double_well")

# %% [markdown]
# ## The problem
#
# Take the ravine again, $J(\theta) = \tfrac12(\theta[0]^2 + 20\,\theta[1]^2)$, twenty times steeper across than along.
# Across, the sign of the gradient may change in every step: one wall pushes left, the other right. Along, it has the same
# sign, step after step, and is small.
#
# Gradient descent sees one gradient at a time, so it can't tell a push that will be taken back from one that goes on. What
# if it remembered the last few? Pushes that alternate would cancel. Pushes that agree would add up.

# %% [markdown]
# ## The rule
#
# Keep a **velocity** $\nu$, the slides' "inertia": a share $\gamma$ of the last one, and the new gradient step on top. Then
# move by it.
#
# $$\nu_t = \gamma\,\nu_{t-1} + \eta_t\,\nabla_\theta J(\theta_{t-1}), \qquad \theta_t = \theta_{t-1} - \nu_t, \qquad \nu_0 = 0.$$
#
# | sign | in code | English | Russian |
# |---|---|---|---|
# | $\theta_t$ | `theta` | parameters after step $t$ | параметры |
# | $\nabla_\theta J$ | `gradient` | gradient | градиент |
# | $\eta_t$ | `lr` | learning rate of step $t$ | темп обучения |
# | $\nu_t$ | `velocity` | velocity, the step that is subtracted | скорость, «инерция» |
# | $\gamma$ | `gamma` | momentum, the share of the velocity that is kept | импульс |
#
# The recommended value is $\gamma = 0.9$. With $\gamma = 0$ it is gradient descent. Mind the signs: $\nu$ is made of
# gradients, so it points uphill, and $\theta$ *subtracts* it.

# %% [markdown] exercise="momentum_step" points=3
# ### Exercise: one step
#
# Write the rule. You get the old velocity and return the new one, together with the new `theta`: the function itself keeps
# nothing. Leave the arrays that came in as they were.
#
# Hint: The rule has two lines. Which of them must be computed first, because the other one needs its result?
#
# Hint: The new velocity is a sum of two products: one holds the old velocity, the other the gradient. Nothing multiplies
# both.
#
# Hint: `velocity = gamma * velocity + lr * gradient` makes a new array. Return the pair of `theta` minus it, and it.

# %% [markdown]
# ## A step taken apart
#
# What do the two parts of the velocity do? The next cell draws three steps in a bowl from your own function. Brown is where it
# goes if the gradient is zero: the old velocity alone. Red is what the gradient adds, and green the step they make. The ring
# shows where the gradient was taken.

# %% figure="vectors" alt="Three steps in a bowl as vectors: a long brown jump by the old velocity, a shorter red correction by the gradient, and the green step that closes the triangle. In step 4 the correction leans back against a jump three times its length. The ring for the gradient's place is at the start of every step."
plots.step_view(
    momentum_step, "bowl", steps=(2, 3, 4), lr=0.2, gamma=0.9,
    ghost=recordings.ghost("s06_momentum/steps", lr=0.2, gamma=0.9),
    title="The old velocity and the gradient",
)

# %% [markdown]
# In step 2 the two parts are still of similar length. By step 4 the gradient has begun to point back, and $\theta$ goes on all
# the same: the old velocity is three times as long.
#
# ## What the velocity remembers
#
# Put the first line of the rule into itself, again and again:
#
# $$\nu_t = \eta_t g_t + \gamma\,\eta_{t-1} g_{t-1} + \gamma^2\,\eta_{t-2} g_{t-2} + \dots, \qquad
# g_t = \nabla_\theta J(\theta_{t-1}).$$
#
# Every gradient is still in it, with a weight that falls by $\gamma$ in each step. With $\gamma = 0.9$ a gradient counts
# for a third after ten steps and for next to nothing after fifty.
#
# It is a *sum*, not an average: no factor $1 - \gamma$ stands before the gradient. So how large can it become? Suppose the
# slope is the same everywhere, $g_t = g$, and the rate is constant. The velocity grows, but not for ever.

# %% [markdown] exercise="terminal_velocity" points=2
# ### Exercise: the terminal velocity
#
# Return the velocity towards which momentum tends on a constant slope.
#
# Hint: When the velocity has stopped growing, what does a step leave as it is?
#
# Hint: Solve $\nu = \gamma\nu + \eta g$ for $\nu$; or add up the series $\eta g\,(1 + \gamma + \gamma^2 + \dots)$. Both
# give the same.
#
# Hint: Bring $\gamma\nu$ to the left side, take $\nu$ out of the bracket, and divide $\eta g$ by what is left in it.

# %% [markdown]
# ## The loop
#
# As in section 2 we keep every point. What is new is that something travels from step to step besides $\theta$: the walk
# starts at rest, with a velocity of zeros in the shape of `theta0`, and each step hands its velocity to the next.
#
# A step still costs one gradient, taken where you stand. The memory is one more array of the size of $\theta$: for a model
# with a million weights, a million numbers.

# %% [markdown] exercise="momentum_descent" points=4
# ### Exercise: the walk
#
# Start at `theta0` and at rest, make `n_steps` steps with your `momentum_step`, and return all `n_steps + 1` points,
# `theta0` first. Step $t$ uses the rate `schedule(t)`, $t = 1, 2, \dots$, and asks for the gradient once.
#
# Hint: Two things must survive from one turn of the loop to the next. What are they before the first turn?
#
# Hint: Before the loop: `theta` as an array of floats, `velocity` as zeros of its shape, and a list that holds the start.
# In the loop, both names are assigned anew, and the list grows.
#
# Hint: `theta, velocity = momentum_step(theta, velocity, gradient_of(theta), schedule(t), gamma)`, for `t` in
# `range(1, n_steps + 1)`; then append `theta`. Don't forget to hand `gamma` on.

# %% [markdown]
# ## The run-up
#
# A slope of 1 everywhere and $\eta = 0.1$: the figure feeds fifty equal gradients to your `momentum_step` and keeps the
# velocities. Predict: how many steps does $\gamma = 0.9$ need to come near its limit, and $\gamma = 0.5$?

# %% figure="run_up" alt="Velocity over the step on a constant slope: it rises to 1 with gamma 0.9, within about forty steps, to 0.2 with gamma 0.5 within five, and stays at 0.1 with gamma 0; each meets its terminal velocity."
slope, gammas = np.ones(50), {f"γ = {gamma:g}": gamma for gamma in (0.9, 0.5, 0)}
lines = {
    label: lambda gamma=gamma: run_stream(
        momentum_step, slope, keep=lambda theta, velocity, t: velocity, lr=0.1, gamma=gamma)
    for label, gamma in gammas.items()
}
lines["terminal velocity, γ = 0.9"] = lambda: terminal_velocity(slope, 0.1, 0.9)
plots.curves(
    range(1, 51), lines,
    ghosts={label: recordings.ghost("s06_momentum/run_up", gamma=gamma).path
            for label, gamma in gammas.items()},
    xlabel="step t", ylabel="velocity ν", title="On a constant slope",
)

# %% [markdown]
# On a steady slope $\gamma = 0.9$ is ten times as fast as gradient descent with the same rate, but it takes some twenty
# steps to be nine tenths of the way there. The longer the memory, the higher the speed and the longer the run-up, and the
# braking takes just as long.
#
# ## With and without momentum
#
# Now the ravine, with a small rate. Same start, same rate, same number of steps: only $\gamma$ differs. The pale band is
# the course's reference.

# %% figure="ravine" alt="Two walks in the ravine with rate 0.01: without momentum it has not arrived after 120 steps, with momentum 0.9 it swings across the ravine a few times and arrives."
plots.walks(
    "ravine",
    lambda gamma: momentum_descent(ravine.gradient, ravine.start, constant(0.01), 120, gamma),
    ghost="s06_momentum/ravine",
    method="momentum",
    title="Left: without momentum. Right: with momentum",
    gamma=[0, 0.9],
)

# %% [markdown]
# Along the ravine the pushes agree and add up. Across it they alternate, so the swings die out, though not at once: a
# velocity has to be braked.
#
# Could gradient descent have had the same by taking ten times the rate? That is 0.1, exactly its limit $2/L$: across, it
# would leap from wall to wall for ever. Momentum is quick along *and* stable across.
#
# How much memory is right? Before you run the next cell, put $\gamma = 0$, $0.5$, $0.9$ and $0.95$ in order.

# %% figure="memory" alt="Error over the step on a logarithmic axis at rate 0.01 for four values of gamma: 0 and 0.5 fall slowly and smoothly, 0.9 falls fastest with small swings, 0.95 swings widely and is slower than 0.9."
plots.losses(
    "ravine",
    lambda gamma: momentum_descent(ravine.gradient, ravine.start, constant(0.01), 120, gamma),
    ghost="s06_momentum/ravine",
    title="How much memory? The same rate, four values of γ",
    gamma=[0, 0.5, 0.9, 0.95],
)

# %% [markdown]
# More memory is better up to a point; beyond it the walk shoots past the minimum, comes back, and shoots past again. Where
# that point lies, theory will say.
#
# ## What it costs: it jumps over minima
#
# The slide names one problem: momentum leads to jumps over a local minimum. Here is the landscape with two valleys. Both
# walks start on the right, with the same rate.

# %% figure="double_well" alt="Two walks on a double well from the right: without momentum it is caught in the shallow right valley, with momentum 0.9 it rolls through it, over the hill, and settles in the deep left valley."
plots.walks(
    "double_well",
    lambda gamma: momentum_descent(well.gradient, well.start, constant(0.05), 150, gamma),
    ghost="s06_momentum/double_well",
    method="momentum",
    title="A shallow valley on the way",
    gamma=[0, 0.9],
)

# %% [markdown]
# How much momentum does it take to leave the shallow valley, and does a larger rate help or hurt? Let the walk play step by step:
# where is it fastest, and where does it turn back?

# %% figure="explore" alt="A walk on the double well under sliders for the rate and for gamma: with rate 0.05 and gamma 0.9 it rolls through the shallow valley, over the hill, and settles in the deep one."
Explorer(
    "double_well",
    lambda lr, gamma: momentum_descent(well.gradient, well.start, constant(lr), 150, gamma),
    ghost="s06_momentum/double_well",
    method="momentum",
    title="Momentum in the double well",
    lr=(0.01, 0.1),
    gamma=(0.0, 0.99),
)

# %% [markdown] question="jumps_over" points=1
# ### Question
#
# On its way, the walk with momentum passes the bottom of the shallow valley, where $\nabla J = 0$. Gradient descent stops
# there. Why does momentum go on? Set `jumps_over` to the letter of your answer, in quotes.
#
# - **a.** In floating point the gradient is never exactly zero, so there is always something left that moves it.
# - **b.** The velocity gathered before is still there, and moves $\theta$ although the gradient adds nothing.
# - **c.** With $\gamma = 0.9$ the rate is in effect ten times as large, beyond the limit of stability: the walk diverges.
# - **d.** The velocity holds gradients of several points, and from these the rule finds the deeper valley.

# %% [markdown]
# ## How fast is it?
#
# On a quadratic, along an eigenvector with eigenvalue $\lambda$, the gradient is $\lambda e$, where $e$ is the error. The
# velocity is the last move, $\nu_{t-1} = e_{t-2} - e_{t-1}$. Put both into the rule:
#
# $$e_t = (1 + \gamma - \eta\lambda)\,e_{t-1} - \gamma\,e_{t-2}.$$
#
# Each error depends on two before it. Try $e_t = z^t$: it fits if $z$ is a root of
#
# $$z^2 - (1 + \gamma - \eta\lambda)\,z + \gamma = 0.$$
#
# There are two roots, real or complex, and the error is a mixture of their powers. In the long run the larger one is left:
# after many steps each further one multiplies the error by about $|z|_\text{max}$. A complex pair makes it swing on the
# way.

# %% [markdown] exercise="momentum_contraction" points=4
# ### Exercise: the speed
#
# Return the largest modulus of a root, over all eigenvalues of the Hessian. Below 1 momentum converges on this quadratic,
# above 1 it diverges.
#
# Hint: One quadratic equation for each eigenvalue. In section 2 one factor of each direction was enough; how many are there
# now?
#
# Hint: `np.linalg.eigvalsh` gives the eigenvalues, `np.roots([1, b, c])` both roots of $z^2 + bz + c$, complex ones too.
# The modulus of a complex number is its `np.abs`.
#
# Hint: For each `value` among the eigenvalues take `np.abs(np.roots([1, -(1 + gamma - lr * value), gamma]))`, and return
# the maximum of all these numbers.

# %% [markdown]
# ## Reading the roots
#
# The product of the two roots is $\gamma$. If they are complex, they are conjugate, and so both have the modulus
# $\sqrt\gamma$, *whatever the rate*. That is the case for
#
# $$(1 - \sqrt\gamma)^2 < \eta\lambda < (1 + \sqrt\gamma)^2.$$
#
# Below this band the direction creeps; above it, a negative root takes over. It reaches $z = -1$, the end of stability, where
# $1 + (1 + \gamma - \eta\lambda) + \gamma = 0$, that is at
#
# $$\eta\lambda = 2(1 + \gamma).$$
#
# Gradient descent must stay below 2; with $\gamma = 0.9$ there is room up to 3.8. The next figure is your function, for one
# direction.

# %% figure="contraction" alt="Factor per step over the rate times curvature: gamma 0 falls to zero at 1 and crosses 1 at 2; gamma 0.5 is flat at 0.71 and crosses 1 at 3; gamma 0.9 is flat at 0.95 from almost zero and crosses 1 at 3.8."
rates = np.linspace(0.02, 4, 200)
gammas = {f"γ = {gamma:g}": gamma for gamma in (0, 0.5, 0.9)}
plots.curves(
    rates,
    {label: lambda gamma=gamma: [momentum_contraction(np.eye(1), lr, gamma) for lr in rates]
     for label, gamma in gammas.items()},
    ghosts={label: recordings.ghost("s06_momentum/contraction", gamma=gamma).path
            for label, gamma in gammas.items()},
    levels={"": 1.0}, xlabel="rate times curvature, ηλ", ylabel="factor per step",
    title="Memory makes a floor, wide and level. Above 1 the walk diverges",
)

# %% [markdown]
# This is why 0.9 is recommended (S. Ruder, [arXiv:1609.04747](https://arxiv.org/abs/1609.04747), calls it the usual value).
# On the level floor all directions shrink by $\sqrt{0.9} \approx 0.949$ a step, for $\eta\lambda$ from 0.0026 to 3.797:
# curvatures that differ by a factor of 1400 converge alike. You need to know neither them nor the rate well.
#
# In the ravine at $\eta = 0.01$, what is best is $\gamma = 0.81$: the flattest direction then stands at the left end of the
# floor, and more memory only lifts the floor.
#
# If you do know the curvatures, choose the rate too. With less memory the floor lies lower, and is narrower. So take as
# little as will do: let the flattest direction $\mu$ stand at its left end, and the steepest $L$ at its right,
#
# $$\eta\mu = (1 - \sqrt\gamma)^2, \qquad \eta L = (1 + \sqrt\gamma)^2.$$

# %% [markdown] exercise="optimal_heavy_ball" points=2
# ### Exercise: the best pair
#
# Solve the two equations for $\eta$ and $\gamma$, and return the pair. (Polyak, who found the method in 1964, called it the
# *heavy ball*.)
#
# Hint: Two equations, two unknowns. What do they look like after you have taken the square root of each?
#
# Hint: $\sqrt{\eta\mu} = 1 - \sqrt\gamma$ and $\sqrt{\eta L} = 1 + \sqrt\gamma$. Add them: $\gamma$ is gone. Divide one by
# the other: $\eta$ is gone.
#
# Hint: The sum gives $\sqrt\eta\,(\sqrt L + \sqrt\mu) = 2$. The quotient gives $\sqrt\gamma$ as the difference of $\sqrt L$
# and $\sqrt\mu$ over their sum. Square both.

# %% [markdown]
# ## What is won
#
# At the best pair every direction has the factor $\sqrt\gamma$, which is
#
# $$\frac{\sqrt\kappa - 1}{\sqrt\kappa + 1}, \qquad \kappa = \frac{L}{\mu}.$$
#
# Gradient descent's best had $\kappa$ in the place of $\sqrt\kappa$. For $\kappa = 100$ that is 0.980 without momentum and
# 0.818 with it: about 115 steps for each further decimal digit of $\theta$, against 11 or 12.
#
# Both extreme directions now have a *double* root, and there the error behaves like $t\,z^t$, a little slower than $z^t$.
# And it is a result for quadratics: there are smooth, strongly convex functions on which the heavy ball with this pair runs
# in a circle for ever (L. Lessard, B. Recht and A. Packard, SIAM Journal on Optimization 26, 2016).

# %% figure="best_pair" alt="Error over the step on a logarithmic axis: gradient descent at its best rate falls slowly and evenly, momentum 0.9 falls slower still and swings, momentum with the best pair falls far more steeply."
pairs = {
    "gradient descent, its best rate": (2 / 21, 0.0),
    "momentum 0.9, the same rate": (2 / 21, 0.9),
    "momentum, your best pair": optimal_heavy_ball(ravine.hessian(ravine.start)),
}
plots.race(
    "ravine",
    lambda pair: momentum_descent(ravine.gradient, ravine.start, constant(pair[0]), 40, pair[1]),
    pairs,
    ghosts={label: recordings.ghost("s06_momentum/best_pair", number=number)
            for number, label in enumerate(pairs)},
    title="The best of each, in the ravine",
    walk=False,
)

# %% [markdown]
# Momentum with 0.9 is worth a second look: it is the slowest of the three. Here $\kappa$ is only 20, and 0.9 is more memory
# than this ravine needs: its floor, 0.949, is higher than the 0.905 of gradient descent at its best rate. Momentum isn't
# magic. It pays where $\kappa$ is large, or where the rate must be small.

# %% [markdown]
# ## Where the rate stands
#
# In the lecture's rule the rate is *inside* the velocity: each gradient keeps the rate of its own step, $\nu_t = \sum_k
# \gamma^{t-k}\eta_k g_k$. PyTorch puts it outside: the velocity gathers bare gradients, and today's rate multiplies them
# all, $\eta_t \sum_k \gamma^{t-k} g_k$. While the rate is constant, both are the same walk. As soon as $\eta_t$ varies,
# they part: when the rate drops, PyTorch's step drops with it at once, and ours coasts for about $1/(1-\gamma)$ steps more.

# %% [markdown]
# ## Break it
#
# From the right, momentum left the shallow valley and found the deep one. Now start on the left, above the **deep** valley,
# with the same rate. Predict where each of the two walks ends, then run.

# %%
plots.walks(
    "double_well",
    lambda gamma: momentum_descent(well.gradient, np.array(-1.9), constant(0.05), 150, gamma),
    ghost="s06_momentum/from_the_left",
    method="momentum",
    title="From the other side",
    gamma=[0, 0.9],
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# Gradient descent stays in the deep valley, where it should. Momentum rolls through it, climbs the hill with what speed is
# left, and ends in the shallow one: the same jump, the other way. It knows nothing of depth. It leaves shallow valleys more
# easily than deep ones, since these take more speed to get out of, but the speed it arrives with counts as much.
#
# Try $\gamma = 0.8$ in the list: now the walk is braked in time. Momentum that is a virtue on the way is a fault at the
# goal, which is why Nesterov looks ahead (section 7), and why rates are lowered towards the end ([section
# 8](../s08_schedules/s08_schedules.ipynb)).
#
# </details>

# %% [markdown]
# ## Recap
#
# - **Rule:** $\nu_t = \gamma\nu_{t-1} + \eta_t\nabla_\theta J(\theta_{t-1})$, then $\theta_t = \theta_{t-1} - \nu_t$;
#   recommended $\gamma = 0.9$.
# - **Cost of a step:** one gradient, as before; one more array of the size of $\theta$.
# - **Gains:** pushes that agree add up, pushes that alternate cancel; on a steady slope up to $1/(1-\gamma)$ times as fast.
# - **Converges** on a quadratic exactly for $0 < \eta L < 2(1+\gamma)$; at its best with $\sqrt\kappa$ where gradient
#   descent has $\kappa$.
# - **Problem:** it arrives with speed, and jumps over minima, bad and good ones alike.
#
# **In PyTorch / Keras / Optax:** `torch.optim.SGD(params, lr, momentum=0.9)` and `optax.sgd(lr, momentum=0.9)`, both with
# the rate outside the velocity; `keras.optimizers.SGD(lr, momentum=0.9)` has it inside, with the opposite sign of $\nu$.
# PyTorch's `dampening` takes a share off each new gradient; it is 0 by default, which is the rule here.
#
# Further reading: B. T. Polyak, *Some methods of speeding up the convergence of iteration methods*, USSR Computational
# Mathematics and Mathematical Physics 4(5), 1964; G. Goh, [*Why momentum really
# works*](https://distill.pub/2017/momentum/), Distill, 2017.
