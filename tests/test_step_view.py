"""One step as vectors, from the student's own function: in panels, and under a slider."""

from __future__ import annotations

import warnings
from xml.etree import ElementTree

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.patches import FancyArrowPatch

from descentlab import objectives, plots
from descentlab.plots.steps import VECTORS
from descentlab.recordings import Ghost
from descentlab.runs import take_apart

BOWL = objectives.get("bowl")
SETTING = {"lr": 0.2, "gamma": 0.9}


def nesterov(theta, velocity, gradient_of, lr, gamma):
    velocity = gamma * velocity + lr * gradient_of(theta - gamma * velocity)
    return theta - velocity, velocity


def momentum(theta, velocity, gradient, lr, gamma):
    velocity = gamma * velocity + lr * gradient
    return theta - velocity, velocity


def asks_twice(theta, velocity, gradient_of, lr, gamma):
    gradient_of(theta)
    return nesterov(theta, velocity, gradient_of, lr, gamma)


def gradient_at_theta(theta, velocity, gradient_of, lr, gamma):
    return momentum(theta, velocity, gradient_of(theta), lr, gamma)


def endless(theta, velocity, gradient_of, lr, gamma):
    while True:
        pass


# What a student's function may do, and words that both views then show.
ODD = {
    "raises": (lambda theta, velocity, gradient_of, lr, gamma: 1 / 0, "ZeroDivisionError"),
    "is not written": (lambda theta, velocity, gradient_of, lr, gamma: None, "not written yet"),
    "returns theta alone": (lambda theta, velocity, gradient_of, lr, gamma: 3.0, "should return 2 arrays"),
    "returns another shape": (lambda theta, velocity, gradient_of, lr, gamma: ([1.0], [2.0]), "returned the shapes"),
    "returns text": (lambda theta, velocity, gradient_of, lr, gamma: "ab", "returned str"),
    "has no such argument": (lambda theta: theta, "needs one called gradient"),
    "is no function": (3, "TypeError"),
    "leaves the map": (lambda theta, velocity, gradient_of, lr, gamma: (theta + 1e200, velocity), "off the map"),
    "is not a number": (lambda theta, velocity, gradient_of, lr, gamma: (theta * np.nan, velocity), "off the map"),
}


@pytest.fixture(autouse=True)
def _strict():
    """A warning on stderr would be a failure of the cell."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield
    plt.close("all")


@pytest.fixture(scope="module")
def ghost():
    return Ghost(np.array([item.corners for item in take_apart(nesterov, "bowl", 6, **SETTING)]), SETTING, True)


def texts(figure):
    figure.canvas.draw()
    return " ".join(" ".join(text.get_text() for text in figure.findobj(mpl.text.Text)).split())


def arrows(ax):
    """The arrows of a panel by their names: tail and tip."""
    return {a.get_label()[1:]: np.array(a._posA_posB) for a in ax.patches if isinstance(a, FancyArrowPatch)}


# In panels --------------------------------------------------------------------------------------------------------------------


def test_the_arrows_are_the_students_own_step():
    figure = plots.step_view(nesterov, "bowl", steps=(2, 4), **SETTING)
    taken = take_apart(nesterov, "bowl", 4, **SETTING)
    for ax, t in zip(figure.axes, (2, 4), strict=True):
        drawn, step = arrows(ax), taken[t - 1]
        np.testing.assert_array_equal(drawn["jump"], [step.before, step.asked[0]])
        np.testing.assert_allclose(drawn["correction"][1] - drawn["correction"][0], -0.2 * BOWL.gradient(step.asked[0]))
        np.testing.assert_array_equal(drawn["step"], [step.before, step.after])
        theta, _ = momentum(step.before, (step.before - step.coasted) / 0.9, BOWL.gradient(step.before), **SETTING)
        np.testing.assert_allclose(drawn["momentum"], [step.before, theta])
        low, high = np.array([ax.get_xlim(), ax.get_ylim()]).T
        assert (low < step.corners).all()
        assert (step.corners < high).all()
    assert "step 2" in texts(figure)
    assert "asked 2 times" not in texts(figure)


def test_from_rest_there_is_no_jump_and_momentum_has_no_other_step():
    figure = plots.step_view(momentum, "ravine", steps=(1, 2), lr=0.02, gamma=0.9)
    assert [sorted(arrows(ax)) for ax in figure.axes] == [["correction", "step"], ["correction", "jump", "step"]]
    assert VECTORS["momentum"].label not in texts(figure)


def rings(ax):
    return np.concatenate([np.column_stack(line.get_data()) for line in ax.get_lines() if line.get_markersize() == 11])


def test_the_rings_are_where_the_function_asks():
    for step, wanted in ((nesterov, ["coasted"]), (gradient_at_theta, ["before"]), (asks_twice, ["before", "coasted"])):
        (ax,) = plots.step_view(step, "bowl", steps=[3], **SETTING).axes
        taken = take_apart(step, "bowl", 3, **SETTING)[2]
        np.testing.assert_array_equal(rings(ax), [getattr(taken, name) for name in wanted])
        assert ("gradient asked 2 times" in ax.get_title(loc="left")) == (step is asks_twice)


def test_the_recorded_steps_lie_under_the_students(ghost):
    figure = plots.step_view(gradient_at_theta, "bowl", steps=[2], ghost=ghost, **SETTING)
    bands = [np.column_stack(line.get_data()) for line in figure.axes[0].get_lines() if line.get_color() == "#888888"]
    for vector in VECTORS.values():
        assert any(np.array_equal(band, ghost.path[1][[vector.tail, vector.tip]]) for band in bands)
    assert "reference" in texts(figure)
    assert "reference at η = 0.2" in texts(
        plots.step_view(nesterov, "bowl", ghost=Ghost(ghost.path, SETTING, False), lr=0.1, gamma=0.9)
    )
    plots.step_view(nesterov, "bowl", steps=[7], ghost=ghost, **SETTING)  # not recorded: the student's alone


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("beside", [True, False], ids=["ghost", "alone"])
def test_whatever_a_step_does_a_figure_stands_and_says_so(odd, beside, ghost, capfd):
    step, words = ODD[odd]
    figure = plots.step_view(step, "bowl", ghost=ghost if beside else None, title="Steps", **SETTING)
    shown = texts(figure)
    assert words in shown
    assert "Steps" in shown
    slider = plots.StepSlider(step, "bowl", 4, at=2, ghost=ghost if beside else None, **SETTING)
    assert words in slider.words
    assert ("reference" in slider.words) == beside
    assert capfd.readouterr() == ("", "")


def test_a_step_without_an_end_is_stopped(monkeypatch):
    monkeypatch.setattr("descentlab.plots.steps.SECONDS", 0.1)
    assert "does a loop never end" in texts(plots.step_view(endless, "bowl", **SETTING))


def test_at_rest_in_the_minimum_nothing_is_drawn_and_nothing_fails():
    figure = plots.step_view(nesterov, "bowl", start=[0.0, 0.0], **SETTING)
    assert all(arrows(ax) == {} for ax in figure.axes)
    assert texts(figure)
    assert "(0, 0) in all" in plots.StepSlider(nesterov, "bowl", 3, start=[0.0, 0.0], **SETTING).words


def test_vectors_want_a_plane():
    for view in (plots.step_view, lambda *args, **settings: plots.StepSlider(*args, 3, **settings)):
        with pytest.raises(ValueError, match="vectors are drawn in a plane"):
            view(nesterov, "double_well", **SETTING)


# Under a slider ---------------------------------------------------------------------------------------------------------------


def picture(slider):
    return ElementTree.fromstring(slider._repr_svg_())


def test_the_slider_picks_the_step_and_calls_the_function_no_more(ghost):
    calls = []

    def counted(theta, velocity, gradient_of, lr, gamma):
        calls.append(1)
        return nesterov(theta, velocity, gradient_of, lr, gamma)

    slider = plots.StepSlider(counted, "bowl", 6, ghost=ghost, **SETTING)
    before, n = slider._repr_svg_(), len(calls)
    slider.set(4)
    assert slider._repr_svg_() != before
    assert len(calls) == n
    taken = take_apart(nesterov, "bowl", 4, **SETTING)[3]
    x, y = taken.after - taken.before
    assert slider.words.startswith("Step 4: ")
    assert "the gradient is asked for at the tip of the jump" in slider.words
    assert f"({x:.3g}, {y:.3g}) in all" in slider.words
    assert slider.words in slider._words.value


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (gradient_at_theta, "asked for at θ,"),
        (asks_twice, "asked for 2 times,"),
        (lambda theta, velocity, gradient_of, lr, gamma: (theta - velocity, velocity), "no gradient is asked for,"),
        (
            lambda theta, velocity, gradient_of, lr, gamma: momentum(theta, velocity, gradient_of(theta + 1), lr, gamma),
            "another place",
        ),
    ],
)
def test_the_words_say_where_the_gradient_was_asked(step, words):
    slider = plots.StepSlider(step, "bowl", 4, **SETTING)
    slider.set(3)
    assert words in slider.words


def test_the_picture_is_well_formed_has_its_words_and_an_arrow_for_each_vector(ghost):
    slider = plots.StepSlider(nesterov, "bowl", 6, at=2, ghost=ghost, **SETTING)
    root = picture(slider)
    assert root.attrib["aria-label"] == slider.words
    heads = root.findall(".//{*}polygon")
    assert sorted(head.attrib["fill"] for head in heads) == sorted(vector.colour for vector in VECTORS.values())
    assert len(root.findall(".//{*}circle[@r='8']")) == 2  # the ring, in the panel and in the legend
    slider.set(1)
    assert len(picture(slider).findall(".//{*}polygon")) == 1 + 1  # from rest: the correction is the step


def test_the_numbers_stand_beside_the_references(ghost):
    slider = plots.StepSlider(gradient_at_theta, "bowl", 6, ghost=ghost, **SETTING)
    slider.set(2)
    table = slider._numbers.value
    mine, theirs = (
        ", ".join(f"{x:.4g}" for x in corners[2] - corners[0])
        for corners in (take_apart(gradient_at_theta, "bowl", 2, **SETTING)[1].corners, ghost.path[1])
    )
    assert mine != theirs
    assert f"<td>{VECTORS['step'].label}</td><td>{mine}</td><td>{theirs}</td>" in table
