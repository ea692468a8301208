"""What a check hands to a student's function and JSON does not hold, as data: a gradient, a loss, a schedule, a rule, a clock …"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from descentlab import objectives

# Far above what any honest loop of a check asks for, far below what would fill the memory.
MOST_CALLS = 20_000
MOST_NUMBERS = 1000  # of one point


class Asked:
    """A function that keeps the points at which it was asked, and answers only questions that have its shape.

    `counted` says whether the number and the places of the calls are part of a right answer.
    """

    def __init__(self, name: str, answer: Callable, read: Callable[..., tuple], *, counted: bool = True):
        self.__name__ = name
        self.counted = counted
        self._answer = answer
        self._read = read
        self.points: list[Any] = []

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if len(self.points) >= MOST_CALLS:
            raise ValueError(f"{self.__name__} was called more than {MOST_CALLS} times")
        if kwargs:
            raise TypeError(f"{self.__name__} takes its arguments by position: {self.__name__}(…)")
        point, *rest = self._read(*args)
        self.points.append(point)
        with np.errstate(all="ignore"):  # a walk that diverges asks where the answer overflows
            return self._answer(point, *rest)


def _numbers(value: Any, name: str) -> np.ndarray:
    try:
        numbers = np.array(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{name} was asked at something that is not an array of numbers") from None
    return numbers


def _few_numbers(value: Any, name: str) -> np.ndarray:
    point = _numbers(value, name)
    if point.size > MOST_NUMBERS:
        raise ValueError(f"{name} takes points of up to {MOST_NUMBERS} numbers")
    return point


def _gradient_at(gradient_of: Any, shape: tuple[int, ...], name: str) -> Callable:
    """Return a gradient that was handed to `name` as its third argument, made to answer with arrays of this shape."""
    if not callable(gradient_of):
        raise ValueError(f"the third argument of {name} is the function gradient_of")

    def gradient_at(theta: np.ndarray) -> np.ndarray:
        gradient = _numbers(gradient_of(theta), name)
        if gradient.shape != shape:
            raise ValueError(f"{name} was given a gradient of shape {gradient.shape}, theta has {shape}")
        return gradient

    return gradient_at


@dataclass(frozen=True)
class GradientOf:
    """The gradient of a `descentlab` objective at a point of the shape of its box, `parameters` as the family wants them.

    Without `places` it is kept how often it is asked, not where: for answers that may ask in one order or another.
    """

    objective: str
    parameters: dict[str, Any] = field(default_factory=dict)
    places: bool = True

    def build(self, name: str) -> Asked:
        chosen = objectives.get(self.objective, **self.parameters)
        read = _point_of(chosen, name)
        if self.places:
            return Asked(name, chosen.gradient, read)
        return Asked(name, lambda _, theta: chosen.gradient(theta), lambda *args: (None, *read(*args)))

    def to_json(self) -> dict:
        data = {"gradient": self.objective, "parameters": _lists(self.parameters)}
        return data if self.places else data | {"places": False}

    @classmethod
    def from_json(cls, data: dict) -> GradientOf:
        return cls(data["gradient"], _arrays(data["parameters"]), data.get("places", True))


@dataclass(frozen=True)
class ValueOf:
    """The value of a `descentlab` objective at a point of the shape of its box, a float; with `grain` rounded down to a multiple of
    it, so that different points have equal values.

    With a `shape` it is asked at points of that shape instead, whose numbers are read row by row: a function of a matrix. With
    `counted` False it may be asked as often and wherever an answer likes (up to MOST_CALLS times).
    """

    objective: str
    parameters: dict[str, Any] = field(default_factory=dict)
    grain: float = 0.0
    shape: tuple[int, ...] | None = None
    counted: bool = True

    def build(self, name: str) -> Asked:
        chosen = objectives.get(self.objective, **self.parameters)

        def value(theta: np.ndarray) -> float:
            exact = float(chosen.value(theta.reshape(np.shape(chosen.start))))
            return float(np.floor(exact / self.grain) * self.grain) if self.grain else exact

        return Asked(name, value, _point_of(chosen, name, self.shape), counted=self.counted)

    def to_json(self) -> dict:
        data = {"value": self.objective, "parameters": _lists(self.parameters), "grain": self.grain}
        # What is as usual is not written down.
        return data | ({} if self.shape is None else {"shape": list(self.shape)}) | ({} if self.counted else {"counted": False})

    @classmethod
    def from_json(cls, data: dict) -> ValueOf:
        shape = tuple(data["shape"]) if "shape" in data else None
        return cls(data["value"], _arrays(data["parameters"]), data["grain"], shape, data.get("counted", True))


@dataclass(frozen=True)
class ExampleGradientOf:
    """The gradients of the terms J_i = a_i‖θ − c_i‖²/2 of a sum, asked as (theta, i) for one i from 0 on.

    `centres` holds c_i, shape (n,) + theta's shape, and `curvatures` a_i, shape (n,). What is kept of a call is theta: in which
    order the examples of a batch are asked says nothing of an answer.
    """

    centres: Any
    curvatures: Any

    def build(self, name: str) -> Asked:
        centres, curvatures = np.array(self.centres, dtype=np.float64), np.array(self.curvatures, dtype=np.float64)

        def read(theta: Any, i: Any) -> tuple:
            point, number = _numbers(theta, name), _numbers(i, name)
            if point.shape != centres.shape[1:]:
                raise ValueError(f"{name} was asked at a point of shape {point.shape}, theta has {centres.shape[1:]}")
            if number.ndim:
                raise ValueError(f"{name} takes the number of one example, not an array of shape {number.shape}")
            if number != np.floor(number) or not 0 <= number < len(centres):
                raise ValueError(f"{name} takes the number of an example, 0 to {len(centres) - 1}, not {float(number):g}")
            return point, int(number)

        return Asked(name, lambda theta, i: curvatures[i] * (theta - centres[i]), read)

    def to_json(self) -> dict:
        return {"examples": np.asarray(self.centres).tolist(), "curvatures": np.asarray(self.curvatures).tolist()}

    @classmethod
    def from_json(cls, data: dict) -> ExampleGradientOf:
        return cls(np.array(data["examples"]), np.array(data["curvatures"]))


def _point_of(objective: objectives.Objective, name: str, shape: tuple[int, ...] | None = None) -> Callable[..., tuple]:
    """Return how the arguments of a function of theta are read, which has the shape of the objective's box if no other."""
    wanted = np.shape(objective.start) if shape is None else shape

    def read(theta: Any) -> tuple:
        point = _numbers(theta, name)
        if point.shape != wanted:
            raise ValueError(f"{name} was asked at a point of shape {point.shape}, theta has {wanted}")
        return (point,)

    return read


def _lists(parameters: dict[str, Any]) -> dict[str, Any]:
    return {key: np.asarray(value).tolist() for key, value in parameters.items()}


def _arrays(parameters: dict[str, Any]) -> dict[str, Any]:
    return {key: np.array(value) for key, value in parameters.items()}


@dataclass(frozen=True)
class ScheduleOf:
    """The schedule t -> values[t]: values[0] is there so that a loop that asks for t = 0 can be recognised, not allowed."""

    values: tuple[float, ...]

    def build(self, name: str) -> Asked:
        def read(t: Any) -> tuple:
            number = _numbers(t, name)
            if number.ndim or number != np.floor(number) or not 0 <= number < len(self.values):
                raise ValueError(f"{name} takes the number of a step, 1 to {len(self.values) - 2}, not {t!r:.40}")
            return (int(number),)

        return Asked(name, lambda t: self.values[t], read)

    def to_json(self) -> dict:
        return {"schedule": list(self.values)}

    @classmethod
    def from_json(cls, data: dict) -> ScheduleOf:
        return cls(tuple(data["schedule"]))


def _damped_rule(theta: np.ndarray, velocity: np.ndarray, gradient_of: Callable, lr: float) -> np.ndarray:
    """A velocity rule of no method: it tells whether a loop hands each argument to its place."""
    return lr * np.asarray(gradient_of(theta - 0.25)) / (1.0 + velocity**2) + 0.125 * np.tanh(velocity)


# Rules that a check may hand over as `velocity_rule(theta, velocity, gradient_of, lr)`.
RULES: dict[str, Callable] = {"damped": _damped_rule}


@dataclass(frozen=True)
class RuleOf:
    """A velocity rule by its name in RULES."""

    name: str

    def build(self, name: str) -> Asked:
        def read(theta: Any, velocity: Any, gradient_of: Any, lr: Any) -> tuple:
            point, memory = _few_numbers(theta, name), _numbers(velocity, name)
            if memory.shape != point.shape:
                raise ValueError(f"{name} was given a velocity of shape {memory.shape}, theta has {point.shape}")
            return point, memory, _gradient_at(gradient_of, point.shape, name), float(lr)

        return Asked(name, RULES[self.name], read)

    def to_json(self) -> dict:
        return {"rule": self.name}

    @classmethod
    def from_json(cls, data: dict) -> RuleOf:
        return cls(data["rule"])


def _wavy_loss(weights: list[np.ndarray]) -> float:
    """A loss of no network: every weight counts differently, so that it tells at which weights it was asked."""
    theta = np.concatenate([np.ravel(array) for array in weights])
    place = np.arange(1, theta.size + 1)
    return float(np.sum(np.cos(0.7 * theta + place) / place) + 0.05 * np.sum(theta**2))


# Losses that a check may hand over as `loss(weights)`, of a list of arrays.
LOSSES: dict[str, Callable[[list[np.ndarray]], float]] = {"wavy": _wavy_loss}


@dataclass(frozen=True)
class LossOf:
    """A loss of a list of arrays, by its name in LOSSES; `shapes` are those of the arrays.

    How often it is asked is kept, not where: the points of a surface may be visited in any order, and each value tells its place.
    """

    name: str
    shapes: tuple[tuple[int, ...], ...]

    def build(self, name: str) -> Asked:
        shapes = list(self.shapes)

        def read(weights: Any) -> tuple:
            if not isinstance(weights, (list, tuple)) or len(weights) != len(shapes):
                raise ValueError(f"{name} takes a list of {len(shapes)} arrays, one for each array of the weights")
            arrays = [_numbers(array, name) for array in weights]
            if [array.shape for array in arrays] != shapes:
                found, wanted = (", ".join(map(str, some)) for some in ([array.shape for array in arrays], shapes))
                raise ValueError(f"{name} was asked at arrays of the shapes {found}, the weights have {wanted}")
            return None, arrays

        return Asked(name, lambda _, arrays: LOSSES[self.name](arrays), read)

    def to_json(self) -> dict:
        return {"loss": self.name, "shapes": [list(shape) for shape in self.shapes]}

    @classmethod
    def from_json(cls, data: dict) -> LossOf:
        return cls(data["loss"], tuple(tuple(shape) for shape in data["shapes"]))


def _wanders(theta: np.ndarray, count: float, memory: np.ndarray, gradient_of: Callable, t: int) -> tuple[np.ndarray, np.ndarray]:
    gradient = gradient_of(theta - 0.5 * memory)
    memory = 0.75 * memory + gradient / (t + 1.0)
    return theta - 0.2 * np.tanh(memory) - 0.03 * count, memory


def _swings(theta: np.ndarray, count: float, memory: np.ndarray, gradient_of: Callable, t: int) -> tuple[np.ndarray, np.ndarray]:
    gradient = gradient_of(theta)
    memory = 0.25 * memory - gradient
    return theta + 0.3 * np.cos(1.0 * t) * memory / (1.0 + np.abs(memory)) + 0.02 * count**2, memory


# Steppers of no method, each of the form (theta, count, memory, gradient_of, t) -> (theta, memory): they ask for one gradient, and
# the place, the state and the number of the step tell in what they return.
STEPPERS: dict[str, Callable] = {"wanderer": _wanders, "swing": _swings}


@dataclass(frozen=True)
class SteppersOf:
    """A dict of steppers (theta, state, gradient_of, t) -> (theta, state), by their names in STEPPERS.

    A state is None at first, and then a list: how many steps were made with it, and an array of theta's shape.
    """

    names: tuple[str, ...]

    def build(self, name: str) -> dict[str, Asked]:
        return {key: self._stepper(key) for key in self.names}

    def _stepper(self, key: str) -> Asked:
        name = f"the stepper {key!r}"

        def read(theta: Any, state: Any, gradient_of: Any, t: Any) -> tuple:
            point = _few_numbers(theta, name)
            if state is None:
                count, memory = 0.0, np.zeros(point.shape)
            elif isinstance(state, (list, tuple)) and len(state) == 2:
                count, memory = _numbers(state[0], name), _numbers(state[1], name)
            else:
                raise ValueError(f"the second argument of {name} is the state that it returned in the step before, None at first")
            if np.ndim(count) or memory.shape != point.shape:
                raise ValueError(f"{name} was given a state that it did not return at a point of the shape {point.shape}")
            number = _numbers(t, name)
            if number.ndim or number != np.floor(number) or not 0 <= number <= MOST_CALLS:
                raise ValueError(f"the last argument of {name} is the number of the step, not {t!r:.40}")
            return point, float(count), memory, _gradient_at(gradient_of, point.shape, name), int(number)

        def answer(point: np.ndarray, count: float, memory: np.ndarray, gradient_of: Callable, t: int) -> tuple:
            moved, memory = STEPPERS[key](point, count, memory, gradient_of, t)
            return moved, [count + 1.0, memory]

        return Asked(name, answer, read)

    def to_json(self) -> dict:
        return {"steppers": list(self.names)}

    @classmethod
    def from_json(cls, data: dict) -> SteppersOf:
        return cls(tuple(data["steppers"]))


@dataclass(frozen=True)
class GeneratorOf:
    """A `numpy.random.Generator` with this seed. It goes on from call to call within one scenario."""

    seed: int

    def build(self, name: str) -> np.random.Generator:
        return np.random.default_rng(self.seed)

    def to_json(self) -> dict:
        return {"generator": self.seed}

    @classmethod
    def from_json(cls, data: dict) -> GeneratorOf:
        return cls(data["generator"])


class Clock:
    """A clock that a `ClockOf` describes. How often it is read says nothing of an answer, so nobody counts it."""

    def __init__(self, name: str, described: ClockOf):
        self.__name__ = name
        self._described = described
        self._readings = 0
        self._slow: Asked | None = None

    def watch(self, functions: dict[str, Asked]) -> None:
        """Tell the clock which functions are handed over beside it."""
        if self._described.slow:
            self._slow = functions[self._described.slow]

    def __call__(self, *args: Any, **kwargs: Any) -> float:
        if args or kwargs:
            raise TypeError(f"{self.__name__} takes no arguments: {self.__name__}()")
        self._readings += 1
        if self._readings > MOST_CALLS:
            raise ValueError(f"{self.__name__} was called more than {MOST_CALLS} times")
        late = self._slow is not None and len(self._slow.points) >= self._described.calls
        return self._described.start + self._readings * self._described.tick + late * self._described.jump


@dataclass(frozen=True)
class ClockOf:
    """A clock in seconds: `start`, `tick` more at each reading, and `jump` more from the moment when the function that is handed
    over as `slow` has been called `calls` times.

    With a jump that is long and ticks that are short it makes no difference how often a right answer reads the clock.
    """

    start: float
    tick: float
    slow: str = ""
    calls: int = 0
    jump: float = 0.0

    def build(self, name: str) -> Clock:
        return Clock(name, self)

    def to_json(self) -> dict:
        return {"clock": [self.start, self.tick, self.slow, self.calls, self.jump]}

    @classmethod
    def from_json(cls, data: dict) -> ClockOf:
        return cls(*data["clock"])


class Input(Protocol):
    """What stands among a scenario's arguments for something that JSON does not hold, and is built anew for each play."""

    def build(self, name: str) -> Any: ...

    def to_json(self) -> dict: ...


# By the key that stands in an input's JSON data.
INPUTS = {
    "gradient": GradientOf, "value": ValueOf, "schedule": ScheduleOf, "rule": RuleOf, "steppers": SteppersOf, "loss": LossOf,
    "generator": GeneratorOf, "clock": ClockOf, "examples": ExampleGradientOf,
}  # fmt: skip


def is_input(value: Any) -> bool:
    """Whether an argument of a scenario has to be built before it is handed over."""
    return isinstance(value, tuple(INPUTS.values()))


def input_from_json(data: dict) -> Input | None:
    """Return the input that `to_json` wrote as `data`, None where `data` is something else."""
    return next((kind.from_json(data) for key, kind in INPUTS.items() if key in data), None)
