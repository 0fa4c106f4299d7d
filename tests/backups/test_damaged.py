"""Damaged contents: found, moved aside, named with their users, and put back from a backup."""

import json
from contextlib import nullcontext, suppress
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from consilium.audit.models import AuditEvent
from consilium.backups.back_up import back_up
from consilium.blobs.blob_store import StoreRefuses
from consilium.blobs.move import MoveRefused, empty_store, move_files
from consilium.blobs.probe import MARK
from consilium.blobs.purge import purge
from consilium.blobs.scrub import damages, scrub
from consilium.blobs.site_store import site_id, site_store
from consilium.blobs.store import BlobDamaged, keep_stored, key_of, put, quarantine_key, read_blob
from consilium.jobs.models import Job, WatchedFigure
from consilium.jobs.run import run_now
from consilium.jobs.watched_figures import DAMAGED_FILES
from curation.models import Export, Image, Release
from curation.releases.export import start_export
from curation.releases.gather import freeze_traces
from tests.factories import curation as making
from tests.factories.cast import Cast

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True, params=["folder", "bucket"])
def home(request: pytest.FixtureRequest, settings: Any, tmp_path: Path) -> Any:
    settings.CONSILIUM_HOME = tmp_path / "home"
    settings.CONSILIUM_HOME.mkdir()
    if request.param == "bucket":
        settings.OBJECT_STORE = request.getfixturevalue("store_server").address()
        site_store().put(MARK, [site_id().encode()])
    return settings.CONSILIUM_HOME


@pytest.fixture
def release(cast: Cast) -> Release:
    of = making.source(cast.study)
    making.trace(making.question(cast.study, of, 1), making.endpoint())
    making.image(cast.other_study, making.source(cast.other_study, "Theirs"), 2)
    made = freeze_traces(study=cast.study, name="First", by=cast.lena)
    # A backup's copy of the database does not see this test's transaction: the picture is in it as a file.
    export = start_export(release=made, by=cast.lena, layout="jsonl")
    assert run_now(export.job).state == "succeeded"
    return made


def spoil(sha256: str, content: bytes | None = b"other bytes") -> None:
    site_store().delete([key_of(sha256)])
    if content is not None:
        site_store().put(key_of(sha256), [content])


def silent() -> None:
    """Goes on."""


def told(*words: str, status: int = 0) -> dict[str, Any]:
    out = StringIO()
    with suppress(CommandError) if status else nullcontext():
        call_command("blobs", *words, "--json", stdout=out)
    said = dict(json.loads(out.getvalue()))
    assert said.get("ok", True) is (status == 0)
    return said


def test_a_damaged_image_is_moved_aside_and_said_to_whom_it_concerns_until_a_backup_mends_it(
    cast: Cast, release: Release, tmp_path: Path, settings: Any
) -> None:
    back_up(tmp_path / "backups")
    (image,) = Image.objects.filter(study=cast.study)
    export, sha256 = Export.objects.get(), image.thumbnail_blob
    spoil(sha256)
    job = Job.objects.create(kind="jobs.daily", queue="default", params={"day": "2026-11-27"})
    run_now(job)
    assert (job.state, "1 stored files are missing or changed" in job.error) == ("failed", True)
    assert site_store().size(quarantine_key(sha256)) == len(b"other bytes")
    with pytest.raises(BlobDamaged):
        read_blob(sha256)
    assert not keep_stored([sha256])
    (damage,) = damages()
    assert (damage.sha256, damage.kind) == (sha256, "changed")
    used = {use["words"] for use in damage.uses}
    assert used == {
        f"study chest, image {image.pk}",
        f"study chest, release {release.digest[:12]}",
        f"study chest, export {export.folder}",
    }
    assert {event.chain for event in AuditEvent.objects.filter(action="blob.damaged")} == {
        "system",
        "study:chest",
    }
    pages = {}
    for name, person, url in (
        ("operator", cast.otto, reverse("site:state")),
        ("lead", cast.lena, reverse("site:study", args=[cast.study.slug])),
        ("other lead", cast.nora, reverse("site:study", args=[cast.other_study.slug])),
    ):
        client = Client()
        client.force_login(person)
        pages[name] = client.get(url).content.decode()
        picture = client.get(reverse("curation:image-thumbnail", args=[image.pk]))
        assert picture.status_code == 404
    assert sha256[:12] in pages["operator"]
    for words in used:
        assert words in pages["operator"]
        assert words.removeprefix("study chest, ") in pages["lead"]
    assert "damaged" not in pages["other lead"]
    assert told("damaged", status=1)["damaged"][0]["used_by"].count("study chest") == 3
    assert scrub(silent).fresh == []  # no news, and no second event
    assert AuditEvent.objects.filter(action="blob.damaged").count() == 2
    assert WatchedFigure.objects.get(name=DAMAGED_FILES).figure == 1
    mended = told("mend", str(tmp_path / "backups"))
    assert mended["mended"] == [sha256]
    assert read_blob(sha256)
    assert (damages(), site_store().size(quarantine_key(sha256))) == ([], None)
    assert WatchedFigure.objects.get(name=DAMAGED_FILES).figure == 0
    assert AuditEvent.objects.filter(action="blob.mended").count() == 2
    assert told("damaged") == {"damaged": []}


def test_what_a_backup_lacks_is_named_and_the_same_bytes_heal_it(cast: Cast, tmp_path: Path) -> None:
    back_up(tmp_path / "backups")
    lost, changed = put(b"lost", "image/png").sha256, put(b"changed", "image/png").sha256
    spoil(lost, None)
    spoil(changed)
    found = scrub(silent)
    assert found.damaged == found.fresh == sorted([lost, changed])
    assert {damage.sha256: damage.kind for damage in damages()} == {lost: "missing", changed: "changed"}
    assert told("mend", str(tmp_path / "backups"), status=1)["lacking"] == sorted([lost, changed])
    put(b"lost", "image/png")
    site_store().put(key_of(changed), [b"changed"])  # by hand, behind the site's back
    assert scrub(silent).mended == [changed]
    assert (damages(), keep_stored([lost, changed])) == ([], True)
    spoil(changed)
    scrub(silent)
    purge([changed], lambda _: (), silent)
    assert (damages(), site_store().size(quarantine_key(changed))) == ([], None)


def test_one_wrong_reading_is_no_damage(monkeypatch: pytest.MonkeyPatch) -> None:
    sha256 = put(b"whole", "image/png").sha256
    monkeypatch.setattr("consilium.blobs.scrub.damaged_blobs", lambda check: [sha256])
    assert scrub(silent).damaged == []
    assert read_blob(sha256) == b"whole"


def test_a_store_that_is_not_this_sites_is_not_called_damaged(settings: Any) -> None:
    sha256 = put(b"whole", "image/png").sha256
    if settings.OBJECT_STORE is None:
        return
    site_store().put(MARK, [b"another site"])
    spoil(sha256, None)
    with pytest.raises(StoreRefuses):
        scrub(silent)
    assert damages() == []


def test_all_files_move_to_the_other_store_and_back_while_things_come_and_go(
    cast: Cast, release: Release, store_server: Any, settings: Any, tmp_path: Path
) -> None:
    here = settings.OBJECT_STORE
    there = store_server.address() if here is None else None

    def name(place: Any) -> str:
        return f"s3://{place.bucket}/{place.prefix}" if place else "folder"

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONSILIUM_OBJECT_STORE_ENDPOINT", store_server.address().endpoint)
        patch.setenv("CONSILIUM_OBJECT_STORE_SECONDS", "5")
        target = name(there)
        gone, bad = put(b"soon purged", "image/png").sha256, put(b"damaged", "image/png").sha256
        spoil(bad)
        first = move_files(target)
        assert (first.there, first.removed, first.damaged) == (0, 0, [bad])
        purge([gone], lambda _: (), silent)
        fresh = put(b"new", "image/png").sha256
        again = move_files(target)
        assert (again.copied, again.there, again.removed) == (1, first.copied - 1, 1)
        with pytest.raises(MoveRefused):
            move_files(name(here))
        settings.OBJECT_STORE = there
        assert read_blob(fresh) == b"new"
        assert scrub(silent).damaged == [bad]
        lead = Client()
        lead.force_login(cast.lena)
        url = reverse("curation:download-export", args=[cast.study.slug, Export.objects.get().pk])
        assert b"".join(lead.get(url).streaming_content)  # type: ignore[attr-defined]
        spoil(fresh, None)
        with pytest.raises(MoveRefused, match="not whole"):
            empty_store(name(here))
        put(b"new", "image/png")
        assert empty_store(name(here)) == first.copied + 1  # the damaged one too
        settings.OBJECT_STORE = here
        assert [file for prefix in ("blobs/", "exports/") for file in site_store().files(prefix)] == []
