"""Writes one audit event at the end of a use case's transaction."""

import hashlib
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from django.db import models, transaction

from consilium.audit.models import SYSTEM_CHAIN, AuditEvent, AuditHead
from consilium.canonical_json import canonical_json

if TYPE_CHECKING:
    from consilium.people.models import Person, Study

request_id: ContextVar[str] = ContextVar("request_id", default="")


class NotInTransaction(RuntimeError):
    """An audit event must share the transaction of the change it describes."""


def chain_of(study: "Study | None") -> str:
    """The chain's name: `study:<slug>` or `system`."""
    return f"study:{study.slug}" if study else SYSTEM_CHAIN


def lock_chain(chain: str) -> AuditHead:
    """The chain's newest link, locked until commit. Whoever also locks the study locks its chain first."""
    AuditHead.objects.get_or_create(chain=chain)
    return AuditHead.objects.select_for_update().get(chain=chain)


def event_digest(previous: str, content: dict[str, Any]) -> str:
    """SHA-256 (hex) over the previous link and this event's canonical JSON."""
    return hashlib.sha256(f"{previous}\n".encode() + canonical_json(content)).hexdigest()


def record(
    *,
    action: str,
    obj: models.Model,
    by: "Person | None",
    study: "Study | None",
    data: dict[str, Any] | None = None,
    reason: str = "",
) -> AuditEvent:
    """Append one event to the study's chain. Call it last: it holds the chain's lock until commit.

    `data` holds identifiers, states and hashes only, never free text about patients.
    Raises NotInTransaction outside `transaction.atomic()`.
    """
    if not transaction.get_connection().in_atomic_block:
        raise NotInTransaction("record() needs an open transaction.")
    chain = chain_of(study)
    head = lock_chain(chain)
    event = AuditEvent(
        chain=chain,
        sequence=head.sequence + 1,
        study=study,
        actor=by,
        action=action,
        object_type=obj._meta.label_lower,
        object_id=str(obj.pk),
        data=data or {},
        reason=reason,
        request_id=request_id.get(),
        previous_sha256=head.sha256,
    )
    event.sha256 = event_digest(head.sha256, event.content())
    event.save(force_insert=True)
    AuditHead.objects.filter(pk=chain).update(sequence=event.sequence, sha256=event.sha256)
    return event
