"""Keeps the children running until told to stop, and then leaves no process behind."""

import os
import signal
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import structlog

from consilium.site.supervising.child import Child

log = structlog.get_logger(__name__)
MARKER = "CONSILIUM_UP"
STEP_SECONDS = 0.1
GRACE_SECONDS = 15.0
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Supervisor:
    """One process tree. Every child carries a marker in its environment by which strays are found."""

    def __init__(self, grace: float = GRACE_SECONDS) -> None:
        self.mark = uuid.uuid4().hex
        self.children: list[Child] = []
        self._grace = grace
        self._asked = 0

    def add(self, name: str, command: list[str], *, folder: Path, pass_fds: tuple[int, ...] = ()) -> None:
        """Have a command kept running once `run` is called."""
        environment = os.environ | {MARKER: self.mark}
        self.children.append(Child(name, command, environment, str(folder), pass_fds))

    def run(self, each_step: Callable[[], None]) -> None:
        """Start all and block until a stop signal came and every process is gone."""
        with self._listening():
            try:
                while not self._asked:
                    for child in self.children:
                        child.keep_running()
                    each_step()
                    time.sleep(STEP_SECONDS)
            finally:
                self._stop_all()

    @contextmanager
    def _listening(self) -> Iterator[None]:
        before = {number: signal.signal(number, self._ask_to_stop) for number in STOP_SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _ask_to_stop(self, number: int, frame: FrameType | None) -> None:
        self._asked += 1

    def _stop_all(self) -> None:
        for child in self.children:
            child.ask_to_stop()
        deadline = time.monotonic() + self._grace
        while any(child.is_running for child in self.children):
            if time.monotonic() > deadline or self._asked > 1:  # asked twice: at once
                break
            time.sleep(STEP_SECONDS)
        for child in self.children:
            if child.is_running:
                log.warning("up.child_killed", child=child.name, grace=self._grace)
            child.kill_group()
        kill_marked(self.mark)


def kill_marked(mark: str) -> int:
    """SIGKILL every process that carries the marker: helpers that moved to sessions of their own."""
    killed = 0
    while found := list(marked(mark)):
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL)
                killed += 1
            except ProcessLookupError:
                pass
        time.sleep(STEP_SECONDS)
    return killed


def marked(mark: str) -> Iterator[int]:
    """Process numbers whose environment carries the marker; none where /proc does not exist."""
    wanted = f"{MARKER}={mark}".encode()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if wanted in (entry / "environ").read_bytes().split(b"\0"):
                yield int(entry.name)
        except OSError:  # it ended meanwhile, or it belongs to another user
            continue
