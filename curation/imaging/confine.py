"""Limits a process puts on itself before it touches an untrusted byte. Linux; standard library only."""

import ctypes
import os
import resource
import signal
from typing import Final

from curation.imaging.protocol import Limits

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4
_PR_SET_NO_NEW_PRIVS: Final = 38
_CLONE_NEWUSER: Final = 0x10000000
_CLONE_NEWNET: Final = 0x40000000


def confine(limits: Limits, *, parent: int) -> bool:
    """Bind this process to `limits`, to the life of `parent` (a pid) and to an empty network.

    Call it while the process has one thread. Returns whether the kernel granted the network namespace;
    where it did not (some containers), the other limits still hold.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)  # the parent died before the death signal was armed
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    isolated = libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0 or libc.unshare(_CLONE_NEWNET) == 0
    _cap(resource.RLIMIT_AS, limits.memory_bytes)
    _cap(resource.RLIMIT_CPU, limits.cpu_seconds, spare=2)  # the soft limit's SIGXCPU tells time from memory
    _cap(resource.RLIMIT_FSIZE, limits.written_file_bytes)
    _cap(resource.RLIMIT_NOFILE, limits.open_files)
    _cap(resource.RLIMIT_NPROC, 1)
    _cap(resource.RLIMIT_CORE, 0)  # a core dump would be a copy of the patient's image
    return bool(isolated)


def _cap(kind: int, value: int, *, spare: int = 0) -> None:
    _, hard = resource.getrlimit(kind)
    most = value + spare if hard == resource.RLIM_INFINITY else min(value + spare, hard)
    resource.setrlimit(kind, (min(value, most), most))
