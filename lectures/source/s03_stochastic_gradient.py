# %% [markdown]
# # 3. SGD and mini-batches
#
# One step of gradient descent looks at every example there is. With a million of them, must you really see all before you may move
# at all? Or is one enough to know roughly where to go?
#
# After this section you can
#
# - say which functions are minimised in learning, and why that allows cheap steps;
# - deal out the examples of an epoch in mini-batches, with a run that can be repeated;
# - write a pass over the data, and predict what a larger batch does to its steps;
# - compute how noisy the gradient of a batch is;
# - explain why SGD is quickly near the minimum, and then does not arrive.
#
# **Time:** about 50 minutes. **Before this:** [gradient descent](../s02_gradient_descent/s02_gradient_descent.ipynb). **Core
# path:** no.

# %% setup
import numpy as np

from descentlab import check, objectives, plots, recordings
from descentlab.batches import average_step, measure_noise, run_batches, run_epochs

parabolas, logistic = objectives.get("parabolas"), objectives.get("logistic")

# %% [markdown]
# ## Which functions do we minimise?
#
# The slide asks this question, and answers: **big sums**,
#
# $$J(\theta) = \sum_{i=1}^{N} J_i(\theta).$$
#
# Each $J_i$ is the loss of one example: how badly the model with the parameters $\theta$ does on the $i$-th picture, sentence or
# patient. $N$ is large, and the gradient is a sum as well. Gradient descent has to process **all** examples for a single step, and
# it cannot begin before they are all there.
#
# But a sum of a million similar terms is known quite well after a hundred of them. Why compute the rest before taking a step?

# %% [markdown]
# ## The rule
#
# **SGD**, *stochastic gradient descent*, takes the gradient of one example and goes:
#
# $$\theta_t = \theta_{t-1} - \eta_t \nabla_\theta J_i(\theta_{t-1}).$$
#
# **Mini-batch SGD** takes a few of them:
#
# $$\theta_t = \theta_{t-1} - \eta_t \sum_{i \in \{i_1, \dots, i_k\}} \nabla_\theta J_i(\theta_{t-1}).$$
#
# Once all examples have been used, an **epoch** is over and the next one begins, in another order. The sum has no $1/k$ before it.
# Keep that in mind: it decides what the size of a batch does to a step.

# %% [markdown]
# | sign | in code | English | Russian |
# |---|---|---|---|
# | $N$ | `n` | number of examples | число объектов |
# | $J_i$ | | loss of example $i$ | функция потерь на объекте |
# | $\nabla_\theta J_i$ | `example_gradient(theta, i)` | its gradient | градиент на объекте |
# | $k$ or $b$ | `batch_size` | batch size | размер мини-батча |
# | $\{i_1, \dots, i_k\}$ | `batch` | mini-batch, an array of indices | мини-батч |
# | $\eta_t$ | `lr` | learning rate | темп обучения |
# | | `rng` | random number generator | генератор случайных чисел |
# | | | epoch, one pass over the data | эпоха |
# | | | region of uncertainty | регион неопределенности |

# %% [markdown]
# ## Dealing out an epoch
#
# The examples are dealt out like cards: shuffle once, then take from the top, so many at a time. Every example is in exactly one
# batch. If the numbers do not come out even, the last batch is shorter; its examples are not to be lost.
#
# Why shuffle? Data often lie sorted, by class or by date. Unshuffled, every batch would be of one kind, and the same batches would
# come again in every epoch.
#
# And where does the chance come from? From a **generator that is passed in**, `rng`, and from nowhere else. Whoever hands over a
# generator with the same seed gets the same run again, and can look for a mistake in it.

# %% [markdown] exercise="minibatches" points=4
# ### Exercise: one epoch
#
# Return the batches of one epoch: a list of arrays of indices from $0$ to $n-1$. All have `batch_size` of them but the last, which has
# what is left. Use `rng` alone for chance, and don't set its seed: it goes on by itself from epoch to epoch.
#
# Hint: Two things are to be done, in this order: shuffle, cut. Which method of a generator gives the numbers $0, \dots, n-1$ in
# random order?
#
# Hint: `rng.permutation(n)` does. The batches begin at $0, b, 2b, \dots$: what does a slice do that reaches beyond the end?
#
# Hint: With `order = rng.permutation(n)`, return the list of `order[first : first + batch_size]` for `first` in
# `range(0, n, batch_size)`. A slice that reaches too far is just shorter.

# %% [markdown] exercise="minibatch_gradient" points=2
# ### Exercise: the gradient of a batch
#
# Return the sum of the gradients of the batch's examples at `theta`, in theta's shape. `example_gradient(theta, i)` takes one index at a
# time; call it once for each.
#
# Hint: The batch holds the numbers of the examples. What does your loop run over: these, or $0, 1, 2, \dots$?
#
# Hint: A list of gradients, and then its sum. Which axis of it counts the examples?
#
# Hint: `np.sum([… for i in batch], axis=0)`, with the gradient of example `i` where the dots are.

# %% [markdown]
# ## What a larger batch does
#
# Before you go on to the loop, an experiment. The model is a logistic regression on 40 examples, $\theta$ stands at its start, and
# $\eta$ stays at 0.05. Predict: when the batch is doubled, what happens to the average step?

# %%
for batch_size in (1, 2, 4, 8):
    step = average_step(minibatches, minibatch_gradient, logistic, 0.05, batch_size)
    if step is not None:
        length = np.linalg.norm(step)
        print(f"batches of {batch_size}: {40 // batch_size:>2} steps an epoch, the average step is {length:.4f} long")

# %% [markdown]
# **With $b$ doubled and $\eta$ kept, the average step doubles**, exactly. The batch's gradient is a sum, so it has twice as many
# terms. There are half as many steps in an epoch, and an epoch goes about as far as before.
#
# Most libraries take the *mean* over the batch instead. There the step keeps its length, and an epoch goes half as far when $b$ is
# doubled. Both are the same method with another $\eta$: the mean's rate is $b$ times the sum's. But who changes the batch size in a
# program has to know which of the two it uses.

# %% [markdown] exercise="sgd_epoch" points=3
# ### Exercise: one pass
#
# Make a step for each batch, in the order given, and return $\theta$ after the last. Each gradient is taken where the step before has
# led. Leave the `theta` that came in as it was.
#
# Hint: At which point is the gradient of the second batch needed?
#
# Hint: A loop over `batches`; in it one line, which gives the name `theta` to a new array.
#
# Hint: In the loop: `theta = theta - lr * minibatch_gradient(example_gradient, theta, batch)`. After it, `return theta`.

# %% [markdown]
# ## The loss during training
#
# Thirty epochs with your functions, on the logistic regression, all with $\eta = 0.2$: one example a step, five, and all forty at
# once, which is gradient descent. The horizontal axis counts epochs, so what is beside each other has cost the same.
#
# Predict: which is the fastest in the first three epochs? And which is the lowest at the end? (The pale band is the reference with
# all forty. With fewer the order is drawn by chance, and yours may differ from anybody's.)

# %% figure="losses" alt="Loss above its minimum over thirty epochs on a logarithmic axis for one, five and forty examples a step. In the first five epochs all fall alike. Then the curves for one and five examples jump about between one and a ten-thousandth for ever, while that for all forty goes on falling to a hundred-millionth."
plots.epochs(
    "logistic",
    lambda batch_size: run_epochs(minibatches, sgd_epoch, logistic, 0.2, batch_size, n_epochs=30),
    batch_sizes=(1, 5, 40),
    ghosts={40: recordings.ghost("s03_stochastic_gradient/losses")},
    title="J during training, η = 0.2",
)

# %% [markdown]
# At first all three fall alike. Forty small steps, each in the direction of a single example, lead as far as one step in the right
# direction: the errors of the small steps cancel. But SGD has moved after the *first* example, and gradient descent only after the
# last. With a million examples that are all alike, SGD is done before gradient descent has begun.
#
# Then the noise takes over. Gradient descent goes on improving by the same factor in every epoch. The others jump about on a floor,
# for ever. This is the picture of the slide: easy to come near, hard to arrive.

# %% [markdown]
# ## The region of uncertainty
#
# Why does the noise not fade as the minimum comes near? Look at the simplest sum there is: parabolas on a line,
#
# $$J(\theta) = \sum_{i=1}^{12} \tfrac12 a_i (\theta - c_i)^2 ,$$
#
# each with a minimum $c_i$ of its own. To the left of all of them, every single example says *go right*; to the right of all,
# every one says *go left*. Whichever you draw, it is a step in the right direction.
#
# Between the smallest and the largest $c_i$ they disagree. There a random example knows nothing reliable about where the common
# minimum lies. The slide calls this the **region of uncertainty**.

# %% figure="region" alt="Left, twelve parabolas and their mean; the region between the smallest and the largest minimum, from -1.5 to 1.4, is shaded, with arrows that agree outside of it and disagree inside. Right, theta over eight epochs from 3.4: it is in the region after the first epoch for one, three and twelve examples a step; then one and three wander about the common minimum, and twelve settles on it."
orders = recordings.ghost("s03_stochastic_gradient/orders").path.astype(int)
plots.uncertainty(
    "parabolas",
    lambda batch_size: run_batches(sgd_epoch, parabolas, 0.1, orders.reshape(-1, batch_size)),
    batch_sizes=(1, 3, 12),
    ghosts={b: recordings.ghost("s03_stochastic_gradient/region", batch_size=b) for b in (1, 3, 12)},
    title="Easy to reach, hard to find your way in",
)

# %% [markdown]
# All three are in the region after the first epoch. Inside, the single examples pull to and fro: at the common minimum their
# gradients are as long as ever, and only their sum is zero. So $\theta$ wanders about it, and the width of its way is a matter of
# $\eta$. (L. Bottou, F. Curtis and J. Nocedal, SIAM Review 60, 2018, [arXiv:1606.04838](https://arxiv.org/abs/1606.04838),
# tell the story of SGD's quick start by the same picture, after D. Bertsekas, and call the region that of confusion.)
#
# There are three ways out. Take *larger batches*, up to all. Let *$\eta_t$ fall*, which is section 4. Or be content: if other
# data would move the minimum by more than the noise does, nothing is lost.

# %% [markdown] question="which_functions" points=1
# ### Question
#
# The slide asks which functions we minimise. What is it about them that makes a step along $-\nabla J_i$, for an $i$ drawn at random,
# of use in minimising $J$? Set `which_functions` to the letter of your answer, in quotes.
#
# - **a.** All $J_i$ have their minimum at the same place, which is that of $J$.
# - **b.** A step that lowers one $J_i$ lowers $J$ too, if the rate is small enough.
# - **c.** Near the minimum of $J$ all $\nabla J_i$ become small, so the errors fade by themselves.
# - **d.** $J$ is a sum, so that $\nabla J_i$ is on average $\nabla J / N$: the errors of many steps cancel.

# %% [markdown]
# ## How noisy is a batch?
#
# Draw a batch of $b$ different examples out of $n$, all equally likely. Its gradient is a sum of $b$ random terms. If the draws were
# independent, their variances would add up to $b\,\sigma^2$, where $\sigma^2$ is the variance over all examples,
#
# $$\sigma^2 = \frac1n \sum_{i=1}^n (g_i - \bar g)^2 .$$
#
# But no example is drawn twice, so each draw leaves less to the next. That takes a factor off:
#
# $$\operatorname{Var}\Bigl[\sum_{i \in \text{batch}} g_i\Bigr] = b\,\sigma^2 \cdot \frac{n - b}{n - 1}.$$
#
# For $b = 1$ the factor is 1. For $b = n$ it is zero: a batch of all examples is no matter of chance. All of it goes entry by entry.

# %% [markdown] exercise="minibatch_variance" points=3
# ### Exercise: the variance of a batch
#
# The rows of `example_gradients` are the gradients of all $n$ examples at one $\theta$. Return the variance of the sum over a batch, for
# each entry of $\theta$.
#
# Hint: Test what you write with two batch sizes that you know: what must come out for one, and what for all?
#
# Hint: `np.var` divides by $n$, as $\sigma^2$ does here. Along which axis do the examples lie?
#
# Hint: `np.var(example_gradients, axis=0)`, times `batch_size`, times `n - batch_size`, over `n - 1`, where `n` is the number of rows.

# %% [markdown]
# Is it true? The figure compares your formula with what your own batches do, two hundred epochs for each size, at the start of the
# logistic regression. Beside it stands the length of the batch's mean gradient: the signal in the noise.
#
# Predict: at which size is the signal as large as the noise?

# %% figure="noise" alt="Signal and noise over the batch size from 1 to 39, on a logarithmic axis. The mean gradient of a batch grows in proportion to the size, from 0.5 to 19. The noise, as your formula has it and as it is measured, rises like a root from 0.9 to 3 at 20 examples, and falls again to 0.9 at 39. The two cross between 3 and 4 examples."
sizes = range(1, 40, 2)
rows = logistic.example_gradient(logistic.start, np.arange(40))
plots.curves(
    sizes,
    {
        "noise, your formula": lambda: [np.sqrt(np.sum(minibatch_variance(rows, b))) for b in sizes],
        "noise, measured": lambda: measure_noise(minibatches, minibatch_gradient, logistic, sizes),
        "signal": lambda: [b * np.linalg.norm(np.mean(rows, axis=0)) for b in sizes],
    },
    ghosts={"noise, your formula": recordings.ghost("s03_stochastic_gradient/noise").path},
    xlabel="batch size b", ylabel="length of the gradient", logy=True,
    title="Signal grows like b, noise like its root",
)

# %% [markdown]
# While the batch is a small part of the data, the signal grows like $b$ and the noise like $\sqrt b$. So the gradient gets better in
# proportion to $\sqrt b$ only: **four times the work for half the relative noise.** So batches are usually small: about as
# many examples as the machine can process in one go.
#
# Beyond half of the data the noise falls again, since a batch is as noisy as what it leaves out.
#
# This is the noise of one step. Within an epoch it cancels further: what was drawn too often at first comes less often later.

# %% [markdown]
# ## Break it
#
# The parabolas once more, twenty epochs, now with $\eta = 0.25$. No curvature is larger than 1.5, so a single example is far from its
# limit: $0.25 \cdot 1.5 < 2$. Now the batch grows, and $\eta$ stays. Predict: at which batch size does it diverge?

# %%
for batch_size in (1, 3, 6, 12):
    path = run_epochs(minibatches, sgd_epoch, parabolas, 0.25, batch_size, n_epochs=20)
    if path is not None:
        print(f"batches of {batch_size:>2}: theta ends at {path[-1]:.2f}, {path[-1] - parabolas.minima[0]:.2f} from the minimum")

# %% [markdown]
# <details><summary>What happened</summary>
#
# A batch's gradient is $\sum a_i(\theta - c_i)$ over its examples, with the curvature $\sum a_i$. Its step converges for $\eta \sum
# a_i < 2$, as in section 2. All twelve curvatures add up to 10.6, so gradient descent wants $\eta < 0.19$. At $\eta = 0.25$ it
# multiplies the error by $1 - 2.66 = -1.66$ in every step, and ends at about 80 000.
#
# Batches of six have half of the curvature and are stable, with wide swings. So with sums the batch size and the rate cannot be
# chosen apart: *who doubles the batch without halving $\eta$ has doubled the step.* With means it would be the other way round.
#
# </details>

# %% [markdown]
# ## Recap
#
# - **Rule:** $\theta_t = \theta_{t-1} - \eta_t \sum_{i \in \text{batch}} \nabla J_i(\theta_{t-1})$: one example is SGD, all of them
#   gradient descent.
# - **Cost of a step:** $b$ gradients of single examples instead of $N$; nothing to remember. It also works online, when the examples
#   come in one after the other.
# - **An epoch** sees every example once, in an order that is drawn anew from one generator.
# - **With sums,** doubling the batch doubles the step. The noise of a step grows like $\sqrt b$, and is gone at $b = n$.
# - **Easy** to come into the region of uncertainty, **hard** to find the common minimum in it, with a constant rate.
#
# **In PyTorch / Keras / Optax:** `torch.utils.data.DataLoader(data, batch_size, shuffle=True)` deals out the batches and keeps a short
# last one unless `drop_last=True`; `model.fit(batch_size=32)` of Keras shuffles by itself; with Optax the loop is yours. The
# losses of PyTorch and Keras are *means* over the batch by default, so their rate is $b$ times the one here.
#
# Further reading: H. Robbins and S. Monro, *A stochastic approximation method*, Annals of Mathematical Statistics 22, 1951, where the
# method comes from.
