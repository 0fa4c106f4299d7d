"""How the site stands, asked of its database and disk at each scrape: the same whichever host answers."""

import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db.models import Count, Min
from django.db.models.functions import Coalesce
from django.utils import timezone
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from consilium.backups.schedule import backup_state
from consilium.celery import QUEUES
from consilium.jobs.claim import due
from consilium.jobs.models import Job, WatchedFigure
from consilium.jobs.reaper import DAILY_KIND
from consilium.jobs.states import JobState
from consilium.jobs.watched_figures import CHAIN_BREAKS, DAMAGED_FILES, LEASES_LOST, MISSING_TRIGGERS
from consilium.workqueue.models import Kind, Submission

DAILY: Final = {
    DAMAGED_FILES: ("consilium_damaged_files", "Stored files missing or changed and not put back."),
    CHAIN_BREAKS: ("consilium_audit_chain_breaks", "Breaks in the audit chains at the last daily check."),
    MISSING_TRIGGERS: (
        "consilium_missing_triggers",
        "Triggers of append-only tables missing or altered at the last daily check.",
    ),
}


def site_figures() -> Iterator[Metric]:
    """Every figure that is the site's, not this process's: seven queries."""
    yield _queue_ages()
    yield _jobs()
    yield from _watched()
    yield from _backups()
    yield from _disk()
    yield _submissions()


def _queue_ages() -> Metric:
    """The longest wait among jobs that may start; one that was put off waits since its next try was due."""
    family = GaugeMetricFamily(
        "consilium_queue_oldest_waiting_seconds",
        "For how long the oldest job that may start has waited for a worker; 0 when none waits.",
        labels=["queue"],
    )
    waiting = due().order_by().values("queue").annotate(since=Min(Coalesce("not_before", "created_at")))
    since = dict(waiting.values_list("queue", "since"))
    now = timezone.now()
    for queue in QUEUES:
        family.add_metric([queue], max(0.0, (now - since.get(queue, now)).total_seconds()))
    return family


def _jobs() -> Metric:
    family = GaugeMetricFamily("consilium_jobs", "Jobs by queue and state.", labels=["queue", "state"])
    counted = Job.objects.order_by().values("queue", "state").annotate(number=Count("pk"))
    numbers = {(row["queue"], row["state"]): row["number"] for row in counted}
    for queue in QUEUES:
        for state in JobState:
            family.add_metric([queue, str(state)], numbers.get((queue, state), 0))
    return family


def _watched() -> Iterator[Metric]:
    kept = {figure.name: figure for figure in WatchedFigure.objects.all()}
    losses = CounterMetricFamily(
        "consilium_job_lease_losses",
        "Jobs whose worker fell silent until its lease ran out.",
        labels=["queue"],
    )
    for queue in QUEUES:
        losses.add_metric([queue], kept[LEASES_LOST + queue].figure if LEASES_LOST + queue in kept else 0)
    yield losses
    for name, (metric, text) in DAILY.items():
        family = GaugeMetricFamily(metric, text)
        if name in kept:  # before the first check nothing is known, and nothing is claimed
            family.add_metric([], kept[name].figure)
        yield family
    failed = Job.objects.filter(kind=DAILY_KIND, state=JobState.FAILED).count()
    yield CounterMetricFamily("consilium_daily_check_failures", "Daily checks that failed.", value=failed)
    last = kept[DAMAGED_FILES].changed_at if DAMAGED_FILES in kept else None
    yield _instant("consilium_daily_check_last_timestamp_seconds", "The last daily check's end", last)


def _backups() -> Iterator[Metric]:
    state = backup_state()
    yield _instant("consilium_backup_last_timestamp_seconds", "The last backup", state.last)
    yield GaugeMetricFamily(
        "consilium_backup_interval_seconds", "How often a backup should come.", value=state.hours * 3600
    )
    yield GaugeMetricFamily(
        "consilium_backup_failed",
        "1 when the last backup that came by itself failed and none was made since.",
        value=bool(state.failure),
    )
    yield GaugeMetricFamily(
        "consilium_backup_missing_files", "Stored files that the last backup lacks.", value=state.missing
    )


def _disk() -> Iterator[Metric]:
    disk = shutil.disk_usage(Path(settings.CONSILIUM_HOME))
    yield GaugeMetricFamily("consilium_disk_free_bytes", "Free on the data folder's disk.", value=disk.free)
    yield GaugeMetricFamily("consilium_disk_total_bytes", "Size of the data folder's disk.", value=disk.total)


def _submissions() -> Metric:
    """Counted in the index of a person's submissions, which holds the kind: nothing is added to a vote."""
    family = CounterMetricFamily("consilium_submissions", "Stored submissions by kind.", labels=["kind"])
    counted = Submission.objects.order_by().values_list("kind").annotate(number=Count("pk"))
    numbers = dict(counted.values_list("kind", "number"))
    for kind in Kind:
        family.add_metric([str(kind)], numbers.get(kind, 0))
    return family


def _instant(name: str, what: str, at: datetime | None) -> Metric:
    seconds = at.timestamp() if at else 0.0
    return GaugeMetricFamily(name, f"{what}, in seconds since 1970; 0: never.", value=seconds)
