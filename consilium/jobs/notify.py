"""Rings for a worker. A ring may get lost: the job row is the truth and the sweeper rings again."""

import structlog
from django.db.models.functions import Now

from consilium.jobs.models import Job

log = structlog.get_logger(__name__)
RING = "consilium.jobs.ring"
STALE_SECONDS = 3600


BROKER_SECONDS = 1


def broker_answers() -> bool:
    """Whether a ring would be heard now; jobs wait for the sweeper when not."""
    from consilium.celery import app

    try:
        with app.connection_for_write(connect_timeout=BROKER_SECONDS) as connection:
            connection.ensure_connection(max_retries=0, timeout=BROKER_SECONDS)
    except Exception as problem:
        log.warning("broker.away", cause=type(problem).__name__)
        return False
    return True


def nudge(job: Job) -> None:
    """Tell the workers of the job's queue that it waits; never fails, a broken broker is only logged."""
    from consilium.celery import app

    Job.objects.filter(pk=job.pk).update(nudged_at=Now())
    try:
        app.send_task(RING, args=[str(job.pk)], queue=job.queue, retry=False, expires=STALE_SECONDS)
    except Exception as problem:
        log.warning("job.nudge_failed", job=str(job.pk), cause=type(problem).__name__)
