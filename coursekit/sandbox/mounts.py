"""What of the host stands in the box: the system, the Python environment, the students' packages; all of it read-only."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from coursekit import box
from coursekit.sandbox.types import SandboxUnavailable

ENGINE = "/course/engine"  # holds the folder `box`
PACKAGES = "/course/student"
SYSTEM = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
ETC = ("ld.so.cache", "fonts", "localtime", "alternatives")
DEVICES = ("null", "zero", "full", "random", "urandom")


def arguments(student_packages: Mapping[str, Path], hidden: Iterable[Path]) -> list[str]:
    """Return the mounts as arguments of bwrap.

    A hidden path that lies within what is mounted is covered; ValueError where it is itself what is to be mounted.
    """
    trees = _trees(student_packages)
    hidden = {form for path in hidden for form in (Path(os.path.abspath(path)), path.resolve())}
    known: set[str] = {"/", "/tmp"}
    words = ["--perms", "1777", "--tmpfs", "/tmp"]
    for target, source in trees.items():
        if source in hidden:
            raise ValueError(f"{source} is hidden from students, and would have to be in the sandbox")
        words += [*_ancestors(target, known), "--ro-bind", str(source), target]
        known.add(target)
    for path in SYSTEM:
        if os.path.islink(path):
            words += ["--symlink", os.readlink(path), path]
        elif os.path.isdir(path):
            words += ["--ro-bind", path, path]
    words += _ancestors("/etc/x", known)
    for path in (f"/etc/{name}" for name in ETC):
        if os.path.exists(path):
            words += ["--ro-bind", path, path]
    words += _ancestors("/dev/x", known)
    for name in DEVICES:
        words += ["--dev-bind", f"/dev/{name}", f"/dev/{name}"]
    words += _interpreter_links(trees, known)
    words += _covers(trees, hidden)
    return [*words, "--proc", "/proc", "--remount-ro", "/"]


def below_tmp(student_packages: Mapping[str, Path]) -> list[str]:
    """Return the mounted folders below /tmp: each child covers /tmp, and has to mount these again."""
    found = sorted(target for target in _trees(student_packages) if Path(target).is_relative_to("/tmp"))
    return [target for target in found if not any(Path(target).is_relative_to(other) for other in found if other != target)]


def _trees(student_packages: Mapping[str, Path]) -> dict[str, Path]:
    """Return what is mounted from the host: path in the box -> folder."""
    trees = {"/usr": Path("/usr")}
    for prefix in (sys.base_prefix, sys.base_exec_prefix, sys.prefix, sys.exec_prefix):
        for path in (Path(prefix), Path(prefix).resolve()):
            if not any(path.is_relative_to(tree) for tree in trees):
                if path.parent == path or path in (Path.home(), Path("/home"), Path("/root")):
                    raise SandboxUnavailable(f"Python's environment is {path}: use one in a folder of its own")
                trees[str(path)] = path.resolve()
    trees[f"{ENGINE}/box"] = Path(box.__file__).resolve().parent
    for name, folder in student_packages.items():
        if not name.isidentifier() or not folder.is_dir():
            raise ValueError(f"the students' package {name!r} is not a folder: {folder}")
        trees[f"{PACKAGES}/{name}"] = folder.resolve()
    return trees


def _ancestors(target: str, known: set[str]) -> list[str]:
    """Make the folders above `target`: those that bwrap makes by itself may be closed to the child's user."""
    words: list[str] = []
    for parent in reversed(Path(target).parents):
        if str(parent) not in known:
            words += ["--perms", "0755", "--dir", str(parent)]
            known.add(str(parent))
    return words


def _interpreter_links(trees: Mapping[str, Path], known: set[str]) -> list[str]:
    """Make the links by which the interpreter is reached, where they lie outside of what is mounted."""
    words: list[str] = []
    path = Path(sys.executable)
    while path.is_symlink():
        target = path.parent / os.readlink(path)
        if not any(path.is_relative_to(tree) for tree in trees):
            words += [*_ancestors(str(path), known), "--symlink", str(target), str(path)]
        path = Path(os.path.abspath(target))
    return words


def _covers(trees: Mapping[str, Path], hidden: Iterable[Path]) -> list[str]:
    words: list[str] = []
    for path in sorted(hidden):
        for target, source in trees.items():
            if source in path.parents:
                place = str(Path(target) / path.relative_to(source))
                if path.is_dir():
                    words += ["--perms", "0755", "--tmpfs", place, "--remount-ro", place]
                elif path.exists():
                    words += ["--ro-bind", "/dev/null", place]
    return words


def package_folder(student_packages: Mapping[str, Path], folder: Path) -> None:
    """Without a box: make `folder` hold links to the students' packages, to be put on the path of the interpreter."""
    for name, source in student_packages.items():
        (folder / name).symlink_to(source.resolve(), target_is_directory=True)


def regular_files(folder: Path, limit: int) -> Sequence[tuple[str, bytes]]:
    """Return the regular files below `folder` as (relative path, content); links are left out.

    ValueError where they are larger than `limit` bytes together.
    """
    found: list[tuple[str, bytes]] = []
    size = 0
    for root, _, names in os.walk(folder):
        for name in sorted(names):
            path = Path(root, name)
            if path.is_symlink() or not path.is_file():
                continue
            size += path.stat().st_size
            if size > limit:
                raise ValueError(f"the files in {folder} are larger than {limit} bytes together")
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            with open(descriptor, "rb") as file:
                found.append((str(path.relative_to(folder)), file.read(limit)))
    return found
