"""Agreement of many cases: the values of the whole computation, intervals of the same distribution."""

import numpy as np
import pytest

from consilium.statistics.agreement import agreement_of_counts, agreement_of_many
from consilium.statistics.bootstrap import ClusterWeights, resampled_alike, resampled_sums
from consilium.statistics.ratings import Array
from consilium.statistics.undefined import Undefined


def drawn(totals: Array, replicates: int, seed: int) -> Array:
    """Each cluster's totals as the rows of one item of it."""
    items, kind, repeats = ClusterWeights(range(len(totals))).kinds(totals)
    assert sorted(kind) == list(range(len(repeats)))
    return resampled_alike(totals[items][np.argsort(kind)], repeats, replicates, seed)


def test_sums_of_alike_clusters_are_distributed_as_those_of_clusters_drawn_one_by_one() -> None:
    draw = np.random.default_rng(3)
    totals = draw.integers(0, 4, size=(300, 3)).astype(float)
    (one_by_one,) = resampled_sums([totals], 4000, 1)
    alike = drawn(totals, 4000, 1)
    assert alike.shape == one_by_one.shape == (4000, 3)
    assert alike.mean(axis=0) == pytest.approx(one_by_one.mean(axis=0), rel=0.01)
    assert np.cov(alike.T) == pytest.approx(np.cov(one_by_one.T), rel=0.15, abs=40)
    assert (drawn(totals, 4000, 1) == alike).all()


def test_every_replicate_draws_as_many_clusters_as_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    totals = np.column_stack([np.ones(57), np.arange(57) % 5])
    assert (drawn(totals, 100, 2)[:, 0] == 57).all()
    monkeypatch.setattr("consilium.statistics.bootstrap._BLOCK_CELLS", 100)
    assert (drawn(totals, 99, 2)[:, 0] == 57).all()


def test_clusters_of_the_same_rows_are_of_one_kind_whatever_their_order() -> None:
    rows = np.array([[1.0, 0], [0, 1], [0, 1], [1, 0], [1, 0], [1, 0], [0, 1]])
    items, kind, repeats = ClusterWeights(["a", "a", "b", "b", "c", "c", "d"]).kinds(rows)
    kinds = {tuple(sorted(map(tuple, rows[items[kind == one]].tolist()))): repeats[one] for one in set(kind)}
    assert kinds == {((0.0, 1.0), (1.0, 0.0)): 2, ((1.0, 0.0), (1.0, 0.0)): 1, ((0.0, 1.0),): 1}
    with pytest.raises(ValueError, match="One row per item"):
        ClusterWeights(["a"]).kinds(rows)


def test_no_case_at_all_is_no_error() -> None:
    (row,) = agreement_of_many([], {"one": np.zeros((0, 2))})
    assert (row.cases, isinstance(row.ac1.value, Undefined)) == (0, True)


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
