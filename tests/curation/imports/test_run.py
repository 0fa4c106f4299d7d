"""Importing images and questions, with good and with bad files."""

import io
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Picture
from pydicom.data import get_testdata_file

from consilium.audit.models import AuditEvent
from consilium.jobs.cancel import cancel
from consilium.jobs.run import run_now, run_until_over
from consilium.people.permissions import NotAllowed
from curation.imports import run, store, uploads
from curation.imports.run import look_at, start_import
from curation.imports.uploads import Upload
from curation.models import Cluster, Image, Import, Question, Source
from tests.factories import curation as making
from tests.factories import dicom as makers
from tests.factories.cast import Cast

Imported = Callable[..., Import]


@pytest.fixture
def imported(cast: Cast) -> Imported:
    """Import the given files (name to bytes) for Lena and run the job."""
    own = making.source(cast.study)

    def run(files: dict[str, bytes], source: Source = own) -> Import:
        sent = [Upload(name, [content]) for name, content in files.items()]
        batch = start_import(study=cast.study, source=source, files=sent, by=cast.lena)
        job = run_now(batch.job)
        assert job.state == "succeeded", job.error_detail
        batch.refresh_from_db()
        return batch

    return run


def line(number: int, image: str, **more: object) -> bytes:
    data = {
        "id": f"Q{number}",
        "question": f"What does picture {number} show?",
        "options": {"A": "Red", "B": "Blue"},
        "answer": "A",
        "images": [image],
    }
    return json.dumps(data | more).encode() + b"\n"


def ct() -> bytes:
    return Path(str(get_testdata_file("CT_small.dcm"))).read_bytes()


def test_images_and_questions_arrive_with_cluster_use_and_specialty(cast: Cast, imported: Imported) -> None:
    questions = line(1, "red.png") + line(2, "blue.png", options=None, answer="A child's hand", age=4)
    batch = imported(
        {"red.png": making.png((250, 0, 0)), "blue.png": making.png((0, 0, 250)), "q.jsonl": questions}
    )
    assert (batch.accepted, batch.duplicates, batch.refused_names, batch.files) == (4, 0, [], [])
    first, second = Question.objects.order_by("external_id")
    assert (first.answer_label, first.answer, first.specialty_rule) == ("A", "Red", "default")
    assert (second.options, second.specialty, second.specialty_rule) == ({}, "pediatrics", "age_under_18")
    assert first.cluster == first.ordered_images()[0].cluster
    assert {image.state for image in Image.objects.all()} == {"released"}  # the source is synthetic
    assert AuditEvent.objects.filter(action="import.finished", data__accepted=4).exists()


def test_a_second_import_of_the_same_files_finds_duplicates_only(cast: Cast, imported: Imported) -> None:
    files = {"a.png": making.png((250, 0, 0)), "q.jsonl": line(1, "a.png")}
    imported(files)
    again = imported(files)
    assert (again.accepted, again.duplicates, again.refused_names) == (0, 2, [])
    assert (Image.objects.count(), Question.objects.count()) == (1, 1)


def test_a_job_that_died_before_its_report_adds_nothing_twice(
    cast: Cast, imported: Imported, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = making.source(cast.study, "Other")
    sent = [Upload("a.png", [making.png((9, 9, 9))]), Upload("q.jsonl", [line(1, "a.png")])]
    batch = start_import(study=cast.study, source=own, files=sent, by=cast.lena)
    finish = run._finish
    calls = []

    def die_once(*args: object) -> None:
        calls.append(args)
        if len(calls) == 1:
            raise OSError("the machine went away")
        finish(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(run, "_finish", die_once)
    run_now(batch.job)
    batch.refresh_from_db()
    assert (len(calls), batch.accepted, batch.duplicates) == (2, 2, 0)
    assert (Image.objects.count(), Question.objects.count()) == (1, 1)


def test_originals_and_their_names_are_gone_after_the_import(cast: Cast, imported: Imported) -> None:
    batch = imported({"SMITH_JOHN_1961.dcm": ct()})
    assert not uploads.upload_folder(batch.job.params["area"]).exists()
    assert "SMITH" not in json.dumps([batch.files, batch.refused_names])
    assert not AuditEvent.objects.filter(data__icontains="SMITH").exists()


def test_bad_files_are_refused_by_name_and_nothing_of_them_stays(cast: Cast, imported: Imported) -> None:
    batch = imported(
        {
            "cut.dcm": ct()[: len(ct()) // 2],
            "paper.png": b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n",
            "page.png": b"<html><script>alert(1)</script></html>",
            "fine.png": making.png((1, 2, 3)),
            "q.jsonl": line(1, "cut.dcm") + line(2, "fine.png"),
        }
    )
    refused = {each["item"]: each["reason"] for each in batch.refused_names}
    assert set(refused) == {"cut.dcm", "paper.png", "page.png", "q.jsonl line 1"}
    assert refused["q.jsonl line 1"] == "its image 'cut.dcm' was refused"
    assert (Image.objects.count(), Question.objects.count()) == (1, 1)


def test_bombs_are_refused_by_name_and_the_import_goes_on(
    cast: Cast, imported: Imported, tmp_path: Path
) -> None:
    inflating = makers.save(makers.data_set(), tmp_path / "a.dcm", syntax="1.2.840.10008.1.2.1.99")
    pixels = makers.png(20_000, 20_000, makers.zeros_deflated(50 * 1024 * 1024))
    batch = imported(
        {"inflating.dcm": inflating.read_bytes(), "huge.png": pixels, "fine.png": making.png((1, 2, 3))}
    )
    refused = {each["item"]: each["reason"] for each in batch.refused_names}
    assert set(refused) == {"inflating.dcm", "huge.png"}
    assert "too large" in refused["huge.png"]
    assert batch.accepted == 1


def test_bad_lines_are_refused_by_file_and_line_and_the_others_stay(cast: Cast, imported: Imported) -> None:
    lines = [
        line(9, "a.png"),
        b"\n",
        b'{"id": "Q1", "question": \n',
        line(2, "a.png", answer="E"),
        line(3, "b.png"),
        line(4, "file:///etc/passwd"),
    ]
    batch = imported({"a.png": making.png((1, 1, 1)), "questions.jsonl": b"".join(lines)})
    assert [(each["item"], each["reason"]) for each in batch.refused_names] == [
        ("questions.jsonl line 3", "the line is not valid JSON at character 27"),
        ("questions.jsonl line 4", "answer 'E' is not one of the options A-B"),
        (
            "questions.jsonl line 5",
            "there is no image 'b.png' in this import, nor an earlier one of its source on that path",
        ),
        (
            "questions.jsonl line 6",
            "'images' must be names of files in this import; addresses and paths outside it are refused",
        ),
    ]
    assert [q.external_id for q in Question.objects.all()] == ["Q9"]


def test_ids_are_used_once(cast: Cast, imported: Imported) -> None:
    two = line(1, "a.png") + line(1, "a.png", question="Something else?")
    batch = imported({"a.png": making.png((1, 1, 1)), "q.jsonl": two})
    assert batch.refused_names == [
        {"item": "q.jsonl line 2", "reason": "the id 'Q1' is already used on line 1"}
    ]
    later = imported({"q.jsonl": line(1, "a.png", question="Another?")})
    assert "belongs to another question" in later.refused_names[0]["reason"]


def test_images_of_an_earlier_import_are_found_by_name(cast: Cast, imported: Imported) -> None:
    imported({"a.png": making.png((1, 1, 1)), "röntgen/B 1.png": making.png((2, 1, 1))})
    asked = line(1, "a.png") + line(2, "ro\u0308ntgen\\b%201.png")
    assert imported({"q.jsonl": asked}).accepted == 2


def test_a_picture_of_an_earlier_import_is_never_found_by_its_name_alone(
    cast: Cast, imported: Imported
) -> None:
    imported({"patient_a/fundus.jpg": making.png((1, 1, 1)), "alone.png": making.png((2, 1, 1))})
    asked = ["xmlab9/fundus.jpg", "fundus.jpg", "images/alone.png"]
    batch = imported({"q.jsonl": b"".join(line(n, name) for n, name in enumerate(asked))})
    assert [each["reason"] for each in batch.refused_names] == [
        f"there is no image {name!r} in this import, nor an earlier one of its source on that path"
        for name in asked
    ]


def test_what_another_source_brought_is_never_meant_by_the_same_path(cast: Cast, imported: Imported) -> None:
    imported({"images/0001.png": making.png((1, 1, 1))})
    batch = imported({"q.jsonl": line(1, "images/0001.png")}, making.source(cast.study, "Another archive"))
    assert "there is no image" in batch.refused_names[0]["reason"]
    assert imported({"q.jsonl": line(1, "images/0001.png")}).accepted == 1


def test_a_path_that_two_earlier_images_came_on_is_refused(cast: Cast, imported: Imported) -> None:
    imported({"images/1.png": making.png((1, 1, 1))})
    imported({"images/1.png": making.png((2, 1, 1))})
    batch = imported({"q.jsonl": line(1, "images/1.png")})
    assert "import the right one together with the question" in batch.refused_names[0]["reason"]


def test_pictures_that_share_one_name_are_told_apart_by_their_folders(cast: Cast, imported: Imported) -> None:
    pictures = {f"imgs/xmlab{n}/source.jpg": making.png((n * 40, 1, 1)) for n in range(3)}
    asked = [*(f"xmlab{n}/source.jpg" for n in range(3)), "xmlab5/source.jpg", "source.jpg"]
    batch = imported(pictures | {"q.jsonl": b"".join(line(n, name) for n, name in enumerate(asked))})
    shown = [q.ordered_images()[0].pixel_sha256 for q in Question.objects.order_by("external_id")]
    assert shown == list(Image.objects.order_by("pk").values_list("pixel_sha256", flat=True))
    absent, ambiguous = (each["reason"] for each in batch.refused_names)
    assert "there is no image 'xmlab5/source.jpg'" in absent
    assert "write the path as it is in the import" in absent
    assert ambiguous == (
        "'source.jpg' may be any of 'imgs/xmlab0/source.jpg', 'imgs/xmlab1/source.jpg', "
        "'imgs/xmlab2/source.jpg'; write the path of the right one"
    )


def test_an_upload_that_lost_its_folders_is_matched_by_name_only_while_that_tells_enough(
    cast: Cast, imported: Imported
) -> None:
    files = {"a.png": making.png((1, 1, 1)), "b.png": making.png((2, 1, 1))}
    asked = line(1, "images/a.png") + line(2, "p1/b.png") + line(3, "p2/b.png")
    batch = imported(files | {"q.jsonl": asked})
    assert [each["item"] for each in batch.refused_names] == ["q.jsonl line 2", "q.jsonl line 3"]
    assert Question.objects.get().external_id == "Q1"
    assert batch.job.result["by_name"] == 1


def test_where_a_question_asks_for_the_bare_name_one_with_a_folder_is_another_file(
    cast: Cast, imported: Imported
) -> None:
    batch = imported({"a.png": making.png((1, 1, 1)), "q.jsonl": line(1, "a.png") + line(2, "p1/a.png")})
    assert [each["item"] for each in batch.refused_names] == ["q.jsonl line 2"]
    assert batch.job.result["by_name"] == 0


def test_a_name_without_folders_that_differs_from_an_earlier_path_is_refused(
    cast: Cast, imported: Imported
) -> None:
    imported({"p1/a.png": making.png((1, 1, 1))})
    batch = imported({"a.png": making.png((2, 1, 1)), "q.jsonl": line(1, "p1/a.png")})
    assert "several images of this and earlier imports may be 'p1/a.png'" in batch.refused_names[0]["reason"]
    again = imported({"a.png": making.png((1, 1, 1)), "q.jsonl": line(1, "p1/a.png")})
    assert (again.accepted, again.refused_names) == (1, [])


def test_one_patient_is_one_cluster_with_one_use(cast: Cast, imported: Imported) -> None:
    files = {f"{n}.png": making.png((n * 20, 9, 9)) for n in range(6)}
    imported(files | {"q.jsonl": b"".join(line(n, f"{n}.png", patient="P-77") for n in range(6))})
    assert Cluster.objects.count() == 1
    later = {"late.png": making.png((3, 200, 9)), "q2.jsonl": line(9, "late.png", patient="P-77")}
    imported(later)
    # Its image came in before its question told whose it is, in the same import: one cluster still.
    assert Cluster.objects.count() == 1
    assert not Question.objects.filter(question_type__contains="P-77").exists()


def test_images_of_one_dicom_patient_share_a_cluster_and_wait_for_review(
    cast: Cast, imported: Imported
) -> None:
    real = making.source(cast.study, "Hospital", is_synthetic=False)
    other = bytearray(ct())
    other[-2000] ^= 0x01
    imported({"one.dcm": ct(), "two.dcm": bytes(other)}, real)
    first, second = Image.objects.all()
    assert first.cluster == second.cluster
    assert {first.state, second.state} == {"quarantined"}
    assert first.facts["window"]["width"] > 0


def test_an_explicit_use_is_honoured_for_a_new_synthetic_cluster_and_never_changes(
    cast: Cast, imported: Imported
) -> None:
    files = {"a.png": making.png((1, 1, 1)), "q.jsonl": line(1, "a.png", use="dev")}
    imported(files)
    assert Question.objects.get().cluster.use == "dev"
    again = imported({"q.jsonl": line(2, "a.png", use="test")})
    assert "already kept for 'dev'" in again.refused_names[0]["reason"]
    real = making.source(cast.study, "Hospital", is_synthetic=False)
    many = {f"{n}.png": making.noise(n) for n in range(12)}
    imported(many | {"q.jsonl": b"".join(line(100 + n, f"{n}.png", use="dev") for n in range(12))}, real)
    drawn = set(Question.objects.filter(source=real).values_list("cluster__use", flat=True))
    assert drawn != {"dev"}


def test_a_text_that_names_the_patient_of_its_image_is_refused(cast: Cast, imported: Imported) -> None:
    real = making.source(cast.study, "Hospital", is_synthetic=False)
    text = "CompressedSamples CT1: what is seen?"
    batch = imported({"one.dcm": ct(), "q.jsonl": line(1, "one.dcm", question=text)}, real)
    assert "stands in the header" in batch.refused_names[0]["reason"]


def test_a_dry_run_reports_and_stores_nothing(cast: Cast, db: None) -> None:
    own = making.source(cast.study)
    files = [
        Upload("a.png", [making.png((7, 7, 7))]),
        Upload("b.png", [b"%PDF-1.4"]),
        Upload("q.jsonl", [line(1, "a.png")]),
    ]
    outcome = look_at(study=cast.study, source=own, files=files)
    assert (outcome.accepted, outcome.duplicates, len(outcome.refused)) == (2, 0, 1)
    assert not Image.objects.exists()
    assert not Import.objects.exists()


def test_only_leads_import_and_only_into_their_study(cast: Cast) -> None:
    own, other = making.source(cast.study), making.source(cast.other_study)
    for person in (cast.anna, cast.rosa, cast.otto, cast.nora):
        with pytest.raises(NotAllowed):
            start_import(study=cast.study, source=own, files=[Upload("a", [b"x"])], by=person)
    with pytest.raises(run.ImportRefused):
        start_import(study=cast.study, source=other, files=[Upload("a", [b"x"])], by=cast.lena)
    assert not list(uploads.upload_folder("0" * 32).parent.glob("import-*"))


def test_names_never_become_paths() -> None:
    assert uploads.shown_name("../../etc/passwd") == "etc/passwd"
    assert uploads.shown_name("C:\\scans\\a\u202e\n.png") == "C:/scans/a.png"
    assert uploads.shown_name("\0") == "unnamed"
    assert len(uploads.shown_name("x" * 900)) == uploads.NAME_LENGTH
    assert uploads.shown_name(f"{'p' * 400}/{'d' * 290}/a.png") != uploads.plain_path(f"{'d' * 290}/a.png")


def test_a_full_disk_is_told_before_anything_is_kept(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage("/")._replace(total=2 * uploads.FREE_BYTES, free=uploads.FREE_BYTES)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(uploads.UploadRefused, match="nearly full"):
        start_import(
            study=cast.study, source=making.source(cast.study), files=[Upload("a", [b"x"])], by=cast.lena
        )
    assert not Import.objects.exists()


def test_originals_of_an_import_that_will_not_run_are_destroyed(cast: Cast) -> None:
    own = making.source(cast.study)
    sent = [Upload("SMITH_JOHN.png", [making.png((1, 2, 3))])]
    waiting, dropped = (
        start_import(study=cast.study, source=own, files=sent, by=cast.lena) for _ in range(2)
    )
    cancel(job=dropped.job, by=cast.lena)
    run.sweep_uploads()
    dropped.refresh_from_db()
    assert not uploads.upload_folder(dropped.job.params["area"]).exists()
    assert dropped.files == []
    assert uploads.upload_folder(waiting.job.params["area"]).exists()


def test_what_a_killed_request_left_behind_is_destroyed_after_a_day(cast: Cast, settings: Any) -> None:
    root = Path(settings.CONSILIUM_HOME) / "uploads"
    old, new = root / "tmpabc.upload.dcm", root / "tmpxyz.upload.dcm"
    for path in (old, new):
        path.write_bytes(b"DICM")
    os.utime(old, (1, 1))
    run.sweep_uploads()
    assert (old.exists(), new.exists()) == (False, True)
    new.unlink()


def test_two_imports_at_once_never_give_one_picture_two_uses(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second has planned when the first stores the cluster that both belong to."""
    uses = iter(["train", "test"])
    monkeypatch.setattr(store, "draw", lambda *args, **kwargs: next(uses))
    own = making.source(cast.study, is_synthetic=False)
    first = start_import(
        study=cast.study, source=own, files=[Upload("a.png", [making.noise(1)])], by=cast.lena
    )
    asked = Upload("q.jsonl", [line(1, "b.png", patient="P1")])
    second = start_import(
        study=cast.study, source=own, files=[Upload("b.png", [alike()]), asked], by=cast.lena
    )
    plan = run._plan

    def plan_then_lose(*args: Any) -> Any:
        made = plan(*args)
        monkeypatch.setattr(run, "_plan", plan)
        run_now(first.job)
        return made

    monkeypatch.setattr(run, "_plan", plan_then_lose)
    assert run_until_over(second.job).state == "succeeded"
    assert Image.objects.count() == 2
    assert {image.cluster.use for image in Image.objects.select_related("cluster")} == {"train"}


def alike() -> bytes:
    """The picture of `making.noise(1)` with one pixel changed."""
    picture = Picture.open(io.BytesIO(making.noise(1)))
    pixels = bytearray(picture.tobytes())
    pixels[100] ^= 1
    out = io.BytesIO()
    Picture.frombytes("L", picture.size, bytes(pixels)).save(out, "PNG")
    return out.getvalue()
