"""Backups come by themselves, once per interval, and say when they do not."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.utils import timezone

from consilium.backups import schedule
from consilium.backups.archive import FolderArchive
from consilium.backups.back_up import ONLY_DATABASE
from consilium.backups.restore import verify_backup
from consilium.backups.schedule import KIND, back_up_before_migrating, backup_state, sweep
from consilium.blobs.store import put
from consilium.jobs.models import Job
from consilium.jobs.run import run_until_over
from consilium.jobs.states import JobState
from tests.factories.cast import Cast
from tests.harness.stored import path_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def folder(tmp_path: Path, settings: Any) -> Path:
    settings.CONSILIUM_HOME = tmp_path / "home"
    settings.CONSILIUM_HOME.mkdir()
    settings.BACKUPS_FOLDER, settings.BACKUPS_KEPT = str(tmp_path / "backups"), 2
    return tmp_path / "backups"


def test_nothing_comes_without_a_folder(cast: Cast, settings: Any) -> None:
    settings.BACKUPS_FOLDER = ""
    sweep()
    assert not Job.objects.exists()
    assert (backup_state().is_scheduled, backup_state().is_late) == (False, True)


def test_one_comes_per_day_and_old_ones_go(folder: Path, cast: Cast) -> None:
    with time_machine.travel("2026-03-01T08:00:00Z", tick=False) as clock:
        for day in range(4):
            sweep()
            sweep()
            waiting = Job.objects.get(kind=KIND, state=JobState.QUEUED)
            sweep()
            assert Job.objects.filter(kind=KIND).count() == day + 1
            assert run_until_over(waiting).state == JobState.SUCCEEDED
            assert (backup_state().last, backup_state().is_late) == (timezone.now(), False)
            clock.shift(timedelta(hours=23))
            sweep()
            assert not Job.objects.filter(kind=KIND, state=JobState.QUEUED).exists()
            clock.shift(timedelta(hours=2))
        assert len(FolderArchive(folder).names()) == 2
        clock.shift(timedelta(hours=30))
        assert backup_state().is_late


def test_a_failure_is_told_and_tried_again_in_an_hour(folder: Path, cast: Cast) -> None:
    blob = put(b"pixels", "image/png")
    path_of(blob.sha256).unlink()
    with time_machine.travel("2026-03-01T08:00:00Z", tick=False) as clock:
        sweep()
        assert run_until_over(Job.objects.get(kind=KIND)).state == JobState.FAILED
        state = backup_state()
        assert (state.missing, "missing or damaged" in state.failure) == (1, True)
        clock.shift(timedelta(minutes=59))
        sweep()
        assert Job.objects.filter(kind=KIND).count() == 1
        put(b"pixels", "image/png")
        clock.shift(timedelta(minutes=2))
        sweep()
        assert run_until_over(Job.objects.get(kind=KIND, state=JobState.QUEUED)).state == JobState.SUCCEEDED
        assert backup_state().failure == ""


def test_the_database_is_copied_before_it_is_migrated(
    folder: Path, cast: Cast, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert back_up_before_migrating() == ""  # nothing waits
    monkeypatch.setattr(schedule, "unapplied_migrations", lambda: ["curation.0099_new"])
    name = back_up_before_migrating()
    assert FolderArchive(folder / "before-migrations").names() == [name]
    assert verify_backup(folder / "before-migrations").scope == ONLY_DATABASE
    settings.BACKUP_BEFORE_MIGRATIONS = False
    assert back_up_before_migrating() == ""
    settings.BACKUP_BEFORE_MIGRATIONS = True
    with monkeypatch.context() as killed:  # a first migrate that got half-way: there is nothing to keep
        begun = ["django_migrations", "people_person", "audit_audithead"]
        killed.setattr(connection.introspection, "table_names", lambda: begun)
        assert back_up_before_migrating() == ""
    settings.BACKUPS_FOLDER = "/proc/nowhere"
    migrations: list[Any] = []
    monkeypatch.setattr(
        "dashboard.management.commands.setup.call_command", lambda *a, **k: migrations.append(a)
    )
    with pytest.raises(CommandError, match="cannot be written"):
        call_command("setup")
    assert migrations == []
