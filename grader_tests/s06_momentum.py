"""Checks and known mistakes of section 6, momentum."""

import numpy as np

from descentlab import objectives
from descentlab.checks import Call, CheckFailed, Exercise, GradientOf, Question, ScheduleOf, Steps, close
from descentlab.checks.values import as_numbers, describe
from descentlab.runs import run_stream
from grader_tests._draws import hessian, rates, stream, vector, with_spectrum
from grader_tests._ghosts import Ghost, corners
from reference_impl import s06_momentum as reference
from reference_impl.s06_momentum import momentum_step


def _numbers(value, shape, what):
    """A student's result as floats of this shape; CheckFailed, not an error of the check, where it is something else."""
    numbers = as_numbers(value)
    if numbers is None or numbers.shape != shape:
        raise CheckFailed(f"{what}: yours is {describe(value) if numbers is None else f'of shape {numbers.shape}'}, wanted {shape}")
    return numbers


# One step -------------------------------------------------------------------------------------------------------------

step = Exercise(reference.momentum_step)


def _memory(rng):
    """An odd γ, away from 0.9, from ½ and from 1 − η for the rates that are drawn (these end at 0.2)."""
    return float(rng.uniform(0.55, 0.78))


def _state(rng, *shape):
    return {"theta": np.asarray(vector(rng, *shape)), "velocity": np.asarray(0.3 * vector(rng, *shape))}


@step.part("follows the rule from a velocity that isn't zero, with a rate that changes", weight=2)
def trajectory(rng):
    streams = {"gradient": stream(rng, 8, 3), "lr": rates(rng, 8, high=0.2)}
    return [Steps("momentum_step", _state(rng, 3), streams, {"gamma": _memory(rng)})]


@step.part("works for a single number and for a matrix of parameters")
def shapes(rng):
    def steps(label, *shape):
        # A single number is a 0-d array, as theta of any other shape is an array: a recording keeps it one.
        streams = {"gradient": [np.asarray(g) for g in stream(rng, 3, *shape)], "lr": rates(rng, 3, high=0.2)}
        return Steps("momentum_step", _state(rng, *shape), streams, {"gamma": _memory(rng)}, label=label)

    return [steps("theta a number"), steps("theta a matrix", 2, 3)]


@step.part("keeps its accuracy where theta is whole numbers, and where gradients are zero, tiny or huge")
def sizes(rng):
    whole = rng.integers(1, 9, size=3)

    def steps(label, state, gradients):
        streams = {"gradient": gradients, "lr": rates(rng, len(gradients), high=0.2)}
        return Steps("momentum_step", state, streams, {"gamma": _memory(rng)}, label=label)

    tiny = {name: 1e-90 * value for name, value in _state(rng, 3).items()}
    return [
        steps("theta of whole numbers", {"theta": whole, "velocity": np.zeros_like(whole)}, stream(rng, 3, 3)),
        steps("rolling on where the gradient is zero", _state(rng, 3), [vector(rng, 3), np.zeros(3), np.zeros(3)]),
        steps("tiny", tiny, [1e-90 * vector(rng, 3) for _ in range(2)]),
        steps("huge gradients", _state(rng, 3), [1e90 * vector(rng, 3) for _ in range(2)]),
    ]


@step.part("keeps nine tenths of the velocity where no gamma is given")
def default(rng):
    return [Steps("momentum_step", _state(rng, 3), {"gradient": stream(rng, 4, 3), "lr": rates(rng, 4, high=0.08)})]


@step.mistake(
    "There is no memory: the velocity of the step before is not used, and what is left is gradient descent. Look at what ν_t "
    "on the slide is made of: two terms."
)
def no_memory(theta, velocity, gradient, lr, gamma=0.9):
    velocity = lr * gradient
    return theta - velocity, velocity


@step.mistake(
    "The gradient is damped by 1 − γ, as in an average. The lecture's velocity is a sum: all of η∇J is added to what is left "
    "of the old one, and so it can grow to many times a single step. Look at the factor in front of the gradient."
)
def damped(theta, velocity, gradient, lr, gamma=0.9):
    velocity = gamma * velocity + (1 - gamma) * lr * gradient
    return theta - velocity, velocity


@step.mistake(
    "The velocity is an average of gradients, γν + (1 − γ)∇J, and the rate stands in the step. That is how some courses write "
    "momentum, and how Adam's first moment is made; the lecture's ν has no 1 − γ and holds the rate already."
)
def averaged(theta, velocity, gradient, lr, gamma=0.9):
    velocity = gamma * velocity + (1 - gamma) * gradient
    return theta - lr * velocity, velocity


@step.mistake(
    "The rate stands outside the velocity: ν gathers bare gradients, and the step multiplies all of them by today's rate. "
    "PyTorch does it so. In the lecture each gradient keeps the rate of its own step; the two part as soon as the rate "
    "changes. Look at where η_t stands on the slide."
)
def rate_outside(theta, velocity, gradient, lr, gamma=0.9):
    velocity = gamma * velocity + gradient
    return theta - lr * velocity, velocity


@step.mistake(
    "The rate is used twice, once in the velocity and once more in the step. Look at the second line of the rule: what stands "
    "between θ and ν there?"
)
def rate_twice(theta, velocity, gradient, lr, gamma=0.9):
    velocity = gamma * velocity + lr * gradient
    return theta - lr * velocity, velocity


@step.mistake(
    "The velocity is added to theta. It is made of gradients, and these point uphill: the second line of the rule subtracts "
    "it. Look at the sign there."
)
def velocity_added(theta, velocity, gradient, lr, gamma=0.9):
    velocity = gamma * velocity + lr * gradient
    return theta + velocity, velocity


@step.mistake(
    "The velocity has the opposite sign: it gathers −η∇J, and theta adds it. Keras writes it so, and the walk from rest is the "
    "same, but a velocity in the lecture's sense that comes in or goes out has the other sign. Look at both signs of the rule."
)
def velocity_downhill(theta, velocity, gradient, lr, gamma=0.9):
    velocity = gamma * velocity - lr * gradient
    return theta + velocity, velocity


@step.mistake(
    "γ multiplies the new gradient too. Only what is left of the old velocity is reduced; today's gradient comes in full. Look "
    "at where the bracket closes."
)
def gamma_around_both(theta, velocity, gradient, lr, gamma=0.9):
    velocity = gamma * (velocity + lr * gradient)
    return theta - velocity, velocity


@step.mistake(
    "The old velocity is kept whole: γ is not used, nothing is ever forgotten, and the walk swings for ever. Look at the "
    "factor in front of the old velocity."
)
def no_friction(theta, velocity, gradient, lr, gamma=0.9):
    velocity = velocity + lr * gradient
    return theta - velocity, velocity


@step.mistake(
    "γ is always 0.9, whatever the argument says. 0.9 is only the default: use the name, not the number.",
    passes=("default",),
)
def gamma_fixed(theta, velocity, gradient, lr, gamma=0.9):
    velocity = 0.9 * velocity + lr * gradient
    return theta - velocity, velocity


@step.mistake(
    "theta moves by the old velocity, and today's gradient acts one step late. The rule makes ν_t first, and moves by ν_t. "
    "Look at the order of the two lines."
)
def moved_by_the_old(theta, velocity, gradient, lr, gamma=0.9):
    return theta - velocity, gamma * velocity + lr * gradient


@step.mistake(
    "theta is right after the first step, but the velocity that comes back is the one that went in: the next step will not "
    "know of this one. Look at what is returned second."
)
def velocity_forgotten(theta, velocity, gradient, lr, gamma=0.9):
    return theta - (gamma * velocity + lr * gradient), velocity


@step.mistake("The two results are in the wrong order: theta comes first, then the velocity. Look at the line with `return`.")
def swapped(theta, velocity, gradient, lr, gamma=0.9):
    velocity = gamma * velocity + lr * gradient
    return velocity, theta - velocity


@step.mistake(
    "Only theta comes back. The velocity is the memory of the method, and the function keeps none of its own: whoever calls it "
    "needs the new one for the next step. Return both."
)
def only_theta(theta, velocity, gradient, lr, gamma=0.9):
    return theta - (gamma * velocity + lr * gradient)


@step.mistake(
    "This is the step that some libraries take under the name of Nesterov: it moves by γν_t + η∇J. It is the next section's "
    "subject; here theta moves by ν_t itself."
)
def nesterov_step_of_libraries(theta, velocity, gradient, lr, gamma=0.9):
    velocity = gamma * velocity + lr * gradient
    return theta - gamma * velocity - lr * gradient, velocity


@step.mistake(
    "The results are squeezed into the arguments' own type: where theta holds whole numbers, the fractions are cut off. Look "
    "for an array made with `empty_like`, `zeros_like` or `copy` and filled afterwards; return the computed arrays instead.",
    passes=("trajectory", "shapes", "default"),
)
def truncated(theta, velocity, gradient, lr, gamma=0.9):
    new_theta, new_velocity = np.zeros_like(theta), np.zeros_like(velocity)
    new_velocity[...] = gamma * velocity + lr * gradient
    new_theta[...] = theta - new_velocity
    return new_theta, new_velocity


@step.mistake("In place: theta and the velocity that were passed in are changed.", gate="changes-arguments")
def in_place(theta, velocity, gradient, lr, gamma=0.9):
    try:
        velocity *= gamma
        velocity += lr * gradient
        theta -= velocity
    except TypeError:
        velocity = gamma * velocity + lr * gradient
        theta = theta - velocity
    return theta, velocity


@step.mistake("The velocity alone is changed in place.", gate="changes-arguments")
def velocity_in_place(theta, velocity, gradient, lr, gamma=0.9):
    try:
        velocity *= gamma
        velocity += lr * gradient
    except TypeError:
        velocity = gamma * velocity + lr * gradient
    return theta - velocity, velocity


@step.pair("rate-outside", "velocity-added")
def added_at_todays_rate(theta, velocity, gradient, lr, gamma=0.9):
    velocity = gamma * velocity + gradient
    return theta + lr * velocity, velocity


@step.pair("rate-outside", "velocity-downhill")
def downhill_at_todays_rate(theta, velocity, gradient, lr, gamma=0.9):
    velocity = gamma * velocity - gradient
    return theta + lr * velocity, velocity


@step.pair("averaged", "gamma-fixed")
def average_of_fixed_length(theta, velocity, gradient, lr, gamma=0.9):
    velocity = 0.9 * velocity + 0.1 * gradient
    return theta - lr * velocity, velocity


@step.pair("damped", "rate-twice")
def damped_with_the_rate_twice(theta, velocity, gradient, lr, gamma=0.9):
    velocity = gamma * velocity + (1 - gamma) * lr * gradient
    return theta - lr * velocity, velocity


@step.pair("rate-outside", "moved-by-the-old")
def old_velocity_at_todays_rate(theta, velocity, gradient, lr, gamma=0.9):
    return theta - lr * velocity, gamma * velocity + gradient


@step.right
def one_new_name(theta, velocity, gradient, lr, gamma=0.9):
    new_velocity = lr * gradient + velocity * gamma
    return theta - new_velocity, new_velocity


@step.right
def terms_apart(theta, velocity, gradient, lr, gamma=0.9):
    return theta - gamma * velocity - lr * gradient, gamma * velocity + lr * gradient


@step.right
def by_numpy(theta, velocity, gradient, lr, gamma=0.9):
    velocity = np.add(np.multiply(gamma, velocity), np.multiply(lr, gradient))
    return [np.subtract(theta, velocity), velocity]


@step.right
def coordinate_by_coordinate(theta, velocity, gradient, lr, gamma=0.9):
    new_theta, new_velocity = np.zeros(np.shape(theta)), np.zeros(np.shape(theta))
    for i in np.ndindex(*np.shape(theta)):
        new_velocity[i] = gamma * velocity[i] + lr * gradient[i]
        new_theta[i] = theta[i] - new_velocity[i]
    return new_theta, new_velocity


@step.right
def downhill_inside(theta, velocity, gradient, lr, gamma=0.9):
    push = gamma * -velocity - lr * gradient
    return (np.asarray(theta) + push).tolist(), (-push).tolist()


# A constant gradient --------------------------------------------------------------------------------------------------

terminal = Exercise(reference.terminal_velocity)


def _pull(rng, gamma, *shape):
    """A constant gradient whose first entry is negative, so that a lost sign is seen."""
    gradient = np.asarray(vector(rng, *shape))
    return {"gradient": np.asarray(-np.sign(gradient.flat[0]) * gradient), "lr": rates(rng, 1)[0], "gamma": gamma}


@terminal.part("is the sum of all that a constant gradient ever adds, whatever the share that is kept", weight=2)
def sum_of_all(rng):
    return [
        Call("terminal_velocity", _pull(rng, float(rng.uniform(0.2, 0.45)), 3), label="a short memory"),
        Call("terminal_velocity", _pull(rng, float(rng.uniform(0.96, 0.98)), 3), label="a long memory"),
        Call("terminal_velocity", _pull(rng, 0.0, 3), label="no memory"),
    ]


@terminal.part("works for a single number and for a matrix of parameters")
def any_shape(rng):
    return [
        Call("terminal_velocity", _pull(rng, _memory(rng)), label="a number"),
        Call("terminal_velocity", _pull(rng, _memory(rng), 2, 3), label="a matrix"),
    ]


@terminal.property("is the velocity that many steps of momentum under one gradient end with", kind="convergence")
def where_the_steps_end(student, rng):
    pull = _pull(rng, float(rng.uniform(0.85, 0.95)), 3)
    theta, velocity = np.zeros(3), np.zeros(3)
    for _ in range(600):  # 0.95⁶⁰⁰ is 4e-14: what is still missing of the limit
        theta, velocity = momentum_step(theta, velocity, **pull)
    close(student.terminal_velocity(**pull), velocity, where="the velocity after 600 steps")


@terminal.mistake(
    "This is the first step's velocity. The steps that follow keep a share of it and add as much again. Ask which velocity the "
    "rule leaves as it is: ν = γν + ηg."
)
def first_velocity(gradient, lr, gamma):
    return lr * gradient


@terminal.mistake(
    "1 − γ multiplies. With γ near 1 the velocity would be tiny, yet little friction makes it fast. Solve ν = γν + ηg for ν "
    "once more."
)
def times_one_minus_gamma(gradient, lr, gamma):
    return lr * gradient * (1 - gamma)


@terminal.mistake("The learning rate is missing. Every term of the sum is a γᵏηg. Look at what a single step adds.")
def rate_missing(gradient, lr, gamma):
    return gradient / (1 - gamma)


@terminal.mistake(
    "It is divided by 1 + γ: that is the sum for a gradient whose sign changes in every step, ηg(1 − γ + γ² − …). Here the "
    "sign stays. Look at the signs of the terms."
)
def alternating(gradient, lr, gamma):
    return lr * gradient / (1 + gamma)


@terminal.mistake(
    "The sum begins with γηg: today's gradient is missing, which no step has reduced yet. Look at the first term, γ⁰ = 1."
)
def first_term_missing(gradient, lr, gamma):
    return gamma * lr * gradient / (1 - gamma)


@terminal.mistake(
    "The sign is turned round. ν holds gradients, so it points uphill, as they do; it is θ = θ − ν that makes it a descent."
)
def turned_round(gradient, lr, gamma):
    return -lr * gradient / (1 - gamma)


@terminal.mistake(
    "This is the velocity after 100 steps. With a long memory that is not yet the end: add up the whole series, which has a "
    "closed form.",
    passes=("any_shape",),
)
def hundred_steps(gradient, lr, gamma):
    velocity = 0 * gradient
    for _ in range(100):
        velocity = gamma * velocity + lr * gradient
    return velocity


@terminal.mistake(
    "The direction is lost: this is the size of the gradient over 1 − γ. The velocity is an array with a sign for each parameter."
)
def size_alone(gradient, lr, gamma):
    return lr * np.abs(gradient) / (1 - gamma)


@terminal.mistake("In place: the gradient that was passed in is changed.", gate="changes-arguments")
def gradient_in_place(gradient, lr, gamma):
    gradient *= lr / (1 - gamma)
    return gradient


@terminal.pair("times-one-minus-gamma", "rate-missing")
def share_of_the_gradient(gradient, lr, gamma):
    return gradient * (1 - gamma)


@terminal.pair("first-term-missing", "rate-missing")
def past_gradients_alone(gradient, lr, gamma):
    return gamma * gradient / (1 - gamma)


@terminal.right
def per_unit_of_friction(gradient, lr, gamma):
    return gradient * (lr / (1.0 - gamma))


@terminal.right
def until_nothing_changes(gradient, lr, gamma):
    velocity = np.zeros_like(gradient)
    while True:
        faster = gamma * velocity + lr * gradient
        if np.all(np.abs(faster - velocity) <= 1e-14 * np.abs(faster)):
            return faster
        velocity = faster


@terminal.right
def geometric_series(gradient, lr, gamma):
    return lr * gradient * np.sum(gamma ** np.arange(3000))


@terminal.right
def as_a_list(gradient, lr, gamma):
    return np.divide(np.multiply(lr, gradient), 1 - gamma).tolist()


# The loop -------------------------------------------------------------------------------------------------------------

descent = Exercise(reference.momentum_descent, uses=(reference.momentum_step,))


def _walk(rng, d, n, theta0=None, **more):
    """Arguments for n steps in a random valley of d dimensions, with a rate that changes (and one to spare on each side)."""
    return {
        "gradient_of": GradientOf("quadratic", {"hessian": hessian(rng, d), "minimum": vector(rng, d)}),
        "theta0": 2 * vector(rng, d) if theta0 is None else theta0,
        "schedule": ScheduleOf(tuple(rates(rng, n + 2, 0.02, 0.12))),
        "n_steps": n,
        **more,
    }


@descent.part("keeps theta0 and all n_steps points after it, and carries the velocity from step to step", weight=2)
def path(rng):
    return [Call("momentum_descent", _walk(rng, 3, 7, gamma=_memory(rng)), label="a quadratic, seven steps", rows="step")]


@descent.part("works for a single number, for one step, and from whole numbers")
def starts(rng):
    well = {"gradient_of": GradientOf("double_well"), "theta0": np.array(rng.uniform(1.2, 1.8)), "n_steps": 5}
    well |= {"schedule": ScheduleOf(tuple(rates(rng, 7, 0.02, 0.12))), "gamma": _memory(rng)}
    whole = rng.integers(1, 9, size=2)
    return [
        Call("momentum_descent", well, label="the double well", rows="step"),
        Call("momentum_descent", _walk(rng, 2, 1, gamma=_memory(rng)), label="one step", rows="step"),
        Call("momentum_descent", _walk(rng, 2, 4, whole, gamma=_memory(rng)), label="from whole numbers", rows="step"),
    ]


@descent.part("keeps nine tenths of the velocity where no gamma is given")
def default_walk(rng):
    return [Call("momentum_descent", _walk(rng, 2, 5), label="gamma left out", rows="step")]


@descent.property("comes closer with ηλ just below 2(1 + γ), and runs away just above it", kind="convergence")
def both_sides_of_the_limit(student, rng):
    gamma = float(rng.uniform(0.4, 0.7))
    matrix = with_spectrum(rng, np.array([1.0, 2.0, rng.uniform(4.0, 9.0)]))
    eigenvalues, directions = np.linalg.eigh(matrix)
    for share in (0.97, 1.03):
        lr = share * 2 * (1 + gamma) / eigenvalues[-1]
        points = student.momentum_descent(
            gradient_of=GradientOf("quadratic", {"hessian": matrix}), theta0=directions[:, -1],
            schedule=lambda t, lr=lr: lr, n_steps=60, gamma=gamma,
        )  # fmt: skip
        distance = np.linalg.norm(_numbers(points, (61, 3), "the points of 60 steps")[-1])
        # From distance 1 in the steepest direction: over these γ 0.84⁶⁰ or less below the limit, 1.12⁶⁰ or more above it.
        if share < 1 and not distance < 0.01:
            raise CheckFailed(f"with ηλ at {share:g} of 2(1 + γ) it should converge, and is {distance:.2g} away after 60 steps")
        if share > 1 and not distance > 10:
            raise CheckFailed(f"with ηλ at {share:g} of 2(1 + γ) it should diverge, and is {distance:.2g} away after 60 steps")


@descent.property("leaves the shallow valley of the double well with γ = 0.9, and is caught in it with γ = 0", kind="convergence")
def leaves_the_shallow_valley(student, rng):
    lr = float(rng.uniform(0.045, 0.06))  # with smaller ones a walk that starts too fast may end in the right valley by luck
    deep, _, shallow = np.sort(np.roots([1.0, 0.0, -1.0, 0.2]).real)
    for gamma, valley, name in ((0.0, shallow, "right"), (0.9, deep, "left")):
        points = student.momentum_descent(
            gradient_of=GradientOf("double_well"), theta0=np.array(1.9), schedule=lambda t: lr, n_steps=150, gamma=gamma
        )
        last = _numbers(points, (151,), "the points of 150 steps")[-1]
        if not abs(last - valley) < 0.05:
            raise CheckFailed(f"γ = {gamma:g} should end in the valley on the {name}, at {valley:.2f}; yours ends at {last:.3g}")


@descent.mistake(
    "The velocity starts from zero in every step, so nothing is carried over: this is gradient descent. Look at whether the "
    "velocity that a step returns reaches the next one."
)
def velocity_not_carried(gradient_of, theta0, schedule, n_steps, gamma=0.9):
    points = [np.array(theta0, dtype=float)]
    velocity = np.zeros_like(points[0])
    for t in range(1, n_steps + 1):
        theta, _ = momentum_step(points[-1], velocity, gradient_of(points[-1]), schedule(t), gamma)
        points.append(theta)
    return np.array(points)


@descent.mistake(
    "gamma is not handed on: every step uses the default 0.9. Look at the last argument of momentum_step.",
    passes=("default_walk",),
)
def gamma_not_handed_on(gradient_of, theta0, schedule, n_steps, gamma=0.9):
    points = [np.array(theta0, dtype=float)]
    velocity = np.zeros_like(points[0])
    for t in range(1, n_steps + 1):
        theta, velocity = momentum_step(points[-1], velocity, gradient_of(points[-1]), schedule(t))
        points.append(theta)
    return np.array(points)


@descent.mistake(
    "The rate stands outside the velocity: today's rate multiplies all gradients of the past. While the rate is constant, the "
    "walk is the same; with a schedule it is PyTorch's, not the lecture's. Use your momentum_step, or look at where η_t stands.",
    passes=("both_sides_of_the_limit", "leaves_the_shallow_valley"),
)
def rate_outside_the_velocity(gradient_of, theta0, schedule, n_steps, gamma=0.9):
    points = [np.array(theta0, dtype=float)]
    velocity = np.zeros_like(points[0])
    for t in range(1, n_steps + 1):
        velocity = gamma * velocity + gradient_of(points[-1])
        points.append(points[-1] - schedule(t) * velocity)
    return np.array(points)


@descent.mistake(
    "The gradient is taken at theta0 in every step. Each step needs the gradient at the point where it stands. Look at the "
    "argument of gradient_of inside the loop."
)
def stale_gradient(gradient_of, theta0, schedule, n_steps, gamma=0.9):
    points = [np.array(theta0, dtype=float)]
    velocity, gradient = np.zeros_like(points[0]), gradient_of(theta0)
    for t in range(1, n_steps + 1):
        theta, velocity = momentum_step(points[-1], velocity, gradient, schedule(t), gamma)
        points.append(theta)
    return np.array(points)


@descent.mistake(
    "The gradient is taken at θ − γν, one jump ahead. That is Nesterov's method, the next section's; momentum asks where it "
    "stands, at θ.",
    passes=("leaves_the_shallow_valley",),
)
def gradient_ahead(gradient_of, theta0, schedule, n_steps, gamma=0.9):
    points = [np.array(theta0, dtype=float)]
    velocity = np.zeros_like(points[0])
    for t in range(1, n_steps + 1):
        gradient = gradient_of(points[-1] - gamma * velocity)
        theta, velocity = momentum_step(points[-1], velocity, gradient, schedule(t), gamma)
        points.append(theta)
    return np.array(points)


@descent.mistake(
    "The walk does not begin at rest: its first velocity is the whole gradient at theta0. Nothing has been gathered before the "
    "first step. Look at what the velocity is before the loop.",
    passes=("both_sides_of_the_limit",),
)
def starts_with_the_gradient(gradient_of, theta0, schedule, n_steps, gamma=0.9):
    points = [np.array(theta0, dtype=float)]
    gradient = gradient_of(points[0])
    velocity = gradient
    for t in range(1, n_steps + 1):
        theta, velocity = momentum_step(points[-1], velocity, gradient, schedule(t), gamma)
        points.append(theta)
        gradient = gradient_of(theta) if t < n_steps else None
    return np.array(points)


@descent.mistake(
    "The two results of momentum_step are taken in the wrong order: the velocity is kept as the point. Look at the left side "
    "of that assignment."
)
def results_swapped(gradient_of, theta0, schedule, n_steps, gamma=0.9):
    points = [np.array(theta0, dtype=float)]
    velocity = np.zeros_like(points[0])
    for t in range(1, n_steps + 1):
        velocity, theta = momentum_step(points[-1], velocity, gradient_of(points[-1]), schedule(t), gamma)
        points.append(theta)
    return np.array(points)


@descent.mistake(
    "theta0 is missing: these are the points after the steps alone. n_steps steps join n_steps + 1 points. Look at what the "
    "list holds before the loop begins."
)
def no_start(gradient_of, theta0, schedule, n_steps, gamma=0.9):
    theta, velocity, points = theta0, np.zeros(np.shape(theta0)), []
    for t in range(1, n_steps + 1):
        theta, velocity = momentum_step(theta, velocity, gradient_of(theta), schedule(t), gamma)
        points.append(theta)
    return np.array(points)


@descent.mistake(
    "The last step is missing: there are n_steps points, theta0 among them, and so one step too few. Look at where the range "
    "of the loop ends."
)
def one_step_short(gradient_of, theta0, schedule, n_steps, gamma=0.9):
    points = [np.array(theta0, dtype=float)]
    velocity = np.zeros_like(points[0])
    for t in range(1, n_steps):
        theta, velocity = momentum_step(points[-1], velocity, gradient_of(points[-1]), schedule(t), gamma)
        points.append(theta)
    return np.array(points)


@descent.mistake(
    "Only the last point comes back. Every point of the walk is wanted, since the figure draws them all. Look at where the "
    "points are collected."
)
def only_the_last(gradient_of, theta0, schedule, n_steps, gamma=0.9):
    theta, velocity = theta0, np.zeros(np.shape(theta0))
    for t in range(1, n_steps + 1):
        theta, velocity = momentum_step(theta, velocity, gradient_of(theta), schedule(t), gamma)
    return theta


@descent.mistake(
    "All points are the last one: the list holds one and the same array many times, and each step in place changes them all. "
    "Look for `theta -= …` or `theta[...] = …` in the loop; make a new array in each step.",
    passes=("both_sides_of_the_limit", "leaves_the_shallow_valley"),
)
def one_array_for_all(gradient_of, theta0, schedule, n_steps, gamma=0.9):
    theta = np.array(theta0, dtype=float)
    velocity, points = np.zeros_like(theta), [theta]
    for t in range(1, n_steps + 1):
        theta[...], velocity = momentum_step(theta, velocity, gradient_of(theta), schedule(t), gamma)
        points.append(theta)
    return np.array(points)


@descent.mistake(
    "The points are kept in an array of theta0's own type: where theta0 holds whole numbers, each point loses its fraction on "
    "being stored. Make the array of floats.",
    passes=("path", "default_walk", "both_sides_of_the_limit", "leaves_the_shallow_valley"),
)
def stored_as_whole_numbers(gradient_of, theta0, schedule, n_steps, gamma=0.9):
    points = np.array([theta0] * (n_steps + 1))
    theta, velocity = theta0, np.zeros(np.shape(theta0))
    for t in range(1, n_steps + 1):
        theta, velocity = momentum_step(theta, velocity, gradient_of(theta), schedule(t), gamma)
        points[t] = theta
    return points


@descent.mistake(
    "The schedule is asked for t − 1: the first step used schedule(0), and the steps are numbered from 1. Look at the range of "
    "the loop and at the argument of schedule.",
    passes=("both_sides_of_the_limit", "leaves_the_shallow_valley"),
)
def schedule_from_zero(gradient_of, theta0, schedule, n_steps, gamma=0.9):
    points = [np.array(theta0, dtype=float)]
    velocity = np.zeros_like(points[0])
    for t in range(n_steps):
        theta, velocity = momentum_step(points[-1], velocity, gradient_of(points[-1]), schedule(t), gamma)
        points.append(theta)
    return np.array(points)


@descent.mistake(
    "The schedule is asked for t + 1: the first step already uses schedule(2). Look at the argument of schedule: the step that "
    "is being made has the number t.",
    passes=("both_sides_of_the_limit", "leaves_the_shallow_valley"),
)
def schedule_ahead(gradient_of, theta0, schedule, n_steps, gamma=0.9):
    points = [np.array(theta0, dtype=float)]
    velocity = np.zeros_like(points[0])
    for t in range(1, n_steps + 1):
        theta, velocity = momentum_step(points[-1], velocity, gradient_of(points[-1]), schedule(t + 1), gamma)
        points.append(theta)
    return np.array(points)


@descent.mistake(
    "The rate of the first step is kept for all of them. A schedule has a rate for each step. Look at whether schedule is asked "
    "inside the loop.",
    passes=("both_sides_of_the_limit", "leaves_the_shallow_valley"),
)
def first_rate_kept(gradient_of, theta0, schedule, n_steps, gamma=0.9):
    lr = schedule(1)
    points = [np.array(theta0, dtype=float)]
    velocity = np.zeros_like(points[0])
    for _ in range(n_steps):
        theta, velocity = momentum_step(points[-1], velocity, gradient_of(points[-1]), lr, gamma)
        points.append(theta)
    return np.array(points)


@descent.mistake("The gradient is computed twice in each step.", gate="calls")
def gradient_twice(gradient_of, theta0, schedule, n_steps, gamma=0.9):
    points = [np.array(theta0, dtype=float)]
    velocity = np.zeros_like(points[0])
    for t in range(1, n_steps + 1):
        if not np.all(np.isfinite(gradient_of(points[-1]))):
            break
        theta, velocity = momentum_step(points[-1], velocity, gradient_of(points[-1]), schedule(t), gamma)
        points.append(theta)
    return np.array(points)


@descent.mistake("theta0 is changed in place.", gate="changes-arguments")
def start_moved(gradient_of, theta0, schedule, n_steps, gamma=0.9):
    theta, points = theta0, [np.array(theta0, dtype=float)]
    velocity = np.zeros(np.shape(theta0))
    for t in range(1, n_steps + 1):
        _, velocity = momentum_step(theta, velocity, gradient_of(theta), schedule(t), gamma)
        try:
            theta -= velocity
        except TypeError:
            theta = theta - velocity
        points.append(np.array(theta))
    return np.array(points)


@descent.pair("no-start", "schedule-from-zero")
def counted_from_zero_without_start(gradient_of, theta0, schedule, n_steps, gamma=0.9):
    theta, velocity, points = theta0, np.zeros(np.shape(theta0)), []
    for t in range(n_steps):
        theta, velocity = momentum_step(theta, velocity, gradient_of(theta), schedule(t), gamma)
        points.append(theta)
    return np.array(points)


@descent.pair("one-step-short", "schedule-ahead")
def loop_from_two(gradient_of, theta0, schedule, n_steps, gamma=0.9):
    points = [np.array(theta0, dtype=float)]
    velocity = np.zeros_like(points[0])
    for t in range(2, n_steps + 1):
        theta, velocity = momentum_step(points[-1], velocity, gradient_of(points[-1]), schedule(t), gamma)
        points.append(theta)
    return np.array(points)


@descent.pair("stale-gradient", "first-rate-kept")
def all_asked_before_the_loop(gradient_of, theta0, schedule, n_steps, gamma=0.9):
    points = [np.array(theta0, dtype=float)]
    velocity, gradient, lr = np.zeros_like(points[0]), gradient_of(theta0), schedule(1)
    for _ in range(n_steps):
        theta, velocity = momentum_step(points[-1], velocity, gradient, lr, gamma)
        points.append(theta)
    return np.array(points)


@descent.pair("gamma-not-handed-on", "schedule-from-zero")
def default_gamma_counted_from_zero(gradient_of, theta0, schedule, n_steps, gamma=0.9):
    points = [np.array(theta0, dtype=float)]
    velocity = np.zeros_like(points[0])
    for t in range(n_steps):
        theta, velocity = momentum_step(points[-1], velocity, gradient_of(points[-1]), schedule(t))
        points.append(theta)
    return np.array(points)


@descent.pair("velocity-not-carried", "no-start")
def at_rest_in_each_step_without_start(gradient_of, theta0, schedule, n_steps, gamma=0.9):
    theta, velocity, points = theta0, np.zeros(np.shape(theta0)), []
    for t in range(1, n_steps + 1):
        theta, _ = momentum_step(theta, velocity, gradient_of(theta), schedule(t), gamma)
        points.append(theta)
    return np.array(points)


@descent.right
def list_of_points(gradient_of, theta0, schedule, n_steps, gamma=0.9):
    points, velocity = [theta0], np.zeros_like(theta0)
    for t in range(1, n_steps + 1):
        theta, velocity = momentum_step(points[-1], velocity, gradient_of(points[-1]), schedule(t), gamma)
        points.append(theta)
    return points


@descent.right
def rule_written_out(gradient_of, theta0, schedule, n_steps, gamma=0.9):
    points = np.zeros((n_steps + 1, *np.shape(theta0)))
    points[0], velocity = theta0, 0.0
    for k in range(n_steps):
        velocity = schedule(k + 1) * gradient_of(points[k]) + gamma * velocity
        points[k + 1] = points[k] - velocity
    return points


@descent.right
def by_differences(gradient_of, theta0, schedule, n_steps, gamma=0.9):
    points = [np.asarray(theta0, dtype=float)] * 2
    for t in range(1, n_steps + 1):
        points.append(points[-1] + gamma * (points[-1] - points[-2]) - schedule(t) * gradient_of(points[-1]))
    return points[1:]


@descent.right
def gradients_remembered(gradient_of, theta0, schedule, n_steps, gamma=0.9):
    theta, pushes = np.array(theta0, dtype=float), []
    points = [theta]
    while len(pushes) < n_steps:
        pushes.append(schedule(len(pushes) + 1) * gradient_of(theta))
        theta = theta - sum(gamma**age * push for age, push in enumerate(reversed(pushes)))
        points.append(theta)
    return np.stack(points)


# How fast it converges ------------------------------------------------------------------------------------------------

factor = Exercise(reference.momentum_contraction)


@factor.part("is the largest modulus of a root, over all eigenvalues, real or complex", weight=2)
def largest_modulus(rng):
    cases = []
    # In units of ηL: the flattest direction creeps, all directions swing, the steepest overshoots, and runs away.
    for label, gamma, target in (
        ("a small rate", 0.35, 0.12),
        ("a middling rate", 0.72, 1.3),
        ("below the limit", 0.43, 2.84),
        ("above the limit", 0.58, 3.5),
    ):
        matrix = hessian(rng, 4)
        gamma += float(rng.uniform(-0.02, 0.02))
        lr = target / float(np.linalg.eigvalsh(matrix)[-1])
        cases.append(Call("momentum_contraction", {"hessian": matrix, "lr": lr, "gamma": gamma}, label=label))
    return cases


@factor.part("is gradient descent's factor where nothing is kept, γ = 0")
def without_memory(rng):
    cases = []
    for label, share in (("a small rate", 0.2), ("near the limit", 0.95), ("above the limit", 1.2)):
        matrix = hessian(rng, 3)
        lr = share * 2 / float(np.linalg.eigvalsh(matrix)[-1])
        cases.append(Call("momentum_contraction", {"hessian": matrix, "lr": lr, "gamma": 0.0}, label=label))
    return cases


@factor.property("is 1 at ηλ = 2(1 + γ), below 1 before it and above 1 beyond", kind="convergence")
def one_at_the_limit(student, rng):
    for gamma in (0.9, float(rng.uniform(0.3, 0.8))):
        matrix = hessian(rng, 3)
        limit = 2 * (1 + gamma) / np.linalg.eigvalsh(matrix)[-1]
        for share, converges in ((0.4, True), (0.999, True), (1.001, False), (1.5, False)):
            value = _numbers(student.momentum_contraction(hessian=matrix, lr=share * limit, gamma=gamma), (), "the factor")
            if not np.isfinite(value) or (value < 1) != converges:
                side = "below" if converges else "above"
                raise CheckFailed(f"at {share:g} of the limit 2(1 + γ)/L, γ = {gamma:.3g}, the factor should be {side} 1")
        close(student.momentum_contraction(hessian=matrix, lr=limit, gamma=gamma), 1.0, where="the factor at the limit")


@factor.property("is (√κ − 1)/(√κ + 1) at the best pair, and larger with another rate", kind="exact")
def at_the_best_pair(student, rng):
    for kappa in (100.0, float(rng.uniform(5.0, 50.0))):
        matrix = with_spectrum(rng, np.array([1.0, 0.5 * kappa, kappa]))
        lr, gamma = reference.optimal_heavy_ball(matrix)
        got = student.momentum_contraction(hessian=matrix, lr=lr, gamma=gamma)
        # Here the two roots of the extreme directions coincide: a rounding of 1e-16 in the coefficients moves a double root
        # by its square root, 1e-8, so that no formula can be held to the usual 1e-9.
        least = (np.sqrt(kappa) - 1) / (np.sqrt(kappa) + 1)
        close(got, least, rtol=1e-6, where="the factor at the best pair")
        for share in (0.9, 1.1):
            value = _numbers(student.momentum_contraction(hessian=matrix, lr=share * lr, gamma=gamma), (), "the factor")
            if not value > 1.001 * least:
                raise CheckFailed(f"at {share:g} of the best rate the factor should be above {least:.5g}; yours is {value:.5g}")


@factor.mistake(
    "Only the steepest direction is looked at. With a small rate the flattest one is the slowest: take the worst of all.",
    passes=("one_at_the_limit",),
)
def only_steepest(hessian, lr, gamma):
    steepest = np.linalg.eigvalsh(hessian)[-1]
    return np.max(np.abs(np.roots([1, -(1 + gamma - lr * steepest), gamma])))


@factor.mistake(
    "This is √γ, whatever the rate. It is right where both roots are complex: their product is γ, and they are equally far "
    "from 0. Where the discriminant is positive, the roots are real and one is larger."
)
def root_of_gamma(hessian, lr, gamma):
    return np.sqrt(gamma)


@factor.mistake(
    "This is gradient descent's factor |1 − ηλ|: the memory is left out. With a velocity the error obeys a recursion of two "
    "steps, and its roots decide.",
    passes=("without_memory",),
)
def gradient_descents_factor(hessian, lr, gamma):
    return np.max(np.abs(1 - lr * np.linalg.eigvalsh(hessian)))


@factor.mistake(
    "These are the roots of Nesterov's recursion, where 1 − ηλ multiplies γ too. Momentum's gradient is taken at θ itself: "
    "write down its recursion again.",
    passes=("without_memory",),
)
def nesterovs_roots(hessian, lr, gamma):
    shrink = 1 - lr * np.linalg.eigvalsh(hessian)
    return np.max([np.abs(np.roots([1, -(1 + gamma) * s, gamma * s])) for s in shrink])


@factor.mistake(
    "γ has the wrong sign in the equation. Bring all three terms of the error's recursion to one side, and look at which sign "
    "the last one has there.",
    passes=("without_memory",),
)
def gamma_subtracted(hessian, lr, gamma):
    return np.max([np.abs(np.roots([1, -(1 + gamma - lr * value), -gamma])) for value in np.linalg.eigvalsh(hessian)])


@factor.mistake(
    "The smaller root of each pair is taken. In the long run the larger one is what is left of the error. Look at min and max."
)
def smaller_root(hessian, lr, gamma):
    return np.max([np.abs(np.roots([1, -(1 + gamma - lr * value), gamma])).min() for value in np.linalg.eigvalsh(hessian)])


@factor.mistake(
    "Where the discriminant is negative, it is taken for 0, so that the imaginary part of the roots is lost. Use complex numbers: "
    "`np.roots` does, and so does `np.sqrt` of a complex argument.",
    passes=("without_memory", "one_at_the_limit", "at_the_best_pair"),
)
def discriminant_cut_off(hessian, lr, gamma):
    b = 1 + gamma - lr * np.linalg.eigvalsh(hessian)
    root = np.sqrt(np.maximum(b**2 - 4 * gamma, 0))
    return np.max(np.abs([(b + root) / 2, (b - root) / 2]))


@factor.mistake("Only the root with the plus sign is taken. Where 1 + γ − ηλ is negative, the other one is the larger: take both.")
def plus_sign_only(hessian, lr, gamma):
    b = 1 + gamma - lr * np.linalg.eigvalsh(hessian)
    return np.max(np.abs((b + np.sqrt(b**2 - 4 * gamma + 0j)) / 2))


@factor.mistake(
    "The real part of the roots is taken instead of their modulus. A root a + bi multiplies the error by √(a² + b²) in each "
    "step, and a negative one shrinks it as a positive one does."
)
def real_part(hessian, lr, gamma):
    return np.max([np.roots([1, -(1 + gamma - lr * value), gamma]).real for value in np.linalg.eigvalsh(hessian)])


@factor.mistake(
    "This is a norm of the step's matrix, the most that one single step can stretch error and memory together. In the long run "
    "its eigenvalues decide."
)
def norm_of_the_matrix(hessian, lr, gamma):
    return max(np.linalg.norm([[1 + gamma - lr * value, -gamma], [1, 0]], 2) for value in np.linalg.eigvalsh(hessian))


@factor.mistake(
    "The gradient is damped by 1 − γ, as in an average. The lecture's velocity adds all of η∇J: look at the coefficient of λ.",
    passes=("without_memory",),
)
def damped_gradient(hessian, lr, gamma):
    b = 1 + gamma - (1 - gamma) * lr * np.linalg.eigvalsh(hessian)
    return np.max([np.abs(np.roots([1, -value, gamma])) for value in b])


@factor.pair("plus-sign-only", "discriminant-cut-off")
def one_real_root(hessian, lr, gamma):
    b = 1 + gamma - lr * np.linalg.eigvalsh(hessian)
    return np.max(np.abs((b + np.sqrt(np.maximum(b**2 - 4 * gamma, 0))) / 2))


@factor.pair("only-steepest", "plus-sign-only")
def one_root_of_the_steepest(hessian, lr, gamma):
    b = 1 + gamma - lr * np.linalg.eigvalsh(hessian)[-1]
    return np.abs((b + np.sqrt(b**2 - 4 * gamma + 0j)) / 2)


@factor.right
def by_formula(hessian, lr, gamma):
    b = 1 + gamma - lr * np.linalg.eigvalsh(hessian)
    root = np.sqrt(b.astype(complex) ** 2 - 4 * gamma)
    return float(np.maximum(abs(b + root), abs(b - root)).max() / 2)


@factor.right
def by_companion_matrices(hessian, lr, gamma):
    worst = 0.0
    for value in np.linalg.eigvalsh(hessian):
        companion = np.array([[1 + gamma - lr * value, -gamma], [1.0, 0.0]])
        worst = max(worst, np.abs(np.linalg.eigvals(companion)).max())
    return worst


@factor.right
def by_the_whole_step(hessian, lr, gamma):
    # The step as one linear map of (θ, ν): 2d × 2d.
    identity = np.eye(len(hessian))
    step = np.block([[identity - lr * hessian, -gamma * identity], [lr * hessian, gamma * identity]])
    return np.max(np.abs(np.linalg.eigvals(step)))


@factor.right
def by_cases(hessian, lr, gamma):
    largest = []
    for value in np.linalg.eigvalsh(hessian):
        half = (1 + gamma - lr * value) / 2
        inside = half**2 - gamma
        largest.append(gamma**0.5 if inside < 0 else abs(half) + inside**0.5)
    return max(largest)


# The best pair --------------------------------------------------------------------------------------------------------

best = Exercise(reference.optimal_heavy_ball)


@best.part("is the rate and the memory with which the flattest and the steepest direction shrink alike", weight=2)
def best_pair(rng):
    return [
        Call("optimal_heavy_ball", {"hessian": hessian(rng, 4)}, label="four parameters"),
        Call("optimal_heavy_ball", {"hessian": hessian(rng, 2)}, label="two parameters"),
        Call("optimal_heavy_ball", {"hessian": np.array([[rng.uniform(2, 5)]])}, label="one parameter"),
    ]


@best.property("shrinks the error by (√κ − 1)/(√κ + 1) a step: 9/11 where κ = 100", kind="exact")
def best_factor(student, rng):
    for kappa in (100.0, float(rng.uniform(5.0, 50.0))):
        matrix = with_spectrum(rng, rng.uniform(0.3, 2.0) * np.array([1.0, 0.4 * kappa, kappa]))
        pair = _numbers(student.optimal_heavy_ball(hessian=matrix), (2,), "the pair (lr, gamma)")
        if not np.all(np.isfinite(pair)):
            raise CheckFailed("lr and gamma should be finite numbers")
        # Both extreme directions have a double root here, and rounding moves a double root by its own square root: see
        # the factor's check. So 1e-6, not 1e-9.
        got = reference.momentum_contraction(matrix, *pair)
        close(got, (np.sqrt(kappa) - 1) / (np.sqrt(kappa) + 1), rtol=1e-6, where=f"the factor with your pair, κ = {kappa:.3g}")


@best.mistake(
    "γ is not squared: this is the factor by which the error shrinks. The two roots multiply to γ, and at the best pair both "
    "have that modulus."
)
def gamma_not_squared(hessian):
    low, *_, high = np.sqrt(np.linalg.eigvalsh(hessian)[[0, -1]])
    return 4 / (high + low) ** 2, (high - low) / (high + low)


@best.mistake(
    "The sum of the roots is not squared in the rate. A rate has the unit of 1/λ, and this has that of 1/√λ. Look at the "
    "denominator once more."
)
def rate_not_squared(hessian):
    low, high = np.sqrt(np.linalg.eigvalsh(hessian)[[0, -1]])
    return 4 / (high + low), ((high - low) / (high + low)) ** 2


@best.mistake(
    "The rate is 2/(L + μ), gradient descent's best. With a memory a larger one is better, up to nearly twice as large. Let "
    "the steepest direction have a double root too."
)
def gradient_descents_rate(hessian):
    eigenvalues = np.linalg.eigvalsh(hessian)
    low, high = np.sqrt(eigenvalues[[0, -1]])
    return 2 / (eigenvalues[0] + eigenvalues[-1]), ((high - low) / (high + low)) ** 2


@best.mistake(
    "The eigenvalues themselves are used where their square roots belong. It is the root of κ that counts: that is what "
    "momentum wins."
)
def roots_forgotten(hessian):
    low, high = np.linalg.eigvalsh(hessian)[[0, -1]]
    return 4 / (high + low) ** 2, ((high - low) / (high + low)) ** 2


@best.mistake(
    "This is 1/L with (√κ − 1)/(√κ + 1), the usual pair of Nesterov's method. The heavy ball has its own: look for the pair "
    "that makes the roots of both extreme directions double."
)
def nesterovs_pair(hessian):
    low, high = np.linalg.eigvalsh(hessian)[[0, -1]]
    return 1 / high, (np.sqrt(high / low) - 1) / (np.sqrt(high / low) + 1)


@best.mistake(
    "The rate is 1/L, and γ is the best for that rate. A larger rate with a smaller γ is better still: the steepest direction "
    "has room for it."
)
def best_for_the_safe_rate(hessian):
    low, high = np.linalg.eigvalsh(hessian)[[0, -1]]
    return 1 / high, (1 - np.sqrt(low / high)) ** 2


@best.mistake("The pair is in the wrong order: the rate comes first, then γ. Look at the line with `return`.")
def pair_swapped(hessian):
    low, high = np.sqrt(np.linalg.eigvalsh(hessian)[[0, -1]])
    return ((high - low) / (high + low)) ** 2, 4 / (high + low) ** 2


@best.mistake(
    "γ is 0.9, the recommended value. It is a good guess where the curvatures are not known; here they are, and the best γ "
    "depends on them."
)
def recommended_gamma(hessian):
    low, high = np.sqrt(np.linalg.eigvalsh(hessian)[[0, -1]])
    return 4 / (high + low) ** 2, 0.9


@best.pair("rate-not-squared", "gamma-not-squared")
def neither_squared(hessian):
    low, high = np.sqrt(np.linalg.eigvalsh(hessian)[[0, -1]])
    return 4 / (high + low), (high - low) / (high + low)


@best.pair("roots-forgotten", "gamma-not-squared")
def eigenvalues_not_squared(hessian):
    low, high = np.linalg.eigvalsh(hessian)[[0, -1]]
    return 4 / (high + low) ** 2, (high - low) / (high + low)


@best.pair("gradient-descents-rate", "gamma-not-squared")
def gradient_descents_rate_with_the_factor(hessian):
    eigenvalues = np.linalg.eigvalsh(hessian)
    low, high = np.sqrt(eigenvalues[[0, -1]])
    return 2 / (eigenvalues[0] + eigenvalues[-1]), (high - low) / (high + low)


@best.right
def by_condition_number(hessian):
    eigenvalues = np.linalg.eigvalsh(hessian)
    root = np.sqrt(np.max(eigenvalues) / np.min(eigenvalues))
    return float(4 / (np.min(eigenvalues) * (root + 1) ** 2)), float(((root - 1) / (root + 1)) ** 2)


@best.right
def gamma_from_the_rate(hessian):
    low, high = np.linalg.eigvalsh(hessian)[[0, -1]]
    lr = 4 / (np.sqrt(low) + np.sqrt(high)) ** 2
    return [lr, (1 - np.sqrt(lr * low)) ** 2]


@best.right
def multiplied_out(hessian):
    eigenvalues = sorted(np.linalg.eigh(hessian)[0])
    low, high = eigenvalues[0], eigenvalues[-1]
    both = low + high + 2 * np.sqrt(low * high)
    return 4 / both, (low + high - 2 * np.sqrt(low * high)) / both


@best.right
def as_an_array(hessian):
    values = np.linalg.svd(hessian, compute_uv=False) ** 0.5
    return np.array([2.0, values[0] - values[-1]]) ** 2 / (values[0] + values[-1]) ** 2


# The question ---------------------------------------------------------------------------------------------------------

question = Question(
    "jumps_over",
    reference.jumps_over,
    {
        "a": "The gradient there is zero up to rounding, and a rounding error would move nothing. Gradient descent does stop.",
        "b": "The gradient adds nothing, but a share γ of the velocity is left: what was gathered on the slope carries θ on.",
        "c": "A rate beyond the limit makes the swings grow without end. Here they shrink, and the walk settles in a valley.",
        "d": "The rule knows the gradient at one point alone. That the other valley is deeper is luck: from the left it "
        "jumps out of the deep one just as well.",
    },
)


# What the figures show of the reference -------------------------------------------------------------------------------

GAMMAS = [0.0, 0.5, 0.8, 0.9, 0.95]


def _run(objective, lr, gamma, n_steps, start=None):
    chosen = objectives.get(objective)
    start = chosen.start if start is None else start
    return reference.momentum_descent(chosen.gradient, start, lambda t: lr, n_steps, gamma)


def _factors(gamma):
    """The factor of one direction of curvature 1, for ηλ = 0.02, 0.04, …, 4."""
    return [reference.momentum_contraction(np.array([[1.0]]), 0.02 * k, gamma) for k in range(1, 201)]


def _velocities(gamma):
    """The velocity under fifty equal gradients of 1."""
    return run_stream(reference.momentum_step, np.ones(50), keep=lambda theta, velocity, t: velocity, lr=0.1, gamma=gamma)


def _best(number):
    """In the ravine: gradient descent at its best rate, momentum 0.9 at that rate, momentum with the best pair."""
    lr = 2 / 21
    pairs = [(lr, 0.0), (lr, 0.9), reference.optimal_heavy_ball(np.diag([1.0, 20.0]))]
    return _run("ravine", *pairs[int(number)], 40)


GHOSTS = {
    "steps": Ghost(
        lambda lr, gamma: corners(reference.momentum_step, "bowl", 8, lr=lr, gamma=gamma),
        {"lr": [0.1, 0.2, 0.4], "gamma": [0.5, 0.9]},
        {"lr": 0.2, "gamma": 0.9},
    ),
    "run_up": Ghost(_velocities, {"gamma": [0.0, 0.5, 0.9]}, {"gamma": 0.9}),
    "best_pair": Ghost(_best, {"number": [0, 1, 2]}, {"number": 2}),
    "ravine": Ghost(
        lambda lr, gamma: _run("ravine", lr, gamma, 120),
        {"lr": [0.003, 0.01, 0.03, 0.09], "gamma": GAMMAS},
        {"lr": 0.01, "gamma": 0.9},
    ),
    "double_well": Ghost(
        lambda lr, gamma: _run("double_well", lr, gamma, 150),
        {"lr": [0.01, 0.05, 0.1], "gamma": GAMMAS},
        {"lr": 0.05, "gamma": 0.9},
    ),
    "from_the_left": Ghost(lambda gamma: _run("double_well", 0.05, gamma, 150, np.array(-1.9)), {"gamma": GAMMAS}, {"gamma": 0.9}),
    "contraction": Ghost(_factors, {"gamma": GAMMAS}, {"gamma": 0.9}),
}
