"""Lays a submission's text into the release: what the student may edit is taken, all else is the release's."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from coursekit.intake.hostile_notebook import Found
from coursekit.intake.matching import match
from coursekit.intake.release_notebook import Cell, Release
from coursekit.intake.safe_files import listed


def lay(release: Release, found: list[Found], notes: list[str]) -> tuple[Cell, ...]:
    """Return the release's cells with the student's text, and the added cells after the known cell before them."""
    matched = match(release, found)
    order = [one.number for cell in release.cells if (one := matched.taken.get(cell.id))]
    if order != sorted(order):
        notes.append("cells of the release were moved: they stand in its order again")
    meddled = [
        cell.grade_id
        for cell in release.cells
        if cell.grade_id and (one := matched.taken.get(cell.id)) and one.protection != release.protections[cell.id]
    ]
    if meddled:
        notes.append(f"nbgrader's metadata were altered, and are the release's again: {listed(meddled)}")
    notes += _left_behind(release, found, matched.taken)

    helpers = _Helpers({cell.id for cell in release.cells}, matched.copies, notes)
    laid = helpers.made_of(matched.added.get(None, []))
    for cell in release.cells:
        laid.append(_with_text_of(matched.taken.get(cell.id), cell, notes))
        laid += helpers.made_of(matched.added.get(cell.id, []))
    return tuple(laid)


def _with_text_of(one: Found | None, cell: Cell, notes: list[str]) -> Cell:
    """Return the released cell with the submission's text, if it is the student's to edit and can be taken."""
    name = f"cell {cell.grade_id or cell.id}"
    if cell.role in ("locked", "graded"):
        if one is None:
            notes.append(f"{name} is missing: put back")
        elif one.fault or (one.kind, one.source.rstrip()) != (cell.kind, cell.source.rstrip()):
            notes.append(f"{name} was altered: it is the release's again")
        return cell
    instead = "the release's text counts"
    if one is None:
        notes.append(f"{name} is missing: {instead}")
        return cell
    if one.fault:
        notes.append(f"{name} {one.fault}: {instead}")
        return cell
    if one.changed:
        notes.append(f"{name}: characters that no text has were replaced")
    if one.kind != cell.kind:
        if cell.role == "answer":
            notes.append(f"{name} was turned from {cell.kind} into {one.kind}: {instead}")
            return cell
        notes.append(f"{name} was turned from {cell.kind} into {one.kind}: taken so")
    return replace(cell, kind=one.kind, source=one.source)


def _left_behind(release: Release, found: list[Found], taken: dict[str, Found]) -> list[str]:
    """Say in one line what the cells carry that is neither text nor the release's own: none of it is taken."""
    released = {one.number: release.carried[cell_id] for cell_id, one in taken.items()}
    cells: Counter[str] = Counter()
    for one in found:
        cells.update({heading for heading, _ in one.carried - released.get(one.number, frozenset())})
    told = [f"{heading} ({count} cell{'s' * (count > 1)})" for heading, count in sorted(cells.items())]
    return [f"not taken: {', '.join(told)}"] if told else []


class _Helpers:
    """Makes helper cells of what a student added, under ids of our own."""

    def __init__(self, used: set[str], copies: dict[int, Cell], notes: list[str]):
        self.used, self.copies, self.notes = used, copies, notes

    def made_of(self, added: list[Found]) -> list[Cell]:
        cells = []
        for one in added:
            of = self.copies.get(one.number)
            if of is not None and of.role in ("locked", "graded"):
                self.notes.append(f"a further copy of cell {of.grade_id or of.id} is not taken")
            elif one.fault:
                self.notes.append(f"cell {one.number} of the file {one.fault}: not taken")
            else:
                if of is not None:
                    self.notes.append(f"a further copy of cell {of.grade_id or of.id} counts as a helper cell")
                if one.changed:
                    self.notes.append(f"cell {one.number} of the file: characters that no text has were replaced")
                cells.append(Cell(self._free_id(), one.kind, one.source, None, None, None, "helper"))
        return cells

    def _free_id(self) -> str:
        number = 1
        while f"helper-{number}" in self.used:
            number += 1
        self.used.add(f"helper-{number}")
        return f"helper-{number}"
