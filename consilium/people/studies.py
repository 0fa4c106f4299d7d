"""Making and steering a study: its settings, guidelines and consent texts."""

import hashlib
from typing import Any

from django.db import transaction
from django.db.models import Max

from consilium.audit.record import chain_of, lock_chain, record
from consilium.people.access_notices import tell_of_role
from consilium.people.models import (
    AccessNotice,
    ConsentText,
    GuidelineVersion,
    Membership,
    Person,
    Role,
    Study,
)
from consilium.people.permissions import OPERATOR, check_lead, check_role, roles_of
from consilium.people.study_settings import SettingRefused, StudySettings
from consilium.refusals import NameTaken, Refused


class ProtocolLocked(Refused):
    """Votes exist, so the settings may only change as a dated amendment."""

    field = "reason"


DEFAULT_CONSENT = (
    "You take part as a clinical expert. Your decisions are stored under a pseudonym, shown to nobody while "
    "the study runs, and published in anonymous form with the dataset. You may withdraw at any time; work "
    "that is already part of a frozen release stays in it."
)


@transaction.atomic
def create_study(
    *, slug: str, name: str, by: Person | None, description: str = "", is_teaching_set: bool = False
) -> Study:
    """A new study with consent text v1. `by` must be an operator; None is the command line.

    Raises NameTaken, NotAllowed, ValidationError for a slug or name that cannot be one.
    """
    if by is not None:
        check_role(by, None, OPERATOR)
    if Study.objects.filter(slug=slug).exists():
        raise NameTaken(f"There is already a study at {slug!r}; choose another address.")
    study = Study(slug=slug, name=name, description=description, is_teaching_set=is_teaching_set)
    study.full_clean()
    study.save(force_insert=True)
    ConsentText.objects.create(study=study, version=1, text=DEFAULT_CONSENT)
    record(action="study.created", obj=study, by=by, study=study, data={"slug": slug})
    return study


@transaction.atomic
def change_settings(*, study: Study, changes: dict[str, Any], by: Person, reason: str = "") -> Study:
    """Store new settings. After the protocol lock a reason is needed: it becomes a dated amendment.

    Raises NotAllowed, SettingRefused, ProtocolLocked.
    """
    check_lead(by, study)
    _lock(study)
    wanted = StudySettings.from_json(study.settings_data | changes)
    if wanted.second_person and not study.settings.second_person:
        _check_has_two_leads(study)
    if study.protocol_locked_at and not reason.strip():
        raise ProtocolLocked(
            "Votes have been cast: say why the protocol changes; the release card will print it."
        )
    Study.objects.filter(pk=study.pk).update(settings_data=wanted.to_json())
    study.settings_data = wanted.to_json()
    action = "study.amended" if study.protocol_locked_at else "study.settings"
    record(action=action, obj=study, by=by, study=study, data={"changes": changes}, reason=reason)
    return study


@transaction.atomic
def publish_guideline(*, study: Study, text: str, by: Person) -> GuidelineVersion:
    """The next guideline version, in force for what is opened from now on. Raises NotAllowed."""
    check_lead(by, study)
    _lock(study)
    number = (study.guidelines.aggregate(top=Max("number"))["top"] or 0) + 1
    guideline = GuidelineVersion.objects.create(study=study, number=number, text=text, created_by=by)
    Study.objects.filter(pk=study.pk).update(guideline=guideline)
    study.guideline = guideline
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    record(
        action="guideline.published",
        obj=guideline,
        by=by,
        study=study,
        data={"number": number, "sha256": sha256},
    )
    return guideline


class SecondPersonNeeded(Refused):
    """The study wants one of its leads to agree before somebody from outside gives a role."""


@transaction.atomic
def add_member(
    *,
    study: Study,
    person: Person,
    role: str,
    by: Person | None,
    specialty: str = "",
    departments: list[str] | None = None,
    invited_by: Person | None = None,
    source: str = "",
) -> Membership:
    """Give a person a role in the study, or change it. `by=None` is the command line, or what `source` names.

    Nobody changes their own role. What neither a lead does nor a lead's invitation (`invited_by`) is told to
    the study's leads; the first lead of a study comes in this way too. Raises NotAllowed, SecondPersonNeeded.
    """
    if by is not None:
        _check_may_appoint(by, study, person)
    asked = _asked(role, specialty, departments)
    is_told = invited_by is None and comes_from_outside(by, study, person)
    if is_told and study.settings.second_person:
        raise SecondPersonNeeded("A lead of this study has to agree first: ask for the role instead.")
    member = store_member(study=study, person=person, by=by, source=source, **asked)
    if is_told:
        tell_of_role(study=study, person=person, by=by, asked=asked, needs_confirmation=False, source=source)
    return member


@transaction.atomic
def ask_for_role(
    *,
    study: Study,
    person: Person,
    role: str,
    by: Person | None,
    specialty: str = "",
    departments: list[str] | None = None,
    source: str = "",
) -> AccessNotice:
    """Ask the leads of a study that wants a second person for a role. `by`, `source` as in `add_member`."""
    if by is not None:
        _check_may_appoint(by, study, person)
    asked = _asked(role, specialty, departments)
    notice = tell_of_role(
        study=study, person=person, by=by, asked=asked, needs_confirmation=True, source=source
    )
    data = {"person": person.pk, "role": asked["role"]} | _through(source)
    record(action="member.asked", obj=notice, by=by, study=study, data=data)
    return notice


def comes_from_outside(by: Person | None, study: Study, person: Person) -> bool:
    """Whether a role is given past the study's leads: not by one of them, though there are some."""
    if by is not None and by != person and Role.LEAD in roles_of(by, study):
        return False
    return study.memberships.filter(role=Role.LEAD, is_active=True).exists()


def store_member(
    *,
    study: Study,
    person: Person,
    by: Person | None,
    role: str,
    specialty: str,
    departments: list[str],
    source: str = "",
) -> Membership:
    """Store the membership and its event; inside the transaction of the caller, who has checked `by`."""
    member, created = Membership.objects.update_or_create(
        study=study,
        person=person,
        defaults={
            "role": Role(role),
            "specialty": specialty,
            "departments": departments,
            "is_active": True,
        },
    )
    action = "member.added" if created else "member.changed"
    data = {"person": person.pk, "role": str(role)} | _through(source)
    record(action=action, obj=member, by=by, study=study, data=data)
    return member


def _through(source: str) -> dict[str, str]:
    return {"through": source} if source else {}


def _asked(role: str, specialty: str, departments: list[str] | None) -> dict[str, Any]:
    return {"role": Role(role).value, "specialty": specialty, "departments": departments or []}


@transaction.atomic
def remove_member(*, membership: Membership, by: Person) -> Membership:
    """Deactivate a membership; everything the person did stays. Raises NotAllowed."""
    _check_may_appoint(by, membership.study, membership.person)
    Membership.objects.filter(pk=membership.pk).update(is_active=False)
    membership.is_active = False
    record(action="member.removed", obj=membership, by=by, study=membership.study)
    return membership


def _check_has_two_leads(study: Study) -> None:
    leads = study.memberships.filter(role=Role.LEAD, is_active=True, person__is_active=True)
    if leads.count() < 2:
        raise SettingRefused("second_person needs two leads: with one, nobody could confirm for them.")


def _lock(study: Study) -> None:
    """Read the study again under its lock: another lead, or the first vote, may have changed it."""
    lock_chain(chain_of(study))
    fresh = Study.objects.select_for_update(no_key=True).get(pk=study.pk)
    study.settings_data, study.protocol_locked_at = fresh.settings_data, fresh.protocol_locked_at


def _check_may_appoint(by: Person, study: Study, person: Person) -> None:
    check_role(by, study, Role.LEAD, OPERATOR)
    if by == person and not by.is_operator:
        check_role(by, study, OPERATOR)
