"""Section 12, Adam (lecture 7, slide "Adam (Adaptive Moment Estimation)"; Kingma and Ba 2015, arXiv:1412.6980)."""

import numpy as np

run_up = "c"


def update_moments(m, v, gradient, beta1=0.9, beta2=0.999):
    """Take one more gradient into both moments.

    m: array of any shape, the first moment so far: the running average of the gradients
    v: array of that shape, the second moment so far: the running average of their squares
    gradient: array of that shape, the new gradient
    beta1, beta2: floats in [0, 1), the share of its old value that each moment keeps

    Returns (m, v), new arrays; the arguments stay as they were.
    """
    return beta1 * m + (1 - beta1) * gradient, beta2 * v + (1 - beta2) * gradient**2


def moment_weights(beta, t):
    """Return the weight that each gradient has in a moment that started at zero.

    beta: float in [0, 1), the share that the moment keeps in each step
    t: int, the number of gradients taken in, at least 1

    Returns an array of shape (t,): the weights of g_1, ..., g_t, oldest first.
    """
    return (1 - beta) * beta ** np.arange(t - 1, -1, -1)


def bias_correction(moment, beta, t):
    """Return a moment with the bias of its start at zero taken out.

    moment: array of any shape, the moment after t gradients
    beta: float in [0, 1), the share that the moment keeps in each step
    t: int, the number of gradients taken in, at least 1

    Returns a new array of the moment's shape.
    """
    return moment / (1 - beta**t)


def adam_step(theta, m, v, gradient, t, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
    """Make step number t of Adam.

    theta: array of any shape, the parameters before the step
    m, v: arrays of that shape, the moments before the step, not corrected; zeros before the
        first step
    gradient: array of that shape, the gradient of J at theta
    t: int, the number of the step that is being made; the first has t = 1
    lr: float, the learning rate
    beta1, beta2: floats in [0, 1), the share of its old value that each moment keeps
    eps: float, keeps the divisor away from zero

    Returns (theta, m, v) after the step, new arrays, the moments not corrected; the arguments
    stay as they were.
    """
    m, v = update_moments(m, v, gradient, beta1, beta2)
    m_hat = bias_correction(m, beta1, t)
    v_hat = bias_correction(v, beta2, t)
    # eps outside the root: the lecture's and the paper's Adam; Adagrad and RMSprop differ
    return theta - lr / (np.sqrt(v_hat) + eps) * m_hat, m, v


def uncorrected_first_steps(n, lr=0.001, beta1=0.9, beta2=0.999):
    """Return the sizes of Adam's first steps without the correction, under a constant gradient.

    n: int, the number of steps, at least 1
    lr: float, the learning rate
    beta1, beta2: floats in [0, 1), the share of its old value that each moment keeps

    Returns an array of shape (n,): the sizes of steps 1, ..., n for eps = 0 and any gradient
    but zero.
    """
    t = np.arange(1, n + 1)
    return lr * (1 - beta1**t) / np.sqrt(1 - beta2**t)
