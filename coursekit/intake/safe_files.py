"""Opens what students hand in: without following links, regular files only, never more than a bound."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

MAX_ENTRIES = 2000

_UNPRINTABLE = re.compile(r"[^\w .,:;()\[\]{}+=@#%&!~^$'-]")
_NO_LINKS = os.O_NOFOLLOW | os.O_CLOEXEC
_WHAT = {
    stat.S_IFLNK: "a link",
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class Refused(Exception):
    """A file or folder that is not opened; its text says why, as the end of a sentence: "is a link"."""

    def __init__(self, reason: str, missing: bool = False):
        super().__init__(reason)
        self.missing = missing


def shown(name: str, length: int = 60) -> str:
    """Return a name that came from outside as one short printable line, safe in any message."""
    text = _UNPRINTABLE.sub("?", name)
    return text if len(text) <= length else text[: length - 1] + "…"


def listed(names: list[str], most: int = 8) -> str:
    """Return names that came from outside as one printable line: the first few, and how many more there are."""
    told = ", ".join(shown(name) for name in names[:most])
    return told if len(names) <= most else f"{told} and {len(names) - most} more"


@contextmanager
def folder(path: Path) -> Iterator[int]:
    """Open a folder and give its file descriptor; neither it nor the folder around it may be a link. Raises Refused."""
    opened: list[int] = []
    try:
        try:
            # Above the student's own folder everything is the instructor's, and may be a link.
            opened.append(os.open(path.parent.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
            for name in (path.parent.name, path.name):
                _must_be(name, opened[-1], stat.S_IFDIR)
                opened.append(os.open(name, os.O_RDONLY | os.O_DIRECTORY | _NO_LINKS, dir_fd=opened[-1]))
        except (OSError, ValueError) as error:
            raise _refused(error) from error
        yield opened[-1]
    finally:
        for descriptor in opened:
            os.close(descriptor)


def read(directory: int, name: str, limit: int) -> bytes:
    """Return the content of a regular file of at most `limit` bytes in an open folder. Raises Refused."""
    try:
        _must_be(name, directory, stat.S_IFREG)
        # Between the look and the opening it may have been exchanged: a pipe must not block, and we look again.
        descriptor = os.open(name, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | _NO_LINKS, dir_fd=directory)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise Refused("is not a regular file")
            content = bytearray()
            while len(content) <= limit and (chunk := os.read(descriptor, min(1 << 20, limit + 1 - len(content)))):
                content += chunk
        finally:
            os.close(descriptor)
    except (OSError, ValueError) as error:
        raise _refused(error) from error
    if len(content) > limit:
        raise Refused(f"is larger than {limit / 1e6:.3g} MB")
    return bytes(content)


def listing(directory: int) -> dict[str, str]:
    """Return what stands in an open folder: name → "a file", "a link", …; at most MAX_ENTRIES. Raises Refused."""
    found = {}
    try:
        with os.scandir(directory) as entries:
            for entry in islice(entries, MAX_ENTRIES):
                found[entry.name] = kind_of(entry.stat(follow_symlinks=False).st_mode)
    except OSError as error:
        raise _refused(error) from error
    return dict(sorted(found.items()))


def kind_of(mode: int) -> str:
    """Return what a file's mode says that it is: "a file", "a folder", "a link", …"""
    return "a file" if stat.S_ISREG(mode) else _WHAT.get(stat.S_IFMT(mode), "something odd")


def _must_be(name: str, directory: int, wanted: int) -> None:
    mode = os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode
    if stat.S_IFMT(mode) != wanted:
        raise Refused(f"is {kind_of(mode)}, not {kind_of(wanted)}")


def _refused(error: OSError | ValueError) -> Refused:
    if isinstance(error, FileNotFoundError):
        return Refused("is missing", missing=True)
    return Refused(f"cannot be read ({getattr(error, 'strerror', None) or error})")
