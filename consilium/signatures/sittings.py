"""Sittings begin with the password; they end by themselves, by logging out, or by the person."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from consilium.audit.record import record
from consilium.people.models import Person, Study
from consilium.people.permissions import check_role, roles_of
from consilium.signatures.models import LONGEST_IDLE, LONGEST_SITTING, MAY_SIT, Meaning, Purpose, Sitting
from consilium.signatures.refusals import NotSigned


@transaction.atomic
def begin_sitting(*, study: Study, purpose: Purpose, method: str, by: Person) -> Sitting:
    """A sitting of a person whose password (or what `method` names) was right just now. Raises NotAllowed."""
    check_role(by, study, *MAY_SIT[purpose])
    role = next(role for role in MAY_SIT[purpose] if role in roles_of(by, study))
    sitting = Sitting.objects.create(study=study, person=by, purpose=purpose, role=role, method=method)
    _record(sitting, "sitting.begun", by)
    return sitting


@transaction.atomic
def end_sittings(*, sittings: Collection[int], by: Person) -> int:
    """End those of the person's sittings, by key, that have not ended; how many."""
    open_ones = Sitting.objects.filter(pk__in=sittings, person=by, ended_at=None).select_related("study")
    found = list(open_ones)
    for sitting in found:
        Sitting.objects.filter(pk=sitting.pk, ended_at=None).update(ended_at=timezone.now())
        _record(sitting, "sitting.ended", by)
    return len(found)


def live_sitting(key: int, *, study: Study, purpose: Purpose, by: Person) -> Sitting | None:
    """The person's sitting of that key, study and purpose, unless it is over."""
    mine = Sitting.objects.filter(pk=key, study=study, purpose=purpose, person=by, ended_at=None)
    sitting = mine.annotate(last_at=Max("signatures__at")).first()
    return sitting if sitting is not None and not is_over(sitting, sitting.last_at) else None


def is_over(sitting: Sitting, last_at: datetime | None) -> bool:
    """Whether it has ended; `last_at` is when something was last signed in it."""
    now = timezone.now()
    idle = now - max(sitting.begun_at, last_at or sitting.begun_at)
    too_long = now - sitting.begun_at >= LONGEST_SITTING
    return sitting.ended_at is not None or too_long or idle >= LONGEST_IDLE


def check_sitting(sitting: Sitting, *, study: Study, meaning: Meaning, by: Person) -> None:
    """Raise NotSigned unless the person may sign this in the sitting, which was live when it was read."""
    fits = (sitting.person_id, sitting.study_id, sitting.purpose) == (by.pk, study.pk, meaning.purpose)
    if not fits or is_over(sitting, timezone.now()):
        raise NotSigned(study, by, meaning)


def _record(sitting: Sitting, action: str, by: Person) -> None:
    # In the system's chain, as logins: in the study's it would say who judges a case at that very minute.
    data = {"study": sitting.study.slug, "purpose": str(sitting.purpose), "method": sitting.method}
    record(action=action, obj=sitting, by=by, study=None, data=data)
