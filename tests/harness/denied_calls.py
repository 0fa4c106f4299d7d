"""Starts a command where the kernel seems to lack system calls, as in a container or on an old kernel.

`python -m tests.harness.denied_calls unshare=1 landlock_create_ruleset=38 -- COMMAND`: names and errors.
"""

import ctypes
import errno
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any, Final

import pytest

from curation.imaging.system_calls import assembled, install, refuse, this_machine

NUMBERS: Final = {  # on x86_64 and aarch64
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "bpf": (321, 280),
    "keyctl": (250, 219),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "open_by_handle_at": (304, 265),
    "clone3": (435, 435),
    "seccomp": (317, 277),
    "landlock_create_ruleset": (444, 444),
}
# What Docker's default profile says to a container without capabilities, of the calls that matter here.
DOCKER: Final = dict.fromkeys(
    (
        "unshare",
        "setns",
        "mount",
        "bpf",
        "keyctl",
        "perf_event_open",
        "userfaultfd",
        "open_by_handle_at",
    ),
    errno.EPERM,
) | {"clone3": errno.ENOSYS}
NO_LANDLOCK: Final = {"landlock_create_ruleset": errno.ENOSYS}
NO_FILTER: Final = {"seccomp": errno.EINVAL}
NO_WALLS: Final = DOCKER | NO_LANDLOCK | NO_FILTER


def under(denied: Mapping[str, int], command: list[str]) -> list[str]:
    """The command line that runs `command` with these calls refused."""
    words = [f"{name}={number}" for name, number in denied.items()]
    return [sys.executable, "-m", "tests.harness.denied_calls", *words, "--", *command]


def deny(patch: pytest.MonkeyPatch, denied: Mapping[str, int]) -> None:
    """From now on the child that decodes uploads is started so."""
    real = subprocess.Popen

    def start(command: list[str], **options: Any) -> Any:
        return real(under(denied, command), **options)

    patch.setattr("curation.imaging.child_process.subprocess.Popen", start)


def main() -> None:
    words, command = sys.argv[1 : sys.argv.index("--")], sys.argv[sys.argv.index("--") + 1 :]
    machine = this_machine()
    assert machine is not None
    steps = []
    for word in words:
        name, number = word.split("=")
        steps += refuse(NUMBERS[name][machine.column], int(number))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
    assert install(libc, machine, assembled(machine, steps))
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
