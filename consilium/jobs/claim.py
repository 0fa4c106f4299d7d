"""Takes a queued job for one worker: fresh token, lease, attempt + 1. One of many contenders wins.

`move` is the one way a worker or the reaper changes a job's state; people go through `cancel.cancel`. Claims
and re-queues are not audited: the row itself counts them.
"""

import os
import socket
import uuid
from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from consilium.audit.record import record
from consilium.jobs.lease import after
from consilium.jobs.models import Job
from consilium.jobs.states import JOB_STATES, JobState
from consilium.states.tables import SYSTEM
from consilium.states.transitions import TransitionRefused

CANDIDATES = 8


def worker_name() -> str:
    """This process, as the job page shows it: host and process number."""
    return f"{socket.gethostname()[:80]}:{os.getpid()}"


def due() -> QuerySet[Job]:
    """Queued jobs that may start now, the oldest first."""
    ready = Q(not_before=None) | Q(not_before__lte=Now())
    return Job.objects.filter(ready, state=JobState.QUEUED).order_by("created_at", "pk")


def claim(job_id: uuid.UUID) -> Job | None:
    """The job, claimed for this process; None when another worker has it or it is over."""
    token = uuid.uuid4()
    taken = move(
        job_id,
        JobState.QUEUED,
        JobState.RUNNING,
        where={},
        claim_token=token,
        lease_until=after(settings.JOB_LEASE_SECONDS),
        attempt=F("attempt") + 1,
        started_at=Now(),
        worker=worker_name(),
        not_before=None,
    )
    # The token makes sure that this is our claim: the lease may already be lost to somebody else again.
    return Job.objects.filter(pk=job_id, claim_token=token).first() if taken else None


def claim_next(queues: Collection[str]) -> Job | None:
    """The oldest due job of the queues, claimed for this process; None when nothing waits.

    Contenders read the same few candidates; whoever loses one tries the next and then reads again.
    """
    while candidates := list(due().filter(queue__in=queues).values_list("pk", flat=True)[:CANDIDATES]):
        for job_id in candidates:
            if job := claim(job_id):
                return job
    return None


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
