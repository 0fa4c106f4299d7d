"""The standard error of a mean whose scores come in clusters."""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from consilium.statistics.bootstrap import Places
from consilium.statistics.ratings import Array
from consilium.statistics.undefined import Maybe, Undefined


@dataclass(frozen=True)
class MeanError:
    """A mean and its standard errors: independent, cluster-robust, and that with C/(C-1)."""

    mean: Maybe[float]
    se_iid: Maybe[float]
    se_cluster: Maybe[float]
    se_cluster_corrected: Maybe[float]


def mean_error(scores: Sequence[float] | Array, clusters: Sequence[Hashable] | Places) -> MeanError:
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
    place = in_order_seen(clusters)
    totals = np.bincount(place, weights=values - values.mean())
    plain = math.sqrt(float(np.cumsum(totals**2)[-1])) / n
    count = len(totals)
    few = Undefined("fewer than two clusters")
    return MeanError(
        mean=float(values.mean()),
        se_iid=float(values.std(ddof=1)) / math.sqrt(n) if n > 1 else Undefined("fewer than two scores"),
        se_cluster=plain if count > 1 else few,
        se_cluster_corrected=plain * math.sqrt(count / (count - 1)) if count > 1 else few,
    )


def in_order_seen(names: Sequence[Hashable] | Places) -> Places:
    """A number for each name, from 0 in the order in which names first occur."""
    if not isinstance(names, np.ndarray):
        numbers: dict[Hashable, int] = {}
        return np.array([numbers.setdefault(name, len(numbers)) for name in names], dtype=np.intp)
    known, first, number = np.unique(names, return_index=True, return_inverse=True)
    rank = np.empty(len(known), dtype=np.intp)
    rank[np.argsort(first)] = np.arange(len(known))
    return rank[number]
