"""The reference of section 13: what the lecture says of the criteria is so, on runs whose end is known beforehand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from descentlab import constant, curvefit, objectives
from reference_impl.s13_stopping import (
    gradient_reduced,
    loss_reduced,
    minimize,
    near_optimum,
    stop_reason,
    validation_worsened,
)

FIT = curvefit.make()
losses = st.lists(st.integers(-5, 5).map(float), max_size=12)


def trained(limits, gradient_of=FIT.gradient):
    return minimize(FIT.value, gradient_of, FIT.start, constant(0.04), limits, FIT.validation)


@given(losses, st.integers(1, 6))
def test_patience_counts_the_evaluations_since_the_last_new_best(values, patience):
    best, since = math.inf, 0
    for loss in values:
        best, since = (loss, 0) if loss < best else (best, since + 1)
    assert bool(validation_worsened(values, patience)) == (since >= patience)


def test_the_table_of_the_lecture():
    table = [9, 5, 7, 6, 5, 8]
    assert [bool(validation_worsened(table[:n], 3)) for n in range(7)] == [False] * 5 + [True, True]


@given(st.floats(0.05, 0.95), st.floats(1e-6, 0.5), st.floats(0.1, 10))
def test_on_a_parabola_the_gradient_takes_twice_as_long_as_the_loss(factor, eps, curvature):
    steps = math.log(eps) / math.log(factor)
    # Where a limit is met within rounding, either step is right.
    if min(abs(steps - round(steps)), abs(steps / 2 - round(steps / 2))) < 1e-6:
        return

    def run(limit):
        schedule = constant((1 - factor) / curvature)
        return minimize(lambda t: curvature * t**2 / 2, lambda t: curvature * t, np.array(3.0), schedule, {limit: eps})[1:]

    assert run("eps_gradient") == ("gradient", math.ceil(steps))
    assert run("eps_loss") == ("loss", math.ceil(steps / 2))


@given(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3), st.floats(0, 10))
def test_a_constant_moves_the_share_of_the_loss_alone(J, J_star, eps):
    if abs(J - J_star - eps) > 1e-6:
        assert near_optimum(J + 100, J_star + 100, eps) == near_optimum(J, J_star, eps)
    assert not loss_reduced(1.0 + 100, 20.0 + 100, 0.1)
    assert loss_reduced(1.0, 20.0, 0.1)


def test_for_a_negative_loss_the_share_says_yes_at_the_start():
    assert loss_reduced(-1.0, -1.0, 0.1)


@pytest.mark.parametrize("shape", [(), (4,), (2, 3), (2, 1, 3)])
def test_the_norm_is_euclidean_whatever_the_shape(shape):
    rng = np.random.default_rng(4)
    first, now = rng.normal(size=shape), rng.normal(size=shape)
    ratio = np.sqrt(np.sum(now**2) / np.sum(first**2))
    assert gradient_reduced(now, first, ratio * 1.001)
    assert not gradient_reduced(now, first, ratio * 0.999)


def test_a_bad_start_is_left_in_no_time_and_a_good_one_is_not():
    well = objectives.get("double_well")

    def ends(start):
        theta, reason, n_steps = minimize(
            well.value, well.gradient, np.array(start), constant(0.005), {"eps_gradient": 0.01, "max_iterations": 5000}
        )
        assert reason == "gradient"
        return round(float(theta), 2), round(float(well.gradient(theta)), 2), n_steps

    assert ends(10.0) == (2.27, 9.66, 17)
    assert ends(1.9) == (0.92, 0.05, 334)


def test_the_runs_of_the_lecture_end_as_it_says():
    theta, reason, n_steps = trained({"max_iterations": 1000})
    assert (reason, n_steps) == ("budget", 1000)
    assert (round(FIT.value(theta), 2), round(FIT.validation(theta), 2)) == (0.25, 2.47)
    theta, reason, n_steps = trained({"max_iterations": 1000, "patience": 20})
    assert (reason, n_steps) == ("validation", 68)
    assert (round(FIT.value(theta), 2), round(FIT.validation(theta), 2)) == (1.38, 1.25)
    ends = {"eps_loss": (0.1, 147), "eps_gradient": (0.04, 217)}
    for limit, (eps, step) in ends.items():
        assert trained({limit: eps})[2] == step
    assert trained({"J_star": FIT.lowest, "eps_optimum": 0.75})[2] == 178
    assert trained({"eps_gradient": 0.1})[2] == 42


def test_noise_is_what_patience_is_for():
    found = []
    for patience in (1, 5, 20, 50):
        theta, _, n_steps = trained({"max_iterations": 300, "patience": patience}, objectives.noisy(FIT, 2.0))
        found.append((n_steps, round(FIT.validation(theta), 2)))
    assert found == [(8, 2.25), (30, 1.40), (56, 1.18), (86, 1.18)]


def test_a_run_that_diverges_stops_without_any_limit_and_says_where_it_last_was():
    well = objectives.get("double_well")
    with np.errstate(all="ignore"):
        theta, reason, _ = minimize(well.value, well.gradient, np.array(3.0), constant(2.0), {})
    assert reason == "diverged"
    assert np.isfinite(well.value(theta))
    assert stop_reason({"J": math.nan, "gradient": np.zeros(2)}, {}) == "diverged"


def test_the_real_clock_is_read_where_none_is_given():
    theta, reason, _ = minimize(lambda t: 1.0, lambda t: 0 * t, np.zeros(2), constant(0.1), {"max_seconds": 0.01})
    assert reason == "budget"
    np.testing.assert_array_equal(theta, np.zeros(2))
