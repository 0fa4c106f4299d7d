"""What happens to the deployment, one fault after the other, and how long people waited for each."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from tests.deploy.network import BACK
from tests.deploy.site import Deployment, wait_for

# A part stays away so long, and after it is back the next fault waits so long.
AWAY_SECONDS, BREATH_SECONDS = 4.0, 5.0
PARTITION_SECONDS = 12.0
# Only after so many votes since a part is back the next one goes.
VOTES_BETWEEN = 15
ORPHAN_SECONDS = 15.0
# What a web process holds in the middle of a vote: the rows on which every vote waits its turn.
HOLD_LOCK = """
import sys, time
import django
django.setup()
from django.db import connection, transaction
with transaction.atomic(), connection.cursor() as cursor:
    cursor.execute("SELECT 1 FROM audit_audithead FOR UPDATE")
    time.sleep(0.5)  # until the database knows that its answer has arrived: it has nothing to send any more
    print("The lock is held.", file=sys.stderr, flush=True)
    time.sleep(600)
"""


Act = Callable[[Deployment], None]


@dataclass(frozen=True)
class Fault:
    """`strike` breaks something, `heal` mends it, `before` waits for a moment that is bad enough."""

    name: str
    strike: Act
    heal: Act
    away: float = AWAY_SECONDS
    before: Act = lambda site: None


@dataclass
class Episode:
    """One fault as it went; times as in the journal."""

    name: str
    struck: float = 0.0
    healed: float = 0.0
    over: float = 0.0
    longest_gap: float = 0.0
    votes: int = 0
    retries: Counter[str] = field(default_factory=Counter)

    def add_up(self, events: Iterable[dict[str, Any]]) -> None:
        """The figures of its time."""
        mine = [event for event in events if self.struck <= event["at"] < self.over]
        times = [event["at"] for event in mine if event["what"] == "vote"]
        marks = [self.struck, *times, self.over]
        self.votes = len(times)
        self.longest_gap = max(later - earlier for earlier, later in pairwise(marks))
        self.retries = Counter(
            f"{event['cause']}" for event in mine if event["what"] == "retry" and event["call"] != "ahead"
        )


def killed(host: str) -> Fault:
    """Everything on the host ends at once."""
    return Fault(f"{host} killed", lambda site: site.kill(host), lambda site: _start(site, host))


def main_killed(host: str) -> Fault:
    """Its main process alone ends; its children have to notice, or the part cannot start again."""

    def strike(site: Deployment) -> None:
        site.kill_main(host)
        wait_for(lambda: not site.network.hosts[host].pids(), f"no orphan on {host}", ORPHAN_SECONDS)

    return Fault(f"{host}: main process killed", strike, lambda site: _start(site, host))


def powered_off(host: str, *, holds_lock: bool = False) -> Fault:
    """The host is gone without a word; `holds_lock`: in the middle of a transaction that others wait for."""

    def take_lock(site: Deployment) -> None:
        if not holds_lock:
            return
        program = ["python", "-c", HOLD_LOCK]
        site.begin_on(host, program)
        log = site.network.hosts[host].folder / "log"
        wait_for(lambda: b"The lock is held" in log.read_bytes(), f"{host} holds a lock")

    def heal(site: Deployment) -> None:
        site.network.power_on(host)
        _start(site, host)

    name = f"{host} without power" + (", in a transaction" if holds_lock else "")
    return Fault(name, lambda site: site.power_off(host), heal, before=take_lock)


def in_a_job(plain: Fault, host: str) -> Fault:
    """The same while the worker runs a job; which worker gets one is chance."""

    def wait_for_job(site: Deployment) -> None:
        running = "SELECT count(*) FROM jobs_job WHERE state = 'running' AND worker LIKE %s"
        wait_for(lambda: site.rows(running, f"{host}:%")[0][0] > 0, f"{host} runs a job")

    return Fault(f"{plain.name}, in a job", plain.strike, plain.heal, before=wait_for_job)


def cut_off(host: str) -> Fault:
    """People reach the host, but it reaches nothing behind: a partition."""
    return Fault(
        f"{host} cut off from database and broker",
        lambda site: site.network.unplug(host, BACK),
        lambda site: site.network.plug(host, BACK),
        PARTITION_SECONDS,
    )


FAULTS = (
    main_killed("web-1"),
    in_a_job(killed("worker-1"), "worker-1"),
    killed("broker"),
    powered_off("web-2", holds_lock=True),
    killed("database"),
    in_a_job(powered_off("worker-2"), "worker-2"),
    killed("store"),
    killed("proxy"),
    cut_off("web-1"),
)


def _start(site: Deployment, host: str) -> None:
    site.start(host)


def suffered(site: Deployment, faults: Iterable[Fault], votes: Callable[[], int]) -> Iterator[Episode]:
    """Every fault once; the next one comes when people vote again. `votes` counts the acknowledged ones."""
    for fault in faults:
        fault.before(site)
        episode = Episode(fault.name, struck=time.monotonic())
        fault.strike(site)
        time.sleep(fault.away)
        fault.heal(site)
        episode.healed = time.monotonic()
        so_far = votes()
        wait_for(lambda so_far=so_far: votes() >= so_far + VOTES_BETWEEN, f"votes after: {fault.name}")  # type: ignore[misc]
        time.sleep(max(0.0, episode.healed + BREATH_SECONDS - time.monotonic()))
        episode.over = time.monotonic()
        yield episode
