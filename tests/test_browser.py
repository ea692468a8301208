"""What a student meets: the bundle's notebooks in JupyterLab, in a real browser, with the keyboard and the mouse."""

from __future__ import annotations

import re

import labbrowser
import nbformat
import pytest
from playwright.sync_api import expect

from coursekit.authoring.build import read_sections
from coursekit.releasing.release import release
from descentlab import svg

pytestmark = pytest.mark.skipif(labbrowser.chromium() is None, reason="needs Chromium (scripts/need chromium)")

S02 = "s02_gradient_descent"
STEP = "return theta - lr * gradient"
WALK = """def gradient_descent(gradient_of, theta0, schedule, n_steps):
    points = [np.array(theta0, dtype=float)]
    for t in range(1, n_steps + 1):
        points.append(gd_step(points[-1], gradient_of(points[-1]), schedule(t)))
    return np.array(points)"""


@pytest.fixture(scope="module")
def lab(real_course, tmp_path_factory):
    """JupyterLab over a fresh bundle, for all tests of this file."""
    folder = tmp_path_factory.mktemp("student")
    release(real_course, folder / "bundle")
    with labbrowser.lab(folder / "bundle", folder / "home") as running:
        yield running


@pytest.fixture(scope="module")
def browser():
    with labbrowser.browser() as running:
        yield running


@pytest.fixture
def opened(lab, browser):
    """A function that opens a section's notebook; at the end neither browser nor server may have complained."""
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    page.set_default_timeout(1000 * labbrowser.PATIENCE)
    errors, before = [], len(lab.log)
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield lambda section: lab.open(page, f"assignments/{section}/{section}.ipynb")
    page.close()
    lab.stop_kernels()
    assert errors == []
    # What goes wrong in a slider's message is told to the kernel's stderr, and that is the server's.
    assert "Traceback" not in lab.log[before:]


def figure_cells(real_course, section):
    """The ids of a notebook's figure cells."""
    (read,) = read_sections(real_course, [section])
    texts = {block.text for block in read.blocks if block.kind == "figure"}
    notebook = nbformat.read(real_course.notebook(real_course.assignments, section), as_version=4)
    return [cell.id for cell in notebook.cells if cell.source in texts]


def solved(real_course, section):
    """The answers of a section: cell id to text."""
    notebook = nbformat.read(real_course.notebook(real_course.solutions, section), as_version=4)
    return {cell.id: cell.source for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("solution")}


def words(locator):
    """The text of a part of the page with single blanks, wherever its lines were broken."""
    return " ".join(locator.text_content().split())


def wait_for_words(locator, expected):
    """Wait until a part of the page has these words in it, and return all of its words."""
    expect(locator).to_contain_text(expected, timeout=1000 * labbrowser.PATIENCE)
    return words(locator)


class OnScreen:
    """An explorer as it stands in the page."""

    def __init__(self, output):
        self.sliders = output.get_by_role("slider")
        self.said = output.locator("p[aria-live]")
        self._overlay = output.locator("svg[role=img] > svg")

    def lines(self, colour):
        """Return the lines of this colour over the map: one, or none."""
        return self._overlay.locator(f'polyline[stroke="{colour}"]')

    def line(self, colour):
        """Return the points of the line of this colour as text, None where there is none."""
        found = self.lines(colour)
        return found.get_attribute("points") if found.count() else None


def explorer_of(real_course, notebook, section):
    """Run the explorer's cell of an open notebook."""
    (cell,) = [
        cell
        for cell in figure_cells(real_course, section)
        if words(notebook.cell(cell).locator(".cm-content")).startswith("Explorer(")
    ]
    output = notebook.run(cell)
    output.locator("p[aria-live]").wait_for()
    return OnScreen(output)


@pytest.mark.parametrize("section", [S02, "s12_adam"])
def test_all_of_an_untouched_notebook_runs(opened, real_course, section):
    notebook = opened(section)
    notebook.run_all()
    for cell in figure_cells(real_course, section):
        picture = notebook.output(cell).locator("img, svg").first
        picture.scroll_into_view_if_needed()
        assert picture.bounding_box()["width"] > 300, f"{cell} shows no picture"
    complaints = [name for name in notebook.ids if notebook.complaint(name).count()]
    assert complaints == [name for name in notebook.ids if name.startswith("check-")]
    for name in complaints:
        exercise = name.removeprefix("check-")
        said = words(notebook.complaint(name))
        assert re.match(rf"{exercise}: 0 of \d+ points? ", said)
        assert f"{exercise} returns None. Write its body" in said or "There is no answer yet" in said
    assert notebook.page.locator("text=Traceback").count() == 0


def test_the_check_answers_what_was_typed(opened):
    notebook = opened(S02)
    notebook.run(f"setup-{S02}")
    notebook.type_last_line("gd_step", "return theta + lr * gradient")
    notebook.run("gd_step")
    said = words(notebook.run("check-gd_step"))
    assert said.startswith("gd_step: 0 of 2 points")
    assert "This is exactly what comes out of a known mistake. The step goes along the gradient" in said
    notebook.type_last_line("gd_step", STEP)
    notebook.run("gd_step")
    said = words(notebook.run("check-gd_step"))
    assert "gd_step: 2 of 2 points" in said
    assert "known mistake" not in said
    assert notebook.complaint("check-gd_step").count() == 0


def test_the_explorer_invites_and_then_follows_the_students_function(opened, real_course):
    notebook = opened(S02)
    for cell in (f"setup-{S02}", "gd_step", "gradient_descent"):
        notebook.run(cell)
    explorer = explorer_of(real_course, notebook, S02)
    assert words(explorer.said) == (
        "Your function is not written yet: write it, run its cell, and move a slider. The pale band is the reference."
    )
    assert explorer.line(svg.GHOST)
    assert explorer.line(svg.YOURS) is None

    notebook.type_last_line("gd_step", STEP)
    notebook.run("gd_step")
    notebook.paste("gradient_descent", WALK)
    notebook.run("gradient_descent")
    rate = explorer.sliders.first
    rate.press("ArrowRight")
    wait_for_words(explorer.said, "Your walk: still on its way after 60 steps")
    by_one_key = explorer.line(svg.YOURS)
    assert len(by_one_key.split()) == 61
    rate.press("End")
    wait_for_words(explorer.said, "Your walk: diverges, off the map at step")
    assert explorer.line(svg.YOURS) != by_one_key

    # The start, by the mouse: to the middle of its slider.
    before = explorer.line(svg.YOURS)
    handle, track = explorer.sliders.nth(1).bounding_box(), notebook.page.locator(".noUi-base").nth(1).bounding_box()
    notebook.page.mouse.move(handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2)
    notebook.page.mouse.down()
    notebook.page.mouse.move(track["x"] + track["width"] / 2, track["y"] + track["height"] / 2, steps=5)
    notebook.page.mouse.up()
    expect(explorer.lines(svg.YOURS)).not_to_have_attribute("points", before)
    assert explorer.line(svg.YOURS).split()[0] != before.split()[0]
    # The reference was recorded from one start only.
    assert explorer.line(svg.GHOST) is None


def stepping(body):
    return "gd_step", f"def gd_step(theta, gradient, lr):\n    {body}"


# What a student writes into a cell, one after the other, and what the explorer then says.
SLIPS = [
    (*stepping(STEP), "Your function is not written yet"),
    ("gradient_descent", WALK.replace("np.array(points)", "points[-1]"), "Your function: returns the shape (2,), wanted (n, 2)."),
    ("gradient_descent", WALK, "Your walk: still on its way after 60 steps."),
    (*stepping("return theta - lr * grad"), "NameError: name 'grad' is not defined; was its cell run? (line 2 of gd_step)."),
    (*stepping("theta - lr * gradient"), "Your function: needs a function that returns None so far."),
    (*stepping("return np.nan * theta"), "Your walk: not a number (NaN) from step 1 on."),
    (*stepping("return np.append(theta, 0.0)"), "Your function: ValueError: operands could not be broadcast together"),
    (*stepping("while True: pass"), "Your function: took longer than 2 s and was stopped; does a loop never end?"),
    (*stepping(STEP), "Your walk: still on its way after 60 steps."),
]


def test_a_function_that_goes_wrong_leaves_the_explorer_usable(opened, real_course):
    notebook = opened(S02)
    for cell in (f"setup-{S02}", "gd_step", "gradient_descent"):
        notebook.run(cell)
    explorer = explorer_of(real_course, notebook, S02)
    for number, (cell, text, expected) in enumerate(SLIPS):
        notebook.paste(cell, text)
        assert words(notebook.run(cell)) == ""
        explorer.sliders.first.press("ArrowLeft" if number % 2 else "ArrowRight")
        assert "Traceback" not in wait_for_words(explorer.said, expected)


def test_validate_says_what_the_checks_say(opened, real_course):
    notebook = opened(S02)
    checks = [name for name in notebook.ids if name.startswith("check-")]
    notebook.run_all()
    shown = [words(notebook.output(name)) for name in checks]
    said = notebook.validate()
    assert said.count("The following cell failed") == len(checks)
    assert [text for text in shown if text not in said] == []

    for name, answer in solved(real_course, S02).items():
        notebook.paste(name, answer)
    assert "Success" in notebook.validate()
    notebook.run_all()
    for name in checks:
        assert notebook.complaint(name).count() == 0
        said = words(notebook.output(name))
        assert re.search(r"(\d+) of \1 points", said) or "is kept. It is graded when you have handed in." in said
