"""Puts a job on the queue."""

from typing import TYPE_CHECKING, Any

from django.db import transaction

from consilium.audit.record import record
from consilium.jobs.models import Job
from consilium.jobs.notify import nudge
from consilium.jobs.registry import find

if TYPE_CHECKING:
    from consilium.people.models import Person, Study


def enqueue(
    *,
    kind: str,
    by: "Person | None",
    study: "Study | None",
    params: dict[str, Any],
    max_attempts: int | None = None,
    queue: str = "",
) -> Job:
    """Store a job in the caller's transaction and ring for a worker once that commits.

    `params` are JSON identifiers and settings, never contents. The caller has checked that `by` may do this;
    it is checked again when the job starts (`permissions.check_actor`). `queue`: another than the kind's own.
    Raises UnknownKind.
    """
    known = find(kind)
    with transaction.atomic():
        job = Job.objects.create(
            kind=known.name,
            queue=queue or known.queue,
            study=study,
            params=params,
            created_by=by,
            max_attempts=max_attempts or known.max_attempts,
        )
        record(action="job.created", obj=job, by=by, study=study, data={"kind": kind})
        transaction.on_commit(lambda: nudge(job), robust=True)
    return job
