"""The hidden checks, one module for each section, behind the few calls that the engine and the graded cell make."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence
from functools import cache
from typing import Any

from descentlab.checks import Exercise, Prepared, Question, assess, prepare, source_of

# The visible checks are the hidden ones on inputs drawn from this seed, once and for all.
PUBLIC_SEED = (2021, 3, 19)


@cache
def sections() -> dict[str, dict[str, Exercise | Question]]:
    """Return section stem -> exercise name -> exercise, in the order in which they are written."""
    found = {}
    for module in pkgutil.iter_modules(__path__):
        if module.name.startswith("_"):
            continue
        loaded = importlib.import_module(f"{__name__}.{module.name}")
        items = [value for value in vars(loaded).values() if isinstance(value, (Exercise, Question))]
        found[module.name] = {item.name: item for item in items}
    return found


@cache
def _by_name() -> dict[str, Exercise | Question]:
    return {name: item for items in sections().values() for name, item in items.items()}


def exercise(name: str) -> Exercise | Question:
    """Return an exercise or question by its name; KeyError where there is none."""
    return _by_name()[name]


def prepared(name: str, seed: Sequence[int]) -> Prepared:
    """Return an exercise made ready with inputs drawn from `seed`. Raises GraderFault where that can't be done."""
    return prepare(exercise(name), seed)


def judge(name: str, student: Any, seed: Sequence[int], points: float) -> dict:
    """Return the verdict on a student's answer as JSON data; `student` answers `call` and `value`."""
    return assess(prepared(name, seed), student, points).as_dict()


def recording(section: str) -> dict[str, dict]:
    """Return for each exercise of a section what its visible check needs, as JSON data."""
    return {name: prepared(name, PUBLIC_SEED).to_json() for name in sections()[section]}


def ghosts(section: str) -> dict[str, dict]:
    """Return the section's recorded runs of the reference for its figures, as JSON data."""
    loaded = importlib.import_module(f"{__name__}.{section}")
    return {name: ghost.record() for name, ghost in getattr(loaded, "GHOSTS", {}).items()}


def answer_key(section: str) -> dict[str, dict]:
    """Return for each concept question of a section its answer and the explanations, for a bundle of self-study."""
    return {
        name: {"answer": item.answer, "why": item.why} for name, item in sections()[section].items() if isinstance(item, Question)
    }


def answers(name: str) -> list[dict]:
    """Return answers to an exercise whose fate is known, to make a class of: each a dict with `kind` ("right", "mistake"), `id`,
    `source` (what stands in the student's cell), `share` of the points and the `mistake` that the verdict names."""
    item = exercise(name)
    if isinstance(item, Question):
        wrong = [choice for choice in item.why if choice != item.answer]
        return [
            {"kind": "right", "id": f"{name}-right", "source": f'{name} = "{item.answer}"', "share": 1.0, "mistake": None},
            *(
                {"kind": "mistake", "id": f"{name}-{c}", "source": f'{name} = "{c}"', "share": 0.0, "mistake": f"answer-{c}"}
                for c in wrong
            ),
        ]
    right = [
        {"kind": "right", "id": form.__name__, "source": source_of(form, name), "share": 1.0, "mistake": None}
        for form in item.right_forms
    ]
    return right + [
        {
            "kind": "mistake", "id": key, "source": source_of(mistake.function, name),
            "share": item.expected_share(key), "mistake": item.expected_name(key),
        }
        for key, mistake in item.mistakes.items()
    ]  # fmt: skip


def tables() -> dict[str, str]:
    """Return the documents about the checks that are made from them: path in the project -> text."""
    from grader_tests import _tables

    return _tables.all_tables()
