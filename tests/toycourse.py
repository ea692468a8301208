"""A toy course for the tests of grading: one section with answers, graded cells and prose to be read by a person."""

from __future__ import annotations

import copy
import os
import subprocess
import sys
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from nbgrader import utils

SECTION = "s01_toy"
POINTS = {"check_double": 4.0, "check_half": 2.0, "check_round": 1.0}


def nbgrader_meta(grade_id: str, **changes) -> dict:
    meta = {"grade": False, "grade_id": grade_id, "locked": False, "schema_version": 3, "solution": False, "task": False}
    return {"nbgrader": {**meta, **changes}}


def source_notebook() -> nbformat.NotebookNode:
    """Return the solved notebook, as it stands in the source folder."""
    cells = [
        new_markdown_cell("# A toy section\n\nDouble and halve.", id="toy-00", metadata=nbgrader_meta("intro", locked=True)),
    ]
    for name, answer in {"double": "x * 2", "half": "x / 2", "round": "round(x)"}.items():
        source = f"def {name}(x):\n    ### BEGIN SOLUTION\n    return {answer}\n    ### END SOLUTION"
        cells.append(new_code_cell(source, id=f"toy-{name}", metadata=nbgrader_meta(name, solution=True)))
        meta = nbgrader_meta(f"check_{name}", grade=True, locked=True, points=POINTS[f"check_{name}"])
        cells.append(new_code_cell(f'check("{name}", globals())', id=f"toy-check-{name}", metadata=meta))
    meta = nbgrader_meta("why", grade=True, solution=True, points=3.0)
    cells.append(new_markdown_cell("Because of ...", id="toy-why", metadata=meta))
    meta = nbgrader_meta("project", task=True, locked=True, points=5.0)
    cells.append(new_markdown_cell("Make something of your own.", id="toy-project", metadata=meta))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel, "language_info": {"name": "python"}})


def release_notebook() -> nbformat.NotebookNode:
    """Return the students' notebook, as `nbgrader generate_assignment` makes it from the source."""
    notebook = source_notebook()
    for cell in notebook.cells:
        if utils.is_solution(cell) and cell.cell_type == "code":
            head = cell.source.split("\n")[0]
            cell.source = f"{head}\n    # YOUR CODE HERE\n    raise NotImplementedError()"
        if utils.is_solution(cell) and cell.cell_type == "markdown":
            cell.source = "YOUR ANSWER HERE"
        if utils.is_grade(cell) or utils.is_locked(cell) or utils.is_solution(cell) or utils.is_task(cell):
            cell.metadata.nbgrader["cell_type"] = cell.cell_type
            cell.metadata.nbgrader["checksum"] = utils.compute_checksum(cell)
    return notebook


def executed_notebook(answers: dict[str, str] | None = None) -> nbformat.NotebookNode:
    """Return a submission laid out over the release and run: `answers` maps grade_id to what the student wrote."""
    notebook = copy.deepcopy(release_notebook())
    for number, cell in enumerate(notebook.cells):
        name = cell.metadata.nbgrader["grade_id"]
        if name in (answers or {}):
            cell.source = answers[name]
        if cell.cell_type == "code" and not utils.is_grade(cell):
            cell.execution_count = number
            cell.outputs = [new_output("stream", name="stdout", text=f"ran {name}\n")]
    return notebook


def verdict(exercise: str, points: float, score: float, **changes) -> dict:
    """Return a verdict of the shape that the checks make."""
    parts = [
        {"sentence": "it has the right shape", "passed": True, "weight": 0.0, "gate": True, "reason": None},
        {"sentence": "the values are right", "passed": score > 0, "weight": points, "gate": False, "reason": None},
    ]
    if score <= 0:
        parts[1]["reason"] = "x = 3: yours 9, expected 6"
    text = f"{exercise}: {score} of {points} points\n  the values are {'right' if score else 'wrong'}"
    plain = {"mistake": None, "message": None, "note": None}
    return {"exercise": exercise, "points": points, "score": score, "parts": parts, **plain, "text": text, **changes}


def make_course(root: Path) -> Path:
    """Write the toy course's folders and nbgrader_config.py at `root`."""
    for folder, notebook in {"solutions": source_notebook(), "assignments": release_notebook()}.items():
        file = root / folder / SECTION / f"{SECTION}.ipynb"
        file.parent.mkdir(parents=True)
        nbformat.write(notebook, file)
    (root / "nbgrader_config.py").write_text(
        "c = get_config()\n"
        'c.CourseDirectory.course_id = "toy"\n'
        'c.CourseDirectory.source_directory = "solutions"\n'
        'c.CourseDirectory.release_directory = "assignments"\n'
        f'c.Exchange.root = "{root}/exchange"\n'
    )
    return root


def nbgrader(root: Path, *command: str) -> str:
    """Run nbgrader itself in the course; return what it says, and fail with it where it fails."""
    # nbgrader looks for alembic on the PATH.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    environment = {**os.environ, "PATH": path, "JUPYTER_CONFIG_DIR": str(root / ".jupyter"), "HOME": str(root)}
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *command], cwd=root, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr
