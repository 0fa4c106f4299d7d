"""What a trained model adds to its base, tensor by tensor, at full rank and in float32."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import torch

from training.job.files import weights_digest
from training.job.folders import ADAPTER_CONFIG, ADAPTER_WEIGHTS, read_from
from training.job.numbers import NotFinite, is_finite
from training.job.spec import SpecError

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
    """One model's deltas: the names of the parameters it changed and the delta of each."""

    def names(self) -> Sequence[str]:
        """Return the changed parameters' names, as the live base model spells them."""

    def shape(self, name: str) -> torch.Size:
        """Return the shape of one parameter, without computing its delta."""

    def delta(self, name: str) -> torch.Tensor:
        """Return the float32 delta of one parameter, in the parameter's shape."""


class AdapterDeltas:
    """Deltas `scale * B A` of a LoRA adapter folder, computed when asked for.

    The scale of a layer is alpha / r, under rank-stabilised LoRA alpha / sqrt(r); both numbers may differ by
    layer. Raises SpecError, naming the setting or the tensor, for an adapter whose delta is anything else.
    """

    def __init__(self, folder: Path) -> None:
        from safetensors import safe_open

        self._label = label = f"adapter {folder.name!r}"
        settings = json.loads((folder / ADAPTER_CONFIG).read_text(encoding="utf-8"))
        if not isinstance(settings, dict):
            raise SpecError(f"{label}: its configuration is not a JSON object")
        _check_settings(settings, label)
        opener: Any = safe_open
        self._file = opener(folder / ADAPTER_WEIGHTS, framework="pt")
        self._layers = _adapter_layers(list(self._file.keys()), label)
        self._scales = {layer: self._scale(layer, settings) for layer in self._layers}

    def names(self) -> Sequence[str]:
        """Return the adapted parameters' names."""
        return [f"{layer}.weight" for layer in self._layers]

    def shape(self, name: str) -> torch.Size:
        """Return (out, in)."""
        up, down = self._shapes(name.removesuffix(".weight"))
        return torch.Size((up[0], down[1]))

    def delta(self, name: str) -> torch.Tensor:
        """Return `scale * B A`, shape (out, in)."""
        layer = name.removesuffix(".weight")
        down: torch.Tensor = self._file.get_tensor(f"{_PREFIX}{layer}.{_DOWN}").float()
        up: torch.Tensor = self._file.get_tensor(f"{_PREFIX}{layer}.{_UP}").float()
        scaled: torch.Tensor = (up @ down) * self._scales[layer]
        return scaled

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

    def _shapes(self, layer: str) -> tuple[list[int], list[int]]:
        up, down = (self._file.get_slice(f"{_PREFIX}{layer}.{half}").get_shape() for half in (_UP, _DOWN))
        return up, down


class ModelDeltas:
    """Deltas of full weights against the base; both live models are asked by parameter name."""

    def __init__(self, base: Mapping[str, torch.Tensor], other: Mapping[str, torch.Tensor]) -> None:
        if {key: value.shape for key, value in base.items()} != {
            key: value.shape for key, value in other.items()
        }:
            raise SpecError("the model to merge does not have the parameters of the base")
        self._base, self._other = base, other
        self._changed = [name for name, value in base.items() if not torch.equal(value, other[name])]

    def names(self) -> Sequence[str]:
        """Return the names of the parameters that differ."""
        return self._changed

    def shape(self, name: str) -> torch.Size:
        """Return the parameter's shape."""
        return self._base[name].shape

    def delta(self, name: str) -> torch.Tensor:
        """Return other minus base."""
        return self._other[name].float() - self._base[name].float()


class FiniteDeltas:
    """The deltas of another source, each checked when it is asked for."""

    def __init__(self, source: DeltaSource, label: str) -> None:
        self._source, self._label = source, label

    def names(self) -> Sequence[str]:
        """Return the changed parameters' names."""
        return self._source.names()

    def shape(self, name: str) -> torch.Size:
        """Return the parameter's shape."""
        return self._source.shape(name)

    def delta(self, name: str) -> torch.Tensor:
        """Return the delta. Raises NotFinite naming the source and the parameter."""
        delta = self._source.delta(name)
        if not is_finite(delta):
            raise NotFinite(
                f"expert {self._label!r}: its change of tensor {name} holds NaN or infinite values. "
                "Nothing is published. Leave it out, or train it again with a smaller learning_rate."
            )
        return delta


def open_source(folder: Path, base: Mapping[str, torch.Tensor], load: Callable[[Path], Any]) -> DeltaSource:
    """Open a run's folder, an adapter folder or a full model folder as deltas against `base`.

    What of a run's folder is taken says `folders.read_from`. Raises SpecError; a delta raises NotFinite.
    """
    place = read_from(folder)
    if not (place / ADAPTER_CONFIG).is_file():
        return FiniteDeltas(ModelDeltas(base, parameters(load(place))), folder.name)
    source = AdapterDeltas(place)
    for name in source.names():
        if name not in base:
            raise SpecError(
                f"adapter {folder.name!r} was not trained on this base: no {name}, or it is tied to another"
            )
        if source.shape(name) != base[name].shape:
            raise SpecError(f"adapter {folder.name!r} was not trained on this base: {name} has another shape")
    return FiniteDeltas(source, folder.name)


def parameters(model: Any) -> dict[str, torch.Tensor]:
    """Return the model's parameters by name; tied weights occur once."""
    return {name: parameter.detach() for name, parameter in model.named_parameters()}


def add_mean(target: Mapping[str, torch.Tensor], sources: Sequence[DeltaSource]) -> None:
    """Add the uniform average of the deltas to the parameters of `target`, in place."""
    names = {name: None for source in sources for name in source.names()}
    for name in names:
        owners = [source for source in sources if name in set(source.names())]
        total = torch.stack([source.delta(name) for source in owners]).sum(dim=0) / len(sources)
        add(target, name, total)


def add(target: Mapping[str, torch.Tensor], name: str, delta: torch.Tensor) -> None:
    """Add `delta` to one parameter, in place. Raises NotFinite when its type cannot hold the sum."""
    value = target[name]
    value.copy_((value.float() + delta.to(value.device)).to(value.dtype))
    if not is_finite(value):
        raise NotFinite(
            f"model: tensor {name} is no longer finite with what the experts add to it. "
            "Nothing is published. Check the base and the experts, or choose a smaller scale."
        )


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
