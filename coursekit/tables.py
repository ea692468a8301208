"""What grading prints at its end: a line for each section, the mistakes that the class made, and what needs a person."""

from __future__ import annotations

from collections import Counter
from statistics import mean, median

from rich import box
from rich.console import Console
from rich.table import Table

from coursekit.grading.grade import SectionResult

MOST_SHOWN = 12


def print_results(console: Console, results: list[SectionResult], *, mistakes: int = MOST_SHOWN) -> None:
    """Print the score table, the most frequent mistakes, and all faults and notes."""
    console.print(_scores(results))
    counted: Counter = Counter()
    for result in results:
        counted.update(result.mistakes)
    if counted:
        console.print(_mistakes(counted, mistakes))
    for result in results:
        for fault in result.faults:
            console.print(f"[bold red]not graded[/] {fault}", highlight=False)
    notes = [note for result in results for note in result.notes]
    for note in notes[:MOST_SHOWN]:
        console.print(f"[dim]note: {note}[/]", highlight=False)
    if len(notes) > MOST_SHOWN:
        console.print(f"[dim]and {len(notes) - MOST_SHOWN} notes more, in .coursekit/verdicts[/]")


def _scores(results: list[SectionResult]) -> Table:
    """A line for each section; "open" counts submissions with a fault of the grader, "kept" those that had not changed."""
    table = Table(title="Scores", title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("section", no_wrap=True)
    for heading in ("students", "points", "mean", "median", "full", "zero", "open", "kept"):
        table.add_column(heading, justify="right")
    for result in results:
        scores = [score for score in result.scores.values() if score is not None]
        table.add_row(
            result.section,
            str(len(result.scores)),
            f"{result.points:g}",
            f"{mean(scores):.1f}" if scores else "–",
            f"{median(scores):.1f}" if scores else "–",
            str(sum(score == result.points for score in scores)),
            str(sum(score == 0 for score in scores)),
            str(len(result.scores) - len(scores)),
            str(result.unchanged),
        )
    return table


def _mistakes(counted: Counter, most: int) -> Table:
    table = Table(title="Mistakes that were recognised", title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("exercise")
    table.add_column("mistake")
    table.add_column("submissions", justify="right")
    for (exercise, mistake), times in sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:most]:
        table.add_row(exercise, mistake, str(times))
    if len(counted) > most:
        table.caption = f"and {len(counted) - most} kinds more"
    return table
