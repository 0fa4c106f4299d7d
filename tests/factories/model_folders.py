"""Model folders made of a few bytes."""

import json
import struct
from pathlib import Path
from typing import Any

TENSOR = {"w": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}}


def safetensors(tensors: dict[str, Any] | None = None, data: bytes = b"\0" * 16) -> bytes:
    """The bytes of a safetensors file with that header."""
    header = json.dumps(TENSOR if tensors is None else tensors).encode()
    return struct.pack("<Q", len(header)) + header + data


def make_folder(folder: Path, **config: Any) -> Path:
    """A folder that passes every check."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"model_type": "gemma3"} | config))
    (folder / "model.safetensors").write_bytes(safetensors())
    (folder / "chat_template.jinja").write_text("{{ messages[0]['content'] }}")
    return folder


def add_score_head(folder: Path, facts: Any = None) -> Path:
    """Beside the weights, the head of a model that gives scores; `facts`: what it says of itself."""
    told = {"dimension": "overall", "max_pixels": 3136} if facts is None else facts
    header = {"__metadata__": {"scores": json.dumps(told)}, **TENSOR}
    (folder / "reward_head.safetensors").write_bytes(safetensors(header))
    return folder
