"""Backups that nobody has to think of: every so many hours, to the folder that the operator named."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.utils import timezone

from consilium.backups.archive import BackupRefused
from consilium.backups.back_up import ONLY_DATABASE, back_up
from consilium.backups.database_copy import is_begun
from consilium.database_version import unapplied_migrations
from consilium.jobs.handle import JobFailed, JobHandle
from consilium.jobs.models import Job, WatchedFigure
from consilium.jobs.queue import enqueue
from consilium.jobs.states import JobState
from consilium.jobs.watched_figures import BACKUP_LACKS

KIND: Final = "site.backup"
# After a failure the next try does not wait a whole day, and does not come every few seconds either.
AGAIN: Final = timedelta(hours=1)
# Twice the interval without a backup is something an operator has to hear of.
LATE: Final = 2
KEPT_BEFORE_MIGRATIONS: Final = 3


@dataclass(frozen=True, slots=True)
class BackupState:
    """What an operator wants to know: the last backup, the last that failed since, and whether it is late."""

    is_scheduled: bool
    hours: float
    last: datetime | None
    missing: int
    failure: str

    @property
    def is_late(self) -> bool:
        """Whether the last backup is older than it should be."""
        limit = timezone.now() - timedelta(hours=self.hours * LATE)
        return self.last is None or self.last < limit


def sweep() -> None:
    """Queue a backup when the last is old enough; a tick of the reaper."""
    if settings.BACKUPS_FOLDER and _is_due(timezone.now()):
        enqueue(kind=KIND, by=None, study=None, params={})


def run_backup(handle: JobHandle) -> dict[str, Any]:
    """The job: one backup, of which older ones beyond the number to keep are removed."""
    if not settings.BACKUPS_FOLDER:
        raise JobFailed("No folder for backups is set any more (CONSILIUM_BACKUPS).")
    try:
        made = back_up(
            Path(settings.BACKUPS_FOLDER),
            models=settings.BACKUP_MODELS,
            kept=settings.BACKUPS_KEPT,
            tell=handle.progress,
        )
    except BackupRefused as refusal:
        raise JobFailed(str(refusal)) from None
    if made.missing:
        raise JobFailed(
            f"Backup {made.name} was made, but {len(made.missing)} stored files were missing or damaged. "
            "Restore them from an older backup."
        )
    return {"backup": made.name, "files": made.files, "copied": made.copied}


def back_up_before_migrating() -> str:
    """Back the database up when migrations wait and it holds anything; the backup's name, or nothing.

    Migrations touch no files, so those are left out. Raises BackupRefused: nothing is migrated then.
    """
    if not settings.BACKUP_BEFORE_MIGRATIONS or not is_begun() or not unapplied_migrations():
        return ""
    folder = Path(settings.BACKUPS_FOLDER or Path(settings.CONSILIUM_HOME) / "backups")
    return back_up(folder / "before-migrations", scope=ONLY_DATABASE, kept=KEPT_BEFORE_MIGRATIONS).name


def backup_state() -> BackupState:
    """How the backups stand."""
    last = WatchedFigure.objects.filter(name=BACKUP_LACKS).first()
    newest = Job.objects.filter(kind=KIND).exclude(state__in=[JobState.QUEUED, JobState.RUNNING])
    job = newest.order_by("-created_at").first()
    is_mended = job and last and last.changed_at > job.created_at and not last.figure
    return BackupState(
        is_scheduled=bool(settings.BACKUPS_FOLDER),
        hours=settings.BACKUP_HOURS,
        last=last.changed_at if last else None,
        missing=last.figure if last else 0,
        failure=job.error if job and not is_mended else "",
    )


def _is_due(now: datetime) -> bool:
    last = Job.objects.filter(kind=KIND).order_by("-created_at").first()
    if last is None:
        return True
    waits = timedelta(hours=settings.BACKUP_HOURS)
    if last.state in {JobState.QUEUED, JobState.RUNNING}:
        return False
    return last.created_at < now - (min(AGAIN, waits) if last.state == JobState.FAILED else waits)
