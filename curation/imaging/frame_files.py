"""One picture as plain files: gzip byte planes for the viewer, PNG for thumbnails and models."""

import gzip
import hashlib
import io
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from PIL import Image

from curation.imaging.display import fitted, histogram, perceptual_hash, span_window, to8, window_table
from curation.imaging.frame_stream import FrameStream
from curation.imaging.picture import Picture
from curation.imaging.protocol import Facts, Preset, RebuildLimits, Window
from curation.imaging.vocabulary import CT_PRESETS, PixelKind, ReviewReason

_GZIP_LEVEL: Final = 6
_OWN_NAMES: Final = ("Default", "Second", "Third")


def planes(frame: Any) -> Iterator[bytes]:
    """Yield what the viewer reads: low then high bytes of int16 codes, or the R, G and B planes."""
    if frame.ndim == 3:
        yield from (frame[:, :, channel].tobytes() for channel in range(3))
        return
    unsigned = np.ascontiguousarray(frame).view(np.uint16)
    yield (unsigned & np.uint16(0xFF)).astype(np.uint8).tobytes()
    yield (unsigned >> 8).astype(np.uint8).tobytes()


def write_frame(stream: FrameStream, index: int, frame: Any) -> str:
    """Make one frame for the viewer, plane by plane, and return the SHA-256 of its samples."""
    digest, packed = hashlib.sha256(), io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=_GZIP_LEVEL, filename="", mtime=0) as packer:
        for plane in planes(frame):
            digest.update(plane)
            packer.write(plane)
    stream.write(f"frame-{index:04d}.bin", packed.getbuffer())
    return digest.hexdigest()


def write_pictures(stream: FrameStream, picture: Picture, limits: RebuildLimits) -> Facts:
    """Make the pictures of the representative frames and return the facts of the image."""
    indices = representative_frames(picture.frames, limits.model_frames)
    auto, full = _measured_windows(picture, indices)
    window = (*picture.display.windows, auto)[0]
    display = picture.display
    table = window_table(display.slope, display.intercept, window, inverted=display.inverted)
    middle = indices[len(indices) // 2]
    perceptual = ""
    for index in indices:
        frame = picture.frame(index)
        shown = frame if picture.kind is PixelKind.COLOUR else to8(frame, table)
        _write_png(stream, f"model-{index:04d}.png", fitted(shown, picture.about.aspect, limits.model_edge))
        if index == middle:
            perceptual = perceptual_hash(shown)
            _write_png(stream, "thumb.png", fitted(shown, picture.about.aspect, limits.thumb_edge))
    return _facts(picture, window, _presets(picture, auto, full), perceptual)


def _write_png(stream: FrameStream, name: str, image: Image.Image) -> None:
    """Make a picture of samples alone: a fresh image carries no metadata."""
    content = io.BytesIO()
    Image.frombytes(image.mode, image.size, image.tobytes()).save(content, format="PNG")
    stream.write(name, content.getbuffer())


def representative_frames(frames: int, most: int) -> list[int]:
    """Return up to `most` frame numbers spread evenly from the first to the last."""
    count = min(frames, most)
    return [round(i * (frames - 1) / max(1, count - 1)) for i in range(count)]


def _measured_windows(picture: Picture, indices: list[int]) -> tuple[Window, Window]:
    """Return the 0.5 to 99.5 percentile window and the full range, padding left out, of the given frames."""
    if picture.kind is PixelKind.COLOUR:
        return picture.display.windows[0], picture.display.windows[0]
    counts = np.zeros(1 << 16, dtype=np.int64)
    for index in indices:
        counts += histogram(picture.frame(index))
    if picture.display.padding is not None:
        low, high = picture.display.padding
        without = counts.copy()
        without[low + 32768 : high + 32769] = 0
        counts = without if without.any() else counts
    slope, intercept = picture.display.slope, picture.display.intercept
    return span_window(counts, slope, intercept, 0.5, 99.5), span_window(counts, slope, intercept, 0, 100)


def _presets(picture: Picture, auto: Window, full: Window) -> tuple[Preset, ...]:
    """Return at most six named windows: the source's own, those of its modality, and the measured ones."""
    own = [
        (name, w.center, w.width)
        for name, w in zip(_OWN_NAMES, picture.display.windows or (auto,), strict=False)
    ]
    if picture.kind is PixelKind.COLOUR:
        named = own[:1]
    elif picture.about.modality == "CT":
        named = [*own[:1], *CT_PRESETS, ("Full range", full.center, full.width)]
    else:
        named = [*own, ("Auto contrast", auto.center, auto.width), ("Full range", full.center, full.width)]
    return tuple(Preset(name=name, center=center, width=width) for name, center, width in named)


def _facts(picture: Picture, window: Window, presets: tuple[Preset, ...], perceptual: str) -> Facts:
    about, display = picture.about, picture.display
    return Facts(
        kind=picture.kind,
        rows=picture.rows,
        columns=picture.columns,
        frames=picture.frames,
        slope=display.slope,
        intercept=display.intercept,
        inverted=display.inverted,
        window=window,
        presets=presets,
        spacing=about.spacing,
        spacing_meaning=about.spacing_meaning,
        aspect=about.aspect,
        orientation=about.orientation,
        modality=about.modality,
        body_part=about.body_part,
        laterality=about.laterality,
        view=about.view,
        needs_pixel_review=about.review_reason is not ReviewReason.NONE,
        review_reason=about.review_reason,
        perceptual_hash=perceptual,
        patient_key=about.patient_key,
        series_key=about.series_key,
        position=about.position,
        age_years=about.age_years,
        fingerprints=about.fingerprints,
        decoder=about.decoder,
        decoder_version=about.decoder_version,
    )
