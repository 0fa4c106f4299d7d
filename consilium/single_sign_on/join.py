"""An invitation or a reset link that is opened by single sign-on instead of a password."""

from django.contrib.auth.hashers import make_password

from consilium.audit.record import audited_transaction, record
from consilium.people.access_notices import record_for
from consilium.people.invitations import find_invitation, use_up
from consilium.people.models import Invitation, Membership, Person
from consilium.refusals import Refused
from consilium.single_sign_on import identities
from consilium.single_sign_on.configuration import SignOn
from consilium.single_sign_on.group_roles import update_roles
from consilium.single_sign_on.identities import Identity
from consilium.single_sign_on.refusals import SignOnRefused


def join_as(*, token: str, identity: Identity, sign_on: SignOn) -> Person:
    """Use the link up for who came from the provider.

    An invitation gives its role to their account, or to a new one. A reset link binds its account to them and
    ends every other way in: password, second factor, earlier binding. Raises SignOnRefused.
    """
    with audited_transaction():
        try:
            invitation = find_invitation(token)
        except Refused as problem:
            raise SignOnRefused("link", str(problem)) from None
        person = _owner(invitation, identity) if invitation.resets else _guest(invitation, identity)
        if not person.is_active:
            raise SignOnRefused("deactivated", "This account is deactivated.", person=person)
        use_up(invitation, person, through="sign_on")
        update_roles(person=person, groups=identity.groups, sign_on=sign_on)
    return person


def _owner(invitation: Invitation, identity: Identity) -> Person:
    person = invitation.resets
    assert person is not None, "a reset link resets somebody"
    identities.release(person=person, by=None)
    # An unusable password ends all sessions, as a new one does.
    person.password = make_password(None)
    person.save(update_fields=["password"])
    identities.bind_account(identity=identity, person=person, by=invitation.created_by, how="reset link")
    record_for(person, action="password.removed", obj=invitation, by=None, data={})
    return person


def _guest(invitation: Invitation, identity: Identity) -> Person:
    known = identities.account_of(identity)
    if known is None:
        person = identities.new_person(identity, invitation.display_name)
        data = {"operator": False, "through": "sign_on"}
        record(action="person.created", obj=person, by=None, study=None, data=data)
        identities.bind_account(identity=identity, person=person, by=person, how="invitation")
        return person
    # A member has a role that a lead gave; a link that was meant for somebody else changes nothing.
    if Membership.objects.filter(study=invitation.study, person=known, is_active=True).exists():
        raise SignOnRefused(
            "member", "You are a member of this study already: the link was not used.", person=known
        )
    return known
