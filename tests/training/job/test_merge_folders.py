"""Merging folders as they come, against TIES on dense float64 vectors.

Adapters of all ranks, alphas and targets, beside full models; a base whose head is tied, whole or in shards.
"""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from peft import LoraConfig, get_peft_model

from training.demo_models import model as tiny
from training.job import cards, merge
from training.job.deltas import parameters
from training.job.folders import check_folders
from training.job.merge_methods import kept_shares
from training.job.models import language_layers, load_model
from training.job.progress import Progress
from training.job.spec import MergeSettings, Spec, parse_spec
from training.job.stop_flag import StopFlag
from training.job.train import Context

Dense = dict[str, np.ndarray]
# Rank, alpha, rank-stabilised, which kinds of layers; on a coarse grid, so that many magnitudes are equal.
ADAPTERS: dict[str, tuple[int, int, bool, tuple[str, ...]]] = {
    "one": (2, 4, False, ("q_proj", "v_proj")),
    "two": (4, 2, True, ("q_proj", "up_proj", "down_proj")),
    "three": (1, 3, False, ("q_proj",)),
    "untrained": (2, 4, False, ("q_proj",)),
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tied base, whole and in shards, four adapters, a full model that differs here and there."""
    folder = tmp_path_factory.mktemp("merging")
    processor = tiny.build_processor(["some words"])
    base = tiny.build_model(processor, seed=3, hidden=32, layers=2)
    for value in parameters(base).values():
        value.copy_((value * 1024).round() / 1024)  # so that sums with the grid below are exact
    tiny.save(base, processor, folder / "base")
    base.save_pretrained(folder / "sharded", max_shard_size="40KB")
    assert len(list((folder / "sharded").glob("*.safetensors"))) > 2
    for seed, name in enumerate(ADAPTERS):
        write_adapter(folder / name, folder / "base", name, seed)
    other = load_model(folder / "base")
    draw = torch.Generator().manual_seed(9)
    for name, value in parameters(other).items():
        if "self_attn" in name or "embed_tokens" in name:
            value.add_(torch.randint(-3, 4, value.shape, generator=draw) / 4)
    other.save_pretrained(folder / "full" / "model")
    return folder


def write_adapter(folder: Path, base: Path, name: str, seed: int) -> None:
    rank, alpha, is_stable, kinds = ADAPTERS[name]
    model = load_model(base)
    targets = [layer for layer in language_layers(model) if layer.endswith(kinds)]
    config = LoraConfig(r=rank, lora_alpha=alpha, use_rslora=is_stable, target_modules=targets)
    adapted = get_peft_model(model, config)
    draw = torch.Generator().manual_seed(seed)
    for key, value in adapted.named_parameters():
        if "lora_" in key and name != "untrained":
            with torch.no_grad():
                value.copy_(torch.randint(-1, 2, value.shape, generator=draw) / 2)
    adapted.save_pretrained(str(folder))


def dense(values: dict[str, torch.Tensor]) -> Dense:
    return {name: value.detach().double().numpy() for name, value in values.items()}


def dense_delta(home: Path, name: str, base: Dense) -> Dense:
    """What a folder adds to the base: by peft's own merge of an adapter, or full weights minus the base."""
    if name == "full":
        after = parameters(load_model(home / "full" / "model"))
    else:
        from peft import PeftModel

        adapted = PeftModel.from_pretrained(load_model(home / "base").double(), str(home / name))
        after = parameters(adapted.double().merge_and_unload())
    return {key: value - base[key] for key, value in dense(after).items()}


def dense_ties(deltas: Sequence[Dense], density: float) -> tuple[Dense, list[float]]:
    """TIES on flat float64 vectors, and the share of entries that each model kept."""
    names = [name for name in sorted(deltas[0]) if any(delta[name].any() for delta in deltas)]
    flat = np.stack([np.concatenate([delta[name].ravel() for name in names]) for delta in deltas])
    # peft's product leaves rounding of 1e-17 where the exact delta is on the grid.
    flat = np.round(flat * 2**20) / 2**20
    keep = round(density * flat.shape[1])
    limits = np.sort(np.abs(flat), axis=1)[:, -keep]
    trimmed = np.where(np.abs(flat) >= limits[:, None], flat, 0.0)
    signs = np.sign(trimmed.sum(axis=0))
    signs[signs == 0] = np.sign(signs.sum())
    agreeing = np.where(np.sign(trimmed) == signs, trimmed, 0.0)
    merged = agreeing.sum(axis=0) / np.maximum((agreeing != 0).sum(axis=0), 1)
    result, place = {}, 0
    for name in names:
        size = deltas[0][name].size
        result[name] = merged[place : place + size].reshape(deltas[0][name].shape)
        place += size
    return result, [float((row != 0).mean()) for row in trimmed]


def spec_of(home: Path, out: Path, experts: Sequence[str], base: str = "base", **settings: Any) -> Spec:
    folders = [str(home / name) for name in experts]
    asked = {"stage": "merge", "base": str(home / base), "out": str(out), "experts": folders}
    return parse_spec({**asked, "settings": settings})


def merged_into_base(home: Path, experts: Sequence[str], **settings: Any) -> tuple[Dense, list[float]]:
    """The merged parameters and the kept shares, computed in this process without publishing."""
    spec = spec_of(home, home / "unused", experts, **settings)
    assert isinstance(spec.settings, MergeSettings)
    target = parameters(load_model(spec.base))
    context = Context(spec, Progress(None), StopFlag())
    reports = merge.merge_into(target, list(spec.experts), spec.settings, 0, context)
    return dense(target), kept_shares(reports)


MIXTURES = [("one", "two"), ("two", "three", "full"), ("one", "untrained"), ("full", "full")]


@pytest.mark.parametrize("density", [0.1, 0.2, 1.0])
@pytest.mark.parametrize("experts", MIXTURES, ids="+".join)
def test_ties_of_folders_is_the_dense_one(home: Path, experts: tuple[str, ...], density: float) -> None:
    base = dense(parameters(load_model(home / "base")))
    deltas = [dense_delta(home, name, base) for name in experts]
    expected, shares = dense_ties(deltas, density)
    found, kept = merged_into_base(home, experts, density=density, scale=0.75)
    assert kept == pytest.approx(shares, abs=1e-9)
    for name, value in base.items():
        want = value + 0.75 * expected[name] if name in expected else value
        np.testing.assert_allclose(found[name], want, atol=2e-6, err_msg=name)


@pytest.mark.parametrize("base", ["base", "sharded"])
def test_a_base_in_shards_is_published_like_a_whole_one(home: Path, tmp_path: Path, base: str) -> None:
    spec = spec_of(home, tmp_path / "out", ("one", "two", "full"), base, density=0.2)
    check_folders(spec)
    cards.bind(spec)
    card = merge.run(Context(spec, Progress(None), StopFlag()))
    expected, kept = merged_into_base(home, ("one", "two", "full"), density=0.2)
    published = load_model(tmp_path / "out" / "model")
    assert published.lm_head.weight is published.get_input_embeddings().weight  # still tied
    for name, value in dense(parameters(published)).items():
        np.testing.assert_array_equal(value, expected[name])
    assert card["kept_share"] == kept
    assert card["metrics"]["kept_share"] == pytest.approx(sum(kept) / 3)
    assert max(kept) > 0.2  # the grid has many equal magnitudes, and all of them stay


def test_what_a_merge_must_leave_alone(home: Path) -> None:
    base = dense(parameters(load_model(home / "base")))
    names = ("one", "two", "three")

    def same(found: Dense, wanted: Dense, tolerance: float = 0.0) -> None:
        for name, value in wanted.items():
            np.testing.assert_allclose(found[name], value, rtol=0, atol=tolerance, err_msg=name)

    same(merged_into_base(home, names, scale=0.0)[0], base)
    same(merged_into_base(home, ("untrained",))[0], base)
    first = merged_into_base(home, names)[0]
    for order in itertools.permutations(names):
        same(merged_into_base(home, order)[0], first, 1e-7)
    alone = merged_into_base(home, ("one",), density=1.0)[0]
    same(merged_into_base(home, ("one", "one", "one"), density=1.0)[0], alone, 1e-7)
    expert = {key: base[key] + value for key, value in dense_delta(home, "one", base).items()}
    same(alone, expert, 1e-6)
    same(
        merged_into_base(home, ("full",), density=1.0)[0],
        dense(parameters(load_model(home / "full" / "model"))),
        1e-6,
    )
