"""What an operator sets for single sign-on, read once from the environment. No Django import."""

import ipaddress
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from consilium.environment import EnvironmentRefused, read_flag, read_list

PREFIX: Final = "CONSILIUM_SSO_"
SECRET_FILE: Final = "single_sign_on.secret"  # noqa: S105 - a name
LONGEST_ISSUER: Final = 200
ROLES: Final = ("annotator", "adjudicator", "lead")
REFUSE, MAPPED, EVERYBODY = "refuse", "mapped", "everybody"
# Claims that a provider may give to somebody else tomorrow: nobody is recognised by one of them.
NOT_STABLE: Final = frozenset(
    {"email", "preferred_username", "upn", "unique_name", "name", "nickname", "given_name", "family_name"}
)


@dataclass(frozen=True, slots=True)
class GroupMapping:
    """Who is in `group` at the provider has `role` in the study at `study`."""

    group: str
    study: str
    role: str


@dataclass(frozen=True, slots=True)
class SignOn:
    """One OpenID provider, and what its word is worth here.

    `unknown`: what happens to people without an account (REFUSE, MAPPED: only those whose groups give a role
    get one, EVERYBODY). `strong`: pairs ("amr" or "acr", value) that count as a second factor.
    """

    issuer: str
    client_id: str
    secret: str = field(repr=False)
    label: str
    subject: str
    groups: str
    scopes: tuple[str, ...]
    roles: tuple[GroupMapping, ...]
    unknown: str
    strong: frozenset[tuple[str, str]]
    offers_logout: bool


def read_sign_on(key_folder: Path) -> SignOn | None:
    """The provider that the environment names; None without an issuer. Raises EnvironmentRefused."""
    issuer = _read("ISSUER").rstrip("/")
    if not issuer:
        if _read("CLIENT_ID"):
            raise EnvironmentRefused(f"{PREFIX}CLIENT_ID is set, but no {PREFIX}ISSUER.")
        return None
    check_provider_address(f"{PREFIX}ISSUER", issuer)
    if len(issuer) > LONGEST_ISSUER:
        raise EnvironmentRefused(f"{PREFIX}ISSUER is longer than {LONGEST_ISSUER} characters.")
    client_id = _read("CLIENT_ID")
    if not client_id:
        raise EnvironmentRefused(
            f"{PREFIX}ISSUER needs {PREFIX}CLIENT_ID: the id of this site at the provider."
        )
    return SignOn(
        issuer=_read("ISSUER"),
        client_id=client_id,
        secret=_secret(key_folder),
        label=_read("LABEL") or "single sign-on",
        subject=_subject(),
        groups=_read("GROUPS") or "groups",
        scopes=_scopes(),
        roles=_roles(),
        unknown=_unknown(),
        strong=_strong(),
        offers_logout=read_flag(f"{PREFIX}LOGOUT"),
    )


def names_this_machine(host: str) -> bool:
    """Whether a host is this machine by its very name, without asking anybody."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_provider_address(what: str, url: str) -> None:
    """Raise EnvironmentRefused unless it is https, or http on this machine; no name, query or fragment."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise EnvironmentRefused(f"{what} is no address.") from None
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise EnvironmentRefused(f"{what} must hold neither a name nor a query.")
    if not host or parts.scheme not in ("https", "http"):
        raise EnvironmentRefused(f"{what} must start with https://.")
    if parts.scheme == "http" and not names_this_machine(host):
        raise EnvironmentRefused(f"{what} must use https; http is for a provider on this machine alone.")


def _read(name: str) -> str:
    return os.environ.get(PREFIX + name, "").strip()


def _secret(key_folder: Path) -> str:
    """From the variable, the file that one names, or the key folder; the text of no refusal holds it."""
    name = f"{PREFIX}CLIENT_SECRET"
    value, file = os.environ.get(name), os.environ.get(f"{name}_FILE")
    if value is not None and file is not None:
        raise EnvironmentRefused(f"Set {name} or {name}_FILE, not both.")
    kept = key_folder / SECRET_FILE
    try:
        secret = value if value is not None else Path(file or kept).read_text()
    except (OSError, ValueError):
        raise EnvironmentRefused(
            f"The secret that the provider gave to this site is missing: set {name}, {name}_FILE, or put it "
            f"into the file {SECRET_FILE} of the key folder."
        ) from None
    if len(secret.split()) != 1:
        raise EnvironmentRefused(f"{name} must be one word.")
    return secret.strip()


def _subject() -> str:
    claim = _read("SUBJECT") or "sub"
    if claim in NOT_STABLE:
        raise EnvironmentRefused(
            f"{PREFIX}SUBJECT must be a claim that is never given to somebody else, such as sub."
        )
    return claim


def _scopes() -> tuple[str, ...]:
    return tuple(dict.fromkeys(["openid", *(_read("SCOPES") or "profile").split()]))


def _unknown() -> str:
    word = _read("UNKNOWN") or REFUSE
    if word not in (REFUSE, MAPPED, EVERYBODY):
        raise EnvironmentRefused(f"{PREFIX}UNKNOWN must be {REFUSE}, {MAPPED} or {EVERYBODY}.")
    return word


def _roles() -> tuple[GroupMapping, ...]:
    """`group=study:role`, separated by semicolons: a group's name may hold commas, blanks, equal signs."""
    found = []
    for entry in filter(None, map(str.strip, _read("ROLES").split(";"))):
        group, _, given = entry.rpartition("=")
        study, _, role = given.rpartition(":")
        if not group or not study or role not in ROLES:
            raise EnvironmentRefused(
                f"{PREFIX}ROLES: write GROUP=STUDY:ROLE, separated by semicolons; roles: {', '.join(ROLES)}. "
                "The operator's right is given on the command line alone."
            )
        found.append(GroupMapping(group.strip(), study.strip(), role))
    return tuple(found)


def _strong() -> frozenset[tuple[str, str]]:
    """`amr:mfa,acr:https://refeds.org/profile/mfa`: what the provider says of a login with two factors."""
    found = set()
    for word in read_list(f"{PREFIX}STRONG", []):
        claim, _, value = word.partition(":")
        if claim not in ("amr", "acr") or not value:
            raise EnvironmentRefused(f"{PREFIX}STRONG: write amr:VALUE or acr:VALUE, comma-separated.")
        found.add((claim, value))
    return frozenset(found)
