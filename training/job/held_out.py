"""How a judge does on pairs of clusters that no update saw: how often it prefers the right reply."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from training.job import data


def preference_accuracy(trainer: Any, rows: Sequence[dict[str, Any]], max_pixels: int) -> dict[str, float]:
    """Return the share of rows in which the right reply is the likelier one, with the adapter and without.

    A row has `images`, `prompt`, `chosen` and `rejected`; the likelihood is the sum over the reply's tokens.
    """
    if not rows:
        return {}
    model = trainer.accelerator.unwrap_model(trainer.model).train(mode=False)
    with model.disable_adapter():
        before = _accuracy(trainer, model, rows, max_pixels)
    return {
        "held_out_accuracy": _accuracy(trainer, model, rows, max_pixels),
        "held_out_accuracy_of_base": before,
    }


def _accuracy(trainer: Any, model: Any, rows: Sequence[dict[str, Any]], max_pixels: int) -> float:
    from trl.trainer.dpo_trainer import DataCollatorForVisionPreference

    collate = DataCollatorForVisionPreference(trainer.processing_class)
    right = 0
    for row in data.as_dataset(list(rows), max_pixels):
        inputs = trainer._prepare_inputs(collate([row]))
        chosen, rejected = _likelihoods(trainer, model, dict(inputs))
        right += int(chosen > rejected)
    return right / len(rows)


def _likelihoods(trainer: Any, model: Any, inputs: dict[str, Any]) -> list[float]:
    """Log-probability of the completions: inputs hold (2, tokens), the chosen one first."""
    replies = inputs.pop("completion_mask")[:, 1:].bool()
    with torch.no_grad(), trainer.compute_loss_context_manager():
        logits = model(**inputs, use_cache=False).logits[:, :-1]
    # Of the replies alone: of a long prompt the whole vocabulary in float32 would fill gigabytes.
    chances = torch.log_softmax(logits[replies].float(), dim=-1)
    told = chances.gather(1, inputs["input_ids"][:, 1:][replies].unsqueeze(1)).squeeze(1)
    lengths: list[int] = replies.sum(dim=1).tolist()
    return [float(part.sum()) for part in torch.split(told, lengths)]
