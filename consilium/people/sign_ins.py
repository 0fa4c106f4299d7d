"""Who came in, who left, and who tried: on record in the system's chain."""

import hashlib
import hmac

from django.conf import settings
from django.db import transaction

from consilium.audit.record import record
from consilium.people.models import Person

NOBODY = 0


def keyed_hash(purpose: str, text: str) -> str:
    """16 hex digits that stand for a text which must not be stored; equal for equal texts of one purpose."""
    message = f"{purpose}:{text}".encode(errors="surrogatepass")
    return hmac.new(settings.IDENTITY_KEY.encode(), message, hashlib.sha256).hexdigest()[:16]


@transaction.atomic
def note_login(*, person: Person, address: str, through: str = "") -> None:
    """Put a login on record, with a keyed hash of the client's address, and how, if not by a password."""
    data = _from(address) | ({"through": through} if through else {})
    record(action="person.logged_in", obj=person, by=person, study=None, data=data)


@transaction.atomic
def note_logout(*, person: Person, address: str) -> None:
    """Put a logout on record."""
    record(action="person.logged_out", obj=person, by=person, study=None, data=_from(address))


@transaction.atomic
def note_failed_login(*, username: str, address: str) -> None:
    """Put a failed login on record: the account, if there is one, else a keyed hash of the name.

    What is typed into the field of the name may be a password.
    """
    tried = Person.objects.filter(username=username.lower()).first()
    name = {} if tried else {"name": keyed_hash("login name", username.lower())}
    obj = tried or Person(pk=NOBODY)
    record(action="person.login_failed", obj=obj, by=None, study=None, data={**name, **_from(address)})


@transaction.atomic
def note_failed_code(*, person: Person, address: str) -> None:
    """Put a wrong code of a second factor on record: who typed it knew the password."""
    record(action="person.code_failed", obj=person, by=None, study=None, data=_from(address))


def _from(address: str) -> dict[str, str]:
    return {"address": keyed_hash("address", address)}
