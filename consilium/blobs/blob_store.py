"""What keeps the site's files: one small interface, whatever lies behind it. Pure: no Django.

A key is a path of plain words ("blobs/ab/cd/abcd…", "exports/demo-traces-1/data.parquet"). A file is there
whole or not at all, and durably once `put` has returned.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol

from consilium.refusals import Refused

CHUNK: Final = 1 << 20
RETRY_SECONDS: Final = 5


class StoreAway(Refused):
    """What keeps the files does not answer, or not in time: the same may succeed in a moment.

    `cause` is for operators and the log: no address, no secret, nothing that a server sent as text.
    """

    status = 503

    def __init__(self, cause: str) -> None:
        self.cause = cause
        super().__init__(
            "The store of files and images does not answer at the moment. Nothing was changed, and nothing "
            "that was stored is lost; try again in some seconds."
        )

    @property
    def extra(self) -> dict[str, Any]:
        """See Refused: the answer says when to ask again."""
        return {"retry_after": RETRY_SECONDS}


class StoreRefuses(StoreAway):
    """The store answers and refuses this site: credentials, rights or the bucket. An operator has to act."""


class ContentDiffers(Exception):
    """The bytes that came are not those of the digest; nothing was kept."""


def pieces_of(file: BinaryIO) -> Iterator[bytes]:
    """What is left of an open file, piece by piece."""
    while piece := file.read(CHUNK):
        yield piece


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file of a store: its key, its bytes, and when it was written (seconds since 1970)."""

    key: str
    size: int
    modified: float


class BlobStore(Protocol):
    """Keeps files under keys. Every method may raise StoreAway or OSError."""

    def put(self, key: str, chunks: Iterable[bytes], sha256: str = "") -> int:
        """Keep a file, in place of an older one; its bytes. Raises ContentDiffers from `sha256`, if given."""

    def open(self, key: str) -> BinaryIO:
        """The file, open for reading from any place (`seek`). Raises FileNotFoundError."""

    def size(self, key: str) -> int | None:
        """Its bytes; None where it is not there."""

    def delete(self, keys: Sequence[str]) -> None:
        """Delete files; one that is not there is no fault."""

    def delete_tree(self, prefix: str) -> None:
        """Delete everything under a prefix that ends in "/"."""

    def move(self, key: str, to: str) -> bool:
        """Give a file another key, in place of what is there; False where there is no such file."""

    def files(self, prefix: str) -> Iterator[StoredFile]:
        """Every file whose key begins with `prefix` (whole words, ending in "/")."""

    def delete_drafts(self, prefix: str, before: float) -> None:
        """Delete what killed writers left half done under a prefix before that moment."""

    def folder_of(self, prefix: str) -> Path | None:
        """The folder on this host's disk where the files of a prefix lie; None where there is none."""
