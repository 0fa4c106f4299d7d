"""The settings of every stage as people choose them: what each means, its default, and ready-made presets.

Names, types and defaults are those of `training.job.spec`, which the training process reads; here stand the
words. A preset is a set of values to start from; what it does not name keeps its default.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, get_args, get_origin, get_type_hints

from consilium.answers.dimensions import DIMENSIONS
from consilium.answers.paradigms import PARADIGMS
from training.demo_models.teaching_set import demo_settings, visible_settings
from training.job.spec import (
    ANSWERS,
    BOTH_ORDERS,
    CANDIDATES,
    METHODS,
    NEUTRAL,
    ONE_ORDER,
    ROLLOUT_ENGINES,
    SHARDINGS,
    STARTS,
    SWITCHES,
    TUNINGS,
    VARIANTS,
    VERDICTS,
    Settings,
    parse_settings,
)
from training.models import Stage

NAMED: Final[dict[str, tuple[str, str]]] = {
    "learning_rate": (
        "Learning rate",
        "Size of one update at its height. All but GBA take a cosine down to zero. Higher learns faster and"
        " forgets more.",
    ),
    "warmup_ratio": ("Warm-up", "Share of the steps in which the learning rate rises from zero, 0 to 1."),
    "epochs": ("Epochs", "How often every row is seen."),
    "max_steps": ("Steps at most", "Stops after so many updates, whatever the epochs say; 0 sets no limit."),
    "tuning": (
        "What is trained",
        "lora: an adapter on the language model. qlora: the same over a base held in 4 bits, which needs"
        " less memory and bitsandbytes where training runs. full: all weights of the language model, which"
        " takes many times the memory; the learning rate is then 0.000001 unless another one is chosen.",
    ),
    "gradient_checkpointing": (
        "Recompute activations",
        "Less memory for about a third more time; the result is the same. auto: on a GPU, not on a CPU.",
    ),
    "batch": ("Batch", "Rows that one update learns from, over all parts."),
    "micro_batch": (
        "Batch part",
        "Rows that are in memory at once. Smaller needs less memory and takes longer; the result is the same."
        " It has to divide what one update takes.",
    ),
    "sharding": (
        "Sharing out",
        "Only where a run has several GPUs. none: each holds the whole model. fsdp2: each holds a share of"
        " every layer, for models that do not fit, and trains slower. zero3: the same by DeepSpeed, where it"
        " is installed.",
    ),
    "workers": (
        "Processes that prepare rows",
        "They open images while the GPU computes; 0: training does it itself. The result is the same.",
    ),
    "lora_r": (
        "Adapter rank",
        "How much an adapter can hold. Memory, checkpoints and the adapter's file grow with it.",
    ),
    "lora_alpha": ("Adapter scale (alpha)", "An adapter counts alpha / rank times."),
    "lora_dropout": ("Dropout", "Share of the adapter's inputs left out at random in each step, 0 to 1."),
    "max_pixels": (
        "Pixels per image",
        "Larger images are made smaller, in proportion. More pixels are more tokens, memory and time.",
    ),
    "checkpoint_every": (
        "Steps between checkpoints",
        "After a stop or a failure the run goes on from the newest one.",
    ),
    "keep_checkpoints": ("Checkpoints kept", "Older ones are deleted while the run goes on."),
    "samples_per_step": (
        "Questions per update",
        "Each is answered under every paradigm, as often as the next field says.",
    ),
    "rollouts": ("Answers per paradigm", "At least 2: an answer is judged against its own group."),
    "paradigms": ("Paradigms", "Under which styles of reasoning the answers are drawn."),
    "train_prompt": (
        "Prompt of the loss",
        "neutral: answers are drawn under a paradigm and learned without naming it, so that none must be"
        " asked for later. guided: learned under the prompt that drew them; the weight between is then 0.",
    ),
    "start_from": (
        "Starts from",
        "experts: the base plus the average of the experts' changes. base: the base alone, without experts;"
        " with neutral as the only paradigm that is plain GRPO.",
    ),
    "within_weight": (
        "Weight within a paradigm",
        "How much an answer counts against others of its paradigm. Both weights are at most 1 together.",
    ),
    "between_weight": (
        "Weight between paradigms",
        "How much a paradigm counts against the other paradigms. What is left of 1 counts over all answers.",
    ),
    "temperature": ("Temperature", "How freely answers are drawn; 1 as the model itself would."),
    "max_new_tokens": ("Tokens per answer", "Longer answers are cut, and a cut answer is mostly wrong."),
    "clip": ("Clip", "How far one update may move the odds of a token: 0.2 is a fifth up or down."),
    "kl": ("KL weight", "What it costs to move away from the model that the run started from."),
    "target": (
        "What is compared",
        "verdicts: the right verdict on a case against the opposite one, which makes a judge. answers: the"
        " better answer to the question against the worse, which makes a model that answers.",
    ),
    "orders": (
        "Orders",
        "both: every case is shown with A first and with B first. balanced: in one of the two, the better"
        " answer equally often first and second.",
    ),
    "dimension": (
        "Dimension",
        "By whose label one answer is the better one, where answers are compared; whole verdicts state all"
        " six.",
    ),
    "beta": ("Beta", "How strongly DPO holds on to the base: smaller moves further away."),
    "sft_weight": (
        "Weight of the preferred reply",
        "DPO alone only moves one reply above the other. Above 0 the preferred one is learned as well, for a"
        " base that would write neither.",
    ),
    "held_out": (
        "Held out",
        "Share of the patients and images, 0 to less than 1, that no update sees. On these the run says at"
        " its end how often it prefers what readers preferred.",
    ),
    "variant": (
        "Variant",
        "advantage: answers under several paradigms are compared, as above. reward: one neutral prompt; a"
        " judge scores how right answers reason in each paradigm. The two weights above then count for"
        " nothing.",
    ),
    "judge": (
        "Judge",
        "The model that scores answers by paradigm. A score that it does not give counts for nothing and is"
        " shown; a run for which most calls fail ends.",
    ),
    "bonus_weight": (
        "Weight of the judge's ranking",
        "Only for the variant reward: what a standard deviation of the scores adds to a right answer.",
    ),
    "judge_weight": (
        "Weight of the judge's score",
        "Only for the variant advantage: what the best score adds over the worst. 0 asks no judge.",
    ),
    "drift_every": (
        "Steps between comparisons of the prompts",
        "Measures how far the prompt of the loss is from those that drew the answers; 0: never. It takes two"
        " more readings of the answers.",
    ),
    "samples_every": (
        "Steps between kept answers",
        "A few answers are kept and shown to the leads of the study; 0: none.",
    ),
    "evaluate_every": (
        "Steps between evaluations",
        "Answers dev questions without chance, by specialty; 0: never.",
    ),
    "evaluate_on": (
        "Questions of evaluations",
        "A frozen release of dev questions, by its digest; none: those that the trace release itself holds.",
    ),
    "evaluate_rows": (
        "Questions per evaluation",
        "At most so many of each specialty, the same ones each time.",
    ),
    "rollout_engine": (
        "Engine",
        "What draws the answers. vllm_colocate and vllm_server need vLLM where the training runs.",
    ),
    "vllm_host": ("vLLM server", "Host of the server that draws the answers; the site has to allow it."),
    "vllm_port": ("Port of the vLLM server", "Where it listens."),
    "vllm_memory": (
        "Memory for vLLM",
        "Only for vllm_colocate: share of the card's memory that vLLM takes, between 0 and 1.",
    ),
    "method": (
        "Method",
        "ties: conflict-aware, as published. The others are there to be compared with it: linear is the"
        " average of the changes (of experts alone, what GBA starts from), task_arithmetic their sum."
        " candidates: all of them answer dev questions, and the one whose worst specialty does best is kept.",
    ),
    "density": (
        "Share kept",
        "The largest changes of each model that stay, 0 to 1; the rest is trimmed away.",
    ),
    "scale": ("Scale", "How much of the merged change is added to the base."),
    "densities": ("Shares kept of candidates", "Under which shares kept ties is tried."),
    "scales": ("Scales of candidates", "Under which scales ties is tried, at each share kept."),
    "threads": (
        "Threads",
        "How many processor cores a merge computes on; 0: as many as the worker gives it.",
    ),
}
CHOICES: Final[dict[str, tuple[Any, ...]]] = {
    "paradigms": (*PARADIGMS, NEUTRAL),
    "train_prompt": (NEUTRAL, "guided"),
    "start_from": STARTS,
    "variant": VARIANTS,
    "rollout_engine": ROLLOUT_ENGINES,
    "method": (*METHODS, CANDIDATES),
    "densities": (0.1, 0.2, 0.3, 0.5),
    "scales": (0.4, 0.6, 0.8, 1.0, 1.2, 1.5),
    "target": (VERDICTS, ANSWERS),
    "orders": (BOTH_ORDERS, ONE_ORDER),
    "dimension": DIMENSIONS,
    "tuning": TUNINGS,
    "gradient_checkpointing": SWITCHES,
    "sharding": SHARDINGS,
}


@dataclass(frozen=True, slots=True)
class StageSetting:
    """One named value of a stage; `kind` is int, float, str or tuple (several of the choices)."""

    name: str
    kind: type
    default: Any
    label: str
    meaning: str
    choices: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class SettingsPreset:
    """Values to start from, by stage."""

    name: str
    label: str
    meaning: str
    values: dict[str, dict[str, Any]]


def chosen_settings(stage: str, given: Mapping[str, Any]) -> Settings:
    """The values of a stage with the defaults of what is not given. Raises SpecError."""
    return parse_settings(stage, dict(given))


def settings_of(stage: str) -> list[StageSetting]:
    """The settings of a stage, the most asked for first."""
    defaults = chosen_settings(stage, {})
    hints = get_type_hints(type(defaults))
    values = asdict(defaults)
    order = {name: place for place, name in enumerate(NAMED)}
    return [
        StageSetting(
            name=name,
            kind=get_origin(hints[name]) or hints[name],
            default=list(values[name]) if get_args(hints[name]) else values[name],
            label=NAMED.get(name, (name, ""))[0],
            meaning=NAMED.get(name, (name, ""))[1],
            choices=CHOICES.get(name, ()),
        )
        for name in sorted(values, key=lambda name: order.get(name, len(order)))
    ]


def defaults_of(stage: str) -> dict[str, Any]:
    """Name to default of every setting of a stage."""
    return {setting.name: setting.default for setting in settings_of(stage)}


def spoken_value(value: Any) -> str:
    """A setting's value as people read it."""
    if isinstance(value, list):
        return ", ".join(map(spoken_value, value))
    return f"{value:g}" if isinstance(value, float) else str(value) or "none"


def presets(*, is_teaching_set: bool) -> list[SettingsPreset]:
    """What can be started from; the first one is offered first."""
    demo = SettingsPreset(
        "demo",
        "Teaching set",
        "For the tiny model of the teaching set: it learns in seconds on a CPU.",
        demo_settings(),
    )
    visible = SettingsPreset(
        "visible",
        "Teaching set, longer",
        "As before, with a GBA that goes on until its reward has risen: half a minute on a CPU.",
        visible_settings(),
    )
    return [*([demo, visible] if is_teaching_set else []), DEFAULT, SMOKE, PAPER]


DEFAULT = SettingsPreset("default", "Default", "Where to start with real data on one GPU.", {})
_SMALL: Final = {"lora_r": 8, "lora_alpha": 16, "max_pixels": 100_352}
_FEW: Final = {**_SMALL, "max_steps": 4, "checkpoint_every": 2, "batch": 4, "micro_batch": 1}
SMOKE = SettingsPreset(
    "smoke",
    "Smoke test",
    "A few steps with a small adapter: shows that rows, model and memory fit; the model is worth nothing.",
    {
        Stage.DSA: _FEW,
        Stage.GBA: {
            **_SMALL,
            "max_steps": 2,
            "checkpoint_every": 1,
            "samples_per_step": 1,
            "max_new_tokens": 64,
        },
        # Of candidates one share and one scale: answering the dev questions is what takes long.
        Stage.MERGE: {"densities": [0.2], "scales": [1.0], "max_pixels": 100_352, "max_new_tokens": 64},
        **dict.fromkeys((Stage.JUDGE_SFT, Stage.JUDGE_DPO, Stage.REWARD_MODEL), _FEW),
    },
)
_ADAPTER: Final = {"lora_r": 128, "lora_alpha": 256, "max_pixels": 401_408, "max_steps": 0}
PAPER = SettingsPreset(
    "paper",
    "Paper",
    "The published mechanism, whatever the defaults become. The publication names the stages, the four"
    " paradigms and the merge, and of judges three epochs, but no other figures: those here are our choice.",
    {
        Stage.DSA: {
            **_ADAPTER,
            "lora_dropout": 0.05,
            "learning_rate": 1e-4,
            "warmup_ratio": 0.03,
            "epochs": 3,
            "batch": 16,
        },
        Stage.GBA: {
            **_ADAPTER,
            "learning_rate": 1e-5,
            "rollouts": 2,
            "temperature": 1.0,
            "clip": 0.2,
            "kl": 0.01,
            "max_new_tokens": 1024,
            "within_weight": 0.5,
            "between_weight": 0.25,
            "train_prompt": NEUTRAL,
            "paradigms": list(PARADIGMS),
        },
        Stage.MERGE: {"method": "ties", "density": 0.2, "scale": 1.0},
        Stage.JUDGE_SFT: {**_ADAPTER, "epochs": 3, "learning_rate": 1e-4, "orders": BOTH_ORDERS},
        Stage.JUDGE_DPO: {
            **_ADAPTER,
            "epochs": 3,
            "learning_rate": 5e-6,
            "beta": 0.1,
            "target": VERDICTS,
            "orders": BOTH_ORDERS,
        },
        Stage.REWARD_MODEL: {**_ADAPTER, "epochs": 1, "learning_rate": 1e-4},
    },
)
