"""What a judge's evaluation took: calls, tokens and waiting, and how its replies were read."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Avg, Count, QuerySet, Sum

from benchmark.models import Evaluation, Verdict
from consilium.statistics.undefined import Maybe, Undefined

_NOTHING = Undefined("no call was answered")


@dataclass(frozen=True)
class JudgingCost:
    """Sums over the stored replies of one evaluation; times in milliseconds, as the caller waited.

    `read_as`: how replies were read, or why they could not be, in the parser's words, and how many.
    `unanswered`: calls of the last try that got no answer.
    """

    calls: int
    prompt_tokens: int
    completion_tokens: int
    mean_ms: Maybe[float]
    median_ms: Maybe[float]
    slow_ms: Maybe[float]
    read_as: dict[str, int]
    unanswered: int


def judging_costs(evaluations: Sequence[Evaluation]) -> dict[str, JudgingCost]:
    """By the evaluation's number; `slow_ms` is what one call in twenty exceeds."""
    stored = Verdict.objects.filter(evaluation__in=evaluations)
    sums = stored.order_by().values("evaluation").annotate(
        calls=Count("pk"),
        prompt=Sum("reply__prompt_tokens"),
        completion=Sum("reply__completion_tokens"),
        mean=Avg("reply__latency_ms"),
    )  # fmt: skip
    read_as: dict[int, dict[str, int]] = {}
    reasons = stored.order_by().values_list("evaluation", "reason")
    for key, reason, count in reasons.annotate(Count("pk")):
        read_as.setdefault(key, {})[reason] = count
    known: dict[int, Any] = {row["evaluation"]: row for row in sums}
    return {str(one.pk): _cost(one, known.get(one.pk), read_as.get(one.pk, {})) for one in evaluations}


def _cost(evaluation: Evaluation, sums: dict[str, Any] | None, read_as: dict[str, int]) -> JudgingCost:
    unanswered = sum(evaluation.unanswered.values())
    if sums is None:
        return JudgingCost(0, 0, 0, _NOTHING, _NOTHING, _NOTHING, read_as, unanswered)
    waits = Verdict.objects.filter(evaluation=evaluation).order_by("reply__latency_ms")
    return JudgingCost(
        calls=sums["calls"],
        prompt_tokens=sums["prompt"],
        completion_tokens=sums["completion"],
        mean_ms=float(sums["mean"]),
        median_ms=_at(waits, sums["calls"], 0.5),
        slow_ms=_at(waits, sums["calls"], 0.95),
        read_as=dict(sorted(read_as.items(), key=lambda pair: (-pair[1], pair[0]))),
        unanswered=unanswered,
    )


def _at(waits: "QuerySet[Verdict]", calls: int, share: float) -> float:
    """The wait that this share of the calls did not exceed; sorted by the database, not held here."""
    place = min(calls - 1, int(share * calls))
    return float(waits.values_list("reply__latency_ms", flat=True)[place])
