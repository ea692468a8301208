"""Runs side by side, each the student's own: named losses and walks, the schedules they were made with, one run's coordinates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from descentlab import objectives
from descentlab.objectives import Objective
from descentlab.plots import style
from descentlab.plots.curves import Levels, Theory, draw_levels, draw_theory
from descentlab.plots.guard import Failed, attempt
from descentlab.plots.walks import _above, _height_axis, _landscape, path_shape, symbol
from descentlab.recordings import Ghost


@style.styled
def race(
    objective: str,
    run: Callable[[Any], Any],
    settings: Mapping[str, Any],
    *,
    ghosts: Mapping[str, Ghost] | None = None,
    theory: Theory | None = None,
    levels: Levels | None = None,
    title: str = "",
    walk: bool = True,
    logx: bool = False,
) -> Figure:
    """Draw J(θ_t) − J(θ*) against the step, a line for each named setting, and with `walk` the paths on the landscape beside it.
    Where J has no minimum, J(θ_t) itself is drawn. A setting whose label is a method's name has the method's colour.

    `run(setting)` returns all points, shape (n + 1,) or (n + 1, 2); where it raises or returns something else, its words stand
    in the legend. `ghosts` maps a label to a recorded run, drawn as a pale band in that line's colour. `theory` maps a label to a
    function of the array of the steps 1 … n, drawn dotted, `levels` a label to a height, such as the floor of the noise. With
    logx the steps are on a logarithmic axis, where 1/t is a straight line. `plots.race_animation` lets such paths run.
    """
    chosen = objectives.get(objective)
    figure, axes = style.new(2, width=4.4, height=3.7) if walk else style.new(width=7.2, height=3.8)
    if walk:
        _landscape(axes[0], chosen)
    loss = axes[-1]
    _height_axis(loss, chosen)
    palette, steps = style.colours(settings), 0
    for label, setting in settings.items():
        colour = palette[label]
        if ghosts and label in ghosts:
            _path(axes, chosen, ghosts[label].path, **(style.GHOST | {"color": colour}))
        points = attempt(lambda setting=setting: run(setting), shape=path_shape(chosen))
        if isinstance(points, Failed):
            _words(loss, label, points, colour)
        else:
            steps = max(steps, len(points) - 1)
            look = style.marked(colour, len(points), logarithmic=logx)
            _path(axes, chosen, points, linewidth=1.5, label=label, zorder=3, **look)
    draw_theory(loss, np.arange(1.0, steps + 1), theory or {})
    draw_levels(loss, levels or {})
    if logx:
        loss.set_xscale("log")
        loss.set_xlim(1, max(steps, 2))  # step 0 has no place on it
    loss.set_xlabel("step t")
    _legend(figure, loss, list((ghosts or {}).values()))
    figure.suptitle(title, x=0.01, ha="left", fontsize=12.5)
    return figure


@style.styled
def rates(
    schedules: Mapping[str, Callable[[int], Any] | None],
    n_steps: int,
    *,
    ghosts: Mapping[str, Ghost] | None = None,
    title: str = "",
) -> Figure:
    """Draw η_t for t = 1 … n_steps, a line for each named schedule, on a linear and on a logarithmic axis.

    A schedule that is None, or raises, leaves its words in the legend. `ghosts` maps a label to recorded rates.
    """
    figure, axes = style.new(2, width=4.4, height=3.4)
    steps = np.arange(1, n_steps + 1)
    palette = style.colours(schedules)
    for label, schedule in schedules.items():
        colour = palette[label]
        values = attempt(lambda schedule=schedule: _asked(schedule, steps), shape=(n_steps,))
        for ax in axes:
            if ghosts and label in ghosts:
                ax.plot(steps, ghosts[label].path[:n_steps], **(style.GHOST | {"color": colour}))
            if isinstance(values, Failed):
                _words(ax, label, values, colour)
            else:
                ax.plot(steps, values, linewidth=1.2, label=label, zorder=3, **style.marked(colour, n_steps))
    for ax in axes:
        ax.set_xlabel("step t")
    axes[0].set_ylabel("η$_t$")
    axes[0].set_ylim(0, None)
    axes[1].set_yscale("log")
    axes[1].set_ylabel("η$_t$, logarithmic")
    _legend(figure, axes[0], list((ghosts or {}).values()))
    figure.suptitle(title, x=0.01, ha="left", fontsize=12.5)
    return figure


@style.styled
def coordinates(
    objective: str, run: Callable[[], Any], labels: Sequence[str], *, ghost: Ghost | None = None, title: str = ""
) -> Figure:
    """Draw how far each coordinate of one run is from the minimum, or where there is none from the saddle, against the step, on a
    logarithmic axis.

    `run()` returns all points, shape (n + 1, 2); `labels` names the coordinates; `ghost` is the same run as recorded.
    """
    chosen = objectives.get(objective)
    figure, (ax,) = style.new(width=7.2, height=3.8)
    place = (*chosen.minima, *chosen.saddles)[0]
    points = attempt(run, shape=path_shape(chosen))
    for index, label in enumerate(labels):
        colour, middle = style.colour(index), place[index]
        if ghost:
            ax.semilogy(np.abs(ghost.path[:, index] - middle), **(style.GHOST | {"color": colour}))
        if isinstance(points, Failed):
            _words(ax, label, points, colour)
        else:
            away = style.drawable(np.abs(points[:, index] - middle))
            ax.semilogy(away, linewidth=1.5, label=label, **style.marked(colour, len(away)))
    ax.set_xlabel("step t")
    ax.set_ylabel(f"distance from the {'minimum' if chosen.minima else 'saddle'}")
    ax.set_title(title)
    _legend(figure, ax, [ghost] if ghost else [])
    return figure


def _asked(schedule: Callable[[int], Any] | None, steps: np.ndarray) -> list[Any] | None:
    return None if schedule is None else [schedule(int(t)) for t in steps]


def _path(axes: list[Axes], objective: Objective, points: np.ndarray, **look: Any) -> None:
    axes[-1].plot(_above(objective, points), **look)
    if len(axes) > 1 and objective.dimension > 1:
        axes[0].plot(points[:, 0], points[:, 1], **look)


def _words(ax: Axes, label: str, failed: Failed, colour: str) -> None:
    ax.plot([], [], color=colour, label=f"{label}: {failed.brief}")


def _legend(figure: Figure, ax: Axes, ghosts: list[Ghost]) -> None:
    if ghosts:
        # Off the grid the nearest recorded run stays, and the legend says at which setting it was made.
        elsewhere = [", ".join(f"{symbol(k)} = {v:g}" for k, v in ghost.setting.items()) for ghost in ghosts if not ghost.exact]
        ax.plot([], [], **style.GHOST, label=f"reference{f' at {elsewhere[0]}' if elsewhere else ''}")
    style.legend_below(figure, [ax])
