"""Keeps the children running until told to stop, and then leaves no process behind."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

import structlog

from consilium.processes import adopt_orphans, descendants
from dashboard.supervisor.child import Child

log = structlog.get_logger(__name__)
STEP_SECONDS = 0.1
GRACE_SECONDS = 15.0
SAME_REQUEST_SECONDS = 0.5
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Supervisor:
    """One process tree: orphans of its children become its own, so that none is missed at the end."""

    def __init__(self, grace: float = GRACE_SECONDS) -> None:
        self.children: list[Child] = []
        self.refused = ""  # the name of a child that must not be started again
        self._grace = grace
        self._asked, self._asked_at = 0, 0.0

    def add(
        self,
        name: str,
        command: list[str],
        *,
        folder: Path,
        pass_fds: tuple[int, ...] = (),
        environment: dict[str, str] | None = None,
    ) -> None:
        """Have a command kept running once `run` is called; `environment` is added to this process's."""
        self.children.append(Child(name, command, str(folder), pass_fds, environment or {}))

    def run(self, each_step: Callable[[], None]) -> None:
        """Start all and block until a stop signal came and every process is gone.

        A child that refuses to start (consilium/start.py) ends all of them; `refused` is its name then.
        """
        adopt_orphans()
        with self._listening():
            try:
                while not self._asked and not self.refused:
                    for child in self.children:
                        child.keep_running()
                    self.refused = next((child.name for child in self.children if child.has_refused), "")
                    self._reap_adopted()
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
        now = time.monotonic()
        if now - self._asked_at > SAME_REQUEST_SECONDS:  # a shell may send one request twice
            self._asked += 1
        self._asked_at = now

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
        kill_descendants()

    def _reap_adopted(self) -> None:
        """Bury orphans that ended; our own children are left to their Popen objects."""
        own = {child.process.pid for child in self.children if child.process is not None}
        with suppress(ChildProcessError):
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if ended is not None and ended.si_pid not in own:
                os.waitpid(ended.si_pid, os.WNOHANG)


def kill_descendants() -> None:
    """SIGKILL everything below this process, also helpers that moved to sessions of their own."""
    while found := descendants(os.getpid()):
        for pid in found:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(STEP_SECONDS)
