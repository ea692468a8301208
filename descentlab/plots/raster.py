"""A race as frames of pixels: drawn by hand on one cached background, and saved as GIF or as MP4."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from PIL import Image

from descentlab import svg
from descentlab.plots import style
from descentlab.plots.walks import _landscape

if TYPE_CHECKING:
    from descentlab.plots.animation import RaceAnimation, Runner

WIDTH, HEIGHT = 480, 360
BAND = {"linewidth": 4.5, "alpha": 0.35}  # of a ghost
HOLD = 2.0  # seconds for which the last frame stays
_DPI = 80
_ACROSS = 42  # letters of a legend's entry that still leave room for a second one beside it

# A GIF has at most 256 colours. They are made from those of the lines, each mixed with the paper as the soft edges of a line and
# its pale band need it, and of greys. A palette that is taken from one frame merges lines whose colours are near each other.
_SHARES = (1.0, 0.84, 0.68, 0.52, 0.35, 0.22, 0.1)
_GREYS = 32
_CLEAR = np.uint8(0)  # the colour that means: as before
_BITS = 5  # of each channel, for which the nearest colour stands in a table


def frames(race: RaceAnimation) -> Iterator[np.ndarray]:
    """Yield the picture after each of the race's shown steps as bytes of shape (HEIGHT, WIDTH, 4), red, green, blue
    and an opacity that is full everywhere, all in one and the same array."""
    figure = stage(race)
    (ax,) = figure.axes
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    background = canvas.copy_from_bbox(figure.bbox)
    # In shares of the panel, not in θ: what lies far off the map is cut as it is in the SVG.
    panel = {"transform": ax.transAxes, "clip_box": ax.bbox, "clip_on": True, "figure": figure}
    paths = [(runner, _shares(race, runner.path)) for runner in race.runners if runner.path is not None]
    lines = [(Line2D([], [], **look(runner), **panel), points) for runner, points in paths]
    ghosts = [(runner.colour, _shares(race, runner.ghost)) for runner in race.runners if runner.ghost is not None]
    bands = LineCollection([], colors=[colour for colour, _ in ghosts], capstyle="round", **BAND, **panel)
    counter = ax.text(1.0, 1.02, "", transform=ax.transAxes, ha="right", va="bottom", fontsize=10.5)
    pixels = np.asarray(canvas.buffer_rgba())
    for step in race.steps:
        canvas.restore_region(background)
        bands.set_segments([points[: step + 1] for _, points in ghosts])
        ax.draw_artist(bands)
        for line, points in lines:
            shown = points[: step + 1]
            line.set_data(*shown.T)
            line.set_markevery([len(shown) - 1] if len(shown) else [])
            ax.draw_artist(line)
        counter.set_text(f"step {step} of {race.n_steps}")
        ax.draw_artist(counter)
        yield pixels


def save_gif(race: RaceAnimation, path: Path) -> None:
    """Write the film as a GIF that begins again at its end."""
    palette, nearest = _palette([runner.colour for runner in race.runners])
    pictures, before = [], np.zeros((HEIGHT, WIDTH), dtype=np.uint32)
    for pixels in frames(race):
        # A pixel as one number; those that are as before stay transparent, which saves four fifths of the bytes.
        now = pixels.view(np.uint32)[..., 0].copy()
        changed = now != before
        picture = np.full(now.shape, _CLEAR)
        red, green, blue = (pixels[changed].T >> (8 - _BITS)).astype(np.intp)[:3]
        picture[changed] = nearest[(red << (2 * _BITS)) | (green << _BITS) | blue]
        pictures.append(Image.fromarray(picture))
        pictures[-1].putpalette(palette)
        before = now
    # The format counts in hundredths of a second; browsers slow down what is quicker than two of them.
    durations = [max(20, 10 * round(100 * race.seconds / len(pictures)))] * len(pictures)
    durations[-1] += round(1000 * HOLD)
    look = {"duration": durations, "loop": 0, "transparency": int(_CLEAR), "disposal": 1, "optimize": False}
    pictures[0].save(path, save_all=True, append_images=pictures[1:], **look)


def save_mp4(race: RaceAnimation, path: Path) -> None:
    """Write the film as an MP4. FileNotFoundError where there is no ffmpeg, RuntimeError with its words where it fails."""
    program = shutil.which(mpl.rcParams["animation.ffmpeg_path"])
    if program is None:
        raise FileNotFoundError("an MP4 is made by the program ffmpeg, which isn't installed here: save a .gif or .html instead")
    rate = len(race.steps) / race.seconds
    command = [program, "-y", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgba", "-s", f"{WIDTH}x{HEIGHT}"]
    command += ["-r", f"{rate:g}", "-i", "-", "-an", "-pix_fmt", "yuv420p", "-movflags", "+faststart", str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as encoder:
        # An encoder that gives up closes its end; why, stands in what it says.
        with contextlib.suppress(BrokenPipeError):
            for pixels in frames(race):
                encoder.stdin.write(pixels)
            for _ in range(round(HOLD * rate)):
                encoder.stdin.write(pixels)
        with contextlib.suppress(BrokenPipeError):
            encoder.stdin.close()
        said = encoder.stderr.read().decode(errors="replace").strip()
    if encoder.returncode:
        raise RuntimeError(f"ffmpeg could not write {path.name}: {said}")


@style.styled
def stage(race: RaceAnimation) -> Figure:
    """Return the figure before the start: landscape, title and legend."""
    figure = Figure(figsize=(WIDTH / _DPI, HEIGHT / _DPI), dpi=_DPI, layout="constrained")
    ax = figure.subplots()
    _landscape(ax, race.objective)
    ax.set(xlim=(race.frame.low[0], race.frame.high[0]), ylim=(race.frame.low[1], race.frame.high[1]))
    ax.set_title(race.title)
    entries = [(Line2D([], [], **look(runner)), runner.label) for runner in race.runners]
    if words := race.ghost_words:
        entries.append((Line2D([], [], **(style.GHOST | BAND)), words))
    if entries:
        columns = 2 if max(len(label) for _, label in entries) <= _ACROSS else 1
        legend = figure.legend(
            *zip(*entries, strict=True), loc="outside lower left", ncols=columns, fontsize=8.5, columnspacing=1.2
        )
        for text in legend.get_texts():
            text.set_parse_math(False)  # a name, or the words of an error, is no formula
    return figure


def look(runner: Runner) -> dict[str, Any]:
    """Return how a runner's line and its mark are drawn."""
    mark = {"marker": runner.mark, "markersize": 6.5, "markeredgecolor": "white", "markeredgewidth": 0.6}
    return {"color": runner.colour, "linewidth": 1.6, **mark}


def _shares(race: RaceAnimation, path: np.ndarray) -> np.ndarray:
    return race.frame.shares(svg.on_map(race.objective, path))


def _palette(colours: Sequence[str]) -> tuple[bytes, np.ndarray]:
    """Return a palette for lines of these colours, and for each colour of _BITS bits a channel the number of its nearest one."""
    own = np.array([mpl.colors.to_rgb(colour) for colour in dict.fromkeys(colours)]).reshape(-1, 1, 3)
    shares = np.array(_SHARES)[:, np.newaxis]
    mixed = np.concatenate([(shares * own + 1 - shares).reshape(-1, 3), np.linspace(0, 1, _GREYS)[:, np.newaxis] * np.ones(3)])
    palette = np.unique(np.round(255 * mixed).astype(np.uint8), axis=0)
    palette = np.concatenate([[[255, 0, 255]], palette]).astype(np.uint8)
    side = np.linspace(0, 255, 2**_BITS, dtype=np.float32)
    cube = np.stack(np.meshgrid(side, side, side, indexing="ij"), axis=-1).reshape(-1, 1, 3)
    nearest = np.concatenate([((part - palette[1:]) ** 2).sum(axis=2).argmin(axis=1) + 1 for part in np.array_split(cube, 16)])
    # A line's own colour is kept exactly, whatever else is near the middle of its cell.
    for rgb in np.round(255 * own).astype(np.uint8).reshape(-1, 3):
        red, green, blue = (rgb.astype(int) >> (8 - _BITS)).tolist()
        nearest[(red << (2 * _BITS)) | (green << _BITS) | blue] = np.flatnonzero((palette == rgb).all(axis=1))[-1]
    return palette.tobytes(), nearest.astype(np.uint8)
