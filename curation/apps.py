"""App configuration."""

from django.apps import AppConfig


class CurationConfig(AppConfig):
    """Registers the app with Django, its background work and its human work."""

    name = "curation"

    def ready(self) -> None:
        """Make the app's jobs and its kind of work known."""
        from consilium.jobs.sweeping import register_sweep
        from curation.freezing import register_freezers
        from curation.importing import sweep_uploads
        from curation.reviewing import register_kind
        from curation.tasks import register_all

        register_all()
        register_kind()
        register_freezers()
        register_sweep(sweep_uploads)
