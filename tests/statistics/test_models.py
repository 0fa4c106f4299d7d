"""Dawid-Skene, Bradley-Terry, tests, intervals, errors, calibration, majority and position swap."""

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consilium.statistics.adjusted_p import benjamini_hochberg, bonferroni, holm, rejected
from consilium.statistics.bradley_terry import BradleyTerry, Games, bradley_terry
from consilium.statistics.calibration import Calibration, calibration
from consilium.statistics.clustered import mean_error
from consilium.statistics.dawid_skene import DawidSkene, dawid_skene
from consilium.statistics.human_ceiling import human_ceiling
from consilium.statistics.intervals import Interval, clopper_pearson, wilson
from consilium.statistics.majority import leaders, majority
from consilium.statistics.mcnemar import mcnemar
from consilium.statistics.position_swap import SwapRow, position_swap
from consilium.statistics.undefined import Undefined

P_VALUES = st.lists(st.floats(0, 1), max_size=12)


def fitted_strengths(games: list[Games], **settings: float | bool) -> BradleyTerry:
    fitted = bradley_terry(games, **settings)  # type: ignore[arg-type]
    assert isinstance(fitted, BradleyTerry)
    return fitted


def test_two_players_have_the_log_odds_of_their_wins() -> None:
    fitted = fitted_strengths([Games("x", "y", 30, 10)])
    assert fitted.ability["x"] - fitted.ability["y"] == pytest.approx(math.log(3))
    assert fitted.ability_share["x"] == pytest.approx(0.75)


def test_pure_order_effect_is_found() -> None:
    fitted = fitted_strengths([Games("x", "y", 20, 10), Games("y", "x", 20, 10)], order_effect=True)
    assert fitted.order_effect == pytest.approx(math.log(2))
    assert fitted.ability["x"] == pytest.approx(0)


def test_naming_order_does_not_matter() -> None:
    one = fitted_strengths([Games("x", "y", 6, 4), Games("y", "z", 7, 3), Games("z", "x", 5, 5)])
    two = fitted_strengths([Games("z", "y", 3, 7), Games("x", "z", 5, 5), Games("y", "x", 4, 6)])
    assert one.ability == pytest.approx(two.ability)


@pytest.mark.parametrize(
    ("games", "order_effect"),
    [
        ([], False),
        ([Games("x", "y", 0, 0)], False),
        ([Games("x", "y", 5, 0)], False),
        ([Games("x", "y", 5, 5), Games("v", "w", 5, 5)], False),
        ([Games("x", "y", 5, 5), Games("y", "z", 5, 0)], False),
        ([Games("x", "y", 5, 0), Games("y", "x", 5, 0)], True),
    ],
)
def test_strengths_without_a_maximum_are_undefined(games: list[Games], order_effect: bool) -> None:
    assert isinstance(bradley_terry(games, order_effect=order_effect), Undefined)


def test_a_ridge_gives_an_answer_to_every_comparison() -> None:
    fitted = fitted_strengths([Games("x", "y", 5, 0), Games("v", "w", 5, 0)], order_effect=True, ridge=0.1)
    assert fitted.ability["x"] > fitted.ability["y"]
    assert all(math.isfinite(value) for value in fitted.ability.values())


def test_extreme_but_finite_strengths_are_estimated() -> None:
    fitted = fitted_strengths([Games("x", "y", 99_999, 1)])
    assert fitted.ability["x"] - fitted.ability["y"] == pytest.approx(math.log(99_999), rel=1e-9)


def test_bad_games_are_refused() -> None:
    with pytest.raises(ValueError, match="not negative"):
        bradley_terry([Games("x", "y", -1, 2)])
    with pytest.raises(ValueError, match="itself"):
        bradley_terry([Games("x", "x", 1, 2)])


def test_careless_reader_is_outvoted_and_measured() -> None:
    generator = random.Random(7)
    truth = [generator.randrange(2) for _ in range(200)]
    triples = [
        (item, rater, label if generator.random() < right else 1 - label)
        for item, label in enumerate(truth)
        for rater, right in enumerate((0.95, 0.9, 0.5))
    ]
    fitted = dawid_skene(triples, items=200, raters=3, classes=2)
    assert isinstance(fitted, DawidSkene)
    assert np.mean(np.array(fitted.labels) == truth) > 0.9
    assert fitted.confusion[0].diagonal().min() > 0.85
    assert 0.3 < fitted.confusion[2, 0, 0] < 0.7


def test_dawid_skene_of_unanimous_labels() -> None:
    fitted = dawid_skene([(0, 0, 1), (0, 1, 1), (1, 0, 1), (1, 1, 1)], items=2, raters=2, classes=2)
    assert isinstance(fitted, DawidSkene)
    assert (fitted.labels, fitted.differing, fitted.plurality_ties) == ([1, 1], [], ())
    assert fitted.log_likelihood == pytest.approx(0.0)


def test_dawid_skene_refuses_what_it_cannot_use() -> None:
    assert isinstance(dawid_skene([(0, 0, 0), (1, 0, 1)], items=2, raters=1, classes=2), Undefined)
    assert isinstance(dawid_skene([], items=0, raters=1, classes=2), Undefined)
    with pytest.raises(ValueError, match="out of range"):
        dawid_skene([(0, 0, 2)], items=1, raters=1, classes=2)


def test_an_item_that_nobody_labelled_has_no_label_and_changes_nothing() -> None:
    triples = [(0, 0, 0), (0, 1, 0), (1, 0, 1), (1, 1, 1), (2, 0, 0), (2, 1, 1)]
    whole = dawid_skene(triples, items=3, raters=2, classes=2)
    moved = dawid_skene(
        [(item + 1, rater, label) for item, rater, label in triples], items=5, raters=2, classes=2
    )
    assert isinstance(whole, DawidSkene)
    assert isinstance(moved, DawidSkene)
    assert moved.labels == [None, *whole.labels, None]
    assert moved.plurality == (None, *whole.plurality, None)
    assert moved.plurality_ties == (3,)
    assert moved.differing == [item + 1 for item in whole.differing]
    assert moved.log_likelihood == whole.log_likelihood
    assert (moved.posterior[0] == whole.marginals).all()


@given(st.integers(0, 40), st.integers(0, 40))
def test_mcnemar_agrees_with_the_binomial_test(first: int, second: int) -> None:
    from scipy import stats

    result = mcnemar([[3, first], [second, 2]])
    if first + second:
        assert result.p_exact == pytest.approx(stats.binomtest(first, first + second).pvalue)
    assert 0 <= result.p_mid <= result.p_exact <= 1


def test_mcnemar_needs_a_table_of_two_by_two() -> None:
    with pytest.raises(ValueError, match="2 x 2"):
        mcnemar([[1, 2, 3]])


@given(st.integers(0, 60), st.integers(1, 60))
def test_intervals_hold_the_share(successes: int, n: int) -> None:
    share = min(successes, n) / n
    for method in (wilson, clopper_pearson):
        interval = method(min(successes, n), n)
        assert isinstance(interval, Interval)
        assert -1e-12 <= interval.low <= share + 1e-12
        assert share - 1e-12 <= interval.high <= 1 + 1e-12


def test_intervals_of_nothing_and_of_nonsense() -> None:
    assert isinstance(wilson(0, 0), Undefined)
    assert isinstance(clopper_pearson(0, 0), Undefined)
    with pytest.raises(ValueError, match="between 0 and the number"):
        wilson(3, 2)
    with pytest.raises(ValueError, match="strictly between"):
        wilson(1, 2, level=1.0)


@given(P_VALUES, st.floats(0.01, 0.2))
def test_adjusted_p_values_are_ordered_and_agree_with_the_step_rules(p: list[float], alpha: float) -> None:
    bh, by_holm, plain = benjamini_hochberg(p), holm(p), bonferroni(p)
    for index, value in enumerate(p):
        assert value - 1e-12 <= bh[index] <= by_holm[index] + 1e-12
        assert by_holm[index] <= plain[index] + 1e-12 <= 1 + 1e-12
    ranked = sorted(p)
    steps = [rank for rank, value in enumerate(ranked, start=1) if value * len(p) / rank <= alpha]
    assert rejected(bh, alpha) == max(steps, default=0)


def test_p_values_outside_their_range_are_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        holm([0.1, 1.2])
    with pytest.raises(ValueError, match="between 0 and 1"):
        holm([math.nan])


def test_clusters_of_one_give_the_plain_error() -> None:
    result = mean_error([1, 0, 0, 1, 1], range(5))
    assert result.se_cluster_corrected == pytest.approx(result.se_iid)
    assert isinstance(mean_error([1, 0], ["p", "p"]).se_cluster, Undefined)
    assert isinstance(mean_error([], []).mean, Undefined)


def test_calibration_edges() -> None:
    assert calibration([0.5, 1.0], [0, 1]) == Calibration(ece=0.25, brier=0.125)
    assert isinstance(calibration([], []), Undefined)
    closed_right = calibration([0.6], [1], bins=2, bin_range=(0.2, 1.0))
    assert closed_right == calibration([0.6], [1], bins=2, bin_range=(0.2, 1.0), right_closed=False)
    with pytest.raises(ValueError, match="outside the range"):
        calibration([0.4], [1])


def test_bin_edges_belong_to_the_closed_side() -> None:
    """0.8 shares its bin with 0.75 when bins close on the right, with 0.85 when they close on the left."""
    right = calibration([0.75, 0.8, 0.85], [1, 0, 1], bins=5)
    left = calibration([0.75, 0.8, 0.85], [1, 0, 1], bins=5, right_closed=False)
    assert isinstance(right, Calibration)
    assert isinstance(left, Calibration)
    assert right.ece == pytest.approx((0.55 + 0.15) / 3)
    assert left.ece == pytest.approx((0.25 + 0.65) / 3)


@pytest.mark.parametrize(
    ("votes", "label"),
    [
        (["A", "A", "B"], "A"),
        (["A", "B"], None),
        (["A", "B", None], None),
        (["A", None, None], "A"),
        (["A", "B", "C", "A"], None),
        ([None], None),
        ([], None),
    ],
)
def test_majority_is_more_than_half_of_the_counted_votes(votes: list[str | None], label: str | None) -> None:
    assert majority(votes) == label


def test_leaders_of_a_tie() -> None:
    assert leaders(["B", "A", None, "C", "A", "B"]) == ["A", "B"]


def test_position_swap_of_nothing_is_undefined() -> None:
    empty = position_swap([])
    assert isinstance(empty.invalid_rate, Undefined)
    assert isinstance(empty.position_consistency, Undefined)
    assert isinstance(empty.first_position_rate, Undefined)


def test_a_judge_that_always_prints_a_is_half_right_and_never_consistent() -> None:
    swap = position_swap([SwapRow("A", "A", label) for label in ("A", "B", "A")])
    assert swap.first_position_rate == 1.0
    assert swap.position_consistency == 0.0
    assert swap.mean_accuracy_tie_half == 0.5
    assert swap.strict_accuracy == 0.0


def test_a_case_without_a_label_counts_in_no_accuracy() -> None:
    swap = position_swap([SwapRow("A", "B", "A"), SwapRow("A", "A", None)])
    assert (swap.n, swap.first_position_rate, swap.position_consistency) == (2, 0.75, 0.5)
    assert (swap.strict_accuracy, swap.mean_accuracy_tie_half, swap.single_order_accuracy) == (1.0, 1.0, 1.0)
    with pytest.raises(ValueError, match="A label is A, B or null"):
        position_swap([SwapRow("A", "B", "tie")])


def test_unknown_letters_are_refused() -> None:
    with pytest.raises(ValueError, match="A, B, tie or null"):
        position_swap([SwapRow("C", "A", "A")])


def test_ceiling_without_majorities_is_undefined() -> None:
    ceiling = human_ceiling([["A", "B"], [None, None]], ["A", None])
    assert isinstance(ceiling.judge_vs_majority, Undefined)
    assert ceiling.judge_vs_each_rater == 0.5
    assert ceiling.mean_pairwise_agreement == 0.0
