"""The recorded trajectories of the reference, one file for each section, made by the build."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from descentlab.checks.values import from_json


@dataclass(frozen=True)
class Ghost:
    """A recorded run of the reference: its path, the setting it was made with, and whether that is the one asked for."""

    path: np.ndarray
    setting: dict[str, float]
    exact: bool


@cache
def load(section: str) -> dict[str, Any]:
    """Return a section's recordings: {"exercises": …, "points": …, "ghosts": …}. KeyError where the section has none."""
    file = resources.files(__package__) / f"{section}.json"
    if not file.is_file():
        raise KeyError(f"there are no recordings of section {section!r}")
    return json.loads(file.read_text(encoding="utf-8"))


@cache
def sections() -> list[str]:
    """Return the stems of the recorded sections in their order."""
    return sorted(file.name.removesuffix(".json") for file in resources.files(__package__).iterdir() if file.name.endswith(".json"))


@cache
def section_of(exercise: str) -> str:
    """Return the section of an exercise. KeyError where there is no such exercise."""
    for section in sections():
        if exercise in load(section)["exercises"]:
            return section
    raise KeyError(exercise)


def grid(name: str) -> dict[str, list[float]]:
    """Return the values of each parameter at which the run "section/name" was recorded. KeyError where it was not."""
    section, _, run = name.partition("/")
    runs = load(section)["ghosts"][run]["runs"]
    return {key: sorted({item["setting"][key] for item in runs}) for key in runs[0]["setting"]}


def ghost(name: str, **setting: float) -> Ghost:
    """Return the recorded run "section/name" that is nearest to `setting`; without a setting the default one.

    Nearest is measured on the scale of each parameter's grid. KeyError where there is no such recording, or no such parameter.
    """
    section, _, run = name.partition("/")
    recorded = load(section)["ghosts"]
    if run not in recorded:
        raise KeyError(f"there is no recorded run {name!r}; there are {', '.join(f'{section}/{key}' for key in recorded)}")
    runs = recorded[run]["runs"]
    unknown = set(setting) - set(recorded[run]["default"])
    if unknown:
        raise KeyError(f"the recorded run {name!r} has no parameter {', '.join(sorted(unknown))}")
    wanted = recorded[run]["default"] | setting
    spans = {key: np.ptp([item["setting"][key] for item in runs]) or 1.0 for key in runs[0]["setting"]}

    def far(item: dict) -> float:
        return sum(((item["setting"][key] - wanted[key]) / span) ** 2 for key, span in spans.items())

    nearest = min(runs, key=far)
    return Ghost(from_json(nearest["path"]), nearest["setting"], bool(far(nearest) < 1e-18))
