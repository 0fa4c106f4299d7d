"""App configuration."""

from django.apps import AppConfig


class SiteConfig(AppConfig):
    """Registers the room with Django."""

    name = "consilium.site"
    label = "site"
