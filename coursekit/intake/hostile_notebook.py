"""Takes the cells' text out of a notebook file that may hold anything: bounded, and never more than text."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from coursekit.intake.release_notebook import KINDS, PROTECTION, carried_by, protection_of

MAX_BYTES = 20_000_000  # honest notebooks grow by the pictures in their outputs
MAX_BRACKETS = 500_000  # objects and lists: each takes far more memory than its two bytes in the file
MAX_CELLS = 1000
MAX_TEXT = 200_000  # characters in one cell
MAX_TEXT_TOTAL = 2_000_000

# Control characters but tab and newline, halves of surrogate pairs, and what is no character at all.
_UNSAFE = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_CELL_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")


class Broken(Exception):
    """A file that is no notebook to take text from; its text says why, as the end of a sentence."""


@dataclass(frozen=True)
class Found:
    """A cell of a submission. `id` and `grade_id` are claims, not facts; `fault` says why no text can be taken."""

    number: int  # from 1, as a reader counts
    id: str | None
    kind: str | None  # one of KINDS, or None
    source: str
    grade_id: str | None
    protection: tuple  # what its nbgrader metadata say, to be compared with the release's
    carried: frozenset[tuple[str, str]]  # what it has besides its text, to be compared likewise
    fault: str | None
    changed: bool  # characters had to be made safe


def parse(content: bytes) -> tuple[list[Found], list[str]]:
    """Return the cells of a notebook file, and notes on the file as a whole. Raises Broken, and nothing else."""
    data, doubled = _load(content)
    notes = ["a name stands twice in one object of the file: the last one counts, as in Jupyter"] if doubled else []
    if not isinstance(data, dict) or type(data.get("nbformat")) is not int:
        raise Broken("is not a notebook")
    if data["nbformat"] == 3:
        data = _from_version_3(data)
        notes.append("the file has the old notebook format 3: it was converted")
    elif data["nbformat"] != 4:
        raise Broken(f"has the notebook format {shown_number(data['nbformat'])}, which is not known here")
    raws = data.get("cells")
    if not isinstance(raws, list):
        raise Broken("has no list of cells")
    if len(raws) > MAX_CELLS:
        raise Broken(f"has {len(raws)} cells, more than {MAX_CELLS}")
    found = [_found(number, raw) for number, raw in enumerate(raws, 1)]
    if sum(len(cell.source) for cell in found) > MAX_TEXT_TOTAL:
        raise Broken(f"has more than {MAX_TEXT_TOTAL} characters of text in its cells")
    return found, notes


def shown_number(number: int) -> str:
    """Return an integer as text, whatever its size."""
    return str(number) if abs(number) < 10**6 else "of a huge number"


def safe_text(text: str) -> str:
    """Return text with \\n for every line end, and every character that could do harm on its way replaced by U+FFFD."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    # Python allows a form feed between lines, where U+FFFD would be a syntax error.
    return _UNSAFE.sub("\ufffd", text.replace("\f", ""))


def _load(content: bytes) -> tuple[Any, bool]:
    doubled = False

    def one_object(pairs: list[tuple[str, Any]]) -> dict:
        nonlocal doubled
        result = dict(pairs)
        doubled = doubled or len(result) < len(pairs)
        return result

    if not content.strip():
        raise Broken("is empty")
    if content.count(b"[") + content.count(b"{") > MAX_BRACKETS:
        raise Broken(f"holds more than {MAX_BRACKETS} lists and objects")
    try:
        return json.loads(content.decode("utf-8-sig"), object_pairs_hook=one_object), doubled
    except UnicodeDecodeError as error:
        raise Broken(f"is not UTF-8 text (byte {error.start})") from error
    except json.JSONDecodeError as error:
        raise Broken(f"is not valid JSON (line {error.lineno}, column {error.colno}: {error.msg})") from error
    except ValueError as error:
        raise Broken("holds a number with thousands of digits") from error
    except (RecursionError, MemoryError) as error:
        raise Broken("is nested too deeply") from error


def _from_version_3(data: dict) -> dict:
    """Convert through nbformat, which is given nothing but text, types and grade ids."""
    import nbformat

    sheets = data.get("worksheets")
    raws = []
    for sheet in sheets if isinstance(sheets, list) else []:
        cells = sheet.get("cells") if isinstance(sheet, dict) else None
        raws += cells if isinstance(cells, list) else []
    if len(raws) > MAX_CELLS:
        raise Broken(f"has {len(raws)} cells, more than {MAX_CELLS}")
    plain = [_plain_version_3(raw) for raw in raws]
    old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": plain, "metadata": {}}]}
    try:
        new = nbformat.convert(nbformat.from_dict(old), 4)
    except Exception as error:  # whatever an old converter may raise on a strange file
        raise Broken("has the old notebook format 3 and cannot be converted") from error
    for cell in new["cells"]:
        cell.pop("id", None)  # made up by the conversion
    return new


def _plain_version_3(raw: Any) -> dict:
    raw = raw if isinstance(raw, dict) else {}
    kind = raw.get("cell_type")
    text = _text(raw.get("input" if kind == "code" else "source")) or ""
    meta = raw.get("metadata")
    grader = meta.get("nbgrader") if isinstance(meta, dict) else None
    flat = {key: value for key, value in zip(PROTECTION, protection_of(grader), strict=True) if value is not None}
    plain: dict[str, Any] = {"cell_type": kind, "metadata": {"nbgrader": flat} if flat else {}}
    if kind == "code":
        return plain | {"input": text, "language": "python", "outputs": [], "collapsed": False, "prompt_number": None}
    if kind == "heading":
        level = raw.get("level")
        return plain | {"source": text, "level": level if level in range(1, 7) else 1}
    return plain | {"source": text, "cell_type": kind if kind in ("markdown", "html", "raw") else "raw"}


def _text(source: Any) -> str | None:
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        return "".join(source)
    return source if isinstance(source, str) else None


def _found(number: int, raw: Any) -> Found:
    raw = raw if isinstance(raw, dict) else {}
    kind = raw.get("cell_type")
    kind = kind if isinstance(kind, str) and kind in KINDS else None
    text = _text(raw.get("source"))
    fault = None
    if kind is None:
        fault = "is neither code, markdown nor raw"
    elif text is None:
        fault = "has no text as its source"
    elif len(text) > MAX_TEXT:
        fault = f"is longer than {MAX_TEXT} characters"
    source = safe_text(text) if text is not None and fault is None else ""
    meta = raw.get("metadata")
    grader = meta.get("nbgrader") if isinstance(meta, dict) else None
    grade_id = grader.get("grade_id") if isinstance(grader, dict) else None
    cell_id = raw.get("id")
    return Found(
        number=number,
        id=cell_id if isinstance(cell_id, str) and _CELL_ID.fullmatch(cell_id) else None,
        kind=kind,
        source=source,
        grade_id=grade_id if isinstance(grade_id, str) else None,
        protection=protection_of(grader),
        carried=carried_by(raw),
        fault=fault,
        changed="\ufffd" in source and "\ufffd" not in (text or ""),
    )
