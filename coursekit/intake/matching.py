"""Finds for each cell of a submission the released cell that it was: by id, by grade id, by text, by place."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from coursekit.intake.hostile_notebook import Found
from coursekit.intake.release_notebook import Cell, Release


@dataclass(frozen=True)
class Matched:
    """Which cell of the submission belongs to which released one.

    `taken`: the released cell's id → the submission's cell. `copies`: the number of a further cell that claims to be
    one already taken → that released cell. `added`: the id of the released cell before them, None at the front → the
    submission's other cells, in their order, copies among them.
    """

    taken: dict[str, Found]
    copies: dict[int, Cell]
    added: dict[str | None, list[Found]]


def match(release: Release, found: list[Found]) -> Matched:
    """Match every cell once; where two claim to be the same released cell, the first is taken."""
    by_id = {cell.id: cell for cell in release.cells}
    by_grade_id = {cell.grade_id: cell for cell in release.cells if cell.grade_id}
    taken: dict[str, Found] = {}
    copies: dict[int, Cell] = {}

    def claim(candidate: Found, cell: Cell) -> None:
        if cell.id in taken:
            copies[candidate.number] = cell
        else:
            taken[cell.id] = candidate

    for one in found:
        if one.id in by_id:
            claim(one, by_id[one.id])
    # Ids of which none is the release's were made up by a tool that dropped the real ones.
    without_ids = not taken
    for one in found:
        if one.id not in by_id and one.grade_id in by_grade_id:
            claim(one, by_grade_id[one.grade_id])

    placed = {one.number for one in taken.values()} | copies.keys()
    nameless = [one for one in found if one.number not in placed and (without_ids or one.id is None)]
    _by_text(release, nameless, taken)
    _by_place(release, found, nameless, taken)
    return Matched(taken, copies, _added(found, taken))


def _by_text(release: Release, nameless: list[Found], taken: dict[str, Found]) -> None:
    """Take nameless cells for released ones with exactly their text, in the order of both."""
    waiting = defaultdict(list)
    for one in reversed(nameless):
        waiting[one.kind, one.source].append(one)
    for cell in release.cells:
        if cell.id not in taken and waiting[cell.kind, cell.source]:
            taken[cell.id] = waiting[cell.kind, cell.source].pop()


def _by_place(release: Release, found: list[Found], nameless: list[Found], taken: dict[str, Found]) -> None:
    """Take the nameless cells of a gap for the released cells that are missing there, if their types agree one by one.

    So an edited cell is found again in a notebook whose cells lost their names. A gap lies between two neighbours that
    are known; where the counts differ, nobody can say which is which, and nothing is taken.
    """
    nameless_numbers = {one.number for one in nameless}
    known = {one.number: cell_id for cell_id, one in taken.items()}
    in_file = defaultdict(list)
    before = None
    for one in found:
        if one.number in known:
            before = known[one.number]
        elif one.number in nameless_numbers:
            in_file[before].append(one)
    in_release = defaultdict(list)
    before = None
    for cell in release.cells:
        if cell.id in taken:
            before = cell.id
        else:
            in_release[before].append(cell)
    for before, missing in in_release.items():
        there = in_file[before]
        if [one.kind for one in there] == [cell.kind for cell in missing]:
            taken.update(zip((cell.id for cell in missing), there, strict=True))


def _added(found: list[Found], taken: dict[str, Found]) -> dict[str | None, list[Found]]:
    known = {one.number: cell_id for cell_id, one in taken.items()}
    added: dict[str | None, list[Found]] = defaultdict(list)
    before = None
    for one in found:
        if one.number in known:
            before = known[one.number]
        else:
            added[before].append(one)
    return dict(added)
