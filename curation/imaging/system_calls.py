"""The filter of system calls behind which uploads are decoded: an allow-list kept by the kernel (seccomp).

A filter is a program of classic BPF (struct sock_filter). It sees the number of a call, the machine it is
meant for, and its arguments as numbers; never what a pointer leads to. So what takes a path is refused whole.
Standard library only. Numbers are those of the kernel's unistd.h; why so, docs/decisions/0013 says.
"""

import ctypes
import errno
import os
import platform
import struct
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple


class Instruction(NamedTuple):
    """One instruction: its code, how many to skip when true and when false, its number."""

    code: int
    if_true: int
    if_false: int
    number: int


@dataclass(frozen=True, slots=True)
class Machine:
    """What the filter must know of a processor: audit number, number of seccomp(2), column of the tables."""

    audit: int
    column: int
    seccomp: int
    has_x32: bool


@dataclass(frozen=True, slots=True)
class Argument:
    """What an argument must be: its low 32 bits under `mask` are `value`."""

    place: int
    mask: int
    value: int


MACHINES: Final = {
    "x86_64": Machine(audit=0xC000003E, column=0, seccomp=317, has_x32=True),
    "aarch64": Machine(audit=0xC00000B7, column=1, seccomp=277, has_x32=False),
}

_LOAD, _EQUAL, _AT_LEAST, _AND, _RETURN = 0x20, 0x15, 0x35, 0x54, 0x06
_NUMBER_AT, _MACHINE_AT, _ARGUMENTS_AT = 0, 4, 16
_ALLOW, _ERROR, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_X32: Final = 0x40000000
# A call that is younger than this list "does not exist": libraries then do what they did before it did.
_UNKNOWN_FROM: Final = 470

# Name: numbers on x86_64 and aarch64. Reading and writing what is open, memory, threads, time, the end.
_ALLOWED: Final = {
    "read": (0, 63),
    "write": (1, 64),
    "futex": (202, 98),
    "munmap": (11, 215),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "brk": (12, 214),
    "lseek": (8, 62),
    "pread64": (17, 67),
    "readv": (19, 65),
    "writev": (20, 66),
    "close": (3, 57),
    "fstat": (5, 80),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sigaltstack": (131, 132),
    "restart_syscall": (219, 128),
    "sched_yield": (24, 124),
    "sched_getaffinity": (204, 123),
    "getpid": (39, 172),
    "gettid": (186, 178),
    "set_robust_list": (273, 99),
    "rseq": (334, 293),
    "nanosleep": (35, 101),
    "clock_nanosleep": (230, 115),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "gettimeofday": (96, 169),
    "getrusage": (98, 165),
    "sysinfo": (99, 179),
    "getrandom": (318, 278),
    "exit": (60, 93),
    "exit_group": (231, 94),
}
_RECEIVE: Final = (47, 212)  # recvmsg: the one call that brings in a file, which its sender opened
_MMAP, _MPROTECT, _CLONE, _TGKILL, _CLONE3 = (9, 222), (10, 226), (56, 220), (234, 131), (435, 435)
_PROT_EXEC: Final = 4
_THREAD: Final = 0x00010900  # CLONE_VM | CLONE_SIGHAND | CLONE_THREAD
_NAMESPACES: Final = 0x7E020000  # CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
_SET_MODE_FILTER: Final = 1
_ALL_THREADS: Final = 1


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_char_p))


def this_machine() -> Machine | None:
    """This processor; None when there is no list of numbers for it, or this Python is a 32-bit one."""
    return MACHINES.get(platform.machine()) if sys.maxsize > 1 << 32 else None


def decoder_filter(machine: Machine, *, own: int, takes_files: bool = False) -> bytes:
    """Return the filter of the decoder: what is not listed is refused with EPERM.

    No new code can be mapped, threads but no processes can be started, and only process `own` be signalled.
    `takes_files`: open files may come in over a socket that is open already.
    """
    column = machine.column
    steps = [step for numbers in _ALLOWED.values() for step in allow(numbers[column])]
    steps += allow(_RECEIVE[column]) if takes_files else []
    steps += allow(_MMAP[column], Argument(2, _PROT_EXEC, 0))
    steps += allow(_MPROTECT[column], Argument(2, _PROT_EXEC, 0))
    steps += allow(_CLONE[column], Argument(0, _THREAD | _NAMESPACES, _THREAD))
    steps += allow(_TGKILL[column], Argument(0, 0xFFFFFFFF, own))
    # Its flags lie behind a pointer. The C library takes clone() when this one does not exist.
    steps += refuse(_CLONE3[column], errno.ENOSYS)
    steps += [Instruction(_AT_LEAST, 0, 1, _UNKNOWN_FROM), Instruction(_RETURN, 0, 0, _ERROR | errno.ENOSYS)]
    return assembled(machine, steps, otherwise=_ERROR | errno.EPERM)


def allow(number: int, argument: Argument | None = None) -> list[Instruction]:
    """Steps that allow one call, if its argument is as it must be; else it is refused with EPERM."""
    if argument is None:
        return [Instruction(_EQUAL, 0, 1, number), Instruction(_RETURN, 0, 0, _ALLOW)]
    look = [
        Instruction(_LOAD, 0, 0, _ARGUMENTS_AT + 8 * argument.place),
        Instruction(_AND, 0, 0, argument.mask),
        Instruction(_EQUAL, 0, 1, argument.value),
        Instruction(_RETURN, 0, 0, _ALLOW),
        Instruction(_RETURN, 0, 0, _ERROR | errno.EPERM),
    ]
    return [Instruction(_EQUAL, 0, len(look), number), *look]


def refuse(number: int, error: int) -> list[Instruction]:
    """Steps that refuse one call with the error number `error`."""
    return [Instruction(_EQUAL, 0, 1, number), Instruction(_RETURN, 0, 0, _ERROR | error)]


def assembled(machine: Machine, steps: Sequence[Instruction], *, otherwise: int = _ALLOW) -> bytes:
    """Return the program: calls of another machine end the process, then `steps`, then `otherwise`.

    Another machine is what a 64-bit process reaches by `int 0x80` (i386) or by x32 numbers: the same number
    means another call there.
    """
    start = [
        Instruction(_LOAD, 0, 0, _MACHINE_AT),
        Instruction(_EQUAL, 1, 0, machine.audit),
        Instruction(_RETURN, 0, 0, _KILL),
        Instruction(_LOAD, 0, 0, _NUMBER_AT),
    ]
    if machine.has_x32:
        start += [Instruction(_AT_LEAST, 0, 1, _X32), Instruction(_RETURN, 0, 0, _KILL)]
    return _packed([*start, *steps, Instruction(_RETURN, 0, 0, otherwise)])


def install(libc: ctypes.CDLL, machine: Machine, program: bytes) -> bool:
    """Put a filter over every thread of this process, for ever; False when the kernel does not take it.

    The process must have given up new privileges (PR_SET_NO_NEW_PRIVS).
    """
    what = _Program(len(program) // 8, program)
    return bool(libc.syscall(machine.seccomp, _SET_MODE_FILTER, _ALL_THREADS, ctypes.byref(what)) == 0)


def filter_calls(libc: ctypes.CDLL, *, takes_files: bool = False) -> bool:
    """Put the decoder's filter over this process; False where the kernel or this machine cannot."""
    machine = this_machine()
    if machine is None:
        return False
    return install(libc, machine, decoder_filter(machine, own=os.getpid(), takes_files=takes_files))


def _packed(steps: Iterable[Instruction]) -> bytes:
    return b"".join(struct.pack("=HBBI", *step) for step in steps)
