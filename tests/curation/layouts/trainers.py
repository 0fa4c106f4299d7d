"""One step of each of TRL's trainers on exported folders, the rows as `datasets` loads them.

`python -m tests.curation.layouts.trainers BASE TRACES PREFS OUT`: writes told.json, a loss by trainer.
"""

import json
import math
import sys
from pathlib import Path
from typing import Any

from datasets import load_dataset

from training.job.models import load_model, load_processor
from training.job.rewards import is_right


def rows(folder: str, table: str, split: str) -> Any:
    return load_dataset(folder, table, split=split)


def common(out: str) -> dict[str, Any]:
    return {
        "output_dir": out,
        "max_steps": 1,
        "per_device_train_batch_size": 4,
        "use_cpu": True,
        "bf16": False,
        "gradient_checkpointing": False,
        "report_to": [],
        "save_strategy": "no",
        "logging_steps": 1,
        "logging_nan_inf_filter": False,
        "disable_tqdm": True,
    }


def sft(base: Path, traces: str, out: str) -> Any:
    from trl.trainer.sft_config import SFTConfig
    from trl.trainer.sft_trainer import SFTTrainer

    arguments = SFTConfig(**common(out), max_length=None, completion_only_loss=True)
    data = rows(traces, "sft", "train")
    return SFTTrainer(
        load_model(base), args=arguments, train_dataset=data, processing_class=load_processor(base)
    )


def grpo(base: Path, traces: str, out: str) -> Any:
    from trl.trainer.grpo_config import GRPOConfig
    from trl.trainer.grpo_trainer import GRPOTrainer

    def right(completions: list[Any], solution: list[str], **_: Any) -> list[float | None]:
        texts = [completion[0]["content"] for completion in completions]
        return [
            float(is_right(text, gold, "ABCDE")) + len(text) / 1000
            for text, gold in zip(texts, solution, strict=True)
        ]

    arguments = GRPOConfig(
        **common(out) | {"per_device_train_batch_size": 8}, num_generations=2, max_completion_length=8
    )
    data = rows(traces, "grpo", "train")
    return GRPOTrainer(
        load_model(base), right, args=arguments, train_dataset=data, processing_class=load_processor(base)
    )


def dpo(base: Path, preferences: str, out: str) -> Any:
    from trl.trainer.dpo_config import DPOConfig
    from trl.trainer.dpo_trainer import DPOTrainer

    data = rows(preferences, "dpo", "test")
    return DPOTrainer(
        load_model(base),
        args=DPOConfig(**common(out), max_length=None),
        train_dataset=data,
        processing_class=load_processor(base),
    )


def reward(base: Path, preferences: str, out: str) -> Any:
    from transformers import Gemma3TextForSequenceClassification
    from trl.trainer.reward_config import RewardConfig
    from trl.trainer.reward_trainer import RewardTrainer

    inner = load_model(base)
    configuration = inner.config.text_config
    configuration.num_labels = 1
    model = Gemma3TextForSequenceClassification(configuration)
    model.model.load_state_dict(inner.get_decoder().state_dict())
    tokenizer = load_processor(base).tokenizer
    model.config.pad_token_id = tokenizer.pad_token_id
    tokenizer.chat_template = load_processor(base).chat_template
    data = rows(preferences, "reward", "test")
    return RewardTrainer(
        model,
        args=RewardConfig(**common(out), max_length=None),
        train_dataset=data,
        processing_class=tokenizer,
    )


def main(base: str, traces: str, preferences: str, out: str) -> None:
    told = {}
    for make, folder in ((sft, traces), (grpo, traces), (dpo, preferences), (reward, preferences)):
        trainer = make(Path(base), folder, out)
        trainer.train()
        told[make.__name__] = next(line["loss"] for line in trainer.state.log_history if "loss" in line)
        assert math.isfinite(told[make.__name__])
    (Path(out) / "told.json").write_text(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
