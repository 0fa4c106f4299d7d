"""Files made to harm: each is refused by name, the parent lives (and does not grow: see `run`)."""

import struct
import time
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
from PIL import Image
from pydicom.uid import DeflatedExplicitVRLittleEndian, JPEG2000Lossless, RLELossless

from curation.imaging.protocol import DEFAULT, NotRebuilt, Rebuilt
from tests.curation.imaging.conftest import Rebuild
from tests.factories import dicom as makers

Keep = Callable[[Path], Rebuilt]
Refuse = Callable[[Path], NotRebuilt]
MIB = 1 << 20


def test_truncated_dicom(tmp_path: Path, refuse: Refuse) -> None:
    path = makers.dicom(tmp_path / "cut.dcm")
    path.write_bytes(path.read_bytes()[:-100])
    assert refuse(path).message == "The file is damaged: its pixels cannot be decoded."


DISGUISES = [
    (b"%PDF-1.7\n%", "a PDF document"),
    (b"GIF89a", "a GIF picture"),
    (b"II*\0\x08\0\0\0", "a TIFF picture"),
    (b"MM\0*\0\0\0\x08", "a TIFF picture"),
    (b'<svg xmlns="http://www.w3.org/2000/svg">', "an SVG drawing"),
    (b'<?xml version="1.0"?><svg>', "an SVG drawing"),
    (b"<!DOCTYPE html><script>", "an HTML page"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b\x08", "a gzip archive"),
    (b"RIFF\0\0\0\0WEBPVP8 ", "a WebP picture"),
    (b"\0\0\0\x18ftypheic", "a video or HEIC file"),
    (b"MZ\x90\0", "a program"),
    (b"", "an empty file"),
    (b"a note about nobody", "a text file"),
    (b"\x00\x01\x02\x03\xff", "a file of unknown kind"),
]


def test_refused_by_what_it_is(tmp_path: Path, run: Rebuild) -> None:
    for i, (head, _) in enumerate(DISGUISES):
        (tmp_path / f"scan{i}.png").write_bytes(head)
    outcomes = run(*[tmp_path / f"scan{i}.png" for i in range(len(DISGUISES))])
    assert [outcome.message for outcome in outcomes] == [
        f"The file is {what}, not a DICOM, PNG or JPEG image." for _, what in DISGUISES
    ]


def test_deflated_bomb_is_refused_before_it_is_inflated(tmp_path: Path, refuse: Refuse) -> None:
    path = makers.save(makers.data_set(), tmp_path / "bomb.dcm", syntax=DeflatedExplicitVRLittleEndian)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    private = struct.pack("<HH2sHI", 0x0009, 0x1001, b"OB", 0, 512 * MIB)
    body = (
        packer.compress(private) + b"".join(packer.compress(bytes(MIB)) for _ in range(512)) + packer.flush()
    )
    raw = path.read_bytes()
    meta_end = 132 + 12 + struct.unpack("<I", raw[140:144])[0]
    path.write_bytes(raw[:meta_end] + body)
    start = time.monotonic()
    refusal = refuse(path)
    assert refusal.code == "unsupported_syntax"
    assert "Deflated Explicit VR Little Endian" in refusal.message
    assert time.monotonic() - start < 5


def test_header_lies_about_its_size(tmp_path: Path, refuse: Refuse) -> None:
    path = makers.dicom(tmp_path / "lie.dcm", Rows=65535, Columns=65535, PixelData=bytes(100))
    assert refuse(path).message == (
        "The image is too large: 65535 x 65535 pixels, at most 64 million are accepted."
    )


def test_two_thousand_million_frames(tmp_path: Path, refuse: Refuse) -> None:
    assert refuse(makers.dicom(tmp_path / "many.dcm", NumberOfFrames=2_000_000_000)).code == "too_large"


def test_codestream_lies_about_its_size(tmp_path: Path, refuse: Refuse) -> None:
    stream = bytes(
        imagecodecs.jpeg2k_encode(
            np.zeros((4096, 4096), np.uint8), level=0, reversible=True, codecformat="j2k"
        )
    )
    path = makers.encapsulated(
        tmp_path / "lie.dcm", [stream], JPEG2000Lossless, Rows=64, Columns=64, BitsAllocated=8, BitsStored=8
    )
    assert refuse(path).code == "damaged"


def test_codestream_that_announces_everything(tmp_path: Path, refuse: Refuse) -> None:
    stream = bytearray(
        imagecodecs.jpeg2k_encode(np.zeros((64, 64), np.uint8), level=0, reversible=True, codecformat="j2k")
    )
    size = stream.index(b"\xff\x51")
    stream[size + 6 : size + 14] = struct.pack(">II", 7999, 7999)  # the size it is said to have, too
    stream[size + 22 : size + 30] = struct.pack(">II", 7999, 7999)
    path = makers.encapsulated(
        tmp_path / "lie.dcm",
        [bytes(stream)],
        JPEG2000Lossless,
        Rows=7999,
        Columns=7999,
        BitsAllocated=8,
        BitsStored=8,
    )
    assert refuse(path).code in {"damaged", "out_of_memory"}


def test_rle_bomb_within_the_header_limit(tmp_path: Path, refuse: Refuse) -> None:
    """64 million 32-bit RGB samples: the header is admissible, the memory is not."""
    segments = 12
    header = struct.pack("<16I", segments, *(64 + i for i in range(segments)), *([0] * (15 - segments)))
    path = makers.encapsulated(
        tmp_path / "rle.dcm",
        [header + b"\x81\x00" * 300_000],
        RLELossless,
        Rows=8000,
        Columns=8000,
        BitsAllocated=32,
        BitsStored=32,
        SamplesPerPixel=3,
        PhotometricInterpretation="RGB",
        PlanarConfiguration=1,
    )
    assert refuse(path).code in {"out_of_memory", "crashed"}


def test_rle_without_segments(tmp_path: Path, refuse: Refuse) -> None:
    path = makers.encapsulated(tmp_path / "rle.dcm", [bytes(64) + b"\x81\x00" * 40], RLELossless)
    assert refuse(path).code == "damaged"


@pytest.mark.parametrize(
    "palette",
    [
        {"descriptor": [256, 0, 16], "data": bytes(20)},  # shorter than announced
        {"descriptor": [0, 0, 16], "data": bytes(2)},  # 0 means 65,536 entries
        {"descriptor": [4, 0, 99], "data": bytes(8)},
    ],
)
def test_palette_that_ends_early(tmp_path: Path, refuse: Refuse, palette: dict) -> None:
    tables: dict[str, Any] = {}
    for colour in ("Red", "Green", "Blue"):
        tables[f"{colour}PaletteColorLookupTableDescriptor"] = palette["descriptor"]
        tables[f"{colour}PaletteColorLookupTableData"] = palette["data"]
    pixels = makers.ramp(high=255).astype(np.uint8)
    path = makers.dicom(tmp_path / "p.dcm", pixels, PhotometricInterpretation="PALETTE COLOR", **tables)
    assert refuse(path).code == "damaged"


def test_segmented_palette_that_points_outside(tmp_path: Path, refuse: Refuse) -> None:
    tables: dict[str, Any] = {}
    for colour in ("Red", "Green", "Blue"):
        tables[f"{colour}PaletteColorLookupTableDescriptor"] = [256, 0, 16]
        tables[f"Segmented{colour}PaletteColorLookupTableData"] = struct.pack("<6H", 2, 60000, 0, 65535, 1, 9)
    pixels = makers.ramp(high=255).astype(np.uint8)
    path = makers.dicom(tmp_path / "p.dcm", pixels, PhotometricInterpretation="PALETTE COLOR", **tables)
    assert refuse(path).code == "damaged"


def test_nesting_five_thousand_deep(tmp_path: Path, refuse: Refuse) -> None:
    path = makers.dicom(tmp_path / "deep.dcm")
    raw = path.read_bytes()
    opening = struct.pack("<HH2sHI", 0x0008, 0x1140, b"SQ", 0, 0xFFFFFFFF) + struct.pack(
        "<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF
    )
    meta_end = 132 + 12 + struct.unpack("<I", raw[140:144])[0]
    path.write_bytes(raw[:meta_end] + opening * 5000)
    assert refuse(path).code == "damaged"


def test_element_of_an_impossible_length(tmp_path: Path, refuse: Refuse) -> None:
    path = makers.dicom(tmp_path / "length.dcm")
    raw = path.read_bytes()
    place = raw.index(struct.pack("<HH", 0x0028, 0x0010))
    path.write_bytes(raw[:place] + struct.pack("<HH2sHI", 0x0028, 0x0009, b"OB", 0, 0xFFFFFFFE) + raw[place:])
    assert refuse(path).code in {"out_of_memory", "damaged"}


def test_millions_of_tiny_elements_end_by_the_clock(tmp_path: Path, run: Rebuild) -> None:
    path = makers.dicom(tmp_path / "tiny.dcm")
    raw = path.read_bytes()
    meta_end = 132 + 12 + struct.unpack("<I", raw[140:144])[0]
    many = b"".join(
        struct.pack("<HH2sHI", group, 0x1000 + i, b"UN", 0, 0)
        for group in range(9, 25, 2)
        for i in range(0xEF00)
    )
    path.write_bytes(raw[:meta_end] + many + raw[meta_end:])
    start = time.monotonic()
    (outcome,) = run(path, limits=replace(DEFAULT, cpu_seconds=1, wall_seconds=10.0))
    assert isinstance(outcome, NotRebuilt)
    assert outcome.code in {"out_of_time", "damaged", "no_pixels"}
    assert time.monotonic() - start < 10


@pytest.mark.parametrize("preamble", [b"<html><script>alert(1)</script>", b"MZ\x90\0", b"II*\0"])
def test_preamble_is_left_behind(tmp_path: Path, keep: Keep, preamble: bytes) -> None:
    path = makers.save(makers.data_set(), tmp_path / "poly.dcm", preamble=preamble.ljust(128, b"\0"))
    image = keep(path)
    for file in image.folder.iterdir():
        assert not file.read_bytes().startswith(preamble)
        assert b"<script" not in file.read_bytes()


def test_png_bomb(tmp_path: Path, refuse: Refuse) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(makers.png(30_000, 30_000, makers.zeros_deflated(900 * MIB // 8)))
    assert refuse(path).code == "too_large"


def test_png_of_many_pixels_below_pillows_own_limit(tmp_path: Path, refuse: Refuse) -> None:
    path = tmp_path / "wide.png"
    path.write_bytes(makers.png(8_100, 8_100, zlib.compress(b"")))
    assert refuse(path).code == "too_large"


def test_animated_png(tmp_path: Path, refuse: Refuse) -> None:
    frames = [Image.new("L", (8, 8), level) for level in (0, 100, 200)]
    frames[0].save(tmp_path / "a.png", save_all=True, append_images=frames[1:])
    assert refuse(tmp_path / "a.png").code == "animated"


def test_broken_jpeg(tmp_path: Path, refuse: Refuse) -> None:
    path = tmp_path / "b.jpg"
    Image.fromarray(makers.ramp(high=255).astype(np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:400])
    assert refuse(path).code == "damaged"


CLASSES = {
    "1.2.840.10008.5.1.4.1.1.104.1": "Encapsulated PDF Storage",
    "1.2.840.10008.5.1.4.1.1.88.11": "Basic Text SR Storage",
    "1.2.840.10008.5.1.4.1.1.481.2": "RT Dose Storage",
    "1.2.840.10008.5.1.4.1.1.77.1.6": "VL Whole Slide Microscopy Image Storage",
    "1.2.276.0.7230010.3.1.0.1": "an object without a known class",
}


def test_class_is_named_and_refused(tmp_path: Path, run: Rebuild) -> None:
    outcomes = run(*[makers.dicom(tmp_path / f"{uid}.dcm", SOPClassUID=uid) for uid in CLASSES])
    assert [outcome.message for outcome in outcomes] == [
        f"The DICOM file is {name}, not an image to read." for name in CLASSES.values()
    ]


def test_video_is_named_and_refused(tmp_path: Path, refuse: Refuse) -> None:
    path = makers.encapsulated(tmp_path / "v.dcm", [b"\0\0\1\xb3"], "1.2.840.10008.1.2.4.102")
    assert "MPEG-4 AVC/H.264" in refuse(path).message


def test_shapes_that_are_not_images(tmp_path: Path, run: Rebuild) -> None:
    shapes: list[dict[str, Any]] = [
        {"BitsStored": 20},
        {"SamplesPerPixel": 4},
        {"PhotometricInterpretation": "CMYK"},
        {"HighBit": 15},
        {"BitsAllocated": 12},
    ]
    outcomes = run(*[makers.dicom(tmp_path / f"{i}.dcm", **shape) for i, shape in enumerate(shapes)])
    assert [outcome.code for outcome in outcomes] == ["damaged"] * len(shapes)


def test_absurd_windows_and_slopes_fall_back(tmp_path: Path, run: Rebuild) -> None:
    absurd: list[dict[str, Any]] = [
        {"WindowCenter": "40", "WindowWidth": "0"},
        {"WindowCenter": "40", "WindowWidth": "1e-300"},
        {"WindowCenter": "1e300", "WindowWidth": "1e300"},
        {"RescaleSlope": "1e308", "RescaleIntercept": "0"},
        {"RescaleSlope": "0", "RescaleIntercept": "0"},
    ]
    for image in run(*[makers.dicom(tmp_path / f"{i}.dcm", **elements) for i, elements in enumerate(absurd)]):
        assert image.facts.slope == 1.0
        assert 3900 < image.facts.window.width < 4100
