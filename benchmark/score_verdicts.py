"""Verdicts of a model that gives scores: each answer is scored once, by itself, and both orders follow."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from benchmark.answer_batches import Answered
from benchmark.models import Evaluation, Verdict
from benchmark.release_rows import ReleasedImages
from consilium.answers.judge_prompt import ORDERS
from consilium.answers.scores import compare_scores, score_messages
from consilium.inference.chat_request import ChatRequest
from consilium.inference.models import Reply

# The answer that stands first in an order: its score is that order's reply, the other's that of the other.
FIRST: Final = {"ab": "answer_a", "ba": "answer_b"}
OTHER_ORDER: Final = {"ab": "ba", "ba": "ab"}
ONE_TOKEN: Final = 1  # nothing is written


def score_requests(
    rows: Iterable[dict[str, Any]], known: Collection[tuple[str, str]], images: ReleasedImages
) -> Iterator[ChatRequest]:
    """Both answers of every case that lacks a verdict; a score that is stored is not asked again."""
    for row in rows:
        if all((row["id"], order) in known for order in ORDERS):
            continue
        for order in ORDERS:
            yield score_request(row, order, images)


def score_request(row: dict[str, Any], order: str, images: ReleasedImages) -> ChatRequest:
    """The answer that stands first in an order, to be scored by itself."""
    messages = score_messages(row["question"], row["options"], row[FIRST[order]], images.data_uris(row))
    return ChatRequest(messages=messages, tag=f"{row['id']}/{order}", max_tokens=ONE_TOKEN)


class ScorePairs:
    """The scores of an evaluation as they arrive; a verdict needs those of both answers."""

    def __init__(self, evaluation: Evaluation) -> None:
        self._evaluation = evaluation
        self._waiting: dict[str, dict[str, Reply]] = {}

    def store(self, answered: Sequence[Answered]) -> None:
        """Keep scores, whose tags name row and order, as "case-7/ba"; a second run changes nothing."""
        for tag, reply in answered:
            row_id, _, order = tag.rpartition("/")
            self._keep(row_id, order, reply)

    def _keep(self, row_id: str, order: str, reply: Reply) -> None:
        """Keep the score of the answer that stands first in an order; with the second of a case, verdicts."""
        held = self._waiting.setdefault(row_id, {})
        held[order] = reply
        if len(held) < len(ORDERS):
            return
        for one in ORDERS:
            read = read_scores(self._evaluation, {each: held[each].text for each in ORDERS}, one)
            Verdict.objects.get_or_create(
                evaluation=self._evaluation, row_id=row_id, order=one, defaults={"reply": held[one], **read}
            )
        del self._waiting[row_id]


def read_scores(evaluation: Evaluation, texts: Mapping[str, str], order: str) -> dict[str, Any]:
    """The fields of a verdict in one order, given the replies of both: what is stated of the one dimension.

    The others are not in it: nobody asked about them, so that they are neither right nor wrong.
    """
    dimension = evaluation.endpoint.scored_dimension
    found = compare_scores(texts[order], texts[OTHER_ORDER[order]])
    stated = None if found.probability is None else {dimension: found.probability}
    return {"parsed": {dimension: found.letter}, "probabilities": stated, "reason": found.why}


def stored_scores(evaluation: Evaluation, rows: Collection[str] | None = None) -> dict[str, dict[str, str]]:
    """Row to order to the reply's text, of an evaluation by scores: of all rows, or of these."""
    texts: dict[str, dict[str, str]] = {}
    stored = Verdict.objects.filter(evaluation=evaluation)
    if rows is not None:
        stored = stored.filter(row_id__in=rows)
    for row_id, order, text in stored.values_list("row_id", "order", "reply__text"):
        texts.setdefault(row_id, {})[order] = text
    return texts
