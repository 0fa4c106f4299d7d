"""The global trim thresholds of several deltas, exactly and without sorting: two passes for any densities."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch

from training.job.deltas import DeltaSource
from training.job.stored_tensors import blocks_of

_HIGH_BITS, _LOW_BITS = 16, 15  # the 31 bits below the sign of a float32


class TrimSurvey:
    """Which tensors the sources changed, and above which magnitude a share of each one's entries lies.

    The bits of a non-negative float32 grow with its value, so a histogram of the upper bits finds the bin of
    the threshold and a second one, of the lower bits within that bin, the value.
    `changed`: names of the tensors in which any source is not zero, sorted; what is trimmed is a share of
    their entries. `tick` is called once per tensor and pass.
    """

    def __init__(
        self,
        sources: Sequence[DeltaSource],
        densities: Sequence[float],
        tick: Callable[[], None] = lambda: None,
    ) -> None:
        self._sources, self._tick = sources, tick
        self._size = 0
        self.changed: list[str] = []
        names = sorted({name for source in sources for name in source.names()})
        bins = self._places(self._upper(names), densities)
        self._thresholds = self._exact(bins)

    def thresholds(self, density: float) -> list[float]:
        """Return, by source, the smallest magnitude that is kept; inf where nothing is."""
        return self._thresholds[density]

    def _upper(self, names: Sequence[str]) -> list[torch.Tensor]:
        """The histogram of the upper bits of each source; notes what changed."""
        upper = [torch.zeros(1 << _HIGH_BITS, dtype=torch.int64) for _ in self._sources]
        for name in names:
            is_changed, size = False, 0
            for place, delta in self._deltas(name):
                upper[place] += torch.bincount(_bits(delta) >> _LOW_BITS, minlength=1 << _HIGH_BITS).cpu()
                is_changed = is_changed or bool(delta.any())
            if is_changed:
                size = next(source.shape(name) for source in self._sources if name in source.names()).numel()
                self.changed.append(name)
            self._size += size
            self._tick()
        return upper

    def _places(
        self, upper: Sequence[torch.Tensor], densities: Sequence[float]
    ) -> dict[float, list[tuple[int, int]]]:
        """By density and source, the bin of the threshold and how many entries to take from it; 0 for all.

        What a source did not change is zero there: it counts, but can never be among the largest.
        """
        found = {}
        for density in densities:
            keep = round(density * self._size)
            found[density] = [_descend(counts, min(keep, int(counts.sum()))) for counts in upper]
        return found

    def _exact(self, bins: dict[float, list[tuple[int, int]]]) -> dict[float, list[float]]:
        wanted = [{places[number][0] for places in bins.values()} for number in range(len(self._sources))]
        lower = [{high: torch.zeros(1 << _LOW_BITS, dtype=torch.int64) for high in one} for one in wanted]
        for name in self.changed:
            for place, delta in self._deltas(name):
                bits = _bits(delta)
                highs = bits >> _LOW_BITS
                for high, held in lower[place].items():
                    inside = bits[highs == high] & ((1 << _LOW_BITS) - 1)
                    held.add_(torch.bincount(inside, minlength=1 << _LOW_BITS).cpu())
            self._tick()
        return {
            density: [
                _value(high, _descend(lower[number][high], left)[0]) if left else float("inf")
                for number, (high, left) in enumerate(places)
            ]
            for density, places in bins.items()
        }

    def _deltas(self, name: str) -> Iterator[tuple[int, torch.Tensor]]:
        """Every block of one tensor's deltas with the place of its source."""
        owners = [place for place, source in enumerate(self._sources) if name in source.names()]
        shape = self._sources[owners[0]].shape(name)
        for block in blocks_of(shape, self._sources[0].device):
            for place in owners:
                yield place, self._sources[place].block(name, block)


def _bits(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.abs().contiguous().view(torch.int32).flatten()


def _descend(histogram: torch.Tensor, keep: int) -> tuple[int, int]:
    """Return the bin that holds the `keep`-th largest value, and its rank among the values of that bin."""
    if keep <= 0:
        return 0, 0
    from_top = torch.cumsum(histogram.flip(0), dim=0)
    place = int(torch.searchsorted(from_top, torch.tensor(keep)))
    above = int(from_top[place - 1]) if place else 0
    return histogram.numel() - 1 - place, keep - above


def _value(high: int, low: int) -> float:
    return float(torch.tensor((high << _LOW_BITS) | low, dtype=torch.int32).view(torch.float32))
