"""The command line: coursekit build, figures, tables, release, grade, feedback, doctor, simulate, parity, demo."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from coursekit.atomic import write_file
from coursekit.settings import CourseError, find_course

app = typer.Typer(
    help="Build, release and grade a course of Jupyter notebooks whose exercises grade themselves.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Sections = Annotated[list[str] | None, typer.Argument(help="Sections by their stems, such as s06_momentum. Default: all.")]


def _chosen(sections: list[str] | None) -> list[str]:
    """Return the stems asked for, all without any; CourseError where there is no such section."""
    known = find_course().sections
    for name in sections or []:
        if name not in known:
            raise CourseError(f"there is no section {name!r}; there are {', '.join(known)}")
    return sections or known


def _sandbox_mode(sandbox: str) -> str:
    if sandbox not in ("bubblewrap", "none"):
        raise CourseError(f"--sandbox is bubblewrap or none, not {sandbox!r}")
    return sandbox


@app.command()
def build(
    sections: Sections = None,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail, naming the files, where something differs.")] = False,
    discard_edits: Annotated[bool, typer.Option("--discard-edits", help="Overwrite notebooks that were edited by hand.")] = False,
) -> None:
    """Make the notebooks and recordings from sources, reference and checks."""
    from coursekit.authoring import build as builder

    course = find_course()
    if check:
        wrong = builder.check(course)
        if wrong:
            raise CourseError("\n".join(wrong))
        print(f"{len(course.sections)} sections: everything committed is what the build makes.")
        return
    written = builder.build(course, _chosen(sections), discard=discard_edits)
    for path in written:
        print(f"wrote {path.relative_to(course.root)}")
    if not written:
        print("Nothing to do: everything is as built.")


@app.command()
def figures(sections: Sections = None) -> None:
    """Draw the static pictures of the lecture notebooks from the solved code."""
    from coursekit.authoring import build as builder
    from coursekit.authoring import figures as drawing

    course = find_course()
    drawing.draw(
        course, builder.read_sections(course, _chosen(sections)), tell=lambda path: print(f"drew {path.relative_to(course.root)}")
    )


@app.command()
def tables(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail, naming the files, where something differs.")] = False,
) -> None:
    """Write the documents about the checks that are made from them: what each known mistake meets, and what each check is about."""
    from coursekit.authoring import documents

    course = find_course()
    changed = documents.changed(course)
    if check and changed:
        raise CourseError("\n".join(f"{path}: differs from what coursekit tables writes" for path in changed))
    for path, text in changed.items():
        write_file(path, text)
        print(f"wrote {path.relative_to(course.root)}")
    if not changed:
        print("Nothing to do: the tables are as the checks make them.")


@app.command()
def release(
    out: Annotated[Path, typer.Option(help="The folder to make.")],
    self_study: Annotated[bool, typer.Option("--self-study", help="Explain wrong answers to questions at once.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier bundle.")] = False,
) -> None:
    """Make the bundle that students get, and prove that nothing hidden is in it."""
    from coursekit.releasing import release as releasing

    files = releasing.release(find_course(), out, self_study=self_study, force=force)
    print(f"{out}: {len(files)} files, nothing hidden among them. Students install it with: pip install -e {out}")


@app.command()
def grade(
    sections: Sections = None,
    jobs: Annotated[int, typer.Option(min=0, help="Processes; 0 is one for each core.")] = 0,
    scheduler: Annotated[str | None, typer.Option(help="A Dask scheduler's address, to spread over machines.")] = None,
    sandbox: Annotated[str, typer.Option(help="bubblewrap, or none: students' code then runs with your rights.")] = "bubblewrap",
    force: Annotated[bool, typer.Option("--force", help="Judge again what has not changed, too.")] = False,
    db: Annotated[str | None, typer.Option(help="The gradebook's SQLAlchemy URL; default: nbgrader_config.py's.")] = None,
    exercise_seconds: Annotated[float, typer.Option(min=0.1, help="Cpu time for one exercise.")] = 10.0,
) -> None:
    """Grade submitted/ into nbgrader's gradebook, autograded/ and feedback/."""
    from coursekit.grading import grade as grading
    from coursekit.sandbox import Limits
    from coursekit.tables import print_results

    course = find_course()
    limits = Limits(exercise_cpu=exercise_seconds, exercise_wall=3 * exercise_seconds)
    options = grading.Options(_sandbox_mode(sandbox), jobs, scheduler, force, db, limits)
    console = Console()
    with progress_bar() as tell:
        results = grading.grade(course, _chosen(sections), options, tell)
    print_results(console, results)
    console.print(f"Feedback pages: {course.root / 'feedback'}", highlight=False, soft_wrap=True)
    if any(result.faults for result in results):
        raise CourseError("Some exercises could not be graded, through no fault of their students: run coursekit grade again.")


@app.command()
def feedback(
    sections: Sections = None,
    db: Annotated[str | None, typer.Option(help="The gradebook's SQLAlchemy URL; default: nbgrader_config.py's.")] = None,
) -> None:
    """Write the feedback pages anew, with the manual scores and comments that the gradebook has now."""
    from coursekit.gradebook.book import Book
    from coursekit.grading import ledger
    from coursekit.grading.recording import refresh_pages

    course = find_course()
    with ledger.lock(course), Book.of_course(course.root, db) as book:
        for section in _chosen(sections):
            print(f"{section}: {len(refresh_pages(course, section, book))} pages in {course.root / 'feedback'}")


@app.command()
def doctor(
    sandbox: Annotated[str, typer.Option(help="bubblewrap, or none: to see what is then let through.")] = "bubblewrap",
) -> None:
    """Prove with live probes that the sandbox denies what it must."""
    from coursekit.grading import grade as grading

    results = grading.probe(find_course(), grading.Options(_sandbox_mode(sandbox)), quick=False)
    console = Console()
    for result in results:
        mark = "[green]✓[/]" if result.passed else "[bold red]✗[/]"
        console.print(f"{mark} {result.sentence}" + (f": {result.detail}" if not result.passed else ""), highlight=False)
    failed = sum(not result.passed for result in results)
    if failed:
        raise CourseError(f"{failed} of {len(results)} probes got through: students' code must not run here")
    console.print(f"All {len(results)} probes were denied: grading may run here.")


@app.command()
def simulate(
    students: Annotated[int, typer.Option(min=1, help="How many students.")] = 24,
    seed: Annotated[int, typer.Option(help="The same seed gives the same class.")] = 7,
    force: Annotated[bool, typer.Option("--force", help="Replace simulated students that are there.")] = False,
) -> None:
    """Write a class with known scores to submitted/, to try grading on."""
    from coursekit import simulate as simulating

    expected = simulating.simulate(find_course(), students, seed=seed, force=force)
    print(f"wrote {len(expected)} submissions of {students} students to submitted/")


@app.command()
def parity(
    students: Annotated[int, typer.Option(min=1, help="How many students.")] = 24,
    folder: Annotated[Path, typer.Option(help="Where; it is made anew.")] = Path("build/parity"),
    jobs: Annotated[int, typer.Option(min=0, help="Processes; 0 is one for each core.")] = 0,
    write: Annotated[Path | None, typer.Option(help="Write the table to this Markdown file.")] = None,
) -> None:
    """Grade a simulated class by the judge and by stock nbgrader, and compare every honest score."""
    from coursekit import demo as showing
    from coursekit import parity as comparing
    from coursekit import simulate as simulating

    course = find_course()
    copy = showing.copy_course(course, showing.fresh(course, folder))
    expected = simulating.simulate(copy, students)
    with progress_bar() as tell:
        showing.grade_class(copy, tell, jobs=jobs)
        showing.insist(copy, expected)
        agreements = comparing.compare(copy, expected, copy.root / "stock", jobs=jobs, tell=tell)
    page = comparing.page(agreements, students)
    print(page)
    if write:
        write_file(write, page)
    apart = [words for agreement in agreements for words in agreement.apart]
    if apart:
        raise CourseError("\n".join(apart))


@app.command()
def demo(
    students: Annotated[int, typer.Option(min=1, help="How many students.")] = 24,
    folder: Annotated[Path, typer.Option(help="Where; it is made anew.")] = Path("build/demo"),
) -> None:
    """Show the whole way on a simulated class: build, release, simulate, grade, and what came of it."""
    from coursekit import demo as showing

    with progress_bar() as tell:
        showing.demo(find_course(), students, folder, Console(), tell)


@contextmanager
def progress_bar() -> Iterator[Callable[[str, int, int], None]]:
    """Show a bar on the terminal while grading, a line for each section where there is none."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        bars: dict[str, TaskID] = {}

        def tell(section: str, done: int, total: int) -> None:
            if section not in bars:
                bars[section] = progress.add_task(section, total=total)
            progress.update(bars[section], completed=done)

        yield tell


def main() -> None:
    """Run the command line; an error of the course's files is a message and exit status 1, not a traceback."""
    try:
        app()
    except CourseError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
