"""Checks and known mistakes of section 5, the loss landscape."""

import itertools
from functools import cache, partial

import numpy as np

from descentlab import networks
from descentlab.checks import Call, CheckFailed, Exercise, LossOf, Probe, Question, close
from descentlab.checks.values import as_numbers, describe
from grader_tests._draws import vector, with_spectrum
from grader_tests._ghosts import Ghost
from reference_impl import s05_loss_landscape as reference

# What kind of critical point ------------------------------------------------------------------------------------------

kind = Exercise(reference.classify_critical_point)


def _away(rng, *signs):
    """A symmetric matrix in a random basis, with an eigenvalue of each sign, none nearer to zero than ½; zeros as given."""
    return with_spectrum(rng, np.array([sign * rng.uniform(0.5, 4.0) for sign in signs]))


@kind.part("tells minimum, maximum and saddle by the signs of all eigenvalues", weight=2, kind="exact")
def by_signs(rng):
    # The diagonal of both saddles is positive: who looks at it alone sees a minimum.
    tilted = np.array([[1.0, 3.0, 0.0], [3.0, 2.0, 0.5], [0.0, 0.5, 4.0]]) + 0.1 * np.diag(rng.uniform(size=3))
    matrices = {
        "all curve upwards": _away(rng, 1, 1, 1),
        "all curve downwards": _away(rng, -1, -1, -1),
        "two of four downwards": _away(rng, -1, -1, 1, 1),
        "one of three downwards": tilted,
        "two of three downwards": _away(rng, -1, -1, 1),
        "four downwards": _away(rng, -1, -1, -1, -1),
    }
    return [Call("classify_critical_point", {"hessian": matrix}, label=label) for label, matrix in matrices.items()]


@kind.part(
    "calls it degenerate where some eigenvalue is zero and the others have one sign, and a saddle where they have both",
    kind="exact",
)
def with_zeros(rng):
    matrices = {
        "zero and upwards": np.diag([rng.uniform(1, 2), 0.0, rng.uniform(1, 2)]),
        "zero and downwards": np.diag([0.0, -rng.uniform(1, 2)]),
        "zero, upwards and downwards": np.diag([rng.uniform(1, 2), 0.0, -rng.uniform(1, 2)]),
        "nothing but zero": np.zeros((3, 3)),
        "none zero, all upwards": np.diag(rng.uniform(1, 2, size=3)),
    }
    return [Call("classify_critical_point", {"hessian": matrix}, label=label) for label, matrix in matrices.items()]


@kind.part("counts eigenvalues from −tol to tol as zero, with the tol that is given and with the default")
def within_the_tolerance(rng):
    def spectrum(*values):
        return with_spectrum(rng, np.array(values))

    tol = float(rng.uniform(0.2, 0.4))
    given = {
        "one a little above, one far below the given tol": np.diag([1.5 * tol, -0.5 * tol]),
        "small and positive, with the others upwards": spectrum(0.5 * tol, 2.0, 3.0),
        "all of them small, of both signs": spectrum(0.6 * tol, -0.6 * tol),
        "both signs beyond tol, and one within": np.array([[0.0, 1.5 * tol, 0.0], [1.5 * tol, 0.0, 0.0], [0.0, 0.0, 0.1 * tol]]),
        "downwards beyond tol": spectrum(-1.5 * tol, -2.0, -3.0),
    }
    # A hundred times the rounding of the eigenvalues, and well within 1e-8.
    default = {
        "one below the default tol": np.diag([1.0, 1e-9]),
        "one negative, below the default tol": np.diag([1.0, -1e-9]),
        "one above the default tol": np.diag([1.0, 1e-6]),
    }
    return [
        *[Call("classify_critical_point", {"hessian": h, "tol": tol}, label=label) for label, h in given.items()],
        *[Call("classify_critical_point", {"hessian": h}, label=label) for label, h in default.items()],
    ]


@kind.property("finds the network whose weights are all zero a saddle with skip connections, and degenerate without", kind="exact")
def silent_network(student, rng):
    points = networks.two_spirals(rng, 60)
    for skip, expected in ((True, "saddle"), (False, "degenerate")):
        matrix = networks.hessian(_silent(skip), points, skip=skip)
        # As noisy as a Hessian by coarse differences: zeros are zeros within tol alone.
        noise = 1e-6 * rng.normal(size=matrix.shape)
        got = student.classify_critical_point(hessian=matrix + noise + noise.T, tol=1e-4)
        if got != expected:
            raise CheckFailed(f"{'with' if skip else 'without'} skip connections: yours is {describe(got)}, expected '{expected}'")


def _silent(skip, width=4):
    """A network of four layers whose weights are all zero."""
    start = networks.initial_weights(np.random.default_rng(0), 1, width, skip=skip)
    return [np.zeros_like(array) for array in start]


@kind.mistake(
    "A point where some eigenvalue is zero and the rest are positive is called a minimum. To second order the loss is flat "
    "there, and what is neither up nor down may turn down later: x² + y³ has this Hessian and no minimum. Look at what must "
    "hold for *every* eigenvalue of a minimum.",
    passes=("by_signs",),
)
def semidefinite_is_minimum(hessian, tol=1e-8):
    eigenvalues = np.linalg.eigvalsh(hessian)
    if np.all(eigenvalues >= -tol):
        return "minimum"
    return "maximum" if np.all(eigenvalues <= tol) else "saddle"


@kind.mistake(
    "Whatever has an eigenvalue of zero is called degenerate, even where others have both signs. Up in one direction and down in "
    "another is a saddle already: a flat third direction can't take that back. Look at which question is asked first.",
    passes=("by_signs",),
)
def zero_first(hessian, tol=1e-8):
    eigenvalues = np.linalg.eigvalsh(hessian)
    if np.any(np.abs(eigenvalues) <= tol):
        return "degenerate"
    if np.all(eigenvalues > 0):
        return "minimum"
    return "maximum" if np.all(eigenvalues < 0) else "saddle"


@kind.mistake(
    "`tol` is not used: eigenvalues are compared with 0 itself. One that is 1e-17 by rounding counts as curvature then. Look at "
    "what the eigenvalues are compared with.",
    passes=("by_signs", "with_zeros"),
)
def tolerance_ignored(hessian, tol=1e-8):
    eigenvalues = np.linalg.eigvalsh(hessian)
    up, down = eigenvalues > 0, eigenvalues < 0
    if up.any() and down.any():
        return "saddle"
    if not (up | down).all():
        return "degenerate"
    return "minimum" if up.all() else "maximum"


@kind.mistake(
    "The tolerance is always 1e-8, whatever the argument says. That is only its default: use the name, not the number.",
    passes=("by_signs", "with_zeros"),
)
def tolerance_fixed(hessian, tol=1e-8):
    eigenvalues = np.linalg.eigvalsh(hessian)
    up, down = eigenvalues > 1e-8, eigenvalues < -1e-8
    if up.any() and down.any():
        return "saddle"
    if not (up | down).all():
        return "degenerate"
    return "minimum" if up.all() else "maximum"


@kind.mistake(
    "`tol` is taken relative to the largest eigenvalue. It is an absolute number here: eigenvalues from −tol to tol count as "
    "zero. Look at what tol is multiplied by.",
    passes=("by_signs", "with_zeros", "silent_network"),
)
def tolerance_relative(hessian, tol=1e-8):
    eigenvalues = np.linalg.eigvalsh(hessian)
    room = tol * np.max(np.abs(eigenvalues))
    up, down = eigenvalues > room, eigenvalues < -room
    if up.any() and down.any():
        return "saddle"
    if not (up | down).all():
        return "degenerate"
    return "minimum" if up.all() else "maximum"


@kind.mistake(
    "Minimum and maximum are exchanged. Where the eigenvalues are positive, the loss curves upwards on all sides: look at which "
    "point lies in the middle of a bowl.",
    passes=("silent_network",),
)
def turned_round(hessian, tol=1e-8):
    eigenvalues = np.linalg.eigvalsh(hessian)
    up, down = eigenvalues > tol, eigenvalues < -tol
    if up.any() and down.any():
        return "saddle"
    if not (up | down).all():
        return "degenerate"
    return "maximum" if up.all() else "minimum"


@kind.mistake(
    "The sign of the determinant decides, as it may with two parameters. With more the product of the eigenvalues hides how many "
    "of them are negative: two of four leave it positive. Look at the eigenvalues one by one."
)
def by_determinant(hessian, tol=1e-8):
    determinant = np.linalg.det(hessian)
    if abs(determinant) <= tol:
        return "degenerate"
    if determinant < 0:
        return "saddle"
    return "minimum" if np.trace(hessian) > 0 else "maximum"


@kind.mistake(
    "The diagonal is looked at, not the eigenvalues. It holds the curvatures along the axes alone, and a loss that curves "
    "upwards along every axis may fall between them. Look at `np.linalg`.",
    passes=("with_zeros",),
)
def by_diagonal(hessian, tol=1e-8):
    up, down = np.diag(hessian) > tol, np.diag(hessian) < -tol
    if up.any() and down.any():
        return "saddle"
    if not (up | down).all():
        return "degenerate"
    return "minimum" if up.all() else "maximum"


@kind.mistake(
    "Whatever is no minimum and no maximum is called a saddle, where eigenvalues are zero too. A saddle goes up *and* down; "
    "where nothing goes down, or nothing up, zeros leave it open. Ask for both signs.",
    passes=("by_signs",),
)
def the_rest_is_saddle(hessian, tol=1e-8):
    eigenvalues = np.linalg.eigvalsh(hessian)
    if np.all(eigenvalues > tol):
        return "minimum"
    return "maximum" if np.all(eigenvalues < -tol) else "saddle"


@kind.mistake(
    "One negative eigenvalue is enough for a saddle here. Where all are negative, the loss falls on every side: that is a "
    "maximum, and there is no way up. Ask for both signs.",
    passes=("silent_network",),
)
def any_negative_is_saddle(hessian, tol=1e-8):
    eigenvalues = np.linalg.eigvalsh(hessian)
    if np.any(eigenvalues < -tol):
        return "saddle"
    return "minimum" if np.all(eigenvalues > tol) else "degenerate"


@kind.right
def by_ends(hessian, tol=1e-8):
    values = np.linalg.eigvalsh(hessian)
    low, high = values[0], values[-1]
    if low < -tol and high > tol:
        return "saddle"
    if low > tol:
        return "minimum"
    if high < -tol:
        return "maximum"
    return "degenerate"


@kind.right
def by_counting(hessian, tol=1e-8):
    values = np.real(np.linalg.eigvals(np.asarray(hessian, dtype=float)))
    positive = sum(1 for value in values if value > tol)
    negative = sum(1 for value in values if value < -tol)
    if positive and negative:
        return "saddle"
    if positive + negative < len(values):
        return "degenerate"
    return "minimum" if positive else "maximum"


@kind.right
def by_signs_as_a_set(hessian, tol=1e-8):
    signs = {0 if abs(value) <= tol else int(np.sign(value)) for value in np.linalg.eigh(hessian)[0]}
    if {1, -1} <= signs:
        return "saddle"
    if 0 in signs:
        return "degenerate"
    return {frozenset({1}): "minimum", frozenset({-1}): "maximum"}[frozenset(signs)]


@kind.right
def minimum_first(hessian, tol=1e-8):
    values = np.linalg.eigvalsh(hessian)
    if values.min() > tol:
        word = "minimum"
    elif values.max() < -tol:
        word = "maximum"
    elif values.min() < -tol and values.max() > tol:
        word = "saddle"
    else:
        word = "degenerate"
    return word


# Directions of escape -------------------------------------------------------------------------------------------------

escape = Exercise(reference.escape_directions)


@escape.part("spans exactly the directions in which the loss curves downwards", weight=2, kind="exact")
def downwards(rng):
    return [
        Probe("subspace", "escape_directions", {"hessian": _away(rng, -1, -1, 1, 1, 1)}, label="two of five"),
        Probe("subspace", "escape_directions", {"hessian": _away(rng, -1, 1, 1)}, label="one of three"),
        Probe("subspace", "escape_directions", {"hessian": _away(rng, -1, -1, -1, 1)}, label="three of four"),
    ]


@escape.part("has no columns at a minimum, and as many as there are parameters at a maximum", kind="exact")
def none_and_all(rng):
    return [
        Probe("subspace", "escape_directions", {"hessian": _away(rng, 1, 1, 1)}, label="a minimum"),
        Probe("subspace", "escape_directions", {"hessian": _away(rng, -1, -1, -1)}, label="a maximum"),
        Probe("subspace", "escape_directions", {"hessian": _away(rng, -1, -1, 1)}, label="a saddle"),
    ]


@escape.part("leaves out what is zero within tol, with the tol that is given and with the default", weight=2)
def beyond_the_tolerance(rng):
    tol = float(rng.uniform(0.2, 0.4))
    given = with_spectrum(rng, np.array([-3.0, -1.5 * tol, -0.5 * tol, 0.5 * tol, 2.0]))
    default = np.diag([-1.0, -1e-9, -1e-6, 2.0])
    flat = np.diag([0.0, -rng.uniform(1, 2), 0.0])
    return [
        Probe("subspace", "escape_directions", {"hessian": given, "tol": tol}, label="with a given tol"),
        Probe("subspace", "escape_directions", {"hessian": default}, label="with the default"),
        Probe("subspace", "escape_directions", {"hessian": flat}, label="two flat directions"),
    ]


@escape.property("leads downhill from a saddle, along every column and back")
def downhill(student, rng):
    matrix = -np.eye(6)
    while np.any(np.diag(matrix) < 0.1):  # along every axis the way leads up
        matrix = with_spectrum(rng, np.concatenate([rng.uniform(-0.6, -0.3, size=3), rng.uniform(3.0, 5.0, size=3)]))
    columns = as_numbers(student.escape_directions(hessian=matrix))
    if columns is None or columns.shape != (6, 3):
        raise CheckFailed("a saddle with three of six directions downwards: wanted an array of shape (6, 3)")
    # On ½xᵀHx, a step of length 1 to either side.
    for k, column in enumerate(columns.T):
        if not 0.5 * column @ matrix @ column < 0:
            raise CheckFailed(f"a step of length 1 from a saddle along column {k} doesn't lead downhill")


@escape.mistake(
    "These are rows: the directions should be columns, the shape (n, k). Look at what `np.linalg.eigh` returns: its eigenvectors "
    "are the columns, `vectors[:, i]`."
)
def rows_of_eigh(hessian, tol=1e-8):
    eigenvalues, eigenvectors = np.linalg.eigh(hessian)
    return eigenvectors[eigenvalues < -tol]


@escape.mistake(
    "The right directions stand in the rows, and the columns are wanted: the shape is (n, k). Look at the last transposition."
)
def transposed(hessian, tol=1e-8):
    eigenvalues, eigenvectors = np.linalg.eigh(hessian)
    return eigenvectors[:, eigenvalues < -tol].T


@escape.mistake(
    "These are the directions in which the loss curves upwards. Out of a saddle one gets downhill: look at the sign in the "
    "comparison."
)
def upwards(hessian, tol=1e-8):
    eigenvalues, eigenvectors = np.linalg.eigh(hessian)
    return eigenvectors[:, eigenvalues > tol]


@escape.mistake(
    "Flat directions are counted among those of escape. Where the curvature is zero within tol, nothing says that the loss "
    "falls: look at the comparison with −tol.",
    passes=("downwards", "none_and_all", "downhill"),
)
def flat_ones_too(hessian, tol=1e-8):
    eigenvalues, eigenvectors = np.linalg.eigh(hessian)
    return eigenvectors[:, eigenvalues <= tol]


@escape.mistake(
    "`tol` is not used: an eigenvalue of −1e-17, which is rounding, counts as a way out. Look at what the eigenvalues are "
    "compared with.",
    passes=("downwards", "none_and_all", "downhill"),
)
def tolerance_left_out(hessian, tol=1e-8):
    eigenvalues, eigenvectors = np.linalg.eigh(hessian)
    return eigenvectors[:, eigenvalues < 0]


@escape.mistake(
    "The tolerance is always 1e-8, whatever the argument says. That is only its default: use the name, not the number.",
    passes=("downwards", "none_and_all", "downhill"),
)
def tolerance_as_number(hessian, tol=1e-8):
    eigenvalues, eigenvectors = np.linalg.eigh(hessian)
    return eigenvectors[:, eigenvalues < -1e-8]


@escape.mistake(
    "Only the steepest way out is returned. There may be several, and any mixture of them leads down too: return a column for "
    "each, and none at a minimum."
)
def steepest_alone(hessian, tol=1e-8):
    return np.linalg.eigh(hessian)[1][:, :1]


@escape.mistake(
    "What comes back is a single vector, without the second axis. A matrix is wanted, of shape (n, k), also for k = 1: look at "
    "how the columns are picked."
)
def a_single_vector(hessian, tol=1e-8):
    return np.linalg.eigh(hessian)[1][:, 0]


@escape.mistake("These are the eigenvalues below −tol. The directions are the eigenvectors that belong to them.")
def the_eigenvalues(hessian, tol=1e-8):
    eigenvalues = np.linalg.eigvalsh(hessian)
    return eigenvalues[eigenvalues < -tol]


@escape.mistake(
    "The columns are multiplied by their eigenvalues. They should have length 1: look at what is done with the eigenvectors after "
    "they are picked.",
    passes=("downhill",),
)
def stretched(hessian, tol=1e-8):
    eigenvalues, eigenvectors = np.linalg.eigh(hessian)
    down = eigenvalues < -tol
    return eigenvectors[:, down] * eigenvalues[down]


@escape.mistake(
    "The axes with a negative entry on the diagonal are taken. The loss may fall steepest between the axes: the directions are "
    "eigenvectors. Look at `np.linalg`."
)
def axes_alone(hessian, tol=1e-8):
    return np.eye(len(hessian))[:, np.diag(hessian) < -tol]


@escape.right
def column_by_column(hessian, tol=1e-8):
    eigenvalues, eigenvectors = np.linalg.eigh(hessian)
    columns = [eigenvectors[:, i] for i in range(len(eigenvalues)) if eigenvalues[i] < -tol]
    return np.stack(columns, axis=1) if columns else np.zeros((len(hessian), 0))


@escape.right
def counted(hessian, tol=1e-8):
    # eigh sorts: the negative ones come first.
    eigenvalues, eigenvectors = np.linalg.eigh(hessian)
    return -eigenvectors[:, : np.count_nonzero(eigenvalues < -tol)]


@escape.right
def another_basis(hessian, tol=1e-8):
    eigenvalues, eigenvectors = np.linalg.eigh(hessian)
    columns = eigenvectors[:, eigenvalues < -tol]
    k = columns.shape[1]
    turn, _ = np.linalg.qr(np.arange(1.0, k * k + 1).reshape(k, k) + 3 * np.eye(k))
    return columns @ turn


@escape.right
def from_the_other_end(hessian, tol=1e-8):
    eigenvalues, eigenvectors = np.linalg.eigh(-np.asarray(hessian))
    return np.compress(eigenvalues > tol, eigenvectors, axis=1)[:, ::-1]


# Filter normalisation -------------------------------------------------------------------------------------------------

normalise = Exercise(reference.filter_normalize)


NEARLY = 1e-7


def _network(rng, *shapes):
    """Weights and a direction of these shapes; the filters of both differ widely in length, so that a shared scale is seen."""

    def arrays(low, high):
        made = []
        for shape in shapes:
            lengths = rng.uniform(low, high, size=shape[:1] + (1,) * (len(shape) - 1)) if len(shape) > 1 else 1.0
            made.append(lengths * vector(rng, *shape))
        return made

    return {"direction": arrays(0.2, 5.0), "weights": arrays(0.3, 3.0)}


def _normalised(arguments, label):
    # The paper's own program adds 1e-10 to the length, so that nothing is divided by zero. Whoever adds so little is right.
    return Call("filter_normalize", arguments, label=label, rtol=NEARLY)


@normalise.part("gives each filter of a matrix the length of the weights' filter, and biases zeros", weight=2, kind="exact")
def matrices(rng):
    return [
        _normalised(_network(rng, (3, 2), (3,), (3, 3), (3,), (1, 3), (1,)), "three layers with biases"),
        _normalised(_network(rng, (4, 3)), "one matrix"),
        _normalised(_network(rng, (2, 3), (2,), (2, 2)), "two layers, one bias"),
    ]


@normalise.part("takes all that belongs to one output for a filter: in a convolution three axes of four")
def convolutions(rng):
    return [
        _normalised(_network(rng, (3, 2, 2, 2), (3,)), "a convolution of 2 × 2"),
        _normalised(_network(rng, (2, 3, 2), (2,), (2, 4)), "a convolution in one dimension"),
    ]


@normalise.part("gives zeros for a filter of zeros, in the direction or in the weights, not NaN", kind="exact")
def zero_filters(rng):
    silent, dead = _network(rng, (3, 2), (3,)), _network(rng, (3, 2), (3,))
    silent["direction"][0][1] = 0.0
    dead["weights"][0][2] = 0.0
    nothing = _network(rng, (2, 2), (2,))
    nothing["direction"] = [np.zeros_like(array) for array in nothing["direction"]]
    return [
        _normalised(silent, "a filter of the direction is zero"),
        _normalised(dead, "a filter of the weights is zero"),
        _normalised(nothing, "the whole direction is zero"),
    ]


@normalise.part("keeps its accuracy where weights are tiny or huge, and where the direction is whole numbers")
def sizes(rng):
    tiny, huge, whole = (_network(rng, (3, 2), (3,)) for _ in range(3))
    tiny["weights"] = [1e-90 * array for array in tiny["weights"]]
    huge["weights"] = [1e90 * array for array in huge["weights"]]
    whole["direction"] = [rng.integers(1, 9, size=array.shape) for array in whole["direction"]]
    return [
        _normalised(tiny, "tiny weights"),
        _normalised(huge, "huge weights"),
        _normalised(whole, "a direction of whole numbers"),
    ]


@normalise.property("does not depend on how long the direction was, and follows the weights when they are rescaled", kind="exact")
def scales(student, rng):
    drawn = _network(rng, (3, 4), (3,), (2, 3))
    plain = student.filter_normalize(**drawn)
    numbers = [as_numbers(array) for array in plain] if isinstance(plain, list) else [None]
    if [np.shape(array) for array in numbers] != [(3, 4), (3,), (2, 3)]:
        raise CheckFailed("wanted a list of three arrays, in the shapes of the weights")
    close(numbers[1], np.zeros(3), where="the biases")
    lengths = [np.linalg.norm(arrays[0], axis=1) for arrays in (numbers, drawn["weights"])]
    close(*lengths, rtol=NEARLY, where="the lengths of the filters")
    longer = [array * rng.uniform(2, 9, size=(len(array),) + (1,) * (array.ndim - 1)) for array in drawn["direction"]]
    stretched = student.filter_normalize(direction=longer, weights=drawn["weights"])
    close(stretched, plain, rtol=NEARLY, where="each filter of the direction longer")
    doubled = student.filter_normalize(direction=drawn["direction"], weights=[2 * array for array in drawn["weights"]])
    close(doubled, [2 * array for array in numbers], rtol=NEARLY, where="weights twice as large")


@normalise.mistake(
    "Each array is scaled as a whole: within it, filters keep their lengths relative to each other. Every filter, that is every "
    "entry along the first axis, should get the length of its own counterpart. Look at the axes over which you sum."
)
def whole_array(direction, weights):
    scaled = []
    for d, w in zip(direction, weights, strict=True):
        length = np.linalg.norm(d) if d.ndim > 1 else 0.0
        scaled.append(d * (np.linalg.norm(w) / length) if length > 0 else np.zeros(d.shape))
    return scaled


@normalise.mistake(
    "One scale for all weights together. Layers differ in size, and so do filters: each filter should get the length of its own "
    "counterpart. Look at where the norm is taken."
)
def whole_network(direction, weights):
    long = sum(np.sum(d**2) for d in direction if d.ndim > 1)
    wanted = sum(np.sum(w**2) for w in weights if w.ndim > 1)
    scale = np.sqrt(wanted / long) if long > 0 else 0.0
    return [d * scale if d.ndim > 1 else np.zeros(d.shape) for d in direction]


@normalise.mistake(
    "The biases are kept as they were drawn. They are no filters, and so have nothing to be scaled by: one-dimensional arrays "
    "become zeros."
)
def biases_kept(direction, weights):
    scaled = []
    for d, w in zip(direction, weights, strict=True):
        axes = tuple(range(1, d.ndim))
        length, wanted = (np.sqrt(np.sum(a * 1.0 * a, axis=axes, keepdims=True)) for a in (d, w))
        scaled.append(d * (wanted / np.where(length > 0, length, 1.0)) if d.ndim > 1 else d * 1.0)
    return scaled


@normalise.mistake(
    "The biases are scaled to the length of the weights' biases, as if they were one filter. In this rule one-dimensional arrays "
    "become zeros: look at the number of axes before anything else."
)
def biases_scaled(direction, weights):
    scaled = []
    for d, w in zip(direction, weights, strict=True):
        axes = tuple(range(1, d.ndim))
        length, wanted = (np.sqrt(np.sum(a * 1.0 * a, axis=axes, keepdims=True)) for a in (d, w))
        if d.ndim == 1:
            length, wanted = np.linalg.norm(d), np.linalg.norm(w)
        scaled.append(d * (wanted / np.where(length > 0, length, 1.0)))
    return scaled


@normalise.mistake(
    "Each bias gets the size of the weights' bias: every number of a one-dimensional array is taken for a filter of its own. "
    "Those arrays become zeros; look at the number of axes before anything else."
)
def biases_one_by_one(direction, weights):
    scaled = []
    for d, w in zip(direction, weights, strict=True):
        axes = tuple(range(1, d.ndim))
        length, wanted = (np.sqrt(np.sum(a * 1.0 * a, axis=axes, keepdims=True)) for a in (d, w))
        scaled.append(d * (wanted / np.where(length > 0, length, 1.0)) if d.ndim > 1 else np.sign(d) * np.abs(w))
    return scaled


@normalise.mistake(
    "A filter of zeros becomes NaN: its length 0 is divided by. Nothing can be scaled there, and zeros are wanted. Look at what "
    "stands under the fraction line where a filter of the direction is zero.",
    passes=("matrices", "convolutions", "sizes", "scales"),
)
def nan_for_zero(direction, weights):
    scaled = []
    for d, w in zip(direction, weights, strict=True):
        axes = tuple(range(1, d.ndim))
        length = np.sqrt(np.sum(d * 1.0 * d, axis=axes, keepdims=True))
        wanted = np.sqrt(np.sum(w**2, axis=axes, keepdims=True))
        scaled.append(d * wanted / length if d.ndim > 1 else np.zeros(d.shape))
    return scaled


@normalise.mistake(
    "Columns are scaled, not rows. A filter holds the weights that lead into one output, and these stand along the first axis: "
    "`array[0]` is the first. Look at the axis of the sum."
)
def columns_scaled(direction, weights):
    scaled = []
    for d, w in zip(direction, weights, strict=True):
        length, wanted = (np.sqrt(np.sum(a * 1.0 * a, axis=0, keepdims=True)) for a in (d, w))
        scaled.append(d * (wanted / np.where(length > 0, length, 1.0)) if d.ndim > 1 else np.zeros(d.shape))
    return scaled


@normalise.mistake(
    "The filters have length 1. They should have the length of the weights' own filters: that is what makes networks of "
    "different scale comparable. Look at what the unit filter is multiplied by."
)
def unit_filters(direction, weights):
    scaled = []
    for d in direction:
        axes = tuple(range(1, d.ndim))
        length = np.sqrt(np.sum(d * 1.0 * d, axis=axes, keepdims=True))
        scaled.append(d / np.where(length > 0, length, 1.0) if d.ndim > 1 else np.zeros(d.shape))
    return scaled


@normalise.mistake(
    "The fraction stands upside down: a filter of the direction that was too long gets longer still. Look at which of the two "
    "norms is above the line."
)
def upside_down(direction, weights):
    scaled = []
    for d, w in zip(direction, weights, strict=True):
        axes = tuple(range(1, d.ndim))
        length, wanted = (np.sqrt(np.sum(a * 1.0 * a, axis=axes, keepdims=True)) for a in (d, w))
        scaled.append(d * (length / np.where(wanted > 0, wanted, 1.0)) if d.ndim > 1 else np.zeros(d.shape))
    return scaled


@normalise.mistake(
    "The sum of the squares is used as the length. The root is missing: look at the definition of the Euclidean norm."
)
def root_forgotten(direction, weights):
    scaled = []
    for d, w in zip(direction, weights, strict=True):
        axes = tuple(range(1, d.ndim))
        length, wanted = (np.sum(a * 1.0 * a, axis=axes, keepdims=True) for a in (d, w))
        scaled.append(d * (wanted / np.where(length > 0, length, 1.0)) if d.ndim > 1 else np.zeros(d.shape))
    return scaled


@normalise.mistake(
    "In a convolution only the last axis is summed: each row of a kernel is scaled by itself. A filter is all that belongs to one "
    "output, over every axis but the first. With matrices this is the same; look at arrays of four axes.",
    passes=("matrices", "zero_filters", "sizes", "scales"),
)
def last_axis_alone(direction, weights):
    scaled = []
    for d, w in zip(direction, weights, strict=True):
        length, wanted = (np.sqrt(np.sum(a * 1.0 * a, axis=-1, keepdims=True)) for a in (d, w))
        scaled.append(d * (wanted / np.where(length > 0, length, 1.0)) if d.ndim > 1 else np.zeros(d.shape))
    return scaled


@normalise.mistake(
    "The direction is multiplied by the weights, number by number. Some programs for surfaces scale so; here a filter keeps its "
    "own direction and takes only the length from the weights."
)
def number_by_number(direction, weights):
    return [d * np.abs(w) if d.ndim > 1 else np.zeros(d.shape) for d, w in zip(direction, weights, strict=True)]


@normalise.mistake("In place: the arrays of the direction that was passed in are changed.", gate="changes-arguments")
def direction_in_place(direction, weights):
    for i, w in enumerate(weights):
        axes = tuple(range(1, w.ndim))
        if w.ndim < 2:
            direction[i] = np.zeros(w.shape)
            continue
        length, wanted = (np.sqrt(np.sum(a * 1.0 * a, axis=axes, keepdims=True)) for a in (direction[i], w))
        direction[i] = direction[i] * (wanted / np.where(length > 0, length, 1.0))
    return [array.copy() for array in direction]


@normalise.right
def filter_by_filter(direction, weights):
    result = []
    for d, w in zip(direction, weights, strict=True):
        new = np.zeros(np.shape(d))
        if new.ndim > 1:
            for i in range(len(d)):
                length = np.linalg.norm(d[i])
                if length > 0:
                    new[i] = d[i] / length * np.linalg.norm(w[i])
        result.append(new)
    return result


@normalise.right
def flattened(direction, weights):
    result = []
    for d, w in zip(direction, weights, strict=True):
        if d.ndim == 1:
            result.append(0.0 * d)
            continue
        rows = d.reshape(len(d), -1)
        length = np.linalg.norm(rows, axis=1)
        wanted = np.linalg.norm(w.reshape(len(w), -1), axis=1)
        factor = np.divide(wanted, length, out=np.zeros_like(length), where=length > 0)
        result.append((factor[:, None] * rows).reshape(d.shape))
    return tuple(result)


@normalise.right
def nan_repaired(direction, weights):
    with np.errstate(all="ignore"):
        return [
            np.nan_to_num(d / np.linalg.norm(d.reshape(len(d), -1), axis=1).reshape(-1, *[1] * (d.ndim - 1)))
            * np.linalg.norm(w.reshape(len(w), -1), axis=1).reshape(-1, *[1] * (d.ndim - 1))
            if d.ndim > 1
            else np.zeros_like(d, dtype=float)
            for d, w in zip(direction, weights, strict=True)
        ]


@normalise.right
def a_little_added(direction, weights):
    result = []
    for d, w in zip(direction, weights, strict=True):
        axes = tuple(range(1, w.ndim))
        length = (d * 1.0 * d).sum(axis=axes, keepdims=True) ** 0.5
        wanted = (w * 1.0 * w).sum(axis=axes, keepdims=True) ** 0.5
        result.append(d * (wanted / (length + 1e-10)) * (w.ndim > 1))
    return result


@normalise.right
def by_einsum(direction, weights):
    result = []
    for d, w in zip(direction, weights, strict=True):
        if np.ndim(d) < 2:
            result.append([0.0] * len(d))
            continue
        squares = np.einsum("i...,i...->i...", d * 1.0, d).reshape(len(d), -1).sum(axis=1)
        wanted = np.einsum("i...,i...->i...", w * 1.0, w).reshape(len(d), -1).sum(axis=1)
        ratio = np.array([np.sqrt(b) / np.sqrt(a) if a > 0 else 0.0 for a, b in zip(squares, wanted, strict=True)])
        result.append(np.moveaxis(np.moveaxis(d, 0, -1) * ratio, -1, 0).tolist())
    return result


# The surface ----------------------------------------------------------------------------------------------------------

surface = Exercise(reference.loss_surface)

LAYERS = ((2, 2), (2,), (1, 2), (1,))


def _plane(rng, n_alphas, n_betas, shapes=LAYERS):
    def arrays():
        return [vector(rng, *shape) for shape in shapes]

    return {
        "loss": LossOf("wavy", shapes),
        "weights": arrays(),
        "d1": arrays(),
        "d2": arrays(),
        "alphas": np.sort(rng.uniform(-1.0, 1.5, size=n_alphas)),
        "betas": np.sort(rng.uniform(-1.5, 1.0, size=n_betas)),
    }


@surface.part("is the loss at weights + α d1 + β d2, a row for each α and a column for each β", weight=2, kind="exact")
def over_the_plane(rng):
    return [
        Call("loss_surface", _plane(rng, 7, 4), label="7 × 4 points"),
        Call("loss_surface", _plane(rng, 4, 2, ((3, 2),)), label="4 × 2 points, one matrix"),
    ]


@surface.part("works for a line, for a single point, and for weights of whole numbers")
def lines_and_points(rng):
    whole = _plane(rng, 2, 3)
    whole["weights"] = [rng.integers(1, 5, size=shape) for shape in LAYERS]
    return [
        Call("loss_surface", _plane(rng, 5, 1), label="five α, one β"),
        Call("loss_surface", _plane(rng, 1, 3), label="one α, three β"),
        Call("loss_surface", _plane(rng, 1, 1), label="one point"),
        Call("loss_surface", whole, label="weights of whole numbers"),
    ]


@surface.property("is the known quadratic of α and β where the loss is half the sum of all squares", kind="exact")
def on_a_bowl(student, rng):
    drawn = _plane(rng, 3, 4)
    got = student.loss_surface(**drawn | {"loss": lambda weights: 0.5 * sum(float(np.sum(np.square(w))) for w in weights)})
    w, d1, d2 = (networks.flat(drawn[name]) for name in ("weights", "d1", "d2"))
    a, b = np.meshgrid(drawn["alphas"], drawn["betas"], indexing="ij")
    squares = (w @ w + a**2 * (d1 @ d1) + b**2 * (d2 @ d2)) / 2
    close(got, squares + a * (w @ d1) + b * (w @ d2) + a * b * (d1 @ d2), where="the bowl")


@surface.mistake(
    "The axes are swapped: a row should belong to each α, a column to each β. Look at which loop is the outer one, or at the "
    "order of the indices."
)
def axes_swapped(loss, weights, d1, d2, alphas, betas):
    return np.array([[loss([w + a * x + b * y for w, x, y in zip(weights, d1, d2, strict=True)]) for a in alphas] for b in betas])


@surface.mistake("α goes along d2 and β along d1. Look at which number multiplies which direction.")
def directions_swapped(loss, weights, d1, d2, alphas, betas):
    return np.array([[loss([w + b * x + a * y for w, x, y in zip(weights, d1, d2, strict=True)]) for b in betas] for a in alphas])


@surface.mistake(
    "The first direction is used for both axes: every point lies on one line through the weights. Look at what β multiplies."
)
def one_direction(loss, weights, d1, d2, alphas, betas):
    return np.array([[loss([w + a * x + b * x for w, x in zip(weights, d1, strict=True)]) for b in betas] for a in alphas])


@surface.mistake(
    "The weights themselves are left out: this is the loss round the point where all weights are zero. Look at what the steps "
    "are added to."
)
def weights_left_out(loss, weights, d1, d2, alphas, betas):
    return np.array([[loss([a * x + b * y for x, y in zip(d1, d2, strict=True)]) for b in betas] for a in alphas])


@surface.mistake(
    "The steps are subtracted: the surface is turned round the middle. There is no descent here; go along the directions, not "
    "against them."
)
def subtracted(loss, weights, d1, d2, alphas, betas):
    return np.array([[loss([w - a * x - b * y for w, x, y in zip(weights, d1, d2, strict=True)]) for b in betas] for a in alphas])


@surface.mistake(
    "The weights wander: each point starts from where the last one ended. Every point of the surface should be reached from the "
    "same middle. Look for `=` or `+=` on the weights inside the loops.",
)
def wandering(loss, weights, d1, d2, alphas, betas):
    now = [array * 1.0 for array in weights]
    values = np.zeros((len(alphas), len(betas)))
    for i, a in enumerate(alphas):
        for j, b in enumerate(betas):
            now = [w + a * x + b * y for w, x, y in zip(now, d1, d2, strict=True)]
            values[i, j] = loss(now)
    return values


@surface.mistake(
    "α and β are walked together, a point for each pair: that is a line, not a surface. Two loops are needed, one inside the other."
)
def paired(loss, weights, d1, d2, alphas, betas):
    return np.array(
        [loss([w + a * x + b * y for w, x, y in zip(weights, d1, d2, strict=True)]) for a, b in zip(alphas, betas, strict=False)]
    )


@surface.mistake(
    "All values stand in one row. A two-dimensional array is wanted, of shape (len(alphas), len(betas)): look at how the values "
    "are collected."
)
def in_one_row(loss, weights, d1, d2, alphas, betas):
    return np.array([loss([w + a * x + b * y for w, x, y in zip(weights, d1, d2, strict=True)]) for a in alphas for b in betas])


@surface.mistake(
    "This is the rise above the loss in the middle. The loss itself is wanted: look for a difference, and count the calls."
)
def rise_alone(loss, weights, d1, d2, alphas, betas):
    middle = loss(weights)
    return np.array(
        [[loss([w + a * x + b * y for w, x, y in zip(weights, d1, d2, strict=True)]) - middle for b in betas] for a in alphas]
    )


@surface.mistake(
    "The results are squeezed into the weights' own type: where these are whole numbers, the steps are cut off. Look for an array "
    "made with `copy` or `zeros_like` and filled afterwards; add instead, which makes a new one.",
    passes=("over_the_plane", "on_a_bowl"),
)
def truncated(loss, weights, d1, d2, alphas, betas):
    values = np.zeros((len(alphas), len(betas)))
    for i, a in enumerate(alphas):
        for j, b in enumerate(betas):
            moved = [w.copy() for w in weights]
            for k in range(len(moved)):
                moved[k][...] = weights[k] + a * d1[k] + b * d2[k]
            values[i, j] = loss(moved)
    return values


@surface.mistake(
    "The loss is asked at the first array of the weights moved alone; the others stay. A direction moves every array of the "
    "network: look at what you loop over.",
)
def first_array_alone(loss, weights, d1, d2, alphas, betas):
    return np.array([[loss([weights[0] + a * d1[0] + b * d2[0], *weights[1:]]) for b in betas] for a in alphas])


@surface.mistake("In place: the weights are moved, and moved back.", gate="changes-arguments")
def there_and_not_back(loss, weights, d1, d2, alphas, betas):
    middle = [np.array(w, dtype=float) for w in weights]
    values = np.zeros((len(alphas), len(betas)))
    for i, a in enumerate(alphas):
        for j, b in enumerate(betas):
            for k in range(len(weights)):
                weights[k] = middle[k] + a * d1[k] + b * d2[k]
            values[i, j] = loss(weights)
    return values


@surface.mistake("The loss is asked twice at each point.", gate="calls")
def asked_twice(loss, weights, d1, d2, alphas, betas):
    values = np.zeros((len(alphas), len(betas)))
    for i, a in enumerate(alphas):
        for j, b in enumerate(betas):
            moved = [w + a * x + b * y for w, x, y in zip(weights, d1, d2, strict=True)]
            values[i, j] = (loss(moved) + loss(moved)) / 2
    return values


@surface.right
def two_loops(loss, weights, d1, d2, alphas, betas):
    values = np.zeros((len(alphas), len(betas)))
    for i in range(len(alphas)):
        for j in range(len(betas)):
            moved = []
            for k in range(len(weights)):
                moved.append(weights[k] + alphas[i] * d1[k] + betas[j] * d2[k])
            values[i, j] = loss(moved)
    return values


@surface.right
def columns_first(loss, weights, d1, d2, alphas, betas):
    columns = []
    for beta in betas:
        start = [w + beta * y for w, y in zip(weights, d2, strict=True)]
        columns.append([loss([s + alpha * x for s, x in zip(start, d1, strict=True)]) for alpha in alphas])
    return np.transpose(columns)


@surface.right
def as_nested_lists(loss, weights, d1, d2, alphas, betas):
    def at(alpha, beta):
        return float(loss(tuple(beta * y + alpha * x + w for w, x, y in zip(weights, d1, d2, strict=True))))

    return [[at(alpha, beta) for beta in betas] for alpha in alphas]


@surface.right
def over_indices(loss, weights, d1, d2, alphas, betas):
    values = np.empty((len(alphas), len(betas)))
    for i, j in np.ndindex(values.shape):
        moved = [np.array(w, dtype=float) for w in weights]
        for m, x, y in zip(moved, d1, d2, strict=True):
            m += alphas[i] * x
            m += betas[j] * y
        values[i, j] = loss(moved)
    return values


# The question ---------------------------------------------------------------------------------------------------------

question = Question(
    "why_gradient_descent",
    reference.why_gradient_descent,
    {
        "a": "Networks of any width have more than one minimum: exchange two hidden units, and the same network stands "
        "elsewhere. And even the small one here has saddles.",
        "b": "There is no such guarantee: which minimum is reached depends on the start, and nothing in the rule knows of a "
        "better one.",
        "c": "To be caught, every one of many curvatures must point upwards. Where that holds, the loss is low already, and the "
        "test loss about as good as elsewhere: this is what the slide claims, and what experiments mostly saw.",
        "d": "At a saddle the gradient is zero, and near it small. Gradient descent leaves in the end, but is slowed down: that "
        "is the obstacle, not the reason to use it.",
    },
)


# What the figures show of the reference -------------------------------------------------------------------------------

STEPS = (1, 3, 10, 30, 60, 100, 200, 300, 400, 500, 600, 700, 850, 1000, 1500, 2000)


@cache
def _hessians():
    """The Hessians at some steps of a small network's training, as the notebook makes them."""
    points = networks.two_spirals(np.random.default_rng(1), 200)
    start = networks.initial_weights(np.random.default_rng(2), 1, 6, skip=True)
    steps = enumerate(networks.training(start, points, skip=True, lr=lambda t: 0.05), start=1)
    kept = [weights for t, weights in itertools.islice(steps, max(STEPS)) if t in STEPS]
    return [networks.hessian(weights, points, skip=True) for weights in kept]


def _ways_out(tol):
    """The share of the directions that lead downwards by more than tol, at each of the steps."""
    return [reference.escape_directions(matrix, tol).shape[1] / len(matrix) for matrix in _hessians()]


def _from_zeros(way):
    """The loss of the small network from the point where all weights are zero, 41 places from −1.2 to 1.2: along a way out with
    the skip connection, along the same without, along the steepest way up with it."""
    points = networks.two_spirals(np.random.default_rng(1), 200)
    silent = _silent(True, 6)
    # The ways out span six dimensions, and which six columns eigh returns is the computer's choice. The one that lies nearest to
    # the axis of the first weight is the same on all computers.
    columns = reference.escape_directions(networks.hessian(silent, points, skip=True), 1e-6)
    up = np.linalg.eigh(networks.hessian(silent, points, skip=True))[1][:, -1]
    out = columns @ columns.T @ np.eye(len(columns))[0]
    direction = networks.unflat(up if way == 2 else out / np.linalg.norm(out), silent)
    loss = partial(networks.loss, points=points, skip=way != 1)
    return reference.loss_surface(loss, silent, direction, silent, np.linspace(-1.2, 1.2, 41), [0.0])[:, 0]


GHOSTS = {
    "ways_out": Ghost(_ways_out, {"tol": [1e-3]}, {"tol": 1e-3}),
    "zeros": Ghost(_from_zeros, {"way": [0, 1, 2]}, {"way": 0}),
}
