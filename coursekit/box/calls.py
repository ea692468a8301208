"""One call of a student's function: on copies of the arguments, with all that it did to them and said told to the judge."""

from __future__ import annotations

import linecache
import warnings
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from typing import Any

import numpy as np

from .wire import Packer, Unpacker, WireError, clean

MESSAGE, LINE, KINDS = 500, 200, 20
SHARED = 64  # arrays of a result that are compared with one another

_ndarray, _errstate, _may_share = np.ndarray, np.errstate, np.may_share_memory
_catch_warnings, _nothing = warnings.catch_warnings, nullcontext()


class Calls:
    """Answers the judge's requests about the functions and values of `namespace`."""

    def __init__(self, namespace: MutableMapping[str, Any], talk: Any, capture: Callable):
        self._namespace = namespace
        self._talk = talk
        self._capture = capture
        self._helpers: dict[str, Any] = {}  # of the last call: functions that it returned are invoked among them
        talk.handlers.update(call=self.call, invoke=self.invoke, value=self.value)

    def call(self, message: list, unpacker: Unpacker, _blob: bytes) -> tuple[list, Packer | None]:
        """["call", nonce, name, arguments, helpers]: call a function by its name, with stand-ins in the namespace."""
        _, _, name, arguments, helpers = message
        kwargs, self._helpers = unpacker.value(arguments), unpacker.value(helpers)
        if name not in self._namespace:
            return refusal("NameError", f"there is no function {name}: has its cell been run?")
        function = self._namespace[name]
        if not callable(function):
            return refusal("TypeError", f"{name} is not a function")
        return self._among_helpers(function, (), kwargs)

    def invoke(self, message: list, unpacker: Unpacker, _blob: bytes) -> tuple[list, Packer | None]:
        """["invoke", nonce, handle, positional, by name]: call a function that the student's code handed out."""
        function = self._talk.own_callable(message[2])
        return self._among_helpers(function, unpacker.value(message[3]), unpacker.value(message[4]))

    def _among_helpers(self, function: Callable, args: tuple, kwargs: dict) -> tuple[list, Packer | None]:
        helpers = self._helpers
        if not helpers:
            return self._run(function, args, kwargs)
        kept = {key: self._namespace[key] for key in helpers if key in self._namespace}
        self._namespace.update(helpers)
        try:
            return self._run(function, args, kwargs)
        finally:
            for key in helpers:
                if key in kept:
                    self._namespace[key] = kept[key]
                else:
                    self._namespace.pop(key, None)

    def value(self, message: list, _unpacker: Unpacker, _blob: bytes) -> tuple[list, Packer | None]:
        """["value", nonce, name]: a plain value of the namespace."""
        if message[2] not in self._namespace:
            return refusal("NameError", message[2])
        return self._done(self._namespace[message[2]], [], [], "")

    def _run(self, function: Callable, args: tuple, kwargs: dict) -> tuple[list, Packer | None]:
        handed = list(argument_arrays(args, kwargs))
        before = [(array.shape, array.tobytes()) for _, array in handed]
        failure, value = None, None
        # What divergence looks like is overflow, and warnings must not matter.
        with self._capture() as printed, _errstate(all="ignore"), _quiet_warnings():
            try:
                value = function(*args, **kwargs)
            except BaseException as error:
                failure = raised(error)
        changed: list = []
        shared: list = []
        try:  # a value with methods of its own can raise anything when it is looked at
            if handed:
                now = list(argument_arrays(args, kwargs))
                changed = _changed(handed, before, now)
                shared = [] if failure else _shared(value, now)
            elif not failure:
                shared = _shared(value, [])
        except BaseException as error:
            failure = failure or raised(error)
        said = clean(printed.text()) if printed.items else ""
        if failure:
            return ["raised", "", failure, changed, said], None
        return self._done(value, changed, shared, said)

    def _done(self, value: Any, changed: list, shared: list, printed: str) -> tuple[list, Packer | None]:
        packer = Packer(self._talk)
        try:
            return ["done", "", packer.node(value), changed, shared, printed], packer
        except WireError as error:
            return refusal("ValueError", f"what came back cannot be handed over: {error}")
        except BaseException as error:
            return ["raised", "", raised(error), changed, printed], None


def refusal(kind: str, message: str) -> tuple[list, None]:
    """Return the reply that stands for an exception which no code of the student raised."""
    return ["raised", "", [[kind, "Exception", "BaseException", "object"], message, ""], [], ""], None


def raised(error: BaseException) -> list:
    """Return an exception as [class names in MRO order, message, the student's own line], each bounded."""
    kinds = [str(kind.__name__)[:100] for kind in type(error).__mro__][:KINDS]
    try:
        message = str(error)
    except BaseException:
        message = ""
    return [kinds, clean(message[:MESSAGE]), clean(_line(error)[:LINE])]


def _line(error: BaseException) -> str:
    if isinstance(error, SyntaxError) and isinstance(error.text, str) and isinstance(error.lineno, int):
        return f"line {error.lineno}: {error.text.strip()}"
    found = ""
    trace = error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        # A cell has no file: IPython keeps its text under a name of this form, which linecache alone knows.
        if name.startswith("<ipython-input"):
            found = f"line {trace.tb_lineno}: {linecache.getline(name, trace.tb_lineno).strip()}"
        trace = trace.tb_next
    return found


def arrays(value: Any, path: str, depth: int = 0) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the arrays in a value with their paths; a bare array has the path it was given."""
    if isinstance(value, _ndarray):
        yield path, value
    elif isinstance(value, dict) and depth < 8:
        for key, item in value.items():
            yield from arrays(item, f"{path}[{key!r}]", depth + 1)
    elif isinstance(value, (list, tuple)) and depth < 8:
        for index, item in enumerate(value):
            yield from arrays(item, f"{path}[{index}]", depth + 1)


def argument_arrays(args: tuple, kwargs: dict) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the arrays in the arguments of a call with their paths: "theta", "state[0]", "argument 1"."""
    for index, value in enumerate(args):
        yield from arrays(value, f"argument {index + 1}")
    for name, value in kwargs.items():
        if isinstance(value, _ndarray):
            yield name, value
        elif isinstance(value, (list, tuple, dict)):
            yield from arrays(value, name)


def _changed(handed: list, before: list, now: list) -> list[str]:
    after = dict(now)
    return [
        path
        for (path, _), (shape, data) in zip(handed, before, strict=True)
        if (array := after.get(path)) is None or array.shape != shape or array.tobytes() != data
    ]


def _shared(value: Any, others: list) -> list[list[str]]:
    if isinstance(value, _ndarray):
        returned = [("result", value)]
    elif isinstance(value, (list, tuple, dict)):
        returned = list(islice(arrays(value, "result"), SHARED))
    else:
        return []
    return [
        [path, other]
        for index, (path, array) in enumerate(returned)
        for other, there in [*others, *returned[index + 1 :]]
        if array.size and _may_share(array, there)
    ]


def _quiet_warnings() -> AbstractContextManager:
    """Return a context in which a warning is no exception, which it only is where the student's code made it one."""
    try:
        if any(rule[0] == "error" for rule in warnings.filters):
            return _catch_warnings(action="ignore")
    except Exception:  # the student's code left something else in their place
        return _nothing
    return _nothing
