"""Train networks with and without skip connections, and record their loss surfaces for section 5 and its figures.

Run it from the project's root, where the course is installed:

    .venv/bin/python scripts/record_landscapes.py            write descentlab/landscapes.json, in some three minutes
    .venv/bin/python scripts/record_landscapes.py --compare  train again, write nothing, say how far the file is from it

It is an author's tool: no part of the build, of continuous integration or of what students get. The recorded file is.

Every network of one seed gets the same points to train on, the same random numbers for its first weights, its mini-batches and
its two directions, and the same number of steps; only the depth and the skip connections differ.

Running it again gives the same numbers within TOLERANCE, on another computer too. There sums are rounded in another order, and
training would make such a difference grow until the networks end in other minima; so `networks.training` rounds each gradient to
twelve binary digits, which both computers agree on. `--nudge 1e-15` shows it: each first weight is off by that share then, and
the numbers must stay.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy is loaded: a second thread sums in another order

import numpy as np

from descentlab import landscapes, networks
from descentlab.landscapes import Settings
from reference_impl.s05_loss_landscape import filter_normalize, loss_surface

OUT = Path(__file__).resolve().parents[1] / "descentlab" / "landscapes.json"
DIGITS = 4
# What rounding to four digits costs: a share of the larger number, or of 1 where both are smaller.
TOLERANCE = 1e-3
COMPARED = ("train_loss", "test_loss", "test_error", "sharpness", "nonconvex", "pits")


def record(settings: Settings, *, nudge: float = 0.0, tell: Callable[[str], None] = print) -> list[dict]:
    """Train every network of the settings and return what is recorded of each; `tell` gets a line for each of them."""
    found, begun = [], time.monotonic()
    runs = list(itertools.product(settings.layers, (True, False), settings.seeds))
    for number, (layers, skip, seed) in enumerate(runs, start=1):
        found.append(one_network(settings, layers, skip, seed, nudge=nudge))
        words = ", ".join(f"{name} {found[-1][name]:.4g}" for name in COMPARED)
        kind = "with" if skip else "without"
        seconds = time.monotonic() - begun
        tell(f"{number:3d} of {len(runs)}, {seconds:4.0f} s: {layers} layers {kind} skip connections, seed {seed}: {words}")
    return found


def one_network(settings: Settings, layers: int, skip: bool, seed: int, *, nudge: float = 0.0) -> dict:
    """Train one network and return what is recorded of it."""
    train, test = landscapes.points(settings)
    weights = landscapes.trained(layers, skip=skip, seed=seed, settings=settings, nudge=nudge)
    d1, d2 = (filter_normalize(direction, weights) for direction in landscapes.directions(weights, seed))
    axis = landscapes.grid_axis(settings.grid)
    heights = loss_surface(partial(networks.loss, points=train, skip=skip), weights, d1, d2, axis, axis)
    # Rounded before it is measured: whoever reads the file must find the same pits in it.
    surface = np.array([[rounded(value) for value in row] for row in heights])
    return {
        "layers": layers,
        "skip": skip,
        "seed": seed,
        "train_loss": rounded(networks.loss(weights, train, skip=skip)),
        "test_loss": rounded(networks.loss(weights, test, skip=skip)),
        "test_error": rounded(networks.error(weights, test, skip=skip)),
        "sharpness": rounded(landscapes.sharpness(surface, axis)),
        "nonconvex": rounded(landscapes.nonconvex_share(surface, axis)),
        "pits": landscapes.pits(surface),
        "surface": surface.tolist(),
    }


def rounded(value: float) -> float:
    """Return a number with as many digits as are recorded."""
    return float(f"{value:.{DIGITS}g}")


def as_text(settings: Settings, found: list[dict]) -> str:
    """Return the file's text: a line for each row of a surface, so that a change of it can be read."""
    head = json.dumps({"made_by": "scripts/record_landscapes.py", "settings": asdict(settings)})[:-1]
    items = []
    for item in found:
        facts = json.dumps({key: value for key, value in item.items() if key != "surface"})[:-1]
        rows = ",\n".join(json.dumps(row, separators=(",", ":")) for row in item["surface"])
        items.append(f'{facts}, "surface": [\n{rows}]}}')
    return f'{head},\n "networks": [\n' + ",\n".join(items) + "]}\n"


def differences(one: list[dict], two: list[dict]) -> dict[str, float]:
    """Return for each measure, and for the surfaces, by how much two recordings differ at most, as a share of 1 or of the larger
    number, whichever is more."""
    worst = {}
    for name in (*COMPARED, "surface"):
        pairs = [(np.array(a[name], dtype=float), np.array(b[name], dtype=float)) for a, b in zip(one, two, strict=True)]
        worst[name] = max(float(np.max(np.abs(a - b) / np.maximum(1, np.maximum(np.abs(a), np.abs(b))))) for a, b in pairs)
    return worst


def summary(found: list[dict]) -> str:
    """Return the means over the seeds as a table."""
    lines = ["layers  skip     train loss  test loss  test error  sharpness  non-convex  pits"]
    for layers, skip in sorted({(item["layers"], item["skip"]) for item in found}, key=lambda kind: (kind[0], not kind[1])):
        kind = [item for item in found if (item["layers"], item["skip"]) == (layers, skip)]
        means = [np.mean([item[name] for item in kind]) for name in COMPARED]
        form = "{:6d}  {:7}  {:10.4f}  {:9.4f}  {:9.2%}   {:9.4f}  {:9.1%}   {:4.1f}"
        lines.append(form.format(layers, "with" if skip else "without", *means))
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compare", action="store_true", help="write nothing; say how far the recorded file is from this run")
    parser.add_argument("--nudge", type=float, default=0.0, help="make each first weight wrong by this share; implies --compare")
    parser.add_argument("--lr", type=float, default=Settings.lr, help="another learning rate; prints the table and writes nothing")
    parser.add_argument("--layers", type=int, nargs="+", help="other depths, even numbers; prints the table and writes nothing")
    chosen = parser.parse_args()
    settings = Settings(lr=chosen.lr, **({"layers": tuple(chosen.layers)} if chosen.layers else {}))
    found = record(settings, nudge=chosen.nudge, tell=partial(print, flush=True))
    print(summary(found))
    if settings != Settings():
        return 0
    if chosen.compare or chosen.nudge:
        worst = differences(json.loads(OUT.read_text(encoding="utf-8"))["networks"], found)
        print("largest differences: " + ", ".join(f"{name} {value:.2g}" for name, value in worst.items()))
        return int(max(worst.values()) > TOLERANCE)
    OUT.write_text(as_text(settings, found), encoding="utf-8")
    print(f"written: {OUT.name}, {OUT.stat().st_size / 1024:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
