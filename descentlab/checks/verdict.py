"""From a prepared exercise and a student to a verdict: the parts, the gates, the named mistake, and the words for them."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from descentlab.checks.lending import lent
from descentlab.checks.scenarios import (
    Helpers,
    Played,
    Scenario,
    Student,
    asked_difference,
    first_difference,
    handed_over,
    raised_of,
    scenario_from_json,
)
from descentlab.checks.values import Odd, Raised, describe, plain

GATE_COST = 0.25

# What a call may do besides returning a right value, told by the outcome of the call itself.
GATES = {
    "changes-arguments": (
        "leaves its arguments as they were",
        "The function changes an array that it was given. Whoever called it still needs the old values, and finds the new ones in "
        "their place. Look for `+=`, `-=`, `*=` or `x[...] =` on an argument: build a new array with `x = x - …` instead.",
    ),
    "shares-memory": (
        "returns arrays of its own",
        "A returned array is the very array that was passed in, not a new one: a later change of one would change the other. "
        "Return the result of a computation, or a copy.",
    ),
    "calls": (
        "asks for what it needs, as often and where the rule says",
        "The values are right, but a function that was passed in is asked too often, too rarely or at another place than the rule "
        "says. In training each such call is a pass over data, the dearest thing there is.",
    ),
}


@dataclass(frozen=True)
class Case:
    """A scenario, what the reference makes of it, and what each known mistake makes of it."""

    scenario: Scenario
    expected: Played
    mistakes: dict[str, Played] = field(default_factory=dict)

    def to_json(self) -> dict:
        mistakes = {name: played.to_json() for name, played in self.mistakes.items()}
        return {"scenario": self.scenario.to_json(), "expected": self.expected.to_json(), "mistakes": mistakes}

    @classmethod
    def from_json(cls, data: dict) -> Case:
        scenario = scenario_from_json(data["scenario"])
        mistakes = {name: Played.from_json(played, scenario) for name, played in data["mistakes"].items()}
        return cls(scenario, Played.from_json(data["expected"], scenario), mistakes)


@dataclass(frozen=True)
class Part:
    """Cases under one sentence. A gate can cost points, never earn them."""

    sentence: str
    cases: list[Case]
    weight: float = 1.0
    gate: bool = False


@dataclass(frozen=True)
class Known:
    """A known mistake in words; `alike` are the ids of mistakes that the cases cannot tell from it."""

    message: str
    alike: tuple[str, ...] = ()


@dataclass(frozen=True)
class Property:
    """A hidden check that is a plain function of the student and a random generator."""

    sentence: str
    function: Callable[[Any, np.random.Generator], None]
    weight: float
    seed: tuple[int, ...]


@dataclass(frozen=True)
class Prepared:
    """An exercise ready to be checked: live with the hidden checks, or read from a recording."""

    exercise: str
    parts: list[Part]
    known: dict[str, Known] = field(default_factory=dict)
    uses: tuple[str, ...] = ()
    helpers: dict[str, Callable] = field(default_factory=dict)
    properties: list[Property] = field(default_factory=list)
    question: dict[str, Any] | None = None

    def to_json(self) -> dict:
        """Return what a visible check needs, as JSON data: no property, no helper, no answer to a question."""
        if self.question is not None:
            return {"exercise": self.exercise, "question": {"choices": list(self.question["choices"])}}
        return {
            "exercise": self.exercise,
            "uses": list(self.uses),
            "known": {name: asdict(known) for name, known in self.known.items()},
            "parts": [
                {
                    "sentence": part.sentence, "weight": part.weight, "gate": part.gate,
                    "cases": [
                        case.to_json() for case in part.cases
                    ],
                }
                for part in self.parts
            ],
        }  # fmt: skip

    @classmethod
    def from_json(cls, data: dict) -> Prepared:
        if "question" in data:
            return cls(data["exercise"], [], question=data["question"])
        parts = [
            Part(part["sentence"], [Case.from_json(case) for case in part["cases"]], part["weight"], part["gate"])
            for part in data["parts"]
        ]
        known = {name: Known(item["message"], tuple(item["alike"])) for name, item in data["known"].items()}
        return cls(data["exercise"], parts, known, tuple(data["uses"]))


@dataclass
class PartResult:
    """How one part went, and why."""

    sentence: str
    passed: bool
    weight: float
    gate: bool = False
    reason: str | None = None


@dataclass
class Verdict:
    """What is known of a student's answer. `score` is in points, and None for a question whose key is not here."""

    exercise: str
    points: float
    score: float | None
    parts: list[PartResult] = field(default_factory=list)
    mistake: str | None = None
    message: str | None = None
    note: str | None = None

    @property
    def text(self) -> str:
        """The verdict as the lines that are shown."""
        lines = [] if self.score is None else [f"{self.exercise}: {self.score:g} of {self.points:g} points"]
        for part in self.parts:
            if part.gate and part.passed:
                continue
            lines += _wrapped(("✓ " if part.passed else "✗ ") + part.sentence, "  ", "    ")
            if part.reason:
                lines += _wrapped(part.reason, "      ", "      ")
        for words in (self.message, self.note):
            if words:
                lines += [""] * bool(lines) + _wrapped(words, "  " * bool(self.parts), "  " * bool(self.parts))
        return "\n".join(lines)

    def as_dict(self) -> dict:
        """Return the verdict as JSON data, with its text."""
        return asdict(self) | {"text": self.text}


def _wrapped(words: str, first: str, rest: str) -> list[str]:
    # Code in backticks keeps to its line: a blank that wrapping does not know stands in for its own.
    kept = re.sub(r"`[^`]{1,40}`", lambda code: code[0].replace(" ", "\N{NO-BREAK SPACE}"), words)
    lines = textwrap.wrap(kept, 86, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False)
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in lines]


class _Facade:
    """The student as a check function sees it: ``student.momentum_step(theta=…)`` returns a plain value."""

    def __init__(self, student: Student, helpers: Helpers):
        self._student, self._helpers = student, helpers

    def __getattr__(self, name: str) -> Callable:
        def call(**arguments: Any) -> Any:
            outcome = self._student.call(name, handed_over(arguments)[0], self._helpers)
            if outcome.error:
                raise _StudentRaised(raised_of(outcome))
            return plain(outcome.value)

        return call


class _StudentRaised(Exception):
    def __init__(self, raised: Raised):
        super().__init__(raised.kind)
        self.raised = raised


class CheckFailed(Exception):
    """A check's sentence about what went wrong."""


def assess(prepared: Prepared, student: Student, points: float, *, reveal: bool = False) -> Verdict:
    """Return the verdict on `student`'s answer to a prepared exercise worth `points`.

    The score is the weighted share of the parts that pass, less GATE_COST of it for each gate that fails, clamped to
    [0, points]. `reveal` shows the messages of the student's own exceptions: at home, never where inputs are hidden.
    """
    if prepared.question is not None:
        return _assess_question(prepared, student, points)
    helpers = lent(prepared.helpers)
    plays = [[(case, case.scenario.play(student, helpers)) for case in part.cases] for part in prepared.parts]
    everything = [pair for part in plays for pair in part]
    unwritten = _unwritten(prepared.exercise, [played for _, played in everything])
    if unwritten:
        return Verdict(prepared.exercise, points, 0.0, note=unwritten)

    results = [_part_result(part, pairs, reveal) for part, pairs in zip(prepared.parts, plays, strict=True)]
    results += [property_result(item, student, helpers, reveal=reveal) for item in prepared.properties]
    earned = sum(r.weight for r in results if r.passed and not r.gate) / sum(r.weight for r in results if not r.gate)
    events = _events(everything)
    for name, reason in events.items():
        results.append(PartResult(GATES[name][0], False, 0.0, True, reason))
    failed_gates = sum(r.gate and not r.passed for r in results)
    score = float(min(max(round(points * earned * (1 - GATE_COST * failed_gates), 2), 0.0), points))
    verdict = Verdict(prepared.exercise, points, score, results)
    if any(not r.passed for r in results):
        verdict.mistake, verdict.message = _named(prepared, everything, events)
    return verdict


def _part_result(part: Part, pairs: list[tuple[Case, Played]], reveal: bool) -> PartResult:
    for case, played in pairs:
        found = first_difference(played, case.expected, rows=case.scenario.rows, parts=case.scenario.parts)
        if found:
            raised = next((value for *_, value in played.values if isinstance(value, Raised)), None)
            if reveal and raised and raised.message:
                found += f": {raised.message}"
            asked = asked_difference(played, case.expected, places=False)
            if asked and not raised:
                found += f"; {asked}"
            label = f"{case.scenario.label}: " if case.scenario.label else ""
            return PartResult(part.sentence, False, part.weight, part.gate, label + found)
    return PartResult(part.sentence, True, part.weight, part.gate)


# A check computes with whatever the student's function returned, infinite numbers too, and a warning on stderr costs points.
@np.errstate(all="ignore")
def property_result(item: Property, student: Student, helpers: Helpers, *, reveal: bool = False) -> PartResult:
    """Return how `student` fares in a property. `prepare` has seen the reference pass it on the same draw."""
    result = PartResult(item.sentence, True, item.weight)
    try:
        item.function(_Facade(student, helpers), np.random.default_rng(item.seed))
    except CheckFailed as failed:
        result.passed, result.reason = False, str(failed)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # The check's own arithmetic stumbled over what the student returned: with the reference's values it does not.
        result.passed, result.reason = False, f"returns something that cannot be worked with ({type(error).__name__})"
    except Exception as error:
        # The student's exceptions bring theirs along as `raised`; without it the sandbox failed, and that is nobody's mistake.
        raised = getattr(error, "raised", None)
        if raised is None:
            raise
        at = f" at {raised.line}" if raised.line else ""
        result.passed, result.reason = False, f"raises {raised.kind}{at}" + f": {raised.message}" * reveal
    return result


def _unwritten(name: str, plays: list[Played]) -> str | None:
    """Return a note where nothing was written, or nothing that can be called."""
    values = [value for played in plays for *_, value in played.values]
    if all(value is None for value in values):
        return f"{name} returns None. Write its body in the cell above, end it with `return …`, and run that cell."
    raised = [value for value in values if isinstance(value, Raised)]
    if len(raised) < len(plays):
        return None
    if all(value.kind == "NameError" and value.message.startswith(f"there is no function {name}:") for value in raised):
        return f"There is no function {name}. Run the cell that defines it."
    if all(value.kind == "NotImplementedError" for value in raised):
        return f"{name} is not written yet."
    if all(value.kind == "TypeError" and not value.line and "argument" in value.message for value in raised):
        return f"{name} cannot be called with the arguments of its first line: keep their names and defaults as they were given."
    return None


def _events(pairs: list[tuple[Case, Played]]) -> dict[str, str]:
    """Return the gates that the calls themselves failed, with what was seen."""
    found: dict[str, str] = {}
    changed = sorted({name for _, played in pairs for name in played.changed})
    if changed:
        found["changes-arguments"] = "changed: " + ", ".join(changed)
    shared = [pair for case, played in pairs if case.scenario.pure_result for pair in played.shared]
    if shared and not changed:
        found["shares-memory"] = f"{shared[0][0]} shares its memory with {shared[0][1]}"
    for case, played in pairs:
        # Where the values are wrong, wrong calls are their cause or effect: that part's reason names them, at no further cost.
        words = None if first_difference(played, case.expected) else asked_difference(played, case.expected, places=True)
        if words:
            found["calls"] = words
            break
    return found


def _named(prepared: Prepared, pairs: list[tuple[Case, Played]], events: dict[str, str]) -> tuple[str | None, str | None]:
    """Return the id and the words of the mistake that gives exactly what was seen, in every case."""
    wrong = any(first_difference(played, case.expected) for case, played in pairs)
    if wrong:
        for name, known in prepared.known.items():
            if all(_same_play(played, case.mistakes[name]) for case, played in pairs):
                others = [prepared.known[other].message for other in known.alike]
                return name, "This is exactly what comes out of a known mistake. " + " Or: ".join([known.message, *others])
    for name in GATES:
        if name in events:
            return name, GATES[name][1]
    return None, None


def _same_play(played: Played, mistaken: Played) -> bool:
    return (
        len(played.values) == len(mistaken.values)
        and first_difference(played, mistaken) is None
        and asked_difference(played, mistaken, places=False) is None
    )


def _assess_question(prepared: Prepared, student: Student, points: float) -> Verdict:
    name, question = prepared.exercise, prepared.question
    try:
        answer = plain(student.value(name))
    except NameError:
        answer = None
    except ValueError:  # a list that holds itself, say: there is something, and no one can read it
        answer = Odd("a value that cannot be read")
    wanted = ", ".join(f'"{choice}"' for choice in question["choices"])
    if answer is None:
        words = f"There is no answer yet: set {name} to one of {wanted} in the cell above, and run that cell."
        return Verdict(name, points, 0.0, note=words)
    if isinstance(answer, str):
        answer = answer.strip().lower()
    # A choice is a text. An array would be compared entry by entry.
    if not isinstance(answer, str) or answer not in question["choices"]:
        return Verdict(name, points, 0.0, note=f"{name} is {describe(answer)}: the answer is one of {wanted}.")
    if "answer" not in question:
        return Verdict(name, points, None, note=f'{name}: your answer "{answer}" is kept. It is graded when you have handed in.')
    right = answer == question["answer"]
    result = PartResult(f'the answer "{answer}"', right, 1.0, False, question["why"].get(answer))
    return Verdict(name, points, float(points) if right else 0.0, [result], None if right else f"answer-{answer}")
