"""Walks over a landscape: one panel for each setting, and the loss against the step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from descentlab import objectives, recordings
from descentlab.objectives import Objective
from descentlab.plots import style
from descentlab.plots.guard import Failed, attempt

Run = Callable[..., Any]

_STAR = {"marker": "*", "color": "#000000", "markersize": 10, "linestyle": "none", "zorder": 4, "label": "minimum"}


@style.styled
def walks(
    objective: str, run: Run, *, ghost: str | None = None, method: str | None = None, title: str = "", **values: Sequence[float]
) -> Figure:
    """Draw run(name=value) on the landscape, a panel for each value of the one keyword, and say how each walk ended.

    `run` returns all points, shape (n + 1,) or (n + 1, 2); `ghost` names the recorded reference ("section/run"), `method` the
    method that walks, which gives the walk its colour. A run that raises or returns something else shows its error in its panel.
    """
    chosen = objectives.get(objective)
    name, settings = _one(values)
    colour = style.method_colour(method) if method else style.colour(0)
    columns = min(len(settings), 2)
    figure, axes = style.new(columns, -(-len(settings) // columns))
    for ax, value in zip(axes, settings, strict=False):
        _landscape(ax, chosen)
        _ghost_walk(ax, chosen, ghost, {name: value})
        path = attempt(run, shape=path_shape(chosen), **{name: value})
        heading = f"{symbol(name)} = {value:g}"
        if isinstance(path, Failed):
            ax.set_title(f"{heading}: {path.words if path.unwritten else 'no walk'}")
            if not path.unwritten:
                style.say(ax, path.words)
        else:
            ax.set_title(f"{heading}: {outcome(chosen, path)}")
            _walk(ax, chosen, path, color=colour, marker="o", markersize=3.2, linewidth=1.4, zorder=3, label="yours")
    for ax in axes[len(settings) :]:
        ax.set_axis_off()
    style.legend_below(figure, axes)
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize=12.5)
    return figure


@style.styled
def losses(
    objective: str, run: Run, *, ghost: str | None = None, title: str = "", rate: Run | None = None, **values: Any
) -> Figure:
    """Draw J(θ_t) − J(θ*) against the step on a logarithmic axis, a line for each value of the one keyword.

    `rate(name=value)`, where given, returns the factor by which theory lets the error shrink in each step; it is drawn as a
    thin line from the same start.
    """
    chosen = objectives.get(objective)
    name, settings = _one(values)
    figure, (ax,) = style.new(width=7.2, height=3.8)
    _height_axis(ax, chosen)
    for index, value in enumerate(settings):
        label = f"{symbol(name)} = {value:g}"
        colour = style.colour(index)
        recorded = recordings.ghost(ghost, **{name: value}) if ghost else None
        if recorded and recorded.exact:
            ax.plot(_above(chosen, recorded.path), **(style.GHOST | {"color": colour}))
        path = attempt(run, shape=path_shape(chosen), **{name: value})
        if isinstance(path, Failed):
            ax.plot([], [], color=colour, label=f"{label}: {path.brief}")
            continue
        above = _above(chosen, path)
        ax.plot(above, linewidth=1.8, label=f"{label}: {outcome(chosen, path)}", **style.marked(colour, len(above)))
        factor = attempt(rate, shape=(), **{name: value}) if rate else Failed("")
        if not isinstance(factor, Failed) and above.size:
            steps = np.arange(len(above))
            with np.errstate(all="ignore"):
                theory = above[0] * np.abs(factor) ** (2.0 * steps)
            ax.plot(steps, style.drawable(theory), color=colour, linewidth=1.1, linestyle=":")
    if ghost:
        ax.plot([], [], **style.GHOST, label="reference")
    if rate:
        ax.plot([], [], color="#555555", linewidth=1.1, linestyle=":", label="theory")
    if chosen.minima:
        low, _ = ax.get_ylim()
        ax.set_ylim(max(low, 1e-14), None)
    ax.set_xlabel("step t")
    ax.set_title(title)
    ax.legend(loc="best")
    return figure


def outcome(objective: Objective, path: np.ndarray) -> str:
    """Say in a few words how a walk ended: diverged, reached the minimum, stuck somewhere else, or still on its way."""
    low, high = np.array(objective.box).T
    size, centre = high - low, (low + high) / 2
    points = path.reshape(len(path), -1)
    with np.errstate(all="ignore"):
        away = ~np.isfinite(points).all(axis=1) | (np.abs(points - centre) > 3 * size).any(axis=1)
        nearest = [np.linalg.norm(points - np.reshape(m, -1), axis=1) for m in objective.minima]
        near = np.min(nearest, axis=0, initial=np.inf) < 0.01 * size.max() if nearest else np.zeros(len(points), dtype=bool)
        heights = objective.value(path)
    if away.any():
        step = int(np.argmax(away))
        if np.isnan(points[step]).any():
            return f"not a number (NaN) from step {step} on"
        # Where there is no bottom, whoever goes downhill leaves the map: that is no failure.
        downhill = not objective.minima and heights[step] < heights[0]
        return f"{'goes downhill without end' if downhill else 'diverges'}, off the map at step {step}"
    if near[-1]:
        outside = np.flatnonzero(~near)
        return f"at the minimum from step {outside[-1] + 1 if outside.size else 0}"
    gradient = objective.gradient(path[-1])
    if np.linalg.norm(gradient) < 1e-3 * max(1.0, float(np.linalg.norm(objective.gradient(path[0])))):
        place = _critical(objective, path[-1], gradient, 0.01 * size.max())
        if place:
            return f"caught {place}"
    return (
        f"diverges, higher after {len(path) - 1} steps"
        if heights[-1] > heights[0]
        else f"still on its way after {len(path) - 1} steps"
    )


def _critical(objective: Objective, point: np.ndarray, gradient: np.ndarray, reach: float) -> str:
    """Say what kind of critical point lies within `reach`, "" where none does: in a flat valley a small gradient says little."""
    if objective.hessian is None:
        return "in a local minimum"
    hessian = np.atleast_2d(objective.hessian(point))
    if np.linalg.norm(np.linalg.lstsq(hessian, np.atleast_1d(gradient))[0]) > reach:
        return ""
    curvatures = np.linalg.eigvalsh(hessian)
    return "in a local minimum" if curvatures[0] > 0 else "on a hilltop" if curvatures[-1] < 0 else "at a saddle point"


def symbol(name: str) -> str:
    """Return the sign of a parameter as the formulas have it."""
    return {"lr": "η", "gamma": "γ", "beta1": "β₁", "beta2": "β₂", "eps": "ε", "n_steps": "steps"}.get(name, name)


def contour_levels(objective: Objective, heights: np.ndarray) -> np.ndarray:
    """Return the heights at which contours of a map with these heights are drawn."""
    if objective.levels:
        return np.array(objective.levels)
    lowest = objective.lowest if objective.minima else heights.min()
    # They grow like squares: on a quadratic the rings are then evenly spaced.
    return lowest + (heights.max() - lowest) * (np.arange(1, 13) / 13) ** 2


def made_with(recorded: recordings.Ghost) -> str:
    """Return the setting of a recorded run, in the signs of the formulas."""
    return ", ".join(f"{symbol(name)} = {value:g}" for name, value in recorded.setting.items())


def _one(values: dict[str, Sequence[float]]) -> tuple[str, list[float]]:
    if len(values) != 1:
        raise TypeError("give one parameter with its values, such as lr=[0.02, 0.05]")
    name, settings = next(iter(values.items()))
    return name, list(settings)


def path_shape(objective: Objective) -> tuple[int | None, ...]:
    """Return the shape of a walk over an objective, None for its length."""
    return (None,) if objective.dimension == 1 else (None, objective.dimension)


def _height_axis(ax: Axes, objective: Objective) -> None:
    """Make the vertical axis that of `_above`: logarithmic above the minimum, or where there is none that of J on the map."""
    if objective.minima:
        ax.set_yscale("log")
        ax.set_ylabel("J(θ$_t$) − J(θ*)")
        return
    ax.set_ylabel("J(θ$_t$)")
    heights = objective.value(np.stack(np.meshgrid(*(np.linspace(*side, 61) for side in objective.box)), axis=-1))
    ax.set_ylim(heights.min(), heights.max())


def _above(objective: Objective, path: np.ndarray) -> np.ndarray:
    """Return how far above its minimum J is along a path, or J itself where it has none."""
    with np.errstate(all="ignore"):
        heights = style.drawable(objective.value(path))
        return np.maximum(heights - objective.lowest, 1e-16) if objective.minima else heights


def _landscape(ax: Axes, objective: Objective) -> None:
    (low, high), *other = objective.box
    xs = np.linspace(low, high, 241)
    if not other:
        ax.plot(xs, objective.value(xs), color="#777777", linewidth=1.2)
        for point in objective.minima:
            ax.plot(point, objective.value(point), **_STAR)
        ax.set_xlabel("θ")
        ax.set_ylabel("J(θ)")
        ax.margins(x=0)
        return
    ys = np.linspace(*other[0], 241)
    heights = objective.value(np.stack(np.meshgrid(xs, ys), axis=-1))
    ax.contour(xs, ys, heights, levels=contour_levels(objective, heights), colors="#b8b8b8", linewidths=0.8, zorder=1)
    for point in objective.minima:
        ax.plot(*point, **_STAR)
    ax.set_xlabel("θ[0]")
    ax.set_ylabel("θ[1]")
    ax.grid(False)
    ax.set_xlim(low, high)
    ax.set_ylim(*other[0])


def _walk(ax: Axes, objective: Objective, path: np.ndarray, **look: Any) -> None:
    if objective.dimension > 1:
        ax.plot(path[:, 0], path[:, 1], **look)
        return
    ((low, high),) = objective.box
    inside = np.where((path >= low) & (path <= high), path, np.nan)
    ax.plot(inside, objective.value(inside), **look)


def _ghost_walk(ax: Axes, objective: Objective, ghost: str | None, setting: dict[str, float]) -> None:
    if not ghost:
        return
    recorded = recordings.ghost(ghost, **setting)
    words = "reference" if recorded.exact else f"reference at {made_with(recorded)}"
    look = style.GHOST | ({} if recorded.exact else {"alpha": 0.4})
    _walk(ax, objective, recorded.path, **look, label=words)
