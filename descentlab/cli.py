"""The students' command line: descentlab progress, descentlab carry."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from descentlab import carry, progress

_PROGRESS = """\
Show for each section which exercises pass, how many points that makes, and what to do next.

It reads the notebooks as they were last saved, and their last outputs: save in JupyterLab first (Ctrl+S). It runs
nothing and writes nothing. A question counts as answered; whether rightly, grading says.
"""


_CARRY = """\
Write your functions of earlier sections into the cell that a later section has for them: text is copied, nothing is run.

It reads your notebooks as they were last saved, and says what is missing. A cell that you have edited yourself is not
overwritten without --force.
"""


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="descentlab", description="What the course's package does outside of a notebook.")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    formatter = argparse.RawDescriptionHelpFormatter
    command = commands.add_parser(
        "progress", help="show which exercises pass, and what to do next", description=_PROGRESS, formatter_class=formatter
    )
    command.set_defaults(run=_progress)
    carrying = commands.add_parser(
        "carry", help="copy your functions of earlier sections into a later one", description=_CARRY, formatter_class=formatter
    )
    carrying.set_defaults(run=_carry)
    carrying.add_argument("section", metavar="SECTION", help="the section that needs them, such as s14")
    carrying.add_argument("--force", action="store_true", help="overwrite the cell also where you have edited it")
    for each in (command, carrying):
        each.add_argument(
            "folder",
            nargs="?",
            type=Path,
            default=Path(),
            metavar="FOLDER",
            help="the folder of the course, which holds assignments/ (default: the working directory)",
        )
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run the command line with `arguments` (default: the process's own) and return its exit status."""
    chosen = _arguments().parse_args(arguments)
    # Where the terminal's encoding lacks a sign of somebody's path, that sign is replaced and nothing fails.
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")
    try:
        print(chosen.run(chosen))
    except (progress.NothingHere, carry.CannotCarry) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _progress(chosen: argparse.Namespace) -> str:
    sections = progress.read(chosen.folder)
    width = min(shutil.get_terminal_size().columns, 100)
    return progress.report(sections, chosen.folder, width=width, plain=_ascii_only(sys.stdout.encoding))


def _carry(chosen: argparse.Namespace) -> str:
    return carry.carry(chosen.folder, chosen.section, force=chosen.force).report


def _ascii_only(encoding: str | None) -> bool:
    """Return whether a terminal with this encoding can only be trusted with ASCII."""
    try:
        "✓◐✗↻○·█░".encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return True
    return False
