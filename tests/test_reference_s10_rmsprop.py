"""Section 10's reference against numbers and formulas that stand elsewhere: the theory's, Keras', and its own prose."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from descentlab import objectives
from descentlab.runs import run_steps, run_stream
from reference_impl.s10_rmsprop import averaging_weights, exponential_average, rmsprop_step

values = arrays.arrays(
    np.float64, arrays.array_shapes(min_dims=0, max_dims=2, min_side=1, max_side=4), elements=st.floats(-1e3, 1e3, width=32)
)


def positions(gradients, **settings):
    """Return theta after each of these gradients, from zero."""
    return run_stream(rmsprop_step, gradients, keep=lambda theta, mean_square, t: theta, **settings)


@pytest.fixture
def stream():
    """200 gradients of five parameters of very different sizes."""
    return np.random.default_rng(10).normal(size=(200, 5)) * np.array([1e-3, 0.1, 1.0, 10.0, 1e3])


def test_a_constant_gradient_begins_with_3_1623_eta_and_follows_the_formula():
    moves = -np.diff(positions(np.full(200, 7.0), lr=0.3, eps=0.0), prepend=0.0)
    np.testing.assert_allclose(moves, 0.3 / np.sqrt(1 - 0.9 ** np.arange(1, 201)), rtol=1e-10)
    assert moves[0] / 0.3 == pytest.approx(3.1623, abs=5e-5)


def test_200_steps_are_the_weighted_sums_of_squares(stream):
    squares = np.array([averaging_weights(0.9, t) @ stream[:t][::-1] ** 2 for t in range(1, 201)])
    expected = -np.cumsum(0.05 * stream / np.sqrt(squares + 1e-3), axis=0)
    np.testing.assert_allclose(positions(stream, lr=0.05, eps=1e-3), expected, rtol=0, atol=1e-13)


def test_it_is_keras_rule_and_pytorchs_only_without_eps(stream):
    """Keras: v = ρv + (1−ρ)g², θ −= lr·g/√(v + ε). PyTorch adds ε to the root instead."""
    v, keras, pytorch = np.zeros(5), [np.zeros(5)], [np.zeros(5)]
    for g in stream:
        v = v * 0.9 + np.square(g) * (1 - 0.9)
        keras.append(keras[-1] - 0.05 * g / np.sqrt(v + 1e-3))
        pytorch.append(pytorch[-1] - 0.05 * g / (np.sqrt(v) + 1e-3))
    ours = positions(stream, lr=0.05, eps=1e-3)
    np.testing.assert_allclose(ours, keras[1:], rtol=0, atol=1e-13)
    assert np.max(np.abs(ours - pytorch[1:])) > 0.1


def test_open_loop_two_right_codes_stay_together_for_500_steps():
    gradients = np.random.default_rng(1).normal(size=(500, 3))
    theta, mean_square, other = np.zeros(3), np.zeros(3), []
    for g in gradients:
        mean_square = mean_square + 0.1 * (g * g - mean_square)
        theta = theta - 0.01 * g * (mean_square + 1e-8) ** -0.5
        other.append(theta)
    np.testing.assert_allclose(positions(gradients, lr=0.01), other, rtol=0, atol=1e-14)


@given(values, st.floats(0.0, 0.99), st.floats(0.001, 1.0))
def test_no_step_is_longer_than_the_first_one_could_be_and_nothing_is_changed(gradient, gamma, lr):
    theta, mean_square, before = np.ones_like(gradient), np.zeros_like(gradient), gradient.copy()
    new_theta, new_square = rmsprop_step(theta, mean_square, gradient, lr, gamma)
    assert np.shape(new_theta) == np.shape(new_square) == gradient.shape
    assert np.all(np.abs(new_theta - theta) <= lr / np.sqrt(1 - gamma) * (1 + 1e-9))
    assert np.all(theta == 1)
    assert np.all(mean_square == 0)
    assert np.all(gradient == before)


@given(values, st.floats(0.0, 0.99))
def test_an_average_of_equal_values_is_that_value_and_any_average_lies_between(value, gamma):
    np.testing.assert_allclose(exponential_average(value, value, gamma), value, rtol=1e-14, atol=0)
    mixed = exponential_average(value, -value, gamma)
    assert np.all(np.abs(mixed) <= np.abs(value) * (1 + 1e-14))


@given(st.floats(0.0, 0.99), st.integers(1, 200))
def test_weights_sum_to_what_is_not_farther_back(gamma, n):
    weights = averaging_weights(gamma, n)
    assert weights.shape == (n,)
    assert weights.sum() == pytest.approx(1 - gamma**n, rel=1e-12)


def test_what_the_section_says_of_memory_and_of_rare_features():
    assert [round(averaging_weights(g, n).sum(), 2) for g, n in ((0.9, 10), (0.9, 22), (0.99, 100))] == [0.65, 0.90, 0.63]
    rare = np.diff(positions((np.arange(1000) % 100 == 0) * 1.0, lr=1.0), prepend=0.0)
    np.testing.assert_allclose(rare[::100], -3.1623, atol=1e-3)


def test_what_the_section_says_of_the_wall():
    well = objectives.get("double_well")
    valley = np.sort(np.roots([1.0, 0.0, -1.0, 0.2]).real)[-1]
    path = run_steps(rmsprop_step, "double_well", 120, start=6.0, lr=0.1)
    assert int(np.argmax(np.abs(path - valley) < 0.1)) == 103
    rates = -np.diff(path) / well.gradient(path[:-1])
    assert rates[-1] / rates.min() == pytest.approx(140, abs=2)


@pytest.mark.parametrize("lr", [0.3, 0.1, 0.03])
def test_with_a_constant_rate_it_ends_swinging_by_half_of_it(lr):
    path = run_steps(rmsprop_step, "ravine", 1000, lr=lr)
    np.testing.assert_allclose(np.abs(path[-2:]) / lr, 0.5, atol=5e-4)
    assert np.all(path[-1] * path[-2] < 0)


def test_with_a_rate_that_falls_the_swings_shrink():
    path = run_steps(rmsprop_step, "ravine", 1000, lr=lambda t: 0.3 / t**0.5)
    np.testing.assert_allclose(np.abs(path[-1]) / 0.3, 0.016, atol=5e-4)
