"""App configuration."""

from django.apps import AppConfig


class BlobsConfig(AppConfig):
    """Registers the room with Django."""

    name = "consilium.blobs"
    label = "blobs"
