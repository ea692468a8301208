"""What the sandbox takes and gives: its limits, what comes back from a cell or a call, and the ways in which it can fail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from coursekit.box.wire import FRAME_BYTES

MIB = 2**20


@dataclass(frozen=True)
class Limits:
    """What one child may use. Bytes, counts, and seconds; cpu time is that of all its processes together.

    `memory` is the address space that each process may use beyond what the warm parent has, and the memory that all
    processes together may fill. `output_text` is counted in characters, for one cell.
    """

    memory: int = 2 * 2**30
    processes: int = 32
    open_files: int = 256
    file_size: int = 64 * MIB
    tmp_bytes: int = 256 * MIB
    tmp_files: int = 4096
    cell_cpu: float = 10.0
    cell_wall: float = 30.0
    exercise_cpu: float = 10.0
    exercise_wall: float = 30.0
    submission_cpu: float = 60.0
    submission_wall: float = 180.0
    reply_bytes: int = FRAME_BYTES
    output_text: int = 200_000
    output_images: int = 8 * MIB
    callbacks: int = 200_000

    def __post_init__(self) -> None:
        if not 0 < self.output_text <= 300_000:
            raise ValueError("output_text must be between 1 and 300000 characters: it has to fit into one frame")
        if not 0 < self.reply_bytes <= FRAME_BYTES or not 0 < self.output_images <= FRAME_BYTES:
            raise ValueError(f"reply_bytes and output_images must be between 1 and {FRAME_BYTES}")


class SandboxUnavailable(Exception):
    """There is no sandbox on this machine. The message says what is missing, and what to do."""


class SandboxFault(Exception):
    """The sandbox failed, not the student: no score may come of it."""


class ChildDied(Exception):
    """The child is gone. `reason` is a part of a sentence for the student: "the code ended the process (exit code 3)"."""

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


class ChildTimedOut(ChildDied):
    """The child used up its time, and was ended."""


@dataclass(frozen=True)
class Raised:
    """An exception of the student's code: its class names in MRO order, its message, the student's own line."""

    kinds: tuple[str, ...]
    message: str = ""
    line: str = ""

    @property
    def kind(self) -> str:
        """The name of the exception's class."""
        return self.kinds[0] if self.kinds else "Exception"


class RemoteError(Exception):
    """What a function of the student's raised when the judge called it; `raised` says what."""

    def __init__(self, raised: Raised):
        super().__init__(raised.message)
        self.raised = raised


@dataclass(frozen=True)
class Outcome:
    """One call of a student's function: what came back or was raised, and what the call did to its arguments.

    `changed` names the array arguments that were changed in place, nested ones as "name[0]"; `shared` pairs each array of the
    result, "result" or "result[0]", with the argument or other array of the result that it shares memory with.
    """

    value: Any = None
    error: Raised | None = None
    changed: tuple[str, ...] = ()
    shared: tuple[tuple[str, str], ...] = ()
    printed: str = ""


@dataclass(frozen=True)
class CellResult:
    """One cell that ran: its outputs as nbformat 4 has them, and what it raised."""

    outputs: list[dict]
    error: Raised | None
    execution_count: int
