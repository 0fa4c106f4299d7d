"""What a judge's evaluation took: calls, tokens and waiting, and how its replies were read."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from django.db.models import Count, Sum

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
    return {str(one.pk): _cost(one) for one in evaluations}


def _cost(evaluation: Evaluation) -> JudgingCost:
    """From one pass over its replies, counted by the database: how they were read, how long they took."""
    verdicts = Verdict.objects.filter(evaluation=evaluation).order_by()
    groups = verdicts.values_list("reason", "reply__latency_ms").annotate(
        Count("pk"), Sum("reply__prompt_tokens"), Sum("reply__completion_tokens")
    )
    read_as: Counter[str] = Counter()
    waits: Counter[int] = Counter()
    prompt = completion = 0
    for reason, wait, calls, asked, said in groups.iterator():
        read_as[reason] += calls
        waits[wait] += calls
        prompt, completion = prompt + asked, completion + said
    calls = waits.total()
    return JudgingCost(
        calls=calls,
        prompt_tokens=prompt,
        completion_tokens=completion,
        mean_ms=sum(wait * count for wait, count in waits.items()) / calls if calls else _NOTHING,
        median_ms=_at(waits, 0.5),
        slow_ms=_at(waits, 0.95),
        read_as=dict(sorted(read_as.items(), key=lambda pair: (-pair[1], pair[0]))),
        unanswered=sum(evaluation.unanswered.values()),
    )


def _at(waits: Counter[int], share: float) -> Maybe[float]:
    """The wait that this share of the calls did not exceed."""
    calls, rising = waits.total(), sorted(waits)
    place = min(calls - 1, int(share * calls))
    up_to = accumulate(waits[wait] for wait in rising)
    return next((float(wait) for wait, count in zip(rising, up_to, strict=True) if count > place), _NOTHING)
