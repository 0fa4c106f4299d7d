"""Recomputes every hash of a release: rows, files, manifest and digest."""

import hashlib
import json
from typing import Any, Final

from consilium.audit.record import chain_of
from consilium.audit.verify import holds_event
from consilium.blobs.store import BlobDamaged, open_blob, read_blob
from consilium.canonical_json import canonical_sha256
from curation.models import Release, ReleaseFile, ReleaseRow
from curation.releases.manifest import digest_of
from curation.releases.withdrawn_images import withdrawn_images

CHUNK: Final = 1 << 20


def verify(release: Release) -> list[str]:
    """Everything about the release that no longer agrees with its hashes; empty when all is well."""
    if release.manifest_id is None:
        return ["The release has no manifest: it was never frozen."]
    try:
        manifest = json.loads(read_blob(release.manifest_id))
    except BlobDamaged as damage:
        return [f"Manifest: {damage}"]
    return [*_against_row(release, manifest), *_rows(release, manifest), *_files(release, manifest)]


def _against_row(release: Release, manifest: dict[str, Any]) -> list[str]:
    problems = []
    if digest_of(manifest) != release.digest:
        problems.append("The manifest does not give the digest that names the release.")
    stored = {"kind": release.kind, "study": release.study.slug, "left_out": release.left_out}
    problems += [
        f"The release's {name} is not the manifest's." for name in stored if manifest[name] != stored[name]
    ]
    if len(manifest["rows"]) != release.row_count:
        problems.append("The number of rows is not the manifest's.")
    if not _stands_in_record(release, manifest.get("record")):
        problems.append("The study's record does not hold the event that the manifest names.")
    return problems


def _stands_in_record(release: Release, end: dict[str, Any] | None) -> bool:
    """Whether the chain still holds where it stood at the freeze; older manifests do not say."""
    if not end or not end["event"]:
        return True
    return holds_event(chain_of(release.study), end["event"], end["sha256"])


def _rows(release: Release, manifest: dict[str, Any]) -> list[str]:
    expected = {row["id"]: row["sha256"] for row in manifest["rows"]}
    order = [row["id"] for row in manifest["rows"]]
    found: list[str] = []
    problems = []
    rows = ReleaseRow.objects.filter(release=release).order_by("position")
    for row_id, content in rows.values_list("row_id", "content").iterator():
        found.append(row_id)
        if row_id not in expected:
            problems.append(f"Row {row_id} is not in the manifest.")
        elif canonical_sha256(content) != expected[row_id]:
            problems.append(f"Row {row_id} was changed.")
    seen = set(found)
    problems += [f"Row {row_id} is missing." for row_id in expected if row_id not in seen]
    return problems or ([] if found == order else ["The rows are not in the manifest's order."])


def _files(release: Release, manifest: dict[str, Any]) -> list[str]:
    expected = {entry["path"]: (entry["sha256"], entry["size"]) for entry in manifest["files"]}
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
