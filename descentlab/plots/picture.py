"""A figure that also says in words and numbers what it shows, for those who can't see it."""

from __future__ import annotations

import base64
import io
import re
from html import escape
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from descentlab.plots.numbers import folded

_HEAD = ["panel", "line", "first point", "a quarter on", "half way", "three quarters on", "last point"]


class Picture(Figure):
    """A figure of matplotlib whose picture in a notebook has a text alternative, and its numbers folded beneath it."""

    @property
    def words(self) -> str:
        """The headings, the axes and the legend, as a text alternative."""
        told = [self.get_suptitle(), *(_panel(ax) for ax in self.axes if ax.axison)]
        labels = dict.fromkeys(label for ax in self.axes for label in ax.get_legend_handles_labels()[1])
        return ". ".join(_plain(part) for part in (*told, "; ".join(labels)) if part) + "."

    def numbers(self) -> list[list[str]]:
        """Return a table: a head, then for each line of the legend that has points five of them, from its first to its last.

        The first column says in which panel, where there are several.
        """
        rows = [
            [_plain(_panel(ax)), _plain(line.get_label()), *_points(line)]
            for ax in self.axes
            for line in ax.get_lines()
            if not line.get_label().startswith("_") and len(line.get_xdata()) > 1
        ]
        table = [_HEAD, *rows]
        return table if len(self.axes) > 1 else [row[1:] for row in table]

    def _repr_html_(self) -> str:
        with io.BytesIO() as file:
            self.savefig(file, format="png", bbox_inches="tight")
            data = base64.b64encode(file.getvalue()).decode()
        # White paper under a dark page, too: the colours are made for it.
        look = "max-width:100%;background:white"
        picture = f'<img src="data:image/png;base64,{data}" alt="{escape(self.words)}" style="{look}">'
        rows = self.numbers()
        return picture + (folded("The figure in numbers", rows) if len(rows) > 1 else "")


def _panel(ax: Axes) -> str:
    axes = f"{ax.get_ylabel()} against {ax.get_xlabel()}" if ax.get_xlabel() and ax.get_ylabel() else ""
    heading = ax.get_title(loc="left") or ax.get_title()
    return ": ".join(part for part in (heading, axes) if part)


def _points(line: Line2D) -> list[str]:
    x, y = line.get_xdata(), line.get_ydata()
    return [f"({_number(x[index])}, {_number(y[index])})" for index in (round(share * (len(x) - 1) / 4) for share in range(5))]


def _number(value: Any) -> str:
    return f"{float(value):.4g}"


def _plain(text: str) -> str:
    """Return a label without the signs of its formulas: J(θ$_t$) is read as J(θ_t)."""
    return re.sub(r"[${}]", "", text)
