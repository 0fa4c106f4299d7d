"""What a reader of a release should be warned of, told by its own numbers. Pure."""

from collections.abc import Iterator
from typing import Final

from consilium.statistics.undefined import Undefined
from curation.cards.facts import ReleaseFacts
from curation.cards.markdown import as_percent
from curation.cards.summary import unit_of

FEW_ROWS: Final = 10
FEW_READERS: Final = 3
LOW: Final = 0.4
MOSTLY: Final = 0.6


def limits_of(facts: ReleaseFacts) -> list[str]:
    """Sentences in plain text, the general ones first."""
    return [
        "It is made for research on models. It must not be used to diagnose or treat anybody.",
        "It says nothing of age, sex or origin of the patients: those were removed with everything else that"
        " could name a person, so fairness between groups cannot be studied with it.",
        *_of_data(facts),
        *_of_readers(facts),
        *_of_labels(facts),
    ]


def _of_data(facts: ReleaseFacts) -> Iterator[str]:
    if facts.is_synthetic:
        yield "Everything in it is synthetic; what holds here need not hold for patients."
    if len(facts.rows_by_source) == 1:
        yield "All of it comes from one source, so it shows one place's patients, devices and habits."
    thin = [name for name, number in facts.organ_systems.items() if name and number < FEW_ROWS]
    if thin:
        named = ", ".join(name.replace("_", " ") for name in thin)
        yield f"Fewer than {FEW_ROWS} rows each stand for: {named}. Figures by organ system are weak there."
    if facts.organ_systems.get(""):
        yield f"{unit_of(facts, facts.organ_systems[''])} of {facts.rows:,} name no organ system."
    if len(facts.languages) == 1:
        yield f"Its questions are in one language ({facts.languages[0]})."
    if facts.kind == "traces":
        yield (
            "The reasoning was written by a model. Clinicians judged and edited its steps; they did not write"
            " it from the image themselves."
        )


def _of_readers(facts: ReleaseFacts) -> Iterator[str]:
    if facts.kind == "questions":
        yield "Its answers come from the sources; nobody has labelled them anew for this release."
        return
    if 0 < len(facts.readers) <= FEW_READERS:
        yield f"Only {len(facts.readers)} people read for it; their habits weigh heavily."
    untold = sum(not reader.specialty for reader in facts.readers)
    if untold:
        yield f"The specialty of {untold} of {len(facts.readers)} readers is not known."
    if facts.kind == "traces" and facts.twice_read < facts.rows:
        yield (
            f"{facts.rows - facts.twice_read:,} of {facts.rows:,} traces were reviewed by one person alone;"
            " agreement is known only for the others."
        )


def _of_labels(facts: ReleaseFacts) -> Iterator[str]:
    low = [
        row.dimension
        for row in facts.agreement
        if not isinstance(row.ac1.value, Undefined) and row.ac1.value < LOW
    ]
    if low:
        yield (
            f"Readers agreed little (AC1 below {LOW:g}) on: {', '.join(low)}. A model cannot be expected to"
            " agree with such labels more than the readers agree with each other."
        )
    one_sided = [
        f"{label.dimension} ({'A' if label.a > label.b else 'B'} in {as_percent(most / (label.a + label.b))})"
        for label in facts.labels
        if (most := max(label.a, label.b)) > MOSTLY * (label.a + label.b)
    ]
    if one_sided:
        yield (
            f"The better answer stands mostly on one side in {', '.join(one_sided)}: a judge that always"
            " names that side looks good there."
        )
    missing = {label.dimension: label.none for label in facts.labels if label.none}
    if missing:
        told = ", ".join(f"{name} {number:,}" for name, number in missing.items())
        yield f"Some cases have no label in a dimension ({told})."
