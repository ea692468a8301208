"""The figures of section 5: whatever a student's functions do, they stand, say what was wrong, and show what came back."""

from __future__ import annotations

import warnings

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

from descentlab import landscapes, plots
from reference_impl.s05_loss_landscape import classify_critical_point, escape_directions

HESSIANS = {"bowl": [[1.0, 0.0], [0.0, 2.0]], "saddle": [[1.0, 2.0], [2.0, 1.0]]}
AXIS = landscapes.grid_axis(9)


def raises(*_, **__):
    raise ZeroDivisionError("by nothing at all")


# What a student's function may do, and words that the figure then shows.
ODD = {
    "raises": (raises, "ZeroDivisionError"),
    "is not written": (lambda *_, **__: None, "not written yet"),
    "returns text": (lambda *_, **__: "text", "text"),
    "returns a number": (lambda *_, **__: 3.0, "returns"),
    "returns a vector": (lambda *_, **__: np.zeros(2), "returns"),
    "returns a function": (lambda *_, **__: len, "returns"),
    "returns a ragged list": (lambda *_, **__: [[1.0], [1.0, 2.0]], "returns"),
}

DRAWN = {
    "kinds": lambda run: plots.critical_points(HESSIANS, run, escape_directions, title="Kinds"),
    "escape": lambda run: plots.critical_points(HESSIANS, classify_critical_point, run, title="Escape"),
    "surfaces": lambda run: plots.loss_surfaces({"mine": run, "other": run}, AXIS, title="Surfaces"),
    "recorded": lambda run: plots.loss_surfaces({"mine": run}, AXIS, recorded={"mine": landscapes.load()[0]}, title="Recorded"),
    "ways_out": lambda run: plots.ways_out([0.7, 0.1, 0.01], run, ghost=[0.3, 0.2, 0.1], title="Ways out"),
}


@pytest.fixture(autouse=True)
def _strict():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield
    plt.close("all")


def texts(figure):
    figure.canvas.draw()
    return " ".join(" ".join(text.get_text() for text in figure.findobj(mpl.text.Text)).split())


@pytest.mark.parametrize("kind", DRAWN)
@pytest.mark.parametrize("odd", ODD)
def test_whatever_a_function_does_a_figure_stands_and_says_so(kind, odd, capfd):
    run, words = ODD[odd]
    if (kind, odd) == ("escape", "is not written"):
        words = "minimum"  # the arrows are missing, and the rest is there
    shown = texts(DRAWN[kind](run))
    assert words in shown or "returns" in shown, shown
    assert kind.replace("_", " ").capitalize() in shown
    assert capfd.readouterr() == ("", "")


def test_critical_points_carry_the_students_words_and_arrows():
    figure = plots.critical_points(HESSIANS, lambda hessian: f"my {hessian[0, 1]:g}", escape_directions)
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["my 0", "my 2"]
    arrows = [[text for text in ax.texts if getattr(text, "arrow_patch", None)] for ax in figure.axes]
    assert [len(found) for found in arrows] == [0, 2]
    ends = np.array([arrow.xy for arrow in arrows[1]])
    np.testing.assert_allclose(np.abs(ends), np.sqrt(0.5))
    np.testing.assert_allclose(ends.sum(axis=0), 0, atol=1e-12)


def test_a_surface_is_drawn_with_rows_upwards_and_measured_in_its_title():
    alphas, betas = np.meshgrid(AXIS, AXIS, indexing="ij")
    figure = plots.loss_surfaces({"mine": lambda: 0.1 + alphas**2 + 0.1 * betas**2}, AXIS)
    ax = figure.axes[0]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("β", "α")
    assert ax.get_title(loc="left").startswith("mine\nsharpness 0.0")
    assert ax.get_title(loc="left").endswith("0% curved downwards")
    # The valley lies along β, which is across: its lowest contour is wider than high.
    extents = [np.ptp(path.vertices, axis=0) for path in ax.collections[0].get_paths() if len(path.vertices)]
    width, height = next(extent for extent in extents if extent.min() > 0)
    assert width > 2 * height


@pytest.mark.parametrize("value", [np.nan, np.inf, -1.0, 0.0, 1e300])
def test_heights_that_no_scale_holds_are_drawn_without_a_warning(value, capfd):
    figure = plots.loss_surfaces({"mine": lambda: np.full((9, 9), value)}, AXIS)
    assert ("not all numbers are finite" in texts(figure)) == (not np.isfinite(value))
    assert capfd.readouterr() == ("", "")


def test_the_recorded_maps_stand_in_two_rows_with_their_errors():
    figure = plots.recorded_landscapes(seed=3)
    titles = [ax.get_title(loc="left") for ax in figure.axes[:6]]
    wanted = [one for skip in (True, False) for n in (6, 18, 54) for one in landscapes.chosen(n, skip=skip) if one.seed == 3]
    for title, one in zip(titles, wanted, strict=True):
        kind = "with" if one.skip else "without"
        assert title == f"{one.layers} layers, {kind}\ntest error {one.test_error:.1%}, {one.pits} pits"


def test_the_measures_show_every_network_and_the_means():
    figure = plots.measures()
    ax = next(ax for ax in figure.axes if ax.get_title(loc="left") == "pits on the map")
    lines = [np.asarray(line.get_ydata(), dtype=float) for line in ax.get_lines()]
    for skip, label in ((True, "with skip connections"), (False, "without")):
        values = [[one.pits for one in landscapes.chosen(n, skip=skip)] for n in (6, 18, 54)]
        for column in values:
            assert any(np.array_equal(line, column) for line in lines)
        (means,) = (line.get_ydata() for line in ax.get_lines() if line.get_label() == label)
        np.testing.assert_allclose(means, [np.mean(column) for column in values])


def test_the_ways_out_are_drawn_from_high_to_low():
    figure = plots.ways_out([0.7, 0.1, 0.01], lambda: [0.3, 0.2, 0.1])
    (ax,) = figure.axes
    assert ax.get_xlim()[0] > ax.get_xlim()[1]
    assert any(np.array_equal(line.get_ydata(), [0.3, 0.2, 0.1]) for line in ax.get_lines())
