"""What grading a submission costs: coursekit grade against stock nbgrader autograde, on the same class, in the same run.

Both grade the same finished submissions, with their figures, one at a time. Starting up is measured apart, by grading one
submission and then all of them; what is printed is the cost of each further one.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from coursekit import demo
from coursekit.settings import Course, find_course


def main() -> None:
    """Measure and print a line for each way and section, and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--submissions", type=int, default=9, help="how many, at least 2 (default 9)")
    parser.add_argument("--section", help="one section (default: all)")
    options = parser.parse_args()
    course = find_course()
    print(f"{'section':24s} {'coursekit':>12s} {'nbgrader':>12s} {'ratio':>8s}   wall seconds for one more submission")
    for section in [options.section] if options.section else course.sections:
        ours = marginal(course, section, options.submissions, ["-m", "coursekit", "grade", section, "--jobs", "1"], generate=False)
        stock = marginal(course, section, options.submissions, ["-m", "nbgrader", "autograde", section, "--create"], generate=True)
        print(f"{section:24s} {ours:12.2f} {stock:12.2f} {stock / ours:8.1f}", flush=True)


def marginal(course: Course, section: str, submissions: int, command: list[str], *, generate: bool) -> float:
    """Return the wall seconds of one further submission.

    Not cpu seconds: what runs in the sandbox's namespaces is not told to the process that started it.
    """
    first, all_of_them = (timed(course, section, n, command, generate=generate) for n in (1, submissions))
    return (all_of_them - first) / (submissions - 1)


def timed(course: Course, section: str, submissions: int, command: list[str], *, generate: bool) -> float:
    """Return the wall seconds that a command takes for a class of finished submissions."""
    with tempfile.TemporaryDirectory() as scratch:
        copy = demo.copy_course(course, Path(scratch) / "course")
        for number in range(submissions):
            folder = copy.root / "submitted" / f"student-{number}" / section
            folder.mkdir(parents=True)
            shutil.copy(copy.notebook(copy.solutions, section), folder)
        environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
        if generate:
            run([sys.executable, "-m", "nbgrader", "generate_assignment", section, "--force"], copy, environment)
        start = time.perf_counter()
        run([sys.executable, *command], copy, environment)
        return time.perf_counter() - start


def run(command: list[str], course: Course, environment: dict[str, str]) -> None:
    """Run a command in a course; end the benchmark with its message where it fails."""
    done = subprocess.run(command, cwd=course.root, env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")


if __name__ == "__main__":
    main()
