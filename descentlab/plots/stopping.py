"""When a run should stop: the criteria as lights that go on under its losses, and early stopping on a curve that overfits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from descentlab.curvefit import CurveFit
from descentlab.plots import style
from descentlab.plots.guard import Failed, attempt
from descentlab.recordings import Ghost

State = dict[str, Any]

_TRAINING, _VALIDATION = style.colour(0), style.colour(1)
# The lights' colours: none is that of the training loss, and the validation's is that of its curve.
LAMPS = (style.PALETTE[-1], *style.PALETTE[1:-1])
_POINTS = {"linestyle": "none", "marker": "o", "markersize": 4.5}


@style.styled
def lights(
    states: Sequence[State],
    criteria: Mapping[str, Callable[[State], Any]],
    *,
    ghost: Ghost | None = None,
    stop: int | None = None,
    title: str = "",
) -> Figure:
    """Draw the losses of a run, and under them a row for each criterion that is lit at the steps at which it holds.

    `states` is what is known at each step, from 0 on; each criterion takes one of them and returns a bool. One that raises or
    returns something else has its words in its row. `ghost` is recorded, a row of 0 and 1 for each criterion; `stop` marks a step.
    """
    figure, (losses, rows) = style.new(1, 2, width=8.0, height=2.8)
    steps = np.arange(len(states))
    losses.plot(steps, [state["J"] for state in states], color=_TRAINING, label="training loss J")
    validation = states[-1]["validation"]
    if validation:
        losses.plot(steps, validation, color=_VALIDATION, label="validation loss")
        best = int(np.argmin(validation))
        losses.plot(best, validation[best], marker="*", markersize=11, linestyle="none", color=_VALIDATION, label="lowest")
    losses.set_ylabel("loss")
    _plain_ticks(losses)
    names = list(criteria)
    for row, criterion in enumerate(criteria.values()):
        lit = attempt(lambda criterion=criterion: [_flag(criterion(state)) for state in states], shape=(len(states),))
        if ghost:
            _lamp(rows, row, ghost.path[row] > 0, **(style.GHOST | {"linewidth": 13.0, "solid_capstyle": "butt"}))
        rows.plot(steps[[0, -1]], [row, row], color="#bbbbbb", linewidth=1.0, zorder=1)
        if isinstance(lit, Failed):
            rows.text(len(states) * 0.02, row, lit.brief, va="center", fontsize=9.5, zorder=5, **_PLATE)
        else:
            _lamp(rows, row, lit > 0, color=LAMPS[row % len(LAMPS)], linewidth=6.0, zorder=3, solid_capstyle="butt")
            _first(rows, row, lit > 0)
    rows.set_yticks(range(len(names)), names)
    rows.set_ylim(len(names) - 0.4, -0.6)
    rows.grid(axis="y", visible=False)
    rows.set_xlabel("step t")
    for ax in (losses, rows):
        ax.set_xlim(-2, len(states) * 1.02)
        if stop is not None:
            ax.axvline(stop, color="#222222", linewidth=1.2, linestyle="--", label="the run stops")
    if ghost:
        rows.plot([], [], **style.GHOST, label="reference")
    losses.set_title(title)
    style.legend_below(figure, [losses, rows])
    return figure


@style.styled
def early_stopping(
    fit: CurveFit,
    run: Callable[[Callable, dict], Any],
    limits: Mapping[str, dict],
    *,
    ghost: Ghost | None = None,
    title: str = "",
) -> Figure:
    """Draw how a model overfits: both losses of its longest run, and the curve that each of the runs returned.

    `run(J, limits)` is the student's run with this loss and these limits; it returns (theta, reason, n_steps). `limits` maps a
    label to the limits of one run. `ghost` holds the recorded losses of the longest, shape (2, n + 1).
    """
    figure, (losses, curves) = style.new(2, width=4.7, height=3.9)
    if ghost:
        for height, colour in zip(ghost.path, (_TRAINING, _VALIDATION), strict=True):
            losses.plot(height, **(style.GHOST | {"color": colour}))
    x = np.linspace(0, 1, 241)
    curves.plot(x, fit.truth(x), color="#777777", linestyle=":", label="the curve behind the data")
    curves.plot(fit.x, fit.y, color=_TRAINING, label="training points", **_POINTS)
    curves.plot(fit.x_validation, fit.y_validation, color=_VALIDATION, fillstyle="none", label="validation points", **_POINTS)
    longest: list[np.ndarray] = []
    for index, (label, chosen) in enumerate(limits.items(), start=2):
        walked: list[np.ndarray] = []
        result = attempt(lambda chosen=chosen, walked=walked: _checked(run(_kept(fit.value, walked), chosen), fit))
        if isinstance(result, Failed):
            curves.plot([], [], color=style.colour(index), label=f"{label}: {result.brief}")
            continue
        theta, n_steps = result[:-1], int(result[-1])
        longest = max(longest, walked, key=len)
        curves.plot(x, fit.curve(theta, x), color=style.colour(index), linewidth=1.8, label=f"{label}: {n_steps} steps")
        losses.axvline(n_steps, color=style.colour(index), linewidth=1.4, linestyle="--")
        place = _place(walked, theta)
        if place is not None:
            losses.plot(
                place, fit.validation(theta), marker="*", markersize=12, linestyle="none", color=style.colour(index), zorder=5
            )
    if longest:
        losses.plot([fit.value(theta) for theta in longest], color=_TRAINING, label="training loss")
        losses.plot([fit.validation(theta) for theta in longest], color=_VALIDATION, label="validation loss")
    _plain_ticks(losses)
    losses.set_xlabel("step t")
    losses.set_ylabel("loss")
    losses.set_title("Losses; dashed where it stops, starred what it returns")
    curves.set_ylim(-2.2, 2.2)
    curves.set_xlabel("x")
    curves.set_title("The curve that comes back")
    if ghost:
        losses.plot([], [], **style.GHOST, label="reference")
    style.legend_below(figure, [losses, curves])
    figure.suptitle(title, x=0.01, ha="left", fontsize=12.5)
    return figure


def _plain_ticks(ax: Axes) -> None:
    """Write the numbers of a logarithmic axis as people do: 0.5, 1, 2, 5."""
    ax.set_yscale("log")
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.yaxis.set_minor_locator(NullLocator())


_PLATE = {"bbox": {"facecolor": "white", "edgecolor": "none", "pad": 1.5}}


def _flag(value: Any) -> float | None:
    """Return 1 or 0 for a truth value, None for None; TypeError for anything else, since every text is true."""
    if value is None:
        return None
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"wanted True or False, not {type(value).__name__}")
    return float(value)


def _lamp(ax: Axes, row: int, lit: np.ndarray, **look: Any) -> None:
    """Draw a row where it is lit: from half a step before to half a step after."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], lit.astype(int), [0]])))
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        ax.plot([begin - 0.5, end - 0.5], [row, row], **look)


def _first(ax: Axes, row: int, lit: np.ndarray) -> None:
    """Say at which step a row went on first."""
    if not lit.any():
        ax.text(len(lit) * 0.02, row, "stays dark", va="center", fontsize=9.5, color="#666666", **_PLATE)
        return
    step = int(np.argmax(lit))
    ax.plot(step, row, marker="o", markersize=10, color=LAMPS[row % len(LAMPS)], markeredgecolor="white", zorder=4)
    side = -1 if step > len(lit) / 8 else 1
    where = {"ha": "right" if side < 0 else "left", "va": "center", "fontsize": 9.5, "zorder": 5}
    ax.annotate(f"{step}", (step, row), xytext=(9 * side, 0), textcoords="offset points", **where, **_PLATE)


def _kept(value: Callable, walked: list[np.ndarray]) -> Callable:
    def kept(theta: Any) -> float:
        walked.append(np.array(theta, dtype=np.float64))
        return value(theta)

    return kept


def _checked(result: Any, fit: CurveFit) -> np.ndarray | None:
    """Return theta and n_steps of a run in one array, None where there is no run yet."""
    if result is None:
        return None
    if not isinstance(result, (tuple, list)) or len(result) != 3:
        raise TypeError("wanted (theta, reason, n_steps)")
    theta = np.array(result[0], dtype=np.float64)
    if theta.shape != fit.start.shape:
        raise TypeError(f"theta has the shape {theta.shape}, not {fit.start.shape}")
    return np.append(theta, int(result[2]))


def _place(walked: list[np.ndarray], theta: np.ndarray) -> int | None:
    """Return the step at which a run was at the point that it returned, None where it never was."""
    return next((step for step, point in enumerate(walked) if np.array_equal(point, theta)), None)
