"""What several tests share: the course itself, the exercises of all its sections, and a small course about something else."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
import tinycourse

from coursekit.settings import Course, find_course

# Figures are drawn without a screen, and the look that an editor may have set does not matter.
os.environ["MPLBACKEND"] = "agg"

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def real_course() -> Course:
    """The course of this repository."""
    return find_course(ROOT)


@pytest.fixture
def tiny(tmp_path):
    """A course of one section about circles and means, written to a folder of its own; its packages are forgotten afterwards."""
    root = tinycourse.write(tmp_path / "course")
    before = list(sys.path)
    forget_packages()
    yield find_course(root)
    sys.path[:] = before
    forget_packages()


def forget_packages() -> None:
    """Make Python import the small course's packages anew."""
    for name in [name for name in sys.modules if name.split(".")[0].startswith("tiny_")]:
        del sys.modules[name]
