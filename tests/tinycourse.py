"""A whole small course about circles and means, with checks of its own making: the engine is told nothing of either."""

from __future__ import annotations

from pathlib import Path

SECTION = "s01_shapes"

SOURCE = """\
# %% [markdown]
# # Shapes
#
# A circle, and what is in the middle.

# %% setup
import numpy as np

from tiny_kit import check, draw

# %% [markdown] exercise="circle_area" points=2
# ### Exercise: the area
#
# Return the area of a circle.
#
# Hint: What grows with the square?
#
# Hint: There is a constant.
#
# Hint: It is π times the square.

# %% figure="areas" alt="The area against the radius: half a parabola."
draw([circle_area(radius) for radius in (0, 1, 2, 3)])

# %% [markdown]
# Next section: [none](../s02_none/s02_none.ipynb).

# %%
print("half way")

# %% [markdown] exercise="middle" points=1.5
# ### Exercise: the middle
#
# Return the mean of the numbers.
#
# Hint: Add.
#
# Hint: Divide.
#
# Hint: By how many?

# %% [markdown] question="unit" points=1
# ### Question
#
# What is the unit of an area?
#
# - **a.** Metres.
# - **b.** Square metres.
"""

REFERENCE = '''\
"""Section 1, shapes."""

import numpy as np

unit = "b"


def circle_area(radius):
    """Return the area of a circle.

    radius: float, zero or above
    """
    # A sphere would want four of these.
    return np.pi * radius**2


def middle(values):
    """Return the mean of the numbers."""
    total = 0.0
    for value in values:
        total = total + value
    return total / len(values)
'''

CHECKS = '''\
"""The hidden checks."""

import math

from tiny_reference import s01_shapes as reference

INPUTS = {"circle_area": [0.0, 0.5, 3.0], "middle": [[1.0], [1.0, 2.0, 6.0]]}


def sections():
    return {"s01_shapes": dict.fromkeys([*INPUTS, "unit"])}


def recording(section):
    numbers = {name: [[x, getattr(reference, name)(x)] for x in inputs] for name, inputs in INPUTS.items()}
    return numbers | {"unit": {"choices": ["a", "b"]}}


def ghosts(section):
    return {"circle": {"radii": [1.0, 2.0], "areas": [math.pi, 4 * math.pi]}}


def answer_key(section):
    return {"unit": {"answer": reference.unit, "why": {"a": "That is a length.", "b": "A square of one metre."}}}


def circumference_for_area(radius):
    return 2.0 * math.pi * radius + 0.0


def areas_add_up(student, inputs):
    totals = [student(value) for value in inputs]
    return math.isclose(sum(totals), sum(math.pi * value**2 for value in inputs))
'''

KIT = '''\
"""What the students of this course import."""

import json
from importlib import resources

from tiny_kit.plots import draw

__all__ = ["check", "draw"]


def check(name, namespace):
    """Compare the answer in `namespace` with the recorded one."""
    recorded = json.loads((resources.files(__package__) / "recordings" / "s01_shapes.json").read_text(encoding="utf-8"))
    points, wanted = recorded["points"][name], recorded["exercises"][name]
    if isinstance(wanted, dict):
        return points if namespace[name] in wanted["choices"] else 0.0
    return points * sum(abs((namespace[name](x) or 0.0) - y) < 1e-9 for x, y in wanted) / len(wanted)
'''

PLOTS = '''\
"""Figures."""

from matplotlib.figure import Figure


def draw(values):
    """Return a line through the values."""
    figure = Figure(figsize=(3, 2))
    figure.subplots().plot(values)
    return figure
'''

PROJECT = """\
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "tiny-course"
version = "1.2.3"
requires-python = ">=3.11"
dependencies = ["numpy"]

[project.scripts]
tiny = "tiny_kit:check"
grade-tiny = "tiny_checks:sections"

[tool.setuptools]
packages = ["tiny_kit", "tiny_kit.recordings", "tiny_reference", "tiny_checks"]

[tool.setuptools.package-data]
"tiny_kit.recordings" = ["*.json"]

[tool.coursekit]
title = "Shapes"
sources = "lectures/source"
lectures = "lectures"
assignments = "assignments"
solutions = "solutions"
reference = "tiny_reference"
checks = "tiny_checks"
student-packages = ["tiny_kit"]
recordings = "tiny_kit/recordings"
figure-code = ["tiny_kit/plots.py"]
bundle = { readme = "docs/student.md" }
"""

FILES = {
    "pyproject.toml": PROJECT,
    f"lectures/source/{SECTION}.py": SOURCE,
    "tiny_reference/__init__.py": '"""The answers."""\n',
    f"tiny_reference/{SECTION}.py": REFERENCE,
    "tiny_checks/__init__.py": CHECKS,
    "tiny_kit/__init__.py": KIT,
    "tiny_kit/plots.py": PLOTS,
    "tiny_kit/recordings/__init__.py": '"""What the checks compare with."""\n',
    "environment.yml": "name: tiny\ndependencies: [python]\n",
    "LICENSE": "Take it.\n",
    "docs/student.md": "# Shapes\n\nOpen `assignments/`.\n",
}


def write(root: Path) -> Path:
    """Write the course's authored files to the new folder `root` and return it; nothing is built yet."""
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root
