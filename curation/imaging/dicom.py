"""A DICOM file as a Picture: allow-listed facts, and frames decoded one at a time by the pinned decoder."""

from functools import cached_property, lru_cache
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_color_lut
from pydicom.pixels.utils import pixel_array

from curation.imaging import geometry, identity
from curation.imaging.display import IDENTITY_WINDOW
from curation.imaging.greyscale import Greyscale
from curation.imaging.header import Header, read_header
from curation.imaging.picture import About, Display
from curation.imaging.protocol import RebuildLimits
from curation.imaging.refusal import RefusedError, damaged
from curation.imaging.versions import version_of
from curation.imaging.vocabulary import (
    ACCEPTED_CLASSES,
    BODY_PARTS,
    BURNED_IN_MODALITIES,
    DECODERS,
    LATERALITIES,
    MODALITIES,
    VIEWS,
    PixelKind,
    ReviewReason,
)

Samples = NDArray[Any]
_BYTE: Final = 255


class DicomPicture:
    """An accepted DICOM file; see picture.Picture."""

    def __init__(self, source: BinaryIO, limits: RebuildLimits, key: bytes) -> None:
        """Read the header of `source`; raise RefusedError when it is not an image this server takes."""
        self._header = read_header(source, limits)
        self.kind = PixelKind.COLOUR if self._header.colour else PixelKind.GREY
        self.rows, self.columns, self.frames = self._header.rows, self._header.columns, self._header.frames
        self.about = _about(self._header, key)
        self._grey = None if self._header.colour else Greyscale(self._header, self._stored, limits)

    @cached_property
    def display(self) -> Display:
        """How to show the frames; colour is shown as it is."""
        return self._grey.display if self._grey else Display(windows=(IDENTITY_WINDOW,))

    def frame(self, index: int) -> Any:
        """Return frame `index` as int16 codes or RGB bytes."""
        stored = self._stored(index)
        return self._grey.encode(stored, index) if self._grey else _rgb(stored, self._header)

    def _stored(self, index: int) -> Any:
        header = self._header
        samples = _decode(header, index)
        shape = (header.rows, header.columns, 3) if header.samples == 3 else (header.rows, header.columns)
        if samples.shape != shape:
            raise damaged("a frame is not of the size its header announces")
        return _mask(samples, header.bits_stored)


def _decode(header: Header, index: int) -> Samples:
    plugin = DECODERS[header.syntax][0]
    try:
        return pixel_array(header.source, index=index, decoding_plugin=plugin)
    except MemoryError:
        raise
    except Exception:  # the two readers of pydicom differ on slightly irregular files: try the other one
        try:
            return pixel_array(_whole(header.source), index=index, decoding_plugin=plugin)
        except MemoryError:
            raise
        except Exception as error:
            raise damaged("its pixels cannot be decoded") from error


@lru_cache(maxsize=1)
def _whole(source: BinaryIO) -> Dataset:
    source.seek(0)
    return dcmread(source)


def _mask(samples: Samples, bits: int) -> Any:
    """Clear what stands above the stored bits: old overlays, or text hidden there."""
    spare = samples.dtype.itemsize * 8 - bits
    if samples.dtype.kind == "u" and spare > 0:
        return np.bitwise_and(samples, samples.dtype.type((1 << bits) - 1))
    if samples.dtype.kind == "i" and spare > 0:
        return np.right_shift(np.left_shift(samples, spare), spare)
    return samples


def _rgb(stored: Samples, header: Header) -> NDArray[np.uint8]:
    if header.palette:
        try:
            stored = apply_color_lut(stored, header.dataset)[..., :3]
        except Exception as error:
            raise damaged("its colour table cannot be read") from error
        top = int(np.iinfo(stored.dtype).max)
    else:
        top = (1 << header.bits_stored) - 1
    if top == _BYTE:
        return stored.astype(np.uint8)
    scaled = np.empty(stored.shape, dtype=np.uint8)
    for row in range(
        stored.shape[0]
    ):  # row by row: the intermediate floats of a whole frame are 8 times its size
        scaled[row] = np.floor(np.clip(stored[row] / top, 0, 1) * _BYTE + 0.5)
    return scaled


def _about(header: Header, key: bytes) -> About:
    dataset = header.dataset
    try:
        modality = _listed(dataset, ("Modality",), MODALITIES) or ACCEPTED_CLASSES[str(dataset.SOPClassUID)]
        pair, meaning = geometry.spacing(dataset, modality)
        return About(
            modality=modality,
            body_part=_listed(dataset, ("BodyPartExamined",), BODY_PARTS),
            laterality=_listed(dataset, ("ImageLaterality", "FrameLaterality", "Laterality"), LATERALITIES),
            view=_listed(dataset, ("ViewPosition",), VIEWS),
            spacing=pair,
            spacing_meaning=meaning,
            aspect=geometry.aspect(dataset, pair),
            orientation=geometry.orientation(dataset),
            position=geometry.position(dataset),
            review_reason=_review_reason(dataset, modality),
            patient_key=identity.patient_key(dataset, key),
            series_key=identity.series_key(dataset, key),
            age_years=identity.age_years(dataset),
            fingerprints=identity.fingerprints(dataset, key),
            decoder=DECODERS[header.syntax][1],
            decoder_version=version_of(DECODERS[header.syntax][1]),
        )
    except (MemoryError, RefusedError):
        raise
    except Exception as error:  # values are converted when read: a hostile one may raise anything
        raise damaged("its header cannot be read") from error


def _listed(dataset: Dataset, keywords: tuple[str, ...], allowed: frozenset[str]) -> str:
    """Return the first of the elements whose value is on the list, "" when none is."""
    for keyword in keywords:
        value = str(dataset.get(keyword, "") or "").strip().upper().replace(" ", "")
        if value in allowed:
            return value
    return ""


def _review_reason(dataset: Dataset, modality: str) -> ReviewReason:
    by_class = ACCEPTED_CLASSES[str(dataset.SOPClassUID)]
    if {modality, by_class} & BURNED_IN_MODALITIES:
        return ReviewReason.MODALITY
    if str(dataset.get("BurnedInAnnotation", "")).strip().upper() != "NO":
        return ReviewReason.NOT_DECLARED
    return ReviewReason.NONE
