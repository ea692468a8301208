"""Section 5, the loss landscape (lecture 7, slides "Landscape of the loss function")."""

import numpy as np

why_gradient_descent = "c"


def classify_critical_point(hessian, tol=1e-8):
    """Say what kind of critical point it is, where the gradient is zero and this is the Hessian.

    hessian: array of shape (n, n), symmetric
    tol: float, eigenvalues from -tol to tol count as zero

    Returns "saddle" if there are eigenvalues above tol and below -tol, whatever is zero besides;
    otherwise "degenerate" if any counts as zero; otherwise "minimum" or "maximum".
    """
    eigenvalues = np.linalg.eigvalsh(hessian)
    up, down = eigenvalues > tol, eigenvalues < -tol
    if up.any() and down.any():
        return "saddle"
    if not (up | down).all():
        return "degenerate"
    return "minimum" if up.all() else "maximum"


def escape_directions(hessian, tol=1e-8):
    """Return the directions in which the loss curves downwards.

    hessian: array of shape (n, n), symmetric
    tol: float, eigenvalues from -tol to tol count as zero

    Returns an array of shape (n, k): k orthonormal columns that span the eigenvectors with
    eigenvalues below -tol. k may be 0.
    """
    eigenvalues, eigenvectors = np.linalg.eigh(hessian)
    return eigenvectors[:, eigenvalues < -tol]


def filter_normalize(direction, weights):
    """Scale each filter of a direction to the length of the same filter of the weights.

    direction: list of arrays; in those of two or more dimensions each entry along the first
        axis is a filter
    weights: list of arrays of the same shapes

    Returns a list of new float arrays of these shapes: each filter has the direction's own
    direction and the Euclidean norm of the weights' filter. One-dimensional arrays (biases) and
    filters of the direction that are all zero come back as zeros.
    """
    scaled = []
    for d, w in zip(direction, weights, strict=True):
        if d.ndim < 2:
            scaled.append(np.zeros(d.shape))
            continue
        axes = tuple(range(1, d.ndim))
        length = np.sqrt(np.sum(d**2, axis=axes, keepdims=True))
        wanted = np.sqrt(np.sum(w**2, axis=axes, keepdims=True))
        # Where the length is zero, so is the filter: whatever divides it, zeros stay.
        scaled.append(d * (wanted / np.where(length > 0, length, 1.0)))
    return scaled


def loss_surface(loss, weights, d1, d2, alphas, betas):
    """Return the loss over a plane through the weights.

    loss: function of a list of arrays -> float; every call costs a pass over the data
    weights, d1, d2: lists of arrays of the same shapes: the middle, and the two directions
    alphas, betas: arrays of shape (a,) and (b,), how far to go along d1 and along d2

    Returns an array of shape (a, b): entry [i, j] is the loss at weights + alphas[i] d1 +
    betas[j] d2. The weights and directions stay as they were.
    """
    rows = []
    for alpha in alphas:
        middle = [w + alpha * x for w, x in zip(weights, d1, strict=True)]
        rows.append([loss([m + beta * y for m, y in zip(middle, d2, strict=True)]) for beta in betas])
    return np.array(rows)
