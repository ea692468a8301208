"""Section 8, the methods so far and learning rate schedules (lecture 7, slide "Методы")."""

import numpy as np

common_problem = "b"


def sgd_velocity(theta, velocity, gradient_of, lr):
    """Return the velocity of this step by the rule of SGD, which has no memory.

    theta: array of any shape, the parameters before the step
    velocity: array of that shape, the velocity of the step before; it is passed to every
        rule, this one does not need it
    gradient_of: function theta -> gradient of J at theta, called by position; every call
        costs a pass over the data
    lr: float, the learning rate of this step

    Returns the new velocity, a new array of theta's shape; the step itself is for descend
    to make. The arguments stay as they were.
    """
    return lr * gradient_of(theta)


def momentum_velocity(theta, velocity, gradient_of, lr, gamma=0.9):
    """Return the velocity of this step by the rule of momentum.

    theta: array of any shape, the parameters before the step
    velocity: array of that shape, the velocity of the step before
    gradient_of: function theta -> gradient of J at theta, called by position; every call
        costs a pass over the data
    lr: float, the learning rate of this step; it stands inside the velocity
    gamma: float, the share of the old velocity that is kept

    Returns the new velocity, a new array of theta's shape. The arguments stay as they were.
    """
    return gamma * velocity + lr * gradient_of(theta)


def nesterov_velocity(theta, velocity, gradient_of, lr, gamma=0.9):
    """Return the velocity of this step by the rule of Nesterov's accelerated gradient.

    theta: array of any shape, the parameters before the step
    velocity: array of that shape, the velocity of the step before
    gradient_of: function theta -> gradient of J at theta, called by position; every call
        costs a pass over the data
    lr: float, the learning rate of this step; it stands inside the velocity
    gamma: float, the share of the old velocity that is kept

    Returns the new velocity, a new array of theta's shape, after exactly one call of
    gradient_of. The arguments stay as they were.
    """
    return gamma * velocity + lr * gradient_of(theta - gamma * velocity)


def descend(velocity_rule, theta0, gradient_of, schedule, n_steps):
    """Walk n_steps steps of the method that velocity_rule stands for, and keep every point.

    velocity_rule: function (theta, velocity, gradient_of, lr) -> new velocity, called by
        position, once in each step; it asks gradient_of by itself, as often as it needs
    theta0: array of any shape, the start; before the first step the velocity is zero
    gradient_of: function theta -> gradient of J at theta
    schedule: function t -> learning rate of step t, for t = 1, 2, ..., n_steps, asked once
        in each step
    n_steps: int, the number of steps

    Returns all n_steps + 1 points, the first of them theta0, stacked along a new first
    axis. theta0 stays as it was.
    """
    points = [np.array(theta0, dtype=float)]
    velocity = np.zeros_like(points[0])
    for t in range(1, n_steps + 1):
        velocity = velocity_rule(points[-1], velocity, gradient_of, schedule(t))
        points.append(points[-1] - velocity)
    return np.array(points)


def exponential_decay(eta0, gamma):
    """Return the schedule that multiplies the learning rate by gamma in every step.

    eta0: float or int, the learning rate before the first step
    gamma: float, the factor, 0 < gamma <= 1

    Returns a function t -> learning rate of step t, a float, for t = 1, 2, ... It may be
    asked for any step, in any order, as often as one likes, and always answers the same.
    """
    return lambda t: eta0 * gamma**t


def piecewise_constant(boundaries, values):
    """Return the schedule that keeps a constant learning rate for a while, then takes another.

    boundaries: list or array of k rising step numbers, the last steps of the phases but the
        final one; k = 0 is possible
    values: list or array of k + 1 learning rates, one for each phase

    Returns a function t -> learning rate of step t, for t = 1, 2, ...: values[0] up to and
    including step boundaries[0], values[1] up to and including step boundaries[1], and so
    on; the last value after the last boundary. It may be asked for any step, in any order
    and as often as one likes, and answers the same each time.
    """
    # side="left": a boundary still belongs to the phase that ends there
    return lambda t: values[np.searchsorted(boundaries, t, side="left")]
