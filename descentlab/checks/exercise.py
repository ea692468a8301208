"""How an exercise is written down: its parts, its gates, its known mistakes and right forms; and how it is made ready."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from descentlab.checks.scenarios import Scenario, first_difference
from descentlab.checks.students import Plain
from descentlab.checks.values import RTOL, describe, difference, plain
from descentlab.checks.verdict import GATE_COST, GATES, Case, CheckFailed, Known, Part, Prepared, Property, property_result

DRAWS = 25
TOLD_APART = 1e-6

# What a check can be about: a rule's values step by step, where and how fast it converges, a number known beforehand.
KINDS = ("trajectory", "convergence", "exact")

Draw = Callable[[np.random.Generator], Sequence[Scenario]]


class GraderFault(Exception):
    """A fault of the course's own checks: no score is recorded, and nobody is blamed for it."""


@dataclass(frozen=True)
class Mistake:
    """A known mistake: code that makes exactly it, the words for it, and the parts and properties that it still passes.

    `pair` names the two mistakes that it is made of, where it is two at once.
    """

    function: Callable
    message: str
    passes: tuple[str, ...]
    gate: str | None
    alike: tuple[str, ...]
    pair: tuple[str, ...] = ()


@dataclass
class Exercise:
    """An exercise, by its reference function; `uses` are the functions of earlier exercises that an answer may call."""

    reference: Callable
    uses: tuple[Callable, ...] = ()
    parts: dict[str, tuple[str, Draw, float, bool]] = field(default_factory=dict)
    properties: dict[str, tuple[str, Callable, float]] = field(default_factory=dict)
    mistakes: dict[str, Mistake] = field(default_factory=dict)
    right_forms: list[Callable] = field(default_factory=list)
    kinds: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.reference.__name__

    def part(self, sentence: str, weight: float = 1.0, *, kind: str | None = None) -> Callable[[Draw], Draw]:
        """A part that earns `weight`: the decorated function draws its scenarios. `kind` is one of KINDS, where it is any."""
        return self._register_part(sentence, weight, kind, gate=False)

    def gate(self, sentence: str) -> Callable[[Draw], Draw]:
        """A part that costs points where it fails, and never earns any."""
        return self._register_part(sentence, 0.0, None, gate=True)

    def _register_part(self, sentence: str, weight: float, kind: str | None, *, gate: bool) -> Callable[[Draw], Draw]:
        def register(draw: Draw) -> Draw:
            self.parts[draw.__name__] = (sentence, draw, weight, gate)
            self._register_kind(draw.__name__, kind)
            return draw

        return register

    def property(self, sentence: str, weight: float = 1.0, *, kind: str | None = None) -> Callable:
        """A hidden check: a plain function of `student` and `rng` that raises `CheckFailed` (by `close`, `same`)."""

        def register(function: Callable) -> Callable:
            self.properties[function.__name__] = (sentence, function, weight)
            self._register_kind(function.__name__, kind)
            return function

        return register

    def _register_kind(self, name: str, kind: str | None) -> None:
        if kind is not None:
            if kind not in KINDS:
                raise ValueError(f"{self.name}, {name}: a check's kind is one of {', '.join(KINDS)}, not {kind!r}")
            self.kinds[name] = kind

    def mistake(
        self, message: str, *, passes: tuple[str, ...] = (), gate: str | None = None, alike: tuple[str, ...] = ()
    ) -> Callable:
        """A known mistake. `passes` names the parts and properties that it still passes; `gate` is the gate that it fails (and with
        no `passes` all that it fails); `alike` are the mistakes that give the same values. The mistake's id is the function's
        name with hyphens.
        """

        def register(function: Callable) -> Callable:
            self.mistakes[function.__name__.replace("_", "-")] = Mistake(function, message, passes, gate, alike)
            return function

        return register

    def pair(self, one: str, other: str, *, passes: tuple[str, ...] = (), alike: tuple[str, ...] = ()) -> Callable:
        """Two known mistakes of this exercise, by their ids, made together: named as both, in the words of each.

        The gates that it fails are those of the two.
        """
        words = f"Two things at once. {self.mistakes[one].message} And: {self.mistakes[other].message}"

        def register(function: Callable) -> Callable:
            self.mistakes[function.__name__.replace("_", "-")] = Mistake(function, words, passes, None, alike, (one, other))
            return function

        return register

    def right(self, function: Callable) -> Callable:
        """A right answer written in another way."""
        self.right_forms.append(function)
        return function

    def expected_share(self, mistake: str | None) -> float:
        """Return the share of the points that an answer with this mistake should get, from what is declared here alone."""
        if mistake is None:
            return 1.0
        item = self.mistakes[mistake]
        weights = {name: part[2] for name, part in self.parts.items()} | {name: p[2] for name, p in self.properties.items()}
        single = [self.mistakes[name] for name in item.pair] or [item]
        gates = {one.gate for one in single if one.gate}
        passes = item.passes or (tuple(weights) if all(one.gate for one in single) else ())
        return sum(weights[name] for name in passes) / sum(weights.values()) * max(0.0, 1 - GATE_COST * len(gates))

    def expected_name(self, mistake: str | None) -> str | None:
        """Return the id under which a verdict names this mistake: its own, or that of the gate that alone shows it."""
        if mistake is None:
            return None
        gate = self.mistakes[mistake].gate
        return gate if gate in GATES else mistake


@dataclass
class Question:
    """A concept question: `answer` is among the keys of `why`, which explains each choice."""

    name: str
    answer: str
    why: dict[str, str]


def prepare(exercise: Exercise | Question, seed: Sequence[int]) -> Prepared:
    """Return the exercise with inputs drawn from `seed`, again and again until every known mistake can be told.

    Raises GraderFault where the reference fails a property of its own, or no draw tells the mistakes apart.
    """
    if isinstance(exercise, Question):
        question = {"choices": sorted(exercise.why), "answer": exercise.answer, "why": exercise.why}
        return Prepared(exercise.name, [], question=question)
    reference = Plain({exercise.name: exercise.reference})
    mistakes = {name: Plain({exercise.name: item.function}) for name, item in exercise.mistakes.items() if item.gate not in GATES}
    known = {name: Known(exercise.mistakes[name].message, exercise.mistakes[name].alike) for name in mistakes}
    unclear = ""
    for draw in range(DRAWS):
        words = [*seed, draw]
        parts = []
        for index, (sentence, scenarios, weight, gate) in enumerate(exercise.parts.values()):
            cases = [
                Case(scenario, scenario.play(reference, {}), {name: scenario.play(p, {}) for name, p in mistakes.items()})
                for scenario in scenarios(np.random.default_rng([*words, index]))
            ]
            parts.append(Part(sentence, cases, weight, gate))
        unclear = _look_alikes(exercise, parts, list(mistakes))
        if not unclear:
            properties = [
                Property(sentence, function, weight, (*words, len(parts) + index))
                for index, (sentence, function, weight) in enumerate(exercise.properties.values())
            ]
            for item in properties:
                result = property_result(item, reference, {})
                if not result.passed:
                    raise GraderFault(f"{exercise.name}: the reference fails {item.sentence!r}: {result.reason}")
            uses = tuple(helper.__name__ for helper in exercise.uses)
            helpers = {helper.__name__: helper for helper in exercise.uses}
            return Prepared(exercise.name, parts, known, uses, helpers, properties)
    raise GraderFault(f"{exercise.name}: {DRAWS} draws do not tell {unclear}")


def _look_alikes(exercise: Exercise, parts: list[Part], mistakes: list[str]) -> str:
    """Return two that no case of this draw tells apart, in words, or "" """
    cases = [case for part in parts for case in part.cases]
    for i, name in enumerate(mistakes):
        if not any(_apart(case.mistakes[name], case.expected) for case in cases):
            return f"the mistake {name} from the reference"
        for other in mistakes[i + 1 :]:
            alike = other in exercise.mistakes[name].alike or name in exercise.mistakes[other].alike
            if not alike and not any(_apart(case.mistakes[name], case.mistakes[other]) for case in cases):
                return f"the mistakes {name} and {other} from each other"
    return ""


def _apart(one: Any, two: Any) -> bool:
    """Whether two plays differ by far more than the tolerance, in a value or in how often something was asked."""
    if len(one.values) != len(two.values) or {k: len(v) for k, v in one.asked.items()} != {k: len(v) for k, v in two.asked.items()}:
        return True
    return (
        any(difference(a, b, rtol=TOLD_APART) is not None for (*_, a), (*_, b) in zip(one.values, two.values, strict=True))
        and first_difference(one, two) is not None
    )


def close(got: Any, expected: Any, *, rtol: float = RTOL, where: str = "") -> None:
    """Raise `CheckFailed` unless `got` equals `expected` in structure, shape and, within `rtol`, in number."""
    found = difference(plain(got), plain(expected), rtol=rtol)
    if found:
        index = "[" + ", ".join(map(str, found.where)) + "]" if found.where else ""
        raise CheckFailed(f"{where}{index}{': ' if where or index else ''}{found.sentence}")


def same(got: Any, expected: Any, *, where: str = "") -> None:
    """Raise `CheckFailed` unless two flags, texts or whole numbers are equal."""
    if type(plain(got)) is not type(expected) or plain(got) != expected:
        raise CheckFailed(f"{where}: yours is {describe(plain(got))}, expected {describe(expected)}")


def source_of(function: Callable, name: str) -> str:
    """Return the source of a mistake or right form as a student would have it: without decorators, under the name `name`."""
    lines = inspect.getsource(function).splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("def "))
    return "\n".join(lines[start:]).replace(f"def {function.__name__}(", f"def {name}(", 1)
