"""Model cards: the Hub reads their YAML, they name base, data, recipe and results, and no folder here."""

import html
import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from huggingface_hub import EvalResult, ModelCard, ModelCardData
from markdown_it import MarkdownIt

from consilium.inference.models import ModelEndpoint
from curation.models import Release
from tests.factories import benchmark as scoring
from tests.factories import training as making
from tests.factories.cast import Cast
from training import run_folder
from training.model_card import ADAPTER, MODEL, model_card, write_model_cards
from training.models import ProducedModel, Run, Stage

DIGEST, ADAPTER_DIGEST, BASE_DIGEST = "1" * 64, "2" * 64, "3" * 64


def run_card(**artifacts: str) -> dict[str, Any]:
    return {
        "artifacts": {"model": "model", "digest": DIGEST} | artifacts,
        "base_digest": BASE_DIGEST,
        "inputs": {"traces": 8, "experts": ["4" * 64]},
        "metrics": {"loss": 0.25},
        "seconds": 12.4,
        "spec": {"base": "/srv/models/base", "settings": {"lora_r": 4, "max_steps": None, "within": True}},
        "versions": {"torch": "2.13.0"},
    }


def results_on(card: str) -> list[EvalResult]:
    """The model-index as the Hub's client reads it."""
    data = ModelCard(card).data
    assert isinstance(data, ModelCardData)
    return data.eval_results or []


@pytest.fixture
def produced(cast: Cast, home: Path, release: Release) -> ProducedModel:
    base = making.base_endpoint(name="Tiny Base <i>", study=cast.study)
    run = making.run_of(cast.study, cast.lena)
    Run.objects.filter(pk=run.pk).update(stage=Stage.DSA, specialty="pediatrics", base=base)
    run.refresh_from_db()
    provenance = {"base": base.name, "releases": [release.digest], "run": run.pk}
    endpoint = scoring.endpoint("made", provenance=provenance, study=cast.study)
    card = run_card(adapter="adapter", adapter_digest=ADAPTER_DIGEST)
    return ProducedModel.objects.create(
        run=run, endpoint=endpoint, digest=DIGEST, release_digests=[release.digest, "9" * 64], card=card
    )


def test_the_hub_reads_the_yaml_of_model_and_adapter(produced: ProducedModel, release: Release) -> None:
    for part, library, relation in ((MODEL, "transformers", "finetune"), (ADAPTER, "peft", "adapter")):
        data = ModelCard(model_card(produced, part)).data.to_dict()
        assert (data["library_name"], data["base_model_relation"]) == (library, relation)
        assert data["pipeline_tag"] == "image-text-to-text"
        assert data["base_model"] == "Tiny-Base-i"
        assert data["datasets"] == [f"chest-traces-{release.digest[:12]}"]
        assert {"medical", "dsa", "pediatrics"} <= set(data["tags"])
        assert "model-index" not in data


def test_base_data_recipe_and_loading_stand_on_the_card(produced: ProducedModel, release: Release) -> None:
    card = model_card(produced, ADAPTER)
    for told in (
        BASE_DIGEST, ADAPTER_DIGEST, "4" * 64, release.digest, "| not on this site |  | `" + "9" * 64,
        "| Lora r | 4 |", "8 traces were read", "torch 2.13.0", "PeftModel.from_pretrained(model",
        "It had not been measured", "must not be used to diagnose", "Own archive (CC-BY-4.0)",
    ):  # fmt: skip
        assert told in card, told
    assert "/srv" not in card
    assert "Max steps" not in card
    assert DIGEST in model_card(produced, MODEL)


def test_what_people_named_is_text(produced: ProducedModel) -> None:
    body = model_card(produced).split("---\n", 2)[2]
    shown = MarkdownIt("commonmark").enable("table").render(body)
    assert "Tiny Base <i>" in html.unescape(re.sub(r"</?(?:td|tr|th)[^>]*>", "", shown))
    assert "<i>" not in shown


def test_results_and_those_of_the_base_are_told_with_their_difference(
    cast: Cast, produced: ProducedModel
) -> None:
    held_out, base = scoring.questions(cast, count=4), produced.run.base
    scoring.solved(cast, held_out, produced.endpoint, dict.fromkeys(range(4), True) | {3: False})
    ModelEndpoint.objects.filter(pk=base.pk).update(path="", base_url="http://127.0.0.1:9/v1")
    scoring.solved(cast, held_out, base, {0: True, 1: False, 2: False, 3: None})
    card = model_card(ProducedModel.objects.select_related("run__base", "run__study", "endpoint").get())
    (result,) = results_on(card)
    assert (result.metric_type, result.metric_value) == ("accuracy", 0.75)
    assert (result.dataset_name, result.dataset_revision) == ("Held-out 1", held_out.digest)
    row = next(line for line in card.splitlines() if "| Held-out 1 |" in line)
    assert "| 4 | 75.0 % [" in row
    assert "| 25.0 % [" in row
    assert row.endswith("| +50.0 |")


def test_an_evaluation_that_lacks_answers_is_no_result(cast: Cast, produced: ProducedModel) -> None:
    scoring.solved(cast, scoring.questions(cast, count=4), produced.endpoint, {0: True})
    assert "It had not been measured" in model_card(produced)


def test_judges_have_results_too(cast: Cast, produced: ProducedModel) -> None:
    ModelEndpoint.objects.filter(pk=produced.endpoint_id).update(provenance={})
    produced.endpoint.refresh_from_db()
    preferences = scoring.preferences(cast)
    scoring.judged(cast, preferences, produced.endpoint, [("A", "B")] * 4)
    (result,) = results_on(model_card(produced))
    assert (result.metric_value, result.metric_name) == (0.75, "overall accuracy over both orders")


def test_cards_lie_beside_the_weights_over_what_a_library_left(produced: ProducedModel) -> None:
    folder = run_folder.folder(produced.run)
    for name in ("model", "adapter"):
        (folder / name).mkdir(parents=True)
    (folder / "adapter" / "README.md").write_text("base_model: /srv/models/base")
    write_model_cards(produced.run, produced.card, produced.release_digests)
    for name, library in (("model", "transformers"), ("adapter", "peft")):
        text = (folder / name / "README.md").read_text()
        assert ModelCard(text).data.to_dict()["library_name"] == library
        assert "/srv" not in text
        assert [path.name for path in (folder / name).iterdir()] == ["README.md"]


def test_a_lead_takes_the_card_of_each_part_and_nothing_else(cast: Cast, produced: ProducedModel) -> None:
    client = Client()
    client.force_login(cast.lena)

    def answer(part: str) -> Any:
        return client.get(reverse("training:model-card", args=["chest", produced.run_id, part]))

    assert answer(ADAPTER).content.decode() == model_card(produced, ADAPTER)
    assert 'filename="README.md"' in answer(MODEL)["Content-Disposition"]
    assert answer("optimizer").status_code == 404
    page = client.get(reverse("training:run", args=["chest", produced.run_id])).content.decode()
    assert answer(MODEL).wsgi_request.path in page
    ProducedModel.objects.update(card=run_card())
    assert answer(ADAPTER).status_code == 404


def test_a_reinforced_adapter_says_of_what_it_is_a_delta(produced: ProducedModel) -> None:
    Run.objects.filter(pk=produced.run_id).update(stage=Stage.GBA, specialty="")
    produced.run.refresh_from_db()
    produced.card = run_card(adapter="adapter_on_start", adapter_digest=ADAPTER_DIGEST)
    card = model_card(produced, ADAPTER)
    assert "delta of the base plus the average of the experts" in card
    assert "PeftModel" not in card
    assert "GBA: reinforcement with group-relative advantages over several reasoning paradigms, " in card
    assert "starting from the base plus the uniform average of the experts" in card


def test_what_was_trained_without_experts_or_of_all_specialties_says_so(produced: ProducedModel) -> None:
    run = produced.run
    assert "reviewed reasoning of one specialty, " in model_card(produced)
    run.specialty = ""
    card = model_card(produced)
    assert "reviewed reasoning of all specialties together, " in card
    assert "| Specialty | All specialties |" in card
    run.stage, run.settings = Stage.GBA, {"start_from": "base", "paradigms": ["neutral"], "rollouts": 8}
    card = model_card(produced, ADAPTER)
    assert "GRPO: reinforcement with group-relative advantages among the answers to one prompt, " in card
    assert "starting from the base alone" in card
    assert "| Specialty |" not in card
    assert "not of the base alone" not in card
    assert "PeftModel" in card
