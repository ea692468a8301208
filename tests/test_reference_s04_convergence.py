"""The reference of section 4 against what is known of series, averages and simulated runs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference_impl.s04_convergence import expected_squared_error, noise_floor, power_schedule, robbins_monro


@settings(max_examples=60, deadline=None)
@given(st.floats(0, 3), st.floats(0, 3))
def test_the_first_condition_follows_from_the_third_and_the_squares_are_rates_of_the_same_kind(p, q):
    vanishes, _, squares = robbins_monro(p, q)
    assert vanishes or not squares
    assert squares is not robbins_monro(2 * p, 2 * q)[1]


@pytest.mark.parametrize(
    ("p", "q", "expected"),
    [(0, 0, (False, True, False)), (0, 1, (True, True, False)), (0.5, 0, (True, True, False)), (0.5, 0.5, (True, True, False)),
     (0.5, 0.6, (True, True, True)), (0.75, 0, (True, True, True)), (1, 0, (True, True, True)), (1, 1, (True, True, True)),
     (1, 1.1, (True, False, True)), (2, 0, (True, False, True))],
)  # fmt: skip
def test_the_borders(p, q, expected):
    assert robbins_monro(p, q) == expected
    assert all(type(value) is bool for value in robbins_monro(p, q))


@pytest.mark.parametrize(("p", "q"), [(0.9, 0), (1, 0), (1, 1), (1.1, 0), (1, 2), (0.5, 0), (0.5, 0.7), (0.6, 0)])
def test_doubling_the_exponent_tells_a_series_with_a_bound_from_one_without(p, q):
    """Cauchy: Σ f(t) is finite exactly where Σ 2ᵏ f(2ᵏ) is, and that one is a power series or a sum over k itself."""
    k = np.arange(1.0, 1000)  # 2ᵏ still has a place among the numbers
    for power, diverges in ((1, robbins_monro(p, q)[1]), (2, not robbins_monro(p, q)[2])):
        terms = np.exp2(k * (1 - power * p)) / (k * np.log(2)) ** (power * q)
        halves = terms[: len(k) // 2].sum(), terms.sum()
        # What the second half adds: much where it never ends; log k and slower are told by their border.
        grows = halves[1] / halves[0] - 1
        assert (grows > 0.05) == diverges, (power, grows)


def test_one_over_t_is_the_running_mean():
    errors = expected_squared_error(power_schedule(1, 1), 1.0, 1.7, 5.0, 1000)
    np.testing.assert_allclose(errors[1:], 1.7**2 / np.arange(1, 1001), rtol=1e-12)
    rng = np.random.default_rng(4)
    x, theta = rng.normal(size=50), 5.0
    for t in range(1, 51):
        theta = theta - power_schedule(1, 1)(t) * (theta - x[t - 1])
    assert theta == pytest.approx(x.mean(), abs=1e-14)


def test_one_over_t_squared_stalls_where_eulers_product_says():
    for x in (0.2, 0.5, np.sqrt(0.5), 0.9):
        errors = expected_squared_error(power_schedule(x**2, 2), 1.0, 0.0, 3.0, 20_000)
        assert errors[-1] == pytest.approx(9 * (np.sin(np.pi * x) / (np.pi * x)) ** 2, rel=2e-4)


@pytest.mark.parametrize(("lr", "curvature", "sigma"), [(0.5, 1.0, 1.0), (0.02, 0.5, 2.0), (1.9, 1.0, 0.3), (0.9, 2.0, 1.0)])
def test_a_constant_rate_goes_to_its_floor_from_both_sides(lr, curvature, sigma):
    level = noise_floor(lr, curvature, sigma)
    for theta0 in (0.0, 10 * np.sqrt(level)):
        errors = expected_squared_error(lambda t: lr, curvature, sigma, theta0, 2000)
        assert errors[-1] == pytest.approx(level, rel=1e-6)
    beyond = expected_squared_error(lambda t: 2.01 / curvature, curvature, sigma, 1.0, 2000)
    assert beyond[-1] > 1e10


@pytest.mark.parametrize(("lr", "curvature"), [(0, 1), (-0.1, 1), (2, 1), (1, 2), (3, 1), (0.5, 0), (0.5, -1), (-0.5, -1)])
def test_where_there_is_no_floor_it_says_so(lr, curvature):
    with pytest.raises(ValueError, match="floor"):
        noise_floor(lr, curvature, 1.0)


@settings(max_examples=60, deadline=None)
@given(st.floats(0.001, 1.999), st.floats(0.1, 10), st.floats(0, 10))
def test_a_step_leaves_the_floor_where_it_is(share, curvature, sigma):
    lr = share / curvature
    level = noise_floor(lr, curvature, sigma)
    assert (1 - lr * curvature) ** 2 * level + lr**2 * sigma**2 == pytest.approx(level, rel=1e-9)


def test_the_recursion_is_the_mean_of_simulated_runs():
    rng, n, runs = np.random.default_rng(2026), 40, 40_000
    schedule, theta = power_schedule(0.6, 0.7), np.full(40_000, 2.0)
    errors = expected_squared_error(schedule, 1.3, 0.8, 2.0, n)
    for t in range(1, n + 1):
        theta = theta - schedule(t) * (1.3 * theta + 0.8 * rng.normal(size=runs))
        # The mean of so many squares is off by about √(2/runs) = 0.7 % of itself.
        assert np.mean(theta**2) == pytest.approx(errors[t], rel=0.035)


def test_the_numbers_of_the_section():
    def after(eta0, p, *steps):
        return expected_squared_error(power_schedule(eta0, p), 1.0, 1.0, 3.0, max(steps))[list(steps)]

    np.testing.assert_allclose(after(0.5, 0, 1000), [0.3333], atol=1e-4)
    np.testing.assert_allclose(after(0.5, 0.5, 10, 1000), [0.125, 0.0081], rtol=2e-3)
    np.testing.assert_allclose(after(0.5, 1, 1000), [0.00484], rtol=2e-3)
    np.testing.assert_allclose(after(0.5, 2, 1000), [1.30], rtol=2e-3)
    np.testing.assert_allclose(after(0.05, 1, 100, 1000, 10_000), [5.3, 4.2, 3.4], atol=0.05)
    t = np.arange(1, 10_001)
    assert [round(float((0.5 / t**p).sum()), 1) for p in (1, 1.05)] == [4.9, 4.0]
