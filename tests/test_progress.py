"""`descentlab progress`: what it reads from saved notebooks, real ones and damaged ones, and what it shows of them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from descentlab import cli, progress

ROOT = Path(__file__).resolve().parent.parent
SECTION = "s02_gradient_descent"
PLACE = f"assignments/{SECTION}/{SECTION}.ipynb"
RESULT, STREAM, ERROR = "execute_result", "stream", "error"


def output(kind: str, text: str = "2.0") -> dict:
    if kind == RESULT:
        return {"output_type": kind, "data": {"text/plain": [text]}, "metadata": {}, "execution_count": 1}
    if kind == STREAM:
        return {"output_type": kind, "name": "stdout", "text": [text]}
    return {"output_type": kind, "ename": "NotYet", "evalue": text, "traceback": [text]}


STUB = ["def f():\n", "    # YOUR CODE HERE\n", "    ..."]


def pair(name, outputs, *, points=2, answer_ran=1, check_ran=2, source=("def f():\n", "    return 1")) -> list[dict]:
    """The cell of an answer and its graded cell, as they are saved."""
    answer = {"cell_type": "code", "execution_count": answer_ran, "outputs": [], "source": list(source)}
    answer["metadata"] = {"nbgrader": {"grade_id": name, "solution": True, "grade": False}}
    graded = {"cell_type": "code", "execution_count": check_ran, "outputs": outputs, "source": [f'check("{name}", globals())']}
    graded["metadata"] = {"nbgrader": {"grade_id": f"check_{name}", "solution": False, "grade": True, "points": points}}
    return [answer, graded]


@pytest.fixture
def course(tmp_path):
    """A folder and a function that saves a section's notebook there."""

    def save(cells: list[dict] | str | bytes, section: str = SECTION) -> Path:
        path = tmp_path / "assignments" / section / f"{section}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        prose = {"cell_type": "markdown", "metadata": {}, "source": ["# A section"]}
        if isinstance(cells, list):
            cells = json.dumps({"cells": [prose, *cells], "nbformat": 4, "nbformat_minor": 5})
        path.write_bytes(cells.encode() if isinstance(cells, str) else cells)
        return path

    return tmp_path, save


@pytest.mark.parametrize(
    ("outputs", "ran", "expected"),
    [
        ([output(STREAM, "f: 2 of 2 points"), output(RESULT, "2.0")], {}, ("done", 2.0)),
        ([output(RESULT, "1.5")], {}, ("part", 1.5)),
        ([output(RESULT, "0.0")], {}, ("failed", 0.0)),
        ([output(RESULT, "5.0")], {}, ("done", 2.0)),
        ([output(RESULT, "nan")], {}, ("open", 0.0)),
        ([output(RESULT, "-1.0")], {}, ("open", 0.0)),
        ([output(RESULT, "'all right'")], {}, ("open", 0.0)),
        ([output(ERROR, "f: 0 of 2 points")], {}, ("failed", 0.0)),
        ([output(STREAM, 'your answer "c" is kept')], {}, ("answered", 0.0)),
        ([], {"check_ran": None}, ("open", 0.0)),
        ([output(ERROR, "f returns None")], {"source": STUB}, ("unwritten", 0.0)),
        ([], {"source": STUB, "check_ran": None, "answer_ran": None}, ("unwritten", 0.0)),
        ([output(ERROR)], {"source": ["# YOUR CODE HERE\n", "f = 2"]}, ("failed", 0.0)),
        ([output(RESULT, "2.0")], {"answer_ran": 9}, ("stale", 0.0)),
        ([output(RESULT, "2.0")], {"answer_ran": None}, ("done", 2.0)),
    ],
)
def test_what_a_saved_graded_cell_says(course, outputs, ran, expected):
    _, save = course
    section = progress.read_section(save(pair("f", outputs, **ran)))
    assert section.problem is None
    assert [(item.name, item.points, item.state, item.score) for item in section.exercises] == [("f", 2.0, *expected)]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ('{"cells": [{"cell_type": "code", "meta', "is no notebook that can be read"),
        ("<html>The notebook could not be saved</html>", "is no notebook that can be read"),
        ("[]", "is no notebook that can be read"),
        ('{"cells": 7}', "is no notebook that can be read"),
        ('{"cells": [3]}', "is no notebook that can be read"),
        ("[" * 100_000, "is no notebook that can be read"),
        (b"\xff\xfe{}", "is no notebook that can be read"),
        ([], "has no checks in it"),
    ],
    ids=["cut off", "a page", "a list", "cells a number", "a cell a number", "deep", "no text", "nothing graded"],
)
def test_a_damaged_notebook_gets_a_line_and_hides_no_other_section(course, content, says):
    folder, save = course
    save(content)
    save(pair("g", [output(RESULT)]), "s06_momentum")
    sections = progress.read(folder, [SECTION, "s06_momentum", "s12_adam"])
    assert says in sections[0].problem
    assert sections[1].exercises[0].state == "done"
    assert "is missing" in sections[2].problem
    text = progress.report(sections, folder, width=200)
    assert f"{PLACE} {sections[0].problem}" in text
    assert text.endswith("All that can be read is done.")


def test_a_folder_in_the_notebooks_place_is_told(course):
    folder, _ = course
    (folder / PLACE).mkdir(parents=True)
    assert "cannot be opened" in progress.read(folder, [SECTION])[0].problem


def test_the_report_adds_up_and_names_what_comes_next(course):
    folder, save = course
    save(pair("right", [output(RESULT, "4.0")], points=4) + pair("asked", [output(STREAM, "kept")], points=1))
    save(
        pair("half", [output(RESULT, "1.5")], points=3)
        + pair("wrong", [output(ERROR)])
        + pair("later", [], check_ran=None, source=STUB),
        "s06_momentum",
    )
    sections = progress.read(folder, [SECTION, "s06_momentum"])
    lines = progress.report(sections, folder).splitlines()
    assert lines == [
        "s02_gradient_descent  ████████████████████  4 of 5 points, 1 to be graded",
        "  ✓ right  ✓ asked (answered)",
        "",
        "s06_momentum          ████░░░░░░░░░░░░░░░░  1.5 of 7 points",
        "  ◐ half 1.5/3  ✗ wrong  · later",
        "",
        "in all                ██████████░░░░░░░░░░  5.5 of 12 points, 1 to be graded; 2 of 5 exercises done",
        "",
        "✓ passes   ◐ in part   ✗ not yet right   · not begun",
        "",
        "Next: half, in assignments/s06_momentum/s06_momentum.ipynb",
    ]
    plain = progress.report(sections, folder, plain=True)
    assert plain.isascii()
    assert "####----------------  1.5 of 7 points" in plain


def test_only_a_finished_section_has_a_full_bar(course):
    folder, save = course
    save(pair("f", [output(RESULT, "99.9")], points=100))
    sections = progress.read(folder, [SECTION])
    assert "█" * 19 + "░" in progress.report(sections, folder)
    save(pair("f", [output(RESULT, "0.3")], points=0.3) + pair("g", [output(RESULT, "0.6")], points=0.6))
    text = progress.report(progress.read(folder, [SECTION]), folder)
    assert "█" * 20 in text
    assert text.endswith("Everything is done.")


def test_lines_keep_within_the_terminal_and_no_mark_is_parted_from_its_name(course):
    folder, save = course
    save([cell for number in range(12) for cell in pair(f"exercise_{number}", [output(RESULT, "1.0")])])
    lines = progress.report(progress.read(folder, [SECTION]), folder, width=50).splitlines()
    listed = [line for line in lines if line.startswith("  ")]
    assert len(listed) == 6
    assert max(map(len, listed)) <= 50
    assert "  ".join(line.strip() for line in listed) == "  ".join(f"◐ exercise_{number} 1/2" for number in range(12))


@pytest.fixture(scope="module")
def worked(tmp_path_factory):
    """Section 2 in a real kernel, as at home: one exercise right, one wrong, one untouched, the question answered."""
    folder = tmp_path_factory.mktemp("course")
    notebook = nbformat.read(ROOT / PLACE, as_version=4)
    answers = {
        "gd_step": "def gd_step(theta, gradient, lr):\n    return theta - lr * gradient",
        "hessian_spectrum": "def hessian_spectrum(hessian):\n    return 7",
        "large_rate": 'large_rate = "b"',
    }
    for cell in notebook.cells:
        cell.source = answers.get(cell.id, cell.source)
    os.environ["DESCENTLAB_CHECKS"] = "visible"
    try:
        NotebookClient(notebook, timeout=300, kernel_name="python3").execute(cwd=str(ROOT))
    finally:
        del os.environ["DESCENTLAB_CHECKS"]
    (folder / PLACE).parent.mkdir(parents=True)
    nbformat.write(notebook, folder / PLACE)
    return folder


def test_a_notebook_that_jupyter_ran_is_read_right(worked):
    states = {item.name: item.state for item in progress.read(worked, [SECTION])[0].exercises}
    assert states["gd_step"] == "done"
    assert states["gradient_descent"] == "unwritten"
    assert states["hessian_spectrum"] == "failed"
    assert states["large_rate"] == "answered"


def test_the_command_in_the_folder_of_the_course_and_with_its_name(worked):
    command = [sys.executable, "-c", "import sys; from descentlab.cli import main; sys.exit(main())", "progress"]
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "COLUMNS": "80"}
    here = subprocess.run(command, cwd=worked, env=environment, capture_output=True, text=True, encoding="utf-8")
    assert here.returncode == 0, here.stderr
    assert "✓ gd_step" in here.stdout
    assert here.stdout.endswith(f"Next: gradient_descent, in {PLACE}\n")
    environment["PYTHONIOENCODING"] = "cp1252"
    ascii_only = subprocess.run([*command, str(worked)], env=environment, capture_output=True, text=True, encoding="cp1252")
    assert ascii_only.returncode == 0, ascii_only.stderr
    assert "+ gd_step" in ascii_only.stdout
    assert f"Next: gradient_descent, in {PLACE}" in ascii_only.stdout
    assert [path.name for path in worked.rglob("*") if path.is_file()] == [f"{SECTION}.ipynb"], "progress keeps nothing"


def test_a_folder_without_the_course_is_told_where_it_should_be_run(tmp_path, capsys):
    assert cli.main(["progress", str(tmp_path)]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert f"{tmp_path}: there are no notebooks of this course" in said.err


def test_help_says_what_it_reads(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["progress", "--help"])
    assert ended.value.code == 0
    assert "as they were last saved" in capsys.readouterr().out
