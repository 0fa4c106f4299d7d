"""Imports all that decoding may ever need: once the walls stand, not even a module can be opened.

Libraries import parts of themselves when those are first needed; a test listens for that.
"""

import codecs as texts
from importlib import import_module
from typing import Final

from PIL import Image
from pydicom.charset import python_encoding

from curation.imaging.codecs import register_decoders
from curation.imaging.versions import version_of
from curation.imaging.vocabulary import DECODER_NAMES

_ON_DEMAND: Final = (
    "curation.imaging.dicom",
    "curation.imaging.photo",
    "curation.imaging.frame_files",
    "curation.imaging.sniff",
    "PIL.MpoImagePlugin",
    "PIL.TiffImagePlugin",  # reads what a camera noted beside a picture
    "imagecodecs._jpeg8",
    "_strptime",
)


def load_decoders() -> None:
    """Import the decoders with what they load on demand, and read their versions."""
    for module in _ON_DEMAND:
        import_module(module)
    Image.preinit()
    register_decoders()
    for distribution in DECODER_NAMES:
        version_of(distribution)
    for encoding in python_encoding.values():
        texts.lookup(encoding)
