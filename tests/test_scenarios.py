"""What is asked of a function: steps and calls, with purity, aliasing, counted calls, exceptions and odd results."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from descentlab import objectives
from descentlab.checks import (
    Call,
    ClockOf,
    ExampleGradientOf,
    GeneratorOf,
    GradientOf,
    InPlace,
    LossOf,
    Plain,
    Probe,
    RuleOf,
    ScheduleOf,
    Stepper,
    SteppersOf,
    Steps,
    ValueOf,
)
from descentlab.checks.inputs import MOST_CALLS
from descentlab.checks.scenarios import Played, asked_difference, first_difference, handed_over, scenario_from_json
from descentlab.checks.values import Raised

X, V = np.array([1.0, 2.0]), np.array([0.5, -0.5])
G = [np.array([1.0, 0.0]), np.array([0.0, 1.0]), np.array([1.0, 1.0])]
STEPS = Steps("step", {"theta": X, "velocity": V}, {"gradient": G, "lr": [0.1, 0.2, 0.3]}, {"gamma": 0.5})


def step(theta, velocity, gradient, lr, gamma):
    velocity = gamma * velocity + lr * gradient
    return theta - velocity, velocity


def walk(gradient_of, theta0, schedule, n_steps):
    points = [theta0]
    for t in range(1, n_steps + 1):
        points.append(points[-1] - schedule(t) * gradient_of(points[-1]))
    return np.array(points)


WALK = Call(
    "walk",
    {"gradient_of": GradientOf("bowl"), "theta0": X, "schedule": ScheduleOf((9.0, 0.1, 0.2, 0.3, 9.0)), "n_steps": 3},
    label="a walk",
    rows="step",
)


def play(scenario, function, helpers=None, **namespace):
    name = scenario.function
    return scenario.play(InPlace({name: function} | namespace), helpers or {})


def sentence(scenario, function, reference):
    return first_difference(play(scenario, function), play(scenario, reference), rows=scenario.rows, parts=scenario.parts)


# Steps ------------------------------------------------------------------------------------------------------------------------


def test_steps_feed_back_their_own_results():
    played = play(STEPS, step)
    theta, velocity = X, V
    expected = []
    for k, gradient in enumerate(G):
        theta, velocity = step(theta, velocity, gradient, [0.1, 0.2, 0.3][k], 0.5)
        expected += [(k + 1, "theta", theta), (k + 1, "velocity", velocity)]
    assert [value[:2] for value in played.values] == [value[:2] for value in expected]
    for (*_, got), (*_, wanted) in zip(played.values, expected, strict=True):
        np.testing.assert_array_equal(got, wanted)
    assert (played.changed, played.shared, played.asked) == ([], [], {})


def test_the_number_of_the_step_is_handed_over_and_parts_may_be_left_out():
    counted = Steps("f", {"m": 0.0, "v": 0.0}, {"g": [1.0, 1.0, 1.0]}, count="t", first=5, only=("v",))
    played = play(counted, lambda m, v, g, t: (m + 1, float(t)))
    assert played.values == [(5, "v", 5.0), (6, "v", 6.0), (7, "v", 7.0)]


def test_a_play_ends_where_there_is_no_state_to_go_on_with():
    def ends(result):
        calls = []

        def function(**arguments):
            calls.append(arguments)
            return result if len(calls) == 2 else step(**arguments)

        return play(STEPS, function), len(calls)

    for result in (None, "text", (X,), (X, V, V), {"theta": X}, 3.0):
        played, calls = ends(result)
        assert calls == 2, result
        assert played.values[-1][:2] == (2, "")
    for result in ((X, None), (X, "text"), (X, np.zeros(3))):
        played, calls = ends(result)
        assert calls == 2, result
        assert played.values[-1][:2] == (2, "velocity")


def test_an_exception_ends_the_play_and_is_its_last_value():
    def raising(theta, velocity, gradient, lr, gamma):
        if lr > 0.15:
            raise ZeroDivisionError("by nothing")
        return step(theta, velocity, gradient, lr, gamma)

    last = play(STEPS, raising).values[-1]
    assert last[:2] == (2, "")
    assert isinstance(last[2], Raised)
    assert (last[2].kind, last[2].message) == ("ZeroDivisionError", "by nothing")


# Purity and memory ------------------------------------------------------------------------------------------------------------


def test_changed_arguments_are_seen_and_the_next_step_is_not_spoilt():
    def in_place(theta, velocity, gradient, lr, gamma):
        velocity *= gamma
        velocity += lr * gradient
        return theta - velocity, velocity

    played = play(STEPS, in_place)
    assert played.changed == ["velocity"]
    assert first_difference(played, play(STEPS, step)) is None
    assert X.tolist() == [1.0, 2.0]
    assert V.tolist() == [0.5, -0.5]


def test_nested_arguments_and_other_shapes_are_seen():
    def change(params):
        params["w"][1][:] = 0
        return params["b"].sum()

    played = play(Call("f", {"params": {"w": [X, V], "b": V}}), change)
    assert played.changed == ["params['w'][1]"]

    def reshape(x):
        x.shape = (2, 1)
        return 0.0

    assert play(Call("f", {"x": X}), reshape).changed == ["x"]


def test_minus_zero_and_nan_are_changes_only_where_they_are_new():
    def negate(x):
        x *= -1
        x *= -1
        return 1.0

    assert play(Call("f", {"x": np.array([0.0, np.nan])}), negate).changed == []
    assert play(Call("f", {"x": np.array([0.0])}), lambda x: np.negative(x, out=x)).changed == ["x"]


def test_shared_memory_is_seen_between_results_and_arguments():
    def returned(result):
        return play(STEPS, result).shared

    assert returned(lambda theta, velocity, gradient, lr, gamma: (theta, velocity + 1)) == [("result[0]", "theta")]
    assert returned(lambda theta, velocity, gradient, lr, gamma: (theta[::-1], velocity + 1)) == [("result[0]", "theta")]

    def same_twice(theta, velocity, gradient, lr, gamma):
        new = theta + velocity
        return new, new

    assert returned(same_twice) == [("result[0]", "result[1]")]
    assert returned(lambda theta, velocity, gradient, lr, gamma: (theta + 0, gradient)) == [("result[1]", "gradient")]
    assert returned(step) == []


# Calls ------------------------------------------------------------------------------------------------------------------------


def test_functions_that_are_handed_over_are_counted_and_their_points_kept():
    played = play(WALK, walk)
    assert [len(points) for points in played.asked.values()] == [3, 3]
    assert played.asked["schedule"] == [1, 2, 3]
    np.testing.assert_array_equal(played.asked["gradient_of"][0], X)
    np.testing.assert_array_equal(played.asked["gradient_of"][2], played.values[0][2][2])


def test_how_often_and_where_a_function_is_asked():
    def twice(gradient_of, theta0, schedule, n_steps):
        gradient_of(theta0)
        return walk(gradient_of, theta0, schedule, n_steps)

    def elsewhere(gradient_of, theta0, schedule, n_steps):
        # The gradient of this bowl is linear: the right values from another place.
        return walk(lambda theta: gradient_of(theta + 1) - np.array([1.0, 2.0]), theta0, schedule, n_steps)

    def never(gradient_of, theta0, schedule, n_steps):
        return walk(lambda theta: theta * [1, 2], theta0, schedule, n_steps)

    expected = play(WALK, walk)
    for function in (twice, elsewhere, never):
        assert first_difference(play(WALK, function), expected) is None
    assert asked_difference(expected, expected, places=True) is None
    assert asked_difference(play(WALK, twice), expected, places=False) == "gradient_of was called 4 times, 3 times is right"
    assert asked_difference(play(WALK, never), expected, places=False) == "gradient_of was called never, 3 times is right"
    assert asked_difference(play(WALK, elsewhere), expected, places=False) is None
    assert asked_difference(play(WALK, elsewhere), expected, places=True) == (
        "call 1 of gradient_of was made at another point: yours 2, expected 1"
    )


def test_a_point_is_kept_as_it_was_when_it_was_asked():
    def reusing(gradient_of, theta0, schedule, n_steps):
        theta, points = theta0.copy(), [theta0.copy()]
        for t in range(1, n_steps + 1):
            theta -= schedule(t) * gradient_of(theta)
            points.append(theta.copy())
        return points

    assert asked_difference(play(WALK, reusing), play(WALK, walk), places=True) is None


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda gradient_of, schedule: gradient_of(np.zeros(3)), "gradient_of was asked at a point of shape (3,), theta has (2,)"),
        (lambda gradient_of, schedule: gradient_of("x"), "gradient_of was asked at something that is not an array of numbers"),
        (lambda gradient_of, schedule: gradient_of(theta=X), "gradient_of takes its arguments by position: gradient_of(…)"),
        (lambda gradient_of, schedule: schedule(1.5), "schedule takes the number of a step, 1 to 3, not 1.5"),
        (lambda gradient_of, schedule: schedule(7), "schedule takes the number of a step, 1 to 3, not 7"),
        (lambda gradient_of, schedule: schedule(np.nan), "schedule takes the number of a step, 1 to 3, not nan"),
        (lambda gradient_of, schedule: schedule([1, 2]), "schedule takes the number of a step, 1 to 3, not [1, 2]"),
    ],
)  # fmt: skip
def test_a_function_that_is_asked_nonsense_says_so(ask, words):
    played = play(WALK, lambda gradient_of, theta0, schedule, n_steps: ask(gradient_of, schedule))
    assert played.values[0][2].message == words


SURFACE = Call("f", {"loss": LossOf("wavy", ((2, 2), (2,))), "weights": [np.eye(2), X]})


def test_a_loss_takes_a_list_of_arrays_and_its_calls_are_counted_in_any_order():
    def forwards(loss, weights):
        return [loss([weights[0] + k, weights[1]]) for k in range(3)]

    def backwards(loss, weights):
        return [loss((weights[0] + k, weights[1].tolist())) for k in (2, 1, 0)][::-1]

    def once_too_often(loss, weights):
        return [*(loss([weights[0] + k, weights[1]]) for k in range(4))][:3]

    expected = play(SURFACE, forwards)
    assert len(set(expected.values[0][2])) == 3
    for function in (forwards, backwards):
        assert first_difference(play(SURFACE, function), expected) is None
        assert asked_difference(play(SURFACE, function), expected, places=True) is None
    assert first_difference(play(SURFACE, once_too_often), expected) is None
    assert asked_difference(play(SURFACE, once_too_often), expected, places=True) == "loss was called 4 times, 3 times is right"


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda loss, weights: loss(weights[0]), "loss takes a list of 2 arrays, one for each array of the weights"),
        (lambda loss, weights: loss(weights[:1]), "loss takes a list of 2 arrays, one for each array of the weights"),
        (
            lambda loss, weights: loss(weights[::-1]),
            "loss was asked at arrays of the shapes (2,), (2, 2), the weights have (2, 2), (2,)",
        ),
        (lambda loss, weights: loss([weights[0], "x"]), "loss was asked at something that is not an array of numbers"),
        (lambda loss, weights: loss(weights=weights), "loss takes its arguments by position: loss(…)"),
    ],
)  # fmt: skip
def test_a_loss_that_is_asked_nonsense_says_so(ask, words):
    assert play(SURFACE, ask).values[0][2].message == words


def test_every_weight_of_a_loss_tells():
    there = np.random.default_rng(1).normal(size=6)
    function = LossOf("wavy", ((2, 2), (2,))).build("loss")
    values = [function([(there + step)[:4].reshape(2, 2), (there + step)[4:]]) for step in (np.zeros(6), *np.eye(6))]
    assert len({f"{value:.6f}" for value in values}) == 7


def test_a_loop_without_end_is_stopped():
    def forever(gradient_of, theta0, schedule, n_steps):
        while True:
            gradient_of(theta0)

    raised = play(WALK, forever).values[0][2]
    assert raised.message == f"gradient_of was called more than {MOST_CALLS} times"


def test_a_rule_is_handed_over_whole():
    rule = Call("f", {"rule": RuleOf("damped"), "theta": X})

    def right(rule, theta):
        return rule(theta, 0 * theta, lambda at: at, 0.1)

    played = play(rule, right)
    np.testing.assert_array_equal(played.asked["rule"][0], X)
    for wrong in (lambda rule, theta: rule(theta, 0.0, np.cos, 0.1), lambda rule, theta: rule(theta, 0 * theta, X, 0.1)):
        assert play(rule, wrong).values[0][2].kind == "ValueError"


# Values and clocks ------------------------------------------------------------------------------------------------------------

VALUES = Call("f", {"J": ValueOf("bowl"), "steps": ValueOf("bowl", grain=0.25), "theta": X})
TIMED = {"schedule": ScheduleOf((9.0, 0.1, 0.2, 0.3, 9.0)), "clock": ClockOf(1e6, 0.5, slow="schedule", calls=2, jump=3600.0)}


def test_the_value_of_an_objective_is_a_float_kept_with_its_point():
    bowl = objectives.get("bowl")
    played = play(VALUES, lambda J, steps, theta: [J(theta), steps(theta), type(J(list(theta))).__name__])
    exact = bowl.value(X)
    assert played.values[0][2] == [exact, np.floor(exact / 0.25) * 0.25, "float"]
    assert [len(points) for points in played.asked.values()] == [2, 1]
    np.testing.assert_array_equal(played.asked["J"][0], X)


def test_a_value_may_be_one_of_a_matrix_and_of_no_count():
    ravine = objectives.get("ravine")
    matrix = Call("f", {"J": ValueOf("ravine", shape=(2, 1)), "free": ValueOf("ravine", shape=(1, 2), counted=False)})
    played = play(matrix, lambda J, free: [J([[3.0], [0.5]]), free(np.array([[3.0, 0.5]])), free([[0.0, 0.0]])])
    assert played.values[0][2] == [ravine.value(np.array([3.0, 0.5]))] * 2 + [0.0]
    assert {name: len(points) for name, points in played.asked.items()} == {"J": 1}
    wrong = play(matrix, lambda J, free: J(np.zeros(2)))
    assert wrong.values[0][2].message == "J was asked at a point of shape (2,), theta has (2, 1)"
    endless = play(matrix, lambda J, free: [free(np.zeros((1, 2))) for _ in range(MOST_CALLS + 1)])
    assert endless.values[0][2].message == f"free was called more than {MOST_CALLS} times"
    text = json.dumps(matrix.to_json(), sort_keys=True)
    back = scenario_from_json(json.loads(text))
    assert json.dumps(back.to_json(), sort_keys=True) == text
    again = play(back, lambda J, free: [J([[3.0], [0.5]]), free(np.array([[3.0, 0.5]])), free([[0.0, 0.0]])])
    assert (again.values, list(again.asked)) == (played.values, ["J"])
    assert ValueOf("ravine").to_json() == {"value": "ravine", "parameters": {}, "grain": 0.0}


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda J: J(np.zeros(3)), "J was asked at a point of shape (3,), theta has (2,)"),
        (lambda J: J("x"), "J was asked at something that is not an array of numbers"),
        (lambda J: J(theta=X), "J takes its arguments by position: J(…)"),
        (lambda J: [J(X) for _ in range(MOST_CALLS + 1)], f"J was called more than {MOST_CALLS} times"),
    ],
)
def test_a_value_that_is_asked_nonsense_says_so(ask, words):
    assert play(VALUES, lambda J, steps, theta: ask(J)).values[0][2].message == words


def test_where_a_value_or_a_gradient_overflows_nothing_is_warned_of():
    well = Call("f", {"J": ValueOf("double_well"), "gradient_of": GradientOf("double_well")})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        arguments, _ = handed_over(well.arguments)
        assert arguments["J"](np.array(1e200)) == np.inf
        assert arguments["gradient_of"](np.array(1e200)) == np.inf


def test_a_clock_goes_on_at_each_reading_and_jumps_when_a_function_was_slow():
    def reading(schedule, clock):
        times = [clock(), clock()]
        schedule(1)
        times.append(clock())
        schedule(2)
        return [*times, clock(), clock()]

    played = play(Call("f", TIMED), reading)
    assert played.values[0][2] == [1e6 + 0.5, 1e6 + 1.0, 1e6 + 1.5, 1e6 + 3602.0, 1e6 + 3602.5]
    assert list(played.asked) == ["schedule"], "nobody counts how often a clock is read"
    assert play(Call("f", TIMED), reading).values[0][2] == played.values[0][2], "each play has a clock of its own"
    alone = play(Call("f", {"clock": ClockOf(0.0, 2.0)}), lambda clock: [clock(), clock()])
    assert alone.values[0][2] == [2.0, 4.0]


def test_a_clock_that_is_read_without_end_stops_and_takes_no_arguments():
    for wrong in (lambda clock: [clock() for _ in range(MOST_CALLS + 1)], lambda clock: clock(3)):
        assert isinstance(play(Call("f", {"clock": ClockOf(0.0, 1.0)}), wrong).values[0][2], Raised)


def test_values_and_clocks_come_back_from_json():
    parameters = {"hessian": np.diag([1.0, 3.0])}
    call = Call("f", {"J": ValueOf("quadratic", parameters), "validation": ValueOf("bowl", grain=0.25), "theta": X, **TIMED})
    text = json.dumps(call.to_json(), sort_keys=True)
    back = scenario_from_json(json.loads(text))
    assert json.dumps(back.to_json(), sort_keys=True) == text

    def asking(J, validation, theta, schedule, clock):
        return [J(theta), validation(theta), clock(), schedule(1), schedule(2), clock()]

    assert play(back, asking).values == play(call, asking).values


# Examples -------------------------------------------------------------------------------------------------------------------

EXAMPLES = Call(
    "f",
    {"example_gradient": ExampleGradientOf(np.array([[1.0, 2.0], [3.0, 0.0], [0.0, 0.0]]), np.array([1.0, 2.0, 0.5])), "theta": X},
)


def test_the_gradient_of_an_example_is_asked_one_by_one_and_kept_by_its_point():
    def ask(example_gradient, theta):
        return [example_gradient(theta, i) for i in (1, 2.0, np.int64(0))] + [example_gradient(2 * theta, True)]

    played = play(EXAMPLES, ask)
    expected = [2 * (X - [3.0, 0.0]), 0.5 * X, X - [1.0, 2.0], 2 * (2 * X - [3.0, 0.0])]
    np.testing.assert_array_equal(played.values[0][2], expected)
    # In which order the examples of a batch are asked is the student's affair.
    np.testing.assert_array_equal(played.asked["example_gradient"], [X, X, X, 2 * X])
    back = scenario_from_json(json.loads(json.dumps(EXAMPLES.to_json())))
    assert first_difference(play(back, ask), played) is None


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda g: g(X, [0, 1]), "example_gradient takes the number of one example, not an array of shape (2,)"),
        (lambda g: g(X, 3), "example_gradient takes the number of an example, 0 to 2, not 3"),
        (lambda g: g(X, -1), "example_gradient takes the number of an example, 0 to 2, not -1"),
        (lambda g: g(X, 0.5), "example_gradient takes the number of an example, 0 to 2, not 0.5"),
        (lambda g: g(np.zeros(3), 0), "example_gradient was asked at a point of shape (3,), theta has (2,)"),
        (lambda g: g(X, "one"), "example_gradient was asked at something that is not an array of numbers"),
        (lambda g: g(theta=X, i=0), "example_gradient takes its arguments by position: example_gradient(…)"),
        (lambda g: [g(X, 0) for _ in range(MOST_CALLS + 1)], f"example_gradient was called more than {MOST_CALLS} times"),
    ],
)
def test_an_example_that_is_asked_nonsense_says_so(ask, words):
    assert play(EXAMPLES, lambda example_gradient, theta: ask(example_gradient)).values[0][2].message == words


RACE = Call(
    "f",
    {"steppers": SteppersOf(("wanderer", "swing")), "gradient_of": GradientOf("bowl", places=False), "theta0": X, "n_steps": 3},
)


def race(steppers, gradient_of, theta0, n_steps):
    paths = {}
    for name, stepper in steppers.items():
        theta, state, path = theta0, None, [theta0]
        for t in range(1, n_steps + 1):
            theta, state = stepper(theta, state, gradient_of, t)
            path.append(theta)
        paths[name] = path
    return paths


def race_in_turn(steppers, gradient_of, theta0, n_steps):
    paths, states = {name: [theta0] for name in steppers}, dict.fromkeys(steppers)
    for t in range(1, n_steps + 1):
        for name, stepper in reversed(steppers.items()):
            theta, states[name] = stepper(paths[name][-1], states[name], gradient_of, t)
            paths[name].append(theta)
    return paths


def test_steppers_are_counted_and_tell_all_that_they_are_handed():
    expected = play(RACE, race)
    assert {name: len(points) for name, points in expected.asked.items()} == {
        "gradient_of": 6, "the stepper 'wanderer'": 3, "the stepper 'swing'": 3,
    }  # fmt: skip
    assert first_difference(play(RACE, race_in_turn), expected) is None
    assert asked_difference(play(RACE, race_in_turn), expected, places=True) is None

    def with_change(change):
        def wrapped(steppers, gradient_of, theta0, n_steps):
            changed = {name: lambda *args, s=s: s(*change(*args)) for name, s in steppers.items()}
            return race(changed, gradient_of, theta0, n_steps)

        return play(RACE, wrapped)

    for change in (
        lambda theta, state, gradient_of, t: (theta + 1e-3, state, gradient_of, t),
        lambda theta, state, gradient_of, t: (theta, None, gradient_of, t),
        lambda theta, state, gradient_of, t: (theta, state, lambda at: 0 * gradient_of(at), t),
        lambda theta, state, gradient_of, t: (theta, state, gradient_of, t - 1),
    ):
        assert first_difference(with_change(change), expected)
    assert scenario_from_json(json.loads(json.dumps(RACE.to_json()))).to_json() == RACE.to_json()


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda s, g: s(X, None, X, 1), "the third argument of the stepper 'swing' is the function gradient_of"),
        (
            lambda s, g: s(X, 3.0, g, 1),
            "the second argument of the stepper 'swing' is the state that it returned in the step before, None at first",
        ),
        (
            lambda s, g: s(X, [1, np.zeros(3)], g, 1),
            "the stepper 'swing' was given a state that it did not return at a point of the shape (2,)",
        ),
        (lambda s, g: s(X, None, g, 0.5), "the last argument of the stepper 'swing' is the number of the step, not 0.5"),
        (lambda s, g: s(X, None, g, -1), "the last argument of the stepper 'swing' is the number of the step, not -1"),
        (lambda s, g: s(np.zeros(1001), None, g, 1), "the stepper 'swing' takes points of up to 1000 numbers"),
        (
            lambda s, g: s(X, None, lambda at: np.zeros(3), 1),
            "the stepper 'swing' was given a gradient of shape (3,), theta has (2,)",
        ),
        (lambda s, g: s(theta=X), "the stepper 'swing' takes its arguments by position: the stepper 'swing'(…)"),
    ],
)  # fmt: skip
def test_a_stepper_that_is_asked_nonsense_says_so(ask, words):
    played = play(RACE, lambda steppers, gradient_of, theta0, n_steps: ask(steppers["swing"], gradient_of))
    assert played.values[0][2].message == words


# Steppers that come back ------------------------------------------------------------------------------------------------------

ONE = Stepper("make", {"lr": 0.1}, GradientOf("bowl"), [X], 3)
TWO = Stepper("make", {"lr": 0.1}, GradientOf("bowl"), [X, V], 3)


def heavy(lr):
    def stepper(theta, state, gradient_of, t):
        velocity = 0.5 * (0 * theta if state is None else state) + lr * gradient_of(theta) / t
        return theta - velocity, velocity

    return stepper


def heavy_inside(lr):
    velocity = 0.0

    def stepper(theta, state, gradient_of, t):
        nonlocal velocity
        velocity = 0.5 * velocity + lr * gradient_of(theta) / t
        return theta - velocity, None

    return stepper


def test_a_returned_stepper_walks_and_its_state_is_its_own():
    expected = play(ONE, heavy)
    assert [(step, name) for step, name, _ in expected.values] == [(1, "theta"), (2, "theta"), (3, "theta")]
    assert len(expected.asked["gradient_of"]) == 3
    forms = (
        lambda v: (v, "words"), lambda v: {"v": [v]}, lambda v: [v.tolist()], lambda v: np.stack([v, v]),
    )  # fmt: skip
    reads = (lambda s: s[0], lambda s: s["v"][0], lambda s: np.array(s[0]), lambda s: s[1])
    for write, read in zip(forms, reads, strict=True):

        def other(lr, write=write, read=read):
            inner = heavy(lr)

            def stepper(theta, state, gradient_of, t):
                theta, velocity = inner(theta, None if state is None else read(state), gradient_of, t)
                return [theta, write(velocity)]

            return stepper

        assert first_difference(play(ONE, other), expected) is None


def test_walks_in_turn_show_what_is_kept_outside_of_the_state():
    assert first_difference(play(ONE, heavy_inside), play(ONE, heavy)) is None
    assert play(TWO, heavy).values[1][1] == "theta of walk 2"
    assert first_difference(play(TWO, heavy_inside), play(TWO, heavy)).startswith("step 1, theta of walk 2[0]: yours")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda lr: 3.0, "yours is the number 3, expected a function"),
        (lambda lr: lambda theta, state, gradient_of, t: None, "step 1: yours is None, expected (theta, state)"),
        (lambda lr: lambda theta, state, gradient_of, t: theta + 0.5, "step 1, theta: yours has the shape (), expected (2,)"),
        (lambda lr: lambda theta, state, gradient_of, t: (theta, None, t), "step 1: yours is a sequence of 3 values"),
        (lambda lr: lambda theta, gradient: theta, "step 1, theta: raises TypeError"),
    ],
)
def test_what_is_no_stepper_is_said_in_words(make, words):
    assert sentence(ONE, make, heavy).startswith(words)


def test_a_state_that_cannot_be_handed_on_ends_the_walk():
    class Memory:
        pass

    def keeps_an_object(lr):
        inner = heavy(lr)
        return lambda theta, state, gradient_of, t: (inner(theta, None, gradient_of, t)[0], (Memory(),))

    played = play(ONE, keeps_an_object)
    assert len(played.values) == 2
    assert "a pair whose state holds a value of type Memory" in sentence(ONE, keeps_an_object, heavy)
    endless: list = []
    endless.append(endless)
    assert len(play(ONE, lambda lr: lambda theta, state, gradient_of, t: (theta, endless)).values) == 2


@pytest.mark.parametrize("scenario", [ONE, TWO], ids=["one", "two"])
def test_steppers_come_back_from_json_and_play_alike(scenario):
    data = json.loads(json.dumps(scenario.to_json(), sort_keys=True))
    back = scenario_from_json(data)
    assert first_difference(play(back, heavy), play(scenario, heavy)) is None
    assert back.to_json() == scenario.to_json()


# Functions that come back -----------------------------------------------------------------------------------------------------

DECAY = Call("decay", {"eta0": 0.5}, evaluate=(1, 2, 3))


def test_a_returned_function_is_asked_at_its_places():
    assert play(DECAY, lambda eta0: lambda t: eta0 / t).values == [
        (None, "at t = 1", 0.5), (None, "at t = 2", 0.25), (None, "at t = 3", 0.5 / 3),
    ]  # fmt: skip
    words = "yours is the number 0.5, expected a function"
    assert sentence(DECAY, lambda eta0: eta0, lambda eta0: lambda t: eta0 / t) == words


def test_a_returned_function_that_raises_prints_or_warns_is_quiet(capfd):
    def loud(eta0):
        def schedule(t):
            print("hello")
            warnings.warn("careful", stacklevel=1)
            np.exp(np.array([1e9]))
            if t == 2:
                raise KeyError("t")
            return eta0

        return schedule

    values = play(DECAY, loud).values
    assert [name for _, name, _ in values] == ["at t = 1", "at t = 2"]
    assert values[1][2].kind == "KeyError"
    assert capfd.readouterr() == ("", "")


def test_a_failure_of_the_sandbox_is_not_taken_for_the_students():
    class SandboxGone(Exception):
        pass

    def gone(t):
        raise SandboxGone

    class Remote:
        def call(self, name, arguments, helpers):
            return type("Outcome", (), {"value": staticmethod(gone), "error": None, "changed": (), "shared": ()})

    with pytest.raises(SandboxGone):
        DECAY.play(Remote(), {})


def test_a_dict_of_functions_can_be_called():
    student = InPlace({"f": lambda: {"gd": lambda x: 2 * x, "n": 3}})
    value = student.call("f", {}, {}).value
    assert (value["gd"](4), value["n"]) == (8, 3)


# The student in place ---------------------------------------------------------------------------------------------------------


def test_helpers_stand_in_for_the_time_of_the_call():
    namespace = {"helper": "the student's own"}
    exec("def f(): return helper() + other()", namespace)
    student = InPlace(namespace)
    outcome = student.call("f", {}, {"helper": lambda: 1, "other": lambda: 2})
    assert outcome.value == 3
    assert namespace["helper"] == "the student's own"
    assert "other" not in namespace


def test_helpers_stand_in_for_a_returned_function_too():
    namespace = {"helper": lambda: "own"}
    exec("def make(): return lambda: helper()\ndef both(): return {'a': make(), 'n': 1}", namespace)
    student = InPlace(namespace)
    function = student.call("make", {}, {"helper": lambda: "judge"}).value
    assert function() == "judge"
    assert namespace["helper"]() == "own"
    assert student.call("both", {}, {"helper": lambda: "judge"}).value["a"]() == "judge"
    assert student.call("make", {}, {}).value() == "own"


def test_whatever_is_printed_or_warned_of_stays_off_stderr(capfd):
    def loud(x):
        print("hello")
        warnings.warn("careful", stacklevel=1)
        return np.exp(x * 1e9)

    outcome = InPlace({"f": loud}).call("f", {"x": np.array([1.0])}, {})
    assert np.isinf(outcome.value).all()
    assert outcome.printed == "hello\n"
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("error", [SystemExit(3), RecursionError("deep"), MemoryError(), StopIteration()])
def test_every_exception_of_the_students_is_an_outcome(error):
    def f():
        raise error

    outcome = InPlace({"f": f}).call("f", {}, {})
    assert outcome.error.kind == type(error).__name__


def test_what_is_missing_or_no_function_is_said():
    student = InPlace({"f": 3})
    assert student.call("g", {}, {}).error.kind == "NameError"
    assert student.call("f", {}, {}).error.message == "f is not a function"
    with pytest.raises(NameError):
        student.value("g")


# Words ------------------------------------------------------------------------------------------------------------------------


def test_the_sentence_names_step_coordinate_and_both_numbers_and_no_more():
    def wrong(theta, velocity, gradient, lr, gamma):
        theta, velocity = step(theta, velocity, gradient, lr, gamma)
        return theta + np.array([0, lr > 0.15]), velocity

    words = sentence(STEPS, wrong, step)
    assert words == "step 2, theta[1]: yours 3.175, expected 2.175"
    assert sentence(STEPS, step, step) is None

    def drifting(gradient_of, theta0, schedule, n_steps):
        return walk(gradient_of, theta0, schedule, n_steps) + np.array([[0, 0], [0, 0], [0, 0.25], [0, 0]])

    assert sentence(WALK, drifting, walk) == "step 2, coordinate [1]: yours 1.21, expected 0.96"
    # Nowhere more than the one number of the answer.
    expected = play(WALK, walk).values[0][2]
    shown = [value for value in expected.ravel() if f"{value:.5g}" in sentence(WALK, drifting, walk).split()]
    assert len(shown) == 1


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (None, "step 1: yours is None, expected (theta, velocity)"),
        (X, "step 1, theta: yours has the shape (), expected (2,)"),
        (np.zeros(5), "step 1: yours is an array of shape (5,), expected (theta, velocity)"),
        ((X, V, V), "step 1: yours is a sequence of 3 values, expected (theta, velocity)"),
        ((X, None), "step 1, theta[0]: yours 1, expected 0.65"),
        ((X - V / 2 - G[0] / 10, None), "step 1, velocity: yours is None, expected an array of shape (2,)"),
        ((np.zeros((2, 1)), V), "step 1, theta: yours has the shape (2, 1), expected (2,)"),
    ],
)
def test_what_is_no_state_is_said_in_words(result, words):
    assert sentence(STEPS, lambda **_: result, step) == words


def test_a_state_of_one_part_is_described_by_its_shape():
    one = Steps("f", {"theta": X}, {"gradient": G})
    for result, words in (
        (None, "step 1: yours is None, expected theta, an array of shape (2,)"),
        (["a"], "step 1: yours is a sequence of 1 values, expected theta, an array of shape (2,)"),
        (np.array([True, False]), "step 1: yours is an array of truth values, shape (2,), expected theta, an array of shape (2,)"),
        ((X, X), "step 1, theta: yours has the shape (2, 2), expected (2,)"),
    ):
        assert sentence(one, lambda result=result, **_: result, lambda theta, gradient: theta - gradient) == words


def test_parts_that_are_not_compared_are_named_all_the_same():
    some = Steps("f", {"theta": X, "m": X, "v": X}, {"gradient": G}, only=("m", "v"))
    words = sentence(some, lambda theta, m, v, gradient: (m, v), lambda theta, m, v, gradient: (theta, m + 1, v + 1))
    assert words == "step 1: yours is a sequence of 2 values, expected (theta, m, v)"


def test_a_play_that_ends_early_is_said_to_end():
    short = Played(play(STEPS, step).values[:3])
    assert first_difference(short, play(STEPS, step)) == "step 2, velocity: yours ends before it"


# To JSON and back -------------------------------------------------------------------------------------------------------------

numbers = st.floats(-100, 100)
vectors = st.lists(numbers, min_size=2, max_size=2).map(np.array)


@given(theta=vectors, velocity=vectors, gradients=st.lists(vectors, min_size=1, max_size=4), gamma=numbers, first=st.integers(0, 5))
def test_steps_come_back_from_json_and_play_alike(theta, velocity, gradients, gamma, first):
    scenario = Steps(
        "step", {"velocity": velocity, "theta": theta}, {"gradient": gradients}, {"gamma": gamma}, "t", first, "a label", ("theta",)
    )

    def rule(velocity, theta, gradient, gamma, t):
        return gamma * velocity + t * gradient, theta - gradient

    text = json.dumps(scenario.to_json(), sort_keys=True)
    back = scenario_from_json(json.loads(text))
    assert json.dumps(back.to_json(), sort_keys=True) == text
    one, two = (s.play(Plain({"step": rule}), {}) for s in (scenario, back))
    assert json.dumps(one.to_json()) == json.dumps(two.to_json())
    assert first_difference(Played.from_json(json.loads(json.dumps(one.to_json())), STEPS), two) is None


@pytest.mark.parametrize(
    "call",
    [
        WALK,
        Call("walk", WALK.arguments | {"gradient_of": GradientOf("quadratic", {"hessian": np.diag([1.0, 3.0])})}, rows="step"),
        Call("walk", WALK.arguments | {"gradient_of": GradientOf("double_well"), "theta0": np.array(1.5)}),
    ],
)
def test_calls_come_back_from_json_and_play_alike(call):
    text = json.dumps(call.to_json(), sort_keys=True)
    back = scenario_from_json(json.loads(text))
    assert (back.label, back.rows, back.evaluate, back.only) == (call.label, call.rows, call.evaluate, call.only)
    one, two = (c.play(Plain({"walk": walk}), {}) for c in (call, back))
    assert first_difference(one, two) is None
    assert asked_difference(one, two, places=True) is None


def test_rules_losses_and_chosen_entries_come_back_from_json():
    inputs = {"rule": RuleOf("damped"), "loss": LossOf("wavy", ((2, 3), (2,), ()))}
    call = Call("f", inputs | {"n": 2, "names": ["a"], "nested": {"x": [1.5]}}, evaluate=(1, 2), only=(0,))
    back = scenario_from_json(json.loads(json.dumps(call.to_json())))
    assert back == call
    kept = Call("f", {}, only=(0, 2)).play(Plain({"f": lambda: (1.0, 2.0, 3.0)}), {})
    assert kept.values == [(None, "", [1.0, 3.0])]


# Tolerances, generators, probes -----------------------------------------------------------------------------------------------


def test_a_call_may_be_as_inexact_as_it_says_and_no_more():
    call = Call("f", {}, rtol=1e-3, atol=0.5)
    back = scenario_from_json(json.loads(json.dumps(call.to_json())))
    assert back == call
    for scenario in (call, back):
        expected = play(scenario, lambda: np.array([100.0, 0.0]))
        assert first_difference(play(scenario, lambda: np.array([100.55, 0.45])), expected) is None
        assert first_difference(play(scenario, lambda: np.array([100.0, 0.55])), expected) == "entry [1]: yours 0.55, expected 0"
    kept = Played.from_json(json.loads(json.dumps(expected.to_json())), back)
    assert first_difference(play(call, lambda: np.array([100.0, 0.45])), kept) is None


def test_a_generator_is_made_anew_for_each_play_and_goes_on_within_one():
    call = Call("f", {"rng": GeneratorOf(3), "n": 4})
    back = scenario_from_json(json.loads(json.dumps(call.to_json())))
    plays = [play(scenario, lambda rng, n: rng.normal(size=n)) for scenario in (call, call, back)]
    assert first_difference(plays[0], plays[1]) is None
    assert first_difference(plays[0], plays[2]) is None
    assert np.array_equal(plays[0].values[0][2], np.random.default_rng(3).normal(size=4))


PLANE = Probe("subspace", "plane", {"n": 3})


def plane(n):
    return np.eye(n)[:, :2]


def spread(n):
    c, s = np.cos(0.3), np.sin(0.3)
    return (np.eye(n)[:, :2] @ np.array([[c, -s], [s, c]])).tolist()


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda n: 2 * plane(n), "the products of the columns with one another[0, 0]: yours 4, expected 1"),
        (lambda n: np.eye(n)[:, 1:], "the projection onto their span[0, 0]: yours 0, expected 1"),
        (lambda n: plane(n).T, "the shape of the result[0]: yours 2, expected 3"),
        (lambda n: [], "the number of axes of the result: yours 1, expected 2"),
        (lambda n: "a plane", "the number of axes of the result: yours is the text 'a plane', expected a number"),
        (lambda n: None, "yours is None, expected the number of axes of the result, the number 2"),
        (lambda n: 1 / 0, "the number of axes of the result: raises ZeroDivisionError"),
    ],
)
def test_a_probe_accepts_every_right_answer_and_says_which_fact_is_wrong(wrong, sentence):
    back = scenario_from_json(json.loads(json.dumps(PLANE.to_json())))
    assert back == PLANE
    expected = Played.from_json(json.loads(json.dumps(play(PLANE, plane).to_json())), back)
    assert first_difference(play(PLANE, spread), expected) is None
    assert first_difference(play(PLANE, wrong), expected) == sentence


# Batches ----------------------------------------------------------------------------------------------------------------------

DEALT = Probe("partition", "deal", {"n": 62, "batch_size": 30, "rng": GeneratorOf(5)})
SIZES, BROKEN = "the sizes of the batches, largest first[0]: yours 21, expected 30", "yours is False, expected True"
CHANCE = Probe("epochs", "deal", {"n": 40, "batch_size": 8, "rng": GeneratorOf(5)})


def cut(order, size):
    return [order[k : k + size] for k in range(0, len(order), size)]


def deal(n, batch_size, rng):
    return cut(rng.permutation(n), batch_size)


def other_deal(n, batch_size, rng):
    return tuple(batch.tolist() for batch in cut(np.argsort(rng.random(n)), batch_size))


@pytest.mark.parametrize("probe", [DEALT, CHANCE], ids=["partition", "epochs"])
def test_every_way_to_deal_out_batches_is_right(probe):
    back = scenario_from_json(json.loads(json.dumps(probe.to_json())))
    assert back == probe
    expected = Played.from_json(json.loads(json.dumps(play(probe, deal).to_json())), back)
    for right in (deal, other_deal):
        assert first_difference(play(probe, right), expected) is None
    assert first_difference(play(Probe("partition", "deal", {"n": 4, "batch_size": 2, "rng": GeneratorOf(1)}),
        lambda n, batch_size, rng: rng.permutation(n).reshape(-1, batch_size)), play(Probe("partition", "deal",
        {"n": 4, "batch_size": 2, "rng": GeneratorOf(1)}), deal)) is None  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda n, size, rng: deal(n, size, rng)[:-1], "the number of batches: yours 2, expected 3"),
        (lambda n, size, rng: np.array_split(rng.permutation(n), 3), SIZES),
        (lambda n, size, rng: cut(rng.permutation(n) + 1, size), f"all indices are whole numbers from 0 to n − 1: {BROKEN}"),
        (lambda n, size, rng: cut(rng.permutation(n) + 0.5, size), f"all indices are whole numbers from 0 to n − 1: {BROKEN}"),
        (lambda n, size, rng: cut(rng.integers(0, n, n), size), f"no index is there twice in one batch: {BROKEN}"),
        (
            lambda n, size, rng: [rng.choice(n, k, replace=False) for k in (30, 30, 2)],
            f"every index is there exactly once: {BROKEN}",
        ),
        (lambda n, size, rng: rng.permutation(n), "the number of batches: yours is an array of shape (62,), expected a number"),
        (
            lambda n, size, rng: (batch for batch in deal(n, size, rng)),
            "the number of batches: yours is a value of type generator, expected a number",
        ),
        (lambda n, size, rng: [["a"], ["b"]], "the number of batches: yours is a sequence of 2 values, expected a number"),
        (lambda n, size, rng: [], "the number of batches: yours 0, expected 3"),
        (lambda n, size, rng: None, "yours is None, expected the number of batches, the number 3"),
    ],
)  # fmt: skip
def test_a_wrong_partition_is_told_by_the_fact_it_breaks(wrong, sentence):
    got = play(DEALT, lambda n, batch_size, rng: wrong(n, batch_size, rng))
    assert first_difference(got, play(DEALT, deal)) == sentence


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda n, size, rng: cut(np.arange(n), size), "the indices come in the order of their numbers"),
        (lambda n, size, rng: [np.arange(8) + 8 * k for k in rng.permutation(5)], "each batch holds neighbours alone"),
        (lambda n, size, rng: deal(n, size, np.random.default_rng(0)), "a second epoch from the same generator has the same order"),
        (lambda n, size, rng: deal(n, size, np.random.default_rng()), "generators of the same seed give the same order"),
        (lambda n, size, rng: deal(n, size, np.random), "generators of the same seed give the same order"),
    ],
)
def test_chance_from_elsewhere_is_told_by_the_fact_it_breaks(wrong, sentence):
    got = play(CHANCE, lambda n, batch_size, rng: wrong(n, batch_size, rng))
    assert first_difference(got, play(CHANCE, deal)).startswith(sentence)
