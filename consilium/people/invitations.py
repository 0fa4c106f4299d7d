"""Accounts without e-mail: an invitation link for a new person, a reset link for a known one."""

import hashlib
import secrets
from datetime import timedelta

from allauth.mfa.models import Authenticator
from django.contrib.auth.password_validation import validate_password
from django.db import transaction
from django.utils import timezone

from consilium.audit.record import record
from consilium.people.models import Invitation, Person, Role, Study
from consilium.people.permissions import OPERATOR, NotAllowed, check_lead, check_role
from consilium.people.studies import add_member
from consilium.refusals import NameTaken, Refused

INVITATION_DAYS = 14
RESET_HOURS = 24


class InvitationUnusable(Refused):
    """The link is unknown, used or expired."""


def token_hash(token: str) -> str:
    """What is stored of a link's token."""
    return hashlib.sha256(token.encode()).hexdigest()


@transaction.atomic
def invite(
    *,
    study: Study,
    display_name: str,
    role: str,
    by: Person,
    specialty: str = "",
    departments: list[str] | None = None,
) -> tuple[Invitation, str]:
    """An invitation bound to one named person, and the token of its link (shown once). Raises NotAllowed."""
    check_lead(by, study)
    token = secrets.token_urlsafe(32)
    invitation = Invitation.objects.create(
        token_sha256=token_hash(token),
        study=study,
        display_name=display_name,
        role=Role(role),
        specialty=specialty,
        departments=departments or [],
        created_by=by,
        expires_at=timezone.now() + timedelta(days=INVITATION_DAYS),
    )
    record(action="invitation.made", obj=invitation, by=by, study=study, data={"role": str(role)})
    return invitation, token


@transaction.atomic
def issue_reset(*, person: Person, by: Person) -> tuple[Invitation, str]:
    """A link with which the person sets a new password and loses the second factor; operators only.

    Raises NotAllowed.
    """
    check_role(by, None, OPERATOR)
    token = secrets.token_urlsafe(32)
    invitation = Invitation.objects.create(
        token_sha256=token_hash(token),
        display_name=person.display_name,
        resets=person,
        created_by=by,
        expires_at=timezone.now() + timedelta(hours=RESET_HOURS),
    )
    record(action="password.reset_issued", obj=invitation, by=by, study=None, data={"person": person.pk})
    return invitation, token


def find_invitation(token: str) -> Invitation:
    """The live invitation of a link. Raises InvitationUnusable."""
    invitation = (
        Invitation.objects.filter(token_sha256=token_hash(token)).select_related("study", "resets").first()
    )
    if invitation is None or invitation.accepted_at or invitation.expires_at < timezone.now():
        raise InvitationUnusable(
            "This link has expired or was already used. Ask the person who sent it for a new one."
        )
    return invitation


@transaction.atomic
def accept(*, token: str, username: str, password: str) -> Person:
    """Make the account (or set the new password) and use the link up.

    Raises InvitationUnusable, NameTaken, ValidationError for a weak password.
    """
    invitation = find_invitation(token)
    person = invitation.resets or _new_person(invitation, username)
    validate_password(password, person)
    person.set_password(password)
    # A reset stores the password alone: the account may be deactivated at this very moment.
    person.save(update_fields=["password"] if invitation.resets else None)
    if invitation.resets:
        # Who lost the password has often lost the phone too: the operator has checked who is asking.
        Authenticator.objects.filter(user=person).delete()
        # Other reset links of this person, perhaps in wrong hands, end with this one.
        others = Invitation.objects.filter(resets=person, accepted_at=None).exclude(pk=invitation.pk)
        others.update(expires_at=timezone.now())
    used = Invitation.objects.filter(pk=invitation.pk, accepted_at=None).update(
        accepted_by=person, accepted_at=timezone.now()
    )
    if not used:
        raise InvitationUnusable("This link was used a moment ago.")
    if invitation.study is not None:
        add_member(
            study=invitation.study,
            person=person,
            role=invitation.role,
            by=None,
            specialty=invitation.specialty,
            departments=invitation.departments,
        )
    record(action="invitation.accepted", obj=invitation, by=person, study=invitation.study)
    return person


def _new_person(invitation: Invitation, username: str) -> Person:
    if Person.objects.filter(username=username).exists():
        raise NameTaken("This user name is taken; choose another one.")
    person = Person(username=username, display_name=invitation.display_name)
    person.full_clean(exclude=["password"])
    return person


@transaction.atomic
def set_active(*, person: Person, is_active: bool, by: Person) -> Person:
    """Deactivate or reactivate an account; sessions of a deactivated person end at the next request."""
    check_role(by, None, OPERATOR)
    if by == person:
        raise NotAllowed("You cannot deactivate your own account; ask another operator.")
    Person.objects.filter(pk=person.pk).update(is_active=is_active)
    person.is_active = is_active
    record(action="person.activated" if is_active else "person.deactivated", obj=person, by=by, study=None)
    return person
