"""A whole installation in a temporary folder, and people who use it through HTTP alone."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.harness.forked import run_python, trainers
from tests.harness.processes import dies_with_parent

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "a long path password"
PATIENCE = 150.0
Fields = Sequence[tuple[str, str]]


class Person:
    """A logged-in browser without a screen: cookies, CSRF, forms and the JSON calls of the work module."""

    def __init__(self, site: "Installation", name: str) -> None:
        self.site, self.name = site, name
        self.session = requests.Session()
        site.sessions.append(self.session)
        self.get("/accounts/login/")
        answer = self.post("/accounts/login/", [("login", name), ("password", PASSWORD)])
        assert "Log out" in answer.text, f"{name} cannot log in"

    def get(self, path: str, status: int = 200) -> requests.Response:
        answer = self.session.get(self.site.url + path, timeout=60)
        assert answer.status_code == status, f"GET {path}: {answer.status_code} {_words(answer.text)}"
        return answer

    def post(self, path: str, fields: Fields = (), files: Any = None, status: int = 200) -> requests.Response:
        """Send a form and follow to the page it leads to."""
        data = [("csrfmiddlewaretoken", self._token()), *fields]
        headers = {"Referer": self.site.url}
        answer = self.session.post(self.site.url + path, data=data, files=files, headers=headers, timeout=60)
        assert answer.status_code == status, f"POST {path}: {answer.status_code} {_words(answer.text)}"
        return answer

    def call(self, path: str, body: dict[str, Any]) -> requests.Response:
        """Send JSON, as the browser module does."""
        headers = {"X-CSRFToken": self._token(), "Referer": self.site.url}
        return self.session.post(self.site.url + path, json=body, headers=headers, timeout=60)

    def finish_jobs(self, page: requests.Response) -> None:
        """Follow every progress bar of a page to its end."""
        jobs = sorted(set(re.findall(r'id="job-([0-9a-f-]{36})"', page.text)))
        for job in jobs:
            self.site.wait(partial(self._is_over, job), what=f"job {job} is over")

    def _is_over(self, job: str) -> bool:
        text = self.get(f"/jobs/{job}/progress/").text
        assert 'data-tone="danger"' not in text, _words(text)
        return "hx-trigger" not in text

    def claim(self, study: str, kind: str) -> tuple[str, requests.Response] | None:
        """The token and screen of the next piece of work; None when nothing is left."""
        answer = self.post(f"/s/{study}/work/{kind}/next/")
        found = re.search(r"/(?:review|compare|adjudicate)/([0-9a-f-]{36})/", answer.url)
        return (found.group(1), answer) if found else None

    def submit(self, token: str, content: dict[str, Any], key: str = "") -> dict[str, Any]:
        """Send finished work; the reply of the server."""
        body = {"content": content, "key": key or str(uuid.uuid4()), "active_seconds": 20, "base_version": 0}
        answer = self.call(f"/work/{token}/submit/", body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def _token(self) -> str:
        return self.session.cookies.get("csrftoken") or ""


class Installation:
    """`manage.py up` on a data folder of its own, and the commands of the same folder."""

    def __init__(self, home: Path, **environment: str) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CONSILIUM_")}
        kept.pop("DJANGO_SETTINGS_MODULE", None)
        self.home = home
        self.env = {
            **kept,
            "CONSILIUM_HOME": str(home),
            "CONSILIUM_JOB_LEASE": "6",
            "OMP_NUM_THREADS": "1",
            "HF_HUB_OFFLINE": "1",
            "CONSILIUM_TRAINER": shlex.join(trainers.command()),
            "CONSILIUM_MODEL_SERVER": shlex.join(trainers.command()),
            **environment,
        }
        self.url = ""
        self.sessions: list[requests.Session] = []
        self._process: subprocess.Popen[str] | None = None

    def command(self, *words: str, status: int = 0, stdin: str = "") -> str:
        """Run a management command; its standard output."""
        done = run_python(["manage.py", *words], env=self.env, stdin=stdin)
        assert done.returncode == status, f"{words}: {done.returncode} {done.stdout} {done.stderr}"
        assert "Traceback" not in done.stderr
        return done.stdout

    def script(self, program: str) -> str:
        """Run a few lines inside the application, where one process for many rows saves minutes."""
        return self.command("shell", "--no-imports", "--command", program)

    def start(self) -> None:
        """Start everything and wait until it answers."""
        log = (self.home / "up.log").open("a")
        self._process = subprocess.Popen(
            [sys.executable, "manage.py", "up", "--port", "0", "--json"],
            cwd=ROOT,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            preexec_fn=dies_with_parent(),  # noqa: PLW1509
        )
        log.close()
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith('{"url"'):
                self.url = str(json.loads(line)["url"]).rstrip("/")
                return
        pytest.fail(f"up did not start: {self.said()[-2000:]}")

    def stop(self) -> None:
        """Ctrl-C; everything must be gone afterwards."""
        for session in self.sessions:  # the web process waits a while for those that may ask for more
            session.close()
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(90)
            assert self._process.stdout is not None
            self._process.stdout.close()
            self._process = None

    def said(self) -> str:
        """What the processes logged."""
        return (self.home / "up.log").read_text(errors="replace")

    def processes(self, words: str) -> list[int]:
        """Processes of this installation whose command line holds the words."""
        mark = f"CONSILIUM_HOME={self.home}\0".encode()
        return [pid for pid in _pids() if mark in _read(pid, "environ") and words.encode() in _command(pid)]

    def model_servers(self) -> list[int]:
        """The processes that serve its local models, which are told nothing of the installation."""
        mark = f"HOME={self.home}/serving\0".encode()
        return [pid for pid in _pids() if mark in _read(pid, "environ")]

    def wait(self, true: Callable[[], bool], *, what: str, seconds: float = PATIENCE) -> None:
        """Poll with a deadline."""
        deadline = time.monotonic() + seconds
        while not true():
            if time.monotonic() > deadline:
                pytest.fail(f"after {seconds:.0f} s still not: {what}\n{self.said()[-3000:]}")
            time.sleep(0.2)


@contextmanager
def running(home: Path, **environment: str) -> Iterator[Installation]:
    """An installation that is stopped at the end, and leaves no process."""
    site = Installation(home, **environment)
    try:
        yield site
    finally:
        site.stop()
    assert site.processes("") == []


def _pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""


def _command(pid: int) -> bytes:
    return _read(pid, "cmdline").replace(b"\0", b" ")


def _words(html: str) -> str:
    text = re.sub(r"<(script|style|svg)\b.*?</\1>|<[^>]+>", " ", html, flags=re.DOTALL)
    return unescape(re.sub(r"\s+", " ", text))[:1500]


def seed(site: Installation, *words: str) -> None:
    """Run steps of tests/harness/seed.py on the installation's data folder."""
    done = run_python(["-m", "tests.harness.seed", *words], env=site.env)
    assert done.returncode == 0, done.stderr
