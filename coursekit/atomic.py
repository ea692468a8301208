"""Files and folders that are written whole or not at all: made beside their place, then renamed into it."""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


def component(name: str, what: str) -> str:
    """Return `name` if it can be one folder's name; a ValueError that says what it was meant for otherwise."""
    if not name or name in {".", ".."} or "/" in name or "\\" in name or "\0" in name:
        raise ValueError(f"{name!r} cannot be the name of a {what}: it must be one plain folder name")
    return name


def write_file(path: Path, content: str | bytes, mode: int = 0o644) -> None:
    """Write `content` to `path` (UTF-8 for text), making its folders: after a crash the old or the new file is there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.tmp-")
    try:
        with os.fdopen(handle, "wb") as file:
            _fill(file, content, mode)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def write_folder(path: Path, files: Mapping[str, str | bytes], mode: int = 0o644) -> None:
    """Make `path` a folder that holds exactly `files` (relative name: content), in place of what was there.

    After a crash either the old or the new folder stands there whole. Where the system cannot swap two folders in
    one step, there may be none for a moment; the next call puts that right. What killed calls left is removed.

    Errors: ValueError for a name that leads out of the folder.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    prefix = f".{path.name}.tmp-"
    for name in [name for name in os.listdir(path.parent) if name.startswith(prefix)]:
        shutil.rmtree(path.parent / name, ignore_errors=True)
    temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=prefix))
    try:
        for name, content in files.items():
            target = temporary / _inside(name, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            with open(target, "xb") as file:
                _fill(file, content, mode)
        temporary.chmod(0o755)
        for folder, _, _ in os.walk(temporary, topdown=False):
            _sync_folder(Path(folder))
        _put(temporary, path)
    finally:
        # After a swap this holds the old content.
        shutil.rmtree(temporary, ignore_errors=True)
    _sync_folder(path.parent)


def _fill(file, content: str | bytes, mode: int) -> None:
    file.write(content.encode("utf-8") if isinstance(content, str) else content)
    file.flush()
    os.fchmod(file.fileno(), mode)
    # Without this a crash of the machine can leave the new name with an empty file.
    os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _inside(name: str, folder: Path) -> PurePosixPath:
    relative = PurePosixPath(name)
    if relative.is_absolute() or not relative.parts or ".." in relative.parts or "\0" in name:
        raise ValueError(f"{name!r} is not the name of a file inside {folder}")
    return relative


def _put(new: Path, place: Path) -> None:
    """Move the folder `new` to `place`; what was there is afterwards at `new`, or gone."""
    if not os.path.lexists(place):
        os.rename(new, place)
        return
    if _swap(new, place):
        return
    aside = Path(tempfile.mkdtemp(dir=place.parent, prefix=f".{place.name}.tmp-"))
    os.rename(place, aside / "old")
    os.rename(new, place)
    shutil.rmtree(aside, ignore_errors=True)


def _swap(one: Path, other: Path) -> bool:
    """Exchange two folders in one step (Linux); False where the system or the file system cannot."""
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    if renameat2(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EPERM}:
        return False
    raise OSError(code, os.strerror(code), str(one), None, str(other))
