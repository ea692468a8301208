"""Intake: nothing of a submission counts but the text that a student may edit, whatever the rest of the file holds."""

import copy
import json
import os
import socket
from datetime import datetime

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coursekit.intake import hostile_notebook, safe_files
from coursekit.intake.submissions import (
    ReleaseError,
    exercise_of,
    find_submissions,
    laid_out,
    read_release,
    read_submission,
)

SECTION = "s99_toy"
FILE = f"{SECTION}.ipynb"
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}


def cell(cell_id, source, kind="code", **grader):
    raw = {"cell_type": kind, "id": cell_id, "metadata": {}, "source": source.splitlines(keepends=True)}
    if kind == "code":
        raw |= {"outputs": [], "execution_count": None}
    if grader:
        base = {"schema_version": 3, "grade": False, "solution": False, "locked": False, "task": False}
        raw["metadata"]["nbgrader"] = base | grader
    return raw


def notebook(*cells):
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": KERNEL, "cells": list(cells)}


def toy_release():
    return notebook(
        cell("c0", "# Toy", "markdown") | {"metadata": {"tags": ["skip-execution"], "slideshow": {}}},
        cell("c1", "import numpy as np", grade_id="imports", locked=True),
        cell("c2", "def one(x):\n    ...", grade_id="one", solution=True),
        cell("c3", 'check("one", globals())', grade_id="check_one", grade=True, locked=True, points=3),
        cell("c4", "lr = 0.1"),
        cell("c5", "def two(x):\n    ...", grade_id="two", solution=True),
        cell("c6", 'check("two", globals())', grade_id="check_two", grade=True, locked=True, points=4),
        cell("c7", "Your answer", "markdown", grade_id="essay", grade=True, solution=True, points=2),
        cell("c8", "assert two(1) == 2", grade_id="free_test", grade=True, locked=True, points=1),
    )


@pytest.fixture
def release(tmp_path):
    folder = tmp_path / "assignments" / SECTION
    folder.mkdir(parents=True)
    (folder / FILE).write_text(json.dumps(toy_release()))
    (folder / "points.csv").write_text("1,2\n")
    return read_release(folder / FILE)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "submitted" / "ann" / SECTION
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def submit(release, folder):
    """Write a notebook (an object, text or bytes) as ann's file, and read it."""

    def submit(content, name=FILE):
        if not isinstance(content, bytes):
            content = (content if isinstance(content, str) else json.dumps(content)).encode()
        (folder / name).write_bytes(content)
        return read_submission(release, folder, "ann")

    return submit


def sources(submission, role=None):
    return {one.id: one.source for one in submission.cells if role in (None, one.role)}


def stubs(release):
    return {one.id: one.source for one in release.cells}


def written(nb, **texts):
    """Set the text of cells by id."""
    for raw in nb["cells"]:
        raw["source"] = texts.pop(raw.get("id"), raw["source"])
    assert not texts
    return nb


# ---------------------------------------------------------------- the release


def test_a_release_says_whose_text_each_cell_is_and_what_it_is_worth(release):
    told = [(one.id, one.role, one.grade_id, one.exercise, one.points) for one in release.cells]
    assert told == [
        ("c0", "open", None, None, None),
        ("c1", "locked", "imports", None, None),
        ("c2", "answer", "one", None, None),
        ("c3", "graded", "check_one", "one", 3.0),
        ("c4", "open", None, None, None),
        ("c5", "answer", "two", None, None),
        ("c6", "graded", "check_two", "two", 4.0),
        ("c7", "answer", "essay", None, 2.0),
        ("c8", "graded", "free_test", None, 1.0),
    ]
    assert release.section == SECTION
    assert release.files == {"points.csv"}


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ('check("one", globals())', "one"),
        ("check('one', globals())\n", "one"),
        ('check("one", globals()) + 1', None),
        ('x = check("one", globals())', None),
        ('check("one", globals())\nprint()', None),
        ('check("one", locals())', None),
        ('check("one", globals(), 3)', None),
        ('check("one", globals(), strict=True)', None),
        ("check(one, globals())", None),
        ("check(1, globals())", None),
        ("def broken(", None),
    ],
)
def test_only_the_one_line_names_an_exercise(source, name):
    assert exercise_of(source) == name


def test_a_release_without_cell_ids_gets_stable_ones(tmp_path):
    nb = toy_release() | {"nbformat_minor": 4}
    for raw in nb["cells"]:
        del raw["id"]
    (tmp_path / FILE).write_text(json.dumps(nb))
    ids = [one.id for one in read_release(tmp_path / FILE).cells]
    assert ids == [f"cell-{number}" for number in range(1, 10)]
    nbformat.validate(read_release(tmp_path / FILE).notebook())


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda nb: nb["cells"][3].update(id="c2"), "more than one cell has the id 'c2'"),
        (lambda nb: nb["cells"][3]["metadata"]["nbgrader"].update(points="four"), "cell 4 (check_one): points must be"),
        (lambda nb: nb["cells"][3]["metadata"]["nbgrader"].update(points=-1), "points must be"),
        (lambda nb: nb["cells"][3]["metadata"]["nbgrader"].update(points=float("nan")), "points must be"),
        (lambda nb: nb["cells"][3]["metadata"]["nbgrader"].pop("grade_id"), "cell 4: nbgrader metadata without"),
        (lambda nb: nb["cells"][5]["metadata"]["nbgrader"].update(grade_id="one"), "c2 and c5 both have the grade_id"),
        (lambda nb: nb["cells"][6].update(source='check("one", globals())'), "c3 and c6 both have the exercise 'one'"),
        (lambda nb: nb["cells"][3].update(cell_type="markdown"), "cell 4 (check_one): a test cell must be code"),
        (lambda nb: nb["cells"][0].update(cell_type="heading"), "cell 1: neither code"),
        (lambda nb: nb["cells"][0].update(source=3), "cell 1: its source is not text"),
        (lambda nb: nb["cells"][0].update(metadata=[]), "cell 1: its metadata"),
        (lambda nb: nb.update(nbformat=3), "not a notebook of format 4"),
        (lambda nb: nb.update(cells={}), "not a notebook of format 4"),
    ],
)
def test_a_faulty_release_is_refused_with_file_and_cell(tmp_path, change, says):
    nb = toy_release()
    change(nb)
    (tmp_path / FILE).write_text(json.dumps(nb))
    with pytest.raises(ReleaseError) as caught:
        read_release(tmp_path / FILE)
    assert str(tmp_path / FILE) in str(caught.value)
    assert says in str(caught.value)


@pytest.mark.parametrize("content", [None, b"", b"{", b"\xff\xfe"])
def test_a_release_that_is_no_notebook_is_refused(tmp_path, content):
    if content is not None:
        (tmp_path / FILE).write_bytes(content)
    with pytest.raises(ReleaseError, match=FILE):
        read_release(tmp_path / FILE)


# ---------------------------------------------------------------- what is taken


def test_the_untouched_release_comes_back_as_it_is(submit, release):
    submission = submit(toy_release())
    assert submission.cells == release.cells
    assert (submission.problem, submission.notes, submission.timestamp) == (None, (), None)
    assert laid_out(release, submission) == release.notebook()


def test_the_students_text_is_taken_from_answers_and_open_cells(submit, release):
    mine = {"c2": "def one(x):\n    return 1", "c4": "lr = 0.5", "c7": "Because."}
    submission = submit(written(toy_release(), **mine))
    assert sources(submission) == stubs(release) | mine
    assert submission.notes == ()
    laid = laid_out(release, submission)
    nbformat.validate(laid)
    assert {node["id"]: node["source"] for node in laid["cells"]} == stubs(release) | mine
    assert laid["cells"][3]["metadata"] == release.notebook()["cells"][3]["metadata"]


def test_added_cells_stay_where_they_were_added(submit, release):
    nb = toy_release()
    nb["cells"].insert(4, cell("zz", "def help_me(): pass"))
    nb["cells"].insert(5, cell("check_one", "import this", grade_id="new", grade=True, points=99))
    nb["cells"].insert(0, cell("aa", "first", "raw"))
    submission = submit(nb)
    at = [(one.id, one.role, one.source) for one in submission.cells if one.role == "helper"]
    assert at == [
        ("helper-1", "helper", "first"),
        ("helper-2", "helper", "def help_me(): pass"),
        ("helper-3", "helper", "import this"),
    ]
    assert [one.id for one in submission.cells][:6] == ["helper-1", "c0", "c1", "c2", "c3", "helper-2"]
    laid = laid_out(release, submission)
    nbformat.validate(laid)
    assert laid["cells"][6]["metadata"] == {}, "metadata of an added cell came along"


def test_locked_and_graded_cells_are_always_the_releases(submit, release):
    nb = toy_release()
    nb["cells"][1]["source"] = "import numpy as np; np.allclose = lambda *a: True"
    nb["cells"][3]["source"] = "4.0"
    nb["cells"][6] = cell("c6", "gone", "markdown")
    del nb["cells"][8]
    submission = submit(nb)
    assert submission.cells == release.cells
    said = " | ".join(submission.notes)
    for name in ("imports", "check_one", "check_two"):
        assert f"cell {name} was altered" in said
    assert "cell free_test is missing: put back" in said
    assert "metadata were altered, and are the release's again: check_two" in said


def test_a_copied_test_cell_counts_once_and_a_copied_answer_is_a_helper(submit, release):
    nb = toy_release()
    pasted = copy.deepcopy(nb["cells"][3]) | {"id": "pasted", "source": "10.0"}
    second = copy.deepcopy(nb["cells"][2]) | {"source": "def one(x):\n    return 2"}
    nb["cells"] += [copy.deepcopy(nb["cells"][6]), pasted, second]
    submission = submit(nb)
    assert [one for one in submission.cells if one.role != "helper"] == list(release.cells)
    assert sources(submission, "helper") == {"helper-1": "def one(x):\n    return 2"}
    said = " | ".join(submission.notes)
    assert "further copy of cell check_two is not taken" in said
    assert "further copy of cell check_one is not taken" in said
    assert "further copy of cell one counts as a helper" in said


def test_missing_and_moved_cells(submit, release):
    nb = written(toy_release(), c5="def two(x):\n    return 2")
    nb["cells"] = [one for one in reversed(nb["cells"]) if one["id"] not in ("c2", "c4")]
    submission = submit(nb)
    assert sources(submission) == stubs(release) | {"c5": "def two(x):\n    return 2"}
    said = " | ".join(submission.notes)
    assert "cell one is missing: the release's text counts" in said
    assert "cell c4 is missing" in said
    assert "were moved" in said


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"cell_type": "markdown"}, "was turned from code into markdown"),
        ({"cell_type": "raw"}, "was turned from code into raw"),
        ({"cell_type": "heading"}, "is neither code, markdown nor raw"),
        ({"cell_type": ["code"]}, "is neither code"),
        ({"source": 7}, "has no text as its source"),
        ({"source": None}, "has no text as its source"),
        ({"source": ["a", 1]}, "has no text as its source"),
        ({"source": {"a": "b"}}, "has no text as its source"),
        ({"source": "x" * (hostile_notebook.MAX_TEXT + 1)}, "is longer than 200000 characters"),
    ],
)
def test_an_answer_that_cannot_be_taken_is_the_stub_and_the_others_are_taken(submit, release, change, says):
    nb = written(toy_release(), c2="def one(x):\n    return 1", c5="def two(x):\n    return 2")
    nb["cells"][2] |= change
    submission = submit(nb)
    assert submission.problem is None
    assert sources(submission) == stubs(release) | {"c5": "def two(x):\n    return 2"}
    assert any(note.startswith("cell one ") and says in note for note in submission.notes)


def test_an_open_cell_may_change_its_type(submit, release):
    nb = toy_release()
    nb["cells"][4] = cell("c4", "*lr* is 0.1", "markdown")
    submission = submit(nb)
    assert [(one.kind, one.source) for one in submission.cells if one.id == "c4"] == [("markdown", "*lr* is 0.1")]
    laid = laid_out(release, submission)
    nbformat.validate(laid)
    assert "outputs" not in laid["cells"][4]


def test_nothing_but_text_comes_along(submit, release):
    nb = written(toy_release(), c4="lr = 3")
    nb["metadata"] = {"kernelspec": {"name": "evil"}, "celltoolbar": "x"}
    for raw in nb["cells"]:
        raw["metadata"] |= {"tags": ["skip-execution"], "mine": {"deep": [1]}}
        raw["attachments"] = {"a.png": {"image/png": "AAAA"}}
    nb["cells"][4]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "4.0"}]
    nb["cells"].append(cell("new", "![](attachment:a.png)", "markdown") | {"attachments": {"a.png": {}}})
    nb["cells"][3]["metadata"]["nbgrader"]["points"] = 1000
    submission = submit(nb)
    laid = laid_out(release, submission)
    wanted = release.notebook()
    wanted["cells"][4]["source"] = "lr = 3"
    assert laid["cells"][:-1] == wanted["cells"]
    assert laid["metadata"] == wanted["metadata"]
    assert "attachments" not in laid["cells"][-1]
    left = "not taken: attachments (10 cells), other metadata (9 cells), tags (8 cells)"
    assert left in submission.notes
    assert any("nbgrader's metadata were altered" in note and "check_one" in note for note in submission.notes)


def test_each_laid_out_copy_is_a_new_one(submit, release):
    submission = submit(toy_release())
    laid_out(release, submission)["cells"][0]["source"] = "spoilt"
    assert laid_out(release, submission) == release.notebook()


# ---------------------------------------------------------------- cells without names


def nameless(nb, keep_grade_ids=True):
    for raw in nb["cells"]:
        raw.pop("id", None)
        if not keep_grade_ids:
            raw["metadata"] = {}
    return nb | {"nbformat_minor": 4}


MINE = {"c2": "def one(x):\n    return 1", "c5": "def two(x):\n    return 2", "c7": "Why", "c4": "lr = 7"}


@pytest.mark.parametrize("keep_grade_ids", [True, False])
def test_cells_without_ids_are_found_again(submit, release, keep_grade_ids):
    submission = submit(nameless(written(toy_release(), **MINE), keep_grade_ids))
    assert sources(submission) == stubs(release) | MINE
    assert not sources(submission, "helper")


def test_ids_that_a_tool_made_up_are_no_hindrance(submit, release):
    nb = written(toy_release(), **MINE)
    for number, raw in enumerate(nb["cells"]):
        raw["id"] = f"made-up-{number}"
    assert sources(submit(nb)) == stubs(release) | MINE


def test_added_cells_among_nameless_ones_are_helpers(submit, release):
    nb = nameless(written(toy_release(), **{key: MINE[key] for key in ("c2", "c5")}))
    nb["cells"].insert(2, cell("x", "helper = 1"))
    del nb["cells"][2]["id"]
    submission = submit(nb)
    assert [one.id for one in submission.cells][1:4] == ["c1", "helper-1", "c2"]
    assert sources(submission, "answer") == {"c2": MINE["c2"], "c5": MINE["c5"], "c7": "Your answer"}


def test_a_nameless_cell_is_known_by_its_text_beside_an_added_one(submit, release):
    nb = nameless(toy_release())
    nb["cells"].insert(4, {"cell_type": "code", "metadata": {}, "source": "before = 1"})
    submission = submit(nb)
    assert [one.id for one in submission.cells] == ["c0", "c1", "c2", "c3", "helper-1", "c4", "c5", "c6", "c7", "c8"]


def test_an_answer_pasted_anew_is_known_by_its_grade_id(submit):
    nb = written(toy_release(), **MINE)
    nb["cells"][2]["id"] = "pasted"
    assert sources(submit(nb))["c2"] == MINE["c2"]


def test_a_notebook_of_version_3_is_converted(submit, release):
    nb = written(toy_release(), **MINE)
    old = []
    for raw in nb["cells"]:
        raw = dict(raw)
        del raw["id"]
        if raw["cell_type"] == "code":
            raw |= {"input": raw.pop("source"), "language": "python", "collapsed": False, "prompt_number": 1}
        old.append(raw)
    old.insert(0, {"cell_type": "heading", "level": 2, "source": "Title", "metadata": {}})
    submission = submit({"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": old}]})
    assert submission.problem is None
    assert sources(submission, "answer") == {key: MINE[key] for key in ("c2", "c5", "c7")}
    assert "## Title" in sources(submission).values()
    assert any("format 3" in note for note in submission.notes)


# ---------------------------------------------------------------- text


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("a\r\nb\rc", "a\nb\nc"),
        ("a\fb", "ab"),
        ("a\x00b", "a\ufffdb"),
        ("\x1b[31mred", "\ufffd[31mred"),
        ("\ud800", "\ufffd"),
        ("\udcff\udc00", "\ufffd\ufffd"),
        ("\U0001f600 é ע\t", "\U0001f600 é ע\t"),
        ("\x85\x9b\ufffe", "\ufffd\ufffd\ufffd"),
    ],
)
def test_text_is_made_safe(submit, release, text, becomes):
    submission = submit(written(toy_release(), c4=text))
    assert sources(submission)["c4"] == becomes
    json.dumps(laid_out(release, submission), ensure_ascii=False).encode("utf-8")
    assert any("were replaced" in note for note in submission.notes) == ("\ufffd" in becomes)


def test_the_digest_is_of_the_text_that_was_taken_and_of_nothing_else(submit, release):
    plain = submit(written(toy_release(), **MINE))
    dressed = written(toy_release(), **MINE)
    dressed["metadata"]["x"] = 1
    dressed["cells"][3]["source"] = "4.0"
    dressed["cells"][2]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "hi"}]
    assert submit(dressed).digest == plain.digest
    assert submit(written(toy_release(), **(MINE | {"c4": "lr = 8"}))).digest != plain.digest
    helper = written(toy_release(), **MINE)
    helper["cells"].append(cell("new", "x = 1"))
    assert submit(helper).digest != plain.digest
    assert submit("{").digest != submit("").digest


def test_a_word_corrected_in_the_release_changes_no_digest(submit, release, folder):
    before = submit(written(toy_release(), **MINE))
    path = release.path
    path.write_text(json.dumps(written(toy_release(), c1="import numpy as np  # corrected")))
    after = read_submission(read_release(path), folder, "ann")
    assert after.digest == before.digest
    assert after.cells != before.cells


# ---------------------------------------------------------------- broken and hostile files

DEEP = 100_000
BROKEN = {
    "empty": (b"", "is empty"),
    "spaces": (b" \n\t ", "is empty"),
    "cut off": (json.dumps(toy_release()).encode()[:-50], "is not valid JSON (line 1, column"),
    "text": (b"print('hello')", "is not valid JSON"),
    "NUL bytes": (b"\x00" * 100, "is not valid JSON"),
    "NUL in the middle": (b'{"nbformat": 4, \x00}', "is not valid JSON"),
    "not UTF-8": (b'{"nbformat": 4, "x": "\xff\xfe"}', "is not UTF-8 text (byte 22)"),
    "UTF-16": (json.dumps(toy_release()).encode("utf-16"), "is not UTF-8 text"),
    "a zip": (b"PK\x03\x04\xff\x00", "is not UTF-8 text"),
    "deep lists": (b"[" * DEEP + b"]" * DEEP, "is nested too deeply"),
    "deep objects": (b'{"a":' * DEEP + b"1" + b"}" * DEEP, "is nested too deeply"),
    "very many lists": (b"[" + b"[]," * 600_000 + b"[]]", "more than 500000 lists and objects"),
    "a list": (b"[]", "is not a notebook"),
    "a string": (b'"notebook"', "is not a notebook"),
    "null": (b"null", "is not a notebook"),
    "no version": (b'{"cells": []}', "is not a notebook"),
    "version in words": (b'{"nbformat": "4", "cells": []}', "is not a notebook"),
    "version true": (b'{"nbformat": true, "cells": []}', "is not a notebook"),
    "version to come": (b'{"nbformat": 5, "cells": []}', "notebook format 5"),
    "version 2": (b'{"nbformat": 2, "worksheets": []}', "notebook format 2"),
    "huge version": (b'{"nbformat": ' + b"9" * 4000 + b', "cells": []}', "of a huge number"),
    "huge number": (b'{"nbformat": 4, "cells": [' + b"9" * 10_000 + b"]}", "thousands of digits"),
    "no cells": (b'{"nbformat": 4}', "has no list of cells"),
    "cells an object": (b'{"nbformat": 4, "cells": {"0": {}}}', "has no list of cells"),
    "cells null": (b'{"nbformat": 4, "cells": null}', "has no list of cells"),
    "too many cells": (json.dumps(notebook(*[cell("x", "")] * 1001)).encode(), "has 1001 cells, more than 1000"),
    "too many old cells": (
        json.dumps({"nbformat": 3, "worksheets": [{"cells": [{}] * 1001}]}).encode(),
        "has 1001 cells, more than 1000",
    ),
    "too much text": (
        json.dumps(notebook(*[cell("x", "y" * 150_000)] * 20)).encode(),
        "more than 2000000 characters",
    ),
    "too large": (b" " * (hostile_notebook.MAX_BYTES + 1), "is larger than 20 MB"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_a_problem_that_names_it(submit, release, name):
    content, says = BROKEN[name]
    submission = submit(content)
    assert submission.cells == ()
    assert says in submission.problem
    assert submission.problem.startswith(FILE)
    assert submission.problem.endswith("hand it in again.")
    assert laid_out(release, submission) == release.notebook()


ODD_BUT_NO_PROBLEM = {
    "cells of no kind": notebook(None, 3, "x", [], {}, {"cell_type": None}),
    "no cell at all": notebook(),
    "metadata of any kind": notebook(
        *({"cell_type": "code", "source": "", "metadata": odd} for odd in (None, [], 3, {"nbgrader": []})),
        *({"cell_type": "code", "source": "", "metadata": {"nbgrader": odd}} for odd in (None, 3, {"grade_id": []})),
        {"cell_type": "code", "source": "", "metadata": {"nbgrader": {"grade_id": "one", "points": {"a": [1]}}}},
        {"cell_type": "code", "source": "", "metadata": {"tags": 3}, "outputs": 5, "attachments": "x"},
    ),
    "ids of any kind": notebook(*(cell(odd, "x") for odd in (None, 3, [], {}, "", "../../x", "c2\n", "x" * 1000))),
    "an old notebook of odd parts": {
        "nbformat": 3,
        "worksheets": [None, 3, {"cells": 4}, {"cells": [None, 3, {"cell_type": [], "input": {}}]}],
    },
    "an old notebook of odd headings": {
        "nbformat": 3,
        "worksheets": [{"cells": [{"cell_type": "heading", "level": odd} for odd in (None, "2", 99, [], -1)]}],
    },
    "an old notebook of nothing": {"nbformat": 3, "worksheets": None},
    "minor version odd": toy_release() | {"nbformat_minor": "x", "metadata": None},
    "huge points": notebook(cell("c3", "", grade_id="check_one", points=10**3000)),
}


@pytest.mark.parametrize("name", ODD_BUT_NO_PROBLEM)
def test_odd_parts_do_no_harm(submit, release, name):
    submission = submit(ODD_BUT_NO_PROBLEM[name])
    assert submission.problem is None
    assert [one for one in submission.cells if one.role in ("graded", "locked")] == [
        one for one in release.cells if one.role in ("graded", "locked")
    ]
    nbformat.validate(laid_out(release, submission))


def test_of_a_name_that_stands_twice_the_last_counts(submit):
    text = json.dumps(toy_release()).replace('"source": ["lr = 0.1"]', '"source": "lr = 1", "source": "lr = 2"')
    submission = submit(text)
    assert sources(submission)["c4"] == "lr = 2"
    assert any("stands twice" in note for note in submission.notes)


def test_a_byte_order_mark_does_no_harm(submit, release):
    assert submit(json.dumps(toy_release()).encode("utf-8-sig")).cells == release.cells


KEYS = ["id", "source", "cell_type", "metadata", "nbgrader", "grade_id", "points", "input", "level", "outputs", "tags"]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
    max_leaves=20,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cells=st.lists(json_values, max_size=6), version=st.sampled_from([3, 4]), at=st.integers(0, 8), odd=json_values)
def test_no_file_at_all_raises(submit, release, cells, version, at, odd):
    nb = toy_release()
    nb["cells"][at]["source" if at % 2 else "metadata"] = odd
    nb["cells"] += cells
    if version == 3:
        nb = {"nbformat": 3, "worksheets": [{"cells": nb["cells"]}]}
    submission = submit(nb)
    graded = [one for one in submission.cells if one.role == "graded"]
    assert submission.problem or graded == [one for one in release.cells if one.role == "graded"]
    nbformat.validate(laid_out(release, submission))
    json.dumps([submission.notes, submission.problem], ensure_ascii=False).encode("utf-8")


# ---------------------------------------------------------------- files and folders


def as_link(path, target):
    target.write_text(json.dumps(written(toy_release(), c2="stolen")))
    path.symlink_to(target)


def as_socket(path, target):
    os.chdir(path.parent)  # the path of a socket must be short
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(path.name)


NOT_FILES = {
    "link": (as_link, "is a link, not a file"),
    "dangling link": (lambda path, target: path.symlink_to(target), "is a link"),
    "link to itself": (lambda path, target: path.symlink_to(path), "is a link"),
    "folder": (lambda path, target: path.mkdir(), "is a folder"),
    "named pipe": (lambda path, target: os.mkfifo(path), "is a named pipe"),
    "socket": (as_socket, "is a socket"),
}


@pytest.mark.parametrize("name", NOT_FILES)
def test_only_a_regular_file_is_opened(release, folder, tmp_path, monkeypatch, name):
    make, says = NOT_FILES[name]
    monkeypatch.chdir(tmp_path)
    make(folder / FILE, tmp_path / "target")
    submission = read_submission(release, folder, "ann")
    assert submission.cells == ()
    assert submission.problem.startswith(f"{FILE} {says}")


def test_a_file_exchanged_after_the_look_is_not_followed(release, folder, tmp_path, monkeypatch):
    """The look finds a file; before it is opened, it becomes a link, or a pipe that would block for ever."""
    (folder / FILE).write_text(json.dumps(toy_release()))
    look = safe_files._must_be
    exchanges = {
        "cannot be read": lambda: as_link(folder / FILE, tmp_path / "target"),
        "is not a regular file": lambda: os.mkfifo(folder / FILE),
    }
    for says, exchange in exchanges.items():

        def look_then_exchange(name, directory, wanted, exchange=exchange):
            look(name, directory, wanted)
            if name == FILE:
                (folder / FILE).unlink()
                exchange()

        monkeypatch.setattr(safe_files, "_must_be", look_then_exchange)
        submission = read_submission(release, folder, "ann")
        assert submission.cells == ()
        assert submission.problem.startswith(f"{FILE} {says}")
        (folder / FILE).unlink()
        (folder / FILE).write_text(json.dumps(toy_release()))


def test_a_file_that_may_not_be_read_is_a_problem(release, folder, monkeypatch):
    (folder / FILE).write_text("{}")
    real = os.open

    def refuse(path, *rest, **named):
        if path == FILE:
            raise PermissionError(13, "Permission denied", path)
        return real(path, *rest, **named)

    monkeypatch.setattr(os, "open", refuse)
    submission = read_submission(release, folder, "ann")
    assert submission.problem.startswith(f"{FILE} cannot be read (Permission denied)")


def test_folders_are_not_followed_either(release, folder, tmp_path):
    (folder / FILE).write_text(json.dumps(written(toy_release(), c2="stolen")))
    (tmp_path / "submitted" / "bob").mkdir()
    (tmp_path / "submitted" / "bob" / SECTION).symlink_to(folder)
    (tmp_path / "submitted" / "cat").symlink_to(folder.parent)
    for student in ("bob", "cat", "nobody"):
        submission = read_submission(release, tmp_path / "submitted" / student / SECTION, student)
        assert submission.cells == ()
        assert submission.problem.startswith(f"The folder of {SECTION} ")


def test_a_notebook_under_another_name_is_taken_if_only_one_can_be_meant(submit, folder, release):
    (folder / "notes.ipynb").write_text(json.dumps(notebook(cell("q", "1 + 1"))))
    submission = submit(written(toy_release(), **MINE), name="s99_toy (1).ipynb")
    assert sources(submission) == stubs(release) | MINE
    assert f"{FILE} is missing: s99_toy (1).ipynb, which holds its cells, was taken in its place" in submission.notes


def test_where_two_could_be_meant_none_is_taken(submit, folder):
    (folder / "other\n<b>.ipynb").write_text(json.dumps(toy_release()))
    problem = submit(toy_release(), name="copy.ipynb").problem
    assert problem == (f"{FILE} is missing; there are copy.ipynb, other??b?.ipynb. Hand the notebook in under exactly this name.")


def test_an_empty_folder_and_a_link_under_another_name(release, folder, tmp_path):
    assert "there is no other notebook" in read_submission(release, folder, "ann").problem
    as_link(folder / "other.ipynb", tmp_path / "target")
    submission = read_submission(release, folder, "ann")
    assert submission.cells == ()
    assert "there are other.ipynb" in submission.problem


def test_files_that_the_release_does_not_have_are_noted(submit, folder, tmp_path):
    (folder / "numpy.py").write_text("allclose = print")
    (folder / "points.csv").write_text("9,9")
    (folder / "gradebook.db").symlink_to(tmp_path / "x")
    (folder / ".ipynb_checkpoints").mkdir()
    (folder / os.fsdecode(b"\xff.txt")).write_text("")
    submission = submit(toy_release())
    assert submission.notes == ("files that the release does not have are not taken: gradebook.db (a link), numpy.py, ?.txt",)


def test_the_notes_are_bounded(submit):
    nb = toy_release()
    nb["cells"] += [cell(f"n{number}", "x") | {"source": 1} for number in range(500)]
    notes = submit(nb).notes
    assert len(notes) == 40
    assert notes[-1] == "and 461 notes more"


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("2026-11-22 10:00:00 UTC", datetime(2026, 11, 22, 10)),
        ("2026-11-22 10:00:00.250000 Europe/Berlin\n", datetime(2026, 11, 22, 9, 0, 0, 250000)),
        ("2026-11-22T10:00:00+02:00", datetime(2026, 11, 22, 8)),
    ],
)
def test_the_timestamp_is_read_as_nbgrader_reads_it(submit, folder, text, means):
    (folder / "timestamp.txt").write_text(text)
    assert submit(toy_release()).timestamp == means


@pytest.mark.parametrize(
    "content",
    [b"", b"soon", b"\xff", b"99999999999999999999", b"2026-11-22 10:00:00 /etc/passwd", b"a b ../../x", b"1" * 5000],
)
def test_a_timestamp_that_says_nothing_is_noted(submit, folder, content):
    (folder / "timestamp.txt").write_bytes(content)
    submission = submit(toy_release())
    assert (submission.timestamp, submission.problem) == (None, None)
    assert any(note.startswith("timestamp.txt ") for note in submission.notes)


def test_submissions_are_found_and_odd_entries_named(tmp_path, folder):
    submitted = tmp_path / "submitted"
    for student in ("Zoë O'Neil", "bob", "nothing-for-this-section", "-rf", "a<b>", "dot."):
        (submitted / student).mkdir()
    for student in ("Zoë O'Neil", "-rf", "a<b>", "dot."):
        (submitted / student / SECTION).mkdir()
    (submitted / "bob" / SECTION).symlink_to(folder)
    (submitted / "cat").symlink_to(folder.parent)
    (submitted / "dan").mkdir()
    (submitted / "dan" / SECTION).write_text("")
    (submitted / "list.csv").write_text("")
    (submitted / ".DS_Store").write_text("")
    (submitted / os.fsdecode(b"\xffeve")).mkdir()
    found, notes = find_submissions(tmp_path, SECTION)
    assert found == [("Zoë O'Neil", submitted / "Zoë O'Neil" / SECTION), ("ann", folder)]
    named = ["-rf", "a?b?", "dot.", "?eve", f"bob/{SECTION} is a link", "cat is a link", f"dan/{SECTION} is a file"]
    for name in [*named, "list.csv is not a folder"]:
        assert sum(note.startswith(f"submitted/{name}") for note in notes) == 1, name
    assert len(notes) == len(named) + 1


def test_a_course_without_submissions_says_so(tmp_path):
    found, notes = find_submissions(tmp_path, SECTION)
    assert (found, notes) == ([], [f"{tmp_path / 'submitted'} does not exist: nothing was handed in"])
