"""Reading a DICOM header and deciding, before any pixel is decoded, whether the file can be an image."""

import math
import os
from dataclasses import dataclass
from typing import BinaryIO, Final

from pydicom.dataset import Dataset
from pydicom.filereader import _read_file_meta_info, read_partial, read_preamble
from pydicom.tag import BaseTag
from pydicom.uid import UID

from curation.imaging.protocol import RebuildLimits
from curation.imaging.refusal import RefusedError, damaged, too_large
from curation.imaging.vocabulary import ACCEPTED_CLASSES, DECODERS, RAW_SYNTAXES, RefusalCode

_GREY_PHOTOMETRICS: Final = frozenset({"MONOCHROME1", "MONOCHROME2"})
_COLOUR_PHOTOMETRICS: Final = frozenset(
    {"RGB", "YBR_FULL", "YBR_FULL_422", "YBR_PARTIAL_420", "YBR_ICT", "YBR_RCT"}
)
_PIXEL_TAGS: Final = {
    0x7FE00008: "FloatPixelData",
    0x7FE00009: "DoubleFloatPixelData",
    0x7FE00010: "PixelData",
}
_PIXEL_BITS: Final = {"PixelData": (1, 8, 16, 32, 64), "FloatPixelData": (32,), "DoubleFloatPixelData": (64,)}


@dataclass(frozen=True, slots=True)
class Header:
    """An accepted DICOM file: its open stream, how to decode it, and its data set without pixels."""

    source: BinaryIO
    dataset: Dataset
    syntax: str
    rows: int
    columns: int
    frames: int
    samples: int
    bits_allocated: int
    bits_stored: int
    signed: bool
    photometric: str
    pixel_keyword: str

    @property
    def palette(self) -> bool:
        """Whether stored values are indices of a colour table."""
        return self.photometric == "PALETTE COLOR"

    @property
    def colour(self) -> bool:
        """Whether the picture is shown in colour."""
        return self.samples == 3 or self.palette


def read_header(source: BinaryIO, limits: RebuildLimits) -> Header:
    """Return the header of `source`, or raise RefusedError; reads no pixel.

    The file meta group comes first: a deflated data set would be inflated whole by the next step.
    """
    syntax = _accepted_syntax(source)
    dataset, pixel_keyword = _read(source)
    _check_class(dataset)
    if pixel_keyword is None or not dataset.get("Rows") or not dataset.get("Columns"):
        raise RefusedError(RefusalCode.NO_PIXELS, "The DICOM file is called an image but holds no picture.")
    header = _shape(source, dataset, syntax, pixel_keyword)
    _check_limits(header, limits)
    _check_encoding(header)
    if syntax in RAW_SYNTAXES:
        _check_length(header)
    return header


def _accepted_syntax(source: BinaryIO) -> str:
    source.seek(0)
    try:
        read_preamble(source, force=False)
        # The public reader of it takes paths alone, and no file can be opened here any more.
        syntax = str(_read_file_meta_info(source).get("TransferSyntaxUID", ""))
    except Exception as error:
        raise damaged("its file header cannot be read") from error
    if syntax not in DECODERS:
        name = _known_name(syntax) or "an unknown transfer syntax"
        raise RefusedError(
            RefusalCode.UNSUPPORTED_SYNTAX, f"The pixels are stored as {name}, which is not supported."
        )
    return syntax


def _known_name(uid: str) -> str:
    """Return the standard's name of a UID: the UID itself may be the sender's own and say who that is."""
    name = UID(uid).name if uid else ""
    if name == uid:
        return ""
    return "".join(c for c in name if c.isascii() and (c.isalnum() or c in " .,:()'/-"))[:120]


def _check_class(dataset: Dataset) -> None:
    uid = str(dataset.get("SOPClassUID", ""))
    if uid not in ACCEPTED_CLASSES:
        name = _known_name(uid) or "an object without a known class"
        raise RefusedError(RefusalCode.NOT_ACCEPTED, f"The DICOM file is {name}, not an image to read.")


def _shape(source: BinaryIO, dataset: Dataset, syntax: str, pixel_keyword: str) -> Header:
    try:
        return Header(
            source=source,
            dataset=dataset,
            syntax=syntax,
            rows=int(dataset.Rows),
            columns=int(dataset.Columns),
            frames=int(dataset.get("NumberOfFrames") or 1),
            samples=int(dataset.get("SamplesPerPixel", 1)),
            bits_allocated=int(dataset.BitsAllocated),
            bits_stored=int(dataset.get("BitsStored", dataset.BitsAllocated)),
            signed=bool(dataset.get("PixelRepresentation", 0)),
            photometric=str(dataset.get("PhotometricInterpretation", "")).strip(),
            pixel_keyword=pixel_keyword,
        )
    except Exception as error:
        raise damaged("rows, columns or bit depth cannot be read") from error


def _read(source: BinaryIO) -> tuple[Dataset, str | None]:
    """Return the elements before the pixels, and the keyword of the pixel element the reader stopped at."""
    met: list[str] = []

    def at_pixels(tag: BaseTag, _vr: str | None, _length: int) -> bool:
        if int(tag) in _PIXEL_TAGS:
            met.append(_PIXEL_TAGS[int(tag)])
        return bool(met)

    try:
        source.seek(0)
        return read_partial(source, stop_when=at_pixels), met[0] if met else None
    except MemoryError:
        raise
    except Exception as error:  # pydicom raises a dozen kinds on hostile headers
        raise damaged("its header cannot be read") from error


def _check_limits(header: Header, limits: RebuildLimits) -> None:
    pixels = header.rows * header.columns
    if not 1 <= header.frames <= limits.frames:
        raise too_large(f"{header.frames} frames are announced, at most {limits.frames} are accepted")
    if pixels > limits.frame_pixels:
        million = limits.frame_pixels // 1_000_000
        raise too_large(f"{header.columns} x {header.rows} pixels, at most {million} million are accepted")
    if pixels * header.samples * header.frames > limits.total_samples:
        raise too_large("all its frames together exceed what one file may hold")


def _check_encoding(header: Header) -> None:
    known = header.photometric in (_COLOUR_PHOTOMETRICS if header.samples == 3 else _GREY_PHOTOMETRICS)
    if not (known or (header.samples == 1 and header.palette)):
        raise damaged("its colour model is not one of an image")
    if header.samples not in (1, 3) or header.bits_allocated not in _PIXEL_BITS[header.pixel_keyword]:
        raise damaged("its bit depth is not one of an image")
    if not 1 <= header.bits_stored <= header.bits_allocated:
        raise damaged("its bit depth contradicts itself")
    if int(header.dataset.get("HighBit", header.bits_stored - 1)) != header.bits_stored - 1:
        raise damaged("its samples are not stored in the low bits")


def _check_length(header: Header) -> None:
    samples = header.rows * header.columns * header.samples * header.frames
    if header.photometric == "YBR_FULL_422":
        samples = samples * 2 // 3
    needed = math.ceil(samples * header.bits_allocated / 8)
    if header.source.seek(0, os.SEEK_END) < needed:
        raise damaged("it is shorter than the picture it announces")
