"""Pixels of refused images leave the disk, whatever happens meanwhile; what others use stays."""

import json
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from benchmark.models import EvaluationKind
from benchmark.preconditions import check_scorable
from consilium.audit.models import AuditEvent
from consilium.blobs import store
from consilium.blobs.models import Blob
from consilium.blobs.purge import purge
from consilium.blobs.store import BlobPurged, damaged_blobs, keep_stored, put, read_blob
from consilium.jobs.models import Job
from consilium.jobs.queue import enqueue
from consilium.jobs.run import run_now, run_until_over
from consilium.people.permissions import NotAllowed
from consilium.refusals import ReasonMissing
from curation import tasks
from curation.held_texts import hold_question
from curation.images import purge as purging
from curation.images.pixel_review import sign_pixels, withdraw_image
from curation.images.purge import NothingToPurge, start_all_due_purges, start_due_purge, start_purge
from curation.imports import run
from curation.imports.run import start_import
from curation.imports.uploads import Upload
from curation.models import Export, Image, Question, Release, Source
from curation.questions import drop_question
from curation.releases.export import start_export, write_export
from curation.releases.gather import freeze_questions, freeze_traces
from curation.releases.kept_exports import export_folder
from curation.releases.verify import verify
from curation.releases.withdrawn_images import ImageWithdrawn
from curation.states import QuestionState
from tests.factories import curation as making
from tests.factories.cast import Cast
from tests.harness.once import Put
from tests.harness.races import raced
from tests.harness.servers import new_database
from tests.harness.stored import path_of
from training import run_folder
from training.preconditions import check_trainable


@pytest.fixture(autouse=True)
def home(settings: Any, tmp_path: Path) -> Path:
    settings.CONSILIUM_HOME = tmp_path
    return tmp_path


@pytest.fixture
def refused(cast: Cast) -> Image:
    """An image whose frame, model picture and thumbnail differ, refused by Rosa."""
    image = making.image(cast.study, making.source(cast.study), 1, state="quarantined")
    image.frame_blobs = [put(b"frame 1", "x/y").sha256, put(b"frame 2", "x/y").sha256]
    image.facts = {"window": {"width": 400, "center": 40}}
    image.save()
    pixels = image.pixel_sha256
    sign_pixels(image=image, pixel_sha256=pixels, is_clean=False, note="A name, top left.", by=cast.rosa)
    image.refresh_from_db()
    return image


def purge_now(cast: Cast, **one: Any) -> Job:
    return run_now(start_purge(study=cast.study, by=cast.lena, reason="A name was seen.", **one))


def test_a_purge_leaves_a_tombstone_and_a_proof(cast: Cast, refused: Image) -> None:
    job = purge_now(cast, image=refused)
    assert (job.state, job.result["images"]) == ("succeeded", 1)
    refused.refresh_from_db()
    assert (refused.state, refused.facts, refused.purged_by) == ("purged", {}, cast.lena)
    assert (refused.refusal, refused.purge_reason) == ("A name, top left.", "A name was seen.")
    assert not [path for path in map(path_of, refused.blobs) if path.exists()]
    with pytest.raises(BlobPurged):
        read_blob(refused.thumbnail_blob)
    proof = AuditEvent.objects.get(action="image.purged")
    assert proof.data["files"] == sorted(set(refused.blobs))
    assert proof.data["bytes"] == sum(
        Blob.objects.filter(pk__in=refused.blobs).values_list("size", flat=True)
    )
    assert (proof.data["absent"], proof.reason, proof.actor) == (True, "A name was seen.", cast.lena)
    assert damaged_blobs(lambda: None) == []


def test_what_another_image_uses_stays_until_that_goes_too(cast: Cast, refused: Image) -> None:
    other = making.image(cast.other_study, making.source(cast.other_study), 1)
    purge_now(cast, image=refused)
    shared, own = refused.thumbnail_blob, refused.frame_blobs
    assert other.thumbnail_blob == shared
    assert read_blob(shared)
    assert [path_of(sha256).exists() for sha256 in own] == [False, False]
    assert AuditEvent.objects.get(action="image.purged").data["used_by_others"] == [shared]
    withdraw_image(image=other, reason="The same name.", by=cast.nora)
    run_now(start_purge(study=cast.other_study, by=cast.nora, reason="The same name."))
    assert not path_of(shared).exists()


def test_a_purge_comes_by_itself_when_the_time_of_grace_is_over(
    cast: Cast, refused: Image, settings: Any
) -> None:
    with pytest.raises(NothingToPurge):
        start_due_purge(study=cast.study)
    Image.objects.update(refused_at=timezone.now() - timedelta(days=31))
    settings.PURGE_DAYS = 40.0
    assert start_all_due_purges() == []
    settings.PURGE_DAYS = 30.0
    daily = run_now(enqueue(kind=tasks.LEFTOVERS, by=None, study=None, params={}))
    assert daily.result["purges"] == 1
    with pytest.raises(NothingToPurge, match="on its way"):
        start_purge(study=cast.study, by=cast.lena, reason="Twice.")
    run_now(Job.objects.get(kind="curation.purge"))
    refused.refresh_from_db()
    assert (refused.state, refused.purged_by, refused.purge_reason) == ("purged", None, "30 days have passed")


def test_only_leads_purge_and_only_with_a_reason_and_only_what_was_refused(
    cast: Cast, refused: Image
) -> None:
    for person in (cast.anna, cast.rosa, cast.otto, cast.nora):
        with pytest.raises(NotAllowed):
            start_purge(study=cast.study, by=person, reason="x", image=refused)
    with pytest.raises(ReasonMissing):
        start_purge(study=cast.study, by=cast.lena, reason=" ", image=refused)
    usable = making.image(cast.study, refused.source, 2)
    with pytest.raises(NothingToPurge):
        start_purge(study=cast.study, by=cast.lena, reason="x", image=usable)
    with pytest.raises(NothingToPurge):
        start_purge(study=cast.other_study, by=cast.nora, reason="x", image=refused)
    assert not Job.objects.filter(kind="curation.purge").exists()


def test_a_purged_image_is_found_by_nobody(cast: Cast, refused: Image, client: Client) -> None:
    purge_now(cast, image=refused)
    at = {"pk": refused.pk}
    urls = [reverse(f"curation:image-{name}", kwargs=at) for name in ("manifest", "thumbnail")]
    urls.append(reverse("curation:image-frame", kwargs=at | {"number": 0}))
    for person in (cast.anna, cast.rosa, cast.lena):
        client.force_login(person)
        assert [client.get(url).status_code for url in urls] == [404] * 3


@pytest.fixture
def release(cast: Cast, settings: Any, home: Path) -> Release:
    """A frozen release of two traces, exported and laid out for training."""
    settings.MODELS_FOLDER = home / "models"
    of = making.source(cast.study)
    for number in (11, 12):
        making.trace(making.question(cast.study, of, number), making.endpoint())
    made = freeze_traces(study=cast.study, name="Traces 1", by=cast.lena)
    run_now(start_export(release=made, by=cast.lena).job)
    data = run_folder.data_folder(made.digest)
    data.mkdir(parents=True)
    (data / "rows.jsonl").write_text("{}")
    return made


def test_a_release_with_a_withdrawn_image_is_used_no_more_and_says_why(
    cast: Cast, release: Release, client: Client, tmp_path: Path
) -> None:
    image = Image.objects.earliest("pk")
    withdraw_image(image=image, reason="A name, top left.", by=cast.lena)
    assert verify(release) == []  # its bytes are whole while the time of grace lasts
    with pytest.raises(ImageWithdrawn, match=f"holds image {image.pk}, withdrawn since"):
        start_export(release=release, by=cast.lena)
    with pytest.raises(ImageWithdrawn):
        write_export(release, tmp_path / "out")
    with pytest.raises(ImageWithdrawn):
        check_trainable(cast.study, release)
    purge_now(cast)
    (problem,), day = verify(release), f"{timezone.now():%-d %b %Y}"
    assert problem.endswith(f"is gone: image {image.pk} was withdrawn and purged on {day}.")
    assert not export_folder(Export.objects.get()).exists()
    assert not run_folder.data_folder(release.digest).exists()
    run_folder.data_folder(release.digest).mkdir()  # as on another host's disk
    run_folder.data_folder("0" * 64).mkdir()
    run_folder.remove_purged_data()
    assert not run_folder.data_folder(release.digest).exists()
    assert run_folder.data_folder("0" * 64).exists()
    assert AuditEvent.objects.get(action="image.purged").data["releases"] == [release.digest]
    client.force_login(cast.lena)
    page = client.get(reverse("curation:release", args=["chest", release.pk])).content.decode()
    assert "(purged on" in page
    assert "Zip" not in page
    client.post(reverse("curation:verify-release", args=["chest", release.pk]))
    run_now(Job.objects.get(kind="curation.verify"))
    said = client.get(reverse("curation:release", args=["chest", release.pk]))
    assert "was withdrawn and purged on" in said.content.decode()


def test_nobody_is_scored_on_a_withdrawn_image(cast: Cast) -> None:
    question = making.question(cast.study, making.source(cast.study), 13, use="test")
    held_out = freeze_questions(study=cast.study, name="Held out 1", by=cast.lena)
    check_scorable(cast.study, EvaluationKind.SOLVER, held_out)
    withdraw_image(image=question.ordered_images()[0], reason="A name.", by=cast.lena)
    with pytest.raises(ImageWithdrawn):
        check_scorable(cast.study, EvaluationKind.SOLVER, held_out)


def test_pages_offer_the_purge_and_show_what_came_of_it(cast: Cast, refused: Image, client: Client) -> None:
    client.force_login(cast.lena)
    listed = reverse("curation:images", args=["chest"])
    page = reverse("curation:image", args=["chest", refused.pk])
    assert "Delete refused pixels" in client.get(listed).content.decode()
    assert "Delete pixels now" in client.get(page).content.decode()
    client.post(reverse("curation:purge-image", args=["chest", refused.pk]), {"reason": ""})
    assert not Job.objects.filter(kind="curation.purge").exists()
    client.post(reverse("curation:purge-images", args=["chest"]), {"reason": "A name."})
    running = client.get(page).content.decode()
    assert "Deleting refused images" in running
    assert "Delete pixels now" not in running
    assert "Deleting refused images" in client.get(listed).content.decode()
    run_now(Job.objects.get(kind="curation.purge"))
    text = client.get(page).content.decode()
    assert "The pixels of this image are deleted" in text
    assert f"by {cast.lena}" in text
    assert "Delete refused pixels" not in client.get(listed).content.decode()


def test_the_command_purges_what_is_due_or_all(cast: Cast, refused: Image) -> None:
    with pytest.raises(CommandError, match="Nothing waits"):
        call_command("purge", "chest")
    with pytest.raises(CommandError, match="Say why"):
        call_command("purge", "chest", "--now")
    out = StringIO()
    call_command("purge", "chest", "--now", "--reason", "A name.", "--json", stdout=out)
    assert json.loads(out.getvalue())["images"] == 1


@pytest.fixture
def dropped(cast: Cast) -> Question:
    """A question that names somebody and was dropped while it was held."""
    question = making.question(cast.study, making.source(cast.study), 21, state=QuestionState.IMPORTED)
    question.text = "Mr Johann Mueller, born 04/11/1961: what is shown?"
    question.save()
    assert hold_question(question)
    return drop_question(question=question, reason="It names him.", by=cast.lena)


def test_the_texts_of_a_question_dropped_while_held_are_emptied(
    cast: Cast, dropped: Question, client: Client
) -> None:
    plain = making.question(cast.study, dropped.source, 22)
    drop_question(question=plain, reason="Ambiguous.", by=cast.lena)
    client.force_login(cast.lena)
    page = reverse("curation:question", args=["chest", dropped.pk])
    assert "Delete texts now" in client.get(page).content.decode()
    other = client.get(reverse("curation:question", args=["chest", plain.pk])).content.decode()
    assert "Delete texts now" not in other
    client.post(reverse("curation:purge-question", args=["chest", dropped.pk]), {"reason": "It names him."})
    assert run_now(Job.objects.get(kind="curation.purge")).result["questions"] == 1
    dropped.refresh_from_db()
    plain.refresh_from_db()
    assert (dropped.text, dropped.options, dropped.answer, dropped.purged_by) == ("", {}, "", cast.lena)
    assert plain.text
    assert "Its texts were deleted on" in client.get(page).content.decode()
    event = AuditEvent.objects.get(action="question.purged")
    assert event.data == {"content": dropped.content_sha256}
    assert not AuditEvent.objects.filter(data__icontains="Mueller").exists()


def _theirs(cast: Cast, number: int) -> Image:
    """What an import of the other study stores: the pixels of the image of that number."""
    of = Source.objects.filter(study=cast.other_study).first() or making.source(cast.other_study, "Theirs")
    return making.image(cast.other_study, of, number)


def test_an_image_that_is_stored_while_a_purge_runs_keeps_its_files(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The purge has read who uses what when the image comes."""
    of = making.source(cast.study)
    images = [making.image(cast.study, of, number) for number in (31, 32)]
    for image in images:
        withdraw_image(image=image, reason="A name.", by=cast.lena)
    came: list[Image] = []

    def meanwhile(image: Image) -> list[Release]:
        came.extend([] if came else [_theirs(cast, 32)])
        return []

    monkeypatch.setattr(purging, "releases_with", meanwhile)
    assert purge_now(cast).result["images"] == 2
    assert came[0].thumbnail_blob == images[1].thumbnail_blob
    assert [path_of(image.thumbnail_blob).exists() for image in images] == [False, True]


def test_files_that_a_purge_took_from_an_import_are_put_back_before_its_image_is_stored(
    cast: Cast, refused: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the files of an import and its image lie minutes, in which nothing says that they are used."""
    theirs = making.source(cast.other_study, "Theirs")
    batch = start_import(
        study=cast.other_study, source=theirs, files=[Upload("a.png", [making.noise(5)])], by=cast.nora
    )
    plan = run._plan

    def plan_then_lose(*args: Any) -> Any:
        made = plan(*args)
        monkeypatch.setattr(run, "_plan", plan)
        (picture,) = made.pictures.values()
        purge(picture.blobs, lambda _: (), lambda: None)
        return made

    monkeypatch.setattr(run, "_plan", plan_then_lose)
    assert run_until_over(batch.job).state == "succeeded"
    (image,) = Image.objects.filter(study=cast.other_study)
    assert all(path_of(sha256).exists() for sha256 in image.blobs)
    assert not hold_fails(image.blobs)


def hold_fails(digests: list[str]) -> bool:
    with transaction.atomic():
        return not keep_stored(digests)


def test_bytes_that_come_while_their_file_is_deleted_are_written_again(
    home: Path, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    blob = put(b"an image", "image/png")
    is_intact = store.is_intact

    def there_and_gone(sha256: str) -> bool:
        found = is_intact(sha256)
        monkeypatch.setattr(store, "is_intact", is_intact)
        purge([sha256], lambda _: (), lambda: None)
        return found

    monkeypatch.setattr(store, "is_intact", there_and_gone)
    assert put(b"an image", "image/png").purged_at is None
    assert read_blob(blob.sha256) == b"an image"


@pytest.mark.soak
@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def test_a_purge_never_takes_what_an_import_stores_at_that_moment(
    database: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    server = request.getfixturevalue("postgres_server") if database == "postgresql" else ""
    report = raced(
        "tests.curation.images.race_purge", tmp_path, database=new_database(server) if server else ""
    )
    assert report == {"failures": [], "findings": []}


@pytest.mark.parametrize("every", [3, pytest.param(1, marks=pytest.mark.soak)])
def test_a_purge_killed_anywhere_is_finished_by_the_next_try(
    every: int, tmp_path: Path, put_database: Put
) -> None:
    report = raced("tests.curation.images.killed_purge", put_database(tmp_path), EVERY=str(every))
    assert report["findings"] == []
    assert report["kills"] >= (14 if every == 1 else 4)
