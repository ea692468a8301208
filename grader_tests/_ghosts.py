"""Runs of the reference that figures show as a ghost: recorded at a section's default and on a coarse grid."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from descentlab.checks.values import to_json
from descentlab.runs import take_apart


@dataclass(frozen=True)
class Ghost:
    """`run(**setting)` returns an array; `grid` has at most two parameters, `default` is one of its points."""

    run: Callable[..., Any]
    grid: dict[str, list[float]]
    default: dict[str, float]

    def record(self) -> dict:
        """Return {"default": setting, "runs": [{"setting": …, "path": …}]} as JSON data."""
        if len(self.grid) > 2:
            raise ValueError("a ghost's grid has at most two parameters")
        settings = [dict(zip(self.grid, point, strict=True)) for point in itertools.product(*self.grid.values())]
        if self.default not in settings:
            raise ValueError(f"the default {self.default} is no point of the grid")
        return {
            "default": self.default,
            "runs": [{"setting": setting, "path": to_json(np.asarray(self.run(**setting)))} for setting in settings],
        }


def corners(step: Callable, objective: str, n_steps: int, **settings: float) -> np.ndarray:
    """Return the corners of a step function's first n_steps steps, the ghost of a step view; shape (n_steps, 4) + theta's."""
    return np.array([taken.corners for taken in take_apart(step, objective, n_steps, **settings)])
