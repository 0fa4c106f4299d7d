"""Accounts without e-mail: an invitation link for a new person, a reset link for a known one."""

import hashlib
import secrets
from datetime import timedelta

from allauth.mfa.models import Authenticator
from django.contrib.auth.password_validation import validate_password
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from consilium.audit.record import audited_transaction, record
from consilium.people.access_notices import record_for, study_names, tell_of_reset, unconfirmed
from consilium.people.models import Invitation, Person, Role, Study
from consilium.people.permissions import OPERATOR, NotAllowed, check_lead, check_role
from consilium.people.studies import add_member
from consilium.refusals import NameTaken, Refused

INVITATION_DAYS = 14
RESET_HOURS = 24


class InvitationUnusable(Refused):
    """The link is unknown, used, taken back or expired."""


class InvitationWaits(Refused):
    """The link is good, but a second person has to confirm it first."""


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


def issue_reset(*, person: Person, by: Person) -> tuple[Invitation, str]:
    """A link with which the person sets a new password and loses the second factor; operators only.

    It is on record in every study of the person and told to them and the leads; where a study wants a second
    person, the link works once another lead has confirmed it. Raises NotAllowed.
    """
    check_role(by, None, OPERATOR)
    token = secrets.token_urlsafe(32)
    with audited_transaction():
        invitation = Invitation.objects.create(
            token_sha256=token_hash(token),
            display_name=person.display_name,
            resets=person,
            created_by=by,
            expires_at=timezone.now() + timedelta(hours=RESET_HOURS),
        )
        tell_of_reset(invitation)
        record_for(person, action="password.reset_issued", obj=invitation, by=by, data={})
    return invitation, token


def revoke(*, invitation: Invitation, by: Person | None) -> Invitation:
    """Take back a link that was not used: an invitation by a lead of its study, a reset link by an operator.

    `by=None` is the command line. Raises NotAllowed, InvitationUnusable.
    """
    if by is not None and invitation.study is not None:
        check_lead(by, invitation.study)
    elif by is not None:
        check_role(by, None, OPERATOR)
    with audited_transaction():
        revoke_link(invitation, by)
    return invitation


def revoke_link(invitation: Invitation, by: Person | None) -> None:
    """Store and record it, inside audited_transaction(); the caller has checked `by`."""
    unused = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, revoked_at=None)
    invitation.revoked_at = timezone.now()
    if not unused.update(revoked_at=invitation.revoked_at):
        raise InvitationUnusable("This link was used or taken back before.")
    if invitation.resets is not None:
        record_for(invitation.resets, action="invitation.revoked", obj=invitation, by=by, data={})
    else:
        record(action="invitation.revoked", obj=invitation, by=by, study=invitation.study)


def unused_invitations(study: Study) -> "QuerySet[Invitation]":
    """Invitations of the study that were neither used nor taken back, expired ones too; newest first."""
    return _unused().filter(study=study)


def open_resets() -> "QuerySet[Invitation]":
    """Reset links that still work, newest first."""
    return _unused().filter(resets__isnull=False, expires_at__gt=timezone.now())


def _unused() -> "QuerySet[Invitation]":
    unused = Invitation.objects.filter(accepted_at=None, revoked_at=None)
    return unused.select_related("created_by", "resets", "study").order_by("-created_at")


def find_invitation(token: str) -> Invitation:
    """The live invitation of a link. Raises InvitationUnusable, InvitationWaits."""
    invitation = (
        Invitation.objects.filter(token_sha256=token_hash(token)).select_related("study", "resets").first()
    )
    if invitation is None or not invitation.is_open:
        raise InvitationUnusable(
            "This link has expired, was used or was taken back. Ask the person who sent it for a new one."
        )
    if waiting := unconfirmed(invitation):
        raise InvitationWaits(
            f"A second person has to confirm this link first: another lead of {study_names(waiting)}. "
            "Then open it again."
        )
    return invitation


def accept(*, token: str, username: str, password: str) -> Person:
    """Make the account (or set the new password) and use the link up. A new password ends all sessions.

    Raises InvitationUnusable, InvitationWaits, NameTaken, ValidationError for a weak password.
    """
    with audited_transaction():
        invitation = find_invitation(token)
        person = invitation.resets or _new_person(invitation, username)
        validate_password(password, person)
        person.set_password(password)
        # A reset stores the password alone: the account may be deactivated at this very moment.
        person.save(update_fields=["password"] if invitation.resets else None)
        use_up(invitation, person)
    return person


def use_up(invitation: Invitation, person: Person, *, through: str = "password") -> None:
    """Do what a link is for, once; inside audited_transaction(), by the account that it is for.

    Raises InvitationUnusable where somebody was faster.
    """
    now = timezone.now()
    unused = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, revoked_at=None)
    if not unused.update(accepted_by=person, accepted_at=now):
        raise InvitationUnusable("This link was used a moment ago.")
    invitation.accepted_by, invitation.accepted_at = person, now
    if invitation.resets:
        _finish_reset(invitation, person, through)
    else:
        _enter(invitation, person)


def _finish_reset(invitation: Invitation, person: Person, through: str) -> None:
    # Who lost the password has often lost the phone too: the operator has checked who is asking.
    lost, _ = Authenticator.objects.filter(user=person).delete()
    # Other reset links of this person, perhaps in wrong hands, end with this one.
    others = Invitation.objects.filter(resets=person, accepted_at=None).exclude(pk=invitation.pk)
    others.update(expires_at=timezone.now())
    operator = invitation.created_by
    # Nobody was logged in: whoever held the link did it.
    made_by = {"made_by": operator.pk}
    action = "password.changed_by_link" if through == "password" else "sign_on.bound_by_link"
    record_for(person, action=action, obj=invitation, by=None, data=made_by)
    if lost:
        Invitation.objects.filter(pk=invitation.pk).update(removed_factor=True)
        record_for(person, action="second_factor.removed", obj=invitation, by=operator, data={})
    tell_of_reset(invitation)


def _enter(invitation: Invitation, person: Person) -> None:
    if invitation.study is not None:
        add_member(
            study=invitation.study,
            person=person,
            role=invitation.role,
            by=None,
            specialty=invitation.specialty,
            departments=invitation.departments,
            invited_by=invitation.created_by,
        )
    record(action="invitation.accepted", obj=invitation, by=person, study=invitation.study)


def _new_person(invitation: Invitation, username: str) -> Person:
    if Person.objects.filter(username=username).exists():
        raise NameTaken("This user name is taken; choose another one.")
    person = Person(username=username, display_name=invitation.display_name)
    person.full_clean(exclude=["password"])
    return person


def set_active(*, person: Person, is_active: bool, by: Person) -> Person:
    """Deactivate or reactivate an account; sessions of a deactivated person end at the next request."""
    check_role(by, None, OPERATOR)
    if by == person:
        raise NotAllowed("You cannot deactivate your own account; ask another operator.")
    with audited_transaction():
        Person.objects.filter(pk=person.pk).update(is_active=is_active)
        person.is_active = is_active
        action = "person.activated" if is_active else "person.deactivated"
        record_for(person, action=action, obj=person, by=by, data={})
    return person
