"""Commands and modules of the product, run in processes forked from one that has the libraries behind it.

Half a second of every start is imports of libraries, and the suite starts hundreds. A child has its own
environment, folder, files, signals and exit status, reads the settings itself and ends as an interpreter
does; nothing of the product is imported before. Tests that are about starts, and services that run on, take
processes of their own.

`python -m tests.harness.forked FD`: the process; requests come through the socket.
"""

import contextlib
import gc
import json
import os
import random
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import IO, Any

from tests.harness.processes import dies_with_parent

ROOT = Path(__file__).resolve().parents[2]
# They bring nine tenths of what a command imports from others, and need no settings.
LIBRARIES = (
    *("django.contrib.auth.apps", "django.views.debug", "celery.app", "celery.fixups.django"),
    *("kombu.transport.filesystem", "requests", "structlog", "numpy.typing", "fido2.server"),
    *("prometheus_client.core", "PIL.ImageOps", "jwt", "whitenoise.middleware", "xml.etree.ElementTree"),
)
LONGEST = 1 << 18


class ForkedPython:
    """As much of subprocess.Popen as tests ask for."""

    def __init__(self, status: socket.socket) -> None:
        self.returncode: int | None = None
        self._status = status
        self.pid = int(status.recv(LONGEST))

    def send_signal(self, number: int) -> None:
        """As Popen's."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """As Popen's."""
        self.send_signal(signal.SIGKILL)

    def poll(self) -> int | None:
        """The exit status, None while it lives."""
        if self.returncode is None and select.select([self._status], [], [], 0)[0]:
            self.wait()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """The exit status, when it has ended. Raises TimeoutError."""
        if self.returncode is None:
            self._status.settimeout(timeout)
            self.returncode = int(self._status.recv(LONGEST))
            self._status.close()
        return self.returncode


class ForkServer:
    """The process that forks, from the side of the tests: it starts at their first request."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None

    def start(
        self, words: Sequence[str], *, env: Mapping[str, str], stdin: IO[Any], out: IO[Any], err: IO[Any]
    ) -> ForkedPython:
        """Run `python WORDS` in the project's folder."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        given = [stdin.fileno(), out.fileno(), err.fileno(), theirs.fileno()]
        socket.send_fds(self._connection(), [json.dumps([list(words), dict(env)]).encode()], given)
        theirs.close()
        return ForkedPython(ours)

    def close(self) -> None:
        """End it, and with it every process that it still has."""
        if self._socket is not None:
            self._socket.close()
            self._process.wait(60)

    def _connection(self) -> socket.socket:
        if self._socket is None:
            self._socket, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with other:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", __name__, str(other.fileno())],
                    cwd=ROOT,
                    stdin=subprocess.DEVNULL,
                    pass_fds=[other.fileno()],
                    preexec_fn=dies_with_parent(),  # noqa: PLW1509
                )
        return self._socket


server = ForkServer()


def run_python(
    words: Sequence[str],
    *,
    env: Mapping[str, str],
    stdin: str = "",
    timeout: float | None = None,
) -> "subprocess.CompletedProcess[str]":
    """Run `python WORDS` to its end in the project's folder."""
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        given.write(stdin.encode())
        given.seek(0)
        status = server.start(words, env=env, stdin=given, out=out, err=err).wait(timeout)
        said = []
        for file in (out, err):
            file.seek(0)
            said.append(file.read().decode())
    return subprocess.CompletedProcess(words, status, *said)


def start_python(words: Sequence[str], *, env: Mapping[str, str], log: Path) -> ForkedPython:
    """Run `python WORDS` in the project's folder, in a session of its own; what it says is added to `log`."""
    with log.open("ab") as said, Path(os.devnull).open("rb") as nothing:
        return server.start(words, env=env, stdin=nothing, out=said, err=said)


def serve(connection: socket.socket) -> list[str]:
    """Fork a keeper for each request; returns, in its child, the words to run, and nothing in the end."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    die_with_server = dies_with_parent()
    while True:
        asked, files, *_ = socket.recv_fds(connection, LONGEST, 4)
        if not asked:
            return []
        if not os.fork():
            connection.close()
            words, environment = json.loads(asked)
            _keep(files, die_with_server)
            os.environ.clear()
            os.environ.update(environment)
            return [str(word) for word in words]
        for file in files:
            os.close(file)


def _keep(files: list[int], die_with_server: Callable[[], None]) -> None:
    """Fork the child, which returns; the keeper tells how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    # Whoever starts a process kills it by ending: tests, this server, keeper, child.
    die_with_server()
    die_with_keeper = dies_with_parent()
    if pid := os.fork():
        for file in files[:3]:
            os.close(file)
        os.write(files[3], str(pid).encode())
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        with contextlib.suppress(OSError):  # nobody may be left to hear it
            os.write(files[3], str(status).encode())
        os._exit(0)
    die_with_keeper()
    os.setsid()
    for number, file in enumerate(files[:3]):
        os.dup2(file, number)
    for file in files:
        os.close(file)


def main(connection: socket.socket) -> None:
    """Import, serve, and in a child: run."""
    for library in LIBRARIES:
        import_module(library)
    gc.freeze()
    if words := serve(connection):
        random.seed()  # a fresh process draws its own
        first, *rest = words
        if first == "-m":
            sys.argv = rest
            runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
        else:
            sys.argv = words
            runpy.run_path(first, run_name="__main__")


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
