"""A second factor demanded of leads and operators: nothing goes on as one of them before it is set up."""

import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.test import Client

from consilium.people.models import Membership, Person, Role
from tests.factories.cast import PASSWORD, Cast
from tests.signatures.at_work import browser
from tests.single_sign_on.drive import CALLBACK, OpenIdProvider, begun, log_in, sent, sign_on_at, who
from tests.single_sign_on.forger import forging

DEMANDED = "/accounts/second-factor/"
STUDY, WORK = "/s/chest/members/", "/s/chest/work/"


@pytest.fixture(autouse=True)
def _is_demanded(settings: Any) -> None:
    settings.SECOND_FACTOR = ["leads", "operators"]


def led_to(client: Client, path: str, **headers: str) -> str:
    """Where a page leads to; empty where it opens."""
    answer = client.get(path, headers=headers)
    return str(answer.headers.get("Location", answer.headers.get("HX-Redirect", ""))).partition("?")[0]


def sets_up(person: Person) -> None:
    Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={"secret": "x"})


def test_a_lead_without_one_does_nothing_as_a_lead(cast: Cast) -> None:
    client = browser(cast.lena)
    assert led_to(client, STUDY) == DEMANDED
    assert led_to(client, STUDY, hx_request="true") == DEMANDED
    removed = Membership.objects.get(person=cast.ben)
    assert client.post(f"/s/chest/members/{removed.pk}/remove/").status_code == 302
    removed.refresh_from_db()
    assert removed.is_active
    page = client.get(DEMANDED, {"next": STUDY})
    assert (page.status_code, page.context["back"]) == (200, STUDY)
    sets_up(cast.lena)
    assert led_to(client, STUDY) == ""


def test_work_in_another_study_goes_on(cast: Cast) -> None:
    Membership.objects.create(study=cast.other_study, person=cast.lena, role=Role.ANNOTATOR)
    client = browser(cast.lena)
    assert led_to(client, "/s/other/work/") != DEMANDED
    assert led_to(client, "/s/other/guidelines/") == ""
    assert led_to(browser(cast.anna), WORK) == ""


def test_an_operator_without_one_operates_nothing(cast: Cast) -> None:
    client = browser(cast.otto)
    for path in ("/", "/accounts/people/", "/accounts/break-glass/", STUDY):
        assert led_to(client, path) == DEMANDED
    assert client.post("/accounts/people/", {"reset": str(cast.anna.pk)}).status_code == 302
    sets_up(cast.otto)
    assert led_to(client, "/accounts/people/") == ""


def test_only_those_that_the_setting_names(cast: Cast, settings: Any) -> None:
    settings.SECOND_FACTOR = ["operators"]
    assert led_to(browser(cast.lena), STUDY) == ""
    assert led_to(browser(cast.otto), "/accounts/people/") == DEMANDED


def test_it_cannot_be_taken_off_again(cast: Cast) -> None:
    sets_up(cast.lena)
    client = browser(cast.lena)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert client.post("/accounts/2fa/totp/deactivate/").status_code == 403
    assert Authenticator.objects.filter(user=cast.lena).exists()


def test_an_invited_lead_comes_in_and_is_led_there(cast: Cast) -> None:
    from consilium.people.invitations import invite

    _, token = invite(study=cast.study, display_name="Dora", role="lead", by=cast.lena)
    client = Client()
    fields = {"username": "dora", "password": "a long new password", "again": "a long new password"}
    assert client.post(f"/join/{token}/", fields).status_code == 302
    client.post("/accounts/login/", {"login": "dora", "password": "a long new password"})
    assert led_to(client, STUDY) == DEMANDED


@pytest.mark.parametrize(
    ("amr", "enough"), [(["pwd", "mfa"], True), (["pwd"], False), ("mfa", False), (None, False)]
)
def test_the_providers_word_for_two_factors_counts_by_setting(
    cast: Cast, settings: Any, amr: Any, enough: bool
) -> None:
    with forging() as forger:
        settings.SIGN_ON = sign_on_at(forger.issuer, strong=frozenset({("amr", "mfa")}))
        SocialAccount.objects.create(user=cast.lena, provider=forger.issuer, uid="s-lena")
        client = Client()
        asked = sent(begun(client))
        forger.challenge = asked["code_challenge"]
        forger.token = forger.signs(asked["nonce"], sub="s-lena", amr=amr)
        client.get(CALLBACK, {"code": "x", "state": asked["state"]})
        assert who(client) == str(cast.lena.pk)
        assert led_to(client, STUDY) == ("" if enough else DEMANDED)


def test_setting_one_up_asks_who_came_from_the_provider_to_log_in_there_again(
    cast: Cast, site: OpenIdProvider, settings: Any
) -> None:
    cast.lena.set_unusable_password()
    cast.lena.save()
    SocialAccount.objects.create(user=cast.lena, provider=site.issuer, uid="s-lena")
    client = Client()
    log_in(client, site, "s-lena")
    assert led_to(client, STUDY) == DEMANDED
    assert led_to(client, "/accounts/2fa/totp/activate/") == "/accounts/reauthenticate/"
    asked = sent(begun(client, "/accounts/reauthenticate/", next="/accounts/2fa/totp/activate/"))
    assert (asked["prompt"], asked["max_age"]) == ("login", "0")
    session = client.session
    records = session["account_authentication_methods"]
    session["account_authentication_methods"] = [
        *records,
        {"method": "x", "at": time.time(), "reauthenticated": True},
    ]
    session.save()
    assert led_to(client, "/accounts/2fa/totp/activate/") == ""
