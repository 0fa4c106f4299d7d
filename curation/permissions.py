"""Who may do what with data; `check_*` raises, `can_*` returns a bool."""

from consilium.people.models import Membership, Person, Role, Study
from consilium.people.permissions import NotAllowed, check_role, roles_of
from curation.models import Image, Trace

SENIORS = (Role.LEAD.value, Role.ADJUDICATOR.value)


def check_senior(person: Person, study: Study) -> None:
    """Raise NotAllowed unless the person leads or adjudicates in the study."""
    check_role(person, study, *SENIORS)


def check_may_sign(person: Person, image: Image) -> None:
    """Raise NotAllowed unless the person may sign these pixels: a senior who did not bring them in.

    A study with a single senior may sign its own uploads: there is nobody else.
    """
    check_senior(person, image.study)
    uploader = image.batch.created_by_id if image.batch else None
    others = Membership.objects.filter(study=image.study, role__in=SENIORS, is_active=True)
    if uploader == person.pk and others.exclude(person=person).exists():
        raise NotAllowed("You brought this image in; a second person has to look at its pixels.")


def can_sign(person: Person, image: Image) -> bool:
    """Whether the pixel review shows its buttons."""
    try:
        check_may_sign(person, image)
    except NotAllowed:
        return False
    return True


def check_may_settle(person: Person, trace: Trace) -> None:
    """Raise NotAllowed unless the person is a senior who did not review the trace."""
    check_senior(person, trace.study)
    if trace.reviews.filter(person=person).exists():
        raise NotAllowed("You reviewed this trace; somebody who did not has to settle it.")


def can_settle(person: Person, trace: Trace) -> bool:
    """Whether the trace page offers the person to settle it."""
    senior = bool(roles_of(person, trace.study) & set(SENIORS))
    return senior and not trace.reviews.filter(person=person).exists()
