"""From plays to points and words: gates that cost and never earn, mistakes that are named only where they are exactly made."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import grader_tests
from descentlab.checks import (
    Call,
    CheckFailed,
    Exercise,
    GraderFault,
    GradientOf,
    InPlace,
    Prepared,
    Steps,
    assess,
    close,
    prepare,
)
from descentlab.checks.exercise import source_of
from descentlab.checks.verdict import GATE_COST

# A small exercise with everything in it ---------------------------------------------------------------------------------------


def scale(x, factor):
    """The reference."""
    if factor == 0:
        raise ValueError("a factor of zero")
    return x * factor


def make() -> Exercise:
    exercise = Exercise(scale)

    @exercise.part("multiplies", weight=2)
    def product(rng):
        return [Call("scale", {"x": rng.normal(size=3), "factor": rng.uniform(2, 3)}, label="a vector")]

    @exercise.part("takes negative factors")
    def negative(rng):
        return [Call("scale", {"x": rng.normal(size=2), "factor": -rng.uniform(2, 3)})]

    @exercise.gate("refuses zero")
    def zero(rng):
        return [Call("scale", {"x": rng.normal(size=2), "factor": 0.0})]

    @exercise.property("twice is the square")
    def twice(student, rng):
        x = rng.normal(size=2)
        close(student.scale(x=student.scale(x=x, factor=2.0), factor=2.0), 4 * x, where="twice")

    @exercise.mistake("You added.")
    def added(x, factor):
        if factor == 0:
            raise ValueError
        return x + factor

    @exercise.mistake("The sign is lost.", passes=("product", "twice"))
    def no_sign(x, factor):
        if factor == 0:
            raise ValueError
        return x * abs(factor)

    @exercise.mistake("Zero passes.", gate="zero")
    def zero_passes(x, factor):
        return x * factor

    return exercise


def verdict_on(function, points=8.0, exercise=None, reveal=False, seed=(1,)):
    exercise = exercise or make()
    return assess(prepare(exercise, seed), InPlace({exercise.name: function}), points, reveal=reveal)


# Points -----------------------------------------------------------------------------------------------------------------------


def test_each_part_earns_its_weight():
    assert verdict_on(scale).score == 8
    assert verdict_on(lambda x, factor: scale(x, abs(factor))).score == 6
    assert verdict_on(lambda x, factor: scale(x, factor) + 1).score == 0
    assert verdict_on(lambda x, factor: scale(x, factor) if len(x) == 2 else x).score == 4


def test_a_gate_costs_and_never_earns():
    costly = verdict_on(lambda x, factor: x * factor)
    assert costly.score == 8 * (1 - GATE_COST)
    assert [part.sentence for part in costly.parts if not part.passed] == ["refuses zero"]

    def only_the_gate(x, factor):
        if factor == 0:
            raise ValueError
        return x + 100

    assert verdict_on(only_the_gate).score == 0
    assert verdict_on(lambda x, factor: int("x")).score == 0

    def in_place(x, factor):
        x *= factor
        return x.copy()

    both = verdict_on(in_place)
    assert both.score == 8 * (1 - 2 * GATE_COST)
    assert both.mistake == "zero-passes"
    assert "✗ leaves its arguments as they were\n      changed: x" in both.text

    impure = verdict_on(lambda x, factor: in_place(x, factor) if factor else int("x"))
    assert (impure.score, impure.mistake) == (8 * (1 - GATE_COST), "changes-arguments")
    assert impure.message.startswith("The function changes an array that it was given.")


def test_many_failed_gates_cost_no_more_than_there_is():
    exercise = make()
    for number in range(6):

        def refuses(rng, number=number):
            return [Call("scale", {"x": np.ones(1), "factor": 0.0}, label=f"{number}")]

        refuses.__name__ = f"refuses_{number}"
        exercise.gate(f"refuses zero, time {number}")(refuses)
    assert verdict_on(lambda x, factor: x * factor, exercise=exercise).score == 0


def test_memory_that_is_shared_costs_a_quarter_in_a_rule_and_nothing_in_a_call():
    def hand_on(x, g):
        return 1.0 * g

    # A velocity that is the gradient itself, handed on: right today, wrong when the caller changes its own.
    handed = Exercise(hand_on)
    handed.part("hands on")(lambda rng: [Steps("hand_on", {"x": rng.normal(size=2)}, {"g": [rng.normal(size=2)]})])
    shared = verdict_on(lambda x, g: g, exercise=handed)
    assert (shared.score, shared.mistake) == (8 * (1 - GATE_COST), "shares-memory")
    assert "result shares its memory with g" in shared.text
    called = Exercise(hand_on)
    called.part("hands on")(lambda rng: [Call("hand_on", {"x": rng.normal(size=2), "g": rng.normal(size=2)})])
    assert verdict_on(lambda x, g: g, exercise=called).score == 8


def test_a_call_too_many_costs_only_where_the_values_are_right():
    def slope(gradient_of, x):
        return gradient_of(x)

    exercise = Exercise(slope)
    exercise.part("asks")(lambda rng: [Call("slope", {"gradient_of": GradientOf("bowl"), "x": rng.normal(size=2)})])

    def twice(gradient_of, x):
        gradient_of(x)
        return gradient_of(x)

    wasteful = verdict_on(twice, exercise=exercise)
    assert (wasteful.score, wasteful.mistake) == (6, "calls")
    assert "gradient_of was called 2 times, once is right" in wasteful.text
    wrong = verdict_on(lambda gradient_of, x: twice(gradient_of, x) + 1, exercise=exercise)
    assert (wrong.score, wrong.mistake) == (0, None)
    assert "; gradient_of was called 2 times, once is right" in wrong.parts[0].reason


@given(
    weights=st.lists(st.floats(0.25, 4), min_size=1, max_size=4), failing=st.sets(st.integers(0, 3)), gates=st.integers(0, 5),
    points=st.floats(0.5, 100),
)  # fmt: skip
def test_a_score_lies_between_nothing_and_all(weights, failing, gates, points):
    def number(i):
        return float(i)

    exercise = Exercise(number)
    for i, weight in enumerate(weights):

        def part(rng, i=i):
            return [Call("number", {"i": i})]

        part.__name__ = f"part_{i}"
        exercise.part(f"part {i}", weight=weight)(part)
    for i in range(gates):

        def gate(rng, i=i):
            return [Call("number", {"i": 100 + i})]

        gate.__name__ = f"gate_{i}"
        exercise.gate(f"gate {i}")(gate)
    verdict = verdict_on(lambda i: -1.0 if i in failing or i >= 100 else float(i), points=points, exercise=exercise)
    earned = sum(w for i, w in enumerate(weights) if i not in failing) / sum(weights)
    assert 0 <= verdict.score <= points
    assert type(verdict.score) is float
    if earned == 0:
        assert verdict.score == 0
    assert verdict.score == pytest.approx(max(points * earned * (1 - GATE_COST * gates), 0), abs=0.0051)


# Nothing written --------------------------------------------------------------------------------------------------------------


def test_what_is_not_there_is_said_and_not_judged():
    def note(namespace):
        verdict = assess(prepare(make(), (1,)), InPlace(namespace), 8)
        assert (verdict.score, verdict.parts, verdict.mistake) == (0, [], None)
        return verdict.note

    def not_yet(x, factor):
        raise NotImplementedError

    assert note({}) == "There is no function scale. Run the cell that defines it."
    assert note({"scale": lambda x, factor: None}).startswith("scale returns None. Write its body")
    assert note({"scale": lambda x, factor: ...}).startswith("scale returns None. Write its body")
    assert note({"scale": not_yet}) == "scale is not written yet."
    assert "cannot be called with the arguments of its first line" in note({"scale": lambda y: y})


def test_a_name_that_is_missing_inside_an_answer_is_another_matter():
    verdict = verdict_on(lambda x, factor: undefined_helper(x), reveal=True)  # noqa: F821
    assert verdict.note is None
    assert "raises NameError: name 'undefined_helper' is not defined" in verdict.text


# Names ------------------------------------------------------------------------------------------------------------------------


def test_a_mistake_is_named_where_it_is_exactly_made():
    exercise = make()
    for name, mistake in exercise.mistakes.items():
        verdict = verdict_on(mistake.function)
        assert verdict.mistake == name
        assert verdict.score == 8 * exercise.expected_share(name)
        assert verdict.message == f"This is exactly what comes out of a known mistake. {mistake.message}"
    almost = verdict_on(lambda x, factor: x + factor + (len(x) == 2) if factor else int("x"))
    assert (almost.score, almost.mistake, almost.message) == (0, None, None)
    assert "a vector, " not in almost.text
    assert "a vector: entry [0]: yours " in almost.text


def test_what_a_student_raises_is_shown_at_home_and_its_kind_alone_where_inputs_are_hidden():
    def telling(x, factor):
        raise RuntimeError(f"the factor is {factor}")

    assert "raises RuntimeError: the factor is " in verdict_on(telling, reveal=True).text
    hidden = verdict_on(telling).text
    assert "raises RuntimeError" in hidden
    assert "the factor is" not in hidden


def test_a_property_that_cannot_use_a_result_fails_for_the_student():
    exercise = make()

    @exercise.property("has a length")
    def long(student, rng):
        if len(student.scale(x=np.ones(3), factor=1.0)) != 3:
            raise CheckFailed("three numbers")

    verdict = verdict_on(lambda x, factor: 3.0 if factor == 1 else scale(x, factor), exercise=exercise)
    assert verdict.parts[-1].reason == "returns something that cannot be worked with (TypeError)"
    assert verdict.score == pytest.approx(8 * 4 / 5)


def test_a_failure_of_the_sandbox_within_a_property_is_passed_on():
    class SandboxGone(Exception):
        pass

    class Student(InPlace):
        def call(self, name, arguments, helpers):
            if arguments["factor"] == 2.0:
                raise SandboxGone
            return super().call(name, arguments, helpers)

    with pytest.raises(SandboxGone):
        assess(prepare(make(), (1,)), Student({"scale": scale}), 8)


coefficients = st.floats(-3, 3)


@settings(max_examples=300, deadline=None)
@given(a=coefficients, b=coefficients, c=coefficients, d=coefficients)
def test_other_wrong_answers_are_told_plainly_and_not_named(a, b, c, d):
    def variant(theta, gradient, lr):
        return a * theta + b * lr * gradient + c * gradient + d

    prepared = grader_tests.prepared("gd_step", (1,))
    verdict = assess(prepared, InPlace({"gd_step": variant}), 8)
    known = {
        (1, -1, 0, 0): None, (1, 1, 0, 0): "uphill", (1, 0, -1, 0): "no-rate", (0, 1, 0, 0): "only-the-step",
    }  # fmt: skip
    if (a, b, c, d) in known:
        assert verdict.mistake == known[a, b, c, d]
    else:
        # The part that is wrong says where, and there is no story about it.
        assert (verdict.mistake, verdict.message) == (None, None)
        assert verdict.score < 8
        assert any("yours" in part.reason for part in verdict.parts if not part.passed)


def test_of_many_random_variants_almost_none_is_named():
    rng = np.random.default_rng(11)
    named = 0
    for a, b, c, d in rng.choice([-2, -1, -0.5, 0, 0.5, 1, 2], size=(400, 4)):
        if (a, b, c, d) == (1, -1, 0, 0):
            continue

        def variant(theta, gradient, lr, a=a, b=b, c=c, d=d):
            return a * theta + b * lr * gradient + c * gradient + d

        verdict = assess(_prepared_gd_step, InPlace({"gd_step": variant}), 8)
        assert verdict.score < 8
        named += verdict.mistake is not None
    assert named < 4


_prepared_gd_step = grader_tests.prepared("gd_step", (1,))


# Preparing --------------------------------------------------------------------------------------------------------------------


def test_inputs_are_drawn_until_they_tell():
    exercise = Exercise(scale)
    draws = []

    @exercise.part("multiplies")
    def product(rng):
        draws.append(1)
        return [Call("scale", {"x": np.ones(2), "factor": 3.0 if rng.integers(8) == 0 else 2.0})]

    @exercise.mistake("Always twice.")
    def doubled(x, factor):
        return 2.0 * x

    prepare(exercise, (3,))
    assert len(draws) > 1


def test_what_no_draw_can_tell_is_a_fault_of_the_grader():
    exercise = Exercise(scale)
    exercise.part("multiplies")(lambda rng: [Call("scale", {"x": rng.normal(size=2), "factor": 2.0})])
    exercise.mistake("The same in other words.")(lambda x, factor: x + x)
    with pytest.raises(GraderFault, match="do not tell the mistake <lambda> from the reference"):
        prepare(exercise, (1,))
    exercise.mistakes.clear()
    exercise.mistake("Three.")(_three)
    exercise.mistake("Also three.")(_also_three)
    with pytest.raises(GraderFault, match="the mistakes -three and -also-three from each other"):
        prepare(exercise, (1,))
    exercise.mistakes.clear()
    exercise.mistake("Three.")(_three)
    exercise.mistake("Also three.", alike=("-three",))(_also_three)
    prepared = prepare(exercise, (1,))
    assert assess(prepared, InPlace({"scale": _three}), 1).message.endswith("Three.")


def _three(x, factor):
    return 3 * x


def _also_three(x, factor):
    return x + 2 * x


def test_a_reference_that_fails_its_own_property_is_a_fault_of_the_grader():
    exercise = make()

    @exercise.property("is always positive")
    def positive(student, rng):
        if (student.scale(x=np.ones(2), factor=-1.0) < 0).any():
            raise CheckFailed("below zero")

    with pytest.raises(GraderFault, match="scale: the reference fails 'is always positive': below zero"):
        prepare(exercise, (1,))


def test_a_recording_holds_neither_properties_nor_code():
    data = prepare(make(), (1,)).to_json()
    text = json.dumps(data)
    assert "twice is the square" not in text
    assert "def " not in text
    back = Prepared.from_json(json.loads(text))
    assert back.properties == []
    assert back.helpers == {}
    for function, score in ((scale, 8.0), (lambda x, factor: x * abs(factor or int("x")), 8 * 2 / 3)):
        assert assess(back, InPlace({"scale": function}), 8).score == pytest.approx(score, abs=0.005)


def test_the_source_of_a_form_is_a_students_cell():
    mistake = make().mistakes["no-sign"].function
    # What is defined inside a function cannot be cut out at the margin: forms stand at the top of a module.
    with pytest.raises(StopIteration):
        source_of(mistake, "scale")
    assert source_of(_three, "scale") == "def scale(x, factor):\n    return 3 * x"


# Words ------------------------------------------------------------------------------------------------------------------------


def test_the_text_shows_points_parts_reasons_and_the_message_in_lines_that_fit():
    lines = verdict_on(make().mistakes["no-sign"].function).text.splitlines()
    assert lines[0] == "scale: 6 of 8 points"
    assert lines[1] == "  ✓ multiplies"
    assert lines[2] == "  ✗ takes negative factors"
    assert lines[3].startswith("      entry [0]: yours ")
    assert not any("refuses zero" in line for line in lines)
    assert lines[-1] == "  This is exactly what comes out of a known mistake. The sign is lost."
    assert max(map(len, lines)) <= 96


@pytest.mark.parametrize("length", range(1, 30))
def test_code_in_a_message_is_never_broken_over_two_lines(length):
    verdict = verdict_on(lambda x, factor: None)
    verdict.note = f"{'x' * length} returns None. Write its body in the cell above, end it with `return …`, and run that cell."
    assert "`return …`" in verdict.text
    assert max(map(len, verdict.text.splitlines())) <= 86


def test_a_verdict_is_json_data():
    data = verdict_on(make().mistakes["zero-passes"].function).as_dict()
    assert json.loads(json.dumps(data)) == data
    assert set(data) == {"exercise", "points", "score", "parts", "mistake", "message", "note", "text"}


def test_no_text_shows_a_whole_answer():
    """Of every exercise, with the plainest of wrong answers: not two numbers of the expected result stand in the verdict."""
    for name in itertools.chain.from_iterable(items for items in grader_tests.sections().values()):
        prepared = grader_tests.prepared(name, grader_tests.PUBLIC_SEED)
        if prepared.question is not None:
            continue
        verdict = assess(prepared, InPlace({name: lambda *_, **__: 12345.678}), 10.0)
        for part, result in zip(prepared.parts, verdict.parts, strict=False):
            for case in part.cases:
                for *_, value in case.expected.values:
                    numbers = value.ravel() if isinstance(value, np.ndarray) and value.dtype.kind == "f" else []
                    shown = [n for n in numbers if n and f"{n:.5g}" in (result.reason or "").replace(",", " ").split()]
                    assert len(shown) <= 1


@pytest.mark.filterwarnings("error")
def test_a_checks_own_arithmetic_over_infinite_numbers_warns_of_nothing():
    exercise = make()

    @exercise.property("three times, less once")
    def less_once(student, rng):
        x = np.array([1.0, 2.0])
        close(student.scale(x=x, factor=3.0) - student.scale(x=x, factor=1.0), 2 * x)

    verdict = verdict_on(lambda x, factor: x * factor * np.inf, exercise=exercise)
    assert not verdict.parts[-1].passed


# Kinds and pairs --------------------------------------------------------------------------------------------------------------


def test_a_check_of_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="scale, rough: a check's kind is one of trajectory, convergence, exact, not 'vague'"):

        @make().part("roughly", kind="vague")
        def rough(rng):
            return []


def test_a_pair_is_named_in_the_words_of_both():
    exercise = make()

    @exercise.pair("added", "no-sign")
    def added_without_sign(x, factor):
        return x + abs(factor)

    verdict = verdict_on(lambda x, factor: abs(factor) + x, exercise=exercise)
    assert verdict.mistake == "added-without-sign"
    assert "Two things at once. You added. And: The sign is lost." in verdict.message
    assert verdict_on(exercise.mistakes["added"].function, exercise=exercise).mistake == "added"


def test_a_pair_fails_the_gates_of_both_and_each_costs():
    exercise = make()

    @exercise.gate("refuses a factor of one")
    def one(rng):
        return [Call("scale", {"x": rng.normal(size=2), "factor": 1.0})]

    def scale_refusing_both(x, factor):
        if factor in (0, 1):
            raise ValueError("a factor of zero or one")
        return x * factor

    exercise.reference = scale_refusing_both
    scale_refusing_both.__name__ = "scale"
    exercise.mistakes.clear()

    @exercise.mistake("Zero passes.", gate="zero")
    def zero_passes(x, factor):
        if factor == 1:
            raise ValueError
        return x * factor

    @exercise.mistake("One passes.", gate="one")
    def one_passes(x, factor):
        if factor == 0:
            raise ValueError
        return x * factor

    @exercise.pair("zero-passes", "one-passes")
    def all_pass(x, factor):
        return x * factor

    for name, share in (("zero-passes", 1 - GATE_COST), ("one-passes", 1 - GATE_COST), ("all-pass", 1 - 2 * GATE_COST)):
        verdict = verdict_on(exercise.mistakes[name].function, exercise=exercise)
        assert (verdict.mistake, verdict.score) == (name, 8 * share)
        assert exercise.expected_share(name) == share
