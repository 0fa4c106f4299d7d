"""Makes a backup while people work: the database of one instant, and every file that it names."""

import hashlib
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final

from django.conf import settings
from django.db import transaction

from consilium.audit.models import SYSTEM_CHAIN
from consilium.audit.record import lock_chain, record
from consilium.backups.archive import Archive, BackupRefused, FolderArchive, archive_for_writing
from consilium.backups.database_copy import copy_database, engine, named_blobs
from consilium.backups.manifest import (
    BLOBS,
    DATABASE,
    MANIFEST,
    MODELS,
    KeptFile,
    Manifest,
    backup_name,
    blobs_file,
)
from consilium.blobs.blob_store import pieces_of
from consilium.blobs.site_store import site_store
from consilium.blobs.store import BlobDamaged, open_blob
from consilium.database_version import unapplied_migrations
from consilium.jobs.watched_figures import BACKUP_LACKS, note_figure
from consilium.people.models import Person
from consilium.version import app_version

EVERYTHING: Final = "everything"
ONLY_DATABASE: Final = "database"
EXPORTS: Final = "exports"
_UNTIL_NEXT: Final = 0.05  # seconds between looks at the clock
Tell = Callable[[int, int, str], None]
Open = Callable[[], BinaryIO]


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was made: how many files it holds, how many had to be copied, and what lacks."""

    name: str
    database_bytes: int
    files: int
    copied: int
    copied_bytes: int
    missing: tuple[str, ...]
    removed: int


def _new_name(archive: Archive) -> str:
    """That of this moment; where this very second has its backup, of the next one."""
    while (name := backup_name(datetime.now(UTC))) in archive.names():
        time.sleep(_UNTIL_NEXT)
    return name


def silent(done: int, total: int, note: str) -> None:
    """Tells nobody."""


def back_up(
    target: Path,
    *,
    models: bool = False,
    scope: str = EVERYTHING,
    kept: int = 0,
    by: Person | None = None,
    tell: Tell = silent,
) -> Backup:
    """Back the site up to a folder or to a new `.tar` file.

    `models`: the checkpoints too. `scope`: ONLY_DATABASE leaves every file out. `kept`: in a folder, remove
    all but the newest so many. `tell(done, total, note)` may raise to stop; nothing half is left then.
    Raises BackupRefused.
    """
    try:
        with archive_for_writing(target) as archive:
            name = _new_name(archive)
            made = _write(archive, name, models=models, scope=scope, tell=tell)
            removed = archive.keep(kept) if kept and isinstance(archive, FolderArchive) else 0
    except OSError as problem:
        raise BackupRefused(
            f"The backup cannot be written: {problem.strerror or type(problem).__name__}."
        ) from None
    made = replace(made, removed=removed)
    if not unapplied_migrations():  # else the record may have another form than this code writes
        _put_on_record(made, by)
    return made


def _write(archive: Archive, name: str, *, models: bool, scope: str, tell: Tell) -> Backup:
    copier = _Copier(archive, tell)
    if scope == EVERYTHING:
        # Before the database: an anchor of an event that the copy lacks would look like a cut record.
        copier.take_files(list(_files("anchors")))
    tell(0, 0, "Copying the database")
    with tempfile.TemporaryDirectory(dir=archive.scratch, prefix=".new-") as scratch:
        copy = Path(scratch) / DATABASE
        blobs, chains, migrations = copy_database(copy)
        database_sha256 = _sha256_of(copy)
        if scope == EVERYTHING:
            copier.take_blobs(blobs)
            for folder in (EXPORTS, MODELS) if models else (EXPORTS,):
                copier.take_files(list(_exports() if folder == EXPORTS else _files(folder)))
        listed = blobs_file(copier.blobs)
        (Path(scratch) / BLOBS).write_bytes(listed)
        manifest = Manifest(
            name=name,
            version=app_version(),
            engine=engine(),
            scope=scope,
            database_sha256=database_sha256,
            database_bytes=copy.stat().st_size,
            blobs_sha256=hashlib.sha256(listed).hexdigest(),
            blobs=len(copier.blobs),
            migrations=migrations,
            chains=chains,
            files=copier.files,
            missing=sorted(copier.missing),
        )
        (Path(scratch) / MANIFEST).write_bytes(manifest.to_json())
        archive.publish(name, {part: Path(scratch) / part for part in (DATABASE, BLOBS, MANIFEST)})
    return Backup(
        name=name,
        database_bytes=manifest.database_bytes,
        files=manifest.blobs + len(manifest.files),
        copied=copier.copied,
        copied_bytes=copier.copied_bytes,
        missing=tuple(manifest.missing),
        removed=0,
    )


class _Copier:
    """Takes files into an archive, each content once."""

    def __init__(self, archive: Archive, tell: Tell) -> None:
        self._archive, self._tell = archive, tell
        self.blobs, self.missing, self.files = list[str](), list[str](), list[KeptFile]()
        self.copied = self.copied_bytes = 0

    def take_blobs(self, blobs: dict[str, int]) -> None:
        """Copy the stored files that are not there yet; one whose bytes are wrong is missing."""
        lacking = set[str]()
        for number, (sha256, size) in enumerate(sorted(blobs.items())):
            self._tell(number, len(blobs), "Copying stored files")
            if self._archive.holds_object(sha256, size) or self._take_blob(sha256):
                self.blobs.append(sha256)
            else:
                lacking.add(sha256)
        if lacking:  # what was purged since the database was copied is not missed
            self.missing += sorted(lacking & named_blobs().keys())

    def take_files(self, files: list[tuple[str, Open]]) -> None:
        """Copy files of the site besides its blobs; one that went meanwhile is left out."""
        for number, (shown, opened) in enumerate(files):
            self._tell(number, len(files), "Copying files of the data folder")
            try:
                with opened() as source:
                    sha256, size = _digest_of(source), source.tell()
                    if not self._archive.holds_object(sha256, size):
                        source.seek(0)
                        sha256, size = self._add(source)
            except FileNotFoundError:
                continue
            self.files.append(KeptFile(shown, sha256, size))

    def _take_blob(self, sha256: str) -> bool:
        try:
            with open_blob(sha256) as source:
                return self._add(source)[0] == sha256
        except BlobDamaged:
            return False

    def _add(self, source: BinaryIO) -> tuple[str, int]:
        sha256, size = self._archive.add_object(source)
        self.copied, self.copied_bytes = self.copied + 1, self.copied_bytes + size
        return sha256, size


def _exports() -> Iterator[tuple[str, Open]]:
    """Path in a backup of every file of the finished exports, and what opens it."""
    store = site_store()
    return ((file.key, partial(store.open, file.key)) for file in store.files(f"{EXPORTS}/"))


def _files(folder: str) -> Iterator[tuple[str, Open]]:
    """Path in a backup of every file of one folder of this host, and what opens it."""
    root = settings.MODELS_FOLDER if folder == MODELS else Path(settings.CONSILIUM_HOME) / folder
    for path in sorted(root.rglob("*")):
        inside = path.relative_to(root)
        if path.is_file() and not path.is_symlink() and not any(part[0] == "." for part in inside.parts):
            yield f"{folder}/{inside.as_posix()}", partial(_opened, path)


def _opened(path: Path) -> BinaryIO:
    return path.open("rb")


def _sha256_of(path: Path) -> str:
    with path.open("rb") as content:
        return _digest_of(content)


def _digest_of(content: BinaryIO) -> str:
    digest = hashlib.sha256()
    for piece in pieces_of(content):
        digest.update(piece)
    return digest.hexdigest()


@transaction.atomic
def _put_on_record(made: Backup, by: Person | None) -> None:
    """The backup is on record in the system's chain; where it lies is not."""
    data = {"backup": made.name, "files": made.files, "missing": len(made.missing), "removed": made.removed}
    record(action="site.backed_up", obj=lock_chain(SYSTEM_CHAIN), by=by, study=None, data=data)
    note_figure(BACKUP_LACKS, len(made.missing))
