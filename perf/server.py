"""A checkout's web process on a data folder of its own, for measuring: gunicorn as `up` starts it."""

import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TICK = os.sysconf("SC_CLK_TCK")
WEB = (
    "--worker-class=gthread", "--workers=2", "--threads=4", "--timeout=60", "--keep-alive=5",
    "--log-level=warning", "--no-control-socket", "consilium.wsgi:application",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: its port, the process to ask for CPU time, and what was filled in."""

    port: int
    process: "subprocess.Popen[bytes]"
    filled: dict[str, Any]

    def cpu_seconds(self) -> float:
        """CPU time of the server and all its children so far."""
        return sum(_cpu(pid) for pid in _tree(self.process.pid))


@contextmanager
def database(*, private: bool) -> Iterator[str]:
    """The URL of a new database on a private PostgreSQL server, or nothing: SQLite."""
    if not private:
        yield ""
        return
    sys.path.insert(0, str(ROOT))
    from tests.harness.servers import new_database, postgres

    with postgres() as folder:
        yield new_database(folder)


@contextmanager
def running(checkout: Path, *, cases: int, readers: int, seats: int, database: str = "") -> Iterator[Server]:
    """Fill a new data folder and serve it; `database`: a PostgreSQL URL, empty for SQLite."""
    with tempfile.TemporaryDirectory(prefix="consilium-perf-") as folder:
        environment = os.environ | {
            "CONSILIUM_HOME": folder,
            "DATABASE_URL": database,
            "OMP_NUM_THREADS": "1",
        }
        fill = [
            sys.executable, str(Path(__file__).with_name("fill.py")),
            f"--cases={cases}", f"--readers={readers}", f"--seats={seats}",
        ]  # fmt: skip
        done = subprocess.run(
            fill, cwd=checkout, env=environment, check=True, stdout=subprocess.PIPE, text=True
        )
        filled = json.loads(done.stdout.splitlines()[-1])
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen(64)
            command = [sys.executable, "-m", "gunicorn", f"--bind=fd://{listener.fileno()}", *WEB]
            with subprocess.Popen(
                command, cwd=checkout, env=environment, pass_fds=[listener.fileno()]
            ) as process:
                port: int = listener.getsockname()[1]
                try:
                    _wait_for(port)
                    yield Server(port, process, filled)
                finally:
                    process.terminate()
                    process.wait(30)


class Reader:
    """One reader's keep-alive connection."""

    def __init__(self, server: Server, name: str) -> None:
        filled = server.filled
        self._connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
        self._cookies = {filled["cookie"]: filled["sessions"][name]}
        self._port = server.port
        self.ask("GET", "/work/session/")

    def ask(
        self, method: str, path: str, body: Any = None, more: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes, float]:
        """Status, headers, body and seconds of one request."""
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        if method == "POST":
            headers |= {
                "X-CSRFToken": self._cookies.get("csrftoken", ""),
                "Referer": f"http://127.0.0.1:{self._port}/",
                "Content-Type": "application/json",
            }
        headers |= more or {}
        payload = None if body is None else json.dumps(body)
        started = time.perf_counter()
        self._connection.request(method, path, payload, headers)
        answer = self._connection.getresponse()
        content = answer.read()
        seconds = time.perf_counter() - started
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                key, _, rest = value.partition("=")
                self._cookies[key] = rest.split(";")[0]
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, content, seconds


def _wait_for(port: int) -> None:
    until = time.monotonic() + 60
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            if time.monotonic() > until:
                raise
        finally:
            connection.close()


def _tree(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(one for child in children for one in _tree(int(child)))]


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK
