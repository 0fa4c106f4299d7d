"""App configuration."""

from django.apps import AppConfig


class SiteConfig(AppConfig):
    """Registers the room with Django."""

    name = "dashboard"
    label = "site"

    def ready(self) -> None:
        """Make the doctor's checks and the room's job kinds known; the sweeper looks after pipelines."""
        from consilium.jobs.reaper import register_sweep
        from dashboard import checks  # noqa: F401
        from dashboard.pipelines import advance
        from dashboard.tasks import register_jobs

        register_jobs()
        register_sweep(advance.sweep)
