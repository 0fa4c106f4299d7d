"""Which store this site keeps its files in."""

from pathlib import Path

from django.conf import settings

from consilium.blobs.blob_store import BlobStore
from consilium.blobs.folder_store import FolderStore


def site_store() -> BlobStore:
    """The store of blobs, exports and uploads: the data folder."""
    return FolderStore(Path(settings.CONSILIUM_HOME))
