"""Who is who: a person at the provider, by its issuer and a claim that never changes, and an account here.

An account is never found by name or e-mail address. It is bound to somebody at the provider by its owner
while logged in, by a link that was made for its owner on record, or because it was made for them.
"""

import re
from dataclasses import dataclass
from typing import Any, Final

from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.db import IntegrityError, transaction
from django.http import HttpRequest

from consilium.audit.record import audited_transaction, record
from consilium.people.access_notices import record_for
from consilium.people.models import Person
from consilium.people.sign_ins import NOBODY, keyed_hash
from consilium.single_sign_on.configuration import EVERYBODY, MAPPED, SignOn
from consilium.single_sign_on.group_roles import mapped, update_roles
from consilium.single_sign_on.id_token import is_strong
from consilium.single_sign_on.refusals import SignOnRefused

LONGEST_SUBJECT: Final = 191  # of allauth's column
LONGEST_NAME: Final = 120
LONGEST_USERNAME: Final = 50
# In which session a person came in by single sign-on, and whether with two factors.
IN_SESSION: Final = "sign_on"


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody at the provider. `groups` is None where the provider could not tell them all."""

    provider: str
    subject: str
    name: str
    username: str
    groups: frozenset[str] | None
    is_strong: bool


def identity_of(claims: dict[str, Any], sign_on: SignOn) -> Identity:
    """Who the verified claims are about. Raises SignOnRefused for a subject that cannot be stored."""
    subject = str(claims[sign_on.subject])
    if len(subject) > LONGEST_SUBJECT or not subject.isprintable():
        raise SignOnRefused("not_proven", "The service names you in a way that this site cannot keep.")
    name = claims.get("name")
    username = claims.get("preferred_username")
    return Identity(
        provider=provider_key(sign_on),
        subject=subject,
        name=" ".join(name.split())[:LONGEST_NAME] if isinstance(name, str) and name.isprintable() else "",
        username=_username(username if isinstance(username, str) else ""),
        groups=_groups(claims, sign_on.groups),
        is_strong=is_strong(claims, sign_on.strong),
    )


def provider_key(sign_on: SignOn) -> str:
    """Under what people of this provider are known: another issuer or another claim knows nobody."""
    return sign_on.issuer if sign_on.subject == "sub" else f"{sign_on.issuer}#{sign_on.subject}"


def account_of(identity: Identity) -> Person | None:
    """The account that is bound to somebody at the provider."""
    found = _accounts(identity).select_related("user").first()
    return found.user if found is not None else None


def bound_account(person: Person, sign_on: SignOn) -> SocialAccount | None:
    """How the person is known at the provider."""
    return SocialAccount.objects.filter(user=person, provider=provider_key(sign_on)).first()


def admit(*, identity: Identity, sign_on: SignOn) -> Person:
    """Who comes in: the bound account, or a new one where the settings say so; roles by groups are brought up
    to date. Raises SignOnRefused for unknown and deactivated people.
    """
    try:
        with audited_transaction():
            person = account_of(identity) or _new_account(identity, sign_on)
            if not person.is_active:
                raise SignOnRefused("deactivated", "This account is deactivated.", person=person)
            update_roles(person=person, groups=identity.groups, sign_on=sign_on)
    except IntegrityError:  # the same person came in twice at this very moment
        person = account_of(identity)  # type: ignore[assignment]
        if person is None or not person.is_active:
            raise
    return person


def bind_account(*, identity: Identity, person: Person, by: Person | None, how: str) -> None:
    """Bind the account to somebody at the provider; the caller has checked that it may. Raises SignOnRefused
    where either belongs to another.
    """
    holder = account_of(identity)
    if holder is not None and holder != person:
        raise SignOnRefused(
            "taken", "Your login there belongs to another account of this site already. Ask the operator."
        )
    if holder is not None:
        return
    if SocialAccount.objects.filter(user=person, provider=identity.provider).exists():
        raise SignOnRefused(
            "bound", "This account belongs to another login there already. Release that one first."
        )
    try:
        with transaction.atomic():
            SocialAccount.objects.create(
                user=person, provider=identity.provider, uid=identity.subject, extra_data={}
            )
    except IntegrityError:
        raise SignOnRefused("taken", "Somebody else took this login a moment ago.") from None
    data = {"how": how, "subject": keyed_hash("subject", identity.subject)}
    record_for(person, action="sign_on.bound", obj=person, by=by, data=data)


def bind_own(*, identity: Identity, by: Person) -> None:
    """Bind one's own account, being logged in. Raises SignOnRefused."""
    with audited_transaction():
        bind_account(identity=identity, person=by, by=by, how="owner")


def release(*, person: Person, by: Person | None) -> int:
    """Let an account belong to nobody at any provider any more; how many there were."""
    gone = int(SocialAccount.objects.filter(user=person).delete()[0])
    if gone:
        record_for(person, action="sign_on.released", obj=person, by=by, data={})
    return gone


def release_own(*, by: Person) -> None:
    """Release one's own account. Raises SignOnRefused where nothing else would let its owner in."""
    if not (settings.PASSWORD_LOGIN and by.has_usable_password()):
        raise SignOnRefused(
            "bound",
            "Your account has no password: without this login you could not come in any more.",
            status=409,
        )
    with audited_transaction():
        release(person=by, by=by)


@transaction.atomic
def note_refused(*, refusal: SignOnRefused, identity: Identity | None, address: str) -> None:
    """Put on record that somebody came from the provider and was not let in."""
    data = {"reason": refusal.reason, "address": keyed_hash("address", address)}
    if identity is not None:
        data["subject"] = keyed_hash("subject", identity.subject)
    record(action="sign_on.refused", obj=refusal.person or Person(pk=NOBODY), by=None, study=None, data=data)


def came_by_sign_on(request: HttpRequest) -> bool:
    """Whether the session's person came in from the provider."""
    return bool(request.session.get(IN_SESSION, {}).get("person") == request.user.pk)


def came_strong(request: HttpRequest) -> bool:
    """Whether they did with two factors, in words that count here."""
    return came_by_sign_on(request) and bool(request.session[IN_SESSION]["strong"])


def note_strength(request: HttpRequest, person: Person, identity: Identity) -> None:
    """Keep in the session how the person came in; called before the login, which may still ask for a code."""
    request.session[IN_SESSION] = {"person": person.pk, "strong": identity.is_strong}


def new_person(identity: Identity, display_name: str = "") -> Person:
    """Store an account without a password; its name is one that nobody has."""
    base = identity.username or "person"
    taken = set(Person.objects.filter(username__startswith=base).values_list("username", flat=True))
    number = 1
    while (username := base if number == 1 else f"{base}-{number}") in taken:
        number += 1
    person = Person(username=username, display_name=display_name or identity.name or username)
    person.set_unusable_password()
    person.full_clean(exclude=["password"])
    person.save()
    return person


def _accounts(identity: Identity) -> Any:
    return SocialAccount.objects.filter(provider=identity.provider, uid=identity.subject)


def _new_account(identity: Identity, sign_on: SignOn) -> Person:
    has_role = identity.groups is not None and bool(mapped(identity.groups, sign_on))
    if sign_on.unknown != EVERYBODY and not (sign_on.unknown == MAPPED and has_role):
        raise SignOnRefused(
            "unknown", "You are logged in there, but nobody has made an account for you here."
        )
    person = new_person(identity)
    record(
        action="person.created",
        obj=person,
        by=None,
        study=None,
        data={"operator": False, "through": "sign_on"},
    )
    bind_account(identity=identity, person=person, by=None, how="new")
    return person


def _username(given: str) -> str:
    """A user name that this site takes, out of what the provider says; empty where nothing is left."""
    plain = re.sub(r"[^a-z0-9._-]+", "-", given.partition("@")[0].lower())
    return plain.strip("._-")[:LONGEST_USERNAME]


def _groups(claims: dict[str, Any], name: str) -> frozenset[str] | None:
    """A list of words or one word; no groups where the claim is missing; None where it stands elsewhere."""
    elsewhere = claims.get("_claim_names")
    if isinstance(elsewhere, dict) and name in elsewhere:
        return None
    found = claims.get(name, [])
    words = found if isinstance(found, list) else [found]
    return frozenset(word for word in words if isinstance(word, str))
