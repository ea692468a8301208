"""A lecture source (py:percent) read into blocks: prose, code, figures, exercise slots and questions, with their lines."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

import jupytext

from coursekit.settings import CourseError

HINTS = 3
_HEADER = re.compile(r"^# %%")
_KEYS = {"exercise", "question", "points", "figure", "alt", "title", "carried"}


@dataclass(frozen=True)
class Block:
    """One cell of a source: `kind` is "prose", "code", "setup", "figure", "carried", "exercise" or "question"; `line` is where it
    begins. A carried cell is for the student's answers to the exercises `carried`, which are of other sections."""

    kind: str
    text: str
    line: int
    name: str = ""
    points: float = 0.0
    hints: tuple[str, ...] = ()
    alt: str = ""
    carried: tuple[str, ...] = ()


class SourceFaults(CourseError):
    """All faults found in the course's sources, each with its file and line."""

    def __init__(self, faults: list[str]):
        super().__init__("\n".join(faults))
        self.faults = faults


def read_source(path: Path) -> tuple[list[Block], list[str]]:
    """Return a source's blocks and the faults found in them, each as "file:line: what, and what to do"."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        return [], [f"{path}:1: is not UTF-8 text ({error.reason} at byte {error.start}): save it as UTF-8"]
    headers = [number for number, line in enumerate(text.splitlines(), start=1) if _HEADER.match(line)]
    cells = jupytext.reads(text, fmt="py:percent").cells
    if not headers or headers[0] != 1 or len(cells) != len(headers):
        return [], [f"{path}:1: a source begins with a cell header, # %% or # %% [markdown], and every cell has one"]
    blocks, faults = [], []
    for cell, line in zip(cells, headers, strict=True):
        block, wrong = _block(cell, line)
        blocks.append(block)
        faults += [f"{path}:{line}: {fault}" for fault in wrong]
    faults += [f"{path}:{line}: {fault}" for line, fault in _faults_of_whole(blocks)]
    return blocks, faults


def _block(cell: dict, line: int) -> tuple[Block, list[str]]:
    metadata = {key: value for key, value in cell.metadata.items() if key != "lines_to_next_cell"}
    faults = [f"the cell header has {key!r}, which means nothing here: remove it" for key in sorted(set(metadata) - _KEYS)]
    text = cell.source.strip("\n")
    if "exercise" in metadata or "question" in metadata:
        return _slot(cell.cell_type, metadata, text, line, faults)
    if cell.cell_type == "markdown":
        return Block("prose", text, line), faults
    try:
        ast.parse(text)
    except SyntaxError as error:
        faults.append(f"line {error.lineno} of this cell is no Python: {error.msg}")
    if "figure" in metadata:
        if not metadata.get("alt"):
            faults.append(f'the figure {metadata["figure"]!r} has no alt="…": say in a sentence what is seen')
        return Block("figure", text, line, metadata["figure"], alt=str(metadata.get("alt", ""))), faults
    if "carried" in metadata:
        if not faults and ast.parse(text).body:
            faults.append("a carried cell holds comments alone: the functions come from other sections")
        names = tuple(str(metadata["carried"]).split())
        if not names:
            faults.append('the carried cell names nothing: write carried="gd_step momentum_step"')
        return Block("carried", text, line, carried=names), faults
    title = metadata.get("title", "")
    if title not in ("", "setup"):
        faults.append(f"the cell header says {title!r}: a code cell is plain, setup, or has figure=…")
    return Block("setup" if title == "setup" else "code", text, line), faults


def _slot(cell_type: str, metadata: dict, text: str, line: int, faults: list[str]) -> tuple[Block, list[str]]:
    kind = "exercise" if "exercise" in metadata else "question"
    name = str(metadata[kind])
    if cell_type != "markdown":
        faults.append(f"the slot {name} is a code cell: write # %% [markdown] {kind}=… points=…")
    if not name.isidentifier():
        faults.append(f"{name!r} is no name that a function can have")
    points = metadata.get("points")
    if isinstance(points, bool) or not isinstance(points, (int, float)) or points <= 0:
        faults.append(f"the slot {name} has no points: add points=… above zero to its header")
        points = 0
    task, *hints = re.split(r"^Hint:\s*", text, flags=re.MULTILINE)
    wanted = HINTS if kind == "exercise" else 0
    if len(hints) != wanted:
        faults.append(f"the slot {name} has {len(hints)} hints, {wanted} are wanted: paragraphs that begin with Hint:")
    return Block(kind, task.strip(), line, name, float(points), tuple(hint.strip() for hint in hints)), faults


def _faults_of_whole(blocks: list[Block]) -> list[tuple[int, str]]:
    faults = []
    if sum(block.kind == "setup" for block in blocks) != 1:
        faults.append((1, "a source has exactly one setup cell, # %% setup, with the imports"))
    if len(carried := [block.line for block in blocks if block.kind == "carried"]) > 1:
        faults.append((carried[1], f"there is a carried cell in line {carried[0]} already: name all functions there"))
    for kind in ("exercise", "figure"):
        seen: dict[str, int] = {}
        for block in blocks:
            if block.kind == kind or (kind == "exercise" and block.kind == "question"):
                if block.name in seen:
                    faults.append((block.line, f"the name {block.name} was used in line {seen[block.name]} already: take another"))
                seen.setdefault(block.name, block.line)
    return faults
