"""Started by root: enter a user namespace in which a second, powerless user exists, and become the given command there.

bubblewrap maps one user only, and when root starts it that one is root, for whom the kernel keeps no limit on processes.
Here 0 is the user who started it, and 1 the unprivileged user whom children change to. Run as a script: standard library alone.
"""

import ctypes
import os
import sys

NEWUSER = 0x10000000
NOBODY = 65534


def main(command: list[str]) -> None:
    """Replace this process by `command` in the new namespace; the parent of the namespace writes the maps."""
    me = os.getpid()
    wait, ready = os.pipe()
    writer = os.fork()
    if writer == 0:
        os.close(ready)
        os.read(wait, 1)
        for name in ("uid_map", "gid_map"):
            with open(f"/proc/{me}/{name}", "w") as file:
                file.write(f"0 0 1\n1 {NOBODY} 1\n")
        os._exit(0)
    os.close(wait)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(NEWUSER):
        sys.exit(f"user namespace: {os.strerror(ctypes.get_errno())}")
    os.close(ready)
    if os.waitpid(writer, 0)[1]:
        sys.exit("user namespace: its users cannot be mapped")
    os.setgroups([])
    os.execv(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
