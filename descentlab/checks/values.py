"""What functions return: made plain, compared in structure, shape and number, and kept as JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

RTOL = 1e-9
# Rounding in one entry may be as large as the largest entry of the same output allows: cancellation is no mistake.
ATOL_SHARE = 1e-12
# No honest result is nested deeper; one that holds itself would never end.
DEEPEST = 20
# A larger integer is no float either.
INT_BITS = 1024


@dataclass(frozen=True)
class Raised:
    """An exception of the student's code: its class names in MRO order, its message, the student's own line."""

    kinds: tuple[str, ...]
    message: str = ""
    line: str = ""

    @property
    def kind(self) -> str:
        return self.kinds[0] if self.kinds else "Exception"


@dataclass(frozen=True)
class Odd:
    """A value that has no place in a comparison, in words: "text", "a complex array"."""

    what: str


@dataclass(frozen=True)
class Outcome:
    """One call of a student's function: what came back, or was raised, and what the call did to its arguments."""

    value: Any = None
    error: Raised | None = None
    changed: tuple[str, ...] = ()
    shared: tuple[tuple[str, str], ...] = ()
    printed: str = ""


@dataclass(frozen=True)
class Difference:
    """The first place where two values part: `where` as an index path, and a sentence that shows both sides."""

    sentence: str
    where: tuple = field(default=())


def plain(value: Any, depth: int = 0) -> Any:
    """Return `value` as None, bool, int, float, str, list, dict, numeric array, callable or `Odd`; tuples become lists.

    `depth` is how many lists and dicts are around it: what is nested deeper than DEEPEST is `Odd`.
    """
    if depth > DEEPEST:
        return Odd("a value that is nested too deeply")
    if value is None or value is Ellipsis:
        return None
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value) if int(value).bit_length() <= INT_BITS else Odd("a very large integer")
    if isinstance(value, (float, np.floating)):
        return float(value)
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")  # half a character cannot be written anywhere
    if isinstance(value, (Raised, Odd)):
        return value
    if isinstance(value, np.ndarray):
        # Beyond int64 an unsigned number would come out negative.
        if value.dtype.kind == "f" or (value.dtype.kind == "u" and value.size and int(value.max()) >= 2**63):
            with np.errstate(over="ignore"):  # a long double may be too large, and a warning on stderr costs points
                return np.array(value, dtype=np.float64)
        if value.dtype.kind in "iu":
            return np.array(value, dtype=np.int64)
        return np.array(value) if value.dtype.kind == "b" else Odd(f"an array of {value.dtype.name} values")
    if isinstance(value, (list, tuple)):
        return [plain(item, depth + 1) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item, depth + 1) for key, item in value.items()}
    if callable(value):
        return value
    # What the sandbox did not hand over comes as the name of its type.
    name = getattr(value, "type_name", type(value).__name__)
    if name == "int":
        return Odd("a very large integer")
    return Odd(f"an {name} values" if name.startswith("array of ") else f"a value of type {name}")


def as_numbers(value: Any) -> np.ndarray | None:
    """Return a plain value as a float64 array of its own shape, or None where it is not made of real numbers alone."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, (int, float)):
        try:
            return np.asarray(float(value))
        except OverflowError:
            return None
    if isinstance(value, np.ndarray):
        return None if value.dtype.kind == "b" else value.astype(np.float64)
    if isinstance(value, list):
        if value and all(type(item) is float for item in value):  # the same, without an array for each number
            return np.array(value, dtype=np.float64)
        rows = [as_numbers(item) for item in value]
        if any(row is None for row in rows) or len({row.shape for row in rows}) > 1:
            return None
        return np.array(rows, dtype=np.float64)
    return None


def describe(value: Any) -> str:
    """Say in a few words what a plain value is."""
    if value is None:
        return "None"
    if isinstance(value, Raised):
        return f"an exception ({value.kind})"
    if isinstance(value, Odd):
        return value.what
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, (int, float)):
        return f"the number {value:.6g}" if isinstance(value, float) or abs(value) < 10**15 else "a very large integer"
    if isinstance(value, str):
        return f"the text {value[:40]!r}"
    if isinstance(value, np.ndarray):
        return f"an array of {'truth values, ' if value.dtype.kind == 'b' else ''}shape {value.shape}"
    if isinstance(value, list):
        return f"a sequence of {len(value)} values"
    if isinstance(value, dict):
        return f"a dict of {len(value)} entries"
    return "a function" if callable(value) else f"a value of type {type(value).__name__}"


def numbers_apart(mine: float, theirs: float) -> tuple[str, str]:
    """Write two different numbers with as many digits as it takes to see the difference."""
    for digits in (5, 8, 12, 17):
        left, right = f"{mine:.{digits}g}", f"{theirs:.{digits}g}"
        if left != right:
            break
    return left, right


def largest(value: Any) -> float:
    """Return the largest magnitude among the finite numbers of a plain value, 0 where there are none."""
    numbers = as_numbers(value)
    if numbers is not None:
        finite = np.abs(numbers[np.isfinite(numbers)])
        return float(finite.max()) if finite.size else 0.0
    if isinstance(value, list):
        return max((largest(item) for item in value), default=0.0)
    if isinstance(value, dict):
        return max((largest(item) for item in value.values()), default=0.0)
    return 0.0


def difference(got: Any, expected: Any, *, rtol: float = RTOL, scale: float | None = None, atol: float = 0.0) -> Difference | None:
    """Return the first difference of two plain values, or None where `got` equals `expected`.

    Structure and shape must be equal, numbers finite and within ``rtol * |expected| + ATOL_SHARE * scale + atol``. `scale` is
    the largest magnitude of this output over the whole run; by default that of `expected`. A list is as good as an array of
    the same shape, a numpy scalar as good as a float.
    """
    if isinstance(expected, Raised):
        if isinstance(got, Raised):
            if expected.kind in got.kinds:
                return None
            return Difference(f"raises {got.kind}{_at(got)}, a {expected.kind} is wanted here")
        return Difference(f"returns {describe(got)}, but a {expected.kind} is wanted here")
    if isinstance(got, Raised):
        return Difference(f"raises {got.kind}{_at(got)}")
    if isinstance(expected, (bool, str)) or expected is None:
        same = type(got) is type(expected) and got == expected
        return None if same else Difference(f"yours is {describe(got)}, expected {describe(expected)}")
    if isinstance(expected, dict):
        return _dict_difference(got, expected, rtol, atol)
    wanted = as_numbers(expected)
    if wanted is not None:
        room = ATOL_SHARE * (largest(expected) if scale is None else scale) + atol
        return _number_difference(got, wanted, rtol, room)
    if isinstance(expected, list):
        return _sequence_difference(got, expected, rtol, atol)
    if isinstance(expected, np.ndarray):
        same = isinstance(got, np.ndarray) and got.dtype == expected.dtype and np.array_equal(got, expected)
    else:
        same = type(got) is type(expected) and got == expected
    return None if same else Difference(f"yours is {describe(got)}, expected {describe(expected)}")


def _at(raised: Raised) -> str:
    return f" at {raised.line}" if raised.line else ""


def _dict_difference(got: Any, expected: dict, rtol: float, atol: float) -> Difference | None:
    if not isinstance(got, dict) or set(got) != set(expected):
        return Difference(f"yours is {describe(got)}, expected a dict with the keys {', '.join(sorted(expected))}")
    # By name, since a recording sorts them: the same words at home and in the judge.
    for key, value in sorted(expected.items()):
        found = difference(got[key], value, rtol=rtol, atol=atol)
        if found:
            return Difference(found.sentence, (key, *found.where))
    return None


def _sequence_difference(got: Any, expected: list, rtol: float, atol: float) -> Difference | None:
    if not (isinstance(got, list) or (isinstance(got, np.ndarray) and got.ndim)) or len(got) != len(expected):
        return Difference(f"yours is {describe(got)}, expected a sequence of {len(expected)} values")
    for index, value in enumerate(expected):
        found = difference(plain(got[index]), value, rtol=rtol, atol=atol)
        if found:
            return Difference(found.sentence, (index, *found.where))
    return None


def _number_difference(got: Any, wanted: np.ndarray, rtol: float, room: float) -> Difference | None:
    numbers = as_numbers(got)
    if numbers is None:
        shape = f"an array of shape {wanted.shape}" if wanted.ndim else "a number"
        return Difference(f"yours is {describe(got)}, expected {shape}")
    if numbers.shape != wanted.shape:
        return Difference(f"yours has the shape {numbers.shape}, expected {wanted.shape or 'a number'}")
    with np.errstate(invalid="ignore", over="ignore"):
        near = np.abs(numbers - wanted) <= rtol * np.abs(wanted) + room
    # A reference is finite. A known mistake may divide by zero, and whoever makes it gets the same NaN or infinity.
    same = (numbers == wanted) | (np.isnan(numbers) & np.isnan(wanted))
    wrong = ~np.where(np.isfinite(wanted), near, same)
    if not wrong.any():
        return None
    where = tuple(int(i) for i in np.argwhere(wrong)[0])
    mine, theirs = numbers_apart(float(numbers[where]), float(wanted[where]))
    return Difference(f"yours {mine}, expected {theirs}", where)


def to_json(value: Any) -> Any:
    """Return a plain value as JSON data that `from_json` turns back into an equal value."""
    if isinstance(value, np.ndarray):
        return {"array": value.tolist(), "dtype": value.dtype.name, "shape": list(value.shape)}
    if isinstance(value, (list, tuple)):
        return [to_json(item) for item in value]
    if isinstance(value, dict):
        return {"dict": {key: to_json(item) for key, item in value.items()}}
    if isinstance(value, Raised):
        return {"raised": value.kind}
    if isinstance(value, Odd):
        return {"odd": value.what}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"{describe(value)} cannot be recorded")


def from_json(data: Any) -> Any:
    """Undo `to_json`."""
    if isinstance(data, list):
        return [from_json(item) for item in data]
    if isinstance(data, dict):
        if "array" in data:
            return np.array(data["array"], dtype=data["dtype"]).reshape(data["shape"])
        if "raised" in data:
            return Raised((data["raised"],))
        if "odd" in data:
            return Odd(data["odd"])
        return {key: from_json(item) for key, item in data["dict"].items()}
    return data
