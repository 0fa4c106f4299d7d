"""The training process, killed with -9 at moment N: `python -m tests.training.job.killed_at N FOLDER SPEC`.

A merge of tiny models is over before a signal from outside arrives. Moments are counted: each line of
progress, and each file or folder of FOLDER that is opened, made, renamed or removed. With N = 0 it runs to
its end and says on standard error how many there were.
"""

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from training.job import __main__ as job
from training.job.progress import Progress

CHANGES = ("open", "os.mkdir", "os.rename", "os.rmdir", "os.remove", "os.chmod")


def moments(folder: str, at: int) -> Callable[[], int]:
    """Count from now on, and end the process at number `at`. Returns what tells the count."""
    seen = 0

    def one() -> None:
        nonlocal seen
        seen += 1
        if seen == at:
            os.kill(os.getpid(), signal.SIGKILL)

    def audited(event: str, arguments: tuple[Any, ...]) -> None:
        if event in CHANGES and str(arguments[0]).startswith(folder):
            one()

    def emitted(self: Progress, event: str, **values: Any) -> None:
        emit(self, event, **values)
        one()

    emit = Progress.emit
    Progress.emit = emitted  # type: ignore[method-assign]
    sys.addaudithook(audited)
    return lambda: seen


if __name__ == "__main__":
    counted = moments(sys.argv[2], int(sys.argv[1]))
    status = job.main(sys.argv[3:])
    sys.stderr.write(f"{counted()}\n")
    sys.exit(status)
