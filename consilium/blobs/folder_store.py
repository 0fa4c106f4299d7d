"""Files in a folder: of one host, or of a disk that all hosts mount. Pure: no Django."""

import hashlib
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Final

from consilium.atomic_folder import remove_folder, sync
from consilium.blobs.blob_store import ContentDiffers, StoredFile

TEMPORARY: Final = ".new-"


class FolderStore:
    """See BlobStore: a key is a path under `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, key: str, chunks: Iterable[bytes], sha256: str = "") -> int:
        """See BlobStore: temporary file, fsync, rename, fsync of the folder."""
        target, digest, size = self.root / key, hashlib.sha256(), 0
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=TEMPORARY)
        try:
            with os.fdopen(handle, "wb") as out:
                for chunk in chunks:
                    digest.update(chunk)
                    size += out.write(chunk)
                out.flush()
                os.fsync(out.fileno())
            if sha256 and digest.hexdigest() != sha256:
                raise ContentDiffers
            Path(temporary).replace(target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        sync(target.parent)
        return size

    def open(self, key: str) -> BinaryIO:
        """See BlobStore."""
        return (self.root / key).open("rb")

    def size(self, key: str) -> int | None:
        """See BlobStore."""
        try:
            return (self.root / key).stat().st_size
        except FileNotFoundError:
            return None

    def delete(self, keys: Sequence[str]) -> None:
        """See BlobStore: gone from the disk, not only from the kernel's memory."""
        paths = [self.root / key for key in keys]
        for path in paths:
            path.unlink(missing_ok=True)
        for folder in {path.parent for path in paths if path.parent.exists()}:
            sync(folder)

    def delete_tree(self, prefix: str) -> None:
        """See BlobStore: gone at once under its name."""
        remove_folder(self.root / prefix)

    def move(self, key: str, to: str) -> bool:
        """See BlobStore."""
        source, target = self.root / key, self.root / to
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            source.replace(target)
        except FileNotFoundError:
            return False
        sync(target.parent)
        sync(source.parent)
        return True

    def files(self, prefix: str) -> Iterator[StoredFile]:
        """See BlobStore; names that begin with a dot are drafts."""
        for path in (self.root / prefix).rglob("*"):
            inside = path.relative_to(self.root)
            if any(part.startswith(".") for part in inside.parts):
                continue
            try:
                found = path.lstat()
            except FileNotFoundError:  # its owner was faster
                continue
            if stat.S_ISREG(found.st_mode):
                yield StoredFile(inside.as_posix(), found.st_size, found.st_mtime)

    def delete_drafts(self, prefix: str, before: float) -> None:
        """See BlobStore."""
        for path in (self.root / prefix).rglob(f"{TEMPORARY}*"):
            try:
                is_old = path.stat().st_mtime <= before
            except FileNotFoundError:
                continue
            if is_old:
                path.unlink(missing_ok=True)

    def folder_of(self, prefix: str) -> Path | None:
        """See BlobStore."""
        return self.root / prefix
