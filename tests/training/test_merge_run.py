"""Merges in the application: candidates on dev questions, and what the page of a merge shows."""

import json
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from consilium.inference.models import ModelEndpoint
from curation.models import Release
from curation.releases.freeze import withdraw_release
from tests.factories import benchmark
from tests.factories import training as making
from tests.factories.cast import Cast
from training import preconditions, run_job
from training.job.spec import parse_spec
from training.launch import launch, launch_pipeline
from training.learned import parts_read
from training.merge_report import candidate_table
from training.model_card import model_card as card_of
from training.models import ProducedModel, Run, RunEvent
from training.preconditions import LaunchRefused
from training.run_card import run_card

CANDIDATES = {"method": "candidates"}
LOST, CHOSEN = making.MERGE_CARD["candidates"][1:3]


@pytest.fixture
def ground(db: None) -> ModelEndpoint:
    return making.base_endpoint()


@pytest.fixture
def dev(cast: Cast) -> Release:
    return benchmark.questions(cast, name="Dev", split="dev")


@pytest.fixture
def merge(cast: Cast, release: Release, ground: ModelEndpoint, dev: Release) -> Run:
    """The merge of a pipeline that tries candidates."""
    runs = launch_pipeline(
        study=cast.study,
        release=release,
        base=ground,
        by=cast.lena,
        settings={"merge": CANDIDATES},
        questions=dev,
    )
    return runs[-1]


def refusal(
    cast: Cast, base: ModelEndpoint, inputs: list[Run], release: Release | None, **settings: Any
) -> str:
    with pytest.raises(LaunchRefused) as caught:
        launch(
            study=cast.study, stage="merge", base=base, by=cast.lena, inputs=inputs, release=release,
            settings=settings,
        )  # fmt: skip
    return str(caught.value)


def test_candidates_read_dev_questions_and_are_not_trained_on_them(
    merge: Run, dev: Release, release: Release, home: Any
) -> None:
    (home / "models" / "runs" / f"run-{merge.pk}").mkdir(parents=True)
    assert merge.release == dev
    spec = parse_spec(json.loads(run_job._write_spec(merge).read_text()))
    assert spec.data is not None
    assert (spec.data / "rows.jsonl").read_text().count('"split": "dev"') == 8
    assert run_job._digests(merge) == {release.digest}
    assert dev.digest not in {part.digest for part in parts_read(merge)}


def test_a_merge_is_chosen_on_frozen_dev_questions_of_all_its_specialties(
    cast: Cast, merge: Run, ground: ModelEndpoint, dev: Release, release: Release
) -> None:
    inputs = list(merge.inputs.all())
    test = benchmark.questions(cast, 8, "Test")
    narrow = benchmark.questions(cast, 4, "Narrow", split="dev", specialty="pediatrics")
    open_ones = benchmark.questions(cast, 4, "Open", split="dev", options={}, answer_label="")
    told = {
        "choose a release of them": (None, release),
        "questions that are not for dev": (test,),
        "no dev question with options of adult_medicine;": (narrow,),
        "no dev question with options of adult_medicine, pediatrics": (open_ones,),
    }
    for said, releases in told.items():
        for one in releases:
            assert said in refusal(cast, ground, inputs, one, **CANDIDATES)
    assert "not a release" in refusal(cast, ground, inputs, dev)
    withdraw_release(release=dev, reason="Labels were wrong.", by=cast.lena)
    assert "is withdrawn" in refusal(cast, ground, inputs, dev, **CANDIDATES)
    merge.refresh_from_db()
    with pytest.raises(LaunchRefused, match="is withdrawn"):
        preconditions.check_read(Run.objects.get(pk=merge.pk))


def test_the_launch_page_offers_the_grid_and_dev_questions_alone(
    cast: Cast, merge: Run, dev: Release, ground: ModelEndpoint
) -> None:
    benchmark.questions(cast, 2, "Test")
    client = Client()
    client.force_login(cast.lena)
    address = reverse("training:launch", args=["chest"])
    form = client.get(address, {"stage": "merge"}).context["form"]
    assert [str(choice) for choice, _ in form["questions"].field.choices] == ["", str(dev.pk)]
    inputs = list(merge.inputs.values_list("pk", flat=True))
    sent = {"stage": "merge", "base": ground.pk, "seed": 3, "inputs": inputs, "questions": dev.pk}
    grid = {"merge-method": "candidates", "merge-densities": ["0.2", "0.5"], "merge-scales": ["1.0"]}
    answer = client.post(address, sent | grid)
    run = Run.objects.latest("pk")
    assert answer["Location"] == reverse("training:run", args=["chest", run.pk])
    assert run.settings == {"method": "candidates", "densities": [0.2, 0.5], "scales": [1.0]}
    again = client.get(address, {"from": run.pk}).context["form"]
    assert (again["questions"].value(), again["merge-scales"].value()) == (dev.pk, [1.0])
    refused = client.post(address, sent | {"merge-method": "ties"})
    assert "not a release" in refused.content.decode()


def test_candidates_appear_while_they_are_scored_and_once_after_a_kill(cast: Cast, merge: Run) -> None:
    assert candidate_table(merge, None) is None
    for number, data in enumerate((LOST, LOST, CHOSEN), start=1):
        told = {key: value for key, value in data.items() if value is not None}
        RunEvent.objects.create(run=merge, sequence=number, kind="candidate", data=told)
    table = candidate_table(merge, None)
    assert table is not None
    assert [line.method for line in table.lines] == ["Mean", "TIES"]
    assert not any(line.is_chosen for line in table.lines)
    text = page(cast, merge, "live")
    assert "Candidates so far" in text
    assert "75 %" in text


def test_the_page_of_a_merge_shows_candidates_conflicts_cosines_and_shares(cast: Cast, merge: Run) -> None:
    making.merged(merge)
    text = page(cast, merge, "run")
    table = text.split('aria-label="Merge candidates"')[1].split("</table>")[0]
    (chosen,) = re.findall('<tr aria-current="true">(.*?)</tr>', table, re.DOTALL)
    assert "TIES" in chosen
    assert "Chosen" in chosen
    assert re.findall(r"Kept of ([^<]+)</dt><dd>([^<]+)<", text) == [
        ("Adult medicine", "20 %"),
        ("Pediatrics", "20 %"),
        ("GBA", "5.0 %"),
    ]
    titles = re.findall('<span class="chart-title">([^<]+)<', text)
    assert titles == ["Sign conflicts", "Discarded", "Cosines between the models"]
    for title, cell in (("Sign conflicts", "20 %"), ("Cosines between the models", "-0.25")):
        figure = text.split(f">{title}</span>")[1].split("</figure>")[0]
        assert figure.count(cell) >= 2  # in the drawing, and in the table below it
    card = card_of(ProducedModel.objects.get(run=merge))
    assert (
        "| Chosen of the candidates | ties, share kept 0.2, scale 1.2; worst specialty on dev 50.0 % |"
        in card
    )
    merged = run_card(merge)["merge"]
    assert merged["chosen"]["worst"] == 0.5
    assert len(merged["layers"]) == len(making.MERGE_CARD["layers"])


def page(cast: Cast, run: Run, name: str) -> str:
    client = Client()
    client.force_login(cast.lena)
    text: str = client.get(reverse(f"training:{name}", args=[cast.study.slug, run.pk])).content.decode()
    return text
