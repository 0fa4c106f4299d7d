"""Writes a merged model in files like its base's, block by block: no model is ever whole in memory."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from consilium.atomic_folder import atomic_folder
from training.job.deltas import in_type
from training.job.files import weights_digest, write_json
from training.job.folders import companions
from training.job.merge_methods import Merger
from training.job.numbers import check_weights
from training.job.stored_model import INDEX, BaseBlocks
from training.job.stored_tensors import StoredTensor, blocks_of, tensor_file

_CONFIGS = ("config.json", "generation_config.json")
_TYPE_KEYS = ("dtype", "torch_dtype")


def publish_merged(base: BaseBlocks, merger: Merger, scale: float, folder: Path) -> str:
    """Write base + scale x merged delta with the base's small files, ready to be served; return its digest.

    Keys and files are those of the base; tied tensors are written once. Weights in bf16 stay so, all other
    floats become float32. Raises NotFinite, OSError.
    """
    with atomic_folder(folder, is_only_writer=True, replaces=True, is_shared=True) as part:
        written: dict[str, str] = {}
        size = 0
        for file, tensors in base.model.files():
            entries = [(tensor.key, _type_of(name, tensor), tensor.shape) for name, tensor in tensors]
            with tensor_file(part / file, entries) as append:
                for name, tensor in tensors:
                    for rows in _rows(base, merger, scale, name, tensor):
                        append(rows)
            written |= {key: file for key, _, _ in entries}
            size += sum(shape.numel() * dtype.itemsize for _, dtype, shape in entries)
        if len(set(written.values())) > 1:
            write_json(part / INDEX, {"metadata": {"total_size": size}, "weight_map": written})
        _write_configs(base.model.folder, part)
        for path in companions(base.model.folder):
            shutil.copyfile(path, part / path.name)
        return weights_digest(part)


def _type_of(name: str, tensor: StoredTensor) -> torch.dtype:
    is_raised = name and tensor.dtype.is_floating_point and tensor.dtype != torch.bfloat16
    return torch.float32 if is_raised else tensor.dtype


def _rows(
    base: BaseBlocks, merger: Merger, scale: float, name: str, tensor: StoredTensor
) -> Iterator[torch.Tensor]:
    if name in merger.names:
        for block, delta in merger.blocks(name):
            yield in_type(name, base.block(name, block) + scale * delta, _type_of(name, tensor))
        return
    for block in blocks_of(tensor.shape):
        rows = tensor.read(block)
        check_weights([(name or tensor.key, rows)])
        yield rows.to(_type_of(name, tensor))


def _write_configs(base: Path, part: Path) -> None:
    for name in _CONFIGS:
        if (base / name).is_file():
            write_json(part / name, _raised(json.loads((base / name).read_text(encoding="utf-8"))))


def _raised(value: Any) -> Any:
    """A configuration whose float16 is float32, for the library loads in the type that it names."""
    if not isinstance(value, dict):
        return value
    return {
        key: "float32" if key in _TYPE_KEYS and inner == "float16" else _raised(inner)
        for key, inner in value.items()
    }
