"""kill -9 of a worker at the n-th request of its push: the next try ends as if nothing had happened."""

import json
import os
import shutil
import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from consilium.processes import descendants
from tests.harness.forked import ForkedPython, run_python, start_python
from tests.harness.once import Put
from tests.harness.servers import wait_until
from tests.hub.loopback_hub import Asked, Fault, LoopbackHub

REPOSITORY = "clinic/chest-traces"
# Of one undisturbed push; `test_the_count_of_requests` keeps it true.
REQUESTS = 21
Kill = Callable[[Asked], bool]


class Site:
    """A data folder of its own, whose Hub is the one on loopback."""

    def __init__(self, home: Path, hub: LoopbackHub) -> None:
        self.home = home
        self.environment = {
            "PATH": os.environ["PATH"],
            "CONSILIUM_HOME": str(home),
            "HF_ENDPOINT": hub.url,
            "CONSILIUM_HUB_STORAGE": ",".join(hub.address.storage),
            "CONSILIUM_HUB_SECONDS": "5",
            "CONSILIUM_JOB_LEASE": "1",
            "OMP_NUM_THREADS": "1",
        }

    def start(self, *words: str) -> ForkedPython:
        """A worker that is killed."""
        return start_python(self._program(words), env=self.environment, log=self.home / "worker.log")

    def do(self, *words: str) -> Any:
        done = run_python(self._program(words), env=self.environment, timeout=120)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def _program(self, words: Sequence[str]) -> list[str]:
        return ["-m", "tests.hub.site", *words]


@pytest.fixture
def hub() -> Iterator[LoopbackHub]:
    with LoopbackHub() as server:
        yield server


@pytest.fixture(scope="module")
def prepared(put_database: Put, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a release, the kept token and a queued push."""
    home = put_database(tmp_path_factory.mktemp("prepared") / "home")
    with LoopbackHub() as hub:
        Site(home, hub).do("prepare")
    return home


def killed_at(site: Site, hub: LoopbackHub, job: str, kill: Kill, *, after: bool) -> None:
    """Run the job and kill its worker where `kill` says so, before or after the Hub acted."""
    worker = site.start("run", job)
    below = set[int]()

    def end(asked: Asked) -> Fault | None:
        if not kill(asked) or below:
            return None
        below.update(descendants(worker.pid))
        worker.send_signal(signal.SIGKILL)
        return Fault(is_cut=True, after=after)

    hub.faults = end
    assert worker.wait(120) == -signal.SIGKILL
    # The client dies with its worker: no late commit.
    wait_until(lambda: not any(map(is_client, below)), seconds=20, what="the client is gone")
    hub.faults = lambda asked: None


def is_client(pid: int) -> bool:
    try:
        return "consilium.hub.client" in Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return False


def outcome(site: Site, hub: LoopbackHub, job: str) -> tuple[Any, Any, Any]:
    """What the record says, and what the Hub holds."""
    told = site.do("run", job)
    there = hub.repository(REPOSITORY)
    return told, [(one.title, one.tree) for one in there.commits], there.tags


@pytest.fixture(scope="module")
def undisturbed(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, int]:
    """What a push leaves that nobody disturbs, and how many requests it took."""
    home = tmp_path_factory.mktemp("undisturbed") / "home"
    shutil.copytree(prepared, home)
    with LoopbackHub() as hub:
        site = Site(home, hub)
        return outcome(site, hub, site.do("ask")), len(hub.asked)


def check_kill(
    prepared: Path, home: Path, hub: LoopbackHub, expected: Any, kill: Kill, *, after: bool = True
) -> None:
    shutil.copytree(prepared, home)
    site = Site(home, hub)
    job = site.do("ask")
    killed_at(site, hub, job, kill, after=after)
    there = hub.repositories.get(("dataset", REPOSITORY))
    if there is not None and len(there.commits) > 1:  # a commit is whole or not there
        assert there.head.tree == expected[1][1][1]
    assert outcome(site, hub, job) == expected


@pytest.mark.parametrize("act", ["storage", "commit"])  # every request: in the soak below
def test_a_worker_killed_in_a_push_leaves_no_part_of_a_commit_and_the_next_ends_it(
    prepared: Path, undisturbed: tuple[Any, int], hub: LoopbackHub, tmp_path: Path, act: str
) -> None:
    check_kill(prepared, tmp_path / "home", hub, undisturbed[0], lambda asked: asked.act == act)


def test_the_count_of_requests(undisturbed: tuple[Any, int]) -> None:
    assert undisturbed[1] == REQUESTS


@pytest.mark.soak
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("number", range(1, REQUESTS + 1))
def test_a_worker_killed_at_every_request_of_a_push(
    prepared: Path, undisturbed: tuple[Any, int], hub: LoopbackHub, tmp_path: Path, number: int, after: bool
) -> None:
    def kill(asked: Asked) -> bool:
        return asked.number == number

    check_kill(prepared, tmp_path / "home", hub, undisturbed[0], kill, after=after)
