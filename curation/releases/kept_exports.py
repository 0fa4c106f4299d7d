"""Finished exports: kept in the site's store, where every host finds them, and sent as a zip from there."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

from django.conf import settings

from consilium.atomic_folder import remove_folder
from consilium.blobs.blob_store import pieces_of
from consilium.blobs.site_store import site_store
from curation.models import Export
from curation.releases.export_files import MANIFEST
from curation.releases.zip_stream import zip_stream

EXPORTS: Final = "exports/"
# A folder that a killed worker left on its own disk.
LEFT_SECONDS: Final = 24 * 3600
Check = Callable[[], None]


def export_folder(export: Export) -> Path:
    """Where an export is written on this host; it stays there where the store is the data folder."""
    return Path(settings.CONSILIUM_HOME) / EXPORTS / export.folder


def is_kept(export: Export) -> bool:
    """Whether the whole export is in the store: its manifest comes last and goes first. Raises StoreAway."""
    return site_store().size(_prefix(export) + MANIFEST) is not None


def kept_size(export: Export) -> int:
    """Bytes of all files of a kept export. Raises StoreAway."""
    return sum(file.size for file in site_store().files(_prefix(export)))


def keep_export(export: Export, folder: Path, *, look: Check, check: Check) -> None:
    """Bring a finished folder into the store, where that is elsewhere.

    `check` may raise between two files, `look` before the export counts as whole. Raises StoreAway, OSError.
    """
    store = site_store()
    if store.folder_of(EXPORTS) is not None:
        return
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    for name in sorted(files, key=MANIFEST.__eq__):
        check()
        if name == MANIFEST:
            look()
        with (folder / name).open("rb") as source:
            store.put(_prefix(export) + name, pieces_of(source))
    remove_folder(folder)


def remove_export(export: Export) -> None:
    """Delete an export; from its first step on it is no whole one. Done again it ends the same."""
    store = site_store()
    store.delete([_prefix(export) + MANIFEST])
    store.delete_tree(_prefix(export))
    remove_folder(export_folder(export))


def remove_left_folders() -> None:
    """Delete what killed exports left on this host's disk, where exports are kept elsewhere."""
    if site_store().folder_of(EXPORTS) is not None:
        return
    oldest = time.time() - LEFT_SECONDS
    for folder in (Path(settings.CONSILIUM_HOME) / EXPORTS).glob("[!.]*"):
        if folder.stat().st_mtime < oldest:
            remove_folder(folder)


def zipped(export: Export) -> Iterator[bytes]:
    """The export as a zip, made while it is sent.

    Raises StoreAway; in the midst of it too, and the reader sees that the zip has no end.
    """
    store, prefix = site_store(), _prefix(export)
    keys = sorted(file.key for file in store.files(prefix))
    return zip_stream(
        (f"{export.folder}/{key.removeprefix(prefix)}", partial(store.open, key)) for key in keys
    )


def _prefix(export: Export) -> str:
    return f"{EXPORTS}{export.folder}/"
