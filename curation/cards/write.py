"""Writes the cards of an export beside its finished files: README.md, figures, licences, Croissant."""

import json
from pathlib import Path
from typing import Any, Final

from consilium.statistics.undefined import Undefined
from curation.cards.count import count_release
from curation.cards.croissant import FILE, croissant_of
from curation.cards.dataset_card import LICENCES, card_metadata, dataset_card, licence_file
from curation.cards.facts import ReleaseDifference, ReleaseFacts
from curation.cards.figures import bars_svg, intervals_svg
from curation.cards.markdown import spoken
from curation.cards.written_tables import tables_in
from curation.layouts.reader import ReleaseReader
from curation.layouts.registry import Layout, Written
from curation.models import Release, Source
from curation.releases.difference import NotComparable, compare_releases
from curation.releases.let_through import let_through_lines
from curation.releases.readers import credits_in_export
from curation.releases.sign import signatures_in_export

CARD: Final = "README.md"
WITH_CROISSANT: Final = frozenset({"hub", "jsonl", "medrewardbench"})


def write_cards(
    reader: ReleaseReader, folder: Path, layout: Layout, written: Written, more: list[str]
) -> None:
    """Write everything that explains the files of a layout. `more`: Markdown lines on further files."""
    facts = release_facts(reader)
    tables = tables_in(folder, written.configs)
    figures = write_figures(facts, folder)
    lines = [f"- {line}." for line in [*written.files.values(), *more]]
    if layout.name in WITH_CROISSANT and tables:
        text = json.dumps(croissant_of(facts, tables), indent=1, ensure_ascii=False) + "\n"
        (folder / FILE).write_text(text, encoding="utf-8")
        lines.append(f"- `{FILE}`: Croissant metadata of the tables.")
    if card_metadata(facts, ())["license"] == "other":
        (folder / LICENCES).write_text(licence_file(facts), encoding="utf-8")
        lines.append(f"- `{LICENCES}`: the licence of each source.")
    card = dataset_card(
        facts,
        tables,
        layout=f"{layout.label}, {layout.meaning}",
        files=lines,
        left_out=written.left_out,
        figures=figures,
        let_through=let_through_lines(reader.release),
    )
    (folder / CARD).write_text(card, encoding="utf-8")


def release_facts(reader: ReleaseReader) -> ReleaseFacts:
    """Everything the cards of a release say. Raises BlobDamaged."""
    release = reader.release
    return count_release(
        reader,
        name=release.name,
        digest=release.digest,
        sources=sources_in(reader),
        signatures=signatures_in_export(release),
        credited=credits_in_export(release),
        changes=_changes(release),
    )


def sources_in(reader: ReleaseReader) -> list[dict[str, Any]]:
    """The sources as they were frozen, by name; those of a release of the first format as they are today."""
    if "sources" in reader.tables:
        return sorted(reader.rows("sources"), key=lambda row: str(row["name"]))
    names = {row.get("source", "") for row in reader.rows()}
    wanted = ("name", "licence", "citation", "ethics_reference", "is_synthetic", "commercial_use")
    found = Source.objects.filter(study=reader.release.study, name__in=names).order_by("name")
    return list(found.values(*wanted))


def write_figures(facts: ReleaseFacts, folder: Path) -> dict[str, str]:
    """Draw what there is to draw; path to what the figure shows, for those who cannot see it."""
    drawn: dict[str, tuple[str, str]] = {}
    organs = {name: number for name, number in facts.organ_systems.items() if name}
    if organs:
        rows = [(_label(name), [number]) for name, number in organs.items()]
        drawn["organ_systems"] = "Rows by organ system", bars_svg("Rows by organ system", ["rows"], rows)
    if facts.labels:
        title, parts = "Which answer is better, by dimension", ["A", "B", "no label"]
        shares = [(_label(one.dimension), [one.a, one.b, one.none]) for one in facts.labels]
        drawn["labels"] = title, bars_svg(title, parts, shares)
    if facts.steps:
        title, parts = "Reviewed steps, by specialty", ["accepted", "edited", "rejected"]
        steps = [(_label(one.specialty), [one.accepted, one.edited, one.rejected]) for one in facts.steps]
        drawn["steps"] = title, bars_svg(title, parts, steps)
    if estimates := _estimates(facts):
        title, scale = "Agreement of the readers", "Gwet AC1, 1 is full agreement"
        told = f"{title}: Gwet AC1 with 95 % intervals"
        drawn["agreement"] = told, intervals_svg(title, scale, estimates)
    if drawn:
        (folder / "figures").mkdir()
    for name, (_, svg) in drawn.items():
        (folder / "figures" / f"{name}.svg").write_text(svg, encoding="utf-8")
    return {f"figures/{name}.svg": shows for name, (shows, _) in drawn.items()}


def _estimates(facts: ReleaseFacts) -> list[tuple[str, float, tuple[float, float] | None]]:
    found = []
    for row in facts.agreement:
        value, ends = row.ac1.value, row.ac1.interval
        if not isinstance(value, Undefined):
            interval = None if isinstance(ends, Undefined) else (ends.low, ends.high)
            found.append((_label(row.dimension), value, interval))
    return found


def _label(name: str) -> str:
    return spoken(name) or "Not given"


def _changes(release: Release) -> ReleaseDifference | None:
    if release.derived_from is None:
        return None
    try:
        return compare_releases(release.derived_from, release)
    except NotComparable:
        return None
