"""Grading a whole class: exact scores and names, nothing lost or doubled, stock nbgrader in agreement."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from classroom import QUICK, changed, command, environment, files, graded, rows, verdicts, workers_left
from nbgrader.api import Gradebook

from coursekit import demo, parity, simulate
from coursekit.grading import grade, ledger
from coursekit.sandbox.doctor import ProbeResult
from coursekit.settings import CourseError

ROOT = Path(__file__).resolve().parents[1]
STUDENTS = 24


@pytest.fixture(scope="module")
def classroom(real_course, tmp_path_factory):
    """The simulated class, graded: the course copy, what was expected, and the results."""
    course = demo.copy_course(real_course, tmp_path_factory.mktemp("class") / "course")
    expected = simulate.simulate(course, STUDENTS)
    return course, expected, graded(course)


@pytest.fixture
def small(real_course, tmp_path):
    """A course copy with eight simulated students, nothing graded yet."""
    course = demo.copy_course(real_course, tmp_path / "course")
    simulate.simulate(course, 8)
    return course


def test_every_score_and_every_named_mistake_is_the_expected_one(classroom):
    course, expected, results = classroom
    assert len(expected) == STUDENTS * len(course.sections)
    assert list(simulate.disagreements(expected, verdicts(course))) == []
    assert [fault for result in results.values() for fault in result.faults] == []


def test_the_class_has_every_profile_and_many_mistakes(classroom):
    _, expected, results = classroom
    assert {item.profile for item in expected} == set(simulate.PROFILES)
    assert sum(len(result.mistakes) for result in results.values()) > 80


def test_the_gradebook_holds_these_scores(classroom):
    course, expected, results = classroom
    with Gradebook(f"sqlite:///{course.root / 'gradebook.db'}") as book:
        for item in expected:
            submission = book.find_submission(item.section, item.student)
            assert submission.score == pytest.approx(sum(item.scores.values()), abs=0.006), item
            assert submission.score == pytest.approx(results[item.section].scores[item.student], abs=0.006)
            assert submission.max_score == results[item.section].points
            assert not submission.needs_manual_grade


def test_the_page_names_the_mistake_and_shows_no_hidden_source(classroom):
    course, expected, _ = classroom
    named = 0
    for item in expected:
        page = (course.root / "feedback" / item.student / item.section / f"{item.section}.html").read_text(encoding="utf-8")
        assert "def draw" not in page
        assert "reference_impl" not in page
        assert "grader_tests" not in page
        named += any(item.mistakes.values()) and "What seems to have happened" in page
    assert named > STUDENTS


def test_grading_again_changes_nothing(classroom):
    course, _, _ = classroom
    before = {"rows": rows(course)} | {name: files(course.root / name) for name in ("autograded", "feedback")}
    results = graded(course)
    assert all(result.unchanged == len(result.scores) == STUDENTS for result in results.values())
    for name in ("autograded", "feedback"):
        assert changed(before[name], files(course.root / name)) == []
    assert changed(before["rows"], rows(course)) == []


def test_judging_again_gives_the_same_verdicts_and_keeps_what_people_entered(classroom, tmp_path):
    original, _, _ = classroom
    section = "s02_gradient_descent"
    shutil.copytree(original.root, tmp_path / "course", symlinks=True)
    course = demo.find_course(tmp_path / "course")
    with Gradebook(f"sqlite:///{course.root / 'gradebook.db'}") as book:
        score = book.find_grade("check_gd_step", section, section, "sim-001")
        score.manual_score, score.extra_credit = 0.5, 1.0
        book.find_comment("gd_step", section, section, "sim-001").manual_comment = "a word from a person"
        book.find_submission_notebook(section, section, "sim-001").late_submission_penalty = 2.0
        book.db.commit()
    before, said = rows(course), verdicts(course)
    graded(course, [section], force=True)
    assert changed(before, rows(course)) == []
    assert changed(said, verdicts(course)) == []
    page = (course.root / "feedback" / "sim-001" / section / f"{section}.html").read_text(encoding="utf-8")
    assert "a word from a person" in page


def test_another_submission_is_judged_anew_and_only_it(classroom, tmp_path):
    original, _, _ = classroom
    section = "s08_schedules"
    shutil.copytree(original.root, tmp_path / "course", symlinks=True)
    course = demo.find_course(tmp_path / "course")
    stub = course.notebook(course.assignments, section)
    shutil.copy(stub, course.root / "submitted" / "sim-001" / section / f"{section}.ipynb")
    result = graded(course, [section])[section]
    assert result.scores["sim-001"] == 0
    assert result.unchanged == STUDENTS - 1


@pytest.mark.parametrize("moment", [1, 4, 7])
def test_a_killed_run_is_finished_by_the_next(small, moment):
    section = "s06_momentum"
    process = subprocess.Popen(
        [sys.executable, "-m", "coursekit", "grade", section, "--jobs", "2", "--exercise-seconds", "3"],
        cwd=small.root, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    while process.poll() is None and len(list(ledger.entries(small, section))) < moment:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not workers_left(small)
    before = dict(ledger.entries(small, section))
    assert len(before) < 8 or moment == 7
    result = graded(small, [section])[section]
    expected = [item for item in simulate.expectations(small) if item.section == section]
    assert result.unchanged >= len(before)
    assert list(simulate.disagreements(expected, verdicts(small))) == []
    assert len(rows(small)["submissions"]) == 8
    assert len(rows(small)["grades"]) == 8 * sum(1 for name in expected[0].scores)


def test_stock_nbgrader_gives_every_honest_submission_the_same_score(classroom, tmp_path):
    original, expected, _ = classroom
    agreements = parity.compare(original, expected, tmp_path / "stock", jobs=2)
    assert [words for agreement in agreements for words in agreement.apart] == []
    assert [agreement.section for agreement in agreements] == original.sections
    assert sum(agreement.submissions for agreement in agreements) > 0.7 * len(expected)
    page = parity.page(agreements, STUDENTS)
    assert (ROOT / "docs" / "parity.md").read_text(encoding="utf-8") == page, "run coursekit parity --write docs/parity.md"


def test_a_score_that_nbgrader_gives_otherwise_is_told(small, tmp_path):
    section = "s02_gradient_descent"
    item = next(item for item in simulate.expectations(small) if item.section == section and item.profile == "right")
    other = replace(item, scores=item.scores | {"gd_step": 0.5})
    for unused in set(small.sections) - {section}:
        (small.root / "lectures" / "source" / f"{unused}.py").unlink()
    (agreement,) = parity.compare(small, [other], tmp_path / "stock", jobs=1)
    assert agreement.apart == [f"{item.student}, {section}, gd_step (right): nbgrader {item.scores['gd_step']}, judged 0.5"]


def test_nbgraders_own_commands_work_on_the_result(classroom, tmp_path):
    original, _, _ = classroom
    shutil.copytree(original.root, tmp_path / "course", symlinks=True)
    for arguments in (["export"], ["generate_feedback", "s12_adam", "--student", "sim-002", "--force"]):
        done = subprocess.run(
            [sys.executable, "-m", "nbgrader", *arguments],
            cwd=tmp_path / "course",
            env=environment(),
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr[-2000:]
    table = (tmp_path / "course" / "grades.csv").read_text(encoding="utf-8").splitlines()
    assert len(table) == 1 + STUDENTS * len(original.sections)


def test_a_fault_of_the_grader_records_no_score_and_is_finished_later(small, monkeypatch):
    section = "s02_gradient_descent"
    # The workers are processes of their own: the fault has to stand in the files that they read.
    checks = small.root / small.checks / f"{section}.py"
    text = checks.read_text(encoding="utf-8")
    checks.write_text(
        text.replace("def trajectory(rng):", "def trajectory(rng):\n    raise OSError('broken check')", 1), encoding="utf-8"
    )
    done = command(small, "grade", section, "--exercise-seconds", "3")
    assert done.returncode == 1
    assert "broken check" in done.stdout
    assert "run coursekit grade again" in done.stderr
    scores = {row[:3]: row[3] for row in rows(small)["grades"]}
    read = [
        item
        for item in simulate.expectations(small)
        if item.section == section and item.profile not in ("cut_off", "not_a_notebook")
    ]
    assert all(scores[item.student, section, "check_gd_step"] is None for item in read)
    assert all(scores[item.student, section, "check_optimal_lr"] is not None for item in read)
    checks.write_text(text, encoding="utf-8")
    done = command(small, "grade", section, "--exercise-seconds", "3")
    assert done.returncode == 0, done.stderr
    expected = [item for item in simulate.expectations(small) if item.section == section]
    assert list(simulate.disagreements(expected, verdicts(small))) == []


def test_grading_refuses_to_start_where_the_sandbox_leaks(small, monkeypatch):
    leak = ProbeResult("network", "the network cannot be reached", False, "a connection was made")
    monkeypatch.setattr(grade, "run_probes", lambda *args, **kwargs: [leak])
    with pytest.raises(CourseError, match="the network cannot be reached: a connection was made"):
        grade.grade(small, small.sections, QUICK)
    assert not (small.root / "gradebook.db").exists()


def test_two_runs_at_once_are_refused(small):
    with ledger.lock(small), pytest.raises(CourseError, match="another coursekit grade is running"):
        grade.grade(small, small.sections, QUICK)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["grade", "s99_nothing"], "there is no section 's99_nothing'; there are s00_start"),
        (["grade", "--sandbox", "paper"], "--sandbox is bubblewrap or none"),
        (["grade", "--scheduler", "tcp://127.0.0.1:1"], "no Dask scheduler answers"),
        (["simulate", "--students", "8"], "say --force"),
        (["demo", "--folder", "."], "is no earlier demo"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(small, arguments, words):
    done = command(small, *arguments)
    assert done.returncode != 0
    assert words in " ".join((done.stdout + done.stderr).split())
    assert "Traceback" not in done.stderr


def test_a_gradebook_that_is_no_database_is_told_of_and_left_as_it_is(small):
    (small.root / "gradebook.db").write_text("not a database", encoding="utf-8")
    done = command(small, "grade", "s02_gradient_descent")
    assert done.returncode == 1
    assert "gradebook.db cannot be used: file is not a database" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert (small.root / "gradebook.db").read_text(encoding="utf-8") == "not a database"
