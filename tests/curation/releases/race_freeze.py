"""Freezing while reviews arrive: run as a module, it prints what went wrong as JSON.

CONSILIUM_HOME and DATABASE_URL say which database; it must be empty. READERS: how many review at once, each
of them seven traces on the average.
"""

import json
import os
import sys
import threading
import uuid
from functools import partial
from typing import TYPE_CHECKING

import django

from tests.harness.races import at_once

if TYPE_CHECKING:
    from tests.factories.cast import Cast

READERS, FREEZERS = int(os.environ.get("READERS", "2")), 2
TRACES = 7 * READERS
# What a way of writing many rows at once could take for its own marks.
TEXT = 'Tab\t, lines\r\n, \\N, \\. and a path C:\\new "quoted", Grüße\u2028🫁?'
ACCEPT = {"steps": {"step-1": {"status": "accepted"}, "step-2": {"status": "accepted"}}}


def prepare() -> "Cast":
    from django.core.management import call_command

    from consilium.people.models import Role
    from curation.models import Question
    from curation.traces.review import open_reviews
    from tests.factories import curation as making
    from tests.factories.cast import join, make_cast

    call_command("migrate", verbosity=0)
    cast = make_cast()
    of, teacher = making.source(cast.study), making.endpoint()
    for number in range(TRACES):
        making.trace(making.question(cast.study, of, number), teacher, "checked")
    Question.objects.update(text=TEXT)
    for number in range(READERS):
        join(cast.study, f"reader{number}", Role.ANNOTATOR)
    open_reviews(study=cast.study, name="Race", by=cast.lena)
    return cast


def review_all(cast: "Cast", name: str, over: threading.Event) -> None:
    from consilium.people.models import Person
    from consilium.workqueue.claim import next_claim
    from consilium.workqueue.submit import submit

    person = Person.objects.get(username=name)
    try:
        while claim := next_claim(study=cast.study, person=person, kind="review"):
            submit(claim_token=claim.token, person=person, content=ACCEPT, idempotency_key=uuid.uuid4())
    finally:
        over.set()


def freeze_often(cast: "Cast", number: int, over: threading.Event) -> None:
    from curation.releases.freeze import EmptyRelease
    from curation.releases.gather import freeze_traces

    count = 0
    while not over.is_set() or not count:
        count += 1
        try:
            freeze_traces(study=cast.study, name=f"{number}-{count}", by=cast.lena)
        except EmptyRelease:
            count -= 1


def findings(cast: "Cast") -> list[str]:
    """A release holds exactly the traces that were accepted before it in the study's record."""
    from consilium.audit.models import AuditEvent
    from curation.models import Release
    from curation.releases.freeze import rows_of
    from curation.releases.verify import verify

    wrong = []
    accepted = AuditEvent.objects.filter(study=cast.study, action="trace.accepted")
    for release in Release.objects.all():
        frozen = AuditEvent.objects.get(action="release.frozen", object_id=str(release.pk))
        before = accepted.filter(sequence__lt=frozen.sequence).values_list("object_id", flat=True)
        expected = {f"trace-{pk}" for pk in before}
        held = set(rows_of(release).values_list("row_id", flat=True))
        if held != expected:
            wrong.append(f"{release.name}: {len(expected - held)} missing, {len(held - expected)} too many")
        wrong += verify(release)
        contents = rows_of(release).values_list("content", flat=True)
        wrong += ["Another question" for content in contents if content["question"] != TEXT]
    if accepted.count() != TRACES:
        wrong.append(f"{accepted.count()} of {TRACES} reviews are stored")
    return wrong


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.workqueue.race_settings"
    django.setup()
    from curation.models import Release

    cast = prepare()
    over, names = threading.Event(), [f"reader{number}" for number in range(READERS)]
    failures = at_once(
        [
            *(partial(review_all, cast, name, over) for name in names),
            *(partial(freeze_often, cast, number, over) for number in range(FREEZERS)),
        ]
    )
    report = {"failures": failures, "findings": findings(cast), "releases": Release.objects.count()}
    sys.stdout.write(json.dumps(report))


if __name__ == "__main__":
    main()
