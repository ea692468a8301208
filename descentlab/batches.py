"""The loops that figures need around a student's batches: over given ones, over epochs, and over many draws of one size."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np


def run_batches(sgd_epoch: Callable, objective: Any, lr: float, batches: Iterable[Any], *, start: Any = None) -> np.ndarray | None:
    """Make a student's pass over each of these batches of a sum, one at a time, and return the points between them.

    `sgd_epoch(example_gradient, theta, lr, batches)` is asked for a pass over one batch, so that no step is missed. `objective` is
    a sum over examples, such as "parabolas".

    Returns an array of shape (number of batches + 1,) + theta's shape, or None where `sgd_epoch` returns None. Raises TypeError
    where it returns anything else than a new theta.
    """
    points = [np.array(objective.start if start is None else start, dtype=np.float64)]
    for batch in batches:
        result = sgd_epoch(objective.example_gradient, points[-1].copy(), lr, [batch])
        if result is None:
            return None
        theta = np.array(result, dtype=np.float64)
        if theta.shape != points[0].shape:
            raise TypeError(f"sgd_epoch should return theta of shape {points[0].shape}, and returned {theta.shape}")
        points.append(theta)
    return np.array(points)


def run_epochs(
    minibatches: Callable, sgd_epoch: Callable, objective: Any, lr: float, batch_size: int, n_epochs: int, *, seed: int = 0
) -> np.ndarray | None:
    """Train for n_epochs with a student's two functions and return all points, as `run_batches` does.

    `minibatches(n, batch_size, rng)` deals out each epoch anew, from one generator that is made of `seed`. Returns None where
    either function returns None.
    """
    rng, dealt = np.random.default_rng(seed), []
    for _ in range(n_epochs):
        batches = minibatches(objective.n_examples, batch_size, rng)
        if batches is None:
            return None
        dealt += list(batches)
    return run_batches(sgd_epoch, objective, lr, dealt)


def average_step(
    minibatches: Callable, minibatch_gradient: Callable, objective: Any, lr: float, batch_size: int, *, seed: int = 0
) -> np.ndarray | None:
    """Return the mean of the steps lr · (gradient of the batch) over one epoch, all taken at the start of a sum.

    Its shape is that of theta; None where either function returns None.
    """
    batches = minibatches(objective.n_examples, batch_size, np.random.default_rng(seed))
    if batches is None:
        return None
    gradients = [minibatch_gradient(objective.example_gradient, objective.start, batch) for batch in batches]
    return None if any(gradient is None for gradient in gradients) else lr * np.mean(gradients, axis=0)


def measure_noise(
    minibatches: Callable,
    minibatch_gradient: Callable,
    objective: Any,
    batch_sizes: Iterable[int],
    *,
    draws: int = 200,
    seed: int = 0,
) -> np.ndarray | None:
    """Measure how far the gradients of a student's batches scatter at the start of a sum, for each of these sizes.

    For each size the first batch of `draws` epochs is taken. Returns the root of the summed variances of the gradient's entries,
    a number for each size, or None where either function returns None.
    """
    rng, found = np.random.default_rng(seed), []
    for size in batch_sizes:
        gradients = []
        for _ in range(draws):
            batches = minibatches(objective.n_examples, size, rng)
            gradient = None if batches is None else minibatch_gradient(objective.example_gradient, objective.start, batches[0])
            if gradient is None:
                return None
            gradients.append(gradient)
        found.append(np.sqrt(np.sum(np.var(gradients, axis=0))))
    return np.array(found)
