"""Grey frames as int16 codes: modality value = slope * code + intercept, one pair for the whole file."""

import math
from collections.abc import Callable
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.pixels.processing import apply_modality_lut, apply_voi

from curation.imaging.display import IDENTITY_WINDOW
from curation.imaging.geometry import functional_group, number
from curation.imaging.header import Header
from curation.imaging.picture import Display
from curation.imaging.protocol import RebuildLimits, Window
from curation.imaging.refusal import damaged, too_large

Samples = NDArray[Any]
Codes = NDArray[np.int16]
_CODE_STEPS: Final = 65535
_MOST_WINDOWS: Final = 3


class Greyscale:
    """Encodes the stored samples of one file.

    Samples of up to 16 bits with one rescale pair are kept exactly. Lookup tables, and rescale pairs that
    change from frame to frame, are applied first and spread over the 65,536 codes; more bits likewise.
    """

    def __init__(self, header: Header, stored: Callable[[int], Samples], limits: RebuildLimits) -> None:
        self._header, self._stored, self._limits = header, stored, limits
        self._windows = windows(header.dataset)
        data = header.dataset
        self._voi_table = bool(data.get("VOILUTSequence")) and not self._windows
        self._tabled = self._voi_table or bool(data.get("ModalityLUTSequence"))
        self._tables: dict[tuple[float, float], Codes] = {}

    @cached_property
    def _exact(self) -> bool:
        """Whether stored samples are codes up to a fixed offset."""
        narrow = self._header.bits_stored <= 16 and self._header.pixel_keyword == "PixelData"
        return narrow and not self._tabled and len({self._rescale(i) for i in self._distinct_frames}) == 1

    @cached_property
    def _distinct_frames(self) -> range:
        per_frame = self._header.dataset.get("PerFrameFunctionalGroupsSequence")
        return range(self._header.frames if per_frame else 1)

    @property
    def _offset(self) -> int:
        return 32768 if self._header.bits_stored == 16 and not self._header.signed else 0

    @cached_property
    def display(self) -> Display:
        """Slope, intercept, polarity, the file's windows and its padding codes."""
        slope, intercept = self._scale
        data = self._header.dataset
        shape = str(data.get("PresentationLUTShape", "")).strip().upper()
        if self._header.bits_stored == 1:
            own: tuple[Window, ...] = (IDENTITY_WINDOW,)
        else:
            own = (self._table_window(),) if self._voi_table else self._windows
        return Display(
            slope=slope,
            intercept=intercept,
            inverted=self._header.photometric == "MONOCHROME1" or shape == "INVERSE",
            windows=own,
            padding=self._padding(),
        )

    def encode(self, stored: Samples, index: int) -> Codes:
        """Return the codes of the stored samples of frame `index`."""
        if self._header.bits_stored == 1:
            return stored.astype(np.int16) * np.int16(255)
        if self._exact:
            if not self._offset:
                return stored.astype(np.int16)
            return (stored.astype(np.uint16) ^ np.uint16(0x8000)).view(
                np.int16
            )  # minus 32768 without widening
        if self._header.bits_stored <= 16 and self._header.pixel_keyword == "PixelData":
            table, lowest = self._table(index), self._domain[0]
            return table[stored.astype(np.int32) - lowest]
        return self._spread(self._values(stored, index))

    @cached_property
    def _scale(self) -> tuple[float, float]:
        """Return slope and intercept of the codes."""
        if self._header.bits_stored == 1:
            return 1.0, 0.0
        if self._exact:
            slope, intercept = self._rescale(0)
            return slope, intercept + slope * self._offset
        low, high = self._bounds
        whole = (
            not self._tabled and self._header.pixel_keyword == "PixelData" and self._rescale(0) == (1.0, 0.0)
        )
        step = 1.0 if whole and high - low <= _CODE_STEPS else _round_up((high - low) / _CODE_STEPS)
        return step, low + 32768 * step

    @cached_property
    def _bounds(self) -> tuple[float, float]:
        """Return the least and greatest possible value; samples over 16 bits are all decoded to know."""
        if self._header.bits_stored <= 16 and self._header.pixel_keyword == "PixelData":
            domain = np.arange(self._domain[0], self._domain[1] + 1, dtype=np.int32)
            found = [self._values(domain, i) for i in self._one_frame_per_rescale]
        else:
            size = self._header.rows * self._header.columns * self._header.frames
            if self._header.frames > self._limits.batch_frames or size > self._limits.batch_samples:
                raise too_large("more than 16 bits per sample in so many frames")
            found = []
            for i in range(self._header.frames):
                values = self._values(self._stored(i), i)
                found.append(np.array([values.min(), values.max()]))
        low, high = min(float(v.min()) for v in found), max(float(v.max()) for v in found)
        if not (math.isfinite(low) and math.isfinite(high) and high - low < 1e300):
            raise damaged("its sample values are not numbers that can be shown")
        return low, high

    @cached_property
    def _one_frame_per_rescale(self) -> list[int]:
        first_with: dict[tuple[float, float], int] = {}
        for i in self._distinct_frames:
            first_with.setdefault(self._rescale(i), i)
        return list(first_with.values())

    @cached_property
    def _domain(self) -> tuple[int, int]:
        bits = self._header.bits_stored
        return (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if self._header.signed else (0, (1 << bits) - 1)

    def _table(self, index: int) -> Codes:
        pair = self._rescale(index)
        if pair not in self._tables:
            domain = np.arange(self._domain[0], self._domain[1] + 1, dtype=np.int32)
            self._tables[pair] = self._spread(self._values(domain, index))
        return self._tables[pair]

    def _values(self, stored: Samples, index: int) -> NDArray[np.float64]:
        """Return modality values, through the value-of-interest table where that is the only window."""
        data = self._header.dataset
        try:
            if data.get("ModalityLUTSequence"):
                result = apply_modality_lut(stored, data)
            else:
                slope, intercept = self._rescale(index)
                result = stored if (slope, intercept) == (1.0, 0.0) else stored * slope + intercept
            if self._voi_table:
                result = apply_voi(np.rint(result).astype(np.int32), data)
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError) as error:
            raise damaged("its lookup table cannot be read") from error
        return np.nan_to_num(result.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)

    def _spread(self, values: NDArray[np.float64]) -> Codes:
        slope, intercept = self._scale
        return np.clip(np.rint((values - intercept) / slope), -32768, 32767).astype(np.int16)

    def _rescale(self, index: int) -> tuple[float, float]:
        group = functional_group(self._header.dataset, "PixelValueTransformationSequence", index)
        source = group if group is not None else self._header.dataset
        slope, intercept = number(source.get("RescaleSlope", 1)), number(source.get("RescaleIntercept", 0))
        return (slope, intercept) if slope and intercept is not None else (1.0, 0.0)

    def _table_window(self) -> Window:
        low, high = self._bounds
        return Window(center=(low + high) / 2 + 0.5, width=high - low + 1)

    def _padding(self) -> tuple[int, int] | None:
        """Return the range of padding codes; the element's two halves may be stored with the wrong sign."""
        first = self._header.dataset.get("PixelPaddingValue")
        last = self._header.dataset.get("PixelPaddingRangeLimit", first)
        if type(first) is not int or type(last) is not int or self._header.bits_stored > 16:
            return None
        low, high = self._domain
        if not (low <= first <= high and low <= last <= high):
            return None
        dtype = np.int16 if self._header.signed else np.uint16
        codes = sorted(int(code) for code in self.encode(np.array([first, last], dtype=dtype), 0))
        return codes[0], codes[1]


def windows(data: Dataset) -> tuple[Window, ...]:
    """Return up to three usable windows of the first frame, LINEAR_EXACT ones as LINEAR."""
    group = functional_group(data, "FrameVOILUTSequence", 0)
    source = group if group is not None else data
    exact = str(source.get("VOILUTFunction", "")).strip().upper() == "LINEAR_EXACT"
    found = []
    pairs = zip(_several(source.get("WindowCenter")), _several(source.get("WindowWidth")), strict=False)
    for center, width in pairs:
        middle, extent = number(center), number(width)
        if middle is not None and extent is not None and extent >= (0.001 if exact else 1):
            found.append(
                Window(center=middle + 0.5, width=extent + 1)
                if exact
                else Window(center=middle, width=extent)
            )
    return tuple(found[:_MOST_WINDOWS])


def _several(value: Any) -> list[Any]:
    if value is None or value == "":
        return []
    return list(value) if isinstance(value, MultiValue | list) else [value]


def _round_up(step: float) -> float:
    """Return `step` rounded up to six significant digits, so that the codes still reach the highest value."""
    if step <= 0:
        return 1.0
    unit = 10.0 ** (math.floor(math.log10(step)) - 5)
    return float(f"{math.ceil(step / unit) * unit:.6g}")
