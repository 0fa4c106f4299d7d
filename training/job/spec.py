"""The specification of one run: what `python -m training.job SPEC.json` reads, checked before anything is
loaded.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_type_hints

from consilium.answers.paradigms import PARADIGMS
from consilium.refusals import Refused

STAGES = ("dsa", "gba", "merge")
METHODS = ("ties", "linear", "task_arithmetic", "dare_ties")
CANDIDATES = "candidates"
DEVICES = ("auto", "cpu")
NEUTRAL = "neutral"


class SpecError(Refused):
    """The specification or the data cannot be used; the message is meant for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoraSettings:
    """Low-rank adapters on the linear layers of the language model."""

    lora_r: int = 128
    lora_alpha: int = 256
    lora_dropout: float = 0.05
    max_pixels: int = 401_408
    checkpoint_every: int = 50
    keep_checkpoints: int = 2
    max_steps: int = 0  # 0: no limit, the epochs decide


@dataclass(frozen=True, slots=True, kw_only=True)
class DsaSettings(LoraSettings):
    """Supervised training of one specialty's adapter; `batch` is effective, `micro_batch` fits in memory."""

    learning_rate: float = 1e-4
    warmup_ratio: float = 0.03
    epochs: int = 3
    batch: int = 16
    micro_batch: int = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class GbaSettings(LoraSettings):
    """GRPO with guideline-based advantages; a step takes `samples_per_step` samples under all paradigms."""

    lora_dropout: float = (
        0.0  # METHOD names no dropout here; with it, rollout and loss would see two policies
    )
    learning_rate: float = 1e-5
    epochs: int = 1
    rollouts: int = 2
    samples_per_step: int = 4
    micro_batch: int = 8
    temperature: float = 1.0
    clip: float = 0.2
    kl: float = 0.01
    max_new_tokens: int = 1024
    within_weight: float = 0.5
    between_weight: float = 0.25
    train_prompt: str = NEUTRAL
    paradigms: tuple[str, ...] = PARADIGMS


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeSettings:
    """Conflict-aware merge: keep each delta's `density` largest share, add `scale` times the result.

    With the method `candidates` TIES under all `densities` and `scales`, and the other methods under
    `density` and `scale`, answer dev questions first, `micro_batch` at a time.
    """

    method: str = "ties"
    density: float = 0.2
    scale: float = 1.0
    densities: tuple[float, ...] = (0.1, 0.2, 0.3, 0.5)
    scales: tuple[float, ...] = (0.4, 0.6, 0.8, 1.0, 1.2, 1.5)
    max_new_tokens: int = 1024
    max_pixels: int = 401_408
    micro_batch: int = 8
    threads: int = 0  # of the CPU; 0: as many as the process is given (OMP_NUM_THREADS)


Settings = DsaSettings | GbaSettings | MergeSettings
_SETTINGS: dict[str, type[DsaSettings] | type[GbaSettings] | type[MergeSettings]] = {
    "dsa": DsaSettings,
    "gba": GbaSettings,
    "merge": MergeSettings,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """One run of one stage. Folders are absolute or relative to the working directory."""

    stage: str
    base: Path
    out: Path
    data: Path | None = None
    seed: int = 0
    specialty: str | None = None
    experts: tuple[Path, ...] = ()
    reinforced: Path | None = None
    release_digest: str = ""
    settings: Settings = field(default_factory=DsaSettings)
    device: str = "auto"

    def as_dict(self) -> dict[str, Any]:
        """Return the specification as JSON values, with every default written out."""
        values = {item.name: getattr(self, item.name) for item in dataclasses.fields(self)}
        values["settings"] = dataclasses.asdict(self.settings)
        values["settings"] = {key: _plain(value) for key, value in values["settings"].items()}
        return {key: _plain(value) for key, value in values.items()}


def read_spec(path: Path) -> Spec:
    """Read and check a specification file. Raises SpecError."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SpecError(f"the specification cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise SpecError(f"the specification is not JSON: {error}") from error
    return parse_spec(values)


def parse_spec(values: Any) -> Spec:
    """Check the JSON value of a specification and fill in defaults. Raises SpecError naming the key."""
    if not isinstance(values, dict):
        raise SpecError("the specification must be a JSON object")
    stage = values.get("stage")
    if stage not in STAGES:
        raise SpecError(f"stage: must be one of {', '.join(STAGES)}, not {stage!r}")
    settings = _checked(_SETTINGS[stage], values.get("settings", {}), "settings.")
    fields = {key: value for key, value in values.items() if key != "settings"}
    spec: Spec = _checked(Spec, fields, "", settings=settings)
    _check_needs(spec)
    _check_ranges(spec)
    return spec


def _checked(kind: type[Any], values: Any, prefix: str, **ready: Any) -> Any:
    if not isinstance(values, dict):
        raise SpecError(f"{prefix.rstrip('.')}: must be a JSON object")
    hints = get_type_hints(kind)
    known = [item.name for item in dataclasses.fields(kind)]
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise SpecError(f"{prefix}{unknown[0]}: unknown key; known keys are {', '.join(known)}")
    converted = {key: _convert(hints[key], value, prefix + key) for key, value in values.items()}
    missing = [
        item.name for item in dataclasses.fields(kind) if _required(item) and item.name not in converted
    ]
    if missing:
        raise SpecError(f"{prefix}{missing[0]}: missing")
    return kind(**converted, **ready)


def _required(item: dataclasses.Field[Any]) -> bool:
    return item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING


def _convert(hint: Any, value: Any, key: str) -> Any:
    """Convert one JSON value to the annotated type, strictly: no number from a string, no true as 1."""
    if value is None and type(None) in getattr(hint, "__args__", ()):
        return None
    if hint in (Path, Path | None) and isinstance(value, str) and value:
        return Path(value)
    if hint == tuple[Path, ...] and _is_list_of_text(value):
        return tuple(Path(text) for text in value)
    if hint == tuple[str, ...] and _is_list_of_text(value):
        return tuple(value)
    if hint == tuple[float, ...] and isinstance(value, list):
        return tuple(_convert(float, number, key) for number in value)
    if hint in (str, str | None) and isinstance(value, str):
        return value
    if hint is int and isinstance(value, int) and not isinstance(value, bool):
        return value
    if hint is float and isinstance(value, int | float) and not isinstance(value, bool):
        if not abs(value) <= sys.float_info.max:  # NaN, infinity, a whole number with 400 digits
            raise SpecError(f"{key}: must be a finite number")
        return float(value)
    raise SpecError(f"{key}: {value!r} has the wrong type")


def _is_list_of_text(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) and text for text in value)


def _check_needs(spec: Spec) -> None:
    if spec.stage in ("dsa", "gba") and spec.data is None:
        raise SpecError(f"data: the {spec.stage} stage needs the folder of a trace release")
    if spec.stage == "dsa" and not spec.specialty:
        raise SpecError("specialty: the dsa stage trains one specialty; name it")
    if spec.stage == "merge" and not spec.experts and spec.reinforced is None:
        raise SpecError("experts: there is nothing to merge")
    if isinstance(spec.settings, MergeSettings) and spec.settings.method == CANDIDATES and not spec.data:
        raise SpecError("data: merge candidates are scored on a release of dev questions; name its folder")
    if spec.device not in DEVICES:
        raise SpecError(f"device: must be one of {', '.join(DEVICES)}")


def _check_ranges(spec: Spec) -> None:
    settings = spec.settings
    for key, value in dataclasses.asdict(settings).items():
        if isinstance(value, int | float) and not value >= 0:
            raise SpecError(f"settings.{key}: must not be negative")
    positive = (
        "lora_r",
        "lora_alpha",
        "checkpoint_every",
        "keep_checkpoints",
        "epochs",
        "batch",
        "micro_batch",
    )
    more = ("rollouts", "samples_per_step", "max_new_tokens", "max_pixels", "temperature", "density")
    for key in (*positive, *more):
        if getattr(settings, key, 1) <= 0:
            raise SpecError(f"settings.{key}: must be positive")
    if isinstance(settings, DsaSettings) and settings.batch % settings.micro_batch:
        raise SpecError("settings.micro_batch: must divide batch")
    if isinstance(settings, GbaSettings):
        _check_gba(settings)
    if isinstance(settings, MergeSettings):
        _check_merge(settings)


def _check_gba(settings: GbaSettings) -> None:
    unknown = sorted(set(settings.paradigms) - {*PARADIGMS, NEUTRAL})
    if unknown or not settings.paradigms or len(set(settings.paradigms)) != len(settings.paradigms):
        raise SpecError(f"settings.paradigms: choose among {', '.join((*PARADIGMS, NEUTRAL))}, each once")
    if settings.train_prompt not in (NEUTRAL, "guided"):
        raise SpecError("settings.train_prompt: must be neutral or guided")
    if settings.train_prompt == "guided" and settings.between_weight and len(settings.paradigms) > 1:
        raise SpecError("settings.between_weight: must be 0 with the guided prompt, where it teaches nothing")
    if settings.within_weight + settings.between_weight > 1:
        raise SpecError("settings.within_weight: within_weight + between_weight must not exceed 1")
    if settings.rollouts < 2:
        raise SpecError("settings.rollouts: at least 2 per paradigm")
    if (len(settings.paradigms) * settings.rollouts * settings.samples_per_step) % settings.micro_batch:
        raise SpecError("settings.micro_batch: must divide paradigms x rollouts x samples_per_step")


def _check_merge(settings: MergeSettings) -> None:
    if settings.method not in (*METHODS, CANDIDATES):
        raise SpecError(f"settings.method: must be one of {', '.join((*METHODS, CANDIDATES))}")
    if settings.density > 1:
        raise SpecError("settings.density: must be at most 1")
    for key, most in (("densities", 1.0), ("scales", sys.float_info.max)):
        values = getattr(settings, key)
        if not values or len(set(values)) != len(values) or not all(0 < value <= most for value in values):
            raise SpecError(
                f"settings.{key}: needs positive numbers{' of at most 1' if most == 1 else ''}, each once"
            )


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    return [_plain(part) for part in value] if isinstance(value, tuple) else value
