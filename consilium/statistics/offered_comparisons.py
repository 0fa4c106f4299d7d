"""Tests, intervals and errors, from JSON."""

from itertools import combinations
from typing import Any, Final

import numpy as np

from consilium.statistics import adjusted_p
from consilium.statistics.bootstrap import ClusterWeights
from consilium.statistics.calibration import calibration
from consilium.statistics.clustered import mean_error
from consilium.statistics.correlation import kendall_tau_b, pearson_correlation
from consilium.statistics.intervals import clopper_pearson, wilson
from consilium.statistics.mcnemar import mcnemar, table_of_pairs
from consilium.statistics.offered import Input, Offered, resampling
from consilium.statistics.paired import difference_of_proportions, sign_flip_p
from consilium.statistics.ratings import Array, quotient
from consilium.statistics.seeded import difference_over_seeds
from consilium.statistics.undefined import Undefined


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
        "by": adjusted_p.benjamini_yekutieli(p),
        "holm": adjusted_p.holm(p),
        "bonferroni": adjusted_p.bonferroni(p),
    }
    rejected = {f"{name}_rejected": adjusted_p.rejected(values, alpha) for name, values in adjusted.items()}
    by_name = {f"{name}_adjusted": values for name, values in adjusted.items()}
    return {**rejected, **by_name, "left_out": sum(value is None for value in p)}


def _mcnemar(given: Input) -> Any:
    if "table" in given:
        return mcnemar(given["table"])
    return mcnemar(table_of_pairs(given["first"], given["second"]))


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


def _cluster_bootstrap(given: Input) -> Any:
    """Means and differences of several lists of scores, all from one matrix of draws; null = not scored."""
    weights = ClusterWeights(given["clusters"], **resampling(given))
    level = given.get("level", 0.95)

    def estimate(scores: Array) -> dict[str, Any]:
        scored = np.isfinite(scores)
        if not scored.any():
            none = Undefined("no item has a score")
            return {"mean": none, "interval": none}
        features = np.column_stack([np.where(scored, scores, 0.0), scored])
        return {
            "mean": float(scores[scored].mean()),
            "interval": weights.interval(features, lambda sums: quotient(sums[..., 0], sums[..., 1]), level),
        }

    lists = {
        name: np.array([np.nan if one is None else one for one in scores], dtype=np.float64)
        for name, scores in given["scores"].items()
    }
    differences = {
        f"{one} - {other}": estimate(lists[one] - lists[other]) for one, other in combinations(lists, 2)
    }
    return {**{name: estimate(scores) for name, scores in lists.items()}, "differences": differences}


def _correlation(given: Input) -> Any:
    pairs = given["lsat_gpa"] if "lsat_gpa" in given else given["pairs"]
    x, y = zip(*pairs, strict=True) if pairs else ((), ())
    return pearson_correlation(x, y, **resampling(given))


def _calibration(given: Input) -> Any:
    low, high = given.get("bin_range", (0.5, 1.0))
    return calibration(
        given["confidence_in_chosen"],
        given["correct"],
        bins=given.get("bins", 10),
        bin_range=(low, high),
        right_closed=given.get("right_closed", True),
    )


COMPARISONS: Final[dict[str, Offered]] = {
    "mcnemar": Offered(
        _mcnemar,
        "{table: [[a, b], [c, d]]} or {first: [0 or 1], second: [0 or 1]}",
        "McNemar 1947, Psychometrika 12:153; mid p: Fagerland et al. 2013, BMC Med Res Methodol 13:91",
    ),
    "binomial_ci": Offered(
        _binomial,
        "{successes, n, level?}",
        "Wilson 1927, JASA 22:209; Clopper & Pearson 1934, Biometrika 26:404",
    ),
    "multiple_testing": Offered(
        _multiple_testing,
        "{p: [x], alpha?}; a null p is left out and counted",
        "Holm 1979, Scand J Statist 6:65; Benjamini & Hochberg 1995, JRSS B 57:289; "
        "Benjamini & Yekutieli 2001, Ann Statist 29:1165",
    ),
    "paired_bootstrap_accuracy_difference": Offered(
        _paired,
        "{both_right, only_A_right, only_B_right, both_wrong}",
        "standard error of the mean of paired differences; percentile bootstrap of pairs",
    ),
    "clustered_standard_error_of_mean": Offered(
        _clustered, "{scores: [x], clusters: [name]}", "Liang & Zeger 1986, Biometrika 73:13"
    ),
    "cluster_bootstrap": Offered(
        _cluster_bootstrap,
        "{scores: {name: [x], null = not scored}, clusters: [name], level?, replicates?, seed?}",
        "Field & Welsh 2007, JRSS B 69:369; one matrix of draws for all names",
    ),
    "sign_flip_test": Offered(
        lambda given: sign_flip_p(given["first"], given["second"], given["clusters"]),
        "{first: [x], second: [x], clusters: [name]}",
        "Fisher 1935, The Design of Experiments: randomisation by cluster",
    ),
    "paired_difference_over_seeds": Offered(
        lambda given: difference_over_seeds(
            given["first"], given["second"], given.get("clusters"), given.get("level", 0.95)
        ),
        "{first: seeds x questions, second: likewise or one row for all seeds, clusters?: [name], level?}",
        "Searle, Casella & McCulloch 1992, Variance Components; Howe 1974, JASA 69:789",
    ),
    "kendall_tau_b": Offered(
        lambda given: kendall_tau_b(given["x"], given["y"]),
        "{x: [x], y: [x]}",
        "Kendall 1945, Biometrika 33:239",
    ),
    "bootstrap_se_of_correlation": Offered(
        _correlation,
        "{lsat_gpa or pairs: [[x, y]], replicates?, seed?}",
        "Efron & Tibshirani 1993, An Introduction to the Bootstrap, chapter 6",
    ),
    "ece_brier": Offered(
        _calibration,
        "{confidence_in_chosen: [x], correct: [0 or 1], bins?, bin_range?, right_closed?}",
        "Naeini et al. 2015, AAAI; Brier 1950, Monthly Weather Review 78:1",
    ),
}
