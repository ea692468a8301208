"""Who answers a scenario in this process: the notebook's own functions, or plain ones (the reference, a known mistake)."""

from __future__ import annotations

import contextlib
import io
import linecache
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np

from descentlab.checks.values import DEEPEST, Outcome, Raised


class StudentError(Exception):
    """What a function that the student's code handed out raised when a check called it; `raised` says what."""

    def __init__(self, raised: Raised):
        super().__init__(raised.message)
        self.raised = raised


class Plain:
    """Trusted functions by name, called as they are on copies of the arguments."""

    def __init__(self, functions: Mapping[str, Callable]):
        self._functions = functions

    def call(self, name: str, arguments: dict[str, Any], helpers: Mapping[str, Callable]) -> Outcome:
        """Return what the function makes of `arguments`; `helpers` are not needed, trusted code brings its own."""
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return Outcome(_guarded(self._functions[name](**_copied(arguments))))
        except Exception as error:
            return Outcome(error=_raised(error))


class InPlace:
    """The functions of a running notebook, by its namespace, called on copies; what they print or warn of is swallowed."""

    def __init__(self, namespace: MutableMapping[str, Any]):
        self._namespace = namespace

    def call(self, name: str, arguments: dict[str, Any], helpers: Mapping[str, Callable]) -> Outcome:
        """Call the student's function `name`; for the time of the call `helpers` stand in the notebook's namespace, and again
        whenever a function that it returned is called.
        """
        if name not in self._namespace:
            return Outcome(error=Raised(_kinds(NameError), f"there is no function {name}: has its cell been run?"))
        function = self._namespace[name]
        if not callable(function):
            return Outcome(error=Raised(_kinds(TypeError), f"{name} is not a function"))
        handed = _copied(arguments)
        printed = io.StringIO()
        with self._standing_in(helpers), _quiet(printed):
            try:
                value = function(**handed)
            except (Exception, SystemExit) as error:
                return Outcome(error=_raised(error), changed=_changed(arguments, handed), printed=printed.getvalue())
        value = _guarded(value, lambda: self._standing_in(helpers))
        return Outcome(value, None, _changed(arguments, handed), _shared(value, handed), printed.getvalue())

    def value(self, name: str) -> Any:
        """Return a plain value of the notebook; NameError where it is missing."""
        if name not in self._namespace:
            raise NameError(name)
        return self._namespace[name]

    @contextlib.contextmanager
    def _standing_in(self, helpers: Mapping[str, Callable]) -> Iterator[None]:
        kept = {name: self._namespace[name] for name in helpers if name in self._namespace}
        self._namespace.update(helpers)
        try:
            yield
        finally:
            for name in helpers:
                if name in kept:
                    self._namespace[name] = kept[name]
                else:
                    self._namespace.pop(name, None)


@contextlib.contextmanager
def _quiet(printed: io.StringIO) -> Iterator[None]:
    # A warning on stderr costs all points under stock nbgrader, and overflow is what divergence looks like.
    with (
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(printed),
        warnings.catch_warnings(),
        np.errstate(all="ignore"),
    ):
        warnings.simplefilter("ignore")
        yield


def _guarded(value: Any, around: Callable[[], AbstractContextManager] = nullcontext) -> Any:
    """Return a result whose functions, alone or in a list or dict, are called as quietly as the one that returned them, each
    time within `around()`."""
    if type(value) in (list, tuple):
        return type(value)(_guarded(item, around) if callable(item) else item for item in value)
    if type(value) is dict:
        return {key: _guarded(item, around) if callable(item) else item for key, item in value.items()}
    if not callable(value):
        return value

    def guarded(*args: Any, **kwargs: Any) -> Any:
        with around(), _quiet(io.StringIO()):
            try:
                return _guarded(value(*_copied(args), **_copied(kwargs)), around)
            except (Exception, SystemExit) as error:
                raise StudentError(_raised(error)) from None

    return guarded


def _copied(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_copied(item) for item in value)
    return value


def _arrays(value: Any, path: str, depth: int = 0) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the arrays in a value with their paths; a bare array has the path it was given. Deeper than DEEPEST is not looked."""
    if isinstance(value, np.ndarray):
        yield path, value
    elif isinstance(value, (dict, list, tuple)) and depth < DEEPEST:
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _arrays(item, f"{path}[{key!r}]", depth + 1)


def _argument_arrays(arguments: Mapping[str, Any]) -> Iterator[tuple[str, np.ndarray]]:
    for name, value in arguments.items():
        yield from _arrays(value, name)


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    now = dict(_argument_arrays(after))
    return tuple(
        path for path, array in _argument_arrays(before)
        if path not in now or now[path].shape != array.shape or now[path].tobytes() != array.tobytes()
    )  # fmt: skip


def _shared(value: Any, arguments: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    returned = list(_arrays(value, "result"))
    others = list(_argument_arrays(arguments))
    return tuple(
        (path, other)
        for i, (path, array) in enumerate(returned)
        for other, there in [*others, *returned[i + 1 :]]
        if array.size and np.may_share_memory(array, there)
    )


def _raised(error: BaseException) -> Raised:
    """Return an exception in words, with the last line of it that stands in a notebook cell."""
    line = ""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        # A cell has no file: IPython keeps its text under a name that linecache alone knows.
        if (frame.filename in linecache.cache and "ipykernel" in frame.filename) or frame.filename.startswith("<ipython"):
            line = f"line {frame.lineno}: {(frame.line or '').strip()}"[:200]
            break
    try:
        message = str(error)[:500]
    except Exception:  # a class of the student's own
        message = ""
    return Raised(_kinds(type(error)), message, line)


def _kinds(kind: type[BaseException]) -> tuple[str, ...]:
    return tuple(base.__name__ for base in kind.__mro__)
