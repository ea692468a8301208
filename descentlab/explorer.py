"""The explorer: sliders over a landscape, the student's own walk, the recorded reference's ghost, and in words what happened."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import ipywidgets as widgets
import numpy as np

from descentlab import objectives, recordings, svg
from descentlab.plots.guard import Failed, attempt
from descentlab.plots.walks import made_with, outcome, path_shape, symbol

# A walk of a figure takes milliseconds. One that takes longer than this is stopped, and the sliders go on working.
SECONDS = 2.0

Range = tuple[float, float] | tuple[float, float, float]


class Explorer(widgets.VBox):
    """Sliders for the settings of `run`, over the map of a named objective of one or two parameters.

    `run(**settings)` returns all points of a walk, shape (n + 1,) or (n + 1, 2); where it has an argument `start`, the start can be
    moved too. `settings` maps each of its parameters to (low, high) or (low, high, value). `ghost` names the recorded reference
    ("section/run"): at a setting that was not recorded the nearest one stays, greyed, with its setting beside it.
    """

    def __init__(self, objective: str, run: Callable[..., Any], *, ghost: str | None = None, **settings: Range):
        self._objective = objectives.get(objective)
        self._run, self._ghost = run, ghost
        self._frame = svg.Frame.of(self._objective)
        defaults = recordings.ghost(ghost).setting if ghost else {}
        grid = recordings.grid(ghost) if ghost else {}
        self._settings = {name: _slider(name, span, grid.get(name, []), defaults.get(name)) for name, span in settings.items()}
        self._starts = self._start_sliders() if "start" in inspect.signature(run).parameters else []
        self._shown = widgets.IntSlider(0, 0, 1, description="steps shown", style={"description_width": "90px"})
        self._play = widgets.Play(min=0, interval=60, step=1, show_repeat=False, tooltip="let the walk go step by step")
        widgets.jslink((self._play, "value"), (self._shown, "value"))
        self._overlay, self._words, self._numbers = widgets.HTML(), widgets.HTML(), widgets.HTML()
        self._path: np.ndarray | Failed = Failed("")
        for control in (*self._settings.values(), *self._starts):
            control.observe(self._walk_again, "value")
        self._shown.observe(self._draw, "value")
        self._walk_again()
        super().__init__(
            [
                widgets.VBox([*self._settings.values(), *self._starts]),
                _stacked(widgets.HTML(svg.picture(objective, "", "")), self._overlay),
                self._words,
                widgets.HBox([self._play, self._shown]),
                self._numbers,
            ],
            layout={"max_width": f"{svg.WIDTH + 40}px"},
        )

    @property
    def setting(self) -> dict[str, float]:
        """The settings as the sliders stand."""
        return {name: control.value for name, control in self._settings.items()}

    @property
    def words(self) -> str:
        """What is said under the picture."""
        return self._said

    def set(self, **settings: float) -> None:
        """Move sliders to the values nearest to these, as a hand would."""
        for name, value in settings.items():
            slider = self._settings[name]
            slider.value = min((option for _, option in slider.options), key=lambda option: abs(option - value))

    def _repr_svg_(self) -> str:
        """The picture as it stands, for places where there is no kernel."""
        return svg.picture(self._objective.name, self._lines(self._recorded()), self._said)

    def _start_sliders(self) -> list[widgets.FloatSlider]:
        starts = np.atleast_1d(self._objective.start)
        names = [f"start, θ[{i}]" for i in range(len(starts))] if len(starts) > 1 else ["start, θ"]
        # Hundredths: the boxes and the starts of all objectives are such, and a slider stops at its steps alone.
        return [
            widgets.FloatSlider(value=float(value), min=low, max=high, step=0.01, description=name, layout={"width": "380px"})
            for name, value, (low, high) in zip(names, starts, self._objective.box, strict=True)
        ]

    def _walk_again(self, _change: Any = None) -> None:
        """Run the student's function at the sliders' setting, and draw what came of it, whatever it is."""
        handed = self.setting
        if self._starts:
            values = [control.value for control in self._starts]
            handed["start"] = np.array(values if self._objective.dimension > 1 else values[0])
        self._path = attempt(self._run, shape=path_shape(self._objective), seconds=SECONDS, **handed)
        steps = 0 if isinstance(self._path, Failed) else len(self._path) - 1
        # The slider's own change would draw too: it is drawn once, below.
        with self._shown.hold_trait_notifications():
            self._shown.max = self._play.max = max(steps, 1)
            self._shown.value = steps
        self._draw()

    def _draw(self, _change: Any = None) -> None:
        recorded = self._recorded()
        self._said = self._sentence(recorded)
        self._overlay.value = svg.picture(self._objective.name, self._lines(recorded), self._said, background=False)
        self._words.value = f'<p style="margin:2px 0 6px 0" aria-live="polite">{svg.escape(self._said)}</p>'
        self._numbers.value = self._table()

    def _recorded(self) -> recordings.Ghost | None:
        """The ghost of this setting; none where the start was moved, since it was recorded from the objective's own."""
        # A browser hands back 0.9000000000000001 for 0.9: it counts the slider's steps from its low end.
        moved = any(
            abs(control.value - v) > control.step / 2
            for control, v in zip(self._starts, np.atleast_1d(self._objective.start), strict=False)
        )
        return recordings.ghost(self._ghost, **self.setting) if self._ghost and not moved else None

    def _lines(self, recorded: recordings.Ghost | None) -> str:
        parts = []
        if recorded:
            pixels = self._frame.pixels(svg.on_map(self._objective, recorded.path))
            parts.append(svg.polyline(pixels, svg.GHOST, 7, opacity=0.45 if recorded.exact else 0.2))
        if not isinstance(self._path, Failed):
            shown = self._path[: self._shown.value + 1]
            parts.append(svg.polyline(self._frame.pixels(svg.on_map(self._objective, shown)), svg.YOURS, 1.6, dots=True))
        return "".join(parts)

    def _sentence(self, recorded: recordings.Ghost | None) -> str:
        beside = ""
        if recorded:
            where = "" if recorded.exact else f" at {made_with(recorded)}, the nearest that was recorded"
            beside = f" The pale band is the reference{where}."
        if not isinstance(self._path, Failed):
            return f"Your walk: {outcome(self._objective, self._path)}.{beside}"
        if self._path.unwritten:
            return f"Your function is not written yet: write it, run its cell, and move a slider.{beside}"
        return f"Your function: {' '.join(self._path.words.split())}.{beside}"

    def _table(self) -> str:
        if isinstance(self._path, Failed):
            return ""
        steps = sorted({0, len(self._path) // 4, len(self._path) // 2, self._shown.value, len(self._path) - 1})
        rows = []
        for step in steps:
            point = ", ".join(f"{value:.4g}" for value in np.atleast_1d(self._path[step]))
            with np.errstate(all="ignore"):
                height = float(self._objective.value(self._path[step]))
            rows.append(f"<tr><td>{step}</td><td>{point}</td><td>{height:.4g}</td></tr>")
        head = "<tr><th>step</th><th>θ</th><th>J(θ)</th></tr>"
        return f"<details><summary>The walk in numbers</summary><table>{head}{''.join(rows)}</table></details>"


def _slider(name: str, span: Range, recorded: list[float], default: float | None) -> widgets.SelectionSlider:
    """Return a slider over round values and all recorded ones: a slider of floats would step past these.

    Its values are evenly spaced, or on a logarithmic scale where the range spans a factor of ten or more.
    """
    low, high = span[:2]
    wide = low > 0 and high / low >= 10
    spread = np.geomspace(low, high, 81) if wide else np.linspace(low, high, 101)
    values = {float(f"{value:.2g}" if wide else f"{value:.3f}") for value in spread} | {low, high}
    if len(span) == 3:
        default = span[2]
    values |= {value for value in (*recorded, default) if value is not None and low <= value <= high}
    options = sorted(values)
    start = default if default in values else options[len(options) // 2]
    look = {"description": symbol(name), "layout": {"width": "380px"}}
    return widgets.SelectionSlider(options=[(f"{value:.4g}", value) for value in options], value=start, **look)


def _stacked(*layers: widgets.HTML) -> widgets.GridBox:
    """Return widgets that lie one over the other: only the upper one is sent again when a slider moves."""
    for layer in layers:
        layer.layout.grid_area = "1 / 1 / 2 / 2"
    return widgets.GridBox(layers, layout={"width": f"{svg.WIDTH}px", "overflow": "hidden"})
