"""Section 5: what its functions are known to give, and that the numbers in its prose are those of the record."""

from __future__ import annotations

from functools import cache, partial
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from descentlab import landscapes, networks
from grader_tests._draws import with_spectrum
from reference_impl.s05_loss_landscape import classify_critical_point, escape_directions, filter_normalize, loss_surface

SOURCE = Path(__file__).resolve().parents[1] / "lectures" / "source" / "s05_loss_landscape.py"


@cache
def prose() -> str:
    """The section's text on one line, so that a sentence is found wherever its lines are broken."""
    text = " ".join(line.removeprefix("#") for line in SOURCE.read_text(encoding="utf-8").splitlines())
    return " ".join(text.split())


# Critical points --------------------------------------------------------------------------------------------------------------

signs = st.lists(st.sampled_from([-1, 0, 1]), min_size=1, max_size=5)


@given(signs, st.integers(0, 100))
def test_the_kind_is_that_of_the_signs_in_every_basis(signs, seed):
    rng = np.random.default_rng(seed)
    matrix = with_spectrum(rng, np.array([sign * rng.uniform(0.5, 2.0) for sign in signs]))
    kind = classify_critical_point(matrix)
    if {-1, 1} <= set(signs):
        assert kind == "saddle"
    elif 0 in signs:
        assert kind == "degenerate"
    else:
        assert kind == ("minimum" if signs[0] > 0 else "maximum")


@given(signs, st.integers(0, 100))
def test_the_ways_out_are_orthonormal_and_lead_down_by_their_eigenvalues(signs, seed):
    rng = np.random.default_rng(seed)
    matrix = with_spectrum(rng, np.array([sign * rng.uniform(0.5, 2.0) for sign in signs]))
    columns = escape_directions(matrix)
    assert columns.shape == (len(signs), signs.count(-1))
    np.testing.assert_allclose(columns.T @ columns, np.eye(signs.count(-1)), atol=1e-12)
    assert np.all(np.linalg.eigvalsh(columns.T @ matrix @ columns) < -0.49)


@pytest.mark.parametrize("skip", [True, False], ids=["with", "without"])
def test_the_network_of_zeros_is_a_saddle_with_skip_connections_and_degenerate_without(skip):
    points = networks.two_spirals(np.random.default_rng(1), 200)
    silent = [np.zeros_like(array) for array in networks.initial_weights(np.random.default_rng(2), 1, 6, skip=skip)]
    assert networks.loss(silent, points, skip=skip) == pytest.approx(np.log(2))
    assert np.abs(networks.flat(networks.gradient(silent, points, skip=skip))).max() < 1e-15
    eigenvalues = np.linalg.eigvalsh(networks.hessian(silent, points, skip=skip))
    counts = [int(np.sum(which)) for which in (eigenvalues < -1e-6, eigenvalues > 1e-6, np.abs(eigenvalues) <= 1e-6)]
    assert counts == ([6, 7, 96] if skip else [0, 1, 108])
    # The output's own bias: the second derivative of ln(1 + exp b) at zero.
    assert eigenvalues[-1] == pytest.approx(0.25, abs=1e-8)


def test_the_prose_says_how_many_directions_lead_down_in_training():
    points = networks.two_spirals(np.random.default_rng(1), 200)
    start = networks.initial_weights(np.random.default_rng(2), blocks=1, width=6, skip=True)
    seen = list(islice(networks.training(start, points, skip=True, lr=lambda t: 0.05), 2000))
    first, last = (networks.hessian(seen[t - 1], points, skip=True) for t in (1, 2000))
    down = [escape_directions(matrix, tol).shape[1] for matrix, tol in ((first, 1e-3), (last, 1e-3), (last, 1e-6))]
    assert down == [39, 0, 27]
    assert len(first) == 109
    assert f"From {down[0]} directions at the start to none at the end" in prose()
    assert f"{down[2]} directions still count as downwards" in prose()


# Filters and surfaces ---------------------------------------------------------------------------------------------------------

shapes = st.lists(st.lists(st.integers(1, 3), min_size=1, max_size=4).map(tuple), min_size=1, max_size=3)


@given(shapes, st.integers(0, 100), st.floats(1e-3, 1e3))
def test_each_filter_has_the_length_of_its_own_and_the_direction_of_the_drawn_one(shapes, seed, scale):
    rng = np.random.default_rng(seed)
    weights, direction = ([rng.normal(size=shape) for shape in shapes] for _ in range(2))
    before = [array.copy() for array in (*weights, *direction)]
    found = filter_normalize(direction, weights)
    assert [array.shape for array in found] == shapes
    for new, drawn, own in zip(found, direction, weights, strict=True):
        if new.ndim < 2:
            assert not new.any()
            continue
        for filters in zip(new, drawn, own, strict=True):
            one, two, three = (np.ravel(filter) for filter in filters)
            assert np.linalg.norm(one) == pytest.approx(np.linalg.norm(three))
            assert one @ two == pytest.approx(np.linalg.norm(one) * np.linalg.norm(two))
    longer = filter_normalize([scale * array for array in direction], weights)
    np.testing.assert_allclose(networks.flat(longer), networks.flat(found), rtol=1e-9, atol=1e-300)
    assert all(np.array_equal(one, two) for one, two in zip(before, (*weights, *direction), strict=True))


def test_a_network_whose_weights_are_scaled_with_its_inputs_has_the_same_normalised_map():
    """What filter normalisation is for: another scale of the weights, the same function, the same picture."""
    rng = np.random.default_rng(4)
    points = networks.two_spirals(rng, 50)
    weights = networks.initial_weights(rng, 1, 4, skip=True)
    # Inputs in another unit, a thousandth, and first weights a thousand times as large.
    finer = networks.Points(points.x / 1000, points.y)
    larger = [1000 * weights[0], *weights[1:]]
    raw = [networks.random_direction(rng, weights) for _ in range(2)]
    axis = np.linspace(-1, 1, 5)

    def surface(weights, points, directions):
        return loss_surface(partial(networks.loss, points=points, skip=True), weights, *directions, axis, axis)

    normalised = [surface(w, p, [filter_normalize(d, w) for d in raw]) for w, p in ((weights, points), (larger, finer))]
    np.testing.assert_allclose(*normalised, rtol=1e-9)
    one, two = (surface(w, p, raw) for w, p in ((weights, points), (larger, finer)))
    assert np.abs(one - two).max() > 0.1


# The numbers of the prose -----------------------------------------------------------------------------------------------------


def mean(name: str, layers: int, skip: bool) -> float:
    return float(np.mean([getattr(one, name) for one in landscapes.chosen(layers, skip=skip)]))


@pytest.mark.parametrize("layers", landscapes.SETTINGS.layers)
def test_the_table_has_the_means_of_the_record(layers):
    error, pits, curved = ([mean(name, layers, skip) for skip in (True, False)] for name in ("test_error", "pits", "nonconvex"))
    row = (
        f"| {layers} | {100 * error[0]:.1f} % / {100 * error[1]:.1f} % | {pits[0]:.0f} / {pits[1]:.0f} "
        f"| {100 * curved[0]:.0f} % / {100 * curved[1]:.0f} % |"
    )
    assert row in prose(), row


def test_the_sentences_have_the_numbers_of_the_record():
    plain18, plain54 = landscapes.chosen(18, skip=False), landscapes.chosen(54, skip=False)
    errors = sorted(100 * one.test_error for one in plain18)
    assert f"between {errors[0]:.2f} % and {errors[-2]:.2f} %" in prose()
    assert f"left at {errors[-1]:.0f} %" in prose()
    pits = {skip: [one.pits for one in landscapes.chosen(18, skip=skip)] for skip in (True, False)}
    assert (
        f"({min(pits[False])} to {max(pits[False])}) than any with skip connections ({min(pits[True])} to {max(pits[True])})"
        in prose()
    )
    assert f"its sharpness is {mean('sharpness', 54, False):.4f} on average" in prose()
    assert sum(abs(one.train_loss - np.log(2)) < 1e-4 for one in plain54) == 5
    assert "Five of the ten stand within 0.0001" in prose()
    assert min(one.train_loss for one in plain54) > 0.62
    sharp = [f"{mean('sharpness', n, True):.2f} and {mean('sharpness', n, False):.2f} at {n}" for n in (6, 18)]
    assert f"{sharp[0]} layers, {sharp[1]}" in prose()
    learnt = [one for one in landscapes.load() if one.skip]
    tests = [100 * one.test_error for one in learnt]
    assert (
        f"our {len(learnt)} networks with skip connections all have errors between {min(tests):.1f} % and {max(tests):.2f} %"
        in prose()
    )
    losses = [one.test_loss for one in learnt]
    assert f"test losses from {min(losses):.2f} to {max(losses):.2f}" in prose()


def test_normalised_and_raw_maps_put_the_two_networks_in_opposite_orders():
    points, _ = landscapes.points()
    axis = landscapes.grid_axis(21)
    normalised, raw, lengths = [], [], []
    for skip in (True, False):
        weights = landscapes.trained(18, skip=skip)
        loss = partial(networks.loss, points=points, skip=skip)
        drawn = landscapes.directions(weights)
        surface = loss_surface(loss, weights, *(filter_normalize(d, weights) for d in drawn), axis, axis)
        # The student's map is every other point of the recorded one.
        np.testing.assert_allclose(surface, landscapes.chosen(18, skip=skip)[0].surface[::2, ::2], rtol=1e-3)
        normalised.append(landscapes.sharpness(surface, axis))
        raw.append(landscapes.sharpness(loss_surface(loss, weights, *drawn, axis, axis), axis))
        lengths.append(np.mean([np.linalg.norm(matrix, axis=1).mean() for matrix in weights[4:-2:4]]))
    assert normalised[0] < normalised[1]
    assert raw[0] > raw[1]
    assert f"{normalised[0]:.2f} against {normalised[1]:.2f}" in prose()
    assert f"{raw[0]:.2f} with skip connections, {raw[1]:.2f} without" in prose()
    assert f"mean length of {lengths[0]:.2f}, against {lengths[1]:.2f} without" in prose()


def test_the_slides_table_is_there():
    for row in ("| ResNet-20 | 7.37 % | 8.18 % |", "| ResNet-56 | 5.89 % | 13.31 % |", "| ResNet-110 | 5.79 % | 16.44 % |"):
        assert row in prose()
