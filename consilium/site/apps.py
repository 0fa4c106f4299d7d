"""App configuration."""

from django.apps import AppConfig


class SiteConfig(AppConfig):
    """Registers the room with Django."""

    name = "consilium.site"
    label = "site"

    def ready(self) -> None:
        """Make the doctor's checks and the room's job kinds known."""
        from consilium.site import checks  # noqa: F401
        from consilium.site.tasks import register_jobs

        register_jobs()
