"""What stands for a text where the text itself must not be kept: keyed hashes. Pure."""

import hashlib
import hmac
from typing import Final

from curation.imaging.fingerprints import fold

# A shorter text is read faster than looked up.
SHORTEST: Final = 40


def clean_digest(said: str, version: str) -> str:
    """32 hex digits for a text that the patterns of one version have read."""
    content = said.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(content, digest_size=16, key=version.encode()).hexdigest()


def place_digest(kind: str, said: str, key: bytes) -> str:
    """64 hex digits for what stands at a place that a pattern found; equal for all spellings."""
    plain = " ".join(fold(said).replace("\u2019", "'").split()).removesuffix("'s")
    return hmac.new(key, f"{kind}\0{plain}".encode(), hashlib.sha256).hexdigest()
