"""A student's function, run so that whatever it does leaves a figure standing and says what was wrong."""

from __future__ import annotations

import contextlib
import signal
import textwrap
import threading
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

NOT_WRITTEN = "not written yet"


@dataclass(frozen=True)
class Failed:
    """Why there is nothing to draw, in words that fit into a panel."""

    words: str

    @property
    def unwritten(self) -> bool:
        """Whether the answer is still to come: nothing is wrong then."""
        return self.words == NOT_WRITTEN

    @property
    def brief(self) -> str:
        """The words for a legend: one line, since a longer one would push the picture aside."""
        return textwrap.shorten(self.words, 48, placeholder=" …")


def tried(run: Callable[..., Any], *, seconds: float | None = None, **setting: Any) -> Any | Failed:
    """Return run(**setting), whatever it is, or `Failed` where it raises or returns None, or a list of Nones.

    What takes longer than `seconds` is stopped, where the system has alarms.
    """
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings(), _within(seconds):
            warnings.simplefilter("ignore")
            result = run(**setting)
    except Exception as error:
        if isinstance(error, TypeError) and "NoneType" in str(error):
            # What a loop meets whose step is a stub still: Python's own words would say nothing of that.
            return Failed(_words("needs a function that returns None so far"))
        return Failed(_words(f"{type(error).__name__}: {error}"))
    if result is None or (isinstance(result, list) and result and all(value is None for value in result)):
        return Failed(NOT_WRITTEN)
    return result


def attempt(
    run: Callable[..., Any], *, shape: tuple[int | None, ...] | None = None, seconds: float | None = None, **setting: Any
) -> np.ndarray | Failed:
    """Return run(**setting) as a float array, or `Failed` where it raises or returns something else.

    `shape` is what is wanted, None for any length along an axis. Numbers that are not finite are kept: divergence is a result.
    What takes longer than `seconds` is stopped, where the system has alarms.
    """
    result = tried(run, seconds=seconds, **setting)
    if isinstance(result, Failed):
        return result
    try:
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


@contextlib.contextmanager
def _within(seconds: float | None) -> Iterator[None]:
    """Raise TimeoutError in the block when it takes longer; Windows and other threads have no alarm, and wait."""
    if seconds is None or not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: Any) -> None:
        raise TimeoutError(f"took longer than {seconds:g} s; does a loop never end?")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _words(text: str) -> str:
    return "\n".join(textwrap.wrap(text, 38)[:5])
