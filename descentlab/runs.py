"""The loops that figures need around a student's step: over an objective's gradient, over a stream of gradients, and one that
takes each step apart."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from descentlab import objectives
from descentlab.objectives import Objective


def run_steps(
    step: Callable,
    objective: str | Objective,
    n_steps: int,
    *,
    start: Any = None,
    keep: Callable | None = None,
    **settings: Any,
) -> np.ndarray | None:
    """Walk n_steps steps of a student's step function over an objective and return all n_steps + 1 points.

    `step` is called as its own first line says: theta first, then the arrays of its state (zeros before the first step), then
    `gradient` (the gradient at theta) or `gradient_of` (the gradient function itself); where it has an argument `t`, that is
    the number of the step, from 1 on. `settings` are handed on in every step; one that is a schedule (a callable t -> value)
    is asked for the value of step t. `start` replaces the objective's own starting point. What is kept after step t, and of the
    start as t = 0, is `keep(*state, t)`, by default theta alone.

    Returns these stacked along a new first axis, by default an array of shape (n_steps + 1,) + theta's shape, or None where `step`,
    or `keep`, returns None: it is not written yet. Raises TypeError where `step` has no such first line, or returns anything but
    the new theta and the new state.
    """
    chosen = objectives.get(objective) if isinstance(objective, str) else objective
    arguments = _arguments(step)
    state = _first_state(arguments, np.array(chosen.start if start is None else start, dtype=np.float64))
    kept = []
    for t in range(n_steps + 1):
        if t:
            state = _advance(step, arguments, state, chosen.gradient, t, settings)
        if state is None:
            return None
        kept.append(keep(*(part.copy() for part in state), t) if keep else state[0])
        if kept[-1] is None:
            return None
    return np.array(kept)


def run_stream(step: Callable, gradients: Iterable[Any], *, keep: Callable | None = None, **settings: Any) -> np.ndarray | None:
    """Feed a stream of gradients to a student's function and return what it makes of each of them.

    The function is called as in `run_steps`, but every array before `gradient` starts at zero, theta too, and the gradients are
    the ones given, wherever theta goes. What is kept of step t is `keep(*state, t)`, by default all arrays of the state.

    Returns these stacked along a new first axis, or None where the function, or `keep`, returns None. Raises ValueError where
    there are no gradients, TypeError as `run_steps` does.
    """
    stream = [np.array(gradient, dtype=np.float64) for gradient in gradients]
    if not stream:
        raise ValueError("run_stream needs at least one gradient")
    arguments = _arguments(step)
    state = _first_state(arguments, np.zeros_like(stream[0]))
    kept = []
    for t, gradient in enumerate(stream, start=1):
        state = _advance(step, arguments, state, lambda theta, g=gradient: g.copy(), t, settings)
        if state is None:
            return None
        kept.append(keep(*(part.copy() for part in state), t) if keep else state)
        if kept[-1] is None:
            return None
    return np.array(kept)


def one_by_one(
    race: Callable,
    steppers: Mapping[str, Callable | None],
    gradient_of: Callable,
    theta0: Any,
    n_steps: int,
    *,
    keep: Callable | None = None,
) -> dict[str, Callable[[], Any]]:
    """Return for each of the steppers a function without arguments that lets it walk alone, by a student's own `race`.

    `race(steppers, gradient_of, theta0, n_steps)` returns a dict of paths. So a method that fails does not stop the others.
    The functions return the path, or what `keep(path)` makes of it; None where `race` or the stepper is not written yet.
    """

    def alone(name: str) -> Any:
        paths = None if steppers[name] is None else race({name: steppers[name]}, gradient_of, theta0, n_steps)
        if paths is None:
            return None
        return keep(paths[name]) if keep else paths[name]

    return {name: partial(alone, name) for name in steppers}


@dataclass(frozen=True)
class TakenStep:
    """One step of a student's function, and what the same function does from the same state with other gradients.

    All points have theta's shape. `before` and `after` are theta before and after the step. `coasted` is where it would end if
    every gradient were zero: what the state alone does. `standing` is where it would end if every gradient were the one at
    `before`, wherever it asks. `asked` holds the points at which it did ask, along a new first axis.
    """

    before: np.ndarray
    coasted: np.ndarray
    after: np.ndarray
    standing: np.ndarray
    asked: np.ndarray

    @property
    def corners(self) -> np.ndarray:
        """The points between which the step's vectors lie: before, coasted, after, standing; along a new first axis."""
        return np.array([self.before, self.coasted, self.after, self.standing])


def take_apart(
    step: Callable, objective: str | Objective, n_steps: int, *, start: Any = None, **settings: Any
) -> list[TakenStep] | None:
    """Walk n_steps steps as `run_steps` does, and return each of them taken apart, or None where `step` returns None.

    `step` is called three times in each step. It is asked for nothing but itself, so that whatever it does is what is seen: where
    the old velocity carries it, what its gradient adds, and where it asks for one.
    """
    chosen = objectives.get(objective) if isinstance(objective, str) else objective
    arguments = _arguments(step)
    state = _first_state(arguments, np.array(chosen.start if start is None else start, dtype=np.float64))
    taken = []
    for t in range(1, n_steps + 1):
        before = state[0]
        here, asked = chosen.gradient(before), []

        def watched(theta: Any, asked: list = asked) -> Any:
            asked.append(np.array(theta, dtype=np.float64))
            return chosen.gradient(theta)

        coasted = _advance(step, arguments, state, lambda theta, here=here: np.zeros_like(here), t, settings)
        standing = _advance(step, arguments, state, lambda theta, here=here: np.copy(here), t, settings)
        state = _advance(step, arguments, state, watched, t, settings)
        if state is None or coasted is None or standing is None:
            return None
        points = np.array(asked).reshape(-1, *before.shape)
        taken.append(TakenStep(before, coasted[0], state[0], standing[0], points))
    return taken


def _arguments(step: Callable) -> tuple[list[str], str]:
    """Return the names of the step's arguments and the one through which it gets its gradient.

    It is asked once for each run: looking at a signature takes longer than a step.
    """
    names = list(inspect.signature(step).parameters)
    for wanted in ("gradient", "gradient_of"):
        if wanted in names[1:]:
            return names, wanted
    raise TypeError(f"{_name(step)} has the arguments ({', '.join(names)}): after its state it needs one called gradient")


def _first_state(arguments: tuple[list[str], str], start: np.ndarray) -> tuple[np.ndarray, ...]:
    names, wanted = arguments
    return (start, *(np.zeros_like(start) for _ in range(names.index(wanted) - 1)))


def _advance(
    step: Callable,
    arguments: tuple[list[str], str],
    state: tuple[np.ndarray, ...],
    gradient_of: Callable,
    t: int,
    settings: dict[str, Any],
) -> tuple[np.ndarray, ...] | None:
    """Return the state after step t. The step gets copies: one that works in place must not change the points that are kept."""
    names, wanted = arguments
    now = {name: value(t) if callable(value) else value for name, value in settings.items()}
    if "t" in names:
        now["t"] = t
    now[wanted] = gradient_of(state[0].copy()) if wanted == "gradient" else gradient_of
    result = step(*(part.copy() for part in state), **now)
    if result is None:
        return None
    if len(state) == 1 and not isinstance(result, tuple):
        result = (result,)
    wish = f"{_name(step)}, step {t}: it should return {len(state)} array{'s' * (len(state) > 1)} of shape {state[0].shape}"
    if not isinstance(result, (tuple, list)) and np.ndim(result) == 0:
        raise TypeError(f"{wish}, and returned {type(result).__name__}")
    if len(result) != len(state):
        raise TypeError(f"{wish}, and returned {len(result)} values")
    arrays = tuple(np.array(part, dtype=np.float64) for part in result)
    if any(array.shape != state[0].shape for array in arrays):
        raise TypeError(f"{wish}, and returned the shapes {', '.join(str(array.shape) for array in arrays)}")
    return arrays


def _name(step: Callable) -> str:
    return getattr(step, "__name__", "the step")
