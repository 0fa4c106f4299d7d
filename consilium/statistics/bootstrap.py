"""Cluster bootstrap: one seeded matrix of weights, shared by everything that is compared."""

from collections.abc import Callable, Hashable, Iterator, Sequence

import numpy as np

from consilium.statistics.intervals import Interval
from consilium.statistics.ratings import Array
from consilium.statistics.undefined import Maybe, Undefined

REPLICATES = 2000
SEED = 20260101
_BLOCK_CELLS = 4_000_000


class ClusterWeights:
    """How often each cluster is drawn in each bootstrap replicate (Field & Welsh 2007, JRSS B 69:369).

    Every statistic computed with one object sees the same draws, so differences between judges, dimensions
    and slices are paired. The matrix (replicates, clusters) is drawn again block by block from the seed
    instead of being kept.
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

    def sums(self, features: Array) -> Array:
        """Resampled column sums of per-item rows: (items, f) -> (replicates, f).

        Raises:
            ValueError: the rows are not one per item, or there are no clusters.
        """
        if len(features) != self.items:
            raise ValueError("One row of features per item is needed.")
        if self.clusters == 0:
            raise ValueError("There is nothing to resample.")
        per_cluster = np.zeros((self.clusters, features.shape[1]))
        np.add.at(per_cluster, self._cluster_of_item, features)
        return np.concatenate([weights @ per_cluster for weights in self._blocks()])

    def interval(
        self, features: Array, value: Callable[[Array], Array], level: float = 0.95
    ) -> Maybe[Interval]:
        """Percentile interval of `value`, a function of column sums (..., f) -> (...)."""
        if self.clusters < 2:
            return Undefined("fewer than two clusters to resample")
        return percentile_interval(value(self.sums(features)), level)

    def _blocks(self) -> Iterator[Array]:
        rows = max(1, _BLOCK_CELLS // self.clusters)
        for block, start in enumerate(range(0, self.replicates, rows)):
            size = min(rows, self.replicates - start)
            generator = np.random.default_rng((self._seed, block))
            draws = generator.integers(self.clusters, size=(size, self.clusters))
            draws += np.arange(size)[:, None] * self.clusters
            counts = np.bincount(draws.ravel(), minlength=size * self.clusters)
            yield counts.reshape(size, self.clusters).astype(np.float64)


def percentile_interval(replicates: Array, level: float = 0.95) -> Maybe[Interval]:
    """Percentile interval of replicates; undefined when the statistic is, in more than 5 % of them."""
    finite = replicates[np.isfinite(replicates)]
    if finite.size < 0.95 * replicates.size:
        return Undefined("the statistic does not exist in more than 5 % of the bootstrap replicates")
    tail = (1.0 - level) / 2.0
    low, high = np.quantile(finite, [tail, 1.0 - tail])
    return Interval(float(low), float(high))
