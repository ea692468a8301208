"""The reference of section 3: batches deal out every example, sums add up, and the runs of the lecture go as it says."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from descentlab import objectives
from descentlab.batches import run_batches, run_epochs
from reference_impl.s02_gradient_descent import gd_step
from reference_impl.s03_stochastic_gradient import minibatch_gradient, minibatch_variance, minibatches, sgd_epoch

PARABOLAS, LOGISTIC = objectives.get("parabolas"), objectives.get("logistic")
seeds = st.integers(0, 2**32)


@given(st.integers(1, 60), st.integers(1, 70), seeds)
def test_an_epoch_is_a_partition_with_full_batches_but_for_the_last(n, batch_size, seed):
    batches = minibatches(n, batch_size, np.random.default_rng(seed))
    assert sorted(np.concatenate(batches).tolist()) == list(range(n))
    assert all(len(batch) == batch_size for batch in batches[:-1])
    assert 1 <= len(batches[-1]) <= batch_size


@given(seeds)
def test_chance_comes_from_the_generator_alone(seed):
    kept = np.random.get_state()[1].copy()
    one, same = (np.random.default_rng(seed) for _ in range(2))
    first, again = minibatches(30, 4, one), minibatches(30, 4, same)
    assert all(map(np.array_equal, first, again))
    assert not all(map(np.array_equal, first, minibatches(30, 4, one)))
    np.testing.assert_array_equal(np.random.get_state()[1], kept)


@given(st.integers(2, 8), st.data())
def test_the_variance_is_that_of_all_batches(n, data):
    size = data.draw(st.integers(1, n))
    rows = np.random.default_rng(n).normal(size=(n, 2, 2))
    sums = [rows[list(batch)].sum(axis=0) for batch in itertools.combinations(range(n), size)]
    np.testing.assert_allclose(minibatch_variance(rows, size), np.var(sums, axis=0), atol=1e-12)


@pytest.mark.parametrize("objective", [PARABOLAS, LOGISTIC], ids=lambda objective: objective.name)
def test_a_batch_of_all_is_the_gradient_and_its_epoch_a_step_of_gradient_descent(objective):
    everything = np.arange(objective.n_examples)
    gradient = minibatch_gradient(objective.example_gradient, objective.start, everything)
    assert np.shape(gradient) == np.shape(objective.start)
    np.testing.assert_allclose(gradient, objective.gradient(objective.start))
    after = sgd_epoch(objective.example_gradient, objective.start, 0.05, [everything])
    np.testing.assert_allclose(after, gd_step(objective.start, objective.gradient(objective.start), 0.05))


def test_with_the_batch_doubled_and_the_rate_kept_the_average_step_doubles():
    rng = np.random.default_rng(0)

    def average(size):
        batches = minibatches(40, size, rng)
        return np.mean([minibatch_gradient(LOGISTIC.example_gradient, LOGISTIC.start, batch) for batch in batches], axis=0)

    for size in (1, 2, 4):
        np.testing.assert_allclose(average(2 * size), 2 * average(size))
    assert 0.05 * np.linalg.norm(average(1)) == pytest.approx(0.0247, abs=5e-5)


def test_the_losses_of_the_lecture():
    def above(size):
        walk = run_epochs(minibatches, sgd_epoch, LOGISTIC, 0.2, size, 30)
        return LOGISTIC.value(walk) - LOGISTIC.lowest

    one, five, all_at_once = (above(size) for size in (1, 5, 40))
    # The first epochs go alike; then one is on its floor, and the other is not.
    early = one[5 * 40], five[5 * 8], all_at_once[5]
    assert max(early) < 2 * min(early)
    assert 1e-8 < all_at_once[-1] < 2e-8
    for noisy in (one, five):
        floor = noisy[len(noisy) // 2 :]
        assert 1e-5 < floor.min() < 1e-2 < np.mean(floor) < floor.max() < 2


def test_the_region_of_uncertainty_is_easy_to_reach_and_hard_to_find_the_way_in():
    low, high = PARABOLAS.region_of_uncertainty
    assert (round(low, 1), round(high, 1)) == (-1.5, 1.4)
    rng = np.random.default_rng(0)
    orders = np.array([rng.permutation(12) for _ in range(8)])
    spread = {}
    for size in (1, 3, 12):
        walk = run_batches(sgd_epoch, PARABOLAS, 0.1, orders.reshape(-1, size))
        after = walk[12 // size :]
        assert low < after.min() <= after.max() < high
        spread[size] = np.std(walk[len(walk) // 2 :])
    assert spread[12] < 1e-3 < 0.1 < spread[1]


def test_the_rate_that_is_safe_for_one_example_is_too_large_for_all():
    ends = {size: run_epochs(minibatches, sgd_epoch, PARABOLAS, 0.25, size, 20)[-1] for size in (1, 3, 6, 12)}
    low, high = PARABOLAS.region_of_uncertainty
    assert all(low < ends[size] < high for size in (1, 3, 6))
    assert 8e4 < abs(ends[12]) < 8.2e4
    assert round(PARABOLAS.data["curvature"].sum(), 1) == 10.6
    assert PARABOLAS.data["curvature"].max() < 1.5


def test_signal_and_noise_are_alike_between_three_and_four_examples():
    rows = LOGISTIC.example_gradient(LOGISTIC.start, np.arange(40))
    signal = np.linalg.norm(rows.mean(axis=0))
    noise = {b: np.sqrt(np.sum(minibatch_variance(rows, b))) for b in (1, 3, 4, 20, 39)}
    assert noise[3] > 3 * signal
    assert noise[4] < 4 * signal
    assert [round(float(noise[b]), 1) for b in (1, 20, 39)] == [0.9, 3.0, 0.9]
    assert (round(float(signal), 1), round(float(39 * signal))) == (0.5, 19)
