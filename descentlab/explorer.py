"""The explorer: sliders over a landscape, the student's own walk, the recorded reference's ghost, and in words what happened."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable
from typing import Any

import ipywidgets as widgets
import numpy as np

from descentlab import objectives, recordings, svg
from descentlab.plots import style
from descentlab.plots.guard import Failed, attempt
from descentlab.plots.layers import stacked
from descentlab.plots.numbers import table
from descentlab.plots.walks import made_with, outcome, path_shape, symbol

# A walk of a figure takes milliseconds. One that takes longer than this is stopped, and the sliders go on working.
SECONDS = 2.0

Range = tuple[float, float] | tuple[float, float, float]

# The argument of a run that sets how long its walk is: no ghost depends on it, a longer one is cut.
_STEPS = "n_steps"
_LOOK = {"style": {"description_width": "88px"}, "layout": {"width": "400px"}}


class Explorer(widgets.VBox):
    """Sliders for the settings of `run`, over the map of a named objective of one or two parameters.

    `run(**settings)` returns all points of a walk, shape (n + 1,) or (n + 1, 2); where it has an argument `start`, the start can be
    moved too. `settings` maps each of its parameters to (low, high) or (low, high, value); where both ends are whole numbers, as
    those of n_steps, so are all between them. `ghost` names the recorded reference ("section/run"): at a setting that was not
    recorded the nearest one stays, greyed, with its setting beside it. `method` names the method that walks, which gives the walk
    its colour; `title` stands above the map.

    A walk that takes longer than two seconds is stopped (`descentlab.plots.guard.attempt` says where that can't be), and whatever
    else the function does, its error stands in the picture in words, and the sliders go on working.
    """

    def __init__(
        self,
        objective: str,
        run: Callable[..., Any],
        *,
        ghost: str | None = None,
        method: str | None = None,
        title: str | None = None,
        **settings: Range,
    ):
        self._objective = objectives.get(objective)
        self._run, self._ghost = run, ghost
        self._colour = style.method_colour(method) if method else svg.YOURS
        named = ", ".join(filter(None, [method, objective.replace("_", " ")]))
        self._title = title or named[0].upper() + named[1:]
        self._frame = svg.Frame.of(self._objective)
        defaults = recordings.ghost(ghost).setting if ghost else {}
        grid = recordings.grid(ghost) if ghost else {}
        self._settings = {name: _slider(name, span, grid.get(name, []), defaults.get(name)) for name, span in settings.items()}
        self._starts = self._start_sliders() if "start" in inspect.signature(run).parameters else []
        self._shown = widgets.IntSlider(0, 0, 1, description="steps shown", **_LOOK)
        self._play = widgets.Play(min=0, interval=60, step=1, show_repeat=False, tooltip="let the walk go step by step")
        widgets.jslink((self._play, "value"), (self._shown, "value"))
        self._overlay, self._words, self._numbers = widgets.HTML(), widgets.HTML(), widgets.HTML()
        # Shut until somebody opens it: the numbers are then made, and sent, with every picture.
        self._table = widgets.Accordion([self._numbers], titles=("The walk in numbers",), selected_index=None)
        self._path: np.ndarray | Failed = Failed("")
        for control in (*self._settings.values(), *self._starts):
            control.observe(self._walk_again, "value")
        self._shown.observe(self._draw, "value")
        self._table.observe(self._write_numbers, "selected_index")
        self._walk_again()
        super().__init__(
            [
                widgets.VBox([*self._settings.values(), *self._starts]),
                stacked(widgets.HTML(svg.picture(objective, "", "", above=svg.title(self._title))), self._overlay),
                self._words,
                widgets.HBox([self._play, self._shown]),
                self._table,
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
        recorded = self._recorded()
        above = svg.title(self._title) + self._legend(recorded)
        return svg.on_paper(svg.picture(self._objective.name, self._lines(recorded), self._spoken(), above=above))

    def _start_sliders(self) -> list[widgets.FloatSlider]:
        starts = np.atleast_1d(self._objective.start)
        names = [f"start, θ[{i}]" for i in range(len(starts))] if len(starts) > 1 else ["start, θ"]
        # Hundredths: the boxes and the starts of all objectives are such, and a slider stops at its steps alone.
        return [
            widgets.FloatSlider(value=float(value), min=low, max=high, step=0.01, description=name, **_LOOK)
            for name, value, (low, high) in zip(names, starts, self._objective.box, strict=True)
        ]

    @property
    def _moved(self) -> bool:
        starts = np.atleast_1d(self._objective.start)
        # The browser counts a slider's steps from its low end, and sends back what that sums up to: nearly the start.
        return any(abs(control.value - value) > control.step / 2 for control, value in zip(self._starts, starts, strict=False))

    def _walk_again(self, _change: Any = None) -> None:
        """Run the student's function at the sliders' setting, and draw what came of it, whatever it is."""
        handed = self.setting
        if self._starts:
            values = np.round([control.value for control in self._starts], 2)
            handed["start"] = values if self._objective.dimension > 1 else np.array(values[0])
        self._path = attempt(self._run, shape=path_shape(self._objective), seconds=SECONDS, **handed)
        self._play.disabled = self._shown.disabled = isinstance(self._path, Failed)
        steps = 0 if isinstance(self._path, Failed) else len(self._path) - 1
        # The slider's own change would draw too: it is drawn once, below.
        with self._shown.hold_trait_notifications():
            self._shown.max = self._play.max = max(steps, 1)
            self._shown.value = steps
        self._draw()

    def _draw(self, _change: Any = None) -> None:
        recorded = self._recorded()
        self._said = self._sentence(recorded)
        picture = self._lines(recorded), self._spoken()
        self._overlay.value = svg.picture(self._objective.name, *picture, above=self._legend(recorded), background=False)
        self._words.value = f'<p style="margin:2px 0 6px 0;line-height:1.4" aria-live="polite">{svg.escape(self._said)}</p>'
        self._write_numbers()

    def _recorded(self) -> recordings.Ghost | None:
        """The ghost of this setting; none where the start was moved, since it was recorded from the objective's own."""
        if not self._ghost or self._moved:
            return None
        setting = self.setting
        steps = setting.pop(_STEPS, None)
        recorded = recordings.ghost(self._ghost, **setting)
        return recorded if steps is None else recordings.Ghost(recorded.path[: int(steps) + 1], recorded.setting, recorded.exact)

    def _lines(self, recorded: recordings.Ghost | None) -> str:
        parts = []
        if recorded:
            pixels = self._frame.pixels(svg.on_map(self._objective, recorded.path))
            parts.append(svg.polyline(pixels, svg.GHOST, 7, opacity=_faintness(recorded)))
        trouble = self._trouble(recorded)
        if trouble:
            parts.append(svg.message(trouble, low=self._objective.dimension > 1))
        else:
            shown = self._path[: self._shown.value + 1]
            parts.append(svg.polyline(self._frame.pixels(svg.on_map(self._objective, shown)), self._colour, 1.6, dots=True))
        return "".join(parts)

    def _legend(self, recorded: recordings.Ghost | None) -> str:
        entries = [] if self._trouble(recorded) else [(svg.stroke(self._colour, 1.6, dots=True), "yours")]
        if recorded:
            where = "" if recorded.exact else f" at {made_with(recorded)}"
            entries.append((svg.stroke(svg.GHOST, 7, opacity=_faintness(recorded)), f"reference{where}"))
        return svg.legend(entries + svg.marks(self._objective))

    def _spoken(self) -> str:
        return f"{self._title}. {self._said}"

    def _sentence(self, recorded: recordings.Ghost | None) -> str:
        beside = ""
        if recorded:
            where = "" if recorded.exact else f" at {made_with(recorded)}, the nearest that was recorded"
            beside = f" The pale band is the reference{where}."
        elif self._ghost:
            beside = " From this start no reference was recorded."
        if not isinstance(self._path, Failed):
            return f"Your walk: {outcome(self._objective, self._path)}.{beside}"
        if self._path.unwritten:
            return f"Your function is not written yet: write it, run its cell, and move a slider.{beside}"
        return f"{self._complaint()}{beside}"

    def _trouble(self, recorded: recordings.Ghost | None) -> list[str]:
        """The lines that stand in the picture where there is no walk to draw; none where there is."""
        if not isinstance(self._path, Failed):
            return [] if np.isfinite(self._path).any() else [f"Your walk: {outcome(self._objective, self._path)}."]
        if self._path.unwritten:
            joins = "It will walk along the pale band." if recorded else "Its walk will appear here."
            return ["Your function is not written yet.", "Write it, run its cell, and move a slider.", joins]
        return textwrap.wrap(self._complaint(), 58)

    def _complaint(self) -> str:
        line = self._path.line
        return f"Your function: {line}{'' if line.endswith(('?', '!', '.')) else '.'}"

    def _write_numbers(self, _change: Any = None) -> None:
        if self._table.selected_index is not None:
            self._numbers.value = self._rows()

    def _rows(self) -> str:
        if isinstance(self._path, Failed):
            return "There is no walk."
        steps = sorted({0, len(self._path) // 4, len(self._path) // 2, self._shown.value, len(self._path) - 1})
        rows = [("step", "θ", "J(θ)")]
        for step in steps:
            point = ", ".join(f"{value:.4g}" for value in np.atleast_1d(self._path[step]))
            with np.errstate(all="ignore"):
                height = float(self._objective.value(self._path[step]))
            rows.append((str(step), point, f"{height:.4g}"))
        return table(rows)


def _faintness(recorded: recordings.Ghost) -> float:
    return 0.5 if recorded.exact else 0.28


def _slider(name: str, span: Range, recorded: list[float], default: float | None) -> widgets.SelectionSlider:
    """Return a slider over round values and all recorded ones: a slider of floats would step past these.

    Its values are evenly spaced, or on a logarithmic scale where the range spans a factor of ten or more. Whole numbers stay such.
    """
    low, high = span[:2]
    if len(span) == 3:
        default = span[2]
    if all(isinstance(end, int) for end in (low, high)):
        values = {*range(low, high, max(1, (high - low) // 100)), high}
    else:
        wide = low > 0 and high / low >= 10
        spread = np.geomspace(low, high, 81) if wide else np.linspace(low, high, 101)
        values = {float(f"{value:.2g}" if wide else f"{value:.3f}") for value in spread} | {low, high}
    values |= {value for value in (*recorded, default) if value is not None and low <= value <= high}
    options = sorted(values)
    start = default if default in values else options[len(options) // 2]
    labelled = [(f"{value:.4g}", value) for value in options]
    return widgets.SelectionSlider(options=labelled, value=start, description=symbol(name), **_LOOK)
