"""Probes: what is looked at where right answers are many. A probe calls the student's function and yields facts that all right
answers share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from descentlab.checks.values import Odd, as_numbers, describe

Facts = Iterator[tuple[str, Any]]


def _subspace(call: Callable[..., Any], arguments: dict[str, Any]) -> Facts:
    """Orthonormal columns: their shape, their products with one another, and the projection onto what they span."""
    result = call()
    columns = as_numbers(result)
    yield "the number of axes of the result", Odd(describe(result)) if columns is None else columns.ndim
    if columns is not None:
        yield "the shape of the result", list(columns.shape)
    if columns is not None and columns.ndim == 2:
        yield "the products of the columns with one another", columns.T @ columns
        yield "the projection onto their span", columns @ columns.T


# By name: what stands in a recording. `call(**changes)` calls the student's function with the scenario's arguments, some of them
# changed, and returns a plain value.
PROBES: dict[str, Callable[[Callable[..., Any], dict[str, Any]], Facts]] = {"subspace": _subspace}
