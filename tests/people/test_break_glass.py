"""Break-glass: an operator reads a study for an hour; its leads know, see what was opened, and end it."""

from datetime import timedelta

import pytest
import time_machine
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from consilium.audit.models import AuditEvent
from consilium.people import break_glass
from consilium.people.access_words import shown_to_leads
from consilium.people.models import BreakGlass, Membership, Person, Role, pseudonym
from consilium.people.permissions import NotAllowed
from consilium.refusals import ReasonMissing
from tests.factories import annotation as voting
from tests.factories.cast import Cast

pytestmark = pytest.mark.django_db
REASON = "A reader cannot open a case."
PAGE = "/s/chest/members/"


def browser(who: Person) -> Client:
    client = Client()
    client.force_login(who)
    return client


def opened(cast: Cast) -> BreakGlass:
    return break_glass.open_study(study=cast.study, by=cast.otto, reason=REASON)


def views(cast: Cast) -> list[str]:
    seen = AuditEvent.objects.filter(study=cast.study, action="break_glass.viewed").order_by("sequence")
    return [event.data["view"] for event in seen]


def test_an_operator_opens_a_study_on_a_page_and_sees_that_it_is_watched(cast: Cast) -> None:
    client = browser(cast.otto)
    assert client.get("/s/chest/").status_code == 404
    address = reverse("people:break-glass")
    assert client.post(address, {"study": cast.study.pk, "reason": "short"}).status_code == 422
    answer = client.post(address, {"study": cast.study.pk, "reason": REASON})
    assert answer.headers["Location"] == "/s/chest/"
    until = BreakGlass.objects.get().until
    page = client.get("/s/chest/").content.decode()
    assert f"You are looking at Chest study by break-glass until {until:%H:%M}." in page
    assert 'href="/s/chest/work/"' not in page, "an operator has no work there"
    event = AuditEvent.objects.get(study=cast.study, action="break_glass.opened")
    assert (event.actor, event.reason) == (cast.otto, REASON)


def test_each_page_and_object_is_on_record_once_and_no_search(cast: Cast) -> None:
    opened(cast)
    client = browser(cast.otto)
    for address in (PAGE, PAGE, "/s/chest/questions/?q=Mueller", "/s/chest/questions/?page=2"):
        assert client.get(address).status_code == 200
    assert views(cast) == ["people:members", "curation:questions"]
    assert "Mueller" not in str(list(AuditEvent.objects.values()))


def test_votes_are_read_by_pseudonym_and_only_with_a_reason(cast: Cast) -> None:
    voting.opened(cast)
    voting.vote(cast.study, cast.anna)
    address = reverse("annotation:case", args=["chest", voting.only_case().pk])
    client = browser(cast.otto)
    assert client.get(address).status_code == 404
    for reason in ("", "   short "):
        with pytest.raises(ReasonMissing):
            break_glass.open_study(study=cast.study, by=cast.otto, reason=reason)
    opened(cast)
    page = client.get(address).content.decode()
    assert pseudonym(cast.study.pk, cast.anna.pk) in page
    assert "Anna" not in page
    record = browser(cast.lena).get("/s/chest/record/").content.decode()
    assert f"(case {voting.only_case().pk})" in record, "the leads read what was opened"
    assert views(cast) == ["annotation:case"]


def test_it_ends_by_itself_or_by_a_lead_or_by_the_operator(cast: Cast) -> None:
    client = browser(cast.otto)
    glass = opened(cast)
    with time_machine.travel(glass.until - timedelta(seconds=1), tick=False):
        assert client.get(PAGE).status_code == 200
    with time_machine.travel(glass.until + timedelta(seconds=1), tick=False):
        assert client.get(PAGE).status_code == 404
        again = opened(cast)
        assert client.get(PAGE).status_code == 200
        browser(cast.max).post(reverse("people:end-break-glass", args=[again.pk]))
        assert client.get(PAGE).status_code == 404
        own = opened(cast)
        client.post(reverse("people:end-break-glass", args=[own.pk]))
        assert client.get(PAGE).status_code == 404
    ended = AuditEvent.objects.filter(study=cast.study, action="break_glass.ended")
    assert [event.actor for event in ended.order_by("sequence")] == [cast.max, cast.otto]


def test_the_leads_are_told_until_one_of_them_has_seen_it(cast: Cast) -> None:
    glass = opened(cast)
    (entry,) = shown_to_leads(cast.study, cast.lena)
    assert "Otto opened this study for reading" in entry.words
    assert "because “A reader cannot open a case”." in entry.words
    assert f"It ends by itself at {timezone.localtime(glass.until):%H:%M}." in entry.words
    page = browser(cast.lena).get("/s/chest/").content.decode()
    assert "End it now" in page
    browser(cast.lena).post(reverse("people:acknowledge", args=[entry.notice.pk]))
    assert shown_to_leads(cast.study, cast.max) == []


def test_only_operators_outside_the_study_open_it_and_one_at_a_time(cast: Cast) -> None:
    for who in (cast.lena, cast.nora, cast.anna):
        with pytest.raises(NotAllowed):
            break_glass.open_study(study=cast.study, by=who, reason=REASON)
    opened(cast)
    with pytest.raises(break_glass.NotOpenable):
        opened(cast)
    with pytest.raises(IntegrityError):
        BreakGlass.objects.create(study=cast.study, person=cast.otto, until=timezone.now())


def test_a_reader_who_judges_there_cannot_open_it(cast: Cast) -> None:
    Membership.objects.create(study=cast.study, person=cast.otto, role=Role.ANNOTATOR)
    with pytest.raises(break_glass.NotOpenable):
        opened(cast)
    assert browser(cast.otto).get(PAGE).status_code == 403


def test_an_operator_who_loses_the_right_or_the_account_reads_no_more(cast: Cast) -> None:
    opened(cast)
    client = browser(cast.otto)
    assert client.get(PAGE).status_code == 200
    Person.objects.filter(pk=cast.otto.pk).update(is_operator=False)
    assert client.get(PAGE).status_code == 404
    assert browser(cast.otto).get("/s/other/").status_code == 404


def test_changes_are_refused_and_the_attempt_is_on_record(cast: Cast) -> None:
    opened(cast)
    client = browser(cast.otto)
    answer = client.post("/s/chest/members/", {"display_name": "Dora", "role": "lead"})
    assert answer.status_code == 403
    refused = AuditEvent.objects.get(study=cast.study, action="access.refused")
    assert (refused.actor, refused.data) == (cast.otto, {"view": "people:members"})
    assert 'class=" reads-only"' in client.get(PAGE).content.decode()
