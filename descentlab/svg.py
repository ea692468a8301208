"""Landscapes and walks as SVG: quick to draw anew, sharp at any size, and in the colours of the reader's theme."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from html import escape

import numpy as np

from descentlab import objectives
from descentlab.objectives import Objective
from descentlab.plots.style import PALETTE
from descentlab.plots.walks import contour_levels

WIDTH, HEIGHT = 600, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 12, 12, 42

# JupyterLab's variables follow its theme; where there are none (a browser, a printed page) the second colour is taken.
INK = "var(--jp-ui-font-color1, #222222)"
FAINT = "var(--jp-border-color1, #b8b8b8)"
YOURS = PALETTE[0]
GHOST = "#888888"


@dataclass(frozen=True)
class Frame:
    """The panel of an objective: from its box, and for one of a single parameter its values, to pixels."""

    low: tuple[float, float]
    high: tuple[float, float]

    @classmethod
    def of(cls, objective: Objective) -> Frame:
        """Return the panel that shows the whole box of an objective of one or two parameters."""
        if objective.dimension == 2:
            (x0, x1), (y0, y1) = objective.box
            return cls((x0, y0), (x1, y1))
        ((x0, x1),) = objective.box
        heights = objective.value(np.linspace(x0, x1, 241))
        room = 0.08 * np.ptp(heights)
        return cls((x0, float(heights.min() - room)), (x1, float(heights.max() + room)))

    def shares(self, points: np.ndarray) -> np.ndarray:
        """Return points of shape (n, 2) as shares of the panel, (0, 0) its lower left and (1, 1) its upper right corner.

        What lies far outside is kept just outside, so that everything that draws can draw it.
        """
        low, high = np.array(self.low), np.array(self.high)
        with np.errstate(over="ignore"):
            return np.clip(np.nan_to_num((points - low) / (high - low), nan=-20, posinf=20, neginf=-20), -20, 20)

    def pixels(self, points: np.ndarray) -> np.ndarray:
        """Return points of shape (n, 2) in pixels."""
        share = self.shares(points)
        return np.stack(
            [_LEFT + share[:, 0] * (WIDTH - _LEFT - _RIGHT), _TOP + (1 - share[:, 1]) * (HEIGHT - _TOP - _BOTTOM)], axis=1
        )


def on_map(objective: Objective, path: np.ndarray) -> np.ndarray:
    """Return a path's points as they stand on the map, shape (n, 2): for one parameter, its value and J of it."""
    if objective.dimension == 2:
        return path
    with np.errstate(all="ignore"):
        return np.stack([path, objective.value(path)], axis=1)


def polyline(pixels: np.ndarray, colour: str, width: float, *, dots: bool = False, opacity: float = 1.0) -> str:
    """Return a line through pixels, with a dot at each of them where `dots` says so."""
    text = " ".join(f"{x:.1f},{y:.1f}" for x, y in pixels)
    line = (
        f'<polyline points="{text}" fill="none" stroke="{colour}" stroke-width="{width:g}" stroke-linejoin="round" '
        f'stroke-linecap="round" opacity="{opacity:g}"/>'
    )
    if not dots:
        return line
    # Points of no length with round ends: a tenth of the text that as many circles would be.
    marks = "".join(f"M{x:.1f} {y:.1f}h0" for x, y in pixels)
    return f'{line}<path d="{marks}" stroke="{colour}" stroke-width="{width + 3.4:g}" stroke-linecap="round"/>'


@lru_cache(maxsize=16)
def landscape(name: str) -> str:
    """Return the map of a named objective as SVG elements: contours or curve, minima, axes."""
    objective = objectives.get(name)
    frame = Frame.of(objective)
    parts = _contours(objective, frame) if objective.dimension == 2 else _curve(objective, frame)
    for point in objective.minima:
        (x, y), *_ = frame.pixels(
            on_map(objective, np.atleast_1d(point)[np.newaxis] if objective.dimension == 2 else np.atleast_1d(point))
        )
        parts.append(f'<text x="{x:.1f}" y="{y + 6:.1f}" text-anchor="middle" font-size="18" fill="{INK}">★</text>')
    return "".join(parts + _axes(frame, ("θ[0]", "θ[1]") if objective.dimension == 2 else ("θ", "J(θ)")))


def picture(name: str, overlay: str, words: str, *, background: bool = True) -> str:
    """Return a whole SVG: the map of an objective and what lies over it, cut to the panel; `words` is its text alternative."""
    return framed(f"{landscape(name) if background else ''}{cut(overlay)}", words, HEIGHT)


def cut(overlay: str) -> str:
    """Return elements cut to the panel."""
    clip = f'<rect x="{_LEFT}" y="{_TOP}" width="{WIDTH - _LEFT - _RIGHT}" height="{HEIGHT - _TOP - _BOTTOM}"/>'
    return f'<clipPath id="descentlab-panel">{clip}</clipPath><g clip-path="url(#descentlab-panel)">{overlay}</g>'


def framed(elements: str, words: str, height: float) -> str:
    """Return a whole SVG of these elements, WIDTH wide and `height` high; `words` is its text alternative."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" width="{WIDTH}" height="{height:g}" role="img" '
        f'aria-label="{escape(words)}" font-family="sans-serif" style="max-width:100%">{elements}</svg>'
    )


def _contours(objective: Objective, frame: Frame) -> list[str]:
    from contourpy import contour_generator

    xs, ys = (np.linspace(frame.low[i], frame.high[i], 161) for i in (0, 1))
    heights = objective.value(np.stack(np.meshgrid(xs, ys), axis=-1))
    generator = contour_generator(xs, ys, heights)
    lines = []
    for level in contour_levels(objective, heights):
        lines += [polyline(frame.pixels(np.asarray(line))[::2], FAINT, 0.9) for line in generator.lines(level)]
    return lines


def _curve(objective: Objective, frame: Frame) -> list[str]:
    xs = np.linspace(frame.low[0], frame.high[0], 241)
    return [polyline(frame.pixels(np.stack([xs, objective.value(xs)], axis=1)), FAINT, 1.8)]


def _axes(frame: Frame, names: tuple[str, str]) -> list[str]:
    right, bottom = WIDTH - _RIGHT, HEIGHT - _BOTTOM
    parts = [f'<path d="M{_LEFT} {_TOP}V{bottom}H{right}" fill="none" stroke="{INK}" stroke-width="1"/>']
    look = f'font-size="12" fill="{INK}"'
    for value in _ticks(frame.low[0], frame.high[0]):
        (x, _), *_ = frame.pixels(np.array([[value, frame.low[1]]]))
        parts.append(f'<text x="{x:.1f}" y="{bottom + 16}" text-anchor="middle" {look}>{value:g}</text>')
    for value in _ticks(frame.low[1], frame.high[1]):
        (_, y), *_ = frame.pixels(np.array([[frame.low[0], value]]))
        parts.append(f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end" {look}>{value:g}</text>')
    parts.append(
        f'<text x="{(_LEFT + right) / 2}" y="{HEIGHT - 6}" text-anchor="middle" font-size="13" fill="{INK}">{names[0]}</text>'
    )
    middle = (_TOP + bottom) / 2
    parts.append(
        f'<text x="14" y="{middle}" text-anchor="middle" font-size="13" fill="{INK}" '
        f'transform="rotate(-90 14 {middle})">{names[1]}</text>'
    )
    return parts


def _ticks(low: float, high: float) -> list[float]:
    """Return about five round numbers between low and high."""
    raw = (high - low) / 5
    size = 10 ** np.floor(np.log10(raw))
    step = size * min((1, 2, 5, 10), key=lambda factor: abs(factor * size - raw))
    return [round(float(k * step), 10) + 0.0 for k in range(int(np.ceil(low / step)), int(np.floor(high / step)) + 1)]
