"""The proof that a student bundle holds nothing hidden: every piece of code in it against every hidden one, as syntax trees."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from coursekit.authoring.construct import BEGIN, END
from coursekit.releasing.shapes import shapes_in, shapes_to_hide

# What a bundle may consist of, all of it text: a file of another kind could hold anything.
KINDS = {".py", ".json", ".ipynb", ".svg", ".md", ".yml", ".toml", ".txt", ".csv", ""}


def hidden_shapes(folders: list[Path]) -> dict[str, str]:
    """Return for each hidden function or value its shapes -> where it stands, from all Python files below `folders`."""
    found: dict[str, str] = {}
    for folder in folders:
        for path in sorted(folder.rglob("*.py")):
            for shape, line, name in shapes_to_hide(path.read_text(encoding="utf-8")):
                found.setdefault(shape, f"{path.parent.name}/{path.name}:{line}: {name}")
    return found


def leaks(bundle: Path, hidden: dict[str, str], forbidden_names: list[str]) -> list[str]:
    """Return a sentence for each hidden thing in a bundle, naming the file and the cell; an empty list is the proof.

    `forbidden_names` are packages and folders that must not be there at all, neither as folders nor as files of any kind.
    """
    wrong: list[str] = []
    for path in sorted(bundle.rglob("*")):
        name = path.relative_to(bundle)
        if any(part.split(".")[0] in forbidden_names for part in name.parts):
            wrong.append(f"{name}: has a name that only hidden things have")
        if path.is_symlink():
            wrong.append(f"{name}: is a link; a bundle holds plain files")
        elif path.is_file():
            wrong += (f"{name}{words}" for words in _in_file(path, hidden))
    return wrong


def _in_file(path: Path, hidden: dict[str, str]) -> Iterator[str]:
    if path.suffix not in KINDS:
        yield f": is of a kind ({path.suffix}) that is not looked into"
        return
    try:
        pieces = list(dict.fromkeys(_pieces(path)))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        yield f": cannot be looked into ({type(error).__name__})"
        return
    found: dict[str, None] = {}
    for place, text in pieces:
        for mark in (BEGIN, END):
            if mark in text:
                found[f"{place}: has the mark {mark!r}"] = None
        for shape in shapes_in(text):
            if shape in hidden:
                found[f"{place}: has the code of {hidden[shape]}"] = None
    yield from found


def _pieces(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the texts of a file that may hold code, each with where it stands. Raises where the file is not what its name says."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        notebook = json.loads(text)
        for number, cell in enumerate(notebook["cells"], start=1):
            for piece in _strings(cell):
                yield f", cell {number}", piece
        yield from (("", piece) for piece in _strings({key: notebook[key] for key in notebook if key != "cells"}))
    elif path.suffix == ".json":
        yield from (("", piece) for piece in _strings(json.loads(text)))
    else:
        yield "", text


def _strings(data: object) -> Iterator[str]:
    """Yield all texts in JSON data; a list of lines, as notebooks keep them, is one text."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict):
        for key, value in data.items():
            yield key
            yield from _strings(value)
    elif isinstance(data, list):
        if len(data) > 1 and all(isinstance(line, str) and line.endswith("\n") for line in data[:-1]) and isinstance(data[-1], str):
            yield "".join(data)
        else:
            for value in data:
                yield from _strings(value)
