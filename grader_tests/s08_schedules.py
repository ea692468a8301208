"""Checks and known mistakes of section 8, the methods so far and learning rate schedules."""

from __future__ import annotations

from typing import Any

import numpy as np

from descentlab import constant, objectives
from descentlab.checks import (
    Call,
    CheckFailed,
    Exercise,
    GradientOf,
    Question,
    Raised,
    RuleOf,
    ScheduleOf,
    Steps,
    ask,
    close,
)
from descentlab.checks.values import as_numbers, plain
from grader_tests._draws import hessian, rates, stream, vector
from grader_tests._ghosts import Ghost
from reference_impl import s08_schedules as reference

# The three rules --------------------------------------------------------------------------------------------------------------

sgd = Exercise(reference.sgd_velocity)
momentum = Exercise(reference.momentum_velocity, uses=(reference.sgd_velocity,))
nesterov = Exercise(reference.nesterov_velocity, uses=(reference.sgd_velocity, reference.momentum_velocity))


def _open_loop(rule, rng, gradient_of, thetas, velocity, label="", **gamma):
    """A rule asked at prescribed points: its own velocity is the next call's, and each step has another rate."""
    stream_ = {"theta": thetas, "lr": rates(rng, len(thetas))}
    return Steps(rule, {"velocity": velocity}, stream_, {"gradient_of": gradient_of, **gamma}, label=label)


def _checks_of_a_rule(exercise: Exercise, remembers: bool) -> None:
    """What the three rules are asked alike; one that remembers has a gamma."""
    name = exercise.name

    def drawn_gamma(rng):
        return {"gamma": float(rng.uniform(0.25, 0.8))} if remembers else {}

    @exercise.part("follows the rule, step after step, with a rate that changes", weight=2)
    def trajectory(rng):
        valley = GradientOf("quadratic", {"hessian": hessian(rng, 3), "minimum": vector(rng, 3)})
        return [_open_loop(name, rng, valley, stream(rng, 6, 3), vector(rng, 3), **drawn_gamma(rng))]

    @exercise.part("works for a single number, for whole numbers, at the minimum, and where all is tiny or huge")
    def sizes(rng):
        d = 3
        bowl = GradientOf("quadratic", {"hessian": hessian(rng, d)})
        gamma = drawn_gamma(rng)
        whole = [rng.integers(1, 9, size=d) for _ in range(3)]
        return [
            _open_loop(name, rng, GradientOf("double_well"), stream(rng, 3), vector(rng), "theta a number", **gamma),
            _open_loop(name, rng, bowl, whole, rng.integers(1, 9, size=d), "theta of whole numbers", **gamma),
            _open_loop(name, rng, bowl, [vector(rng, d), np.zeros(d), vector(rng, d)], vector(rng, d), "at the minimum", **gamma),
            _open_loop(name, rng, bowl, [1e-90 * vector(rng, d)] * 2, 1e-90 * vector(rng, d), "tiny", **gamma),
            _open_loop(name, rng, bowl, [1e90 * vector(rng, d)] * 2, 1e90 * vector(rng, d), "huge", **gamma),
        ]

    if remembers:

        @exercise.part("takes γ = 0.9 where none is given")
        def default(rng):
            valley = GradientOf("quadratic", {"hessian": hessian(rng, 2), "minimum": vector(rng, 2)})
            return [_open_loop(name, rng, valley, stream(rng, 4, 2), vector(rng, 2), "gamma left out")]

    @exercise.property("works for a matrix of parameters")
    def matrix(student, rng):
        theta, velocity, weights = vector(rng, 2, 3), vector(rng, 2, 3), vector(rng, 2, 3)
        arguments = {
            "theta": theta, "velocity": velocity, "gradient_of": lambda at: weights * np.asarray(at, dtype=float) ** 3,
            "lr": float(rng.uniform(0.05, 0.4)), **drawn_gamma(rng),
        }  # fmt: skip
        close(getattr(student, name)(**arguments), exercise.reference(**arguments), where="velocity")


_checks_of_a_rule(sgd, remembers=False)
_checks_of_a_rule(momentum, remembers=True)
_checks_of_a_rule(nesterov, remembers=True)

# SGD

POINT_FOR_VELOCITY = (
    "What comes back is the next point, θ minus the velocity. The rules return the velocity alone, and `descend` makes the "
    "step: otherwise it would be made twice. Look at what stands on the left of the rule."
)
PAIR_FOR_VELOCITY = (
    "A pair comes back, the next point and the velocity, as a whole step returns it. Here the rule returns the velocity "
    "alone; the step is the same for all methods and stands in `descend`."
)
SIGN_OF_VELOCITY = (
    "The gradient has the wrong sign. In this course the velocity points uphill, along the gradient, and the step θ − ν "
    "subtracts it. Who puts the minus into the velocity has to add it in the step, as some books do; not both."
)
WHOLE_NUMBERS_ONLY = (
    "The result is squeezed into theta's own type: where theta holds whole numbers, the fraction is cut off. Look for an "
    "array made with `empty_like`, `zeros_like` or `copy` and filled afterwards; return the computed array instead."
)


@sgd.mistake(
    "The old velocity is added. SGD has no memory: its velocity is made of this step's gradient alone. The argument is there "
    "because all three rules are called alike."
)
def velocities_added_up(theta, velocity, gradient_of, lr):
    return velocity + lr * gradient_of(theta)


@sgd.mistake(
    "This is momentum with γ = 0.9. SGD is what is left of it without memory. Look at the first line of the slide: has it a γ?"
)
def momentum_for_sgd(theta, velocity, gradient_of, lr):
    return 0.9 * velocity + lr * gradient_of(theta)


@sgd.mistake("The learning rate is not used. It is part of the velocity: look at what stands before the gradient in the rule.")
def no_rate(theta, velocity, gradient_of, lr):
    return gradient_of(theta)


@sgd.mistake(SIGN_OF_VELOCITY)
def downhill_velocity(theta, velocity, gradient_of, lr):
    return -lr * gradient_of(theta)


@sgd.mistake(POINT_FOR_VELOCITY)
def sgd_point(theta, velocity, gradient_of, lr):
    return theta - lr * gradient_of(theta)


@sgd.mistake(PAIR_FOR_VELOCITY)
def sgd_pair(theta, velocity, gradient_of, lr):
    new = lr * gradient_of(theta)
    return theta - new, new


@sgd.mistake(WHOLE_NUMBERS_ONLY, passes=("trajectory", "matrix"))
def sgd_truncated(theta, velocity, gradient_of, lr):
    result = np.zeros_like(theta)
    result[...] = lr * gradient_of(theta)
    return result


@sgd.mistake("The velocity that was passed in is overwritten.", gate="changes-arguments")
def sgd_in_place(theta, velocity, gradient_of, lr):
    new = lr * gradient_of(theta)
    if isinstance(velocity, np.ndarray):
        velocity[...] = new
    return new


@sgd.mistake("The gradient is computed twice.", gate="calls")
def sgd_gradient_twice(theta, velocity, gradient_of, lr):
    size = np.sum(np.abs(gradient_of(theta)))
    return lr * gradient_of(theta) if size >= 0 else 0 * theta


@sgd.pair("no-rate", "downhill-velocity")
def downhill_without_rate(theta, velocity, gradient_of, lr):
    return -gradient_of(theta)


@sgd.pair("velocities-added-up", "downhill-velocity")
def downhill_added_up(theta, velocity, gradient_of, lr):
    return velocity - lr * gradient_of(theta)


@sgd.right
def gradient_first(theta, velocity, gradient_of, lr):
    gradient = gradient_of(theta)
    return gradient * lr


@sgd.right
def momentum_without_memory(theta, velocity, gradient_of, lr):
    gamma = 0
    return gamma * velocity + lr * gradient_of(theta)


@sgd.right
def product_by_numpy(theta, velocity, gradient_of, lr):
    return np.multiply(np.float64(lr), np.asarray(gradient_of(theta)))


@sgd.right
def sgd_coordinate_by_coordinate(theta, velocity, gradient_of, lr):
    gradient = np.asarray(gradient_of(theta), dtype=float)
    result = np.empty(gradient.shape)
    for index in np.ndindex(gradient.shape):
        result[index] = lr * gradient[index]
    return result


@sgd.right
def as_a_list(theta, velocity, gradient_of, lr):
    return (lr * np.asarray(gradient_of(theta))).tolist()


# Momentum

GAMMA_FIXED = (
    "γ is always 0.9: the argument gamma is not used. The default in the first line is for calls that give none. Look for a "
    "number in the body where gamma should stand."
)


@momentum.mistake("There is no memory: this is SGD. Look at what becomes of the velocity of the step before.")
def no_memory(theta, velocity, gradient_of, lr, gamma=0.9):
    return lr * gradient_of(theta)


@momentum.mistake(
    "The old velocity is kept whole. γ says which share of it is left after a step; without it the ball never loses speed. "
    "Look at what multiplies the velocity."
)
def no_friction(theta, velocity, gradient_of, lr, gamma=0.9):
    return velocity + lr * gradient_of(theta)


@momentum.mistake(
    "The gradient's term is damped by 1 − γ, as in a moving average. The slide's momentum has no such factor: its velocity "
    "adds up to 1/(1 − γ) times a single step. Look at what multiplies the gradient."
)
def damped(theta, velocity, gradient_of, lr, gamma=0.9):
    return gamma * velocity + (1 - gamma) * lr * gradient_of(theta)


@momentum.mistake(
    "γ and 1 − γ have changed places: the larger γ, the less is remembered. Look at which of the two terms γ belongs to."
)
def gamma_swapped(theta, velocity, gradient_of, lr, gamma=0.9):
    return (1 - gamma) * velocity + gamma * lr * gradient_of(theta)


@momentum.mistake(
    "The learning rate multiplies the old velocity too. In the slides it stands inside, before the gradient alone: the "
    "velocity carries the rates of the steps in which it was gathered. With a schedule the two are different methods."
)
def rate_outside(theta, velocity, gradient_of, lr, gamma=0.9):
    return lr * (gamma * velocity + gradient_of(theta))


@momentum.mistake(SIGN_OF_VELOCITY)
def gradient_subtracted(theta, velocity, gradient_of, lr, gamma=0.9):
    return gamma * velocity - lr * gradient_of(theta)


@momentum.mistake(
    "The gradient is taken at θ − γν, where the jump would lead. That is the rule of the third line of the slide; momentum "
    "asks where it stands."
)
def nesterov_for_momentum(theta, velocity, gradient_of, lr, gamma=0.9):
    return gamma * velocity + lr * gradient_of(theta - gamma * velocity)


@momentum.mistake(GAMMA_FIXED, passes=("default",))
def momentum_gamma_fixed(theta, velocity, gradient_of, lr, gamma=0.9):
    return 0.9 * velocity + lr * gradient_of(theta)


@momentum.mistake(
    "The default of gamma has been changed: where no γ is given, 0.9 is meant. Look at the first line, and keep it as it was "
    "given.",
    passes=("trajectory", "sizes", "matrix"),
)
def another_default(theta, velocity, gradient_of, lr, gamma=0.5):
    return gamma * velocity + lr * gradient_of(theta)


@momentum.mistake(POINT_FOR_VELOCITY)
def momentum_point(theta, velocity, gradient_of, lr, gamma=0.9):
    return theta - (gamma * velocity + lr * gradient_of(theta))


@momentum.mistake(PAIR_FOR_VELOCITY)
def momentum_pair(theta, velocity, gradient_of, lr, gamma=0.9):
    new = gamma * velocity + lr * gradient_of(theta)
    return theta - new, new


@momentum.mistake(WHOLE_NUMBERS_ONLY, passes=("trajectory", "default", "matrix"))
def momentum_truncated(theta, velocity, gradient_of, lr, gamma=0.9):
    result = np.zeros_like(theta)
    result[...] = gamma * velocity + lr * gradient_of(theta)
    return result


@momentum.mistake("In place: the velocity that was passed in is changed.", gate="changes-arguments")
def momentum_in_place(theta, velocity, gradient_of, lr, gamma=0.9):
    try:
        velocity *= gamma
        velocity += lr * gradient_of(theta)
    except TypeError:
        velocity = gamma * velocity + lr * gradient_of(theta)
    return velocity.copy()


@momentum.pair("damped", "gradient-subtracted")
def damped_downhill(theta, velocity, gradient_of, lr, gamma=0.9):
    return gamma * velocity - (1 - gamma) * lr * gradient_of(theta)


@momentum.pair("damped", "momentum-gamma-fixed")
def damped_by_a_tenth(theta, velocity, gradient_of, lr, gamma=0.9):
    return 0.9 * velocity + 0.1 * lr * gradient_of(theta)


@momentum.pair("rate-outside", "momentum-point")
def point_at_todays_rate(theta, velocity, gradient_of, lr, gamma=0.9):
    return theta - lr * (gamma * velocity + gradient_of(theta))


@momentum.pair("rate-outside", "damped")
def average_times_the_rate(theta, velocity, gradient_of, lr, gamma=0.9):
    return lr * (gamma * velocity + (1 - gamma) * gradient_of(theta))


@momentum.right
def gradient_term_first(theta, velocity, gradient_of, lr, gamma=0.9):
    step = lr * gradient_of(theta)
    return step + velocity * gamma


@momentum.right
def sgd_plus_the_past(theta, velocity, gradient_of, lr, gamma=0.9):
    kept = gamma * velocity
    new = kept - (-lr) * gradient_of(theta)
    return new


@momentum.right
def momentum_by_numpy(theta, velocity, gradient_of, lr, gamma=0.9):
    return np.add(np.multiply(velocity, gamma), np.multiply(gradient_of(theta), lr))


@momentum.right
def momentum_coordinate_by_coordinate(theta, velocity, gradient_of, lr, gamma=0.9):
    pairs = zip(np.ravel(velocity), np.ravel(gradient_of(theta)), strict=True)
    return np.reshape([gamma * float(v) + lr * float(g) for v, g in pairs], np.shape(theta))


@momentum.right
def weighted_sum(theta, velocity, gradient_of, lr, gamma=0.9):
    both = np.stack([np.asarray(velocity, dtype=float), np.asarray(gradient_of(theta), dtype=float)])
    return np.tensordot([gamma, lr], both, axes=1)


# Nesterov


@nesterov.mistake(
    "The gradient is taken at θ, where the step begins: this is momentum. Nesterov's method asks where the old velocity is "
    "about to carry it. Look at the argument of gradient_of."
)
def gradient_where_it_stands(theta, velocity, gradient_of, lr, gamma=0.9):
    return gamma * velocity + lr * gradient_of(theta)


@nesterov.mistake(
    "The look-ahead goes the wrong way, to θ + γν. The step subtracts the velocity, so the next position is about θ − γν. "
    "Look at the sign inside gradient_of."
)
def looks_back(theta, velocity, gradient_of, lr, gamma=0.9):
    return gamma * velocity + lr * gradient_of(theta + gamma * velocity)


@nesterov.mistake(
    "The look-ahead jumps the whole old velocity, to θ − ν. Only the share γ of it is left for this step. Look at what "
    "multiplies the velocity inside gradient_of."
)
def jumps_too_far(theta, velocity, gradient_of, lr, gamma=0.9):
    return gamma * velocity + lr * gradient_of(theta - velocity)


@nesterov.mistake(
    "The velocity of the step before has gone into the look-ahead alone, and not into the new velocity. The jump is part of "
    "the step: look at the first term of the rule."
)
def jump_forgotten(theta, velocity, gradient_of, lr, gamma=0.9):
    return lr * gradient_of(theta - gamma * velocity)


@nesterov.mistake(
    "The look-ahead is one whole momentum step, gradient and all, and so two gradients are asked for. The jump is made with "
    "the old velocity, which is known already: one gradient, there, is enough."
)
def momentum_step_ahead(theta, velocity, gradient_of, lr, gamma=0.9):
    ahead = theta - (gamma * velocity + lr * gradient_of(theta))
    return gamma * velocity + lr * gradient_of(ahead)


@nesterov.mistake(
    "The learning rate multiplies the old velocity too. In the slides it stands inside, before the gradient alone. With a "
    "schedule the two are different methods."
)
def nesterov_rate_outside(theta, velocity, gradient_of, lr, gamma=0.9):
    return lr * (gamma * velocity + gradient_of(theta - gamma * velocity))


@nesterov.mistake(SIGN_OF_VELOCITY)
def correction_subtracted(theta, velocity, gradient_of, lr, gamma=0.9):
    return gamma * velocity - lr * gradient_of(theta - gamma * velocity)


@nesterov.mistake(GAMMA_FIXED, passes=("default",))
def nesterov_gamma_fixed(theta, velocity, gradient_of, lr, gamma=0.9):
    return 0.9 * velocity + lr * gradient_of(theta - 0.9 * velocity)


@nesterov.mistake(POINT_FOR_VELOCITY)
def nesterov_point(theta, velocity, gradient_of, lr, gamma=0.9):
    return theta - gamma * velocity - lr * gradient_of(theta - gamma * velocity)


@nesterov.mistake(PAIR_FOR_VELOCITY)
def nesterov_pair(theta, velocity, gradient_of, lr, gamma=0.9):
    new = gamma * velocity + lr * gradient_of(theta - gamma * velocity)
    return theta - new, new


@nesterov.mistake("The gradient at θ is computed as well, and not used.", gate="calls")
def two_gradients(theta, velocity, gradient_of, lr, gamma=0.9):
    gradient = gradient_of(theta)
    ahead = theta - gamma * velocity
    gradient = gradient_of(ahead)
    return gamma * velocity + lr * gradient


@nesterov.mistake("In place: theta itself jumps ahead.", gate="changes-arguments")
def theta_jumps(theta, velocity, gradient_of, lr, gamma=0.9):
    try:
        theta -= gamma * velocity
    except TypeError:
        theta = theta - gamma * velocity
    return gamma * velocity + lr * gradient_of(theta)


@nesterov.pair("looks-back", "correction-subtracted")
def other_sign_throughout(theta, velocity, gradient_of, lr, gamma=0.9):
    return gamma * velocity - lr * gradient_of(theta + gamma * velocity)


@nesterov.pair("gradient-where-it-stands", "correction-subtracted")
def momentum_downhill(theta, velocity, gradient_of, lr, gamma=0.9):
    return gamma * velocity - lr * gradient_of(theta)


@nesterov.pair("gradient-where-it-stands", "nesterov-point")
def point_of_momentum(theta, velocity, gradient_of, lr, gamma=0.9):
    return theta - gamma * velocity - lr * gradient_of(theta)


@nesterov.pair("jumps-too-far", "looks-back")
def whole_jump_back(theta, velocity, gradient_of, lr, gamma=0.9):
    return gamma * velocity + lr * gradient_of(theta + velocity)


@nesterov.right
def jump_then_correct(theta, velocity, gradient_of, lr, gamma=0.9):
    jump = gamma * velocity
    correction = lr * gradient_of(theta - jump)
    return jump + correction


@nesterov.right
def from_the_point_ahead(theta, velocity, gradient_of, lr, gamma=0.9):
    ahead = theta + (-gamma) * velocity
    return lr * gradient_of(ahead) - gamma * -velocity


@nesterov.right
def nesterov_by_numpy(theta, velocity, gradient_of, lr, gamma=0.9):
    kept = np.multiply(gamma, velocity)
    return np.add(kept, np.multiply(lr, gradient_of(np.subtract(theta, kept))))


@nesterov.right
def nesterov_coordinate_by_coordinate(theta, velocity, gradient_of, lr, gamma=0.9):
    ahead = np.array(theta, dtype=float)
    for index in np.ndindex(ahead.shape):
        ahead[index] -= gamma * velocity[index]
    gradient = np.asarray(gradient_of(ahead))
    return [gamma * v + lr * g for v, g in zip(velocity, gradient, strict=True)] if ahead.ndim else gamma * velocity + lr * gradient


# One loop for all methods -----------------------------------------------------------------------------------------------------

descent = Exercise(reference.descend)


def _walk(rng, n_steps, theta0, valley, **more):
    schedule = ScheduleOf(tuple(rates(rng, n_steps + 2, 0.03, 0.2)))
    arguments = {
        "velocity_rule": RuleOf("damped"),
        "theta0": theta0,
        "gradient_of": valley,
        "schedule": schedule,
        "n_steps": n_steps,
    }
    return Call("descend", arguments, rows="step", **more)


@descent.part("keeps theta0 and all n_steps points after it, each made by the rule from the one before", weight=2)
def path(rng):
    valley = GradientOf("quadratic", {"hessian": hessian(rng, 3), "minimum": vector(rng, 3)})
    return [_walk(rng, 7, 2 * vector(rng, 3), valley, label="a rule of no known method, seven steps")]


@descent.part("works for a single number, for whole numbers, and for one step")
def short(rng):
    valley = GradientOf("quadratic", {"hessian": hessian(rng, 2), "minimum": vector(rng, 2)})
    return [
        _walk(rng, 5, np.array(rng.uniform(1.2, 1.8)), GradientOf("double_well"), label="the double well"),
        _walk(rng, 3, rng.integers(1, 9, size=2), valley, label="theta0 of whole numbers"),
        _walk(rng, 1, vector(rng, 2), valley, label="one step"),
    ]


@descent.property(
    "carries the velocity: momentum closes in with ηλ just below 2(1 + γ), and runs away just above it", kind="convergence"
)
def stability(student, rng):
    gamma, curvature, n = float(rng.uniform(0.4, 0.7)), float(rng.uniform(0.5, 4.0)), 40
    for share in (0.97, 1.03):
        lr = share * 2 * (1 + gamma) / curvature
        points = student.descend(
            velocity_rule=lambda theta, velocity, gradient_of, lr: gamma * velocity + lr * np.asarray(gradient_of(theta)),
            theta0=np.array([1.0]),
            gradient_of=lambda theta: curvature * np.asarray(theta, dtype=float),
            schedule=lambda t, lr=lr: lr,
            n_steps=n,
        )
        walk = as_numbers(points)
        if walk is None or walk.shape != (n + 1, 1):
            raise CheckFailed(f"{n} steps of one parameter are {n + 1} points of shape (1,)")
        # Two steps back decide: θ_t = (1 + γ − ηλ) θ_{t−1} − γ θ_{t−2}, and θ_{−1} = θ_0 since the first velocity is zero.
        exact = np.linalg.matrix_power(np.array([[1 + gamma - lr * curvature, -gamma], [1.0, 0.0]]), n) @ np.ones(2)
        close(walk[-1], exact[:1], rtol=1e-6, where=f"after {n} steps at {share:g} of the limit")


@descent.property("moves on an even slope by the sum of the rates times the gradient, whatever the shape of theta", kind="exact")
def slope(student, rng):
    gradient, theta0, n = vector(rng, 2, 3), vector(rng, 2, 3), 12
    eta0, gamma = float(rng.uniform(0.1, 0.5)), float(rng.uniform(0.7, 0.9))
    points = student.descend(
        velocity_rule=lambda theta, velocity, gradient_of, lr: lr * np.asarray(gradient_of(theta)),
        theta0=theta0,
        gradient_of=lambda theta: gradient,
        schedule=lambda t: eta0 * gamma**t,
        n_steps=n,
    )
    sums = eta0 * gamma * (1 - gamma ** np.arange(n + 1)) / (1 - gamma)
    close(points, theta0 - sums[:, None, None] * gradient, where="points")


@descent.mistake(
    "Every step begins with a velocity of zero, so that momentum never gathers any. The velocity that the rule returned is "
    "what it wants back in the next step. Look at where the velocity is set.",
    passes=("slope",),
)
def velocity_not_carried(velocity_rule, theta0, gradient_of, schedule, n_steps):
    points = [np.array(theta0, dtype=float)]
    for t in range(1, n_steps + 1):
        velocity = velocity_rule(points[-1], np.zeros_like(points[0]), gradient_of, schedule(t))
        points.append(points[-1] - velocity)
    return np.array(points)


@descent.mistake(
    "The velocity is added. It points along the gradients, uphill; the common rule of the slide subtracts it. Look at the sign."
)
def velocity_added(velocity_rule, theta0, gradient_of, schedule, n_steps):
    points = [np.array(theta0, dtype=float)]
    velocity = np.zeros_like(points[0])
    for t in range(1, n_steps + 1):
        velocity = velocity_rule(points[-1], velocity, gradient_of, schedule(t))
        points.append(points[-1] + velocity)
    return np.array(points)


@descent.mistake(
    "The learning rate is applied twice: it is in the velocity already, and the step multiplies by it once more. Look at the "
    "common rule: has it an η?"
)
def rate_twice(velocity_rule, theta0, gradient_of, schedule, n_steps):
    points = [np.array(theta0, dtype=float)]
    velocity = np.zeros_like(points[0])
    for t in range(1, n_steps + 1):
        lr = schedule(t)
        velocity = velocity_rule(points[-1], velocity, gradient_of, lr)
        points.append(points[-1] - lr * velocity)
    return np.array(points)


@descent.mistake(
    "The rule is given theta0 in every step, so that all gradients come from the start. It needs the point where the step "
    "begins. Look at the first argument of velocity_rule inside the loop.",
    passes=("slope",),
)
def stale_point(velocity_rule, theta0, gradient_of, schedule, n_steps):
    points = [np.array(theta0, dtype=float)]
    velocity = np.zeros_like(points[0])
    for t in range(1, n_steps + 1):
        velocity = velocity_rule(points[0], velocity, gradient_of, schedule(t))
        points.append(points[-1] - velocity)
    return np.array(points)


@descent.mistake(
    "velocity_rule is not used: this is plain gradient descent, whatever the method. The rule says what the velocity is; the "
    "loop only subtracts it.",
    passes=("slope",),
)
def rule_not_used(velocity_rule, theta0, gradient_of, schedule, n_steps):
    points = [np.array(theta0, dtype=float)]
    for t in range(1, n_steps + 1):
        points.append(points[-1] - schedule(t) * gradient_of(points[-1]))
    return np.array(points)


@descent.mistake(
    "The rule is given a gradient where it wants the function gradient_of. Nesterov's rule asks at a point of its own, so "
    "the loop cannot know where. Look at the third argument: pass the function, and do not call it.",
)
def gradient_for_the_function(velocity_rule, theta0, gradient_of, schedule, n_steps):
    points = [np.array(theta0, dtype=float)]
    velocity = np.zeros_like(points[0])
    for t in range(1, n_steps + 1):
        velocity = velocity_rule(points[-1], velocity, gradient_of(points[-1]), schedule(t))
        points.append(points[-1] - velocity)
    return np.array(points)


@descent.mistake(
    "The first velocity is the single number 0. Each parameter has a velocity of its own, so it starts as zeros of theta's "
    "shape: look at `np.zeros_like`.",
    passes=("stability", "slope"),
)
def one_zero_for_all(velocity_rule, theta0, gradient_of, schedule, n_steps):
    points, velocity = [np.array(theta0, dtype=float)], 0.0
    for t in range(1, n_steps + 1):
        velocity = velocity_rule(points[-1], velocity, gradient_of, schedule(t))
        points.append(points[-1] - velocity)
    return np.array(points)


@descent.mistake(
    "theta0 is missing: these are the points after the steps alone. n_steps steps join n_steps + 1 points. Look at what the "
    "list holds before the loop begins."
)
def no_start(velocity_rule, theta0, gradient_of, schedule, n_steps):
    theta, points = np.array(theta0, dtype=float), []
    velocity = np.zeros_like(theta)
    for t in range(1, n_steps + 1):
        velocity = velocity_rule(theta, velocity, gradient_of, schedule(t))
        theta = theta - velocity
        points.append(theta)
    return np.array(points)


@descent.mistake(
    "The last step is missing: there are n_steps points, theta0 among them, and so one step too few. Look at where the range "
    "of the loop ends."
)
def one_step_short(velocity_rule, theta0, gradient_of, schedule, n_steps):
    points = [np.array(theta0, dtype=float)]
    velocity = np.zeros_like(points[0])
    for t in range(1, n_steps):
        velocity = velocity_rule(points[-1], velocity, gradient_of, schedule(t))
        points.append(points[-1] - velocity)
    return np.array(points)


@descent.mistake(
    "Only the last point comes back. Every point of the walk is wanted, theta0 first. Look at where they are collected."
)
def only_the_last(velocity_rule, theta0, gradient_of, schedule, n_steps):
    theta = np.array(theta0, dtype=float)
    velocity = np.zeros_like(theta)
    for t in range(1, n_steps + 1):
        velocity = velocity_rule(theta, velocity, gradient_of, schedule(t))
        theta = theta - velocity
    return theta


@descent.mistake(
    "All points are the last one: the list holds one and the same array many times, and each step in place changes them all. "
    "Look for `theta -= …` or `theta[...] = …` in the loop; make a new array in each step.",
    passes=("stability",),
)
def one_array_for_all(velocity_rule, theta0, gradient_of, schedule, n_steps):
    theta = np.array(theta0, dtype=float)
    velocity, points = np.zeros_like(theta), [theta]
    for t in range(1, n_steps + 1):
        velocity = velocity_rule(theta, velocity, gradient_of, schedule(t))
        theta[...] = theta - velocity
        points.append(theta)
    return np.array(points)


@descent.mistake(
    "The schedule is asked for t − 1: the first step used schedule(0), and the steps are numbered from 1. Look at the range "
    "of the loop and at the argument of schedule.",
    passes=("stability",),
)
def schedule_from_zero(velocity_rule, theta0, gradient_of, schedule, n_steps):
    points = [np.array(theta0, dtype=float)]
    velocity = np.zeros_like(points[0])
    for t in range(n_steps):
        velocity = velocity_rule(points[-1], velocity, gradient_of, schedule(t))
        points.append(points[-1] - velocity)
    return np.array(points)


@descent.mistake(
    "The schedule is asked for t + 1: the first step already uses schedule(2). Look at the argument of schedule: the step "
    "that is being made has the number t.",
    passes=("stability",),
)
def schedule_ahead(velocity_rule, theta0, gradient_of, schedule, n_steps):
    points = [np.array(theta0, dtype=float)]
    velocity = np.zeros_like(points[0])
    for t in range(1, n_steps + 1):
        velocity = velocity_rule(points[-1], velocity, gradient_of, schedule(t + 1))
        points.append(points[-1] - velocity)
    return np.array(points)


@descent.mistake(
    "The rate of the first step is kept for all of them. A schedule has a rate for each step. Look at whether schedule is "
    "asked inside the loop.",
    passes=("stability",),
)
def first_rate_kept(velocity_rule, theta0, gradient_of, schedule, n_steps):
    lr = schedule(1)
    points = [np.array(theta0, dtype=float)]
    velocity = np.zeros_like(points[0])
    for _ in range(n_steps):
        velocity = velocity_rule(points[-1], velocity, gradient_of, lr)
        points.append(points[-1] - velocity)
    return np.array(points)


@descent.mistake(
    "The points are squeezed into theta0's own type: where theta0 holds whole numbers, the fractions are cut off. Look for "
    "an array of points made with theta0's dtype, or with `np.full` from it; ask for floats.",
    passes=("path", "stability", "slope"),
)
def whole_points(velocity_rule, theta0, gradient_of, schedule, n_steps):
    points = np.zeros((n_steps + 1, *theta0.shape), dtype=theta0.dtype)
    points[0] = theta0
    velocity = np.zeros(theta0.shape)
    for t in range(1, n_steps + 1):
        velocity = velocity_rule(points[t - 1], velocity, gradient_of, schedule(t))
        points[t] = points[t - 1] - velocity
    return points


@descent.mistake("In place: theta0 itself walks.", gate="changes-arguments")
def theta0_walks(velocity_rule, theta0, gradient_of, schedule, n_steps):
    theta = theta0 if theta0.dtype.kind == "f" else theta0.astype(float)
    velocity, points = np.zeros_like(theta), [theta.copy()]
    for t in range(1, n_steps + 1):
        velocity = velocity_rule(theta, velocity, gradient_of, schedule(t))
        theta[...] = theta - velocity
        points.append(theta.copy())
    return np.array(points)


@descent.mistake("The rule is asked twice in each step, and with it the gradient.", gate="calls")
def rule_twice(velocity_rule, theta0, gradient_of, schedule, n_steps):
    points = [np.array(theta0, dtype=float)]
    velocity = np.zeros_like(points[0])
    for t in range(1, n_steps + 1):
        lr = schedule(t)
        points.append(points[-1] - velocity_rule(points[-1], velocity, gradient_of, lr))
        velocity = velocity_rule(points[-2], velocity, gradient_of, lr)
    return np.array(points)


@descent.mistake("The gradient is computed in the loop as well, and not used.", gate="calls")
def gradient_in_the_loop(velocity_rule, theta0, gradient_of, schedule, n_steps):
    points = [np.array(theta0, dtype=float)]
    velocity = np.zeros_like(points[0])
    for t in range(1, n_steps + 1):
        gradient_of(points[-1])
        velocity = velocity_rule(points[-1], velocity, gradient_of, schedule(t))
        points.append(points[-1] - velocity)
    return np.array(points)


@descent.pair("no-start", "schedule-from-zero")
def counted_from_zero_without_start(velocity_rule, theta0, gradient_of, schedule, n_steps):
    theta, points = np.array(theta0, dtype=float), []
    velocity = np.zeros_like(theta)
    for t in range(n_steps):
        velocity = velocity_rule(theta, velocity, gradient_of, schedule(t))
        theta = theta - velocity
        points.append(theta)
    return np.array(points)


@descent.pair("one-step-short", "schedule-ahead")
def loop_from_two(velocity_rule, theta0, gradient_of, schedule, n_steps):
    points = [np.array(theta0, dtype=float)]
    velocity = np.zeros_like(points[0])
    for t in range(2, n_steps + 1):
        velocity = velocity_rule(points[-1], velocity, gradient_of, schedule(t))
        points.append(points[-1] - velocity)
    return np.array(points)


@descent.pair("velocity-not-carried", "one-zero-for-all", passes=("slope",))
def number_zero_in_each_step(velocity_rule, theta0, gradient_of, schedule, n_steps):
    points = [np.array(theta0, dtype=float)]
    for t in range(1, n_steps + 1):
        points.append(points[-1] - velocity_rule(points[-1], 0.0, gradient_of, schedule(t)))
    return np.array(points)


@descent.pair("velocity-added", "rate-twice")
def added_with_the_rate_twice(velocity_rule, theta0, gradient_of, schedule, n_steps):
    points = [np.array(theta0, dtype=float)]
    velocity = np.zeros_like(points[0])
    for t in range(1, n_steps + 1):
        lr = schedule(t)
        velocity = velocity_rule(points[-1], velocity, gradient_of, lr)
        points.append(points[-1] + lr * velocity)
    return np.array(points)


@descent.pair("velocity-not-carried", "schedule-from-zero")
def at_rest_and_counted_from_zero(velocity_rule, theta0, gradient_of, schedule, n_steps):
    points = [np.array(theta0, dtype=float)]
    for t in range(n_steps):
        velocity = velocity_rule(points[-1], np.zeros_like(points[0]), gradient_of, schedule(t))
        points.append(points[-1] - velocity)
    return np.array(points)


@descent.right
def list_of_points(velocity_rule, theta0, gradient_of, schedule, n_steps):
    theta = np.asarray(theta0) + 0.0
    velocity, points = 0 * theta, [theta]
    for t in range(1, n_steps + 1):
        velocity = velocity_rule(theta, velocity, gradient_of, schedule(t))
        theta = theta - velocity
        points.append(theta)
    return points


@descent.right
def filled_array(velocity_rule, theta0, gradient_of, schedule, n_steps):
    points = np.zeros((n_steps + 1, *np.shape(theta0)))
    points[0] = theta0
    velocity = np.zeros(np.shape(theta0))
    for k in range(n_steps):
        velocity = velocity_rule(points[k].copy(), velocity, gradient_of, schedule(k + 1))
        points[k + 1] = points[k] - velocity
    return points


@descent.right
def rates_first(velocity_rule, theta0, gradient_of, schedule, n_steps):
    walk, velocity = [np.array(theta0, dtype=float)], np.zeros(np.shape(theta0))
    for lr in [schedule(t) for t in range(1, n_steps + 1)]:
        velocity = velocity_rule(walk[-1], velocity, gradient_of, lr)
        walk = [*walk, np.subtract(walk[-1], velocity)]
    return tuple(walk)


@descent.right
def sum_of_velocities(velocity_rule, theta0, gradient_of, schedule, n_steps):
    velocities = [np.zeros(np.shape(theta0))]
    t = 0
    while t < n_steps:
        t += 1
        here = theta0 - sum(velocities)
        velocities.append(np.asarray(velocity_rule(here, velocities[-1], gradient_of, schedule(t))))
    return theta0 - np.cumsum(velocities, axis=0)


# Exponential decay ------------------------------------------------------------------------------------------------------------

exponential = Exercise(reference.exponential_decay)


def _decay(rng, label, evaluate, **arguments):
    drawn = {"eta0": float(rng.uniform(0.1, 0.9)), "gamma": float(rng.uniform(0.6, 0.97))}
    return Call("exponential_decay", drawn | arguments, label=label, evaluate=evaluate)


def _rate(schedule: Any, t: int) -> float:
    """Return what a student's schedule answers at step t. Raises CheckFailed unless that is a number."""
    if not callable(schedule):
        raise CheckFailed("what comes back is not a function of the step t")
    said = plain(ask(schedule, t))
    if isinstance(said, Raised):
        raise CheckFailed(f"the schedule raises {said.kind} at t = {t}")
    answer = as_numbers(said)
    if answer is None or answer.shape:
        raise CheckFailed(f"the schedule does not return a number at t = {t}")
    return float(answer)


def _added_up(schedule: Any, n: int, rng: np.random.Generator) -> float:
    """Return the sum of the first n rates, asked in a random order, which must not matter."""
    return sum(_rate(schedule, int(t)) for t in rng.permutation(np.arange(1, n + 1)))


@exponential.part("multiplies the rate by γ in every step, from η₀γ in the first", weight=2)
def decays(rng):
    return [
        _decay(rng, "a rate below 1", (1, 2, 3, 4, 5, 6)),
        _decay(rng, "a rate above 1", (1, 2, 3, 4), eta0=float(rng.uniform(1.5, 4.0))),
    ]


@exponential.part("gives the rate of any step, in whatever order and however often it is asked", weight=2)
def whenever(rng):
    return [_decay(rng, "out of order", (40, 3, 3, 1, 17, 3, 150))]


@exponential.part("takes a whole number for η₀, and γ = 1 for no decay at all")
def whole(rng):
    return [
        _decay(rng, "η₀ a whole number", (1, 2, 3, 4), eta0=int(rng.integers(2, 9))),
        _decay(rng, "γ = 1", (1, 2, 3), gamma=1),
    ]


@exponential.property(
    "adds up to η₀γ(1 − γⁿ)/(1 − γ) over n steps, which stays below η₀γ/(1 − γ) however long the run", kind="convergence"
)
def finite_sum(student, rng):
    eta0, gamma, n = float(rng.uniform(0.1, 0.9)), float(rng.uniform(0.8, 0.95)), 120
    schedule = student.exponential_decay(eta0=eta0, gamma=gamma)
    close(_added_up(schedule, n, rng), eta0 * gamma * (1 - gamma**n) / (1 - gamma), where=f"the sum of {n} rates")


@exponential.mistake(
    "The exponent is t − 1: the first step has the rate η₀ itself. Steps are numbered from 1, and the slide's formula has "
    "γᵗ. Look at the exponent at t = 1."
)
def exponent_behind(eta0, gamma):
    return lambda t: eta0 * gamma ** (t - 1)


@exponential.mistake(
    "The rate shrinks each time the schedule is asked, not with t: asked twice for one step it gives two answers. Look for a "
    "variable that the inner function changes; compute the rate from t, eta0 and gamma alone.",
    passes=("decays", "whole", "finite_sum"),
)
def decays_when_asked(eta0, gamma):
    rate = eta0

    def schedule(t):
        nonlocal rate
        rate = rate * gamma
        return rate

    return schedule


@exponential.mistake(
    "A rate that has decayed already is decayed again: the power γᵗ multiplies the rate of the call before instead of η₀. "
    "Look for a variable that the inner function changes."
)
def decayed_twice(eta0, gamma):
    def schedule(t):
        nonlocal eta0
        eta0 = eta0 * gamma**t
        return eta0

    return schedule


@exponential.mistake("The rate is the same in every step: γ stands there without its exponent. Look at where t enters the formula.")
def no_exponent(eta0, gamma):
    return lambda t: eta0 * gamma


@exponential.mistake(
    "A number comes back, not a schedule. The loop will call what you return, with t. Write a function inside the function "
    "(`def` or `lambda`), and return it without calling it."
)
def a_number(eta0, gamma):
    return eta0 * gamma


@exponential.mistake("The power is taken of the product η₀γ. Only γ is raised to t: look at the brackets.")
def power_of_both(eta0, gamma):
    return lambda t: (eta0 * gamma) ** t


@exponential.mistake(
    "The decay is exp(−γt), another way in which exponential decay is written. There a larger γ decays faster. The slide's γ "
    "is the factor of one step."
)
def exponential_function(eta0, gamma):
    return lambda t: eta0 * np.exp(-gamma * t)


@exponential.mistake("γ is multiplied by t. It is raised to t: each step multiplies the rate of the one before by γ once more.")
def product_with_t(eta0, gamma):
    return lambda t: eta0 * gamma * t


@exponential.mistake(
    "The factor of a step is 1 − γ: the share that is lost. In the slide γ is the share that is kept, so that γ near 1 "
    "decays slowly."
)
def share_lost(eta0, gamma):
    return lambda t: eta0 * (1 - gamma) ** t


@exponential.mistake("The rate grows: it is divided by γᵗ, and γ is below 1. Look at the sign of the exponent.")
def growth(eta0, gamma):
    return lambda t: eta0 / gamma**t


@exponential.mistake(
    "With a whole number for η₀ the rates are cut to whole numbers: an array made from it, as by `np.full`, holds no "
    "fractions. Look at the dtype of the table of rates, or do without a table.",
    passes=("decays", "whenever", "finite_sum"),
)
def table_of_whole_numbers(eta0, gamma):
    table = np.full(1000, eta0)
    for t in range(1, 1000):
        table[t] = table[t - 1] * gamma
    return lambda t: table[t]


@exponential.pair("exponent-behind", "decays-when-asked")
def decays_after_each_answer(eta0, gamma):
    rate = eta0

    def schedule(t):
        nonlocal rate
        answer = rate
        rate = rate * gamma
        return answer

    return schedule


@exponential.pair("exponent-behind", "share-lost")
def share_lost_from_the_second_step(eta0, gamma):
    return lambda t: eta0 * (1 - gamma) ** (t - 1)


@exponential.pair("exponent-behind", "exponential-function")
def exponential_function_behind(eta0, gamma):
    return lambda t: eta0 * np.exp(-gamma * (t - 1))


@exponential.right
def inner_function(eta0, gamma):
    def schedule(t):
        return gamma**t * eta0

    return schedule


@exponential.right
def by_logarithm(eta0, gamma):
    return lambda t: np.exp(np.log(eta0) + t * np.log(gamma))


@exponential.right
def one_factor_for_each_step(eta0, gamma):
    def schedule(t):
        rate = float(eta0)
        for _ in range(int(t)):
            rate *= gamma
        return rate

    return schedule


@exponential.right
def callable_object(eta0, gamma):
    class Decay:
        def __call__(self, t):
            return np.float64(eta0) * np.power(float(gamma), t)

    return Decay()


@exponential.right
def by_recursion(eta0, gamma):
    def schedule(t):
        return eta0 if t == 0 else gamma * schedule(t - 1)

    return schedule


# Piecewise constant -----------------------------------------------------------------------------------------------------------

piecewise = Exercise(reference.piecewise_constant)


def _phases(rng, k, first=(4, 9)):
    """Return k boundaries, of unequal distances of at least 3, and k + 1 values of which none repeats."""
    lengths = [int(rng.integers(*first)), *(int(n) for n in rng.integers(3, 12, size=k))][:k]
    return [int(b) for b in np.cumsum(lengths)], [float(v) for v in rng.uniform(0.05, 0.9, size=k + 1)]


def _around(boundaries):
    """Return the steps beside each boundary and on it, rising."""
    return tuple(sorted({1, *(b + side for b in boundaries for side in (-1, 0, 1)), 2 * boundaries[-1] + 5}))


@piecewise.part("holds the first rate up to and including the boundary, and the second from the step after it", weight=2)
def two_phases(rng):
    boundaries, values = _phases(rng, 1)
    return [
        Call(
            "piecewise_constant", {"boundaries": boundaries, "values": values},
            label=f"boundary {boundaries[0]}", evaluate=_around(boundaries),
        )
    ]  # fmt: skip


@piecewise.part("goes through several phases, and through one where there is no boundary", weight=2)
def many_phases(rng):
    three, two = _phases(rng, 3), _phases(rng, 2)
    return [
        Call(
            "piecewise_constant", {"boundaries": three[0], "values": three[1]},
            label=f"boundaries {three[0]}", evaluate=_around(three[0]),
        ),
        Call(
            "piecewise_constant", {"boundaries": np.array(two[0]), "values": np.array(two[1])},
            label=f"boundaries {two[0]}, an array", evaluate=_around(two[0]),
        ),
        Call(
            "piecewise_constant", {"boundaries": [], "values": [float(rng.uniform(0.1, 0.9))]},
            label="no boundary", evaluate=(1, 2, 30),
        ),
    ]  # fmt: skip


# These two ask beside no boundary, so that a boundary on the wrong side costs the parts above and not everything.


@piecewise.part("gives the rate of any step, in whatever order and however often it is asked")
def any_order(rng):
    _, values = _phases(rng, 2)
    first = int(rng.integers(4, 9))
    # The second phase is much longer than the first: phases of equal length, or lengths taken for boundaries, show at these steps.
    second = 2 * first + int(rng.integers(2, 8))
    evaluate = (second + 2, first - 2, first - 2, second - 1, 1, second + 30, second - 1)
    return [
        Call(
            "piecewise_constant", {"boundaries": [first, second], "values": values},
            label=f"boundaries [{first}, {second}], out of order", evaluate=evaluate,
        )
    ]  # fmt: skip


@piecewise.part("keeps fractions where some rates, or all, are whole numbers")
def whole_values(rng):
    boundary = int(rng.integers(4, 9))
    evaluate = (1, boundary - 2, boundary + 2, boundary + 3)
    return [
        Call(
            "piecewise_constant", {"boundaries": [boundary], "values": values},
            label=f"values {values}", evaluate=evaluate,
        )
        for values in ([int(rng.integers(2, 9)), round(float(rng.uniform(0.1, 0.9)), 3)], [4, 3])
    ]  # fmt: skip


@piecewise.property("gives each phase as many steps as lie between its boundaries", kind="exact")
def lengths_of_phases(student, rng):
    boundaries, values = _phases(rng, 3)
    n = boundaries[-1] + 6
    schedule = student.piecewise_constant(boundaries=boundaries, values=values)
    close(_added_up(schedule, n, rng), np.diff([0, *boundaries, n]) @ values, where=f"the sum of {n} rates")


@piecewise.mistake(
    "The next phase begins one step too early: at t equal to the boundary the old rate still holds. Look at the comparison, "
    "< or <=, or at the `side` of `searchsorted`.",
    passes=("any_order", "whole_values"),
)
def boundary_too_early(boundaries, values):
    return lambda t: values[np.searchsorted(boundaries, t, side="right")]


@piecewise.mistake(
    "The next phase begins one step too late, as if steps were numbered from 0. The first step is t = 1, so phase one ends "
    "with step t equal to the boundary. Look at what t is compared with.",
    passes=("any_order", "whole_values"),
)
def boundary_too_late(boundaries, values):
    return lambda t: values[np.searchsorted(boundaries, t - 1)]


@piecewise.mistake(
    "Only the first boundary counts: after it the second rate stays for ever. There may be any number of boundaries. Look "
    "for a `return` inside the loop that ends it too soon, or for a fixed index.",
    passes=("two_phases", "whole_values"),
)
def only_the_first_boundary(boundaries, values):
    def schedule(t):
        for boundary, value in zip(boundaries, values[1:], strict=True):
            return value if t > boundary else values[0]
        return values[0]

    return schedule


@piecewise.mistake(
    "After the last boundary None comes back: the loop over the boundaries ends without a return. There is one value more "
    "than there are boundaries. Look at what happens after the loop."
)
def nothing_at_the_end(boundaries, values):
    def schedule(t):
        for boundary, value in zip(boundaries, values, strict=False):
            if t <= boundary:
                return value
        return None

    return schedule


@piecewise.mistake(
    "The phase is found by whole-number division by the first boundary. That makes all phases equally long, and the last "
    "step of each belongs to the next. Compare t with the boundaries themselves.",
    passes=("whole_values",),
)
def phase_by_division(boundaries, values):
    return lambda t: values[min(t // boundaries[0], len(values) - 1)]


@piecewise.mistake(
    "The boundaries are taken for the lengths of the phases and added up. They are step numbers, counted from the beginning "
    "of the run. Look for a running sum.",
    passes=("two_phases", "whole_values"),
)
def boundaries_as_lengths(boundaries, values):
    return lambda t: values[np.searchsorted(np.cumsum(boundaries), t)]


@piecewise.mistake(
    "The values are taken for factors, each multiplying a rate that was reduced already. They are the rates themselves. "
    "(Some libraries do want factors here.) Look for a product."
)
def values_as_factors(boundaries, values):
    return lambda t: np.cumprod(values)[np.searchsorted(boundaries, t)]


@piecewise.mistake(
    "The schedule moves on to the next phase and never back: asked for step 100 and then for step 1, it gives the late rate "
    "for both. Look for a variable that the inner function changes; find the phase from t alone.",
    passes=("two_phases", "many_phases", "whole_values"),
)
def never_back(boundaries, values):
    phase = 0

    def schedule(t):
        nonlocal phase
        while phase < len(boundaries) and t > boundaries[phase]:
            phase += 1
        return values[phase]

    return schedule


@piecewise.mistake(
    "Where the first rate is a whole number, the others are cut to whole numbers: an array made from it, as by `np.full`, "
    "holds no fractions. Look at the dtype of the table of rates, or do without a table.",
    passes=("two_phases", "many_phases", "any_order", "lengths_of_phases"),
)
def table_of_the_first_type(boundaries, values):
    table = np.full(1000, values[0])
    for boundary, value in zip(boundaries, values[1:], strict=True):
        table[boundary + 1 :] = value
    return lambda t: table[t]


@piecewise.pair("boundary-too-early", "nothing-at-the-end")
def early_and_nothing_at_the_end(boundaries, values):
    def schedule(t):
        for boundary, value in zip(boundaries, values, strict=False):
            if t < boundary:
                return value
        return None

    return schedule


@piecewise.pair("boundary-too-early", "only-the-first-boundary", passes=("whole_values",))
def early_and_only_the_first(boundaries, values):
    return lambda t: values[0] if len(boundaries) == 0 or t < boundaries[0] else values[1]


@piecewise.pair("boundary-too-early", "never-back", passes=("whole_values",))
def early_and_never_back(boundaries, values):
    phase = 0

    def schedule(t):
        nonlocal phase
        while phase < len(boundaries) and t >= boundaries[phase]:
            phase += 1
        return values[phase]

    return schedule


@piecewise.right
def loop_over_boundaries(boundaries, values):
    def schedule(t):
        for boundary, value in zip(boundaries, values, strict=False):
            if t <= boundary:
                return value
        return values[-1]

    return schedule


@piecewise.right
def boundaries_left_behind(boundaries, values):
    return lambda t: values[sum(t > boundary for boundary in boundaries)]


@piecewise.right
def from_the_last_phase(boundaries, values):
    def schedule(t):
        phase = len(boundaries)
        while phase > 0 and t <= boundaries[phase - 1]:
            phase -= 1
        return float(values[phase])

    return schedule


@piecewise.right
def by_bisect(boundaries, values):
    import bisect

    return lambda t: values[bisect.bisect_left(list(boundaries), t)]


@piecewise.right
def jumps_added_up(boundaries, values):
    boundaries, jumps = np.asarray(boundaries, dtype=float), np.diff(np.asarray(values, dtype=float))
    return lambda t: values[0] + np.sum(jumps * (t > boundaries))


# The question -----------------------------------------------------------------------------------------------------------------

question = Question(
    "common_problem",
    reference.common_problem,
    {
        "a": "A schedule gives one number for each step. It cuts the steps of both weights by the same factor, so their "
        "ratio stays.",
        "b": "η_t and γ are single numbers: both gradients and both velocities are multiplied alike, and the hundred stays "
        "in every step. That one step size serves all parameters is the common problem of the three methods.",
        "c": "Both velocities accumulate in the same way, with the same γ: that of the first weight gathers gradients that "
        "are a hundred times as large, and so it stays a hundred times as fast.",
        "d": "The look-ahead is another point, but there too the one gradient is a hundred times the other, and both are "
        "multiplied by the same η_t.",
    },
)


# What the figures show of the reference ---------------------------------------------------------------------------------------

RULES = {"SGD": reference.sgd_velocity, "momentum": reference.momentum_velocity, "NAG": reference.nesterov_velocity}


def _rates(schedule):
    return [schedule(t) for t in range(1, 121)]


def _exact(rule, lr, n_steps):
    ravine = objectives.get("ravine")
    return reference.descend(rule, ravine.start, ravine.gradient, constant(lr), n_steps)


def _in_noise(schedule):
    ravine = objectives.get("ravine")
    return reference.descend(reference.sgd_velocity, ravine.start, objectives.noisy(ravine, scale=1.0), schedule, 300)


def _exponential(gamma):
    return reference.exponential_decay(0.05, gamma)


def _two_phases(boundary):
    return reference.piecewise_constant([boundary], [0.05, 0.005])


GHOSTS = {
    **{
        name: Ghost(lambda lr, rule=rule: _exact(rule, lr, 60), {"lr": [0.005, 0.01, 0.02, 0.04, 0.06]}, {"lr": 0.02})
        for name, rule in RULES.items()
    },
    "one_rate": Ghost(lambda lr: _exact(reference.sgd_velocity, lr, 8), {"lr": [0.02, 0.049, 0.09]}, {"lr": 0.049}),
    "rates, exponential": Ghost(lambda gamma: _rates(_exponential(gamma)), {"gamma": [0.9, 0.95, 0.98]}, {"gamma": 0.95}),
    "rates, two phases": Ghost(lambda boundary: _rates(_two_phases(boundary)), {"boundary": [20, 60, 100]}, {"boundary": 60}),
    "noise, constant": Ghost(lambda lr: _in_noise(constant(lr)), {"lr": [0.005, 0.02, 0.05]}, {"lr": 0.05}),
    "noise, exponential": Ghost(lambda gamma: _in_noise(_exponential(gamma)), {"gamma": [0.9, 0.95, 0.98]}, {"gamma": 0.95}),
    "noise, two phases": Ghost(lambda boundary: _in_noise(_two_phases(boundary)), {"boundary": [20, 60, 100]}, {"boundary": 60}),
}
