"""How much room the disk of the data folder has, and what stops before votes do."""

import shutil
from dataclasses import dataclass

from django.conf import settings

from consilium.refusals import Refused

LOW_SHARE, SHORT_SHARE = 0.10, 0.05
LEAST_BYTES = 256 << 20
GIBIBYTE = 1 << 30


class DiskShort(Refused):
    """What takes much room waits until there is some; votes are small and go on."""

    status = 507


@dataclass(frozen=True, slots=True)
class DiskSpace:
    """Bytes of a disk: those that this user may still fill, and all."""

    free: int
    total: int

    @property
    def share(self) -> float:
        """The part that is free, 0 to 1."""
        return self.free / self.total if self.total else 0.0

    @property
    def is_low(self) -> bool:
        """Leads and operators are told."""
        return self.share < LOW_SHARE

    @property
    def is_short(self) -> bool:
        """Uploads and exports are refused."""
        return self.share < SHORT_SHARE

    @property
    def is_full(self) -> bool:
        """No process starts: the database itself needs room to write."""
        return self.free < LEAST_BYTES

    def __str__(self) -> str:
        return f"{self.share:.0%} ({self.free / GIBIBYTE:.1f} GiB)"


def disk_space() -> DiskSpace:
    """Of the disk that holds the data folder."""
    found = shutil.disk_usage(settings.CONSILIUM_HOME)
    return DiskSpace(found.free, found.total)


def check_disk_space() -> None:
    """Raise DiskShort where uploads and exports must stop, so that votes can go on."""
    space = disk_space()
    if space.is_short:
        raise DiskShort(
            f"The server's disk is nearly full: {space} is free, and uploads and exports stop at "
            f"{SHORT_SHARE:.0%}. Nothing was stored. Ask the operator to free space; votes are still taken."
        )
