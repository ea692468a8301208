"""A race as frames of pixels: drawn by hand on one cached background, and saved as GIF or as MP4."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from PIL import Image

from descentlab.plots import style
from descentlab.plots.walks import _landscape

if TYPE_CHECKING:
    from descentlab.plots.animation import RaceAnimation

SIZE = (480, 360)
_DPI = 80
_HOLD = 2.0  # seconds for which the last frame stays

# A GIF has one palette of at most 256 colours. Here it is made from the colours of the lines, each in so many mixtures with the
# paper as the soft edges of a line need, and of greys. A palette that is taken from a picture merges lines of similar colour.
_MIXTURES = (1.0, 0.84, 0.68, 0.52, 0.35, 0.22, 0.1)
_GREYS = 32
_BITS = 5  # of each channel: what is looked up in the table of nearest colours


@style.styled
def stage(race: RaceAnimation) -> Figure:
    """Return the figure of a race without its runners: the landscape, the title and the legend."""
    width, height = (side / _DPI for side in SIZE)
    figure, (ax,) = style.new(width=width, height=height)
    figure.set_dpi(_DPI)
    _landscape(ax, race.objective)
    ax.set_xlim(race.frame.low[0], race.frame.high[0])
    ax.set_ylim(race.frame.low[1], race.frame.high[1])
    ax.set_title(race.title)
    look = [ax.plot([], [], **_look(runner), label=runner.label)[0] for runner in race.runners]
    if any(runner.ghost is not None for runner in race.runners):
        look += ax.plot([], [], **(style.GHOST | {"linewidth": 4.5}), label="reference")
    columns = 2 if max((len(line.get_label()) for line in look), default=0) <= 42 else 1
    figure.legend(handles=look, loc="outside lower left", ncols=columns, fontsize=8.5, handlelength=1.8, columnspacing=1.2)
    return figure


def frames(race: RaceAnimation) -> Iterator[np.ndarray]:
    """Yield the picture after each of the race's shown steps, (height, width, 3) bytes; the next one is drawn into the same array."""
    figure = stage(race)
    (ax,) = figure.axes
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    ground = canvas.copy_from_bbox(figure.bbox)
    shares = [race.frame.shares(runner.on_map) for runner in race.runners]
    ghosts = [(runner, race.frame.shares(runner.ghost_on_map)) for runner in race.runners if runner.ghost is not None]
    # In shares of the panel, not in θ: what diverges is then cut as it is in the SVG.
    clip = {"transform": ax.transAxes, "clip_path": None, "clip_box": ax.bbox, "clip_on": True}
    bands = LineCollection([], colors=[r.colour for r, _ in ghosts], linewidths=4.5, alpha=0.35, capstyle="round", **clip)
    lines = [mpl.lines.Line2D([], [], **_look(runner), **clip) for runner in race.runners]
    counter = ax.text(1.0, 1.02, "", transform=ax.transAxes, ha="right", va="bottom")
    for artist in (bands, *lines):
        artist.set_figure(figure)
    pixels = np.asarray(canvas.buffer_rgba())
    for step in race.steps:
        canvas.restore_region(ground)
        if ghosts:
            bands.set_segments([points[: step + 1] for _, points in ghosts])
            ax.draw_artist(bands)
        for line, points in zip(lines, shares, strict=True):
            shown = points[: step + 1]
            line.set_data(shown[:, 0], shown[:, 1])
            line.set_markevery([len(shown) - 1] if len(shown) else None)
            ax.draw_artist(line)
        counter.set_text(f"step {step} of {race.n_steps}")
        ax.draw_artist(counter)
        yield pixels[..., :3]


def save_gif(race: RaceAnimation, path: Path) -> None:
    palette, table = _palette([runner.colour for runner in race.runners])
    pictures = []
    for pixels in frames(race):
        key = pixels.astype(np.uint16) >> (8 - _BITS)
        index = table[(key[..., 0] << 2 * _BITS) | (key[..., 1] << _BITS) | key[..., 2]]
        picture = Image.fromarray(index)
        picture.putpalette(palette)
        pictures.append(picture)
    duration = [max(20, round(100 * race.seconds / len(pictures)) * 10)] * len(pictures)
    duration[-1] += int(1000 * _HOLD)
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=duration, loop=0, optimize=False, disposal=1)


def _palette(colours: Sequence[str]) -> tuple[bytes, np.ndarray]:
    own = {colour: np.array(mpl.colors.to_rgb(colour)) for colour in dict.fromkeys(colours)}
    rows = [np.linspace(0, 1, _GREYS)[:, np.newaxis] * np.ones(3)]
    rows += [np.array([share * rgb + (1 - share) for share in _MIXTURES]) for rgb in own.values()]
    palette = np.unique(np.round(255 * np.concatenate(rows)).astype(np.uint8), axis=0)
    side = np.arange(2**_BITS, dtype=np.float32) * 255 / (2**_BITS - 1)
    cube = np.stack(np.meshgrid(side, side, side, indexing="ij"), axis=-1).reshape(-1, 3)
    distance = ((cube[:, np.newaxis] - palette[np.newaxis].astype(np.float32)) ** 2).sum(axis=2)
    table = distance.argmin(axis=1).astype(np.uint8)
    return palette.tobytes(), table


def _look(runner: Any) -> dict[str, Any]:
    return {"color": runner.colour, "linewidth": 1.6, "marker": runner.marker, "markersize": 5.5, "markeredgecolor": "white", "markeredgewidth": 0.6}
