"""Exports: what they hold, that other programs load them, and what the gate refuses."""

import html
import io
import json
import os
import re
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.core.management import CommandError, call_command
from markdown_it import MarkdownIt

from consilium.answers.dimensions import DIMENSIONS
from consilium.blobs.store import read_blob
from consilium.jobs.run import run_now
from consilium.people.permissions import NotAllowed
from consilium.refusals import Refused
from curation.held_texts import declare_harmless
from curation.imaging.fingerprints import fingerprints_of, name_tokens
from curation.keys import study_key
from curation.models import Image, Release, Source, Trace, TraceStep
from curation.permissions import SourceRefused
from curation.releases.contents import FreezeRefused, NewRow
from curation.releases.export import start_export, write_export
from curation.releases.export_gate import ExportRefused, check_export
from curation.releases.freeze import freeze, rows_of, withdraw_release
from curation.releases.gather import freeze_traces
from curation.releases.kept_exports import export_folder, zipped
from curation.sources import save_source
from tests.factories import curation as making
from tests.factories.cast import Cast


@pytest.fixture
def release(cast: Cast) -> Release:
    of = making.source(cast.study)
    for number in range(3):
        making.trace(making.question(cast.study, of, number), making.endpoint())
    return freeze_traces(study=cast.study, name="First", by=cast.lena)


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")


def test_an_export_loads_as_jsonl_and_as_parquet_with_images(
    cast: Cast, release: Release, tmp_path: Path
) -> None:
    import datasets

    exports = [start_export(release=release, by=cast.lena, layout=name) for name in ("jsonl", "hub")]
    jobs = [run_now(export.job) for export in exports]
    assert [(job.state, job.error) for job in jobs] == [("succeeded", "")] * 2
    folder, hub = map(export_folder, exports)
    plain = datasets.load_dataset(
        "json", data_files=str(folder / "rows.jsonl"), split="train", cache_dir=str(tmp_path / "a")
    )
    packed = datasets.load_dataset(str(hub), "traces", split="train", cache_dir=str(tmp_path / "b"))
    assert (len(plain), len(packed)) == (3, 3)
    assert packed[0]["images"][0].size == (32, 32)
    assert packed[0]["options"] == [
        {"letter": "A", "content": "A red field"},
        {"letter": "B", "content": "A blue field"},
    ]
    assert plain[0]["reasoning"] == packed[0]["reasoning"] == "The field is red.\nRed means A."
    assert (folder / plain[0]["images"][0]).exists()
    manifest = json.loads((folder / "MANIFEST.json").read_text())
    assert manifest["digest"] == release.digest
    assert "CC-BY-4.0" in (folder / "README.md").read_text()


def test_the_command_writes_for_this_account_alone_and_never_over_what_stands_there(
    release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = os.umask(0o077)
    try:
        call_command("export", release.digest, str(tmp_path / "mine"), "--json", stdout=io.StringIO())
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o077 for path in (tmp_path / "mine").rglob("*")} == {0}

    def appears(beside: Path, **_: object) -> None:
        target.mkdir()
        (target / "precious.txt").touch()

    target = tmp_path / "taken"
    monkeypatch.setattr("curation.releases.export.check_export", appears)
    with pytest.raises(CommandError, match="could not be written") as ended:
        call_command("export", release.digest, str(target))
    assert (ended.value.returncode, str(tmp_path) in str(ended.value)) == (2, False)
    assert [path.name for path in target.iterdir()] == ["precious.txt"]


def test_the_zip_holds_the_same_files(cast: Cast, release: Release) -> None:
    export = start_export(release=release, by=cast.lena)
    run_now(export.job)
    archive = zipfile.ZipFile(io.BytesIO(b"".join(zipped(export))))
    names = {name.split("/", 1)[1] for name in archive.namelist()}
    data = "data/traces/train-00000-of-00001.parquet"
    assert {data, "MANIFEST.json", "MANIFEST.jsonl", "README.md"} < names
    assert archive.testzip() is None
    assert archive.read(f"{export.folder}/{data}") == (export_folder(export) / data).read_bytes()


def test_preferences_with_nested_fields_and_open_questions_are_exported(cast: Cast, tmp_path: Path) -> None:
    import datasets

    question = making.question(cast.study, making.source(cast.study), 1, use="test")
    sha256 = question.ordered_images()[0].model_blobs[0]
    row = {
        "id": "case-1", "question": "What?", "options": {}, "images": [f"images/{sha256}.png"],
        "label": {"accuracy": "A", "overall": None}, "votes": {"accuracy": {"A": 2, "B": 1}},
    }  # fmt: skip
    rows = [NewRow("case-1", row, {f"images/{sha256}.png": sha256})]
    made = freeze(study=cast.study, kind="preferences", name="P", rows=rows, left_out={}, by=cast.lena)
    folder = write_export(made, tmp_path / "out")
    loaded = datasets.load_dataset(str(folder), "preferences", split="test", cache_dir=str(tmp_path / "c"))
    assert loaded[0]["label"] == dict.fromkeys(DIMENSIONS) | {"accuracy": "A"}
    assert loaded[0]["options"] == []


def test_only_leads_export_and_only_what_may_leave(cast: Cast, release: Release) -> None:
    with pytest.raises(NotAllowed):
        start_export(release=release, by=cast.anna)
    Source.objects.update(may_redistribute=False)
    with pytest.raises(SourceRefused, match=r"'Own archive'.*may_redistribute"):
        start_export(release=release, by=cast.lena)
    Source.objects.update(may_redistribute=True)
    withdraw_release(release=release, reason="wrong", by=cast.lena)
    with pytest.raises(ExportRefused, match="withdrawn"):
        start_export(release=release, by=cast.lena)


def test_an_image_of_a_source_that_may_not_be_passed_on_stays_whatever_the_question_says(cast: Cast) -> None:
    question = making.question(cast.study, making.source(cast.study), 1)
    closed = making.source(cast.study, "Closed archive", may_redistribute=False)
    Image.objects.filter(questions=question).update(source=closed)
    making.trace(question, making.endpoint())
    made = freeze_traces(study=cast.study, name="Mixed", by=cast.lena)
    with pytest.raises(SourceRefused, match=r"'Closed archive'.*may_redistribute"):
        start_export(release=made, by=cast.lena)
    closed.may_train = False
    closed.save()
    with pytest.raises(SourceRefused, match=r"'Closed archive'.*may_train"):
        freeze_traces(study=cast.study, name="Not for training", by=cast.lena)


def test_words_of_the_card_and_pseudonyms_are_no_identifiers(
    cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A header may say "not"; one pseudonym in twenty looks like the number of a record."""
    for room in ("rows", "readers", "export_gate"):
        monkeypatch.setattr(f"curation.releases.{room}.pseudonym", lambda *_: "P-12345678")
    trace = making.trace(making.question(cast.study, making.source(cast.study), 1), making.endpoint())
    making.review(trace, cast.anna)
    prints = fingerprints_of(name_tokens("not without use"), study_key(cast.study, "imaging"))
    Image.objects.update(fingerprints=list(prints))
    made = freeze_traces(study=cast.study, name="Reviewed", by=cast.lena)
    assert (write_export(made, tmp_path / "out") / "README.md").exists()


def _with_text(cast: Cast, text: str) -> Release:
    trace = making.trace(making.question(cast.study, making.source(cast.study), 1), making.endpoint())
    TraceStep.objects.filter(trace=trace, position=1).update(text=text)
    return freeze_traces(study=cast.study, name="Text", by=cast.lena)


@pytest.mark.parametrize(
    "name",
    [
        "<img src=x onerror=alert(1)>",
        "[read this](javascript:alert(2))",
        "![x](x.png)",
        "&lt;b&gt;",
        "`a` *b* __c__ \\<i>",
        "one\n\n# two",
    ],
)
def test_names_on_the_card_are_text_and_no_markup(cast: Cast, tmp_path: Path, name: str) -> None:
    of = making.source(cast.study, name, citation=name, ethics_reference=name)
    making.trace(making.question(cast.study, of, 1), making.endpoint())
    made = freeze_traces(study=cast.study, name=name, by=cast.lena)
    card = (write_export(made, tmp_path / "out") / "README.md").read_text().split("---\n")[2]
    shown = MarkdownIt("commonmark").enable("table").render(card)
    text = html.unescape(re.sub(r"<[^>]*>", "", shown))
    assert text.count(" ".join(name.split())) == 4
    tags = {"h1", "h2", "p", "ul", "li", "strong", "code", "pre", "img"}
    assert set(re.findall(r"<(\w+)", shown)) == tags | {"table", "thead", "tbody", "tr", "th", "td"}
    assert set(re.findall(r'<img src="([^"]*)"', shown)) == {"figures/steps.svg"}


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("Write to someone@clinic.example for more.", "an e-mail address"),
        ("See /home/work/scan.png there.", "an absolute path"),
        ("Use hf_" + "a" * 34, "an access token"),
        ("As Doctor Whoever said.", "the name of an account"),
        ("It was done on 12 March 2024.", "a date"),
        ("See the%20MRN%204711-0815.", "a record number"),
    ],
)
def test_the_gate_refuses_texts_by_row_and_rule(cast: Cast, tmp_path: Path, text: str, rule: str) -> None:
    type(cast.anna).objects.filter(pk=cast.anna.pk).update(display_name="Doctor Whoever")
    made = _with_text(cast, text)
    trace = Trace.objects.get()
    with pytest.raises(
        ExportRefused, match=rf"row trace-{trace.pk}, field (reasoning|steps\.text): it holds {rule}"
    ):
        write_export(made, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_what_a_lead_declared_harmless_may_leave(cast: Cast, tmp_path: Path) -> None:
    made = _with_text(cast, "The sign that Dr Jekyll described.")
    with pytest.raises(ExportRefused, match="a person's name"):
        write_export(made, tmp_path / "refused")
    declare_harmless(study=cast.study, text="Dr Jekyll", reason="a figure of a novel", by=cast.lena)
    assert (write_export(made, tmp_path / "out") / "README.md").exists()


@pytest.mark.parametrize("name", ["Cases of 12 March 2024", "Mr Johann Mueller", "MRN 4711-0815"])
def test_no_name_that_leaves_may_name_a_person(cast: Cast, name: str) -> None:
    with pytest.raises(FreezeRefused, match="another name"):
        freeze(study=cast.study, kind="traces", name=name, rows=[], left_out={}, by=cast.lena)
    with pytest.raises(Refused, match="another name"):
        save_source(study=cast.study, fields={"name": name}, by=cast.lena)


PLAIN = "Nothing."
MAIL = "Ask jane@hospital.org."


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"question": MAIL}, "question"),
        ({"steps": [PLAIN, MAIL]}, "steps"),
        ({"label": {"reason": MAIL}}, "label.reason"),
        (
            {"options": [{"letter": "A", "content": PLAIN}, {"letter": "B", "content": MAIL}]},
            "options.content",
        ),
        ({"votes": [{"of": [{"why": MAIL}]}]}, "votes.of.why"),
    ],
)
def test_the_gate_refuses_what_stands_in_the_parquet_file_alone(
    cast: Cast, tmp_path: Path, row: dict[str, Any], field: str
) -> None:
    clean = dict.fromkeys(row) | {"id": "case-1", "cluster": MAIL, "images": []}
    rows = [clean | {"id": f"case-{number}"} for number in range(250)]
    rows[222] |= row
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "data.parquet")
    refused = re.escape(f"data.parquet, row case-222, field {field}: it holds an e-mail address.")
    with pytest.raises(ExportRefused, match=refused):
        check_export(tmp_path, study=cast.study, images={})
    pq.write_table(pa.Table.from_pylist([*rows[:222], *rows[223:]]), tmp_path / "data.parquet")
    check_export(tmp_path, study=cast.study, images={})


def test_the_gate_refuses_an_image_of_the_parquet_file_that_the_manifest_does_not_name(
    cast: Cast, release: Release, tmp_path: Path
) -> None:
    sha256 = rows_of(release)[0].content["sha256"][0]
    row = {"id": "case-1", "images": [{"bytes": read_blob(sha256), "path": "a.png"}]}
    pq.write_table(pa.Table.from_pylist([row]), tmp_path / "data.parquet")
    with pytest.raises(ExportRefused, match=r"row case-1: an image is not in the manifest"):
        check_export(tmp_path, study=cast.study, images={})
    check_export(tmp_path, study=cast.study, images={"images/a.png": sha256})


def test_the_gate_refuses_an_identifier_of_any_patient_of_the_study(cast: Cast, tmp_path: Path) -> None:
    made = _with_text(cast, "Mr Mueller has it.")
    prints = fingerprints_of(name_tokens("Müller^Hans"), study_key(cast.study, "imaging"))
    Image.objects.update(fingerprints=list(prints))
    with pytest.raises(ExportRefused, match="an identifier from an image header"):
        write_export(made, tmp_path / "out")


def test_the_gate_refuses_an_image_that_is_not_usable_after_the_freeze(
    cast: Cast, release: Release, tmp_path: Path
) -> None:
    Image.objects.filter(pk=Image.objects.first().pk).update(state="quarantined")  # type: ignore[union-attr]
    with pytest.raises(ExportRefused, match="no longer, released"):
        write_export(release, tmp_path / "out")


def test_a_refused_export_fails_its_job_with_the_reason(cast: Cast) -> None:
    export = start_export(release=_with_text(cast, "a@b.example"), by=cast.lena)
    job = run_now(export.job)
    assert job.state == "failed"
    assert "e-mail" in job.error
    assert not export_folder(export).exists()
