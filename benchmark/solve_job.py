"""The job behind a solver's evaluation: one answer per held-out question, invalid counts as wrong."""

from typing import Any

from django.db import transaction

from benchmark.judge_job import end_evaluation
from benchmark.models import Evaluation, SolverResult
from benchmark.release_rows import ReleasedImages, checked_rows, is_scorable
from benchmark.unanswered import UnansweredCalls
from consilium.answers import solver_prompt
from consilium.answers.option_letters import extract
from consilium.answers.think_answer import rejoin
from consilium.inference.chat_request import ChatRequest
from consilium.inference.complete import complete_all
from consilium.inference.models import Reply
from consilium.jobs.handle import JobHandle


def solve_questions(handle: JobHandle) -> dict[str, Any]:
    """The job: ask for what is missing, take the letter, store whether it is right."""
    evaluation = Evaluation.objects.select_related("endpoint", "release", "study").get(job=handle.job)
    held = checked_rows(evaluation)
    rows = {row["id"]: row for row in held if is_scorable(row)}
    known = set(SolverResult.objects.filter(evaluation=evaluation).values_list("row_id", flat=True))
    images, limit = ReleasedImages(evaluation.release), int(evaluation.settings["max_tokens"])
    asks = (_ask(row, images, limit) for row_id, row in rows.items() if row_id not in known)
    done, unanswered = len(known), UnansweredCalls(evaluation, handle)

    def store(ask: ChatRequest, reply: Reply) -> None:
        nonlocal done
        with transaction.atomic():
            handle.fence()
            store_result(evaluation, rows[ask.tag], reply)
        done += 1
        handle.progress(done, len(rows), "answers")

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
    return {"answers": done}


def store_result(evaluation: Evaluation, row: dict[str, Any], reply: Reply) -> None:
    """Take the option letter of one reply; a second run changes nothing."""
    letter, is_correct = read_letter(reply, row)
    SolverResult.objects.get_or_create(
        evaluation=evaluation,
        row_id=row["id"],
        defaults={"reply": reply, "letter": letter, "is_correct": is_correct},
    )


def read_letter(reply: Reply, row: dict[str, Any]) -> tuple[str, bool]:
    """The option letter that a reply to the row names, empty for none, and whether it is the right one."""
    letters = "".join(sorted(row["options"]))
    letter = extract(rejoin(reply.text, reply.reasoning), letters).letter or ""
    return letter, letter == row["answer_label"]


def _ask(row: dict[str, Any], images: ReleasedImages, max_tokens: int) -> ChatRequest:
    text = solver_prompt.build(row["question"], row["options"])
    messages = solver_prompt.as_messages(text, images.data_uris(row))
    return ChatRequest(messages=messages, tag=row["id"], max_tokens=max_tokens)
