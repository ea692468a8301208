"""Checks and known mistakes of section 2, batch gradient descent."""

import numpy as np

from descentlab import objectives
from descentlab.checks import Call, CheckFailed, Exercise, GradientOf, Question, ScheduleOf, Steps, close
from descentlab.checks.values import as_numbers
from grader_tests._draws import hessian, rates, stream, vector, with_spectrum
from grader_tests._ghosts import Ghost
from reference_impl import s02_gradient_descent as reference
from reference_impl.s02_gradient_descent import gd_step, hessian_spectrum

# One step ---------------------------------------------------------------------------------------------------------------------

step = Exercise(reference.gd_step)


@step.part("follows the rule, step after step, with a rate that changes", weight=2)
def trajectory(rng):
    return [Steps("gd_step", {"theta": vector(rng, 3)}, {"gradient": stream(rng, 6, 3), "lr": rates(rng, 6)})]


@step.part("works for a single number and for a matrix of parameters")
def shapes(rng):
    return [
        Steps("gd_step", {"theta": vector(rng)}, {"gradient": stream(rng, 3), "lr": rates(rng, 3)}, label="theta a number"),
        Steps(
            "gd_step", {"theta": vector(rng, 2, 3)}, {"gradient": stream(rng, 3, 2, 3), "lr": rates(rng, 3)}, label="theta a matrix"
        ),
    ]


@step.part("keeps its accuracy where theta is whole numbers, tiny or huge")
def sizes(rng):
    whole = rng.integers(1, 9, size=3)
    return [
        Steps("gd_step", {"theta": whole}, {"gradient": stream(rng, 2, 3), "lr": rates(rng, 2)}, label="theta of whole numbers"),
        Steps(
            "gd_step", {"theta": 1e-90 * vector(rng, 3)}, {"gradient": [1e-90 * vector(rng, 3)], "lr": rates(rng, 1)}, label="tiny"
        ),
        Steps(
            "gd_step", {"theta": vector(rng, 3)}, {"gradient": [1e90 * vector(rng, 3)], "lr": rates(rng, 1)}, label="huge gradient"
        ),
    ]


@step.mistake(
    "The step goes along the gradient, and the gradient points uphill: J grows. Descent subtracts it. Look at the sign in front of "
    "the learning rate."
)
def uphill(theta, gradient, lr):
    return theta + lr * gradient


@step.mistake("The learning rate is not used: the step is the whole gradient. Look at what the formula multiplies the gradient by.")
def no_rate(theta, gradient, lr):
    return theta - gradient


@step.mistake(
    "The gradient is divided by its norm, so that every step has the length lr. Gradient descent takes the gradient as it is: its "
    "steps shrink by themselves where the slope does. Look at whether the slide has a norm in it."
)
def normalised(theta, gradient, lr):
    return theta - lr * gradient / np.linalg.norm(gradient)


@step.mistake("What comes back is the step, not the point where it leads. Look at what stands on the left of the formula.")
def only_the_step(theta, gradient, lr):
    return lr * gradient


@step.mistake(
    "The result is squeezed into theta's own type: where theta holds whole numbers, the fraction is cut off. Look for an "
    "array made with `empty_like`, `zeros_like` or `copy` and filled afterwards; return the computed array instead.",
    passes=("trajectory", "shapes"),
)
def truncated(theta, gradient, lr):
    result = np.zeros_like(theta)
    result[...] = theta - lr * gradient
    return result


@step.mistake("In place: theta itself is changed.", gate="changes-arguments")
def in_place(theta, gradient, lr):
    try:
        theta -= lr * gradient
    except TypeError:
        theta = theta - lr * gradient
    return theta


@step.pair("uphill", "no-rate")
def whole_gradient_uphill(theta, gradient, lr):
    return theta + gradient


@step.pair("normalised", "no-rate")
def steps_of_length_one(theta, gradient, lr):
    return theta - gradient / np.linalg.norm(gradient)


@step.right
def descent_direction(theta, gradient, lr):
    direction = -gradient
    return lr * direction + theta


@step.right
def by_numpy(theta, gradient, lr):
    return np.subtract(theta, np.multiply(gradient, lr))


@step.right
def coordinate_by_coordinate(theta, gradient, lr):
    pairs = zip(np.ravel(theta), np.ravel(gradient), strict=True)
    return np.reshape([float(t) - lr * float(g) for t, g in pairs], np.shape(theta))


@step.right
def as_a_list(theta, gradient, lr):
    return (np.asarray(theta, dtype=float) - lr * np.asarray(gradient)).tolist()


# The loop ---------------------------------------------------------------------------------------------------------------------

descent = Exercise(reference.gradient_descent, uses=(reference.gd_step,))


def _schedule(rng, n):
    return ScheduleOf(tuple(rates(rng, n + 2, 0.02, 0.12)))


@descent.part("keeps theta0 and all n_steps points after it, each made from the one before", weight=2)
def path(rng):
    valley = GradientOf("quadratic", {"hessian": hessian(rng, 3), "minimum": vector(rng, 3)})
    arguments = {"gradient_of": valley, "theta0": 2 * vector(rng, 3), "schedule": _schedule(rng, 7), "n_steps": 7}
    return [Call("gradient_descent", arguments, label="a quadratic, seven steps", rows="step")]


@descent.part("works for a single number, and for one step")
def short(rng):
    well = {"gradient_of": GradientOf("double_well"), "theta0": np.array(rng.uniform(1.2, 1.8))}
    valley = GradientOf("quadratic", {"hessian": hessian(rng, 2), "minimum": vector(rng, 2)})
    one = {"gradient_of": valley, "theta0": vector(rng, 2), "schedule": _schedule(rng, 1), "n_steps": 1}
    return [
        Call("gradient_descent", well | {"schedule": _schedule(rng, 5), "n_steps": 5}, label="the double well", rows="step"),
        Call("gradient_descent", one, label="one step", rows="step"),
    ]


@descent.property("comes closer with a rate just below 2/L, and runs away with one just above it", kind="convergence")
def both_sides_of_the_limit(student, rng):
    eigenvalues = np.array([0.5, 2.0, rng.uniform(4.0, 9.0)])
    matrix = with_spectrum(rng, eigenvalues)
    steepest = np.linalg.eigh(matrix)[1][:, -1]
    for share, factor in ((0.97, 0.94), (1.03, 1.06)):
        lr = share * 2 / eigenvalues[-1]
        points = student.gradient_descent(
            gradient_of=GradientOf("quadratic", {"hessian": matrix}), theta0=steepest, schedule=lambda t, lr=lr: lr, n_steps=30
        )
        numbers = as_numbers(points)
        if numbers is None or numbers.shape != (31, 3):
            raise CheckFailed("30 steps of three parameters are 31 points of shape (3,)")
        # Along the steepest axis each step multiplies the error by 1 - lr L, here -0.94 or -1.06.
        close(np.linalg.norm(numbers[-1]), factor**30, rtol=1e-6, where=f"distance after 30 steps at {share:g} of the limit")


@descent.mistake(
    "The gradient is taken at theta0 in every step, so the path is a straight line. Each step needs the gradient at the point "
    "where it stands. Look at the argument of gradient_of inside the loop."
)
def stale_gradient(gradient_of, theta0, schedule, n_steps):
    points = [np.array(theta0, dtype=float)]
    gradient = gradient_of(theta0)
    for t in range(1, n_steps + 1):
        points.append(gd_step(points[-1], gradient, schedule(t)))
    return np.array(points)


@descent.mistake(
    "theta0 is missing: these are the points after the steps alone. n_steps steps join n_steps + 1 points. Look at what the list "
    "holds before the loop begins."
)
def no_start(gradient_of, theta0, schedule, n_steps):
    theta, points = theta0, []
    for t in range(1, n_steps + 1):
        theta = gd_step(theta, gradient_of(theta), schedule(t))
        points.append(theta)
    return np.array(points)


@descent.mistake(
    "The last step is missing: there are n_steps points, theta0 among them, and so one step too few. Look at where the "
    "range of the loop ends."
)
def one_step_short(gradient_of, theta0, schedule, n_steps):
    points = [np.array(theta0, dtype=float)]
    for t in range(1, n_steps):
        points.append(gd_step(points[-1], gradient_of(points[-1]), schedule(t)))
    return np.array(points)


@descent.mistake(
    "Only the last point comes back. Every point of the walk is wanted, since the figure draws them all. Look at where the points "
    "are collected."
)
def only_the_last(gradient_of, theta0, schedule, n_steps):
    theta = np.array(theta0, dtype=float)
    for t in range(1, n_steps + 1):
        theta = gd_step(theta, gradient_of(theta), schedule(t))
    return theta


@descent.mistake(
    "All points are the last one: the list holds one and the same array many times, and each step in place changes them all. Look "
    "for `theta -= …` or `theta[...] = …` in the loop; make a new array in each step.",
    passes=("both_sides_of_the_limit",),
)
def one_array_for_all(gradient_of, theta0, schedule, n_steps):
    theta = np.array(theta0, dtype=float)
    points = [theta]
    for t in range(1, n_steps + 1):
        theta[...] = gd_step(theta, gradient_of(theta), schedule(t))
        points.append(theta)
    return np.array(points)


@descent.mistake(
    "The schedule is asked for t − 1: the first step used schedule(0), and the steps are numbered from 1. Look at the range of the "
    "loop and at the argument of schedule.",
    passes=("both_sides_of_the_limit",),
)
def schedule_from_zero(gradient_of, theta0, schedule, n_steps):
    points = [np.array(theta0, dtype=float)]
    for t in range(n_steps):
        points.append(gd_step(points[-1], gradient_of(points[-1]), schedule(t)))
    return np.array(points)


@descent.mistake(
    "The schedule is asked for t + 1: the first step already uses schedule(2). Look at the argument of schedule: the step that is "
    "being made has the number t.",
    passes=("both_sides_of_the_limit",),
)
def schedule_ahead(gradient_of, theta0, schedule, n_steps):
    points = [np.array(theta0, dtype=float)]
    for t in range(1, n_steps + 1):
        points.append(gd_step(points[-1], gradient_of(points[-1]), schedule(t + 1)))
    return np.array(points)


@descent.mistake(
    "The rate of the first step is kept for all of them. A schedule has a rate for each step. Look at whether schedule is asked "
    "inside the loop.",
    passes=("both_sides_of_the_limit",),
)
def first_rate_kept(gradient_of, theta0, schedule, n_steps):
    lr = schedule(1)
    points = [np.array(theta0, dtype=float)]
    for _ in range(n_steps):
        points.append(gd_step(points[-1], gradient_of(points[-1]), lr))
    return np.array(points)


@descent.mistake("The gradient is computed twice in each step.", gate="calls")
def gradient_twice(gradient_of, theta0, schedule, n_steps):
    points = [np.array(theta0, dtype=float)]
    for t in range(1, n_steps + 1):
        if np.any(gradient_of(points[-1])) or t:
            points.append(gd_step(points[-1], gradient_of(points[-1]), schedule(t)))
    return np.array(points)


@descent.pair("no-start", "schedule-from-zero")
def counted_from_zero_without_start(gradient_of, theta0, schedule, n_steps):
    theta, points = theta0, []
    for t in range(n_steps):
        theta = gd_step(theta, gradient_of(theta), schedule(t))
        points.append(theta)
    return np.array(points)


@descent.pair("one-step-short", "schedule-ahead")
def loop_from_two(gradient_of, theta0, schedule, n_steps):
    points = [np.array(theta0, dtype=float)]
    for t in range(2, n_steps + 1):
        points.append(gd_step(points[-1], gradient_of(points[-1]), schedule(t)))
    return np.array(points)


@descent.pair("stale-gradient", "first-rate-kept")
def all_asked_before_the_loop(gradient_of, theta0, schedule, n_steps):
    points = [np.array(theta0, dtype=float)]
    gradient, lr = gradient_of(theta0), schedule(1)
    for _ in range(n_steps):
        points.append(gd_step(points[-1], gradient, lr))
    return np.array(points)


@descent.pair("only-the-last", "schedule-from-zero")
def last_of_a_count_from_zero(gradient_of, theta0, schedule, n_steps):
    theta = np.array(theta0, dtype=float)
    for t in range(n_steps):
        theta = gd_step(theta, gradient_of(theta), schedule(t))
    return theta


@descent.pair("one-array-for-all", "schedule-from-zero", passes=("both_sides_of_the_limit",))
def one_array_counted_from_zero(gradient_of, theta0, schedule, n_steps):
    theta = np.array(theta0, dtype=float)
    points = [theta]
    for t in range(n_steps):
        theta[...] = gd_step(theta, gradient_of(theta), schedule(t))
        points.append(theta)
    return np.array(points)


@descent.right
def list_of_points(gradient_of, theta0, schedule, n_steps):
    points = [theta0]
    for t in range(1, n_steps + 1):
        points.append(gd_step(points[-1], gradient_of(points[-1]), schedule(t)))
    return points


@descent.right
def rule_written_out(gradient_of, theta0, schedule, n_steps):
    theta = np.asarray(theta0, dtype=float)
    points = np.zeros((n_steps + 1, *theta.shape))
    points[0] = theta
    for k in range(n_steps):
        points[k + 1] = points[k] - schedule(k + 1) * gradient_of(points[k])
    return points


@descent.right
def counting_down(gradient_of, theta0, schedule, n_steps):
    points, t = [np.copy(theta0)], 0
    while len(points) <= n_steps:
        t += 1
        theta = points[-1]
        points = [*points, theta - gradient_of(theta) * schedule(t)]
    return tuple(points)


@descent.right
def stacked(gradient_of, theta0, schedule, n_steps):
    theta = np.array(theta0)
    rows = theta[np.newaxis]
    for t in range(1, n_steps + 1):
        theta = gd_step(theta, gradient_of(theta), schedule(t))
        rows = np.concatenate([rows, np.asarray(theta)[np.newaxis]])
    return rows


# The spectrum -----------------------------------------------------------------------------------------------------------------

spectrum = Exercise(reference.hessian_spectrum)


@spectrum.part("returns the eigenvalues, smallest first")
def eigenvalues_in_order(rng):
    return [
        Call("hessian_spectrum", {"hessian": hessian(rng, 4)}, label="a 4 × 4 matrix"),
        Call("hessian_spectrum", {"hessian": np.diag([5.0, 1.0, 3.0]) + 0.1 * rng.uniform()}, label="a 3 × 3 matrix"),
        Call("hessian_spectrum", {"hessian": np.array([[rng.uniform(1, 2)]])}, label="a 1 × 1 matrix"),
    ]


@spectrum.gate("refuses a matrix that is not symmetric")
def not_symmetric(rng):
    return [Call("hessian_spectrum", {"hessian": hessian(rng, 3) + np.triu(rng.uniform(0.2, 0.4, size=(3, 3)), 1)})]


@spectrum.gate("refuses a matrix that is not positive definite")
def not_definite(rng):
    return [
        Call("hessian_spectrum", {"hessian": with_spectrum(rng, np.array([-1.0, 1.0, 2.0]))}, label="an eigenvalue below zero"),
        Call("hessian_spectrum", {"hessian": np.diag([rng.uniform(1, 2), 0.0])}, label="an eigenvalue that is zero"),
    ]


@spectrum.mistake("The eigenvalues are in falling order. Smallest first is wanted: look at the end at which the sort begins.")
def largest_first(hessian):
    if not np.allclose(hessian, hessian.T) or np.linalg.eigvalsh(hessian)[0] <= 0:
        raise ValueError("symmetric positive definite, please")
    return np.linalg.eigvalsh(hessian)[::-1]


@spectrum.mistake("These are the diagonal entries. They are the eigenvalues only of a diagonal matrix: look at `np.linalg`.")
def the_diagonal(hessian):
    if not np.allclose(hessian, hessian.T) or np.linalg.eigvalsh(hessian)[0] <= 0:
        raise ValueError("symmetric positive definite, please")
    return np.sort(np.diag(hessian))


@spectrum.mistake(
    "A matrix that is not symmetric is accepted. `eigvalsh` reads one triangle and believes the other to be its mirror: nothing "
    "warns you. Compare the matrix with its transpose first.",
    gate="not_symmetric",
)
def asymmetry_accepted(hessian):
    eigenvalues = np.linalg.eigvalsh(hessian)
    if eigenvalues[0] <= 0:
        raise ValueError("not positive definite")
    return eigenvalues


@spectrum.mistake(
    "An eigenvalue that is zero is accepted. Positive definite means strictly above zero: along a flat direction nothing pulls "
    "towards the minimum. Look at the comparison: < or <=.",
    gate="not_definite",
)
def zero_accepted(hessian):
    if not np.allclose(hessian, hessian.T):
        raise ValueError("not symmetric")
    eigenvalues = np.linalg.eigvalsh(hessian)
    if eigenvalues[0] < 0:
        raise ValueError("not positive definite")
    return eigenvalues


@spectrum.mistake(
    "A matrix with an eigenvalue of zero or below is accepted. There the quadratic has no single minimum, and no rate makes "
    "gradient descent converge. Look at the smallest eigenvalue before you return.",
    gate="not_definite",
)
def indefinite_accepted(hessian):
    if not np.allclose(hessian, hessian.T):
        raise ValueError("not symmetric")
    return np.linalg.eigvalsh(hessian)


@spectrum.pair("asymmetry-accepted", "indefinite-accepted")
def nothing_refused(hessian):
    return np.linalg.eigvalsh(hessian)


@spectrum.pair("asymmetry-accepted", "zero-accepted")
def only_negative_ones_refused(hessian):
    eigenvalues = np.linalg.eigvalsh(hessian)
    if eigenvalues[0] < 0:
        raise ValueError("not positive definite")
    return eigenvalues


@spectrum.right
def by_eigh(hessian):
    if np.abs(hessian - hessian.T).max() > 1e-10:
        raise ValueError("not symmetric")
    values, _ = np.linalg.eigh(hessian)
    if min(values) <= 0:
        raise ValueError("not positive definite")
    return list(values)


@spectrum.right
def sorted_general_eigenvalues(hessian):
    hessian = np.asarray(hessian, dtype=float)
    values = np.sort(np.linalg.eigvals(hessian).real)
    if not np.allclose(hessian, hessian.T) or not (values > 0).all():
        raise ValueError("symmetric positive definite matrices only")
    return values


@spectrum.right
def by_cholesky(hessian):
    if not np.allclose(hessian.T, hessian):
        raise ValueError("not symmetric")
    try:
        np.linalg.cholesky(hessian)
    except np.linalg.LinAlgError:
        raise ValueError("not positive definite") from None
    return np.linalg.eigvalsh(hessian, UPLO="U")


@spectrum.right
def singular_values(hessian):
    values = np.linalg.eigvalsh(hessian)
    if not (np.allclose(hessian, hessian.T) and np.all(values > 0)):
        raise ValueError("symmetric positive definite matrices only")
    return np.linalg.svd(hessian, compute_uv=False)[::-1]


# Rates and rates of convergence -----------------------------------------------------------------------------------------------


def _refusals(function, rng, **more):
    return [
        Call(function, {"hessian": with_spectrum(rng, np.array([-0.5, 1.0, 2.0])), **more}, label="not positive definite"),
        Call(function, {"hessian": hessian(rng, 2) + np.array([[0, 0.5], [0, 0]]), **more}, label="not symmetric"),
    ]


limit = Exercise(reference.max_stable_lr, uses=(reference.hessian_spectrum,))


@limit.part("is the rate at which the steepest direction stops shrinking", kind="convergence")
def two_over_largest(rng):
    return [
        Call("max_stable_lr", {"hessian": hessian(rng, 4)}, label="four parameters"),
        Call("max_stable_lr", {"hessian": np.array([[rng.uniform(2, 5)]])}, label="one parameter"),
    ]


@limit.gate("refuses what hessian_spectrum refuses")
def limit_refuses(rng):
    return _refusals("max_stable_lr", rng)


@limit.mistake(
    "This is 1/L, half the limit. With it the steepest direction is done in a single step; the limit, where that direction jumps "
    "from one wall to the other for ever, is twice as far. Solve |1 − ηL| = 1."
)
def one_over_largest(hessian):
    return 1 / hessian_spectrum(hessian)[-1]


@limit.mistake("The smallest eigenvalue is used. The steepest direction diverges first: look at which end of the spectrum that is.")
def two_over_smallest(hessian):
    return 2 / hessian_spectrum(hessian)[0]


@limit.mistake("The trace is used, the sum of all eigenvalues. Directions don't add up: the steepest one alone sets the limit.")
def two_over_trace(hessian):
    return 2 / hessian_spectrum(hessian).sum()


@limit.mistake("This is L/2, the limit upside down: the steeper the function, the smaller the rate must be.")
def upside_down(hessian):
    return hessian_spectrum(hessian)[-1] / 2


@limit.mistake(
    "A matrix is accepted that is not symmetric positive definite. hessian_spectrum already refuses it: call that instead "
    "of `np.linalg`.",
    gate="limit_refuses",
)
def limit_unchecked(hessian):
    return 2 / np.linalg.eigvalsh(hessian)[-1]


@limit.right
def by_maximum(hessian):
    return 2.0 / max(hessian_spectrum(hessian))


@limit.right
def by_spectral_norm(hessian):
    hessian_spectrum(hessian)
    return float(2 / np.linalg.norm(hessian, 2))


@limit.right
def smallest_of_all_limits(hessian):
    return min(2 / value for value in hessian_spectrum(hessian))


@limit.right
def by_the_inverse(hessian):
    hessian_spectrum(hessian)
    return 2 * np.linalg.eigvalsh(np.linalg.inv(hessian))[0]


best = Exercise(reference.optimal_lr, uses=(reference.hessian_spectrum,))


@best.part("is the rate at which the slowest and the steepest direction shrink alike")
def two_over_sum(rng):
    return [
        Call("optimal_lr", {"hessian": hessian(rng, 4)}, label="four parameters"),
        Call("optimal_lr", {"hessian": hessian(rng, 3)}, label="three parameters"),
    ]


@best.gate("refuses what hessian_spectrum refuses")
def best_refuses(rng):
    return _refusals("optimal_lr", rng)


@best.mistake(
    "This is 2/L, the limit of stability: there the steepest direction never shrinks. Set 1 − ημ equal to ηL − 1 and solve."
)
def best_is_the_limit(hessian):
    return 2 / hessian_spectrum(hessian)[-1]


@best.mistake(
    "This is 1/L, the classical safe rate. A larger one is better: let the steepest direction overshoot a little, until it "
    "shrinks no faster than the flattest one. Set 1 − ημ equal to ηL − 1 and solve."
)
def best_is_safe(hessian):
    return 1 / hessian_spectrum(hessian)[-1]


@best.mistake("This is half of the best rate: 1 over the sum. Solve 1 − ημ = ηL − 1 for η once more, and mind the 2.")
def half_of_best(hessian):
    eigenvalues = hessian_spectrum(hessian)
    return 1 / (eigenvalues[0] + eigenvalues[-1])


@best.mistake("All eigenvalues are added up. Only the two extremes count: every other direction shrinks faster than these.")
def sum_of_all(hessian):
    return 2 / hessian_spectrum(hessian).sum()


@best.mistake("This is 1 over the mean eigenvalue. The two extremes count, not the average direction.")
def over_the_mean(hessian):
    return 1 / hessian_spectrum(hessian).mean()


@best.mistake(
    "A matrix is accepted that is not symmetric positive definite. hessian_spectrum already refuses it: call that instead "
    "of `np.linalg`.",
    gate="best_refuses",
)
def best_unchecked(hessian):
    eigenvalues = np.linalg.eigvalsh(hessian)
    return 2 / (eigenvalues[-1] + eigenvalues[0])


@best.right
def extremes(hessian):
    eigenvalues = list(hessian_spectrum(hessian))
    return 2.0 / (min(eigenvalues) + max(eigenvalues))


@best.right
def over_the_midrange(hessian):
    eigenvalues = hessian_spectrum(hessian)
    return 1 / (0.5 * eigenvalues[0] + 0.5 * eigenvalues[-1])


@best.right
def by_condition_number(hessian):
    eigenvalues = np.asarray(hessian_spectrum(hessian))
    kappa = eigenvalues.max() / eigenvalues.min()
    return 2 / (eigenvalues.min() * (kappa + 1))


@best.right
def as_float(hessian):
    smallest, *_, largest = hessian_spectrum(hessian)
    return float(np.divide(2, np.add(smallest, largest)))


factor = Exercise(reference.contraction_factor, uses=(reference.hessian_spectrum,))


@factor.part("is the factor of the worst direction, whichever end of the spectrum that is", weight=2)
def largest_modulus(rng):
    cases = []
    for label, share in (("a small rate", 0.2), ("near the limit", 0.93), ("above the limit", 1.15)):
        matrix = hessian(rng, 4)
        cases.append(Call("contraction_factor", {"hessian": matrix, "lr": share * 2 / np.linalg.eigvalsh(matrix)[-1]}, label=label))
    return cases


@factor.property("is below 1 exactly when gradient descent converges", kind="convergence")
def below_one_when_it_converges(student, rng):
    for share, converges in ((0.5, True), (0.999, True), (1.001, False), (2.0, False)):
        matrix = hessian(rng, 3)
        lr = share * 2 / np.linalg.eigvalsh(matrix)[-1]
        value = as_numbers(student.contraction_factor(hessian=matrix, lr=lr))
        if value is None or value.shape or not np.isfinite(value) or (value < 1) != converges:
            raise CheckFailed(f"at {share:g} of the limit 2/L the factor should be {'below' if converges else 'above'} 1")


@factor.property("is (κ − 1)/(κ + 1) at the best rate", kind="exact")
def at_the_best_rate(student, rng):
    for d in (2, 4):
        matrix = hessian(rng, d)
        eigenvalues = np.linalg.eigvalsh(matrix)
        kappa = eigenvalues[-1] / eigenvalues[0]
        got = student.contraction_factor(hessian=matrix, lr=2 / (eigenvalues[0] + eigenvalues[-1]))
        close(got, (kappa - 1) / (kappa + 1), where="the factor at the best rate")


@factor.gate("refuses what hessian_spectrum refuses")
def factor_refuses(rng):
    return _refusals("contraction_factor", rng, lr=0.1)


@factor.mistake(
    "Only the largest eigenvalue is looked at. With a small rate the flattest direction is the slowest: take the worst of all.",
    passes=("below_one_when_it_converges", "at_the_best_rate"),
)
def only_steepest(hessian, lr):
    return abs(1 - lr * hessian_spectrum(hessian)[-1])


@factor.mistake(
    "The absolute value is missing: beyond 1/λ the error changes its sign in each step, and what counts is its size.",
    passes=("at_the_best_rate",),
)
def no_modulus(hessian, lr):
    return np.max(1 - lr * hessian_spectrum(hessian))


@factor.mistake(
    "This is the best direction, not the worst: the smallest modulus. The run is only as fast as its slowest direction."
)
def best_direction(hessian, lr):
    return np.min(np.abs(1 - lr * hessian_spectrum(hessian)))


@factor.mistake("The factors of all directions are multiplied. Each direction shrinks by its own factor, and the worst one stays.")
def product_of_all(hessian, lr):
    return np.abs(np.prod(1 - lr * hessian_spectrum(hessian)))


@factor.mistake(
    "A matrix is accepted that is not symmetric positive definite. hessian_spectrum already refuses it: call that instead "
    "of `np.linalg`.",
    gate="factor_refuses",
)
def factor_unchecked(hessian, lr):
    return np.max(np.abs(1 - lr * np.linalg.eigvalsh(hessian)))


@factor.pair("only-steepest", "no-modulus")
def signed_factor_of_the_steepest(hessian, lr):
    return 1 - lr * hessian_spectrum(hessian)[-1]


@factor.pair("product-of-all", "no-modulus")
def signed_product(hessian, lr):
    return np.prod(1 - lr * hessian_spectrum(hessian))


@factor.right
def two_ends(hessian, lr):
    eigenvalues = hessian_spectrum(hessian)
    return max(abs(1 - lr * eigenvalues[0]), abs(1 - lr * eigenvalues[-1]))


@factor.right
def built_in_functions(hessian, lr):
    return max(abs(lr * value - 1) for value in hessian_spectrum(hessian))


@factor.right
def spectral_radius(hessian, lr):
    hessian_spectrum(hessian)
    return float(np.abs(np.linalg.eigvalsh(np.eye(len(hessian)) - lr * hessian)).max())


@factor.right
def infinity_norm(hessian, lr):
    return np.linalg.norm(1 - lr * np.asarray(hessian_spectrum(hessian)), np.inf)


# The question -----------------------------------------------------------------------------------------------------------------

question = Question(
    "large_rate",
    reference.large_rate,
    {
        "a": "Crawling is what a small rate does: each step covers a tiny share of the way.",
        "b": "A small rate is what gets caught in the nearest dip. A step that is too large leaves it.",
        "c": "Each step multiplies the error by 1 − ηλ, which is below −1: it overshoots, and farther every time.",
        "d": "That is exactly at η = 2/λ, where the factor is −1. Just above it the swings grow.",
    },
)


# What the figures show of the reference ---------------------------------------------------------------------------------------


def _run(objective, lr, n_steps):
    chosen = objectives.get(objective)
    return reference.gradient_descent(chosen.gradient, chosen.start, lambda t: lr, n_steps)


GHOSTS = {
    "ravine": Ghost(lambda lr: _run("ravine", lr, 60), {"lr": [0.005, 0.02, 0.05, 0.08, 0.095, 0.101]}, {"lr": 0.05}),
    "double_well": Ghost(lambda lr: _run("double_well", lr, 60), {"lr": [0.02, 0.1, 0.2, 0.3, 0.4]}, {"lr": 0.1}),
}
