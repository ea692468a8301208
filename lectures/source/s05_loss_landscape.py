# %% [markdown]
# # 5. The loss landscape
#
# The loss of a neural network has hills, ravines and countless minima. Gradient descent sees one slope at a time, and
# promises nothing beyond the next valley. **So why do we use it at all?**
#
# After this section you can
#
# - tell from a Hessian whether a critical point is a minimum, a maximum or a saddle, and when it doesn't say;
# - find the directions in which a saddle lets you out;
# - draw the landscape round a trained network so that two networks can be compared;
# - say what skip connections do to it, what of this was measured here, and which claims about landscapes are in dispute.
#
# **Time:** about 50 minutes. **Before this:** [gradient descent](../s02_gradient_descent/s02_gradient_descent.ipynb),
# eigenvalues of a symmetric matrix. **Core path:** no.

# %% setup
from functools import partial
from itertools import islice

import numpy as np

from descentlab import check, landscapes, networks, plots, recordings

# %% [markdown]
# ## The problem
#
# In section 2 a ball that rolled into the shallow valley of the double well stayed there. With one parameter that is the
# normal case: a smooth curve goes down, then up, and between two valleys there is a hill.
#
# A network has thousands of parameters, and in that many dimensions our pictures mislead. To be caught, *every* direction
# must lead up. How likely is that? What does the landscape look like where it isn't so? And how does one look at a
# surface over thousands of dimensions?

# %% [markdown]
# ## Where the gradient is zero
#
# Gradient descent can stand still only at a **critical point**, where $\nabla J(\theta) = 0$. Near one, a small step
# $\delta$ changes the loss by
#
# $$J(\theta + \delta) - J(\theta) \approx \tfrac12\,\delta^\top H\,\delta,$$
#
# with the Hessian $H$ of section 2. Along an eigenvector of $H$ the loss curves upwards where the eigenvalue is positive,
# and downwards where it is negative.
#
# | eigenvalues | English | Russian |
# |---|---|---|
# | all positive | minimum | минимум |
# | all negative | maximum | максимум |
# | some positive, some negative | saddle point | седловая точка |
# | some zero, the rest of one sign | degenerate critical point | вырожденная критическая точка |
# | negative: its eigenvector | direction of escape | направление побега |

# %% [markdown]
# The fourth case needs care. If an eigenvalue is zero and no two have opposite signs, the second order leaves the question
# open: $x^2 + y^4$ has a minimum at zero, $x^2 - y^4$ falls away along $y$, and both have the same Hessian there. A zero
# among eigenvalues of *both* signs changes nothing: up one way and down another is a saddle.
#
# Computed eigenvalues are never exactly zero. So a tolerance says what counts as zero: all from $-$`tol` to `tol`.

# %% [markdown] exercise="classify_critical_point" points=3
# ### Exercise: what kind of point
#
# Return one of the words `"minimum"`, `"maximum"`, `"saddle"`, `"degenerate"`.
#
# Hint: Which of the four words can you be sure of, even if you know nothing about the eigenvalues that are zero?
#
# Hint: `np.linalg.eigvalsh` gives the eigenvalues of a symmetric matrix. Make two arrays of truth values from them: which
# lie above `tol`, and which below `-tol`. An eigenvalue in neither of them is zero.
#
# Hint: If `up.any() and down.any()`, it is a saddle. After that, if some eigenvalue is in neither array, it is
# degenerate. What is left has one sign throughout.

# %% [markdown] exercise="escape_directions" points=2
# ### Exercise: the ways out
#
# Return the directions of escape as the columns of a matrix, each of length 1 and at right angles to the others. At a
# minimum there are none: a matrix of $n$ rows and no columns.
#
# Hint: Eigenvectors of a symmetric matrix are at right angles already. Which function returns them together with the
# eigenvalues, and how does it arrange them?
#
# Hint: `values, vectors = np.linalg.eigh(hessian)`: the eigenvector of `values[i]` is the column `vectors[:, i]`.
#
# Hint: An array of truth values picks columns: `vectors[:, mask]`. It works as well if none is picked.

# %% [markdown]
# Four Hessians of two parameters, and what your functions say of them. The arrows are your ways out.

# %% figure="kinds" alt="Four maps of ½xᵀHx: a bowl called minimum, without arrows; a saddle whose arrows lie along one diagonal; a hill called maximum with arrows along both axes; a trough, flat in one direction, called degenerate, without arrows."
plots.critical_points(
    {
        "eigenvalues 1 and 2": [[1.0, 0.0], [0.0, 2.0]],
        "eigenvalues −1 and 3": [[1.0, 2.0], [2.0, 1.0]],
        "eigenvalues −1 and −2": [[-1.0, 0.0], [0.0, -2.0]],
        "eigenvalues 0 and 2": [[1.0, 1.0], [1.0, 1.0]],
    },
    classify_critical_point,
    escape_directions,
    title="Critical points, and the directions of escape",
)

# %% [markdown]
# ## Why minima are rare
#
# The diagonal of the second matrix is positive: along both axes the loss rises, and between them it falls. With more
# parameters there are more such hidden ways.

# %% [markdown]
# Imagine, then, that each of $n$ eigenvalues got its sign by the toss of a coin. A critical point would be a minimum with
# probability $2^{-n}$: for a hundred weights, less than $10^{-30}$. The coin is a caricature, as the eigenvalues of one
# matrix depend on each other, and it gets fairer or less fair with the height. But for large random functions theory
# finds something like it: high up nearly all critical points are saddles with many ways out, and only low down do minima
# appear (Y. Dauphin et al., NIPS 2014, [arXiv:1406.2572](https://arxiv.org/abs/1406.2572)).
#
# That is the answer which the slide gives: where gradient descent could be caught, it has usually arrived.

# %% [markdown]
# ## A saddle you can hold
#
# Here is a small network: two inputs, one block of two layers with six units each, one output, 109 weights. It is to tell
# two spirals apart. Its loss is the mean cross-entropy over 200 points. With a **skip connection** what goes into the
# block is added to what comes out of it; without, it isn't.
#
# Set all its weights to zero. It answers 0 for every point, the loss is $\ln 2 = 0.693$, and since half of the points
# belong to either class, the gradient is zero as well: a critical point, exactly. Which kind? Guess before you run, with
# the skip connection and without.

# %%
points = networks.two_spirals(np.random.default_rng(1), 200)
start = networks.initial_weights(np.random.default_rng(2), blocks=1, width=6, skip=True)
silent = [np.zeros_like(array) for array in start]
bent = {skip: networks.hessian(silent, points, skip=skip) for skip in (True, False)}
for skip, hessian in bent.items():
    slope = np.linalg.norm(networks.flat(networks.gradient(silent, points, skip=skip)))
    print(f"skip={skip}: gradient {slope:.0e}, {classify_critical_point(hessian, tol=1e-6)}")

# %% [markdown]
# With the skip connection it is a saddle: 6 directions lead down, 7 up, 96 are flat. Without it the Hessian has one
# eigenvalue above zero, 0.25, and 108 that are zero. Degenerate: no way out to second order.

# %% [markdown]
# ## On the way down
#
# Now let the network with the skip connection learn, from random weights: 2000 steps on all points, by gradient descent
# with momentum (section 6). At sixteen of them we stop and look at the Hessian. How many of the 109 directions curve
# downwards by more than 0.001?
#
# These are points on the way, no critical points: the gradient isn't zero. What is counted is the curvature under the
# network's feet. Predict: does the share fall with the loss, rise, or stay?

# %%
stops = (1, 3, 10, 30, 60, 100, 200, 300, 400, 500, 600, 700, 850, 1000, 1500, 2000)
walk = networks.training(start, points, skip=True, lr=lambda t: 0.05)
seen = [weights for t, weights in enumerate(islice(walk, 2000), start=1) if t in stops]
heights = [networks.loss(weights, points, skip=True) for weights in seen]
hessians = [networks.hessian(weights, points, skip=True) for weights in seen]

# %% figure="ways_out" alt="Share of directions that curve downwards over the training loss, which falls to the right: 36 per cent at a loss of 0.75, 27 per cent at 0.3, 10 per cent at 0.04, none at 0.005."
plots.ways_out(
    heights,
    lambda: [escape_directions(hessian, tol=1e-3).shape[1] / len(hessian) for hessian in hessians],
    ghost=recordings.ghost("s05_loss_landscape/ways_out").path,
    title="The lower, the fewer directions lead down",
)

# %% [markdown]
# From 39 directions at the start to none at the end: the slide's "fewer directions of escape" in a network of your own.
#
# Look at the tolerance, though. With $10^{-6}$ in its place, 27 directions still count as downwards at the end, all of
# them nearly flat. Most of a trained network's Hessian is close to zero, and the word *minimum*, in its strict sense,
# hardly ever applies. What we call so is a place that is low, and flat in most directions.

# %% [markdown]
# ## How to look at it
#
# To see a landscape over thousands of weights, cut it with a plane. Take the trained weights $\theta$ and two random
# directions $d_1, d_2$, and draw
#
# $$f(\alpha, \beta) = J(\theta + \alpha\,d_1 + \beta\,d_2).$$
#
# How long should the directions be? A step of a given length does little to a network with large weights, and much to one
# with small ones: one and the same kind of valley would look wide in the first and narrow in the second. So H. Li et al.
# (NeurIPS 2018, [arXiv:1712.09913](https://arxiv.org/abs/1712.09913)) measure a step by the weights it moves. The unit is
# a **filter** (фильтр): all weights that lead into one unit. Each filter $i$ of a layer is scaled to the length of its
# own counterpart,
#
# $$d_i \leftarrow \frac{d_i}{\lVert d_i\rVert}\,\lVert\theta_i\rVert .$$

# %% [markdown]
# $\alpha = 0.1$ then means: each unit's weights change by a tenth of their length.
#
# A network here is a list of arrays. A matrix has a row for each unit of its layer, so that its filters are its rows. In
# a convolution, an array of four axes, a filter is everything under one index of the *first* axis. Biases are no filters:
# in the direction they become zero, and so they stay as they are when one walks.

# %% [markdown] exercise="filter_normalize" points=4
# ### Exercise: filter normalisation
#
# Scale a direction to its network. Return a new list of arrays. Beware of a filter of zeros: it has no direction, and
# stays zero.
#
# Hint: Go through both lists together, an array at a time. What do you do first: look at the number of axes, or compute a
# norm?
#
# Hint: The norm of each filter is a sum of squares over all axes but the first, `tuple(range(1, d.ndim))`, then a root.
# With `keepdims=True` the result has the shape that multiplies the array filter by filter.
#
# Hint: Multiply `d` by `wanted / np.where(length > 0, length, 1.0)`: where the length is zero, the filter is zero, and
# stays so whatever divides it. For an array with `d.ndim < 2` append `np.zeros(d.shape)`.

# %% [markdown] exercise="loss_surface" points=3
# ### Exercise: the surface
#
# Return $J$ at all points of the plane, a row for each $\alpha$, a column for each $\beta$. `loss` takes a list of
# arrays, like `weights`; ask it once for each point, and leave the weights as they were.
#
# Hint: At one point $(\alpha, \beta)$, what is the list of arrays at which the loss is wanted?
#
# Hint: `[w + alpha * x + beta * y for w, x, y in zip(weights, d1, d2)]` makes a new list and changes none of the old
# arrays.
#
# Hint: Two loops, the outer one over `alphas`, the inner one over `betas`: a list of rows. Make an array of it at the
# end.

# %% [markdown]
# ## Out of the saddle
#
# A line is a surface with a single $\beta$. Your two functions walk from the network of zeros along your first direction of
# escape, with the skip connection and without, and along the steepest way up. The ways out span six dimensions; the band
# shows one of them, and another basis gives a line a little above or below it.

# %%
loss = {skip: partial(networks.loss, points=points, skip=skip) for skip in (True, False)}
up = np.linalg.eigh(bent[True])[1][:, -1]
ways = {
    "your way out, with skip": (True, lambda: escape_directions(bent[True], 1e-6)[:, 0]),
    "your way out, without": (False, lambda: escape_directions(bent[True], 1e-6)[:, 0]),
    "the steepest way up, with skip": (True, lambda: up),
}

# %% figure="silent" alt="Loss over the distance from the network of zeros. With a skip connection it falls on both sides along the direction of escape, and rises along the steepest way up; without, it stays at 0.693 everywhere along the same direction."
distances = np.linspace(-1.2, 1.2, 41)
plots.curves(
    distances,
    {
        name: lambda skip=skip, way=way: loss_surface(
            loss[skip], silent, networks.unflat(way(), silent), silent, distances, [0.0])[:, 0]
        for name, (skip, way) in ways.items()
    },
    ghosts={name: recordings.ghost("s05_loss_landscape/zeros", way=k).path for k, name in enumerate(ways)},
    xlabel="distance from the network of zeros", ylabel="J", title="The saddle where all weights are zero",
)

# %% [markdown]
# Without the skip connection the signal has to pass through four matrices one after the other. While three of them are
# zero, moving the fourth changes nothing. The skip connection is a way round the block: two matrices are enough, and the
# product of two bends the loss.
#
# Keep this in mind. A deep network without skip connections has a plateau at $\ln 2$ round the point of zeros, and it is
# flat to a higher order the deeper the network is.

# %% [markdown]
# ## Two networks, two maps
#
# Now larger networks: 18 layers of width 10, trained on 300 points in 3000 mini-batch steps, with the same random numbers
# for weights and batches. Only the skip connections differ. Training both takes a few seconds.

# %%
examples, _ = landscapes.points()
kinds = {"18 layers with skip": True, "18 layers without": False}
nets = {name: landscapes.trained(18, skip=skip) for name, skip in kinds.items()}
loss_of = {name: partial(networks.loss, points=examples, skip=skip) for name, skip in kinds.items()}
for name, weights in nets.items():
    print(f"{name}: training loss {loss_of[name](weights):.4f}")

# %% [markdown]
# Two numbers stand above each map. The **sharpness** is the average rise of the loss at a distance of ¼ from the middle,
# where each unit's weights have changed by about a quarter. *Curved downwards* is the share of the points up to a
# distance of ½ at which the map's own 2 × 2 Hessian has a negative eigenvalue: where it isn't convex. The scale of the
# colours is logarithmic.

# %% figure="surfaces" alt="Two maps of the training loss round networks of 18 layers. With skip connections a wide smooth basin, sharpness 0.52, 40 per cent of the points near the middle curved downwards; without, a smaller hollow among ridges, sharpness 1.02 and 70 per cent. The thin lines of the record follow the edges of the colours."
axis = landscapes.grid_axis(21)
plots.loss_surfaces(
    {
        name: lambda name=name, weights=weights: loss_surface(
            loss_of[name], weights, *[filter_normalize(d, weights) for d in landscapes.directions(weights)], axis, axis)
        for name, weights in nets.items()
    },
    axis,
    recorded={name: landscapes.chosen(18, skip=skip)[0] for name, skip in kinds.items()},
    title="Your surfaces",
)

# %% [markdown]
# ## The slide's networks
#
# Li et al. drew such maps for ResNets on CIFAR-10, with skip connections and without ("-NS"). These are the slide's
# numbers, the test errors:
#
# | network | with skip connections | without |
# |---|---|---|
# | ResNet-20 | 7.37 % | 8.18 % |
# | ResNet-56 | 5.89 % | 13.31 % |
# | ResNet-110 | 5.79 % | 16.44 % |
#
# With skip connections depth helps; without, it hurts. And the maps of the deep networks without them were chaotic, with
# ridges and hollows, while the others stayed nearly convex.
#
# Does a network that fits into a notebook show the same? For this course networks of 6, 18 and 54 layers were trained as
# above, ten of each kind, from different first weights.

# %% figure="recorded" alt="Six maps. Above, with skip connections, 6, 18 and 54 layers: a basin in the middle of each, test errors of 5.7 per cent, 4 to 9 pits. Below, without: 6 and 18 layers have smaller basins, the latter among ridges with 13 pits, and test errors of 4 per cent; 54 layers is one even colour with 39 pits, test error 50 per cent."
plots.recorded_landscapes(seed=0, title="Trained for this course, the same seed for all six")

# %% [markdown]
# One seed shows a shape, and may mislead about a number: among these six the two shallow networks *without* skip
# connections have the lower test errors. So look at all ten.

# %% figure="measures" alt="Four panels over the number of layers, a point for each of ten networks. Test error: about 5 per cent for all with skip connections, and without at 6 layers; at 18 without, nine at 4 to 7 per cent and one at 33; at 54 without 34 to 50. Pits: 4 to 7 on average with, rising from 8 over 19 to 47 without. Curved downwards: 60 to 77 per cent on average, a little more without. Sharpness: 1.05 to 1.41 on average, but for the 54 layers without, which are at zero."
plots.measures(title="What was measured: ten networks of each kind, and their means")

# %% [markdown]
# A *pit* is a point of the map's 41 × 41 that is lower than the eight round it. What can be said of the six kinds, and
# what not?
#
# | layers | mean test error, with / without | pits, with / without | curved downwards, with / without |
# |---|---|---|---|
# | 6 | 4.8 % / 4.8 % | 4 / 8 | 73 % / 77 % |
# | 18 | 4.8 % / 7.5 % | 7 / 19 | 60 % / 72 % |
# | 54 | 4.9 % / 44.6 % | 7 / 47 | 68 % / 70 % |

# %% [markdown]
# - **6 layers:** no difference in the error; the maps differ little.
# - **18 layers:** nine of ten networks without skip connections learn as well as those with, between 3.85 % and 6.55 %.
#   The tenth is left at 33 %, and makes the mean. But all ten maps have more pits (13 to 25) than any with skip
#   connections (4 to 10).
# - **54 layers:** without skip connections none learns.

# %% [markdown]
# Does flat mean good? The map of the 54 layers without skip connections is the flattest of all: its sharpness is 0.0045 on
# average. It is the plateau of the network of zeros. Five of the ten stand within 0.0001 of the loss $\ln 2 = 0.693$, none
# is below 0.62, and the pits are ripples.
#
# Is it the rate? The whole was done again with 0.005 and with 0.05 in place of 0.02. At 54 layers without skip connections the
# mean error is 38 % and 48 % then: they don't learn either. At 18 layers it becomes 8 % and 36 %, so that the larger rate moves
# the failure to fewer layers. With skip connections it stays near 5 % at both depths.

# %% [markdown]
# So this isn't quite the slide's picture. The ResNets without skip connections had normalisation layers and learnt something
# even at 110 layers, in a rough landscape; ours, without such layers, at 54 learn nothing, on a plateau. And sharpness, the
# number most often quoted, hardly differs between our two kinds where both learn: 1.28 and 1.41 at 6 layers, 1.07 and 1.10 at
# 18.

# %% [markdown]
# ## What is claimed, and how firmly
#
# The slide makes three statements. They come from theory and experiments of 2014 and 2015, and have been tested since.

# %% [markdown]
# **Most local minima lie in a small subspace of the weights, and networks there have about equal test loss.** For large
# networks A. Choromanska et al. (AISTATS 2015, [arXiv:1412.0233](https://arxiv.org/abs/1412.0233)) derive it from a model
# in which the paths through a network are independent, as in a real one they are not. What is narrow in it is a band of
# *loss values*. In the space of weights there is no one cluster: exchange two units of a layer, with their weights, and
# the same network stands elsewhere. Nor are minima isolated: paths of low loss join them (F. Draxler et al., ICML 2018,
# [arXiv:1803.00885](https://arxiv.org/abs/1803.00885)). As for equal test losses: of our 30 networks with skip
# connections all have errors between 3.6 % and 6.25 %, and test losses from 0.14 to 0.37.

# %% [markdown]
# **Nearer to the global minima the landscape is more complex, and saddles have fewer directions of escape.** The second
# half is what your figure showed, along one run. Dauphin et al. saw it at critical points: the higher the loss, the more
# negative eigenvalues. Later work found that the searches for such points often end where the gradient is merely small
# (C. Frye et al., Neural Computation 2021, [arXiv:2003.10397](https://arxiv.org/abs/2003.10397)). The first half comes
# from the model: just above the global minimum lie minima in great number, higher up saddles with one way out, then with
# two, in layers. It was not tested here.

# %% [markdown]
# **In deep networks saddles, not local minima, are the main obstacle.** Random starts make gradient descent miss saddles
# with a way out, almost surely (J. Lee et al., COLT 2016, [arXiv:1602.04915](https://arxiv.org/abs/1602.04915)), but
# passing by many of them can take very long (S. Du et al., NIPS 2017,
# [arXiv:1705.10412](https://arxiv.org/abs/1705.10412)). The plateau above is an obstacle of this family, though no saddle
# in the strict sense: degenerate. And bad local minima exist: in small networks they are met. "Usually" is the right
# word, "never" isn't.

# %% [markdown] question="why_gradient_descent" points=1
# ### Question
#
# Why does gradient descent work on networks at all, according to the slide? Set `why_gradient_descent` to the letter of
# your answer, in quotes.
#
# - **a.** The loss of a network that is wide enough has one minimum and no saddles.
# - **b.** From a random start it finds the global minimum, almost surely.
# - **c.** Where it could be caught it has usually arrived: high up nearly all critical points have ways out, and minima
#   are about equally good.
# - **d.** At a saddle the gradient is largest, and carries it on.

# %% [markdown]
# ## Break it
#
# Draw the same two maps with the directions as they were drawn, without normalisation. Above, the network with skip
# connections was the flatter one, 0.52 against 1.02. Predict: what will happen to the two numbers, and to their order?

# %%
plots.loss_surfaces(
    {
        name: lambda name=name, weights=weights: loss_surface(
            loss_of[name], weights, *landscapes.directions(weights), axis, axis)
        for name, weights in nets.items()
    },
    axis,
    title="Without normalisation",
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# Both look sharper, and the order is turned round: 2.53 with skip connections, 1.70 without. Neither network has changed.
#
# Raw directions have about the same length for every filter, 3.2. In the network with skip connections the second matrix
# of each block began smaller, and has remained so: its filters have a mean length of 0.72, against 1.10 without. The same
# step is larger in relation to them. The map shows the scale of the weights, not the shape of the valley; Li et al. show
# how this misled comparisons of small and large batches.
#
# Even normalised sharpness isn't a property of the function that the network computes: other weights can compute the same
# function and be as sharp as you like (L. Dinh et al., ICML 2017, [arXiv:1703.04933](https://arxiv.org/abs/1703.04933)).
#
# </details>

# %% [markdown]
# ## Recap
#
# - **Kinds:** eigenvalues of both signs make a saddle, whatever is zero besides; otherwise zeros leave it open; otherwise
#   all up is a minimum, all down a maximum.
# - **Ways out:** eigenvectors with negative eigenvalues. Their share falls with the loss.
# - **A picture:** $J(\theta + \alpha d_1 + \beta d_2)$, each filter of a direction as long as its counterpart in the
#   weights.
# - **Cost:** a map of $n \times n$ points takes $n^2$ losses and no gradient; the Hessian of $k$ weights, by differences,
#   $2k$ gradients and $k^2$ numbers: for small networks alone.
# - **Skip connections** keep deep networks out of the plateau and their maps smooth. Here they made no difference at 6
#   layers, some at 18, and all the difference at 54.

# %% [markdown]
# **In PyTorch / Keras / Optax:** there is no such map in the libraries themselves. `torch.func.hessian`, `jax.hessian`
# and nested `tf.GradientTape`s give Hessians of small models; for large ones one computes products $Hv$ instead. The
# program of Li et al. is at [github.com/tomgoldstein/loss-landscape](https://github.com/tomgoldstein/loss-landscape).
#
# The slides cite a [review in Russian](https://habr.com/ru/post/351924/) for the three statements, and the
# [paper](https://arxiv.org/abs/1712.09913) for the maps.
