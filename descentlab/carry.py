"""Carrying over: the student's functions of earlier sections, as text, into the one cell of a notebook that is made for them."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import re
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from descentlab import progress, recordings

# The first line of a cell that was filled: the digest is that of all below it, so that edits by hand are seen.
_HEAD = re.compile(r"# Carried over by descentlab carry \w+ \((\w{8})\): yours to edit\.\n")


class CannotCarry(Exception):
    """Nothing was written; the message names the file and says what to do."""


@dataclass
class Carried:
    """What was carried into the notebook at `path`: the names found, and for each missing one the reason."""

    path: Path
    found: list[str] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)

    @property
    def report(self) -> str:
        """What `descentlab carry` prints."""
        lines = [f"{self.path}: carried over {', '.join(self.found) or 'nothing'}"]
        if self.missing:
            width = max(map(len, self.missing))
            lines += ["Missing:", *(f"  {name:<{width}}  {why}" for name, why in self.missing.items())]
            lines.append("Write them, save, and run this again. Figures and checks work with what is there.")
        lines.append("If the notebook is open in JupyterLab, reload it from disk (File, Reload Notebook from Disk).")
        return "\n".join(lines)


def carry(folder: Path, section: str, *, force: bool = False) -> Carried:
    """Write the student's functions that `section` builds on into its carried cell, and return what was found and what is missing.

    `section` is a stem, or the beginning of one such as "s14". The functions are read from the notebooks below `folder` as they
    were last saved; nothing is run. Raises CannotCarry where there is no such section or cell, the notebook cannot be read or
    written, or the cell was edited by hand since (`force` overwrites it): the file is then as it was.
    """
    stem = _stem(section)
    path = progress.notebook_path(folder, stem)
    notebook = _read(path)
    cell = next((cell for cell in notebook["cells"] if cell["metadata"].get("carried")), None)
    if cell is None:
        raise CannotCarry(f"{path}: has no cell for functions of earlier sections")
    if not (force or _may_be_replaced(progress.text_of(cell["source"]))):
        raise CannotCarry(f"{path}: the cell of carried functions was edited by hand; say --force to overwrite it")
    carried = Carried(path)
    functions = []
    for name in map(str, cell["metadata"]["carried"]):
        text, reason = _function(folder, name)
        if text:
            carried.found.append(name)
            functions.append(text)
        else:
            carried.missing[name] = reason
    missing = [f"# missing: {name}: {reason}" for name, reason in carried.missing.items()]
    below = "\n".join(missing) + "\n\n" * bool(missing) + ("\n\n\n".join(functions) or "\n".join(progress.STUB))
    cell["source"] = f"# Carried over by descentlab carry {stem} ({_digest(below)}): yours to edit.\n{below}"
    cell["outputs"], cell["execution_count"] = [], None
    _write(path, notebook)
    return carried


def _stem(section: str) -> str:
    found = [stem for stem in recordings.sections() if stem == section or stem.startswith(f"{section}_")]
    if len(found) != 1:
        raise CannotCarry(f"there is no section {section!r}; there are {', '.join(recordings.sections())}")
    return found[0]


def _read(path: Path) -> dict[str, Any]:
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        for cell in notebook["cells"]:
            progress.text_of(cell["source"]) + cell["cell_type"]
            cell["metadata"].get("carried")
    except OSError as error:
        raise CannotCarry(f"{path}: cannot be opened: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CannotCarry(f"{path}: is no notebook that can be read: take it from the course again") from error
    return notebook


def _may_be_replaced(text: str) -> bool:
    """Whether a carried cell is as it was released, or as `carry` wrote it."""
    head = _HEAD.match(text)
    return head[1] == _digest(text[head.end() :]) if head else progress.is_stub(text)


def _digest(text: str) -> str:
    return hashlib.sha256(text.strip().encode("utf-8", "replace")).hexdigest()[:8]


def _function(folder: Path, name: str) -> tuple[str, str]:
    """Return the text of the cell where the student wrote `name`, or "" and the reason why there is none."""
    section = recordings.section_of(name)
    path = progress.notebook_path(folder, section)
    try:
        cells = _read(path)["cells"]
    except CannotCarry as error:
        return "", str(error)
    text = next((progress.text_of(cell["source"]) for cell in cells if cell.get("id") == name), None)
    if text is None:
        return "", f"its cell in {section} is gone: take the notebook from the course again"
    if progress.is_stub(text):
        return "", f"not written yet, in {section}"
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return "", f"its cell in {section} is no Python yet"
    if not any(isinstance(node, ast.FunctionDef) and node.name == name for node in tree.body):
        return "", f"its cell in {section} defines no function of this name"
    return text.strip("\n"), ""


def _write(path: Path, notebook: dict[str, Any]) -> None:
    """Write a notebook as Jupyter does; after a crash the old or the new file is there."""
    text = json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
                file.write(text)
            os.chmod(temporary, path.stat().st_mode & 0o777)
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise CannotCarry(f"{path}: cannot be written: {error.strerror or error}") from error
