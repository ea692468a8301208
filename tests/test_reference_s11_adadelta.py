"""Adadelta's reference against what theory says of it: units, first steps, the estimate, and the limit near a minimum."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from descentlab import objectives
from descentlab.runs import run_steps, run_stream
from reference_impl.s11_adadelta import adadelta_step, curvature_estimate, newton_step_diagonal, rms

SHAPES = array_shapes(min_dims=0, max_dims=3, max_side=3)
NUMBERS = st.floats(-1e3, 1e3).filter(lambda x: abs(x) > 1e-3)


def walk(theta, square_g, square_u, gradients, **settings):
    points = []
    for gradient in gradients:
        theta, square_g, square_u = adadelta_step(theta, square_g, square_u, gradient, **settings)
        points.append(theta)
    return np.array(points)


@pytest.mark.parametrize("c", [1e-6, 0.25, 3.0, 1e9])
def test_open_loop_the_updates_are_the_same_under_a_rescaled_gradient_and_gradient_descents_are_not(c):
    rng = np.random.default_rng(11)
    theta, square_g, square_u, gradients = rng.normal(size=3), rng.uniform(1, 2, 3), rng.uniform(1, 2, 3), rng.normal(size=(20, 3))
    moves = [np.diff(walk(theta, k**2 * square_g, square_u, k * gradients, eps=0.0), axis=0) for k in (1.0, c)]
    np.testing.assert_allclose(moves[1], moves[0], rtol=1e-10)
    descent = [np.diff(theta - 0.1 * np.cumsum(k * gradients, axis=0), axis=0) for k in (1.0, c)]
    assert not np.allclose(descent[1], descent[0], rtol=0.1)


@pytest.mark.parametrize("a", [1e-6, 0.25, 3.0, 1e9])
def test_the_walk_is_told_in_the_units_of_theta_and_rmsprops_is_not(a):
    rng = np.random.default_rng(12)
    theta, square_g, square_u, gradients = rng.normal(size=3), rng.uniform(1, 2, 3), rng.uniform(1, 2, 3), rng.normal(size=(20, 3))
    walks = [walk(k * theta, square_g / k**2, k**2 * square_u, gradients / k, eps=0.0) / k for k in (1.0, a)]
    np.testing.assert_allclose(walks[1], walks[0], rtol=1e-10)

    def rmsprop(k):
        step = run_stream(lambda theta, g, gradient: adadelta_step(theta, g, 0.01 + 0 * g, gradient, eps=0.0)[:2], gradients / k)
        return step[:, 0] / k

    assert not np.allclose(rmsprop(a), rmsprop(1.0), rtol=0.1)


def test_the_first_step_is_the_root_of_eps_over_the_share_that_comes_in():
    for gradient in (1.0, -50.0, 1e6):
        theta, *_ = adadelta_step(np.array(0.0), np.array(0.0), np.array(0.0), np.array(gradient))
        assert theta == pytest.approx(-np.sign(gradient) * 3.1623e-3, rel=1e-4)


def test_without_eps_it_never_moves_from_averages_of_zero():
    points = run_stream(adadelta_step, np.ones(50), eps=0.0, keep=lambda theta, square_g, square_u, t: theta)
    np.testing.assert_array_equal(points, np.zeros(50))


@pytest.mark.parametrize("eps", [1e-8, 1e-6, 1e-4])
def test_on_a_constant_slope_the_way_goes_with_the_root_of_eps_and_steps_double_by_step_300(eps):
    way = -run_stream(adadelta_step, np.ones(300), eps=eps, keep=lambda theta, square_g, square_u, t: theta)
    assert way[-1] == pytest.approx(1.5288e3 * np.sqrt(eps), rel=2e-3)
    steps = np.diff(way, prepend=0.0)
    assert steps[[99, 299]] / steps[0] == pytest.approx([1.47, 2.04], abs=0.01)


@pytest.mark.parametrize(("curvature", "converges"), [(0.5, True), (1.9, True), (2.1, False), (20.0, False)])
def test_near_a_minimum_it_is_gradient_descent_with_a_rate_of_one(curvature, converges):
    bowl = objectives.quadratic([[curvature]])
    path = run_steps(adadelta_step, bowl, 400, start=[1e-5])[:, 0]
    assert (abs(path[-1]) < 1e-12) == converges
    assert (abs(path[-1]) > 1e-4) != converges
    # The first steps, as long as all squares are far below eps.
    theory = 1e-5 * (1 - curvature) ** np.arange(6)
    tiny = (curvature * theory) ** 2 < 1e-7
    assert tiny[0]
    np.testing.assert_allclose(path[:6][tiny], theory[tiny], rtol=0.02)


def test_above_the_limit_it_swings_from_wall_to_wall_and_the_squared_width_grows_by_eps_a_step():
    path = run_steps(adadelta_step, objectives.quadratic([[20.0]]), 6000, start=[1.0])[:, 0]
    widths = np.diff(path) ** 2
    assert np.all(path[3000:-1] * path[3001:] < 0)
    assert (widths[5999] - widths[2999]) / 3000 == pytest.approx(1e-6, rel=0.01)


def test_the_estimate_has_the_units_of_a_curvature_and_another_size():
    curvatures = np.geomspace(0.1, 1000, 9)
    bowl = objectives.quadratic(np.diag(curvatures))
    states = run_steps(adadelta_step, bowl, 1000, start=np.ones(9), keep=lambda theta, *both: (theta, *both[:2]))

    def ratio(t):
        return curvature_estimate(states[t, 1], states[t - 1, 2]) / curvatures

    for t, times in ((1, 316), (100, 190), (300, 51)):
        np.testing.assert_allclose(ratio(t), times, rtol=0.02)
    np.testing.assert_allclose(ratio(1000)[curvatures > 2], 0.5, rtol=1e-2)
    np.testing.assert_allclose((ratio(1000) * curvatures)[curvatures < 2], 1.0, rtol=1e-6)
    # The factor that the rule applied, read off the walk.
    t = 200
    gradient, update = curvatures * states[t - 1, 0], states[t - 1, 0] - states[t, 0]
    np.testing.assert_allclose(gradient / update, ratio(t) * curvatures, rtol=1e-9)


def test_newtons_step_with_a_diagonal_arrives_at_once_or_leaves_where_coordinates_are_coupled():
    bowl = objectives.quadratic(np.diag([0.5, 7.0]), minimum=[1.0, -2.0])
    np.testing.assert_allclose(newton_step_diagonal(bowl.start, bowl.gradient(bowl.start), np.array([0.5, 7.0])), [1.0, -2.0])
    for share, factor in ((0.45, 0.9), (0.55, 1.1)):
        coupled = objectives.quadratic(share * np.ones((3, 3)) + (1 - share) * np.eye(3))
        after = newton_step_diagonal(np.ones(3), coupled.gradient(np.ones(3)), np.ones(3))
        np.testing.assert_allclose(after, -factor)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_it_is_pure_and_keeps_shapes_whatever_they_are(data):
    shape = data.draw(SHAPES)
    theta, gradient, square_g, square_u = (data.draw(arrays(np.float64, shape, elements=NUMBERS)) for _ in range(4))
    handed = [theta, square_g**2, square_u**2, gradient]
    before = [part.copy() for part in handed]
    results = adadelta_step(*handed, gamma=0.7, eps=1e-3)
    for result in results:
        assert np.shape(result) == shape
        assert not any(np.shares_memory(result, part) for part in handed)
    for part, kept in zip(handed, before, strict=True):
        np.testing.assert_array_equal(part, kept)
    # Whatever the state, the update is the gradient over the estimate.
    np.testing.assert_allclose(
        (theta - results[0]) * curvature_estimate(results[1], square_u**2, 1e-3), gradient, rtol=1e-6, atol=1e-9
    )
    np.testing.assert_allclose(rms(square_g**2, 1e-3) ** 2, square_g**2 + 1e-3, rtol=1e-12)
