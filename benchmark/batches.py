"""All evaluations of one launch: followed, paused, resumed and stopped as one thing."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from benchmark.models import Evaluation
from benchmark.pause import RESUMABLE, give_up_evaluation, pause_evaluation, resume_evaluation
from benchmark.preconditions import EvaluationRefused
from consilium.jobs.states import JobState
from consilium.people.models import Person, Study
from consilium.people.permissions import check_lead
from curation.models import Release

LIVE: Final = (JobState.QUEUED, JobState.RUNNING)
GOING_ON: Final = Q(job__state__in=LIVE)
PAUSED: Final = Q(job__state=JobState.CANCELLED, paused_at__isnull=False)


@dataclass(frozen=True, slots=True)
class Batch:
    """Some evaluations of one launch, in the order in which they were launched."""

    key: UUID
    evaluations: list[Evaluation]

    @property
    def release(self) -> Release:
        """What they are scored on."""
        return self.evaluations[0].release

    @property
    def launched_at(self) -> datetime:
        """When they were launched."""
        return self.evaluations[0].created_at

    @property
    def answered(self) -> int:
        """Calls of all of them that are answered."""
        return sum(one.job.progress_done for one in self.evaluations)

    @property
    def expected(self) -> int:
        """Calls of all of them."""
        return sum(one.expected_calls for one in self.evaluations)

    @property
    def is_live(self) -> bool:
        """Whether anything of it waits or runs."""
        return any(not one.job.is_over for one in self.evaluations)

    def states(self) -> dict[str, int]:
        """Each state that one of them is in, and how many are."""
        found = [one.state for one in self.evaluations]
        return {state: found.count(state) for state in dict.fromkeys(found)}


def find_batch(study: Study, key: UUID) -> Batch | None:
    """The whole launch; None where the study has none such."""
    rows = list(_rows(Evaluation.objects.filter(study=study, batch=key)))
    return Batch(key, rows) if rows else None


def unfinished_batches(study: Study) -> list[Batch]:
    """Every launch of which something waits, runs or is paused, whole, the newest first."""
    open_ones = Evaluation.objects.filter(GOING_ON | PAUSED, study=study)
    keys = open_ones.order_by().values("batch")
    found: dict[UUID, list[Evaluation]] = {}
    for one in _rows(Evaluation.objects.filter(study=study, batch__in=keys)):
        found.setdefault(one.batch, []).append(one)
    return [Batch(key, rows) for key, rows in reversed(found.items())]


def pause_batch(*, batch: Batch, by: Person) -> int:
    """Pause all that goes on; how many. Raises NotAllowed, EvaluationRefused where nothing does."""
    wanted = (one for one in batch.evaluations if not one.job.is_over and not one.job.cancel_requested)
    return _each(batch, by, pause_evaluation, wanted)


def resume_batch(*, batch: Batch, by: Person) -> int:
    """Have all go on that did not succeed; how many. All or none: raises what one refuses."""
    return _each(
        batch, by, resume_evaluation, (one for one in batch.evaluations if one.job.state in RESUMABLE)
    )


def give_up_batch(*, batch: Batch, by: Person) -> int:
    """Stop all that goes on or is paused, for good; how many. Raises NotAllowed, EvaluationRefused."""
    wanted = (one for one in batch.evaluations if one.is_paused or not one.job.is_over)
    return _each(batch, by, give_up_evaluation, wanted)


@transaction.atomic
def _each(batch: Batch, by: Person, change: Callable[..., Evaluation], wanted: Iterable[Evaluation]) -> int:
    check_lead(by, batch.evaluations[0].study)
    count = 0
    for one in wanted:
        change(evaluation=one, by=by)
        count += 1
    if not count:
        raise EvaluationRefused("Nothing of this launch stands where that can be done.")
    return count


def _rows(found: "QuerySet[Evaluation]") -> "QuerySet[Evaluation]":
    return found.select_related("job", "endpoint", "release", "study").order_by("pk")
