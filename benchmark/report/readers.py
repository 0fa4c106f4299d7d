"""Judges beside the readers whose votes made the labels, like with like: one reader against one reader."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from benchmark.report.frame import ReportFrame
from benchmark.report.released_votes import ReleasedVote
from consilium.statistics.alternative_annotator import AlternativeAnnotator, alternative_annotator_test
from consilium.statistics.clustered import mean_error
from consilium.statistics.intervals import Estimate, Interval, normal_quantile
from consilium.statistics.panel import MISSING, TIE, A, B, Codes
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
    dimensions = range(len(frame.panel.dimensions))
    pairs = [_pair_share(frame.votes[dimension]) for dimension in dimensions]
    return {
        name: [_beside(frame, judge, dimension, pairs[dimension]) for dimension in dimensions]
        for judge, name in enumerate(frame.panel.judges)
    }


def reader_tests(frame: ReportFrame, votes: Iterable[ReleasedVote]) -> dict[str, AlternativeAnnotator]:
    """The alternative annotator test of every judge, overall, on its letter in the stored order."""
    by_reader: dict[str, dict[str, str]] = {}
    for vote in votes:
        by_reader.setdefault(vote.reader, {})[vote.case] = vote.choice
    return {name: _tested(frame, judge, by_reader) for judge, name in enumerate(frame.panel.judges)}


def _tested(frame: ReportFrame, judge: int, votes: dict[str, dict[str, str]]) -> AlternativeAnnotator:
    forward, _ = frame.panel.stated(judge, len(frame.panel.dimensions) - 1)
    # An invalid reply is a label that nobody else gives: it must not leave the case out.
    said = {
        case: _LETTERS.get(int(code), "invalid")
        for case, code in zip(frame.panel.cases, forward, strict=True)
        if code != MISSING
    }
    return alternative_annotator_test(votes, said)


def _pair_share(votes: npt.NDArray[np.int32]) -> npt.NDArray[np.float64]:
    """The share of agreeing pairs of readers per case; NaN with fewer than two."""
    count = votes.sum(axis=1)
    agreeing = (votes * (votes - 1)).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(count > 1, agreeing / (count * (count - 1)), np.nan))


def _beside(frame: ReportFrame, judge: int, dimension: int, pairs: npt.NDArray[np.float64]) -> AmongReaders:
    panel, votes = frame.panel, frame.votes[dimension]
    replied = (panel.printed[judge, :, dimension] != MISSING).all(axis=0)
    used = replied & ~np.isnan(pairs)
    name = panel.dimensions[dimension]
    if not used.any():
        return AmongReaders(name, 0, _NO_PAIRS, _NO_PAIRS, Estimate(_NO_PAIRS, _NO_PAIRS))
    count = votes.sum(axis=1)[used]
    judges = np.mean(
        [_with(votes[used], said[used]) / count for said in panel.stated(judge, dimension)], axis=0
    )
    readers = pairs[used]
    return AmongReaders(
        dimension=name,
        cases=int(used.sum()),
        readers=float(readers.mean()),
        judge=float(judges.mean()),
        difference=_mean_with_interval(judges - readers, panel.clusters[used]),
    )


def _with(votes: npt.NDArray[np.int32], said: Codes) -> npt.NDArray[np.int32]:
    """How many readers of each case chose what the judge states."""
    return np.asarray(np.select([said == A, said == B], [votes[:, 0], votes[:, 1]], 0))


def _mean_with_interval(values: npt.NDArray[np.float64], clusters: npt.NDArray[np.intp]) -> Estimate:
    error = mean_error(values.tolist(), clusters.tolist())
    if isinstance(error.mean, Undefined) or isinstance(error.se_cluster_corrected, Undefined):
        return Estimate(error.mean, Undefined("fewer than two clusters"))
    half = normal_quantile(0.95) * error.se_cluster_corrected
    return Estimate(error.mean, Interval(error.mean - half, error.mean + half))
