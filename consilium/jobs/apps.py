"""App configuration."""

from django.apps import AppConfig


class JobsConfig(AppConfig):
    """Registers the room and its own kind of job."""

    name = "consilium.jobs"
    label = "jobs"

    def ready(self) -> None:
        """Make the daily check known."""
        from consilium.jobs.daily import check_day
        from consilium.jobs.registry import JobKind, register
        from consilium.jobs.sweeping import DAILY_KIND

        register(
            JobKind(name=DAILY_KIND, label="Daily check of stored files and audit chains", handler=check_day)
        )
