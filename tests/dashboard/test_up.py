"""`manage.py up` for real: it answers, heals, keeps data, and leaves no process behind however it ends."""

import contextlib
import http.client
import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

import pytest
import yaml

from tests.harness.once import Put
from tests.harness.processes import dies_with_parent
from tests.harness.servers import wait_until

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 90.0
STOP_SECONDS = 25.0


class Up:
    """A running `manage.py up` on a data folder."""

    started: ClassVar[list["Up"]] = []

    def __init__(self, home: Path, port: int = 0, *words: str) -> None:
        self.home = home
        keep = {
            name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "BROKER_URL"}
        }
        settings = {
            "CONSILIUM_HOME": str(home),
            "DJANGO_SETTINGS_MODULE": "consilium.settings",
            "OMP_NUM_THREADS": "1",
        }
        run = home.with_name(f"up-{len(list(home.parent.iterdir()))}")
        self._out, self._err = run.with_suffix(".out"), run.with_suffix(".err")
        with self._out.open("w") as out, self._err.open("w") as err:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up", "--json", f"--port={port}", *words],
                cwd=ROOT,
                env=keep | settings,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                preexec_fn=dies_with_parent(),  # noqa: PLW1509
            )

        self.started.append(self)

    @property
    def complaint(self) -> str:
        return self._err.read_text()

    @property
    def url(self) -> str:
        lines = [line for line in self._out.read_text().splitlines() if '"url"' in line]
        return str(json.loads(lines[-1])["url"]) if lines else ""

    def wait_ready(self) -> "Up":
        over = lambda: bool(self.url) or self.process.poll() is not None  # noqa: E731
        wait_until(over, seconds=START_SECONDS, what="it prints its address")
        assert self.process.poll() is None, self.complaint
        return self

    def healthy(self) -> bool:
        port = urlsplit(self.url).port
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def ready(self) -> bool:
        """What the health check of compose.yaml says, run as it stands there."""
        services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
        flag, program = services["web"]["healthcheck"]["test"][2:]
        asked = program.replace(":8000/", f":{urlsplit(self.url).port}/")
        assert asked != program
        env = {"CONSILIUM_HOSTS": "127.0.0.1, other.example"}
        done = subprocess.run([sys.executable, flag, asked], env=env, capture_output=True, check=False)
        return done.returncode == 0

    def processes(self) -> dict[int, str]:
        """Every process of this installation, found by its data folder: supervisor, children, helpers."""
        return processes_of(self.home)

    def child(self, word: str) -> int:
        """The main process of one child: its parent is the supervisor."""
        found = [
            pid
            for pid, command in self.processes().items()
            if word in command and parent(pid) == self.process.pid
        ]
        return found[0] if found else 0

    def wait_restarted(self, word: str) -> None:
        """Kill a child and wait for its successor."""
        killed = self.child(word)
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: self.child(word) not in {0, killed}, seconds=30, what=f"{word} is back")

    def wait_gone(self) -> None:
        self.process.wait(STOP_SECONDS)
        wait_until(lambda: not self.processes(), seconds=10, what=f"all are gone: {self.processes()}")


def processes_of(home: Path) -> dict[int, str]:
    wanted, found = f"CONSILIUM_HOME={home}".encode(), {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if wanted in (entry / "environ").read_bytes().split(b"\0"):
                found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
    return found


def parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    yield folder
    for up in Up.started:
        up.process.kill()
        up.process.wait()
    Up.started.clear()
    for pid in processes_of(folder):
        os.kill(pid, signal.SIGKILL)


def test_it_answers_heals_stops_and_keeps_its_data(home: Path, put_database: Put) -> None:
    up = Up(put_database(home)).wait_ready()  # from an empty folder: tests/path
    assert up.healthy()
    assert up.ready()
    # A worker that is still looking at the database would refuse a newer one, and everything would end.
    wait_until(lambda: up.complaint.count("worker.ready") == 2, seconds=30, what="both workers wait for jobs")
    with sqlite3.connect(home / "consilium.sqlite3") as database:
        database.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('work', '9999_x', '2026-01-01')"
        )
    wait_until(lambda: not up.ready(), seconds=20, what="it says that it cannot serve a newer database")
    with sqlite3.connect(home / "consilium.sqlite3") as database:
        database.execute("DELETE FROM django_migrations WHERE name = '9999_x'")
    database.close()
    assert up.healthy()
    words = ("gunicorn", "queues=default", "queues=gpu")
    wait_until(lambda: all(up.child(word) for word in words), seconds=20, what="three children run")
    for word in words[:2]:
        up.wait_restarted(word)
    wait_until(up.healthy, seconds=30, what="the site answers again")

    second = Up(home)
    second.process.wait(START_SECONDS)
    assert second.process.returncode == 2
    assert "already runs" in second.complaint
    assert up.healthy()

    up.process.send_signal(signal.SIGINT)
    up.wait_gone()
    assert up.process.returncode == 0
    keys = [path.read_bytes() for path in sorted((home / "keys").iterdir())]
    assert len(keys) == 3
    inode = (home / "consilium.sqlite3").stat().st_ino

    again = Up(home).wait_ready()
    assert again.healthy()
    assert [path.read_bytes() for path in sorted((home / "keys").iterdir())] == keys
    assert (home / "consilium.sqlite3").stat().st_ino == inode
    again.process.kill()  # no chance to tidy up: the kernel ends the children
    again.wait_gone()


@pytest.mark.soak
def test_a_first_start_with_the_demo_study_is_stopped_and_gone_on_with(home: Path) -> None:
    up = Up(home, 0, "--demo").wait_ready()
    wait_until(up.ready, seconds=30, what="it says that it is ready")
    wait_until(lambda: "kind=site.demo" in up.complaint, seconds=60, what="a worker fills the demo study")
    code, said = stop_and_read(up)
    assert code == 0
    again = Up(home, 0, "--demo").wait_ready()
    wait_until(lambda: "kind=site.demo" in again.complaint, seconds=60, what="the demo study is gone on with")
    again.process.send_signal(signal.SIGINT)
    again.wait_gone()
    for word in ("Traceback", "error  "):
        assert word not in said + again.complaint


def test_a_port_that_is_taken_is_named_with_what_to_do(home: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        up = Up(home, port)
        up.process.wait(START_SECONDS)
    assert up.process.returncode == 2
    assert f"Cannot listen on 127.0.0.1 port {port}" in up.complaint
    assert "--port" in up.complaint
    assert not (home / "consilium.sqlite3").exists()
    assert not up.processes()


def stop_and_read(up: Up) -> tuple[int, str]:
    """Press Ctrl-C; how it ended and what it said."""
    up.process.send_signal(signal.SIGINT)
    up.wait_gone()
    return up.process.returncode, up.complaint


def libraries(up: Up) -> str:
    try:
        return Path(f"/proc/{up.process.pid}/maps").read_text()
    except OSError:
        return ""


@pytest.mark.parametrize("moment", ["it loads libraries", "its checks run", "it makes the database"])
def test_ctrl_c_before_anything_runs_ends_it_with_one_line(home: Path, moment: str) -> None:
    up = Up(home)
    reached = {
        "it loads libraries": lambda: "libcrypto" in libraries(up),
        "its checks run": (home / "up.lock").exists,
        "it makes the database": (home / "consilium.sqlite3").exists,
    }
    wait_until(reached[moment], seconds=START_SECONDS, what=moment)
    assert stop_and_read(up) == (130, "Stopped before anything was started. Start again; it continues.\n")


@pytest.mark.soak
def test_ctrl_c_at_any_moment_leaves_no_traceback_and_no_process(home: Path) -> None:
    draw = random.Random(20260312)
    for _ in range(60):
        up, seconds = Up(home), draw.uniform(0.15, 12)
        with contextlib.suppress(subprocess.TimeoutExpired):
            up.process.wait(seconds)
        code, said = stop_and_read(up)
        assert code in (0, 130), (seconds, said)
        for word in ("Traceback", "KeyboardInterrupt", "Exception ignored"):
            assert word not in said, (seconds, said)
