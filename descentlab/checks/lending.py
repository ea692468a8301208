"""Reference functions on loan: a check lends them to an answer that builds on earlier ones, and it may call them with anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import zip_longest
from math import prod
from typing import Any

import numpy as np

from descentlab.checks.inputs import MOST_CALLS
from descentlab.checks.values import as_numbers, plain

# What checks hand over is far smaller. A reference runs in the judge's own process, without its limits: a power of two huge
# whole numbers, or an array of a billion weights, would hold or fill the machine of the whole class.
MOST_NUMBERS = 1000
LARGEST_WHOLE = 10_000
MOST_WORK = 1_000_000


def lent(functions: Mapping[str, Callable]) -> dict[str, Callable]:
    """Return the functions as they may be handed to a student's code, which then can call them with small numbers alone."""
    return {name: _Lent(name, function) for name, function in functions.items()}


class _Lent:
    """One function on loan. ValueError and TypeError say in words for the student what it does not take."""

    def __init__(self, name: str, function: Callable):
        self.__name__ = name
        self._function = function
        self._calls = 0

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self._calls += 1
        if self._calls > MOST_CALLS:
            raise ValueError(f"{self.__name__} was called more than {MOST_CALLS} times")
        args = tuple(self._taken(value) for value in args)
        kwargs = {key: self._taken(value) for key, value in kwargs.items()}
        # The largest array that could come of these: shapes broadcast, and a whole number counts entries.
        given = [*args, *kwargs.values()]
        given += [item for value in given if isinstance(value, dict) for item in value.values()]
        shapes = [value.shape[::-1] for value in given if isinstance(value, np.ndarray)]
        counts = [max(abs(value), 1) for value in given if isinstance(value, int)]
        if prod(counts) * prod(max(sides) for sides in zip_longest(*shapes, fillvalue=1)) > MOST_WORK:
            raise ValueError(f"{self.__name__} would have to make an array of more than {MOST_WORK} numbers")
        with np.errstate(all="ignore"):
            return self._function(*args, **kwargs)

    def _taken(self, value: Any) -> Any:
        """Return an argument as the function gets it: a number, an array of numbers, a dict of such by name, or a
        function that returns such."""
        if value is None or isinstance(value, float):
            return value
        if isinstance(value, int):
            if abs(value) > LARGEST_WHOLE:
                raise ValueError(f"{self.__name__} takes whole numbers up to {LARGEST_WHOLE}")
            return value
        if callable(value):
            return lambda *args, **kwargs: self._taken(value(*args, **kwargs))
        if isinstance(value, dict):
            return self._named(value)
        numbers = plain(value)
        if isinstance(numbers, list):
            numbers = as_numbers(numbers)
        if isinstance(numbers, np.ndarray):
            if numbers.size > MOST_NUMBERS:
                raise ValueError(f"{self.__name__} takes arrays of up to {MOST_NUMBERS} numbers")
            return numbers
        if isinstance(numbers, (int, float)):  # a number of numpy's
            return value
        raise TypeError(f"{self.__name__} takes numbers and arrays of numbers")

    def _named(self, values: dict) -> dict[str, Any]:
        if len(values) > MOST_NUMBERS or any(not isinstance(key, str) or isinstance(item, dict) for key, item in values.items()):
            raise TypeError(f"{self.__name__} takes dicts of numbers and arrays, by names")
        return {key: self._taken(item) for key, item in values.items()}
