"""A backup made while people vote: what was acknowledged before it began is in it, once; killed or not."""

import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import psycopg2  # type: ignore[import-untyped]
import pytest

from consilium.backups.archive import FolderArchive
from tests.harness.once import Put
from tests.harness.processes import dies_with_parent
from tests.harness.servers import with_roles
from tests.path.drive import ROOT, Installation, running, seed
from tests.path.test_kills import EMBEDDED, Voter

pytestmark = pytest.mark.path
CASES = 25
KEYS = "SELECT idempotency_key FROM work_submission"


def stored_keys(site: Installation) -> list[uuid.UUID]:
    """The keys of all submissions in the installation's database."""
    if url := site.env["DATABASE_URL"]:
        with closing(psycopg2.connect(url)) as database, database.cursor() as cursor:
            cursor.execute(KEYS)
            return [uuid.UUID(str(row[0])) for row in cursor.fetchall()]
    with closing(sqlite3.connect(f"file:{site.home}/consilium.sqlite3?mode=ro", uri=True)) as database:
        return [uuid.UUID(str(row[0])) for row in database.execute(KEYS)]


def kill_some_backups(site: Installation, target: Path, rng: random.Random, kills: int) -> None:
    """Begin backups and kill -9 each somewhere on its way."""
    for _ in range(kills):
        process = subprocess.Popen(
            [sys.executable, "manage.py", "backup", str(target)],
            cwd=ROOT,
            env=site.env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=dies_with_parent(),  # noqa: PLW1509
        )
        delay = threading.Timer(rng.uniform(0.5, 3.0), process.send_signal, [signal.SIGKILL])
        delay.start()
        process.wait()
        delay.cancel()


@dataclass
class Backups:
    """Backups made while people vote, `kills` of them killed; `before`: the votes known before the last."""

    site: Installation
    target: Path
    rng: random.Random
    kills: int
    before: set[uuid.UUID] = field(default_factory=set)

    def make(self, voters: list[Voter], cases: int) -> None:
        due = self.rng.randint(5, cases)
        self.site.wait(lambda: sum(len(one.acknowledged) for one in voters) >= due, what=f"{due} votes")
        kill_some_backups(self.site, self.target, self.rng, self.kills)
        self.before = {uuid.UUID(key) for voter in voters for key in list(voter.acknowledged)}
        self.site.command("backup", str(self.target))

    def check(self, other: Installation, everything: set[uuid.UUID]) -> None:
        """Restore into an empty installation, which has the keys, and look for every acknowledged vote."""
        other.home.mkdir(mode=0o700)
        shutil.copytree(self.site.home / "keys", other.home / "keys")  # they are kept apart
        other.command("restore", str(self.target))
        keys = stored_keys(other)
        assert self.before <= set(keys) <= everything
        assert len(keys) == len(set(keys))
        other.command("verify_audit")
        assert FolderArchive(self.target).names()
        assert not list(self.target.glob(".new-*"))


def back_up_under_load(
    home: Path, databases: tuple[dict[str, str], dict[str, str]], seed_number: int
) -> None:
    """Vote, back up meanwhile, stop, restore into an empty site, and look for every acknowledged vote."""
    with running(home, **EMBEDDED | databases[0]) as site:
        if databases[0]:
            site.command("setup")
        seed(site, "people", ",", "votes", str(CASES))
        site.start()
        backups = Backups(site, home.with_name("backups"), random.Random(seed_number), kills=3)
        voters = [Voter(site, name) for name in ("anna", "ben", "carla")]
        with ThreadPoolExecutor(3) as pool:
            votings = [pool.submit(voter.vote_on_all) for voter in voters]
            backups.make(voters, CASES)
            everything = {uuid.UUID(key) for voting in votings for key in voting.result()}
        assert everything == set(stored_keys(site))
    backups.check(Installation(home.with_name("new"), **EMBEDDED | databases[1]), everything)


@pytest.mark.services
def test_a_postgresql_site_comes_back(tmp_path: Path, postgres_server: str) -> None:
    databases = (with_roles(postgres_server, is_migrated=True), with_roles(postgres_server))
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    site = Installation(home, **EMBEDDED | databases[0])
    archive = str(tmp_path / "one.tar")
    # The second `setup`: no worker runs here that would write an anchor.
    steps = ("manage setup", "people", "votes 2", "manage setup", f"manage backup {archive}")
    seed(site, *" , ".join(steps).split())
    other = Installation(tmp_path / "new", **EMBEDDED | databases[1])
    other.home.mkdir(mode=0o700)
    shutil.copytree(home / "keys", other.home / "keys")
    seed(other, *f"manage restore {archive} , manage verify_audit".split())
    other.command("restore", archive, status=2)  # no longer empty


@pytest.mark.soak
@pytest.mark.parametrize("seed_number", range(10, 20))
def test_backups_under_load_and_kills(tmp_path: Path, put_database: Put, seed_number: int) -> None:
    back_up_under_load(put_database(tmp_path / "home"), ({}, {}), seed_number)


@pytest.mark.soak
@pytest.mark.services
@pytest.mark.parametrize("seed_number", range(10, 20))
def test_postgresql_backups_under_load_and_kills(
    tmp_path: Path, postgres_server: str, seed_number: int
) -> None:
    databases = (with_roles(postgres_server), with_roles(postgres_server))
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    back_up_under_load(home, databases, seed_number)
