"""What a lead sees first: how far the study is, what waits for somebody, what is running."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse
from django.utils import timezone

from annotation.models import Case
from annotation.progress import PROGRESS, StudyProgress, kept_progress, rounds_with_counts
from annotation.states import CaseState
from consilium.audit.models import AuditEvent
from consilium.audit.record import chain_of
from consilium.blobs.scrub import damaged_in
from consilium.jobs.models import Job
from consilium.jobs.states import JobState
from consilium.people.access_words import shown_to_leads
from consilium.people.models import Person, Study
from consilium.workqueue.models import Submission
from curation.models import Image, Question, Release, Trace
from curation.permissions import for_settling, for_signing
from curation.states import ImageState, QuestionState, ReleaseState, TraceState
from dashboard.record import ShownEvent, shown_events

# Submissions of the last day are counted at each look, but no further: thirty readers do not make as many.
MOST_OF_A_DAY = 10_000


@dataclass(frozen=True, slots=True)
class Matter:
    """Rows that wait before the study can go on: all of them, those for this person, who else may act."""

    text: str
    view: str
    rows: "QuerySet[Any]"
    mine: "QuerySet[Any]"
    else_for: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """One line of what waits, and where it is done."""

    text: str
    url: str


def overview(study: Study, person: Person) -> dict[str, Any]:
    """Everything the study's front page shows to this lead."""
    mine, others = _waiting(study, person)
    progress, kept = kept_progress(study)
    jobs = Job.objects.filter(study=study).exclude(kind=PROGRESS.name)  # shown beside the counts
    return {
        "notices": shown_to_leads(study, person),
        "damaged": damaged_in(study.pk),
        "kept": kept,
        "tiles": _tiles(study, progress),
        "waiting": mine,
        "waiting_for_others": others,
        "rounds": _rounds(study, progress),
        "running": jobs.filter(state__in=[JobState.QUEUED, JobState.RUNNING]).order_by("created_at"),
        "failed": _failed(jobs),
        "releases": Release.objects.filter(study=study, state=ReleaseState.FROZEN).order_by("-frozen_at")[:4],
        "events": _latest_events(study),
    }


def _latest_events(study: Study) -> list[ShownEvent]:
    """Without the many claims, of which the queue itself tells. By the chain, whose index has their order."""
    events = AuditEvent.objects.filter(chain=chain_of(study)).exclude(action__startswith="claim.")
    return shown_events(study, events.select_related("actor").order_by("-sequence")[:8])


def _failed(jobs: "QuerySet[Job]") -> "QuerySet[Job]":
    """The last failures that no later job of the same kind has made good."""
    later = jobs.filter(
        kind=OuterRef("kind"), state=JobState.SUCCEEDED, finished_at__gt=OuterRef("finished_at")
    )
    return jobs.filter(~Exists(later), state=JobState.FAILED).order_by("-finished_at")[:3]


def _rounds(study: Study, progress: StudyProgress) -> list[dict[str, Any]]:
    """Each round with the slots it offers and the counted submissions it has."""
    return [
        {
            "label": f"{one.get_kind_display()}: {one.name}",
            "done": counts.done,
            "slots": counts.slots,
            "is_open": one.closed_at is None,
        }
        for one, counts in rounds_with_counts(study, progress)
    ]


def _tiles(study: Study, progress: StudyProgress) -> list[dict[str, Any]]:
    day = Submission.objects.filter(study=study, submitted_at__gte=timezone.now() - timedelta(days=1))
    number = day[:MOST_OF_A_DAY].count()
    accepted = (TraceState.ACCEPTED, TraceState.EDITED)
    return [
        _tile("Images", progress.images, study, "curation:images", "usable", ImageState.RELEASED),
        _tile("Questions", progress.questions, study, "curation:questions", "ready", QuestionState.READY),
        _tile("Traces", progress.traces, study, "curation:traces", "accepted", *accepted),
        _tile("Cases", progress.cases, study, "annotation:cases", "settled", CaseState.SETTLED),
        {
            "label": "Submissions",
            "value": progress.submissions,
            "note": f"{number if number < MOST_OF_A_DAY else f'{MOST_OF_A_DAY}+'} in the last day",
            "url": "",
        },
    ]


def _tile(
    label: str, counts: dict[str, int], study: Study, view: str, word: str, *states: str
) -> dict[str, Any]:
    good = sum(counts.get(state, 0) for state in states)
    url = reverse(view, args=[study.slug])
    return {"label": label, "value": sum(counts.values()), "note": f"{good} {word}", "url": url}


def _waiting(study: Study, person: Person) -> tuple[list[Waiting], list[Waiting]]:
    """What waits for this lead, and what waits for somebody else."""
    mine, others = [], []
    for matter in _matters(study, person):
        url = reverse(matter.view, args=[study.slug])
        count = matter.mine.count()
        if count:
            mine.append(Waiting(f"{matter.text}: {count}", url))
        if matter.mine is not matter.rows and (left := matter.rows.count() - count):
            others.append(Waiting(f"{matter.text}, {matter.else_for}: {left}", url))
    return mine, others


def _matters(study: Study, person: Person) -> list[Matter]:
    images = Image.objects.filter(study=study, state=ImageState.QUARANTINED)
    checked = Trace.objects.filter(study=study, state=TraceState.CHECKED)
    traces = Trace.objects.filter(study=study, state=TraceState.DISPUTED)
    cases = Case.objects.filter(study=study, state=CaseState.DISPUTED)
    stalled = Case.objects.filter(study=study, state=CaseState.STALLED)
    held = Question.objects.filter(study=study, state=QuestionState.HELD)
    signable, settleable = for_signing(person, study, images), for_settling(person, traces)
    return [
        Matter(
            "Images before pixel review",
            "curation:pixel-reviews",
            images,
            signable,
            "brought in by you, for a second person",
        ),
        Matter("Questions whose text may name a person", "curation:texts", held, held),
        Matter("Checked traces outside a review round", "curation:traces", checked, checked),
        Matter(
            "Disputed traces", "curation:traces", traces, settleable, "for somebody who did not review them"
        ),
        Matter("Disputed cases", "annotation:cases", cases, cases.none(), "for an adjudicator"),
        Matter("Cases without an eligible reader", "annotation:cases", stalled, stalled),
    ]
