"""The judge's end of the wire to one child: requests and their answers, callbacks in between, budgets, and the end of it.

Whatever comes from the child is hostile: what is not a well-formed answer ends the child with ChildDied, and nothing else.
"""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NoReturn

import numpy as np

from coursekit.box.calls import argument_arrays, arrays
from coursekit.box.wire import HEADER_BYTES, LENGTHS, Packer, Unpacker, WireError, clean, frame, header
from coursekit.sandbox.host import HostProcess, wait_readable
from coursekit.sandbox.types import ChildDied, ChildTimedOut, Limits, Outcome, RemoteError, SandboxFault
from coursekit.sandbox.words import NEUTRAL, ending, expect, raised_of, size_of, told, words_of

CHECK_EVERY = 0.05  # seconds of waiting between two looks at the budgets
NESTING = 20  # requests within callbacks within requests
HANDLES = 10_000
PATIENCE = 20.0  # seconds for a killed child to be gone
GENERATORS = ("PCG64", "PCG64DXSM")


def _expired(*_: Any, **__: Any) -> NoReturn:
    raise ValueError("this function was given for an earlier call, and is gone")


class RemoteCallable:
    """A function of the student's. Calling it runs it in the child; what it raises comes as RemoteError."""

    def __init__(self, link: Link, handle: int, name: str):
        self._link = link
        self._handle = handle
        self.__name__ = name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        outcome = self._link.outcome("invoke", self._handle, args, kwargs)
        if outcome.error is not None:
            raise RemoteError(outcome.error)
        return outcome.value

    def __repr__(self) -> str:
        return f"<the student's function {self.__name__}>"


class Link:
    """One child's socket, status pipe and process, with the time that it has used."""

    def __init__(self, sock: socket.socket, status: int, process: HostProcess, limits: Limits):
        self._socket = sock
        self._status = status
        self._process = process
        self._limits = limits
        self._buffer = bytearray(1 << 16)
        self._view = memoryview(self._buffer)
        self._end: Exception | None = None
        self._depth = 0
        self._callbacks = 0
        self._own: dict[int, Callable] = {}  # by handle: our callables that the child may ask
        self._own_handles: dict[int, int] = {}
        self._remote: dict[int, RemoteCallable] = {}
        self._generators: list[np.random.Generator] = []
        self.lines: set[str] = set()  # of the cells that ran, which alone may be shown as the student's
        self._waited = 0.0
        self._asked_at = 0.0  # when the outermost request went out
        self._looked = 0.0
        self._used = 0.0  # seconds of cpu
        self._memory_at_start = process.memory()
        self._budgets: dict[str, tuple[float, float, float, float, str]] = {}
        self.begin("submission", limits.submission_cpu, limits.submission_wall, "the submission as a whole took longer than")

    # Budgets

    @property
    def waited(self) -> float:
        """Seconds from our questions to their answers. What we do meanwhile counts, since it is the child that asks for it."""
        return self._waited + (time.perf_counter() - self._asked_at if self._depth else 0.0)

    def begin(self, scope: str, cpu: float, wall: float, words: str = "took longer than") -> None:
        """Start counting seconds of cpu and of waiting for `scope` at zero."""
        self._budgets[scope] = (self.cpu_seconds() + cpu, self.waited + wall, cpu, wall, words)

    def stop(self, scope: str) -> None:
        """Count no longer for `scope`."""
        self._budgets.pop(scope, None)

    def cpu_seconds(self) -> float:
        """Return the cpu time of the child so far; of one that is gone, what was seen last."""
        if self._status >= 0:
            # Falls when a process ends that nobody waited for, or when all have ended.
            self._used = max(self._used, self._process.cpu_seconds())
        return self._used

    def _look(self) -> None:
        waited = self._looked = self.waited
        cpu = self.cpu_seconds()
        for cpu_end, wall_end, cpu_limit, wall_limit, words in self._budgets.values():
            if cpu > cpu_end:
                self.die(ChildTimedOut(f"{words} {cpu_limit:g} s of cpu time"))
            if waited > wall_end:
                self.die(ChildTimedOut(f"{words} {wall_limit:g} s"))
        if self._process.memory() > self._memory_at_start + self._limits.memory:
            self.die(ChildDied(f"used more than {size_of(self._limits.memory)} of memory"))

    # Requests

    def outcome(self, operation: str, what: Any, *values: Any) -> Outcome:
        """Ask for a call, and return what came of it; `values` are handed over."""
        packer = Packer(self)
        try:
            parts = [packer.node(value) for value in values]
        except WireError as error:
            raise SandboxFault(f"the grader's arguments cannot be handed over: {error}") from error
        message, blob = self.request([operation, "", what, *parts], packer.blobs)
        outcome = self.reading(lambda: self._outcome(message, blob))
        return self._believed(outcome, operation, values) if outcome.changed or outcome.shared else outcome

    def request(self, message: list, blobs: list[bytes]) -> tuple[list, memoryview]:
        """Send a message under a new nonce, serve the callbacks that come, and return the answer.

        Raises ChildDied where none comes, also when called again after that.
        """
        if self._end is not None:
            raise self._end
        nonce = message[1] = secrets.token_hex(8)
        try:
            data = frame(message, blobs)
        except WireError as error:
            raise SandboxFault(f"the grader's arguments cannot be handed over: {error}") from error
        if not self._depth:
            self._asked_at = time.perf_counter()
        self._depth += 1
        try:
            self._write(data)
            while True:
                answer, blob = self._read()
                if answer[1] != nonce:
                    self.malformed("an answer to another question")
                if answer[0] != "ask":
                    return answer, blob
                self._write(self._answer(nonce, answer, blob))
        finally:
            if self._depth == 1:
                self._waited = self.waited
            self._depth -= 1

    def reading(self, read: Callable[[], Any]) -> Any:
        """Return what `read` makes of an answer; end the child where that fails, since it is the answer that is at fault."""
        try:
            return read()
        except WireError as error:
            self.malformed(str(error))
        except Exception as error:
            self.malformed(type(error).__name__)

    def _outcome(self, message: list, blob: memoryview) -> Outcome:
        if message[0] == "raised":
            _, _, error, changed, printed = message
            expect(not blob and type(printed) is str)
            return Outcome(None, raised_of(error, self.lines), words_of(changed), (), clean(printed))
        kind, _, node, changed, shared, printed = message
        expect(kind == "done" and type(shared) is list and type(printed) is str)
        unpacker = Unpacker(blob, self)
        value = unpacker.value(node)
        unpacker.end()
        pairs = tuple(words_of(pair) for pair in shared)
        expect(all(len(pair) == 2 for pair in pairs))
        return Outcome(value, None, words_of(changed), pairs, clean(printed))

    @staticmethod
    def _believed(outcome: Outcome, operation: str, values: tuple) -> Outcome:
        """Return the outcome with the names of arrays alone that there are: they reach the student, and could say anything."""
        args, kwargs = values if operation == "invoke" else ((), values[0] if values else {})
        ours = {path for path, _ in argument_arrays(args, kwargs)}
        known = ours | {path for path, _ in arrays(outcome.value, "result")}
        shared = tuple(pair for pair in outcome.shared if known.issuperset(pair))
        return replace(outcome, changed=tuple(name for name in outcome.changed if name in ours), shared=shared)

    # Callbacks

    def _answer(self, nonce: str, message: list, blob: memoryview) -> bytes:
        self._callbacks += 1
        if self._callbacks > self._limits.callbacks:
            self.die(ChildDied(f"called the grader's functions more than {self._limits.callbacks} times"))
        if self._depth > NESTING:
            self.die(ChildDied(f"functions called one another through the grader, more than {NESTING} deep"))
        function, args, kwargs = self.reading(lambda: self._asked(message, blob))
        try:
            value = function(*args, **kwargs)
        except (ChildDied, SandboxFault):
            raise
        except Exception as error:
            return frame(["refuse", nonce, *told(error)], [])
        packer = Packer(self)
        try:
            return frame(["answer", nonce, packer.node(value)], packer.blobs)
        except WireError:  # it was made of what the student's code gave
            return frame(["refuse", nonce, "RuntimeError", NEUTRAL], [])

    def forget_callables(self) -> None:
        """Let the functions that were given so far work no longer: what is given for one exercise is of no use in the next."""
        self._own = dict.fromkeys(self._own, _expired)
        self._own_handles.clear()

    def _asked(self, message: list, blob: memoryview) -> tuple[Callable, tuple, dict]:
        _, _, handle, args, kwargs = message
        unpacker = Unpacker(blob, self)
        args, kwargs = unpacker.value(args), unpacker.value(kwargs)
        unpacker.end()
        expect(type(args) is tuple and type(kwargs) is dict and all(type(key) is str for key in kwargs))
        return self.own_callable(handle), args, kwargs

    # Frames

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[self._socket.send(rest) :]
            except BlockingIOError:
                self._look()
            except OSError:
                self._gone()

    def _read(self) -> tuple[list, memoryview]:
        view, got, size = self._view, 0, 0
        while not size or got < size:
            try:
                more = self._socket.recv_into(view[got:])
            except BlockingIOError:
                self._look()
                if wait_readable(self._status, 0):
                    self._gone()  # something of the child still holds the socket
                continue
            except OSError:
                more = 0
            if not more:
                self._gone()
            got += more
            if not size and got >= 8:
                head, blob = LENGTHS.unpack_from(view)
                if head > HEADER_BYTES or blob > self._limits.reply_bytes:
                    self.die(ChildDied(f"sent more than {size_of(self._limits.reply_bytes)} at once"))
                size = 8 + head + blob
                if size > len(view):
                    larger = memoryview(bytearray(size))
                    larger[:got] = view[:got]
                    view = larger
        if got > size:
            self.malformed("more than one answer")
        if self.waited - self._looked > CHECK_EVERY:
            self._look()
        try:
            return header(bytes(view[8 : 8 + head])), view[8 + head : size]
        except WireError as error:
            self.malformed(str(error))

    # The end

    def malformed(self, what: str) -> NoReturn:
        """End the child because of what it sent."""
        self.die(ChildDied(f"what the process sent is no answer ({what})"))

    def die(self, error: Exception) -> NoReturn:
        """End the child, wait until it is gone, and raise `error`, now and at every later request."""
        self._end = error
        self.close()
        raise error

    def close(self) -> None:
        """End the child and wait until nothing of it is left. Does nothing the second time."""
        if self._status < 0:
            return
        self._end = self._end or ChildDied("the process has been ended")
        self.cpu_seconds()
        self._process.kill()
        ended = self._last_words(PATIENCE)
        self._socket.close()
        self._process.close()
        os.close(self._status)
        self._status = -1
        if ended is None:
            self._end = SandboxFault("a child that was killed did not end")
            raise self._end

    def await_end(self) -> None:
        """Wait until a child whose box was ended is gone. The kernel ends it a moment after the box."""
        if self._status >= 0:
            self._process.wait(PATIENCE)
            wait_readable(self._status, PATIENCE)

    def _gone(self) -> NoReturn:
        """The connection is closed: find out why."""
        words = self._last_words(0.5)
        if words is None:
            self.die(ChildDied("the code closed its connection to the grader"))
        self.die(ending(words, self._limits.memory))

    def _last_words(self, seconds: float) -> str | None:
        """Return what the status pipe says when it ends, or None where it does not within that time."""
        words, until = b"", time.monotonic() + seconds
        while wait_readable(self._status, until - time.monotonic()):
            more = os.read(self._status, 1000)
            if not more:
                return words.decode("utf-8", "replace")
            words += more
        return None

    # References (see wire.References)

    def name_callable(self, function: Any) -> list:
        if isinstance(function, RemoteCallable) and function._link is self:
            return ["b", function._handle]
        handle = self._own_handles.get(id(function))
        if handle is None:
            handle = self._own_handles[id(function)] = len(self._own)
            self._own[handle] = function
        return ["h", handle, str(getattr(function, "__name__", type(function).__name__))]

    def name_generator(self, generator: np.random.Generator) -> list:
        for handle, known in enumerate(self._generators):
            if known is generator:
                return ["g", handle]
        state = generator.bit_generator.state
        if state["bit_generator"] not in GENERATORS:
            raise WireError(f"a generator must be one of {', '.join(GENERATORS)}")
        self._generators.append(generator)
        return ["g", len(self._generators) - 1, Packer(self).node(state)]

    def remote_callable(self, handle: int, name: str) -> RemoteCallable:
        known = self._remote.get(handle)
        if known is None:
            if len(self._remote) >= HANDLES:
                raise WireError("too many functions")
            known = self._remote[handle] = RemoteCallable(self, handle, name)
        return known

    def own_callable(self, handle: int) -> Callable:
        if type(handle) is not int or handle not in self._own:
            raise WireError("a function that was never given")
        return self._own[handle]

    def generator(self, handle: int, state: Any) -> np.random.Generator:
        if state is not None or handle >= len(self._generators):
            raise WireError("a generator that was never given")
        return self._generators[handle]
