"""Calibration of judges by hand, and what turning every answer round may not change."""

import numpy as np
import pytest

from consilium.statistics.calibration import ReliabilityBin
from consilium.statistics.cases import compute
from consilium.statistics.intervals import Interval
from consilium.statistics.judge_calibration import BINS, JudgeCalibration, judge_calibration
from consilium.statistics.undefined import Undefined


def figures(probability: list[float], is_a: list[bool], replicates: int = 200) -> JudgeCalibration:
    found = judge_calibration(probability, is_a, range(len(is_a)), replicates=replicates)
    assert isinstance(found, JudgeCalibration)
    return found


def test_figures_by_hand() -> None:
    found = figures([0.9, 0.1, 0.88, 0.5], [True, False, False, True])
    assert (found.cases, found.correct) == (4, 0.625)  # two right, one wrong, one half
    assert found.confidence == pytest.approx((0.9 + 0.9 + 0.88 + 0.5) / 4)
    assert found.brier.value == pytest.approx((0.01 + 0.01 + 0.7744 + 0.25) / 4)
    undecided, sure = found.reliability
    assert undecided == ReliabilityBin(0.5, 0.55, 1, 0.5, 0.5)
    assert (sure.low, sure.high, sure.items) == (0.85, 0.9, 3)
    assert (sure.confidence, sure.correct) == pytest.approx((0.893333, 2 / 3), abs=1e-6)
    assert found.ece == pytest.approx(3 / 4 * (0.893333 - 2 / 3), abs=1e-5)
    assert isinstance(found.brier.interval, Interval)
    assert found.brier.interval.low <= float(found.brier.value) <= found.brier.interval.high  # type: ignore[arg-type]


def test_answers_that_are_turned_round_change_nothing() -> None:
    generator = np.random.default_rng(5)
    probability, is_a = generator.random(60), generator.random(60) < 0.5
    one = figures(probability.tolist(), is_a.tolist())
    other = figures((1 - probability).tolist(), (~is_a).tolist())
    assert one.ece == pytest.approx(other.ece)
    assert one.brier.value == pytest.approx(other.brier.value)
    assert [part.items for part in one.reliability] == [part.items for part in other.reliability]
    gaps = [part.items * abs(part.confidence - part.correct) for part in one.reliability]
    assert one.ece == pytest.approx(sum(gaps) / 60)
    assert len(one.reliability) <= BINS


def test_a_judge_that_knows_its_doubts_is_calibrated() -> None:
    """Planted: right as often as stated."""
    generator = np.random.default_rng(6)
    probability = generator.uniform(size=4000)
    is_a = generator.random(4000) < probability
    assert figures(probability.tolist(), is_a.tolist()).ece < 0.03
    assert figures((0.5 + 0.5 * np.sign(probability - 0.5)).tolist(), is_a.tolist()).ece > 0.2


def test_nothing_and_what_does_not_fit() -> None:
    assert isinstance(judge_calibration([], [], []), Undefined)
    with pytest.raises(ValueError, match="its label and its cluster"):
        judge_calibration([0.5], [], [1])
    with pytest.raises(ValueError, match="outside the range"):
        judge_calibration([1.5], [True], [1])
    alone = judge_calibration([0.7, 0.8], [True, True], ["p", "p"])
    assert isinstance(alone, JudgeCalibration)
    assert isinstance(alone.brier.interval, Undefined)


def test_the_tool_knows_it() -> None:
    cases = [{"probability": 0.9, "label": "A", "cluster": "p"}, {"probability": 0.2, "label": "A"}]
    told = compute("judge_calibration", {"cases": cases, "replicates": 100})
    assert (told["cases"], told["correct"]) == (2, 0.5)
    assert told["brier"]["value"] == pytest.approx((0.01 + 0.64) / 2)
    assert compute("judge_calibration", {"cases": []}) == {
        "undefined": "no case has a label and a probability"
    }
