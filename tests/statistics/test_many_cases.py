"""Agreement of many cases: the values of the whole computation, intervals of the same distribution."""

import numpy as np
import pytest

from consilium.statistics.agreement import agreement_of_counts, agreement_of_many
from consilium.statistics.bootstrap import resampled_alike, resampled_sums
from consilium.statistics.undefined import Undefined


def test_sums_of_alike_clusters_are_distributed_as_those_of_clusters_drawn_one_by_one() -> None:
    draw = np.random.default_rng(3)
    totals = draw.integers(0, 4, size=(300, 3)).astype(float)
    (one_by_one,) = resampled_sums([totals], 4000, 1)
    alike = resampled_alike(totals, 4000, 1)
    assert alike.shape == one_by_one.shape == (4000, 3)
    assert alike.mean(axis=0) == pytest.approx(one_by_one.mean(axis=0), rel=0.01)
    assert np.cov(alike.T) == pytest.approx(np.cov(one_by_one.T), rel=0.15, abs=40)
    assert (resampled_alike(totals, 4000, 1) == alike).all()


def test_every_replicate_draws_as_many_clusters_as_there_are() -> None:
    totals = np.column_stack([np.ones(57), np.arange(57) % 5])
    assert (resampled_alike(totals, 100, 2)[:, 0] == 57).all()
    assert resampled_alike(np.zeros((0, 2)), 10, 2).shape == (10, 2)


def test_the_blocks_of_a_large_draw_fit_together(monkeypatch: pytest.MonkeyPatch) -> None:
    totals = np.column_stack([np.ones(40), np.arange(40)])
    monkeypatch.setattr("consilium.statistics.bootstrap._BLOCK_CELLS", 100)
    assert (resampled_alike(totals, 99, 2)[:, 0] == 40).all()


def test_values_are_those_of_the_whole_computation() -> None:
    draw = np.random.default_rng(4)
    a = draw.integers(0, 4, 400)
    counts = {"one": np.column_stack([a, 3 - a]).astype(float), "none": np.zeros((400, 2))}
    clusters = [place // 2 for place in range(400)]
    for many, whole in zip(
        agreement_of_many(clusters, counts), agreement_of_counts(clusters, counts), strict=True
    ):
        for name in ("percent", "unanimity", "fleiss", "ac1", "alpha"):
            mine, other = getattr(many, name), getattr(whole, name)
            if isinstance(other.value, Undefined):
                assert mine == other
                continue
            assert mine.value == pytest.approx(other.value)
            assert mine.interval.low == pytest.approx(other.interval.low, abs=0.015)
            assert mine.interval.high == pytest.approx(other.interval.high, abs=0.015)


def test_one_cluster_gives_no_interval() -> None:
    (row,) = agreement_of_many(["only"] * 3, {"one": np.array([[2.0, 1.0]] * 3)})
    assert isinstance(row.percent.interval, Undefined)
