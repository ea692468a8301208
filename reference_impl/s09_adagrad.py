"""Section 9, Adagrad (lecture 7, slide "Adagrad"; Duchi, Hazan and Singer 2011)."""

import numpy as np

adagrad_problem = "d"


def effective_lr(G, lr=0.01, eps=1e-8):
    """Return the step size of each parameter: what its gradient is multiplied by.

    G: array of any shape, for each parameter the sum of the squares of its gradients so far
    lr: float, the learning rate that all parameters share
    eps: float, keeps the divisor away from zero where G is zero

    Returns a new array of G's shape; G stays as it was.
    """
    # eps inside the root: the lecture's convention, not PyTorch's
    return lr / np.sqrt(G + eps)


def adagrad_step(theta, G, gradient, lr=0.01, eps=1e-8):
    """Make one step of Adagrad.

    theta: array of any shape, the parameters before the step
    G: array of that shape, for each parameter the sum of the squares of its gradients before
        this step; zeros before the first
    gradient: array of that shape, the gradient of J at theta
    lr: float, the learning rate that all parameters share
    eps: float, keeps the divisor away from zero where G is zero

    Returns (theta, G) after the step, two new arrays; the arguments stay as they were.
    """
    G = G + gradient**2
    return theta - effective_lr(G, lr, eps) * gradient, G


def steps_to_travel(distance, lr):
    """Return how many steps Adagrad needs to move a parameter by a distance on a constant slope.

    Under a constant gradient and with eps = 0, step t has the size lr / sqrt(t).

    distance: float, at least 0, how far the parameter has to move
    lr: float, above 0, the learning rate

    Returns an int, the least n such that the first n steps together are at least that long; 0
    where there is no way to go.
    """
    n, travelled = 0, 0.0
    while travelled < distance:
        n += 1
        travelled += lr / np.sqrt(n)
    return n
