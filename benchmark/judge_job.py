"""The job behind a judge's evaluation: every case in both orders, verdicts stored as they arrive."""

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from typing import Any, Final

from benchmark.answer_batches import AnswerBatches, Answered
from benchmark.models import Evaluation, EvaluationVariant, Verdict
from benchmark.release_rows import ReleasedImages, checked_rows
from benchmark.reply_failures import CUT_REASON, FILTERED, NO_LETTER, REFUSED_REASON
from benchmark.run_card import end_evaluation
from benchmark.score_verdicts import ScorePairs, score_requests
from benchmark.unanswered import UnansweredCalls
from benchmark.variants import asked_rows
from consilium.answers import judge_prompt
from consilium.answers.dimensions import DIMENSIONS
from consilium.answers.judge_prompt import ORDERS
from consilium.answers.letter_probabilities import stated_probabilities
from consilium.answers.refused_reply import declines
from consilium.answers.verdicts import parse_verdict
from consilium.bulk import insert_rows
from consilium.inference.chat_request import ChatRequest
from consilium.inference.complete import CUT, complete_all
from consilium.inference.models import Reply
from consilium.jobs.handle import JobHandle

VERDICT_FIELDS: Final = ("evaluation", "row_id", "order", "reply", "parsed", "probabilities", "reason")
LETTERS_HINT = " If its server knows no probabilities of letters, launch again without them."


def judge_cases(handle: JobHandle) -> dict[str, Any]:
    """The job: ask for what is missing, parse, store. A failed call leaves the evaluation incomplete."""
    evaluation = Evaluation.objects.select_related("endpoint", "release", "study", "job").get(job=handle.job)
    rows = asked_rows(evaluation, checked_rows(evaluation))
    known = set(Verdict.objects.filter(evaluation=evaluation).values_list("row_id", "order"))
    asks, store = _way(evaluation, rows, known)
    batches = AnswerBatches(handle, store, done=len(known), total=evaluation.expected_calls, of="verdicts")
    unanswered = UnansweredCalls(evaluation, handle)
    asked = complete_all(
        evaluation.endpoint,
        asks,
        study=evaluation.study,
        on_reply=batches.add,
        on_failure=unanswered.note,
        check=batches.check,
        for_scores=evaluation.endpoint.gives_scores,
    )
    batches.flush()
    handle.fence()
    end_evaluation(evaluation, asked)
    unanswered.end(asked, hint=LETTERS_HINT if asks_letters(evaluation) else "")
    return {"verdicts": batches.done}


def _way(
    evaluation: Evaluation, rows: Sequence[dict[str, Any]], known: Collection[tuple[str, str]]
) -> tuple[Iterator[ChatRequest], Callable[[Sequence[Answered]], None]]:
    """What is asked, and what stores a batch of answers."""
    images = asked_images(evaluation)
    if evaluation.endpoint.gives_scores:
        return score_requests(rows, known, images), ScorePairs(evaluation).store
    missing = ((row, order) for row in rows for order in ORDERS if (row["id"], order) not in known)
    asks = (judge_request(evaluation, row, order, images) for row, order in missing)
    return asks, partial(store_verdicts, evaluation)


def store_verdicts(evaluation: Evaluation, answered: Sequence[Answered]) -> None:
    """Parse replies in words and store what they say as printed.

    Their tags name row and order, as "case-7/ba"; one that has a verdict already is refused by the database.
    """
    rows = []
    for tag, reply in answered:
        row_id, _, order = tag.rpartition("/")
        read = read_verdict(reply)
        parsed, told = json.dumps(read["parsed"]), read["probabilities"]
        probabilities = json.dumps(told) if told else None
        rows.append((evaluation.pk, row_id, order, reply.pk, parsed, probabilities, read["reason"]))
    insert_rows(Verdict, VERDICT_FIELDS, rows)


def read_verdict(reply: Reply) -> dict[str, Any]:
    """The fields of a verdict: the letters of all dimensions as printed, how probable they were where the
    server told it, and by what rule or why not.

    A reply that was cut at its length limit again, with the doubled limit, says nothing in any dimension.
    Where nothing is stated, the reason tells a refusal from another form (`reply_failures`).
    """
    parsed: dict[str, str | None] = dict.fromkeys(DIMENSIONS)
    if reply.finish_reason == CUT:
        return {"parsed": parsed, "probabilities": None, "reason": CUT_REASON}
    reading = parse_verdict(reply.text)
    parsed |= {name: choice.value for name, choice in reading.verdicts.items() if choice is not None}
    return {
        "parsed": parsed,
        "probabilities": (reply.letters and stated_probabilities(reply.text, parsed, reply.letters)) or None,
        "reason": _reason(reply, reading.reason) if not any(parsed.values()) else reading.reason[:200],
    }


def _reason(reply: Reply, read_as: str) -> str:
    """Why a reply states nothing in any dimension."""
    if reply.finish_reason in FILTERED or declines(reply.text):
        return REFUSED_REASON
    return f"{NO_LETTER}: {read_as}"[:200] if ";" in read_as else read_as


def asks_letters(evaluation: Evaluation) -> bool:
    """Whether the judge's server is asked how probable the letters were: those of workers do not know it."""
    return bool(evaluation.settings.get("letter_probabilities")) and not evaluation.endpoint.is_local


def asked_images(evaluation: Evaluation) -> ReleasedImages:
    """The images that the evaluation sends: the release's, or none."""
    return ReleasedImages(evaluation.release, evaluation.variant == EvaluationVariant.IMAGE_BLIND)


def judge_request(
    evaluation: Evaluation, row: dict[str, Any], order: str, images: ReleasedImages
) -> ChatRequest:
    """What the evaluation's judge is asked about one case in one order."""
    answers = {"A": row["answer_a"], "B": row["answer_b"]}
    prompt = judge_prompt.build_case(row["question"], row["options"], answers, order)
    return ChatRequest(
        messages=judge_prompt.as_messages(prompt, images.data_uris(row)),
        tag=f"{row['id']}/{order}",
        max_tokens=int(evaluation.settings["max_tokens"]),
        asks_letters=asks_letters(evaluation),
        salt=evaluation.salt,
    )
