"""App configuration."""

from django.apps import AppConfig


class SiteConfig(AppConfig):
    """Registers the room with Django."""

    name = "dashboard"
    label = "site"

    def ready(self) -> None:
        """Make the doctor's checks and the room's job kinds known."""
        from dashboard import checks  # noqa: F401
        from dashboard.tasks import register_jobs

        register_jobs()
