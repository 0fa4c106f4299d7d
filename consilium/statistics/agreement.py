"""Agreement among readers per dimension, as the pages show it: five coefficients, each with its interval."""

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from consilium.statistics.bootstrap import (
    REPLICATES,
    SEED,
    TOO_FEW_CLUSTERS,
    ClusterWeights,
    percentile_interval,
    resampled_alike,
    resampled_sums,
)
from consilium.statistics.coefficients import AC1, ALPHA, FLEISS, PERCENT, UNANIMITY, Coefficient
from consilium.statistics.intervals import Estimate
from consilium.statistics.ratings import Array, count_matrix
from consilium.statistics.undefined import Maybe, Undefined


@dataclass(frozen=True)
class VotedCase:
    """The counted votes of one case: dimension to votes, None for a vote that was not cast."""

    case: str
    cluster: Hashable
    votes: Mapping[str, Sequence[str | None]]


@dataclass(frozen=True)
class AgreementRow:
    """One dimension. `cases` have two or more votes; `split_share` is the share of those not unanimous.

    `votes_per_case` counts cases by their number of votes, so unequal numbers are visible.
    """

    dimension: str
    cases: int
    votes: int
    votes_per_case: dict[int, int]
    percent: Estimate
    unanimity: Estimate
    fleiss: Estimate
    ac1: Estimate
    alpha: Estimate
    split_share: Maybe[float]


def agreement(
    cases: Sequence[VotedCase],
    *,
    dimensions: Sequence[str],
    categories: Sequence[str] = ("A", "B"),
    replicates: int = REPLICATES,
    seed: int = SEED,
) -> list[AgreementRow]:
    """One row per dimension; the intervals are percentile intervals of one shared cluster bootstrap.

    Raises:
        ValueError: a vote that is not one of the categories.
    """
    counts = {
        name: count_matrix([case.votes.get(name, ()) for case in cases], categories) for name in dimensions
    }
    clusters = [case.cluster for case in cases]
    return agreement_of_counts(clusters, counts, replicates=replicates, seed=seed)


def agreement_of_counts(
    clusters: Sequence[Hashable],
    counts: Mapping[str, Array],
    *,
    replicates: int = REPLICATES,
    seed: int = SEED,
) -> list[AgreementRow]:
    """One row per dimension from its counts of votes (cases, categories) and each case's cluster.

    Every dimension and coefficient is resampled in the same pass.
    """
    weights = ClusterWeights(clusters, replicates, seed)
    tables = [weights.totals(one.features(counts[name])) for name in counts for one in _SHOWN.values()]
    sums = resampled_sums(tables, replicates, seed)
    return [_row(name, votes, weights.clusters, sums) for name, votes in counts.items()]


def agreement_of_many(
    clusters: Sequence[Hashable],
    counts: Mapping[str, Array],
    *,
    replicates: int = REPLICATES,
    seed: int = SEED,
) -> list[AgreementRow]:
    """As `agreement_of_counts` for any number of cases, in memory that hardly grows with them.

    One dimension at a time, resampled by kinds of clusters: the same values, the same distribution of the
    intervals' ends, other draws.
    """
    weights = ClusterWeights(clusters, replicates, seed)
    rows = []
    for name, votes in counts.items():
        items, kind, repeats = weights.kinds(votes)
        features = [one.features(votes[items]) for one in _SHOWN.values()]
        columns = [np.bincount(kind, column, len(repeats)) for column in np.hstack(features).T]
        sums = resampled_alike(np.column_stack(columns), repeats, replicates, seed)
        ends = np.cumsum([part.shape[1] for part in features])[:-1]
        rows.append(_row(name, votes, weights.clusters, iter(np.hsplit(sums, ends))))
    return rows


_SHOWN = {"percent": PERCENT, "unanimity": UNANIMITY, "fleiss": FLEISS, "ac1": AC1, "alpha": ALPHA}


def _row(dimension: str, counts: Array, clusters: int, sums: Iterator[Array]) -> AgreementRow:
    per_case = Counter(int(total) for total in counts.sum(axis=1))
    shown = {name: _estimate(one, counts, clusters, next(sums)) for name, one in _SHOWN.items()}
    unanimity = shown["unanimity"].value
    return AgreementRow(
        dimension=dimension,
        cases=sum(number for votes, number in per_case.items() if votes >= 2),
        votes=int(counts.sum()),
        votes_per_case=dict(sorted(per_case.items())),
        split_share=unanimity if isinstance(unanimity, Undefined) else 1.0 - unanimity,
        **shown,
    )


def _estimate(coefficient: Coefficient, counts: Array, clusters: int, sums: Array) -> Estimate:
    value = coefficient.of(counts)
    if isinstance(value, Undefined):
        return Estimate(value, value)
    interval = percentile_interval(coefficient.value(sums)) if clusters > 1 else TOO_FEW_CLUSTERS
    return Estimate(value, interval)
