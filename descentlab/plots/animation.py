"""A race of methods on one landscape, driven by the paths that a student's own functions made: to play, and to save as a file."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from descentlab import objectives, svg
from descentlab.objectives import Objective
from descentlab.plots import player, raster, style
from descentlab.plots.guard import NOT_WRITTEN, Failed, attempt, tried
from descentlab.plots.walks import made_with, outcome, path_shape
from descentlab.recordings import Ghost

# All methods of a race together take milliseconds. What takes longer than this is stopped, and the others go on.
LIMIT = 10.0

Paths = Mapping[str, Any] | Callable[[], Mapping[str, Any] | None]


@dataclass(frozen=True)
class Runner:
    """One method in a race: its points as far as they lie near the map, those of the reference, its look, and how it ended."""

    name: str
    path: np.ndarray | None  # None where the method left no path
    ghost: np.ndarray | None
    colour: str
    mark: str
    words: str

    @property
    def label(self) -> str:
        """What the legend says, on one line of it."""
        return textwrap.shorten(f"{self.name}: {self.words}", 80, placeholder=" …")


class RaceAnimation:
    """A race that is ready to be shown: a notebook plays it, `save` writes it to a file, `words` tells it.

    It holds the paths as they were when it was made. Without scripts, and without a kernel, it is a picture of the whole paths.
    """

    def __init__(self, objective: Objective, runners: list[Runner], *, title: str, ghosts_at: str, seconds: float, frames: int):
        self.objective, self.runners, self.title, self.seconds = objective, runners, title, seconds
        self._ghosts_at = ghosts_at
        self.frame = svg.Frame.of(objective)
        lengths = [len(path) for runner in runners for path in (runner.path, runner.ghost) if path is not None]
        self.n_steps = max(lengths, default=1) - 1
        # A long race leaves out steps: a frame for each of them would make a long film, or one too quick to follow.
        self.steps = np.unique(np.linspace(0, self.n_steps, min(frames, self.n_steps + 1)).round().astype(int)).tolist()

    @property
    def ghost_words(self) -> str:
        """What the legend says of the pale bands; "" where there are none."""
        if all(runner.ghost is None for runner in self.runners):
            return ""
        return f"reference at {self._ghosts_at}" if self._ghosts_at else "reference"

    @property
    def words(self) -> str:
        """The race told in a sentence, for those who can't see it."""
        told = "; ".join(f"{runner.name}, {runner.words}" for runner in self.runners)
        return f"{self.title or 'A race'}, {self.n_steps} steps: {told or 'nobody runs'}."

    def numbers(self) -> list[list[str]]:
        """Return the race as a table: a head, then a row for each method with J at five steps, its last point and how it ended."""
        steps = sorted({round(self.n_steps * share / 4) for share in range(5)})
        rows = [["method", *(f"J at t = {step}" for step in steps), "last θ", "how it ended"]]
        for runner in self.runners:
            path = np.zeros(0) if runner.path is None else runner.path
            with np.errstate(all="ignore"):
                heights = [f"{float(self.objective.value(path[step])):.4g}" if step < len(path) else "–" for step in steps]
            last = ", ".join(f"{value:.4g}" for value in np.atleast_1d(path[-1])) if len(path) else "–"
            rows.append([runner.name, *heights, last, runner.words])
        return rows

    def save(self, path: str | Path) -> Path:
        """Write the race to a file, in the form that the ending of its name says, and return its path.

        .gif and .mp4 are films of 480 × 360 pixels, .html is a page with the player, .svg the picture of the whole paths. An MP4
        is made by the program ffmpeg: FileNotFoundError where it isn't installed. ValueError for another ending.
        """
        path = Path(path)
        if path.suffix not in _FORMS:
            raise ValueError(f"{path.name}: a race is saved as one of {', '.join(_FORMS)}")
        _FORMS[path.suffix](self, path)
        return path

    def _repr_html_(self) -> str:
        return player.html(self)

    def _repr_svg_(self) -> str:
        return player.paper(self)

    def __repr__(self) -> str:
        return f"<{self.words}>"


def race_animation(
    objective: str,
    paths: Paths,
    *,
    ghosts: Mapping[str, Ghost] | None = None,
    title: str = "",
    seconds: float = 6.0,
    frames: int = 120,
) -> RaceAnimation:
    """Let named paths race over the landscape of a named objective of one or two parameters.

    `paths` maps the name of each method to all its points, shape (n + 1,) or (n + 1, 2), or to a function without arguments that
    returns them; or it is a function that returns such a mapping. What raises, returns something else or isn't written yet stands
    in the legend with its words, and the others race. A path may be shorter than the others, diverge, or hold NaN: its line ends
    where it leaves the map for good. `ghosts` maps names to recorded runs, which run along as pale bands in the same colours.

    The race lasts `seconds` as played and as saved; a saved film has at most `frames` frames; ValueError unless there are more than
    no seconds and two frames or more, KeyError where there is no such objective. `plots.race` shows the same paths
    with their losses as a still figure.

    A race of all methods, from the steppers of section 14 and with its recordings as ghosts:

        plots.race_animation(
            "beale",
            lambda: race(steppers, beale.gradient, beale.start, n_steps=200),
            ghosts={name: recordings.ghost(f"s14_visualization/beale, {name}") for name in steppers},
            title="Seven methods on Beale's function",
        )

    and the same with "saddle" in the place of "beale". As the last value of a cell it is a player; `.save("beale.gif")` writes
    the film.
    """
    if seconds <= 0 or frames < 2:
        raise ValueError("a race takes more than no time, and has two frames at least")
    chosen = objectives.get(objective)
    ghosts = ghosts or {}
    found = tried(paths, seconds=LIMIT) if callable(paths) else paths
    if not isinstance(found, (Mapping, Failed)):
        found = Failed(f"returns {type(found).__name__}, not a dict of paths")
    names = [*found, *(name for name in ghosts if name not in found)] if isinstance(found, Mapping) else [*ghosts] or ["the race"]
    palette = style.colours(map(str, names))
    runners = []
    for name in names:
        made = found if isinstance(found, Failed) else _path(found.get(name), chosen)
        path, words = (None, made.line) if isinstance(made, Failed) else (made, outcome(chosen, made))
        recorded = ghosts.get(name)
        runners.append(
            Runner(
                name=str(name),
                path=None if path is None else _near_the_map(chosen, path),
                ghost=None if recorded is None else _near_the_map(chosen, recorded.path),
                colour=palette[str(name)],
                mark=style.mark(palette[str(name)]),
                words=words,
            )
        )
    elsewhere = next((made_with(ghost) for ghost in ghosts.values() if not ghost.exact), "")
    return RaceAnimation(chosen, runners, title=title, ghosts_at=elsewhere, seconds=seconds, frames=frames)


def _path(given: Any, objective: Objective) -> np.ndarray | Failed:
    if given is None:
        return Failed(NOT_WRITTEN)
    return attempt(given if callable(given) else lambda: given, shape=path_shape(objective), seconds=LIMIT)


def _near_the_map(objective: Objective, path: np.ndarray) -> np.ndarray:
    """Return a path up to its first point that lies far off the map; up to the one before where that is no number."""
    points = path.reshape(len(path), -1)
    low, high = np.array(objective.box).T
    with np.errstate(all="ignore"):
        finite = np.isfinite(points).all(axis=1)
        far = ~finite | (np.abs(points - (low + high) / 2) > 3 * (high - low)).any(axis=1)
    if not far.any():
        return path
    first = int(np.argmax(far))
    return path[: first + int(finite[first])]


_FORMS: dict[str, Callable[[RaceAnimation, Path], None]] = {
    ".gif": raster.save_gif,
    ".mp4": raster.save_mp4,
    ".html": player.save_html,
    ".svg": player.save_svg,
}
