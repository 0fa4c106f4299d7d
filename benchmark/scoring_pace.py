"""How fast an evaluation is answered, how long it still takes, and what went wrong so far."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.db.models import Count, QuerySet
from django.utils import timezone

from benchmark.models import Evaluation, EvaluationKind, SolverResult, Verdict
from benchmark.reply_failures import FailedReplies, failed_replies
from consilium.inference.complete import CUT
from consilium.jobs.states import JobState

WINDOW: Final = timedelta(minutes=1)
_LOOKED_AT: Final = 1000  # of the newest replies: at a thousand a second one second tells enough
_LEAST: Final = 3


@dataclass(frozen=True, slots=True)
class ScoringPace:
    """Calls answered a second, over the last minute at most, and seconds until the last one is."""

    per_second: float
    seconds_left: float


def scoring_pace(evaluation: Evaluation) -> ScoringPace | None:
    """None while nothing runs, and until a few calls are answered; stored replies are no calls."""
    job = evaluation.job
    if job.state != JobState.RUNNING or job.started_at is None:
        return None
    now = timezone.now()
    since = max(now - WINDOW, job.started_at)
    newest = _answers(evaluation).order_by("-pk").values_list("reply__created_at", flat=True)[:_LOOKED_AT]
    times = sorted(at for at in newest if at >= since)
    if len(times) < _LEAST:
        return None
    began = times[0] if len(times) == _LOOKED_AT else since
    per_second = len(times) / max((now - began).total_seconds(), 1e-3)
    missing = max(0, evaluation.expected_calls - job.progress_done)
    return ScoringPace(per_second, missing / per_second)


def failures_so_far(evaluation: Evaluation) -> FailedReplies:
    """Replies that state nothing; a solver's with neither letter nor answer is of a wrong format, or cut."""
    if evaluation.kind == EvaluationKind.JUDGE:
        reasons = Verdict.objects.filter(evaluation=evaluation).order_by().values_list("reason")
        return failed_replies(dict(reasons.annotate(Count("pk"))))
    invalid = SolverResult.objects.filter(evaluation=evaluation, letter="", answer="")
    cut = invalid.filter(reply__finish_reason=CUT).count()
    return FailedReplies(cut=cut, wrong_format=invalid.count() - cut)


def _answers(evaluation: Evaluation) -> "QuerySet[Any]":
    model = Verdict if evaluation.kind == EvaluationKind.JUDGE else SolverResult
    return model._default_manager.filter(evaluation=evaluation)
