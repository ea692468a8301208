"""Every figure of every section as JupyterLab shows it, in its light and its dark theme: PNG files to be looked at.

Run it from the project's folder: `.venv/bin/python scripts/screenshots.py [SECTION…] [--untouched]`. The pictures lie in
build/screenshots: a file for each figure and theme, named as the figure is in the lecture's source, and one of the whole page.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import labbrowser  # noqa: E402

from coursekit.authoring.build import Section, read_sections  # noqa: E402
from coursekit.authoring.construct import read_notebook  # noqa: E402
from coursekit.releasing.release import release  # noqa: E402
from coursekit.settings import find_course  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# A small laptop's window, with JupyterLab's file list open.
WINDOW = {"width": 1280, "height": 800}


def main() -> None:
    """Release a bundle to a temporary folder, open its notebooks in both themes, and write the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help="as its files are named (default: all)")
    parser.add_argument("--untouched", action="store_true", help="with the students' empty answers instead of the solved ones")
    options = parser.parse_args()
    if labbrowser.chromium() is None:
        sys.exit("There is no Chromium: run scripts/need chromium")
    course = find_course(ROOT)
    out = ROOT / "build" / "screenshots"
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        bundle = Path(scratch) / "bundle"
        release(course, bundle)
        if not options.untouched:
            shutil.copytree(course.solutions, bundle / "assignments", dirs_exist_ok=True)
        with labbrowser.lab(bundle, Path(scratch) / "home") as lab, labbrowser.browser() as browser:
            for theme in labbrowser.THEMES:
                lab.set_theme(theme)
                for section in read_sections(course, options.sections or None):
                    for path in pictures(lab, browser, section, out, f"{'untouched_' if options.untouched else ''}{theme}"):
                        print(path.relative_to(ROOT), flush=True)
                    lab.stop_kernels()


def pictures(lab: labbrowser.Lab, browser: Browser, section: Section, out: Path, ending: str) -> list[Path]:
    """Run all of a section's notebook, save a picture of each figure and one of the page, and return their files."""
    path = f"assignments/{section.stem}/{section.stem}.ipynb"
    names = {block.text: block.name for block in section.blocks if block.kind == "figure"}
    page = browser.new_page(viewport=WINDOW)
    page.set_default_timeout(1000 * labbrowser.PATIENCE)
    notebook = lab.open(page, path)
    notebook.run_all()
    whole = notebook.unroll()
    written = []
    for cell in read_notebook(lab.folder / path).cells:
        if cell.source in names:
            shown = notebook.output(cell.id).locator(".jp-OutputArea-output").first
            shown.locator("img, svg").first.wait_for()
            written.append(out / f"{section.stem}_{names[cell.source]}_{ending}.png")
            shown.screenshot(path=written[-1])
    written.append(out / f"{section.stem}_{ending}.png")
    whole.screenshot(path=written[-1])
    page.close()
    return written


if __name__ == "__main__":
    main()
