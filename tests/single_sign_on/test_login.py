"""Coming in through a real OpenID provider: who gets in, who does not, and what is on record."""

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.contrib.sessions.models import Session
from django.test import Client

from consilium.audit.models import AuditEvent
from consilium.people.models import Person
from consilium.people.sign_ins import keyed_hash
from consilium.single_sign_on.configuration import EVERYBODY
from tests.factories.cast import PASSWORD, Cast
from tests.single_sign_on.drive import (
    CALLBACK,
    SECRET,
    START,
    OpenIdProvider,
    begun,
    log_in,
    sent,
    sign_on_at,
    who,
)


def bound(person: Person, provider: OpenIdProvider, subject: str) -> Person:
    SocialAccount.objects.create(user=person, provider=provider.issuer, uid=subject)
    return person


def actions() -> list[tuple[str, dict[str, Any]]]:
    return [(event.action, event.data) for event in AuditEvent.objects.order_by("sequence", "pk")]


def test_a_bound_person_comes_in_and_it_is_on_record_how(cast: Cast, site: OpenIdProvider) -> None:
    bound(cast.anna, site, "s-anna")
    client = Client()
    answer = log_in(client, site, "s-anna", next="/s/chest/guidelines/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/s/chest/guidelines/")
    assert who(client) == str(cast.anna.pk)
    address = keyed_hash("address", "127.0.0.1")
    assert actions() == [("person.logged_in", {"address": address, "through": "sign_on"})]


def test_what_is_sent_holds_state_nonce_and_pkce_and_no_secret(cast: Cast, site: OpenIdProvider) -> None:
    client = Client()
    one, other = sent(begun(client)), sent(begun(client))
    assert one["response_type"] == "code"
    assert one["redirect_uri"] == f"http://testserver{CALLBACK}"
    assert one["code_challenge_method"] == "S256"
    assert {len(one[name]) for name in ("state", "nonce", "code_challenge")} == {43}
    assert not {name for name in ("state", "nonce", "code_challenge") if one[name] == other[name]}
    assert SECRET not in str(one)
    assert SECRET not in repr(sign_on_at(site.issuer))


def test_the_way_there_is_a_page_so_that_forms_lead_to_this_site_alone(
    cast: Cast, site: OpenIdProvider
) -> None:
    page = Client().post(START)
    policy = [part.strip() for part in page.headers["Content-Security-Policy"].split(";")]
    assert [part for part in policy if part.startswith("form-action")] == ["form-action 'self'"]
    assert b'http-equiv="refresh" content="0; url=' + site.issuer.encode() in page.content


def test_an_answer_works_once_and_in_the_browser_that_asked(cast: Cast, site: OpenIdProvider) -> None:
    bound(cast.anna, site, "s-once")
    client, stranger = Client(), Client()
    back = site.answer(begun(client), "s-once")
    assert stranger.get(back).status_code == 403
    assert who(stranger) is None
    assert client.get(back).status_code == 302
    client.post("/accounts/logout/")
    assert client.get(back).status_code == 403
    assert who(client) is None


def test_no_account_is_found_by_name_or_address(cast: Cast, site: OpenIdProvider) -> None:
    Person.objects.filter(pk=cast.anna.pk).update(email="anna@example.org")
    claims = {"email": "anna@example.org", "email_verified": True, "preferred_username": "anna"}
    site.knows("s-thief", **claims, name="Anna")
    client = Client()
    answer = log_in(client, site, "s-thief")
    assert answer.status_code == 403
    assert b"nobody has made an account for you here" in answer.content
    assert who(client) is None
    assert not SocialAccount.objects.exists()
    ((action, data),) = actions()
    assert (action, data["reason"]) == ("sign_on.refused", "unknown")
    assert "s-thief" not in str(data)


def test_where_everybody_is_welcome_an_equal_name_makes_another_account(
    cast: Cast, site: OpenIdProvider, settings: Any
) -> None:
    settings.SIGN_ON = sign_on_at(site.issuer, unknown=EVERYBODY)
    site.knows("s-new", preferred_username="Anna@hospital.example", name="Anna  Other")
    client = Client()
    assert log_in(client, site, "s-new").status_code == 302
    new = Person.objects.get(username="anna-2")
    assert (who(client), new.display_name, new.has_usable_password()) == (str(new.pk), "Anna Other", False)
    assert not new.memberships.exists()
    again = Client()
    log_in(again, site, "s-new")
    assert who(again) == str(new.pk)
    assert [action for action, _ in actions()] == [
        "person.created",
        "sign_on.bound",
        "person.logged_in",
        "person.logged_in",
    ]


def test_a_deactivated_person_stays_out(cast: Cast, site: OpenIdProvider) -> None:
    bound(cast.anna, site, "s-gone")
    Person.objects.filter(pk=cast.anna.pk).update(is_active=False)
    client = Client()
    answer = log_in(client, site, "s-gone")
    assert (answer.status_code, who(client)) == (403, None)
    assert b"This account is deactivated" in answer.content
    event = AuditEvent.objects.get(action="sign_on.refused")
    assert (event.object_id, event.data["reason"]) == (str(cast.anna.pk), "deactivated")


def test_a_second_factor_that_was_set_up_here_is_asked_for(cast: Cast, site: OpenIdProvider) -> None:
    bound(cast.anna, site, "s-code")
    Authenticator.objects.create(user=cast.anna, type=Authenticator.Type.TOTP, data={"secret": "x"})
    client = Client()
    answer = log_in(client, site, "s-code")
    assert (answer.headers["Location"], who(client)) == ("/accounts/2fa/authenticate/", None)
    assert actions() == []


def test_another_issuer_or_another_claim_knows_nobody(
    cast: Cast, site: OpenIdProvider, settings: Any
) -> None:
    SocialAccount.objects.create(user=cast.anna, provider="https://former.example", uid="s-moved")
    SocialAccount.objects.create(user=cast.ben, provider=f"{site.issuer}#oid", uid="s-moved")
    assert log_in(Client(), site, "s-moved").status_code == 403
    site.knows("s-other", oid="s-moved")
    settings.SIGN_ON = sign_on_at(site.issuer, subject="oid")
    client = Client()
    log_in(client, site, "s-other")
    assert who(client) == str(cast.ben.pk)


def test_somebody_else_at_the_same_browser_ends_the_first_ones_session(
    cast: Cast, site: OpenIdProvider
) -> None:
    bound(cast.anna, site, "s-first")
    bound(cast.ben, site, "s-second")
    client = Client()
    back = site.answer(begun(client), "s-second")
    client.post("/accounts/login/", {"login": "anna", "password": PASSWORD})
    held = client.cookies["sessionid"].value
    assert client.get(back).status_code == 302
    assert who(client) == str(cast.ben.pk)
    assert not Session.objects.filter(session_key=held).exists()
    came, left, other = (event for event in AuditEvent.objects.order_by("sequence"))
    assert [came.actor, left.actor, other.actor] == [cast.anna, cast.anna, cast.ben]
    assert (left.action, other.action) == ("person.logged_out", "person.logged_in")


@pytest.mark.parametrize("wanted", ["//evil.example/", "https://evil.example/", "javascript:alert(1)", ""])
def test_nobody_is_led_elsewhere(cast: Cast, site: OpenIdProvider, wanted: str) -> None:
    bound(cast.otto, site, "s-otto")
    assert log_in(Client(), site, "s-otto", next=wanted).headers["Location"] == "/"


def test_without_a_provider_there_are_no_such_pages(cast: Cast, client: Client) -> None:
    assert client.post(START).status_code == 404
    assert client.get(CALLBACK).status_code == 404
    assert b"sign-on" not in client.get("/accounts/login/").content


def test_what_the_provider_refuses_lets_nobody_in(cast: Cast, site: OpenIdProvider) -> None:
    bound(cast.anna, site, "s-anna")
    for lie in (
        "error=access_denied",
        "error=server_error",
        "code=made-up",
        "code=x&iss=https://evil.example",
    ):
        client = Client()
        state = sent(begun(client))["state"]
        answer = client.get(f"{CALLBACK}?{lie}&state={state}")
        assert (answer.status_code, who(client)) == (403, None), lie
    assert [data["reason"] for _, data in actions()] == [
        "cancelled",
        "not_proven",
        "not_proven",
        "not_proven",
    ]


def test_too_many_answers_from_one_address_have_to_wait(cast: Cast, site: OpenIdProvider) -> None:
    from consilium.people.attempts import ADDRESS, take_sign_on

    bound(cast.anna, site, "s-anna")
    for _ in range(ADDRESS.free):
        take_sign_on("127.0.0.1")
    client = Client()
    answer = log_in(client, site, "s-anna")
    assert (answer.status_code, who(client)) == (429, None)
    assert int(answer.headers["Retry-After"]) > 0


def test_a_provider_that_is_away_is_said_to_be(cast: Cast, settings: Any) -> None:
    from tests.harness.servers import free_port

    settings.SIGN_ON = sign_on_at(f"http://127.0.0.1:{free_port()}")
    answer = Client().post(START)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
