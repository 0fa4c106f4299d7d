"""How well the probabilities of a judge match being right, by case."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from consilium.statistics.bootstrap import REPLICATES, SEED, ClusterWeights
from consilium.statistics.calibration import Calibration, ReliabilityBin, calibration, reliability
from consilium.statistics.intervals import Estimate
from consilium.statistics.undefined import Maybe, Undefined

BINS: Final = 10


@dataclass(frozen=True)
class JudgeCalibration:
    """One judge in one dimension, over the cases with a label and a probability.

    The preferred answer is the more probable one; `confidence` is its mean probability and `correct` the
    share of cases in which it is the label, a case at 1/2 counting one half. `ece`: expected calibration
    error over BINS bins from 1/2 to 1, of which `reliability` holds those with a case. `brier`: mean squared
    distance of the probability of A from 1 or 0, 1/4 for who never knows; its interval is the cluster
    bootstrap's.
    """

    cases: int
    confidence: float
    correct: float
    ece: float
    brier: Estimate
    reliability: list[ReliabilityBin]


def judge_calibration(
    probability: Sequence[float],
    is_a: Sequence[bool],
    clusters: Sequence[Hashable],
    *,
    replicates: int = REPLICATES,
    seed: int = SEED,
) -> Maybe[JudgeCalibration]:
    """The figures of cases: the probability that answer A is better, whether it is, and the cluster.

    Raises:
        ValueError: lengths differ, or a probability outside 0 to 1.
    """
    # A mean of two orders that cancel out is 1/2 but for its last bits.
    stated, label = (
        np.round(np.asarray(probability, dtype=np.float64), 12),
        np.asarray(is_a, dtype=np.float64),
    )
    if not len(stated) == len(label) == len(clusters):
        raise ValueError("Every probability needs its label and its cluster.")
    confidence = np.maximum(stated, 1 - stated)
    correct = np.where(stated == 0.5, 0.5, np.where(stated > 0.5, label, 1 - label))
    found = calibration(confidence.tolist(), correct.tolist(), bins=BINS)
    if not isinstance(found, Calibration):
        return Undefined("no case has a label and a probability")
    distance = (stated - label) ** 2
    weights = ClusterWeights(clusters, replicates, seed)
    features = np.column_stack([distance, np.ones(len(distance))])
    return JudgeCalibration(
        cases=len(stated),
        confidence=float(confidence.mean()),
        correct=float(correct.mean()),
        ece=found.ece,
        brier=Estimate(
            float(distance.mean()), weights.interval(features, lambda sums: sums[..., 0] / sums[..., 1])
        ),
        reliability=reliability(confidence.tolist(), correct.tolist(), bins=BINS),
    )
