"""Functions to minimise, by name: value, gradient, Hessian, minimum, a box to draw, and a line of story each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from descentlab.objectives import landscapes, sums
from descentlab.objectives.landscapes import quadratic
from descentlab.objectives.objective import Objective, Sum

__all__ = ["Objective", "Sum", "get", "names", "noisy", "quadratic"]

_TABLE: dict[str, Callable[..., Objective]] = {
    "quadratic": quadratic,
    "bowl": landscapes.bowl,
    "ravine": landscapes.ravine,
    "double_well": landscapes.double_well,
    "rosenbrock": landscapes.rosenbrock,
    "beale": landscapes.beale,
    "himmelblau": landscapes.himmelblau,
    "saddle": landscapes.saddle,
    "monkey_saddle": landscapes.monkey_saddle,
    "parabolas": sums.parabolas,
    "logistic": sums.logistic,
}


def names() -> list[str]:
    """Return the names that `get` knows."""
    return list(_TABLE)


def get(name: str, **parameters: Any) -> Objective:
    """Return the objective `name`; `parameters` are those of its family, as "quadratic", "parabolas" and "logistic" have them.

    Raises KeyError with the names that exist where there is no such objective.
    """
    if name not in _TABLE:
        raise KeyError(f"there is no objective {name!r}; there are {', '.join(_TABLE)}")
    return _TABLE[name](**parameters)


def noisy(objective: Objective, scale: float, seed: int = 0) -> Callable[[Any], Any]:
    """Return the gradient of `objective` with normal noise of standard deviation `scale` in each coordinate: a stand-in for the
    gradient of a mini-batch.

    The noise is drawn anew in every call, and comes from `seed` alone: two such functions made alike answer alike, call by call.
    """
    rng = np.random.default_rng(seed)
    return lambda theta: objective.gradient(theta) + rng.normal(scale=scale, size=np.shape(objective.start))
