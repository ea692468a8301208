"""Wrongly named is worse than not named: functions that are wrong in a way nobody has thought of get the plain diagnosis."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

import grader_tests
from descentlab.checks import Exercise, InPlace, assess
from descentlab.checks.values import plain, to_json

TRIES = 40
EXERCISES = [item for items in grader_tests.sections().values() for item in items.values() if isinstance(item, Exercise)]


def bent(value: object, rng: np.random.Generator, key: str) -> object:
    """Return a result that is wrong at random: numbers moved by a function drawn from `rng`, counts, flags
    and texts by a hash."""
    if callable(value):
        return lambda *args, **kwargs: bent(value(*args, **kwargs), np.random.default_rng(seed_of(key)), key)
    if isinstance(value, (list, tuple)):
        return type(value)(bent(item, rng, f"{key}{index}") for index, item in enumerate(value))
    if isinstance(value, dict):
        return {name: bent(item, rng, f"{key}{name}") for name, item in value.items()}
    if isinstance(value, (bool, np.bool_)):
        return bool(seed_of(key) % 2)
    if isinstance(value, (int, np.integer)):
        # By a hash, so that each call is wrong by another number: a count that is always one too large has a name, and rightly.
        return int(value) + 1 + seed_of(key) % 8
    if value is None or isinstance(value, str):
        return f"{value}?"
    moves = (
        lambda x: x * rng.uniform(1.1, 3.0),
        lambda x: x + rng.uniform(0.1, 2.0),
        lambda x: np.sin(x + rng.uniform(0.5, 1.5)),
        lambda x: x**3 + rng.uniform(0.1, 1.0) * x,
        lambda x: rng.normal(size=np.shape(x)),
    )
    with np.errstate(all="ignore"):
        return moves[rng.integers(len(moves))](value)


def seed_of(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


def random_wrong(reference: Callable, number: int) -> Callable:
    """Return a function that is wrong in the same way at every call."""

    def wrong(**arguments):
        value = reference(**arguments)
        plain_arguments = {name: plain(item) for name, item in arguments.items() if not callable(item)}
        key = json.dumps({k: to_json(v) for k, v in plain_arguments.items() if not hasattr(v, "what")}, sort_keys=True)
        return bent(value, np.random.default_rng([number, seed_of(reference.__name__)]), f"{number}{key}")

    return wrong


@cache
def named(exercise_name: str) -> list[str]:
    """Return the known mistakes by whose names random wrong functions were called."""
    exercise = grader_tests.exercise(exercise_name)
    live = grader_tests.prepared(exercise_name, (3, 1))
    found = []
    for number in range(TRIES):
        student = InPlace({exercise_name: random_wrong(exercise.reference, number)})
        verdict = assess(live, student, 10.0)
        assert verdict.score < 10.0, f"number {number} is no wrong function\n{verdict.text}"
        if verdict.mistake in exercise.mistakes:
            found.append(f"{number}: {verdict.mistake}")
    return found


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.name)
def test_a_random_wrong_function_gets_no_name(exercise):
    assert len(named(exercise.name)) <= 1, named(exercise.name)


def test_hardly_any_random_wrong_function_of_the_course_gets_a_name():
    total = [word for exercise in EXERCISES for word in named(exercise.name)]
    assert len(total) < 0.01 * TRIES * len(EXERCISES), total
