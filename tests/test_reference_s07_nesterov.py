"""Numbers that section 7's reference must reproduce: library walks, limits and rates; and what holds for any input."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from descentlab import objectives, recordings
from descentlab.runs import run_steps
from reference_impl.s06_momentum import momentum_contraction, momentum_step, optimal_heavy_ball
from reference_impl.s07_nesterov import lookahead, nesterov_contraction, nesterov_step

RAVINE = objectives.get("ravine")
KAPPA = np.diag([1.0, 100.0])


def library_walk(gradient_of, phi, schedule, gamma, n_steps):
    """The look-ahead points that libraries keep as their parameters: b ← γb + ηg, φ ← φ − γb − ηg, with the gradient at φ."""
    buffer, points = np.zeros_like(phi), [phi]
    for t in range(1, n_steps + 1):
        push = schedule(t) * gradient_of(phi)
        buffer = gamma * buffer + push
        phi = phi - gamma * buffer - push
        points.append(phi)
    return np.array(points)


def phis(schedule, gamma, n_steps):
    theta, velocity = RAVINE.start, np.zeros(2)
    points = [lookahead(theta, velocity, gamma)]
    for t in range(1, n_steps + 1):
        theta, velocity = nesterov_step(theta, velocity, RAVINE.gradient, schedule(t), gamma)
        points.append(lookahead(theta, velocity, gamma))
    return np.array(points)


@pytest.mark.parametrize("schedule", [lambda t: 0.03, lambda t: 0.05 / (1 + 0.1 * t)], ids=["constant rate", "varying rate"])
def test_libraries_walk_over_the_look_ahead_points(schedule):
    np.testing.assert_allclose(
        phis(schedule, 0.9, 200), library_walk(RAVINE.gradient, RAVINE.start, schedule, 0.9, 200), atol=1e-14
    )


def test_with_the_rate_outside_the_walk_is_the_same_only_while_it_is_constant():
    def outside(schedule):
        phi, buffer, points = RAVINE.start, np.zeros(2), [RAVINE.start]
        for t in range(1, 101):
            gradient = RAVINE.gradient(phi)
            buffer = 0.9 * buffer + gradient
            phi = phi - schedule(t) * (0.9 * buffer + gradient)
            points.append(phi)
        return np.array(points)

    np.testing.assert_allclose(phis(lambda t: 0.03, 0.9, 100), outside(lambda t: 0.03), atol=1e-14)
    falling = [phis(lambda t: 0.03 / t, 0.9, 100), outside(lambda t: 0.03 / t)]
    assert np.abs(falling[0] - falling[1]).max() > 0.01


def test_the_limits_and_the_rates_of_the_lecture():
    one = np.eye(1)
    assert nesterov_contraction(one, 1.35714, 0.9) == pytest.approx(1, abs=1e-5)
    assert nesterov_contraction(one, 1.35, 0.9) < 1 < nesterov_contraction(one, 1.36, 0.9)
    assert momentum_contraction(one, 3.79, 0.9) < 1 < momentum_contraction(one, 3.81, 0.9)
    assert nesterov_contraction(KAPPA, 0.01, 9 / 11) == pytest.approx(0.9, rel=1e-6)
    assert momentum_contraction(KAPPA, *optimal_heavy_ball(KAPPA)) == pytest.approx(9 / 11, rel=1e-6)
    assert np.log(10) / -np.log(0.9) == pytest.approx(21.9, abs=0.05)
    assert nesterov_contraction(np.diag([1.0, 20.0]), 0.07, 0.9) == pytest.approx(1.09, abs=0.005)


def test_the_factor_is_what_a_long_walk_shows():
    for lr, gamma in ((0.03, 0.9), (0.06, 0.5), (0.01, 0.8)):
        path = run_steps(nesterov_step, "ravine", 400, lr=lr, gamma=gamma)
        sizes = np.linalg.norm(path, axis=1)
        # The swings of a complex pair are averaged out over a hundred steps, but for a bounded factor at both ends.
        measured = (sizes[250:300].max() / sizes[100:150].max()) ** (1 / 150)
        assert measured == pytest.approx(nesterov_contraction(np.diag([1.0, 20.0]), lr, gamma), rel=0.01)


def test_it_is_momentum_with_a_memory_that_knows_the_curvature():
    hessian = np.diag([2.0, 5.0])
    memory = 0.9 * (1 - 0.1 * np.diag(hessian))
    theta, velocity = np.array([1.0, -2.0]), np.array([0.3, 0.2])
    mine = nesterov_step(theta, velocity, lambda at: hessian @ at, 0.1, 0.9)
    np.testing.assert_allclose(mine, momentum_step(theta, velocity, hessian @ theta, 0.1, memory))


def test_the_walks_that_the_text_speaks_of():
    """Where both walks settle in the deep valley, and which one is still there when they come from the left."""
    well = objectives.get("double_well")
    deep, _, shallow = np.sort(np.roots([1.0, 0.0, -1.0, 0.2]).real)
    for step, settled, left in ((nesterov_step, 29, deep), (momentum_step, 61, shallow)):
        path = run_steps(step, well, 150, lr=0.05, gamma=0.9)
        assert np.flatnonzero(np.abs(path - deep) >= 0.04)[-1] + 1 == settled
        assert run_steps(step, well, 150, start=-1.9, lr=0.05, gamma=0.9)[-1] == pytest.approx(left, abs=0.02)
    assert run_steps(nesterov_step, well, 150, start=-1.9, lr=0.1, gamma=0.95)[-1] == pytest.approx(shallow, abs=0.02)


def test_the_recorded_steps_jump_to_the_look_ahead_point_and_correct_from_there():
    bowl = objectives.get("bowl")
    for lr, gamma in ((0.2, 0.9), (0.1, 0.5)):
        path = recordings.ghost("s07_nesterov/steps", lr=lr, gamma=gamma).path
        velocity = np.zeros(2)
        for before, ahead, after, momentum in path:
            np.testing.assert_allclose(ahead, lookahead(before, velocity, gamma))
            np.testing.assert_allclose(after, ahead - lr * bowl.gradient(ahead))
            np.testing.assert_allclose(momentum, momentum_step(before, velocity, bowl.gradient(before), lr, gamma)[0])
            velocity = before - after


NUMBERS = st.floats(-100, 100, width=32)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_shape_is_stepped_element_by_element_and_nothing_is_changed(data):
    shape = data.draw(array_shapes(min_dims=0, max_dims=3, max_side=4))
    theta, velocity = (data.draw(arrays(np.float64, shape, elements=NUMBERS)) for _ in range(2))
    gamma, lr = data.draw(st.floats(0, 1)), data.draw(st.floats(0, 1))
    kept, asked = (theta.copy(), velocity.copy()), []

    def gradient_of(at):
        asked.append(np.copy(at))
        return np.sin(at)

    new = nesterov_step(theta, velocity, gradient_of, lr, gamma)
    assert len(asked) == 1
    np.testing.assert_array_equal(asked[0], lookahead(*kept, gamma))
    for got, old in zip((theta, velocity), kept, strict=True):
        np.testing.assert_array_equal(got, old)
    assert all(np.shape(part) == shape for part in new)
    for index in np.ndindex(*shape):
        alone = nesterov_step(theta[index], velocity[index], np.sin, lr, gamma)
        np.testing.assert_allclose([part[index] for part in new], alone, rtol=1e-12, atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(st.floats(0, 0.99), st.floats(0.01, 3))
def test_one_direction_converges_exactly_below_the_limit(gamma, product):
    limit = 2 * (1 + gamma) / (1 + 2 * gamma)
    if abs(product - limit) > 1e-6:
        assert (nesterov_contraction(np.eye(1), product, gamma) < 1) == (product < limit)
