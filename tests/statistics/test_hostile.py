"""Damaged input: every case is computed or refused by name, without a warning or a number that is none."""

import copy
import json
import random
from pathlib import Path
from typing import Any

import pytest

from consilium.statistics.cases import BadCaseError, compute
from tests.statistics.test_tool import SHAPES

GOLDEN: list[dict[str, Any]] = json.loads((Path(__file__).parent / "golden.json").read_text())["cases"]
# What takes long is damaged elsewhere: its own tests name each bad input.
SLOW = {"dawid_skene_em", "paired_bootstrap_accuracy_difference"}
WHOLE = [(case["statistic"], case["input"]) for case in GOLDEN if case["statistic"] not in SLOW]
WHOLE += [(statistic, given) for statistic, given, _ in SHAPES]
OTHER: list[Any] = [
    None,
    0,
    1,
    -1,
    2,
    0.5,
    1e308,
    -1e308,
    5e-324,
    10**30,
    True,
    "A",
    "",
    [],
    {},
    "x",
    1e-12,
    3,
]
NUMBERS_OF_THINGS = ("replicates", "bins", "n_items", "n_raters", "n_classes")


def damaged(value: Any, draw: random.Random) -> Any:
    """The value with one thing in it replaced, left out or written twice."""
    if isinstance(value, dict) and value and draw.random() > 0.15:
        key = draw.choice(list(value))
        if draw.random() < 0.1:
            return {name: one for name, one in value.items() if name != key}
        return {**value, key: damaged(value[key], draw)}
    if isinstance(value, list) and value and draw.random() > 0.1:
        place = draw.randrange(len(value))
        before, one, after = value[:place], value[place], value[place + 1 :]
        how = draw.random()
        if how < 0.1:
            return [*before, *after]
        return [*before, one, one, *after] if how < 0.2 else [*before, damaged(one, draw), *after]
    return draw.choice(OTHER)


def refused_or_computed(seed: int, tries: int) -> int:
    """How many damaged cases are refused; a fault of ours is raised."""
    draw, refused = random.Random(seed), 0
    for _ in range(tries):
        statistic, given = draw.choice(WHOLE)
        given = copy.deepcopy(given)
        for _ in range(draw.randint(1, 3)):
            worse = damaged(given, draw)
            given = worse if isinstance(worse, dict) else given
        given = {key: one for key, one in given.items() if key not in NUMBERS_OF_THINGS or one is None}
        try:
            json.dumps(compute(statistic, given), allow_nan=False)
        except BadCaseError:
            refused += 1
    return refused


def test_damaged_cases_are_computed_or_refused() -> None:
    assert 500 < refused_or_computed(1, 2000) < 1900


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(10))
def test_many_damaged_cases_are_computed_or_refused(seed: int) -> None:
    refused_or_computed(100 + seed, 20_000)


@pytest.mark.parametrize(
    ("statistic", "given", "message"),
    [
        ("cluster_bootstrap", {"scores": {"x": [1]}, "clusters": ["p"], "replicates": 10**9}, "lie between"),
        ("cluster_bootstrap", {"scores": {"x": [1]}, "clusters": ["p"], "replicates": 0.5}, "whole numbers"),
        ("bootstrap_se_of_correlation", {"pairs": [[1, 2]], "seed": -1}, "whole numbers"),
        ("ece_brier", {"confidence_in_chosen": [1], "correct": [1], "bins": 10**12}, "100,000 bins"),
        ("ece_brier", {"confidence_in_chosen": [1], "correct": [None]}, "Every outcome"),
        ("binomial_ci", {"successes": 1, "n": 2.5}, "a whole number"),
        ("clustered_standard_error_of_mean", {"scores": [1, None], "clusters": [1, 2]}, "none is missing"),
        ("sign_flip_test", {"first": [1, None], "second": [1, 1], "clusters": [1, 2]}, "none is missing"),
        ("paired_difference_over_seeds", {"first": [[1, 0], [1]], "second": [[1, 0]]}, "every question"),
        ("paired_difference_over_seeds", {"first": [[1], [1]], "second": [[0]] * 3}, "for every seed"),
        ("paired_difference_over_seeds", {"first": [[None]], "second": [[0]]}, "none is missing"),
        ("cohen_kappa", {"table": [[10**30, 1], [1, 1]]}, "whole numbers"),
        ("bradley_terry_mle", {"rows": [["x", "y", "z"]]}, "neither"),
        ("bradley_terry_mle", {"wins": {"x": {"y": 1e308}, "y": {"x": 1}}}, "not negative"),
        ("cluster_bootstrap", {"scores": {"x": [1e308] * 3}, "clusters": [1, 2, 3]}, "too large"),
        ("dawid_skene_em", {"item_rater_label_0based": [], "n_items": 10**9, "n_raters": 9, "n_classes": 9},
         "too many"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(statistic: str, given: dict[str, Any], message: str) -> None:
    with pytest.raises(BadCaseError, match=message):
        compute(statistic, given)
