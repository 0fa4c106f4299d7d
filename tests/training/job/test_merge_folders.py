"""Merging folders as they come, against every method on dense float64 vectors.

Adapters of all ranks, alphas and targets, beside full models, whole, in shards and under other keys; a base
whose head is tied, whole or in shards. Nothing is read or written in larger parts than one block.
"""

import hashlib
import itertools
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import Glm4vMoeConfig, Glm4vMoeForConditionalGeneration

from consilium.inference.model_folders import check_model_folder
from training.demo_models import model as tiny
from training.job import candidates, cards, merge, stored_tensors
from training.job.deltas import parameters
from training.job.folders import check_folders
from training.job.merge_methods import kept_shares
from training.job.merged_model import publish_merged
from training.job.models import language_layers, load_model
from training.job.progress import Progress
from training.job.spec import MergeSettings, Spec, SpecError, parse_spec
from training.job.stop_flag import StopFlag
from training.job.stored_model import open_model
from training.job.stored_tensors import Block, StoredTensor
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
    base.save_pretrained(folder / "under_new_keys", save_original_format=False)
    shutil.copytree(folder / "base", folder / "tied_twice")
    weights = load_file(folder / "base" / "model.safetensors")
    (embedding,) = (key for key in weights if key.endswith("embed_tokens.weight"))
    twice = weights | {"lm_head.weight": weights[embedding].clone()}
    save_file(twice, folder / "tied_twice" / "model.safetensors", {"format": "pt"})
    for seed, name in enumerate(ADAPTERS):
        write_adapter(folder / name, folder / "base", name, seed)
    other = load_model(folder / "base")
    draw = torch.Generator().manual_seed(9)
    for name, value in parameters(other).items():
        if "self_attn" in name or "embed_tokens" in name:
            value.add_(torch.randint(-3, 4, value.shape, generator=draw) / 4)
    other.save_pretrained(folder / "full" / "model")
    other.save_pretrained(folder / "full_in_shards" / "model", max_shard_size="40KB")
    other.save_pretrained(folder / "full_under_new_keys" / "model", save_original_format=False)
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


def dense_sum(deltas: Sequence[Dense], weight: float) -> Dense:
    return {name: weight * np.sum([delta[name] for delta in deltas], axis=0) for name in deltas[0]}


def dense_dare(deltas: Sequence[Dense], density: float, seed: int) -> Dense:
    """DARE-TIES with the job's own draws: by seed, tensor and block, here one block a tensor."""
    dropped = []
    for name in sorted(deltas[0]):
        stacked = np.stack([delta[name].reshape(-1, np.shape(delta[name])[-1]) for delta in deltas])
        if deltas[0][name].ndim == 1:
            stacked = stacked.reshape(len(deltas), -1, 1)
        number = int.from_bytes(hashlib.sha256(f"{seed}/{name}/0".encode()).digest()[:7], "big")
        draws = torch.rand(stacked.shape, generator=torch.Generator().manual_seed(number)).numpy()
        dropped.append((name, stacked * (draws < np.float32(density)) / density))
    whole = [{name: rows[number] for name, rows in dropped} for number in range(len(deltas))]
    merged, _ = dense_ties(whole, 1.0)
    return {name: values.reshape(deltas[0][name].shape) for name, values in merged.items()}


def spec_of(home: Path, out: Path, experts: Sequence[str], base: str = "base", **settings: Any) -> Spec:
    folders = [str(home / name) for name in experts]
    asked = {"stage": "merge", "base": str(home / base), "out": str(out), "experts": folders}
    return parse_spec({**asked, "settings": settings})


def merged_into_base(
    home: Path, experts: Sequence[str], base: str = "base", **settings: Any
) -> tuple[Dense, list[float]]:
    """The merged parameters as they were published, and the kept shares."""
    spec = spec_of(home, home / "unused", experts, base, **settings)
    assert isinstance(spec.settings, MergeSettings)
    stored, sources = merge.open_all(spec)
    merger = merge.merger_of(Context(spec, Progress(None), StopFlag()), sources, spec.settings)
    publish_merged(stored, merger, spec.settings.scale, home / "published")
    return on_disk(home / "published"), kept_shares(merger.reports())


def on_disk(folder: Path) -> Dense:
    return dense({name: tensor.whole() for name, tensor in open_model(folder).parameters.items()})


@pytest.fixture(scope="module")
def base(home: Path) -> Dense:
    return dense(parameters(load_model(home / "base")))


@pytest.fixture(scope="module")
def deltas(home: Path, base: Dense) -> dict[str, Dense]:
    names = [*ADAPTERS, "full"]
    found = {name: dense_delta(home, name, base) for name in names}
    return found | dict.fromkeys(("full_in_shards", "full_under_new_keys"), found["full"])


MIXTURES = [("one", "two"), ("two", "three", "full"), ("one", "untrained"), ("full", "full_in_shards")]


@pytest.mark.parametrize("density", [0.1, 0.2, 1.0])
@pytest.mark.parametrize("experts", MIXTURES, ids="+".join)
def test_ties_of_folders_is_the_dense_one(
    home: Path, base: Dense, deltas: dict[str, Dense], experts: tuple[str, ...], density: float
) -> None:
    expected, shares = dense_ties([deltas[name] for name in experts], density)
    found, kept = merged_into_base(home, experts, density=density, scale=0.75)
    assert kept == pytest.approx(shares, abs=1e-9)
    agrees(found, base, expected, 0.75)


@pytest.mark.parametrize("experts", [("one", "two", "full"), ("two", "full_under_new_keys")], ids="+".join)
def test_the_other_methods_are_the_dense_ones(
    home: Path, base: Dense, deltas: dict[str, Dense], experts: tuple[str, ...]
) -> None:
    chosen = [deltas[name] for name in experts]
    weights = {"linear": 1 / len(chosen), "task_arithmetic": 1.0}
    for method, weight in weights.items():
        agrees(merged_into_base(home, experts, method=method)[0], base, dense_sum(chosen, weight), 1.0)
    found, _ = merged_into_base(home, experts, method="dare_ties", density=0.25)
    agrees(found, base, dense_dare(chosen, 0.25, seed=0), 1.0)


def agrees(found: Dense, base: Dense, change: Dense, scale: float) -> None:
    assert found.keys() == base.keys()
    for name, value in base.items():
        want = value + scale * change[name] if name in change else value
        np.testing.assert_allclose(found[name], want, atol=2e-6, err_msg=name)


@pytest.mark.parametrize("layout", ["sharded", "tied_twice", "under_new_keys"])
def test_however_the_base_is_stored_the_same_is_made(home: Path, layout: str) -> None:
    """In shards; with the tied head stored as well; under the live model's keys, not the Hub's."""
    expected, kept = merged_into_base(home, ("one", "two", "full"))
    found, again = merged_into_base(home, ("one", "two", "full"), layout)
    assert again == kept
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value)
    written = {tensor.key for tensor in open_model(home / "published").parameters.values()}
    assert written == {tensor.key for tensor in open_model(home / layout).parameters.values()}


def test_a_base_in_shards_is_published_in_shards_and_loads(home: Path, tmp_path: Path) -> None:
    spec = spec_of(home, tmp_path / "out", ("one", "two", "full"), "sharded", density=0.2)
    check_folders(spec)
    cards.bind(spec)
    card = merge.run(Context(spec, Progress(None), StopFlag()))
    model = spec.out / "model"
    check_model_folder(model)
    names = {file.name for file in model.glob("*.safetensors")}
    assert names == {file.name for file in spec.base.glob("*.safetensors")}
    published = load_model(model)
    assert published.lm_head.weight is published.get_input_embeddings().weight  # still tied
    expected, kept = merged_into_base(home, ("one", "two", "full"), density=0.2)
    for name, value in dense(parameters(published)).items():
        np.testing.assert_array_equal(value, expected[name])
    assert card["kept_share"] == kept
    assert card["metrics"]["kept_share"] == pytest.approx(sum(kept) / 3)
    assert max(kept) > 0.2  # the grid has many equal magnitudes, and all of them stay
    assert len(card["cosines"]) == 3


def test_no_tensor_is_read_or_held_whole(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each part of a full model that is read is one block, of one row at least."""
    expected, _ = merged_into_base(home, ("full", "full_in_shards"))
    monkeypatch.setattr(stored_tensors, "LARGEST", 512)
    usual, read = StoredTensor.read, []

    def counting(tensor: StoredTensor, block: Block) -> torch.Tensor:
        rows = block.stop - block.start
        assert rows == 1 or rows * block.width <= 512 or "published" in tensor.file.parts
        read.append(tensor.file.parent.parent.name)
        return usual(tensor, block)

    monkeypatch.setattr(StoredTensor, "read", counting)
    found, _ = merged_into_base(home, ("full", "full_in_shards"))
    # However many experts ask for the base's rows, they are read once a pass.
    assert read.count("full") == read.count("full_in_shards")
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, atol=1e-6)


def test_a_mixture_is_merged_as_its_experts_are_stored(tmp_path: Path) -> None:
    """One tensor an expert in the files, all of them one parameter of the live model."""
    rotary = {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [2, 3, 3]}
    text = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
            "num_key_value_heads": 1, "vocab_size": 100, "moe_intermediate_size": 16, "n_routed_experts": 4,
            "n_shared_experts": 1, "num_experts_per_tok": 2, "first_k_dense_replace": 1, "head_dim": 16,
            "rope_parameters": rotary}  # fmt: skip
    vision = {"depth": 1, "hidden_size": 32, "intermediate_size": 32, "num_heads": 2, "out_hidden_size": 32}
    config: Any = Glm4vMoeConfig
    factory: Any = Glm4vMoeForConditionalGeneration
    torch.manual_seed(0)
    model = factory(config(text_config=text, vision_config=vision))
    model.save_pretrained(tmp_path / "base")
    for value in parameters(model).values():
        value.add_(torch.randn_like(value) / 100)
    model.save_pretrained(tmp_path / "other", max_shard_size="40KB")
    spec = spec_of(tmp_path, tmp_path / "out", ["other"], density=1.0)
    stored, sources = merge.open_all(spec)
    assert any(".experts.3.down_proj." in name for name in stored.model.parameters)
    merger = merge.merger_of(Context(spec, Progress(None), StopFlag()), sources, MergeSettings(density=1.0))
    publish_merged(stored, merger, 1.0, tmp_path / "published")
    after = parameters(load_model(tmp_path / "published"))
    for name, value in parameters(model).items():
        torch.testing.assert_close(after[name], value, rtol=0, atol=1e-7)
    with pytest.raises(SpecError, match=r"tensor .*\.experts\.\d.* lies in the files in another form"):
        candidates._apply(stored, merger, 1.0, after)


def test_types_on_disk(home: Path, tmp_path: Path) -> None:
    """A bf16 model stays one; float16 becomes float32, which holds any sum."""
    for dtype, kept in ((torch.bfloat16, torch.bfloat16), (torch.float16, torch.float32)):
        load_model(home / "base").to(dtype).save_pretrained(tmp_path / "base")
        found, _ = merged_into_base(tmp_path, [str(home / "full")], density=1.0)
        published = open_model(tmp_path / "published").parameters
        assert {tensor.dtype for tensor in published.values()} == {kept}
        assert load_model(tmp_path / "published").dtype == kept
        for name, value in on_disk(home / "full" / "model").items():
            np.testing.assert_allclose(found[name], value, rtol=2**-8, atol=1e-6, err_msg=name)


def test_what_does_not_fit_is_named(home: Path, tmp_path: Path) -> None:
    shutil.copytree(home / "full" / "model", tmp_path / "other")
    weights = load_file(tmp_path / "other" / "model.safetensors")
    save_file(
        {key: value for key, value in weights.items() if "layers.0.mlp" not in key}, weights_of(tmp_path)
    )
    with pytest.raises(SpecError, match="'other': the model to merge does not have the parameters"):
        merge.open_all(spec_of(home, tmp_path / "out", [str(tmp_path / "other")]))
    weights_of(tmp_path).unlink()
    with pytest.raises(SpecError, match=r"model folder 'other' has neither model\.safetensors nor"):
        merge.open_all(spec_of(home, tmp_path / "out", [str(tmp_path / "other")]))


def weights_of(place: Path) -> Path:
    return place / "other" / "model.safetensors"


def test_what_a_merge_must_leave_alone(home: Path, base: Dense, deltas: dict[str, Dense]) -> None:
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
    expert = {key: base[key] + value for key, value in deltas["one"].items()}
    same(alone, expert, 1e-6)
    same(
        merged_into_base(home, ("full",), density=1.0)[0],
        on_disk(home / "full" / "model"),
        1e-6,
    )
