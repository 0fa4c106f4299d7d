"""What is trained and in which precision: adapters, adapters over 4 bits, all weights; recomputed or not."""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from tests.factories.hub_folders import MIXTURE, write_hub_folder
from tests.training.job.in_process import (
    asked,
    by_content,
    changes,
    run,
    run_stopped,
    weights,
)
from training.job import data, gba, train
from training.job.models import load_model
from training.job.spec import LoraSettings, SpecError, parse_settings, parse_spec

pytestmark = pytest.mark.usefixtures("frozen_heap")


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return write_hub_folder(tmp_path / "base", "gemma3")


def test_rollouts_and_log_probs_see_the_same_precision(
    base: Path, rows: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a GPU: bf16 weights, float32 adapters, autocast."""
    usual = train.common_arguments
    monkeypatch.setattr(gba, "common_arguments", lambda *given: {**usual(*given), "bf16": True})
    monkeypatch.setattr(gba, "format_reward", by_content)
    trainer = gba.trainer_for(asked("gba", base, rows), data.load(rows), [])
    seen: dict[bool, set[torch.dtype]] = {True: set(), False: set()}
    inside = next(module for name, module in trainer.model.named_modules() if name.endswith("lora_A.default"))
    assert inside.weight.dtype == torch.float32
    inside.register_forward_hook(lambda _m, _i, made: seen[torch.is_grad_enabled()].add(made.dtype))
    trainer.train()
    assert seen == {True: {torch.bfloat16}, False: {torch.bfloat16}}


def test_recomputed_activations_give_the_same_adapter(base: Path, rows: Path) -> None:
    made = []
    for wanted in ("on", "off"):
        spec = asked("dsa", base, rows, wanted, gradient_checkpointing=wanted, max_steps=2)
        made.append(load_file(run(spec) / "adapter" / "adapter_model.safetensors"))
    assert made[0].keys() == made[1].keys()
    assert all(value.allclose(made[1][name], atol=1e-6) for name, value in made[0].items())


@pytest.mark.parametrize(
    ("wanted", "has_gpu", "is_on"),
    [("auto", True, True), ("auto", False, False), ("on", False, True), ("off", True, False)],
)
def test_activations_are_recomputed_where_they_are_wanted_to_be(
    monkeypatch: pytest.MonkeyPatch, wanted: str, has_gpu: bool, is_on: bool
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: has_gpu)
    spec = parse_spec({"stage": "dsa", "base": "b", "out": "o", "data": "d"})
    given = train.common_arguments(spec, LoraSettings(gradient_checkpointing=wanted))
    assert given["gradient_checkpointing"] is is_on


def test_all_weights_are_trained_in_float32_and_published_as_the_base_holds_them(
    base: Path, rows: Path
) -> None:
    """The language model alone: neither vision tower nor projector. What is published can be merged."""
    expert = run(asked("dsa", base, rows, tuning="full", learning_rate=0.01))
    card = json.loads((expert / "run_card.json").read_text())
    assert set(card["artifacts"]) == {"model", "kind", "digest"}
    assert sorted(path.name for path in expert.iterdir() if path.is_dir()) == ["checkpoints", "model"]
    saved = load_file(expert / "checkpoints" / "step-000001" / "share-00001-of-00001.safetensors")
    assert {value.dtype for key, value in saved.items() if key.startswith("trained/")} == {torch.float32}
    before, after = weights(base), weights(expert / "model")
    assert {value.dtype for value in after.values()} == {torch.bfloat16}
    changed = changes(before, after)
    assert all(".language_model." in name for name in changed)
    assert {"embed_tokens.weight", "norm.weight"} <= {name.split("language_model.")[1] for name in changed}
    merged = weights(run(asked("merge", base, experts=[str(expert)])) / "model")
    assert changes(after, merged) == []


def test_all_weights_stopped_end_bit_identical(tmp_path: Path, rows: Path) -> None:
    """The folder names its tensors otherwise than the live model does."""
    base = write_hub_folder(tmp_path / "base", "qwen2_5_vl")
    given = {"tuning": "full", "learning_rate": 0.01, "max_steps": 3}
    undisturbed = weights(run(asked("dsa", base, rows, "undisturbed", **given)) / "model")
    spec = asked("dsa", base, rows, "stopped", **given)
    run_stopped(spec)
    assert changes(undisturbed, weights(run(spec) / "model")) == []


def test_all_weights_are_held_to_the_mean_expert_not_to_the_base(base: Path, rows: Path) -> None:
    expert = run(asked("dsa", base, rows))
    spec = asked("gba", base, rows, experts=[str(expert)], tuning="full")
    reference = dict(gba.trainer_for(spec, data.load(rows), []).ref_model.named_parameters())
    started = dict(gba.start_model(spec).float().named_parameters())
    assert all(value.equal(reference[name]) for name, value in started.items())
    assert changes(dict(load_model(base).float().named_parameters()), reference)


@pytest.mark.soak
def test_a_mixture_of_experts_is_trained_whole(tmp_path: Path, rows: Path) -> None:
    base = write_hub_folder(tmp_path / "base", MIXTURE)
    expert = run(asked("dsa", base, rows, tuning="full", learning_rate=0.01))
    merged = run(asked("merge", base, experts=[str(expert)]))
    for made in (expert, merged):
        assert any(".experts." in name for name in changes(weights(base), weights(made / "model")))


@pytest.mark.parametrize("stage", ["dsa", "gba"])
def test_four_bits_are_refused_where_nothing_holds_them(base: Path, rows: Path, stage: str) -> None:
    if find_spec("bitsandbytes"):
        pytest.skip("bitsandbytes is installed here")
    with pytest.raises(
        SpecError, match=r"settings\.tuning: qlora needs bitsandbytes, which is not installed"
    ):
        run(asked(stage, base, rows, tuning="qlora"))
    assert [path.name for path in (base.parent / stage).iterdir()] == ["spec.json"]


@pytest.mark.skipif(not find_spec("bitsandbytes"), reason="bitsandbytes is not installed")
def test_an_adapter_over_four_bits_is_added_to_the_base_as_it_is(rows: Path, tmp_path: Path) -> None:
    base = write_hub_folder(tmp_path / "base", "qwen2_5_vl")
    expert = run(asked("dsa", base, rows, tuning="qlora"))
    reinforced = run(asked("gba", base, rows, experts=[str(expert)], tuning="qlora"))
    started = gba.start_model(asked("gba", base, rows, experts=[str(expert)]))
    assert changes(dict(started.named_parameters()), weights(expert / "model")) == []
    assert not any("vision" in name for name in changes(weights(base), weights(reinforced / "model")))


@pytest.mark.parametrize(
    ("stage", "given", "rate"),
    [
        ("dsa", {}, 1e-4),
        ("dsa", {"tuning": "full"}, 1e-6),
        ("gba", {"tuning": "full"}, 1e-6),
        ("gba", {"tuning": "full", "learning_rate": 1e-5}, 1e-5),
    ],
)
def test_all_weights_learn_slower_unless_told_otherwise(
    stage: str, given: dict[str, Any], rate: float
) -> None:
    settings = parse_settings(stage, given)
    assert getattr(settings, "learning_rate") == rate  # noqa: B009 - not of every stage
