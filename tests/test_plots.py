"""Figures that are driven by a student's functions: whatever these do, a figure stands, says what was wrong, and raises nothing."""

from __future__ import annotations

import warnings

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

from descentlab import objectives, plots, recordings
from descentlab.plots import style
from descentlab.plots.guard import Failed, attempt
from descentlab.plots.walks import outcome, symbol

RAVINE, WELL = objectives.get("ravine"), objectives.get("double_well")


def descend(objective, lr, n=60, start=None):
    points = [np.array(objective.start if start is None else start, dtype=float)]
    for _ in range(n):
        with np.errstate(all="ignore"):
            points.append(points[-1] - lr * objective.gradient(points[-1]))
    return np.array(points)


def raises(**_):
    raise ZeroDivisionError("by nothing at all")


# What a student's function may do, and words that the figure then shows.
ODD = {
    "raises": (raises, "ZeroDivisionError"),
    "is not written": (lambda **_: None, "not written yet"),
    "returns text": (lambda **_: "text", "returns str"),
    "returns a ragged list": (lambda **_: [[1.0], [1.0, 2.0]], "returns list"),
    "returns a number": (lambda **_: 3.0, "returns the shape"),
    "returns the last point": (lambda **_: np.zeros(2), "returns"),
    "returns nothing at all": (lambda **_: np.zeros((0, 2)), "returns an empty array"),
    "returns three coordinates": (lambda **_: np.zeros((61, 3)), "returns the shape"),
    "returns objects": (lambda **_: [object()], "returns list"),
    "returns a function": (lambda **_: len, "returns builtin_function_or_method"),
    "has no such argument": (lambda: 3, "TypeError"),
}


def texts(figure: Figure) -> str:
    figure.canvas.draw()
    found = [text.get_text() for text in figure.findobj(mpl.text.Text)]
    return " ".join(" ".join(found).split())


@pytest.fixture(autouse=True)
def _strict():
    """A warning on stderr would be a failure of the cell; and figures must not pile up."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield
    plt.close("all")


DRAWN = {
    "walks": lambda run: plots.walks("ravine", run, ghost="s02_gradient_descent/ravine", title="Walks", lr=[0.02, 0.05]),
    "losses": lambda run: plots.losses("ravine", run, ghost="s02_gradient_descent/ravine", title="Losses", lr=[0.02, 0.05]),
    "race": lambda run: plots.race("ravine", lambda lr: run(lr=lr), {"GD": 0.05, "slow": 0.01}, title="Race"),
    "coordinates": lambda run: plots.coordinates("ravine", lambda: run(lr=0.05), ["along", "across"], title="Coordinates"),
    "panels": lambda run: plots.panels("ravine", lambda name, lr: run(lr=lr), ["one"], {"lr": (0.05,)}, title="Panels"),
    "curves": lambda run: plots.curves(range(61), {"mine": lambda: run(lr=0.05)}, xlabel="t", ylabel="y", title="Curves"),
}


@pytest.mark.parametrize("kind", DRAWN)
@pytest.mark.parametrize("odd", ODD)
def test_whatever_a_function_does_a_figure_stands_and_says_so(kind, odd, capfd):
    run, words = ODD[odd]
    figure = DRAWN[kind](run)
    assert isinstance(figure, Figure)
    shown = texts(figure)
    assert words in shown or (kind == "curves" and "returns" in shown), shown
    assert kind.capitalize() in shown
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("kind", [kind for kind in DRAWN if kind != "curves"])
@pytest.mark.parametrize("lr", [0.05, 0.101, 5.0, 1e200], ids=["converges", "diverges", "overflows", "overflows at once"])
def test_divergence_is_a_result_and_draws_without_a_warning(kind, lr, capfd):
    figure = DRAWN[kind](lambda **_: descend(RAVINE, lr))
    assert "Error" not in texts(figure)
    assert capfd.readouterr() == ("", "")


def test_one_dimension_is_drawn_as_well_as_two(capfd):
    for lr in (0.1, 0.4, 50.0):
        figure = plots.walks("double_well", lambda lr: descend(WELL, lr), ghost="s02_gradient_descent/double_well", lr=[lr])
        assert symbol("lr") in texts(figure)
        plots.losses("double_well", lambda lr: descend(WELL, lr), lr=[lr])
        plots.race("double_well", lambda lr: descend(WELL, lr), {"GD": lr})
    assert "returns an empty array" in texts(plots.walks("double_well", lambda lr: [], lr=[0.1]))
    assert capfd.readouterr() == ("", "")


def lines_of(axes):
    return [np.column_stack(line.get_data()) for line in axes.get_lines()]


def test_the_students_own_points_are_drawn_and_the_recorded_ones_beside_them():
    mine = descend(RAVINE, 0.05) + 0.125
    figure = plots.walks("ravine", lambda lr: mine, ghost="s02_gradient_descent/ravine", lr=[0.05])
    drawn = lines_of(figure.axes[0])
    ghost = recordings.ghost("s02_gradient_descent/ravine", lr=0.05).path
    assert any(line.shape == mine.shape and np.array_equal(line, mine) for line in drawn)
    assert any(line.shape == ghost.shape and np.array_equal(line, ghost) for line in drawn)


def test_the_figure_changes_when_the_students_function_does():
    one, two = (lines_of(plots.losses("ravine", lambda lr, b=b: descend(RAVINE, lr) + b, lr=[0.05]).axes[0])[0] for b in (0.0, 0.5))
    assert not np.array_equal(one, two)


def test_off_the_grid_the_nearest_recorded_run_says_where_it_was_made():
    figure = plots.walks("ravine", lambda lr: descend(RAVINE, lr), ghost="s02_gradient_descent/ravine", lr=[0.06])
    assert "reference at η = 0.05" in texts(figure)
    figure = plots.walks("ravine", lambda lr: descend(RAVINE, lr), ghost="s02_gradient_descent/ravine", lr=[0.05])
    assert "reference at" not in texts(figure)


def test_theory_is_drawn_where_there_is_a_rate_and_left_out_where_it_fails(capfd):
    def dotted(rate):
        figure = plots.losses("ravine", lambda lr: descend(RAVINE, lr), rate=rate, lr=[0.05])
        figure.canvas.draw()
        return [line for line in figure.axes[0].get_lines() if line.get_linestyle() == ":" and len(line.get_xdata()) > 1]

    assert len(dotted(lambda lr: 0.9)) == 1
    (line,) = dotted(lambda lr: 0.5)
    np.testing.assert_allclose(line.get_ydata()[1:4] / line.get_ydata()[:3], 0.25)
    for rate in (raises, lambda lr: None, lambda lr: [1.0, 2.0]):
        assert dotted(rate) == []
    for rate in (lambda lr: 1e300, lambda lr: -1.5, lambda lr: np.nan):
        dotted(rate)
    assert capfd.readouterr() == ("", "")


def test_curves_have_their_ghosts_levels_and_axes():
    x = np.linspace(0, 1, 5)
    figure = plots.curves(
        x, {"mine": lambda: x**2, "odd": lambda: x[:2]}, ghosts={"mine": x**2}, levels={"limit": 0.5}, xlabel="η", ylabel="factor",
        logy=True,
    )  # fmt: skip
    (ax,) = figure.axes
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_xscale(), ax.get_yscale()) == ("η", "factor", "linear", "log")
    assert plots.curves(x, {}, xlabel="", ylabel="", logx=True).axes[0].get_xscale() == "log"
    shown = texts(figure)
    for words in ("mine", "odd: returns the shape (2,), wanted (5)", "limit", "reference"):
        assert words in shown
    assert sum(np.array_equal(line[:, 1], x**2) for line in lines_of(ax) if len(line) == 5) == 2


@pytest.mark.parametrize("logx", [False, True])
@pytest.mark.parametrize("values", [None, -1.0, 0.0, np.nan, 1.0, 1e-300])
@pytest.mark.parametrize("levels", [{}, {"level": 1e-5}, {"level": lambda: None}])
def test_a_logarithmic_axis_stands_whatever_is_on_it(logx, values, levels, capfd):
    line = (lambda: None) if values is None else (lambda: np.full(9, values))
    figure = plots.curves(range(1, 10), {"mine": line}, levels=levels, xlabel="t", ylabel="y", logx=logx, logy=True)
    assert "mine" in texts(figure)
    assert capfd.readouterr() == ("", "")


def test_panels_say_which_setting_changes_a_walk_and_show_all_of_them():
    walks = {"as it is": (1.0,), "changed": (1.0 + 1e-9,), "changed much": (4.0,)}
    ghost = recordings.ghost("s02_gradient_descent/ravine", lr=0.05)

    def run(method, factor):
        return descend(RAVINE, 0.01 * (factor if method == "touched" else 1.0))

    figure = plots.panels("ravine", run, ["untouched", "touched"], walks, ghosts={"touched": ghost})
    assert [ax.get_title("left") for ax in figure.axes] == ["untouched: one and the same walk", "touched: changed by changed much"]
    assert "reference" in texts(figure)
    lines = [line for line in lines_of(figure.axes[1]) if len(line) == 61]
    assert sum(np.array_equal(line, ghost.path) for line in lines) == 1
    assert sum(np.array_equal(line, descend(RAVINE, 0.04)) for line in lines) == 1
    assert plots.panels("double_well", lambda name: descend(WELL, 0.1), ["one"], {"": ()}).axes[0].get_xlabel() == "θ"
    with pytest.raises(ValueError, match="tells 3 lines apart, not 4"):
        plots.panels("ravine", run, ["one"], dict.fromkeys("abcd", (1.0,)))


def test_rates_are_asked_from_the_first_step_on():
    asked = []

    def schedule(t):
        asked.append(t)
        return 1.0 / t

    figure = plots.rates({"mine": schedule, "none": None, "broken": lambda t: 1 / 0}, 4, title="Rates")
    assert sorted(set(asked)) == [1, 2, 3, 4]
    assert any(np.array_equal(line, [[1, 1], [2, 1 / 2], [3, 1 / 3], [4, 1 / 4]]) for line in lines_of(figure.axes[0]))
    assert "ZeroDivisionError" in texts(figure)


def test_one_parameter_is_varied_and_no_more():
    for wrong in ({}, {"lr": [0.1], "gamma": [0.9]}):
        with pytest.raises(TypeError, match="give one parameter with its values"):
            plots.walks("ravine", raises, **wrong)
    with pytest.raises(KeyError, match="there is no objective"):
        plots.walks("hill", raises, lr=[0.1])
    with pytest.raises(KeyError, match="there is no recorded run"):
        plots.walks("ravine", raises, ghost="s02_gradient_descent/none", lr=[0.1])


# Words and looks --------------------------------------------------------------------------------------------------------------


def test_how_a_walk_ended_is_said_in_a_few_words():
    assert outcome(RAVINE, descend(RAVINE, 0.095)).startswith("at the minimum from step ")
    assert outcome(RAVINE, descend(RAVINE, 0.005)) == "still on its way after 60 steps"
    assert outcome(RAVINE, descend(RAVINE, 0.3)).startswith("diverges, off the map at step ")
    assert outcome(RAVINE, descend(RAVINE, 0.101, start=[0.0, 0.3])).startswith("diverges, higher after 60 steps")
    assert outcome(WELL, descend(WELL, 0.1)) == "caught in a local minimum"
    assert outcome(WELL, descend(WELL, 0.1, start=-1.5)).startswith("at the minimum from step ")
    nothing = np.tile(RAVINE.minima[0], (5, 1))
    assert outcome(RAVINE, nothing) == "at the minimum from step 0"
    assert outcome(RAVINE, np.full((5, 2), np.nan)) == "not a number (NaN) from step 0 on"
    assert outcome(RAVINE, np.full((5, 2), np.inf)) == "diverges, off the map at step 0"


def test_where_there_is_no_minimum_the_words_speak_of_none():
    saddle, monkey = objectives.get("saddle"), objectives.get("monkey_saddle")
    assert outcome(saddle, descend(saddle, 0.1, 100)).startswith("goes downhill without end, off the map at step ")
    assert outcome(saddle, descend(saddle, 0.1, 100, start=[-1.7, 0.0])) == "caught at a saddle point"
    assert outcome(saddle, descend(saddle, 2.5, 100, start=[-1.7, 0.0])).startswith("diverges, off the map at step ")
    assert outcome(saddle, descend(saddle, 0.1, 10)) == "still on its way after 10 steps"
    assert outcome(monkey, np.zeros((3, 2))) == "caught at a saddle point"
    assert outcome(monkey, descend(monkey, 0.1, 100)).startswith("goes downhill without end")
    hilltop = float(np.sort(np.roots([1.0, 0.0, -1.0, 0.2]).real)[1])
    assert outcome(WELL, np.full(4, hilltop)) == "caught on a hilltop"


def test_a_small_gradient_in_a_flat_valley_is_no_minimum():
    valley = objectives.get("rosenbrock")
    path = descend(valley, 0.0015, 2000)
    assert np.linalg.norm(valley.gradient(path[-1])) < 1e-3 * np.linalg.norm(valley.gradient(path[0]))
    assert outcome(valley, path) == "still on its way after 2000 steps"


@pytest.mark.parametrize("name", [name for name in objectives.names() if name != "quadratic"])
def test_every_objective_can_be_drawn_in_every_way(name, capfd):
    objective = objectives.get(name)
    for lr in (1e-3, 1e3):
        runs = [
            plots.walks(name, lambda lr: descend(objective, lr), lr=[lr]),
            plots.losses(name, lambda lr: descend(objective, lr), lr=[lr]),
            plots.race(name, lambda lr: descend(objective, lr), {"GD": lr}),
        ]
        if objective.dimension == 2:
            runs.append(plots.coordinates(name, lambda lr=lr: descend(objective, lr), ["one", "two"]))
        words = "".join(texts(figure) for figure in runs)
        assert ("J(θ*)" in words) == bool(objective.minima)
    assert capfd.readouterr() == ("", "")


def test_the_look_is_the_courses_own_and_stays_in_its_figures():
    with mpl.rc_context():
        mpl.rcdefaults()
        before = dict(mpl.rcParams)
        plots.walks("ravine", lambda lr: descend(RAVINE, lr), lr=[0.05])
        assert dict(mpl.rcParams) == before


def test_attempt_keeps_what_is_not_finite_and_hands_the_setting_over():
    values = attempt(lambda lr, n: [lr, np.nan, np.inf, n], shape=(4,), lr=0.5, n=2)
    np.testing.assert_array_equal(values, [0.5, np.nan, np.inf, 2])
    assert attempt(lambda: 3, shape=()) == 3.0
    assert isinstance(attempt(lambda: [1, 2], shape=()), Failed)
    long = attempt(lambda: (_ for _ in ()).throw(ValueError("word " * 200)))
    assert len(long.words.splitlines()) <= 5
    assert max(map(len, long.words.splitlines())) <= 38


# Curves: laws, heights, marks, and what is said to those who don't see ---------------------------------------------------------


def test_a_power_law_is_a_straight_line_beside_its_theory(capfd):
    t = np.arange(1, 101)
    laws = {"3/√t": lambda t: 3 / t**0.5, "odd": lambda t: t[:2], "broken": lambda t: 1 / 0}
    lines = {"mine": lambda: 3 / np.sqrt(t)}
    figure = plots.curves(t, lines, theory=laws, xlabel="t", ylabel="step", logx=True, logy=True)
    (ax,) = figure.axes
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    mine, law = (line for line in ax.get_lines() if len(line.get_xdata()) == 100)
    np.testing.assert_allclose(mine.get_ydata(), law.get_ydata())
    assert (mine.get_linestyle(), law.get_linestyle()) == ("-", ":")
    slopes = np.diff(np.log(law.get_ydata())) / np.diff(np.log(law.get_xdata()))
    np.testing.assert_allclose(slopes, -0.5)
    for words in ("3/√t", "odd: returns the shape (2,), wanted (100", "broken: ZeroDivisionError"):
        assert words in texts(figure)
    assert capfd.readouterr() == ("", "")


def test_a_height_may_be_a_function_and_its_failure_stands_in_the_legend():
    heights = {"floor": lambda: 0.25, "none": lambda: None, "wrong": lambda: [1.0, 2.0], "endless": np.inf, "plain": 0.5}
    figure = plots.curves([1, 2], {"mine": lambda: [1, 2]}, levels=heights, xlabel="t", ylabel="error")
    across = [line.get_ydata()[0] for line in figure.axes[0].get_lines() if list(line.get_xdata()) == [0, 1]]
    assert across == [0.25, 0.5]
    shown = texts(figure)
    for words in ("floor", "plain", "none: not written yet", "wrong: returns the shape (2,), wanted ()"):
        assert words in shown
    assert "endless" not in shown


def test_a_race_has_its_law_and_its_floor_on_logarithmic_steps(capfd):
    asked = []

    def law(t):
        asked.append(t)
        return 4 / t

    figure = plots.race(
        "ravine", lambda lr: descend(RAVINE, lr), {"GD": 0.05}, theory={"4/t": law}, levels={"floor": 1e-3}, walk=False, logx=True
    )
    (ax,) = figure.axes
    np.testing.assert_array_equal(asked, [np.arange(1.0, 61)])
    assert (ax.get_xscale(), ax.get_xlim()[0]) == ("log", 1)
    assert "floor" in texts(figure)
    # With nobody running there is no step to draw a law over.
    assert "not written yet" in texts(plots.race("ravine", lambda lr: None, {"GD": 0.05}, theory={"4/t": law}, logx=True))
    assert capfd.readouterr() == ("", "")


def marks_of(figure):
    return {line.get_label(): line.get_marker() for line in figure.axes[-1].get_lines() if len(line.get_xdata()) > 2}


def test_lines_are_told_apart_without_colour():
    shown = marks_of(plots.race("ravine", lambda lr: descend(RAVINE, lr), {"GD": 0.05, "Adam": 0.01, "mine": 0.02}, walk=False))
    assert len(set(shown.values())) == 3
    assert shown["GD"] == style.mark(style.method_colour("GD"))
    assert len(set(marks_of(plots.losses("ravine", lambda lr: descend(RAVINE, lr), lr=[0.01, 0.02, 0.05])).values())) == 3


@pytest.mark.parametrize("n_points", [1, 2, 5, 9, 1000])
@pytest.mark.parametrize("logarithmic", [False, True])
def test_marks_stand_on_points_and_not_on_each_other(n_points, logarithmic):
    places = [style.marked(colour, n_points, logarithmic=logarithmic)["markevery"] for colour in style.PALETTE]
    for chosen in places:
        assert 0 < len(chosen) <= 8
        assert 0 <= min(chosen) <= max(chosen) < n_points
    if n_points == 1000 and not logarithmic:
        assert len({place for chosen in places for place in chosen}) == sum(map(len, places))


def test_a_figure_says_what_it_shows():
    figure = plots.race("ravine", lambda lr: descend(RAVINE, lr), {"GD": 0.05, "none": 0}, ghosts=None, title="A <title>")
    assert figure.words == "A <title>. θ[1] against θ[0]. J(θ_t) − J(θ*) against step t. minimum; GD; none."
    html = figure._repr_html_()
    assert f'alt="{figure.words.replace("<", "&lt;").replace(">", "&gt;")}"' in html
    assert "<title>" not in html
    assert "not written yet" in plots.race("ravine", lambda lr: None, {"GD": 0.05}).words


def test_a_figures_numbers_are_those_of_its_lines():
    path = descend(RAVINE, 0.05)
    head, walk, loss = plots.race("ravine", lambda lr: path, {"GD": 0.05}).numbers()
    assert (len(head), walk[:2], loss[:2]) == (7, ["θ[1] against θ[0]", "GD"], ["J(θ_t) − J(θ*) against step t", "GD"])
    for cell, row in zip(walk[2:], path[[0, 15, 30, 45, 60]], strict=True):
        assert [float(number) for number in cell.strip("()").split(",")] == pytest.approx(row, rel=1e-3)
    assert loss[2] == f"(0, {RAVINE.value(path[0]):.4g})"
    assert loss[-1] == f"(60, {RAVINE.value(path[-1]):.4g})"
    assert all(cell in plots.race("ravine", lambda lr: path, {"GD": 0.05})._repr_html_() for cell in loss[2:])


@pytest.mark.parametrize("kind", DRAWN)
@pytest.mark.parametrize("odd", ODD)
def test_whatever_a_function_does_the_words_and_the_numbers_can_be_read(kind, odd):
    figure = DRAWN[kind](ODD[odd][0])
    assert kind.capitalize() in figure.words
    assert {len(row) for row in figure.numbers()} == {7 if len(figure.axes) > 1 else 6}
