"""How far a student is, read from the saved notebooks: no kernel is started, and nothing is kept besides them."""

from __future__ import annotations

import json
import math
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from descentlab import recordings

# What can be said of an exercise, each with its mark, in Unicode and in ASCII, and its words in the legend.
MARKS = {
    "done": ("✓", "+", "passes"),
    "answered": ("✓", "+", "passes"),
    "part": ("◐", "~", "in part"),
    "failed": ("✗", "x", "not yet right"),
    "stale": ("↻", "?", "its cell ran again since: run the check"),
    "open": ("○", "o", "not checked"),
    "unwritten": ("·", ".", "not begun"),
}
BAR = 20
# What stands in a cell whose answer has not been begun.
STUB = ("# YOUR CODE HERE", "...")


class NothingHere(Exception):
    """There are no notebooks of the course below a folder; the message says where they were looked for."""


@dataclass(frozen=True)
class Exercise:
    """A graded cell as it was saved. `state` is a key of MARKS; `score` is in points, 0 where nothing is known."""

    name: str
    points: float
    state: str
    score: float = 0.0

    @property
    def finished(self) -> bool:
        return self.state in ("done", "answered")


@dataclass(frozen=True)
class Section:
    """A section's notebook: its exercises in order, or `problem`, a sentence about why it cannot be read."""

    stem: str
    path: Path
    exercises: list[Exercise] = field(default_factory=list)
    problem: str | None = None


def read(folder: Path, stems: list[str] | None = None) -> list[Section]:
    """Return the course's sections as they stand in the notebooks below `folder`/assignments, or below `folder` itself.

    `stems` are the sections to look for; by default those of the course. Raises NothingHere where there is none of them.
    """
    stems = recordings.sections() if stems is None else stems
    place = _place(folder, stems)
    return [read_section(place / stem / f"{stem}.ipynb") for stem in stems]


def notebook_path(folder: Path, stem: str) -> Path:
    """Return where a section's notebook lies below a course's `folder`. Raises NothingHere where no section lies there."""
    return _place(folder, recordings.sections()) / stem / f"{stem}.ipynb"


def _place(folder: Path, stems: list[str]) -> Path:
    for place in (folder / "assignments", folder):
        if any((place / stem).is_dir() for stem in stems):
            return place
    raise NothingHere(
        f"{folder}: there are no notebooks of this course in its folder assignments. Run this in the folder of the course, "
        "or name that folder after the command"
    )


def read_section(path: Path) -> Section:
    """Return what the notebook at `path` says; a notebook that cannot be read gives a section with a problem, never an error."""
    section = path.stem
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        exercises = list(_exercises(cells))
    except FileNotFoundError:
        return Section(section, path, problem="is missing: take it from the course again")
    except OSError as error:
        return Section(section, path, problem=f"cannot be opened: {error.strerror or error}")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        again = "open it in JupyterLab, or take it from the course again"
        return Section(section, path, problem=f"is no notebook that can be read: {again}")
    if not exercises:
        return Section(section, path, problem="has no checks in it: take it from the course again")
    return Section(section, path, exercises)


def _exercises(cells: list[dict[str, Any]]) -> Iterator[Exercise]:
    answers: dict[str, dict[str, Any]] = {}
    for cell in cells:
        marks = cell["metadata"].get("nbgrader", {})
        if cell["cell_type"] != "code":
            continue
        if marks.get("solution"):
            answers[marks["grade_id"]] = cell
        elif marks.get("grade"):
            name = marks["grade_id"].removeprefix("check_")
            yield _exercise(name, float(marks["points"]), cell, answers.get(name, {}))


def _exercise(name: str, points: float, cell: dict[str, Any], answer: dict[str, Any]) -> Exercise:
    """Return a graded cell's exercise; `answer` is the cell before it, where the student writes."""
    ran, answer_ran, outputs = cell.get("execution_count"), answer.get("execution_count"), cell["outputs"]
    kinds = [output["output_type"] for output in outputs]
    if is_stub(text_of(answer.get("source", ""))):
        return Exercise(name, points, "unwritten")
    if not isinstance(ran, int):
        return Exercise(name, points, "open")
    if isinstance(answer_ran, int) and answer_ran > ran:
        return Exercise(name, points, "stale")
    if "error" in kinds:
        return Exercise(name, points, "failed")
    if "execute_result" not in kinds:
        # A check that neither raises nor returns points has found an answer whose key is not here.
        return Exercise(name, points, "answered" if "stream" in kinds else "open")
    score = _points_of(outputs[kinds.index("execute_result")])
    if score is None:
        return Exercise(name, points, "open")
    state = "done" if score >= points else "part" if score > 0 else "failed"
    return Exercise(name, points, state, min(score, points))


def _points_of(output: dict[str, Any]) -> float | None:
    try:
        value = float(text_of(output["data"].get("text/plain", "")))
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def text_of(lines: str | list[str]) -> str:
    """Return a text as notebook files keep it: whole, or a list of its lines."""
    return lines if isinstance(lines, str) else "".join(lines)


def is_stub(source: str) -> bool:
    """Whether a cell's text is that of an answer that has not been begun."""
    lines = [line.strip() for line in source.splitlines()]
    return STUB in pairwise(lines)


def report(sections: list[Section], folder: Path, *, width: int = 80, plain: bool = False) -> str:
    """Return what `descentlab progress` prints: a bar and the exercises of each section, the totals, and what to do next.

    Paths are shown as seen from `folder`; `width` is the terminal's; `plain` keeps to ASCII.
    """
    name_width = max(len(section.stem) for section in sections)
    lines: list[str] = []
    for section in sections:
        if section.problem:
            lines += [section.stem, *_wrapped(f"{_seen_from(section.path, folder)} {section.problem}", width), ""]
            continue
        lines += [f"{section.stem:<{name_width}}  {_bar_and_points(section.exercises, plain)}"]
        lines += [*_wrapped("  ".join(_shown(exercise, plain) for exercise in section.exercises), width), ""]
    everything = [exercise for section in sections for exercise in section.exercises]
    done = sum(exercise.finished for exercise in everything)
    if everything:
        lines.append(f"{'in all':<{name_width}}  {_bar_and_points(everything, plain)}; {done} of {len(everything)} exercises done")
        lines += _legend(everything, plain)
    return "\n".join([*lines, *_next_step(sections, folder)])


def _bar_and_points(exercises: list[Exercise], plain: bool) -> str:
    points = sum(exercise.points for exercise in exercises)
    earned = sum(exercise.score for exercise in exercises)
    waiting = sum(exercise.points for exercise in exercises if exercise.state == "answered")
    # A full bar says that everything is done: so it is rounded down.
    filled = int(BAR * (earned + waiting) / points + 1e-9) if points else BAR
    full, empty = "#-" if plain else "█░"
    bar = f"{full * filled}{empty * (BAR - filled)}  {earned:g} of {points:g} points"
    return bar + (f", {waiting:g} to be graded" if waiting else "")


def _shown(exercise: Exercise, plain: bool) -> str:
    """Return an exercise with its mark, without blanks that a line could be broken at."""
    mark = MARKS[exercise.state][plain]
    detail = {"part": f" {exercise.score:g}/{exercise.points:g}", "answered": " (answered)"}.get(exercise.state, "")
    return f"{mark} {exercise.name}{detail}".replace(" ", "\0")


def _wrapped(text: str, width: int) -> list[str]:
    options = {"initial_indent": "  ", "subsequent_indent": "  ", "break_long_words": False, "break_on_hyphens": False}
    return [line.replace("\0", " ") for line in textwrap.wrap(text, max(width, 40), **options)]


def _legend(exercises: list[Exercise], plain: bool) -> list[str]:
    states = {exercise.state for exercise in exercises}
    shown = {f"{marks[plain]} {marks[2]}": None for state, marks in MARKS.items() if state in states}
    return ["", "   ".join(shown)]


def _next_step(sections: list[Section], folder: Path) -> list[str]:
    for section in sections:
        if section.problem:
            continue
        for exercise in section.exercises:
            if not exercise.finished:
                return ["", f"Next: {exercise.name}, in {_seen_from(section.path, folder)}"]
    if any(section.problem for section in sections):
        return ["", "All that can be read is done."]
    return ["", "Everything is done."]


def _seen_from(path: Path, folder: Path) -> str:
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)
