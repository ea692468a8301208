"""The whole way in one command, on a copy of the course, so that no real class is touched."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from coursekit import simulate
from coursekit.authoring import build
from coursekit.grading import ledger
from coursekit.grading.grade import Options, SectionResult, grade
from coursekit.releasing import release
from coursekit.sandbox import Limits
from coursekit.settings import Course, CourseError, find_course
from coursekit.tables import print_results

_MARK = ".coursekit-demo"


def copy_course(course: Course, folder: Path) -> Course:
    """Copy what makes the course, and no class of it, to the new `folder`; return the copy."""
    folder.mkdir(parents=True)
    (folder / _MARK).touch()
    skip = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
    parts = [course.sources, course.lectures, course.assignments, course.solutions]
    parts += [course.root / name for name in (course.reference, course.checks, *course.student_packages)]
    for part in parts:
        shutil.copytree(part, folder / part.relative_to(course.root), ignore=skip, dirs_exist_ok=True)
    for name in ("pyproject.toml", "nbgrader_config.py", "environment.yml", "LICENSE", course.bundle.get("readme", "README.md")):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(course.root / name, folder / name)
    return find_course(folder)


def fresh(course: Course, folder: Path) -> Path:
    """Return `folder`, absolute, after removing what an earlier call made in it. CourseError where it holds anything else."""
    folder = folder.resolve()
    if folder.exists():
        if course.root.is_relative_to(folder) or not (folder / _MARK).exists():
            raise CourseError(f"{folder}: is there already and is no earlier demo; name another folder with --folder")
        shutil.rmtree(folder)
    return folder


def grade_class(course: Course, tell: Callable[[str, int, int], None], *, jobs: int = 0) -> list[SectionResult]:
    """Grade a simulated class, with little time for its endless loops."""
    return grade(course, course.sections, Options(jobs=jobs, limits=Limits(exercise_cpu=3.0, cell_cpu=3.0)), tell)


def insist(course: Course, expected: list[simulate.Expected]) -> None:
    """Raise CourseError where a graded class has a score or a named mistake that is not the expected one."""
    verdicts = {
        (student, section): {verdict["exercise"]: verdict for verdict in entry["verdicts"].values() if verdict}
        for section in course.sections
        for student, entry in ledger.entries(course, section)
    }
    wrong = list(simulate.disagreements(expected, verdicts))
    if wrong:
        raise CourseError("Scores differ from what this class must get:\n" + "\n".join(wrong))


def demo(course: Course, students: int, folder: Path, console: Console, tell: Callable[[str, int, int], None]) -> None:
    """Build, release, simulate, grade, and print what came of it. Raises CourseError where a score is not the expected one."""
    folder = fresh(course, folder)

    def heading(words: str) -> None:
        console.print(f"\n[bold]{words}[/]")

    heading("Build")
    written = build.build(course)
    console.print(f"{len(course.sections)} sections; {len(written) or 'no'} files had to be written")
    heading("Release")
    copy = copy_course(course, folder)
    files = release.release(copy, folder / "bundle")
    console.print(f"the student bundle, {len(files)} files, nothing hidden among them: {folder / 'bundle'}", soft_wrap=True)
    heading("Simulate")
    expected = simulate.simulate(copy, students)
    console.print(f"{students} students, {len(expected)} submissions: right, mistaken, noisy, broken, endless, …")
    heading("Grade")
    print_results(console, grade_class(copy, tell))
    insist(copy, expected)
    console.print(f"\nAll {sum(len(item.scores) for item in expected)} scores and named mistakes are the expected ones.")
    console.print(f"Feedback pages: {folder / 'feedback'}\nnbgrader's gradebook: {folder / 'gradebook.db'}", soft_wrap=True)
