"""Whether a committed file is what the build makes: notebooks to the byte, recordings by content."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# Recordings are compared by content: another machine's linear algebra may round the last digits elsewhere, and near zero as
# far as the largest number of the same array allows.
RTOL, ATOL_SHARE = 1e-9, 1e-12


def as_built(path: Path, text: str) -> bool:
    """Whether the file at `path` is `text`, or JSON of the same content."""
    if not path.is_file():
        return False
    try:
        there = path.read_text(encoding="utf-8")
        if there == text:
            return True
        return path.suffix == ".json" and same_content(json.loads(there), json.loads(text))
    except ValueError:  # no text, or no JSON: somebody else's
        return False


def same_content(one: Any, two: Any, scale: float | None = None) -> bool:
    """Whether two recordings are equal but for rounding; `scale` is the largest number of the list that both are part of."""
    if isinstance(one, dict) and isinstance(two, dict):
        return list(one) == list(two) and all(same_content(one[key], two[key]) for key in one)
    if isinstance(one, list) and isinstance(two, list):
        scale = max(map(abs, _floats(two)), default=0.0) if scale is None else scale
        return len(one) == len(two) and all(same_content(a, b, scale) for a, b in zip(one, two, strict=True))
    if isinstance(one, float) and isinstance(two, float):
        return math.isclose(one, two, rel_tol=RTOL, abs_tol=ATOL_SHARE * (scale or 0.0)) or (math.isnan(one) and math.isnan(two))
    return type(one) is type(two) and one == two


def _floats(data: list) -> Iterator[float]:
    """Yield the finite numbers of a nested list; a dict in it is a thing of its own."""
    for item in data:
        if isinstance(item, list):
            yield from _floats(item)
        elif isinstance(item, float) and math.isfinite(item):
            yield item
