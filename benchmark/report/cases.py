"""From a figure to its cases, and from a case to every judge's reply."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Q

from benchmark.leaderboard import newest_evaluations
from benchmark.models import Evaluation, EvaluationKind, Verdict
from benchmark.report.frame import FACETS
from benchmark.report.slices import NOT_STATED
from consilium.answers.dimensions import DIMENSIONS
from consilium.inference.models import Reply
from curation.images.access import model_image_blobs_of
from curation.models import Image as StoredImage
from curation.models import Question, Release
from curation.releases.freeze import rows_of

TURNED: Final[dict[str | None, str | None]] = {"A": "B", "B": "A"}
OUTCOMES: Final = {
    "": "All",
    "right": "Right in both orders",
    "half": "Right in one order",
    "wrong": "Right in none",
    "invalid": "An invalid reply",
    "differ": "The two judges score differently",
}


@dataclass(frozen=True)
class CaseLine:
    """One case for one or two judges: the label, and what each states in its own frame, stored order first.

    `scores`: 0, 1/2 or 1 of each judge; None without a label or without both replies.
    """

    row_id: str
    question: str
    label: str | None
    stated: list[list[str | None]]
    scores: list[float | None]

    def fits(self, outcome: str) -> bool:
        """Whether it is one of the cases that an outcome names; of two judges the first counts."""
        score = self.scores[0] if self.scores else None
        match outcome:
            case "right" | "half" | "wrong":
                return score == {"right": 1.0, "half": 0.5, "wrong": 0.0}[outcome]
            case "invalid":
                return any(letter is None for letter in self.stated[0])
            case "differ":
                return len(self.scores) == 2 and self.scores[0] != self.scores[1]
        return True


@dataclass(frozen=True)
class JudgeReplies:
    """What one judge printed and states of one case, by the dimensions that it is asked about; `replies` by
    order, stored order first.
    """

    evaluation: Evaluation
    dimensions: list[tuple[str, list[str | None]]]
    replies: list[tuple[str, Reply, str]]


def case_lines(
    release: Release, judges: Sequence[Evaluation], dimension: str, facet: str = "", value: str = ""
) -> list[CaseLine]:
    """Every case of the release, or of one slice by what the release says of it, in the release's order."""
    rows = rows_of(release)
    if facet in FACETS:
        rows = rows.filter(_stated(facet, value))
    said = [_letters(one, dimension) for one in judges]
    wanted = rows.values_list("row_id", "content__question", f"content__label__{dimension}")
    return [_line(row_id, question, label, said) for row_id, question, label in wanted]


def judges_of(release: Release) -> list[Evaluation]:
    """The evaluations that the report is made of, by name."""
    found = newest_evaluations(release, EvaluationKind.JUDGE)
    return sorted(found, key=lambda one: one.endpoint.name.casefold())


def replies_to(release: Release, row_id: str) -> list[JudgeReplies]:
    """What every judge of the report replied to one case."""
    judges = judges_of(release)
    stored: dict[int, dict[str, Verdict]] = {}
    verdicts = Verdict.objects.filter(evaluation__in=judges, row_id=row_id).select_related("reply")
    for verdict in verdicts:
        stored.setdefault(verdict.evaluation_id, {})[verdict.order] = verdict
    return [_replies(one, stored.get(one.pk, {})) for one in judges]


def case_images(release: Release, row: Mapping[str, Any]) -> Iterable[StoredImage]:
    """The images of a released case, where this study still has the very ones that were released; else none.

    A release from elsewhere names questions of another site by the same numbers.
    """
    number = str(row.get("question_id", "")).removeprefix("question-")
    if not number.isdecimal():
        return []
    question = Question.objects.filter(pk=int(number), study=release.study_id).first()
    if question is None:
        return []
    shown = model_image_blobs_of({question.pk})[question.pk] or []
    return question.ordered_images() if list(dict.fromkeys(shown)) == row.get("sha256") else []


def _stated(facet: str, value: str) -> Q:
    """The rows of a slice; what a release does not say is empty, null or not there."""
    if value != NOT_STATED:
        return Q(**{f"content__{facet}": value})
    name = f"content__{facet}"
    return Q(**{name: ""}) | Q(**{name: None}) | Q(**{f"{name}__isnull": True})


def _letters(evaluation: Evaluation, dimension: str) -> dict[str, dict[str, str | None]]:
    """Row to order to what is stated in the case's frame."""
    found: dict[str, dict[str, str | None]] = {}
    if not evaluation.states(dimension):
        return found
    stored = Verdict.objects.filter(evaluation=evaluation)
    for row_id, order, letter in stored.values_list("row_id", "order", f"parsed__{dimension}"):
        found.setdefault(row_id, {})[order] = letter if order == "ab" else TURNED.get(letter, letter)
    return found


def _line(
    row_id: str, question: str, label: str | None, said: Sequence[Mapping[str, Mapping[str, str | None]]]
) -> CaseLine:
    own = [one.get(row_id, {}) for one in said]
    return CaseLine(
        row_id=row_id,
        question=question,
        label=label,
        stated=[[one[order] for order in ("ab", "ba") if order in one] for one in own],
        scores=[_score(label, one) for one in own],
    )


def _score(label: str | None, said: Mapping[str, str | None]) -> float | None:
    if label is None or len(said) < 2:
        return None
    return sum(letter == label for letter in said.values()) / 2


def _replies(evaluation: Evaluation, verdicts: Mapping[str, Verdict]) -> JudgeReplies:
    orders = [order for order in ("ab", "ba") if order in verdicts]
    return JudgeReplies(
        evaluation=evaluation,
        dimensions=[
            (name, [_letter(verdicts[order], order, name) for order in orders])
            for name in DIMENSIONS
            if evaluation.states(name)
        ],
        replies=[
            (verdicts[order].get_order_display(), verdicts[order].reply, verdicts[order].reason)
            for order in orders
        ],
    )


def _letter(verdict: Verdict, order: str, dimension: str) -> str | None:
    letter: str | None = verdict.parsed.get(dimension)
    return letter if order == "ab" else TURNED.get(letter, letter)
