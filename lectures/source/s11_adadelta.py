# %% [markdown]
# # 11. Adadelta
#
# RMSprop gives each parameter a step of its own and leaves you with one number to choose, $\eta$. Adadelta has no $\eta$. Where
# does the length of a step come from, if nobody says it?
#
# After this section you can
#
# - tell from the units of a rule what its learning rate has to be measured in, and which rules need none;
# - write Newton's step with a diagonal Hessian, and Adadelta's step as an imitation of it;
# - say what Adadelta's estimate of the curvature is worth, and what it isn't;
# - find the number that has taken the place of $\eta$.
#
# **Time:** about 45 minutes. **Before this:** [RMSprop](../s10_rmsprop/s10_rmsprop.ipynb), and [gradient
# descent](../s02_gradient_descent/s02_gradient_descent.ipynb) for its limit $2/\lambda$. **Core path:** no.

# %% setup
import numpy as np

from descentlab import check, objectives, plots, recordings
from descentlab.explorer import Explorer
from descentlab.runs import run_steps, run_stream

ravine = objectives.get("ravine")

# %% [markdown]
# ## The problem
#
# RMSprop's step is
#
# $$\Delta\theta_t = \frac{\eta}{\mathrm{RMS}[g]_t}\, g_t, \qquad \theta_t = \theta_{t-1} - \Delta\theta_t .$$
#
# The fraction $g_t/\mathrm{RMS}[g]_t$ says how large this gradient is compared with the usual one. It is a plain number, about 1.
# So $\eta$ is the length of a step, and how long a step should be, the rule doesn't know.
#
# You do not know it either. A parameter may be a price in euros or in cents, a length in metres or in millimetres: the same model,
# with numbers a hundred or a thousand times as large. A good $\eta$ for the one is useless for the other. Is there a rule that
# finds the right length from what it has seen?

# %% [markdown]
# ## Ask the units
#
# M. Zeiler (2012, [arXiv:1212.5701](https://arxiv.org/abs/1212.5701)) asked what a physicist would ask first. Write
# $[\theta]$ for the units of a parameter and $[J]$ for those of the loss. A step must come in $[\theta]$, since it is subtracted
# from $\theta$. What comes out of the rules?
#
# | step | its units, with a bare number for $\eta$ |
# |---|---|
# | gradient descent, $\eta g$ | $[J]/[\theta]$ |
# | RMSprop, $\eta\, g/\mathrm{RMS}[g]$ | none |
# | Newton, $g$ over a second derivative | $\dfrac{[J]/[\theta]}{[J]/[\theta]^2} = [\theta]$ |
#
# In the first two $\eta$ has to make up for the difference, so it depends on the units of everything. Newton's step alone is right
# by itself.

# %% [markdown]
# ## Newton's step, coordinate by coordinate
#
# On a quadratic the gradient falls from $\nabla J$ to zero on the way to the minimum, and the Hessian says how fast. Newton's
# method goes there at once:
#
# $$\Delta\theta_t = (\nabla^2 J)^{-1}\, \nabla J .$$
#
# A network with a million weights has a Hessian of $10^{12}$ entries. So keep only its diagonal, $\nabla^2 J \approx
# \mathrm{diag}\big(\partial^2 J/\partial\theta_i^2\big)$. Then nothing has to be inverted, and every coordinate goes by itself:
#
# $$\Delta\theta_{t,i} = \Big(\frac{\partial^2 J}{\partial\theta_i^2}\Big)^{-1} \frac{\partial J}{\partial\theta_i} .$$
#
# | sign | in code | English | Russian |
# |---|---|---|---|
# | $g_t$ | `gradient` | gradient where step $t$ begins | градиент |
# | $\Delta\theta_t$ | `update` | update, what step $t$ subtracts | обновление |
# | $\partial^2 J/\partial\theta_i^2$ | `hessian_diagonal` | curvature along coordinate $i$ | кривизна |
# | $E[x^2]_t$ | `mean_square_…` | running average of squares | экспоненциальное среднее |
# | $\mathrm{RMS}[x]_t$ | `rms(…)` | root mean square | среднее квадратичное |
# | $\gamma$ | `gamma` | share of an average that is kept | коэффициент затухания |
# | $\epsilon$ | `eps` | small number inside a root | малая добавка |

# %% [markdown] exercise="newton_step_diagonal" points=2
# ### Exercise: Newton's step with a diagonal
#
# Return the point to which the step leads. The curvatures are given, one for each coordinate, and none is zero.
#
# Hint: Which of the two, the gradient or the curvature, is divided by the other? The units of the result tell.
#
# Hint: numpy divides arrays of one shape entry by entry. The step is subtracted from `theta`.
#
# Hint: The step is `gradient / hessian_diagonal`. Return `theta` minus it, as a new array.

# %% [markdown]
# Two things are lost with the rest of the Hessian, or were never there. Coordinates that are strongly coupled are told nothing of
# each other, and the steps may then go too far. And where a curvature is negative, Newton climbs: it looks for a point where the
# slope is zero, and a maximum is one.

# %% [markdown]
# ## Reading the curvature off a step
#
# Who gives us a million second derivatives in every step? Nobody. Turn the formula round:
#
# $$\frac{\partial^2 J}{\partial\theta_i^2} = \frac{\partial J/\partial\theta_i}{\Delta\theta_i} .$$
#
# A curvature is a gradient over an update. Both are there for the taking, if we are content with typical sizes of the last few
# instead of exact values now. For typical sizes RMSprop has the tool: the root of a running average of squares,
#
# $$\mathrm{RMS}[x]_t = \sqrt{E[x^2]_t + \epsilon}, \qquad E[x^2]_t = \gamma E[x^2]_{t-1} + (1-\gamma)\,x_t^2 .$$

# %% [markdown] exercise="rms" points=2
# ### Exercise: the root of a mean square
#
# Return $\mathrm{RMS}[x]$ from $E[x^2]$. Here $\epsilon$ stands inside the root, as in Adagrad and RMSprop.
#
# Hint: The average has been taken already, and so have the squares. What is left to do?
#
# Hint: First add, then take the root of the sum. Each entry stays by itself.
#
# Hint: It is one call of `np.sqrt`, and what is in its brackets is `mean_square` plus `eps`.

# %% [markdown]
# Now the estimate. The gradient of this step is known, the update isn't yet: it is what we want to compute. So take the typical
# size of the updates *before* this one, and suppose that the curvature has not changed much since:
#
# $$\frac{\partial^2 J}{\partial\theta_i^2} \approx \frac{\mathrm{RMS}[g]_t}{\mathrm{RMS}[\Delta\theta]_{t-1}} .$$
#
# Here the slide says that the *numerator* is unknown. In this formula the unknown, $\Delta\theta$, stands below the line; it is the
# numerator of the step.

# %% [markdown] exercise="curvature_estimate" points=2
# ### Exercise: the estimated curvature
#
# Return the estimate from the two averages, with your `rms`. It is handed $E[g^2]_t$ and $E[\Delta\theta^2]_{t-1}$ as they are; the
# indices are for the caller to mind.
#
# Hint: A curvature is a gradient over an update. What are the typical sizes of the two?
#
# Hint: Two calls of `rms`. Does each of them get this function's `eps`?
#
# Hint: Divide `rms(mean_square_gradient, eps)` by the same with `mean_square_update`.

# %% [markdown]
# ## The rule
#
# Put the estimate in the place of the curvature in Newton's step. The fraction turns over:
#
# $$\Delta\theta_t = \frac{\mathrm{RMS}[\Delta\theta]_{t-1}}{\mathrm{RMS}[g]_t}\, g_t, \qquad \theta_t = \theta_{t-1} - \Delta\theta_t,$$
#
# with $E[g^2]_0 = E[\Delta\theta^2]_0 = 0$. Compare it with RMSprop: in the place of $\eta$ stands the typical size of the steps so
# far. That is how the slide gets rid of $\eta$. The units are right: those of $g$ cancel, and $\mathrm{RMS}[\Delta\theta]$ brings
# those of $\theta$.
#
# The order within a step is fixed by the indices. $\mathrm{RMS}[g]_t$ holds the new gradient already.
# $\mathrm{RMS}[\Delta\theta]_{t-1}$ can't hold the new update; that one is squared and averaged in after it has been made, for the
# next step.

# %% [markdown] exercise="adadelta_step" points=5
# ### Exercise: one step of Adadelta
#
# Write the step with your `rms`. Return the new parameters and both new averages, and leave what came in as it was.
#
# Hint: Three lines before the return: one average, the update, the other average. Which average must come first, and why can the
# other one not?
#
# Hint: The first line is RMSprop's. In the second the old `mean_square_update` is used. The third is like the first, with another
# thing squared.
#
# Hint: `update = rms(mean_square_update, eps) / rms(mean_square_gradient, eps) * gradient`, after the new `mean_square_gradient`
# and before the new `mean_square_update`, which takes in `(1 - gamma) * update**2`. Return `theta - update` and the two averages.

# %% [markdown]
# ## Where the first step comes from
#
# At the start no step has been made, so the numerator is $\mathrm{RMS}[\Delta\theta]_0 = \sqrt{0 + \epsilon}$. The first step is
#
# $$|\Delta\theta_1| = \frac{\sqrt\epsilon}{\sqrt{(1-\gamma)\,g_1^2 + \epsilon}}\,|g_1| \approx \sqrt{\frac{\epsilon}{1-\gamma}}
# = 3.1623\cdot 10^{-3}$$
#
# with the usual $\gamma = 0.9$ and $\epsilon = 10^{-6}$, whatever the gradient, unless it is tiny. Elsewhere $\epsilon$ only keeps
# a divisor from zero. Here it sets the first step, and every later one grows out of that. With $\epsilon = 0$ in the numerator the
# first step is zero, its square adds zero, and Adadelta never moves.
#
# Predict: on a constant slope, how much farther does it come in 300 steps if $\epsilon$ is a hundred times as large? (In the code,
# $G$ and $D$ are the averages of the squared gradients and of the squared updates.)

# %% figure="first_steps" alt="Distance covered over 300 steps on a constant slope, on a logarithmic axis, for three values of epsilon: the lines are parallel, a factor of ten apart; with 1e-6 it is 0.003 after one step, 0.4 after a hundred and 1.5 after three hundred."
values = {"ε = 1e-4": 1e-4, "ε = 1e-6": 1e-6, "ε = 1e-8": 1e-8}
plots.curves(
    range(1, 301),
    {name: lambda eps=eps: run_stream(
        adadelta_step, -np.ones(300), eps=eps, keep=lambda theta, G, D, t: theta)
     for name, eps in values.items()},
    ghosts={name: recordings.ghost("s11_adadelta/first_steps", eps=eps).path
            for name, eps in values.items()},
    xlabel="step t", ylabel="distance covered", title="On a constant slope of 1", logy=True,
)

# %% [markdown]
# Ten times: the lengths go with $\sqrt\epsilon$. And the steps grow by themselves, if slowly. Each update is about as long as the
# usual one, plus the little that $\epsilon$ adds to the numerator, $\Delta\theta_t^2 \approx E[\Delta\theta^2]_{t-1} + \epsilon$.
# So the mean square grows by about $(1-\gamma)\epsilon$ a step: at $t = 100$ a step is 1.5 times as long as the first one, at $t =
# 300$ twice as long.
#
# Zeiler names both purposes of the $\epsilon$ in the numerator: to start at all, and to go on when updates have become small. But
# it is a number that somebody chose, with units: those of $\theta^2$ in one root, those of $g^2$ in the other.

# %% [markdown] question="other_units" points=1
# ### Question
#
# A parameter is a length. You write it in millimetres instead of metres: its numbers become a thousand times as large, the start is
# the same place, the loss is the same. Let $\epsilon = 0$, and let Adadelta's first $\mathrm{RMS}[\Delta\theta]$ be the same
# length, too. All other settings stay as they are. Which of gradient descent, RMSprop and Adadelta walk through the same places as
# before? Set `other_units` to the letter of your answer, in quotes.
#
# - **a.** All three: the gradient becomes a thousand times as small, which makes up for it.
# - **b.** Gradient descent alone: it has no averages that were made for the old units.
# - **c.** RMSprop and Adadelta: both divide the gradient by its own size.
# - **d.** Adadelta alone.

# %% [markdown]
# ## The units as an experiment
#
# Now do it. In the ravine, multiply $J$ by 4; then, instead, write $\theta$ in units half as large, so that its numbers double.
# With $\theta' = a\theta$ and $J' = cJ$ the gradient is $c/a$ times the old one, and the curvature $c/a^2$ times. Each line of the
# next cell is one method, and only Newton is told of $c$ and $a$: it asks for the curvature.
#
# RMSprop is your own `adadelta_step` with a fixed $\eta^2 = 0.1^2$ in the place of $E[\Delta\theta^2]$. In both, $\epsilon$ is 0,
# since it has units itself. So Adadelta needs a first $\mathrm{RMS}[\Delta\theta]$ to start from: the same 0.1, a length, which is
# written $0.1a$ in the new units.

# %%
size, h = 0.1, np.diag(ravine.hessian(ravine.start))
steps = {
    "gradient descent": lambda theta, gradient, c, a: theta - 0.02 * gradient,
    "Newton, diagonal": lambda theta, gradient, c, a: newton_step_diagonal(theta, gradient, c / a**2 * h),
    "RMSprop": lambda theta, G, D, gradient, c, a: adadelta_step(theta, G, 0 * D + size**2, gradient, eps=0),
    "Adadelta": lambda theta, G, D, gradient, t, c, a: adadelta_step(
        theta, G, D + (t == 1) * (a * size) ** 2, gradient, eps=0),
}

# %% figure="units" alt="Four panels in the ravine. Gradient descent walks another way for each choice of units. Newton arrives in one step each time. RMSprop's walk stays when J is multiplied by four, and is half as long when the numbers of theta are doubled. Adadelta's three walks are one and the same."
plots.panels(
    "ravine",
    lambda name, c, a: run_steps(
        steps[name], objectives.quadratic(c / a**2 * np.diag(h)), 12, start=a * ravine.start,
        keep=lambda theta, *rest: theta / a, c=c, a=a),
    list(steps), {"as it is": (1, 1), "4J": (4, 1), "2θ": (1, 2)},
    ghosts={name: recordings.ghost("s11_adadelta/units", number=number)
            for number, name in enumerate([*steps][1:])},
    title="Twelve steps: which walk depends on the units?",
)

# %% [markdown]
# All walks are told in the old units again. Gradient descent takes three ways: times 4, its steps leap from wall to wall. RMSprop
# forgives a change of $J$, since the size of the gradient cancels, but not one of $\theta$: the same number $\eta$ is now half the
# length, and so is the way. Newton and Adadelta don't notice either.
#
# That is what the numerator is for. A plain factor in front of it, such as libraries have, changes nothing in the units.

# %% [markdown]
# ## Is the estimate any good?
#
# The units of the estimate are those of a curvature. Is its size? Take nine directions with curvatures from 0.1 to 1000, all at the
# distance 1 from the minimum, and default settings. The figure is a picture of one walk: it shows the estimates that steps 1, 100,
# 300 and 1000 are made with, over the true curvature, on two logarithmic axes. Where would you want them to lie?

# %% figure="estimates" alt="Estimated over true curvature on logarithmic axes. The estimates of steps 1, 100 and 300 lie on lines parallel to the true one, 316, 190 and 51 times too high. At step 1000 they are 1 for curvatures below 2, and half the truth above."
curvatures = np.geomspace(0.1, 1000, 9)
states = run_steps(
    adadelta_step, objectives.quadratic(np.diag(curvatures)), 1000, start=np.ones(9),
    keep=lambda theta, G, D, t: (G, D),
)
lines = {f"step {t}": lambda t=t: curvature_estimate(states[t, 0], states[t - 1, 1])
         for t in (1, 100, 300, 1000)}
plots.curves(
    curvatures, lines, theory={"the truth": lambda curvature: curvature},
    ghosts={f"step {t}": recordings.ghost("s11_adadelta/estimates", step=t).path
            for t in (1, 100, 300, 1000)},
    xlabel="true curvature", ylabel="estimate",
    title="Nine directions, four moments of one walk", logx=True, logy=True,
)

# %% [markdown]
# The lines of the first steps are parallel to the truth. A direction ten times as steep has an estimate ten times as large, so all
# nine advance side by side, which is what the right units promise. But they lie 316, 190 and 51 times too high, and the steps are
# as many times shorter than Newton's.
#
# **The right units need not mean the right size.** Newton's $\Delta\theta$ was the way to the minimum. Adadelta puts its own last
# steps in that place, which nobody compared with any curvature. The estimate is exactly the factor that the rule itself applies,
# $g_t/\Delta\theta_t$: short steps look like a steep valley, and a steep valley asks for short steps. Only $\epsilon$ slowly breaks
# the circle.

# %% [markdown]
# At step 1000 something else is to be seen. Where the truth is above 2, the estimate is half of it. Half the curvature means twice
# Newton's step, from one wall to the opposite one: these directions swing across their minimum. Where the truth is below 2, the
# estimate is 1, whatever the truth. The experiment at the end shows why.
#
# And one thing no picture on logarithmic axes can show: two roots make a positive number. Where the true curvature is negative the
# estimate isn't, so Adadelta, unlike Newton, always steps against the gradient.

# %% [markdown]
# ## Adadelta in the ravine
#
# No $\eta$ to choose, so only $\epsilon$ and $\gamma$ have sliders. Find an $\epsilon$ with which the walk arrives within 300
# steps, one with which it crawls, and one with which it never settles. How wide is the range that arrives?

# %% figure="explore" alt="A walk of Adadelta in the ravine under sliders for epsilon and gamma: with 1e-6 and 0.9 it sets off diagonally, bends towards the long axis, and is half way after 300 steps."
Explorer(
    "ravine",
    lambda eps, gamma: run_steps(adadelta_step, "ravine", 300, eps=eps, gamma=gamma),
    ghost="s11_adadelta/ravine",
    method="Adadelta",
    eps=(1e-8, 1e-2),
    gamma=(0.5, 0.95),
)

# %% [markdown]
# With $\epsilon = 10^{-8}$ it crawls, and with $10^{-2}$ it swings from wall to wall across the ravine, wider and wider. So too
# small and too large a learning rate looked in section 2. With $\gamma = 0.9$ only values from about $1.1\cdot 10^{-5}$ to
# $4.5\cdot 10^{-5}$ arrive, a factor of four, and $10^{-6}$ isn't among them.
#
# So here the slide is loose: $\eta$ is gone from the formula, and $\epsilon$ has taken over a good part of its office. In this
# ravine, that is. On his networks Zeiler found the method robust to the choice of $\epsilon$ and $\gamma$.

# %% [markdown]
# ## Break it
#
# Start a hundred-thousandth from the minimum of $J = \tfrac12\lambda\theta^2$, with default settings. The gradient is tiny, all
# that is left to do is to step the last bit. Which of the four curvatures arrive? Predict, then run.

# %%
lines = {
    f"curvature {c:g}": lambda c=c: np.maximum(
        np.abs(run_steps(adadelta_step, objectives.quadratic([[c]]), 400, start=[1e-5])[:, 0]), 1e-12)
    for c in (0.5, 1.9, 2.1, 20)
}
plots.curves(
    range(401), lines, levels={"start": 1e-5},
    xlabel="step t", ylabel="distance from the minimum", title="So near, and yet", logy=True)

# %% [markdown]
# <details><summary>What happened</summary>
#
# Curvatures 0.5 and 1.9 arrive (the figure stops at $10^{-12}$), 2.1 and 20 move away.
#
# This near to the minimum both averages are far below $\epsilon$. Both roots are $\sqrt\epsilon$, their quotient is 1, and the rule
# is **gradient descent with a learning rate of 1**. Its limit is $\lambda < 2$. Zeiler saw the same in his networks: towards the
# end of training the effective rates go to 1 (section 4.3 of the paper).
#
# Above the limit the distance grows until the gradients are about $\sqrt\epsilon$. Then the walk swings from wall to wall, and the
# square of its width grows by $\epsilon$ in each step: small for a long time, but no convergence. On this bowl Adadelta converges
# for $\lambda < 2$ alone. And $\lambda$ has units: with $\epsilon$ they have come back.
#
# </details>

# %% [markdown]
# ## Recap
#
# - **Rule:** $\Delta\theta_t = \dfrac{\mathrm{RMS}[\Delta\theta]_{t-1}}{\mathrm{RMS}[g]_t}\,g_t$, $\;\theta_t = \theta_{t-1} -
#   \Delta\theta_t$, with $\mathrm{RMS}[x] = \sqrt{E[x^2] + \epsilon}$ and one $\gamma$ for both averages.
# - **Cost of a step:** one gradient; two arrays of the size of $\theta$.
# - **Idea:** Newton with a diagonal Hessian, its curvature read off as typical gradient over typical update.
# - **Gains:** the units are right, so for $\epsilon = 0$ the walk depends neither on those of $J$ nor on those of $\theta$.
# - **Limits:** the estimate need not have the right size; $\epsilon$ sets the first steps, $\sqrt{\epsilon/(1-\gamma)}$; near a
#   minimum it is gradient descent with a rate of 1.
#
# **In PyTorch / Keras / Optax:** `torch.optim.Adadelta(params, lr=1.0, rho=0.9, eps=1e-6)` is this rule, with $\rho$ for $\gamma$
# and a factor `lr` in front. `optax.adadelta(learning_rate=1.0)` has the same $\rho$ and $\epsilon$. `keras.optimizers.Adadelta`
# has $\rho = 0.95$, $\epsilon = 10^{-7}$ and a `learning_rate` of 0.001: give it 1.0, or it takes a thousandth of the rule's steps.
#
# Further reading: M. D. Zeiler, *ADADELTA: an adaptive learning rate method*, 2012; for the diagonal of the Hessian itself, S.
# Becker and Y. LeCun, *Improving the convergence of back-propagation learning with second order methods*, 1988.
