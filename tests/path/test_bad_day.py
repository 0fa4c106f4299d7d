"""Everything is killed on one day in one installation; each alone and many times in the soak, beside this."""

import random
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.harness.chat_server import Stub
from tests.harness.once import Put
from tests.path.drive import Installation, running, seed
from tests.path.test_backup import Backups
from tests.path.test_kills import (
    CASES,
    EMBEDDED,
    QUESTIONS,
    Voter,
    check_traces,
    hosts,
    kill_tracing_worker,
    kill_web,
    vote_while,
    write,
)

pytestmark = pytest.mark.path


def test_people_vote_and_a_model_writes_while_web_worker_and_backup_are_killed(
    tmp_path: Path, put_database: Put
) -> None:
    home = put_database(tmp_path / "home")
    with Stub(write) as stub, running(home, **hosts(stub), **EMBEDDED) as site:
        seed(site, "people", ",", "traces", str(QUESTIONS), stub.url, ",", "votes", str(CASES))
        site.start()
        backups = Backups(site, tmp_path / "backups", random.Random(3), kills=1)

        def disturb(voters: list[Voter]) -> None:
            with ThreadPoolExecutor(1) as beside:
                backup = beside.submit(backups.make, voters, CASES)
                kill_web(site, random.Random(1), voters)
                backup.result()

        killed = kill_tracing_worker(site, stub, random.Random(2))
        everything = set(map(uuid.UUID, vote_while(site, disturb)))
        check_traces(site, stub, killed)
    backups.check(Installation(tmp_path / "new", **EMBEDDED), everything)
