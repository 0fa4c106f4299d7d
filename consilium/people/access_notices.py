"""What is done to people's access from outside a study is told: to the person, and to the study's leads.

An operator can do much without being asked: make a reset link, give a role, read a study. None of it happens
unseen. Each act is on record in every study it touches and told until somebody has acknowledged it.
"""

from collections.abc import Iterable
from typing import Any

from django.db import models, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from consilium.audit.record import record
from consilium.people.models import (
    AccessNotice,
    BreakGlass,
    Invitation,
    Membership,
    NoticeKind,
    Person,
    Role,
    Study,
)
from consilium.people.permissions import NotAllowed, roles_of

OPEN = Q(acknowledged_at=None)


def studies_of(person: Person) -> list[Study]:
    """The studies that the person is an active member of, also while the account is deactivated."""
    return list(Study.objects.visible_to(person).order_by("slug"))


def record_for(
    person: Person,
    *,
    action: str,
    obj: models.Model,
    by: Person | None,
    data: dict[str, Any],
    reason: str = "",
) -> None:
    """Append an event about the person to the system's chain and to that of each of their studies.

    Inside audited_transaction(), which takes the chains in order.
    """
    for study in (None, *studies_of(person)):
        about = {"person": person.pk, **data}
        record(action=action, obj=obj, by=by, study=study, data=about, reason=reason)


def tell_of_reset(invitation: Invitation) -> None:
    """Tell that a reset link was made; again at its use, where somebody had acknowledged the making."""
    person = invitation.resets
    assert person is not None, "the link resets somebody's password"
    told = AccessNotice.objects.filter(OPEN, invitation=invitation).values_list("study", flat=True)
    already = set(told)
    for study in (None, *studies_of(person)):
        if (study.pk if study else None) not in already:
            AccessNotice.objects.create(
                kind=NoticeKind.RESET,
                person=person,
                study=study,
                by=invitation.created_by,
                invitation=invitation,
                needs_confirmation=bool(
                    study and study.settings.second_person and not invitation.accepted_at
                ),
            )
    _mark(person)


def tell_of_role(
    *,
    study: Study,
    person: Person,
    by: Person | None,
    asked: dict[str, Any],
    needs_confirmation: bool,
    source: str = "",
) -> AccessNotice:
    """Tell the leads of a role that was given, or asked for, from outside the study; from a RoleSource."""
    return AccessNotice.objects.create(
        kind=NoticeKind.ROLE,
        person=person,
        study=study,
        by=by,
        asked=asked,
        needs_confirmation=needs_confirmation,
        source=source,
    )


def withdraw_asked_roles(*, study: Study, person: Person, source: str) -> int:
    """Take back what this source asked for and nobody has answered, in the caller's transaction; how many."""
    waiting = AccessNotice.objects.filter(
        OPEN, study=study, person=person, source=source, needs_confirmation=True, confirmed_at=None
    )
    found = list(waiting)
    for notice in found:
        AccessNotice.objects.filter(OPEN, pk=notice.pk).update(acknowledged_at=timezone.now())
        data = {"kind": notice.kind, "person": person.pk, "through": source}
        record(action="access.withdrawn", obj=notice, by=None, study=study, data=data)
    return len(found)


def tell_of_reading(glass: BreakGlass) -> None:
    """Tell the leads that an operator reads their study."""
    AccessNotice.objects.create(
        kind=NoticeKind.READING, person=glass.person, study=glass.study, by=glass.person, glass=glass
    )


def open_notices(study: Study) -> "QuerySet[AccessNotice]":
    """What the leads of the study have not acknowledged yet, the oldest first."""
    return _read(AccessNotice.objects.filter(OPEN, study=study))


def own_notices(person: Person, *, only_open: bool = False) -> "QuerySet[AccessNotice]":
    """What was done to the person's own account, the newest first."""
    mine = AccessNotice.objects.filter(person=person, study=None)
    return _read(mine.filter(OPEN) if only_open else mine).order_by("-made_at")


def _read(rows: "QuerySet[AccessNotice]") -> "QuerySet[AccessNotice]":
    related = ("person", "by", "study", "invitation", "glass__ended_by", "confirmed_by", "acknowledged_by")
    return rows.select_related(*related).order_by("made_at", "pk")


def other_leads(notice: AccessNotice) -> "QuerySet[Person]":
    """The leads who are neither whom the notice is about nor who acted: they can answer it."""
    involved = [key for key in (notice.person_id, notice.by_id) if key]
    leads = Membership.objects.filter(study=notice.study, role=Role.LEAD, is_active=True)
    return Person.objects.filter(pk__in=leads.values("person"), is_active=True).exclude(pk__in=involved)


def may_acknowledge(by: Person, notice: AccessNotice) -> bool:
    """The person their own notices; of a study's another lead, or any lead where there is no other one."""
    if notice.study is None:
        return by.pk == notice.person_id
    if Role.LEAD not in roles_of(by, notice.study):
        return False
    others = other_leads(notice)
    return others.filter(pk=by.pk).exists() or not others.exists()


@transaction.atomic
def acknowledge(*, notice: AccessNotice, by: Person) -> AccessNotice:
    """Note that the notice was seen; it is shown no longer. Raises NotAllowed."""
    if not may_acknowledge(by, notice):
        raise NotAllowed("Another lead of the study has to acknowledge this.")
    if close(notice, by):
        record(
            action="access.acknowledged",
            obj=notice,
            by=by,
            study=notice.study,
            data={"kind": notice.kind, "person": notice.person_id},
        )
    return notice


def close(notice: AccessNotice, by: Person) -> bool:
    """Store who acknowledged the notice and when; False when somebody was faster."""
    now = timezone.now()
    still = AccessNotice.objects.filter(OPEN, pk=notice.pk)
    if not still.update(acknowledged_by=by, acknowledged_at=now):
        return False
    notice.acknowledged_by, notice.acknowledged_at = by, now
    if notice.study_id is None and not own_notices(notice.person, only_open=True).exists():
        Person.objects.filter(pk=notice.person_id).update(has_notices=False)
    return True


def _mark(person: Person) -> None:
    Person.objects.filter(pk=person.pk).update(has_notices=True)
    person.has_notices = True


def unconfirmed(invitation: Invitation) -> list[Study]:
    """The studies that want a second person and whose leads have not confirmed this reset link."""
    if invitation.resets is None:
        return []
    wanting = [study for study in studies_of(invitation.resets) if study.settings.second_person]
    if not wanting:
        return []
    given = AccessNotice.objects.filter(invitation=invitation, confirmed_at__isnull=False)
    confirmed = set(given.values_list("study_id", flat=True))
    return [study for study in wanting if study.pk not in confirmed]


def study_names(studies: Iterable[Study]) -> str:
    """The studies' names in a sentence."""
    return ", ".join(study.name for study in studies)
