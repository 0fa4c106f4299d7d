"""Columns of whole numbers per cluster that are resampled, or flipped, together in one matrix product."""

from collections.abc import Sequence
from functools import cached_property
from hashlib import blake2b
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from consilium.statistics.bootstrap import Places, coin_blocks, weight_blocks

Whole = npt.NDArray[Any]  # of whole numbers, in as few bytes as they need
Sums = npt.NDArray[Any]  # of floats, exact
_ROWS: Final = 128  # of the matrix of draws, at least, for one product
_WIDENED: Final = 8_000_000  # of the columns at a time, from bytes to floats
# Below this, sums of whole numbers in single precision are exact, and twice as fast.
_EXACT_IN_SINGLE: Final = 2**24


class WholeColumns:
    """Totals per cluster, each different column kept once.

    Every column sees the same draws of clusters and the same signs: what judges, dimensions and pairs share.
    """

    def __init__(self, clusters: Places, count: int, present: Places | None = None) -> None:
        """Take the number of every item's cluster, below `count`; only those `present` have any total."""
        self.clusters = count
        self._present = present
        self._cluster_of_item = clusters
        self._is_itself = len(clusters) == count and bool((clusters == np.arange(count)).all())
        self._columns: list[Whole] = []
        self._places: dict[bytes, int] = {}

    def add(self, values: Whole) -> int:
        """Keep the totals of one whole number per item; the column's place."""
        totals = values
        if not self._is_itself:
            totals = np.bincount(self._cluster_of_item, weights=values, minlength=self.clusters)
        if self._present is not None:
            totals = totals[self._present]
        most = float(np.abs(totals).max(initial=0))
        kind = np.int8 if most < 2**7 else np.int16 if most < 2**15 else np.int64
        kept = np.ascontiguousarray(totals, dtype=kind)
        place = self._places.setdefault(blake2b(kept.tobytes()).digest(), len(self._columns))
        if place == len(self._columns):
            self._columns.append(kept)
        return place

    def totals(self, place: int) -> npt.NDArray[np.int64]:
        """A column's totals per present cluster."""
        return self._columns[place].astype(np.int64)

    def resampled(self, replicates: int, seed: int) -> Sums:
        """The sums of every column in every bootstrap replicate, (columns, replicates)."""
        return resampled_together([self], replicates, seed)[0]

    def flipped(self, places: Sequence[int], replicates: int, seed: int) -> Sums:
        """The sums of some columns with a random sign for every cluster, (places, replicates)."""
        if self._present is not None:
            raise ValueError("Signs are drawn for all clusters.")
        table = self._table[list(places)]
        plain = table.sum(axis=1, dtype=np.int64)
        largest = 2.0 * float(np.abs(table).sum(axis=1, dtype=np.int64).max(initial=0))
        product = _Product(table, None, replicates, largest)
        for coins in coin_blocks(self.clusters, replicates, seed):
            product.add(coins)
        # Twice the sums over the clusters that come up heads, less the sum of all, are the sums with signs.
        halves = product.sums
        return np.asarray(2 * halves - plain[:, None].astype(halves.dtype))

    @cached_property
    def _table(self) -> Whole:
        """All columns in one array, (columns, clusters), once the last was added."""
        width = self.clusters if self._present is None else len(self._present)
        kinds = {column.dtype for column in self._columns}
        table = np.empty((len(self._columns), width), dtype=np.result_type(np.int8, *kinds))
        for place, column in enumerate(self._columns):
            table[place] = column
            self._columns[place] = table[place]  # what was kept apart is let go, one by one
        return table

    def product(self, replicates: int) -> "_Product":
        """What blocks of draws are multiplied with."""
        table = self._table
        largest = max(int(table.max(initial=0)), -int(table.min(initial=0))) * float(self.clusters)
        return _Product(table, self._present, replicates, largest)


def resampled_together(parts: Sequence[WholeColumns], replicates: int, seed: int) -> list[Sums]:
    """Each part's sums of every column in every replicate, of one matrix of draws.

    Raises:
        ValueError: parts with different numbers of clusters.
    """
    counts = {part.clusters for part in parts}
    if len(counts) > 1:
        raise ValueError("What is resampled together has the same clusters.")
    products = [part.product(replicates) for part in parts]
    for draws in weight_blocks(counts.pop(), replicates, seed) if counts - {0} else ():
        for product in products:
            product.add(draws)
    return [product.sums for product in products]


class _Product:
    """Columns of totals times a matrix that comes in blocks of rows: `sums` (columns, replicates)."""

    def __init__(self, table: Whole, present: Places | None, replicates: int, largest: float) -> None:
        self._kind = np.float32 if largest < _EXACT_IN_SINGLE else np.float64
        self._table, self._present = table, present
        self._held: list[npt.NDArray[Any]] = []
        self._sums = np.zeros((replicates, len(table)), dtype=self._kind)
        self._done = 0

    def add(self, block: npt.NDArray[Any]) -> None:
        """Multiply the next rows; a few at a time are not worth widening all columns for."""
        self._held.append((block if self._present is None else block[:, self._present]).astype(self._kind))
        if sum(map(len, self._held)) >= _ROWS:
            self._multiply()

    @property
    def sums(self) -> Sums:
        """The product, once every block was added; each column's replicates lie side by side."""
        if self._held:
            self._multiply()
        return np.ascontiguousarray(self._sums.T)

    def _multiply(self) -> None:
        rows, self._held = np.concatenate(self._held), []
        target = self._sums[self._done : self._done + len(rows)]
        step = max(_WIDENED // max(1, len(self._table)), 1)
        for start in range(0, rows.shape[1], step):
            part = slice(start, start + step)
            target += rows[:, part] @ self._table[:, part].T.astype(self._kind)
        self._done += len(rows)
