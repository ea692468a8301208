"""Numbers that section 1's reference must reproduce: minima, gradients and errors that are known; and what holds for any input."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from descentlab import objectives, recordings
from reference_impl.s01_problem import numerical_gradient, quadratic, quadratic_gradient, quadratic_minimizer

EPS = np.finfo(float).eps
BOWL, GUTTER, SADDLE = np.array([[[2.0, 2.0], [0.0, 2.0]], [[1.0, 2.0], [0.0, 1.0]], [[1.0, 2.0], [2.0, -1.0]]])


def test_the_numbers_of_the_lecture():
    b = np.array([2.5, 2.0])
    np.testing.assert_allclose(quadratic_minimizer(BOWL, b), [1.0, 0.5])
    point = np.array([-1.0, 1.5])
    gradient = quadratic_gradient(point, BOWL, b)
    np.testing.assert_allclose(gradient, [-3.0, 0.0], atol=1e-15)
    # Against the gradient from (-1, 1.5) is along the horizontal line, which passes (1, 0.5) at a distance of 1.
    assert abs(np.cross([*gradient, 0.0], [*(np.array([1.0, 0.5]) - point), 0.0])[2]) / 3.0 == pytest.approx(1.0)
    for matrix, eigenvalues in ((BOWL, [1, 3]), (GUTTER, [0, 2]), (SADDLE, [-np.sqrt(5), np.sqrt(5)])):
        np.testing.assert_allclose(np.linalg.eigvalsh((matrix + matrix.T) / 2), eigenvalues, atol=1e-15)
    np.testing.assert_allclose(np.linalg.eigvals(GUTTER), [1, 1])


def test_the_start_notebooks_parabola_is_lowest_where_its_curve_is():
    x, y = np.array([0.5, 1.0, 1.5, 2.0, 2.5]), np.array([1.2, 1.8, 3.1, 4.2, 4.7])
    best = quadratic_minimizer(np.array([[2 * np.mean(x * x)]]), np.array([2 * np.mean(x * y)]))
    assert best[0] == pytest.approx(1.9782, abs=5e-5)
    curve = recordings.ghost("s00_start/loss").path
    assert np.linspace(0.0, 4.0, 81)[np.argmin(curve)] == pytest.approx(best[0], abs=0.025)
    # A quadratic up to a constant, the mean of y².
    for theta in (0.0, 1.3, 4.0):
        rest = quadratic(np.array([theta]), np.array([[2 * np.mean(x * x)]]), np.array([2 * np.mean(x * y)])) + np.mean(y * y)
        assert rest == pytest.approx(np.mean((theta * x - y) ** 2))


@pytest.mark.parametrize(
    "matrix",
    [GUTTER, SADDLE, -BOWL, np.array([[1.0, 4.0], [0.0, 1.0]]), np.zeros((1, 1)), np.array([[-1.0]]), np.diag([3.0, 0.0, 1.0])],
    ids=["gutter", "saddle", "hilltop", "above the diagonal", "line", "hill", "one flat"],
)
def test_where_there_is_no_single_lowest_point_it_is_refused_with_the_reason(matrix):
    with pytest.raises(ValueError, match="not positive definite: its smallest eigenvalue is"):
        quadratic_minimizer(matrix, np.ones(len(matrix)))


def test_a_zero_eigenvalue_is_refused_however_rounding_turns_it():
    """Of low rank on paper; in floating point the smallest eigenvalue comes out on either side of zero."""
    rng, signs = np.random.default_rng(1), set()
    for _ in range(50):
        thin = rng.normal(size=(4, 3))
        signs.add(bool(np.linalg.eigvalsh(thin @ thin.T)[0] > 0))
        with pytest.raises(ValueError, match="positive definite"):
            quadratic_minimizer(thin @ thin.T, rng.normal(size=4))
    assert signs == {True, False}


def test_a_matrix_that_is_almost_a_turn_has_a_minimum():
    turn = np.array([[1.0, -50.0], [50.0, 1.0]])
    np.testing.assert_allclose(quadratic_minimizer(turn, np.array([3.0, 4.0])), [3.0, 4.0])


def test_the_v_of_the_figure():
    """Truncation on the right, rounding on the left, about eleven digits between; a constant on top takes digits away."""
    h, errors = 0.5 ** np.arange(1, 45), recordings.ghost("s01_problem/step_size").path
    right = h > 1e-4
    np.testing.assert_allclose(errors[right], h[right] ** 2, rtol=1e-3)
    assert np.all(errors[~right] < 3 * (h[~right] ** 2 + EPS * 0.343 / h[~right]))
    assert 1e-6 < h[np.argmin(errors)] < 1e-5
    assert errors.min() < 1e-10
    one_sided = np.abs(((0.7 + h) ** 3 - 0.7**3) / h - 1.47)
    np.testing.assert_allclose(one_sided[right], 2.1 * h[right], rtol=0.3)
    assert 1e-9 < one_sided.min() < 1e-7

    def lifted(c):
        return float(numerical_gradient(lambda theta: theta**3 + c, np.array(0.7)))

    assert lifted(1e4) == pytest.approx(1.47, abs=1e-5)
    assert 1e-4 < abs(lifted(1e8) - 1.47) < 0.01
    assert lifted(1e12) == 0.0
    assert np.spacing(1e12) == pytest.approx(1.2e-4, rel=0.02)


@pytest.mark.parametrize("name", ["bowl", "ravine", "double_well", "rosenbrock", "beale", "himmelblau", "saddle", "logistic"])
def test_the_objectives_gradients_are_what_differences_say(name):
    objective = objectives.get(name)
    theta = np.array(objective.start)
    numeric = numerical_gradient(objective.value, theta)
    assert np.shape(numeric) == np.shape(theta)
    # Rounding, 20 ε|J|/h; what the difference leaves out is below it for these functions at their starts.
    room = 20 * EPS * max(abs(float(objective.value(theta))), 1.0) / 1e-6
    assert np.abs(numeric - objective.gradient(theta)).max() < room


NUMBERS = st.floats(-10, 10, width=32)


def square(draw, d):
    return draw(arrays(np.float64, (d, d), elements=NUMBERS))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_quadratic_sees_the_symmetric_part_alone_and_changes_by_its_gradient(data):
    d = data.draw(st.integers(1, 5))
    theta, v, b = (data.draw(arrays(np.float64, d, elements=NUMBERS)) for _ in range(3))
    A = square(data.draw, d)
    kept = theta.copy(), A.copy(), b.copy()
    value, gradient = quadratic(theta, A, b), quadratic_gradient(theta, A, b)
    for now, before in zip((theta, A, b), kept, strict=True):
        np.testing.assert_array_equal(now, before)
    scale = 1e-9 * (1 + np.abs(A).max() * d**2 * 400 + 400)
    assert isinstance(value, float)
    assert quadratic(theta, A.T, b) == pytest.approx(value, abs=scale)
    np.testing.assert_allclose(quadratic_gradient(theta, A.T, b), gradient, atol=scale)
    change = quadratic(theta + v, A, b) - quadratic(theta - v, A, b)
    assert 2 * gradient @ v == pytest.approx(change, abs=scale)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_at_the_minimum_the_gradient_is_zero_and_every_step_leads_higher(data):
    d = data.draw(st.integers(1, 5))
    root, skew = square(data.draw, d), square(data.draw, d)
    A = root @ root.T + 0.1 * np.eye(d) + skew - skew.T
    b = data.draw(arrays(np.float64, d, elements=NUMBERS))
    minimum = quadratic_minimizer(A, b)
    assert np.abs(quadratic_gradient(minimum, A, b)).max() < 1e-9 * (1 + np.abs(A).max() * np.abs(minimum).max())
    v = data.draw(arrays(np.float64, d, elements=st.floats(0.5, 2)))
    assert quadratic(minimum + v, A, b) > quadratic(minimum, A, b)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_shape_is_differentiated_entry_by_entry_and_nothing_is_changed(data):
    shape = data.draw(array_shapes(min_dims=0, max_dims=3, max_side=3))
    theta = data.draw(arrays(data.draw(st.sampled_from([np.float64, np.int64])), shape, elements=st.integers(-5, 5)))
    h = data.draw(st.floats(1e-4, 0.1))
    kept, asked = theta.copy(), []

    def J(at):
        asked.append(np.array(at))
        return float(np.sum(np.sin(at)))

    gradient = numerical_gradient(J, theta, h)
    np.testing.assert_array_equal(theta, kept)
    assert (np.shape(gradient), gradient.dtype, len(asked)) == (shape, np.float64, 2 * theta.size)
    # Of sin the central difference is cos times sin(h)/h, exactly.
    np.testing.assert_allclose(gradient, np.cos(theta) * np.sin(h) / h, atol=20 * EPS * max(theta.size, 1) / h)
