"""Writes audit events at the end of a use case's transaction."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models, transaction

from consilium.audit.models import SYSTEM_CHAIN, AuditEvent, AuditHead
from consilium.audit.stream import send
from consilium.canonical_json import canonical_json
from consilium.prepared import Prepared, insert, update

if TYPE_CHECKING:
    from consilium.people.models import Person, Study

# Events that one statement inserts: those of a vote many times over, those of a bulk act in parts.
BATCH = 100

request_id: ContextVar[str] = ContextVar("request_id", default="")
_gathers: ContextVar[bool] = ContextVar("gathers", default=False)


class NotInTransaction(RuntimeError):
    """An audit event must share the transaction of the change it describes."""


def chain_of(study: "Study | None") -> str:
    """The chain's name: `study:<slug>` or `system`."""
    return f"study:{study.slug}" if study else SYSTEM_CHAIN


def lock_chain(chain: str) -> AuditHead:
    """The chain's newest link, locked until commit. Whoever also locks the study locks its chain first."""
    head = _LOCKED_HEAD.first(chain=chain)
    if head is None:
        AuditHead.objects.get_or_create(chain=chain)
        return lock_chain(chain)
    return head


_LOCKED_HEAD = Prepared(lambda chain: AuditHead.objects.select_for_update().filter(chain=chain), chain=str)


def event_digest(previous: str, content: dict[str, Any]) -> str:
    """SHA-256 (hex) over the previous link and this event's canonical JSON."""
    return hashlib.sha256(f"{previous}\n".encode() + canonical_json(content)).hexdigest()


@contextmanager
def audited_transaction() -> Iterator[None]:
    """A transaction whose events are appended at its end, in their order, each chain being locked once.

    For use cases that record several events: the chain is held for a moment instead of from the first event
    on. An event recorded in an inner transaction that was rolled back is not appended.
    """
    if _gathers.get():
        with transaction.atomic():
            yield
        return
    with transaction.atomic():
        token = _gathers.set(True)
        try:
            yield
        finally:
            _gathers.reset(token)
        _append(_take_waiting())


def record(
    *,
    action: str,
    obj: models.Model,
    by: "Person | None",
    study: "Study | None",
    data: dict[str, Any] | None = None,
    reason: str = "",
) -> AuditEvent:
    """Append one event to the study's chain; inside audited_transaction() at the end of that.

    Elsewhere call it last: it holds the chain's lock until commit.
    `data` holds identifiers, states and hashes only, never free text about patients.
    Raises NotInTransaction outside `transaction.atomic()`.
    """
    if not transaction.get_connection().in_atomic_block:
        raise NotInTransaction("record() needs an open transaction.")
    event = AuditEvent(
        chain=chain_of(study),
        study=study,
        actor=by,
        action=action,
        object_type=obj._meta.label_lower,
        object_id=str(obj.pk),
        data=data or {},
        reason=reason,
        request_id=request_id.get(),
    )
    if _gathers.get():
        transaction.on_commit(_Waiting(event))
    else:
        _append([event])
    return event


@dataclass(frozen=True, slots=True)
class _Waiting:
    """An event that waits among Django's commit hooks: those of a rolled-back savepoint are dropped there."""

    event: AuditEvent

    def __call__(self) -> None:
        """Nothing is left to do at commit."""


def _take_waiting() -> list[AuditEvent]:
    connection = transaction.get_connection()
    hooks = [hook for _, hook, _ in connection.run_on_commit]
    connection.run_on_commit = [
        entry for entry in connection.run_on_commit if not isinstance(entry[1], _Waiting)
    ]
    return [hook.event for hook in hooks if isinstance(hook, _Waiting)]


def _append(events: list[AuditEvent]) -> None:
    for chain in sorted({event.chain for event in events}):
        head = lock_chain(chain)
        links = [event for event in events if event.chain == chain]
        for event in links:
            event.sequence, event.previous_sha256 = head.sequence + 1, head.sha256
            event.sha256 = event_digest(head.sha256, event.content())
            head.sequence, head.sha256 = event.sequence, event.sha256
        for start in range(0, len(links), BATCH):
            insert(links[start : start + BATCH])
        update(AuditHead, {"sequence": head.sequence, "sha256": head.sha256}, chain=chain)
    if settings.SYSLOG is not None:
        transaction.on_commit(partial(send, settings.SYSLOG, events), robust=True)
