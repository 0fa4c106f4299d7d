"""Resumes a run that was stopped or failed: a new job goes on from its newest complete checkpoint."""

from django.db import transaction

from consilium.audit.record import record
from consilium.jobs.queue import enqueue
from consilium.jobs.states import JobState
from consilium.people.models import Person
from consilium.people.permissions import check_lead
from training import preconditions
from training.launch import ATTEMPTS, KIND
from training.models import Run
from training.preconditions import LaunchRefused

RESUMABLE = (JobState.FAILED, JobState.CANCELLED)


@transaction.atomic
def resume(*, run: Run, by: Person) -> Run:
    """Put the run on the queue again, with its own settings and folder. Its earlier job stays on record.

    Raises NotAllowed, LaunchRefused.
    """
    check_lead(by, run.study)
    if run.job.state not in RESUMABLE:
        raise LaunchRefused(
            f"{run} is {run.job.state}; only a run that failed or was stopped can be resumed."
        )
    preconditions.check_base(run.study, run.base)
    preconditions.check_read(run)
    over = run.inputs.filter(job__state__in=RESUMABLE).order_by("pk").first()
    if over is not None:
        raise LaunchRefused(f"{run} builds on {over}, which did not finish; resume that one first.")
    earlier = run.job
    job = enqueue(kind=KIND, by=by, study=run.study, params={}, max_attempts=ATTEMPTS, queue=earlier.queue)
    if not Run.objects.filter(pk=run.pk, job=earlier).update(job=job):
        raise LaunchRefused(f"{run} has just been resumed by somebody else.")
    run.job = job
    record(action="run.resumed", obj=run, by=by, study=run.study, data={"earlier_job": str(earlier.pk)})
    return run
