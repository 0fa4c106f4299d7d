"""What a dataset card, a datasheet and Croissant metadata say of a release, as plain data. Pure."""

from dataclasses import dataclass
from typing import Any

from consilium.statistics.agreement import AgreementRow


@dataclass(frozen=True, slots=True)
class LabelChange:
    """One label of a case that both releases hold: A, B, or empty where there was none."""

    row_id: str
    dimension: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ReleaseDifference:
    """What became of a release's rows in a later one; `fields`: by field, in how many common rows it differs.

    `labels`: by dimension, in how many common cases the label is another one. Ids and label changes are the
    first few.
    """

    earlier: str
    later: str
    added: int
    removed: int
    changed: int
    fields: dict[str, int]
    labels: dict[str, int]
    added_ids: list[str]
    removed_ids: list[str]
    changed_ids: list[str]
    label_changes: list[LabelChange]

    @property
    def is_empty(self) -> bool:
        """Whether both hold the same rows."""
        return not (self.added or self.removed or self.changed)


@dataclass(frozen=True, slots=True)
class ReaderFacts:
    """One reader under their pseudonym, and how much of the release is theirs (newest versions)."""

    name: str
    role: str
    specialty: str
    votes: int
    decisions: int
    reviews: int


@dataclass(frozen=True, slots=True)
class LabelFacts:
    """One dimension: how many cases are labelled A, B or not, and how many by an adjudicator."""

    dimension: str
    a: int
    b: int
    none: int
    adjudicated: int


@dataclass(frozen=True, slots=True)
class StepFacts:
    """The steps of the traces of one specialty, as reviewed."""

    specialty: str
    accepted: int
    edited: int
    rejected: int


@dataclass(frozen=True, slots=True)
class WorkFacts:
    """The votes or reviews behind the rows: newest versions, those replaced, surplus, and when and how.

    `seconds`: median of the seconds spent on one, None where none is known. `weeks`: first and last.
    `elsewhere`: by the program in which they were given, those that were not given here.
    """

    newest: int
    replaced: int
    surplus: int
    shown_first_a: int
    harm: int
    cannot_judge: int
    seconds: int | None
    weeks: list[str]
    guidelines: dict[str, int]
    elsewhere: dict[str, int]


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """One source as it was frozen."""

    name: str
    licence: str
    citation: str
    ethics_reference: str
    is_synthetic: bool
    commercial_use: bool | None


@dataclass(frozen=True, slots=True)
class ReleaseFacts:
    """All of it. `places`: organ system, department and number of rows; `models`: name, family, texts."""

    name: str
    kind: str
    study: str
    digest: str
    frozen: str
    rows: int
    tables: dict[str, int]
    images: int
    image_bytes: int
    clusters: int
    has_options: int
    languages: list[str]
    splits: dict[str, int]
    places: list[tuple[str, str, int]]
    modalities: dict[str, int]
    specialties: dict[str, int]
    rows_by_source: dict[str, int]
    left_out: dict[str, int]
    labels: list[LabelFacts]
    models: list[tuple[str, str, int]]
    paradigms: dict[str, int]
    steps: list[StepFacts]
    readers: list[ReaderFacts]
    credits: list[str]
    work: WorkFacts
    agreement: list[AgreementRow]
    twice_read: int
    protocol: Any
    guidelines: list[tuple[int, str]]
    guideline_version: int | None
    sources: list[SourceFacts]
    signatures: list[dict[str, str]]
    derived_from: str
    changes: ReleaseDifference | None

    @property
    def organ_systems(self) -> dict[str, int]:
        """Rows by organ system."""
        return _summed((organ, number) for organ, _, number in self.places)

    @property
    def departments(self) -> dict[str, int]:
        """Rows by department."""
        return _summed((department, number) for _, department, number in self.places)

    @property
    def is_synthetic(self) -> bool:
        """Whether everything was made by programs."""
        return bool(self.sources) and all(source.is_synthetic for source in self.sources)


def _summed(pairs: Any) -> dict[str, int]:
    found: dict[str, int] = {}
    for name, number in pairs:
        found[name] = found.get(name, 0) + number
    return dict(sorted(found.items()))
