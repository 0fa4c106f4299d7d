"""De-identifies uploaded images: each is rebuilt from an allow-list in a confined child (`curation.imaging`).

Here files go in batch by batch and what was rebuilt is kept; `imaging.dicom` decides which facts of a DICOM
may stay, `imaging.identity` what becomes of who the patient is.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from django.conf import settings

from consilium.blobs.store import put_file
from curation.imaging.protocol import Facts, NotRebuilt, Rebuilt
from curation.imaging.sandbox import rebuild
from curation.imaging.walls import Wall
from curation.imports.uploads import Received

BATCH: Final = 16
_ELSEWHERE: Final = frozenset(
    {
        "kind",
        "rows",
        "columns",
        "frames",
        "modality",
        "body_part",
        "perceptual_hash",
        "patient_key",
        "fingerprints",
    }
)


@dataclass(frozen=True, slots=True)
class RebuiltImage:
    """One rebuilt image, its files already in the store (unless it was only looked at)."""

    name: str
    facts: Facts
    pixel_sha256: str
    source_sha256: str
    frame_blobs: tuple[str, ...]
    model_blobs: tuple[str, ...]
    thumbnail_blob: str

    def stored_facts(self) -> dict[str, Any]:
        """What the image row keeps besides its columns."""
        return {name: value for name, value in asdict(self.facts).items() if name not in _ELSEWHERE}


@dataclass(frozen=True, slots=True)
class RefusedItem:
    """An item that was not taken in: its name for the importer, and why."""

    item: str
    reason: str


def rebuild_all(
    files: Sequence[Received], folder: Path, *, key: bytes, keep: bool, done: Callable[[int], None]
) -> Iterator[RebuiltImage | RefusedItem]:
    """Yield one outcome per file, in order; `done` hears how many are through and may raise to stop.

    With `keep` False nothing is put into the store. Scratch files lie inside `folder` and are removed.
    Raises WallsMissing, before the first byte is decoded.
    """
    for start in range(0, len(files), BATCH):
        batch = files[start : start + BATCH]
        done(start)
        scratch = Path(tempfile.mkdtemp(dir=folder, prefix="rebuilt-"))
        try:
            stored = [folder / file.stored for file in batch]
            outcomes = rebuild(stored, scratch, key=key, without=walls_signed_away())
            for file, outcome in zip(batch, outcomes, strict=True):
                yield _taken(file.name, outcome, keep=keep)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    done(len(files))


def walls_signed_away() -> tuple[Wall, ...]:
    """The walls of the decoder without which the operator lets it work."""
    return tuple(Wall(word) for word in settings.DECODE_WITHOUT)


def _taken(name: str, outcome: Rebuilt | NotRebuilt, *, keep: bool) -> RebuiltImage | RefusedItem:
    if isinstance(outcome, NotRebuilt):
        return RefusedItem(name, outcome.message)
    pngs = (outcome.thumb, *outcome.models)
    if keep:
        for frame in outcome.frames:
            put_file(outcome.folder / frame.name, "application/octet-stream")
        for png in pngs:
            put_file(outcome.folder / png.name, "image/png")
    return RebuiltImage(
        name=name,
        facts=outcome.facts,
        pixel_sha256=outcome.pixel_sha256,
        source_sha256=outcome.source_sha256,
        frame_blobs=tuple(frame.sha256 for frame in outcome.frames),
        model_blobs=tuple(model.sha256 for model in outcome.models),
        thumbnail_blob=outcome.thumb.sha256,
    )
