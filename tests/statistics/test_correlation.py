"""Pearson's r with its bootstrap error, Kendall's tau-b, and adjusted p-values that miss one."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from consilium.statistics.adjusted_p import benjamini_hochberg, benjamini_yekutieli, holm
from consilium.statistics.correlation import kendall_tau_b, pearson_correlation
from consilium.statistics.intervals import Interval, clopper_pearson, wilson
from consilium.statistics.mcnemar import mcnemar, table_of_pairs
from consilium.statistics.undefined import Undefined

# Efron's fifteen law schools: r = 0.776, bootstrap standard error 0.13.
LSAT = [576, 635, 558, 578, 666, 580, 555, 661, 651, 605, 653, 575, 545, 572, 594]
GPA = [3.39, 3.30, 2.81, 3.03, 3.44, 3.07, 3.00, 3.43, 3.36, 3.13, 3.12, 2.74, 2.76, 2.88, 2.96]
LISTS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=2, max_size=40)


def test_law_schools() -> None:
    found = pearson_correlation(LSAT, GPA, replicates=20_000)
    assert found.r == pytest.approx(0.776, abs=0.0005)
    assert found.bootstrap_se == pytest.approx(0.132, abs=0.003)


def test_a_large_zero_changes_no_correlation() -> None:
    moved = pearson_correlation([10**9 + value for value in LSAT], GPA).r
    assert moved == pytest.approx(pearson_correlation(LSAT, GPA).r, abs=1e-9)


@given(LISTS)
def test_tau_b_agrees_with_scipy(pairs: list[tuple[int, int]]) -> None:
    from scipy import stats

    x, y = [one for one, _ in pairs], [other for _, other in pairs]
    value = kendall_tau_b(x, y)
    assume(not isinstance(value, Undefined))
    assert value == pytest.approx(stats.kendalltau(x, y).statistic, abs=1e-9)


@given(LISTS)
def test_order_and_direction(pairs: list[tuple[int, int]]) -> None:
    x, y = [one for one, _ in pairs], [other for _, other in pairs]
    value = kendall_tau_b(x, y)
    if isinstance(value, Undefined):
        return
    assert kendall_tau_b(y[::-1], x[::-1]) == pytest.approx(value)
    assert kendall_tau_b(x, [-one for one in y]) == pytest.approx(-value)


def test_lists_without_correlation() -> None:
    for x, y in (([], []), ([1], [1]), ([1, 1, 1], [1, 2, 3])):
        assert isinstance(kendall_tau_b(x, y), Undefined)
        assert isinstance(pearson_correlation(x, y).r, Undefined)
    rare = pearson_correlation([0, 0, 0, 0, 1], [0, 1, 0, 1, 1])
    assert isinstance(rare.bootstrap_se, Undefined)
    assert not isinstance(rare.r, Undefined)
    for bad in ([1, 2], [1, 2, math.nan]):
        with pytest.raises(ValueError, match=r"every item|none is missing"):
            kendall_tau_b([1, 2, 3], bad)


P = st.lists(st.one_of(st.none(), st.floats(0, 1)), max_size=12)


@given(P)
def test_a_missing_p_stays_missing_and_changes_nothing(p: list[float | None]) -> None:
    known = [value for value in p if value is not None]
    for adjust in (benjamini_hochberg, benjamini_yekutieli, holm):
        adjusted = adjust(p)
        assert [value for value in adjusted if value is not None] == adjust(known)
        assert [value is None for value in adjusted] == [value is None for value in p]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_yekutieli_agrees_with_statsmodels(p: list[float]) -> None:
    from statsmodels.stats.multitest import multipletests

    assert benjamini_yekutieli(p) == pytest.approx(multipletests(p, method="fdr_by")[1], abs=1e-12)


def test_ends_of_intervals_are_exact() -> None:
    for method in (wilson, clopper_pearson):
        nothing, everything = method(0, 10), method(10, 10)
        assert isinstance(nothing, Interval)
        assert isinstance(everything, Interval)
        assert (nothing.low, everything.high) == (0.0, 1.0)
        with pytest.raises(ValueError, match="strictly between"):
            method(1, 2, 1.5)
    with pytest.raises(ValueError, match="whole number"):
        clopper_pearson(0.5, 2)  # type: ignore[arg-type]


def test_mcnemar_of_two_lists() -> None:
    table = table_of_pairs([1, 1, 1, 0, 0], [1, 0, 0, 1, 0])
    assert table == [[1, 2], [1, 1]]
    assert mcnemar(table).p_exact == 1.0
    for first, second in (([1], [1, 0]), ([2], [1])):
        with pytest.raises(ValueError, match=r"0 or 1|argument 2"):
            table_of_pairs(first, second)
