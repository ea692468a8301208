"""What holds of the references' update rules for any input: shapes, purity, linearity, invariances, limits in closed form.

Nesterov's step and Adadelta's are held to shapes and purity beside the rest of their sections' tests.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from descentlab.runs import run_stream
from reference_impl.s02_gradient_descent import contraction_factor, gd_step, gradient_descent, max_stable_lr, optimal_lr
from reference_impl.s06_momentum import (
    momentum_contraction,
    momentum_descent,
    momentum_step,
    optimal_heavy_ball,
    terminal_velocity,
)
from reference_impl.s07_nesterov import nesterov_step
from reference_impl.s08_schedules import (
    descend,
    exponential_decay,
    momentum_velocity,
    nesterov_velocity,
    piecewise_constant,
    sgd_velocity,
)
from reference_impl.s09_adagrad import adagrad_step, effective_lr
from reference_impl.s10_rmsprop import exponential_average, rmsprop_step
from reference_impl.s12_adam import adam_step, bias_correction, moment_weights, uncorrected_first_steps, update_moments

quick = settings(max_examples=25, deadline=None)

SHAPES = array_shapes(min_dims=0, max_dims=3, max_side=3)
# Zero, or far enough from it that no square is lost to underflow.
NUMBERS = st.floats(-1e3, 1e3).map(lambda x: 0.0 if abs(x) < 1e-3 else x)
SHARES = st.floats(0.0, 0.99)
RATES = st.floats(1e-3, 2.0)
SIZES = st.floats(1e-6, 1e6)


# Any shape --------------------------------------------------------------------------------------------------------------------

MEMORY = {"lr": 0.3, "gamma": 0.7}
BETAS = {"beta1": 0.7, "beta2": 0.9}

# Each rule's arrays, in the order of its first line (a square is a sum or an average of squares, and never below zero), and its
# settings.
RULES = {
    gd_step: (("theta", "gradient"), {"lr": 0.3}),
    momentum_step: (("theta", "velocity", "gradient"), MEMORY),
    terminal_velocity: (("gradient",), MEMORY),
    sgd_velocity: (("theta", "velocity"), {"gradient_of": np.sin, "lr": 0.3}),
    momentum_velocity: (("theta", "velocity"), {"gradient_of": np.sin} | MEMORY),
    nesterov_velocity: (("theta", "velocity"), {"gradient_of": np.sin} | MEMORY),
    effective_lr: (("square",), {"lr": 0.3, "eps": 0.1}),
    adagrad_step: (("theta", "square", "gradient"), {"lr": 0.3, "eps": 0.1}),
    exponential_average: (("previous", "value"), {"gamma": 0.7}),
    rmsprop_step: (("theta", "square", "gradient"), {"eps": 0.1} | MEMORY),
    update_moments: (("m", "square", "gradient"), BETAS),
    bias_correction: (("moment",), {"beta": 0.7, "t": 3}),
    adam_step: (("theta", "m", "square", "gradient"), {"t": 3, "lr": 0.3, "eps": 0.1} | BETAS),
}


def results_of(rule, handed):
    result = rule(*handed, **RULES[rule][1])
    return result if isinstance(result, tuple) else (result,)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@quick
@given(data=st.data())
def test_a_rule_goes_entry_by_entry_keeps_the_shape_and_leaves_its_arguments_alone(rule, data):
    shape = data.draw(SHAPES)
    drawn = {name: data.draw(arrays(np.float64, shape, elements=NUMBERS)) for name in RULES[rule][0]}
    handed = [part**2 if name == "square" else part for name, part in drawn.items()]
    before = [part.copy() for part in handed]
    results = results_of(rule, handed)
    for result in results:
        assert np.shape(result) == shape
        assert not any(np.shares_memory(result, part) for part in handed)
    for part, kept in zip(handed, before, strict=True):
        np.testing.assert_array_equal(part, kept)
    for index in np.ndindex(shape):
        alone = results_of(rule, [part[index] for part in handed])
        np.testing.assert_allclose([result[index] for result in results], alone, rtol=1e-12, atol=1e-12)


# Scales -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", [gd_step, momentum_step], ids=lambda rule: rule.__name__)
@quick
@given(data=st.data())
def test_rules_without_squares_are_linear_and_a_steeper_loss_is_a_larger_rate(rule, data):
    names, more = RULES[rule]
    first, second = ([data.draw(arrays(np.float64, (2, 2), elements=NUMBERS)) for _ in names] for _ in range(2))
    c = data.draw(SIZES)
    both = results_of(rule, [2 * a - 3 * b for a, b in zip(first, second, strict=True)])
    for got, a, b in zip(both, results_of(rule, first), results_of(rule, second), strict=True):
        np.testing.assert_allclose(got, 2 * a - 3 * b, rtol=0, atol=1e-9)
    steeper = rule(*first[:-1], c * first[-1], **more | {"lr": more["lr"] / c})
    np.testing.assert_allclose(steeper, rule(*first, **more), rtol=1e-9, atol=1e-9)


# By what share of η the very first step moves every parameter whose gradient is not zero.
FIRST_STEPS = {
    adagrad_step: lambda gamma: ({}, 1.0),
    rmsprop_step: lambda gamma: ({"gamma": gamma}, 1 / np.sqrt(1 - gamma)),
    adam_step: lambda gamma: ({"beta1": gamma, "beta2": gamma / 2}, 1.0),
}
adaptive = pytest.mark.parametrize("rule", FIRST_STEPS, ids=lambda rule: rule.__name__)


def positions(rule, gradients, **more):
    return run_stream(rule, gradients, keep=lambda theta, *rest: theta, **more)


@adaptive
@quick
@given(sizes=arrays(np.float64, 4, elements=SIZES), signs=st.integers(0, 15), lr=RATES, gamma=SHARES)
def test_the_first_step_knows_the_sign_of_a_gradient_and_not_its_size(rule, sizes, signs, lr, gamma):
    gradient = np.where([signs >> k & 1 for k in range(4)], sizes, -sizes)
    more, share = FIRST_STEPS[rule](gamma)
    moved = positions(rule, [gradient], lr=lr, eps=0.0, **more)[0]
    np.testing.assert_allclose(moved, -lr * share * np.sign(gradient), rtol=1e-9)


@adaptive
@quick
@given(factors=arrays(np.float64, 3, elements=SIZES), seed=st.integers(0, 2**32 - 1), gamma=SHARES)
def test_without_eps_every_parameter_may_have_units_of_its_own(rule, factors, seed, gamma):
    rng = np.random.default_rng(seed)
    stream = rng.uniform(0.1, 2.0, size=(20, 3)) * rng.choice([-1.0, 1.0], size=(20, 3))
    more = {"lr": 0.1, "eps": 0.0} | FIRST_STEPS[rule](gamma)[0]
    np.testing.assert_allclose(positions(rule, factors * stream, **more), positions(rule, stream, **more), rtol=0, atol=1e-9)


# Walks ------------------------------------------------------------------------------------------------------------------------


@quick
@given(numbers=st.lists(NUMBERS, min_size=1, max_size=30), start=NUMBERS)
def test_with_one_over_t_gradient_descent_is_the_running_mean_wherever_it_starts(numbers, start):
    left = iter(numbers)
    path = gradient_descent(lambda theta: theta - next(left), start, lambda t: 1 / t, len(numbers))
    means = np.cumsum(numbers) / np.arange(1, len(numbers) + 1)
    np.testing.assert_allclose(path, [start, *means], rtol=0, atol=1e-9)


@quick
@given(gradient=arrays(np.float64, SHAPES, elements=NUMBERS), lr=RATES, gamma=SHARES, n=st.integers(1, 60))
def test_momentum_keeps_its_terminal_velocity_and_comes_to_it_by_the_powers_of_gamma(gradient, lr, gamma, n):
    limit = terminal_velocity(gradient, lr, gamma)
    np.testing.assert_allclose(momentum_step(0 * gradient, limit, gradient, lr, gamma)[1], limit, rtol=1e-12)
    velocities = run_stream(momentum_step, [gradient] * n, keep=lambda theta, velocity, t: velocity, lr=lr, gamma=gamma)
    np.testing.assert_allclose(velocities[-1], (1 - gamma**n) * limit, rtol=1e-9)


@quick
@given(start=arrays(np.float64, (2,), elements=st.floats(-2, 2)), eta0=st.floats(0.01, 0.3), gamma=SHARES)
def test_the_one_loop_with_a_rule_is_that_rules_own_walk(start, eta0, gamma):
    schedule = exponential_decay(eta0, 0.95)

    def by(velocity_rule, gamma=gamma):
        return descend(lambda *given: velocity_rule(*given, gamma), start, np.sin, schedule, 12)

    np.testing.assert_array_equal(descend(sgd_velocity, start, np.sin, schedule, 12), gradient_descent(np.sin, start, schedule, 12))
    np.testing.assert_array_equal(by(momentum_velocity), momentum_descent(np.sin, start, schedule, 12, gamma))
    theta, velocity, points = start, np.zeros(2), [start]
    for t in range(1, 13):
        theta, velocity = nesterov_step(theta, velocity, np.sin, schedule(t), gamma)
        points.append(theta)
    np.testing.assert_array_equal(by(nesterov_velocity), points)
    # Without memory both are one method.
    np.testing.assert_allclose(by(momentum_velocity, 0.0), by(nesterov_velocity, 0.0), rtol=1e-14)


# Schedules --------------------------------------------------------------------------------------------------------------------


@quick
@given(lengths=st.lists(st.integers(1, 9), max_size=4), data=st.data())
def test_every_phase_lasts_from_the_step_after_one_boundary_to_the_next(lengths, data):
    values = data.draw(st.lists(RATES, min_size=len(lengths) + 1, max_size=len(lengths) + 1))
    schedule = piecewise_constant(np.cumsum(lengths, dtype=int), values)
    n = sum(lengths) + 5
    expected = np.repeat(values, [*lengths, 5])
    order = data.draw(st.permutations(range(1, n + 1)))
    assert {t: schedule(t) for t in order} == dict(enumerate(expected, start=1))


# Rates of convergence ---------------------------------------------------------------------------------------------------------

SPECTRA = st.lists(st.floats(0.1, 50), min_size=2, max_size=4).map(sorted)


@quick
@given(spectrum=SPECTRA, share=st.floats(0.01, 2))
def test_no_rate_beats_the_best_and_gradient_descent_converges_below_its_limit(spectrum, share):
    hessian = np.diag(spectrum)
    lr = share * max_stable_lr(hessian)
    factor = contraction_factor(hessian, lr)
    best = optimal_lr(hessian)
    least = contraction_factor(hessian, best)
    assert factor >= least - 1e-12
    assert min(contraction_factor(hessian, beside * best) for beside in (0.99, 1.01)) > least
    assert abs(share - 1) < 1e-6 or (factor < 1) == (share < 1)
    assert momentum_contraction(hessian, lr, 0.0) == pytest.approx(factor, rel=1e-9)


@quick
@given(spectrum=SPECTRA, share=st.floats(0.01, 2), gamma=SHARES)
def test_no_pair_beats_the_best_and_momentum_converges_below_its_limit(spectrum, share, gamma):
    hessian = np.diag(spectrum)
    factor = momentum_contraction(hessian, share * 2 * (1 + gamma) / spectrum[-1], gamma)
    # The best pair has double roots, which rounding moves by its own square root.
    assert factor >= momentum_contraction(hessian, *optimal_heavy_ball(hessian)) - 1e-6
    assert abs(share - 1) < 1e-6 or (factor < 1) == (share < 1)
    assert factor >= np.sqrt(gamma) * (1 - 1e-7)


# Adam -------------------------------------------------------------------------------------------------------------------------


@quick
@given(gradient=arrays(np.float64, SHAPES, elements=NUMBERS), lr=RATES, beta1=SHARES, beta2=SHARES, eps=st.floats(1e-8, 1.0))
def test_the_correction_recovers_a_constant_gradient_at_every_step_and_all_steps_are_alike(gradient, lr, beta1, beta2, eps):
    def recovered(theta, m, v, t):
        return bias_correction(m, beta1, t), bias_correction(v, beta2, t), theta / t

    found = run_stream(adam_step, [gradient] * 30, keep=recovered, lr=lr, beta1=beta1, beta2=beta2, eps=eps)
    move = -lr * gradient / (np.abs(gradient) + eps)
    for step in found:
        np.testing.assert_allclose(step, [gradient, gradient**2, move], rtol=1e-9)


@quick
@given(gradients=arrays(np.float64, st.tuples(st.integers(1, 20), st.just(3)), elements=NUMBERS), beta1=SHARES, beta2=SHARES)
def test_a_moment_is_a_weighted_sum_and_corrected_a_weighted_mean(gradients, beta1, beta2):
    t = len(gradients)
    m, v = run_stream(update_moments, gradients, beta1=beta1, beta2=beta2)[-1]
    np.testing.assert_allclose(m, moment_weights(beta1, t) @ gradients, rtol=0, atol=1e-9)
    np.testing.assert_allclose(v, moment_weights(beta2, t) @ gradients**2, rtol=0, atol=1e-6)
    mean = bias_correction(m, beta1, t)
    assert np.all(gradients.min(axis=0) - 1e-9 <= mean)
    assert np.all(mean <= gradients.max(axis=0) + 1e-9)


@quick
@given(gradient=SIZES, n=st.integers(1, 40), lr=RATES, beta1=SHARES, beta2=st.floats(0.1, 0.9999))
def test_the_uncorrected_steps_are_what_the_moments_give(gradient, n, lr, beta1, beta2):
    moments = run_stream(update_moments, np.full(n, -gradient), beta1=beta1, beta2=beta2)
    np.testing.assert_allclose(
        uncorrected_first_steps(n, lr, beta1, beta2), lr * np.abs(moments[:, 0]) / np.sqrt(moments[:, 1]), rtol=1e-7
    )
