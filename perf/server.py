"""A checkout's web process on a data folder of its own, for measuring: gunicorn as `up` starts it."""

import json
import os
import re
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clients import Times
from processes import ROOT, Database, Web, gunicorn
from wire import Answer, Asks, Wire

DIMENSIONS = ("accuracy", "relevance", "comprehensiveness", "creativity", "responsiveness", "overall")
VERSION = re.compile(rb'data-version="([^"]+)"')
SCREEN = re.compile(r"/compare/([0-9a-f-]{36})/")


def vote() -> dict[str, Any]:
    """A complete vote, as the browser sends it."""
    content = {
        "choices": dict.fromkeys(DIMENSIONS, "first_clearly"),
        "reasons": {},
        "rationales": {},
        "harm": "neither",
        "viewer": {},
    }
    return {"content": content, "key": str(uuid.uuid4()), "active_seconds": 30, "base_version": 0}


@dataclass(frozen=True, slots=True)
class Filled:
    """What fill.py left behind: the study's slug, the session cookie's name, a session per person."""

    study: str
    cookie: str
    sessions: dict[str, str]


@contextmanager
def filled(
    checkout: Path, database: Database, *, cases: int, readers: int, seats: int, votes: int = 0, left: int = 0
) -> Iterator[tuple[Filled, dict[str, str]]]:
    """A new data folder with a study, and the environment that names it; see fill.py for the numbers."""
    with tempfile.TemporaryDirectory(prefix="consilium-perf-") as folder:
        environment = os.environ | {
            "CONSILIUM_HOME": folder,
            "DATABASE_URL": database.url,
            "OMP_NUM_THREADS": "1",
            # A client here works faster than any person may.
            "CONSILIUM_RATES": "submit=1000000/1 call=1000000/1",
        }
        fill = [
            sys.executable, str(Path(__file__).with_name("fill.py")),
            f"--cases={cases}", f"--readers={readers}", f"--seats={seats}",
            f"--votes={votes}", f"--left={left}",
        ]  # fmt: skip
        done = subprocess.run(
            fill, cwd=checkout, env=environment, check=True, stdout=subprocess.PIPE, text=True
        )
        yield Filled(**json.loads(done.stdout.splitlines()[-1])), environment


@dataclass(frozen=True, slots=True)
class Server:
    """A running server and what was filled in; `pages` as for Reader."""

    name: str
    web: Web
    filled: Filled
    pages: bool = False

    def cpu_seconds(self) -> float:
        """CPU time of the server, its children and its database so far."""
        return self.web.cpu_seconds()

    def sit(self, number: int) -> "Reader":
        """The reader of this number, logged in."""
        cookies = {self.filled.cookie: self.filled.sessions[f"reader{number}"]}
        return Reader(Wire(self.web.port, cookies=cookies), self.filled.study, pages=self.pages)


@contextmanager
def running(checkout: Path = ROOT, *, database: Database | None = None, **numbers: int) -> Iterator[Server]:
    """Fill a new data folder (`numbers` as for `filled`) and serve it; SQLite unless a database is given."""
    database = database or Database()
    with (
        filled(checkout, database, **numbers) as (content, environment),
        gunicorn(
            sys.executable,
            "consilium.wsgi:application",
            cwd=checkout,
            environment=environment,
            health="/healthz",
            beside=database.pids,
        ) as web,
    ):
        yield Server("consilium" if checkout == ROOT else checkout.name, web, content)


class Reader:
    """One reader's browser: goes from case to case as the product's own script does.

    `pages`: every page is loaded, as without scripts.
    """

    def __init__(self, wire: Asks, study: str, *, pages: bool = False) -> None:
        self._wire, self._study, self._pages = wire, study, pages
        self.ask("GET", "/work/session/")
        self._place, self._version, self._is_shown, self._ahead = "", "", False, ""

    def ask(self, method: str, path: str, body: Any = None, more: dict[str, str] | None = None) -> Answer:
        """One request with what a browser sends beside it."""
        headers = {}
        if method == "POST":
            headers = {
                "X-CSRFToken": self._wire.cookies.get("csrftoken", ""),
                "Referer": f"http://127.0.0.1:{self._wire.port}/",
            }
        return self._wire.ask(method, path, body, headers | (more or {}))

    def first(self) -> str:
        """Take a case; the address of its screen."""
        taken = self.ask("POST", f"/s/{self._study}/work/compare/next/")
        self._place = taken.headers.get("location", "")
        return self._place

    def work_one(self, times: Times) -> bool:
        """See one case and submit it; the answer brings the next screen where the product does so."""
        found = SCREEN.search(self._place or self.first())
        if not found:
            return times.fail(f"no case: {self._place}")
        seen = 0.0
        if not self._is_shown:
            page = self.ask("GET", self._place)
            times.next.append(page.seconds)
            seen = page.seconds
            if page.status != 200 or found.group(1).encode() not in page.body:
                return times.fail(f"next {page.status}")
            asked = VERSION.search(page.body)
            self._version = asked.group(1).decode() if asked and not self._pages else ""
        address = f"/work/{found.group(1)}/submit/"
        more = {"X-Work-Screen": self._version, "X-Work-Ahead": self._ahead}
        sent = self.ask("POST", address, vote(), more)
        times.submit.append(sent.seconds)
        times.turn.append(seen + sent.seconds)
        if sent.status != 200:
            return times.fail(f"submit {sent.status} {sent.body[:200]!r}")
        answer = json.loads(sent.body)
        is_here = bool(self._ahead) and self._ahead in answer["next"]
        self._place, self._is_shown = answer["next"], is_here or bool(answer.get("screen"))
        return True

    def look_ahead(self, times: Times) -> bool:
        """Fetch the next case while this one is judged, as the product's script does after a second."""
        found = SCREEN.search(self._place)
        if not found:
            return times.fail(f"no case: {self._place}")
        more = {"X-Work-Screen": self._version}
        answer = self.ask("POST", f"/work/{found.group(1)}/ahead/", {}, more)
        if answer.status != 200:
            return times.fail(f"ahead {answer.status}")
        following = SCREEN.search(json.loads(answer.body)["next"])
        self._ahead = following.group(1) if following else ""
        return True

    def hang_up(self) -> None:
        """Close the connection, as happens while a person reads."""
        self._wire.close()
