"""Consent, membership and settings: who may do what to a study."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.http import Http404
from django.test import Client
from django.urls import reverse

from consilium.audit.verify import verify_chains
from consilium.people import participation, studies
from consilium.people.models import ConsentText, Participation, Study
from consilium.people.permissions import NotAllowed, can_take_part
from consilium.people.protocol import lock_protocol
from consilium.people.study_settings import SettingRefused
from tests.factories.cast import PASSWORD, Cast

pytestmark = pytest.mark.django_db


def test_consent_is_bound_to_the_text_that_was_read(cast: Cast) -> None:
    Participation.objects.filter(person=cast.anna).update(withdrawn_at="2026-01-01T00:00:00Z")
    ConsentText.objects.create(study=cast.study, version=2, text="New words.")
    with pytest.raises(participation.ConsentOutdated):
        participation.take_part(study=cast.study, by=cast.anna, consent_version=1, credit="named")
    participation.take_part(study=cast.study, by=cast.anna, consent_version=2, credit="named")
    with pytest.raises(participation.AlreadyTakesPart):
        participation.take_part(study=cast.study, by=cast.anna, consent_version=2, credit="named")
    assert can_take_part(cast.anna, cast.study)


def test_an_outsider_cannot_consent(cast: Cast) -> None:
    with pytest.raises(Http404):
        participation.take_part(study=cast.study, by=cast.nora, consent_version=1, credit="named")


def test_the_page_takes_consent_and_ends_it(cast: Cast) -> None:
    Participation.objects.filter(person=cast.anna).update(withdrawn_at="2026-01-01T00:00:00Z")
    browser = Client()
    browser.login(username="anna", password=PASSWORD)
    page = reverse("people:take-part", args=["chest"])
    assert browser.post(page, {"consent_version": 1, "credit": "named"}).status_code == 200
    assert not can_take_part(cast.anna, cast.study)
    assert browser.post(page, {"consent_version": 1, "credit": "named", "agreed": "on"}).status_code == 302
    assert can_take_part(cast.anna, cast.study)
    browser.post(reverse("people:withdraw", args=["chest"]))
    assert not can_take_part(cast.anna, cast.study)


def test_nobody_changes_their_own_role(cast: Cast) -> None:
    with pytest.raises(NotAllowed):
        studies.add_member(study=cast.study, person=cast.lena, role="annotator", by=cast.lena)
    with pytest.raises(NotAllowed):
        studies.add_member(study=cast.study, person=cast.anna, role="lead", by=cast.anna)


def test_a_locked_protocol_changes_only_with_a_reason(cast: Cast) -> None:
    studies.change_settings(study=cast.study, changes={"votes_per_case": 5}, by=cast.lena)
    cast.study.protocol_hash, cast.study.protocol_locked_at = "0" * 64, cast.study.created_at
    cast.study.save()
    with pytest.raises(studies.ProtocolLocked):
        studies.change_settings(study=cast.study, changes={"votes_per_case": 3}, by=cast.lena)
    studies.change_settings(
        study=cast.study, changes={"votes_per_case": 3}, by=cast.lena, reason="Too few readers."
    )
    assert cast.study.settings.votes_per_case == 3


@pytest.mark.parametrize("changes", [{"votes_per_case": 0}, {"unheard_of": 1}, {"quiet_hours": "long"}])
def test_nonsense_settings_are_refused(cast: Cast, changes: dict[str, object]) -> None:
    with pytest.raises(SettingRefused):
        studies.change_settings(study=cast.study, changes=changes, by=cast.lena)


def test_every_act_leaves_an_unbroken_record(cast: Cast) -> None:
    studies.publish_guideline(study=cast.study, text="Two", by=cast.lena)
    studies.remove_member(membership=cast.study.memberships.get(person=cast.ben), by=cast.lena)
    count, breaks = verify_chains()
    assert count == 2
    assert breaks == []


def test_a_change_that_comes_after_the_first_vote_needs_a_reason(cast: Cast) -> None:
    shown_before = Study.objects.get(pk=cast.study.pk)
    studies.change_settings(study=cast.study, changes={"quiet_hours": 5.0}, by=cast.max)
    lock_protocol(Study.objects.get(pk=cast.study.pk), cast.anna)
    with pytest.raises(studies.ProtocolLocked):
        studies.change_settings(study=shown_before, changes={"votes_per_case": 5}, by=cast.lena)
    studies.change_settings(study=shown_before, changes={"votes_per_case": 5}, by=cast.lena, reason="Pilot")
    stored = Study.objects.get(pk=cast.study.pk).settings
    assert (stored.votes_per_case, stored.quiet_hours) == (5, 5.0)


@pytest.mark.parametrize(
    "changes", [{"split_train": 0.9, "split_dev": 0.2}, {"trace_tokens_min": 90, "trace_tokens_max": 80}]
)
def test_settings_that_contradict_each_other_are_refused_on_the_page(
    cast: Cast, changes: dict[str, float]
) -> None:
    client = Client()
    client.force_login(cast.lena)
    sent = cast.study.settings.to_json() | changes
    page = client.post(
        reverse("people:settings", args=["chest"]), {k: v for k, v in sent.items() if v is not False}
    )
    assert b"must not be" in page.content
    assert Study.objects.get(pk=cast.study.pk).settings == cast.study.settings


def test_consent_sent_twice_at_once_is_told_and_no_error(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    Participation.objects.filter(person=cast.anna).update(withdrawn_at="2026-01-01T00:00:00Z")
    first = participation.take_part

    def twice(**given: Any) -> Participation:
        first(**given)
        return first(**given)

    monkeypatch.setattr("consilium.people.views.start_taking_part", twice)
    client = Client()
    client.force_login(cast.anna)
    page = client.post(
        reverse("people:take-part", args=["chest"]), {"consent_version": 1, "credit": "named", "agreed": "on"}
    )
    assert (page.status_code, b"already take part" in page.content) == (200, True)


@pytest.mark.parametrize("slug", ["bad slug", "a/b", "", "x" * 61])
def test_a_study_has_an_address_that_pages_can_have(cast: Cast, slug: str) -> None:
    with pytest.raises(ValidationError):
        studies.create_study(slug=slug, name="Any", by=cast.otto)
