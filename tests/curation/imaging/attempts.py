"""Run behind the walls: tries what a hostile decoder would, and prints what came of each try as JSON.

`python -m tests.curation.imaging.attempts FOLDER`: the folder holds secret.key and consilium.sqlite3.
"""

import ctypes
import json
import mmap
import os
import socket
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from curation.imaging.confine import take_limits, wall_off
from curation.imaging.protocol import DEFAULT
from curation.imaging.system_calls import this_machine

# Numbers on x86_64 and aarch64, for calls that Python has no function for.
CALLS = {
    "execveat": (322, 281),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "mount": (165, 40),
    "unshare": (272, 97),
    "setns": (308, 268),
    "bpf": (321, 280),
    "keyctl": (250, 219),
    "io_uring_setup": (425, 425),
    "userfaultfd": (323, 282),
    "perf_event_open": (298, 241),
    "open_by_handle_at": (304, 265),
    "kexec_load": (246, 104),
    "finit_module": (313, 273),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "openat2": (437, 437),
    "memfd_create": (319, 279),
    "connect": (42, 203),
    "bind": (49, 200),
    "prlimit64": (302, 261),
    "personality": (135, 92),
    "prctl": (157, 167),
}
PTRACE_ATTACH = 16
FAMILIES = ("AF_INET", "AF_INET6", "AF_UNIX", "AF_NETLINK", "AF_PACKET", "AF_VSOCK", "AF_ALG")


def outcome(attempt: Callable[[], object]) -> str:
    """The error's name, or "done"."""
    try:
        attempt()
    except OSError as problem:
        return type(problem).__name__ if problem.errno is None else os.strerror(problem.errno)
    return "done"


def raw(libc: ctypes.CDLL, name: str) -> str:
    machine = this_machine()
    assert machine is not None
    first = PTRACE_ATTACH if name == "ptrace" else 0
    done = libc.syscall(CALLS[name][machine.column], ctypes.c_long(first), *[ctypes.c_long(0)] * 5) >= 0
    return "done" if done else os.strerror(ctypes.get_errno())


def attempts(folder: Path) -> dict[str, Callable[[], object]]:
    key, database = folder / "secret.key", folder / "consilium.sqlite3"
    parent = os.getppid()
    return {
        "read the key": key.read_text,
        "read the database": database.read_bytes,
        "read the parent's environment": Path(f"/proc/{parent}/environ").read_bytes,
        "read the password file": Path("/etc/passwd").read_text,
        "ask for the key's size": key.stat,
        "list the folder": lambda: os.listdir(folder),  # noqa: PTH208
        "write into the database": lambda: database.open("r+b"),
        "write outside": lambda: (folder / "new").write_text("x"),
        "write into the output": lambda: (folder / "out" / "new").write_text("x"),
        "cut the database": lambda: os.truncate(database, 0),
        "remove the database": database.unlink,
        "rename the key": lambda: key.rename(folder / "other"),
        "link the key": lambda: (folder / "link").hardlink_to(key),
        "make a folder": (folder / "made").mkdir,
        "make the key readable": lambda: key.chmod(0o666),
        "fork": lambda: os.fork() or os._exit(0),
        "signal the parent": lambda: os.kill(parent, 0),
        "run new code": lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC),
        **{f"socket {family}": partial(socket.socket, getattr(socket, family)) for family in FAMILIES},
    }


def main() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    tries = attempts(Path(sys.argv[1]))
    standing = wall_off(isolated=take_limits(DEFAULT, parent=os.getppid()))
    came = {what: outcome(attempt) for what, attempt in tries.items()}
    came |= {name: raw(libc, name) for name in CALLS}
    report = json.dumps({"walls": sorted(standing), "came": came})
    os.write(1, report.encode())
    # Last: where it works, nothing of this program is left to tell.
    os.write(1, f"\n{outcome(lambda: os.execv('/bin/echo', ['echo', 'executed']))}".encode())


if __name__ == "__main__":
    main()
