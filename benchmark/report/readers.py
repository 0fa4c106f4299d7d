"""Judges beside the readers whose votes made the labels, like with like: one reader against one reader."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from benchmark.report.frame import ReportFrame
from benchmark.report.released_votes import ReleasedVote
from consilium.statistics.alternative_annotator import (
    AlternativeAnnotator,
    AnnotatorTable,
    alternative_annotator_test,
)
from consilium.statistics.bootstrap import Places
from consilium.statistics.clustered import mean_error
from consilium.statistics.intervals import Estimate, Interval, normal_quantile
from consilium.statistics.panel import MISSING, TIE, A, B, Codes
from consilium.statistics.ratings import Array
from consilium.statistics.undefined import Maybe, Undefined

_NO_PAIRS: Final = Undefined("no case has two readers and the judge's replies in both orders")
_LETTERS: Final = {A: "A", B: "B", TIE: "tie"}


@dataclass(frozen=True)
class AmongReaders:
    """One judge in one dimension beside the readers: cases with two of them and replies in both orders.

    `readers`: how often two readers agree; `judge`: how often the judge agrees with one of them, mean over
    both orders, invalid and tie agreeing with nobody; `difference`: judge minus readers, its interval
    from the cluster-robust standard error of the cases' differences. At 0 the judge is one more reader.
    """

    dimension: str
    cases: int
    readers: Maybe[float]
    judge: Maybe[float]
    difference: Estimate


def among_readers(frame: ReportFrame) -> dict[str, list[AmongReaders]]:
    """Every judge of the frame, a row per dimension."""
    said = [_said(frame.votes[dimension]) for dimension in range(len(frame.panel.dimensions))]
    return {
        name: [_beside(frame, judge, dimension, one) for dimension, one in enumerate(said)]
        for judge, name in enumerate(frame.panel.judges)
    }


def reader_tests(frame: ReportFrame, votes: Iterable[ReleasedVote]) -> dict[str, AlternativeAnnotator]:
    """The alternative annotator test of every judge, overall, on its letter in the stored order."""
    by_reader: dict[str, dict[str, str]] = {}
    for vote in votes:
        by_reader.setdefault(vote.reader, {})[vote.case] = vote.choice
    table = AnnotatorTable(by_reader)
    return {
        name: alternative_annotator_test(table, _letters(frame, judge))
        for judge, name in enumerate(frame.panel.judges)
    }


def _letters(frame: ReportFrame, judge: int) -> dict[str, str]:
    forward, _ = frame.panel.stated(judge, len(frame.panel.dimensions) - 1)
    # An invalid reply is a label that nobody else gives: it must not leave the case out.
    return {
        case: _LETTERS.get(code, "invalid")
        for case, code in zip(frame.panel.cases, forward.tolist(), strict=True)
        if code != MISSING
    }


@dataclass(frozen=True)
class _Said:
    """What the readers of each case said in one dimension; NaN with fewer than two of them.

    `agreeing`: the share of pairs of readers that agree; `a` and `b`: the shares that chose each answer.
    """

    agreeing: Array
    a: Array
    b: Array

    def with_judge(self, letters: Codes) -> Array:
        """The share of each case's readers who chose what the judge states."""
        return np.asarray(np.where(letters == A, self.a, np.where(letters == B, self.b, 0.0)))


def _said(votes: npt.NDArray[np.int32]) -> _Said:
    count = np.where(votes.sum(axis=1) > 1, votes.sum(axis=1), np.nan)
    return _Said((votes * (votes - 1)).sum(axis=1) / (count * (count - 1)), *(votes / count[:, None]).T)


def _beside(frame: ReportFrame, judge: int, dimension: int, said: _Said) -> AmongReaders:
    panel, name = frame.panel, frame.panel.dimensions[dimension]
    replied = (panel.printed[judge, :, dimension] != MISSING).all(axis=0)
    used = replied & ~np.isnan(said.agreeing)
    if not used.any():
        return AmongReaders(name, 0, _NO_PAIRS, _NO_PAIRS, Estimate(_NO_PAIRS, _NO_PAIRS))
    forward, backward = (said.with_judge(letters) for letters in panel.stated(judge, dimension))
    judges, readers = ((forward + backward) / 2)[used], said.agreeing[used]
    return AmongReaders(
        dimension=name,
        cases=int(used.sum()),
        readers=float(readers.mean()),
        judge=float(judges.mean()),
        difference=_mean_with_interval(judges - readers, panel.clusters[used]),
    )


def _mean_with_interval(values: Array, clusters: Places) -> Estimate:
    error = mean_error(values, clusters)
    if isinstance(error.mean, Undefined) or isinstance(error.se_cluster_corrected, Undefined):
        return Estimate(error.mean, Undefined("fewer than two clusters"))
    half = normal_quantile(0.95) * error.se_cluster_corrected
    return Estimate(error.mean, Interval(error.mean - half, error.mean + half))
