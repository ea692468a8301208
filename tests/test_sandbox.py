"""The sandbox: honest code is served as a notebook would serve it, and hostile code harms nobody but itself."""

from __future__ import annotations

import base64
import contextlib
import io
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from coursekit.sandbox import (
    Child,
    ChildDied,
    ChildTimedOut,
    Limits,
    Outcome,
    RemoteCallable,
    RemoteError,
    Sandbox,
    SandboxFault,
    SandboxUnavailable,
)
from coursekit.sandbox.remote import RemoteStudent

SMALL = Limits(
    memory=300 * 2**20, file_size=2**20, cell_cpu=0.3, cell_wall=5.0, exercise_cpu=0.3, exercise_wall=5.0,
    submission_cpu=20.0, reply_bytes=2**20, output_text=5000, callbacks=500,
)  # fmt: skip
X = np.array([1.0, -2.0, 3.0])


@pytest.fixture(scope="module", params=["bubblewrap", "none"])
def sandbox(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A roomy sandbox with a student's package; without bubblewrap on the machine this fails, and says what to install."""
    pack = tmp_path_factory.mktemp("course") / "pack"
    pack.mkdir()
    (pack / "__init__.py").write_text("ANSWER = 42\n")
    with Sandbox(student_packages={"pack": pack}, mode=request.param) as made:
        yield made


@pytest.fixture(scope="module", params=["bubblewrap", "none"])
def strict(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """A sandbox with small limits, to run into."""
    with Sandbox(limits=SMALL, mode=request.param) as made:
        yield made


@pytest.fixture
def child(sandbox: Sandbox) -> Iterator[Child]:
    with sandbox.child() as made:
        yield made


@pytest.fixture
def victim(strict: Sandbox) -> Iterator[Child]:
    with strict.child() as made:
        yield made


def call_often(child: Child, times: int) -> None:
    for _ in range(times):
        child.call("f", {})


def run(child: Child, source: str) -> list[dict]:
    """Run a cell that must not raise, and return its outputs."""
    result = child.run_cell(source, label="cell")
    assert result.error is None, result.error
    return result.outputs


def text(outputs: list[dict]) -> str:
    return "".join(o["text"] if o["output_type"] == "stream" else o["data"]["text/plain"] for o in outputs)


def defined(child: Child, source: str, **kwargs: Any) -> Outcome:
    """Define `f`, and call it."""
    run(child, source)
    return child.call("f", kwargs)


# Cells


def test_the_last_expression_is_shown(child: Child) -> None:
    result = child.run_cell("print('a')\n1 + 1", label="")
    assert result.outputs == [
        {"output_type": "stream", "name": "stdout", "text": "a\n"},
        {"output_type": "execute_result", "data": {"text/plain": "2"}, "metadata": {}, "execution_count": 1},
    ]
    assert result.execution_count == 1
    assert run(child, "2;") == []
    assert run(child, "_ + 1")[0]["execution_count"] == 3


def test_outputs_keep_their_order_and_streams_are_joined(child: Child) -> None:
    outputs = run(child, "import sys\nprint('a'); print('b', file=sys.stderr); display('c'); print('d'); print('e')")
    assert [(o["output_type"], o.get("name")) for o in outputs] == [
        ("stream", "stdout"), ("stream", "stderr"), ("display_data", None), ("stream", "stdout"),
    ]  # fmt: skip
    assert text(outputs) == "a\nb\n'c'd\ne\n"


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("%matplotlib inline", ""),
        ("%matplotlib widget", ""),
        ("%matplotlib notebook", ""),
        ("%%time\nx = 1\nprint(x)", "1\n"),
        ("%%capture caught\nprint('a')", ""),
        ("import asyncio\nawait asyncio.sleep(0, 5)", "5"),
        ("async def g():\n    return 7\nawait g()", "7"),
        ("get_ipython().run_cell('1 + 2').result", "33"),
        ("!echo hello", "hello\n"),
        ("import os\nos.getcwd() == os.path.realpath('.')", "True"),
        ("print('a')\nfrom IPython.display import clear_output\nclear_output()\nprint('b')", "b\n"),
        ("h = display('a', display_id=True)\nh.update('b')", "'b'"),
        ("input()", None),
        ("import ipywidgets\nipywidgets.IntSlider(3)", "IntSlider(value=3)"),
    ],
)
def test_cells_have_the_semantics_of_jupyter(child: Child, source: str, shown: str | None) -> None:
    result = child.run_cell(source, label="")
    if shown is None:
        assert result.error is not None
    else:
        assert result.error is None
        assert text(result.outputs).startswith(shown)


def test_a_figure_left_open_comes_out_as_a_picture(child: Child) -> None:
    outputs = run(child, "import matplotlib.pyplot as plt\nplt.plot([1, 2]);")
    assert [o["output_type"] for o in outputs] == ["display_data"]
    picture = Image.open(io.BytesIO(base64.b64decode(outputs[0]["data"]["image/png"])))
    assert picture.size == (460, 345)  # 6.4 × 4.8 inches at 72 dots
    assert outputs[0]["data"]["text/plain"].startswith("<Figure size")
    assert run(child, "1;") == []


def test_figures_need_not_be_drawn(child: Child) -> None:
    source = "import matplotlib.pyplot as plt\nplt.plot([1, 2]);"
    (output,) = child.run_cell(source, pictures=False).outputs
    assert list(output["data"]) == ["text/plain"]
    assert "image/png" in run(child, source)[0]["data"]


def test_show_puts_figures_where_it_stands(child: Child) -> None:
    outputs = run(child, "import matplotlib.pyplot as plt\nplt.figure(); plt.show()\nprint('a')\nplt.figure();")
    assert [o["output_type"] for o in outputs] == ["display_data", "stream", "display_data"]


def test_an_error_shows_the_students_own_line(child: Child) -> None:
    result = child.run_cell("def f(theta):\n    thet = 1\n    return theta - undefined\nf(1)", label="")
    assert result.error.kinds[:2] == ("NameError", "Exception")
    assert result.error.line == "line 3: return theta - undefined"
    assert result.outputs[-1]["output_type"] == "error"
    assert result.outputs[-1]["ename"] == "NameError"
    assert "\x1b" not in "".join(result.outputs[-1]["traceback"])


@pytest.mark.parametrize(
    ("source", "kind", "line"),
    [
        ("x = 1\ndef f(:\n  pass", "SyntaxError", "line 2: def f(:"),
        ("if True:\npass", "IndentationError", "line 2: pass"),
        ("%nonsense", "UsageError", ""),
        ("import sys\nsys.exit(3)", "SystemExit", "line 2: sys.exit(3)"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt", "line 1: raise KeyboardInterrupt"),
        ("def g(): g()\ng()", "RecursionError", "line 1: def g(): g()"),
        ("import no_such_module", "ModuleNotFoundError", "line 1: import no_such_module"),
    ],
)
def test_a_cell_that_fails_says_how_and_the_next_one_runs(child: Child, source: str, kind: str, line: str) -> None:
    result = child.run_cell(source, label="")
    assert result.error.kinds[0] == kind
    if line:
        assert result.error.line == line
    assert text(run(child, "1 + 1")) == "2"


def test_the_students_package_and_files_are_there(sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "data.csv").write_text("1,2\n")
    (tmp_path / "deep" / "more.txt").write_text("more")
    (tmp_path / "link").symlink_to("/etc/passwd")
    with sandbox.child(tmp_path) as child:
        assert text(run(child, "import pack\npack.ANSWER")) == "42"
        assert text(run(child, "open('data.csv').read() + open('deep/more.txt').read()")) == "'1,2\\nmore'"
        assert text(run(child, "import os\nsorted(os.listdir('.'))")) == "['data.csv', 'deep']"


def test_children_do_not_share_random_numbers_or_files(sandbox: Sandbox) -> None:
    seen = set()
    for _ in range(2):
        with sandbox.child() as child:
            source = "import os, random, numpy as np\nprint(random.random(), np.random.rand(), os.listdir('.'))"
            seen.add(text(run(child, source)))
            run(child, "open('mine', 'w').write('1')")
    assert len(seen) == 2
    assert all(line.endswith("[]\n") for line in seen)


# Calls


def test_a_call_gives_the_value(child: Child) -> None:
    outcome = defined(child, "def f(theta, lr=0.1):\n    print('hi')\n    return theta - lr, {'n': 1}", theta=X)
    np.testing.assert_array_equal(outcome.value[0], X - 0.1)
    assert outcome.value[1] == {"n": 1}
    assert (outcome.error, outcome.changed, outcome.shared, outcome.printed) == (None, (), (), "hi\n")


@pytest.mark.parametrize(
    ("source", "changed", "shared"),
    [
        ("def f(a, b):\n    a += 1\n    return a", ("a",), (("result", "a"),)),
        ("def f(a, b):\n    b[0][1] = 9\n    return 1", ("b[0]",), ()),
        ("def f(a, b):\n    return a[1:], b[0].copy()", (), (("result[0]", "a"),)),
        ("def f(a, b):\n    v = a * 2\n    return {'p': v, 'q': v[:1]}", (), (("result['p']", "result['q']"),)),
        ("def f(a, b):\n    a.shape = (3, 1)\n    return None", ("a",), ()),
        ("def f(a, b):\n    a[:] = a\n    return a + 0", (), ()),
        ("def f(a, b):\n    a *= 0\n    raise ValueError('no')", ("a",), ()),
        ("def f(a, b):\n    b.clear()", ("b[0]",), ()),
    ],
)
def test_changed_arguments_and_shared_memory_are_told(child: Child, source: str, changed: tuple, shared: tuple) -> None:
    outcome = defined(child, source, a=X, b=[X])
    assert outcome.changed == changed
    assert outcome.shared == shared
    np.testing.assert_array_equal(X, [1.0, -2.0, 3.0])


def test_what_a_call_raises_is_in_the_outcome(child: Child) -> None:
    outcome = defined(child, "def f(x):\n    y = x\n    return 1 / y", x=0)
    assert outcome.error.kinds[0] == "ZeroDivisionError"
    assert outcome.error.kind == "ZeroDivisionError"
    assert outcome.error.message == "division by zero"
    assert outcome.error.line == "line 3: return 1 / y"


@pytest.mark.parametrize("kind", ["SystemExit", "KeyboardInterrupt", "GeneratorExit", "BaseException", "MemoryError"])
def test_no_exception_of_a_call_ends_the_child(child: Child, kind: str) -> None:
    assert defined(child, f"def f(): raise {kind}()").error.kinds[0] == kind
    assert text(run(child, "1")) == "1"


def test_warnings_and_settings_of_the_student_do_not_matter(child: Child) -> None:
    run(child, "import warnings, numpy as np\nwarnings.simplefilter('error'); np.seterr(all='raise')")
    outcome = defined(child, "def f(x):\n    warnings.warn('x')\n    return x * 1e308 * 10", x=X)
    assert outcome.error is None
    assert np.isinf(outcome.value).all()


def test_missing_and_uncallable_names(child: Child) -> None:
    run(child, "f = 3")
    assert child.call("g", {}).error.kinds[0] == "NameError"
    assert child.call("f", {}).error.kinds[0] == "TypeError"
    assert child.value("f") == 3
    with pytest.raises(NameError, match="g"):
        child.value("g")


def test_the_student_as_the_checks_see_one(child: Child) -> None:
    run(child, "answer = 'b'\ndef f(x): return x + 1")
    student = RemoteStudent(child)
    assert student.call("f", {"x": 1}, {}).value == 2
    assert student.value("answer") == "b"


def test_helpers_stand_in_for_the_time_of_the_call(child: Child) -> None:
    run(child, "def helper(x): return 'own'\ndef f(x): return helper(x), other(x)")
    seen = []

    def helper(x: Any) -> float:
        seen.append(x)
        return 2.0

    assert child.call("f", {"x": X}, {"helper": helper, "other": lambda x: "judge"}).value == (2.0, "judge")
    np.testing.assert_array_equal(seen[0], X)
    outcome = child.call("f", {"x": X})
    assert outcome.error.message == "name 'other' is not defined"
    assert text(run(child, "helper(1)")) == "'own'"


def test_helpers_stand_in_for_a_returned_function_too_until_the_next_call(child: Child) -> None:
    run(child, "def helper(x): return 'own'\ndef make(): return lambda x: helper(x)\ndef both(): return {'a': make()}")
    function = child.call("make", {}, {"helper": lambda x: "judge"}).value
    assert function(1) == "judge"
    assert function(2) == "judge"
    assert text(run(child, "helper(1)")) == "'own'"
    inner = child.call("both", {}, {"helper": lambda x: "another"}).value["a"]
    assert (inner(1), function(1)) == ("another", "another")
    assert child.call("make", {}).value(1) == "own"


def test_helpers_are_taken_back_after_an_error(child: Child) -> None:
    run(child, "def f(): return missing() / 0")
    assert child.call("f", {}, {"missing": lambda: 1}).error.kind == "ZeroDivisionError"
    assert child.call("f", {}).error.kind == "NameError"


def test_a_generator_goes_on_from_call_to_call(child: Child) -> None:
    run(child, "def f(rng): return rng.normal(size=3)\ndef back(rng): return rng")
    ours, expected = np.random.default_rng(5), np.random.default_rng(5)
    ours.integers(10, dtype=np.int32)  # leaves half a number behind: the state is more than a seed
    expected.integers(10, dtype=np.int32)
    for _ in range(3):
        np.testing.assert_array_equal(child.call("f", {"rng": ours}).value, expected.normal(size=3))
    assert child.call("back", {"rng": ours}).value is ours
    other = np.random.default_rng(6)
    np.testing.assert_array_equal(child.call("f", {"rng": other}).value, np.random.default_rng(6).normal(size=3))


def test_a_returned_function_can_be_called(child: Child) -> None:
    run(child, "import numpy as np\ndef f(lr):\n    def schedule(t):\n        return lr / np.sqrt(t)\n    return schedule")
    schedule = child.call("f", {"lr": 2.0}).value
    assert isinstance(schedule, RemoteCallable)
    assert schedule(4) == 1.0
    assert schedule.__name__ == "schedule"
    with pytest.raises(RemoteError) as caught:
        schedule("x")
    assert caught.value.raised.line == "line 4: return lr / np.sqrt(t)"
    assert schedule(4) == 1.0


def test_functions_keep_their_identity_on_the_way_there_and_back(child: Child) -> None:
    run(child, "def f(g): return g\ndef h(): return f\ndef is_f(g): return g is f")

    def own(x: Any) -> Any:
        return x

    assert child.call("f", {"g": own}).value is own
    theirs = child.call("h", {}).value
    assert child.call("h", {}).value is theirs
    assert child.call("is_f", {"g": theirs}).value is True


def test_steppers_cross_in_a_dict_both_ways(child: Child) -> None:
    run(child, "def f(steppers): return {name: (lambda x, s=s: s(x) + 1) for name, s in steppers.items()}")
    found = child.call("f", {"steppers": {"a": lambda x: 2 * x, "b": lambda x: -x}}).value
    np.testing.assert_array_equal(found["a"](X), 2 * X + 1)
    np.testing.assert_array_equal(found["b"](X), 1 - X)


def test_callbacks_nest(child: Child) -> None:
    run(child, "def f(apply, x): return apply(lambda y: apply(lambda z: z * 10, y) + 1, x)")
    assert child.call("f", {"apply": lambda g, x: g(x), "x": 4}).value == 41


def test_a_callback_within_a_callback_may_fail_and_be_caught(child: Child) -> None:
    source = """
def f(apply):
    def bad(x): raise KeyError('mine')
    try:
        apply(bad)
    except KeyError as error:
        return type(error).__name__, str(error)
"""
    run(child, source)
    assert child.call("f", {"apply": lambda g: g(1)}).value == ("KeyError", repr("'mine'"))


def secret_in_a_message(x: Any) -> None:
    raise KeyError("the reference is 0.25")


def meant_for_the_student(x: Any) -> None:
    raise ValueError("x must have 3 entries")


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (meant_for_the_student, "ValueError: x must have 3 entries"),
        (secret_in_a_message, "RuntimeError: a function given by the grader could not work with these values"),
        (lambda x: {"secret": 1}[x], "RuntimeError: a function given by the grader could not work with these values"),
        (lambda x: float("secret"), "RuntimeError: a function given by the grader could not work with these values"),
        (lambda: 0, "RuntimeError: a function given by the grader could not work with these values"),
    ],
)  # fmt: skip
def test_of_our_own_errors_the_student_learns_what_is_meant_for_them(child: Child, function: Callable, said: str) -> None:
    source = "def f(g):\n    try: g(1)\n    except Exception as e: return f'{type(e).__name__}: {e}', e.__context__"
    assert defined(child, source, g=function).value == (said, None)


def test_what_cannot_be_handed_over_is_our_fault(child: Child) -> None:
    run(child, "def f(x): return 1")
    with pytest.raises(SandboxFault, match="cannot be handed over"):
        child.call("f", {"x": np.random.Generator(np.random.MT19937(1))})
    assert child.call("f", {"x": 1}).value == 1


@pytest.mark.parametrize(
    "value",
    ["list_in_itself", "[[]] * 300_000", "np.zeros(10**7)", "np.lib.stride_tricks.as_strided(np.zeros(1), (10**4, 10**4), (0, 0))",
     "'x' * 10**7", "[0.1] * 10**6"],
)  # fmt: skip
def test_what_is_too_large_to_hand_back_costs_the_call_alone(child: Child, value: str) -> None:
    run(child, f"import numpy as np\nlist_in_itself = []\nlist_in_itself.append(list_in_itself)\ndef f(): return {value}")
    outcome = child.call("f", {})
    assert outcome.error.kind == "ValueError"
    assert "cannot be handed over" in outcome.error.message
    assert text(run(child, "1")) == "1"


# Hostile code

DEATHS = {
    "import os; os._exit(3)": r"the code ended the process \(exit code 3\)",
    "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)\nimport ctypes; ctypes.string_at(0)": "crashed|closed|ended",
    "while True: pass": r"took longer than 0.3 s of cpu time",
    "import threading\nfor _ in range(3): threading.Thread(target=lambda: [0 for _ in iter(int, 1)]).start()": "took longer",
    "import os\nfor _ in range(3): os.fork()\nwhile True: pass": "took longer than 0.3 s",
    "import os; os.closerange(0, 1000)": "closed its connection",
    "import os; os.close(3)": "closed its connection",
    "import os; os.write(3, b'x' * 100)": "sent more than|no answer",
    "import os; os.write(3, b'\\x02\\0\\0\\0\\0\\0\\0\\0{}')": "no answer",
    "import os; os.write(3, b'\\xff' * 8)": "sent more than",
    "import os; os.write(3, b'\\x02\\0\\0\\0' + b'\\0' * 4 + b'[]' * 50000)": "no answer",
    "import os, json\nm = json.dumps(['ran', 'forged', [], None, 1]).encode()\n"
    "os.write(3, len(m).to_bytes(4, 'little') + bytes(4) + m)": "another question|more than one answer",
    "import os, time\nif os.fork():\n    os._exit(0)\ntime.sleep(60)": "ended the process",
    "import socket; socket.socket(fileno=3).shutdown(socket.SHUT_RDWR)": "closed its connection",
}


def run_all(child: Child, sources: Iterable[str]) -> None:
    for source in sources:
        child.run_cell(source, label="attack")


@pytest.mark.parametrize("source", DEATHS)
def test_code_that_ends_its_process_costs_itself_alone(strict: Sandbox, source: str) -> None:
    with strict.child() as victim, strict.child() as neighbour:
        with pytest.raises(ChildDied, match=DEATHS[source]) as caught:
            run_all(victim, [source, "while True: pass"])  # some attacks come to bear after their cell
        with pytest.raises(ChildDied) as again:
            victim.call("f", {})
        assert again.value.reason == caught.value.reason
        assert text(run(neighbour, "1 + 1")) == "2"


def test_nothing_of_a_child_is_left_behind(strict: Sandbox) -> None:
    marker = f"31415{os.getpid()}"  # seconds that no other test sleeps

    def count() -> int:
        return sum(marker.encode() in command for command in _commands())

    with strict.child() as victim:
        run(victim, f"import subprocess\nfor _ in range(3): subprocess.Popen(['sleep', '{marker}'])")
        until = time.monotonic() + 20  # an exec shows its new arguments a moment after it is done
        while count() < 3 and time.monotonic() < until:
            time.sleep(0.01)
        assert count() == 3
    assert count() == 0


def _commands() -> Iterator[bytes]:
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                yield Path("/proc", name, "cmdline").read_bytes()
            except OSError:
                continue


def test_a_call_that_never_returns_costs_its_exercise(victim: Child) -> None:
    run(victim, "def f():\n    while True: pass\ndef sleeper():\n    import time\n    time.sleep(100)")
    with pytest.raises(ChildTimedOut, match=r"took longer than 0.3 s of cpu time"):
        victim.call("f", {})


def test_sleeping_costs_wall_time(strict: Sandbox) -> None:
    with Sandbox(limits=Limits(exercise_wall=0.3), mode=strict.mode) as made, made.child() as victim:
        run(victim, "import time")
        with pytest.raises(ChildTimedOut, match=r"took longer than 0.3 s$"):
            defined(victim, "def f(): time.sleep(100)")


def test_the_time_of_an_exercise_is_that_of_all_its_calls(strict: Sandbox) -> None:
    with strict.child() as victim:
        run(victim, "import time\ndef f():\n    end = time.process_time() + 0.06\n    while time.process_time() < end: pass")
        for _ in range(10):
            victim.begin_exercise("new")
            victim.call("f", {})
        with pytest.raises(ChildTimedOut):
            call_often(victim, 20)


def test_the_time_of_a_child_that_is_gone_is_still_known(strict: Sandbox) -> None:
    with strict.child() as victim:
        with pytest.raises(ChildTimedOut):
            victim.run_cell("while True: pass")
        assert victim.cpu_seconds() > 0.3
        assert victim.wall_seconds() >= 0.0


def test_a_child_may_have_less_time_than_its_sandbox(sandbox: Sandbox) -> None:
    with sandbox.child(limits=SMALL) as victim, pytest.raises(ChildTimedOut, match=r"took longer than 0.3 s of cpu"):
        victim.run_cell("while True: pass")


def test_a_submission_has_a_budget_of_its_own() -> None:
    with Sandbox(limits=Limits(submission_cpu=0.5)) as strict, strict.child() as victim:
        burn = "import time\nend = time.process_time() + 0.2\nwhile time.process_time() < end: pass"
        with pytest.raises(ChildTimedOut, match=r"the submission as a whole took longer than 0.5 s of cpu time"):
            run_all(victim, [burn] * 10)


def test_memory_is_bounded(victim: Child) -> None:
    outcome = defined(victim, "import numpy as np\ndef f(): return np.ones(10**9)")
    assert outcome.error.kinds[0] in ("MemoryError", "_ArrayMemoryError")
    assert "MemoryError" in outcome.error.kinds


def test_the_memory_of_all_processes_together_is_bounded(strict: Sandbox) -> None:
    source = """
import os, time
for _ in range(3):
    if os.fork() == 0:
        block = bytearray(200 * 2**20)
        for i in range(0, len(block), 4096): block[i] = 1
        time.sleep(60)
time.sleep(60)
"""
    roomy = Limits(memory=300 * 2**20, cell_cpu=20.0)
    with (
        Sandbox(limits=roomy, mode=strict.mode) as made,
        made.child() as victim,
        pytest.raises(ChildDied, match="used more than 300 MiB of memory"),
    ):
        victim.run_cell(source, label="")


@pytest.mark.parametrize(
    "source",
    ["print('x' * 10**7)", "for i in range(10**4): print(i)", "for i in range(300): display(i)", "'y' * 10**6",
     "raise ValueError('z' * 10**6)"],
)  # fmt: skip
def test_outputs_are_cut_with_a_note(victim: Child, source: str) -> None:
    result = victim.run_cell(source, label="")
    shown = repr(result.outputs)
    assert len(shown) < 60_000
    assert "output cut" in shown or len(shown) < 5000
    assert text(run(victim, "1")) == "1"


def test_too_large_an_answer_ends_the_child(victim: Child) -> None:
    with pytest.raises(ChildDied, match="sent more than 1 MiB"):
        defined(victim, "import numpy as np\ndef f(): return np.zeros(200_000)")


def test_callbacks_are_bounded(victim: Child) -> None:
    run(victim, "def f(g):\n    for i in range(10**6): g(i)")
    with pytest.raises(ChildDied, match="more than 500 times"):
        victim.call("f", {"g": lambda x: x})


def test_nesting_is_bounded(child: Child) -> None:
    run(child, "def f(apply):\n    def g(x): return apply(g)\n    return apply(g)")
    with pytest.raises(ChildDied, match="deep"):
        child.call("f", {"apply": lambda g: g(1)})


PATCHES = """
import builtins, json, socket, struct, sys, os, threading, numpy as np
real = np.zeros(3)
for module, names in ((np, ("array", "asarray", "ndarray", "frombuffer", "allclose", "may_share_memory", "errstate")),
                      (json, ("dumps", "loads")), (os, ("getpid", "_exit")), (threading, ("get_ident",))):
    for name in names:
        setattr(module, name, lambda *a, **k: 1 / 0)
builtins.len = builtins.isinstance = builtins.callable = None
"""


def test_patched_libraries_do_not_reach_the_judge(strict: Sandbox) -> None:
    with strict.child() as victim, contextlib.suppress(ChildDied):
        victim.run_cell(PATCHES, label="")
        victim.call("f", {"x": X})
    assert np.array([1.0]).tolist() == [1.0]
    with strict.child() as other:
        np.testing.assert_array_equal(defined(other, "def f(x): return x + 1", x=X).value, X + 1)


def test_patched_numpy_and_json_keep_an_honest_answer(child: Child) -> None:
    run(child, "import json, numpy as np\nnp.asarray = np.ndarray = np.may_share_memory = json.dumps = json.loads = None")
    outcome = defined(child, "def f(x): return x + 1", x=X)
    np.testing.assert_array_equal(outcome.value, X + 1)


FORGERIES = {
    "an answer sent before the question": "m = json.dumps(['done', '0' * 16, 1.0, [], [], '']).encode()\nsend(m)",
    "two answers to one question": "m = json.dumps(['done', talk._nonce, 1.0, [], [], '']).encode()\nsend(m)",
    "an unknown kind of answer": "m = json.dumps(['perfect', talk._nonce, 1.0]).encode()\nsend(m); time.sleep(9)",
    "a callback never given": "m = json.dumps(['ask', talk._nonce, 7, ['t'], ['d']]).encode()\nsend(m); time.sleep(9)",
    "a callback without arguments": "m = json.dumps(['ask', talk._nonce]).encode()\nsend(m); time.sleep(9)",
    "a generator never given": "m = json.dumps(['done', talk._nonce, ['g', 5], [], [], '']).encode()\nsend(m); time.sleep(9)",
    "names that are no strings": "m = json.dumps(['done', talk._nonce, 1, [1], [], '']).encode()\nsend(m); time.sleep(9)",
    "an array that claims too much": "m = json.dumps(['done', talk._nonce, ['a', 'f', [10**6], 0], [], [], '']).encode()\n"
    "send(m); time.sleep(9)",
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_forged_answers_end_the_child(victim: Child, forgery: str) -> None:
    run(
        victim,
        "import gc, json, os, time\n"
        "talk = next(o for o in gc.get_objects() if type(o).__name__ == 'Talk')\n"
        "def send(m): os.write(3, len(m).to_bytes(4, 'little') + bytes(4) + m)\n"
        "def f():\n    " + FORGERIES[forgery].replace("\n", "\n    "),
    )  # fmt: skip
    with pytest.raises(ChildDied, match="no answer"):
        call_often(victim, 2)


def test_a_fork_that_comes_back_from_a_call_answers_nothing(victim: Child) -> None:
    run(victim, "import os\ndef f():\n    os.fork()\n    return 1\ndef g(): return 2")
    assert victim.call("f", {}).value == 1
    assert victim.call("g", {}).value == 2


def test_a_thread_cannot_ask_the_judge(child: Child) -> None:
    source = """
import threading
def f(g):
    caught = []
    def work():
        try: g(1)
        except RuntimeError as error: caught.append(str(error))
    thread = threading.Thread(target=work); thread.start(); thread.join()
    return caught
"""
    assert "main thread" in defined(child, source, g=lambda x: x).value[0]


def test_a_kept_callable_of_the_judge_goes_on_working(child: Child) -> None:
    run(child, "def f(g):\n    global kept\n    kept = g\ndef h(): return kept(3)")
    child.call("f", {"g": lambda x: x + 1})
    assert child.call("h", {}).value == 4


# The host's side


def test_a_parent_that_was_killed_is_started_again() -> None:
    with Sandbox() as made:
        with made.child() as child:
            assert text(run(child, "1")) == "1"
        made._parent._process.kill()
        made._parent._process.wait()
        with made.child() as child:
            assert text(run(child, "2")) == "2"


def test_a_sandbox_outlives_the_thread_that_started_it() -> None:
    made = Sandbox()
    children: list[Child] = []
    thread = threading.Thread(target=lambda: children.append(made.child()))
    thread.start()
    thread.join()
    with made, children[0] as child:
        parent = made._parent
        assert text(run(child, "1 + 1")) == "2"
        made.child().close()
        assert made._parent is parent


def test_closing_the_sandbox_ends_its_children() -> None:
    made = Sandbox()
    child = made.child()
    run(child, "x = 1")
    made.close()
    with pytest.raises(SandboxFault, match="ended from outside"):
        child.run_cell("x", label="")
    child.close()


def test_a_missing_bubblewrap_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(SandboxUnavailable, match=r"install it .*apt-get install bubblewrap[\s\S]*--sandbox=none"):
        Sandbox().child()


def test_a_module_that_cannot_be_imported_is_named() -> None:
    with pytest.raises(SandboxUnavailable, match="no_such_module"):
        Sandbox(preload=["no_such_module"]).child()


def test_what_is_hidden_and_mounted_at_once_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="hidden from students"):
        Sandbox(student_packages={"pack": tmp_path}, hidden=[tmp_path]).child()


def test_hidden_paths_are_covered_where_they_lie_in_a_mounted_folder(tmp_path: Path) -> None:
    pack = tmp_path / "pack"
    (pack / "secret").mkdir(parents=True)
    (pack / "__init__.py").write_text("")
    (pack / "secret" / "answer.py").write_text("x = 1")
    (pack / "key.txt").write_text("key")
    hidden = [tmp_path, pack / "secret", pack / "key.txt"]
    with Sandbox(student_packages={"pack": pack}, hidden=hidden) as made, made.child() as child:
        run(child, "import pack, os\nhere = os.path.dirname(pack.__file__)")
        assert text(run(child, "os.listdir(here + '/secret')")) == "[]"
        assert child.run_cell("open(here + '/key.txt').read()", label="").error.kind == "PermissionError"
        assert text(run(child, f"os.path.exists({str(tmp_path)!r})")) == "False"


def test_a_child_is_made_in_the_time_of_a_fork(sandbox: Sandbox) -> None:
    before = time.process_time()
    for _ in range(5):
        sandbox.child().close()
    # The judge's own work, not the wall: the machine may be busy.
    assert time.process_time() - before < 1.0
