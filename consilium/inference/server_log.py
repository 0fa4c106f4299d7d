"""Keeps the last words of a model server in one small file, however long it runs."""

import os
from pathlib import Path
from threading import Thread
from typing import IO

LIMIT = 1024 * 1024


def follow(output: IO[bytes], file: Path) -> Thread:
    """Copy a process's output to `file` until it ends; the file never holds more than LIMIT bytes."""
    pump = Thread(target=_pump, args=(output, file), name="model-server-log", daemon=True)
    pump.start()
    return pump


def _pump(output: IO[bytes], file: Path) -> None:
    # Appended: the last words of a server that died stay when the next one starts.
    with output, os.fdopen(os.open(file, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600), "ab") as log:
        for line in iter(lambda: output.readline(LIMIT), b""):
            if log.tell() + len(line) > LIMIT:
                log.truncate(0)
            log.write(line)
            log.flush()


def drop_old(folder: Path) -> None:
    """Remove the logs of workers that are gone (`<pid>.log`)."""
    for log in folder.glob("*.log"):
        if not Path(f"/proc/{log.stem}").exists():
            log.unlink(missing_ok=True)
