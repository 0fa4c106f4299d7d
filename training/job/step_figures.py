"""The figures of a step: those of GBA's rollouts, and under which names a step's figures are told.

Tensors are asked through their own methods, so the worker may import this without torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from torch import Tensor

# What this package computes itself goes through the trainer's log under this prefix.
OWN: Final = "gba/"
NAMED: Final = {
    "loss": "loss",
    "reward": "reward",
    "learning_rate": "lr",
    "kl": "kl",
    "completions/mean_length": "length",
    "completions/clipped_ratio": "cut",
    "clip_ratio/region_mean": "clipped",
}
# What is told of a part by paradigm; the rest of a share of ones and zeros follows from its mean.
_ALL: Final = ("mean", "std", "zero")
_TOLD: Final = {"accuracy": ("mean",), "format": ("mean",), "judge": ("mean", "std")}


def told_figures(entry: Mapping[str, Any]) -> dict[str, float]:
    """Return the figures of one entry of the trainer's log under the names that events have."""
    told = {name: entry[key] for key, name in NAMED.items() if entry.get(key) is not None}
    own = {key.removeprefix(OWN): value for key, value in entry.items() if key.startswith(OWN)}
    return told | {name: value for name, value in own.items() if value is not None}


def part_figures(parts: Mapping[str, Tensor], paradigms: Sequence[str]) -> dict[str, float]:
    """Return the mean of each part, and by paradigm its mean, standard deviation and share of zeros.

    `parts`: tensors of shape (samples, paradigms, rollouts). NaN is left out, and with it the figure.
    """
    figures: dict[str, float] = {}
    for part, values in parts.items():
        figures |= _moments(part, values, ("mean",))
        for number, paradigm in enumerate(paradigms):
            figures |= _moments(f"{paradigm}/{part}", values[:, number], _TOLD.get(part, _ALL))
    return figures


def drift_figures(rows: Tensor) -> dict[str, float]:
    """Return how far the prompt of the loss is from those that drew the completions.

    `rows`, shape (completions, 3): of each completion the sum of |log ratio| over its tokens, their number,
    and the sum of the log ratios. `log_ratio`: mean |log ratio| of a token, in nats. `sample_share`: the
    effective sample size sum(w)^2 / sum(w^2) over the completions' ratios w, as a share of their number.
    """
    weights = (rows[:, 2] - rows[:, 2].max()).exp()
    effective = weights.sum() ** 2 / (weights**2).sum()
    return {
        "log_ratio": float(rows[:, 0].sum() / rows[:, 1].sum().clamp(min=1)),
        "sample_share": float(effective / len(rows)),
    }


def _moments(name: str, values: Tensor, wanted: Sequence[str]) -> dict[str, float]:
    known = values[~values.isnan()]
    count = known.numel()
    found = {"mean": float(known.mean()), "zero": float((known == 0).float().mean())} if count else {}
    if count > 1:
        found["std"] = float(known.std())
    return {f"{name}/{moment}": found[moment] for moment in wanted if moment in found}
