"""Checks and known mistakes of section 14, the race of all methods."""

from __future__ import annotations

from typing import Any

import numpy as np

from descentlab import landscapes, networks, objectives
from descentlab.checks import (
    Call,
    CheckFailed,
    Exercise,
    GradientOf,
    Question,
    Raised,
    Stepper,
    SteppersOf,
    ask,
    close,
)
from descentlab.checks.values import as_numbers, plain
from grader_tests._draws import hessian, vector
from grader_tests._ghosts import Ghost
from reference_impl import s14_visualization as reference
from reference_impl.s02_gradient_descent import gd_step
from reference_impl.s06_momentum import momentum_step
from reference_impl.s07_nesterov import lookahead, nesterov_step
from reference_impl.s09_adagrad import adagrad_step
from reference_impl.s10_rmsprop import exponential_average, rmsprop_step
from reference_impl.s11_adadelta import adadelta_step, rms
from reference_impl.s12_adam import adam_step, bias_correction, update_moments

# The race ---------------------------------------------------------------------------------------------------------------------

race = Exercise(reference.race)
BOTH = SteppersOf(("wanderer", "swing"))


def _race(rng, gradient_of, theta0, n_steps, label="", steppers=BOTH):
    arguments = {"steppers": steppers, "gradient_of": gradient_of, "theta0": theta0, "n_steps": n_steps}
    return Call("race", arguments, label=label)


def _valley(rng, d, **options):
    return GradientOf("quadratic", {"hessian": hessian(rng, d), "minimum": vector(rng, d)}, **options)


@race.part("lets every stepper walk from the start, with its own state and the number of each step", weight=2)
def all_paths(rng):
    # Who lets the steppers walk in turn asks for the gradients in another order, and is right too.
    return [_race(rng, _valley(rng, 3, places=False), vector(rng, 3), int(rng.integers(4, 8)))]


@race.part("works for a single stepper, a single number, whole numbers, and no step at all")
def small_races(rng):
    alone = SteppersOf(("wanderer",))
    return [
        _race(rng, _valley(rng, 2), vector(rng, 2), 4, "one stepper", alone),
        _race(rng, GradientOf("double_well"), vector(rng), 3, "theta a number", alone),
        _race(rng, _valley(rng, 2), rng.integers(1, 9, size=2), 3, "theta of whole numbers", alone),
        _race(rng, _valley(rng, 2), vector(rng, 2), 0, "no step", alone),
    ]


@race.property("hands on a state of any kind as it is")
def any_state(student, rng):
    def counts(theta, state, gradient_of, t):
        seen = {"words": "", "n": 0} if state is None else state
        moved = np.asarray(theta) + seen["n"] + 0.1 * t * np.asarray(gradient_of(theta))
        return moved, {"words": seen["words"] + "x", "n": len(seen["words"]) + 1}

    def nothing_kept(theta, state, gradient_of, t):
        return np.asarray(theta) - (1.0 if state is None else 100.0), None

    steppers, start = {"counts": counts, "nothing kept": nothing_kept}, vector(rng, 2, 2)
    arguments = {"steppers": steppers, "gradient_of": np.tanh, "theta0": start, "n_steps": 4}
    close(student.race(**arguments), plain(reference.race(**arguments)), where="paths")


@race.mistake(
    "Every step gets the state None, as if it were the first: what a stepper returned as its state has to be handed to it in the "
    "next step. Look at what becomes of the second value that comes back."
)
def race_state_lost(steppers, gradient_of, theta0, n_steps):
    paths = {}
    for name, stepper in steppers.items():
        theta, path = np.array(theta0, dtype=float), [theta0]
        for t in range(1, n_steps + 1):
            theta, _ = stepper(theta, None, gradient_of, t)
            path.append(theta)
        paths[name] = np.array(path, dtype=float)
    return paths


@race.mistake(
    "The second stepper begins with the last state of the first. Each starts with None: look at where the state is set, and "
    "whether that is inside the loop over the steppers.",
    passes=("small_races",),
)
def race_state_of_another(steppers, gradient_of, theta0, n_steps):
    paths, state = {}, None
    for name, stepper in steppers.items():
        theta = np.array(theta0, dtype=float)
        path = [theta]
        for t in range(1, n_steps + 1):
            theta, state = stepper(theta, state, gradient_of, t)
            path.append(theta)
        paths[name] = np.array(path)
    return paths


@race.mistake(
    "The second stepper sets off where the first one arrived. All start at `theta0`: look at where theta is set, and whether that "
    "is inside the loop over the steppers.",
    passes=("small_races",),
)
def race_goes_on(steppers, gradient_of, theta0, n_steps):
    paths, theta = {}, np.array(theta0, dtype=float)
    for name, stepper in steppers.items():
        path, state = [theta], None
        for t in range(1, n_steps + 1):
            theta, state = stepper(theta, state, gradient_of, t)
            path.append(theta)
        paths[name] = np.array(path)
    return paths


@race.mistake(
    "The steps are numbered from 0. In this course the first step has t = 1, and Adam would divide by zero at 0. Look at the "
    "range of the loop, and at what the stepper gets as its last argument."
)
def race_from_zero(steppers, gradient_of, theta0, n_steps):
    paths = {}
    for name, stepper in steppers.items():
        theta, state = np.array(theta0, dtype=float), None
        path = [theta]
        for t in range(n_steps):
            theta, state = stepper(theta, state, gradient_of, t)
            path.append(theta)
        paths[name] = np.array(path)
    return paths


@race.mistake("Every stepper is told that it makes step 1. The number grows with each step: look at the last argument of the call.")
def race_always_one(steppers, gradient_of, theta0, n_steps):
    paths = {}
    for name, stepper in steppers.items():
        theta, state = np.array(theta0, dtype=float), None
        path = [theta]
        for _ in range(n_steps):
            theta, state = stepper(theta, state, gradient_of, 1)
            path.append(theta)
        paths[name] = np.array(path)
    return paths


@race.mistake(
    "The number of the step goes on counting from one stepper to the next. Each of them begins at t = 1.",
    passes=("small_races", "any_state"),
)
def race_count_goes_on(steppers, gradient_of, theta0, n_steps):
    paths, t = {}, 0
    for name, stepper in steppers.items():
        theta, state = np.array(theta0, dtype=float), None
        path = [theta]
        for _ in range(n_steps):
            t += 1
            theta, state = stepper(theta, state, gradient_of, t)
            path.append(theta)
        paths[name] = np.array(path)
    return paths


@race.mistake(
    "The start is missing: there are `n_steps` points and not one more. A path begins with `theta0`. Look at what the list holds "
    "before the first step."
)
def race_without_start(steppers, gradient_of, theta0, n_steps):
    paths = {}
    for name, stepper in steppers.items():
        theta, state, path = np.array(theta0, dtype=float), None, []
        for t in range(1, n_steps + 1):
            theta, state = stepper(theta, state, gradient_of, t)
            path.append(theta)
        paths[name] = np.array(path)
    return paths


@race.mistake(
    "There is a step too few: with the start there are `n_steps` points. Look at where the range ends: its last number is not "
    "among those it gives."
)
def race_step_short(steppers, gradient_of, theta0, n_steps):
    paths = {}
    for name, stepper in steppers.items():
        theta, state = np.array(theta0, dtype=float), None
        path = [theta]
        for t in range(1, n_steps):
            theta, state = stepper(theta, state, gradient_of, t)
            path.append(theta)
        paths[name] = np.array(path)
    return paths


@race.mistake(
    "All points of a path are the last one. The list holds the same array again and again, and each step writes into it. Look for "
    "`[...] =` or `+=`: let every step make a new array, or append a copy."
)
def race_one_array(steppers, gradient_of, theta0, n_steps):
    paths = {}
    for name, stepper in steppers.items():
        theta, state = np.array(theta0, dtype=float), None
        path = [theta]
        for t in range(1, n_steps + 1):
            theta[...], state = stepper(theta.copy(), state, gradient_of, t)
            path.append(theta)
        paths[name] = np.array(path)
    return paths


@race.mistake(
    "All methods write into one list, as `dict.fromkeys(steppers, [])` gives it: every name has the points of all. Make a new list "
    "for each stepper.",
    passes=("small_races",),
)
def race_one_list(steppers, gradient_of, theta0, n_steps):
    shared = []
    paths = dict.fromkeys(steppers, shared)
    for name, stepper in steppers.items():
        theta, state = np.array(theta0, dtype=float), None
        paths[name].append(theta)
        for t in range(1, n_steps + 1):
            theta, state = stepper(theta, state, gradient_of, t)
            paths[name].append(theta)
    return {name: np.array(path) for name, path in paths.items()}


@race.mistake(
    "Only the last point of each walk comes back. What is wanted is the path: collect every point in a list, the start first.",
)
def race_ends_only(steppers, gradient_of, theta0, n_steps):
    ends = {}
    for name, stepper in steppers.items():
        theta, state = np.array(theta0, dtype=float), None
        for t in range(1, n_steps + 1):
            theta, state = stepper(theta, state, gradient_of, t)
        ends[name] = theta
    return ends


@race.mistake("A list of paths comes back. A dict is wanted: it says which path is whose.")
def race_as_a_list(steppers, gradient_of, theta0, n_steps):
    paths = []
    for stepper in steppers.values():
        theta, state = np.array(theta0, dtype=float), None
        path = [theta]
        for t in range(1, n_steps + 1):
            theta, state = stepper(theta, state, gradient_of, t)
            path.append(theta)
        paths.append(np.array(path))
    return paths


@race.mistake(
    "A stepper gets a gradient where it wants the function: it asks for the gradient itself, since Nesterov's method asks at "
    "another point. Hand `gradient_of` on as it is."
)
def race_value_for_function(steppers, gradient_of, theta0, n_steps):
    paths = {}
    for name, stepper in steppers.items():
        theta, state = np.array(theta0, dtype=float), None
        path = [theta]
        for t in range(1, n_steps + 1):
            theta, state = stepper(theta, state, gradient_of(theta), t)
            path.append(theta)
        paths[name] = np.array(path)
    return paths


@race.mistake(
    "The methods push one and the same theta in turn. Each walks for itself: look at which theta and which state a stepper gets.",
    passes=("small_races",),
)
def race_in_one_boat(steppers, gradient_of, theta0, n_steps):
    theta, states = np.array(theta0, dtype=float), dict.fromkeys(steppers)
    paths = {name: [theta] for name in steppers}
    for t in range(1, n_steps + 1):
        for name, stepper in steppers.items():
            theta, states[name] = stepper(theta, states[name], gradient_of, t)
            paths[name].append(theta)
    return {name: np.array(path) for name, path in paths.items()}


@race.mistake(
    "Only the first stepper has run: the function returns inside the loop over the steppers. Look at how far the line with "
    "`return` is indented.",
    passes=("small_races",),
)
def race_first_only(steppers, gradient_of, theta0, n_steps):
    paths = {}
    for name, stepper in steppers.items():
        theta, state = np.array(theta0, dtype=float), None
        path = [theta]
        for t in range(1, n_steps + 1):
            theta, state = stepper(theta, state, gradient_of, t)
            path.append(theta)
        paths[name] = np.array(path)
        return paths


@race.mistake(
    "Where the start holds whole numbers, all points are cut to whole numbers: an array made from it, as by `empty_like` or with "
    "its dtype, holds no fractions. Make it an array of floats first.",
    passes=("all_paths", "any_state"),
)
def race_truncated(steppers, gradient_of, theta0, n_steps):
    paths = {}
    for name, stepper in steppers.items():
        path, state = np.empty((n_steps + 1, *np.shape(theta0)), dtype=np.asarray(theta0).dtype), None
        path[0] = theta0
        for t in range(1, n_steps + 1):
            path[t], state = stepper(path[t - 1], state, gradient_of, t)
        paths[name] = path
    return paths


@race.mistake(
    "The start that was passed in is overwritten.", gate="changes-arguments", passes=("all_paths", "small_races", "any_state")
)
def race_in_place(steppers, gradient_of, theta0, n_steps):
    start, paths = np.array(theta0, dtype=float), {}
    for name, stepper in steppers.items():
        theta, state = start.copy(), None
        path = [theta]
        for t in range(1, n_steps + 1):
            theta, state = stepper(theta, state, gradient_of, t)
            path.append(theta)
        paths[name] = np.array(path)
        theta0[...] = theta
    return paths


@race.right
def all_in_turn(steppers, gradient_of, theta0, n_steps):
    paths = {name: [np.asarray(theta0, dtype=float)] for name in steppers}
    states = dict.fromkeys(steppers)
    for t in range(1, n_steps + 1):
        for name, stepper in steppers.items():
            theta, states[name] = stepper(paths[name][-1], states[name], gradient_of, t)
            paths[name].append(np.asarray(theta, dtype=float))
    return paths


@race.right
def filled_arrays(steppers, gradient_of, theta0, n_steps):
    paths = {}
    for name, stepper in steppers.items():
        path = np.empty((n_steps + 1, *np.shape(theta0)))
        path[0], state = theta0, None
        for t in range(n_steps):
            path[t + 1], state = stepper(path[t], state, gradient_of, t + 1)
        paths[name] = path
    return paths


@race.right
def by_accumulate(steppers, gradient_of, theta0, n_steps):
    from itertools import accumulate

    def walk(stepper):
        start = (np.array(theta0, dtype=float), None)
        pairs = accumulate(range(1, n_steps + 1), lambda pair, t: stepper(*pair, gradient_of, t), initial=start)
        return np.array([theta for theta, _ in pairs])

    return {name: walk(stepper) for name, stepper in steppers.items()}


@race.right
def as_lists(steppers, gradient_of, theta0, n_steps):
    paths = {}
    for name in steppers:
        pair, path = (np.array(theta0, dtype=float), None), [np.array(theta0, dtype=float).tolist()]
        t = 0
        while t < n_steps:
            t += 1
            pair = steppers[name](pair[0], pair[1], lambda theta: gradient_of(theta), t)
            path.append(np.asarray(pair[0]).tolist())
        paths[name] = path
    return paths


# The steppers -----------------------------------------------------------------------------------------------------------------

gd = Exercise(reference.gd_stepper, uses=(gd_step,))
momentum = Exercise(reference.momentum_stepper, uses=(momentum_step,))
nesterov = Exercise(reference.nesterov_stepper, uses=(lookahead, nesterov_step))
adagrad = Exercise(reference.adagrad_stepper, uses=(adagrad_step,))
rmsprop = Exercise(reference.rmsprop_stepper, uses=(exponential_average, rmsprop_step))
adadelta = Exercise(reference.adadelta_stepper, uses=(rms, adadelta_step))
adam = Exercise(reference.adam_stepper, uses=(update_moments, bias_correction, adam_step))

# Odd values, among which no default of a step is.
DRAWN = {
    "lr": lambda rng: float(rng.uniform(0.05, 0.15)),
    "gamma": lambda rng: float(rng.uniform(0.3, 0.8)),
    "beta1": lambda rng: float(rng.uniform(0.3, 0.6)),
    "beta2": lambda rng: float(rng.uniform(0.7, 0.9)),
}


def _checks_of_a_stepper(exercise: Exercise, *names: str) -> None:
    """What the seven factories, of the hyperparameters `names`, are asked alike."""
    name = exercise.name

    def drawn(rng):
        return {each: DRAWN[each](rng) for each in names}

    @exercise.part("makes steps of the method, one after the other, with the hyperparameters that it was made with", weight=2)
    def walk(rng):
        return [Stepper(name, drawn(rng), _valley(rng, 3), [vector(rng, 3)], 6)]

    @exercise.part("keeps several walks apart: all that a walk remembers is in the state that it is handed")
    def in_turn(rng):
        return [Stepper(name, drawn(rng), _valley(rng, 3), [vector(rng, 3), vector(rng, 3)], 4, "two walks in turn")]

    @exercise.part("works for a single number, for whole numbers, and where the gradient is zero")
    def sizes(rng):
        bowl = GradientOf("quadratic", {"hessian": hessian(rng, 3)})
        return [
            Stepper(name, drawn(rng), GradientOf("double_well"), [vector(rng)], 3, "theta a number"),
            Stepper(name, drawn(rng), bowl, [rng.integers(1, 9, size=3)], 3, "theta of whole numbers"),
            Stepper(name, drawn(rng), bowl, [np.zeros(3)], 2, "started at the minimum"),
        ]

    @exercise.property("works for a matrix of parameters, beside another stepper of the same method")
    def side_by_side(student, rng):
        weights, starts, made = vector(rng, 2, 3), [vector(rng, 2, 3), vector(rng, 2, 3)], [drawn(rng), drawn(rng)]

        def gradient_of(theta):
            return weights**2 * np.asarray(theta, dtype=float) + np.tanh(np.asarray(theta, dtype=float))

        mine = [getattr(student, name)(**arguments) for arguments in made]
        theirs = [exercise.reference(**arguments) for arguments in made]
        pairs = [[(start, None) for start in starts] for _ in range(2)]
        for t in range(1, 4):
            for k in range(2):
                answer = ask(mine[k], *pairs[0][k], gradient_of, t) if callable(mine[k]) else mine[k]
                if isinstance(answer, Raised):
                    raise CheckFailed(f"step {t}: raises {answer.kind}")
                if not isinstance(answer, (tuple, list)) or len(answer) != 2:
                    raise CheckFailed(f"step {t}: what comes back is no pair of theta and state")
                expected = theirs[k](*pairs[1][k], gradient_of, t)
                close(answer[0], expected[0], where=f"step {t}, theta")
                pairs[0][k], pairs[1][k] = (as_numbers(plain(answer[0])), answer[1]), expected


_checks_of_a_stepper(gd, "lr")
_checks_of_a_stepper(momentum, "lr", "gamma")
_checks_of_a_stepper(nesterov, "lr", "gamma")
_checks_of_a_stepper(adagrad, "lr")
_checks_of_a_stepper(rmsprop, "lr", "gamma")
_checks_of_a_stepper(adadelta, "gamma")
_checks_of_a_stepper(adam, "lr", "beta1", "beta2")

FORGOTTEN = (
    "The method begins anew in every step, as if nothing had been before. What the step returned besides theta is the state of the "
    "next one: look at whether you return the new one, and whether you take up the state that you are given."
)
KEPT_OUTSIDE = (
    "The stepper keeps what it remembers in a variable of its own, outside of the state. Two walks with the same stepper then mix. "
    "Look for `nonlocal`, a list or dict that is changed, or a default that can change: all memory goes through `state`."
)
TRUTH_OF_ARRAY = (
    "An array is asked whether it is true, which numpy refuses for more than one entry. Look for `state or …` or `if state:`; "
    "what you want to know is whether the state `is None`."
)
WRONG_WAY = "The walk goes uphill. The step subtracts the gradient already: look for a minus that is one too many."
THETA_ALONE = (
    "Only theta comes back. A stepper returns a pair, theta and the state for the next step, also where there is no state."
)
PAIR_TURNED = (
    "The two values have changed places: where theta should be stands the memory. Look at the order in which the step returns "
    "its values, and in which you do."
)
TWICE = "The gradient is computed twice in a step."
# Gradient descent


@gd.mistake(THETA_ALONE)
def gd_theta_alone(lr):
    def stepper(theta, state, gradient_of, t):
        return gd_step(theta, gradient_of(theta), lr)

    return stepper


@gd.mistake(WRONG_WAY)
def gd_uphill(lr):
    def stepper(theta, state, gradient_of, t):
        return gd_step(theta, -gradient_of(theta), lr), state

    return stepper


@gd.mistake("The rate is a fixed number, and `lr` is not used. Look for a number where the hyperparameter should stand.")
def gd_rate_fixed(lr):
    def stepper(theta, state, gradient_of, t):
        return gd_step(theta, gradient_of(theta), 0.1), state

    return stepper


@gd.mistake("The rate is divided by t. These steppers keep a constant rate: look at what the number of the step does in yours.")
def gd_rate_decays(lr):
    def stepper(theta, state, gradient_of, t):
        return gd_step(theta, gradient_of(theta), lr / t), state

    return stepper


@gd.mistake("Theta comes back as it was: the step is made and its result dropped. Look at what is on the left of the call.")
def gd_stands_still(lr):
    def stepper(theta, state, gradient_of, t):
        gd_step(theta, gradient_of(theta), lr)
        return theta, state

    return stepper


@gd.mistake(TWICE, gate="calls")
def gd_gradient_twice(lr):
    def stepper(theta, state, gradient_of, t):
        if np.all(np.isfinite(gradient_of(theta))):
            theta = gd_step(theta, gradient_of(theta), lr)
        return theta, state

    return stepper


@gd.right
def gd_by_a_lambda(lr):
    return lambda theta, state, gradient_of, t: (gd_step(theta, gradient_of(theta), lr), None)


@gd.right
def gd_written_out(lr):
    def stepper(theta, state, gradient_of, t):
        return np.asarray(theta) - lr * np.asarray(gradient_of(theta)), ()

    return stepper


@gd.right
def gd_by_an_object(lr):
    class Method:
        def __call__(self, theta, state, gradient_of, t):
            return [gd_step(theta=theta, gradient=gradient_of(theta), lr=lr), t]

    return Method()


@gd.right
def gd_by_partial(lr):
    from functools import partial

    def with_rate(rate, theta, state, gradient_of, t):
        gradient = gradient_of(theta)
        return gd_step(theta, gradient, rate), state

    return partial(with_rate, lr)


# Momentum


@momentum.mistake(FORGOTTEN)
def momentum_forgotten(lr, gamma):
    def stepper(theta, state, gradient_of, t):
        return momentum_step(theta, np.zeros(np.shape(theta)), gradient_of(theta), lr, gamma)

    return stepper


@momentum.mistake(KEPT_OUTSIDE, passes=("walk", "sizes", "side_by_side"))
def momentum_kept_outside(lr, gamma):
    memory = None

    def stepper(theta, state, gradient_of, t):
        nonlocal memory
        if memory is None:
            memory = np.zeros(np.shape(theta))
        theta, memory = momentum_step(theta, memory, gradient_of(theta), lr, gamma)
        return theta, memory

    return stepper


@momentum.mistake(TRUTH_OF_ARRAY)
def momentum_truth_of_array(lr, gamma):
    def stepper(theta, state, gradient_of, t):
        memory = state or np.zeros(np.shape(theta))
        return momentum_step(theta, memory, gradient_of(theta), lr, gamma)

    return stepper


@momentum.mistake(PAIR_TURNED)
def momentum_pair_turned(lr, gamma):
    def stepper(theta, state, gradient_of, t):
        memory = np.zeros(np.shape(theta)) if state is None else state
        memory, theta = momentum_step(theta, memory, gradient_of(theta), lr, gamma)
        return theta, memory

    return stepper


@momentum.mistake(THETA_ALONE)
def momentum_theta_alone(lr, gamma):
    def stepper(theta, state, gradient_of, t):
        memory = np.zeros(np.shape(theta)) if state is None else state
        return momentum_step(theta, memory, gradient_of(theta), lr, gamma)[0]

    return stepper


@momentum.mistake(WRONG_WAY)
def momentum_uphill(lr, gamma):
    def stepper(theta, state, gradient_of, t):
        memory = np.zeros(np.shape(theta)) if state is None else state
        return momentum_step(theta, memory, -gradient_of(theta), lr, gamma)

    return stepper


@momentum.mistake(TWICE, gate="calls")
def momentum_gradient_twice(lr, gamma):
    def stepper(theta, state, gradient_of, t):
        memory = np.zeros(np.shape(theta)) if state is None else state
        if not np.all(np.isfinite(gradient_of(theta))):
            return theta, memory
        return momentum_step(theta, memory, gradient_of(theta), lr, gamma)

    return stepper


@momentum.right
def momentum_in_a_dict(lr, gamma):
    def stepper(theta, state, gradient_of, t):
        memory = np.zeros(np.shape(theta)) if t == 1 else state["memory"]
        theta, memory = momentum_step(theta, memory, gradient_of(theta), lr, gamma)
        return theta, {"memory": memory}

    return stepper


@momentum.right
def momentum_from_a_plain_zero(lr, gamma):
    def stepper(theta, state, gradient_of, t):
        theta = np.asarray(theta, dtype=float)
        if state is None:
            state = 0 * theta
        return momentum_step(theta, state, gradient_of(theta), lr, gamma)

    return stepper


@momentum.mistake(
    "γ is 0.9 whatever was asked for: the step takes its default where no gamma is handed on. Look at the end of the call."
)
def momentum_gamma_left_out(lr, gamma):
    def stepper(theta, state, gradient_of, t):
        memory = np.zeros(np.shape(theta)) if state is None else state
        return momentum_step(theta, memory, gradient_of(theta), lr)

    return stepper


@momentum.mistake(
    "The rate and γ multiply the wrong terms: two arguments have changed places in the call of the step. Look at their order, "
    "or name them."
)
def momentum_rate_and_gamma_turned(lr, gamma):
    def stepper(theta, state, gradient_of, t):
        memory = np.zeros(np.shape(theta)) if state is None else state
        return momentum_step(theta, memory, gradient_of(theta), gamma, lr)

    return stepper


@momentum.mistake(
    "The gradient is taken ahead of theta, where the velocity is about to carry it. That is Nesterov's method; momentum asks "
    "where it stands."
)
def momentum_looks_ahead(lr, gamma):
    def stepper(theta, state, gradient_of, t):
        memory = np.zeros(np.shape(theta)) if state is None else state
        return momentum_step(theta, memory, gradient_of(theta - gamma * memory), lr, gamma)

    return stepper


@momentum.right
def momentum_written_out(lr, gamma):
    def stepper(theta, state, gradient_of, t):
        velocity = 0.0 if state is None else np.asarray(state)
        velocity = gamma * velocity + lr * np.asarray(gradient_of(theta))
        return np.asarray(theta) - velocity, velocity

    return stepper


@momentum.right
def momentum_from_the_last_point(lr, gamma):
    def stepper(theta, state, gradient_of, t):
        theta = np.asarray(theta, dtype=float)
        velocity = 0 * theta if state is None else state - theta
        return momentum_step(theta, velocity, gradient_of(theta), lr, gamma)[0], theta

    return stepper


# Nesterov


@nesterov.mistake(FORGOTTEN)
def nesterov_forgotten(lr, gamma):
    def stepper(theta, state, gradient_of, t):
        return nesterov_step(theta, np.zeros(np.shape(theta)), gradient_of, lr, gamma)

    return stepper


@nesterov.mistake(KEPT_OUTSIDE, passes=("walk", "sizes", "side_by_side"))
def nesterov_kept_outside(lr, gamma):
    memory = None

    def stepper(theta, state, gradient_of, t):
        nonlocal memory
        if memory is None:
            memory = np.zeros(np.shape(theta))
        theta, memory = nesterov_step(theta, memory, gradient_of, lr, gamma)
        return theta, memory

    return stepper


@nesterov.mistake(TRUTH_OF_ARRAY)
def nesterov_truth_of_array(lr, gamma):
    def stepper(theta, state, gradient_of, t):
        memory = state or np.zeros(np.shape(theta))
        return nesterov_step(theta, memory, gradient_of, lr, gamma)

    return stepper


@nesterov.mistake(PAIR_TURNED)
def nesterov_pair_turned(lr, gamma):
    def stepper(theta, state, gradient_of, t):
        memory = np.zeros(np.shape(theta)) if state is None else state
        memory, theta = nesterov_step(theta, memory, gradient_of, lr, gamma)
        return theta, memory

    return stepper


@nesterov.mistake(THETA_ALONE)
def nesterov_theta_alone(lr, gamma):
    def stepper(theta, state, gradient_of, t):
        memory = np.zeros(np.shape(theta)) if state is None else state
        return nesterov_step(theta, memory, gradient_of, lr, gamma)[0]

    return stepper


@nesterov.mistake(WRONG_WAY)
def nesterov_uphill(lr, gamma):
    def stepper(theta, state, gradient_of, t):
        memory = np.zeros(np.shape(theta)) if state is None else state
        return nesterov_step(theta, memory, lambda at: -gradient_of(at), lr, gamma)

    return stepper


@nesterov.mistake(TWICE, gate="calls")
def nesterov_gradient_twice(lr, gamma):
    def stepper(theta, state, gradient_of, t):
        memory = np.zeros(np.shape(theta)) if state is None else state
        if not np.all(np.isfinite(gradient_of(theta))):
            return theta, memory
        return nesterov_step(theta, memory, gradient_of, lr, gamma)

    return stepper


@nesterov.right
def nesterov_in_a_dict(lr, gamma):
    def stepper(theta, state, gradient_of, t):
        memory = np.zeros(np.shape(theta)) if t == 1 else state["memory"]
        theta, memory = nesterov_step(theta, memory, gradient_of, lr, gamma)
        return theta, {"memory": memory}

    return stepper


@nesterov.right
def nesterov_from_a_plain_zero(lr, gamma):
    def stepper(theta, state, gradient_of, t):
        theta = np.asarray(theta, dtype=float)
        if state is None:
            state = 0 * theta
        return nesterov_step(theta, state, gradient_of, lr, gamma)

    return stepper


@nesterov.mistake(
    "γ is 0.9 whatever was asked for: the step takes its default where no gamma is handed on. Look at the end of the call."
)
def nesterov_gamma_left_out(lr, gamma):
    def stepper(theta, state, gradient_of, t):
        memory = np.zeros(np.shape(theta)) if state is None else state
        return nesterov_step(theta, memory, gradient_of, lr)

    return stepper


@nesterov.mistake(
    "The rate and γ multiply the wrong terms: two arguments have changed places in the call of the step. Look at their order, "
    "or name them."
)
def nesterov_rate_and_gamma_turned(lr, gamma):
    def stepper(theta, state, gradient_of, t):
        memory = np.zeros(np.shape(theta)) if state is None else state
        return nesterov_step(theta, memory, gradient_of, gamma, lr)

    return stepper


@nesterov.mistake(
    "The gradient is taken at theta, as momentum takes it, before the step is made. Nesterov's step asks by itself, at its "
    "look-ahead: look at what you hand it as `gradient_of`."
)
def nesterov_gradient_at_theta(lr, gamma):
    def stepper(theta, state, gradient_of, t):
        gradient = gradient_of(theta)
        memory = np.zeros(np.shape(theta)) if state is None else state
        return nesterov_step(theta, memory, lambda at: gradient, lr, gamma)

    return stepper


@nesterov.mistake("The look-ahead is made twice, once by you and once by the step. Hand `gradient_of` on as it is.")
def nesterov_looks_ahead_twice(lr, gamma):
    def stepper(theta, state, gradient_of, t):
        memory = np.zeros(np.shape(theta)) if state is None else state
        return nesterov_step(theta, memory, lambda at: gradient_of(lookahead(at, memory, gamma)), lr, gamma)

    return stepper


@nesterov.right
def nesterov_written_out(lr, gamma):
    def stepper(theta, state, gradient_of, t):
        theta = np.asarray(theta, dtype=float)
        velocity = 0 * theta if state is None else state
        ahead = np.asarray(gradient_of(theta - gamma * velocity))
        velocity = gamma * velocity + lr * ahead
        return theta - velocity, velocity

    return stepper


@nesterov.right
def nesterov_from_the_last_point(lr, gamma):
    def stepper(theta, state, gradient_of, t):
        theta = np.asarray(theta, dtype=float)
        velocity = 0 * theta if state is None else state - theta
        return nesterov_step(theta, velocity, lambda at: gradient_of(at), lr, gamma)[0], theta

    return stepper


# Adagrad


@adagrad.mistake(FORGOTTEN)
def adagrad_forgotten(lr):
    def stepper(theta, state, gradient_of, t):
        return adagrad_step(theta, np.zeros(np.shape(theta)), gradient_of(theta), lr)

    return stepper


@adagrad.mistake(KEPT_OUTSIDE, passes=("walk", "sizes", "side_by_side"))
def adagrad_kept_outside(lr):
    memory = None

    def stepper(theta, state, gradient_of, t):
        nonlocal memory
        if memory is None:
            memory = np.zeros(np.shape(theta))
        theta, memory = adagrad_step(theta, memory, gradient_of(theta), lr)
        return theta, memory

    return stepper


@adagrad.mistake(TRUTH_OF_ARRAY)
def adagrad_truth_of_array(lr):
    def stepper(theta, state, gradient_of, t):
        memory = state or np.zeros(np.shape(theta))
        return adagrad_step(theta, memory, gradient_of(theta), lr)

    return stepper


@adagrad.mistake(PAIR_TURNED)
def adagrad_pair_turned(lr):
    def stepper(theta, state, gradient_of, t):
        memory = np.zeros(np.shape(theta)) if state is None else state
        memory, theta = adagrad_step(theta, memory, gradient_of(theta), lr)
        return theta, memory

    return stepper


@adagrad.mistake(THETA_ALONE)
def adagrad_theta_alone(lr):
    def stepper(theta, state, gradient_of, t):
        memory = np.zeros(np.shape(theta)) if state is None else state
        return adagrad_step(theta, memory, gradient_of(theta), lr)[0]

    return stepper


@adagrad.mistake(WRONG_WAY)
def adagrad_uphill(lr):
    def stepper(theta, state, gradient_of, t):
        memory = np.zeros(np.shape(theta)) if state is None else state
        return adagrad_step(theta, memory, -gradient_of(theta), lr)

    return stepper


@adagrad.mistake(TWICE, gate="calls")
def adagrad_gradient_twice(lr):
    def stepper(theta, state, gradient_of, t):
        memory = np.zeros(np.shape(theta)) if state is None else state
        if not np.all(np.isfinite(gradient_of(theta))):
            return theta, memory
        return adagrad_step(theta, memory, gradient_of(theta), lr)

    return stepper


@adagrad.right
def adagrad_in_a_dict(lr):
    def stepper(theta, state, gradient_of, t):
        memory = np.zeros(np.shape(theta)) if t == 1 else state["memory"]
        theta, memory = adagrad_step(theta, memory, gradient_of(theta), lr)
        return theta, {"memory": memory}

    return stepper


@adagrad.right
def adagrad_from_a_plain_zero(lr):
    def stepper(theta, state, gradient_of, t):
        theta = np.asarray(theta, dtype=float)
        if state is None:
            state = 0 * theta
        return adagrad_step(theta, state, gradient_of(theta), lr)

    return stepper


@adagrad.mistake(
    "The rate is 0.01 whatever was asked for: the step takes its default where no `lr` is handed on. Look at the end of the call."
)
def adagrad_rate_left_out(lr):
    def stepper(theta, state, gradient_of, t):
        memory = np.zeros(np.shape(theta)) if state is None else state
        return adagrad_step(theta, memory, gradient_of(theta))

    return stepper


@adagrad.mistake(
    "The first gradient counts twice: G begins with its square, and the step adds it once more. Before the first step the sum "
    "is empty."
)
def adagrad_first_counted_twice(lr):
    def stepper(theta, state, gradient_of, t):
        gradient = gradient_of(theta)
        G = np.asarray(gradient) ** 2 if state is None else state
        return adagrad_step(theta, G, gradient, lr)

    return stepper


@adagrad.mistake("G begins at one. Before the first step nothing has been added up: the sum is zero.")
def adagrad_starts_at_one(lr):
    def stepper(theta, state, gradient_of, t):
        G = np.ones(np.shape(theta)) if state is None else state
        return adagrad_step(theta, G, gradient_of(theta), lr)

    return stepper


@adagrad.right
def adagrad_all_gradients_kept(lr):
    def stepper(theta, state, gradient_of, t):
        kept = [*(state or []), np.asarray(gradient_of(theta))]
        G = sum(gradient**2 for gradient in kept)
        return np.asarray(theta) - lr / np.sqrt(G + 1e-8) * kept[-1], kept

    return stepper


@adagrad.right
def adagrad_written_out(lr):
    def stepper(theta, state, gradient_of, t):
        gradient = np.asarray(gradient_of(theta))
        G = gradient**2 if state is None else state + gradient**2
        return np.asarray(theta) - lr * gradient / np.sqrt(G + 1e-8), G

    return stepper


# RMSprop


@rmsprop.mistake(FORGOTTEN)
def rmsprop_forgotten(lr, gamma):
    def stepper(theta, state, gradient_of, t):
        return rmsprop_step(theta, np.zeros(np.shape(theta)), gradient_of(theta), lr, gamma)

    return stepper


@rmsprop.mistake(KEPT_OUTSIDE, passes=("walk", "sizes", "side_by_side"))
def rmsprop_kept_outside(lr, gamma):
    memory = None

    def stepper(theta, state, gradient_of, t):
        nonlocal memory
        if memory is None:
            memory = np.zeros(np.shape(theta))
        theta, memory = rmsprop_step(theta, memory, gradient_of(theta), lr, gamma)
        return theta, memory

    return stepper


@rmsprop.mistake(TRUTH_OF_ARRAY)
def rmsprop_truth_of_array(lr, gamma):
    def stepper(theta, state, gradient_of, t):
        memory = state or np.zeros(np.shape(theta))
        return rmsprop_step(theta, memory, gradient_of(theta), lr, gamma)

    return stepper


@rmsprop.mistake(PAIR_TURNED)
def rmsprop_pair_turned(lr, gamma):
    def stepper(theta, state, gradient_of, t):
        memory = np.zeros(np.shape(theta)) if state is None else state
        memory, theta = rmsprop_step(theta, memory, gradient_of(theta), lr, gamma)
        return theta, memory

    return stepper


@rmsprop.mistake(THETA_ALONE)
def rmsprop_theta_alone(lr, gamma):
    def stepper(theta, state, gradient_of, t):
        memory = np.zeros(np.shape(theta)) if state is None else state
        return rmsprop_step(theta, memory, gradient_of(theta), lr, gamma)[0]

    return stepper


@rmsprop.mistake(WRONG_WAY)
def rmsprop_uphill(lr, gamma):
    def stepper(theta, state, gradient_of, t):
        memory = np.zeros(np.shape(theta)) if state is None else state
        return rmsprop_step(theta, memory, -gradient_of(theta), lr, gamma)

    return stepper


@rmsprop.mistake(TWICE, gate="calls")
def rmsprop_gradient_twice(lr, gamma):
    def stepper(theta, state, gradient_of, t):
        memory = np.zeros(np.shape(theta)) if state is None else state
        if not np.all(np.isfinite(gradient_of(theta))):
            return theta, memory
        return rmsprop_step(theta, memory, gradient_of(theta), lr, gamma)

    return stepper


@rmsprop.right
def rmsprop_in_a_dict(lr, gamma):
    def stepper(theta, state, gradient_of, t):
        memory = np.zeros(np.shape(theta)) if t == 1 else state["memory"]
        theta, memory = rmsprop_step(theta, memory, gradient_of(theta), lr, gamma)
        return theta, {"memory": memory}

    return stepper


@rmsprop.right
def rmsprop_from_a_plain_zero(lr, gamma):
    def stepper(theta, state, gradient_of, t):
        theta = np.asarray(theta, dtype=float)
        if state is None:
            state = 0 * theta
        return rmsprop_step(theta, state, gradient_of(theta), lr, gamma)

    return stepper


@rmsprop.mistake(
    "γ is 0.9 whatever was asked for: the step takes its default where no gamma is handed on. Look at the end of the call."
)
def rmsprop_gamma_left_out(lr, gamma):
    def stepper(theta, state, gradient_of, t):
        memory = np.zeros(np.shape(theta)) if state is None else state
        return rmsprop_step(theta, memory, gradient_of(theta), lr)

    return stepper


@rmsprop.mistake(
    "The rate and γ multiply the wrong terms: two arguments have changed places in the call of the step. Look at their order, "
    "or name them."
)
def rmsprop_rate_and_gamma_turned(lr, gamma):
    def stepper(theta, state, gradient_of, t):
        memory = np.zeros(np.shape(theta)) if state is None else state
        return rmsprop_step(theta, memory, gradient_of(theta), gamma, lr)

    return stepper


@rmsprop.mistake(
    "The average begins with the square of the first gradient. In the lecture it begins at zero, and the first step is longer "
    "for it."
)
def rmsprop_starts_full(lr, gamma):
    def stepper(theta, state, gradient_of, t):
        gradient = gradient_of(theta)
        average = np.asarray(gradient) ** 2 if state is None else state
        return rmsprop_step(theta, average, gradient, lr, gamma)

    return stepper


@rmsprop.mistake("This is Adagrad: squares are added up, and none fades. Look at which step is called.")
def rmsprop_by_adagrad(lr, gamma):
    def stepper(theta, state, gradient_of, t):
        gradient = np.asarray(gradient_of(theta))
        memory = np.zeros(np.shape(theta)) if state is None else state
        memory = memory + gradient**2
        return theta - lr / np.sqrt(memory + 1e-8) * gradient, memory

    return stepper


@rmsprop.right
def rmsprop_written_out(lr, gamma):
    def stepper(theta, state, gradient_of, t):
        gradient = np.asarray(gradient_of(theta))
        average = exponential_average(0.0 if state is None else state, gradient**2, gamma)
        return np.asarray(theta) - lr * gradient / np.sqrt(average + 1e-8), average

    return stepper


@rmsprop.right
def rmsprop_by_name(lr, gamma):
    def stepper(theta, state, gradient_of, t):
        memory = np.zeros(np.shape(theta)) if state is None else state
        theta, memory = rmsprop_step(theta=theta, mean_square=memory, gradient=gradient_of(theta), gamma=gamma, lr=lr, eps=1e-8)
        return theta, memory

    return stepper


# Adadelta


@adadelta.mistake(FORGOTTEN)
def adadelta_forgotten(gamma):
    def stepper(theta, state, gradient_of, t):
        a = b = np.zeros(np.shape(theta))
        theta, a, b = adadelta_step(theta, a, b, gradient_of(theta), gamma)
        return theta, (a, b)

    return stepper


@adadelta.mistake(KEPT_OUTSIDE, passes=("walk", "sizes", "side_by_side"))
def adadelta_kept_outside(gamma):
    memory = []

    def stepper(theta, state, gradient_of, t):
        a, b = memory if memory else (np.zeros(np.shape(theta)), np.zeros(np.shape(theta)))
        theta, *memory[:] = adadelta_step(theta, a, b, gradient_of(theta), gamma)
        return theta, None

    return stepper


@adadelta.mistake(
    "The first step is right, and the second one stumbles over the state. Look whether the state that you return has just the "
    "parts into which you take it apart: theta is handed on by itself."
)
def adadelta_all_three_kept(gamma):
    def stepper(theta, state, gradient_of, t):
        a, b = (np.zeros(np.shape(theta)), np.zeros(np.shape(theta))) if state is None else state
        new = adadelta_step(theta, a, b, gradient_of(theta), gamma)
        return new[0], new

    return stepper


@adadelta.mistake(THETA_ALONE)
def adadelta_theta_alone(gamma):
    def stepper(theta, state, gradient_of, t):
        a, b = (np.zeros(np.shape(theta)), np.zeros(np.shape(theta))) if state is None else state
        return adadelta_step(theta, a, b, gradient_of(theta), gamma)[0]

    return stepper


@adadelta.mistake(WRONG_WAY)
def adadelta_uphill(gamma):
    def stepper(theta, state, gradient_of, t):
        a, b = (np.zeros(np.shape(theta)), np.zeros(np.shape(theta))) if state is None else state
        theta, a, b = adadelta_step(theta, a, b, -gradient_of(theta), gamma)
        return theta, (a, b)

    return stepper


@adadelta.mistake(
    "The two averages change places from one step to the next. Look at the order in which you return them and in which you "
    "take them out of the state."
)
def adadelta_order_turned(gamma):
    def stepper(theta, state, gradient_of, t):
        a, b = (np.zeros(np.shape(theta)), np.zeros(np.shape(theta))) if state is None else state
        theta, a, b = adadelta_step(theta, a, b, gradient_of(theta), gamma)
        return theta, (b, a)

    return stepper


@adadelta.mistake("The first of the two averages begins at zero in every step. Both belong into the state.")
def adadelta_first_lost(gamma):
    def stepper(theta, state, gradient_of, t):
        a, b = (np.zeros(np.shape(theta)), np.zeros(np.shape(theta))) if state is None else state
        theta, a, b = adadelta_step(theta, a, b, gradient_of(theta), gamma)
        return theta, (0 * a, b)

    return stepper


@adadelta.mistake("The second of the two averages begins at zero in every step. Both belong into the state.")
def adadelta_second_lost(gamma):
    def stepper(theta, state, gradient_of, t):
        a, b = (np.zeros(np.shape(theta)), np.zeros(np.shape(theta))) if state is None else state
        theta, a, b = adadelta_step(theta, a, b, gradient_of(theta), gamma)
        return theta, (a, 0 * b)

    return stepper


@adadelta.mistake(TWICE, gate="calls")
def adadelta_gradient_twice(gamma):
    def stepper(theta, state, gradient_of, t):
        a, b = (np.zeros(np.shape(theta)), np.zeros(np.shape(theta))) if state is None else state
        if np.all(np.isfinite(gradient_of(theta))):
            theta, a, b = adadelta_step(theta, a, b, gradient_of(theta), gamma)
        return theta, (a, b)

    return stepper


@adadelta.right
def adadelta_in_a_dict(gamma):
    def stepper(theta, state, gradient_of, t):
        if state is None:
            state = {"a": np.zeros(np.shape(theta)), "b": np.zeros(np.shape(theta))}
        a, b = state["a"], state["b"]
        theta, a, b = adadelta_step(theta, a, b, gradient_of(theta), gamma)
        return theta, {"a": a, "b": b}

    return stepper


@adadelta.right
def adadelta_stacked(gamma):
    def stepper(theta, state, gradient_of, t):
        state = np.zeros((2, *np.shape(theta))) if state is None else np.asarray(state)
        a, b = state
        theta, *both = adadelta_step(theta, a, b, gradient_of(theta), gamma)
        return theta, np.array(both)

    return stepper


@adadelta.right
def adadelta_or_zeros(gamma):
    def stepper(theta, state, gradient_of, t):
        a, b = state or (np.zeros(np.shape(theta)), np.zeros(np.shape(theta)))
        theta, a, b = adadelta_step(theta, a, b, gradient_of(theta), gamma)
        return [theta, [a, b]]

    return stepper


@adadelta.mistake(
    "γ is 0.9 whatever was asked for: the step takes its default where no gamma is handed on. Look at the end of the call."
)
def adadelta_gamma_left_out(gamma):
    def stepper(theta, state, gradient_of, t):
        a, b = (np.zeros(np.shape(theta)), np.zeros(np.shape(theta))) if state is None else state
        theta, a, b = adadelta_step(theta, a, b, gradient_of(theta))
        return theta, (a, b)

    return stepper


@adadelta.mistake(
    "The average of the squared gradients is kept in both places. The second is that of the squared updates: look at the "
    "three values that the step returns."
)
def adadelta_squares_twice(gamma):
    def stepper(theta, state, gradient_of, t):
        a, b = (np.zeros(np.shape(theta)), np.zeros(np.shape(theta))) if state is None else state
        theta, a, _ = adadelta_step(theta, a, b, gradient_of(theta), gamma)
        return theta, (a, a)

    return stepper


@adadelta.right
def adadelta_written_out(gamma):
    def stepper(theta, state, gradient_of, t):
        gradient = np.asarray(gradient_of(theta))
        a, b = (0.0, 0.0) if state is None else state
        a = gamma * a + (1 - gamma) * gradient**2
        update = rms(b) / rms(a) * gradient
        return np.asarray(theta) - update, (a, gamma * b + (1 - gamma) * update**2)

    return stepper


# Adam


@adam.mistake(FORGOTTEN)
def adam_forgotten(lr, beta1, beta2):
    def stepper(theta, state, gradient_of, t):
        a = b = np.zeros(np.shape(theta))
        theta, a, b = adam_step(theta, a, b, gradient_of(theta), t, lr, beta1, beta2)
        return theta, (a, b)

    return stepper


@adam.mistake(KEPT_OUTSIDE, passes=("walk", "sizes", "side_by_side"))
def adam_kept_outside(lr, beta1, beta2):
    memory = []

    def stepper(theta, state, gradient_of, t):
        a, b = memory if memory else (np.zeros(np.shape(theta)), np.zeros(np.shape(theta)))
        theta, *memory[:] = adam_step(theta, a, b, gradient_of(theta), t, lr, beta1, beta2)
        return theta, None

    return stepper


@adam.mistake(
    "The first step is right, and the second one stumbles over the state. Look whether the state that you return has just the "
    "parts into which you take it apart: theta is handed on by itself."
)
def adam_all_three_kept(lr, beta1, beta2):
    def stepper(theta, state, gradient_of, t):
        a, b = (np.zeros(np.shape(theta)), np.zeros(np.shape(theta))) if state is None else state
        new = adam_step(theta, a, b, gradient_of(theta), t, lr, beta1, beta2)
        return new[0], new

    return stepper


@adam.mistake(THETA_ALONE)
def adam_theta_alone(lr, beta1, beta2):
    def stepper(theta, state, gradient_of, t):
        a, b = (np.zeros(np.shape(theta)), np.zeros(np.shape(theta))) if state is None else state
        return adam_step(theta, a, b, gradient_of(theta), t, lr, beta1, beta2)[0]

    return stepper


@adam.mistake(WRONG_WAY)
def adam_uphill(lr, beta1, beta2):
    def stepper(theta, state, gradient_of, t):
        a, b = (np.zeros(np.shape(theta)), np.zeros(np.shape(theta))) if state is None else state
        theta, a, b = adam_step(theta, a, b, -gradient_of(theta), t, lr, beta1, beta2)
        return theta, (a, b)

    return stepper


@adam.mistake(
    "The two moments change places from one step to the next. Look at the order in which you return them and in which you "
    "take them out of the state."
)
def adam_order_turned(lr, beta1, beta2):
    def stepper(theta, state, gradient_of, t):
        a, b = (np.zeros(np.shape(theta)), np.zeros(np.shape(theta))) if state is None else state
        theta, a, b = adam_step(theta, a, b, gradient_of(theta), t, lr, beta1, beta2)
        return theta, (b, a)

    return stepper


@adam.mistake("The first of the two moments begins at zero in every step. Both belong into the state.")
def adam_first_lost(lr, beta1, beta2):
    def stepper(theta, state, gradient_of, t):
        a, b = (np.zeros(np.shape(theta)), np.zeros(np.shape(theta))) if state is None else state
        theta, a, b = adam_step(theta, a, b, gradient_of(theta), t, lr, beta1, beta2)
        return theta, (0 * a, b)

    return stepper


@adam.mistake("The second of the two moments begins at zero in every step. Both belong into the state.")
def adam_second_lost(lr, beta1, beta2):
    def stepper(theta, state, gradient_of, t):
        a, b = (np.zeros(np.shape(theta)), np.zeros(np.shape(theta))) if state is None else state
        theta, a, b = adam_step(theta, a, b, gradient_of(theta), t, lr, beta1, beta2)
        return theta, (a, 0 * b)

    return stepper


@adam.mistake(TWICE, gate="calls")
def adam_gradient_twice(lr, beta1, beta2):
    def stepper(theta, state, gradient_of, t):
        a, b = (np.zeros(np.shape(theta)), np.zeros(np.shape(theta))) if state is None else state
        if np.all(np.isfinite(gradient_of(theta))):
            theta, a, b = adam_step(theta, a, b, gradient_of(theta), t, lr, beta1, beta2)
        return theta, (a, b)

    return stepper


@adam.right
def adam_in_a_dict(lr, beta1, beta2):
    def stepper(theta, state, gradient_of, t):
        if state is None:
            state = {"a": np.zeros(np.shape(theta)), "b": np.zeros(np.shape(theta))}
        a, b = state["a"], state["b"]
        theta, a, b = adam_step(theta, a, b, gradient_of(theta), t, lr, beta1, beta2)
        return theta, {"a": a, "b": b}

    return stepper


@adam.right
def adam_stacked(lr, beta1, beta2):
    def stepper(theta, state, gradient_of, t):
        state = np.zeros((2, *np.shape(theta))) if state is None else np.asarray(state)
        a, b = state
        theta, *both = adam_step(theta, a, b, gradient_of(theta), t, lr, beta1, beta2)
        return theta, np.array(both)

    return stepper


@adam.right
def adam_or_zeros(lr, beta1, beta2):
    def stepper(theta, state, gradient_of, t):
        a, b = state or (np.zeros(np.shape(theta)), np.zeros(np.shape(theta)))
        theta, a, b = adam_step(theta, a, b, gradient_of(theta), t, lr, beta1, beta2)
        return [theta, [a, b]]

    return stepper


@adam.mistake(
    "Adam is told in every step that it makes its first. The correction depends on t: hand on the number that the stepper gets."
)
def adam_t_is_one(lr, beta1, beta2):
    def stepper(theta, state, gradient_of, t):
        a, b = (np.zeros(np.shape(theta)), np.zeros(np.shape(theta))) if state is None else state
        theta, a, b = adam_step(theta, a, b, gradient_of(theta), 1, lr, beta1, beta2)
        return theta, (a, b)

    return stepper


@adam.mistake(
    "The number of the step is one too large. The stepper is given the number of the step that is being made, from 1 on: hand "
    "it on as it is."
)
def adam_t_too_large(lr, beta1, beta2):
    def stepper(theta, state, gradient_of, t):
        a, b = (np.zeros(np.shape(theta)), np.zeros(np.shape(theta))) if state is None else state
        theta, a, b = adam_step(theta, a, b, gradient_of(theta), t + 1, lr, beta1, beta2)
        return theta, (a, b)

    return stepper


@adam.mistake("The number of the step is one too small: in the first step the correction divides by zero. Hand t on as it is.")
def adam_t_too_small(lr, beta1, beta2):
    def stepper(theta, state, gradient_of, t):
        a, b = (np.zeros(np.shape(theta)), np.zeros(np.shape(theta))) if state is None else state
        theta, a, b = adam_step(theta, a, b, gradient_of(theta), t - 1, lr, beta1, beta2)
        return theta, (a, b)

    return stepper


@adam.mistake("β₁ and β₂ have changed places in the call of the step. Look at the order of its arguments, or name them.")
def adam_betas_turned(lr, beta1, beta2):
    def stepper(theta, state, gradient_of, t):
        a, b = (np.zeros(np.shape(theta)), np.zeros(np.shape(theta))) if state is None else state
        theta, a, b = adam_step(theta, a, b, gradient_of(theta), t, lr, beta2, beta1)
        return theta, (a, b)

    return stepper


@adam.mistake(
    "β₁ and β₂ are 0.9 and 0.999 whatever was asked for: the step takes its defaults where none are handed on. Look at the "
    "end of the call."
)
def adam_betas_left_out(lr, beta1, beta2):
    def stepper(theta, state, gradient_of, t):
        a, b = (np.zeros(np.shape(theta)), np.zeros(np.shape(theta))) if state is None else state
        theta, a, b = adam_step(theta, a, b, gradient_of(theta), t, lr)
        return theta, (a, b)

    return stepper


@adam.mistake("The rate is 0.001 whatever was asked for: the step takes its default where no `lr` is handed on.")
def adam_rate_left_out(lr, beta1, beta2):
    def stepper(theta, state, gradient_of, t):
        a, b = (np.zeros(np.shape(theta)), np.zeros(np.shape(theta))) if state is None else state
        theta, a, b = adam_step(theta, a, b, gradient_of(theta), t, beta1=beta1, beta2=beta2)
        return theta, (a, b)

    return stepper


@adam.mistake(
    "The steps are counted in a variable outside of the state, so that a second walk goes on where the first one is. Use the "
    "t that you are given.",
    passes=("walk", "sizes", "side_by_side"),
)
def adam_counts_outside(lr, beta1, beta2):
    count = 0

    def stepper(theta, state, gradient_of, t):
        nonlocal count
        count += 1
        a, b = (np.zeros(np.shape(theta)), np.zeros(np.shape(theta))) if state is None else state
        theta, a, b = adam_step(theta, a, b, gradient_of(theta), count, lr, beta1, beta2)
        return theta, (a, b)

    return stepper


@adam.right
def adam_counting_itself(lr, beta1, beta2):
    def stepper(theta, state, gradient_of, t):
        a, b, n = (np.zeros(np.shape(theta)), np.zeros(np.shape(theta)), 0) if state is None else state
        theta, a, b = adam_step(theta, a, b, gradient_of(theta), n + 1, lr, beta1, beta2)
        return theta, (a, b, n + 1)

    return stepper


@adam.right
def adam_from_its_parts(lr, beta1, beta2):
    def stepper(theta, state, gradient_of, t):
        m, v = (np.zeros(np.shape(theta)), np.zeros(np.shape(theta))) if state is None else state
        m, v = update_moments(m, v, gradient_of(theta), beta1, beta2)
        root = np.sqrt(bias_correction(v, beta2, t))
        return theta - lr * bias_correction(m, beta1, t) / (root + 1e-8), (m, v)

    return stepper


# Out of the saddle ------------------------------------------------------------------------------------------------------------

escape = Exercise(reference.escape_step)


def _away(rng, saddle, shares, radius):
    """Return points at these shares of the radius from the saddle, in random directions."""
    directions = rng.normal(size=(len(shares), len(saddle)))
    return saddle + radius * np.array(shares)[:, None] * directions / np.linalg.norm(directions, axis=1, keepdims=True)


def _far_off(rng):
    """Return a saddle far from the origin."""
    return rng.choice([-1, 1], size=2) * rng.uniform(4.0, 6.0, size=2)


def _out(rng, radius, label):
    """A walk that leaves the circle, comes back, and leaves again. Three points lie on a diagonal, where other norms and distances
    from other places go wrong: the start, one more inside of the circle, and the first one outside."""
    saddle, k = _far_off(rng), int(rng.integers(2, 5))
    path = _away(
        rng, saddle, [*rng.uniform(0.1, 0.4, size=k), 0.0, 0.0, *rng.uniform(0.3, 0.6, size=2), 1.3, 1.7, 0.5, *[1.4] * 5], radius
    )
    path[[0, k, k + 1]] = saddle + radius * np.outer([-0.4, 0.85, -1.15], [1.0, -1.0]) / np.sqrt(2)
    return Call("escape_step", {"path": path, "saddle": saddle, "radius": radius}, label=label)


def _at_the_edge():
    """Points whose distance is the radius to the last bit: 3, 4 and 5."""
    path = np.array([[1.0, 1.0], [4.0, 5.0], [1.0, 6.0], [4.0, 5.5], [9.0, 9.0]])
    return Call("escape_step", {"path": path, "saddle": np.array([1.0, 1.0]), "radius": 5.0}, label="on the circle")


@escape.part("finds the first point outside of the circle, whatever the walk does later", weight=2)
def first_outside(rng):
    return [_out(rng, float(rng.uniform(1.5, 3.0)), "a large circle"), _out(rng, float(rng.uniform(0.2, 0.5)), "a small circle")]


@escape.part("counts a point on the circle as not escaped, and takes any number of coordinates")
def edge(rng):
    saddle = vector(rng, 4)
    path = _away(rng, saddle, [0.0, 0.6, 0.9, 1.4, 1.2], 0.7)
    return [_at_the_edge(), Call("escape_step", {"path": path, "saddle": saddle, "radius": 0.7}, label="four coordinates")]


@escape.part("says 0 for a walk that sets off outside, and None for one that never leaves")
def start_and_never(rng):
    saddle, radius = _far_off(rng), float(rng.uniform(2.0, 3.0))
    outside = _away(rng, saddle, [1.6, 0.4, 1.8, 2.5], radius)
    inside = _away(rng, saddle, [0.3, 0.1, 0.6, 0.2], radius)
    inside = np.vstack([inside, saddle + radius * 0.8 / np.sqrt(2)])
    return [
        Call("escape_step", {"path": outside, "saddle": saddle, "radius": radius}, label="starts outside"),
        Call("escape_step", {"path": inside, "saddle": saddle, "radius": radius}, label="never leaves"),
    ]


@escape.property("is the step after which a walk of gradient descent has grown beyond the radius", kind="exact")
def by_the_formula(student, rng):
    lr, share, radius = float(rng.uniform(0.02, 0.2)), float(rng.uniform(0.2, 0.5)), 2.5
    path = radius * share * (1 + lr) ** np.arange(200)[:, None] * np.array([[1.0, 1.0]]) / np.sqrt(2)
    wanted = int(np.ceil(np.log(1 / share) / np.log1p(lr)))
    close(student.escape_step(path=path, saddle=np.zeros(2), radius=radius), wanted, where="the step")


@escape.mistake(
    "A point on the circle itself is taken for escaped. Only what is farther away than the radius counts: look at > and >=.",
    passes=("first_outside", "start_and_never", "by_the_formula"),
)
def at_least(path, saddle, radius):
    far = np.linalg.norm(path - saddle, axis=1) >= radius
    return int(np.argmax(far)) if far.any() else None


@escape.mistake("The last point outside is found, and the first is asked for. Look at which end the search begins.")
def last_outside(path, saddle, radius):
    far = np.nonzero(np.linalg.norm(path - saddle, axis=1) > radius)[0]
    return int(far[-1]) if len(far) else None


@escape.mistake(
    "The step after which the walk stays outside for good is found. Asked for is the first time that it is outside, even if it "
    "comes back.",
    passes=("edge", "by_the_formula"),
)
def for_good(path, saddle, radius):
    near = np.nonzero(np.linalg.norm(path - saddle, axis=1) <= radius)[0]
    first = int(near[-1]) + 1 if len(near) else 0
    return first if first < len(path) else None


@escape.mistake("The squared distance is compared with the radius. Take the root, or square the radius too.")
def squared(path, saddle, radius):
    far = np.sum((path - saddle) ** 2, axis=1) > radius
    return int(np.argmax(far)) if far.any() else None


@escape.mistake(
    "The largest coordinate is compared with the radius, which makes a square of the circle. The distance is Euclidean: the root "
    "of the sum of squares.",
    passes=("start_and_never",),
)
def largest_coordinate(path, saddle, radius):
    far = np.max(np.abs(path - saddle), axis=1) > radius
    return int(np.argmax(far)) if far.any() else None


@escape.mistake("The sizes of the coordinates are added up. The distance is Euclidean: the root of the sum of their squares.")
def sum_of_sizes(path, saddle, radius):
    far = np.sum(np.abs(path - saddle), axis=1) > radius
    return int(np.argmax(far)) if far.any() else None


@escape.mistake(
    "For a walk that never leaves, -1 comes back. None is wanted there: -1 is an index too, that of the last point.",
    passes=("first_outside", "edge", "by_the_formula"),
)
def minus_one(path, saddle, radius):
    far = np.linalg.norm(path - saddle, axis=1) > radius
    return int(np.argmax(far)) if far.any() else -1


@escape.mistake(
    "For a walk that never leaves, 0 comes back, as if it had started outside. `argmax` says 0 too where nothing is true: look "
    "first whether anything is.",
    passes=("first_outside", "edge", "by_the_formula"),
)
def zero_for_never(path, saddle, radius):
    return int(np.argmax(np.linalg.norm(path - saddle, axis=1) > radius))


@escape.mistake(
    "For a walk that never leaves, the number of its points comes back. Nothing happened at that step, since there is none: None "
    "is wanted.",
    passes=("first_outside", "edge", "by_the_formula"),
)
def length_for_never(path, saddle, radius):
    far = np.linalg.norm(path - saddle, axis=1) > radius
    return int(np.argmax(far)) if far.any() else len(path)


@escape.mistake(
    "For a walk that never leaves, an exception is raised. `next` and an index need something to be there: give `next` a default, "
    "or look first.",
    passes=("first_outside", "edge", "by_the_formula"),
)
def raises_for_never(path, saddle, radius):
    return int(np.nonzero(np.linalg.norm(path - saddle, axis=1) > radius)[0][0])


@escape.mistake("The distance is measured from the origin. The saddle need not be there: subtract it.", passes=("by_the_formula",))
def from_the_origin(path, saddle, radius):
    far = np.linalg.norm(path, axis=1) > radius
    return int(np.argmax(far)) if far.any() else None


@escape.mistake(
    "The distance is measured from the start of the walk. It is the saddle that has to be left behind.", passes=("edge",)
)
def from_the_start(path, saddle, radius):
    far = np.linalg.norm(path - path[0], axis=1) > radius
    return int(np.argmax(far)) if far.any() else None


@escape.mistake("The points outside are counted. Asked for is the number of the step at which the first of them is reached.")
def how_many(path, saddle, radius):
    far = np.linalg.norm(path - saddle, axis=1) > radius
    return int(far.sum()) if far.any() else None


@escape.mistake("The last point before the escape is found. Asked for is the first one outside: one step later.")
def one_before(path, saddle, radius):
    far = np.linalg.norm(path - saddle, axis=1) > radius
    return int(np.argmax(far)) - 1 if far.any() else None


@escape.mistake("Points are counted from 1. The start is θ₀, and its number is 0: the index itself is the step.")
def counted_from_one(path, saddle, radius):
    far = np.linalg.norm(path - saddle, axis=1) > radius
    return int(np.argmax(far)) + 1 if far.any() else None


@escape.right
def by_a_loop(path, saddle, radius):
    for t, theta in enumerate(path):
        if np.sqrt(np.sum((theta - saddle) ** 2)) > radius:
            return t
    return None


@escape.right
def by_next(path, saddle, radius):
    import math

    return next((t for t, theta in enumerate(path) if math.dist(theta, saddle) > radius), None)


@escape.right
def by_nonzero(path, saddle, radius):
    steps = np.flatnonzero(np.hypot.reduce(path - saddle, axis=1) > radius)
    return steps[0] if steps.size else None


@escape.right
def by_the_farthest_so_far(path, saddle, radius):
    farthest = np.maximum.accumulate(np.linalg.norm(path - saddle, axis=1))
    step = int(np.searchsorted(farthest, radius, side="right"))
    return step if step < len(farthest) else None


# The question -----------------------------------------------------------------------------------------------------------------

question = Question(
    "on_the_ridge",
    reference.on_the_ridge,
    {
        "a": "A sum of squares that are all zero stays zero: Adagrad divides 0 by √ε, which is 0. It can enlarge what is small, "
        "not what isn't there.",
        "b": "Along that axis every gradient is exactly zero, and so is all that is made of it: sums, averages, velocities. No "
        "method of the seven has another source of motion.",
        "c": "The walk arrives at the saddle with a velocity, and it is carried beyond it, along the ridge. Across the ridge there "
        "is no velocity: that part of every gradient was zero.",
        "d": "The correction divides two zeros by numbers above zero. Adam's step is 0/(0 + ε) there, which is 0.",
    },
)


# What the figures show of the reference ---------------------------------------------------------------------------------------

# As in the notebook: each with a rate with which it shows its character there.
ON_BEALE = {
    "GD": reference.gd_stepper(0.005),
    "momentum": reference.momentum_stepper(0.005, 0.9),
    "Nesterov": reference.nesterov_stepper(0.005, 0.9),
    "Adagrad": reference.adagrad_stepper(0.5),
    "RMSprop": reference.rmsprop_stepper(0.02, 0.9),
    "Adadelta": reference.adadelta_stepper(0.9),
    "Adam": reference.adam_stepper(0.1, 0.9, 0.999),
}
ON_THE_SADDLE = {
    "GD": reference.gd_stepper(0.05),
    "momentum": reference.momentum_stepper(0.05, 0.9),
    "Nesterov": reference.nesterov_stepper(0.05, 0.9),
    "Adagrad": reference.adagrad_stepper(0.3),
    "RMSprop": reference.rmsprop_stepper(0.05, 0.9),
    "Adadelta": reference.adadelta_stepper(0.9),
    "Adam": reference.adam_stepper(0.05, 0.9, 0.999),
}
ON_A_NETWORK = {
    "GD": reference.gd_stepper(0.3),
    "momentum": reference.momentum_stepper(0.1, 0.9),
    "Nesterov": reference.nesterov_stepper(0.1, 0.9),
    "Adagrad": reference.adagrad_stepper(0.1),
    "RMSprop": reference.rmsprop_stepper(0.01, 0.9),
    "Adadelta": reference.adadelta_stepper(0.9),
    "Adam": reference.adam_stepper(0.02, 0.9, 0.999),
}


def _walk(stepper, objective, n_steps):
    chosen = objectives.get(objective)
    return reference.race({"it": stepper}, chosen.gradient, chosen.start, n_steps)["it"]


def _losses(stepper):
    """The loss of the network of the notebook, every fifth step."""
    points, _ = landscapes.points()
    first = networks.initial_weights(np.random.default_rng(14), 1, 10, skip=True)
    path = reference.race(
        {"it": stepper},
        lambda theta: networks.steady(networks.gradient(networks.unflat(theta, first), points, skip=True)),
        networks.flat(first),
        500,
    )["it"]
    # To four digits, as far as a figure shows: the rest is another computer's rounding.
    return [float(f"{networks.loss(networks.unflat(theta, first), points, skip=True):.4g}") for theta in path[::5]]


GHOSTS: dict[str, Any] = {
    **{f"beale, {name}": Ghost(lambda s=s: _walk(s, "beale", 300), {}, {}) for name, s in ON_BEALE.items()},
    **{f"saddle, {name}": Ghost(lambda s=s: _walk(s, "saddle", 120), {}, {}) for name, s in ON_THE_SADDLE.items()},
    **{f"network, {name}": Ghost(lambda s=s: _losses(s), {}, {}) for name, s in ON_A_NETWORK.items()},
}
