"""Section 2, batch gradient descent (lecture 7, slide "Batch Gradient Descend")."""

import numpy as np

large_rate = "c"


def gd_step(theta, gradient, lr):
    """Make one step of gradient descent.

    theta: array of any shape, the parameters before the step
    gradient: array of that shape, the gradient of J at theta
    lr: float, the learning rate

    Returns the parameters after the step, a new array; theta stays as it was.
    """
    return theta - lr * gradient


def gradient_descent(gradient_of, theta0, schedule, n_steps):
    """Walk n_steps steps of gradient descent and keep every point.

    gradient_of: function theta -> gradient of J at theta; every call costs a pass over the data
    theta0: array of any shape, the start
    schedule: function t -> learning rate of step t, for t = 1, 2, ..., n_steps
    n_steps: int, the number of steps

    Returns all n_steps + 1 points, the first of them theta0, stacked along a new first axis.
    """
    points = [np.array(theta0, dtype=float)]
    for t in range(1, n_steps + 1):
        theta = points[-1]
        points.append(gd_step(theta, gradient_of(theta), schedule(t)))
    return np.array(points)


def hessian_spectrum(hessian):
    """Return the eigenvalues of a symmetric positive definite matrix, smallest first.

    hessian: array of shape (d, d)

    Returns an array of shape (d,). Raises ValueError if the matrix is not symmetric (up to
    rounding) or if an eigenvalue is zero or negative.
    """
    if not np.allclose(hessian, np.transpose(hessian)):
        raise ValueError("the Hessian must be symmetric")
    eigenvalues = np.linalg.eigvalsh(hessian)
    if eigenvalues[0] <= 0:
        raise ValueError("the Hessian must be positive definite")
    return eigenvalues


def max_stable_lr(hessian):
    """Return the rate below which gradient descent converges on a quadratic with this Hessian.

    hessian: array of shape (d, d), symmetric positive definite

    Returns a float: every constant rate strictly between 0 and it converges. Raises ValueError
    as hessian_spectrum does.
    """
    return 2 / hessian_spectrum(hessian)[-1]


def optimal_lr(hessian):
    """Return the constant rate with which the error shrinks fastest in the worst direction.

    hessian: array of shape (d, d), symmetric positive definite

    Returns a float. Raises ValueError as hessian_spectrum does.
    """
    eigenvalues = hessian_spectrum(hessian)
    return 2 / (eigenvalues[0] + eigenvalues[-1])


def contraction_factor(hessian, lr):
    """Return the factor by which one step multiplies the error in the worst direction.

    hessian: array of shape (d, d), symmetric positive definite
    lr: float, the learning rate

    Returns a float: below 1 gradient descent converges, above 1 it diverges. Raises ValueError
    as hessian_spectrum does.
    """
    return np.max(np.abs(1 - lr * hessian_spectrum(hessian)))
