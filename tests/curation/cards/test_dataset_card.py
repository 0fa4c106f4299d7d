"""The dataset card: its YAML is the Hub's, its numbers are the votes', what people wrote stays text."""

import html
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from huggingface_hub import DatasetCard
from markdown_it import MarkdownIt

from annotation.models import Vote
from consilium.answers.dimensions import DIMENSIONS
from consilium.people.models import CreditChoice, Participation, pseudonym
from consilium.people.studies import change_settings
from curation.cards.write import release_facts
from curation.layouts.reader import ReleaseReader
from curation.models import Release, Source, Trace
from curation.releases.export import write_export
from curation.releases.export_gate import ExportRefused
from curation.releases.freeze import side_rows_of
from curation.releases.gather import freeze_questions
from tests.curation.cards.conftest import refrozen
from tests.curation.releases.test_freeze import let_change
from tests.factories import curation as making
from tests.factories.cast import Cast

LAYOUTS = ("hub", "jsonl", "medrewardbench", "trl", "sharegpt")


def read(folder: Path) -> tuple[dict[str, Any], str]:
    """The YAML and the text below it."""
    text = (folder / "README.md").read_text()
    _, head, body = text.split("---\n", 2)
    return yaml.safe_load(head), body


def section(body: str, title: str) -> str:
    return body.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_hub_reads_the_yaml_of_every_layout(preferences: Release, tmp_path: Path, layout: str) -> None:
    folder = write_export(preferences, tmp_path / "out", layout=layout)
    data = DatasetCard.load(folder / "README.md").data.to_dict()
    assert data == read(folder)[0]
    assert (data["license"], data["size_categories"], data["language"]) == ("cc-by-4.0", ["n<1K"], ["en"])
    assert data["annotations_creators"] == ["expert-generated"]
    assert "license_name" not in data


def test_features_and_numbers_in_the_yaml_are_those_of_the_files(
    preferences: Release, tmp_path: Path
) -> None:
    import datasets
    from datasets.info import DatasetInfosDict

    folder = write_export(preferences, tmp_path / "out")
    told = DatasetInfosDict.from_directory(str(folder))
    assert list(told) == [
        "preferences", "consensus", "responses", "guidelines", "readers", "sources", "votes",
    ]  # fmt: skip
    for name, info in told.items():
        loaded = datasets.load_dataset(str(folder), name, cache_dir=str(tmp_path / "cache"))
        for split, rows in loaded.items():
            assert rows.features == info.features, name
            assert len(rows) == info.splits[split].num_examples
        files = sum(path.stat().st_size for path in folder.glob(f"data/{name}/*.parquet"))
        assert info.download_size == files
        assert info.dataset_size == sum(split.num_bytes for split in info.splits.values()) > 0


def test_json_lines_load_by_the_names_on_the_card(preferences: Release, tmp_path: Path) -> None:
    import datasets

    folder = write_export(preferences, tmp_path / "out", layout="jsonl")
    for name, rows in (("preferences", 4), ("votes", 12), ("readers", 3)):
        loaded = datasets.load_dataset(str(folder), name, split="test", cache_dir=str(tmp_path / "cache"))
        assert len(loaded) == rows


def test_the_same_release_gives_the_same_bytes(preferences: Release, tmp_path: Path) -> None:
    one, two = (write_export(preferences, tmp_path / name) for name in ("one", "two"))
    names = sorted(path.relative_to(one) for path in one.rglob("*") if path.is_file())
    assert {"README.md", "croissant.json", "figures/agreement.svg"} <= {name.as_posix() for name in names}
    assert all((one / name).read_bytes() == (two / name).read_bytes() for name in names)


def test_the_numbers_of_the_card_are_those_of_the_votes(preferences: Release, voted: Cast) -> None:
    facts = release_facts(ReleaseReader(preferences))
    assert (facts.rows, facts.clusters, facts.images) == (4, 4, 4)
    assert facts.places == [("chest", "radiology", 4)]
    rows = {row.dimension: row for row in facts.agreement}
    assert list(rows) == list(DIMENSIONS)
    # Three pairs of readers: of the split case one pair agrees.
    assert rows["accuracy"].percent.value == pytest.approx((3 + 1 / 3) / 4)
    assert rows["accuracy"].split_share == 0.25
    assert rows["overall"].split_share == 0.0
    assert (rows["accuracy"].cases, rows["accuracy"].votes) == (4, 12)
    assert [(one.dimension, one.a, one.b, one.none) for one in facts.labels] == [
        (name, 4, 0, 0) for name in DIMENSIONS
    ]
    assert {one.name: (one.specialty, one.votes) for one in facts.readers} == {
        pseudonym(voted.study.pk, person.pk): ("brain_senses" if person == voted.anna else "", 4)
        for person in voted.annotators
    }
    assert (facts.work.newest, facts.work.replaced, facts.twice_read) == (12, 0, 4)
    assert facts.work.shown_first_a == Vote.objects.filter(shown_first="a").count()


def test_the_card_says_who_labelled_how_well_they_agreed_and_what_it_is_for(
    preferences: Release, voted: Cast, tmp_path: Path
) -> None:
    folder = write_export(preferences, tmp_path / "out")
    _, body = read(folder)
    who = section(body, "Who read, and how much")
    assert (
        f"| `{pseudonym(voted.study.pk, voted.anna.pk)}` | Annotator | Brain and senses | 4 | 0 | 0 |" in who
    )
    assert "- Ben Odhiambo, MD, radiology" in who
    assert "| Accuracy | 4 | 0.83" in section(body, "How well they agreed")
    assert "| 25.0 % |" in section(body, "How well they agreed")
    assert "| Chest | 4 | 4 |" in section(body, "What is in it")
    assert "must not be used to diagnose" in section(body, "Known limits")
    assert "CC-BY-4.0" in section(body, "Sources and licences")
    assert 'load_dataset(path, "votes", split="test")' in body
    for shown in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", body):
        assert (folder / shown).is_file()
    assert preferences.digest in body


def test_traces_tell_what_became_of_their_steps_and_of_those_read_twice(traces: Release) -> None:
    facts = release_facts(ReleaseReader(traces))
    assert [(one.specialty, one.accepted, one.edited, one.rejected) for one in facts.steps] == [
        ("adult_medicine", 6, 0, 0)
    ]
    assert facts.twice_read == 1
    whole, steps = facts.agreement
    assert (whole.cases, whole.percent.value) == (1, 0.0)
    assert (steps.cases, steps.votes) == (2, 6)
    assert [(one.votes, one.reviews) for one in facts.readers].count((0, 2)) == 1


def test_questions_are_told_without_readers(cast: Cast, tmp_path: Path) -> None:
    making.question(cast.study, making.source(cast.study), 1, use="test")
    made = freeze_questions(study=cast.study, name="Held out", by=cast.lena)
    head, body = read(write_export(made, tmp_path / "out"))
    assert head["annotations_creators"] == ["found"]
    assert "Nobody read for this release" in section(body, "Who read, and how much")


def test_licences_that_differ_are_told_source_by_source(cast: Cast, tmp_path: Path) -> None:
    for number, licence in enumerate(("CC BY 4.0", "Hospital terms, 2nd edition")):
        of = making.source(cast.study, f"Archive {number}")
        Source.objects.filter(pk=of.pk).update(licence=licence, citation=f"Smith J, Roe A. Set {number}.")
        making.question(cast.study, of, number, use="test")
    made = freeze_questions(study=cast.study, name="Two", by=cast.lena)
    folder = write_export(made, tmp_path / "out")
    head, _ = read(folder)
    assert (head["license"], head["license_name"], head["license_link"]) == (
        "other", "several-licences", "LICENSE.md",
    )  # fmt: skip
    assert "Hospital terms, 2nd edition" in (folder / "LICENSE.md").read_text()
    assert head["source_datasets"] == ["extended|other-archive-0", "extended|other-archive-1"]
    assert "Smith J, Roe A. Set 1." in json.loads((folder / "croissant.json").read_text())["citeAs"]


def test_what_changed_since_the_earlier_release_is_told(cast: Cast, traces: Release, tmp_path: Path) -> None:
    gone = Trace.objects.order_by("pk")[0]
    Trace.objects.filter(pk=gone.pk).update(state="rejected")
    making.trace(making.question(cast.study, Source.objects.get(), 7), making.endpoint())
    later = refrozen(cast, traces, "Corrected")
    changes = section(
        read(write_export(later, tmp_path / "out"))[1], "Changes since the release it derives from"
    )
    assert traces.digest in changes
    assert [line for line in changes.splitlines() if line.startswith("- ")] == [
        "- added: 1", "- removed: 1", "- changed: 0",
    ]  # fmt: skip


def test_amendments_stand_on_the_card_as_their_authors_wrote_them(voted: Cast, tmp_path: Path) -> None:
    from annotation.release import freeze_preferences

    change_settings(
        study=voted.study, changes={"votes_per_case": 5}, by=voted.lena, reason="Too <b>few</b> | agreed."
    )
    made = freeze_preferences(study=voted.study, name="Amended", by=voted.lena)
    _, body = read(write_export(made, tmp_path / "out"))
    shown = MarkdownIt("commonmark").enable("table").render(section(body, "Protocol"))
    assert "Votes per case 5. Too <b>few</b> | agreed." in html.unescape(
        re.sub(r"<(?!/?b>)[^>]*>", "", shown)
    )
    assert "<b>" not in shown


@pytest.mark.parametrize("when", ["before the freeze", "after it"])
def test_nobody_is_named_who_did_not_ask_for_it_or_took_it_back(
    voted: Cast, tmp_path: Path, when: str
) -> None:
    from annotation.release import freeze_preferences

    mine = Participation.objects.filter(person=voted.ben)
    if when == "before the freeze":
        mine.update(credit=CreditChoice.PSEUDONYM)
    made = freeze_preferences(study=voted.study, name="Named", by=voted.lena)
    mine.update(credit=CreditChoice.PSEUDONYM)
    folder = write_export(made, tmp_path / "out")
    assert all(b"Odhiambo" not in path.read_bytes() for path in folder.rglob("*") if path.is_file())
    (row,) = side_rows_of(made, "readers").filter(row_id=pseudonym(voted.study.pk, voted.ben.pk))
    asked = {"before the freeze": "pseudonym", "after it": "named"}
    assert row.content == {"id": row.row_id, "role": "annotator", "specialty": "", "credit": asked[when]}


def test_the_name_of_somebody_who_is_named_on_the_card_still_stands_nowhere_else(
    voted: Cast, tmp_path: Path
) -> None:
    from annotation.models import Response
    from annotation.release import freeze_preferences

    Response.objects.update(text="As Ben Odhiambo said, it is plain.")
    made = freeze_preferences(study=voted.study, name="Named", by=voted.lena)
    with pytest.raises(ExportRefused, match="the name of an account"):
        write_export(made, tmp_path / "out", layout="jsonl")


def test_a_refused_card_names_file_and_rule(
    voted: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from annotation.release import freeze_preferences

    made = freeze_preferences(study=voted.study, name="Card", by=voted.lena)
    monkeypatch.setattr("curation.cards.dataset_card.limits_of", lambda _: ["Ask An\\_na\\* at a@b.example."])
    with pytest.raises(ExportRefused, match=r"^File README\.md: it holds an e-mail address\.$"):
        write_export(made, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_datasets_library_is_not_needed_to_write_cards() -> None:
    import subprocess
    import sys

    told = (
        "import sys, curation.cards.count, curation.cards.dataset_card, curation.cards.figures,"
        " curation.cards.croissant; print([m for m in sys.modules if m.split('.')[0] in"
        " ('django', 'datasets', 'huggingface_hub', 'yaml', 'mlcroissant')])"
    )
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert io.StringIO(done.stdout).readline().strip() == "[]"


def test_votes_given_in_another_program_are_told(voted: Cast, tmp_path: Path) -> None:
    from annotation.release import freeze_preferences
    from consilium.workqueue.models import Submission

    first = Vote.objects.order_by("pk")[0].submission
    let_change("work_submission")
    Submission.objects.filter(pk=first.pk).update(shown=first.shown | {"taken_at": "Label Studio"})
    made = freeze_preferences(study=voted.study, name="Elsewhere", by=voted.lena)
    _, body = read(write_export(made, tmp_path / "out"))
    assert "taken in from there: 1 in Label Studio." in section(body, "Who read, and how much")
