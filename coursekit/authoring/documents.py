"""Documents that the course's checks write about themselves."""

from __future__ import annotations

from pathlib import Path

from coursekit.settings import Course, CourseError


def changed(course: Course) -> dict[Path, str]:
    """Return path -> text for each document that is not on the disk as the checks' `tables()` makes it.

    CourseError where the checks have no such function.
    """
    checks = course.checks_module()
    if not hasattr(checks, "tables"):
        raise CourseError(f"{course.root / course.checks / '__init__.py'}: has no function tables() that makes documents")
    made = {course.root / name: text for name, text in checks.tables().items()}
    return {path: text for path, text in made.items() if not path.is_file() or path.read_text(encoding="utf-8") != text}
