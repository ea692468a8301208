"""The conditions under a slider: ticks and crosses are the student's, the curves are, and whatever these functions do it stands."""

from __future__ import annotations

import time
from xml.etree import ElementTree

import numpy as np
import pytest

from descentlab import recordings
from descentlab.conditions import PANELS, Conditions
from descentlab.evidence import N_STEPS, STEPS, evidence
from reference_impl.s04_convergence import expected_squared_error, power_schedule, robbins_monro

GHOST = "s04_convergence/conditions"
SVG = "{http://www.w3.org/2000/svg}"


def right(**changes):
    functions = {
        "schedule": lambda p: power_schedule(0.5, p),
        "conditions": robbins_monro,
        "error": lambda rates: expected_squared_error(rates, 1.0, 1.0, 3.0, N_STEPS),
    } | changes
    return Conditions(*functions.values(), ghost=GHOST)


def marks(widget: Conditions) -> list[str]:
    texts = [element.text for element in ElementTree.fromstring(widget._repr_svg_()).iter(f"{SVG}text")]
    return [text for text in texts if text in ("✓", "✗", "?")]


def lines(widget: Conditions) -> int:
    return len(list(ElementTree.fromstring(widget._repr_svg_()).iter(f"{SVG}polyline")))


@pytest.mark.parametrize(
    ("p", "expected", "word"),
    [(0, "✗✓✗", "do not vanish"), (0.5, "✓✓✗", "Not all three"), (0.55, "✓✓✓", "All three hold"), (1, "✓✓✓", "All three hold"),
     (1.05, "✓✗✓", "their sum stays finite")],
)  # fmt: skip
def test_the_three_conditions_are_ticked_and_crossed_as_p_moves(p, expected, word):
    widget = right()
    widget.set(p)
    assert "".join(marks(widget)) == expected
    assert word in widget.words
    assert f"p = {p:g}" in widget.words
    assert f"p = {p:g}" in widget._repr_svg_()


def test_ticks_and_curves_are_the_students_own():
    widget = right(conditions=lambda p: (False, False, True))
    assert "".join(marks(widget)) == "✗✗✓"
    before = right()._repr_svg_()
    assert right(schedule=lambda p: power_schedule(0.4, p))._repr_svg_() != before
    assert right(error=lambda rates: np.ones(N_STEPS + 1))._repr_svg_() != before
    assert "expected squared error is 0.000271" in right().words


def test_the_slider_stands_on_the_borders_exactly():
    seen = []
    widget = right(conditions=lambda p: seen.append(p) or robbins_monro(p))
    for p in (0.5, 1, 2, 0):
        widget.set(p)
    assert seen[1:] == [0.5, 1.0, 2.0, 0.0]


def test_what_is_not_written_yet_leaves_the_reference_alone_and_says_so():
    widget = right(schedule=lambda p: None, conditions=lambda p: None, error=lambda rates: None)
    assert "".join(marks(widget)) == "???"
    assert widget.words.count("not written yet") == 2
    assert lines(widget) == lines(right()) - len(PANELS)
    assert lines(right(error=lambda rates: None)) == lines(right()) - 1
    assert "Your errors: not written yet" in right(error=lambda rates: None).words


def _raises(*_):
    raise ZeroDivisionError("by nothing at all")


def _endless(*_):
    while True:
        pass


@pytest.mark.parametrize("argument", ["schedule", "conditions", "error"])
@pytest.mark.parametrize(
    "odd",
    [_raises, lambda *_: "text", lambda *_: 3.0, lambda *_: [1.0], lambda *_: np.zeros((2, 2)), lambda *_: object(),
     lambda *_: [np.nan] * 3, lambda *_: (lambda t: "text"), lambda *_: (lambda t: np.nan), lambda *_: (lambda t: 1e300)],
)  # fmt: skip
def test_whatever_a_function_does_the_picture_stands(argument, odd, capfd):
    widget = right(**{argument: odd})
    for p in (0, 1, 2):
        widget.set(p)
        ElementTree.fromstring(widget._repr_svg_())
    assert capfd.readouterr() == ("", "")


def test_a_function_without_end_is_stopped(monkeypatch):
    monkeypatch.setattr("descentlab.conditions.SECONDS", 0.2)
    begin = time.monotonic()
    assert "took longer" in right(conditions=_endless).words
    assert time.monotonic() - begin < 5


def test_off_the_grid_the_nearest_reference_says_where_it_was_made():
    widget = right()
    widget.set(0.8)
    assert "at p = 0.75, the nearest" in widget.words
    widget.set(0.75)
    assert "nearest" not in widget.words
    assert recordings.ghost(GHOST, p=0.75).path.shape == (4, len(STEPS))


def test_without_a_kernel_the_picture_has_fixed_colours_and_a_white_ground():
    drawn = right()._repr_svg_()
    assert "var(--" not in drawn
    root = ElementTree.fromstring(drawn)
    assert root[0].tag == f"{SVG}rect"
    assert root[0].get("fill") == "#ffffff"
    assert "All three hold" in root.get("aria-label")


def test_evidence_adds_up_what_it_is_given():
    rates = 1 / np.arange(1.0, N_STEPS + 1)
    found = evidence(rates, np.arange(N_STEPS + 1.0))
    assert (STEPS[0], STEPS[-1]) == (1, N_STEPS)
    np.testing.assert_allclose(found[0], 1 / STEPS)
    np.testing.assert_allclose(found[1, [0, -1]], [1, np.log(N_STEPS) + np.euler_gamma], rtol=1e-5)
    np.testing.assert_allclose(found[2, -1], np.pi**2 / 6, rtol=1e-4)
    np.testing.assert_allclose(found[3], STEPS)
