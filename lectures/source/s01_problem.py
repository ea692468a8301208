# %% [markdown]
# # 1. The problem
#
# All methods of this course look for the same thing, and all may ask the same question on the way. What do they look for, what may
# they ask, and what does the answer tell them?
#
# After this section you can
#
# - say what $\arg\min$ asks for, and what can become of it;
# - write a quadratic, its gradient and its lowest point, for any matrix that has one;
# - read from a gradient what it says, and not read from it what it doesn't;
# - compute the gradient of any function from its values, and say how exact it is and what it costs.
#
# **Time:** about 45 minutes. **Before this:** [the start](../s00_start/s00_start.ipynb); partial derivatives, Taylor's series,
# matrix products, eigenvalues of a symmetric matrix. **Core path:** no, but where gradients are rusty it is the place to begin.

# %% setup
import numpy as np

from descentlab import check, objectives, plots, recordings

tilted = objectives.get("quadratic", hessian=[[2, 1], [1, 2]], minimum=[1, 0.5])
valleys = objectives.get("himmelblau")

# %% [markdown]
# ## What is looked for
#
# In the start notebook the model had one parameter, and its loss was a curve. Let $\theta$ now be all parameters of a model, an array
# of any size, and $J(\theta)$ still one number: how bad the model is with them. The lecture's first line says what we want. Write it
# as
#
# $$\theta_* = \arg\min_\theta J(\theta).$$
#
# The slide has $\min$ there, and means this. $\min_\theta J(\theta)$ is a height, one number. $\arg\min_\theta J(\theta)$ is the
# *place* where that height is reached, the parameters themselves. Take $J(\theta) = (\theta - 2)^2 + 5$: the minimum is 5, and
# $\theta_* = 2$. A trained model is the place.

# %% [markdown]
# | sign | in code | English | Russian |
# |---|---|---|---|
# | $\theta$ | `theta` | parameters | параметры |
# | $J$ | `J` | the function to minimise, the loss | целевая функция |
# | $\theta_*$ | | minimum, as a place: where $J$ is smallest | точка минимума |
# | $\nabla_\theta J$ | `gradient` | gradient, all partial derivatives of $J$ | градиент |
# | | | level line: all places of one height | линия уровня |
# | $A$, $b$ | `A`, `b` | matrix and vector of a quadratic | матрица и вектор квадратичной функции |
# | $h$ | `h` | step of a difference | шаг разности |
#
# There may be several such places, if two valleys are equally deep, and there may be none: $J(\theta) = \theta$ falls for ever. So
# before one searches, it is good to know a family of functions for which everything can be worked out.

# %% [markdown]
# ## A function that can be solved
#
# The simplest functions with a lowest point are of second degree. In $d$ parameters that is a **quadratic**,
#
# $$J(\theta) = \tfrac12\,\theta^\top A\,\theta - b^\top\theta
# = \tfrac12 \sum_{i,j} a_{ij}\,\theta_i\theta_j - \sum_i b_i\theta_i ,$$
#
# with a $d \times d$ matrix $A$ and a vector $b$. With one parameter it is the parabola $\tfrac12 a\theta^2 - b\theta$. The ½ is there
# for its derivative, $a\theta - b$, which is free of a 2.
#
# You have met one: the mean squared error of the start notebook is a quadratic in $\theta$, up to a constant.

# %% [markdown] exercise="quadratic" points=2
# ### Exercise: its value
#
# Return $J(\theta)$, one number. `A` need not be symmetric; the formula is the same.
#
# Hint: Which of the products in the formula are products of a matrix and a vector, and which of two vectors? What is the shape of each
# result?
#
# Hint: With numpy's arrays `A @ theta` is a vector and `b @ theta` a number. A row and a column need no distinction.
#
# Hint: Half of `theta @ A @ theta`, less `b @ theta`.

# %% [markdown]
# What can a quadratic look like? Here are three matrices, all with $b = 0$. Before you run the cell: which of them has a lowest
# point? It is hard to tell from the numbers.

# %% figure="shapes" alt="Three quadratics as surfaces, and below each its level lines. The bowl has ellipses around its lowest point. The gutter has parallel lines: it is level along its floor. The saddle has hyperbolas: it rises one way and falls the other."
shapes = {"bowl": [[2, 2], [0, 2]], "gutter": [[1, 2], [0, 1]], "saddle": [[1, 2], [2, -1]]}
plots.surfaces(
    {name: lambda theta, A=A: quadratic(theta, np.array(A), np.zeros(2)) for name, A in shapes.items()},
    box=((-2, 2), (-2, 2)), levels=[-4.5, -2, -0.5, 0.5, 2, 4.5, 8],
    ghosts={name: recordings.ghost("s01_problem/shapes", number=i).path for i, name in enumerate(shapes)},
    title="Three quadratics, from the side and from above",
)

# %% [markdown]
# The figure draws your function twice: as a surface, and from above by its **level lines**, each of which joins places of one height.
# Where they are close together, it is steep.
#
# The bowl has one lowest point. The gutter has a whole line of them. The saddle has none: along one direction it falls without end.
# So $\arg\min$ is one place, many, or none. Yet the bowl and the gutter look alike as matrices. What tells them apart comes with the
# gradient.

# %% [markdown]
# ## What a gradient says
#
# The gradient at $\theta$ holds the slope along each coordinate, $\partial J / \partial \theta_i$, in an array of $\theta$'s shape. A
# short step $v$ then changes $J$ by
#
# $$J(\theta + v) - J(\theta) \approx \nabla J(\theta) \cdot v = |\nabla J|\,|v| \cos\varphi,$$
#
# where $\varphi$ is the angle between the step and the gradient. Three things can be read from this line.
#
# - Across the gradient, $\cos\varphi = 0$ and $J$ does not change: **the gradient is at right angles to the level line**.
# - Along the gradient, $\cos\varphi = 1$: no other step of this length rises as much. Against it, none falls as much.
# - At a minimum it is zero, or some step would lead lower.

# %% [markdown]
# ## The gradient of a quadratic
#
# In the double sum, $\theta_k$ appears where $i = k$, in row $k$ of $A$, and where $j = k$, in column $k$. Each gives its share:
#
# $$\frac{\partial J}{\partial \theta_k} = \tfrac12 \sum_j a_{kj}\theta_j + \tfrac12 \sum_i a_{ik}\theta_i - b_k,
# \qquad \nabla J(\theta) = \tfrac12 (A + A^\top)\,\theta - b .$$
#
# $\tfrac12(A + A^\top)$ is the **symmetric part** of $A$, and it is all that $J$ sees: $\theta^\top A\,\theta$ is a number, and so it
# equals its own transpose $\theta^\top A^\top\theta$. Books mostly take $A$ symmetric from the start, and then write $A\theta - b$.

# %% [markdown] exercise="quadratic_gradient" points=3
# ### Exercise: its gradient
#
# Return $\nabla J(\theta)$ for any $A$, symmetric or not, as a new array.
#
# Hint: The formula has three matrices and vectors in it, and one of them appears twice. How is a matrix transposed in numpy?
#
# Hint: `A.T` is the transpose. First add, then multiply by `theta`, then halve; `b` is subtracted whole.
#
# Hint: Half of `(A + A.T) @ theta`, less `b`.

# %% [markdown]
# ## A gradient on the map
#
# The next figure is driven by both of your functions. Move the point: the blue line joins all places where *your* $J$ is what it is at
# the point, and the arrow is *your* gradient. (A longer gradient has a longer arrow, but not in proportion.)
#
# Look for answers to three questions. Where is the arrow long, and where short? At which angle does it leave the line? And from which
# places does its opposite lead straight to the star?

# %% figure="explore" alt="The level lines of a tilted bowl, ellipses around a minimum at (1, 0.5). At the point (-1, 1.5) the gradient is (-3, 0): its arrow stands at right angles to the level line through the point, and its opposite passes well above the minimum."
A, b = np.array([[2.0, 2.0], [0.0, 2.0]]), np.array([2.5, 2.0])
plots.GradientMap(
    tilted,
    lambda theta: quadratic_gradient(theta, A, b),
    value=lambda theta: quadratic(theta, A, b),
    at=[-1, 1.5], title="The bowl, with b = (2.5, 2)",
)

# %% [markdown]
# The arrow is long where the lines are close together, and it shrinks towards the minimum. It leaves the line at 90 degrees wherever
# you stand. And its opposite hardly ever leads to the star: from $(-1, 1.5)$ the gradient is $(-3, 0)$, and going against it one
# passes the minimum at a distance of 1. A gradient knows what is steepest *here*. It doesn't know where the valley ends.

# %% [markdown] question="points_downhill" points=1
# ### Question
#
# You stand on the bowl, not at its minimum, and take a step along $-\nabla J$. What is certain? Set `points_downhill` to the letter of
# your answer, in quotes.
#
# - **a.** The step leads straight towards $\theta_*$.
# - **b.** $J$ is smaller after the step, however long it is.
# - **c.** $J$ is smaller after the step, if it is short enough.
# - **d.** $\theta_*$ is reached if the step is as long as the gradient.

# %% [markdown]
# ## The lowest point
#
# At the minimum the gradient is zero, and for a quadratic that is a system of linear equations:
#
# $$\tfrac12 (A + A^\top)\,\theta_* = b .$$
#
# But the gradient is zero in the middle of a saddle, too. How can we be sure? Go from there by any step $v$, of any length. The terms
# with one $v$ cancel, and what is left is exact:
#
# $$J(\theta_* + v) = J(\theta_*) + \tfrac12\, v^\top A\, v .$$
#
# So $\theta_*$ is the one lowest point exactly if $v^\top A\, v > 0$ for every $v \neq 0$. The symmetric part of $A$ is then called
# **positive definite**. It is so when all eigenvalues *of the symmetric part* are above zero. Bowl: 1 and 3. Gutter: 0 and 2.
# Saddle: one of each sign.

# %% [markdown] exercise="quadratic_minimizer" points=4
# ### Exercise: argmin, or a refusal
#
# Return $\theta_*$. Where $J$ has no single lowest point, raise a `ValueError` that says so: a number would be believed.
#
# Mind rounding. An eigenvalue that is zero on paper may come out as $10^{-17}$, of either sign, so compare it with a small share of
# the largest one, not with zero.
#
# Hint: There are two jobs: to find out whether there is a minimum, and to solve a system of equations. Which matrix do both work
# with? (For the gutter `np.linalg.eigvals(A)` gives 1 and 1.)
#
# Hint: `np.linalg.eigvalsh` gives the eigenvalues of a symmetric matrix, smallest first, and `np.linalg.solve(S, b)` the solution of
# $S\theta = b$.
#
# Hint: Compute `S = (A + A.T) / 2` and its eigenvalues. Where the first is at most `1e-12` times the size of the last, `raise
# ValueError(...)` with your sentence; otherwise return the solution for `S` and `b`.

# %% [markdown]
# In the start notebook you saw from the curve that the best slope for five measurements is near 2. The mean of $(\theta x_i - y_i)^2$
# is a quadratic with $a = \tfrac2n\sum x_i^2$ and $b = \tfrac2n\sum x_i y_i$, so now you can compute it.

# %%
x, y = np.array([0.5, 1.0, 1.5, 2.0, 2.5]), np.array([1.2, 1.8, 3.1, 4.2, 4.7])
best = quadratic_minimizer(np.array([[2 * np.mean(x * x)]]), np.array([2 * np.mean(x * y)]))
if best is not None:
    print(f"θ* = {best[0]:.4f}")

# %% [markdown]
# Why then a course about search? Because a network's loss is no quadratic, and solving is out of reach even where it is one: a
# million parameters make a matrix of $10^{12}$ entries. What remains is to stand somewhere, ask, and go on.

# %% [markdown]
# ## What may be asked
#
# The slide's second line: *at any point we can compute* $\nabla_\theta J(\theta)$. All methods of this course use that, and nothing
# else. But how, if $J$ is a program, and not a formula with a derivative that you can write down?
#
# One way needs nothing but values. A slope is a difference over a distance. Go a little to both sides, along one coordinate:
#
# $$\frac{\partial J}{\partial \theta_i} \approx \frac{J(\theta + h e_i) - J(\theta - h e_i)}{2h},$$
#
# where $e_i$ is 1 at entry $i$ and 0 elsewhere. This is the **central difference**.

# %% [markdown] exercise="numerical_gradient" points=4
# ### Exercise: a gradient from values
#
# Return all central differences in an array of `theta`'s shape. `theta` may have any shape, a single number and a matrix included, and
# may hold whole numbers, to which nothing small can be added. It must come out of your function as it went in.
#
# Hint: Each entry needs two points that differ from `theta` in that entry alone. What happens to the second entry if the first has not
# been put back?
#
# Hint: `np.ndindex(theta.shape)` runs over the indices of an array of any shape. `np.array(theta, dtype=float)` is a copy that can
# hold fractions.
#
# Hint: For each index `i` make `step = np.zeros_like(theta)` (of the float copy), set `step[i] = h`, and store the difference of
# `J(theta + step)` and `J(theta - step)`, divided by `2 * h`, at `i`.

# %% [markdown]
# Now any function has a gradient. This one, Himmelblau's, has four valleys, and $J = 0$ at the bottom of each: four places are
# $\arg\min$ alike. The arrow is your `numerical_gradient`, which knows nothing of the formula.

# %% figure="anywhere" alt="The level lines of Himmelblau's function, with four minima. At the point (0.5, 2.5) the arrow of the numerical gradient points to the lower left, up a broad hill between the valleys. The level line through the point has two parts: one around the valley at the lower left, one around the other three."
plots.GradientMap(
    "himmelblau", lambda theta: numerical_gradient(valleys.value, theta), at=[0.5, 2.5],
    title="Four valleys, asked for values only",
)

# %% [markdown]
# ## How small should h be?
#
# Taylor's series says what the difference leaves out. The terms with $h$ cancel between the two sides, and what is left is about
# $\tfrac16 h^2 |J'''|$. With one side only, $(J(\theta + h) - J(\theta))/h$, they stay: $\tfrac12 h\,|J''|$. So make $h$ tiny?
#
# The figure tries it with $J = \theta^3$ at $\theta = 0.7$, for $h$ from a half down to $10^{-13}$. Predict both lines before you
# run it.

# %% figure="step_size" alt="Error of the difference over h, both axes logarithmic. That of the central difference falls steeply with h, to about 1e-12 near h = 2e-6, and then rises again, raggedly, along the dotted line. That of the one-sided difference falls half as steeply, to about 1e-8 near h = 1e-8, and rises as well."
h, slope = 0.5 ** np.arange(1, 45), 3 * 0.7 * 0.7
lines = {
    "central": lambda: [abs(numerical_gradient(lambda t: t * t * t, np.array(0.7), step) - slope) for step in h],
    "one side": lambda: abs(((0.7 + h) ** 3 - 0.7**3) / h - slope),
}
plots.curves(
    h, lines, ghosts={"central": recordings.ghost("s01_problem/step_size").path},
    theory={"theory, h² + εJ/h": lambda h: h**2 + 2.2e-16 * 0.343 / h},
    xlabel="h", ylabel="error of the slope", title="A long step is inexact, a short one is lost in rounding",
    logx=True, logy=True,
)

# %% [markdown]
# From the right both errors fall as theory says, one with slope 2, one with slope 1. Then they rise again. A float has 16 digits, so
# $J$ is known to about $\varepsilon|J|$, $\varepsilon = 2.2 \cdot 10^{-16}$, and that uncertainty is divided by $h$. In all
#
# $$\text{error} \approx \tfrac16 h^2 |J'''| + \frac{\varepsilon |J|}{h} .$$
#
# For numbers of ordinary size the sum is smallest between $h = 10^{-6}$ and $10^{-5}$, where ten or eleven digits are right. Hence
# the default. A one-sided difference has about eight at its best.

# %% [markdown]
# ## What it costs
#
# Two values of $J$ for each parameter, $2d$ in all. Let a model have a million of them and its loss take a tenth of a second: *one*
# gradient then takes $2 \cdot 10^5$ seconds, more than two days.
#
# What makes training possible is **automatic differentiation**. A program that computes $J$ is a chain of simple operations, each
# with a derivative that is known. Run it once and keep what each operation made. Then go back, from $J$ to $\theta$, and multiply
# the derivatives by the chain rule. That gives all $d$ slopes in one pass, for a few times the price of $J$ itself, whatever $d$
# is, and without any $h$. By hand, for the loss of the start notebook:

# %%
theta = np.array(0.5)
error = theta * x - y              # forwards, keeping what each line makes
J = np.mean(error**2)
dJ_derror = 2 * error / len(error)  # backwards: from J to the errors,
dJ_dtheta = np.sum(dJ_derror * x)   # and from the errors to theta
print("one pass back:    ", dJ_dtheta)
print("from values alone:", numerical_gradient(lambda theta: np.mean((theta * x - y) ** 2), theta))

# %% [markdown]
# Libraries write the backward lines for you; by hand they are easily got wrong, and nothing complains. That is what numerical
# gradients are for today: to *check* a gradient that was derived, at a few points of a small example.
#
# And *at any point* is said a little loosely. At a kink, as $|\theta|$ has at zero, there is no gradient, and a library picks some
# number between the slopes of both sides.

# %% [markdown]
# ## Break it
#
# Add a constant to $J$. The whole surface is lifted, and no slope changes. Predict what your function, with its default $h$, says of
# $\theta^3 + c$ at $\theta = 0.7$, where the slope is 1.47.

# %%
for c in (0, 1e4, 1e8, 1e12):
    found = numerical_gradient(lambda theta, c=c: theta**3 + c, np.array(0.7))
    if found is not None:
        print(f"c = {c:g}: {found:.6f}")

# %% [markdown]
# <details><summary>What happened</summary>
#
# The formula subtracts two values that are nearly equal, and each is rounded to 16 digits of its *own* size. At $c = 10^{12}$ floats
# are $1.2 \cdot 10^{-4}$ apart, while the two values differ by $3 \cdot 10^{-6}$: they become the same number, and the slope is zero.
# To whoever believes it, every point is a minimum.
#
# A loss that is summed over many examples is large, and so is the damage. In single precision, with 7 digits instead of 16, $h =
# 10^{-6}$ is useless even for a $J$ of 1. Before blaming a formula, compare with another $h$.
#
# </details>

# %% [markdown]
# ## Recap
#
# - **Problem:** $\theta_* = \arg\min J(\theta)$, a place; there may be one, several, or none.
# - **A quadratic** $\tfrac12\theta^\top A\theta - b^\top\theta$ has the gradient $\tfrac12(A + A^\top)\theta - b$, and one lowest point
#   exactly if $\tfrac12(A + A^\top)$ is positive definite.
# - **A gradient** stands at right angles to the level line, points where $J$ rises most, is as long as it is steep, and knows nothing
#   of what is farther off.
# - **Cost of a gradient:** by central differences $2d$ values of $J$; by automatic differentiation a few times one value, and
#   memory for what the operations made.
#
# **In PyTorch / Keras / Optax:** `loss.backward()` puts the gradient into `.grad` of each parameter; Keras leaves that to its backend;
# Optax takes what `jax.grad` returns. `torch.autograd.gradcheck` compares with central differences, with `eps=1e-6` and in double
# precision, as you have.

# %% [markdown]
# Sources: A. Griewank and A. Walther, *Evaluating Derivatives*, 2nd edition, 2008, for the price of automatic differentiation.
# A. Baydin, B. Pearlmutter, A. Radul and J. Siskind, *Automatic differentiation in machine learning: a survey*, JMLR 18, 2018,
# [arXiv:1502.05767](https://arxiv.org/abs/1502.05767). J. Nocedal and S. Wright, *Numerical Optimization*, 2nd edition, 2006, section
# 8.1, on the choice of $h$.
