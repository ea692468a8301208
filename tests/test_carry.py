"""Carrying functions over: what was written arrives as text, what is missing is told, and nothing of the student's is lost."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from descentlab import carry, cli
from descentlab.progress import STUB

ROOT = Path(__file__).resolve().parents[1]
STEM = "s12_adam"
NAMES = ["gd_step", "momentum_step", "max_stable_lr"]
GD = "def gd_step(theta, gradient, lr):\n    return theta - lr * gradient  # mine, ½"


@pytest.fixture
def home(tmp_path):
    """A student's folder with three sections; the notebook of the last has a cell for functions of the others."""
    for stem in ("s02_gradient_descent", "s06_momentum", STEM):
        shutil.copytree(ROOT / "assignments" / stem, tmp_path / "assignments" / stem)
    notebook = read(tmp_path)
    cell = {
        "cell_type": "code", "id": "carried", "metadata": {"carried": NAMES}, "source": "# For later\n" + "\n".join(STUB),
        "outputs": [{"output_type": "stream", "name": "stdout", "text": "old"}], "execution_count": 3,
    }  # fmt: skip
    notebook["cells"].insert(2, cell)
    write(tmp_path, notebook)
    return tmp_path


def place(home: Path, stem: str = STEM) -> Path:
    return home / "assignments" / stem / f"{stem}.ipynb"


def read(home: Path, stem: str = STEM) -> dict:
    return json.loads(place(home, stem).read_text(encoding="utf-8"))


def write(home: Path, notebook: dict, stem: str = STEM) -> None:
    place(home, stem).write_text(json.dumps(notebook), encoding="utf-8")


def put(home: Path, name: str, text: str, stem: str = "s02_gradient_descent") -> None:
    notebook = read(home, stem)
    next(cell for cell in notebook["cells"] if cell["id"] == name)["source"] = text.splitlines(keepends=True)
    write(home, notebook, stem)


def carried_cell(home: Path) -> dict:
    return read(home)["cells"][2]


def test_what_was_written_arrives_and_what_is_missing_is_listed(home):
    put(home, "gd_step", GD)
    put(home, "max_stable_lr", "def max_stable_lr(hessian)\n    return 1")
    before = read(home)
    result = carry.carry(home, "s12")
    assert result.found == ["gd_step"]
    assert result.missing == {
        "momentum_step": "not written yet, in s06_momentum",
        "max_stable_lr": "its cell in s02_gradient_descent is no Python yet",
    }
    cell = carried_cell(home)
    assert GD in cell["source"]
    assert "# missing: momentum_step: not written yet, in s06_momentum" in cell["source"]
    assert (cell["outputs"], cell["execution_count"]) == ([], None)
    namespace = {}
    exec(cell["source"], namespace)
    assert namespace["gd_step"](3.0, 1.0, 0.5) == 2.5
    after = read(home)
    assert [c for i, c in enumerate(after["cells"]) if i != 2] == [c for i, c in enumerate(before["cells"]) if i != 2]
    assert after["metadata"] == before["metadata"]


def test_carrying_again_takes_what_is_new_and_an_edit_by_hand_stays(home):
    put(home, "gd_step", GD)
    carry.carry(home, STEM)
    put(home, "momentum_step", "def momentum_step(*a):\n    return a", "s06_momentum")
    assert carry.carry(home, STEM).found == ["gd_step", "momentum_step"]
    notebook = read(home)
    notebook["cells"][2]["source"] += "\n# a line of my own"
    write(home, notebook)
    kept = place(home).read_bytes()
    with pytest.raises(carry.CannotCarry, match=r"edited by hand; say --force"):
        carry.carry(home, STEM)
    assert place(home).read_bytes() == kept
    carry.carry(home, STEM, force=True)
    assert "a line of my own" not in carried_cell(home)["source"]


def test_with_nothing_to_carry_the_cell_is_still_a_stub(home):
    result = carry.carry(home, STEM)
    assert result.found == []
    assert set(result.missing) == set(NAMES)
    assert carried_cell(home)["source"].endswith("\n".join(STUB))
    assert carry.carry(home, STEM).found == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("def other(theta):\n    return theta", "defines no function of this name"),
        ("gd_step = 3", "defines no function of this name"),
        ("x = '\0'", "is no Python yet"),
    ],
)
def test_a_cell_without_the_function_is_told(home, text, reason):
    put(home, "gd_step", text)
    assert reason in carry.carry(home, STEM).missing["gd_step"]


def test_a_notebook_that_is_missing_or_broken_costs_its_functions_alone(home):
    put(home, "gd_step", GD)
    place(home, "s06_momentum").write_text("{", encoding="utf-8")
    result = carry.carry(home, STEM)
    assert result.found == ["gd_step"]
    assert "is no notebook that can be read" in result.missing["momentum_step"]
    shutil.rmtree(home / "assignments" / "s06_momentum")
    assert "cannot be opened" in carry.carry(home, STEM).missing["momentum_step"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be opened"),
        ("not json", "is no notebook that can be read"),
        ('{"cells": [1]}', "is no notebook that can be read"),
        ('{"cells": []}', "has no cell for functions of earlier sections"),
    ],
)
def test_a_target_that_cannot_be_filled_is_told_and_left(home, content, words):
    if content is None:
        place(home).unlink()
    else:
        place(home).write_text(content, encoding="utf-8")
    with pytest.raises(carry.CannotCarry, match=words):
        carry.carry(home, STEM)
    assert content is None or place(home).read_text(encoding="utf-8") == content


def test_a_crash_while_writing_leaves_the_old_file(home, monkeypatch):
    kept = place(home).read_bytes()
    put(home, "gd_step", GD)

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(carry.CannotCarry, match="cannot be written: No space left"):
        carry.carry(home, STEM)
    assert place(home).read_bytes() == kept
    assert os.listdir(place(home).parent) == [f"{STEM}.ipynb"]


def test_the_command_line_reports_and_fails_without_a_traceback(home, capsys, tmp_path):
    put(home, "gd_step", GD)
    assert cli.main(["carry", "s12", str(home)]) == 0
    said = capsys.readouterr().out
    assert f"{place(home)}: carried over gd_step" in said
    assert "  momentum_step  not written yet, in s06_momentum" in said
    assert cli.main(["carry", "s99", str(home)]) == 1
    assert "there is no section 's99'; there are s0" in capsys.readouterr().err
    assert cli.main(["carry", "s12", str(tmp_path / "nowhere")]) == 1
    assert "there are no notebooks of this course" in capsys.readouterr().err
