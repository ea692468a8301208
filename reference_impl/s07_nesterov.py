"""Section 7, Nesterov's accelerated gradient (lecture 7, slide "Nesterov accelerated gradient")."""

import numpy as np

same_step = "c"


def lookahead(theta, velocity, gamma):
    """Return where the old velocity alone is about to carry theta.

    theta: array of any shape, the parameters before the step
    velocity: array of that shape, the velocity of the step before
    gamma: float, the share of the velocity that is kept

    Returns a new array of theta's shape; the arguments stay as they were.
    """
    return theta - gamma * velocity


def nesterov_step(theta, velocity, gradient_of, lr, gamma=0.9):
    """Make one step of Nesterov's accelerated gradient.

    theta: array of any shape, the parameters before the step
    velocity: array of that shape, the velocity of the step before; zeros before the first
    gradient_of: function theta -> gradient of J at theta, called by position; every call
        costs a pass over the data
    lr: float, the learning rate of this step
    gamma: float, the share of the velocity that is kept

    Returns (theta, velocity) after the step, two new arrays, after exactly one call of
    gradient_of; the arguments stay as they were.
    """
    velocity = gamma * velocity + lr * gradient_of(lookahead(theta, velocity, gamma))
    return theta - velocity, velocity


def nesterov_contraction(hessian, lr, gamma):
    """Return by which factor a step of Nesterov's method multiplies the worst error in the long run.

    hessian: array of shape (d, d), symmetric, the Hessian of a quadratic
    lr: float, the constant learning rate
    gamma: float, the share of the velocity that is kept

    Returns a float: below 1 the method converges, above 1 it diverges.
    """
    shrink = 1 - lr * np.linalg.eigvalsh(hessian)
    return np.max([np.abs(np.roots([1, -(1 + gamma) * factor, gamma * factor])) for factor in shrink])
