"""A class to try grading on: submissions whose scores and mistakes are known before anything is graded."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field

import numpy as np

from coursekit.atomic import write_file, write_folder
from coursekit.authoring import construct
from coursekit.authoring.build import Section, read_sections
from coursekit.grading.ledger import folder
from coursekit.settings import Course, CourseError

PREFIX = "sim-"
HANDED_IN = "2026-10-05 12:00:00 UTC\n"


@dataclass(frozen=True)
class Expected:
    """What grading must make of one simulated submission: points and named mistake for each exercise, and whether its code
    finishes by itself and its notebook can be read, so that stock nbgrader must agree."""

    student: str
    section: str
    profile: str
    honest: bool
    scores: dict[str, float] = field(default_factory=dict)
    mistakes: dict[str, str | None] = field(default_factory=dict)


@dataclass
class _Written:
    """A submission in the making: the text of each answer cell, helper cells to add before one, and what is expected."""

    cells: dict[str, str] = field(default_factory=dict)
    shares: dict[str, float] = field(default_factory=dict)
    mistakes: dict[str, str | None] = field(default_factory=dict)
    helpers: dict[str, str] = field(default_factory=dict)
    spoil: Callable[[str], str] = lambda text: text
    honest: bool = True


class _Author:
    """Writes submissions of one section; what it has used once comes again only after all others."""

    def __init__(self, course: Course, section: Section, rng: np.random.Generator):
        checks = course.checks_module()
        self.section = section
        self._rng = rng
        self._right = {slot.name: [a for a in checks.answers(slot.name) if a["kind"] == "right"] for slot in section.slots}
        self._wrong = {slot.name: [a for a in checks.answers(slot.name) if a["kind"] == "mistake"] for slot in section.slots}
        self._next = dict.fromkeys(self._right, 0)
        self._turn = 0

    @property
    def functions(self) -> list[str]:
        return [slot.name for slot in self.section.slots if slot.kind == "exercise"]

    def right(self) -> _Written:
        """All exercises right, each in one of its right forms."""
        written = _Written()
        for name, forms in self._right.items():
            self._put(written, name, forms[self._rng.integers(len(forms))])
        return written

    def mistaken(self) -> _Written:
        """Every other exercise with the next of its known mistakes, the others right."""
        written = self.right()
        self._turn += 1
        for index, (name, wrong) in enumerate(self._wrong.items()):
            if (index + self._turn) % 2 and wrong:
                self._put(written, name, wrong[self._next[name] % len(wrong)])
                self._next[name] += 1
        return written

    def partly(self) -> _Written:
        """The first exercises right, the others untouched."""
        written = self.right()
        names = list(self._right)
        for name in names[int(self._rng.integers(1, len(names))) :]:
            self._untouch(written, name)
        return written

    def untouched(self) -> _Written:
        """The release as it was handed out."""
        written = self.right()
        for name in self._right:
            self._untouch(written, name)
        return written

    def syntax_error(self) -> _Written:
        return self._one_cell(lambda name, text: text.replace("(", "(((", 1))

    def endless_function(self) -> _Written:
        return self._one_cell(lambda name, text: f"def {name}(*args, **kwargs):\n    while True:\n        pass", honest=False)

    def endless_cell(self) -> _Written:
        return self._one_cell(lambda name, text: f"{text}\nwhile True:\n    pass", honest=False)

    def exits_in_function(self) -> _Written:
        return self._one_cell(lambda name, text: f"import os\ndef {name}(*args, **kwargs):\n    os._exit(0)", honest=False)

    def exits_in_cell(self) -> _Written:
        return self._one_cell(lambda name, text: f"{text}\nimport os\nos._exit(1)", honest=False)

    def raises(self) -> _Written:
        return self._one_cell(lambda name, text: f"def {name}(*args, **kwargs):\n    return undefined_name + 1")

    def noisy(self) -> _Written:
        """Right, with warnings and prints on both streams, in the cells and in a helper that each function calls."""
        written = self.right()
        written.helpers[self.functions[0]] = _LOUD
        for name in self.functions:
            head, _, body = written.cells[name].partition(":\n")
            written.cells[name] = f"{head}:\n    loud()\n{body}"
        return written

    def cut_off(self) -> _Written:
        return self._broken(lambda text: text[: len(text) // 2])

    def not_a_notebook(self) -> _Written:
        return self._broken(lambda text: "<html>The notebook could not be saved</html>")

    def _one_cell(self, change: Callable[[str, str], str], *, honest: bool = True) -> _Written:
        """All right but one exercise, whose cell is changed so that it scores nothing and matches no known mistake."""
        written = self.right()
        name = self.functions[self._rng.integers(len(self.functions))]
        written.cells[name] = change(name, written.cells[name])
        written.shares[name], written.mistakes[name], written.honest = 0.0, None, honest
        return written

    def _broken(self, spoil: Callable[[str], str]) -> _Written:
        written = self.untouched()
        written.spoil, written.honest = spoil, False
        return written

    @staticmethod
    def _put(written: _Written, name: str, answer: dict) -> None:
        written.cells[name] = answer["source"]
        written.shares[name], written.mistakes[name] = answer["share"], answer["mistake"]

    @staticmethod
    def _untouch(written: _Written, name: str) -> None:
        written.cells.pop(name, None)
        written.shares[name], written.mistakes[name] = 0.0, None


_LOUD = """
import sys, warnings

def loud():
    warnings.warn("careful")
    print("a word", file=sys.stderr)
    print("a word")

loud()
""".strip()

# The profiles in the order in which students get them; most of a class is right or has a mistake or two.
PROFILES = (
    "right", "mistaken", "mistaken", "noisy", "partly", "mistaken", "syntax_error", "right",
    "mistaken", "untouched", "raises", "mistaken", "exits_in_function", "right", "mistaken", "endless_function",
    "mistaken", "cut_off", "right", "mistaken", "exits_in_cell", "mistaken", "not_a_notebook", "endless_cell",
)  # fmt: skip


def simulate(course: Course, students: int, *, seed: int = 7, force: bool = False) -> list[Expected]:
    """Write a class of `students` to submitted/ and return what grading must make of it; the same seed gives the same class.

    The expectations are also kept in .coursekit/simulated.json. Raises CourseError where simulated students are there already and
    `force` is not given; other submissions are never touched.
    """
    submitted = course.root / "submitted"
    names = [f"{PREFIX}{number:03d}" for number in range(1, students + 1)]
    there = [name for name in names if (submitted / name).exists()]
    if there and not force:
        raise CourseError(f"{submitted / there[0]}: is there already; say --force to replace the simulated students")
    expected = []
    for index, section in enumerate(read_sections(course)):
        author = _Author(course, section, np.random.default_rng([seed, index]))
        # Each section begins the list elsewhere, so that nobody is unlucky in all of them.
        profiles = [PROFILES[(number + 5 * index) % len(PROFILES)] for number in range(students)]
        for student, profile in zip(names, profiles, strict=True):
            expected.append(_submit(course, author, student, profile))
    write_file(folder(course) / "simulated.json", json.dumps([asdict(item) for item in expected], indent=1) + "\n")
    return expected


def _submit(course: Course, author: _Author, student: str, profile: str) -> Expected:
    written: _Written = getattr(author, profile)()
    stem = author.section.stem
    notebook = construct.read_notebook(course.notebook(course.assignments, stem))
    cells = []
    for cell in notebook.cells:
        if cell.id in written.helpers:
            cells.append(construct.code_cell(written.helpers[cell.id], f"added-before-{cell.id}"))
        cell.source = written.cells.get(cell.id, cell.source)
        cells.append(cell)
    notebook.cells = cells
    text = written.spoil(construct.dumps(notebook))
    write_folder(course.root / "submitted" / student / stem, {f"{stem}.ipynb": text, "timestamp.txt": HANDED_IN})
    points = {slot.name: slot.points for slot in author.section.slots}
    scores = {name: round(points[name] * share, 2) for name, share in written.shares.items()}
    return Expected(student, stem, profile, written.honest, scores, written.mistakes)


def expectations(course: Course) -> list[Expected]:
    """Return what `simulate` expected of the class that it wrote last."""
    path = folder(course) / "simulated.json"
    if not path.is_file():
        raise CourseError(f"{path}: is missing; run coursekit simulate first")
    return [Expected(**item) for item in json.loads(path.read_text(encoding="utf-8"))]


def disagreements(expected: list[Expected], verdicts: dict[tuple[str, str], dict[str, dict | None]]) -> Iterator[str]:
    """Yield a sentence for each exercise whose verdict is not the expected one; `verdicts` maps (student, section) to verdicts by
    exercise."""
    for item in expected:
        got = verdicts.get((item.student, item.section), {})
        for name, score in item.scores.items():
            verdict = got.get(name)
            here = f"{item.student}, {item.section}, {name} ({item.profile})"
            if verdict is None:
                yield f"{here}: no verdict, expected {score:g}"
            elif abs(verdict["score"] - score) > 0.005 or verdict["mistake"] != item.mistakes[name]:
                yield f"{here}: {verdict['score']:g} {verdict['mistake']}, expected {score:g} {item.mistakes[name]}"
