"""A backup of the site comes back whole elsewhere, is verified, and is put nowhere else."""

import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.test import Client

from consilium.audit.models import AuditEvent
from consilium.audit.verify import verify_chains
from consilium.backups.archive import BackupRefused, FolderArchive
from consilium.backups.back_up import ONLY_DATABASE, back_up
from consilium.backups.manifest import DATABASE, MANIFEST, BackupUnusable, object_path, read_manifest
from consilium.backups.restore import MARK, verify_backup
from consilium.blobs.purge import purge
from consilium.blobs.store import put
from consilium.people.models import Person
from tests.factories.cast import make_cast
from tests.harness.stored import path_of
from tests.path.drive import Installation

pytestmark = pytest.mark.django_db(transaction=True)
EMBEDDED = {"DATABASE_URL": "", "BROKER_URL": ""}


@pytest.fixture
def home(tmp_path: Path, settings: Any) -> Path:
    """A data folder with a stored file, an anchor, an export and a model."""
    settings.CONSILIUM_HOME = tmp_path / "home"
    settings.MODELS_FOLDER = tmp_path / "home" / "models"
    for name in ("exports/one/data.jsonl", "models/tiny/config.json", "uploads/secret", "keys/identity.key"):
        path = tmp_path / "home" / name
        path.parent.mkdir(parents=True)
        path.write_text(name)
    (tmp_path / "home" / "anchors").mkdir()
    (tmp_path / "home" / "anchors" / "anchors.jsonl").touch()
    return tmp_path / "home"


def elsewhere(folder: Path) -> Installation:
    """An empty data folder."""
    return Installation(folder, **EMBEDDED)


def rows(home: Path, question: str) -> list[Any]:
    with closing(sqlite3.connect(home / "consilium.sqlite3")) as database:
        return database.execute(question).fetchall()


def restored(site: Installation, source: Path, status: int = 0) -> dict[str, Any]:
    said = site.command("restore", str(source), "--json", status=status)
    return dict(json.loads(said)) if said else {}


def test_a_backup_comes_back_whole(home: Path, tmp_path: Path, client: Client) -> None:
    cast = make_cast()
    client.force_login(cast.anna)
    blob = put(b"pixels", "image/png")
    first = back_up(tmp_path / "backups", models=True)
    assert (first.files, first.missing) == (4, ())
    assert verify_backup(tmp_path / "backups").name == first.name
    second = back_up(tmp_path / "backups" / "one.tar", by=cast.otto)
    assert second.files == 3  # without the model
    site = elsewhere(tmp_path / "new")
    done = restored(site, tmp_path / "backups")
    assert (done["backup"], done["migrations_wait"], "problems" in done) == (first.name, 0, False)
    assert rows(site.home, "SELECT count(*) FROM people_person")[0][0] == Person.objects.count()
    assert rows(site.home, "SELECT count(*) FROM django_session") == [(0,)]
    newest = "SELECT action FROM audit_auditevent ORDER BY id DESC LIMIT 1"
    assert rows(site.home, newest) == [("site.restored",)]
    stored = site.home / path_of(blob.sha256).relative_to(home)
    assert (stored.read_bytes(), stored.stat().st_mode & 0o077) == (b"pixels", 0)
    for name in ("exports/one/data.jsonl", "models/tiny/config.json"):
        assert (site.home / name).read_text() == name
    assert not (site.home / "uploads" / "secret").exists()
    assert not (site.home / MARK).exists()
    # Keys are kept apart: the new folder made its own, which the operator replaces by the old.
    assert (site.home / "keys" / "identity.key").read_text() != "keys/identity.key"
    assert "identity key" in done["before_you_start"][0]
    event = AuditEvent.objects.filter(action="site.backed_up").latest("pk")
    assert (event.actor, event.data["backup"], verify_chains()[1]) == (cast.otto, second.name, [])
    refused = site.command("restore", str(tmp_path / "backups"), status=2)
    assert refused == ""


def test_nothing_is_put_over_anything(home: Path, tmp_path: Path) -> None:
    make_cast()
    put(b"pixels", "image/png")
    back_up(tmp_path / "backups")
    for name, held in (("mixed", "blobs/ab/cd/abcd"), ("other", MARK)):
        path = tmp_path / name / held
        path.parent.mkdir(parents=True)
        path.write_text('{"backup": "20200101T000000Z"}')
        restored(elsewhere(tmp_path / name), tmp_path / "backups", status=2)
        assert path.read_text() == '{"backup": "20200101T000000Z"}'
        assert not (tmp_path / name / "consilium.sqlite3").exists() or not rows(
            tmp_path / name, "SELECT name FROM sqlite_master"
        )


def test_a_restore_that_was_killed_is_gone_on_with(home: Path, tmp_path: Path) -> None:
    make_cast()
    blob = put(b"pixels", "image/png")
    made = back_up(tmp_path / "backups")
    half = tmp_path / "half"
    place = half / path_of(blob.sha256).relative_to(home)
    place.parent.mkdir(parents=True)
    place.write_bytes(b"pix")
    (half / MARK).write_text(json.dumps({"backup": made.name}))
    assert restored(elsewhere(half), tmp_path / "backups")["backup"] == made.name
    assert (place.read_bytes(), (half / MARK).exists()) == (b"pixels", False)


@pytest.mark.parametrize("part", ["object", DATABASE, MANIFEST])
def test_damage_is_found_before_the_database_is_there(home: Path, tmp_path: Path, part: str) -> None:
    make_cast()
    blob = put(b"pixels", "image/png")
    made = back_up(tmp_path / "backups")
    name = object_path(blob.sha256) if part == "object" else f"{made.name}/{part}"
    damaged = tmp_path / "backups" / name
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.write_bytes(content)
    with pytest.raises(BackupUnusable):
        verify_backup(tmp_path / "backups")
    site = elsewhere(tmp_path / "new")
    restored(site, tmp_path / "backups", status=2)
    assert not (site.home / "consilium.sqlite3").exists() or not rows(
        site.home, "SELECT name FROM sqlite_master"
    )


def test_a_backup_from_the_future_or_another_database_is_refused(home: Path, tmp_path: Path) -> None:
    make_cast()
    made = back_up(tmp_path / "backups")
    path = tmp_path / "backups" / made.name / MANIFEST
    written = read_manifest(made.name, path.read_bytes())
    for change in ({"migrations": [*written.migrations, "audit.9999_new"]}, {"engine": "postgresql"}):
        path.write_bytes(replace(written, **change).to_json())
        restored(elsewhere(tmp_path / "new"), tmp_path / "backups", status=2)
        assert not (tmp_path / "new" / MARK).exists()


def test_what_is_missing_is_said(home: Path, tmp_path: Path) -> None:
    make_cast()
    lost, changed = put(b"lost", "image/png"), put(b"changed", "image/png")
    path_of(lost.sha256).unlink()
    path_of(changed.sha256).write_bytes(b"chanGed")
    made = back_up(tmp_path / "backups")
    assert set(made.missing) == {lost.sha256, changed.sha256}
    done = restored(elsewhere(tmp_path / "new"), tmp_path / "backups", status=1)
    assert len(done["problems"]) == 2


def test_the_database_alone_is_put_back_beside_its_files(home: Path, tmp_path: Path) -> None:
    make_cast()
    put(b"pixels", "image/png")
    assert back_up(tmp_path / "backups", scope=ONLY_DATABASE).files == 0
    shutil.copytree(home / "blobs", tmp_path / "new" / "blobs")
    done = restored(elsewhere(tmp_path / "new"), tmp_path / "backups")
    assert done["files"] == 0
    assert rows(tmp_path / "new", "SELECT count(*) FROM blobs_blob") == [(1,)]


def test_a_backup_that_is_stopped_or_has_no_room_leaves_nothing(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_cast()
    put(b"pixels", "image/png")

    def stop(done: int, total: int, note: str) -> None:
        if note.startswith("Copying stored"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        back_up(tmp_path / "backups", tell=stop)

    def is_full(self: FolderArchive, source: Any) -> tuple[str, int]:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(FolderArchive, "add_object", is_full)
    with pytest.raises(BackupRefused, match="No space left"):
        back_up(tmp_path / "backups")
    assert FolderArchive(tmp_path / "backups").names() == []
    assert not list((tmp_path / "backups").glob(".new-*"))
    assert not AuditEvent.objects.filter(action="site.backed_up").exists()


def test_what_was_purged_is_not_missing(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_cast()
    before, during, lost = (put(content, "image/png") for content in (b"before", b"during", b"lost"))
    purge([before.sha256], lambda _: (), lambda: None)

    def remove(done: int, total: int, note: str) -> None:
        if note.startswith("Copying stored"):
            purge([during.sha256], lambda _: (), lambda: None)
            path_of(lost.sha256).unlink(missing_ok=True)

    assert back_up(tmp_path / "backups", tell=remove).missing == (lost.sha256,)


def test_where_this_second_has_its_backup_the_next_one_is_waited_for(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with time_machine.travel(datetime(2026, 3, 12, 14, 3, tzinfo=UTC), tick=False) as clock:
        monkeypatch.setattr("consilium.backups.back_up.time.sleep", lambda _seconds: clock.shift(0.3))
        first, second = back_up(tmp_path / "backups"), back_up(tmp_path / "backups")
    assert (first.name, second.name) == ("20260312T140300Z", "20260312T140301Z")
    assert FolderArchive(tmp_path / "backups").names() == [first.name, second.name]
