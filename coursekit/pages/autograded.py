"""Writes autograded/: the executed notebook with each verdict as outputs that nbgrader reads as the same score."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader import utils

from coursekit.atomic import component, write_folder
from coursekit.gradebook.cells import check_metadata
from coursekit.intake import safe_files
from coursekit.pages.pictures import redrawn
from coursekit.pages.plaintext import printed

# What nbgrader's own grading leaves: to be read, not written.
_MODE = 0o444
_SECRET = "submission_secret.txt"
_UNGRADED = (
    "This exercise could not be graded: a fault of the grader, not of the submission. No score was recorded; "
    "grade the submission again."
)


def write_autograded(
    root: Path,
    student: str,
    section: str,
    notebook: NotebookNode,
    verdicts: Mapping[str, Mapping | None],
    timestamp_text: str | datetime | None = None,
    files: Mapping[str, str | bytes] | None = None,
    *,
    release: NotebookNode | None = None,
) -> Path:
    """Write `autograded/<student>/<section>/` of the course at `root`, whole or not at all; return the notebook's path.

    `notebook` is the executed one, `verdicts` maps grade_id to verdict (None, or no score in it: the grader failed),
    `timestamp_text` the text of the submission's timestamp.txt (or the time, in UTC if naive), `files` (relative name:
    content) what else belongs to the submission: release files, and what `exchange_files` returns.
    Prose that stands like that in `release` is left as it is; other prose loses its HTML and links.
    Errors: ValueError for names that cannot be folders, metadata that nbgrader refuses, a score out of range.
    """
    component(student, "student"), component(section, "section")
    page = with_verdicts(notebook, verdicts, f"{student}'s {section}", release)
    contents: dict[str, str | bytes] = dict(files or {})
    # A lone surrogate in a student's text cannot be written: it becomes a question mark.
    contents[f"{section}.ipynb"] = (nbformat.writes(page) + "\n").encode("utf-8", "replace")
    if isinstance(timestamp_text, datetime):
        timestamp_text = f"{utils.parse_utc(timestamp_text)} UTC"
    if timestamp_text is not None:
        contents["timestamp.txt"] = timestamp_text
    folder = Path(root) / "autograded" / student / section
    write_folder(folder, contents, mode=_MODE)
    return folder / f"{section}.ipynb"


def exchange_files(submitted: Path) -> dict[str, bytes]:
    """Return {name: content} of what nbgrader's exchange left in a submission's folder besides the timestamp.

    That is the submission's secret, without which its feedback cannot be released; nothing where there is none, or
    something else under its name.
    """
    try:
        with safe_files.folder(submitted) as directory:
            secret = safe_files.read(directory, _SECRET, 1000)
    except safe_files.Refused:
        return {}
    return {_SECRET: secret} if re.fullmatch(rb"[0-9a-zA-Z]{16,}\s*", secret) else {}


def with_verdicts(
    notebook: NotebookNode, verdicts: Mapping[str, Mapping | None], where: str, release: NotebookNode | None = None
) -> NotebookNode:
    """Return a copy of the executed notebook as an instructor may open it, each verdict in its graded cell.

    The formgrader shows notebooks with all their HTML and scripts, in the browser of one who may change grades. So of
    the students' outputs only text and pictures stay, and HTML and links in their prose are made text.
    """
    page = copy.deepcopy(notebook)
    ours = {cell.get("id"): cell.source for cell in release.cells} if release else {}
    graded = set()
    for cell in page.cells:
        if cell.cell_type == "code" and utils.is_grade(cell) and not utils.is_solution(cell):
            name = cell.metadata.nbgrader["grade_id"]
            graded.add(name)
            cell.outputs = _outputs(verdicts.get(name), float(cell.metadata.nbgrader["points"]), f"{where}, cell {name}")
            cell.execution_count = None
        elif cell.cell_type == "code":
            cell.outputs = [kept for output in cell.outputs if (kept := _harmless(output))]
        elif cell.cell_type == "markdown" and not (ours.get(cell.get("id")) == cell.source or _is_ours(cell)):
            cell.source = _ACTIVE.sub(r"\g<0> ", cell.source)
    if unknown := sorted(set(verdicts) - graded):
        raise ValueError(f"{where}: there is no graded cell {', '.join(unknown)} for its verdict")
    check_metadata(page, where)
    try:
        nbformat.validate(page)
    except nbformat.ValidationError as error:
        raise ValueError(f"{where}: not a valid notebook: {error.message}") from error
    return page


# What begins a tag, and what makes a link or a picture (they may lead to `javascript:`), in Markdown. A space after it
# makes it text, and formulas such as `$a<b$` and `$f[i](x)$` read the same.
_ACTIVE = re.compile(r"<(?=[A-Za-z/!?])|\](?=[(:])")


def _is_ours(cell: NotebookNode) -> bool:
    """Whether a prose cell is marked as one that a student cannot have changed, or has not."""
    if utils.is_solution(cell):
        return cell.metadata.nbgrader.get("checksum") == utils.compute_checksum(cell)
    return utils.is_locked(cell) or utils.is_task(cell)


def _outputs(verdict: Mapping | None, points: float, where: str) -> list[NotebookNode]:
    """Return the outputs that nbgrader's determine_grade reads as the verdict's score."""
    if verdict is None or verdict.get("score") is None:
        # nbgrader knows no "no score" for a test cell, and no output at all would be full marks. The gradebook holds
        # the truth; should anything read these outputs, then no verdict is no points: stderr is read as zero.
        return [new_output("stream", name="stderr", text=f"{_UNGRADED}\n")]
    score = float(verdict["score"])
    if not 0 <= score <= points:
        raise ValueError(f"{where}: the score {score} is not within 0 and {points}")
    text = printed(verdict["text"], max_lines=400, max_characters=40_000)
    if score == 0 and points > 0:
        first = text.partition("\n")[0]
        return [new_output("error", ename="NotYet", evalue=first, traceback=text.split("\n"))]
    result = new_output("execute_result", data={"text/plain": repr(score)}, execution_count=None)
    return [new_output("stream", name="stdout", text=f"{text}\n"), result]


def _harmless(output: NotebookNode) -> NotebookNode | None:
    """Return an output of a student's cell with its text and picture alone; None where nothing is left."""
    kind = output.get("output_type")
    if kind == "stream":
        name = "stderr" if output.get("name") == "stderr" else "stdout"
        return new_output("stream", name=name, text=_text(output.get("text")) + "\n")
    if kind == "error":
        lines = printed("\n".join(map(str, output.get("traceback", []))), 100, 20_000).split("\n")
        name, value = (printed(str(output.get(key, "")), 5, 500) for key in ("ename", "evalue"))
        return new_output("error", ename=name, evalue=value, traceback=lines)
    data, kept = output.get("data", {}), {}
    if "text/plain" in data:
        kept["text/plain"] = _text(data["text/plain"])
    if "image/png" in data:
        try:
            kept["image/png"] = redrawn("".join(data["image/png"])).base64
        except ValueError as reason:
            kept["text/plain"] = f"[a picture was left out: {reason}]"
    # Shown only where it comes alone: nbgrader prefers HTML, and so would not have shown the text beside it.
    if not kept and data:
        kept["text/plain"] = f"[output left out: {printed(', '.join(sorted(map(str, data))), 3, 200)}]"
    return new_output("display_data", data=kept) if kept else None


def _text(text: str | list[str] | None) -> str:
    return printed("".join(text or ""), max_lines=1000, max_characters=100_000)
