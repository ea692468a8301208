"""Every module of the students' package can be the first that is imported: none waits for another that waits for it."""

import importlib
import pkgutil
import sys

import descentlab


def test_every_module_can_be_imported_first():
    names = [module.name for module in pkgutil.walk_packages(descentlab.__path__, "descentlab.")]
    assert len(names) > 20
    kept = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "descentlab"}
    try:
        for name in names:
            for loaded in [other for other in sys.modules if other.partition(".")[0] == "descentlab"]:
                del sys.modules[loaded]
            importlib.import_module(name)
    finally:
        for loaded in [other for other in sys.modules if other.partition(".")[0] == "descentlab"]:
            del sys.modules[loaded]
        sys.modules.update(kept)
