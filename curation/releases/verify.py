"""Recomputes every hash of a release: rows, files, manifest and digest."""

import hashlib
import json
from collections import deque
from collections.abc import Callable, Iterator
from itertools import zip_longest
from typing import Any, Final

from django.db.models import QuerySet

from consilium.audit.record import chain_of
from consilium.audit.verify import holds_event
from consilium.blobs.store import BlobDamaged, is_intact, open_blob, read_blob
from consilium.canonical_json import canonical_sha256
from curation.models import Release, ReleaseFile, ReleaseSideRow
from curation.releases.freeze import rows_of, side_rows_of, texts_of
from curation.releases.manifest import FILES, FIRST_FORMAT, ManifestLine, digest_of, lines_of, tables_of
from curation.releases.withdrawn_images import withdrawn_images

CHUNK: Final = 1 << 20
EVERY: Final = 500
MOST: Final = 1000  # findings of one kind that are told; one is enough to distrust a release


def verify(release: Release, tell: Callable[[int], None] = lambda _: None) -> list[str]:
    """Everything about the release that no longer agrees with its hashes; empty when all is well.

    `tell` hears now and then how many rows are checked, and may raise to stop.
    """
    if release.manifest_id is None:
        return ["The release has no manifest: it was never frozen."]
    try:
        manifest = json.loads(read_blob(release.manifest_id))
        if manifest["format"] != FIRST_FORMAT and not is_intact(manifest["lines"]):
            return ["Manifest: the file of its lines is missing or was changed."]
        problems, lines = _against_row(release, manifest), _Lines(manifest)
        for table in tables_of(manifest):
            problems += _rows(release, manifest, table, lines.of(table), tell)
        problems += _unknown_tables(release, manifest)
        problems += _files(release, lines.of(FILES))
        return problems + [f"Manifest: a line of {line.table} stands out of order." for line in lines.rest()]
    except (BlobDamaged, KeyError, ValueError) as damage:
        return [f"Manifest: {damage}"]


def _against_row(release: Release, manifest: dict[str, Any]) -> list[str]:
    problems = []
    if digest_of(manifest) != release.digest:
        problems.append("The manifest does not give the digest that names the release.")
    origin = release.came_from
    study = origin.study if origin else release.study.slug
    stored = {"kind": release.kind, "study": study, "left_out": release.left_out}
    problems += [
        f"The release's {name} is not the manifest's." for name in stored if manifest[name] != stored[name]
    ]
    if tables_of(manifest)[manifest["kind"]] != release.row_count:
        problems.append("The number of rows is not the manifest's.")
    if origin is None and not _stands_in_record(release, manifest.get("record")):
        event = manifest["record"]["event"]
        problems.append(f"The study's record does not hold event {event} as the manifest names it.")
    return problems


def _stands_in_record(release: Release, end: dict[str, Any] | None) -> bool:
    """Whether the chain still holds where it stood at the freeze; older manifests do not say."""
    if not end or not end["event"]:
        return True
    return holds_event(chain_of(release.study), end["event"], end["sha256"])


def _stored(release: Release, manifest: dict[str, Any], table: str) -> "QuerySet[Any]":
    return rows_of(release) if table == manifest["kind"] else side_rows_of(release, table)


class _Lines:
    """The manifest's lines, read once: table by table in the manifest's order, then those of the files."""

    def __init__(self, manifest: dict[str, Any]) -> None:
        self._lines = lines_of(manifest)
        self._next = next(self._lines, None)

    def of(self, table: str) -> Iterator[ManifestLine]:
        """The lines of a table, which come next."""
        while self._next is not None and self._next.table == table:
            line, self._next = self._next, next(self._lines, None)
            yield line

    def rest(self) -> Iterator[ManifestLine]:
        """The first line that was left: lines stand in another order than they should."""
        if self._next is not None:
            yield self._next


def _rows(
    release: Release,
    manifest: dict[str, Any],
    table: str,
    lines: Iterator[ManifestLine],
    tell: Callable[[int], None],
) -> list[str]:
    """Rows and lines side by side; where they part, all are compared by name."""
    stored = texts_of(_stored(release, manifest, table)).iterator()
    problems: list[str] = []
    for number, (line, row) in enumerate(zip_longest(lines, stored)):
        if number % EVERY == 0:
            tell(number)
        if line is None or row is None or line.name != row[0]:
            deque(lines, maxlen=0)
            return [*problems, *_by_name(release, manifest, table)]
        if not _is_as_hashed(row[1], line.sha256) and len(problems) < MOST:
            problems.append(f"{_named(manifest, table)} {line.name} was changed.")
    return problems


def _is_as_hashed(said: str, sha256: str) -> bool:
    """Whether a stored text is the hashed one, or says the same: PostgreSQL keeps fields in its order."""
    if hashlib.sha256(said.encode()).hexdigest() == sha256:
        return True
    try:
        return canonical_sha256(json.loads(said)) == sha256
    except ValueError:
        return False


def _by_name(release: Release, manifest: dict[str, Any], table: str) -> list[str]:
    expected = {line.name for line in lines_of(manifest) if line.table == table}
    found = set(_stored(release, manifest, table).values_list("row_id", flat=True))
    word = _named(manifest, table)
    problems = [f"{word} {name} is not in the manifest." for name in sorted(found - expected)]
    problems += [f"{word} {name} is missing." for name in sorted(expected - found)]
    return problems[:MOST] or [f"The rows of {table} are not in the manifest's order."]


def _named(manifest: dict[str, Any], table: str) -> str:
    return "Row" if table == manifest["kind"] else f"Row of {table}"


def _unknown_tables(release: Release, manifest: dict[str, Any]) -> list[str]:
    """Rows beside the release in a table that the manifest does not know."""
    names = ReleaseSideRow.objects.filter(release=release).order_by().values_list("table", flat=True)
    unknown = sorted(set(names.distinct()) - set(tables_of(manifest)))
    return [f"The rows of {table} are not in the manifest." for table in unknown]


def _files(release: Release, lines: Iterator[ManifestLine]) -> list[str]:
    expected = {line.name: (line.sha256, line.size) for line in lines}
    stored = dict(ReleaseFile.objects.filter(release=release).values_list("path", "blob_id"))
    problems = [f"File {path} is not in the manifest." for path in stored if path not in expected]
    purged = _purged(release)
    for path, (sha256, size) in expected.items():
        if path not in stored:
            problems.append(f"File {path} is missing.")
        elif stored[path] != sha256:
            problems.append(f"File {path} points to another content.")
        elif fault := _content_fault(sha256, size, purged):
            problems.append(f"File {path} {fault}.")
    return problems


def _purged(release: Release) -> dict[str, str]:
    """Digest to what became of its picture, for images of the release that were withdrawn and purged."""
    return {
        sha256: f"is gone: image {image.pk} was withdrawn and purged on {image.purged_at:%-d %b %Y}"
        for image in withdrawn_images(release)
        if image.purged_at is not None
        for sha256 in image.model_blobs
    }


def _content_fault(sha256: str, size: int, purged: dict[str, str]) -> str:
    digest, seen = hashlib.sha256(), 0
    try:
        with open_blob(sha256) as handle:
            while chunk := handle.read(CHUNK):
                digest.update(chunk)
                seen += len(chunk)
    except BlobDamaged:
        return purged.get(sha256, "is missing from the store")
    return "" if (digest.hexdigest(), seen) == (sha256, size) else "was changed in the store"
