"""Roles that groups at the provider carry, brought up to date at each login.

Groups act when they change, and leads have the last word: a role that a lead gave, changed or took away in
between stays as it is. What comes from groups comes from outside the study: its leads are told, and where
the study wants a second person, one of them has to agree.
"""

import structlog
from django.utils import timezone

from consilium.audit.record import record
from consilium.people.access_notices import withdraw_asked_roles
from consilium.people.models import Membership, Person, Study
from consilium.people.studies import add_member, ask_for_role
from consilium.single_sign_on.configuration import SignOn
from consilium.single_sign_on.models import GroupRole

THROUGH = {"through": "groups"}

log = structlog.get_logger("single_sign_on")


def mapped(groups: frozenset[str], sign_on: SignOn) -> dict[str, str]:
    """Study's slug to the role that these groups carry there; of several the one that is written first."""
    found: dict[str, str] = {}
    for entry in sign_on.roles:
        if entry.group in groups:
            found.setdefault(entry.study, entry.role)
    return found


def update_roles(*, person: Person, groups: frozenset[str] | None, sign_on: SignOn) -> None:
    """Give, change and end roles by groups, inside audited_transaction(). None: not known, all stays."""
    if groups is None:
        log.warning("single_sign_on.groups_untold", person=person.pk)
        return
    wanted = mapped(groups, sign_on)
    live = {row.study.slug: row for row in _live(person)}
    if not wanted and not live:
        return
    Person.objects.select_for_update(no_key=True).get(pk=person.pk)
    for slug, row in live.items():
        if wanted.get(slug) != row.role:
            _end(row)
    known = {study.slug: study for study in Study.objects.filter(slug__in=wanted)}
    for slug, role in wanted.items():
        if slug not in known:
            log.warning("single_sign_on.unknown_study", study=slug)
        elif slug not in live or live[slug].role != role:
            _give(person, known[slug], role)


def _live(person: Person) -> "list[GroupRole]":
    return list(GroupRole.objects.filter(person=person, ended_at=None).select_related("study"))


def _give(person: Person, study: Study, role: str) -> None:
    """Unless a lead has decided about this person: one who is a member stays what they are, one who was
    removed stays out.
    """
    member = Membership.objects.filter(study=study, person=person).first()
    if member is not None:
        last = GroupRole.objects.filter(study=study, person=person).order_by("-pk").first()
        if member.is_active or last is None or not last.took_away:
            return
    GroupRole.objects.create(study=study, person=person, role=role)
    kept = {"specialty": member.specialty, "departments": member.departments} if member else {}
    act = ask_for_role if study.settings.second_person and _has_lead(study) else add_member
    act(study=study, person=person, role=role, by=None, source="groups", **kept)


def _end(row: GroupRole) -> None:
    """The groups no longer carry the role: it ends, if it is still theirs."""
    member = Membership.objects.filter(
        study=row.study, person=row.person, role=row.role, is_active=True
    ).first()
    asked = withdraw_asked_roles(study=row.study, person=row.person, source="groups")
    row.ended_at, row.took_away = timezone.now(), member is not None or asked > 0
    row.save(update_fields=["ended_at", "took_away"])
    if member is not None:
        Membership.objects.filter(pk=member.pk).update(is_active=False)
        record(action="member.removed", obj=member, by=None, study=row.study, data=THROUGH)


def _has_lead(study: Study) -> bool:
    return study.memberships.filter(role="lead", is_active=True).exists()
