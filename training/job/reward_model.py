"""A Bradley-Terry reward model: the base with a linear head on the last token of question and answer.

The loss of a pair is -log sigmoid(r(better) - r(worse)). What is published is the base with the adapter
merged in, and the head in a file of its own beside it; `reward_scorer.py` reads both.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import Trainer, TrainingArguments, set_seed

from consilium.atomic_folder import sync
from consilium.inference.model_folders import HEAD_FACTS, SCORE_HEAD
from training.job import data
from training.job.files import weights_digest
from training.job.judge_dpo import answer_rows
from training.job.models import for_training, load_model, load_processor, lora_config, publish_model
from training.job.preferences import check_turns, preferences_of, told_in_parts
from training.job.shares import with_shares
from training.job.spec import RewardModelSettings, Spec
from training.job.train import Context, common_arguments, split_batch, train

# It wraps language model and head; the name keeps it from being merged as a delta of the base.
ADAPTER = "adapter_with_head"
HEAD = "score"
HEAD_TENSOR = "score.weight"


class RewardModel(nn.Module):
    """A vision-language model whose words are left aside: one number for each conversation."""

    accepts_loss_kwargs = False  # the trainer then takes the mean over the parts of a batch itself

    def __init__(self, language_model: Any) -> None:
        super().__init__()
        self.language_model = language_model
        width = language_model.get_decoder().config.hidden_size
        self.score = nn.Linear(width, 1, bias=False)
        nn.init.normal_(self.score.weight, std=(width + 1) ** -0.5)

    @property
    def is_gradient_checkpointing(self) -> bool:
        """As the language model."""
        return bool(self.language_model.is_gradient_checkpointing)

    def gradient_checkpointing_enable(self, **settings: Any) -> None:
        """As the language model."""
        self.language_model.gradient_checkpointing_enable(**settings)

    def enable_input_require_grads(self) -> None:
        """As the language model."""
        self.language_model.enable_input_require_grads()

    def forward(self, attention_mask: torch.Tensor, **inputs: Any) -> torch.Tensor:
        """Return the scores of conversations padded on the right, shape (conversations,), in float32."""
        inside = self.language_model.model(attention_mask=attention_mask, use_cache=False, **inputs)
        last = attention_mask.sum(dim=1) - 1
        states = inside.last_hidden_state[torch.arange(len(last), device=last.device), last]
        with torch.autocast(states.device.type, enabled=False):
            scores: torch.Tensor = self.score(states.float()).squeeze(1)
        return scores


class BradleyTerryTrainer(Trainer):
    """Batches hold the conversations with the better answers, then those with the worse ones."""

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """Return the mean over the pairs of -log sigmoid of the difference of their scores."""
        scores = model(**inputs)
        better, worse = scores.chunk(2)
        loss = -nn.functional.logsigmoid(better - worse).mean()
        return (loss, {"scores": scores}) if return_outputs else loss


def run(context: Context) -> dict[str, Any]:
    """Train and return the run's card. Raises SpecError, NotFinite, Stopped."""
    spec, processor = context.spec, load_processor(context.spec.base)
    settings = spec.settings
    assert isinstance(settings, RewardModelSettings)
    found = preferences_of(spec, processor, (settings.dimension,))
    rows, held_out = (answer_rows(part, settings.dimension) for part in (found.trained, found.held_out))
    check_turns(processor, [*rows, *held_out])
    return train(
        context,
        lambda callbacks: trainer_on(spec, rows, callbacks),
        ADAPTER,
        found.for_card() | {"dimension": settings.dimension},
        lambda trainer: _figures(trainer, held_out, settings.max_pixels),
        publish=lambda model, base, folder: _publish(model, base, folder, settings),
    )


def trainer_on(spec: Spec, rows: list[dict[str, Any]], callbacks: list[Any]) -> Any:
    """Build the trainer of a fresh adapter and a fresh head."""
    from peft import get_peft_model

    settings = spec.settings
    assert isinstance(settings, RewardModelSettings)
    set_seed(spec.seed)  # head and adapter start from it
    base = for_training(load_model(spec.base), spec.device)
    config = lora_config(base, settings)
    config.target_modules = {f"language_model.{name}" for name in config.target_modules}
    config.modules_to_save = [HEAD]
    config.task_type = None  # no language task: nothing is generated
    model = get_peft_model(RewardModel(base), config)
    processor = load_processor(spec.base)
    arguments = TrainingArguments(
        **common_arguments(spec, settings),
        learning_rate=settings.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=settings.warmup_ratio,
        num_train_epochs=settings.epochs,
        **split_batch(settings.batch, settings.micro_batch),
    )
    if arguments.gradient_checkpointing:
        model.enable_input_require_grads()
    return with_shares(BradleyTerryTrainer, settings)(
        model=model,
        args=arguments,
        train_dataset=data.as_dataset(rows, settings.max_pixels),
        data_collator=partial(pair_inputs, processor),
        processing_class=processor,
        callbacks=callbacks,
    )


def pair_inputs(processor: Any, rows: Sequence[dict[str, Any]]) -> dict[str, torch.Tensor]:
    """Return the model's inputs for rows with `images`, `prompt`, `chosen` and `rejected`: chosen first."""
    talks = [row["prompt"] + told_in_parts(row[side]) for side in ("chosen", "rejected") for row in rows]
    return conversation_inputs(processor, talks, [row["images"] for row in rows] * 2)


def conversation_inputs(
    processor: Any, talks: Sequence[list[dict[str, Any]]], images: Sequence[list[Any]]
) -> dict[str, torch.Tensor]:
    """Return the inputs of whole conversations, padded on the right: training and scoring read them alike."""
    texts = [processor.apply_chat_template(talk, tokenize=False) for talk in talks]
    return dict(
        processor(
            images=list(images) if any(images) else None,
            text=texts,
            padding=True,
            padding_side="right",
            add_special_tokens=False,  # the template has written them
            return_tensors="pt",
        )
    )


def _figures(trainer: Any, rows: Sequence[dict[str, Any]], max_pixels: int) -> dict[str, float]:
    """Return the share of held-out pairs whose better answer scores higher."""
    if not rows:
        return {}
    model = trainer.accelerator.unwrap_model(trainer.model).train(mode=False)
    right = 0
    for row in data.as_dataset(list(rows), max_pixels):
        inputs = trainer._prepare_inputs(pair_inputs(trainer.processing_class, [row]))
        with torch.no_grad(), trainer.compute_loss_context_manager():
            better, worse = model(**inputs)
        right += int(better > worse)
    return {"held_out_accuracy": right / len(rows)}


def _publish(model: RewardModel, base: Path, folder: Path, settings: RewardModelSettings) -> str:
    """Write the language model and, in a file of its own, the head; return the digest of both."""
    from safetensors.torch import save_file

    publish_model(model.language_model, base, folder)
    weight = model.score.weight.detach().float().cpu().contiguous()
    # One entry: of several the library would write the order by chance, and the digest would not be one.
    facts = {"dimension": settings.dimension, "max_pixels": settings.max_pixels}
    head = folder / SCORE_HEAD
    save_file({HEAD_TENSOR: weight}, head, metadata={HEAD_FACTS: json.dumps(facts, sort_keys=True)})
    head.chmod(0o644)
    sync(head)
    return weights_digest(folder)
