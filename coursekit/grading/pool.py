"""Who judges: processes on this machine, or the workers of a Dask scheduler; both behind one iterator of what is done."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager

from coursekit.grading.worker import Done, Setting, Task, work
from coursekit.sandbox import SandboxUnavailable
from coursekit.settings import CourseError

_PR_SET_PDEATHSIG = 1


class Pool:
    """Workers that judge tasks; a worker process that dies takes no other submission with it."""

    def __init__(self, make: Callable[[], Executor]):
        """`make` returns a fresh executor; it is asked again when a process has died."""
        self._make = make
        self._executor = make()

    def run(self, setting: Setting, tasks: list[Task]) -> Iterator[Done]:
        """Yield each task's end as it comes. Raises CourseError where a worker has no sandbox."""
        lost = []
        futures = {self._executor.submit(work, setting, task): task for task in tasks}
        for future in as_completed(futures):
            try:
                yield future.result()
            except BrokenProcessPool:
                lost.append(futures[future])
            except SandboxUnavailable as error:
                raise CourseError(f"a worker has no sandbox: {error}") from error
        # One of these killed its process, and the others went with it: each gets a process to itself.
        for task in lost:
            self._executor.shutdown(wait=False, cancel_futures=True)
            self._executor = self._make()
            try:
                yield self._executor.submit(work, setting, task).result()
            except BrokenProcessPool:
                yield Done(task, broken="the grading process died twice on this submission (out of memory?)")

    def close(self) -> None:
        """End the workers, when what they are at is done."""
        self._executor.shutdown(wait=True, cancel_futures=True)


def _end_with(parent: int) -> None:
    """Have the system end this process when its parent is killed: it would wait for work for ever, its sandbox beside it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)


@contextmanager
def workers(jobs: int, scheduler: str | None) -> Iterator[Pool]:
    """Have `jobs` processes (0: one for each core) or, with the address of a Dask scheduler, its workers in their place."""
    if scheduler:
        from distributed import Client

        try:
            client = Client(scheduler, timeout="20s")
        except (OSError, ValueError) as error:
            raise CourseError(f"{scheduler}: no Dask scheduler answers there ({error})") from error
        with client:
            yield Pool(lambda: client.get_executor(pure=False))
        return
    # Spawned, not forked: a worker inherits neither the gradebook's connection nor the progress bar's thread.
    context = multiprocessing.get_context("spawn")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    pool = Pool(lambda: ProcessPoolExecutor(jobs or cores, mp_context=context, initializer=_end_with, initargs=(os.getpid(),)))
    try:
        yield pool
    finally:
        pool.close()
