"""TRL alone on the specification of a run: `python perf/bare_stage.py SPEC.json` prints `step` after each.

A script as people write it with TRL: rows, arguments, a trainer, its adapter saved. Of the product it takes
the rows, in the form and order in which a run reads them, the rewards, and the start of GBA.
"""

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from peft import LoraConfig
from transformers import AutoModelForImageTextToText, TrainerCallback
from trl.trainer.grpo_config import GRPOConfig
from trl.trainer.grpo_trainer import GRPOTrainer
from trl.trainer.sft_config import SFTConfig
from trl.trainer.sft_trainer import SFTTrainer

from training.job import data, gba
from training.job.models import language_layers, load_processor
from training.job.rewards import WEIGHTS, accuracy_reward, format_reward
from training.job.spec import Spec, parse_spec


class Told(TrainerCallback):
    """Tells each step on standard output."""

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        sys.stdout.write(f"step {state.global_step}\n")
        sys.stdout.flush()


def shared(spec: Spec) -> dict[str, Any]:
    """Arguments of both trainers."""
    settings: Any = spec.settings
    return {
        "output_dir": str(spec.out), "seed": spec.seed, "use_cpu": True, "bf16": False,
        "gradient_checkpointing": False, "report_to": [], "disable_tqdm": True, "logging_steps": 1,
        "save_strategy": "steps", "save_steps": settings.checkpoint_every,
        "save_total_limit": settings.keep_checkpoints, "max_steps": settings.max_steps,
        "learning_rate": settings.learning_rate, "per_device_train_batch_size": settings.micro_batch,
    }  # fmt: skip


def lora(model: Any, settings: Any) -> Any:
    return LoraConfig(
        r=settings.lora_r, lora_alpha=settings.lora_alpha, lora_dropout=settings.lora_dropout,
        target_modules=language_layers(model), task_type="CAUSAL_LM",
    )  # fmt: skip


def supervised(spec: Spec, samples: list[data.Sample]) -> Any:
    settings: Any = spec.settings
    factory: Any = AutoModelForImageTextToText
    model = factory.from_pretrained(spec.base)
    rows = [
        {
            "images": [str(path) for path in sample.images],
            "prompt": data.message("user", sample.prompt()),
            "completion": data.message("assistant", sample.reply),
        }
        for sample in samples
    ]
    return SFTTrainer(
        model=model,
        args=SFTConfig(
            **shared(spec), lr_scheduler_type="cosine", warmup_steps=settings.warmup_ratio, max_length=None,
            gradient_accumulation_steps=settings.batch // settings.micro_batch, completion_only_loss=True,
            remove_unused_columns=False,
        ),
        train_dataset=data.as_dataset(rows, settings.max_pixels),
        processing_class=load_processor(spec.base),
        peft_config=lora(model, settings),
        callbacks=[Told()],
    )  # fmt: skip


def reinforced(spec: Spec, samples: list[data.Sample]) -> Any:
    settings: Any = spec.settings
    model = gba.start_model(spec)
    completions = len(settings.paradigms) * settings.rollouts * settings.samples_per_step
    rewards: list[Any] = [accuracy_reward, format_reward]
    return GRPOTrainer(
        model=model,
        args=GRPOConfig(
            **shared(spec), num_generations=settings.rollouts, temperature=settings.temperature,
            gradient_accumulation_steps=completions // settings.micro_batch, epsilon=settings.clip,
            max_completion_length=settings.max_new_tokens, beta=settings.kl, reward_weights=list(WEIGHTS),
            shuffle_dataset=False, remove_unused_columns=False,
        ),
        reward_funcs=rewards,
        train_dataset=data.as_dataset(gba.planned_rows(samples, settings, spec.seed), settings.max_pixels),
        processing_class=load_processor(spec.base),
        peft_config=lora(model, settings),
        callbacks=[Told()],
    )  # fmt: skip


def main(path: Path) -> None:
    spec = parse_spec(json.loads(path.read_text()))
    assert spec.data is not None
    samples = data.load(spec.data, spec.specialty)
    trainer = (supervised if spec.stage == "dsa" else reinforced)(spec, samples)
    trainer.train()
    trainer.model.save_pretrained(spec.out / "adapter")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
