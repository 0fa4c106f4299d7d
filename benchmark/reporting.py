"""Leaderboards: what the stored verdicts and answers of a release say, with intervals."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmark.models import Evaluation, EvaluationKind, SolverResult, Verdict
from consilium.answers.dimensions import DIMENSIONS
from consilium.jobs.states import JobState
from consilium.statistics.intervals import Estimate, wilson
from consilium.statistics.judging import JudgedCase, JudgingRow, judging
from consilium.statistics.resampling import ClusterWeights
from consilium.statistics.undefined import Maybe, Undefined
from curation.models import Release
from curation.releasing import rows_of


@dataclass(frozen=True)
class JudgeLine:
    """One judge on one release: a row per dimension, in order. Unranked while calls are missing."""

    evaluation: Evaluation
    rows: list[JudgingRow]
    verdicts: int

    @property
    def is_complete(self) -> bool:
        """Whether every call of the evaluation got an answer."""
        return self.verdicts >= self.evaluation.expected_calls

    @property
    def overall(self) -> JudgingRow:
        """The primary endpoint's row."""
        return self.rows[-1]


@dataclass(frozen=True)
class SolverLine:
    """One solver on one release; `by_specialty` maps a specialty to (right, asked)."""

    evaluation: Evaluation
    asked: int
    right: int
    invalid: int
    accuracy: Estimate
    by_specialty: dict[str, tuple[int, int]]

    @property
    def is_complete(self) -> bool:
        """Whether every question got an answer."""
        return self.asked >= self.evaluation.expected_calls


def judge_lines(release: Release) -> list[JudgeLine]:
    """Every judge scored on the release, best first, unfinished ones last."""
    rows = list(rows_of(release).values_list("content", flat=True))
    lines = [_judge_line(evaluation, rows) for evaluation in newest(release, EvaluationKind.JUDGE)]
    return sorted(lines, key=lambda line: (not line.is_complete, -_value(line.overall.accuracy.value)))


def solver_lines(release: Release) -> list[SolverLine]:
    """Every solver scored on the release, best first, unfinished ones last."""
    rows = {row["id"]: row for row in rows_of(release).values_list("content", flat=True)}
    lines = [_solver_line(evaluation, rows) for evaluation in newest(release, EvaluationKind.SOLVER)]
    return sorted(lines, key=lambda line: (not line.is_complete, -_value(line.accuracy.value)))


def newest(release: Release, kind: str) -> list[Evaluation]:
    """The last evaluation of each endpoint on the release that has begun to store answers or succeeded."""
    found = Evaluation.objects.filter(release=release, kind=kind).exclude(job__state=JobState.CANCELLED)
    by_endpoint: dict[int, Evaluation] = {}
    for evaluation in found.select_related("endpoint", "job", "release").order_by("created_at"):
        by_endpoint[evaluation.endpoint_id] = evaluation
    return list(by_endpoint.values())


def judged_cases(evaluation: Evaluation, rows: Iterable[dict[str, Any]]) -> list[JudgedCase]:
    """The release's cases with this judge's letters in both orders."""
    letters: dict[str, dict[str, Any]] = defaultdict(dict)
    stored = Verdict.objects.filter(evaluation=evaluation)
    for row_id, order, parsed in stored.values_list("row_id", "order", "parsed"):
        letters[row_id][order] = parsed
    return [
        JudgedCase(
            case=row["id"],
            cluster=row["cluster"],
            label=row["label"],
            forward=letters[row["id"]].get("ab"),
            backward=letters[row["id"]].get("ba"),
        )
        for row in rows
    ]


def _judge_line(evaluation: Evaluation, rows: Sequence[dict[str, Any]]) -> JudgeLine:
    scored = judging(judged_cases(evaluation, rows), dimensions=DIMENSIONS)
    return JudgeLine(evaluation, scored, Verdict.objects.filter(evaluation=evaluation).count())


def _solver_line(evaluation: Evaluation, rows: dict[str, dict[str, Any]]) -> SolverLine:
    results = list(SolverResult.objects.filter(evaluation=evaluation).order_by("row_id"))
    by_specialty: dict[str, tuple[int, int]] = {}
    for result in results:
        name = rows[result.row_id]["specialty"]
        right, asked = by_specialty.get(name, (0, 0))
        by_specialty[name] = (right + result.is_correct, asked + 1)
    right = sum(result.is_correct for result in results)
    clusters = [rows[result.row_id]["cluster"] for result in results]
    return SolverLine(
        evaluation=evaluation,
        asked=len(results),
        right=right,
        invalid=sum(not result.letter for result in results),
        accuracy=_accuracy([float(result.is_correct) for result in results], clusters),
        by_specialty=dict(sorted(by_specialty.items())),
    )


def _accuracy(scores: Sequence[float], clusters: Sequence[str]) -> Estimate:
    if not scores:
        nothing = Undefined("no question was answered")
        return Estimate(nothing, nothing)
    if len(set(clusters)) < 2:
        return Estimate(sum(scores) / len(scores), wilson(sum(scores), len(scores)))
    features = np.column_stack([scores, np.ones(len(scores))])
    interval = ClusterWeights(clusters).interval(features, lambda sums: sums[..., 0] / sums[..., 1])
    return Estimate(float(np.mean(scores)), interval)


def _value(estimate: Maybe[float]) -> float:
    return -1.0 if isinstance(estimate, Undefined) else estimate
