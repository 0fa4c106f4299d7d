"""What every readable source becomes before it is written: frames as arrays, and how to show them."""

from dataclasses import dataclass
from typing import Any, Protocol

from curation.imaging.protocol import Window
from curation.imaging.vocabulary import PixelKind, ReviewReason, SpacingMeaning


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """Facts of a source that do not depend on its pixel values; meanings as in protocol.Facts."""

    modality: str = "OT"
    body_part: str = ""
    laterality: str = ""
    view: str = ""
    spacing: tuple[float, float] | None = None
    spacing_meaning: SpacingMeaning = SpacingMeaning.NONE
    aspect: float = 1.0
    orientation: str = ""
    position: float = 0.0
    review_reason: ReviewReason
    patient_key: str | None = None
    series_key: str | None = None
    age_years: int | None = None
    fingerprints: tuple[str, ...] = ()
    decoder: str
    decoder_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Display:
    """How codes become modality values, and the windows the source itself asks for, the default first."""

    slope: float = 1.0
    intercept: float = 0.0
    inverted: bool = False
    windows: tuple[Window, ...] = ()
    padding: tuple[int, int] | None = None  # lowest and highest padding code


class Picture(Protocol):
    """A decoded source; its attributes are read only."""

    kind: PixelKind
    rows: int
    columns: int
    frames: int
    about: About

    @property
    def display(self) -> Display:
        """How to show the frames."""

    def frame(self, index: int) -> Any:
        """Return int16 (rows, columns) of grey, uint8 (rows, columns, 3) of colour, or raise RefusedError."""
