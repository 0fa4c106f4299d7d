"""PNG and JPEG files: samples only, upright, with their full depth."""

import io
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from curation.imaging.protocol import Rebuilt
from tests.curation.imaging.conftest import frame_of
from tests.factories import dicom as makers

Keep = Callable[[Path], Rebuilt]
MARK = b"DOE^JANE-19610411"


def test_every_marker_of_a_jpeg_is_left_behind(tmp_path: Path, keep: Keep) -> None:
    exif = Image.Exif()
    exif[0x010E] = MARK.decode()
    exif.get_ifd(0x8825)[29] = MARK.decode()  # GPS date stamp
    buffer = io.BytesIO()
    Image.fromarray(makers.ramp(high=255).astype(np.uint8)).convert("RGB").save(
        buffer, "JPEG", exif=exif, comment=MARK, icc_profile=MARK, xmp=MARK
    )
    raw = buffer.getvalue()
    photoshop = b"\xff\xed" + (2 + len(MARK)).to_bytes(2, "big") + MARK
    path = tmp_path / "x.jpg"
    path.write_bytes(raw[:2] + photoshop + raw[2:] + MARK + b"<script>")
    assert path.read_bytes().count(MARK) >= 6
    for content in contents(keep(path)):
        assert MARK not in content
        assert b"<script>" not in content


def test_every_chunk_of_a_png_is_left_behind(tmp_path: Path, keep: Keep) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("Patient", MARK.decode())
    info.add_text("Patient2", MARK.decode(), zip=True)
    info.add_itxt("Patient3", MARK.decode(), zip=True)
    exif = Image.Exif()
    exif[0x010E] = MARK.decode()
    path = tmp_path / "x.png"
    Image.fromarray(makers.ramp(high=255).astype(np.uint8)).save(
        path, pnginfo=info, exif=exif, icc_profile=MARK
    )
    path.write_bytes(path.read_bytes() + MARK + b"<html>")
    for content in contents(keep(path)):
        assert MARK not in content
        assert b"<html>" not in content


def contents(image: Rebuilt) -> list[bytes]:
    """Every produced byte, as it lies and decompressed."""
    found = []
    for path in image.folder.iterdir():
        raw = path.read_bytes()
        found.append(raw)
        for start in range(len(raw)):
            if raw[start : start + 1] in (b"\x78", b"\x1f"):
                for bits in (15, 31):
                    try:
                        found.append(zlib.decompressobj(bits).decompress(raw[start:]))
                    except zlib.error:
                        continue
        if path.suffix == ".png":
            with Image.open(path) as picture:
                picture.load()
                assert picture.info == {}
                assert len(picture.getexif()) == 0
    return found


def test_a_turned_photograph_stands_upright(tmp_path: Path, keep: Keep) -> None:
    picture = np.zeros((40, 60), np.uint8)
    picture[:8, :8] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: rotate by 90 degrees clockwise to see it upright
    Image.fromarray(picture).save(tmp_path / "x.png", exif=exif)
    image = keep(tmp_path / "x.png")
    assert (image.facts.rows, image.facts.columns) == (60, 40)
    assert frame_of(image)[:8, -8:].min() == 255


def test_sixteen_bits_are_scaled_not_clipped(tmp_path: Path, keep: Keep) -> None:
    samples = makers.ramp(high=65535).astype(np.uint16)
    Image.fromarray(samples).save(tmp_path / "x.png")
    image = keep(tmp_path / "x.png")
    assert np.array_equal(frame_of(image).astype(int) + image.facts.intercept, samples)
    with Image.open(image.folder / "model-0000.png") as picture:
        shown = np.asarray(picture).astype(float)
    assert np.abs(shown - samples / 257).max() <= 0.51


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "CMYK"])
def test_modes(tmp_path: Path, keep: Keep, mode: str) -> None:
    picture = Image.fromarray(makers.ramp(high=255).astype(np.uint8)).convert(mode)
    path = tmp_path / ("x.jpg" if mode == "CMYK" else "x.png")
    picture.save(path)
    image = keep(path)
    assert image.facts.kind == ("grey" if mode in {"1", "L"} else "colour")
    assert (image.facts.needs_pixel_review, image.facts.review_reason) == (True, "photograph_or_picture_file")
    assert image.facts.spacing is None


def test_nothing_survives_under_full_transparency(tmp_path: Path, keep: Keep) -> None:
    picture = np.full((20, 20, 4), 255, np.uint8)
    picture[:10, :, 3] = 0
    Image.fromarray(picture).save(tmp_path / "x.png")
    frame = frame_of(keep(tmp_path / "x.png"))
    assert frame[:10].max() == 0
    assert frame[10:].min() == 255


def test_the_name_of_the_file_does_not_matter(tmp_path: Path, keep: Keep) -> None:
    path = tmp_path / "x.dcm"
    path.write_bytes(makers.png(4, 4, zlib.compress(bytes(20))))
    assert keep(path).facts.kind == "grey"
