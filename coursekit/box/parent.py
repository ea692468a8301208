"""The warm parent: has imported what notebooks import, and forks a child for each submission. No student code runs in it."""

from __future__ import annotations

import fcntl
import gc
import importlib
import json
import os
import random
import signal
import socket
import sys
from typing import Any, NoReturn

from . import isolate
from .notebook import Notebook
from .talk import Talk

# What the child exits with when it could not be set up: the judge reads why on the status pipe.
UNPREPARED = 98
WIRE, STATUS = 3, 4  # the descriptors that a child keeps, the second until it is set up


def main(control_fd: int, config: dict[str, Any]) -> NoReturn:
    """Say "ready" on the control socket, then fork a child for each pair of descriptors (wire, status) that comes in.

    Ends when the judge's side of the socket closes.
    """
    control = socket.socket(fileno=control_fd)
    # The folder that holds this package served its import; in it, without a box, lies the rest of the engine.
    engine = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    sys.path[:] = ["", config["packages"], *[path for path in sys.path if path != engine]]
    sys.argv[:] = ["notebook"]
    try:
        for name in config["preload"]:
            importlib.import_module(name)
        notebook = Notebook(config["output_text"], config["output_images"])
        notebook.warm_up()
    except Exception as error:
        control.sendall(json.dumps({"failed": f"{type(error).__name__}: {error}"}).encode())
        os._exit(1)
    config["rlimits"]["RLIMIT_AS"] = isolate.address_space() + config["memory"]
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the tenders are not waited for
    gc.collect()
    gc.freeze()
    control.sendall(b'{"ready": true}')
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 4096, 2)
        if not message:
            os._exit(0)
        if os.fork() == 0:
            control.close()
            _tend(config, notebook, message.decode(), *descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def _tend(config: dict[str, Any], notebook: Notebook, work: str, wire: int, status: int) -> NoReturn:
    """Isolate, fork the child, wait for it, and say on the status pipe how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    try:
        if config["boxed"]:
            isolate.enter(config)
        else:
            isolate.adopt()
        child = os.fork()
        if child == 0:
            _become_child(config, notebook, work, wire, status)
    except Exception as error:
        _tell(status, f"setup {error}")
        os._exit(UNPREPARED)
    os.close(wire)
    _, ended = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(ended)
    _tell(status, f"exit {code}" if code >= 0 else f"signal {-code}")
    os._exit(0)


def _become_child(config: dict[str, Any], notebook: Notebook, work: str, wire: int, status: int) -> NoReturn:
    try:
        null = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(null, standard)
        if config["boxed"]:
            os.mkdir(work, 0o700)
        os.chdir(work)
        os.environ["HOME"] = work
        wire, status = (fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, 5) for number in (wire, status))
        os.dup2(wire, WIRE, inheritable=False)
        status = os.dup2(status, STATUS, inheritable=False)
        os.closerange(5, max(os.sysconf("SC_OPEN_MAX"), 1 << 16))
        random.seed()
        importlib.import_module("numpy").random.seed()
        isolate.lock(config, boxed=config["boxed"])
    except Exception as error:
        _tell(status, f"setup {error}")
        os._exit(UNPREPARED)
    os.close(STATUS)
    talk = Talk(socket.socket(fileno=WIRE))
    notebook.attach(talk)
    talk.hello()
    talk.serve()


def _tell(status: int, text: str) -> None:
    try:
        os.write(status, text.encode("utf-8", "replace")[:1000])
    except OSError:
        os._exit(UNPREPARED)
