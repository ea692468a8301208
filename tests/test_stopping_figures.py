"""The model that overfits, the figures and the sliders that show when to stop: right numbers, whatever a function does."""

from __future__ import annotations

import warnings
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from descentlab import constant, curvefit, plots, recordings
from descentlab.lights import NEEDS, Lights
from reference_impl.s13_stopping import minimize, stop_reason

FIT = curvefit.make()
WALK = recordings.ghost("s13_stopping/walk").path
STATES = FIT.states(WALK)
LIMITS = {"max_iterations": 250, "J_star": 0.0, "eps_optimum": 0.75}
GHOST = "s13_stopping/first_lit"


@pytest.fixture(autouse=True)
def _strict():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def texts(figure: Figure) -> str:
    figure.canvas.draw()
    return " ".join(" ".join(text.get_text() for text in figure.findobj(Text)).split())


# The model --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fit", [FIT, curvefit.make(points=7, waves=4, noise=0.1, seed=9)], ids=["default", "small"])
def test_the_gradient_is_the_slope_of_the_training_loss(fit):
    rng = np.random.default_rng(3)
    for _ in range(5):
        theta, h = rng.normal(size=fit.waves), 1e-5
        steps = h * np.eye(fit.waves)
        numerical = [(fit.value(theta + step) - fit.value(theta - step)) / (2 * h) for step in steps]
        np.testing.assert_allclose(fit.gradient(theta), numerical, rtol=1e-6, atol=1e-8)


def test_the_losses_are_sums_over_points_of_their_own():
    theta = np.random.default_rng(1).normal(size=FIT.waves)
    k = np.arange(FIT.waves)
    for loss, x, y in ((FIT.value, FIT.x, FIT.y), (FIT.validation, FIT.x_validation, FIT.y_validation)):
        heights = [np.sum(theta / (1 + k) * np.cos(np.pi * k * place)) for place in x]
        assert loss(theta) == pytest.approx(0.5 * np.sum((np.array(heights) - y) ** 2))
    assert len(FIT.x) == len(FIT.x_validation) == 24
    assert not set(FIT.x) & set(FIT.x_validation)


def test_there_is_a_curve_through_all_training_points_and_the_lowest_loss_says_so():
    theta = np.linalg.lstsq(FIT._waves(FIT.x), FIT.y, rcond=None)[0]
    assert FIT.value(theta) < 1e-12
    assert FIT.lowest == 0.0
    with pytest.raises(ValueError, match="5 waves cannot go through 24 points"):
        _ = curvefit.make(waves=5).lowest


def test_a_seed_gives_the_same_data_again():
    again, other = curvefit.make(), curvefit.make(seed=5)
    np.testing.assert_array_equal(again.y, FIT.y)
    assert not np.array_equal(other.y, FIT.y)


def test_validation_turns_up_while_training_falls():
    training, validation = np.array([s["J"] for s in STATES]), np.array(STATES[-1]["validation"])
    assert np.all(np.diff(training) < 0)
    assert int(np.argmin(validation)) == 48
    assert np.all(np.diff(validation[:49]) < 0)
    assert np.all(np.diff(validation[48:]) > 0)


def test_the_states_are_what_a_loop_would_tell():
    assert [state["iteration"] for state in STATES[:3]] == [0, 1, 2]
    assert STATES[30]["seconds"] == pytest.approx(3.0)
    assert [len(state["validation"]) for state in STATES[:3]] == [1, 2, 3]
    assert all(state["J0"] == STATES[0]["J"] for state in STATES)
    np.testing.assert_array_equal(STATES[9]["gradient"], FIT.gradient(WALK[9]))


# Lights on a figure -----------------------------------------------------------------------------------------------------------

CRITERIA = {"first": lambda s: s["iteration"] >= 20, "second": lambda s: s["iteration"] % 100 < 50, "never": lambda s: False}


def test_lights_go_on_where_the_function_says_and_the_first_step_stands_beside():
    figure = plots.lights(STATES, CRITERIA, title="Lights", stop=20)
    rows = figure.axes[1]
    lit = [line.get_xdata().tolist() for line in rows.get_lines() if line.get_linewidth() == 6.0]
    assert lit == [[19.5, 300.5], [-0.5, 49.5], [99.5, 149.5], [199.5, 249.5], [299.5, 300.5]]
    shown = texts(figure)
    for words in ("Lights", "20", "stays dark", "first", "second", "the run stops"):
        assert words in shown


@pytest.mark.parametrize(
    ("criterion", "words"),
    [
        (lambda s: None, "not written yet"),
        (lambda s: 1 / 0, "ZeroDivisionError"),
        (lambda s: "yes", "wanted True or False, not str"),
        (lambda s: 1.0, "wanted True or False, not float"),
        (lambda s: s["no such"], "KeyError"),
    ],
)
def test_a_criterion_that_fails_says_so_in_its_row(criterion, words, capfd):
    figure = plots.lights(STATES, {"mine": criterion}, ghost=recordings.ghost("s13_stopping/lights"))
    assert words in texts(figure)
    assert capfd.readouterr().err == ""


def test_the_recorded_lights_are_those_of_the_lecture():
    path = recordings.ghost("s13_stopping/lights").path
    assert np.argmax(path, axis=1).tolist() == [250, 68, 178, 147, 217]


# Early stopping ---------------------------------------------------------------------------------------------------------------

RUNS = {"all": {"max_iterations": 120}, "patient": {"max_iterations": 120, "patience": 20}}


def trained(J, limits):
    return minimize(J, FIT.gradient, FIT.start, constant(0.04), limits, FIT.validation)


def test_early_stopping_draws_the_longest_run_and_stars_what_came_back():
    figure = plots.early_stopping(FIT, trained, RUNS, title="Early")
    losses = figure.axes[0]
    curves = {line.get_label(): line for line in losses.get_lines()}
    assert len(curves["training loss"].get_ydata()) == 121
    np.testing.assert_allclose(curves["validation loss"].get_ydata(), STATES[120]["validation"])
    stars = [(line.get_xdata()[0], line.get_ydata()[0]) for line in losses.get_lines() if line.get_marker() == "*"]
    assert [step for step, _ in stars] == [120, 48]
    assert "patient: 68 steps" in texts(figure)


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (lambda J, limits: None, "not written yet"),
        (lambda J, limits: 1 / 0, "ZeroDivisionError"),
        (lambda J, limits: FIT.start, "wanted (theta, reason, n_steps)"),
        (lambda J, limits: (np.zeros(3), "budget", 3), "theta has the shape (3,), not (30,)"),
        (lambda J, limits: ("text", "budget", 3), "ValueError"),
    ],
)
def test_a_run_that_fails_says_so_in_the_legend(run, words, capfd):
    figure = plots.early_stopping(FIT, run, RUNS, ghost=recordings.ghost("s13_stopping/losses"))
    assert words in texts(figure)
    assert "training points" in texts(figure)
    assert capfd.readouterr().err == ""


# Sliders ----------------------------------------------------------------------------------------------------------------------


def test_sliders_begin_at_the_recorded_setting_and_say_where_the_run_stops():
    lights = Lights(STATES, stop_reason, LIMITS, ghost=GHOST)
    assert lights.setting == {"patience": 20.0, "eps": 0.1}
    assert lights.limits == LIMITS | {"patience": 20.0, "eps_loss": 0.1, "eps_gradient": 0.1}
    assert lights.words.startswith("The run stops at step 42: gradient. There J = 1.45")
    before = lights._repr_svg_()
    lights.set(eps=0.02)
    assert lights._repr_svg_() != before
    assert "The run stops at step 68: validation" in lights.words
    lights.set(patience=200.0)
    assert "The run stops at step 178: optimum" in lights.words
    ElementTree.fromstring(lights._repr_svg_())


def test_at_every_setting_the_lights_go_on_where_the_reference_recorded_it():
    lights = Lights(STATES, stop_reason, LIMITS, ghost=GHOST)
    grid = recordings.grid(GHOST)
    for eps in grid["eps"]:
        for patience in grid["patience"]:
            lights.set(eps=eps, patience=patience)
            recorded = recordings.ghost(GHOST, **lights.setting)
            assert recorded.exact
            assert f'aria-label="{lights.words}"' in lights._repr_svg_()
            lit = [lights._lit(name, {k: lights.limits[k] for k in needs if k in lights.limits}) for name, needs in NEEDS.items()]
            assert [int(np.argmax(row)) if row.any() else -1 for row in lit] == recorded.path.tolist()


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda state, limits: None, "Your stop_reason is not written yet"),
        (lambda state, limits: 1 / 0, "Your function: ZeroDivisionError"),
        (lambda state, limits: True, "wanted the name of a criterion or None, not bool"),
        (lambda state, limits: "enough", "is not in list"),
        (lambda state, limits: limits["patience"], "KeyError"),
        (lambda state, limits: None if np.isfinite(state["J"]) else "diverged", "No light is lit within 300 steps"),
    ],
)
def test_whatever_the_function_does_the_sliders_stay_and_say_it(function, words, capfd):
    lights = Lights(STATES, function, LIMITS, ghost=GHOST)
    assert words in lights.words
    lights.set(patience=5.0)
    assert words in lights.words
    ElementTree.fromstring(lights._repr_svg_())
    assert capfd.readouterr() == ("", "")
