"""The step view under a slider: the number of the step is moved, and its vectors, a sentence and the numbers follow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets
import numpy as np
from contourpy import contour_generator

from descentlab import svg
from descentlab.plots.guard import Failed
from descentlab.plots.steps import VECTORS, Vector, apart, on_the_map, plane, recorded, shown_vectors, where_asked, window
from descentlab.plots.walks import made_with
from descentlab.recordings import Ghost
from descentlab.runs import TakenStep


class StepSlider(widgets.VBox):
    """A slider over the first `n_steps` steps of a student's step function on an objective of two parameters.

    The step that it picks, at first number `at`, is taken apart as in `step_view`, with the same arguments, in a window of its
    own size. The function is run once, when the slider is made: a picture costs no further call of it.
    """

    def __init__(
        self,
        step: Callable,
        objective: str,
        n_steps: int,
        *,
        at: int = 1,
        start: Any = None,
        ghost: Ghost | None = None,
        **settings: Any,
    ):
        self._objective, self._ghost = plane(objective), ghost
        self._taken = apart(step, self._objective, n_steps, start, settings)
        self._step = widgets.IntSlider(at, 1, n_steps, description="step t", layout={"width": "380px"})
        self._play = widgets.Play(value=self._step.value, min=1, max=n_steps, interval=900, show_repeat=False)
        widgets.jslink((self._play, "value"), (self._step, "value"))
        self._picture, self._words, self._numbers = widgets.HTML(), widgets.HTML(), widgets.HTML()
        self._step.observe(self._draw, "value")
        self._draw()
        super().__init__(
            [widgets.HBox([self._play, self._step]), self._picture, self._words, self._numbers],
            layout={"max_width": f"{svg.WIDTH + 40}px"},
        )

    @property
    def words(self) -> str:
        """What is said under the picture."""
        return self._said

    def set(self, step: int) -> None:
        """Move the slider, as a hand would."""
        self._step.value = step

    def _repr_svg_(self) -> str:
        """The picture as it stands, for places where there is no kernel."""
        return self._svg

    def _draw(self, _change: Any = None) -> None:
        t = self._step.value
        mine, theirs = self._mine(t), recorded(self._ghost, t)
        self._said = self._sentence(t, mine, theirs)
        self._svg = self._drawn(mine, theirs)
        self._picture.value = self._svg
        self._words.value = f'<p style="margin:2px 0 6px 0" aria-live="polite">{svg.escape(self._said)}</p>'
        self._numbers.value = _table(mine, theirs)

    def _mine(self, t: int) -> TakenStep | None:
        """The student's step t, None where there is none that can be drawn."""
        if isinstance(self._taken, Failed) or not on_the_map(self._objective, self._taken[t - 1]):
            return None
        return self._taken[t - 1]

    def _sentence(self, t: int, mine: TakenStep | None, theirs: np.ndarray | None) -> str:
        beside = ""
        if theirs is not None:
            beside = f" The pale bands are the reference{'' if self._ghost.exact else f' at {made_with(self._ghost)}'}."
        if isinstance(self._taken, Failed):
            if self._taken.unwritten:
                return f"Your function is not written yet: write it, run its cell, and then this one.{beside}"
            return f"Your function: {' '.join(self._taken.words.split())}.{beside}"
        if mine is None:
            return f"Step {t} of your walk is off the map.{beside}"
        jump, correction, step = (_pair(mine, name) for name in ("jump", "correction", "step"))
        asked = "no gradient is asked for" if not len(mine.asked) else f"the gradient is asked for {where_asked(mine)}"
        return f"Step {t}: a jump of {jump}, {asked}, and a correction of {correction}: {step} in all.{beside}"

    def _drawn(self, mine: TakenStep | None, theirs: np.ndarray | None) -> str:
        points = [theirs] * (theirs is not None) + ([mine.corners, mine.asked] if mine else [])
        low, high = np.array(self._objective.box).T
        if points:
            low, high = window(self._objective, np.concatenate(points), ratio=svg.RATIO)
        frame = svg.Frame(tuple(low), tuple(high))
        parts = self._contours(frame)
        size = float(high[1] - low[1])
        if theirs is not None:
            for ends in shown_vectors(theirs, size).values():
                parts.append(svg.polyline(frame.pixels(np.array(ends)), svg.GHOST, 8, opacity=0.4))
        if mine:
            for name, ends in shown_vectors(mine.corners, size).items():
                parts.append(svg.arrow(frame.pixels(np.array(ends)), VECTORS[name].colour, 2.6, dashes=_dashes(VECTORS[name])))
            parts += [_ring(pixel) for pixel in frame.pixels(mine.asked)]
            parts.append(svg.polyline(frame.pixels(mine.before[np.newaxis]), svg.INK, 4, dots=True))
        names = [name for name in ("jump", "correction", "step", "momentum") if mine and name in shown_vectors(mine.corners, size)]
        return svg.framed(
            svg.cut("".join(parts)) + "".join(svg._axes(frame, ("θ[0]", "θ[1]"))) + _legend(names), self._said, svg.HEIGHT + 68
        )

    def _contours(self, frame: svg.Frame) -> list[str]:
        xs, ys = (np.linspace(frame.low[i], frame.high[i], 81) for i in (0, 1))
        heights = self._objective.value(np.stack(np.meshgrid(xs, ys), axis=-1))
        generator = contour_generator(xs, ys, heights)
        lines = []
        for level in np.linspace(heights.min(), heights.max(), 13)[1:-1]:
            lines += [svg.polyline(frame.pixels(np.asarray(line)), svg.FAINT, 0.9) for line in generator.lines(level)]
        return lines


def _ring(pixel: np.ndarray) -> str:
    return f'<circle cx="{pixel[0]:.1f}" cy="{pixel[1]:.1f}" r="8" fill="none" stroke="{svg.INK}" stroke-width="1.4"/>'


def _dashes(vector: Vector) -> str:
    # As in the figures, where matplotlib counts a dash in widths of the line.
    return "" if vector.dash is None else " ".join(f"{2.6 * part:g}" for part in vector.dash)


def _stroke(vector: Vector) -> str:
    dashes = _dashes(vector)
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return f'stroke="{vector.colour}" stroke-width="2.6"{dashed} fill="none"'


def _legend(names: list[str]) -> str:
    """Return the vectors' names below the panel, two in a line, and the ring's beside them."""
    entries = [(f'<path d="M0 0h26" {_stroke(VECTORS[name])}/>', VECTORS[name].label) for name in names]
    entries += [(_ring(np.array([13.0, 0.0])), "gradient asked here")] * bool(names)
    parts = []
    for index, (sign, label) in enumerate(entries):
        x, y = svg._LEFT + 270 * (index % 2), svg.HEIGHT + 10 + 22 * (index // 2)
        text = f'<text x="34" y="4" font-size="12" fill="{svg.INK}">{svg.escape(label)}</text>'
        parts.append(f'<g transform="translate({x},{y})">{sign}{text}</g>')
    return "".join(parts)


def _pair(taken: TakenStep, name: str) -> str:
    vector = VECTORS[name]
    x, y = taken.corners[vector.tip] - taken.corners[vector.tail]
    return f"({x:.3g}, {y:.3g})"


def _table(mine: TakenStep | None, theirs: np.ndarray | None) -> str:
    if mine is None:
        return ""
    rows = []
    for name in ("jump", "correction", "step", "momentum"):
        vector = VECTORS[name]
        cells = [vector.label]
        for corners in (mine.corners, theirs):
            cells.append("" if corners is None else ", ".join(f"{x:.4g}" for x in corners[vector.tip] - corners[vector.tail]))
        rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    head = "<tr><th>vector</th><th>yours</th><th>reference</th></tr>"
    return f"<details><summary>The step in numbers</summary><table>{head}{''.join(rows)}</table></details>"
