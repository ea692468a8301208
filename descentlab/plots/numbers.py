"""What a figure shows as a small table, for those who can't see it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

_CELL = "padding:0 18px 0 0;text-align:left;line-height:1.5;white-space:nowrap"


def table(rows: Sequence[Sequence[str]]) -> str:
    """Return a table as HTML, its first row the head."""
    head, *others = rows
    parts = ["".join(f'<th scope="col" style="{_CELL}">{escape(cell)}</th>' for cell in head)]
    parts += ["".join(f'<td style="{_CELL}">{escape(cell)}</td>' for cell in row) for row in others]
    return f"<table>{''.join(f'<tr>{part}</tr>' for part in parts)}</table>"


def folded(summary: str, rows: Sequence[Sequence[str]]) -> str:
    """Return the same under a line that opens it."""
    return f'<details style="overflow-x:auto"><summary>{escape(summary)}</summary>{table(rows)}</details>'
