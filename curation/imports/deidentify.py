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
    """One rebuilt image. Its files lie in a scratch folder while its batch is gone through: `keep_files`."""

    name: str
    place: str
    files: Rebuilt
    facts: Facts
    pixel_sha256: str
    source_sha256: str
    frame_blobs: tuple[str, ...]
    model_blobs: tuple[str, ...]
    thumbnail_blob: str

    @property
    def blobs(self) -> list[str]:
        """Digests of all its files."""
        return [*self.frame_blobs, *self.model_blobs, self.thumbnail_blob]

    def keep_files(self) -> None:
        """Put its files into the store: only those of an image that is taken in ever get there."""
        for frame in self.files.frames:
            put_file(self.files.folder / frame.name, "application/octet-stream")
        for png in (self.files.thumb, *self.files.models):
            put_file(self.files.folder / png.name, "image/png")

    def stored_facts(self) -> dict[str, Any]:
        """What the image row keeps besides its columns."""
        return {name: value for name, value in asdict(self.facts).items() if name not in _ELSEWHERE}


@dataclass(frozen=True, slots=True)
class RefusedItem:
    """An item that was not taken in: its name for the importer, its place for the record, and why."""

    item: str
    reason: str
    place: str


def file_place(file: Received) -> str:
    """Which file of its import it was, without its name."""
    return f"file {int(file.stored) + 1}"


def rebuild_all(
    files: Sequence[Received], folder: Path, *, key: bytes, done: Callable[[int], None]
) -> Iterator[RebuiltImage | RefusedItem]:
    """Yield one outcome per file, in order; `done` hears how many are through and may raise to stop.

    Nothing is put into the store here. Scratch files lie inside `folder` and are removed.
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
                yield _outcome(file, outcome)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    done(len(files))


def walls_signed_away() -> tuple[Wall, ...]:
    """The walls of the decoder without which the operator lets it work."""
    return tuple(Wall(word) for word in settings.DECODE_WITHOUT)


def _outcome(file: Received, outcome: Rebuilt | NotRebuilt) -> RebuiltImage | RefusedItem:
    if isinstance(outcome, NotRebuilt):
        return RefusedItem(file.name, outcome.message, file_place(file))
    return RebuiltImage(
        name=file.name,
        place=file_place(file),
        files=outcome,
        facts=outcome.facts,
        pixel_sha256=outcome.pixel_sha256,
        source_sha256=outcome.source_sha256,
        frame_blobs=tuple(frame.sha256 for frame in outcome.frames),
        model_blobs=tuple(model.sha256 for model in outcome.models),
        thumbnail_blob=outcome.thumb.sha256,
    )
