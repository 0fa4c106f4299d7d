"""Runs a claimed job and stores what came of it; a late outcome without the claim's token is refused."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import structlog
from django.conf import settings
from django.db.models.functions import Now

from consilium.audit.record import request_id
from consilium.blobs.blob_store import StoreAway
from consilium.jobs.claim import claim, move
from consilium.jobs.handle import Cancelled, JobHandle, JobPostponed, LeaseLost, WorkerStopping
from consilium.jobs.lease import Lease, after, beating
from consilium.jobs.models import Job
from consilium.jobs.permissions import check_actor
from consilium.jobs.reaper import requeue_lost
from consilium.jobs.registry import UnknownKind, find
from consilium.jobs.states import JobState
from consilium.logs import place_of
from consilium.refusals import Refused
from consilium.states.transitions import StateChanged

log = structlog.get_logger(__name__)
WAIT_SECONDS = 0.5
STORE_SECONDS = 15.0
STORE_AWAY = "The store of files and images does not answer; this goes on by itself when it does."
UNEXPECTED = (
    "Something unexpected went wrong. The operator finds the cause in the log under this job's number."
)
UNKNOWN_KIND = (
    "This worker does not know this kind of job; the operator should start workers of this version."
)


@dataclass(frozen=True, slots=True)
class JobOutcome:
    """Where a run of a handler leads, and what is stored with it."""

    state: JobState
    fields: dict[str, Any] = field(default_factory=dict)


def run_now(job: Job) -> Job:
    """Run one queued job in this process until it is over, retries included; returns it fresh.

    A job that another worker holds, or that has to wait for another job, is returned as it stands.
    """
    while claimed := claim(job.pk):
        run_claimed(claimed)
        job.refresh_from_db()
        if job.attempt < claimed.attempt:  # the try did not count: it was put off, or this worker stops
            break
    job.refresh_from_db()
    return job


def run_until_over(job: Job, check: Callable[[], None] = lambda: None) -> Job:
    """Run a job here; where another worker was faster, or it has to wait for another job, wait for its end.

    A job that was put off for something people have to change is returned as it stands. `check` is called
    while waiting and may raise to stop. For `--wait` commands.
    """
    while not run_now(job).is_over and not job.postponed_because:
        check()
        time.sleep(WAIT_SECONDS)
        requeue_lost()  # its worker may be dead, and no other may be running
    return job


def run_claimed(job: Job) -> bool:
    """Run the handler of a job this process has claimed; False when its outcome came too late."""
    lease = Lease(job)
    handle = JobHandle(job, lease)
    with _named(job):
        log.info("job.started", kind=job.kind, attempt=job.attempt)
        with beating(lease):
            outcome = _run_handler(handle)
        stored = outcome is not None and _store(job, handle, outcome)
        log.info("job.ended", kind=job.kind, outcome=str(outcome.state) if outcome else "lost", stored=stored)
    return stored


@contextmanager
def _named(job: Job) -> Iterator[None]:
    token = request_id.set(str(job.pk))
    try:
        with structlog.contextvars.bound_contextvars(job=str(job.pk)):
            yield
    finally:
        request_id.reset(token)


def _run_handler(handle: JobHandle) -> JobOutcome | None:
    """What the handler did; None when the job is no longer ours."""
    job = handle.job
    try:
        check_actor(job)  # at every try: the job may have waited for days
        result = find(job.kind).handler(handle) or {}
        json.dumps(result)
    except WorkerStopping:
        return JobOutcome(JobState.QUEUED, {"attempt": job.attempt - 1, **_RELEASED})
    except JobPostponed as wait:
        return _put_off(job, wait.seconds, wait.why)
    except StoreAway as away:  # it comes back, and the job goes on then
        log.warning("job.store_away", kind=job.kind, cause=away.cause)
        return _put_off(job, STORE_SECONDS, STORE_AWAY)
    except LeaseLost:
        return None
    except Cancelled:
        return JobOutcome(JobState.CANCELLED, {"finished_at": Now()})
    except StateChanged as problem:  # somebody was faster: the next try finds what they made
        return _after_crash(job, problem)
    except Refused as refusal:
        return _failed(str(refusal), place_of(refusal))
    except UnknownKind as problem:
        return _failed(UNKNOWN_KIND, place_of(problem))
    except Exception as problem:
        return _after_crash(job, problem)
    return JobOutcome(
        JobState.SUCCEEDED, {"finished_at": Now(), "result": result, "error": "", "error_detail": ""}
    )


_RELEASED = {"claim_token": None, "lease_until": None, "worker": ""}


def _put_off(job: Job, seconds: float, why: str) -> JobOutcome:
    """This try does not count."""
    again = {"attempt": job.attempt - 1, "not_before": after(seconds), "error": why}
    return JobOutcome(JobState.QUEUED, again | _RELEASED)


def _failed(error: str, detail: str) -> JobOutcome:
    return JobOutcome(JobState.FAILED, {"finished_at": Now(), "error": error, "error_detail": detail})


def _after_crash(job: Job, problem: Exception) -> JobOutcome:
    detail = place_of(problem)
    log.error("job.crashed", kind=job.kind, attempt=job.attempt, cause=detail)
    if job.attempt >= job.max_attempts:
        return _failed(UNEXPECTED, detail)
    wait = settings.JOB_RETRY_SECONDS * 4 ** (job.attempt - 1)
    again = {"not_before": after(wait), "error": UNEXPECTED, "error_detail": detail}
    return JobOutcome(JobState.QUEUED, again | _RELEASED)


def _store(job: Job, handle: JobHandle, outcome: JobOutcome) -> bool:
    fields = handle.unstored() | outcome.fields
    return move(job.pk, JobState.RUNNING, outcome.state, where={"claim_token": job.claim_token}, **fields)
