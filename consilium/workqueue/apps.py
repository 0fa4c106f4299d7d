"""App configuration."""

from django.apps import AppConfig


class WorkConfig(AppConfig):
    """Registers the room with Django and its sweep with the jobs room."""

    name = "consilium.workqueue"
    label = "work"

    def ready(self) -> None:
        """Have overdue claims expire at every tick of the sweeper, and changes of submissions refused."""
        from consilium.audit.append_only import Refusal
        from consilium.audit.grants import declare_secret
        from consilium.audit.protection import declare
        from consilium.jobs.reaper import register_sweep
        from consilium.workqueue.slots import sweep

        declare(Refusal("work_submission"))
        declare_secret("work_claim", "token")
        register_sweep(sweep)
