"""A section's notebooks, constructed from its source and its reference: the student's, the solved one and the lecture view."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import nbformat
from nbformat.notebooknode import NotebookNode
from nbgrader.utils import compute_checksum

from coursekit.authoring.reference import Answer
from coursekit.authoring.source import Block

# nbgrader_config.py says the same: an Ellipsis, so that an unwritten function returns None and Run All goes on.
STUB = ("# YOUR CODE HERE", "...")
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"

_KERNEL = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def answer_cell(answer: Answer, *, solved: bool) -> str:
    """Return the text of the cell in which the answer stands, solved or as the stub that nbgrader would make of it."""
    if answer.is_value:
        inside = [f"    {line}" for line in ((BEGIN, answer.body, END) if solved else STUB)]
        return "\n".join([f"{answer.name} = (", *inside, ")"])
    inside = [f"    {BEGIN}", answer.body, f"    {END}"] if solved else [f"    {line}" for line in STUB]
    return "\n".join([answer.head, *inside])


def carried_cell(comment: str, answers: list[Answer], *, solved: bool) -> str:
    """Return the text of the cell that holds answers of other sections, solved or as a stub."""
    functions = "\n\n\n".join(f"{answer.head}\n{answer.body}" for answer in answers)
    return "\n".join([comment, *((BEGIN, functions, END) if solved else STUB)])


def graded_line(name: str) -> str:
    """Return the one line of a graded cell."""
    return f'check("{name}", globals())'


def digest(notebook: NotebookNode) -> str:
    """Return a hash of what a person may have edited in a notebook: the types, ids and texts of its cells."""
    cells = [[cell.cell_type, cell.get("id"), cell.source] for cell in notebook.cells]
    return hashlib.sha256(json.dumps(cells).encode()).hexdigest()


def assignment(section: str, source: str, blocks: list[Block], answers: Mapping[str, Answer]) -> NotebookNode:
    """Return the student's notebook: stubs, folded hints, graded cells, locked as nbgrader locks them.

    `answers` are the section's own, and those that it carries from others.
    """
    return _notebook(section, source, _worked_cells(section, blocks, answers, solved=False))


def solution(section: str, source: str, blocks: list[Block], answers: Mapping[str, Answer]) -> NotebookNode:
    """Return the solved notebook, the source of nbgrader's own generate_assignment."""
    return _notebook(section, source, _worked_cells(section, blocks, answers, solved=True))


def lecture(
    section: str, source: str, blocks: list[Block], answers: Mapping[str, Answer], *, picture: Callable[[str], str], link: str
) -> NotebookNode:
    """Return the lecture view: prose, signatures with a link to the assignment, and a static picture for each figure.

    `picture(figure)` is the picture's path and `link` the assignment's, both as seen from the lecture notebook.
    """
    texts = []
    for block in blocks:
        if block.kind == "prose":
            texts.append(re.sub(r"\]\(\.\./(\w+)/\1\.ipynb\)", r"](\1.ipynb)", block.text))
        elif block.kind == "exercise":
            head = answers[block.name].head
            texts.append(f"{block.text}\n\n```python\n{head}\n```\n\n[Write it in the assignment]({link})")
        elif block.kind == "question":
            texts.append(f"{block.text}\n\n[Answer it in the assignment]({link})")
        elif block.kind == "figure":
            texts.append(f"![{block.alt}]({picture(block.name)})")
        elif block.kind == "code":
            texts.append(f"```python\n{block.text}\n```")
    cells = [_cell("markdown", text, f"{section}-{number:03d}") for number, text in enumerate(texts, start=1)]
    return _notebook(section, source, cells)


def dumps(notebook: NotebookNode) -> str:
    """Return a notebook's file, the same bytes for the same notebook."""
    return nbformat.writes(notebook, version=4, sort_keys=True, ensure_ascii=False) + "\n"


def _notebook(section: str, source: str, cells: list[NotebookNode]) -> NotebookNode:
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=dict(_KERNEL))
    notebook.nbformat_minor = 5
    cells[0].metadata["coursekit"] = {"digest": digest(notebook), "generated_from": source}
    nbformat.validate(notebook)
    return notebook


def _worked_cells(section: str, blocks: list[Block], answers: Mapping[str, Answer], *, solved: bool) -> list[NotebookNode]:
    cells: list[NotebookNode] = []

    def add(kind: str, text: str, identity: str = "", **nbgrader: object) -> None:
        # Prose is numbered, answers and their checks are named: what a student hands in is found by an id that edits to
        # the prose of a later release do not move.
        cells.append(_cell(kind, text, identity or f"{section}-{len(cells) + 1:03d}"))
        if nbgrader:
            _grading(cells[-1], solved=solved, **nbgrader)

    for block in blocks:
        if block.kind == "prose":
            add("markdown", block.text)
        elif block.kind == "setup":
            add("code", block.text, f"setup-{section}", grade_id=f"setup_{section}", locked=True)
        elif block.kind in ("code", "figure"):
            add("code", block.text)
        elif block.kind == "carried":
            text = carried_cell(block.text, [answers[name] for name in block.carried], solved=solved)
            add("code", text, f"carried-{section}", grade_id=f"carried_{section}", solution=True)
            cells[-1].metadata["carried"] = list(block.carried)
        else:
            add("markdown", block.text)
            if block.hints:
                add("markdown", _folded(block.hints))
            add("code", answer_cell(answers[block.name], solved=solved), block.name, grade_id=block.name, solution=True)
            add(
                "code",
                graded_line(block.name),
                f"check-{block.name}",
                grade_id=f"check_{block.name}",
                points=block.points,
                locked=True,
            )
            # So that Run All goes on to the next exercise when this one is not right yet.
            cells[-1].metadata["tags"] = ["raises-exception"]
    return cells


def code_cell(text: str, identity: str) -> NotebookNode:
    """Return a plain code cell."""
    return _cell("code", text, identity)


def _cell(kind: str, text: str, identity: str) -> NotebookNode:
    make = nbformat.v4.new_code_cell if kind == "code" else nbformat.v4.new_markdown_cell
    return make(text, id=identity)


def _grading(
    cell: NotebookNode, *, solved: bool, grade_id: str, points: float | None = None, locked: bool = False, solution: bool = False
) -> None:
    """Give a cell nbgrader's metadata; in a release also what nbgrader's LockCells and ComputeChecksums add."""
    marks: dict[str, object] = {"grade": points is not None, "solution": solution, "locked": locked, "task": False}
    marks |= {"grade_id": grade_id, "schema_version": 3}
    if points is not None:
        marks["points"] = int(points) if points == int(points) else points
    cell.metadata["nbgrader"] = marks
    if not solved:
        cell.metadata["deletable"] = False
        if locked:
            cell.metadata["editable"] = False
        cell.metadata["nbgrader"]["checksum"] = compute_checksum(cell)
        cell.metadata["nbgrader"]["cell_type"] = cell.cell_type


def _folded(hints: tuple[str, ...]) -> str:
    return "\n\n".join(
        f"<details><summary>Hint {number} of {len(hints)}</summary>\n\n{hint}\n\n</details>"
        for number, hint in enumerate(hints, start=1)
    )


def loads(text: str) -> NotebookNode:
    """Undo `dumps`."""
    return nbformat.reads(text, as_version=4)


def read_notebook(path: Path) -> NotebookNode:
    """Return a notebook file of the course's own."""
    return loads(path.read_text(encoding="utf-8"))
