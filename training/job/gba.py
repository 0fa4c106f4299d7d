"""GBA: reinforcement with rollouts under several reasoning paradigms, from the average of the experts.

From the base alone, and with the neutral prompt as the only paradigm, it is stock GRPO.
"""

from __future__ import annotations

import random
from importlib.util import find_spec
from typing import Any

from training.job import data
from training.job.controls import without_controls
from training.job.deltas import add_mean, open_source, parameters, source_digest
from training.job.folders import BASE_ADAPTER
from training.job.judge import Judge
from training.job.kept_samples import KeptSamples
from training.job.models import device_of, for_training, load_model, load_processor, lora_config
from training.job.quantised import check_quantised, reload_quantised
from training.job.rewards import WEIGHTS, accuracy_reward, format_reward
from training.job.shares import with_shares
from training.job.spec import ADVANTAGE, NEUTRAL, QLORA, ROLLOUT_ENGINES, GbaSettings, Spec, SpecError
from training.job.stored_model import BaseBlocks, open_model
from training.job.templates import check_template
from training.job.train import Context, common_arguments, split_batch, train

# Of experts its base is not the run's base but their average; the name keeps it from being merged as a delta.
ADAPTER = "adapter_on_start"


def run(context: Context) -> dict[str, Any]:
    """Train and return the run's card. Raises SpecError, NotFinite, Stopped."""
    spec = context.spec
    assert spec.data is not None
    check_quantised(spec)
    settings, processor = spec.settings, load_processor(spec.base)
    assert isinstance(settings, GbaSettings)
    _check_engine(settings)
    samples, changed = without_controls(data.load(spec.data), processor)
    check_template(processor, samples, settings.paradigms)
    judge = Judge(settings.judge, spec.out, context.progress, context.flag) if settings.asks_judge else None
    experts = [source_digest(folder) for folder in spec.experts]
    inputs = {"traces": len(samples), "experts": experts, **changed}
    return train(
        context,
        lambda callbacks: trainer_for(spec, samples, callbacks, judge),
        ADAPTER if spec.experts else BASE_ADAPTER,
        inputs,
        start=lambda: start_model(spec),
    )


def _check_engine(settings: GbaSettings) -> None:
    if settings.rollout_engine != ROLLOUT_ENGINES[0] and find_spec("vllm") is None:
        raise SpecError(
            f"settings.rollout_engine: {settings.rollout_engine} needs the package vllm, which the trainer's"
            " environment does not have; install it there, or choose transformers"
        )


def start_model(spec: Spec) -> Any:
    """Return the base plus the uniform average of the experts' deltas, if any: start and KL reference."""
    model = load_model(spec.base)
    if spec.experts:
        base = BaseBlocks(open_model(spec.base), device_of(spec.device))
        add_mean(parameters(model), [open_source(folder, base) for folder in spec.experts])
    return model


def trainer_for(
    spec: Spec, samples: list[data.Sample], callbacks: list[Any], judge: Judge | None = None
) -> Any:
    """Build the trainer on a fresh adapter over the start model."""
    from training.job.dev_accuracy import DevAccuracy, dev_sample
    from training.job.gba_trainer import GbaTrainer

    settings = spec.settings
    assert isinstance(settings, GbaSettings)
    started = start_model(spec)
    if settings.tuning == QLORA:
        started = reload_quantised(started, spec.out / "scratch" / "start", spec.device)
    model = for_training(started, spec.device, settings.tuning)
    processor = load_processor(spec.base)
    trainer = with_shares(GbaTrainer, settings)(
        settings=settings,
        judge=judge,
        samples=KeptSamples(spec.out, settings.samples_every),
        model=model,
        args=arguments(spec, settings),
        reward_funcs=[accuracy_reward, format_reward],
        train_dataset=data.as_dataset(planned_rows(samples, settings, spec.seed), settings.max_pixels),
        processing_class=processor,
        peft_config=lora_config(model, settings),
        callbacks=callbacks,
    )
    if settings.evaluate_every and (folder := spec.questions or spec.data):
        questions, _ = without_controls(dev_sample(folder, settings.evaluate_rows, spec.seed), processor)
        trainer.add_callback(DevAccuracy(trainer, questions, settings))
    return trainer


def arguments(spec: Spec, settings: GbaSettings) -> Any:
    """Return the trainer's arguments: one optimizer step per generated batch."""
    from trl.trainer.grpo_config import GRPOConfig

    completions = len(settings.paradigms) * settings.rollouts * settings.samples_per_step
    return GRPOConfig(
        **common_arguments(spec, settings),
        learning_rate=settings.learning_rate,
        num_train_epochs=1,
        **split_batch(completions, settings.micro_batch),
        num_generations=settings.rollouts_per_prompt,
        max_completion_length=settings.max_new_tokens,
        temperature=settings.temperature,
        epsilon=settings.clip,
        beta=settings.kl,
        use_vllm=settings.rollout_engine != ROLLOUT_ENGINES[0],
        vllm_mode="server" if settings.rollout_engine == "vllm_server" else "colocate",
        vllm_server_host=settings.vllm_host,
        vllm_server_port=settings.vllm_port,
        vllm_gpu_memory_utilization=settings.vllm_memory,
        # By token, as GbaTrainer computes it anew where the prompts differ.
        vllm_importance_sampling_mode="token_truncate",
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
    paradigms = settings.paradigms if settings.variant == ADVANTAGE else (NEUTRAL,)
    return [
        {
            "images": [str(path) for path in sample.images],
            "prompt": data.message("user", sample.prompt(NEUTRAL if settings.prompts_differ else paradigm)),
            "rollout_prompt": data.message("user", sample.prompt(paradigm)),
            "gold": sample.gold,
            "letters": "".join(sorted(sample.options)),
            "paradigm": paradigm,
            "row_id": sample.id,
        }
        for paradigm in paradigms
    ]
