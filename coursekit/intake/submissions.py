"""Takes a submission in: the text that a student may edit, laid into a fresh copy of the release, and nothing else."""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import nbformat

from coursekit.intake import safe_files
from coursekit.intake.hostile_notebook import MAX_BYTES, Broken, Found, parse
from coursekit.intake.laying import lay
from coursekit.intake.release_notebook import Cell, Release, ReleaseError, exercise_of, read_release
from coursekit.intake.safe_files import Refused, listed, shown

__all__ = [
    "Cell",
    "Release",
    "ReleaseError",
    "Submission",
    "exercise_of",
    "find_submissions",
    "laid_out",
    "read_release",
    "read_submission",
]

MAX_NOTES = 40
MAX_CANDIDATES = 10  # files under other names that are looked into

# What the exchange, systems and Jupyter itself leave in a folder: no word about it.
_EXPECTED = re.compile(r"timestamp\.txt|submission_secret\.txt|\..*|__pycache__|Thumbs\.db|desktop\.ini|__MACOSX")
# Names become folders, pages and rows: printable, no separators, nothing that a shell or a web page would take amiss.
_STUDENT = re.compile(r"\w[\w.,@+'() -]{0,99}(?<![ .])")
_TIMESTAMP = re.compile(r"[A-Za-z0-9][A-Za-z0-9 :,.+_-]{0,60}(?:/[A-Za-z_+-]{1,20}){0,2}")
_MAKER = "Save the notebook in JupyterLab and hand it in again."


@dataclass(frozen=True)
class Submission:
    """One student's work on one section.

    `cells` are the release's, in its order, with the student's text in those that they may edit, and the cells they
    added. `problem` is None, or a sentence for the student that says why nothing could be taken and what to do; then
    `cells` is empty. `notes` are for the instructor. `digest` is a hash of what was taken, and of nothing else.
    `timestamp` is naive and in UTC, as in nbgrader's gradebook.
    """

    student: str
    section: str
    cells: tuple[Cell, ...]
    notes: tuple[str, ...]
    digest: str
    timestamp: datetime | None
    problem: str | None


def find_submissions(course_root: Path, section: str) -> tuple[list[tuple[str, Path]], list[str]]:
    """Return the (student, folder) of each submission of a section in submitted/, and notes on what was passed over."""
    submitted = Path(course_root) / "submitted"
    found, notes = [], []
    try:
        students = sorted(os.scandir(submitted), key=lambda entry: entry.name)
    except FileNotFoundError:
        return [], [f"{submitted} does not exist: nothing was handed in"]
    for entry in students:
        if _EXPECTED.fullmatch(entry.name):
            continue
        where = f"submitted/{shown(entry.name)}"
        if not entry.is_dir(follow_symlinks=False):
            notes.append(f"{where} is {'a link' if entry.is_symlink() else 'not a folder'}: passed over")
        elif not (_STUDENT.fullmatch(entry.name) and entry.name.isprintable()):
            notes.append(f"{where} is not a name that a student can have here: passed over. Rename the folder.")
        else:
            folder = Path(entry.path) / section
            try:
                kind = safe_files.kind_of(os.lstat(folder).st_mode)
            except FileNotFoundError:
                continue
            except OSError as error:
                notes.append(f"{where} cannot be read ({error.strerror}): passed over")
                continue
            if kind == "a folder":
                found.append((entry.name, folder))
            else:
                notes.append(f"{where}/{section} is {kind}, not a folder: passed over")
    return found, notes


def read_submission(release: Release, folder: Path, student: str) -> Submission:
    """Read submitted/<student>/<section>/. Never raises for anything that stands there: see Submission.problem."""
    notes: list[str] = []
    timestamp = None
    cells: tuple[Cell, ...] = ()
    problem = None
    try:
        with safe_files.folder(Path(folder)) as directory:
            entries = safe_files.listing(directory)
            timestamp = _timestamp(directory, entries, notes)
            name, found = _notebook(release, directory, entries, notes)
            notes += _other_files(release, entries, name)
            cells = lay(release, found, notes)
    except Refused as refused:
        problem = f"The folder of {release.section} {refused}. Hand in a folder with {release.path.name} in it."
    except _NotTaken as reason:
        problem = str(reason)
    if len(notes) > MAX_NOTES:
        notes = [*notes[: MAX_NOTES - 1], f"and {len(notes) - MAX_NOTES + 1} notes more"]
    digest = _digest(release.section, cells, problem)
    return Submission(student, release.section, cells, tuple(notes), digest, timestamp, problem)


def laid_out(release: Release, submission: Submission) -> nbformat.NotebookNode:
    """Return a fresh copy of the release with the student's text in it; the bare release if there was a problem."""
    notebook = release.notebook()
    nodes = {node["id"]: node for node in notebook["cells"]}
    laid = []
    for cell in submission.cells or release.cells:
        node = nodes.get(cell.id)
        if node is None or node["cell_type"] != cell.kind:
            make = getattr(nbformat.v4, f"new_{cell.kind}_cell")
            node = make(cell.source, id=cell.id, metadata={} if node is None else node["metadata"])
        elif node["source"] != cell.source:
            node["source"] = cell.source
        laid.append(node)
    notebook["cells"] = laid
    return notebook


class _NotTaken(Exception):
    """Nothing can be taken from this submission; the text is the sentence for the student."""


def _notebook(release: Release, directory: int, entries: dict[str, str], notes: list[str]) -> tuple[str, list[Found]]:
    """Return the name of the notebook's file and its cells: the release's name, else the only one that can be meant."""
    wanted = release.path.name
    try:
        found, remarks = parse(safe_files.read(directory, wanted, MAX_BYTES))
    except Broken as broken:
        raise _NotTaken(f"{wanted} {broken}. {_MAKER}") from broken
    except Refused as refused:
        if not refused.missing:
            raise _NotTaken(f"{wanted} {refused}. {_MAKER}") from refused
    else:
        notes += remarks
        return wanted, found

    others = [name for name in entries if name.endswith(".ipynb") and not name.startswith(".")]
    meant = []
    for name in [other for other in others if entries[other] == "a file"][:MAX_CANDIDATES]:
        try:
            found, remarks = parse(safe_files.read(directory, name, MAX_BYTES))
        except (Broken, Refused):
            continue
        if _is_of(release, found):
            meant.append((name, found, remarks))
    if len(meant) == 1:
        name, found, remarks = meant[0]
        notes += [f"{wanted} is missing: {shown(name)}, which holds its cells, was taken in its place", *remarks]
        return name, found
    there = f"there are {listed(others)}" if others else "there is no other notebook in the folder"
    raise _NotTaken(f"{wanted} is missing; {there}. Hand the notebook in under exactly this name.")


def _is_of(release: Release, found: list[Found]) -> bool:
    answers = [cell for cell in release.cells if cell.role == "answer"] or list(release.cells)
    names = {name for cell in answers for name in (cell.id, cell.grade_id) if name}
    return any(one.id in names or one.grade_id in names for one in found)


def _other_files(release: Release, entries: dict[str, str], notebook: str) -> list[str]:
    """Say which entries of the folder are left where they are; the release's own files come from the release."""
    left = [
        name if kind == "a file" else f"{name} ({kind})"
        for name, kind in entries.items()
        if name != notebook and not _EXPECTED.fullmatch(name) and not (kind == "a file" and name in release.files)
    ]
    return [f"files that the release does not have are not taken: {listed(left)}"] if left else []


def _timestamp(directory: int, entries: dict[str, str], notes: list[str]) -> datetime | None:
    if "timestamp.txt" not in entries:
        return None
    try:
        text = safe_files.read(directory, "timestamp.txt", 1000).decode("ascii").strip()
        # The reader below opens files of time zones by name: it gets no path.
        if not _TIMESTAMP.fullmatch(text):
            raise ValueError("not a time")
        from nbgrader.utils import parse_utc  # slow to import, and most classes have no timestamps

        return parse_utc(text)
    except Refused as refused:
        notes.append(f"timestamp.txt {refused}: the time is not known")
    except Exception:  # dateutil raises all sorts
        notes.append("timestamp.txt holds no time that nbgrader reads: the time is not known")
    return None


def _digest(section: str, cells: tuple[Cell, ...], problem: str | None) -> str:
    """Hash the student's own text, so that a corrected word in a locked cell changes nobody's inputs."""
    theirs = [[cell.id, cell.kind, cell.source] for cell in cells if cell.role in ("answer", "open", "helper")]
    return hashlib.sha256(json.dumps([section, problem, theirs]).encode()).hexdigest()
