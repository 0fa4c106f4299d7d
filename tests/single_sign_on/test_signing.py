"""Who has no password signs with a code of their app, or after a fresh login at the provider."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.mfa.totp.internal import auth as totp
from allauth.socialaccount.models import SocialAccount
from django.test import Client
from django.urls import reverse

from consilium.audit.models import AuditEvent
from consilium.people.models import Person
from consilium.signatures.models import Signature, Sitting
from consilium.single_sign_on.provider import forget_documents
from tests.factories.cast import Cast
from tests.signatures.at_work import browser, frozen, send_pixels, sit_down, waiting_image
from tests.single_sign_on.drive import CALLBACK, sent, sign_on_at
from tests.single_sign_on.forger import Forger, forging


@pytest.fixture(scope="module")
def server() -> Iterator[Forger]:
    with forging() as found:
        yield found


@pytest.fixture
def forger(server: Forger, settings: Any, cast: Cast) -> Iterator[Forger]:
    """Nobody has a password; Rosa and Lena come in from the provider."""
    forget_documents()
    settings.SIGN_ON = sign_on_at(server.issuer)
    for person in (cast.rosa, cast.lena):
        person.set_unusable_password()
        person.save()
        SocialAccount.objects.create(user=person, provider=server.issuer, uid=f"s-{person.username}")
    yield server
    forget_documents()


def has_app(person: Person) -> str:
    """The secret of an authenticator app that the person has set up."""
    secret = str(totp.generate_totp_secret())
    totp.TOTP.activate(person, secret)
    return secret


def code_of(secret: str) -> str:
    now = next(iter(totp.yield_hotp_counters_from_time()))
    return str(totp.format_hotp_value(totp.hotp_value(secret, now)))


def confirms(client: Client, forger: Forger, meaning: str, subject: str, **claims: Any) -> int:
    """Through the provider and back; the status of the callback."""
    page = reverse("signatures:confirm", args=["chest", meaning])
    assert client.get(page).status_code == 200
    asked = sent(client.post(page).context["address"])
    assert (asked["prompt"], asked["max_age"]) == ("login", "0")
    forger.challenge = asked["code_challenge"]
    forger.token = forger.signs(asked["nonce"], sub=subject, **claims)
    return client.get(CALLBACK, {"code": "x", "state": asked["state"]}).status_code


def test_a_code_of_the_app_signs_once(cast: Cast, forger: Forger) -> None:
    secret, client, image = has_app(cast.rosa), browser(cast.rosa), waiting_image(cast)
    page = client.get(reverse("curation:pixel-review", args=["chest", image.pk])).content.decode()
    assert 'data-proof="code"' in page
    assert sit_down(client, "pixels_clean", "000000") == 422
    code = code_of(secret)
    assert sit_down(client, "pixels_clean", code) == 200
    assert sit_down(client, "pixels_clean", code) == 422
    assert Sitting.objects.get().method == "code"
    assert send_pixels(client, image).status_code == 302
    assert Signature.objects.get().signer == cast.rosa


def test_wrong_codes_are_limited(cast: Cast, forger: Forger) -> None:
    has_app(cast.rosa)
    client = browser(cast.rosa)
    assert [sit_down(client, "pixels_clean", "000000") for _ in range(6)] == [422] * 5 + [429]


def test_a_fresh_login_at_the_provider_begins_a_sitting(cast: Cast, forger: Forger) -> None:
    client, image = browser(cast.rosa), waiting_image(cast)
    asked = send_pixels(client, image)
    assert asked.status_code == 428
    page = asked.content.decode()
    assert "Confirm at Hospital login" in page
    assert 'type="password"' not in page
    assert sit_down(client, "pixels_clean", "") == 422
    assert confirms(client, forger, "pixels_clean", "s-rosa", auth_time=int(time.time())) == 200
    assert Sitting.objects.get().method == "provider"
    assert sit_down(client, "pixels_clean", "") == 200
    assert send_pixels(client, image).status_code == 302
    assert Signature.objects.get().signer == cast.rosa


LIES: dict[str, dict[str, Any]] = {
    "no time of login": {},
    "a login of before": {"auth_time": int(time.time()) - 600},
    "a time that is no number": {"auth_time": "now"},
    "true": {"auth_time": True},
}


@pytest.mark.parametrize("lie", LIES)
def test_a_login_that_is_not_shown_to_be_fresh_signs_nothing(cast: Cast, forger: Forger, lie: str) -> None:
    client = browser(cast.rosa)
    assert confirms(client, forger, "pixels_clean", "s-rosa", **LIES[lie]) == 403
    assert not Sitting.objects.exists()


def test_a_colleagues_fresh_login_signs_nothing(cast: Cast, forger: Forger) -> None:
    client = browser(cast.rosa)
    assert confirms(client, forger, "pixels_clean", "s-lena", auth_time=int(time.time())) == 403
    assert not Sitting.objects.exists()
    event = AuditEvent.objects.get(action="sign_on.refused")
    assert (event.data["reason"], event.object_id) == ("not_you", str(cast.rosa.pk))


def test_a_release_takes_a_fresh_login_for_each_signature(cast: Cast, forger: Forger) -> None:
    release, client = frozen(cast), browser(cast.lena)
    signing = reverse("curation:sign-release", args=["chest", release.pk])
    withdrawing = reverse("curation:withdraw-release", args=["chest", release.pk])
    assert client.post(signing).status_code == 428
    assert confirms(client, forger, "released", "s-lena", auth_time=int(time.time())) == 200
    assert client.post(signing).status_code == 302
    assert client.post(withdrawing, {"reason": "Wrong rows."}).status_code == 428
    assert [one.meaning for one in Signature.objects.all()] == ["released"]


def test_who_has_neither_is_told_what_to_do(cast: Cast, forger: Forger) -> None:
    SocialAccount.objects.filter(user=cast.rosa).delete()
    client, image = browser(cast.rosa), waiting_image(cast)
    asked = send_pixels(client, image)
    assert asked.status_code == 428
    assert "set up an authenticator app" in asked.content.decode()
    assert client.get(reverse("signatures:confirm", args=["chest", "pixels_clean"])).status_code == 404
