"""Curves over the step or a rate: the student's as lines, the recorded reference as pale bands under them, theory dotted."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from descentlab.plots import style
from descentlab.plots.guard import Failed, attempt

Theory = Mapping[str, Callable[[np.ndarray], Any]]
Levels = Mapping[str, float | Callable[[], Any]]

_DOTS = (":", "--", "-.")


@style.styled
def curves(
    x: Sequence[float],
    lines: Mapping[str, Callable[[], Any]],
    *,
    ghosts: Mapping[str, Any] | None = None,
    theory: Theory | None = None,
    levels: Levels | None = None,
    xlabel: str,
    ylabel: str,
    title: str = "",
    logx: bool = False,
    logy: bool = False,
) -> Figure:
    """Draw each line over x: `lines` maps a label to a function without arguments that returns len(x) values.

    A function that raises or returns something else leaves its words in the legend. A line whose label is a method's name has the
    method's colour. `ghosts` maps a label to recorded values and is drawn in that line's colour, `theory` maps a label to a
    function of the array x and is drawn dotted, `levels` maps a label to a height, or to a function without arguments that
    returns it, and is drawn across. With logx and logy a power law, such as η/√t, is a straight line.
    """
    figure, (ax,) = style.new(width=7.2, height=3.8)
    palette = style.colours(lines)
    for label, line in lines.items():
        colour = palette[label]
        if ghosts and label in ghosts:
            ax.plot(x, ghosts[label], **(style.GHOST | {"color": colour}))
        values = attempt(line, shape=(len(x),))
        if isinstance(values, Failed):
            ax.plot([], [], color=colour, label=f"{label}: {values.brief}")
        else:
            if logy and not np.any(values > 0):
                values = np.full(len(x), np.nan)  # nothing of it has a place there
            ax.plot(x, style.drawable(values), linewidth=1.7, label=label, **style.marked(colour, len(x), logarithmic=logx))
    draw_theory(ax, np.array(x, dtype=np.float64), theory or {})
    draw_levels(ax, levels or {})
    if ghosts:
        ax.plot([], [], **style.GHOST, label="reference")
    if logx:
        ax.set_xscale("log")
    if logy:
        ax.set_yscale("log")
    _give_ends(ax, x, logx, logy)
    ax.set_xlabel(xlabel)
    ax.set_ylabel(ylabel)
    ax.set_title(title)
    style.legend_below(figure, [ax])
    return figure


def _give_ends(ax: Axes, x: Sequence[float], logx: bool, logy: bool) -> None:
    """Set the ends of logarithmic axes on which nothing is drawn yet: matplotlib would look for them in vain, and refuse."""
    (low, high), heights = ax.dataLim.intervalx, ax.dataLim.intervaly
    if logx and not low < high:
        ax.set_xlim(min(value for value in x if value > 0), max(x))
    if logy and not heights[0] < heights[1]:
        middle = heights[0] if np.isfinite(heights[0]) and heights[0] > 0 else 1.0
        ax.set_ylim(middle / 10, middle * 10)


def draw_theory(ax: Axes, x: np.ndarray, theory: Theory) -> None:
    """Draw what theory says over x: dotted, each line dotted in another way."""
    for (label, law), dots in zip(theory.items(), itertools.cycle(_DOTS), strict=False):
        values = attempt(lambda law=law: law(x), shape=x.shape)
        look = {"color": "#555555", "linewidth": 1.2, "linestyle": dots, "zorder": 4}
        if isinstance(values, Failed):
            ax.plot([], [], label=f"{label}: {values.brief}", **look)
        else:
            ax.plot(x, style.drawable(values), label=label, **look)


def draw_levels(ax: Axes, levels: Levels) -> None:
    """Draw heights across the panel, each with its label at the right end."""
    for label, given in levels.items():
        height = attempt(given if callable(given) else lambda given=given: given, shape=())
        look = {"color": "#777777", "linewidth": 0.9, "linestyle": ":"}
        if isinstance(height, Failed):
            ax.plot([], [], label=f"{label}: {height.brief}", **look)
        elif np.isfinite(height):
            ax.axhline(float(height), **look)
            place = {"xycoords": ("axes fraction", "data"), "ha": "right", "va": "bottom", "zorder": 5}
            # A rim of paper keeps the label readable where a curve runs along its height.
            paper = [withStroke(linewidth=3, foreground="white")]
            ax.annotate(label, (1.0, float(height)), fontsize=9, color="#444444", path_effects=paper, **place)
