"""Functions of two parameters as surfaces, and as seen from above: the student's level lines over the recorded reference's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from descentlab.plots import style
from descentlab.plots.guard import Failed, attempt
from descentlab.plots.picture import Picture

SECONDS = 2.0


@style.styled
def surfaces(
    functions: Mapping[str, Callable[[np.ndarray], Any]],
    box: tuple[tuple[float, float], tuple[float, float]],
    *,
    ghosts: Mapping[str, Any],
    levels: Sequence[float],
    title: str = "",
) -> Figure:
    """Draw each function of an array of shape (2,) as a surface over the box, and below it the level lines at `levels`.

    `functions` maps a heading to the student's function, `ghosts` the same heading to the reference's values on a grid over the
    box, shape (n, n), the first axis being θ[1]; its level lines lie under the student's as pale bands. A function that raises,
    or returns something else, shows its error in its panel, and the reference's level lines stay.
    """
    figure = plt.figure(figsize=(3.3 * len(functions), 6.2), FigureClass=Picture, layout="constrained")
    above, below = [], []
    for number, (heading, function) in enumerate(functions.items(), start=1):
        recorded = np.array(ghosts[heading])
        xs, ys = (np.linspace(low, high, n) for (low, high), n in zip(box, recorded.shape[::-1], strict=True))
        points = np.stack(np.meshgrid(xs, ys), axis=-1)
        heights = _heights(function, points)
        top = figure.add_subplot(2, len(functions), number, projection="3d")
        flat = figure.add_subplot(2, len(functions), len(functions) + number)
        above.append(top)
        below.append(flat)
        top.set_title(heading)
        flat.set_title(f"{heading}, from above")
        _surface(top, points, heights, recorded)
        _level_lines(flat, points, heights, recorded, sorted(levels))
    _legend(figure, below)
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize=12.5)
    return figure


def _heights(function: Callable, points: np.ndarray) -> np.ndarray | Failed:
    flat = points.reshape(-1, 2)
    heights = attempt(lambda: [function(point.copy()) for point in flat], shape=(len(flat),), seconds=SECONDS)
    return heights if isinstance(heights, Failed) else style.drawable(heights).reshape(points.shape[:2])


def _surface(ax: Axes, points: np.ndarray, heights: np.ndarray | Failed, recorded: np.ndarray) -> None:
    ax.view_init(elev=32, azim=-58)
    ax.set_box_aspect(None, zoom=0.82)  # or the label of the height would be cut
    if isinstance(heights, Failed):
        ax.set_axis_off()
        ax.text2D(0.5, 0.5, heights.words, transform=ax.transAxes, ha="center", va="center")
        return
    # The reference's colours and height, so that another surface looks like another one.
    low, high = float(recorded.min()), float(recorded.max())
    look = {"cmap": "cividis", "vmin": low, "vmax": high, "rcount": 24, "ccount": 24, "linewidth": 0.25, "edgecolor": "#ffffff"}
    ax.plot_surface(points[..., 0], points[..., 1], heights, **look)
    ax.set_zlim(low, high)
    ax.set_xlabel("θ[0]")
    ax.set_ylabel("θ[1]", labelpad=7)
    ax.set_zlabel("J(θ)")
    ax.locator_params(nbins=4)


def _level_lines(ax: Axes, points: np.ndarray, heights: np.ndarray | Failed, recorded: np.ndarray, levels: list[float]) -> None:
    ghost = {"colors": style.GHOST["color"], "linewidths": style.GHOST["linewidth"], "alpha": style.GHOST["alpha"]}
    ax.contour(points[..., 0], points[..., 1], recorded, levels=levels, linestyles="solid", zorder=1, **ghost)
    if not isinstance(heights, Failed) and np.isfinite(heights).any():
        drawn = ax.contour(points[..., 0], points[..., 1], heights, levels=levels, colors=style.colour(0), linewidths=1.3, zorder=3)
        ax.clabel(drawn, fontsize=8, fmt="%g")
    ax.set_aspect("equal")
    ax.grid(False)
    ax.set_xlabel("θ[0]")
    ax.set_ylabel("θ[1]")
    ax.locator_params(nbins=5)


def _legend(figure: Figure, axes: list[Axes]) -> None:
    axes[0].plot([], [], color=style.colour(0), linewidth=1.3, label="level lines of your function, dashed below zero")
    axes[0].plot([], [], **style.GHOST, label="reference")
    style.legend_below(figure, axes)
