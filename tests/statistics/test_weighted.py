"""Weighted and chance-corrected coefficients, alpha's levels, intraclass correlations: published values."""

import warnings

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from consilium.statistics import kappa, krippendorff
from consilium.statistics.agreement_weights import agreement_weights
from consilium.statistics.cases import compute
from consilium.statistics.coefficients import AC1, ac2
from consilium.statistics.intraclass import FORMS, intraclass_correlations
from consilium.statistics.ratings import Rating, cross_table
from consilium.statistics.undefined import Undefined

# Gwet's 100 pregnancies by two abstractors: values printed in the overview of the R package irrCAC.
ABSTRACTORS = [[13, 0, 0], [0, 20, 7], [0, 4, 56]]
# Krippendorff's example D, which irrCAC calls cac.raw4raters.
FOUR: list[list[Rating]] = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
    [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
]
SHROUT_FLEISS = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
TABLES = st.lists(st.lists(st.integers(0, 9), min_size=4, max_size=4), min_size=4, max_size=4)


@pytest.mark.parametrize(
    ("statistic", "given_input", "published"),
    [
        ("cohen_kappa", {"table": ABSTRACTORS}, 0.7964094),
        ("scott_pi", {"table": ABSTRACTORS}, 0.7962397),
        ("gwet_ac1", {"table": ABSTRACTORS}, 0.8493305),
        ("brennan_prediger", {"table": ABSTRACTORS}, 0.835),
        ("krippendorff_alpha_nominal", {"table": ABSTRACTORS}, 0.7972585),
        ("gwet_ac1", {"ratings": FOUR}, 0.775444),
        ("krippendorff_alpha_interval", {"ratings": FOUR}, 0.849),
        ("krippendorff_alpha_ratio", {"ratings": FOUR}, 0.797),
    ],
)
def test_published(statistic: str, given_input: dict[str, object], published: float) -> None:
    digits = len(str(published).split(".")[1])
    assert compute(statistic, given_input) == pytest.approx(published, abs=0.6 * 10.0**-digits, rel=0)


def test_intraclass_correlations_are_those_of_shrout_and_fleiss() -> None:
    found = intraclass_correlations(SHROUT_FLEISS)
    printed = dict(zip(FORMS, (0.17, 0.29, 0.71, 0.44, 0.62, 0.91), strict=True))
    assert found == {form: pytest.approx(value, abs=0.005) for form, value in printed.items()}


@given(
    st.lists(st.lists(st.integers(0, 5), min_size=3, max_size=3), min_size=2, max_size=8),
    st.sampled_from([0.25, 1.0, 8.0]),
    st.integers(-(10**6), 10**6),
)
def test_unit_and_zero_do_not_change_intraclass_correlations(
    ratings: list[list[float]], unit: float, zero: int
) -> None:
    moved = [[(value + zero) * unit for value in row] for row in ratings]
    for one, other in zip(
        intraclass_correlations(ratings).values(), intraclass_correlations(moved).values(), strict=True
    ):
        assert one == other if isinstance(one, Undefined) else other == pytest.approx(one)


def test_ratings_that_do_not_vary_have_no_intraclass_correlation() -> None:
    for ratings in ([[3, 3], [3, 3]], [[1, 2]], [[1], [2]]):
        assert all(isinstance(one, Undefined) for one in intraclass_correlations(ratings).values())
    with pytest.raises(ValueError, match="none missing"):
        intraclass_correlations([[1, None], [1, 2]])  # type: ignore[list-item]


@pytest.mark.parametrize("kind", ["linear", "quadratic"])
@given(table=TABLES)
def test_weighted_kappa_agrees_with_statsmodels(kind: str, table: list[list[int]]) -> None:
    value = kappa.cohen_kappa(table, kind)
    assume(not isinstance(value, Undefined))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from statsmodels.stats.inter_rater import cohens_kappa

        reference = cohens_kappa(np.array(table), wt=kind).kappa
    assert value == pytest.approx(reference, abs=1e-9)


@given(TABLES)
def test_two_categories_need_no_weights(table: list[list[int]]) -> None:
    two = [row[:2] for row in table[:2]]
    for coefficient in (kappa.cohen_kappa, kappa.scott_pi, kappa.brennan_prediger):
        plain = coefficient(two)
        for kind in ("linear", "quadratic", "ordinal"):
            assert coefficient(two, kind) == plain
    assert kappa.of_table(ac2(agreement_weights("linear", [1, 2])), two) == kappa.of_table(AC1, two)


@given(TABLES)
def test_kappa_like_coefficients_do_not_depend_on_who_is_first_nor_on_duplication(
    table: list[list[int]],
) -> None:
    turned, doubled = np.array(table).T, 2 * np.array(table)
    for coefficient in (kappa.cohen_kappa, kappa.scott_pi, kappa.brennan_prediger):
        for kind in ("unweighted", "quadratic"):
            value = coefficient(table, kind)
            for other in (coefficient(turned, kind), coefficient(doubled, kind)):
                if isinstance(value, Undefined):
                    assert other == value
                else:
                    assert other == pytest.approx(value, abs=1e-9)


def test_ac2_is_ac1_without_weights_and_higher_where_ratings_are_near() -> None:
    plain = ac2(agreement_weights("unweighted", range(5)))
    near = [[3, 1, 0, 0, 0], [0, 2, 2, 0, 0], [0, 0, 0, 1, 3], [4, 0, 0, 0, 0]]
    assert plain.of(near) == pytest.approx(AC1.of(near))
    values = [ac2(agreement_weights(kind, range(5))).of(near) for kind in ("linear", "ordinal", "quadratic")]
    assert [AC1.of(near), *values] == sorted([AC1.of(near), *values])  # type: ignore[type-var]


def test_ac2_by_hand() -> None:
    """Two raters, categories 1, 2, 3, quadratic weights 1, 3/4, 0: one pair equal, one next to each other.

    Agreement (1 + 3/4) / 2; shares 1/2, 1/4, 1/4; the weights sum to 6, so chance is 6 / (3 x 2) x 5/8.
    """
    weights = agreement_weights("quadratic", [1, 2, 3])
    value = ac2(weights).of([[2, 0, 0], [0, 1, 1]])
    assert value == pytest.approx((7 / 8 - 5 / 8) / (1 - 5 / 8))


def test_weights_are_those_of_irrcac() -> None:
    """Its vignette on weighting prints these for the categories 1 to 3."""
    for kind, middle in (("linear", 0.5), ("ordinal", 2 / 3), ("quadratic", 0.75)):
        expected = [[1, middle, 0], [middle, 1, middle], [0, middle, 1]]
        assert agreement_weights(kind, [1, 2, 3]) == pytest.approx(np.array(expected))
    assert agreement_weights("linear", [1, 2, 5])[0, 1] == 0.75
    assert agreement_weights("linear", [-1e308, 0, 1e308])[0, 1] == 0.5
    for kind, values in (("cubic", [1, 2]), ("linear", [1, 1]), ("linear", [1, float("nan")])):
        with pytest.raises(ValueError, match=r"Weights are|distinct numbers"):
            agreement_weights(kind, values)


@given(st.lists(st.lists(st.sampled_from([1, 2, 3, None]), min_size=8, max_size=8), min_size=2, max_size=2))
def test_a_table_and_the_ratings_behind_it_give_the_same(ratings: list[list[int | None]]) -> None:
    both = [pair for pair in zip(*ratings, strict=True) if None not in pair]
    table = [[both.count((one, other)) for other in (1, 2, 3)] for one in (1, 2, 3)]
    order = [1, 2, 3]
    for statistic in ("cohen_kappa", "cohen_kappa_quadratic", "scott_pi", "brennan_prediger", "pabak"):
        from_ratings = compute(statistic, {"ratings": ratings, "order": order})
        assert from_ratings == compute(statistic, {"table": table}), statistic
    pairs = [[one for one, _ in both], [other for _, other in both]]
    for statistic in ("gwet_ac1", "gwet_ac2"):
        from_ratings = compute(statistic, {"ratings": pairs, "order": order})
        assert_same(from_ratings, compute(statistic, {"table": table}))
    for level in ("nominal", "ordinal", "interval", "ratio"):
        given_table = {"table": table, "values": order}
        given_pairs = {"coincidences": (np.array(table) + np.array(table).T).tolist(), "values": order}
        from_ratings = compute(f"krippendorff_alpha_{level}", {"ratings": pairs})
        for given_input in (given_table, given_pairs):
            assert_same(from_ratings, compute(f"krippendorff_alpha_{level}", given_input))


def assert_same(one: object, other: object) -> None:
    assert one == other if isinstance(one, dict) else one == pytest.approx(other, abs=1e-9)


def test_texts_are_ranked_by_the_order_that_is_given() -> None:
    ratings = [["low", "high", "mid"], ["low", "mid", "mid"]]
    with pytest.raises(ValueError, match="give their order"):
        krippendorff.alpha_ordinal(ratings)
    ranked = krippendorff.alpha_ordinal(ratings, ["low", "mid", "high"])
    assert ranked == krippendorff.alpha_ordinal([[1, 3, 2], [1, 2, 2]])
    assert ranked != krippendorff.alpha_ordinal(ratings, ["high", "low", "mid"])
    with pytest.raises(ValueError, match="does not hold the rating 'mid'"):
        krippendorff.alpha_ordinal(ratings, ["low", "high"])
    assert compute("cohen_kappa_linear", {"ratings": ratings, "order": ["low", "mid", "high"]}) == (
        compute("cohen_kappa_linear", {"ratings": [[1, 3, 2], [1, 2, 2]]})
    )


def test_large_numbers_lose_nothing() -> None:
    """Differences of one beside a thousand million, and squares beyond what a float holds."""
    small = krippendorff.alpha_interval([[1, 2, 3, 1], [1, 2, 3, 2]])
    assert krippendorff.alpha_interval([[10**9 + 1, 10**9 + 2, 10**9 + 3, 10**9 + 1],
                                        [10**9 + 1, 10**9 + 2, 10**9 + 3, 10**9 + 2]]) == small  # fmt: skip
    assert krippendorff.alpha_interval([[1e300, 2e300, 3e300, 1e300],
                                        [1e300, 2e300, 3e300, 2e300]]) == pytest.approx(small)  # fmt: skip


def test_levels_refuse_what_they_cannot_measure() -> None:
    with pytest.raises(ValueError, match="takes numbers"):
        krippendorff.alpha_interval([["1", "2"], ["1", "2"]])
    with pytest.raises(ValueError, match="no negative number"):
        krippendorff.alpha_ratio([[-1, 2], [1, 2]])
    with pytest.raises(ValueError, match="value of every category"):
        krippendorff.alpha_of_table([[1, 2], [0, 1]], "ratio")
    with pytest.raises(ValueError, match="symmetric"):
        krippendorff.alpha_of_coincidences(np.array([[1.0, 2.0], [0.0, 1.0]]), "nominal")
    with pytest.raises(ValueError, match="The level is"):
        krippendorff.alpha_of_coincidences(np.eye(2), "cardinal")


def test_two_raters_are_two() -> None:
    with pytest.raises(ValueError, match="two raters"):
        cross_table([[1, 2], [1, 2], [1, 2]], [1, 2])
    with pytest.raises(ValueError, match="one value"):
        kappa.cohen_kappa([[1, 0], [0, 1]], "linear", [1, 2, 3])
