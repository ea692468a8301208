"""Judges one submission: runs its cells in the sandbox, in order, and at each graded cell the course's checks, outside it."""

from __future__ import annotations

import hashlib
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from nbformat.notebooknode import NotebookNode, from_dict

from coursekit.intake.release_notebook import Cell
from coursekit.intake.submissions import Release, Submission, laid_out
from coursekit.sandbox import CellResult, Child, ChildDied, Outcome, Sandbox, SandboxFault
from coursekit.sandbox.remote import RemoteStudent

# A submission that kills more children than this is not worth another: what is left scores nothing.
MOST_CHILDREN = 12
# What is kept for the instructor of what a student's functions print while they are judged, in characters for an exercise.
MOST_PRINTED = 4000


class Checks(Protocol):
    """The package of a course's hidden checks, as far as judging needs it."""

    def judge(self, name: str, student: Any, seed: list[int], points: float) -> dict: ...


@dataclass
class Judged:
    """A submission after judging: the notebook as it ran, a verdict for each graded cell (None: the grader failed), the faults of
    the grader by graded cell, and what was printed while judging, which is for the instructor alone."""

    notebook: NotebookNode
    verdicts: dict[str, dict | None] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    printed: dict[str, str] = field(default_factory=dict)


class _Listening(RemoteStudent):
    """The remote student, keeping what its functions print."""

    def __init__(self, child: Child):
        super().__init__(child)
        self.printed = ""

    def call(self, name: str, arguments: Mapping[str, Any], helpers: Mapping[str, Callable] | None = None) -> Outcome:
        outcome = super().call(name, arguments, helpers)
        if len(self.printed) < MOST_PRINTED:
            self.printed = (self.printed + outcome.printed)[:MOST_PRINTED]
        return outcome


def seed_of(secret: bytes, submission: Submission, exercise: str) -> list[int]:
    """Return the seed of an exercise's inputs: the same file gets the same, two students get different ones."""
    words = [submission.student, submission.section, submission.digest, exercise]
    return list(hashlib.sha256(secret + "\0".join(words).encode("utf-8", "replace")).digest())


def judge(release: Release, submission: Submission, sandbox: Sandbox, checks: Checks, secret: bytes) -> Judged:
    """Return the judged submission. A fault of ours is told in `faults` and leaves no verdict; nothing the student does raises."""
    return _Run(release, submission, sandbox, checks, secret).result()


class _Run:
    """One submission on its way through children: what killed one is skipped in the next.

    The first pass runs the cells for their outputs, the second runs them again and judges. So nothing that a student's function
    is handed while it is judged can show up in the output of a later cell, and from there in the feedback.
    """

    def __init__(self, release: Release, submission: Submission, sandbox: Sandbox, checks: Checks, secret: bytes):
        self._release, self._submission = release, submission
        self._sandbox, self._checks, self._secret = sandbox, checks, secret
        self._cells = submission.cells or release.cells
        self._judged = Judged(laid_out(release, submission))
        self._nodes = {node["id"]: node for node in self._judged.notebook.cells}
        self._ran: dict[str, CellResult] = {}
        self._killers: dict[str, str] = {}
        self._cpu = self._wall = 0.0

    def result(self) -> Judged:
        if self._submission.problem:
            for cell in self._graded():
                self._score_nothing(cell, self._submission.problem)
            return self._judged
        try:
            children = 0
            for judging in (False, True):
                while children < MOST_CHILDREN and not self._spent():
                    children += 1
                    if self._attempt(judging=judging):
                        break
        except SandboxFault as fault:
            self._fault_for_the_rest(f"the sandbox failed: {fault}")
        for cell in self._open():
            self._score_nothing(cell, "the cells of this notebook used up all the time that a submission has")
        self._write_outputs()
        return self._judged

    def _spent(self) -> bool:
        limits = self._sandbox.limits
        return self._cpu > limits.submission_cpu or self._wall > limits.submission_wall

    def _graded(self) -> list[Cell]:
        return [cell for cell in self._cells if cell.role == "graded"]

    def _open(self) -> list[Cell]:
        done = self._judged.verdicts
        return [cell for cell in self._graded() if cell.grade_id not in done]

    def _attempt(self, *, judging: bool) -> bool:
        """Run the cells in a new child, and judge. Returns True when it got to the end, False when the child died on the way."""
        with self._sandbox.child(self._release.path.parent if self._release.files else None) as child:
            at = None
            try:
                for at in self._cells:
                    if at.kind != "code" or at.id in self._killers:
                        continue
                    if at.role != "graded":
                        result = child.run_cell(at.source, label=at.id, pictures=not judging)
                        self._ran.setdefault(at.id, result)
                    elif judging and at.grade_id not in self._judged.verdicts:
                        self._check(at, child)
                return True
            except ChildDied as died:
                self._died(at, died.reason)
                return False
            finally:
                self._cpu += child.cpu_seconds()
                self._wall += child.wall_seconds()

    def _check(self, cell: Cell, child: Child) -> None:
        if cell.exercise is None:
            self._fault(cell, "this cell is not a check of this course: it is left for a person to grade")
            return
        student = _Listening(child)
        child.begin_exercise(cell.exercise)
        try:
            seed = seed_of(self._secret, self._submission, cell.exercise)
            verdict = self._checks.judge(cell.exercise, student, seed, cell.points)
        except (ChildDied, SandboxFault):
            raise
        except Exception as error:
            last = traceback.extract_tb(error.__traceback__)[-1]
            self._fault(cell, f"the check failed: {type(error).__name__}: {error} ({last.filename}:{last.lineno})")
        else:
            self._judged.verdicts[cell.grade_id] = self._explained(cell, verdict)
        finally:
            if student.printed:
                self._judged.printed[cell.grade_id] = student.printed

    def _explained(self, cell: Cell, verdict: dict) -> dict:
        """Where the answer's own cell failed, that is what there is to say, not that the function is missing."""
        answer = next((other for other in self._cells if other.role == "answer" and other.grade_id == cell.exercise), None)
        if verdict["score"] or answer is None:
            return verdict
        if answer.id in self._killers:
            return self._nothing(cell, f"Running the cell of {cell.exercise} failed: {self._killers[answer.id]}")
        error = self._ran[answer.id].error if answer.id in self._ran else None
        if error:
            where = f" at {error.line}" if error.line else ""
            return self._nothing(cell, f"The cell of {cell.exercise} raises {error.kind}{where}: there is nothing to check yet.")
        return verdict

    def _died(self, cell: Cell, reason: str) -> None:
        if cell.role == "graded":
            self._score_nothing(cell, f"{cell.exercise} was stopped while it was checked: {reason}")
            return
        self._killers[cell.id] = reason
        words = f"This cell was stopped: {reason}."
        output = {"output_type": "error", "ename": "Stopped", "evalue": reason, "traceback": [words]}
        self._ran[cell.id] = CellResult([output], None, 0)

    def _score_nothing(self, cell: Cell, note: str) -> None:
        self._judged.verdicts[cell.grade_id] = self._nothing(cell, note)

    @staticmethod
    def _nothing(cell: Cell, note: str) -> dict:
        name = cell.exercise or cell.grade_id
        note = note if note.endswith((".", "!", "?")) else f"{note}."
        text = f"{name}: 0 of {cell.points:g} points\n\n{note}"
        empty = {"parts": [], "mistake": None, "message": None}
        return {"exercise": name, "points": cell.points, "score": 0.0, **empty, "note": note, "text": text}

    def _fault(self, cell: Cell, words: str) -> None:
        self._judged.verdicts[cell.grade_id] = None
        self._judged.faults[cell.grade_id] = words

    def _fault_for_the_rest(self, words: str) -> None:
        for cell in self._open():
            self._fault(cell, words)

    def _write_outputs(self) -> None:
        for identity, result in self._ran.items():
            node = self._nodes[identity]
            node["outputs"] = [from_dict(output) for output in result.outputs]
            node["execution_count"] = result.execution_count or None
