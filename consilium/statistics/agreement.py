"""Agreement among readers per dimension, as the pages show it: five coefficients, each with its interval."""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

from consilium.statistics.bootstrap import REPLICATES, SEED, ClusterWeights
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
    weights = ClusterWeights([case.cluster for case in cases], replicates, seed)
    return [_row(cases, dimension, categories, weights) for dimension in dimensions]


def _row(
    cases: Sequence[VotedCase], dimension: str, categories: Sequence[str], weights: ClusterWeights
) -> AgreementRow:
    counts = count_matrix([case.votes.get(dimension, ()) for case in cases], categories)
    per_case = Counter(int(total) for total in counts.sum(axis=1))
    unanimity = _estimate(UNANIMITY, counts, weights)
    return AgreementRow(
        dimension=dimension,
        cases=sum(number for votes, number in per_case.items() if votes >= 2),
        votes=int(counts.sum()),
        votes_per_case=dict(sorted(per_case.items())),
        percent=_estimate(PERCENT, counts, weights),
        unanimity=unanimity,
        fleiss=_estimate(FLEISS, counts, weights),
        ac1=_estimate(AC1, counts, weights),
        alpha=_estimate(ALPHA, counts, weights),
        split_share=unanimity.value if isinstance(unanimity.value, Undefined) else 1.0 - unanimity.value,
    )


def _estimate(coefficient: Coefficient, counts: Array, weights: ClusterWeights) -> Estimate:
    value = coefficient.of(counts)
    if isinstance(value, Undefined):
        return Estimate(value, value)
    return Estimate(value, weights.interval(coefficient.features(counts), coefficient.value))
