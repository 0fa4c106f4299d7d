"""Limits a process puts on itself before it touches an untrusted byte. Linux; standard library only."""

import ctypes
import os
import resource
import signal
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from curation.imaging.protocol import RebuildLimits

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4
_PR_SET_NO_NEW_PRIVS: Final = 38
_CLONE_NEWUSER: Final = 0x10000000
_CLONE_NEWNET: Final = 0x40000000

# Landlock (kernel 5.13 and later): the same three call numbers on every architecture we know.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION_FLAG: Final = 1
_PATH_BENEATH: Final = 1
_WRITE_FILE, _READ_FILE, _READ_DIR, _MAKE_REG = 1 << 1, 1 << 2, 1 << 3, 1 << 8
_ALL_FIRST_VERSION: Final = (1 << 13) - 1
_TRUNCATE: Final = 1 << 14
_TRUNCATE_SINCE: Final = 3


@dataclass(frozen=True, slots=True)
class Granted:
    """Which of the two optional walls the kernel put up; the resource limits always hold."""

    network: bool
    files: bool


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32))


def confine(
    limits: RebuildLimits, *, parent: int, sources: Sequence[Path] = (), folders: Sequence[Path] = ()
) -> Granted:
    """Bind this process to `limits`, to the life of `parent` (a pid), to no network and to few files.

    Afterwards it can read the Python installation, this package and `sources`, and write in `folders`.
    Call it while the process has one thread.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)  # the parent died before the death signal was armed
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    isolated = libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0 or libc.unshare(_CLONE_NEWNET) == 0
    walled = _wall_off(libc, sources, folders)
    _cap(resource.RLIMIT_AS, limits.memory_bytes)
    _cap(resource.RLIMIT_CPU, limits.cpu_seconds, spare=2)  # the soft limit's SIGXCPU tells time from memory
    _cap(resource.RLIMIT_FSIZE, limits.written_file_bytes)
    _cap(resource.RLIMIT_NOFILE, limits.open_files)
    _cap(resource.RLIMIT_NPROC, 1)
    _cap(resource.RLIMIT_CORE, 0)  # a core dump would be a copy of the patient's image
    return Granted(network=bool(isolated), files=walled)


def _cap(kind: int, value: int, *, spare: int = 0) -> None:
    _, hard = resource.getrlimit(kind)
    most = value + spare if hard == resource.RLIM_INFINITY else min(value + spare, hard)
    resource.setrlimit(kind, (min(value, most), most))


def _wall_off(libc: ctypes.CDLL, sources: Iterable[Path], folders: Iterable[Path]) -> bool:
    """Leave only the files of the Python installation and of this task; False where the kernel cannot."""
    version = libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION_FLAG)
    if version < 1:
        return False
    handled = ctypes.c_uint64(_ALL_FIRST_VERSION | (_TRUNCATE if version >= _TRUNCATE_SINCE else 0))
    rules = libc.syscall(_CREATE_RULESET, ctypes.byref(handled), ctypes.c_size_t(8), 0)
    if rules < 0:
        return False
    try:
        for path in _installation():
            _allow(libc, rules, path, _READ_FILE | _READ_DIR if path.is_dir() else _READ_FILE)
        for path in sources:
            _allow(libc, rules, path, _READ_FILE)
        for path in folders:
            _allow(libc, rules, path, _READ_FILE | _READ_DIR | _WRITE_FILE | _MAKE_REG)
        return bool(libc.syscall(_RESTRICT_SELF, rules, 0) == 0)
    finally:
        os.close(rules)


def _installation() -> set[Path]:
    """Return where code may be loaded from: never the project's folder itself, where data may lie."""
    package = Path(__file__).resolve().parent
    project = package.parents[1]
    places = {Path(place) for place in (*sys.path, sys.prefix, sys.base_prefix) if place}
    system = {Path(place) for place in ("/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/dev/null")}
    return {place for place in {*places, *system, package} if place.exists() and place.resolve() != project}


def _allow(libc: ctypes.CDLL, rules: int, path: Path, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # what cannot be opened cannot be allowed either: its use will be refused
    try:
        rule = _Beneath(rights, place)
        libc.syscall(_ADD_RULE, rules, _PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(place)
