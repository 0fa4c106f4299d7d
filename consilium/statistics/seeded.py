"""Difference of two models that answered the same questions, each trained under several seeds."""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from consilium.statistics.bootstrap import Places
from consilium.statistics.intervals import Interval
from consilium.statistics.ratings import Array
from consilium.statistics.undefined import Maybe, Undefined


@dataclass(frozen=True)
class SeededDifference:
    """Mean of the first minus mean of the second, its interval, and the difference under each seed."""

    difference: float
    interval: Maybe[Interval]
    by_seed: tuple[float, ...]
    questions: int
    clusters: int


def difference_over_seeds(
    first: Sequence[Sequence[float]],
    second: Sequence[Sequence[float]],
    clusters: Sequence[Hashable] | None = None,
    level: float = 0.95,
) -> Maybe[SeededDifference]:
    """The paired difference and an interval that holds for other questions and for other seeds.

    `first`, `second`: a row of scores for each seed, a score for each question, in one order; a model that no
    seed changes, such as a base, has one row. `clusters`: of each question; without them each is its own.

    Seeds and clusters are crossed random effects (Searle, Casella & McCulloch 1992, Variance Components,
    chapter 4) on cluster sums, linearised as for a cluster-robust error (Liang & Zeger 1986, Biometrika
    73:13). Each effect has a half-width with its own t quantile, and the squares of the half-widths add up
    (Howe 1974, JASA 69:789). Nothing is resampled: a bootstrap over both (Owen 2007, Ann Appl Stat 1:386)
    does not know how little three seeds tell; where seeds differ much it covers 76 % instead of 95 %.

    Undefined without questions; the interval also with fewer than two seeds or clusters.

    Raises:
        ValueError: rows that do not fit, or a score that is missing.
    """
    differences = _crossed(first, second)
    questions = differences.shape[1]
    if not questions:
        return Undefined("no questions")
    names = range(questions) if clusters is None else clusters
    if len(names) != questions:
        raise ValueError("Every question needs its cluster.")
    places: dict[Hashable, int] = {}
    place = np.array([places.setdefault(name, len(places)) for name in names], dtype=np.intp)
    mean = float(differences.mean())
    return SeededDifference(
        difference=mean,
        interval=_interval(differences, place, len(places), level),
        by_seed=tuple(map(float, differences.mean(axis=1))),
        questions=questions,
        clusters=len(places),
    )


def _crossed(first: Sequence[Sequence[float]], second: Sequence[Sequence[float]]) -> Array:
    """Differences, (seeds, questions)."""
    if len({len(row) for row in (*first, *second)}) > 1:
        raise ValueError("Every seed of both needs a score for every question.")
    if not first or not second or len({len(first), len(second)} - {1}) > 1:
        raise ValueError("Both need a row of scores for every seed; one of them may have a single row.")
    scores = [np.asarray(rows, dtype=np.float64).reshape(len(rows), -1) for rows in (first, second)]
    if not all((np.abs(rows) < 1e150).all() for rows in scores):
        raise ValueError("Every score is a number, none is missing.")
    return np.asarray(scores[0] - scores[1])


def _interval(differences: Array, place: Places, clusters: int, level: float) -> Maybe[Interval]:
    from scipy import special

    if not 0.0 < level < 1.0:
        raise ValueError("A confidence level lies strictly between 0 and 1.")
    seeds, questions = differences.shape
    if seeds < 2:
        return Undefined("fewer than two seeds: how much training differs is not known")
    if clusters < 2:
        return Undefined("fewer than two clusters of questions")
    mean = float(differences.mean())
    # Cells whose mean is 0 and whose variance is that of the mean over questions.
    sums = [np.bincount(place, weights=row - mean, minlength=clusters) for row in differences]
    cells = np.array(sums) * (clusters / questions)
    by_seed, by_cluster = cells.mean(axis=1), cells.mean(axis=0)
    rest = cells - by_seed[:, None] - by_cluster
    of_seeds = clusters * (by_seed**2).sum() / (seeds - 1)
    of_clusters = seeds * (by_cluster**2).sum() / (clusters - 1)
    of_rest = (rest**2).sum() / ((seeds - 1) * (clusters - 1))
    parts = ((max(of_seeds - of_rest, 0.0), seeds - 1), (of_clusters, clusters - 1))
    tail = 0.5 + level / 2.0
    squares = (special.stdtrit(freedom, tail) ** 2 * part for part, freedom in parts)
    half = math.sqrt(sum(squares) / (seeds * clusters))
    return Interval(mean - half, mean + half)
