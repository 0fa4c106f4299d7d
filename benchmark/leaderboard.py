"""Leaderboards: what the stored verdicts and answers of a release say, with intervals."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from threading import Lock
from typing import Any

import numpy as np
from django.db.models import BooleanField, Count, ExpressionWrapper, F, Q

from benchmark.models import Evaluation, EvaluationKind, SolverResult, Verdict
from consilium.answers.dimensions import DIMENSIONS
from consilium.jobs.states import JobState
from consilium.statistics.bootstrap import ClusterWeights
from consilium.statistics.intervals import Estimate, Interval
from consilium.statistics.judge_scores import JudgedCase, JudgingRow, judging, rank_intervals
from consilium.statistics.paired import mean_difference_interval
from consilium.statistics.undefined import Maybe, Undefined
from curation.models import Release
from curation.releases.freeze import rows_of

# Row id to order to dimension to letter.
Letters = dict[str, dict[str, dict[str, str | None]]]

KEPT = 200
_kept: dict[str, list[JudgingRow]] = {}
_keeping = Lock()


@dataclass(frozen=True)
class JudgeLine:
    """One judge on one release: a row per dimension, in order.

    `is_current`: judged with the prompt and parser of the release's newest whole evaluation. Ranked when it
    is, and no call is missing.
    """

    evaluation: Evaluation
    rows: list[JudgingRow]
    verdicts: int
    cases: list[JudgedCase]
    is_current: bool

    @property
    def is_complete(self) -> bool:
        """Whether every call of the evaluation got an answer."""
        return self.verdicts >= self.evaluation.expected_calls

    @property
    def is_ranked(self) -> bool:
        """Whether it has a place on the board."""
        return self.is_complete and self.is_current

    @property
    def overall(self) -> JudgingRow:
        """The primary endpoint's row."""
        return self.rows[-1]


@dataclass(frozen=True)
class SolverLine:
    """One solver on one release; `by_specialty` maps a specialty to (right, asked), `scores` a row to 0 or 1.

    `gain` is its accuracy minus that of the base model it was trained from, over the questions that both
    answered; None where it was not trained here or its base was not scored on the release in the same way.
    `is_current` as in JudgeLine.
    """

    evaluation: Evaluation
    asked: int
    right: int
    invalid: int
    accuracy: Estimate
    by_specialty: dict[str, tuple[int, int]]
    scores: dict[str, float]
    is_current: bool
    gain: Estimate | None = None

    @property
    def is_complete(self) -> bool:
        """Whether every question got an answer."""
        return self.asked >= self.evaluation.expected_calls

    @property
    def is_ranked(self) -> bool:
        """Whether it has a place on the board."""
        return self.is_complete and self.is_current


def judge_lines(release: Release) -> list[JudgeLine]:
    """Every judge scored on the release, best first, unranked ones last."""
    rows = list(rows_of(release).values_list("content", flat=True))
    evaluations = newest_evaluations(release, EvaluationKind.JUDGE)
    stored = Verdict.objects.filter(evaluation__in=evaluations)
    letters: dict[int, Letters] = defaultdict(lambda: defaultdict(dict))
    for owner, row_id, order, parsed in stored.values_list("evaluation", "row_id", "order", "parsed"):
        letters[owner][row_id][order] = parsed
    method = _current_method(evaluations)
    lines = [_judge_line(evaluation, rows, letters[evaluation.pk], method) for evaluation in evaluations]
    return sorted(lines, key=lambda line: (not line.is_ranked, -_value(line.overall.accuracy.value)))


def solver_lines(release: Release) -> list[SolverLine]:
    """Every solver scored on the release, best first, unranked ones last."""
    rows = {row["id"]: row for row in rows_of(release).values_list("content", flat=True)}
    evaluations = newest_evaluations(release, EvaluationKind.SOLVER)
    results: dict[int, list[SolverResult]] = defaultdict(list)
    for result in SolverResult.objects.filter(evaluation__in=evaluations).order_by("row_id"):
        results[result.evaluation_id].append(result)
    method = _current_method(evaluations)
    lines = [_solver_line(evaluation, results[evaluation.pk], rows, method) for evaluation in evaluations]
    lines = _with_gains(lines, {row_id: row["cluster"] for row_id, row in rows.items()})
    return sorted(lines, key=lambda line: (not line.is_ranked, -_value(line.accuracy.value)))


def chance(release: Release) -> float:
    """The share of right answers that guessing among each question's options gives."""
    options = rows_of(release).values_list("content__options", flat=True)
    shares = [1 / len(held) for held in options if held]
    return sum(shares) / len(shares) if shares else 0.0


def newest_evaluations(release: Release, kind: str) -> list[Evaluation]:
    """One evaluation per endpoint: the last with all its answers, else the last that was not cancelled.

    Those with all their answers come last, each kind by age.
    """
    answers = "verdicts" if kind == EvaluationKind.JUDGE else "solver_results"
    found = Evaluation.objects.filter(release=release, kind=kind).exclude(job__state=JobState.CANCELLED)
    counted = found.annotate(answers=Count(answers)).annotate(
        complete=ExpressionWrapper(Q(answers__gte=F("expected_calls")), BooleanField())
    )
    by_endpoint: dict[int, Evaluation] = {}
    for evaluation in counted.select_related("endpoint", "job", "release").order_by("complete", "pk"):
        by_endpoint.pop(evaluation.endpoint_id, None)  # to the end, so that the order stays
        by_endpoint[evaluation.endpoint_id] = evaluation
    return list(by_endpoint.values())


def judged_cases(rows: Iterable[dict[str, Any]], letters: Letters) -> list[JudgedCase]:
    """The release's cases with a judge's letters (row id, order, dimension) in both orders."""
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


def _current_method(evaluations: Sequence[Evaluation]) -> tuple[str, str] | None:
    return evaluations[-1].method if evaluations else None


def _judge_line(
    evaluation: Evaluation,
    rows: Sequence[dict[str, Any]],
    letters: Letters,
    method: tuple[str, str] | None,
) -> JudgeLine:
    cases = judged_cases(rows, letters)
    return JudgeLine(
        evaluation=evaluation,
        rows=_figures(cases),
        verdicts=sum(len(orders) for orders in letters.values()),
        cases=cases,
        is_current=evaluation.method == method,
    )


def _figures(cases: list[JudgedCase]) -> list[JudgingRow]:
    """The figures of these cases; kept by content, because a thousand cases take a second to resample."""
    content = json.dumps([asdict(case) for case in cases], sort_keys=True)
    key = hashlib.sha256(content.encode()).hexdigest()
    with _keeping:
        known = _kept.get(key)
    if known is None:
        known = judging(cases, dimensions=DIMENSIONS)
        with _keeping:
            _kept[key] = known
            while len(_kept) > KEPT:
                _kept.pop(next(iter(_kept)))
    return known


def ranks(lines: Sequence[JudgeLine]) -> dict[str, Maybe[Interval]]:
    """Endpoint name to the interval of its rank in overall accuracy, of the judges that are ranked."""
    cases = {line.evaluation.endpoint.name: line.cases for line in lines if line.is_ranked}
    return rank_intervals(cases, dimension=DIMENSIONS[-1])


def _solver_line(
    evaluation: Evaluation,
    results: Sequence[SolverResult],
    rows: dict[str, dict[str, Any]],
    method: tuple[str, str] | None,
) -> SolverLine:
    by_specialty: dict[str, tuple[int, int]] = {}
    for result in results:
        name = rows[result.row_id]["specialty"]
        right, asked = by_specialty.get(name, (0, 0))
        by_specialty[name] = (right + result.is_correct, asked + 1)
    scores = {result.row_id: float(result.is_correct) for result in results}
    return SolverLine(
        evaluation=evaluation,
        asked=len(results),
        right=sum(result.is_correct for result in results),
        invalid=sum(not result.letter for result in results),
        accuracy=_accuracy(list(scores.values()), [rows[row_id]["cluster"] for row_id in scores]),
        by_specialty=dict(sorted(by_specialty.items())),
        scores=scores,
        is_current=evaluation.method == method,
    )


def _with_gains(lines: Sequence[SolverLine], clusters: dict[str, str]) -> list[SolverLine]:
    by_name = {line.evaluation.endpoint.name: line for line in lines}
    bases = [by_name.get(str(line.evaluation.endpoint.provenance.get("base", ""))) for line in lines]
    return [
        replace(line, gain=_gain(line, base, clusters)) if base else line
        for line, base in zip(lines, bases, strict=True)
    ]


def _gain(line: SolverLine, base: SolverLine, clusters: dict[str, str]) -> Estimate | None:
    shared = [row_id for row_id in line.scores if row_id in base.scores]
    if not shared or line.evaluation.method != base.evaluation.method:
        return None
    after, before = [line.scores[row] for row in shared], [base.scores[row] for row in shared]
    weights = ClusterWeights([clusters[row] for row in shared])
    difference = (sum(after) - sum(before)) / len(shared)
    return Estimate(difference, mean_difference_interval(after, before, weights))


def _accuracy(scores: Sequence[float], clusters: Sequence[str]) -> Estimate:
    if not scores:
        nothing = Undefined("no question was answered")
        return Estimate(nothing, nothing)
    features = np.column_stack([scores, np.ones(len(scores))])
    interval = ClusterWeights(clusters).interval(features, lambda sums: sums[..., 0] / sums[..., 1])
    return Estimate(float(np.mean(scores)), interval)


def _value(estimate: Maybe[float]) -> float:
    return -1.0 if isinstance(estimate, Undefined) else estimate
