"""App configuration."""

from django.apps import AppConfig


class HubConfig(AppConfig):
    """Registers the room with Django and its background work."""

    name = "consilium.hub"
    label = "hub"

    def ready(self) -> None:
        """Make the room's jobs known; the sealed token is not for the database's reading role."""
        from consilium.audit.grants import declare_secret
        from consilium.audit.protection import declare
        from consilium.hub import tasks
        from consilium.hub.push import KIND as PUSH
        from consilium.hub.push_job import remove_left_scratch
        from consilium.hub.tokens import KIND as CHECK
        from consilium.hub.triggers import PROTECTED
        from consilium.jobs.host_sweeps import register_host_sweep
        from consilium.jobs.registry import JobKind, register
        from consilium.people.permissions import OPERATOR

        declare(*PROTECTED)
        declare_secret("hub_hubtoken", "sealed")
        register_host_sweep(remove_left_scratch)
        register(JobKind(name=PUSH, label="Pushing to the Hub", handler=tasks.push_content))
        register(
            JobKind(
                name=CHECK,
                label="Checking the Hub's token",
                handler=tasks.check_token,
                roles=frozenset({OPERATOR}),
            )
        )
