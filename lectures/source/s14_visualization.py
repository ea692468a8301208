# %% [markdown]
# # 14. The race
#
# Seven methods have come by, each on landscapes that suited its section. Which of them is best? The lecture ends with two
# animations in which all run at once. Here you make them, from the functions that you wrote.
#
# After this section you can
#
# - bring methods with quite different memories into one form, and run them with one loop;
# - say from a picture of a race which method is which, and why it goes where it goes;
# - explain who leaves a saddle quickly, on what this depends, and when nobody leaves it;
# - read a comparison of optimisers with the doubt that it deserves.
#
# **Time:** about 50 minutes. **Before this:** [gradient descent](../s02_gradient_descent/s02_gradient_descent.ipynb),
# [momentum](../s06_momentum/s06_momentum.ipynb), [Nesterov](../s07_nesterov/s07_nesterov.ipynb),
# [Adagrad](../s09_adagrad/s09_adagrad.ipynb), [RMSprop](../s10_rmsprop/s10_rmsprop.ipynb),
# [Adadelta](../s11_adadelta/s11_adadelta.ipynb), [Adam](../s12_adam/s12_adam.ipynb). **Core path:** no.

# %% setup
import numpy as np

from descentlab import check, landscapes, networks, objectives, plots, recordings
from descentlab.runs import one_by_one

beale, saddle = objectives.get("beale"), objectives.get("saddle")

# %% [markdown]
# ## Your functions
#
# The runners are your own step functions of the earlier sections. You needn't copy them by hand. Save your notebooks,
# open a terminal in the folder of the course, and write
#
#     descentlab carry s14
#
# Then load this notebook anew (in JupyterLab: File, Reload Notebook from Disk), and your functions stand in the next
# cell. What isn't written yet is listed there, with the section it belongs to. The cell is yours to edit.
#
# Nothing has to be complete: every method below works without the others. And when this notebook is graded, a mistake
# in an earlier section costs nothing here: the course's own steps then stand in for yours.

# %% carried="gd_step momentum_step lookahead nesterov_step effective_lr adagrad_step exponential_average rmsprop_step rms adadelta_step update_moments bias_correction adam_step"
# Your functions of the earlier sections stand here after `descentlab carry s14`.

# %% [markdown]
# ## The problem
#
# Look at the first lines of the seven steps:
#
# | method | takes, besides `theta` and its constants |
# |---|---|
# | gradient descent | a gradient |
# | momentum | a velocity, a gradient |
# | Nesterov | a velocity, the *function* `gradient_of` |
# | Adagrad, RMSprop | an array of squares, a gradient |
# | Adadelta | two arrays of squares, a gradient |
# | Adam | two moments, a gradient, the number $t$ |
#
# A loop that calls each in its own way would be seven loops. How could one loop run them all, and others that nobody has
# invented yet?

# %% [markdown]
# ## Steppers
#
# Let the loop know as little as possible. A **stepper** is a function
#
#     stepper(theta, state, gradient_of, t) -> (theta, state)
#
# that makes step $t = 1, 2, \dots$ All that the method remembers is in `state`, and what that looks like is the stepper's
# own affair: nothing, an array, a pair of arrays. The loop hands it on unopened. In the first step it is `None`, and the
# stepper makes its zeros itself. The rate and the other constants are fixed when a stepper is made.
#
# | sign | in code | English | Russian |
# |---|---|---|---|
# | $\theta_t$ | `theta` | parameters after step $t$ | параметры |
# | | `state` | what a method remembers | состояние |
# | $\nabla_\theta J$ | `gradient_of` | the gradient, as a function of $\theta$ | градиент |
# | | `path` | all points of a walk, the start first | траектория |
# | | `saddle` | saddle point | седловая точка |

# %% [markdown] exercise="race" points=4
# ### Exercise: the race
#
# Let each stepper walk `n_steps` steps from `theta0`, and return its path under its name. Each begins with the state
# `None` and the step $t = 1$, and no stepper knows of the others.
#
# Hint: There are two loops, one inside the other. Which things must be set anew for each stepper, and which for each
# step?
#
# Hint: For each name: `theta` as an array of floats, `state = None`, and a list that holds the start. Then the steps,
# each of which assigns `theta` and `state` anew and appends a point.
#
# Hint: The inner loop runs over `t in range(1, n_steps + 1)`, and its first line is `theta, state = stepper(theta, state,
# gradient_of, t)`. After it: `paths[name] = np.array(path)`.

# %% [markdown]
# ## Seven steppers
#
# Now the runners. Each of the next functions takes the constants of a method and returns a stepper, a function that you
# define inside, as in section 8 you returned schedules. It calls your step once, asks for one gradient, and returns
# `theta` and the new state.
#
# Mind that one stepper may be used in several walks at a time. So it must keep nothing to itself: what it remembers goes
# out with `state` and comes back with it.

# %% [markdown] exercise="gd_stepper" points=1
# ### Exercise: gradient descent
#
# It remembers nothing, and still returns a pair.
#
# Hint: What does `gd_step` need that a stepper isn't given directly, and how does it get it?
#
# Hint: Inside, define `stepper(theta, state, gradient_of, t)`; after it, return `stepper` without calling it.
#
# Hint: The stepper returns `gd_step(theta, gradient_of(theta), lr)` and, as a second value, `state` as it came.

# %% [markdown] exercise="momentum_stepper" points=1
# ### Exercise: momentum
#
# Its state is the velocity.
#
# Hint: In the first step there is no velocity yet. How do you recognise that step?
#
# Hint: Ask `state is None`. (`if state` would ask an array whether it is true.) Then the velocity is
# `np.zeros(np.shape(theta))`, otherwise it is the state.
#
# Hint: `momentum_step(theta, velocity, gradient_of(theta), lr, gamma)` returns theta and the velocity: just the pair that
# is wanted.

# %% [markdown] exercise="nesterov_stepper" points=1
# ### Exercise: Nesterov
#
# The same state, and the gradient is taken elsewhere.
#
# Hint: Where does Nesterov's method take its gradient, and who knows that place: the stepper, or your `nesterov_step`?
#
# Hint: Your `nesterov_step` asks for the gradient by itself. What do you hand it?
#
# Hint: As for momentum, but with `gradient_of` in the place of `gradient_of(theta)`.

# %% [markdown] exercise="adagrad_stepper" points=1
# ### Exercise: Adagrad
#
# Its state is $G$, the sums of squares.
#
# Hint: What is a sum before anything was added to it?
#
# Hint: Zeros of the shape of `theta` where the state is `None`, otherwise the state.
#
# Hint: Return `adagrad_step(theta, G, gradient_of(theta), lr)`. Without `lr` the step would take its default.

# %% [markdown] exercise="rmsprop_stepper" points=1
# ### Exercise: RMSprop
#
# Its state is the average of the squares, zero before the first step.
#
# Hint: You have written it already, under another name.
#
# Hint: Adagrad's stepper with another step, and one more constant to hand on.
#
# Hint: Return `rmsprop_step(theta, mean_square, gradient_of(theta), lr, gamma)`.

# %% [markdown] exercise="adadelta_stepper" points=1
# ### Exercise: Adadelta
#
# It remembers two averages and has no rate.
#
# Hint: A state may be a pair.
#
# Hint: Take the pair apart where there is one, otherwise begin with two arrays of zeros. The step returns three values:
# which of them are the state?
#
# Hint: `theta, gradients, updates = adadelta_step(theta, gradients, updates, gradient_of(theta), gamma)`, then
# `return theta, (gradients, updates)`.

# %% [markdown] exercise="adam_stepper" points=1
# ### Exercise: Adam
#
# Two moments, and at last somebody needs `t`.
#
# Hint: Like Adadelta, it keeps a pair. What else does its correction have to know?
#
# Hint: `adam_step` takes `theta, m, v`, the gradient, then `t`, then the constants in the order `lr, beta1, beta2`.
#
# Hint: `theta, m, v = adam_step(theta, m, v, gradient_of(theta), t, lr, beta1, beta2)`, then `return theta, (m, v)`.

# %% [markdown]
# ## The first animation
#
# Beale's function is a wide plain between steep walls, with its minimum at $(3, 0.5)$. The start, $(1, 1.5)$, is on a
# wall: the gradient there is $(34.5, 92.5)$, while on the plain it is a hundred times smaller and less.
#
# The rates aren't equal, since they don't mean the same: for gradient descent a rate is a length *per gradient*, for
# Adam a length. Each method has one with which it shows its character here. Predict: who is first at the minimum, and who
# runs past it?

# %%
on_beale = {
    "GD": gd_stepper(0.005),
    "momentum": momentum_stepper(0.005, 0.9),
    "Nesterov": nesterov_stepper(0.005, 0.9),
    "Adagrad": adagrad_stepper(0.5),
    "RMSprop": rmsprop_stepper(0.02, 0.9),
    "Adadelta": adadelta_stepper(0.9),
    "Adam": adam_stepper(0.1, 0.9, 0.999),
}

# %% figure="beale" alt="Seven paths on Beale's function from a steep wall at the top. Momentum and Nesterov shoot down beyond the lower edge, return, run past the minimum on the right, momentum farther, and settle. The others turn right on the plain: RMSprop arrives, Adam nearly, Adagrad and gradient descent stop short, Adadelta has just left the wall."
plots.race_animation(
    "beale",
    one_by_one(race, on_beale, beale.gradient, beale.start, 300),
    ghosts={name: recordings.ghost(f"s14_visualization/beale, {name}") for name in on_beale},
    title="Seven methods on Beale's function",
)

# %% [markdown]
# Play it, then go through it slowly; pale bands are the course's reference. (`one_by_one` lets each stepper run in a
# race of its own, so that a faulty one doesn't stop the others.)
#
# - **Gradient descent** leaps down the wall and then crawls: what was safe on the wall is tiny on the plain. After 300
#   steps it is 0.41 away.
# - **Momentum** gathers speed on the wall and cannot brake. It shoots across the plain and off the map below, comes
#   back, runs past the minimum to $\theta[0] = 3.39$, and has settled from step 233.
# - **Nesterov** looks ahead, feels the slope rise and brakes earlier: out to 3.21, and settled from step 186.

# %% [markdown]
# - **Adagrad, RMSprop, Adam** set off *diagonally*, in equal steps for both coordinates, though one slope is almost
#   three times the other. They divide the steepness out, and so the plain is no slower than the wall. RMSprop has
#   settled from step 227; Adam is 0.06 away and closing in.
# - **Adagrad** remembers the wall for ever: $G$ holds its huge squares, and the steps on the plain are small. It is
#   still 0.19 away.
# - **Adadelta** begins with steps of 0.003, the size that its $\epsilon$ allows, and has to learn larger ones from its
#   own updates. After 300 steps it is still on its way down.

# %% [markdown]
# ## Out of a saddle
#
# The second animation shows a saddle, $J = \tfrac12(\theta[0]^2 - \theta[1]^2)$. The start is $(-1.7, 0.01)$: nearly on
# the ridge, the line $\theta[1] = 0$ along which everything leads to the saddle. Section 5 called saddles the main
# obstacle in deep networks. Who gets away from it soon?
#
# "Soon" should be a number: the first step after which the walk is farther from the saddle than some radius.

# %% [markdown] exercise="escape_step" points=3
# ### Exercise: the escape
#
# Return the smallest $t$ with $\lVert\theta_t - \theta_\text{saddle}\rVert > r$, and `None` where the walk never gets
# there. The norm is Euclidean.
#
# Hint: First the distances of all points. Then: at which index does something happen for the first time?
#
# Hint: `np.linalg.norm(path - saddle, axis=1)` has all distances. Beware of `argmax`, which says 0 both for "at the
# start" and for "never".
#
# Hint: With `far` as the comparison of these distances with `radius`: `int(np.argmax(far))` if `far.any()`, otherwise
# `None`.

# %%
on_saddle = {
    "GD": gd_stepper(0.05),
    "momentum": momentum_stepper(0.05, 0.9),
    "Nesterov": nesterov_stepper(0.05, 0.9),
    "Adagrad": adagrad_stepper(0.3),
    "RMSprop": rmsprop_stepper(0.05, 0.9),
    "Adadelta": adadelta_stepper(0.9),
    "Adam": adam_stepper(0.05, 0.9, 0.999),
}

# %% figure="saddle" alt="Seven paths on a saddle from the left, just above the ridge. Gradient descent, momentum and Nesterov follow the ridge to the saddle and turn off there, momentum and Nesterov after running a little beyond it; Adagrad, RMSprop and Adam leave the ridge diagonally from the first step, Adadelta goes almost straight up."
plots.race_animation(
    "saddle",
    one_by_one(race, on_saddle, saddle.gradient, saddle.start, 120),
    ghosts={name: recordings.ghost(f"s14_visualization/saddle, {name}") for name in on_saddle},
    title="Seven methods on a saddle",
)

# %% [markdown]
# Two families. **Gradient descent, momentum and Nesterov** go where the slope is steep, straight to the saddle. There
# it is flat in all directions, and they must wait until the small offset has grown. (Momentum overshoots meanwhile, to
# 0.81 on the other side, Nesterov to 0.56.) **Adagrad, RMSprop, Adadelta and Adam** divide each coordinate by its own
# past size: however small the slope across the ridge, the step across is as long as the step along.
#
# How much does it matter how near to the ridge one starts? Your `escape_step` knows. The radius is 2, and `None` stands
# for a walk that hasn't left within 500 steps (or isn't written yet).

# %%
print("offset  ", *(f"{name:>8}" for name in on_saddle))
for offset in (0.1, 0.01, 1e-4, 1e-6):
    steps = one_by_one(
        race, on_saddle, saddle.gradient, np.array([-1.7, offset]), 500,
        keep=lambda path: escape_step(path, np.zeros(2), 2.0),
    )
    print(f"{offset:<8g}", *(f"{step()!s:>8}" for step in steps.values()))

# %% [markdown]
# **Gradient descent** multiplies the offset by $1 + \eta = 1.05$ in each step. For every factor of 100 by which it
# starts nearer to the ridge it needs $\ln 100 / \ln 1.05 \approx 94$ steps more: 109, 203, 298. **Momentum** and
# **Nesterov** multiply by more, and pay 25 and 23 to 24.
#
# **Adagrad, RMSprop and Adam** hardly care: 9 or 10, 20 to 22, and 36 steps, from an offset of 0.01 down to a
# millionth. That Adagrad is first owes to its rate of 0.3. That they don't care is their nature: their first step
# across the ridge has the same length for every offset that is large against what $\epsilon$ adds, $10^{-4}$ for Adagrad
# and RMSprop, which have it inside the root, and $10^{-8}$ for Adam.

# %% [markdown] question="on_the_ridge" points=1
# ### Question
#
# Now start exactly on the ridge, at $(-1.7, 0)$. Which of the seven leave it? Set `on_the_ridge` to the letter of
# your answer, in quotes. (Then let it run.)
#
# - **a.** Adagrad, RMSprop, Adadelta and Adam, since they enlarge small gradients.
# - **b.** None of them.
# - **c.** Momentum and Nesterov, since they arrive at the saddle with a velocity.
# - **d.** Adam alone, since its correction makes the first steps larger.

# %% [markdown]
# In practice nobody starts exactly there, and mini-batches push one off in any case: noise is the cheapest way out of a
# saddle.
#
# ## A real landscape
#
# Two parameters make good pictures and poor evidence. So let your methods train the small network of section 5: four
# layers of width 10 with a skip connection, 261 weights, 300 points on two spirals. A stepper doesn't notice: theta is
# just longer.

# %% figure="network" alt="Training loss of a small network over 500 steps, on a logarithmic axis, for seven methods: Adam falls fastest at first and ends near 0.02 like momentum, which first shoots up to 1.06; Nesterov is at 0.08, Adagrad at 0.06, RMSprop at 0.17, gradient descent and Adadelta near 0.3."
on_network = on_saddle | {
    "GD": gd_stepper(0.3), "momentum": momentum_stepper(0.1, 0.9), "Nesterov": nesterov_stepper(0.1, 0.9),
    "Adagrad": adagrad_stepper(0.1), "RMSprop": rmsprop_stepper(0.01, 0.9), "Adam": adam_stepper(0.02, 0.9, 0.999)}
points, first = landscapes.points()[0], networks.initial_weights(np.random.default_rng(14), blocks=1, width=10, skip=True)
lines = one_by_one(
    race, on_network, lambda theta: networks.steady(networks.gradient(networks.unflat(theta, first), points, skip=True)),
    networks.flat(first), 500,
    keep=lambda path: [networks.loss(networks.unflat(theta, first), points, skip=True) for theta in path[::5]])
ghosts = {name: recordings.ghost(f"s14_visualization/network, {name}").path for name in lines}
plots.curves(range(0, 501, 5), lines, ghosts=ghosts, logy=True,
             xlabel="step t", ylabel="training loss", title="Your methods train a network")

# %% [markdown]
# Each step takes all 300 points (`steady` rounds the gradient, so that all computers see the same run). Adam is below
# 0.1 after 155 steps, momentum after 255, Adagrad after 280, Nesterov after 305; RMSprop, Adadelta and gradient descent
# don't get there.
#
# No run is smooth. Momentum was up at 1.06 on the way, higher than at the start, and within five steps Nesterov's loss
# once jumped by 0.47 and Adam's by 0.20: a rate that is right most of the time isn't right everywhere.
#
# Is Adam the best, then? This is one start, one network, one rate for each method, and the *training* loss. With other
# rates the order changes: try it.

# %% [markdown]
# ## What a race can show
#
# The slide's animations are convincing, and prove little. The start was chosen, the rates were chosen, and nobody paid
# for the search. In a careful comparison every method gets the same effort in tuning, on many problems, and then the
# differences shrink: R. Schmidt, F. Schneider and P. Hennig (ICML 2021,
# [arXiv:2007.01547](https://arxiv.org/abs/2007.01547)) found that trying several optimisers with their defaults helps
# about as much as tuning one of them.
#
# What a race does show is *how* a method moves, and that you can now explain.

# %% [markdown]
# ## Break it
#
# The adaptive methods saw the flat direction since it lay along an axis. Turn the saddle by 45 degrees, $J =
# -\theta[0]\,\theta[1]$, and the starts with it. For gradient descent nothing changes. Predict: what will the table say
# for Adagrad, RMSprop and Adam?

# %%
turned = objectives.get("quadratic", hessian=[[0.0, -1.0], [-1.0, 0.0]])
print("offset  ", *(f"{name:>8}" for name in on_saddle))
for offset in (0.1, 0.01, 1e-4, 1e-6):
    steps = one_by_one(
        race, on_saddle, turned.gradient, np.array([offset - 1.7, offset + 1.7]) / np.sqrt(2), 500,
        keep=lambda path: escape_step(path, np.zeros(2), 2.0),
    )
    print(f"{offset:<8g}", *(f"{step()!s:>8}" for step in steps.values()))

# %% [markdown]
# <details><summary>What happened</summary>
#
# Gradient descent, momentum and Nesterov need as many steps as before, to the last one: they know no axes. The others
# have lost their advantage. Seen from both axes the ridge is equally steep, so there is nothing to divide out, and they
# walk along it to the saddle like the rest. Adagrad now needs 46 steps from an offset of 0.01 and 112 from a millionth,
# Adam 104 and 202, RMSprop 53 and 72. Adadelta takes 440 steps from an offset of 0.1, and from a millionth more than
# 500.
#
# To scale each coordinate by itself is a bet: that the axes of the parameters mean something. For the weights of a
# network it often pays.
#
# </details>

# %% [markdown]
# ## Recap
#
# A stepper is `(theta, state, gradient_of, t) -> (theta, state)`; one loop runs all. Every method here takes one
# gradient a step.
#
# | method | rule, coordinate by coordinate | arrays in its state | to be chosen |
# |---|---|---|---|
# | gradient descent | $\theta - \eta g$ | 0 | $\eta$ |
# | momentum | $\nu = \gamma\nu + \eta g$, $\;\theta - \nu$ | 1 | $\eta$; $\gamma = 0.9$ |
# | Nesterov | the same with $g$ at $\theta - \gamma\nu$ | 1 | $\eta$; $\gamma = 0.9$ |
# | Adagrad | $G = G + g^2$, $\;\theta - \eta g/\sqrt{G + \epsilon}$ | 1 | $\eta$ |
# | RMSprop | $E = \gamma E + (1-\gamma)g^2$, $\;\theta - \eta g/\sqrt{E + \epsilon}$ | 1 | $\eta$; $\gamma = 0.9$ |
# | Adadelta | $\theta - g\,\mathrm{RMS}[\Delta\theta]/\mathrm{RMS}[g]$ | 2 | $\gamma = 0.9$, and $\epsilon$ sets the start |
# | Adam | $\theta - \eta\,\hat m/(\sqrt{\hat v} + \epsilon)$ | 2, and $t$ | $\eta$; $\beta_1, \beta_2$ |

# %% [markdown]
# - **Momentum** is fast along and overshoots; **Nesterov** brakes earlier.
# - **Adaptive** methods see flat directions that lie along the axes; turned, they don't.
# - **Saddles:** the offset grows by a factor in each step; adaptive methods replace its size by the rate. Exactly on
#   the ridge nobody leaves without noise.
#
# **In PyTorch / Keras / Optax:** your stepper is Optax's idea: `state = optimizer.init(theta)`, then
# `updates, state = optimizer.update(gradient, state)`, a pure function. `torch.optim` keeps the state inside the
# optimizer object and changes the parameters in place, and so does `keras.optimizers`; there, each walk needs an
# optimizer of its own.
#
# Animations of this kind became known through A. Radford's pictures in S. Ruder's overview
# ([arXiv:1609.04747](https://arxiv.org/abs/1609.04747)), sections 4 and 5 of which are a good second reading of this
# lecture.
