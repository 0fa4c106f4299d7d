"""Copies of a release's pictures outside the store: each app that makes some says how they are removed."""

from collections.abc import Callable

from consilium.atomic_folder import remove_folder
from curation.models import Export, Release
from curation.releases.export import export_folder

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
    """The export folders of a release."""
    for export in Export.objects.filter(release=release):
        remove_folder(export_folder(export))
