"""Where backups lie: a folder that shares stored files between them, or a tar file of one backup."""

import fcntl
import hashlib
import os
import shutil
import tarfile
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, cast

from consilium.atomic_folder import sync
from consilium.backups.manifest import (
    BLOBS,
    MANIFEST,
    NAME,
    BackupUnusable,
    object_path,
    read_blobs,
    read_manifest,
)
from consilium.refusals import Refused

CHUNK: Final = 1 << 20
TAR: Final = ".tar"


class BackupRefused(Refused):
    """A backup that cannot be made; the text is for the operator."""


class Archive(ABC):
    """Reads and writes the parts of backups by their paths in the layout."""

    @property
    @abstractmethod
    def scratch(self) -> Path:
        """A folder on the archive's own disk, where parts are prepared."""

    @abstractmethod
    def names(self) -> list[str]:
        """The whole backups it holds, oldest first."""

    @abstractmethod
    def open(self, path: str) -> BinaryIO:
        """A part, open for reading. Raises BackupUnusable when it is not there."""

    @abstractmethod
    def holds_object(self, sha256: str, size: int) -> bool:
        """Whether the object is there, of that size."""

    @abstractmethod
    def add_object(self, source: BinaryIO) -> tuple[str, int]:
        """Keep what `source` holds, durably; its SHA-256 and size."""

    @abstractmethod
    def publish(self, name: str, parts: dict[str, Path]) -> None:
        """Keep a backup's own parts (name to file, moved); the backup is there whole from then on."""

    def read(self, path: str) -> bytes:
        """A small part. Raises BackupUnusable."""
        with self.open(path) as part:
            return part.read()


class FolderArchive(Archive):
    """A folder of any number of backups."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def scratch(self) -> Path:
        """See Archive."""
        return self.folder

    def names(self) -> list[str]:
        """See Archive."""
        if not self.folder.is_dir():
            return []
        held = (path for path in self.folder.iterdir() if NAME.fullmatch(path.name))
        return sorted(path.name for path in held if (path / MANIFEST).is_file())

    def open(self, path: str) -> BinaryIO:
        """See Archive."""
        try:
            return (self.folder / path).open("rb")
        except OSError:
            raise BackupUnusable(f"The backup lacks {path}.") from None

    def holds_object(self, sha256: str, size: int) -> bool:
        """See Archive."""
        try:
            return (self.folder / object_path(sha256)).stat().st_size == size
        except OSError:
            return False

    def add_object(self, source: BinaryIO) -> tuple[str, int]:
        """See Archive."""
        digest, size, draft = hashlib.sha256(), 0, self.folder / f".new-{uuid.uuid4().hex}"
        try:
            with draft.open("xb") as out:
                while chunk := source.read(CHUNK):
                    digest.update(chunk)
                    size += out.write(chunk)
                out.flush()
                os.fsync(out.fileno())
            target = self.folder / object_path(digest.hexdigest())
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft.replace(target)
            sync(target.parent)
        finally:
            draft.unlink(missing_ok=True)
        return digest.hexdigest(), size

    def publish(self, name: str, parts: dict[str, Path]) -> None:
        """See Archive."""
        beside = self.folder / f".new-{name}-{uuid.uuid4().hex[:8]}"
        beside.mkdir(mode=0o700)
        try:
            for part, path in parts.items():
                shutil.move(path, beside / part)
                sync(beside / part)
            sync(beside)
            beside.rename(self.folder / name)
            sync(self.folder)
        finally:
            shutil.rmtree(beside, ignore_errors=True)

    def keep(self, kept: int) -> int:
        """Remove all but the newest `kept` backups and the objects that none of them needs; returns how
        many went.
        """
        names = self.names()
        gone = names[:-kept] if kept else []
        for name in gone:
            # Its manifest goes first: what is left of a killed removal is no backup any more.
            (self.folder / name / MANIFEST).unlink()
            shutil.rmtree(self.folder / name)
        if gone:
            needed = {sha256 for name in names[len(gone) :] for sha256 in self._needed(name)}
            for path in self.folder.glob("objects/*/*"):
                if path.name not in needed:
                    path.unlink()
        return len(gone)

    def _needed(self, name: str) -> set[str]:
        manifest = read_manifest(name, self.read(f"{name}/{MANIFEST}"))
        blobs = read_blobs(manifest, self.read(f"{name}/{BLOBS}"))
        return {*blobs, *(entry.sha256 for entry in manifest.files)}


class TarArchive(Archive):
    """One backup in one file."""

    def __init__(self, path: Path, *, writes: bool = False) -> None:
        self.path = path
        self._tar = tarfile.open(path, "x:" if writes else "r:", format=tarfile.PAX_FORMAT)  # noqa: SIM115
        self._members: dict[str, tarfile.TarInfo] = {}
        if not writes:
            try:
                self._members = {member.name: member for member in self._tar if member.isreg()}
            except tarfile.TarError:
                self._tar.close()
                raise

    @property
    def scratch(self) -> Path:
        """See Archive."""
        return self.path.parent

    def names(self) -> list[str]:
        """See Archive."""
        found = (name.split("/") for name in self._members)
        return sorted(parts[0] for parts in found if parts[1:] == [MANIFEST] and NAME.fullmatch(parts[0]))

    def open(self, path: str) -> BinaryIO:
        """See Archive."""
        member = self._members.get(path)
        part = self._tar.extractfile(member) if member else None
        if part is None:
            raise BackupUnusable(f"The backup lacks {path}.")
        return cast("BinaryIO", part)

    def holds_object(self, sha256: str, size: int) -> bool:
        """See Archive."""
        member = self._members.get(object_path(sha256))
        return member is not None and member.size == size

    def add_object(self, source: BinaryIO) -> tuple[str, int]:
        """See Archive."""
        digest, size = hashlib.sha256(), 0
        while chunk := source.read(CHUNK):
            digest.update(chunk)
            size += len(chunk)
        sha256 = digest.hexdigest()
        if not self.holds_object(sha256, size):
            source.seek(0)
            self._add(object_path(sha256), source, size)
        return sha256, size

    def publish(self, name: str, parts: dict[str, Path]) -> None:
        """See Archive."""
        for part in sorted(parts, key=MANIFEST.__eq__):  # the manifest last: a cut file holds no backup
            with parts[part].open("rb") as source:
                self._add(f"{name}/{part}", source, parts[part].stat().st_size)
        self._tar.close()
        sync(self.path)

    def close(self) -> None:
        """Let go of the file."""
        self._tar.close()

    def _add(self, name: str, source: BinaryIO, size: int) -> None:
        member = tarfile.TarInfo(name)
        member.size, member.mode, member.mtime = size, 0o600, int(time.time())
        self._tar.addfile(member, source)
        self._members[name] = member


@contextmanager
def archive_for_writing(target: Path) -> Iterator[Archive]:
    """A folder (made when missing), or a new tar file that appears whole or not at all.

    Raises BackupRefused when the file is there, or another backup writes into the folder.
    """
    if target.suffix != TAR:
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _only_writer(target):
            for left in target.glob(".new-*"):  # of a backup that was killed
                shutil.rmtree(left) if left.is_dir() else left.unlink()
            yield FolderArchive(target)
        return
    if target.exists():
        raise BackupRefused("There is a file of that name already; name another one.")
    target.parent.mkdir(parents=True, exist_ok=True)
    for left in target.parent.glob(f".{target.name}.*.new"):  # of a backup that was killed
        left.unlink()
    draft = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.new")
    try:
        archive = TarArchive(draft, writes=True)
        try:
            yield archive
        finally:
            archive.close()
        draft.chmod(0o600)
        draft.replace(target)
        sync(target.parent)
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def archive_for_reading(source: Path) -> Iterator[tuple[Archive, str]]:
    """The archive and the name of the backup in it: a tar file, a folder (its newest), or one backup of it.

    Raises BackupUnusable.
    """
    with _opened(source) as archive:
        names = [name for name in archive.names() if name == source.name or not NAME.fullmatch(source.name)]
        if not names:
            raise BackupUnusable("There is no whole backup; name a folder or .tar file that `backup` wrote.")
        yield archive, names[-1]


@contextmanager
def _opened(source: Path) -> Iterator[Archive]:
    if not source.is_file():
        yield FolderArchive(source.parent if NAME.fullmatch(source.name) else source)
        return
    try:
        archive = TarArchive(source)
    except (tarfile.TarError, OSError):
        raise BackupUnusable("This file is no backup, or it is cut.") from None
    try:
        yield archive
    finally:
        archive.close()


@contextmanager
def _only_writer(folder: Path) -> Iterator[None]:
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise BackupRefused("Another backup is being written there; wait for it.") from None
        yield
