"""The rows of one submission in nbgrader's gradebook: found, made as nbgrader makes them, and brought up to date."""

from __future__ import annotations

import math
from collections.abc import Mapping

from nbformat import NotebookNode
from nbgrader import utils
from nbgrader.api import (
    Assignment,
    BaseCell,
    Comment,
    Grade,
    GradeCell,
    Notebook,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
    TaskCell,
    new_uuid,
)
from sqlalchemy import Connection, bindparam, func, insert, select, update

from coursekit.gradebook.file import GradebookError

assignments, notebooks, cells = Assignment.__table__, Notebook.__table__, BaseCell.__table__
grade_cells, task_cells = GradeCell.__table__, TaskCell.__table__
submitted, pages = SubmittedAssignment.__table__, SubmittedNotebook.__table__
grades, comments, students = Grade.__table__, Comment.__table__, Student.__table__


def layout_of(connection: Connection, section: str):
    """Return the assignment's row, and its cells with the notebook's name and the points."""
    # On a database server the lock keeps two graders of one section apart; SQLite has one writer anyway.
    wanted = select(assignments.c.id, assignments.c.duedate).where(assignments.c.name == section).with_for_update()
    assignment = connection.execute(wanted).first()
    if assignment is None:
        raise GradebookError(f"the gradebook does not know the section {section}: call ensure_assignment first")
    points = func.coalesce(grade_cells.c.max_score, task_cells.c.max_score).label("max_score")
    return assignment, connection.execute(
        select(cells.c.id, cells.c.name, cells.c.type, notebooks.c.name.label("notebook"), points)
        .select_from(
            cells.join(notebooks, notebooks.c.id == cells.c.notebook_id)
            .outerjoin(grade_cells, grade_cells.c.id == cells.c.id)
            .outerjoin(task_cells, task_cells.c.id == cells.c.id)
        )
        .where(notebooks.c.assignment_id == assignment.id)
        .order_by(notebooks.c.name, cells.c.name)
    ).all()


def checked_scores(scores: Mapping, layout, executed: NotebookNode, where: str) -> dict[str, float | None]:
    """Return the automatic score of every grade cell in `layout`: the given ones, checked, and nbgrader's of the others."""
    graded = {cell.name: cell for cell in layout if cell.type == "GradeCell"}
    if unknown := sorted(set(scores) - set(graded)):
        raise ValueError(f"{where}: the gradebook knows no graded cell {', '.join(unknown)}: was the release built anew?")
    by_name = {cell.metadata.nbgrader["grade_id"]: cell for cell in executed.cells if utils.is_grade(cell)}
    result: dict[str, float | None] = {}
    for name, cell in graded.items():
        if name in scores:
            score = scores[name]
            if score is not None and not (math.isfinite(score) and 0 <= score <= cell.max_score):
                raise ValueError(f"{where}: the score {score} of {name} is not within 0 and {cell.max_score}")
            result[name] = None if score is None else float(score)
        elif name in by_name and (utils.is_solution(by_name[name]) or by_name[name].cell_type != "code"):
            result[name] = utils.determine_grade(by_name[name])[0]
        else:
            raise ValueError(f"{where}: no score for {name}: give its points, or None where the grader failed")
    return result


def submission_of(connection: Connection, assignment_id: str, student: str) -> dict:
    """Return id, timestamp and extension of a student's submission, made if new."""
    wanted = select(submitted.c.id, submitted.c.timestamp, submitted.c.extension)
    wanted = wanted.where(submitted.c.assignment_id == assignment_id, submitted.c.student_id == student)
    if row := connection.execute(wanted).mappings().first():
        return dict(row)
    row = {"id": new_uuid(), "assignment_id": assignment_id, "student_id": student}
    connection.execute(insert(submitted), row)
    return {"id": row["id"], "timestamp": None, "extension": None}


def page_of(connection: Connection, assignment_id: str, submission_id: str, section: str, layout) -> dict:
    """Return the submitted notebook of the section, made if new, with all others of the assignment, as nbgrader does."""
    submitted_here = (pages.c.notebook_id == notebooks.c.id) & (pages.c.assignment_id == submission_id)
    wanted = (
        select(notebooks.c.id.label("notebook"), notebooks.c.name, pages.c.id, pages.c.late_submission_penalty)
        .select_from(notebooks.outerjoin(pages, submitted_here))
        .where(notebooks.c.assignment_id == assignment_id)
    )
    here = None
    for row in connection.execute(wanted).all():
        page = row.id
        if page is None:
            page = new_uuid()
            new = {"id": page, "assignment_id": submission_id, "notebook_id": row.notebook, "flagged": False}
            connection.execute(insert(pages), new)
            if row.name != section:
                others = [cell for cell in layout if cell.notebook == row.name]
                _insert(connection, grades, [_new_grade(page, cell) for cell in others if cell.type != "SolutionCell"])
                _insert(connection, comments, [_new_comment(page, cell) for cell in others if cell.type != "GradeCell"])
        if row.name == section:
            here = {"id": page, "penalty": row.late_submission_penalty}
    return here


def save_grades(connection: Connection, page: str, layout, fresh: dict, resubmitted: bool) -> dict[str, dict]:
    """Write the automatic scores; return all rows of grades by grade_id, as they now stand."""
    wanted = select(
        grades.c.id, grades.c.cell_id, grades.c.auto_score, grades.c.manual_score, grades.c.extra_credit,
        grades.c.needs_manual_grade,
    ).where(grades.c.notebook_id == page)  # fmt: skip
    there = {row["cell_id"]: dict(row) for row in connection.execute(wanted).mappings()}
    rows, new, changed = {}, [], []
    for cell in (cell for cell in layout if cell.type != "SolutionCell"):
        row = rows[cell.name] = there.get(cell.id) or _new_grade(page, cell)
        before = (row["auto_score"], row["needs_manual_grade"])
        # A task has no automatic score: a person's work from beginning to end.
        if cell.type == "GradeCell" and (cell.id not in there or resubmitted or row["auto_score"] != fresh[cell.name]):
            row["auto_score"] = fresh[cell.name]
            row["needs_manual_grade"] = row["manual_score"] is not None or row["auto_score"] is None
        if cell.id not in there:
            new.append(row)
        elif before != (row["auto_score"], row["needs_manual_grade"]):
            changed.append({"row": row["id"], "auto": row["auto_score"], "needs": row["needs_manual_grade"]})
    _insert(connection, grades, new)
    if changed:
        change = update(grades).where(grades.c.id == bindparam("row"))
        connection.execute(change.values(auto_score=bindparam("auto"), needs_manual_grade=bindparam("needs")), changed)
    return rows


def save_comments(connection: Connection, page: str, layout, executed: NotebookNode) -> dict[str, str]:
    """Write nbgrader's automatic comments; return the comments that stand, by the answer's grade_id."""
    wanted = select(comments.c.id, comments.c.cell_id, comments.c.auto_comment, comments.c.manual_comment)
    wanted = wanted.where(comments.c.notebook_id == page)
    there = {row["cell_id"]: row for row in connection.execute(wanted).mappings()}
    answers = {
        cell.metadata.nbgrader["grade_id"]: cell for cell in executed.cells if utils.is_solution(cell) or utils.is_task(cell)
    }
    known = {cell.name: cell for cell in layout if cell.type != "GradeCell"}
    if unknown := sorted(answers.keys() - known.keys()):
        raise ValueError(f"the gradebook knows no answer {', '.join(unknown)}: was the release built anew?")
    shown, new, changed = {}, [], []
    for name, cell in known.items():
        answer = answers.get(name)
        automatic = "No response." if answer and _is_untouched(answer) else None
        row = there.get(cell.id)
        if row is None:
            row = _new_comment(page, cell)
            new.append({**row, "auto_comment": automatic})
        elif row["auto_comment"] != automatic:
            changed.append({"row": row["id"], "auto": automatic})
        if comment := row["manual_comment"] or automatic:
            shown[name] = comment
    _insert(connection, comments, new)
    if changed:
        change = update(comments).where(comments.c.id == bindparam("row"))
        connection.execute(change.values(auto_comment=bindparam("auto")), changed)
    return shown


def _is_untouched(answer: NotebookNode) -> bool:
    return not utils.is_task(answer) and answer.metadata.nbgrader.get("checksum") == utils.compute_checksum(answer)


def _insert(connection: Connection, table, rows: list[dict]) -> None:
    if rows:
        connection.execute(insert(table), rows)


def _new_grade(page: str, cell) -> dict:
    return {
        "id": new_uuid(), "notebook_id": page, "cell_id": cell.id, "auto_score": None, "manual_score": None,
        "extra_credit": None, "needs_manual_grade": True,
    }  # fmt: skip


def _new_comment(page: str, cell) -> dict:
    return {"id": new_uuid(), "notebook_id": page, "cell_id": cell.id, "auto_comment": None, "manual_comment": None}


def points_that_count(row: Mapping) -> float | None:
    """Return the score that counts, as nbgrader's Grade.score, or None where there is none."""
    base = row["auto_score"] if row["manual_score"] is None else row["manual_score"]
    return None if base is None else base + (row["extra_credit"] or 0.0)
