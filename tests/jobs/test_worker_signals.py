"""Real worker processes that are killed, frozen and stopped: nothing is lost, nothing is done twice."""

import os
import signal
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kombu.connection import Connection

from consilium.jobs import folder_broker
from tests.harness.once import Put
from tests.harness.servers import free_port, redis_on, wait_until, with_roles
from tests.jobs.site import LEASE, Site, Worker

STEPS = 10  # of each job in the soak test


def ends(worker: Worker) -> list[str]:
    """What the worker logged about the ends of our jobs."""
    return [line for line in worker.said().splitlines() if "job.ended" in line and "kind=demo" in line]


def assert_each_step_once(site: Site, job: str, steps: int) -> None:
    assert sorted(site.trail(job), key=int) == [str(n) for n in range(steps)]
    audit = site.ask("audit", job=job)
    assert audit == {"actions": ["job.created", "job.succeeded"], "breaks": 0}


def test_a_worker_killed_in_the_middle_of_a_job_loses_and_doubles_nothing(site: Site) -> None:
    first = site.worker().wait_ready()
    job = site.enqueue("demo.steps", steps=8, seconds=0.15)
    site.wait_for_steps(job, 2)
    first.kill()
    assert site.job(job)["state"] == "running"
    second = site.worker().wait_ready()
    done = site.wait_for(job, "succeeded")
    assert (done["attempt"], done["result"]["pid"]) == (2, second.process.pid)
    assert_each_step_once(site, job, 8)


def test_a_frozen_worker_that_wakes_up_writes_nothing_more(site: Site) -> None:
    first = site.worker().wait_ready()
    steps = site.enqueue("demo.steps", steps=6, seconds=0.2)
    deaf = site.enqueue("demo.deaf", seconds=LEASE + 1)
    site.wait_for_steps(steps, 1)
    site.wait_for_steps(deaf, 1)
    site.freeze(first)
    second = site.worker().wait_ready()
    assert site.wait_for(steps, "succeeded")["attempt"] == 2
    first.send(signal.SIGCONT)
    wait_until(lambda: len(ends(first)) == 2, seconds=20, what="the woken worker has let go")
    assert all("stored=False" in line for line in ends(first))
    assert site.wait_for(deaf, "succeeded")["result"] == {"by": second.process.pid}
    assert_each_step_once(site, steps, 6)


def test_a_worker_that_is_asked_to_stop_gives_its_job_back_at_once(site: Site) -> None:
    first = site.worker().wait_ready()
    job = site.enqueue("demo.steps", steps=20, seconds=0.1)
    site.wait_for_steps(job, 1)
    asked = time.monotonic()
    first.send(signal.SIGTERM)
    first.process.wait(15)
    assert time.monotonic() - asked < 10
    given_back = site.job(job)
    assert (given_back["state"], given_back["attempt"]) == ("queued", 0)
    site.worker()
    assert site.wait_for(job, "succeeded")["attempt"] == 1
    assert_each_step_once(site, job, 20)


def test_rings_that_were_lost_are_rung_again_and_rubbish_in_the_queue_is_ignored(site: Site) -> None:
    jobs = [site.enqueue("demo.steps", steps=1, seconds=0) for _ in range(12)]
    messages = site.home / "broker" / "messages"
    for message in messages.iterdir():
        message.unlink()
    for name in ("0_a.default.msg", "0_b.default.msg"):
        (messages / name).write_text('{"half": ')
    worker = site.worker().wait_ready()
    for job in jobs:
        site.wait_for(job, "succeeded")
    assert worker.process.poll() is None
    assert "broker.unreadable_message" in worker.said()


class RunsWhenRead:
    """A pickle that makes a folder in whoever loads it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (str(self.folder),)


def test_a_message_made_by_hand_runs_nothing_and_the_worker_goes_on(site: Site, tmp_path: Path) -> None:
    made = tmp_path / "made-by-a-message"
    folder_broker.register_transport()
    options = folder_broker.options(site.home, 1.0)
    with Connection(f"{folder_broker.SCHEME}://localhost", transport_options=options) as broker:
        for task, argument, form in (
            ("consilium.jobs.ring", RunsWhenRead(made), "pickle"),
            ("consilium.jobs.ring", "!!python/object/apply:os.mkdir [" + str(made) + "]", "yaml"),
            ("os.mkdir", str(made), "json"),
            ("celery.backend_cleanup", "1", "json"),
            ("consilium.jobs.ring", "__import__('os').mkdir('" + str(made) + "')", "json"),
        ):
            headers = {"task": task, "id": str(uuid.uuid4()), "lang": "py", "argsrepr": "", "kwargsrepr": ""}
            broker.Producer(serializer=form).publish(
                ([argument], {}, {}), headers=headers, exchange="default", routing_key="default"
            )
    job = site.enqueue("demo.steps", steps=1, seconds=0)
    worker = site.worker().wait_ready()
    site.wait_for(job, "succeeded")
    assert worker.process.poll() is None
    for refused in ("content of type pickle", "content of type yaml", "type 'os.mkdir'", "ring.refused"):
        assert refused in worker.said()
    assert not made.exists()


def test_a_person_cancels_a_job_that_a_worker_runs(site: Site) -> None:
    site.worker().wait_ready()
    job = site.enqueue("demo.steps", steps=500, seconds=0.05)
    site.wait_for_steps(job, 1)
    site.ask("cancel", job=job)
    site.wait_for(job, "cancelled", seconds=10)
    assert site.ask("audit", job=job)["actions"] == ["job.created", "job.cancel_requested", "job.cancelled"]


@pytest.fixture
def big_site(postgres_server: str, redis_url: str, tmp_path: Path) -> Iterator[Site]:
    """An installation on PostgreSQL and Redis."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    site = Site(home, BROKER_URL=redis_url, **with_roles(postgres_server, is_migrated=True))
    site.manage("migrate", "-v0")
    yield site
    site.close()


@pytest.mark.services
def test_the_same_holds_on_postgresql_and_redis(big_site: Site) -> None:
    first = big_site.worker().wait_ready()
    job = big_site.enqueue("demo.steps", steps=8, seconds=0.15)
    big_site.wait_for_steps(job, 2)
    first.kill()
    big_site.worker()
    assert big_site.wait_for(job, "succeeded")["attempt"] == 2
    assert_each_step_once(big_site, job, 8)


@pytest.mark.services
def test_a_broker_that_is_away_delays_jobs_and_loses_none(put_database: Put, tmp_path: Path) -> None:
    port = free_port()
    site = Site(put_database(tmp_path / "home"), BROKER_URL=f"redis://127.0.0.1:{port}/0")
    try:
        site.ask("audit", job="none")  # the client is up: what follows measures the broker alone
        asked = time.monotonic()
        early = site.enqueue("demo.steps", steps=1, seconds=0)
        assert time.monotonic() - asked < 2, "a person does not wait for a broker that is away"
        with redis_on(port):
            site.worker().wait_ready()
            site.wait_for(early, "succeeded")
        late = site.enqueue("demo.steps", steps=1, seconds=0)
        with redis_on(port):
            site.wait_for(late, "succeeded")
    finally:
        site.close()


@pytest.mark.soak
def test_a_poison_job_is_given_up_and_the_queue_moves_on(site: Site) -> None:
    poison = site.enqueue("demo.poison")
    for attempt in (1, 2):
        worker = site.worker()
        worker.process.wait(60)
        assert site.job(poison)["attempt"] == attempt
    site.worker().wait_ready()
    failed = site.wait_for(poison, "failed")
    assert "stopped 2 times" in failed["error"]
    after = site.enqueue("demo.steps", steps=1, seconds=0)
    site.wait_for(after, "succeeded")


def wait_for_more(site: Site, jobs: list[str], more: int) -> None:
    wanted = min(sum(len(site.trail(job)) for job in jobs) + more, len(jobs) * STEPS)
    wait_until(
        lambda: sum(len(site.trail(job)) for job in jobs) >= wanted, seconds=60, what="more steps are made"
    )


@pytest.mark.soak
@pytest.mark.parametrize("round_", range(20))
def test_kills_at_many_moments(site: Site, round_: int) -> None:
    jobs = [site.enqueue("demo.steps", steps=STEPS, seconds=0.05) for _ in range(4)]
    for _ in range(2):
        worker = site.worker()
        wait_for_more(site, jobs, more=1 + round_ % 7)
        worker.kill()
    site.worker()
    for job in jobs:
        site.wait_for(job, "succeeded", seconds=60)
        assert_each_step_once(site, job, STEPS)
