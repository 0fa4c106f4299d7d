"""Consent, membership and settings: who may do what to a study."""

import pytest
from django.http import Http404
from django.test import Client
from django.urls import reverse

from consilium.audit.verifying import verify
from consilium.people import studies, taking_part
from consilium.people.models import ConsentText, Participation
from consilium.people.permissions import NotAllowed, can_take_part
from consilium.people.study_settings import SettingRefused
from tests.cast import PASSWORD, Cast

pytestmark = pytest.mark.django_db


def test_consent_is_bound_to_the_text_that_was_read(cast: Cast) -> None:
    Participation.objects.filter(person=cast.anna).update(withdrawn_at="2026-01-01T00:00:00Z")
    ConsentText.objects.create(study=cast.study, version=2, text="New words.")
    with pytest.raises(taking_part.ConsentOutdated):
        taking_part.take_part(study=cast.study, by=cast.anna, consent_version=1, credit="named")
    taking_part.take_part(study=cast.study, by=cast.anna, consent_version=2, credit="named")
    with pytest.raises(taking_part.AlreadyTakesPart):
        taking_part.take_part(study=cast.study, by=cast.anna, consent_version=2, credit="named")
    assert can_take_part(cast.anna, cast.study)


def test_an_outsider_cannot_consent(cast: Cast) -> None:
    with pytest.raises(Http404):
        taking_part.take_part(study=cast.study, by=cast.nora, consent_version=1, credit="named")


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
    count, breaks = verify()
    assert count == 2
    assert breaks == []
