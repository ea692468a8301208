"""What `coursekit doctor` tries in student code, as a table: each probe leaves a list of what it got hold of, empty when denied.

A probe is Python source. It finds `targets` (what the judge set up to be reached for), `attempt(what, function)`, which notes
`what` unless the function raises or returns a false value, and `forked(function)`, which runs it in a process of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

PREAMBLE = """
import ctypes, importlib, json, os, signal, socket, sys, threading
targets = json.loads({targets!r})
libc = ctypes.CDLL(None, use_errno=True)

def attempt(what, function):
    try:
        if function():
            breaches.append(what)
    except BaseException:
        pass

def forked(function):
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            code = 0 if function() else 1
        finally:
            os._exit(code)
    return os.waitpid(pid, 0)[1] == 0

def connected(family, address):
    with socket.socket(family) as client:
        client.settimeout(0.3)
        client.connect(address)
        return True
"""


@dataclass(frozen=True)
class Probe:
    """One thing that must be denied. `full` ones reach for a bound and take longer; `dies` when the child must end by it."""

    name: str
    sentence: str
    source: str
    full: bool = False
    dies: bool = False


PROBES = (
    Probe("paths", "the reference, the checks, the engine and the grades cannot be read", """
environments = {os.path.realpath(prefix) for prefix in (sys.prefix, sys.base_prefix)}
def content(path):
    if not os.path.isdir(path):
        with open(path, "rb") as file:
            return file.read(1)
    for folder, below, files in os.walk(path):
        if files:
            return True
        # The environment that the code runs in may lie within the course's folder.
        below[:] = [name for name in below if os.path.realpath(os.path.join(folder, name)) not in environments]
for path in targets["paths"]:
    attempt(path, lambda: content(path))
"""),
    Probe("imports", "the reference, the checks and the engine cannot be imported", """
for name in targets["modules"]:
    def imported():
        module = importlib.import_module(name)
        # The cover over a hidden package is an empty folder, which Python takes for a package.
        return getattr(module, "__file__", None) or any(os.listdir(part) for part in module.__path__)
    attempt(name, imported)
"""),
    Probe("proc", "nothing can be seen of other processes, their memory, files or environment", """
attempt("a list of processes", lambda: [name for name in os.listdir("/proc") if name.isdigit()])
for pid in (1, os.getppid(), targets["judge"]):
    attempt(f"the environment of process {pid}", lambda: open(f"/proc/{pid}/environ", "rb").read())
    attempt(f"the files of process {pid}", lambda: os.listdir(f"/proc/{pid}/root"))
    attempt(f"the memory of process {pid}", lambda: open(f"/proc/{pid}/mem", "rb"))
"""),
    Probe("signals", "no other process can be signalled", """
def signalled(pid):
    os.kill(pid, 0)  # asks only whether it may
    return True
for pid in {os.getppid(), targets["judge"], *range(1, 100)} - {os.getpid(), 0}:  # 0 is the own group
    attempt(f"process {pid}", lambda: signalled(pid))
"""),
    Probe("tracing", "no process can be traced, and none read through the kernel", """
attempt("ptrace", lambda: forked(lambda: libc.ptrace(0, 0, 0, 0) == 0))
def vm_read():
    local, size = ctypes.create_string_buffer(8), 8
    vector = (ctypes.c_size_t * 2)(ctypes.addressof(local), size)
    return libc.process_vm_readv(os.getpid(), vector, 1, vector, 1, 0) == size
attempt("process_vm_readv", vm_read)
"""),
    Probe("environment", "no variable of the instructor's environment is there", """
for name in targets["environment"]:
    attempt(name, lambda: name in os.environ)
"""),
    Probe("network", "no host can be reached, not even this one", """
attempt("a server on the loopback device", lambda: connected(socket.AF_INET, ("127.0.0.1", targets["port"])))
attempt("a host outside", lambda: connected(socket.AF_INET, ("192.0.2.1", 80)))
def sent():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        return client.sendto(b"x", ("192.0.2.1", 53))
attempt("a packet to a host outside", sent)
for family in ("AF_VSOCK", "AF_NETLINK", "AF_PACKET"):
    attempt(family, lambda: socket.socket(getattr(socket, family), socket.SOCK_DGRAM))
"""),
    Probe("names", "no name of a host can be looked up", """
def looked_up():
    found = []
    thread = threading.Thread(target=lambda: found.append(socket.getaddrinfo("example.org", 80)), daemon=True)
    threading.excepthook = lambda _: None
    thread.start()
    thread.join(1.0)
    return found or thread.is_alive()
attempt("example.org", looked_up)
"""),
    Probe("sockets", "no unix socket of the host can be reached", """
attempt("a socket in a folder", lambda: connected(socket.AF_UNIX, targets["socket"]))
attempt("an abstract socket", lambda: connected(socket.AF_UNIX, "\\0" + targets["abstract"]))
"""),
    Probe("writing", "nothing can be written but below /tmp", """
folders = ["/", "/var/tmp", "/run/lock", "/dev/shm", sys.prefix, sys.base_prefix, *targets["paths"]]
folders += ["/" + name for name in os.listdir("/")]
folders += [f"{top}/{name}" for top in ("/course", "/usr", "/etc", "/dev") if os.path.isdir(top) for name in os.listdir(top)]
for folder in folders:
    # Python's environment may lie below /tmp, and must be read-only there too.
    own = (os.path.realpath(folder) + "/").startswith("/tmp/") and folder not in (sys.prefix, sys.base_prefix)
    if os.path.isdir(folder) and not own:
        attempt(folder, lambda: os.access(folder, os.W_OK))
"""),
    Probe("capabilities", "there is no capability left, and no way to gain one", """
header, data = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
libc.capget(header, data)
attempt("capabilities", lambda: any(data))
attempt("capabilities of programs", lambda: any(libc.prctl(23, number, 0, 0, 0) == 1 for number in range(64)))
attempt("new privileges", lambda: libc.prctl(39, 0, 0, 0, 0) != 1)
attempt("the user root", lambda: os.getuid() == 0 or os.geteuid() == 0)
"""),
    Probe("namespaces", "no namespace, mount or root of its own can be made", """
for name, flag in (("user", 0x10000000), ("mount", 0x00020000), ("network", 0x40000000), ("process", 0x20000000)):
    attempt(f"a {name} namespace", lambda: forked(lambda: libc.unshare(flag) == 0))
attempt("a mount", lambda: forked(lambda: libc.unshare(0x10020000) == 0 or libc.mount(b"x", b"/tmp", b"tmpfs", 0, None) == 0))
attempt("a new root", lambda: forked(lambda: os.chroot("/tmp") is None))
"""),
    Probe("uncounted", "there is no memory that the limits do not count", """
attempt("a file in memory", lambda: os.memfd_create("x") >= 0)
libc.shmget.restype = ctypes.c_int
attempt("System V shared memory", lambda: libc.shmget(0, 4096, 0o1600) >= 0)
attempt("a /tmp without a bound", lambda: (lambda s: s.f_blocks * s.f_frsize > targets["tmp_bytes"])(os.statvfs("/tmp")))
"""),
    Probe("siblings", "one child sees nothing of another", """
attempt("a file", lambda: os.path.exists(targets["left_file"]))
attempt("a socket", lambda: connected(socket.AF_UNIX, "\\0" + targets["left_socket"]))
"""),
    Probe("processes", "the number of processes is bounded", """
made = []
try:
    while len(made) <= targets["processes"]:
        pid = os.fork()
        if pid == 0:
            signal.pause()
        made.append(pid)
    breaches.append(f"{len(made)} processes")
except OSError:
    pass
for pid in made:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
""", full=True),
    Probe("memory", "the memory is bounded", """
attempt("too much memory", lambda: bytearray(targets["memory"] + 2**20))
""", full=True),
    Probe("files", "the size of a file and the number of open ones are bounded", """
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
def larger():
    with open("large", "wb") as file:
        file.truncate(targets["file_size"] + 1)
    return True
attempt("too large a file", larger)
attempt("too many files", lambda: [os.open("/dev/null", os.O_RDONLY) for _ in range(targets["open_files"] + 1)])
""", full=True),
    Probe("time", "a loop without an end is ended", "while True: pass", full=True, dies=True),
)  # fmt: skip

# What a first child leaves behind for the second to look for.
LEAVE = """
open(targets["left_file"], "w").write("x")
left = socket.socket(socket.AF_UNIX)
left.bind("\\0" + targets["left_socket"])
left.listen()
"""
