"""What operators do to access is on record and told; where the study says so, a second person confirms it."""

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django.urls import reverse

from consilium.audit.models import AuditEvent
from consilium.people import access_notices, confirmations, invitations
from consilium.people.access_words import shown_to_leads, to_confirm
from consilium.people.models import AccessNotice, Invitation, Membership, Person, Role, Study
from consilium.people.permissions import NotAllowed
from consilium.people.studies import SecondPersonNeeded, add_member, change_settings, create_study
from consilium.people.study_settings import SettingRefused
from tests.factories.cast import Cast, person

pytestmark = pytest.mark.django_db
NEW = "another very long password"


def browser(who: Person) -> Client:
    client = Client()
    client.force_login(who)
    return client


def use(token: str) -> Any:
    return Client().post(reverse("people:join", args=[token]), {"password": NEW, "again": NEW})


def actions(study: Study | None) -> list[str]:
    return list(AuditEvent.objects.filter(study=study).order_by("sequence").values_list("action", flat=True))


def told(study: Study, reader: Person) -> list[str]:
    return [entry.words for entry in shown_to_leads(study, reader)]


@pytest.fixture
def strict(cast: Cast) -> Cast:
    """The study wants a second person."""
    change_settings(study=cast.study, changes={"second_person": True}, by=cast.lena)
    return cast


def test_a_reset_is_on_record_in_every_study_and_ends_the_old_sessions(cast: Cast) -> None:
    Membership.objects.create(study=cast.other_study, person=cast.lena, role=Role.ANNOTATOR)
    Authenticator.objects.create(user=cast.lena, type=Authenticator.Type.TOTP, data={"secret": "x"})
    inside = browser(cast.lena)
    assert inside.get("/s/chest/").status_code == 200
    _, token = invitations.issue_reset(person=cast.lena, by=cast.otto)
    assert inside.get("/s/chest/").status_code == 200, "the link alone ends nothing"
    assert use(token).status_code == 302
    assert inside.get("/s/chest/").headers["Location"].startswith("/accounts/login/")
    expected = ["password.reset_issued", "password.changed_by_link", "second_factor.removed"]
    for study in (cast.study, cast.other_study, None):
        assert [action for action in actions(study) if action in expected] == expected
    record = browser(cast.max).get("/s/chest/record/").content.decode()
    assert "Password: changed by link" in record
    assert record.count("(Lena)") == 3
    by = dict(AuditEvent.objects.filter(study=cast.study).values_list("action", "actor__username"))
    assert (by["password.reset_issued"], by["second_factor.removed"]) == ("otto", "otto")
    assert by["password.changed_by_link"] is None


def test_the_person_sees_on_every_page_what_was_done_until_they_say_so(cast: Cast) -> None:
    _, token = invitations.issue_reset(person=cast.lena, by=cast.otto)
    use(token)
    client = browser(Person.objects.get(pk=cast.lena.pk))
    for page in ("/s/chest/", "/s/chest/members/", "/accounts/2fa/"):
        shown = client.get(page).content.decode()
        assert "Otto made a reset link for your account on" in shown, page
        assert "It was used on" in shown
        assert "tell Max at once" in shown
    notice = AccessNotice.objects.get(person=cast.lena, study=None)
    client.post(reverse("people:acknowledge", args=[notice.pk]))
    assert "Otto made a reset link" not in client.get("/s/chest/members/").content.decode()
    assert "Otto made a reset link" in client.get(reverse("people:access-notices")).content.decode()


def test_what_was_acknowledged_at_the_making_is_told_again_at_the_use(cast: Cast) -> None:
    _, token = invitations.issue_reset(person=cast.lena, by=cast.otto)
    for notice in AccessNotice.objects.all():
        access_notices.acknowledge(notice=notice, by=cast.max if notice.study else cast.lena)
    assert told(cast.study, cast.max) == []
    use(token)
    assert "It was used on" in told(cast.study, cast.max)[0]
    assert Person.objects.get(pk=cast.lena.pk).has_notices


def test_who_took_the_account_cannot_put_the_leads_notice_away(cast: Cast) -> None:
    """The taker holds the operator's and the lead's account: another lead has to see it."""
    Membership.objects.create(study=cast.study, person=cast.otto, role=Role.LEAD)
    invitations.issue_reset(person=cast.lena, by=cast.otto)
    notice = AccessNotice.objects.get(study=cast.study)
    for involved in (cast.lena, cast.otto, cast.anna, cast.nora):
        with pytest.raises(NotAllowed):
            access_notices.acknowledge(notice=notice, by=involved)
    address = reverse("people:acknowledge", args=[notice.pk])
    assert browser(cast.anna).post(address).status_code == 404
    browser(cast.lena).post(address)
    assert told(cast.study, cast.lena) != []
    browser(cast.max).post(address)
    assert told(cast.study, cast.lena) == []


def test_a_second_person_confirms_a_reset_before_the_link_works(strict: Cast) -> None:
    _, token = invitations.issue_reset(person=strict.lena, by=strict.otto)
    waiting = use(token)
    assert waiting.status_code == 409
    assert "another lead of Chest study" in waiting.content.decode()
    notice = AccessNotice.objects.get(study=strict.study)
    for involved in (strict.otto, strict.lena, strict.anna, strict.nora):
        with pytest.raises(NotAllowed):
            confirmations.confirm(notice=notice, by=involved)
    assert "Confirm" in browser(strict.max).get("/s/chest/").content.decode()
    browser(strict.max).post(reverse("people:confirm", args=[notice.pk]))
    assert "access.confirmed" in actions(strict.study)
    assert use(token).status_code == 302


def test_a_declined_reset_link_never_works(strict: Cast) -> None:
    _, token = invitations.issue_reset(person=strict.lena, by=strict.otto)
    notice = AccessNotice.objects.select_related("invitation", "study", "person").get(study=strict.study)
    browser(strict.max).post(reverse("people:decline", args=[notice.pk]))
    assert use(token).status_code == 404
    with pytest.raises(confirmations.AlreadyAnswered):
        confirmations.confirm(notice=notice, by=strict.max)
    assert {"access.declined", "invitation.revoked"} <= set(actions(strict.study))


def test_a_study_that_wants_a_second_person_binds_links_made_before_it_did(cast: Cast) -> None:
    _, token = invitations.issue_reset(person=cast.lena, by=cast.otto)
    change_settings(study=cast.study, changes={"second_person": True}, by=cast.max)
    assert use(token).status_code == 409


def test_without_another_lead_another_operator_confirms(strict: Cast) -> None:
    Membership.objects.filter(person=strict.max).update(is_active=False)
    _, token = invitations.issue_reset(person=strict.lena, by=strict.otto)
    second = person("olga", is_operator=True)
    assert to_confirm(strict.otto) == []
    (waiting,) = to_confirm(second)
    browser(second).post(reverse("people:confirm", args=[waiting.notice.pk]))
    assert use(token).status_code == 302


def test_a_second_person_needs_two_leads(cast: Cast) -> None:
    Person.objects.filter(pk=cast.max.pk).update(is_active=False)
    with pytest.raises(SettingRefused, match="two leads"):
        change_settings(study=cast.study, changes={"second_person": True}, by=cast.lena)


def test_a_role_given_on_the_command_line_is_on_record_and_told(cast: Cast) -> None:
    call_command("member", "add", "chest", "otto", "--role", "lead", "--by", "otto")
    assert "Otto gave Otto the role lead" in told(cast.study, cast.max)[0]
    assert actions(cast.study)[-1] == "member.added"
    assert "Done from outside this study" in browser(cast.max).get("/s/chest/").content.decode()


def test_the_first_lead_of_a_study_comes_in_untold_and_on_record(cast: Cast) -> None:
    fresh = create_study(slug="fresh", name="Fresh", by=None)
    call_command("member", "add", "fresh", "otto", "--role", "lead")
    assert actions(fresh)[-1] == "member.added"
    assert not AccessNotice.objects.exists()


@pytest.mark.parametrize("by", ["otto", ""])
def test_with_a_second_person_a_role_waits_for_a_lead(
    strict: Cast, by: str, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("member", "add", "chest", "otto", "--role", "lead", *(("--by", by) if by else ()))
    assert "waits_for" in capsys.readouterr().out
    assert not Membership.objects.filter(person=strict.otto).exists()
    with pytest.raises(SecondPersonNeeded):
        add_member(study=strict.study, person=strict.otto, role=Role.LEAD, by=None)
    notice = AccessNotice.objects.select_related("study", "person").get()
    with pytest.raises(NotAllowed):
        confirmations.confirm(notice=notice, by=strict.otto)
    browser(strict.lena).post(reverse("people:confirm", args=[notice.pk]))
    assert Membership.objects.get(person=strict.otto).role == "lead"
    assert actions(strict.study)[-2:] == ["access.confirmed", "member.added"]


def test_a_role_that_another_lead_gives_or_invites_to_needs_nobody_else(strict: Cast) -> None:
    add_member(study=strict.study, person=strict.otto, role=Role.ANNOTATOR, by=strict.lena)
    _, token = invitations.invite(study=strict.study, display_name="Dora", role="lead", by=strict.lena)
    Client().post(reverse("people:join", args=[token]), {"username": "dora", "password": NEW, "again": NEW})
    assert Membership.objects.get(person__username="dora").role == "lead"
    assert not AccessNotice.objects.exists()


def test_open_invitations_are_listed_and_taken_back(cast: Cast, capsys: pytest.CaptureFixture[str]) -> None:
    tokens = [
        invitations.invite(study=cast.study, display_name=name, role="annotator", by=cast.lena)[1]
        for name in ("Dora", "Emil")
    ]
    dora, emil = Invitation.objects.order_by("pk")
    page = browser(cast.max).get("/s/chest/members/").content.decode()
    assert "Take back the invitation of Dora" in page
    assert "by Lena" in page
    browser(cast.max).post(reverse("people:revoke-invitation", args=["chest", dora.pk]))
    assert Client().get(reverse("people:join", args=[tokens[0]])).status_code == 404
    assert "Dora" not in browser(cast.max).get("/s/chest/members/").content.decode()
    call_command("invitation", "list", "chest")
    assert "for: Emil" in capsys.readouterr().out
    call_command("invitation", "revoke", "chest", str(emil.pk))
    assert Client().get(reverse("people:join", args=[tokens[1]])).status_code == 404
    assert actions(cast.study)[-2:] == ["invitation.revoked"] * 2
    with pytest.raises(CommandError, match="no such open invitation"):
        call_command("invitation", "revoke", "chest", str(emil.pk))


def test_an_expired_invitation_is_shown_as_such_and_refused(cast: Cast) -> None:
    _, token = invitations.invite(study=cast.study, display_name="Dora", role="annotator", by=cast.lena)
    Invitation.objects.update(expires_at="2020-01-01T00:00Z")
    assert "Expired" in browser(cast.lena).get("/s/chest/members/").content.decode()
    refused = Client().get(reverse("people:join", args=[token]))
    assert (refused.status_code, "has expired" in refused.content.decode()) == (404, True)


def test_an_operator_takes_back_a_reset_link(cast: Cast) -> None:
    invitation, token = invitations.issue_reset(person=cast.lena, by=cast.otto)
    assert "Take back the reset link of Lena" in browser(cast.otto).get("/accounts/people/").content.decode()
    browser(cast.otto).post(reverse("people:revoke-reset", args=[invitation.pk]))
    assert use(token).status_code == 404
    assert "It was taken back." in told(cast.study, cast.max)[0]
