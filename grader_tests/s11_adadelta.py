"""Checks and known mistakes of section 11, Adadelta."""

import numpy as np

from descentlab import objectives
from descentlab.checks import Call, CheckFailed, Exercise, Question, Steps, close
from descentlab.checks.values import as_numbers
from descentlab.runs import run_steps, run_stream
from grader_tests._draws import stream, vector
from grader_tests._ghosts import Ghost
from reference_impl import s11_adadelta as reference
from reference_impl.s11_adadelta import adadelta_step, rms


def _curvature(rng, *shape):
    """Positive numbers, far enough from 1 and from one another to tell dividing from multiplying."""
    return np.asarray(rng.uniform(1.5, 6.0, size=shape))


# Newton's step ----------------------------------------------------------------------------------------------------------------

newton = Exercise(reference.newton_step_diagonal)


def _newton(rng, label, theta, gradient, diagonal):
    arguments = {"theta": theta, "gradient": gradient, "hessian_diagonal": diagonal}
    return Call("newton_step_diagonal", arguments, label=label)


@newton.part("divides the gradient of each coordinate by the curvature there, and moves against it", weight=2)
def newton_values(rng):
    return [_newton(rng, "", vector(rng, 4), vector(rng, 4), _curvature(rng, 4)) for _ in range(2)]


@newton.part("takes the curvature as it is: negative, and tiny")
def newton_curvatures(rng):
    mixed = _curvature(rng, 4) * np.array([1, -1, -1, 1])
    return [
        _newton(rng, "negative curvature in two coordinates", vector(rng, 4), vector(rng, 4), mixed),
        # So small that what is added to it for safety would be seen.
        _newton(rng, "tiny curvature", vector(rng, 3), 1e-6 * vector(rng, 3), 1e-6 * _curvature(rng, 3)),
    ]


@newton.part("works for a number, a matrix, whole numbers, and where the gradient is zero or huge")
def newton_shapes_and_sizes(rng):
    return [
        _newton(rng, "a number", np.array(vector(rng)), np.array(vector(rng)), _curvature(rng)),
        _newton(rng, "a matrix", vector(rng, 2, 3), vector(rng, 2, 3), _curvature(rng, 2, 3)),
        _newton(rng, "theta of whole numbers", rng.integers(1, 9, size=3), vector(rng, 3), _curvature(rng, 3)),
        _newton(rng, "at the minimum", vector(rng, 3), np.zeros(3), _curvature(rng, 3)),
        _newton(rng, "a huge gradient", vector(rng, 3), 1e90 * vector(rng, 3), _curvature(rng, 3)),
    ]


@newton.property("arrives in one step on a quadratic whose axes are the coordinates", kind="exact")
def one_step_is_enough(student, rng):
    diagonal, minimum, theta = _curvature(rng, 4), vector(rng, 4), vector(rng, 4)
    got = student.newton_step_diagonal(theta=theta, gradient=diagonal * (theta - minimum), hessian_diagonal=diagonal)
    close(got, minimum, where="after one step")


@newton.property("converges where 2·diag(H) − H is positive definite, and not where it isn't", weight=0.5, kind="convergence")
def coupled_coordinates(student, rng):
    # Three coordinates of curvature h, each pair coupled by share · h. Along (1, 1, 1) the error is multiplied by −2·share.
    h, minimum = float(rng.uniform(1.5, 4)), vector(rng, 3)
    for share, converges in ((0.45, True), (0.55, False)):
        hessian = h * (share * np.ones((3, 3)) + (1 - share) * np.eye(3))
        theta = minimum + 1.0
        for _ in range(60):
            got = student.newton_step_diagonal(theta=theta, gradient=hessian @ (theta - minimum), hessian_diagonal=h * np.ones(3))
            theta = as_numbers(got)
            if theta is None or theta.shape != (3,):
                raise CheckFailed("newton_step_diagonal returns the new parameters, an array of theta's shape")
        away = float(np.linalg.norm(theta - minimum))
        if (away < np.sqrt(3)) != converges:
            raise CheckFailed(f"pairs coupled by {share:g} of the curvature: 60 steps should lead {'in' if converges else 'away'}")


@newton.mistake(
    "The gradient is multiplied by the curvature. Where the function bends sharply the minimum is near, and the step must be "
    "short. Compare the units: which of the two gives those of theta?",
)
def multiplied_by_curvature(theta, gradient, hessian_diagonal):
    return theta - gradient * hessian_diagonal


@newton.mistake("The step goes uphill. On the slide the step is what is subtracted from theta. Look at the sign.")
def newton_uphill(theta, gradient, hessian_diagonal):
    return theta + gradient / hessian_diagonal


@newton.mistake("This is the step, not the point where it leads. Look at what the docstring says is returned.")
def newton_move_alone(theta, gradient, hessian_diagonal):
    return gradient / hessian_diagonal


@newton.mistake(
    "The curvature is ignored: this is gradient descent with a rate of 1. Look at what should stand in the place of the rate."
)
def curvature_ignored(theta, gradient, hessian_diagonal):
    return theta - gradient


@newton.mistake(
    "The fraction is upside down: the curvature is divided by the gradient. Solve gradient = curvature · step for the step."
)
def newton_upside_down(theta, gradient, hessian_diagonal):
    return theta - hessian_diagonal / gradient


@newton.mistake(
    "The size of the curvature is used, without its sign. That is a sound idea, since it never climbs, but another method: "
    "Newton's step goes to where the slope is zero, a maximum included. Look for `abs`.",
    passes=("newton_values", "newton_shapes_and_sizes", "one_step_is_enough", "coupled_coordinates"),
)
def size_of_curvature(theta, gradient, hessian_diagonal):
    return theta - gradient / np.abs(hessian_diagonal)


@newton.mistake(
    "Something small is added to the curvature before the division. No entry is zero here, and what was added is more than nothing "
    "where the curvature is tiny. Look for an epsilon that the formula hasn't.",
    passes=("coupled_coordinates",),
)
def curvature_damped(theta, gradient, hessian_diagonal):
    return theta - gradient / (hessian_diagonal + 1e-8)


@newton.mistake(
    "The root of the curvature is divided by. That is what RMSprop does with its mean square; the curvature is no square. Look at "
    "the divisor.",
)
def root_of_curvature(theta, gradient, hessian_diagonal):
    return theta - gradient / np.sqrt(hessian_diagonal)


@newton.mistake(
    "All coordinates are divided by one number, the mean curvature. Then the steep ones get too long a step and the flat ones too "
    "short a one: the rule goes coordinate by coordinate. Look for a sum or a mean.",
    passes=("coupled_coordinates",),
)
def one_curvature_for_all(theta, gradient, hessian_diagonal):
    return theta - gradient / np.mean(hessian_diagonal)


@newton.mistake("In place: theta itself is changed.", gate="changes-arguments")
def newton_in_place(theta, gradient, hessian_diagonal):
    try:
        theta -= gradient / hessian_diagonal
    except TypeError:
        theta = theta - gradient / hessian_diagonal
    return theta


@newton.pair("multiplied-by-curvature", "newton-uphill")
def multiplied_uphill(theta, gradient, hessian_diagonal):
    return theta + gradient * hessian_diagonal


@newton.pair("root-of-curvature", "curvature-damped")
def divided_as_in_rmsprop(theta, gradient, hessian_diagonal):
    return theta - gradient / np.sqrt(hessian_diagonal + 1e-8)


@newton.right
def newton_by_reciprocal(theta, gradient, hessian_diagonal):
    inverse = 1.0 / np.asarray(hessian_diagonal)
    return theta - inverse * gradient


@newton.right
def newton_entry_by_entry(theta, gradient, hessian_diagonal):
    moved = np.zeros(np.shape(theta))
    for i in np.ndindex(moved.shape):
        moved[i] = theta[i] - gradient[i] / hessian_diagonal[i]
    return moved


@newton.right
def newton_by_solving(theta, gradient, hessian_diagonal):
    step = np.linalg.solve(np.diag(np.ravel(hessian_diagonal)), np.ravel(gradient))
    return theta - step.reshape(np.shape(theta))


@newton.right
def newton_as_a_list(theta, gradient, hessian_diagonal):
    return np.add(theta, np.divide(np.negative(gradient), hessian_diagonal)).tolist()


# The root of a mean square ----------------------------------------------------------------------------------------------------

root = Exercise(reference.rms)


def _rms(label, mean_square, **eps):
    return Call("rms", {"mean_square": mean_square, **eps}, label=label)


@root.part("takes the root of the mean square and ε together, entry by entry", weight=2)
def root_values(rng):
    return [
        _rms("ε as large as the mean square", vector(rng, 4) ** 2, eps=float(rng.uniform(0.3, 0.9))),
        _rms("a small ε", vector(rng, 3) ** 2, eps=float(rng.uniform(0.01, 0.03))),
    ]


@root.part("takes ε = 1e-6 where the call leaves it out")
def root_default(rng):
    # As small as eps itself: with larger ones nobody would see which eps was taken.
    return [_rms("a mean square as small as ε", 1e-6 * vector(rng, 4) ** 2)]


@root.part("works for a number, a matrix, whole numbers, and mean squares that are zero, tiny or huge")
def root_shapes_and_sizes(rng):
    eps = float(rng.uniform(0.1, 0.4))
    return [
        _rms("a number", np.array(vector(rng) ** 2), eps=eps),
        _rms("a matrix", vector(rng, 2, 3) ** 2, eps=eps),
        _rms("whole numbers, one of them zero", np.array([0, 4, 9]), eps=eps),
        _rms("zeros", np.zeros(3), eps=eps),
        _rms("tiny", 1e-98 * vector(rng, 3) ** 2, eps=3e-99),
        _rms("huge", 1e98 * vector(rng, 3) ** 2, eps=3e97),
        _rms("ε = 0", vector(rng, 3) ** 2, eps=0.0),
    ]


@root.property("scales with the quantity: c² times the mean square and ε give c times the root", kind="exact")
def root_units(student, rng):
    mean_square, eps = vector(rng, 4) ** 2, float(rng.uniform(0.2, 0.6))
    once = as_numbers(student.rms(mean_square=mean_square, eps=eps))
    if once is None or once.shape != (4,):
        raise CheckFailed("rms returns an array of the shape of mean_square")
    for c in (1e-3, 7.0, 1e5):
        close(student.rms(mean_square=c**2 * mean_square, eps=c**2 * eps), c * once, where=f"c = {c:g}")
    close(once**2, mean_square + eps, where="the square of the root")


@root.mistake(
    "ε stands outside the root. Adam has it there; Adagrad, RMSprop and Adadelta have it inside. Look at where the root ends."
)
def eps_beside_the_root(mean_square, eps=1e-6):
    return np.sqrt(mean_square) + eps


@root.mistake("ε is left out. The root of an average that is still zero must not be zero. Look at what stands under the root.")
def root_without_eps(mean_square, eps=1e-6):
    return np.sqrt(mean_square)


@root.mistake(
    "ε is 1e-6 whatever the call says. That is only the value for a call that says nothing. Look for a number where the name "
    "should stand.",
    passes=("root_default",),
)
def root_eps_fixed(mean_square, eps=1e-6):
    return np.sqrt(mean_square + 1e-6)


@root.mistake("The root is missing. This is the mean square still, in the units of the square.")
def root_not_taken(mean_square, eps=1e-6):
    return mean_square + eps


@root.mistake(
    "The mean square is squared once more. The squares have been taken already, when the average was made. Look at what the "
    "argument is."
)
def squared_again(mean_square, eps=1e-6):
    return np.sqrt(mean_square**2 + eps)


@root.mistake(
    "The mean is taken over the entries, so that all parameters get one number. The mean in the name is an average over the "
    "steps, and it has been taken already. Look for `np.mean`."
)
def mean_over_entries(mean_square, eps=1e-6):
    return np.sqrt(np.mean(mean_square) + eps)


@root.mistake("ε is subtracted under the root. It has to keep the root away from zero. Look at its sign.")
def eps_subtracted(mean_square, eps=1e-6):
    return np.sqrt(mean_square - eps)


@root.mistake(
    "ε is taken as a least value: what is above it comes back without it. The formula adds it. Look for `maximum` or `clip`.",
)
def eps_as_a_floor(mean_square, eps=1e-6):
    return np.sqrt(np.maximum(mean_square, eps))


@root.mistake("In place: the average that was passed in is changed.", gate="changes-arguments")
def root_in_place(mean_square, eps=1e-6):
    try:
        mean_square += eps
    except TypeError:
        mean_square = mean_square + eps
    return np.sqrt(mean_square)


@root.pair("squared-again", "mean-over-entries")
def root_of_the_entries_mean_square(mean_square, eps=1e-6):
    return np.sqrt(np.mean(mean_square**2) + eps)


@root.pair("eps-beside-the-root", "root-eps-fixed")
def fixed_eps_beside_the_root(mean_square, eps=1e-6):
    return np.sqrt(mean_square) + 1e-6


@root.right
def half_power(mean_square, eps=1e-6):
    return (mean_square + eps) ** 0.5


@root.right
def root_entry_by_entry(mean_square, eps=1e-6):
    roots = np.zeros(np.shape(mean_square))
    for i in np.ndindex(roots.shape):
        roots[i] = (float(mean_square[i]) + eps) ** 0.5
    return roots


@root.right
def root_as_a_list(mean_square, eps=1e-6):
    return np.sqrt(np.add(mean_square, eps)).tolist()


@root.right
def by_hypot(mean_square, eps=1e-6):
    return np.hypot(np.sqrt(np.asarray(mean_square, dtype=float)), eps**0.5)


# The curvature estimate -------------------------------------------------------------------------------------------------------

estimate = Exercise(reference.curvature_estimate, uses=(reference.rms,))


def _estimate(label, mean_square_gradient, mean_square_update, **eps):
    arguments = {"mean_square_gradient": mean_square_gradient, "mean_square_update": mean_square_update, **eps}
    return Call("curvature_estimate", arguments, label=label)


@estimate.part("is the typical gradient over the typical update, ε inside both roots", weight=2)
def estimate_values(rng):
    return [
        _estimate("a large ε", vector(rng, 4) ** 2, 4 * vector(rng, 4) ** 2, eps=float(rng.uniform(0.3, 0.9))),
        _estimate("small updates", vector(rng, 3) ** 2, 1e-3 * vector(rng, 3) ** 2, eps=float(rng.uniform(1e-3, 3e-3))),
    ]


@estimate.part("takes ε = 1e-6 where the call leaves it out")
def estimate_default(rng):
    return [_estimate("averages as small as ε", 3e-6 * vector(rng, 4) ** 2, 1e-6 * vector(rng, 4) ** 2)]


@estimate.part("works for a number, a matrix, before the first update, and at a minimum")
def estimate_shapes_and_sizes(rng):
    eps = float(rng.uniform(0.1, 0.4))
    return [
        _estimate("numbers", np.array(vector(rng) ** 2), np.array(vector(rng) ** 2), eps=eps),
        _estimate("matrices", vector(rng, 2, 3) ** 2, vector(rng, 2, 3) ** 2, eps=eps),
        _estimate("no update yet", vector(rng, 3) ** 2, np.zeros(3), eps=eps),
        _estimate("gradients of zero", np.zeros(3), vector(rng, 3) ** 2, eps=eps),
        _estimate("huge gradients", 1e98 * vector(rng, 3) ** 2, vector(rng, 3) ** 2, eps=eps),
    ]


@estimate.property("has the units of a curvature: J times c makes it c times as large, theta times a makes it a² times as small")
def estimate_units(student, rng):
    square_g, square_u = vector(rng, 4) ** 2, vector(rng, 4) ** 2
    once = as_numbers(student.curvature_estimate(mean_square_gradient=square_g, mean_square_update=square_u, eps=0.0))
    if once is None or once.shape != (4,) or not np.all(once > 0):
        raise CheckFailed("curvature_estimate returns an array of the shape of the averages, all above zero")
    for c, a in ((10.0 ** rng.uniform(1, 4), 1.0), (1.0, 10.0 ** rng.uniform(1, 3))):
        arguments = {"mean_square_gradient": (c / a) ** 2 * square_g, "mean_square_update": a**2 * square_u}
        close(student.curvature_estimate(**arguments, eps=0.0), c / a**2 * once, where=f"J times {c:.3g}, theta times {a:.3g}")


@estimate.property("is the curvature itself where every update was Newton's step", kind="exact")
def estimate_of_newton(student, rng):
    curvature, updates = _curvature(rng, 4), vector(rng, 5, 4)
    arguments = {
        "mean_square_gradient": np.mean((curvature * updates) ** 2, axis=0), "mean_square_update": np.mean(updates**2, axis=0)
    }  # fmt: skip
    close(student.curvature_estimate(**arguments, eps=0.0), curvature, where="ε = 0, updates of Newton's method")


@estimate.mistake(
    "The fraction is upside down: that is the factor in Adadelta's step. A curvature is a gradient over an update. Look at the "
    "units, or at the end of the slide."
)
def estimate_upside_down(mean_square_gradient, mean_square_update, eps=1e-6):
    return rms(mean_square_update, eps) / rms(mean_square_gradient, eps)


@estimate.mistake(
    "The roots are missing: this is the quotient of the mean squares, a curvature squared. Look at the units of what you divide.",
)
def estimate_without_roots(mean_square_gradient, mean_square_update, eps=1e-6):
    return (mean_square_gradient + eps) / (mean_square_update + eps)


@estimate.mistake(
    "ε is left out of both roots. Before the first update this divides by zero. Look at what stands under each root.",
    passes=("estimate_units", "estimate_of_newton"),
)
def estimate_without_eps(mean_square_gradient, mean_square_update, eps=1e-6):
    return np.sqrt(mean_square_gradient) / np.sqrt(mean_square_update)


@estimate.mistake(
    "ε is missing in the root of the gradients. RMS means the same above and below the line. Look at the numerator.",
    passes=("estimate_units", "estimate_of_newton"),
)
def eps_below_alone(mean_square_gradient, mean_square_update, eps=1e-6):
    return np.sqrt(mean_square_gradient) / rms(mean_square_update, eps)


@estimate.mistake(
    "ε is missing in the root of the updates. Before the first update this divides by zero. Look at the denominator.",
    passes=("estimate_units", "estimate_of_newton"),
)
def eps_above_alone(mean_square_gradient, mean_square_update, eps=1e-6):
    return rms(mean_square_gradient, eps) / np.sqrt(mean_square_update)


@estimate.mistake(
    "ε stands beside the roots, as Adam has it. Adadelta has it inside. Your rms does that already.",
    passes=("estimate_units", "estimate_of_newton"),
)
def estimate_eps_outside(mean_square_gradient, mean_square_update, eps=1e-6):
    return (np.sqrt(mean_square_gradient) + eps) / (np.sqrt(mean_square_update) + eps)


@estimate.mistake(
    "ε is added once, to the quotient of the mean squares. Each root has an ε of its own. Look at the brackets.",
    passes=("estimate_units", "estimate_of_newton"),
)
def one_eps_for_both(mean_square_gradient, mean_square_update, eps=1e-6):
    return rms(mean_square_gradient / mean_square_update, eps)


@estimate.mistake(
    "ε is not handed on to rms, which then takes its own 1e-6. Look at the two calls: each has two arguments.",
    passes=("estimate_default",),
)
def estimate_eps_not_handed_on(mean_square_gradient, mean_square_update, eps=1e-6):
    return rms(mean_square_gradient) / rms(mean_square_update)


@estimate.mistake(
    "The squares are taken once more. Both arguments are averages of squares already.",
)
def estimate_squared_again(mean_square_gradient, mean_square_update, eps=1e-6):
    return rms(mean_square_gradient**2, eps) / rms(mean_square_update**2, eps)


@estimate.mistake(
    "The two are multiplied. A curvature says how much the gradient changes for each unit of the way: look at the units of a "
    "product.",
)
def estimate_multiplied(mean_square_gradient, mean_square_update, eps=1e-6):
    return rms(mean_square_gradient, eps) * rms(mean_square_update, eps)


@estimate.pair("estimate-upside-down", "estimate-eps-outside")
def upside_down_eps_outside(mean_square_gradient, mean_square_update, eps=1e-6):
    return (np.sqrt(mean_square_update) + eps) / (np.sqrt(mean_square_gradient) + eps)


@estimate.pair("estimate-upside-down", "estimate-eps-not-handed-on")
def upside_down_by_default(mean_square_gradient, mean_square_update, eps=1e-6):
    return rms(mean_square_update) / rms(mean_square_gradient)


@estimate.pair("estimate-without-roots", "estimate-without-eps")
def bare_quotient(mean_square_gradient, mean_square_update, eps=1e-6):
    return mean_square_gradient / mean_square_update


@estimate.right
def root_of_the_quotient(mean_square_gradient, mean_square_update, eps=1e-6):
    return np.sqrt((mean_square_gradient + eps) / (mean_square_update + eps))


@estimate.right
def estimate_by_rms(mean_square_gradient, mean_square_update, eps=1e-6):
    typical_gradient = rms(mean_square_gradient, eps=eps)
    typical_update = rms(mean_square_update, eps=eps)
    return np.divide(typical_gradient, typical_update)


@estimate.right
def estimate_entry_by_entry(mean_square_gradient, mean_square_update, eps=1e-6):
    found = np.zeros(np.shape(mean_square_gradient))
    for i in np.ndindex(found.shape):
        found[i] = rms(mean_square_gradient[i], eps) / rms(mean_square_update[i], eps)
    return found


@estimate.right
def estimate_as_a_list(mean_square_gradient, mean_square_update, eps=1e-6):
    inverse = (np.asarray(mean_square_update) + eps) ** -0.5
    return (inverse * rms(mean_square_gradient, eps)).tolist()


# The step ---------------------------------------------------------------------------------------------------------------------

step = Exercise(reference.adadelta_step, uses=(reference.rms,))

STATE = ("theta", "mean_square_gradient", "mean_square_update")


def _state(theta, mean_square_gradient=None, mean_square_update=None):
    zeros = np.zeros(np.shape(theta))
    values = (theta, zeros if mean_square_gradient is None else mean_square_gradient, mean_square_update)
    return dict(zip(STATE, (*values[:2], zeros if mean_square_update is None else mean_square_update), strict=True))


def _odd(rng, low, high):
    """An odd gamma, and an eps in this range: as large as the squares it is added to, it shows where it stands."""
    return {"gamma": float(rng.uniform(0.55, 0.8)), "eps": float(rng.uniform(low, high))}


def _loops(rng, *only):
    on_the_way = _state(vector(rng, 4), vector(rng, 4) ** 2, 0.1 * vector(rng, 4) ** 2)
    return [
        Steps(
            "adadelta_step", _state(vector(rng, 4)), {"gradient": stream(rng, 8, 4)}, _odd(rng, 0.2, 0.6),
            label="from averages of zero, large ε", only=only,
        ),
        Steps(
            "adadelta_step", on_the_way, {"gradient": stream(rng, 5, 4)}, _odd(rng, 0.01, 0.03),
            label="on the way, small ε", only=only,
        ),
    ]  # fmt: skip


@step.part("theta follows the rule, from averages of zero and on the way", weight=3)
def theta_follows(rng):
    return _loops(rng, "theta")


@step.part("returns the running average of the squared gradients")
def gradients_averaged(rng):
    return _loops(rng, "mean_square_gradient")


@step.part("returns the running average of the squared updates")
def updates_averaged(rng):
    return _loops(rng, "mean_square_update")


@step.part("takes γ = 0.9 and ε = 1e-6 where the call leaves them out")
def step_defaults(rng):
    # Gradients as small as the root of eps: with larger ones nobody would see which eps stands below.
    return [Steps("adadelta_step", _state(np.zeros(4)), {"gradient": [1e-3 * g for g in stream(rng, 5, 4)]}, only=("theta",))]


@step.part("works for a number, a matrix, whole numbers, and gradients that are tiny, huge or zero")
def step_shapes_and_sizes(rng):
    def case(label, theta, gradients, eps):
        rest = {"gamma": float(rng.uniform(0.55, 0.8)), "eps": eps}
        return Steps("adadelta_step", _state(theta), {"gradient": gradients}, rest, label=label, only=("theta",))

    return [
        case("theta a number", np.array(vector(rng)), [np.array(vector(rng)) for _ in range(3)], 0.3),
        case("theta a matrix", vector(rng, 2, 3), stream(rng, 3, 2, 3), 0.2),
        case("theta of whole numbers", rng.integers(1, 9, size=4), stream(rng, 3, 4), 0.1),
        case("tiny gradients", np.zeros(4), [1e-45 * g for g in stream(rng, 3, 4)], 3e-91),
        case("huge gradients", vector(rng, 4), [1e45 * g for g in stream(rng, 3, 4)], 3e89),
        case("two gradients of zero, then others", vector(rng, 4), [np.zeros(4), np.zeros(4), *stream(rng, 2, 4)], 0.02),
    ]


@step.property("keeps its updates under g → cg, and scales them with the units of theta (ε = 0)", kind="exact")
def units(student, rng):
    theta, square_g, square_u = vector(rng, 3), vector(rng, 3) ** 2, vector(rng, 3) ** 2
    gamma, gradients = float(rng.uniform(0.55, 0.8)), stream(rng, 8, 3)
    large, small = 10.0 ** rng.uniform(1, 4), 10.0 ** rng.uniform(-4, -1)

    def walk(c, a):
        """The walk where J is measured in units c times, and theta in units a times as small, told in the first units again."""
        state = [a * theta, (c / a) ** 2 * square_g, a**2 * square_u]
        points = []
        for gradient in gradients:
            arguments = dict(zip(STATE, state, strict=True))
            got = student.adadelta_step(**arguments, gradient=c / a * gradient, gamma=gamma, eps=0.0)
            numbers = as_numbers(got)
            if numbers is None or numbers.shape != (3, 3):
                raise CheckFailed("adadelta_step returns (theta, mean_square_gradient, mean_square_update), each of theta's shape")
            state = list(numbers)
            points.append(numbers[0] / a)
        return np.array(points)

    first = walk(1.0, 1.0)
    if not np.all(np.diff(first, axis=0)):
        raise CheckFailed("with ε = 0 and an average of the updates above zero, theta moves in every step; yours stops")
    for words, c, a in (("g", large, 1.0), ("g", small, 1.0), ("theta", 1.0, large), ("theta", 1.0, small)):
        close(walk(c, a), first, where=f"{words} times {c if words == 'g' else a:.3g}: step, coordinate ")


@step.property("begins with √(ε/(1 − γ)), 3.1623e-3 by default, whatever the gradient", weight=0.5, kind="exact")
def first_step(student, rng):
    gradient, theta = 1e4 * vector(rng, 3), vector(rng, 3)
    zeros = np.zeros(3)
    by_default = student.adadelta_step(theta=zeros, mean_square_gradient=zeros, mean_square_update=zeros, gradient=gradient)
    move = as_numbers(by_default)
    if move is None or move.shape != (3, 3):
        raise CheckFailed("adadelta_step returns (theta, mean_square_gradient, mean_square_update), each of theta's shape")
    close(move[0], -np.sign(gradient) * 3.1623e-3, rtol=1e-4, where="the first step from zero by default")
    settings = _odd(rng, 1e-3, 1e-2)
    got = student.adadelta_step(theta=theta, mean_square_gradient=zeros, mean_square_update=zeros, gradient=gradient, **settings)
    size = np.sqrt(settings["eps"] / (1 - settings["gamma"]))
    close(as_numbers(got)[0], theta - np.sign(gradient) * size, rtol=1e-6, where="the first step with another γ and ε")


@step.property(
    "under a constant gradient g the mean square of the updates is g²(1 − aᵗ), a = 1 − (1 − γ)ε/(g² + ε)", 0.5, kind="exact"
)
def constant_gradient(student, rng):
    # From E[g²] = g² on, so that this average stays as it is: then the other one obeys a linear recursion.
    g, settings = vector(rng, 3), _odd(rng, 0.1, 0.3)
    a = 1 - (1 - settings["gamma"]) * settings["eps"] / (g**2 + settings["eps"])
    state = [np.zeros(3), g**2, np.zeros(3)]
    for t in range(1, 31):
        got = student.adadelta_step(**dict(zip(STATE, state, strict=True)), gradient=g, **settings)
        close(got[2], g**2 * (1 - a**t), where=f"after {t} steps, coordinate ")
        state = [as_numbers(part) for part in got]


@step.property(
    "near a minimum, where ε rules both roots, converges for curvatures below 2 and for no others", 0.5, kind="convergence"
)
def near_a_minimum(student, rng):
    eps = 10.0 ** rng.uniform(-8, -7)
    start = 0.01 * np.sqrt(eps)
    for curvature in (1.8, 2.2):
        state = [np.array([start]), np.zeros(1), np.zeros(1)]
        for _ in range(80):
            arguments = dict(zip(STATE, state, strict=True))
            got = student.adadelta_step(**arguments, gradient=curvature * state[0], gamma=0.9, eps=eps)
            numbers = as_numbers(got)
            if numbers is None or numbers.shape != (3, 1):
                raise CheckFailed("adadelta_step returns (theta, mean_square_gradient, mean_square_update), each of theta's shape")
            state = list(numbers)
        away = float(np.abs(state[0][0]))
        if curvature < 2 and not away < 0.1 * start:
            raise CheckFailed(
                f"curvature {curvature}, from {start:.3g}: 80 steps should lead nearer to the minimum than a tenth of that"
            )
        if curvature > 2 and not away > 10 * start:
            raise CheckFailed(
                f"curvature {curvature}, from {start:.3g}: 80 steps should lead ten times as far away from the minimum"
            )


@step.mistake(
    "The numerator is RMS[Δθ] of this step, in which this very update is already. On the slide it has the index t − 1: the update "
    "can't be known before it is made. Look at which of the two comes first, the step or the new average of the updates.",
    passes=("gradients_averaged", "updates_averaged", "units", "constant_gradient", "near_a_minimum"),
)
def current_update_above(theta, mean_square_gradient, mean_square_update, gradient, gamma=0.9, eps=1e-6):
    mean_square_gradient = gamma * mean_square_gradient + (1 - gamma) * gradient**2
    update = rms(mean_square_update, eps) / rms(mean_square_gradient, eps) * gradient
    mean_square_update = gamma * mean_square_update + (1 - gamma) * update**2
    update = rms(mean_square_update, eps) / rms(mean_square_gradient, eps) * gradient
    return theta - update, mean_square_gradient, mean_square_update


@step.mistake(
    "The denominator is RMS[g] of the step before, in which this gradient is not yet. On the slide it has the index t. Look at "
    "which of the two comes first, the new average of the gradients or the division.",
    passes=("gradients_averaged", "units", "constant_gradient", "near_a_minimum"),
)
def old_gradients_below(theta, mean_square_gradient, mean_square_update, gradient, gamma=0.9, eps=1e-6):
    update = rms(mean_square_update, eps) / rms(mean_square_gradient, eps) * gradient
    mean_square_gradient = gamma * mean_square_gradient + (1 - gamma) * gradient**2
    mean_square_update = gamma * mean_square_update + (1 - gamma) * update**2
    return theta - update, mean_square_gradient, mean_square_update


@step.mistake(
    "The second average takes in the squared gradient, not the squared update: both averages are then of one thing, and the units "
    "of theta are lost again. Look at what is squared in its line, copied perhaps from the other.",
    passes=("gradients_averaged", "first_step", "near_a_minimum"),
)
def gradient_for_update(theta, mean_square_gradient, mean_square_update, gradient, gamma=0.9, eps=1e-6):
    mean_square_gradient = gamma * mean_square_gradient + (1 - gamma) * gradient**2
    update = rms(mean_square_update, eps) / rms(mean_square_gradient, eps) * gradient
    mean_square_update = gamma * mean_square_update + (1 - gamma) * gradient**2
    return theta - update, mean_square_gradient, mean_square_update


@step.mistake(
    "The second average takes in theta, not how much theta changes. Look at what is squared in its line.",
    passes=("gradients_averaged", "units", "first_step", "near_a_minimum"),
)
def theta_for_update(theta, mean_square_gradient, mean_square_update, gradient, gamma=0.9, eps=1e-6):
    mean_square_gradient = gamma * mean_square_gradient + (1 - gamma) * gradient**2
    update = rms(mean_square_update, eps) / rms(mean_square_gradient, eps) * gradient
    mean_square_update = gamma * mean_square_update + (1 - gamma) * (theta - update) ** 2
    return theta - update, mean_square_gradient, mean_square_update


@step.mistake(
    "A learning rate of 0.01 multiplies the step. Adadelta has none: its numerator stands in that place. Look for a number that "
    "the formula hasn't.",
    passes=("gradients_averaged", "updates_averaged", "units", "constant_gradient"),
)
def rate_kept(theta, mean_square_gradient, mean_square_update, gradient, gamma=0.9, eps=1e-6):
    mean_square_gradient = gamma * mean_square_gradient + (1 - gamma) * gradient**2
    update = rms(mean_square_update, eps) / rms(mean_square_gradient, eps) * gradient
    mean_square_update = gamma * mean_square_update + (1 - gamma) * update**2
    return theta - 0.01 * update, mean_square_gradient, mean_square_update


@step.mistake(
    "theta moves by 0.01 g/RMS[g]: that is RMSprop with a rate, and the average of the updates stands idle beside it. Look at "
    "what the slide puts in the place of η.",
    passes=("gradients_averaged",),
)
def rmsprop_still(theta, mean_square_gradient, mean_square_update, gradient, gamma=0.9, eps=1e-6):
    mean_square_gradient = gamma * mean_square_gradient + (1 - gamma) * gradient**2
    update = 0.01 / rms(mean_square_gradient, eps) * gradient
    mean_square_update = gamma * mean_square_update + (1 - gamma) * update**2
    return theta - update, mean_square_gradient, mean_square_update


@step.mistake(
    "ε is missing in the root of the updates. Their average begins at zero, so the first update is zero, and the next, and all "
    "others: it never moves. Look at the numerator.",
    passes=("gradients_averaged", "units"),
)
def eps_missing_above(theta, mean_square_gradient, mean_square_update, gradient, gamma=0.9, eps=1e-6):
    mean_square_gradient = gamma * mean_square_gradient + (1 - gamma) * gradient**2
    update = np.sqrt(mean_square_update) / rms(mean_square_gradient, eps) * gradient
    mean_square_update = gamma * mean_square_update + (1 - gamma) * update**2
    return theta - update, mean_square_gradient, mean_square_update


@step.mistake(
    "ε is missing in the root of the gradients. A parameter whose gradient has always been zero then divides by zero. Look at the "
    "denominator.",
    passes=("gradients_averaged", "units", "first_step"),
)
def eps_missing_below(theta, mean_square_gradient, mean_square_update, gradient, gamma=0.9, eps=1e-6):
    mean_square_gradient = gamma * mean_square_gradient + (1 - gamma) * gradient**2
    update = rms(mean_square_update, eps) / np.sqrt(mean_square_gradient) * gradient
    mean_square_update = gamma * mean_square_update + (1 - gamma) * update**2
    return theta - update, mean_square_gradient, mean_square_update


@step.mistake(
    "ε stands beside the roots. Adam has it there; Adadelta has it inside, as your rms does. A root of ε and ε itself differ a "
    "thousandfold when ε is 1e-6.",
    passes=("gradients_averaged", "units"),
)
def eps_outside(theta, mean_square_gradient, mean_square_update, gradient, gamma=0.9, eps=1e-6):
    mean_square_gradient = gamma * mean_square_gradient + (1 - gamma) * gradient**2
    update = (np.sqrt(mean_square_update) + eps) / (np.sqrt(mean_square_gradient) + eps) * gradient
    mean_square_update = gamma * mean_square_update + (1 - gamma) * update**2
    return theta - update, mean_square_gradient, mean_square_update


@step.mistake(
    "ε is not handed on to rms, which then takes its own 1e-6. Look at the two calls: each has two arguments.",
    passes=("gradients_averaged", "step_defaults", "near_a_minimum"),
)
def eps_not_handed_on(theta, mean_square_gradient, mean_square_update, gradient, gamma=0.9, eps=1e-6):
    mean_square_gradient = gamma * mean_square_gradient + (1 - gamma) * gradient**2
    update = rms(mean_square_update) / rms(mean_square_gradient) * gradient
    mean_square_update = gamma * mean_square_update + (1 - gamma) * update**2
    return theta - update, mean_square_gradient, mean_square_update


@step.mistake(
    "γ is 0.9 whatever the call says. That is only the value for a call that says nothing. Look for numbers where the name should "
    "stand.",
    passes=("step_defaults", "units", "near_a_minimum"),
)
def gamma_fixed(theta, mean_square_gradient, mean_square_update, gradient, gamma=0.9, eps=1e-6):
    mean_square_gradient = 0.9 * mean_square_gradient + (1 - 0.9) * gradient**2
    update = rms(mean_square_update, eps) / rms(mean_square_gradient, eps) * gradient
    mean_square_update = 0.9 * mean_square_update + (1 - 0.9) * update**2
    return theta - update, mean_square_gradient, mean_square_update


@step.mistake(
    "γ and 1 − γ have changed places: the old averages keep almost nothing. With γ = 0.9, nine tenths of the old value stay.",
    passes=("units", "near_a_minimum"),
)
def shares_swapped(theta, mean_square_gradient, mean_square_update, gradient, gamma=0.9, eps=1e-6):
    mean_square_gradient = (1 - gamma) * mean_square_gradient + gamma * gradient**2
    update = rms(mean_square_update, eps) / rms(mean_square_gradient, eps) * gradient
    mean_square_update = (1 - gamma) * mean_square_update + gamma * update**2
    return theta - update, mean_square_gradient, mean_square_update


@step.mistake(
    "The new squares come in with their full weight: the factor 1 − γ is missing in both averages. An average of equal numbers "
    "must be that number. Look at the second term of each.",
    passes=("units", "near_a_minimum"),
)
def weights_forgotten(theta, mean_square_gradient, mean_square_update, gradient, gamma=0.9, eps=1e-6):
    mean_square_gradient = gamma * mean_square_gradient + gradient**2
    update = rms(mean_square_update, eps) / rms(mean_square_gradient, eps) * gradient
    mean_square_update = gamma * mean_square_update + update**2
    return theta - update, mean_square_gradient, mean_square_update


@step.mistake(
    "The squares are summed, not averaged: nothing is ever forgotten, as in Adagrad. Look for γ in the two averages.",
    passes=("units", "near_a_minimum"),
)
def summed_for_ever(theta, mean_square_gradient, mean_square_update, gradient, gamma=0.9, eps=1e-6):
    mean_square_gradient = mean_square_gradient + gradient**2
    update = rms(mean_square_update, eps) / rms(mean_square_gradient, eps) * gradient
    mean_square_update = mean_square_update + update**2
    return theta - update, mean_square_gradient, mean_square_update


@step.mistake(
    "The averages take in the gradient and the update themselves, not their squares. These may be negative, and then there is no "
    "root. Look at what is averaged."
)
def squares_forgotten(theta, mean_square_gradient, mean_square_update, gradient, gamma=0.9, eps=1e-6):
    mean_square_gradient = gamma * mean_square_gradient + (1 - gamma) * gradient
    update = rms(mean_square_update, eps) / rms(mean_square_gradient, eps) * gradient
    mean_square_update = gamma * mean_square_update + (1 - gamma) * update
    return theta - update, mean_square_gradient, mean_square_update


@step.mistake(
    "The roots are missing: the mean squares themselves are divided. Compare the units with those of theta. Your rms takes the "
    "root.",
    passes=("gradients_averaged", "near_a_minimum"),
)
def roots_forgotten(theta, mean_square_gradient, mean_square_update, gradient, gamma=0.9, eps=1e-6):
    mean_square_gradient = gamma * mean_square_gradient + (1 - gamma) * gradient**2
    update = (mean_square_update + eps) / (mean_square_gradient + eps) * gradient
    mean_square_update = gamma * mean_square_update + (1 - gamma) * update**2
    return theta - update, mean_square_gradient, mean_square_update


@step.mistake(
    "The gradient is multiplied by the curvature estimate, RMS[g]/RMS[Δθ]. Newton divides by the curvature. Look at which root "
    "stands above the line.",
    passes=("gradients_averaged", "near_a_minimum"),
)
def fraction_upside_down(theta, mean_square_gradient, mean_square_update, gradient, gamma=0.9, eps=1e-6):
    mean_square_gradient = gamma * mean_square_gradient + (1 - gamma) * gradient**2
    update = rms(mean_square_gradient, eps) / rms(mean_square_update, eps) * gradient
    mean_square_update = gamma * mean_square_update + (1 - gamma) * update**2
    return theta - update, mean_square_gradient, mean_square_update


@step.mistake(
    "The gradient is missing: every parameter moves by the bare quotient, in one direction whatever the sign of its gradient. "
    "Look at the end of the formula.",
    passes=("gradients_averaged",),
)
def gradient_left_out(theta, mean_square_gradient, mean_square_update, gradient, gamma=0.9, eps=1e-6):
    mean_square_gradient = gamma * mean_square_gradient + (1 - gamma) * gradient**2
    update = rms(mean_square_update, eps) / rms(mean_square_gradient, eps)
    mean_square_update = gamma * mean_square_update + (1 - gamma) * update**2
    return theta - update, mean_square_gradient, mean_square_update


@step.mistake(
    "The step goes uphill. The update has the sign of the gradient, and theta subtracts it. Look at the return line.",
    passes=("gradients_averaged", "updates_averaged", "units", "constant_gradient"),
)
def uphill(theta, mean_square_gradient, mean_square_update, gradient, gamma=0.9, eps=1e-6):
    mean_square_gradient = gamma * mean_square_gradient + (1 - gamma) * gradient**2
    update = rms(mean_square_update, eps) / rms(mean_square_gradient, eps) * gradient
    mean_square_update = gamma * mean_square_update + (1 - gamma) * update**2
    return theta + update, mean_square_gradient, mean_square_update


@step.mistake(
    "What comes back first is the update, not the point where it leads. Look at what the docstring says is returned.",
    passes=("gradients_averaged", "updates_averaged", "units", "constant_gradient"),
)
def update_returned(theta, mean_square_gradient, mean_square_update, gradient, gamma=0.9, eps=1e-6):
    mean_square_gradient = gamma * mean_square_gradient + (1 - gamma) * gradient**2
    update = rms(mean_square_update, eps) / rms(mean_square_gradient, eps) * gradient
    mean_square_update = gamma * mean_square_update + (1 - gamma) * update**2
    return update, mean_square_gradient, mean_square_update


@step.mistake(
    "The average of the updates comes back as it was: this step's own update is lost. Look for a third line that takes it in.",
    passes=("gradients_averaged", "units", "first_step", "near_a_minimum"),
)
def updates_not_kept(theta, mean_square_gradient, mean_square_update, gradient, gamma=0.9, eps=1e-6):
    mean_square_gradient = gamma * mean_square_gradient + (1 - gamma) * gradient**2
    update = rms(mean_square_update, eps) / rms(mean_square_gradient, eps) * gradient
    return theta - update, mean_square_gradient, np.copy(mean_square_update)


@step.mistake(
    "The two averages come back in the wrong order. The docstring has that of the gradients first. Look at the return line.",
    passes=("first_step", "near_a_minimum"),
)
def averages_swapped(theta, mean_square_gradient, mean_square_update, gradient, gamma=0.9, eps=1e-6):
    mean_square_gradient = gamma * mean_square_gradient + (1 - gamma) * gradient**2
    update = rms(mean_square_update, eps) / rms(mean_square_gradient, eps) * gradient
    mean_square_update = gamma * mean_square_update + (1 - gamma) * update**2
    return theta - update, mean_square_update, mean_square_gradient


@step.mistake(
    "Only theta comes back. The two averages are Adadelta's memory: whoever makes the next step has to hand them in again. Look "
    "at the docstring's last paragraph."
)
def averages_not_returned(theta, mean_square_gradient, mean_square_update, gradient, gamma=0.9, eps=1e-6):
    mean_square_gradient = gamma * mean_square_gradient + (1 - gamma) * gradient**2
    return theta - rms(mean_square_update, eps) / rms(mean_square_gradient, eps) * gradient


@step.mistake(
    "All parameters share one number, the mean over the coordinates. Each coordinate has a curvature of its own. Look for a sum, "
    "a norm or a mean.",
    passes=("units", "near_a_minimum"),
)
def norm_for_entries(theta, mean_square_gradient, mean_square_update, gradient, gamma=0.9, eps=1e-6):
    mean_square_gradient = gamma * mean_square_gradient + (1 - gamma) * np.mean(gradient**2)
    update = rms(mean_square_update, eps) / rms(mean_square_gradient, eps) * gradient
    mean_square_update = gamma * mean_square_update + (1 - gamma) * np.mean(update**2)
    return theta - update, mean_square_gradient, mean_square_update


@step.mistake(
    "theta keeps its type: where it holds whole numbers the step is cut off to a whole number, mostly to zero. Look for an array "
    "made like theta and then filled, or for `astype`.",
    passes=(
        "theta_follows",
        "gradients_averaged",
        "updates_averaged",
        "step_defaults",
        "units",
        "first_step",
        "constant_gradient",
        "near_a_minimum",
    ),
)
def whole_numbers_stay_whole(theta, mean_square_gradient, mean_square_update, gradient, gamma=0.9, eps=1e-6):
    mean_square_gradient = gamma * mean_square_gradient + (1 - gamma) * gradient**2
    update = rms(mean_square_update, eps) / rms(mean_square_gradient, eps) * gradient
    mean_square_update = gamma * mean_square_update + (1 - gamma) * update**2
    moved = np.empty_like(theta)
    moved[...] = theta - update
    return moved, mean_square_gradient, mean_square_update


@step.mistake("In place: theta and the averages that were passed in are changed.", gate="changes-arguments")
def step_in_place(theta, mean_square_gradient, mean_square_update, gradient, gamma=0.9, eps=1e-6):
    mean_square_gradient *= gamma
    mean_square_gradient += (1 - gamma) * gradient**2
    update = rms(mean_square_update, eps) / rms(mean_square_gradient, eps) * gradient
    mean_square_update *= gamma
    mean_square_update += (1 - gamma) * update**2
    return theta - update, mean_square_gradient, mean_square_update


@step.pair("eps-missing-above", "eps-missing-below", passes=("gradients_averaged", "units"))
def no_eps_at_all(theta, mean_square_gradient, mean_square_update, gradient, gamma=0.9, eps=1e-6):
    mean_square_gradient = gamma * mean_square_gradient + (1 - gamma) * gradient**2
    update = np.sqrt(mean_square_update) / np.sqrt(mean_square_gradient) * gradient
    mean_square_update = gamma * mean_square_update + (1 - gamma) * update**2
    return theta - update, mean_square_gradient, mean_square_update


@step.pair("gamma-fixed", "eps-not-handed-on", passes=("step_defaults", "near_a_minimum"))
def both_settings_fixed(theta, mean_square_gradient, mean_square_update, gradient, gamma=0.9, eps=1e-6):
    mean_square_gradient = 0.9 * mean_square_gradient + (1 - 0.9) * gradient**2
    update = rms(mean_square_update) / rms(mean_square_gradient) * gradient
    mean_square_update = 0.9 * mean_square_update + (1 - 0.9) * update**2
    return theta - update, mean_square_gradient, mean_square_update


@step.pair("current-update-above", "eps-outside", passes=("gradients_averaged", "units"))
def current_update_and_eps_outside(theta, mean_square_gradient, mean_square_update, gradient, gamma=0.9, eps=1e-6):
    mean_square_gradient = gamma * mean_square_gradient + (1 - gamma) * gradient**2
    update = (np.sqrt(mean_square_update) + eps) / (np.sqrt(mean_square_gradient) + eps) * gradient
    mean_square_update = gamma * mean_square_update + (1 - gamma) * update**2
    update = (np.sqrt(mean_square_update) + eps) / (np.sqrt(mean_square_gradient) + eps) * gradient
    return theta - update, mean_square_gradient, mean_square_update


@step.pair("uphill", "rate-kept", passes=("gradients_averaged", "updates_averaged", "units", "constant_gradient"))
def uphill_with_a_rate(theta, mean_square_gradient, mean_square_update, gradient, gamma=0.9, eps=1e-6):
    mean_square_gradient = gamma * mean_square_gradient + (1 - gamma) * gradient**2
    update = rms(mean_square_update, eps) / rms(mean_square_gradient, eps) * gradient
    mean_square_update = gamma * mean_square_update + (1 - gamma) * update**2
    return theta + 0.01 * update, mean_square_gradient, mean_square_update


@step.right
def with_the_sign_in_the_update(theta, mean_square_gradient, mean_square_update, gradient, gamma=0.9, eps=1e-6):
    new_g = gamma * mean_square_gradient + (1 - gamma) * gradient * gradient
    delta = -np.sqrt(mean_square_update + eps) / np.sqrt(new_g + eps) * gradient
    new_u = gamma * mean_square_update + (1 - gamma) * delta * delta
    return theta + delta, new_g, new_u


@step.right
def one_root_for_both(theta, mean_square_gradient, mean_square_update, gradient, gamma=0.9, eps=1e-6):
    new_g = mean_square_gradient + (1 - gamma) * (np.square(gradient) - mean_square_gradient)
    update = gradient * ((mean_square_update + eps) / (new_g + eps)) ** 0.5
    new_u = mean_square_update + (1 - gamma) * (np.square(update) - mean_square_update)
    return [np.subtract(theta, update), new_g, new_u]


@step.right
def by_the_curvature(theta, mean_square_gradient, mean_square_update, gradient, gamma=0.9, eps=1e-6):
    new_g = np.average([mean_square_gradient, gradient**2], axis=0, weights=[gamma, 1 - gamma])
    curvature = rms(new_g, eps=eps) / rms(mean_square_update, eps=eps)
    new_theta = theta - gradient / curvature
    new_u = np.average([mean_square_update, (gradient / curvature) ** 2], axis=0, weights=[gamma, 1 - gamma])
    return new_theta, new_g, new_u


@step.right
def parameter_by_parameter(theta, mean_square_gradient, mean_square_update, gradient, gamma=0.9, eps=1e-6):
    new_theta, new_g, new_u = (np.zeros(np.shape(theta)) for _ in range(3))
    for i in np.ndindex(new_theta.shape):
        new_g[i] = gamma * mean_square_gradient[i] + (1 - gamma) * gradient[i] ** 2
        update = rms(mean_square_update[i], eps) / rms(new_g[i], eps) * gradient[i]
        new_u[i] = gamma * mean_square_update[i] + (1 - gamma) * update**2
        new_theta[i] = theta[i] - update
    return new_theta, new_g, new_u


@step.right
def on_copies_as_lists(theta, mean_square_gradient, mean_square_update, gradient, gamma=0.9, eps=1e-6):
    theta, square_g, square_u = (np.array(part, dtype=float) for part in (theta, mean_square_gradient, mean_square_update))
    square_g *= gamma
    square_g += (1 - gamma) * np.power(gradient, 2)
    update = rms(square_u, eps) * gradient / rms(square_g, eps)
    square_u *= gamma
    square_u += (1 - gamma) * update**2
    theta -= update
    return theta.tolist(), square_g.tolist(), square_u.tolist()


# The question -----------------------------------------------------------------------------------------------------------------

question = Question(
    "other_units",
    reference.other_units,
    {
        "a": "The gradient does shrink, by a thousand, but the step should grow by a thousand: gradient descent ends up a million "
        "times too short, and RMSprop, which divides the gradient's size out, a thousand times.",
        "b": "Without averages, but with a rate: η∇J shrinks by a thousand where it should grow by a thousand.",
        "c": "RMSprop divides the size of the gradient out and is left with η, a fixed number of the units that theta happens to "
        "have.",
        "d": "The numerator RMS[Δθ] is measured in the units of theta, and grows with its numbers. The other two have a bare η "
        "there.",
    },
)


# What the figures show of the reference ---------------------------------------------------------------------------------------

CURVATURES = np.geomspace(0.1, 1000, 9)


def _estimates(step):
    """Return the estimate that step number `step` uses, one for each of nine curvatures, from 1 away from the minimum."""
    bowl = objectives.quadratic(np.diag(CURVATURES))
    states = run_steps(adadelta_step, bowl, int(step), start=np.ones(9), keep=lambda theta, G, D, t: (G, D))
    return reference.curvature_estimate(states[-1, 0], states[-2, 1])


def _in_the_ravine(number):
    """Return the walk of method `number` on the ravine in its own units, with ε = 0 and a first RMS[Δθ] of 0.1."""
    ravine = objectives.get("ravine")
    diagonal, size = np.diag(ravine.hessian(ravine.start)), np.full(2, 0.01)
    steps = (
        lambda theta, gradient: reference.newton_step_diagonal(theta, gradient, diagonal),
        lambda theta, G, gradient: adadelta_step(theta, G, size, gradient, eps=0)[:2],
        lambda theta, G, D, gradient, t: adadelta_step(theta, G, size if t == 1 else D, gradient, eps=0),
    )
    return run_steps(steps[int(number)], ravine, 12)


GHOSTS = {
    "first_steps": Ghost(
        lambda eps: run_stream(adadelta_step, -np.ones(300), eps=eps, keep=lambda theta, G, D, t: theta),
        {"eps": [1e-8, 1e-6, 1e-4]},
        {"eps": 1e-6},
    ),
    "estimates": Ghost(_estimates, {"step": [1, 100, 300, 1000]}, {"step": 1}),
    "units": Ghost(_in_the_ravine, {"number": [0, 1, 2]}, {"number": 2}),
    "ravine": Ghost(
        lambda eps, gamma: run_steps(adadelta_step, "ravine", 300, eps=eps, gamma=gamma),
        {"eps": [1e-8, 1e-6, 1e-4, 1e-2], "gamma": [0.5, 0.9]},
        {"eps": 1e-6, "gamma": 0.9},
    ),
}
