"""autograded/: nbgrader reads every verdict's score from it, and its own commands work on the result."""

from __future__ import annotations

import base64
import csv
import io
import os
import re
import signal
import stat
import subprocess
import sys
from datetime import datetime, timedelta, timezone

import nbformat
import pytest
from nbconvert.filters import markdown2html
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from nbgrader import utils
from PIL import Image
from toycourse import (
    POINTS,
    SECTION,
    executed_notebook,
    make_course,
    nbgrader,
    release_notebook,
    verdict,
)

from coursekit.gradebook.book import Book
from coursekit.pages.autograded import exchange_files, with_verdicts, write_autograded
from coursekit.pages.feedback import render, write_feedback

ANSWERS = {"double": "def double(x): return 2 * x", "why": "Because <script>alert(1)</script> $a<b$. [x](javascript:alert(5))"}
VERDICTS = {
    "check_double": verdict("double", 4.0, 4.0),
    "check_half": verdict("half", 2.0, 0.1 + 0.2, note="<script>alert(2)</script>", text="half <script>alert(2)</script>"),
    "check_round": verdict("round", 1.0, 0.0),
}


def cell_of(page, name):
    return next(cell for cell in page.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == name)


def png(width=4, height=3):
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), "red").save(buffer, format="PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def test_nbgrader_reads_each_score(tmp_path):
    path = write_autograded(tmp_path, "ada", SECTION, executed_notebook(ANSWERS), VERDICTS, "2026-03-01 12:00:00 UTC")
    assert path == tmp_path / "autograded" / "ada" / SECTION / f"{SECTION}.ipynb"
    page = nbformat.read(path, as_version=4)
    nbformat.validate(page)
    for name, points in POINTS.items():
        assert utils.determine_grade(cell_of(page, name)) == (VERDICTS[name]["score"], points)
    assert utils.determine_grade(cell_of(page, "why")) == (None, 3.0)
    half = cell_of(page, "check_half").outputs
    assert (half[0].name, half[0].text) == ("stdout", "half <script>alert(2)</script>\n")
    assert half[1].data == {"text/plain": repr(0.1 + 0.2)}
    zero = cell_of(page, "check_round").outputs
    assert [output.output_type for output in zero] == ["error"]
    assert "\n".join(zero[0].traceback) == VERDICTS["check_round"]["text"]


@pytest.mark.parametrize("score", [0.0, 1e-9, 1 / 3, 1.0, 3.9999999999999996, 4.0])
def test_any_score_is_read_to_the_last_digit(score):
    page = with_verdicts(executed_notebook(), {"check_double": verdict("double", 4.0, score)}, "here")
    assert utils.determine_grade(cell_of(page, "check_double"))[0] == score


@pytest.mark.parametrize("faulty", [None, verdict("double", 4.0, 1.0) | {"score": None}])
def test_a_fault_of_the_grader_is_never_read_as_points(faulty):
    page = with_verdicts(executed_notebook(), {"check_double": faulty}, "here")
    # nbgrader has no word for "no score" here; what it must not read is the full marks of an empty output.
    for name in POINTS:
        assert utils.determine_grade(cell_of(page, name))[0] == 0
        assert "fault of the grader" in cell_of(page, name).outputs[0].text


def test_bad_verdicts_are_named():
    with pytest.raises(ValueError, match=r"ada's s01, cell check_double: the score 4\.5 is not within 0 and 4"):
        with_verdicts(executed_notebook(), {"check_double": verdict("double", 4.0, 4.5)}, "ada's s01")
    with pytest.raises(ValueError, match="no graded cell check_third"):
        with_verdicts(executed_notebook(), {"check_third": verdict("third", 4.0, 4.0)}, "ada's s01")
    twice = executed_notebook()
    twice.cells.append(nbformat.from_dict({**cell_of(twice, "double"), "id": "again"}))
    with pytest.raises(ValueError, match=r"ada's s01: nbgrader's metadata.*Duplicate grade id: double"):
        with_verdicts(twice, {}, "ada's s01")


@pytest.mark.parametrize("name", ["../eve", "a/b", "", ".", "..", "a\\b"])
def test_names_that_lead_elsewhere_are_refused(tmp_path, name):
    with pytest.raises(ValueError, match="plain folder name"):
        write_autograded(tmp_path, name, SECTION, executed_notebook(), {})
    with pytest.raises(ValueError, match="plain folder name"):
        write_feedback(tmp_path, name, SECTION, "")
    with pytest.raises(ValueError, match="not the name of a file inside"):
        write_autograded(tmp_path, "ada", SECTION, executed_notebook(), {}, files={"../x": "out"})
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == []


def test_outputs_that_could_act_are_left_out():
    page = executed_notebook()
    active = {"text/html": "<script>alert(3)</script>", "application/javascript": "alert(4)", "image/svg+xml": "<svg/>"}
    outputs = [
        new_output("display_data", data=active),
        new_output("execute_result", data={**active, "text/plain": "7"}),
        new_output("display_data", data={"image/png": png(), "text/plain": "<Figure>"}),
        new_output("display_data", data={"image/png": base64.b64encode(b"<script>").decode()}),
        new_output("stream", name="stdout", text="\x1b[31mred\x1b[0m \u202etxt.exe \ud800\n"),
    ]
    page.cells.append(new_code_cell("draw()", outputs=outputs))
    kept = with_verdicts(page, {}, "here").cells[-1].outputs
    assert kept[0].data == {"text/plain": "[output left out: application/javascript, image/svg+xml, text/html]"}
    assert kept[1].data == {"text/plain": "7"}
    assert set(kept[2].data) == {"image/png", "text/plain"}
    assert kept[3].data == {"text/plain": "[a picture was left out: it is not a PNG picture]"}
    assert kept[4].text == "red \\u202etxt.exe \\ud800\n"


def test_html_in_students_prose_becomes_text_and_the_releases_stays():
    release = release_notebook()
    hint = new_markdown_cell("<details><summary>Hint</summary>Look up.</details>", id="hint")
    release.cells.append(hint)
    page = executed_notebook({"why": "<img src=x onerror=alert(1)> and $a<b$, 1 < 2"})
    page.cells.append(nbformat.from_dict(hint))
    page.cells.append(new_markdown_cell("<iframe src='//x'></iframe>", id="own"))
    shown = with_verdicts(page, {}, "here", release)
    assert cell_of(shown, "why").source == "< img src=x onerror=alert(1)> and $a< b$, 1 < 2"
    assert shown.cells[-2].source == hint.source
    assert shown.cells[-1].source == "< iframe src='//x'>< /iframe>"


@pytest.mark.parametrize(
    "prose",
    [
        "[x](javascript:alert(1)) ![y](javascript:alert(1)) [z][1]\n\n[1]: javascript:alert(1)",
        "[u](JaVaScript&colon;alert(1)) [v](<javascript:alert(1)>) <javascript:alert(1)>",
        "<a href='javascript:alert(1)'>x</a> <img src=x onerror=alert(1)><svg/onload=alert(1)>",
        "$<img src=x onerror=alert(1)>$ `<script>` $$a<b$$",
        '```"><script>\n<script>alert(1)</script>\n```',
        "<script>alert(1)</script\n><style>@import '//x'</style><!-- x --><?php ?>",
    ],
)
def test_nothing_in_students_prose_acts_in_the_formgrader(prose):
    """By the renderer that the formgrader uses."""
    shown = with_verdicts(executed_notebook({"why": prose}), {}, "here")
    rendered = markdown2html(cell_of(shown, "why").source)
    tags = re.findall(r"<\s*(\w+)([^>]*)", rendered)
    assert {tag for tag, _ in tags} <= {"p", "pre", "code", "span", "div", "blockquote"}
    assert [attributes for _, attributes in tags if re.search(r"\b(href|src|on\w+)\s*=", attributes)] == []


def test_the_folder_is_replaced_whole(tmp_path):
    first = write_autograded(tmp_path, "ada", SECTION, executed_notebook(), {}, "2026-03-01", {"data/x.csv": b"1,2"})
    folder = first.parent
    assert sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()) == [
        "data/x.csv", f"{SECTION}.ipynb", "timestamp.txt",
    ]  # fmt: skip
    assert stat.S_IMODE(first.stat().st_mode) == 0o444
    # What a killed run may have left.
    left = folder.parent / f".{SECTION}.tmp-left"
    left.mkdir()
    (left / "half.ipynb").write_text("{")
    write_autograded(tmp_path, "ada", SECTION, executed_notebook(), VERDICTS)
    assert os.listdir(folder) == [f"{SECTION}.ipynb"]
    assert os.listdir(folder.parent) == [SECTION]


def test_a_time_is_written_as_nbgrader_reads_it(tmp_path):
    for time in (datetime(2026, 3, 1, 12, 0, 0, 5), datetime(2026, 3, 1, 14, 0, 0, 5, timezone(timedelta(hours=2)))):
        path = write_autograded(tmp_path, "ada", SECTION, executed_notebook(), {}, time)
        written = (path.parent / "timestamp.txt").read_text()
        assert utils.parse_utc(written) == datetime(2026, 3, 1, 12, 0, 0, 5)


def test_the_exchanges_secret_is_taken_and_nothing_else(tmp_path):
    folder = tmp_path / "ada" / SECTION
    folder.mkdir(parents=True)
    file = folder / "submission_secret.txt"
    assert exchange_files(folder) == {}
    file.write_text("c0ffee" * 20)
    assert exchange_files(folder) == {"submission_secret.txt": b"c0ffee" * 20}
    for content in ("", "short", "a" * 5000, "<script>alert(1)</script>"):
        file.write_text(content)
        assert exchange_files(folder) == {}
    file.unlink()
    (tmp_path / "other.txt").write_text("c0ffee" * 20)
    file.symlink_to(tmp_path / "other.txt")
    assert exchange_files(folder) == {}


def test_a_surrogate_can_be_written(tmp_path):
    path = write_autograded(tmp_path, "ada", SECTION, executed_notebook({"double": "x = '\ud800'"}), VERDICTS)
    assert cell_of(nbformat.read(path, as_version=4), "double").source == "x = '?'"


WRITER = """
import sys
from datetime import datetime, timedelta, timezone
from toycourse import SECTION, executed_notebook
from coursekit.pages.autograded import write_autograded
root, number = sys.argv[1], 0
while True:
    number += 1
    files = {f"{name}.txt": str(number) for name in "abcdef"}
    write_autograded(root, "ada", SECTION, executed_notebook(), {}, str(number), files)
    print(number, flush=True)
"""


def test_a_kill_leaves_one_whole_folder(tmp_path):
    places = os.pathsep.join([os.path.dirname(__file__), os.path.dirname(os.path.dirname(__file__))])
    for wait in range(1, 5):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": places},
        )
        for _ in range(wait):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        process.communicate()
        folder = tmp_path / "autograded" / "ada" / SECTION
        texts = {(folder / name).read_text() for name in ["timestamp.txt", *(f"{name}.txt" for name in "abcdef")]}
        assert len(texts) == 1
        nbformat.read(folder / f"{SECTION}.ipynb", as_version=4)


def test_nbgraders_own_commands_work_on_the_result(tmp_path):
    """generate_feedback, export and release_feedback on a graded toy course, and nothing of a student's gets active."""
    make_course(tmp_path)
    (tmp_path / "exchange").mkdir(mode=0o777)
    (tmp_path / "exchange").chmod(0o777)
    stamp, secret = "2026-03-01 12:00:00 UTC", "c0ffee" * 20
    with Book.of_course(tmp_path) as book:
        book.ensure_assignment(SECTION, release_notebook())
        for student in ("ada", "ben"):
            submitted = tmp_path / "submitted" / student / SECTION
            submitted.mkdir(parents=True)
            nbformat.write(executed_notebook(ANSWERS), submitted / f"{SECTION}.ipynb")
            (submitted / "timestamp.txt").write_text(stamp)
            executed = executed_notebook(ANSWERS)
            (submitted / "submission_secret.txt").write_text(f"{secret}{student}")
            write_autograded(tmp_path, student, SECTION, executed, VERDICTS, stamp, exchange_files(submitted))
            scores = {name: found["score"] for name, found in VERDICTS.items()}
            recorded = book.record(student=student, section=SECTION, scores=scores, executed=executed, timestamp=stamp)
            html = render("Toys", student, "A toy section", executed, VERDICTS, recorded.late_penalty)
            write_feedback(tmp_path, student, SECTION, html)

    nbgrader(tmp_path, "export", "--to=grades.csv")
    with open(tmp_path / "grades.csv") as file:
        rows = list(csv.DictReader(file))
    assert [(row["student_id"], row["score"], row["max_score"]) for row in rows] == [
        ("ada", "4.3", "15.0"),
        ("ben", "4.3", "15.0"),
    ]

    # Our page is what is released: nbgrader finds it up to date, and leaves it.
    page = tmp_path / "feedback" / "ada" / SECTION / f"{SECTION}.html"
    ours = page.read_text()
    nbgrader(tmp_path, "generate_feedback", SECTION)
    assert page.read_text() == ours
    nbgrader(tmp_path, "release_feedback", SECTION)
    name = utils.notebook_hash(secret=f"{secret}ada", notebook_id=SECTION)
    assert (tmp_path / "exchange" / "toy" / "feedback" / f"{name}.html").read_text() == ours

    # And its own page can be had.
    nbgrader(tmp_path, "generate_feedback", SECTION, "--force")
    theirs = page.read_text()
    assert "half &lt;script&gt;alert(2)" in theirs
    assert "(Score: 4.3 / 15.0)" in theirs
    assert "<script>alert" not in theirs
    assert 'href="javascript:' not in theirs
    assert "Traceback (most recent call last)" not in theirs
