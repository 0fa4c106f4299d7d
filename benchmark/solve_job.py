"""The job behind a solver's evaluation: one answer per held-out question, invalid counts as wrong.

Questions with options are scored by the letter, closed ones without by exact match, open ones by the share
of the reference's words that the answer holds; a judge may decide these as well, which is counted apart.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from benchmark.answer_batches import AnswerBatches, Answered
from benchmark.models import Evaluation, SolverResult
from benchmark.open_judge import judge_open_answers
from benchmark.release_rows import ReleasedImages, answer_kind, checked_rows
from benchmark.run_card import end_evaluation
from benchmark.unanswered import UnansweredCalls
from consilium.answers import solver_prompt
from consilium.answers.open_answers import AnswerKind, exact_match, said, token_recall
from consilium.answers.option_letters import extract
from consilium.answers.think_answer import rejoin
from consilium.inference.chat_request import ChatRequest
from consilium.inference.complete import CUT, complete_all
from consilium.inference.models import Reply
from consilium.jobs.handle import JobHandle

# The fields of SolverResult that a reader fills.
READ: Final = ("letter", "answer", "is_correct", "recall")


def solve_questions(handle: JobHandle) -> dict[str, Any]:
    """The job: ask for what is missing, read the answer, store how right it is."""
    whole = Evaluation.objects.select_related("endpoint", "release", "study", "job", "open_judge")
    evaluation = whole.get(job=handle.job)
    held = checked_rows(evaluation)
    rows = {row["id"]: row for row in held if answer_kind(row)}
    known = set(SolverResult.objects.filter(evaluation=evaluation).values_list("row_id", flat=True))
    images, limit = ReleasedImages(evaluation.release), int(evaluation.settings["max_tokens"])
    asks = (solver_request(row, images, limit) for row_id, row in rows.items() if row_id not in known)
    batches = AnswerBatches(
        handle,
        lambda answered: store_results(evaluation, rows, answered),
        done=len(known),
        total=len(rows),
        of="answers",
    )
    unanswered = UnansweredCalls(evaluation, handle)
    asked = complete_all(
        evaluation.endpoint,
        asks,
        study=evaluation.study,
        on_reply=batches.add,
        on_failure=unanswered.note,
        check=batches.check,
    )
    batches.flush()
    handle.fence()
    end_evaluation(evaluation, asked)
    unanswered.end(asked)
    if evaluation.open_judge:
        judge_open_answers(evaluation, handle, rows, unanswered)
        handle.fence()
        end_evaluation(evaluation, asked)
    return {"answers": batches.done}


def store_results(
    evaluation: Evaluation, rows: Mapping[str, dict[str, Any]], answered: Sequence[Answered]
) -> None:
    """Read the answers of replies, whose tags are ids of rows; a second run changes nothing."""
    made = [
        SolverResult(evaluation=evaluation, row_id=row_id, reply=reply, **read_result(reply, rows[row_id]))
        for row_id, reply in answered
    ]
    SolverResult.objects.bulk_create(made, ignore_conflicts=True)


def read_result(reply: Reply, row: dict[str, Any]) -> dict[str, Any]:
    """What a reply says to the row and how right that is: the values of READ."""
    kind = answer_kind(row)
    if kind is AnswerKind.CHOICE:
        letter, is_correct = read_letter(reply, row)
        return dict(zip(READ, (letter, "", is_correct, None), strict=True))
    # A reply cut at its limit has not said its answer; half of one could hold the right words.
    answer = "" if reply.finish_reason == CUT else said(rejoin(reply.text, reply.reasoning))
    if kind is AnswerKind.CLOSED:
        return dict(zip(READ, ("", answer, exact_match(answer, row["answer"]), None), strict=True))
    recall = token_recall(answer, row["answer"])
    return dict(zip(READ, ("", answer, recall == 1, recall), strict=True))


def read_letter(reply: Reply, row: dict[str, Any]) -> tuple[str, bool]:
    """The option letter that a reply to the row names, empty for none, and whether it is the right one."""
    letters = "".join(sorted(row["options"]))
    letter = extract(rejoin(reply.text, reply.reasoning), letters).letter or ""
    return letter, letter == row["answer_label"]


def solver_request(row: dict[str, Any], images: ReleasedImages, max_tokens: int) -> ChatRequest:
    """What a solver is asked."""
    text = solver_prompt.build(row["question"], row["options"])
    messages = solver_prompt.as_messages(text, images.data_uris(row))
    return ChatRequest(messages=messages, tag=row["id"], max_tokens=max_tokens)
