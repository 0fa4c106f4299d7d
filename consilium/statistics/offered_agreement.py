"""Agreement of raters, from JSON: a table of two, counts per item, raw ratings or coincidences."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from consilium.statistics import kappa, krippendorff
from consilium.statistics.agreement_weights import agreement_weights
from consilium.statistics.coefficients import AC1, FLEISS, PERCENT, UNANIMITY, Coefficient, ac2
from consilium.statistics.intraclass import intraclass_correlations
from consilium.statistics.offered import Input, Offered
from consilium.statistics.ratings import (
    Array,
    as_counts,
    as_square,
    categories_of,
    count_matrix,
    cross_table,
    ranked_categories,
    transpose,
)

_TABLE: Final = "{table: [[n]], values?: [x]}"
_RATINGS: Final = "{ratings: raters x items, null = missing, order?: [category]}"
_COUNTS: Final = "{counts: items x categories}"
_ALL: Final = f"{_TABLE}, {_COUNTS} or {_RATINGS}"
_WEIGHTS: Final = "; weights: unweighted, linear, quadratic or ordinal"


def _categories(given: Input, *, ranked: bool) -> list[Any]:
    read = ranked_categories if ranked else categories_of
    return read(given["ratings"], given.get("order", given.get("categories")))


def _values(given: Input, categories: Sequence[Any]) -> list[Any]:
    """What the categories measure: as given, numbers themselves, texts by their rank."""
    if "values" in given:
        return list(given["values"])
    is_measured = all(isinstance(one, int | float) and not isinstance(one, bool) for one in categories)
    return list(categories if is_measured else range(len(categories)))


def _two_raters(statistic: Callable[..., Any], weights: str = "unweighted") -> Callable[[Input], Any]:
    def from_input(given: Input) -> Any:
        chosen = given.get("weights", weights)
        if "table" in given or "ratings" not in given:
            return statistic(given["table"], chosen, given.get("values"))
        categories = _categories(given, ranked=chosen != "unweighted")
        return statistic(cross_table(given["ratings"], categories), chosen, _values(given, categories))

    return from_input


def _per_item(given: Input, *, ranked: bool = False) -> tuple[Array, list[Any]]:
    """Counts of items by categories, and what the categories measure."""
    if "counts" in given:
        counts = as_counts(given["counts"])
        return counts, _values(given, range(counts.shape[1]))
    categories = _categories(given, ranked=ranked)
    return count_matrix(transpose(given["ratings"]), categories), _values(given, categories)


def _counts(coefficient: Coefficient) -> Callable[[Input], Any]:
    """A coefficient of counts per item, of the table of two raters, or of raw ratings."""

    def from_input(given: Input) -> Any:
        if "counts" in given or "ratings" in given:
            return coefficient.of(_per_item(given)[0])
        return kappa.of_table(coefficient, given["table"])

    return from_input


def _ac2(given: Input) -> Any:
    kind = given.get("weights", "quadratic")
    if "counts" in given or "ratings" in given:
        counts, values = _per_item(given, ranked=kind != "unweighted")
        return ac2(agreement_weights(kind, values)).of(counts)
    square = as_square(given["table"])
    return kappa.of_table(ac2(agreement_weights(kind, _values(given, range(len(square))))), square)


def _alpha(level: str) -> Callable[[Input], Any]:
    of_ratings: dict[str, Callable[[Input], Any]] = {
        "nominal": lambda given: krippendorff.alpha_nominal(given["ratings"]),
        "ordinal": lambda given: krippendorff.alpha_ordinal(given["ratings"], given.get("order")),
        "interval": lambda given: krippendorff.alpha_interval(given["ratings"]),
        "ratio": lambda given: krippendorff.alpha_ratio(given["ratings"]),
    }

    def from_input(given: Input) -> Any:
        if "table" in given:
            return krippendorff.alpha_of_table(given["table"], level, given.get("values"))
        if "coincidences" in given:
            return krippendorff.alpha_of_coincidences(given["coincidences"], level, given.get("values"))
        return of_ratings[level](given)

    return from_input


_ALPHA: Final = f"{_RATINGS}, {_TABLE} or {{coincidences: [[x]], values?: [x]}}"
_KRIPPENDORFF: Final = "Krippendorff 2011, Computing Krippendorff's alpha-reliability"
_COHEN: Final = "Cohen 1960, Educ Psychol Meas 20:37"
_COHEN_WEIGHTED: Final = "Cohen 1968, Psychological Bulletin 70:213"

AGREEMENT: Final[dict[str, Offered]] = {
    **{
        f"krippendorff_alpha_{level}": Offered(_alpha(level), _ALPHA, _KRIPPENDORFF)
        for level in ("nominal", "ordinal", "interval", "ratio")
    },
    "fleiss_kappa": Offered(_counts(FLEISS), _ALL, "Fleiss 1971, Psychological Bulletin 76:378"),
    "gwet_ac1": Offered(_counts(AC1), _ALL, "Gwet 2008, Br J Math Stat Psychol 61:29"),
    "gwet_ac2": Offered(_ac2, _ALL + _WEIGHTS, "Gwet 2014, Handbook of Inter-Rater Reliability"),
    "percent_agreement": Offered(_counts(PERCENT), _ALL, "mean share of agreeing pairs of ratings per item"),
    "unanimity": Offered(_counts(UNANIMITY), _ALL, "share of items whose ratings all agree"),
    "cohen_kappa": Offered(_two_raters(kappa.cohen_kappa), f"{_TABLE} or {_RATINGS}{_WEIGHTS}", _COHEN),
    "cohen_kappa_unweighted": Offered(_two_raters(kappa.cohen_kappa), f"{_TABLE} or {_RATINGS}", _COHEN),
    "cohen_kappa_linear": Offered(
        _two_raters(kappa.cohen_kappa, "linear"), f"{_TABLE} or {_RATINGS}", _COHEN_WEIGHTED
    ),
    "cohen_kappa_quadratic": Offered(
        _two_raters(kappa.cohen_kappa, "quadratic"), f"{_TABLE} or {_RATINGS}", _COHEN_WEIGHTED
    ),
    "scott_pi": Offered(
        _two_raters(kappa.scott_pi),
        f"{_TABLE} or {_RATINGS}{_WEIGHTS}",
        "Scott 1955, Public Opinion Quarterly 19:321",
    ),
    "brennan_prediger": Offered(
        _two_raters(kappa.brennan_prediger),
        f"{_TABLE} or {_RATINGS}{_WEIGHTS}",
        "Brennan & Prediger 1981, Educ Psychol Meas 41:687",
    ),
    "pabak": Offered(
        _two_raters(kappa.brennan_prediger),
        f"{_TABLE} or {_RATINGS}",
        "Byrt et al. 1993, J Clin Epidemiol 46:423",
    ),
    "icc": Offered(
        lambda given: intraclass_correlations(given["ratings_targets_by_judges"]),
        "{ratings_targets_by_judges: [[x]]}",
        "Shrout & Fleiss 1979, Psychological Bulletin 86:420",
    ),
}
