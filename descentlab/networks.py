"""Small networks with and without skip connections, and points to train them on: numpy alone, pure functions of the weights.

A network is its list of weights: a matrix of shape (outputs, inputs) and a vector of biases for each layer, the first layer first.
Every layer but the last ends in a tanh. Between the first and the last one stand blocks of two layers each, all of one width.
With `skip`, what went into a block is added to what comes out of it; without, it is not. Nothing else differs.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

Weights = list[np.ndarray]


@dataclass(frozen=True)
class Points:
    """Points in the plane, `x` of shape (n, 2), and the class of each, `y` of shape (n,), 0.0 or 1.0."""

    x: np.ndarray
    y: np.ndarray

    def part(self, indices: np.ndarray) -> Points:
        """Return the points with these indices: a mini-batch."""
        return Points(self.x[indices], self.y[indices])


def two_spirals(rng: np.random.Generator, n: int, *, turns: float = 1.5, noise: float = 0.15) -> Points:
    """Return n points on two spirals that wind round each other, every other point on the second, with normal noise of this
    standard deviation. The spirals have the radius 2."""
    y = np.arange(n) % 2
    radius = np.sqrt(rng.uniform(0.02, 1.0, size=n))  # by the root: as dense outside as inside
    angle = 2 * np.pi * turns * radius + np.pi * y
    x = 2 * radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return Points(x + noise * rng.normal(size=(n, 2)), y.astype(np.float64))


def initial_weights(rng: np.random.Generator, blocks: int, width: int, *, skip: bool) -> Weights:
    """Return the weights before training, of 2·blocks + 2 layers; all biases are zero.

    Both kinds get the same random numbers, of variance 1 / inputs, which keeps small signals at their size from layer to layer.
    With skip connections a block adds to what it was given: there the last matrix of each block is divided by √blocks, to the
    same end.
    """
    weights: Weights = []
    for layer, inputs in enumerate([2, *[width] * (2 * blocks + 1)]):
        outputs = 1 if layer == 2 * blocks + 1 else width
        matrix = rng.normal(size=(outputs, inputs)) / np.sqrt(inputs)
        if skip and _ends_block(layer, 2 * blocks + 2):
            matrix /= np.sqrt(blocks)
        weights += [matrix, np.zeros(outputs)]
    return weights


def random_direction(rng: np.random.Generator, weights: Weights) -> Weights:
    """Return normal numbers in the shapes of the weights."""
    return [rng.normal(size=array.shape) for array in weights]


def depth(weights: Weights) -> int:
    """Return the number of layers that have weights."""
    return len(weights) // 2


def outputs(weights: Weights, x: np.ndarray, *, skip: bool) -> np.ndarray:
    """Return the network's output for each point, shape (n,): above zero it says class 1."""
    return _signals(weights, x, skip)[1][-1][:, 0]


def loss(weights: Weights, points: Points, *, skip: bool) -> float:
    """Return the mean cross-entropy over the points, ln 2 = 0.693 for a network that says nothing."""
    out = outputs(weights, points.x, skip=skip)
    return float(np.mean(np.logaddexp(0, out) - points.y * out))


def error(weights: Weights, points: Points, *, skip: bool) -> float:
    """Return the share of the points whose class the network gets wrong."""
    return float(np.mean((outputs(weights, points.x, skip=skip) > 0) != (points.y > 0.5)))


def gradient(weights: Weights, points: Points, *, skip: bool) -> Weights:
    """Return the gradient of `loss` by backpropagation: a list of new arrays in the shapes of the weights."""
    inputs, results = _signals(weights, points.x, skip)
    layers = depth(weights)
    # The derivative by the last layer's output: the sigmoid, by tanh, which does not overflow, minus the class.
    delta = (0.5 * (1 + np.tanh(results[-1] / 2)) - points.y[:, None]) / len(points.y)
    backwards: Weights = []
    for layer in reversed(range(layers)):
        if layer < layers - 1:
            if skip and _ends_block(layer, layers):
                past = delta  # what the connection hands back to the block's input, unchanged
            delta = delta * (1 - results[layer] ** 2)
        backwards += [delta.sum(axis=0), delta.T @ inputs[layer]]
        delta = delta @ weights[2 * layer]
        if skip and _ends_block(layer + 1, layers):
            delta += past
    return backwards[::-1]


def _ends_block(layer: int, layers: int) -> bool:
    """Whether a layer, counted from 0, is the second of a block."""
    return layer % 2 == 0 and 0 < layer < layers - 1


def _signals(weights: Weights, x: np.ndarray, skip: bool) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return what goes into each layer, and what its own units make of it, before anything is added."""
    inputs, results, layers = [x], [], depth(weights)
    for layer in range(layers):
        out = inputs[layer] @ weights[2 * layer].T + weights[2 * layer + 1]
        results.append(np.tanh(out) if layer < layers - 1 else out)
        inputs.append(results[layer] + inputs[layer - 1] if skip and _ends_block(layer, layers) else results[layer])
    return inputs, results


def flat(arrays: Weights) -> np.ndarray:
    """Return all numbers of a list of arrays in one new vector."""
    return np.concatenate([np.ravel(array) for array in arrays])


def unflat(vector: np.ndarray, like: Weights) -> Weights:
    """Undo `flat`: return the numbers as a list of new arrays in the shapes of `like`."""
    ends = np.cumsum([array.size for array in like])
    return [part.reshape(array.shape).copy() for part, array in zip(np.split(vector, ends[:-1]), like, strict=True)]


def hessian(weights: Weights, points: Points, *, skip: bool, h: float = 1e-5) -> np.ndarray:
    """Return the Hessian of `loss`, in the order of `flat`, by central differences of the gradient; it is exactly symmetric.

    It costs two gradients for each weight, so that it is for small networks alone.
    """
    theta = flat(weights)
    rows = []
    for step in h * np.eye(theta.size):
        ahead, behind = (flat(gradient(unflat(theta + s, weights), points, skip=skip)) for s in (step, -step))
        rows.append((ahead - behind) / (2 * h))
    matrix = np.array(rows)
    return (matrix + matrix.T) / 2


def training(
    weights: Weights,
    points: Points,
    *,
    skip: bool,
    lr: Callable[[int], float],
    rng: np.random.Generator | None = None,
    batch_size: int = 0,
    gamma: float = 0.9,
) -> Iterator[Weights]:
    """Yield the weights after each step of momentum, for ever, step t with the rate lr(t); by default each step takes all points,
    with `rng` and `batch_size` a mini-batch that is drawn without replacement.

    Gradients are rounded (see `steady`), so that another computer, which sums in another order, comes to the same weights.
    """
    theta = flat(weights)
    velocity = np.zeros_like(theta)
    for t in itertools.count(1):
        batch = points.part(rng.choice(len(points.y), size=batch_size, replace=False)) if rng else points
        velocity = gamma * velocity + lr(t) * steady(gradient(unflat(theta, weights), batch, skip=skip))
        theta = theta - velocity
        yield unflat(theta, weights)


def steady(arrays: Weights, bits: int = 12) -> np.ndarray:
    """Return `flat(arrays)`, each array rounded to so many binary digits of its largest entry.

    Training makes a rounding error of 1e-16 grow until two computers end in different minima. Numbers rounded so coarsely are
    the same on both, but for one in many millions that stood just between two.
    """
    sizes = [array.size for array in arrays]
    vector = flat(arrays)
    largest = np.maximum.reduceat(np.abs(vector), np.cumsum([0, *sizes[:-1]]))
    # Below the smallest normal number there is no finer unit.
    unit = np.repeat(np.maximum(np.ldexp(1.0, np.frexp(largest)[1] - bits), np.finfo(float).tiny), sizes)
    return np.rint(vector / unit) * unit
