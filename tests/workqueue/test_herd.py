"""Two hundred readers come at one moment, also on a slow database: all are answered, nothing is lost."""

import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.workqueue.site import Site
from tests.workqueue.test_faults import COUNT, Reader, running

pytestmark = [pytest.mark.soak, pytest.mark.services]
HERD, PATIENCE = 200, 120


class Seen:
    """One reader's tries: what came, and how long the slowest took."""

    def __init__(self, site: Site, number: int, gate: threading.Barrier) -> None:
        self.reader, self._gate = Reader(site, f"reader{number}"), gate
        self.statuses, self.slowest = list[int](), 0.0

    def work(self) -> "Seen":
        """Take work and send one answer, again and again as the script of the page would."""
        self._gate.wait(PATIENCE)
        self.reader.take()
        for _ in range(20):
            began = time.monotonic()
            answer = self.reader.send()
            self.slowest = max(self.slowest, time.monotonic() - began)
            self.statuses.append(answer.status_code)
            if answer.status_code == 200:
                break
            assert answer.status_code in (429, 503), answer.text[:300]
            time.sleep(int(answer.headers["Retry-After"]))
        return self


def herd(site: Site) -> list[Seen]:
    gate = threading.Barrier(HERD)
    with ThreadPoolExecutor(HERD) as pool:
        return list(pool.map(Seen.work, [Seen(site, number, gate) for number in range(HERD)]))


@pytest.mark.parametrize("slow", ["", "0.005"])
def test_two_hundred_readers_at_one_moment_are_all_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slow: str
) -> None:
    monkeypatch.setenv("RACE_SLOW", slow)
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    with running(home, readers=HERD) as site:
        seen = herd(site)
        waits = statistics.quantiles([each.slowest for each in seen], n=20)
        print(f"slow by {slow or 0} s: median {waits[9]:.2f} s, 95 % {waits[18]:.2f} s")  # noqa: T201
        assert waits[18] < 30
        assert [each.statuses[-1] for each in seen] == [200] * HERD
        assert site.rows(COUNT) == [(HERD,)]
        assert requests.get(f"{site.url}/readyz", timeout=30).status_code == 200
        assert "Traceback" not in (home / "web.log").read_text()
