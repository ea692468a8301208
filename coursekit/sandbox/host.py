"""A child as the host sees it: its processes, their cpu time and memory, and the way to end all of them."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time

_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


class HostProcess:
    """The first process of a child, by the pid that it has on the host.

    In a box it is the first process of its pid namespace, so that all others end with it. Without one (`boxed` false) they
    are looked for below its tender, which inherits the orphans.
    """

    def __init__(self, pid: int, *, boxed: bool):
        self.pid = pid
        self._boxed = boxed
        # A descriptor, since the number may belong to another process by the time that we kill.
        self._descriptor = os.pidfd_open(pid)
        self._top = pid if boxed else _parent(pid)

    def cpu_seconds(self) -> float:
        """Return the cpu time, user and system, of all living processes of the child and of those that they waited for."""
        return sum(_cpu(pid) for pid in self._processes())

    def memory(self) -> int:
        """Return the bytes that the processes fill, where shared pages count once; 0 where it cannot be read."""
        pids = self._processes()
        total = sum(_resident(pid) for pid in pids)
        if len(pids) == 1:
            return total
        shares = [_proportional(pid) for pid in pids]
        return sum(share for share in shares if share is not None) if any(shares) else total

    def kill(self) -> None:
        """End every process of the child."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._descriptor, signal.SIGKILL)
        if not self._boxed:
            for _ in range(100):
                rest = self._processes()
                if not rest:
                    return
                for pid in rest:
                    with contextlib.suppress(ProcessLookupError, PermissionError):
                        os.kill(pid, signal.SIGKILL)
                time.sleep(0.001)

    def wait(self, seconds: float) -> bool:
        """Return whether the child's first process ended within that time."""
        return wait_readable(self._descriptor, seconds)

    def close(self) -> None:
        """Let go of the process."""
        os.close(self._descriptor)

    def _processes(self) -> list[int]:
        found = [self._top]
        for pid in found:
            found += _children(pid)
        return found if self._boxed else found[1:]


def wait_readable(descriptor: int, seconds: float) -> bool:
    """Return whether something, or the end of file, can be read within that time."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(max(0.0, seconds) * 1000))


def _read(path: str) -> str:
    try:
        with open(path) as file:
            return file.read()
    except OSError:  # gone since, or not ours to see
        return ""


def _children(pid: int) -> list[int]:
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []
    return [int(child) for thread in threads for child in _read(f"/proc/{pid}/task/{thread}/children").split()]


def _fields(pid: int) -> list[str]:
    # The name in parentheses may hold anything, also spaces and parentheses.
    return _read(f"/proc/{pid}/stat").rpartition(")")[2].split()


def _parent(pid: int) -> int:
    return int(_fields(pid)[1])


def _cpu(pid: int) -> float:
    fields = _fields(pid)
    return sum(map(int, fields[11:15])) / _TICK if len(fields) > 14 else 0.0


def _resident(pid: int) -> int:
    fields = _read(f"/proc/{pid}/statm").split()
    return int(fields[1]) * _PAGE if len(fields) > 1 else 0


def _proportional(pid: int) -> int | None:
    for line in _read(f"/proc/{pid}/smaps_rollup").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return None
