# %% [markdown]
# # 0. Start here
#
# How does this course work, and what happens when an answer is wrong? Ten minutes with one small exercise show all of it.
#
# After this you can
#
# - write an answer, check it, and read what a check says;
# - tell which line of a figure is yours;
# - find your way through the course, with or without an instructor.
#
# **Time:** about 10 minutes. **Before this:** Python functions and numpy arrays. **Core path:** do it once.

# %% setup
import numpy as np

from descentlab import check, plots, recordings

# %% [markdown]
# ## What a notebook is made of
#
# Each notebook is a section of the lecture on optimisation methods. You read, run the cells from the top (Shift+Enter), and at some
# places a function is missing: that is an **exercise**, and you write it. It is always short, seldom more lines than the formula.
# Everything after it uses *your* function: the figures, the experiments, the exercises that build on it.
#
# The cell below an exercise is its **check**. It compares your function with recorded values of a right one, on this computer,
# without a network, as often as you like.

# %% [markdown] exercise="mean_squared_error" points=2
# ### Exercise: how wrong is a prediction?
#
# A model predicts $\hat y_1, \dots, \hat y_n$ where $y_1, \dots, y_n$ would be right. Return the mean of the squared differences,
#
# $$\frac 1n \sum_{i=1}^{n} (\hat y_i - y_i)^2 .$$
#
# Replace `# YOUR CODE HERE` and the `...` below it; keep the function's name and its arguments. If you are stuck, unfold the hints
# one after the other. Each says more than the one before.
#
# Hint: There are three steps: a difference for each entry, its square, and one mean of all. In which order?
#
# Hint: With numpy arrays `prediction - target` is the array of all differences, and `** 2` squares every entry.
#
# Hint: Put `(prediction - target) ** 2` into `np.mean`, and return that.

# %% [markdown]
# ## When it is wrong
#
# A failed check is no exam that you have lost. It says what was tried, and where your result first differs, with both numbers.
# Where your numbers are exactly those of a mistake that others have made, it names the mistake.
#
# See one fail on purpose. This cell hands the check a function that takes the mean of each column by itself.

# %%
def column_by_column(prediction, target):
    squares = (prediction - target) ** 2
    return squares.mean(axis=0)


check("mean_squared_error", {"mean_squared_error": column_by_column})

# %% [markdown]
# Read it from the top. The first line has the points. Each line with a mark is one thing that was tried: ✓ it is right, ✗ it is
# not. Below a ✗ stands the first place where the two part. The last paragraph is about the mistake. Here the vectors came out
# right, and earn their share of the points.
#
# An answer with nothing right in it makes the check appear as an error of its cell. Nothing is broken then, and *Run All Cells* goes
# on to the end. And some mistakes nobody has thought of yet: then you have the numbers alone, and the hints.

# %% [markdown] question="first_difference" points=1
# ### Question
#
# Questions are answered with a letter. Of a loop that makes a point in every step a check says: *step 3, theta[1]: yours 0.5,
# expected 0.7*. What do you know? Set `first_difference` to the letter of your answer, in quotes.
#
# - **a.** Step 3 is the only one that is wrong.
# - **b.** Steps 1 and 2 agree; in step 3 the second coordinate is the first that does not.
# - **c.** Three coordinates are wrong, and theta[1] is the worst.
# - **d.** The loop must end after two steps.

# %% [markdown]
# ## Your function in a figure
#
# Take five measurements, and a model with one parameter, $\hat y = \theta x$. How wrong the model is depends on $\theta$ alone, and
# your function says how much. Drawn over $\theta$, that is the function which the rest of the course will minimise: the **loss**
# $J(\theta)$.
#
# In every figure the pale band is the course's own result, and the line is yours. Where the line runs in the middle of the band,
# the two agree. While the function is not written, the figure says so.

# %% figure="loss" alt="The mean squared error of the model over its parameter: a parabola, lowest near theta = 2."
x = np.array([0.5, 1.0, 1.5, 2.0, 2.5])
y = np.array([1.2, 1.8, 3.1, 4.2, 4.7])
thetas = np.linspace(0.0, 4.0, 81)
plots.curves(
    thetas,
    {"J(θ)": lambda: [mean_squared_error(theta * x, y) for theta in thetas]},
    ghosts={"J(θ)": recordings.ghost("s00_start/loss").path},
    xlabel="parameter θ", ylabel="mean squared error J(θ)",
    title="How wrong is the model ŷ = θx?",
)

# %% [markdown]
# The lowest point lies near $\theta = 2$. With one parameter you find it by looking. A network has millions of them, and nobody can
# look. What can be computed, at any point, is the slope. How to get down with nothing but that is what the lecture is about.

# %% [markdown]
# ## Your way through the course
#
# - The **core path** is the six sections that everything else rests on: gradient descent (2), momentum (6), Nesterov (7), Adagrad
#   (9), RMSprop (10) and Adam (12), about four hours. Each section says how long it takes and what should come before it.
# - `descentlab progress`, typed in a terminal, shows how far you are and which exercise is next. Save the notebooks first.
# - **Validate**, in the toolbar, runs a notebook from the top in a fresh kernel and lists what does not pass: do that before you
#   hand in.
# - An experiment under the heading *Break it* is not graded. Predict before you run it. To have been wrong, and to know why, is the
#   point of it.
#
# Where the slides of the lecture are loose, a notebook says so; where a library does it otherwise, the last cell says how.

# %% [markdown]
# ## Recap
#
# - Write the function, run its cell, run the check.
# - A check says what was tried, where you first differ, and which mistake it looks like.
# - The line is yours, the band is the reference.
#
# **In PyTorch / Keras / Optax:** what you have written is `torch.nn.functional.mse_loss`, `keras.losses.MeanSquaredError` and the
# mean of `optax.squared_error`. In `optax.l2_loss` a factor ½ is built in, so that its gradient is free of the 2.
