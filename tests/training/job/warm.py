"""A process that has imported what training needs, and forks one child for each run that is asked for.

Half of a short run is imports. A child runs a module as `python -m` does: with its own standard output and
error, its own signals and exit status, and with random generators as a fresh process has them. What a fresh
process does is still seen: the undisturbed runs, with which the others are compared, are fresh.

`python -m tests.training.job.warm FD`: the process; requests come through the socket.
"""

import gc
import json
import os
import runpy
import socket
import subprocess
import sys
from importlib import import_module

from tests.harness.processes import dies_with_parent

ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
LIBRARIES = (
    *("training.job.dsa", "training.job.gba", "training.job.gba_trainer", "training.job.merge"),
    *("training.job.judge_dpo", "training.job.reward_model"),
    *("trl.trainer.sft_trainer", "trl.trainer.dpo_trainer"),
)
LONGEST = 1 << 16


class WarmProcess:
    """The process, from the side of the tests; one child at a time."""

    def __init__(self) -> None:
        self._socket, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with other:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.training.job.warm", str(other.fileno())],
                env=ENVIRONMENT,
                stdin=subprocess.DEVNULL,
                pass_fds=[other.fileno()],
                preexec_fn=dies_with_parent(),  # noqa: PLW1509
            )

    def start(self, *command: str, out: int, err: int) -> "WarmChild":
        """Run `python -m command`, which writes to these files."""
        socket.send_fds(self._socket, [json.dumps(command).encode()], [out, err])
        return WarmChild(self._socket)

    def close(self) -> None:
        """End it; no child is left by then."""
        self._socket.close()
        assert self._process.wait(60) == 0


class WarmChild:
    """One run, its parent being the warm process."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._pid = int(connection.recv(LONGEST))

    def send_signal(self, number: int) -> None:
        """As Popen's, before `wait`."""
        os.kill(self._pid, number)

    def wait(self) -> int:
        """The exit status; minus the number of the signal that ended it."""
        return int(self._connection.recv(LONGEST))


def serve(connection: socket.socket) -> list[str]:
    """Fork a child for each request; returns, in a child, what it shall run, and nothing in the end."""
    while True:
        asked, files, *_ = socket.recv_fds(connection, LONGEST, 2)
        if not asked:
            return []
        if not (pid := os.fork()):
            connection.close()
            for number, file in enumerate(files, start=1):
                os.dup2(file, number)
                os.close(file)
            command: list[str] = json.loads(asked)
            return command
        for file in files:
            os.close(file)
        connection.send(str(pid).encode())
        connection.send(str(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])).encode())


def main(connection: socket.socket) -> None:
    """Import, serve, and in a child: run."""
    from training.job.__main__ import _OFFLINE

    os.environ.update(_OFFLINE)
    for library in LIBRARIES:
        import_module(library)
    gc.freeze()
    if command := serve(connection):
        import random

        import numpy as np

        # As at the start of a process: what a run draws without a seed of its own must not repeat itself.
        random.seed()
        np.random.seed()
        sys.argv[1:] = command[1:]
        runpy.run_module(command[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
