"""pydicom decoder plugins on permissively licensed codecs: openjpeg, pylibjpeg-rle and imagecodecs.

pydicom's own plugins for these syntaxes need one more distribution, are GPL-licensed, unpatched, or stop
at 8 bits. A codestream that announces another size than the header is refused before it is decoded.
"""

from typing import Any, Final

from pydicom.pixels.common import PhotometricInterpretation
from pydicom.pixels.decoders import base

_JPEG: Final = ("1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70")
_JPEG_2000: Final = (
    "1.2.840.10008.1.2.4.90",
    "1.2.840.10008.1.2.4.91",
    "1.2.840.10008.1.2.4.201",
    "1.2.840.10008.1.2.4.202",
    "1.2.840.10008.1.2.4.203",
)
_RLE: Final = ("1.2.840.10008.1.2.5",)
_FUNCTIONS: Final = (("decode_jpeg", _JPEG), ("decode_jpeg_2000", _JPEG_2000), ("decode_rle", _RLE))

PLUGIN: Final = "consilium"
DECODER_DEPENDENCIES: Final = {uid: ("numpy",) for _, uids in _FUNCTIONS for uid in uids}


def is_available(uid: str) -> bool:
    """Return whether this module decodes the transfer syntax `uid` (pydicom asks)."""
    return uid in DECODER_DEPENDENCIES


def register_decoders() -> None:
    """Make the functions below known to pydicom under the name PLUGIN; further calls change nothing."""
    for function, uids in _FUNCTIONS:
        for uid in uids:
            decoder = base.get_decoder(uid)
            if PLUGIN not in decoder.available_plugins:
                decoder.add_plugin(PLUGIN, ("curation.imaging.codecs", function))


def decode_jpeg(source: bytes, runner: Any) -> bytes:
    """Return the samples of a 12-bit or lossless JPEG frame, colour by pixel."""
    from imagecodecs import jpeg8_decode

    _require_size(runner, *_jpeg_size(source))
    samples = jpeg8_decode(source)
    runner.set_option("bits_allocated", 8 * samples.dtype.itemsize)
    runner.set_option("planar_configuration", 0)
    return bytes(samples.tobytes())


def decode_jpeg_2000(source: bytes, runner: Any) -> Any:
    """Return the samples of a JPEG 2000 frame; its colour transform is undone by the codec."""
    from openjpeg.utils import decode_pixel_data, get_parameters

    found: dict[str, Any] = get_parameters(source)
    _require_size(runner, found["rows"], found["columns"])
    samples = decode_pixel_data(source, version=2)
    transformed = (PhotometricInterpretation.YBR_ICT, PhotometricInterpretation.YBR_RCT)
    if runner.photometric_interpretation in transformed:
        runner.set_option("photometric_interpretation", PhotometricInterpretation.RGB)
    precision = found["precision"]
    runner.set_option("bits_allocated", 8 if precision <= 8 else 16 if precision <= 16 else 32)
    return samples


def decode_rle(source: bytes, runner: Any) -> Any:
    """Return the samples of a run-length encoded frame, colour by plane."""
    from rle.utils import decode_pixel_data

    samples = decode_pixel_data(source, version=2, **runner.options)
    runner.set_option("planar_configuration", 1)
    return samples


def _require_size(runner: Any, rows: int, columns: int) -> None:
    if (rows, columns) != (runner.rows, runner.columns):
        raise ValueError("the codestream is not of the size its header announces")


def _jpeg_size(source: bytes) -> tuple[int, int]:
    """Return (rows, columns) of the first frame header; raises ValueError when there is none."""
    place = 2
    while place + 9 <= len(source) and source[place] == 0xFF:
        marker = source[place + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return int.from_bytes(source[place + 5 : place + 7]), int.from_bytes(
                source[place + 7 : place + 9]
            )
        place += 1 if marker == 0xFF else 2 + int.from_bytes(source[place + 2 : place + 4])
    raise ValueError("no frame header")
