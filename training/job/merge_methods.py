"""Conflict-aware merging of full-rank deltas, tensor by tensor: METHOD's formula on plain tensors.

TIES: trim each model's delta to the `density` largest magnitudes over all of its tensors together; elect, for
every coordinate, the sign of the sum of the trimmed deltas; average the trimmed entries that agree with it.
Only one tensor of every model is in memory at a time; thresholds come from two histograms, not from sorting.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import torch

from training.job.deltas import DeltaSource

_HIGH_BITS, _LOW_BITS = 16, 15  # the 31 bits below the sign of a float32


@dataclass(frozen=True, slots=True)
class LayerReport:
    """What merging did to one tensor; a figure that is not defined is None.

    `sign_conflict`: share of the coordinates with two or more non-zero trimmed deltas whose signs disagree.
    `mass_discarded`: share of the summed magnitudes of all deltas that trimming and election removed.
    `cosines`: cosine of each pair of untrimmed deltas, in the order of itertools.combinations.
    `kept`: of the tensor's `size` entries, how many trimming left non-zero, by model.
    """

    name: str
    sign_conflict: float | None
    mass_discarded: float | None
    cosines: list[float | None]
    size: int
    kept: list[int]


@dataclass(frozen=True, slots=True)
class Merged:
    """One tensor's merged delta (float32, before the scale) and its report."""

    name: str
    delta: torch.Tensor
    report: LayerReport


def merge(sources: Sequence[DeltaSource], method: str, density: float, seed: int = 0) -> Iterator[Merged]:
    """Yield the merged delta of every tensor that any source changed, in name order.

    `ties` and `dare_ties` elect signs; `linear` is the mean of the deltas and `task_arithmetic` their sum.
    """
    names = sorted({name for source in sources for name in source.names()})
    cutter = _cutter(sources, names, method, density, seed)
    elects = method in ("ties", "dare_ties")
    majority = _majority_sign(sources, names, cutter) if elects else 0.0
    for name in names:
        full = _stacked(sources, name)
        kept = cutter.cut(full, name)
        if elects:
            delta, used = elect(kept, majority)
        else:
            used = kept
            delta = kept.sum(dim=0) / (len(sources) if method == "linear" else 1)
        yield Merged(name, delta, _report(name, full, kept, used))


def kept_shares(reports: Sequence[LayerReport]) -> list[float]:
    """Return by model the share of all entries that trimming left.

    Entries equal to the threshold are all kept, which may be more than the density; a model that changed
    less keeps less.
    """
    size = sum(report.size for report in reports)
    return [sum(counts) / size for counts in zip(*(report.kept for report in reports), strict=True)]


def elect(trimmed: torch.Tensor, majority: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the disjoint mean and the entries that took part; `trimmed` is (models, ...).

    The sign of a coordinate is that of its sum; where the sum is zero, it is `majority`.
    """
    signs = torch.sign(trimmed.sum(dim=0))
    signs = torch.where(signs == 0, torch.full_like(signs, majority), signs)
    used = torch.where(torch.sign(trimmed) == signs, trimmed, torch.zeros_like(trimmed))
    count = (used != 0).sum(dim=0).clamp(min=1)
    return used.sum(dim=0) / count, used


def threshold(tensors: Sequence[torch.Tensor] | _Repeat, keep: int) -> float:
    """Return the `keep`-th largest magnitude over all `tensors`, exactly and without sorting.

    The bits of a non-negative float32 grow with its value, so a histogram of the upper bits finds the bin and
    a second one, of the lower bits within that bin, the value. `tensors` is walked twice. With `keep` 0 it is
    inf.
    """
    if keep <= 0:
        return float("inf")
    upper = torch.zeros(1 << _HIGH_BITS, dtype=torch.int64)
    for tensor in tensors:
        upper += torch.bincount(_bits(tensor) >> _LOW_BITS, minlength=upper.numel())
    high, above = _descend(upper, keep)
    lower = torch.zeros(1 << _LOW_BITS, dtype=torch.int64)
    for tensor in tensors:
        bits = _bits(tensor)
        lower += torch.bincount(
            bits[(bits >> _LOW_BITS) == high] & ((1 << _LOW_BITS) - 1), minlength=lower.numel()
        )
    low, _ = _descend(lower, keep - above)
    return float(torch.tensor((high << _LOW_BITS) | low, dtype=torch.int32).view(torch.float32))


@dataclass(frozen=True, slots=True)
class _Repeat:
    """The deltas of one source, computed anew on every walk."""

    source: DeltaSource
    names: Sequence[str]

    def __iter__(self) -> Iterator[torch.Tensor]:
        return (self.source.delta(name) for name in self.names)


class _Keep:
    """Keeps everything."""

    def cut(self, stacked: torch.Tensor, _name: str) -> torch.Tensor:
        """Return `stacked` unchanged."""
        return stacked


class _Trim(_Keep):
    """Keeps, per model, the magnitudes at or above its global threshold."""

    def __init__(self, thresholds: Sequence[float]) -> None:
        self._thresholds = torch.tensor(thresholds)

    def cut(self, stacked: torch.Tensor, _name: str) -> torch.Tensor:
        """Return `stacked`, shape (models, ...), with the smaller entries set to zero."""
        limits = self._thresholds.view(-1, *[1] * (stacked.dim() - 1))
        return torch.where(stacked.abs() >= limits, stacked, torch.zeros_like(stacked))


class _Drop(_Keep):
    """Keeps each entry with the given probability and rescales it (DARE), by seed and tensor."""

    def __init__(self, density: float, seed: int) -> None:
        self._density = density
        self._seed = seed

    def cut(self, stacked: torch.Tensor, name: str) -> torch.Tensor:
        """Return `stacked` with dropped entries zero and the rest divided by the density."""
        number = int.from_bytes(hashlib.sha256(f"{self._seed}/{name}".encode()).digest()[:7], "big")
        generator = torch.Generator().manual_seed(number)
        mask = torch.rand(stacked.shape, generator=generator) < self._density
        return torch.where(mask, stacked / self._density, torch.zeros_like(stacked))


def _cutter(
    sources: Sequence[DeltaSource], names: Sequence[str], method: str, density: float, seed: int
) -> _Keep:
    if method == "dare_ties":
        return _Drop(density, seed)
    if method != "ties":
        return _Keep()
    keep = round(density * sum(_shape(sources, name).numel() for name in names))
    # Tensors a source did not change are zero there: they count, but can never be among the largest.
    return _Trim([threshold(_Repeat(source, source.names()), _available(source, keep)) for source in sources])


def _available(source: DeltaSource, keep: int) -> int:
    return min(keep, sum(source.shape(name).numel() for name in source.names()))


def _majority_sign(sources: Sequence[DeltaSource], names: Sequence[str], cutter: _Keep) -> float:
    total = 0
    for name in names:
        total += int(torch.sign(cutter.cut(_stacked(sources, name), name).sum(dim=0)).sum())
    return float((total > 0) - (total < 0))


def _stacked(sources: Sequence[DeltaSource], name: str) -> torch.Tensor:
    shape = _shape(sources, name)
    return torch.stack([_or_zero(source, name, shape) for source in sources])


def _shape(sources: Sequence[DeltaSource], name: str) -> torch.Size:
    return next(source.shape(name) for source in sources if name in source.names())


def _or_zero(source: DeltaSource, name: str, shape: torch.Size) -> torch.Tensor:
    return source.delta(name) if name in source.names() else torch.zeros(shape)


def _bits(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.detach().abs().float().contiguous().view(torch.int32).flatten()


def _descend(histogram: torch.Tensor, keep: int) -> tuple[int, int]:
    """Return the bin that holds the `keep`-th largest value and how many values lie in higher bins."""
    from_top = torch.cumsum(histogram.flip(0), dim=0)
    place = int(torch.searchsorted(from_top, torch.tensor(keep)))
    above = int(from_top[place - 1]) if place else 0
    return histogram.numel() - 1 - place, above


def _report(name: str, full: torch.Tensor, kept: torch.Tensor, used: torch.Tensor) -> LayerReport:
    positive, negative = (kept > 0).sum(dim=0), (kept < 0).sum(dim=0)
    shared = (positive + negative) >= 2
    disagree = shared & (positive > 0) & (negative > 0)
    mass = float(full.abs().sum(dtype=torch.float64))
    remaining = float(torch.where(used != 0, full, torch.zeros_like(full)).abs().sum(dtype=torch.float64))
    flat = full.flatten(1)
    return LayerReport(
        name=name,
        sign_conflict=int(disagree.sum()) / int(shared.sum()) if bool(shared.any()) else None,
        mass_discarded=1 - remaining / mass if mass else None,
        cosines=[_cosine(flat[one], flat[two]) for one, two in combinations(range(len(flat)), 2)],
        size=flat.shape[1],
        kept=[int(count) for count in (kept != 0).flatten(1).sum(dim=1)],
    )


def _cosine(one: torch.Tensor, two: torch.Tensor) -> float | None:
    product = float(one.norm() * two.norm())
    # The squares of very large values are more than a float32 holds: such a pair has no figure.
    return float(one @ two) / product if product and math.isfinite(product) else None
