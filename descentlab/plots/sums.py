"""Training on a sum over examples: the noisy loss for several batch sizes, and the region in which the examples disagree."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from descentlab import objectives
from descentlab.plots import style
from descentlab.plots.guard import Failed, attempt
from descentlab.plots.walks import path_shape
from descentlab.recordings import Ghost


@style.styled
def epochs(
    objective: str,
    run: Callable[[int], Any],
    batch_sizes: Sequence[int],
    *,
    ghosts: Mapping[int, Ghost] | None = None,
    title: str = "",
) -> Figure:
    """Draw J(θ) − J(θ*) of a sum over examples against the epochs, on a logarithmic axis: a line for each batch size.

    `run(batch_size)` returns all points, one for each step; where it raises or returns something else, its words stand in the
    legend. `ghosts` maps a batch size to a recorded run. An epoch is as many steps as it takes to see every example once.
    """
    chosen = objectives.get(objective)
    figure, (ax,) = style.new(width=7.6, height=4.0)
    for index, size in enumerate(batch_sizes):
        colour, label = style.colour(index), f"{size} example{'s' * (size > 1)} a step"
        steps = -(-chosen.n_examples // size)
        if ghosts and size in ghosts:
            _loss(ax, chosen, ghosts[size].path, steps, **(style.GHOST | {"color": colour, "zorder": 1.5}))
        points = attempt(lambda size=size: run(size), shape=path_shape(chosen))
        if isinstance(points, Failed):
            ax.plot([], [], color=colour, label=f"{label}: {points.brief}")
        else:
            # What is noisiest lies lowest, so that every line can be seen.
            _loss(ax, chosen, points, steps, color=colour, linewidth=0.8 + 0.25 * index, zorder=2 + index, label=label)
    if ghosts:
        ax.plot([], [], **style.GHOST, label="reference")
    ax.set_yscale("log")
    ax.set_xlabel("epochs, passes over the data")
    ax.set_ylabel("J(θ) − J(θ*)")
    ax.set_title(title)
    style.legend_below(figure, [ax])
    return figure


@style.styled
def uncertainty(
    objective: str,
    run: Callable[[int], Any],
    batch_sizes: Sequence[int],
    *,
    ghosts: Mapping[int, Ghost] | None = None,
    title: str = "",
) -> Figure:
    """Draw a sum of parabolas with the region of uncertainty between their minima, and beside it the way of θ, a line for each
    batch size.

    `run(batch_size)` returns all points, one for each step, as for `epochs`. Arrows show where the steps of single examples lead.
    """
    chosen = objectives.get(objective)
    low, high = chosen.region_of_uncertainty
    figure, (line, way) = style.new(2, width=4.6, height=4.0)
    _parabolas(line, chosen, low, high)
    way.axhspan(low, high, color="#f0e6c8", zorder=0, label="region of uncertainty")
    way.axhline(float(chosen.minima[0]), color="#222222", linewidth=0.9, linestyle=":", label="common minimum")
    for index, size in enumerate(batch_sizes):
        colour, label = style.colour(index), f"{size} example{'s' * (size > 1)} a step"
        steps = -(-chosen.n_examples // size)
        if ghosts and size in ghosts:
            path = ghosts[size].path
            way.plot(np.arange(len(path)) / steps, path, **(style.GHOST | {"color": colour}))
        points = attempt(lambda size=size: run(size), shape=(None,))
        if isinstance(points, Failed):
            way.plot([], [], color=colour, label=f"{label}: {points.brief}")
            continue
        at = np.arange(len(points)) / steps
        way.plot(at, style.drawable(points), color=colour, linewidth=1.3, marker="o", markersize=2.4, zorder=3, label=label)
    if ghosts:
        way.plot([], [], **style.GHOST, label="reference")
    way.set_ylim(low - 1.0, float(np.max(chosen.start)) + 0.4)
    way.set_xlabel("epochs, passes over the data")
    way.set_ylabel("θ")
    way.set_title("The way of θ")
    style.legend_below(figure, [line, way])
    figure.suptitle(title, x=0.01, ha="left", fontsize=12.5)
    return figure


def _parabolas(ax: Axes, objective: Any, low: float, high: float) -> None:
    """Draw the terms of a sum, their mean, their minima, and the signs of their slopes."""
    (left, right), *_ = objective.box
    x, n = np.linspace(left, right, 201), objective.n_examples
    ax.axvspan(low, high, color="#f0e6c8", zorder=0)
    for i in range(n):
        ax.plot(x, objective.example_value(x, i), color="#9a9a9a", linewidth=0.8, label="one example, J$_i$" if i == 0 else None)
    ax.plot(x, objective.value(x) / n, color=style.colour(6), linewidth=2.0, label="the mean of all, J/N")
    ax.plot(objective.minimizers, np.zeros(n), linestyle="none", marker="|", markersize=11, color="#555555")
    ax.set_ylim(-1.2, 9.0)
    # Under the line: an arrow for each example, to the side on which its minimum lies.
    for place in np.linspace(left + 0.4, right - 0.4, 9):
        pull = np.sign(objective.minimizers - place)
        for side in (-1, 1):
            share = np.mean(pull == side)
            if share:
                ax.annotate(
                    "", (place + side * 0.38 * share, -0.75), (place, -0.75),
                    arrowprops={"arrowstyle": "->", "color": style.colour(1), "linewidth": 1.4, "shrinkA": 0, "shrinkB": 0},
                )  # fmt: skip
    ax.set_xlabel("θ")
    ax.set_ylabel("loss")
    ax.set_title("Arrows: how many steps go which way")


def _loss(ax: Axes, objective: Any, points: np.ndarray, steps: int, **look: Any) -> None:
    with np.errstate(all="ignore"):
        above = np.maximum(objective.value(points) - float(objective.value(objective.minima[0])), 1e-12)
    ax.plot(np.arange(len(above)) / steps, style.drawable(above), **look)
