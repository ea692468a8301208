"""Checks and known mistakes of section 7, Nesterov's accelerated gradient."""

import numpy as np

from descentlab.checks import Call, CheckFailed, Exercise, GradientOf, Question, Steps, close
from descentlab.checks.values import as_numbers, describe
from descentlab.runs import run_steps
from grader_tests._draws import hessian, rates, vector, with_spectrum
from grader_tests._ghosts import Ghost, corners
from reference_impl import s07_nesterov as reference
from reference_impl.s07_nesterov import lookahead


def _numbers(value, shape, what):
    """A student's result as floats of this shape; CheckFailed, not an error of the check, where it is something else."""
    numbers = as_numbers(value)
    if numbers is None or numbers.shape != shape:
        raise CheckFailed(f"{what}: yours is {describe(value) if numbers is None else f'of shape {numbers.shape}'}, wanted {shape}")
    return numbers


def _memory(rng):
    """An odd γ, away from 0.9 and from ½, where γ and 1 − γ are the same."""
    return float(rng.uniform(0.55, 0.78))


# Where to look --------------------------------------------------------------------------------------------------------

ahead = Exercise(reference.lookahead)


def _moving(rng, *shape):
    return {"theta": vector(rng, *shape), "velocity": vector(rng, *shape), "gamma": _memory(rng)}


@ahead.part("is the point to which the kept share of the velocity leads", weight=2)
def point_ahead(rng):
    return [
        Call("lookahead", _moving(rng, 3), label="three parameters"),
        Call("lookahead", _moving(rng, 3) | {"velocity": np.zeros(3)}, label="at rest"),
        Call("lookahead", _moving(rng, 3) | {"gamma": 0.0}, label="nothing kept"),
    ]


@ahead.part("works for a single number, a matrix, and parameters of whole numbers")
def points_of_any_shape(rng):
    whole = {"theta": rng.integers(1, 9, size=3), "velocity": rng.integers(1, 9, size=3), "gamma": _memory(rng)}
    return [
        Call("lookahead", _moving(rng), label="a number"),
        Call("lookahead", _moving(rng, 2, 3), label="a matrix"),
        Call("lookahead", whole, label="whole numbers"),
    ]


@ahead.mistake(
    "The jump goes the wrong way, to θ + γν. The velocity is made of gradients and points uphill; a step subtracts it. Look at "
    "the sign."
)
def looks_back(theta, velocity, gamma):
    return theta + gamma * velocity


@ahead.mistake(
    "The jump takes the whole old velocity. Of it only the share γ is left in this step. Look at what multiplies ν in the rule."
)
def whole_velocity(theta, velocity, gamma):
    return theta - velocity


@ahead.mistake("The jump takes 1 − γ of the velocity, the share that is lost. Look at which share is kept.")
def lost_share(theta, velocity, gamma):
    return theta - (1 - gamma) * velocity


@ahead.mistake("This is the jump alone, seen from θ. A gradient can be asked for at a point only: from where does the jump start?")
def jump_alone(theta, velocity, gamma):
    return -gamma * velocity


@ahead.mistake("This is γν, the part of the velocity that is kept. The point is what is left when θ has moved by it.")
def kept_velocity(theta, velocity, gamma):
    return gamma * velocity


@ahead.mistake("γ multiplies theta too. Nothing shrinks the parameters in this rule: look at where the bracket stands.")
def gamma_around_both(theta, velocity, gamma):
    return gamma * (theta - velocity)


@ahead.mistake("γ is always 0.9, whatever the argument says. Use the name, not the number.")
def share_fixed(theta, velocity, gamma):
    return theta - 0.9 * velocity


@ahead.mistake(
    "The result is squeezed into theta's own type: where theta holds whole numbers, the fractions are cut off. Look for an array "
    "made with `empty_like`, `zeros_like` or `copy` and filled afterwards; return the computed array instead.",
    passes=("point_ahead",),
)
def truncated_point(theta, velocity, gamma):
    point = np.zeros_like(theta)
    point[...] = theta - gamma * velocity
    return point


@ahead.mistake("In place: theta itself jumps ahead.", gate="changes-arguments")
def theta_jumps(theta, velocity, gamma):
    try:
        theta -= gamma * velocity
    except TypeError:
        theta = theta - gamma * velocity
    return theta


@ahead.right
def plus_minus_gamma(theta, velocity, gamma):
    return -gamma * velocity + theta


@ahead.right
def between_two_points(theta, velocity, gamma):
    return (1 - gamma) * theta + gamma * (theta - velocity)


@ahead.right
def by_numpy(theta, velocity, gamma):
    return np.subtract(theta, np.multiply(gamma, velocity)).tolist()


@ahead.right
def coordinate_by_coordinate(theta, velocity, gamma):
    point = np.array(theta, dtype=float)
    for i in np.ndindex(point.shape):
        point[i] -= gamma * velocity[i]
    return point


# One step -------------------------------------------------------------------------------------------------------------

step = Exercise(reference.nesterov_step, uses=(reference.lookahead,))


def _valley(rng, d, **more):
    return GradientOf("quadratic", {"hessian": hessian(rng, d), "minimum": vector(rng, d), **more})


def _steps(rng, n, gradient_of, theta, velocity, label="", **gamma):
    """n steps from this state. A closed loop, but a short one, and at rates that converge: rounding has no time to grow."""
    streams = {"lr": rates(rng, n, 0.02, 0.15)}
    return Steps(
        "nesterov_step", {"theta": theta, "velocity": velocity}, streams, {"gradient_of": gradient_of, **gamma}, label=label
    )


@step.part("follows the rule from a velocity that isn't zero, with a rate that changes", weight=2)
def trajectory(rng):
    return [_steps(rng, 6, _valley(rng, 3), vector(rng, 3), 0.3 * vector(rng, 3), gamma=_memory(rng))]


@step.part("works for a single number, for whole numbers, at the minimum, and where all is tiny or huge")
def sizes(rng):
    bowl, gamma = GradientOf("quadratic", {"hessian": hessian(rng, 3)}), _memory(rng)
    number = np.asarray(rng.uniform(1.2, 1.8))
    whole = rng.integers(1, 9, size=3), rng.integers(1, 9, size=3)
    return [
        _steps(rng, 3, GradientOf("double_well"), number, np.asarray(0.3 * vector(rng)), "theta a number", gamma=gamma),
        _steps(rng, 2, bowl, *whole, "theta of whole numbers", gamma=gamma),
        _steps(rng, 3, bowl, np.zeros(3), vector(rng, 3), "rolling through the minimum", gamma=gamma),
        _steps(rng, 2, bowl, 1e-90 * vector(rng, 3), 1e-90 * vector(rng, 3), "tiny", gamma=gamma),
        _steps(rng, 2, bowl, 1e90 * vector(rng, 3), 1e90 * vector(rng, 3), "huge", gamma=gamma),
    ]


@step.part("keeps nine tenths of the velocity where no gamma is given")
def default(rng):
    return [_steps(rng, 4, _valley(rng, 2), vector(rng, 2), 0.3 * vector(rng, 2))]


@step.property("works for a matrix of parameters")
def matrix(student, rng):
    weights = rng.uniform(0.3, 2.0, size=(2, 3))
    arguments = {
        "theta": vector(rng, 2, 3), "velocity": vector(rng, 2, 3), "lr": float(rng.uniform(0.05, 0.4)), "gamma": _memory(rng),
        "gradient_of": lambda at: weights * np.asarray(at, dtype=float) ** 3,
    }  # fmt: skip
    theta, velocity = student.nesterov_step(**arguments)
    wanted = reference.nesterov_step(**arguments)
    close(theta, wanted[0], where="theta")
    close(velocity, wanted[1], where="velocity")


@step.property("comes closer with ηλ just below 2(1 + γ)/(1 + 2γ), and runs away just above it", kind="convergence")
def both_sides_of_the_limit(student, rng):
    gamma = float(rng.uniform(0.4, 0.6))  # far from 0.9, whose limit is nearer by more than this check allows
    hill = with_spectrum(rng, np.array([1.0, 2.0, rng.uniform(4.0, 9.0)]))
    eigenvalues, directions = np.linalg.eigh(hill)
    for share in (0.96, 1.04):
        lr = share * 2 * (1 + gamma) / (1 + 2 * gamma) / eigenvalues[-1]
        theta, velocity = directions[:, -1], np.zeros(3)
        for _ in range(80):
            theta, velocity = student.nesterov_step(
                theta=theta, velocity=velocity, gradient_of=GradientOf("quadratic", {"hessian": hill}), lr=lr, gamma=gamma
            )
            theta, velocity = _numbers(theta, (3,), "theta"), _numbers(velocity, (3,), "velocity")
        distance = np.linalg.norm(theta)
        # From distance 1 in the steepest direction: over these γ at most 0.91⁸⁰ below the limit, at least 1.09⁸⁰ above it.
        if share < 1 and not distance < 0.01:
            raise CheckFailed(f"with ηλ at {share:g} of the limit it should converge, and is {distance:.2g} away after 80 steps")
        if share > 1 and not distance > 10:
            raise CheckFailed(f"with ηλ at {share:g} of the limit it should diverge, and is {distance:.2g} away after 80 steps")


@step.property("with η = 1/λ is at the bottom of that direction after one step, whatever the velocity", kind="exact")
def corrected_at_once(student, rng):
    hill, minimum = hessian(rng, 3), vector(rng, 3)
    eigenvalues, directions = np.linalg.eigh(hill)
    for index in (2, 0):
        theta, _ = student.nesterov_step(
            theta=vector(rng, 3), velocity=vector(rng, 3), lr=1 / eigenvalues[index], gamma=_memory(rng),
            gradient_of=GradientOf("quadratic", {"hessian": hill, "minimum": minimum}),
        )  # fmt: skip
        off = directions[:, index] @ (_numbers(theta, (3,), "theta") - minimum)
        # Errors of the order of 1 cancel to nothing: what is left of them is rounding.
        if not abs(off) < 1e-10:
            raise CheckFailed(f"along λ = {eigenvalues[index]:.3g}, with η = 1/λ, theta ends {off:.3g} away from the minimum")


@step.mistake(
    "The gradient is taken at θ, where the step begins: this is momentum. Nesterov's method asks where the old velocity is about "
    "to carry it. Look at the argument of gradient_of."
)
def gradient_at_theta(theta, velocity, gradient_of, lr, gamma=0.9):
    velocity = gamma * velocity + lr * gradient_of(theta)
    return theta - velocity, velocity


@step.mistake(
    "The look-ahead goes the wrong way, to θ + γν. The step subtracts the velocity, so the next position is on the other side. "
    "Look at the sign inside gradient_of."
)
def gradient_behind(theta, velocity, gradient_of, lr, gamma=0.9):
    velocity = gamma * velocity + lr * gradient_of(theta + gamma * velocity)
    return theta - velocity, velocity


@step.mistake(
    "The look-ahead jumps the whole old velocity, to θ − ν. Only the share γ of it is left for this step. Look at what multiplies "
    "the velocity inside gradient_of."
)
def jumps_too_far(theta, velocity, gradient_of, lr, gamma=0.9):
    velocity = gamma * velocity + lr * gradient_of(theta - velocity)
    return theta - velocity, velocity


@step.mistake(
    "The look-ahead is made with the rate, at θ − ην. The velocity holds its rates already: look at what multiplies it inside "
    "gradient_of."
)
def jumps_by_the_rate(theta, velocity, gradient_of, lr, gamma=0.9):
    velocity = gamma * velocity + lr * gradient_of(theta - lr * velocity)
    return theta - velocity, velocity


@step.mistake(
    "The look-ahead is a whole step of momentum, gradient and all, and so two gradients are asked for. The jump is made with the "
    "old velocity, which is known already: one gradient, there, is enough."
)
def momentum_step_ahead(theta, velocity, gradient_of, lr, gamma=0.9):
    point = theta - (gamma * velocity + lr * gradient_of(theta))
    velocity = gamma * velocity + lr * gradient_of(point)
    return theta - velocity, velocity


@step.mistake(
    "The jump is made twice: theta moves from the look-ahead point by the whole new velocity, and this contains the jump once "
    "more. Look at what the new velocity is subtracted from."
)
def jumped_twice(theta, velocity, gradient_of, lr, gamma=0.9):
    point = lookahead(theta, velocity, gamma)
    velocity = gamma * velocity + lr * gradient_of(point)
    return point - velocity, velocity


@step.mistake(
    "theta is corrected, but has not jumped: it moves by the gradient's part alone. The jump was made to see the slope, and "
    "belongs to the step as well. Look at what is subtracted from theta."
)
def corrected_without_the_jump(theta, velocity, gradient_of, lr, gamma=0.9):
    correction = lr * gradient_of(lookahead(theta, velocity, gamma))
    return theta - correction, gamma * velocity + correction


@step.mistake(
    "theta jumps, but isn't corrected: it ends at the look-ahead point. The gradient that was asked for there acts one step late. "
    "Look at which velocity theta moves by."
)
def moved_by_the_jump(theta, velocity, gradient_of, lr, gamma=0.9):
    point = lookahead(theta, velocity, gamma)
    return point, gamma * velocity + lr * gradient_of(point)


@step.mistake(
    "What comes back as theta is the next look-ahead point, θ_t − γν_t. Libraries keep that one as their parameters, but then "
    "they don't look ahead again. Here theta is the point itself. Look at what is returned first."
)
def shifted_iterate(theta, velocity, gradient_of, lr, gamma=0.9):
    velocity = gamma * velocity + lr * gradient_of(lookahead(theta, velocity, gamma))
    return lookahead(theta - velocity, velocity, gamma), velocity


@step.mistake(
    "This is the step of the libraries: it takes the theta that came in for the look-ahead point itself, asks for the gradient "
    "there, and moves by γν_t + η∇J. The walk is the same seen from another point, but the lecture's θ is not that point. Look "
    "at where the gradient is asked for.",
    passes=("both_sides_of_the_limit",),
)
def step_of_libraries(theta, velocity, gradient_of, lr, gamma=0.9):
    gradient = gradient_of(theta)
    velocity = gamma * velocity + lr * gradient
    return theta - gamma * velocity - lr * gradient, velocity


@step.mistake(
    "There is no memory: the old velocity is used to look ahead, but is no part of the new one. Look at what ν_t is made of: two "
    "terms."
)
def no_memory(theta, velocity, gradient_of, lr, gamma=0.9):
    velocity = lr * gradient_of(theta - gamma * velocity)
    return theta - velocity, velocity


@step.mistake(
    "The gradient is damped by 1 − γ, as in an average. The lecture's velocity is a sum: all of η∇J is added to what is left of "
    "the old one. Look at the factor in front of the gradient."
)
def damped(theta, velocity, gradient_of, lr, gamma=0.9):
    velocity = gamma * velocity + (1 - gamma) * lr * gradient_of(theta - gamma * velocity)
    return theta - velocity, velocity


@step.mistake(
    "The rate stands outside the velocity: ν gathers bare gradients, and the step multiplies all of them by today's rate. In the "
    "lecture each gradient keeps the rate of its own step. Look at where η_t stands on the slide."
)
def rate_outside(theta, velocity, gradient_of, lr, gamma=0.9):
    velocity = gamma * velocity + gradient_of(theta - gamma * velocity)
    return theta - lr * velocity, velocity


@step.mistake(
    "The rate stands outside the velocity, in the look-ahead as in the step: ν gathers bare gradients. PyTorch does it so. In the "
    "lecture each gradient keeps the rate of its own step; the two part as soon as the rate changes. Look at where η_t stands on "
    "the slide.",
    passes=("both_sides_of_the_limit", "corrected_at_once"),
)
def rate_outside_everywhere(theta, velocity, gradient_of, lr, gamma=0.9):
    velocity = gamma * velocity + gradient_of(theta - lr * gamma * velocity)
    return theta - lr * velocity, velocity


@step.mistake(
    "The rate multiplies the old velocity too, which has its rates already. Look at where the bracket closes: η_t stands before "
    "the gradient alone."
)
def rate_around_both(theta, velocity, gradient_of, lr, gamma=0.9):
    velocity = lr * (gamma * velocity + gradient_of(theta - gamma * velocity))
    return theta - velocity, velocity


@step.mistake(
    "The rate is used twice, once in the velocity and once more in the step. Look at the second line of the rule: what stands "
    "between θ and ν there?"
)
def rate_twice(theta, velocity, gradient_of, lr, gamma=0.9):
    velocity = gamma * velocity + lr * gradient_of(theta - gamma * velocity)
    return theta - lr * velocity, velocity


@step.mistake(
    "The velocity is added to theta. It is made of gradients, and these point uphill: the second line of the rule subtracts it. "
    "Look at the sign there."
)
def velocity_added(theta, velocity, gradient_of, lr, gamma=0.9):
    velocity = gamma * velocity + lr * gradient_of(theta - gamma * velocity)
    return theta + velocity, velocity


@step.mistake(
    "The gradient has the wrong sign in the velocity, so that the correction leads uphill. Look at the sign between the two terms "
    "of ν_t."
)
def correction_uphill(theta, velocity, gradient_of, lr, gamma=0.9):
    velocity = gamma * velocity - lr * gradient_of(theta - gamma * velocity)
    return theta - velocity, velocity


@step.mistake(
    "All signs of the velocity are turned round: it gathers −η∇J, and theta adds it. Many papers and Keras write it so, and from "
    "rest the walk is the same, but a velocity in the lecture's sense that comes in or goes out has the other sign.",
    passes=("both_sides_of_the_limit", "corrected_at_once"),
)
def velocity_downhill(theta, velocity, gradient_of, lr, gamma=0.9):
    velocity = gamma * velocity - lr * gradient_of(theta + gamma * velocity)
    return theta + velocity, velocity


@step.mistake(
    "γ multiplies the new gradient too. Only what is left of the old velocity is reduced; the correction comes in full. Look at "
    "where the bracket closes."
)
def gamma_around_the_sum(theta, velocity, gradient_of, lr, gamma=0.9):
    velocity = gamma * (velocity + lr * gradient_of(theta - gamma * velocity))
    return theta - velocity, velocity


@step.mistake(
    "The old velocity is kept whole: γ stands in the look-ahead, but not in the new velocity. Look at the first term of ν_t."
)
def no_friction(theta, velocity, gradient_of, lr, gamma=0.9):
    velocity = velocity + lr * gradient_of(theta - gamma * velocity)
    return theta - velocity, velocity


@step.mistake(
    "γ is always 0.9, whatever the argument says. 0.9 is only the default: use the name, not the number.",
    passes=("default", "corrected_at_once"),
)
def gamma_fixed(theta, velocity, gradient_of, lr, gamma=0.9):
    velocity = 0.9 * velocity + lr * gradient_of(theta - 0.9 * velocity)
    return theta - velocity, velocity


@step.mistake(
    "The look-ahead takes 0.9 of the velocity, whatever gamma says, and the new velocity takes gamma. It is the same share in both "
    "places: use the name in both.",
    passes=("default",),
)
def gamma_fixed_ahead(theta, velocity, gradient_of, lr, gamma=0.9):
    velocity = gamma * velocity + lr * gradient_of(lookahead(theta, velocity, 0.9))
    return theta - velocity, velocity


@step.mistake(
    "theta is right after the first step, but the velocity that comes back is the one that went in: the next step will not know "
    "of this one. Look at what is returned second.",
    passes=("corrected_at_once",),
)
def velocity_forgotten(theta, velocity, gradient_of, lr, gamma=0.9):
    return theta - (gamma * velocity + lr * gradient_of(theta - gamma * velocity)), velocity.copy()


@step.mistake("The two results are in the wrong order: theta comes first, then the velocity. Look at the line with `return`.")
def swapped(theta, velocity, gradient_of, lr, gamma=0.9):
    velocity = gamma * velocity + lr * gradient_of(theta - gamma * velocity)
    return velocity, theta - velocity


@step.mistake(
    "Only theta comes back. The velocity is the memory of the method, and the function keeps none of its own: whoever calls it "
    "needs the new one for the next step. Return both."
)
def only_theta(theta, velocity, gradient_of, lr, gamma=0.9):
    return theta - (gamma * velocity + lr * gradient_of(theta - gamma * velocity))


@step.mistake(
    "The results are squeezed into the arguments' own type: where theta holds whole numbers, the fractions are cut off. Look for "
    "an array made with `empty_like`, `zeros_like` or `copy` and filled afterwards; return the computed arrays instead.",
    passes=("trajectory", "default", "matrix", "both_sides_of_the_limit", "corrected_at_once"),
)
def truncated(theta, velocity, gradient_of, lr, gamma=0.9):
    new_theta, new_velocity = np.zeros_like(theta), np.zeros_like(velocity)
    new_velocity[...] = gamma * velocity + lr * gradient_of(theta - gamma * velocity)
    new_theta[...] = theta - new_velocity
    return new_theta, new_velocity


@step.pair("gradient-at-theta", "damped")
def momentum_damped(theta, velocity, gradient_of, lr, gamma=0.9):
    velocity = gamma * velocity + (1 - gamma) * lr * gradient_of(theta)
    return theta - velocity, velocity


@step.pair("gradient-at-theta", "velocity-added")
def momentum_added(theta, velocity, gradient_of, lr, gamma=0.9):
    velocity = gamma * velocity + lr * gradient_of(theta)
    return theta + velocity, velocity


@step.pair("gradient-behind", "velocity-added")
def the_other_way(theta, velocity, gradient_of, lr, gamma=0.9):
    velocity = gamma * velocity + lr * gradient_of(theta + gamma * velocity)
    return theta + velocity, velocity


@step.mistake("The gradient at θ is computed as well, and not used.", gate="calls")
def two_gradients(theta, velocity, gradient_of, lr, gamma=0.9):
    gradient = gradient_of(theta)
    gradient = gradient_of(theta - gamma * velocity)
    velocity = gamma * velocity + lr * gradient
    return theta - velocity, velocity


@step.mistake("The same gradient is asked for twice, once for each result.", gate="calls")
def asked_for_each_result(theta, velocity, gradient_of, lr, gamma=0.9):
    new_theta = theta - (gamma * velocity + lr * gradient_of(lookahead(theta, velocity, gamma)))
    return new_theta, gamma * velocity + lr * gradient_of(lookahead(theta, velocity, gamma))


@step.mistake("In place: theta itself jumps ahead and is corrected.", gate="changes-arguments")
def in_place(theta, velocity, gradient_of, lr, gamma=0.9):
    try:
        velocity *= gamma
        theta -= velocity
    except TypeError:
        velocity = gamma * velocity
        theta = theta - velocity
    correction = lr * gradient_of(theta)
    return theta - correction, velocity + correction


@step.mistake("The velocity alone is changed in place.", gate="changes-arguments")
def velocity_in_place(theta, velocity, gradient_of, lr, gamma=0.9):
    point = theta - gamma * velocity
    try:
        velocity *= gamma
        velocity += lr * gradient_of(point)
    except TypeError:
        velocity = gamma * velocity + lr * gradient_of(point)
    return theta - velocity, velocity


@step.right
def jump_then_correct(theta, velocity, gradient_of, lr, gamma=0.9):
    jump = gamma * velocity
    correction = lr * gradient_of(theta - jump)
    return theta - jump - correction, jump + correction


@step.right
def from_the_point_ahead(theta, velocity, gradient_of, lr, gamma=0.9):
    point = lookahead(theta, velocity, gamma)
    new_theta = point - lr * gradient_of(point)
    return new_theta, theta - new_theta


@step.right
def step_by_numpy(theta, velocity, gradient_of, lr, gamma=0.9):
    kept = np.multiply(gamma, velocity)
    new_velocity = np.add(kept, np.multiply(lr, gradient_of(np.subtract(theta, kept))))
    return [np.subtract(theta, new_velocity), new_velocity]


@step.right
def step_coordinate_by_coordinate(theta, velocity, gradient_of, lr, gamma=0.9):
    point, new_velocity = np.array(theta, dtype=float), np.zeros(np.shape(theta))
    for i in np.ndindex(point.shape):
        point[i] -= gamma * velocity[i]
    gradient = np.asarray(gradient_of(point))
    for i in np.ndindex(point.shape):
        new_velocity[i] = gamma * velocity[i] + lr * gradient[i]
    return theta - new_velocity, new_velocity


@step.right
def downhill_inside(theta, velocity, gradient_of, lr, gamma=0.9):
    push = gamma * -np.asarray(velocity)
    push = push - lr * np.asarray(gradient_of(theta + push))
    return (np.asarray(theta) + push).tolist(), (-push).tolist()


# How fast it converges ------------------------------------------------------------------------------------------------

factor = Exercise(reference.nesterov_contraction)


@factor.part("is the largest modulus of a root, over all eigenvalues, real or complex", weight=2)
def largest_modulus(rng):
    cases = []
    # In units of ηL: the flattest direction creeps, all directions swing, the steepest is corrected too far, and runs away.
    for label, gamma, target in (
        ("a small rate", 0.35, 0.12),
        ("a middling rate", 0.72, 0.8),
        ("below the limit", 0.43, 1.45),
        ("above the limit", 0.58, 1.9),
    ):
        matrix = hessian(rng, 4)
        gamma += float(rng.uniform(-0.02, 0.02))
        lr = target / float(np.linalg.eigvalsh(matrix)[-1])
        cases.append(Call("nesterov_contraction", {"hessian": matrix, "lr": lr, "gamma": gamma}, label=label))
    return cases


@factor.part("is gradient descent's factor where nothing is kept, γ = 0")
def without_memory(rng):
    cases = []
    for label, share in (("a small rate", 0.2), ("near the limit", 0.95), ("above the limit", 1.2)):
        matrix = hessian(rng, 3)
        lr = share * 2 / float(np.linalg.eigvalsh(matrix)[-1])
        cases.append(Call("nesterov_contraction", {"hessian": matrix, "lr": lr, "gamma": 0.0}, label=label))
    return cases


@factor.property("is 1 at ηλ = 2(1 + γ)/(1 + 2γ), below 1 before it and above 1 beyond", kind="convergence")
def one_at_the_limit(student, rng):
    for gamma in (0.9, float(rng.uniform(0.3, 0.8))):
        matrix = hessian(rng, 3)
        limit = 2 * (1 + gamma) / (1 + 2 * gamma) / np.linalg.eigvalsh(matrix)[-1]
        for share, converges in ((0.4, True), (0.999, True), (1.001, False), (1.5, False)):
            value = _numbers(student.nesterov_contraction(hessian=matrix, lr=share * limit, gamma=gamma), (), "the factor")
            if not np.isfinite(value) or (value < 1) != converges:
                side = "below" if converges else "above"
                raise CheckFailed(f"at {share:g} of the limit 2(1 + γ)/(1 + 2γ)/L, γ = {gamma:.3g}, it should be {side} 1")
        close(student.nesterov_contraction(hessian=matrix, lr=limit, gamma=gamma), 1.0, where="the factor at the limit")


@factor.property("is 1 − 1/√κ with η = 1/L and γ = (√κ − 1)/(√κ + 1): 0.9 where κ = 100", kind="exact")
def at_the_usual_pair(student, rng):
    for kappa in (100.0, float(rng.uniform(5.0, 50.0))):
        matrix = with_spectrum(rng, np.array([1.0, 0.5 * kappa, kappa]))
        gamma = (np.sqrt(kappa) - 1) / (np.sqrt(kappa) + 1)
        got = student.nesterov_contraction(hessian=matrix, lr=1 / kappa, gamma=float(gamma))
        # The flattest direction has a double root here: a rounding of 1e-16 in the coefficients moves a double root by its
        # square root, 1e-8, so that no formula can be held to the usual 1e-9.
        close(got, 1 - 1 / np.sqrt(kappa), rtol=1e-6, where="the factor at the usual pair")


@factor.mistake(
    "These are the roots of momentum's recursion. Nesterov's gradient is taken one jump ahead, so 1 − ηλ multiplies the memory "
    "too: write down the recursion again.",
    passes=("without_memory",),
)
def momentums_roots(hessian, lr, gamma):
    return np.max([np.abs(np.roots([1, -(1 + gamma - lr * value), gamma])) for value in np.linalg.eigvalsh(hessian)])


@factor.mistake(
    "The last coefficient is γ alone. The jump's error is reduced by the correction as well: look at what multiplies γ in the last "
    "term.",
    passes=("without_memory",),
)
def last_term_whole(hessian, lr, gamma):
    shrink = 1 - lr * np.linalg.eigvalsh(hessian)
    return np.max([np.abs(np.roots([1, -(1 + gamma) * s, gamma])) for s in shrink])


@factor.mistake(
    "The middle coefficient is momentum's, 1 + γ − ηλ. Put the memory γ(1 − ηλ) into both of its places in momentum's equation.",
    passes=("without_memory",),
)
def middle_term_of_momentum(hessian, lr, gamma):
    values = np.linalg.eigvalsh(hessian)
    return np.max([np.abs(np.roots([1, -(1 + gamma - lr * value), gamma * (1 - lr * value)])) for value in values])


@factor.mistake(
    "Only the steepest direction is looked at. With a small rate the flattest one is the slowest: take the worst of all.",
    passes=("one_at_the_limit",),
)
def only_steepest(hessian, lr, gamma):
    s = 1 - lr * np.linalg.eigvalsh(hessian)[-1]
    return np.max(np.abs(np.roots([1, -(1 + gamma) * s, gamma * s])))


@factor.mistake(
    "Only the flattest direction is looked at. With a large rate the steepest one runs away first: take the worst of all.",
    passes=("at_the_usual_pair",),
)
def only_flattest(hessian, lr, gamma):
    s = 1 - lr * np.linalg.eigvalsh(hessian)[0]
    return np.max(np.abs(np.roots([1, -(1 + gamma) * s, gamma * s])))


@factor.mistake(
    "This is √(γ|1 − ηλ|), as if all roots were complex. Where the discriminant is positive, they are real and one is larger.",
    passes=("at_the_usual_pair",),
)
def root_of_the_product(hessian, lr, gamma):
    return np.max(np.sqrt(gamma * np.abs(1 - lr * np.linalg.eigvalsh(hessian))))


@factor.mistake(
    "This is gradient descent's factor |1 − ηλ|: the memory is left out. With a velocity the error obeys a recursion of two steps, "
    "and its roots decide.",
    passes=("without_memory",),
)
def gradient_descents_factor(hessian, lr, gamma):
    return np.max(np.abs(1 - lr * np.linalg.eigvalsh(hessian)))


@factor.mistake(
    "γ has the wrong sign in the last term. Bring all three terms of the error's recursion to one side, and look at which sign the "
    "last one has there.",
    passes=("without_memory",),
)
def gamma_subtracted(hessian, lr, gamma):
    shrink = 1 - lr * np.linalg.eigvalsh(hessian)
    return np.max([np.abs(np.roots([1, -(1 + gamma) * s, -gamma * s])) for s in shrink])


@factor.mistake(
    "The smaller root of each pair is taken. In the long run the larger one is what is left of the error. Look at min and max.",
    passes=("at_the_usual_pair",),
)
def smaller_root(hessian, lr, gamma):
    shrink = 1 - lr * np.linalg.eigvalsh(hessian)
    return np.max([np.abs(np.roots([1, -(1 + gamma) * s, gamma * s])).min() for s in shrink])


@factor.mistake(
    "The best direction is taken instead of the worst: the smallest of the factors. The error that is left in the end is that of "
    "the slowest one. Look at min and max.",
)
def best_direction(hessian, lr, gamma):
    shrink = 1 - lr * np.linalg.eigvalsh(hessian)
    return np.min([np.abs(np.roots([1, -(1 + gamma) * s, gamma * s])).max() for s in shrink])


@factor.mistake(
    "Where the discriminant is negative, it is taken for 0, so that the imaginary part of the roots is lost. Use complex numbers: "
    "`np.roots` does, and so does `np.sqrt` of a complex argument.",
    passes=("without_memory", "one_at_the_limit", "at_the_usual_pair"),
)
def discriminant_cut_off(hessian, lr, gamma):
    s = 1 - lr * np.linalg.eigvalsh(hessian)
    root = np.sqrt(np.maximum(((1 + gamma) * s) ** 2 - 4 * gamma * s, 0))
    return np.max(np.abs([((1 + gamma) * s + root) / 2, ((1 + gamma) * s - root) / 2]))


@factor.mistake(
    "Only the root with the plus sign is taken. Where 1 − ηλ is negative, the other one is the larger: take both.",
    passes=("at_the_usual_pair",),
)
def plus_sign_only(hessian, lr, gamma):
    s = 1 - lr * np.linalg.eigvalsh(hessian)
    return np.max(np.abs(((1 + gamma) * s + np.sqrt(((1 + gamma) * s) ** 2 - 4 * gamma * s + 0j)) / 2))


@factor.mistake(
    "The real part of the roots is taken instead of their modulus. A root a + bi multiplies the error by √(a² + b²) in each step, "
    "and a negative one shrinks it as a positive one does.",
    passes=("at_the_usual_pair",),
)
def real_part(hessian, lr, gamma):
    shrink = 1 - lr * np.linalg.eigvalsh(hessian)
    return np.max([np.roots([1, -(1 + gamma) * s, gamma * s]).real for s in shrink])


@factor.mistake(
    "This is a norm of the step's matrix, the most that one single step can stretch error and memory together. In the long run its "
    "eigenvalues decide."
)
def norm_of_the_matrix(hessian, lr, gamma):
    shrink = 1 - lr * np.linalg.eigvalsh(hessian)
    return max(np.linalg.norm([[(1 + gamma) * s, -gamma * s], [1, 0]], 2) for s in shrink)


@factor.mistake(
    "The look-ahead has the wrong sign: these are the roots of a method that asks at θ + γν. In the equation the memory is γ times "
    "1 − ηλ, not 1 + ηλ.",
    passes=("without_memory",),
)
def roots_of_looking_back(hessian, lr, gamma):
    values = lr * np.linalg.eigvalsh(hessian)
    return np.max([np.abs(np.roots([1, -(1 + gamma * (1 + value) - value), gamma * (1 + value)])) for value in values])


@factor.right
def by_formula(hessian, lr, gamma):
    s = 1 - lr * np.linalg.eigvalsh(hessian)
    root = np.sqrt(((1 + gamma) * s).astype(complex) ** 2 - 4 * gamma * s)
    return float(np.maximum(abs((1 + gamma) * s + root), abs((1 + gamma) * s - root)).max() / 2)


@factor.right
def by_companion_matrices(hessian, lr, gamma):
    worst = 0.0
    for value in np.linalg.eigvalsh(hessian):
        s = 1 - lr * value
        companion = np.array([[(1 + gamma) * s, -gamma * s], [1.0, 0.0]])
        worst = max(worst, np.abs(np.linalg.eigvals(companion)).max())
    return worst


@factor.right
def by_the_whole_step(hessian, lr, gamma):
    # The step as one linear map of (θ, ν): 2d × 2d.
    identity = np.eye(len(hessian))
    ahead = identity - lr * hessian
    return np.max(np.abs(np.linalg.eigvals(np.block([[ahead, -gamma * ahead], [lr * hessian, gamma * ahead]]))))


@factor.right
def as_momentum_with_less_memory(hessian, lr, gamma):
    factors = []
    for value in np.linalg.eigvalsh(hessian):
        memory = gamma * (1 - lr * value)
        factors += list(np.abs(np.roots([1, -(1 + memory - lr * value), memory])))
    return max(factors)


@factor.right
def by_cases(hessian, lr, gamma):
    largest = []
    for value in np.linalg.eigvalsh(hessian):
        s = 1 - lr * value
        half = (1 + gamma) * s / 2
        inside = half**2 - gamma * s
        largest.append((gamma * s) ** 0.5 if inside < 0 else abs(half) + inside**0.5)
    return max(largest)


# The question ---------------------------------------------------------------------------------------------------------

question = Question(
    "same_step",
    reference.same_step,
    {
        "a": "Momentum isn't corrected there, but the look-ahead point is not θ: at its place the slope is not zero, and already "
        "pulls back.",
        "b": "A linear gradient still differs from point to point. Ahead it has changed by the Hessian times the jump, and this is "
        "the difference of the two steps.",
        "c": "What is asked for at different points has the same answer, so the two velocities are equal. Looking ahead shows "
        "how the slope changes, and here it doesn't.",
        "d": "They do ask at different points, but a step depends on the answer alone, and there is a J where both places give "
        "the same.",
    },
)


# What the figures show of the reference -------------------------------------------------------------------------------

GAMMAS = [0.0, 0.5, 0.8, 0.9, 0.95]


def _run(objective, lr, gamma, n_steps):
    return run_steps(reference.nesterov_step, objective, n_steps, lr=lr, gamma=gamma)


def _factors(gamma):
    """The factor of one direction of curvature 1, for ηλ = 0.02, 0.04, …, 2."""
    return [reference.nesterov_contraction(np.array([[1.0]]), rate, gamma) for rate in np.linspace(0.02, 2, 100)]


GHOSTS = {
    "steps": Ghost(
        lambda lr, gamma: corners(reference.nesterov_step, "bowl", 8, lr=lr, gamma=gamma),
        {"lr": [0.1, 0.2, 0.4], "gamma": [0.5, 0.9]},
        {"lr": 0.2, "gamma": 0.9},
    ),
    "steps_in_the_ravine": Ghost(
        lambda lr, gamma: corners(reference.nesterov_step, "ravine", 40, lr=lr, gamma=gamma),
        {"lr": [0.02], "gamma": [0.5, 0.9]},
        {"lr": 0.02, "gamma": 0.9},
    ),
    "ravine": Ghost(
        lambda lr, gamma: _run("ravine", lr, gamma, 120),
        {"lr": [0.003, 0.01, 0.03, 0.06], "gamma": GAMMAS},
        {"lr": 0.03, "gamma": 0.9},
    ),
    "ravine_beyond": Ghost(lambda gamma: _run("ravine", 0.07, gamma, 120), {"gamma": [0.0, 0.5, 0.9]}, {"gamma": 0.9}),
    "double_well": Ghost(
        lambda lr, gamma: _run("double_well", lr, gamma, 150), {"lr": [0.05], "gamma": GAMMAS}, {"lr": 0.05, "gamma": 0.9}
    ),
    "contraction": Ghost(_factors, {"gamma": [0.5, 0.9]}, {"gamma": 0.9}),
}
