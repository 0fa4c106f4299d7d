"""The operator's page about the site: each part says how it stands and what to do."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from consilium.audit.anchors import anchor_chains
from consilium.audit.record import record
from consilium.backups.back_up import back_up
from consilium.blobs.store import put
from consilium.disk_space import DiskSpace
from consilium.jobs.models import Job
from consilium.jobs.queue import enqueue
from consilium.jobs.watched_figures import note_daily_check
from dashboard import site_state
from dashboard.site_state import ILL, WATCH, WELL, SitePart, doctor_findings, site_parts
from tests.factories.cast import Cast
from tests.harness.stored import path_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Broker and walls stand; each has tests of its own."""
    monkeypatch.setattr(site_state, "broker_answers", lambda: True)
    monkeypatch.setattr(site_state, "_decoder", lambda: SitePart("Decoding of uploads", WELL, "Walled off."))


def stands(name: str) -> SitePart:
    return {part.name: part for part in site_parts()}[name]


def test_a_new_site_says_what_was_never_done(cast: Cast) -> None:
    assert (stands("Backups").tone, stands("Backups").says) == (ILL, "Never made.")
    assert "CONSILIUM_BACKUPS" in stands("Backups").todo
    for name in ("Stored files", "The record", "Append-only tables"):
        assert (stands(name).tone, stands(name).says) == (WATCH, "Never checked.")
    assert stands("Jobs") == SitePart("Jobs", WELL, "No job waits.")


@pytest.mark.django_db(transaction=True)
def test_a_backup_has_an_age_and_what_it_lacks_is_told(cast: Cast, settings: Any, tmp_path: Any) -> None:
    settings.BACKUPS_FOLDER, settings.BACKUP_HOURS = str(tmp_path / "backups"), 24.0
    back_up(tmp_path / "backups")
    part = stands("Backups")
    assert (part.tone, part.todo) == (WELL, "")
    assert part.says == "Made just now. One every 24 hours."
    lost = put(b"pixels", "image/png")
    path_of(lost.sha256).unlink()
    settings.BACKUPS_FOLDER = ""
    back_up(tmp_path / "others")
    assert stands("Backups").tone == ILL
    assert "lacks 1 stored files" in stands("Backups").says


def test_a_late_backup_is_ill(cast: Cast, settings: Any, tmp_path: Any) -> None:
    settings.BACKUPS_FOLDER, settings.BACKUP_HOURS = str(tmp_path / "backups"), 1e-9
    back_up(tmp_path / "backups")
    assert (stands("Backups").tone, stands("Backups").todo) == (ILL, "Look whether a worker runs.")


def test_what_the_daily_check_found_is_told_until_it_is_mended(cast: Cast) -> None:
    note_daily_check(damaged=2, breaks=0, unprotected=1)
    assert stands("Stored files").tone == ILL
    assert stands("Stored files").says.startswith("2 missing or damaged.")
    assert stands("The record").tone == WELL
    assert stands("Append-only tables").todo == "Run manage.py migrate."
    note_daily_check(damaged=0, breaks=0, unprotected=0)
    assert stands("Stored files").tone == WELL


def test_anchors_jobs_and_disk(cast: Cast, settings: Any, tmp_path: Any, monkeypatch: Any) -> None:
    record(action="study.noted", obj=cast.study, by=cast.lena, study=cast.study)
    settings.SECOND_ANCHORS = None
    assert stands("Anchors of the record").tone == WATCH
    settings.SECOND_ANCHORS = tmp_path / "second"
    anchor_chains(cause="test")
    assert stands("Anchors of the record").tone == WELL
    assert "Kept in two places." in stands("Anchors of the record").says

    job = enqueue(kind="jobs.daily", by=None, study=None, params={})
    assert stands("Jobs").tone == WELL
    Job.objects.filter(pk=job.pk).update(created_at=timezone.now() - timedelta(hours=1))
    assert (stands("Jobs").tone, stands("Jobs").todo) == (WATCH, "Look whether a worker runs.")
    monkeypatch.setattr(site_state, "broker_answers", lambda: False)
    assert stands("Jobs").tone == ILL

    monkeypatch.setattr(site_state, "disk_space", lambda: DiskSpace(4 << 30, 100 << 30))
    assert stands("Disk of the data folder").tone == ILL


def test_the_page_is_for_operators_and_their_home_page_names_what_is_ill(cast: Cast, client: Client) -> None:
    client.force_login(cast.lena)
    assert client.get(reverse("site:state")).status_code == 403
    client.force_login(cast.otto)
    page = client.get(reverse("site:state")).content.decode()
    assert all(part.name in page for part in site_parts())
    assert all(finding.split("(")[0][:40] in page for finding in doctor_findings())
    home = client.get(reverse("site:home")).content.decode()
    assert "The site is not well" in home
    assert "Backups: Never made." in home
