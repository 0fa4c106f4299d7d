"""Passwords switched off: nothing takes one, links lead to the provider, an operator has a way back."""

import json
from io import StringIO
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.core.management import CommandError, call_command
from django.test import Client

from consilium.audit.models import AuditEvent
from consilium.people.access_notices import own_notices
from consilium.people.invitations import invite, issue_reset
from consilium.people.models import Membership, Person, Remembered
from consilium.people.studies import change_settings
from tests.factories.cast import PASSWORD, Cast
from tests.single_sign_on.drive import OpenIdProvider, log_in, who

LOGIN = "/accounts/login/"


@pytest.fixture(autouse=True)
def _passwords_are_off(settings: Any, site: OpenIdProvider) -> None:
    settings.PASSWORD_LOGIN = False


def by_password(name: str) -> tuple[int, str | None]:
    client = Client()
    answer = client.post(LOGIN, {"login": name, "password": PASSWORD})
    return answer.status_code, who(client)


def test_no_page_takes_a_password(cast: Cast) -> None:
    page = Client().get(LOGIN).content
    assert b"Log in with Hospital login" in page
    assert b'name="password"' not in page
    assert by_password("anna") == (403, None)
    client = Client()
    client.force_login(cast.anna)
    assert client.post("/accounts/reauthenticate/", {"password": PASSWORD}).status_code == 403
    change = {"oldpassword": PASSWORD, "password1": "another long one", "password2": "another long one"}
    assert client.post("/accounts/password/change/", change).status_code == 403
    assert Person.objects.get(pk=cast.anna.pk).check_password(PASSWORD)
    _, token = invite(study=cast.study, display_name="New", role="annotator", by=cast.lena)
    fields = {"username": "new", "password": "a long new password", "again": "a long new password"}
    assert Client().post(f"/join/{token}/", fields).status_code == 403
    assert not Person.objects.filter(username="new").exists()


def test_an_operator_is_let_in_from_the_host_for_an_hour_on_record(cast: Cast, time_machine: Any) -> None:
    with pytest.raises(CommandError, match="reason"):
        call_command("person", "let_in", "otto")
    with pytest.raises(CommandError, match="operator"):
        call_command("person", "let_in", "lena", "--reason", "the provider is away")
    call_command("person", "let_in", "otto", "--reason", "the provider is away", stdout=StringIO())
    event = AuditEvent.objects.get(action="operator.let_in")
    assert (event.actor, event.reason, event.object_id) == (None, "the provider is away", str(cast.otto.pk))
    assert b'name="password"' in Client().get(LOGIN).content
    assert by_password("lena") == (403, None)
    assert by_password("otto") == (302, str(cast.otto.pk))
    Remembered.objects.filter(key="password-login:otto").update(expires_at="2020-01-01T00:00Z")
    assert by_password("otto") == (403, None)


def test_an_operator_without_a_password_gets_one(cast: Cast) -> None:
    cast.otto.set_unusable_password()
    cast.otto.save()
    out = StringIO()
    call_command("person", "let_in", "otto", "--reason", "the provider is away", "--json", stdout=out)
    client = Client()
    client.post(LOGIN, {"login": "otto", "password": json.loads(out.getvalue())["password"]})
    assert who(client) == str(cast.otto.pk)


def test_an_invitation_is_opened_at_the_provider(cast: Cast, site: OpenIdProvider) -> None:
    invitation, token = invite(study=cast.study, display_name="Dora", role="annotator", by=cast.lena)
    site.knows("s-dora", preferred_username="dora", name="D. Other")
    client = Client()
    assert b"Join with Hospital login" in client.get(f"/join/{token}/").content
    log_in(client, site, "s-dora", path=f"/join/{token}/sign-on/")
    dora = Person.objects.get(username="dora")
    assert (who(client), dora.display_name, dora.has_usable_password()) == (str(dora.pk), "Dora", False)
    member = Membership.objects.get(person=dora)
    assert (member.study, member.role) == (cast.study, "annotator")
    invitation.refresh_from_db()
    assert invitation.accepted_by == dora
    site.knows("s-late", preferred_username="late")
    assert log_in(Client(), site, "s-late", path=f"/join/{token}/sign-on/").status_code == 403
    assert not SocialAccount.objects.filter(uid="s-late").exists()


def test_an_invitation_changes_no_members_role(cast: Cast, site: OpenIdProvider) -> None:
    SocialAccount.objects.create(user=cast.anna, provider=site.issuer, uid="s-anna")
    _, token = invite(study=cast.study, display_name="Max", role="lead", by=cast.lena)
    answer = log_in(Client(), site, "s-anna", path=f"/join/{token}/sign-on/")
    assert answer.status_code == 403
    assert Membership.objects.get(person=cast.anna).role == "annotator"


def test_a_reset_link_binds_the_account_and_ends_all_other_ways_in(cast: Cast, site: OpenIdProvider) -> None:
    SocialAccount.objects.create(user=cast.anna, provider=site.issuer, uid="s-former")
    Authenticator.objects.create(user=cast.anna, type=Authenticator.Type.TOTP, data={"secret": "x"})
    held = Client()
    held.force_login(cast.anna)
    _, token = issue_reset(person=cast.anna, by=cast.otto)
    client = Client()
    log_in(client, site, "s-now", path=f"/join/{token}/sign-on/")
    assert who(client) == str(cast.anna.pk)
    assert [row.uid for row in SocialAccount.objects.filter(user=cast.anna)] == ["s-now"]
    assert not Authenticator.objects.filter(user=cast.anna).exists()
    assert not Person.objects.get(pk=cast.anna.pk).has_usable_password()
    assert held.get("/").status_code == 302
    assert own_notices(cast.anna, only_open=True).count() == 1
    bound = AuditEvent.objects.filter(action="sign_on.bound")
    assert {event.chain for event in bound} == {"system", "study:chest"}
    assert {event.actor for event in bound} == {cast.otto}


def test_a_reset_link_that_waits_for_a_second_person_binds_nothing(cast: Cast, site: OpenIdProvider) -> None:
    change_settings(study=cast.study, changes={"second_person": True}, by=cast.lena)
    _, token = issue_reset(person=cast.anna, by=cast.otto)
    assert log_in(Client(), site, "s-anna", path=f"/join/{token}/sign-on/").status_code == 403
    assert not SocialAccount.objects.exists()


def test_an_account_is_bound_by_its_owner_and_by_nobody_elses_login(
    cast: Cast, site: OpenIdProvider, settings: Any
) -> None:
    settings.PASSWORD_LOGIN = True
    client = Client()
    client.post(LOGIN, {"login": "anna", "password": PASSWORD})
    assert client.post("/accounts/sign-on/bind/").status_code == 302  # asks for the password again
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert log_in(client, site, "s-anna", path="/accounts/sign-on/bind/").status_code == 302
    assert SocialAccount.objects.get().user == cast.anna
    assert AuditEvent.objects.filter(action="sign_on.bound", actor=cast.anna).count() == 2
    other = Client()
    other.post(LOGIN, {"login": "ben", "password": PASSWORD})
    other.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert log_in(other, site, "s-anna", path="/accounts/sign-on/bind/").status_code == 403
    assert SocialAccount.objects.get().user == cast.anna
    # Whoever logs in between leaving and coming back gets nobody else's login.
    back = site.answer(str(other.post("/accounts/sign-on/bind/").context["address"]), "s-new")
    other.force_login(cast.carla)
    assert other.get(back).status_code == 403
    assert SocialAccount.objects.count() == 1
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    client.post("/accounts/sign-on/release/")
    assert not SocialAccount.objects.exists()
