"""The lecture view's static pictures: SVG files made from the solved notebook's code, each marked with a hash of its source."""

from __future__ import annotations

import ast
import hashlib
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from coursekit.settings import Course, CourseError

if TYPE_CHECKING:
    from coursekit.authoring.build import Section

_MARK = re.compile(r"<!-- source: ([0-9a-f]{64}) -->")


def picture_path(course: Course, section: str, figure: str) -> Path:
    """Return where the picture of a figure lies."""
    return course.lectures / "figures" / f"{section}_{figure}.svg"


def draw(course: Course, sections: list[Section], tell: Callable[[Path], None] = lambda path: None) -> list[Path]:
    """Run each section's solved code and save its figures. Returns the paths written.

    Raises CourseError with the source's file and line where a cell raises or a figure cell leaves no figure.
    """
    import matplotlib as mpl

    mpl.use("Agg", force=True)
    written = []

    def others(stem: str) -> list[str]:
        return [other for other in course.sections if other.startswith(f"{stem}_")]

    for section in sections:
        wanted = {block.name: picture_path(course, section.stem, block.name) for block in section.blocks if block.kind == "figure"}
        for name, svg in _run(section, wanted):
            path = wanted[name]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{svg}<!-- source: {source_hash(course, section, name)} -->\n", encoding="utf-8")
            written.append(path)
            tell(path)
        for path in picture_path(course, section.stem, "").parent.glob(f"{section.stem}_*.svg"):
            # A stem may be the beginning of another one.
            if path not in wanted.values() and not any(path.name.startswith(f"{other}_") for other in others(section.stem)):
                path.unlink()
    return written


def stale(course: Course, sections: list[Section]) -> list[str]:
    """Return a sentence for each picture that is missing, was made from another source, or belongs to no figure."""
    wrong = []
    known = set()
    for section in sections:
        for block in section.blocks:
            if block.kind != "figure":
                continue
            path = picture_path(course, section.stem, block.name)
            known.add(path)
            name = path.relative_to(course.root)
            if not path.is_file():
                wrong.append(f"{name}: is missing; run coursekit figures {section.stem}")
                continue
            mark = _MARK.search(path.read_text(encoding="utf-8"))
            if not mark or mark[1] != source_hash(course, section, block.name):
                wrong.append(f"{name}: was drawn from another source; run coursekit figures {section.stem}")
    for path in sorted((course.lectures / "figures").glob("*.svg")):
        if path not in known:
            wrong.append(f"{path.relative_to(course.root)}: belongs to no figure; delete it")
    return wrong


def source_hash(course: Course, section: Section, figure: str) -> str:
    """Return a hash of all that a figure is made of: the code of its section down to it, and the course's figure code."""
    state = hashlib.sha256()
    for _, code in _code(section, until=figure):
        state.update(code.encode())
    for entry in course.figure_code:
        for path in sorted(entry.rglob("*.py")) if entry.is_dir() else [entry]:
            state.update(path.read_bytes())
    return state.hexdigest()


def _code(section: Section, until: str = "") -> list[tuple[int, str]]:
    """Return the solved code of a section with its lines in the source, down to the figure `until`."""
    found = []
    for block in section.blocks:
        if block.kind in ("code", "setup", "figure"):
            found.append((block.line, block.text))
        elif block.kind == "carried":
            found.append((block.line, "\n\n".join(f"{answer.head}\n{answer.body}" for answer in section.carried.values())))
        elif block.kind in ("exercise", "question"):
            answer = section.answers[block.name]
            found.append((block.line, f"{answer.name} = {answer.body}" if answer.is_value else f"{answer.head}\n{answer.body}"))
        if block.kind == "figure" and block.name == until:
            break
    return found


def _run(section: Section, wanted: dict[str, Path]) -> list[tuple[str, str]]:
    names = {block.line: block.name for block in section.blocks if block.kind == "figure"}
    namespace: dict[str, object] = {"__name__": "__main__"}
    pictures = []
    for line, code in _code(section):
        try:
            value = _value_of(code, f"{section.source}:{line}", namespace)
        except Exception as error:
            raise CourseError(f"{section.source}:{line}: this cell raises {type(error).__name__}: {error}") from error
        if line in names:
            svg = _svg_of(value)
            if svg is None:
                raise CourseError(f"{section.source}:{line}: the cell of the figure {names[line]!r} does not end in a figure")
            pictures.append((names[line], svg))
    return pictures


def _svg_of(value: object) -> str | None:
    """Return a figure of matplotlib, or whatever else shows itself as SVG (a widget), as an SVG; None for anything else."""
    from matplotlib.figure import Figure

    if isinstance(value, Figure):
        # No date and a fixed salt: the same figure gives the same file.
        with io.StringIO() as file, _fixed_salt():
            value.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
            return file.getvalue()
    return value._repr_svg_() if hasattr(value, "_repr_svg_") else None


def _value_of(code: str, name: str, namespace: dict[str, object]) -> object:
    """Run a cell and return the value of its last expression, None where it ends otherwise."""
    tree = ast.parse(code, name)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, name, "exec"), namespace)
    return eval(compile(ast.Expression(last.value), name, "eval"), namespace) if last else None


def _fixed_salt() -> object:
    import matplotlib as mpl

    return mpl.rc_context({"svg.hashsalt": "coursekit"})
