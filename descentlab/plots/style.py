"""One look for all figures: a palette that colour-blind readers can tell apart, sizes, and how a ghost is drawn."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from descentlab.plots.picture import Picture

# Okabe and Ito's palette without yellow, which is lost on paper. The order is that of the lines of a figure.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")

# A method has the same colour in every figure. Six are Okabe and Ito's; indigo and brick were looked for among the colours that
# stay apart from these for all kinds of eyes and stand out from white and from black. SGD is a paler kin of GD.
METHODS = {
    "GD": "#0072B2",
    "SGD": "#56B4E9",
    "momentum": "#D55E00",
    "Nesterov": "#009E73",
    "Adagrad": "#9C3024",
    "RMSprop": "#E69F00",
    "Adadelta": "#CC79A7",
    "Adam": "#5B3FD6",
}
_METHODS_BY_ANY_NAME = {name.casefold(): colour for name, colour in METHODS.items()}
_METHODS_BY_ANY_NAME |= {"gradient descent": METHODS["GD"], "nag": METHODS["Nesterov"], "heavy ball": METHODS["momentum"]}

# A mark goes with each colour, so that a grey print can be read too, and a method has one mark everywhere.
_MARKS = {
    METHODS["GD"]: "o",
    METHODS["SGD"]: "v",
    METHODS["momentum"]: "s",
    METHODS["Nesterov"]: "^",
    METHODS["Adagrad"]: "<",
    METHODS["RMSprop"]: "P",
    METHODS["Adadelta"]: "D",
    METHODS["Adam"]: "X",
    "#000000": "h",
}

# The reference is a broad pale band under the student's line: where both agree the line runs in the middle of it.
GHOST = {"color": "#888888", "linewidth": 6.0, "alpha": 0.35, "zorder": 2, "solid_capstyle": "round"}

_SETTINGS = {
    "font.size": 10.5,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e3e3e3",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "legend.fontsize": 9.5,
    "figure.facecolor": "white",
    "axes.facecolor": "white",
    "svg.hashsalt": "descentlab",
    "svg.fonttype": "path",
}


def styled(draw: Callable[..., Figure]) -> Callable[..., Figure]:
    """Make a function draw in the course's look, without changing the look of the student's own figures.

    The figure is taken off pyplot's list: a cell that ends in it shows it once, as its value.
    """

    @functools.wraps(draw)
    def drawn(*args: Any, **kwargs: Any) -> Figure:
        with mpl.rc_context(_SETTINGS):
            figure = draw(*args, **kwargs)
        plt.close(figure)
        return figure

    return drawn


def new(columns: int = 1, rows: int = 1, *, width: float = 4.4, height: float = 3.3) -> tuple[Figure, list[Axes]]:
    """Return a figure of rows × columns panels (inches for one panel) and its axes, row by row."""
    size = (width * columns, height * rows)
    figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False, layout="constrained", FigureClass=Picture)
    return figure, list(axes.flat)


def colour(index: int) -> str:
    """Return the colour of the line number `index`."""
    return PALETTE[index % len(PALETTE)]


def method_colour(name: str) -> str:
    """Return the colour of a method, whose name may be written in capitals or not ("NAG" is Nesterov, too).

    Raises KeyError with the names that exist where there is no such method.
    """
    if name.casefold() not in _METHODS_BY_ANY_NAME:
        raise KeyError(f"there is no method {name!r}; there are {', '.join(METHODS)}")
    return _METHODS_BY_ANY_NAME[name.casefold()]


def colours(labels: Iterable[str]) -> dict[str, str]:
    """Return a colour for each label of a figure: a method's own where the label is its name, and the palette's for the others."""
    named = {label: _METHODS_BY_ANY_NAME.get(label.casefold()) for label in labels}
    free = [colour for colour in PALETTE if colour not in named.values()] or list(PALETTE)
    others = itertools.cycle(free)
    return {label: own or next(others) for label, own in named.items()}


def mark(colour: str) -> str:
    """Return the mark that goes with a colour of the palette or of a method."""
    return _MARKS[colour]


def marked(colour: str, n_points: int, *, logarithmic: bool = False) -> dict[str, Any]:
    """Return the look of a line of so many points: its colour, and its mark at about eight of them.

    They are spread evenly over the points, or on a logarithmic scale. Lines of different colours have them at different points:
    two lines that run together are still seen to be two.
    """
    shares = (np.arange(8) + list(_MARKS).index(colour) / len(_MARKS)) / 8
    places = n_points**shares - 1 if logarithmic else shares * (n_points - 1)
    edge = {"markeredgecolor": "white", "markeredgewidth": 0.5}
    return {
        "color": colour,
        "marker": mark(colour),
        "markersize": 6.5,
        "markevery": np.unique(places.round()).astype(int).tolist(),
        **edge,
    }


def drawable(values: Any) -> np.ndarray:
    """Return the values with NaN for those that no axis can hold: infinite ones, and those near the end of the numbers, at which
    matplotlib's own arithmetic for the margins overflows.
    """
    with np.errstate(invalid="ignore"):
        return np.where(np.abs(values) < 1e150, values, np.nan)


def legend_below(figure: Figure, axes: Sequence[Axes]) -> None:
    """Put one legend for all axes below the picture, where it hides no line; each label stands in it once."""
    entries = {label: handle for ax in axes for handle, label in zip(*ax.get_legend_handles_labels(), strict=True)}
    # As many entries in a line as the figure is wide enough for, by a guess of ten characters to an inch.
    widest = max((len(label) for label in entries), default=0) + 6
    columns = max(1, min(len(entries), int(10 * figure.get_figwidth() / widest)))
    figure.legend(entries.values(), entries.keys(), loc="outside lower center", ncols=columns)


def say(ax: Axes, words: str, **options: Any) -> None:
    """Write a message in the middle of a panel, where no picture can be."""
    box = {"facecolor": "white", "edgecolor": "#999999", "boxstyle": "round,pad=0.6", "alpha": 0.95}
    ax.text(0.5, 0.5, words, transform=ax.transAxes, ha="center", va="center", wrap=True, bbox=box, zorder=10, **options)
