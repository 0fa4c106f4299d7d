"""A real installation in a folder of its own: a web process that tests can kill, a database to count rows in.

`python -m tests.workqueue.site ITEMS READERS` prepares the database and prints {name: session key}.
"""

import json
import os
import signal
import sqlite3
import sys
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2  # type: ignore[import-untyped]

from tests.harness.forked import ForkedPython, run_python, start_python
from tests.harness.servers import free_port, wait_until
from tests.workqueue import race

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 40.0


class Site:
    """One installation; `start()`, `kill()` (as kill -9 does) and `start()` again on the same port."""

    def __init__(
        self,
        home: Path,
        *,
        items: int = 40,
        readers: int = race.READERS,
        database: dict[str, str] | None = None,
    ) -> None:
        self.home = home
        self.env = {**os.environ, "CONSILIUM_HOME": str(home), "DATABASE_URL": ""} | (database or {})
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: ForkedPython | None = None
        made = run_python(["-m", "tests.workqueue.site", str(items), str(readers)], env=self.env)
        assert made.returncode == 0, made.stderr
        self.sessions: dict[str, str] = json.loads(made.stdout)

    def start(self) -> "Site":
        command = ["-m", "gunicorn", "tests.workqueue.wsgi", f"--bind=127.0.0.1:{self.port}"]
        settings = "--config=python:consilium.web_server.gunicorn_settings"
        self.process = start_python(
            [*command, settings, "--threads=8", "--workers=1"], env=self.env, log=self.home / "web.log"
        )
        wait_until(self.answers, seconds=START_SECONDS, what="the web process answers")
        return self

    def kill(self) -> None:
        """End the web process and its workers without a chance to say goodbye."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)
            self.process = None

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/accounts/login/", timeout=2):
                return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """What a query (with the marks of its database) finds."""
        if url := self.env["DATABASE_URL"]:
            with closing(psycopg2.connect(url)) as server, server.cursor() as cursor:
                cursor.execute(sql, values)
                found: list[tuple[Any, ...]] = cursor.fetchall()
                return found
        connection = sqlite3.connect(self.home / "consilium.sqlite3", timeout=20)
        try:
            return connection.execute(sql, values).fetchall()
        finally:
            connection.close()

    def change(self, sql: str, *values: Any) -> None:
        """Change the database behind the application's back."""
        connection = sqlite3.connect(self.home / "consilium.sqlite3", timeout=20)
        with connection:
            connection.execute(sql, values)
        connection.close()

    def submissions(self, name: str) -> list[dict[str, Any]]:
        """Contents that a reader submitted, in order."""
        found = self.rows(
            "SELECT s.content FROM work_submission s JOIN people_person p ON p.id = s.person_id "
            "WHERE p.username = ? ORDER BY s.id",
            name,
        )
        return [json.loads(content) for (content,) in found]

    def drafts(self, name: str) -> list[dict[str, Any]]:
        """Drafts that a reader has on the server."""
        found = self.rows(
            "SELECT d.content FROM work_draft d JOIN people_person p ON p.id = d.person_id "
            "WHERE p.username = ?",
            name,
        )
        return [json.loads(content) for (content,) in found]


def _session(name: str) -> str:
    from django.test import Client

    client = Client()
    client.force_login(
        race.reader(int(name.removeprefix("reader"))),
        backend="consilium.people.sessions.Backend",
    )
    key = client.session.session_key
    assert key
    return key


def main(items: int, readers: int) -> dict[str, str]:
    race.start()
    race.make(readers)
    study = race.start()
    assert study is not None
    race.opens(items, 12)(study)
    return {name: _session(name) for name in (f"reader{number}" for number in range(readers))}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(int(sys.argv[1]), int(sys.argv[2]))))
