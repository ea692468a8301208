"""A point on a map with its level line and gradient, and surfaces: driven by the student's functions, whatever these do."""

from __future__ import annotations

import time
import warnings
from xml.etree import ElementTree

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

from descentlab import objectives, plots, svg
from descentlab.plots.gradient_map import GRADIENT, LEVEL

HESSIAN, MINIMUM = np.array([[2.0, 1.0], [1.0, 2.0]]), np.array([1.0, 0.5])
TILTED = objectives.get("quadratic", hessian=HESSIAN, minimum=MINIMUM)
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(autouse=True)
def _strict():
    """A warning on stderr would be a failure of the cell."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield
    plt.close("all")


def forever(theta):
    while True:
        time.sleep(0.01)


# What a student's function may do, and words that are then shown.
ODD = {
    "raises": (lambda theta: 1 / 0, "ZeroDivisionError"),
    "is not written": (lambda theta: None, "not written yet"),
    "returns text": (lambda theta: "ab", "returns"),
    "returns a matrix": (lambda theta: np.zeros((2, 2)), "returns the shape"),
    "is no function": (3, "TypeError"),
}


def tilted(gradient=TILTED.gradient, value=TILTED.value, at=(-1.0, 1.5)):
    return plots.GradientMap(TILTED, gradient, value=value, at=at, title="A bowl")


def panel(view):
    """What lies over the map: the lines as (colour, points in pixels), and the arrows' tips."""
    inner = ElementTree.fromstring(view._overlay.value).find(f"{SVG}svg")
    lines = [
        (line.get("stroke"), np.array([pair.split(",") for pair in line.get("points").split()], dtype=float))
        for line in inner.findall(f"{SVG}polyline")
    ]
    tips = [np.array(head.get("points").split()[0].split(","), dtype=float) for head in inner.findall(f"{SVG}polygon")]
    return lines, tips


def pixel(view, theta):
    return view._frame.pixels(np.array([theta]))[0]


def test_the_arrow_stands_at_right_angles_to_the_level_line_through_the_point():
    view = tilted()
    lines, (tip,) = panel(view)
    here = pixel(view, (-1.0, 1.5))
    (level,) = (points for colour, points in lines if colour == LEVEL)
    nearest = np.argsort(np.linalg.norm(level - here, axis=1))[:2]
    assert np.linalg.norm(level[nearest[0]] - here) < 6
    along = level[nearest[0]] - level[nearest[1]]
    assert abs(along @ (tip - here)) < 0.05 * np.linalg.norm(along) * np.linalg.norm(tip - here)
    assert "J is 3 and the gradient is (-3, 0), of length 3, at 90° to the level line" in view.words
    assert view.words in view._words.value.replace("&#x27;", "'")


def test_a_unit_is_as_long_across_as_it_is_up():
    view = tilted()
    origin, across, up = (pixel(view, point) for point in ((0, 0), (1, 0), (0, 1)))
    assert across[0] - origin[0] == pytest.approx(origin[1] - up[1])


def test_moving_the_point_moves_everything_and_the_arrow_shrinks_towards_the_minimum():
    view = tilted()
    lengths = []
    for theta in ((3.0, 2.5), (2.0, 1.5), (1.1, 0.6)):
        view.set(*theta)
        _, (tip,) = panel(view)
        lengths.append(np.linalg.norm(tip - pixel(view, theta)))
        assert f"At θ = ({theta[0]:g}, {theta[1]:g})" in view.words
    assert lengths[0] > lengths[1] > lengths[2] > 0
    view.set(1.0, 0.5)
    assert panel(view)[1] == []
    assert "the gradient is (0, 0), of length 0." in view.words


def test_the_arrow_and_the_words_are_the_students_own():
    view = tilted(gradient=lambda theta: np.array([[2.0, 2.0], [0.0, 2.0]]) @ (theta - MINIMUM))
    _, (tip,) = panel(view)
    direction = tip - pixel(view, (-1.0, 1.5))
    assert direction[0] < 0 < -direction[1]  # to the left and up, where the reference goes to the left alone
    assert "at 45° to the level line" in view.words
    assert view.children[-1].children == (view._numbers,)
    view.children[-1].selected_index = 0
    view.set(0.0, 0.0)
    view.set(-1.0, 1.5)
    assert view.children[-1].selected_index == 0  # opened once, open still
    assert "(-2, 2)" in view._numbers.value
    assert "(-3, 0)" in view._numbers.value


def test_without_a_value_of_its_own_the_level_line_is_the_objectives():
    valleys = objectives.get("himmelblau")
    view = plots.GradientMap("himmelblau", valleys.gradient)
    assert f"J is {valleys.value(valleys.start):.4g}" in view.words
    assert any(colour == LEVEL for colour, _ in panel(view)[0])


def test_a_saddle_without_minima_has_a_map_too():
    view = plots.GradientMap("saddle", objectives.get("saddle").gradient, at=[1.0, 0.5])
    assert "the gradient is (1, -0.5)" in view.words
    assert ElementTree.fromstring(view._repr_svg_()).tag == f"{SVG}svg"


@pytest.mark.parametrize("odd", ODD)
def test_whatever_the_functions_do_the_map_stands_and_says_so(odd, capfd):
    function, words = ODD[odd]
    for view in (tilted(gradient=function), tilted(value=function), tilted(gradient=function, value=function)):
        shown = " ".join("".join(ElementTree.fromstring(view._repr_svg_()).itertext()).split())
        assert words in view.words
        assert words.split()[0] in shown
        view.set(0.0, 0.0)
        assert words in view.words
    assert capfd.readouterr() == ("", "")


def test_what_is_not_a_number_is_not_drawn():
    view = tilted(gradient=lambda theta: theta * np.nan, value=lambda theta: np.inf)
    lines, tips = panel(view)
    assert tips == []
    assert {colour for colour, _ in lines} == {svg.GHOST, svg.INK}
    assert "nan" in view.words
    huge = tilted(gradient=lambda theta: np.full(2, 1e300), value=lambda theta: 1e300 * theta[0])
    assert huge.words
    assert panel(huge)[1] == []


def test_unwritten_functions_leave_the_map_with_the_reference_and_an_invitation():
    view = tilted(gradient=lambda theta: None, value=lambda theta: None)
    lines, tips = panel(view)
    assert tips == []
    assert [colour for colour, _ in lines] == [svg.GHOST, svg.GHOST, svg.INK]
    assert "Your J and your gradient are not written yet: write them" in view.words
    assert "Your gradient is not written yet: write it" in tilted(gradient=lambda theta: None).words
    assert any(colour == LEVEL for colour, _ in panel(tilted(gradient=lambda theta: None))[0])


def test_a_function_that_changes_its_argument_moves_nothing():
    def greedy(theta):
        theta *= 0
        return np.ones(2)

    view = tilted(gradient=greedy)
    assert "At θ = (-1, 1.5)" in view.words


def test_a_function_without_an_end_is_stopped(monkeypatch):
    monkeypatch.setattr("descentlab.plots.gradient_map.SECONDS", 0.1)
    for view in (tilted(gradient=forever), tilted(value=forever)):
        assert "does a loop never end" in view.words


def test_the_picture_without_a_kernel_is_on_paper_and_has_its_words():
    root = ElementTree.fromstring(tilted()._repr_svg_())
    assert root.get("aria-label").startswith("A bowl. At θ = (-1, 1.5)")
    text = ElementTree.tostring(root, encoding="unicode")
    assert "var(--" not in text
    assert GRADIENT in text


def test_a_map_is_of_two_parameters():
    with pytest.raises(ValueError, match="double_well has 1"):
        plots.GradientMap("double_well", lambda theta: theta)


# Surfaces ---------------------------------------------------------------------------------------------------------------------

BOX = ((-2.0, 2.0), (-1.0, 1.0))


def heights(function):
    return [[function(np.array([x, y])) for x in np.linspace(*BOX[0], 9)] for y in np.linspace(*BOX[1], 9)]


def bowl(theta):
    return float(theta @ theta)


def surfaces(function):
    return plots.surfaces({"a bowl": function}, BOX, ghosts={"a bowl": heights(bowl)}, levels=[2.0, 0.5], title="Heights")


def texts(figure):
    figure.canvas.draw()
    return " ".join(" ".join(text.get_text() for text in figure.findobj(mpl.text.Text)).split())


def lines_across(ax):
    """The level lines of a panel, each as (colour, points)."""
    return [
        (mpl.colors.to_hex(drawn.get_edgecolor()[0]), path.vertices)
        for drawn in ax.collections
        for path in drawn.get_paths()
        if len(path.vertices)
    ]


def test_surfaces_show_the_students_level_lines_over_the_references():
    figure = surfaces(lambda theta: 2 * bowl(theta))
    top, flat = figure.axes
    (sheet,) = top.collections
    assert sheet.get_array() is not None
    found = lines_across(flat)
    for colour, points in found:
        radii = np.linalg.norm(points, axis=1) ** 2 * (2 if colour == LEVEL.lower() else 1)
        assert np.abs(radii[:, np.newaxis] - [0.5, 2.0]).min(axis=1).max() < 0.15  # the grid is coarse
    assert {colour for colour, _ in found} == {LEVEL.lower(), "#888888"}
    assert "Heights" in texts(figure)
    assert "a bowl" in figure.words


@pytest.mark.parametrize("odd", ODD)
def test_whatever_a_function_does_its_panel_says_so_and_the_reference_stays(odd, capfd):
    function, words = ODD[odd]
    figure = surfaces(function)
    assert words in texts(figure)
    assert {colour for colour, _ in lines_across(figure.axes[1])} == {"#888888"}
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300, 3.0])
def test_heights_that_have_no_level_lines_are_drawn_without_a_warning(value):
    assert texts(surfaces(lambda theta: value))
