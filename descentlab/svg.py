"""Landscapes and walks as SVG: quick to draw anew, sharp at any size, and in the colours of the reader's theme."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape

import numpy as np
from matplotlib.markers import MarkerStyle
from matplotlib.path import Path

from descentlab import objectives
from descentlab.objectives import Objective
from descentlab.plots.style import PALETTE
from descentlab.plots.walks import contour_levels

WIDTH, HEIGHT = 600, 446
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 12, 58, 42
# Width over height of the panel: in a window of that shape a unit is as long across as it is up, and right angles are right.
RATIO = (WIDTH - _LEFT - _RIGHT) / (HEIGHT - _TOP - _BOTTOM)

# Width over height of the panel: in a window of this shape a unit is as long across as it is up, and right angles are right.
RATIO = (WIDTH - _LEFT - _RIGHT) / (HEIGHT - _TOP - _BOTTOM)

# JupyterLab's variables follow its theme; where there are none (a browser, a printed page) the second colour is taken.
INK = "var(--jp-ui-font-color1, #222222)"
FAINT = "var(--jp-border-color1, #b8b8b8)"
GROUND = "var(--jp-layout-color1, #ffffff)"
YOURS = PALETTE[0]
GHOST = "#888888"

# The letters of an SVG path for matplotlib's codes.
_CODES = {Path.MOVETO: "M", Path.LINETO: "L", Path.CURVE3: "Q", Path.CURVE4: "C", Path.CLOSEPOLY: "Z"}

# A line of more points than these is thinned: a mistaken million of them would bring the browser down.
_MOST_POINTS = 4000


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


def polyline(pixels: np.ndarray, colour: str, width: float, *, dots: bool = False, opacity: float = 1.0, dashes: str = "") -> str:
    """Return a line through pixels, with a dot at each of them where `dots` says so. A very long one is thinned, ends apart."""
    if len(pixels) > _MOST_POINTS:
        pixels = pixels[np.linspace(0, len(pixels) - 1, _MOST_POINTS).astype(int)]
    text = " ".join(f"{x:.1f},{y:.1f}" for x, y in pixels)
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    line = (
        f'<polyline points="{text}" fill="none" stroke="{colour}" stroke-width="{width:g}" stroke-linejoin="round" '
        f'stroke-linecap="round" opacity="{opacity:g}"{dashed}/>'
    )
    if not dots:
        return line
    # Points of no length with round ends: a tenth of the text that as many circles would be.
    marks = "".join(f"M{x:.1f} {y:.1f}h0" for x, y in pixels)
    return f'{line}<path d="{marks}" stroke="{colour}" stroke-width="{width + 3.4:g}" stroke-linecap="round"/>'


def arrow(pixels: np.ndarray, colour: str, width: float, *, dashes: str = "") -> str:
    """Return an arrow between two different pixels, with a head of a fixed size (smaller where the arrow is short)."""
    tail, tip = pixels
    length = float(np.linalg.norm(tip - tail))
    along = (tip - tail) / length
    size = min(13.0, 0.6 * length)
    across = np.array([-along[1], along[0]]) * size * 0.42
    base = tip - size * along
    corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in (tip, base + across, base - across))
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return (
        f'<path d="M{tail[0]:.1f} {tail[1]:.1f}L{base[0]:.1f} {base[1]:.1f}" stroke="{colour}" stroke-width="{width:g}"{dashed} '
        f'fill="none"/><polygon points="{corners}" fill="{colour}"/>'
    )


def head(marker: str, pixel: np.ndarray, colour: str, size: float = 9.0) -> str:
    """Return one of matplotlib's marks at a pixel, with a thin edge in the colour of the ground."""
    shape = MarkerStyle(marker)
    parts = []
    for points, code in shape.get_path().transformed(shape.get_transform()).iter_segments():
        # matplotlib's y goes up, that of a picture goes down. What closes a shape comes with a point that means nothing.
        pairs = [] if code == Path.CLOSEPOLY else np.reshape(points, (-1, 2)) * (size, -size)
        parts.append(_CODES[code] + " ".join(f"{x:.2f},{y:.2f}" for x, y in pairs))
    place = f'transform="translate({pixel[0]:.1f},{pixel[1]:.1f})"'
    return f'<path d="{"".join(parts)}" {place} fill="{colour}" stroke="{GROUND}" stroke-width="0.8"/>'


def title(words: str) -> str:
    """Return a heading for the space above the panel."""
    return f'<text x="{_LEFT}" y="20" font-size="15" font-weight="600" fill="{INK}">{escape(words)}</text>'


def legend(entries: Sequence[tuple[str, str]]) -> str:
    """Return a line of marks with their words, for the space between heading and panel.

    An entry is (mark, words); the mark is drawn around the origin, at most 22 pixels wide.
    """
    parts, x = [], float(_LEFT)
    for mark, words in entries:
        parts.append(f'<g transform="translate({x + 11:.0f} 40)">{mark}</g>')
        parts.append(f'<text x="{x + 28:.0f}" y="44" font-size="12" fill="{INK}">{escape(words)}</text>')
        # By a guess of the width of a letter: SVG can't be asked before it is drawn.
        x += 28 + 6.4 * len(words) + 18
    return "".join(parts)


def stroke(colour: str, width: float, *, dots: bool = False, opacity: float = 1.0) -> str:
    """Return a short piece of a line, to be a legend's mark."""
    return polyline(np.array([[-10.0, 0.0], [0.0, 0.0], [10.0, 0.0]]), colour, width, dots=dots, opacity=opacity)


def star(x: float = 0.0, y: float = 0.0) -> str:
    """Return a star, the mark of a minimum."""
    turns = np.arange(10) * np.pi / 5
    size = np.where(np.arange(10) % 2, 3.1, 7.6)
    corners = " ".join(f"{x + r * np.sin(turn):.1f},{y - r * np.cos(turn):.1f}" for r, turn in zip(size, turns, strict=True))
    return f'<polygon points="{corners}" fill="{INK}"/>'


def cross(x: float = 0.0, y: float = 0.0) -> str:
    """Return a cross, the mark of a saddle."""
    return f'<path d="M{x - 5:.1f} {y - 5:.1f}l10 10m0 -10l-10 10" stroke="{INK}" stroke-width="2" fill="none"/>'


def marks(objective: Objective) -> list[tuple[str, str]]:
    """Return a legend's entries for what `landscape` marks on the map."""
    found = [(star(), "minimum" if len(objective.minima) == 1 else "minima")] if objective.minima else []
    return found + ([(cross(), "saddle")] if objective.saddles else [])


def message(lines: Sequence[str], *, low: bool) -> str:
    """Return a box with a few words, at the panel's lower or upper rim: in its middle it would lie on the walks."""
    width, height = 40 + 7.4 * max(len(line) for line in lines), 26 + 20 * len(lines)
    x, top = (_LEFT + WIDTH - _RIGHT) / 2, HEIGHT - _BOTTOM - height - 12 if low else _TOP + 12
    parts = [
        f'<rect x="{x - width / 2:.0f}" y="{top}" width="{width:.0f}" height="{height}" rx="6" fill="{GROUND}" stroke="{GHOST}"/>'
    ]
    for number, line in enumerate(lines):
        at = top + 28 + 20 * number
        parts.append(f'<text x="{x:.0f}" y="{at}" text-anchor="middle" font-size="14" fill="{INK}">{escape(line)}</text>')
    return "".join(parts)


@lru_cache(maxsize=16)
def landscape(name: str) -> str:
    """Return the map of a named objective as SVG elements: contours or curve, minima, saddles, axes."""
    objective = objectives.get(name)
    frame = Frame.of(objective)
    parts = _contours(objective, frame) if objective.dimension == 2 else _curve(objective, frame)
    for places, mark in ((objective.minima, star), (objective.saddles, cross)):
        for point in places:
            parts += [mark(*place) for place in frame.pixels(on_map(objective, np.array([point])))]
    return "".join(parts + _axes(frame, ("θ[0]", "θ[1]") if objective.dimension == 2 else ("θ", "J(θ)")))


def picture(name: str, inside: str, words: str, *, above: str = "", background: bool = True) -> str:
    """Return a whole SVG: the map of an objective, what lies over it, cut to the panel, and what stands above it.

    `words` is its text alternative; without words it is decoration, and hidden from those who listen to it.
    """
    return framed(f"{landscape(name) if background else ''}{cut(inside)}{above}", words, HEIGHT)


def cut(inside: str) -> str:
    """Return elements cut to the panel."""
    place = f'x="{_LEFT}" y="{_TOP}" width="{WIDTH - _LEFT - _RIGHT}" height="{HEIGHT - _TOP - _BOTTOM}"'
    view = f'viewBox="{_LEFT} {_TOP} {WIDTH - _LEFT - _RIGHT} {HEIGHT - _TOP - _BOTTOM}"'
    # An inner svg cuts what it holds without an id, which two pictures of one page would share.
    return f'<svg {place} {view} overflow="hidden">{inside}</svg>' if inside else ""


def framed(elements: str, words: str, height: float) -> str:
    """Return a whole SVG of these elements, WIDTH wide and `height` high, with `words` as in `picture`."""
    spoken = f'role="img" aria-label="{escape(words)}"' if words else 'aria-hidden="true"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" width="{WIDTH}" height="{height:g}" {spoken} '
        f'font-family="sans-serif" style="display:block;max-width:100%;height:auto">{elements}</svg>'
    )


def fixed(drawn: str) -> str:
    """Return a picture in fixed colours, for a page whose theme it does not know."""
    return re.sub(r"var\(--[^,]*, ([^)]*)\)", r"\1", drawn)


def on_paper(drawn: str) -> str:
    """Return a picture in fixed colours with a white ground under it."""
    return fixed(drawn).replace(">", f'><rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>', 1)


def _contours(objective: Objective, frame: Frame) -> list[str]:
    from contourpy import contour_generator

    xs, ys = (np.linspace(frame.low[i], frame.high[i], 161) for i in (0, 1))
    heights = objective.value(np.stack(np.meshgrid(xs, ys), axis=-1))
    generator = contour_generator(xs, ys, heights)
    lines = []
    for level in contour_levels(objective, heights):
        # As in matplotlib's maps of one colour, what is below zero is dashed.
        dashes = "5 3" if level < 0 else ""
        for line in generator.lines(level):
            # Every other point is enough, but a line that loses its last one stops short of its start, or of the edge.
            lines.append(polyline(frame.pixels(line[np.r_[: len(line) - 1 : 2, -1]]), FAINT, 0.9, dashes=dashes))
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
        parts.append(f'<path d="M{x:.1f} {bottom}v4" stroke="{INK}"/>')
        parts.append(f'<text x="{x:.1f}" y="{bottom + 17}" text-anchor="middle" {look}>{value:g}</text>')
    for value in _ticks(frame.low[1], frame.high[1]):
        (_, y), *_ = frame.pixels(np.array([[frame.low[0], value]]))
        parts.append(f'<path d="M{_LEFT} {y:.1f}h-4" stroke="{INK}"/>')
        parts.append(f'<text x="{_LEFT - 7}" y="{y + 4:.1f}" text-anchor="end" {look}>{value:g}</text>')
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
