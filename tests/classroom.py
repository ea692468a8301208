"""Classes to grade in tests: copies of the course with submissions in them, and what stands in their gradebooks afterwards."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

from coursekit.grading import ledger
from coursekit.grading.grade import Options, SectionResult, grade
from coursekit.sandbox import Limits
from coursekit.settings import Course

QUICK = Options(jobs=2, limits=Limits(exercise_cpu=3.0, exercise_wall=30.0, cell_cpu=3.0, cell_wall=30.0))


def graded(course: Course, sections: list[str] | None = None, **changes: object) -> dict[str, SectionResult]:
    """Grade a course's submissions and return the results by section."""
    options = Options(**({"jobs": QUICK.jobs, "limits": QUICK.limits} | changes))
    return {result.section: result for result in grade(course, sections or course.sections, options)}


def verdicts(course: Course) -> dict[tuple[str, str], dict[str, dict | None]]:
    """Return what was kept of a graded class: (student, section) -> exercise -> verdict."""
    return {
        (student, section): {cell.removeprefix("check_"): verdict for cell, verdict in entry["verdicts"].items()}
        for section in course.sections
        for student, entry in ledger.entries(course, section)
    }


def rows(course: Course) -> dict[str, list[tuple]]:
    """Return the gradebook's tables of grades, comments and submissions, in an order of their own."""
    queries = {
        "grades": """
            select submitted_assignment.student_id, assignment.name, base_cell.name, grade.auto_score, grade.manual_score,
                   grade.extra_credit, grade.needs_manual_grade
            from grade join submitted_notebook on grade.notebook_id = submitted_notebook.id
            join submitted_assignment on submitted_notebook.assignment_id = submitted_assignment.id
            join assignment on submitted_assignment.assignment_id = assignment.id
            join base_cell on grade.cell_id = base_cell.id order by 1, 2, 3""",
        "comments": "select auto_comment, manual_comment from comment order by 1, 2",
        "submissions": "select student_id, assignment_id, timestamp from submitted_assignment order by 1, 2",
        "penalties": "select late_submission_penalty from submitted_notebook order by 1",
    }
    with sqlite3.connect(course.root / "gradebook.db") as connection:
        return {name: connection.execute(query).fetchall() for name, query in queries.items()}


def changed(before: dict, after: dict) -> list:
    """Return the keys under which two dicts differ. A comparison of the whole would have all of a class's grades to explain."""
    return sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))


def files(folder: Path) -> dict[str, str]:
    """Return a digest of every file below a folder: what differs shall be told by its name, not by a hundred megabytes."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def command(course: Course, *arguments: str, **options: object) -> subprocess.CompletedProcess:
    """Run coursekit in a course's folder and return what it printed."""
    return subprocess.run(
        [sys.executable, "-m", "coursekit", *arguments],
        cwd=course.root,
        env=environment(),
        capture_output=True,
        text=True,
        **options,
    )


def environment() -> dict[str, str]:
    """Return an environment in which nbgrader finds alembic and Jupyter finds this Python's kernel."""
    folder = str(Path(sys.executable).parent)
    return os.environ | {"PATH": f"{folder}{os.pathsep}{os.environ.get('PATH', '')}", "COLUMNS": "120"}


def workers_left(course: Course, seconds: float = 20.0) -> list[int]:
    """Return the processes that still work in a course's folder, after waiting for them to end."""
    until = time.monotonic() + seconds
    while found := [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if _works_in(pid, course.root)]:
        if time.monotonic() > until:
            return found
        time.sleep(0.1)
    return []


def _works_in(pid: int, folder: Path) -> bool:
    try:
        return Path(os.readlink(f"/proc/{pid}/cwd")) == folder
    except OSError:
        return False
