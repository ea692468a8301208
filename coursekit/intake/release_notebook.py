"""Reads a released notebook: its cells, which of them a student may edit, and what each graded one is worth."""

from __future__ import annotations

import ast
import json
import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import nbformat

from coursekit.settings import CourseError

Kind = Literal["code", "markdown", "raw"]
Role = Literal["answer", "graded", "locked", "open", "helper"]
KINDS = ("code", "markdown", "raw")
PROTECTION = ("grade_id", "grade", "locked", "solution", "points")  # nbgrader's metadata of a cell that bear on grading
# Metadata that JupyterLab and nbgrader themselves put into a cell, or that are told apart by a name of their own.
_USUAL = {"nbgrader", "tags", "deletable", "editable", "trusted", "execution", "collapsed", "scrolled", "jupyter"}


class ReleaseError(CourseError, ValueError):
    """A released notebook that nothing can be graded against; the message names the file, the cell and what to do."""


@dataclass(frozen=True)
class Cell:
    """One cell as it is executed and graded.

    `role` says whose text it is: `answer`, the place of an answer (with points if it is graded by hand); `graded`, a
    test cell; `locked`, any other cell that nbgrader protects; `open`, a released cell that is free to edit; `helper`,
    added by the student. `exercise` is the name in `check("name", globals())`, None for every other cell, and for
    test cells of another form.
    """

    id: str
    kind: Kind
    source: str
    grade_id: str | None
    exercise: str | None
    points: float | None
    role: Role


@dataclass(frozen=True)
class Release:
    """A released notebook. `files` are the names of the other files of its folder, which belong to the release."""

    path: Path
    section: str
    cells: tuple[Cell, ...]
    files: frozenset[str]
    notebook_json: str  # complete, without outputs, every cell with an id

    def notebook(self) -> nbformat.NotebookNode:
        """Return a new copy of the notebook, without outputs and with an id for each cell."""
        return nbformat.from_dict(json.loads(self.notebook_json))

    @cached_property
    def protections(self) -> dict[str, tuple]:
        """For each cell's id, what its nbgrader metadata say: see protection_of."""
        return {raw["id"]: protection_of(raw["metadata"].get("nbgrader")) for raw in json.loads(self.notebook_json)["cells"]}

    @cached_property
    def carried(self) -> dict[str, frozenset]:
        """For each cell's id, what it carries besides its text: see carried_by."""
        return {raw["id"]: carried_by(raw) for raw in json.loads(self.notebook_json)["cells"]}


def read_release(path: Path) -> Release:
    """Read assignments/<section>/<section>.ipynb. Raises ReleaseError, which names the file and the cell."""
    path = Path(path)
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ReleaseError(f"{path}: cannot be read ({error.strerror}). Build or release the section first.") from error
    except ValueError as error:
        raise ReleaseError(f"{path}: not a notebook ({error}). Build or release the section again.") from error
    if not isinstance(notebook, dict) or notebook.get("nbformat") != 4 or not isinstance(notebook.get("cells"), list):
        raise ReleaseError(f"{path}: not a notebook of format 4. Open it in JupyterLab, save it, and release it again.")
    for number, raw in enumerate(notebook["cells"], 1):
        _tidy(raw, f"{path}, cell {number}")
    _give_ids(notebook["cells"], path)
    notebook["nbformat_minor"] = max(5, notebook.get("nbformat_minor", 0))
    cells = tuple(_cell(raw, f"{path}, cell {number}") for number, raw in enumerate(notebook["cells"], 1))
    _refuse_doubles(path, "grade_id", [(cell.grade_id, cell) for cell in cells if cell.grade_id])
    _refuse_doubles(path, "exercise", [(cell.exercise, cell) for cell in cells if cell.exercise])
    files = {entry.name for entry in path.parent.iterdir() if entry.is_file()} - {path.name}
    return Release(path, path.stem, cells, frozenset(files), json.dumps(notebook))


def exercise_of(source: str) -> str | None:
    """Return "name" if the source is exactly check("name", globals()), else None."""
    try:
        body = ast.parse(source.strip()).body
    except (SyntaxError, ValueError):
        return None
    match body:
        case [
            ast.Expr(
                ast.Call(
                    ast.Name("check"),
                    [ast.Constant(str(name)), ast.Call(ast.Name("globals"), [], [])],
                    [],
                )
            )
        ]:
            return name
    return None


def protection_of(meta: Any) -> tuple:
    """Return what nbgrader metadata say under PROTECTION, as a flat tuple; what is no plain value becomes None."""
    values = [meta.get(key) if isinstance(meta, dict) else None for key in PROTECTION]
    return tuple(value if isinstance(value, str | bool | int | float) else None for value in values)


def carried_by(raw: Any) -> frozenset[tuple[str, str]]:
    """Return what a raw cell, of whatever form, carries besides its text, as pairs of a heading and a name.

    Outputs aren't told of: every notebook that was run has them, and none are taken.
    """
    if not isinstance(raw, dict):
        return frozenset()
    meta = raw.get("metadata") if isinstance(raw.get("metadata"), dict) else {}
    parts = {
        "attachments": raw.get("attachments"),
        "tags": meta.get("tags"),
        "other metadata": meta.keys() - _USUAL,
    }
    return frozenset(
        (heading, name if isinstance(name, str) else "odd")
        for heading, names in parts.items()
        # Where a list or an object of names belongs, anything may stand.
        for name in (names if isinstance(names, list | dict | set) else ["odd"] if names else [])
    )


def _tidy(raw: Any, where: str) -> None:
    """Bring a raw cell into the one form that the rest relies on: text in one piece, metadata there, no outputs."""
    if not isinstance(raw, dict) or raw.get("cell_type") not in KINDS:
        raise ReleaseError(f"{where}: neither code, markdown nor raw. Release the section again.")
    source = raw.get("source")
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str):
        raise ReleaseError(f"{where}: its source is not text. Release the section again.")
    raw["source"] = source
    if not isinstance(raw.setdefault("metadata", {}), dict):
        raise ReleaseError(f"{where}: its metadata are not an object. Release the section again.")
    if raw["cell_type"] == "code":
        raw["outputs"], raw["execution_count"] = [], None


def _give_ids(raws: list[dict], path: Path) -> None:
    """Check the cells' ids, and name those that have none (format before 4.5) by their position."""
    given = [raw["id"] for raw in raws if "id" in raw]
    doubled = sorted({str(one) for one in given if given.count(one) > 1})
    if doubled:
        raise ReleaseError(f"{path}: more than one cell has the id {doubled[0]!r}. Release the section again.")
    for number, raw in enumerate(raws, 1):
        while not raw.get("id") or not isinstance(raw["id"], str):
            free = f"cell-{number}"
            raw["id"] = free if free not in given else f"{free}-of-the-release"


def _cell(raw: dict, where: str) -> Cell:
    meta = raw["metadata"].get("nbgrader")
    source, kind = raw["source"], raw["cell_type"]
    if not meta:
        return Cell(raw["id"], kind, source, None, None, None, "open")
    grade_id = meta.get("grade_id") if isinstance(meta, dict) else None
    if not isinstance(grade_id, str) or not grade_id:
        raise ReleaseError(f"{where}: nbgrader metadata without a grade_id. Give the cell one and release it again.")
    where = f"{where} ({grade_id})"
    graded, solution, task = (bool(meta.get(key)) for key in ("grade", "solution", "task"))
    points = _points(meta.get("points"), where) if graded or task else None
    if graded and not solution:
        if kind != "code":
            raise ReleaseError(f"{where}: a test cell must be code. Change its type in the source and release again.")
        return Cell(raw["id"], kind, source, grade_id, exercise_of(source), points, "graded")
    if solution:
        return Cell(raw["id"], kind, source, grade_id, None, points, "answer")
    # A task's text is nbgrader's to protect; what the student writes for it stands in cells of their own.
    role = "locked" if task or meta.get("locked") else "open"
    return Cell(raw["id"], kind, source, grade_id, None, points, role)


def _points(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not (math.isfinite(value) and value >= 0):
        raise ReleaseError(f"{where}: points must be a number, 0 or more, not {value!r}. Set them and release again.")
    return float(value)


def _refuse_doubles(path: Path, what: str, named: list[tuple[str, Cell]]) -> None:
    first: dict[str, Cell] = {}
    for name, cell in named:
        if name in first:
            raise ReleaseError(
                f"{path}: the cells {first[name].id} and {cell.id} both have the {what} {name!r}. "
                "Rename one in the source and release again."
            )
        first[name] = cell
