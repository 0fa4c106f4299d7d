"""The leaderboard row of a judge: how it scores against the labels, in both orders, with intervals."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from consilium.statistics.bootstrap import REPLICATES, SEED, ClusterWeights
from consilium.statistics.intervals import Estimate, Interval, wilson
from consilium.statistics.paired import mean_difference_interval, sign_flip_p
from consilium.statistics.position_swap import PositionSwap, SwapRow, position_swap
from consilium.statistics.ratings import Array
from consilium.statistics.undefined import Maybe, Undefined

Letters = Mapping[str, str | None]
NO_CASES = Undefined("no case has a label and replies in both orders")


@dataclass(frozen=True)
class JudgedCase:
    """One case: its label per dimension (A, B or None) and the judge's letters per dimension in each order.

    Letters are A, B, tie or None (invalid); `backward` is as printed when the answers were swapped. An order
    whose call failed is None as a whole: the case is then not covered, and not scored.
    """

    case: str
    cluster: Hashable
    label: Letters
    forward: Letters | None
    backward: Letters | None


@dataclass(frozen=True)
class JudgingRow:
    """One judge in one dimension, over the cases with a label and replies in both orders.

    `accuracy`: a case scores the mean over the two orders of "right", invalid and tie being wrong; its
    interval is the cluster bootstrap's, `accuracy_wilson` takes cases as independent. `coverage` is the share
    of the labelled cases that have both replies. `invalid_rate` and `tie_rate` are shares of calls. `strict`
    is right in both orders. `valid_only` is the share of right among valid A and B; `half` counts invalid and
    tie as one half; `reference` is the stored order alone with invalid wrong.
    """

    dimension: str
    cases: int
    coverage: Maybe[float]
    accuracy: Estimate
    accuracy_wilson: Maybe[Interval]
    invalid_rate: Maybe[float]
    tie_rate: Maybe[float]
    position_consistency: Maybe[float]
    first_position_rate: Maybe[float]
    strict: Estimate
    strict_wilson: Maybe[Interval]
    valid_only: Maybe[float]
    half: Maybe[float]
    reference: Maybe[float]


@dataclass(frozen=True)
class Comparison:
    """Difference of two judges' accuracies on the same cases, first minus second."""

    cases: int
    difference: Maybe[float]
    interval: Maybe[Interval]
    p: Maybe[float]


def judging(
    cases: Sequence[JudgedCase],
    *,
    dimensions: Sequence[str],
    replicates: int = REPLICATES,
    seed: int = SEED,
) -> list[JudgingRow]:
    """One row per dimension; the same cases, replicates and seed give every judge the same draws."""
    return [_row(cases, dimension, replicates, seed) for dimension in dimensions]


def case_scores(cases: Sequence[JudgedCase], dimension: str) -> dict[str, float]:
    """Score per covered case, 0, 1/2 or 1: the primary endpoint before averaging."""
    return {case.case: _score(row) for case, row in _covered(cases, dimension)}


def compare_judges(
    first: Sequence[JudgedCase],
    second: Sequence[JudgedCase],
    *,
    dimension: str,
    replicates: int = REPLICATES,
    seed: int = SEED,
) -> Comparison:
    """Compare two judges on the cases that both cover: bootstrap interval and sign-flip p, by cluster."""
    scores, others = case_scores(first, dimension), case_scores(second, dimension)
    shared = [case for case in first if case.case in scores and case.case in others]
    if not shared:
        none = Undefined("no case is covered by both")
        return Comparison(0, none, none, none)
    one, two = [scores[case.case] for case in shared], [others[case.case] for case in shared]
    clusters = [case.cluster for case in shared]
    return Comparison(
        cases=len(shared),
        difference=(sum(one) - sum(two)) / len(shared),
        interval=mean_difference_interval(one, two, ClusterWeights(clusters, replicates, seed)),
        p=sign_flip_p(one, two, clusters, seed=seed),
    )


def rank_intervals(
    judges: Mapping[str, Sequence[JudgedCase]],
    *,
    dimension: str,
    replicates: int = REPLICATES,
    seed: int = SEED,
) -> dict[str, Maybe[Interval]]:
    """Interval of each judge's rank (1 is best) over shared resamples of the cases that all judges cover."""
    scores = {name: case_scores(cases, dimension) for name, cases in judges.items()}
    first = next(iter(judges.values()), ())
    shared = [case for case in first if all(case.case in by_case for by_case in scores.values())]
    weights = ClusterWeights([case.cluster for case in shared], replicates, seed)
    if weights.clusters < 2:
        return dict.fromkeys(judges, Undefined("fewer than two clusters are covered by all judges"))
    table = np.array([[scores[name][case.case] for name in judges] for case in shared])
    sums = weights.sums(table)
    # A tied judge shares the best of the tied ranks; 1e-9 is far below any difference of sums of halves.
    ranks = 1 + (sums[:, None, :] > sums[:, :, None] + 1e-9).sum(axis=2)
    bounds = np.quantile(ranks, [0.025, 0.975], axis=0, method="inverted_cdf")
    return {name: Interval(float(low), float(high)) for name, low, high in zip(judges, *bounds, strict=True)}


def _covered(cases: Sequence[JudgedCase], dimension: str) -> list[tuple[JudgedCase, SwapRow]]:
    rows: list[tuple[JudgedCase, SwapRow]] = []
    for case in cases:
        label = case.label.get(dimension)
        if label is None or case.forward is None or case.backward is None:
            continue
        if label not in ("A", "B"):
            raise ValueError(f"The label of case {case.case} is A, B or null, not {label!r}.")
        rows.append((case, SwapRow(case.forward.get(dimension), case.backward.get(dimension), label)))
    return rows


def _row(cases: Sequence[JudgedCase], dimension: str, replicates: int, seed: int) -> JudgingRow:
    covered = _covered(cases, dimension)
    rows = [row for _, row in covered]
    labelled = sum(case.label.get(dimension) is not None for case in cases)
    weights = ClusterWeights([case.cluster for case, _ in covered], replicates, seed)
    scores = [_score(row) for row in rows]
    strict = [float(score == 1.0) for score in scores]
    swap = position_swap(rows)
    return JudgingRow(
        dimension=dimension,
        cases=len(rows),
        coverage=len(rows) / labelled if labelled else Undefined("no case has a label"),
        accuracy=_mean(scores, weights),
        accuracy_wilson=wilson(sum(scores), len(scores)),
        invalid_rate=swap.invalid_rate,
        tie_rate=_tie_rate(rows),
        position_consistency=swap.position_consistency,
        first_position_rate=swap.first_position_rate,
        strict=_mean(strict, weights),
        strict_wilson=wilson(sum(strict), len(strict)),
        valid_only=_valid_only(rows),
        half=_half(rows, swap),
        reference=swap.single_order_accuracy,
    )


def _score(row: SwapRow) -> float:
    return ((row.forward == row.label) + (row.unswapped == row.label)) / 2


def _mean(scores: Sequence[float], weights: ClusterWeights) -> Estimate:
    if not scores:
        return Estimate(NO_CASES, NO_CASES)
    features = np.column_stack([scores, np.ones(len(scores))])
    return Estimate(float(np.mean(scores)), weights.interval(features, _ratio))


def _ratio(sums: Array) -> Array:
    return np.asarray(sums[..., 0] / sums[..., 1])


def _calls(rows: Sequence[SwapRow]) -> list[tuple[str | None, str | None]]:
    return [(letter, row.label) for row in rows for letter in (row.forward, row.unswapped)]


def _tie_rate(rows: Sequence[SwapRow]) -> Maybe[float]:
    calls = _calls(rows)
    return sum(letter == "tie" for letter, _ in calls) / len(calls) if calls else NO_CASES


def _valid_only(rows: Sequence[SwapRow]) -> Maybe[float]:
    valid = [letter == label for letter, label in _calls(rows) if letter in ("A", "B")]
    return sum(valid) / len(valid) if valid else Undefined("no valid A or B")


def _half(rows: Sequence[SwapRow], swap: PositionSwap) -> Maybe[float]:
    if isinstance(swap.mean_accuracy_tie_half, Undefined):
        return NO_CASES
    return swap.mean_accuracy_tie_half + 0.5 * swap.invalid_calls / (2 * len(rows))
