"""How an evaluation stands, as pages and the command tell it."""

from typing import Any

from benchmark.leaderboard import answers_of
from benchmark.models import Evaluation
from benchmark.pause import RESUMABLE
from benchmark.scoring_pace import failures_so_far, scoring_pace
from consilium.jobs.states import JobState
from consilium.ui.durations import about


def shown_progress(evaluation: Evaluation) -> dict[str, Any]:
    """The context of the moving part of an evaluation's page."""
    job, pace = evaluation.job, scoring_pace(evaluation)
    failures = failures_so_far(evaluation)
    unanswered = sum(evaluation.unanswered.values())
    return {
        "evaluation": evaluation,
        "job": job,
        "per_second": _rate(pace.per_second) if pace else "",
        "time_left": about(pace.seconds_left) if pace and pace.seconds_left else "",
        "failures": failures,
        "unanswered": unanswered,
        "causes": sorted(evaluation.unanswered.items(), key=lambda pair: (-pair[1], pair[0])),
        "has_failures": bool(unanswered or failures.cut or failures.refused or failures.wrong_format),
        "may_pause": not job.is_over and not job.cancel_requested,
        "may_resume": job.state in RESUMABLE,
        "may_give_up": evaluation.is_paused or (not job.is_over and not job.cancel_requested),
    }


def batch_line(evaluation: Evaluation) -> dict[str, Any]:
    """One line of the page of a launch."""
    job, pace = evaluation.job, scoring_pace(evaluation)
    waits = job.state == JobState.QUEUED
    return {
        "evaluation": evaluation,
        "per_second": _rate(pace.per_second) if pace else "",
        "time_left": about(pace.seconds_left) if pace and pace.seconds_left else "",
        "unanswered": sum(evaluation.unanswered.values()),
        "waits": (job.postponed_because or _where(evaluation)) if waits else job.error,
    }


def told_progress(evaluation: Evaluation) -> dict[str, Any]:
    """As JSON; null is what is not known."""
    pace, failures = scoring_pace(evaluation), failures_so_far(evaluation)
    return {
        "evaluation": evaluation.pk,
        "model": evaluation.endpoint.name,
        "variant": evaluation.variant,
        "repeat": evaluation.repeat,
        "state": evaluation.state,
        "answered": answers_of(Evaluation.objects.filter(pk=evaluation.pk)).get(evaluation.pk, 0),
        "calls": evaluation.expected_calls,
        "per_second": round(pace.per_second, 2) if pace else None,
        "seconds_left": round(pace.seconds_left) if pace else None,
        "cut": failures.cut,
        "refused": failures.refused,
        "wrong_format": failures.wrong_format,
        "no_answer": evaluation.unanswered,
        "error": evaluation.job.error,
    }


def _where(evaluation: Evaluation) -> str:
    return "waits for a GPU" if evaluation.endpoint.is_local else "waits for a free place"


def _rate(per_second: float) -> str:
    return f"{per_second:,.0f}" if per_second >= 10 else f"{per_second:.2g}"
