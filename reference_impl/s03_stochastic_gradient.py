"""Section 3, stochastic and mini-batch gradient descent (lecture 7, slides "SGD / Mini-batch SGD")."""

import numpy as np

which_functions = "d"


def minibatches(n, batch_size, rng):
    """Deal out the examples 0, 1, ..., n - 1 for one epoch, in batches and in random order.

    n: int, the number of examples
    batch_size: int, the number of examples in a batch, at least 1
    rng: numpy.random.Generator, the only source of chance; it goes on from call to call

    Returns a list of arrays of indices. Every example is in exactly one of them; all hold
    batch_size indices but the last, which holds what is left.
    """
    order = rng.permutation(n)
    return [order[first : first + batch_size] for first in range(0, n, batch_size)]


def minibatch_gradient(example_gradient, theta, batch):
    """Return the gradient of a batch: the sum of the gradients of its examples.

    example_gradient: function (theta, i) -> gradient of J_i at theta, for one index i, called
        by position; every call costs the work for one example
    theta: array of any shape, the parameters
    batch: array of indices, the examples of the batch, at least one

    Returns an array of theta's shape, after one call for each example of the batch.
    """
    return np.sum([example_gradient(theta, i) for i in batch], axis=0)


def sgd_epoch(example_gradient, theta, lr, batches):
    """Make one pass over the data: a step for each batch, in the order given.

    example_gradient: function (theta, i) -> gradient of J_i at theta, for one index i
    theta: array of any shape, the parameters before the pass
    lr: float, the learning rate of all its steps
    batches: list of arrays of indices, as minibatches returns it

    Returns the parameters after the pass, a new array; theta stays as it was.
    """
    for batch in batches:
        theta = theta - lr * minibatch_gradient(example_gradient, theta, batch)
    return theta


def minibatch_variance(example_gradients, batch_size):
    """Return the variance of a batch's gradient, entry by entry, over all batches of this size.

    example_gradients: array of shape (n, ...), n at least 2, a row for the gradient of each
        example, all at the same theta
    batch_size: int, 1 to n, the number of examples in a batch; all batches of so many
        different examples are equally likely

    Returns an array of the shape of a row: the variance of the sum over the batch.
    """
    n = len(example_gradients)
    return batch_size * (n - batch_size) / (n - 1) * np.var(example_gradients, axis=0)
