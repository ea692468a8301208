"""Scenarios: what is asked of a student's function, as data, played to a list of values that can be compared and recorded.

A scenario is played against any object with ``call(name, arguments, helpers) -> Outcome``: the notebook's own functions, the
judge's remote ones, the reference, or a known mistake.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

import numpy as np

from descentlab.checks.inputs import Asked, Clock, input_from_json, is_input
from descentlab.checks.probes import PROBES
from descentlab.checks.values import (
    DEEPEST,
    RTOL,
    Difference,
    Odd,
    Outcome,
    Raised,
    as_numbers,
    describe,
    difference,
    from_json,
    largest,
    plain,
    to_json,
)

Helpers = Mapping[str, Callable]


class Student(Protocol):
    """Whatever answers for the student's functions."""

    def call(self, name: str, arguments: dict[str, Any], helpers: Helpers) -> Outcome: ...

    def value(self, name: str) -> Any: ...


@dataclass
class Played:
    """What came of a scenario: the values in order, the points at which functions were asked, and what happened besides.

    `rtol` and `atol` are how far from it another play of the scenario may be; the absolute one is on top of the usual share of
    the largest entry.
    """

    values: list[tuple[int | None, str, Any]] = field(default_factory=list)  # (step, name of the value, plain value)
    asked: dict[str, list[Any]] = field(default_factory=dict)
    changed: list[str] = field(default_factory=list)
    shared: list[tuple[str, str]] = field(default_factory=list)
    rtol: float = RTOL
    atol: float = 0.0

    def add(self, step: int | None, name: str, value: Any) -> None:
        self.values.append((step, name, plain(value)))

    def note(self, outcome: Outcome) -> None:
        self.changed += [name for name in outcome.changed if name not in self.changed]
        self.shared += [pair for pair in outcome.shared if pair not in self.shared]

    def to_json(self) -> dict:
        asked = {name: [to_json(plain(point)) for point in points] for name, points in self.asked.items()}
        return {"values": [[step, name, to_json(value)] for step, name, value in self.values], "asked": asked}

    @classmethod
    def from_json(cls, data: dict, scenario: Scenario) -> Played:
        """Undo `to_json`; the tolerances are those of the scenario that was played."""
        values = [(step, name, from_json(value)) for step, name, value in data["values"]]
        asked = {name: [from_json(point) for point in points] for name, points in data["asked"].items()}
        return cls(values, asked, rtol=scenario.rtol, atol=scenario.atol)


def raised_of(outcome: Outcome) -> Raised | None:
    """Return what an outcome's call raised; the judge's outcomes carry a class of their own with the same fields."""
    error = outcome.error
    return None if error is None else Raised(tuple(error.kinds), error.message, error.line)


def handed_over(arguments: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Asked]]:
    """Return the arguments with inputs built, and those of them that are functions whose calls count by their names."""
    built = {name: value.build(name) for name, value in arguments.items() if is_input(value)}
    functions = {name: value for name, value in built.items() if isinstance(value, Asked)}
    for value in built.values():
        if isinstance(value, dict):
            functions |= {function.__name__: function for function in value.values()}
        if isinstance(value, Clock):
            value.watch(functions)
    counted = {name: function for name, function in functions.items() if function.counted}
    return {name: built.get(name, value) for name, value in arguments.items()}, counted


@dataclass(frozen=True)
class Call:
    """One call. `rows` names what the first index of the result counts ("step": row 0 is the start); `evaluate` lists the
    arguments at which a returned function is asked; `only` picks entries of a returned sequence; `rtol` and `atol` are for
    results that cannot be as exact as others, such as differences: a check that needs them says why."""

    function: str
    arguments: dict[str, Any]
    label: str = ""
    rows: str | None = None
    evaluate: tuple[Any, ...] = ()
    only: tuple[int, ...] = ()
    rtol: float = RTOL
    atol: float = 0.0

    pure_result: ClassVar[bool] = False
    parts: ClassVar[tuple[str, ...]] = ()

    def play(self, student: Student, helpers: Helpers) -> Played:
        """Return what `student` makes of the call."""
        played = Played(rtol=self.rtol, atol=self.atol)
        arguments, built = handed_over(self.arguments)
        outcome = student.call(self.function, arguments, helpers)
        played.note(outcome)
        played.asked = {name: asked.points for name, asked in built.items()}
        value = raised_of(outcome) or outcome.value
        if outcome.error is None and self.evaluate and callable(value):
            for at in self.evaluate:
                answer = ask(value, at)
                played.add(None, f"at t = {at:g}", answer)
                if isinstance(answer, Raised):
                    break
        else:
            played.add(None, "", _selected(value, self.only))
        return played

    def to_json(self) -> dict:
        return {
            "call": self.function, "arguments": _arguments_to_json(self.arguments), "label": self.label,
            "rows": self.rows, "evaluate": list(self.evaluate), "only": list(self.only),
            **({} if (self.rtol, self.atol) == (RTOL, 0.0) else {"rtol": self.rtol, "atol": self.atol}),
        }  # fmt: skip


@dataclass(frozen=True)
class Steps:
    """An open loop: the function is called once for each entry of the streams, and its own results are the next call's state.

    `state` starts as given and is replaced by what comes back, in this order; `stream` holds for each argument its value at
    every step; `constants` stay; `count` names the argument that is the number of the step, from `first` on; `only` lists the
    parts of the state that are compared (default: all).
    """

    function: str
    state: dict[str, Any]
    stream: dict[str, list[Any]]
    constants: dict[str, Any] = field(default_factory=dict)
    count: str | None = None
    first: int = 1
    label: str = ""
    only: tuple[str, ...] = ()

    pure_result: ClassVar[bool] = True
    rows: ClassVar[str | None] = None
    rtol: ClassVar[float] = RTOL
    atol: ClassVar[float] = 0.0

    @property
    def parts(self) -> tuple[str, ...]:
        """The names of what comes back from each step."""
        return tuple(self.state)

    def play(self, student: Student, helpers: Helpers) -> Played:
        """Return every compared value after every step; the play ends where something comes back that is no state."""
        played = Played()
        constants, built = handed_over(self.constants)
        played.asked = {name: asked.points for name, asked in built.items()}
        state = {name: _array(value) for name, value in self.state.items()}
        for k in range(len(next(iter(self.stream.values())))):
            step = self.first + k
            arguments = state | {name: _array(values[k]) for name, values in self.stream.items()} | constants
            if self.count:
                arguments[self.count] = step
            outcome = student.call(self.function, arguments, helpers)
            played.note(outcome)
            if outcome.error:
                played.add(step, "", raised_of(outcome))
                return played
            parts = _parts(outcome.value, len(state))
            if parts is None:
                played.add(step, "", outcome.value)
                return played
            for name, value in zip(state, parts, strict=True):
                if not self.only or name in self.only:
                    played.add(step, name, value)
                numbers = as_numbers(value)
                if numbers is None or numbers.shape != np.shape(state[name]):
                    return played
                state[name] = numbers
        return played

    def to_json(self) -> dict:
        return {
            # As pairs: what comes back is told apart by its place, and a file may sort the keys of a dict.
            "steps": self.function, "state": [[name, to_json(plain(_array(value)))] for name, value in self.state.items()],
            "constants": _arguments_to_json(self.constants),
            "stream": {name: [to_json(plain(_array(value))) for value in values] for name, values in self.stream.items()},
            "count": self.count, "first": self.first, "label": self.label, "only": list(self.only),
        }  # fmt: skip


@dataclass(frozen=True)
class Probe:
    """Calls of one function of which facts are compared, not values: for exercises whose right answers are many.

    `probe` names the function in `descentlab.checks.probes` that makes the calls and tells the facts. Its code is no secret: it
    runs on the student's side too.
    """

    probe: str
    function: str
    arguments: dict[str, Any]
    label: str = ""

    pure_result: ClassVar[bool] = False
    rows: ClassVar[str | None] = None
    parts: ClassVar[tuple[str, ...]] = ()
    rtol: ClassVar[float] = RTOL
    atol: ClassVar[float] = 0.0

    def play(self, student: Student, helpers: Helpers) -> Played:
        """Return the facts in order; the play ends where a call raises, or returns nothing."""
        played = Played()
        arguments, asked = handed_over(self.arguments)
        played.asked = {name: function.points for name, function in asked.items()}

        def call(**changes: Any) -> Any:
            outcome = student.call(self.function, arguments | handed_over(changes)[0], helpers)
            played.note(outcome)
            value = raised_of(outcome) or plain(outcome.value)
            if value is None or isinstance(value, Raised):
                raise _ProbeEnded(value)
            return value

        try:
            for name, value in PROBES[self.probe](call, arguments):
                played.add(None, name, value)
        except _ProbeEnded as ended:
            played.add(None, "", ended.value)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            # The probe's own work stumbled over what came back; with a right answer it does not.
            played.add(None, "", Odd(f"something that cannot be worked with ({type(error).__name__})"))
        return played

    def to_json(self) -> dict:
        return {
            "probe": self.probe, "function": self.function, "arguments": _arguments_to_json(self.arguments), "label": self.label
        }  # fmt: skip


@dataclass(frozen=True)
class Stepper:
    """A call that returns a stepper (theta, state, gradient_of, t) -> (theta, state), and walks with what comes back.

    From each of the `starts` a walk of `n_steps` steps sets off with the state None, and goes on with whatever theta and state
    the step before returned. The walks take their steps in turn, so that a state which is kept anywhere else is seen. What is
    compared is theta after every step; the state is the student's own, as long as it can be handed on.
    """

    function: str
    arguments: dict[str, Any]
    gradient_of: Any
    starts: list[Any]
    n_steps: int
    label: str = ""

    pure_result: ClassVar[bool] = False
    rows: ClassVar[str | None] = None
    parts: ClassVar[tuple[str, ...]] = ("theta", "state")
    rtol: ClassVar[float] = RTOL
    atol: ClassVar[float] = 0.0

    def play(self, student: Student, helpers: Helpers) -> Played:
        """Return theta after every step of each walk; the play ends where something comes back with which none can go on."""
        played = Played()
        arguments, asked = handed_over({**self.arguments, "gradient_of": self.gradient_of})
        played.asked = {name: function.points for name, function in asked.items()}
        gradient_of = arguments.pop("gradient_of")
        outcome = student.call(self.function, arguments, helpers)
        played.note(outcome)
        stepper = raised_of(outcome) or outcome.value
        if not callable(stepper):
            played.add(None, "", stepper)
            return played
        walks = [(_array(start), None) for start in self.starts]
        names = ["theta"] if len(walks) == 1 else [f"theta of walk {number}" for number in range(1, len(walks) + 1)]
        for t in range(1, self.n_steps + 1):
            for number, (name, (theta, state)) in enumerate(zip(names, walks, strict=True)):
                answer = ask(stepper, theta, state, gradient_of, t)
                moved = self._moved(played, t, name, answer, np.shape(theta))
                if moved is None:
                    return played
                walks[number] = moved
        return played

    def _moved(self, played: Played, t: int, name: str, answer: Any, shape: tuple[int, ...]) -> tuple[Any, Any] | None:
        """Note theta after a step, and return it with the state; None where the walk cannot go on."""
        if isinstance(answer, np.ndarray):  # a pair of numbers may come as an array
            answer = list(answer) if answer.ndim else answer
        if not isinstance(answer, (tuple, list)) or len(answer) != 2:
            # As words, since None from the call itself means that nothing is written yet, and here something is.
            played.add(t, "", Odd("None") if answer is None else answer)
            return None
        played.add(t, name, answer[0])
        theta, state = as_numbers(plain(answer[0])), _handed_on(answer[1])
        if isinstance(state, Odd):
            played.add(t, name, Odd(f"a pair whose state holds {state.what}: it may hold arrays, numbers, lists, tuples and dicts"))
        return None if isinstance(state, Odd) or theta is None or theta.shape != shape else (theta, state)

    def to_json(self) -> dict:
        return {
            "stepper": self.function, "arguments": _arguments_to_json(self.arguments), "gradient_of": self.gradient_of.to_json(),
            "starts": [to_json(plain(_array(start))) for start in self.starts], "n_steps": self.n_steps, "label": self.label,
        }  # fmt: skip


def _handed_on(state: Any, depth: int = 0) -> Any:
    """Return a state as it is in the next step, at home and under the judge alike: what cannot cross to a judge and back is Odd,
    and of a tuple, list, dict or array of the student's own class the plain one is left."""
    if not isinstance(state, (tuple, list, dict)) or depth > DEEPEST:
        made = plain(state, depth)
        return state if isinstance(state, np.generic) and not isinstance(made, Odd) else made
    items = state.items() if isinstance(state, dict) else enumerate(state)
    parts = {key: _handed_on(part, depth + 1) for key, part in items}
    odd = next((part for part in parts.values() if isinstance(part, Odd)), None)
    if odd is not None:
        return odd
    return parts if isinstance(state, dict) else (tuple if isinstance(state, tuple) else list)(parts.values())


class _ProbeEnded(Exception):
    def __init__(self, value: Raised | None):
        super().__init__()
        self.value = value


Scenario = Call | Steps | Probe | Stepper


def _array(value: Any) -> Any:
    """Return a number that numpy drew as an array without axes: as a number it would cross to a student as a plain float, which
    has no shape and no index, and a right answer would fail."""
    return np.asarray(value) if isinstance(value, np.generic) else value


def _parts(value: Any, n: int) -> list[Any] | None:
    """Return the n parts of a step's result as plain values, None where it hasn't n parts."""
    value = plain(value)
    if n == 1:
        return [value] if as_numbers(value) is not None else None
    # Looked at before it is taken apart: an empty array can have billions of rows.
    if isinstance(value, np.ndarray) and value.ndim and len(value) == n:
        value = list(value)
    return [plain(part) for part in value] if isinstance(value, list) and len(value) == n else None


def _selected(value: Any, only: tuple[int, ...]) -> Any:
    if only and isinstance(value, (list, tuple)) and len(value) > max(only):
        return [value[i] for i in only]
    return value


def ask(function: Callable, *at: Any) -> Any:
    """Return the answer of a function that the student's code returned; what it raises is an answer too."""
    try:
        return function(*at)
    except Exception as error:
        # What the student's code raised comes along with the exception, in place and from the judge's remote functions. Without
        # it something else failed: a function that was handed in and came back, or the sandbox, and not the student.
        raised = getattr(error, "raised", None)
        if raised is None and isinstance(error, (ArithmeticError, LookupError, TypeError, ValueError)):
            raised = Raised(tuple(kind.__name__ for kind in type(error).__mro__), str(error))
        if raised is None:
            raise
        return Raised(tuple(raised.kinds), raised.message, raised.line)


def _arguments_to_json(arguments: Mapping[str, Any]) -> dict:
    return {name: {"input": value.to_json()} if is_input(value) else to_json(plain(value)) for name, value in arguments.items()}


def _arguments_from_json(data: dict) -> dict[str, Any]:
    return {
        name: input_from_json(value["input"]) if isinstance(value, dict) and "input" in value else from_json(value)
        for name, value in data.items()
    }


def scenario_from_json(data: dict) -> Scenario:
    """Undo the `to_json` of a scenario."""
    if "call" in data:
        arguments = _arguments_from_json(data["arguments"])
        tolerances = {key: data[key] for key in ("rtol", "atol") if key in data}
        places = tuple(data["evaluate"]), tuple(data["only"])
        return Call(data["call"], arguments, data["label"], data["rows"], *places, **tolerances)
    if "stepper" in data:
        arguments, gradient_of = _arguments_from_json(data["arguments"]), input_from_json(data["gradient_of"])
        starts = [from_json(start) for start in data["starts"]]
        return Stepper(data["stepper"], arguments, gradient_of, starts, data["n_steps"], data["label"])
    if "probe" in data:
        return Probe(data["probe"], data["function"], _arguments_from_json(data["arguments"]), data["label"])
    stream = {name: [from_json(value) for value in values] for name, values in data["stream"].items()}
    return Steps(
        data["steps"], {name: from_json(value) for name, value in data["state"]}, stream, _arguments_from_json(data["constants"]),
        data["count"], data["first"], data["label"], tuple(data["only"]),
    )  # fmt: skip


def first_difference(got: Played, expected: Played, *, rows: str | None = None, parts: tuple[str, ...] = ()) -> str | None:
    """Return a sentence for the first value in which two plays of one scenario differ, None where they agree.

    `rows` and `parts` are the scenario's own: they give the places in a result their names.
    """
    scales: dict[str, float] = {}
    for _, name, value in expected.values:
        scales[name] = max(scales.get(name, 0.0), largest(value))
    for i, (step, name, value) in enumerate(expected.values):
        if i >= len(got.values):
            return f"{_place(step, name)}yours ends before it"
        got_step, got_name, got_value = got.values[i]
        if got_name != name and name and not isinstance(got_value, Raised):
            function = name.startswith("at t = ") or (step is not None and got_step is None)
            wanted = "a function" if function else f"({', '.join(parts)})" if len(parts) > 1 else f"{name}, {describe(value)}"
            return f"{_place(got_step, '')}yours is {describe(got_value)}, expected {wanted}"
        found = difference(got_value, value, rtol=expected.rtol, scale=scales[name], atol=expected.atol)
        if found:
            return _place(step, name, found, rows) + found.sentence
    return None


def _place(step: int | None, name: str, found: Difference | None = None, rows: str | None = None) -> str:
    where = found.where if found else ()
    words = [f"step {step}"] if step is not None else []
    if rows and where:
        words.append(f"{rows} {where[0]}")
        where = where[1:]
    index = "[" + ", ".join(map(str, where)) + "]" if where else ""
    if name:
        words.append(name + index)
    elif index:
        words.append(f"{'coordinate' if rows else 'entry'} {index}")
    return ", ".join(words) + ": " if words else ""


def asked_difference(got: Played, expected: Played, *, places: bool) -> str | None:
    """Return a sentence for the first function that was asked too often, too rarely or (with `places`) elsewhere."""
    # By name, since a recording sorts them: the same words at home and in the judge.
    for name, wanted in sorted(expected.asked.items()):
        points = got.asked.get(name, [])
        if len(points) != len(wanted):
            return f"{name} was called {_times(len(points))}, {_times(len(wanted))} is right"
        if not places:
            continue
        for k, (mine, theirs) in enumerate(zip(points, wanted, strict=True), start=1):
            found = difference(plain(mine), plain(theirs), scale=max(largest(plain(point)) for point in wanted))
            if found:
                return f"call {k} of {name} was made at another point: {found.sentence}"
    return None


def _times(n: int) -> str:
    return {0: "never", 1: "once"}.get(n, f"{n} times")
