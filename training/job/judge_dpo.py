"""DPO on preferences: the right verdict against the opposite one, or the better answer against the worse."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from consilium.answers.dimensions import DIMENSIONS
from training.job import data
from training.job.folders import BASE_ADAPTER
from training.job.held_out import preference_accuracy
from training.job.judge_sft import contrast_rows
from training.job.models import for_training, load_model, load_processor, lora_config
from training.job.pairs import PreferencePair
from training.job.preferences import check_turns, ordered, preferences_of, reply_turn, user_turn
from training.job.shares import with_shares
from training.job.spec import BOTH_ORDERS, VERDICTS, JudgeDpoSettings, Spec
from training.job.train import Context, common_arguments, split_batch, train


def run(context: Context) -> dict[str, Any]:
    """Train and return the run's card. Raises SpecError, NotFinite, Stopped."""
    spec, processor = context.spec, load_processor(context.spec.base)
    settings = spec.settings
    assert isinstance(settings, JudgeDpoSettings)
    is_judge = settings.target == VERDICTS
    found = preferences_of(spec, processor, DIMENSIONS if is_judge else (settings.dimension,))
    rows = dpo_rows(found.trained, settings, spec.seed)
    held_out = dpo_rows(found.held_out, settings, spec.seed, orders=BOTH_ORDERS)
    check_turns(processor, [*rows, *held_out])
    return train(
        context,
        lambda callbacks: _trainer(spec, rows, callbacks),
        BASE_ADAPTER,
        found.for_card(),
        lambda trainer: preference_accuracy(trainer, held_out, settings.max_pixels),
    )


def dpo_rows(
    pairs: Sequence[PreferencePair], settings: JudgeDpoSettings, seed: int, orders: str = ""
) -> list[dict[str, Any]]:
    """Return the rows of the pairs: one for each order in which a judge sees them, or one with both answers.

    `orders` stands instead of that of the settings.
    """
    if settings.target == VERDICTS:
        return contrast_rows(ordered(pairs, orders or settings.orders, seed))
    return answer_rows(pairs, settings.dimension)


def answer_rows(pairs: Sequence[PreferencePair], dimension: str) -> list[dict[str, Any]]:
    """Return a row for each pair: the question, the answer that is better in `dimension`, and the worse."""
    rows = []
    for pair in pairs:
        better, worse = pair.answers_by_worth(dimension)
        images = [str(path) for path in pair.images]
        chosen, rejected = reply_turn(better), reply_turn(worse)
        prompt = user_turn(pair.question_prompt(), len(images))
        rows.append({"images": images, "prompt": prompt, "chosen": chosen, "rejected": rejected})
    return rows


def _losses(settings: JudgeDpoSettings) -> dict[str, Any]:
    if not settings.sft_weight:
        return {"loss_type": ["sigmoid"]}
    return {"loss_type": ["sigmoid", "sft"], "loss_weights": [1.0, settings.sft_weight]}


def _trainer(spec: Spec, rows: list[dict[str, Any]], callbacks: list[Any]) -> Any:
    from trl.trainer.dpo_config import DPOConfig
    from trl.trainer.dpo_trainer import DPOTrainer

    settings = spec.settings
    assert isinstance(settings, JudgeDpoSettings)
    model = for_training(load_model(spec.base), spec.device)
    return with_shares(DPOTrainer, settings)(
        model=model,
        ref_model=None,  # the same weights with the adapter switched off
        args=DPOConfig(
            **common_arguments(spec, settings),
            learning_rate=settings.learning_rate,
            lr_scheduler_type="cosine",
            warmup_steps=settings.warmup_ratio,
            num_train_epochs=settings.epochs,
            **split_batch(settings.batch, settings.micro_batch),
            max_length=None,
            beta=settings.beta,
            **_losses(settings),
            precompute_ref_log_probs=False,  # not possible with images
        ),
        train_dataset=data.as_dataset(rows, settings.max_pixels),
        processing_class=load_processor(spec.base),
        peft_config=lora_config(model, settings),
        callbacks=callbacks,
    )
