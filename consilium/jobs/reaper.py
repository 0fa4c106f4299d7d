"""The sweeper: heals what lost messages and dead workers leave behind. One worker at a time does it."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import structlog
from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import Q
from django.db.models.functions import Now

from consilium.jobs import folder_broker
from consilium.jobs.claim import due, move, worker_name
from consilium.jobs.lease import after
from consilium.jobs.models import Job, SweeperLease
from consilium.jobs.notify import nudge
from consilium.jobs.queue import enqueue
from consilium.jobs.states import JobState
from consilium.jobs.watched_figures import LEASES_LOST, count_one_more

log = structlog.get_logger(__name__)
NAME = "sweeper"
DAILY_KIND = "jobs.daily"
RINGS_PER_QUEUE = 4
GAVE_UP = "The worker of this job stopped {attempts} times while running it, so it was given up."

Sweep = Callable[[], None]
_sweeps: list[Sweep] = []
_daily = [DAILY_KIND]


def register_sweep(sweep: Sweep) -> None:
    """Have `sweep()` called at every tick (a few seconds): short, repeat-safe, in its own transaction."""
    if sweep not in _sweeps:
        _sweeps.append(sweep)


def register_daily(kind: str) -> None:
    """Have a job of this kind queued once per day beside the daily check."""
    if kind not in _daily:
        _daily.append(kind)


def tick() -> bool:
    """One round of the sweeper; False when another worker is at it."""
    if not _take_turn():
        return False
    for sweep in (requeue_lost, ring_again, _forget_heard, start_daily, *_sweeps):
        try:
            sweep()
        except Exception as problem:
            log.exception("sweep.failed", sweep=sweep.__name__, cause=type(problem).__name__)
            if isinstance(problem, DatabaseError):
                break
    return True


def give_turn() -> None:
    """Let another worker sweep at once (this one stops)."""
    SweeperLease.objects.filter(name=NAME, holder=worker_name()).update(until=Now())


def _take_turn() -> bool:
    SweeperLease.objects.get_or_create(name=NAME, defaults={"until": Now()})
    mine_or_free = Q(holder=worker_name()) | Q(until__lte=Now())
    until = after(settings.JOB_LEASE_SECONDS / 2)
    turn = SweeperLease.objects.filter(mine_or_free, name=NAME)
    return bool(turn.update(holder=worker_name(), until=until))


def requeue_lost() -> None:
    """Running jobs whose lease ran out: queued again, or ended when cancelled or tried often enough."""
    for job in Job.objects.filter(state=JobState.RUNNING, lease_until__lt=Now()):
        target, fields = _after_loss(job)
        where = {"claim_token": job.claim_token, "lease_until__lt": Now()}
        with transaction.atomic():
            moved = move(job.pk, JobState.RUNNING, target, where=where, **fields)
            if moved:
                count_one_more(LEASES_LOST + job.queue)
        if moved:
            log.warning(
                "job.lease_lost", job=str(job.pk), kind=job.kind, attempt=job.attempt, now=str(target)
            )
            if target == JobState.QUEUED:
                nudge(job)


def _after_loss(job: Job) -> tuple[JobState, dict[str, object]]:
    over: dict[str, object] = {"finished_at": Now()}
    if job.cancel_requested:
        return JobState.CANCELLED, over
    if job.attempt >= job.max_attempts:
        detail = f"lease lost by {job.worker}"
        return JobState.FAILED, {
            **over,
            "error": GAVE_UP.format(attempts=job.attempt),
            "error_detail": detail,
        }
    return JobState.QUEUED, {"claim_token": None, "lease_until": None, "worker": ""}


def ring_again() -> None:
    """Ring for the oldest waiting jobs of each queue that nobody heard; who comes takes the rest too."""
    patience = settings.JOB_LEASE_SECONDS / 2
    unheard = due().filter(Q(nudged_at=None) | Q(nudged_at__lt=after(-patience)))
    for queue in unheard.order_by().values_list("queue", flat=True).distinct():
        for job in unheard.filter(queue=queue)[:RINGS_PER_QUEUE]:
            nudge(job)


def start_daily() -> None:
    """Queue the daily jobs once per day (UTC)."""
    today = datetime.now(UTC).date()
    with transaction.atomic():
        not_yet = Q(last_daily=None) | Q(last_daily__lt=today)
        if SweeperLease.objects.filter(not_yet, name=NAME).update(last_daily=today):
            for kind in _daily:
                enqueue(kind=kind, by=None, study=None, params={"day": today.isoformat()})


def _forget_heard() -> None:
    folder_broker.forget_heard(Path(settings.CONSILIUM_HOME))
