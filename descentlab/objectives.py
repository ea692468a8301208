"""Functions to minimise, by name: value, gradient, Hessian, minimum, a box to draw, and a line of story each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Objective:
    """A function J to minimise.

    ``value(theta)`` is a float for one point and an array of the leading shape for points stacked along the first axes (the
    last axis is the coordinate; a 1-D objective takes plain numbers). ``gradient(theta)`` has the shape of theta. `box` holds
    (low, high) for each coordinate, `start` a good point to begin from, `minima` the global minimisers.
    """

    name: str
    value: Callable[[Any], Any]
    gradient: Callable[[Any], Any]
    start: Any
    box: tuple[tuple[float, float], ...]
    minima: tuple[Any, ...]
    story: str
    hessian: Callable[[Any], Any] | None = None
    parameters: dict[str, Any] = field(default_factory=dict)

    @property
    def dimension(self) -> int:
        """The number of coordinates; 1 means that theta is a plain number."""
        return len(self.box)


def quadratic(hessian: Any, minimum: Any = None) -> Objective:
    """J = ½(θ − m)ᵀH(θ − m) with a symmetric H of shape (d, d) and the minimum m of shape (d,), default zeros.

    Raises ValueError where H is not symmetric, since Hθ would not be its gradient, or m has another shape.
    """
    matrix = np.array(hessian, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not np.allclose(matrix, matrix.T):
        raise ValueError(f"a quadratic wants a symmetric matrix, not this one of shape {matrix.shape}")
    centre = np.zeros(len(matrix)) if minimum is None else np.array(minimum, dtype=np.float64)
    if centre.shape != (len(matrix),):
        raise ValueError(f"the minimum has the shape {centre.shape}, the matrix wants ({len(matrix)},)")
    reach = 3.0
    return Objective(
        name="quadratic",
        value=lambda theta: 0.5 * np.einsum("...i,ij,...j->...", theta - centre, matrix, theta - centre),
        gradient=lambda theta: matrix @ (np.asarray(theta) - centre),
        hessian=lambda theta: matrix.copy(),
        start=centre + 0.8 * reach,
        box=tuple((c - reach, c + reach) for c in centre),
        minima=(centre,),
        story="A bowl whose axes may be of very different steepness: the test track of every convergence theory.",
        parameters={"hessian": matrix, "minimum": centre},
    )


def _bowl() -> Objective:
    return _named(quadratic([[1.0, 0.0], [0.0, 2.0]]), "bowl", (-2.2, 1.8), "A round, convex bowl: every method gets down.")


def _ravine() -> Objective:
    return _named(
        quadratic([[1.0, 0.0], [0.0, 20.0]]), "ravine", (-2.6, 0.9),
        "A long ravine, twenty times steeper across than along: a rate that is safe across is slow along.",
        box=((-3.0, 1.0), (-1.2, 1.2)),
    )  # fmt: skip


def _named(objective: Objective, name: str, start: Any, story: str, box: Any = None) -> Objective:
    return Objective(
        name, objective.value, objective.gradient, np.array(start), box or objective.box, objective.minima, story, objective.hessian
    )  # fmt: skip


def _double_well() -> Objective:
    # J' = (θ² − 1)·θ + 1/5: a shallow minimum on the right, the deep one on the left, a hill between.
    def value(theta: Any) -> Any:
        return (theta**2 - 1.0) ** 2 / 4.0 + theta / 5.0

    return Objective(
        name="double_well",
        value=value,
        gradient=lambda theta: theta * (theta**2 - 1.0) + 0.2,
        hessian=lambda theta: 3.0 * theta**2 - 1.0,
        start=np.array(1.9),
        box=((-1.9, 2.1),),
        minima=(np.array(min(np.roots([1.0, 0.0, -1.0, 0.2]).real)),),
        story="Two valleys with a hill between them: the one on the right is shallow, the one on the left is the true minimum.",
    )


_TABLE: dict[str, Callable[..., Objective]] = {
    "quadratic": quadratic,
    "bowl": _bowl,
    "ravine": _ravine,
    "double_well": _double_well,
}


def names() -> list[str]:
    """Return the names that `get` knows."""
    return list(_TABLE)


def get(name: str, **parameters: Any) -> Objective:
    """Return the objective `name`; `parameters` are those of its family (only "quadratic" has any).

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
