"""Anchors: where each chain ended at a moment, signed, in files outside the database.

A chain proves its own order, not that it was not rewritten whole or cut at its end together with its head. An
anchor does: it is written at freezes, exports and withdrawals, at least hourly while events come, and at the
start and the end of a worker, into the data folder and a second place (CONSILIUM_ANCHORS).
"""

import time
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from django.conf import settings
from django.db import DatabaseError, transaction
from django.utils import timezone

from consilium.audit.anchor_file import Anchor, SecondPlaceMissed, append
from consilium.audit.links import Walk
from consilium.audit.models import AnchoredEnd, AuditEvent, AuditHead
from consilium.audit.record import chain_of

if TYPE_CHECKING:
    from consilium.people.models import Study

log = structlog.get_logger(__name__)
ANCHORED_EVERY = timedelta(hours=1)
LOOKS_EVERY_SECONDS = 60.0
_looks_again_at = [0.0]


def anchors_folder() -> Path:
    """The first place of anchors."""
    return Path(settings.CONSILIUM_HOME) / "anchors"


def anchor_after_commit(study: "Study | None", *, cause: str) -> None:
    """Anchor the study's chain once this transaction has committed; a failure then is only logged."""
    transaction.on_commit(partial(anchor_or_log, [chain_of(study)], cause=cause))


def anchor_or_log(chains: Collection[str] | None = None, *, cause: str) -> None:
    """As `anchor_chains`, but a failure is logged: the next one catches up."""
    try:
        anchor_chains(chains, cause=cause)
    except (OSError, DatabaseError) as problem:
        log.error("anchor.failed", because=type(problem).__name__, cause=cause)


def anchor_chains(chains: Collection[str] | None = None, *, cause: str) -> int:
    """Anchor the ends of these chains (None: all) that have moved since; how many.

    A chain that is broken since its last anchor gets none: a break must not become what later checks trust.
    Raises OSError, DatabaseError.
    """
    heads = AuditHead.objects.filter(sequence__gt=0)
    if chains is not None:
        heads = heads.filter(chain__in=chains)
    known = {end.chain: end for end in AnchoredEnd.objects.all()}
    found = [_anchor(head, known.get(head.chain), cause) for head in heads if _moved(head, known)]
    anchors = [anchor for anchor in found if anchor is not None]
    if not anchors:
        return 0
    reached = _store(anchors)
    for anchor in anchors:
        end = {"sequence": anchor.sequence, "sha256": anchor.sha256, "at": datetime.fromisoformat(anchor.at)}
        AnchoredEnd.objects.update_or_create(
            chain=anchor.chain, defaults={**end, "has_second_place": reached}
        )
    return len(anchors)


def sweep() -> None:
    """Every minute: anchor chains that moved and were not anchored within the hour; mend the second place."""
    if time.monotonic() < _looks_again_at[0]:
        return
    _looks_again_at[0] = time.monotonic() + LOOKS_EVERY_SECONDS
    fresh = AnchoredEnd.objects.filter(at__gt=timezone.now() - ANCHORED_EVERY).values("chain")
    stale = AuditHead.objects.exclude(chain__in=fresh)
    anchor_chains(list(stale.values_list("chain", flat=True)), cause="hour")
    if settings.SECOND_ANCHORS is not None and _store([]):
        AnchoredEnd.objects.filter(has_second_place=False).update(has_second_place=True)


def _moved(head: AuditHead, known: dict[str, AnchoredEnd]) -> bool:
    end = known.get(head.chain)
    return end is None or (end.sequence, end.sha256) != (head.sequence, head.sha256)


def _anchor(head: AuditHead, last: AnchoredEnd | None, cause: str) -> Anchor | None:
    """The end of a chain, if it can be followed from its last anchor to its head."""
    walk = Walk(head.chain, last.sequence, last.sha256) if last else Walk(head.chain)
    events = AuditEvent.objects.filter(chain=head.chain, sequence__lte=head.sequence)
    walk.follow(events.filter(sequence__gt=walk.sequence).order_by("sequence", "pk").iterator())
    if walk.breaks or (walk.sequence, walk.sha256) != (head.sequence, head.sha256):
        log.error("anchor.refused", chain=head.chain, advice="manage.py verify_audit says what is broken")
        return None
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return Anchor(head.chain, head.sequence, head.sha256, events.count(), now, cause)


def fill_second_place() -> bool:
    """Write to the second place what it lacks; whether it has all now. Raises OSError."""
    return _store([])


def _store(anchors: list[Anchor]) -> bool:
    """Write the anchors and whatever the second place lacks; whether it has all of them now."""
    try:
        append(anchors_folder(), anchors, settings.RECORD_KEY, settings.SECOND_ANCHORS)
    except SecondPlaceMissed as missed:
        log.error("anchor.second_place_missed", because=str(missed))
        return False
    return settings.SECOND_ANCHORS is not None
