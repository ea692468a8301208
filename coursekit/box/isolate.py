"""How a forked child leaves everything behind: namespaces of its own, empty /tmp and /proc, no capability, limits, a filter."""

from __future__ import annotations

import ctypes
import os
import resource
from typing import Any

from . import seccomp

WORK = "/tmp/work"
INSIDE = 1000  # the child's user and group in its own namespace
_NEWNS, _NEWCGROUP, _NEWUTS, _NEWIPC = 0x00020000, 0x02000000, 0x04000000, 0x08000000
_NEWUSER, _NEWPID, _NEWNET = 0x10000000, 0x20000000, 0x40000000
_RDONLY, _NOSUID, _NODEV, _NOEXEC, _BIND, _REC, _PRIVATE = 1, 2, 4, 8, 0x1000, 0x4000, 0x40000
_SET_DUMPABLE, _CAPBSET_DROP, _SET_CHILD_SUBREAPER, _SET_NO_NEW_PRIVS, _CAP_AMBIENT = 4, 24, 36, 38, 47
_CAP_AMBIENT_CLEAR_ALL = 4
_CAPABILITY_VERSION_3 = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)
_UNLIMITED = resource.RLIM_INFINITY


def enter(config: dict[str, Any]) -> None:
    """Move this process, which must be single-threaded, into namespaces of its own. Its next child is their first process.

    OSError says which step the kernel refused.
    """
    if config["drop_to"] is not None:
        # Started by root: no limit on processes holds for root, whatever the namespace calls it.
        os.setresgid(*[config["drop_to"]] * 3)
        os.setresuid(*[config["drop_to"]] * 3)
        _prctl(_SET_DUMPABLE, 1)  # or /proc/self belongs to root
    uid, gid = os.geteuid(), os.getegid()
    _check(_libc.unshare(_NEWUSER | _NEWNS | _NEWPID | _NEWIPC | _NEWNET | _NEWUTS | _NEWCGROUP), "unshare")
    for name, text in (("setgroups", "deny"), ("uid_map", f"{INSIDE} {uid} 1"), ("gid_map", f"{INSIDE} {gid} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)
    # The kernel's killer, when memory is short, shall take student code first.
    with open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")
    _mount(None, "/", None, _REC | _PRIVATE, None)
    # Where Python's environment itself lies below /tmp, it has to stay visible.
    kept = [(path, os.open(path, os.O_PATH)) for path in config["keep"]]
    size = config["tmp_bytes"]
    owner = f"mode=0700,uid={INSIDE},gid={INSIDE}"
    _mount("tmpfs", "/tmp", "tmpfs", _NOSUID | _NODEV, f"size={size},nr_inodes={config['tmp_files']},{owner}")
    for path, descriptor in kept:
        os.makedirs(path, 0o755)
        _mount(f"/proc/self/fd/{descriptor}", path, None, _BIND | _REC, None)
    # Covered, not mounted anew: that is refused to root's children, and a child needs nothing of it.
    _mount("tmpfs", "/proc", "tmpfs", _RDONLY | _NOSUID | _NODEV | _NOEXEC, "size=4k,nr_inodes=2,mode=0555")


def adopt() -> None:
    """Without namespaces: let orphans of the student's code come to this process, so that they can be found and ended."""
    _prctl(_SET_CHILD_SUBREAPER, 1)
    os.setsid()


def lock(config: dict[str, Any], *, boxed: bool) -> None:
    """Give up every capability for good, and set the limits of `config`. In a box the filter of system calls comes last."""
    _prctl(_CAP_AMBIENT, _CAP_AMBIENT_CLEAR_ALL)
    if boxed:
        capability = 0
        while _libc.prctl(_CAPBSET_DROP, capability, 0, 0, 0) == 0:
            capability += 1
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    nothing = (ctypes.c_uint32 * 6)()
    _check(_libc.capset(header, nothing), "capset")
    _prctl(_SET_NO_NEW_PRIVS, 1)
    for name, value in config["rlimits"].items():
        number = getattr(resource, name)
        hard = resource.getrlimit(number)[1]
        value = value if hard == _UNLIMITED else min(value, hard)
        resource.setrlimit(number, (value, value))
    if boxed:
        seccomp.install(_libc)


def address_space() -> int:
    """Return the bytes of address space that this process has now."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


def _mount(source: str | None, target: str, kind: str | None, flags: int, data: str | None) -> None:
    words = [None if word is None else word.encode() for word in (source, target, kind)]
    result = _libc.mount(*words, ctypes.c_ulong(flags), None if data is None else data.encode())
    _check(result, f"mount {target}")


def _prctl(option: int, value: int) -> None:
    _check(_libc.prctl(option, value, 0, 0, 0), f"prctl {option}")


def _check(result: int, what: str) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
