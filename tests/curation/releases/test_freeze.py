"""Freezing, verifying and withdrawing releases."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from consilium.audit import protection
from consilium.audit.anchor_file import NAME
from consilium.audit.anchors import anchors_folder
from consilium.audit.append_only import Refusal
from consilium.audit.models import AuditEvent
from consilium.blobs.store import put, read_blob
from consilium.canonical_json import canonical_json
from consilium.people.models import pseudonym
from consilium.people.permissions import NotAllowed
from curation.models import Image, Question, Release, ReleaseFile, ReleaseRow, ReleaseSideRow, Trace
from curation.permissions import SourceRefused
from curation.releases.contents import FreezeRefused, NewRow
from curation.releases.freeze import (
    EmptyRelease,
    find_release,
    freeze,
    rows_of,
    side_rows_of,
    withdraw_release,
)
from curation.releases.gather import freeze_dev_questions, freeze_questions, freeze_traces
from curation.releases.manifest import FILES, FIRST_FORMAT, digest_of, lines_of, manifest_of
from curation.releases.materialise import materialise
from curation.releases.verify import verify
from curation.states import ImageState, TraceState
from tests.factories import curation as making
from tests.factories.cast import Cast
from tests.harness.stored import path_of


@pytest.fixture
def traces(cast: Cast) -> Cast:
    of = making.source(cast.study)
    for number in range(3):
        making.trace(making.question(cast.study, of, number), making.endpoint())
    making.trace(making.question(cast.study, of, 3), making.endpoint(), TraceState.REJECTED)
    making.question(cast.study, of, 4, use="test")
    return cast


def test_a_trace_release_holds_reviewed_training_traces_and_counts_the_rest(traces: Cast) -> None:
    release = freeze_traces(study=traces.study, name="First", by=traces.lena)
    rows = [row.content for row in rows_of(release)]
    assert (release.state, release.row_count, release.left_out) == ("frozen", 3, {"trace rejected": 1})
    assert {row["split"] for row in rows} == {"train"}
    assert rows[0]["reasoning"] == "The field is red.\nRed means A."
    assert rows[0]["images"] == [f"images/{rows[0]['sha256'][0]}.png"]
    assert [step["id"] for step in rows[0]["steps"]] == ["step-1", "step-2"]
    assert verify(release) == []
    assert AuditEvent.objects.filter(action="release.frozen", data__digest=release.digest).exists()


def test_equal_content_gives_an_equal_digest_and_a_changed_row_another(traces: Cast) -> None:
    first = freeze_traces(study=traces.study, name="First", by=traces.lena)
    again = freeze_traces(study=traces.study, name="Again", by=traces.max)
    making.trace(making.question(traces.study, making.source(traces.study, "More"), 9), making.endpoint())
    more = freeze_traces(study=traces.study, name="More", by=traces.lena)
    assert first.digest == again.digest != more.digest


def test_a_question_release_holds_test_questions_only(traces: Cast) -> None:
    release = freeze_questions(study=traces.study, name="Held out", by=traces.lena)
    (row,) = rows_of(release)
    assert row.content["split"] == "test"
    assert "reasoning" not in row.content


def test_dev_questions_have_a_release_of_their_own(traces: Cast) -> None:
    with pytest.raises(EmptyRelease):
        freeze_dev_questions(study=traces.study, name="Dev", by=traces.lena)
    of = making.source(traces.study, "More")
    for number, use in enumerate(("dev", "train", "test", "dev"), start=20):
        making.question(traces.study, of, number, use=use)
    release = freeze_dev_questions(study=traces.study, name="Dev", by=traces.lena)
    assert release.kind == "questions"
    assert [row.content["split"] for row in rows_of(release)] == ["dev", "dev"]


def test_only_leads_freeze(traces: Cast) -> None:
    for person in (traces.anna, traces.rosa, traces.otto, traces.nora):
        with pytest.raises(NotAllowed):
            freeze_traces(study=traces.study, name="No", by=person)
    assert not Release.objects.exists()


def test_an_empty_release_is_refused_with_its_reasons(cast: Cast) -> None:
    making.trace(
        making.question(cast.study, making.source(cast.study), 1), making.endpoint(), TraceState.REJECTED
    )
    with pytest.raises(EmptyRelease, match="trace rejected: 1"):
        freeze_traces(study=cast.study, name="Empty", by=cast.lena)
    assert not Release.objects.exists()


def test_a_source_without_permission_to_train_is_left_out_by_name_and_refused_when_forced(cast: Cast) -> None:
    closed = making.source(cast.study, "Closed archive", may_train=False)
    making.trace(making.question(cast.study, closed, 1), making.endpoint())
    with pytest.raises(EmptyRelease, match=r"'Closed archive'.*may_train"):
        freeze_traces(study=cast.study, name="Closed", by=cast.lena)
    row = NewRow("trace-1", {"source": "Closed archive"}, {})
    with pytest.raises(SourceRefused, match=r"'Closed archive'.*may_train"):
        freeze(study=cast.study, kind="traces", name="Forced", rows=[row], left_out={}, by=cast.lena)


def test_a_model_that_forbids_training_on_its_outputs_is_left_out(cast: Cast) -> None:
    mute = making.endpoint("mute", outputs_may_train=False)
    making.trace(making.question(cast.study, making.source(cast.study), 1), mute)
    with pytest.raises(EmptyRelease, match="outputs_may_train"):
        freeze_traces(study=cast.study, name="Mute", by=cast.lena)


@pytest.mark.parametrize("same", ["picture", "words"])
def test_a_picture_or_words_held_out_for_testing_stay_out_of_training(cast: Cast, same: str) -> None:
    of = making.source(cast.study, is_synthetic=False)
    trained, held = making.question(cast.study, of, 1), making.question(cast.study, of, 2, use="test")
    making.trace(trained, making.endpoint())
    if same == "picture":
        Image.objects.filter(questions__in=[trained, held]).update(perceptual_hash="00ff00ff00ff00ff")
    else:
        words = "A long question about a finding in the left upper lobe of the lung, number"
        Question.objects.filter(pk=trained.pk).update(text=f"{words} one?")
        Question.objects.filter(pk=held.pk).update(text=f"{words} two?")
    with pytest.raises(EmptyRelease, match="decontamination"):
        freeze_traces(study=cast.study, name="Dirty", by=cast.lena)


def test_an_image_withdrawn_after_review_keeps_its_trace_out(traces: Cast) -> None:
    image = traces.study.images.order_by("pk").first()
    assert image is not None
    type(image).objects.filter(pk=image.pk).update(state=ImageState.REFUSED)
    release = freeze_traces(study=traces.study, name="Two", by=traces.lena)
    assert release.row_count == 2


@pytest.mark.parametrize("path", ["../x.png", "/etc/x", "Images/x", "a//b", "images/../x"])
def test_paths_that_leave_the_release_are_refused(cast: Cast, path: str) -> None:
    with pytest.raises(FreezeRefused, match="may not stand"):
        freeze(
            study=cast.study,
            kind="preferences",
            name="P",
            rows=[NewRow("1", {}, {path: "0" * 64})],
            left_out={},
            by=cast.lena,
        )


def test_frozen_rows_files_and_heads_refuse_every_change_in_the_database(traces: Cast) -> None:
    release = freeze_traces(study=traces.study, name="First", by=traces.lena)
    file = ReleaseFile.objects.filter(release=release).first()
    assert file is not None
    attempts = [
        lambda: ReleaseRow.objects.create(
            release=release, position=99, row_id="x", content={}, sha256="0" * 64
        ),
        lambda: ReleaseFile.objects.create(release=release, path="images/x.png", blob=file.blob),
        lambda: ReleaseSideRow.objects.create(
            release=release, table="votes", position=0, row_id="x", content={}, sha256="0" * 64
        ),
        lambda: ReleaseRow.objects.filter(release=release).update(content={}),
        lambda: ReleaseSideRow.objects.filter(release=release).update(content={}),
        lambda: ReleaseFile.objects.filter(release=release).update(path="x"),
        lambda: Release.objects.filter(pk=release.pk).update(digest="0" * 64),
        lambda: Release.objects.filter(pk=release.pk).update(kind="questions"),
        lambda: Release.objects.filter(pk=release.pk).update(study=traces.other_study),
        lambda: Release.objects.filter(pk=release.pk).update(state="freezing"),
        lambda: _execute(f"DELETE FROM curation_releaserow WHERE release_id = {release.pk}"),
        lambda: _execute(f"DELETE FROM curation_release WHERE id = {release.pk}"),
    ]
    for attempt in attempts:
        with pytest.raises(DatabaseError), transaction.atomic():
            attempt()
    assert verify(release) == []


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def let_change(*tables: str) -> None:
    """As somebody who may change the database's own rules; they are back after the test."""
    for refusal in protection.declared():
        if refusal.table in tables:
            refusal.remove(connection)


def test_verify_finds_an_edited_and_a_missing_row_and_an_edited_file(traces: Cast) -> None:
    release = freeze_traces(study=traces.study, name="First", by=traces.lena)
    first, second, _ = rows_of(release)
    let_change("curation_releaserow")
    ReleaseRow.objects.filter(pk=first.pk).update(content=first.content | {"answer_label": "B"})
    ReleaseRow.objects.filter(pk=second.pk).delete()
    blob = path_of(first.content["sha256"][0])
    original = blob.read_bytes()
    blob.write_bytes(original[:-1] + b"\x00")
    try:
        found = "\n".join(verify(release))
    finally:
        blob.write_bytes(original)
    assert f"Row {first.row_id} was changed" in found
    assert f"Row {second.row_id} is missing" in found
    assert "was changed in the store" in found


def test_a_manifest_says_where_the_record_stood_and_verify_asks_the_record(
    traces: Cast, django_capture_on_commit_callbacks: Any
) -> None:
    freeze_traces(study=traces.study, name="First", by=traces.lena)
    last = AuditEvent.objects.filter(study=traces.study).order_by("sequence").last()
    assert last is not None
    with django_capture_on_commit_callbacks(execute=True):
        release = freeze_traces(study=traces.study, name="Second", by=traces.lena)
    manifest = json.loads(read_blob(str(release.manifest_id)))
    assert manifest["record"] == {"event": last.sequence, "sha256": last.sha256}
    (anchor,) = map(json.loads, (anchors_folder() / NAME).read_text().splitlines())
    frozen = AuditEvent.objects.get(action="release.frozen", object_id=str(release.pk))
    assert (anchor["sequence"], anchor["sha256"], anchor["cause"]) == (
        frozen.sequence,
        frozen.sha256,
        "freeze",
    )
    assert verify(release) == []
    Refusal("audit_auditevent").remove(connection)
    AuditEvent.objects.filter(pk=last.pk).update(sha256="0" * 64)
    assert verify(release) == [
        f"The study's record does not hold event {last.sequence} as the manifest names it."
    ]


def test_withdrawing_needs_a_reason_and_keeps_the_rows(traces: Cast) -> None:
    release = freeze_traces(study=traces.study, name="First", by=traces.lena)
    with pytest.raises(FreezeRefused, match="why"):
        withdraw_release(release=release, reason=" ", by=traces.lena)
    withdraw_release(release=release, reason="A patient withdrew consent.", by=traces.lena)
    release.refresh_from_db()
    assert (release.state, rows_of(release).count()) == ("withdrawn", 3)


def test_materialise_writes_rows_with_relative_image_paths(traces: Cast, tmp_path: Path) -> None:
    release = freeze_traces(study=traces.study, name="First", by=traces.lena)
    folder = materialise(release, tmp_path / "release")
    rows = [json.loads(line) for line in (folder / "rows.jsonl").read_text().splitlines()]
    assert [row["id"] for row in rows] == [row.row_id for row in rows_of(release)]
    assert all((folder / path).read_bytes()[:4] == b"\x89PNG" for row in rows for path in row["images"])
    stood = (folder / "rows.jsonl").stat().st_ino
    assert materialise(release, folder) == folder
    assert (folder / "rows.jsonl").stat().st_ino == stood, "what is whole is used again"


@pytest.mark.parametrize(
    "harm", ["changed", "cut", "lacks its rows", "an image is changed", "an image is gone"]
)
def test_a_laid_out_release_that_was_tampered_with_is_made_anew(
    traces: Cast, tmp_path: Path, harm: str
) -> None:
    release = freeze_traces(study=traces.study, name="First", by=traces.lena)
    folder = materialise(release, tmp_path / "release")
    rows, image = folder / "rows.jsonl", next(folder.glob("images/*.png"))
    good = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    if harm == "changed":
        rows.write_bytes(good[rows].replace(b'"answer_label": "', b'"answer_label": "X', 1))
    elif harm == "cut":
        rows.write_bytes(good[rows][: good[rows].rindex(b"{")])
    elif harm == "an image is changed":
        image.write_bytes(good[image][:-1] + b"x")
    else:
        (rows if "rows" in harm else image).unlink()
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} != good
    materialise(release, folder)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == good


def test_a_release_is_found_by_the_start_of_its_digest(traces: Cast) -> None:
    release = freeze_traces(study=traces.study, name="First", by=traces.lena)
    assert find_release(release.digest[:10]) == release
    for wrong in ("abc", "0" * 12, "zzzzzzzz"):
        with pytest.raises(FreezeRefused):
            find_release(wrong)


@pytest.fixture
def reviewed(traces: Cast) -> Release:
    """A frozen release of traces, one of which was reviewed twice by Anna and once by Ben."""
    trace = Trace.objects.order_by("pk")[0]
    for person, version in ((traces.anna, 1), (traces.anna, 2), (traces.ben, 1)):
        making.review(trace, person, version=version)
    return freeze_traces(study=traces.study, name="Reviewed", by=traces.lena)


def test_the_release_holds_what_stands_behind_it(reviewed: Release, cast: Cast) -> None:
    manifest = manifest_of(reviewed)
    assert manifest["tables"] == {
        "traces": 3, "reviews": 3, "readers": 2, "guidelines": 1, "sources": 1,
    }  # fmt: skip
    readers = [pseudonym(cast.study.pk, person.pk) for person in (cast.anna, cast.anna, cast.ben)]
    reviews = [row.content for row in side_rows_of(reviewed, "reviews")]
    told = [(row["reader"], row["version"], row["is_newest"], row["guideline_version"]) for row in reviews]
    assert told == [(readers[0], 1, False, 1), (readers[1], 2, True, 1), (readers[2], 1, True, 1)]
    (version,) = side_rows_of(reviewed, "guidelines")
    assert (version.content["number"], version.content["text"]) == (1, "Judge what is written.")
    assert manifest["guideline_version"] == 1
    assert verify(reviewed) == []


@pytest.mark.parametrize(
    ("statement", "finding"),
    [
        (
            "UPDATE {table} SET content = '{{}}' WHERE row_id = 'guideline-1'",
            "Row of guidelines guideline-1 was changed.",
        ),
        ("DELETE FROM {table} WHERE position = 1", "Row of reviews {review} is missing."),
        (
            "UPDATE {table} SET row_id = 'review-9' WHERE position = 2",
            "Row of reviews review-9 is not in the manifest.",
        ),
        (
            "UPDATE {table} SET \"table\" = 'more' WHERE \"table\" = 'sources'",
            "The rows of more are not in the manifest.",
        ),
    ],
)  # fmt: skip
def test_verify_names_the_row_behind_the_release_that_changed(
    reviewed: Release, statement: str, finding: str
) -> None:
    review = side_rows_of(reviewed, "reviews")[1].row_id
    let_change("curation_releasesiderow")
    _execute(statement.format(table="curation_releasesiderow"))
    assert finding.format(review=review) in verify(reviewed)


def test_verify_notices_one_changed_byte_of_the_manifests_lines(reviewed: Release) -> None:
    assert reviewed.lines_id is not None
    path = path_of(reviewed.lines_id)
    changed = path.read_bytes().replace(b"trace-1", b"trace-7", 1)
    path.chmod(0o600)
    path.write_bytes(changed)
    assert verify(reviewed) == ["Manifest: the file of its lines is missing or was changed."]


def test_a_release_of_the_first_format_verifies(traces: Cast) -> None:
    """Its manifest holds the lines itself, and nothing stands behind it."""
    made = freeze_traces(study=traces.study, name="First", by=traces.lena)
    manifest = manifest_of(made)
    lines = list(lines_of(manifest))
    old = {key: manifest[key] for key in manifest if key not in ("tables", "lines", "protocol")} | {
        "format": FIRST_FORMAT,
        "rows": [{"id": line.name, "sha256": line.sha256} for line in lines if line.table == "traces"],
        "files": [
            {"path": line.name, "sha256": line.sha256, "size": line.size}
            for line in lines
            if line.table == FILES
        ],
    }
    let_change("curation_release", "curation_releasesiderow")
    ReleaseSideRow.objects.all().delete()
    blob = put(canonical_json(old), "application/json")
    Release.objects.update(manifest=blob, lines=None, digest=digest_of(old))
    made.refresh_from_db()
    assert verify(made) == []
    assert [line.name for line in lines_of(manifest_of(made))] == [
        line.name for line in lines if line.table in ("traces", FILES)
    ]
