"""The graded cell's one line: which checks it runs, what it shows and returns, at home and under nbgrader itself."""

from __future__ import annotations

import copy
import inspect
import os
import shutil
import sys
import warnings
from functools import cache
from pathlib import Path

import nbformat
import numpy as np
import pytest
from conftest import ROOT
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from nbgrader import api
from nbgrader.converters import GenerateAssignment
from nbgrader.coursedir import CourseDirectory
from nbgrader.validator import Validator
from traitlets.config import Config

import grader_tests
from descentlab import recordings, selfcheck
from descentlab.checks import GraderFault, InPlace, assess
from descentlab.selfcheck import NotYet, check
from reference_impl import s12_adam

SECTION = "s02_gradient_descent"


def gd_step(theta, gradient, lr):
    return theta - lr * gradient


def uphill(theta, gradient, lr):
    return theta + lr * gradient


WALK = """
def gradient_descent(gradient_of, theta0, schedule, n_steps):
    points = [theta0]
    for t in range(1, n_steps + 1):
        points.append(gd_step(points[-1], gradient_of(points[-1]), schedule(t)))
    return np.array(points)
"""


def notebook(source: str = "", **functions) -> dict:
    """Return a notebook's namespace in which a cell was run."""
    namespace = {"np": np} | functions
    exec(source, namespace)
    return namespace


class EntryPoint:
    """The hidden checks as they are found where the course is installed."""

    def __init__(self, load):
        self.load = load


@pytest.fixture
def installed(monkeypatch):
    """Say what is installed as hidden checks: a function that loads them, or nothing."""
    monkeypatch.delenv("DESCENTLAB_CHECKS", raising=False)

    def install(*loaders):
        asked = []

        def entry_points(group):
            asked.append(group)
            return [EntryPoint(load) for load in loaders]

        monkeypatch.setattr(selfcheck, "entry_points", entry_points)
        return asked

    return install


@pytest.fixture
def at_home(monkeypatch):
    monkeypatch.setenv("DESCENTLAB_CHECKS", "visible")


# Which checks run -------------------------------------------------------------------------------------------------------------


def test_where_hidden_checks_are_installed_they_run(installed):
    seeds = []

    def hidden(name, seed):
        seeds.append((name, tuple(seed)))
        return grader_tests.prepared(name, seed)

    asked = installed(lambda: hidden)
    assert check("gd_step", notebook(gd_step=gd_step)) == 2.0
    assert asked == ["descentlab.hidden_checks"]
    assert [name for name, _ in seeds] == ["gd_step"]


def test_elsewhere_the_visible_ones_run(installed, capsys):
    installed()
    assert check("gradient_descent", notebook(WALK, gd_step=gd_step)) == 4.0
    visible = capsys.readouterr().out
    installed(lambda: grader_tests.prepared)
    assert check("gradient_descent", notebook(WALK, gd_step=gd_step)) == 4.0
    hidden = capsys.readouterr().out
    # A property is checked by the hidden ones alone.
    sentence = "comes closer with a rate just below 2/L"
    assert sentence in hidden
    assert sentence not in visible


def test_the_visible_ones_can_be_asked_for(installed, monkeypatch):
    def never():
        raise AssertionError("the hidden checks were loaded")

    installed(never)
    monkeypatch.setenv("DESCENTLAB_CHECKS", "visible")
    assert check("gd_step", notebook(gd_step=gd_step)) == 2.0
    monkeypatch.setenv("DESCENTLAB_CHECKS", "hidden")
    with pytest.raises(AssertionError):
        check("gd_step", notebook(gd_step=gd_step))


@pytest.mark.parametrize("error", [ImportError("no numpy"), ModuleNotFoundError("no grader_tests")])
def test_hidden_checks_that_cannot_be_imported_are_a_fault_of_the_grader(installed, error):
    def broken():
        raise error

    installed(broken)
    with pytest.raises(GraderFault, match="the hidden checks are installed but cannot be imported: no "):
        check("gd_step", notebook(gd_step=gd_step))


def test_the_hidden_ones_are_installed_here():
    """The instructor's environment, as pyproject.toml makes it."""
    (found,) = selfcheck.entry_points(group=selfcheck.GROUP)
    assert found.load() is grader_tests.prepared


def test_the_same_cells_draw_the_same_inputs_and_others_draw_others(installed):
    seeds = []

    def hidden(name, seed):
        seeds.append(tuple(seed))
        return grader_tests.prepared(name, seed)

    installed(lambda: hidden)
    for cells in (["import numpy", "x = 1"], ["import numpy", "x = 1"], ["import numpy", "x = 2"], ["import numpyx", " = 1"]):
        check("gd_step", notebook(gd_step=gd_step, _ih=cells))
    assert seeds[0] == seeds[1]
    assert len(set(seeds)) == 3


def test_there_is_no_such_exercise(at_home):
    with pytest.raises(ValueError, match="there is no exercise 'gd_stop' in this course"):
        check("gd_stop", notebook())


# What comes of it -------------------------------------------------------------------------------------------------------------


def test_points_are_a_plain_float_and_the_verdict_is_printed(at_home, capfd):
    points = check("gd_step", notebook(gd_step=gd_step))
    assert type(points) is float

    def truncated(theta, gradient, lr):
        return (theta - lr * gradient).astype(np.asarray(theta).dtype)

    partial = check("gd_step", notebook(gd_step=truncated))
    assert type(partial) is float
    assert 0 < partial < points
    out, err = capfd.readouterr()
    assert "gd_step: 2 of 2 points" in out
    assert "The result is squeezed into theta's own type" in " ".join(out.split())
    assert err == ""


def test_at_zero_the_verdict_is_raised(at_home, capsys):
    with pytest.raises(NotYet) as error:
        check("gd_step", notebook(gd_step=uphill))
    assert grader_tests.exercise("gd_step").mistakes["uphill"].message in " ".join(str(error.value).split())
    assert capsys.readouterr().out == ""


def cell(source: str, namespace: dict) -> tuple[str, str, bool]:
    """Run a cell as a notebook does; return what it shows, what it says on stderr, and whether it raised."""
    shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}, "InteractiveShell": {"colors": "nocolor"}}))
    shell.push(namespace)
    with capture_output() as captured:
        result = shell.run_cell(source)
    return captured.stdout, captured.stderr, not result.success


def test_a_cell_without_points_shows_the_sentences_and_no_frame(at_home):
    out, err, raised = cell('check("gd_step", globals())', {"check": check, "gd_step": uphill})
    assert raised
    assert err == ""
    assert out.strip().startswith("gd_step: 0 of 2 points")
    assert " ".join(out.split()).endswith(grader_tests.exercise("gd_step").mistakes["uphill"].message)
    for frame in ("Traceback", "NotYet", ".py", "assess", "Cell In"):
        assert frame not in out


def test_a_diverging_run_leaves_nothing_on_stderr(at_home, capfd):
    def exploding(theta, gradient, lr):
        print("students print")
        warnings.warn("and warn", stacklevel=1)
        np.float64(1e308) * np.array([10.0])
        return theta - lr * gradient

    with warnings.catch_warnings(), np.errstate(all="warn"):
        warnings.simplefilter("always")
        assert check("gd_step", notebook(gd_step=exploding)) == 2.0
        with pytest.raises(NotYet):
            check("gd_step", notebook(gd_step=lambda theta, gradient, lr: np.exp(1e9 * gradient) * theta))
    out, err = capfd.readouterr()
    assert err == ""
    assert "students print" not in out


def test_what_is_not_written_is_said_kindly(at_home):
    for namespace, words in (
        (notebook(), "There is no function gd_step. Run the cell that defines it."),
        (notebook(gd_step=lambda theta, gradient, lr: ...), "gd_step returns None. Write its body in the cell above"),
    ):
        with pytest.raises(NotYet, match=words):
            check("gd_step", namespace)


def test_the_students_own_namespace_is_left_as_it_was(installed):
    installed(lambda: grader_tests.prepared)
    namespace = notebook(WALK, gd_step=uphill)
    before = dict(namespace)
    check("gradient_descent", namespace)
    assert namespace == before


# An answer that is built on earlier ones --------------------------------------------------------------------------------------


def test_at_home_a_wrong_helper_is_told_from_a_wrong_answer(at_home):
    with pytest.raises(NotYet) as error:
        check("gradient_descent", notebook(WALK, gd_step=uphill))
    assert "First finish gd_step: this function uses it, and its own check does not pass yet." in str(error.value)
    verdict = selfcheck.visible("gradient_descent", notebook(WALK, gd_step=uphill))
    assert verdict.mistake is None
    assert verdict.message is None
    # A step in place makes all points of the walk the last one: a known mistake of the walk, and not the one that was made.
    in_place = "def gd_step(theta, gradient, lr):\n    theta -= lr * gradient\n    return theta\n"
    verdict = selfcheck.visible("gradient_descent", notebook(in_place + WALK))
    assert (verdict.mistake, verdict.message) == (None, None)
    assert verdict.note.startswith("First finish gd_step")
    # Its own mistake is named as soon as the helper is right.
    wrong = WALK.replace("schedule(t)", "schedule(t - 1)")
    assert selfcheck.visible("gradient_descent", notebook(wrong, gd_step=gd_step)).mistake == "schedule-from-zero"
    # And where it does without the helper, that one is not blamed.
    step = "gd_step(points[-1], gradient_of(points[-1]), schedule(t - 1))"
    alone = wrong.replace(step, "points[-1] - schedule(t - 1) * gradient_of(points[-1])")
    verdict = selfcheck.visible("gradient_descent", notebook(alone, gd_step=uphill))
    assert (verdict.mistake, verdict.note) == ("schedule-from-zero", None)


ADAM = (
    "def adam_stepper(lr, beta1, beta2):\n"
    "    def stepper(theta, state, gradient_of, t):\n"
    "        m, v = (0 * theta, 0 * theta) if state is None else state\n"
    "        theta, m, v = adam_step(theta, m, v, gradient_of(theta), t, lr, beta1, beta2)\n"
    "        return theta, (m, v)\n"
    "    return stepper\n"
)
CARRIED = ("update_moments", "bias_correction", "adam_step")


def carried_over(*left_out: str, **others) -> dict:
    """A notebook into which Adam's functions were carried over, but for some, and with others in their places."""
    functions = [getattr(s12_adam, name) for name in CARRIED if name not in left_out]
    return notebook("\n".join([*map(inspect.getsource, functions), ADAM]), **others)


def test_at_home_functions_that_were_not_carried_over_are_named(at_home):
    assert selfcheck.visible("adam_stepper", carried_over()).note is None
    verdict = selfcheck.visible("adam_stepper", carried_over("adam_step"))
    assert verdict.note.startswith("Missing in this notebook: adam_step (s12_adam). Finish it there, save, run")
    assert "`descentlab carry s14`" in verdict.note
    assert (verdict.score, verdict.mistake, verdict.message) == (0, None, None)
    # One that a carried function calls in its turn, too.
    assert (
        "Missing in this notebook: bias_correction (s12_adam)"
        in selfcheck.visible("adam_stepper", carried_over("bias_correction")).note
    )


def test_at_home_a_wrong_function_that_was_carried_over_is_named_at_its_root(at_home):
    wrong = carried_over()
    exec("def bias_correction(moment, beta, t):\n    return moment", wrong)
    verdict = selfcheck.visible("adam_stepper", wrong)
    assert verdict.note.startswith("First finish bias_correction: this function uses it")
    assert verdict.note.endswith("mend it there, and carry it over again.")


def test_at_grading_carried_functions_that_are_missing_or_wrong_cost_nothing(installed):
    installed(lambda: grader_tests.prepared)
    assert check("adam_stepper", carried_over(*CARRIED)) == 1.0
    assert check("adam_stepper", carried_over(adam_step=uphill)) == 1.0


def test_at_grading_a_wrong_helper_costs_nothing_here(installed):
    installed(lambda: grader_tests.prepared)
    assert check("gradient_descent", notebook(WALK, gd_step=uphill)) == 4.0


# Questions --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", ["a", "c"])
def test_a_question_is_kept_without_a_word_on_whether_it_is_right(at_home, capsys, answer):
    assert check("large_rate", notebook(large_rate=answer)) is None
    assert capsys.readouterr().out == f'large_rate: your answer "{answer}" is kept. It is graded when you have handed in.\n'
    with pytest.raises(NotYet, match='the answer is one of "a", "b", "c", "d"'):
        check("large_rate", notebook(large_rate="e"))
    with pytest.raises(NotYet, match="There is no answer yet: set large_rate"):
        check("large_rate", notebook())


def test_where_the_key_is_a_question_is_explained(at_home, capsys, monkeypatch):
    recorded = copy.deepcopy(recordings.load(SECTION)) | {"answers": grader_tests.answer_key(SECTION)}
    load = recordings.load
    monkeypatch.setattr(recordings, "load", lambda section: recorded if section == SECTION else load(section))
    why = grader_tests.exercise("large_rate").why
    assert check("large_rate", notebook(large_rate="c")) == 1.0
    assert " ".join(capsys.readouterr().out.split()).endswith(why["c"])
    with pytest.raises(NotYet) as error:
        check("large_rate", notebook(large_rate="a"))
    assert " ".join(str(error.value).split()).endswith(why["a"])


# Under nbgrader ---------------------------------------------------------------------------------------------------------------


def without_figures(folder: str, place: Path) -> Path:
    """Copy a notebook without the cells that nbgrader knows nothing of: drawing takes time and is tested elsewhere."""
    book = nbformat.read(ROOT / folder / SECTION / f"{SECTION}.ipynb", as_version=4)
    book.cells = [c for c in book.cells if c.cell_type == "markdown" or "nbgrader" in c.metadata]
    nbformat.write(book, place)
    return place


def validate(notebook: Path) -> dict:
    # Nothing is lost by not waiting for the kernel's slow good-bye.
    return Validator(config=Config({"Execute": {"shutdown_kernel": "immediate"}})).validate(str(notebook))


def test_validate_passes_what_is_solved(monkeypatch, tmp_path):
    monkeypatch.delenv("DESCENTLAB_CHECKS", raising=False)
    assert validate(without_figures("solutions", tmp_path / "solved.ipynb")) == {}


def test_validate_says_of_each_stub_what_is_to_be_done(monkeypatch, tmp_path):
    monkeypatch.setenv("DESCENTLAB_CHECKS", "visible")
    results = validate(without_figures("assignments", tmp_path / "stub.ipynb"))
    assert set(results) == {"failed"}
    found = {failed["source"]: failed["error"] for failed in results["failed"]}
    for name in grader_tests.sections()[SECTION]:
        words = found.pop(f'check("{name}", globals())')
        wanted = "There is no answer yet" if name == "large_rate" else f"{name} returns None. Write its body"
        assert wanted in words
        assert "Traceback" not in words
        assert "NotYet" not in words
    assert found == {}


def test_nbgraders_own_generate_assignment_gives_the_committed_assignments(real_course, tmp_path, monkeypatch):
    # nbgrader looks for alembic on the PATH, and starts it for each opening of the gradebook: once is enough.
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(api, "get_alembic_version", cache(api.get_alembic_version))
    shutil.copytree(real_course.solutions, tmp_path / "solutions")
    config = Config()
    config.ClearSolutions.code_stub = {"python": "# YOUR CODE HERE\n..."}  # as nbgrader_config.py has it: see the next test
    config.CourseDirectory.db_url = f"sqlite:///{tmp_path}/gradebook.db"
    for section in real_course.sections:
        directory = CourseDirectory(
            config=config, root=str(tmp_path), source_directory="solutions", release_directory="assignments", assignment_id=section
        )
        GenerateAssignment(coursedir=directory, config=config).start()
        made = nbformat.read(tmp_path / "assignments" / section / f"{section}.ipynb", as_version=4)
        committed = nbformat.read(real_course.notebook(real_course.assignments, section), as_version=4)
        assert [c.id for c in made.cells] == [c.id for c in committed.cells]
        for one, other in zip(made.cells, committed.cells, strict=True):
            assert (one.cell_type, one.source) == (other.cell_type, other.source), one.id
            assert one.metadata.get("nbgrader") == other.metadata.get("nbgrader"), one.id
            for flag in ("deletable", "editable", "tags"):
                assert one.metadata.get(flag) == other.metadata.get(flag), one.id


def test_nbgraders_configuration_is_the_one_that_was_just_used(real_course):
    config = Config()
    exec((ROOT / "nbgrader_config.py").read_text(), {"get_config": lambda: config, "__file__": str(ROOT / "nbgrader_config.py")})
    assert config.ClearSolutions.code_stub == {"python": "# YOUR CODE HERE\n..."}
    assert config.CourseDirectory.source_directory == real_course.solutions.name
    assert config.CourseDirectory.release_directory == real_course.assignments.name


def test_in_place_and_by_the_package_the_verdict_is_one(installed):
    """`judge`, which the engine calls, and the graded cell of a notebook are two doors to the same check."""
    seed = [1, 2, 3]
    by_judge = grader_tests.judge("gd_step", InPlace(notebook(gd_step=uphill)), seed, 2.0)
    assert by_judge == assess(grader_tests.prepared("gd_step", seed), InPlace(notebook(gd_step=uphill)), 2.0).as_dict()
