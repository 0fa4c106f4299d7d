"""What an adapter adds to its base, against peft's own merge; adapters that are something else are named."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from torch import nn

from training.job.deltas import AdapterDeltas, DeltaSource, add_mean, open_adapter, parameters
from training.job.spec import SpecError
from training.job.stored_tensors import blocks_of


class Block(nn.Module):
    """Two linear layers of different shapes."""

    def __init__(self) -> None:
        super().__init__()
        self.q_proj = nn.Linear(6, 5, bias=False)
        self.down_proj = nn.Linear(5, 6, bias=False)


class Net(nn.Module):
    """Two blocks, an embedding tied to the head, a convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(7, 6)
        self.layers = nn.ModuleList([Block(), Block()])
        self.lm_head = nn.Linear(6, 7, bias=False)
        self.lm_head.weight = self.embed.weight
        self.conv = nn.Conv2d(1, 2, 2)
        self.config = {"tie_word_embeddings": True, "model_type": "net"}


def net() -> Net:
    torch.manual_seed(0)
    return Net()


def trained(folder: Path, **settings: Any) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """Save an adapter whose matrices are not zero; the weights before it and those that peft merges."""
    before = {name: value.clone() for name, value in parameters(net()).items()}
    targets = ["q_proj", "down_proj"]
    config = LoraConfig(**{"r": 3, "lora_alpha": 5, "target_modules": targets, **settings})
    model = get_peft_model(net(), config)
    torch.manual_seed(1)
    with torch.no_grad():
        for name, value in model.named_parameters():
            if "lora_" in name:
                value.normal_()
    model.save_pretrained(str(folder), save_embedding_layers=False)
    return before, parameters(model.merge_and_unload())


def change_settings(folder: Path, **settings: Any) -> None:
    path = folder / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | settings))


def opened(folder: Path, before: dict[str, torch.Tensor]) -> DeltaSource:
    return open_adapter(folder, {name: value.shape for name, value in before.items()})


def whole(source: DeltaSource, name: str) -> torch.Tensor:
    return torch.cat([source.block(name, block) for block in blocks_of(source.shape(name))])


PLAIN: dict[str, dict[str, Any]] = {
    "alpha over r": {},
    "rank-stabilised": {"use_rslora": True},
    "one layer": {"target_modules": ["q_proj"]},
    "ranks by layer": {"rank_pattern": {"down_proj": 2, "layers.1.q_proj": 4}},
    "alphas by layer": {"alpha_pattern": {"layers.0.q_proj": 9, "down_proj": 2}},
    "anchored": {"rank_pattern": {"^layers.0.q_proj$": 1}, "alpha_pattern": {r"^layers\.1\..*": 7}},
    "all of it": {"use_rslora": True, "rank_pattern": {".*0.q_proj": 1}, "alpha_pattern": {"down_proj": 8}},
    "gaussian start": {"init_lora_weights": "gaussian"},
    "orthogonal start": {"r": 4, "init_lora_weights": "orthogonal"},
}


@pytest.mark.parametrize("name", PLAIN)
def test_the_delta_is_what_peft_merges(tmp_path: Path, name: str) -> None:
    before, after = trained(tmp_path / "adapter", **PLAIN[name])
    source = opened(tmp_path / "adapter", before)
    changed = {key for key, value in after.items() if not value.equal(before[key])}
    assert set(source.names()) == changed
    for key in changed:
        assert source.shape(key) == before[key].shape
        assert whole(source, key).allclose(after[key] - before[key], atol=1e-6)


def test_the_mean_of_adapters_of_different_ranks_and_targets(tmp_path: Path) -> None:
    """A layer that an adapter leaves as it is counts as a change of zero."""
    before, one = trained(tmp_path / "one", r=2, use_rslora=True)
    _, two = trained(tmp_path / "two", r=4, lora_alpha=1, target_modules=["q_proj"])
    target = {key: value.clone() for key, value in before.items()}
    add_mean(target, [opened(tmp_path / name, before) for name in ("one", "two")])
    for key, value in before.items():
        expected = value.double() + (one[key].double() + two[key].double() - 2 * value.double()) / 2
        assert target[key].double().allclose(expected, atol=1e-6)


CHANGED_BASE = ("pissa", "pissa_niter_4", "olora", "corda", "loftq", "lora_ga", "mica")
ODD: dict[str, Any] = {
    "use_dora": True,
    "use_qalora": True,
    "lora_bias": True,
    "fan_in_fan_out": True,
    "modules_to_save": ["lm_head"],
    "layer_replication": [[0, 1]],
    "target_parameters": ["w"],
    "trainable_token_indices": [1],
    "alora_invocation_tokens": [1, 2],
    "arrow_config": {"top_k": 1},
    "an_option_of_later": {"x": 1},
    "bias": "lora_only",
}


@pytest.mark.parametrize("start", CHANGED_BASE)
def test_a_start_that_changes_the_base_is_refused_by_name(tmp_path: Path, start: str) -> None:
    trained(tmp_path / "expert")
    change_settings(tmp_path / "expert", init_lora_weights=start)
    with pytest.raises(SpecError, match=rf"adapter 'expert': it was started with '{start}', which changes"):
        AdapterDeltas(tmp_path / "expert")


def test_peft_itself_changes_the_base_so(tmp_path: Path) -> None:
    """Why they are refused: what was trained is not B A on the base as it lies on disk."""
    base = net()
    before = base.layers[0].q_proj.weight.detach().clone()  # type: ignore[union-attr, operator]
    get_peft_model(base, LoraConfig(r=2, target_modules=["q_proj"], init_lora_weights="pissa"))
    assert not base.layers[0].q_proj.weight.equal(before)  # type: ignore[union-attr, operator]


@pytest.mark.parametrize("key", ODD)
def test_an_option_under_which_the_delta_is_another_is_refused_by_name(tmp_path: Path, key: str) -> None:
    trained(tmp_path / "expert")
    change_settings(tmp_path / "expert", **{key: ODD[key]})
    with pytest.raises(SpecError, match=rf"adapter 'expert': it uses {key}; its delta is not B A"):
        AdapterDeltas(tmp_path / "expert")


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"peft_type": "ADALORA"}, "it is of type 'ADALORA', not LORA"),
        ({"r": 4}, "is not of the rank 4 that its configuration gives"),
        ({"r": 0}, "is not of the rank 0"),
        ({"r": "three"}, "its r or lora_alpha is missing or is no number"),
        ({"lora_alpha": None}, "its r or lora_alpha is missing or is no number"),
        ({"lora_alpha": float("inf")}, "is not of the rank"),
        ({"rank_pattern": {"q_proj": 2}}, "q_proj is not of the rank 2"),
        ({"alpha_pattern": {"(a+)+b": 2}}, "its alpha_pattern holds an expression that is not read here"),
        ({"alpha_pattern": {".*.*.*x": 2}}, "its alpha_pattern holds an expression"),
        ({"alpha_pattern": {"q_proj": 2, "0.q_proj": 9}}, "gives layers.0.q_proj more than one number"),
        ({"rank_pattern": ["q_proj"]}, "its rank_pattern holds an expression"),
    ],
)
def test_a_configuration_that_does_not_fit_is_named(
    tmp_path: Path, settings: dict[str, Any], fault: str
) -> None:
    trained(tmp_path / "expert")
    change_settings(tmp_path / "expert", **settings)
    with pytest.raises(
        SpecError, match=rf"adapter 'expert': .*{fault}".replace("(", r"\(").replace("+", r"\+")
    ):
        AdapterDeltas(tmp_path / "expert")


@pytest.mark.filterwarnings("ignore:Model with `tie_word_embeddings=True`:UserWarning")
@pytest.mark.parametrize(
    ("targets", "fault"),
    [
        (["conv"], "conv is not a linear layer"),
        (["embed"], "embed.lora_embedding_A does not belong to a pair of plain LoRA matrices"),
        (["lm_head"], "no lm_head.weight, or it is tied to another"),
    ],
)
def test_layers_that_are_not_linear_or_are_tied_are_named(
    tmp_path: Path, targets: list[str], fault: str
) -> None:
    before, _ = trained(tmp_path / "expert", target_modules=targets)
    with pytest.raises(SpecError, match=f"adapter 'expert'.*{fault}"):
        opened(tmp_path / "expert", before)


def test_an_adapter_of_another_base_is_named(tmp_path: Path) -> None:
    before, _ = trained(tmp_path / "expert")
    other = before | {"layers.0.q_proj.weight": torch.zeros(6, 5)}
    with pytest.raises(
        SpecError, match=r"not trained on this base: layers\.0\.q_proj\.weight has another shape"
    ):
        opened(tmp_path / "expert", other)
    weights = load_file(tmp_path / "expert" / "adapter_model.safetensors")
    half = {name: value for name, value in weights.items() if "layers.0.q_proj.lora_B" not in name}
    save_file(half, tmp_path / "expert" / "adapter_model.safetensors")
    with pytest.raises(SpecError, match=r"layers\.0\.q_proj\.lora_B\.weight does not belong to a pair"):
        opened(tmp_path / "expert", before)
