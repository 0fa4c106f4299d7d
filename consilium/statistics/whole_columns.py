"""Columns of whole numbers per cluster that are resampled, or flipped, together in one matrix product."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from hashlib import blake2b
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from consilium.statistics.bootstrap import Places, coin_blocks, weight_blocks

Whole = npt.NDArray[Any]  # of whole numbers, in as few bytes as they need
Sums = npt.NDArray[Any]  # of floats, exact
_CELLS: Final = 20_000_000  # of the matrix of draws at a time
_WIDENED: Final = 8_000_000  # of the columns at a time, from bytes to floats
# Below this, sums of whole numbers in single precision are exact, and twice as fast.
_EXACT_IN_SINGLE: Final = 2**24


class WholeColumns:
    """Totals per cluster, each different column kept once.

    Every column sees the same draws of clusters and the same signs: what judges, dimensions and pairs share.
    """

    def __init__(self, clusters: Places, count: int) -> None:
        """Take the number of every item's cluster, below `count`."""
        self.clusters = count
        self._cluster_of_item = clusters
        self._is_itself = len(clusters) == count and bool((clusters == np.arange(count)).all())
        self._columns: list[Whole] = []
        self._places: dict[bytes, int] = {}

    def add(self, values: Whole) -> int:
        """Keep the totals of one whole number per item; the column's place."""
        totals = values
        if not self._is_itself:
            totals = np.bincount(self._cluster_of_item, weights=values, minlength=self.clusters)
        most = float(np.abs(totals).max(initial=0))
        kind = np.int8 if most < 2**7 else np.int16 if most < 2**15 else np.int64
        kept = np.ascontiguousarray(totals, dtype=kind)
        place = self._places.setdefault(blake2b(kept.tobytes()).digest(), len(self._columns))
        if place == len(self._columns):
            self._columns.append(kept)
        return place

    def totals(self, place: int) -> npt.NDArray[np.int64]:
        """A column's totals per cluster."""
        return self._columns[place].astype(np.int64)

    def resampled(self, replicates: int, seed: int) -> Sums:
        """The sums of every column in every bootstrap replicate, (columns, replicates)."""
        largest = float(np.abs(self._table).max(initial=0)) * self.clusters
        blocks = weight_blocks(self.clusters, replicates, seed) if self.clusters else iter(())
        return self._multiplied(blocks, self._table, replicates, largest)

    def flipped(self, places: Sequence[int], replicates: int, seed: int) -> Sums:
        """The sums of some columns with a random sign for every cluster, (places, replicates)."""
        table = self._table[list(places)]
        plain = table.sum(axis=1, dtype=np.int64)
        largest = 2.0 * float(np.abs(table).sum(axis=1, dtype=np.int64).max(initial=0))
        # Twice the sums over the clusters that come up heads, less the sum of all, are the sums with signs.
        halves = self._multiplied(coin_blocks(self.clusters, replicates, seed), table, replicates, largest)
        return np.asarray(2 * halves - plain[:, None].astype(halves.dtype))

    @cached_property
    def _table(self) -> Whole:
        """All columns in one array, (columns, clusters), once the last was added."""
        table = np.array(self._columns).reshape(len(self._columns), self.clusters)
        self._columns = list(table)  # what was kept apart is let go
        return table

    def _multiplied(
        self, blocks: Iterator[npt.NDArray[Any]], table: Whole, replicates: int, largest: float
    ) -> Sums:
        """The product of columns with blocks of rows over the clusters, (columns, replicates)."""
        kind = np.float32 if largest < _EXACT_IN_SINGLE else np.float64
        sums = np.zeros((replicates, len(table)), dtype=kind)
        step = max(_WIDENED // max(1, len(table)), 1)
        done = 0
        for rows in _gathered(blocks, kind):
            for start in range(0, self.clusters, step):
                part = slice(start, start + step)
                sums[done : done + len(rows)] += rows[:, part] @ table[:, part].T.astype(kind)
            done += len(rows)
        return sums.T


def _gathered(blocks: Iterator[npt.NDArray[Any]], kind: type[np.floating[Any]]) -> Iterator[npt.NDArray[Any]]:
    """Blocks of rows joined until they are worth widening all columns for."""
    held: list[npt.NDArray[Any]] = []
    for block in blocks:
        held.append(block.astype(kind))
        if sum(part.size for part in held) >= _CELLS:
            yield np.concatenate(held)
            held = []
    if held:
        yield np.concatenate(held)
