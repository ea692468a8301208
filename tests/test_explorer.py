"""The explorer: the student's function drives it, and whatever that does, the sliders go on working."""

from __future__ import annotations

import subprocess
import sys
import time
import warnings
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from descentlab import constant, objectives, recordings, svg
from descentlab.explorer import Explorer
from descentlab.plots import style
from descentlab.plots.guard import Failed, attempt
from reference_impl.s02_gradient_descent import gradient_descent

RAVINE = objectives.get("ravine")
WELL = objectives.get("double_well")


def walk(lr, start=RAVINE.start):
    return gradient_descent(RAVINE.gradient, start, constant(lr), 60)


def ravine(run=walk, **settings):
    return Explorer("ravine", run, ghost="s02_gradient_descent/ravine", **(settings or {"lr": (0.005, 0.12)}))


SVG = "{http://www.w3.org/2000/svg}"


def lines(explorer):
    """The lines of the panel as (colour, opacity, points)."""
    panel = ElementTree.fromstring(explorer._overlay.value).find(f"{SVG}svg")
    found = [line.attrib for line in panel.findall(f"{SVG}polyline")]
    return [(line["stroke"], float(line["opacity"]), len(line["points"].split())) for line in found]


def texts(explorer):
    """The words in the picture, and in its legend alone, each as one line."""
    root = ElementTree.fromstring(explorer._overlay.value)
    return " ".join(text.text for text in root.iter(f"{SVG}text")), " | ".join(text.text for text in root.findall(f"{SVG}text"))


def test_it_opens_at_the_recorded_default_with_both_walks():
    explorer = ravine()
    default = recordings.ghost("s02_gradient_descent/ravine").setting
    assert explorer.setting == pytest.approx(default)
    assert lines(explorer) == [(svg.GHOST, 0.5, 61), (svg.YOURS, 1.0, 61)]
    assert "The pale band is the reference." in explorer.words
    assert texts(explorer)[1] == "yours | reference | minimum"


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
    assert lines(explorer)[0][:2] == (svg.GHOST, 0.28)
    assert "at η = 0.095, the nearest that was recorded" in explorer.words
    assert texts(explorer)[1] == "yours | reference at η = 0.095 | minimum"


def test_the_sliders_stop_at_every_recorded_value():
    explorer = Explorer("double_well", lambda lr, gamma: None, ghost="s06_momentum/double_well", lr=(0.01, 0.1), gamma=(0.0, 0.99))
    assert explorer.setting == recordings.ghost("s06_momentum/double_well").setting
    for name, values in recordings.grid("s06_momentum/double_well").items():
        for value in values:
            explorer.set(**{name: value})
            assert explorer.setting[name] == value
            assert lines(explorer)[0][1] in (0.5, 0.28)
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
    assert "From this start no reference was recorded." in explorer.words


def test_a_start_that_the_browser_sends_back_a_rounding_error_away_has_not_moved():
    starts = []
    explorer = ravine(lambda lr, start: starts.append(start) or walk(lr, start))
    # What noUiSlider makes of −2.6 by counting steps of 0.01 from −3.
    explorer._starts[0].value = -3 + 40 * 0.01 + 4e-16
    explorer.set(lr=0.095)
    assert [colour for colour, *_ in lines(explorer)] == [svg.GHOST, svg.YOURS]
    np.testing.assert_array_equal(starts[-1], RAVINE.start)


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
        (lambda lr: np.full((4, 2), np.nan), "not a number (NaN) from step 0 on"),
        (lambda lr: np.full((4, 2), 1j), "returns complex numbers"),
        (lambda lr: undefined, "NameError: name 'undefined' is not defined; was its cell run?"),  # noqa: F821
        (lambda lr: sys.exit("enough"), "SystemExit: enough"),
        (lambda lr: np.full((4, 2), 1e308), "diverges"),
        (lambda other: other, "TypeError"),
    ],
)
def test_whatever_the_function_does_the_ghost_shows_and_the_words_say_it(function, words):
    explorer = ravine(function)
    assert words in explorer.words
    assert lines(explorer)[0][0] == svg.GHOST
    # What can't be drawn is told in the picture's place; what diverges has been drawn.
    assert words in texts(explorer)[0] or len(lines(explorer)) == 2
    assert ("yours" in texts(explorer)[1]) == (len(lines(explorer)) == 2)
    explorer.set(lr=0.02)
    assert words in explorer.words


def test_what_raises_is_told_with_the_line_of_the_students_own():
    def step(lr):
        half = lr / 2
        return half[0]

    explorer = ravine(step)
    assert "TypeError: 'float' object is not subscriptable (line 3 of step)." in explorer.words


def test_the_next_good_value_draws_again():
    explorer = ravine(lambda lr: walk(lr) if lr > 0.05 else 1 / 0)
    assert "ZeroDivisionError" in texts(explorer)[0]
    assert explorer._play.disabled
    explorer.set(lr=0.095)
    assert not explorer._play.disabled
    assert [colour for colour, *_ in lines(explorer)] == [svg.GHOST, svg.YOURS]
    assert "ZeroDivisionError" not in texts(explorer)[0] + explorer.words


def test_a_function_that_is_not_written_yet_is_invited():
    explorer = ravine(lambda lr: None)
    assert "Your function is not written yet. Write it, run its cell, and move a slider." in texts(explorer)[0]
    assert [colour for colour, *_ in lines(explorer)] == [svg.GHOST]


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


def endless():
    while True:
        pass


def endless_numpy():
    numbers = np.arange(2000.0)
    while True:
        numbers = np.sqrt(numbers)


def endless_and_stubborn():
    while True:
        try:
            np.sqrt(2)
        except Exception:
            continue


@pytest.mark.parametrize("loop", [endless, endless_numpy, endless_and_stubborn])
def test_an_endless_loop_is_stopped_in_every_thread(loop):
    """JupyterLab has widgets answered in a thread of the kernel."""

    def timed():
        begin = time.perf_counter()
        found = attempt(loop, seconds=0.1)
        return found.line, time.perf_counter() - begin

    with ThreadPoolExecutor() as pool:
        for words, seconds in (timed(), pool.submit(timed).result(timeout=60)):
            assert words == "took longer than 0.1 s and was stopped; does a loop never end?"
            assert 0.1 <= seconds < 5


def test_whoever_was_fast_enough_is_left_alone():
    for _ in range(3):
        assert attempt(lambda: 1.0, seconds=0.05) == 1.0
    time.sleep(0.1)
    # At the very end of its time either is right, and nothing is thrown afterwards.
    for _ in range(100):
        found = attempt(lambda: [0.0] * sum(1 for _ in range(20_000)), seconds=0.001)
        assert isinstance(found, (Failed, np.ndarray))
    time.sleep(0.05)


def test_a_profiler_works_where_functions_were_watched():
    """CPython 3.11 goes round for ever under a profiler when an exception thrown into a thread has been taken back."""
    code = """
import cProfile
from descentlab.plots.guard import attempt

def run(n):
    return [float(k) for k in range(n)]

for n in range(0, 40_000, 200):
    attempt(run, seconds=0.0005, n=n)
with cProfile.Profile():
    attempt(run, seconds=5.0, n=1000)
print("done")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert (done.stdout, done.stderr) == ("done\n", "")


def test_warnings_are_as_they_were_after_an_attempt_in_another_thread(capfd):
    before = list(warnings.filters)
    with ThreadPoolExecutor() as pool:
        values = pool.submit(attempt, lambda: np.array([1.0, -1.0]) / np.array([0.0, 0.0])).result()
    np.testing.assert_array_equal(values, [np.inf, -np.inf])
    assert warnings.filters == before
    assert capfd.readouterr().err == ""


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
    explorer = ravine()
    explorer._table.selected_index = 0
    cells = [
        "".join(cell.itertext()) for cell in ElementTree.fromstring(explorer._numbers.value).iter() if cell.tag in ("th", "td")
    ]
    assert cells[:6] == ["step", "θ", "J(θ)", "0", "-2.6, 0.9", "11.48"]
    before = explorer._numbers.value
    explorer.set(lr=0.095)
    assert explorer._numbers.value != before
    label = ElementTree.fromstring(explorer._overlay.value).attrib["aria-label"]
    assert label == f"Ravine. {explorer.words}"


def test_whole_numbers_stay_such_and_set_how_long_the_walk_is():
    asked = []

    def run(lr, n_steps):
        asked.append(n_steps)
        return gradient_descent(RAVINE.gradient, RAVINE.start, constant(lr), n_steps)

    explorer = ravine(run, lr=(0.005, 0.12), n_steps=(5, 205, 30))
    assert type(asked[-1]) is int
    assert [points for *_, points in lines(explorer)] == [31, 31]
    explorer.set(n_steps=200)
    # The reference was recorded for 60 steps.
    assert [points for *_, points in lines(explorer)] == [61, asked[-1] + 1]
    assert "The pale band is the reference." in explorer.words


def test_a_walk_of_a_method_has_its_colour_and_its_title():
    explorer = Explorer("ravine", walk, method="Adam", lr=(0.005, 0.12, 0.05))
    assert [colour for colour, *_ in lines(explorer)] == [style.method_colour("Adam")]
    assert "Adam, ravine" in explorer._repr_svg_()
    assert "Of my own" in Explorer("ravine", walk, title="Of my own", lr=(0.005, 0.12))._repr_svg_()
    with pytest.raises(KeyError, match="there is no method"):
        Explorer("ravine", walk, method="Newton", lr=(0.005, 0.12))


def test_a_walk_of_a_million_points_is_thinned():
    explorer = Explorer("ravine", lambda lr: np.zeros((1_000_000, 2)), lr=(0.005, 0.12))
    assert len(explorer._overlay.value) < 200_000


def test_a_landscape_without_a_minimum_is_drawn_with_its_saddle():
    explorer = Explorer("saddle", lambda lr: np.zeros((3, 2)), lr=(0.005, 0.12))
    assert texts(explorer)[1] == "yours | saddle"
    assert explorer.words == "Your walk: caught at a saddle point."


def test_no_two_explorers_share_an_id_and_the_paper_picture_needs_no_theme():
    explorer = ravine()
    everything = explorer._overlay.value + explorer.children[1].children[0].value
    assert " id=" not in everything
    assert "var(--" in everything
    paper = explorer._repr_svg_()
    assert "var(" not in paper
    assert 'fill="#ffffff"' in paper
    ElementTree.fromstring(paper)


def test_only_the_overlay_is_sent_again():
    explorer = ravine()
    background = explorer.children[1].children[0]
    sent = []
    background.observe(sent.append, "value")
    explorer.set(lr=0.02)
    assert not sent
    assert len(explorer._overlay.value) < len(background.value)
