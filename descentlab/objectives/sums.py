"""Sums over examples, J = J_1 + … + J_n, on data that the kit makes itself: parabolas on a line, and a logistic regression."""

from __future__ import annotations

from typing import Any

import numpy as np

from descentlab.objectives.objective import Sum


def parabolas(n: int = 12, spread: float = 1.5, seed: int = 3) -> Sum:
    """J = Σ a_i(θ − c_i)²/2, of one parameter: n parabolas whose minimisers c_i lie within `spread` of zero.

    The curvatures a_i lie between 0.5 and 1.5. Everything is drawn from `seed`. Raises ValueError where there would be no
    parabola, or a negative spread.
    """
    if n < 1 or not spread >= 0:
        raise ValueError(f"a sum of parabolas wants n of at least 1 and a spread of at least 0, not {n} and {spread}")
    # Uniform numbers alone: unlike the other distributions, numpy has never changed how it draws them.
    drawn = np.random.default_rng(seed).random((2, n))
    curvature, centre = 0.5 + drawn[0], spread * (2.0 * drawn[1] - 1.0)
    data, minimum = _frozen(curvature=curvature, centre=centre), np.array(np.sum(curvature * centre) / np.sum(curvature))

    def example_value(theta: Any, i: Any) -> Any:
        return curvature[i] * (theta - centre[i]) ** 2 / 2.0

    def example_gradient(theta: Any, i: Any) -> Any:
        return curvature[i] * (theta - centre[i])

    every = slice(None)
    return Sum(
        name="parabolas",
        value=lambda theta: np.sum(example_value(np.asarray(theta)[..., np.newaxis], every), axis=-1),
        gradient=lambda theta: np.sum(example_gradient(np.asarray(theta)[..., np.newaxis], every), axis=-1),
        hessian=lambda theta: np.sum(curvature),
        start=np.array(3.4),
        box=((-4.0, 4.0),),
        minima=(minimum,),
        story="A sum of parabolas that agree from afar and quarrel nearby: between their minima each pulls its own way.",
        parameters={"n": n, "spread": spread, "seed": seed},
        n_examples=n,
        example_value=example_value,
        example_gradient=example_gradient,
        data=data,
        minimizers=data["centre"],
    )


def logistic(n: int = 40, penalty: float = 0.1, seed: int = 7) -> Sum:
    """The loss of a logistic regression with the parameters θ = (slope w, offset b) on n examples (x_i, y_i), y_i in {0, 1}.

    J_i = log(1 + exp(−s_i(w·x_i + b))) + penalty·|θ|²/(2n) with s_i = 2y_i − 1: without the penalty, data that can be parted
    without an error would have no minimum. The x_i are spread over [−1, 3], the y_i drawn from a logistic model of slope 2
    that turns at x = 1, both from `seed`. Raises ValueError where there would be no example, or no penalty.
    """
    if n < 1 or not penalty > 0:
        raise ValueError(f"a logistic regression wants n of at least 1 and a positive penalty, not {n} and {penalty}")
    drawn = np.random.default_rng(seed).random((2, n))
    x = 4.0 * drawn[0] - 1.0
    y = (drawn[1] < _sigmoid(2.0 * (x - 1.0))).astype(np.float64)
    features, sign = np.stack([x, np.ones(n)], axis=1), 2.0 * y - 1.0

    def example_value(theta: Any, i: Any) -> Any:
        theta = np.asarray(theta, dtype=np.float64)
        return np.logaddexp(0.0, -sign[i] * (features[i] @ theta)) + penalty * (theta @ theta) / (2.0 * n)

    def example_gradient(theta: Any, i: Any) -> Any:
        theta = np.asarray(theta, dtype=np.float64)
        error = -sign[i] * _sigmoid(-sign[i] * (features[i] @ theta))
        return np.asarray(error)[..., np.newaxis] * features[i] + penalty * theta / n

    def value(theta: Any) -> Any:
        theta = np.asarray(theta, dtype=np.float64)
        return np.sum(np.logaddexp(0.0, -sign * (theta @ features.T)), axis=-1) + penalty * np.sum(theta**2, axis=-1) / 2.0

    def gradient(theta: Any) -> Any:
        return np.sum(example_gradient(theta, slice(None)), axis=0)

    def hessian(theta: Any) -> Any:
        p = _sigmoid(features @ np.asarray(theta, dtype=np.float64))
        return (features.T * (p * (1.0 - p))) @ features + penalty * np.eye(2)

    return Sum(
        name="logistic",
        value=value,
        gradient=gradient,
        hessian=hessian,
        start=np.array([-1.0, 2.5]),
        box=((-2.0, 5.0), (-5.0, 3.0)),
        minima=(_newton(value, gradient, hessian),),
        story="A logistic regression on a small data set: convex, yet steep on one side and nearly flat on the other.",
        parameters={"n": n, "penalty": penalty, "seed": seed},
        n_examples=n,
        example_value=example_value,
        example_gradient=example_gradient,
        data=_frozen(x=x, y=y),
    )


def _sigmoid(z: Any) -> Any:
    # By way of tanh, which does not overflow.
    return 0.5 * (1.0 + np.tanh(np.asarray(z) / 2.0))


def _newton(value: Any, gradient: Any, hessian: Any) -> np.ndarray:
    """Return the minimiser of a strictly convex function of two parameters, by Newton's method from zero."""
    theta = np.zeros(2)
    for _ in range(100):
        step = np.linalg.solve(hessian(theta), gradient(theta))
        # Half the step while it would lead upwards: far from the minimum the full one may overshoot.
        while value(theta - step) > value(theta) and np.linalg.norm(step) > 1e-12:
            step = step / 2.0
        theta = theta - step
        if np.linalg.norm(step) < 1e-14:
            break
    return theta


def _frozen(**arrays: np.ndarray) -> dict[str, np.ndarray]:
    """Return copies that can't be written to, so that data and terms go on belonging together."""
    copies = {name: array.copy() for name, array in arrays.items()}
    for array in copies.values():
        array.flags.writeable = False
    return copies
