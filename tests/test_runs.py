"""The loops around a student's step: what it is given, what is kept, and what is said where it returns something else."""

import numpy as np
import pytest

from descentlab import objectives
from descentlab.runs import run_steps, run_stream, take_apart


def momentum(theta, velocity, gradient, lr):
    velocity = 0.5 * velocity + lr * gradient
    return theta - velocity, velocity


def plain(theta, gradient, lr):
    return theta - lr * gradient


def test_every_point_is_made_from_the_one_before_it_and_the_gradient_there():
    bowl = objectives.get("bowl")
    points = run_steps(momentum, "bowl", 6, lr=0.1)
    velocity, theta = np.zeros(2), bowl.start
    for t in range(1, 7):
        theta, velocity = momentum(theta, velocity, bowl.gradient(theta), 0.1)
        np.testing.assert_array_equal(points[t], theta)
    np.testing.assert_array_equal(points[0], bowl.start)
    assert points.shape == (7, 2)


def test_the_number_of_the_step_and_a_schedule_begin_at_one():
    seen = []

    def step(theta, gradient, t, lr):
        seen.append((t, lr))
        return theta

    run_steps(step, "double_well", 3, start=0.5, lr=lambda t: 1 / t)
    assert seen == [(1, 1.0), (2, 0.5), (3, 1 / 3)]


def test_a_step_that_asks_for_the_gradient_itself_is_given_the_function():
    well = objectives.get("double_well")
    points = run_steps(lambda theta, gradient_of, lr: theta - lr * gradient_of(theta - 0.1), well, 1, lr=0.2)
    assert points[1] == pytest.approx(well.start - 0.2 * well.gradient(well.start - 0.1))


def test_a_step_in_place_spoils_no_point_that_was_kept():
    def in_place(theta, gradient, lr):
        theta -= lr * gradient
        return theta

    np.testing.assert_array_equal(run_steps(in_place, "bowl", 5, lr=0.1), run_steps(plain, "bowl", 5, lr=0.1))


def test_a_stream_goes_its_own_way_and_keep_says_what_stays():
    gradients = [1.0, 2.0, -4.0]
    states = run_stream(momentum, gradients, lr=1.0)
    np.testing.assert_array_equal(states, [[-1.0, 1.0], [-3.5, 2.5], [-0.75, -2.75]])
    kept = run_stream(momentum, gradients, lr=1.0, keep=lambda theta, velocity, t: t * velocity)
    np.testing.assert_array_equal(kept, [1.0, 5.0, -8.25])
    assert run_stream(plain, np.ones((4, 2, 3)), lr=1.0).shape == (4, 1, 2, 3)


def test_keep_says_what_stays_of_a_walk_the_start_among_it():
    kept = run_steps(momentum, "bowl", 5, lr=0.1, keep=lambda theta, velocity, t: (theta, velocity, 0 * theta + t))
    np.testing.assert_array_equal(kept[:, 0], run_steps(momentum, "bowl", 5, lr=0.1))
    np.testing.assert_array_equal(kept[0, 1], np.zeros(2))
    np.testing.assert_allclose(kept[1:, 1], kept[:-1, 0] - kept[1:, 0])
    np.testing.assert_array_equal(kept[:, 2, 0], np.arange(6))


def test_a_keep_that_works_in_place_spoils_no_state():
    def spoil(theta, velocity, t):
        velocity *= 0
        return theta

    np.testing.assert_array_equal(run_steps(momentum, "bowl", 5, lr=0.1, keep=spoil), run_steps(momentum, "bowl", 5, lr=0.1))


def test_what_is_not_written_yet_gives_none():
    assert run_steps(lambda theta, gradient: None, "bowl", 3) is None
    assert run_steps(plain, "bowl", 3, lr=0.1, keep=lambda theta, t: None) is None
    assert run_stream(lambda m, v, gradient: None, [1.0]) is None
    assert run_stream(momentum, [1.0], lr=0.1, keep=lambda theta, velocity, t: None) is None


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (lambda theta, m, v, gradient: theta, "3 arrays of shape (2,), and returned 2 values"),
        (lambda theta, m, gradient: 1.0, "2 arrays of shape (2,), and returned float"),
        (lambda theta, m, gradient: (theta, 0.0), "returned the shapes (2,), ()"),
        (lambda theta, gradient: np.zeros(3), "1 array of shape (2,), and returned the shapes (3,)"),
        (lambda theta, slope: theta, "(theta, slope)"),
    ],
)
def test_a_wrong_result_is_said_in_words(step, words):
    with pytest.raises(TypeError, match=words.replace("(", r"\(").replace(")", r"\)")):
        run_steps(step, "bowl", 2)


def test_an_empty_stream_is_refused():
    with pytest.raises(ValueError, match="at least one gradient"):
        run_stream(plain, [])


# A step taken apart -----------------------------------------------------------------------------------------------------------


def nesterov(theta, velocity, gradient_of, lr):
    velocity = 0.5 * velocity + lr * gradient_of(theta - 0.5 * velocity)
    return theta - velocity, velocity


@pytest.mark.parametrize("step", [momentum, nesterov])
def test_the_steps_taken_apart_are_those_of_the_walk(step):
    taken = take_apart(step, "ravine", 5, start=[-1.0, 0.5], lr=0.03)
    points = run_steps(step, "ravine", 5, start=[-1.0, 0.5], lr=0.03)
    np.testing.assert_array_equal([item.before for item in taken], points[:-1])
    np.testing.assert_array_equal([item.after for item in taken], points[1:])
    assert all(item.corners.shape == (4, 2) for item in taken)


def test_a_step_is_a_jump_by_the_state_and_a_correction_by_the_gradient():
    ravine = objectives.get("ravine")
    one, two, _ = take_apart(nesterov, "ravine", 3, lr=0.03)
    np.testing.assert_array_equal(one.coasted, one.before)  # it begins at rest
    jump = two.before + 0.5 * (one.after - one.before)
    np.testing.assert_allclose(two.coasted, jump)
    np.testing.assert_allclose(two.asked, [jump])
    np.testing.assert_allclose(two.after, jump - 0.03 * ravine.gradient(jump))
    np.testing.assert_allclose(two.standing, jump - 0.03 * ravine.gradient(two.before))


def test_momentum_asks_where_it_stands():
    for item in take_apart(momentum, "ravine", 3, lr=0.03):
        np.testing.assert_array_equal(item.asked, [item.before])
        np.testing.assert_array_equal(item.standing, item.after)


def test_every_place_where_a_step_asks_is_kept():
    def twice(theta, gradient_of, lr):
        return theta - lr * (gradient_of(theta) + gradient_of(theta + 1.0))

    (taken,) = take_apart(twice, "double_well", 1, start=0.5, lr=0.1)
    np.testing.assert_array_equal(taken.asked, [0.5, 1.5])
    (never,) = take_apart(lambda theta, gradient_of: theta - 1.0, "bowl", 1)
    assert never.asked.shape == (0, 2)


def test_a_step_that_works_in_place_is_taken_apart_like_any_other():
    def in_place(theta, velocity, gradient_of, lr):
        velocity *= 0.5
        theta -= velocity
        correction = lr * gradient_of(theta)
        velocity += correction
        theta -= correction
        return theta, velocity

    for one, other in zip(*(take_apart(step, "ravine", 4, lr=0.03) for step in (in_place, nesterov)), strict=True):
        np.testing.assert_allclose(one.corners, other.corners)
        np.testing.assert_allclose(one.asked, other.asked)


def test_nothing_is_taken_apart_that_is_not_written_or_no_step():
    assert take_apart(lambda theta, velocity, gradient_of, lr: None, "bowl", 2, lr=0.1) is None
    with pytest.raises(TypeError, match="it should return 2 arrays"):
        take_apart(lambda theta, velocity, gradient_of: theta, "bowl", 2)
    with pytest.raises(TypeError, match="it needs one called gradient"):
        take_apart(lambda theta, velocity: theta, "bowl", 2)
