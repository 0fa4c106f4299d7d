"""The job behind a judge's evaluation: every case in both orders, verdicts stored as they arrive."""

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from typing import Any

from benchmark.answer_batches import AnswerBatches, Answered
from benchmark.models import Evaluation, Verdict
from benchmark.release_rows import ReleasedImages, checked_rows
from benchmark.run_card import end_evaluation
from benchmark.score_verdicts import ScorePairs, score_requests
from consilium.answers import judge_prompt
from consilium.answers.dimensions import DIMENSIONS
from consilium.answers.judge_prompt import ORDERS
from consilium.answers.letter_probabilities import stated_probabilities
from consilium.answers.verdicts import parse_verdict
from consilium.inference.chat_request import ChatRequest
from consilium.inference.complete import CUT, complete_all
from consilium.inference.models import Reply
from consilium.jobs.handle import JobHandle

CUT_REASON = "cut at the length limit"
LETTERS_HINT = " If its server knows no probabilities of letters, launch again without them."


def judge_cases(handle: JobHandle) -> dict[str, Any]:
    """The job: ask for what is missing, parse, store. A failed call leaves the evaluation incomplete."""
    evaluation = Evaluation.objects.select_related("endpoint", "release", "study", "job").get(job=handle.job)
    rows = checked_rows(evaluation)
    known = set(Verdict.objects.filter(evaluation=evaluation).values_list("row_id", "order"))
    asks, store = _way(evaluation, rows, known)
    batches = AnswerBatches(handle, store, done=len(known), total=evaluation.expected_calls, of="verdicts")
    asked = complete_all(
        evaluation.endpoint,
        asks,
        study=evaluation.study,
        on_reply=batches.add,
        check=batches.check,
        for_scores=evaluation.endpoint.gives_scores,
    )
    batches.flush()
    handle.fence()
    end_evaluation(evaluation, asked, hint=LETTERS_HINT if asks_letters(evaluation) else "")
    return {"verdicts": batches.done}


def _way(
    evaluation: Evaluation, rows: Sequence[dict[str, Any]], known: Collection[tuple[str, str]]
) -> tuple[Iterator[ChatRequest], Callable[[Sequence[Answered]], None]]:
    """What is asked, and what stores a batch of answers."""
    images, limit = ReleasedImages(evaluation.release), int(evaluation.settings["max_tokens"])
    if evaluation.endpoint.gives_scores:
        return score_requests(rows, known, images), ScorePairs(evaluation).store
    missing = ((row, order) for row in rows for order in ORDERS if (row["id"], order) not in known)
    letters = asks_letters(evaluation)
    asks = (judge_request(row, order, images, limit, letters=letters) for row, order in missing)
    return asks, partial(store_verdicts, evaluation)


def store_verdicts(evaluation: Evaluation, answered: Sequence[Answered]) -> None:
    """Parse replies in words and store what they say as printed; a second run changes nothing.

    Their tags name row and order, as "case-7/ba".
    """
    made = []
    for tag, reply in answered:
        row_id, _, order = tag.rpartition("/")
        made.append(
            Verdict(evaluation=evaluation, row_id=row_id, order=order, reply=reply, **read_verdict(reply))
        )
    Verdict.objects.bulk_create(made, ignore_conflicts=True)


def read_verdict(reply: Reply) -> dict[str, Any]:
    """The fields of a verdict: the letters of all dimensions as printed, how probable they were where the
    server told it, and by what rule or why not.

    A reply that was cut at its length limit again, with the doubled limit, says nothing in any dimension.
    """
    parsed: dict[str, str | None] = dict.fromkeys(DIMENSIONS)
    if reply.finish_reason == CUT:
        return {"parsed": parsed, "probabilities": None, "reason": CUT_REASON}
    reading = parse_verdict(reply.text)
    parsed |= {name: choice.value for name, choice in reading.verdicts.items() if choice is not None}
    stated = stated_probabilities(reply.text, parsed, reply.letters) if reply.letters else None
    return {"parsed": parsed, "probabilities": stated or None, "reason": reading.reason[:200]}


def asks_letters(evaluation: Evaluation) -> bool:
    """Whether the judge's server is asked how probable the letters were: those of workers do not know it."""
    return bool(evaluation.settings.get("letter_probabilities")) and not evaluation.endpoint.is_local


def judge_request(
    row: dict[str, Any], order: str, images: ReleasedImages, max_tokens: int, *, letters: bool = False
) -> ChatRequest:
    """What a judge is asked about one case in one order; `letters`: and how probable its letters were."""
    answers = {"A": row["answer_a"], "B": row["answer_b"]}
    prompt = judge_prompt.build_case(row["question"], row["options"], answers, order)
    messages = judge_prompt.as_messages(prompt, images.data_uris(row))
    tag = f"{row['id']}/{order}"
    return ChatRequest(messages=messages, tag=tag, max_tokens=max_tokens, asks_letters=letters)
