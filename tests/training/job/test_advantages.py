"""The advantage formula, against values worked by hand and against TRL's own group advantage."""

import math
from collections.abc import Iterator
from statistics import mean, stdev

import pytest
import torch

from training.job.advantages import EPS, advantages

NAN = float("nan")


def by_hand(block: list[list[float]], lw: float, lb: float) -> list[list[float]]:
    """The formula on plain lists, written as the method prints it."""
    pooled = [value for group in block for value in group]
    means = [mean(group) for group in block]

    def scaled(value: float, values: list[float]) -> float:
        spread = stdev(values)
        return (value - mean(values)) / (spread + 1e-4) if spread else 0.0

    return [
        [
            (1 - lw - lb) * scaled(value, pooled)
            + lw * scaled(value, group)
            + lb * scaled(means[number], means)
            for value in group
        ]
        for number, group in enumerate(block)
    ]


@pytest.mark.parametrize(("lw", "lb"), [(0.5, 0.25), (0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (0.3, 0.0)])
def test_formula_on_a_block_with_variance_everywhere(lw: float, lb: float) -> None:
    block = [[1.5, 0.0], [0.5, 1.5], [0.0, 0.5], [1.5, 1.0]]
    found = advantages(torch.tensor([block]), lw, lb)[0]
    assert torch.allclose(found, torch.tensor(by_hand(block, lw, lb)), atol=1e-5)


def test_defaults_on_one_block_printed_to_four_digits() -> None:
    found = advantages(torch.tensor([[[1.5, 0.5], [0.5, 0.5], [0.5, 0.5], [0.5, 0.5]]]), 0.5, 0.25)[0]
    # C = 0.875 / 0.35355 and -0.125 / 0.35355; W = +-0.5 / 0.70711 in the first group only;
    # B = 0.375 / 0.25 for the first mean and -0.125 / 0.25 for the others.
    first = [
        0.25 * 2.47417 + 0.5 * 0.70701 + 0.25 * 1.49940,
        0.25 * -0.35345 - 0.5 * 0.70701 + 0.25 * 1.49940,
    ]
    rest = 0.25 * -0.35345 + 0.25 * -0.49980
    assert found.flatten().tolist() == pytest.approx([*first, *[rest] * 6], abs=1e-4)


def test_equal_rewards_give_zero_and_not_rounding_noise() -> None:
    assert torch.equal(advantages(torch.full((2, 4, 3), 0.1), 0.5, 0.25), torch.zeros(2, 4, 3))


def test_samples_do_not_touch_each_other() -> None:
    rewards = torch.tensor([[[0.0, 1.0], [1.0, 1.5]], [[1.5, 0.5], [0.0, 0.0]]])
    both = advantages(rewards, 0.5, 0.25)
    alone = torch.cat([advantages(rewards[:1], 0.5, 0.25), advantages(rewards[1:], 0.5, 0.25)])
    assert torch.equal(both, alone)


def test_one_rollout_per_paradigm_has_no_within_term() -> None:
    rewards = torch.tensor([[[0.0], [1.0], [1.0], [1.5]]])
    assert torch.equal(advantages(rewards, 1.0, 0.0), torch.zeros_like(rewards))


def test_a_table_with_one_rollout_per_paradigm() -> None:
    """n = 1: W is 0 and a paradigm's mean is its one reward, so C and B are the same numbers."""
    block = [[0.0], [1.0], [1.0], [1.5]]
    found = advantages(torch.tensor([block]), 0.5, 0.25)[0].flatten().tolist()
    # Mean 0.875, std 0.62915: -1.39055, 0.19865, 0.19865, 0.99325, each times 0.25 + 0.25.
    assert found == pytest.approx([-0.69527, 0.09932, 0.09932, 0.49662], abs=1e-4)


NONE = [NAN, NAN]
TABLE = [
    # One paradigm has no rewards: the other three are compared as if there were no fourth.
    ([[1.5, 0.5], [0.5, 0.0], [0.0, 0.0], NONE], 3),
    ([NONE, [1.5, 0.5], [0.5, 0.0], NONE], 2),
    # Of only one paradigm there are rewards: nothing to compare between.
    ([NONE, NONE, [1.5, 0.0], NONE], 1),
    ([NONE, NONE, NONE, NONE], 0),
]


@pytest.mark.parametrize(("block", "present"), TABLE)
def test_a_missing_paradigm_is_as_if_it_had_not_been_asked(block: list[list[float]], present: int) -> None:
    found = advantages(torch.tensor([block]), 0.5, 0.25)[0]
    rest = [group for group in block if not math.isnan(group[0])]
    assert len(rest) == present
    expected: Iterator[list[float]] = iter(())
    if present > 1:
        expected = iter(by_hand(rest, 0.5, 0.25))
    elif present:
        values = rest[0]
        scaled = [(value - mean(values)) / (stdev(values) + 1e-4) for value in values]
        expected = iter([[0.75 * value for value in scaled]])  # C and W agree, B is 0
    for group, row in zip(block, found.tolist(), strict=True):
        assert row == pytest.approx([0.0, 0.0] if math.isnan(group[0]) else next(expected), abs=1e-5)


def test_within_alone_is_trl_group_advantage_bit_for_bit() -> None:
    from trl.trainer.utils import nanstd

    rewards = torch.tensor([0.0, 1.5, 0.5, 0.5, 1.5, 1.5, 0.0, 0.0, 1.0, 0.5, 0.0, 1.5]).repeat(2)
    grouped = rewards.view(-1, 3)
    centred = rewards - torch.nanmean(grouped, dim=1).repeat_interleave(3)
    stock = centred / (nanstd(grouped, dim=1).repeat_interleave(3) + EPS)
    assert torch.equal(advantages(rewards.view(2, 4, 3), 1.0, 0.0).flatten(), stock)


def test_single_paradigm_ignores_the_weights() -> None:
    rewards = torch.tensor([[[0.0, 1.5, 0.5]]])
    assert torch.equal(advantages(rewards, 0.5, 0.25), advantages(rewards, 1.0, 0.0))
    assert advantages(rewards, 0.5, 0.25).abs().sum() > 0


def test_missing_rewards_leave_the_others_finite() -> None:
    rewards = torch.tensor([[[1.5, NAN], [0.0, 0.5], [NAN, NAN], [1.0, 1.5]]])
    found = advantages(rewards, 0.5, 0.25)
    assert bool(torch.isfinite(found).all())
    assert found[torch.isnan(rewards)].tolist() == [0.0, 0.0, 0.0]
    pooled = [1.5, 0.0, 0.5, 1.0, 1.5]
    means = [1.5, 0.25, 1.25]
    expected = 0.25 * (1.5 - mean(pooled)) / (stdev(pooled) + EPS)
    expected += 0.25 * (1.5 - mean(means)) / (stdev(means) + EPS)
    assert math.isclose(float(found[0, 0, 0]), expected, abs_tol=1e-5)
