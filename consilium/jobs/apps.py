"""App configuration."""

from django.apps import AppConfig


class JobsConfig(AppConfig):
    """Registers the room and its own kind of job."""

    name = "consilium.jobs"
    label = "jobs"

    def ready(self) -> None:
        """Make the daily check known and anchors a part of the reaper's tick; tokens of jobs are secret."""
        from consilium.audit import anchors
        from consilium.audit.grants import declare_secret
        from consilium.blobs.store import register_count
        from consilium.jobs.daily_check import check_day
        from consilium.jobs.reaper import DAILY_KIND, register_sweep
        from consilium.jobs.registry import JobKind, register
        from consilium.jobs.watched_figures import note_damaged

        register_count(note_damaged)
        declare_secret("jobs_job", "claim_token")
        register_sweep(anchors.sweep)

        register(
            JobKind(
                name=DAILY_KIND,
                label="Daily check of stored files and audit chains",
                handler=check_day,
                roles=frozenset(),
                needs_nobody=True,
            )
        )
