"""Models of readers, judges and players, from JSON."""

from typing import Any, Final

from consilium.answers import verdicts
from consilium.statistics.alternative_annotator import alternative_annotator_test
from consilium.statistics.bradley_terry import (
    BradleyTerry,
    Games,
    bradley_terry,
    games_of_rows,
    odds_multiplier,
)
from consilium.statistics.dawid_skene import dawid_skene
from consilium.statistics.human_ceiling import human_ceiling
from consilium.statistics.json_form import as_json
from consilium.statistics.offered import Input, Offered
from consilium.statistics.position_swap import SwapRow, position_swap
from consilium.statistics.undefined import Undefined


def _dawid_skene(given: Input) -> Any:
    fitted = dawid_skene(
        given["item_rater_label_0based"],
        items=given["n_items"],
        raters=given["n_raters"],
        classes=given["n_classes"],
    )
    if isinstance(fitted, Undefined):
        return fitted
    labelled = [item for item, label in enumerate(fitted.labels) if label is not None]
    return {
        "class_marginals": fitted.marginals.tolist(),
        "labels_0based": fitted.labels,
        "log_likelihood": fitted.log_likelihood,
        "rater1_confusion": fitted.confusion[0].tolist(),
        "confusion": fitted.confusion.tolist(),
        "min_top_posterior": float(fitted.posterior[labelled].max(axis=1).min()),
        "items_where_DS_differs_from_plurality_0based": fitted.differing,
        "plurality_ties_0based": fitted.plurality_ties,
        "iterations": fitted.iterations,
    }


def _games(given: Input) -> tuple[list[Games], list[str]]:
    """What was played, and players who need not have."""
    if "wins" in given:
        games = [
            Games(winner, loser, count, 0)
            for winner, beaten in given["wins"].items()
            for loser, count in beaten.items()
        ]
        return games, list(given["wins"])
    if "rows" in given:
        return games_of_rows([tuple(row) for row in given["rows"]]), []
    return [Games(*row) for row in given["games_home_away_homewins_awaywins"]], []


def _bradley_terry(given: Input, *, order_effect: bool) -> Any:
    games, players = _games(given)
    fitted = bradley_terry(games, players=players, order_effect=order_effect, ridge=given.get("ridge", 0.0))
    if isinstance(fitted, Undefined):
        return fitted
    normalisation = given.get("normalisation")
    if normalisation is not None and "geometric" in str(normalisation):
        return fitted.geometric
    if normalisation is not None:
        raise ValueError(f"the normalisation is 'geometric mean 1' or left out, not {normalisation!r}")
    return {**_strengths(fitted, given.get("reference")), **(_order(fitted) if order_effect else {})}


def _strengths(fitted: BradleyTerry, reference: str | None) -> dict[str, Any]:
    strengths = {
        "ability_share": fitted.ability_share,
        "ability": fitted.ability,
        "ability_se": fitted.ability_se,
        "log_likelihood": fitted.log_likelihood,
        "ridge": fitted.ridge,
    }
    if reference is None:
        return strengths
    log_ability, errors = fitted.relative_to(reference)
    return {**strengths, "log_ability": log_ability, "log_ability_se": errors}


def _order(fitted: BradleyTerry) -> dict[str, Any]:
    return {
        "order_effect_logit": fitted.order_effect,
        "order_effect_se": fitted.order_effect_se,
        "odds_multiplier": odds_multiplier(fitted.order_effect),
    }


def _alternative_annotator(given: Input) -> Any:
    names = {
        "epsilon": "epsilon",
        "q_fdr": "q_fdr",
        "min_humans": "least_annotators",
        "min_instances": "least_items",
    }
    settings = {ours: given[theirs] for theirs, ours in names.items() if given.get(theirs) is not None}
    return {
        name: alternative_annotator_test(given["humans"], judge, **settings)
        for name, judge in given["llms"].items()
    }


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


_GAMES: Final = (
    "{wins: {winner: {loser: n}}}, "
    "{games_home_away_homewins_awaywins: [[home, away, home wins, away wins]]} or "
    "{rows: [[first, second, winner]]}; reference?, ridge?, normalisation?: geometric mean 1"
)
_BRADLEY: Final = "Bradley & Terry 1952, Biometrika 39:324; existence: Ford 1957, Am Math Monthly 64:28"

MODELS: Final[dict[str, Offered]] = {
    "dawid_skene_em": Offered(
        _dawid_skene,
        "{item_rater_label_0based: [[item, rater, label]], n_items, n_raters, n_classes}",
        "Dawid & Skene 1979, Applied Statistics 28:20",
    ),
    "bradley_terry_mle": Offered(lambda given: _bradley_terry(given, order_effect=False), _GAMES, _BRADLEY),
    "bradley_terry_mle_with_order_effect": Offered(
        lambda given: _bradley_terry(given, order_effect=True),
        _GAMES,
        "Davidson & Beaver 1977, Biometrics 33:693; Agresti 2002, Categorical Data Analysis, 10.6",
    ),
    "alternative_annotator_test": Offered(
        _alternative_annotator,
        "{humans: {name: {item: label}}, llms: {name: {item: label}}, epsilon?, q_fdr?, min_humans?, "
        "min_instances?}",
        "Calderon et al. 2025, ACL, arXiv 2501.10970",
    ),
    "position_swap": Offered(
        _position_swap,
        "{rows_order1_letter__order2_letter__human: [[letter, letter, label]]}",
        "Zheng et al. 2023, arXiv 2306.05685; JudgeBench, arXiv 2410.12784",
    ),
    "human_ceiling": Offered(
        _human_ceiling,
        "{votes_items_by_raters: [[label]], judge: [label]}",
        "mean pairwise agreement beside the judge's with each rater",
    ),
    "judge_output_parsing": Offered(
        _judge_parsing, "{name: reply}", f"the house's parser, {verdicts.PARSER_VERSION}"
    ),
}
