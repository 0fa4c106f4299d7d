"""A judge's evaluation as it is published: verdicts in both orders, and its card."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from benchmark.models import Evaluation, Verdict
from benchmark.published_evaluation import PublishedEvaluation
from benchmark.report.cases import TURNED
from consilium.answers.dimensions import DIMENSIONS
from curation.cards.markdown import as_percent
from curation.layouts.medrewardbench import published_id
from curation.releases.freeze import rows_of

FIGURES: Final = {
    "accuracy": "Accuracy, both orders", "strict": "Right in both orders", "reference": "Stored order alone",
    "valid_only": "Of valid replies", "position_consistency": "Position consistency",
    "first_position_rate": "First position", "invalid_rate": "Invalid", "tie_rate": "Tie",
}  # fmt: skip
_PART: Final = 2000


def published_judge(evaluation: Evaluation) -> PublishedEvaluation:
    """What its card says."""
    card = evaluation.run_card
    return PublishedEvaluation(
        role="judge",
        unit="cases",
        tag="llm-as-a-judge",
        task="Judges pairs of answers",
        summary="What one judge stated of every case of a release, in both orders of the two answers:"
        f" {card['answers']:,} verdicts. No text of the release, no label, nothing about readers.",
        columns=("Dimension", "Cases", *FIGURES.values()),
        figures=list(_figures(card["figures"])),
        reading="A case scores the mean over both orders; invalid and tie are wrong. In brackets: 95 %"
        " intervals of a bootstrap over patients or images.",
        rows="verdicts",
        file="one row per case and order: `case_id` of the release, `question_id` as in an export in the"
        " Med-RewardBench layout, `order` (`ab`: answer A was shown first), a letter of the case's own"
        " answers for each dimension (`A`, `B`, `tie`, or null where the reply was invalid), and `reason`:"
        " how the reply was read.",
        metrics=list(_metrics(card["figures"])),
        limits=(
            "It measures agreement with the majority of readers on this release, and nothing else.",
            "Labels of readers are uncertain themselves; no judge can be more right than they are.",
        ),
    )


def stated_rows(evaluation: Evaluation) -> Iterator[dict[str, Any]]:
    """A row per case and order, the letters naming the case's answers A and B in either order."""
    ids = {
        row_id: published_id({"id": row_id, "external_id": external})
        for row_id, external in rows_of(evaluation.release).values_list("row_id", "content__external_id")
    }
    stored = Verdict.objects.filter(evaluation=evaluation).order_by("row_id", "order")
    wanted = stored.values_list("row_id", "order", "parsed", "reason")
    for row_id, order, parsed, reason in wanted.iterator(_PART):
        letters = {name: parsed.get(name) for name in DIMENSIONS}
        if order == "ba":
            letters = {name: TURNED.get(letter, letter) for name, letter in letters.items()}
        yield {
            "case_id": row_id,
            "question_id": ids[row_id],
            "order": order,
            **letters,
            "reason": reason,
        }


def _metrics(figures: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for name in DIMENSIONS:
        value = figures[name]["accuracy"]["value"]
        if isinstance(value, float):
            yield {"type": "accuracy", "name": f"{name}, both orders", "value": round(value, 4)}


def _figures(figures: Mapping[str, Any]) -> Iterator[tuple[object, ...]]:
    for name in DIMENSIONS:
        row = figures[name]
        yield (name.capitalize(), f"{row['cases']:,}", *(_shown(row[figure]) for figure in FIGURES))


def _shown(stored: Any) -> str:
    """A share in percent with its interval, as the card's JSON has it; a dash where it does not exist."""
    value, ends = (
        (stored, None) if not isinstance(stored, Mapping) else (stored.get("value"), stored.get("interval"))
    )
    if not isinstance(value, float):
        return "\N{EN DASH}"
    told = as_percent(value)
    return f"{told} [{100 * ends[0]:.1f}, {100 * ends[1]:.1f}]" if isinstance(ends, list) else told
