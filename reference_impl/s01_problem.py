"""The problem of optimisation, on functions for which all of it can be computed: quadratics; and a gradient for any function."""

import numpy as np

points_downhill = "c"


def quadratic(theta, A, b):
    """Return ½θᵀAθ − bᵀθ.

    theta: array of shape (d,)
    A: array of shape (d, d), symmetric or not
    b: array of shape (d,)

    Returns a float; the arguments stay as they were.
    """
    return float(theta @ A @ theta / 2 - b @ theta)


def quadratic_gradient(theta, A, b):
    """Return the gradient of `quadratic` at theta, for any A.

    theta: array of shape (d,)
    A: array of shape (d, d), symmetric or not
    b: array of shape (d,)

    Returns a new array of theta's shape; the arguments stay as they were.
    """
    return (A + A.T) @ theta / 2 - b


def quadratic_minimizer(A, b):
    """Return the theta at which `quadratic` is smallest.

    A: array of shape (d, d), symmetric or not
    b: array of shape (d,)

    Returns a new array of shape (d,); the arguments stay as they were. Raises ValueError where the symmetric part of A has
    an eigenvalue that is zero (up to rounding) or below: there is no single lowest point then.
    """
    symmetric = (A + A.T) / 2
    eigenvalues = np.linalg.eigvalsh(symmetric)
    if eigenvalues[0] <= 1e-12 * abs(eigenvalues[-1]):
        raise ValueError(f"the symmetric part of A is not positive definite: its smallest eigenvalue is {eigenvalues[0]:.3g}")
    return np.linalg.solve(symmetric, b)


def numerical_gradient(J, theta, h=1e-6):
    """Return the gradient of J at theta by central differences.

    J: a function that takes an array of theta's shape and returns a float
    theta: array of any shape, also a single number or whole numbers
    h: how far to go to each side, a float above zero

    Returns an array of floats in theta's shape; theta stays as it was.
    """
    theta = np.array(theta, dtype=float)
    gradient = np.zeros_like(theta)
    for i in np.ndindex(theta.shape):
        step = np.zeros_like(theta)
        step[i] = h
        gradient[i] = (J(theta + step) - J(theta - step)) / (2 * h)
    return gradient
