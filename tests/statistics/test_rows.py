"""The rows that pages show: shared bootstrap, agreement per dimension, leaderboard, comparisons."""

import random
from collections.abc import Sequence

import numpy as np
import pytest

from consilium.statistics.agreement import VotedCase, agreement
from consilium.statistics.bootstrap import ClusterWeights, percentile_interval
from consilium.statistics.clustered import mean_error
from consilium.statistics.intervals import Estimate, Interval
from consilium.statistics.judge_scores import case_scores, compare_judges, judging, rank_intervals
from consilium.statistics.paired import difference_of_proportions, mean_difference_interval, sign_flip_p
from consilium.statistics.panel import JudgedCase
from consilium.statistics.undefined import Undefined

OVERALL = "overall"


def bounds(interval: object) -> tuple[float, float]:
    assert isinstance(interval, Interval)
    return interval.low, interval.high


def numbers(estimate: Estimate) -> tuple[float, float, float]:
    assert not isinstance(estimate.value, Undefined)
    return (estimate.value, *bounds(estimate.interval))


def judged(
    letters: Sequence[tuple[str | None, str | None, str | None]], per_cluster: int = 1
) -> list[JudgedCase]:
    return [
        JudgedCase(f"c{index}", index // per_cluster, {OVERALL: label}, {OVERALL: one}, {OVERALL: two})
        for index, (one, two, label) in enumerate(letters)
    ]


def judge_right_with(chance: float, seed: int, cases: int = 300) -> list[JudgedCase]:
    generator = random.Random(seed)
    return judged(
        [
            ("A" if generator.random() < chance else "B", "B" if generator.random() < chance else "A", "A")
            for _ in range(cases)
        ],
        per_cluster=3,
    )


def test_equal_weights_objects_draw_the_same() -> None:
    features = np.arange(12, dtype=np.float64).reshape(6, 2)
    one, two = (ClusterWeights(list("aabbcc"), replicates=50).sums(features) for _ in range(2))
    assert (one == two).all()
    assert not (ClusterWeights(list("aabbcc"), replicates=50, seed=1).sums(features) == one).all()


def test_clusters_are_drawn_whole() -> None:
    """Rows of one cluster appear equally often, and every replicate draws as many clusters as there are."""
    counts = ClusterWeights(list("aabbcc"), replicates=200).sums(np.eye(6))
    assert (counts[:, 0] == counts[:, 1]).all()
    assert (counts.sum(axis=1) == 6).all()
    assert len(np.unique(counts[:, 0])) > 2


def test_blocks_do_not_change_the_number_of_replicates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("consilium.statistics.bootstrap._BLOCK_CELLS", 100)
    counts = ClusterWeights(range(30), replicates=10).sums(np.ones((30, 1)))
    assert counts.shape == (10, 1)
    assert (counts == 30).all()


def test_bootstrap_interval_matches_the_clustered_error() -> None:
    generator = np.random.default_rng(3)
    clusters = np.repeat(np.arange(150), 4)
    scores = np.clip(np.repeat(generator.normal(0.5, 0.3, 150), 4) + generator.normal(0, 0.1, 600), 0, 1)
    features = np.column_stack([scores, np.ones(600)])
    weights = ClusterWeights(clusters.tolist(), replicates=4000)
    low, high = bounds(weights.interval(features, lambda sums: sums[..., 0] / sums[..., 1]))
    error = mean_error(scores.tolist(), clusters.tolist())
    assert not isinstance(error.se_cluster_corrected, Undefined)
    assert not isinstance(error.se_iid, Undefined)
    assert (high - low) / (2 * 1.96) == pytest.approx(error.se_cluster_corrected, rel=0.06)
    assert error.se_cluster_corrected > 1.5 * error.se_iid


def test_the_error_of_a_mean_asks_for_clusters_by_name_or_by_number() -> None:
    generator = np.random.default_rng(4)
    scores, clusters = generator.random(500), generator.integers(90, size=500)
    assert mean_error(scores, clusters) == mean_error(scores.tolist(), clusters.astype(str).tolist())


def test_one_cluster_has_no_interval() -> None:
    weights = ClusterWeights(["p", "p"])
    assert isinstance(weights.interval(np.ones((2, 2)), lambda sums: sums[..., 0]), Undefined)


def test_often_undefined_replicates_have_no_interval() -> None:
    replicates = np.ones(100)
    replicates[:6] = np.nan
    assert isinstance(percentile_interval(replicates), Undefined)
    assert bounds(percentile_interval(replicates[2:])) == (1.0, 1.0)


def test_sign_flip_is_exact_for_few_clusters() -> None:
    assert sign_flip_p([1, 1, 1, 1], [0, 0, 0, 0], list("abcd")) == pytest.approx(2 / 16)
    assert sign_flip_p([1, 1, 1, 1], [0, 0, 0, 0], list("aabb")) == pytest.approx(2 / 4)
    assert sign_flip_p([1, 0], [1, 0], list("ab")) == 1.0
    assert isinstance(sign_flip_p([], [], []), Undefined)


def test_sign_flip_by_sampling_is_near_the_exact_value() -> None:
    """20 clusters, 15 to 5: the two-sided sign test gives 0.0414."""
    first = [1.0] * 15 + [0.0] * 5
    second = [0.0] * 15 + [1.0] * 5
    assert sign_flip_p(first, second, range(20), replicates=40_000) == pytest.approx(0.0414, abs=0.005)


def test_unpaired_width_would_be_larger() -> None:
    result = difference_of_proportions(
        both_right=100, only_first_right=30, only_second_right=12, both_wrong=58
    )
    assert not isinstance(result, Undefined)
    low, high = bounds(result.bootstrap)
    assert (high - low) / (2 * 1.96) == pytest.approx(result.analytic_se, rel=0.05)
    nothing = difference_of_proportions(both_right=0, only_first_right=0, only_second_right=0, both_wrong=0)
    assert isinstance(nothing, Undefined)


def test_pairs_move_together() -> None:
    scores = [float(index % 2) for index in range(40)]
    interval = mean_difference_interval(scores, scores, ClusterWeights(range(40)))
    assert bounds(interval) == (0.0, 0.0)


VOTES = [
    VotedCase("1", "p1", {"accuracy": ["A", "A", "A"], OVERALL: ["A", "A", "B"]}),
    VotedCase("2", "p1", {"accuracy": ["A", "A", None], OVERALL: ["B", "B", "B"]}),
    VotedCase("3", "p2", {"accuracy": ["B", "B", "B"], OVERALL: ["A", "B", "B"]}),
    VotedCase("4", "p3", {"accuracy": ["A", None, None], OVERALL: ["A", "A", "A", "A"]}),
]


def test_agreement_rows() -> None:
    accuracy, overall = agreement(VOTES, dimensions=("accuracy", OVERALL), replicates=300)
    assert (accuracy.cases, accuracy.votes, accuracy.votes_per_case) == (3, 9, {1: 1, 2: 1, 3: 2})
    assert (accuracy.percent.value, accuracy.unanimity.value, accuracy.split_share) == (1.0, 1.0, 0.0)
    assert accuracy.fleiss.value == pytest.approx(1.0)
    assert overall.percent.value == pytest.approx((1 / 3 + 1 + 1 / 3 + 1) / 4)
    assert overall.split_share == 0.5
    value, low, high = numbers(overall.percent)
    assert low <= value <= high


def test_agreement_of_many_cases_has_narrow_intervals_around_each_value() -> None:
    generator = random.Random(1)
    cases = []
    for index in range(400):
        truth = generator.choice("AB")
        votes = [truth if generator.random() < 0.85 else generator.choice("AB") for _ in range(3)]
        cases.append(VotedCase(str(index), index // 2, {OVERALL: votes}))
    (row,) = agreement(cases, dimensions=(OVERALL,))
    for estimate in (row.percent, row.unanimity, row.fleiss, row.ac1, row.alpha):
        value, low, high = numbers(estimate)
        assert low < value < high
        assert high - low < 0.2
    assert row.fleiss.value == pytest.approx(0.85**2, abs=0.1)


def test_agreement_of_one_category_is_stated_not_invented() -> None:
    cases = [VotedCase(str(index), index, {OVERALL: ["A", "A", "A"]}) for index in range(5)]
    (row,) = agreement(cases, dimensions=(OVERALL,))
    assert isinstance(row.fleiss.value, Undefined)
    assert isinstance(row.alpha.interval, Undefined)
    assert row.ac1.value == 1.0


def test_agreement_without_cases_is_undefined() -> None:
    (row,) = agreement([], dimensions=(OVERALL,))
    assert row.cases == 0
    assert isinstance(row.percent.value, Undefined)


def test_judging_row_counts_invalid_and_tie_as_wrong() -> None:
    """Right twice; right once; invalid and right; tie twice; wrong twice."""
    cases = judged([("A", "B", "A"), ("A", "A", "A"), (None, "A", "B"), ("tie", "tie", "A"), ("B", "A", "A")])
    (row,) = judging(cases, dimensions=(OVERALL,), replicates=200)
    assert row.cases == 5
    assert row.accuracy.value == pytest.approx((1 + 0.5 + 0.5 + 0 + 0) / 5)
    assert row.invalid_rate == pytest.approx(1 / 10)
    assert row.tie_rate == pytest.approx(2 / 10)
    assert row.position_consistency == pytest.approx(3 / 4)
    assert row.first_position_rate == pytest.approx(5 / 7)
    assert row.strict.value == pytest.approx(1 / 5)
    assert row.valid_only == pytest.approx(4 / 7)
    assert row.half == pytest.approx((4 + 3 * 0.5) / 10)
    assert row.reference == pytest.approx(2 / 5)
    low, high = bounds(row.accuracy_wilson)
    assert low < 0.4 < high


def test_cases_without_label_or_reply_are_not_scored_but_seen() -> None:
    cases = [
        *judged([("A", "B", "A"), ("A", "B", None)]),
        JudgedCase("failed", "x", {OVERALL: "A"}, {OVERALL: "A"}, None),
    ]
    (row,) = judging(cases, dimensions=(OVERALL,))
    assert (row.cases, row.coverage, row.accuracy.value) == (1, 0.5, 1.0)
    assert isinstance(row.accuracy.interval, Undefined)
    assert case_scores(cases, OVERALL) == {"c0": 1.0}


def test_a_judge_without_cases_has_no_numbers() -> None:
    (row,) = judging([], dimensions=(OVERALL,))
    assert row.cases == 0
    assert all(
        isinstance(value, Undefined)
        for value in (
            row.accuracy.value,
            row.coverage,
            row.tie_rate,
            row.half,
            row.accuracy_wilson,
            row.valid_only,
        )
    )


def test_bad_labels_and_letters_are_refused() -> None:
    with pytest.raises(ValueError, match="label of case c0"):
        judging(judged([("A", "A", "tie")]), dimensions=(OVERALL,))
    with pytest.raises(ValueError, match="A, B, tie or null"):
        judging(judged([("A", "both", "A")]), dimensions=(OVERALL,))


def test_comparison_and_ranks_tell_a_good_judge_from_a_poor_one() -> None:
    good, poor, other = judge_right_with(0.9, 1), judge_right_with(0.6, 2), judge_right_with(0.6, 3)
    comparison = compare_judges(good, poor, dimension=OVERALL, replicates=500)
    assert comparison.cases == 300
    assert bounds(comparison.interval)[0] > 0.15
    assert not isinstance(comparison.p, Undefined)
    assert comparison.p < 0.001
    equal = compare_judges(poor, other, dimension=OVERALL, replicates=500)
    assert not isinstance(equal.p, Undefined)
    assert equal.p > 0.01
    ranks = rank_intervals({"good": good, "poor": poor, "other": other}, dimension=OVERALL, replicates=500)
    assert bounds(ranks["good"]) == (1, 1)
    assert bounds(ranks["poor"])[1] <= 3
    assert bounds(ranks["other"])[0] >= 2 or bounds(ranks["poor"])[0] >= 2


def test_ranks_need_shared_cases() -> None:
    ranks = rank_intervals({"one": judged([("A", "B", "A")]), "two": []}, dimension=OVERALL)
    assert all(isinstance(rank, Undefined) for rank in ranks.values())
    assert rank_intervals({}, dimension=OVERALL) == {}
    nothing = compare_judges(judged([("A", "B", "A")]), [], dimension=OVERALL)
    assert (nothing.cases, isinstance(nothing.p, Undefined)) == (0, True)
