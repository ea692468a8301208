"""The five criteria as lights under sliders: which of them are lit at which step of a run, and which one ends it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

import ipywidgets as widgets
import numpy as np

from descentlab import recordings
from descentlab.plots.guard import Failed, attempt
from descentlab.plots.stopping import LAMPS
from descentlab.plots.style import PALETTE
from descentlab.svg import FAINT, GHOST, INK, fixed, polyline

WIDTH, LEFT, RIGHT, TOP, LOSSES, ROW = 640, 86, 14, 12, 170, 26

# What a slider asks takes milliseconds. What takes longer than this is stopped, and the sliders go on working.
SECONDS = 2.0

# The limits that each criterion needs, in the order in which they are asked.
NEEDS = {
    "budget": ("max_iterations", "max_seconds"),
    "validation": ("patience",),
    "optimum": ("J_star", "eps_optimum"),
    "loss": ("eps_loss",),
    "gradient": ("eps_gradient",),
}
# Black would be lost on a dark page.
COLOURS = (INK, *LAMPS[1:])
NAMES = {"max_iterations": "steps at most", "patience": "patience", "eps": "ε, both shares"}

# A slider that stands for several limits: one ε for the two criteria that measure by a share.
STANDS_FOR = {"eps": ("eps_loss", "eps_gradient")}


class Lights(widgets.VBox):
    """Sliders for limits, over the losses of a run and its lights.

    `states` is what is known at each step of the run, from 0 on; `stop_reason(state, limits)` is the student's. `fixed` holds the
    limits that stay. There is a slider for each parameter with which the run `ghost` ("section/run") was recorded, over the values
    at which it was: it tells at which step the reference's lights go on, one number for each row, -1 for never.
    """

    def __init__(
        self,
        states: Sequence[dict[str, Any]],
        stop_reason: Callable[[dict, dict], Any],
        fixed: Mapping[str, float],
        *,
        ghost: str,
    ):
        self._states, self._stop_reason, self._fixed, self._ghost = states, stop_reason, dict(fixed), ghost
        first = recordings.ghost(ghost).setting
        self._sliders = {
            name: widgets.SelectionSlider(
                options=[(f"{value:g}", value) for value in values], value=first[name], description=NAMES.get(name, name),
                style={"description_width": "110px"}, layout={"width": "430px"},
            )
            for name, values in recordings.grid(ghost).items()
        }  # fmt: skip
        self._picture, self._words = widgets.HTML(), widgets.HTML()
        for slider in self._sliders.values():
            slider.observe(self._draw, "value")
        self._draw()
        super().__init__([*self._sliders.values(), self._picture, self._words], layout={"max_width": f"{WIDTH + 40}px"})

    @property
    def limits(self) -> dict[str, float]:
        """All limits as the sliders stand."""
        return self._fixed | {limit: value for name, value in self.setting.items() for limit in STANDS_FOR.get(name, (name,))}

    @property
    def setting(self) -> dict[str, float]:
        """The sliders as they stand."""
        return {name: slider.value for name, slider in self._sliders.items()}

    @property
    def words(self) -> str:
        """What is said under the picture."""
        return self._said

    def set(self, **setting: float) -> None:
        """Move sliders to these values, as a hand would."""
        for name, value in setting.items():
            self._sliders[name].value = value

    def _repr_svg_(self) -> str:
        """The picture as it stands, for places where there is no kernel: in fixed colours on a white ground."""
        return fixed(self._svg).replace(">", '><rect width="100%" height="100%" fill="#ffffff"/>', 1)

    def _draw(self, _change: Any = None) -> None:
        limits = self.limits
        rows = {name: self._lit(name, {k: limits[k] for k in needs if k in limits}) for name, needs in NEEDS.items()}
        failed = next((lit for lit in rows.values() if isinstance(lit, Failed)), None)
        reasons = failed or attempt(lambda: self._numbered(limits), shape=(len(self._states),), seconds=SECONDS)
        self._said = self._sentence(reasons)
        stop = None if isinstance(reasons, Failed) or not reasons.any() else int(np.argmax(reasons > 0))
        self._svg = self._drawn(rows, stop)
        self._picture.value = self._svg
        self._words.value = f'<p style="margin:2px 0 6px 0" aria-live="polite">{escape(self._said)}</p>'

    def _lit(self, name: str, limits: dict[str, float]) -> np.ndarray | Failed:
        """Return where a criterion holds: where it is the reason to stop, alone with its own limits."""
        return attempt(
            lambda: [_is(self._stop_reason(state, limits), name) for state in self._states],
            shape=(len(self._states),), seconds=SECONDS,
        )  # fmt: skip

    def _numbered(self, limits: dict[str, float]) -> list[int]:
        """Return the number of the reason at each step, from 1 on, 0 where there is none."""
        order = [None, *NEEDS, "diverged"]
        return [order.index(self._stop_reason(state, limits)) for state in self._states]

    def _sentence(self, reasons: np.ndarray | Failed) -> str:
        if isinstance(reasons, Failed):
            return f"Your function: {' '.join(reasons.words.split())}."
        if not reasons.any() and self._stop_reason(self._states[0] | {"J": np.nan}, {}) is None:
            return (
                "Your stop_reason is not written yet: write it, run its cell, and move a slider. The pale bands are the reference."
            )
        if not reasons.any():
            return f"No light is lit within {len(self._states) - 1} steps: the run goes on."
        step = int(np.argmax(reasons > 0))
        state, name = self._states[step], [None, *NEEDS, "diverged"][int(reasons[step])]
        told = f"The run stops at step {step}: {name}. There J = {state['J']:.3g}"
        beside = " The pale bands are the reference."
        if not state["validation"]:
            return f"{told}.{beside}"
        best = int(np.argmin(state["validation"]))
        return f"{told}; the lowest validation loss so far is {state['validation'][best]:.3g}, at step {best}.{beside}"

    def _drawn(self, rows: Mapping[str, np.ndarray | Failed], stop: int | None) -> str:
        last, height = len(self._states) - 1, TOP + LOSSES + 14 + ROW * len(NEEDS) + 44
        xs = LEFT + np.arange(last + 1) / max(last, 1) * (WIDTH - LEFT - RIGHT)
        parts = self._losses(xs)
        for row, step in enumerate(recordings.ghost(self._ghost, **self.setting).path):
            if step >= 0:
                y = TOP + LOSSES + 24 + ROW * row
                parts.append(
                    f'<path d="M{xs[int(step)]:.1f} {y}H{xs[-1] + 1:.1f}" stroke="{GHOST}" stroke-width="16" opacity="0.35"/>'
                )
        for row, (name, lit) in enumerate(rows.items()):
            parts += _row(name, lit, xs, TOP + LOSSES + 24 + ROW * row, COLOURS[row])
        bottom = TOP + LOSSES + 14 + ROW * len(NEEDS)
        if stop is not None:
            parts.append(f'<path d="M{xs[stop]:.1f} {TOP}V{bottom}" stroke="{INK}" stroke-width="1.2" stroke-dasharray="5 4"/>')
        for step in range(0, last + 1, max(1, round(last / 6 / 10) * 10)):
            parts.append(_text(xs[step], bottom + 14, str(step), "middle"))
        parts.append(_text((LEFT + WIDTH - RIGHT) / 2, height - 8, "step t", "middle"))
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" '
            f'aria-label="{escape(self._said)}" font-family="sans-serif" style="max-width:100%">{"".join(parts)}</svg>'
        )

    def _losses(self, xs: np.ndarray) -> list[str]:
        validation = self._states[-1]["validation"]
        curves = {"training loss J": [state["J"] for state in self._states]} | (
            {"validation loss": validation} if validation else {}
        )
        with np.errstate(all="ignore"):
            logs = {name: np.log10(np.maximum(heights, 1e-300)) for name, heights in curves.items()}
        low, high = min(y.min() for y in logs.values()) - 0.05, max(y.max() for y in logs.values()) + 0.05
        frame = f'<path d="M{LEFT} {TOP}V{TOP + LOSSES}H{WIDTH - RIGHT}" fill="none" stroke="{INK}" stroke-width="1"/>'
        parts = [frame, _text(LEFT - 50, TOP + LOSSES / 2, "loss", "middle", turned=True)]
        for tick in (m * 10.0**e for e in range(int(np.floor(low)), int(np.ceil(high))) for m in (1, 2, 5)):
            if low <= np.log10(tick) <= high:
                y = TOP + LOSSES * (high - np.log10(tick)) / (high - low)
                parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="{FAINT}" stroke-width="0.5"/>')
                parts.append(_text(LEFT - 6, y + 4, f"{tick:g}", "end"))
        for index, (name, y) in enumerate(logs.items()):
            parts.append(polyline(np.stack([xs, TOP + LOSSES * (high - y) / (high - low)], axis=1), PALETTE[index], 1.8))
            parts.append(_text(WIDTH - RIGHT - 4, TOP + 14 + 17 * index, name, "end", PALETTE[index]))
        return parts


def _is(reason: Any, name: str) -> float:
    """Return 1 or 0: whether this is the reason. TypeError for what is no answer."""
    if reason is None:
        return 0.0
    if not isinstance(reason, str):
        raise TypeError(f"wanted the name of a criterion or None, not {type(reason).__name__}")
    return float(reason == name)


def _row(name: str, lit: np.ndarray | Failed, xs: np.ndarray, y: float, colour: str) -> list[str]:
    parts = [
        _text(LEFT - 8, y + 4, name, "end"),
        f'<path d="M{xs[0]:.1f} {y}H{xs[-1]:.1f}" stroke="{FAINT}" stroke-width="1.2"/>',
    ]
    if isinstance(lit, Failed) or not lit.any():
        return [*parts, f'<circle cx="{LEFT + 6}" cy="{y}" r="5" fill="none" stroke="{FAINT}" stroke-width="1.5"/>']
    edges = np.flatnonzero(np.diff(np.concatenate([[0], lit.astype(int), [0]])))
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        parts.append(f'<path d="M{xs[begin]:.1f} {y}H{xs[end - 1] + 1:.1f}" stroke="{colour}" stroke-width="7"/>')
    step = int(np.argmax(lit))
    parts.append(f'<circle cx="{xs[step]:.1f}" cy="{y}" r="6.5" fill="{colour}"/>')
    side = -1 if step > len(lit) / 8 else 1
    parts.append(_text(xs[step] + 12 * side, y + 4, str(step), "end" if side < 0 else "start"))
    return parts


def _text(x: float, y: float, words: str, anchor: str, colour: str = INK, *, turned: bool = False) -> str:
    turn = f' transform="rotate(-90 {x:.1f} {y:.1f})"' if turned else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="12" fill="{colour}"{turn}>{escape(words)}</text>'
