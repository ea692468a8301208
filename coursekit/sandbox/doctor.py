"""Does the sandbox deny what it must? Live probes in student code, against targets that are really there."""

from __future__ import annotations

import dataclasses
import json
import os
import secrets
import socket
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from coursekit.sandbox import Child, ChildDied, ChildTimedOut, Sandbox, SandboxFault
from coursekit.sandbox.probes import LEAVE, PREAMBLE, PROBES, Probe

DETAIL = 300
PROBE_CPU = 2.0  # seconds for a probe; the one that loops forever uses them up
PROBE_WALL = 20.0
__all__ = ["PROBES", "ProbeResult", "run_probes"]


@dataclass(frozen=True)
class ProbeResult:
    """What one probe found: `passed` when all it tried was denied, else `detail` says what it got hold of."""

    name: str
    sentence: str
    passed: bool
    detail: str = ""


def run_probes(
    sandbox: Sandbox, *, paths: Sequence[Path] = (), modules: Sequence[str] = (), quick: bool = False
) -> list[ProbeResult]:
    """Try everything that must be denied in children of `sandbox`; `quick` leaves out the probes that run into a bound.

    What the sandbox is told to hide is reached for, and `paths` and `modules` besides, such as the gradebook. Grading must
    not start unless every probe passes. SandboxUnavailable or SandboxFault where the probes cannot be run at all.
    """
    limits = dataclasses.replace(sandbox.limits, cell_cpu=PROBE_CPU, cell_wall=PROBE_WALL)
    with _targets(sandbox, paths, modules) as targets, sandbox.child(limits=limits) as first:
        setup = PREAMBLE.format(targets=json.dumps(targets))
        _prepare(first, setup + LEAVE)
        results = []
        child: Child | None = None
        try:
            for probe in PROBES:
                if probe.full and quick:
                    continue
                if child is None:
                    child = sandbox.child(limits=limits)
                    _prepare(child, setup)
                result, alive = _run(child, probe)
                results.append(result)
                if not alive:
                    child.close()
                    child = None
        finally:
            if child is not None:
                child.close()
        return results


def _prepare(child: Child, source: str) -> None:
    """Run what the probes need; SandboxFault where it fails, since a probe that cannot try anything proves nothing."""
    result = child.run_cell(source, label="probes")
    if result.error is not None:
        raise SandboxFault(f"the probes cannot be run: {result.error.kind}: {result.error.message}")


def _run(child: Child, probe: Probe) -> tuple[ProbeResult, bool]:
    """Return what a probe found, and whether its child is still there."""
    try:
        error = child.run_cell("breaches = []\n" + probe.source, label=probe.name).error
        if error is not None:
            return _result(probe, [f"the probe failed: {error.kind}: {error.message}"]), True
        breaches = child.value("breaches")
    except ChildDied as death:
        denied = probe.dies and isinstance(death, ChildTimedOut)
        return _result(probe, [] if denied else [f"the probe ended its process: {death.reason}"]), False
    if probe.dies:
        return _result(probe, ["it came to an end by itself"]), True
    if not isinstance(breaches, list):
        return _result(probe, ["the probe left no list"]), True
    return _result(probe, [str(breach) for breach in breaches]), True


def _result(probe: Probe, breaches: list[str]) -> ProbeResult:
    return ProbeResult(probe.name, probe.sentence, not breaches, "; ".join(breaches)[:DETAIL])


@contextmanager
def _targets(sandbox: Sandbox, paths: Sequence[Path], modules: Sequence[str]) -> Iterator[dict]:
    """Set up what the probes reach for, and make sure that it can be reached from here."""
    hidden = [*sandbox.hidden, *paths]
    packages = [path.name for path in sandbox.hidden if (path / "__init__.py").is_file()]
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="probe-"))
        abstract = f"course-{secrets.token_hex(8)}"
        loopback = _listen(stack, socket.AF_INET, ("127.0.0.1", 0))
        _listen(stack, socket.AF_UNIX, f"{folder}/socket")
        _listen(stack, socket.AF_UNIX, f"\0{abstract}")
        secret = Path(folder, "secret.txt")
        secret.write_text("x")
        limits = sandbox.limits
        yield {
            "paths": [str(path) for path in [secret, *hidden] if path.exists()],
            "modules": sorted({*packages, *modules}),
            "judge": os.getpid(),
            "environment": sorted(set(os.environ) - set(sandbox.environment_names)),
            "port": loopback.getsockname()[1],
            "socket": f"{folder}/socket",
            "abstract": abstract,
            "left_file": f"/tmp/left-{secrets.token_hex(8)}",
            "left_socket": f"left-{secrets.token_hex(8)}",
            "memory": limits.memory,
            "processes": limits.processes,
            "open_files": limits.open_files,
            "file_size": limits.file_size,
            "tmp_bytes": limits.tmp_bytes,
        }


def _listen(stack: ExitStack, family: int, address: object) -> socket.socket:
    """Listen at an address; SandboxFault where not even we can connect to it, so that a refusal would mean nothing."""
    server = stack.enter_context(socket.socket(family))
    try:
        server.bind(address)
        server.listen()
        with socket.socket(family) as client:
            client.settimeout(5.0)
            client.connect(server.getsockname())
    except OSError as error:
        raise SandboxFault(f"the probes cannot set up a server to reach for: {error}") from error
    return server
