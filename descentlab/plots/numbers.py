"""What a figure shows as a small table, for those who can't see it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape


def folded(summary: str, rows: Sequence[Sequence[str]]) -> str:
    """Return a table as HTML, its first row the head, under a line that opens it."""
    tags = ["th", *["td"] * (len(rows) - 1)]
    text = "".join(
        f"<tr>{''.join(f'<{tag}>{escape(cell)}</{tag}>' for cell in row)}</tr>" for tag, row in zip(tags, rows, strict=True)
    )
    return (
        f'<details style="overflow-x:auto"><summary>{escape(summary)}</summary>'
        f'<table style="white-space:nowrap">{text}</table></details>'
    )
