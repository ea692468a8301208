"""Set-up: environment.yml, pyproject.toml and requirements.lock agree, and missing programs are installed or named."""

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK_TEXT = (ROOT / "requirements.lock").read_text(encoding="utf-8")
ENVIRONMENT = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
GROUPS = {
    "core": PROJECT["project"]["dependencies"],
    "build": PROJECT["build-system"]["requires"],
    **PROJECT["project"]["optional-dependencies"],
}
# What makes an installation is not part of one: pip fetches it for the build alone.
LOCKED_GROUPS = sorted(set(GROUPS) - {"build"})


def locked() -> dict[str, Version]:
    """The lock's packages; a line that is neither a comment nor name==version fails here, so no address can get in."""
    pins = {}
    for line in LOCK_TEXT.splitlines():
        if line.startswith("#"):
            continue
        pin = re.fullmatch(r"([A-Za-z0-9._-]+)==([A-Za-z0-9.!+]+)", line)
        assert pin, f"requirements.lock: not of the form name==version: {line!r}; run make lock"
        name = canonicalize_name(pin[1])
        assert name not in pins, f"requirements.lock: {name} stands twice"
        pins[name] = Version(pin[2])
    return pins


def from_conda() -> tuple[dict[str, str], dict[str, str], list[str]]:
    """environment.yml as (ranges of conda packages, ranges of pip packages, the other pip lines)."""
    conda, pip, others = {}, {}, []
    for entry in ENVIRONMENT["dependencies"]:
        if isinstance(entry, dict):
            for line in entry["pip"]:
                if line.startswith("-"):
                    others.append(line)
                else:
                    requirement = Requirement(line)
                    pip[canonicalize_name(requirement.name)] = str(requirement.specifier)
        else:
            # conda writes python=3.11 for what pip calls python==3.11.*
            requirement = Requirement(re.sub(r"^([\w-]+)=([\d.]+)$", r"\1==\2.*", entry))
            conda[canonicalize_name(requirement.name)] = str(requirement.specifier)
    return conda, pip, others


@pytest.mark.parametrize("group", LOCKED_GROUPS)
def test_the_lock_pins_every_requirement_of_the_group(group):
    pins = locked()
    for line in GROUPS[group]:
        requirement = Requirement(line)
        name = canonicalize_name(requirement.name)
        assert name in pins, f"requirements.lock lacks {name}, which the {group} group needs: run make lock"
        assert pins[name] in requirement.specifier, f"requirements.lock has {name} {pins[name]}, outside {line}"


def test_the_conda_environment_names_the_core_dependencies_with_their_ranges():
    conda, pip, others = from_conda()
    core = {canonicalize_name(r.name): str(r.specifier) for r in map(Requirement, GROUPS["core"])}
    named = {**conda, **pip}
    assert len(named) == len(conda) + len(pip), "a package stands under conda and under pip"
    assert {name: spec for name, spec in named.items() if name not in ("python", "pip")} == core
    assert set(pip) == {"nbgrader"}
    assert others == ["-e ."]
    assert ENVIRONMENT["channels"] == ["conda-forge"]


def test_the_python_versions_agree():
    conda, _, _ = from_conda()
    assert conda["python"] == "==3.11.*"
    assert "Python 3.11" in LOCK_TEXT.splitlines()[0]
    assert SpecifierSet(PROJECT["project"]["requires-python"]).contains("3.11.5")
    assert "(3, 11)" in (ROOT / "scripts" / "setup").read_text(encoding="utf-8")
    assert PROJECT["project"]["requires-python"] == ">=3.11"


def test_the_commands_can_be_started():
    for script in [".ci/run", *(f"scripts/{entry.name}" for entry in (ROOT / "scripts").iterdir() if entry.is_file())]:
        path = ROOT / script
        if path.suffix == ".py":  # for the environment's own Python, named in its first lines
            compile(path.read_text(encoding="utf-8"), script, "exec")
        else:
            assert os.access(path, os.X_OK), f"{script} is not executable"
            subprocess.run(["bash", "-n", path], check=True)


@pytest.fixture
def machine(tmp_path):
    """A PATH that holds nothing but bash, env, uname, and the programs that a test writes there."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for program in ("bash", "env"):
        (folder / program).symlink_to(shutil.which(program))

    def put(name: str, script: str) -> None:
        (folder / name).write_text(f"#!{folder}/bash\n{script}\n", encoding="utf-8")
        (folder / name).chmod(0o755)

    def need(*packages: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [folder / "bash", ROOT / "scripts" / "need", *packages],
            env={"PATH": str(folder), "LOG": str(tmp_path / "log"), "BIN": str(folder)},
            capture_output=True,
            text=True,
        )

    put("uname", "echo Linux")
    put("id", "echo 1000")
    return put, need, tmp_path / "log"


# An apt-get that writes down how it was called, and "installs" an empty program for each of bubblewrap and chromium.
APT = r"""
echo "apt-get $*" >> "$LOG"
case "$*" in *install*)
    for name in bwrap chromium; do printf '#!/bin/sh\n' > "$BIN/$name"; "$CHMOD" +x "$BIN/$name"; done ;;
esac
""".replace("$CHMOD", shutil.which("chmod") or "chmod")


def test_nothing_is_done_where_the_programs_are(machine):
    put, need, log = machine
    put("bwrap", "true")
    put("apt-get", APT)
    put("id", "echo 0")
    result = need("bubblewrap")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert not log.exists()


def test_root_installs_only_what_is_missing(machine):
    put, need, log = machine
    put("bwrap", "true")
    put("apt-get", APT)
    put("id", "echo 0")
    assert need("bubblewrap", "chromium").returncode == 0
    calls = log.read_text().splitlines()
    assert calls[0].endswith(" update")
    assert calls[1].endswith("install -y --no-install-recommends chromium")
    assert need("bubblewrap", "chromium").returncode == 0
    assert log.read_text().splitlines() == calls, "what is there was installed a second time"


def test_a_user_with_passwordless_sudo_installs_through_it(machine):
    put, need, log = machine
    put("apt-get", APT)
    put("sudo", 'echo "sudo $*" >> "$LOG"; shift; [ "$1" = true ] || "$@"')
    assert need("bubblewrap").returncode == 0
    assert "sudo -n true" in log.read_text()
    assert re.search(r"^sudo -n env DEBIAN_FRONTEND=noninteractive apt-get .*install", log.read_text(), re.M)


@pytest.mark.parametrize(
    ("programs", "says"),
    [
        ({"apt-get": "exit 100", "sudo": "exit 1"}, "sudo apt-get update && sudo apt-get install bubblewrap chromium"),
        ({"apt-get": "exit 100", "id": "echo 0"}, "sudo apt-get install bubblewrap chromium"),
        ({"dnf": "true"}, "sudo dnf install bubblewrap chromium"),
        ({"uname": "echo Darwin"}, "Linux container or in WSL2"),
    ],
    ids=["no right to install", "no mirror", "another distribution", "not Linux"],
)
def test_where_it_cannot_install_it_says_exactly_what_to_do(machine, programs, says):
    put, need, _ = machine
    for name, script in programs.items():
        put(name, script)
    result = need("bubblewrap", "chromium")
    assert result.returncode == 1
    assert "Missing: bubblewrap chromium" in result.stderr
    assert says in result.stderr
