"""What a grading process does: takes a submission in, and judges it in the one sandbox that the process keeps warm."""

from __future__ import annotations

import atexit
import sys
import traceback
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

from coursekit.grading.judge import judge
from coursekit.intake.submissions import Release, read_release, read_submission
from coursekit.sandbox import Limits, Sandbox, SandboxUnavailable
from coursekit.settings import Course, find_course


@dataclass(frozen=True)
class Setting:
    """What every task of a run has in common. `secret` is the course's."""

    root: Path
    mode: str
    secret: bytes
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True)
class Task:
    """One submission to judge; `known` is the digest that was judged last time under the same checks, "" for none."""

    section: str
    student: str
    folder: Path
    known: str = ""


@dataclass
class Done:
    """A task's end. `unchanged` has nothing more to say; otherwise the judged notebook, verdicts and faults stand here.

    `broken` is set where this process itself failed: no verdict, and no blame on the student."""

    task: Task
    digest: str = ""
    unchanged: bool = False
    notebook: str = ""
    verdicts: dict[str, dict | None] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    printed: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    timestamp: str | None = None
    problem: str | None = None
    broken: str | None = None


# One for each process: a sandbox is warm, and a release is read once.
_sandboxes: dict[Setting, Sandbox] = {}
_releases: dict[Path, Release] = {}


def make_sandbox(course: Course, mode: str, limits: Limits) -> Sandbox:
    """Return the course's sandbox: the students' packages in it, all else of the course hidden."""
    # The course may be installed as a copy besides, in an environment that has to be in the box.
    copies = [Path(entry).resolve() / name for entry in sys.path for name in (course.reference, course.checks)]
    return Sandbox(
        student_packages={name: course.root / name for name in course.student_packages},
        hidden=[course.root, *(copy for copy in copies if copy.exists() and not copy.is_relative_to(course.root))],
        environment=course.checks_off,
        limits=limits,
        mode=mode,
    )


def work(setting: Setting, task: Task) -> Done:
    """Judge one submission. Never raises for what a submission does; SandboxUnavailable where there is no sandbox here."""
    try:
        return _work(setting, task)
    except SandboxUnavailable:
        raise
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        return Done(task, broken=f"{type(error).__name__}: {error} ({last.filename}:{last.lineno})")


def _work(setting: Setting, task: Task) -> Done:
    course = find_course(setting.root)
    path = course.notebook(course.assignments, task.section)
    if path not in _releases:
        _releases[path] = read_release(path)
    release = _releases[path]
    submission = read_submission(release, task.folder, task.student)
    if submission.digest == task.known:
        return Done(task, submission.digest, unchanged=True)
    if setting not in _sandboxes:
        _sandboxes[setting] = make_sandbox(course, setting.mode, setting.limits)
        atexit.register(_sandboxes[setting].close)
    judged = judge(release, submission, _sandboxes[setting], course.checks_module(), setting.secret)
    return Done(
        task,
        submission.digest,
        notebook=nbformat.writes(judged.notebook),
        verdicts=judged.verdicts,
        faults=judged.faults,
        printed=judged.printed,
        notes=submission.notes,
        timestamp=submission.timestamp.isoformat() if submission.timestamp else None,
        problem=submission.problem,
    )
