"""Records grades in nbgrader's gradebook: a session for a batch, a transaction for each submission."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from nbformat import NotebookNode
from nbgrader import utils
from nbgrader.api import Course, new_uuid
from sqlalchemy import insert, select, update

from coursekit.gradebook.cells import save_cells
from coursekit.gradebook.file import GradebookError, open_engine, prepare, transaction
from coursekit.gradebook.late import LatePolicy, course_directory, nbgrader_config
from coursekit.gradebook.rows import (
    assignments,
    cells,
    checked_scores,
    grades,
    layout_of,
    notebooks,
    page_of,
    pages,
    points_that_count,
    save_comments,
    save_grades,
    students,
    submission_of,
    submitted,
)

__all__ = ["Book", "GradebookError", "Recorded"]


@dataclass
class Recorded:
    """What the gradebook says of one submission after recording, for its feedback page. All scores in points."""

    score: float
    max_score: float
    late_penalty: float | None
    # grade_id: what a person made of the score (manual score and extra credit), where one did.
    adjusted: dict[str, float] = field(default_factory=dict)
    # grade_id of an answer: the comment that stands there.
    comments: dict[str, str] = field(default_factory=dict)
    # The grade_ids that wait for a person.
    needs_manual_grade: list[str] = field(default_factory=list)


class Book:
    """nbgrader's gradebook, open for a batch; a context manager. Each method is one transaction."""

    def __init__(self, url: str, *, late: LatePolicy | None = None, course_id: str = "default_course"):
        """Open the database at SQLAlchemy's `url`, making it if it is new.

        `late` decides on late penalties (without it nbgrader's default: none). Most callers want `Book.of_course`.
        Errors: GradebookError for a schema of another nbgrader.
        """
        self._late = late or LatePolicy()
        self._course = course_id or "default_course"
        self._engine = open_engine(url)
        try:
            prepare(self._engine)
        except BaseException:
            self._engine.dispose()
            raise

    @classmethod
    def of_course(cls, root: Path, url: str | None = None) -> Book:
        """Open the gradebook of the course at `root` with the database and late penalties of its nbgrader_config.py."""
        config = nbgrader_config(root)
        course = course_directory(root, config)
        # nbgrader looks for plugins in the course's folder too.
        sys.path.insert(0, str(Path(root).resolve()))
        try:
            late = LatePolicy(config)
        finally:
            sys.path.remove(str(Path(root).resolve()))
        return cls(url or course.db_url, late=late, course_id=course.course_id)

    def __enter__(self) -> Book:
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def ensure_assignment(self, section: str, notebook: NotebookNode) -> None:
        """Bring the gradebook's picture of a section up to its released `notebook`, as `nbgrader generate_assignment`.

        Points, texts and checksums are carried over, submissions, grades and the due date stay.
        Errors: GradebookError where a cell that has grades is gone from the notebook, or its metadata is faulty.
        """
        with transaction(self._engine) as connection:
            if not connection.execute(select(Course.id).where(Course.id == self._course)).first():
                connection.execute(insert(Course.__table__), {"id": self._course})
            found = connection.execute(select(assignments.c.id).where(assignments.c.name == section)).scalar()
            if found is None:
                found = new_uuid()
                row = {"id": found, "name": section, "course_id": self._course}
                connection.execute(insert(assignments), row)
            save_cells(connection, found, section, notebook)

    def record(
        self,
        *,
        student: str,
        section: str,
        scores: Mapping[str, float | None],
        executed: NotebookNode,
        timestamp: datetime | str | None = None,
        resubmitted: bool | None = None,
    ) -> Recorded:
        """Record one submission: its student (made if new), its grades, automatic comments and late penalty.

        `scores` maps every automatically graded cell to its points, or to None where the grader failed: no score is
        recorded then, and the cell waits for a person. Answers graded by hand are recorded from `executed` as nbgrader
        does. `timestamp` is when it was submitted (UTC if naive). `resubmitted` says whether the submission is another
        one than last time (by default: whether its timestamp is). What people entered stays; a score that a person set
        asks to be looked at again only where the automatic score or the submission has changed.

        Errors: ValueError for a score missing, unknown, not finite or out of [0, points]; GradebookError for a section
        that `ensure_assignment` has not seen, or a database that cannot be written.
        """
        timestamp = utils.parse_utc(timestamp)
        with transaction(self._engine) as connection:
            assignment, layout = layout_of(connection, section)
            here = [cell for cell in layout if cell.notebook == section]
            automatic = checked_scores(scores, here, executed, f"{student}'s {section}")
            if not connection.execute(select(students.c.id).where(students.c.id == student)).first():
                connection.execute(insert(students), {"id": student})
            submission = submission_of(connection, assignment.id, student)
            if resubmitted is None:
                resubmitted = timestamp is not None and timestamp != submission["timestamp"]
            if timestamp is not None and timestamp != submission["timestamp"]:
                change = update(submitted).where(submitted.c.id == submission["id"])
                connection.execute(change, {"timestamp": timestamp})
                submission["timestamp"] = timestamp
            page = page_of(connection, assignment.id, submission["id"], section, layout)
            rows = save_grades(connection, page["id"], here, automatic, resubmitted)
            notes = save_comments(connection, page["id"], here, executed)
            score = sum(points_that_count(row) or 0.0 for row in rows.values())
            penalty = self._penalty(assignment, submission, student, score, page["penalty"])
            if penalty != page["penalty"]:
                change = update(pages).where(pages.c.id == page["id"])
                connection.execute(change, {"late_submission_penalty": penalty})
        return Recorded(
            score=score,
            max_score=sum(cell.max_score for cell in here if cell.max_score is not None),
            late_penalty=penalty,
            adjusted={
                name: points_that_count(row)
                for name, row in rows.items()
                if row["manual_score"] is not None or (row["extra_credit"] and row["auto_score"] is not None)
            },
            comments=notes,
            needs_manual_grade=[name for name, row in rows.items() if row["needs_manual_grade"]],
        )

    def scores(self, section: str) -> dict[str, dict[str, float | None]]:
        """Return {student: {grade_id: points}} of a section as they stand, a person's before the automatic ones.

        None where there is no score. Late penalties are not taken off.
        """
        wanted = (
            select(submitted.c.student_id, cells.c.name, grades.c.auto_score, grades.c.manual_score, grades.c.extra_credit)
            .select_from(
                submitted.join(assignments, assignments.c.id == submitted.c.assignment_id)
                .join(pages, pages.c.assignment_id == submitted.c.id)
                .join(notebooks, notebooks.c.id == pages.c.notebook_id)
                .join(grades, grades.c.notebook_id == pages.c.id)
                .join(cells, cells.c.id == grades.c.cell_id)
            )
            .where(assignments.c.name == section, notebooks.c.name == section)
            .order_by(submitted.c.student_id, cells.c.name)
        )
        table: dict[str, dict[str, float | None]] = {}
        with transaction(self._engine, writes=False) as connection:
            for row in connection.execute(wanted).mappings():
                table.setdefault(row["student_id"], {})[row["name"]] = points_that_count(row)
        return table

    def _penalty(self, assignment, submission: dict, student: str, score: float, standing: float | None) -> float | None:
        """Return the late penalty that is to stand, `standing` being the one of last time.

        nbgrader resets it at every grading. Here one that was entered by hand stays where nbgrader has nothing to say:
        no policy, or no due date or timestamp to be late by.
        """
        if not self._late.configured or assignment.duedate is None or submission["timestamp"] is None:
            return standing
        due = assignment.duedate + submission["extension"] if submission["extension"] else assignment.duedate
        return self._late.penalty(student, score, (submission["timestamp"] - due).total_seconds())
