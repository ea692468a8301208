"""Section 4, when SGD converges (lecture 7, slide "SGD / Mini-batch SGD", its three conditions; Robbins and Monro 1951)."""

import numpy as np

left_out = "a"


def power_schedule(eta0, p):
    """Return the schedule whose learning rate falls like a power of the step's number.

    eta0: float or int, the learning rate of step 1
    p: float or int, the power, at least 0; 0 gives a constant rate

    Returns a function t -> learning rate of step t, a float, for t = 1, 2, ... It may be
    asked for any step, in any order, as often as one likes, and always answers the same.
    """
    return lambda t: eta0 / t**p


def robbins_monro(p, q=0):
    """Return which of the three conditions hold for the rates eta0 / (t^p * log(t + 1)^q), t = 1, 2, ...

    p, q: floats or ints, at least 0; eta0 is any number above 0

    Returns three bools: the rates vanish, their sum diverges, the sum of their squares
    converges.
    """
    vanishes = p > 0 or q > 0
    sum_diverges = p < 1 or (p == 1 and q <= 1)
    # The squares are rates of the same kind, with 2p and 2q.
    squares_converge = 2 * p > 1 or (2 * p == 1 and 2 * q > 1)
    return vanishes, sum_diverges, squares_converge


def expected_squared_error(schedule, curvature, sigma, theta0, n_steps):
    """Return the exact expected squared distance from the minimum along SGD on a parabola.

    The parabola is J(theta) = curvature * theta^2 / 2; to each gradient comes noise of mean
    0 and variance sigma^2, independent from step to step.

    schedule: function t -> learning rate of step t, for t = 1, 2, ..., n_steps, asked once
        in each step
    curvature: float, the second derivative of J
    sigma: float, the standard deviation of the noise of one gradient
    theta0: float, the start; it is no random number
    n_steps: int, the number of steps

    Returns an array of shape (n_steps + 1,): the mean of theta_t^2 over all that the noise
    can do, for t = 0, 1, ..., n_steps.
    """
    errors = [float(theta0) ** 2]
    for t in range(1, n_steps + 1):
        lr = schedule(t)
        errors.append((1 - lr * curvature) ** 2 * errors[-1] + lr**2 * sigma**2)
    return np.array(errors)


def noise_floor(lr, curvature, sigma):
    """Return the level at which the expected squared error stays with a constant learning rate.

    lr: float, the learning rate of every step
    curvature: float, the second derivative of the parabola
    sigma: float, the standard deviation of the noise of one gradient

    Returns a float. Raises ValueError unless curvature > 0 and 0 < lr * curvature < 2: with
    anything else there is no such level.
    """
    if curvature <= 0 or not 0 < lr * curvature < 2:
        raise ValueError("there is a floor only for curvature > 0 and 0 < lr * curvature < 2")
    return lr * sigma**2 / (curvature * (2 - lr * curvature))
