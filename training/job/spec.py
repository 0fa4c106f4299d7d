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

from consilium.answers.dimensions import DIMENSIONS
from consilium.answers.paradigms import PARADIGMS
from consilium.answers.verdicts import OVERALL
from consilium.refusals import Refused

STAGES = ("dsa", "gba", "merge", "judge_sft", "judge_dpo", "reward_model")
TRACE_STAGES = ("dsa", "gba")
PREFERENCE_STAGES = ("judge_sft", "judge_dpo", "reward_model")
METHODS = ("ties", "linear", "task_arithmetic", "dare_ties")
CANDIDATES = "candidates"
DEVICES = ("auto", "cpu")
LORA, QLORA, FULL = TUNINGS = ("lora", "qlora", "full")
SWITCHES = ("auto", "on", "off")
UNSHARED, FSDP2, ZERO3 = SHARDINGS = ("none", "fsdp2", "zero3")
MOST_WORKERS = 32
FULL_RATE = 1e-6  # of all weights, where none is given
NEUTRAL = "neutral"
FROM_EXPERTS, FROM_BASE = STARTS = ("experts", "base")
BOTH_ORDERS, ONE_ORDER = "both", "balanced"
VERDICTS, ANSWERS = "verdicts", "answers"
ADVANTAGE, REWARD = "advantage", "reward"
VARIANTS = (ADVANTAGE, REWARD)
ROLLOUT_ENGINES = ("transformers", "vllm_colocate", "vllm_server")


class SpecError(Refused):
    """The specification or the data cannot be used; the message is meant for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoraSettings:
    """Low-rank adapters on the linear layers of the language model.

    `gradient_checkpointing`: auto is on a GPU only. `sharding`: whether each of several processes holds the
    whole model (none) or a share of every layer. `workers`: processes that prepare rows; 0: training itself.
    """

    gradient_checkpointing: str = "auto"
    sharding: str = UNSHARED
    workers: int = 0
    lora_r: int = 128
    lora_alpha: int = 256
    lora_dropout: float = 0.05
    max_pixels: int = 401_408
    checkpoint_every: int = 50
    keep_checkpoints: int = 2
    max_steps: int = 0  # 0: no limit, the epochs decide


@dataclass(frozen=True, slots=True, kw_only=True)
class TuningSettings(LoraSettings):
    """`tuning`: lora; qlora, over a base held in 4 bits; full, all weights of the language model."""

    tuning: str = LORA


@dataclass(frozen=True, slots=True, kw_only=True)
class DsaSettings(TuningSettings):
    """Supervised training of one specialty's adapter, or one of all specialties; `batch` is effective,
    `micro_batch` fits in memory.
    """

    learning_rate: float = 1e-4
    warmup_ratio: float = 0.03
    epochs: int = 3
    batch: int = 16
    micro_batch: int = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class GbaSettings(TuningSettings):
    """GRPO with guideline-based advantages; a step takes `samples_per_step` samples under all paradigms.

    `start_from`: experts, their average on the base; base, the base alone. From the base with the neutral
    prompt as the only paradigm it is stock GRPO, bit for bit.
    """

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
    start_from: str = FROM_EXPERTS
    variant: str = ADVANTAGE
    judge: str = ""  # the name of a model; whoever follows the run asks it
    judge_weight: float = 0.0
    bonus_weight: float = 0.1
    drift_every: int = 10
    samples_every: int = 10
    evaluate_every: int = 0  # 0: never
    evaluate_rows: int = 32
    evaluate_on: str = ""  # the digest of a release; whoever starts the run lays it out as `questions`
    rollout_engine: str = "transformers"
    vllm_host: str = "127.0.0.1"
    vllm_port: int = 8000
    vllm_memory: float = 0.3

    @property
    def prompts_per_sample(self) -> int:
        """Under how many prompts a sample is answered: those of the paradigms, or one neutral one."""
        return len(self.paradigms) if self.variant == ADVANTAGE else 1

    @property
    def rollouts_per_prompt(self) -> int:
        """How often each of them is answered; a sample has as many rollouts in both variants."""
        return self.rollouts * len(self.paradigms) // self.prompts_per_sample

    @property
    def prompts_differ(self) -> bool:
        """Whether answers are drawn under other prompts than that of the loss.

        One paradigm has no other to learn from: its own prompt is then the prompt of the loss as well.
        """
        return self.prompts_per_sample > 1 and self.train_prompt == NEUTRAL

    @property
    def asks_judge(self) -> bool:
        """Whether the reward needs the judge."""
        return self.variant == REWARD or self.judge_weight > 0


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


@dataclass(frozen=True, slots=True, kw_only=True)
class PreferenceSettings(LoraSettings):
    """What the stages share that learn from preferences.

    `batch` counts conversations (judge_sft) or pairs of them; `held_out` is the share of clusters (patients,
    images) that no update sees.
    """

    lora_dropout: float = 0.0  # reference and policy, or two answers, would be seen by two models
    learning_rate: float = 1e-4
    warmup_ratio: float = 0.03
    epochs: int = 3
    batch: int = 16
    micro_batch: int = 2
    held_out: float = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeSftSettings(PreferenceSettings):
    """Supervised training of a judge on the readers' consensus.

    `orders`: every case in both orders, or in one, the better answer equally often first and second.
    """

    lora_dropout: float = 0.05
    micro_batch: int = 4
    orders: str = BOTH_ORDERS


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeDpoSettings(PreferenceSettings):
    """DPO: `target` verdicts prefers the right verdict to the wrong one, answers the better to the worse.

    `dimension`: whose label makes an answer the better one; `orders` are those of verdicts; `sft_weight`: of
    the loss on the preferred reply itself, for a base that would never write such a reply.
    """

    learning_rate: float = 5e-6
    beta: float = 0.1
    sft_weight: float = 0.0
    target: str = VERDICTS
    orders: str = BOTH_ORDERS
    dimension: str = OVERALL


@dataclass(frozen=True, slots=True, kw_only=True)
class RewardModelSettings(PreferenceSettings):
    """Bradley-Terry: a linear head on the last token, the better answer scored above the worse one."""

    epochs: int = 1  # more epochs learn the pairs by heart
    dimension: str = OVERALL


def tuning_of(settings: object) -> str:
    """Return what a stage trains: its `tuning`; stages without a choice train adapters."""
    return settings.tuning if isinstance(settings, TuningSettings) else LORA


Settings = (
    DsaSettings | GbaSettings | MergeSettings | JudgeSftSettings | JudgeDpoSettings | RewardModelSettings
)
_SETTINGS: dict[str, type[Any]] = {
    "dsa": DsaSettings,
    "gba": GbaSettings,
    "merge": MergeSettings,
    "judge_sft": JudgeSftSettings,
    "judge_dpo": JudgeDpoSettings,
    "reward_model": RewardModelSettings,
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
    questions: Path | None = None
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
    settings = parse_settings(stage, values.get("settings", {}))
    fields = {key: value for key, value in values.items() if key != "settings"}
    spec: Spec = _checked(Spec, fields, "", settings=settings)
    _check_needs(spec)
    return spec


def parse_settings(stage: str, given: Any) -> Settings:
    """Check the JSON value of one stage's settings and fill in defaults. Raises SpecError naming the key."""
    settings: Settings = _checked(_SETTINGS[stage], _with_rate(stage, given), "settings.")
    _check_ranges(settings)
    return settings


def _with_rate(stage: str, given: Any) -> Any:
    """The settings, with the learning rate for all weights where those are trained and none is named."""
    is_full = isinstance(given, dict) and given.get("tuning") == FULL
    return {"learning_rate": FULL_RATE, **given} if is_full and stage != "merge" else given


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
    if spec.stage in (*TRACE_STAGES, *PREFERENCE_STAGES) and spec.data is None:
        kind = "trace" if spec.stage in TRACE_STAGES else "preference"
        raise SpecError(f"data: the {spec.stage} stage needs the folder of a {kind} release")
    if isinstance(spec.settings, GbaSettings):
        _check_start(spec.settings, spec.experts)
    if spec.stage == "merge" and not spec.experts and spec.reinforced is None:
        raise SpecError("experts: there is nothing to merge")
    if isinstance(spec.settings, MergeSettings) and spec.settings.method == CANDIDATES and not spec.data:
        raise SpecError("data: merge candidates are scored on a release of dev questions; name its folder")
    if spec.device not in DEVICES:
        raise SpecError(f"device: must be one of {', '.join(DEVICES)}")


def _check_start(settings: GbaSettings, experts: tuple[Path, ...]) -> None:
    if settings.start_from == FROM_EXPERTS and not experts:
        raise SpecError(
            "experts: the gba stage starts from the average of experts; name their folders, or set"
            " settings.start_from to base"
        )
    if settings.start_from == FROM_BASE and experts:
        raise SpecError(
            "settings.start_from: a run from the base takes no experts; leave them out, or set it to experts"
        )


def _check_ranges(settings: Settings) -> None:
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
    more = ("beta", "rollouts", "samples_per_step", "max_new_tokens", "max_pixels", "temperature", "density")
    for key in (*positive, *more):
        if getattr(settings, key, 1) <= 0:
            raise SpecError(f"settings.{key}: must be positive")
    if isinstance(settings, LoraSettings):
        _check_choice("gradient_checkpointing", settings.gradient_checkpointing, SWITCHES)
        _check_choice("tuning", tuning_of(settings), TUNINGS)
        _check_sharding(settings)
        if settings.workers > MOST_WORKERS:
            raise SpecError(
                f"settings.workers: at most {MOST_WORKERS}, each of which holds the libraries once"
            )
    if isinstance(settings, DsaSettings | PreferenceSettings) and settings.batch % settings.micro_batch:
        raise SpecError("settings.micro_batch: must divide batch")
    if isinstance(settings, PreferenceSettings):
        _check_preferences(settings)
    if isinstance(settings, GbaSettings):
        _check_gba(settings)
    if isinstance(settings, MergeSettings):
        _check_merge(settings)


def _check_sharding(settings: LoraSettings) -> None:
    _check_choice("sharding", settings.sharding, SHARDINGS)
    if settings.sharding == UNSHARED:
        return
    if tuning_of(settings) == QLORA:
        raise SpecError(
            "settings.sharding: a base in 4 bits cannot be shared out; choose lora or full for"
            f" {settings.sharding}, or none for qlora"
        )
    if settings.sharding == ZERO3 and isinstance(settings, GbaSettings) and tuning_of(settings) == FULL:
        raise SpecError(
            "settings.sharding: GBA of all weights needs fsdp2, which shares its reference out too"
        )
    if isinstance(settings, RewardModelSettings):
        raise SpecError("settings.sharding: must be none for a reward model, whose head is no part of a base")


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
    _check_choice("start_from", settings.start_from, STARTS)
    _check_variant(settings)
    if settings.rollout_engine not in ROLLOUT_ENGINES:
        raise SpecError(f"settings.rollout_engine: must be one of {', '.join(ROLLOUT_ENGINES)}")
    if not 0 < settings.vllm_port < 2**16:
        raise SpecError("settings.vllm_port: must be a number from 1 to 65535")
    if not 0 < settings.vllm_memory < 1:
        raise SpecError("settings.vllm_memory: must lie between 0 and 1")


def _check_variant(settings: GbaSettings) -> None:
    if settings.variant not in VARIANTS:
        raise SpecError(f"settings.variant: must be one of {', '.join(VARIANTS)}")
    if settings.variant == REWARD and settings.train_prompt != NEUTRAL:
        raise SpecError("settings.train_prompt: must be neutral for the reward variant, which has one prompt")
    if settings.variant == REWARD and not set(settings.paradigms) - {NEUTRAL}:
        raise SpecError("settings.paradigms: the reward variant needs at least one that a judge can score")
    if settings.variant == REWARD and settings.judge_weight:
        raise SpecError("settings.judge_weight: must be 0 for the reward variant; it has bonus_weight")
    if settings.asks_judge and not settings.judge:
        raise SpecError("settings.judge: name the model that scores the answers")


def _check_preferences(settings: PreferenceSettings) -> None:
    if settings.held_out >= 1:
        raise SpecError("settings.held_out: must be less than 1, or nothing is left to train on")
    choices = {
        "dimension": DIMENSIONS,
        "orders": (BOTH_ORDERS, ONE_ORDER),
        "target": (VERDICTS, ANSWERS),
    }
    for key, known in choices.items():
        _check_choice(key, getattr(settings, key, known[0]), known)


def _check_choice(key: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise SpecError(f"settings.{key}: must be one of {', '.join(choices)}")


def _check_merge(settings: MergeSettings) -> None:
    _check_choice("method", settings.method, (*METHODS, CANDIDATES))
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
