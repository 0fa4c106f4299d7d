"""Talks to the OpenID provider: allauth's adapter, client, state and PKCE, and the checks it leaves out.

allauth does not look at the signature of a token that came straight from the provider, sends no nonce, and
takes further parameters and scopes from the query; none of that here.
"""

import hmac
import json
import secrets
import time
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import requests
import structlog
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.internal.statekit import stash_state, unstash_state
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.utils import generate_code_challenge
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from consilium.environment import EnvironmentRefused
from consilium.single_sign_on.configuration import SignOn, check_provider_address, names_this_machine
from consilium.single_sign_on.id_token import TokenRefused, UnknownKey, is_fresh, verified_claims
from consilium.single_sign_on.refusals import AGAIN, LoginExpired, ProviderAway, SignOnRefused

PROVIDER: Final = "single-sign-on"
PATIENCE: Final = 5.0  # seconds
LARGEST_ANSWER: Final = 1 << 20
REMEMBERED_FOR: Final = 300.0
FAILURE_FOR: Final = 5.0
ENDPOINTS: Final = ("authorization_endpoint", "token_endpoint", "jwks_uri")
OPTIONAL_ENDPOINTS: Final = ("userinfo_endpoint", "end_session_endpoint")
PROFILE: Final = ("name", "preferred_username")

log = structlog.get_logger("single_sign_on")


class ProviderConnection(requests.Session):
    """Follows no redirect, waits PATIENCE, reads LARGEST_ANSWER at most; asks no proxy for this machine."""

    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> requests.Response:
        """One request, its answer read whole."""
        self.trust_env = not names_this_machine(urlsplit(str(url)).hostname or "")
        kwargs |= {"timeout": PATIENCE, "stream": True, "allow_redirects": False}
        answer = super().request(method, url, *args, **kwargs)
        body = b""
        for part in answer.iter_content(1 << 16):
            body += part
            if len(body) > LARGEST_ANSWER:
                raise requests.RequestException("the answer is too long")
        answer._content = body
        return answer


class SocialAdapter(DefaultSocialAccountAdapter):
    """The one provider of the settings; none from the database, so there are no secrets in it."""

    def list_apps(
        self, request: HttpRequest, provider: str | None = None, client_id: str | None = None
    ) -> list[SocialApp]:
        """The provider as allauth describes one."""
        found = settings.SIGN_ON
        return [] if found is None else [app_of(found)]

    def get_requests_session(self) -> ProviderConnection:
        """What every request to the provider goes through."""
        return ProviderConnection()


def app_of(sign_on: SignOn) -> SocialApp:
    """The settings in allauth's form; never stored."""
    return SocialApp(
        provider=OpenIDConnectProvider.id,
        provider_id=PROVIDER,
        name=sign_on.label,
        client_id=sign_on.client_id,
        secret=sign_on.secret,
        settings={"server_url": sign_on.issuer},
    )


class Adapter(OpenIDConnectOAuth2Adapter):
    """allauth's adapter with one provider, one address to come back to, and documents that are remembered."""

    def __init__(self, request: HttpRequest, sign_on: SignOn) -> None:
        self.sign_on = sign_on
        super().__init__(request, PROVIDER)

    def get_provider(self) -> OpenIDConnectProvider:
        """The provider of the settings."""
        return OpenIDConnectProvider(self.request, app=app_of(self.sign_on))

    @property
    def openid_config(self) -> dict[str, Any]:
        """What the provider says of itself, checked. Raises ProviderAway."""
        return discovery(self.sign_on)

    def get_callback_url(self, request: HttpRequest, app: SocialApp) -> str:
        """Where the provider sends people back to."""
        return request.build_absolute_uri(reverse("sign-on:callback"))


@dataclass(frozen=True, slots=True)
class ProviderAnswer:
    """What the provider says of somebody, checked, and what this site had noted when it sent them there."""

    claims: dict[str, Any]
    noted: dict[str, Any]


_documents: dict[str, tuple[float, dict[str, Any] | None]] = {}


def forget_documents() -> None:
    """Ask the provider anew for its description and keys."""
    _documents.clear()


def discovery(sign_on: SignOn) -> dict[str, Any]:
    """The provider's description of itself. Raises ProviderAway: there is none, or one of somebody else."""
    found = _document(sign_on, sign_on.issuer.rstrip("/") + "/.well-known/openid-configuration")
    try:
        if found.get("issuer") != sign_on.issuer:
            raise EnvironmentRefused("the issuer is another one than CONSILIUM_SSO_ISSUER")
        for name in ENDPOINTS:
            _check_endpoint(sign_on, name, found.get(name))
        for name in OPTIONAL_ENDPOINTS:
            if name in found:
                _check_endpoint(sign_on, name, found[name])
    except EnvironmentRefused as problem:
        log.warning("single_sign_on.provider_unusable", problem=str(problem))
        raise ProviderAway(sign_on.label) from None
    return found


def address_of_login(
    request: HttpRequest,
    sign_on: SignOn,
    *,
    purpose: str,
    noted: dict[str, Any],
    again: bool = False,
    proven: bool = False,
) -> str:
    """Where to send the person; what is `noted` comes back with the answer, in this browser session alone.

    `again`: the provider is to ask who is there even if it knows, so that on a shared computer nobody takes a
    colleague's session for their own; `proven`: its answer must also say that it did. Raises ProviderAway.
    """
    adapter = Adapter(request, sign_on)
    endpoint = str(adapter.authorize_url)
    nonce, pkce = secrets.token_urlsafe(32), generate_code_challenge()
    state = stash_state(
        request,
        provider_id=PROVIDER,
        state_id=secrets.token_urlsafe(32),
        state={
            **noted,
            "purpose": purpose,
            "nonce": nonce,
            "verifier": pkce["code_verifier"],
            "proven": proven,
            "at": time.time(),
        },
    )
    query = {
        "client_id": sign_on.client_id,
        "redirect_uri": adapter.get_callback_url(request, adapter.get_provider().app),
        "response_type": "code",
        "scope": " ".join(sign_on.scopes),
        "state": state,
        "nonce": nonce,
        "code_challenge": pkce["code_challenge"].decode(),
        "code_challenge_method": pkce["code_challenge_method"],
    }
    if again or proven:
        query["prompt"] = "login"
    if proven:
        query["max_age"] = "0"
    return f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{urlencode(query)}"


def take_note(request: HttpRequest) -> dict[str, Any]:
    """What was noted when this browser was sent to the provider; it is used up. Raises LoginExpired."""
    noted: dict[str, Any] | None = unstash_state(
        request, state_id=request.GET.get("state", ""), provider_id=PROVIDER
    )
    if noted is None:
        raise LoginExpired
    return noted


def answer_of(request: HttpRequest, sign_on: SignOn, noted: dict[str, Any]) -> ProviderAnswer:
    """What the provider says of who came back. Raises SignOnRefused, ProviderAway."""
    if request.GET.get("iss", sign_on.issuer) != sign_on.issuer:
        raise _not_proven("the answer names another provider")
    if "error" in request.GET or "code" not in request.GET:
        if request.GET.get("error") == "access_denied":
            raise SignOnRefused("cancelled", f"You did not log in at “{sign_on.label}”. {AGAIN}")
        raise _not_proven("the provider answers with an error")
    adapter = Adapter(request, sign_on)
    client = adapter.get_client(request, adapter.get_provider().app)
    try:
        tokens = adapter.get_access_token_data(request, None, client, pkce_code_verifier=noted["verifier"])
        claims = _claims(sign_on, str(tokens.get("id_token", "")), noted)
        return ProviderAnswer(_with_profile(adapter, sign_on, claims, str(tokens["access_token"])), noted)
    except TokenRefused as problem:
        raise _not_proven(f"the token is refused: {problem}") from None
    except OAuth2Error:  # its text holds the provider's answer
        raise _not_proven("the provider did not take the code") from None
    except (requests.RequestException, ValueError, AttributeError) as problem:
        log.warning("single_sign_on.no_answer", problem=type(problem).__name__)
        raise ProviderAway(sign_on.label) from None


def logout_address(request: HttpRequest, sign_on: SignOn) -> str:
    """Where the session at the provider ends; empty where that is not offered or not known just now."""
    if not sign_on.offers_logout:
        return ""
    try:
        endpoint = str(discovery(sign_on).get("end_session_endpoint", ""))
    except ProviderAway:
        return ""
    query = {
        "client_id": sign_on.client_id,
        "post_logout_redirect_uri": request.build_absolute_uri(reverse(settings.LOGIN_URL)),
    }
    return f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{urlencode(query)}" if endpoint else ""


def _not_proven(problem: str) -> SignOnRefused:
    log.warning("single_sign_on.refused", problem=problem)
    return SignOnRefused(
        "not_proven", f"What came back does not prove who you are, so nobody was let in. {AGAIN}"
    )


def _claims(sign_on: SignOn, token: str, noted: dict[str, Any]) -> dict[str, Any]:
    wanted = {
        "issuer": sign_on.issuer,
        "client_id": sign_on.client_id,
        "nonce": str(noted["nonce"]),
        "subject": sign_on.subject,
    }
    keys = str(discovery(sign_on)["jwks_uri"])
    try:
        claims = verified_claims(token, key_set=_document(sign_on, keys), **wanted)
    except UnknownKey:  # the provider may have a new one
        _documents.pop(keys, None)
        claims = verified_claims(token, key_set=_document(sign_on, keys), **wanted)
    if noted["proven"] and not is_fresh(claims, since=float(noted["at"])):
        raise TokenRefused("it does not say that the person was asked again (auth_time)")
    return claims


def _with_profile(adapter: Adapter, sign_on: SignOn, claims: dict[str, Any], access: str) -> dict[str, Any]:
    """Name and groups from the user info where the token lacks them; whatever the token says stays."""
    lacking = [name for name in (*PROFILE, sign_on.groups) if name not in claims]
    if not lacking or "userinfo_endpoint" not in adapter.openid_config:
        return claims
    told = adapter._fetch_user_info(access)
    if not hmac.compare_digest(str(told.get("sub", "")).encode(), str(claims["sub"]).encode()):
        raise TokenRefused("the user info is about somebody else")
    return {name: told[name] for name in lacking if name in told} | claims


def _check_endpoint(sign_on: SignOn, name: str, url: object) -> None:
    if not isinstance(url, str):
        raise EnvironmentRefused(f"{name} is missing")
    bare = url.partition("?")[0]
    check_provider_address(name, bare)
    if urlsplit(bare).scheme == "http" and urlsplit(sign_on.issuer).scheme == "https":
        raise EnvironmentRefused(f"{name} is not https")


def _document(sign_on: SignOn, url: str) -> dict[str, Any]:
    """A JSON object of the provider, remembered for a while, as is its absence. Raises ProviderAway."""
    until, found = _documents.get(url, (0.0, None))
    if time.monotonic() >= until:
        found = _fetched(url)
        _documents[url] = (time.monotonic() + (REMEMBERED_FOR if found else FAILURE_FOR), found)
    if found is None:
        raise ProviderAway(sign_on.label)
    return found


def _fetched(url: str) -> dict[str, Any] | None:
    try:
        with ProviderConnection() as connection:
            answer = connection.get(url, headers={"Accept": "application/json"})
        if answer.status_code != requests.codes.ok:
            raise requests.RequestException("another status than 200")
        found = json.loads(answer.content)
    except (requests.RequestException, ValueError) as problem:
        log.warning("single_sign_on.no_answer", problem=type(problem).__name__)
        return None
    return found if isinstance(found, dict) else None
