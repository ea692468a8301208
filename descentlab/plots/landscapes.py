"""Loss landscapes: critical points as maps, surfaces over a plane of weights, and what was measured on the recorded ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import colors
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from descentlab import landscapes
from descentlab.landscapes import Landscape
from descentlab.plots import style
from descentlab.plots.guard import Failed, attempt, tried

# Dark is low. It runs evenly in brightness, and so says the same to colour-blind readers and on paper.
_MAP = "viridis"
# Losses of trained networks and those far away from them differ by a factor of a thousand: evenly spaced in the logarithm.
_LEVELS = np.geomspace(0.01, 10.0, 25)
# What `attempt` says of a matrix without columns, which is right where there is no way out.
_NONE = "returns an empty array"
_TICKS = (0.01, 0.1, 1.0, 10.0)


@style.styled
def critical_points(
    hessians: Mapping[str, Any], classify: Callable[[Any], Any], escape: Callable[[Any], Any], *, title: str = ""
) -> Figure:
    """Draw ½ xᵀHx round its critical point, a panel for each named 2 × 2 Hessian: what `classify(hessian=H)` calls it stands above,
    and the columns of `escape(H)` are drawn as arrows to both sides."""
    figure, axes = style.new(len(hessians), width=9.2 / len(hessians), height=3.1)
    xs = np.linspace(-1.2, 1.2, 41)
    plane = np.stack(np.meshgrid(xs, xs), axis=-1)
    for ax, (name, hessian) in zip(axes, hessians.items(), strict=True):
        matrix = np.array(hessian, dtype=np.float64)
        heights = 0.5 * np.einsum("...i,ij,...j->...", plane, matrix, plane)
        ax.contourf(xs, xs, heights, levels=np.linspace(-3.5, 4.5, 33), cmap=_MAP)
        ax.plot(0, 0, marker="o", color="white", markeredgecolor="black", markersize=6)
        ax.set(xticks=[], yticks=[], aspect="equal", xlabel=name)
        ax.set_title(_word(classify, matrix))
        columns = attempt(lambda matrix=matrix: escape(matrix), shape=(2, None))
        if not isinstance(columns, Failed):
            for column in columns.T:
                for side in (column, -column):
                    ax.annotate("", side, (0, 0), arrowprops={"arrowstyle": "-|>", "color": "white", "linewidth": 2})
        elif not columns.unwritten and columns.words != _NONE:
            style.say(ax, columns.words)
    figure.suptitle(title, x=0.01, ha="left", fontsize=12.5)
    return figure


@style.styled
def loss_surfaces(
    runs: Mapping[str, Callable[[], Any]],
    axis: Sequence[float],
    *,
    recorded: Mapping[str, Landscape] | None = None,
    xlabel: str = "β",
    ylabel: str = "α",
    title: str = "",
) -> Figure:
    """Draw a map for each named surface: runs[name]() returns the loss at each α (rows) and β (columns) of `axis`.

    Above stands how sharp it is and at which share of the points it curves downwards; `recorded` are the same surfaces from the
    record, drawn as white lines.
    """
    figure, axes = style.new(len(runs), height=3.9)
    axis = np.asarray(axis, dtype=np.float64)
    filled = None
    for ax, (name, run) in zip(axes, runs.items(), strict=True):
        surface = attempt(run, shape=(len(axis), len(axis)))
        ax.set(aspect="equal", xlabel=xlabel, ylabel=ylabel, xlim=(axis[0], axis[-1]), ylim=(axis[0], axis[-1]))
        ax.grid(False)
        if isinstance(surface, Failed):
            ax.set_title(f"{name}: {surface.words if surface.unwritten else 'no surface'}")
            if not surface.unwritten:
                style.say(ax, surface.words)
        else:
            filled = _filled(ax, axis, surface)
            ax.set_title(f"{name}\n{_measured(surface, axis)}")
        if recorded and name in recorded:
            there = recorded[name]
            dark = isinstance(surface, Failed)
            ax.contour(
                there.axis, there.axis, there.surface, levels=_LEVELS[::4], colors="#888888" if dark else "white", linewidths=0.9
            )
    if filled:
        _scale(figure, filled, axes)
    if recorded:
        axes[0].plot([], [], color="#bbbbbb", linewidth=1.2, label="thin lines: the record")
        style.legend_below(figure, axes)
    figure.suptitle(title, x=0.01, ha="left", fontsize=12.5)
    return figure


@style.styled
def recorded_landscapes(seed: int = 0, *, title: str = "") -> Figure:
    """Draw the recorded surfaces of the networks of one seed: with skip connections above, without below, deeper to the right."""
    depths = sorted({one.layers for one in landscapes.load()})
    figure, axes = style.new(len(depths), 2, width=3.2, height=3.3)
    shown = [one for skip in (True, False) for n in depths for one in landscapes.chosen(n, skip=skip) if one.seed == seed]
    filled = None
    for ax, one in zip(axes, shown, strict=True):
        filled = _filled(ax, one.axis, one.surface)
        kind = "with" if one.skip else "without"
        ax.set_title(f"{one.layers} layers, {kind}\ntest error {one.test_error:.1%}, {one.pits} pits")
        ax.set(aspect="equal", xticks=[-1, 0, 1], yticks=[-1, 0, 1])
        ax.grid(False)
    _scale(figure, filled, axes)
    figure.get_layout_engine().set(hspace=0.06)
    figure.suptitle(title, x=0.01, ha="left", fontsize=12.5)
    return figure


# What is drawn of each network: its name, what it is called, how the axis is numbered.
_MEASURES = (
    ("test_error", "test error", "{x:.0%}"),
    ("pits", "pits on the map", "{x:g}"),
    ("nonconvex", "curved downwards", "{x:.0%}"),
    ("sharpness", "sharpness", "{x:g}"),
)


@style.styled
def measures(*, title: str = "") -> Figure:
    """Draw what was measured on the recorded networks: a point for each network, a line through the means over the seeds."""
    depths = sorted({one.layers for one in landscapes.load()})
    figure, axes = style.new(2, 2, height=2.8)
    for ax, (name, words, numbers) in zip(axes, _MEASURES, strict=True):
        for index, (skip, label) in enumerate(((True, "with skip connections"), (False, "without"))):
            colour = style.colour(index)
            look = {"color": colour, "marker": style.mark(colour)}
            values = [[getattr(one, name) for one in landscapes.chosen(n, skip=skip)] for n in depths]
            # A little aside, so that the points of both kinds are seen where they are alike.
            places = np.array(depths) * (0.95, 1.05)[index]
            for place, column in zip(places, values, strict=True):
                ax.plot([place] * len(column), column, linestyle="none", alpha=0.45, markersize=4, **look)
            ax.plot(places, [np.mean(column) for column in values], linewidth=1.8, markersize=7, label=label, **look)
        ax.set_xscale("log")
        ax.set_xticks(depths, [str(n) for n in depths])
        ax.minorticks_off()
        ax.set(xlabel="layers", title=words, ylim=(min(0, ax.get_ylim()[0]), None))
        ax.yaxis.set_major_formatter(numbers)
    style.legend_below(figure, axes[:1])
    figure.suptitle(title, x=0.01, ha="left", fontsize=12.5)
    return figure


@style.styled
def ways_out(losses: Sequence[float], share: Callable[[], Any], *, ghost: Any = None, title: str = "") -> Figure:
    """Draw the share of the directions that lead downwards against the loss, during a training run that begins on the left.

    `share()` returns it for each of the `losses`; `ghost` is the same as recorded.
    """
    figure, (ax,) = style.new(width=7.2, height=3.8)
    if ghost is not None:
        ax.plot(losses, ghost, **style.GHOST, label="reference")
    values = attempt(share, shape=(len(losses),))
    if isinstance(values, Failed):
        ax.plot([], [], color=style.colour(0), label=f"yours: {values.brief}")
    else:
        ax.plot(losses, values, color=style.colour(0), marker="o", markersize=4, linewidth=1.4, label="yours", zorder=3)
    ax.set_xscale("log")
    ax.invert_xaxis()
    ax.set_ylim(0, None)
    ax.yaxis.set_major_formatter("{x:.0%}")
    ax.set(xlabel="training loss J, falling to the right", ylabel="directions downwards", title=title)
    style.legend_below(figure, [ax])
    return figure


def _word(classify: Callable[[Any], Any], matrix: np.ndarray) -> str:
    """Return what a student's function calls a critical point, whatever it returns or raises."""
    word = tried(classify, seconds=2.0, hessian=matrix.copy())
    if isinstance(word, Failed):
        return word.brief
    return word[:30] if isinstance(word, str) else f"returns {type(word).__name__}, not a word"


def _filled(ax: Axes, axis: np.ndarray, surface: np.ndarray) -> Any:
    heights = np.clip(np.where(np.isfinite(surface), surface, _LEVELS[-1]), _LEVELS[0], _LEVELS[-1])
    norm = colors.LogNorm(_LEVELS[0], _LEVELS[-1])
    filled = ax.contourf(axis, axis, heights, levels=_LEVELS, cmap=_MAP, norm=norm)
    ax.plot(0, 0, marker="+", color="white", markersize=9, markeredgewidth=1.6)
    return filled


def _scale(figure: Figure, filled: Any, axes: Sequence[Axes]) -> None:
    bar = figure.colorbar(filled, ax=list(axes), ticks=_TICKS, shrink=0.8, pad=0.02)
    bar.ax.set_yticklabels([f"{tick:g}" for tick in _TICKS])
    bar.ax.minorticks_off()
    bar.set_label("training loss")


def _measured(surface: np.ndarray, axis: np.ndarray) -> str:
    if not np.all(np.isfinite(surface)):
        return "not all numbers are finite"
    sharp, share = landscapes.sharpness(surface, axis), landscapes.nonconvex_share(surface, axis)
    return f"sharpness {sharp:.2f}, {share:.0%} curved downwards"
