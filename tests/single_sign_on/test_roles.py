"""Roles that groups carry: given, changed and ended at logins, told to the leads, and never past them."""

from collections.abc import Callable
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from django.test import Client

from consilium.audit.models import AuditEvent
from consilium.people.access_words import shown_to_leads
from consilium.people.confirmations import confirm, decline
from consilium.people.models import AccessNotice, Membership, Person, Study
from consilium.people.studies import add_member, change_settings, remove_member
from consilium.single_sign_on.configuration import MAPPED
from tests.factories.cast import Cast
from tests.single_sign_on.drive import OpenIdProvider, log_in, sign_on_at, who

ROLES = ("CN=Readers, OU=Chest=chest:annotator", "seniors=chest:adjudicator", "chiefs=other:lead")
READERS = "CN=Readers, OU=Chest"


@pytest.fixture
def comes(cast: Cast, site: OpenIdProvider, settings: Any) -> Callable[..., None]:
    """Otto, a member of nothing, comes in with these groups."""
    settings.SIGN_ON = sign_on_at(site.issuer, *ROLES)
    SocialAccount.objects.create(user=cast.otto, provider=site.issuer, uid="s-roles")

    def come(*groups: str, **claims: Any) -> None:
        site.knows("s-roles", groups=list(groups), **claims)
        client = Client()
        assert log_in(client, site, "s-roles").status_code == 302
        assert who(client) == str(cast.otto.pk)

    return come


def role_of(person: Person, study: Study) -> str | None:
    found = Membership.objects.filter(person=person, study=study, is_active=True).first()
    return found.role if found is not None else None


def events(study: Study) -> list[tuple[str, Any]]:
    rows = AuditEvent.objects.filter(chain=f"study:{study.slug}").order_by("sequence")
    return [(event.action, event.data.get("through")) for event in rows]


def test_a_role_comes_goes_and_comes_back_with_the_group_and_the_leads_hear_of_it(
    cast: Cast, comes: Callable[..., None]
) -> None:
    comes(READERS, "canteen")
    comes(READERS)
    assert role_of(cast.otto, cast.study) == "annotator"
    (notice,) = shown_to_leads(cast.study, cast.lena)
    assert "Groups at the single sign-on gave Otto the role annotator" in notice.words
    comes("canteen")
    assert role_of(cast.otto, cast.study) is None
    comes(READERS)
    assert role_of(cast.otto, cast.study) == "annotator"
    added = [("member.added", "groups"), ("member.removed", "groups"), ("member.changed", "groups")]
    assert events(cast.study) == added
    assert not AuditEvent.objects.filter(action__startswith="member").exclude(actor=None).exists()


def test_a_missing_claim_means_no_groups_and_one_that_is_cut_short_changes_nothing(
    cast: Cast, comes: Callable[..., None], site: OpenIdProvider
) -> None:
    comes(READERS)
    site.knows("s-roles", _claim_names={"groups": "elsewhere"})
    log_in(Client(), site, "s-roles")
    assert role_of(cast.otto, cast.study) == "annotator"
    site.knows("s-roles")
    log_in(Client(), site, "s-roles")
    assert role_of(cast.otto, cast.study) is None


def test_another_group_changes_the_role_and_of_two_the_first_written_counts(
    cast: Cast, comes: Callable[..., None]
) -> None:
    comes("seniors")
    assert role_of(cast.otto, cast.study) == "adjudicator"
    comes("seniors", READERS)
    assert role_of(cast.otto, cast.study) == "annotator"


def test_what_a_lead_decides_stands(cast: Cast, comes: Callable[..., None]) -> None:
    comes(READERS)
    add_member(study=cast.study, person=cast.otto, role="adjudicator", by=cast.lena)
    comes(READERS)
    assert role_of(cast.otto, cast.study) == "adjudicator"
    comes()
    assert role_of(cast.otto, cast.study) == "adjudicator"
    remove_member(membership=Membership.objects.get(person=cast.otto), by=cast.lena)
    for groups in ((READERS,), (), (READERS,)):
        comes(*groups)
        assert role_of(cast.otto, cast.study) is None


def test_where_a_second_person_is_wanted_a_lead_has_to_agree(cast: Cast, comes: Callable[..., None]) -> None:
    change_settings(study=cast.study, changes={"second_person": True}, by=cast.lena)
    comes(READERS)
    comes(READERS)
    asked = AccessNotice.objects.get()
    assert (asked.source, role_of(cast.otto, cast.study)) == ("groups", None)
    comes()
    asked.refresh_from_db()
    assert asked.acknowledged_at is not None
    comes(READERS)
    again = AccessNotice.objects.latest("pk")
    confirm(notice=again, by=cast.lena)
    assert role_of(cast.otto, cast.study) == "annotator"
    comes()
    assert role_of(cast.otto, cast.study) is None


def test_what_a_lead_declined_is_not_asked_for_again(cast: Cast, comes: Callable[..., None]) -> None:
    change_settings(study=cast.study, changes={"second_person": True}, by=cast.lena)
    comes(READERS)
    decline(notice=AccessNotice.objects.get(), by=cast.max)
    comes(READERS)
    assert AccessNotice.objects.count() == 1
    assert role_of(cast.otto, cast.study) is None


def test_only_people_whose_groups_carry_a_role_get_an_account(
    cast: Cast, site: OpenIdProvider, settings: Any
) -> None:
    settings.SIGN_ON = sign_on_at(site.issuer, *ROLES, unknown=MAPPED)
    site.knows("s-stranger", groups=["canteen"], preferred_username="stranger")
    assert log_in(Client(), site, "s-stranger").status_code == 403
    site.knows("s-reader", groups=[READERS], preferred_username="reader")
    client = Client()
    log_in(client, site, "s-reader")
    reader = Person.objects.get(username="reader")
    assert (who(client), role_of(reader, cast.study)) == (str(reader.pk), "annotator")
    assert not reader.is_operator
    # A role is no consent: nothing can be submitted before it.
    assert client.get("/s/chest/take-part/").context["participation"] is None


def test_groups_of_a_study_that_is_not_there_give_nothing(
    cast: Cast, comes: Callable[..., None], settings: Any, site: OpenIdProvider
) -> None:
    settings.SIGN_ON = sign_on_at(site.issuer, "readers=nowhere:lead")
    comes("readers")
    assert not Membership.objects.filter(person=cast.otto).exists()
