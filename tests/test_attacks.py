"""Every attack of the table gains nothing, harms nobody, shows nothing hidden, and is no fault of the grader."""

from __future__ import annotations

import json
import re
import socket
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from attacks import ATTACKS, S02, Attack, build

import grader_tests
from coursekit.grading import worker
from coursekit.grading.judge import Judged, judge
from coursekit.intake.submissions import Cell, Release, Submission, read_release, read_submission
from coursekit.pages import feedback
from coursekit.pages.autograded import with_verdicts
from coursekit.sandbox import Limits, Outcome, Sandbox
from coursekit.settings import Course
from descentlab.checks import InPlace, Prepared, Question, assess

pytestmark = pytest.mark.xdist_group("attacks")

MIB = 2**20
LIMITS = Limits(
    exercise_cpu=0.5, exercise_wall=10.0, cell_cpu=1.0, cell_wall=10.0, submission_cpu=20.0, submission_wall=60.0,
    memory=400 * MIB, tmp_bytes=32 * MIB, file_size=8 * MIB, output_text=50_000,
)  # fmt: skip
SECRET = b"the secret of a course in tests"
# Digits of a hidden input that no sentence of a check shows: it writes numbers with as few as tell them apart.
DIGITS = 9


@dataclass
class Eavesdropper:
    """The course's checks, with an ear on all numbers that a student's functions are called with."""

    checks: Any
    inputs: set[str] = field(default_factory=set)

    def judge(self, name: str, student: Any, seed: list[int], points: float) -> dict:
        return self.checks.judge(name, _Overheard(student, self.inputs), seed, points)


class _Overheard:
    def __init__(self, student: Any, inputs: set[str]):
        self.student, self.inputs = student, inputs

    def call(self, name: str, arguments: Mapping[str, Any], helpers: Mapping[str, Callable]) -> Outcome:
        for value in arguments.values():
            if isinstance(value, (float, np.ndarray)):
                self.inputs.update(digits for number in np.ravel(value) if (digits := digits_of(float(number))))
        return self.student.call(name, arguments, helpers)

    def value(self, name: str) -> Any:
        return self.student.value(name)


def digits_of(number: float) -> str:
    """Return a number's first digits as they would stand in its text, "" for a round one."""
    digits = repr(abs(number)).partition("e")[0].replace(".", "").lstrip("0")
    return digits[:DIGITS] if len(digits) >= 14 else ""


@dataclass
class Range:
    """Where attacks are tried: the course, one warm sandbox for all, and what of the host they reach for."""

    course: Course
    sandbox: Sandbox
    places: dict[str, str]
    folder: Path
    releases: dict[str, Release] = field(default_factory=dict)

    def tell(self, source: str) -> str:
        for name, place in self.places.items():
            source = source.replace(f"@{name}@", place)
        return source

    def hand_in(self, attack: Attack) -> tuple[Release, Submission]:
        solved = json.loads(self.course.notebook(self.course.solutions, attack.section).read_text(encoding="utf-8"))
        folder = self.folder / "submitted" / re.sub(r"\W+", "-", attack.name)[:80] / attack.section
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in build(attack, solved, self.tell).items():
            (folder / name).unlink(missing_ok=True)
            if isinstance(content, tuple):
                (folder / name).symlink_to(*content)
            else:
                (folder / name).write_text(content, encoding="utf-8", errors="surrogatepass")
        if attack.section not in self.releases:
            self.releases[attack.section] = read_release(self.course.notebook(self.course.assignments, attack.section))
        release = self.releases[attack.section]
        return cut(release, read_submission(release, folder, "eve"), attack)

    def judged(self, attack: Attack, sandbox: Sandbox | None = None) -> tuple[Release, Submission, Judged, set[str]]:
        release, submission = self.hand_in(attack)
        checks = Eavesdropper(self.course.checks_module())
        return release, submission, judge(release, submission, sandbox or self.sandbox, checks, SECRET), checks.inputs


def cut(release: Release, submission: Submission, attack: Attack) -> tuple[Release, Submission]:
    """Return both as far as the exercise after the last one that is attacked, to save time; whole where the file was changed."""
    exercises = [cell.exercise for cell in release.cells if cell.exercise]
    last = max((exercises.index(name) for name in attack.expected), default=0) + 1
    if attack.change or last >= len(exercises):
        return release, submission

    def as_far(cells: tuple[Cell, ...]) -> tuple[Cell, ...]:
        return cells[: 1 + next(at for at, cell in enumerate(cells) if cell.exercise == exercises[last])]

    return replace(release, cells=as_far(release.cells)), replace(submission, cells=as_far(submission.cells))


@pytest.fixture(scope="module")
def ground(real_course: Course, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Range]:
    folder = tmp_path_factory.mktemp("class")
    with sqlite3.connect(folder / "gradebook.db") as book:
        book.execute("create table grade (auto_score real)")
        book.execute("insert into grade values (1.0)")
    for part in ("submitted", "autograded"):
        (folder / part / "other").mkdir(parents=True)
        (folder / part / "other" / "work.ipynb").write_text("another student's work")
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.socket(socket.AF_UNIX) as unix,
        worker.make_sandbox(real_course, "bubblewrap", LIMITS) as sandbox,
    ):
        abstract = f"descent-attacks-{folder.name}-{server.getsockname()[1]}"
        unix.bind(f"\0{abstract}")
        unix.listen()
        places = {"ROOT": real_course.root, "CLASS": folder, "PORT": server.getsockname()[1], "ABSTRACT": abstract}
        yield Range(real_course, sandbox, {name: str(place) for name, place in places.items()}, folder)


HONEST = Attack("is honest")


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_an_attack_comes_to_nothing(attack: Attack, ground: Range) -> None:
    release, submission, judged, inputs = ground.judged(attack)
    assert judged.faults == {}
    assert submission.problem is None

    points = {cell.exercise: cell.points for cell in release.cells if cell.exercise}
    verdicts = {verdict["exercise"]: verdict for verdict in judged.verdicts.values()}
    scores = {name: verdict["score"] for name, verdict in verdicts.items()}
    assert scores == {name: attack.expected.get(name, full) for name, full in points.items()}, texts(judged)

    ran_as_told(attack, submission, judged, {name: verdicts[name]["text"] for name in scores if scores[name] < points[name]})
    nothing_hidden_is_shown(release, submission, judged, inputs)
    nothing_of_the_host_is_changed(ground)
    the_next_is_unharmed(ground)


def the_next_is_unharmed(ground: Range) -> None:
    """An honest neighbour, its first two exercises, gets all its points from the same sandbox."""
    *_, judged, _ = ground.judged(HONEST)
    assert judged.faults == {}
    assert {v["exercise"]: v["score"] for v in judged.verdicts.values()} == {"gd_step": 2.0, "gradient_descent": 4.0}, texts(judged)


def texts(judged: Judged) -> str:
    return "\n\n".join(verdict["text"] for verdict in judged.verdicts.values())


def outputs(judged: Judged) -> str:
    return "\n".join(json.dumps(cell.outputs, ensure_ascii=False) for cell in judged.notebook.cells if cell.cell_type == "code")


def spoken(judged: Judged) -> str:
    """Return what the cells wrote and displayed, as text."""
    found = [output for cell in judged.notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    return "\n".join(o["text"] if o["output_type"] == "stream" else o.get("data", {}).get("text/plain", "") for o in found)


def ran_as_told(attack: Attack, submission: Submission, judged: Judged, low: dict[str, str]) -> None:
    """An attack that never ran proves nothing."""
    assert attack.said or attack.shown or attack.printed or attack.notes
    if attack.said:
        assert low
    for name, words in low.items():
        flat = " ".join(words.split())
        assert re.search(attack.said, flat), f"{name}: {flat}"
    assert re.search(attack.shown, spoken(judged))
    assert re.search(attack.printed, "\n".join(judged.printed.values()))
    assert re.search(attack.notes, "\n".join(submission.notes))


def nothing_hidden_is_shown(release: Release, submission: Submission, judged: Judged, inputs: set[str]) -> None:
    """Neither the notebook that the instructor opens nor the student's page has an input, a hidden name, or anything active."""
    released = release.notebook()
    kept = with_verdicts(judged.notebook, judged.verdicts, "eve", released)
    page = feedback.render("C", "eve", "S", judged.notebook, judged.verdicts, notes=submission.notes, release=released)
    said = "".join(digit for digit in texts(judged) + outputs(judged) if digit not in ". ,\n")
    assert not [digits for digits in inputs if digits in said]
    shown = page + json.dumps([cell.get("outputs") for cell in kept.cells])
    assert not [digits for digits in inputs if digits in shown.replace(".", "")]
    for word in ("reference_impl", "grader_tests", "both_sides_of_the_limit"):
        assert word not in texts(judged)
    assert len(texts(judged)) < 20_000
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e\ud800-\udfff]", page)
    parser = Active()
    parser.feed(page)
    assert parser.found == []


class Active(HTMLParser):
    """Collects what a page could do by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "iframe", "object", "embed", "form", "link", "base", "svg"):
            self.found.append(tag)
        self.found += [f"{tag} {key}" for key, _ in attrs if key.startswith("on")]
        places = [value or "" for key, value in attrs if key in ("href", "src", "action")]
        self.found += [place[:40] for place in places if not place.startswith(("#", "data:image/png;base64,"))]


def nothing_of_the_host_is_changed(ground: Range) -> None:
    with sqlite3.connect(ground.folder / "gradebook.db") as book:
        assert book.execute("select auto_score from grade").fetchall() == [(1.0,)]
    for part in ("submitted", "autograded"):
        assert (ground.folder / part / "other" / "work.ipynb").read_text() == "another student's work"


def test_there_are_attacks_of_every_kind() -> None:
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS) >= 80


@pytest.fixture(scope="module")
def open_ground(ground: Range) -> Iterator[Sandbox]:
    """The same sandbox without its walls, with the course on the path, as an instructor's own notebook has it."""
    course = ground.course
    packages = {name: course.root / name for name in course.student_packages}
    path = {"PYTHONPATH": str(course.root)}
    with Sandbox(student_packages=packages, limits=LIMITS, mode="none", environment=path) as made:
        yield made


@pytest.mark.parametrize("attack", [a for a in ATTACKS if a.control], ids=lambda attack: attack.name)
def test_it_would_find_what_it_looks_for_without_a_sandbox(attack: Attack, ground: Range, open_ground: Sandbox) -> None:
    # So that "nothing found" above tells of the walls, and not of a search that finds nothing anywhere.
    try:
        *_, judged, _ = ground.judged(attack, open_ground)
    finally:
        with sqlite3.connect(ground.folder / "gradebook.db") as book:
            book.execute("update grade set auto_score = 1.0")
        for part in ("submitted", "autograded"):
            (ground.folder / part / "other" / "work.ipynb").write_text("another student's work")
    assert "raises Found" in judged.verdicts["check_gd_step"]["text"]


# What a student's function may come to, whatever the wire lets through: no check of the whole course trips over it.
RETURNED: dict[str, Any] = {
    "None": None, "True": True, "zero": 0, "a float": 0.5, "NaN": float("nan"), "infinity": float("-inf"),
    "a huge integer": 2**1023, "text": "0.5", "empty text": "", "empty list": [], "empty dict": {},
    "ragged": [[1.0], [2.0, 3.0]], "texts": ["a", "b", "c"], "mixed": [1.0, None, "a", [2.0]],
    "huge in a list": [2**1023] * 3, "NaNs": np.full(3, np.nan), "truth": np.array([True] * 3),
    "empty": np.zeros(0), "two billion rows": np.zeros((2**31 - 1, 0)), "a cube": np.zeros((3, 3, 3)),
    "many axes": np.ones((1,) * 32),
    "two": (np.zeros(3), np.zeros(3)), "three": [np.zeros(3)] * 3, "two of a kind": np.zeros((2, 3)), "two empty": [[], []],
    "two odd": [np.zeros((2**31 - 1, 0)), None], "dict": {"a": np.zeros(3), 1: [2]}, "infinities": np.full((31, 3), np.inf),
    "thirty-one": [np.zeros(3)] * 31, "texts in rows": [["a"] * 3] * 31, "nested": [[[[[[0.0]]]]]], "many": [0.5] * 1000,
    "a function": lambda *args, **kwargs: 0.1, "a function that raises": lambda *args, **kwargs: 1 / 0,
    "a function that returns itself": lambda *args, **kwargs: print, "functions": {"a": print, "b": [print]},
    "largest": np.full(3, np.finfo(float).max), "smallest": np.full(3, 5e-324), "int64": np.full(3, -(2**63)),
}  # fmt: skip


@cache
def prepared(name: str) -> Prepared:
    return grader_tests.prepared(name, [1, 2, 3])


@pytest.mark.parametrize("name", RETURNED)
def test_no_check_of_the_course_trips_over_a_value(name: str) -> None:
    value = RETURNED[name]
    for exercises in grader_tests.sections().values():
        for exercise, item in exercises.items():
            namespace = {exercise: value if isinstance(item, Question) else lambda *args, **kwargs: value}
            verdict = assess(prepared(exercise), InPlace(namespace), 4.0)
            assert verdict.score == 0, verdict.text


def test_an_answer_too_large_to_hand_over_refuses_the_question(ground: Range) -> None:
    # The judge's function makes it of what the student's code asks for: no fault of the sandbox.
    with ground.sandbox.child() as child:
        child.run_cell("def f(g):\n    return g(10**7)")
        assert child.call("f", {"g": lambda n: np.zeros(n)}).error.kind == "RuntimeError"
        assert child.call("f", {"g": lambda n: n}).value == 10**7


def test_a_function_that_was_given_works_no_longer_in_the_next_exercise(ground: Range) -> None:
    with ground.sandbox.child() as child:
        child.run_cell("def f(g):\n    global kept\n    kept = g\ndef h(): return kept(3)\ndef same(): return kept")
        child.begin_exercise("one")
        child.call("f", {"g": lambda x: x + 1})
        assert child.call("h", {}).value == 4
        child.begin_exercise("two")
        assert child.call("h", {}).error.kind == "ValueError"
        with pytest.raises(ValueError, match="is gone"):
            child.call("same", {}).value(3)


def test_copies_of_the_hidden_packages_are_hidden_too(real_course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (real_course.reference, real_course.checks):
        (tmp_path / name).mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    sandbox = worker.make_sandbox(real_course, "bubblewrap", LIMITS)
    assert {tmp_path / real_course.reference, tmp_path / real_course.checks, real_course.root} <= set(sandbox.hidden)


def test_the_honest_notebook_is_what_the_attacks_are_made_of(ground: Range) -> None:
    *_, judged, inputs = ground.judged(HONEST)
    assert judged.faults == {}
    assert all(verdict["score"] == verdict["points"] for verdict in judged.verdicts.values())
    assert len(inputs) > 40
    assert HONEST.section == S02
