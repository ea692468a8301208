"""The student bundle alone, in an environment where the course is not installed: its notebooks run, and their checks speak."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import nbformat
import pytest

from coursekit.releasing.release import release


@pytest.fixture(scope="module")
def home(real_course, tmp_path_factory):
    """A student's machine: the bundle, in an environment that has the libraries and nothing else of the course."""
    folder = tmp_path_factory.mktemp("home")
    bundle = folder / "bundle"
    release(real_course, bundle)
    venv.create(folder / "env", with_pip=False)
    # The libraries are lent by this environment, link by link; what installs the course into it is left out.
    site = Path(sysconfig.get_path("purelib", vars={"base": str(folder / "env"), "platbase": str(folder / "env")}))
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if not entry.name.startswith(("__editable__", "descent_course", "_distutils_hack", "distutils-precedence")):
            (site / entry.name).symlink_to(entry)
    # What `pip install -e .` comes to, without fetching the tool that builds it.
    (site / "bundle.pth").write_text(f"{bundle}\n", encoding="utf-8")
    return folder


def _environment(folder: Path) -> dict[str, str]:
    own = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ}
    return own | {"PATH": f"{folder / 'env' / 'bin'}:/usr/bin:/bin"}


def _run(home: Path, section: str, answers: dict[str, str]) -> dict[str, str]:
    """Put answers into a notebook of the bundle, run all of it, and return what each graded cell shows, by exercise."""
    path = home / "bundle" / "assignments" / section / f"{section}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        cell.source = answers.get(cell.id, cell.source)
    work = path.with_name("work.ipynb")
    nbformat.write(notebook, work)
    # The environment's own interpreter stands for the kernel that a student would start.
    code = (
        "import nbformat, sys; from nbclient import NotebookClient; from jupyter_client.manager import KernelManager\n"
        "nb = nbformat.read(sys.argv[1], 4); km = KernelManager()\n"
        "km.kernel_spec.argv[0] = sys.executable\n"
        "NotebookClient(nb, km=km, timeout=120, allow_errors=True).execute(); nbformat.write(nb, sys.argv[1])"
    )
    done = subprocess.run(
        [home / "env" / "bin" / "python", "-c", code, work], env=_environment(home), cwd=path.parent, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    ran = nbformat.read(work, as_version=4)
    work.unlink()
    return {cell.id.removeprefix("check-"): _text(cell) for cell in ran.cells if cell.id.startswith("check-")}


def _text(cell: nbformat.NotebookNode) -> str:
    parts = [output.get("text", "") or "\n".join(output.get("traceback", [])) for output in cell.outputs]
    return "\n".join(parts + [output["data"]["text/plain"] for output in cell.outputs if output.output_type == "execute_result"])


def _solved(real_course, section: str) -> dict[str, str]:
    notebook = nbformat.read(real_course.notebook(real_course.solutions, section), as_version=4)
    return {cell.id: cell.source for cell in notebook.cells if cell.cell_type == "code"}


def test_nothing_of_the_course_but_the_students_package_is_there(home):
    code = (
        "import importlib.util as u, json, importlib.metadata as m\n"
        "names = ['descentlab', 'grader_tests', 'reference_impl', 'coursekit']\n"
        "hidden = [entry.name for entry in m.entry_points(group='descentlab.hidden_checks')]\n"
        "print(json.dumps([[name for name in names if u.find_spec(name)], hidden]))"
    )
    done = subprocess.run(
        [home / "env" / "bin" / "python", "-c", code], env=_environment(home), cwd=home, capture_output=True, text=True
    )
    assert json.loads(done.stdout) == [["descentlab"], []], done.stderr


def test_the_untouched_notebook_runs_to_its_end_and_says_what_to_do(home):
    shown = _run(home, "s02_gradient_descent", {})
    assert "gd_step returns None. Write its body" in shown["gd_step"]
    assert "There is no answer yet" in shown["large_rate"]
    assert all("Traceback" not in text for text in shown.values())


def test_the_solved_notebook_passes_its_visible_checks(home, real_course):
    shown = _run(home, "s06_momentum", _solved(real_course, "s06_momentum"))
    assert "3 of 3 points" in shown["momentum_step"]
    assert all("✗" not in text for text in shown.values())
    assert "is kept. It is graded when you have handed in." in shown["jumps_over"]


def test_an_adam_without_the_correction_is_named_at_home(home, real_course):
    answers = _solved(real_course, "s12_adam")
    wrong = [answer for answer in real_course.checks_module().answers("adam_step") if answer["id"] == "no-correction"]
    shown = _run(home, "s12_adam", answers | {"adam_step": wrong[0]["source"]})
    assert "This is exactly what comes out of a known mistake." in shown["adam_step"]
    assert "6.57 times in step 12" in " ".join(shown["adam_step"].split())
    assert "5 of 5 points" not in shown["adam_step"]


def test_pictures_and_links_of_the_notebooks_are_in_the_bundle(home):
    """So a lecture has its pictures where no kernel runs."""
    notebooks = [*(home / "bundle" / "lectures").glob("*.ipynb"), *(home / "bundle" / "assignments").glob("*/*.ipynb")]
    for path in notebooks:
        text = "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown")
        # Python's own brackets may stand side by side, and are no link.
        prose = re.sub(r"^```.*?^```|`[^`\n]*`", "", text, flags=re.M | re.S)
        targets = [target for target in re.findall(r"\]\(([^)\s]+)\)", prose) if not re.match("https?://", target)]
        assert targets or path.parent.name != "lectures"
        assert [target for target in targets if not (path.parent / target).is_file()] == [], path.name


def test_progress_reads_what_was_saved(home):
    done = subprocess.run(
        [home / "env" / "bin" / "python", "-c", "from descentlab.cli import main; main()", "progress", home / "bundle"],
        env=_environment(home),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "gd_step" in done.stdout
    assert sys.executable not in done.stdout
