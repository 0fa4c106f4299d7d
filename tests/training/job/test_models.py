"""A folder in the shape of Qwen2.5-VL: loaded without torchvision and in its own precision."""

from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from perf.gpu_model import SHAPES, build
from training.job.models import load_model, load_processor, publish_model

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
