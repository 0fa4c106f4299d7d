"""Guideline-based advantages: METHOD's formula on a block of rewards, nothing else.

For one sample with paradigms g and n rollouts under each, rewards r:

    C = (r - mean(r)) / (std(r) + eps)         over all rollouts of the sample
    W = (r - mean_g) / (std_g + eps)           within a paradigm
    B = (mean_g - M) / (S + eps)               M, S: mean and std of the paradigms' means
    A = (1 - lw - lb) C + lw W + lb B

Standard deviations have one degree of freedom less than values and eps is 1e-4, as TRL takes them, so that W
is bit for bit TRL's own group advantage. NaN marks a rollout without a reward: it is left out of every mean
and its advantage is 0.
"""

from __future__ import annotations

import torch

EPS = 1e-4


def advantages(rewards: torch.Tensor, within_weight: float, between_weight: float) -> torch.Tensor:
    """Return A for `rewards` of shape (samples, paradigms, rollouts), in the same shape.

    A term of zero variance, W with fewer than two rewards and B with fewer than two paradigms are 0. A term
    of weight zero is not computed. With a single paradigm there is nothing to compare across: A is C, stock
    GRPO.
    """
    samples, paradigms, _ = rewards.shape
    if paradigms == 1:
        return _finite(standardised(rewards))
    total = torch.zeros_like(rewards)
    common_weight = 1 - within_weight - between_weight
    if common_weight:
        total = total + common_weight * _finite(standardised(rewards.reshape(samples, -1)).view_as(rewards))
    if within_weight:
        total = total + within_weight * _finite(standardised(rewards))
    if between_weight:
        between = _finite(standardised(torch.nanmean(rewards, dim=2)))
        total = total + between_weight * between.unsqueeze(2)
    return torch.where(torch.isnan(rewards), torch.zeros_like(total), total)


def standardised(values: torch.Tensor) -> torch.Tensor:
    """Centre and scale along the last dimension; 0 where that has no variance or fewer than two values."""
    mean = torch.nanmean(values, dim=-1, keepdim=True)
    deviation = _std(values, mean)
    flat = torch.isnan(deviation) | _constant(values)
    return torch.where(flat, torch.zeros_like(values), (values - mean) / (deviation + EPS))


def _std(values: torch.Tensor, mean: torch.Tensor) -> torch.Tensor:
    """Return the standard deviation with Bessel's correction, ignoring NaN; NaN for fewer than two values."""
    variance = torch.nanmean((values - mean) ** 2, dim=-1, keepdim=True)
    count = torch.sum(~torch.isnan(values), dim=-1, keepdim=True)
    correction = count / (count - 1)
    return torch.sqrt(
        variance * torch.where(count > 1, correction, torch.full_like(correction, float("nan")))
    )


def _constant(values: torch.Tensor) -> torch.Tensor:
    # Exact, not by a tolerance: rounding in the mean must not turn equal rewards into advantages.
    highest = torch.nan_to_num(values, nan=-torch.inf).amax(dim=-1, keepdim=True)
    lowest = torch.nan_to_num(values, nan=torch.inf).amin(dim=-1, keepdim=True)
    return highest <= lowest


def _finite(values: torch.Tensor) -> torch.Tensor:
    return torch.nan_to_num(values, nan=0.0)
