"""The lead's front page: what waits for this person, and what for somebody else."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotation.models import Case
from annotation.pairing import open_comparison_round
from annotation.states import CaseState
from consilium.audit.models import AuditEvent
from consilium.jobs.queue import enqueue
from consilium.people.models import Membership, Person, Role
from curation.models import Image, Import, Trace
from curation.permissions import can_settle, can_sign
from curation.states import ImageState
from dashboard import overview as front
from dashboard.overview import overview
from tests.curation.traces.test_review import ACCEPT, EDIT, opened, review
from tests.factories import annotation as voting
from tests.factories import curation as making
from tests.factories.cast import Cast

pytestmark = pytest.mark.django_db


def waits(cast: Cast, person: Person) -> tuple[list[str], list[str]]:
    shown = overview(cast.study, person)
    return [entry.text for entry in shown["waiting"]], [entry.text for entry in shown["waiting_for_others"]]


@pytest.fixture
def brought_in(cast: Cast) -> list[Image]:
    """One image before pixel review that lena brought in, and two of nobody's import."""
    of = making.source(cast.study)
    images = [making.image(cast.study, of, number, state=ImageState.QUARANTINED) for number in (1, 2, 3)]
    job = enqueue(kind="curation.import", by=cast.lena, study=cast.study, params={})
    images[0].batch = Import.objects.create(study=cast.study, source=of, job=job, created_by=cast.lena)
    images[0].save()
    return images


def test_a_lead_is_not_asked_to_sign_what_they_brought_in(cast: Cast, brought_in: list[Image]) -> None:
    assert waits(cast, cast.max) == (["Images before pixel review: 3"], [])
    other = "Images before pixel review, brought in by you, for a second person: 1"
    assert waits(cast, cast.lena) == (["Images before pixel review: 2"], [other])
    Membership.objects.filter(person__in=[cast.max, cast.rosa]).update(is_active=False)
    assert waits(cast, cast.lena) == (["Images before pixel review: 3"], [])
    assert [can_sign(cast.lena, image) for image in brought_in] == [True] * 3


def test_a_dispute_waits_for_those_who_may_decide_it(cast: Cast) -> None:
    trace = opened(cast, reviewers=2)
    review(cast, cast.anna, EDIT)
    review(cast, cast.ben, ACCEPT)
    question = making.question(cast.study, trace.question.source, 9, use="test")
    for name in voting.MODELS:
        voting.response(question, making.endpoint(name, family=name), "The field is plain.\n\nAnswer: A")
    open_comparison_round(study=cast.study, name="Round 1", by=cast.lena)
    Case.objects.update(state=CaseState.DISPUTED)
    Membership.objects.filter(person=cast.anna).update(role=Role.LEAD)
    trace = Trace.objects.get(pk=trace.pk)
    assert [can_settle(person, trace) for person in (cast.lena, cast.anna)] == [True, False]
    case = "Disputed cases, for an adjudicator: 1"
    assert waits(cast, cast.lena) == (["Disputed traces: 1"], [case])
    assert waits(cast, cast.anna) == ([], ["Disputed traces, for somebody who did not review them: 1", case])


def test_the_submissions_of_a_day_are_counted_to_a_limit(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    voting.opened(cast, questions=2)
    notes = []
    monkeypatch.setattr(front, "MOST_OF_A_DAY", 2)
    for _ in range(3):
        notes.append(overview(cast.study, cast.lena)["tiles"][-1]["note"])
        if len(notes) < 3:
            voting.vote(cast.study, cast.anna)
    assert notes == [f"{number} in the last day" for number in ("0", "1", "2+")]


def test_the_record_is_read_from_its_end(cast: Cast) -> None:
    """The newest events come along the chain's index, whatever the length of the chain."""
    voting.opened(cast, questions=2)
    voting.vote(cast.study, cast.anna)
    client = Client()
    client.force_login(cast.lena)
    with CaptureQueriesContext(connection) as asked:
        latest = [entry.event for entry in overview(cast.study, cast.lena)["events"]]
        page = client.get(reverse("site:record", args=["chest"])).context["page"]
    events = AuditEvent.objects.filter(study=cast.study).order_by("-sequence")
    assert page.paginator.count == events.count()
    assert list(page) == list(events[:50])
    assert latest == list(events.exclude(action__startswith="claim.")[:8])
    read = [query["sql"] for query in asked if 'FROM "audit_auditevent"' in query["sql"]]
    assert len(read) == 3
    for statement in read:
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {statement}")
            plan = " ".join(row[3] for row in cursor.fetchall())
        assert "(chain=?)" in plan
        assert "TEMP B-TREE" not in plan


def test_the_page_shows_both_lists(cast: Cast, brought_in: list[Image]) -> None:
    client = Client()
    client.force_login(cast.lena)
    page = client.get(reverse("site:study", args=["chest"])).content.decode()
    assert page.index("Waits for you") < page.index("Waits for others") < page.index("for a second person: 1")
