"""A study's record as its leads read it: who judged a case stays a pseudonym, as on the case's own page.

The stored chain names everybody; what is shown of it must not tell a lead whose votes they are looking at.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from consilium.audit.models import AuditEvent
from consilium.people.models import Person, Study, pseudonym
from consilium.workqueue.models import Claim, Kind, Submission

BLIND_WORK = (Kind.COMPARE, Kind.ADJUDICATE)
# Stored with a blind piece of work whatever their object: the first vote locks the protocol.
BLIND_ACTIONS = frozenset({"case.blind_vote", "study.locked"})
CLAIM, SUBMISSION = Claim._meta.label_lower, Submission._meta.label_lower
PERSON = Person._meta.label_lower


@dataclass(frozen=True, slots=True)
class ShownEvent:
    """One event: `who` did it; `about` names the person concerned, or the page that was opened or refused."""

    event: AuditEvent
    who: str
    about: str


def shown_events(study: Study, events: Iterable[AuditEvent]) -> list[ShownEvent]:
    """The events, read with their actors, as leads of the study may see them."""
    listed = list(events)
    blind = _blind(listed)
    names = _names(listed)
    return [
        ShownEvent(
            event,
            _who(study, event, is_blind=event.pk in blind),
            names.get(_about(event)) or _page(event),
        )
        for event in listed
    ]


def _who(study: Study, event: AuditEvent, *, is_blind: bool) -> str:
    if event.actor is None or event.actor_id is None:
        return "system"
    return pseudonym(study.pk, event.actor_id) if is_blind else str(event.actor)


def _blind(events: list[AuditEvent]) -> set[int]:
    """The keys of the events that belong to a judgement of a case."""
    claims, submissions = _objects(events, CLAIM), _objects(events, SUBMISSION)
    of_claims = Claim.objects.filter(pk__in=claims, item__kind__in=BLIND_WORK) if claims else ()
    of_submissions = Submission.objects.filter(pk__in=submissions, kind__in=BLIND_WORK) if submissions else ()
    blind = {(CLAIM, str(one.pk)) for one in of_claims} | {
        (SUBMISSION, str(one.pk)) for one in of_submissions
    }
    return {
        event.pk
        for event in events
        if event.action in BLIND_ACTIONS or (event.object_type, event.object_id) in blind
    }


def _objects(events: list[AuditEvent], kind: str) -> Collection[str]:
    return {event.object_id for event in events if event.object_type == kind}


def _about(event: AuditEvent) -> int:
    """The key of the person whom an event is about; 0 for none."""
    about = event.object_id if event.object_type == PERSON else event.data.get("person", 0)
    return int(about) if str(about).isdecimal() and event.actor_id != int(about) else 0


def _page(event: AuditEvent) -> str:
    """The page of which an event tells, with the keys of what it showed: `curation:image` is "image"."""
    keys = event.data.get("arguments") or {}
    page = str(event.data.get("view", "")).rpartition(":")[2].replace("-", " ").replace("_", " ")
    return " ".join([page, *map(str, keys.values())])


def _names(events: list[AuditEvent]) -> dict[int, str]:
    keys = {about for event in events if (about := _about(event))}
    return {person.pk: str(person) for person in Person.objects.filter(pk__in=keys)} if keys else {}
