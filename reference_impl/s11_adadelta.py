"""Section 11, Adadelta (lecture 7, slides "RMSProp / Adadelta" and "Adadelta: интуиция"; Zeiler 2012, arXiv:1212.5701)."""

import numpy as np

other_units = "d"


def newton_step_diagonal(theta, gradient, hessian_diagonal):
    """Make one step of Newton's method with the diagonal of the Hessian in the place of the Hessian.

    theta: array of any shape, the parameters before the step
    gradient: array of that shape, the gradient of J at theta
    hessian_diagonal: array of that shape, the curvature of J along each coordinate at theta; no
        entry is zero

    Returns the parameters after the step, a new array; the arguments stay as they were.
    """
    return theta - gradient / hessian_diagonal


def rms(mean_square, eps=1e-6):
    """Return the root of a mean square, kept away from zero.

    mean_square: array of any shape, the running average of the squares of some quantity, entry
        by entry
    eps: float, in the units of mean_square; added before the root is taken

    Returns a new array of that shape, in the units of the quantity itself.
    """
    return np.sqrt(mean_square + eps)


def curvature_estimate(mean_square_gradient, mean_square_update, eps=1e-6):
    """Return Adadelta's estimate of the curvature of J along each coordinate.

    mean_square_gradient: array of any shape, the running average of the squared gradients, that
        of this step among them
    mean_square_update: array of that shape, the running average of the squared updates before
        this step
    eps: float, added inside both roots

    Returns a new array of that shape, above zero for eps > 0.
    """
    return rms(mean_square_gradient, eps) / rms(mean_square_update, eps)


def adadelta_step(theta, mean_square_gradient, mean_square_update, gradient, gamma=0.9, eps=1e-6):
    """Make one step of Adadelta.

    theta: array of any shape, the parameters before the step
    mean_square_gradient: array of that shape, the running average of the squared gradients
        before the step; zeros before the first step
    mean_square_update: array of that shape, the running average of the squared updates before
        the step; zeros before the first step
    gradient: array of that shape, the gradient of J at theta
    gamma: float in [0, 1), the share of its old value that each average keeps
    eps: float, added inside both roots

    Returns (theta, mean_square_gradient, mean_square_update) after the step, new arrays; the
    arguments stay as they were.
    """
    mean_square_gradient = gamma * mean_square_gradient + (1 - gamma) * gradient**2
    # RMS[Δθ] of the step before over RMS[g] of this one: this step's own update is not known yet
    update = rms(mean_square_update, eps) / rms(mean_square_gradient, eps) * gradient
    mean_square_update = gamma * mean_square_update + (1 - gamma) * update**2
    return theta - update, mean_square_gradient, mean_square_update
