"""The job behind a judge's evaluation: every case in both orders, verdicts stored as they arrive."""

import platform
from dataclasses import replace
from typing import Any

from django.db import transaction
from django.utils import timezone

from benchmark.models import Evaluation, EvaluationVariant, Verdict
from benchmark.release_rows import ReleasedImages, checked_rows
from benchmark.reply_failures import CUT_REASON, FILTERED, NO_LETTER, REFUSED_REASON
from benchmark.unanswered import UnansweredCalls
from benchmark.variants import asked_rows, variant_facts
from consilium.answers import judge_prompt
from consilium.answers.dimensions import DIMENSIONS
from consilium.answers.judge_prompt import ORDERS
from consilium.answers.refused_reply import declines
from consilium.answers.verdicts import PARSER_VERSION, parse_verdict
from consilium.inference.chat_request import ChatRequest
from consilium.inference.complete import CUT, complete_all
from consilium.inference.models import Reply
from consilium.jobs.handle import JobHandle
from consilium.version import app_version


def judge_cases(handle: JobHandle) -> dict[str, Any]:
    """The job: ask for what is missing, parse, store. A failed call leaves the evaluation incomplete."""
    evaluation = Evaluation.objects.select_related("endpoint", "release", "study").get(job=handle.job)
    rows = asked_rows(evaluation, checked_rows(evaluation))
    known = set(Verdict.objects.filter(evaluation=evaluation).values_list("row_id", "order"))
    is_blind = evaluation.variant == EvaluationVariant.IMAGE_BLIND
    images, limit = ReleasedImages(evaluation.release, is_blind), int(evaluation.settings["max_tokens"])
    asks = (
        replace(_ask(row, order, images, limit), salt=evaluation.salt)
        for row in rows
        for order in ORDERS
        if (row["id"], order) not in known
    )
    done, unanswered = len(known), UnansweredCalls(evaluation, handle)

    def store(ask: ChatRequest, reply: Reply) -> None:
        nonlocal done
        row_id, _, order = ask.tag.rpartition("/")
        with transaction.atomic():
            handle.fence()
            store_verdict(evaluation, row_id, order, reply)
        done += 1
        handle.progress(done, evaluation.expected_calls, "verdicts")

    asked = complete_all(
        evaluation.endpoint,
        asks,
        study=evaluation.study,
        on_reply=store,
        on_failure=unanswered.note,
        check=handle.check,
    )
    handle.fence()
    end_evaluation(evaluation)
    unanswered.end(asked.asked)
    return {"verdicts": done}


def store_verdict(evaluation: Evaluation, row_id: str, order: str, reply: Reply) -> None:
    """Parse one reply and store it as printed; a second run changes nothing."""
    parsed, reason = read_verdict(reply)
    Verdict.objects.get_or_create(
        evaluation=evaluation,
        row_id=row_id,
        order=order,
        defaults={"reply": reply, "parsed": parsed, "reason": reason},
    )


def read_verdict(reply: Reply) -> tuple[dict[str, str | None], str]:
    """The letters of all dimensions as printed, and by what rule or why not.

    A reply that was cut at its length limit again, with the doubled limit, says nothing in any dimension.
    Where nothing is stated, the reason tells a refusal from another form (`reply_failures`).
    """
    parsed: dict[str, str | None] = dict.fromkeys(DIMENSIONS)
    if reply.finish_reason == CUT:
        return parsed, CUT_REASON
    reading = parse_verdict(reply.text)
    parsed |= {name: choice.value for name, choice in reading.verdicts.items() if choice is not None}
    if any(parsed.values()):
        return parsed, reading.reason[:200]
    if reply.finish_reason in FILTERED or declines(reply.text):
        return parsed, REFUSED_REASON
    return parsed, f"{NO_LETTER}: {reading.reason}"[:200] if ";" in reading.reason else reading.reason


def end_evaluation(evaluation: Evaluation) -> None:
    """Write the run card: everything needed to say where these figures come from."""
    card = {
        "release": evaluation.release_digest,
        "endpoint": evaluation.endpoint.name,
        "revision": evaluation.endpoint.revision,
        "prompt_sha256": evaluation.prompt_sha256,
        "parser_version": evaluation.parser_version or PARSER_VERSION,
        "sampling": {"temperature": 0, "max_tokens": evaluation.settings["max_tokens"]},
        "orders": list(ORDERS) if evaluation.kind == "judge" else [],
        **variant_facts(evaluation),
        "app_version": app_version(),
        "hardware": platform.machine(),
        "finished": timezone.now().isoformat(timespec="seconds"),
    }
    Evaluation.objects.filter(pk=evaluation.pk).update(run_card=card)


def _ask(row: dict[str, Any], order: str, images: ReleasedImages, max_tokens: int) -> ChatRequest:
    answers = {"A": row["answer_a"], "B": row["answer_b"]}
    prompt = judge_prompt.build_case(row["question"], row["options"], answers, order)
    messages = judge_prompt.as_messages(prompt, images.data_uris(row))
    return ChatRequest(messages=messages, tag=f"{row['id']}/{order}", max_tokens=max_tokens)
