"""What parent and child say to each other, and the checks the parent makes before it believes any of it.

Standard library only: the parent process imports this module and never an image decoder.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from curation.imaging.vocabulary import (
    BODY_PARTS,
    DECODER_NAMES,
    LATERALITIES,
    MODALITIES,
    PRESET_NAMES,
    VIEWS,
    PixelKind,
    RefusalCode,
    ReviewReason,
    SpacingMeaning,
)
from curation.imaging.walls import Wall

MIB: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class RebuildLimits:
    """Ceilings of one rebuild. The first block binds each child process, the second each file."""

    memory_bytes: int = 1024 * MIB
    cpu_seconds: int = 20
    wall_seconds: float = 30.0
    written_file_bytes: int = 256 * MIB
    open_files: int = 192
    batch_frames: int = 128
    batch_samples: int = 128 * MIB
    answer_bytes: int = 8 * MIB
    produced_bytes: int = 1024 * MIB

    source_bytes: int = 2048 * MIB
    frames: int = 5000
    frame_pixels: int = 64_000_000
    total_samples: int = 4096 * MIB
    model_frames: int = 9
    model_edge: int = 1024
    thumb_edge: int = 192


DEFAULT: Final = RebuildLimits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A DICOM LINEAR window (PS3.3 C.11.2.1.2) in the unit of slope x stored + intercept."""

    center: float
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A window with its name from the closed list."""

    name: str
    center: float
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Produced:
    """One file the child wrote: name inside the image's folder, SHA-256 and size in bytes."""

    name: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that is kept of a source besides its pixels: numbers, enumerations and keyed hashes.

    A grey sample means `slope * int16 + intercept`; `inverted` says that low values are shown bright.
    `spacing` is (row, column); `aspect` is the height of a pixel over its width. `position` orders the files
    of one series. `age_years` is below 90 or None. Keys and fingerprints are HMAC-SHA256 prefixes under the
    caller's key.
    """

    kind: PixelKind
    rows: int
    columns: int
    frames: int
    slope: float
    intercept: float
    inverted: bool
    window: Window
    presets: tuple[Preset, ...]
    spacing: tuple[float, float] | None
    spacing_meaning: SpacingMeaning
    aspect: float
    orientation: str
    modality: str
    body_part: str
    laterality: str
    view: str
    needs_pixel_review: bool
    review_reason: ReviewReason
    perceptual_hash: str
    patient_key: str | None
    series_key: str | None
    position: float
    age_years: int | None
    fingerprints: tuple[str, ...]
    decoder: str
    decoder_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """One source rebuilt: `folder` holds the frames, thumb.png, model-NNNN.png and report.json.

    `pixel_sha256` is the SHA-256 over shape and per-frame digests of the decoded samples: equal pixels, equal
    hash, whatever the container was.
    """

    file_index: int
    folder: Path
    facts: Facts
    frames: tuple[Produced, ...]
    thumb: Produced
    models: tuple[Produced, ...]
    pixel_sha256: str
    source_sha256: str

    def report(self) -> dict[str, Any]:
        """Return the content of report.json: everything but where it lies and what number it had."""
        shown = asdict(self)
        return {name: value for name, value in shown.items() if name not in {"file_index", "folder"}}


@dataclass(frozen=True, slots=True, kw_only=True)
class NotRebuilt:
    """A file that was not rebuilt: `message` is for people and holds neither its path nor its content."""

    file_index: int
    code: RefusalCode
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Frames `first` <= i < `until` of one file as reported; the first part brings the facts."""

    file_index: int
    first: int
    until: int
    facts: Facts | None
    files: tuple[Produced, ...]
    digests: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A file of one image whose bytes come next; it counts once a part names it."""

    file_index: int
    file: Produced


class BadAnswerError(ValueError):
    """The child said something outside the protocol."""


_HEX64: Final = re.compile(r"[0-9a-f]{64}")
_HEX32: Final = re.compile(r"[0-9a-f]{32}")
_HEX16: Final = re.compile(r"[0-9a-f]{16}")
_VERSION: Final = re.compile(r"[0-9][0-9a-z.+]{0,30}")
_ORIENTATION: Final = re.compile(r"([LRAPHF]{4})?")
_NAME: Final = re.compile(r"frame-[0-9]{4}\.bin|model-[0-9]{4}\.png|thumb\.png")
_MESSAGE: Final = re.compile(r"[A-Za-z0-9 .,;:()'/x+-]{1,240}")

Check = Callable[[Any], bool]


def _whole(low: int, high: int) -> Check:
    return lambda value: type(value) is int and low <= value <= high


def _number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def _one_of(values: frozenset[str]) -> Check:
    return lambda value: isinstance(value, str) and value in values


def _matches(pattern: re.Pattern[str]) -> Check:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def _maybe(check: Check) -> Check:
    return lambda value: value is None or check(value)


def _list_of(check: Check, most: int) -> Check:
    return lambda value: isinstance(value, list) and len(value) <= most and all(map(check, value))


def _truth(value: Any) -> bool:
    return isinstance(value, bool)


def _spacing(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(_number(x) and 0 < x <= 1e5 for x in value)


def _object(checks: Mapping[str, Check]) -> Check:
    return lambda value: (
        isinstance(value, dict)
        and value.keys() == checks.keys()
        and all(checks[k](v) for k, v in value.items())
    )


def _width(value: Any) -> bool:
    return _number(value) and value >= 1


_FACTS: Final[dict[str, Check]] = {
    "kind": _one_of(frozenset(PixelKind)),
    "rows": _whole(1, 65535),
    "columns": _whole(1, 65535),
    "frames": _whole(1, 9999),
    "slope": lambda value: _number(value) and value != 0,
    "intercept": _number,
    "inverted": _truth,
    "window": _object({"center": _number, "width": _width}),
    "presets": _list_of(_object({"name": _one_of(PRESET_NAMES), "center": _number, "width": _width}), 8),
    "spacing": _maybe(_spacing),
    "spacing_meaning": _one_of(frozenset(SpacingMeaning)),
    "aspect": lambda value: _number(value) and 0.01 <= value <= 100,
    "orientation": _matches(_ORIENTATION),
    "modality": _one_of(MODALITIES),
    "body_part": _one_of(BODY_PARTS | {""}),
    "laterality": _one_of(LATERALITIES | {""}),
    "view": _one_of(VIEWS | {""}),
    "needs_pixel_review": _truth,
    "review_reason": _one_of(frozenset(ReviewReason)),
    "perceptual_hash": _matches(_HEX16),
    "patient_key": _maybe(_matches(_HEX32)),
    "series_key": _maybe(_matches(_HEX32)),
    "position": _number,
    "age_years": _maybe(_whole(0, 89)),
    "fingerprints": _list_of(_matches(_HEX16), 2000),
    "decoder": _one_of(DECODER_NAMES),
    "decoder_version": _matches(_VERSION),
}
_PRODUCED: Final[dict[str, Check]] = {
    "name": _matches(_NAME),
    "sha256": _matches(_HEX64),
    "size": _whole(1, 1 << 32),
}
_PART: Final[dict[str, Check]] = {
    "file_index": _whole(0, 1 << 31),
    "first": _whole(0, 9999),
    "until": _whole(1, 9999),
    "facts": _maybe(_object(_FACTS)),
    "files": _list_of(_object(_PRODUCED), 20_000),
    "digests": _list_of(_matches(_HEX64), 10_000),
}
_MADE: Final[dict[str, Check]] = {"file_index": _whole(0, 1 << 31), "file": _object(_PRODUCED)}
_WALLS: Final[dict[str, Check]] = {"walls": _list_of(_one_of(frozenset(Wall)), len(Wall))}
_REFUSAL: Final[dict[str, Check]] = {
    "file_index": _whole(0, 1 << 31),
    "code": _one_of(frozenset(RefusalCode)),
    "message": _matches(_MESSAGE),
}


def _require(checks: Mapping[str, Check], value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or value.keys() != checks.keys():
        raise BadAnswerError("unexpected fields")
    for name, check in checks.items():
        if not check(value[name]):
            raise BadAnswerError(f"field {name} is out of bounds")
    return value


def _parsed(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadAnswerError("not an answer") from error


def parse_facts(value: Any) -> Facts:
    """Return typed facts, or raise BadAnswerError naming the first field outside the schema."""
    data = dict(_require(_FACTS, value))
    data |= {
        "kind": PixelKind(data["kind"]),
        "spacing_meaning": SpacingMeaning(data["spacing_meaning"]),
        "review_reason": ReviewReason(data["review_reason"]),
        "window": Window(**data["window"]),
        "presets": tuple(Preset(**preset) for preset in data["presets"]),
        "spacing": tuple(data["spacing"]) if data["spacing"] else None,
        "fingerprints": tuple(data["fingerprints"]),
    }
    return Facts(**data)


def parse_walls(line: bytes) -> frozenset[Wall]:
    """Return the walls that the first line of the child's answer names, or raise BadAnswerError."""
    return frozenset(Wall(word) for word in _require(_WALLS, _parsed(line))["walls"])


def parse_event(line: bytes) -> Part | Made | NotRebuilt:
    """Return a further line of the child's answer as a typed object, or raise BadAnswerError."""
    value = _parsed(line)
    if isinstance(value, dict) and "code" in value:
        data = _require(_REFUSAL, value)
        return NotRebuilt(**(data | {"code": RefusalCode(data["code"])}))
    if isinstance(value, dict) and "file" in value:
        data = _require(_MADE, value)
        return Made(file_index=data["file_index"], file=Produced(**data["file"]))
    data = dict(_require(_PART, value))
    if not data["first"] < data["until"] or len(data["digests"]) != data["until"] - data["first"]:
        raise BadAnswerError("frame range and digests disagree")
    if (data["facts"] is None) != (data["first"] > 0):
        raise BadAnswerError("facts belong to the first part")
    data["facts"] = parse_facts(data["facts"]) if data["facts"] is not None else None
    data |= {"files": tuple(Produced(**entry) for entry in data["files"]), "digests": tuple(data["digests"])}
    return Part(**data)
