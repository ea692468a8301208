"""What the reference of section 14 must reproduce: times of escape by theory, and what turning a saddle changes and what not."""

from __future__ import annotations

import numpy as np
import pytest

from descentlab import objectives
from grader_tests.s14_visualization import ON_THE_SADDLE
from reference_impl.s14_visualization import escape_step, race

SADDLE = objectives.get("saddle")
TURNED = objectives.get("quadratic", hessian=[[0.0, -1.0], [-1.0, 0.0]])
ADAPTIVE = ("Adagrad", "RMSprop", "Adadelta", "Adam")


def escapes(objective, start, n_steps=500):
    paths = race(ON_THE_SADDLE, objective.gradient, np.array(start), n_steps)
    return {name: escape_step(path, np.zeros(2), 2.0) for name, path in paths.items()}


def turned(offset):
    return np.array([offset - 1.7, offset + 1.7]) / np.sqrt(2)


@pytest.mark.parametrize("offset", [0.1, 0.01, 1e-4, 1e-6])
def test_gradient_descent_leaves_a_saddle_when_its_offset_has_grown_by_one_plus_the_rate_often_enough(offset):
    steps = np.arange(500)
    distance = np.hypot(1.7 * 0.95**steps, offset * 1.05**steps)
    assert escapes(SADDLE, [-1.7, offset])["GD"] == np.argmax(distance > 2.0)


def test_adaptive_methods_hardly_care_how_near_the_ridge_they_start():
    near, far = escapes(SADDLE, [-1.7, 1e-6]), escapes(SADDLE, [-1.7, 0.01])
    assert all(near[name] - far[name] <= 6 for name in ADAPTIVE)
    assert all(near[name] - far[name] >= 45 for name in ("GD", "momentum", "Nesterov"))


def test_exactly_on_the_ridge_nobody_leaves():
    assert set(escapes(SADDLE, [-1.7, 0.0], 2000).values()) == {None}


@pytest.mark.parametrize("offset", [0.1, 0.01])
def test_a_turned_saddle_changes_nothing_but_for_methods_that_scale_each_coordinate(offset):
    straight, aslant = escapes(SADDLE, [-1.7, offset]), escapes(TURNED, turned(offset))
    for name, step in straight.items():
        assert aslant[name] > step if name in ADAPTIVE else aslant[name] == step


def test_a_race_hands_a_path_to_every_name_and_shares_nothing():
    paths = race(ON_THE_SADDLE, SADDLE.gradient, SADDLE.start, 5)
    assert list(paths) == list(ON_THE_SADDLE)
    assert {path.shape for path in paths.values()} == {(6, 2)}
    assert race({}, SADDLE.gradient, SADDLE.start, 5) == {}
