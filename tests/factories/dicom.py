"""Images built for the tests; nothing here is a patient."""

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID, ExplicitVRLittleEndian, generate_uid

KEY = b"a key of the tests, 32 bytes long"
CT = "1.2.840.10008.5.1.4.1.1.2"
SECONDARY = "1.2.840.10008.5.1.4.1.1.7"
BUNDLED = Path(pydicom.__file__).parent / "data" / "test_files"


def ramp(rows: int = 64, columns: int = 48, low: int = 0, high: int = 4095) -> np.ndarray:
    return np.linspace(low, high, rows * columns).astype(np.int64).reshape(rows, columns)


def data_set(pixels: np.ndarray | None = None, **elements: Any) -> Dataset:
    """A grey CT data set around `pixels` (frames?, rows, columns), 12 bits of 16; `elements` override."""
    pixels = ramp().astype(np.uint16) if pixels is None else pixels
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID, ds.Modality = CT, generate_uid(), "CT"
    ds.SeriesInstanceUID = generate_uid()
    ds.Rows, ds.Columns = pixels.shape[-2:]
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated = 8 * pixels.dtype.itemsize
    ds.BitsStored = min(12, ds.BitsAllocated)
    ds.HighBit = ds.BitsStored - 1
    ds.PixelRepresentation = int(pixels.dtype.kind == "i")
    if pixels.ndim == 3:
        ds.NumberOfFrames = pixels.shape[0]
    ds.PixelData = pixels.tobytes()
    for keyword, value in elements.items():
        if value is None:
            delattr(ds, keyword)
        else:
            setattr(ds, keyword, value)
    if "BitsStored" in elements and "HighBit" not in elements:
        ds.HighBit = ds.BitsStored - 1
    return ds


def save(
    ds: Dataset, path: Path, *, syntax: str = ExplicitVRLittleEndian, preamble: bytes = bytes(128)
) -> Path:
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = UID(syntax)
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.get("SOPInstanceUID", generate_uid())
    ds.preamble = preamble
    if ds.file_meta.TransferSyntaxUID.is_compressed and "PixelData" in ds:
        ds["PixelData"].VR = "OB"
    ds.save_as(path, enforce_file_format=True)
    return path


def dicom(path: Path, pixels: np.ndarray | None = None, **elements: Any) -> Path:
    return save(data_set(pixels, **elements), path)


def encapsulated(path: Path, frames: list[bytes], syntax: str, **elements: Any) -> Path:
    return save(data_set(**elements, PixelData=encapsulate(frames)), path, syntax=syntax)


def png_chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(
    width: int, height: int, scanlines: bytes, *, extra: bytes = b"", depth: int = 8, colour: int = 0
) -> bytes:
    """A PNG made of chunks, so that it may lie."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + extra
        + png_chunk(b"IDAT", scanlines)
        + png_chunk(b"IEND", b"")
    )


def zeros_deflated(size: int) -> bytes:
    """`size` zero bytes as a zlib stream, made without holding them."""
    packer, out, block = zlib.compressobj(9), io.BytesIO(), bytes(1 << 20)
    for place in range(0, size, len(block)):
        out.write(packer.compress(block[: min(len(block), size - place)]))
    out.write(packer.flush())
    return out.getvalue()
