"""Every exercise of every section: right forms pass, each known mistake gets its share and its name, and nothing earns nothing."""

from __future__ import annotations

import hashlib
import inspect
import itertools
import json
import time
from functools import cache
from pathlib import Path

import nbformat
import numpy as np
import pytest

import grader_tests
from descentlab import recordings, selfcheck
from descentlab.checks import Exercise, InPlace, Plain, Prepared, Question, Steps, assess

ROOT = Path(__file__).resolve().parents[1]
POINTS = 10.0

# What the setup cells of the notebooks import and the first line or the body of an answer may name.
IMPORTED = {"np": np, "time": time}

# Such as a section writes by hand, and such as the judge makes of a secret and a submission.
SEEDS = ((1,), tuple(hashlib.sha256(b"some secret and some student").digest()))

EXERCISES = [
    pytest.param(section, item.name, id=f"{section}-{item.name}")
    for section, items in grader_tests.sections().items()
    for item in items.values()
    if isinstance(item, Exercise)
]
QUESTIONS = [item for items in grader_tests.sections().values() for item in items.values() if isinstance(item, Question)]
each_exercise = pytest.mark.parametrize(("section", "name"), EXERCISES)


@cache
def prepared(name: str, seed: tuple[int, ...]) -> Prepared:
    return grader_tests.prepared(name, seed)


def broken(*args, **kwargs):
    raise RuntimeError("a helper of the student's own that is wrong")


def hidden_student(name: str, source: str) -> InPlace:
    """A notebook with this cell and numpy, whose earlier exercises are all wrong: the reference's stand in for them."""
    namespace = IMPORTED | {helper.__name__: broken for helper in grader_tests.exercise(name).uses}
    exec(source, namespace)
    return InPlace(namespace)


def home_namespace(section: str) -> dict:
    """A student's notebook in which all exercises are solved, and what they use of other sections has been carried over."""
    exercises = [item for item in grader_tests.sections()[section].values() if isinstance(item, Exercise)]
    carried = {helper.__name__: helper for item in exercises for helper in item.uses}
    return carried | vars(__import__(f"reference_impl.{section}", fromlist=["reference"]))


# Right forms and known mistakes -----------------------------------------------------------------------------------------------


@each_exercise
@pytest.mark.parametrize("seed", SEEDS, ids=["short", "digest"])
def test_right_forms_get_everything_and_no_message(section, name, seed):
    for answer in grader_tests.answers(name):
        if answer["kind"] == "right":
            verdict = assess(prepared(name, seed), hidden_student(name, answer["source"]), POINTS)
            assert (verdict.score, verdict.mistake, verdict.message, verdict.note) == (POINTS, None, None, None), (
                f"{answer['id']}\n{verdict.text}"
            )
            assert all(part.passed and part.reason is None for part in verdict.parts)


@each_exercise
@pytest.mark.parametrize("seed", SEEDS, ids=["short", "digest"])
def test_the_reference_gets_everything(section, name, seed):
    reference = grader_tests.exercise(name).reference
    for student in (Plain({name: reference}), InPlace({name: reference})):
        verdict = assess(prepared(name, seed), student, POINTS)
        assert verdict.score == POINTS, verdict.text


@each_exercise
@pytest.mark.parametrize("seed", SEEDS, ids=["short", "digest"])
def test_each_mistake_gets_exactly_its_share_and_its_name(section, name, seed):
    exercise = grader_tests.exercise(name)
    for key, mistake in exercise.mistakes.items():
        source = next(answer["source"] for answer in grader_tests.answers(name) if answer["id"] == key)
        verdict = assess(prepared(name, seed), hidden_student(name, source), POINTS)
        share = exercise.expected_share(key)
        assert share < 1, f"{key} gets full marks"
        assert verdict.score == pytest.approx(POINTS * share, abs=0.0051), f"{key}\n{verdict.text}"
        assert verdict.mistake == exercise.expected_name(key), f"{key}\n{verdict.text}"
        assert verdict.message, key
        if verdict.mistake == key:
            assert mistake.message in verdict.message


@each_exercise
def test_what_a_mistake_is_said_to_pass_exists(section, name):
    exercise = grader_tests.exercise(name)
    known = {*exercise.parts, *exercise.properties}
    gates = {key for key, (_, _, _, gate) in exercise.parts.items() if gate} | {"changes-arguments", "shares-memory", "calls"}
    for key, mistake in exercise.mistakes.items():
        assert set(mistake.passes) <= known, key
        assert mistake.gate is None or mistake.gate in gates, key
        assert set(mistake.alike) <= set(exercise.mistakes), key


# What a student sees at home --------------------------------------------------------------------------------------------------


@each_exercise
def test_at_home_right_forms_pass_and_mistakes_are_rejected_and_named(section, name):
    exercise = grader_tests.exercise(name)
    points = recordings.load(section)["points"][name]
    for answer in grader_tests.answers(name):
        namespace = home_namespace(section)
        exec(answer["source"], namespace)
        verdict = selfcheck.visible(name, namespace)
        if answer["kind"] == "right":
            assert (verdict.score, verdict.message) == (points, None), f"{answer['id']}\n{verdict.text}"
        else:
            assert 0 <= verdict.score < points, f"{answer['id']}\n{verdict.text}"
            assert verdict.mistake == exercise.expected_name(answer["id"]), f"{answer['id']}\n{verdict.text}"


@each_exercise
def test_a_recording_read_back_gives_the_verdict_of_the_live_check(section, name):
    live = prepared(name, grader_tests.PUBLIC_SEED)
    live = Prepared(live.exercise, live.parts, live.known, live.uses)
    text = json.dumps(live.to_json(), sort_keys=True)
    back = Prepared.from_json(json.loads(text))
    assert json.dumps(back.to_json(), sort_keys=True) == text
    for answer in grader_tests.answers(name):
        namespace = home_namespace(section)
        exec(answer["source"], namespace)
        verdicts = [assess(which, InPlace(dict(namespace)), POINTS, reveal=True).as_dict() for which in (live, back)]
        assert verdicts[0] == verdicts[1], answer["id"]


@each_exercise
def test_a_seed_gives_the_same_inputs_again_and_another_seed_others(section, name):
    one, again, other = (json.dumps(grader_tests.prepared(name, seed).to_json()) for seed in ((5, 6), (5, 6), (5, 7)))
    assert one == again
    assert one != other


# Nothing earns nothing --------------------------------------------------------------------------------------------------------


def nothing(name: str, case) -> dict:
    """Return functions that do no work, by what they do."""
    reference = grader_tests.exercise(name).reference
    signature = inspect.signature(reference)
    arguments = list(signature.parameters)

    def taking(make):
        def function(*args, **kwargs):
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            return make(bound.arguments)

        return function

    def zeros(values):
        try:
            return _zeros(reference(**values))
        except Exception:
            return 0.0

    def refuse(values):
        raise ValueError("no")

    found = {"None": taking(lambda values: None), "raises ValueError": taking(refuse), "zeros": taking(zeros)}
    for argument in arguments:
        found[f"returns {argument}"] = taking(lambda values, argument=argument: values[argument])
    for names in _orders(arguments, case):
        found[f"returns ({', '.join(names)})"] = taking(lambda values, names=names: tuple(values[n] for n in names))
    return found


def _zeros(value):
    if callable(value):
        return lambda t: 0.0
    if isinstance(value, (tuple, list)):
        return type(value)(_zeros(item) for item in value)
    return np.zeros_like(value) if isinstance(value, np.ndarray) else type(value)(0)


def _orders(arguments: list[str], case):
    """Yield the orders of as many arguments as the result has parts; where these are very many, of the arrays among them if
    there are enough of these."""
    value = case.expected.values[0][2]
    if isinstance(case.scenario, Steps):
        length = len(case.scenario.state)
    else:
        length = len(value) if isinstance(value, list) or (isinstance(value, np.ndarray) and value.ndim) else 0
    if length == 0 or length > len(arguments):
        return
    if len(list(itertools.permutations(arguments, length))) > 100:
        arrays = [name for name in arguments if name in {"theta", "velocity", "m", "v", "gradient", "moment"}]
        arguments = arrays if len(arrays) >= length else arguments
    yield from itertools.permutations(arguments, length)


def stub(section: str, name: str) -> str:
    """Return the text of the cell that a student finds."""
    notebook = nbformat.read(ROOT / "assignments" / section / f"{section}.ipynb", as_version=4)
    return next(cell.source for cell in notebook.cells if cell.id == name)


@each_exercise
def test_who_does_nothing_gets_nothing(section, name):
    hidden = prepared(name, SEEDS[0])
    visible = Prepared.from_json(recordings.load(section)["exercises"][name])
    namespace = dict(IMPORTED)
    exec(stub(section, name), namespace)
    candidates = {"the stub": namespace[name]} | nothing(name, hidden.parts[0].cases[0])
    for what, function in candidates.items():
        for which, prepared_checks in (("hidden", hidden), ("visible", visible)):
            verdict = assess(prepared_checks, InPlace(home_namespace(section) | {name: function}), POINTS)
            assert verdict.score == 0, f"{what}, {which} checks\n{verdict.text}"


@each_exercise
def test_odd_results_are_rejected_and_stop_nothing(section, name):
    """Whatever comes back is the student's result: a check that stumbled over it would be called a fault of the grader."""
    loop: list = []
    loop.append(loop)
    odd = [
        "text", b"bytes", True, np.array([True]), 1j, np.array([1j]), float("nan"), np.array([np.inf]), [], {}, (), {"a": [1]},
        [[1.0], [1.0, 2.0]], object(), np.array([None, "x"]), np.zeros((0, 3)), np.zeros((7, 7, 7, 7)), 10**400, loop,
        print, lambda *_: "text", np.float64, range(3), [None, None, None], (np.zeros(3), "x", None),
    ]  # fmt: skip
    for value in odd:
        student = InPlace({"np": np, name: lambda *_, value=value, **__: value})
        verdict = assess(prepared(name, SEEDS[0]), student, POINTS)
        assert verdict.score == 0, f"{value!r:.60}\n{verdict.text}"


# How an exercise is made ------------------------------------------------------------------------------------------------------


@each_exercise
def test_an_exercise_has_mistakes_and_right_forms_and_says_what_it_checks(section, name):
    exercise = grader_tests.exercise(name)
    assert len(exercise.mistakes) >= 3
    assert len(exercise.right_forms) >= 4
    sentences = [part[0] for part in exercise.parts.values()] + [item[0] for item in exercise.properties.values()]
    assert len(set(sentences)) == len(sentences)
    assert any(weight > 0 for _, _, weight, _ in exercise.parts.values())
    for mistake in exercise.mistakes.values():
        assert mistake.message.endswith((".", "?")), mistake.message


@each_exercise
def test_a_message_never_contains_the_reference(section, name):
    """Looked for as text: a line of the reference's body in a message would be the answer."""
    reference = grader_tests.exercise(name).reference
    body = inspect.getsource(reference).rpartition('"""')[2]
    lines = [line.strip().removeprefix("return ") for line in body.splitlines()]
    for mistake in grader_tests.exercise(name).mistakes.values():
        for line in lines:
            assert len(line) < 16 or line not in mistake.message, mistake.message


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_a_question_explains_every_choice(question):
    assert question.answer in question.why
    assert sorted(question.why) == list("abcd")[: len(question.why)]
    assert len(question.why) >= 3
    assert all(len(why) > 20 and why.endswith(".") for why in question.why.values())
    assert len(set(question.why.values())) == len(question.why)
    for choice in question.why:
        verdict = assess(grader_tests.prepared(question.name, ()), InPlace({question.name: choice}), POINTS)
        right = choice == question.answer
        assert verdict.score == POINTS * right
        assert verdict.mistake == (None if right else f"answer-{choice}")
        assert question.why[choice].split(":")[0][:30] in verdict.text


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
@pytest.mark.parametrize("answer", [None, ..., "", "e", 3, ["b"], np.array(["b"]), len, "ab"], ids=repr)
def test_what_is_no_choice_gets_nothing(question, answer):
    verdict = assess(grader_tests.prepared(question.name, ()), InPlace({question.name: answer}), POINTS)
    assert (verdict.score, verdict.mistake) == (0, None)
    assert question.name in verdict.note


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_a_choice_may_be_written_large_or_with_blanks(question):
    student = InPlace({question.name: f" {question.answer.upper()} "})
    assert assess(grader_tests.prepared(question.name, ()), student, POINTS).score == POINTS


def test_every_section_is_recorded_and_its_recording_holds_no_answer():
    assert recordings.sections() == sorted(grader_tests.sections())
    for section, items in grader_tests.sections().items():
        recorded = recordings.load(section)
        assert set(recorded["exercises"]) == set(items) == set(recorded["points"])
        assert "answers" not in recorded
        for item in items.values():
            if isinstance(item, Question):
                assert recorded["exercises"][item.name]["question"] == {"choices": sorted(item.why)}
