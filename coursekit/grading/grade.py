"""Grades a class: spreads submissions over processes or machines, and records what comes back, in one place, one at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from coursekit.gradebook.book import Book
from coursekit.grading import ledger
from coursekit.grading.pool import Pool, workers
from coursekit.grading.recording import record
from coursekit.grading.worker import Done, Setting, Task, make_sandbox
from coursekit.intake.submissions import Release, find_submissions, read_release
from coursekit.sandbox import Limits, SandboxFault, SandboxUnavailable
from coursekit.sandbox.doctor import ProbeResult, run_probes
from coursekit.settings import Course, CourseError


@dataclass
class SectionResult:
    """How a section went: the scores by student (None: a fault of the grader left it open), what was told, what was seen."""

    section: str
    points: float
    scores: dict[str, float | None] = field(default_factory=dict)
    unchanged: int = 0
    mistakes: Counter = field(default_factory=Counter)  # (exercise, mistake) -> how many submissions
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Options:
    """How to grade. `jobs` counts the processes (0: one for each core); `scheduler`, a Dask address, stands in their place."""

    mode: str = "bubblewrap"
    jobs: int = 0
    scheduler: str | None = None
    force: bool = False
    db: str | None = None
    limits: Limits = field(default_factory=Limits)


def probe(course: Course, options: Options, *, quick: bool) -> list[ProbeResult]:
    """Return what live probes found in this course's sandbox. Raises CourseError where there is none, or it cannot be probed."""
    kept = ("gradebook.db", "submitted", "autograded", ".coursekit", course.solutions.name, course.reference, course.checks)
    try:
        with make_sandbox(course, options.mode, options.limits) as sandbox:
            paths = [course.root / name for name in kept]
            return run_probes(sandbox, paths=paths, modules=[course.reference, course.checks], quick=quick)
    except (SandboxUnavailable, SandboxFault) as error:
        raise CourseError(str(error)) from error


def refuse_leaky_sandbox(course: Course, options: Options) -> None:
    """Raise CourseError where the sandbox does not deny what it must. Not asked of mode "none", which denies nothing."""
    if options.mode == "none":
        return
    failed = [result for result in probe(course, options, quick=True) if not result.passed]
    if failed:
        lines = [f"  {result.sentence}: {result.detail}" for result in failed]
        raise CourseError(
            "The sandbox lets through what it must deny, so nothing is graded (coursekit doctor says more):\n" + "\n".join(lines)
        )


def grade(
    course: Course,
    sections: list[str],
    options: Options,
    tell: Callable[[str, int, int], None] = lambda section, done, total: None,
) -> list[SectionResult]:
    """Grade what is in submitted/ into gradebook, autograded/ and feedback/, and return the results, a section each.

    What was graded already under the same checks is left as it is, unless `options.force`. `tell(section, done, total)` is called
    after each submission. Raises CourseError where grading cannot begin; a submission's own trouble never ends the run.
    """
    with ledger.lock(course):
        refuse_leaky_sandbox(course, options)
        setting = Setting(course.root, options.mode, ledger.secret(course), options.limits)
        with Book.of_course(course.root, options.db) as book, workers(options.jobs, options.scheduler) as pool:
            return [_grade_section(course, section, options, setting, book, pool, tell) for section in sections]


def _grade_section(
    course: Course, section: str, options: Options, setting: Setting, book: Book, pool: Pool, tell: Callable[[str, int, int], None]
) -> SectionResult:
    release = read_release(course.notebook(course.assignments, section))
    notebook = release.notebook()
    book.ensure_assignment(section, notebook)
    recorded = book.scores(section)
    fingerprint = ledger.fingerprint(course, section)
    result = SectionResult(section, sum(cell.points for cell in release.cells if cell.role == "graded"))
    found, notes = find_submissions(course.root, section)
    result.notes += notes
    tasks = []
    for student, folder in found:
        entry = None if options.force else ledger.read(course, section, student)
        finished = entry and entry["fingerprint"] == fingerprint and not entry["faults"] and _written(course, section, student)
        tasks.append(Task(section, student, folder, entry["digest"] if finished and student in recorded else ""))
    tell(section, 0, len(tasks))
    for number, done in enumerate(pool.run(setting, tasks), start=1):
        _take(course, release, book, fingerprint, result, done)
        tell(section, number, len(tasks))
    return result


def _written(course: Course, section: str, student: str) -> bool:
    places = (course.root / "autograded" / student / section, course.root / "feedback" / student / section)
    return (places[0] / f"{section}.ipynb").is_file() and (places[1] / f"{section}.html").is_file()


def _take(course: Course, release: Release, book: Book, fingerprint: str, result: SectionResult, done: Done) -> None:
    """Record one judged submission: files, then the gradebook, then the page, and last the mark that it is done."""
    task = done.task
    name = f"{task.student}'s {task.section}"
    if done.broken:
        result.scores[task.student] = None
        result.faults.append(f"{name}: {done.broken}")
        return
    before = ledger.read(course, task.section, task.student)
    if done.unchanged:
        result.unchanged += 1
        _count(result, task.student, before["verdicts"], before["faults"])
        return
    try:
        record(course, release, book, fingerprint, done, before)
    except Exception as error:
        result.scores[task.student] = None
        result.faults.append(f"{name}: could not be recorded: {type(error).__name__}: {error}")
        return
    _count(result, task.student, done.verdicts, done.faults)
    result.faults += [f"{name}, {cell}: {words}" for cell, words in done.faults.items()]
    result.notes += [f"{name}: {words}" for words in (*done.notes, *([done.problem] if done.problem else []))]


def _count(result: SectionResult, student: str, verdicts: dict[str, dict | None], faults: dict[str, str]) -> None:
    scores = [verdict["score"] for verdict in verdicts.values() if verdict]
    result.scores[student] = None if faults else round(sum(scores), 2)
    for verdict in verdicts.values():
        if verdict and verdict["mistake"]:
            result.mistakes[verdict["exercise"], verdict["mistake"]] += 1
