"""The one way a worker or the sweeper changes a job's state: table, conditional update, audit of the end.

People go through `queueing.cancel`. Claims and re-queues are not audited: the row itself counts them.
"""

from typing import Any
from uuid import UUID

from django.db import transaction

from consilium.audit.record import record
from consilium.jobs.models import Job
from consilium.jobs.states import JOB_STATES, JobState
from consilium.states.tables import SYSTEM
from consilium.states.transitions import TransitionRefused


def move(job_id: UUID, source: JobState, target: JobState, *, where: dict[str, Any], **fields: Any) -> bool:
    """Move the job if it is still in `source` and `where` holds; False when somebody else was first.

    `where` are filter arguments (the claim token, an expired lease), `fields` go into the same UPDATE.
    Raises TransitionRefused when the table has no such arrow for the system.
    """
    arrow = JOB_STATES.arrow(source, target)
    if arrow is None or SYSTEM not in arrow.actors:
        raise TransitionRefused(f"A job that is {source} cannot become {target}.")
    with transaction.atomic():
        waiting = Job.objects.filter(pk=job_id, state=source, **where)
        if not waiting.update(state=target, **fields):
            return False
        if target in JOB_STATES.terminal:
            _record_end(job_id, source, target)
    return True


def _record_end(job_id: UUID, source: JobState, target: JobState) -> None:
    job = Job.objects.select_related("study").get(pk=job_id)
    data = {"from": str(source), "kind": job.kind, "attempt": job.attempt}
    record(action=f"job.{target}", obj=job, by=None, study=job.study, data=data)
