"""Lets through what the gate refused in one release, once two leads have said why; never an identifier.

It holds for one release, whose digest says what it is, and in every layout of it. What a lead declared
harmless when a text came in needs nobody here: the gate knows it already.
"""

from collections import Counter
from typing import Any, Final

from django.db import transaction
from django.db.models.functions import Now

from consilium.audit.record import record
from consilium.people.models import Person
from consilium.people.permissions import check_lead
from consilium.refusals import ReasonMissing, Refused
from curation.models import Export, LetThrough, Release
from curation.states import ReleaseState
from curation.text.rule import KINDS, NOT_IDENTIFYING

REASON_LENGTH: Final = 200
WAITS_NO_MORE: Final = "This does not wait for a second lead any more."


class LetThroughRefused(Refused):
    """Something that nobody, or not this person, may let through."""


def ask_to_let_through(*, export: Export, reason: str, by: Person) -> LetThrough:
    """The first lead asks, for what the gate refused in this export. Asked again, it is the same.

    Raises NotAllowed, ReasonMissing, LetThroughRefused.
    """
    release = export.release
    check_lead(by, release.study)
    said = _reason(reason)
    if release.state != ReleaseState.FROZEN:
        raise LetThroughRefused("Only of a frozen release can anything be let through.")
    if export.refused_kind not in NOT_IDENTIFYING:
        raise LetThroughRefused(
            "What the gate refused here may identify somebody or is no text: nobody can let it through. "
            "Freeze a new release without it."
        )
    with transaction.atomic():
        asked, is_new = LetThrough.objects.get_or_create(
            release=release,
            kind=export.refused_kind,
            digest=export.refused_digest,
            declined_at=None,
            defaults={"asked_by": by, "asked_reason": said, "place": export.job.error[:500]},
        )
        if is_new:
            record(
                action="let_through.asked",
                obj=asked,
                by=by,
                study=release.study,
                data=_facts_of(asked),
                reason=said,
            )
    return asked


def confirm_let_through(*, asked: LetThrough, reason: str, by: Person) -> LetThrough:
    """A second lead agrees. Raises NotAllowed, ReasonMissing, LetThroughRefused."""
    study = asked.release.study
    check_lead(by, study)
    if by.pk == asked.asked_by_id:
        raise LetThroughRefused("You asked for this yourself; another lead has to agree.")
    said = _reason(reason)
    with transaction.atomic():
        waiting = LetThrough.objects.filter(pk=asked.pk, confirmed_at=None, declined_at=None)
        if not waiting.update(confirmed_by=by, confirmed_reason=said, confirmed_at=Now()):
            raise LetThroughRefused(WAITS_NO_MORE)
        record(
            action="let_through.confirmed", obj=asked, by=by, study=study, data=_facts_of(asked), reason=said
        )
    asked.refresh_from_db()
    return asked


def decline_let_through(*, asked: LetThrough, by: Person) -> LetThrough:
    """A lead takes it back or declines before it holds. Raises NotAllowed, LetThroughRefused."""
    study = asked.release.study
    check_lead(by, study)
    with transaction.atomic():
        waiting = LetThrough.objects.filter(pk=asked.pk, confirmed_at=None, declined_at=None)
        if not waiting.update(declined_by=by, declined_at=Now()):
            raise LetThroughRefused(WAITS_NO_MORE)
        record(action="let_through.declined", obj=asked, by=by, study=study, data=_facts_of(asked))
    asked.refresh_from_db()
    return asked


def let_through_in(release: Release) -> frozenset[str]:
    """Digests of what two leads let through in this release."""
    held = LetThrough.objects.filter(release=release, confirmed_at__isnull=False, kind__in=NOT_IDENTIFYING)
    return frozenset(held.values_list("digest", flat=True))


def let_through_lines(release: Release) -> list[str]:
    """What the card says of it: how many places, the rule, the month; never what stands there."""
    held = LetThrough.objects.filter(release=release, confirmed_at__isnull=False)
    counts = Counter((f"{one.confirmed_at:%Y-%m}", KINDS[one.kind]) for one in held)
    return [
        f"{rule[0].upper()}{rule[1:]}, {count} {'place' if count == 1 else 'places'}, {month}: let through by"
        " two leads"
        for (month, rule), count in sorted(counts.items())
    ]


def _reason(reason: str) -> str:
    if not reason.strip():
        raise ReasonMissing("Say why it may leave; the reason stays in the study's record.")
    return reason.strip()[:REASON_LENGTH]


def _facts_of(asked: LetThrough) -> dict[str, Any]:
    return {"digest": asked.release.digest, "kind": asked.kind, "text": asked.digest}
