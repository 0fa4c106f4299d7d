"""Statistics by name from JSON input: what `python -m consilium.statistics` computes."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from consilium.answers import verdicts
from consilium.statistics import adjusted_p, kappa, krippendorff
from consilium.statistics.bradley_terry import BradleyTerry, Games, bradley_terry, odds_multiplier
from consilium.statistics.calibration import calibration
from consilium.statistics.clustered import mean_error
from consilium.statistics.coefficients import AC1, FLEISS, PERCENT, UNANIMITY, Coefficient
from consilium.statistics.dawid_skene import dawid_skene
from consilium.statistics.human_ceiling import human_ceiling
from consilium.statistics.intervals import clopper_pearson, wilson
from consilium.statistics.json_form import as_json
from consilium.statistics.mcnemar import mcnemar
from consilium.statistics.paired import difference_of_proportions, sign_flip_p
from consilium.statistics.position_swap import SwapRow, position_swap
from consilium.statistics.undefined import Undefined

Input = Mapping[str, Any]


class BadCaseError(ValueError):
    """A case that cannot be computed as written; the message says what is wrong."""


def compute(statistic: str, given: Input) -> Any:
    """The statistic as JSON-ready data; what does not exist is `{"undefined": why}`.

    Raises:
        BadCaseError: an unknown statistic, or input that does not fit it.
    """
    if statistic not in STATISTICS:
        raise BadCaseError(f"unknown statistic {statistic!r}; known: {', '.join(sorted(STATISTICS))}")
    if not isinstance(given, Mapping):
        raise BadCaseError("the input must be an object")
    try:
        return as_json(STATISTICS[statistic](given))
    except KeyError as error:
        raise BadCaseError(f"the input lacks {error}") from error
    except (TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
        raise BadCaseError(f"the input does not fit {statistic}: {error}") from error


def _counts(coefficient: Coefficient) -> Callable[[Input], Any]:
    """A coefficient of counts per item, or of the table of two raters."""

    def from_input(given: Input) -> Any:
        if "counts" in given:
            return coefficient.of(given["counts"])
        return kappa.of_table(coefficient, given["table"])

    return from_input


def _dawid_skene(given: Input) -> Any:
    fitted = dawid_skene(
        given["item_rater_label_0based"],
        items=given["n_items"],
        raters=given["n_raters"],
        classes=given["n_classes"],
    )
    if isinstance(fitted, Undefined):
        return fitted
    return {
        "class_marginals": fitted.marginals.tolist(),
        "labels_0based": fitted.labels,
        "log_likelihood": fitted.log_likelihood,
        "rater1_confusion": fitted.confusion[0].tolist(),
        "confusion": fitted.confusion.tolist(),
        "min_top_posterior": float(fitted.posterior.max(axis=1).min()),
        "items_where_DS_differs_from_plurality_0based": fitted.differing,
        "plurality_ties_0based": fitted.plurality_ties,
        "iterations": fitted.iterations,
    }


def _strengths(fitted: BradleyTerry) -> dict[str, Any]:
    return {
        "ability_share": fitted.ability_share,
        "ability": fitted.ability,
        "log_likelihood": fitted.log_likelihood,
    }


def _bradley_terry_ordered(given: Input) -> Any:
    games = [Games(*row) for row in given["games_home_away_homewins_awaywins"]]
    fitted = bradley_terry(games, order_effect=True, ridge=given.get("ridge", 0.0))
    if isinstance(fitted, Undefined):
        return fitted
    return {
        "order_effect_logit": fitted.order_effect,
        "odds_multiplier": odds_multiplier(fitted.order_effect),
        **_strengths(fitted),
    }


def _bradley_terry(given: Input) -> Any:
    wins = given["wins"]
    games = [
        Games(winner, loser, count, 0) for winner, beaten in wins.items() for loser, count in beaten.items()
    ]
    fitted = bradley_terry(games, players=list(wins), ridge=given.get("ridge", 0.0))
    return fitted if isinstance(fitted, Undefined) else _strengths(fitted)


def _binomial(given: Input) -> Any:
    successes, n, level = given["successes"], given["n"], given.get("level", 0.95)
    if n == 0:
        return wilson(successes, n, level)
    return {
        "wilson": wilson(successes, n, level),
        "clopper_pearson": clopper_pearson(successes, n, level),
    }


def _multiple_testing(given: Input) -> Any:
    p, alpha = given["p"], given.get("alpha", 0.05)
    adjusted = {
        "bh": adjusted_p.benjamini_hochberg(p),
        "holm": adjusted_p.holm(p),
        "bonferroni": adjusted_p.bonferroni(p),
    }
    rejected = {f"{name}_rejected": adjusted_p.rejected(values, alpha) for name, values in adjusted.items()}
    return {**rejected, **{f"{name}_adjusted": values for name, values in adjusted.items()}}


def _paired(given: Input) -> Any:
    result = difference_of_proportions(
        both_right=given["both_right"],
        only_first_right=given["only_A_right"],
        only_second_right=given["only_B_right"],
        both_wrong=given["both_wrong"],
    )
    if isinstance(result, Undefined):
        return result
    return {
        "difference": result.difference,
        "analytic_se": result.analytic_se,
        "wald_ci95": result.wald,
        "bootstrap_ci95": result.bootstrap,
    }


def _clustered(given: Input) -> Any:
    result = mean_error(given["scores"], given["clusters"])
    return {
        "mean": result.mean,
        "se_iid": result.se_iid,
        "se_cluster_cr0": result.se_cluster,
        "se_cluster_C_over_Cminus1": result.se_cluster_corrected,
    }


def _calibration(given: Input) -> Any:
    low, high = given.get("bin_range", (0.5, 1.0))
    return calibration(
        given["confidence_in_chosen"],
        given["correct"],
        bins=given.get("bins", 10),
        bin_range=(low, high),
        right_closed=given.get("right_closed", True),
    )


def _position_swap(given: Input) -> Any:
    swap = position_swap([SwapRow(*row) for row in given["rows_order1_letter__order2_letter__human"]])
    names = {
        "strict_accuracy": "strict_accuracy_both_orders_right_invalid_wrong",
        "mean_accuracy_tie_half": "mean_accuracy_over_orders_tie_half_invalid_zero",
    }
    return {names.get(name, name): value for name, value in as_json(swap).items()}


def _human_ceiling(given: Input) -> Any:
    names = {
        "leave_one_out": "leave_one_out_vs_other_two_tie_half",
        "rater_vs_majority": "rater_vs_majority_incl_self_biased",
        "judge_vs_each_rater": "judge_vs_each_rater_mean",
        "alpha": "krippendorff_alpha_nominal",
    }
    ceiling = human_ceiling(given["votes_items_by_raters"], given["judge"])
    return {names.get(name, name): value for name, value in as_json(ceiling).items()}


def _judge_parsing(given: Input) -> Any:
    return {name: verdicts.parse_verdict(text).verdicts for name, text in given.items()}


def _sign_flip(given: Input) -> Any:
    return sign_flip_p(given["first"], given["second"], given["clusters"])


STATISTICS: Final[dict[str, Callable[[Input], Any]]] = {
    "krippendorff_alpha_nominal": lambda given: krippendorff.alpha_nominal(given["ratings"]),
    "krippendorff_alpha_ordinal": lambda given: krippendorff.alpha_ordinal(given["ratings"]),
    "fleiss_kappa": _counts(FLEISS),
    "gwet_ac1": _counts(AC1),
    "percent_agreement": _counts(PERCENT),
    "unanimity": _counts(UNANIMITY),
    "cohen_kappa": lambda given: kappa.cohen_kappa(given["table"]),
    "pabak": lambda given: kappa.pabak(given["table"]),
    "dawid_skene_em": _dawid_skene,
    "bradley_terry_mle_with_order_effect": _bradley_terry_ordered,
    "bradley_terry_mle": _bradley_terry,
    "mcnemar": lambda given: mcnemar(given["table"]),
    "binomial_ci": _binomial,
    "multiple_testing": _multiple_testing,
    "paired_bootstrap_accuracy_difference": _paired,
    "clustered_standard_error_of_mean": _clustered,
    "sign_flip_test": _sign_flip,
    "ece_brier": _calibration,
    "position_swap": _position_swap,
    "human_ceiling": _human_ceiling,
    "judge_output_parsing": _judge_parsing,
}
