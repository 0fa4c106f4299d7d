"""The queue of writers of one database file: first come, first served in a process, one process at a time.

SQLite lets a writer that finds the file locked sleep for up to 100 ms and try again, so whoever comes at the
right moment wins and somebody starves. Here a writer waits for its turn before it asks SQLite. The turn makes
waiting fair and nothing else: that only one writes at a time is SQLite's doing, also when a turn is skipped.
"""

import fcntl
import os
import threading
import time
from collections import deque
from typing import Final

# How often a process that waits for another looks again: the first in line often.
FIRST_IN_LINE_SECONDS: Final = 0.0003
IN_LINE_SECONDS: Final = 0.001
# A transaction takes milliseconds. A process that keeps others waiting for so long stands still or does
# something long; after that nobody waits for it again for a while.
PATIENCE_SECONDS: Final = 2.0
DISTRUST_SECONDS: Final = 20.0


class WritersBusy(Exception):
    """The turn did not come in time."""


class WriterQueue:
    """One per process and database file. The lock on the file beside it ends with the process in any case."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._mutex = threading.Lock()
        self._waiting: deque[threading.Event] = deque()
        self._is_taken = False
        self._file: int | None = None
        self._line = -1
        self._is_locked = False
        self._distrusts_until = 0.0

    def enter(self, seconds: float) -> None:
        """Wait for the turn, so long for writers of this process. Raises WritersBusy. Not re-entrant.

        Another process that does not end in time is passed over: SQLite decides then.
        """
        self._take_turn(seconds)
        try:
            self._is_locked = self._lock_file()
        except BaseException:
            self._pass_on()
            raise

    def leave(self) -> None:
        """Let the next one in."""
        if self._file is not None and self._is_locked:
            fcntl.flock(self._file, fcntl.LOCK_UN)
        self._pass_on()

    def _take_turn(self, seconds: float) -> None:
        with self._mutex:
            if not self._is_taken:
                self._is_taken = True
                return
            mine = threading.Event()
            self._waiting.append(mine)
        if mine.wait(seconds):
            return
        with self._mutex:
            if mine.is_set():  # it came in this very moment
                return
            self._waiting.remove(mine)
        raise WritersBusy

    def _pass_on(self) -> None:
        with self._mutex:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._is_taken = False

    def _lock_file(self) -> bool:
        """Whether the file was locked; False when another process holds it for too long.

        Who waits for it holds the lock on a second file meanwhile. So a process with many writers that has
        just let go cannot be faster again than one that was waiting.
        """
        if self._file is None:
            self._file, self._line = _opened(self._path), _opened(f"{self._path}-line")
        until = time.monotonic() + PATIENCE_SECONDS
        if not self._lock(self._line, until, IN_LINE_SECONDS):
            return False
        try:
            return self._lock(self._file, until, FIRST_IN_LINE_SECONDS)
        finally:
            fcntl.flock(self._line, fcntl.LOCK_UN)

    def _lock(self, file: int, until: float, pause: float) -> bool:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                now = time.monotonic()
                if now < self._distrusts_until:
                    return False
                if now > until:
                    self._distrusts_until = now + DISTRUST_SECONDS
                    return False
                time.sleep(pause)
            else:
                return True


def _opened(path: str) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


_queues: dict[tuple[int, str], WriterQueue] = {}


def queue_of(path: str) -> WriterQueue:
    """The queue of a database file in this process; a forked child gets its own."""
    return _queues.setdefault((os.getpid(), path), WriterQueue(path))
