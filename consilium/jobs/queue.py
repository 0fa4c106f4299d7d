"""Use cases of people and apps: put a job on the queue, cancel it."""

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models.functions import Now

from consilium.audit.record import record
from consilium.jobs.models import Job
from consilium.jobs.notify import nudge
from consilium.jobs.permissions import check_cancel
from consilium.jobs.registry import find
from consilium.jobs.states import JobState
from consilium.states.transitions import StateChanged, transition

if TYPE_CHECKING:
    from consilium.people.models import Person, Study


def enqueue(
    *,
    kind: str,
    by: "Person | None",
    study: "Study | None",
    params: dict[str, Any],
    max_attempts: int | None = None,
) -> Job:
    """Store a job in the caller's transaction and ring for a worker once that commits.

    `params` are JSON identifiers and settings, never contents. The caller has checked that `by` may do this.
    Raises UnknownKind.
    """
    known = find(kind)
    with transaction.atomic():
        job = Job.objects.create(
            kind=known.name,
            queue=known.queue,
            study=study,
            params=params,
            created_by=by,
            max_attempts=max_attempts or known.max_attempts,
        )
        record(action="job.created", obj=job, by=by, study=study, data={"kind": kind})
        transaction.on_commit(lambda: nudge(job), robust=True)
    return job


def cancel(*, job: Job, by: "Person") -> Job:
    """Stop a job: at once while it waits, at its next check while it runs; a job that is over stays as it is.

    Raises NotAllowed.
    """
    check_cancel(by, job)
    job.refresh_from_db()
    if job.state == JobState.QUEUED:
        with suppress(StateChanged):  # a worker may claim it in between
            transition(job, JobState.CANCELLED, by=by, finished_at=Now())
    with transaction.atomic():
        running = Job.objects.filter(pk=job.pk, state=JobState.RUNNING, cancel_requested=False)
        if running.update(cancel_requested=True):
            record(action="job.cancel_requested", obj=job, by=by, study=job.study, data={"kind": job.kind})
    job.refresh_from_db()
    return job
