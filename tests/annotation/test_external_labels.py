"""Pairs that others labelled: in as they were published, judged on like ours, out again as they came in."""

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.core.management import call_command
from django.db import DatabaseError, transaction
from PIL import Image as Picture

from annotation.external_release import freeze_external
from annotation.models import Case, ExternalLabel
from annotation.release import preference_rows
from benchmark.leaderboard import judge_lines
from consilium.answers.dimensions import DIMENSIONS
from consilium.jobs.run import run_now
from curation.imports.run import look_at, start_import, sweep_uploads
from curation.imports.uploads import Upload
from curation.models import Cluster, Image, Import, Question, Release, Source
from curation.questions import open_questions
from curation.releases.contents import Gathered
from curation.releases.export import write_export
from curation.releases.freeze import rows_of
from curation.releases.verify import verify
from tests.factories import benchmark as judging
from tests.factories import curation as making
from tests.factories import releases
from tests.factories.cast import Cast

LABEL = dict.fromkeys(DIMENSIONS, "A") | {"creativity": "B"}


def jpeg(seed: int) -> bytes:
    """A picture as data sets have it, with a text that must not stay."""
    picture, out = Picture.new("RGB", (24, 16), (seed * 50 % 256, 90, 10)), io.BytesIO()
    picture.putpixel((3, 4), (0, 200, 30))
    picture.save(out, "JPEG", comment=b"Hans Whoever", quality=95)
    return out.getvalue()


def pair(number: int, organ: str = "brain", **fields: Any) -> dict[str, Any]:
    row = {
        "image": {"bytes": jpeg(number), "path": f"{number}.jpg"},
        "question": f"What does picture {number} show?\nA. One\nB. Two",
        "answer1_text": f" It shows {number}. ",
        "answer2_text": "It shows nothing.",
        "question_id": f"{organ}_{number}",
        "dataset": "PublishedSet",
        "modality_type": organ,
        "question_type": "diagnosis",
        "image_id": f"img-{number}",
        "body_part": "head",
    }
    return row | fields


def layout(pairs: dict[str, list[dict[str, Any]]], labels: dict[str, Any] | None = None) -> dict[str, bytes]:
    """Files by path: the published layout of these pairs by organ system."""
    files = {}
    for organ, rows in pairs.items():
        out = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(rows), out)
        files[f"pair_gt_all/parquet/{organ}.parquet"] = out.getvalue()
        said = [
            {"question_id": row["question_id"], "human_answer": (labels or {}).get(row["question_id"], LABEL)}
            for row in rows
        ]
        files[f"pair_gt_all/{organ}.jsonl"] = "".join(json.dumps(one) + "\n" for one in said).encode()
    return files


def uploads(files: dict[str, bytes]) -> list[Upload]:
    return [Upload(name, [content]) for name, content in files.items()]


Take = Callable[..., Import]


@pytest.fixture
def take(cast: Cast) -> Take:
    """Import files for Lena."""
    own = making.source(cast.study, "Published")

    def run(files: dict[str, bytes], **named: Any) -> Import:
        given: dict[str, Any] = {"study": cast.study, "source": own, "by": cast.lena, "folders": True} | named
        batch = start_import(files=uploads(files), **given)
        job = run_now(batch.job)
        assert job.state == "succeeded", job.error_detail
        batch.refresh_from_db()
        return batch

    return run


BOTH = {"brain": [pair(1), pair(2)], "lung": [pair(3, "lung")]}


def test_pairs_arrive_whole_for_testing_alone_and_nobody_is_asked_about_them(cast: Cast, take: Take) -> None:
    batch = take(layout(BOTH))
    assert (batch.format, batch.refused_names) == ("medrewardbench", [])
    assert (batch.accepted, batch.duplicates) == (3, 0)
    labels = ExternalLabel.objects.order_by("external_id")
    assert [label.external_id for label in labels] == ["brain_1", "brain_2", "lung_3"]
    first = labels[0]
    assert (first.label, first.answer_a, first.answer_b) == (LABEL, " It shows 1. ", "It shows nothing.")
    assert (first.dataset, first.image_name) == ("PublishedSet", "img-1")
    assert first.question.organ_system == "brain"
    assert set(Cluster.objects.values_list("use", flat=True)) == {"test"}
    assert not Case.objects.exists()
    assert list(preference_rows(cast.study, Gathered())) == []


def test_the_same_files_again_are_there_already(take: Take) -> None:
    take(layout(BOTH))
    again = take(layout(BOTH))
    assert (again.accepted, again.duplicates, again.refused_names) == (0, 3, [])
    assert (ExternalLabel.objects.count(), Question.objects.count(), Image.objects.count()) == (3, 3, 3)


def test_two_pairs_may_share_a_question(cast: Cast, take: Take) -> None:
    second = pair(1, question_id="brain_1b", answer2_text="Something else.")
    batch = take(layout({"brain": [pair(1), second]}))
    assert (batch.accepted, batch.duplicates) == (2, 0)
    assert Question.objects.count() == 1
    open_questions(study=cast.study, by=cast.lena)
    release = freeze_external(study=cast.study, name="External", by=cast.lena)
    assert len({row.content["question_id"] for row in rows_of(release)}) == 1


def test_a_dry_run_says_the_same_and_stores_nothing(cast: Cast) -> None:
    own = making.source(cast.study)
    files = layout({"brain": [pair(1), pair(2, answer1_text="")]})
    outcome = look_at(study=cast.study, source=own, files=uploads(files), folders=True)
    assert outcome.to_json() == {
        "accepted": 1,
        "duplicates": 0,
        "refused": [
            {
                "item": "pair_gt_all/parquet/brain.parquet row 2",
                "reason": "'answer1_text' is no text of 1 to 20000 characters",
            }
        ],
    }
    assert not Question.objects.exists()
    assert not Image.objects.exists()


def test_a_job_that_died_adds_nothing_twice_and_misses_nothing(
    cast: Cast, take: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    from annotation import external_labels

    store, calls = external_labels._store, []

    def die_once(*args: Any) -> None:
        calls.append(args)
        if len(calls) == 2:
            raise OSError("the machine went away")
        store(*args)

    monkeypatch.setattr(external_labels, "_store", die_once)
    batch = take(layout(BOTH))
    assert (batch.accepted, batch.duplicates, ExternalLabel.objects.count()) == (3, 0, 3)
    assert Question.objects.count() == 3


def test_a_pair_that_fails_leaves_no_question_without_its_label(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    from annotation import external_labels

    def dies(*args: Any) -> None:
        raise OSError("the disk is gone")

    monkeypatch.setattr(external_labels, "_store", dies)
    files = uploads(layout({"brain": [pair(1)]}))
    batch = start_import(study=cast.study, source=making.source(cast.study), files=files, by=cast.lena)
    run_now(batch.job)
    assert (Question.objects.count(), ExternalLabel.objects.count()) == (0, 0)
    sweep_uploads()


# --- out again ------------------------------------------------------------------------------------------


def frozen(cast: Cast) -> Release:
    open_questions(study=cast.study, by=cast.lena)
    return freeze_external(study=cast.study, name="External", by=cast.lena)


def published(files: dict[str, bytes]) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Labels and pairs by id, the pictures decoded."""
    labels, pairs = {}, {}
    for name, content in files.items():
        if name.endswith(".jsonl"):
            for line in content.decode().splitlines():
                said = json.loads(line)
                labels[said["question_id"]] = said["human_answer"]
        else:
            for row in pq.read_table(io.BytesIO(content)).to_pylist():
                picture = Picture.open(io.BytesIO(row.pop("image")["bytes"])).convert("RGB")
                pairs[row["question_id"]] = row | {"pixels": (picture.size, picture.tobytes())}
    return labels, pairs


def read_out(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in (folder / "pair_gt_all").rglob("*")
        if path.is_file()
    }


def test_exported_again_the_labels_texts_and_pixels_are_those_that_came(
    cast: Cast, take: Take, tmp_path: Path
) -> None:
    came = layout(BOTH, {"lung_3": dict.fromkeys(DIMENSIONS, "B")})
    take(came)
    release = frozen(cast)
    assert (release.kind, release.row_count, verify(release)) == ("preferences", 3, [])
    assert {row.content["label_origin"] for row in rows_of(release)} == {"external"}
    folder = write_export(release, tmp_path / "out", layout="medrewardbench")
    went = read_out(folder)
    assert set(went) == set(came)
    assert published(went) == published(came)


def test_our_own_export_comes_in_as_external_labels_and_goes_out_the_same(
    cast: Cast, take: Take, tmp_path: Path
) -> None:
    """From one study to another: whole, with the files beside the pairs that the reference never reads."""
    ours = write_export(releases.preferences(cast), tmp_path / "ours", layout="medrewardbench")
    files = {str(path.relative_to(ours)): path.read_bytes() for path in ours.rglob("*") if path.is_file()}
    own = making.source(cast.other_study)
    batch = take(files, study=cast.other_study, source=own, by=cast.nora)
    assert (batch.accepted, batch.refused_names) == (3, [])
    open_questions(study=cast.other_study, by=cast.nora)
    release = freeze_external(study=cast.other_study, name="External", by=cast.nora)
    again = write_export(release, tmp_path / "again", layout="medrewardbench")
    assert published(read_out(again)) == published(read_out(ours))


def test_judges_are_scored_on_them(cast: Cast, take: Take) -> None:
    take(layout(BOTH))
    release = frozen(cast)
    judging.judged(cast, release, judging.endpoint("Judge"), [("A", "A"), ("A", "B"), ("B", "B")])
    (line,) = judge_lines(release)
    assert (line.overall.cases, f"{line.overall.reference:.4f}") == (3, "0.6667")


def test_the_freeze_command_and_its_page_know_them(cast: Cast, take: Take) -> None:
    from curation.releases.freeze_job import start_freeze
    from curation.releases.preview import start_preview

    take(layout(BOTH))
    open_questions(study=cast.study, by=cast.lena)
    looked = run_now(start_preview(study=cast.study, kind="external", by=cast.lena))
    assert (looked.state, looked.result["rows"]) == ("succeeded", 3)
    job = run_now(start_freeze(study=cast.study, kind="external", name="By page", by=cast.lena))
    assert job.state == "succeeded", job.error_detail
    out = io.StringIO()
    call_command("freeze", "chest", "external", "--name", "By command", "--json", stdout=out)
    assert json.loads(out.getvalue())["digest"] == job.result["digest"]


def test_a_label_that_is_no_ready_question_stays_out_with_its_reason(cast: Cast, take: Take) -> None:
    take(layout(BOTH))
    open_questions(study=cast.study, by=cast.lena)
    first, second, _ = Question.objects.order_by("pk")
    Question.objects.filter(pk=first.pk).update(state="held")
    second.images.update(state="quarantined")
    gathered = Gathered()
    from annotation.external_release import external_rows

    assert len(list(external_rows(cast.study, gathered))) == 1
    assert dict(gathered.left_out) == {
        "question held: may name a person": 1,
        "an image was withdrawn or waits for its pixel review": 1,
    }


def test_they_are_read_only(take: Take) -> None:
    take(layout(BOTH))
    with pytest.raises(DatabaseError), transaction.atomic():
        ExternalLabel.objects.update(label=LABEL)
    with pytest.raises(DatabaseError), transaction.atomic():
        ExternalLabel.objects.all().delete()


# --- what is refused ------------------------------------------------------------------------------------

PARQUET = "pair_gt_all/parquet/brain.parquet"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"answer1_text": None}, "'answer1_text' is no text"),
        ({"answer2_text": "x" * 20_001}, "'answer2_text' is no text"),
        ({"question": "  "}, "'question' is no text"),
        ({"image": {"bytes": b"", "path": "a.png"}}, "its image has no bytes"),
        ({"image": {"bytes": b"<html>", "path": "a.png"}}, "is not an image|not a DICOM|PNG"),
        ({"modality_type": "lung"}, "its modality_type 'lung' is not the organ system of its file"),
        ({"question_id": "no such thing"}, "'id' must be 1 to 120 letters"),
        ({"body_part": "x" * 60}, "'body_part' is longer than 40"),
    ],
)
def test_a_bad_pair_is_refused_by_row_and_the_others_stay(
    cast: Cast, take: Take, row: dict[str, Any], reason: str
) -> None:
    batch = take(layout({"brain": [pair(1), pair(2) | row, pair(3)]}))
    (refused,) = batch.refused_names
    assert refused["item"] == f"{PARQUET} row 2"
    assert re.search(reason, refused["reason"]), refused["reason"]
    assert (batch.accepted, ExternalLabel.objects.count()) == (2, 2)
    assert [entry["item"] for entry in batch.refused] == ["file 1 row 2"]


@pytest.mark.parametrize(
    ("label", "reason"),
    [
        (dict.fromkeys(DIMENSIONS, "C"), "must give A or B for each of the six"),
        ({"overall": "A"}, "must give A or B for each of the six"),
        (None, "'human_answer' an object"),
    ],
)
def test_a_bad_label_is_refused_with_its_pair(take: Take, label: Any, reason: str) -> None:
    files = layout({"brain": [pair(1), pair(2)]}, {"brain_2": label})
    batch = take(files)
    told = {entry["item"]: entry["reason"] for entry in batch.refused_names}
    assert reason in told["pair_gt_all/brain.jsonl line 2"]
    assert told[f"{PARQUET} row 2"] == "its label is missing or was refused"
    assert batch.accepted == 1


def test_files_that_are_not_whole_are_refused_by_name(take: Take) -> None:
    files = layout(BOTH)
    files.pop("pair_gt_all/lung.jsonl")
    files |= {"pair_gt_all/parquet/eye.parquet": b"PAR1 no", "notes.txt": b"hello"}
    files["pair_gt_all/eye.jsonl"] = b""
    files["pair_gt_all/brain.jsonl"] += json.dumps({"question_id": "x", "human_answer": LABEL}).encode()
    told = {entry["item"]: entry["reason"] for entry in take(files).refused_names}
    assert told == {
        "notes.txt": "it is no file of the Med-RewardBench layout",
        "pair_gt_all/brain.jsonl": "the label 'x' is of no pair of the parquet file",
        "pair_gt_all/parquet/eye.parquet row 1": "it is damaged or no parquet file",
        "pair_gt_all/parquet/lung.parquet": "the labels (a JSONL file) of this organ system are missing",
    }


def test_an_id_that_stands_for_another_pair_is_refused(take: Take) -> None:
    take(layout({"brain": [pair(1)]}))
    batch = take(layout({"brain": [pair(1, answer1_text="Other."), pair(2)]}))
    (refused,) = batch.refused_names
    assert refused["reason"] == "another pair of this study has that id"
    assert (batch.accepted, ExternalLabel.objects.count()) == (1, 2)


def test_a_picture_that_is_kept_for_training_brings_no_label(cast: Cast, take: Take, tmp_path: Path) -> None:
    own = Source.objects.get(name="Published")
    line = {"id": "Q1", "question": "What?", "answer": "x", "images": ["1.jpg"], "use": "train"}
    files = {"1.jpg": jpeg(1), "q.jsonl": json.dumps(line).encode()}
    take(files, source=own)
    assert Cluster.objects.get().use == "train"
    batch = take(layout({"brain": [pair(1), pair(2)]}))
    (refused,) = batch.refused_names
    assert refused["item"] == f"{PARQUET} row 1"
    assert "already kept for 'train'" in refused["reason"]
    assert batch.accepted == 1


def test_the_command_reads_a_folder_of_the_layout(cast: Cast, tmp_path: Path) -> None:
    making.source(cast.study)
    for name, content in layout(BOTH).items():
        path = tmp_path / "bench" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    out = io.StringIO()
    folder = str(tmp_path / "bench")
    call_command("import", "chest", folder, "--format", "medrewardbench", "--json", stdout=out)
    assert json.loads(out.getvalue()) == {"accepted": 3, "duplicates": 0, "held": 0, "refused": []}
