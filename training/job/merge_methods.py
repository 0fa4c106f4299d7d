"""Conflict-aware merging of full-rank deltas, block by block: METHOD's formula on plain tensors.

TIES: trim each model's delta to the `density` largest magnitudes over all of its tensors together; elect, for
every coordinate, the sign of the sum of the trimmed deltas; average the trimmed entries that agree with it.
One block of every model is in memory at a time. Everything stays on the device on which the deltas come.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import torch

from training.job.deltas import DeltaSource
from training.job.stored_tensors import Block, blocks_of, rows_of_block
from training.job.trim import TrimSurvey

ELECTS = ("ties", "dare_ties")


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


class Merger:
    """Deltas of several models made one, a tensor at a time; what it did to each is reported on the way.

    `ties` and `dare_ties` elect signs; `linear` is the mean of the deltas and `task_arithmetic` their sum.
    `survey` has seen the same sources; `ties` needs it. `tick` is called once per tensor and pass. Where it
    is not to be reported, `reports` and `cosines` stay empty and the work for them is saved.
    """

    def __init__(
        self,
        sources: Sequence[DeltaSource],
        method: str,
        density: float,
        seed: int = 0,
        *,
        survey: TrimSurvey | None = None,
        tick: Callable[[], None] = lambda: None,
        is_reported: bool = True,
    ) -> None:
        self._sources, self._method, self._tick = sources, method, tick
        self._is_reported = is_reported
        self._device = sources[0].device
        self.names = changed_names(sources) if survey is None else survey.changed
        self._cutter = _Keep()
        if method == "ties":
            assert survey is not None
            self._cutter = _Trim(survey.thresholds(density))
        elif method == "dare_ties":
            self._cutter = _Drop(density, seed)
        # A sum that cancels needs the sign of the majority, which all tensors have to be seen for.
        self._majority = self._majority_sign() if method in ELECTS and len(sources) > 1 else 0.0
        self._products = torch.zeros(len(sources), len(sources), dtype=torch.float64)
        self._reports: list[LayerReport] = []

    def blocks(self, name: str) -> Iterator[tuple[Block, torch.Tensor]]:
        """Yield the merged delta of one tensor, before the scale, in float32: rows of each block."""
        tally = _Tally(len(self._sources))
        for block, full in self._stacks(name):
            magnitudes = full.abs()
            kept = self._cutter.cut(full, magnitudes, name, block)
            if self._method in ELECTS:
                delta, used = elect(kept, self._majority)
            else:
                used = kept != 0
                delta = kept.sum(dim=0) / (len(self._sources) if self._method == "linear" else 1)
            if self._is_reported:
                tally.add(full, magnitudes, kept, used)
            yield block, delta
        self._products += tally.products
        if tally.mass:
            self._reports.append(tally.report(name))
        self._tick()

    def reports(self) -> list[LayerReport]:
        """Return what was done to every tensor so far that any model changed, in order of name."""
        return sorted(self._reports, key=lambda report: report.name)

    def cosines(self) -> list[float | None]:
        """Return the cosine of each pair of untrimmed deltas over all tensors so far."""
        return _cosines(self._products)

    def _stacks(self, name: str) -> Iterator[tuple[Block, torch.Tensor]]:
        """The deltas of all models, shape (models, rows, width), by block; zero where one did not change."""
        owners = [name in source.names() for source in self._sources]
        shape = next(source.shape(name) for source, owns in zip(self._sources, owners, strict=True) if owns)
        for block in blocks_of(shape, self._device):
            rows = (len(self._sources), block.stop - block.start, block.width)
            full = torch.zeros(rows, device=self._device)
            for place, source in enumerate(self._sources):
                if owners[place]:
                    full[place] = source.block(name, block)
            yield block, full

    def _majority_sign(self) -> float:
        total = 0
        for name in self.names:
            for block, full in self._stacks(name):
                kept = self._cutter.cut(full, full.abs(), name, block)
                total += int(torch.sign(kept.sum(dim=0)).sum())
            self._tick()
        return float((total > 0) - (total < 0))


def passes(method: str, models: int) -> int:
    """How often a merge reads all deltas: twice to trim, once for the majority's sign, once to merge."""
    return 1 + 2 * (method == "ties") + (method in ELECTS and models > 1)


def changed_names(sources: Sequence[DeltaSource]) -> list[str]:
    """Return the names of all parameters that any source may have changed, sorted."""
    return sorted({name for source in sources for name in source.names()})


def kept_shares(reports: Sequence[LayerReport]) -> list[float]:
    """Return by model the share of all entries that trimming left.

    Entries equal to the threshold are all kept, which may be more than the density; a model that changed
    less keeps less.
    """
    size = sum(report.size for report in reports)
    return [sum(counts) / size for counts in zip(*(report.kept for report in reports), strict=True)]


def elect(trimmed: torch.Tensor, majority: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the disjoint mean and which entries took part; `trimmed` is (models, ...).

    The sign of a coordinate is that of its sum; where the sum is zero, it is `majority`.
    """
    signs = torch.sign(trimmed.sum(dim=0))
    if majority:
        signs += majority * (signs == 0)
    used = trimmed * signs > 0
    count = used.sum(dim=0, dtype=torch.float32).clamp_(min=1)
    return (trimmed * used).sum(dim=0) / count, used


class _Keep:
    """Keeps everything."""

    def cut(self, full: torch.Tensor, _magnitudes: torch.Tensor, _name: str, _block: Block) -> torch.Tensor:
        """Return `full`, shape (models, rows, width), with what is left out set to zero."""
        return full


class _Trim(_Keep):
    """Keeps, per model, the magnitudes at or above its global threshold."""

    def __init__(self, thresholds: Sequence[float]) -> None:
        self._limits = torch.tensor(thresholds).view(-1, 1, 1)

    def cut(self, full: torch.Tensor, magnitudes: torch.Tensor, _name: str, _block: Block) -> torch.Tensor:
        """Return `full` with the smaller entries set to zero."""
        return full * (magnitudes >= self._limits.to(full.device))


class _Drop(_Keep):
    """Keeps each entry with the given probability and rescales it (DARE), by seed and place."""

    def __init__(self, density: float, seed: int) -> None:
        self._density = density
        self._seed = seed

    def cut(self, full: torch.Tensor, _magnitudes: torch.Tensor, name: str, block: Block) -> torch.Tensor:
        """Return `full` with dropped entries zero and the rest divided by the density."""
        step = rows_of_block(block.width)
        draws = [
            self._draws(name, start, (len(full), min(step, block.stop - start), block.width))
            for start in range(block.start, block.stop, step)
        ]
        return full / self._density * (torch.cat(draws, dim=1) < self._density).to(full.device)

    def _draws(self, name: str, start: int, shape: tuple[int, int, int]) -> torch.Tensor:
        """Numbers of [0, 1), on whatever device the same ones."""
        number = int.from_bytes(hashlib.sha256(f"{self._seed}/{name}/{start}".encode()).digest()[:7], "big")
        return torch.rand(shape, generator=torch.Generator().manual_seed(number))


class _Tally:
    """Sums over the blocks of one tensor."""

    def __init__(self, models: int) -> None:
        self.products = torch.zeros(models, models, dtype=torch.float64)
        self.mass = self._remaining = 0.0
        self._size = self._shared = self._disagree = 0
        self._kept = torch.zeros(models, dtype=torch.int64)

    def add(
        self, full: torch.Tensor, magnitudes: torch.Tensor, kept: torch.Tensor, used: torch.Tensor
    ) -> None:
        """Count one block; shapes (models, rows, width)."""
        held, positive = kept != 0, (kept > 0).sum(dim=0, dtype=torch.float32)
        together = held.sum(dim=0, dtype=torch.float32)
        self._shared += int((together >= 2).sum())
        self._disagree += int(((positive > 0) & (positive < together)).sum())
        self.mass += float(magnitudes.sum(dtype=torch.float64))
        self._remaining += float((magnitudes * used).sum(dtype=torch.float64))
        self._kept += held.flatten(1).sum(dim=1).cpu()
        self._size += full[0].numel()
        flat = full.flatten(1)
        self.products += (flat @ flat.T).double().cpu()

    def report(self, name: str) -> LayerReport:
        """Return the figures of the tensor; `mass` is not zero."""
        return LayerReport(
            name=name,
            sign_conflict=self._disagree / self._shared if self._shared else None,
            mass_discarded=1 - self._remaining / self.mass,
            cosines=_cosines(self.products),
            size=self._size,
            kept=self._kept.tolist(),
        )


def _cosines(products: torch.Tensor) -> list[float | None]:
    """The cosine of each pair, from all inner products; None where one is zero or its square too large."""
    found = []
    for one, two in combinations(range(len(products)), 2):
        length = math.sqrt(products[one, one]) * math.sqrt(products[two, two])
        inner = float(products[one, two])
        is_known = length and math.isfinite(length) and math.isfinite(inner)
        found.append(inner / length if is_known else None)
    return found
