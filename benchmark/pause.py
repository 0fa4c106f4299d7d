"""A lead pauses an evaluation, has it go on at what is missing, or gives it up.

A paused evaluation is one whose job was stopped and which is not given up: its verdicts stay, boards show it
with its coverage, and a new job asks for the rest. The rows are the truth, so that a kill changes nothing.
"""

from django.db import transaction
from django.utils import timezone

from benchmark.launch import JOB_KIND, waiting_queue
from benchmark.leaderboard import answers_of
from benchmark.models import Evaluation, EvaluationKind
from benchmark.preconditions import (
    EvaluationRefused,
    check_endpoints,
    check_not_asked,
    check_scorable,
    check_unseen,
)
from benchmark.reparse import method_now, reparse
from consilium.audit.record import record
from consilium.jobs.cancel import cancel
from consilium.jobs.models import Job
from consilium.jobs.queue import enqueue
from consilium.jobs.states import JobState
from consilium.people.models import Person
from consilium.people.permissions import check_lead

RESUMABLE = (JobState.FAILED, JobState.CANCELLED)


@transaction.atomic
def pause_evaluation(*, evaluation: Evaluation, by: Person) -> Evaluation:
    """Stop asking at the next safe point; what is stored stays. Raises NotAllowed, EvaluationRefused."""
    held = _held(evaluation, by)
    if held.job.is_over or held.job.cancel_requested:
        raise EvaluationRefused(f"{held} is not being asked; there is nothing to pause.")
    Evaluation.objects.filter(pk=held.pk).update(paused_at=timezone.now())
    cancel(job=held.job, by=by)
    record(action="evaluation.paused", obj=held, by=by, study=held.study, data=_told(held))
    return _held(evaluation, by)


def resume_evaluation(*, evaluation: Evaluation, by: Person) -> Evaluation:
    """Ask for what is missing, with a new job; its earlier one stays on record.

    Raises NotAllowed, EvaluationRefused and what a launch may refuse.
    """
    check_lead(by, evaluation.study)
    check_unseen(evaluation.release, [evaluation.endpoint])  # reads whole releases, while others may write
    with transaction.atomic():
        return _resumed(evaluation, by)


def _resumed(evaluation: Evaluation, by: Person) -> Evaluation:
    held = _held(evaluation, by)
    earlier, kind = held.job, EvaluationKind(held.kind)
    if earlier.cancel_requested and not earlier.is_over:
        raise EvaluationRefused(f"{held} is still stopping; wait a moment, then resume.")
    if earlier.state not in RESUMABLE:
        raise EvaluationRefused(
            f"{held} is {earlier.state}; only what was paused, stopped or failed goes on."
        )
    check_scorable(held.study, kind, held.release)
    check_endpoints(held.study, kind, held.release, [held.endpoint])
    check_not_asked(kind, held.release, held.endpoint, held.variant, held.repeat)
    prompt, parser = method_now(held)
    if held.prompt_sha256 != prompt:
        raise EvaluationRefused(
            "The prompt has changed since; score the model anew, with one prompt for all."
        )
    if held.parser_version != parser:
        reparse(evaluation=held, by=by)
    job = enqueue(kind=JOB_KIND[kind], by=by, study=held.study, params={}, queue=waiting_queue(held.endpoint))
    done = answers_of(Evaluation.objects.filter(pk=held.pk)).get(held.pk, 0)
    Job.objects.filter(pk=job.pk).update(progress_done=done, progress_total=held.expected_calls)
    if not Evaluation.objects.filter(pk=held.pk, job=earlier).update(job=job, paused_at=None):
        raise EvaluationRefused(f"{held} has just been resumed by somebody else.")
    data = _told(held) | {"earlier_job": str(earlier.pk)}
    record(action="evaluation.resumed", obj=held, by=by, study=held.study, data=data)
    return _held(evaluation, by)


@transaction.atomic
def give_up_evaluation(*, evaluation: Evaluation, by: Person) -> Evaluation:
    """Stop it for good: its verdicts stay, and it leaves the boards. Raises NotAllowed, EvaluationRefused."""
    held = _held(evaluation, by)
    if held.job.is_over and not held.is_paused:
        raise EvaluationRefused(f"{held} is {held.job.state}; there is nothing to stop.")
    Evaluation.objects.filter(pk=held.pk).update(paused_at=None)
    cancel(job=held.job, by=by)
    record(action="evaluation.given_up", obj=held, by=by, study=held.study, data=_told(held))
    return _held(evaluation, by)


def _held(evaluation: Evaluation, by: Person) -> Evaluation:
    """The row as it stands, locked until the transaction ends. Raises NotAllowed."""
    locked = Evaluation.objects.select_for_update(of=("self",))
    held = locked.select_related("job", "endpoint", "release", "study").get(pk=evaluation.pk)
    check_lead(by, held.study)
    return held


def _told(held: Evaluation) -> dict[str, object]:
    return {"release": held.release_digest, "endpoint": held.endpoint_id}
