"""What the reader sees: codes, windows and pictures against pydicom and the standard."""

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_modality_lut, apply_windowing
from pydicom.pixels.utils import pixel_array
from pydicom.uid import JPEGLossless, JPEGLosslessSV1

from curation.imaging.display import (
    IDENTITY_WINDOW,
    fitted,
    perceptual_hash,
    span_window,
    to8,
    window_table,
)
from curation.imaging.frame_files import representative_frames
from curation.imaging.protocol import RebuildLimits, Rebuilt, Window
from tests.curation.imaging.conftest import Rebuild, frame_of
from tests.factories import dicom as makers

Keep = Callable[[Path], Rebuilt]


def values_of(image: Rebuilt, index: int = 0) -> np.ndarray:
    return image.facts.slope * frame_of(image, index).astype(float) + image.facts.intercept


def shown(image: Rebuilt, index: int = 0) -> np.ndarray:
    facts = image.facts
    table = window_table(facts.slope, facts.intercept, facts.window, inverted=facts.inverted)
    return to8(frame_of(image, index), table)


@pytest.mark.parametrize(("dtype", "bits"), [("u1", 8), ("u2", 12), ("u2", 16), ("i2", 12), ("i2", 16)])
def test_stored_values_survive_exactly(tmp_path: Path, keep: Keep, dtype: str, bits: int) -> None:
    low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if dtype[0] == "i" else (0, (1 << bits) - 1)
    pixels = makers.ramp(low=low, high=high).astype(dtype)
    path = makers.dicom(tmp_path / "x.dcm", pixels, BitsStored=bits, RescaleSlope="2", RescaleIntercept="-5")
    assert np.array_equal(values_of(keep(path)), pixels * 2.0 - 5)


def test_bits_above_the_stored_ones_are_cleared(tmp_path: Path, keep: Keep) -> None:
    pixels = makers.ramp().astype(np.uint16)
    image = keep(makers.dicom(tmp_path / "x.dcm", pixels | 0xA000))
    assert np.array_equal(values_of(image), pixels)


def test_float_and_deep_samples_spread_over_the_codes(tmp_path: Path, keep: Keep) -> None:
    pixels = makers.ramp(high=9_000_000).astype(np.uint32)
    image = keep(makers.dicom(tmp_path / "x.dcm", pixels, BitsStored=32))
    assert np.abs(values_of(image) - pixels).max() <= 9_000_000 / 65535
    ds = makers.data_set(pixels, BitsStored=32, PixelData=None)
    ds.FloatPixelData = np.linspace(-1, 1, pixels.size, dtype=np.float32).tobytes()
    image = keep(makers.save(ds, tmp_path / "f.dcm"))
    assert np.abs(values_of(image).reshape(-1) - np.linspace(-1, 1, pixels.size)).max() <= 2.1 / 65535


@pytest.mark.parametrize("window", [(40, 400), (-600, 1500), (1023.5, 2), (300, 1)])
def test_window_agrees_with_pydicom(tmp_path: Path, keep: Keep, window: tuple[float, float]) -> None:
    pixels = makers.ramp(high=4095).astype(np.uint16)
    elements = {
        "RescaleSlope": "1",
        "RescaleIntercept": "-1024",
        "WindowCenter": window[0],
        "WindowWidth": window[1],
    }
    ds = makers.data_set(pixels, **elements)
    image = keep(makers.save(ds, tmp_path / "x.dcm"))
    out = apply_windowing(apply_modality_lut(pixels, ds), ds)
    low, high = -1024, 4095 - 1024
    expected = (out - low) / (high - low) * 255
    assert np.abs(shown(image) - expected).max() <= 0.51
    with Image.open(image.folder / "model-0000.png") as picture:
        assert np.array_equal(np.asarray(picture), shown(image))


def test_monochrome1_is_inverted(tmp_path: Path, keep: Keep) -> None:
    image = keep(makers.dicom(tmp_path / "x.dcm", PhotometricInterpretation="MONOCHROME1"))
    assert image.facts.inverted
    picture = shown(image)
    assert picture[0, 0] > picture[-1, -1]


def test_linear_exact_is_converted(tmp_path: Path, keep: Keep) -> None:
    image = keep(
        makers.dicom(tmp_path / "x.dcm", WindowCenter="100", WindowWidth="200", VOILUTFunction="LINEAR_EXACT")
    )
    values = values_of(image)
    assert np.abs(shown(image) - np.clip((values - 100) / 200 + 0.5, 0, 1) * 255).max() <= 0.5


def test_padding_does_not_stretch_the_window(tmp_path: Path, keep: Keep) -> None:
    pixels = makers.ramp(low=1000, high=1200).astype(np.int16)
    pixels[:20] = -2000
    path = makers.dicom(tmp_path / "x.dcm", pixels, Modality="MR", PixelPaddingValue=-2000)
    window = keep(path).facts.window
    assert 1000 < window.center - window.width / 2 < window.center + window.width / 2 < 1202


def lookup_table(first: int, values: np.ndarray) -> Dataset:
    table = Dataset()
    table.LUTDescriptor = [len(values), first, 16]
    table.LUTData = values.astype("<u2").tobytes()
    return table


def test_modality_table_is_applied(tmp_path: Path, keep: Keep) -> None:
    table = lookup_table(0, np.arange(4096) ** 2 // 300)
    table.ModalityLUTType = "US"
    pixels = makers.ramp().astype(np.uint16)
    image = keep(makers.dicom(tmp_path / "x.dcm", pixels, ModalityLUTSequence=[table]))
    expected = pixels.astype(int) ** 2 // 300
    assert np.abs(values_of(image) - expected).max() <= 1


def test_value_of_interest_table_alone_is_the_default_picture(tmp_path: Path, keep: Keep) -> None:
    table = lookup_table(0, (np.sqrt(np.arange(4096) / 4095) * 65535).astype(int))
    pixels = makers.ramp().astype(np.uint16)
    image = keep(makers.dicom(tmp_path / "x.dcm", pixels, VOILUTSequence=[table]))
    assert np.abs(shown(image) - np.sqrt(pixels / 4095) * 255).max() <= 1


def enhanced(slopes: list[float]) -> Dataset:
    pixels = np.stack([makers.ramp(high=1000)] * len(slopes)).astype(np.uint16)
    ds = makers.data_set(pixels, SOPClassUID="1.2.840.10008.5.1.4.1.1.4.1", Modality="MR")
    frames = []
    for slope in slopes:
        values, voi, frame = Dataset(), Dataset(), Dataset()
        values.RescaleSlope, values.RescaleIntercept = slope, 10
        voi.WindowCenter, voi.WindowWidth = 500, 1000
        frame.PixelValueTransformationSequence, frame.FrameVOILUTSequence = [values], [voi]
        frames.append(frame)
    ds.PerFrameFunctionalGroupsSequence = frames
    measures, shared = Dataset(), Dataset()
    measures.PixelSpacing = [0.5, 0.25]
    shared.PixelMeasuresSequence = [measures]
    ds.SharedFunctionalGroupsSequence = [shared]
    return ds


@pytest.mark.parametrize("slopes", [[2.0, 2.0], [2.0, 0.37, 1.0]])
def test_enhanced_multi_frame_values(tmp_path: Path, keep: Keep, slopes: list[float]) -> None:
    image = keep(makers.save(enhanced(slopes), tmp_path / "x.dcm"))
    for index, slope in enumerate(slopes):
        expected = makers.ramp(high=1000) * slope + 10
        assert np.abs(values_of(image, index) - expected).max() <= 0.1
    assert image.facts.window == Window(center=500.0, width=1000.0)
    assert (image.facts.spacing, image.facts.aspect) == ((0.5, 0.25), 2.0)


@pytest.mark.parametrize("syntax", [JPEGLossless, JPEGLosslessSV1])
def test_lossless_jpeg_of_16_bits(tmp_path: Path, keep: Keep, syntax: str) -> None:
    pixels = makers.ramp(high=65535).astype(np.uint16)
    stream = bytes(imagecodecs.ljpeg_encode(pixels, bitspersample=16))
    image = keep(makers.encapsulated(tmp_path / "x.dcm", [stream], syntax, BitsStored=16))
    assert np.array_equal(values_of(image), pixels)
    assert image.facts.decoder == "imagecodecs"


def test_single_bit_image(tmp_path: Path, keep: Keep) -> None:
    pixels = np.unpackbits(np.arange(64 * 6, dtype=np.uint8)).reshape(64, 48)
    ds = makers.data_set(pixels, BitsAllocated=1, BitsStored=1, SOPClassUID="1.2.840.10008.5.1.4.1.1.7.1")
    ds.PixelData = np.packbits(pixels, bitorder="little").tobytes()
    assert np.array_equal(shown(keep(makers.save(ds, tmp_path / "x.dcm"))), pixels * 255)


def test_colour_of_12_bits_is_scaled(tmp_path: Path, keep: Keep) -> None:
    pixels = np.stack([makers.ramp(), makers.ramp()[::-1], makers.ramp() // 2], axis=-1).astype(np.uint16)
    ds = makers.data_set(
        makers.ramp().astype(np.uint16),
        SamplesPerPixel=3,
        PhotometricInterpretation="RGB",
        PlanarConfiguration=0,
    )
    ds.PixelData = pixels.tobytes()
    image = keep(makers.save(ds, tmp_path / "x.dcm"))
    assert np.abs(frame_of(image) - pixels / 4095 * 255).max() <= 0.5
    assert image.facts.window == IDENTITY_WINDOW


def test_thumbnail_and_models_have_square_pixels(tmp_path: Path, keep: Keep) -> None:
    path = makers.dicom(tmp_path / "x.dcm", makers.ramp(400, 200).astype(np.uint16), PixelSpacing=[1, 2])
    image = keep(path)
    for name, size in (("thumb.png", (192, 192)), ("model-0000.png", (400, 400))):
        with Image.open(image.folder / name) as picture:
            assert picture.size == size


SPACINGS: list[tuple[dict[str, Any], Any]] = [
    ({"Modality": "CT", "PixelSpacing": [0.5, 0.7]}, ((0.5, 0.7), "mm")),
    ({"Modality": "DX", "ImagerPixelSpacing": [0.1, 0.1]}, ((0.1, 0.1), "at_detector")),
    ({"Modality": "DX", "PixelSpacing": [0.1, 0.1]}, ((0.1, 0.1), "at_detector")),
    ({"Modality": "DX", "PixelSpacing": [0.1, 0.1], "ImagerPixelSpacing": [0.2, 0.2]}, ((0.1, 0.1), "mm")),
    ({"Modality": "CT"}, (None, "none")),
    ({"Modality": "CT", "PixelSpacing": [0, 0.7]}, (None, "none")),
    ({"Modality": "CT", "PixelSpacing": [1e6, 0.7]}, (None, "none")),
    ({"Modality": "CT", "PixelSpacing": [-1, -1]}, (None, "none")),
]


def test_spacing_and_its_meaning(tmp_path: Path, run: Rebuild) -> None:
    images = run(
        *[makers.dicom(tmp_path / f"{i}.dcm", **elements) for i, (elements, _) in enumerate(SPACINGS)]
    )
    found = [(image.facts.spacing, image.facts.spacing_meaning) for image in images]
    assert found == [expected for _, expected in SPACINGS]


def ultrasound_region(delta: float) -> Dataset:
    region = Dataset()
    region.PhysicalUnitsXDirection = region.PhysicalUnitsYDirection = 3
    region.PhysicalDeltaX = region.PhysicalDeltaY = delta
    return region


@pytest.mark.parametrize(
    ("deltas", "spacing"), [([0.05], (0.5, 0.5)), ([0.05, 0.05], (0.5, 0.5)), ([0.05, 0.1], None)]
)
def test_ultrasound_regions(tmp_path: Path, keep: Keep, deltas: list[float], spacing: tuple | None) -> None:
    path = makers.dicom(
        tmp_path / "x.dcm", Modality="US", SequenceOfUltrasoundRegions=[ultrasound_region(d) for d in deltas]
    )
    assert keep(path).facts.spacing == spacing


def test_orientation_and_position(tmp_path: Path, keep: Keep) -> None:
    path = makers.dicom(
        tmp_path / "x.dcm", ImageOrientationPatient=[0, 1, 0, 0, 0, -1], ImagePositionPatient=[12.5, 0, 7]
    )
    facts = keep(path).facts
    assert (facts.orientation, facts.position) == ("APHF", -12.5)


REVIEWS: list[tuple[dict[str, Any], Any]] = [
    ({"BurnedInAnnotation": "NO"}, (False, "")),
    ({"BurnedInAnnotation": "YES"}, (True, "not_declared_free_of_text")),
    ({}, (True, "not_declared_free_of_text")),
    ({"Modality": "US", "BurnedInAnnotation": "NO"}, (True, "modality_often_burned_in")),
    ({"SOPClassUID": makers.SECONDARY, "BurnedInAnnotation": "NO"}, (True, "modality_often_burned_in")),
]


def test_who_needs_a_look_at_the_pixels(tmp_path: Path, run: Rebuild) -> None:
    images = run(
        *[makers.dicom(tmp_path / f"{i}.dcm", **elements) for i, (elements, _) in enumerate(REVIEWS)]
    )
    found = [(image.facts.needs_pixel_review, image.facts.review_reason) for image in images]
    assert found == [expected for _, expected in REVIEWS]


def test_equal_pixels_equal_hash_whatever_the_header(tmp_path: Path, run: Rebuild) -> None:
    pixels = makers.ramp().astype(np.uint16)
    changed = pixels.copy()
    changed[0, 0] ^= 1
    one, other, third = run(
        makers.dicom(tmp_path / "a.dcm", pixels, PatientName="A"),
        makers.dicom(tmp_path / "b.dcm", pixels, PatientName="B"),
        makers.dicom(tmp_path / "c.dcm", changed),
    )
    assert one.pixel_sha256 == other.pixel_sha256 != third.pixel_sha256
    assert one.source_sha256 != other.source_sha256
    assert one.facts.perceptual_hash == third.facts.perceptual_hash


def test_same_source_same_bytes(tmp_path: Path, run: Rebuild) -> None:
    one, other = run(*[makers.BUNDLED / "693_J2KI.dcm"] * 2)
    names = sorted(path.name for path in one.folder.iterdir())
    assert names == ["frame-0000.bin", "model-0000.png", "report.json", "thumb.png"]
    for name in names:
        assert (one.folder / name).read_bytes() == (other.folder / name).read_bytes()


def test_report_says_what_was_returned(tmp_path: Path, keep: Keep) -> None:
    image = keep(makers.dicom(tmp_path / "x.dcm"))
    report = json.loads((image.folder / "report.json").read_text())
    assert report == json.loads(json.dumps(image.report()))
    assert report["facts"]["frames"] == 1


def test_long_files_run_over_several_processes(tmp_path: Path, run: Rebuild) -> None:
    pixels = np.stack([makers.ramp(16, 16, high=100) + i for i in range(300)]).astype(np.uint16)
    single, many = makers.dicom(tmp_path / "one.dcm"), makers.dicom(tmp_path / "many.dcm", pixels)
    first, image, last = run(single, many, single)
    assert (first.file_index, last.file_index) == (0, 2)
    assert len(image.frames) == image.facts.frames == 300
    for index in (0, 127, 128, 255, 299):
        assert np.array_equal(values_of(image, index), pixels[index])
    assert len(image.models) == RebuildLimits().model_frames
    whole = run(many, limits=RebuildLimits(batch_frames=1000))[0]
    assert whole.pixel_sha256 == image.pixel_sha256


def test_representatives_include_both_ends() -> None:
    assert representative_frames(300, 9)[0::8] == [0, 299]
    assert representative_frames(2, 9) == [0, 1]
    assert representative_frames(1, 9) == [0]


def test_span_window_maps_its_ends_to_black_and_white() -> None:
    counts = np.zeros(65536, np.int64)
    counts[32768 + 10] = counts[32768 + 60] = 5
    window = span_window(counts, -2.0, 7.0, 0, 100)
    table = window_table(-2.0, 7.0, window)
    assert (table[10], table[60]) == (255, 0)
    assert table[9] == 255
    assert 0 < table[59] < 20


def test_difference_hash_is_stable_under_brightness_and_scale() -> None:
    picture = np.add.outer(np.sin(np.arange(90) / 9), np.cos(np.arange(80) / 11))
    picture = ((picture + 2) * 60).astype(np.uint8)
    one, other = perceptual_hash(picture), perceptual_hash(picture // 2)
    assert (int(one, 16) ^ int(other, 16)).bit_count() <= 4
    assert (int(one, 16) ^ int(perceptual_hash(picture[:, ::-1].copy()), 16)).bit_count() > 16


def test_fitted_keeps_small_pictures() -> None:
    assert fitted(np.zeros((10, 20), np.uint8), 1.0, 100).size == (20, 10)
    assert fitted(np.zeros((10, 20), np.uint8), 0.5, 100).size == (40, 10)


SAMPLE = [
    "CT_small.dcm",
    "ExplVR_BigEnd.dcm",
    "MR_small_bigendian.dcm",
    "MR_small_RLE.dcm",
    "MR_small_jpeg_ls_lossless.dcm",
    "MR_small_jp2klossless.dcm",
    "J2K_pixelrep_mismatch.dcm",
    "JPEG-lossy.dcm",
    "SC_rgb_jpeg.dcm",
    "SC_rgb_rle_32bit_2frame.dcm",
    "SC_ybr_full_422_uncompressed.dcm",
    "examples_overlay.dcm",
    "examples_palette.dcm",
    "examples_ybr_color.dcm",
]


def test_bundled_sample(run: Rebuild) -> None:
    images = dict(zip(SAMPLE, run(*[makers.BUNDLED / n for n in SAMPLE]), strict=True))
    for name, image in images.items():
        assert isinstance(image, Rebuilt), (name, image)
        assert frame_of(image).std() > 0, name
    twins = [
        frame_of(images[f"MR_small_{kind}.dcm"])
        for kind in ("bigendian", "RLE", "jpeg_ls_lossless", "jp2klossless")
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = pixel_array(makers.BUNDLED / "MR_small.dcm")
    assert all(np.array_equal(twin, expected) for twin in twins)


@pytest.mark.soak
def test_all_bundled_files(run: Rebuild) -> None:
    folder = makers.BUNDLED.parent
    files = [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix not in {".py", ".pyc", ".json"}
    ]
    outcomes = run(*files)
    kept = [outcome for outcome in outcomes if isinstance(outcome, Rebuilt)]
    assert len(kept) >= 93
    assert sum(image.facts.frames for image in kept) >= 125
    damaged = {
        f.name
        for f, o in zip(files, outcomes, strict=True)
        if not isinstance(o, Rebuilt) and o.code == "damaged"
    }
    assert damaged <= {"JPEG2000-embedded-sequence-delimiter.dcm", "MR_truncated.dcm"}
