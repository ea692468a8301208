"""A student's cells as they may stand on a page: their code and prose as escaped text, their outputs bounded and redrawn."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache

from markupsafe import Markup, escape
from nbformat import NotebookNode
from nbgrader import utils
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from coursekit.pages.pictures import Picture, redrawn
from coursekit.pages.plaintext import printed, visible

_MAX_SOURCE = 40_000
_MAX_PICTURES = 40


@dataclass
class Output:
    """One output to show: `kind` is "text", "warning" (stderr), "error", "picture" or "note"."""

    kind: str
    text: str = ""
    line: str | None = None
    picture: Picture | None = None


@dataclass
class Shown:
    """One cell to show: `code` is highlighted markup, `prose` plain text; `folded` where the code is not the student's."""

    grade_id: str | None
    code: Markup | None = None
    prose: str | None = None
    folded: bool = False
    outputs: list[Output] = field(default_factory=list)


class CellShop:
    """Makes `Shown` cells of one submission, within one budget of pictures."""

    def __init__(self, executed: NotebookNode, release: NotebookNode | None = None):
        self._released = {cell.get("id"): cell.source for cell in release.cells} if release else {}
        code = (cell.source for cell in executed.cells if cell.cell_type == "code")
        self._lines = {line.strip() for source in code for line in source.split("\n") if line.strip()}
        self._pictures = _MAX_PICTURES

    def shown(self, cell: NotebookNode) -> Shown | None:
        """Return what to show of a cell; None for the release's own prose and cells without anything to see."""
        same = self._released.get(cell.get("id")) == cell.source
        answer = bool(utils.is_solution(cell))
        name = cell.metadata.get("nbgrader", {}).get("grade_id") if answer else None
        if cell.cell_type == "code":
            ours = not answer and (same or utils.is_locked(cell))
            outputs = [shown for output in cell.outputs for shown in self._output(output)]
            if not cell.source.strip() or (ours and not outputs):
                return None
            return Shown(name, code=highlighted(cell.source), folded=ours, outputs=outputs)
        if answer or (self._released and not same and not utils.is_locked(cell) and not utils.is_task(cell)):
            return Shown(name, prose=printed(cell.source, 400, _MAX_SOURCE)) if cell.source.strip() else None
        return None

    def _output(self, output: NotebookNode) -> Iterable[Output]:
        kind = output.get("output_type")
        if kind == "stream":
            if text := printed("".join(output.get("text") or "")).strip("\n"):
                yield Output("warning" if output.get("name") == "stderr" else "text", text)
        elif kind == "error":
            yield self._error(output)
        elif data := output.get("data"):
            yield from self._display(data)

    def _display(self, data: dict) -> Iterable[Output]:
        if "image/png" in data:
            if self._pictures <= 0:
                yield Output("note", f"A picture is left out: only {_MAX_PICTURES} are shown.")
                return
            self._pictures -= 1
            try:
                yield Output("picture", picture=redrawn("".join(data["image/png"])))
            except ValueError as reason:
                yield Output("note", f"A picture is left out: {reason}.")
        elif "text/plain" in data:
            yield Output("text", printed("".join(data["text/plain"])))
        else:
            yield Output("note", "An output is left out: only text and PNG pictures are shown here.")

    def _error(self, output: NotebookNode) -> Output:
        """Return an exception as its type, what it says, and the line of the student's own code where it came up."""
        says = ": ".join(part for key in ("ename", "evalue") if (part := printed(str(output.get(key, "")), 12, 600)))
        trace = printed("\n".join(map(str, output.get("traceback", []))), 400, 40_000).split("\n")
        marked = [match[1] for line in trace if (match := re.match(r"-+>\s*\d+\s(.*)", line))]
        # Only a line that stands in the notebook is shown: not one from inside a library.
        own = [line.strip() for line in marked or trace if line.strip() in self._lines]
        return Output("error", says or "an error without a name", line=own[-1] if own else None)


def highlighted(source: str) -> Markup:
    """Return Python code as escaped text in spans of Pygments' classes, nothing else."""
    text = visible(source).rstrip()
    if len(text) > _MAX_SOURCE:
        return escape(f"{text[:_MAX_SOURCE]}\n… the rest is left out ({len(text)} characters in all)")
    lexer, formatter = _pygments()
    return Markup(highlight(text, lexer, formatter).rstrip("\n"))


@cache
def _pygments() -> tuple[PythonLexer, HtmlFormatter]:
    return PythonLexer(stripnl=True, ensurenl=True), HtmlFormatter(nowrap=True)
