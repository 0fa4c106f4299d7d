"""App configuration."""

from django.apps import AppConfig


class CurationConfig(AppConfig):
    """Registers the app with Django, and its kinds of background work."""

    name = "curation"

    def ready(self) -> None:
        """Make the app's jobs known."""
        from curation.tasks import register_all

        register_all()
