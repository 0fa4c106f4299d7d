"""What a judge's scores add to the reward: nothing where it gave none, neither a bonus nor a malus.

A missing score is NaN. It is no zero: what it would have added is taken as what the other answers of its
sample got, on average.
"""

from __future__ import annotations

import torch

from training.job.advantages import standardised


def paradigm_bonus(scores: torch.Tensor, is_right: torch.Tensor) -> torch.Tensor:
    """Return the bonus of each answer, before its weight; shape (samples, rollouts).

    `scores`: (samples, rollouts, paradigms); `is_right`: (samples, rollouts). Scores of each paradigm are
    normalised among the right answers of a sample, by mean and standard deviation as advantages are, and
    averaged over the paradigms: with the weight 0.1 and up to 26 answers to a sample, a right one then stays
    above every wrong one. A wrong answer has no bonus.
    """
    of_right = scores.masked_fill(~is_right.unsqueeze(2), float("nan"))
    normal = standardised(of_right.transpose(1, 2)).nan_to_num(nan=0.0)
    return normal.mean(dim=1)


def centred_score(scores: torch.Tensor) -> torch.Tensor:
    """Return each score minus the mean of its sample's, 0 where there is none; (samples, rollouts) both.

    A constant added to the rewards of a sample changes no advantage, so the mean costs nothing.
    """
    return (scores - scores.nanmean(dim=1, keepdim=True)).nan_to_num(nan=0.0)
