"""Open answers of a solver, decided by another model against the reference; token recall stays as it is."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from django.db.models import Q, QuerySet

from benchmark.answer_batches import AnswerBatches, Answered
from benchmark.models import Evaluation, EvaluationKind, SolverResult
from benchmark.preconditions import EvaluationRefused, check_endpoints, check_may_be_sent
from benchmark.release_rows import answer_kind
from benchmark.unanswered import UnansweredCalls
from consilium.answers import reference_verdict
from consilium.answers.open_answers import AnswerKind
from consilium.inference.chat_request import ChatRequest
from consilium.inference.complete import CUT, complete_all
from consilium.inference.models import ModelEndpoint, Reply
from consilium.jobs.handle import JobFailed, JobHandle
from consilium.people.models import Study
from curation.models import Release
from curation.releases.freeze import rows_of

OF_THE_JUDGE: Final = " These are calls to the judge of open answers."


def check_open_judge(
    study: Study,
    kind: EvaluationKind,
    release: Release,
    endpoints: Sequence[ModelEndpoint],
    judge: ModelEndpoint,
) -> None:
    """Raise EvaluationRefused or SourceRefused unless the model may decide the open answers of the others."""
    if kind != EvaluationKind.SOLVER:
        raise EvaluationRefused("Only answers of solvers are decided by a judge of open answers.")
    check_endpoints(study, kind, release, [judge])
    if judge.pk in {one.pk for one in endpoints}:
        raise EvaluationRefused(f"{judge} would decide on its own answers; choose another judge.")
    if judge.is_local and not all(one.is_local for one in endpoints):
        raise EvaluationRefused(
            f"{judge} needs a worker's GPU, for which answers of remote models do not wait; choose a remote"
            " judge of open answers, or score only models that workers serve."
        )
    contents = rows_of(release).values_list("content", flat=True)
    if all(answer_kind(row) is not AnswerKind.OPEN for row in contents.iterator()):
        raise EvaluationRefused(f"{release} holds no open question for a judge to decide.")


def open_judge_method() -> dict[str, str]:
    """Prompt and parser with which open answers are decided now, as an evaluation's settings keep them."""
    return {
        "prompt_sha256": reference_verdict.PROMPT_HASH,
        "parser_version": reference_verdict.PARSER_VERSION,
    }


def judge_open_answers(
    evaluation: Evaluation, handle: JobHandle, rows: Mapping[str, dict[str, Any]], unanswered: UnansweredCalls
) -> None:
    """Part of the job: ask about every open answer the judge has not seen; an empty one is wrong unasked.

    Raises JobFailed where calls got no answer or the prompt has changed since the launch, SourceRefused.
    """
    judge = evaluation.open_judge
    assert judge is not None
    if evaluation.settings["open_judge"]["prompt_sha256"] != reference_verdict.PROMPT_HASH:
        raise JobFailed("The prompt of the judge of open answers has changed since; score the model anew.")
    check_may_be_sent(evaluation.study, evaluation.release, judge)
    missing = _open_answers(evaluation).filter(judge_reply=None).exclude(answer="")
    answers = dict(missing.values_list("row_id", "answer"))
    batches = AnswerBatches(
        handle,
        lambda answered: store_decisions(evaluation, answered),
        done=evaluation.expected_calls - len(answers),
        total=evaluation.expected_calls,
        of="answers, open ones decided by a judge",
    )
    asked = complete_all(
        judge,
        _requests(evaluation, rows, answers),
        study=evaluation.study,
        on_reply=batches.add,
        on_failure=unanswered.note,
        check=batches.check,
    )
    batches.flush()
    unanswered.end(asked, hint=OF_THE_JUDGE)


def store_decisions(evaluation: Evaluation, answered: Sequence[Answered]) -> None:
    """Store what the judge says of answers, whose tags are ids of rows; a second run changes nothing."""
    for row_id, reply in answered:
        found = SolverResult.objects.filter(evaluation=evaluation, row_id=row_id)
        found.update(judge_reply=reply, judged=read_decision(reply))


def read_decision(reply: Reply) -> bool | None:
    """Whether the judge says that the answer is correct; None where it says neither, or was cut."""
    return None if reply.finish_reason == CUT else reference_verdict.is_said_correct(reply.text)


def open_judge_facts(evaluation: Evaluation) -> dict[str, Any]:
    """What a run card says of the judge of open answers and its decisions; nothing where none was asked."""
    judge, results = evaluation.open_judge, _open_answers(evaluation)
    if judge is None:
        return {}
    right = results.filter(judged=True).count()
    wrong = results.filter(Q(judged=False) | Q(answer="")).count()
    decided = {"right": right, "wrong": wrong, "undecided": results.count() - right - wrong}
    method = evaluation.settings["open_judge"]
    return {
        "open_answers_judged": {
            "by": judge.name,
            "revision": judge.revision,
            **decided,
            "percent_right": round(100 * right / (right + wrong), 1) if right + wrong else "unknown",
            "prompt": method["prompt_sha256"],
            "parser": method["parser_version"],
        }
    }


def _open_answers(evaluation: Evaluation) -> "QuerySet[SolverResult]":
    return SolverResult.objects.filter(evaluation=evaluation, recall__isnull=False)


def reference_request(evaluation: Evaluation, row: Mapping[str, Any], answer: str) -> ChatRequest:
    """What the judge of open answers is asked about one answer of the evaluation's solver."""
    return ChatRequest(
        messages=reference_verdict.reference_messages(row["question"], row["answer"], answer),
        tag=row["id"],
        max_tokens=int(evaluation.settings["max_tokens"]),
    )


def _requests(
    evaluation: Evaluation, rows: Mapping[str, dict[str, Any]], answers: Mapping[str, str]
) -> Iterator[ChatRequest]:
    return (reference_request(evaluation, rows[row_id], answer) for row_id, answer in answers.items())
