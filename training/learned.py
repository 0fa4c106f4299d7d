"""What a model learned from, and what came of a vote: from weights to frozen rows and readers, and back.

Everything is read from releases, where readers stand under pseudonyms; live tables are not asked.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from django.db.models import Q, QuerySet

from consilium.people.models import Study
from curation.models import Release, ReleaseRow, ReleaseSideRow
from training.models import ProducedModel, Run, Stage
from training.preconditions import rows_for_training

# Table beside the rows: which field of it names the row, and which one the reader.
JUDGED: Final = {
    "reviews": ("trace_id", "reader"),
    "votes": ("case_id", "reader"),
    "adjudications": ("case_id", "senior"),
}
LONGEST: Final = 120


@dataclass(frozen=True, slots=True, order=True)
class ReadPart:
    """A release by its digest, and which of its rows a run trained on; empty: all of them.

    `specialty`: those of that specialty. `cases`: those, where others were held out.
    """

    digest: str
    specialty: str = ""
    cases: tuple[str, ...] = ()

    def rows(self, release: Release) -> "QuerySet[ReleaseRow]":
        """The rows of that release which were read."""
        rows = rows_for_training(release)
        if self.cases:
            rows = rows.filter(row_id__in=self.cases)
        return rows.filter(content__specialty=self.specialty) if self.specialty else rows


@dataclass(frozen=True, slots=True)
class LearnedPart:
    """One part as the page shows it; `release` is None where this site does not hold it."""

    part: ReadPart
    release: Release | None
    rows: int = 0
    readers: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Judgement:
    """One frozen vote, review or adjudication."""

    row_id: str
    reader: str
    decision: str


@dataclass(frozen=True, slots=True)
class LearnedModel:
    """A model that learned from what was asked for, and from which rows of which release."""

    produced: ProducedModel
    release: Release
    rows: int


def parts_read(run: Run) -> list[ReadPart]:
    """Everything that a run's weights were trained on: by itself, by its inputs, and by its base model."""
    found = set(_parts(run, set()))
    whole = {part.digest for part in found if not (part.specialty or part.cases)}
    return sorted(part for part in found if part.digest not in whole or not (part.specialty or part.cases))


def learned_parts(run: Run) -> list[LearnedPart]:
    """The parts with their rows, and how many judgements of each reader stand behind these."""
    parts = parts_read(run)
    releases = {one.digest: one for one in _releases(run.study).filter(digest__in=[p.digest for p in parts])}
    return [_learned(part, releases.get(part.digest)) for part in parts]


def judgements_of(release: Release, row_ids: list[str]) -> dict[str, list[Judgement]]:
    """Row id to the newest version of each judgement behind it, in the order in which they were frozen."""
    found: dict[str, list[Judgement]] = defaultdict(list)
    for table, (names_row, names_reader) in JUDGED.items():
        behind = ReleaseSideRow.objects.filter(release=release, table=table)
        for row in behind.filter(**{f"content__{names_row}__in": row_ids}).order_by("position"):
            if row.content.get("is_newest", True):
                decision = row.content.get("decision") or table.removesuffix("s")
                found[row.content[names_row]].append(
                    Judgement(row.row_id, row.content[names_reader], str(decision))
                )
    return found


def learners(study: Study, asked: str) -> list[LearnedModel]:
    """The models of a study that learned from a judgement, from a row, or from whatever a pseudonym judged.

    `asked`: "vote-12", "review-7", "adjudication-3", "trace-4", "case-9", or a pseudonym.
    """
    name = asked.strip()[:LONGEST]
    produced = list(_models(study)) if name else []
    parts = {one.pk: parts_read(one.run) for one in produced} if name else {}
    found = []
    for release in _releases(study).exclude(digest="").order_by("pk") if name else []:
        rows = _rows_behind(release, name)
        for model in produced if rows is not None else []:
            for part in parts[model.pk]:
                if part.digest == release.digest and rows is not None:
                    count = part.rows(release).filter(row_id__in=rows).count()
                    found += [LearnedModel(model, release, count)] if count else []
    return found


def _parts(run: Run, seen: set[int]) -> Iterator[ReadPart]:
    if run.pk in seen:
        return
    seen.add(run.pk)
    if run.release_digest and run.stage != Stage.MERGE:  # a merge is chosen on its release, not trained
        yield ReadPart(run.release_digest, run.specialty, _cases(run))
    for source in run.inputs.all():
        yield from _parts(source, seen)
    earlier = ProducedModel.objects.filter(endpoint=run.base_id).select_related("run").first()
    if earlier is not None:
        yield from _parts(earlier.run, seen)
        return
    for digest in run.base.provenance.get("releases", []):
        yield ReadPart(str(digest))


def _cases(run: Run) -> tuple[str, ...]:
    """The rows that a run names as trained on; none where it trained on all that it read."""
    produced = ProducedModel.objects.filter(run=run).first()
    told = produced.card.get("inputs", {}).get("trained_on", {}) if produced else {}
    return tuple(told.get("cases", ()))


def _learned(part: ReadPart, release: Release | None) -> LearnedPart:
    if release is None:
        return LearnedPart(part, None)
    ids = set(part.rows(release).values_list("row_id", flat=True))
    readers = Counter[str]()
    for table, (names_row, names_reader) in JUDGED.items():
        behind = ReleaseSideRow.objects.filter(release=release, table=table)
        newest = behind.exclude(content__is_newest=False).values_list(
            f"content__{names_row}", f"content__{names_reader}"
        )
        readers.update(reader for row, reader in newest.iterator() if row in ids)
    return LearnedPart(part, release, len(ids), dict(sorted(readers.items())))


def _rows_behind(release: Release, name: str) -> list[str] | None:
    """The rows of a release that the name stands for; None where it stands for none."""
    if ReleaseRow.objects.filter(release=release, row_id=name).exists():
        return [name]
    found: list[str] = []
    for table, (names_row, names_reader) in JUDGED.items():
        behind = ReleaseSideRow.objects.filter(release=release, table=table)
        named = behind.filter(Q(row_id=name) | Q(**{f"content__{names_reader}": name}))
        found += [str(row) for row in named.values_list(f"content__{names_row}", flat=True)]
    return sorted(set(found)) or None


def _releases(study: Study) -> "QuerySet[Release]":
    return Release.objects.filter(study=study)


def _models(study: Study) -> "QuerySet[ProducedModel]":
    related = ("run__study", "run__base", "endpoint")
    return ProducedModel.objects.filter(run__study=study).select_related(*related).order_by("pk")
