"""A folder in the shape of Qwen2.5-VL: loaded without torchvision."""

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from perf.gpu_model import SHAPES, build
from training.job.models import load_processor

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
