"""A student's function, run so that whatever it does leaves a figure standing and says what was wrong."""

from __future__ import annotations

import _thread
import contextlib
import ctypes
import sys
import textwrap
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

NOT_WRITTEN = "not written yet"
_KIT = str(Path(__file__).parents[1])


@dataclass(frozen=True)
class Failed:
    """Why there is nothing to draw, in words that fit into a panel."""

    words: str

    @property
    def unwritten(self) -> bool:
        """Whether the answer is still to come: nothing is wrong then."""
        return self.words == NOT_WRITTEN

    @property
    def line(self) -> str:
        """The words as one line, for where there is room."""
        return " ".join(self.words.split())

    @property
    def brief(self) -> str:
        """The words for a legend: one line, since a longer one would push the picture aside."""
        return textwrap.shorten(self.words, 48, placeholder=" …")


class _TooLong(BaseException):
    """Thrown into a function that takes too long: no Exception, lest an `except Exception` of the student's swallow it."""


def tried(run: Callable[..., Any], *, seconds: float | None = None, **setting: Any) -> Any | Failed:
    """Return run(**setting), whatever it is, or `Failed` where it raises or returns None, or a list of Nones.

    What takes longer than `seconds` is stopped before its next line of Python: one call of numpy's that takes long itself is
    waited for, and so is everything on a Python without threads, such as that of a browser.
    """
    try:
        with np.errstate(all="ignore"), _without_warnings(), _within(seconds):
            result = run(**setting)
    except _TooLong:
        return Failed(_words(f"took longer than {seconds:g} s and was stopped; does a loop never end?"))
    except (Exception, SystemExit) as error:
        return Failed(_words(_told(error)))
    if result is None or (isinstance(result, list) and result and all(value is None for value in result)):
        return Failed(NOT_WRITTEN)
    return result


def attempt(
    run: Callable[..., Any], *, shape: tuple[int | None, ...] | None = None, seconds: float | None = None, **setting: Any
) -> np.ndarray | Failed:
    """Return run(**setting) as a float array, or `Failed` where it raises or returns something else.

    `shape` is what is wanted, None for any length along an axis. Numbers that are not finite are kept: divergence is a result.
    What takes longer than `seconds` is stopped as in `tried`.
    """
    result = tried(run, seconds=seconds, **setting)
    if isinstance(result, Failed):
        return result
    try:
        if np.iscomplexobj(result):
            return Failed("returns complex numbers, not real ones")
        values = np.array(result, dtype=np.float64)
    except (TypeError, ValueError):
        return Failed(_words(f"returns {type(result).__name__}, not an array of numbers"))
    if shape is not None and (
        len(shape) != values.ndim or any(w not in (None, n) for w, n in zip(shape, values.shape, strict=True))
    ):
        wanted = ", ".join("n" if n is None else str(n) for n in shape)
        return Failed(_words(f"returns the shape {values.shape}, wanted ({wanted})"))
    if shape and not values.size:
        return Failed("returns an empty array")
    return values


def _told(error: BaseException) -> str:
    """Say what a function raised, and in which line of the student's own."""
    if isinstance(error, TypeError) and "NoneType" in str(error):
        # What a loop meets whose step is a stub still: Python's own words would say nothing of that.
        return "needs a function that returns None so far"
    hint = "; was its cell run?" if isinstance(error, NameError) else ""
    return f"{type(error).__name__}: {error}{hint}{_place(error)}"


def _place(error: BaseException) -> str:
    frames = [(frame.f_code, line) for frame, line in traceback.walk_tb(error.__traceback__)]
    own = [(code, line) for code, line in frames if not code.co_filename.startswith((_KIT, sys.prefix, sys.base_prefix))]
    # A figure's own lambda is none of the student's lines.
    if not own or own[-1][0].co_name == "<lambda>":
        return ""
    code, line = own[-1]
    return f" (line {line - code.co_firstlineno + 1} of {code.co_name})"


@contextlib.contextmanager
def _without_warnings() -> Iterator[None]:
    # Python keeps the filters of warnings for all threads together: another thread than the main one leaves them alone.
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextlib.contextmanager
def _within(seconds: float | None) -> Iterator[None]:
    """Raise _TooLong in the block when it takes longer, in whatever thread it runs.

    No alarm of the system: JupyterLab has widgets answered in a thread of the kernel, where no alarm rings.
    """
    if seconds is None:
        yield
        return
    thread, lock, finished, thrown = threading.get_ident(), threading.Lock(), threading.Event(), False

    def watch() -> None:
        nonlocal thrown
        if finished.wait(seconds):
            return
        with lock:
            if not finished.is_set():
                thrown = True
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(_TooLong))

    # Not threading.Thread: its start waits until the thread runs, which on a busy machine takes as long as a walk. A Python without
    # threads can't watch itself.
    with contextlib.suppress(RuntimeError):
        _thread.start_new_thread(watch, ())
    try:
        yield
    finally:
        with lock:
            finished.set()
        if thrown:
            # What was thrown in the last moment goes off in this loop, and not somewhere else. Taking it back instead would leave
            # CPython 3.11 looking for it before every call: half as fast, and without an end under a profiler.
            for _ in range(100):
                pass


def _words(text: str) -> str:
    return "\n".join(textwrap.wrap(text, 38)[:5])
