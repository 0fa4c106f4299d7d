"""Uploads between request and import: a private folder, random names, gone when the import is over."""

import os
import shutil
import time
import unicodedata
import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from django.conf import settings

from consilium.disk_space import check_disk_space
from consilium.refusals import Refused

MOST_FILES: Final = 5000
FREE_BYTES: Final = 256 << 20
NAME_LENGTH: Final = 300


class UploadRefused(Refused):
    """Files that cannot be taken in at all; the text is for people."""


@dataclass(frozen=True, slots=True)
class Upload:
    """One file as it arrives: the sender's name for it, and its bytes in pieces."""

    name: str
    chunks: Iterable[bytes]


@dataclass(frozen=True, slots=True)
class Received:
    """One file in the private folder; `name` is shown to people and never used as a path."""

    name: str
    stored: str
    size: int

    def to_json(self) -> dict[str, Any]:
        """As the import row keeps it until the import is over."""
        return {"name": self.name, "stored": self.stored, "size": self.size}


def upload_folder(area: str) -> Path:
    """The private folder of one import."""
    return Path(settings.CONSILIUM_HOME) / "uploads" / f"import-{uuid.UUID(area)}"


def receive(uploads: Sequence[Upload]) -> tuple[str, list[Received]]:
    """Write all files into a new private folder; return its name and the files.

    Raises UploadRefused, DiskShort; nothing is left behind then.
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
        return area, _write_all(uploads, folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def destroy(area: str) -> None:
    """Delete the originals; doing it again is harmless."""
    shutil.rmtree(upload_folder(area), ignore_errors=True)


def sweep(owned: Collection[str]) -> None:
    """Destroy what is older than a day and no waiting import owns: its request died half way."""
    root, oldest = Path(settings.CONSILIUM_HOME) / "uploads", time.time() - 24 * 3600
    for path in root.glob("import-*"):
        if path.name.removeprefix("import-") not in owned and _is_older(path, oldest):
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
