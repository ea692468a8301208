"""The student bundle: lectures, assignments, the students' package and what it takes to install it, proved free of the hidden."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import tomllib
from pathlib import Path

from coursekit.authoring.build import check
from coursekit.releasing.leaks import hidden_shapes, leaks
from coursekit.settings import Course, CourseError

# As `_add_answers` writes it, wherever it stands in a file.
_KEY = re.compile(rb'"answers"\s*:\s*\{\s*"')
_MARK = "# The students' package of the course: pip install -e . in this folder."
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", ".ipynb_checkpoints", "source")


def release(course: Course, out: Path, *, self_study: bool = False, force: bool = False) -> list[Path]:
    """Write the student bundle to the new folder `out` and return its files.

    `self_study` puts the key of the concept questions into it, so that wrong choices are explained at once. Raises CourseError,
    and leaves `out` as it was, where something committed is not as built, something hidden is in the bundle, or `out` is there
    and `force` is not given.
    """
    if out.exists() and not force:
        raise CourseError(f"{out}: is there already; name a new folder, or say --force to replace it")
    out = out.absolute()
    if out.exists() and not _may_be_replaced(out):
        raise CourseError(f"{out}: is no earlier bundle, and is not replaced")
    wrong = check(course)
    if wrong:
        raise CourseError("The course is not as built, so nothing is released:\n" + "\n".join(wrong))
    made = [folder for folder in out.parents if not folder.exists()]
    out.parent.mkdir(parents=True, exist_ok=True)
    try:
        _release(course, out, self_study=self_study)
    except BaseException:
        for folder in made:
            folder.rmdir()
        raise
    return sorted(path for path in out.rglob("*") if path.is_file())


def _may_be_replaced(out: Path) -> bool:
    """Whether a folder is empty or a bundle: the course itself has assignments too, and must never be taken for one."""
    if not out.is_dir():
        return False
    project = out / "pyproject.toml"
    return not any(out.iterdir()) or (project.is_file() and project.read_text(encoding="utf-8").startswith(_MARK))


def _release(course: Course, out: Path, *, self_study: bool) -> None:
    with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as scratch:
        bundle = Path(scratch) / "bundle"
        _assemble(course, bundle, self_study=self_study)
        found = prove(course, bundle, self_study=self_study)
        if found:
            raise CourseError("Something hidden is in the bundle, so nothing is released:\n" + "\n".join(found))
        if out.exists():
            shutil.rmtree(out)
        bundle.rename(out)


def prove(course: Course, bundle: Path, *, self_study: bool = False) -> list[str]:
    """Return a sentence for each hidden thing in a bundle: a body of the reference, a check, a mistake's code, a solution."""
    names = [course.reference, course.checks, "coursekit", course.solutions.name]
    found = leaks(bundle, hidden_shapes([course.root / course.reference, course.root / course.checks]), names)
    if not self_study:
        for path in bundle.rglob("*.json"):
            if path.is_file() and _KEY.search(path.read_bytes()):
                found.append(f"{path.relative_to(bundle)}: has the key of the concept questions")
    return found


def _assemble(course: Course, bundle: Path, *, self_study: bool) -> None:
    bundle.mkdir()
    shutil.copytree(course.lectures, bundle / "lectures", ignore=_LEFT_OUT)
    shutil.copytree(course.assignments, bundle / "assignments", ignore=_LEFT_OUT)
    for package in course.student_packages:
        shutil.copytree(course.root / package, bundle / package, ignore=_LEFT_OUT)
    readme = course.bundle.get("readme", "README.md")
    for name, source in (("environment.yml", "environment.yml"), ("LICENSE", "LICENSE"), ("README.md", readme)):
        if not (course.root / source).is_file():
            raise CourseError(f"{course.root / source}: is missing; students get it as {name}")
        shutil.copy(course.root / source, bundle / name)
    (bundle / "pyproject.toml").write_text(_bundle_project(course), encoding="utf-8")
    if self_study:
        _add_answers(course, bundle)


def _bundle_project(course: Course) -> str:
    """Return a pyproject.toml for the students' packages alone, with what the course's own says of them."""
    text = (course.root / "pyproject.toml").read_text(encoding="utf-8")
    project = tomllib.loads(text)
    own = tuple(course.student_packages)

    def students(name: str) -> bool:
        return name.split(".")[0] in own

    packages = [name for name in project["tool"]["setuptools"]["packages"] if students(name)]
    data = {name: files for name, files in project["tool"]["setuptools"].get("package-data", {}).items() if students(name)}
    scripts = {name: target for name, target in project["project"].get("scripts", {}).items() if students(target.split(":")[0])}
    lines = [
        _MARK,
        "[build-system]",
        f"requires = {json.dumps(project['build-system']['requires'])}",
        f"build-backend = {json.dumps(project['build-system']['build-backend'])}",
        "",
        "[project]",
        f"name = {json.dumps(own[0])}",
        f"version = {json.dumps(project['project']['version'])}",
        f"description = {json.dumps(course.title + ', for students')}",
        f"requires-python = {json.dumps(project['project']['requires-python'])}",
        f"dependencies = {json.dumps(project['project']['dependencies'], indent=4)}",
        "",
        "[project.scripts]",
        *(f"{name} = {json.dumps(target)}" for name, target in scripts.items()),
        "",
        "[tool.setuptools]",
        f"packages = {json.dumps(packages)}",
        "",
        "[tool.setuptools.package-data]",
        *(f"{json.dumps(name)} = {json.dumps(files)}" for name, files in data.items()),
    ]
    return "\n".join(lines) + "\n"


def _add_answers(course: Course, bundle: Path) -> None:
    for section in course.sections:
        path = bundle / course.recordings.relative_to(course.root) / f"{section}.json"
        recorded = json.loads(path.read_text(encoding="utf-8"))
        recorded["answers"] = course.checks_module().answer_key(section)
        path.write_text(json.dumps(recorded, ensure_ascii=False), encoding="utf-8")
