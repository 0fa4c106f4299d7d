"""What the two processes of the gate say to each other, and what is checked before any of it is believed."""

import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from curation.imaging.protocol import BadAnswerError
from curation.text.rule import KINDS

MESSAGE_LENGTH: Final = 500
# So many digests are asked for or told at once, and so many files are handed over.
DIGESTS: Final = 2000
FILES: Final = 64
CLEAN: Final = re.compile(r"[0-9a-f]{32}")
PLACE: Final = re.compile(r"[0-9a-f]{64}|")


@dataclass(frozen=True, slots=True, kw_only=True)
class LookLimits:
    """What the process that looks may use: bytes, seconds of processor, open files while it loads."""

    memory_bytes: int
    cpu_seconds: int
    open_files: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GateLimits:
    """Ceilings of one look; times grow with the export, so that only a process that hangs meets them."""

    memory_bytes: int = 2 << 30
    open_files: int = 192
    silent_seconds: float = 120.0
    base_seconds: int = 300
    bytes_per_second: int = 100_000
    base_answer_bytes: int = 16 << 20

    def seconds_for(self, size: int) -> int:
        """Seconds for so many bytes of files, by the wall clock and of the processor."""
        return self.base_seconds + size // self.bytes_per_second

    def process_limits(self, size: int) -> LookLimits:
        """What the process that looks at so many bytes may use."""
        return LookLimits(
            memory_bytes=self.memory_bytes, cpu_seconds=self.seconds_for(size), open_files=self.open_files
        )

    def answer_bytes_for(self, size: int) -> int:
        """What may be said in all about so many bytes of files: two digests for 40 characters of text."""
        return self.base_answer_bytes + 4 * size


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the gate looks for, and what it is to let pass; of the site's secrets two keys of this study.

    `names`: accounts. `key`, `fingerprints`: identifiers of patients. `declared`: whole texts that people
    chose to print. `harmless_key`, `harmless`: places (`place_digest`) that leads declared harmless.
    `version`: of the patterns. `images`: path and SHA-256 of every file of the release; `usable`: pixels
    released after review. `in_print`: files in which declared texts stand among the words of the cards.
    """

    names: Collection[str] = ()
    key: bytes = b""
    fingerprints: Collection[str] = ()
    declared: Collection[str] = ()
    harmless_key: bytes = b""
    harmless: Collection[str] = ()
    version: str = "0"
    images: dict[str, str]
    usable: Collection[str] = ()
    in_print: Collection[str] = ()

    def to_json(self) -> dict[str, Any]:
        """As it goes through a pipe."""
        return {
            **{name: sorted(getattr(self, name)) for name in _LISTS},
            **{name: getattr(self, name).hex() for name in _KEYS},
            "version": self.version,
            "images": self.images,
        }

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> "Wanted":
        """What `to_json` made."""
        keys = {name: bytes.fromhex(told[name]) for name in _KEYS}
        return cls(**told | {name: frozenset(told[name]) for name in _LISTS} | keys)


_LISTS: Final = ("names", "fingerprints", "declared", "harmless", "usable", "in_print")
_KEYS: Final = ("key", "harmless_key")


class Record(Protocol):
    """Which texts the patterns have read before and found nothing in, by `clean_digest`."""

    def known(self, digests: Sequence[str]) -> Collection[str]:
        """Those of the digests that are remembered."""

    def remember(self, digests: Sequence[str]) -> None:
        """Remember these too."""


@dataclass(frozen=True, slots=True)
class Objection:
    """Why an export may not leave: for people, naming file or row, and rule.

    Of something that a pattern found, `kind` (a key of KINDS) and `digest` (`place_digest`).
    """

    message: str
    kind: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True)
class FilesAsked:
    """The child asks for the next files."""


@dataclass(frozen=True, slots=True)
class CleanAsked:
    """The child asks which of these digests are known."""

    digests: list[str]


@dataclass(frozen=True, slots=True)
class ReadTold:
    """The child read these texts and found nothing in them."""

    digests: list[str]


@dataclass(frozen=True, slots=True)
class LookEnded:
    """The end: what is objected, or nothing."""

    objection: Objection | None


Said = FilesAsked | CleanAsked | ReadTold | LookEnded


def parse_said(line: bytes) -> Said:
    """A line of the child as a typed object. Raises BadAnswerError."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadAnswerError("not an answer") from error
    match value:
        case {"ask": "files", **rest} if not rest:
            return FilesAsked()
        case {"ask": "clean", "digests": list(digests), **rest} if not rest and _are_digests(digests):
            return CleanAsked(digests)
        case {"read": list(digests), **rest} if not rest and _are_digests(digests):
            return ReadTold(digests)
        case {"passed": True, **rest} if not rest:
            return LookEnded(None)
        case {"refused": str(message), "kind": str(kind), "digest": str(digest), **rest} if (
            not rest
            and 0 < len(message) <= MESSAGE_LENGTH
            and message.isprintable()
            and (not kind or kind in KINDS)
            and PLACE.fullmatch(digest)
            and bool(kind) == bool(digest)
        ):
            return LookEnded(Objection(message, kind, digest))
    raise BadAnswerError("not an answer")


def _are_digests(values: list[Any]) -> bool:
    return len(values) <= DIGESTS and all(isinstance(each, str) and CLEAN.fullmatch(each) for each in values)
