"""Uploads between request and import: a private folder, random names, gone when the import is over.

Where the site's store is elsewhere they go there, and come to the disk of the worker that imports them: the
one that received them is another host. They are in the store no longer than in a folder.
"""

import hashlib
import os
import shutil
import tempfile
import time
import unicodedata
import uuid
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from django.conf import settings

from consilium.blobs.blob_store import StoreAway, pieces_of
from consilium.blobs.site_store import owns_store, site_store
from consilium.disk_space import check_disk_space
from consilium.refusals import Refused

MOST_FILES: Final = 5000
FREE_BYTES: Final = 256 << 20
NAME_LENGTH: Final = 300
UPLOADS: Final = "uploads/"
AREA: Final = "import-"
DAY_SECONDS: Final = 24 * 3600


class UploadRefused(Refused):
    """Files that cannot be taken in at all; the text is for people."""


@dataclass(frozen=True, slots=True)
class Upload:
    """One file as it arrives: the sender's name for it, and its bytes in pieces."""

    name: str
    chunks: Iterable[bytes]


@dataclass(frozen=True, slots=True)
class Received:
    """One file in the private folder; `name` is shown to people and never used as a path.

    `sha256`: of its bytes, where it went through the store.
    """

    name: str
    stored: str
    size: int
    sha256: str = ""

    def to_json(self) -> dict[str, Any]:
        """As the import row keeps it until the import is over."""
        kept: dict[str, Any] = {"name": self.name, "stored": self.stored, "size": self.size}
        return kept | ({"sha256": self.sha256} if self.sha256 else {})


def upload_folder(area: str) -> Path:
    """The private folder of one import, on this host."""
    return Path(settings.CONSILIUM_HOME) / UPLOADS / f"{AREA}{uuid.UUID(area)}"


def receive(uploads: Sequence[Upload], *, for_others: bool = True) -> tuple[str, list[Received]]:
    """Write all files into a new private folder; return its name and the files.

    `for_others`: another host may import them. Raises UploadRefused, DiskShort, StoreAway; nothing is left
    behind then.
    """
    check_disk_space()
    if not uploads:
        raise UploadRefused("Choose at least one file.")
    if len(uploads) > MOST_FILES:
        raise UploadRefused(
            f"These are more than {MOST_FILES:,} files, and one import takes no more. "
            "Import them in parts, each question together with its images; nothing was taken in."
        )
    area = str(uuid.uuid4())
    folder = upload_folder(area)
    folder.mkdir(mode=0o700, parents=True)
    try:
        received = _write_all(uploads, folder)
        if for_others and not _stay_here():
            received = _send(area, received)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return area, received


def take_over(area: str, files: Sequence[tuple[str, Path]]) -> list[Received]:
    """Make files of this host, as (name, path), the originals of an area, where they are moved to.

    Raises StoreAway, OSError.
    """
    received = []
    for number, (name, path) in enumerate(files):
        stored, size = f"{number:05d}", path.stat().st_size
        path.replace(upload_folder(area) / stored)
        received.append(Received(shown_name(name), stored, size))
    return received if _stay_here() else _send(area, received)


@contextmanager
def originals(area: str, received: Sequence[Received]) -> Iterator[Path]:
    """The folder that holds the originals, on this host, while they are read.

    Raises FileNotFoundError when they are gone, UploadRefused when they changed, StoreAway, OSError.
    """
    if _stay_here():
        if not upload_folder(area).exists():
            raise FileNotFoundError
        yield upload_folder(area)
        return
    upload_folder(area).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=upload_folder(area).parent, prefix=AREA) as scratch:
        for file in received:
            _fetch(area, file, Path(scratch))
        yield Path(scratch)


def destroy(area: str) -> None:
    """Delete the originals; doing it again is harmless. Raises StoreAway."""
    shutil.rmtree(upload_folder(area), ignore_errors=True)
    if not _stay_here():
        site_store().delete_tree(_prefix(area))


def sweep_store(owned: Collection[str]) -> None:
    """As `sweep`, for what lies in a store elsewhere."""
    oldest = time.time() - DAY_SECONDS
    if _stay_here() or not owns_store():
        return
    old = [file.key for file in site_store().files(UPLOADS) if file.modified < oldest]
    site_store().delete([key for key in old if key.split("/")[1].removeprefix(AREA) not in owned])


def sweep(owned: Collection[str]) -> None:
    """Destroy what is older than a day and no waiting import owns: its request died half way."""
    root, oldest = Path(settings.CONSILIUM_HOME) / UPLOADS, time.time() - DAY_SECONDS
    for path in root.glob(f"{AREA}*"):
        if path.name.removeprefix(AREA) not in owned and _is_older(path, oldest):
            shutil.rmtree(path, ignore_errors=True)
    for path in root.glob("*.upload*"):  # of a request killed when each file had a name
        if _is_older(path, oldest):
            path.unlink(missing_ok=True)


def _is_older(path: Path, moment: float) -> bool:
    try:
        return path.stat().st_mtime < moment
    except FileNotFoundError:  # its owner was faster
        return False


def plain_path(name: str) -> str:
    """A path as it is compared: composed characters, "/", no control characters, no way up; may be empty."""
    plain = "".join(c for c in unicodedata.normalize("NFC", name) if unicodedata.category(c)[0] != "C")
    return "/".join(part for part in plain.replace("\\", "/").split("/") if part not in ("", ".", ".."))


def shown_name(name: str) -> str:
    """A file's name for people: its path, of which at most the last 300 characters, or "unnamed"."""
    path = plain_path(name) or "unnamed"
    # The sign of the cut keeps what is left from being taken for a path of its own.
    return path if len(path) <= NAME_LENGTH else "…" + path[1 - NAME_LENGTH :]


def _stay_here() -> bool:
    """Whether every host that imports reads the folder that the uploads were written to."""
    return site_store().folder_of(UPLOADS) is not None


def _prefix(area: str) -> str:
    return f"{UPLOADS}{AREA}{uuid.UUID(area)}/"


def _send(area: str, received: list[Received]) -> list[Received]:
    """Bring the originals into the store; none is left on this host."""
    sweep(())  # where no worker runs, nobody else clears this disk
    folder, sent = upload_folder(area), []
    try:
        for file in received:
            with (folder / file.stored).open("rb") as content:
                sha256 = hashlib.file_digest(content, "sha256").hexdigest()
                content.seek(0)
                site_store().put(_prefix(area) + file.stored, pieces_of(content), sha256)
            sent.append(replace(file, sha256=sha256))
    except BaseException:
        with suppress(StoreAway):  # else the daily job deletes them
            site_store().delete_tree(_prefix(area))
        raise
    shutil.rmtree(folder)
    return sent


def _fetch(area: str, file: Received, folder: Path) -> None:
    digest, target = hashlib.sha256(), folder / file.stored
    with site_store().open(_prefix(area) + file.stored) as source, target.open("xb") as out:
        for piece in pieces_of(source):
            digest.update(piece)
            out.write(piece)
    if digest.hexdigest() != file.sha256:
        raise UploadRefused("An uploaded file was damaged before it was imported; upload the files again.")


def _write_all(uploads: Sequence[Upload], folder: Path) -> list[Received]:
    received: list[Received] = []
    left = min(settings.UPLOAD_MAX_BYTES, shutil.disk_usage(folder).free - FREE_BYTES)
    for number, upload in enumerate(uploads):
        stored = f"{number:05d}"
        size = _write(upload.chunks, folder / stored, left)
        left -= size
        received.append(Received(shown_name(upload.name), stored, size))
    return received


def _write(chunks: Iterable[bytes], target: Path, left: int) -> int:
    size = 0
    with os.fdopen(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as out:
        for chunk in chunks:
            size += len(chunk)
            if size > left:
                raise UploadRefused("The files are too large, or the server's disk is nearly full.")
            out.write(chunk)
    return size
