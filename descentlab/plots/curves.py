"""Curves over the step or a rate: the student's as lines, the recorded reference as pale bands under them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from descentlab.plots import style
from descentlab.plots.guard import Failed, attempt


@style.styled
def curves(
    x: Sequence[float],
    lines: Mapping[str, Callable[[], Any]],
    *,
    ghosts: Mapping[str, Any] | None = None,
    levels: Mapping[str, float] | None = None,
    xlabel: str,
    ylabel: str,
    title: str = "",
    logx: bool = False,
    logy: bool = False,
) -> Figure:
    """Draw each line over x: `lines` maps a label to a function without arguments that returns len(x) values.

    A function that raises or returns something else leaves its words in the legend. `ghosts` maps a label to recorded values
    and is drawn in that line's colour, `levels` maps a label to a height that is drawn across.
    """
    figure, (ax,) = style.new(width=7.2, height=3.8)
    for index, (label, line) in enumerate(lines.items()):
        colour = style.colour(index)
        if ghosts and label in ghosts:
            ax.plot(x, ghosts[label], **(style.GHOST | {"color": colour}))
        values = attempt(line, shape=(len(x),))
        if isinstance(values, Failed):
            ax.plot([], [], color=colour, label=f"{label}: {values.brief}")
        else:
            ax.plot(x, np.where(np.isfinite(values), values, np.nan), color=colour, linewidth=1.7, label=label)
    for label, height in (levels or {}).items():
        ax.axhline(height, color="#777777", linewidth=0.9, linestyle=":")
        ax.annotate(label, (1.0, height), xycoords=("axes fraction", "data"), ha="right", va="bottom", fontsize=9, color="#444444")
    if ghosts:
        ax.plot([], [], **style.GHOST, label="reference")
    if logx:
        ax.set_xscale("log")
    if logy:
        ax.set_yscale("log")
    ax.set_xlabel(xlabel)
    ax.set_ylabel(ylabel)
    ax.set_title(title)
    style.legend_below(figure, [ax])
    return figure
