"""The recorded landscapes: the measures on surfaces that are known, the file's format, and that its numbers come out again."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from descentlab import landscapes, networks

ROOT = Path(__file__).resolve().parents[1]
AXIS = landscapes.grid_axis(41)
ALPHAS, BETAS = np.meshgrid(AXIS, AXIS, indexing="ij")
TINY = landscapes.Settings(
    layers=(4,), seeds=(0, 1), width=4, train_points=40, test_points=60, n_steps=30, batch_size=20, grid=9
)  # fmt: skip


@pytest.fixture(scope="module")
def script():
    path = ROOT / "scripts" / "record_landscapes.py"
    spec = importlib.util.spec_from_file_location("record_landscapes", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# Measures ---------------------------------------------------------------------------------------------------------------------


def test_sharpness_is_the_rise_at_a_quarter():
    bowl = 3 + ALPHAS**2 + BETAS**2
    # The ring of grid points is as wide as the grid is fine, so the mean of r² is near 1/16 and not equal to it.
    assert landscapes.sharpness(bowl, AXIS) == pytest.approx(1 / 16, rel=0.1)
    assert landscapes.sharpness(5 * bowl, AXIS) == pytest.approx(5 * landscapes.sharpness(bowl, AXIS))
    assert landscapes.sharpness(0 * bowl + 7, AXIS) == 0
    assert landscapes.sharpness(-bowl, AXIS) < 0


@pytest.mark.parametrize(
    ("surface", "share"),
    [
        (ALPHAS**2 + BETAS**2, 0.0),
        (ALPHAS**2 + 3 * ALPHAS * BETAS + BETAS**2, 1.0),  # convex along both axes, and a saddle all the same
        (ALPHAS**2 - 0.1 * BETAS**2, 1.0),
        (-(ALPHAS**2) - BETAS**2, 1.0),
    ],
    ids=["a bowl", "a tilted saddle", "a saddle", "a hill"],
)
def test_the_share_that_is_not_convex(surface, share):
    assert landscapes.nonconvex_share(surface, AXIS) == share


def test_only_the_points_round_the_middle_count():
    # -sin curves downwards for α > 0 and upwards for α < 0; far out is a hill that must not be seen.
    surface = np.sin(-ALPHAS) + 10 * BETAS**2
    surface[np.hypot(ALPHAS, BETAS) > 0.6] -= 50
    share = landscapes.nonconvex_share(surface, AXIS)
    assert 0.4 < share < 0.6


def test_pits_are_counted_inside_and_only_where_all_eight_neighbours_are_higher():
    surface = np.ones((6, 7))
    assert landscapes.pits(surface) == 0
    surface[2, 2] = surface[4, 5] = 0.5
    assert landscapes.pits(surface) == 2
    surface[3, 3] = 0.4  # a neighbour of the first
    assert landscapes.pits(surface) == 2
    surface[0, 0] = surface[5, 3] = -1.0  # on the edge
    assert landscapes.pits(surface) == 2


# The file ---------------------------------------------------------------------------------------------------------------------


def test_the_file_is_of_the_settings_that_the_package_has():
    assert landscapes.recorded_settings() == json.loads(json.dumps(dataclasses.asdict(landscapes.SETTINGS)))


def test_every_network_of_the_settings_is_recorded_once_and_whole():
    kinds = [(one.layers, one.skip, one.seed) for one in landscapes.load()]
    wanted = landscapes.SETTINGS
    assert kinds == [(n, skip, seed) for n in wanted.layers for skip in (True, False) for seed in wanted.seeds]
    for one in landscapes.load():
        assert one.surface.shape == (wanted.grid, wanted.grid) == (len(one.axis),) * 2
        assert np.all(np.isfinite(one.surface))
        assert np.all(one.surface > 0)
        # Training was on these points, and the middle of the map is the trained network.
        assert one.surface[wanted.grid // 2, wanted.grid // 2] == one.train_loss
        assert 0 <= one.test_error <= 0.6


def test_the_file_is_small_and_rounded():
    path = ROOT / "descentlab" / "landscapes.json"
    assert path.stat().st_size < 1_000_000
    for one in landscapes.load():
        assert all(value == float(f"{value:.4g}") for value in one.surface.flat)


def test_the_recorded_measures_are_those_of_the_recorded_surfaces():
    for one in landscapes.load():
        measured = landscapes.sharpness(one.surface, one.axis), landscapes.nonconvex_share(one.surface, one.axis)
        assert measured == pytest.approx((one.sharpness, one.nonconvex), rel=1e-3)
        assert landscapes.pits(one.surface) == one.pits


def test_networks_that_are_not_there_are_said_to_be_missing():
    with pytest.raises(KeyError, match="there are no landscapes of 7 layers"):
        landscapes.chosen(7, skip=True)


def test_a_recorded_network_trained_again_is_the_recorded_one():
    """The shallowest, which takes a second; the script's --compare does all."""
    train, test = landscapes.points()
    for one in (landscapes.chosen(6, skip=skip)[0] for skip in (True, False)):
        weights = landscapes.trained(6, skip=one.skip)
        assert networks.loss(weights, train, skip=one.skip) == pytest.approx(one.train_loss, rel=1e-3)
        assert networks.loss(weights, test, skip=one.skip) == pytest.approx(one.test_loss, rel=1e-3)
        assert networks.error(weights, test, skip=one.skip) == pytest.approx(one.test_error, abs=1e-3)


# The script -------------------------------------------------------------------------------------------------------------------


def test_the_script_gives_the_same_numbers_again_and_a_rounding_error_changes_none(script):
    told = []
    found = script.record(TINY, tell=told.append)
    assert len(found) == len(told) == 4
    assert told[0].startswith("  1 of 4,")
    again = script.record(TINY, tell=lambda words: None)
    assert script.as_text(TINY, again) == script.as_text(TINY, found)
    nudged = script.record(TINY, nudge=1e-15, tell=lambda words: None)
    assert max(script.differences(found, nudged).values()) <= script.TOLERANCE
    # That is not because nothing could change: another seed is another network.
    other = script.record(dataclasses.replace(TINY, seeds=(2, 3)), tell=lambda words: None)
    assert max(script.differences(found, other).values()) > 10 * script.TOLERANCE


def test_what_the_script_writes_reads_back_as_what_it_found(script):
    found = script.record(TINY, tell=lambda words: None)
    read = json.loads(script.as_text(TINY, found))
    assert read["settings"] == json.loads(json.dumps(dataclasses.asdict(TINY)))
    assert read["networks"] == found
    assert set(found[0]) == {field.name for field in dataclasses.fields(landscapes.Landscape)} - {"axis"}


def test_the_summary_has_a_line_for_each_kind_with_the_means_over_the_seeds(script):
    found = script.record(TINY, tell=lambda words: None)
    _, first, second = script.summary(found).splitlines()
    assert (first.split()[:2], second.split()[:2]) == (["4", "with"], ["4", "without"])
    assert float(first.split()[2]) == pytest.approx(np.mean([item["train_loss"] for item in found if item["skip"]]), abs=1e-4)
