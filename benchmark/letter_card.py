"""A solver's evaluation as it is published: the letters it named, and its card.

Whether a letter was right is in no row: with the letter it would give away the key of held-out questions.
Answers to questions without options are texts, and stay here; their figures are told.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from benchmark.leaderboard import mean_score
from benchmark.models import Evaluation, SolverResult
from benchmark.published_evaluation import PublishedEvaluation
from benchmark.release_rows import answer_kind
from consilium.answers.open_answers import AnswerKind
from consilium.statistics.undefined import Undefined
from curation.cards.markdown import as_percent
from curation.releases.freeze import rows_of

_PART: Final = 2000
_KINDS: Final = {
    AnswerKind.CHOICE: ("With options", "accuracy, an invalid answer being wrong"),
    AnswerKind.CLOSED: ("Closed, without options", "exact match"),
    AnswerKind.OPEN: ("Open", "token recall"),
}


def published_solver(evaluation: Evaluation) -> PublishedEvaluation:
    """What its card says."""
    figures, answers = list(_figures(evaluation)), evaluation.run_card["answers"]
    return PublishedEvaluation(
        role="solver",
        unit="questions",
        tag="question-answering",
        task="Answers questions about images",
        summary=f"What one model answered to the held-out questions of a release: {answers:,} answers."
        " No text of the release, no right answer, nothing about readers.",
        columns=("Kind of question", "Questions", "Score", "What it is", "Without a letter"),
        figures=[line for _, _, line in figures],
        reading="Kinds of questions are scored by rules of their own and never added up. In brackets: 95 %"
        " intervals of a bootstrap over patients or images.",
        rows="letters",
        file="one row per question with options: `question_id` of the release and `letter`, null where the"
        " reply named none. Whether it was right is not said: that would give away the key.",
        metrics=[
            {"type": "accuracy", "name": _KINDS[kind][1], "value": round(value, 4)}
            for kind, value, _ in figures
        ],
        limits=(
            "It measures answers to the questions of this release, and nothing else.",
            "What the model was trained on elsewhere is not known.",
        ),
    )


def letter_rows(evaluation: Evaluation) -> Iterator[dict[str, Any]]:
    """A row per question with options."""
    rows = rows_of(evaluation.release).values_list("row_id", "content")
    choices = {row_id for row_id, row in rows if answer_kind(row) is AnswerKind.CHOICE}
    stored = SolverResult.objects.filter(evaluation=evaluation, row_id__in=choices).order_by("row_id")
    for row_id, letter in stored.values_list("row_id", "letter").iterator(_PART):
        yield {"question_id": row_id, "letter": letter or None}


def _figures(evaluation: Evaluation) -> Iterator[tuple[AnswerKind, float, tuple[object, ...]]]:
    """Each kind of question that was asked, its mean score, and its line of the card's table."""
    rows = dict(rows_of(evaluation.release).values_list("row_id", "content"))
    found: Mapping[AnswerKind, list[SolverResult]] = {kind: [] for kind in _KINDS}
    for result in SolverResult.objects.filter(evaluation=evaluation).order_by("row_id").iterator(_PART):
        if kind := answer_kind(rows[result.row_id]):
            found[kind].append(result)
    for kind, results in found.items():
        if not results:
            continue
        clusters = [rows[result.row_id]["cluster"] for result in results]
        score = mean_score([result.score for result in results], clusters)
        assert isinstance(score.value, float)
        told = as_percent(score.value)
        if not isinstance(score.interval, Undefined):
            told += f" [{100 * score.interval.low:.1f}, {100 * score.interval.high:.1f}]"
        silent = sum(not result.letter for result in results) if kind is AnswerKind.CHOICE else ""
        name, rule = _KINDS[kind]
        yield kind, score.value, (name, f"{len(results):,}", told, rule, silent)
