"""The notebook's own functions and the sandbox's remote ones give the same outcomes: parity of both ways of grading rests on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from coursekit.sandbox import Limits, Sandbox
from coursekit.sandbox.remote import RemoteStudent
from descentlab.checks import (
    ClockOf,
    ExampleGradientOf,
    GeneratorOf,
    GradientOf,
    InPlace,
    LossOf,
    ScheduleOf,
    Stepper,
    SteppersOf,
    ValueOf,
    lending,
)
from descentlab.checks.scenarios import handed_over, raised_of
from descentlab.checks.values import Odd, Raised, plain

X = np.array([1.0, -2.0, 3.0])
WHOLE = np.array([3, 1, 2])
MATRIX = np.array([[2.0, 0.5], [0.5, 1.0]])
EXAMPLES = ExampleGradientOf(np.array([[1.0, 2.0], [3.0, 0.0], [0.0, 0.0]]), np.array([1.0, 2.0, 0.5]))
# Asked of every function that comes back.
POINTS = (1, 2.5, 7)

# What f(x) returns, on X: honest ways of writing a result, and odd ones.
RETURNS = {
    "an array": "2 * x",
    "a list": "(2 * x).tolist()",
    "a tuple of arrays": "x + 1, x - 1",
    "a list of arrays": "[x * k for k in range(4)]",
    "nested lists": "[[1.0, 2.0], [3.0, 4.0]]",
    "a ragged list": "[[1.0], [2.0, 3.0]]",
    "an empty list": "[]",
    "an empty array": "np.zeros((0, 3))",
    "an array without axes": "np.array(2.5)",
    "a float": "0.1 + 0.2",
    "an int": "7",
    "a large int": "2**80",
    "an int beyond any float": "-(10**400)",
    "True": "True",
    "None": "None",
    "Ellipsis": "...",
    "a text": "'steps ü 😀'",
    "half a character": "'a\\ud800b'",
    "a dict": "{'b': x, 'a': 1.5}",
    "a dict with numbers as keys": "{1: 'one', 2.5: 'two', None: 'none', (1, 2): 'pair'}",
    "nan and infinities": "np.array([np.nan, np.inf, -np.inf, -0.0])",
    "nan alone": "float('nan')",
    "a numpy float": "np.float64(1.5)",
    "a numpy int": "np.int32(-4)",
    "a numpy bool": "np.bool_(True)",
    "a half": "np.float16(0.1)",
    "a complex number": "1 + 2j",
    "a numpy complex number": "np.complex128(1j)",
    "whole numbers": "np.arange(4)",
    "unsigned numbers": "np.array([1, 200], dtype=np.uint8)",
    "unsigned numbers beyond int64": "np.array([1, 2**64 - 1], dtype=np.uint64)",
    "truth values": "x > 0",
    "halves": "x.astype(np.float16)",
    "singles": "x.astype(np.float32)",
    "long doubles": "np.array([1, 2], dtype=np.longdouble)",
    "swapped bytes": "x.astype('>f8')",
    "complex numbers": "x * 1j",
    "objects": "np.array([1, None, 'a'], dtype=object)",
    "texts": "np.array(['a', 'bc'])",
    "dates": "np.array(['2021-03-19'], dtype='datetime64[D]')",
    "records": "np.zeros(2, dtype=[('a', float), ('b', int)])",
    "a matrix in Fortran's order": "np.asfortranarray(np.arange(6.0).reshape(2, 3))",
    "every other number": "np.arange(10.0)[::-2]",
    "a broadcast number": "np.broadcast_to(np.float64(3), (4, 5))",
    "a matrix class": "np.matrix([[1.0, 2.0]])",
    "a masked array": "np.ma.masked_array([1.0, 2.0], mask=[True, False])",
    "a subclass of float": "type('Metres', (float,), {})(2.5)",
    "a subclass of int": "type('Count', (int,), {})(3)",
    "a member of an enumeration": "__import__('enum').IntEnum('Colour', 'RED BLUE').BLUE",
    "a named tuple": "__import__('collections').namedtuple('State', 'm v')(x + 1, 2.0)",
    "a set": "{1, 2}",
    "bytes": "b'abc'",
    "a range": "range(3)",
    "a generator": "(k for k in range(3))",
    "an object": "type('Thing', (), {})()",
    "a module": "np",
    "an exception that was not raised": "ValueError('x')",
    "a random generator": "np.random.default_rng(1)",
    "a function": "lambda t: 0.1 / t",
    "a function of arrays": "lambda t: x * t",
    "a function that returns a function": "lambda t: lambda s: s + t",
    "a function that raises": "lambda t: t / 0 if t < 2 else [][0]",
    "functions in a dict": "{'GD': lambda t: t, 'Momentum': lambda t: 2 * t}",
    "a class": "type('Step', (), {'__init__': lambda self, t: None})",
    "an object that can be called": "type('Rule', (), {'__call__': lambda self, t: 3 * t})()",
    "a list nested fifteen deep": "__import__('functools').reduce(lambda v, _: [v], range(15), x + 0)",
    "a list nested twenty-five deep": "__import__('functools').reduce(lambda v, _: [v], range(25), x + 0)",
    # What is shared with the argument, and within the result.
    "its argument": "x",
    "a view": "x[1:]",
    "a copy": "x.copy()",
    "its argument in a tuple": "(x + 1, x)",
    "one array twice": "(lambda y: [y, y])(x * 2)",
    "two parts of one array": "(lambda y: (y[:2], y[1:]))(x * 2)",
    "views in a dict": "{'a': x[:1], 'b': {'c': x}}",
    "a complex view": "np.concatenate([x, x]).view(complex)",
}  # fmt: skip

# Whole functions, with the arguments that they are called with.
FUNCTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "in place": ("def f(x):\n    x -= 1\n    return x", {"x": X}),
    "in place, then an exception": ("def f(x):\n    x[0] = 9\n    raise ValueError('late')", {"x": X}),
    "in place and back": ("def f(x):\n    x += 1\n    x -= 1\n    return x + 0", {"x": WHOLE}),
    "in place on nested ones": ("def f(state):\n    state['m'][0] = 1\n    state['v'][1][:] = 0", {"state": {"m": X, "v": [X, X]}}),
    "a list changed": ("def f(xs):\n    xs.pop()\n    return len(xs)", {"xs": [X, WHOLE]}),
    "a list with another array": ("def f(xs):\n    xs[0] = xs[0] * 1\n    return 1", {"xs": [X, WHOLE]}),
    "another shape": ("def f(x):\n    x.resize((1, 3), refcheck=False)\n    return 0", {"x": X}),
    "a number": ("def f(lr, n):\n    return type(lr).__name__, type(n).__name__, lr * n", {"lr": 0.1, "n": 3}),
    "an array without axes": ("def f(x):\n    return x.shape, x[()], x + 1", {"x": np.array(2.0)}),
    "an empty argument": ("def f(x):\n    x[:] = 1\n    return x", {"x": np.zeros((0, 2))}),
    "truth values": ("def f(x):\n    return ~x", {"x": X > 0}),
    "many kinds": (
        "def f(**k):\n    return sorted((n, type(v).__name__) for n, v in k.items())",
        {"a": None, "b": True, "c": "text", "d": (1, 2), "e": [1.5], "g": {"k": 1}, "h": X, "i": 5},
    ),
    "an overflow": ("def f(x):\n    return np.exp(1000 * x)", {"x": X}),
    "a division by zero": ("def f(x):\n    return x / 0", {"x": X}),
    "a warning as an error": ("import warnings\ndef f():\n    warnings.warn('careful')\n    return 1", {}),
    "prints": ("import sys\ndef f():\n    print('a'); print('b', file=sys.stderr)\n    return 1", {}),
    "ZeroDivisionError": ("def f():\n    return 1 / 0", {}),
    "NameError": ("def f():\n    return no_such_name", {}),
    "an exception of its own": ("class Apart(ValueError, KeyError): pass\ndef f():\n    raise Apart('x')", {}),
    "SystemExit": ("def f():\n    raise SystemExit(3)", {}),
    "RecursionError": ("def f():\n    return f()", {}),
    "LinAlgError": ("def f(h):\n    return np.linalg.inv(h * 0)", {"h": MATRIX}),
    "NotImplementedError": ("def f():\n    raise NotImplementedError", {}),
    "an exception from an exception": (
        "def f():\n    try:\n        1 / 0\n    except ZeroDivisionError as error:\n        raise TypeError from error", {}
    ),
    "an exception that cannot be told": (
        "class Mute(Exception):\n    def __str__(self): raise RuntimeError\ndef f():\n    raise Mute", {}
    ),
    "too few arguments": ("def f(x, y):\n    return x", {"x": X}),
    "another name of an argument": ("def f(y):\n    return y", {"x": X}),
    "no function": ("f = 3", {}),
    "no such name": ("g = 3", {}),
    "a class in its place": ("class f:\n    def __init__(self, x): pass", {"x": X}),
    "a coroutine": ("async def f():\n    return 1", {}),
    "a gradient": (
        "def f(gradient_of, theta):\n    return gradient_of(theta) * gradient_of(2 * theta)",
        {"gradient_of": GradientOf("quadratic", {"hessian": MATRIX}), "theta": np.array([1.0, 2.0])},
    ),
    "a gradient asked at another shape": (
        "def f(gradient_of):\n    return gradient_of(np.zeros(5))",
        {"gradient_of": GradientOf("quadratic", {"hessian": MATRIX})},
    ),
    "a gradient asked at a text": (
        "def f(gradient_of):\n    return gradient_of('here')", {"gradient_of": GradientOf("quadratic", {"hessian": MATRIX})}
    ),
    "a gradient asked by name": (
        "def f(gradient_of):\n    return gradient_of(theta=np.zeros(2))",
        {"gradient_of": GradientOf("quadratic", {"hessian": MATRIX})},
    ),
    "a loss": (
        "def f(loss, weights):\n    return loss(weights), loss([2 * w for w in weights]), loss(tuple(w.tolist() for w in weights))",
        {"loss": LossOf("wavy", ((2, 2), (3,))), "weights": [MATRIX, X]},
    ),
    "a loss asked at one array": (
        "def f(loss, weights):\n    return loss(weights[0])", {"loss": LossOf("wavy", ((2, 2), (3,))), "weights": [MATRIX, X]}
    ),
    "a loss asked at weights that were changed": (
        "def f(loss, weights):\n    weights[0] += 1\n    return loss(weights)",
        {"loss": LossOf("wavy", ((2, 2), (3,))), "weights": [MATRIX, X]},
    ),
    "a loss with another weight": (
        "def f(loss, weights):\n    weights[1] = weights[1] + 1\n    return loss(weights)",
        {"loss": LossOf("wavy", ((2, 2), (3,))), "weights": [MATRIX, X]},
    ),
    "a schedule asked too far": ("def f(schedule):\n    return schedule(9)", {"schedule": ScheduleOf((0.5, 0.25, 0.125))}),
    "a schedule wrapped": (
        "def f(schedule):\n    return lambda t: schedule(1) / t", {"schedule": ScheduleOf((0.5, 0.25, 0.125))}
    ),
    "steppers": (
        "def f(steppers, gradient_of, theta):\n"
        "    walks = {}\n"
        "    for name, stepper in steppers.items():\n"
        "        at, state = theta, None\n"
        "        for t in (1, 2, 3):\n"
        "            at, state = stepper(at, state, gradient_of, t)\n"
        "        walks[name] = at, state\n"
        "    return walks",
        {
            "steppers": SteppersOf(("swing", "wanderer")), "theta": np.array([1.0, 2.0]),
            "gradient_of": GradientOf("quadratic", {"hessian": MATRIX}),
        },
    ),
    "a stepper with a gradient of its own": (
        "def f(steppers, theta):\n    return steppers['swing'](theta, None, lambda at: at**2, 1)",
        {"steppers": SteppersOf(("swing",)), "theta": X},
    ),
    "a stepper with a value for the gradient": (
        "def f(steppers, theta):\n    return steppers['swing'](theta, None, theta, 1)",
        {"steppers": SteppersOf(("swing",)), "theta": X},
    ),
    "steppers that come back": ("def f(steppers):\n    return steppers", {"steppers": SteppersOf(("swing",))}),
    "a given function returned": ("def f(schedule):\n    return schedule", {"schedule": ScheduleOf((0.5, 0.25, *[0.1] * 6))}),
    "a value": (
        "def f(J, theta):\n    return J(theta), J((2 * theta).tolist()), type(J(theta)).__name__",
        {"J": ValueOf("bowl", grain=0.25), "theta": np.array([1.0, 2.0])},
    ),
    "a value that overflows": ("def f(J):\n    return J([1e200, 0.0])", {"J": ValueOf("bowl")}),
    "a value asked at another shape": ("def f(J):\n    return J(np.zeros(5))", {"J": ValueOf("bowl")}),
    "a value of a matrix, asked freely": (
        "def f(J, x):\n    return [J(x.reshape(2, 1)), J([[1.0], [2.0]])]",
        {"J": ValueOf("bowl", shape=(2, 1), counted=False), "x": np.array([0.5, 2.0])},
    ),
    "a value asked by name": ("def f(J):\n    return J(theta=np.zeros(2))", {"J": ValueOf("bowl")}),
    "the gradient of an example": (
        "def f(example_gradient, theta):\n    return sum(example_gradient(theta, i) for i in np.array([2, 0]))",
        {"example_gradient": EXAMPLES, "theta": np.array([1.0, 2.0])},
    ),
    "the gradient of a whole batch": (
        "def f(example_gradient, theta):\n    return example_gradient(theta, np.array([2, 0]))",
        {"example_gradient": EXAMPLES, "theta": np.array([1.0, 2.0])},
    ),
    "the gradient of no example": (
        "def f(example_gradient, theta):\n    return example_gradient(theta, 7)",
        {"example_gradient": EXAMPLES, "theta": np.array([1.0, 2.0])},
    ),
    "a generator that goes on": (
        "def f(rng):\n    return [rng.permutation(5) for _ in range(2)], np.random.default_rng(3).permutation(4)",
        {"rng": GeneratorOf(4)},
    ),
    "a clock": (
        "def f(clock, schedule):\n    first = clock()\n    schedule(1)\n    return clock() - first, clock()",
        {"clock": ClockOf(1e6, 0.25, "schedule", 1, 3600.0), "schedule": ScheduleOf((0.5, 0.25, 0.125))},
    ),
    "a clock asked for something": ("def f(clock):\n    return clock(1)", {"clock": ClockOf(0.0, 1.0)}),
    "a helper called with a dict": (
        "def f(x):\n    return named({'x': x, 'n': 3, 'y': [1.0, 2.0], 'none': None}, {})", {"x": X}
    ),
    "a helper called with a dict of texts": ("def f():\n    return named({'x': 'text'}, {})", {}),
    "a helper called with a dict in a dict": ("def f():\n    return named({'x': {'y': 1.0}}, {})", {}),
    "a helper called with a dict without names": ("def f():\n    return named({1: 2.0}, {})", {}),
    "a helper called with huge numbers in a dict": ("def f():\n    return named({'n': 9999, 'k': 9999}, {})", {}),
    "a helper": ("def helper(x): return 0\ndef f(x):\n    return helper(x) + 1", {"x": X}),
    "a helper called with a list": ("def f():\n    return helper([1.0, 2.0])", {}),
    "a helper called with a text": ("def f():\n    return helper('text')", {}),
    "a helper called with a huge number": ("def f():\n    return helper(10**9)", {}),
    "a helper that raises": ("def f(x):\n    return helper(-x)", {"x": X}),
}  # fmt: skip

TABLE = {
    **{f"returns {name}": (f"def f(x):\n    return {source}", {"x": X}) for name, source in RETURNS.items()},
    **{f"called: {name}": row for name, row in FUNCTIONS.items()},
}


def helper(x: Any) -> Any:
    """A reference on loan: the square root, of what has one."""
    if np.any(np.asarray(x) < -2):
        raise ValueError("too small")
    return np.sqrt(np.abs(x))


def named(values: dict, others: dict) -> Any:
    """A reference on loan that takes dicts by name, and names what it took."""
    return [sorted(values), float(np.sum(values["x"])), len(others)], None


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(limits=Limits(exercise_cpu=5.0, cell_cpu=5.0)) as made:
        yield made


@pytest.mark.parametrize("name", TABLE)
def test_both_ways_give_the_same_outcome(name: str, sandbox: Sandbox) -> None:
    source, arguments = TABLE[name]
    source = f"import numpy as np\n{source}"
    namespace: dict[str, Any] = {}
    exec(compile(source, "<cell>", "exec"), namespace)
    here = told(InPlace(namespace), arguments)
    with sandbox.child() as child:
        assert child.run_cell(source).error is None
        there = told(RemoteStudent(child), arguments)
    assert there == here


def told(student: Any, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return a call's outcome, in a form that can be compared."""
    handed, asked = handed_over(arguments)
    outcome = student.call("f", handed, lending.lent({"helper": helper, "named": named}))
    error = raised_of(outcome)
    return {
        "value": compared(plain(outcome.value)),
        "kinds": error and error.kinds,
        "message": error and error.message,
        "changed": outcome.changed,
        "shared": outcome.shared,
        "printed": outcome.printed,
        "asked": {key: compared([plain(point) for point in function.points]) for key, function in asked.items()},
    }


def compared(value: Any, depth: int = 0) -> Any:
    """Return a plain value as one that `==` compares to the bit; functions by what they answer."""
    if isinstance(value, np.ndarray):
        return "array", value.dtype.name, value.shape, value.tobytes()
    if isinstance(value, float):
        return "float", np.float64(value).tobytes()
    if isinstance(value, list):
        return [compared(item, depth) for item in value]
    if isinstance(value, dict):
        return {key: compared(item, depth) for key, item in value.items()}
    if callable(value):
        return ("function", *(answer(value, point, depth + 1) for point in POINTS)) if depth < 2 else "function"
    assert value is None or isinstance(value, (bool, int, str, Odd))
    return type(value).__name__.removesuffix("_"), value


def answer(function: Callable, point: Any, depth: int) -> Any:
    """Return what a student's function answers, or what it raises."""
    try:
        return compared(plain(function(point)), depth)
    except Exception as error:
        # One of our own functions that came back raises as it is.
        own = Raised(tuple(kind.__name__ for kind in type(error).__mro__), str(error))
        raised = getattr(error, "raised", own)
        return tuple(raised.kinds), raised.message


@pytest.mark.parametrize("source", ["value = []\nvalue.append(value)", "value = 0.0\nfor _ in range(10_000): value = [value]"])
def test_a_value_that_is_nested_without_end_is_of_no_use_either_way(source: str, sandbox: Sandbox) -> None:
    # The one row where the two differ: in place such a value comes back as something odd, from the sandbox as a ValueError.
    source = f"{source}\ndef f():\n    return value"
    namespace: dict[str, Any] = {}
    exec(source, namespace)
    innermost = plain(InPlace(namespace).call("f", {}, {}).value)
    while isinstance(innermost, list):
        (innermost,) = innermost
    assert innermost == Odd("a value that is nested too deeply")
    with sandbox.child() as child:
        child.run_cell(source)
        outcome = RemoteStudent(child).call("f", {}, {})
    assert outcome.error.kind == "ValueError"
    assert "nested too deep" in outcome.error.message


# What a stepper hands out as its state.
STATES = {
    "nothing": "None", "a number": "1.5", "a scalar": "np.float64(1.5)", "an array": "theta", "a pair": "(theta, [1, theta])",
    "a dict": "{'m': theta, 'n': t}", "a named tuple": "__import__('collections').namedtuple('State', 'm v')(theta, 2.0)",
    "an object": "type('Memory', (), {})()", "a set": "{1}", "an object inside": "{'m': [type('Memory', (), {})()]}",
    "complex numbers": "theta * 1j", "a text": "'words'", "a flag": "True",
}  # fmt: skip


@pytest.mark.parametrize("name", STATES)
def test_a_stepper_walks_alike_either_way_whatever_its_state(name: str, sandbox: Sandbox) -> None:
    source = (
        "import numpy as np\n"
        "def make(lr):\n"
        "    def stepper(theta, state, gradient_of, t):\n"
        "        seen = len(type(state).__name__)\n"
        f"        return theta - (lr + seen) * gradient_of(theta), {STATES[name]}\n"
        "    return stepper"
    )
    scenario = Stepper("make", {"lr": 0.1}, GradientOf("quadratic", {"hessian": MATRIX}), [X[:2], X[1:]], 3)
    namespace: dict[str, Any] = {}
    exec(source, namespace)
    here = scenario.play(InPlace(namespace), {})
    with sandbox.child() as child:
        assert child.run_cell(source).error is None
        there = scenario.play(RemoteStudent(child), {})
    assert there.to_json() == here.to_json()


def test_values_are_the_same_either_way(sandbox: Sandbox) -> None:
    source = "import numpy as np\nchoice, numbers, nothing, rule = ' C ', np.array([1.0, 2.0]), None, lambda t: 2 * t"
    namespace: dict[str, Any] = {}
    exec(source, namespace)
    with sandbox.child() as child:
        child.run_cell(source)
        students = (InPlace(namespace), RemoteStudent(child))
        for name in ("choice", "numbers", "nothing", "rule"):
            here, there = (compared(plain(student.value(name))) for student in students)
            assert here == there
        for student in students:
            with pytest.raises(NameError):
                student.value("no_such_name")
