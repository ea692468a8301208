"""Section 14, the race of all methods (lecture 7, slide "Визуализация")."""

import numpy as np

from reference_impl.s02_gradient_descent import gd_step
from reference_impl.s06_momentum import momentum_step
from reference_impl.s07_nesterov import nesterov_step
from reference_impl.s09_adagrad import adagrad_step
from reference_impl.s10_rmsprop import rmsprop_step
from reference_impl.s11_adadelta import adadelta_step
from reference_impl.s12_adam import adam_step

on_the_ridge = "b"


def race(steppers, gradient_of, theta0, n_steps):
    """Let every method walk n_steps steps from the same start, and keep every point.

    steppers: dict name -> stepper, a function (theta, state, gradient_of, t) -> (theta, state),
        called by position: it makes step t from theta. state is what the stepper itself
        returned in the step before, None in the first; it is the stepper's own and only handed on
    gradient_of: function theta -> gradient of J at theta, handed on to the steppers
    theta0: array of any shape, the start
    n_steps: int, the number of steps; they are numbered t = 1, 2, ..., n_steps

    Returns a dict name -> path: all n_steps + 1 points, the first of them theta0, stacked along
    a new first axis.
    """
    paths = {}
    for name, stepper in steppers.items():
        theta, state = np.array(theta0, dtype=float), None
        path = [theta]
        for t in range(1, n_steps + 1):
            theta, state = stepper(theta, state, gradient_of, t)
            path.append(theta)
        paths[name] = np.array(path)
    return paths


def gd_stepper(lr):
    """Return the stepper of gradient descent.

    lr: float, the learning rate of every step

    Returns a function (theta, state, gradient_of, t) -> (theta, state), called by position:
    theta after step t, made with exactly one call of gradient_of, and the state for the next
    step. The first step gets the state None. A state is None, a number, an array, or a tuple,
    list or dict of them.
    """

    def stepper(theta, state, gradient_of, t):
        return gd_step(theta, gradient_of(theta), lr), state

    return stepper


def momentum_stepper(lr, gamma):
    """Return the stepper of momentum.

    lr: float, the learning rate of every step
    gamma: float, the share of the velocity that is kept

    Returns a function (theta, state, gradient_of, t) -> (theta, state) as gd_stepper does; it
    starts at rest where the state is None.
    """

    def stepper(theta, state, gradient_of, t):
        velocity = np.zeros(np.shape(theta)) if state is None else state
        return momentum_step(theta, velocity, gradient_of(theta), lr, gamma)

    return stepper


def nesterov_stepper(lr, gamma):
    """Return the stepper of Nesterov's accelerated gradient.

    lr: float, the learning rate of every step
    gamma: float, the share of the velocity that is kept

    Returns a function (theta, state, gradient_of, t) -> (theta, state) as gd_stepper does; it
    starts at rest where the state is None.
    """

    def stepper(theta, state, gradient_of, t):
        velocity = np.zeros(np.shape(theta)) if state is None else state
        # gradient_of itself: the step asks for the gradient at its own look-ahead
        return nesterov_step(theta, velocity, gradient_of, lr, gamma)

    return stepper


def adagrad_stepper(lr):
    """Return the stepper of Adagrad.

    lr: float, the learning rate of every step

    Returns a function (theta, state, gradient_of, t) -> (theta, state) as gd_stepper does; the
    sum of squares is zero where the state is None.
    """

    def stepper(theta, state, gradient_of, t):
        G = np.zeros(np.shape(theta)) if state is None else state
        return adagrad_step(theta, G, gradient_of(theta), lr)

    return stepper


def rmsprop_stepper(lr, gamma):
    """Return the stepper of RMSprop.

    lr: float, the learning rate of every step
    gamma: float in [0, 1), the share of the old average that is kept

    Returns a function (theta, state, gradient_of, t) -> (theta, state) as gd_stepper does; the
    average is zero where the state is None.
    """

    def stepper(theta, state, gradient_of, t):
        mean_square = np.zeros(np.shape(theta)) if state is None else state
        return rmsprop_step(theta, mean_square, gradient_of(theta), lr, gamma)

    return stepper


def adadelta_stepper(gamma):
    """Return the stepper of Adadelta.

    gamma: float in [0, 1), the share of its old value that each average keeps

    Returns a function (theta, state, gradient_of, t) -> (theta, state) as gd_stepper does; both
    averages are zero where the state is None.
    """

    def stepper(theta, state, gradient_of, t):
        zeros = np.zeros(np.shape(theta))
        gradients, updates = (zeros, zeros) if state is None else state
        theta, *state = adadelta_step(theta, gradients, updates, gradient_of(theta), gamma)
        return theta, state

    return stepper


def adam_stepper(lr, beta1, beta2):
    """Return the stepper of Adam.

    lr: float, the learning rate of every step
    beta1, beta2: floats in [0, 1), the share of its old value that each moment keeps

    Returns a function (theta, state, gradient_of, t) -> (theta, state) as gd_stepper does; both
    moments are zero where the state is None, and t is the number of the step being made.
    """

    def stepper(theta, state, gradient_of, t):
        zeros = np.zeros(np.shape(theta))
        m, v = (zeros, zeros) if state is None else state
        theta, *state = adam_step(theta, m, v, gradient_of(theta), t, lr, beta1, beta2)
        return theta, state

    return stepper


def escape_step(path, saddle, radius):
    """Return the number of the first step after which a walk is farther from a saddle than a radius.

    path: array of shape (n + 1, d), the points of a walk, the start first
    saddle: array of shape (d,)
    radius: float, above 0; the distance is Euclidean

    Returns an int, the smallest t with norm(path[t] - saddle) > radius, or None where no point of
    the path is as far away.
    """
    far = np.linalg.norm(np.asarray(path) - saddle, axis=1) > radius
    return int(np.argmax(far)) if far.any() else None
