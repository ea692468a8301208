"""The build: the same bytes every time, edits never lost, and faulty sources told with file, line and remedy."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import tinycourse
from conftest import ROOT, forget_packages

from coursekit import cli
from coursekit.authoring import build, construct, figures
from coursekit.authoring.contents import same_content
from coursekit.authoring.source import SourceFaults
from coursekit.settings import CourseError, find_course

STEM = tinycourse.SECTION
SOURCE = f"lectures/source/{STEM}.py"
REFERENCE = f"tiny_reference/{STEM}.py"
NOTEBOOKS = {
    f"assignments/{STEM}/{STEM}.ipynb", f"solutions/{STEM}/{STEM}.ipynb", f"lectures/{STEM}.ipynb"
}  # fmt: skip
RECORDING = f"tiny_kit/recordings/{STEM}.json"
PICTURE = f"lectures/figures/{STEM}_areas.svg"


@pytest.fixture
def built(tiny):
    build.build(tiny)
    figures.draw(tiny, build.read_sections(tiny))
    assert build.check(tiny) == []
    return tiny


def change(course, name: str, old: str, new: str) -> None:
    path = course.root / name
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{name} has no {old!r}"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def contents(root: Path) -> dict[str, bytes]:
    made = (path for path in root.rglob("*") if path.suffix in {".ipynb", ".json", ".svg"})
    return {str(path.relative_to(root)): path.read_bytes() for path in made}


# The same bytes every time ----------------------------------------------------------------------------------------------------


def test_two_builds_of_two_copies_are_equal_to_the_byte(tiny, tmp_path):
    copies = []
    for name in ("one", "another-place"):
        course = find_course(tinycourse.write(tmp_path / name))
        forget_packages()
        build.build(course)
        figures.draw(course, build.read_sections(course))
        copies.append(contents(course.root))
    assert set(copies[0]) == NOTEBOOKS | {RECORDING, PICTURE}
    assert copies[0] == copies[1]


DIGESTS = """
import hashlib, json, sys
from pathlib import Path
from coursekit.authoring import build
from coursekit.settings import find_course
course = find_course(Path(sys.argv[1]))
files = build.built_files(course, build.read_sections(course))
print(json.dumps({str(path): hashlib.sha256(text.encode()).hexdigest() for path, text in files}))
"""


def test_the_real_course_is_built_alike_under_another_hash_seed(real_course):
    process = subprocess.Popen(
        [sys.executable, "-c", DIGESTS, str(ROOT)], cwd=ROOT, stdout=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONHASHSEED": "20210319"},
    )  # fmt: skip
    here = {str(path): text for path, text in build.built_files(real_course, build.read_sections(real_course))}
    there = json.loads(process.communicate()[0])
    assert process.returncode == 0
    assert there == {path: hashlib.sha256(text.encode()).hexdigest() for path, text in here.items()}
    # And what is committed is just this: notebooks to the byte, recordings by content.
    for path, text in here.items():
        committed = Path(path).read_text(encoding="utf-8")
        assert committed == text or (path.endswith(".json") and same_content(json.loads(committed), json.loads(text))), path


def test_a_second_build_writes_nothing(built):
    before = {path: path.stat().st_mtime_ns for path in built.root.rglob("*.ipynb")}
    assert build.build(built) == []
    assert before == {path: path.stat().st_mtime_ns for path in built.root.rglob("*.ipynb")}


def test_one_section_may_be_built_alone(tiny):
    assert build.build(tiny, only=["s02_other"]) == []
    assert len(build.build(tiny, only=[STEM])) == 4


# What is in the notebooks -----------------------------------------------------------------------------------------------------


def cells(course, folder: str) -> dict[str, nbformat.NotebookNode]:
    path = course.root / folder / (f"{STEM}.ipynb" if folder == "lectures" else f"{STEM}/{STEM}.ipynb")
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    return {cell.id: cell for cell in notebook.cells}


def test_stub_and_solution_are_made_of_one_head(built):
    student, solved = cells(built, "assignments"), cells(built, "solutions")
    assert list(student) == list(solved)
    head = 'def circle_area(radius):\n    """Return the area of a circle.\n\n    radius: float, zero or above\n    """\n'
    assert student["circle_area"].source == f"{head}    # YOUR CODE HERE\n    ..."
    body = "    # A sphere would want four of these.\n    return np.pi * radius**2\n"
    assert solved["circle_area"].source == f"{head}    ### BEGIN SOLUTION\n{body}    ### END SOLUTION"
    assert student["unit"].source == "unit = (\n    # YOUR CODE HERE\n    ...\n)"
    assert solved["unit"].source == 'unit = (\n    ### BEGIN SOLUTION\n    "b"\n    ### END SOLUTION\n)'
    for cell in (*student.values(), *solved.values()):
        assert not cell.get("outputs")


def test_the_graded_cell_is_one_line_and_the_same_in_both(built):
    student, solved = cells(built, "assignments"), cells(built, "solutions")
    for name, points in (("circle_area", 2), ("middle", 1.5), ("unit", 1)):
        for cell in (student[f"check-{name}"], solved[f"check-{name}"]):
            assert cell.source == f'check("{name}", globals())'
            meta = cell.metadata.nbgrader
            assert (meta.grade, meta.solution, meta.locked, meta.points) == (True, False, True, points)
            assert meta.grade_id == f"check_{name}"
        assert student[name].metadata.nbgrader.solution


def test_hints_are_folded_and_prose_keeps_its_links(built):
    student, view = cells(built, "assignments"), cells(built, "lectures")
    prose = [cell.source for cell in student.values() if cell.cell_type == "markdown"]
    assert any("<details><summary>Hint 3 of 3</summary>\n\nIt is π times the square.\n\n</details>" in text for text in prose)
    assert not any("Hint:" in text for text in prose)
    assert any("(../s02_none/s02_none.ipynb)" in text for text in prose)
    assert any("(s02_none.ipynb)" in cell.source for cell in view.values())


def test_the_lecture_view_shows_signatures_links_and_pictures_and_no_answer(built):
    view = "\n".join(cell.source for cell in cells(built, "lectures").values())
    assert "def circle_area(radius):" in view
    assert f"](../assignments/{STEM}/{STEM}.ipynb)" in view
    assert f"![The area against the radius: half a parabola.](figures/{STEM}_areas.svg)" in view
    for hidden in ("np.pi * radius**2", "YOUR CODE", "SOLUTION", "Hint", "total / len"):
        assert hidden not in view
    assert (built.lectures / f"figures/{STEM}_areas.svg").is_file()


# What the check names ---------------------------------------------------------------------------------------------------------


def test_one_character_of_a_docstring_changes_three_notebooks(built):
    change(built, REFERENCE, "Return the mean of", "Return the mean  of")
    found = build.check(built)
    assert {sentence.split(":")[0] for sentence in found} == NOTEBOOKS
    assert all("run coursekit build" in sentence for sentence in found)


def test_one_word_of_prose_changes_three_notebooks(built):
    change(built, SOURCE, "A circle, and", "A circle and")
    assert {sentence.split(":")[0] for sentence in build.check(built)} == NOTEBOOKS


def test_a_number_of_a_recording_may_be_rounded_and_not_changed(built):
    path = built.root / RECORDING
    recorded = json.loads(path.read_text())
    value = recorded["exercises"]["circle_area"][2][1]

    def with_value(number):
        recorded["exercises"]["circle_area"][2][1] = number
        path.write_text(json.dumps(recorded))
        return build.check(built)

    assert with_value(value * (1 + 0.9e-9)) == []
    assert build.build(built) == []
    assert with_value(value * (1 + 1.1e-9)) == [f"{RECORDING}: differs from what its source gives; run coursekit build"]
    assert with_value(str(value)) != []
    path.write_text("{ no JSON")
    assert build.check(built) == [f"{RECORDING}: differs from what its source gives; run coursekit build"]
    assert build.build(built) == [path]
    assert build.check(built) == []


def test_tiny_numbers_are_compared_by_their_own_size():
    one = {"a": [1e-90, 2e-90], "b": 3e-90}
    assert same_content(one, {"a": [1e-90, 2e-90 * (1 + 1e-10)], "b": 3e-90})
    assert not same_content(one, {"a": [1e-90, 2.1e-90], "b": 3e-90})
    assert not same_content(one, {"a": [1e-90, 2e-90], "b": 3.1e-90})
    # Rounding near zero, beside numbers of the same array that are large.
    assert same_content({"a": [[1.0, 1e-17], [0.5, 0.0]]}, {"a": [[1.0, -2e-17], [0.5, 1e-16]]})
    assert not same_content({"a": [1.0, 0.0]}, {"a": [1.0, 1e-9]})
    assert same_content([float("nan"), float("inf")], [float("nan"), float("inf")])
    assert not same_content([float("nan"), 1.0], [1.0, float("nan")])
    assert not same_content([float("inf"), 1.0], [float("-inf"), 1.0])
    for other in ([1], [1.0, 2.0], [True], ["1.0"], {"0": 1.0}, [None]):
        assert not same_content([1.0], other)
    assert not same_content({"a": 1, "b": 2}, {"b": 2, "a": 1})


@pytest.mark.parametrize("name", [*sorted(NOTEBOOKS), RECORDING, PICTURE])
def test_a_file_that_is_missing_is_named(built, name):
    (built.root / name).unlink()
    command = "figures" if name == PICTURE else "build"
    assert any(sentence.startswith(f"{name}: is missing; run coursekit {command}") for sentence in build.check(built))


@pytest.mark.parametrize("name", [*sorted(NOTEBOOKS), RECORDING])
def test_a_file_without_a_source_is_named(built, name):
    stale = name.replace(STEM, "s09_gone")
    (built.root / stale).parent.mkdir(exist_ok=True)
    (built.root / stale).write_bytes((built.root / name).read_bytes())
    assert build.check(built) == [f"{stale}: has no source any more; delete it"]


def test_figure_code_makes_pictures_stale(built):
    change(built, "tiny_kit/plots.py", "figsize=(3, 2)", "figsize=(3, 1)")
    assert build.check(built) == [f"{PICTURE}: was drawn from another source; run coursekit figures {STEM}"]
    figures.draw(built, build.read_sections(built))
    assert build.check(built) == []


# Edits by hand ----------------------------------------------------------------------------------------------------------------


def edit(course, name: str, how) -> bytes:
    path = course.root / name
    notebook = nbformat.read(path, as_version=4)
    how(notebook)
    nbformat.write(notebook, path)
    return path.read_bytes()


def in_the_prose(notebook):
    notebook.cells[0].source += "\n\nA better sentence."


def a_cell_more(notebook):
    notebook.cells.append(nbformat.v4.new_markdown_cell("Mine.", id="mine"))


def a_cell_less(notebook):
    del notebook.cells[3]


@pytest.mark.parametrize("name", sorted(NOTEBOOKS))
@pytest.mark.parametrize("how", [in_the_prose, a_cell_more, a_cell_less])
def test_an_edited_notebook_is_not_overwritten_and_the_source_is_named(built, name, how):
    edited = edit(built, name, how)
    change(built, REFERENCE, "Return the mean of", "Return the average of")
    with pytest.raises(CourseError) as error:
        build.build(built)
    words = str(error.value)
    assert words.startswith(f"{name}: was edited by hand")
    assert SOURCE in words
    assert REFERENCE in words
    assert "--discard-edits" in words
    assert (built.root / name).read_bytes() == edited
    # And nothing else was written either.
    assert "average" not in "".join((built.root / other).read_text() for other in NOTEBOOKS)
    build.build(built, discard=True)
    assert build.check(built) == []


def test_the_first_edited_cell_is_named(built):
    edit(built, f"assignments/{STEM}/{STEM}.ipynb", in_the_prose)
    with pytest.raises(CourseError, match=rf"\(cell 1, {STEM}-001\)"):
        build.build(built)


def test_a_check_names_an_edited_notebook(built):
    name = f"lectures/{STEM}.ipynb"
    edit(built, name, in_the_prose)
    assert build.check(built) == [f"{name}: differs from what its source gives; run coursekit build"]


def test_outputs_are_no_edit_and_are_cleared(built):
    def run(notebook):
        cell = next(cell for cell in notebook.cells if cell.cell_type == "code")
        cell.execution_count = 7
        cell.outputs = [nbformat.v4.new_output("stream", text="ran")]

    name = f"assignments/{STEM}/{STEM}.ipynb"
    edit(built, name, run)
    assert build.build(built) == [built.root / name]


def test_what_is_no_notebook_is_not_overwritten(built):
    path = built.root / f"lectures/{STEM}.ipynb"
    path.write_text("precious notes")
    with pytest.raises(CourseError, match=r"is no notebook .* move it away, it is not overwritten"):
        build.build(built)
    assert path.read_text() == "precious notes"


def test_nbgraders_own_release_is_no_edit(built):
    """generate_assignment writes the release from the solved notebook, whose mark it copies."""
    mark = cells(built, "solutions")[f"{STEM}-001"].metadata.coursekit
    name = f"assignments/{STEM}/{STEM}.ipynb"

    def released(notebook):
        notebook.cells[0].metadata["coursekit"] = mark

    before = (built.root / name).read_bytes()
    edit(built, name, released)
    assert build.build(built) == [built.root / name]
    assert (built.root / name).read_bytes() == before


# Faulty sources ---------------------------------------------------------------------------------------------------------------


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


# What is changed in which file, the line where the fault is told, and words of it that say what to do.
FAULTS = {
    "a slot without a reference function": (
        REFERENCE, "def middle", "def centre", (SOURCE, 'exercise="middle"'),
        f"{REFERENCE} has no middle: write the answer there, or mend the slot's name",
    ),
    "a function without docstring": (
        REFERENCE, '    """Return the mean of the numbers."""\n', "", (REFERENCE, "def middle"),
        "middle has no docstring: say what it takes and returns",
    ),
    "a name twice": (
        SOURCE, 'exercise="middle" points=1.5', 'exercise="circle_area" points=1.5', (SOURCE, 'exercise="middle"'),
        "the name circle_area was used in line 11 already: take another",
    ),
    "a question with the name of an exercise": (
        SOURCE, 'question="unit"', 'question="middle"', (SOURCE, 'question="unit"'), "was used in line 31 already: take another",
    ),
    "points missing": (
        SOURCE, ' points=1.5', "", (SOURCE, 'exercise="middle"'), "the slot middle has no points: add points=… above zero",
    ),
    "points negative": (
        SOURCE, 'points=1.5', "points=-1", (SOURCE, 'exercise="middle"'), "has no points: add points=… above zero",
    ),
    "points zero": (
        SOURCE, 'points=1.5', "points=0", (SOURCE, 'exercise="middle"'), "has no points: add points=… above zero",
    ),
    "points no number": (
        SOURCE, 'points=1.5', 'points="many"', (SOURCE, 'exercise="middle"'), "has no points: add points=… above zero",
    ),
    "points true": (
        SOURCE, 'points=1.5', "points=true", (SOURCE, 'exercise="middle"'), "has no points: add points=… above zero",
    ),
    "hints missing": (
        SOURCE, "# Hint: Divide.\n#\n", "", (SOURCE, 'exercise="middle"'),
        "has 2 hints, 3 are wanted: paragraphs that begin with Hint:",
    ),
    "a question with hints": (
        SOURCE, "# - **a.** Metres.", "# Hint: Guess.\n#\n# - **a.** Metres.", (SOURCE, 'question="unit"'),
        "has 1 hints, 0 are wanted",
    ),
    "a figure without alt": (
        SOURCE, ' alt="The area against the radius: half a parabola."', "", (SOURCE, 'figure="areas"'),
        "the figure 'areas' has no alt=\"…\": say in a sentence what is seen",
    ),
    "an unknown key": (
        SOURCE, 'exercise="middle" points', 'exercise="middle" marks=2 points', (SOURCE, 'exercise="middle"'),
        "the cell header has 'marks', which means nothing here: remove it",
    ),
    "a strange title": (
        SOURCE, '# %%\nprint', "# %% set-up\nprint", (SOURCE, "# %%\nprint"), "a code cell is plain, setup, or has figure=…",
    ),
    "a cell that is no Python": (
        SOURCE, 'print("half way")', 'print("half way"', (SOURCE, "# %%\nprint"), "line 1 of this cell is no Python: ",
    ),
    "a slot that is a code cell": (
        SOURCE, '# %% [markdown] exercise="middle"', '# %% exercise="middle"', (SOURCE, '[markdown] exercise="middle"'),
        "the slot middle is a code cell: write # %% [markdown] exercise=… points=…",
    ),
    "a slot whose name is no name": (
        SOURCE, 'exercise="middle"', 'exercise="the middle"', (SOURCE, 'exercise="middle"'), "no name that a function can have",
    ),
    "no setup cell": (SOURCE, "# %% setup", "# %%", (SOURCE, "# %%"), "exactly one setup cell, # %% setup, with the imports"),
    "two setup cells": (SOURCE, "# %%\nprint", "# %% setup\nprint", (SOURCE, "# %%"), "exactly one setup cell"),
    "text before the first header": (
        SOURCE, "# %% [markdown]\n# # Shapes", "# Shapes\n# %% [markdown]\n# # Shapes", (SOURCE, "# %%"),
        "a source begins with a cell header, # %% or # %% [markdown], and every cell has one",
    ),
    "a decorator": (
        REFERENCE, "def middle", "@np.vectorize\ndef middle", (REFERENCE, "\ndef middle"),
        "a decorator, which a student's cell could not show: remove it",
    ),
    "another import": (
        REFERENCE, "import numpy as np", "import numpy as np\nimport math", (REFERENCE, "import numpy"),
        "a reference holds import numpy as np, import time, functions and values, nothing else",
    ),
    "an import under another name": (
        REFERENCE, "import numpy as np", "import numpy", (REFERENCE, "import numpy"), "a reference holds import numpy as np",
    ),
    "a helper": (
        REFERENCE, "def middle", 'def helper(x):\n    """Help."""\n    return x\n\n\ndef middle', (SOURCE, "# %%"),
        "no slot asks for helper, which has an answer or checks: write # %% [markdown] exercise=…",
    ),
    "a function without body": (
        REFERENCE, "    # A sphere would want four of these.\n    return np.pi * radius**2\n", "", (REFERENCE, "def circle_area"),
        "circle_area has no body",
    ),
    "a reference that is no Python": (
        REFERENCE, "total / len(values)", "total / len(values", (REFERENCE, "return total"), "'(' was never closed",
    ),
    "an exercise without checks": (
        "tiny_checks/__init__.py", '"middle": [[1.0], [1.0, 2.0, 6.0]]', "", (SOURCE, 'exercise="middle"'),
        "tiny_checks/s01_shapes.py has no checks of middle: without them it grades nothing",
    ),
    "checks without a slot": (
        "tiny_checks/__init__.py", '[*INPUTS, "unit"]', '[*INPUTS, "unit", "volume"]', (SOURCE, "# %%"),
        "no slot asks for volume, which has an answer or checks",
    ),
    "a question whose answer is a function": (
        REFERENCE, 'unit = "b"', 'def unit():\n    """Return the unit."""\n    return "b"', (SOURCE, 'question="unit"'),
        "unit is a question, and its answer in tiny_reference is a function",
    ),
    "an exercise whose answer is a value": (
        REFERENCE, 'unit = "b"', 'unit = "b"\ncircle_area = 3', (REFERENCE, "def circle_area"),
        "the name circle_area was used already in line",
    ),
    "checks that cannot be imported": (
        "tiny_checks/__init__.py", "import math", "import no_such_module", ("tiny_checks/__init__.py", "import math"),
        "No module named 'no_such_module'",
    ),
    "checks that are no Python": (
        "tiny_checks/__init__.py", "import math", "import math,", ("tiny_checks/__init__.py", "import math"), "this is no Python: ",
    ),
    "checks of a function that is gone": (
        "tiny_checks/__init__.py", "import math", "import math\n\nimport tiny_reference.s01_shapes as r\n\nGONE = r.gone",
        ("tiny_checks/__init__.py", "import math"), "AttributeError: module 'tiny_reference.s01_shapes' has no attribute 'gone'",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_source_is_told_with_file_line_and_remedy_and_nothing_is_written(tiny, fault):
    name, old, new, (where, at), words = FAULTS[fault]
    line = line_of(tinycourse.FILES[where], at)
    change(tiny, name, old, new)
    with pytest.raises(SourceFaults) as error:
        build.build(tiny)
    found = [told for told in error.value.faults if words in told]
    assert len(found) == 1, error.value.faults
    file, told_line, _ = found[0].split(":", 2)
    assert file == where
    # Lines added above the place that is looked for move it down.
    moved = new.count("\n") - old.count("\n") if where == name else 0
    assert line + min(moved, 0) <= int(told_line) <= line + max(moved, 0) + 1
    assert len(error.value.faults) <= 3, "one fault is told once, without what follows from it"
    assert contents(tiny.root) == {}


def test_all_faults_of_all_files_are_told_at_once(tiny):
    told_at_once = [
        "points missing", "hints missing", "a figure without alt", "a cell that is no Python", "a decorator", "no setup cell"
    ]  # fmt: skip
    for fault in told_at_once:
        name, old, new, _, _ = FAULTS[fault]
        change(tiny, name, old, new)
    other = tiny.sources / "s02_other.py"
    other.write_text("nothing here\n")
    with pytest.raises(SourceFaults) as error:
        build.build(tiny)
    for fault in told_at_once:
        assert any(FAULTS[fault][4] in told for told in error.value.faults), fault
    assert any(told.startswith("lectures/source/s02_other.py:1: ") for told in error.value.faults)
    assert any(told.startswith("tiny_reference/s02_other.py:1: there is no such file") for told in error.value.faults)
    assert str(error.value).splitlines() == error.value.faults
    assert contents(tiny.root) == {}


def test_a_name_belongs_to_one_section_of_the_course(tiny):
    for name in (SOURCE, REFERENCE):
        (tiny.root / name.replace("s01", "s02")).write_bytes((tiny.root / name).read_bytes())
    old = 'return {"s01_shapes": '
    change(tiny, "tiny_checks/__init__.py", old, f'{old}dict.fromkeys([*INPUTS, "unit"]), "s02_shapes": ')
    with pytest.raises(SourceFaults) as error:
        build.build(tiny)
    assert len(error.value.faults) == 3
    assert error.value.faults[0] == (
        "lectures/source/s02_shapes.py:11: the name circle_area is taken by section s01_shapes: names are unique in a course"
    )


def test_a_source_that_is_no_text_is_named(tiny):
    (tiny.root / SOURCE).write_bytes(b"# %% [markdown]\n# caf\xe9\n")
    with pytest.raises(SourceFaults, match=rf"{SOURCE}:1: is not UTF-8 text .*: save it as UTF-8"):
        build.build(tiny)


def test_a_course_without_sections_says_so(tiny):
    (tiny.root / SOURCE).unlink()
    with pytest.raises(SourceFaults, match="there is no section; a source is a file such as"):
        build.build(tiny)


def test_checks_that_fail_while_recording_are_named_with_their_line(tiny):
    change(tiny, "tiny_checks/__init__.py", 'return {"circle": ', "1 / 0\n    return {'circle': ")
    line = line_of((tiny.root / "tiny_checks/__init__.py").read_text(), "1 / 0")
    with pytest.raises(CourseError, match=rf"s01_shapes cannot be recorded: .*tiny_checks/__init__.py:{line}: ZeroDivisionError"):
        build.build(tiny)
    assert contents(tiny.root) == {}


# The course's table -----------------------------------------------------------------------------------------------------------


def test_a_course_is_found_from_below_and_its_gaps_are_named(tiny, tmp_path):
    assert find_course(tiny.sources).root == tiny.root
    with pytest.raises(CourseError, match=r"no course in .* or above it"):
        find_course(tmp_path)
    change(tiny, "pyproject.toml", 'title = "Shapes"\n', "")
    with pytest.raises(CourseError, match="lacks title"):
        find_course(tiny.root)
    change(tiny, "pyproject.toml", "[tool.coursekit]", "[tool.coursekit")
    with pytest.raises(CourseError, match=r"pyproject\.toml: "):
        find_course(tiny.root)


def test_the_command_line_builds_checks_and_tells_faults_without_a_traceback(tiny, monkeypatch, capsys):
    def coursekit(*arguments):
        monkeypatch.setattr(sys, "argv", ["coursekit", *arguments])
        with pytest.raises(SystemExit) as end:
            cli.main()
        return (end.value.code, *capsys.readouterr())

    monkeypatch.chdir(tiny.lectures)
    code, out, _ = coursekit("build")
    assert (code, len(out.splitlines())) == (0, 4)
    assert f"wrote assignments/{STEM}/{STEM}.ipynb" in out
    assert coursekit("build")[:2] == (0, "Nothing to do: everything is as built.\n")
    code, out, err = coursekit("build", "--check")
    assert (code, out, err) == (1, "", f"{PICTURE}: is missing; run coursekit figures {STEM}\n")
    assert coursekit("figures")[:2] == (0, f"half way\ndrew {PICTURE}\n")
    assert coursekit("build", "--check")[:2] == (0, "1 sections: everything committed is what the build makes.\n")
    assert coursekit("build", "s07_none") == (1, "", f"there is no section 's07_none'; there are {STEM}\n")
    change(tiny, SOURCE, " points=1.5", "")
    for arguments in (("build",), ("build", "--check"), ("figures",)):
        code, out, err = coursekit(*arguments)
        assert (code, out) == (1, "")
        assert err == f"{SOURCE}:31: the slot middle has no points: add points=… above zero to its header\n"


def test_a_notebook_is_written_and_read_alike(built):
    path = built.notebook(built.assignments, STEM)
    assert construct.dumps(construct.read_notebook(path)) == path.read_text(encoding="utf-8")


# Functions of other sections --------------------------------------------------------------------------------------------------

LATER = "s02_later"
LATER_SOURCE = """\
# %% [markdown]
# # Later
#
# Both again.

# %% setup
import numpy as np

from tiny_kit import check, draw

# %% carried="circle_area middle"
# What you wrote in the first section stands here.

# %% figure="both" alt="Two areas."
draw([circle_area(1), middle([1, 3])])

# %% [markdown] exercise="twice" points=1
# ### Exercise: twice
#
# Return twice the area of a circle.
#
# Hint: Two circles.
#
# Hint: You have one.
#
# Hint: Multiply.
"""


@pytest.fixture
def later(tiny):
    """The tiny course with a second section that builds on the functions of the first."""
    (tiny.sources / f"{LATER}.py").write_text(LATER_SOURCE, encoding="utf-8")
    reference = '"""Later."""\n\n\ndef twice(radius):\n    """Return twice the area."""\n    return 2 * circle_area(radius)\n'
    (tiny.root / tiny.reference / f"{LATER}.py").write_text(reference, encoding="utf-8")
    checks = tiny.root / tiny.checks / "__init__.py"
    text = checks.read_text(encoding="utf-8")
    text = text.replace('dict.fromkeys([*INPUTS, "unit"])}', f'dict.fromkeys([*INPUTS, "unit"]), "{LATER}": {{"twice": None}}}}')
    alone = f'    if section == "{LATER}":\n        return {{"twice": []}}\n'
    text = text.replace("def recording(section):\n", f"def recording(section):\n{alone}")
    checks.write_text(text, encoding="utf-8")
    return tiny


def carried_cells(course) -> list:
    notebooks = [construct.read_notebook(course.notebook(folder, LATER)) for folder in (course.assignments, course.solutions)]
    return [next(cell for cell in notebook.cells if cell.id == f"carried-{LATER}") for notebook in notebooks]


def test_a_reference_takes_from_other_sections_what_its_notebook_carries(later):
    path = later.root / later.reference / f"{LATER}.py"
    text = path.read_text(encoding="utf-8")
    other = next(stem for stem in later.sections if stem != LATER)
    path.write_text(
        text.replace("\n\n\ndef", f"\n\nfrom {later.reference}.{other} import circle_area\n\n\ndef", 1), encoding="utf-8"
    )
    build.build(later)
    (later.sources / f"{LATER}.py").write_text(LATER_SOURCE.replace("circle_area middle", "middle"), encoding="utf-8")
    with pytest.raises(SourceFaults) as error:
        build.build(later)
    assert f"{LATER}.py:3: the notebook has no circle_area: name it in the carried cell" in str(error.value)


def test_a_carried_cell_is_a_stub_and_in_the_solution_the_functions_of_the_other_section(later):
    build.build(later)
    stub, solved = carried_cells(later)
    assert stub.source == "# What you wrote in the first section stands here.\n# YOUR CODE HERE\n..."
    assert stub.metadata["carried"] == ["circle_area", "middle"]
    assert "return np.pi * radius**2" in solved.source
    assert "return total / len(values)" in solved.source
    for cell in (stub, solved):
        marks = cell.metadata["nbgrader"]
        assert (marks["solution"], marks["grade"], marks["locked"], marks["grade_id"]) == (True, False, False, f"carried_{LATER}")
    assert "circle_area" not in (later.lectures / f"{LATER}.ipynb").read_text(encoding="utf-8")
    # The figure is drawn by the carried functions.
    figures.draw(later, build.read_sections(later))
    assert build.check(later) == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("circle_area middle", "circle_area square", "square is no function of another section's exercises"),
        ("circle_area middle", "unit", "unit is no function of another section's exercises"),
        ("circle_area middle", "twice", "twice is no function of another section's exercises"),
        ("circle_area middle", "", "the carried cell names nothing"),
        ("# What you wrote", "x = 1  # What you wrote", "a carried cell holds comments alone"),
        ("# %% [markdown] e", '# %% carried="middle"\n# Again.\n\n# %% [markdown] e', "there is a carried cell in line 11 already"),
    ],
)
def test_a_faulty_carried_cell_is_told_with_its_line(later, old, new, words):
    (later.sources / f"{LATER}.py").write_text(LATER_SOURCE.replace(old, new), encoding="utf-8")
    with pytest.raises(SourceFaults, match=rf"s02_later\.py:\d+: .*{re.escape(words)}"):
        build.build(later)
