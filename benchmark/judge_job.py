"""The job behind a judge's evaluation: every case in both orders, verdicts stored as they arrive."""

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from typing import Any

from django.db import transaction

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
from consilium.jobs.handle import JobFailed, JobHandle

CUT_REASON = "cut at the length limit"
LETTERS_HINT = " If its server knows no probabilities of letters, launch again without them."


def judge_cases(handle: JobHandle) -> dict[str, Any]:
    """The job: ask for what is missing, parse, store. A failed call leaves the evaluation incomplete."""
    evaluation = Evaluation.objects.select_related("endpoint", "release", "study", "job").get(job=handle.job)
    rows = checked_rows(evaluation)
    known = set(Verdict.objects.filter(evaluation=evaluation).values_list("row_id", "order"))
    asks, keep = _way(evaluation, rows, known)
    done = len(known)

    def store(ask: ChatRequest, reply: Reply) -> None:
        nonlocal done
        row_id, _, order = ask.tag.rpartition("/")
        with transaction.atomic():
            handle.fence()
            done += keep(row_id, order, reply)
        handle.progress(done, evaluation.expected_calls, "verdicts")

    asked = complete_all(
        evaluation.endpoint,
        asks,
        study=evaluation.study,
        on_reply=store,
        check=handle.check,
        for_scores=evaluation.endpoint.gives_scores,
    )
    handle.fence()
    end_evaluation(evaluation)
    if asked.failed:
        hint = LETTERS_HINT if asks_letters(evaluation) else ""
        raise JobFailed(
            f"{len(asked.failed)} of {asked.asked} calls got no answer: {asked.failed[0][1]}{hint}"
        )
    return {"verdicts": done}


def _way(
    evaluation: Evaluation, rows: Sequence[dict[str, Any]], known: Collection[tuple[str, str]]
) -> tuple[Iterator[ChatRequest], Callable[[str, str, Reply], int]]:
    """What is asked, and what keeps a reply (row, order) and returns how many verdicts were stored."""
    images, limit = ReleasedImages(evaluation.release), int(evaluation.settings["max_tokens"])
    if evaluation.endpoint.gives_scores:
        return score_requests(rows, known, images), ScorePairs(evaluation).keep
    missing = ((row, order) for row in rows for order in ORDERS if (row["id"], order) not in known)
    letters = asks_letters(evaluation)
    asks = (judge_request(row, order, images, limit, letters=letters) for row, order in missing)
    return asks, partial(store_verdict, evaluation)


def store_verdict(evaluation: Evaluation, row_id: str, order: str, reply: Reply) -> int:
    """Parse one reply in words and store it as printed, one verdict; a second run changes nothing."""
    Verdict.objects.get_or_create(
        evaluation=evaluation,
        row_id=row_id,
        order=order,
        defaults={"reply": reply, **read_verdict(reply)},
    )
    return 1


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
