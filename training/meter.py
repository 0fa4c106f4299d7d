"""What a training process takes: memory of all its processes, and memory and energy of its GPUs.

Read from outside, by the worker: /proc, and the `nvidia-smi` that comes with the driver. Where either is
missing its figures are.
"""

import os
import time
from pathlib import Path
from typing import Final

from consilium.hardware import read_gpus
from consilium.processes import descendants

READ_SECONDS: Final = 2.0


class Meter:
    """Highest figures of the process `pid` and everything below it, read at most every two seconds."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._read_at = -READ_SECONDS
        self.memory_bytes = 0
        self.gpu_bytes: int | None = None
        self.joules: float | None = None

    def read(self) -> bool:
        """Look again, when it is time to; whether it was."""
        if time.monotonic() - self._read_at < READ_SECONDS:
            return False
        self.look_now()
        return True

    def look_now(self) -> None:
        """Look again at once."""
        now = time.monotonic()
        passed = now - self._read_at
        is_first, self._read_at = self.memory_bytes == 0, now
        self.memory_bytes = max(self.memory_bytes, _resident({self._pid} | descendants(self._pid)))
        gpus = read_gpus()
        if gpus:
            self.gpu_bytes = max(self.gpu_bytes or 0, sum(gpu.used_bytes for gpu in gpus))
            drawn = [gpu.watts for gpu in gpus if gpu.watts is not None]
            if drawn:
                self.joules = (self.joules or 0.0) + (0.0 if is_first else sum(drawn) * passed)


def _resident(pids: set[int]) -> int:
    """Bytes of memory that these processes hold; one that has ended holds none."""
    pages = 0
    for pid in pids:
        try:
            pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        except (OSError, IndexError):
            continue
    return pages * os.sysconf("SC_PAGE_SIZE")
