"""The sandbox: one warm parent in bubblewrap that has imported what notebooks import, and forks a child for each submission.

    with Sandbox(student_packages={"pack": folder}, hidden=[...]) as sandbox, sandbox.child() as child:
        child.run_cell("def double(x): return 2 * x")
        child.call("double", {"x": 3}).value

Without a network, a home, or capabilities; with /tmp as the only place to write; `coursekit.sandbox.doctor` proves it.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import threading
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from coursekit.box.isolate import WORK
from coursekit.box.wire import WireError, header
from coursekit.sandbox.child import Child
from coursekit.sandbox.host import HostProcess, wait_readable
from coursekit.sandbox.link import CHECK_EVERY, Link, RemoteCallable
from coursekit.sandbox.parent import Box, WarmParent, environment
from coursekit.sandbox.types import (
    CellResult,
    ChildDied,
    ChildTimedOut,
    Limits,
    Outcome,
    Raised,
    RemoteError,
    SandboxFault,
    SandboxUnavailable,
)
from coursekit.sandbox.words import ending

__all__ = [
    "CellResult",
    "Child",
    "ChildDied",
    "ChildTimedOut",
    "Limits",
    "Outcome",
    "Raised",
    "RemoteCallable",
    "RemoteError",
    "Sandbox",
    "SandboxFault",
    "SandboxUnavailable",
]

HELLO = 30.0  # seconds for a child to introduce itself
_CREDENTIALS = struct.Struct("3i")


class Sandbox:
    """A warm parent and the children that it forks.

    `student_packages` maps the name of a package to its folder on the host. `hidden` are paths of the host that must not be
    seen in the box, also where they lie within a folder that has to be mounted; the engine's own are always hidden. `files`
    is a folder whose files each child finds in its working directory. `mode` "none" isolates nothing: the same child with the
    same limits as far as they go, for machines without bubblewrap.
    """

    def __init__(
        self,
        *,
        student_packages: Mapping[str, Path] | None = None,
        hidden: Sequence[Path] = (),
        preload: Sequence[str] = ("numpy", "matplotlib.pyplot", "IPython"),
        environment: Mapping[str, str] | None = None,
        files: Path | None = None,
        limits: Limits | None = None,
        mode: Literal["bubblewrap", "none"] = "bubblewrap",
    ):
        if mode not in ("bubblewrap", "none"):
            raise ValueError(f'mode is "bubblewrap" or "none", not {mode!r}')
        self.student_packages = {name: Path(folder) for name, folder in (student_packages or {}).items()}
        self.hidden = (Path(__file__).resolve().parent.parent, *map(Path, hidden))
        self.preload = tuple(preload)
        self.environment = dict(environment or {})
        self.files = files
        self.limits = limits or Limits()
        self.mode = mode
        self._lock = threading.Lock()
        self._parent: WarmParent | None = None
        self._links: weakref.WeakSet[Link] = weakref.WeakSet()

    def __enter__(self) -> Sandbox:
        with self._lock:
            self._warm()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def child(self, files: Path | None = None, *, limits: Limits | None = None) -> Child:
        """Return a fresh child, in whose working directory are the sandbox's files and those below `files`.

        `limits` gives this child other seconds and counts, such as what is left to a submission whose first child died; its
        memory, files and processes stay those of the sandbox. SandboxUnavailable where there is no sandbox on this machine,
        SandboxFault where the child could not be made.
        """
        with self._lock:
            child = self._fork(self._warm(), limits or self.limits)
        try:
            for folder in (self.files, files):
                if folder is not None:
                    child.put(folder)
        except BaseException:
            child.close()
            raise
        return child

    def close(self) -> None:
        """End the parent, and with it every child in the box; when this returns, they are gone."""
        with self._lock:
            if self._parent is not None:
                self._parent.close()
                self._parent = None
            if self.mode == "bubblewrap":
                for link in self._links:
                    link.await_end()

    @property
    def environment_names(self) -> tuple[str, ...]:
        """The environment variables that student code may find."""
        return ("PWD", "TMPDIR", "LC_CTYPE", *environment(self._box(), ""))

    def _box(self) -> Box:
        return Box(self.student_packages, self.hidden, self.preload, self.environment, self.limits, self.mode)

    def _warm(self) -> WarmParent:
        """Return the warm parent; a new one where there is none, or it was killed."""
        if self._parent is not None and not self._parent.alive:
            self._parent.close()
            self._parent = None
        if self._parent is None:
            self._parent = WarmParent(self._box())
        return self._parent

    def _fork(self, parent: WarmParent, limits: Limits) -> Child:
        ours, theirs = socket.socketpair()
        status, tender = os.pipe()
        work = parent.work_folder()
        try:
            # Set before the child can speak: its first message then carries its pid, as this process sees it.
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
            with theirs:
                parent.ask(str(work or WORK), theirs.fileno(), tender)
            os.close(tender)
            tender = -1
            pid = self._greeting(ours, status)
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 0)
            tick = struct.pack("ll", 0, int(CHECK_EVERY * 1e6))
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, tick)
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, tick)
            link = Link(ours, status, HostProcess(pid, boxed=work is None), limits)
            self._links.add(link)
        except BaseException as error:
            ours.close()
            for descriptor in (status, tender):
                if descriptor >= 0:
                    os.close(descriptor)
            if isinstance(error, OSError):
                raise SandboxFault(f"the sandbox's parent does not answer: {error}") from error
            raise
        return Child(link, limits, work, parent)

    def _greeting(self, sock: socket.socket, status: int) -> int:
        """Return the pid of the child that says hello; SandboxFault with the reason where none does."""
        data, ancillary = b"", []
        if wait_readable(sock.fileno(), HELLO):
            data, ancillary, _, _ = sock.recvmsg(1 << 12, socket.CMSG_SPACE(_CREDENTIALS.size))
        if not data:
            words = os.read(status, 1000).decode("utf-8", "replace") if wait_readable(status, 1.0) else ""
            raise ending(words if words.startswith("setup") else f"setup {words or 'it said nothing'}", self.limits.memory)
        with contextlib.suppress(WireError):
            if header(data[8:])[0] == "hello":
                for level, kind, content in ancillary:
                    if level == socket.SOL_SOCKET and kind == socket.SCM_CREDENTIALS:
                        return _CREDENTIALS.unpack(content[: _CREDENTIALS.size])[0]
        raise SandboxFault("a child of the sandbox did not introduce itself")
