"""kill -9 while people vote and while a model writes: nothing acknowledged is lost, nothing is doubled.

The suite kills both in one installation, in test_bad_day.py; the training process is killed in
tests/training/test_run_job.py.
"""

import asyncio
import json
import os
import random
import re
import signal
import sqlite3
import time
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests
from aiohttp import web

from consilium.answers.dimensions import DIMENSIONS
from consilium.inference.complete import FEW
from tests.harness.chat_server import Stub, answered
from tests.harness.once import Put
from tests.path.drive import Installation, Person, running, seed

pytestmark = pytest.mark.path
EMBEDDED = {"DATABASE_URL": "", "BROKER_URL": ""}  # the checks read the SQLite file
CASES, QUESTIONS, KILLS = 40, 45, 3  # so many that people still vote at the last kill
VOTE = {"choices": dict.fromkeys(DIMENSIONS, "first_clearly"), "harm": "neither"}
REPLIES = "SELECT count(*) FROM calls_reply WHERE endpoint_id = 1"
JUDGED, JUDGES, IN_FLIGHT = 120, 20, 8
VERDICT = json.dumps(dict.fromkeys(DIMENSIONS, "A"))
TRACING = "SELECT {} FROM jobs_job WHERE kind = 'curation.trace'"
PATIENCE = 60.0


def ask(site: Installation, sql: str) -> list[tuple[Any, ...]]:
    """Read the installation's database."""
    with sqlite3.connect(f"file:{site.home}/consilium.sqlite3?mode=ro", uri=True) as database:
        return database.execute(sql).fetchall()


class Voter:
    """Votes until nothing is left; sends again, under the same key, whatever got no answer."""

    def __init__(self, site: Installation, name: str) -> None:
        self.person = Person(site, name)
        self.deadline = time.monotonic() + PATIENCE
        self.acknowledged: list[str] = []
        self.again = 0

    def vote_on_all(self) -> list[str]:
        """The keys that the server acknowledged."""
        while token := self._claim():
            key = str(uuid.uuid4())
            body = {"content": VOTE, "key": key, "active_seconds": 5, "base_version": 0}
            answer = self._until_answered(lambda: self.person.call(f"/work/{token}/submit/", body))  # noqa: B023
            assert answer.status_code == 200, answer.text
            self.acknowledged.append(key)
        return self.acknowledged

    def _claim(self) -> str | None:
        answer = self._until_answered(lambda: self._send("/s/chest/work/compare/next/"))
        assert answer.status_code == 200, answer.text
        found = re.search(r"/compare/([0-9a-f-]{36})/", answer.url)
        return found.group(1) if found else None

    def _send(self, path: str) -> requests.Response:
        session, url = self.person.session, self.person.site.url
        data = {"csrfmiddlewaretoken": session.cookies.get("csrftoken") or ""}
        return session.post(url + path, data=data, headers={"Referer": url}, timeout=20)

    def _until_answered(self, send: Any) -> requests.Response:
        while time.monotonic() < self.deadline:
            try:
                answer: requests.Response = send()
            except requests.RequestException:
                self.again += 1
            else:
                if answer.status_code < 500:
                    return answer
                self.again += 1
            time.sleep(0.05)
        raise AssertionError("the site did not come back")


def kill_web(site: Installation, rng: random.Random, voters: list[Voter]) -> None:
    """Kill a gunicorn worker, then the master, then a worker, each while votes are on their way."""
    for number, due in enumerate(sorted(rng.sample(range(3, 3 * CASES - 8), KILLS))):
        site.wait(lambda due=due: _acknowledged(voters) >= due, what=f"{due} votes are stored")  # type: ignore[misc]
        master, *workers = _web_processes(site)
        time.sleep(rng.uniform(0, 0.05))
        with suppress(ProcessLookupError):  # one that the last kill took down just now
            os.kill(master if number % 2 else rng.choice(workers), signal.SIGKILL)


def _web_processes(site: Installation) -> list[int]:
    """The master and its workers, once both are there."""
    found: list[int] = []

    def are_back() -> bool:
        found[:] = sorted(site.processes("gunicorn"))
        return len(found) >= 2

    site.wait(are_back, what="the web process is back")
    return found


def _acknowledged(voters: list[Voter]) -> int:
    return sum(len(voter.acknowledged) for voter in voters)


def vote_while(site: Installation, disturb: Callable[[list[Voter]], object]) -> list[str]:
    """Let three people vote on everything while `disturb` works; the acknowledged keys, each stored once."""
    voters = [Voter(site, name) for name in ("anna", "ben", "carla")]
    with ThreadPoolExecutor(3) as pool:
        votings = [pool.submit(voter.vote_on_all) for voter in voters]
        disturb(voters)
        acknowledged = [key for voting in votings for key in voting.result()]
    stored = ask(site, "SELECT idempotency_key, person_id, item_id, version FROM work_submission")
    keys = Counter(uuid.UUID(row[0]) for row in stored)
    assert set(map(uuid.UUID, acknowledged)) == set(keys)
    assert set(keys.values()) == {1}
    assert len({row[1:3] for row in stored}) == len(stored) == 3 * CASES
    assert ask(site, "SELECT count(*) FROM annotation_vote") == [(3 * CASES,)]
    site.command("verify_audit")
    return acknowledged


def hosts(stub: Stub) -> dict[str, str]:
    """The setting by which an installation may ask the stub."""
    return {"CONSILIUM_MODEL_HOSTS": f"127.0.0.1:{stub.port}"}


async def write(stub: Stub, body: dict[str, Any], attempt: int) -> web.StreamResponse:
    """A teacher whose answer takes a moment."""
    await asyncio.sleep(0.25)
    return answered("<think>The field is red.\nRed means A.</think><answer>A</answer>")


@dataclass(frozen=True)
class KilledWorker:
    """What was known when the worker that traces was killed: its process, requests sent, replies stored."""

    process: int
    sent: int
    known: int


def kill_tracing_worker(site: Installation, stub: Stub, rng: random.Random) -> KilledWorker:
    """Have traces written and kill the worker somewhere on its way."""
    Person(site, "lena").post("/s/chest/traces/start/", [("endpoint", "1"), ("paradigm", "")])
    due = rng.randint(10, QUESTIONS - 10)
    site.wait(lambda: len(stub.bodies) >= due, what=f"{due} questions are asked")
    worker = min(site.processes("--queues=gpu"))
    os.kill(worker, signal.SIGKILL)
    return KilledWorker(worker, len(stub.bodies), ask(site, REPLIES)[0][0])


async def prefer(stub: Stub, body: dict[str, Any], attempt: int) -> web.StreamResponse:
    """A judge that answers after a moment."""
    await asyncio.sleep(0.05)
    return answered(VERDICT)


def judge_under_kill(site: Installation, stub: Stub, number: int, rng: random.Random) -> None:
    """Kill the worker in the middle of one evaluation; another goes on with what is missing."""
    asked_before, stored_before = len(stub.bodies), ask(site, "SELECT count(*) FROM benchmark_verdict")[0][0]
    digest = ask(site, "SELECT digest FROM curation_release")[0][0]
    site.command("judge", "--release", digest, "--endpoint", f"judge-{number}")
    due = asked_before + rng.randint(10, 2 * JUDGED - 10)
    site.wait(lambda: len(stub.bodies) >= due, what=f"{due} calls are made")
    time.sleep(rng.uniform(0, 0.1))
    os.kill(min(site.processes("--queues=default,remote")), signal.SIGKILL)
    over = "SELECT count(*) FROM jobs_job WHERE kind = 'benchmark.judge' AND state = 'succeeded'"
    site.wait(lambda: ask(site, over) == [(number + 1,)], what=f"evaluation {number} is done")
    stored = ask(site, "SELECT count(*) FROM benchmark_verdict")[0][0]
    assert stored - stored_before == 2 * JUDGED
    repeated = len(stub.bodies) - asked_before - 2 * JUDGED
    assert repeated <= IN_FLIGHT + FEW, f"judge {number} repeated {repeated} calls"


def check_traces(site: Installation, stub: Stub, killed: KilledWorker) -> None:
    """Another worker ends the job: each question has one trace, and what was stored is not asked again."""
    site.wait(lambda: ask(site, TRACING.format("state")) == [("succeeded",)], what="the job is done")
    assert killed.process not in site.processes("--queues=gpu")
    assert ask(site, TRACING.format("attempt"))[0][0] >= 2
    traces = ask(site, "SELECT question_id, sample FROM curation_trace")
    assert len(traces) == len(set(traces)) == QUESTIONS
    assert ask(site, REPLIES) == [(QUESTIONS,)]
    assert len(stub.bodies) - killed.sent <= QUESTIONS - killed.known
    site.command("verify_audit")


@pytest.mark.soak
@pytest.mark.parametrize("seed_number", range(10, 30))
def test_web_processes_are_killed_again_and_again(
    tmp_path: Path, put_database: Put, seed_number: int
) -> None:
    with running(put_database(tmp_path / "home"), **EMBEDDED) as site:
        seed(site, "people", ",", "votes", str(CASES))
        site.start()
        vote_while(site, partial(kill_web, site, random.Random(seed_number)))


@pytest.mark.soak
@pytest.mark.parametrize("seed_number", range(10, 30))
def test_workers_are_killed_again_and_again(tmp_path: Path, put_database: Put, seed_number: int) -> None:
    with (
        Stub(write) as stub,
        running(put_database(tmp_path / "home"), **hosts(stub), **EMBEDDED) as site,
    ):
        seed(site, "people", ",", "traces", str(QUESTIONS), stub.url)
        site.start()
        check_traces(site, stub, kill_tracing_worker(site, stub, random.Random(seed_number)))


@pytest.mark.soak
def test_judging_workers_killed_at_any_time_repeat_what_was_in_flight(
    tmp_path: Path, put_database: Put
) -> None:
    rng = random.Random(40)
    limits = {"CONSILIUM_CALLS_IN_FLIGHT": str(IN_FLIGHT), **EMBEDDED}
    with Stub(prefer) as stub, running(put_database(tmp_path / "home"), **hosts(stub), **limits) as site:
        seed(site, "people", ",", "preferences", str(JUDGED), stub.url, str(JUDGES))
        site.start()
        for number in range(JUDGES):
            judge_under_kill(site, stub, number, rng)
        site.command("verify_audit")
