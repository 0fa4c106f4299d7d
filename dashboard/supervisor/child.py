"""One supervised process: its own session, ended with its supervisor, restarted with growing pauses."""

import contextlib
import os
import signal
import subprocess
import time
from dataclasses import dataclass, field

import structlog

from consilium.processes import tied_to_parent
from consilium.start import REFUSED

log = structlog.get_logger(__name__)
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
HEALTHY_SECONDS = 60.0


@dataclass
class Child:
    """A command that shall always run."""

    name: str
    command: list[str]
    folder: str
    pass_fds: tuple[int, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    has_refused: bool = False
    _pause: float = FIRST_PAUSE
    _started_at: float = field(default=0.0)
    _start_again_at: float = 0.0

    def start(self) -> None:
        """Start it in a session of its own, so that a terminal's Ctrl-C reaches only the supervisor."""
        self._started_at = time.monotonic()
        self.process = subprocess.Popen(
            tied_to_parent(self.command),
            cwd=self.folder,
            env=os.environ | self.environment,
            stdin=subprocess.DEVNULL,
            pass_fds=self.pass_fds,
            start_new_session=True,
        )

    @property
    def is_running(self) -> bool:
        """Whether the main process lives."""
        return self.process is not None and self.process.poll() is None

    def keep_running(self) -> None:
        """Restart it when it has ended and its pause is over."""
        if self.is_running:
            return
        now = time.monotonic()
        if self.process is not None:
            self._note_exit(now, self.process)
        elif now >= self._start_again_at:
            self.start()

    def _note_exit(self, now: float, process: subprocess.Popen[bytes]) -> None:
        self.has_refused = process.returncode == REFUSED
        if now - self._started_at > HEALTHY_SECONDS:
            self._pause = FIRST_PAUSE
        log.error("up.child_ended", child=self.name, code=process.returncode, restart_in=self._pause)
        self.kill_group()
        self.process, self._start_again_at = None, now + self._pause
        self._pause = min(self._pause * 2, LONGEST_PAUSE)

    def ask_to_stop(self) -> None:
        """SIGTERM to the main process only: it ends its own helpers in order."""
        if self.process is not None and self.is_running:
            self.process.send_signal(signal.SIGTERM)

    def kill_group(self) -> None:
        """SIGKILL to whatever is left of its session's group."""
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
