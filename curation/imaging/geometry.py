"""Spacing, pixel shape, orientation and position: numbers only, six significant digits, within 1e5."""

import math
from collections.abc import Sequence
from typing import Any, Final

from pydicom.dataset import Dataset

from curation.imaging.vocabulary import PROJECTION_MODALITIES, SpacingMeaning

Pair = tuple[float, float]
_LARGEST: Final = 1e5
_US_CENTIMETRE: Final = 3
_OPPOSITE: Final = {"L": "R", "R": "L", "A": "P", "P": "A", "H": "F", "F": "H"}


def number(value: Any) -> float | None:
    """Return `value` as a finite float of six significant digits and at most 1e5 in size, else None."""
    try:
        result = float(f"{float(value):.6g}")
    except (TypeError, ValueError, OverflowError):
        return None
    return result if math.isfinite(result) and abs(result) <= _LARGEST else None


def numbers(value: Any, count: int) -> tuple[float, ...] | None:
    """Return exactly `count` admissible numbers of a multi-valued element, else None."""
    if value is None or isinstance(value, str) or not isinstance(value, Sequence) or len(value) != count:
        return None
    found = [number(item) for item in value]
    return None if None in found else tuple(item for item in found if item is not None)


def functional_group(dataset: Dataset, name: str, frame: int) -> Dataset | None:
    """Return the named functional group of a frame of an enhanced multi-frame file, the frame's own first."""
    per_frame: Sequence[Dataset] = dataset.get("PerFrameFunctionalGroupsSequence") or []
    shared: Sequence[Dataset] = dataset.get("SharedFunctionalGroupsSequence") or []
    for item in (*per_frame[frame : frame + 1], *shared[:1]):
        group: Sequence[Dataset] | None = item.get(name)
        if group:
            return group[0]
    return None


def spacing(dataset: Dataset, modality: str) -> tuple[Pair | None, SpacingMeaning]:
    """Return the (row, column) distance of pixel centres in mm and whether it is that of the patient.

    A projection image is magnified: its spacing counts as the patient's only when a calibration is recorded.
    """
    measures = functional_group(dataset, "PixelMeasuresSequence", 0)
    patient = _pair(measures.get("PixelSpacing") if measures is not None else dataset.get("PixelSpacing"))
    detector = _pair(dataset.get("ImagerPixelSpacing"))
    if modality in PROJECTION_MODALITIES:
        calibrated = "PixelSpacingCalibrationType" in dataset or (
            detector is not None and patient != detector
        )
        if patient is not None and calibrated:
            return patient, SpacingMeaning.MM
        plate = detector or patient
        return plate, SpacingMeaning.DETECTOR if plate else SpacingMeaning.NONE
    found = patient or _ultrasound(dataset)
    return (found, SpacingMeaning.MM) if found else (None, SpacingMeaning.NONE)


def aspect(dataset: Dataset, pair: Pair | None) -> float:
    """Return the height of a pixel over its width, 1.0 when unknown."""
    pair = pair or _pair(dataset.get("PixelAspectRatio"))
    ratio = float(f"{pair[0] / pair[1]:.6g}") if pair else 1.0
    return ratio if 0.05 <= ratio <= 20 else 1.0


def _pair(value: Any) -> Pair | None:
    found = numbers(value, 2)
    return (found[0], found[1]) if found and min(found) > 0 else None


def _ultrasound(dataset: Dataset) -> Pair | None:
    """Return the spacing all calibrated regions agree on; regions of different scales give none."""
    scales: set[Pair] = set()
    for region in dataset.get("SequenceOfUltrasoundRegions") or []:
        if region.get("PhysicalUnitsXDirection") == region.get("PhysicalUnitsYDirection") == _US_CENTIMETRE:
            row, column = number(region.get("PhysicalDeltaY")), number(region.get("PhysicalDeltaX"))
            if row and column:
                scales.add((float(f"{abs(row) * 10:.6g}"), float(f"{abs(column) * 10:.6g}")))
    return scales.pop() if len(scales) == 1 else None


def _direction_cosines(dataset: Dataset) -> tuple[float, ...] | None:
    group = functional_group(dataset, "PlaneOrientationSequence", 0)
    return numbers((group if group is not None else dataset).get("ImageOrientationPatient"), 6)


def orientation(dataset: Dataset) -> str:
    """Return the patient directions at the left, right, top and bottom edge, "RLAP", or "" when unknown."""
    cosines = _direction_cosines(dataset)
    if cosines is None:
        return ""
    right, bottom = _letter(cosines[:3]), _letter(cosines[3:])
    return f"{_OPPOSITE[right]}{right}{_OPPOSITE[bottom]}{bottom}"


def _letter(vector: tuple[float, ...]) -> str:
    axis = max(range(3), key=lambda i: abs(vector[i]))
    return ("LR", "PA", "HF")[axis][vector[axis] < 0]


def position(dataset: Dataset) -> float:
    """Return where the file stands in its series: along the slice normal in mm, else its instance number."""
    cosines, corner = _direction_cosines(dataset), numbers(dataset.get("ImagePositionPatient"), 3)
    if cosines is None or corner is None:
        return number(dataset.get("InstanceNumber")) or 0.0
    (a, b, c), (d, e, f) = cosines[:3], cosines[3:]
    normal = (b * f - c * e, c * d - a * f, a * e - b * d)
    return float(f"{sum(n * x for n, x in zip(normal, corner, strict=True)):.6g}")
