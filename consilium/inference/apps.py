"""App configuration."""

from django.apps import AppConfig


class CallsConfig(AppConfig):
    """Registers the room with Django; stored replies are append-only."""

    name = "consilium.inference"
    label = "calls"

    def ready(self) -> None:
        """Have the database refuse changes of replies."""
        from consilium.audit.append_only import Refusal
        from consilium.audit.protection import declare

        declare(Refusal("calls_reply"))
