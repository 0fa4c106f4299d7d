"""Which store this site keeps its files in."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from consilium.blobs.blob_store import BlobStore
from consilium.blobs.folder_store import FolderStore
from consilium.blobs.probe import is_own
from consilium.blobs.store_address import StoreAddress
from consilium.keys import IDENTITY, key_id

if TYPE_CHECKING:
    from consilium.blobs.object_store import ObjectStore


def site_store() -> BlobStore:
    """The store of blobs, exports and uploads: the bucket that the settings name, else the data folder."""
    address = settings.OBJECT_STORE
    return FolderStore(Path(settings.CONSILIUM_HOME)) if address is None else object_store(address)


@cache
def object_store(address: StoreAddress) -> "ObjectStore":
    """The one of this process for an address: it keeps connections, and knows when the store is away."""
    from consilium.blobs.object_store import ObjectStore  # 16 MB, of which a site on one host needs nothing

    return ObjectStore(address)


def site_id() -> str:
    """What a store's mark says when it is this site's; it gives nothing away."""
    return key_id(IDENTITY, settings.IDENTITY_KEY)


def owns_store() -> bool:
    """Whether what lies in the store is this site's alone, so that unknown files may be deleted."""
    address = settings.OBJECT_STORE
    return address is None or is_own(object_store(address), site_id())
