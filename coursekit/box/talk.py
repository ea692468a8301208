"""The child's end of the wire: requests come in, answers go out, and the judge's callables can be asked in between."""

from __future__ import annotations

import builtins
import os
import socket
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from .calls import refusal
from .wire import LENGTHS, Packer, Unpacker, WireError, frame, header

CLOSED = 97  # exit code: the judge's end of the wire is gone, or the student's code closed ours
_getpid, _exit, _get_ident = os.getpid, os._exit, threading.get_ident
_BIT_GENERATORS = {kind.__name__: kind for kind in (np.random.PCG64, np.random.PCG64DXSM)}
_Generator = np.random.Generator
_EXCEPTIONS = {name: kind for name, kind in vars(builtins).items() if isinstance(kind, type) and issubclass(kind, Exception)}


def _exception(kind: str, message: str) -> Exception:
    try:
        return _EXCEPTIONS.get(kind, RuntimeError)(message)
    except TypeError:  # one that wants more than a message
        return RuntimeError(message)


class JudgeCallable:
    """A function that lives in the judge; calling it asks the judge."""

    def __init__(self, talk: Talk, handle: int, name: str):
        self._talk = talk
        self._handle = handle
        self.__name__ = self.__qualname__ = name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._talk.ask(self._handle, args, kwargs)

    def __repr__(self) -> str:
        return f"<function {self.__name__}>"


class Talk:
    """One child's conversation with the judge. `handlers` maps a request's name to what answers it."""

    def __init__(self, sock: socket.socket):
        self.handlers: dict[str, Callable[[list, Unpacker, bytes], tuple[list, Packer | None]]] = {}
        self._send, self._receive = sock.send, sock.recv_into
        self._socket = sock
        self._buffer = bytearray(1 << 16)
        self._view = memoryview(self._buffer)
        self._nonce = ""
        self._owner = (_getpid(), _get_ident())
        self._mine: dict[int, Any] = {}  # by handle: the student's callables that the judge may call
        self._handles: dict[int, int] = {}  # their handles, by identity
        self._theirs: dict[int, JudgeCallable] = {}
        self._generators: dict[int, np.random.Generator] = {}

    # Loops

    def hello(self) -> None:
        """Tell the judge that the child is set up; no student code has run yet."""
        self._owner = (_getpid(), _get_ident())
        self._write(frame(["hello", ""], []))

    def serve(self) -> None:
        """Answer requests until the judge hangs up. Never returns."""
        while True:
            self._answer(*self._read())

    def ask(self, handle: int, args: tuple, kwargs: dict) -> Any:
        """Return what the judge's callable makes of the arguments; raise what the judge says that it raised."""
        if (_getpid(), _get_ident()) != self._owner:
            raise RuntimeError("a function given by the grader can only be called in the main thread of the main process")
        nonce = self._nonce
        packer = Packer(self)
        self._write(frame(["ask", nonce, handle, packer.node(args), packer.node(kwargs)], packer.blobs))
        while True:
            message, blob = self._read()
            if message[0] == "answer":
                return Unpacker(blob, self).value(message[2])
            if message[0] == "refuse":
                raise _exception(message[2], message[3])
            self._answer(message, blob)
            self._nonce = nonce

    def _answer(self, message: list, blob: bytes) -> None:
        self._nonce = nonce = message[1]
        reply, packer = self.handlers[message[0]](message, Unpacker(blob, self), blob)
        if _getpid() != self._owner[0]:
            _exit(0)  # the student's code forked, and this is the copy: only the original answers
        reply[1] = nonce
        try:
            data = frame(reply, packer.blobs if packer else [])
        except WireError as error:
            reply, _ = refusal("ValueError", f"what came back cannot be handed over: {error}")
            reply[1] = nonce
            data = frame(reply, [])
        self._write(data)

    # Frames

    def _write(self, data: bytes) -> None:
        try:
            sent = self._send(data)
            while sent < len(data):
                sent += self._send(memoryview(data)[sent:])
        except (OSError, ValueError):
            _exit(CLOSED)

    def _read(self) -> tuple[list, bytes]:
        try:
            got = self._receive(self._buffer)
            while 0 < got < 8:
                more = self._receive(self._view[got:])
                got = got + more if more else 0
        except (OSError, ValueError):
            got = 0
        if not got:
            _exit(CLOSED)
        head, blob = LENGTHS.unpack_from(self._buffer)
        size = 8 + head + blob
        data: Any = self._view
        if size > len(self._buffer):
            data = memoryview(bytearray(size))
            data[:got] = self._view[:got]
        while got < size:
            more = self._receive(data[got:size])
            if not more:
                _exit(CLOSED)
            got += more
        return header(bytes(data[8 : 8 + head])), bytes(data[8 + head : size])

    # References (see wire.References)

    def name_callable(self, function: Any) -> list:
        if type(function) is JudgeCallable and self._theirs.get(function._handle) is function:
            return ["b", function._handle]
        handle = self._handles.get(id(function))
        if handle is None:
            handle = self._handles[id(function)] = len(self._mine)
            self._mine[handle] = function
        name = getattr(function, "__name__", None) or type(function).__name__
        return ["h", handle, name if isinstance(name, str) else "function"]

    def name_generator(self, generator: np.random.Generator) -> list:
        for handle, known in self._generators.items():
            if known is generator:
                return ["g", handle]
        return ["o", "Generator"]

    def remote_callable(self, handle: int, name: str) -> JudgeCallable:
        known = self._theirs.get(handle)
        if known is None:
            known = self._theirs[handle] = JudgeCallable(self, handle, name)
        return known

    def own_callable(self, handle: int) -> Any:
        return self._mine[handle]

    def generator(self, handle: int, state: Any) -> np.random.Generator:
        if handle not in self._generators:
            if not isinstance(state, dict):
                raise WireError("a generator without a state")
            bits = _BIT_GENERATORS[state["bit_generator"]]()
            bits.state = state
            self._generators[handle] = _Generator(bits)
        return self._generators[handle]
