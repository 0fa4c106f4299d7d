"""Walks through a login at the provider as a browser would; the settings of a site that knows it."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from django.test import Client

from consilium.single_sign_on.configuration import REFUSE, GroupMapping, SignOn

START = "/accounts/sign-on/start/"
CALLBACK = "/accounts/sign-on/callback/"
SECRET = "what the provider gave to this site"


def sign_on_at(issuer: str, *roles: str, **changes: Any) -> SignOn:
    """The settings of a site; a role is written `group=study:role`."""
    mapped = []
    for text in roles:
        group, _, given = text.rpartition("=")
        mapped.append(GroupMapping(group, *given.split(":")))
    plain: dict[str, Any] = {
        "issuer": issuer,
        "client_id": "consilium",
        "secret": SECRET,
        "label": "Hospital login",
        "subject": "sub",
        "groups": "groups",
        "scopes": ("openid", "profile"),
        "roles": tuple(mapped),
        "unknown": REFUSE,
        "strong": frozenset(),
        "offers_logout": False,
    }
    return SignOn(**plain | changes)


@dataclass(frozen=True)
class OpenIdProvider:
    """The provider under test."""

    issuer: str

    def knows(self, subject: str, **claims: Any) -> None:
        """What it says of somebody from now on."""
        requests.put(f"{self.issuer}/users/{subject}", json=claims, timeout=5).raise_for_status()

    def answer(self, address: str, subject: str) -> str:
        """Log in there as somebody; path and query of this site that it sends the browser to."""
        said = requests.post(address, data={"sub": subject}, timeout=5, allow_redirects=False)
        assert said.status_code == 302, said.text
        return said.headers["Location"].removeprefix("http://testserver")


def begun(client: Client, path: str = START, **fields: str) -> str:
    """The address at the provider that a button leads to."""
    page = client.post(path, fields)
    assert page.status_code == 200, page.content
    return str(page.context["address"])


def sent(address: str) -> dict[str, str]:
    """What the site sends to the provider in an address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def log_in(client: Client, provider: OpenIdProvider, subject: str, path: str = START, **fields: str) -> Any:
    """The whole way there and back; the answer of the callback."""
    return client.get(provider.answer(begun(client, path, **fields), subject))


def who(client: Client) -> str | None:
    """The key of the session's person."""
    found = client.session.get("_auth_user_id")
    return str(found) if found is not None else None
