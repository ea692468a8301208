"""What grading remembers between runs, in .coursekit/: the course's secret, a lock, and each submission's verdicts as the mark
that it is done."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from coursekit.atomic import component, write_file
from coursekit.settings import Course, CourseError

# Part of every fingerprint: raise it when judging itself changes what a submission may get.
ENGINE = 1


def folder(course: Course) -> Path:
    """Return the folder of what is kept, making it for this user's eyes alone."""
    path = course.root / ".coursekit"
    path.mkdir(mode=0o700, exist_ok=True)
    return path


def secret(course: Course) -> bytes:
    """Return the course's secret, which every student's inputs are drawn from; made at the first call, and never again."""
    path = folder(course) / "secret"
    if not path.exists():
        write_file(path, secrets.token_hex(32) + "\n", mode=0o600)
    text = path.read_text(encoding="ascii").strip()
    if len(text) < 32:
        raise CourseError(f"{path}: is too short for a secret; delete it to have a new one made (all verdicts are then drawn anew)")
    return text.encode()


@contextlib.contextmanager
def lock(course: Course) -> Iterator[None]:
    """Hold the course's lock: two grading runs at once would write the same files. It ends with the process, however that ends."""
    with open(folder(course) / "lock", "w", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CourseError("another coursekit grade is running in this course; wait for it to end") from None
        yield


def fingerprint(course: Course, section: str) -> str:
    """Return a hash of all that a section's verdicts depend on besides the submission: release, checks, reference, secret."""
    state = hashlib.sha256(f"{ENGINE}\0".encode() + secret(course))
    state.update(course.notebook(course.assignments, section).read_bytes())
    for package in (course.checks, course.reference, *course.student_packages):
        for path in sorted((course.root / package).rglob("*.py")):
            state.update(str(path.relative_to(course.root)).encode() + b"\0" + path.read_bytes())
    return state.hexdigest()


def _path(course: Course, section: str, student: str) -> Path:
    name = component(student, "student")
    return folder(course) / "verdicts" / component(section, "section") / f"{name}.json"


def read(course: Course, section: str, student: str) -> dict | None:
    """Return what is kept of a submission, None where nothing is, or nothing whole."""
    try:
        return json.loads(_path(course, section, student).read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError, UnicodeDecodeError):
        return None


def write(course: Course, section: str, student: str, entry: dict) -> None:
    """Keep an entry: the last thing that is done for a submission."""
    # A student's text may hold lone surrogates: ASCII escapes keep them.
    write_file(_path(course, section, student), json.dumps(entry, indent=1) + "\n", mode=0o600)


def entries(course: Course, section: str) -> Iterator[tuple[str, dict]]:
    """Yield (student, entry) for all submissions of a section that are kept."""
    place = folder(course) / "verdicts" / section
    if place.is_dir():
        for name in sorted(os.listdir(place)):
            if name.endswith(".json") and (entry := read(course, section, name.removesuffix(".json"))):
                yield name.removesuffix(".json"), entry
