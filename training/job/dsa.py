"""DSA: one supervised LoRA adapter, loss on the completion only: an expert for one specialty, or of all."""

from __future__ import annotations

from typing import Any

import torch

from training.job import data
from training.job.controls import without_controls
from training.job.folders import BASE_ADAPTER
from training.job.models import for_training, load_model, load_processor, lora_config
from training.job.quantised import check_quantised, load_quantised
from training.job.shares import with_shares
from training.job.spec import QLORA, DsaSettings, JudgeSftSettings, Spec, tuning_of
from training.job.templates import check_template
from training.job.train import Context, common_arguments, split_batch, train


def run(context: Context) -> dict[str, Any]:
    """Train the adapter of `spec.specialty`, without one on every trace; return the run's card.

    Raises SpecError, NotFinite, Stopped.
    """
    spec = context.spec
    assert spec.data is not None
    check_quantised(spec)
    processor = load_processor(spec.base)
    samples, changed = without_controls(data.load(spec.data, spec.specialty), processor)
    check_template(processor, samples)
    inputs = {"traces": len(samples), "specialty": spec.specialty, **changed}
    return train(
        context, lambda callbacks: _trainer(spec, samples, callbacks), BASE_ADAPTER, inputs, _figures
    )


def _trainer(spec: Spec, samples: list[data.Sample], callbacks: list[Any]) -> Any:
    return supervised_trainer(spec, [_row(sample) for sample in samples], callbacks)


def supervised_trainer(spec: Spec, rows: list[dict[str, Any]], callbacks: list[Any]) -> Any:
    """Return the trainer of a fresh adapter on rows of `images`, `prompt` and `completion`."""
    from trl.trainer.sft_config import SFTConfig
    from trl.trainer.sft_trainer import SFTTrainer

    settings = spec.settings
    assert isinstance(settings, DsaSettings | JudgeSftSettings)
    tuning = tuning_of(settings)
    loaded = load_quantised(spec.base, spec.device) if tuning == QLORA else load_model(spec.base)
    model = for_training(loaded, spec.device, tuning)
    arguments = SFTConfig(
        **common_arguments(spec, settings),
        learning_rate=settings.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=settings.warmup_ratio,
        num_train_epochs=settings.epochs,
        **split_batch(settings.batch, settings.micro_batch),
        max_length=None,
        completion_only_loss=True,
    )
    return with_shares(SFTTrainer, settings)(
        model=model,
        args=arguments,
        train_dataset=data.as_dataset(rows, settings.max_pixels),
        processing_class=load_processor(spec.base),
        peft_config=lora_config(model, settings),
        callbacks=callbacks,
    )


def _figures(trainer: Any) -> dict[str, float]:
    """Return the loss of one batch after the last update: training itself no longer computes it."""
    model = trainer.model_wrapped.train(mode=False)
    # For one batch it is not worth while to start workers.
    trainer.args.dataloader_num_workers, trainer.args.dataloader_multiprocessing_context = 0, None
    batch = next(iter(trainer.get_train_dataloader()))
    with torch.no_grad():
        loss = trainer.compute_loss(model, trainer._prepare_inputs(batch))
    return {"loss": float(trainer.accelerator.gather(loss).mean())}  # the same in every process


def _row(sample: data.Sample) -> dict[str, Any]:
    return {
        "images": [str(path) for path in sample.images],
        "prompt": data.message("user", sample.prompt()),
        "completion": data.message("assistant", sample.reply),
    }
