"""The lecture view's pictures: drawn from the solved code, marked with its hash, stale where anything behind them changes."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import matplotlib as mpl
import pytest
import tinycourse

from coursekit.authoring import build, figures
from coursekit.settings import CourseError

STEM = tinycourse.SECTION
SOURCE = f"lectures/source/{STEM}.py"
PICTURE = f"lectures/figures/{STEM}_areas.svg"


def change(course, name: str, old: str, new: str) -> None:
    path = course.root / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def draw(course) -> list[str]:
    build.build(course)
    return [str(path.relative_to(course.root)) for path in figures.draw(course, build.read_sections(course))]


def stale(course) -> list[str]:
    return figures.stale(course, build.read_sections(course))


def test_a_picture_is_an_svg_with_the_hash_of_its_source(tiny):
    assert draw(tiny) == [PICTURE]
    text = (tiny.root / PICTURE).read_text(encoding="utf-8")
    assert ElementTree.fromstring(text).tag == "{http://www.w3.org/2000/svg}svg"
    assert re.search(r"<!-- source: [0-9a-f]{64} -->\n$", text)
    assert stale(tiny) == []


def test_two_drawings_are_equal_to_the_byte_whatever_the_readers_settings(tiny):
    draw(tiny)
    first = (tiny.root / PICTURE).read_bytes()
    with mpl.rc_context({"svg.hashsalt": None}):
        draw(tiny)
    assert (tiny.root / PICTURE).read_bytes() == first
    assert b"<dc:date>" not in first


def test_the_paths_are_told_one_by_one(tiny):
    told = []
    figures.draw(tiny, build.read_sections(tiny), tell=told.append)
    assert told == [tiny.root / PICTURE]


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        (SOURCE, "(0, 1, 2, 3)", "(0, 1, 2)"),
        (SOURCE, "import numpy as np", "import numpy as np\nimport json"),
        (f"tiny_reference/{STEM}.py", "radius**2", "radius * radius"),
        ("tiny_kit/plots.py", "figsize=(3, 2)", "figsize=(3, 3)"),
    ],
    ids=["the cell itself", "a cell before it", "an answer before it", "the figure code"],
)
def test_a_picture_is_stale_when_what_it_is_made_of_changes(tiny, name, old, new):
    draw(tiny)
    change(tiny, name, old, new)
    assert stale(tiny) == [f"{PICTURE}: was drawn from another source; run coursekit figures {STEM}"]
    draw(tiny)
    assert stale(tiny) == []


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        (SOURCE, "A circle, and", "A circle and"),
        (SOURCE, 'print("half way")', 'print("more than half way")'),
        (f"tiny_reference/{STEM}.py", "total / len(values)", "total / float(len(values))"),
        ("tiny_kit/__init__.py", '"""What', '"""All that'),
    ],
    ids=["prose", "a cell after it", "an answer after it", "other code"],
)
def test_a_picture_is_not_stale_when_anything_else_changes(tiny, name, old, new):
    draw(tiny)
    change(tiny, name, old, new)
    assert stale(tiny) == []


def test_a_picture_that_is_missing_or_edited_or_of_no_figure_is_named(tiny):
    draw(tiny)
    picture, other = tiny.root / PICTURE, tiny.root / f"lectures/figures/{STEM}_old.svg"
    other.write_bytes(picture.read_bytes())
    assert stale(tiny) == [f"lectures/figures/{STEM}_old.svg: belongs to no figure; delete it"]
    draw(tiny)
    assert not other.exists()
    picture.write_text(picture.read_text().split("<!-- source")[0])
    assert stale(tiny) == [f"{PICTURE}: was drawn from another source; run coursekit figures {STEM}"]
    picture.unlink()
    assert stale(tiny) == [f"{PICTURE}: is missing; run coursekit figures {STEM}"]


def test_pictures_of_a_longer_stem_are_another_sections(tiny):
    draw(tiny)
    other = tiny.root / f"lectures/figures/{STEM}_again_areas.svg"
    other.write_text("<svg/>")
    (tiny.sources / f"{STEM}_again.py").write_text("")
    figures.draw(tiny, [section for section in _sections(tiny) if section.stem == STEM])
    assert other.exists()


def _sections(course):
    (course.sources / f"{STEM}_again.py").rename(course.root / "aside")
    sections = build.read_sections(course)
    (course.root / "aside").rename(course.sources / f"{STEM}_again.py")
    return sections


def test_a_cell_that_raises_is_named_by_its_line(tiny):
    change(tiny, SOURCE, "draw([circle_area", "draw([circle_volume")
    with pytest.raises(CourseError, match=rf"^{SOURCE}:22: this cell raises NameError: name 'circle_volume' is not defined"):
        draw(tiny)
    assert not (tiny.root / PICTURE).exists()


@pytest.mark.parametrize("cell", ["picture = draw([1])", "3", "None", "draw"])
def test_a_figure_cell_ends_in_a_figure(tiny, cell):
    change(tiny, SOURCE, "draw([circle_area(radius) for radius in (0, 1, 2, 3)])", cell)
    with pytest.raises(CourseError, match=rf"^{SOURCE}:22: the cell of the figure 'areas' does not end in a figure"):
        draw(tiny)


def test_figures_are_drawn_from_the_solved_code_and_not_from_stubs(tiny):
    draw(tiny)
    solved = (tiny.root / PICTURE).read_bytes()
    change(tiny, f"tiny_reference/{STEM}.py", "np.pi * radius**2", "np.pi * radius")
    draw(tiny)
    path = re.compile(rb'<path d="(M[^"]*)" clip-path')
    assert path.search(solved)[1] != path.search((tiny.root / PICTURE).read_bytes())[1]


def test_every_module_that_draws_makes_pictures_stale(real_course):
    """Whatever a notebook may import for a figure is figure code: a change of it must have the pictures drawn anew."""
    package = real_course.root / "descentlab"
    others = {"__init__", "__pycache__", "carry", "checks", "cli", "progress", "recordings", "selfcheck", "server"}
    assert {path for path in package.iterdir() if path.stem not in others} == set(real_course.figure_code)
