"""Where a stored content lies, for tests that damage or look at the file itself."""

from pathlib import Path

from django.conf import settings

from consilium.blobs.store import key_of


def path_of(sha256: str) -> Path:
    """The file of a content of a site that keeps its files in the data folder."""
    return Path(settings.CONSILIUM_HOME) / key_of(sha256)
