"""Whether an ID token is what it says: signed by the provider, for this site, for this very login. No Django.

OpenID Connect Core 3.1.3.7, without its exceptions: the signature is checked also where the token came over
TLS straight from the provider.
"""

import hmac
from typing import Any, Final

import jwt

from consilium.refusals import Refused

# The kind of key that goes with each algorithm. No shared secrets and no "none": whoever reads the key set
# must not be able to sign.
KEY_KINDS: Final = {
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), "RSA"),
    **dict.fromkeys(("ES256", "ES384", "ES512"), "EC"),
    "EdDSA": "OKP",
}
LEEWAY: Final = 60  # seconds by which two clocks may differ


class TokenRefused(Refused):
    """The token does not prove who somebody is; the text is for the log and holds nothing of the token."""

    status = 403


class UnknownKey(TokenRefused):
    """The token names a key that the provider's key set, as it was read, does not hold."""


def verified_claims(
    token: str, *, key_set: dict[str, Any], issuer: str, client_id: str, nonce: str, subject: str
) -> dict[str, Any]:
    """The claims of a token that holds in every respect. Raises TokenRefused, UnknownKey."""
    try:
        header = jwt.get_unverified_header(token)
        algorithm = header.get("alg")
        if algorithm not in KEY_KINDS:
            raise TokenRefused("its algorithm is not taken")
        claims: dict[str, Any] = jwt.decode(
            token,
            key=_key(key_set, header.get("kid"), KEY_KINDS[algorithm]),
            algorithms=[algorithm],
            issuer=issuer,
            audience=client_id,
            leeway=LEEWAY,
            options={"require": ["iss", "aud", "exp", "iat", "sub"]},
        )
    except jwt.PyJWTError as problem:
        raise TokenRefused(f"it is not valid ({type(problem).__name__})") from None
    audience = claims["aud"]
    if claims.get("azp", client_id) != client_id:
        raise TokenRefused("it was made for another site")
    if isinstance(audience, list) and len(audience) > 1 and "azp" not in claims:
        raise TokenRefused("it was made for several sites")
    if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
        raise TokenRefused("it belongs to another login")
    if not isinstance(claims.get(subject), str) or not claims[subject]:
        raise TokenRefused(f"it does not name a person (no claim {subject})")
    return claims


def is_fresh(claims: dict[str, Any], *, since: float) -> bool:
    """Whether the person proved to be there after `since` (seconds since 1970), as `auth_time` says."""
    at = claims.get("auth_time")
    return isinstance(at, int | float) and not isinstance(at, bool) and at >= since - LEEWAY


def is_strong(claims: dict[str, Any], wanted: frozenset[tuple[str, str]]) -> bool:
    """Whether the provider says that two factors were shown, in one of the words that count here."""
    methods = claims.get("amr")
    said = {("amr", str(word)) for word in methods} if isinstance(methods, list) else set()
    return bool(wanted & (said | {("acr", str(claims.get("acr", "")))}))


def _key(key_set: dict[str, Any], name: object, kind: str) -> Any:
    rows = key_set.get("keys")
    usable = [
        row
        for row in (rows if isinstance(rows, list) else [])
        if isinstance(row, dict) and row.get("kty") == kind and row.get("use", "sig") == "sig"
    ]
    named = [row for row in usable if row.get("kid") == name] if name is not None else usable
    if len(named) != 1:
        raise UnknownKey("it names no key of the provider")
    return jwt.PyJWK(named[0], algorithm=None).key
