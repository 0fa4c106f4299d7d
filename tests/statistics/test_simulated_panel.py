"""A panel of 32 judges with planted skill and biases comes back within its intervals."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest

from consilium.statistics.intervals import Estimate, Interval
from consilium.statistics.judge_scores import Board, board_of
from consilium.statistics.panel import INVALID, A, B, Panel
from consilium.statistics.undefined import Undefined

JUDGES, CLUSTERS = 32, 150
SIZES = (1, 2, 5)  # cases of a cluster, in turn


@dataclass(frozen=True)
class Planted:
    """What a judge does in one call: it fails with `invalid`, else prints the first answer with `position`,
    else the longer one with `length`, else is right with `skill`, which differs by cluster.
    """

    skill: float
    position: float
    length: float
    invalid: float

    @property
    def length_bias(self) -> float:
        """How much more often it is right where the better answer is the longer."""
        return (1 - self.position) * self.length

    def accuracy(self, longer_is_better: float) -> float:
        """The chance to be right in one call, given how often the longer answer is the better one."""
        attentive = self.length * longer_is_better + (1 - self.length) * self.skill
        return (1 - self.invalid) * (self.position / 2 + (1 - self.position) * attentive)


def planted(seed: int) -> list[Planted]:
    draw = np.random.default_rng(seed)
    return [
        Planted(
            draw.uniform(0.5, 0.9),
            draw.choice([0, 0.1, 0.4]),
            draw.choice([0, 0.2, 0.5]),
            draw.choice([0.02, 0.2]),
        )
        for _ in range(JUDGES)
    ]


LONGER_IS_BETTER = 0.65


def made(judges: list[Planted], seed: int) -> Panel:
    draw = np.random.default_rng((seed, 1))
    clusters = np.repeat(np.arange(CLUSTERS), np.resize(SIZES, CLUSTERS))
    cases = len(clusters)
    labels = draw.integers(A, B + 1, size=cases)
    longer = np.where(draw.random(cases) < LONGER_IS_BETTER, labels, A + B - labels)
    ease = draw.uniform(-0.1, 0.1, CLUSTERS)[clusters]
    printed = np.stack(
        [[calls(judge, labels, longer, ease, turned, draw) for turned in (False, True)] for judge in judges]
    )
    return Panel(
        judges=tuple(f"judge-{number}" for number in range(len(judges))),
        dimensions=("overall",),
        cases=tuple(str(number) for number in range(cases)),
        clusters=clusters,
        labels=labels[None].astype(np.int8),
        printed=printed[:, :, None].astype(np.int8),
        longer=longer.astype(np.int8),
    )


def calls(
    judge: Planted,
    labels: npt.NDArray[np.int64],
    longer: npt.NDArray[np.int64],
    ease: npt.NDArray[np.float64],
    turned: bool,
    draw: np.random.Generator,
) -> npt.NDArray[np.int64]:
    """What the judge prints for every case in one order."""
    cases = len(labels)
    better, long = (A + B - letters if turned else letters for letters in (labels, longer))
    skilled = np.where(draw.random(cases) < judge.skill + ease, better, A + B - better)
    said = np.where(draw.random(cases) < judge.length, long, skilled)
    said = np.where(draw.random(cases) < judge.position, A, said)
    return np.where(draw.random(cases) < judge.invalid, INVALID, said)


def board(seed: int, replicates: int) -> tuple[list[Planted], Board]:
    judges = planted(seed)
    panel = made(judges, seed)
    return judges, board_of(
        panel, ranked=panel.judges, compared_in=["overall"], replicates=replicates, seed=seed
    )


def holds(estimate: Estimate, truth: float) -> bool:
    assert isinstance(estimate.interval, Interval)
    return estimate.interval.low <= truth <= estimate.interval.high


def coverage(seeds: range, replicates: int) -> dict[str, float]:
    """How often each interval holds what was planted."""
    held: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    for seed in seeds:
        judges, found = board(seed, replicates)
        for judge, name in zip(judges, found.rows, strict=True):
            (row,), (biases,) = found.rows[name], found.biases[name]
            truth = {
                "accuracy": (row.accuracy, judge.accuracy(LONGER_IS_BETTER)),
                "position": (biases.position, judge.position),
                "length": (biases.length, judge.length_bias),
                "invalid": (biases.invalid, judge.invalid),
            }
            for quantity, (estimate, value) in truth.items():
                held[quantity] += holds(estimate, value)
                asked[quantity] += 1
        for (one, two), pair in found.pairs.items():
            first, second = (judges[int(name.removeprefix("judge-"))] for name in (one, two))
            gap = first.accuracy(LONGER_IS_BETTER) - second.accuracy(LONGER_IS_BETTER)
            assert not isinstance(pair.difference, Undefined)
            held["difference"] += holds(Estimate(pair.difference, pair.interval), gap)
            asked["difference"] += 1
    return {quantity: held[quantity] / asked[quantity] for quantity in asked}


def test_what_was_planted_lies_in_its_interval() -> None:
    """20 seeds, 640 judges: 95 % intervals hold the truth in 92 to 98 of a hundred."""
    found = coverage(range(20), replicates=400)
    assert set(found) == {"accuracy", "position", "length", "invalid", "difference"}
    assert {quantity: share for quantity, share in found.items() if not 0.92 <= share <= 0.98} == {}


@pytest.mark.soak
def test_what_was_planted_lies_in_its_interval_in_many_panels() -> None:
    found = coverage(range(1000, 1200), replicates=1000)
    assert {quantity: share for quantity, share in found.items() if not 0.935 <= share <= 0.965} == {}


def test_a_hidden_bias_is_seen_for_what_it_is() -> None:
    """Equal accuracy, different reasons: skill, the first answer, the longer answer."""
    judges = [Planted(0.65, 0, 0, 0), Planted(0.8, 0.5, 0, 0), Planted(0.65, 0, 0.8, 0)]
    panel = made(judges, 3)
    found = board_of(panel, ranked=[], compared_in=[], replicates=500)
    signs = {
        name: (excludes_zero(biases.position), excludes_zero(biases.length))
        for name, (biases,) in found.biases.items()
    }
    assert signs == {"judge-0": (False, False), "judge-1": (True, False), "judge-2": (False, True)}
    accuracies = [row.accuracy.value for (row,) in found.rows.values()]
    assert all(0.58 < value < 0.72 for value in accuracies if not isinstance(value, Undefined))


def excludes_zero(estimate: Estimate) -> bool:
    return not holds(estimate, 0.0)


def test_ranks_hold_the_true_order() -> None:
    """The interval of a rank holds the rank that the planted accuracies give, in nine of ten judges."""
    judges, found = board(5, 500)
    truth = [judge.accuracy(LONGER_IS_BETTER) for judge in judges]
    rank = [1 + sum(other > own for other in truth) for own in truth]
    held = [
        interval.low <= own <= interval.high
        for own, interval in zip(rank, found.ranks.values(), strict=True)
        if isinstance(interval, Interval)
    ]
    assert len(held) == JUDGES
    assert sum(held) >= 0.9 * JUDGES
