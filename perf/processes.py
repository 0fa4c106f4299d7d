"""Servers that are measured: gunicorn and a private PostgreSQL, and the CPU time that they use."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TICK = os.sysconf("SC_CLK_TCK")
SIZE = ("--workers=2", "--threads=4")
# As `up` starts it; peers and older checkouts get gunicorn's own worker with as many threads.
OURS = (*SIZE, "--config=python:consilium.web_server.gunicorn_settings")
GTHREAD = (
    *SIZE, "--worker-class=gthread", "--timeout=60", "--keep-alive=5", "--log-level=warning",
    "--no-control-socket",
)  # fmt: skip
START_SECONDS = 120.0


def cpu_seconds(pid: int) -> float:
    """CPU time of a process, its living children and those that it has buried."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):  # just ended: its parent has buried it or will
        return 0.0
    return sum(map(int, fields[11:15])) / TICK + sum(map(cpu_seconds, map(int, children)))


@dataclass(frozen=True, slots=True)
class Database:
    """A new database on a private PostgreSQL server; without one SQLite is meant."""

    url: str = ""
    folder: str = ""

    @property
    def name(self) -> str:
        """For the tables."""
        return "postgresql" if self.url else "sqlite"

    @property
    def pids(self) -> list[int]:
        """The server's process: what it does for its client counts as the client's CPU time, because SQLite
        does its work inside the web process.
        """
        if not self.folder:
            return []
        return [int((Path(self.folder) / "data" / "postmaster.pid").read_text().split()[0])]


@contextmanager
def database(*, private: bool) -> Iterator[Database]:
    """A new database on a private PostgreSQL server of its own, or SQLite."""
    if not private:
        yield Database()
        return
    sys.path.insert(0, str(ROOT))
    from tests.harness.servers import new_database, postgres

    with postgres() as folder:
        yield Database(new_database(folder), folder)


@dataclass(frozen=True, slots=True)
class Web:
    """A running web server: its port and the processes that work for it."""

    port: int
    pids: tuple[int, ...]

    def cpu_seconds(self) -> float:
        """CPU time of the server, its children and its database so far."""
        return sum(map(cpu_seconds, self.pids))


@contextmanager
def gunicorn(
    python: Path | str,
    application: str,
    *,
    cwd: Path,
    environment: dict[str, str],
    health: str,
    beside: Sequence[int] = (),
    is_silent: bool = False,
) -> Iterator[Web]:
    """Serve a WSGI application until the end of the block; `health`: a path that answers 200 when it is up,
    `beside`: processes whose CPU time counts as the server's, `is_silent`: what it logs is dropped.
    """
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(256)
        options = OURS if (cwd / "consilium" / "web_server").exists() else GTHREAD
        command = [str(python), "-m", "gunicorn", f"--bind=fd://{listener.fileno()}", *options, application]
        with subprocess.Popen(
            command,
            cwd=cwd,
            env=environment,
            pass_fds=[listener.fileno()],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL if is_silent else None,
        ) as process:
            port: int = listener.getsockname()[1]
            try:
                _wait_for(port, health, process)
                yield Web(port, (process.pid, *beside))
            finally:
                process.terminate()
                process.wait(30)


def _wait_for(port: int, path: str, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < until:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=START_SECONDS)
        try:
            connection.request("GET", path)
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.05)
        finally:
            connection.close()
    raise SystemExit(f"The server does not answer {path}.")
