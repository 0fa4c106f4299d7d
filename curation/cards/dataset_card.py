"""The dataset card: the README.md of an export, with the Hub's YAML at its head. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from curation.cards.facts import ReleaseFacts, SourceFacts
from curation.cards.front_matter import front_matter
from curation.cards.licences import licence_of_all, licence_slug
from curation.cards.limits import limits_of
from curation.cards.markdown import as_percent, as_text, figure_of, share_of, table, word_of
from curation.cards.summary import UNIT, summary_of, unit_of
from curation.cards.written_tables import WrittenTable

LICENCES: Final = "LICENSE.md"
SIZES: Final = (
    (1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"), (100_000_000, "10M<n<100M"),
)  # fmt: skip
TAGS: Final = {
    "preferences": ["medical", "preference", "llm-as-a-judge", "reward-model"],
    "traces": ["medical", "reasoning", "chain-of-thought", "process-supervision"],
    "questions": ["medical", "benchmark"],
}
SETTINGS: Final = {
    "preferences": ("votes_per_case", "quiet_hours", "senior_on_any_split", "answer_tokens_max"),
    "traces": (
        "reviews_per_trace", "trace_tokens_min", "trace_tokens_max", "trace_samples", "teacher_sees_gold",
        "review_shows_gold",
    ),
    "questions": (),
}  # fmt: skip
SPLITS: Final = ("split_train", "split_dev")


def card_metadata(facts: ReleaseFacts, tables: Sequence[WrittenTable]) -> dict[str, Any]:
    """The values of the YAML, in its order."""
    licences = [source.licence for source in facts.sources]
    licence = licence_of_all(licences)
    other = {"license_name": licence_slug(licences), "license_link": LICENCES} if not licence else {}
    return {
        "pretty_name": facts.name,
        "license": licence or "other",
        **other,
        "language": facts.languages,
        "task_categories": _tasks(facts),
        "size_categories": [next((name for most, name in SIZES if facts.rows < most), "n>1T")],
        "tags": TAGS[facts.kind] + (["synthetic"] if facts.is_synthetic else []),
        "annotations_creators": {
            "preferences": ["expert-generated"],
            "traces": ["machine-generated", "expert-generated"],
            "questions": ["found"],
        }[facts.kind],
        "source_datasets": sorted({_origin(source) for source in facts.sources}),
        "configs": [_config(each) for each in tables],
        "dataset_info": [each.info() for each in tables],
    }


def dataset_card(
    facts: ReleaseFacts,
    tables: Sequence[WrittenTable],
    *,
    layout: str,
    files: Sequence[str],
    left_out: Mapping[str, int],
    figures: Mapping[str, str],
    let_through: Sequence[str] = (),
) -> str:
    """The whole file. `layout`: its name and meaning; `files`: Markdown; `figures`: path to what it shows.

    `let_through`: what leads say of places that the gate had refused.
    """
    lines = [
        *front_matter(card_metadata(facts, tables)),
        "",
        f"# {as_text(facts.name)}",
        "",
        as_text(summary_of(facts)),
        "",
        *_at_a_glance(facts),
        *_section("Files and how to load them", [f"Layout: {layout}.", "", *_loading(tables), *files]),
        *_section("Who read, and how much", _readers(facts)),
        *_section("Protocol", _protocol(facts)),
        *_section("How well they agreed", _agreement(facts, figures)),
        *_section("What is in it", _balance(facts, figures)),
        *_section("Known limits", [f"- {as_text(limit)}" for limit in limits_of(facts)]),
        *_section("What was left out, and why", _left_out(facts, left_out)),
        *_section("Changes since the release it derives from", _changes(facts)),
        *_section("Sources and licences", source_lines(facts)),
        *_section("Signatures", _signatures(facts)),
        *(_section("Let through", [f"- {as_text(line)}." for line in let_through]) if let_through else []),
    ]
    return "\n".join(lines).rstrip("\n") + "\n"


def licence_file(facts: ReleaseFacts) -> str:
    """What the Hub links to where it has no identifier for the licence."""
    head = ["# Licences", "", "Each row names its source; these hold for the rows of each source.", ""]
    return "\n".join([*head, *source_lines(facts)]).rstrip("\n") + "\n"


def source_lines(facts: ReleaseFacts) -> list[str]:
    """Licence, ethics reference and citation of each source."""
    return [_source(source, facts.rows_by_source.get(source.name, 0)) for source in facts.sources] or [
        "None."
    ]


def _section(title: str, lines: Sequence[str]) -> list[str]:
    ended = list(lines)
    while ended and not ended[-1]:
        ended.pop()
    return [f"## {title}", "", *ended, ""]


def _tasks(facts: ReleaseFacts) -> list[str]:
    if not facts.images:
        return ["question-answering", "text-generation"]
    return ["visual-question-answering"] + (["image-text-to-text"] if facts.kind != "questions" else [])


def _origin(source: SourceFacts) -> str:
    """As the Hub's vocabulary has it: a source with a citation was published elsewhere."""
    return f"extended|other-{licence_slug([source.name])}" if source.citation else "original"


def _config(each: WrittenTable) -> dict[str, Any]:
    paths = [{"split": one.split, "path": one.pattern} for one in each.splits]
    return {"config_name": each.name, "data_files": paths}


def _at_a_glance(facts: ReleaseFacts) -> list[str]:
    rows = [
        (
            "Rows",
            f"{unit_of(facts, facts.rows)}: " + ", ".join(f"{n:,} {s}" for s, n in facts.splits.items()),
        ),
        ("Images", f"{facts.images:,}"),
        ("Patients or images that are independent", f"{facts.clusters:,}"),
        ("Frozen", facts.frozen),
        ("Languages", ", ".join(facts.languages) or "not told by the texts"),
        ("Digest", f"`{facts.digest}`"),
    ]
    after = "The digest is the SHA-256 of the manifest without name, time and program version: it names this"
    return [*table(("At a glance", ""), rows), f"{after} content, wherever it lies.", ""]


def _loading(tables: Sequence[WrittenTable]) -> list[str]:
    if not tables:
        return []
    code = [
        f'{_variable(each.name)} = load_dataset(path, "{each.name}", split="{each.splits[0].split}")'
        for each in tables
    ]
    rows = [
        (f"`{each.name}`", f"`{one.split}`", f"{one.rows:,}", f"`{one.pattern}`")
        for each in tables
        for one in each.splits
    ]
    head = ["```python", "from datasets import load_dataset", "", 'path = "."  # this folder, or OWNER/NAME']
    return [*head, *code, "```", "", *table(("Table", "Split", "Rows", "Files"), rows)]


def _variable(name: str) -> str:
    return name.replace("-", "_").replace(".", "_")


def _readers(facts: ReleaseFacts) -> list[str]:
    if not facts.readers:
        return ["Nobody read for this release: its answers come from the sources."]
    work = facts.work
    lines = [
        "Readers appear under pseudonyms, which stay the same over the releases of one study.",
        "",
        *table(
            ("Reader", "Role", "Specialty", "Votes", "Adjudications", "Reviews"),
            (
                (
                    f"`{one.name}`", word_of(one.role), word_of(one.specialty), f"{one.votes:,}",
                    f"{one.decisions:,}", f"{one.reviews:,}",
                )
                for one in facts.readers
            ),
        ),
    ]  # fmt: skip
    if work.newest:
        what = "Votes" if facts.kind == "preferences" else "Reviews"
        weeks = f", given in {' to '.join(dict.fromkeys(work.weeks))}" if work.weeks else ""
        pace = f" Half of them took at most {work.seconds} seconds of work." if work.seconds else ""
        lines += [
            f"{what}: {work.newest:,}{weeks}; {work.replaced:,} earlier versions were replaced by their"
            f" readers, and {work.surplus:,} came after their time and count for agreement alone.{pace}",
            "",
        ]
    if work.elsewhere:
        places = ", ".join(f"{number:,} in {as_text(place)}" for place, number in work.elsewhere.items())
        lines += [f"Given in other programs and taken in from there: {places}.", ""]
    if facts.credits:
        lines += ["Named at their own wish, in the order of the alphabet:", ""]
        lines += [f"- {as_text(name)}" for name in facts.credits]
    return lines


def _protocol(facts: ReleaseFacts) -> list[str]:
    protocol = facts.protocol
    if not protocol:
        return ["This release was frozen by a version that did not keep the protocol."]
    held = protocol["settings"]
    named = (*SETTINGS[facts.kind], *SPLITS)
    locked = (
        f"The settings were locked in {protocol['locked']}, before the first vote counted (SHA-256"
        f" `{protocol['sha256']}`)."
        if protocol["locked"]
        else "The settings were not locked at the freeze."
    )
    lines = [
        locked,
        "",
        *table(("Setting", "Value"), ((word_of(name), _value(held[name])) for name in named)),
    ]
    if facts.guideline_version:
        by = ", ".join(f"version {name} for {number:,}" for name, number in facts.work.guidelines.items())
        lines += [
            f"Guidelines: version {facts.guideline_version} was in force at the freeze"
            + (f"; followed were {by}" if by else "")
            + ". The texts of all versions are in the table `guidelines`.",
            "",
        ]
    amendments = protocol["amendments"]
    if not amendments:
        return [*lines, "Nothing was amended after the lock." if protocol["locked"] else ""]
    lines += ["Amended after the lock:", ""]
    for each in amendments:
        changes = ", ".join(f"{word_of(name)} {_value(to)}" for name, to in sorted(each["changes"].items()))
        lines.append(f"- {each['week']}: {changes}. {as_text(each['reason'])}")
    return lines


def _agreement(facts: ReleaseFacts, figures: Mapping[str, str]) -> list[str]:
    lines = []
    if facts.steps:
        lines += ["What became of the steps that the model wrote:", "", *_steps(facts, figures)]
    if not facts.agreement:
        why = "No trace was reviewed by two people" if facts.kind == "traces" else "Nothing was read twice"
        return [*lines, f"{why}, so there is no agreement to report."]
    unit = UNIT[facts.kind]
    lines += [
        f"Over the newest version of every reader's work, {facts.twice_read:,} {unit}s with two or more"
        " readers. In brackets: 95 % intervals of a bootstrap over patients or images (2,000 draws, seeded).",
        "",
        *table(
            (
                "What", "Read twice", "Percent agreement", "Unanimity", "Fleiss kappa", "Gwet AC1",
                "Krippendorff alpha", "Not unanimous",
            ),
            (
                (
                    word_of(row.dimension), f"{row.cases:,}", figure_of(row.percent),
                    figure_of(row.unanimity), figure_of(row.fleiss), figure_of(row.ac1),
                    figure_of(row.alpha), _share(row.split_share),
                )
                for row in facts.agreement
            ),
        ),
        *_figure("figures/agreement.svg", figures),
    ]  # fmt: skip
    if facts.labels:
        lines += [
            "The share of votes that were not unanimous (two to one, as a rule) caps what a perfect judge can"
            " score against these labels.",
        ]
    return lines


def _steps(facts: ReleaseFacts, figures: Mapping[str, str]) -> list[str]:
    rows = []
    for one in facts.steps:
        whole = one.accepted + one.edited + one.rejected
        parts = (share_of(part, whole) for part in (one.accepted, one.edited, one.rejected))
        rows.append((word_of(one.specialty), f"{whole:,}", *parts))
    head = ("Specialty", "Steps", "Accepted", "Edited", "Rejected")
    return [*table(head, rows), *_figure("figures/steps.svg", figures)]


def _balance(facts: ReleaseFacts, figures: Mapping[str, str]) -> list[str]:
    lines = _places(facts)
    lines += _figure("figures/organ_systems.svg", figures)
    told = {"Modality": facts.modalities, "Specialty": facts.specialties, "Paradigm": facts.paradigms}
    for title, counts in told.items():
        if counts:
            named = ((word_of(name), share_of(number, facts.rows)) for name, number in counts.items())
            lines += table((title, UNIT[facts.kind].capitalize() + "s"), named)
    if facts.models:
        lines += table(
            ("Model" if facts.kind == "preferences" else "Teacher", "Family", "Texts"),
            ((as_text(name) or "not named", as_text(family), f"{n:,}") for name, family, n in facts.models),
        )
    if facts.labels:
        lines += [
            "Labels by dimension. Which answer is A was drawn by the server, half of the time each.",
            "",
        ]
        lines += table(
            ("Dimension", "A is better", "B is better", "No label", "By an adjudicator"),
            (
                (
                    word_of(one.dimension), share_of(one.a, one.a + one.b), share_of(one.b, one.a + one.b),
                    f"{one.none:,}", f"{one.adjudicated:,}",
                )
                for one in facts.labels
            ),
        )  # fmt: skip
        lines += _figure("figures/labels.svg", figures)
    return lines


def _places(facts: ReleaseFacts) -> list[str]:
    """Organ systems by departments, where anything is known of either."""
    if not any(organ or department for organ, department, _ in facts.places):
        return ["No row names an organ system or a department.", ""]
    departments = list(facts.departments)
    counts = {(organ, department): number for organ, department, number in facts.places}
    rows = [
        (word_of(organ), *(f"{counts.get((organ, one), 0):,}" for one in departments), f"{total:,}")
        for organ, total in facts.organ_systems.items()
    ]
    return table(("Organ system", *(word_of(one) for one in departments), "All"), rows)


def _left_out(facts: ReleaseFacts, left_out: Mapping[str, int]) -> list[str]:
    lines = [f"- {as_text(reason)}: {number:,}" for reason, number in facts.left_out.items()]
    lines += [f"- in this layout, {as_text(why)}: {number:,}" for why, number in sorted(left_out.items())]
    return lines or ["Nothing was left out."]


def _changes(facts: ReleaseFacts) -> list[str]:
    if not facts.derived_from:
        return ["It derives from no other release."]
    lines = [f"It derives from the release with the digest `{facts.derived_from}`."]
    found = facts.changes
    if found is None:
        return [*lines, "", "That one cannot be compared row by row with this one."]
    if found.is_empty:
        return [*lines, "", "Both hold the same rows."]
    lines += [
        "",
        f"- added: {found.added:,}",
        f"- removed: {found.removed:,}",
        f"- changed: {found.changed:,}",
    ]
    fields = ", ".join(f"{_code(name)} in {number:,}" for name, number in found.fields.items())
    labels = ", ".join(f"{word_of(name)} in {number:,}" for name, number in found.labels.items())
    lines += [f"- fields that differ: {fields}"] if fields else []
    return lines + ([f"- labels that differ: {labels}"] if labels else [])


def _source(source: SourceFacts, rows: int) -> str:
    parts = [f"**{as_text(source.name)}**", f"{rows:,} rows", f"licence {as_text(source.licence)}"]
    if source.commercial_use is not None:
        parts.append("commercial use permitted" if source.commercial_use else "no commercial use")
    parts += [f"ethics reference {as_text(source.ethics_reference)}"] if source.ethics_reference else []
    parts += ["synthetic"] if source.is_synthetic else []
    parts += [f"cite as: {as_text(source.citation)}"] if source.citation else []
    return "- " + "; ".join(parts)


def _signatures(facts: ReleaseFacts) -> list[str]:
    # The month, as everywhere on the card; day and pseudonym stand in the manifest.
    return [
        f"- A {as_text(one['role'])}, {one['created'][:7]}: {as_text(one['meaning'])}"
        for one in facts.signatures
    ] or ["Not signed."]


def _figure(path: str, figures: Mapping[str, str]) -> list[str]:
    return [f"![{as_text(figures[path])}]({path})", ""] if path in figures else []


def _share(value: Any) -> str:
    return as_percent(value) if isinstance(value, float) else "\N{EN DASH}"


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return as_text(value)


def _code(name: str) -> str:
    return f"`{name}`" if name.isidentifier() else as_text(name)
