"""The explorer: the student's function drives it, and whatever that does, the sliders go on working."""

from __future__ import annotations

import re
import time
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from descentlab import constant, objectives, recordings, svg
from descentlab.explorer import Explorer
from descentlab.plots.guard import Failed, attempt
from reference_impl.s02_gradient_descent import gradient_descent

RAVINE = objectives.get("ravine")
WELL = objectives.get("double_well")


def walk(lr, start=RAVINE.start):
    return gradient_descent(RAVINE.gradient, start, constant(lr), 60)


def ravine(run=walk, **settings):
    return Explorer("ravine", run, ghost="s02_gradient_descent/ravine", **(settings or {"lr": (0.005, 0.12)}))


def lines(explorer):
    """The polylines of the overlay as (colour, opacity, points)."""
    found = re.findall(r'<polyline points="([^"]*)".*?stroke="([^"]*)".*?opacity="([^"]*)"', explorer._repr_svg_())
    shown = [(colour, float(opacity), len(points.split())) for points, colour, opacity in found]
    return [line for line in shown if line[0] in (svg.YOURS, svg.GHOST)]


def test_it_opens_at_the_recorded_default_with_both_walks():
    explorer = ravine()
    default = recordings.ghost("s02_gradient_descent/ravine").setting
    assert explorer.setting == pytest.approx(default)
    assert lines(explorer) == [(svg.GHOST, 0.45, 61), (svg.YOURS, 1.0, 61)]
    assert "The pale band is the reference." in explorer.words


def test_a_slider_moves_the_walk_and_the_words():
    explorer = ravine()
    before = explorer._overlay.value
    explorer.set(lr=0.095)
    assert explorer._overlay.value != before
    assert "at the minimum from step 43" in explorer.words
    explorer.set(lr=0.11)
    assert "diverges" in explorer.words


def test_off_the_grid_the_nearest_ghost_stays_greyed_with_its_setting():
    explorer = ravine()
    explorer.set(lr=0.093)
    assert lines(explorer)[0][:2] == (svg.GHOST, 0.2)
    assert "at η = 0.095, the nearest that was recorded" in explorer.words


def test_the_sliders_stop_at_every_recorded_value():
    explorer = Explorer("double_well", lambda lr, gamma: None, ghost="s06_momentum/double_well", lr=(0.01, 0.1), gamma=(0.0, 0.99))
    assert explorer.setting == recordings.ghost("s06_momentum/double_well").setting
    for name, values in recordings.grid("s06_momentum/double_well").items():
        for value in values:
            explorer.set(**{name: value})
            assert explorer.setting[name] == value
            assert lines(explorer)[0][1] in (0.45, 0.2)
            assert "not written yet" in explorer.words


def test_the_sliders_of_the_start_stop_at_the_start_of_every_objective():
    for name in set(objectives.names()) - {"quadratic"}:
        objective = objectives.get(name)
        for value, (low, _) in zip(np.atleast_1d(objective.start), objective.box, strict=True):
            assert (value - low) / 0.01 == pytest.approx(round((value - low) / 0.01), abs=1e-6)


def test_a_moved_start_has_no_ghost_since_none_was_recorded_there():
    explorer = ravine()
    explorer._starts[0].value = -1.0
    assert [colour for colour, *_ in lines(explorer)] == [svg.YOURS]


def test_a_start_that_the_browser_hands_back_has_its_ghost_still():
    explorer = ravine()
    explorer._starts[1].value = 0.9000000000000001
    assert [colour for colour, *_ in lines(explorer)] == [svg.GHOST, svg.YOURS]


def test_fewer_steps_are_shown_as_the_play_slider_stands():
    explorer = ravine()
    explorer._shown.value = 10
    assert lines(explorer)[1][2] == 11
    assert "still on its way after 60 steps" in explorer.words


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda lr: None, "not written yet"),
        (lambda lr: 1 / 0, "ZeroDivisionError"),
        (lambda lr: [1.0, 2.0], "returns the shape (2,)"),
        (lambda lr: np.zeros((5, 3)), "returns the shape (5, 3)"),
        (lambda lr: "text", "not an array of numbers"),
        (lambda lr: np.full((4, 2), np.nan), "diverges, off the map at step 0"),
        (lambda lr: np.full((4, 2), 1e308), "diverges"),
        (lambda other: other, "TypeError"),
    ],
)
def test_whatever_the_function_does_the_ghost_shows_and_the_words_say_it(function, words):
    explorer = ravine(function)
    assert words in explorer.words
    assert lines(explorer)[0][0] == svg.GHOST
    explorer.set(lr=0.02)
    assert words in explorer.words


def test_a_loop_without_an_end_is_stopped_and_the_sliders_go_on_working():
    calls = []

    def endless_once(lr):
        calls.append(lr)
        while len(calls) == 1:
            pass
        return walk(lr)

    explorer = ravine(endless_once)
    assert "does a loop never end" in explorer.words
    explorer.set(lr=0.095)
    assert "at the minimum" in explorer.words


def test_the_alarm_is_taken_back():
    assert isinstance(attempt(lambda: time.sleep(5), seconds=0.05), Failed)
    time.sleep(0.1)
    assert attempt(lambda: 1.0, seconds=0.05) == 1.0
    time.sleep(0.1)


def test_one_parameter_is_drawn_over_its_curve():
    explorer = Explorer(
        "double_well", lambda lr: gradient_descent(WELL.gradient, WELL.start, constant(lr), 60), lr=(0.02, 0.5, 0.4)
    )
    assert explorer.setting == {"lr": 0.4}
    assert "at the minimum" in explorer.words
    assert [colour for colour, *_ in lines(explorer)] == [svg.YOURS]


@pytest.mark.parametrize("name", [name for name in objectives.names() if name != "quadratic"])
def test_every_landscape_is_well_formed_and_inside_its_panel(name):
    objective = objectives.get(name)
    root = ElementTree.fromstring(svg.picture(name, "", "a map & its 'words'"))
    assert root.attrib["aria-label"] == "a map & its 'words'"
    low, high = svg.Frame.of(objective).pixels(np.array([svg.Frame.of(objective).low, svg.Frame.of(objective).high]))
    assert 0 < low[0] < high[0] < svg.WIDTH
    assert 0 < high[1] < low[1] < svg.HEIGHT


def test_the_numbers_are_there_for_those_who_cannot_see_the_picture():
    table = ravine()._numbers.value
    assert "<th>step</th>" in table
    assert "<td>0</td><td>-2.6, 0.9</td>" in table


def test_only_the_overlay_is_sent_again():
    explorer = ravine()
    background = explorer.children[1].children[0]
    sent = []
    background.observe(sent.append, "value")
    explorer.set(lr=0.02)
    assert not sent
    assert len(explorer._overlay.value) < len(background.value)
