"""The alternative annotator test against its plain definition, and what it refuses."""

import random
from typing import Any

import numpy as np
import pytest

from consilium.statistics.alternative_annotator import (
    AlternativeAnnotator,
    AnnotatorTable,
    alternative_annotator_test,
)
from consilium.statistics.cases import compute
from consilium.statistics.undefined import Undefined

Labels = dict[str, str]


def made(seed: int, right: dict[str, float], items: int = 80) -> dict[str, Labels]:
    """Labels of several annotators who are right with the given chances; some items are left out."""
    draw = random.Random(seed)
    truth = [draw.choice("AB") for _ in range(items)]
    return {
        name: {
            f"item-{number}": label if draw.random() < chance else "AB"[label == "A"]
            for number, label in enumerate(truth)
            if draw.random() < 0.9
        }
        for name, chance in right.items()
    }


def plainly(
    humans: dict[str, Labels], judge: Labels, epsilon: float
) -> tuple[float, float, dict[str, float]]:
    """As the paper writes it, with scipy's t-test and statsmodels' procedure."""
    from scipy import stats
    from statsmodels.stats.multitest import multipletests

    p_values, advantages = {}, []
    for name, own in humans.items():
        wins, losses = [], []
        for item, label in own.items():
            others = [labels[item] for other, labels in humans.items() if other != name and item in labels]
            if not others or item not in judge:
                continue
            by_judge = np.mean([judge[item] == other for other in others])
            by_own = np.mean([label == other for other in others])
            wins.append(float(by_judge >= by_own))
            losses.append(float(by_own >= by_judge))
        gaps = np.subtract(losses, wins)
        p_values[name] = float(stats.ttest_1samp(gaps, epsilon, alternative="less").pvalue)
        advantages.append(np.mean(wins))
    rejected = multipletests(list(p_values.values()), alpha=0.05, method="fdr_by")[0]
    return float(np.mean(rejected)), float(np.mean(advantages)), p_values


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("skill", [0.5, 0.8, 0.95])
def test_it_is_the_published_procedure(seed: int, skill: float) -> None:
    labels = made(seed, {"one": 0.85, "two": 0.9, "three": 0.8, "judge": skill})
    judge = labels.pop("judge")
    rate, advantage, p_values = plainly(labels, judge, 0.2)
    found = alternative_annotator_test(labels, judge)
    assert found.winning_rate == pytest.approx(rate)
    assert found.advantage_probability == pytest.approx(advantage)
    assert found.p_values == {name: pytest.approx(p, abs=1e-12) for name, p in p_values.items()}


def test_good_judges_pass_and_poor_ones_fail() -> None:
    labels = made(5, {"one": 0.85, "two": 0.85, "three": 0.85, "good": 0.97, "poor": 0.5}, items=200)
    good, poor = labels.pop("good"), labels.pop("poor")
    assert alternative_annotator_test(labels, good).winning_rate == 1.0
    assert alternative_annotator_test(labels, poor).winning_rate == 0.0


def test_who_is_always_of_the_others_mind_wins_without_a_spread() -> None:
    same = {f"item-{number}": "A" for number in range(40)}
    found = alternative_annotator_test({"one": same, "two": same}, same)
    assert (found.winning_rate, found.advantage_probability) == (1.0, 1.0)
    assert found.p_values == {"one": 0.0, "two": 0.0}
    never = dict.fromkeys(same, "B")
    assert alternative_annotator_test({"one": same, "two": same}, never).winning_rate == 0.0


def test_annotators_with_few_items_are_not_tested() -> None:
    labels = made(1, {"one": 0.9, "two": 0.9, "judge": 0.9})
    judge = labels.pop("judge")
    labels["new"] = dict(list(labels["one"].items())[:5])
    found = alternative_annotator_test(labels, judge)
    assert isinstance(found.p_values["new"], Undefined)
    assert not isinstance(found.winning_rate, Undefined)
    nobody = alternative_annotator_test(labels, judge, least_items=500)
    assert isinstance(nobody.winning_rate, Undefined)
    assert alternative_annotator_test({}, judge) == AlternativeAnnotator(
        nobody_tested(30), nobody_tested(30), {}, 0
    )


def nobody_tested(least: int) -> Undefined:
    return Undefined(f"fewer than {least} items that 2 annotators and the judge labelled")


@pytest.mark.parametrize(
    "setting", [{"least_annotators": 1}, {"least_items": 1}, {"q_fdr": 0}, {"epsilon": 2}]
)
def test_settings_outside_their_range_are_refused(setting: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="lie between"):
        alternative_annotator_test({}, {}, **setting)


def test_by_name() -> None:
    labels: dict[str, Any] = made(2, {"one": 0.9, "two": 0.9, "judge": 0.9}, items=30)
    judge = labels.pop("judge")
    given = {"humans": labels, "llms": {"m": judge}, "epsilon": 0.1, "min_humans": 2, "min_instances": 10}
    found = compute("alternative_annotator_test", given)["m"]
    direct = alternative_annotator_test(labels, judge, epsilon=0.1, least_items=10)
    assert found["p_values"] == direct.p_values
    assert set(found) >= {"winning_rate", "advantage_probability", "p_values"}


def test_one_table_serves_every_judge() -> None:
    labels = made(3, {"one": 0.85, "two": 0.9, "three": 0.8, "rare": 0.8, "judge": 0.7, "other": 0.6})
    judges = {name: labels.pop(name) for name in ("judge", "other")}
    judges["new words"] = dict.fromkeys(judges["judge"], "invalid")  # a label that no annotator gave
    judges["few"] = dict(list(judges["judge"].items())[::2])
    labels["rare"] = dict(list(labels["rare"].items())[:10])
    table = AnnotatorTable(labels)
    for judge in judges.values():
        assert alternative_annotator_test(table, judge) == alternative_annotator_test(labels, judge)
    del labels["rare"]
    words = judges["new words"]
    expected = {name: pytest.approx(p, abs=1e-12) for name, p in plainly(labels, words, 0.2)[2].items()}
    assert alternative_annotator_test(labels, words).p_values == expected
