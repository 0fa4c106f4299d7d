"""Reads a frozen release the way a scorer needs it: rows, and images as data URIs."""

import base64
from functools import lru_cache
from typing import Any

from consilium.blobs.storing import read
from consilium.jobs.handle import JobFailed
from curation.models import Release, ReleaseFile
from curation.releasing import rows_of, verify


def checked_rows(release: Release, digest: str) -> list[dict[str, Any]]:
    """The rows of the release after every hash was recomputed. Raises JobFailed when one does not hold."""
    if release.digest != digest:
        raise JobFailed("The release no longer has the digest that this evaluation pinned.")
    if problems := verify(release):
        raise JobFailed(f"The release does not match its digest: {problems[0]}")
    return list(rows_of(release).values_list("content", flat=True))


class ReleasedImages:
    """The images of one release by their path inside it."""

    def __init__(self, release: Release) -> None:
        files = ReleaseFile.objects.filter(release=release)
        self._blobs: dict[str, str] = dict(files.values_list("path", "blob_id"))

    def data_uris(self, row: dict[str, Any]) -> list[str]:
        """The row's images in order, as every judge and solver gets them: the released bytes."""
        return [_data_uri(self._blobs[path]) for path in row["images"]]


@lru_cache(maxsize=256)
def _data_uri(sha256: str) -> str:
    return f"data:image/png;base64,{base64.b64encode(read(sha256)).decode()}"
