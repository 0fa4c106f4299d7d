"""App configuration."""

from django.apps import AppConfig


class JobsConfig(AppConfig):
    """Registers the room and its own kind of job."""

    name = "consilium.jobs"
    label = "jobs"

    def ready(self) -> None:
        """Make the daily check known."""
        from consilium.jobs.daily_check import check_day
        from consilium.jobs.reaper import DAILY_KIND
        from consilium.jobs.registry import JobKind, register

        register(
            JobKind(name=DAILY_KIND, label="Daily check of stored files and audit chains", handler=check_day)
        )
