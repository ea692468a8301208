"""The gradebook: rows as nbgrader makes them, what people entered stays, and a kill leaves the old or the new."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from datetime import datetime, timedelta

import nbformat
import pytest
from nbgrader.api import Gradebook
from toycourse import (
    POINTS,
    SECTION,
    executed_notebook,
    make_course,
    nbgrader,
    nbgrader_meta,
    release_notebook,
)

from coursekit.gradebook.book import Book, GradebookError
from coursekit.gradebook.late import LatePolicy

SCORES = {"check_double": 4.0, "check_half": 0.5, "check_round": 0.0}
ANSWERS = {"double": "def double(x): return 2 * x", "why": "Because two halves make a whole."}
NOON = datetime(2026, 3, 1, 12)


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/gradebook.db"


@pytest.fixture
def book(url):
    with Book(url) as book:
        book.ensure_assignment(SECTION, release_notebook())
        yield book


def record(book, student="ada", scores=SCORES, answers=ANSWERS, timestamp=NOON, **more):
    executed = executed_notebook(answers)
    return book.record(student=student, section=SECTION, scores=scores, executed=executed, timestamp=timestamp, **more)


def graded(url, student="ada", **values):
    """Change a grade as the formgrader does, through nbgrader's API: graded(url, check_half={"manual_score": 1})."""
    with Gradebook(url) as gradebook:
        for name, changes in values.items():
            row = gradebook.find_grade(name, SECTION, SECTION, student)
            for key, value in changes.items():
                setattr(row, key, value)
        gradebook.db.commit()


def grade(url, name, student="ada"):
    with Gradebook(url) as gradebook:
        return gradebook.find_grade(name, SECTION, SECTION, student).to_dict()


TABLES = {
    "course": "select id from course",
    "assignment": "select name, duedate, course_id from assignment",
    "notebook": "select name, kernelspec from notebook",
    "base_cell": "select name, type from base_cell",
    "grade_cells": "select name, max_score, cell_type from grade_cells join base_cell using (id)",
    "solution_cells": "select name from solution_cells join base_cell using (id)",
    "task_cells": "select name, max_score, cell_type from task_cells join base_cell using (id)",
    "source_cell": "select name, cell_type, locked, source, checksum from source_cell",
    "student": "select * from student",
    "submitted_assignment": "select student_id, timestamp, extension from submitted_assignment",
    "submitted_notebook": "select student_id, flagged, late_submission_penalty from submitted_notebook n"
    " join submitted_assignment s on s.id = n.assignment_id",
    "grade": "select student_id, name, auto_score, manual_score, extra_credit, needs_manual_grade from grade g"
    " join base_cell c on c.id = g.cell_id join submitted_notebook n on n.id = g.notebook_id"
    " join submitted_assignment s on s.id = n.assignment_id",
    "comment": "select student_id, name, auto_comment, manual_comment from comment g"
    " join base_cell c on c.id = g.cell_id join submitted_notebook n on n.id = g.notebook_id"
    " join submitted_assignment s on s.id = n.assignment_id",
    "alembic_version": "select version_num from alembic_version",
}


def contents(file):
    """Return every table of a gradebook as sorted rows, ids (which are random) left out."""
    with sqlite3.connect(file) as database:
        return {name: sorted(database.execute(query).fetchall(), key=repr) for name, query in TABLES.items()}


def test_records_exactly_what_nbgrader_records(tmp_path):
    """The same submissions graded by nbgrader's own commands and by us, late ones and untouched ones among them."""
    # Nothing in the toy course defines `check`, so that nbgrader gives every graded cell zero.
    submissions = {"ada": ({}, "2026-03-01 12:00:00 UTC"), "ben": (ANSWERS, "2026-03-03 12:00:00 UTC"), "cyd": (ANSWERS, None)}
    roots = {who: make_course(tmp_path / who) for who in ("theirs", "ours")}
    for root in roots.values():
        with open(root / "nbgrader_config.py", "a") as file:
            file.write('c.LateSubmissionPlugin.penalty_method = "zero"\n')
    for student, (answers, timestamp) in submissions.items():
        folder = roots["theirs"] / "submitted" / student / SECTION
        folder.mkdir(parents=True)
        nbformat.write(executed_notebook(answers), folder / f"{SECTION}.ipynb")
        if timestamp:
            (folder / "timestamp.txt").write_text(timestamp)

    nbgrader(roots["theirs"], "generate_assignment", SECTION, "--force")
    nbgrader(roots["theirs"], "db", "assignment", "add", SECTION, "--duedate=2026-03-02")
    nbgrader(roots["theirs"], "autograde", SECTION)

    with Book.of_course(roots["ours"]) as book:
        book.ensure_assignment(SECTION, release_notebook())
        with Gradebook(f"sqlite:///{roots['ours']}/gradebook.db", "toy") as gradebook:
            gradebook.update_or_create_assignment(SECTION, duedate="2026-03-02")
        for student, (answers, timestamp) in submissions.items():
            record(book, student, dict.fromkeys(POINTS, 0.0), answers, timestamp)
    theirs, ours = (contents(root / "gradebook.db") for root in roots.values())
    # Its preprocessors open the gradebook without the course's id, which leaves this row behind.
    theirs["course"].remove(("default_course",))
    ours["course"] = [row for row in ours["course"] if row != ("default_course",)]
    assert ours == theirs
    assert [row[0] for row in ours["student"]] == ["ada", "ben", "cyd"]


def test_nbgrader_reads_the_scores(book, url):
    recorded = record(book)
    assert (recorded.score, recorded.max_score, recorded.late_penalty) == (4.5, 15.0, None)
    with Gradebook(url) as gradebook:
        submission = gradebook.find_submission(SECTION, "ada").to_dict()
        page = gradebook.find_submission_notebook(SECTION, SECTION, "ada")
        assert (submission["score"], submission["max_score"]) == (4.5, 15.0)
        assert submission["timestamp"] == NOON.isoformat()
        assert (page.failed_tests, page.needs_manual_grade, page.flagged) == (True, True, False)
        assert gradebook.find_comment("half", SECTION, SECTION, "ada").comment == "No response."
        assert gradebook.find_comment("double", SECTION, SECTION, "ada").comment is None
    assert grade(url, "check_round")["failed_tests"]
    assert not grade(url, "check_double")["failed_tests"]
    assert book.scores(SECTION) == {"ada": {**SCORES, "why": None, "project": None}}


def test_a_fault_of_the_grader_is_no_zero(book, url):
    recorded = record(book, scores={**SCORES, "check_half": None})
    assert grade(url, "check_half")["auto_score"] is None
    assert "check_half" in recorded.needs_manual_grade
    record(book)
    assert grade(url, "check_half")["auto_score"] == 0.5
    assert grade(url, "check_half")["needs_manual_grade"] is False


@pytest.mark.parametrize(
    ("scores", "says"),
    [
        ({**SCORES, "check_half": 2.5}, "2.5 of check_half is not within 0 and 2.0"),
        ({**SCORES, "check_half": -1.0}, "check_half is not within"),
        ({**SCORES, "check_half": float("nan")}, "nan of check_half"),
        ({**SCORES, "check_third": 1.0}, "no graded cell check_third"),
        ({"check_double": 4.0, "check_round": 0.0}, "no score for check_half"),
    ],
)
def test_bad_scores_change_nothing(book, tmp_path, scores, says):
    record(book)
    before = contents(tmp_path / "gradebook.db")
    with pytest.raises(ValueError, match=says):
        record(book, "ada", scores)
    with pytest.raises(ValueError, match=says):
        record(book, "new", scores)
    assert contents(tmp_path / "gradebook.db") == before


def test_an_unknown_section_is_named(book):
    with pytest.raises(GradebookError, match="does not know the section s99"):
        book.record(student="ada", section="s99", scores={}, executed=executed_notebook(), timestamp=None)


def test_what_people_entered_survives_regrading(book, url, tmp_path):
    record(book)
    graded(
        url,
        check_half={"manual_score": 1.5, "needs_manual_grade": False},
        check_double={"extra_credit": 0.25},
        why={"manual_score": 2.0, "needs_manual_grade": False},
        project={"manual_score": 5.0, "needs_manual_grade": False},
    )
    with Gradebook(url) as gradebook:
        gradebook.find_comment("why", SECTION, SECTION, "ada").manual_comment = "Well put."
        gradebook.find_comment("half", SECTION, SECTION, "ada").manual_comment = "Try it."
        gradebook.find_submission_notebook(SECTION, SECTION, "ada").late_submission_penalty = 1.25
        gradebook.find_submission_notebook(SECTION, SECTION, "ada").flagged = True
        gradebook.db.commit()
        gradebook.update_or_create_assignment(SECTION, duedate="2026-02-01")
        gradebook.grant_extension(SECTION, "ada", days=2)
    before = contents(tmp_path / "gradebook.db")
    book.ensure_assignment(SECTION, release_notebook())
    again = record(book)
    assert contents(tmp_path / "gradebook.db") == before
    assert again.adjusted == {"check_half": 1.5, "check_double": 4.25, "why": 2.0, "project": 5.0}
    assert again.comments == {"why": "Well put.", "half": "Try it.", "round": "No response."}
    assert (again.score, again.late_penalty, again.needs_manual_grade) == (12.75, 1.25, [])


def test_a_person_is_asked_again_only_where_something_changed(book, url):
    record(book)
    seen = {"manual_score": 1.0, "needs_manual_grade": False}
    graded(url, check_half=seen, check_double=seen, why=seen)
    assert record(book, scores={**SCORES, "check_half": 2.0}).needs_manual_grade == ["check_half", "project"]
    graded(url, check_half=seen)
    assert record(book, scores={**SCORES, "check_half": 2.0}).needs_manual_grade == ["project"]
    # Another submission: a score given to the old one is to be looked at, as nbgrader has it.
    later = record(book, scores={**SCORES, "check_half": 2.0}, timestamp=NOON + timedelta(hours=1))
    assert later.needs_manual_grade == ["check_double", "check_half", "project", "why"]
    graded(url, check_half=seen, check_double=seen, why=seen)
    same_time = record(book, timestamp=NOON + timedelta(hours=1), resubmitted=True)
    assert same_time.needs_manual_grade == ["check_double", "check_half", "project", "why"]


def late_book(root, lines):
    make_course(root)
    with open(root / "nbgrader_config.py", "a") as file:
        file.write(lines)
    book = Book.of_course(root)
    book.ensure_assignment(SECTION, release_notebook())
    with Gradebook(f"sqlite:///{root}/gradebook.db", "toy") as gradebook:
        gradebook.update_or_create_assignment(SECTION, duedate="2026-03-01 11:00:00")
    return book


def test_the_configured_plugin_sets_the_late_penalty(tmp_path):
    (tmp_path / "toy_late_plugin.py").write_text(
        "from nbgrader.plugins import LateSubmissionPlugin\n"
        "class PerHour(LateSubmissionPlugin):\n"
        "    def late_submission_penalty(self, student_id, score, total_seconds_late):\n"
        "        return 0.5 * total_seconds_late / 3600\n"
    )
    with late_book(tmp_path, 'c.AssignLatePenalties.plugin_class = "toy_late_plugin.PerHour"\n') as book:
        assert record(book).late_penalty == 0.5
        # Never more than there is, never less than nothing.
        assert record(book, timestamp=NOON + timedelta(days=30)).late_penalty == 4.5
        assert record(book, "ben", timestamp=NOON - timedelta(days=1)).late_penalty is None
        with Gradebook(f"sqlite:///{tmp_path}/gradebook.db") as gradebook:
            gradebook.grant_extension(SECTION, "ada", days=60)
        assert record(book, timestamp=NOON + timedelta(days=30)).late_penalty is None


def test_no_policy_is_no_penalty(tmp_path):
    with late_book(tmp_path, "") as book:
        assert record(book).late_penalty is None
    assert LatePolicy().configured is False


def test_points_and_texts_are_carried_over_without_losing_grades(book, url):
    record(book)
    release = release_notebook()
    release.cells[2].metadata.nbgrader["points"] = 8.0
    release.cells[0].source = "# A toy section, better put"
    release.cells.insert(1, nbformat.v4.new_markdown_cell("More.", metadata=nbgrader_meta("more", locked=True)))
    with Gradebook(url) as gradebook:
        gradebook.update_or_create_assignment(SECTION, duedate="2026-03-02")
    book.ensure_assignment(SECTION, release)
    with Gradebook(url) as gradebook:
        assert gradebook.find_grade_cell("check_double", SECTION, SECTION).max_score == 8.0
        assert gradebook.find_source_cell("intro", SECTION, SECTION).source == "# A toy section, better put"
        assert gradebook.find_source_cell("more", SECTION, SECTION).locked
        assert gradebook.find_assignment(SECTION).duedate == datetime(2026, 3, 2)
    assert grade(url, "check_double")["auto_score"] == 4.0


def test_a_cell_added_later_gets_its_rows_and_one_with_grades_cannot_go(book, url):
    release = release_notebook()
    book.ensure_assignment(SECTION, nbformat.from_dict({**release, "cells": release.cells[:3]}))
    executed = executed_notebook()
    executed.cells = executed.cells[:3]
    book.record(student="ada", section=SECTION, scores={"check_double": 4.0}, executed=executed, timestamp=NOON)
    book.ensure_assignment(SECTION, release)
    record(book)
    assert grade(url, "check_half")["auto_score"] == 0.5
    release.cells = release.cells[:3]
    with pytest.raises(GradebookError, match=r"check_half.*no more in the release.*1 submissions"):
        book.ensure_assignment(SECTION, release)
    assert book.scores(SECTION)["ada"]["check_half"] == 0.5


def test_faulty_metadata_of_the_release_is_named(book):
    release = release_notebook()
    release.cells[3].metadata.nbgrader["grade_id"] = "double"
    with pytest.raises(ValueError, match=f"release of {SECTION}.*Duplicate grade id: double"):
        book.ensure_assignment(SECTION, release)


def test_all_notebooks_of_an_assignment_get_their_rows(book, url):
    with Gradebook(url) as gradebook:
        gradebook.add_notebook("extra", SECTION)
        gradebook.add_grade_cell("check_double", "extra", SECTION, max_score=2, cell_type="code")
        gradebook.add_solution_cell("double", "extra", SECTION)
    assert record(book).max_score == 15.0
    with Gradebook(url) as gradebook:
        other = gradebook.find_grade("check_double", "extra", SECTION, "ada")
        assert (other.auto_score, other.needs_manual_grade) == (None, True)
        assert gradebook.find_comment("double", "extra", SECTION, "ada").comment is None
    assert book.scores(SECTION) == {"ada": {**SCORES, "why": None, "project": None}}


def test_a_new_gradebook_needs_no_upgrade(tmp_path):
    make_course(tmp_path)
    with Book.of_course(tmp_path) as book:
        book.ensure_assignment(SECTION, release_notebook())
        record(book)
    before = contents(tmp_path / "gradebook.db")
    assert "Running upgrade" not in nbgrader(tmp_path, "db", "upgrade")
    assert contents(tmp_path / "gradebook.db") == before


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("update alembic_version set version_num = '724cde206c17'", "older nbgrader.*`nbgrader db upgrade`"),
        ("drop table alembic_version", "older nbgrader.*`nbgrader db upgrade`"),
        ("update alembic_version set version_num = 'f00f00f00f00'", "newer nbgrader"),
    ],
)
def test_another_schema_is_refused_with_what_to_do(tmp_path, url, change, says):
    Book(url).close()
    with sqlite3.connect(tmp_path / "gradebook.db") as database:
        database.execute(change)
    with pytest.raises(GradebookError, match=says):
        Book(url)


def test_another_database_is_refused(tmp_path, url):
    with sqlite3.connect(tmp_path / "gradebook.db") as database:
        database.execute("create table songs (name text)")
    with pytest.raises(GradebookError, match="not a gradebook"):
        Book(url)


KILLED = """
import sys
from sqlalchemy import event
from toycourse import POINTS, SECTION, executed_notebook, release_notebook
from coursekit.gradebook.book import Book
url, statements = sys.argv[1], int(sys.argv[2])
book = Book(url)
book.ensure_assignment(SECTION, release_notebook())
def pause(*_):
    print("here", flush=True)
    sys.stdin.read()
if statements:
    @event.listens_for(book._engine, "after_cursor_execute")
    def count(connection, cursor, statement, *_):
        global statements
        if statement.split()[0] in ("INSERT", "UPDATE"):
            statements -= 1
            if not statements:
                pause()
full = {name: points for name, points in POINTS.items()}
book.record(student="ada", section=SECTION, scores=full, executed=executed_notebook({"why": "New."}), timestamp="2026-05-01")
pause()
"""


def killed(url, statements):
    """Run a process that records new scores for ada and kill it after its n-th written statement (0: after all)."""
    places = os.pathsep.join([os.path.dirname(__file__), os.path.dirname(os.path.dirname(__file__))])
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, url, str(statements)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": places},
    )
    try:
        assert process.stdout.readline() == "here\n"
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()


def state(file):
    """Return what the gradebook says of ada."""
    tables = contents(file)
    return {name: tables[name] for name in ("student", "submitted_assignment", "submitted_notebook", "grade", "comment")}


def test_a_kill_leaves_the_old_or_the_new_submission(book, url, tmp_path):
    file = tmp_path / "gradebook.db"
    record(book)
    old = state(file)
    # What is written at a regrading: the timestamp, the grades, the comments.
    for statements in (1, 2, 3):
        killed(url, statements)
        assert state(file) == old
    killed(url, 0)
    new = state(file)
    assert new != old
    recorded = record(book, scores=POINTS, answers={"why": "New."}, timestamp="2026-05-01")
    assert state(file) == new
    assert recorded.score == sum(POINTS.values())


def test_a_kill_in_the_first_recording_leaves_nothing_half_made(book, url, tmp_path):
    file = tmp_path / "gradebook.db"
    empty = state(file)
    # Student, submission, notebook, grades, comments.
    for statements in (1, 2, 3, 4, 5):
        killed(url, statements)
        assert state(file) == empty
    record(book)
    assert book.scores(SECTION) == {"ada": {**SCORES, "why": None, "project": None}}
