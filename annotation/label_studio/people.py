"""Who is who: a lead says which member of the study somebody on the Label Studio server is."""

from django.db import transaction

from annotation.label_studio.models import LabelStudioUser
from consilium.audit.record import record
from consilium.people.models import Membership, Person, Role, Study
from consilium.people.permissions import check_lead
from consilium.refusals import Refused


class UserNotNamed(Refused):
    """Somebody there cannot be said to be this member; the text is for people."""


@transaction.atomic
def name_user(*, user: LabelStudioUser, person: Person | None, by: Person) -> LabelStudioUser:
    """Say who the user is; None takes it back. Once something of theirs was taken it stays as it is.

    Raises NotAllowed, UserNotNamed.
    """
    check_lead(by, user.study)
    locked = LabelStudioUser.objects.select_for_update(of=("self",)).get(pk=user.pk)
    if locked.person_id == (person.pk if person else None):
        return locked
    if locked.taken.exists():
        raise UserNotNamed("Annotations of this user were taken in a member's name already; that stays.")
    if person is not None:
        _check_free(locked, person)
    locked.person = person
    locked.save(update_fields=["person"])
    data = {"user": locked.number, "person": person.pk if person else None}
    record(action="label_studio.user_named", obj=locked, by=by, study=locked.study, data=data)
    return locked


def known_user(*, study: Study, server: str, number: int) -> LabelStudioUser:
    """The user of that number on the study's server, also one who has not annotated yet."""
    user, _ = LabelStudioUser.objects.get_or_create(study=study, server=server, number=number)
    return user


def members_to_name(study: Study) -> list[Person]:
    """Those whom users can be said to be: the active annotators and adjudicators, by name."""
    roles = (Role.ANNOTATOR, Role.ADJUDICATOR)
    members = Membership.objects.filter(study=study, is_active=True, role__in=roles)
    people = [member.person for member in members.select_related("person")]
    return sorted(people, key=lambda person: str(person).casefold())


def _check_free(user: LabelStudioUser, person: Person) -> None:
    if person not in members_to_name(user.study):
        raise UserNotNamed(f"{person} is no active annotator or adjudicator of this study.")
    others = LabelStudioUser.objects.filter(study=user.study, server=user.server, person=person)
    if other := others.exclude(pk=user.pk).first():
        raise UserNotNamed(f"{person} is {other} already; a member is one user of a server.")
