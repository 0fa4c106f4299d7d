"""Puts damaged contents back from a backup, one by one, while the site runs."""

from dataclasses import dataclass
from pathlib import Path

from consilium.backups.archive import archive_for_reading
from consilium.backups.manifest import BackupUnusable, object_path
from consilium.blobs.scrub import damages, mend


@dataclass(frozen=True, slots=True)
class Mended:
    """The backup that was read, and the digests that are whole again and that it could not give."""

    backup: str
    mended: list[str]
    lacking: list[str]


def mend_from(source: Path) -> Mended:
    """Put every damaged content back that the backup holds whole. Raises BackupUnusable, StoreAway."""
    done: list[str] = []
    lacking: list[str] = []
    with archive_for_reading(source) as (archive, name):
        for damage in damages():
            try:
                with archive.open(object_path(damage.sha256)) as content:
                    is_whole = mend(damage.sha256, content)
            except BackupUnusable:
                is_whole = False
            (done if is_whole else lacking).append(damage.sha256)
    return Mended(name, done, lacking)
