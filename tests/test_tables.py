"""The documents about the checks: they are as the checks make them, and what they promise holds."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

import grader_tests
from coursekit.authoring import documents
from coursekit.settings import CourseError
from descentlab.checks import Exercise
from grader_tests import _tables

ROOT = Path(__file__).resolve().parents[1]
EXERCISES = [
    pytest.param(section, item, id=item.name)
    for section, items in grader_tests.sections().items()
    for item in items.values()
    if isinstance(item, Exercise)
]


@cache
def tables() -> dict[str, str]:
    return grader_tests.tables()


@pytest.mark.parametrize("name", ["docs/kill-matrix.md", "docs/kinds.md"])
def test_the_committed_table_is_the_one_that_the_checks_make(name):
    assert (ROOT / name).read_text(encoding="utf-8") == tables()[name], f"{name}: run coursekit tables"


@pytest.mark.parametrize(("section", "exercise"), EXERCISES)
def test_every_mistake_is_rejected_and_named_everywhere(section, exercise):
    for fate in _tables.fates(section, exercise):
        assert fate.rejected, fate.mistake
        assert fate.named == (True, True), fate.mistake
        assert not fate.slips_through_at_home, fate.mistake


@pytest.mark.parametrize(("section", "exercise"), EXERCISES)
def test_every_exercise_has_a_check_of_some_kind(section, exercise):
    assert sum(_tables.kinds_of(exercise).values()) > 0


def test_pairs_do_not_count_as_mistakes_and_there_are_enough_without_them():
    singles = [
        mistake for _, item in (param.values for param in EXERCISES) for mistake in item.mistakes.values() if not mistake.pair
    ]
    assert len(singles) >= 130


def test_a_mistake_that_slips_through_is_seen():
    """The table must be able to say so: here a mistake that the recordings of the course do not know."""
    section, exercise = EXERCISES[0].values
    fate = _tables.fates(section, exercise)[0]
    passed = grader_tests.prepared(exercise.name, grader_tests.PUBLIC_SEED)
    assert passed.exercise == exercise.name
    home = type(fate.home)(exercise.name, fate.home.points, fate.home.points)
    slipped = _tables.Fate(fate.mistake, (), home, fate.hidden, fate.expected_name)
    assert slipped.slips_through_at_home
    assert slipped.named == (False, True)


def test_a_course_whose_checks_make_no_documents_is_told_so(tiny):
    with pytest.raises(CourseError, match=r"__init__\.py: has no function tables\(\)"):
        documents.changed(tiny)


def test_a_document_that_was_edited_is_found(tiny, monkeypatch):
    checks = tiny.checks_module()
    monkeypatch.setattr(checks, "tables", lambda: {"docs/a.md": "as made\n", "docs/b.md": "missing\n"}, raising=False)
    (tiny.root / "docs").mkdir(exist_ok=True)
    (tiny.root / "docs" / "a.md").write_text("as made\n", encoding="utf-8")
    assert documents.changed(tiny) == {tiny.root / "docs/b.md": "missing\n"}
    (tiny.root / "docs" / "a.md").write_text("as edited\n", encoding="utf-8")
    assert set(documents.changed(tiny)) == {tiny.root / "docs/a.md", tiny.root / "docs/b.md"}
