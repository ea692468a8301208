"""One child of the sandbox as the judge uses it: run its cells, call its functions, read its values."""

from __future__ import annotations

import base64
import re
import shutil
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from coursekit.box.wire import clean
from coursekit.sandbox.link import Link
from coursekit.sandbox.mounts import regular_files
from coursekit.sandbox.types import CellResult, ChildDied, Limits, Outcome
from coursekit.sandbox.words import expect, raised_of

# The control sequences that some tools put into text to colour it.
_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_PNG = b"\x89PNG\r\n\x1a\n"


class Child:
    """A process, and all that it starts, in which one submission's cells run. Use it from one thread at a time.

    Every method raises ChildDied when the child is gone, SandboxFault when the sandbox itself failed.
    """

    def __init__(self, link: Link, limits: Limits, work: Path | None = None, parent: object = None):
        self._link = link
        self._limits = limits
        self._work = work
        self._exercise = False
        self._parent = parent  # held, since the box ends when nobody holds its parent

    def put(self, files: Path) -> None:
        """Copy the regular files below a folder into the child's working directory."""
        found = regular_files(files, self._limits.reply_bytes)
        if found:
            sizes = [[name, len(content)] for name, content in found]
            self._link.request(["files", "", sizes], [content for _, content in found])

    def run_cell(self, source: str, *, label: str = "", pictures: bool = True) -> CellResult:
        """Run a cell with Jupyter's semantics. What it raises is in the result; `label` says which cell died.

        Without `pictures` figures are not drawn, which is most of what a cell with one costs.
        """
        self._exercise = False
        self._link.stop("exercise")
        self._link.forget_callables()
        self._link.lines.update(line.strip() for line in clean(source).split("\n"))
        self._link.begin("cell", self._limits.cell_cpu, self._limits.cell_wall)
        try:
            message, blob = self._link.request(["cell", "", clean(source), pictures], [])
        except ChildDied as error:
            error.add_note(f"in the cell {label!r}")
            raise
        finally:
            self._link.stop("cell")
        return self._link.reading(lambda: _cell_result(message, bytes(blob), self._link.lines))

    def begin_exercise(self, label: str = "") -> None:
        """Give the calls from here on the time of a new exercise; functions that were handed over before work no longer."""
        self._exercise = True
        self._link.forget_callables()
        self._link.begin("exercise", self._limits.exercise_cpu, self._limits.exercise_wall)

    def call(self, name: str, kwargs: Mapping[str, Any], helpers: Mapping[str, Callable] | None = None) -> Outcome:
        """Call a function of the student's by its name, on copies of `kwargs`.

        For the time of the call `helpers` stand in the student's namespace, and again whenever a function that it returned is
        called, until the next call. What the function raises is in the outcome.
        """
        if not self._exercise:
            self.begin_exercise()
        return self._link.outcome("call", name, dict(kwargs), dict(helpers or {}))

    def value(self, name: str) -> Any:
        """Return a value of the student's namespace; NameError where there is none of that name."""
        if not self._exercise:
            self.begin_exercise()
        outcome = self._link.outcome("value", name)
        if outcome.error is not None:
            if outcome.error.kind == "NameError":
                raise NameError(name)
            raise ValueError(f"{name}: {outcome.error.message}")
        return outcome.value

    def cpu_seconds(self) -> float:
        """Return the cpu time that the child and its processes have used."""
        return self._link.cpu_seconds()

    def wall_seconds(self) -> float:
        """Return how long we have waited for the child."""
        return self._link.waited

    def close(self) -> None:
        """End the child and everything that it started."""
        try:
            self._link.close()
        finally:
            if self._work is not None:
                shutil.rmtree(self._work, ignore_errors=True)

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _cell_result(message: list, blob: bytes, lines: Collection[str]) -> CellResult:
    kind, _, items, error, count = message
    expect(kind == "ran" and type(items) is list and len(items) <= 1000 and type(count) is int and 0 <= count < 2**31)
    outputs, at = [], 0
    for item in items:
        expect(type(item) is list and len(item) > 1)
        if item[0] == "data":
            expect(type(item[3]) is int and item[3] >= 0)
            png = blob[at : at + item[3]]
            expect(len(png) == item[3])
            at += item[3]
            outputs.append(_shown(item, png, count))
        else:
            outputs.append(_said(item))
    expect(at == len(blob))
    return CellResult(outputs, None if error is None else raised_of(error, lines), count)


def _shown(item: list, png: bytes, count: int) -> dict:
    _, kind, text, _ = item
    expect(kind in ("execute_result", "display_data") and type(text) is str)
    data = {"text/plain": _plain(text)}
    if png:
        expect(png.startswith(_PNG))
        data["image/png"] = base64.b64encode(png).decode("ascii")
    output = {"output_type": kind, "data": data, "metadata": {}}
    return {**output, "execution_count": count} if kind == "execute_result" else output


def _said(item: list) -> dict:
    if item[0] == "stream":
        _, name, text = item
        expect(name in ("stdout", "stderr") and type(text) is str)
        return {"output_type": "stream", "name": name, "text": _plain(text)}
    kind, name, message, lines = item
    expect(kind == "error" and type(name) is str and type(message) is str and type(lines) is list)
    expect(all(type(line) is str for line in lines))
    lines = [_plain(line) for line in lines]
    return {"output_type": "error", "ename": _plain(name), "evalue": _plain(message), "traceback": lines}


def _plain(text: str) -> str:
    return _COLOURS.sub("", clean(text))
