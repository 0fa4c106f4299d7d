"""One worker's hold on one job: renewed under its token, lost when somebody else took the job.

Time is the database's (`after`), so that hosts with different clocks agree about leases.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import DateTimeField, ExpressionWrapper
from django.db.models.expressions import Combinable
from django.db.models.functions import Now

from consilium.jobs.models import Job
from consilium.jobs.states import JobState

log = structlog.get_logger(__name__)
BEATS_PER_LEASE = 3


class Lease:
    """The claim of one running job. Shared by the handler's thread and the heartbeat's."""

    def __init__(self, job: Job) -> None:
        self.job_id, self.token = job.pk, job.claim_token
        self.lost = threading.Event()
        self.cancelled = threading.Event()
        self._renewed_at = time.monotonic()

    @property
    def age(self) -> float:
        """Seconds since the last renewal that succeeded."""
        return time.monotonic() - self._renewed_at

    def renew(self, **fields: Any) -> None:
        """Extend the lease and store `fields` with it; sets `cancelled` or `lost` by what the row says."""
        began = time.monotonic()
        held = Job.objects.filter(pk=self.job_id, state=JobState.RUNNING, claim_token=self.token)
        values = {**fields, "lease_until": after(settings.JOB_LEASE_SECONDS)}
        with transaction.atomic():
            if held.filter(cancel_requested=False).update(**values):
                self._renewed_at = began
            elif held.update(**values):
                self._renewed_at = began
                self.cancelled.set()
            else:
                self.lost.set()

    def beat(self) -> None:
        """Renew from the heartbeat thread: an unreachable database costs the lease only when it runs out."""
        try:
            self.renew()
        except DatabaseError as problem:
            log.warning("job.heartbeat_failed", job=str(self.job_id), cause=type(problem).__name__)
            connection.close()
            if self.age > settings.JOB_LEASE_SECONDS:
                self.lost.set()


@contextmanager
def beating(lease: Lease) -> Iterator[None]:
    """Renew the lease from a thread of its own while the block runs.

    In an open transaction no other connection sees the claim: there only `progress()` and `check()` renew.
    """
    if connection.in_atomic_block:
        yield
        return
    over = threading.Event()
    thread = threading.Thread(
        target=_beat_until, args=(lease, over), name=f"lease-{lease.job_id}", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _beat_until(lease: Lease, over: threading.Event) -> None:
    try:
        while not over.wait(settings.JOB_LEASE_SECONDS / BEATS_PER_LEASE) and not lease.lost.is_set():
            lease.beat()
    finally:
        connection.close()


def after(seconds: float) -> Combinable:
    """An expression: the database's present plus `seconds` (negative for the past)."""
    return ExpressionWrapper(Now() + timedelta(seconds=seconds), output_field=DateTimeField())
