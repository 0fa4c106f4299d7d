"""App configuration."""

from django.apps import AppConfig


class CurationConfig(AppConfig):
    """Registers the app with Django."""

    name = "curation"
