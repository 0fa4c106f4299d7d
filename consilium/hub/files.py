"""What a folder that leaves for the Hub holds, and whether a repository holds the same. Pure: no Django.

Git names a small file by the SHA-1 of its blob, a large one by its SHA-256: one reading computes both.
"""

import hashlib
import re
import stat
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from consilium.canonical_json import canonical_sha256
from consilium.refusals import Refused

NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*")
MOST_FILES: Final = 20_000
# The Hub's own file about large files; it makes it with the repository and keeps it.
OF_THE_HUB: Final = frozenset({".gitattributes"})
TOKEN: Final = re.compile(rb"hf_[A-Za-z0-9]{30,}")
_CHUNK: Final = 1 << 20
_OVERLAP: Final = 256


class FolderRefused(Refused):
    """A folder that may not leave; the text names the file, by its name inside the folder."""


@dataclass(frozen=True, slots=True)
class LocalFile:
    """One file of the folder: path inside it, bytes, and how git and large-file storage name its content."""

    path: str
    size: int
    sha256: str
    blob: str


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """One file of a repository at a commit; `sha256` is empty for a small one."""

    path: str
    size: int
    blob: str
    sha256: str

    def is_same(self, local: LocalFile) -> bool:
        """Whether it has the local file's content."""
        name = self.sha256 == local.sha256 if self.sha256 else self.blob == local.blob
        return self.size == local.size and name

    def to_json(self) -> dict[str, Any]:
        """As the client's process sends it."""
        return asdict(self)


def read_folder_files(folder: Path, kinds: Collection[str]) -> list[LocalFile]:
    """All files in order of path, hashed (a second per 500 MB). Raises FolderRefused, OSError.

    `kinds`: the endings that are known. A link, an odd name, another kind of file or anything in it that
    looks like an access token is refused.
    """
    found = []
    for path in sorted(folder.rglob("*")):
        mode = path.lstat().st_mode
        if stat.S_ISDIR(mode):
            continue
        name = path.relative_to(folder).as_posix()
        if not stat.S_ISREG(mode):
            raise FolderRefused(f"File {name}: it is a link or no plain file, so nothing leaves.")
        if not NAME.fullmatch(name) or ".." in name:
            raise FolderRefused(f"File {name!r}: its name holds characters that are not passed on.")
        if path.suffix not in kinds:
            raise FolderRefused(f"File {name}: it is of no kind that is known here, so nothing leaves.")
        file, holds_token = _read(name, path)
        if holds_token:
            raise FolderRefused(f"File {name}: it holds what looks like an access token.")
        found.append(file)
        if len(found) > MOST_FILES:
            raise FolderRefused(f"The folder holds more than {MOST_FILES:,} files.")
    if not found:
        raise FolderRefused("The folder holds no file.")
    return found


def has_content(path: Path, remote: RemoteFile) -> bool:
    """Whether a file of this host is there and has the content of the remote one."""
    return (
        path.is_file() and path.stat().st_size == remote.size and remote.is_same(_read(remote.path, path)[0])
    )


def differences(local: Iterable[LocalFile], remote: Iterable[RemoteFile]) -> list[str]:
    """The paths in which a repository is not the folder; the Hub's own files do not count."""
    there = {file.path: file for file in remote if file.path not in OF_THE_HUB}
    here = {file.path: file for file in local}
    changed = [path for path, file in here.items() if path not in there or not there[path].is_same(file)]
    return sorted({*changed, *(there.keys() - here.keys())})


def listing_sha256(remote: Iterable[RemoteFile]) -> str:
    """One digest over paths, sizes and content names of a repository's files."""
    files = (file for file in remote if file.path not in OF_THE_HUB)
    return canonical_sha256(sorted([file.path, file.size, file.sha256 or file.blob] for file in files))


def _read(name: str, path: Path) -> tuple[LocalFile, bool]:
    """The file, and whether it holds what looks like an access token."""
    size = path.stat().st_size
    sha256 = hashlib.sha256()
    blob = hashlib.sha1(f"blob {size}\0".encode(), usedforsecurity=False)
    read, tail, holds_token = 0, b"", False
    with path.open("rb") as handle:
        while chunk := handle.read(_CHUNK):
            sha256.update(chunk)
            blob.update(chunk)
            read += len(chunk)
            holds_token = holds_token or bool(TOKEN.search(tail + chunk))
            tail = chunk[-_OVERLAP:]
    if read != size:
        raise FolderRefused(f"File {name}: it changed while it was read.")
    return LocalFile(name, size, sha256.hexdigest(), blob.hexdigest()), holds_token
