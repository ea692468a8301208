"""Section 10, RMSprop (lecture 7, slide "RMSProp / Adadelta"; Tieleman and Hinton 2012, lecture 6.5)."""

import numpy as np

first_step = "c"


def exponential_average(previous, value, gamma=0.9):
    """Take one more value into an exponential average.

    previous: number or array of any shape, the average so far; zero before the first value
    value: number or array of that shape, the new value
    gamma: float in [0, 1), the share of the old average that is kept

    Returns the new average, of that shape; the arguments stay as they were.
    """
    return gamma * previous + (1 - gamma) * value


def averaging_weights(gamma, n):
    """Return the weights that an exponential average gives to the last values.

    gamma: float in [0, 1), the share of the old average that is kept with each new value
    n: int, how many values to look back at, at least 1

    Returns an array of shape (n,), the newest value's weight first.
    """
    return (1 - gamma) * gamma ** np.arange(n)


def rmsprop_step(theta, mean_square, gradient, lr, gamma=0.9, eps=1e-8):
    """Make one step of RMSprop.

    theta: array of any shape, the parameters before the step
    mean_square: array of that shape, the exponential average of the squared gradients before
        this step; zeros before the first
    gradient: array of that shape, the gradient of J at theta
    lr: float, the learning rate that all parameters share
    gamma: float in [0, 1), the share of the old average that is kept
    eps: float, keeps the divisor away from zero

    Returns (theta, mean_square) after the step, two new arrays; the arguments stay as they
    were.
    """
    mean_square = exponential_average(mean_square, gradient**2, gamma)
    # eps inside the root: the lecture's convention, not PyTorch's
    return theta - lr / np.sqrt(mean_square + eps) * gradient, mean_square
