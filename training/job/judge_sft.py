"""SFT of a judge on the readers' consensus, with the benchmark's own prompt and form of verdict."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from consilium.answers.dimensions import DIMENSIONS
from consilium.answers.judge_prompt import ORDERS
from training.job.dsa import supervised_trainer
from training.job.folders import BASE_ADAPTER
from training.job.held_out import preference_accuracy
from training.job.models import load_processor
from training.job.pairs import PreferencePair
from training.job.preferences import check_turns, judge_turn, ordered, preferences_of, reply_turn
from training.job.spec import JudgeSftSettings
from training.job.train import Context, train


def run(context: Context) -> dict[str, Any]:
    """Train the judge and return the run's card. Raises SpecError, NotFinite, Stopped."""
    spec, processor = context.spec, load_processor(context.spec.base)
    settings = spec.settings
    assert isinstance(settings, JudgeSftSettings)
    found = preferences_of(spec, processor, DIMENSIONS)
    rows = verdict_rows(ordered(found.trained, settings.orders, spec.seed))
    held_out = contrast_rows([(pair, order) for pair in found.held_out for order in ORDERS])
    check_turns(processor, [*rows, *held_out])
    return train(
        context,
        lambda callbacks: supervised_trainer(spec, rows, callbacks),
        BASE_ADAPTER,
        found.for_card(),
        lambda trainer: preference_accuracy(trainer, held_out, settings.max_pixels),
    )


def verdict_rows(shown: Sequence[tuple[PreferencePair, str]]) -> list[dict[str, Any]]:
    """Return a row for each pair and order: the judge's prompt, and the verdict that the readers gave."""
    return [_asked(pair, order) | {"completion": reply_turn(pair.verdict(order))} for pair, order in shown]


def contrast_rows(shown: Sequence[tuple[PreferencePair, str]]) -> list[dict[str, Any]]:
    """Return a row for each pair and order: the judge's prompt, the right verdict and the opposite one."""
    return [
        _asked(pair, order)
        | {
            "chosen": reply_turn(pair.verdict(order)),
            "rejected": reply_turn(pair.verdict(order, is_right=False)),
        }
        for pair, order in shown
    ]


def _asked(pair: PreferencePair, order: str) -> dict[str, Any]:
    return {
        "images": [str(path) for path in pair.images],
        "prompt": judge_turn(pair.asked(order), len(pair.images)),
    }
