"""Confined processes for tests that are not about them: forked from one that has imported what they need.

Half a second of such a process is imports, and hundreds of tests take in a picture or look at an export. What
is forked puts itself behind the same walls, before it reads anything, and ends with its parent. The tests of
the walls, of the decoder and of the gate start real ones.

`python -m tests.harness.confined FD`: the process; requests come through the socket.
"""

import fcntl
import gc
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from typing import IO, Any, NoReturn

from tests.harness.forked import ForkedPython, tell_end
from tests.harness.processes import dies_with_parent

LONGEST = 1 << 16
MOST_FILES = 64
# Descriptors that are given wait from here on until each takes the number that its owner named.
ABOVE = 400


class ForkedChild(ForkedPython):
    """As much of subprocess.Popen as the parent's side asks for."""

    def __init__(self, status: socket.socket, stdin: IO[bytes], stdout: IO[bytes]) -> None:
        super().__init__(status)
        self.stdin, self.stdout = stdin, stdout


class ConfinedServer:
    """The process that forks, started at the first request."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None

    def start(self, module: str, handed: Sequence[int]) -> Any:
        """Run `module` with the open files `handed`, as the product's own start does."""
        to_child, stdin = os.pipe()
        stdout, from_child = os.pipe()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        given = [to_child, from_child, theirs.fileno(), *handed]
        socket.send_fds(self._connection(), [json.dumps([module, *handed]).encode()], given)
        for descriptor in (to_child, from_child):
            os.close(descriptor)
        theirs.close()
        return ForkedChild(ours, os.fdopen(stdin, "wb"), os.fdopen(stdout, "rb"))

    def close(self) -> None:
        """End it; nobody has a child left by then."""
        if self._socket is not None:
            self._socket.close()
            self._process.wait(60)

    def _connection(self) -> socket.socket:
        if self._socket is None:
            self._socket, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            from curation.imaging import child_process

            with other:
                self._process = subprocess.Popen(
                    [sys.executable, "-s", "-m", __name__, str(other.fileno())],
                    cwd=child_process._ROOT,
                    env=child_process._ENVIRONMENT,
                    stdin=subprocess.DEVNULL,
                    pass_fds=[other.fileno()],
                    preexec_fn=dies_with_parent(),  # noqa: PLW1509
                )
        return self._socket


def serve(connection: socket.socket) -> None:
    """Fork a keeper for each request, until nobody asks any more."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        asked, files, *_ = socket.recv_fds(connection, LONGEST, MOST_FILES)
        if not asked:
            return
        if not os.fork():
            connection.close()
            _keep(json.loads(asked), files)
        for file in files:
            os.close(file)


def _keep(asked: list[Any], files: list[int]) -> NoReturn:
    """Fork the child and tell how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    module, *numbers = asked
    if not (pid := os.fork()):
        os._exit(_run(module, numbers, files))
    for file in (*files[:2], *files[3:]):
        os.close(file)
    tell_end(pid, files[2])
    os._exit(0)


def _run(module: str, numbers: list[int], files: list[int]) -> int:
    os.setsid()
    os.write(files[2], str(os.getpid()).encode())
    waiting = [fcntl.fcntl(file, fcntl.F_DUPFD, ABOVE) for file in (*files[:2], *files[3:])]
    for file in files:
        os.close(file)
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 2)
    os.close(quiet)
    for file, number in zip(waiting, (0, 1, *numbers), strict=True):
        os.dup2(file, number)
        os.close(file)
    sys.stdin, sys.stdout = open(0, closefd=False), open(1, "w", closefd=False)  # noqa: SIM115
    sys.argv[1:] = [str(os.getppid()), *map(str, numbers)]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        return int(end.code or 0)
    except BaseException:  # as an interpreter ends that nobody hears
        return 1
    return 0


def main(connection: socket.socket) -> None:
    """Import, compile and serve."""
    from curation.gate.child import _load
    from curation.imaging.decoders import load_decoders

    load_decoders()
    _load(has_parquet=True)
    gc.freeze()
    serve(connection)


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
