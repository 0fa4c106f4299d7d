"""The filter of system calls, run by the kernel where there is one and by hand for both machines."""

import ctypes
import errno
import platform
import re
import signal
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from curation.imaging import system_calls
from curation.imaging.system_calls import MACHINES, decoder_filter
from tests.curation.imaging.attempts import CALLS
from tests.harness.denied_calls import NUMBERS

ROOT = Path(system_calls.__file__).resolve().parents[2]
ALLOW, ERROR, KILL = 0x7FFF0000, 0x00050000, 0x80000000
NOT_PERMITTED, NO_SUCH_CALL = ERROR | errno.EPERM, ERROR | errno.ENOSYS
OWN = 4711
HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}
ON_X86 = pytest.mark.skipif(platform.machine() != "x86_64", reason="the other machine of an x86_64 process")


def verdict(program: bytes, number: int, *arguments: int, machine: int) -> int:
    """What the kernel would say: classic BPF over struct seccomp_data, as far as the filter uses it."""
    data = struct.pack("=iIQ6Q", number, machine, 0, *arguments, *[0] * (6 - len(arguments)))
    place, value = 0, 0
    while True:
        code, if_true, if_false, k = struct.unpack_from("=HBBI", program, 8 * place)
        place += 1
        if code == 0x20:  # load a word
            (value,) = struct.unpack_from("=I", data, k)
        elif code == 0x54:  # and
            value &= k
        elif code == 0x15:  # equal?
            place += if_true if value == k else if_false
        elif code == 0x35:  # at least?
            place += if_true if value >= k else if_false
        else:
            assert code == 0x06
            return int(k)


@pytest.mark.parametrize("name", MACHINES)
def test_what_the_filter_allows(name: str) -> None:
    machine = MACHINES[name]
    column, program = machine.column, decoder_filter(machine, own=OWN)

    def ask(number: int, *arguments: int, audit: int = machine.audit) -> int:
        return verdict(program, number, *arguments, machine=audit)

    for numbers in (*NUMBERS.values(), *CALLS.values()):
        expected = NO_SUCH_CALL if numbers == (435, 435) else NOT_PERMITTED
        assert ask(numbers[column]) == expected
    for numbers in system_calls._ALLOWED.values():
        assert ask(numbers[column]) == ALLOW
        assert all(
            ask(numbers[column], audit=other.audit) != ALLOW
            for other in MACHINES.values()
            if other != machine
        )
    allowed = {number for number in range(1000) if ask(number) == ALLOW}
    anyway = {numbers[column] for numbers in (system_calls._MMAP, system_calls._MPROTECT)}
    assert allowed == anyway | {numbers[column] for numbers in system_calls._ALLOWED.values()}
    assert ask(999) == NO_SUCH_CALL
    for numbers in (system_calls._MMAP, system_calls._MPROTECT):
        assert ask(numbers[column], 0, 4096, 3) == ALLOW
        assert ask(numbers[column], 0, 4096, 7) == NOT_PERMITTED
    thread = 0x003D0F00
    for flags, answer in (
        (thread, ALLOW),
        (17, NOT_PERMITTED),  # fork
        (0x4111, NOT_PERMITTED),  # vfork
        (thread | 0x10000000, NOT_PERMITTED),  # a user namespace
        (thread | 0x00020000, NOT_PERMITTED),  # a mount namespace
    ):
        assert ask(system_calls._CLONE[column], flags) == answer
    assert ask(system_calls._TGKILL[column], OWN, 1, 6) == ALLOW
    assert ask(system_calls._TGKILL[column], OWN + 1, 1, 6) == NOT_PERMITTED


@pytest.mark.parametrize("name", MACHINES)
def test_calls_of_another_machine_end_the_process(name: str) -> None:
    program = decoder_filter(MACHINES[name], own=OWN)
    i386, arm = 0x40000003, 0x40000028
    others = {i386, arm, *(machine.audit for machine in MACHINES.values())} - {MACHINES[name].audit}
    assert {verdict(program, number, machine=other) for other in others for number in (0, 1, 4, 63)} == {KILL}
    if MACHINES[name].has_x32:
        assert verdict(program, 0x40000000, machine=MACHINES[name].audit) == KILL
        assert verdict(program, 0x40000000 + 59, machine=MACHINES[name].audit) == KILL


@pytest.mark.parametrize("name", MACHINES)
def test_numbers_are_the_kernels(name: str) -> None:
    if not HEADERS[name].exists():
        pytest.skip("the kernel's headers are not installed")
    found = re.findall(r"#define __NR(?:3264)?_(\w+) (\d+)", HEADERS[name].read_text())
    numbers = {call: int(number) for call, number in found}
    column = MACHINES[name].column
    special = {
        "mmap": system_calls._MMAP,
        "mprotect": system_calls._MPROTECT,
        "clone": system_calls._CLONE,
        "clone3": system_calls._CLONE3,
        "tgkill": system_calls._TGKILL,
    }
    ours = system_calls._ALLOWED | special | NUMBERS | CALLS
    assert {
        call: pair[column] for call, pair in ours.items() if numbers.get(call, pair[column]) != pair[column]
    } == {}
    assert numbers["seccomp"] == MACHINES[name].seccomp
    assert max(numbers.values()) < system_calls._UNKNOWN_FROM


def confined(body: str, before: str = "") -> subprocess.CompletedProcess[str]:
    """Run `body` behind the filter alone: no other limit helps or hinders."""
    program = (
        f"import ctypes, threading\nlibc = ctypes.CDLL(None)\nlibc.prctl(38, 1, 0, 0, 0)\n{before}\n"
        f"from curation.imaging.system_calls import filter_calls\nassert filter_calls(libc)\n{body}"
    )
    return subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )


def test_threads_can_be_started() -> None:
    body = "threads = [threading.Thread(target=os.write, args=(1, b'x')) for _ in range(3)]\n"
    done = confined(f"{body}for one in threads: one.start()\nfor one in threads: one.join()", "import os")
    assert (done.stdout, done.returncode) == ("xxx", 0), done.stderr


def test_every_thread_is_behind_the_filter() -> None:
    before = (
        "import os, threading\nready, done = threading.Event(), threading.Event()\n"
        "def late():\n    ready.wait()\n    try: os.open('/dev/null', 0)\n"
        "    except OSError as problem: print(problem.errno)\n    done.set()\n"
        "threading.Thread(target=late).start()"
    )
    assert confined("ready.set(); done.wait()", before).stdout == f"{errno.EPERM}\n"


def test_a_process_that_gives_up_can_still_die() -> None:
    assert confined("import os; os.abort()").returncode == -signal.SIGABRT


@ON_X86
def test_numbers_of_x32_kill() -> None:
    assert confined("libc.syscall(0x40000000 + 39)").returncode == -signal.SIGSYS


@ON_X86
def test_a_call_of_i386_kills() -> None:
    """mov eax, 20 (getpid there; writev here); int 0x80; ret"""
    code = bytes.fromhex("b814000000cd80c3")
    page = (
        f"import mmap\npage = mmap.mmap(-1, 4096, prot=7)\npage.write({code!r})\n"
        "call = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))"
    )
    if subprocess.run([sys.executable, "-c", f"import ctypes\n{page}\ncall()"], check=False).returncode != 0:
        pytest.skip("this kernel does not run i386 calls")
    assert confined("call()", page).returncode == -signal.SIGSYS


def test_without_a_list_for_the_machine_there_is_no_filter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    assert system_calls.filter_calls(ctypes.CDLL(None)) is False
