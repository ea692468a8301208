# %% [markdown]
# # 2. Gradient descent
#
# A function can be steep in one direction and flat in another, and all you may ask of it is its slope where you stand. How do you
# get down, and how long a stride dare you take?
#
# After this section you can
#
# - write one step of gradient descent, and the loop around it;
# - say from a Hessian which learning rates converge, which one is best, and how fast it then goes;
# - recognise in a picture whether a rate is too small, right, or too large, and why.
#
# **Time:** about 45 minutes. **Before this:** gradients and eigenvalues of a symmetric matrix. **Core path:** yes.

# %% setup
import numpy as np

from descentlab import check, constant, objectives, plots
from descentlab.explorer import Explorer

ravine, well = objectives.get("ravine"), objectives.get("double_well")

# %% [markdown]
# ## The problem
#
# We look for the parameters where a function is smallest,
#
# $$\theta_* = \arg\min_\theta J(\theta),$$
#
# and we can compute the gradient $\nabla_\theta J(\theta)$ at any point. (The slides write $\theta_* = \min_\theta J(\theta)$. What
# is meant is the place of the minimum, not its height.)
#
# In machine learning $J$ is a loss summed over all examples, and $\theta$ holds every weight of a model: millions of numbers. Nobody
# draws such a function. But each difficulty of the large case is already there with one or two parameters, where it can be drawn.

# %% [markdown]
# ## The rule
#
# At a point, the gradient is the direction of steepest ascent. So go the other way, a little:
#
# $$\theta_t = \theta_{t-1} - \eta_t \, \nabla_\theta J(\theta_{t-1}), \qquad t = 1, 2, \dots$$
#
# | sign | in code | English | Russian |
# |---|---|---|---|
# | $\theta_t$ | `theta` | parameters after step $t$ | параметры |
# | $J$ | `J` | the function to minimise, the loss | целевая функция |
# | $\nabla_\theta J$ | `gradient` | gradient | градиент |
# | $\eta_t$ | `lr` | learning rate of step $t$ | темп обучения |
#
# Steps are numbered from 1: step $t$ makes $\theta_t$ out of $\theta_{t-1}$. Each coordinate moves by itself, so the same line serves
# a number, a vector and a matrix.

# %% [markdown] exercise="gd_step" points=2
# ### Exercise: one step
#
# Write the rule. The gradient has been computed already; your function gets its value.
#
# Return a new array and leave `theta` as it is: whoever called you may still need the old point.
#
# Hint: Read the formula from left to right. What stands where $\theta_{t-1}$, $\eta_t$ and $\nabla_\theta J$ stand?
#
# Hint: numpy multiplies an array by a number coordinate by coordinate, so no loop is needed.
#
# Hint: Take `theta`, subtract from it the product of `lr` and `gradient`, and return the result of that expression. Avoid `-=`: it
# changes the caller's array.

# %% [markdown]
# ## The loop, and what a schedule is
#
# The rate carries an index, $\eta_t$: it may change from step to step. A **schedule** is a function that says how, $t \mapsto
# \eta_t$; in this course it is a plain Python function that is called with $t = 1, 2, \dots$ The simplest one is given:
# `constant(0.1)` returns the schedule whose rate is 0.1 for ever. [Section 8](../s08_schedules/s08_schedules.ipynb) builds others.
#
# What does a step cost? On the slides this is *batch* gradient descent: the gradient of the whole sum, so every example is
# looked at for a single step. There is no online mode in which a new example could be learned by itself. The number of
# gradient calls is therefore the price of a run, and the check counts them.

# %% [markdown] exercise="gradient_descent" points=4
# ### Exercise: the walk
#
# Start at `theta0`, make `n_steps` steps, and return **all** points, `theta0` first: `n_steps + 1` of them, stacked along a new
# first axis. Step $t$ uses the rate `schedule(t)`, $t = 1, 2, \dots$, and asks for the gradient exactly once, at the point where the
# step begins. Make it with your `gd_step`.
#
# Hint: How many points do three steps join? Begin your list before the loop.
#
# Hint: The loop runs over $t = 1, \dots, n$, both ends included. In step $t$ you need the rate `schedule(t)` and the gradient at the
# last point of your list.
#
# Hint: `for t in range(1, n_steps + 1):`, and in it append `gd_step(points[-1], gradient_of(points[-1]), schedule(t))`. Return
# `np.array(points)`.

# %% [markdown]
# ## What the rate does
#
# Your own function drives the figures from here on. The pale band is the course's reference; where your line runs inside it, you agree.
#
# The first landscape is a ravine, $J(\theta) = \tfrac12 (\theta[0]^2 + 20\,\theta[1]^2)$: twenty times steeper across than along. (In
# brackets stands the coordinate, counted as in Python; an index below, as in $\theta_0$, is always a step.) Before you look: which
# of the four rates would you take?

# %% figure="ravine" alt="Four walks in a ravine: the smallest rate crawls, 0.05 goes straight and is still on its way, 0.095 leaps from wall to wall and arrives first, 0.101 leaps out and away."
plots.walks(
    "ravine",
    lambda lr: gradient_descent(ravine.gradient, ravine.start, constant(lr), n_steps=60),
    ghost="s02_gradient_descent/ravine",
    title="Four rates in a ravine",
    lr=[0.005, 0.05, 0.095, 0.101],
)

# %% [markdown]
# The smallest rate crawls. At 0.05 the path goes straight and is still on its way. At 0.095 it leaps from wall to wall, and arrives
# first. At 0.101, barely more, every leap is longer than the one before. So there is a limit between the last two, and a best rate
# not far below it. We can find both.
#
# Now move the rate and the start yourself. At which rate does the swing across the ravine just fail to close in? Does the start
# change that?

# %% figure="explore" alt="A walk in the ravine at rate 0.05 under sliders for the rate and the start: it goes straight down the long axis and is still on its way after 60 steps."
Explorer(
    "ravine",
    lambda lr, start=ravine.start: gradient_descent(ravine.gradient, start, constant(lr), n_steps=60),
    ghost="s02_gradient_descent/ravine",
    method="GD",
    title="Gradient descent in the ravine",
    lr=(0.005, 0.12),
)

# %% [markdown]
# The second landscape has two valleys, and the start is on the right. The deep valley is on the left.

# %% figure="double_well" alt="Four walks on a double well: with rates up to 0.3 the walk ends in the shallow right valley, with 0.4 it leaps over the hill into the deep one."
plots.walks(
    "double_well",
    lambda lr: gradient_descent(well.gradient, well.start, constant(lr), n_steps=60),
    ghost="s02_gradient_descent/double_well",
    title="Two valleys: the nearest is not the deepest",
    lr=[0.02, 0.1, 0.3, 0.4],
)

# %% [markdown]
# Gradient descent goes down where it stands; it knows nothing of valleys elsewhere. With a small rate it needs many steps and is
# caught in the nearest minimum. A large one may leap out, by luck and not by insight, and may leap out of the right valley as well.

# %% [markdown]
# ## How large a rate can be
#
# Near a minimum every smooth function looks like a quadratic, $J(\theta) = \tfrac12 (\theta - \theta_*)^\top H (\theta - \theta_*)$,
# where $H$ is the Hessian, the matrix of second derivatives. Put its gradient $H(\theta - \theta_*)$ into the rule:
#
# $$\theta_t - \theta_* = (I - \eta H)\,(\theta_{t-1} - \theta_*).$$
#
# Along an eigenvector of $H$ with eigenvalue $\lambda$ the error is simply multiplied by $1 - \eta\lambda$, in each step. Everything
# about the rate is in these factors, so the eigenvalues come first. The argument needs all of them above zero: $H$ must be
# **symmetric positive definite**. Anything else deserves an error, not a number.

# %% [markdown] exercise="hessian_spectrum" points=2
# ### Exercise: the eigenvalues, or a refusal
#
# Return the eigenvalues of `hessian`, smallest first. Raise a `ValueError` for a matrix that isn't symmetric (up to rounding), and
# for one that has an eigenvalue of zero or less.
#
# Hint: `np.linalg` has several functions for eigenvalues; one of them is made for symmetric matrices. Does it notice when the matrix
# isn't?
#
# Hint: `np.linalg.eigvalsh` reads one triangle only and sorts its result. Test the symmetry first, with `np.allclose`.
#
# Hint: If `hessian` and `hessian.T` are not close, raise. Compute `eigenvalues = np.linalg.eigvalsh(hessian)`; if `eigenvalues[0] <= 0`,
# raise. Then return them.

# %% [markdown]
# ## The limit, the best rate, and the speed
#
# Call the smallest eigenvalue $\mu$ and the largest $L$. The run converges when every factor is smaller than 1 in size:
#
# $$|1 - \eta\lambda| < 1 \ \text{ for all } \lambda \quad\Longleftrightarrow\quad 0 < \eta < \frac{2}{L}.$$
#
# The steepest direction sets the limit. In the ravine $L = 20$: the limit is 0.1, and the figure agrees.
#
# How fast is it? As fast as its slowest direction, the largest $|1 - \eta\lambda|$. Only the two extremes can be the worst: $\mu$
# when the rate is small, $L$ when it is large. The best rate makes them equal,
#
# $$1 - \eta\mu = \eta L - 1 \quad\Longrightarrow\quad \eta_\text{best} = \frac{2}{L + \mu}, \qquad
# \text{factor } \frac{\kappa - 1}{\kappa + 1}, \quad \kappa = \frac{L}{\mu}.$$

# %% [markdown] exercise="max_stable_lr" points=2
# ### Exercise: the limit
#
# Return the rate below which gradient descent converges. Your `hessian_spectrum` refuses bad matrices for you.
#
# Hint: Which direction is the first to diverge as the rate grows?
#
# Hint: Set $|1 - \eta L| = 1$ and look for the solution that isn't zero.
#
# Hint: It is two divided by the largest eigenvalue, the last entry of `hessian_spectrum(hessian)`.

# %% [markdown] exercise="optimal_lr" points=2
# ### Exercise: the best rate
#
# Return the constant rate whose worst factor is smallest.
#
# Hint: Draw $|1 - \eta\mu|$ and $|1 - \eta L|$ over $\eta$. Where is the larger of the two at its lowest?
#
# Hint: Where they cross: one is still falling, the other rises again.
#
# Hint: Two divided by the sum of the first and the last eigenvalue.

# %% [markdown] exercise="contraction_factor" points=3
# ### Exercise: the speed
#
# Return the factor by which a step multiplies the error in the worst direction. Below 1 the run converges, above 1 it diverges; at
# the best rate it is $(\kappa - 1)/(\kappa + 1)$.
#
# Hint: Each direction has a factor of its own. Which of them is left after many steps?
#
# Hint: A factor of −1.2 is worse than one of 0.9: what counts is the size.
#
# Hint: The maximum of `np.abs(1 - lr * hessian_spectrum(hessian))`.

# %% [markdown]
# ## Theory against your run
#
# $J$ is quadratic in the error, so theory lets $J(\theta_t) - J(\theta_*)$ shrink by the square of your factor in each step: the
# dotted lines. The lines are your run, the pale bands the reference.

# %% figure="speed" alt="Loss over the step on a logarithmic axis for four rates: straight lines, the steepest for 0.095, rising for 0.101, each parallel to its dotted theoretical line."
plots.losses(
    "ravine",
    lambda lr: gradient_descent(ravine.gradient, ravine.start, constant(lr), n_steps=60),
    ghost="s02_gradient_descent/ravine",
    rate=lambda lr: contraction_factor(ravine.hessian(ravine.start), lr),
    title="Error against step, and what theory says",
    lr=[0.02, 0.05, 0.095, 0.101],
)

# %% [markdown]
# On a logarithmic axis the runs become straight lines as soon as the slowest direction is the only one left. That is what is meant
# by *linear* convergence: a constant factor in each step. With $\kappa = 100$ even the best factor is $99/101 \approx 0.98$, which is
# about 115 steps for every further decimal digit of $\theta$. Long ravines are slow, and no constant rate helps; this is what
# momentum is for.

# %% [markdown] question="large_rate" points=1
# ### Question
#
# On $J(\theta) = \tfrac12 \lambda \theta^2$ the rate is a little above $2/\lambda$. What does gradient descent do? Set `large_rate` to
# the letter of your answer, in quotes.
#
# - **a.** It crawls towards the minimum, too slowly to be of use.
# - **b.** It is caught in a local minimum.
# - **c.** It overshoots the minimum, by more in every step.
# - **d.** It swings to and fro for ever with the same width.

# %% [markdown]
# ## Break it
#
# In the ravine, where $L = 20$, the rate 0.095 is just **below** the limit. Now let $J$ be three times as large everywhere: the same
# minimum, the same rings, and each slope three times as steep. Predict before you run: is the rate still safe?

# %%
for scale in (1, 3):
    valley = objectives.get("quadratic", hessian=scale * ravine.hessian(ravine.start))
    points = gradient_descent(valley.gradient, ravine.start, constant(0.095), n_steps=60)
    if points is not None:
        error = np.linalg.norm(points[-1])
        print(f"J multiplied by {scale}: the error after 60 steps is {error:.3g}")

# %% [markdown]
# <details><summary>What happened</summary>
#
# Multiplying $J$ by 3 changes no minimum, yet it multiplies every eigenvalue by 3, and the limit $2/L$ falls to a third. The rate
# has units: those of $\theta^2 / J$. Whoever changes the sum over a batch into a mean, or the unit of a feature, changes which rates
# are safe. The methods of later sections try to be rid of this.
#
# </details>

# %% [markdown]
# ## Recap
#
# - **Rule:** $\theta_t = \theta_{t-1} - \eta_t \nabla_\theta J(\theta_{t-1})$.
# - **Cost of a step:** one gradient over all examples; no memory besides $\theta$.
# - **Converges** on a quadratic exactly for $0 < \eta < 2/L$; best at $2/(L + \mu)$ with the factor $(\kappa - 1)/(\kappa + 1)$.
# - **Too small:** many steps, and the nearest minimum. **Too large:** it overshoots, and beyond $2/L$ it diverges.
#
# **In PyTorch / Keras / Optax:** `torch.optim.SGD(params, lr)`, `keras.optimizers.SGD(learning_rate)`, `optax.sgd(learning_rate)`, all
# with momentum at zero. The loss is usually the *mean* over a batch, where this course has the sum: their rate is ours times the
# size of the batch.
#
# Further reading: L. Bottou, F. Curtis and J. Nocedal, *Optimization methods for large-scale machine learning*, SIAM Review 60, 2018,
# section 4.
