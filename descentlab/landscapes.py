"""Recorded surfaces of trained networks with and without skip connections, and what can be measured on any surface.

The file `landscapes.json` is made by a command of its own, `scripts/record_landscapes.py` of the course's project, which trains
all networks. One of them can be trained here too: `trained`.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from descentlab import networks
from descentlab.networks import Points, Weights

# Sharpness is measured at this distance from the middle, the non-convex points up to that one; the weights' length is 1.
NEAR, AROUND = 0.25, 0.5


@dataclass(frozen=True)
class Landscape:
    """A trained network, and its training loss over the plane of two filter-normalised directions; rows are those of the first."""

    layers: int
    skip: bool
    seed: int
    train_loss: float
    test_loss: float
    test_error: float
    sharpness: float
    nonconvex: float
    pits: int
    surface: np.ndarray
    axis: np.ndarray


@dataclass(frozen=True)
class Settings:
    """All that decides what is recorded: points, networks, training, and the number of places along each direction."""

    layers: tuple[int, ...] = (6, 18, 54)
    seeds: tuple[int, ...] = tuple(range(10))
    width: int = 10
    train_points: int = 300
    test_points: int = 2000
    data_seed: int = 20210319
    lr: float = 0.02
    gamma: float = 0.9
    n_steps: int = 3000
    batch_size: int = 64
    grid: int = 41


SETTINGS = Settings()


def points(settings: Settings = SETTINGS) -> tuple[Points, Points]:
    """Return the points to train on, and those to test with: the same for all networks."""
    rng = np.random.default_rng(settings.data_seed)
    return networks.two_spirals(rng, settings.train_points), networks.two_spirals(rng, settings.test_points)


def trained(layers: int, *, skip: bool, seed: int = 0, settings: Settings = SETTINGS, nudge: float = 0.0) -> Weights:
    """Return a network's weights after training, as they were when its landscape was recorded.

    The rate is constant for the first half of the steps, and falls to zero in a straight line in the second. Each first weight is
    wrong by the share `nudge`, where one wants to see what that changes.
    """
    # A generator for each purpose: a deeper network draws more weights, and the batches should not notice.
    draw_weights, draw_batches, draw_nudge = (np.random.default_rng([seed, purpose]) for purpose in (0, 1, 3))
    start = networks.initial_weights(draw_weights, (layers - 2) // 2, settings.width, skip=skip)
    start = [array * (1 + nudge * draw_nudge.normal(size=array.shape)) for array in start]
    steps = networks.training(
        start,
        points(settings)[0],
        skip=skip,
        lr=lambda t: settings.lr * min(1.0, 2 * (1 - (t - 1) / settings.n_steps)),
        rng=draw_batches,
        batch_size=settings.batch_size,
        gamma=settings.gamma,
    )
    return next(itertools.islice(steps, settings.n_steps - 1, None))


def directions(weights: Weights, seed: int = 0) -> tuple[Weights, Weights]:
    """Return the two random directions of a recorded surface, before they are normalised."""
    rng = np.random.default_rng([seed, 2])
    return networks.random_direction(rng, weights), networks.random_direction(rng, weights)


@cache
def load() -> tuple[Landscape, ...]:
    """Return all recorded landscapes: by layers, with skip connections before without, by seed."""
    axis = grid_axis(SETTINGS.grid)
    return tuple(Landscape(**item | {"surface": np.array(item["surface"]), "axis": axis}) for item in _recorded()["networks"])


def chosen(layers: int, *, skip: bool) -> list[Landscape]:
    """Return the recorded landscapes of one kind, a network for each seed. KeyError where there are none."""
    found = [one for one in load() if one.layers == layers and one.skip == skip]
    if not found:
        raise KeyError(f"there are no landscapes of {layers} layers; there are {sorted({one.layers for one in load()})}")
    return found


def grid_axis(n: int) -> np.ndarray:
    """Return the n places along either direction at which a surface is recorded, from -1 to 1; the middle is 0 for an odd n."""
    return np.linspace(-1.0, 1.0, n)


def sharpness(surface: np.ndarray, axis: np.ndarray) -> float:
    """Return by how much the loss is higher at the distance NEAR than in the middle, on the average round the middle.

    `surface` has a row and a column for each place on `axis`, which is evenly spaced round 0.
    """
    ring = np.abs(_distance(axis) - NEAR) < (axis[1] - axis[0]) / 2
    middle = surface[len(axis) // 2, len(axis) // 2]
    return float(surface[ring].mean() - middle)


def nonconvex_share(surface: np.ndarray, axis: np.ndarray) -> float:
    """Return at which share of the points up to the distance AROUND the surface curves downwards in some direction: where the
    smaller eigenvalue of its 2 × 2 Hessian, by second differences, is below zero."""
    h = axis[1] - axis[0]
    middle = surface[1:-1, 1:-1]
    along = (surface[2:, 1:-1] - 2 * middle + surface[:-2, 1:-1]) / h**2
    across = (surface[1:-1, 2:] - 2 * middle + surface[1:-1, :-2]) / h**2
    mixed = (surface[2:, 2:] - surface[2:, :-2] - surface[:-2, 2:] + surface[:-2, :-2]) / (4 * h**2)
    smaller = (along + across) / 2 - np.hypot((along - across) / 2, mixed)
    return float((smaller < 0)[_distance(axis[1:-1]) <= AROUND].mean())


def pits(surface: np.ndarray) -> int:
    """Return how many inner points of a surface are lower than all eight round them."""
    n, m = surface.shape
    middle = surface[1:-1, 1:-1]
    steps = [(i, j) for i in (0, 1, 2) for j in (0, 1, 2) if (i, j) != (1, 1)]
    return int(np.all([middle < surface[i : n - 2 + i, j : m - 2 + j] for i, j in steps], axis=0).sum())


def recorded_settings() -> dict[str, Any]:
    """Return the settings that the file was made with: SETTINGS, or the file has to be made again."""
    return _recorded()["settings"]


def _distance(axis: np.ndarray) -> np.ndarray:
    return np.hypot(axis[:, None], axis[None, :])


@cache
def _recorded() -> dict[str, Any]:
    return json.loads((resources.files(__package__) / "landscapes.json").read_text(encoding="utf-8"))
