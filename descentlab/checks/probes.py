"""Probes: what is looked at where right answers are many. A probe calls the student's function and yields facts that all right
answers share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from descentlab.checks.inputs import GeneratorOf
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


def _rows(result: Any) -> list[np.ndarray] | None:
    """Return what should be a list of batches as arrays of numbers without gaps, None where it is something else."""
    # An empty array can have billions of rows: a list of them would fill the memory.
    rows = list(result) if isinstance(result, np.ndarray) and result.ndim == 2 and result.size else result
    if not isinstance(rows, list):
        return None
    numbers = [as_numbers(row) for row in rows]
    return None if any(row is None or row.ndim != 1 for row in numbers) else numbers


def _partition(call: Callable[..., Any], arguments: dict[str, Any]) -> Facts:
    """The numbers 0 … n − 1 dealt out in batches: how many batches and of which sizes, and whether each number is there once.

    Where it is not, a further fact tells what is there instead: known mistakes are to be told from others that break the same fact.
    n is to be large, so that what chance leaves out is about the share that is expected.
    """
    result, n = call(), arguments["n"]
    batches = _rows(result)
    yield "the number of batches", Odd(describe(result)) if batches is None else len(batches)
    if batches is None:
        return
    yield "the sizes of the batches, largest first", sorted((len(batch) for batch in batches), reverse=True)
    everything = np.concatenate([*batches, np.zeros(0)])
    inside = bool(np.isin(everything, np.arange(n)).all())
    yield "all indices are whole numbers from 0 to n − 1", inside
    if not inside:
        yield "they are the numbers from 1 to n", bool(np.array_equal(np.sort(everything), np.arange(1, n + 1)))
        return
    yield "no index is there twice in one batch", all(len(set(batch.tolist())) == len(batch) for batch in batches)
    once = bool(np.array_equal(np.sort(everything), np.arange(n)))
    yield "every index is there exactly once", once
    if not once:
        # Drawn with replacement, about 0.37 of the indices are missing; a few batches drawn one by one miss 0.25 at least.
        missing = 1 - len(np.unique(everything)) / n
        yield "as many indices are missing as chance leaves out", bool(0.15 < missing < 0.49)


def _epochs(call: Callable[..., Any], arguments: dict[str, Any]) -> Facts:
    """Where the chance in dealt-out batches comes from: from the generator `rng` alone, and anew at every call.

    n is to be large: that two shuffled orders are the same by chance must be out of the question.
    """

    def order(**changes: Any) -> list[float] | None:
        batches = _rows(call(**changes))
        return None if batches is None else np.concatenate([*batches, np.zeros(0)]).tolist()

    first, second = order(), order()
    yield "the indices come in the order of their numbers", first == sorted(first or [])
    neighbours = [np.all(np.diff(batch) == 1) for batch in _rows(call()) or []]
    yield "each batch holds neighbours alone", bool(np.all(neighbours))
    together = np.mean(np.abs(np.diff(first or [0.0, 2.0])) == 1)
    yield "most neighbours stay together", bool(together > 0.5)
    yield "a second epoch from the same generator has the same order", first == second
    one, again, other = (order(rng=GeneratorOf(seed)) for seed in (11, 11, 12))
    yield "generators of the same seed give the same order", one == again
    yield "generators of different seeds give the same order", one == other


# By name: what stands in a recording. `call(**changes)` calls the student's function with the scenario's arguments, some of them
# changed, and returns a plain value.
PROBES: dict[str, Callable[[Callable[..., Any], dict[str, Any]], Facts]] = {
    "subspace": _subspace,
    "partition": _partition,
    "epochs": _epochs,
}
