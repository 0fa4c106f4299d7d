"""What controls and repeats say of the judges: with and without images, and asked the same again."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from benchmark.leaderboard import newest_of
from benchmark.models import Evaluation, EvaluationKind, EvaluationVariant, Verdict
from benchmark.report.frame import read_frame
from consilium.answers.dimensions import DIMENSIONS
from consilium.statistics.intervals import Estimate
from consilium.statistics.judge_pairs import Comparison
from consilium.statistics.judge_scores import board_of
from consilium.statistics.panel import MISSING, Panel
from consilium.statistics.repeats import repeat_stability
from consilium.statistics.undefined import Maybe
from curation.models import Release

_PART: Final = 5000
# A case in one order to what was printed, dimension to letter, each time that it was asked.
Askings = dict[tuple[str, str], list[Mapping[str, str | None]]]


@dataclass(frozen=True)
class BlindedJudge:
    """Accuracy of one judge with and without images by dimension, over the cases that have all four replies.

    `gain`: with images minus without them, its interval and p as of two judges on the same cases.
    """

    with_images: list[Estimate]
    without_images: list[Estimate]
    gain: list[Comparison]


@dataclass(frozen=True)
class RepeatedJudge:
    """How alike a judge answers the same requests: by dimension the share of pairs of askings that agree.

    `askings`: how often it was asked, for the board included. `calls`: with two replies or more.
    """

    askings: int
    calls: int
    stability: list[Maybe[float]]


def blinded_judges(
    release: Release, judges: Sequence[Evaluation], replicates: int
) -> dict[str, BlindedJudge]:
    """By the key of the judge's standard evaluation."""
    blind = {one.endpoint_id: one for one in _variants(judges, EvaluationVariant.IMAGE_BLIND)}
    pairs = [
        (one, blind[one.endpoint_id])
        for one in judges
        if one.endpoint_id in blind and blind[one.endpoint_id].parser_version == one.parser_version
    ]
    if not pairs:
        return {}
    names = [(str(one.pk), str(other.pk)) for one, other in pairs]
    panel = _on_shared_cases(read_frame(release, [one for pair in pairs for one in pair]).panel)
    board = board_of(panel, ranked=(), compared_in=DIMENSIONS, pairs=names, replicates=replicates)
    return {
        one: BlindedJudge(
            with_images=[row.accuracy for row in board.rows[one]],
            without_images=[row.accuracy for row in board.rows[other]],
            gain=[board.comparisons[name][one, other] for name in DIMENSIONS],
        )
        for one, other in names
    }


def repeated_judges(judges: Sequence[Evaluation]) -> dict[str, RepeatedJudge]:
    """By the key of the judge's standard evaluation; askings with another prompt or parser do not count."""
    repeats = _variants(judges, EvaluationVariant.REPEAT)
    found = {}
    for judge in judges:
        own = [one for one in repeats if one.endpoint_id == judge.endpoint_id and one.method == judge.method]
        if own:
            found[str(judge.pk)] = _repeated(judge, own)
    return found


def _variants(judges: Sequence[Evaluation], variant: EvaluationVariant) -> list[Evaluation]:
    releases = {one.release_id for one in judges}
    wanted = Evaluation.objects.filter(release__in=releases, kind=EvaluationKind.JUDGE, variant=variant)
    return newest_of(wanted)


def _on_shared_cases(panel: Panel) -> Panel:
    """Judges come in pairs; each keeps its replies to the cases that both of its pair answered twice."""
    answered = (panel.printed != MISSING).all(axis=(1, 2))
    both = (answered[0::2] & answered[1::2]).repeat(2, axis=0)
    return replace(panel, printed=np.where(both[:, None, None, :], panel.printed, MISSING).astype(np.int8))


def _repeated(judge: Evaluation, repeats: Sequence[Evaluation]) -> RepeatedJudge:
    askings: Askings = {}
    for one in repeats:
        for row_id, order, parsed in _printed(one):
            askings.setdefault((row_id, order), []).append(parsed)
    for row_id, order, parsed in _printed(judge):
        if (row_id, order) in askings:
            askings[row_id, order].append(parsed)
    calls = [said for said in askings.values() if len(said) > 1]
    return RepeatedJudge(
        askings=max(map(len, askings.values()), default=0),
        calls=len(calls),
        stability=[
            repeat_stability([[one.get(name) for one in said] for said in calls]) for name in DIMENSIONS
        ],
    )


def _printed(evaluation: Evaluation) -> Iterator[tuple[str, str, Mapping[str, str | None]]]:
    stored = Verdict.objects.filter(evaluation=evaluation).values_list("row_id", "order", "parsed")
    return stored.iterator(_PART)
