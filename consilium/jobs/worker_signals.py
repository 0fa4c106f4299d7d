"""The worker's side: what a ring starts, the sweeper's thread, and when a worker refuses to start.

Only Celery imports this module (`consilium.celery`, `imports`).
"""

import os
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from celery import signals
from django.conf import settings
from django.db import close_old_connections, connection

from consilium import gpu_sets, kept_heap, start
from consilium.audit.anchors import anchor_or_log
from consilium.celery import app
from consilium.jobs import handle, host_sweeps, reaper
from consilium.jobs.claim import claim, claim_next, due
from consilium.jobs.models import Job
from consilium.jobs.notify import RING
from consilium.jobs.queue_names import AT_ONCE
from consilium.jobs.run import run_claimed
from consilium.logs import place_of

log = structlog.get_logger(__name__)
TICK_SECONDS = 5.0
_sweeper_stops = threading.Event()
# Of a worker that serves all of these queues; a worker of one queue has as many as threads.
_places = {queue: threading.BoundedSemaphore(number) for queue, number in AT_ONCE.items()}
_sweeper: list[threading.Thread] = []


@app.task(name=RING)
def ring(job_id: str) -> None:
    """Run the job of this ring, if it still waits, and then whatever else waits in its queue."""
    try:
        queue = _queue_of(job_id)
        if queue not in app.amqp.queues.consume_from:
            log.warning("ring.refused", known=bool(queue))
            return
        with _place(queue) as is_free:
            for job in _claims(uuid.UUID(job_id), queue) if is_free else ():
                run_claimed(job)
                close_old_connections()
    except Exception as problem:  # the database is away: the lease runs out and the sweeper takes over
        log.error("ring.failed", cause=place_of(problem))
        connection.close()


@contextmanager
def _place(queue: str) -> Iterator[bool]:
    """A place for one more job of the queue in this process; where all are taken, whoever has one takes the
    job after its own, and at the latest the sweeper rings again.
    """
    places = _places.get(queue) if _places.keys() <= app.amqp.queues.consume_from.keys() else None
    is_free = places is None or places.acquire(blocking=False)
    try:
        yield is_free
    finally:
        if places is not None and is_free:
            places.release()


def _claims(first: uuid.UUID, queue: str) -> Iterator[Job]:
    """Jobs of the queue, claimed one by one, `first` first; ends when none waits or the worker stops."""
    if not handle.stopping.is_set() and due().filter(pk=first).exists() and (job := claim(first)):
        yield job
    while not handle.stopping.is_set() and (job := claim_next([queue])):
        yield job


def _queue_of(job_id: str) -> str:
    """The queue of the job that was rung for; empty when there is no such job."""
    try:
        key = uuid.UUID(job_id)
    except (ValueError, AttributeError, TypeError):
        return ""
    return Job.objects.filter(pk=key).values_list("queue", flat=True).first() or ""


@signals.setup_logging.connect
def _keep_our_logging(**kwargs: Any) -> None:
    """A receiver keeps Celery from configuring the log: Django did (consilium/logs.py)."""


@signals.worker_init.connect
def _refuse_a_wrong_start(**kwargs: Any) -> None:
    """SystemExit when the configuration, the folder or the database does not fit this version."""
    start.refuse_a_wrong_start("worker")
    connection.close()
    kept_heap.loading_ended()
    if settings.GPU_SET is not None:
        with start.readable_environment("worker"):
            gpu_sets.hold_set(settings.GPU_SET, settings.CONSILIUM_HOME / "gpu-sets")
        os.environ["CUDA_VISIBLE_DEVICES"] = settings.GPU_SET.visible  # for all that it starts


@signals.worker_ready.connect
def _start_sweeping(**kwargs: Any) -> None:
    thread = threading.Thread(target=_sweep, name="sweeper", daemon=True)
    _sweeper[:] = [thread]
    thread.start()
    log.info("worker.ready", queues=sorted(app.amqp.queues.consume_from))


def _sweep() -> None:
    pause = min(TICK_SECONDS, settings.JOB_LEASE_SECONDS / 2)
    anchor_or_log(cause="start")
    while not _sweeper_stops.is_set():
        try:
            close_old_connections()
            reaper.tick()
            host_sweeps.sweep_host()
        except Exception as problem:
            log.warning("sweeper.failed", cause=type(problem).__name__)
            connection.close()
        _sweeper_stops.wait(pause)
    connection.close()


@signals.worker_shutting_down.connect
def _stop_sweeping_then_jobs(**kwargs: Any) -> None:
    """The sweeper stops first; running jobs give themselves back to the queue at their next check."""
    _sweeper_stops.set()
    handle.stopping.set()


@signals.worker_shutdown.connect
def _leave(**kwargs: Any) -> None:
    for thread in _sweeper:
        thread.join(timeout=TICK_SECONDS)
    anchor_or_log(cause="stop")
    try:
        reaper.give_turn()
    except Exception as problem:
        log.warning("sweeper.turn_kept", cause=type(problem).__name__)
    connection.close()
