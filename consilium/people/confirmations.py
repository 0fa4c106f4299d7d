"""The second person: another lead confirms, or declines, what was done to access from outside a study."""

from django.db.models import Q
from django.utils import timezone

from consilium.audit.record import audited_transaction, record
from consilium.people.access_notices import close, other_leads
from consilium.people.invitations import revoke_link
from consilium.people.models import AccessNotice, NoticeKind, Person
from consilium.people.permissions import OPERATOR, NotAllowed, roles_of
from consilium.people.studies import store_member
from consilium.refusals import Refused


class AlreadyAnswered(Refused):
    """Somebody else confirmed or declined first, or what was asked for is over."""

    def __init__(self) -> None:
        super().__init__("This has been answered already, or what was asked for is over.")


def may_confirm(by: Person, notice: AccessNotice) -> bool:
    """Another lead than those involved; where there is none, another operator."""
    if notice.study is None or by.pk in (notice.person_id, notice.by_id):
        return False
    others = other_leads(notice)
    if others.filter(pk=by.pk).exists():
        return True
    return OPERATOR in roles_of(by, None) and not others.exists()


def confirm(*, notice: AccessNotice, by: Person) -> AccessNotice:
    """Let the reset link work, or the role be given. Raises NotAllowed, AlreadyAnswered."""
    _check(by, notice)
    now = timezone.now()
    with audited_transaction():
        waiting = AccessNotice.objects.filter(_WAITING, pk=notice.pk)
        if not is_current(notice) or not waiting.update(confirmed_by=by, confirmed_at=now):
            raise AlreadyAnswered
        notice.confirmed_by, notice.confirmed_at = by, now
        close(notice, by)
        _record("access.confirmed", notice, by)
        if notice.kind == NoticeKind.ROLE:
            assert notice.study is not None, "a role is given in a study"
            store_member(study=notice.study, person=notice.person, by=by, **notice.asked)
    return notice


def decline(*, notice: AccessNotice, by: Person) -> AccessNotice:
    """Take the reset link back, or leave the role as it is. Raises NotAllowed, AlreadyAnswered."""
    _check(by, notice)
    with audited_transaction():
        if not is_current(notice) or not close(notice, by):
            raise AlreadyAnswered
        _record("access.declined", notice, by)
        if notice.invitation is not None:
            revoke_link(notice.invitation, by)
    return notice


_WAITING = Q(needs_confirmation=True, confirmed_at=None, acknowledged_at=None)


def is_current(notice: AccessNotice) -> bool:
    """Whether there is still something to confirm."""
    is_open = notice.invitation is None or notice.invitation.is_open
    return notice.waits and notice.acknowledged_at is None and is_open


def _check(by: Person, notice: AccessNotice) -> None:
    if not may_confirm(by, notice):
        raise NotAllowed(
            "Another lead of the study has to decide this: neither the person concerned nor who acted."
        )


def _record(action: str, notice: AccessNotice, by: Person) -> None:
    data = {"kind": notice.kind, "person": notice.person_id}
    record(action=action, obj=notice, by=by, study=notice.study, data=data)
