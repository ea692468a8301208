"""One step taken apart as vectors: the jump by the old velocity, the correction by the gradient, and the step they make."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch

from descentlab import objectives
from descentlab.objectives import Objective
from descentlab.plots import style
from descentlab.plots.guard import Failed, tried
from descentlab.plots.walks import made_with
from descentlab.recordings import Ghost
from descentlab.runs import TakenStep, take_apart


@dataclass(frozen=True)
class Vector:
    """A vector of a step: between which of its corners it lies, how it is drawn, and its name in words."""

    tail: int
    tip: int
    colour: str
    dash: tuple[float, float] | None
    label: str


# The slide's four, in its colours: Okabe and Ito's red, green and blue, and a brown that stands out from white and from black. Jump
# and correction are laid head to tail, the step closes the triangle, and momentum is dashed: no one needs the colours alone.
VECTORS = {
    "momentum": Vector(0, 3, "#0072B2", (4.0, 2.0), "momentum: gradient at θ"),
    "step": Vector(0, 2, "#009E73", None, "step: accumulated gradient"),
    "jump": Vector(0, 1, "#8C5A2B", None, "jump: old velocity alone"),
    "correction": Vector(1, 2, "#D55E00", None, "correction by the gradient"),
}

# The lower left and the upper right corner of what is seen.
Window = tuple[np.ndarray, np.ndarray]

# A student's step is a line or two. What takes longer than this is stopped.
SECONDS = 2.0


@style.styled
def step_view(
    step: Callable,
    objective: str,
    *,
    steps: Sequence[int] = (1, 2, 3),
    start: Any = None,
    ghost: Ghost | None = None,
    title: str = "",
    **settings: Any,
) -> Figure:
    """Draw some steps of a student's step function on an objective of two parameters, each taken apart in a panel of its own.

    `step` is called as in `run_steps`, with `settings`, from step 1 on; the steps in `steps` are drawn. The jump is what the
    function does where every gradient is zero, the correction what its gradient adds, and a ring stands wherever it asked for
    one. `ghost` holds the corners of the reference's steps, as recorded. A function that raises, or returns something else,
    shows its error in the figure.
    """
    chosen = plane(objective)
    taken = apart(step, chosen, max(steps), start, settings)
    figure, axes = style.new(len(steps), width=9.6 / max(len(steps), 2), height=4.0)
    axes[0].set_ylabel("θ[1]")
    windows = [
        _panel(ax, chosen, taken if isinstance(taken, Failed) else taken[t - 1], recorded(ghost, t), t)
        for ax, t in zip(axes, steps, strict=True)
    ]
    if isinstance(taken, Failed) and not taken.unwritten:
        style.say(axes[len(axes) // 2], taken.words)
    _legend(figure, axes, ghost)
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize=12.5)
    _show(figure, axes, windows)
    return figure


def plane(objective: str) -> Objective:
    """Return a named objective of two parameters; ValueError where it has not two."""
    chosen = objectives.get(objective)
    if chosen.dimension != 2:
        raise ValueError(f"vectors are drawn in a plane: {objective} has {chosen.dimension} parameter(s), not 2")
    return chosen


def apart(step: Callable, objective: Objective, n_steps: int, start: Any, settings: dict[str, Any]) -> list[TakenStep] | Failed:
    """Return the student's first n_steps steps taken apart, or why there are none."""
    return tried(lambda: take_apart(step, objective, n_steps, start=start, **settings), seconds=SECONDS)


def recorded(ghost: Ghost | None, t: int) -> np.ndarray | None:
    """Return the corners of the reference's step t, None where it was not recorded."""
    return ghost.path[t - 1] if ghost and 1 <= t <= len(ghost.path) else None


def on_the_map(objective: Objective, taken: TakenStep) -> bool:
    """Whether a step can be drawn: all its points are finite and within a few boxes of the objective's own."""
    low, high = np.array(objective.box).T
    points = np.concatenate([taken.corners, taken.asked])
    with np.errstate(over="ignore"):
        return bool(np.isfinite(points).all() and (np.abs(points - (low + high) / 2) < 5 * (high - low)).all())


def window(objective: Objective, points: np.ndarray, ratio: float = 1.0) -> Window:
    """Return the corners of the smallest window, with some room, that holds all points; `ratio` is its width over its height."""
    low, high = points.min(axis=0), points.max(axis=0)
    half = max((high[0] - low[0]) / ratio, high[1] - low[1], 1e-6 * float(np.ptp(objective.box))) * 0.62
    half_sizes = np.array([half * ratio, half])
    return (low + high) / 2 - half_sizes, (low + high) / 2 + half_sizes


def shown_vectors(corners: np.ndarray, size: float) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return tail and tip of each vector that can be seen in a window of this size; momentum's where it is not the step itself."""
    found = {name: (corners[vector.tail], corners[vector.tip]) for name, vector in VECTORS.items()}
    if np.array_equal(corners[2], corners[3]):
        del found["momentum"]
    return {name: ends for name, ends in found.items() if np.linalg.norm(ends[1] - ends[0]) > 0.004 * size}


def where_asked(taken: TakenStep) -> str:
    """Say how often a step asked for the gradient, and where it was once."""
    n = len(taken.asked)
    if n != 1:
        return f"{n} times" if n else "nowhere"
    near = 1e-9 * max(float(np.abs(taken.corners).max()), 1e-300)
    for place, point in (("at θ", taken.before), ("at the tip of the jump", taken.coasted)):
        if np.abs(taken.asked[0] - point).max() <= near:
            return place
    return "at another place"


def _panel(ax: Axes, objective: Objective, taken: TakenStep | Failed, ghost: np.ndarray | None, t: int) -> Window:
    """Draw a step, and return the window that should be seen of it."""
    heading = f"step {t}"
    points = [] if ghost is None else [ghost]
    drawn = not isinstance(taken, Failed) and on_the_map(objective, taken)
    if isinstance(taken, Failed):
        heading += f": {taken.words}" if taken.unwritten else ""
    elif drawn:
        points += [taken.corners, taken.asked]
        heading += "" if len(taken.asked) == 1 else f": gradient asked {where_asked(taken)}"
    else:
        style.say(ax, "off the map")
    low, high = window(objective, np.concatenate(points)) if points else np.array(objective.box).T
    _contours(ax, objective, low, high)
    size = float(high[1] - low[1])
    if ghost is not None:
        for tail, tip in shown_vectors(ghost, size).values():
            ax.plot(*np.transpose([tail, tip]), **style.GHOST)
    if drawn:
        for name, (tail, tip) in shown_vectors(taken.corners, size).items():
            _arrow(ax, name, tail, tip)
        ax.plot(*taken.before, marker="o", color="#000000", markersize=5, linestyle="none", zorder=5)
        ax.plot(
            *taken.asked.T, marker="o", markerfacecolor="none", markeredgecolor="#000000", markersize=11, linestyle="none", zorder=6
        )
    ax.set_title(heading)
    ax.set_xlabel("θ[0]")
    return low, high


def _show(figure: Figure, axes: Sequence[Axes], windows: Sequence[Window]) -> None:
    """Show these windows, each widened to the shape of its panel, so that a unit is as long across as it is up.

    The panels' shapes are known when the figure is laid out, and the numbers on the axes change them a little: hence twice.
    (A layout with panels of a fixed shape leaves no room for their labels.)
    """
    for _ in range(2):
        figure.draw_without_rendering()
        for ax, (low, high) in zip(axes, windows, strict=True):
            ratio = ax.bbox.width / ax.bbox.height
            half = (high - low) / 2 * [max(ratio, 1.0), max(1.0 / ratio, 1.0)]
            (left, bottom), (right, top) = (low + high) / 2 - half, (low + high) / 2 + half
            ax.set_xlim(left, right)
            ax.set_ylim(bottom, top)


def _contours(ax: Axes, objective: Objective, low: np.ndarray, high: np.ndarray) -> None:
    # Beyond the window too: see `_show`.
    room = 0.5 * (high - low)
    xs, ys = (np.linspace(low[i] - room[i], high[i] + room[i], 161) for i in (0, 1))
    heights = objective.value(np.stack(np.meshgrid(xs, ys), axis=-1))
    # Evenly spaced heights in this window: near together where the ground is steep. The gradient stands across the lines.
    ax.contour(xs, ys, heights, levels=18, colors="#cfcfcf", linewidths=0.8, zorder=1)
    ax.grid(False)
    ax.locator_params(nbins=4)


def _line(vector: Vector) -> dict[str, Any]:
    return {"color": vector.colour, "linewidth": 2.2, "linestyle": (0, vector.dash) if vector.dash else "-"}


def _arrow(ax: Axes, name: str, tail: np.ndarray, tip: np.ndarray) -> None:
    # A label with an underscore stands in no legend: there each name is written out, once for all panels.
    look = {"arrowstyle": "-|>", "mutation_scale": 14, "shrinkA": 0, "shrinkB": 0, "zorder": 3, "label": f"_{name}"}
    ax.add_patch(FancyArrowPatch(tail, tip, **look, **_line(VECTORS[name])))


def _legend(figure: Figure, axes: Sequence[Axes], ghost: Ghost | None) -> None:
    ax = axes[0]
    seen = {patch.get_label() for panel in axes for patch in panel.patches}
    for name in ("jump", "correction", "step", "momentum"):
        if f"_{name}" in seen:
            ax.plot([], [], **_line(VECTORS[name]), label=VECTORS[name].label)
    if seen:
        ax.plot([], [], marker="o", color="#000000", markersize=5, linestyle="none", label="θ before the step")
        ax.plot(
            [], [], marker="o", markerfacecolor="none", markeredgecolor="#000000", markersize=10, linestyle="none",
            label="gradient asked here",
        )  # fmt: skip
    if ghost:
        ax.plot([], [], **style.GHOST, label="reference" if ghost.exact else f"reference at {made_with(ghost)}")
    style.legend_below(figure, axes)
