"""The formats that an import can read; the app that owns a format registers it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from consilium.jobs.handle import JobHandle
from consilium.people.models import Study
from curation.imports.deidentify import RefusedItem
from curation.imports.uploads import Received
from curation.models import Import, Source

AUTO: Final = "auto"
FILES: Final = "files"


@dataclass(frozen=True, slots=True)
class ImportWork:
    """What a format is given: the files that came, in a private folder, and where they belong.

    `folders`: the files came with theirs. Without `handle` and `batch` nothing may be stored (a dry run).
    """

    study: Study
    source: Source | None
    received: Sequence[Received]
    folder: Path
    folders: bool = False
    batch: Import | None = None
    handle: JobHandle | None = None

    def told(self, note: str) -> Callable[[int, int], None]:
        """`done(files through, files in all)`, which may raise to stop."""

        def done(through: int, total: int) -> None:
            if self.handle is not None:
                self.handle.progress(through, total, note.format(done=through, total=total))

        return done


@dataclass(slots=True)
class Taken:
    """What a format did, or would do: items taken in, items that were there already, items refused.

    `by_name`: paths that an upload without folders could only match by their file names.
    """

    accepted: int = 0
    duplicates: int = 0
    refused: list[RefusedItem] = field(default_factory=list)
    by_name: int = 0


def _never(names: Sequence[str]) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class ImportFormat:
    """One format. `take_in` stores each item whole or not at all, and may be repeated.

    `recognises(names)`: whether files of these names are surely of this format. `needs_source`: what it
    brings belongs to a source of the study.
    """

    name: str
    label: str
    meaning: str
    take_in: Callable[[ImportWork], Taken]
    recognises: Callable[[Sequence[str]], bool] = _never
    needs_source: bool = True


_formats: dict[str, ImportFormat] = {}


def register(made: ImportFormat) -> None:
    """Make a format known; another one under the same name is a programming error."""
    if _formats.setdefault(made.name, made) != made:
        raise ValueError(f"Two formats are named {made.name}.")


def known() -> list[ImportFormat]:
    """All formats in the order of registration."""
    return list(_formats.values())


def format_of(name: str, files: Sequence[str]) -> ImportFormat:
    """The format of a name; for AUTO the one that recognises the files, else FILES. Raises LookupError."""
    if name != AUTO:
        return _formats[name]
    return next((found for found in _formats.values() if found.recognises(files)), _formats[FILES])
