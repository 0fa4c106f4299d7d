"""Agreement coefficients: other implementations, invariances, and what is undefined."""

import itertools
import math
import warnings

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from consilium.statistics import kappa, krippendorff
from consilium.statistics.coefficients import (
    AC1,
    FLEISS,
    alpha_nominal_of_counts,
    fleiss_kappa,
    gwet_ac1,
    percent_agreement,
    unanimity,
)
from consilium.statistics.ratings import Rating, count_matrix, transpose
from consilium.statistics.undefined import Undefined

LABELS = ["a", "b", "c"]
VALUES: dict[Rating, Rating] = {"a": 0, "b": 1.5, "c": 7}
ITEM = st.lists(st.sampled_from([*LABELS, None]), min_size=3, max_size=3)
ITEMS = st.lists(ITEM, min_size=2, max_size=12)
Items = list[list[Rating]]


def same(one: float | Undefined, other: float | Undefined) -> bool:
    if isinstance(one, Undefined) or isinstance(other, Undefined):
        return one == other
    return one == pytest.approx(other, abs=1e-12)


@given(ITEMS)
def test_alpha_of_counts_equals_alpha_of_ratings(items: Items) -> None:
    from_counts = alpha_nominal_of_counts(count_matrix(items, LABELS))
    from_ratings = krippendorff.alpha_nominal(transpose(items))
    assert isinstance(from_counts, Undefined) == isinstance(from_ratings, Undefined)
    if not isinstance(from_counts, Undefined):
        assert same(from_counts, from_ratings)


@given(ITEMS, st.permutations(LABELS), st.randoms(use_true_random=False))
def test_relabelling_and_reordering_change_nothing(items: Items, names: list[str], order: object) -> None:
    renamed = dict(zip(LABELS, names, strict=True))
    moved: Items = [[renamed.get(str(rating)) for rating in reversed(item)] for item in reversed(items)]
    for coefficient in (alpha_nominal_of_counts, fleiss_kappa, gwet_ac1, percent_agreement, unanimity):
        assert same(coefficient(count_matrix(items, LABELS)), coefficient(count_matrix(moved, LABELS)))


@given(ITEMS)
def test_alpha_agrees_with_the_krippendorff_package(items: Items) -> None:
    package = pytest.importorskip("krippendorff")
    ours = {
        "nominal": krippendorff.alpha_nominal,
        "ordinal": krippendorff.alpha_ordinal,
        "interval": krippendorff.alpha_interval,
        "ratio": krippendorff.alpha_ratio,
    }
    raters: Items = [[VALUES.get(rating) for rating in row] for row in transpose(items)]
    data = np.array(raters, dtype=float)
    for level, alpha in ours.items():
        value = alpha(raters)
        assume(not isinstance(value, Undefined))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = package.alpha(reliability_data=data, level_of_measurement=level)
        assert value == pytest.approx(expected, abs=1e-9)


@given(st.lists(st.lists(st.sampled_from(LABELS), min_size=4, max_size=4), min_size=2, max_size=10))
def test_fleiss_agrees_with_statsmodels(items: Items) -> None:
    counts = count_matrix(items, LABELS)
    value = fleiss_kappa(counts)
    assume(not isinstance(value, Undefined))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from statsmodels.stats.inter_rater import fleiss_kappa as reference
    assert value == pytest.approx(reference(counts), abs=1e-9)


@pytest.mark.parametrize("coefficient", [fleiss_kappa, alpha_nominal_of_counts])
def test_unanimous_ratings_of_one_category_are_undefined(coefficient: object) -> None:
    value = coefficient([[3, 0], [3, 0]])  # type: ignore[operator]
    assert isinstance(value, Undefined)
    assert "one category" in value.reason


def test_unanimous_ratings_of_one_category_agree_where_chance_is_not_complete() -> None:
    assert gwet_ac1([[3, 0], [3, 0]]) == 1.0
    assert percent_agreement([[3, 0], [3, 0]]) == 1.0
    assert unanimity([[3, 0], [2, 1]]) == 0.5


def test_perfect_agreement_over_two_categories_is_one() -> None:
    for coefficient in (fleiss_kappa, alpha_nominal_of_counts, gwet_ac1):
        assert coefficient([[3, 0], [0, 3], [3, 0]]) == pytest.approx(1.0)


@pytest.mark.parametrize(
    "coefficient", [fleiss_kappa, alpha_nominal_of_counts, gwet_ac1, percent_agreement, unanimity]
)
def test_nothing_to_pair_is_undefined(coefficient: object) -> None:
    for counts in ([[1, 0], [0, 1]], np.zeros((0, 2))):
        assert isinstance(coefficient(counts), Undefined)  # type: ignore[operator]


def test_single_ratings_do_not_count_as_agreement() -> None:
    assert percent_agreement([[1, 0], [1, 1]]) == 0.0


def test_prevalence_paradox() -> None:
    """94 % agreement, yet kappa is below zero; AC1 and PABAK beside it show why both are printed."""
    table = [[118, 5], [2, 0]]
    values = [kappa.cohen_kappa(table), kappa.of_table(AC1, table), kappa.pabak(table)]
    assert [round(value, 3) for value in values if not isinstance(value, Undefined)] == [-0.023, 0.941, 0.888]


def test_a_table_equals_its_items_written_out() -> None:
    table = [[4, 1], [2, 3]]
    items = [
        [first, second]
        for first, second in itertools.product(range(2), range(2))
        for _ in range(table[first][second])
    ]
    counts = count_matrix(items, [0, 1])
    for coefficient in (AC1, FLEISS):
        assert same(kappa.of_table(coefficient, table), coefficient.of(counts))


def test_cohen_agrees_with_statsmodels() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from statsmodels.stats.inter_rater import cohens_kappa
    table = [[10, 2, 3], [1, 8, 0], [4, 1, 9]]
    assert kappa.cohen_kappa(table) == pytest.approx(cohens_kappa(np.array(table)).kappa)


@pytest.mark.parametrize("statistic", [kappa.cohen_kappa, kappa.pabak])
def test_empty_and_one_category_tables_are_undefined(statistic: object) -> None:
    assert isinstance(statistic([[0, 0], [0, 0]]), Undefined)  # type: ignore[operator]
    assert isinstance(statistic([[5]]), Undefined)  # type: ignore[operator]


@pytest.mark.parametrize("counts", [[[1, -1]], [[0.5, 1]], [[1, 2], [1]], [1, 2], [["x"]], [[float("nan")]]])
def test_bad_counts_are_refused(counts: list) -> None:
    with pytest.raises(ValueError, match="rectangle"):
        fleiss_kappa(counts)


def test_bad_tables_and_ratings_are_refused() -> None:
    with pytest.raises(ValueError, match="square"):
        kappa.cohen_kappa([[1, 2, 3], [4, 5, 6]])
    with pytest.raises(ValueError, match="one entry per item"):
        krippendorff.alpha_nominal([[1, 2], [1]])
    with pytest.raises(ValueError, match="not one of the categories"):
        count_matrix([["C"]], ["A", "B"])
    cases: list[tuple[list[list[Rating]], str]] = [
        ([[1, "a"], [1, "a"]], "mix numbers and texts"),
        ([[1, 0], [True, False]], "mix numbers and true or false"),
        ([["A", ""], ["A", "A"]], "missing rating as null"),
        ([["A", "nan"], ["A", "A"]], "missing rating as null"),
        ([[1, math.inf], [1, 1]], "missing rating as null"),
        ([[(1,)], [1]], "a number, a text"),
    ]
    for ratings, message in cases:
        with pytest.raises(ValueError, match=message):
            krippendorff.alpha_nominal(ratings)
