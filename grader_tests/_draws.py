"""Inputs that checks draw: matrices of known spectrum, gradient streams, odd rates."""

from __future__ import annotations

import numpy as np


def vector(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Return normal numbers of this shape, none of them near zero, so that every coordinate tells."""
    values = rng.normal(size=shape)
    # An array even without axes: a numpy number would cross to a student as a plain float, which has no shape and no index.
    return np.asarray(values + np.sign(values) * 0.2)


def stream(rng: np.random.Generator, n: int, *shape: int) -> list[np.ndarray]:
    """Return n such arrays: the gradients of an open loop."""
    return [vector(rng, *shape) for _ in range(n)]


def rates(rng: np.random.Generator, n: int, low: float = 0.01, high: float = 0.4) -> list[float]:
    """Return n odd rates, each another: a rule that keeps the first or moves the rate elsewhere is seen."""
    return [float(rate) for rate in rng.uniform(low, high, size=n)]


def hessian(rng: np.random.Generator, d: int, low: float = 0.5, high: float = 6.0) -> np.ndarray:
    """Return an exactly symmetric positive definite (d, d) matrix in a random basis, eigenvalues in [low, high]."""
    return with_spectrum(rng, np.sort(rng.uniform(low, high, size=d)))


def with_spectrum(rng: np.random.Generator, eigenvalues: np.ndarray) -> np.ndarray:
    """Return an exactly symmetric matrix with these eigenvalues in a random basis."""
    basis, _ = np.linalg.qr(rng.normal(size=(len(eigenvalues), len(eigenvalues))))
    matrix = basis @ np.diag(eigenvalues) @ basis.T
    return (matrix + matrix.T) / 2
