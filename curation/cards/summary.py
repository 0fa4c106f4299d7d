"""What a release is, in the few sentences that card, datasheet and Croissant metadata begin with. Pure."""

from typing import Final

from curation.cards.facts import ReleaseFacts

WHAT: Final = {
    "preferences": (
        "pairwise preferences of clinicians: a question with two answers by two different models, and which"
        " of them is better in six dimensions"
    ),
    "traces": "step-by-step reasoning traces that a model wrote and clinicians reviewed step by step",
    "questions": "questions with their answers, held out to score models on",
}
UNIT: Final = {"preferences": "case", "traces": "trace", "questions": "question"}


def unit_of(facts: ReleaseFacts, number: int) -> str:
    """A number of rows with their name."""
    return f"{number:,} {UNIT[facts.kind]}{'' if number == 1 else 's'}"


def summary_of(facts: ReleaseFacts) -> str:
    """What it is and how much of it there is."""
    images = f", with {facts.images:,} image{'' if facts.images == 1 else 's'}" if facts.images else ""
    readers = len(facts.readers)
    by = f" Read by {readers} clinician{'' if readers == 1 else 's'}." if readers else ""
    made = " Everything in it was made by programs: it is synthetic." if facts.is_synthetic else ""
    return (
        f"A frozen release of {WHAT[facts.kind]}: {unit_of(facts, facts.rows)}{images}, from"
        f" {facts.clusters:,} independent group{'' if facts.clusters == 1 else 's'} (patients or images)."
        f"{by}{made} For research, not for diagnosis or treatment."
    )
