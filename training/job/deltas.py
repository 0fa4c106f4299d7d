"""What a trained model adds to its base, block by block, at full rank and in float32."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import torch

from training.job.files import weights_digest
from training.job.folders import ADAPTER_CONFIG, ADAPTER_WEIGHTS, read_from
from training.job.numbers import NotFinite, is_finite
from training.job.spec import SpecError
from training.job.stored_model import BaseBlocks, StoredModel, open_model
from training.job.stored_tensors import Block, blocks_of, stored_tensors

_PREFIX = "base_model.model."
_UP, _DOWN = "lora_B.weight", "lora_A.weight"
# Settings of an adapter that say nothing about its delta, or that are used below.
_HARMLESS = frozenset(
    (
        "alpha_pattern",
        "auto_mapping",
        "base_model_name_or_path",
        "bias",
        "corda_config",
        "ensure_weight_tying",
        "eva_config",
        "exclude_modules",
        "inference_mode",
        "init_lora_weights",
        "layers_pattern",
        "layers_to_transform",
        "loftq_config",
        "lora_alpha",
        "lora_dropout",
        "lora_ga_config",
        "megatron_core",
        "peft_type",
        "peft_version",
        "qalora_group_size",
        "r",
        "rank_pattern",
        "revision",
        "runtime_config",
        "target_modules",
        "task_type",
        "use_rslora",
    )
)
# Ways to start an adapter that leave the base as it is; the others (PiSSA, OLoRA, CorDA, LoftQ, LoRA-GA) take
# from the base what they give to B A, so that B A is not what the adapter changed.
_PLAIN_STARTS = (None, True, False, "gaussian", "eva", "orthogonal")
# Dots, and "anything" twice at most: whatever else is a regular expression can take hours to match.
_PATTERN = re.compile(r"\^?(?:\\?\.\*?|[\w-])+\$?")


class DeltaSource(Protocol):
    """One model's deltas: the names of the parameters it changed and the delta of each.

    `device` (cpu or cuda) is where the deltas are computed.
    """

    device: str

    def names(self) -> Collection[str]:
        """Return the changed parameters' names, as the live base model spells them."""

    def shape(self, name: str) -> torch.Size:
        """Return the shape of one parameter, without computing its delta."""

    def block(self, name: str, block: Block) -> torch.Tensor:
        """Return the float32 delta of some rows of one parameter, shape (rows, width)."""


class AdapterDeltas:
    """Deltas `scale * B A` of a LoRA adapter folder, computed when asked for.

    The scale of a layer is alpha / r, under rank-stabilised LoRA alpha / sqrt(r); both numbers may differ by
    layer. Raises SpecError, naming the setting or the tensor, for an adapter whose delta is anything else.
    """

    def __init__(self, folder: Path, device: str = "cpu") -> None:
        self.device = device
        self._label = label = f"adapter {folder.name!r}"
        settings = json.loads((folder / ADAPTER_CONFIG).read_text(encoding="utf-8"))
        if not isinstance(settings, dict):
            raise SpecError(f"{label}: its configuration is not a JSON object")
        _check_settings(settings, label)
        self._tensors = {tensor.key: tensor for tensor in stored_tensors(folder / ADAPTER_WEIGHTS)}
        self._layers = _adapter_layers(list(self._tensors), label)
        self._scales = {f"{layer}.weight": self._scale(layer, settings) for layer in self._layers}
        self._last = ""
        self._held: tuple[torch.Tensor, torch.Tensor] = (torch.empty(0), torch.empty(0))

    def names(self) -> Collection[str]:
        """Return the adapted parameters' names."""
        return self._scales.keys()

    def shape(self, name: str) -> torch.Size:
        """Return (out, in)."""
        up, down = self._shapes(name.removesuffix(".weight"))
        return torch.Size((up[0], down[1]))

    def block(self, name: str, block: Block) -> torch.Tensor:
        """Return rows of `scale * B A`."""
        if self._last != name:  # all blocks of a layer need the whole of A
            layer = name.removesuffix(".weight")
            up, down = (self._tensors[f"{_PREFIX}{layer}.{half}"].whole() for half in (_UP, _DOWN))
            self._held = up.to(self.device).float(), down.to(self.device).float()
            self._last = name
        up, down = self._held
        return (up[block.start : block.stop] @ down) * self._scales[name]

    def _scale(self, layer: str, settings: Mapping[str, Any]) -> float:
        up, down = self._shapes(layer)
        if len(up) != 2 or len(down) != 2:
            raise SpecError(
                f"{self._label}: {layer} is not a linear layer (a convolution?); it cannot be merged here"
            )
        try:
            rank = int(_by_layer(settings, "rank_pattern", layer, settings["r"], self._label))
            alpha = float(_by_layer(settings, "alpha_pattern", layer, settings["lora_alpha"], self._label))
        except (KeyError, TypeError, ValueError, OverflowError):
            raise SpecError(f"{self._label}: its r or lora_alpha is missing or is no number") from None
        if rank <= 0 or not (rank == up[1] == down[0]) or not math.isfinite(alpha):
            raise SpecError(f"{self._label}: {layer} is not of the rank {rank} that its configuration gives")
        return alpha / math.sqrt(rank) if settings.get("use_rslora") else alpha / rank

    def _shapes(self, layer: str) -> tuple[torch.Size, torch.Size]:
        up, down = (self._tensors[f"{_PREFIX}{layer}.{half}"].shape for half in (_UP, _DOWN))
        return up, down


class ModelDeltas:
    """Deltas of a folder of full weights against the base, both read from disk. Raises SpecError."""

    def __init__(self, base: BaseBlocks, other: StoredModel, label: str) -> None:
        if base.model.shapes() != other.shapes():
            raise SpecError(f"{label!r}: the model to merge does not have the parameters of the base")
        self.device = base.device
        self._base, self._other = base, other

    def names(self) -> Collection[str]:
        """Return the names of all parameters: which of them differ only reading tells."""
        return self._other.parameters.keys()

    def shape(self, name: str) -> torch.Size:
        """Return the parameter's shape."""
        return self._other.parameters[name].shape

    def block(self, name: str, block: Block) -> torch.Tensor:
        """Return other minus base."""
        after = self._other.parameters[name].read(block).to(self.device).float()
        return after - self._base.block(name, block)


class FiniteDeltas:
    """The deltas of another source, each checked when it is asked for."""

    def __init__(self, source: DeltaSource, label: str) -> None:
        self.device = source.device
        self._source, self._label = source, label

    def names(self) -> Collection[str]:
        """Return the changed parameters' names."""
        return self._source.names()

    def shape(self, name: str) -> torch.Size:
        """Return the parameter's shape."""
        return self._source.shape(name)

    def block(self, name: str, block: Block) -> torch.Tensor:
        """Return the delta. Raises NotFinite naming the source and the parameter."""
        delta = self._source.block(name, block)
        if not is_finite(delta):
            raise NotFinite(
                f"expert {self._label!r}: its change of tensor {name} holds NaN or infinite values. "
                "Nothing is published. Leave it out, or train it again with a smaller learning_rate."
            )
        return delta


def open_source(folder: Path, base: BaseBlocks) -> DeltaSource:
    """Open a run's folder, an adapter folder or a full model folder as deltas against `base`.

    What of a run's folder is taken says `folders.read_from`. Raises SpecError; a delta raises NotFinite.
    """
    place = read_from(folder)
    if (place / ADAPTER_CONFIG).is_file():
        return open_adapter(folder, base.model.shapes(), base.device)
    return FiniteDeltas(ModelDeltas(base, open_model(place), folder.name), folder.name)


def open_adapter(folder: Path, shapes: Mapping[str, torch.Size], device: str = "cpu") -> DeltaSource:
    """Open an adapter as deltas of a base with parameters of these shapes. Raises SpecError."""
    source = AdapterDeltas(read_from(folder), device)
    for name in source.names():
        if name not in shapes:
            raise SpecError(
                f"adapter {folder.name!r} was not trained on this base: no {name}, or it is tied to another"
            )
        if source.shape(name) != shapes[name]:
            raise SpecError(f"adapter {folder.name!r} was not trained on this base: {name} has another shape")
    return FiniteDeltas(source, folder.name)


def parameters(model: Any) -> dict[str, torch.Tensor]:
    """Return the model's parameters by name; tied weights occur once."""
    return {name: parameter.detach() for name, parameter in model.named_parameters()}


def add_mean(target: Mapping[str, torch.Tensor], sources: Sequence[DeltaSource]) -> None:
    """Add the uniform average of the deltas to the parameters of `target`, in place. Raises SpecError."""
    for name in {name: None for source in sources for name in source.names()}:
        owners = [source for source in sources if name in source.names()]
        if name not in target:
            raise SpecError(f"tensor {name} lies in the files in another form than the model has it")
        for block in blocks_of(owners[0].shape(name), owners[0].device):
            total = torch.stack([source.block(name, block) for source in owners]).sum(dim=0)
            add(target, name, block, total / len(sources))


def with_adapter(model: Any, folder: Path) -> Any:
    """Return `model`, a base in its own precision, with the adapter of a folder added."""
    target = parameters(model)
    shapes = {name: value.shape for name, value in target.items()}
    add_mean(target, [open_adapter(folder, shapes)])
    return model


def with_tensors(model: Any, tensors: Mapping[str, torch.Tensor]) -> Any:
    """Return `model` with other values, in its own precision, for some of its parameters."""
    target = parameters(model)
    for name, value in tensors.items():
        target[name].copy_(value)
    return model


def add(target: Mapping[str, torch.Tensor], name: str, block: Block, delta: torch.Tensor) -> None:
    """Add `delta` to rows of one parameter, in place. Raises NotFinite when its type cannot hold the sum."""
    rows = block.of(target[name])
    rows.copy_(in_type(name, rows.float() + delta.to(rows.device), rows.dtype))


def in_type(name: str, rows: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Return what experts made of rows in the type of the parameter. Raises NotFinite where it overflows."""
    made = rows.to(dtype)
    if not is_finite(made):
        raise NotFinite(
            f"model: tensor {name} is no longer finite with what the experts add to it. "
            "Nothing is published. Check the base and the experts, or choose a smaller scale."
        )
    return made


def source_digest(folder: Path) -> str:
    """Return the weights digest of whatever `open_source` would read."""
    return weights_digest(read_from(folder))


def _check_settings(settings: Mapping[str, Any], label: str) -> None:
    if settings.get("peft_type") != "LORA":
        raise SpecError(
            f"{label}: it is of type {settings.get('peft_type')!r}, not LORA; it cannot be merged here"
        )
    start = settings.get("init_lora_weights")
    if start not in _PLAIN_STARTS:
        raise SpecError(
            f"{label}: it was started with {start!r}, which changes the base, so its delta is not B A. "
            "Have peft save it as plain LoRA (path_initial_model_for_weight_conversion)."
        )
    odd = sorted(key for key, value in settings.items() if value and key not in _HARMLESS)
    odd += ["bias"] if settings.get("bias", "none") != "none" else []
    if odd:
        raise SpecError(f"{label}: it uses {', '.join(odd)}; its delta is not B A and cannot be merged here")
    for key in ("rank_pattern", "alpha_pattern"):
        patterns = settings.get(key) or {}
        if not isinstance(patterns, dict) or any(
            not _PATTERN.fullmatch(pattern) or pattern.count("*") > 2 for pattern in patterns
        ):
            raise SpecError(f"{label}: its {key} holds an expression that is not read here; name the layers")


def _by_layer(settings: Mapping[str, Any], key: str, layer: str, usual: Any, label: str) -> Any:
    """The number of the pattern that fits the end of the layer's name, as peft takes it.

    Of several, peft takes the first when it trains, but the file has them sorted: then nobody knows.
    """
    patterns = (settings.get(key) or {}).items()
    found = [value for part, value in patterns if re.match(rf"(.*\.)?({part})$", layer)]
    if any(value != found[0] for value in found):
        raise SpecError(f"{label}: its {key} gives {layer} more than one number; name each layer once")
    return found[0] if found else usual


def _adapter_layers(keys: Sequence[str], label: str) -> list[str]:
    layers = [key.removeprefix(_PREFIX).removesuffix(f".{_DOWN}") for key in keys if key.endswith(_DOWN)]
    plain = {f"{_PREFIX}{layer}.{half}" for layer in layers for half in (_UP, _DOWN)}
    if odd := sorted(plain.symmetric_difference(keys)):
        raise SpecError(f"{label}: {odd[0]} does not belong to a pair of plain LoRA matrices")
    return sorted(layers)
