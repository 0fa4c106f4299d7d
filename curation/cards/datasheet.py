"""The datasheet of a release: what Datasheets for Datasets (Gebru et al. 2021) asks, in our words. Pure.

What the release does not hold is said not to be on record, rather than guessed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from curation.cards.facts import ReleaseFacts
from curation.cards.limits import limits_of
from curation.cards.markdown import figure_of, share_of, spoken
from curation.cards.summary import summary_of

NOT_ON_RECORD: Final = "Not on record in the release."
PURPOSE: Final = {
    "preferences": (
        "To measure how well a model judges answers to medical image questions, against clinicians, and to"
        " train such judges on other splits."
    ),
    "traces": "To teach models medical reasoning from steps that clinicians accepted or corrected.",
    "questions": "To measure how many medical image questions a model answers right.",
}
ORIGIN: Final = {
    "preferences": (
        "Questions and images come from the sources below; two models answered each question, and clinicians"
        " compared the answers without knowing the models, in an order that the server balanced."
    ),
    "traces": (
        "Questions and images come from the sources below; a model wrote the reasoning, and clinicians"
        " decided on every step: accept, edit or reject."
    ),
    "questions": "Questions, images and answers come from the sources below.",
}


@dataclass(frozen=True, slots=True)
class Listing:
    """A small table in an answer."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class SheetAnswer:
    """One question with its answer in plain sentences."""

    question: str
    sentences: Sequence[str]
    listing: Listing | None = None


@dataclass(frozen=True, slots=True)
class SheetPart:
    """One part of a datasheet."""

    title: str
    answers: Sequence[SheetAnswer]


def datasheet(facts: ReleaseFacts) -> list[SheetPart]:
    """All parts in their order."""
    return [
        SheetPart("Why it was made", _motivation(facts)),
        SheetPart("What is in it", list(_composition(facts))),
        SheetPart("How it was collected", _collection(facts)),
        SheetPart("How it was prepared and labelled", list(_labelling(facts))),
        SheetPart("What it may be used for", _uses(facts)),
        SheetPart("How it is passed on", _distribution(facts)),
        SheetPart("How it is looked after", _maintenance(facts)),
    ]


def _motivation(facts: ReleaseFacts) -> list[SheetAnswer]:
    return [
        SheetAnswer("What is it for?", [PURPOSE[facts.kind]]),
        SheetAnswer(
            "Who made it?",
            [f"The members of the study “{facts.study}”, on their own installation.", *_named(facts)],
        ),
        SheetAnswer("Who paid for it?", [NOT_ON_RECORD]),
    ]


def _named(facts: ReleaseFacts) -> list[str]:
    return [f"Named at their own wish: {'; '.join(facts.credits)}."] if facts.credits else []


def _composition(facts: ReleaseFacts) -> Iterator[SheetAnswer]:
    yield SheetAnswer("What does one row stand for, and how many are there?", [summary_of(facts)])
    yield SheetAnswer(
        "Is it everything, or a choice?",
        [
            "It holds what was ready at the freeze. What was left out:" if facts.left_out else
            "It holds everything that was there at the freeze; nothing was left out."
        ],
        _counted("Reason", facts.left_out, facts.rows, with_share=False),
    )  # fmt: skip
    yield SheetAnswer(
        "Which parts of the body and which departments does it cover?",
        ["Rows by organ system:"] if any(facts.organ_systems) else ["No row names an organ system."],
        _counted("Organ system", facts.organ_systems, facts.rows) if any(facts.organ_systems) else None,
    )
    yield SheetAnswer(
        "Which kinds of image, and which specialties?",
        [] if facts.modalities else [NOT_ON_RECORD],
        _counted("Kind or specialty", facts.modalities | facts.specialties, facts.rows),
    )
    splits = ", ".join(f"{split} {number:,}" for split, number in facts.splits.items())
    yield SheetAnswer(
        "Are there recommended splits?",
        [
            f"Yes: {splits}. A patient or image stands in one split alone and for good; the three uses were"
            " drawn when it was imported."
        ],
    )
    yield SheetAnswer("What is wrong, missing or noisy in it?", limits_of(facts))
    yield SheetAnswer(
        "Does it hold anything confidential, or anything that names a person?",
        [
            "Images were rebuilt from their pixels, looked at by a second person and signed; headers did not"
            " survive. Texts, names of files and these pages were searched for identifiers before they left."
            " Readers appear under pseudonyms, days as weeks."
        ],
    )


def _collection(facts: ReleaseFacts) -> list[SheetAnswer]:
    rows = [
        (
            source.name,
            f"{facts.rows_by_source.get(source.name, 0):,}",
            source.licence,
            source.ethics_reference or "not on record",
            source.citation or "not on record",
        )
        for source in facts.sources
    ]
    return [
        SheetAnswer("Where does each part come from?", [ORIGIN[facts.kind]]),
        SheetAnswer(
            "From which sources, under which terms?",
            [],
            Listing(("Source", "Rows", "Licence", "Ethics reference", "Cite as"), rows),
        ),
        SheetAnswer("Over which time?", [_time(facts)]),
        SheetAnswer(
            "Were the people in the data asked?",
            [
                "What the sources say of consent and ethics review stands above. Readers consented to taking"
                " part and chose whether to be named."
            ],
        ),
    ]


def _time(facts: ReleaseFacts) -> str:
    if not facts.work.weeks:
        return f"Frozen in {facts.frozen}; when the images were taken is not on record."
    span = " to ".join(dict.fromkeys(facts.work.weeks))
    return f"It was read in {span} and frozen in {facts.frozen}; when the images were taken is not on record."


def _labelling(facts: ReleaseFacts) -> Iterator[SheetAnswer]:
    if not facts.readers:
        yield SheetAnswer("Who labelled it?", ["Nobody for this release: its answers come from the sources."])
        return
    readers = [
        (
            one.name, spoken(one.role) or "not given", spoken(one.specialty) or "not given", f"{one.votes:,}",
            f"{one.decisions:,}", f"{one.reviews:,}",
        )
        for one in facts.readers
    ]  # fmt: skip
    head = ("Reader", "Role", "Specialty", "Votes", "Adjudications", "Reviews")
    yield SheetAnswer("Who labelled it, and how much?", [], Listing(head, readers))
    yield SheetAnswer("Under which rules?", list(_rules(facts)))
    agreement = [
        (
            spoken(row.dimension), f"{row.cases:,}", figure_of(row.percent), figure_of(row.fleiss),
            figure_of(row.ac1), figure_of(row.alpha),
        )
        for row in facts.agreement
    ]  # fmt: skip
    kinds = ("What", "Read twice", "Percent agreement", "Fleiss kappa", "Gwet AC1", "Krippendorff alpha")
    yield SheetAnswer(
        "How well do they agree?",
        ["In brackets: 95 % intervals of a bootstrap over patients or images."]
        if agreement
        else ["Nothing was read by two people, so it is not known."],
        Listing(kinds, agreement) if agreement else None,
    )
    if facts.steps:
        yield SheetAnswer("What became of the steps that the model wrote?", [], _steps(facts))
    if facts.labels:
        yield SheetAnswer("How are the labels spread?", [], _labels(facts))
    yield SheetAnswer(
        "Is the raw material kept?",
        [
            "Every version of every vote, review and adjudication stands in the release, as do the texts of"
            " the guidelines. What readers wrote in their own words stays at the site that made it."
        ],
    )


def _rules(facts: ReleaseFacts) -> Iterator[str]:
    if facts.guideline_version:
        yield f"Version {facts.guideline_version} of the guidelines was in force at the freeze."
    protocol = facts.protocol
    if not protocol:
        yield "The protocol is not on record."
        return
    if protocol["locked"]:
        yield f"The settings were locked in {protocol['locked']}, before the first vote counted."
    for each in protocol["amendments"]:
        changes = ", ".join(f"{spoken(name)} {value}" for name, value in sorted(each["changes"].items()))
        yield f"Amended in {each['week']}: {changes}. {each['reason']}"
    if protocol["locked"] and not protocol["amendments"]:
        yield "Nothing was amended afterwards."


def _uses(facts: ReleaseFacts) -> list[SheetAnswer]:
    commercial = [source.name for source in facts.sources if source.commercial_use is False]
    return [
        SheetAnswer("What is it good for?", [PURPOSE[facts.kind]]),
        SheetAnswer(
            "What must it not be used for?",
            [
                "Diagnosis or treatment of anybody, and finding out who a patient or a reader is.",
                *([f"Commercial use is not permitted by: {', '.join(commercial)}."] if commercial else []),
            ],
        ),
        SheetAnswer("Has it been used already?", [NOT_ON_RECORD]),
    ]


def _distribution(facts: ReleaseFacts) -> list[SheetAnswer]:
    signed = [f"A {one['role']}, {one['created'][:7]}: {one['meaning']}" for one in facts.signatures]
    return [
        SheetAnswer("Who released it?", signed or ["Nobody has signed it."]),
        SheetAnswer(
            "How is it told from others?",
            [f"By its digest, which covers every row, every file and the protocol: {facts.digest}"],
        ),
        SheetAnswer("Under which terms?", ["Each source's licence holds for its rows; see above."]),
    ]


def _maintenance(facts: ReleaseFacts) -> list[SheetAnswer]:
    return [
        SheetAnswer(
            "Will it change?",
            [
                "No. A mistake is mended in a new release that derives from this one and says what it"
                " changed; this one may be withdrawn with a reason."
            ],
        ),
        SheetAnswer("What did it change itself?", list(_changes(facts))),
    ]


def _changes(facts: ReleaseFacts) -> Iterator[str]:
    if not facts.derived_from:
        yield "It derives from no other release."
        return
    yield f"It derives from the release with the digest {facts.derived_from}."
    if (found := facts.changes) is not None:
        labels = ", ".join(f"{spoken(name)} {number:,}" for name, number in found.labels.items())
        yield (
            f"Rows added: {found.added:,}; removed: {found.removed:,}; changed: {found.changed:,}."
            + (f" Labels that are others: {labels}." if labels else "")
        )


def _counted(title: str, counts: dict[str, int], whole: int, *, with_share: bool = True) -> Listing | None:
    rows = [
        (spoken(name) or "Not given", share_of(number, whole) if with_share else f"{number:,}")
        for name, number in counts.items()
    ]
    return Listing((title, "Rows"), rows) if rows else None


def _steps(facts: ReleaseFacts) -> Listing:
    rows = []
    for one in facts.steps:
        parts = (one.accepted, one.edited, one.rejected)
        rows.append((spoken(one.specialty) or "Not given", *(share_of(part, sum(parts)) for part in parts)))
    return Listing(("Specialty", "Accepted", "Edited", "Rejected"), rows)


def _labels(facts: ReleaseFacts) -> Listing:
    rows = [
        (
            spoken(one.dimension), share_of(one.a, one.a + one.b), share_of(one.b, one.a + one.b),
            f"{one.none:,}", f"{one.adjudicated:,}",
        )
        for one in facts.labels
    ]  # fmt: skip
    return Listing(("Dimension", "A is better", "B is better", "No label", "By an adjudicator"), rows)
