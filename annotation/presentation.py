"""What a reader sees of a case: the question, its images, two answers as first and second. Never a model."""

from dataclasses import dataclass
from typing import Any

from annotation.frames import CANNOT_JUDGE_REASONS, SHOWN_CHOICES, SHOWN_HARM, to_shown
from annotation.models import BlindVote, Case, Dimension, Harm, Vote
from consilium.prepared import Prepared
from consilium.refusals import Refused
from consilium.workqueue.models import Claim
from curation.images.access import NotShowable, all_released
from curation.models import Image

MEANINGS = {
    Dimension.ACCURACY: "Is the medical content correct?",
    Dimension.RELEVANCE: "Does it speak to this question?",
    Dimension.COMPREHENSIVENESS: "Does it cover what matters?",
    Dimension.CREATIVITY: "Does it add useful insight?",
    Dimension.RESPONSIVENESS: "Is it in a form you can use?",
    Dimension.OVERALL: "Which answer is better?",
}
STEP_WORDS = ("First clearly", "First slightly", "Second slightly", "Second clearly")
HARM_WORDS = ("Neither", "First", "Second", "Both")


@dataclass(frozen=True, slots=True)
class ShownCase:
    """One case for one reader. The gold answer and the models are not in here."""

    question: str
    options: list[tuple[str, str]]
    images: list[Image]
    first: str
    second: str


@dataclass(frozen=True, slots=True)
class Chip:
    """What one reader chose in one dimension, as this adjudicator sees the answers."""

    number: int
    value: str
    words: str

    @property
    def reader(self) -> str:
        """The reader without a name."""
        return f"Reader {self.number}"

    @property
    def short(self) -> str:
        """What fits under a column."""
        return f"R{self.number}"


def shown_case(claim: Claim) -> ShownCase:
    """The case of a claim in the claim's order. Raises NotShowable for an image that is not released."""
    case = _CASE.first(pk=claim.item.object_id)
    assert case is not None, "the item of a comparison names a case"
    images = case.question.ordered_images()
    if not all_released(images):
        raise NotShowable("An image of this case was taken back for another check. Put the case off for now.")
    texts = case.response_a.text, case.response_b.text
    first, second = texts if claim.shown["first"] == "a" else texts[::-1]
    options = [(str(letter), str(text)) for letter, text in case.question.options.items()]
    return ShownCase(case.question.text, options, images, first, second)


_CASE = Prepared(
    lambda pk: (
        Case.objects.filter(pk=pk)
        .select_related("question", "response_a", "response_b")
        .only("question__text", "question__options", "response_a__text", "response_b__text")
    ),
    pk=int,
)


def rows(
    chosen: dict[str, Any] | None = None, chips: dict[str, list[Chip]] | None = None
) -> list[dict[str, Any]]:
    """The six rows of the verdict; `chosen` holds shown choices, reasons and rationales to start from."""
    given = chosen or {}
    return [
        {
            "name": dimension.value,
            "label": dimension.label,
            "meaning": MEANINGS[dimension],
            "chosen": given.get("choices", {}).get(dimension.value, ""),
            "reason": given.get("reasons", {}).get(dimension.value, ""),
            "chips": _by_column(chips[dimension.value]) if chips else [],
        }
        for dimension in Dimension
    ]


def _by_column(chips: list[Chip]) -> list[list[Chip]]:
    """The chips under the choice that each stands for."""
    return [[chip for chip in chips if chip.value == value] for value in SHOWN_CHOICES]


def form_words() -> dict[str, Any]:
    """Values and words of the form, the same for every case."""
    return {
        "steps": list(zip(SHOWN_CHOICES, STEP_WORDS, strict=False)),
        "other": (SHOWN_CHOICES[-1], "Cannot judge"),
        "reasons": list(CANNOT_JUDGE_REASONS.items()),
        "harms": list(zip(SHOWN_HARM, HARM_WORDS, strict=True)),
    }


def readers_chips(claim: Claim) -> dict[str, list[Chip]]:
    """The readers' votes per dimension in this adjudicator's frame, without names, in the order they came.

    Only for an adjudicator whose blind vote is stored: raises Refused otherwise.
    """
    case_id = claim.item.object_id
    if not BlindVote.objects.filter(case=case_id, person=claim.person).exists():
        raise Refused("The blind vote comes first.")
    votes = _counted(claim)
    return {
        name: [_chip(number, vote, name, claim.shown["first"]) for number, vote in enumerate(votes, start=1)]
        for name in Dimension.values
    }


def _counted(claim: Claim) -> list[Vote]:
    """The readers' counted votes in the order they came; a reader's number is the place in it."""
    votes = Vote.objects.filter(case=claim.item.object_id).counted()
    return list(votes.order_by("submission__submitted_at", "pk"))


def _chip(number: int, vote: Vote, dimension: str, shown_first: str) -> Chip:
    value = to_shown(vote.choice(dimension), shown_first)
    words = dict(zip(SHOWN_CHOICES, (*STEP_WORDS, "Cannot judge"), strict=True))
    return Chip(number, value, words[value])


def rationales_for(claim: Claim) -> list[dict[str, str]]:
    """The readers' written reasons, dimension by dimension; after the blind vote only (see readers_chips)."""
    return [
        {"reader": f"Reader {number}", "dimension": Dimension(name).label, "text": text}
        for number, vote in enumerate(_counted(claim), start=1)
        for name, text in vote.rationales.items()
    ]


def harm_flags(claim: Claim) -> list[str]:
    """Which answers readers flagged as harmful, in this adjudicator's frame; after the blind vote only."""
    words = {"a": "first", "b": "second"} if claim.shown["first"] == "a" else {"a": "second", "b": "first"}
    return [
        f"R{number} {words.get(vote.harm, vote.harm)}"
        for number, vote in enumerate(_counted(claim), start=1)
        if vote.harm != Harm.NEITHER
    ]
