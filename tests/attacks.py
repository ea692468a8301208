"""A table of hostile and broken submissions of the real course: what each does, and what it must come to.

Each is the solved notebook with some cells replaced, or the file changed. What it attacks scores nothing unless `scores` says
otherwise, and all else of it keeps its points. `said`, `shown`, `printed` and `notes` show that the attack really ran: patterns in
the verdicts that are below full marks, in the cells' outputs, in what was printed while judging, in what intake says.

In sources and files @ROOT@ is the course's folder, @CLASS@ one with a gradebook and another student's work, @PORT@ and
@ABSTRACT@ sockets of the host.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, field

S02, S08, S12 = "s02_gradient_descent", "s08_schedules", "s12_adam"
FUNCTIONS = {
    "gd_step": "theta, gradient, lr",
    "gradient_descent": "gradient_of, theta0, schedule, n_steps",
    "hessian_spectrum": "hessian",
    "max_stable_lr": "hessian",
    "optimal_lr": "hessian",
    "contraction_factor": "hessian, lr",
    "update_moments": "m, v, gradient, beta1=0.9, beta2=0.999",
    "moment_weights": "beta, t",
    "bias_correction": "moment, beta, t",
    "adam_step": "theta, m, v, gradient, t, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8",
    "descend": "velocity_rule, theta0, gradient_of, schedule, n_steps",
    "exponential_decay": "eta0, gamma",
    "piecewise_constant": "boundaries, values",
}
STEPS = ("gd_step", "gradient_descent", "hessian_spectrum", "max_stable_lr", "optimal_lr", "contraction_factor")
RIGHT_STEP = "return theta - lr * gradient"


@dataclass(frozen=True)
class Attack:
    """One submission. `cells`: cell id → source; `added`: sources of cells put before the cell of that id; `change` edits the
    notebook; `files` lie beside it, a str as content, a tuple as the target of a link; `scores` by exercise; `control`: without a
    sandbox it finds what it looks for."""

    name: str
    cells: dict[str, str] = field(default_factory=dict)
    added: dict[str, str] = field(default_factory=dict)
    change: Callable[[dict], None] | None = None
    files: dict[str, str | tuple[str]] = field(default_factory=dict)
    section: str = S02
    scores: dict[str, float] = field(default_factory=dict)
    said: str = ""
    shown: str = ""
    printed: str = ""
    notes: str = ""
    control: bool = False

    @property
    def expected(self) -> dict[str, float]:
        """Exercise → score, of those that don't get full marks."""
        return dict.fromkeys(self.cells, 0.0) | self.scores


def written(name: str, body: str, before: str = "") -> dict[str, str]:
    """Return the cell of an exercise with this body, and what stands before the function."""
    lines = "\n".join(f"    {line}" for line in body.strip("\n").split("\n"))
    return {name: f"{before.strip()}\ndef {name}({FUNCTIONS[name]}):\n{lines}\n"}


def all_steps(value: str, before: str = "") -> dict[str, str]:
    """Return cells in which every function of section 2 returns `value`, and the question's answer is `value`."""
    cells = {name: f"def {name}(*args, **kwargs):\n    return {value}" for name in STEPS}
    cells["gd_step"] = f"{before.strip()}\n{cells['gd_step']}"
    return cells | {"large_rate": f"large_rate = {value}"}


# Looking for the answer -------------------------------------------------------------------------------------------------------

# Each way is tried by itself; a Found in the verdict means that one of them came to something.
_LOOK = """
import gc, glob, importlib, importlib.metadata, inspect, os, pkgutil, pickle, socket, sqlite3, subprocess, sys
class Found(Exception): pass
loot, tries = [], 0
def attempt(way):
    global tries
    tries += 1
    try:
        found = way()
    except BaseException:
        return
    if found: loot.append(found)
"""
_TELL = "if loot:\n    raise Found\nif not tries:\n    return None\nraise LookupError"
_HIDDEN = ("reference_impl", "grader_tests")


def looks(name: str, *ways: str, setup: str = "", control: bool = True, **more: object) -> Attack:
    """An attack that tries `ways`, expressions, in its cell, and says at grading whether one of them found anything."""
    before = "\n".join([_LOOK, setup, *(f"attempt(lambda: {way})" for way in ways)])
    return Attack(name, written("gd_step", _TELL, before), said="raises LookupError", control=control, **more)


def looks_within(name: str, exercise: str, *ways: str, setup: str = "") -> Attack:
    """The same from inside the function, while the judge waits for it."""
    body = "\n".join([*(f"attempt(lambda: {way})" for way in ways), _TELL])
    return Attack(name, written(exercise, body, f"{_LOOK}\n{setup}"), said="raises LookupError")


LOOKING = [
    looks(
        "reads the reference, the checks and the solutions by their paths",
        *[f"open('@ROOT@/{part}/{S02}.py').read()" for part in _HIDDEN],
        f"open('@ROOT@/solutions/{S02}/{S02}.ipynb').read()",
        f"open('@ROOT@/lectures/source/{S02}.py').read()",
    ),
    looks(
        "lists the course's folder",
        "set(os.listdir('@ROOT@')) - {os.path.basename(sys.prefix)}",
        "glob.glob('@ROOT@/*/*.py')",
        "os.stat('@ROOT@/pyproject.toml')",
    ),
    looks("imports the reference and the checks", *[f"importlib.import_module('{part}.{S02}')" for part in _HIDDEN]),
    looks(
        "imports them by a path of its own",
        *[f"importlib.import_module('{part}').{S02}" for part in _HIDDEN],
        "importlib.import_module('grader_tests').exercise('gd_step').reference",
        setup="sys.path[:0] = ['@ROOT@', '/course', '/course/engine']\nimportlib.invalidate_caches()",
    ),
    looks(
        "loads the entry point of the hidden checks",
        "[entry.load() for entry in importlib.metadata.entry_points(group='descentlab.hidden_checks')]",
    ),
    looks(
        "turns the hidden checks on again",
        "importlib.import_module('descentlab.selfcheck')._hidden_checks()",
        setup="os.environ.pop('DESCENTLAB_CHECKS', None)",
    ),
    looks(
        "imports the engine", "importlib.import_module('coursekit.grading.judge')", "importlib.import_module('coursekit.settings')"
    ),
    looks(
        "follows the editable install to its folder",
        "[open(os.path.join(where, f'{stem}.py')).read() for name, where in mapping.items() if name in ('grader_tests', 'reference_impl')]",
        setup=f"stem = '{S02}'\nfinders = [name for name in sys.modules if name.startswith('__editable___')]\n"
        "mapping = sys.modules[finders[0]].MAPPING if finders else "
        "{name: f'@ROOT@/{name}' for name in ('grader_tests', 'reference_impl')}",
    ),
    looks(
        "reads other processes through /proc",
        "[pid for pid in os.listdir('/proc') if pid.isdigit() and int(pid) != os.getpid()]",
        "open('/proc/1/environ', 'rb').read()",
        "open(f'/proc/{os.getppid()}/cmdline', 'rb').read()",
        "os.listdir(f'/proc/{os.getppid()}/cwd')",
    ),
    looks(
        "reaches the host's network",
        "socket.create_connection(('127.0.0.1', @PORT@), 1)",
        "abstract()",
        setup="def abstract():\n    s = socket.socket(socket.AF_UNIX)\n    s.connect('\\0@ABSTRACT@')\n    return s",
    ),
    looks(
        "edits the gradebook, the submissions and the feedback",
        "sqlite3.connect('@CLASS@/gradebook.db').execute('update grade set auto_score = 99').connection.commit() or True",
        "open('@CLASS@/gradebook.db', 'ab').write(b'x')",
        "open('@CLASS@/submitted/other/work.ipynb', 'w').write('mine')",
        "open('@CLASS@/autograded/other/work.ipynb', 'w').write('mine')",
    ),
    looks(
        "copies from another student",
        "open('@CLASS@/submitted/other/work.ipynb').read()",
        "glob.glob('@CLASS@/submitted/*/*')",
    ),
    looks(
        "asks programs to look",
        "subprocess.run(['cat', '@ROOT@/reference_impl/__init__.py'], check=True)",
        "subprocess.run('ls @ROOT@/grader_tests', shell=True, check=True)",
    ),
    looks(
        "reads through a link beside the notebook",
        "open('data.txt').read()",
        "os.listdir('folder')",
        "os.readlink('data.txt')",
        files={"data.txt": ("@ROOT@/pyproject.toml",), "folder": ("@ROOT@",)},
        notes="not taken: .*a link",
        control=False,
    ),
    looks(
        "searches memory for what the judge knows",
        "[o for o in gc.get_objects() if type(o).__module__.startswith(('coursekit', 'grader_tests', 'reference_impl'))]",
        "[o for o in gc.get_objects() if type(o).__name__ in ('Prepared', 'Exercise', 'Known', 'Case', 'Link')]",
        "[name for name in sys.modules if name.partition('.')[0] in ('coursekit', 'grader_tests', 'reference_impl', 'nbgrader')]",
        "[o for o in gc.get_objects() if type(o) is dict and 'both_sides_of_the_limit' in o]",
        control=False,
    ),
    looks(
        "asks the recordings for the key of the question",
        "importlib.import_module('descentlab.recordings').load(stem)['answers']",
        "importlib.import_module('descentlab.recordings').load(stem)['exercises']['large_rate']['question']['answer']",
        setup=f"stem = '{S02}'",
        control=False,
    ),
    looks_within(
        "looks through the frames of its caller",
        "gd_step",
        "[f for f in frames() if {'expected', 'verdict', 'prepared', 'reference', 'scenario', 'rng'} & set(f.f_locals)]",
        "[f for f in frames() if 'coursekit' in f.f_globals.get('__name__', '')]",
        setup="def frames():\n    f = sys._getframe()\n    while f:\n        yield f\n        f = f.f_back",
    ),
    looks_within(
        "takes the functions that it is given apart",
        "gradient_descent",
        "gradient_of.__closure__",
        "gradient_of.__code__",
        "gradient_of.__wrapped__",
        "gradient_of.__globals__",
        "inspect.getsource(gradient_of)",
        "gradient_of._answer",
        "gradient_of.points",
        "schedule.values",
        "gd_step.__code__",
        "pickle.dumps(gradient_of)",
        "[v for v in vars(schedule).values() if type(v) in (tuple, list, dict)]",
        "[o for o in gc.get_referents(gradient_of) if getattr(type(o), '__module__', '').startswith('descentlab')]",
    ),
    looks_within(
        "takes the helper that it is given apart",
        "max_stable_lr",
        "inspect.getsource(hessian_spectrum)",
        "hessian_spectrum.__code__",
        "hessian_spectrum.__wrapped__",
        "hessian_spectrum._function",
        "hessian_spectrum.__init__.__globals__['reference_impl']",
    ),
    Attack(
        "asks the judge for functions that it was never given",
        written("gradient_descent", "return [gradient_of._talk.ask(handle, (theta0,), {}) for handle in range(100, 200)]"),
        said="stopped while it was checked: what the process sent is no answer",
    ),
]

# Answers from elsewhere -------------------------------------------------------------------------------------------------------

_REPLAY = """
import itertools
from descentlab import recordings
def recorded(name):
    values = [[v for *_, v in case["expected"]["values"]]
              for part in recordings.load("@SECTION@")["exercises"][name]["parts"] for case in part["cases"]]
    return itertools.cycle([recordings.from_json(v) for vs in values for v in vs])
"""
_REPLAYED = "answers_{name} = recorded('{name}')\ndef {name}(*args, **kwargs):\n    return next(answers_{name})"


def replays(section: str, names: tuple[str, ...]) -> Attack:
    """An attack that answers with what the public recordings expect, in their order."""
    cells = {name: _REPLAYED.format(name=name) for name in names}
    first = names[0]
    cells[first] = _REPLAY.replace("@SECTION@", section) + cells[first]
    return Attack(f"replays the recordings of {section}", cells, section=section, said="yours")


BORROWED = [
    replays(S02, STEPS),
    replays(S12, ("update_moments", "moment_weights", "bias_correction", "adam_step")),
    Attack(
        "returns a ghost of the figures",
        written("gradient_descent", f"return recordings.ghost('{S02}/ravine').path", "from descentlab import recordings"),
        said="yours has the shape",
    ),
    Attack("returns the helper itself", written("max_stable_lr", "return hessian_spectrum"), said="yours is a function"),
    Attack("returns what the helper returns", written("optimal_lr", "return hessian_spectrum(hessian)"), said="shape"),
    Attack(
        "hands the helper on as the answer to another exercise",
        {**written("max_stable_lr", "global kept\nkept = hessian_spectrum\nreturn 2 / kept(hessian)[-1]"),
         **written("optimal_lr", "return kept(hessian)[0]")},
        scores={"max_stable_lr": 2.0}, said="raises ValueError",
    ),
    Attack(
        "keeps a gradient and asks it in the next exercise",
        {**written("gradient_descent", "global kept\nkept = gradient_of\nreturn theta0"),
         **written("hessian_spectrum", "return kept(hessian[0])")},
        said="yours|raises ValueError",
    ),
    Attack(
        "keeps a gradient and returns it as a schedule",
        {**written("descend", "global kept\nkept = gradient_of\nreturn theta0"),
         **written("exponential_decay", "return kept")},
        section=S08, said="yours|raises ValueError",
    ),
    Attack(
        "answers from the objectives of the package, without asking the gradient",
        written("gradient_descent", "return [theta0] * (n_steps + 1)", "from descentlab import objectives"),
        said="yours",
    ),
    Attack(
        "leaves marks for the next process",
        written("gd_step", "raise Found if found else LookupError", """
import os
class Found(Exception): pass
places = [os.path.expanduser("~/.mark"), "/tmp/mark", "/var/tmp/mark", "/dev/shm/mark", "mark"]
found = [place for place in places if os.path.exists(place)]
for place in places:
    try: open(place, "w").write("x")
    except OSError: pass
"""),
        said="raises LookupError",
    ),
    Attack(
        "answers only while nobody grades",
        written("gd_step", "raise Asked", "class Asked(Exception): pass\nprint('gd_step: 2 of 2 points')"),
        said="raises Asked", shown="gd_step: 2 of 2 points",
    ),
]  # fmt: skip

# Bending what would compare ---------------------------------------------------------------------------------------------------

_WRONG = "return theta + 1"
_EQUAL = """
class Equal:
    shape, ndim, dtype, size = (3,), 1, np.dtype(float), 3
    __array_priority__ = 1e9
    def _yes(self, *args, **kwargs): return True
    __eq__ = __ne__ = __le__ = __ge__ = __lt__ = __gt__ = __bool__ = __contains__ = _yes
    __hash__ = None
    def _self(self, *args, **kwargs): return self
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __abs__ = __neg__ = _self
    __array_ufunc__ = __array_function__ = all = any = max = min = _yes
    def __float__(self): return 0.0
    def __len__(self): return 3
    def __iter__(self): return iter([0.0] * 3)
    def __array__(self, *args, **kwargs): return np.zeros(3)
"""
_SUBCLASS = """
class Sly(np.ndarray):
    def __eq__(self, other): return np.True_
    def __array_ufunc__(self, *args, **kwargs): return np.True_
    def __array_function__(self, *args, **kwargs): return True
    def tobytes(self, *args): return b""
    def astype(self, *args): return self
    def __array_finalize__(self, other): pass
    @property
    def dtype(self): raise RuntimeError
sly = np.zeros(3).view(Sly)
"""
_LIE = """
import sys
calls = sys.modules[type(get_ipython()).__module__.replace("notebook", "calls")]
calls._changed = lambda *args: []
calls._shared = lambda *args: []
print("bent", calls.__name__)
"""

BENDING = [
    Attack(
        "patches numpy's comparisons",
        written("gd_step", _WRONG, """
for module in (np, np.testing, np.linalg):
    for name in ("allclose", "isclose", "array_equal", "array_equiv", "assert_allclose", "assert_array_equal", "all", "any"):
        if hasattr(module, name): setattr(module, name, lambda *args, **kwargs: True)
print("allclose", np.allclose(0, 1))
"""),
        shown="allclose True", said="yours|a ValueError is wanted",
        # Honest code of the same notebook that asks np.allclose is answered by the patch: this is its author's own doing.
        scores={"hessian_spectrum": 1.5},
    ),
    Attack(
        "patches what makes arrays",
        written("gd_step", _WRONG, "real = np.asarray\nnp.asarray = np.array = lambda *args, **kwargs: real(0.0)\nprint(np.array([7.0]))"),
        shown=r"0\.0", said="yours", scores={"gradient_descent": 0.0},
    ),
    Attack(
        "patches numpy's norm, isfinite and abs",
        written("gd_step", _WRONG, "np.isfinite = lambda *a: np.True_\nnp.linalg.norm = lambda *a: 0.0\nprint(np.linalg.norm([3.0]))"),
        shown=r"0\.0", said="yours",
    ),
    Attack(
        "patches builtins",
        written("gd_step", _WRONG, """
import builtins
for name in ("abs", "all", "any", "round", "max", "min", "sum", "sorted"):
    setattr(builtins, name, lambda *args, **kwargs: True)
print("patched")
"""),
        # The later cells are run by an IPython that cannot count any more.
        shown="patched", said="yours|stopped|raises TypeError", scores=dict.fromkeys(STEPS[1:], 0.0),
    ),
    Attack(
        "patches type, isinstance and len",
        written("gd_step", "import builtins\nbuiltins.isinstance = lambda *a: True\nbuiltins.len = lambda x: 3\n" + _WRONG),
        said="yours|stopped",
    ),
    Attack(
        "patches json and struct, which the wire is made of",
        written("gd_step", _WRONG, "import json, struct\njson.dumps = json.loads = struct.pack = lambda *a, **k: b'2 of 2'\nprint(json.dumps(1))"),
        shown="2 of 2", said="yours",
    ),
    Attack("returns an object that equals everything", all_steps("Equal()", _EQUAL), said="yours is a value of type Equal|large_rate is"),
    Attack("returns an array whose class lies", all_steps("sly", _SUBCLASS), said="yours|raises|large_rate is"),
    Attack(
        "returns a float that equals everything",
        all_steps("Sly(0)", "class Sly(float):\n    def __eq__(self, other): return True\n    __hash__ = None\n    def __float__(self): return self"),
        said="yours|large_rate is",
    ),
    Attack(
        "returns a numpy float that equals everything",
        all_steps("Sly(0)", "class Sly(np.float64):\n    def __eq__(self, other): return True\n    __hash__ = None"),
        said="yours|large_rate is",
    ),
    Attack(
        "returns a text that equals everything",
        all_steps("Sly('x')", "class Sly(str):\n    def __eq__(self, other): return True\n    def strip(self): return 'c'\n    __hash__ = None"),
        said="yours|large_rate is",
    ),
    Attack(
        "returns a list without end",
        written("gd_step", "return Sly()", "class Sly(list):\n    def __iter__(self):\n        while True: yield 0.0\n    def __len__(self): return 3"),
        said="stopped|raises MemoryError|returns",
    ),
    Attack(
        "redefines check and globals",
        written("gd_step", _WRONG, "def check(*args): return 2.0\ndef globals(): return {}\nprint(check('gd_step', globals()))"),
        shown=r"2\.0", said="yours",
    ),
    Attack(
        "bends the checks of the package",
        written("gd_step", _WRONG, """
import descentlab, descentlab.selfcheck as own
from descentlab.checks import exercise, scenarios, values, verdict
for module in (descentlab, own, verdict, values, scenarios, exercise):
    for name in ("check", "assess", "difference", "first_difference", "close", "same", "property_result"):
        if hasattr(module, name): setattr(module, name, lambda *args, **kwargs: None)
verdict.Verdict.score = 2.0
print("bent", values.difference(0, 1))
"""),
        shown="bent None", said="yours",
    ),
    Attack(
        "puts other modules in the place of the package",
        written("gd_step", _WRONG, """
import sys, types
for name in [name for name in sys.modules if name.partition(".")[0] == "descentlab"]:
    sys.modules[name] = types.ModuleType(name)
import os; os.environ["DESCENTLAB_CHECKS"] = "hidden"
from descentlab import checks
print("replaced", hasattr(checks, "assess"))
"""),
        shown="replaced False", said="yours",
    ),
    Attack(
        "brings modules of its own",
        written("gd_step", _WRONG, """
import importlib, os, sys
with open("descentlab.py", "w") as file: file.write("check = lambda *args: 2.0")
for name in ("usercustomize.py", "sitecustomize.py", "numpy.py", "json.py"):
    with open(name, "w") as file: file.write("raise SystemExit")
print(sorted(name for name in os.listdir(".") if name.endswith(".py")))
"""),
        files=dict.fromkeys(("descentlab.py", "numpy.py", "sitecustomize.py", "usercustomize.py", "conftest.py", "nbgrader_config.py", "ipython_config.py"), "def check(*args): return 2.0\nchecks = check"),
        shown="descentlab.py", notes="files that the release does not have are not taken", said="yours",
    ),
    Attack(
        "tells the judge that nothing was changed or shared",
        # A lie costs more than a copy, and is worth as much: the values were right.
        written("gd_step", "theta -= 0\nreturn theta - lr * gradient", _LIE), scores={"gd_step": 2.0}, shown="bent",
    ),
    Attack(
        "changes the arguments and the result of the call before",
        # In the child's own copies: the judge's are its own.
        written("gd_step", """
for array in kept: array[...] = 0
kept[:] = [theta, gradient, np.asarray(theta - lr * gradient)]
return kept[-1]
""", "kept = []\nprint('kept')"), scores={"gd_step": 2.0}, shown="kept",
    ),
    Attack(
        "seeds the random numbers",
        written("gd_step", "np.random.seed(0)\nreturn np.random.normal(size=theta.shape)",
                "import random\nrandom.seed(0); np.random.seed(0)\nnp.random.default_rng = lambda *a: None\nprint(np.random.default_rng(1))"),
        shown="None", said="yours",
    ),
    Attack(
        "returns other things each time",
        written("gd_step", "global n\nn += 1\nreturn [theta, None, 'text', 1j, gd_step, [theta], {}][n % 7]", "n = 0"),
        said="yours",
    ),
]  # fmt: skip

# Odd values -------------------------------------------------------------------------------------------------------------------

ODD = {
    "NaN": "np.full(3, np.nan)",
    "infinity": "float('inf')",
    "negative zero": "-0.0",
    "True": "True",
    "a huge integer": "10**400",
    "an integer of ten million digits": "1 << 33_000_000",
    "a text of ten megabytes": "'x' * 10_000_000",
    "the text of a number": "'0.5'",
    "a text with markup": "'<script>alert(1)</script>'",
    "half a character": "'\\ud800'",
    "bytes": "b'\\x00' * 24",
    "a set": "{1.0, 2.0}",
    "a memoryview": "memoryview(bytes(24))",
    "a generator": "(k for k in iter(int, 1))",
    "a module": "np",
    "a class": "float",
    "a bound method": "[].append",
    "a function that returns itself": "recursive",
    "an open file": "open('/dev/null')",
    "Ellipsis in a list": "[...]",
    "a list nested ten thousand deep": "deep",
    "a list that holds itself": "endless",
    "a dict that holds itself": "mapping",
    "a dict with odd keys": "{None: 1, (1, (2,)): 2, 1.5: 3, frozenset(): 4, True: 5, print: 6, b'x': 7}",
    "a dict of a hundred thousand entries": "dict.fromkeys(range(100_000))",
    "a list of a million numbers": "[0.5] * 1_000_000",
    "a list of two hundred thousand numbers": "[0.5] * 190_000",
    "an array of a hundred million numbers": "np.zeros(10**8)",
    "one number as a hundred million": "np.broadcast_to(0.0, (10**8,))",
    "no numbers, in two billion rows": "np.zeros((2**31 - 1, 0))",
    "an array of thirty axes": "np.zeros((1,) * 30)",
    "objects": "np.array([1.0, None, print], dtype=object)",
    "objects that are arrays": "objects",
    "complex numbers": "np.zeros(3, dtype=complex)",
    "void": "np.zeros(3, dtype='V8')",
    "dates": "np.zeros(3, dtype='datetime64[s]')",
    "texts": "np.array(['0.5', '1.5', '2.5'])",
    "halves": "np.array([0.1, 0.2, 0.3], dtype=np.float16)",
    "truth values": "np.array([True, False, True])",
    "a ragged list": "[[1.0], [2.0, 3.0], 4.0]",
    "a masked array": "np.ma.masked_all(3)",
    "an exception": "ValueError('returned')",
    "a random generator": "np.random.default_rng(1)",
}  # fmt: skip
_ODD = """
recursive = lambda *args, **kwargs: recursive
deep = 0.0
for _ in range(10_000): deep = [deep]
endless = []
endless.append(endless)
mapping = {}
mapping["self"] = mapping
objects = np.empty(3, dtype=object)
objects[:] = [np.zeros(3)] * 3
"""
_OUTCOMES = "yours|returns|raises|stopped"
VALUES = [
    Attack(
        f"returns {name}",
        {"gd_step": f"{_ODD}\ndef gd_step(*args, **kwargs):\n    return {value}",
         "gradient_descent": f"def gradient_descent(*args, **kwargs):\n    return {value}"},
        said=_OUTCOMES,
    )
    for name, value in ODD.items()
]  # fmt: skip
_AS_ANSWERS = ("NaN", "a huge integer", "a function that returns itself", "a list nested ten thousand deep", "a list that holds itself",
               "a dict with odd keys", "an array of a hundred million numbers", "no numbers, in two billion rows", "objects", "texts",
               "truth values", "a generator", "half a character", "a text with markup")  # fmt: skip
VALUES += [
    Attack(f"answers the question with {name}", {"large_rate": f"{_ODD}\nlarge_rate = {ODD[name]}"}, said="large_rate")
    for name in _AS_ANSWERS
]

# Exceptions -------------------------------------------------------------------------------------------------------------------

_META = "class Meta(type):\n    {method}\nclass Sly(Exception, metaclass=Meta): pass"
EXCEPTIONS = {
    "raises with a message of ten megabytes": ("raise ValueError('x' * 10_000_000)", "", "raises ValueError"),
    "raises with markup in its message": ("raise ValueError('<script>alert(1)</script>')", "", "raises ValueError"),
    "raises with halves of characters": ("raise ValueError('\\ud800\\udfff\\x00\\u202e')", "", "raises ValueError"),
    "raises what cannot be told": (
        "raise Sly",
        "class Sly(Exception):\n    def __str__(self): raise KeyboardInterrupt\n    __repr__ = __str__",
        "raises Sly",
    ),
    "raises what is told without end": (
        "raise Sly",
        "class Sly(Exception):\n    def __str__(self):\n        while True: pass",
        "took longer",
    ),
    "raises a class without a name": ("raise Sly", _META.format(method="__name__ = property(lambda cls: 1 / 0)"), "raises|stopped"),
    "raises a class with an endless ancestry": (
        "raise Sly",
        _META.format(method="__mro__ = property(lambda cls: iter(lambda: cls, 0))"),
        "raises|stopped",
    ),
    "raises a class whose name is markup": ("raise type('<img src=x onerror=alert(1)>', (Exception,), {})", "", "raises Exception"),
    "raises a class of our own errors' names": ("raise type('GraderFault', (Exception,), {})", "", "raises GraderFault"),
    "raises a SandboxFault of its own": (
        "raise type('SandboxFault', (BaseException,), {'raised': None})",
        "",
        "raises SandboxFault",
    ),
    "raises KeyboardInterrupt": ("raise KeyboardInterrupt", "", "raises KeyboardInterrupt"),
    "raises SystemExit": ("import sys; sys.exit('bye')", "", "raises SystemExit"),
    "raises GeneratorExit": ("raise GeneratorExit", "", "raises GeneratorExit"),
    "raises StopIteration": ("raise StopIteration", "", "raises StopIteration"),
    "raises a group of groups": (
        "error = ValueError()\nfor _ in range(200): error = ExceptionGroup('x', [error])\nraise error",
        "",
        "raises ExceptionGroup",
    ),
    "raises with a cycle of causes": (
        "a, b = ValueError(), TypeError()\na.__cause__, b.__cause__ = b, a\nraise a",
        "",
        "raises ValueError",
    ),
    "turns every warning into an error": (
        "import warnings\nwarnings.warn('x')\nreturn None",
        "import warnings\nwarnings.filterwarnings('error')",
        "returns None|raises",
    ),
    "recurses without end": ("return gd_step(theta, gradient, lr)", "", "raises RecursionError"),
    "recurses beyond Python's limit": (
        "return gd_step(theta, gradient, lr)",
        "import sys\nsys.setrecursionlimit(10**9)",
        "crashed|ended|took longer|RecursionError|[Mm]emory",
    ),
}
RAISING = [Attack(name, written("gd_step", body, before), said=said) for name, (body, before, said) in EXCEPTIONS.items()]
RAISING.append(
    Attack(
        "always refuses",
        {name: f"def {name}(*args, **kwargs):\n    raise ValueError('must be positive definite')" for name in STEPS},
        said="raises ValueError",
    )
)
# fmt: off
RAISING += [
    Attack("raises in a cell, with markup", written("gd_step", RIGHT_STEP, "raise ValueError('<script>alert(1)</script>' * 1000)"),
           said="raises ValueError at line 1"),
    Attack("ends a cell by sys.exit", written("gd_step", RIGHT_STEP, "import sys; sys.exit(0)"), said="raises SystemExit"),
    Attack("interrupts a cell", written("gd_step", RIGHT_STEP, "raise KeyboardInterrupt"), said="raises KeyboardInterrupt"),
    Attack("has a cell that is no Python", {"gd_step": "def gd_step(theta, gradient, lr)\n    return <b>"}, said="raises SyntaxError"),
    Attack("has a cell of nulls and nests", {"gd_step": "(" * 5000 + "\x00" + ")" * 5000}, said="raises|stopped"),
]
# fmt: on

# Processes, time and memory ---------------------------------------------------------------------------------------------------

# name: what the function does, what stands before it, and what the verdict says.
ENDS = {
    "os._exit": ("os._exit(0)", "ended the process \\(exit code 0\\)"),
    "os.abort": ("os.abort()", "crashed|SIGABRT"),
    # The first process of a namespace is deaf to what comes from within it, and there is nobody else to kill.
    "SIGKILL": ("os.kill(os.getpid(), signal.SIGKILL)\nreturn 0 * theta", "yours"),
    "SIGKILL to all": ("os.kill(-1, signal.SIGKILL)", "raises ProcessLookupError"),
    "SIGSEGV": ("import ctypes; ctypes.string_at(0)", "crashed"),
    "SIGXCPU ignored": ("signal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass", "took longer than 0.5 s of cpu time"),
    "an endless loop": ("while True: pass", "took longer than 0.5 s of cpu time"),
    "an endless loop that catches all": (
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass", "took longer than 0.5 s of cpu time"
    ),
    "an endless loop in C": ("sum(iter(int, 1))", "took longer than 0.5 s of cpu time"),
    "a signal handler": (
        "signal.signal(signal.SIGALRM, lambda *_: os._exit(7))\nsignal.setitimer(signal.ITIMER_REAL, 0.01)\nwhile True: pass",
        "exit code 7",
    ),
    "sleep": ("time.sleep(1000)", "took longer than 10 s"),
    "an endless loop in __del__": ("class Sly:\n    def __del__(self):\n        while True: pass\nSly()", "took longer than 0.5 s of cpu"),
    "an endless loop in __array__": (
        "class Sly:\n    def __array__(self, *args, **kwargs):\n        while True: pass\nreturn np.asarray(Sly())", "took longer than 0.5 s"
    ),
    "threads": (
        "for _ in range(4): threading.Thread(target=lambda: [0 for _ in iter(int, 1)]).start()\ntime.sleep(99)", "took longer than 0.5 s"
    ),
    "a fork bomb": ("while True:\n    try: os.fork()\n    except OSError: pass", "took longer|ended"),
    "a fork that answers too": ("os.fork()\nreturn theta * 0", "yours"),
    "a fork that holds the wire": ("if os.fork():\n    os._exit(3)\ntime.sleep(99)", "exit code 3"),
    "a daemon": (
        "if os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        while True: pass\n    os._exit(0)\nos.wait()\nreturn 0 * theta",
        "yours|took longer",
    ),
    "a memory bomb": ("held = []\nwhile True: held.append(bytearray(50_000_000))", "raises MemoryError|memory|took longer"),
    "memory in many processes": (
        "for _ in range(8):\n    if os.fork() == 0:\n        held = bytearray(b'x' * 100_000_000)\n        time.sleep(99)\ntime.sleep(99)",
        "memory|took longer",
    ),
    "a flood of files": (
        "for n in range(100_000): open(f'/tmp/{n}', 'wb').write(bytes(10**6))", "raises OSError"
    ),
    "a file without end": ("f = open('/tmp/f', 'wb')\nwhile True: f.write(bytes(10**6))", "raises OSError|SIGXFSZ|crashed"),
    "all descriptors": ("held = []\nwhile True: held.append(open('/dev/null'))", "raises OSError"),
    "a trace function": (
        "sys.settrace(lambda *args: os._exit(5))\nreturn (lambda: theta)()", "exit code 5"
    ),
    "what runs at the exit": (
        "atexit.register(lambda: os.write(3, b'2 of 2'))\nraise SystemExit", "raises SystemExit"
    ),
    "an interrupt from a thread": (
        "threading.Timer(0.01, _thread.interrupt_main).start()\nwhile True: pass", "raises KeyboardInterrupt|took longer"
    ),
    "a flood of print": ("while True: print('x' * 10**6)", "took longer than 0.5 s of cpu time"),
    "a recursion in C": ("x = []\nfor _ in range(10**6): x = [x]\nreturn x", "handed|raises|yours|crashed|ended|took longer"),
    "a full standard error": ("os.write(2, bytes(10**6))\nos.write(1, bytes(10**6))\nreturn 0 * theta", "yours"),
}  # fmt: skip
_SYSTEM = "import _thread, atexit, os, signal, sys, threading, time"
ENDING = [Attack(f"uses {name}", written("gd_step", body, _SYSTEM), said=said) for name, (body, said) in ENDS.items()]
ENDING += [
    Attack("ends the process in a cell", written("gd_step", RIGHT_STEP, "import os; os._exit(4)"), said="failed: .*exit code 4"),
    Attack("loops in a cell", written("gd_step", RIGHT_STEP, "while True: pass"), said="failed: took longer than 1 s"),
    Attack(
        "ends the process in every function",
        {name: f"import os\ndef {name}(*args, **kwargs): os._exit(9)" for name in STEPS}, said="exit code 9",
    ),
    Attack(
        "ends the process in a function that it returns",
        written("exponential_decay", "return lambda t: os._exit(6)", "import os"), section=S08, said="exit code 6",
    ),
    Attack(
        "returns a schedule that never ends",
        written("exponential_decay", "def schedule(t):\n    while True: pass\nreturn schedule"), section=S08, said="took longer than 0.5 s",
    ),
    Attack(
        "returns schedules that raise, and that return schedules",
        {**written("exponential_decay", "return lambda t: 1 / 0"), **written("piecewise_constant", "return lambda t: lambda t: 0.1")},
        section=S08, said="raises ZeroDivisionError|yours is a function",
    ),
    Attack(
        "hands out ten thousand functions",
        written("piecewise_constant", "return [lambda t: t for _ in range(50_000)]"), section=S08, said="too many functions|yours",
    ),
    Attack(
        "ends the process in a function that the judge's rule calls",
        written("descend", "return velocity_rule(theta0, theta0, lambda theta: os._exit(8), 0.1)", "import os"),
        section=S08, said="exit code 8",
    ),
    Attack(
        "calls the judge and is called by it, ever deeper",
        written("descend", """
def gradient(theta): return velocity_rule(theta, theta, gradient, 0.1)
return gradient(theta0)
"""), section=S08, said="more than 20 deep|raises",
    ),
]  # fmt: skip

# The judge's functions --------------------------------------------------------------------------------------------------------

_FORGIVING = "while True:\n    try: {call}\n    except Exception: pass"
ASKING = [
    Attack(
        "calls a helper a million times",
        written("max_stable_lr", "for _ in range(10**6):\n    try: hessian_spectrum(hessian)\n    except ValueError: pass"),
        said="took longer|more than .* times",
    ),
    Attack(
        "calls the gradient a million times",
        written("gradient_descent", "for _ in range(10**6):\n    try: gradient_of(theta0)\n    except ValueError: pass"),
        said="took longer|more than .* times",
    ),
    Attack(
        "asks a helper for ten billion numbers",
        written("bias_correction", "return moment_weights(0.5, 10**10)"), section=S12, said="raises ValueError",
    ),
    Attack(
        "asks a helper for a number of a billion digits",
        written("adam_step", "return bias_correction(1, 10, 10**9)"), section=S12, said="raises ValueError",
    ),
    Attack(
        "asks a helper for a large table",
        written("bias_correction", "return moment_weights(np.full((500, 1), 0.5), 10_000)"), section=S12, said="raises ValueError",
    ),
    Attack(
        "asks a helper for the product of shapes that do not belong together",
        written("gradient_descent", "return gd_step(np.ones((900, 1, 1)), np.ones((1, 900, 1)), np.ones((1, 1, 900)))"),
        said="raises ValueError",
    ),
    Attack(
        "asks a helper with all sorts of things",
        written("gradient_descent", """
caught = set()
for odd in (None, "x" * 10**6, {}, [], [[]], print, gradient_of, object(), 1j, b"x", float("nan"), np.array("x"), [10**300], ...):
    for arguments in ((odd, odd, odd), (odd,), (theta0, odd, 0.1), ()):
        try: gd_step(*arguments)
        except Exception as error: caught.add(type(error).__name__)
raise type("_".join(sorted(caught)), (Exception,), {})
"""),
        said=r"raises \w*TypeError",
    ),
    Attack(
        "asks the gradient with all sorts of things",
        written("gradient_descent", """
caught = set()
for odd in (None, "x", {}, [], [[0], [1, 2]], print, gradient_of, object(), 1j, np.zeros((0, 3)), np.zeros((2**31 - 1, 0)), 10**400):
    try: gradient_of(odd)
    except Exception as error: caught.add(type(error).__name__)
    try: schedule(odd)
    except Exception as error: caught.add(type(error).__name__)
raise type("_".join(sorted(caught)), (Exception,), {})
"""),
        said="raises .*ValueError",
    ),
    Attack(
        "asks the judge's rule for arrays that fill its memory",
        written("descend", "return velocity_rule(np.ones((1000, 1)), np.ones((1000, 1)), lambda t: np.ones((1, 1000)), 0.1)"),
        section=S08, said="raises ValueError",
    ),
    Attack(
        "keeps the judge busy with dear questions",
        written("gradient_descent", _FORGIVING.format(call="gradient_of(dear)"), "dear = [0.5] * 100_000"),
        said="took longer",
    ),
    Attack(
        "asks from a thread and from another process",
        written("gradient_descent", """
caught = []
def ask():
    try: caught.append(gradient_of(theta0))
    except RuntimeError: caught.append("refused")
thread = threading.Thread(target=ask); thread.start(); thread.join()
if os.fork() == 0:
    ask()
    os._exit(0 if caught[-1] == "refused" else 1)
_, status = os.wait()
if caught == ["refused"] and status == 0: raise LookupError
""", "import os, threading"),
        said="raises LookupError",
    ),
]  # fmt: skip

# The wire ---------------------------------------------------------------------------------------------------------------------

_FORGE = """
import gc, json, os, struct, sys, threading, time
def frame(*message): return (lambda text: struct.pack("<II", len(text), 0) + text)(json.dumps(message).encode())
def everywhere(data):
    for descriptor in range(256):
        try: os.write(descriptor, data)
        except OSError: pass
def conversation():
    return next(o for o in gc.get_objects() if type(o).__name__ == "Talk")
"""
_COLLIDING = """
talk = conversation()
part = '["d"' + "".join(f",{n * (2**61 - 1)},0" for n in range(1, 5000)) + "]"
text = f'["ask","{talk._nonce}",0,["t",["l"' + f",{part}" * 8 + ']],["d"]]'
data = struct.pack("<II", len(text), 0) + text.encode()
while True:
    sent = 0
    while sent < len(data): sent += os.write(3, data[sent:])
    os.read(3, 10_000)
"""
FORGERIES = {
    "a perfect answer on every descriptor": ("everywhere(frame('done', '0' * 16, 1.0, [], [], ''))\ntime.sleep(0.1)", "no answer|stopped"),
    "rubbish on every descriptor": ("everywhere(b'\\xff' * 64)\ntime.sleep(0.1)", "sent more than|stopped"),
    "an answer under the right nonce, and then its own": (
        "everywhere(frame('done', conversation()._nonce, [0.0] * 3, [], [], ''))\nreturn theta", "yours|no answer"
    ),
    "an answer to the last question": (
        "global last\nold, last = last, conversation()._nonce\nif old: everywhere(frame('done', old, [0.0] * 3, [], [], ''))\nreturn theta",
        "yours|another question|more than one answer",
    ),
    "a verdict": ("everywhere(frame('verdict', conversation()._nonce, 2.0))\ntime.sleep(0.1)", "no answer"),
    "an answer that is no JSON": ("everywhere(struct.pack('<II', 4, 0) + b'{[,!')\ntime.sleep(0.1)", "no answer"),
    "JSON nested without end": ("everywhere(struct.pack('<II', 100_000, 0) + b'[' * 100_000)\ntime.sleep(0.1)", "no answer"),
    "a number of four million digits": (
        "talk = conversation()\ntext = b'[\"done\",\"' + talk._nonce.encode() + b'\",' + b'9' * 4_000_000 + b',[],[],\"\"]'\n"
        "talk._write(struct.pack('<II', len(text), 0) + text)\ntime.sleep(0.1)", "no answer|sent more"
    ),
    "arrays that are not there": (
        "everywhere(frame('done', conversation()._nonce, ['a', 'f', [2**30, 2**30], 0], [], [], ''))\ntime.sleep(0.1)", "no answer"
    ),
    "names of a million changed arrays": (
        "everywhere(frame('done', conversation()._nonce, 1.0, ['x' * 100] * 20_000, [], ''))\ntime.sleep(0.1)", "no answer"
    ),
    "a setup that failed": ("everywhere(b'setup the box does not stand')\ntime.sleep(0.1)", "sent more than|no answer|stopped"),
    "a closed wire": ("os.closerange(0, 256)", "closed its connection"),
    "another file in the wire's place": ("os.dup2(os.open('/dev/null', os.O_RDWR), 3)\nreturn theta", "took longer|closed its connection|ended"),
    "a wire held by another process": (
        "if os.fork() == 0:\n    while True: os.read(3, 100)\nos.closerange(0, 256)", "closed its connection|stopped"
    ),
    "a thread that goes on answering": (
        "talk = conversation()\ndef answer():\n    while True: talk._write(frame('done', talk._nonce, 0.0, [], [], ''))\n"
        "threading.Thread(target=answer, daemon=True).start()\nreturn theta", "stopped|no answer|yours"
    ),
    "a conversation of its own": (
        "talk = conversation()\ntalk.handlers['call'] = lambda *args: (['done', '', 0.0, [], [], ''], None)\nreturn theta", "yours"
    ),
}  # fmt: skip
FORGING = [
    Attack(f"forges {name}", written("gd_step", body, f"{_FORGE}\nlast = ''"), said=said)
    for name, (body, said) in FORGERIES.items()
]
# A conversation that is bent stays so: the later exercises of that process are answered with zeros too, the question with it.
FORGING[-1] = Attack(
    FORGING[-1].name, FORGING[-1].cells, said="yours",
    scores=dict.fromkeys(STEPS, 0.0),
)  # fmt: skip
FORGING.append(
    Attack(
        "forges questions whose keys collide", written("gradient_descent", _COLLIDING, _FORGE), said="the keys of a dict collide"
    )
)

# What must not be shown -------------------------------------------------------------------------------------------------------

_KEEP = "kept.append((theta, gradient, lr))"
LEAKING = [
    Attack(
        "prints in a later cell what it was called with",
        written("gd_step", f"{_KEEP}\n{RIGHT_STEP}", "kept = []"),
        added={"gradient_descent": "print('kept so far:', kept)\nkept"}, scores={"gd_step": 2.0}, shown=r"kept so far: \[\]",
    ),
    Attack(
        "prints while it is judged",
        written("gd_step", f"print(repr(theta.tolist()))\nimport sys; print(lr, file=sys.stderr)\n{RIGHT_STEP}"),
        scores={"gd_step": 2.0}, printed=r"\[-?\d",
    ),
    Attack(
        "names an exception after what it was called with",
        written("gd_step", "raise type(repr(theta.tolist()), (ValueError,), {})(repr(lr))"), said="raises Exception",
    ),
    Attack(
        "claims a line that it never had",
        written("gd_step", "raise SyntaxError('x', ('f', 1, 1, repr(theta.tolist())))"), said="raises SyntaxError:? *",
    ),
    Attack(
        "claims arrays that it changed",
        written("gd_step", RIGHT_STEP, _LIE + "calls._changed = lambda handed, *rest: [repr([a.tolist() for _, a in handed])]"),
        scores={"gd_step": 2.0}, shown="bent",
    ),
    Attack(
        "claims memory that it shares",
        written("gd_step", RIGHT_STEP, _LIE + "calls._shared = lambda value, others: [['result', repr(value.tolist())]]"),
        scores={"gd_step": 2.0}, shown="bent",
    ),
    Attack(
        "names a type after what it was called with",
        written("gd_step", "return type(repr(theta.tolist()), (), {})()"), said="yours is a value of type object",
    ),
    Attack(
        "writes what it was called with into the cells' history and displays",
        written("gd_step", f"""
{_KEEP}
get_ipython().outputs.stream("stdout", repr(kept))
display(kept)
get_ipython().history_manager.input_hist_raw.append(repr(kept))
{RIGHT_STEP}""", "kept = []\nprint('ready')"),
        added={"gradient_descent": "%history\nprint(_ih[-1][:0], len(kept))"}, scores={"gd_step": 2.0}, shown="ready",
    ),
    Attack(
        "hides what it was called with in a file for the next process",
        written("gd_step", f"open('/tmp/kept', 'a').write(repr(theta.tolist()))\n{RIGHT_STEP}"),
        added={"gradient_descent": "import os\nprint('kept:', os.path.exists('/tmp/kept') and open('/tmp/kept').read())"},
        scores={"gd_step": 2.0}, shown="kept: False",
    ),
    Attack(
        "shows markup",
        written("gd_step", _WRONG, """
from IPython.display import HTML, SVG, Javascript, Markdown, display
display(HTML("<script>alert(1)</script>"), Javascript("alert(1)"), Markdown("[x](javascript:alert(1))"))
display({"text/html": "<iframe src=x>", "text/plain": "<img src=x onerror=alert(1)>"}, raw=True)
display({"application/vnd.jupyter.widget-view+json": {}, "text/latex": "$x$"}, raw=True)
print("</pre><script>alert(1)</script>")
"""), shown="</pre><script>", said="yours",
    ),
    Attack(
        "shows what reorders and overwrites",
        written("gd_step", _WRONG, r'print("\u202eseerged lluf\u202c \x1b[2J\x1b[31mred\x1b[0m \r0 of 2\x08\x08 \u200b\ud800 end")'),
        shown="end", said="yours",
    ),
    Attack(
        "shows pictures that are none",
        written("gd_step", _WRONG, """
import struct
png = b"\\x89PNG\\r\\n\\x1a\\n" + struct.pack(">I4sIIBBBBB", 13, b"IHDR", 60000, 60000, 8, 6, 0, 0, 0) + bytes(100)
display({"image/png": png, "text/plain": "a bomb"}, raw=True)
display({"image/png": b"<svg onload=alert(1)>", "text/plain": "no picture"}, raw=True)
"""), shown="", said="yours|stopped|failed",
    ),
    Attack(
        "shows a flood", written("gd_step", _WRONG, "for _ in range(3000): print('x' * 1000)\nfor n in range(2000): display(n)"),
        shown=r"\[output cut\]", said="yours",
    ),
    Attack(
        "shows the verdict that it would like",
        written("gd_step", _WRONG, """
import json
print(json.dumps({"exercise": "gd_step", "points": 2, "score": 2.0, "parts": [], "text": "gd_step: 2 of 2 points"}))
2.0
"""), shown='"score": 2.0', said="yours",
    ),
]  # fmt: skip

# The file ---------------------------------------------------------------------------------------------------------------------


def _cell(notebook: dict, identity: str) -> dict:
    return next(cell for cell in notebook["cells"] if cell["id"] == identity)


def _without_checks(notebook: dict) -> None:
    notebook["cells"] = [cell for cell in notebook["cells"] if not cell["id"].startswith("check-")]


def _checks_edited(notebook: dict) -> None:
    for cell in notebook["cells"]:
        if cell["id"].startswith("check-"):
            cell["source"] = "2.0"


def _checks_retagged(notebook: dict) -> None:
    for cell in notebook["cells"]:
        if "nbgrader" in cell["metadata"] and cell["id"].startswith("check-"):
            cell["metadata"] = {
                "nbgrader": cell["metadata"]["nbgrader"] | {"points": 1000, "grade": True, "locked": False, "task": True}
            }
            cell["metadata"]["tags"] = ["raises-exception", "skip-execution"]


def _ids_swapped(notebook: dict) -> None:
    # The easy right answer where the dear wrong one is graded.
    one, two = _cell(notebook, "check-gradient_descent"), _cell(notebook, "check-gd_step")
    one["metadata"]["nbgrader"]["grade_id"], two["metadata"]["nbgrader"]["grade_id"] = "check_gd_step", "check_gradient_descent"
    one["source"], two["source"] = 'check("gd_step", globals())', 'check("gradient_descent", globals())'


def _answers_locked(notebook: dict) -> None:
    for name in STEPS:
        _cell(notebook, name)["metadata"]["nbgrader"] |= {"locked": True, "solution": False}


def _checks_copied(notebook: dict) -> None:
    check = _cell(notebook, "check-gd_step")
    notebook["cells"] += [copy.deepcopy(check) for _ in range(20)]


def _more_checks(notebook: dict) -> None:
    for number in range(20):
        extra = copy.deepcopy(_cell(notebook, "check-gd_step"))
        extra["id"] = f"extra-{number}"
        extra["metadata"]["nbgrader"] |= {"grade_id": f"extra_{number}", "points": 100}
        notebook["cells"].append(extra)


def _doubled_answers(notebook: dict) -> None:
    second = copy.deepcopy(_cell(notebook, "hessian_spectrum"))
    second["source"] = "def hessian_spectrum(hessian): return 0"
    notebook["cells"].insert(0, second)  # the first of two that claim to be the same counts


def _backwards(notebook: dict) -> None:
    notebook["cells"].reverse()


def _checks_first(notebook: dict) -> None:
    notebook["cells"].sort(key=lambda cell: not cell["id"].startswith("check-"))


def _to_markdown(notebook: dict) -> None:
    cell = _cell(notebook, "gd_step")
    cell["cell_type"] = "markdown"
    for key in ("outputs", "execution_count"):
        cell.pop(key, None)


def _forged_outputs(notebook: dict) -> None:
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            data = {"text/plain": "4.0", "text/html": "<script>alert(1)</script>"}
            cell["outputs"] = [{"output_type": "execute_result", "data": data, "metadata": {}, "execution_count": 1}]


def _strange_metadata(notebook: dict) -> None:
    deep: dict = {}
    for _ in range(500):
        deep = {"x": deep}
    notebook["metadata"] |= {
        "kernelspec": {"name": "bash", "language": "bash", "display_name": "<b>"}, "deep": deep, "score": 1000, "nbgrader": {"points": 99},
        "language_info": {"name": "../../../etc/passwd"}, "celltoolbar": "Create Assignment",
    }  # fmt: skip


def _attachments(notebook: dict) -> None:
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            cell["attachments"] = {"x.svg": {"image/svg+xml": "<svg onload='alert(1)'/>"}}


STUB = {"gd_step": 'def gd_step(theta, gradient, lr):\n    """Nothing."""\n    ...'}
FILES = {
    "takes the graded cells away": (_without_checks, "is missing: put back"),
    "edits the graded cells": (_checks_edited, "was altered: it is the release's again"),
    "retags the graded cells and raises their points": (_checks_retagged, "metadata were altered"),
    "swaps two graded cells": (_ids_swapped, "was altered"),
    "locks the answers": (_answers_locked, "metadata were altered"),
    "copies a graded cell": (_checks_copied, "a further copy of cell check_gd_step is not taken"),
    "adds graded cells": (_more_checks, "not taken|nbgrader"),
    "puts the graded cells first": (_checks_first, "were moved"),
    "turns the notebook round": (_backwards, "were moved"),
    "brings outputs": (_forged_outputs, ""),
    "brings strange metadata": (_strange_metadata, ""),
    "brings attachments": (_attachments, "attachments"),
}
TAMPERING = [Attack(name, STUB, change=change, notes=notes, said="returns None") for name, (change, notes) in FILES.items()]
TAMPERING += [
    Attack("turns an answer into prose", change=_to_markdown, scores={"gd_step": 0.0}, notes="turned from code into markdown", said="None"),
    Attack(
        "answers twice", change=_doubled_answers, scores={"hessian_spectrum": 0.0}, said="yours|returns",
        notes="a further copy of cell hessian_spectrum",
    ),
    Attack("empties an answer", {"gd_step": ""}, said="There is no function gd_step"),
    Attack(
        "deletes a function after its cell", added={"check-gradient_descent": "del gradient_descent"},
        scores={"gradient_descent": 0.0}, said="There is no function gradient_descent",
    ),
    Attack(
        "is a notebook within a notebook",
        change=lambda notebook: notebook.update(worksheets=[{"cells": copy.deepcopy(notebook["cells"])}]) or notebook["cells"].clear(),
        cells=dict.fromkeys([*STEPS, "large_rate"], ""), notes="is missing", said="returns None|There is no answer",
    ),
]  # fmt: skip

# IPython ----------------------------------------------------------------------------------------------------------------------

HOOKS = {
    "transforms the text of later cells": "get_ipython().input_transformers_post.append(lambda lines: ['large_rate = \"a\"\\n'])",
    "raises before every cell": "get_ipython().events.register('pre_run_cell', lambda info: 1 / 0)",
    "ends every later cell": "get_ipython().events.register('pre_run_cell', lambda info: __import__('os')._exit(2))",
    "replaces run_cell": "get_ipython().run_cell = lambda *args, **kwargs: None",
    "replaces the counter": "get_ipython().execution_count = -5",
    "replaces the counter by a text": "type(get_ipython()).execution_count = 'many'",
    "replaces the outputs": "get_ipython().outputs = None\ntype(get_ipython()).outputs = None",
    "replaces the namespace": "get_ipython().user_ns = {}",
    "resets the namespace": "%reset -f",
    "replaces the streams": "import sys\nsys.stdout = sys.stderr = sys.__stdout__ = None",
    "replaces the display hooks": "import sys\nsys.displayhook = sys.excepthook = get_ipython().showtraceback = lambda *args: 1 / 0",
    "replaces the capture": "import sys\nsys.modules[type(get_ipython()).__module__].Capture = None",
}
# What comes of the cells that follow is the author's own doing: all that matters is that nothing is gained and nobody else hurt.
HOOKED = [
    Attack(f"{name} (IPython)", {"large_rate": f"{source}\nlarge_rate = 'a'"}, said="large_rate") for name, source in HOOKS.items()
]  # fmt: skip
HOOKED += [
    Attack(
        "defines magics, formatters and completers",
        written("gd_step", _WRONG, """
from IPython.core.magic import register_cell_magic, register_line_magic
@register_line_magic
def check(line): return 2.0
get_ipython().display_formatter.formatters["text/plain"].for_type(float, lambda *a: 1 / 0)
get_ipython().set_custom_completer(lambda *a: 1 / 0)
get_ipython().run_cell("nested = 1\\nprint('nested', nested)")
1.0
"""), shown="nested 1", said="yours",
    ),
    Attack(
        "asks for other backends",
        written("gd_step", _WRONG, """
import matplotlib, os
os.environ["MPLBACKEND"] = "module://evil"
with open("evil.py", "w") as file: file.write("raise SystemExit")
matplotlib.rcParams["backend"] = "agg"
%matplotlib qt
%load_ext autoreload
print("backend", matplotlib.get_backend())
"""), shown="backend", said="yours",
    ),
    Attack(
        "runs shells",
        written("gd_step", _WRONG, "!echo out; echo err >&2; kill -9 $$\n%%bash\ncat /etc/shadow") | {},
        added={"gradient_descent": "%%bash\ncat /etc/shadow || echo denied"}, said="raises|yours", shown="denied|out",
    ),
    Attack(
        "awaits without end",
        written("gd_step", RIGHT_STEP, "import asyncio\nawait asyncio.sleep(0)\nasyncio.get_event_loop().run_forever()"),
        said="raises|took longer|stopped",
    ),
]  # fmt: skip

ATTACKS = [
    *LOOKING, *BORROWED, *BENDING, *VALUES, *RAISING, *ENDING, *ASKING, *FORGING, *LEAKING, *TAMPERING, *HOOKED,
]  # fmt: skip


def build(attack: Attack, solved: dict, tell: Callable[[str], str]) -> dict[str, str | tuple[str, ...]]:
    """Return the files of a submission by name; `solved` is the section's solved notebook, `tell` fills in the places."""
    notebook = copy.deepcopy(solved)
    cells = []
    for cell in notebook["cells"]:
        if cell["id"] in attack.added:
            cells.append({"cell_type": "code", "id": f"added-{cell['id']}", "metadata": {}, "outputs": [], "execution_count": None,
                          "source": tell(attack.added[cell["id"]])})  # fmt: skip
        if cell["id"] in attack.cells:
            cell["source"] = tell(attack.cells[cell["id"]])
        elif cell["cell_type"] == "code" and not cell["metadata"].get("nbgrader"):
            cell["source"] = ""  # figures take long, and are not what is attacked
        cells.append(cell)
    notebook["cells"] = cells
    if attack.change:
        attack.change(notebook)
    files = {
        name: tell(content) if isinstance(content, str) else tuple(map(tell, content)) for name, content in attack.files.items()
    }
    return {f"{attack.section}.ipynb": json.dumps(notebook), **files}
