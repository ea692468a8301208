"""A race as a picture and as a player: one SVG, whose lines a few lines of script cut to the step that is shown."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import numpy as np

from descentlab import svg
from descentlab.plots.numbers import folded

if TYPE_CHECKING:
    from descentlab.plots.animation import RaceAnimation, Runner

_MOST = 1000  # places of the slider: of a longer race steps are left out
_ROW = 21  # pixels from a line of the legend to the next
_ACROSS = 43  # letters of a legend's entry that still leave room for a second one beside it

# The picture is the data: the script sets the SVG in the place of the <img> that shows it, and plays it by cutting its lines.
# Where scripts don't run, the <img> stays; where the sanitizer of a notebook takes the script away, it lets that through.
_SCRIPT = """
for (const still of document.querySelectorAll(".descentlab-race > img")) {
  const race = still.parentElement, [steps, last, seconds] = ["steps", "last", "seconds"].map((key) => Number(race.dataset[key]));
  const text = decodeURIComponent(still.src.slice(still.src.indexOf(",") + 1));
  const picture = document.importNode(new DOMParser().parseFromString(text, "image/svg+xml").documentElement, true);
  const runners = Array.from(picture.querySelectorAll("[data-runner]"), (group) => {
    const line = group.querySelector("polyline");
    return { line, head: group.querySelector("path"), points: line.getAttribute("points").split(" ") };
  });
  const button = document.createElement("button"), slider = document.createElement("input");
  const count = document.createElement("output"), controls = document.createElement("div");
  let begun = null;

  const show = (place) => {
    slider.value = place;
    count.textContent = `step ${last ? Math.floor(place * steps / last) : 0} of ${steps}`;
    slider.setAttribute("aria-valuetext", count.textContent);
    for (const { line, head, points } of runners) {
      const shown = points.slice(0, place + 1);
      line.setAttribute("points", shown.join(" "));
      if (head) head.setAttribute("transform", `translate(${shown[shown.length - 1]})`);
    }
  };
  const pause = () => { begun = null; button.textContent = "Play"; };
  const tick = (now) => {
    if (begun === null) return;
    if (!race.isConnected) return pause();
    const place = Math.min(last, Math.max(0, Math.floor((now - begun) * last / seconds / 1000)));
    show(place);
    if (place === last) pause(); else requestAnimationFrame(tick);
  };
  const play = () => {
    const from = Number(slider.value) < last ? Number(slider.value) : 0;
    begun = performance.now() - from * seconds * 1000 / Math.max(last, 1);
    button.textContent = "Pause";
    requestAnimationFrame(tick);
  };

  button.type = "button";
  button.onclick = () => (begun === null ? play() : pause());
  Object.assign(button.style, {
    width: "70px", padding: "4px", font: "inherit", cursor: "pointer", color: "inherit", borderRadius: "3px",
    background: "var(--jp-layout-color2, #eeeeee)", border: "1px solid var(--jp-border-color1, #bdbdbd)",
  });
  Object.assign(slider, { type: "range", min: 0, max: last, step: 1, value: last });
  slider.setAttribute("aria-label", "step");
  slider.oninput = () => { pause(); show(Number(slider.value)); };
  slider.style.flex = "1";
  Object.assign(count.style, { minWidth: "110px", textAlign: "right" });
  Object.assign(controls.style, { display: "flex", gap: "12px", alignItems: "center", margin: "4px 0" });
  controls.style.maxWidth = `${picture.getAttribute("width")}px`;
  // The keys are for the slider and the button as long as one of them has the focus, not for JupyterLab's cells.
  for (const control of [button, slider]) control.setAttribute("data-lm-suppress-shortcuts", "true");
  controls.append(button, slider, count);
  still.replaceWith(picture, controls);
  pause();
  show(last);
}
"""


def still(race: RaceAnimation) -> str:
    """Return the picture of the whole paths as an SVG, with title and legend."""
    lines = []
    for runner in race.runners:
        if runner.ghost is not None:
            lines.append(_group(race, runner.ghost, _ink(runner.colour), 6.0, opacity=0.35))
    for runner in race.runners:
        if runner.path is not None:
            lines.append(_group(race, runner.path, _ink(runner.colour), 1.8, head=runner.mark))
    legend, height = _legend(race)
    elements = (
        f'<rect width="{svg.WIDTH}" height="{svg.HEIGHT + height}" fill="{svg.GROUND}"/>'
        f"{svg.landscape(race.objective.name)}{svg.cut(''.join(lines))}"
        f"{svg.title(race.title)}{svg.legend(svg.marks(race.objective))}{legend}"
    )
    return svg.framed(elements, race.words, svg.HEIGHT + height)


def paper(race: RaceAnimation) -> str:
    """Return the same picture in fixed colours, for a page whose theme it does not know."""
    return svg.fixed(still(race))


def html(race: RaceAnimation) -> str:
    """Return the player as a piece of HTML that needs nothing but itself."""
    return (
        f'<figure class="descentlab-race" data-steps="{race.n_steps}" data-last="{min(race.n_steps, _MOST)}" '
        f'data-seconds="{race.seconds:g}" style="margin:0">'
        f'<img src="data:image/svg+xml,{quote(still(race))}" alt="{escape(race.words)}" style="max-width:100%">'
        f"{folded('The race in numbers', race.numbers())}<script>{_SCRIPT}</script></figure>"
    )


def save_html(race: RaceAnimation, path: Path) -> None:
    """Write a page that holds the player."""
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(race.title or "A race")}</title>'
    path.write_text(f'{head}<body style="font-family:sans-serif">{html(race)}</body></html>\n', encoding="utf-8")


def save_svg(race: RaceAnimation, path: Path) -> None:
    """Write the picture of the whole paths."""
    path.write_text(paper(race), encoding="utf-8")


def _group(race: RaceAnimation, path: np.ndarray, colour: str, width: float, *, opacity: float = 1.0, head: str = "") -> str:
    if not len(path):
        return ""
    pixels = race.frame.pixels(svg.on_map(race.objective, path[_places(race, len(path))]))
    mark = svg.head(head, pixels[-1], colour) if head else ""
    return f"<g data-runner=''>{svg.polyline(pixels, colour, width, opacity=opacity)}{mark}</g>"


def _places(race: RaceAnimation, n_points: int) -> np.ndarray:
    """Return which points of a path are kept: those of the slider's places, and its last one."""
    last = min(race.n_steps, _MOST)
    places = np.arange(last + 1) * race.n_steps // max(last, 1)
    return np.append(places[places < n_points - 1], n_points - 1)


def _ink(colour: str) -> str:
    """Return a line's colour; black becomes that of the theme's text, since a dark page has black paper."""
    return svg.INK if colour == "#000000" else colour


def _legend(race: RaceAnimation) -> tuple[str, int]:
    """Return the legend and its height."""
    entries = [(_sample(runner), runner.label) for runner in race.runners]
    if words := race.ghost_words:
        band = f'<path d="M0 0h26" stroke="{svg.GHOST}" stroke-width="6" stroke-linecap="round" opacity="0.35"/>'
        entries.append((band, words))
    columns = 2 if max((len(text) for _, text in entries), default=0) <= _ACROSS else 1
    rows = -(-len(entries) // columns)
    parts = []
    for number, (sample, text) in enumerate(entries):
        x, y = 12 + number // rows * svg.WIDTH / columns, svg.HEIGHT + 12 + number % rows * _ROW
        text = f'<text x="36" y="4.5" font-size="11.5" fill="{svg.INK}">{escape(text)}</text>'
        parts.append(f'<g transform="translate({x:g} {y})">{sample}{text}</g>')
    return "".join(parts), rows * _ROW + 6


def _sample(runner: Runner) -> str:
    colour = _ink(runner.colour)
    return f'<path d="M0 0h26" stroke="{colour}" stroke-width="1.8"/>{svg.head(runner.mark, np.array([13.0, 0.0]), colour)}'
