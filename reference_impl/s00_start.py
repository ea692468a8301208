"""Start: how the course works, on one tiny exercise, the mean squared error of a prediction."""

import numpy as np

first_difference = "b"


def mean_squared_error(prediction, target):
    """Return the mean of the squared differences.

    prediction: array of any shape
    target: array of that shape

    Returns a float, zero or above; the arguments stay as they were.
    """
    return float(np.mean((prediction - target) ** 2))
