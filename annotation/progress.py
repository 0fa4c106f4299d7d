"""How far a study is, in counts: its rounds, its rows by state, what waits for a round.

Each count reads every row it counts, so a large study keeps them in a row (consilium.jobs.summaries).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

from django.db import models
from django.db.models import Count, Exists, Q, Value

from annotation.models import Case, ProgressSummary, Response
from annotation.pairing import pairable
from annotation.states import CaseState
from consilium.audit.models import AuditEvent
from consilium.audit.record import chain_of
from consilium.jobs import summaries
from consilium.jobs.handle import JobHandle
from consilium.jobs.summaries import Inputs, Kept, Key, SummaryKind
from consilium.people.models import Person, Study
from consilium.people.permissions import check_lead
from consilium.prepared import Prepared
from consilium.statistics.json_form import as_json, from_json
from consilium.workqueue.models import Round, Submission
from consilium.workqueue.rounds import EMPTY, RoundCounts, counts_of_rounds
from curation.models import Image, Question, Trace, Use

# What one look at the record reads at most: a job that counts leaves two events and runs after another event.
LOOKED_BACK = 20
COUNTED: dict[str, type[models.Model]] = {
    "images": Image,
    "questions": Question,
    "traces": Trace,
    "cases": Case,
    "submissions": Submission,
}


@dataclass(frozen=True, slots=True)
class StudyProgress:
    """All counts of one study; rounds by their key, rows by their state."""

    rounds: dict[str, RoundCounts]
    images: dict[str, int]
    questions: dict[str, int]
    traces: dict[str, int]
    cases: dict[str, int]
    submissions: int
    test_questions: int
    can_pair: int
    answered: list[tuple[str, int]]


def progress_of(study: Study) -> StudyProgress:
    """The counts of this moment."""
    answers, rows = Response.objects.filter(study=study).order_by("endpoint__name"), _by_state(study)
    return StudyProgress(
        rounds={str(key): counts for key, counts in counts_of_rounds(study).items()},
        images=rows["images"],
        questions=rows["questions"],
        traces=rows["traces"],
        cases=rows["cases"],
        submissions=sum(rows["submissions"].values()),
        test_questions=Question.objects.for_use(study, Use.TEST).ready().count(),
        can_pair=pairable(study).count(),
        answered=list(answers.values_list("endpoint__name").annotate(Count("pk"))),
    )


def kept_progress(study: Study) -> tuple[StudyProgress, Kept | None]:
    """The counts for a page, and how old they are: None where the study is small and they are of now."""
    if not _is_large(study):
        return progress_of(study), None
    kept = summaries.kept_figures(PROGRESS, _key(study), study)
    assert kept.summary is not None  # it is quick: the first time it is computed at once
    return from_json(StudyProgress, kept.summary.content), kept


def refresh_progress(study: Study, *, by: Person) -> None:
    """Count anew, for a person who asks or who has just changed much. Raises NotAllowed."""
    check_lead(by, study)
    if _is_large(study):
        summaries.refresh(PROGRESS, _key(study), study, by)


def summarise_progress(handle: JobHandle) -> dict[str, Any]:
    """The job behind the pages of a large study."""
    return summaries.bring_up_to_date(PROGRESS, handle)


def rounds_with_counts(study: Study, progress: StudyProgress) -> Iterator[tuple[Round, RoundCounts]]:
    """All rounds of the study, the newest first; one that is younger than the counts is counted now."""
    rounds = list(Round.objects.filter(study=study))
    younger = [one.pk for one in rounds if str(one.pk) not in progress.rounds]
    counted = counts_of_rounds(study, younger) if younger else {}
    for one in rounds:
        yield one, progress.rounds.get(str(one.pk)) or counted.get(one.pk, EMPTY)


def cases_by_state(study: Study) -> dict[str, int]:
    """How many cases stand in each state now, zeros too."""
    states = Case.objects.filter(study=study).order_by().values_list("state").annotate(number=Count("pk"))
    return dict.fromkeys(CaseState.values, 0) | dict(states)


def _by_state(study: Study) -> dict[str, dict[str, int]]:
    """The rows of each table by their state, in one query; submissions have none."""
    parts = [
        table._default_manager.filter(study=study)
        .order_by()
        .values_list(Value(name), "state" if hasattr(table, "STATES") else Value(""))
        .annotate(number=Count("pk"))
        for name, table in COUNTED.items()
    ]
    found: dict[str, dict[str, int]] = {name: {} for name in COUNTED}
    for name, state, number in parts[0].union(*parts[1:], all=True):
        found[name][state] = number
    return found


def _is_large(study: Study) -> bool:
    """Whether one of the tables has so many rows of the study that a page should not count them."""
    return _LARGE.count(study=study.pk) > 0


def _large(study: int) -> "models.QuerySet[Study]":
    tables: list[type[models.Model]] = [*COUNTED.values(), Response]
    rows = [table._default_manager.filter(study=study).order_by() for table in tables]
    many = [Q(Exists(of_study[summaries.FEW :])) for of_study in rows]
    return Study.objects.filter(reduce(or_, many), pk=study).only("pk")


_LARGE = Prepared(_large, study=int)


def _key(study: Study) -> Key:
    return {"study_id": study.pk}


def _inputs(key: Key) -> Inputs:
    """Whatever changes in a study ends on its record, so the record's last number tells.

    Without what the job that counts leaves there itself: it would never be done. Rows that another job stores
    one by one (answers, an import) are noticed at that job's end.
    """
    study = Study.objects.get(pk=key["study_id"])
    events = _LAST_EVENTS(chain=chain_of(study))
    newest = next((event.sequence for event in events if not _is_of_counting(event)), 0)
    return Inputs(rows=summaries.FEW, counts=newest)


def _last_events(chain: str) -> "models.QuerySet[AuditEvent]":
    events = AuditEvent.objects.filter(chain=chain).order_by("-sequence")
    return events.only("sequence", "object_type", "data")[:LOOKED_BACK]


_LAST_EVENTS = Prepared(_last_events, chain=str)


def _is_of_counting(event: AuditEvent) -> bool:
    return event.object_type == "jobs.job" and event.data.get("kind") == PROGRESS.name


def _content(key: Key) -> dict[str, Any]:
    content: dict[str, Any] = as_json(progress_of(Study.objects.get(pk=key["study_id"])))
    return content


PROGRESS = SummaryKind("annotation.progress", ProgressSummary, _inputs, _content, is_quick=True)
