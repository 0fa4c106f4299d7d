"""The walls around the process that decodes uploads, and what is said when one of them does not stand.

Pure: standard library and the kernel's word for a refusal.
"""

from collections.abc import Collection
from enum import StrEnum
from typing import Final

from consilium.refusals import Refused

SETTING: Final = "CONSILIUM_DECODE_WITHOUT"


class Wall(StrEnum):
    """What the process that decodes an upload is kept from; the values are the words of SETTING."""

    NETWORK = "network"
    FILES = "files"
    CALLS = "calls"


_STANDS: Final = {
    Wall.NETWORK: "Network: cut off. The decoder of uploads can open no connection.",
    Wall.FILES: "Files: closed. The decoder of uploads can open no file of this machine.",
    Wall.CALLS: "System calls: filtered. The decoder of uploads can start no program and touch no other.",
}
_MISSING: Final = {
    Wall.NETWORK: "Network: NOT cut off. A hostile upload could open connections.",
    Wall.FILES: "Files: NOT closed. A hostile upload could read the secret key and the database.",
    Wall.CALLS: "System calls: NOT filtered. A hostile upload could start programs and look into others.",
}
WHAT_TO_DO: Final = (
    "Let the worker install seccomp filters (Linux on x86_64 or aarch64; Docker's default profile allows "
    "it), or sign for what is missing with {setting} (docs/configuration.md)."
)


DECODER: Final = "Images are not decoded on this server: the process that would decode them"


class WallsMissing(Refused):
    """Nothing is done: walls are missing for which no operator has signed (`missing`).

    `undone`: what is not done, and whose walls they are.
    """

    status = 503

    def __init__(self, missing: Collection[Wall], undone: str = DECODER) -> None:
        self.missing = tuple(wall for wall in Wall if wall in missing)
        super().__init__(
            f"{undone} is not walled off from {_listed(self.missing)}. Nothing was lost. "
            f"What the operator can do: {what_to_do(self.missing)}"
        )


def missing_walls(standing: Collection[Wall], *, without: Collection[Wall]) -> tuple[Wall, ...]:
    """Return the walls that neither stand nor are signed away (`without`)."""
    return tuple(wall for wall in Wall if wall not in standing and wall not in without)


def described(standing: Collection[Wall], *, without: Collection[Wall]) -> list[str]:
    """Return one sentence or two on each wall, for operators: whether it stands, who answers if not."""
    signed = dict.fromkeys(without, f" The operator signed for it ({SETTING}).")
    return [_STANDS[wall] if wall in standing else f"{_MISSING[wall]}{signed.get(wall, '')}" for wall in Wall]


def what_to_do(missing: Collection[Wall]) -> str:
    """Return what an operator does about missing walls."""
    return WHAT_TO_DO.format(setting=f"{SETTING}={','.join(wall for wall in Wall if wall in missing)}")


def _listed(walls: Collection[Wall]) -> str:
    names = {Wall.NETWORK: "the network", Wall.FILES: "files", Wall.CALLS: "other programs"}
    *head, last = [names[wall] for wall in walls]
    return f"{', '.join(head)} and {last}" if head else last
