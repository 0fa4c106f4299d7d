"""A PNG or JPEG file as a Picture: one frame, upright, samples only."""

import warnings
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from curation.imaging.display import IDENTITY_WINDOW
from curation.imaging.picture import About, Display
from curation.imaging.protocol import RebuildLimits, Window
from curation.imaging.refusal import RefusedError, damaged, too_large
from curation.imaging.versions import version_of
from curation.imaging.vocabulary import PixelKind, RefusalCode, ReviewReason

_DEEP_GREY: Final = frozenset({"I;16", "I;16B", "I;16L", "I;16N", "I"})
_WIDE_WINDOW: Final = Window(center=32768.0, width=65536.0)


class PhotoPicture:
    """An accepted PNG or JPEG; see picture.Picture. Everything but the samples is left behind."""

    def __init__(self, source: BinaryIO, limits: RebuildLimits) -> None:
        """Decode `source`; raise RefusedError for animations, damage and decompression bombs."""
        self._samples = _decode(source, limits)
        deep = self._samples.dtype == np.int16
        self.kind = PixelKind.COLOUR if self._samples.ndim == 3 else PixelKind.GREY
        self.rows, self.columns, self.frames = *self._samples.shape[:2], 1
        self.about = About(
            review_reason=ReviewReason.PHOTO, decoder="pillow", decoder_version=version_of("pillow")
        )
        self.display = (
            Display(intercept=32768.0, windows=(_WIDE_WINDOW,))
            if deep
            else Display(windows=(IDENTITY_WINDOW,))
        )

    def frame(self, index: int) -> Any:
        """Return the only frame."""
        return self._samples if self._samples.dtype == np.int16 or self._samples.ndim == 3 else self._codes()

    def _codes(self) -> NDArray[np.int16]:
        return self._samples.astype(np.int16)


def _decode(source: BinaryIO, limits: RebuildLimits) -> NDArray[Any]:
    Image.MAX_IMAGE_PIXELS = limits.frame_pixels
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(source, formats=("PNG", "JPEG")) as image:
                _check(image, limits)
                image.load()
                ImageOps.exif_transpose(image, in_place=True)
                return _samples(image)
        except (MemoryError, RefusedError):
            raise
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise too_large(
                f"at most {limits.frame_pixels // 1_000_000} million pixels are accepted"
            ) from error
        except UnidentifiedImageError as error:
            raise damaged("it starts like a PNG or JPEG picture and is not one") from error
        except Exception as error:  # Pillow raises many kinds on broken chunks
            raise damaged("its pixels cannot be decoded") from error


def _check(image: Image.Image, limits: RebuildLimits) -> None:
    if image.width * image.height > limits.frame_pixels:
        raise too_large(f"{image.width} x {image.height} pixels")
    if max(image.size) > 65535:
        raise too_large(f"{image.width} x {image.height} pixels")
    if getattr(image, "n_frames", 1) != 1:
        raise RefusedError(
            RefusalCode.ANIMATED,
            "The file holds several pictures (an animation); upload one picture per file.",
        )


def _samples(image: Image.Image) -> NDArray[Any]:
    """Return int16 codes of deep grey, uint8 of plain grey (rows, columns) or RGB (rows, columns, 3)."""
    if image.mode in _DEEP_GREY:
        deep = np.asarray(image).astype(np.uint16)
        return (deep ^ np.uint16(0x8000)).view(np.int16)
    if image.mode in {"1", "L"} and "transparency" not in image.info:
        return np.array(image.convert("L"))
    if image.mode in {"L", "LA", "PA", "La", "RGBA", "RGBa"} or "transparency" in image.info:
        # Colours under transparent pixels are unseen by the reviewer: they are replaced by black.
        flat = image.convert("RGBA")
        flat = Image.alpha_composite(Image.new("RGBA", flat.size, "black"), flat)
        return np.array(flat.convert("L" if image.mode in {"L", "LA", "La"} else "RGB"))
    return np.asarray(image if image.mode == "RGB" else image.convert("RGB"))
