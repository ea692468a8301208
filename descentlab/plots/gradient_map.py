"""A point that can be moved over a landscape: its level line and its gradient, from the student's own functions."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import Any

import ipywidgets as widgets
import numpy as np
from contourpy import contour_generator

from descentlab import objectives, svg
from descentlab.objectives import Objective
from descentlab.plots import style
from descentlab.plots.guard import Failed, attempt
from descentlab.plots.layers import stacked
from descentlab.plots.numbers import table

LEVEL, GRADIENT = style.colour(0), style.colour(1)

# A value is a line of numpy, and the map wants some 2500 of them. What takes longer than this is stopped.
SECONDS = 2.0
_GRID = 61, 41

_LOOK = {"style": {"description_width": "48px"}, "layout": {"width": "400px"}, "step": 0.05, "readout_format": ".2f"}


class GradientMap(widgets.VBox):
    """Two sliders for a point on the map of an objective of two parameters, its level line and its gradient as an arrow.

    `gradient(theta)` and `value(theta)` are the student's functions of an array of shape (2,); without a `value` the objective's
    own is taken. The level line joins all points at which `value` is what it is at the point. The objective's level line and
    gradient lie under both as pale bands. `at` is the point at first (default: the objective's start), `title` stands above.

    A longer gradient has a longer arrow, though not in proportion: none leaves the picture. A function that isn't written yet, or
    raises, or returns something else, is told of in words in the picture, and the sliders go on working.
    """

    def __init__(
        self,
        objective: str | Objective,
        gradient: Callable[[np.ndarray], Any],
        *,
        value: Callable[[np.ndarray], Any] | None = None,
        at: Any = None,
        title: str = "",
    ):
        self._objective = objectives.get(objective) if isinstance(objective, str) else objective
        if self._objective.dimension != 2:
            raise ValueError(f"a map is of two parameters: {self._objective.name} has {self._objective.dimension}")
        self._gradient, self._value, self._title = gradient, value, title
        self._frame = _widened(self._objective)
        self._theirs = self._lines_of(self._objective.value, vectorised=True)
        self._mine = self._theirs if value is None else self._lines_of(value)
        self._usual = self._usual_length()
        start = np.array(self._objective.start if at is None else at, dtype=np.float64)
        self._sliders = [
            widgets.FloatSlider(value=float(x), min=low, max=high, description=f"θ[{i}]", **_LOOK)
            for i, (x, (low, high)) in enumerate(zip(start, self._objective.box, strict=True))
        ]
        self._overlay, self._words, self._numbers = widgets.HTML(), widgets.HTML(), widgets.HTML()
        # No fold of HTML's own, which would shut whenever the point moves.
        fold = widgets.Accordion([self._numbers], titles=("The point in numbers",), selected_index=None)
        for slider in self._sliders:
            slider.observe(self._draw, "value")
        self._draw()
        super().__init__(
            [
                *self._sliders,
                stacked(widgets.HTML(svg.framed(self._ground(), "", svg.HEIGHT)), self._overlay),
                self._words,
                fold,
            ],
            layout={"max_width": f"{svg.WIDTH + 40}px"},
        )

    @property
    def words(self) -> str:
        """What is said under the picture."""
        return self._said

    def set(self, *theta: float) -> None:
        """Move the point, as hands would."""
        for slider, x in zip(self._sliders, theta, strict=True):
            slider.value = x

    def _repr_svg_(self) -> str:
        """The picture as it stands, for places where there is no kernel."""
        return svg.on_paper(svg.framed(self._ground() + self._drawn, self._spoken(), svg.HEIGHT))

    def _draw(self, _change: Any = None) -> None:
        # A browser counts a slider's steps from its low end, and sends what that sums up to.
        theta = np.round([slider.value for slider in self._sliders], 2)
        level = self._level(theta)
        gradient = attempt(lambda: self._gradient(theta.copy()), shape=(2,), seconds=SECONDS)
        self._said = self._sentence(theta, level, gradient)
        self._drawn = self._over(theta, level, gradient)
        self._overlay.value = svg.framed(self._drawn, self._spoken(), svg.HEIGHT)
        self._words.value = f'<p style="margin:2px 0 6px 0;line-height:1.4" aria-live="polite">{svg.escape(self._said)}</p>'
        self._numbers.value = table(self._rows(theta, level, gradient))

    # What the functions say --------------------------------------------------------------------------------------------------

    def _lines_of(self, value: Callable, *, vectorised: bool = False) -> Any:
        """Return what makes level lines of a function on this map, or `Failed` where the function fails."""
        xs, ys = (np.linspace(self._frame.low[i], self._frame.high[i], (4 if vectorised else 1) * _GRID[i]) for i in (0, 1))
        points = np.stack(np.meshgrid(xs, ys), axis=-1)
        if vectorised:
            return contour_generator(xs, ys, value(points))
        flat = points.reshape(-1, 2)
        heights = attempt(lambda: [value(point.copy()) for point in flat], shape=(len(flat),), seconds=SECONDS)
        if isinstance(heights, Failed):
            return heights
        return contour_generator(xs, ys, style.drawable(heights).reshape(points.shape[:2]))

    def _level(self, theta: np.ndarray) -> float | Failed:
        """J at the point, by the student's function where there is one."""
        if isinstance(self._mine, Failed):
            return self._mine
        level = attempt(lambda: (self._value or self._objective.value)(theta.copy()), shape=(), seconds=SECONDS)
        return level if isinstance(level, Failed) else float(level)

    def _usual_length(self) -> float:
        """The middle one of the gradients' lengths over the box."""
        (x0, x1), (y0, y1) = self._objective.box
        points = np.stack(np.meshgrid(np.linspace(x0, x1, 9), np.linspace(y0, y1, 9)), axis=-1).reshape(-1, 2)
        return float(np.median([np.linalg.norm(self._objective.gradient(point)) for point in points]))

    def _tip(self, theta: np.ndarray, gradient: np.ndarray) -> np.ndarray | None:
        """Where the arrow of a gradient ends, None where it is too short to be seen or not finite."""
        length = _length(gradient)
        reach = 0.5 * (self._frame.high[1] - self._frame.low[1])
        if not length > 0.01 * self._usual:  # also where it is not a number
            return None
        return theta + gradient / length * reach * length / (length + self._usual)

    # How it is shown ---------------------------------------------------------------------------------------------------------

    def _ground(self) -> str:
        contours = "".join(svg._contours(self._objective, self._frame))
        minima = "".join(svg.star(*pixel) for pixel in self._frame.pixels(np.array(self._objective.minima).reshape(-1, 2)))
        axes = "".join(svg._axes(self._frame, ("θ[0]", "θ[1]")))
        return svg.cut(contours + minima) + axes + svg.title(self._title)

    def _over(self, theta: np.ndarray, level: float | Failed, gradient: np.ndarray | Failed) -> str:
        """Return what changes with the point: bands, level line, arrow, the point itself, the legend, and words of trouble."""
        band = {"colour": svg.GHOST, "width": 7, "opacity": 0.4}
        parts = [svg.polyline(line, **band) for line in self._level_line(self._theirs, float(self._objective.value(theta)))]
        tip = self._tip(theta, self._objective.gradient(theta))
        if tip is not None:
            parts.append(svg.polyline(self._frame.pixels(np.array([theta, tip])), **(band | {"width": 10})))
        entries = [(svg.stroke(svg.GHOST, 7, opacity=0.4), "reference")]
        if not isinstance(level, Failed):
            parts += [svg.polyline(line, LEVEL, 2.0) for line in self._level_line(self._mine, level)]
            entries.insert(0, (svg.stroke(LEVEL, 2.0), "level line"))
        tip = None if isinstance(gradient, Failed) else self._tip(theta, gradient)
        if tip is not None:
            parts.append(svg.arrow(self._frame.pixels(np.array([theta, tip])), GRADIENT, 2.8))
            entries.insert(-1, (svg.arrow(np.array([[-11.0, 0.0], [11.0, 0.0]]), GRADIENT, 2.8), "gradient"))
        parts.append(svg.polyline(self._frame.pixels(theta[np.newaxis]), svg.INK, 5, dots=True))
        trouble = _trouble({"J": level, "gradient": gradient})
        if trouble:
            parts.append(svg.message([line for words in trouble for line in textwrap.wrap(words, 62)], low=True))
        return svg.cut("".join(parts)) + svg.legend(entries + svg.marks(self._objective))

    def _level_line(self, lines: Any, level: float) -> list[np.ndarray]:
        if not np.isfinite(style.drawable(level)):
            return []
        return [self._frame.pixels(line) for line in lines.lines(level)]

    def _sentence(self, theta: np.ndarray, level: float | Failed, gradient: np.ndarray | Failed) -> str:
        told = []
        if not isinstance(level, Failed):
            told.append(f"J is {level:.4g}")
        if not isinstance(gradient, Failed):
            angle = self._angle(theta, gradient)
            stands = "" if angle is None else f", at {angle:.0f}° to the level line"
            told.append(f"the gradient is {_pair(gradient)}, of length {_length(gradient):.3g}{stands}")
        here = [f"At θ = {_pair(theta)} {' and '.join(told)}."] if told else []
        return " ".join([*here, *_trouble({"J": level, "gradient": gradient}), "The pale bands are the reference."])

    def _angle(self, theta: np.ndarray, gradient: np.ndarray) -> float | None:
        """The angle in degrees, at most 90, between an arrow and the objective's level line; None where either has no direction."""
        own = self._objective.gradient(theta)
        lengths = _length(own), _length(gradient)
        if not min(lengths) > 1e-6 * self._usual:  # also where one is not a number
            return None
        return float(np.degrees(np.arcsin(min(abs((own / lengths[0]) @ (gradient / lengths[1])), 1.0))))

    def _spoken(self) -> str:
        return f"{self._title}. {self._said}" if self._title else self._said

    def _rows(self, theta: np.ndarray, level: float | Failed, gradient: np.ndarray | Failed) -> list[tuple[str, ...]]:
        rows = [("", "yours", "reference"), ("θ", _pair(theta), _pair(theta))]
        rows.append(("∇J(θ)", "" if isinstance(gradient, Failed) else _pair(gradient), _pair(self._objective.gradient(theta))))
        if not isinstance(level, Failed):
            rows.append(("J(θ)", f"{level:.6g}", "" if self._value else f"{level:.6g}"))
        return rows


def _widened(objective: Objective) -> svg.Frame:
    """Return the panel that shows an objective's whole box, and as much more as it takes for right angles to be right."""
    low, high = np.array(objective.box).T
    half = max((high[0] - low[0]) / 2 / svg.RATIO, (high[1] - low[1]) / 2)
    size = np.array([half * svg.RATIO, half])
    return svg.Frame(tuple((low + high) / 2 - size), tuple((low + high) / 2 + size))


def _trouble(results: dict[str, Any]) -> list[str]:
    """Return a sentence for each function that gave nothing to draw; one for all that are not written yet."""
    failed = {name: result for name, result in results.items() if isinstance(result, Failed)}
    unwritten = [name for name, result in failed.items() if result.unwritten]
    words = []
    if unwritten:
        several = len(unwritten) > 1
        words.append(
            f"Your {' and your '.join(unwritten)} {'are' if several else 'is'} not written yet: "
            f"write {'them, run their cells' if several else 'it, run its cell'}, and then this one."
        )
    for name, result in failed.items():
        if not result.unwritten:
            words.append(f"Your {name}: {result.line}{'' if result.line.endswith(('?', '!', '.')) else '.'}")
    return words


def _length(gradient: np.ndarray) -> float:
    """The length of a gradient; NaN where it is not finite, or so long that it can't be computed."""
    return float(np.linalg.norm(style.drawable(gradient)))


def _pair(numbers: np.ndarray) -> str:
    return f"({', '.join(f'{x + 0.0:.4g}' for x in numbers)})"
