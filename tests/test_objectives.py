"""The functions to minimise: their gradients and Hessians are those of their values, their minima are minima."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from descentlab import objectives, recordings

NAMES = [name for name in objectives.names() if name != "quadratic"]
FAMILY = [
    objectives.get("quadratic", hessian=[[3.0]], minimum=[1.0]),
    objectives.get("quadratic", hessian=[[2.0, 0.5, 0.0], [0.5, 1.0, 0.25], [0.0, 0.25, 4.0]], minimum=[1.0, -2.0, 0.5]),
]
EVERY = [pytest.param(objectives.get(name), id=name) for name in NAMES]
EVERY += [pytest.param(member, id=f"quadratic-{number}") for number, member in enumerate(FAMILY)]


def points(objective, n=20):
    """Return points in the box, as the objective takes them."""
    rng = np.random.default_rng(5)
    low, high = np.array(objective.box).T
    drawn = rng.uniform(low, high, size=(n, objective.dimension))
    return [np.array(point[0]) for point in drawn] if np.shape(objective.start) == () else list(drawn)


def numerical(function, theta, h=1e-5):
    """Return the central differences of `function` at theta, stacked along the last axis."""
    rows = []
    for index in np.ndindex(np.shape(theta)):
        step = np.zeros(np.shape(theta))
        step[index] = h
        rows.append((np.asarray(function(theta + step)) - np.asarray(function(theta - step))) / (2 * h))
    return np.stack(rows, axis=-1) if np.shape(theta) else np.asarray(rows[0])


@pytest.mark.parametrize("objective", EVERY)
def test_the_gradient_is_the_slope_of_the_value(objective):
    for theta in points(objective):
        gradient = objective.gradient(theta)
        assert np.shape(gradient) == np.shape(theta)
        # What is lost by subtracting two values of J is a share of J.
        lost = 1e-8 * max(1.0, abs(float(objective.value(theta))))
        np.testing.assert_allclose(gradient, numerical(objective.value, theta), rtol=1e-6, atol=lost)


@pytest.mark.parametrize("objective", EVERY)
def test_the_hessian_is_the_slope_of_the_gradient(objective):
    for theta in points(objective):
        lost = 1e-8 * max(10.0, float(np.max(np.abs(objective.gradient(theta)))))
        np.testing.assert_allclose(objective.hessian(theta), numerical(objective.gradient, theta), rtol=1e-6, atol=lost)


@pytest.mark.parametrize("objective", [each for each in EVERY if each.values[0].minima])
def test_nothing_in_the_box_is_lower_than_a_minimum(objective):
    lowest = [float(objective.value(minimum)) for minimum in objective.minima]
    assert max(lowest) - min(lowest) < 1e-12
    assert objective.lowest == min(lowest)
    for minimum in objective.minima:
        assert np.shape(minimum) == np.shape(objective.start)
        np.testing.assert_allclose(objective.gradient(minimum), 0, atol=1e-9)
        assert np.all(np.linalg.eigvalsh(np.atleast_2d(objective.hessian(minimum))) > 0)
    assert all(objective.value(theta) >= min(lowest) for theta in points(objective, 2000))


@pytest.mark.parametrize("objective", [each for each in EVERY if each.values[0].saddles])
def test_around_a_saddle_the_function_rises_and_falls_and_there_is_no_lowest_point(objective):
    assert objective.minima == ()
    assert objective.lowest is None
    for place in objective.saddles:
        np.testing.assert_array_equal(objective.gradient(place), 0)
        turns = np.linspace(0, 2 * np.pi, 100)
        around = objective.value(place + 0.1 * np.stack([np.cos(turns), np.sin(turns)], axis=-1)) - objective.value(place)
        assert around.min() < -1e-4
        assert around.max() > 1e-4
    map_of = objective.value(np.stack(np.meshgrid(*(np.linspace(*side, 60) for side in objective.box)), axis=-1))
    assert map_of.min() < map_of[1:-1, 1:-1].min(), "it falls up to the rim of the map"


@pytest.mark.parametrize("objective", EVERY)
def test_start_minima_and_saddles_lie_in_the_box_and_the_story_is_a_sentence(objective):
    low, high = np.array(objective.box).T
    for place in (objective.start, *objective.minima, *objective.saddles):
        assert np.all(np.atleast_1d(place) >= low)
        assert np.all(np.atleast_1d(place) <= high)
    assert objective.dimension == len(objective.box)
    assert objective.story.endswith(".")


@pytest.mark.parametrize("objective", EVERY)
def test_points_that_are_stacked_have_a_value_each(objective):
    stacked = np.stack(points(objective, 6)).reshape(2, 3, *np.shape(objective.start))
    values = objective.value(stacked)
    assert values.shape == (2, 3)
    for index in np.ndindex(2, 3):
        assert values[index] == pytest.approx(float(objective.value(stacked[index])), rel=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_whoever_changes_an_array_of_an_objective_changes_none_but_their_own(name):
    before = objectives.get(name)
    for array in (before.start, before.gradient(before.start), before.hessian(before.start), *before.minima):
        spoilt = np.asarray(array)
        if spoilt.flags.writeable:
            spoilt[...] = 99.0
    again = objectives.get(name)
    assert np.all(again.start != 99)
    assert np.all(np.isfinite(again.gradient(again.start)))
    for place in again.minima:
        assert again.value(place) <= again.value(again.start)


def test_the_matrix_that_was_handed_in_stays_the_callers():
    matrix, minimum = np.diag([1.0, 2.0]), np.ones(2)
    valley = objectives.quadratic(matrix, minimum)
    before = valley.gradient(np.zeros(2))
    matrix[:] = 0
    minimum[:] = 0
    np.testing.assert_array_equal(valley.gradient(np.zeros(2)), before)


def test_what_the_lecture_says_of_the_landscapes_is_so():
    ravine, well, bowl = (objectives.get(name) for name in ("ravine", "double_well", "bowl"))
    np.testing.assert_array_equal(np.linalg.eigvalsh(ravine.hessian(ravine.start)), [1.0, 20.0])
    np.testing.assert_array_equal(np.linalg.eigvalsh(bowl.hessian(bowl.start)), [1.0, 2.0])
    # The start is on the right, the deep valley on the left of the hill.
    assert well.minima[0] < 0 < well.start
    deep, hill, shallow = np.sort(np.roots([1.0, 0.0, -1.0, 0.2]).real)
    assert well.value(deep) < well.value(shallow) < well.value(hill)
    assert float(well.minima[0]) == pytest.approx(deep)


# Sums over examples -----------------------------------------------------------------------------------------------------------

SUMS = [pytest.param(each.values[0], id=each.id) for each in EVERY if isinstance(each.values[0], objectives.Sum)]
SUMS += [
    pytest.param(objectives.get("parabolas", n=1, spread=0.0, seed=11), id="one parabola"),
    pytest.param(objectives.get("logistic", n=6, penalty=0.01, seed=2), id="six examples"),
]


@pytest.mark.parametrize("objective", SUMS)
def test_a_sum_is_the_sum_of_its_terms(objective):
    for theta in points(objective):
        values = [float(objective.example_value(theta, i)) for i in range(objective.n_examples)]
        gradients = [objective.example_gradient(theta, i) for i in range(objective.n_examples)]
        assert float(objective.value(theta)) == pytest.approx(sum(values), rel=1e-12)
        np.testing.assert_allclose(objective.gradient(theta), np.sum(gradients, axis=0), rtol=1e-11, atol=1e-12)
        assert all(np.shape(gradient) == np.shape(theta) for gradient in gradients)


@pytest.mark.parametrize("objective", SUMS)
def test_the_gradient_of_a_term_is_the_slope_of_its_value(objective):
    for theta in points(objective, 5):
        for i in range(objective.n_examples):
            slope = numerical(lambda at, i=i: objective.example_value(at, i), theta)
            np.testing.assert_allclose(objective.example_gradient(theta, i), slope, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("objective", SUMS)
def test_many_terms_are_asked_for_at_once(objective):
    batch = np.array([objective.n_examples - 1, 0, 0])
    theta = points(objective, 1)[0]
    gradients, values = objective.example_gradient(theta, batch), objective.example_value(theta, batch)
    assert values.shape == (3,)
    assert gradients.shape == (3, *np.shape(theta))
    for row, i in enumerate(batch):
        np.testing.assert_allclose(gradients[row], objective.example_gradient(theta, i), rtol=1e-13)
        assert values[row] == pytest.approx(float(objective.example_value(theta, i)), rel=1e-13)


@pytest.mark.parametrize("objective", SUMS)
def test_the_data_of_a_sum_comes_from_its_seed_and_cannot_be_changed(objective):
    again = objectives.get(objective.name, **objective.parameters)
    other = objectives.get(objective.name, **(objective.parameters | {"seed": 99}))
    for name, array in objective.data.items():
        assert len(array) == objective.n_examples
        np.testing.assert_array_equal(array, again.data[name])
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1.0
    assert any(not np.array_equal(array, other.data[name]) for name, array in objective.data.items())


def test_the_parabolas_disagree_between_their_minima_and_nowhere_else():
    line = objectives.get("parabolas")
    low, high = line.region_of_uncertainty
    every = np.arange(line.n_examples)
    np.testing.assert_array_equal(line.example_gradient(0.0, every) == 0, line.minimizers == 0)
    for i, place in enumerate(line.minimizers):
        assert line.example_gradient(place, i) == 0
    assert low < float(line.minima[0]) < high < line.start
    assert np.all(line.example_gradient(low - 1e-9, every) < 0)
    assert np.all(line.example_gradient(high + 1e-9, every) > 0)
    inside = np.sign(line.example_gradient(float(line.minima[0]), every))
    assert set(inside) == {-1.0, 1.0}
    assert objectives.get("parabolas", spread=0.0).region_of_uncertainty == (0.0, 0.0)
    assert objectives.get("logistic").region_of_uncertainty is None


def test_the_logistic_regression_is_convex_and_separates_most_of_its_data():
    regression = objectives.get("logistic")
    for theta in points(regression):
        assert np.all(np.linalg.eigvalsh(regression.hessian(theta)) >= 0.1 - 1e-12)
    slope, offset = regression.minima[0]
    right = (slope * regression.data["x"] + offset > 0) == (regression.data["y"] == 1)
    assert 0.8 < right.mean() < 1
    # Far away nothing overflows.
    with np.errstate(over="raise", invalid="raise"):
        assert np.all(np.isfinite(regression.gradient(np.array([1e3, -1e3]))))
        assert np.isfinite(regression.value(np.array([-1e4, 1e4])))


@pytest.mark.parametrize("parameters", [{"n": 0}, {"spread": -1.0}, {"spread": float("nan")}])
def test_parabolas_want_a_term_and_a_spread(parameters):
    with pytest.raises(ValueError, match="wants n of at least 1 and a spread of at least 0"):
        objectives.get("parabolas", **parameters)


@pytest.mark.parametrize("parameters", [{"n": 0}, {"penalty": 0.0}])
def test_a_logistic_regression_wants_an_example_and_a_penalty(parameters):
    with pytest.raises(ValueError, match="wants n of at least 1 and a positive penalty"):
        objectives.get("logistic", **parameters)


def test_an_unknown_objective_is_answered_with_those_that_exist():
    with pytest.raises(KeyError, match="there is no objective 'hill'; there are quadratic, bowl, ravine, double_well"):
        objectives.get("hill")
    with pytest.raises(TypeError):
        objectives.get("bowl", hessian=np.eye(2))


@pytest.mark.parametrize("hessian", [[[1.0, 2.0], [0.0, 1.0]], [1.0, 2.0], [[1.0, 2.0]], np.ones((2, 2, 2))])
def test_a_quadratic_wants_a_symmetric_matrix(hessian):
    with pytest.raises(ValueError, match="a quadratic wants a symmetric matrix, not this one of shape"):
        objectives.quadratic(hessian)


def test_a_quadratic_wants_a_minimum_of_its_size():
    with pytest.raises(ValueError, match=r"the minimum has the shape \(3,\), the matrix wants \(2,\)"):
        objectives.quadratic(np.eye(2), np.ones(3))


@given(st.integers(0, 2**32), st.floats(0.01, 2))
def test_noise_comes_from_its_seed_and_is_drawn_anew(seed, scale):
    bowl = objectives.get("bowl")
    one, two = (objectives.noisy(bowl, scale, seed) for _ in range(2))
    first = one(bowl.start)
    np.testing.assert_array_equal(first, two(bowl.start))
    assert np.any(one(bowl.start) != first)


def test_noise_has_its_size_and_no_lean():
    bowl = objectives.get("bowl")
    gradient = objectives.noisy(bowl, 0.5, seed=3)
    drawn = np.array([gradient(bowl.start) for _ in range(4000)]) - bowl.gradient(bowl.start)
    np.testing.assert_allclose(drawn.mean(axis=0), 0, atol=0.04)
    np.testing.assert_allclose(drawn.std(axis=0), 0.5, rtol=0.06)


# Recorded runs ----------------------------------------------------------------------------------------------------------------


def test_a_recorded_run_is_found_by_its_setting():
    name = "s02_gradient_descent/ravine"
    default, exact = recordings.ghost(name), recordings.ghost(name, lr=0.095)
    assert default.exact is True
    assert default.setting == {"lr": 0.05}
    assert (exact.exact, exact.setting) == (True, {"lr": 0.095})
    assert exact.path.shape == (61, 2)
    ravine = objectives.get("ravine")
    np.testing.assert_allclose(exact.path[1], ravine.start - 0.095 * ravine.gradient(ravine.start), rtol=1e-9)
    near = recordings.ghost(name, lr=0.06)
    assert (near.exact, near.setting) == (False, {"lr": 0.05})


def test_a_recorded_run_that_is_not_there_is_answered_with_those_that_are():
    with pytest.raises(KeyError, match=r"there is no recorded run 's02_gradient_descent/x'; there are s02_gradient_descent/ravine"):
        recordings.ghost("s02_gradient_descent/x")
    with pytest.raises(KeyError, match="there are no recordings of section 's99_none'"):
        recordings.ghost("s99_none/x")
    with pytest.raises(KeyError, match="has no parameter eta"):
        recordings.ghost("s02_gradient_descent/ravine", eta=0.1)
    with pytest.raises(KeyError, match="no_such_exercise"):
        recordings.section_of("no_such_exercise")
