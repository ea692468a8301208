# %% [markdown]
# # 7. Nesterov accelerated gradient
#
# Momentum arrives with speed, and finds out too late: it asks for the slope at a point that it is about to leave. Most of the
# next move is known before the gradient is. Why not ask where that move leads?
#
# After this section you can
#
# - write one step of Nesterov's method, with one gradient, taken at the right place;
# - take a step apart into jump and correction, and read off what looking ahead changes;
# - say why swings die out sooner than with momentum, and on which directions most;
# - tell from a Hessian for which rates it converges, and why its limit is nearer than momentum's.
#
# **Time:** about 45 minutes. **Before this:** [momentum](../s06_momentum/s06_momentum.ipynb). **Core path:** yes.

# %% setup
import numpy as np

from descentlab import check, objectives, plots, recordings
from descentlab.explorer import Explorer
from descentlab.runs import run_steps

# %% [markdown]
# ## The problem
#
# Momentum moves by $\gamma\nu_{t-1} + \eta_t \nabla_\theta J(\theta_{t-1})$. With $\gamma = 0.9$, on a steady slope, the first
# part becomes nine times the second. And it is known before any gradient is asked for: whatever the slope says, $\theta$ will be
# carried along by $-\gamma\nu_{t-1}$.
#
# So the gradient at $\theta_{t-1}$ is advice for a place that is left at once. Suppose the move leads across the floor of a valley
# and up the other side. The gradient at the start still says "go on", and only the next step hears the other side's "turn
# back". One step late is enough to shoot past.

# %% [markdown]
# ## The rule
#
# The slide's idea: the next position is about $\theta_{t-1} - \gamma\nu_{t-1}$, so take the gradient **there**.
#
# $$\nu_t = \gamma\,\nu_{t-1} + \eta_t\,\nabla_\theta J(\theta_{t-1} - \gamma\,\nu_{t-1}), \qquad
# \theta_t = \theta_{t-1} - \nu_t, \qquad \nu_0 = 0.$$
#
# First jump along the gradient that was gathered, then measure the slope, and correct. "About" is the slide's word: the point is
# reached exactly only if the slope there is zero.
#
# | sign | in code | English | Russian |
# |---|---|---|---|
# | $\theta_t$ | `theta` | parameters after step $t$ | параметры |
# | $\nabla_\theta J$ | `gradient_of` | gradient, as a function of the point | градиент |
# | $\eta_t$ | `lr` | learning rate of step $t$ | темп обучения |
# | $\nu_t$ | `velocity` | velocity, the accumulated gradient | скорость, накопленный градиент |
# | $\gamma$ | `gamma` | momentum, the share of the velocity that is kept | импульс |

# %% [markdown] exercise="lookahead" points=2
# ### Exercise: where to look
#
# Return the point at which the step will ask for its gradient, as a new array.
#
# Hint: If the ground were level, and no gradient pulled, where would $\theta$ be after the next step of momentum?
#
# Hint: A level ground leaves $\nu_t = \gamma\nu_{t-1}$, and $\theta$ *subtracts* its velocity.
#
# Hint: From `theta` subtract the product of `gamma` and `velocity`. No `-=`: that would change the array that came in.

# %% [markdown]
# ## One step
#
# Here the function can't be handed a gradient, as momentum's was: who calls it doesn't know where to ask. So it gets
# `gradient_of`, the function itself, and asks.
#
# Every question is a pass over the data. Momentum needs one for each step, and so does this rule: the gradient at $\theta_{t-1}$
# itself is never asked for. The check counts the calls and looks at the place.

# %% [markdown] exercise="nesterov_step" points=5
# ### Exercise: the step
#
# Make one step: return the new `theta` and the new `velocity`, after exactly one call of `gradient_of`. Leave the arrays that
# came in as they were.
#
# Hint: Compared with momentum's two lines, one thing is different. Which one?
#
# Hint: The velocity is $\gamma\nu$ plus $\eta$ times a gradient, and that gradient is taken at your `lookahead`. The step itself
# starts from `theta`, not from the look-ahead point: the jump is in the new velocity already.
#
# Hint: With `ahead = lookahead(theta, velocity, gamma)` the new velocity is `gamma * velocity + lr * gradient_of(ahead)`.
# Return `theta` minus it, and it.

# %% [markdown]
# ## The step taken apart
#
# The slide's figure shows a step as vectors, and the next cell draws them from your own `nesterov_step`. To find the **jump**
# (brown), it calls your function with a gradient of zero everywhere. The **correction** (red) is what the true gradient adds. Both
# together are the step along the **accumulated gradient** (green). A ring stands wherever your function asked.
#
# The dashed blue vector is **standard momentum**. It is your function again, told the gradient at $\theta$ wherever it
# asks.

# %% figure="vectors" alt="Three steps in a bowl as vectors, in each a long brown jump with a ring at its tip and a short red correction from there; the green step closes the triangle. In step 2 the correction leads on downhill, in steps 3 and 4 it turns back up the picture. The dashed blue step of momentum ends farther down each time."
plots.step_view(
    nesterov_step, "bowl", steps=(2, 3, 4), lr=0.2, gamma=0.9,
    ghost=recordings.ghost("s07_nesterov/steps", lr=0.2, gamma=0.9),
    title="Jump first, then correct",
)

# %% [markdown]
# The correction stands at right angles to the contour line through the *ring*, where it was measured. In step 3 the jump
# has crossed the valley's floor. The gradient at the black dot would have pushed the same way as the jump, and the blue vector
# follows it. The gradient at the ring already points back.
#
# Now the ravine, step by step. Before you move the slider: step 1 has no jump. Why? And in which steps will jump and correction
# oppose each other?

# %% figure="step_by_step" alt="One step in the ravine under a slider for its number: in step 3 the jump crosses the floor of the ravine, the correction comes part of the way back, and momentum's step ends even farther out than the jump."
plots.StepSlider(
    nesterov_step, "ravine", 40, at=3, lr=0.02, gamma=0.9,
    ghost=recordings.ghost("s07_nesterov/steps_in_the_ravine", lr=0.02, gamma=0.9),
)

# %% [markdown] question="same_step" points=1
# ### Question
#
# Nesterov's method and momentum stand at the same $\theta$, with the same velocity, which isn't zero. In which of these
# cases do both end the step at the same point? Set `same_step` to the letter of your answer, in quotes.
#
# - **a.** Where $\theta$ is the minimum of $J$: the gradient is zero there, and nothing is left to correct.
# - **b.** On every quadratic $J$: its gradient is linear, so the jump enters both velocities alike.
# - **c.** On a slope where the gradient is the same at all points.
# - **d.** In none: one asks at $\theta$, the other ahead of it, and these are different points.

# %% [markdown]
# ## Against momentum
#
# What made the blue vector makes a whole walk of momentum: wherever your step asks, the answer is `gradient_of(theta)`. So both
# walks below are made by your own function, from the same start, with the same rate and the same $\gamma = 0.9$. Predict: which one swings
# more, and along which axis?

# %% figure="race" alt="Left, two walks in the ravine with rate 0.03 and gamma 0.9: momentum swings across it many times, NAG's swings have died out after a few steps. Both run past the minimum along the ravine, and come back. Right, the loss: NAG falls faster, in broad waves, momentum in many narrow ones."
rules = {
    "momentum": lambda theta, velocity, gradient_of, lr: nesterov_step(
        theta, velocity, lambda ahead: gradient_of(theta), lr),
    "NAG": nesterov_step,
}
plots.race(
    "ravine", lambda rule: run_steps(rule, "ravine", 120, lr=0.03), rules,
    ghosts={"momentum": recordings.ghost("s06_momentum/ravine", lr=0.03, gamma=0.9),
            "NAG": recordings.ghost("s07_nesterov/ravine", lr=0.03, gamma=0.9)},
    title="The same rate and the same memory, η = 0.03, γ = 0.9",
)

# %% [markdown]
# Now the problem that momentum left open: it jumps over minima, and comes to rest late. The landscape with two valleys again,
# both from the right, both with $\gamma = 0.9$.

# %% figure="double_well" alt="The position over the step on the double well, from the right: both walks pass the shallow valley at 0.88 and reach the deep one at -1.09. There NAG's swings are small and soon over, momentum's are wide and last about twice as long."
walks = {name: lambda rule=rule: run_steps(rule, "double_well", 100, lr=0.05) for name, rule in rules.items()}
recorded = {"momentum": "s06_momentum/double_well", "NAG": "s07_nesterov/double_well"}
plots.curves(
    range(101), walks,
    ghosts={name: recordings.ghost(run, lr=0.05, gamma=0.9).path[:101] for name, run in recorded.items()},
    levels={"shallow valley": 0.88, "deep valley": -1.09},
    xlabel="step t", ylabel="θ$_t$", title="Two valleys, from the right, η = 0.05",
)

# %% [markdown]
# Both have enough speed to leave the shallow valley. In the deep one NAG has come to rest after 29 steps, momentum after 61 (to
# within a hundredth of the picture's width).
#
# From the other side the difference is larger. In section 6 momentum, started on the left, rolled right through the deep valley
# and ended in the shallow one. Where does NAG end, with the same $\gamma$ and the same rate?

# %%
for name, rule in rules.items():
    points = run_steps(rule, "double_well", 150, start=-1.9, lr=0.05)
    if points is not None:
        print(f"{name:>8}, from the left, ends at θ = {points[-1]:.2f}")

# %% [markdown]
# NAG brakes in time, and stays in the deep valley. It is no guarantee: the slide's problem is smaller now, not gone. With
# $\gamma = 0.95$ and $\eta = 0.1$ NAG, too, jumps out of the deep valley and ends in the shallow one.

# %% [markdown]
# ## Why the swings die out
#
# On a quadratic, along an eigenvector with eigenvalue $\lambda$, the gradient at the error $e$ is $\lambda e$. Ahead, the error is
# $e_{t-1} - \gamma\nu_{t-1}$. Put that into the rule and sort by what is multiplied:
#
# $$\nu_t = \gamma\nu_{t-1} + \eta\lambda\,(e_{t-1} - \gamma\nu_{t-1})
# = \gamma(1 - \eta\lambda)\,\nu_{t-1} + \eta\lambda\,e_{t-1}.$$
#
# This is momentum with the memory $\gamma(1 - \eta\lambda)$ in the place of $\gamma$, an observation of Sutskever and others
# (2013). So looking ahead is friction that knows the curvature. In a flat direction $\eta\lambda$ is small, and the
# velocity is kept almost whole. In a steep one, where swings come from, much of it is taken away.

# %% [markdown]
# ## How fast is it?
#
# In section 6 momentum's error obeyed $z^2 - (1 + \gamma - \eta\lambda)\,z + \gamma = 0$. Put the new memory into it:
#
# $$z^2 - (1 + \gamma)(1 - \eta\lambda)\,z + \gamma(1 - \eta\lambda) = 0.$$
#
# (Do it on paper: $1 + \gamma(1 - \eta\lambda) - \eta\lambda$ is a product.) As before, the larger root of the worst direction
# tells by which factor a step multiplies the error in the long run.

# %% [markdown] exercise="nesterov_contraction" points=4
# ### Exercise: the speed
#
# Return the largest modulus of a root, over all eigenvalues of the Hessian. Below 1 the method converges on this quadratic,
# above 1 it diverges.
#
# Hint: It is momentum's exercise with another equation. Which two coefficients have changed?
#
# Hint: For each eigenvalue compute $s = 1 - \eta\lambda$ first; both coefficients contain it. `np.roots` finds complex roots too,
# and the modulus is `np.abs`.
#
# Hint: For each `s` in `1 - lr * np.linalg.eigvalsh(hessian)` take `np.abs(np.roots([1, -(1 + gamma) * s, gamma * s]))`, and
# return the maximum of all these numbers.

# %% figure="contraction" alt="Factor per step over the rate times curvature, for gamma 0.9 and 0.5. Momentum's lines are level at 0.95 and 0.71 and cross 1 only beyond the right edge. Nesterov's fall to 0 at 1, steeply at the end, then rise and cross 1 at 1.36 for gamma 0.9 and at 1.5 for gamma 0.5."
rates = np.linspace(0.02, 2, 100)
nag, momentum = ({g: recordings.ghost(f"{name}/contraction", gamma=g).path[:100] for g in (0.9, 0.5)}
                 for name in ("s07_nesterov", "s06_momentum"))
lines = {f"NAG, γ = {g:g}": lambda g=g: [nesterov_contraction(np.eye(1), lr, g) for lr in rates] for g in nag}
lines |= {f"momentum, γ = {g:g}": lambda g=g: momentum[g] for g in momentum}
plots.curves(
    rates, lines, ghosts={f"NAG, γ = {g:g}": path for g, path in nag.items()}, levels={"": 1.0},
    xlabel="rate times curvature, ηλ", ylabel="factor per step",
    title="Where momentum's floor is level, Nesterov's slopes down to zero",
)

# %% [markdown]
# ## Reading the roots
#
# The product of the roots is $\gamma(1 - \eta\lambda)$. Where they are complex, both have the modulus
#
# $$\sqrt{\gamma\,(1 - \eta\lambda)},$$
#
# which falls as the curvature grows; momentum's was $\sqrt\gamma$ for all, the level lines of the figure. At $\eta\lambda = 1$
# both roots are zero: one correction leads to the bottom of that direction, from any velocity.
#
# Beyond that the product is negative, and the roots are real. The negative one reaches $z = -1$ where
# $1 + (1 + \gamma)(1 - \eta\lambda) + \gamma(1 - \eta\lambda) = 0$, that is at
#
# $$\eta\lambda = \frac{2(1 + \gamma)}{1 + 2\gamma}.$$

# %% [markdown]
# With $\gamma = 0.9$ that is 1.357; momentum went up to $2(1 + \gamma) = 3.8$. Memory *widened* the range of safe rates for
# momentum. It *narrows* it here: from 2 without memory down to $4/3$ as $\gamma \to 1$. Who looks ahead by a long jump meets a long
# gradient there, and corrects too much.
#
# In the ravine, with $L = 20$, the limit is $\eta = 0.0679$. Find it with the slider for $\eta$. Does it move when you lower
# $\gamma$?

# %% figure="explore" alt="A walk of NAG in the ravine under sliders for the rate and for gamma: with rate 0.03 and gamma 0.9 it swings a little across the floor of the ravine, runs along it past the minimum, and comes back."
Explorer(
    "ravine",
    lambda lr, gamma: run_steps(nesterov_step, "ravine", 120, lr=lr, gamma=gamma),
    ghost="s07_nesterov/ravine",
    method="Nesterov",
    title="Nesterov's method in the ravine",
    lr=(0.003, 0.1),
    gamma=(0.0, 0.99),
)

# %% [markdown]
# ## What is won
#
# A usual pair, where the curvatures from $\mu$ to $L$ are known, is
#
# $$\eta = \frac1L, \qquad \gamma = \frac{\sqrt\kappa - 1}{\sqrt\kappa + 1}, \qquad \kappa = \frac L\mu.$$
#
# The steepest direction is then done at once, the flattest has a double root, and the factor is $1 - 1/\sqrt\kappa$. For
# $\kappa = 100$ that is 0.9: about 22 steps for a decimal digit of $\theta$. The heavy ball at its best has 0.818, and needs 11 or 12.
#
# So on quadratics momentum can be faster. But its guarantee ends there. With this pair, $J(\theta_t) - J(\theta_*)$ falls at least as
# fast as a constant times $(1 - 1/\sqrt\kappa)^t$ on *every* function whose curvatures lie between $\mu$ and $L$.

# %% [markdown]
# ## What Nesterov proved
#
# His paper of 1983 asks for less: $J$ convex and smooth, with no $\mu$ at all. There the memory isn't constant, but grows from step
# to step towards 1, about like $1 - 3/t$. The error then falls at least like $1/t^2$, where gradient descent is only sure of $1/t$; and no
# method that sees nothing but gradients can promise a better power of $t$.
#
# The slide's rule, with a constant $\gamma$ and the gradient at $\theta - \gamma\nu$, is the form in which Sutskever, Martens, Dahl
# and Hinton (2013) brought it to neural networks. Their losses aren't convex, so there the theorem is a motive and no
# promise.

# %% [markdown]
# ## Break it
#
# Take $\eta = 0.07$ in the ravine. For momentum this is harmless, for gradient descent too ($2/L = 0.1$). Predict for
# each $\gamma$ in the list whether NAG converges, then run. Which of the two settings would you change to mend it: $\eta$
# or $\gamma$, and in which direction?

# %%
plots.losses(
    "ravine",
    lambda gamma: run_steps(nesterov_step, "ravine", 120, lr=0.07, gamma=gamma),
    ghost="s07_nesterov/ravine_beyond",
    title="NAG at η = 0.07: more memory, less room",
    gamma=[0, 0.5, 0.9],
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# Across the ravine $\eta\lambda = 0.07 \cdot 20 = 1.4$. The limit $2(1 + \gamma)/(1 + 2\gamma)$ is 2 for $\gamma = 0$, 1.5 for $\gamma =
# 0.5$, and 1.357 for $\gamma = 0.9$: the last one diverges, by a factor of 1.09 a step.
#
# Either cure works: a slightly smaller rate, or *less* memory. The second one is what surprises. With momentum more
# memory is the safe side of stability; with Nesterov it is the other way round. Who swaps one method for the other and keeps the
# settings may see a run explode that was stable before.
#
# </details>

# %% [markdown]
# ## Recap
#
# - **Rule:** $\nu_t = \gamma\nu_{t-1} + \eta_t\nabla_\theta J(\theta_{t-1} - \gamma\nu_{t-1})$, then $\theta_t = \theta_{t-1} -
#   \nu_t$.
# - **Cost of a step:** one gradient, at another place; one more array of the size of $\theta$, as for momentum.
# - **Gains:** braking begins in the step that crosses the valley; along curvature $\lambda$ the memory is $\gamma(1 - \eta\lambda)$.
# - **Converges** on a quadratic exactly for $0 < \eta L < 2(1 + \gamma)/(1 + 2\gamma)$.
# - **Left open:** one rate for all parameters ([section 8](../s08_schedules/s08_schedules.ipynb)).
#
# **In PyTorch / Keras / Optax:** `torch.optim.SGD(params, lr, momentum=0.9, nesterov=True)`, `keras.optimizers.SGD(lr, momentum=0.9,
# nesterov=True)`, `optax.sgd(lr, momentum=0.9, nesterov=True)`. All three keep the look-ahead point $\varphi = \theta - \gamma\nu$
# as their parameters, so that the gradient is taken where they stand: compare their weights with $\theta_t - \gamma\nu_t$, not with
# $\theta_t$. As with momentum, Keras alone has the rate inside the velocity.

# %% [markdown]
# Sources: Y. E. Nesterov, *A method of solving a convex programming problem with convergence rate $O(1/k^2)$*, Soviet Mathematics
# Doklady 27(2), 1983. I. Sutskever, J. Martens, G. Dahl and G. Hinton, *On the importance of initialization and momentum in deep
# learning*, ICML 2013. The figure of jump and correction follows G. Hinton's [lecture 6 of
# CSC321](http://www.cs.toronto.edu/~tijmen/csc321/slides/lecture_slides_lec6.pdf). The guarantee for curvatures between $\mu$ and $L$:
# Y. Nesterov, *Introductory Lectures on Convex Optimization*, 2004, section 2.2.
