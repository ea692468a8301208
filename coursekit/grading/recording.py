"""Where a verdict goes: autograded/, nbgrader's gradebook, the feedback page, and the entry that says that it is done."""

from __future__ import annotations

import nbformat
from nbformat.notebooknode import NotebookNode

from coursekit.authoring.construct import read_notebook
from coursekit.gradebook.book import Book, Recorded
from coursekit.grading import ledger
from coursekit.grading.worker import Done
from coursekit.intake.submissions import Release, read_release
from coursekit.pages.autograded import exchange_files, write_autograded
from coursekit.pages.feedback import render, write_feedback
from coursekit.settings import Course


def record(course: Course, release: Release, book: Book, fingerprint: str, done: Done, before: dict | None) -> None:
    """Write a judged submission: autograded/, the gradebook, its page, and last the entry that marks it as done.

    Killed anywhere in between, the next run does all of it again, to the same end. `before` is the entry of last time.
    """
    task = done.task
    executed = nbformat.reads(done.notebook, as_version=4)
    released = release.notebook()
    files = exchange_files(task.folder) | {name: (release.path.parent / name).read_bytes() for name in release.files}
    time = f"{done.timestamp.replace('T', ' ')} UTC" if done.timestamp else None
    write_autograded(course.root, task.student, task.section, executed, done.verdicts, time, files, release=released)
    recorded = book.record(
        student=task.student,
        section=task.section,
        scores={cell: verdict["score"] if verdict else None for cell, verdict in done.verdicts.items()},
        executed=executed,
        timestamp=done.timestamp,
        resubmitted=None if before is None else before["digest"] != done.digest,
    )
    _write_page(course, task.student, task.section, executed, done.verdicts, done.problem, recorded, released, time)
    entry = {
        "digest": done.digest,
        "fingerprint": fingerprint,
        "verdicts": done.verdicts,
        "faults": done.faults,
        "notes": list(done.notes),
        "problem": done.problem,
        "submitted": time,
        "printed": done.printed,
    }
    ledger.write(course, task.section, task.student, entry)


def refresh_pages(course: Course, section: str, book: Book) -> list[str]:
    """Write the feedback pages of a section anew, with what people have entered in the gradebook since; return the students."""
    release = read_release(course.notebook(course.assignments, section))
    released = release.notebook()
    students = []
    for student, entry in ledger.entries(course, section):
        path = course.root / "autograded" / student / section / f"{section}.ipynb"
        if entry["faults"] or not path.is_file():
            continue
        executed = read_notebook(path)
        # Recording the same scores again changes nothing, and tells what stands there.
        scores = {cell: verdict["score"] for cell, verdict in entry["verdicts"].items()}
        recorded = book.record(student=student, section=section, scores=scores, executed=executed, resubmitted=False)
        _write_page(
            course, student, section, executed, entry["verdicts"], entry["problem"], recorded, released, entry.get("submitted")
        )  # fmt: skip
        students.append(student)
    return students


def _write_page(
    course: Course,
    student: str,
    section: str,
    executed: NotebookNode,
    verdicts: dict[str, dict | None],
    problem: str | None,
    recorded: Recorded,
    released: NotebookNode,
    submitted: str | None,
) -> None:
    page = render(
        course.title,
        student,
        _title(released, section),
        executed,
        verdicts,
        recorded.late_penalty,
        [problem] if problem else [],
        release=released,
        adjusted=recorded.adjusted,
        comments=recorded.comments,
        submitted=submitted,
    )
    write_feedback(course.root, student, section, page)


def _title(notebook: nbformat.NotebookNode, section: str) -> str:
    """Return a section's title: the first heading of its notebook, its stem where there is none."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            for line in cell.source.splitlines():
                if line.startswith("# "):
                    return line.removeprefix("# ").strip()
    return section
