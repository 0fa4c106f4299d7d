"""App configuration."""

from django.apps import AppConfig


class JobsConfig(AppConfig):
    """Registers the room and its own kind of job."""

    name = "consilium.jobs"
    label = "jobs"

    def ready(self) -> None:
        """Make the daily check known, and keep the tokens of running jobs from the read-only role."""
        from consilium.audit.grants import declare_secret
        from consilium.jobs.daily_check import check_day
        from consilium.jobs.reaper import DAILY_KIND
        from consilium.jobs.registry import JobKind, register

        declare_secret("jobs_job", "claim_token")
        register(
            JobKind(name=DAILY_KIND, label="Daily check of stored files and audit chains", handler=check_day)
        )
