"""A model's folder as tensors on disk, under the names of the live model, without loading it.

The library renames keys between files and modules. Where it also puts tensors together or apart (the experts
of a mixture, a joint projection), they are kept here as they lie in the files: a merge is the same by entry.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from training.job.spec import SpecError
from training.job.stored_tensors import Block, StoredTensor, blocks_of, stored_tensors

WHOLE = "model.safetensors"
INDEX = "model.safetensors.index.json"


@dataclass(frozen=True, slots=True)
class StoredModel:
    """The tensors of a model's folder.

    `parameters`: by the live model's name, tied ones once; `others`: what is no parameter, such as buffers.
    """

    folder: Path
    parameters: Mapping[str, StoredTensor]
    others: tuple[StoredTensor, ...]

    def shapes(self) -> dict[str, torch.Size]:
        """Return the parameters' shapes by name."""
        return {name: tensor.shape for name, tensor in self.parameters.items()}

    def files(self) -> Iterator[tuple[str, list[tuple[str, StoredTensor]]]]:
        """Yield file names with the tensors to keep in them, in file order; "" names what is no parameter."""
        every = [*self.parameters.items(), *(("", tensor) for tensor in self.others)]
        for file in sorted({tensor.file for _, tensor in every}):
            own = [(name, tensor) for name, tensor in every if tensor.file == file]
            yield file.name, sorted(own, key=lambda named: named[1].offset)


class BaseBlocks:
    """The base's parameters by blocks, in float32 and on the device; the last block read is remembered."""

    def __init__(self, model: StoredModel, device: str) -> None:
        self.model = model
        self.device = device
        self._last: tuple[str, Block] | None = None
        self._held = torch.empty(0)

    def block(self, name: str, block: Block) -> torch.Tensor:
        """Return the rows of a parameter; several experts and the sum ask for the same ones in turn."""
        if self._last != (name, block):
            self._held = self.model.parameters[name].read(block).to(self.device).float()
            self._last = (name, block)
        return self._held


def open_model(folder: Path) -> StoredModel:
    """Find the parameters of the model in `folder`. Raises SpecError where its files are not a model's."""
    tensors = [tensor for file in _files(folder) for tensor in stored_tensors(file)]
    named, others = _named(folder, tensors)
    return StoredModel(folder, named, tuple(others))


def _files(folder: Path) -> list[Path]:
    """The files that the library would read."""
    if (folder / WHOLE).is_file():
        return [folder / WHOLE]
    if (folder / INDEX).is_file():
        placed = json.loads((folder / INDEX).read_text(encoding="utf-8"))["weight_map"]
        return [folder / name for name in sorted(set(placed.values()))]
    raise SpecError(f"model folder {folder.name!r} has neither {WHOLE} nor {INDEX}")


def _named(folder: Path, tensors: list[StoredTensor]) -> tuple[dict[str, StoredTensor], list[StoredTensor]]:
    from transformers.conversion_mapping import get_model_conversion_mapping
    from transformers.core_model_loading import WeightConverter, dot_natural_key, rename_source_key

    model = _empty(folder)
    transforms = get_model_conversion_mapping(model)
    converters = [one for one in transforms if isinstance(one, WeightConverter)]
    renames: list[Any] = [one for one in transforms if not isinstance(one, WeightConverter)]
    state, known = model.state_dict(), {name for name, _ in model.named_parameters()}
    tied: dict[str, str] = model.all_tied_weights_keys
    prefix = model.base_model_prefix
    named, others, copies = {}, [], {}
    # In the library's own order: some renames begin to count with a key that comes first.
    for tensor in sorted(tensors, key=lambda one: dot_natural_key(one.key)):
        name, converted = rename_source_key(tensor.key, renames, converters, prefix, state)
        if converted is not None:
            named[rename_source_key(tensor.key, renames, [])[0]] = tensor
        elif name in tied:
            copies[name] = tensor
        elif name in known:
            named[name] = tensor
        else:
            others.append(tensor)
    for name, tensor in copies.items():
        original = named.setdefault(tied[name], tensor)
        if not _equal(original, tensor):  # then the library does not tie them either
            named[name] = tensor
    return named, others


def _empty(folder: Path) -> Any:
    """The model without any numbers."""
    from transformers import AutoConfig, AutoModelForImageTextToText

    given: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    config = AutoConfig.from_pretrained(folder, **given)
    factory: Any = AutoModelForImageTextToText
    with torch.device("meta"):
        return factory.from_config(config, trust_remote_code=False)


def _equal(one: StoredTensor, other: StoredTensor) -> bool:
    if one.shape != other.shape:
        return False
    return all(torch.equal(one.read(block), other.read(block)) for block in blocks_of(one.shape))
