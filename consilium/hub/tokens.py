"""The site's token for the Hub: from the environment, else kept sealed; operators set and remove it.

One token serves the whole site: give it write access to one namespace. Pages see its last four characters.
"""

import os
import re
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from consilium.audit.record import record
from consilium.hub.models import HubToken
from consilium.hub.process import HubProcess
from consilium.hub.refusals import HubRefused
from consilium.hub.token_keys import mark_of, sealing_key
from consilium.jobs.handle import JobHandle
from consilium.jobs.models import Job
from consilium.jobs.queue import enqueue
from consilium.jobs.states import JobState
from consilium.people.models import Person
from consilium.people.permissions import OPERATOR, check_role
from consilium.seals import SealBroken, seal, unseal

VARIABLE: Final = "HF_TOKEN"
KIND: Final = "hub.check_token"
_SHAPE: Final = re.compile(r"[A-Za-z0-9_-]{8,200}")
LACKING: Final = "This site has no token for the Hub. An operator sets one on the page Hub."


@dataclass(frozen=True, slots=True)
class TokenInForce:
    """The token that the Hub gets; `row` is what is known of it."""

    secret: str = field(repr=False)
    is_given: bool
    row: HubToken | None

    @property
    def last_four(self) -> str:
        """All that people see of it."""
        return self.secret[-4:]


def token_in_force() -> TokenInForce | None:
    """The environment's token, else the kept one; None without any. Raises HubRefused if it is unreadable."""
    if given := os.environ.get(VARIABLE, "").strip():
        return TokenInForce(given, True, HubToken.objects.filter(mark=mark_of(given)).first())
    kept = HubToken.objects.exclude(sealed="").first()
    if kept is None:
        return None
    try:
        return TokenInForce(unseal(kept.sealed, sealing_key()), False, kept)
    except SealBroken:
        raise HubRefused(
            "The token was kept under another identity key and is unreadable; an operator sets it again."
        ) from None


def check_token_there() -> TokenInForce:
    """The token in force. Raises HubRefused where there is none, or one that the Hub said may not write."""
    token = token_in_force()
    if token is None:
        raise HubRefused(LACKING)
    if token.row is not None and token.row.checked_at and not token.row.may_write:
        raise HubRefused("This site's token for the Hub may only read. An operator sets one that may write.")
    return token


def set_token(*, secret: str, by: Person) -> HubToken:
    """Keep a token, sealed, in place of the one before, and queue its check.

    Raises NotAllowed, HubRefused.
    """
    check_role(by, None, OPERATOR)
    _check_changeable()
    if not _SHAPE.fullmatch(secret):
        raise HubRefused("That is no access token; one starts with hf_ and is copied whole from the Hub.")
    with transaction.atomic():
        HubToken.objects.exclude(sealed="").update(sealed="")
        values = {"sealed": seal(secret, sealing_key()), "set_by": by, "set_at": timezone.now(), **_UNCHECKED}
        row, _ = HubToken.objects.update_or_create(
            mark=mark_of(secret), defaults={**values, "last_four": secret[-4:]}
        )
        _queue_check(by)
        record(action="hub.token_set", obj=row, by=by, study=None, data={"last_four": row.last_four})
    return row


def remove_token(*, by: Person) -> None:
    """Forget the kept token; the Hub itself has to revoke it. Raises NotAllowed, HubRefused."""
    check_role(by, None, OPERATOR)
    _check_changeable()
    with transaction.atomic():
        row = HubToken.objects.select_for_update().exclude(sealed="").first()
        if row is None:
            raise HubRefused(LACKING)
        HubToken.objects.filter(pk=row.pk).update(sealed="")
        record(action="hub.token_removed", obj=row, by=by, study=None, data={"last_four": row.last_four})


def start_check(*, by: Person) -> Job:
    """Queue a check of the token in force. Raises NotAllowed, HubRefused."""
    check_role(by, None, OPERATOR)
    if token_in_force() is None:
        raise HubRefused(LACKING)
    with transaction.atomic():
        return _queue_check(by)


def run_check(handle: JobHandle) -> dict[str, Any]:
    """The job: ask the Hub whose token it is and what it may do, and keep the answer."""
    token = token_in_force()
    if token is None:
        raise HubRefused(LACKING)
    with HubProcess(token.secret, handle.check) as hub:
        row = check_with(hub, token)
    return {"account": row.account, "may_write": row.may_write}


def check_with(hub: HubProcess, token: TokenInForce) -> HubToken:
    """The same with a client that is there already."""
    said = hub.ask("whoami")
    known = {"account": said["account"][:120], "role": said["role"][:40], "writes_to": said["writes_to"]}
    with transaction.atomic():
        row, _ = HubToken.objects.update_or_create(
            mark=mark_of(token.secret),
            defaults={**known, "last_four": token.last_four, "checked_at": timezone.now()},
        )
        data = {"account": row.account, "may_write": row.may_write, "last_four": row.last_four}
        record(action="hub.token_checked", obj=row, by=None, study=None, data=data)
    return row


def last_check() -> Job | None:
    """The newest check that runs or did not work."""
    newest = Job.objects.filter(kind=KIND).order_by("-created_at").first()
    return newest if newest is not None and newest.state != JobState.SUCCEEDED else None


_UNCHECKED: Final[dict[str, Any]] = {"account": "", "role": "", "writes_to": [], "checked_at": None}


def _queue_check(by: Person) -> Job:
    return enqueue(kind=KIND, by=by, study=None, params={})


def _check_changeable() -> None:
    if os.environ.get(VARIABLE, "").strip():
        raise HubRefused(f"The environment gives the token ({VARIABLE}); it is changed there.")
