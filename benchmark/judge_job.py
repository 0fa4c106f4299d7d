"""The job behind a judge's evaluation: every case in both orders, verdicts stored as they arrive."""

import platform
from collections.abc import Sequence
from typing import Any

from django.utils import timezone

from benchmark.answer_batches import AnswerBatches, Answered
from benchmark.models import Evaluation, Verdict
from benchmark.release_rows import ReleasedImages, checked_rows
from consilium.answers import judge_prompt
from consilium.answers.dimensions import DIMENSIONS
from consilium.answers.judge_prompt import ORDERS
from consilium.answers.verdicts import PARSER_VERSION, parse_verdict
from consilium.inference.chat_request import ChatRequest
from consilium.inference.complete import CUT, CompletionTally, complete_all
from consilium.inference.models import Reply
from consilium.jobs.handle import JobFailed, JobHandle
from consilium.version import app_version

CUT_REASON = "cut at the length limit"


def judge_cases(handle: JobHandle) -> dict[str, Any]:
    """The job: ask for what is missing, parse, store. A failed call leaves the evaluation incomplete."""
    evaluation = Evaluation.objects.select_related("endpoint", "release", "study").get(job=handle.job)
    rows = checked_rows(evaluation)
    known = set(Verdict.objects.filter(evaluation=evaluation).values_list("row_id", "order"))
    images, limit = ReleasedImages(evaluation.release), int(evaluation.settings["max_tokens"])
    asks = (
        _ask(row, order, images, limit) for row in rows for order in ORDERS if (row["id"], order) not in known
    )
    batches = AnswerBatches(
        handle,
        lambda answered: store_verdicts(evaluation, answered),
        done=len(known),
        total=evaluation.expected_calls,
        of="verdicts",
    )
    asked = complete_all(
        evaluation.endpoint, asks, study=evaluation.study, on_reply=batches.add, check=batches.check
    )
    batches.flush()
    handle.fence()
    end_evaluation(evaluation, asked)
    return {"verdicts": batches.done}


def store_verdicts(evaluation: Evaluation, answered: Sequence[Answered]) -> None:
    """Parse replies and store what they say as printed; a second run changes nothing.

    Their tags name row and order, as "case-7/ba".
    """
    made = []
    for tag, reply in answered:
        row_id, _, order = tag.rpartition("/")
        parsed, reason = read_verdict(reply)
        made.append(
            Verdict(
                evaluation=evaluation, row_id=row_id, order=order, reply=reply, parsed=parsed, reason=reason
            )
        )
    Verdict.objects.bulk_create(made, ignore_conflicts=True)


def read_verdict(reply: Reply) -> tuple[dict[str, str | None], str]:
    """The letters of all dimensions as printed, and by what rule or why not.

    A reply that was cut at its length limit again, with the doubled limit, says nothing in any dimension.
    """
    parsed: dict[str, str | None] = dict.fromkeys(DIMENSIONS)
    if reply.finish_reason == CUT:
        return parsed, CUT_REASON
    reading = parse_verdict(reply.text)
    parsed |= {name: choice.value for name, choice in reading.verdicts.items() if choice is not None}
    return parsed, reading.reason[:200]


def end_evaluation(evaluation: Evaluation, asked: CompletionTally) -> None:
    """Write the run card: everything needed to say where these figures come from.

    Raises JobFailed, with the number of each cause, where calls got no answer.
    """
    card = {
        "release": evaluation.release_digest,
        "endpoint": evaluation.endpoint.name,
        "revision": evaluation.endpoint.revision,
        "prompt_sha256": evaluation.prompt_sha256,
        "parser_version": evaluation.parser_version or PARSER_VERSION,
        "sampling": {"temperature": 0, "max_tokens": evaluation.settings["max_tokens"]},
        "orders": list(ORDERS) if evaluation.kind == "judge" else [],
        "app_version": app_version(),
        "hardware": platform.machine(),
        "failed_tries": {reason.rstrip("."): number for reason, number in asked.failed_tries.items()},
        "finished": timezone.now().isoformat(timespec="seconds"),
    }
    Evaluation.objects.filter(pk=evaluation.pk).update(run_card=card)
    if asked.failed:
        raise JobFailed(f"{len(asked.failed)} of {asked.asked} calls got no answer: {asked.causes}")


def _ask(row: dict[str, Any], order: str, images: ReleasedImages, max_tokens: int) -> ChatRequest:
    answers = {"A": row["answer_a"], "B": row["answer_b"]}
    prompt = judge_prompt.build_case(row["question"], row["options"], answers, order)
    messages = judge_prompt.as_messages(prompt, images.data_uris(row))
    return ChatRequest(messages=messages, tag=f"{row['id']}/{order}", max_tokens=max_tokens)
