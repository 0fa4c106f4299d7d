"""Solvers by kind of question, task, body system and question type; each against the model it came from."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np

from benchmark.leaderboard import base_of, newest_evaluations
from benchmark.models import Evaluation, EvaluationKind, SolverResult
from benchmark.release_rows import answer_kind
from consilium.answers.open_answers import AnswerKind
from consilium.statistics.bootstrap import TOO_FEW_CLUSTERS, ClusterWeights, percentile_interval
from consilium.statistics.intervals import Estimate
from consilium.statistics.ratings import Array
from consilium.statistics.undefined import Undefined
from curation.models import Release
from curation.releases.freeze import rows_of

WHOLE: Final = ""
# Facet to where a row says it: a field of its own, or a facet that its set brought along; the first counts.
SOLVER_FACETS: Final[Mapping[str, tuple[str, ...]]] = {
    "task": ("facets.medical_task", "facets.task"),
    "body_system": ("facets.body_system", "organ_system"),
    "question_type": ("question_type",),
    "set": ("facets.set",),
}
# Kind of question, facet and value; facet and value are empty for all questions of the kind.
Slice: TypeAlias = tuple[AnswerKind, str, str]
_PART: Final = 5000


@dataclass(frozen=True)
class SliceScore:
    """A solver on one slice: how many of its questions it answered, the mean score, and that minus the score
    of the model it was trained from over what both answered (None: no such model was scored alike).
    """

    asked: int
    score: Estimate
    gain: Estimate | None


@dataclass(frozen=True)
class SlicedSolver:
    """A solver's scores: kind of question to facet to value; the whole kind stands under WHOLE twice."""

    evaluation: int
    name: str
    base: str
    scores: dict[str, dict[str, dict[str, SliceScore]]]


@dataclass(frozen=True)
class SolverScores:
    """What the solvers of a release scored: `rows` that have an answer, their `slices` (0 or 1 a row), and by
    evaluation a number from 0 to 1 a row, not a number where there is no answer.
    """

    evaluations: list[Evaluation]
    rows: list[dict[str, Any]]
    slices: dict[Slice, Array]
    of: dict[int, Array]

    @property
    def clusters(self) -> list[str]:
        """Each row's cluster."""
        return [row["cluster"] for row in self.rows]


def solver_scores(release: Release) -> SolverScores:
    """Read the newest evaluation of every solver."""
    evaluations = newest_evaluations(release, EvaluationKind.SOLVER)
    rows = [row for row in rows_of(release).values_list("content", flat=True) if answer_kind(row)]
    place = {row["id"]: number for number, row in enumerate(rows)}
    return SolverScores(evaluations, rows, slices_of_questions(rows), _scores(evaluations, place))


def sliced_solvers(held: SolverScores) -> list[SlicedSolver]:
    """Every solver, by name. All slices see the same draws of clusters."""
    masks, weights = held.slices, ClusterWeights(held.clusters)
    by_name = {one.endpoint.name: one for one in held.evaluations}
    found = []
    for one in sorted(held.evaluations, key=lambda one: one.endpoint.name):
        base = base_of(one, by_name)
        own, against = held.of[one.pk], held.of[base.pk] if base else None
        found.append(
            SlicedSolver(
                evaluation=one.pk,
                name=one.endpoint.name,
                base=base.endpoint.name if base else "",
                scores=_by_slice(masks, weights, own, against),
            )
        )
    return found


def slices_of_questions(rows: Sequence[Mapping[str, Any]]) -> dict[Slice, Array]:
    """Which rows are in each slice, 0 or 1 each; kinds, facets and values sorted."""
    members: dict[Slice, list[int]] = {}
    for number, row in enumerate(rows):
        kind = answer_kind(dict(row))
        if kind is None:
            continue
        members.setdefault((kind, WHOLE, WHOLE), []).append(number)
        for facet, places in SOLVER_FACETS.items():
            if value := next(filter(None, (_said(row, one) for one in places)), ""):
                members.setdefault((kind, facet, value), []).append(number)
    masks: dict[Slice, Array] = {}
    for key in sorted(members):
        masks[key] = np.zeros(len(rows))
        masks[key][members[key]] = 1.0
    return masks


def _said(row: Mapping[str, Any], place: str) -> str:
    facet = place.removeprefix("facets.")
    held = (row.get("facets") or {}) if facet != place else row
    return str(held.get(facet) or "")


def _scores(evaluations: Sequence[Evaluation], place: Mapping[str, int]) -> dict[int, Array]:
    """Each evaluation's score for each row, not a number where there is no answer."""
    scores: dict[int, Array] = {one.pk: np.full(len(place), np.nan) for one in evaluations}
    for result in SolverResult.objects.filter(evaluation__in=evaluations).iterator(_PART):
        scores[result.evaluation_id][place[result.row_id]] = result.score
    return scores


def _by_slice(
    masks: Mapping[Slice, Array], weights: ClusterWeights, own: Array, base: Array | None
) -> dict[str, dict[str, dict[str, SliceScore]]]:
    means = _means(masks.values(), weights, own)
    gains = [None] * len(masks) if base is None else _means(masks.values(), weights, own - base)
    answered = np.isfinite(own)
    found: dict[str, dict[str, dict[str, SliceScore]]] = {}
    for ((kind, facet, value), mask), score, gain in zip(masks.items(), means, gains, strict=True):
        asked = int((mask * answered).sum())
        found.setdefault(kind.value, {}).setdefault(facet, {})[value] = SliceScore(asked, score, gain)
    return found


def _means(masks: Iterable[Array], weights: ClusterWeights, values: Array) -> list[Estimate]:
    """The mean in each slice of the values that are there, with the interval of the cluster bootstrap."""
    there = np.isfinite(values)
    known = np.where(there, values, 0.0)
    columns = [(mask * known, mask * there) for mask in masks]
    if not columns:
        return []
    features = np.column_stack([part for pair in columns for part in pair])
    draws, clusters = weights.sums(features), (weights.totals(features) > 0).sum(axis=0)
    return [
        _estimate(features[:, first : first + 2], draws[:, first : first + 2], clusters[first + 1])
        for first in range(0, features.shape[1], 2)
    ]


def _estimate(columns: Array, draws: Array, clusters: int) -> Estimate:
    total, number = columns.sum(axis=0)
    if not number:
        nothing = Undefined("no question was answered")
        return Estimate(nothing, nothing)
    if clusters < 2:
        return Estimate(float(total / number), TOO_FEW_CLUSTERS)
    drawn = np.divide(draws[:, 0], draws[:, 1], out=np.full(len(draws), np.nan), where=draws[:, 1] > 0)
    return Estimate(float(total / number), percentile_interval(drawn))
