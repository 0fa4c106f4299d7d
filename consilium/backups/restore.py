"""Puts a backup back into an empty site, and verifies it whole."""

import hashlib
import json
import os
import tempfile
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader

from consilium.atomic_folder import sync
from consilium.audit.anchors import fill_second_place
from consilium.audit.database_roles import as_owner
from consilium.audit.grants import refresh_grants
from consilium.audit.key_marks import identity_key_fault
from consilium.audit.models import SYSTEM_CHAIN
from consilium.audit.protection import faults
from consilium.audit.record import lock_chain, record
from consilium.audit.verify import verify_record
from consilium.backups.archive import CHUNK, Archive, archive_for_reading
from consilium.backups.back_up import EVERYTHING, EXPORTS, Tell, silent
from consilium.backups.database_copy import engine, is_empty, put_back
from consilium.backups.manifest import (
    BLOBS,
    DATABASE,
    MANIFEST,
    MODELS,
    BackupUnusable,
    KeptFile,
    Manifest,
    object_path,
    read_blobs,
    read_manifest,
)
from consilium.blobs.blob_store import ContentDiffers, pieces_of
from consilium.blobs.probe import report_on
from consilium.blobs.site_store import site_id, site_store
from consilium.blobs.store import BlobDamaged, place
from consilium.database_version import unapplied_migrations
from consilium.refusals import Refused

MARK: Final = "restoring.json"
BLOBS_FOLDER: Final = "blobs"


class RestoreRefused(Refused):
    """A backup that is not put back here; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back and what its verification found; `problems` is empty when all is well.

    `notes`: what is still to be done before the site starts, such as putting its keys back.
    """

    manifest: Manifest
    files: int
    events: int
    migrations_wait: int
    problems: tuple[str, ...]
    notes: tuple[str, ...]


def unfinished_restore() -> str:
    """The backup whose restore was begun here and did not end; else nothing."""
    try:
        return str(json.loads(_mark().read_text())["backup"])
    except (OSError, ValueError, KeyError):
        return "unknown" if _mark().exists() else ""


def verify_backup(source: Path, *, tell: Tell = silent) -> Manifest:
    """Read every byte of a backup and compare it with its hash. Raises BackupUnusable: what is wrong."""
    with archive_for_reading(source) as (archive, name):
        manifest, blobs = _read(archive, name)
        _check(archive, f"{name}/{DATABASE}", manifest.database_sha256)
        needed = sorted({*blobs, *(entry.sha256 for entry in manifest.files)})
        for number, sha256 in enumerate(needed):
            tell(number, len(needed), "Reading files")
            _check(archive, object_path(sha256), sha256)
    return manifest


def put_site_back(source: Path, *, tell: Tell = silent) -> Restored:
    """Put a backup back into an empty data folder and an empty database; the database comes last.

    A restore that was killed is gone on with by the same call. Raises BackupUnusable, RestoreRefused.
    """
    with archive_for_reading(source) as (archive, name):
        manifest, blobs = _read(archive, name)
        _check_place(manifest)
        _put_all_back(archive, manifest, blobs, tell)
    restored = _verify(manifest, len(blobs) + len(manifest.files))
    _mark().unlink()
    sync(_mark().parent)
    return restored


def _put_all_back(archive: Archive, manifest: Manifest, blobs: list[str], tell: Tell) -> None:
    with tempfile.TemporaryDirectory(dir=settings.CONSILIUM_HOME, prefix=".restoring-") as scratch:
        copy = Path(scratch) / DATABASE
        _copy(archive, f"{manifest.name}/{DATABASE}", copy, manifest.database_sha256)
        _set_mark(manifest)
        for number, sha256 in enumerate(blobs):
            tell(number, len(blobs), "Putting stored files back")
            _place_blob(archive, sha256)
        for number, entry in enumerate(manifest.files):
            tell(number, len(manifest.files), "Putting files of the data folder back")
            _place_file(archive, entry)
        tell(0, 0, "Putting the database back")
        with as_owner() as roles:
            put_back(copy)
            if roles:
                refresh_grants(connection, roles)


def _read(archive: Archive, name: str) -> tuple[Manifest, list[str]]:
    manifest = read_manifest(name, archive.read(f"{name}/{MANIFEST}"))
    return manifest, read_blobs(manifest, archive.read(f"{name}/{BLOBS}"))


def _check_place(manifest: Manifest) -> None:
    """Raise RestoreRefused unless this site is empty and of the backup's kind and version."""
    if manifest.engine != engine():
        wanted = "leave DATABASE_URL out" if manifest.engine == "sqlite" else "set DATABASE_URL"
        raise RestoreRefused(f"This backup holds a database of {manifest.engine}; {wanted} to restore it.")
    known = {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations}
    if unknown := sorted(set(manifest.migrations) - known):
        raise RestoreRefused(
            f"This backup was made by a newer version ({manifest.version}): {unknown[0]} is not known here. "
            "Install that version and restore with it."
        )
    begun = unfinished_restore()
    if begun and begun != manifest.name:
        raise RestoreRefused(
            f"The restore of backup {begun} was begun here and did not end. Restore that one again, or empty "
            "the data folder and the database."
        )
    _check_store()
    held = [folder for folder in (BLOBS_FOLDER, EXPORTS) if any(site_store().files(f"{folder}/"))]
    held += [folder for folder in ("anchors",) if _has_files(Path(settings.CONSILIUM_HOME) / folder)]
    if not begun and manifest.scope == EVERYTHING and held:
        raise RestoreRefused(
            f"The data folder{' or the object store' if settings.OBJECT_STORE else ''} is not empty: it has "
            f"{', '.join(held)}. Restore into an empty one, so that nothing is mixed or overwritten."
        )
    if not is_empty():
        raise RestoreRefused(
            "The database is not empty. Restore into an empty one, so that nothing is mixed or overwritten."
        )


def _check_store() -> None:
    """Raise RestoreRefused where the object store that the settings name cannot be used."""
    if settings.OBJECT_STORE is None:
        return
    found = report_on(settings.OBJECT_STORE, site_id())
    if problem := found.refusal or found.away:
        raise RestoreRefused(f"The object store cannot be used: {problem}.")


def _has_files(folder: Path) -> bool:
    return any(path.is_file() for path in folder.rglob("*"))


def _mark() -> Path:
    return Path(settings.CONSILIUM_HOME) / MARK


def _set_mark(manifest: Manifest) -> None:
    draft = _mark().with_name(f".{MARK}.new")
    draft.write_text(json.dumps({"backup": manifest.name}))
    sync(draft)
    draft.replace(_mark())
    sync(_mark().parent)


def _place_blob(archive: Archive, sha256: str) -> None:
    try:
        with archive.open(object_path(sha256)) as source:
            place(sha256, source)
    except BlobDamaged:
        raise _damaged(object_path(sha256)) from None


def _place_file(archive: Archive, entry: KeptFile) -> None:
    first, _, inside = entry.path.partition("/")
    if first == EXPORTS:
        try:
            with archive.open(object_path(entry.sha256)) as source:
                site_store().put(entry.path, pieces_of(source), entry.sha256)
        except ContentDiffers:
            raise _damaged(object_path(entry.sha256)) from None
        return
    root = settings.MODELS_FOLDER if first == MODELS else Path(settings.CONSILIUM_HOME) / first
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    target = root / inside
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.new")
    _copy(archive, object_path(entry.sha256), draft, entry.sha256)
    if first == MODELS:
        draft.chmod(0o644)
    draft.replace(target)


def _copy(archive: Archive, part: str, target: Path, sha256: str) -> None:
    digest = hashlib.sha256()
    descriptor = os.open(target, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    with archive.open(part) as source, os.fdopen(descriptor, "wb") as out:
        while chunk := source.read(CHUNK):
            digest.update(chunk)
            out.write(chunk)
        out.flush()
        os.fsync(out.fileno())
    if digest.hexdigest() != sha256:
        target.unlink()
        raise _damaged(part)


def _check(archive: Archive, part: str, sha256: str) -> None:
    with archive.open(part) as source:
        digest = hashlib.sha256()
        while chunk := source.read(CHUNK):
            digest.update(chunk)
    if digest.hexdigest() != sha256:
        raise _damaged(part)


def _damaged(part: str) -> BackupUnusable:
    return BackupUnusable(f"The backup is damaged: the bytes of {part} are not those that were written.")


def _verify(manifest: Manifest, files: int) -> Restored:
    """What the restored site says of itself. Everybody signs in again: old sessions do not come back."""
    import_module(settings.SESSION_ENGINE).SessionStore.get_model_class().objects.all().delete()
    waiting = len(unapplied_migrations())
    problems = [f"{sha256} was missing when the backup was made" for sha256 in manifest.missing]
    events, notes = 0, [note for note in (identity_key_fault(),) if note]
    if not waiting:
        with transaction.atomic():
            data = {"backup": manifest.name, "files": files}
            record(action="site.restored", obj=lock_chain(SYSTEM_CHAIN), by=None, study=None, data=data)
        fill_second_place()  # where its file was moved aside, it begins anew with what came back
        found = verify_record()
        events = found.events
        problems += [*map(str, faults(connection)), *map(str, found.breaks)]
        notes += [note for note in (found.unchecked,) if note]
    return Restored(manifest, files, events, waiting, tuple(problems), tuple(notes))
