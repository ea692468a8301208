"""Between child and judge, in words: what our own errors may tell a student, how a child ended, what its answers name."""

from __future__ import annotations

import contextlib
import dis
import re
import signal
from collections.abc import Collection
from typing import Any

from coursekit.box.calls import LINE
from coursekit.box.talk import CLOSED
from coursekit.box.wire import WireError, clean
from coursekit.sandbox.types import ChildDied, Raised, RemoteError, SandboxFault

NEUTRAL = "a function given by the grader could not work with these values"
_BUILTIN_ERRORS = {kind.__name__: kind for kind in (ValueError, TypeError)}
_RAISE = dis.opmap["RAISE_VARARGS"]


def told(error: Exception) -> tuple[str, str]:
    """Return the class and message by which the child learns that one of our callables raised `error`.

    Only what a `raise` of a ValueError or TypeError says was meant for the student; other messages may hold anything.
    """
    if isinstance(error, RemoteError):
        return error.raised.kind, error.raised.message
    kind = type(error).__name__
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if type(error) is _BUILTIN_ERRORS.get(kind) and trace is not None:
        code = trace.tb_frame.f_code.co_code
        if code[trace.tb_lasti] == _RAISE:
            return kind, str(error)[:500]
    return "RuntimeError", NEUTRAL


def ending(words: str, memory: int) -> ChildDied | SandboxFault:
    """Return what the tender's last words mean: the student's doing, or ours where the child or the box did not stand."""
    kind, _, rest = words.partition(" ")
    if kind == "exit":
        if int(rest) == CLOSED:
            return ChildDied("the code closed its connection to the grader")
        return ChildDied(f"the code ended the process (exit code {int(rest)})")
    if kind == "signal":
        number = int(rest)
        with contextlib.suppress(ValueError):
            rest = signal.Signals(number).name
        if number in (signal.SIGKILL, signal.SIGXCPU):
            bound = f"more than {size_of(memory)} of memory, or too much time"
            return ChildDied(f"the process was ended by the system ({rest}): {bound}")
        return ChildDied(f"the process crashed ({rest})")
    if kind == "setup":
        return SandboxFault(f"a child of the sandbox could not be set up: {rest}")
    return SandboxFault("the sandbox was ended from outside while a child was at work")


def raised_of(node: Any, lines: Collection[str]) -> Raised:
    """Return an exception as it came from the child; WireError where it is malformed.

    Its class and line are shown to the student, who must not learn from them what the function was called with: so a class has
    an identifier as its name, and a line is one of `lines`, or is left out.
    """
    expect(type(node) is list and len(node) == 3 and type(node[1]) is str and type(node[2]) is str)
    kinds = tuple(kind if kind.isidentifier() else "Exception" for kind in words_of(node[0])[:50])
    line = clean(node[2])[:LINE]
    found = re.fullmatch(r"line \d{1,6}: (.*)", line)
    known = found and (found[1] in lines or (len(line) == LINE and any(one.startswith(found[1]) for one in lines)))
    return Raised(kinds, clean(node[1])[:1000], line if known else "")


def expect(condition: bool) -> None:
    """Raise WireError unless `condition` holds."""
    if not condition:
        raise WireError("a part of the answer is malformed")


def words_of(node: Any) -> tuple[str, ...]:
    """Return a list of strings as it came from the child; WireError where it is none."""
    expect(type(node) is list and len(node) <= 10_000 and all(type(word) is str for word in node))
    return tuple(clean(word)[:200] for word in node)


def size_of(count: int) -> str:
    """Return a number of bytes in words."""
    for unit, name in ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB")):
        if count >= unit:
            return f"{count / unit:.3g} {name}"
    return f"{count} bytes"
