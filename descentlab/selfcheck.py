"""The graded cell's one line: ``check("gd_step", globals())``."""

from __future__ import annotations

import hashlib
import os
from collections.abc import MutableMapping
from importlib.metadata import entry_points
from types import CodeType
from typing import Any

from descentlab import recordings
from descentlab.checks import GraderFault, InPlace, Prepared, Verdict, assess

GROUP = "descentlab.hidden_checks"


class NotYet(Exception):
    """Raised at zero points; it shows the verdict's own sentences and no frames."""

    def _render_traceback_(self) -> list[str]:
        return str(self).splitlines()


def check(exercise: str, namespace: MutableMapping[str, Any]) -> float | None:
    """Check the answer to `exercise` that stands in `namespace` (in a notebook ``globals()``) and say what came of it.

    Where the course's hidden checks are installed, they are run; elsewhere the visible ones, on recorded inputs. Prints the
    verdict and returns the points as a float. At zero points raises `NotYet` with the same sentences instead; for a concept
    question whose key is not here returns None. Raises ValueError where there is no such exercise.
    """
    try:
        section = recordings.section_of(exercise)
    except KeyError:
        raise ValueError(f"there is no exercise {exercise!r} in this course") from None
    points = recordings.load(section)["points"][exercise]
    hidden = _hidden_checks()
    if hidden is not None:
        verdict = assess(hidden(exercise, _seed(namespace)), InPlace(namespace), points)
    else:
        verdict = visible(exercise, namespace)
    if verdict.score == 0:
        raise NotYet(verdict.text)
    print(verdict.text)
    return verdict.score


def visible(exercise: str, namespace: MutableMapping[str, Any]) -> Verdict:
    """Return the verdict of the visible checks, from the recordings alone."""
    section = recordings.section_of(exercise)
    recorded = recordings.load(section)
    prepared = Prepared.from_json(recorded["exercises"][exercise])
    if prepared.question is not None and exercise in recorded.get("answers", {}):
        prepared.question.update(recorded["answers"][exercise])
    verdict = assess(prepared, InPlace(namespace), recorded["points"][exercise], reveal=True)
    if prepared.uses and verdict.score != verdict.points and verdict.parts:
        _blame_helpers(verdict, prepared, namespace)
    return verdict


def _blame_helpers(verdict: Verdict, prepared: Prepared, namespace: MutableMapping[str, Any]) -> None:
    """Say which earlier functions of the student's own are missing or wrong: here they are used as they stand, at grading the
    reference's."""
    faulty = _faulty_helpers(prepared, namespace)
    if not faulty:
        return
    here = recordings.section_of(prepared.exercise)
    elsewhere = {name: recordings.section_of(name) for name in faulty if recordings.section_of(name) != here}
    missing = [name for name in elsewhere if name not in namespace]
    wrong = [name for name in faulty if name not in missing]
    notes = []
    if missing:
        where = ", ".join(f"{name} ({elsewhere[name]})" for name in missing)
        notes.append(
            f"Missing in this notebook: {where}. Finish it there, save, run `descentlab carry {here.partition('_')[0]}` in a "
            f"terminal, reload this notebook and run its cell of carried functions."
        )
    if wrong:
        names = ", ".join(wrong)
        notes.append(f"First finish {names}: this function uses it, and its own check does not pass yet.")
        if any(name in elsewhere for name in wrong):
            notes.append("It was carried over from an earlier section: mend it there, and carry it over again.")
    verdict.mistake, verdict.message, verdict.note = None, None, " ".join(notes)


def _faulty_helpers(prepared: Prepared, namespace: MutableMapping[str, Any]) -> list[str]:
    """Return the earlier functions, used by the student's answer or by one that it uses, that are not there or fail their checks;
    one that fails only because of another is not among them."""
    mentioned = _names_in(getattr(namespace.get(prepared.exercise), "__code__", None))
    faulty: list[str] = []
    for name in prepared.uses:
        if name not in mentioned or (found := visible(name, namespace)).score == found.points:
            continue
        helper = Prepared.from_json(recordings.load(recordings.section_of(name))["exercises"][name])
        faulty += [each for each in _faulty_helpers(helper, namespace) or [name] if each not in faulty]
    return faulty


def _names_in(code: CodeType | None) -> set[str]:
    """Return the names that a function's code looks up, inner functions included."""
    if code is None:
        return set()
    return set(code.co_names).union(*(_names_in(inner) for inner in code.co_consts if isinstance(inner, CodeType)))


def _hidden_checks() -> Any:
    """Return the function that prepares hidden checks, None where none are installed or the visible ones are asked for."""
    if os.environ.get("DESCENTLAB_CHECKS") == "visible":
        return None
    found = list(entry_points(group=GROUP))
    if not found:
        return None
    try:
        return found[0].load()
    except ImportError as error:
        raise GraderFault(f"the hidden checks are installed but cannot be imported: {error}") from error


def _seed(namespace: MutableMapping[str, Any]) -> list[int]:
    """Return a seed made of the text of all cells run so far: the same file draws the same inputs."""
    text = "\0".join(map(str, namespace.get("_ih", ())))
    return list(hashlib.sha256(text.encode("utf-8", "replace")).digest())
