"""Leaderboards: what the stored verdicts and answers of a release say, with intervals."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any

import numpy as np
from django.db.models import Count, QuerySet

from benchmark.contamination import shared_rows
from benchmark.models import Evaluation, EvaluationKind, EvaluationVariant, SolverResult, Verdict
from benchmark.release_rows import is_scorable
from consilium.answers.dimensions import DIMENSIONS
from consilium.jobs.states import JobState
from consilium.statistics.adjusted_p import holm
from consilium.statistics.bootstrap import ClusterWeights
from consilium.statistics.intervals import Estimate, Interval
from consilium.statistics.judge_pairs import Comparison
from consilium.statistics.judge_scores import Board, JudgingRow, judge_board
from consilium.statistics.paired import mean_difference_interval
from consilium.statistics.panel import JudgedCase
from consilium.statistics.undefined import Maybe, Undefined
from curation.models import Release
from curation.releases.freeze import rows_of

# Row id to order to dimension to letter.
Letters = dict[str, dict[str, dict[str, str | None]]]
# Row id to 0 or 1.
Scores = dict[str, float]
# The keys of two evaluations.
Pair = tuple[str, str]

NOT_RANKED = Undefined("not ranked")


@dataclass(frozen=True)
class Lead:
    """How far a judge is ahead of the one ranked next, in overall accuracy; `p` is Holm's over all pairs."""

    over: str
    difference: Estimate
    p: Maybe[float]


@dataclass(frozen=True)
class JudgeLine:
    """One judge on one release: a row per dimension, in order.

    `is_current`: judged with the prompt and parser of the newest whole evaluation of its way. `shared`: on so
    many rows of the release, or data of them, the model was trained. Ranked when it is current, shares
    nothing, no call is missing and it is asked about the primary endpoint; `rank`: then its rank's interval.
    """

    evaluation: Evaluation
    rows: list[JudgingRow]
    verdicts: int
    is_current: bool
    shared: int = 0
    rank: Maybe[Interval] = NOT_RANKED
    lead: Lead | None = None

    @property
    def is_complete(self) -> bool:
        """Whether every call of the evaluation got an answer."""
        return self.verdicts >= self.evaluation.expected_calls

    @property
    def is_ranked(self) -> bool:
        """Whether it has a place on the board."""
        is_whole = self.is_complete and self.is_current and not self.shared
        return is_whole and self.evaluation.states_primary

    @property
    def overall(self) -> JudgingRow:
        """The primary endpoint's row."""
        return self.rows[-1]


@dataclass(frozen=True)
class SolverLine:
    """One solver on one release; `by_specialty` maps a specialty to (right, asked).

    All but `answered`, which counts every answer, is of the questions with options: those without are scored
    by other rules and stand in `solver_slices`.
    `gain` is its accuracy minus that of the base model it was trained from, over the questions that both
    answered; None where it was not trained here or its base was not scored on the release in the same way.
    `is_current` and `shared` as in JudgeLine.
    """

    evaluation: Evaluation
    answered: int
    asked: int
    right: int
    invalid: int
    accuracy: Estimate
    by_specialty: dict[str, tuple[int, int]]
    is_current: bool
    shared: int = 0
    gain: Estimate | None = None

    @property
    def is_complete(self) -> bool:
        """Whether every question got an answer."""
        return self.answered >= self.evaluation.expected_calls

    @property
    def is_ranked(self) -> bool:
        """Whether it has a place on the board."""
        return self.is_complete and self.is_current and not self.shared


def judge_lines(release: Release) -> list[JudgeLine]:
    """Every judge scored on the release, best first, unranked ones last."""
    evaluations = newest_evaluations(release, EvaluationKind.JUDGE)
    letters = _letters(evaluations)
    methods, shared = current_methods(evaluations), _shared(release, evaluations)
    lines = [
        JudgeLine(
            evaluation=one,
            rows=[],
            verdicts=sum(map(len, letters[one.pk].values())),
            is_current=one.method in methods,
            shared=shared[one.pk],
        )
        for one in evaluations
    ]
    rows = list(rows_of(release).values_list("content", flat=True))
    board = judge_board(
        {str(one.pk): judged_cases(rows, letters[one.pk]) for one in evaluations},
        dimensions=DIMENSIONS,
        ranked=[str(line.evaluation.pk) for line in lines if line.is_ranked],
    )
    return _in_order(lines, board)


def solver_lines(release: Release) -> list[SolverLine]:
    """Every solver scored on the release, best first, unranked ones last."""
    rows = {row["id"]: row for row in rows_of(release).values_list("content", flat=True)}
    evaluations = newest_evaluations(release, EvaluationKind.SOLVER)
    results: dict[int, list[SolverResult]] = defaultdict(list)
    for result in SolverResult.objects.filter(evaluation__in=evaluations).order_by("row_id"):
        results[result.evaluation_id].append(result)
    methods, shared = current_methods(evaluations), _shared(release, evaluations)
    choices = {pk: [one for one in of if is_scorable(rows[one.row_id])] for pk, of in results.items()}
    lines = [
        replace(
            _solver_line(one, choices.get(one.pk, ()), rows, methods),
            answered=len(results[one.pk]),
            shared=shared[one.pk],
        )
        for one in evaluations
    ]
    lines = _with_gains(lines, choices, rows)
    return sorted(lines, key=lambda line: (not line.is_ranked, -_value(line.accuracy.value)))


def chance(release: Release) -> float:
    """The share of right answers that guessing among each question's options gives."""
    options = rows_of(release).values_list("content__options", flat=True)
    shares = [1 / len(held) for held in options if held]
    return sum(shares) / len(shares) if shares else 0.0


def newest_evaluations(release: Release, kind: str) -> list[Evaluation]:
    """One standard evaluation per endpoint: the last with all its answers, else the last not cancelled.

    Those with all their answers come last, each kind by age.
    """
    return newest_of(
        Evaluation.objects.filter(release=release, kind=kind, variant=EvaluationVariant.STANDARD)
    )


def newest_of(evaluations: "QuerySet[Evaluation]") -> list[Evaluation]:
    """As `newest_evaluations`, of some evaluations: one per endpoint, variant and repeat."""
    found = evaluations.exclude(job__state=JobState.CANCELLED, paused_at=None)
    counts = answers_of(found)
    newest: dict[tuple[int, str, int], Evaluation] = {}
    for evaluation in sorted(
        found.select_related("endpoint", "job", "release"),
        key=lambda one: (counts.get(one.pk, 0) >= one.expected_calls, one.pk),
    ):
        key = (evaluation.endpoint_id, evaluation.variant, evaluation.repeat)
        newest.pop(key, None)  # to the end, so that the order stays
        newest[key] = evaluation
    return list(newest.values())


def answers_of(evaluations: "QuerySet[Evaluation]") -> dict[int, int]:
    """How many answers each evaluation has; counted apart, because a join would carry every row along."""
    owned = evaluations.order_by().values("pk")
    return {
        pk: number
        for model in (Verdict, SolverResult)
        for pk, number in model._default_manager.filter(evaluation__in=owned)
        .order_by()
        .values_list("evaluation")
        .annotate(Count("pk"))
    }


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


def current_methods(evaluations: Iterable[Evaluation]) -> set[tuple[str, str]]:
    """The method of the last evaluation that asks for words, and of the last one that asks for scores."""
    newest = {one.endpoint.gives_scores: one.method for one in evaluations}
    return set(newest.values())


def _shared(release: Release, evaluations: Sequence[Evaluation]) -> dict[int, int]:
    """Key of each evaluation to the number of rows on whose data its model was trained."""
    rows = shared_rows(release, [one.endpoint for one in evaluations])
    return {one.pk: len(rows.get(one.endpoint_id, ())) for one in evaluations}


def _letters(evaluations: Sequence[Evaluation]) -> dict[int, Letters]:
    """Evaluation to its judge's letters."""
    letters: dict[int, Letters] = defaultdict(lambda: defaultdict(dict))
    stored = Verdict.objects.filter(evaluation__in=evaluations)
    for owner, row_id, order, parsed in stored.values_list("evaluation", "row_id", "order", "parsed"):
        letters[owner][row_id][order] = parsed
    return letters


def _in_order(lines: Sequence[JudgeLine], board: Board) -> list[JudgeLine]:
    """The lines with their figures, best first; each ranked one with its lead over the next."""
    filled = [
        replace(line, rows=board.rows[name], rank=board.ranks.get(name, NOT_RANKED))
        for line in lines
        for name in [str(line.evaluation.pk)]
    ]
    filled.sort(key=lambda line: (not line.is_ranked, -_value(line.overall.accuracy.value)))
    adjusted = _adjusted(board.pairs)
    return [
        replace(line, lead=_lead(line, after, board.pairs, adjusted)) if after and after.is_ranked else line
        for line, after in zip_longest(filled, filled[1:])
    ]


def _adjusted(pairs: Mapping[Pair, Comparison]) -> dict[Pair, float]:
    """The p-values of the pairs that have one, adjusted for all of them."""
    known = {pair: found.p for pair, found in pairs.items() if not isinstance(found.p, Undefined)}
    return dict(zip(known, holm(list(known.values())), strict=True))


def _lead(
    line: JudgeLine, after: JudgeLine, pairs: Mapping[Pair, Comparison], adjusted: Mapping[Pair, float]
) -> Lead:
    pair = (str(line.evaluation.pk), str(after.evaluation.pk))
    is_turned = pair not in pairs
    pair = pair[::-1] if is_turned else pair
    found = pairs[pair]
    return Lead(
        over=after.evaluation.endpoint.name,
        difference=_turned(found) if is_turned else Estimate(found.difference, found.interval),
        p=adjusted.get(pair, found.p),
    )


def _turned(found: Comparison) -> Estimate:
    """The difference the other way round."""
    value, interval = found.difference, found.interval
    return Estimate(
        value if isinstance(value, Undefined) else -value,
        interval if isinstance(interval, Undefined) else Interval(-interval.high, -interval.low),
    )


def _solver_line(
    evaluation: Evaluation,
    results: Sequence[SolverResult],
    rows: dict[str, dict[str, Any]],
    methods: Collection[tuple[str, str]],
) -> SolverLine:
    by_specialty: dict[str, tuple[int, int]] = {}
    for result in results:
        name = rows[result.row_id]["specialty"]
        right, asked = by_specialty.get(name, (0, 0))
        by_specialty[name] = (right + result.is_correct, asked + 1)
    return SolverLine(
        evaluation=evaluation,
        answered=len(results),
        asked=len(results),
        right=sum(result.is_correct for result in results),
        invalid=sum(not result.letter for result in results),
        accuracy=mean_score(
            [float(result.is_correct) for result in results],
            [rows[result.row_id]["cluster"] for result in results],
        ),
        by_specialty=dict(sorted(by_specialty.items())),
        is_current=evaluation.method in methods,
    )


def base_of(one: Evaluation, by_name: Mapping[str, Evaluation]) -> Evaluation | None:
    """The evaluation, scored alike, of the model that the model of this one was trained from."""
    base = by_name.get(str(one.endpoint.provenance.get("base", "")))
    return base if base is not None and one.method == base.method else None


def _with_gains(
    lines: Sequence[SolverLine], results: Mapping[int, Sequence[SolverResult]], rows: Mapping[str, Any]
) -> list[SolverLine]:
    by_name = {line.evaluation.endpoint.name: line.evaluation for line in lines}
    scores = {pk: {one.row_id: float(one.is_correct) for one in given} for pk, given in results.items()}

    def gain(line: SolverLine) -> Estimate | None:
        one = line.evaluation
        base = base_of(one, by_name)
        if base is None:
            return None
        return _gain(scores.get(one.pk, {}), scores.get(base.pk, {}), rows)

    return [replace(line, gain=gain(line)) for line in lines]


def _gain(after: Scores, before: Scores, rows: Mapping[str, Any]) -> Estimate | None:
    shared = [row_id for row_id in after if row_id in before]
    if not shared:
        return None
    one, two = [after[row] for row in shared], [before[row] for row in shared]
    weights = ClusterWeights([rows[row]["cluster"] for row in shared])
    return Estimate((sum(one) - sum(two)) / len(shared), mean_difference_interval(one, two, weights))


def mean_score(scores: Sequence[float], clusters: Sequence[str]) -> Estimate:
    """The mean of some answers' scores, with the interval of the cluster bootstrap."""
    if not scores:
        nothing = Undefined("no question was answered")
        return Estimate(nothing, nothing)
    features = np.column_stack([scores, np.ones(len(scores))])
    interval = ClusterWeights(clusters).interval(features, lambda sums: sums[..., 0] / sums[..., 1])
    return Estimate(float(np.mean(scores)), interval)


def _value(estimate: Maybe[float]) -> float:
    return -1.0 if isinstance(estimate, Undefined) else estimate
