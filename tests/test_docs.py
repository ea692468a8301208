"""What the documents name exists: commands with their options, files, links, numbers, and what a check is quoted to say."""

from __future__ import annotations

import re
import shlex
import tomllib
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import pytest
import typer
from nbgrader.apps.nbgraderapp import NbGraderApp

from coursekit.cli import app
from coursekit.sandbox import Limits
from descentlab import cli, selfcheck
from descentlab.checks.verdict import GATE_COST

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SECTIONS = sorted(path.stem for path in (ROOT / "lectures" / "source").glob("*.py"))
# The programs of others: what is said of them here is not looked up.
OTHERS = {
    "apt-get", "bash", "cd", "conda", "cp", "dask", "docker", "git", "jupyter", "mkdir", "pip", "python", "python3", "source",
    "sudo", "wsl",
}  # fmt: skip
OURS = {"coursekit", "descentlab", "make", "nbgrader"}
FILE = re.compile(r"[\w.-]+\.(md|yml|py|lock|toml|cfg|csv|db|ipynb|svg)")


@dataclass(frozen=True)
class Command:
    """A command that a page names, with the words after it; `fenced` where it stands in a block."""

    page: str
    words: tuple[str, ...]
    fenced: bool

    def __str__(self) -> str:
        return f"{self.page}: {' '.join(self.words)}"


def blocks(text: str) -> list[str]:
    """The blocks of commands: those without a language. What programs print is marked as text."""
    return [content for language, content in re.findall(r"^```(\w*)\n(.*?)^```$", text, re.M | re.S) if not language]


def spans(text: str) -> list[str]:
    """The inline code."""
    return re.findall(r"`([^`\n]+)`", re.sub(r"^```\w*\n.*?^```$", "", text, flags=re.M | re.S))


def commands() -> list[Command]:
    """All commands of all pages: every line of a block, and inline code that begins with a program's name."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        name = str(page.relative_to(ROOT))
        lines = [line for block in blocks(text) for line in block.replace("\\\n", " ").splitlines() if line.strip()]
        for line in lines:
            for part in line.split("&&"):
                found.append(Command(name, (_program(part), *shlex.split(part, comments=True)[1:]), True))
        for span in spans(text):
            if " " in span and _program(span) in OURS | OTHERS:
                found.append(Command(name, (_program(span), *shlex.split(span)[1:]), False))
    return found


def _program(line: str) -> str:
    """The program of a line, without the environment's folder before its name."""
    return re.sub(r"^\.venv/bin/", "", line.split()[0])


def ids(items: list) -> list[str]:
    return [str(item) for item in items]


COMMANDS = commands()


def by_program(name: str) -> list[Command]:
    found = [command for command in COMMANDS if command.words[0] == name]
    assert found, f"no page names a command of {name}"
    return found


@pytest.mark.parametrize("command", COMMANDS, ids=ids(COMMANDS))
def test_a_line_of_a_block_begins_with_a_known_program(command):
    assert command.words[0] in OURS | OTHERS, f"{command}: no such program; a block of output is marked ```text"


def coursekit_commands() -> dict[str, set[str]]:
    """coursekit's commands, each with its options, as the command line itself has them."""
    group = typer.main.get_command(app)
    return {name: {option for parameter in item.params for option in parameter.opts} for name, item in group.commands.items()}


@pytest.mark.parametrize("command", by_program("coursekit"), ids=ids(by_program("coursekit")))
def test_coursekit_has_the_command_its_options_and_the_sections(command):
    known = coursekit_commands()
    name, *rest = command.words[1:]
    assert name in known, f"{command}: coursekit has {', '.join(known)}"
    flags = {word.split("=")[0] for word in rest if word.startswith("-")}
    assert flags <= known[name] | {"--help"}, f"{command}: coursekit {name} has {', '.join(sorted(known[name]))}"
    sections = [word for word in rest if re.match(r"s\d\d_", word)]
    assert set(sections) <= set(SECTIONS), f"{command}: there is no such section"


def test_options_named_alone_are_options_of_coursekit():
    known = set().union({"--help"}, *coursekit_commands().values())
    for page in PAGES:
        for span in spans(page.read_text(encoding="utf-8")):
            if span.startswith("--"):
                assert re.split(r"[= ]", span)[0] in known, f"{page.name}: coursekit has no option {span}"


@pytest.mark.parametrize("command", by_program("descentlab"), ids=ids(by_program("descentlab")))
def test_descentlab_has_the_command_and_its_options(command, capsys):
    name, *rest = command.words[1:]
    with pytest.raises(SystemExit) as ended:
        cli.main([name, "--help"])
    assert ended.value.code == 0, f"{command}: descentlab has no {name}"
    usage = capsys.readouterr().out
    for word in rest:
        if word.startswith("-"):
            assert word.split("=")[0] in usage, f"{command}: descentlab {name} has no option {word}"


@pytest.mark.parametrize("command", by_program("make"), ids=ids(by_program("make")))
def test_the_makefile_has_the_target(command):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    named = {word for word in command.words[1:] if "=" not in word}
    assert named <= targets, f"{command}: the Makefile has {', '.join(sorted(targets))}"


@pytest.mark.parametrize("command", by_program("nbgrader"), ids=ids(by_program("nbgrader")))
def test_nbgrader_has_the_command_and_its_options(command):
    tool, words = NbGraderApp(), list(command.words[1:])
    while words and words[0] in tool.subcommands:
        kind = tool.subcommands[words.pop(0)][0]
        tool = kind()
    assert not isinstance(tool, NbGraderApp), f"{command}: nbgrader has no such command"
    known = {*tool.flags, *tool.aliases}
    for word in words:
        if word.startswith("--"):
            assert word.removeprefix("--").split("=")[0] in known, f"{command}: nbgrader has no option {word}"
        elif re.match(r"s\d\d_", word):
            assert word in SECTIONS, f"{command}: there is no such section"


def test_groups_that_pip_installs_are_in_pyproject():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = [group for page in PAGES for group in re.findall(r"\.\[([\w,]+)\]", page.read_text(encoding="utf-8"))]
    assert named
    for groups in named:
        assert set(groups.split(",")) <= set(project["optional-dependencies"])


def ignored(path: str) -> bool:
    """Whether a path of the project is made by work in it, and kept out of the repository."""
    rules = [line.strip("/") for line in (ROOT / ".gitignore").read_text(encoding="utf-8").split() if not line.startswith("#")]
    return any(fnmatch(part, rule) for part in Path(path).parts for rule in rules)


def named_paths(text: str) -> set[str]:
    """The files and folders that a page names, those outside of the project aside."""
    words = {word for span in spans(text) for word in span.split()}
    words |= {word for block in blocks(text) for word in re.split(r"[\s:=\"]", block)}
    inside = {word for word in words if re.fullmatch(r"[\w.-][\w./-]*", word) and not word.startswith("..")}
    return {word for word in inside if (word.endswith("/") or FILE.fullmatch(Path(word).name)) and not re.match(r"https?:", word)}


@pytest.mark.parametrize("page", PAGES, ids=ids([page.name for page in PAGES]))
def test_files_and_folders_that_a_page_names_exist(page):
    text = page.read_text(encoding="utf-8")
    paths = {path for path in named_paths(text) if not ignored(path)}
    assert paths or "This file is generated" in text
    missing = [path for path in paths if not (ROOT / path).exists()]
    assert not missing, f"{page.name} names what is not there: {missing}"


@pytest.mark.parametrize("page", PAGES, ids=ids([page.name for page in PAGES]))
def test_inline_code_keeps_to_its_line(page):
    text = re.sub(r"^```\w*\n.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    odd = [line for line in text.splitlines() if line.count("`") % 2]
    assert not odd, f"{page.name}: code that is broken over two lines is not looked at here, and hard to copy: {odd}"


@pytest.mark.parametrize("page", PAGES, ids=ids([page.name for page in PAGES]))
def test_links_and_pictures_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if not target.startswith("https://"):
            assert (page.parent / target.split("#")[0]).exists(), f"{page.name}: {target} leads nowhere"


def test_the_students_page_stands_alone():
    text = (ROOT / "docs" / "student.md").read_text(encoding="utf-8")
    assert "](" not in text, "it becomes the bundle's README, where a link into the project leads nowhere"
    parts = {"lectures", "assignments", "descentlab", "environment.yml", "README.md"}
    assert {Path(path).parts[0] for path in named_paths(text) if not ignored(path)} <= parts


def test_the_readme_names_every_folder_that_holds_something():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for folder in sorted(path for path in ROOT.iterdir() if path.is_dir() and path.name != ".git" and not ignored(path.name)):
        if any(file.is_file() and not ignored(str(file.relative_to(ROOT))) for file in folder.rglob("*")):
            assert f"`{folder.name}/`" in text, f"README.md does not name {folder.name}/"


def test_the_readme_leads_to_every_page_and_section():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for page in PAGES[1:]:
        assert f"(docs/{page.name})" in text
    for section in SECTIONS:
        assert f"(lectures/{section}.ipynb)" in text, f"README.md does not name the section {section}"


def test_the_quoted_check_says_this():
    def gd_step(theta, gradient, lr):
        return theta - lr * gradient

    def gradient_descent(gradient_of, theta0, schedule, n_steps):
        points = [theta0]
        for t in range(n_steps):
            points.append(gd_step(points[-1], gradient_of(points[-1]), schedule(t)))
        return np.array(points)

    said = selfcheck.visible("gradient_descent", {"gd_step": gd_step, "gradient_descent": gradient_descent}).text
    assert said in (ROOT / "docs" / "student.md").read_text(encoding="utf-8"), said


def test_numbers_in_prose_are_those_of_the_code():
    student, instructor = ((ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("student.md", "instructor.md"))
    assert GATE_COST == 0.25
    assert "quarter of what the exercise earned" in " ".join(student.split())
    assert "takes a quarter of what was earned" in " ".join(instructor.split())
    limits = Limits()
    words = f"{limits.exercise_cpu:g} seconds for an exercise (`--exercise-seconds`) and {limits.submission_cpu:g} for a submission"
    assert words in " ".join(instructor.split())


@pytest.mark.parametrize("section", SECTIONS)
def test_the_map_of_the_course_says_what_the_section_says(section):
    source = (ROOT / "lectures" / "source" / f"{section}.py").read_text(encoding="utf-8")
    prose = " ".join(line.removeprefix("# ") for line in source.splitlines())
    title = re.search(r"^# # (.+)$", source, re.M)[1]
    minutes = re.search(r"\*\*Time:\*\* about (\d+) minutes", prose)[1]
    core = {"yes": "yes", "no": "", "do": "once"}[re.search(r"\*\*Core path:\*\* (yes|no|do)\b", prose)[1]]
    row = f"| [{title}](../lectures/{section}.ipynb) | {minutes} | {core} |"
    assert row in (ROOT / "docs" / "course.md").read_text(encoding="utf-8"), f"docs/course.md has no row {row}"
