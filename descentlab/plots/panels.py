"""Walks of several methods, a panel of the landscape for each: which of them stay the same when something else is changed?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from descentlab import objectives
from descentlab.plots import style
from descentlab.plots.guard import Failed, attempt
from descentlab.plots.walks import _landscape, _walk, path_shape
from descentlab.recordings import Ghost

# The first line is the broadest, so that lines which coincide can all be seen.
_WIDTHS = (5.5, 2.8, 1.1)
# Two walks are one where no point of them is farther apart than this share of the map.
_SAME = 1e-6


@style.styled
def panels(
    objective: str,
    run: Callable[..., Any],
    methods: Sequence[str],
    settings: Mapping[str, tuple],
    *,
    ghosts: Mapping[str, Ghost] | None = None,
    title: str = "",
) -> Figure:
    """Draw a panel of the landscape for each method, in it run(method, *setting) for each of up to three named settings, and say in
    its heading which of these change the walk of the first.

    `run` returns all points, shape (n + 1,) or (n + 1, 2); where it raises or returns something else, its words stand in the panel.
    `ghosts` maps a method to a recorded run, drawn as a pale band. Raises ValueError for more settings than there are widths.
    """
    if len(settings) > len(_WIDTHS):
        raise ValueError(f"a panel tells {len(_WIDTHS)} lines apart, not {len(settings)}")
    chosen = objectives.get(objective)
    columns = min(len(methods), 2)
    figure, axes = style.new(columns, -(-len(methods) // columns))
    for ax, method in zip(axes, methods, strict=False):
        _landscape(ax, chosen)
        if ghosts and method in ghosts:
            _walk(ax, chosen, ghosts[method].path, **(style.GHOST | {"linewidth": 9.0}), label="reference")
        walks = {}
        for index, (label, setting) in enumerate(settings.items()):
            path = attempt(lambda method=method, setting=setting: run(method, *setting), shape=path_shape(chosen))
            walks[label] = path
            if not isinstance(path, Failed):
                look = {
                    "color": style.colour(index),
                    "linewidth": _WIDTHS[index],
                    "marker": "o",
                    "markersize": _WIDTHS[index] + 1.2,
                }
                _walk(ax, chosen, path, **look, zorder=3 + index, label=label)
        ax.set_title(f"{method}: {_compared(walks, chosen)}")
        failed = [walk for walk in walks.values() if isinstance(walk, Failed)]
        if failed and not failed[0].unwritten:
            style.say(ax, failed[0].words)
    for ax in axes[len(methods) :]:
        ax.set_axis_off()
    style.legend_below(figure, axes)
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize=12.5)
    return figure


def _compared(walks: dict[str, np.ndarray | Failed], objective: objectives.Objective) -> str:
    failed = [walk for walk in walks.values() if isinstance(walk, Failed)]
    if failed:
        return failed[0].words if failed[0].unwritten else "no walk"
    size = max(high - low for low, high in objective.box)
    first, *_ = walks.values()
    with np.errstate(invalid="ignore", over="ignore"):
        changed = [
            label
            for label, walk in walks.items()
            if walk is not first and not (walk.shape == first.shape and np.all(np.abs(walk - first) < _SAME * size))
        ]
    return f"changed by {', '.join(changed)}" if changed else "one and the same walk"
