"""Started in place of the process that looks: behind its walls, with a file in its hand, it misbehaves.

`python -m tests.curation.gate.hostile PARENT SOCKET HOW [FOLDER]`
"""

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from curation.gate import child
from curation.gate.look import FileLook, Objected
from curation.imaging import confine
from tests.curation.imaging.attempts import CALLS, attempts, outcome, raw

KNOWN = {"OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "ARROW_DEFAULT_MEMORY_POOL", "LC_ALL"}


class Hostile:
    """What it does instead of looking at its first file, by name."""

    def __init__(self) -> None:
        self.answers = -1

    def own_stdout(self) -> Any:
        """As the real one; the descriptor is kept for lies."""
        answers = confine.own_stdout()
        self.answers = answers.fileno()
        return answers

    def ways(self) -> dict[str, Callable[[], object]]:
        return {
            "dies": lambda: os._exit(3),
            "is killed": lambda: signal.raise_signal(signal.SIGKILL),
            "falls silent": lambda: time.sleep(3600),
            "says rubbish": lambda: self.say(b"rubbish\n"),
            "says half a line": lambda: self.say(b'{"passed": '),
            "passes it too early": lambda: self.say(b'{"passed": true}\n'),
            "asks for a secret": lambda: self.say(b'{"ask": "key"}\n'),
            "speaks without end": lambda: self.say(b"x" * (1 << 20) * 30),
            "errs": lambda: os.environ["NAME_OF_A_PATIENT"],
            "tries everything": self.try_all,
        }

    def say(self, what: bytes) -> None:
        left = memoryview(what)
        while left:
            left = left[os.write(self.answers, left) :]
        time.sleep(3600)

    def try_all(self) -> None:
        """Report what could be done that may not be done, and what is known of the outside."""
        tries, libc = attempts(Path(sys.argv[4])), ctypes.CDLL(None, use_errno=True)
        came = {what: outcome(attempt) for what, attempt in tries.items()}
        came |= {name: raw(libc, name) for name in CALLS}
        done = sorted(what for what, result in came.items() if result != "Operation not permitted")
        files = [number for number in range(3, 200) if self._is_file(number)]
        secret = sorted(set(os.environ) - KNOWN)
        raise Objected(f"{len(came)} tried, done {done}, {len(files)} file in hand, environment {secret}.")

    def _is_file(self, descriptor: int) -> bool:
        return outcome(lambda: os.lseek(descriptor, 0, os.SEEK_CUR)) == "done"


def main() -> int:
    hostile, how = Hostile(), sys.argv[3]
    child.own_stdout = hostile.own_stdout  # type: ignore[attr-defined]
    told = child.Parent.tell

    def tell(self: child.Parent, **event: Any) -> None:
        told(self, **event)
        if "passed" in event:
            told(self, ask="files")

    if how == "speaks after its verdict":
        child.Parent.tell = tell  # type: ignore[method-assign]
    else:
        instead: Any = lambda *_: hostile.ways()[how]()  # noqa: E731
        FileLook.file = instead  # type: ignore[method-assign]
    return child.main()


if __name__ == "__main__":
    sys.exit(main())
