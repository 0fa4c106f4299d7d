"""Figures that are dear to compute: kept in a row with their age, brought up to date by a job.

An app says what it keeps with a `SummaryKind`. Few inputs are computed at once in the request that asks, so
small studies always see exact figures; many are computed by a job, while pages show the last figures.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeAlias

from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.timesince import timesince

from consilium.canonical_json import canonical_sha256
from consilium.jobs.handle import JobHandle
from consilium.jobs.models import Job
from consilium.jobs.queue import enqueue
from consilium.jobs.states import JobState
from consilium.people.models import Person, Study

# Field values that name one row of a summary's table; JSON, because jobs carry them.
Key: TypeAlias = dict[str, Any]

# Raise it when figures are computed otherwise or kept in another form: what was kept before is void then.
FORM = 2
FEW = 2000
# While data keeps coming in, figures of many inputs are not computed more often than this.
LEAST_AGE = timedelta(minutes=1)
LIVE = (JobState.QUEUED, JobState.RUNNING)
STOPPED = (JobState.FAILED, JobState.CANCELLED)


class Summary(models.Model):
    """The figures for one key; an app's table adds the key's fields and their unique constraint."""

    fingerprint = models.CharField(max_length=64, help_text="Of the inputs that the figures were made from.")
    content = models.JSONField()
    computed_at = models.DateTimeField(help_text="When the inputs were read.")

    class Meta:
        abstract = True


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the figures would be made from now: how many rows, and counts that differ when they change."""

    rows: int
    counts: Any

    @property
    def fingerprint(self) -> str:
        """The form of the figures and a digest of the counts, never of the rows."""
        return f"{FORM}-{canonical_sha256(self.counts)[:56]}"


@dataclass(frozen=True, slots=True)
class SummaryKind:
    """One table of summaries: its job kind's name, its inputs (cheap to ask), and its JSON content.

    `is_quick`: a part of a second however many the inputs; computed at once where a person would wait for the
    job, the first time and when asked for.
    """

    name: str
    model: type[Summary]
    inputs: Callable[[Key], Inputs]
    compute: Callable[[Key], dict[str, Any]]
    is_quick: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """What a page shows: the last figures (None: never computed), whether they are those of now, and the job
    that computes them or that failed or was stopped when it last tried.
    """

    summary: Summary | None
    is_current: bool
    job: Job | None

    @property
    def is_coming(self) -> bool:
        """Whether newer figures are on their way."""
        return self.job is not None and not self.job.is_over

    @property
    def age(self) -> str:
        """How old the figures are, in words."""
        if self.summary is None or timezone.now() - self.summary.computed_at < timedelta(minutes=1):
            return "less than a minute ago"
        return f"{timesince(self.summary.computed_at, depth=1)} ago"


def kept_figures(kind: SummaryKind, key: Key, study: Study) -> Kept:
    """The figures for a page. Computes few inputs at once; of many it starts the job, unless one is on its
    way, the figures are younger than a minute, or the last try failed: then a person asks again.
    """
    summary = _kept(kind, key)
    inputs = kind.inputs(key)
    if summary is not None and summary.fingerprint == inputs.fingerprint:
        return Kept(summary, True, _last_job(kind, key, study, summary))
    if inputs.rows < FEW or (kind.is_quick and summary is None):
        return Kept(_compute(kind, key, inputs), True, None)
    job = _last_job(kind, key, study, summary)
    if job is None and (summary is None or timezone.now() - summary.computed_at >= LEAST_AGE):
        job = enqueue(kind=kind.name, by=None, study=study, params=key)
    return Kept(summary, False, job)


def refresh(kind: SummaryKind, key: Key, study: Study, by: Person) -> None:
    """Compute the figures anew, also when nothing seems to have changed. The caller has checked `by`."""
    inputs = kind.inputs(key)
    if inputs.rows < FEW or kind.is_quick:
        _compute(kind, key, inputs)
        return
    summary = _kept(kind, key)
    job = _last_job(kind, key, study, summary)
    if job is None or job.is_over:
        enqueue(kind=kind.name, by=by, study=study, params=key)


def bring_up_to_date(kind: SummaryKind, handle: JobHandle) -> dict[str, Any]:
    """The job: compute and store, unless another job has done so since this one was asked for."""
    key = handle.params
    summary, inputs = _kept(kind, key), kind.inputs(key)
    is_done = (
        summary is not None
        and summary.computed_at >= handle.job.created_at
        and summary.fingerprint == inputs.fingerprint
    )
    if not is_done:
        _compute(kind, key, inputs, fence=handle.fence)
    return {"computed": not is_done}


def _kept(kind: SummaryKind, key: Key) -> Summary | None:
    """The stored figures, where this version of the code made and can read them."""
    stored = kind.model._default_manager.filter(**key, fingerprint__startswith=f"{FORM}-")
    return stored.first()


def _compute(
    kind: SummaryKind, key: Key, inputs: Inputs, fence: Callable[[], None] = lambda: None
) -> Summary:
    """Compute and store; of two that compute at once, the one that read the rows later stays.

    `inputs` were read before the rows are: whatever comes in between makes the next look compute again.
    """
    started = timezone.now()
    fields = {"fingerprint": inputs.fingerprint, "content": kind.compute(key), "computed_at": started}
    with transaction.atomic():
        fence()
        row, is_new = kind.model._default_manager.get_or_create(**key, defaults=fields)
        if not is_new:
            older = kind.model._default_manager.filter(pk=row.pk, computed_at__lt=started)
            older.update(**fields)
            row.refresh_from_db()
    return row


def _last_job(kind: SummaryKind, key: Key, study: Study, summary: Summary | None) -> Job | None:
    """The newest job for this key that is on its way, or that ended without figures after the last ones."""
    since = Q(created_at__gt=summary.computed_at) if summary else Q()
    jobs = Job.objects.filter(Q(state__in=LIVE) | Q(since, state__in=STOPPED), kind=kind.name, study=study)
    return next((job for job in jobs.order_by("-created_at") if job.params == key), None)
