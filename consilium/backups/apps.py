"""App configuration."""

from django.apps import AppConfig


class BackupsConfig(AppConfig):
    """Registers the backup's job and its part in the reaper's tick."""

    name = "consilium.backups"
    label = "backups"

    def ready(self) -> None:
        """Make them known."""
        from consilium.backups.schedule import KIND, run_backup, sweep
        from consilium.jobs.reaper import register_sweep
        from consilium.jobs.registry import JobKind, register

        register(
            JobKind(
                name=KIND, label="Backup of the site", handler=run_backup, max_attempts=1, needs_nobody=True
            )
        )
        register_sweep(sweep)
