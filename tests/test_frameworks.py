"""The page about PyTorch, Optax and Keras: complete, and every difference on it is what its comparison promises."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from frameworks import compare

ROOT = Path(__file__).resolve().parents[1]
RECORDED = (ROOT / "docs" / "frameworks.md").read_text(encoding="utf-8")
ROWS = {
    (rule, library): float(apart)
    for rule, library, _, apart, _ in re.findall(r"^\| (.+?) \| (.+?) \| (.+?) \| ([\d.e+-]+) \| (.+?) \|$", RECORDED, re.M)
}


def test_the_page_has_every_comparison_and_no_other():
    assert list(ROWS) == [(item.rule, item.library) for item in compare.COMPARISONS]


@pytest.mark.parametrize("item", compare.COMPARISONS, ids=lambda item: f"{item.rule}, {item.library}")
def test_a_recorded_difference_is_what_it_must_be(item):
    apart = ROWS[item.rule, item.library]
    assert apart < compare.WITHIN if item.same else apart > 1e-3


@pytest.mark.parametrize("item", {item.rule: item for item in compare.COMPARISONS}.values(), ids=lambda item: item.rule)
def test_our_side_of_each_rule_walks_all_steps(item):
    path = item.ours()
    assert path.shape == (compare.STEPS, compare.SIZE)
    assert np.isfinite(path).all()
    assert np.ptp(path, axis=0).min() > 0


def test_the_table_says_where_a_difference_is_not_what_it_must_be(monkeypatch, capsys):
    same = compare.Comparison("a rule", "a library", lambda: np.ones(3), lambda: np.ones(3) + 1e-6, "as it is")
    monkeypatch.setattr(compare, "COMPARISONS", (same,))
    monkeypatch.setattr(compare, "table", lambda measured: "")
    monkeypatch.setattr("sys.argv", ["compare"])
    assert compare.main() == 1
    assert "a rule, a library: 1.0e-06, expected below 1e-12" in capsys.readouterr().err
