"""Section 9's reference against numbers and formulas that stand elsewhere: the theory's, PyTorch's, and its own prose."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from descentlab import objectives
from descentlab.runs import run_steps, run_stream
from reference_impl.s09_adagrad import adagrad_step, effective_lr, steps_to_travel

gradients = arrays.arrays(
    np.float64, arrays.array_shapes(min_dims=0, max_dims=2, min_side=1, max_side=4), elements=st.floats(-1e3, 1e3, width=32)
)


@pytest.fixture
def stream():
    """200 gradients of five parameters of very different sizes."""
    return np.random.default_rng(9).normal(size=(200, 5)) * np.array([1e-3, 0.1, 1.0, 10.0, 1e3])


def test_a_constant_gradient_makes_steps_of_eta_over_the_root_of_t():
    theta = run_stream(adagrad_step, np.full(500, -7.0), lr=0.3, eps=0.0, keep=lambda theta, G, t: theta)
    np.testing.assert_allclose(np.diff(theta, prepend=0.0), 0.3 / np.sqrt(np.arange(1, 501)), rtol=1e-12)


def test_200_steps_are_the_sum_of_gradients_over_the_roots_of_cumulative_squares(stream):
    theta = run_stream(adagrad_step, stream, lr=0.05, eps=1e-3, keep=lambda theta, G, t: theta)
    expected = -np.cumsum(0.05 * stream / np.sqrt(np.cumsum(stream**2, axis=0) + 1e-3), axis=0)
    np.testing.assert_allclose(theta, expected, rtol=0, atol=1e-14)


def test_it_is_pytorchs_rule_with_eps_for_a_first_sum_and_nothing_added_to_the_root(stream):
    """PyTorch: sum += g², then θ −= lr·g/(√sum + eps). With eps=0 and initial_accumulator_value=ε both are one rule."""
    total, theirs, points = np.full(5, 1e-3), np.zeros(5), []
    for g in stream:
        total = total + g * g
        theirs = theirs - 0.05 * (g / (np.sqrt(total) + 0.0))
        points.append(theirs)
    ours = run_stream(adagrad_step, stream, lr=0.05, eps=1e-3, keep=lambda theta, G, t: theta)
    np.testing.assert_allclose(ours, points, rtol=0, atol=1e-14)


@given(gradients, st.floats(0.01, 2.0))
def test_no_step_is_longer_than_eta_and_nothing_is_changed(gradient, lr):
    theta, G, before = np.ones_like(gradient), np.zeros_like(gradient), gradient.copy()
    new_theta, new_G = adagrad_step(theta, G, gradient, lr)
    assert np.shape(new_theta) == np.shape(new_G) == gradient.shape
    assert np.all(np.abs(new_theta - theta) <= lr * (1 + 1e-12))
    assert np.all(theta == 1)
    assert np.all(G == 0)
    assert np.all(gradient == before)


@given(st.floats(1e-6, 1e6), st.integers(0, 2**32 - 1))
def test_the_scale_of_the_gradients_cancels_without_eps(scale, seed):
    stream = np.random.default_rng(seed).normal(size=(20, 3)) + 0.01
    one, other = (run_stream(adagrad_step, c * stream, lr=0.1, eps=0.0, keep=lambda theta, G, t: theta) for c in (1.0, scale))
    np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("reach", "n"), [(0, 0), (0.5, 1), (1.5, 2), (10, 33), (100, 2574), (1000, 250731)])
def test_the_numbers_of_steps_that_the_section_names(reach, n):
    assert steps_to_travel(reach * 0.1, 0.1) == n


@given(st.floats(0.01, 60.0), st.floats(0.01, 2.0))
def test_the_number_of_steps_is_the_first_that_reaches_and_lies_between_the_squares(reach, lr):
    n = steps_to_travel(reach * lr, lr)
    sums = lr * np.cumsum(1 / np.sqrt(np.arange(1, n + 1)))
    assert sums[-1] >= reach * lr * (1 - 1e-12)
    assert n == 1 or sums[-2] <= reach * lr * (1 + 1e-12)
    assert n == 1 or (reach + 1) ** 2 / 4 * (1 - 1e-12) <= n < (reach + 2) ** 2 / 4


def test_what_the_section_says_of_frequent_and_rare_features():
    ways = [
        run_stream(adagrad_step, (np.arange(1000) % every == 0) * 1.0, lr=1.0, keep=lambda theta, G, t: abs(theta))[-1]
        for every in (1, 100)
    ]
    assert np.round(ways, 1).tolist() == [61.8, 5.0]


def test_what_the_section_says_of_rates_that_settle():
    rates = run_stream(adagrad_step, 0.95 ** np.arange(1000), lr=1.0, keep=lambda theta, G, t: effective_lr(G, 1.0))
    assert rates[-1] == pytest.approx(np.sqrt(1 - 0.95**2), rel=1e-6)


def test_what_the_section_says_of_the_double_well():
    well = objectives.get("double_well")
    valley = np.sort(np.roots([1.0, 0.0, -1.0, 0.2]).real)[-1]
    paths = {start: run_steps(adagrad_step, "double_well", 20_000, start=start, lr=0.1) for start in (2, 4, 6)}
    assert [int(np.argmax(np.abs(path - valley) < 0.1)) for path in paths.values()] == [154, 3592, 19095]
    down = int(np.argmax(paths[6] < 2))
    assert down == 1961
    assert np.sqrt(np.sum(well.gradient(paths[6][:down]) ** 2)) == pytest.approx(1669, abs=0.5)
