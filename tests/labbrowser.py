"""JupyterLab over a student's bundle, and a browser that works in it as a student would: for tests, pictures, measurements."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import nbformat

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

# Long enough for a machine that does something else at the same time; nothing waits for it unless something is wrong.
PATIENCE = 120.0

_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}


def chromium() -> str | None:
    """Return the path of the system's Chromium, None where there is none."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)  # as scripts/need has it


@contextlib.contextmanager
def browser() -> Iterator[Browser]:
    """Start the system's Chromium without a window, and close it afterwards."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium(), args=list(_ARGUMENTS))
        yield running
        running.close()


@dataclass
class Lab:
    """A running JupyterLab: where it is, what it serves, where its own files and its log lie."""

    url: str
    token: str
    folder: Path
    home: Path

    @property
    def log(self) -> str:
        """What the server has said so far."""
        return (self.home / "log").read_text(encoding="utf-8", errors="replace")

    def set_theme(self, theme: str) -> None:
        """Choose "light" or "dark" for all pages that are opened from now on."""
        _write(self.home / "settings/@jupyterlab/apputils-extension/themes.jupyterlab-settings", {"theme": THEMES[theme]})

    def stop_kernels(self) -> None:
        """End the kernels of all notebooks, so that the next one that is opened starts from nothing."""
        for kernel in json.loads(self._ask("GET", "api/kernels")):
            self._ask("DELETE", f"api/kernels/{kernel['id']}")

    def _ask(self, method: str, path: str) -> bytes:
        asked = urllib.request.Request(f"{self.url}/{path}", method=method, headers={"Authorization": f"token {self.token}"})
        with urllib.request.urlopen(asked, timeout=PATIENCE) as answer:
            return answer.read()

    def open(self, page: Page, path: str) -> Notebook:
        """Open a notebook of the served folder in `page` and wait until its kernel is idle."""
        cells = nbformat.read(self.folder / path, as_version=4).cells
        page.goto(f"{self.url}/lab/tree/{quote(path)}?reset&token={self.token}")
        notebook = Notebook(page, [cell.id for cell in cells], [cell.cell_type == "code" for cell in cells])
        # The circle in the toolbar says that the kernel is idle before there is one; the status bar does not.
        page.locator("#jp-main-statusbar").get_by_text("| Idle").wait_for()
        notebook.cells.nth(len(cells) - 1).wait_for(state="attached")
        return notebook


@contextlib.contextmanager
def lab(bundle: Path, home: Path) -> Iterator[Lab]:
    """Serve a student's bundle with the JupyterLab of this environment until the block ends.

    The bundle's own package is imported, with the visible checks. Whatever Jupyter, IPython and matplotlib keep lies under `home`.
    Raises RuntimeError with the server's log where it does not start.
    """
    token, port = secrets.token_hex(16), _free_port()
    for name in ("config/labconfig", "settings", "workspaces", "data", "runtime", "ipython", "matplotlib"):
        (home / name).mkdir(parents=True, exist_ok=True)
    # The question whether news may be fetched would lie over the notebook.
    _write(
        home / "config/labconfig/page_config.json", {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}
    )
    with (home / "log").open("wb") as log:
        command, environment = _command(home, port, token), _environment(bundle, home)
        running = subprocess.Popen(command, cwd=bundle, env=environment, stdout=log, stderr=log)
    served = Lab(f"http://127.0.0.1:{port}", token, bundle, home)
    try:
        _wait_for(served, running)
        yield served
    finally:
        # The server ends its kernels when it is asked to stop.
        running.terminate()
        try:
            running.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


def _command(home: Path, port: int, token: str) -> list[str]:
    return [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1"),
        *(f"--port={port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={token}"),
        *(f"--LabApp.user_settings_dir={home / 'settings'}", f"--LabApp.workspaces_dir={home / 'workspaces'}"),
    ]


def _environment(bundle: Path, home: Path) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "MPL", "IPYTHON", "PYTEST"))}
    return own | {
        "HOME": str(home),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "IPYTHONDIR": str(home / "ipython"),
        "MPLCONFIGDIR": str(home / "matplotlib"),
        "PYTHONPATH": str(bundle),
        "DESCENTLAB_CHECKS": "visible",
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_for(served: Lab, running: subprocess.Popen) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and running.poll() is None:
        with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            served._ask("GET", "api/status")
            return
        time.sleep(0.1)
    raise RuntimeError(f"JupyterLab did not start:\n{served.log[-3000:]}")


def _write(path: Path, content: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


# Room for JupyterLab's menu and bars, and the largest picture that Chromium paints, in pixels.
_AROUND, _HIGHEST = 200, 16000
_PANEL = ".jp-NotebookPanel:not(.lm-mod-hidden)"
# True as soon as the prompts of the cells (given by their places) all show a number above `before`.
_RUN = """([panel, places, before]) => {
    const cells = document.querySelectorAll(panel + " .jp-Cell");
    return places.every(place => {
        const number = /^\\[(\\d+)\\]:/.exec(cells[place].querySelector(".jp-InputPrompt").textContent.trim());
        return number !== null && Number(number[1]) > before;
    });
}"""


@dataclass
class Notebook:
    """An open notebook: its cells by id, and what a student does with them."""

    page: Page
    ids: list[str]
    is_code: list[bool] = field(repr=False)

    @property
    def cells(self) -> Locator:
        """All cells, as they stand."""
        return self.page.locator(f"{_PANEL} .jp-Cell")

    def cell(self, name: str) -> Locator:
        """Return the cell with this id."""
        return self.cells.nth(self.ids.index(name))

    def output(self, name: str) -> Locator:
        """Return what stands under a cell."""
        return self.cell(name).locator(".jp-OutputArea")

    def complaint(self, name: str) -> Locator:
        """Return what stands in red under a cell: an error, or something written to stderr."""
        return self.output(name).locator('[data-mime-type="application/vnd.jupyter.stderr"], [data-mime-type$=".error"]')

    def run_all(self) -> None:
        """Choose Run All Cells from the menu and wait until every cell has run."""
        before = self._count()
        self.page.locator(".lm-MenuBar").get_by_text("Run", exact=True).click()
        self.page.locator(".lm-Menu").get_by_text("Run All Cells", exact=True).click()
        self._wait_until_run([place for place, code in enumerate(self.is_code) if code], before)

    def run(self, name: str) -> Locator:
        """Put the cursor into a cell, press Ctrl+Enter, wait until it has run, and return what stands under it."""
        before = self._count()
        self.cell(name).locator(".cm-content").click()
        self.page.keyboard.press("Control+Enter")
        self._wait_until_run([self.ids.index(name)], before)
        return self.output(name)

    def paste(self, name: str, text: str) -> None:
        """Replace all of a cell by a text that was copied elsewhere."""
        self.cell(name).locator(".cm-content").click()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(text)

    def type_last_line(self, name: str, text: str) -> None:
        """Type a line in the place of the last one of a cell, key by key, at the indentation that stands there."""
        self.cell(name).locator(".cm-content").click()
        for key in ("Control+End", "Shift+Home"):
            self.page.keyboard.press(key)
        self.page.keyboard.type(text)

    def validate(self) -> str:
        """Press nbgrader's Validate, read its answer with single blanks, and close it."""
        self.page.locator(f"{_PANEL} .jp-NotebookPanel-toolbar").get_by_text("Validate", exact=True).click()
        dialog = self.page.locator(".jp-Dialog", has_text="Validation Results")
        said = " ".join(dialog.text_content().split())
        dialog.locator("button", has_text="Ok").click()
        dialog.wait_for(state="detached")
        return said

    def unroll(self) -> Locator:
        """Make the window as high as the whole page, since what isn't in view isn't drawn, and return the page's content."""
        width, content = self.page.viewport_size["width"], self.page.locator(f"{_PANEL} .jp-WindowedPanel-inner")
        height = 0
        # Cells that come into view may turn out higher than they were taken for.
        while (wanted := content.evaluate("element => Math.ceil(element.scrollHeight)")) > height:
            height = wanted
            self.page.set_viewport_size({"width": width, "height": min(height + _AROUND, _HIGHEST)})
            content.screenshot()
        return content

    def _count(self) -> int:
        """Return the highest number in a prompt."""
        prompts = self.page.locator(f"{_PANEL} .jp-CodeCell .jp-InputPrompt").all_text_contents()
        return max((int(text.strip()[1:-2]) for text in prompts if text.strip()[1:-2].isdigit()), default=0)

    def _wait_until_run(self, places: list[int], before: int) -> None:
        self.page.wait_for_function(_RUN, arg=[_PANEL, places, before])
