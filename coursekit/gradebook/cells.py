"""Keeps the gradebook's picture of a released notebook: its cells, points, texts and checksums, as nbgrader's SaveCells."""

from __future__ import annotations

import json

from nbformat import NotebookNode
from nbgrader import utils
from nbgrader.api import BaseCell, Grade, GradeCell, Notebook, SolutionCell, SourceCell, SubmittedNotebook, TaskCell, new_uuid
from nbgrader.nbgraderformat import MetadataValidator, ValidationError
from nbgrader.nbgraderformat.common import SchemaMismatchError
from sqlalchemy import Connection, delete, func, insert, select, update

from coursekit.gradebook.file import GradebookError

notebooks, cells, sources = Notebook.__table__, BaseCell.__table__, SourceCell.__table__
kinds = {"GradeCell": GradeCell.__table__, "SolutionCell": SolutionCell.__table__, "TaskCell": TaskCell.__table__}


def check_metadata(notebook: NotebookNode, where: str) -> None:
    """Check nbgrader's metadata of a notebook; a ValueError that begins with `where` if nbgrader would refuse it."""
    try:
        MetadataValidator().validate_nb(notebook)
    except (ValidationError, SchemaMismatchError, KeyError) as error:
        reason = getattr(error, "message", None) or str(error)
        raise ValueError(f"{where}: nbgrader's metadata of a cell is faulty: {reason}") from error


def save_cells(connection: Connection, assignment: str, section: str, notebook: NotebookNode) -> None:
    """Write the cells of the released `notebook`, named `section`, of the assignment with the id `assignment`."""
    check_metadata(notebook, f"the release of {section}")
    page = _save_notebook(connection, assignment, section, json.dumps(notebook.metadata.get("kernelspec", {})))
    wanted = {
        (cell.metadata.nbgrader["grade_id"], kind): _values(cell, kind) for cell in notebook.cells for kind in _kinds_of(cell)
    }
    found = select(cells.c.id, cells.c.name, cells.c.type).where(cells.c.notebook_id == page)
    there = {(row.name, row.type): row.id for row in connection.execute(found)}
    _remove(connection, section, page, {key: there[key] for key in there.keys() - wanted.keys()})
    for (name, kind), values in wanted.items():
        if (name, kind) not in there:
            cell = new_uuid()
            connection.execute(insert(cells), {"id": cell, "name": name, "type": kind, "notebook_id": page})
            connection.execute(insert(kinds[kind]), {"id": cell, **values})
        elif values:
            table = kinds[kind]
            connection.execute(update(table).where(table.c.id == there[name, kind]), values)
    _save_sources(connection, page, notebook)


def _kinds_of(cell: NotebookNode) -> list[str]:
    asked = {"GradeCell": utils.is_grade, "SolutionCell": utils.is_solution, "TaskCell": utils.is_task}
    return [kind for kind, is_kind in asked.items() if is_kind(cell)]


def _values(cell: NotebookNode, kind: str) -> dict:
    if kind == "SolutionCell":
        return {}
    return {"max_score": float(cell.metadata.nbgrader["points"]), "cell_type": cell.cell_type}


def _save_notebook(connection: Connection, assignment: str, section: str, kernelspec: str) -> str:
    wanted = select(notebooks.c.id).where(notebooks.c.assignment_id == assignment, notebooks.c.name == section)
    page = connection.execute(wanted).scalar()
    if page is None:
        page = new_uuid()
        row = {"id": page, "name": section, "assignment_id": assignment, "kernelspec": kernelspec}
        connection.execute(insert(notebooks), row)
    else:
        connection.execute(update(notebooks).where(notebooks.c.id == page), {"kernelspec": kernelspec})
    return page


def _remove(connection: Connection, section: str, page: str, gone: dict[tuple[str, str], str]) -> None:
    """Remove cells that the release has no more; refuse where students have something recorded."""
    if not gone:
        return
    submissions = select(func.count()).select_from(SubmittedNotebook.__table__)
    count = connection.execute(submissions.where(SubmittedNotebook.notebook_id == page)).scalar()
    if count:
        graded = select(func.count()).select_from(Grade.__table__).where(Grade.cell_id.in_(gone.values()))
        raise GradebookError(
            f"{section}: {', '.join(sorted({name for name, _ in gone}))} is no more in the release, but the gradebook "
            f"holds {count} submissions of it ({connection.execute(graded).scalar()} grades of these cells). Put the "
            f"cells back, or give up these grades with `nbgrader db assignment remove {section} --force`"
        )
    for (_, kind), cell in gone.items():
        connection.execute(delete(kinds[kind]).where(kinds[kind].c.id == cell))
        connection.execute(delete(cells).where(cells.c.id == cell))


def _save_sources(connection: Connection, page: str, notebook: NotebookNode) -> None:
    """Write the texts nbgrader puts back over what students changed. No grade hangs on them: they may come and go."""
    wanted = {
        cell.metadata.nbgrader["grade_id"]: {
            "cell_type": cell.cell_type,
            "locked": utils.is_locked(cell),
            "source": cell.source,
            "checksum": cell.metadata.nbgrader.get("checksum"),
        }
        for cell in notebook.cells
        if _kinds_of(cell) or utils.is_locked(cell)
    }
    found = select(sources.c.id, sources.c.name).where(sources.c.notebook_id == page)
    there = {row.name: row.id for row in connection.execute(found)}
    for name in there.keys() - wanted.keys():
        connection.execute(delete(sources).where(sources.c.id == there[name]))
    for name, values in wanted.items():
        if name in there:
            connection.execute(update(sources).where(sources.c.id == there[name]), values)
        else:
            connection.execute(insert(sources), {"id": new_uuid(), "name": name, "notebook_id": page, **values})
