"""The landscapes: bowls and ravines, curved valleys, several valleys, saddles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from descentlab.objectives.objective import Objective


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


def bowl() -> Objective:
    """A quadratic with the curvatures 1 and 2."""
    return _named(quadratic([[1.0, 0.0], [0.0, 2.0]]), "bowl", (-2.2, 1.8), "A round, convex bowl: every method gets down.")


def ravine() -> Objective:
    """A quadratic with the curvatures 1 and 20."""
    return _named(
        quadratic([[1.0, 0.0], [0.0, 20.0]]), "ravine", (-2.6, 0.9),
        "A long ravine, twenty times steeper across than along: a rate that is safe across is slow along.",
        box=((-3.0, 1.0), (-1.2, 1.2)),
    )  # fmt: skip


def _named(objective: Objective, name: str, start: Any, story: str, box: Any = None) -> Objective:
    return Objective(
        name, objective.value, objective.gradient, np.array(start), box or objective.box, objective.minima, story, objective.hessian
    )  # fmt: skip


def double_well() -> Objective:
    """J = (θ² − 1)²/4 + θ/5, of one parameter."""

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


def rosenbrock() -> Objective:
    """J = (1 − x)² + 100(y − x²)² with x, y = θ (H. Rosenbrock, 1960)."""

    def hessian(x: float, y: float) -> list[list[float]]:
        return [[2.0 - 400.0 * (y - 3.0 * x**2), -400.0 * x], [-400.0 * x, 200.0]]

    return _of_two(
        name="rosenbrock",
        value=lambda x, y: (1.0 - x) ** 2 + 100.0 * (y - x**2) ** 2,
        gradient=lambda x, y: (-2.0 * (1.0 - x) - 400.0 * x * (y - x**2), 200.0 * (y - x**2)),
        hessian=hessian,
        start=(-1.2, 1.0),
        box=((-2.0, 2.0), (-1.0, 3.0)),
        minima=((1.0, 1.0),),
        levels=(0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 200.0, 400.0, 700.0, 1100.0, 1700.0),
        story="A narrow, bent valley with a nearly flat floor: it is easily found, and hardly followed to its end.",
    )


def beale() -> Objective:
    """J = (1.5 − x + xy)² + (2.25 − x + xy²)² + (2.625 − x + xy³)² with x, y = θ (E. Beale, 1958)."""
    sides = ((1.5, 1), (2.25, 2), (2.625, 3))

    def value(x: Any, y: Any) -> Any:
        return sum((c - x + x * y**k) ** 2 for c, k in sides)

    def gradient(x: float, y: float) -> tuple[float, float]:
        terms = [(c - x + x * y**k, y**k - 1.0, k * x * y ** (k - 1)) for c, k in sides]
        return sum(2.0 * r * r_x for r, r_x, _ in terms), sum(2.0 * r * r_y for r, _, r_y in terms)

    def hessian(x: float, y: float) -> list[list[float]]:
        xx = xy = yy = 0.0
        for c, k in sides:
            r, r_x, r_y = c - x + x * y**k, y**k - 1.0, k * x * y ** (k - 1)
            # The second derivatives of r itself; for k = 1 the last one is zero, whatever y is.
            r_xy, r_yy = k * y ** (k - 1), (k * (k - 1) * x * y ** (k - 2) if k > 1 else 0.0)
            xx, xy, yy = xx + 2.0 * r_x**2, xy + 2.0 * (r_x * r_y + r * r_xy), yy + 2.0 * (r_y**2 + r * r_yy)
        return [[xx, xy], [xy, yy]]

    return _of_two(
        name="beale",
        value=value,
        gradient=gradient,
        hessian=hessian,
        start=(1.0, 1.5),
        box=((-0.5, 4.5), (-1.0, 2.0)),
        minima=((3.0, 0.5),),
        levels=(0.1, 0.4, 1.0, 2.5, 6.0, 14.0, 30.0, 70.0, 160.0, 400.0, 900.0),
        story="A wide plain between steep walls: gradients are enormous in the corners and next to nothing in the middle.",
    )


def himmelblau() -> Objective:
    """J = (x² + y − 11)² + (x + y² − 7)² with x, y = θ (D. Himmelblau, 1972)."""

    def hessian(x: float, y: float) -> list[list[float]]:
        return [[12.0 * x**2 + 4.0 * y - 42.0, 4.0 * (x + y)], [4.0 * (x + y), 12.0 * y**2 + 4.0 * x - 26.0]]

    return _of_two(
        name="himmelblau",
        value=lambda x, y: (x**2 + y - 11.0) ** 2 + (x + y**2 - 7.0) ** 2,
        gradient=lambda x, y: (
            4.0 * x * (x**2 + y - 11.0) + 2.0 * (x + y**2 - 7.0),
            2.0 * (x**2 + y - 11.0) + 4.0 * y * (x + y**2 - 7.0),
        ),
        hessian=hessian,
        start=(-0.2, -1.0),
        box=((-5.0, 5.0), (-5.0, 5.0)),
        # Three of the four are roots of a polynomial without a closed form.
        minima=(
            (3.0, 2.0),
            (-2.805118086952745, 3.131312518250573),
            (-3.779310253377747, -3.283185991286170),
            (3.584428340330492, -1.848126526964404),
        ),
        levels=(3.0, 10.0, 22.0, 40.0, 65.0, 95.0, 130.0, 170.0, 240.0, 350.0, 500.0),
        story="Four valleys of the same depth around a hill: where a walk ends is decided by where it starts.",
    )


def saddle() -> Objective:
    """J = (x² − y²)/2 with x, y = θ: a valley along one axis, a ridge along the other."""
    return _of_two(
        name="saddle",
        value=lambda x, y: (x**2 - y**2) / 2.0,
        gradient=lambda x, y: (x, -y),
        hessian=lambda x, y: [[1.0, 0.0], [0.0, -1.0]],
        start=(-1.7, 0.01),
        box=((-2.0, 2.0), (-1.5, 1.5)),
        minima=(),
        saddles=((0.0, 0.0),),
        levels=(-1.0, -0.7, -0.45, -0.25, -0.1, 0.0, 0.1, 0.25, 0.45, 0.7, 1.0, 1.4, 1.85),
        story="A saddle: the gradient leads towards a point where it vanishes, and the way down is off to the side.",
    )


def monkey_saddle() -> Objective:
    """J = x³ − 3xy² with x, y = θ: three ways down, two for the legs and one for the tail."""
    return _of_two(
        name="monkey_saddle",
        value=lambda x, y: x**3 - 3.0 * x * y**2,
        gradient=lambda x, y: (3.0 * (x**2 - y**2), -6.0 * x * y),
        hessian=lambda x, y: [[6.0 * x, -6.0 * y], [-6.0 * y, -6.0 * x]],
        start=(1.2, 0.02),
        box=((-1.5, 1.5), (-1.2, 1.2)),
        minima=(),
        saddles=((0.0, 0.0),),
        levels=(-4.5, -2.7, -1.5, -0.7, -0.25, -0.05, 0.05, 0.25, 0.7, 1.5, 2.7, 4.5),
        story="A saddle for a monkey, with three ways down: at its middle the curvature vanishes too, and all methods slow down.",
    )


def _of_two(
    *, value: Callable, gradient: Callable, hessian: Callable, start: Any, minima: tuple, saddles: tuple = (), **others: Any
) -> Objective:
    """Return an objective from functions of the two coordinates x and y apart, as the formulas have them."""
    return Objective(
        value=lambda theta: value(np.asarray(theta)[..., 0], np.asarray(theta)[..., 1]),
        gradient=lambda theta: np.array(gradient(*np.asarray(theta, dtype=np.float64))),
        hessian=lambda theta: np.array(hessian(*np.asarray(theta, dtype=np.float64))),
        start=np.array(start),
        minima=tuple(np.array(point) for point in minima),
        saddles=tuple(np.array(point) for point in saddles),
        **others,
    )
