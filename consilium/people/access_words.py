"""Access notices in words, with what the reader may answer."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils import dateformat, timezone

from consilium.people.access_notices import open_notices, other_leads, own_notices
from consilium.people.confirmations import is_current, may_confirm
from consilium.people.models import AccessNotice, Membership, NoticeKind, Person, Role, Study

COMMAND_LINE = "Somebody at the server's command line"


@dataclass(frozen=True, slots=True)
class ShownNotice:
    """A notice for one reader."""

    notice: AccessNotice
    words: str
    may_acknowledge: bool
    may_confirm: bool


def shown_to_leads(study: Study, reader: Person) -> list[ShownNotice]:
    """What the leads of the study have not acknowledged; who is involved cannot answer it."""
    notices = list(open_notices(study))
    if not notices:
        return []
    active = Membership.objects.filter(study=study, role=Role.LEAD, is_active=True, person__is_active=True)
    leads = set(active.values_list("person_id", flat=True))
    shown = []
    for notice in notices:
        others = leads - {notice.person_id, notice.by_id}
        waits = is_current(notice)
        is_other = reader.pk in others
        may_acknowledge = not waits and (is_other or (reader.pk in leads and not others))
        shown.append(ShownNotice(notice, words_of(notice), may_acknowledge, waits and is_other))
    return shown


def shown_to_person(person: Person) -> list[ShownNotice]:
    """What was done to the person's account and they have not acknowledged."""
    asking = f" If you did not ask for this, tell {_whom_to_tell(person)} at once."
    open_ones = own_notices(person, only_open=True)
    return [ShownNotice(one, words_of(one, to_person=True) + asking, True, False) for one in open_ones]


def words_of(notice: AccessNotice, *, to_person: bool = False) -> str:
    """The whole story, as it stands now."""
    who = str(notice.by or notice.get_source_display() or COMMAND_LINE)
    when = _at(notice.made_at)
    if notice.kind == NoticeKind.RESET:
        whose = "your account" if to_person else str(notice.person)
        made = notice.invitation.created_at if notice.invitation else notice.made_at
        return _sentences(
            f"{who} made a reset link for {whose} on {_at(made)}", _use(notice), _second(notice)
        )
    if notice.kind == NoticeKind.READING:
        reason = notice.glass.reason.rstrip(".") if notice.glass else ""
        return _sentences(f"{who} opened this study for reading on {when}, because “{reason}”", _end(notice))
    role = Role(notice.asked["role"]).label.lower()
    if notice.waits:
        return _sentences(f"{who} asked on {when} that {notice.person} becomes {role}", _second(notice))
    return _sentences(f"{who} gave {notice.person} the role {role} on {when}", _second(notice))


def _use(notice: AccessNotice) -> str:
    link = notice.invitation
    if link is None or link.is_open:
        return "It has not been used yet"
    if link.accepted_at is None:
        return "It was taken back" if link.revoked_at else "It expired unused"
    also = ", and the second factor was removed" if link.removed_factor else ""
    return f"It was used on {_at(link.accepted_at)}{also}"


def _end(notice: AccessNotice) -> str:
    glass = notice.glass
    if glass is None:
        return ""
    if glass.is_live:
        return f"It ends by itself at {dateformat.format(timezone.localtime(glass.until), 'H:i')}"
    ended = _at(glass.ended_at or glass.until)
    return f"{glass.ended_by} ended it on {ended}" if glass.ended_by else f"It ended on {ended}"


def _second(notice: AccessNotice) -> str:
    if notice.confirmed_by is not None:
        return f"{notice.confirmed_by} confirmed it"
    return "It takes effect only once another lead has confirmed it" if is_current(notice) else ""


def _whom_to_tell(person: Person) -> str:
    """The other leads of the person's studies by name."""
    mine = Study.objects.visible_to(person).values("pk")
    leads = Membership.objects.filter(study__in=mine, role=Role.LEAD, is_active=True, person__is_active=True)
    others = Person.objects.filter(pk__in=leads.exclude(person=person).values("person"))
    names = sorted(map(str, others))
    return " or ".join(names[:3]) if names else "those who run this site"


def _sentences(*parts: str) -> str:
    return " ".join(f"{part}." for part in parts if part)


def _at(moment: datetime) -> str:
    return dateformat.format(timezone.localtime(moment), "j M, H:i")


def shown_all(notices: Iterable[AccessNotice]) -> list[ShownNotice]:
    """The person's own notices, open or not, for the page that lists them."""
    return [
        ShownNotice(one, words_of(one, to_person=True), one.acknowledged_at is None, False) for one in notices
    ]


def to_confirm(operator: Person) -> list[ShownNotice]:
    """What waits for this operator, because the study has no lead who could answer."""
    waiting = AccessNotice.objects.filter(needs_confirmation=True, confirmed_at=None, acknowledged_at=None)
    notices = waiting.select_related("study", "person", "by", "invitation", "confirmed_by")
    mine = [one for one in notices if is_current(one) and may_confirm(operator, one)]
    return [ShownNotice(one, words_of(one), False, True) for one in mine if not _leads(operator, one)]


def _leads(person: Person, notice: AccessNotice) -> bool:
    return other_leads(notice).filter(pk=person.pk).exists()
