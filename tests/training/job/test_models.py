"""A folder in the shape of Qwen2.5-VL: loaded without torchvision, in its own precision, and trained lean."""

import json
import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from torch.nn.functional import scaled_dot_product_attention

from perf.gpu_model import SHAPES, build, write_release
from training.job import data, dsa, gba
from training.job.models import (
    for_training,
    language_layers,
    load_model,
    load_processor,
    lora_config,
    publish_model,
)
from training.job.spec import DsaSettings, SpecError, parse_spec

PICTURE = (252, 224)  # 16 x 18 patches: six windows, of which some are cut short


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("qwen") / "base"
    build(made, SHAPES["tiny"])
    return made


def inputs(folder: Path) -> Any:
    text = "<|vision_start|><|image_pad|><|vision_end|>Which finding?"
    picture = Image.radial_gradient("L").resize(PICTURE).convert("RGB")
    return load_processor(folder)(text=[text], images=[picture], return_tensors="pt")


def test_a_processor_needs_no_torchvision(folder: Path) -> None:
    processor = load_processor(folder)
    assert processor.chat_template
    assert not hasattr(processor, "video_processor")
    assert processor.tokenizer.padding_side == "left"
    ids = inputs(folder)["input_ids"]
    assert int((ids == processor.image_token_id).sum()) == 16 * 18 // 4


@pytest.mark.parametrize(
    ("on_disk", "in_memory"),
    [("bfloat16", torch.bfloat16), ("float16", torch.float32), ("float32", torch.float32)],
)
def test_bf16_stays_bf16(folder: Path, tmp_path: Path, on_disk: str, in_memory: torch.dtype) -> None:
    load_model(folder).to(getattr(torch, on_disk)).save_pretrained(tmp_path / "base")
    model = load_model(tmp_path / "base")
    assert {value.dtype for value in model.parameters()} == {in_memory}
    publish_model(model, folder, tmp_path / "out")
    size = sum(value.numel() for value in model.parameters()) * in_memory.itemsize
    assert size < (tmp_path / "out" / "model.safetensors").stat().st_size < size + 20_000


@pytest.mark.parametrize("kind", ["qwen2", "made_up", ""])
def test_what_sees_no_pictures_is_refused_by_its_architecture(tmp_path: Path, kind: str) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "config.json").write_text(json.dumps({"model_type": kind}))
    for load in (load_model, load_processor):
        with pytest.raises(
            SpecError, match=f"model folder 'base': its architecture, '{kind}', is not one of"
        ):
            load(tmp_path / "base")


@pytest.mark.parametrize("name", ["preprocessor_config.json", "tokenizer.json"])
def test_a_folder_without_its_processor_says_which_files_it_needs(
    folder: Path, tmp_path: Path, name: str
) -> None:
    shutil.copytree(folder, tmp_path / "base")
    (tmp_path / "base" / name).unlink()
    with pytest.raises(SpecError, match=r"'base': its processor cannot be loaded\. Put preprocessor_config"):
        load_processor(tmp_path / "base")


def gradients(folder: Path, *, is_lean: bool) -> tuple[dict[str, torch.Tensor], bool]:
    """What the adapters get from one text, and whether the vision tower's output wanted a gradient."""
    from peft import get_peft_model

    torch.manual_seed(0)
    base = load_model(folder).float()
    if is_lean:
        for_training(base, "cpu")
    model = get_peft_model(base, lora_config(base, DsaSettings(lora_r=4, lora_dropout=0.0)))
    for name, value in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(value, std=0.02)
    wanted = []
    base.model.visual.merger.register_forward_hook(lambda _m, _i, made: wanted.append(made.requires_grad))
    # What the trainer does with gradient checkpointing: both ask for gradients at the embeddings.
    model.train().gradient_checkpointing_enable()
    model.enable_input_require_grads()
    base.config.text_config.use_cache = False
    given = inputs(folder)
    model(**given, labels=given["input_ids"]).loss.backward()
    found = {name: value.grad for name, value in model.named_parameters() if value.grad is not None}
    return found, wanted[0]


def test_the_frozen_vision_tower_gets_no_gradients(folder: Path) -> None:
    lean, is_wanted = gradients(folder, is_lean=True)
    usual, was_wanted = gradients(folder, is_lean=False)
    assert (was_wanted, is_wanted) == (True, False)
    assert lean.keys() == usual.keys()
    assert all(".language_model." in name for name in lean)
    assert all(value.any() and value.equal(usual[name]) for name, value in lean.items())


def test_windows_are_attended_to_at_once(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The GPU's kernel stands in for itself: what it is asked for, window by window, gives the same model."""
    calls = []

    def kernel(query: Any, key: Any, value: Any, bounds: Any, _same: Any, longest: int, _too: int) -> Any:
        ends = bounds.tolist()
        calls.append((len(ends) - 1, longest))
        parts = [
            scaled_dot_product_attention(
                *(rows[one:two].transpose(0, 1)[None] for rows in (query, key, value))
            )
            for one, two in pairwise(ends)
        ]
        return torch.cat([part[0].transpose(0, 1) for part in parts])

    given, model = inputs(folder), load_model(folder)
    usual = model(**given).logits
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    for_training(model, "auto")
    monkeypatch.undo()
    monkeypatch.setattr("torch.nn.attention.varlen.varlen_attn", kernel)
    assert model(**given).logits.equal(usual)
    assert calls == [(6, 64), (1, 16 * 18)]  # a layer with windows, a layer with the whole picture
    model.save_pretrained(tmp_path)
    assert "flash" not in (tmp_path / "config.json").read_text()


@pytest.mark.parametrize(("device", "dtype"), [("auto", torch.float32), ("cpu", torch.bfloat16)])
def test_windows_elsewhere_are_left_to_the_library(
    folder: Path, monkeypatch: pytest.MonkeyPatch, device: str, dtype: torch.dtype
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    model = for_training(load_model(folder).to(dtype), device)
    assert model.model.visual.config._attn_implementation == "sdpa"


def empty(kind: str) -> Any:
    """A model of that architecture, of two layers and without memory for its weights."""
    from transformers import AutoConfig, AutoModelForImageTextToText

    config: Any = AutoConfig.for_model(kind)
    config.get_text_config().num_hidden_layers = 2
    factory: Any = AutoModelForImageTextToText
    with torch.device("meta"):
        return factory.from_config(config)


@pytest.mark.parametrize("kind", ["llama4", "blip-2", "gemma3"])
def test_no_adapter_on_a_head(kind: str) -> None:
    model = empty(kind)
    head, found = model.get_output_embeddings(), language_layers(model)
    assert found
    assert all(".layers." in name for name in found)
    assert all(model.get_submodule(name) is not head for name in found)
    assert not any("vision" in name for name in found)


@pytest.mark.parametrize("kind", ["llama4", "qwen3_vl_moe"])
def test_experts_that_an_adapter_would_leave_out_are_refused(kind: str) -> None:
    with pytest.raises(SpecError, match=r"base: it is a mixture of experts \(\w+Experts\), which an adapter"):
        lora_config(empty(kind), DsaSettings())


@pytest.mark.parametrize("stage", ["dsa", "gba"])
def test_both_stages_train_so(folder: Path, tmp_path: Path, stage: str) -> None:
    write_release(tmp_path / "data", SHAPES["tiny"], 2)
    asked = {"stage": stage, "base": str(folder), "out": str(tmp_path), "data": str(tmp_path / "data")}
    own: dict[str, Any] = {"specialty": "any"} if stage == "dsa" else {"settings": {"start_from": "base"}}
    spec = parse_spec({**asked, "device": "cpu", **own})
    samples = data.load(tmp_path / "data")
    trainer = (dsa._trainer if stage == "dsa" else gba.trainer_for)(spec, samples, [])
    base = trainer.model.get_base_model()
    assert base.enable_input_require_grads.__self__ is base.get_decoder()
