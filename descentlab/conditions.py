"""The conditions of convergence under a slider: a schedule's rates, their two sums and the error, and which conditions hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import ipywidgets as widgets
import numpy as np

from descentlab import recordings, svg
from descentlab.evidence import N_STEPS, STEPS, evidence
from descentlab.plots.guard import Failed, attempt
from descentlab.plots.numbers import folded
from descentlab.plots.style import PALETTE

# A picture takes milliseconds. What takes longer than this is stopped, and the slider goes on working.
SECONDS = 2.0

WIDTH, HEIGHT = 664, 510
_HOLDS, _FAILS = PALETTE[2], PALETTE[1]
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Panel:
    """One of the four: its heading, its place, and the height of its axis: logarithmic from `low` to `high`, or from 0 on."""

    heading: str
    x: int
    y: int
    low: float | None = None
    high: float | None = None

    width = 250
    height = 140

    def pixels(self, values: np.ndarray, top: float) -> np.ndarray:
        """Return values at STEPS in pixels; `top` is the upper end of an axis that begins at 0."""
        with np.errstate(all="ignore"):
            up = values / top if self.low is None else np.log(values / self.low) / np.log(self.high / self.low)
        up = np.clip(np.nan_to_num(up, nan=-1.0, posinf=2.0, neginf=-1.0), -0.02, 1.02)
        return np.stack([self.x + self.width * np.log(STEPS) / np.log(N_STEPS), self.y + self.height * (1 - up)], axis=1)

    def axes(self, top: float) -> str:
        """Return the axes with the names of a few heights and steps."""
        left, bottom = self.x, self.y + self.height
        look = f'font-size="11" fill="{svg.INK}"'
        parts = [f'<path d="M{left} {self.y}V{bottom}H{left + self.width}" fill="none" stroke="{svg.INK}" stroke-width="1"/>']
        for k in range(5):
            x = left + self.width * k / 4
            parts.append(f'<path d="M{x:.1f} {bottom}v4" stroke="{svg.INK}"/>')
            parts.append(f'<text x="{x:.1f}" y="{bottom + 16}" text-anchor="middle" {look}>{10**k:,}</text>')
        heights = [(0.0, "0"), (1.0, f"{top:,.0f}" if top >= 100 else f"{top:.3g}")]
        if self.low is not None:
            ends = np.log10(self.low), np.log10(self.high)
            powers = np.arange(np.ceil(ends[0]), ends[1] + 0.5, 1 if ends[1] - ends[0] < 6 else 3)
            heights = [((power - ends[0]) / (ends[1] - ends[0]), f"10{f'{power:.0f}'.translate(_RAISED)}") for power in powers]
        for share, words in heights:
            y = bottom - self.height * share
            parts.append(f'<path d="M{left} {y:.1f}h-4" stroke="{svg.INK}"/>')
            parts.append(f'<text x="{left - 7}" y="{y + 4:.1f}" text-anchor="end" {look}>{words}</text>')
        return "".join(parts)


PANELS = (
    Panel("ηₜ → 0", 52, 92, 1e-9, 1.0),
    Panel("Σ ηₜ = ∞", 384, 92),
    Panel("Σ ηₜ² < ∞", 52, 320),
    Panel("E[θₜ²]", 384, 320, 1e-4, 10.0),
)
# What is said of a condition that holds, and of one that doesn't.
WORDS = (
    ("the rates vanish", "the rates do not vanish"),
    ("their sum grows without bound", "their sum stays finite"),
    ("the sum of their squares stays finite", "the sum of their squares grows without bound"),
)


class Conditions(widgets.VBox):
    """A slider for the power p of a schedule, over four panels: rates, their sum, the sum of their squares, the expected error.

    All of it is the student's: `schedule(p)` returns a function t -> rate, `conditions(p)` three bools, which are ticked and
    crossed above the panels, and `error(rates)` the errors at t = 0 … 10,000 under such a function. `ghost` names the recorded
    reference ("section/run", over p): at a p that was not recorded the nearest one stays, greyed, with its p beside it.
    """

    def __init__(
        self,
        schedule: Callable[[float], Any],
        conditions: Callable[[float], Any],
        error: Callable[[Callable], Any],
        *,
        ghost: str,
        powers: Sequence[float] = tuple(k / 20 for k in range(41)),
    ):
        self._schedule, self._conditions, self._error, self._ghost = schedule, conditions, error, ghost
        start = recordings.ghost(ghost).setting["p"]
        self._p = widgets.SelectionSlider(
            options=[(f"{p:g}", float(p)) for p in powers], value=start, description="p", layout={"width": "480px"}
        )
        self._picture, self._words, self._numbers = widgets.HTML(), widgets.HTML(), widgets.HTML()
        self._p.observe(self._draw, "value")
        self._draw()
        super().__init__([self._p, self._picture, self._words, self._numbers], layout={"max_width": f"{WIDTH + 40}px"})

    @property
    def words(self) -> str:
        """What is said under the picture."""
        return self._said

    def set(self, p: float) -> None:
        """Move the slider to the value nearest to p, as a hand would."""
        self._p.value = min((value for _, value in self._p.options), key=lambda value: abs(value - p))

    def _repr_svg_(self) -> str:
        """The picture as it stands, on white, for places where there is no kernel."""
        return svg.fixed(self._picture.value).replace(">", f'><rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>', 1)

    def _draw(self, _change: Any = None) -> None:
        p = self._p.value
        holds = attempt(lambda: self._conditions(p), shape=(3,), seconds=SECONDS)
        rates, errors = self._run(p)
        lines = evidence(
            np.full(N_STEPS, np.nan) if isinstance(rates, Failed) else rates,
            np.full(N_STEPS + 1, np.nan) if isinstance(errors, Failed) else errors,
        )
        recorded = recordings.ghost(self._ghost, p=p)
        self._said = " ".join([_verdict(p, holds), *_troubles(rates, errors), _beside(recorded)])
        self._picture.value = _drawing(p, lines, recorded, holds, self._said)
        self._words.value = f'<p style="margin:2px 0 6px 0" aria-live="polite">{svg.escape(self._said)}</p>'
        self._numbers.value = _table(lines)

    def _run(self, p: float) -> tuple[np.ndarray | Failed, np.ndarray | Failed]:
        """Return the student's rates and errors, each as numbers or with the words why not."""

        def rates() -> Any:
            made = self._schedule(p)
            return None if made is None else [made(t) for t in range(1, N_STEPS + 1)]

        asked = attempt(rates, shape=(N_STEPS,), seconds=SECONDS)
        if isinstance(asked, Failed):
            return asked, asked
        return asked, attempt(lambda: self._error(self._schedule(p)), shape=(N_STEPS + 1,), seconds=SECONDS)


def _verdict(p: float, holds: np.ndarray | Failed) -> str:
    if isinstance(holds, Failed):
        return f"p = {p:g}. Which conditions hold: {holds.line}."
    said = "; ".join(words[0 if value else 1] for words, value in zip(WORDS, holds, strict=True))
    return f"p = {p:g}. Your answer: {said}. {'All three hold.' if holds.all() else 'Not all three hold.'}"


def _troubles(rates: np.ndarray | Failed, errors: np.ndarray | Failed) -> list[str]:
    if isinstance(rates, Failed):
        return [f"Your schedule: {rates.line}."]
    if isinstance(errors, Failed):
        return [f"Your errors: {errors.line}."]
    return [f"After {N_STEPS:,} steps the expected squared error is {errors[-1]:.3g}."]


def _beside(recorded: recordings.Ghost) -> str:
    where = "" if recorded.exact else f" at p = {recorded.setting['p']:g}, the nearest that was recorded"
    return f"The pale bands are the reference{where}."


def _drawing(p: float, lines: np.ndarray, recorded: recordings.Ghost, holds: np.ndarray | Failed, words: str) -> str:
    legend = [(svg.stroke(svg.YOURS, 1.8), "yours"), (svg.stroke(svg.GHOST, 7, opacity=0.45), "reference")]
    parts = [svg.title(f"p = {p:g}"), svg.legend(legend)]
    for k, panel in enumerate(PANELS):
        mine, theirs = lines[k], recorded.path[k]
        finite = mine[np.isfinite(mine)]
        top = float(finite[-1]) if finite.size and finite[-1] > 0 else float(theirs[-1])
        inside = svg.polyline(panel.pixels(theirs, top), svg.GHOST, 7, opacity=0.45 if recorded.exact else 0.2)
        if finite.size:
            inside += svg.polyline(panel.pixels(mine, top), svg.YOURS, 1.8)
        place = f"{panel.x} {panel.y - 4} {panel.width} {panel.height + 4}"
        x, y, width, height = place.split()
        # An inner svg cuts what it holds without an id, which two pictures of one page would share.
        parts.append(f'<svg x="{x}" y="{y}" width="{width}" height="{height}" viewBox="{place}" overflow="hidden">{inside}</svg>')
        parts.append(panel.axes(top) + _heading(panel, k, holds))
    for panel in PANELS[2:]:
        middle = panel.x + panel.width / 2
        parts.append(f'<text x="{middle}" y="{HEIGHT - 14}" text-anchor="middle" font-size="12" fill="{svg.INK}">step t</text>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" '
        f'aria-label="{svg.escape(words)}" font-family="sans-serif" style="max-width:100%">{"".join(parts)}</svg>'
    )


def _heading(panel: Panel, k: int, holds: np.ndarray | Failed) -> str:
    """Return the panel's heading: a condition with its tick or cross, a question mark where there is no answer yet."""
    mark, colour, x = "", svg.INK, panel.x
    if k < 3:
        mark, colour = ("?", svg.INK) if isinstance(holds, Failed) else ("✓", _HOLDS) if holds[k] else ("✗", _FAILS)
        mark = f'<text x="{x}" y="{panel.y - 14}" font-size="20" font-weight="bold" fill="{colour}">{mark}</text>'
        x += 24
    return f'{mark}<text x="{x}" y="{panel.y - 15}" font-size="15" fill="{svg.INK}">{svg.escape(panel.heading)}</text>'


def _table(lines: np.ndarray) -> str:
    if not np.isfinite(lines[0]).any():
        return ""
    rows = [["step t", "ηₜ", "Σ ηₜ", "Σ ηₜ²", "E[θₜ²]"]]
    for t in (1, 10, 100, 1000, N_STEPS):
        rows.append([f"{t:,}", *(f"{value:.4g}" for value in lines[:, int(np.searchsorted(STEPS, t))])])
    return folded("The curves in numbers", rows)
