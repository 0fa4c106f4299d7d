"""Who may act in a study: `roles_of` answers, `check_*` raises NotAllowed."""

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, QuerySet

from consilium.people.models import Membership, Participation, Person, Role, Study
from consilium.prepared import Prepared
from consilium.refusals import Refused

OPERATOR = "operator"
# A senior is an adjudicator or a lead: they sign pixels and settle traces. Cases go to adjudicators alone.
SENIORS = (Role.ADJUDICATOR.value, Role.LEAD.value)


class NotAllowed(Refused, PermissionDenied):
    """The person's role does not allow this; the text is for people."""

    status = 403


class NoConsent(NotAllowed):
    """The person has not agreed to take part, or has withdrawn."""

    def __init__(self) -> None:
        super().__init__("Please confirm that you take part in this study before you work in it.")


@dataclass(frozen=True, slots=True)
class Standing:
    """What a person may do in one study, read at once: the active membership and the consent."""

    membership: Membership
    takes_part: bool

    @property
    def roles(self) -> frozenset[str]:
        """The same as roles_of."""
        operator = {OPERATOR} if self.membership.person.is_operator else set()
        return frozenset({self.membership.role, *operator})


def standing_of(person: Person, study: Study) -> Standing | None:
    """The person's standing in the study, in one query; None for who is no active member."""
    found: Any = _STANDING.first(study=study.pk, person=person.pk) if person.is_active else None
    if found is None:
        return None
    found.study, found.person = study, person
    return Standing(found, found.takes_part)


def _standing(study: int, person: int) -> QuerySet[Membership]:
    live = Participation.objects.filter(
        study=OuterRef("study"), person=OuterRef("person"), withdrawn_at__isnull=True
    )
    active = Membership.objects.filter(study=study, person=person, is_active=True)
    return active.annotate(takes_part=Exists(live))


_STANDING = Prepared(_standing, study=int, person=int)


def roles_of(person: Person, study: Study | None) -> frozenset[str]:
    """The person's role in the study plus `operator` where it applies; empty when deactivated."""
    if not person.is_active:
        return frozenset()
    roles = {OPERATOR} if person.is_operator else set()
    if study is not None:
        roles |= {found.role for found in _MEMBER(study=study.pk, person=person.pk)}
    return frozenset(roles)


def _member(study: int, person: int) -> QuerySet[Membership]:
    return Membership.objects.filter(study=study, person=person, is_active=True).only("role")


_MEMBER = Prepared(_member, study=int, person=int)


def check_role(person: Person, study: Study | None, *allowed: str) -> None:
    """Raise NotAllowed unless the person holds one of the roles."""
    check_roles(roles_of(person, study), *allowed)


def check_roles(held: frozenset[str], *allowed: str) -> None:
    """The same, of roles that were read before."""
    if not held & set(allowed):
        names = " or ".join(allowed)
        raise NotAllowed(f"Only a {names} of this study may do this.")


def check_lead(person: Person, study: Study) -> None:
    """Raise NotAllowed unless the person leads the study."""
    check_role(person, study, Role.LEAD)


def can_take_part(person: Person, study: Study) -> bool:
    """Whether the person has a live consent in the study."""
    return Participation.objects.filter(study=study, person=person, withdrawn_at=None).exists()


def check_takes_part(person: Person, study: Study) -> None:
    """Raise NotAllowed without a live Participation: no submission without consent."""
    if not can_take_part(person, study):
        raise NoConsent


def check_senior(person: Person, study: Study) -> None:
    """Raise NotAllowed unless the person leads or adjudicates in the study."""
    check_role(person, study, *SENIORS)
