"""The page that launches training: cards, presets, one field per setting, and what the trainer will see."""

import html
import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from consilium.people.models import Study
from curation.models import Release
from curation.releases.materialise import materialise
from tests.factories import training as making
from tests.factories.cast import Cast
from training.demo_models.teaching_set import demo_settings
from training.forms import LaunchForm
from training.job.data import load
from training.job.gba import planned_rows
from training.job.spec import GbaSettings, MergeSettings
from training.models import Run, Stage
from training.preconditions import settings_fault
from training.shown_samples import shown_samples
from training.stage_settings import NAMED, PAPER, SMOKE, defaults_of, presets, settings_of


@pytest.fixture
def lead(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.lena)
    return client


def at(name: str = "launch") -> str:
    return reverse(f"training:{name}", args=["chest"])


def test_every_setting_is_named_and_explained() -> None:
    for stage in Stage.values:
        for setting in settings_of(stage):
            assert setting.name in NAMED, setting.name
            assert setting.meaning.endswith("."), setting.name


@pytest.mark.parametrize("is_teaching_set", [True, False])
def test_every_preset_is_taken_by_the_training_process(is_teaching_set: bool) -> None:
    offered = presets(is_teaching_set=is_teaching_set)
    own = ["demo", "visible"] if is_teaching_set else []
    assert [one.name for one in offered] == [*own, "default", "smoke", "paper"]
    for preset in offered:
        for stage in Stage.values:
            assert settings_fault(stage, preset.values.get(stage, {})) == "", (preset.name, stage)


def test_merge_candidates_of_a_smoke_test_answer_little() -> None:
    smoke = MergeSettings(**SMOKE.values[Stage.MERGE], method="candidates")
    assert len(smoke.densities) * len(smoke.scales) == 1
    assert smoke.max_new_tokens <= 64


def test_the_paper_preset_is_what_the_method_says() -> None:
    dsa = {"lora_r": 128, "lora_alpha": 256, "lora_dropout": 0.05, "learning_rate": 1e-4, "epochs": 3}
    gba = {"rollouts": 2, "temperature": 1.0, "clip": 0.2, "kl": 0.01, "max_new_tokens": 1024}
    assert dsa.items() <= PAPER.values[Stage.DSA].items()
    assert gba.items() <= PAPER.values[Stage.GBA].items()
    assert PAPER.values[Stage.MERGE] == {"method": "ties", "density": 0.2, "scale": 1.0}


def test_what_is_missing_is_said_first(cast: Cast, lead: Client) -> None:
    assert "No trace release yet" in lead.get(at()).content.decode()
    making.trace_release(cast.study, cast.lena)
    assert "No base model yet" in lead.get(at()).content.decode()
    making.base_endpoint()
    assert "No expert yet" in lead.get(at(), {"stage": "merge"}).content.decode()
    # Plain GRPO needs none.
    assert "There is no expert yet. Train DSA" in lead.get(at(), {"stage": "gba"}).content.decode()


def test_a_preset_fills_the_fields_and_an_empty_field_keeps_its_default(
    cast: Cast, lead: Client, release: Release
) -> None:
    base = making.base_endpoint()
    page = lead.get(at(), {"stage": "dsa", "preset": "smoke"}).content.decode()
    assert re.search(r'name="dsa-max_steps" value="4"', page)
    sent = {"stage": "dsa", "release": release.pk, "base": base.pk, "seed": 3, "specialty": making.PEDIATRICS}
    answer = lead.post(at(), sent | {"dsa-epochs": "", "dsa-lora_r": "64", "dsa-learning_rate": "0.0001"})
    run = Run.objects.get()
    assert answer["Location"] == reverse("training:run", args=["chest", run.pk])
    assert (run.stage, run.specialty, run.seed, run.settings) == ("dsa", "pediatrics", 3, {"lora_r": 64})


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("dsa-epochs", "0", "Must be positive."),
        ("dsa-micro_batch", "5", "Must divide batch."),
        ("gba-kl", "-1", "Must not be negative."),
        ("gba-kl", "Infinity", "Enter a number."),
        ("gba-train_prompt", "guided", "Must be 0 with the guided prompt"),
        ("dsa-epochs", "9" * 5000, "Enter a whole number."),
        ("merge-method", "magic", "Select a valid choice."),
    ],
)
def test_a_fault_is_told_at_its_field_and_nothing_is_launched(
    cast: Cast, lead: Client, release: Release, field: str, value: str, said: str
) -> None:
    base = making.base_endpoint()
    sent = {"stage": "pipeline", "release": release.pk, "base": base.pk, "seed": 7}
    answer = lead.post(at(), sent | {field: value})
    assert answer.status_code == 200
    form: LaunchForm = answer.context["form"]
    told = {"gba-train_prompt": "gba-between_weight"}.get(field, field)
    assert said in str(form.errors[told])
    assert not Run.objects.exists()
    assert lead.post(at(), sent).status_code == 302
    assert Run.objects.count() == 4


def test_a_teaching_set_starts_from_settings_of_seconds(cast: Cast, lead: Client, release: Release) -> None:
    Study.objects.filter(pk=cast.study.pk).update(is_teaching_set=True)
    base = making.base_endpoint()
    form = lead.get(at()).context["form"]
    shown = {bound.html_name: bound.value() for _, fields in form.groups() for bound in fields}
    sent = {"stage": "pipeline", "release": release.pk, "base": base.pk, "seed": 7}
    assert lead.post(at(), sent | shown).status_code == 302
    for run in Run.objects.all():
        assert {**defaults_of(run.stage), **run.settings} == {
            **defaults_of(run.stage),
            **demo_settings()[run.stage],
        }


def test_a_run_can_be_launched_again_with_its_choices_filled_in(
    cast: Cast, lead: Client, release: Release
) -> None:
    base = making.base_endpoint()
    sent = {"stage": "dsa", "release": release.pk, "base": base.pk, "seed": 3, "specialty": making.PEDIATRICS}
    lead.post(at(), sent | {"dsa-lora_r": "64"})
    run = Run.objects.get()
    form = lead.get(at(), {"from": run.pk}).context["form"]
    assert (form.stage, form["seed"].value(), form["specialty"].value()) == ("dsa", 3, making.PEDIATRICS)
    assert form["dsa-lora_r"].value() == 64
    foreign = Client()
    foreign.force_login(cast.nora)
    theirs = foreign.get(reverse("training:launch", args=[cast.other_study.slug]), {"from": run.pk})
    assert theirs.context["again"] is None


def test_rows_per_specialty_and_exact_texts_follow_the_choice(
    cast: Cast, lead: Client, release: Release
) -> None:
    making.base_endpoint()
    held_out = making.trace_release(cast.study, cast.lena, name="Dev", split="dev")
    chosen: dict[str, Any] = {"stage": "dsa", "release": release.pk, "specialty": making.PEDIATRICS}
    part = lead.get(at("launch-data"), chosen).content.decode()
    assert re.findall(r'<span class="number">(\d+)</span>', part) == ["4", "4"]
    shown = shown_samples(release, "dsa", making.PEDIATRICS)
    assert all(text in html.unescape(part) for _, text in shown[0].texts)
    assert (
        "No row of this release is meant"
        in lead.get(at("launch-data"), {**chosen, "release": held_out.pk}).content.decode()
    )
    narrow: dict[str, Any] = {
        "stage": "gba",
        "release": release.pk,
        "gba-paradigms": "bayesian",
        "gba-rollouts": "3",
    }
    part = lead.get(at("launch-data"), narrow).content.decode()
    assert "Prompt that draws 3 answers, bayesian" in part
    assert "Prompt of the loss" not in part


def test_the_texts_shown_are_those_that_the_training_process_reads(release: Release, tmp_path: Path) -> None:
    samples = {sample.id: sample for sample in load(materialise(release, tmp_path / "data"))}
    for shown in shown_samples(release, "dsa"):
        sample = samples[shown.row_id]
        assert [text for _, text in shown.texts] == [sample.prompt(), sample.reply]
    settings = GbaSettings(samples_per_step=1)
    for shown in shown_samples(release, "gba"):
        rows: list[dict[str, Any]] = planned_rows([samples[shown.row_id]], settings, 0)
        prompts = [row["rollout_prompt"][0]["content"] for row in rows]
        assert [text for _, text in shown.texts] == [
            *prompts,
            rows[0]["prompt"][0]["content"],
            rows[0]["gold"],
        ]
    chosen = {"variant": "reward", "judge": "reader"}
    settings = GbaSettings(samples_per_step=1, variant="reward", judge="reader")
    for shown in shown_samples(release, "gba", settings=chosen):
        (row,) = planned_rows([samples[shown.row_id]], settings, 0)
        assert row["rollout_prompt"] == row["prompt"]
        assert [text for _, text in shown.texts] == [row["prompt"][0]["content"], row["gold"]]
        assert "draws 8 answers" in shown.texts[0][0]
