"""Looks at training processes from outside: which one belongs to a run, and where it stands."""

import os
import signal
import threading
import time
from pathlib import Path

from tests.harness.servers import wait_until
from training import run_folder
from training.models import Run

PATIENCE_SECONDS = 90.0


def processes(folder: Path) -> list[int]:
    """The living training processes of the run in this folder."""
    asked = str(folder / "asked.json").encode()
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and asked in (entry / "cmdline").read_bytes().split(b"\0"):
                found.append(int(entry.name))
        except OSError:  # it ended while we looked
            continue
    return found


def wait_for_checkpoint(folder: Path) -> None:
    """Until the first complete checkpoint is listed."""
    wait_until(
        lambda: any((folder / "checkpoints").glob("step-*/COMPLETE")),
        seconds=PATIENCE_SECONDS,
        what="a checkpoint is complete",
    )


class KillAtCheckpoint(threading.Thread):
    """Kills the run's process as soon as it has one complete checkpoint; `killed` is its number."""

    def __init__(self, run: Run) -> None:
        super().__init__(daemon=True)
        self._folder = run_folder.folder(run)
        self.killed = 0

    def run(self) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline and not self.killed:
            if any((self._folder / "checkpoints").glob("step-*/COMPLETE")):
                for number in processes(self._folder):
                    os.kill(number, signal.SIGKILL)
                    self.killed = number
            time.sleep(0.005)
