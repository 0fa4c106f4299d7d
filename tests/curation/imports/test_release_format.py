"""A release of another site: the same digest here, used like one's own, refused by name when changed."""

import hashlib
import io
import json
import re
import shutil
import struct
import zipfile
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse

from benchmark.models import EvaluationKind
from benchmark.preconditions import EvaluationRefused, check_may_be_sent, check_scorable, check_unseen
from consilium.audit.models import AuditEvent
from consilium.audit.verify import verify_chains
from consilium.blobs.models import Blob
from consilium.canonical_json import canonical_json, canonical_sha256
from consilium.jobs.run import run_now
from curation.imports.run import start_import
from curation.imports.uploads import Upload
from curation.models import Import, Release, ReleaseOrigin, Source
from curation.permissions import SourceRefused
from curation.releases.contents import NewRow
from curation.releases.export import write_export
from curation.releases.export_gate import ExportRefused
from curation.releases.freeze import find_release, freeze, rows_of, side_rows_of, withdraw_release
from curation.releases.manifest import digest_of, manifest_of
from curation.releases.materialise import materialise
from curation.releases.verify import verify
from curation.releases.zip_stream import zip_stream
from tests.factories import curation as making_one
from tests.factories import releases as making
from tests.factories.cast import Cast
from training.preconditions import check_trainable


@pytest.fixture
def elsewhere(cast: Cast, tmp_path: Path) -> Callable[..., tuple[Path, Release]]:
    """A release as another site exported it: here that site is another study."""

    def make(kind: str = "preferences") -> tuple[Path, Release]:
        release = getattr(making, kind)(cast)
        return write_export(release, tmp_path / kind, layout="jsonl"), release

    return make


def packed(folder: Path) -> bytes:
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return b"".join(zip_stream((f"top/{path.relative_to(folder)}", partial(opened, path)) for path in paths))


def opened(path: Path) -> BinaryIO:
    return path.open("rb")


def take_in(cast: Cast, content: bytes, wanted: str = "auto") -> Import:
    files = [Upload("release.zip", [content])]
    batch = start_import(study=cast.other_study, source=None, files=files, by=cast.nora, wanted=wanted)
    job = run_now(batch.job)
    assert job.state == "succeeded", job.error_detail
    batch.refresh_from_db()
    return batch


def imported(cast: Cast) -> Release:
    return Release.objects.get(study=cast.other_study)


@pytest.mark.parametrize("kind", ["traces", "questions", "preferences"])
def test_it_has_the_same_digest_rows_and_files_and_says_where_it_came_from(
    cast: Cast, elsewhere: Callable[..., tuple[Path, Release]], tmp_path: Path, kind: str
) -> None:
    folder, theirs = elsewhere(kind)
    batch = take_in(cast, packed(folder))
    assert (batch.format, batch.accepted, batch.refused, batch.source) == ("release", 1, [], None)
    ours = imported(cast)
    assert (ours.digest, ours.kind, ours.state) == (theirs.digest, kind, "frozen")
    assert (ours.row_count, ours.left_out, ours.created_by) == (theirs.row_count, theirs.left_out, cast.nora)
    assert [row.content for row in rows_of(ours)] == [row.content for row in rows_of(theirs)]
    for table in manifest_of(theirs)["tables"]:
        mine, other = ([row.content for row in side_rows_of(each, table)] for each in (ours, theirs))
        assert mine == other, table
    assert verify(ours) == []
    origin = ours.came_from
    assert origin is not None
    assert (origin.study, origin.name, origin.batch) == ("chest", kind.title(), batch)
    assert origin.frozen_on == theirs.created_at.date()
    laid = [materialise(each, tmp_path / f"laid-{each.pk}") for each in (ours, theirs)]
    assert (laid[0] / "rows.jsonl").read_bytes() == (laid[1] / "rows.jsonl").read_bytes()
    assert AuditEvent.objects.filter(action="release.imported", study=cast.other_study).exists()
    assert verify_chains()[1] == []


def test_a_digest_names_the_own_release_before_the_imported_one(
    cast: Cast, elsewhere: Callable[..., tuple[Path, Release]]
) -> None:
    folder, theirs = elsewhere()
    take_in(cast, packed(folder))
    assert find_release(theirs.digest) == theirs


def test_again_it_is_there_already_and_a_withdrawn_one_does_not_come_back(
    cast: Cast, elsewhere: Callable[..., tuple[Path, Release]]
) -> None:
    content = packed(elsewhere()[0])
    take_in(cast, content)
    again = take_in(cast, content)
    assert (again.accepted, again.duplicates) == (0, 1)
    withdraw_release(release=imported(cast), reason="Wrong labels.", by=cast.nora)
    third = take_in(cast, content)
    assert "was withdrawn here" in third.refused[0]["reason"]
    assert Release.objects.filter(study=cast.other_study).count() == 1


def test_a_job_that_died_before_its_report_takes_nothing_in_twice(
    cast: Cast, elsewhere: Callable[..., tuple[Path, Release]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from curation.imports import run

    content, finish, calls = packed(elsewhere()[0]), run._finish, []

    def die_once(*args: Any) -> None:
        calls.append(args)
        if len(calls) == 1:
            raise OSError("the machine went away")
        finish(*args)

    monkeypatch.setattr(run, "_finish", die_once)
    batch = take_in(cast, content)
    assert (len(calls), batch.accepted, Release.objects.filter(study=cast.other_study).count()) == (2, 1, 1)


def test_it_is_read_only_and_so_is_where_it_came_from(
    cast: Cast, elsewhere: Callable[..., tuple[Path, Release]]
) -> None:
    take_in(cast, packed(elsewhere()[0]))
    ours = imported(cast)
    attempts = [
        lambda: ReleaseOrigin.objects.update(study="ours"),
        lambda: Release.objects.filter(pk=ours.pk).update(digest="0" * 64),
        lambda: rows_of(ours).update(content={}),
    ]
    for attempt in attempts:
        with pytest.raises(DatabaseError), transaction.atomic():
            attempt()
    with pytest.raises(ExportRefused, match="was imported"):
        write_export(ours, Path("/nowhere"), layout="jsonl")


# --- what it may be used for ----------------------------------------------------------------------------


def test_its_own_table_of_sources_says_what_it_may_be_used_for(
    cast: Cast, elsewhere: Callable[..., tuple[Path, Release]]
) -> None:
    take_in(cast, packed(elsewhere("traces")[0]))
    ours = imported(cast)
    making_one.source(cast.other_study, may_train=False)  # of the same name, another thing
    assert check_trainable(cast.other_study, ours) == ours
    hosted = making_one.endpoint("hosted", is_hosted=True)
    with pytest.raises(SourceRefused, match=r"hosted: source 'Own archive'.*may_send_to_hosted"):
        check_may_be_sent(cast.other_study, ours, hosted)


def test_what_its_sources_forbid_is_refused_here_too(cast: Cast, tmp_path: Path) -> None:
    release = making.traces(cast)
    folder = write_export(release, tmp_path / "out", layout="jsonl")
    sources = json.loads((folder / "sources.jsonl").read_text())
    rewritten(folder, "sources.jsonl", [sources | {"may_train": False}])
    take_in(cast, packed(folder))
    Source.objects.update(may_train=True)
    with pytest.raises(SourceRefused, match=r"source 'Own archive' does not permit being trained on"):
        check_trainable(cast.other_study, imported(cast))


def test_its_ids_are_numbers_of_another_site_and_equal_images_are_the_same(
    cast: Cast, elsewhere: Callable[..., tuple[Path, Release]]
) -> None:
    take_in(cast, packed(elsewhere("preferences")[0]))
    ours = imported(cast)
    check_scorable(cast.other_study, EvaluationKind.JUDGE, ours)
    making_one.source(cast.other_study, "Local")
    own = {"split": "train", "source": "Local", "images": [], "sha256": []}
    rows = [row.content | own for row in rows_of(ours)]
    judges = []
    for name, more in (("Same ids", {}), ("Same image", {"sha256": rows_of(ours)[0].content["sha256"]})):
        news = [NewRow(row["id"], row | more) for row in rows]
        trained = freeze(
            study=cast.other_study, kind="traces", name=name, rows=news, left_out={}, by=cast.nora
        )
        judges.append(making_one.endpoint(name, provenance={"releases": [trained.digest]}))
    check_unseen(ours, judges[:1])
    with pytest.raises(EvaluationRefused, match="images of 1 rows"):
        check_unseen(ours, judges[1:])


# --- what is refused ------------------------------------------------------------------------------------


def rewritten(folder: Path, name: str, rows: list[dict[str, Any]]) -> None:
    """Change a file of rows as somebody would who can also write every hash anew."""
    (folder / name).write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    manifest = json.loads((folder / "MANIFEST.json").read_text())
    table = manifest["kind"] if name == "rows.jsonl" else name.removesuffix(".jsonl")
    hashes = {row["id"]: canonical_sha256(row) for row in rows}
    lines = []
    for raw in (folder / "MANIFEST.jsonl").read_bytes().splitlines():
        line = json.loads(raw)
        if line.get("table") == table:
            line["sha256"] = hashes[line["id"]]
        lines.append(canonical_json(line) + b"\n")
    (folder / "MANIFEST.jsonl").write_bytes(b"".join(lines))
    manifest["lines"] = hashlib.sha256(b"".join(lines)).hexdigest()
    manifest["digest"] = digest_of({key: manifest[key] for key in manifest if key != "digest"})
    (folder / "MANIFEST.json").write_text(json.dumps(manifest))


def edit(name: str, change: Callable[[bytes], bytes]) -> Callable[[Path], Any]:
    return lambda folder: (folder / name).write_bytes(change((folder / name).read_bytes()))


def image_of(folder: Path) -> Path:
    return sorted((folder / "images").iterdir())[0]


def other_row(**fields: Any) -> Callable[[Path], None]:
    """The second row with other fields, every hash written anew."""

    def change(folder: Path) -> None:
        rows = [json.loads(line) for line in (folder / "rows.jsonl").read_text().splitlines()]
        rows[1] |= fields
        rewritten(folder, "rows.jsonl", rows)

    return change


HARMS: dict[str, tuple[Callable[[Path], Any], str]] = {
    "a row": (
        edit("rows.jsonl", lambda raw: raw.replace(b"plain; remark 1", b"plain; remark 9", 1)),
        r"rows\.jsonl line \d \(case-\d+\) was changed",
    ),
    "no JSON": (edit("rows.jsonl", lambda raw: b"{" + raw), r"rows\.jsonl line 1 \(case-\d+\) was changed"),
    "the last row": (
        edit("rows.jsonl", lambda raw: raw[: raw[:-1].rindex(b"\n") + 1]),
        r"rows\.jsonl is cut: row case-\d+ is missing",
    ),
    "one row more": (
        edit("rows.jsonl", lambda raw: raw + raw.splitlines(True)[0]),
        r"rows\.jsonl has more rows than the manifest names",
    ),
    "rows in another order": (
        edit("rows.jsonl", lambda raw: b"".join(raw.splitlines(True)[::-1])),
        r"rows\.jsonl line 1 \(case-\d+\) was changed",
    ),
    "a vote": (
        edit("votes.jsonl", lambda raw: raw.replace(b"b_clearly", b"a_clearly", 1)),
        r"votes\.jsonl line 1 \(vote-\d+\) was changed",
    ),
    "no votes": (lambda folder: (folder / "votes.jsonl").unlink(), r"votes\.jsonl is missing"),
    "a permission": (
        edit("sources.jsonl", lambda raw: raw.replace(b'hosted": false', b'hosted": true')),
        r"sources\.jsonl line 1 \(source-\d+\) was changed",
    ),
    "an image": (
        lambda folder: image_of(folder).write_bytes(making_one.png((9, 9, 9))),
        r"images/[0-9a-f]{16}\.png (was changed|is not as large)",
    ),
    "an image gone": (lambda folder: image_of(folder).unlink(), r"images/[0-9a-f]{16}\.png is missing"),
    "an image cut": (
        lambda folder: image_of(folder).write_bytes(image_of(folder).read_bytes()[:-1]),
        r"images/[0-9a-f]{16}\.png is not as large as the manifest says",
    ),
    "a line of the manifest": (
        edit("MANIFEST.jsonl", lambda raw: raw.replace(b'"sha256":"', b'"sha256":"0', 1)),
        r"MANIFEST\.jsonl",
    ),
    "the manifest's tail": (edit("MANIFEST.jsonl", lambda raw: raw[:-40]), r"MANIFEST\.jsonl"),
    "no lines": (lambda folder: (folder / "MANIFEST.jsonl").unlink(), r"MANIFEST\.jsonl is missing"),
    "the manifest": (
        edit("MANIFEST.json", lambda raw: raw.replace(b'"quiet_hours": 0', b'"quiet_hours": 9')),
        r"MANIFEST\.json was changed",
    ),
    "no manifest": (lambda folder: (folder / "MANIFEST.json").unlink(), r"MANIFEST\.json is missing"),
    "the digest": (
        edit("MANIFEST.json", lambda raw: raw.replace(b'"digest": "', b'"digest": "0')),
        r"MANIFEST\.json was changed",
    ),
    # Whoever writes every hash anew still cannot bring in what is no release.
    "a label": (other_row(label={"overall": "C"}), r"rows\.jsonl line 2 .*its label is no letter"),
    "no answer": (other_row(answer_a=None), r"rows\.jsonl line 2 .*its field 'answer_a' is missing"),
    "a path": (other_row(images=["../../etc/passwd"]), r"rows\.jsonl line 2 .*its images are not those"),
    "an unknown source": (other_row(source="Elsewhere"), r"line 2 .*its source is not in the table"),
    "a use": (other_row(split="all"), r"line 2 .*its field 'split' is no use"),
}


@pytest.mark.parametrize("harm", list(HARMS))
def test_a_changed_or_incomplete_folder_is_refused_by_name_and_nothing_is_stored(
    cast: Cast, elsewhere: Callable[..., tuple[Path, Release]], harm: str
) -> None:
    folder, _ = elsewhere()
    change, words = HARMS[harm]
    change(folder)
    before = Blob.objects.count()
    batch = take_in(cast, packed(folder), "release")
    (refused,) = batch.refused_names
    assert refused["item"] == "release.zip"
    assert re.search(words, refused["reason"]), refused["reason"]
    assert not Release.objects.filter(study=cast.other_study).exists()
    assert Blob.objects.count() == before


def test_a_text_inside_an_image_is_refused(
    cast: Cast, elsewhere: Callable[..., tuple[Path, Release]]
) -> None:
    folder, _ = elsewhere()
    image = image_of(folder)
    old = image.read_bytes()
    note = b"tEXtPatient\0Hans"
    chunk = struct.pack(">I", len(note) - 4) + note + struct.pack(">I", zlib.crc32(note))
    new = old[:33] + chunk + old[33:]
    image.write_bytes(new)
    digest, was = hashlib.sha256(new).hexdigest(), hashlib.sha256(old).hexdigest()
    lines = []
    for raw in (folder / "MANIFEST.jsonl").read_bytes().splitlines():
        line = json.loads(raw)
        if line.get("path") == f"images/{image.name}":
            line |= {"sha256": digest, "size": len(new)}
        lines.append(canonical_json(line) + b"\n")
    (folder / "MANIFEST.jsonl").write_bytes(b"".join(lines))
    rows = [json.loads(raw) for raw in (folder / "rows.jsonl").read_text().splitlines()]
    for row in rows:
        row["sha256"] = [digest if sha256 == was else sha256 for sha256 in row["sha256"]]
    rewritten(folder, "rows.jsonl", rows)
    (refused,) = take_in(cast, packed(folder)).refused_names
    assert "it holds data besides its pixels" in refused["reason"]


@pytest.mark.parametrize("what", [b"", b"PK\x05\x06", b"no zip at all", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_zip_is_refused(cast: Cast, what: bytes) -> None:
    (refused,) = take_in(cast, what, "release").refused_names
    assert "no zip" in refused["reason"] or "is missing" in refused["reason"]


def test_a_zip_that_unpacks_to_more_than_an_import_may_be_is_refused(cast: Cast, settings: Any) -> None:
    settings.UPLOAD_MAX_BYTES = 1 << 20
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("MANIFEST.json", b"{}" + b" " * (4 << 20))
    (refused,) = take_in(cast, out.getvalue(), "release").refused_names
    assert "more than an import may be" in refused["reason"]


# --- by command and by page -----------------------------------------------------------------------------


def test_the_command_takes_a_folder_or_its_zip_and_looks_first(
    cast: Cast, elsewhere: Callable[..., tuple[Path, Release]], tmp_path: Path
) -> None:
    folder, theirs = elsewhere()
    expected = {"accepted": 1, "duplicates": 0, "refused": []}

    def run(*arguments: str) -> dict[str, Any]:
        out = io.StringIO()
        call_command("import", "other", *arguments, "--json", stdout=out)
        said: dict[str, Any] = json.loads(out.getvalue())
        return said

    assert run(str(folder), "--format", "release", "--dry-run") == expected
    assert not Release.objects.filter(study=cast.other_study).exists()
    assert run(str(folder)) == expected | {"held": 0}
    assert imported(cast).digest == theirs.digest
    shutil.make_archive(str(tmp_path / "sent"), "zip", folder)
    assert run(str(tmp_path / "sent.zip"), "--format", "release")["duplicates"] == 1
    (folder / "votes.jsonl").unlink()
    with pytest.raises(CommandError):
        call_command("import", "other", str(folder), "--format", "release", "--json", stdout=io.StringIO())


def test_a_lead_takes_it_in_on_the_page_without_a_source(
    cast: Cast, elsewhere: Callable[..., tuple[Path, Release]]
) -> None:
    folder, theirs = elsewhere()
    client = Client()
    client.force_login(cast.nora)
    address = reverse("curation:new-import", args=["other"])
    assert "As their names say" in client.get(address).content.decode()
    upload = io.BytesIO(packed(folder))
    upload.name = "release.zip"
    sent = client.post(address, {"uploads": upload, "wanted": "auto", "source": ""})
    assert sent.status_code == 302
    batch = Import.objects.get(study=cast.other_study)
    assert run_now(batch.job).state == "succeeded"
    assert imported(cast).digest == theirs.digest
    page = client.get(reverse("curation:import", args=["other", batch.pk])).content.decode()
    assert reverse("curation:release", args=["other", imported(cast).pk]) in page
    shown = client.get(reverse("curation:release", args=["other", imported(cast).pk])).content.decode()
    assert "Imported" in shown
    assert "study chest" in shown
    assert 'data-opens-dialog="export"' not in shown
    picture = io.BytesIO(making_one.png((1, 2, 3)))
    picture.name = "a.png"
    refused = client.post(address, {"uploads": picture, "wanted": "auto", "source": ""})
    assert refused.status_code == 422
    assert "which source" in refused.content.decode()
