"""The palette: told apart by colour-blind readers, readable on white and on black, the same for a method everywhere."""

from __future__ import annotations

import itertools

import matplotlib as mpl
import numpy as np
import pytest

from descentlab import plots
from descentlab.plots import style

# What is left of a colour (linear RGB) for eyes without one kind of cones: Machado, Oliveira and Fernandes 2009, at full severity.
EYES = {
    "all cones": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
}
TO_XYZ = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]])
# The grounds of JupyterLab's light and dark notebooks.
LIGHT, DARK = "#ffffff", "#111111"


def linear(colour):
    channel = np.array(mpl.colors.to_rgb(colour))
    return np.where(channel <= 0.04045, channel / 12.92, ((channel + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    """CIE L*a*b* of linear RGB: equal distances in it look about equally large; 2.3 is just seen side by side."""
    share = TO_XYZ @ np.clip(rgb, 0, 1) / (TO_XYZ @ np.ones(3))
    root = np.where(share > 0.008856, np.cbrt(share), 7.787 * share + 16 / 116)
    return np.array([116 * root[1] - 16, 500 * (root[0] - root[1]), 200 * (root[1] - root[2])])


def apart(one, two, eyes):
    matrix = np.array(EYES[eyes])
    return float(np.linalg.norm(lab(matrix @ linear(one)) - lab(matrix @ linear(two))))


def luminance(colour):
    return float(TO_XYZ[1] @ linear(colour))


def contrast(one, two):
    darker, lighter = sorted((luminance(one), luminance(two)))
    return (lighter + 0.05) / (darker + 0.05)


def test_the_simulation_of_eyes_finds_red_and_green_alike():
    assert apart("#c05050", "#788040", "all cones") > 50
    assert apart("#c05050", "#788040", "deuteranopia") < 15
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("eyes", EYES)
def test_two_methods_are_told_apart_by_every_eye(eyes):
    pairs = itertools.combinations(style.METHODS.items(), 2)
    closest = min((apart(one, two, eyes), a, b) for (a, one), (b, two) in pairs)
    assert closest[0] > 17, closest


@pytest.mark.parametrize("ground", [LIGHT, DARK])
def test_every_method_stands_out_from_a_light_and_a_dark_ground(ground):
    palest = min((contrast(colour, ground), name) for name, colour in style.METHODS.items())
    assert palest[0] > 2.2, palest


def test_colours_are_each_another_and_none_is_lost_on_paper():
    assert len(set(style.PALETTE)) == len(style.PALETTE)
    assert style.colour(len(style.PALETTE)) == style.colour(0)
    assert all(luminance(colour) < 0.6 for colour in style.PALETTE), "too pale on white paper"
    assert len(set(style.METHODS.values())) == len(style.METHODS)


def test_a_method_has_one_colour_whatever_it_is_called():
    for name, colour in style.METHODS.items():
        assert style.method_colour(name) == style.method_colour(name.upper()) == style.method_colour(name.lower()) == colour
    assert style.method_colour("gradient descent") == style.METHODS["GD"]
    assert style.method_colour("NAG") == style.METHODS["Nesterov"]
    with pytest.raises(KeyError, match="there is no method 'Newton'; there are GD, SGD, momentum"):
        style.method_colour("Newton")


def test_what_is_no_method_gets_a_colour_that_no_method_of_the_figure_has():
    assert style.colours(["a", "b"]) == {"a": style.PALETTE[0], "b": style.PALETTE[1]}
    mixed = style.colours(["other", "GD", "momentum", "another"])
    assert mixed["GD"] == style.METHODS["GD"]
    assert mixed["momentum"] == style.METHODS["momentum"]
    assert len(set(mixed.values())) == 4
    many = style.colours([*style.METHODS, *"abcdefghij"])
    assert {name: many[name] for name in style.METHODS} == style.METHODS


def test_a_method_has_its_colour_in_every_figure_that_names_it():
    lines = {"other": lambda: [1.0, 2.0], "Adam": lambda: [2.0, 1.0]}
    drawn = [
        plots.curves([1, 2], lines, xlabel="x", ylabel="y"),
        plots.race("ravine", lambda setting: np.zeros((3, 2)), lines),
        plots.rates({"Adam": lambda t: 1.0 / t, "other": None}, 3),
    ]
    for figure in drawn:
        found = {line.get_color() for ax in figure.axes for line in ax.get_lines() if line.get_label() == "Adam"}
        assert found == {style.METHODS["Adam"]}
    (panel,) = plots.walks("ravine", lambda lr: np.zeros((3, 2)), method="Adam", lr=[0.1]).axes
    assert style.METHODS["Adam"] in {line.get_color() for line in panel.get_lines()}
