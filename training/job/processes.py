"""One stage in several processes of this host: `python -m training.job.processes COUNT SPEC.json`.

Events, files and exit status are those of one process. torchrun starts the same processes, but ends with 1
whatever they end with, and kills them 30 seconds after a SIGTERM, saved or not.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from consilium.processes import tied_to_parent
from training.job.__main__ import DONE, FAILED, REFUSED, STOPPED

LOOK_SECONDS = 0.1
# For those that are left after one has failed: they wait for it in vain.
GRACE_SECONDS = 30.0


class Ranks:
    """The processes, as one."""

    def __init__(self, count: int, spec: Path) -> None:
        self._reserved = reserved_port()
        port = self._reserved.getsockname()[1]
        self._processes = [
            subprocess.Popen(
                tied_to_parent([sys.executable, "-m", "training.job", str(spec)], signal.SIGTERM),
                env={**os.environ, **_environment(rank, count, port)},
                stdin=subprocess.DEVNULL,
            )
            for rank in range(count)
        ]

    def tell(self, number: int, _frame: FrameType | None = None) -> None:
        """Pass a signal on to those that are left."""
        for process in self._processes:
            if process.poll() is None:
                process.send_signal(number)

    def wait(self) -> int:
        """Return the status of the first that did not end well, when all are over: of a signal, below 0.

        Others notice at once that one was killed, and fail: of those that end together the signal counts.
        """
        status, deadline = DONE, float("inf")
        left = set(self._processes)
        while left:
            ended = [process for process in left if process.poll() is not None]
            left.difference_update(ended)
            bad = [process.returncode for process in ended if process.returncode != DONE]
            if bad and status == DONE:
                status = min(bad)
                if status != STOPPED:  # else rank 0 may still be at the checkpoint, which it alone completes
                    deadline = time.monotonic() + GRACE_SECONDS
                self.tell(signal.SIGTERM)
            if time.monotonic() > deadline:
                self.tell(signal.SIGKILL)
            if left:
                time.sleep(LOOK_SECONDS)
        return status


def main(arguments: Sequence[str]) -> int:
    """Run the processes; return the exit status, which means what that of `python -m training.job` does."""
    if len(arguments) != 2 or not arguments[0].isdecimal() or int(arguments[0]) < 1:
        sys.stderr.write("usage: python -m training.job.processes COUNT SPEC.json\n")
        return REFUSED
    ranks = Ranks(int(arguments[0]), Path(arguments[1]))
    signal.signal(signal.SIGTERM, ranks.tell)
    status = ranks.wait()
    return status if status >= DONE else _end_by(-status)


def _end_by(number: int) -> int:
    """End as the process that was killed did: the worker tries the run again, as it does with one process."""
    sys.stderr.write(f"a process of the run was ended by {signal.Signals(number).name}\n")
    sys.stderr.flush()
    if number != signal.SIGKILL:  # whose handling cannot be set
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    return FAILED


def _environment(rank: int, count: int, port: int) -> dict[str, str]:
    """What torch.distributed reads to find the others."""
    own = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": count, "LOCAL_WORLD_SIZE": count}
    return {
        **{key: str(value) for key, value in own.items()},
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
    }


def reserved_port() -> socket.socket:
    """A socket on a free port where none but rank 0 will listen.

    Rank 0 listens seconds later, when it has imported torch; on a busy host a port that was only looked up
    may be another's by then. One that is bound with SO_REUSEADDR and does not listen is given to nobody who
    asks for any port, and lets those in who ask for this one the same way, as torch does.
    """
    reserved = socket.socket()
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reserved.bind(("127.0.0.1", 0))
    return reserved


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
