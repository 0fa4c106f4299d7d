"""Takes a queued job for one worker: fresh token, lease, attempt + 1. One of many contenders wins."""

import os
import socket
import uuid
from collections.abc import Collection

from django.conf import settings
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from consilium.jobs import clock
from consilium.jobs.models import Job
from consilium.jobs.move import move
from consilium.jobs.states import JobState

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
        lease_until=clock.after(settings.JOB_LEASE_SECONDS),
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
