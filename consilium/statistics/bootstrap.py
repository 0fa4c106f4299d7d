"""Cluster bootstrap: one seeded matrix of weights, shared by everything that is compared."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from hashlib import blake2b
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from consilium.statistics.intervals import Interval
from consilium.statistics.ratings import Array
from consilium.statistics.undefined import Maybe, Undefined

REPLICATES = 2000
SEED = 20260101
_BLOCK_CELLS = 4_000_000
Places: TypeAlias = npt.NDArray[np.intp]
TOO_FEW_CLUSTERS = Undefined("fewer than two clusters to resample")


class ClusterWeights:
    """How often each cluster is drawn in each bootstrap replicate (Field & Welsh 2007, JRSS B 69:369).

    Every statistic computed with one object sees the same draws, so differences between judges, dimensions
    and slices are paired. The matrix (replicates, clusters) is drawn block by block from the seed instead of
    being kept: what needs many statistics of one layout hands their totals to `resampled_sums` together.
    """

    def __init__(self, clusters: Sequence[Hashable], replicates: int = REPLICATES, seed: int = SEED) -> None:
        """Take the cluster of every item, in the items' order; replicates is at least 1."""
        if replicates < 1:
            raise ValueError("The number of replicates is at least 1.")
        positions: dict[Hashable, int] = {}
        self._cluster_of_item = np.array(
            [positions.setdefault(cluster, len(positions)) for cluster in clusters], dtype=np.intp
        )
        self.clusters = len(positions)
        self.items = len(clusters)
        self.replicates = replicates
        self._seed = seed

    def totals(self, features: Array) -> Array:
        """Column sums per cluster of per-item rows: (items, f) -> (clusters, f).

        Raises:
            ValueError: the rows are not one per item.
        """
        if len(features) != self.items:
            raise ValueError("One row of features per item is needed.")
        place, clusters = self._cluster_of_item, self.clusters
        columns = [np.bincount(place, weights=column, minlength=clusters) for column in features.T]
        return np.asarray(columns, dtype=np.float64).reshape(features.shape[1], clusters).T

    def kinds(self, rows: Array) -> tuple[Places, Places, Places]:
        """Clusters that hold equal rows are of one kind: the items of one cluster of each kind, the number of
        each of these items' kind, and how many clusters there are of each kind.

        Raises:
            ValueError: the rows are not one per item.
        """
        if len(rows) != self.items:
            raise ValueError("One row per item is needed.")
        if not self.items:
            nothing = np.zeros(0, dtype=np.intp)
            return nothing, nothing, nothing
        # Sets of rows are compared by sums of random marks: no cluster's rows need to be put in order.
        marks = np.random.default_rng(self._seed).integers(2**63, size=self.items, dtype=np.uint64)
        order = np.argsort(self._cluster_of_item, kind="stable")
        starts = np.flatnonzero(np.diff(self._cluster_of_item[order], prepend=-1))
        sums = np.add.reduceat(marks[_kinds(rows)][order], starts)
        _, clusters, repeats = np.unique(sums, return_index=True, return_counts=True)
        number = np.full(self.clusters, -1, dtype=np.intp)
        number[clusters] = np.arange(len(clusters))
        kind = number[self._cluster_of_item]
        items = np.flatnonzero(kind >= 0)
        return items, kind[items], repeats

    def sums(self, features: Array) -> Array:
        """Resampled column sums of per-item rows: (items, f) -> (replicates, f).

        Raises:
            ValueError: the rows are not one per item, or there are no clusters.
        """
        totals = self.totals(features)
        if self.clusters == 0:
            raise ValueError("There is nothing to resample.")
        return next(resampled_sums([totals], self.replicates, self._seed))

    def interval(
        self, features: Array, value: Callable[[Array], Array], level: float = 0.95
    ) -> Maybe[Interval]:
        """Percentile interval of `value`, a function of column sums (..., f) -> (...)."""
        if self.clusters < 2:
            return TOO_FEW_CLUSTERS
        return percentile_interval(value(self.sums(features)), level)


def resampled_sums(tables: Iterable[Array], replicates: int, seed: int) -> Iterator[Array]:
    """Resampled column sums of tables of cluster totals, (clusters, f) -> (replicates, f), in their order.

    The draws depend on the number of clusters alone. Tables with equally many clusters therefore share one
    drawn matrix, and a column that several of them hold is resampled once.
    """
    columns: dict[int, dict[bytes, Array]] = {}
    wanted: list[tuple[int, list[bytes]]] = []
    for table in tables:
        keys = [blake2b(column.tobytes()).digest() for column in table.T]
        held = columns.setdefault(len(table), {})
        for key, column in zip(keys, table.T, strict=True):
            held.setdefault(key, column)
        wanted.append((len(table), keys))
    sums = {
        clusters: _column_sums(np.array(list(held.values())).reshape(len(held), clusters), replicates, seed)
        for clusters, held in columns.items()
    }
    places = {clusters: {key: place for place, key in enumerate(held)} for clusters, held in columns.items()}
    for clusters, keys in wanted:
        yield sums[clusters][[places[clusters][key] for key in keys]].T


def resampled_alike(patterns: Array, repeats: Places, replicates: int, seed: int) -> Array:
    """As `resampled_sums` of one table, -> (replicates, f), of clusters that come in few kinds.

    `patterns`: (kinds, f), the totals of a cluster of each kind; `repeats`: how many clusters are of it.
    To draw clusters one by one and to draw how often each kind comes are the same distribution. Time and
    memory depend on the kinds, not on the clusters; the draws are others.
    """
    clusters = int(repeats.sum())
    sums = np.zeros((replicates, patterns.shape[1]))
    rows, generator = max(1, _BLOCK_CELLS // max(1, len(patterns))), np.random.default_rng(seed)
    for start in range(0, replicates if clusters else 0, rows):
        size = min(rows, replicates - start)
        draws = generator.multinomial(clusters, repeats / clusters, size=size)
        sums[start : start + size] = draws @ patterns
    return sums


def _kinds(rows: Array) -> Places:
    """A number for each row, the same for equal ones; a sort by columns, ten times as fast as `np.unique`."""
    order = np.lexsort(rows.T)
    ordered = rows[order]
    numbers = np.zeros(len(rows), dtype=np.intp)
    numbers[order[1:]] = np.cumsum((ordered[1:] != ordered[:-1]).any(axis=1))
    return numbers


def _column_sums(columns: Array, replicates: int, seed: int) -> Array:
    """(columns, clusters) -> (columns, replicates), so that each column's replicates lie side by side."""
    sums = np.zeros((len(columns), replicates))
    if columns.size == 0:
        return sums
    done = 0
    for weights in weight_blocks(columns.shape[1], replicates, seed):
        np.matmul(columns, weights.T, out=sums[:, done : done + len(weights)])
        done += len(weights)
    return sums


def weight_blocks(clusters: int, replicates: int, seed: int) -> Iterator[Array]:
    """The matrix of draws, (replicates, clusters) in blocks of rows that fit in memory."""
    rows = max(1, _BLOCK_CELLS // clusters)
    for block, start in enumerate(range(0, replicates, rows)):
        size = min(rows, replicates - start)
        generator = np.random.default_rng((seed, block))
        draws = generator.integers(clusters, size=(size, clusters))
        draws += np.arange(size)[:, None] * clusters
        counts = np.bincount(draws.ravel(), minlength=size * clusters)
        yield counts.reshape(size, clusters).astype(np.float64)


def coin_blocks(clusters: int, replicates: int, seed: int) -> Iterator[npt.NDArray[np.uint8]]:
    """A coin, 0 or 1, for every cluster in every replicate: (replicates, clusters) in blocks of rows."""
    generator = np.random.default_rng(seed)
    rows = max(1, _BLOCK_CELLS // max(1, clusters))
    for start in range(0, replicates if clusters else 0, rows):
        size = (min(rows, replicates - start), -(-clusters // 8))
        yield np.unpackbits(generator.integers(256, size=size, dtype=np.uint8), axis=1, count=clusters)


def percentile_interval(replicates: Array, level: float = 0.95) -> Maybe[Interval]:
    """Percentile interval of replicates; undefined when the statistic is, in more than 5 % of them."""
    finite = replicates[np.isfinite(replicates)]
    if finite.size < 0.95 * replicates.size:
        return Undefined("the statistic does not exist in more than 5 % of the bootstrap replicates")
    tail = (1.0 - level) / 2.0
    low, high = np.quantile(finite, [tail, 1.0 - tail])
    return Interval(float(low), float(high))
