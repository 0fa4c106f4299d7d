"""GBA: reinforcement from the average of the experts, with rollouts under several reasoning paradigms."""

from __future__ import annotations

import random
from typing import Any

from training.job import data
from training.job.controls import without_controls
from training.job.deltas import add_mean, open_source, parameters, source_digest
from training.job.models import device_of, for_training, load_model, load_processor, lora_config
from training.job.rewards import WEIGHTS, accuracy_reward, format_reward
from training.job.spec import NEUTRAL, GbaSettings, Spec
from training.job.stored_model import BaseBlocks, open_model
from training.job.templates import check_template
from training.job.train import Context, common_arguments, split_batch, train

# Its base is not the run's base but the average of the experts; the name keeps it from being merged as a
# delta.
ADAPTER = "adapter_on_start"


def run(context: Context) -> dict[str, Any]:
    """Train and return the run's card. Raises SpecError, NotFinite, Stopped."""
    spec = context.spec
    assert spec.data is not None
    settings, processor = spec.settings, load_processor(spec.base)
    assert isinstance(settings, GbaSettings)
    samples, changed = without_controls(data.load(spec.data), processor)
    check_template(processor, samples, settings.paradigms)
    experts = [source_digest(folder) for folder in spec.experts]
    inputs = {"traces": len(samples), "experts": experts, **changed}
    return train(context, lambda callbacks: trainer_for(spec, samples, callbacks), ADAPTER, inputs)


def start_model(spec: Spec) -> Any:
    """Return the base plus the uniform average of the experts' deltas: start of training and KL reference."""
    model = load_model(spec.base)
    if spec.experts:
        base = BaseBlocks(open_model(spec.base), device_of(spec.device))
        add_mean(parameters(model), [open_source(folder, base) for folder in spec.experts])
    return model


def trainer_for(spec: Spec, samples: list[data.Sample], callbacks: list[Any]) -> Any:
    """Build the trainer on a fresh adapter over the start model."""
    from training.job.gba_trainer import GbaTrainer

    settings = spec.settings
    assert isinstance(settings, GbaSettings)
    model = for_training(start_model(spec), spec.device)
    return GbaTrainer(
        paradigms=len(settings.paradigms),
        within_weight=settings.within_weight,
        between_weight=settings.between_weight,
        model=model,
        args=arguments(spec, settings),
        reward_funcs=[accuracy_reward, format_reward],
        train_dataset=data.as_dataset(planned_rows(samples, settings, spec.seed), settings.max_pixels),
        processing_class=load_processor(spec.base),
        peft_config=lora_config(model, settings),
        callbacks=callbacks,
    )


def arguments(spec: Spec, settings: GbaSettings) -> Any:
    """Return the trainer's arguments: one optimizer step per generated batch."""
    from trl.trainer.grpo_config import GRPOConfig

    completions = len(settings.paradigms) * settings.rollouts * settings.samples_per_step
    return GRPOConfig(
        **common_arguments(spec, settings),
        learning_rate=settings.learning_rate,
        num_train_epochs=1,
        **split_batch(completions, settings.micro_batch),
        num_generations=settings.rollouts,
        max_completion_length=settings.max_new_tokens,
        temperature=settings.temperature,
        epsilon=settings.clip,
        beta=settings.kl,
        reward_weights=list(WEIGHTS),
        shuffle_dataset=False,
    )


def planned_rows(samples: list[data.Sample], settings: GbaSettings, seed: int) -> list[dict[str, Any]]:
    """Return the rows of all epochs in training order: every epoch shuffles samples and keeps each one's rows
    together.

    An epoch that does not fill its last step drops the rest; a set smaller than one step is repeated to fill
    it.
    """
    # Not the trainer's shuffling: that would tear the rows of a sample apart.
    draw = random.Random(seed)
    rows = []
    for _ in range(settings.epochs):
        order = draw.sample(samples, len(samples))
        short = -len(order) % settings.samples_per_step if len(order) < settings.samples_per_step else 0
        order += [order[number % len(samples)] for number in range(short)]
        whole = len(order) - len(order) % settings.samples_per_step
        rows += [row for sample in order[:whole] for row in _rows(sample, settings)]
    return rows


def _rows(sample: data.Sample, settings: GbaSettings) -> list[dict[str, Any]]:
    # One paradigm has no other to learn from: its own prompt is then the prompt of the loss as well.
    neutral = settings.train_prompt == NEUTRAL and len(settings.paradigms) > 1
    return [
        {
            "images": [str(path) for path in sample.images],
            "prompt": data.message("user", sample.prompt(NEUTRAL if neutral else paradigm)),
            "rollout_prompt": data.message("user", sample.prompt(paradigm)),
            "gold": sample.gold,
            "letters": "".join(sorted(sample.options)),
            "paradigm": paradigm,
        }
        for paradigm in settings.paradigms
    ]
