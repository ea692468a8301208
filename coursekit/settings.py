"""Where a course has its parts: the table [tool.coursekit] of its pyproject.toml."""

from __future__ import annotations

import importlib
import sys
import tomllib
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any


class CourseError(Exception):
    """Something in the course's files is wrong; the message names the file and says what to do."""


@dataclass(frozen=True)
class Course:
    """A course's folders and packages; paths are absolute."""

    root: Path
    title: str
    sources: Path
    lectures: Path
    assignments: Path
    solutions: Path
    reference: str
    checks: str
    student_packages: tuple[str, ...]
    recordings: Path
    figure_code: tuple[Path, ...] = ()
    checks_off: dict[str, str] = field(default_factory=dict)
    bundle: dict[str, Any] = field(default_factory=dict)

    @property
    def sections(self) -> list[str]:
        """The stems of the lecture sources, in order."""
        return sorted(path.stem for path in self.sources.glob("*.py"))

    def package(self, name: str) -> ModuleType:
        """Import one of the course's own packages. Raises CourseError with the reason where that fails."""
        if str(self.root) not in sys.path:
            sys.path.insert(0, str(self.root))
        try:
            return importlib.import_module(name)
        except Exception as error:
            raise CourseError(self.said(error, name)) from error

    def checks_module(self) -> ModuleType:
        """Return the package of the hidden checks."""
        return self.package(self.checks)

    def said(self, error: Exception, package: str) -> str:
        """Return an exception of the course's own code as "file:line: what", where it left the course's own files last."""
        if isinstance(error, SyntaxError) and error.filename:
            return f"{error.filename}:{error.lineno}: this is no Python: {error.msg}"
        frames = traceback.extract_tb(error.__traceback__)
        last = next((frame for frame in reversed(frames) if Path(frame.filename).is_relative_to(self.root / package)), None)
        place = f"{last.filename}:{last.lineno}" if last else f"{self.root / package}:1"
        return f"{place}: {type(error).__name__}: {error}"

    def source_of(self, section: str) -> Path:
        """Return the authored source of a section."""
        return self.sources / f"{section}.py"

    def notebook(self, folder: Path, section: str) -> Path:
        """Return where a section's notebook lies in `folder` (assignments or solutions)."""
        return folder / section / f"{section}.ipynb"


_PATHS = ("sources", "lectures", "assignments", "solutions", "recordings")
_NEEDED = (*_PATHS, "title", "reference", "checks", "student-packages")


def find_course(start: Path | None = None) -> Course:
    """Return the course whose pyproject.toml is in `start` (default: the working directory) or above it.

    Raises CourseError where there is none, or its table is incomplete.
    """
    folder = (start or Path.cwd()).resolve()
    for root in (folder, *folder.parents):
        file = root / "pyproject.toml"
        if file.is_file():
            try:
                table = tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {}).get("coursekit")
            except tomllib.TOMLDecodeError as error:
                raise CourseError(f"{file}: {error}") from error
            if table is not None:
                return _course(root, file, table)
    raise CourseError(f"no course in {folder} or above it: a pyproject.toml with a table [tool.coursekit] makes one")


def _course(root: Path, file: Path, table: dict[str, Any]) -> Course:
    missing = [key for key in _NEEDED if key not in table]
    if missing:
        raise CourseError(f"{file}: [tool.coursekit] lacks {', '.join(missing)}")
    return Course(
        root=root,
        title=table["title"],
        reference=table["reference"],
        checks=table["checks"],
        student_packages=tuple(table["student-packages"]),
        figure_code=tuple(root / path for path in table.get("figure-code", ())),
        checks_off=dict(table.get("sandbox-environment", {})),
        bundle=dict(table.get("bundle", {})),
        **{key: root / table[key] for key in _PATHS},
    )
