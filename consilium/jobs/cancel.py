"""Stops a job: at once while it waits, at its next check while it runs; training, scoring, imports alike."""

from contextlib import suppress
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models.functions import Now

from consilium.audit.record import record
from consilium.jobs.models import Job
from consilium.jobs.permissions import check_cancel
from consilium.jobs.states import JobState
from consilium.states.transitions import StateChanged, transition

if TYPE_CHECKING:
    from consilium.people.models import Person


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
