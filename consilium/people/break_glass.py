"""Break-glass: an operator, no member of a study, reads it for an hour, for a reason that is on record.

Nothing can be changed that way. The study's leads are told, see what was opened, and can end it.
"""

from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from consilium.audit.models import AuditEvent
from consilium.audit.record import record
from consilium.people.access_notices import tell_of_reading
from consilium.people.models import BreakGlass, Person, Role, Study
from consilium.people.permissions import OPERATOR, NotAllowed, check_role, roles_of
from consilium.prepared import Prepared
from consilium.refusals import ReasonMissing, Refused

MINUTES = 60
LEAST_REASON = 10


class NotOpenable(Refused):
    """The study cannot be opened by break-glass; the text says why."""


class ReadingOnly(NotAllowed):
    """Whoever looks by break-glass changes nothing."""

    def __init__(self) -> None:
        super().__init__("You look at this study by break-glass: you can read, and change nothing.")


def open_study(*, study: Study, by: Person, reason: str) -> BreakGlass:
    """Let an operator read the study for MINUTES; the leads are told. Raises NotAllowed, ReasonMissing,
    NotOpenable.
    """
    check_role(by, None, OPERATOR)
    words = " ".join(reason.split())
    if len(words) < LEAST_REASON:
        raise ReasonMissing("Say why you have to read this study; its leads will read the reason.")
    if roles_of(by, study) - {OPERATOR}:
        raise NotOpenable("You are a member of this study: what your role shows you is open to you anyway.")
    now = timezone.now()
    try:
        with transaction.atomic():
            # What ended by itself makes room for the next one.
            over = BreakGlass.objects.filter(study=study, person=by, ended_at=None, until__lte=now)
            over.update(ended_at=F("until"))
            glass = BreakGlass.objects.create(
                study=study, person=by, reason=words[:300], until=now + timedelta(minutes=MINUTES)
            )
            tell_of_reading(glass)
            data = {"until": glass.until.isoformat(), "person": by.pk}
            record(action="break_glass.opened", obj=glass, by=by, study=study, data=data, reason=glass.reason)
    except IntegrityError:
        raise NotOpenable("You are reading this study already.") from None
    return glass


@transaction.atomic
def end_reading(*, glass: BreakGlass, by: Person) -> BreakGlass:
    """Close the study again, by the reader or a lead; one that is over stays as it is. Raises NotAllowed."""
    if by.pk != glass.person_id:
        check_role(by, glass.study, Role.LEAD)
    now = timezone.now()
    live = BreakGlass.objects.filter(pk=glass.pk, ended_at=None, until__gt=now)
    if live.update(ended_at=now, ended_by=by):
        glass.ended_at, glass.ended_by = now, by
        record(
            action="break_glass.ended", obj=glass, by=by, study=glass.study, data={"person": glass.person_id}
        )
    return glass


def live_glass(person: Person, study: Study) -> BreakGlass | None:
    """The break-glass by which the operator reads the study now, if there is one."""
    if OPERATOR not in roles_of(person, None):
        return None
    found = _LIVE.first(study=study.pk, person=person.pk)
    if found is None or not found.is_live:
        return None
    found.study, found.person = study, person
    return found


_LIVE = Prepared(
    lambda study, person: BreakGlass.objects.filter(study=study, person=person, ended_at=None),
    study=int,
    person=int,
)


@transaction.atomic
def note_opened(glass: BreakGlass, view: str, arguments: dict[str, Any]) -> None:
    """Record what the operator opens, before it is shown: once for each page and object.

    Only names of views and keys of objects are kept, never a search or other words of the address.
    """
    data = {"view": view, "arguments": {name: str(value) for name, value in arguments.items()}}
    seen = AuditEvent.objects.filter(
        object_type=glass._meta.label_lower, object_id=str(glass.pk), action="break_glass.viewed"
    )
    if data not in list(seen.values_list("data", flat=True)):
        record(action="break_glass.viewed", obj=glass, by=glass.person, study=glass.study, data=data)
