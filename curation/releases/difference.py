"""Compares two releases row by row: what came, what went, which labels are others; holds neither."""

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from django.db.models import Exists, F, OuterRef, QuerySet, Subquery

from consilium.refusals import Refused
from curation.cards.facts import LabelChange, ReleaseDifference
from curation.models import Release, ReleaseRow
from curation.releases.freeze import rows_of

BATCH: Final = 500
EXAMPLES: Final = 50


class NotComparable(Refused):
    """Two releases that hold different kinds of rows; the text is for people."""


def compare_releases(earlier: Release, later: Release) -> ReleaseDifference:
    """What `later` changed. Rows are the same when their ids are: those name the trace, case or question.

    Memory does not grow with the releases. Raises NotComparable for two kinds or two studies.
    """
    if (earlier.kind, earlier.study_id) != (later.kind, later.study_id):
        raise NotComparable("Two releases of one study and one kind can be compared row by row.")
    added, removed = _only_in(later, earlier), _only_in(earlier, later)
    fields, labels, changed_ids, changed = Counter[str](), Counter[str](), list[str](), 0
    label_changes: list[LabelChange] = []
    for row_id, before, after in _changed(earlier, later):
        changed += 1
        if len(changed_ids) < EXAMPLES:
            changed_ids.append(row_id)
        fields.update(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
        found = _label_changes(row_id, before.get("label") or {}, after.get("label") or {})
        labels.update(change.dimension for change in found)
        label_changes += found[: EXAMPLES - len(label_changes)]
    return ReleaseDifference(
        earlier=earlier.digest,
        later=later.digest,
        added=added.count(),
        removed=removed.count(),
        changed=changed,
        fields=dict(sorted(fields.items())),
        labels=dict(sorted(labels.items())),
        added_ids=_first(added),
        removed_ids=_first(removed),
        changed_ids=changed_ids,
        label_changes=label_changes,
    )


def _label_changes(row_id: str, old: dict[str, str | None], new: dict[str, str | None]) -> list[LabelChange]:
    return [
        LabelChange(row_id, name, old.get(name) or "", new.get(name) or "")
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    ]


def _only_in(release: Release, other: Release) -> "QuerySet[ReleaseRow]":
    same = ReleaseRow.objects.filter(release=other, row_id=OuterRef("row_id"))
    return rows_of(release).filter(~Exists(same))


def _first(rows: "QuerySet[ReleaseRow]") -> list[str]:
    return list(rows.values_list("row_id", flat=True)[:EXAMPLES])


def _changed(earlier: Release, later: Release) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Id, content before and content after of the rows whose hashes differ, a batch at a time."""
    before = ReleaseRow.objects.filter(release=earlier, row_id=OuterRef("row_id")).values("sha256")
    others = rows_of(later).annotate(old=Subquery(before)).filter(old__isnull=False).exclude(old=F("sha256"))
    waiting = others.values_list("row_id", "content").iterator(BATCH)
    while batch := list(islice(waiting, BATCH)):
        ids = [row_id for row_id, _ in batch]
        old = dict(rows_of(earlier).filter(row_id__in=ids).values_list("row_id", "content"))
        for row_id, content in batch:
            yield row_id, old[row_id], content
