"""The student bundle: what is in it, and the proof that finds whatever of the hidden is planted into it."""

from __future__ import annotations

import ast
import json
import re
import shutil
import tomllib
from pathlib import Path

import nbformat
import pytest
import tinycourse

import grader_tests
from coursekit.authoring import build, figures
from coursekit.releasing import release
from coursekit.releasing.leaks import hidden_shapes, leaks
from coursekit.releasing.shapes import shapes_in
from coursekit.settings import CourseError

STEM = tinycourse.SECTION


@pytest.fixture
def course(tiny):
    build.build(tiny)
    figures.draw(tiny, build.read_sections(tiny))
    return tiny


@pytest.fixture
def bundle(course, tmp_path):
    release.release(course, tmp_path / "bundle")
    return tmp_path / "bundle"


# What is in it ----------------------------------------------------------------------------------------------------------------


def test_a_bundle_holds_what_students_need_and_nothing_else(bundle):
    assert {str(path.relative_to(bundle)) for path in bundle.rglob("*") if path.is_file()} == {
        "LICENSE", "README.md", "environment.yml", "pyproject.toml",
        f"assignments/{STEM}/{STEM}.ipynb", f"lectures/{STEM}.ipynb", f"lectures/figures/{STEM}_areas.svg",
        "tiny_kit/__init__.py", "tiny_kit/plots.py", "tiny_kit/recordings/__init__.py", f"tiny_kit/recordings/{STEM}.json",
    }  # fmt: skip


def test_the_bundles_project_is_the_students_package_alone(bundle, course):
    project = tomllib.loads((bundle / "pyproject.toml").read_text(encoding="utf-8"))
    own = tomllib.loads((course.root / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["name"] == "tiny_kit"
    assert project["project"]["version"] == own["project"]["version"]
    assert project["project"]["dependencies"] == own["project"]["dependencies"]
    assert project["project"]["scripts"] == {"tiny": "tiny_kit:check"}
    assert project["tool"]["setuptools"]["packages"] == ["tiny_kit", "tiny_kit.recordings"]
    assert project["tool"]["setuptools"]["package-data"] == {"tiny_kit.recordings": ["*.json"]}
    assert set(project) == {"build-system", "project", "tool"}
    assert set(project["tool"]) == {"setuptools"}


def test_the_key_is_in_a_bundle_for_self_study_alone(course, bundle, tmp_path):
    name = f"tiny_kit/recordings/{STEM}.json"
    assert "answers" not in json.loads((bundle / name).read_text())
    release.release(course, tmp_path / "alone", self_study=True)
    key = json.loads((tmp_path / "alone" / name).read_text())["answers"]
    assert key == {"unit": {"answer": "b", "why": {"a": "That is a length.", "b": "A square of one metre."}}}
    # Self-study has the key of the questions and no more of the hidden.
    assert release.prove(course, tmp_path / "alone", self_study=True) == []
    assert release.prove(course, tmp_path / "alone") == [f"{name}: has the key of the concept questions"]
    # The committed recording stays without.
    assert "answers" not in json.loads((course.root / name).read_text())


def test_caches_and_checkpoints_stay_behind(course, tmp_path):
    for name in ("tiny_kit/__pycache__/plots.cpython-311.pyc", f"assignments/{STEM}/.ipynb_checkpoints/old.ipynb"):
        (course.root / name).parent.mkdir(exist_ok=True)
        (course.root / name).write_bytes(b"\0")
    files = release.release(course, tmp_path / "bundle")
    assert len(files) == 11


# What stops it ----------------------------------------------------------------------------------------------------------------


def test_a_course_that_is_not_as_built_is_not_released_and_nothing_is_left(course, tmp_path):
    source = course.source_of(STEM)
    source.write_text(source.read_text().replace("A circle", "The circle"))
    with pytest.raises(CourseError, match=rf"not as built, so nothing is released:\n(.*\n)*lectures/{STEM}.ipynb: differs"):
        release.release(course, tmp_path / "new" / "deep" / "bundle")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["course"]


def leak(course) -> None:
    """Let an answer slip into the students' package."""
    with (course.root / "tiny_kit" / "plots.py").open("a") as file:
        file.write("\n\ndef area(r):\n    return np.pi * r**2\n")
    figures.draw(course, build.read_sections(course))


def test_a_leak_stops_the_release_and_leaves_nothing_behind(course, tmp_path):
    leak(course)
    with pytest.raises(CourseError) as error:
        release.release(course, tmp_path / "new" / "deep" / "bundle")
    assert re.fullmatch(
        r"Something hidden is in the bundle, so nothing is released:\n"
        r"tiny_kit/plots.py: has the code of tiny_reference/s01_shapes.py:\d+: circle_area",
        str(error.value),
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["course"]


def test_an_earlier_bundle_is_replaced_by_force_alone_and_kept_when_the_new_one_fails(course, bundle, tmp_path):
    (bundle / "notes.txt").write_text("mine")
    with pytest.raises(CourseError, match="is there already; name a new folder, or say --force"):
        release.release(course, bundle)
    assert (bundle / "notes.txt").is_file()
    release.release(course, bundle, force=True)
    assert not (bundle / "notes.txt").exists()
    (bundle / "notes.txt").write_text("mine")
    leak(course)
    with pytest.raises(CourseError, match="Something hidden"):
        release.release(course, bundle, force=True)
    assert (bundle / "notes.txt").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bundle", "course"]


def test_force_replaces_bundles_and_nothing_else(course, tmp_path):
    """The course itself has a folder called assignments."""
    (tmp_path / "file").write_text("precious")
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.md").write_text("precious")
    before = sorted(course.root.rglob("*"))
    for out in (course.root, course.assignments, course.lectures, tmp_path, tmp_path / "file", tmp_path / "thesis"):
        with pytest.raises(CourseError, match="is no earlier bundle, and is not replaced"):
            release.release(course, out, force=True)
    assert sorted(course.root.rglob("*")) == before
    assert (tmp_path / "thesis" / "chapter.md").is_file()
    (tmp_path / "empty").mkdir()
    release.release(course, tmp_path / "empty", force=True)
    assert (tmp_path / "empty" / "README.md").is_file()


@pytest.mark.parametrize("name", ["LICENSE", "environment.yml", "docs/student.md"])
def test_a_file_that_a_bundle_needs_is_named(course, tmp_path, name):
    (course.root / name).unlink()
    with pytest.raises(CourseError, match=rf"{name}: is missing; students get it as "):
        release.release(course, tmp_path / "bundle")


# What the proof finds ---------------------------------------------------------------------------------------------------------

AREA = '''\
def circle_area(radius):
    """Return the area of a circle.

    radius: float, zero or above
    """
    # A sphere would want four of these.
    return np.pi * radius**2
'''
RENAMED = "def f(r, *, unused=None): pass\n\n\ndef g(r):\n    return np.pi * r ** 2\n"
MIDDLE = "def m(xs):\n    s = 0.0\n    for x in xs:\n        s = s + x\n    return s / len(xs)\n"
MIDDLE_BODY = "total = 0.0\nfor value in values:\n    total = total + value\nreturn total / len(values)"
MISTAKE = "def c(r): return 2.0 * math.pi * r + 0.0\n"
CHECK = """\
def areas_add_up(student, inputs):
    totals = [student(value) for value in inputs]
    return math.isclose(sum(totals), sum(math.pi * value**2 for value in inputs))
"""
SOLVED = f"{AREA.split('    #')[0]}    ### BEGIN SOLUTION\n    return 3.14 * radius**2\n    ### END SOLUTION\n"


def in_file(name: str, text: str):
    def plant(bundle: Path) -> str:
        path = bundle / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text((path.read_text(encoding="utf-8") if path.is_file() else "") + text, encoding="utf-8")
        return name

    return plant


def in_cell(text: str, kind: str = "code", folder: str = f"assignments/{STEM}"):
    def plant(bundle: Path) -> str:
        name = f"{folder}/{STEM}.ipynb"
        notebook = nbformat.read(bundle / name, as_version=4)
        make = nbformat.v4.new_code_cell if kind == "code" else nbformat.v4.new_markdown_cell
        notebook.cells.insert(2, make(text, id=f"planted-{len(notebook.cells)}"))
        nbformat.write(notebook, bundle / name)
        return f"{name}, cell 3"

    return plant


def in_output(text: str):
    def plant(bundle: Path) -> str:
        name = f"assignments/{STEM}/{STEM}.ipynb"
        notebook = nbformat.read(bundle / name, as_version=4)
        cell = next(cell for cell in notebook.cells if cell.cell_type == "code")
        cell.outputs = [nbformat.v4.new_output("stream", text=text)]
        nbformat.write(notebook, bundle / name)
        return name

    return plant


def in_json(value):
    def plant(bundle: Path) -> str:
        name = f"tiny_kit/recordings/{STEM}.json"
        recorded = json.loads((bundle / name).read_text())
        recorded["ghosts"]["planted"] = value
        (bundle / name).write_text(json.dumps(recorded))
        return name

    return plant


def link(bundle: Path) -> str:
    (bundle / "lectures" / "more.md").symlink_to("/etc/hostname")
    return "lectures/more.md"


def link_to_folder(bundle: Path) -> str:
    (bundle / "lectures" / "more").symlink_to(bundle / "tiny_kit", target_is_directory=True)
    return "lectures/more"


def binary(name: str):
    def plant(bundle: Path) -> str:
        (bundle / name).write_bytes(b"\xa7\r\r\n\x00\xff")
        return name

    return plant


PLANTS = {
    "a reference function": in_file("tiny_kit/plots.py", AREA),
    "a reference function, renamed": in_file("tiny_kit/plots.py", RENAMED),
    "a longer one, renamed": in_file("tiny_kit/plots.py", MIDDLE),
    "a reference function in a class": in_file("tiny_kit/plots.py", "class A:\n" + AREA.replace("\n", "\n    ").join(["    ", ""])),
    "a reference function as lambda": in_file("tiny_kit/plots.py", "area = lambda r: np.pi * r**2\n"),
    "a reference function in a comment": in_file("tiny_kit/plots.py", "# " + AREA.replace("\n", "\n# ")),
    "a reference function in a docstring": in_file("tiny_kit/plots.py", f"NOTE = '''\n{MIDDLE}'''\n"),
    "a body in a cell": in_cell(MIDDLE_BODY),
    "a body among other lines of a cell": in_cell(f"values = [1.0]\n{MIDDLE_BODY.replace('return ', 'return ')}\nprint(total)"),
    "a function in a cell with magics": in_cell(f"%matplotlib inline\n!pip list\n{AREA}"),
    "a body in a cell with magics": in_cell(f"%matplotlib inline\n{MIDDLE_BODY}"),
    "a function in a cell that is no Python": in_cell(f"this is (no Python\n{AREA}"),
    "a function in a lecture": in_cell(AREA, folder="lectures"),
    "a code block of a cell": in_cell(f"Look:\n\n```python\n{AREA}```\n", kind="markdown"),
    "a code block without a language": in_cell(f"Look:\n\n```\n{AREA}```\n", kind="markdown"),
    "a body in a code block": in_cell(f"Look:\n\n~~~py\n{MIDDLE_BODY}\n~~~\n", kind="markdown"),
    "a function in prose": in_cell(f"Look:\n\n{AREA}\nThat was it.", kind="markdown"),
    "a function in a quotation": in_cell("> " + AREA.replace("\n", "\n> "), kind="markdown"),
    "an output": in_output(AREA),
    "a code block of the readme": in_file("README.md", f"\n```python\n{AREA}```\n"),
    "an indented block of the readme": in_file("README.md", "\n    " + AREA.replace("\n", "\n    ")),
    "a text in a recording": in_json({"how": AREA}),
    "lines in a recording": in_json(MIDDLE.splitlines(keepends=True)),
    "a body in a recording": in_json(MIDDLE_BODY),
    "a key of a recording": in_json({AREA: 1}),
    "a comment of a picture": in_file(f"lectures/figures/{STEM}_areas.svg", f"<!--\n{AREA}-->\n"),
    "a text file": in_file("lectures/notes.txt", f"Notes\n\n{AREA}"),
    "a file without a suffix": in_file("lectures/NOTES", AREA),
    "a known mistake": in_file("tiny_kit/plots.py", MISTAKE),
    "a known mistake in a cell": in_cell(MISTAKE),
    "a hidden check": in_file("tiny_kit/plots.py", CHECK),
    "a solved cell": in_cell(SOLVED),
    "a solution mark": in_cell("### END SOLUTION"),
    "a solution mark in a file": in_file("tiny_kit/plots.py", "    ### BEGIN SOLUTION\n"),
    "the answer of a question": in_cell('unit = "b"'),
    "the answer of a question, solved": in_cell('unit = (\n    "b"\n)'),
    "the answer of a question in a file": in_file("tiny_kit/plots.py", 'unit = "b"\n'),
    "the answer of a question in a recording": in_json('unit = "b"'),
    "the key of the questions": in_json({"answers": {"unit": {"answer": "b"}}}),
    "compiled code": binary("tiny_kit/plots.pyc"),
    "a database": binary("lectures/grades.db"),
    "a text that is none": binary("lectures/notes.txt"),
    "a notebook that is none": in_file("lectures/other.ipynb", "[1, 2]"),
    "a recording that is no JSON": in_file("tiny_kit/recordings/other.json", "{"),
    "a link": link,
    "a link to a folder": link_to_folder,
    "a file named as the checks": in_file("tiny_checks", "harmless"),
    "a module named as the checks": in_file("tiny_kit/tiny_checks.py", "X = 1\n"),
    "a folder named as the reference": in_file("tiny_reference/__init__.py", ""),
    "the engine": in_file("coursekit/x.py", ""),
    "the solutions": in_file("solutions/x.md", ""),
}  # fmt: skip


@pytest.mark.parametrize("what", PLANTS)
def test_whatever_is_planted_is_found_and_its_file_named(course, bundle, what):
    assert release.prove(course, bundle) == []
    name = PLANTS[what](bundle)
    found = release.prove(course, bundle)
    assert any(words.startswith(name) for words in found), found
    # And nothing else, but for the folder that it stands in.
    assert all(words.startswith((name, f"{Path(name).parent}: ")) for words in found), found


def test_what_is_nobodys_secret_is_not_taken_for_one(course, bundle):
    harmless = [
        "def f(x):\n    return x\n", "total = 0.0\n", "return total\n", 'unit = "a"\n', 'other = "b"\n', "def g(r):\n    ...\n",
        "def circle_area(radius):\n    return np.pi * radius\n", "for value in values:\n    print(value)\n",
    ]  # fmt: skip
    for text in harmless:
        in_file("tiny_kit/plots.py", f"\n\n{text}")(bundle)
        in_json(text)(bundle)
        in_cell(text)(bundle)
    assert release.prove(course, bundle) == []


# The real course --------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hidden(real_course) -> dict[str, str]:
    return hidden_shapes([real_course.root / real_course.reference, real_course.root / real_course.checks])


def test_the_bundle_of_the_course_has_nothing_hidden_and_its_solutions_have_everything(real_course, tmp_path, hidden):
    release._assemble(real_course, tmp_path / "bundle", self_study=False)
    files = {path.relative_to(tmp_path / "bundle").parts[0] for path in (tmp_path / "bundle").rglob("*") if path.is_file()}
    assert files == {"LICENSE", "README.md", "environment.yml", "pyproject.toml", "assignments", "lectures", "descentlab"}
    assert release.prove(real_course, tmp_path / "bundle") == []
    for section in real_course.sections:
        assert (tmp_path / "bundle" / "assignments" / section / f"{section}.ipynb").is_file()
    found = leaks(shutil.copytree(real_course.solutions, tmp_path / "solved"), hidden, [])
    for section in real_course.sections:
        for name, item in grader_tests.sections()[section].items():
            words = rf"{section}/{section}\.ipynb, cell \d+: has the code of reference_impl/{section}\.py:\d+: {name}"
            assert any(re.fullmatch(words, sentence) for sentence in found), (name, item)


def functions(folder: Path):
    for path in sorted(folder.glob("*.py")):
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                yield path.name, node


def renamed(node: ast.FunctionDef) -> str:
    """Return a function's source with its own names, and all that it calls its own, written otherwise."""
    own = {item.arg for item in ast.walk(node) if isinstance(item, ast.arg)}
    own |= {item.id for item in ast.walk(node) if isinstance(item, ast.Name) and isinstance(item.ctx, ast.Store)}
    own |= {item.name for item in ast.walk(node) if isinstance(item, ast.FunctionDef) and item is not node}
    copy = ast.parse(ast.unparse(node)).body[0]
    copy.name = "some_other_name"
    copy.decorator_list = []
    for item in ast.walk(copy):
        if isinstance(item, ast.arg) and item.arg in own:
            item.arg = f"{item.arg}_2"
        elif isinstance(item, ast.Name) and item.id in own:
            item.id = f"{item.id}_2"
        elif isinstance(item, ast.FunctionDef) and item.name in own:
            item.name = f"{item.name}_2"
    return ast.unparse(copy)


def test_every_function_of_the_reference_and_the_checks_is_found_renamed_in_any_text(real_course, hidden):
    for package in (real_course.reference, real_course.checks):
        count = 0
        for file, node in functions(real_course.root / package):
            count += 1
            text = renamed(node)
            assert any(shape in hidden for shape in shapes_in(text) if shape), f"{file}: {node.name}"
            prose = "As it is written:\n\n    " + text.replace("\n", "\n    ") + "\n\nand so on (as before"
            assert any(shape in hidden for shape in shapes_in(prose) if shape), f"{file}: {node.name}, in prose"
        assert count > 10


def test_every_body_of_the_reference_is_found_without_its_head(real_course, hidden):
    for file, node in functions(real_course.root / real_course.reference):
        body = [item for item in node.body if not isinstance(item, ast.Expr)]
        text = "before = 1\n" + "\n".join(map(ast.unparse, body)) + "\nafter = 2"
        assert any(shape in hidden for shape in shapes_in(text) if shape), f"{file}: {node.name}"
