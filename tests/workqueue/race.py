"""Races on a real database: `python -m tests.workqueue.race NAME...` prints {name: findings} as JSON.

Several processes of several threads, each thread on its own connection, start every round at a barrier.
CONSILIUM_HOME and DATABASE_URL say which database; it must be empty.
"""

import json
import multiprocessing
import os
import sys
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.synchronize import Barrier
from typing import TYPE_CHECKING, Any

import django

if TYPE_CHECKING:
    from consilium.people.models import Person, Study

PROCESSES, THREADS = 3, 4
READERS = PROCESSES * THREADS
PATIENCE = 120
CONTENT = {"choices": {"accuracy": "first"}, "note": ""}
Outcome = list[Any]


@dataclass(frozen=True)
class Race:
    """`prepare()` opens the items; `run(study, reader)` is what all readers do at once."""

    prepare: Callable[["Study"], None]
    run: Callable[["Study", int], Outcome]


def start() -> "Study | None":
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.workqueue.race_settings"
    django.setup()
    from consilium.people.models import Study
    from consilium.workqueue import kinds
    from tests.workqueue.kind import KIND

    if KIND.name not in kinds.known():
        kinds.register(KIND)
    return Study.objects.filter(slug="race").first() if "people_study" in _tables() else None


def _tables() -> list[str]:
    from django.db import connection

    return connection.introspection.table_names()


def make(readers: int = READERS) -> None:
    """Migrate and store a study with that many annotators."""
    from django.core.management import call_command

    from consilium.people.models import Role, Study
    from tests.factories.cast import join

    call_command("migrate", verbosity=0)
    study = Study.objects.create(slug="race", name="Race")
    for number in range(readers):
        join(study, f"reader{number}", Role.ANNOTATOR)


def reader(number: int) -> "Person":
    from consilium.people.models import Person

    return Person.objects.get(username=f"reader{number}")


def opens(items: int, capacity: int) -> Callable[["Study"], None]:
    def prepare(study: "Study") -> None:
        from consilium.workqueue.models import WorkItem
        from consilium.workqueue.open import open_items

        first = WorkItem.objects.count() + 1
        objects: list[tuple[int, dict[str, Any]]] = [(number, {}) for number in range(first, first + items)]
        open_items(
            study=study,
            kind="test",
            name=str(uuid.uuid4()),
            objects=objects,
            role="annotator",
            capacity=capacity,
            by=None,
        )

    return prepare


def claim_one(study: "Study", number: int) -> Outcome:
    from consilium.workqueue.claim import next_claim

    claim = next_claim(study=study, person=reader(number), kind="test")
    return [str(claim.token), claim.item_id, claim.slot] if claim else []


def claim_as_one_person(study: "Study", number: int) -> Outcome:
    return claim_one(study, 0)


def keep_ready_as_one_person(study: "Study", number: int) -> Outcome:
    from consilium.workqueue.ahead import claim_ahead
    from consilium.workqueue.claim import owned_work
    from consilium.workqueue.models import Claim

    person = reader(0)
    claim = Claim.objects.get(person=person, state="claimed")
    found = claim_ahead(*owned_work(claim.token, person))
    return [str(found.token)] if found else []


def claim_or_keep_ready(study: "Study", number: int) -> Outcome:
    """Half of them ask for work, the others, who have some, for the next piece."""
    from consilium.workqueue.ahead import claim_ahead
    from consilium.workqueue.claim import owned_work
    from consilium.workqueue.models import Claim

    person = reader(number)
    mine = Claim.objects.filter(person=person, state="claimed").first()
    if mine is None:
        return claim_one(study, number)
    claim_ahead(*owned_work(mine.token, person))
    return []


def half_at_work(study: "Study") -> None:
    opens(READERS, 1)(study)
    for number in range(READERS // 2):
        claim_one(study, number)


def one_claim(study: "Study") -> None:
    opens(READERS, 1)(study)
    claim_one(study, 0)


def submit_once(study: "Study", number: int) -> Outcome:
    return _submit_first_claim(uuid.UUID(int=4))


def submit_own_key(study: "Study", number: int) -> Outcome:
    return _submit_first_claim(uuid.uuid4())


def _submit_first_claim(key: uuid.UUID) -> Outcome:
    from consilium.workqueue.models import Claim
    from consilium.workqueue.refusals import WorkRefused
    from consilium.workqueue.submit import submit

    person = reader(0)
    claim = Claim.objects.filter(person=person).latest("claimed_at")
    try:
        stored = submit(claim_token=claim.token, person=person, content=CONTENT, idempotency_key=key)
    except WorkRefused as refused:
        return [type(refused).__name__]
    return [stored.pk]


def late_claims(study: "Study") -> None:
    """One item with one seat that everybody held once and lost by expiry."""
    from django.utils import timezone

    from consilium.workqueue.models import Claim, WorkItem

    opens(1, 1)(study)
    item = WorkItem.objects.latest("pk")
    for number in range(READERS):
        Claim.objects.create(
            item=item, study=study, person=reader(number), state="expired", expires_at=timezone.now()
        )


def submit_late(study: "Study", number: int) -> Outcome:
    from consilium.workqueue.models import Claim
    from consilium.workqueue.submit import submit

    person = reader(number)
    claim = Claim.objects.filter(person=person).latest("claimed_at")
    key = uuid.uuid4()
    stored = submit(claim_token=claim.token, person=person, content=CONTENT, idempotency_key=key)
    return [stored.is_surplus]


def work_until_empty(study: "Study", number: int) -> Outcome:
    """Claims, sometimes postpones or loses the seat, and submits until nothing is left."""
    from consilium.workqueue import hold
    from consilium.workqueue.ahead import claim_ahead
    from consilium.workqueue.claim import next_claim, owned_work
    from consilium.workqueue.models import Claim
    from consilium.workqueue.submit import submit

    person, done = reader(number), []
    for turn in range(10_000):
        claim = next_claim(study=study, person=person, kind="test")
        if claim is None:
            break
        if turn % 2:
            claim_ahead(*owned_work(claim.token, person))
        if (turn + number) % 5 == 0 and turn < 20:
            hold.postpone(token=claim.token, person=person)
            continue
        if (turn + number) % 7 == 0 and turn < 20:
            Claim.objects.filter(pk=claim.pk).update(expires_at=claim.claimed_at)
        submit(claim_token=claim.token, person=person, content=CONTENT, idempotency_key=uuid.uuid4())
        done.append(claim.item_id)
    return done


RACES = {
    "everyone": Race(opens(1, READERS), claim_one),
    "many_items": Race(opens(READERS, 1), claim_one),
    "three_seats": Race(opens(1, 3), claim_one),
    "one_person": Race(opens(READERS, 1), claim_as_one_person),
    "many_tabs_ahead": Race(one_claim, keep_ready_as_one_person),
    "asked_and_ahead": Race(half_at_work, claim_or_keep_ready),
    "same_key": Race(one_claim, submit_once),
    "own_keys": Race(one_claim, submit_own_key),
    "late": Race(late_claims, submit_late),
    "until_empty": Race(opens(int(os.environ.get("RACE_ITEMS", "8")), 3), work_until_empty),
}


def process(number: int, names: list[str], barrier: Barrier, results: Any) -> None:
    start()
    threads = [
        threading.Thread(target=_thread, args=(number * THREADS + index, names, barrier, results))
        for index in range(THREADS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _thread(number: int, names: list[str], barrier: Barrier, results: Any) -> None:
    from django.db import connection

    from consilium.people.models import Study

    study = Study.objects.get(slug="race")
    for name in names:
        barrier.wait(PATIENCE)  # the driver has prepared the round
        try:
            results.put((name, number, RACES[name].run(study, number), ""))
        except Exception as problem:
            results.put((name, number, [], f"{type(problem).__name__}: {problem}"))
        barrier.wait(PATIENCE)
    connection.close()


def main(names: list[str]) -> dict[str, Any]:
    from django.db import connections

    start()
    make()
    study = start()
    assert study is not None
    connections.close_all()  # the children open their own
    context = multiprocessing.get_context("fork")
    barrier, results = context.Barrier(READERS + 1), context.Queue()
    children = [
        context.Process(target=process, args=(number, names, barrier, results), daemon=True)
        for number in range(PROCESSES)
    ]
    for child in children:
        child.start()
    findings = {name: _round(study, name, barrier, results) for name in names}
    for child in children:
        child.join(PATIENCE)
    return findings


def _round(study: "Study", name: str, barrier: Barrier, results: Any) -> dict[str, Any]:
    _clear(study)
    RACES[name].prepare(study)
    before = _counts(study)
    barrier.wait(PATIENCE)
    told = [results.get(timeout=PATIENCE) for _ in range(READERS)]
    barrier.wait(PATIENCE)
    return {
        "outcomes": [outcome for _, _, outcome, error in told if not error],
        "errors": [error for *_, error in told if error],
        "submissions": _counts(study) - before,
        "invariants": _broken(),
    }


def _clear(study: "Study") -> None:
    """End what the round before left open."""
    from consilium.workqueue.models import WorkItem
    from consilium.workqueue.open import close_item

    for item in WorkItem.objects.filter(study=study, is_open=True).select_related("study"):
        close_item(item)


def _counts(study: "Study") -> int:
    from consilium.workqueue.models import Submission

    return Submission.objects.filter(study=study).count()


def _broken() -> list[str]:
    """Everything that must hold after every round and does not."""
    from consilium.audit.verify import verify_chains
    from consilium.workqueue.models import WorkItem
    from consilium.workqueue.slots import free_slot

    broken = [f"audit: {fault}" for fault in verify_chains()[1]]
    for item in WorkItem.objects.filter(is_open=True):
        if item.is_full != (free_slot(item) is None):
            broken.append(f"item {item.pk}: is_full is {item.is_full}")
        if item.submissions.filter(is_surplus=False).count() > item.capacity:
            broken.append(f"item {item.pk}: more counted submissions than seats")
    return broken


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(sys.argv[1:] or list(RACES))))
