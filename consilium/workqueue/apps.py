"""App configuration."""

from django.apps import AppConfig


class WorkConfig(AppConfig):
    """Registers the room with Django and its sweep with the jobs room."""

    name = "consilium.workqueue"
    label = "work"

    def ready(self) -> None:
        """Have overdue claims expire at every tick of the sweeper."""
        from consilium.jobs.reaper import register_sweep
        from consilium.workqueue.slots import sweep

        register_sweep(sweep)
