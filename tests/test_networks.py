"""The small networks: the gradient is the slope of the loss, a skip connection is one addition, and seeds decide everything."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from descentlab import networks

POINTS = networks.two_spirals(np.random.default_rng(1), 40)
both = pytest.mark.parametrize("skip", [True, False], ids=["with", "without"])


def weights(blocks=2, width=4, skip=True, seed=0):
    """Weights whose biases are not zero: zeros would hide a lost bias."""
    rng = np.random.default_rng(seed)
    return [array + 0.3 * rng.normal(size=array.shape) for array in networks.initial_weights(rng, blocks, width, skip=skip)]


@both
@pytest.mark.parametrize("blocks", [0, 1, 3])
def test_the_gradient_is_that_of_central_differences(blocks, skip):
    there = weights(blocks, skip=skip)
    theta, h = networks.flat(there), 1e-5
    sides = [[networks.loss(networks.unflat(theta + s, there), POINTS, skip=skip) for s in (e, -e)] for e in h * np.eye(theta.size)]
    differences = (np.array(sides) @ [1, -1]) / (2 * h)
    # A central difference is off by about h² and by rounding of the loss over h: some 1e-10 each.
    found = networks.flat(networks.gradient(there, POINTS, skip=skip))
    np.testing.assert_allclose(found, differences, rtol=0, atol=2e-9)
    assert np.abs(found).max() > 1e-2


@both
def test_the_hessian_is_symmetric_and_predicts_the_change_of_the_gradient(skip):
    there = weights(skip=skip)
    matrix = networks.hessian(there, POINTS, skip=skip)
    assert np.array_equal(matrix, matrix.T)
    theta = networks.flat(there)
    step = 1e-5 * np.random.default_rng(3).normal(size=theta.size)
    ends = [networks.flat(networks.gradient(networks.unflat(theta + s, there), POINTS, skip=skip)) for s in (step, -step)]
    np.testing.assert_allclose((ends[0] - ends[1]) / 2, matrix @ step, atol=1e-6 * np.linalg.norm(matrix @ step))


def test_a_block_with_a_skip_connection_adds_what_went_into_it():
    there, x = weights(blocks=1), POINTS.x
    w0, b0, w1, b1, w2, b2, w3, b3 = there
    into = np.tanh(x @ w0.T + b0)
    block = np.tanh(np.tanh(into @ w1.T + b1) @ w2.T + b2)
    np.testing.assert_allclose(networks.outputs(there, x, skip=True), ((into + block) @ w3.T + b3)[:, 0], rtol=1e-12)
    np.testing.assert_allclose(networks.outputs(there, x, skip=False), (block @ w3.T + b3)[:, 0], rtol=1e-12)


def test_loss_and_error_of_a_network_that_says_nothing_and_of_one_that_is_sure():
    silent = [np.zeros_like(array) for array in weights()]
    assert networks.loss(silent, POINTS, skip=True) == pytest.approx(np.log(2))
    assert networks.error(silent, POINTS, skip=True) == 0.5
    silent[-1][0] = 1000.0
    assert networks.loss(silent, POINTS, skip=True) == pytest.approx(500.0)
    assert networks.error(silent, POINTS, skip=True) == 0.5


def test_both_kinds_are_drawn_alike_and_differ_by_the_scale_of_the_last_matrix_of_a_block():
    with_skip, without = (networks.initial_weights(np.random.default_rng(5), 4, 6, skip=skip) for skip in (True, False))
    assert networks.depth(without) == 10
    for place, (one, two) in enumerate(zip(with_skip, without, strict=True)):
        shrunk = place in (4, 8, 12, 16)
        np.testing.assert_allclose(one * (2 if shrunk else 1), two)


def test_a_seed_decides_points_weights_and_training():
    def trained(seed):
        rng = np.random.default_rng(seed)
        points = networks.two_spirals(rng, 60)
        start = networks.initial_weights(rng, 1, 5, skip=True)
        steps = networks.training(start, points, skip=True, lr=lambda t: 0.1, rng=rng, batch_size=20)
        return points, start, next(itertools.islice(steps, 39, None))

    (points, start, end), (_, again_start, again), (*_, other) = trained(1), trained(1), trained(2)
    assert np.array_equal(networks.flat(end), networks.flat(again))
    assert not np.array_equal(networks.flat(end), networks.flat(other))
    assert np.array_equal(networks.flat(start), networks.flat(again_start))  # training leaves its arguments as they were
    assert networks.loss(end, points, skip=True) < networks.loss(start, points, skip=True)


def test_training_is_momentum_on_all_points_with_the_rate_of_each_step():
    start, rates = weights(), (0.0, 0.1, 0.2)
    first, second = itertools.islice(networks.training(start, POINTS, skip=True, lr=lambda t: rates[t], gamma=0.5), 2)
    velocity = 0.1 * networks.flat(networks.gradient(start, POINTS, skip=True))
    # The gradient is rounded to twelve binary digits of the largest entry in each array.
    np.testing.assert_allclose(networks.flat(first), networks.flat(start) - velocity, atol=0.1 * 2**-12)
    velocity = 0.5 * velocity + 0.2 * networks.flat(networks.gradient(first, POINTS, skip=True))
    np.testing.assert_allclose(networks.flat(second), networks.flat(first) - velocity, atol=0.3 * 2**-12)


sizes = st.floats(-1e30, 1e30, allow_subnormal=False)


@given(st.lists(sizes, min_size=1, max_size=6), st.lists(sizes.map(lambda x: 1e-60 * x), min_size=1, max_size=6))
def test_steady_numbers_are_near_the_given_ones_and_do_not_feel_a_rounding_error(large, small):
    arrays = [np.array(large), np.array(small), np.zeros(3)]
    rounded = networks.steady(arrays)
    room = np.concatenate([np.full(array.size, np.abs(array).max() * 2.0**-12) for array in arrays])
    assert np.all(np.abs(rounded - networks.flat(arrays)) <= np.maximum(room, np.finfo(float).tiny))
    assert np.array_equal(networks.steady(networks.unflat(rounded * (1 + 1e-15), arrays)), rounded)


def test_the_spirals_have_two_classes_of_equal_size_that_no_line_divides():
    points = networks.two_spirals(np.random.default_rng(2), 400, noise=0.0)
    assert points.y.sum() == 200
    assert np.abs(points.x).max() <= 2
    # The best line by least squares is hardly better than a coin.
    design = np.column_stack([points.x, np.ones(400)])
    line = design @ np.linalg.lstsq(design, points.y - 0.5, rcond=None)[0]
    assert np.mean((line > 0) != (points.y > 0.5)) > 0.3
    # Yet the classes are apart: on average the next point of the other class is at least five times as far as that of the same.
    gaps = np.linalg.norm(points.x[:, None] - points.x[None], axis=2) + 9 * np.eye(400)
    same = points.y[:, None] == points.y[None]
    assert np.where(same, gaps, 9).min(axis=1).mean() < 0.2 * np.where(~same, gaps, 9).min(axis=1).mean()


def test_flat_and_unflat_undo_each_other_and_share_no_memory():
    there = weights()
    back = networks.unflat(networks.flat(there), there)
    assert all(np.array_equal(one, two) for one, two in zip(there, back, strict=True))
    back[0][0, 0] = 99.0
    assert there[0][0, 0] != 99.0
