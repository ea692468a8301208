"""The build: from sources, reference and checks to notebooks and recordings; and the check that what is committed is built."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from coursekit.authoring import construct, figures
from coursekit.authoring.contents import as_built
from coursekit.authoring.reference import Answer, borrowed, read_reference
from coursekit.authoring.source import Block, SourceFaults, read_source
from coursekit.settings import Course, CourseError


@dataclass(frozen=True)
class Section:
    """A section, read: its stem, its source as a path inside the course, its blocks, its answers, and those of other sections that
    it carries over."""

    stem: str
    source: str
    blocks: list[Block]
    answers: dict[str, Answer]
    carried: dict[str, Answer] = field(default_factory=dict)

    @property
    def slots(self) -> list[Block]:
        """The exercises and questions, in order."""
        return [block for block in self.blocks if block.kind in ("exercise", "question")]


def read_sections(course: Course, only: list[str] | None = None) -> list[Section]:
    """Return the course's sections. Raises SourceFaults with every fault of every file, each with its line and a remedy."""
    sections, faults = [], []
    seen: dict[str, str] = {}
    try:
        checked = course.checks_module().sections()
    except Exception as error:
        checked = None
        faults.append(str(error) if isinstance(error, CourseError) else course.said(error, course.checks))
    for stem in course.sections:
        path = course.source_of(stem)
        blocks, wrong = read_source(path)
        reference_path = course.root / course.reference / f"{stem}.py"
        answers, wrong_answers = read_reference(reference_path)
        section = Section(stem, str(path.relative_to(course.root)), blocks, answers)
        faults += wrong + wrong_answers
        if blocks and (answers or not wrong_answers):
            faults += _faults_between(course, section, path, seen, None if checked is None else checked.get(stem, {}))
        sections.append(section)
    faults += _carry_over(course, sections)
    if not sections:
        faults.append(f"{course.sources}: there is no section; a source is a file such as s01_first.py")
    if faults:
        root = f"{course.root}{os.sep}"
        raise SourceFaults([fault.removeprefix(root) for fault in dict.fromkeys(faults)])
    return [section for section in sections if not only or section.stem in only]


def _carry_over(course: Course, sections: list[Section]) -> Iterator[str]:
    """Give each section the answers of others that it carries over; yield a fault for each that there is not."""
    known = {name: answer for section in sections for name, answer in section.answers.items()}
    for section in sections:
        for block in section.blocks:
            for name in block.carried:
                if name in known and name not in section.answers and not known[name].is_value:
                    section.carried[name] = known[name]
                else:
                    here = f"{course.source_of(section.stem)}:{block.line}:"
                    yield f"{here} {name} is no function of another section's exercises: mend the carried cell's list"
        path = course.root / course.reference / f"{section.stem}.py"
        listed = {name for block in section.blocks for name in block.carried}
        for name, line in borrowed(path).items():
            if name not in listed:
                yield f"{path}:{line}: the notebook has no {name}: name it in the carried cell of {course.source_of(section.stem)}"


def _faults_between(
    course: Course, section: Section, path: Path, seen: dict[str, str], checked: Mapping[str, Any] | None
) -> Iterator[str]:
    """Yield what does not fit between a source, its reference and its checks (None: unknown), and between sections."""
    for slot in section.slots:
        if not slot.name.isidentifier():
            continue
        here = f"{path}:{slot.line}:"
        answer = section.answers.get(slot.name)
        if slot.name in seen and seen[slot.name] != section.stem:
            yield f"{here} the name {slot.name} is taken by section {seen[slot.name]}: names are unique in a course"
        seen.setdefault(slot.name, section.stem)
        if answer is None:
            yield f"{here} {course.reference}/{section.stem}.py has no {slot.name}: write the answer there, or mend the slot's name"
        elif answer.is_value != (slot.kind == "question"):
            kind = "value" if answer.is_value else "function"
            yield f"{here} {slot.name} is a {slot.kind}, and its answer in {course.reference} is a {kind}"
        if checked is not None and slot.name not in checked:
            yield f"{here} {course.checks}/{section.stem}.py has no checks of {slot.name}: without them it grades nothing"
    slots = {slot.name for slot in section.slots}
    for name in {**section.answers, **(checked or {})}:
        if name not in slots:
            yield f"{path}:1: no slot asks for {name}, which has an answer or checks: write # %% [markdown] exercise=… points=…"


def built_files(course: Course, sections: list[Section]) -> Iterator[tuple[Path, str]]:
    """Yield every file that the build makes with its text; recordings come first, since figures are made of them."""
    for section in sections:
        yield course.recordings / f"{section.stem}.json", recording_text(course, section)
    for section in sections:
        stem = section.stem
        for folder, make in ((course.assignments, construct.assignment), (course.solutions, construct.solution)):
            answers = section.answers | section.carried
            yield course.notebook(folder, stem), construct.dumps(make(stem, section.source, section.blocks, answers))
        notebook = construct.lecture(
            stem, section.source, section.blocks, section.answers,
            picture=lambda name, stem=stem: figures.picture_path(course, stem, name).relative_to(course.lectures).as_posix(),
            link=Path(os.path.relpath(course.notebook(course.assignments, stem), course.lectures)).as_posix(),
        )  # fmt: skip
        yield course.lectures / f"{stem}.ipynb", construct.dumps(notebook)


def recording_text(course: Course, section: Section) -> str:
    """Return a section's recordings as JSON, a line for each exercise and each run, so that a change shows where it is."""
    checks = course.checks_module()
    groups: dict[str, dict[str, Any]] = {"points": {slot.name: slot.points for slot in section.slots}}
    try:
        groups |= {"exercises": checks.recording(section.stem), "ghosts": checks.ghosts(section.stem)}
    except Exception as error:
        raise CourseError(f"{section.stem} cannot be recorded: {course.said(error, course.checks)}") from error
    parts = []
    for group, items in groups.items():
        rows = [f"  {json.dumps(name)}: {json.dumps(item, ensure_ascii=False, sort_keys=True)}" for name, item in items.items()]
        parts.append(f" {json.dumps(group)}: {{\n" + ",\n".join(rows) + "\n }" if rows else f" {json.dumps(group)}: {{}}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def build(course: Course, only: list[str] | None = None, *, discard: bool = False) -> list[Path]:
    """Write what differs and return its paths. Nothing is written where a source is at fault or a notebook was edited by hand.

    `discard` overwrites edited notebooks all the same.
    """
    sections = read_sections(course, only)
    files = list(built_files(course, sections))
    if not discard:
        edited = [words for path, text in files if (words := edited_by_hand(course, path, text))]
        if edited:
            raise CourseError("\n".join(edited))
    written = []
    for path, text in files:
        if not as_built(path, text):
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_name(f".{path.name}.part")
            part.write_text(text, encoding="utf-8")
            part.replace(path)
            written.append(path)
    return written


def check(course: Course) -> list[str]:
    """Return a sentence for each committed file that is not what the build would make, each naming the file."""
    sections = read_sections(course)
    files = dict(built_files(course, sections))
    wrong = []
    for path, text in files.items():
        name = path.relative_to(course.root)
        if not path.is_file():
            wrong.append(f"{name}: is missing; run coursekit build")
        elif not as_built(path, text):
            wrong.append(f"{name}: differs from what its source gives; run coursekit build")
    for path in _generated_files(course):
        if path not in files:
            wrong.append(f"{path.relative_to(course.root)}: has no source any more; delete it")
    return wrong + figures.stale(course, sections)


def _generated_files(course: Course) -> Iterator[Path]:
    for folder in (course.assignments, course.solutions):
        yield from sorted(folder.glob("*/*.ipynb"))
    yield from sorted(course.lectures.glob("*.ipynb"))
    yield from sorted(course.recordings.glob("*.json"))


def edited_by_hand(course: Course, path: Path, text: str) -> str | None:
    """Return a sentence that says where an edit belongs, if a generated notebook was edited since it was built."""
    if path.suffix != ".ipynb" or not path.is_file():
        return None
    name = path.relative_to(course.root)
    try:
        notebook = construct.read_notebook(path)
        mark = notebook.cells[0].metadata.get("coursekit", {})
    except Exception as error:
        return f"{name}: is no notebook ({type(error).__name__}); move it away, it is not overwritten"
    # Equal texts under another digest: nbgrader's generate_assignment wrote it from the solved notebook.
    if mark.get("digest") == construct.digest(notebook) or construct.digest(notebook) == construct.digest(construct.loads(text)):
        return None
    source = mark.get("generated_from", f"{course.sources.relative_to(course.root)}/{path.stem}.py")
    return (
        f"{name}: was edited by hand, and a build would lose that{_first_edit(notebook, text)}.\n"
        f"  The edit belongs in {source} (prose, figures, slots) or {course.reference}/{path.stem}.py (answers).\n"
        f"  Put it there, then run coursekit build --discard-edits, which overwrites {name}."
    )


def _first_edit(notebook: Any, text: str) -> str:
    there = {cell.get("id"): cell.source for cell in notebook.cells}
    for number, cell in enumerate(construct.loads(text).cells, start=1):
        if there.get(cell.id) != cell.source:
            return f" (cell {number}, {cell.id})"
    return " (cells were added)"
