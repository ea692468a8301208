"""Section 6, momentum (lecture 7, slide "Momentum")."""

import numpy as np

jumps_over = "b"


def momentum_step(theta, velocity, gradient, lr, gamma=0.9):
    """Make one step of gradient descent with momentum.

    theta: array of any shape, the parameters before the step
    velocity: array of that shape, the velocity of the step before; zeros before the first
    gradient: array of that shape, the gradient of J at theta
    lr: float, the learning rate of this step
    gamma: float, the share of the velocity that is kept

    Returns (theta, velocity) after the step, two new arrays; the arguments stay as they were.
    """
    velocity = gamma * velocity + lr * gradient
    return theta - velocity, velocity


def terminal_velocity(gradient, lr, gamma):
    """Return the velocity towards which momentum tends where the gradient never changes.

    gradient: array of any shape, the constant gradient
    lr: float, the constant learning rate
    gamma: float, the share of the velocity that is kept, 0 <= gamma < 1

    Returns an array of gradient's shape.
    """
    return lr * gradient / (1 - gamma)


def momentum_descent(gradient_of, theta0, schedule, n_steps, gamma=0.9):
    """Walk n_steps steps with momentum, from rest, and keep every point.

    gradient_of: function theta -> gradient of J at theta; every call costs a pass over the data
    theta0: array of any shape, the start; the velocity there is zero
    schedule: function t -> learning rate of step t, for t = 1, 2, ..., n_steps
    n_steps: int, the number of steps
    gamma: float, the share of the velocity that is kept

    Returns all n_steps + 1 points, the first of them theta0, stacked along a new first axis.
    """
    theta = np.array(theta0, dtype=float)
    velocity = np.zeros_like(theta)
    points = [theta]
    for t in range(1, n_steps + 1):
        theta, velocity = momentum_step(theta, velocity, gradient_of(theta), schedule(t), gamma)
        points.append(theta)
    return np.array(points)


def momentum_contraction(hessian, lr, gamma):
    """Return by which factor a step with momentum multiplies the worst error in the long run.

    hessian: array of shape (d, d), symmetric, the Hessian of a quadratic
    lr: float, the constant learning rate
    gamma: float, the share of the velocity that is kept

    Returns a float: below 1 momentum converges, above 1 it diverges.
    """
    eigenvalues = np.linalg.eigvalsh(hessian)
    return np.max([np.abs(np.roots([1, -(1 + gamma - lr * value), gamma])) for value in eigenvalues])


def optimal_heavy_ball(hessian):
    """Return the rate and the memory with which momentum's worst error shrinks fastest.

    hessian: array of shape (d, d), symmetric positive definite

    Returns (lr, gamma), two floats.
    """
    eigenvalues = np.linalg.eigvalsh(hessian)
    low, high = np.sqrt(eigenvalues[0]), np.sqrt(eigenvalues[-1])
    return 4 / (high + low) ** 2, ((high - low) / (high + low)) ** 2
