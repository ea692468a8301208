"""The feedback page of a submission: one HTML file that needs nothing else and can do nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup, escape
from nbformat import NotebookNode
from nbgrader import utils

from coursekit.atomic import component, write_file
from coursekit.pages.plaintext import printed
from coursekit.pages.studentcells import CellShop, Shown

# nbgrader's release_feedback reads these beside the page.
_EXCHANGE_FILES = ("timestamp.txt", "submission_secret.txt")


@dataclass
class Entry:
    """One graded cell on the page. Scores in points; `score` is None where there is none yet."""

    anchor: str
    title: str
    points: float
    score: float | None
    # "judged", "fault" (of the grader), or "manual" (a person reads it).
    kind: str
    # Whether a person set the score.
    adjusted: bool = False
    verdict: Mapping | None = None
    comments: list[str] = field(default_factory=list)
    cells: list[Shown] = field(default_factory=list)

    @property
    def percent(self) -> float:
        """Return the score as percent of the points, for the bar; within 0 and 100."""
        if self.score is None:
            return 0.0
        return min(max(100 * self.score / self.points, 0.0), 100.0) if self.points else 100.0

    @property
    def level(self) -> str:
        """Return "full", "part" or "none", or "open" without a score."""
        if self.score is None:
            return "open"
        return "full" if self.score >= self.points else "part" if self.score > 0 else "none"

    def share(self, part: Mapping) -> float:
        """Return the points that a check is worth: its weight's share; a gate, which can only cost points, has none."""
        whole = sum(other["weight"] for other in self.verdict["parts"] if not other["gate"])
        return self.points * part["weight"] / whole if whole and not part["gate"] else 0.0

    @property
    def gate_cost(self) -> float:
        """Return the points that failed gates took off what the other checks earned."""
        parts = self.verdict["parts"]
        if all(part["passed"] for part in parts if part["gate"]):
            return 0.0
        return max(sum(self.share(part) for part in parts if part["passed"]) - self.verdict["score"], 0.0)


def render(
    course_title: str,
    student: str,
    section_title: str,
    executed: NotebookNode,
    verdicts: Mapping[str, Mapping | None],
    late_penalty: float | None = None,
    notes: Sequence[str] = (),
    *,
    release: NotebookNode | None = None,
    adjusted: Mapping[str, float] | None = None,
    comments: Mapping[str, str] | None = None,
    submitted: str | None = None,
) -> str:
    """Return the feedback page of a submission.

    `executed` is the notebook as it ran, `verdicts` maps grade_id to verdict (None: the grader failed), `late_penalty`
    the points taken off, `notes` sentences about the submission as a whole (what intake left out). `release` lets the
    page tell the student's cells from the release's. `adjusted` and `comments` (by grade_id) are what people entered in
    the gradebook: `Book.record` returns them. `submitted` is the timestamp as text.
    """
    entries, rest = _entries(executed, verdicts, adjusted or {}, comments or {}, release)
    score = sum(entry.score or 0.0 for entry in entries)
    return _template().render(
        course_title=course_title,
        student=student,
        section_title=section_title,
        entries=entries,
        rest=rest,
        score=score,
        points=sum(entry.points for entry in entries),
        penalty=late_penalty or 0.0,
        final=max(score - (late_penalty or 0.0), 0.0),
        waiting=[entry for entry in entries if entry.score is None],
        notes=list(notes),
        submitted=submitted,
    )


def write_feedback(root: Path, student: str, section: str, html: str) -> Path:
    """Write the page to `feedback/<student>/<section>/<section>.html`, where nbgrader's release_feedback looks for it.

    What the exchange needs beside it (timestamp, the submission's secret) is taken from `autograded/`, so write that
    first. Returns the page's path. Errors: ValueError for names that cannot be folders.
    """
    component(student, "student"), component(section, "section")
    folder = Path(root) / "feedback" / student / section
    beside = Path(root) / "autograded" / student / section
    for name in _EXCHANGE_FILES:
        if (beside / name).is_file():
            write_file(folder / name, (beside / name).read_bytes())
    # The page last: where it stands, all that belongs to it stands too.
    page = folder / f"{section}.html"
    write_file(page, html.encode("utf-8", "replace"))
    return page


def _entries(executed, verdicts, adjusted, comments, release) -> tuple[list[Entry], list[Shown]]:
    """Return the graded cells in order, each with the cells that lead up to it, and the cells after the last."""
    shop = CellShop(executed, release)
    entries: list[Entry] = []
    waiting: list[Shown] = []
    for cell in executed.cells:
        judged = cell.cell_type == "code" and utils.is_grade(cell) and not utils.is_solution(cell)
        if not judged and (shown := shop.shown(cell)):
            waiting.append(shown)
        if utils.is_grade(cell) or utils.is_task(cell):
            name = cell.metadata.nbgrader["grade_id"]
            entry = _entry(name, float(cell.metadata.nbgrader["points"]), judged, verdicts.get(name), adjusted)
            entry.anchor = f"exercise-{len(entries) + 1}"
            entry.cells, waiting = waiting, []
            answers = [name, *(shown.grade_id for shown in entry.cells if shown.grade_id and shown.grade_id != name)]
            # nbgrader's own "No response." says less than the verdict of a function that is not written yet.
            found = [comments[answer] for answer in answers if answer in comments]
            entry.comments = [comment for comment in found if not judged or comment != "No response."]
            entries.append(entry)
    return entries, waiting


def _entry(name: str, points: float, judged: bool, verdict: Mapping | None, adjusted: Mapping[str, float]) -> Entry:
    entry = Entry("", name, points, adjusted.get(name), "manual", adjusted=name in adjusted)
    if judged:
        missing = verdict is None or verdict.get("score") is None
        entry.kind = "fault" if missing else "judged"
        entry.title = verdict["exercise"] if verdict else name.removeprefix("check_")
        if not missing:
            entry.verdict = verdict
            entry.score = adjusted.get(name, verdict["score"])
    return entry


def _points(value: float) -> str:
    """Return points as people write them: 2, 2.5, 0.33; never -0."""
    return f"{round(value, 2) + 0.0:g}"


def _told(text: str | None) -> Markup:
    """Return a sentence of the checks as it may be shown, `words between backticks` as code.

    It can carry a student's own strings: so it is escaped first, and what then becomes code is escaped already.
    """
    return Markup(re.sub(r"`([^`\n]{1,120})`", r"<code>\1</code>", str(escape(printed(text or "", 40, 4000)))))


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(points=_points, told=_told)
    return environment.get_template("feedback.html.j2")
