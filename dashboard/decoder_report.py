"""What operators are told about the walls around the process that decodes uploads, on this machine."""

from dataclasses import dataclass
from functools import cache

from curation.imaging.protocol import BadAnswerError
from curation.imaging.sandbox import standing_walls
from curation.imaging.walls import Wall, described, missing_walls, what_to_do
from curation.imports.deidentify import walls_signed_away

DECODES = "Images are decoded here."
REFUSES = (
    "Images are NOT decoded here: imports with images wait until the missing walls stand or are signed for."
)


@dataclass(frozen=True, slots=True)
class DecoderReport:
    """`walls`: what is said of each. `missing`: those that do not stand. `todo` is empty when nothing is."""

    walls: tuple[str, ...]
    missing: tuple[Wall, ...]
    decodes: bool
    todo: str

    @property
    def verdict(self) -> str:
        """Whether images are decoded on this machine, in one sentence."""
        return DECODES if self.decodes else REFUSES


def decoder_report() -> DecoderReport:
    """How the decoder is walled off here; measured once per process, as kernel and container stay."""
    standing, without = measured_walls(), walls_signed_away()
    missing = missing_walls(standing, without=())
    return DecoderReport(
        walls=tuple(described(standing, without=without)),
        missing=missing,
        decodes=not missing_walls(standing, without=without),
        todo=what_to_do(missing) if missing else "",
    )


@cache
def measured_walls() -> frozenset[Wall]:
    """The walls that a child has just found around itself; none when it could not even start."""
    try:
        return standing_walls()
    except (OSError, BadAnswerError):
        return frozenset()
