"""Copies of a release's pictures outside the store: each app that makes some says how they are removed."""

from collections.abc import Callable

from curation.models import Export, Release
from curation.releases.kept_exports import remove_export

Remove = Callable[[Release], None]
_removers: list[Remove] = []


def register(remove: Remove) -> None:
    """Have `remove(release)` called when a picture of the release is purged; doing it again is harmless."""
    if remove not in _removers:
        _removers.append(remove)


def remove_copies(release: Release) -> None:
    """Remove every copy that this site knows of: finished exports, and what other apps registered."""
    for remove in _removers:
        remove(release)


def remove_exports(release: Release) -> None:
    """The exports of a release."""
    for export in Export.objects.filter(release=release):
        remove_export(export)
