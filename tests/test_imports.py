"""Every module of the students' package can be the first one that a notebook imports."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import descentlab

FOLDER = Path(descentlab.__file__).parent

# In one process, since most of the time goes into numpy and matplotlib: what is the course's own is forgotten each time.
EACH_FIRST = """
import importlib, sys
for name in sys.argv[1:]:
    for known in [known for known in sys.modules if known.split(".")[0] == "descentlab"]:
        del sys.modules[known]
    try:
        importlib.import_module(name)
    except (ImportError, AttributeError) as error:
        print(name, error)
"""


def test_whichever_module_comes_first_the_import_works():
    parts = [path.relative_to(FOLDER.parent).with_suffix("").parts for path in sorted(FOLDER.rglob("*.py"))]
    names = [".".join(part for part in each if part != "__init__") for each in parts]
    done = subprocess.run([sys.executable, "-c", EACH_FIRST, *names], capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("", 0), done.stderr
