"""The warm parent: the command that starts it, in bubblewrap or without, and the socket over which it is asked for children."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from coursekit.box import launch
from coursekit.sandbox import mounts
from coursekit.sandbox.host import wait_readable
from coursekit.sandbox.types import Limits, SandboxUnavailable

START = 120.0  # seconds for the imports, on a slow disk
_ENTRY = (
    "import sys, json; sys.path.insert(0, {engine!r}); from box.parent import main; main(int(sys.argv[1]), json.loads(sys.argv[2]))"
)
_NAMESPACES = ("--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try")
HINT = (
    "bubblewrap is needed to run students' code safely: install it (Debian, Ubuntu: sudo apt-get install bubblewrap; Fedora: "
    "sudo dnf install bubblewrap). Where user namespaces are forbidden, an administrator can allow them for bwrap (Ubuntu "
    "24.04: an AppArmor profile with `userns`), and a container must be allowed to make them. "
    "--sandbox=none runs students' code without protection, with your own rights."
)


@dataclass(frozen=True)
class Box:
    """What a warm parent is to be: see `coursekit.sandbox.Sandbox` for the meaning of each part."""

    student_packages: Mapping[str, Path]
    hidden: Sequence[Path]
    preload: Sequence[str]
    environment: Mapping[str, str]
    limits: Limits
    mode: Literal["bubblewrap", "none"]

    @property
    def boxed(self) -> bool:
        """Whether there are namespaces around it."""
        return self.mode == "bubblewrap"


class WarmParent:
    """The process in the box that has imported everything, and forks. Made ready, or SandboxUnavailable with the reason."""

    def __init__(self, box: Box):
        self._box = box
        # A box has a /tmp of its own; without one, the children work in here.
        self._folder = None if box.boxed else tempfile.TemporaryDirectory(prefix="box-", ignore_cleanup_errors=True)
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  # closed with the parent
        self._process: subprocess.Popen | None = None
        try:
            with theirs:
                self._process = subprocess.Popen(
                    self._command(theirs.fileno()),
                    env={} if box.boxed else environment(box, self._folder.name),
                    cwd="/",
                    stdin=subprocess.DEVNULL,
                    stdout=self._log,
                    stderr=self._log,
                    pass_fds=[theirs.fileno()],
                    start_new_session=True,
                )
            self._await_ready()
        except BaseException:
            self.close()
            raise

    @property
    def alive(self) -> bool:
        """Whether it can still be asked."""
        return self._process is not None and self._process.poll() is None

    def work_folder(self) -> Path | None:
        """Return a fresh working directory for a child, or None where the child makes its own in the box."""
        return None if self._box.boxed else Path(tempfile.mkdtemp(prefix="work-", dir=self._folder.name))

    def ask(self, work: str, wire: int, status: int) -> None:
        """Ask for a child that works in `work` and speaks on these two descriptors; OSError where nobody listens."""
        socket.send_fds(self._control, [work.encode()], [wire, status])

    def close(self) -> None:
        """End it, and with it every child in the box. Does nothing the second time."""
        self._control.close()  # it ends at this, and the box with it
        if self._process is not None:
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        self._log.close()
        if self._folder is not None:
            self._folder.cleanup()

    def _await_ready(self) -> None:
        said: dict = {}
        if wait_readable(self._control.fileno(), START):
            with contextlib.suppress(ValueError, ConnectionError):
                said = json.loads(self._control.recv(1 << 16) or b"{}")
        if "failed" in said:
            raise SandboxUnavailable(f"the sandbox cannot import what the notebooks need: {said['failed']}")
        if not said.get("ready"):
            self._process.kill()
            self._process.wait()
            self._log.seek(0)
            words = self._log.read(2000).decode("utf-8", "replace").strip() or "no message"
            raise SandboxUnavailable(f"the sandbox does not start: {words}\n{HINT}")

    def _command(self, control: int) -> list[str]:
        boxed = self._box.boxed
        engine, packages = mounts.ENGINE, mounts.PACKAGES
        if not boxed:
            engine, packages = str(Path(launch.__file__).parent.parent), f"{self._folder.name}/packages"
            os.mkdir(packages)
            mounts.package_folder(self._box.student_packages, Path(packages))
        entry = _ENTRY.format(engine=engine)
        python = [sys.executable, "-s", "-P", "-B", "-c", entry, str(control), json.dumps(self._config(packages))]
        if not boxed:
            return python
        bwrap = shutil.which("bwrap")
        if bwrap is None:
            raise SandboxUnavailable(f"bwrap was not found. {HINT}")
        box = [bwrap, *_NAMESPACES, "--new-session", "--clearenv"]
        if threading.current_thread() is threading.main_thread():
            # Tied to the thread that starts it, so of use in the main one only; the closed socket ends the parent anyway.
            box.append("--die-with-parent")
        for name, value in environment(self._box, "/tmp").items():
            box += ["--setenv", name, value]
        box += mounts.arguments(self._box.student_packages, self._box.hidden)
        if os.geteuid() == 0:
            box += ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
            return [sys.executable, "-I", "-S", launch.__file__, *box, "--", *python]
        return [*box, "--unshare-user", "--", *python]

    def _config(self, packages: str) -> dict[str, Any]:
        limits, boxed = self._box.limits, self._box.boxed
        rlimits = {
            "RLIMIT_CPU": int(limits.submission_cpu) + 5,  # should the judge's own count ever fail
            "RLIMIT_FSIZE": limits.file_size,
            "RLIMIT_NOFILE": limits.open_files,
            "RLIMIT_CORE": 0,
        }
        if boxed:  # outside a user namespace it would count the instructor's own processes
            rlimits |= {"RLIMIT_NPROC": limits.processes, "RLIMIT_MSGQUEUE": 0, "RLIMIT_MEMLOCK": 65536}
        return {
            "boxed": boxed, "drop_to": 1 if boxed and os.geteuid() == 0 else None, "packages": packages,
            "preload": self._box.preload, "memory": limits.memory, "rlimits": rlimits, "tmp_bytes": limits.tmp_bytes,
            "tmp_files": limits.tmp_files, "keep": mounts.below_tmp(self._box.student_packages),
            "output_text": limits.output_text, "output_images": limits.output_images,
        }  # fmt: skip


def environment(box: Box, writable: str) -> dict[str, str]:
    """Return all environment variables that a parent has, where `writable` is its folder for what libraries write."""
    threads = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
    return {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": writable, "LANG": "C.UTF-8",
        "IPYTHONDIR": f"{writable}/ipython", "MPLCONFIGDIR": f"{writable}/matplotlib", "MPLBACKEND": "agg",
        "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", **dict.fromkeys(threads, "1"), **box.environment,
    }  # fmt: skip
