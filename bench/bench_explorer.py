"""How long an explorer's slider takes to redraw: key press to changed picture, in JupyterLab, in Chromium, beside its slow twin.

The twin is what most notebooks do: ipywidgets' interact around an inline figure of matplotlib, with the same map and the same walk
of 200 steps of a student's own Adam. Both stand in one notebook, are driven by arrow keys one press at a time, and are timed in
the page, from the key's event to the first animation frame after the new picture has come (for the twin: has been decoded).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat

import descentlab

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
import labbrowser

if TYPE_CHECKING:
    from playwright.sync_api import Page

# A student's section 12, and the walk that both pictures show.
WALK = """\
import numpy as np
from descentlab.runs import run_steps

def update_moments(m, v, gradient, beta1=0.9, beta2=0.999):
    return beta1 * m + (1 - beta1) * gradient, beta2 * v + (1 - beta2) * gradient**2

def bias_correction(moment, beta, t):
    return moment / (1 - beta**t)

def adam_step(theta, m, v, gradient, t, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v = update_moments(m, v, gradient, beta1, beta2)
    m_hat, v_hat = bias_correction(m, beta1, t), bias_correction(v, beta2, t)
    return theta - lr / (np.sqrt(v_hat) + eps) * m_hat, m, v

def walk(lr):
    return run_steps(adam_step, "rosenbrock", 200, lr=lr)
"""
EXPLORER = """\
from descentlab.explorer import Explorer
Explorer("rosenbrock", walk, method="Adam", lr=(0.01, 0.5, 0.1))
"""
TWIN = """\
%matplotlib inline
import ipywidgets
import matplotlib.pyplot as plt
from descentlab import objectives

hill = objectives.get("rosenbrock")
xs, ys = (np.linspace(*side, 161) for side in hill.box)
heights = hill.value(np.stack(np.meshgrid(xs, ys), axis=-1))

def draw(lr):
    path = walk(lr)
    figure, ax = plt.subplots(figsize=(6, 4.46), layout="constrained")
    ax.contour(xs, ys, heights, levels=hill.levels, colors="#b8b8b8", linewidths=0.8)
    ax.plot(*hill.minima[0], "k*", markersize=10, label="minimum")
    ax.plot(path[:, 0], path[:, 1], color="#5B3FD6", marker="o", markersize=3.2, linewidth=1.6, label="yours")
    ax.set(xlim=hill.box[0], ylim=hill.box[1], xlabel="θ[0]", ylabel="θ[1]", title="Adam, rosenbrock")
    ax.legend(loc="upper left")
    plt.show()

rates = [float(f"{rate:.2g}") for rate in np.geomspace(0.01, 0.5, 81)]
ipywidgets.interact(draw, lr=ipywidgets.SelectionSlider(options=sorted({*rates, 0.1}), value=0.1));
"""

# Keeps in `times` how long each key press took. `shown` says what the picture is, so that it can be seen to be another one.
WATCH = """\
([cell, kind]) => {
    const shown = () => kind === "svg" ? cell.querySelector("svg[role=img]")?.outerHTML : cell.querySelector("img")?.src;
    const watch = window.watch = {times: []};
    let begun = null, before = null;
    watch.key = () => { begun = performance.now(); before = shown(); };
    watch.eye = new MutationObserver(async () => {
        const now = shown();
        if (begun === null || !now || now === before) return;
        const start = begun;
        begun = null;
        if (kind === "img") await cell.querySelector("img").decode();
        requestAnimationFrame(() => watch.times.push(performance.now() - start));
    });
    document.addEventListener("keydown", watch.key, true);
    watch.eye.observe(cell, {subtree: true, childList: true, attributes: true});
}"""
UNWATCH = "() => { document.removeEventListener('keydown', window.watch.key, true); window.watch.eye.disconnect(); }"


def main() -> None:
    """Measure both, and print a line for each, and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--presses", type=int, default=80, help="key presses for each of the two (default 80)")
    presses = parser.parse_args().presses
    if not labbrowser.chromium():
        sys.exit("there is no Chromium: scripts/need chromium")
    print(f"{'key press to redraw':34s} {'median':>8s} {'95 %':>8s}   milliseconds, {presses} presses, {os.cpu_count()} cores")
    for extensions in ({"descentlab.server": True}, {}):
        with tempfile.TemporaryDirectory() as scratch:
            found = measured(Path(scratch), presses, extensions)
        print(f"the server {'with descentlab.server' if extensions else 'as it comes'}")
        rows = {name: (statistics.median(times), percentile(times, 95)) for name, times in found.items()}
        ours, slow = rows.values()
        rows["ratio"] = (slow[0] / ours[0], slow[1] / ours[1])
        for name, (median, late) in rows.items():
            print(f"  {name:32s} {median:8.1f} {late:8.1f}", flush=True)
    print(f"of the explorer's, its own Python takes {computing(presses):.1f} (median, without kernel and browser)")


def measured(scratch: Path, presses: int, extensions: dict[str, bool]) -> dict[str, list[float]]:
    """Return the milliseconds of each press on the explorer and on its twin, under a server with these extensions."""
    bundle, home = scratch / "bundle", scratch / "home"
    bundle.mkdir()
    (home / "config").mkdir(parents=True)
    settings = json.dumps({"ServerApp": {"jpserver_extensions": extensions}})
    (home / "config" / "jupyter_server_config.json").write_text(settings, encoding="utf-8")
    (bundle / "descentlab").symlink_to(Path(descentlab.__file__).parent)
    texts = {"walk": WALK, "ours": EXPLORER, "twin": TWIN}
    cells = [nbformat.v4.new_code_cell(text.strip(), id=name) for name, text in texts.items()]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, bundle / "bench.ipynb")
    with labbrowser.lab(bundle, home) as lab, labbrowser.browser() as browser:
        page = browser.new_page(viewport={"width": 1200, "height": 1600})
        page.set_default_timeout(120_000)
        opened = lab.open(page, "bench.ipynb")
        opened.run_all()
        opened.output("twin").locator("img").wait_for()
        return {
            "explorer": pressed(page, opened.cell("ours"), "svg", presses),
            "interact and an inline figure": pressed(page, opened.cell("twin"), "img", presses),
        }


def pressed(page: Page, cell, kind: str, presses: int) -> list[float]:
    """Press arrow keys on the first slider of a cell, each after the picture of the one before, and return the milliseconds."""
    handle = cell.locator(".noUi-handle").first
    handle.scroll_into_view_if_needed()
    handle.focus()
    warm_up = 5
    page.evaluate(WATCH, [cell.element_handle(), kind])
    for press in range(warm_up + presses):
        # To and fro, twenty steps each way.
        page.keyboard.press("ArrowLeft" if press // 20 % 2 else "ArrowRight")
        page.wait_for_function("n => window.watch.times.length > n", arg=press)
        time.sleep(0.05)
    times = page.evaluate("() => window.watch.times")
    page.evaluate(UNWATCH)
    return times[warm_up:]


def computing(presses: int) -> float:
    """Return the milliseconds that the explorer's own Python takes for a new place of its slider."""
    space: dict[str, Callable] = {}
    exec(WALK, space)
    from descentlab.explorer import Explorer

    explorer = Explorer("rosenbrock", space["walk"], method="Adam", lr=(0.01, 0.5, 0.1))
    rates = [rate for _, rate in explorer._settings["lr"].options]
    times = []
    for number in range(presses):
        start = time.perf_counter()
        explorer.set(lr=rates[number % len(rates)])
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


def percentile(times: list[float], share: int) -> float:
    """Return the value that `share` percent of the times do not exceed."""
    return statistics.quantiles(times, n=100, method="inclusive")[share - 1]


if __name__ == "__main__":
    main()
