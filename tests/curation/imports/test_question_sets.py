"""Published question sets, each in its own layout: made-up rows in exactly the published form."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from consilium.jobs.run import run_now
from curation.held_texts import decide, marked_texts
from curation.imports import formats
from curation.imports.question_sets import QUESTION_SETS
from curation.imports.run import look_at, start_import
from curation.models import Cluster, Image, Import, Question, TextChoice, TextFinding
from curation.questions import open_questions
from curation.releases.freeze import rows_of
from curation.releases.gather import freeze_questions
from tests.curation.imports.small_sets import (
    MEDXPERT,
    MMMU,
    OMNI,
    PMC,
    RAD,
    SLAKE,
    Files,
    as_json,
    as_lines,
    as_parquet,
    as_table,
    of_hub,
    reasons,
    sha256,
    small_sets,
    sources_of,
    uploads,
)
from tests.factories import curation as making
from tests.factories.cast import Cast


@pytest.mark.parametrize("name", [made.name for made in QUESTION_SETS])
def test_each_published_set_comes_in_whole_and_for_testing_alone(
    brought: Callable[..., Import], name: str
) -> None:
    files = small_sets()[name]
    batch = brought(files, name)
    assert reasons(batch) == {}
    assert Question.objects.exists()
    assert set(Cluster.objects.values_list("use", flat=True)) == {"test"}
    assert all(question.ordered_images() for question in Question.objects.all())
    again = brought(files, name)
    assert (again.accepted, reasons(again), again.duplicates > 0) == (0, {}, True)


def test_every_format_has_a_small_set_here() -> None:
    assert set(small_sets()) == {made.name for made in QUESTION_SETS}
    assert {made.name for made in QUESTION_SETS} <= {known.name for known in formats.known()}


def test_medxpertqa_keeps_its_images_in_order_and_loses_the_choices_in_the_question(
    brought: Callable[..., Import],
) -> None:
    brought(small_sets()["medxpertqa"], "medxpertqa")
    question = Question.objects.get(external_id="MM-1")
    assert (question.text, question.answer_label, question.answer) == ("What is seen?", "B", "Tear")
    assert len(question.options) == 5
    assert sources_of(question) == [sha256(making.noise(1)), sha256(making.noise(2))]
    assert question.question_type == "Reasoning"
    assert question.facets == {
        "set": "MedXpertQA",
        "medical_task": "Diagnosis",
        "body_system": "Skeletal",
        "answer_type": "choice",
    }


def test_medxpertqa_options_may_be_a_list(brought: Callable[..., Import]) -> None:
    files = small_sets()["medxpertqa"]
    listed = [{"letter": letter, "content": text} for letter, text in MEDXPERT["options"].items()]
    brought(files | {"MM/test.jsonl": as_lines(MEDXPERT | {"options": listed})}, "medxpertqa")
    assert Question.objects.get().options["E"] == "Nothing"


def test_omnimedvqa_names_the_answer_by_its_text(brought: Callable[..., Import]) -> None:
    brought(small_sets()["omnimedvqa"], "omnimedvqa")
    question = Question.objects.get()
    assert (question.external_id, question.answer_label) == ("Made_Up_0001", "B")
    assert (question.options, question.modality) == (
        {"A": "Normal", "B": "glaucoma"},
        "Fundus Photography",
    )
    assert question.facets["dataset"] == "Made Up"


def test_pmcvqa_comes_in_both_versions(brought: Callable[..., Import]) -> None:
    brought(small_sets()["pmcvqa"], "pmcvqa")
    first = Question.objects.get(external_id="pmcvqa:test:1")
    assert (first.options["A"], first.answer) == ("Focal", "Diffuse")
    second = Question.objects.get(external_id="pmcvqa:test_2:7")
    assert (second.answer, second.facets["split"]) == ("Sagittal", "test")


def test_vqarad_has_no_options_and_says_which_questions_are_closed(brought: Callable[..., Import]) -> None:
    brought(small_sets()["vqarad"], "vqarad")
    question = Question.objects.get(external_id="vqarad:4")
    assert (question.options, question.answer_label, question.answer) == ({}, "", "Yes")
    assert (question.body_part, question.organ_system, question.question_type) == ("CHEST", "chest", "SIZE")
    assert question.facets == {"set": "VQA-RAD", "phrase_type": "freeform", "answer_type": "closed"}


def test_vqarad_comes_as_parquet_as_well(brought: Callable[..., Import]) -> None:
    row = {"image": of_hub(30), "question": "Where is it?", "answer": "left"}
    brought({"data/test-00000-of-00001-e5.parquet": as_parquet(row)}, "vqarad")
    question = Question.objects.get()
    assert (question.external_id, question.answer) == ("vqarad:test-00000-of-00001-e5:1", "left")
    assert question.facets == {"set": "VQA-RAD", "answer_type": "open", "split": "test"}


def test_slake_takes_the_picture_that_the_path_names_and_no_other(brought: Callable[..., Import]) -> None:
    brought(small_sets()["slake"], "slake")
    # xmlab2/source.jpg has the name that is asked for; the mask is nobody's picture.
    assert Image.objects.count() == 2
    closed = Question.objects.get(external_id="slake:1")
    assert (closed.organ_system, closed.modality, closed.question_type) == ("abdomen", "MRI", "Modality")
    assert closed.facets == {
        "set": "SLAKE",
        "q_lang": "en",
        "base_type": "vqa",
        "content_type": "Modality",
        "answer_type": "closed",
        "split": "test",
    }


def test_pathvqa_tells_closed_from_open_by_the_answer(brought: Callable[..., Import]) -> None:
    brought(small_sets()["pathvqa"], "pathvqa")
    kinds = Question.objects.order_by("pk").values_list("answer", "facets__answer_type", "facets__split")
    assert list(kinds) == [("yes", "closed", "test"), ("a liver", "open", "test")]


def test_gmai_mmbench_keeps_task_department_and_granularity(brought: Callable[..., Import]) -> None:
    brought(small_sets()["gmaimmbench"], "gmaimmbench")
    question = Question.objects.get(external_id="gmai:12")
    assert (question.options, question.answer) == ({"A": "Cataract", "B": "Myopia"}, "Cataract")
    assert (question.department, question.question_type) == ("ophthalmology", "Disease Diagnosis")
    assert question.facets["granularity"] == "Image Level"


def test_mmmu_keeps_several_images_in_order_and_their_marks(brought: Callable[..., Import]) -> None:
    brought(small_sets()["mmmu"], "mmmu")
    question = Question.objects.get()
    assert question.answer == "Crohn's disease"
    assert sources_of(question) == [sha256(making.noise(70)), sha256(making.noise(71))]
    assert "<image 2>" in question.text
    assert (question.facets["subject"], question.facets["split"]) == ("Clinical_Medicine", "validation")


def test_mmmu_open_questions_have_no_options(brought: Callable[..., Import]) -> None:
    row = MMMU | {"options": "[]", "answer": "12", "question_type": "open"}
    brought({"Pharmacy/dev.parquet": as_parquet(row)}, "mmmu")
    question = Question.objects.get()
    assert (question.options, question.answer, question.facets["answer_type"]) == ({}, "12", "open")


ROWS: list[tuple[str, str, dict[str, Any], str]] = [
    ("medxpertqa", "MM/test.jsonl", MEDXPERT | {"label": "F"}, "letter of no option"),
    ("medxpertqa", "MM/test.jsonl", MEDXPERT | {"options": {}}, "letter of no option"),
    ("medxpertqa", "MM/test.jsonl", MEDXPERT | {"images": ["../a.png"]}, "paths outside it are refused"),
    ("medxpertqa", "MM/test.jsonl", MEDXPERT | {"images": []}, "at least one image"),
    (
        "medxpertqa",
        "MM/test.jsonl",
        MEDXPERT | {"options": MEDXPERT["options"] | {"A": "TEAR"}},
        "another option reads like the right one",
    ),
    ("omnimedvqa", "x.json", OMNI | {"gt_answer": "Cataract"}, "text of no option"),
    ("omnimedvqa", "x.json", OMNI | {"option_A": None}, "missing or no text"),
    ("omnimedvqa", "x.json", OMNI | {"image_path": "Images/gone.png"}, "there is no image"),
    ("slake", "test.json", SLAKE | {"answer_type": "MAYBE"}, "OPEN or CLOSED"),
    ("slake", "test.json", SLAKE | {"img_name": "xmlab9/source.jpg"}, "not on that path"),
    ("slake", "test.json", {"qid": 3}, "'question' is missing"),
    ("vqarad", "x.json", RAD | {"answer": ""}, "'answer' is missing"),
]


@pytest.mark.parametrize(("name", "file", "row", "reason"), ROWS)
def test_a_row_that_is_none_of_the_set_is_refused_by_its_number_and_the_others_stay(
    brought: Callable[..., Import], name: str, file: str, row: dict[str, Any], reason: str
) -> None:
    files = small_sets()[name]
    given = next(path for path in files if path.endswith((".jsonl", ".json")))
    good = {"medxpertqa": MEDXPERT, "omnimedvqa": OMNI, "slake": SLAKE, "vqarad": RAD}[name]
    key = next(key for key in ("id", "question_id", "qid") if key in good)
    rows = [good, {"nothing": 1}, row if key not in row else row | {key: f"{row[key]}9"}]
    pack = as_lines if given.endswith("l") else as_json
    batch = brought(files | {given: pack(*rows)}, name)
    found = reasons(batch)
    assert set(found) == {f"{given} row 2", f"{given} row 3"}
    assert reason in found[f"{given} row 3"]
    assert Question.objects.count() == 1
    places = {each["item"] for each in batch.refused}
    assert places == {f"file {list(files).index(given) + 1} row {number}" for number in (2, 3)}


@pytest.mark.parametrize(
    ("name", "files", "reason"),
    [
        ("slake", {"test.json": b"{"}, "not valid JSON"),
        ("slake", {"test.json": b'{"a": 1}'}, "no list of questions"),
        ("slake", {"other.json": b"[]"}, "hold no questions of SLAKE"),
        ("omnimedvqa", {"a.json": b"\xff\xfe"}, "not valid JSON"),
        ("pathvqa", {"a.parquet": b"PAR1 no"}, "damaged or no Parquet file"),
        ("pathvqa", {"a.parquet": as_parquet({"picture": 1})}, "no column 'image'"),
        ("gmaimmbench", {"a.tsv": b"index\timage\tquestion\n"}, "no column 'answer'"),
        ("pmcvqa", {"a.csv": b"Figure_path,Question\n"}, "no column 'Choice A'"),
        ("pmcvqa", {"a.csv": "Figure_path,Frage\n\xe4".encode("latin-1")}, "not UTF-8|no column"),
        ("medxpertqa", {"test.jsonl": as_lines(MEDXPERT), "images.zip": b"PK"}, "unpack it first"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_by_its_name(
    brought: Callable[..., Import], name: str, files: Files, reason: str
) -> None:
    found = " ".join(reasons(brought(files, name)).values())
    assert any(part in found for part in reason.split("|"))
    assert not Question.objects.exists()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"Answer": "Ring"}, "another choice than its Answer_label"),
        ({"Answer_label": "E"}, "letter of no option"),
        ({"Choice D": ""}, "'Choice D' is missing"),
    ],
)
def test_a_pmcvqa_row_that_contradicts_itself_is_refused(
    brought: Callable[..., Import], change: dict[str, str], reason: str
) -> None:
    batch = brought({"test.csv": as_table([PMC | change]), "PMC1_F1.jpg": making.noise(4)}, "pmcvqa")
    assert reason in reasons(batch)["test.csv row 1"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"id": "validation_Accounting_1"}, "of no medical subject"),
        ({"answer": "?"}, "not published"),
        ({"options": "__import__('os').getcwd()"}, "no list of texts"),
        ({"image_1": {"bytes": b"", "path": None}}, "no bytes"),
    ],
)
def test_an_mmmu_row_that_cannot_be_used_is_refused(
    brought: Callable[..., Import], change: dict[str, Any], reason: str
) -> None:
    batch = brought({"x/test.parquet": as_parquet(MMMU | change)}, "mmmu")
    assert reason in reasons(batch)["x/test.parquet row 1"]


def test_a_picture_in_a_row_that_is_none_is_refused_with_its_question(brought: Callable[..., Import]) -> None:
    row = {"image": {"bytes": b"no picture", "path": None}, "question": "What?", "answer": "It."}
    found = reasons(brought({"test.parquet": as_parquet(row)}, "pathvqa"))
    assert set(found) == {"test.parquet row 1", "test.parquet row 1 picture 1"}
    assert not Question.objects.exists()


def test_a_picture_that_is_kept_for_training_brings_no_test_question(
    cast: Cast, brought: Callable[..., Import]
) -> None:
    source = making.source(cast.study, "Ours", is_synthetic=True)
    own = {"id": "own", "question": "What?", "answer": "It.", "images": ["own.png"], "use": "train"}
    files = {"own.jsonl": as_lines(own), "own.png": making.noise(6)}
    batch = start_import(study=cast.study, source=source, files=uploads(files), by=cast.lena)
    run_now(batch.job)
    found = reasons(brought(small_sets()["vqarad"], "vqarad"))
    assert "already kept for 'train'" in found["VQA_RAD Dataset Public.json row 1"]
    assert list(Question.objects.values_list("external_id", flat=True)) == ["own"]


def test_a_dry_run_stores_nothing(cast: Cast) -> None:
    source = making.source(cast.study, "Published", is_synthetic=True)
    outcome = look_at(
        study=cast.study,
        source=source,
        files=uploads(small_sets()["mmmu"]),
        folders=True,
        wanted="mmmu",
    )
    assert (outcome.accepted, outcome.refused) == (3, [])
    assert not Image.objects.exists()


@pytest.mark.parametrize("name", ["medxpertqa", "pmcvqa", "vqarad", "gmaimmbench"])
def test_a_set_whose_files_say_so_is_known_by_itself(name: str) -> None:
    assert formats.format_of(formats.AUTO, list(small_sets()[name])).name == name


def test_what_a_set_says_of_a_question_is_frozen_with_it(cast: Cast, brought: Callable[..., Import]) -> None:
    brought(small_sets()["medxpertqa"], "medxpertqa")
    open_questions(study=cast.study, by=cast.lena)
    release = freeze_questions(study=cast.study, name="MedXpertQA", by=cast.lena)
    content = rows_of(release).get().content
    assert (content["facets"]["body_system"], content["split"], len(content["images"])) == (
        "Skeletal",
        "test",
        2,
    )


def test_a_name_in_what_a_set_says_holds_the_question_until_it_is_masked(
    cast: Cast, brought: Callable[..., Import]
) -> None:
    row = OMNI | {"dataset": "Archive of Dr. Johann Mueller"}
    brought(
        small_sets()["omnimedvqa"] | {"QA_information/Open-access/Made Up.json": as_json(row)}, "omnimedvqa"
    )
    held = Question.objects.get()
    findings = TextFinding.objects.filter(question=held)
    (marked,), _ = marked_texts(held, findings)
    assert (held.state, marked.label) == ("held", "the facet dataset")
    choices = dict.fromkeys(findings.values_list("pk", flat=True), str(TextChoice.MASK))
    decide(study=cast.study, choices=choices, reason="", by=cast.lena)
    freed = Question.objects.get()
    assert (freed.state, "Mueller" in freed.facets["dataset"]) == ("imported", False)
    assert freed.facets["answer_type"] == "choice"


def test_page_and_command_offer_every_set(cast: Cast, client: Client, tmp_path: Path) -> None:
    source = making.source(cast.study, "Published", is_synthetic=True)
    client.force_login(cast.lena)
    page = client.get(reverse("curation:new-import", kwargs={"study": cast.study.slug})).content.decode()
    for made in QUESTION_SETS:
        assert f'value="{made.name}"' in page
    for name, content in small_sets()["slake"].items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    out = io.StringIO()
    words = ("import", cast.study.slug, str(tmp_path), "--source", source.name, "--format", "slake", "--json")
    call_command(*words, stdout=out)
    assert json.loads(out.getvalue())["accepted"] == 4
    with pytest.raises(CommandError):
        call_command("import", cast.study.slug, str(tmp_path), "--format", "nothing")


def test_the_page_takes_a_set_without_folders_where_names_tell(
    cast: Cast, brought: Callable[..., Import]
) -> None:
    flat = {name.rpartition("/")[2]: content for name, content in small_sets()["medxpertqa"].items()}
    assert reasons(brought(flat, "medxpertqa", folders=False)) == {}
    assert Question.objects.count() == 1
