"""From int16 codes and a window to 8-bit pictures, as the viewer draws them; numpy and Pillow only.

A grey frame is an int16 array of codes: modality value = slope * code + intercept. static/viewer
computes the same table with the same arithmetic, so the two agree to the grey level.
"""

import math
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from curation.imaging.protocol import Window

Codes = NDArray[np.int16]
Bytes = NDArray[np.uint8]

IDENTITY_WINDOW: Final = Window(center=128.0, width=256.0)
_LEVELS: Final = 1 << 16
_BLOCK_SAMPLES: Final = 1 << 22


def window_table(slope: float, intercept: float, window: Window, *, inverted: bool = False) -> Bytes:
    """Return the grey level (0..255) of each of the 65,536 codes, indexed by the code seen as uint16.

    The LINEAR function of PS3.3 C.11.2.1.2.1; a width of 1 is a threshold at the centre minus one half.
    """
    codes = np.arange(_LEVELS, dtype=np.uint16).view(np.int16).astype(np.float64)
    offset = slope * codes + intercept - (window.center - 0.5)
    with np.errstate(over="ignore"):
        level = offset / (window.width - 1) + 0.5 if window.width > 1 else (offset > 0).astype(np.float64)
    grey = np.floor(np.clip(level, 0.0, 1.0) * 255 + 0.5).astype(np.uint8)
    return np.asarray(255 - grey if inverted else grey, dtype=np.uint8)


def to8(codes: Codes, table: Bytes) -> Bytes:
    """Return the 8-bit picture of `codes`, same shape."""
    flat = np.empty(codes.size, dtype=np.uint8)
    for place, block in _blocks(codes):
        flat[place : place + block.size] = table[block.view(np.uint16)]
    return flat.reshape(codes.shape)


def histogram(codes: Codes) -> NDArray[np.int64]:
    """Return how often each code occurs; index 0 is code -32768."""
    counts = np.zeros(_LEVELS, dtype=np.int64)
    for _, block in _blocks(codes):
        counts += np.bincount(block.astype(np.int64) + 32768, minlength=_LEVELS)
    return counts


def _blocks(codes: Codes) -> Iterator[tuple[int, Codes]]:
    """Yield the samples in pieces: indexing converts to 8 bytes each, too much for a whole large frame."""
    flat = np.ascontiguousarray(codes).reshape(-1)
    for place in range(0, flat.size, _BLOCK_SAMPLES):
        yield place, flat[place : place + _BLOCK_SAMPLES]


def span_window(counts: NDArray[np.int64], slope: float, intercept: float, low: float, high: float) -> Window:
    """Return the window from the `low` to the `high` percentile (0..100) of a histogram."""
    cumulative = np.cumsum(counts)
    total = int(cumulative[-1])
    ends = [int(np.searchsorted(cumulative, max(1, math.ceil(total * share / 100)))) for share in (low, high)]
    values = sorted(slope * (min(end, _LEVELS - 1) - 32768) + intercept for end in ends)
    center, width = (values[0] + values[1]) / 2 + 0.5, values[1] - values[0] + 1
    return Window(center=float(f"{center:.6g}"), width=max(1.0, float(f"{width:.6g}")))


def perceptual_hash(picture: Bytes) -> str:
    """Return the 64-bit difference hash of an 8-bit grey or RGB picture as 16 hex digits."""
    small = Image.fromarray(picture).convert("L").resize((9, 8), Image.Resampling.BOX)
    grid = np.asarray(small, dtype=np.int16)
    bits = (grid[:, 1:] > grid[:, :-1]).reshape(-1)
    return bytes(np.packbits(bits)).hex()


def fitted(picture: Bytes, aspect: float, longest: int) -> Image.Image:
    """Return the picture with square pixels (aspect = pixel height over width), no edge above `longest`."""
    rows, columns = picture.shape[:2]
    height, width = (rows * aspect, float(columns)) if aspect >= 1 else (float(rows), columns / aspect)
    shrink = min(1.0, longest / max(height, width))
    size = (max(1, round(width * shrink)), max(1, round(height * shrink)))
    image = Image.fromarray(picture)
    return image if size == image.size else image.resize(size, Image.Resampling.LANCZOS)
