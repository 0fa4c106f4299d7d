"""What a trained model adds to its base, tensor by tensor, at full rank and in float32."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import torch

from training.job.files import weights_digest
from training.job.numbers import NotFinite, is_finite
from training.job.spec import SpecError

ADAPTER_CONFIG = "adapter_config.json"
ADAPTER_WEIGHTS = "adapter_model.safetensors"
_PREFIX = "base_model.model."
# Options of an adapter under which (alpha / r) B A is not its delta.
_REFUSED = ("use_dora", "use_rslora", "rank_pattern", "alpha_pattern", "fan_in_fan_out", "modules_to_save")


class DeltaSource(Protocol):
    """One model's deltas: the names of the parameters it changed and the delta of each."""

    def names(self) -> Sequence[str]:
        """Return the changed parameters' names, as the live base model spells them."""

    def shape(self, name: str) -> torch.Size:
        """Return the shape of one parameter, without computing its delta."""

    def delta(self, name: str) -> torch.Tensor:
        """Return the float32 delta of one parameter, in the parameter's shape."""


class AdapterDeltas:
    """Deltas `(alpha / r) B A` of a LoRA adapter folder, computed when asked for."""

    def __init__(self, folder: Path) -> None:
        from safetensors import safe_open

        settings = json.loads((folder / ADAPTER_CONFIG).read_text(encoding="utf-8"))
        odd = [key for key in _REFUSED if settings.get(key)]
        if odd or settings.get("bias", "none") != "none":
            raise SpecError(f"adapter {folder.name!r} uses {odd or 'bias'}, which cannot be merged here")
        self._scale = settings["lora_alpha"] / settings["r"]
        opener: Any = safe_open
        self._file = opener(folder / ADAPTER_WEIGHTS, framework="pt")
        self._layers = _adapter_layers(list(self._file.keys()))

    def names(self) -> Sequence[str]:
        """Return the adapted parameters' names."""
        return [f"{layer}.weight" for layer in self._layers]

    def shape(self, name: str) -> torch.Size:
        """Return (out, in)."""
        layer = f"{_PREFIX}{name.removesuffix('.weight')}"
        up, down = (self._file.get_slice(f"{layer}.lora_{half}.weight").get_shape() for half in "BA")
        return torch.Size((up[0], down[1]))

    def delta(self, name: str) -> torch.Tensor:
        """Return `(alpha / r) B A`, shape (out, in)."""
        layer = name.removesuffix(".weight")
        down: torch.Tensor = self._file.get_tensor(f"{_PREFIX}{layer}.lora_A.weight").float()
        up: torch.Tensor = self._file.get_tensor(f"{_PREFIX}{layer}.lora_B.weight").float()
        scaled: torch.Tensor = (up @ down) * self._scale
        return scaled


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

    Of a run's folder the adapter is taken when it is relative to the base (DSA), else the full model (GBA),
    whose adapter is relative to the model that GBA started from. Raises SpecError; a delta
    raises NotFinite.
    """
    for candidate in (folder, folder / "adapter"):
        if (candidate / ADAPTER_CONFIG).is_file():
            source = AdapterDeltas(candidate)
            strangers = [name for name in source.names() if name not in base]
            if strangers:
                raise SpecError(f"adapter {folder.name!r} was not trained on this base: no {strangers[0]}")
            return FiniteDeltas(source, folder.name)
    full = folder / "model" if (folder / "model" / "config.json").is_file() else folder
    return FiniteDeltas(ModelDeltas(base, parameters(load(full))), folder.name)


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
    for candidate in (folder, folder / "adapter", folder / "model"):
        if list(candidate.glob("*.safetensors")):
            return weights_digest(candidate)
    raise SpecError(f"folder {folder.name!r} holds no safetensors file")


def _adapter_layers(keys: Sequence[str]) -> list[str]:
    suffix = ".lora_A.weight"
    layers = [key.removeprefix(_PREFIX).removesuffix(suffix) for key in keys if key.endswith(suffix)]
    if len(keys) != 2 * len(layers) or any(not key.startswith(_PREFIX) for key in keys):
        raise SpecError("the adapter holds tensors that are not plain LoRA matrices")
    return sorted(layers)
