"""What does not prove who somebody is lets nobody in: signature, issuer, audience, expiry, nonce, PKCE."""

import base64
import hmac
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.test import Client

from consilium.audit.models import AuditEvent
from consilium.single_sign_on.provider import forget_documents
from tests.factories.cast import Cast
from tests.single_sign_on.drive import CALLBACK, SECRET, START, begun, sent, sign_on_at, who
from tests.single_sign_on.forger import KEY, OTHER_KEY, Forger, forging


@pytest.fixture(scope="module")
def server() -> Iterator[Forger]:
    with forging() as found:
        yield found


@pytest.fixture
def forger(server: Forger, settings: Any, cast: Cast) -> Iterator[Forger]:
    """Anna's account belongs to who the forger names."""
    forget_documents()
    settings.SIGN_ON = sign_on_at(server.issuer)
    server.description, server.userinfo, server.keys = {}, {}, {"one": KEY}
    SocialAccount.objects.create(user=cast.anna, provider=server.issuer, uid="s-forged")
    yield server
    forget_documents()


def attempt(forger: Forger, token_for: Callable[[str], Any]) -> tuple[int, str | None]:
    """(status of the callback, who is in) with what `token_for` makes of the nonce."""
    client = Client()
    asked = sent(begun(client))
    forger.challenge, forger.token = asked["code_challenge"], token_for(asked["nonce"])
    answer = client.get(CALLBACK, {"code": "a-code", "state": asked["state"]})
    return answer.status_code, who(client)


def test_what_is_right_lets_in_and_the_secret_goes_to_the_token_endpoint_alone(
    forger: Forger, cast: Cast
) -> None:
    assert attempt(forger, forger.signs) == (302, str(cast.anna.pk))
    assert forger.sent["client_secret"] == SECRET
    assert not any(SECRET in path for path in forger.seen)


def part(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


NOW = int(time.time())
WRONG: dict[str, dict[str, Any]] = {
    "another key": {"key": OTHER_KEY},
    "another key's name": {"kid": "two"},
    "another issuer": {"iss": "https://evil.example"},
    "another audience": {"aud": "another-site"},
    "several audiences": {"aud": ["consilium", "another-site"]},
    "made for another": {"azp": "another-site"},
    "expired": {"exp": NOW - 120},
    "no end": {"exp": None},
    "from the future": {"iat": NOW + 3600},
    "another login's nonce": {"nonce": "another"},
    "no nonce": {"nonce": None},
    "no subject": {"sub": None},
    "an empty subject": {"sub": ""},
    "a subject that is no word": {"sub": 7},
}


@pytest.mark.parametrize("lie", WRONG)
def test_a_forged_token_lets_nobody_in(forger: Forger, lie: str) -> None:
    assert attempt(forger, lambda nonce: forger.signs(**({"nonce": nonce} | WRONG[lie]))) == (403, None)
    event = AuditEvent.objects.get()
    assert (event.action, event.data["reason"]) == ("sign_on.refused", "not_proven")
    assert "s-forged" not in json.dumps(event.content())


def test_a_token_of_no_algorithm_or_signed_with_what_everybody_knows_lets_nobody_in(forger: Forger) -> None:
    def unsigned(nonce: str) -> str:
        return forger.signs(nonce, key=None, alg="none")

    def with_public_key(nonce: str) -> str:
        body = forger.signs(nonce).split(".")[1]
        head = part(json.dumps({"alg": "HS256", "kid": "one"}).encode())
        public = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return f"{head}.{body}.{part(hmac.digest(public, f'{head}.{body}'.encode(), 'sha256'))}"

    def with_secret(nonce: str) -> str:
        return forger.signs(nonce, key=SECRET * 2, alg="HS256")

    for lie in (unsigned, with_public_key, with_secret):
        assert attempt(forger, lie) == (403, None)


@pytest.mark.parametrize("nonsense", [None, "", "a.b.c", "not a token", 7, ["x"]])
def test_nonsense_instead_of_a_token_lets_nobody_in(forger: Forger, nonsense: Any) -> None:
    assert attempt(forger, lambda nonce: nonsense) == (403, None)


def test_a_changed_token_lets_nobody_in(forger: Forger) -> None:
    def changed(nonce: str) -> str:
        head, _, signature = forger.signs(nonce, sub="s-somebody").split(".")
        other = forger.signs(nonce).split(".")[1]
        return ".".join((head, other, signature))

    assert attempt(forger, changed) == (403, None)


def test_a_code_that_another_browser_began_is_not_taken(forger: Forger) -> None:
    client = Client()
    asked = sent(begun(client))
    forger.challenge, forger.token = "of another login", forger.signs(asked["nonce"])
    answer = client.get(CALLBACK, {"code": "a-code", "state": asked["state"]})
    assert (answer.status_code, who(client)) == (403, None)


def test_user_info_of_somebody_else_lets_nobody_in(forger: Forger) -> None:
    forger.userinfo = {"sub": "s-other", "groups": ["leads"]}
    assert attempt(forger, lambda nonce: forger.signs(nonce, groups=None)) == (403, None)


@pytest.mark.parametrize(
    "lie",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "http://evil.example/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": None},
    ],
    ids=str,
)
def test_a_description_that_leads_elsewhere_is_not_used(forger: Forger, lie: dict[str, Any]) -> None:
    forger.description = lie
    assert Client().post(START).status_code == 503


def test_a_new_key_of_the_provider_is_fetched(forger: Forger, cast: Cast) -> None:
    assert attempt(forger, forger.signs) == (302, str(cast.anna.pk))
    forger.keys = {"two": OTHER_KEY}
    told = attempt(forger, lambda nonce: forger.signs(nonce, key=OTHER_KEY, kid="two"))
    assert told == (302, str(cast.anna.pk))
