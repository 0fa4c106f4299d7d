"""App configuration."""

from django.apps import AppConfig


class SiteConfig(AppConfig):
    """Registers the room with Django."""

    name = "consilium.site"
    label = "site"

    def ready(self) -> None:
        """Make the doctor's checks known."""
        from consilium.site import checks  # noqa: F401
