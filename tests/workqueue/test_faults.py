"""The database is away, its disk full or failing: nothing acknowledged is lost, nothing is stored twice."""

import re
import resource
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.harness.browsers import shut
from tests.harness.disks import small_disk
from tests.harness.playwright_api import Browser, expect
from tests.harness.servers import restartable_postgres, wait_until, with_roles
from tests.workqueue.site import Site

pytestmark = [pytest.mark.soak, pytest.mark.services]
COUNT = "SELECT count(*) FROM work_submission"
ANSWERS = 12


class Reader:
    """A reader's browser without a screen: takes work, and sends one answer until it is taken."""

    def __init__(self, site: Site, name: str) -> None:
        self._site, self._session = site, requests.Session()
        self._session.cookies.set("sessionid", site.sessions[name])

    def take(self) -> None:
        asked = self._session.get(f"{self._site.url}/work/session/", timeout=30).json()
        self._headers = {"X-CSRFToken": asked["csrf"], "Referer": self._site.url}
        taken = self._session.post(
            f"{self._site.url}/s/race/work/test/next/", headers=self._headers, timeout=30
        )
        token = re.search(r"/test-work/([0-9a-f-]{36})/", taken.url)
        assert token, taken.text[:500]
        self._place = f"{self._site.url}/work/{token[1]}/submit/"
        content = {"choices": {"accuracy": "first"}, "note": ""}
        self._body: Any = {
            "content": content,
            "key": str(uuid.uuid4()),
            "active_seconds": 1,
            "base_version": 0,
        }

    def send(self) -> requests.Response:
        return self._session.post(self._place, json=self._body, headers=self._headers, timeout=60)

    def page(self) -> requests.Response:
        return self._session.get(f"{self._site.url}/s/race/work/", timeout=60)


@contextmanager
def running(home: Path, database: dict[str, str] | None = None, **more: Any) -> Iterator[Site]:
    site = Site(home, database=database, **more).start()
    try:
        yield site
    finally:
        site.kill()


def check_later(answer: requests.Response) -> None:
    """A script is told to send the same again."""
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5"), answer.text[:300]
    assert answer.json()["error"].startswith("The database is")


def test_a_database_that_restarts_costs_nobody_an_answer(tmp_path: Path, chromium: Browser) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    with restartable_postgres() as server, running(home, with_roles(server.folder, is_migrated=True)) as site:
        reader = Reader(site, "reader1")
        reader.take()
        context = chromium.new_context()
        context.add_cookies([{"name": "sessionid", "value": site.sessions["reader0"], "url": site.url}])
        page = context.new_page()
        page.goto(f"{site.url}/s/race/work/")
        page.click("button:text('Start')")
        page.wait_for_selector("form[data-ready]")
        first = page.url

        server.crash()
        page.click("text=First")
        page.fill("[name=note]", "written while the database was away")
        page.click("button:text('Submit')")
        expect(page.locator("[data-work-notice]")).to_contain_text("cannot be reached")
        expect(page.locator("[data-work-waiting]")).to_have_text("1 answer waits to be sent")
        check_later(reader.send())
        shown = reader.page()
        assert (shown.status_code, shown.headers["Retry-After"]) == (503, "5")
        assert "The database is away for a moment" in shown.text
        ready = requests.get(f"{site.url}/readyz", timeout=30)
        assert (ready.status_code, ready.json()) == (503, {"ready": False})
        assert requests.get(f"{site.url}/healthz", timeout=30).status_code == 200

        server.start()
        page.wait_for_url(lambda url: url != first, timeout=60_000)
        assert reader.send().status_code == 200
        assert site.rows(COUNT) == [(2,)]
        notes = site.rows("SELECT content ->> 'note' FROM work_submission ORDER BY 1")
        assert notes == [("",), ("written while the database was away",)]
        is_ready = lambda: requests.get(f"{site.url}/readyz", timeout=30).status_code == 200  # noqa: E731
        wait_until(is_ready, seconds=20, what="the process is ready again")
        assert "Traceback" not in (home / "web.log").read_text()
        shut(context)


def test_a_full_disk_refuses_answers_for_later_and_keeps_what_it_has(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", megabytes=400) as disk, running(disk.place) as site:
        readers = [Reader(site, f"reader{number}") for number in range(ANSWERS)]
        for reader in readers:
            reader.take()
        disk.leave(18)  # below 5 %: votes go on
        for reader in readers[: ANSWERS // 2]:
            assert reader.send().status_code == 200
        # What the log of the database has room for already would be taken on a full disk as well.
        site.rows("PRAGMA wal_checkpoint(TRUNCATE)")
        disk.leave(0)
        refused = [reader for reader in readers if reader.send().status_code != 200]
        assert refused, "the disk was full"
        check_later(refused[0].send())
        kept = site.rows(COUNT)[0][0]
        assert kept == ANSWERS - len(refused)
        assert site.rows("PRAGMA integrity_check") == [("ok",)]
        disk.leave(100)
        assert [reader.send().status_code for reader in readers] == [200] * ANSWERS
        assert site.rows(COUNT) == [(ANSWERS,)]


def test_a_disk_that_fails_refuses_answers_for_later(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    with running(tmp_path) as site:
        reader = Reader(site, "reader0")
        reader.take()
        with writes_fail(site):
            check_later(reader.send())
            assert reader.page().status_code in (200, 503)  # what needs no writing may go on
        assert site.rows(COUNT) == [(0,)]
        assert reader.send().status_code == 200
        assert reader.send().status_code == 200  # the same key
        assert site.rows(COUNT) == [(1,)]
        assert site.rows("PRAGMA integrity_check") == [("ok",)]


@contextmanager
def writes_fail(site: Site) -> Iterator[None]:
    """Every write of the web process to a file is an error, as on a disk that fails or became read-only."""
    assert site.process is not None
    children = Path(f"/proc/{site.process.pid}/task/{site.process.pid}/children").read_text().split()
    before: dict[int, Any] = {}
    for pid in map(int, children):
        before[pid] = resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        for pid, limits in before.items():
            resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)
