"""Commands and modules of the product, run in processes forked from one that has the libraries behind it.

Half a second of every start is imports, six of a training process's, and the suite starts hundreds. Workers
of pytest-xdist come from such a process too, and find most of what the test files import.
A child has its own environment, folder, files, signals and exit status, reads the settings itself and ends as
an interpreter does; nothing of the product that reads settings is imported before. Tests that are about
starts, and services that run on, take processes of their own.

`python -m tests.harness.forked FD LIBRARY...`: the process; requests come through the listening socket. It
imports at the first.
"""

import atexit
import contextlib
import fcntl
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
from types import ModuleType
from typing import IO, Any, Final

from tests.harness import forked_client
from tests.harness.processes import dies_with_parent

ROOT = Path(__file__).resolve().parents[2]
# They bring nine tenths of what a command imports from others, and need no settings.
LIBRARIES = (
    *("django.contrib.auth.apps", "django.views.debug", "celery.app", "celery.fixups.django"),
    *("kombu.transport.filesystem", "requests", "structlog", "numpy.typing", "fido2.server"),
    *("prometheus_client.core", "PIL.ImageOps", "jwt", "whitenoise.middleware", "xml.etree.ElementTree"),
    # Of the product, what reads no settings and no environment, the slowest to import.
    *("curation.cards.count", "curation.gate.look", "consilium.answers.checks"),
    *("consilium.statistics.agreement", "consilium.statistics.judge_pairs", "consilium.answers.open_answers"),
)
# What a training process imports, of which nothing reads settings.
TRAINING = (
    *("training.job.dsa", "training.job.gba", "training.job.gba_trainer", "training.job.merge"),
    *("training.job.judge_dpo", "training.job.reward_model"),
    *("trl.trainer.sft_trainer", "trl.trainer.dpo_trainer"),
    # The workers of the suite come from the same process (tests/conftest.py): what test files import besides.
    *("scipy.stats", "openpyxl", "aiohttp.client", "fastapi", "curation.text.find"),
)
# What huggingface_hub imports; itself it reads its environment when imported.
HUB_CLIENT = ("httpx", "tqdm.auto", "yaml", "filelock", "structlog", "fsspec", "xml.etree.ElementTree")
OFFLINE = {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "TRL_EXPERIMENTAL_SILENCE": "1"}
LONGEST = 1 << 18
MOST_FILES = 32
# Files that are given wait from here on until each takes the number that it has with who gave it.
ABOVE = 400


class ForkedPython:
    """As much of subprocess.Popen as tests ask for. It is killed when nobody holds this any more."""

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
    """The process that forks, from the side of the tests: it starts when it is first named or asked.

    Workers ask the one of the process that started them, where that has shared its own.
    """

    def __init__(self, name: str, *libraries: str) -> None:
        """Take what it imports at its first request."""
        self._libraries = libraries
        self._shared = f"CONSILIUM_TEST_FORKS_{name}"
        self._process: subprocess.Popen[bytes] | None = None

    def share(self) -> None:
        """From now on the processes that this one starts ask its server: what it imports is imported once."""
        os.environ[self._shared] = self.address()

    def start(
        self, words: Sequence[str], *, env: Mapping[str, str], stdin: IO[Any], out: IO[Any], err: IO[Any]
    ) -> ForkedPython:
        """Run `python WORDS` in the project's folder."""
        files = [stdin.fileno(), out.fileno(), err.fileno()]
        return ForkedPython(forked_client.ask(self.address(), words, env, files))

    def command(self) -> list[str]:
        """What runs `python WORDS` for a process that has no such object, with WORDS added."""
        return [sys.executable, "-I", "-S", forked_client.__file__, self.address()]

    def address(self) -> str:
        """Where it listens."""
        if shared := os.environ.get(self._shared):
            return shared
        if self._process is None:
            self._folder = tempfile.TemporaryDirectory(prefix="consilium-test-")
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listening:
                listening.bind(self._path())
                listening.listen(64)
                self._process = subprocess.Popen(
                    [sys.executable, "-m", __name__, str(listening.fileno()), *self._libraries],
                    cwd=ROOT,
                    env=os.environ | OFFLINE | {"HF_HOME": f"{self._folder.name}/huggingface"},
                    stdin=subprocess.DEVNULL,
                    pass_fds=[listening.fileno()],
                    preexec_fn=dies_with_parent(),  # noqa: PLW1509
                )
        return self._path()

    def close(self) -> None:
        """End it, and with it every process that it still has."""
        if self._process is not None:
            os.environ.pop(self._shared, None)
            self._process.kill()
            self._process.wait(60)
            self._process = None
            self._folder.cleanup()

    def _path(self) -> str:
        return str(Path(self._folder.name) / "asked")


server = ForkServer("COMMANDS", *LIBRARIES)
trainers = ForkServer("TRAINERS", *TRAINING)
hub_clients = ForkServer("HUB_CLIENTS", *HUB_CLIENT)
SERVERS: Final = (server, trainers, hub_clients)


def run_python(
    words: Sequence[str],
    *,
    env: Mapping[str, str],
    stdin: str = "",
    timeout: float | None = None,
    by: ForkServer = server,
) -> "subprocess.CompletedProcess[str]":
    """Run `python WORDS` to its end in the project's folder. Raises TimeoutError."""
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        given.write(stdin.encode())
        given.seek(0)
        status = by.start(words, env=env, stdin=given, out=out, err=err).wait(timeout)
        said = []
        for file in (out, err):
            file.seek(0)
            said.append(file.read().decode())
    return subprocess.CompletedProcess(words, status, *said)


def start_python(words: Sequence[str], *, env: Mapping[str, str], log: Path) -> ForkedPython:
    """Run `python WORDS` in the project's folder, in a session of its own; what it says is added to `log`."""
    with log.open("ab") as said, Path(os.devnull).open("rb") as nothing:
        return server.start(words, env=env, stdin=nothing, out=said, err=said)


def serve(listening: socket.socket, libraries: Sequence[str]) -> list[str]:
    """Fork a keeper for each request; returns, in its child, the words to run."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    die_with_server = dies_with_parent()
    is_ready = False
    while True:
        connection, _ = listening.accept()
        if not is_ready:
            for library in libraries:
                import_module(library)
            gc.freeze()
            is_ready = True
        if not os.fork():
            listening.close()
            return _keep(connection, die_with_server)
        connection.close()


def _keep(connection: socket.socket, die_with_server: Callable[[], None]) -> list[str]:
    """Fork the child, which returns what it shall run; the keeper tells how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    # Whoever starts a process kills it by ending: tests, this server, keeper, child.
    die_with_server()
    die_with_keeper = dies_with_parent()
    asked, files, *_ = socket.recv_fds(connection, LONGEST, MOST_FILES)
    if asked and (pid := os.fork()):
        for file in files:
            os.close(file)
        connection.send(str(pid).encode())
        tell_end(pid, connection.fileno())
    if not asked or pid:
        os._exit(0)
    die_with_keeper()
    os.setsid()
    connection.close()
    words, environment, numbers = json.loads(asked)
    waiting = [fcntl.fcntl(file, fcntl.F_DUPFD, ABOVE) for file in files]
    for file in files:
        os.close(file)
    for file, number in zip(waiting, (0, 1, 2, *numbers[3:]), strict=True):
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(environment)
    return [str(word) for word in words]


def tell_end(pid: int, status: int) -> None:
    """Tell through the socket `status` how the child `pid` ended, and let its number go when that was heard.

    As with Popen, whoever has not yet heard of the end may still send it signals. A child whose owner is gone
    is killed.
    """
    ends = os.pidfd_open(pid)
    if ends not in select.select([ends, status], [], [])[0]:
        os.killpg(pid, signal.SIGKILL)
    end = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert end is not None
    code = end.si_status if end.si_code == os.CLD_EXITED else -end.si_status
    with contextlib.suppress(OSError):  # nobody may be left to hear it
        os.write(status, str(code).encode())
        os.read(status, 1)
    os.waitpid(pid, 0)


def main(listening: socket.socket, libraries: Sequence[str]) -> None:
    """Serve, and in a child: run."""
    words = serve(listening, libraries)
    # Few children live long enough to gain by a collection, and none by the one at its end.
    gc.set_threshold(100_000, 10, 10)
    atexit.register(gc.freeze)
    while words[0] in ("-I", "-u"):  # what they change is not here: environment and buffers of a start
        del words[0]
    first, *rest = words
    # As at the start of a process: what is drawn without a seed of its own must not repeat itself.
    random.seed()
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()
    if first == "-m":
        sys.argv = rest
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    elif first == "-c":
        sys.argv = [first, *rest[1:]]
        sys.modules["__main__"] = ModuleType("__main__")
        exec(rest[0], vars(sys.modules["__main__"]))
    else:
        sys.argv = words
        runpy.run_path(first, run_name="__main__")


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])), sys.argv[2:])
