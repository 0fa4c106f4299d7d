"""What the owner of the database does: triggers away, the chain changed, all hashes and the head made to fit.

`python -m tests.audit.tamper` does all of it on an empty database of its own (CONSILIUM_HOME, DATABASE_URL)
and prints, for each way, what is found with the anchors and what would be found without them.
"""

import json
import os
import sys
from collections.abc import Callable
from typing import Any

import django

EVENTS = 10
CHAIN = "study:chest"


def change() -> None:
    """UPDATE of one event in the middle."""
    _events().filter(sequence=4).update(reason="was never said")


def delete() -> None:
    """DELETE of one event in the middle; the later ones move up."""
    _events().filter(sequence=4).delete()
    for event in _events().filter(sequence__gt=4).order_by("sequence"):
        _events().filter(pk=event.pk).update(sequence=event.sequence - 1)


def insert() -> None:
    """INSERT of one event in the middle; the later ones move down."""
    for event in _events().filter(sequence__gt=4).order_by("-sequence"):
        _events().filter(pk=event.pk).update(sequence=event.sequence + 1)
    forged = _events().get(sequence=4)
    forged.pk, forged.sequence, forged.reason = None, 5, "was never said"
    forged.save(force_insert=True)


def cut() -> None:
    """The last events gone, and with them the head row."""
    _events().filter(sequence__gt=6).delete()


def cut_all() -> None:
    """Everything gone."""
    _events().delete()


WAYS: dict[str, Callable[[], None]] = {
    "change": change,
    "delete": delete,
    "insert": insert,
    "cut": cut,
    "cut all": cut_all,
}


def make_fit() -> None:
    """Compute all hashes anew and let the head say where the chain ends now."""
    from consilium.audit.models import AuditHead
    from consilium.audit.record import event_digest

    previous, last = "", 0
    for event in _events().order_by("sequence"):
        fitting = event_digest(previous, event.content())
        _events().filter(pk=event.pk).update(previous_sha256=previous, sha256=fitting)
        previous, last = fitting, event.sequence
    AuditHead.objects.filter(chain=CHAIN).delete()
    if last:
        AuditHead.objects.create(chain=CHAIN, sequence=last, sha256=previous)


def found_after(way: str) -> dict[str, list[str]]:
    """Sentences of verify_audit after the attack, which is rolled back; `alone`: without the anchors."""
    from django.db import connection, transaction

    from consilium.audit.append_only import Refusal
    from consilium.audit.verify import verify_record

    with transaction.atomic():
        Refusal("audit_auditevent").remove(connection)
        WAYS[way]()
        make_fit()
        told = {"anchored": _sentences(verify_record().breaks), "alone": _sentences(_without_anchors())}
        transaction.set_rollback(True)
    return told


def _sentences(breaks: list[Any]) -> list[str]:
    return [str(found) for found in breaks]


def _without_anchors() -> list[Any]:
    from consilium.audit.anchors import anchors_folder
    from consilium.audit.verify import verify_record

    folder = anchors_folder()
    aside = folder.rename(folder.with_name("aside"))
    try:
        return verify_record().breaks
    finally:
        aside.rename(folder)


def _events() -> Any:
    from consilium.audit.models import AuditEvent

    return AuditEvent.objects.filter(chain=CHAIN)


def main() -> None:
    """An installation with some events, anchored; then each way."""
    from django.core.management import call_command
    from django.db import transaction

    from consilium.audit.anchors import anchor_chains
    from consilium.audit.record import record
    from consilium.people.models import Study

    call_command("migrate", verbosity=0)
    study = Study.objects.create(slug="chest", name="Chest study")
    for _ in range(EVENTS):
        with transaction.atomic():
            record(action="test.done", obj=study, by=None, study=study)
    anchor_chains(cause="test")
    sys.stdout.write(json.dumps({way: found_after(way) for way in WAYS}))


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.jobs.worker_settings"
    django.setup()
    main()
