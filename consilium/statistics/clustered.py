"""The standard error of a mean whose scores come in clusters."""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from consilium.statistics.undefined import Maybe, Undefined


@dataclass(frozen=True)
class MeanError:
    """A mean and its standard errors: independent, cluster-robust, and that with C/(C-1)."""

    mean: Maybe[float]
    se_iid: Maybe[float]
    se_cluster: Maybe[float]
    se_cluster_corrected: Maybe[float]


def mean_error(scores: Sequence[float], clusters: Sequence[Hashable]) -> MeanError:
    """Cluster-robust error of a mean (Liang & Zeger 1986, Biometrika 73:13; Miller 2024, arXiv 2411.00640).

    Raises:
        ValueError: not one cluster per score.
    """
    if len(scores) != len(clusters):
        raise ValueError("Every score needs its cluster.")
    n = len(scores)
    if n == 0:
        none = Undefined("no scores")
        return MeanError(none, none, none, none)
    values = np.asarray(scores, dtype=np.float64)
    if not np.isfinite(values).all():
        raise ValueError("Every score is a number, none is missing.")
    residuals = values - values.mean()
    sums: dict[Hashable, float] = {}
    for cluster, residual in zip(clusters, residuals, strict=True):
        sums[cluster] = sums.get(cluster, 0.0) + float(residual)
    plain = math.sqrt(sum(total**2 for total in sums.values())) / n
    count = len(sums)
    few = Undefined("fewer than two clusters")
    return MeanError(
        mean=float(values.mean()),
        se_iid=float(values.std(ddof=1)) / math.sqrt(n) if n > 1 else Undefined("fewer than two scores"),
        se_cluster=plain if count > 1 else few,
        se_cluster_corrected=plain * math.sqrt(count / (count - 1)) if count > 1 else few,
    )
