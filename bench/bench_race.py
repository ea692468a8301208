"""What the film of a race costs: the kit's own frames against matplotlib's FuncAnimation, the same race, in the same run.

Both save seven runners with their ghosts, 120 frames of 480 × 360 pixels, as a GIF. Each is measured a few times in turn, and its
quickest is printed: what else the machine does comes on top. Where there is ffmpeg, both save an MP4 too.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.animation import FFMpegWriter, FuncAnimation, PillowWriter
from matplotlib.backends.backend_agg import FigureCanvasAgg

from descentlab import objectives, plots, svg
from descentlab.plots import raster
from descentlab.plots.animation import RaceAnimation
from descentlab.recordings import Ghost
from reference_impl.s06_momentum import momentum_descent

FRAMES = 120
MEMORIES = (0.0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95)


def main() -> None:
    """Measure and print two lines for each form, and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured (default 3)")
    options = parser.parse_args()
    race = seven()
    writers = {".gif": PillowWriter}
    if shutil.which(mpl.rcParams["animation.ffmpeg_path"]):
        writers[".mp4"] = FFMpegWriter
    print(f"{'form':5s} {'by':11s} {'wall, s':>8s} {'cpu, s':>8s} {'kB':>7s}   {FRAMES} frames, seven runners")
    with tempfile.TemporaryDirectory() as scratch:
        for form, writer in writers.items():
            ours, theirs = Path(scratch) / f"kit{form}", Path(scratch) / f"matplotlib{form}"
            kit, stock = quickest(
                options.rounds, lambda to=ours: race.save(to), lambda to=theirs, by=writer: stock_save(race, to, by)
            )
            for name, (wall, cpu), path in (("kit", kit, ours), ("matplotlib", stock, theirs)):
                print(f"{form[1:]:5s} {name:11s} {wall:8.2f} {cpu:8.2f} {path.stat().st_size / 1000:7.0f}")
            print(f"{form[1:]:5s} {'ratio':11s} {stock[0] / kit[0]:8.1f} {stock[1] / kit[1]:8.1f}", flush=True)


def seven() -> RaceAnimation:
    """Return a race of momentum with seven memories in the ravine."""
    ravine = objectives.get("ravine")
    paths = {f"γ = {g:g}": momentum_descent(ravine.gradient, ravine.start, lambda t: 0.02, FRAMES - 1, g) for g in MEMORIES}
    return plots.race_animation(
        "ravine", paths, ghosts={name: Ghost(path, {}, True) for name, path in paths.items()}, title="Seven memories", frames=FRAMES
    )


def stock_save(race: RaceAnimation, path: Path, writer: type) -> None:
    """Save the same film as matplotlib's manual shows it: one function that moves the lines, and a writer."""
    figure = raster.stage(race)
    FigureCanvasAgg(figure).draw()
    # Laid out once, as by hand: to lay it out anew for each frame would make it slower still.
    figure.set_layout_engine("none")
    (ax,) = figure.axes
    paths = [svg.on_map(race.objective, runner.path) for runner in race.runners]
    bands = [ax.plot([], [], color=runner.colour, **raster.BAND)[0] for runner in race.runners]
    lines = [ax.plot([], [], **raster.look(runner))[0] for runner in race.runners]
    counter = ax.text(1.0, 1.02, "", transform=ax.transAxes, ha="right", va="bottom")

    def draw(step: int) -> list:
        for points, band, line in zip(paths, bands, lines, strict=True):
            band.set_data(*points[: step + 1].T)
            line.set_data(*points[: step + 1].T)
            line.set_markevery([step])
        counter.set_text(f"step {step} of {race.n_steps}")
        return [*bands, *lines, counter]

    FuncAnimation(figure, draw, frames=race.steps).save(path, writer=writer(fps=round(FRAMES / race.seconds)), dpi=figure.dpi)


def quickest(rounds: int, *ways: Callable[[], object]) -> list[np.ndarray]:
    """Return the shortest wall and cpu time of each way in seconds, its programs' with it; they are measured in turn."""
    seconds = np.full((rounds, len(ways), 2), np.nan)
    for number in range(rounds):
        for place, way in enumerate(ways):
            start = clocks()
            way()
            seconds[number, place] = clocks() - start
    return list(seconds.min(axis=0))


def clocks() -> np.ndarray:
    """Return the time on the wall and on the processors, in seconds."""
    return np.array([time.perf_counter(), sum(os.times()[:4])])


if __name__ == "__main__":
    main()
