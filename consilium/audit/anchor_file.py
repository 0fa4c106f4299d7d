"""The file of anchors: one JSON object per line, signed, each holding the signature of the line before it.

Lines are only ever appended, so a second place holds the same bytes or the beginning of them. Taking a line
out of the middle breaks the link of the next one; taking lines off the end is seen by the other place. No
Django.
"""

import fcntl
import hashlib
import hmac
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

from consilium.atomic_folder import sync
from consilium.canonical_json import canonical_json
from consilium.keys import RECORD, key_id

NAME = "anchors.jsonl"
TAIL = 1 << 16
BLOCK = 1 << 20
FIELDS: dict[str, type] = {
    "chain": str,
    "sequence": int,
    "sha256": str,
    "count": int,
    "at": str,
    "cause": str,
}


class SecondPlaceMissed(Exception):
    """The second place cannot be written, or does not hold the beginning of the first; the first has all."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where a chain ended: the number, hash and count of its events, when (ISO 8601, UTC) and why."""

    chain: str
    sequence: int
    sha256: str
    count: int
    at: str
    cause: str


@dataclass(frozen=True, slots=True)
class SignedAnchor:
    """One line of a file: the anchor, whether it follows the line before, and what its signature says.

    `is_genuine` is None where another record key signed it.
    """

    anchor: Anchor
    signature: str
    follows: bool
    is_genuine: bool | None


def append(folder: Path, anchors: Sequence[Anchor], key: str, second: Path | None) -> None:
    """Sign and append anchors (there may be none), then append to the second place what it lacks.

    They are on the disk when this returns; safe with several processes and hosts. Raises OSError when the
    first place cannot be written, SecondPlaceMissed when only the second cannot.
    """
    with _held(folder) as file:
        previous, is_torn = _end_of(file)
        lines = [b"\n"] if is_torn else []
        for anchor in anchors:
            line, previous = _signed(anchor, previous, key)
            lines.append(line)
        if anchors:
            _write(file, b"".join(lines))
        if second is not None:
            try:
                _copy(file, second)
            except OSError as problem:
                raise SecondPlaceMissed(type(problem).__name__) from problem


def read_places(folder: Path, second: Path | None, key: str) -> list[list[SignedAnchor]]:
    """The anchors of the first place and, where there is one, of the second, as they stood at one moment."""
    first_file = folder / NAME
    if not first_file.exists():
        return [[], *([_read(second, key)] if second else [])]
    with first_file.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        return [_read(place, key) for place in (folder, second) if place is not None]


def _read(folder: Path, key: str) -> list[SignedAnchor]:
    path = folder / NAME
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return []
    found, previous, own = [], "", key_id(RECORD, key)
    for line in content.split(b"\n"):
        fields = _parsed(line)
        if fields is None:  # torn by a crash: if it was a line that counted, the next one does not follow
            continue
        signature = fields.pop("hmac")
        is_genuine = hmac.compare_digest(signature, _hmac(fields, key)) if fields["key"] == own else None
        anchor = Anchor(**{name: fields[name] for name in FIELDS})
        found.append(SignedAnchor(anchor, signature, fields["previous"] == previous, is_genuine))
        previous = signature
    return found


@contextmanager
def _held(folder: Path) -> Iterator[BinaryIO]:
    """The file of this place, to append to and to read, held against all other writers."""
    path = folder / NAME
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    is_new = not path.exists()
    handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(handle, "r+b", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if is_new:
            sync(folder)
        yield file


def _end_of(file: BinaryIO) -> tuple[str, bool]:
    """The signature of the last whole line, and whether a torn one stands behind it."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - TAIL))
    tail = _take(file, TAIL)
    for line in reversed(tail.split(b"\n")):
        if (fields := _parsed(line)) is not None:
            return str(fields["hmac"]), not tail.endswith(b"\n")
    return "", bool(tail) and not tail.endswith(b"\n")


def _copy(file: BinaryIO, second: Path) -> None:
    with _held(second) as other:
        has, size = other.seek(0, os.SEEK_END), file.seek(0, os.SEEK_END)
        start = max(0, has - TAIL)
        file.seek(start)
        other.seek(start)
        if has > size or _take(file, has - start) != _take(other, has - start):
            raise SecondPlaceMissed("it does not hold the beginning of the first")
        while block := _take(file, BLOCK):
            _write(other, block)


def _take(file: BinaryIO, most: int) -> bytes:
    """As many bytes as there are, up to `most`: an unbuffered read may bring fewer."""
    taken = bytearray()
    while len(taken) < most and (piece := file.read(most - len(taken))):
        taken += piece
    return bytes(taken)


def _write(file: BinaryIO, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[file.write(left) :]
    os.fsync(file.fileno())


def _signed(anchor: Anchor, previous: str, key: str) -> tuple[bytes, str]:
    fields: dict[str, Any] = {**asdict(anchor), "key": key_id(RECORD, key), "previous": previous}
    signature = _hmac(fields, key)
    return canonical_json({**fields, "hmac": signature}) + b"\n", signature


def _hmac(fields: dict[str, Any], key: str) -> str:
    return hmac.new(key.encode(), b"consilium anchor\n" + canonical_json(fields), hashlib.sha256).hexdigest()


def _parsed(line: bytes) -> dict[str, Any] | None:
    """The fields of a whole line; None for anything else."""
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        return None
    expected = {**FIELDS, "key": str, "previous": str, "hmac": str}
    fits = isinstance(fields, dict) and all(type(fields.get(name)) is kind for name, kind in expected.items())
    return fields if fits else None
