"""Checks and known mistakes of section 1, the problem: quadratics, their gradients and minima, and numerical gradients."""

import numpy as np

from descentlab import objectives
from descentlab.checks import Call, CheckFailed, Exercise, Question, ValueOf, close
from descentlab.checks.values import as_numbers
from grader_tests._draws import hessian, vector, with_spectrum
from grader_tests._ghosts import Ghost
from reference_impl import s01_problem as reference
from reference_impl.s01_problem import quadratic

EPS = float(np.finfo(float).eps)


def _turned(rng, d):
    """A (d, d) matrix whose symmetric part is positive definite, and so far from symmetric that neither of its triangles, mirrored,
    is so.
    """
    skew = np.triu(rng.choice([-1, 1], size=(d, d)) * rng.uniform(3.0, 4.0, size=(d, d)), 1)
    return hessian(rng, d, 0.5, 2.0) + skew - skew.T


def _at(rng, d, matrix=None):
    return {"theta": vector(rng, d), "A": _turned(rng, d) if matrix is None else matrix, "b": vector(rng, d)}


def _whole(rng, d):
    """Whole numbers, and odd ones where halves would otherwise be whole: of the diagonal of A."""
    matrix = rng.integers(1, 4, size=(d, d)) + np.diag(10 + 2 * rng.integers(0, 3, size=d))
    return {"theta": 2 * rng.integers(1, 4, size=d) + 1, "A": matrix, "b": rng.integers(1, 9, size=d)}


def _scaled(rng, size):
    drawn = _at(rng, 3)
    return drawn | {"theta": size * drawn["theta"], "b": size * drawn["b"]}


# The quadratic ----------------------------------------------------------------------------------------------------------------

value = Exercise(reference.quadratic)


@value.part("is the number that the formula gives, for a matrix that is symmetric and for one that is not", weight=2, kind="exact")
def of_any_matrix(rng):
    return [
        Call("quadratic", _at(rng, 3), label="a matrix that is not symmetric"),
        Call("quadratic", _at(rng, 2, hessian(rng, 2)), label="a symmetric one"),
    ]


@value.part("works for one parameter, for five, and for whole numbers", kind="exact")
def of_any_size(rng):
    whole = _whole(rng, 2)
    # An odd θᵀAθ, whose half is no whole number.
    whole["A"][0, 0] += 1 - int(whole["theta"] @ whole["A"] @ whole["theta"]) % 2
    return [
        Call("quadratic", _at(rng, 1), label="one parameter"),
        Call("quadratic", _at(rng, 5), label="five parameters"),
        Call("quadratic", whole, label="whole numbers"),
    ]


@value.part("keeps its accuracy where the numbers are tiny or huge", kind="exact")
def of_any_scale(rng):
    return [Call("quadratic", _scaled(rng, 1e-90), label="tiny"), Call("quadratic", _scaled(rng, 1e90), label="huge")]


@value.property("bends along every line by vᵀAv, and does not tell A from its transpose", kind="exact")
def a_parabola_along_every_line(student, rng):
    at, v = _at(rng, 3), vector(rng, 3)

    def of(theta, matrix=at["A"]):
        number = as_numbers(student.quadratic(theta=theta, A=matrix, b=at["b"]))
        if number is None or number.shape:
            raise CheckFailed("the value of a quadratic should be one number")
        return float(number)

    low, here, high = (of(at["theta"] + step * v) for step in (-1, 0, 1))
    close(high - 2 * here + low, float(v @ at["A"] @ v), where="J(θ + v) − 2J(θ) + J(θ − v)")
    close(of(at["theta"], at["A"].T), here, where="with the transpose of A")


@value.mistake(
    "The ½ is missing. With it the derivative of ½aθ² is aθ, free of the 2; without it all that follows is off by a factor. Look "
    "at what stands in front of θᵀAθ."
)
def half_forgotten(theta, A, b):
    return theta @ A @ theta - b @ theta


@value.mistake(
    "The linear term has the wrong sign: bᵀθ is subtracted. Look at the sign between the two terms.",
    passes=("a_parabola_along_every_line",),
)
def linear_term_added(theta, A, b):
    return 0.5 * theta @ A @ theta + b @ theta


@value.mistake(
    "The ½ halves both terms. It belongs to θᵀAθ alone. Look at where the bracket closes.",
    passes=("a_parabola_along_every_line",),
)
def half_around_both(theta, A, b):
    return 0.5 * (theta @ A @ theta - b @ theta)


@value.mistake(
    "b is not used: this is ½θᵀAθ, whose middle is always at zero. Look at the second term of the formula.",
    passes=("a_parabola_along_every_line",),
)
def without_b(theta, A, b):
    return 0.5 * theta @ A @ theta


@value.mistake("The whole has the opposite sign: the bowl is upside down. Look at the sign of each term.")
def upside_down(theta, A, b):
    return b @ theta - 0.5 * theta @ A @ theta


@value.mistake(
    "`*` multiplies entry by entry, and a vector times a matrix then scales its columns: that is the sum of all a_ij·θ_j². The "
    "products of the formula are matrix products. Look for `*` where `@` belongs."
)
def entry_by_entry(theta, A, b):
    return 0.5 * np.sum(theta * A * theta) - np.sum(b * theta)


@value.mistake(
    "Only the diagonal of A is used, as if no two parameters acted together. The double sum runs over all pairs i, j: look at what "
    "multiplies a_ij where i and j differ.",
)
def diagonal_alone(theta, A, b):
    return 0.5 * np.sum(np.diag(A) * theta**2) - b @ theta


@value.mistake(
    "This is ½‖Aθ‖² − bᵀθ: A appears twice, once more than in the formula. Look at how often A stands between the two θ."
)
def norm_squared(theta, A, b):
    return 0.5 * np.linalg.norm(A @ theta) ** 2 - b @ theta


@value.mistake(
    "All entries come back, not their sum: the result is an array with an entry for each parameter. J(θ) is a height, one number. "
    "Look at which product adds up."
)
def not_summed(theta, A, b):
    return 0.5 * theta * (A @ theta) - b * theta


@value.mistake(
    "The number is right, but it comes in an array of shape (1, 1), as products of columns and rows do. A height is a plain "
    "number: look for `reshape` or `[:, None]`; with vectors `@` needs neither.",
)
def in_a_box(theta, A, b):
    column = np.reshape(theta, (-1, 1))
    return 0.5 * column.T @ A @ column - np.reshape(b, (1, -1)) @ column


@value.mistake("`//` drops what is behind the decimal point. Half of an odd number is no whole number: look at the division.")
def floor_division(theta, A, b):
    return (theta @ A @ theta) // 2 - b @ theta


@value.mistake("theta itself is changed.", gate="changes-arguments")
def theta_overwritten(theta, A, b):
    linear = float(b @ theta)
    quadratic_term = theta @ A @ theta / 2
    theta *= 0
    return quadratic_term - linear


@value.right
def factored(theta, A, b):
    return theta @ (0.5 * (A @ theta) - b)


@value.right
def double_sum(theta, A, b):
    total = 0.0
    for i in range(len(theta)):
        total -= b[i] * theta[i]
        for j in range(len(theta)):
            total += 0.5 * A[i, j] * theta[i] * theta[j]
    return total


@value.right
def by_numpy_names(theta, A, b):
    return np.subtract(np.dot(theta, np.dot(A, theta)) / 2, np.vdot(b, theta))


@value.right
def by_einsum(theta, A, b):
    return np.einsum("i,ij,j", theta, A, theta) * 0.5 - np.einsum("i,i", b, theta)


@value.right
def of_the_symmetric_part(theta, A, b):
    return float(0.25 * theta.T @ (A + A.T) @ theta - sum(b * theta))


# Its gradient -----------------------------------------------------------------------------------------------------------------

slope = Exercise(reference.quadratic_gradient)


@slope.part("takes both A and its transpose into account where they differ", weight=2, kind="exact")
def not_symmetric(rng):
    return [
        Call("quadratic_gradient", _at(rng, 3), label="three parameters"),
        Call("quadratic_gradient", _at(rng, 2), label="two parameters"),
    ]


@slope.part("is right where A is symmetric, and for one parameter", kind="exact")
def symmetric(rng):
    return [
        Call("quadratic_gradient", _at(rng, 3, hessian(rng, 3)), label="a symmetric matrix"),
        Call("quadratic_gradient", _at(rng, 1), label="one parameter"),
    ]


@slope.part("keeps its accuracy where the numbers are whole, tiny or huge", kind="exact")
def any_scale(rng):
    whole = _whole(rng, 3)
    # Made so that halves occur: an odd sum of two entries that mirror each other, times an odd entry of theta.
    whole["A"][0, 1] = whole["A"][1, 0] + 1
    return [
        Call("quadratic_gradient", whole, label="whole numbers"),
        Call("quadratic_gradient", _scaled(rng, 1e-90), label="tiny"),
        Call("quadratic_gradient", _scaled(rng, 1e90), label="huge"),
    ]


@slope.property("says how J changes: J(θ + v) − J(θ − v) is twice its product with v", kind="exact")
def tells_the_change(student, rng):
    at = _at(rng, 3)
    gradient = as_numbers(student.quadratic_gradient(**at))
    if gradient is None or gradient.shape != (3,):
        raise CheckFailed("the gradient for three parameters should be three numbers")
    for _ in range(3):
        v = vector(rng, 3)
        change = quadratic(at["theta"] + v, at["A"], at["b"]) - quadratic(at["theta"] - v, at["A"], at["b"])
        close(float(2 * gradient @ v), change, where="2∇J·v against J(θ + v) − J(θ − v)")


@slope.mistake(
    "This is Aθ − b, which is right where A equals its transpose, and only there. In ½Σ a_ij θ_i θ_j each θ_k stands in row k and "
    "in column k: look at both.",
    passes=("symmetric",),
)
def row_alone(theta, A, b):
    return A @ theta - b


@slope.mistake(
    "This is Aᵀθ − b: the columns alone. In ½Σ a_ij θ_i θ_j each θ_k stands in row k as well. Mind that `theta @ A` is Aᵀθ.",
    passes=("symmetric",),
)
def column_alone(theta, A, b):
    return theta @ A - b


@slope.mistake("The ½ is missing: (A + Aᵀ)θ counts each pair of parameters twice. Look at the factor in front of the bracket.")
def sum_not_halved(theta, A, b):
    return (A + A.T) @ theta - b


@slope.mistake(
    "This is ½Aθ − b: the ½ of J was kept, but θᵀAθ is of second degree, and its derivative brings a 2, or, where A is not "
    "symmetric, the sum of A and its transpose. Derive it for one parameter, ½aθ² − bθ, and compare."
)
def half_of_the_row(theta, A, b):
    return 0.5 * A @ theta - b


@slope.mistake("The sign of b is turned round. J subtracts bᵀθ; look at what its derivative is.")
def b_added(theta, A, b):
    return 0.5 * (A + A.T) @ theta + b


@slope.mistake("b is missing. The linear term has a slope as well, the same everywhere. Look at the derivative of bᵀθ.")
def b_missing(theta, A, b):
    return 0.5 * (A + A.T) @ theta


@slope.mistake("The ½ halves b too. The derivative of bᵀθ is b, all of it. Look at where the bracket closes.")
def b_halved(theta, A, b):
    return 0.5 * ((A + A.T) @ theta - b)


@slope.mistake(
    "It points downhill: this is −∇J. The gradient points to where J rises; that a method goes the other way is in its own rule."
)
def downhill(theta, A, b):
    return b - 0.5 * (A + A.T) @ theta


@slope.mistake(
    "The direction is right, the length is not: it has been made 1. How steep it is, is half of what a gradient says. Look for a "
    "division by the norm."
)
def length_one(theta, A, b):
    gradient = 0.5 * (A + A.T) @ theta - b
    return gradient / np.linalg.norm(gradient)


@slope.mistake("What comes back is one number. A gradient has an entry for each parameter: how much J rises along that coordinate.")
def one_number(theta, A, b):
    return theta @ (0.5 * (A + A.T) @ theta - b)


@slope.mistake(
    "`*` scales the columns of the matrix, and nothing is added up: a matrix comes back. Look for `*` where `@` belongs.",
)
def columns_scaled(theta, A, b):
    return 0.5 * (A + A.T) * theta - b


@slope.mistake(
    "Only the diagonal of A is used. How steep J is along one coordinate depends on the others as well: look at the terms a_ij "
    "where i and j differ."
)
def diagonal_of_a(theta, A, b):
    return np.diag(A) * theta - b


@slope.mistake(
    "The result is squeezed into theta's own type: where theta holds whole numbers, the fractions are cut off. Look for an array "
    "made with `empty_like`, `zeros_like` or `copy` and filled afterwards; return the computed array instead.",
    passes=("not_symmetric", "symmetric", "tells_the_change"),
)
def cut_to_whole_numbers(theta, A, b):
    gradient = np.zeros_like(theta)
    gradient[...] = 0.5 * (A + A.T) @ theta - b
    return gradient


@slope.mistake("A is made symmetric in place, and whoever passed it in finds another matrix.", gate="changes-arguments")
def a_overwritten(theta, A, b):
    symmetric = (A + A.T) / 2
    if A.dtype == symmetric.dtype:
        A[...] = symmetric
    return symmetric @ theta - b


@slope.right
def two_products(theta, A, b):
    return (A @ theta + A.T @ theta) / 2 - b


@slope.right
def from_both_sides(theta, A, b):
    return 0.5 * (A.dot(theta) + theta.dot(A)) - b


@slope.right
def entry_after_entry(theta, A, b):
    d = len(theta)
    return [sum(0.5 * (A[k, j] + A[j, k]) * theta[j] for j in range(d)) - b[k] for k in range(d)]


@slope.right
def minus_the_residual(theta, A, b):
    symmetric = np.add(A, np.transpose(A)) * 0.5
    return -(b - np.einsum("ij,j->i", symmetric, theta))


@slope.right
def as_columns(theta, A, b):
    column = np.asarray(theta, dtype=float)[:, np.newaxis]
    return (0.5 * A @ column + 0.5 * A.T @ column - np.asarray(b)[:, np.newaxis]).ravel()


# The minimum ------------------------------------------------------------------------------------------------------------------

lowest = Exercise(reference.quadratic_minimizer)


def _matrix(rng, d, matrix=None):
    return {"A": _turned(rng, d) if matrix is None else matrix, "b": vector(rng, d)}


def _mirrored(p, q):
    """The symmetric matrix of two parameters with p on its diagonal, whose eigenvalues are p − q and p + q."""
    return np.array([[p, q], [q, p]])


@lowest.part("is where the gradient is zero, whether A is symmetric or not", weight=2, kind="exact")
def where_it_is_flat(rng):
    return [
        Call("quadratic_minimizer", _matrix(rng, 3), label="a matrix that is not symmetric"),
        Call("quadratic_minimizer", _matrix(rng, 3, hessian(rng, 3)), label="a symmetric one"),
    ]


@lowest.part("works for one parameter, for five, and for whole numbers", kind="exact")
def wherever_it_exists(rng):
    whole = np.array([[5, 3], [1, 4]]) + np.diag(rng.integers(0, 3, size=2))
    return [
        Call("quadratic_minimizer", _matrix(rng, 1), label="one parameter"),
        Call("quadratic_minimizer", _matrix(rng, 5, hessian(rng, 5)), label="five parameters"),
        Call("quadratic_minimizer", {"A": whole, "b": rng.integers(1, 9, size=2)}, label="whole numbers"),
    ]


@lowest.gate("refuses where there is no single lowest point")
def refuses(rng):
    p, q = rng.uniform(0.8, 1.2), rng.uniform(3.0, 4.0)
    flat = hessian(rng, 3)
    flat[1, :] = flat[:, 1] = 0.0
    saddle = with_spectrum(rng, np.array([-2.0, -1.0, 3.0]))
    # A zero eigenvalue is such that it comes out as an exact zero, by whatever way it is looked for.
    return [
        Call("quadratic_minimizer", _matrix(rng, 2, _mirrored(p, q)), label="a saddle whose diagonal is positive"),
        Call("quadratic_minimizer", _matrix(rng, 3, saddle), label="a saddle that falls in two directions"),
        Call("quadratic_minimizer", _matrix(rng, 3, -hessian(rng, 3)), label="a hilltop"),
        Call("quadratic_minimizer", _matrix(rng, 2, np.array([[p, 2 * q], [0, p]])), label="entries above the diagonal alone"),
        Call("quadratic_minimizer", _matrix(rng, 2, np.array([[p, 0], [2 * q, p]])), label="entries below the diagonal alone"),
        Call("quadratic_minimizer", {"A": flat, "b": flat @ vector(rng, 3)}, label="a gutter, level along one direction"),
        Call("quadratic_minimizer", _matrix(rng, 1, np.zeros((1, 1))), label="a straight line"),
    ]


@lowest.property("has no lower point beside it, and J there is −½bᵀθ*", kind="exact")
def nothing_is_lower(student, rng):
    given = _matrix(rng, 3)
    minimum = as_numbers(student.quadratic_minimizer(**given))
    if minimum is None or minimum.shape != (3,) or not np.isfinite(minimum).all():
        raise CheckFailed("the minimum of three parameters should be three numbers")
    here = quadratic(minimum, **given)
    close(here, -0.5 * float(given["b"] @ minimum), where="J(θ*)")
    for _ in range(6):
        if quadratic(minimum + 0.01 * vector(rng, 3), **given) <= here:
            raise CheckFailed("J is lower at a point beside the one that is returned")


@lowest.mistake(
    "The system is solved with A itself. The gradient vanishes where its symmetric part, ½(A + Aᵀ), times θ is b; the two agree "
    "only where A is symmetric. Look at which matrix is handed to the solver."
)
def solved_with_a(A, b):
    if np.linalg.eigvalsh((A + A.T) / 2)[0] <= 1e-12:
        raise ValueError("not positive definite")
    return np.linalg.solve(A, b)


@lowest.mistake("The sign of b is turned round: this is where ½(A + Aᵀ)θ + b is zero. Set the gradient to zero once more.")
def minus_b(A, b):
    symmetric = (A + A.T) / 2
    if np.linalg.eigvalsh(symmetric)[0] <= 1e-12:
        raise ValueError("not positive definite")
    return -np.linalg.solve(symmetric, b)


@lowest.mistake("It is half of the minimum: (A + Aᵀ) was solved without its ½. Look at the matrix that is handed to the solver.")
def half_way(A, b):
    symmetric = A + A.T
    if np.linalg.eigvalsh(symmetric)[0] <= 1e-12:
        raise ValueError("not positive definite")
    return np.linalg.solve(symmetric, b)


@lowest.mistake(
    "The value of the minimum comes back, not its place. That is min against argmin: what is wanted are the parameters at which J "
    "is smallest, an entry for each."
)
def min_for_argmin(A, b):
    symmetric = (A + A.T) / 2
    if np.linalg.eigvalsh(symmetric)[0] <= 1e-12:
        raise ValueError("not positive definite")
    theta = np.linalg.solve(symmetric, b)
    return theta @ symmetric @ theta / 2 - b @ theta


@lowest.mistake("The matrix multiplies b. To solve Sθ = b is to undo the product with S: look at `np.linalg.solve`.")
def multiplied(A, b):
    symmetric = (A + A.T) / 2
    if np.linalg.eigvalsh(symmetric)[0] <= 1e-12:
        raise ValueError("not positive definite")
    return symmetric @ b


@lowest.mistake(
    "Each parameter is solved for by itself, b over the diagonal, as if the others were zero. They act together: it is a system of "
    "equations."
)
def one_by_one(A, b):
    if np.linalg.eigvalsh((A + A.T) / 2)[0] <= 1e-12:
        raise ValueError("not positive definite")
    return b / np.diag(A)


@lowest.mistake(
    "Every matrix is accepted that can be solved with. The gradient is zero on a saddle and on a hilltop as well, and neither is a "
    "minimum. Look at the eigenvalues before you solve.",
    gate="refuses",
)
def unchecked(A, b):
    return np.linalg.solve((A + A.T) / 2, b)


@lowest.mistake(
    "Nothing is refused, not even a singular matrix: a pseudo-inverse (or least squares) always finds something. Where the "
    "gradient is zero need not be a minimum, and in a gutter there are many. Look at the eigenvalues first.",
    gate="refuses",
)
def always_something(A, b):
    return np.linalg.pinv((A + A.T) / 2) @ b


@lowest.mistake(
    "An eigenvalue of zero is accepted. Along that direction J is level or falls without end: there is no single lowest point. "
    "Positive definite means strictly above zero: look at the comparison.",
    gate="refuses",
)
def level_accepted(A, b):
    symmetric = (A + A.T) / 2
    if np.linalg.eigvalsh(symmetric)[0] < -1e-12:
        raise ValueError("not positive definite")
    return np.linalg.lstsq(symmetric, b)[0]


@lowest.mistake(
    "The eigenvalues are those of A. Whether vᵀAv is above zero for every v, its symmetric part decides: A can have the "
    "eigenvalues 1 and 1, and J still fall in some direction. Look at which matrix is tested.",
    gate="refuses",
)
def eigenvalues_of_a(A, b):
    if np.linalg.eigvals(A).real.min() <= 1e-12:
        raise ValueError("not positive definite")
    return np.linalg.solve((A + A.T) / 2, b)


@lowest.mistake(
    "`eigvalsh` (or `cholesky`) is asked about A itself. It reads one triangle and believes the other to be its mirror, so for an "
    "A that is not symmetric it speaks of another matrix: some are accepted and others refused that shouldn't be. Hand it the "
    "symmetric part.",
    passes=("wherever_it_exists",),
    gate="refuses",
)
def one_triangle(A, b):
    if np.linalg.eigvalsh(A)[0] <= 1e-12:
        raise ValueError("not positive definite")
    return np.linalg.solve((A + A.T) / 2, b)


@lowest.mistake(
    "The test is the determinant, the product of all eigenvalues. Two that are below zero have a positive product. Look at the "
    "smallest eigenvalue.",
    gate="refuses",
)
def by_determinant(A, b):
    symmetric = (A + A.T) / 2
    if np.linalg.det(symmetric) <= 1e-12:
        raise ValueError("not positive definite")
    return np.linalg.solve(symmetric, b)


@lowest.mistake(
    "The test is the diagonal. That all its entries are positive is necessary, but it isn't enough: far from the diagonal large "
    "entries make a saddle. Look at the eigenvalues.",
    gate="refuses",
)
def by_diagonal(A, b):
    symmetric = (A + A.T) / 2
    if np.diag(symmetric).min() <= 1e-12:
        raise ValueError("not positive definite")
    return np.linalg.solve(symmetric, b)


@lowest.mistake(
    "A matrix is refused because it isn't symmetric. J sees its symmetric part alone, and that can be positive definite for any A. "
    "Look at what is tested."
)
def wants_symmetry(A, b):
    if not np.allclose(A, A.T) or np.linalg.eigvalsh(A)[0] <= 1e-12:
        raise ValueError("not symmetric positive definite")
    return np.linalg.solve(A, b)


@lowest.mistake(
    "Where there is no minimum NaN comes back, and whoever calls the function goes on with it. An error stops them where the cause "
    "is: look for `raise`.",
    gate="refuses",
)
def not_a_number(A, b):
    symmetric = (A + A.T) / 2
    if np.linalg.eigvalsh(symmetric)[0] <= 1e-12:
        return np.full(len(b), np.nan)
    return np.linalg.solve(symmetric, b)


@lowest.mistake(
    "It is an AssertionError that stops the caller. An `assert` is for what can never happen, and Python can be told to skip it; a "
    "matrix without a minimum is an argument like any other: look for `raise`.",
    gate="refuses",
)
def asserted(A, b):
    symmetric = (A + A.T) / 2
    if np.linalg.eigvalsh(symmetric)[0] <= 1e-12:
        raise AssertionError
    return np.linalg.solve(symmetric, b)


@lowest.pair("solved-with-a", "unchecked")
def nothing_but_solve(A, b):
    return np.linalg.solve(A, b)


@lowest.pair("solved-with-a", "eigenvalues-of-a")
def all_of_it_with_a(A, b):
    if np.linalg.eigvals(A).real.min() <= 1e-12:
        raise ValueError("not positive definite")
    return np.linalg.solve(A, b)


@lowest.pair("solved-with-a", "one-triangle")
def a_taken_for_symmetric(A, b):
    if np.linalg.eigvalsh(A)[0] <= 1e-12:
        raise ValueError("not positive definite")
    return np.linalg.solve(A, b)


@lowest.mistake("A is made symmetric in place.", gate="changes-arguments")
def a_made_symmetric(A, b):
    symmetric = (A + A.T) / 2
    if A.dtype == symmetric.dtype:
        A[...] = symmetric
    if np.linalg.eigvalsh(symmetric)[0] <= 1e-12:
        raise ValueError("not positive definite")
    return np.linalg.solve(symmetric, b)


@lowest.right
def by_cholesky(A, b):
    try:
        factor = np.linalg.cholesky(A + A.T)
    except np.linalg.LinAlgError:
        raise ValueError("J has no single lowest point") from None
    return 2 * np.linalg.solve(factor.T, np.linalg.solve(factor, b))


@lowest.right
def in_its_eigenbasis(A, b):
    values, basis = np.linalg.eigh(0.5 * A + 0.5 * A.T)
    if not (values > 1e-10).all():
        raise ValueError("no minimum")
    return basis @ ((basis.T @ b) / values)


@lowest.right
def by_inverse(A, b):
    symmetric = np.add(A, A.T) / 2
    if np.min(np.linalg.eigvals(symmetric).real) <= 1e-9 * np.max(np.abs(symmetric)):
        raise ValueError("the symmetric part has an eigenvalue of zero or below")
    return np.linalg.inv(symmetric) @ b


@lowest.right
def by_leading_minors(A, b):
    doubled = A + A.T
    if any(np.linalg.det(doubled[:k, :k]) <= 1e-9 for k in range(1, len(b) + 1)):
        raise ValueError("a leading minor is not positive")
    return list(2 * np.linalg.solve(doubled, b))


@lowest.right
def strictly_above_zero(A, b):
    symmetric = (A + A.T) / 2
    if np.linalg.eigvalsh(symmetric).min() <= 0:
        raise ValueError("not positive definite")
    return np.linalg.lstsq(symmetric, b)[0]


# From values alone ------------------------------------------------------------------------------------------------------------

numerical = Exercise(reference.numerical_gradient)


def _differences(objective, theta, h=None, label="", shape=None, **parameters):
    """A call whose tolerance is what rounding allows: J is known to about ε|J| at each of the two points, and their difference is
    divided by 2h. What the difference leaves out of the derivative is the same for every right answer: the formula says which
    points, so no more room is given for it. How often J is asked does not matter: it isn't counted.
    """
    loss = ValueOf(objective, parameters, shape=shape, counted=False)
    arguments = {"J": loss, "theta": theta} | ({} if h is None else {"h": h})
    reach = 1e-6 if h is None else h
    asked = loss.build("J")
    # At least 1: close to a minimum J is small, and the terms that it is made of are not.
    largest = max(
        1.0,
        *(
            abs(asked(np.asarray(theta, dtype=float) + side * reach * direction))
            for side in (-1, 1)
            for direction in np.eye(np.size(theta)).reshape(-1, *np.shape(theta))
        ),
    )
    return Call("numerical_gradient", arguments, label=label, atol=20 * EPS * largest / reach)


def _odd_h(rng):
    """A step so long that each formula has an error of its own, and rounding has none: a right answer is told from all others."""
    return float(rng.uniform(0.06, 0.16))


def _near_the_valley(rng):
    return np.array([rng.uniform(0.5, 1.5), rng.uniform(-0.6, 0.4)]) * rng.choice([-1, 1], size=2)


@numerical.part("goes h to both sides of theta, one coordinate at a time", weight=2, kind="exact")
def both_sides(rng):
    many = {"hessian": hessian(rng, 4), "minimum": vector(rng, 4)}
    return [
        _differences("rosenbrock", _near_the_valley(rng), _odd_h(rng), "a bent valley"),
        _differences("himmelblau", 2 * vector(rng, 2), _odd_h(rng), "four valleys"),
        _differences("quadratic", vector(rng, 4), _odd_h(rng), "four parameters", **many),
    ]


@numerical.part("works for a single number and for a matrix of parameters", kind="exact")
def any_shape(rng):
    many = {"hessian": hessian(rng, 6), "minimum": vector(rng, 6)}
    return [
        _differences("double_well", np.asarray(vector(rng)), _odd_h(rng), "theta a number"),
        _differences("rosenbrock", _near_the_valley(rng).reshape(1, 2), _odd_h(rng), "theta a row", shape=(1, 2)),
        _differences("quadratic", vector(rng, 2, 3), _odd_h(rng), "theta a matrix", shape=(2, 3), **many),
    ]


@numerical.part("works where theta holds whole numbers", kind="exact")
def from_whole_numbers(rng):
    whole = rng.integers(1, 4, size=2) * rng.choice([-1, 1], size=2)
    return [
        _differences("himmelblau", whole, _odd_h(rng), "two whole numbers"),
        _differences("double_well", np.asarray(rng.integers(2, 5)), _odd_h(rng), "one whole number"),
    ]


@numerical.part("goes a millionth to each side where no h is given", kind="exact")
def default_h(rng):
    return [_differences("himmelblau", 2 * vector(rng, 2), label="h left out")]


@numerical.property("has an error that falls to a quarter when h is halved", kind="convergence")
def quartered(student, rng):
    well, theta = objectives.get("double_well"), np.asarray(rng.uniform(1.2, 1.9))
    for h in (0.2, 0.1, 0.05):
        found = as_numbers(student.numerical_gradient(J=ValueOf("double_well", counted=False), theta=theta, h=h))
        if found is None or found.shape:
            raise CheckFailed("the gradient for a single number should be a single number")
        # J''' = 6θ, and there is no fifth derivative: the error is h²θ, exactly. Rounding, about 1e-15/h, is less than 1e-9 of it.
        close(float(found - well.gradient(theta)), float(h**2 * theta), rtol=1e-9, where=f"the error with h = {h:g}")


@numerical.property("is near the true gradient with the h that is the default", kind="convergence")
def near_the_gradient(student, rng):
    valleys, h = objectives.get("himmelblau"), 1e-6
    for _ in range(3):
        theta = 2 * vector(rng, 2)
        found = as_numbers(student.numerical_gradient(J=ValueOf("himmelblau", counted=False), theta=theta))
        if found is None or found.shape != (2,):
            raise CheckFailed("the gradient for two parameters should be two numbers")
        # Rounding, as in `_differences`, and what the formula leaves out, h²|J'''|/6: third derivatives are 24θ_i.
        room = 20 * EPS * max(valleys.value(theta), 1.0) / h + 4 * h**2 * np.abs(theta).max()
        off = np.abs(found - valleys.gradient(theta)).max()
        if not off <= room:
            raise CheckFailed(f"it is {off:.2g} off, and rounding allows {room:.2g}")


@numerical.mistake(
    "This is the forward difference, (J(θ + h) − J(θ))/h. It needs fewer values, but its error is as large as h; that of the "
    "central one is as small as h². Look at which two points the formula compares."
)
def forward(J, theta, h=1e-6):
    theta = np.array(theta, dtype=float)
    gradient = np.zeros_like(theta)
    for i in np.ndindex(theta.shape):
        shifted = theta.copy()
        shifted[i] += h
        gradient[i] = (J(shifted) - J(theta)) / h
    return gradient


@numerical.mistake(
    "This is the backward difference, (J(θ) − J(θ − h))/h, whose error is as large as h. The central one goes to both sides. Look "
    "at which two points the formula compares."
)
def backward(J, theta, h=1e-6):
    theta = np.array(theta, dtype=float)
    gradient = np.zeros_like(theta)
    for i in np.ndindex(theta.shape):
        shifted = theta.copy()
        shifted[i] -= h
        gradient[i] = (J(theta) - J(shifted)) / h
    return gradient


@numerical.mistake(
    "It is twice the gradient: the two points lie 2h apart, and the difference is divided by h. Look at the denominator."
)
def divided_by_h(J, theta, h=1e-6):
    theta = np.array(theta, dtype=float)
    gradient = np.zeros_like(theta)
    for i in np.ndindex(theta.shape):
        step = np.zeros_like(theta)
        step[i] = h
        gradient[i] = (J(theta + step) - J(theta - step)) / h
    return gradient


@numerical.mistake(
    "`/ 2 * h` divides by 2 and then multiplies by h: Python works from left to right. Look at the brackets of the denominator."
)
def brackets_missing(J, theta, h=1e-6):
    theta = np.array(theta, dtype=float)
    gradient = np.zeros_like(theta)
    for i in np.ndindex(theta.shape):
        step = np.zeros_like(theta)
        step[i] = h
        gradient[i] = (J(theta + step) - J(theta - step)) / 2 * h
    return gradient


@numerical.mistake("The sign is turned round: it is J at θ − h less J at θ + h. Look at the order of the difference.")
def backwards_in_order(J, theta, h=1e-6):
    theta = np.array(theta, dtype=float)
    gradient = np.zeros_like(theta)
    for i in np.ndindex(theta.shape):
        step = np.zeros_like(theta)
        step[i] = h
        gradient[i] = (J(theta - step) - J(theta + step)) / (2 * h)
    return gradient


@numerical.mistake(
    "It goes h/2 to each side. That is a central difference too, but the formula goes h to each side and divides by 2h. Look at "
    "how far the points are from θ.",
    passes=("default_h", "near_the_gradient"),
)
def half_a_step(J, theta, h=1e-6):
    theta = np.array(theta, dtype=float)
    gradient = np.zeros_like(theta)
    for i in np.ndindex(theta.shape):
        step = np.zeros_like(theta)
        step[i] = h / 2
        gradient[i] = (J(theta + step) - J(theta - step)) / h
    return gradient


@numerical.mistake(
    "This is the second difference, J(θ + h) − 2J(θ) + J(θ − h) over h²: how J bends, not how it rises. Look at the formula's two "
    "terms."
)
def second_difference(J, theta, h=1e-6):
    theta = np.array(theta, dtype=float)
    gradient = np.zeros_like(theta)
    for i in np.ndindex(theta.shape):
        step = np.zeros_like(theta)
        step[i] = h
        gradient[i] = (J(theta + step) - 2 * J(theta) + J(theta - step)) / h**2
    return gradient


@numerical.mistake(
    "h is always a millionth, whatever the argument says. 1e-6 is only the default: use the name, not the number.",
    passes=("default_h", "near_the_gradient"),
)
def h_fixed(J, theta, h=1e-6):
    theta = np.array(theta, dtype=float)
    gradient = np.zeros_like(theta)
    for i in np.ndindex(theta.shape):
        step = np.zeros_like(theta)
        step[i] = 1e-6
        gradient[i] = (J(theta + step) - J(theta - step)) / 2e-6
    return gradient


@numerical.mistake(
    "The step is h times the size of the coordinate. Some libraries do so, and at zero it needs care; here h is the step itself. "
    "Look at what is added to theta.",
    passes=("default_h", "near_the_gradient"),
)
def relative_step(J, theta, h=1e-6):
    theta = np.array(theta, dtype=float)
    gradient = np.zeros_like(theta)
    for i in np.ndindex(theta.shape):
        step = np.zeros_like(theta)
        step[i] = h * abs(theta[i])
        gradient[i] = (J(theta + step) - J(theta - step)) / (2 * step[i])
    return gradient


@numerical.mistake(
    "h is added to all coordinates at once, and one number comes back: the slope along the diagonal, the sum of all partial "
    "derivatives. Only one coordinate may move at a time. Look at what is added to theta.",
    passes=("quartered",),
)
def all_at_once(J, theta, h=1e-6):
    return (J(theta + h) - J(theta - h)) / (2 * h)


@numerical.mistake(
    "Every entry is the same: h is added to all coordinates in each turn of the loop, so each time it is the slope along the "
    "diagonal. Look at which entry of theta the loop moves.",
    passes=("quartered",),
)
def all_in_every_turn(J, theta, h=1e-6):
    gradient = np.zeros(np.shape(theta))
    for i in np.ndindex(np.shape(theta)):
        gradient[i] = (J(theta + h) - J(theta - h)) / (2 * h)
    return gradient


@numerical.mistake(
    "A coordinate that has been moved stays moved: each turn of the loop begins where the last one ended, not at theta. Look at "
    "whether the perturbed point is made anew in each turn.",
    passes=("quartered",),
)
def never_moved_back(J, theta, h=1e-6):
    upper, lower = np.array(theta, dtype=float), np.array(theta, dtype=float)
    gradient = np.zeros(np.shape(theta))
    for i in np.ndindex(np.shape(theta)):
        upper[i] += h
        lower[i] -= h
        gradient[i] = (J(upper) - J(lower)) / (2 * h)
    return gradient


@numerical.mistake(
    "The point is not brought back to theta before the next coordinate: after its two values it stays at θ − h. Look at what the "
    "last line of the loop leaves behind.",
    passes=("quartered",),
)
def left_behind(J, theta, h=1e-6):
    point = np.array(theta, dtype=float)
    gradient = np.zeros_like(point)
    for i in np.ndindex(point.shape):
        point[i] += h
        high = J(point)
        point[i] -= 2 * h
        gradient[i] = (high - J(point)) / (2 * h)
    return gradient


@numerical.mistake(
    "Everything is zero: `upper = lower = theta.copy()` gives one array two names, so that + h and − h cancel, and J is compared "
    "with itself. Make two arrays."
)
def one_array_two_names(J, theta, h=1e-6):
    gradient = np.zeros(np.shape(theta))
    for i in np.ndindex(np.shape(theta)):
        upper = lower = np.array(theta, dtype=float)
        upper[i] += h
        lower[i] -= h
        gradient[i] = (J(upper) - J(lower)) / (2 * h)
    return gradient


@numerical.mistake(
    "The second point starts from the first, at θ + h, and goes back by h: that is θ itself, and the difference is a forward one "
    "over 2h, half the gradient. From there to θ − h it is 2h. Look at how far the point is moved the second time."
)
def back_by_one_h(J, theta, h=1e-6):
    shifted = np.array(theta, dtype=float)
    gradient = np.zeros(np.shape(theta))
    for i in np.ndindex(np.shape(theta)):
        start = shifted[i]
        shifted[i] = start + h
        high = J(shifted)
        shifted[i] = start
        gradient[i] = (high - J(shifted)) / (2 * h)
    return gradient


@numerical.mistake(
    "The perturbed point has theta's own type: where theta holds whole numbers, h is cut off on being added, or rounds to the next "
    "whole number below. Make the copy one of floats.",
    passes=("both_sides", "any_shape", "default_h", "quartered", "near_the_gradient"),
)
def points_cut(J, theta, h=1e-6):
    gradient = np.zeros(theta.shape)
    for i in np.ndindex(theta.shape):
        upper, lower = theta.copy(), theta.copy()
        upper[i] = theta[i] + h
        lower[i] = theta[i] - h
        gradient[i] = (J(upper) - J(lower)) / (2 * h)
    return gradient


@numerical.mistake(
    "The gradient is kept in an array of theta's own type: where theta holds whole numbers, its fractions are cut off. Make the "
    "array of floats.",
    passes=("both_sides", "any_shape", "default_h", "quartered", "near_the_gradient"),
)
def result_cut(J, theta, h=1e-6):
    gradient = np.zeros_like(theta)
    for i in np.ndindex(theta.shape):
        step = np.zeros(theta.shape)
        step[i] = h
        gradient[i] = (J(theta + step) - J(theta - step)) / (2 * h)
    return gradient


@numerical.mistake(
    "The gradient comes back as one long row. It has the shape of theta, whatever that is: look for `ravel`, `flatten` or an "
    "`append`, and bring the result into theta's shape at the end.",
    passes=("both_sides", "default_h", "near_the_gradient"),
)
def flattened(J, theta, h=1e-6):
    theta = np.array(theta, dtype=float)
    gradient = []
    for i in np.ndindex(theta.shape):
        step = np.zeros_like(theta)
        step[i] = h
        gradient.append((J(theta + step) - J(theta - step)) / (2 * h))
    return np.array(gradient)


@numerical.mistake(
    "The loop runs over the first axis alone. In a matrix that moves a whole row at a time, and a single number has no axis to run "
    "over. `np.ndindex(theta.shape)` counts the entries of any shape.",
    passes=("both_sides", "default_h", "near_the_gradient"),
)
def first_axis_alone(J, theta, h=1e-6):
    theta = np.array(theta, dtype=float)
    gradient = np.zeros_like(theta)
    for i in range(len(theta)):
        step = np.zeros_like(theta)
        step[i] = h
        gradient[i] = (J(theta + step) - J(theta - step)) / (2 * h)
    return gradient


@numerical.mistake(
    "One of theta's coordinates is left out: the last one is zero. Look at where the range of the loop ends.",
)
def last_left_out(J, theta, h=1e-6):
    theta = np.array(theta, dtype=float)
    gradient = np.zeros_like(theta)
    for i in list(np.ndindex(theta.shape))[:-1]:
        step = np.zeros_like(theta)
        step[i] = h
        gradient[i] = (J(theta + step) - J(theta - step)) / (2 * h)
    return gradient


@numerical.mistake("theta itself is moved, and brought back by sums that rounding does not undo.", gate="changes-arguments")
def theta_moved(J, theta, h=1e-6):
    if theta.dtype != float:
        theta = theta.astype(float)
    gradient = np.zeros(theta.shape)
    for i in np.ndindex(theta.shape):
        theta[i] += h
        high = J(theta)
        theta[i] -= 2 * h
        gradient[i] = (high - J(theta)) / (2 * h)
        theta[i] += h
    return gradient


@numerical.right
def two_copies(J, theta, h=1e-6):
    gradient = np.empty(np.shape(theta))
    for i in np.ndindex(np.shape(theta)):
        upper, lower = np.array(theta, dtype=float), np.array(theta, dtype=float)
        upper[i] += h
        lower[i] -= h
        gradient[i] = (J(upper) - J(lower)) / (2 * h)
    return gradient


@numerical.right
def rows_of_the_identity(J, theta, h=1e-6):
    steps = h * np.eye(np.size(theta)).reshape(-1, *np.shape(theta))
    return np.reshape([(J(theta + step) - J(theta - step)) / (2 * h) for step in steps], np.shape(theta))


@numerical.right
def on_a_flat_view(J, theta, h=1e-6):
    point = np.array(theta, dtype=float)
    flat, gradient = point.reshape(-1), []
    for k in range(flat.size):
        kept = flat[k]
        flat[k] = kept + h
        high = J(point)
        flat[k] = kept - h
        low = J(point)
        flat[k] = kept
        gradient.append((high - low) / (2.0 * h))
    return np.array(gradient).reshape(point.shape)


@numerical.right
def mean_of_both_slopes(J, theta, h=1e-6):
    theta = np.asarray(theta, dtype=float)
    here = J(theta)
    gradient = np.zeros(theta.shape)
    for i in np.ndindex(theta.shape):
        step = np.zeros(theta.shape)
        step[i] = h
        gradient[i] = ((J(theta + step) - here) / h + (here - J(theta - step)) / h) / 2
    return gradient


@numerical.right
def from_lists(J, theta, h=1e-6):
    shape, numbers = np.shape(theta), [float(x) for x in np.ravel(theta)]
    slopes = []
    for k in range(len(numbers)):
        high = [x + h if j == k else x for j, x in enumerate(numbers)]
        low = [x - h if j == k else x for j, x in enumerate(numbers)]
        slopes.append((J(np.reshape(high, shape)) - J(np.reshape(low, shape))) / (h + h))
    return np.reshape(slopes, shape).tolist()


# The question -----------------------------------------------------------------------------------------------------------------

question = Question(
    "points_downhill",
    reference.points_downhill,
    {
        "a": "Only from a point on one of the two axes of the ellipses. From everywhere else −∇J, at right angles to the level "
        "line, misses θ*.",
        "b": "The gradient is about what J does nearby. A long step crosses the valley and climbs the other side, above where it "
        "began.",
        "c": "A short step v changes J by about ∇J·v, and along −∇J that is below zero. What is left out grows with the square of "
        "the length, so for a short enough step it cannot turn that round.",
        "d": "The length of ∇J is a slope: how much J changes for each unit of the way. Make J twice as high everywhere, and it "
        "doubles, while θ* stays where it is.",
    },
)


# What the figures show of the reference ---------------------------------------------------------------------------------------

BOX = np.linspace(-2.0, 2.0, 33)
SHAPES = [np.array([[2.0, 2.0], [0.0, 2.0]]), np.array([[1.0, 2.0], [0.0, 1.0]]), np.array([[1.0, 2.0], [2.0, -1.0]])]


def _heights(number):
    """The heights of a bowl, a gutter and a saddle, by their numbers, over a square."""
    return [[reference.quadratic(np.array([x, y]), SHAPES[int(number)], np.zeros(2)) for x in BOX] for y in BOX]


def _error(exponents):
    """How far the central difference of θ³ at 0.7 is from 3·0.7², for h = ½, ¼, … down to ½ to this power.

    Made of products alone, and of powers of two: each computer rounds these alike.
    """
    theta = np.array(0.7)
    slope = 3 * 0.7 * 0.7
    return [abs(reference.numerical_gradient(lambda t: t * t * t, theta, 0.5**k) - slope) for k in range(1, int(exponents) + 1)]


GHOSTS = {
    "shapes": Ghost(_heights, {"number": [0, 1, 2]}, {"number": 0}),
    "step_size": Ghost(_error, {"exponents": [44]}, {"exponents": 44}),
}
