"""Files in a bucket of an S3-compatible object store, so that hosts share no disk. Pure: no Django.

One object per file: the store shows an object whole or not at all. obstore signs each request together with
the SHA-256 of its body, repeats what may be repeated, and goes on where an answer was cut. Its errors hold
addresses and what the server said, keys among it, so nothing of them is passed on but the kind.
"""

import hashlib
import io
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, NoReturn, TypeVar

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from consilium.blobs.blob_store import ContentDiffers, StoreAway, StoredFile, StoreRefuses
from consilium.blobs.store_address import StoreAddress

if TYPE_CHECKING:
    from obstore.store import ClientConfig, S3Config

# One request brings or takes so much at most; S3 takes no smaller parts than this.
PIECE: Final = 5 << 20
PARTS_AT_ONCE: Final = 2
TRIES_AGAIN: Final = 3
CONNECT_SECONDS: Final = 2.0
# A part of a large file may take longer than a person waits for a page.
PART_SECONDS: Final = 60.0
# After a failure nobody asks again for so long: threads do not wait one after the other for the same thing.
PAUSE_SECONDS: Final = 2.0
_CODE: Final = re.compile(r"<Code>(\w{1,60})</Code>")
_REFUSALS: Final = {"NoSuchBucket", "InvalidAccessKeyId", "SignatureDoesNotMatch", "AccessDenied"}

Found = TypeVar("Found")


class ObjectStore:
    """See BlobStore. The connections are made at first use, in the process that uses them."""

    def __init__(self, address: StoreAddress) -> None:
        self.address = address
        self._made: dict[bool, S3Store] = {}
        self._pid = 0
        self._away_until = 0.0
        self._away_cause = ""

    def put(self, key: str, chunks: Iterable[bytes], sha256: str = "") -> int:
        """See BlobStore: a small file in one request, a large one in parts that become one object at last."""
        digest, size = hashlib.sha256(), 0

        def counted() -> Iterator[bytes]:
            nonlocal size
            for chunk in chunks:
                digest.update(chunk)
                size += len(chunk)
                yield chunk
            if sha256 and digest.hexdigest() != sha256:
                raise ContentDiffers

        pieces, first = counted(), b""
        for chunk in pieces:
            first += chunk
            if len(first) > PIECE:
                break
        else:
            self.write(key, first)
            return size
        whole = chain([first], pieces)
        self._ask(
            lambda s3: obstore.put(s3, key, whole, chunk_size=PIECE, max_concurrency=PARTS_AT_ONCE),
            is_patient=True,
        )
        return size

    def write(self, key: str, content: bytes) -> str:
        """Keep a small file; the version that the store gave it, where the bucket keeps versions."""
        made = self._ask(lambda s3: obstore.put(s3, key, content, use_multipart=False))
        version = made["version"]
        return "" if version in (None, "null") else str(version)

    def open(self, key: str) -> BinaryIO:
        """See BlobStore: what fits into one request is read at once, the rest as it is asked for."""
        found = self._ask(lambda s3: obstore.get(s3, key), key=key)
        size = found.meta["size"]
        if size <= PIECE:
            return io.BytesIO(self._ask(lambda _: bytes(found.bytes())))
        return io.BufferedReader(_Ranges(size, lambda start, end: self._range(key, start, end)), PIECE)

    def size(self, key: str) -> int | None:
        """See BlobStore."""
        try:
            return int(self._ask(lambda s3: obstore.head(s3, key)["size"], key=key))
        except FileNotFoundError:
            return None

    def delete(self, keys: Sequence[str]) -> None:
        """See BlobStore."""
        if keys:
            self._ask(lambda s3: obstore.delete(s3, list(keys)))

    def delete_tree(self, prefix: str) -> None:
        """See BlobStore."""
        self.delete([file.key for file in self.files(prefix)])

    def move(self, key: str, to: str) -> bool:
        """See BlobStore: copied by the store itself, then deleted; done again it ends the same."""
        try:
            self._ask(lambda s3: obstore.rename(s3, key, to))
        except FileNotFoundError:
            return False
        return True

    def files(self, prefix: str) -> Iterator[StoredFile]:
        """See BlobStore."""
        pages = self._ask(lambda s3: obstore.list(s3, prefix=prefix or None))
        while page := self._ask(lambda _: next(pages, None)):
            for found in page:
                yield StoredFile(found["path"], found["size"], found["last_modified"].timestamp())

    def delete_drafts(self, prefix: str, before: float) -> None:
        """See BlobStore: parts of what was never completed are no objects; a rule of the bucket ends them."""

    def folder_of(self, prefix: str) -> Path | None:
        """See BlobStore."""
        return None

    def _range(self, key: str, start: int, end: int) -> bytes:
        return self._ask(lambda s3: bytes(obstore.get_range(s3, key, start=start, end=end)), key=key)

    def _ask(self, act: Callable[[S3Store], Found], *, key: str = "", is_patient: bool = False) -> Found:
        """Do one thing with the store. Raises StoreAway, FileNotFoundError, and what `act` itself raises."""
        if time.monotonic() < self._away_until:
            raise StoreAway(self._away_cause)
        try:
            return act(self._connection(is_patient=is_patient))
        except FileNotFoundError as missing:
            code = _code(missing)
            if not code and key:  # a HEAD has no words: is it the object or the bucket that is missing?
                self._ask(lambda s3: next(obstore.list(s3, prefix=key), None))
            if code in _REFUSALS:
                self._fail(StoreRefuses(code))
            raise FileNotFoundError from None
        except BaseError as problem:
            code, kind = _code(problem), type(problem).__name__
        is_refusal = code in _REFUSALS or kind in ("PermissionDeniedError", "UnauthenticatedError")
        return self._fail((StoreRefuses if is_refusal else StoreAway)(code or kind))

    def _fail(self, away: StoreAway) -> NoReturn:
        pause = min(PAUSE_SECONDS, self.address.seconds / 2)
        self._away_until, self._away_cause = time.monotonic() + pause, away.cause
        raise away from None

    def _connection(self, *, is_patient: bool) -> S3Store:
        self._pid = self._pid or os.getpid()
        if self._pid != os.getpid():  # obstore's threads did not come along: a request would wait for ever
            raise RuntimeError("This process was forked from one that had used the object store.")
        if is_patient not in self._made:
            at, seconds = self.address, PART_SECONDS if is_patient else self.address.seconds / 2
            config: S3Config = {"region": at.region, "virtual_hosted_style_request": False}
            client: ClientConfig = {
                "allow_http": at.is_plain,
                "timeout": timedelta(seconds=seconds),
                "connect_timeout": timedelta(seconds=min(CONNECT_SECONDS, seconds)),
            }
            if at.endpoint:
                config["endpoint"] = at.endpoint
            if at.authority:
                client["root_certificate"] = at.authority
            self._made[is_patient] = S3Store(
                at.bucket,
                prefix=at.prefix or None,
                config=config,
                client_options=client,
                retry_config={"max_retries": TRIES_AGAIN, "retry_timeout": timedelta(seconds=seconds)},
            )
        return self._made[is_patient]


class _Ranges(io.RawIOBase):
    """An object read piece by piece."""

    def __init__(self, size: int, fetch: Callable[[int, int], bytes]) -> None:
        self._size, self._fetch, self._place = size, fetch, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._size}[whence]
        self._place = max(0, base + offset)
        return self._place

    def readinto(self, buffer: "memoryview", /) -> int:  # type: ignore[override]
        end = min(self._size, self._place + min(len(buffer), PIECE))
        if end <= self._place:
            return 0
        piece = self._fetch(self._place, end)
        buffer[: len(piece)] = piece
        self._place += len(piece)
        return len(piece)

    def readall(self) -> bytes:
        pieces = []
        while piece := self.read(PIECE):
            pieces.append(piece)
        return b"".join(pieces)


def _code(problem: BaseException) -> str:
    """The word by which S3 names an error; the rest of what it says may hold keys and is not kept."""
    found = _CODE.search(str(problem))
    return found[1] if found else ""
