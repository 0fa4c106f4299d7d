"""Asks a process that forks (`forked`) for a child, and stands for it: `python -IS` this file ADDRESS WORD...

The child has this program's environment and open files, gets its SIGTERM and SIGINT, and is killed with it.
It ends as the child did. Standard library only.
"""

import json
import os
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import FrameType


def ask(address: str, words: Sequence[str], env: Mapping[str, str], files: Sequence[int]) -> socket.socket:
    """Have `python WORDS` run with the open files `files`: three standard ones, others under their numbers.

    What comes through the socket: its number, and in the end its exit status.
    """
    asking = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    asking.connect(address)
    socket.send_fds(asking, [json.dumps([list(words), dict(env), list(files)]).encode()], list(files))
    return asking


def main(address: str, words: Sequence[str]) -> int:
    """Run it to its end; return the exit status."""
    with os.scandir("/proc/self/fd") as listed:
        numbers = sorted(int(entry.name) for entry in listed)
    files = [0, 1, 2, *(number for number in numbers if number > 2 and _is_open(number))]
    asking = ask(address, words, os.environ, files)
    pid = int(asking.recv(64))

    def pass_on(number: int, _: FrameType | None) -> None:
        with suppress(ProcessLookupError):
            os.kill(pid, number)

    for sent in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sent, pass_on)
    for number in files:
        os.close(number)
    return int(asking.recv(64))


def _is_open(number: int) -> bool:
    """Whether it is more than the folder that was just listed."""
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    status = main(sys.argv[1], sys.argv[2:])
    if status < 0:
        signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    sys.exit(status)
