"""The doctor: every probe is denied in the box, and each sees what is open where there is no box."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from coursekit.sandbox import Limits, Sandbox, SandboxFault, doctor
from coursekit.sandbox.doctor import run_probes
from coursekit.sandbox.probes import PROBES, Probe

LIMITS = Limits(memory=300 * 2**20, processes=8, file_size=2**20)
QUICK = [probe.name for probe in PROBES if not probe.full]
# Denied by limits, which need no box, or not open to a child that was started with nothing.
DENIED_WITHOUT_BOX = {"environment", "memory", "files", "time", "names"}
# Whether these are open to a child without a box depends on the machine: on who tests, and on what its kernel allows.
DEPENDS = {"capabilities", "namespaces", "tracing"}


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course with a students' package in it, a hidden one, and a gradebook."""
    root = tmp_path_factory.mktemp("course")
    for name in ("pack", "reference"):
        (root / name).mkdir()
        (root / name / "__init__.py").write_text("ANSWER = 0.25\n")
    (root / "gradebook.db").write_text("grades")
    return root


@pytest.fixture(scope="module")
def box(course: Path) -> Iterator[Sandbox]:
    with _sandbox(course, "bubblewrap") as made:
        yield made


def _sandbox(course: Path, mode: str) -> Sandbox:
    packages = {"pack": course / "pack"}
    return Sandbox(student_packages=packages, hidden=[course, course / "reference"], limits=LIMITS, mode=mode)


def test_the_box_denies_everything(box: Sandbox, course: Path) -> None:
    results = run_probes(box, paths=[course / "gradebook.db", Path("/root"), Path("/home")])
    assert [result.name for result in results] == [probe.name for probe in PROBES]
    assert [f"{result.name}: {result.detail}" for result in results if not result.passed] == []


def test_quick_leaves_out_the_bounds(box: Sandbox) -> None:
    results = run_probes(box, quick=True)
    assert [result.name for result in results] == QUICK
    assert all(result.passed for result in results)


def test_without_a_box_the_probes_see_what_is_open(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(course))
    with _sandbox(course, "none") as made:
        results = {result.name: result for result in run_probes(made, paths=[course / "gradebook.db"])}
    failed = {name for name, result in results.items() if not result.passed}
    assert failed - DEPENDS == set(results) - DENIED_WITHOUT_BOX - DEPENDS
    assert str(course / "gradebook.db") in results["paths"].detail
    assert "coursekit" in results["imports"].detail
    assert "a server on the loopback device" in results["network"].detail
    assert results["sockets"].detail == "a socket in a folder; an abstract socket"
    assert results["siblings"].detail == "a file; a socket"


@pytest.mark.parametrize(
    ("probe", "detail"),
    [
        (Probe("open", "", "attempt('it', lambda: True)"), "it"),
        (Probe("broken", "", "1 / 0"), "the probe failed: ZeroDivisionError: division by zero"),
        (Probe("dead", "", "os._exit(4)"), "the probe ended its process: the code ended the process (exit code 4)"),
        (Probe("forged", "", "breaches = None"), "the probe left no list"),
        (Probe("lives", "", "pass", dies=True), "it came to an end by itself"),
        (Probe("exits", "", "os._exit(0)", dies=True), "the probe ended its process: the code ended the process (exit code 0)"),
    ],
    ids=lambda value: value.name if isinstance(value, Probe) else "",
)
def test_a_probe_that_proves_nothing_has_not_passed(
    box: Sandbox, monkeypatch: pytest.MonkeyPatch, probe: Probe, detail: str
) -> None:
    monkeypatch.setattr(doctor, "PROBES", (probe, Probe("after", "", "pass")))
    results = run_probes(box)
    assert (results[0].passed, results[0].detail) == (False, detail)
    assert results[1].passed


def test_probes_that_cannot_be_prepared_are_a_fault(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "LEAVE", "1 / 0")
    with pytest.raises(SandboxFault, match="ZeroDivisionError"):
        run_probes(box)


def test_the_variables_of_the_instructor_are_reached_for(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADEBOOK_PASSWORD", "x")
    with Sandbox(environment={"GRADEBOOK_PASSWORD": "x", "SEED": "1"}, limits=LIMITS) as leaky:
        assert run_probes(leaky, quick=True)[QUICK.index("environment")].passed  # handed over on purpose
    with _sandbox(course, "bubblewrap") as made:
        monkeypatch.setattr(Sandbox, "environment_names", ())
        found = run_probes(made, quick=True)[QUICK.index("environment")]
    assert not found.passed
    assert "PATH" in found.detail
    assert "GRADEBOOK_PASSWORD" not in found.detail


def test_every_probe_has_a_name_and_a_sentence_of_its_own() -> None:
    assert len({probe.name for probe in PROBES}) == len({probe.sentence for probe in PROBES}) == len(PROBES)
