"""The Hub's client from outside: one process for one job, asked call by call, gone with it."""

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final

import structlog
from django.conf import settings

from consilium.hub.refusals import HubRefused, RepositoryMoved
from consilium.jobs.handle import JobPostponed
from consilium.processes import tied_to_parent

log = structlog.get_logger(__name__)
KEPT: Final = ("PATH", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR")
CLIENT = ("-m", "consilium.hub.client")
AWAY_SECONDS: Final = 30.0
LONGEST_AWAY: Final = 3600.0
READER_SECONDS: Final = 5.0
AWAY: Final = "The Hub does not answer ({why}); this goes on by itself when it does."
Passed = Callable[[int], None]


def ignore_bytes(passed: int) -> None:
    """For calls whose bytes nobody counts."""


class HubProcess:
    """`python -m consilium.hub.client`, in its own session; leaving the context ends it at once.

    `check` is called about once a second while it works and may raise to stop.
    """

    def __init__(self, token: str, check: Callable[[], None]) -> None:
        self._token, self._check = token, check
        self._lines: queue.Queue[str | None] = queue.Queue()

    def __enter__(self) -> "HubProcess":
        self._process = subprocess.Popen(
            tied_to_parent([sys.executable, *CLIENT]),
            cwd=settings.BASE_DIR,
            env=_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            text=True,
        )
        assert self._process.stdout is not None
        self._reader = threading.Thread(target=self._read, args=(self._process.stdout,), daemon=True)
        self._reader.start()
        self._write({**settings.HUB.to_json(), "token": self._token})
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join(READER_SECONDS)
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            try:
                stream.close()
            except BrokenPipeError:  # what was written last has no reader
                continue

    def ask(self, call: str, *, passed: Passed = ignore_bytes, **fields: Any) -> dict[str, Any]:
        """The answer of one call; `passed` hears the bytes of files so far.

        Raises HubRefused, RepositoryMoved (for `commit`), JobPostponed when the Hub does not answer, and what
        `check` raises.
        """
        self._write({"call": call, **fields})
        while True:
            try:
                line = self._lines.get(timeout=1.0)
            except queue.Empty:
                self._check()
                continue
            if line is None:
                raise RuntimeError(f"the Hub's client ended with status {self._process.wait()}")
            answer = json.loads(line)
            if "progress" in answer:
                passed(answer["progress"])
            elif "done" in answer:
                done: dict[str, Any] = answer["done"]
                return done
            else:
                self._raise(call, answer, fields)

    def _raise(self, call: str, answer: dict[str, Any], fields: dict[str, Any]) -> None:
        if "moved" in answer:
            raise RepositoryMoved(fields["repo_id"])
        if "away" in answer:
            log.warning("hub.away", call=call, cause=answer["away"])
            seconds = min(max(AWAY_SECONDS, answer["seconds"]), LONGEST_AWAY)
            raise JobPostponed(seconds, AWAY.format(why=answer["away"]))
        log.warning("hub.refused", call=call, cause=answer.get("detail", "refused"))
        raise HubRefused(answer["refused"])

    def _write(self, line: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(line) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise RuntimeError(f"the Hub's client ended with status {self._process.wait()}") from None

    def _read(self, stream: IO[str]) -> None:
        for line in stream:
            self._lines.put(line)
        self._lines.put(None)


def _environment() -> dict[str, str]:
    """No credentials of the site, no token, no cache of another account; Xet off, so that every byte goes
    through our own transport with its list of hosts.
    """
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    home = str(Path(settings.CONSILIUM_HOME) / "hub" / "home")
    return {
        "HOME": home,
        "HF_HOME": home,
        "HF_ENDPOINT": settings.HUB.endpoint,
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_HUB_DISABLE_UPDATE_CHECK": "1",
        "HF_HUB_DOWNLOAD_TIMEOUT": str(max(1, round(settings.HUB.seconds))),
        "OMP_NUM_THREADS": "1",
        **kept,
    }
