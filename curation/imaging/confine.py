"""Limits and walls a process puts around itself before it touches an untrusted byte (Linux).

`take_limits` comes first: limits, the parent's life, an empty network. `wall_off` comes when everything that
decoding needs is imported and open: from then on no file, no connection and no program can be reached.
Standard library only.
"""

import ctypes
import errno
import os
import resource
import signal
from typing import BinaryIO, Final, Protocol

from curation.imaging.system_calls import filter_calls
from curation.imaging.walls import Wall

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4
_PR_SET_NO_NEW_PRIVS: Final = 38
_CLONE_NEWUSER: Final = 0x10000000
_CLONE_NEWNET: Final = 0x40000000
_UNIX_STREAM: Final = (1, 1, 0)

# Landlock (kernel 5.13 and later): the same call numbers on every architecture we know.
_CREATE_RULESET, _RESTRICT_SELF = 444, 446
_VERSION_FLAG: Final = 1
# How many kinds of access to files each version knows (the low bits of a mask), the newest last.
_FILE_RIGHTS: Final = {1: 13, 2: 14, 3: 15, 5: 16}
_NETWORK_SINCE, _BIND_AND_CONNECT = 4, 0b11
_SCOPES_SINCE, _SOCKETS_AND_SIGNALS = 6, 0b11


class ProcessLimits(Protocol):
    """What a confined process may use of memory (bytes), processor (seconds) and open files."""

    @property
    def memory_bytes(self) -> int:
        """Address space."""

    @property
    def cpu_seconds(self) -> int:
        """Seconds of processor."""

    @property
    def open_files(self) -> int:
        """Descriptors while it loads."""


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scopes", ctypes.c_uint64))


def take_limits(limits: ProcessLimits, *, parent: int) -> bool:
    """Bind this process to `limits` and to the life of `parent` (a pid); True when its network is empty.

    Call it while the process has one thread: the kernel moves no other into a namespace.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)  # the parent died before the death signal was armed
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    ways = (_CLONE_NEWUSER | _CLONE_NEWNET, _CLONE_NEWNET)
    isolated = any(libc.unshare(way) == 0 for way in ways)
    _cap(resource.RLIMIT_AS, limits.memory_bytes)
    _cap(resource.RLIMIT_CPU, limits.cpu_seconds, spare=2)  # the soft limit's SIGXCPU tells time from memory
    _cap(resource.RLIMIT_FSIZE, 0)  # what it makes goes through a pipe
    _cap(resource.RLIMIT_NOFILE, limits.open_files)
    _cap(resource.RLIMIT_NPROC, 1)
    _cap(resource.RLIMIT_CORE, 0)  # a core dump would be a copy of the patient's image
    return isolated


def wall_off(*, isolated: bool, handed: int = 0) -> frozenset[Wall]:
    """Close files, network and system calls for ever; return the walls that stand, as measured.

    `isolated` is the answer of `take_limits`. `handed`: so many descriptors, those open already among them,
    may be open at once, because another process hands over files that it opened; 0: nothing is handed over.
    What is open stays open. Where no filter can be installed, an empty network still has the Unix sockets
    that are files, and Landlock does not see every call that takes a path: that is what signing for the wall
    of system calls means.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    alone = len(os.listdir("/proc/self/task")) == 1  # noqa: PTH208
    _close_files(libc)
    closed = alone and not _can_open(__file__)  # Landlock holds for the thread that asked
    _cap(resource.RLIMIT_NOFILE, handed)  # a second line: no further descriptor, of whatever kind
    filtered = filter_calls(libc, takes_files=handed > 0) and _is_refused(libc)
    stand = {Wall.NETWORK: filtered or isolated, Wall.FILES: filtered or closed, Wall.CALLS: filtered}
    return frozenset(wall for wall, stands in stand.items() if stands)


def own_stdout() -> BinaryIO:
    """Keep stdout for answers alone: what a library prints goes nowhere."""
    answers = os.fdopen(os.dup(1), "wb")
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.close(quiet)
    return answers


def _cap(kind: int, value: int, *, spare: int = 0) -> None:
    _, hard = resource.getrlimit(kind)
    most = value + spare if hard == resource.RLIM_INFINITY else min(value + spare, hard)
    resource.setrlimit(kind, (min(value, most), most))


def _close_files(libc: ctypes.CDLL) -> None:
    """Landlock: a rule set that handles all it knows and allows nothing; kernels without it do nothing."""
    version = libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION_FLAG)
    if version < 1:
        return
    rights = max(count for since, count in _FILE_RIGHTS.items() if since <= version)
    handled = _Ruleset(
        (1 << rights) - 1,
        _BIND_AND_CONNECT if version >= _NETWORK_SINCE else 0,
        _SOCKETS_AND_SIGNALS if version >= _SCOPES_SINCE else 0,
    )
    rules = libc.syscall(_CREATE_RULESET, ctypes.byref(handled), ctypes.c_size_t(ctypes.sizeof(handled)), 0)
    if rules < 0:
        return
    libc.syscall(_RESTRICT_SELF, rules, 0)
    os.close(rules)


def _is_refused(libc: ctypes.CDLL) -> bool:
    """Whether the filter works: it says EPERM where the limit of descriptors alone would say EMFILE."""
    made = libc.socket(*_UNIX_STREAM)
    if made >= 0:
        os.close(made)
        return False
    return ctypes.get_errno() == errno.EPERM


def _can_open(path: str) -> bool:
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
    except OSError:
        return False
    return True
