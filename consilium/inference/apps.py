"""App configuration."""

from django.apps import AppConfig


class CallsConfig(AppConfig):
    """Registers the room with Django; stored replies are append-only."""

    name = "consilium.inference"
    label = "calls"

    def ready(self) -> None:
        """Have the database refuse changes of replies, and addresses and keys checked at every start."""
        from django.core.checks import register

        from consilium.audit.append_only import Refusal
        from consilium.audit.protection import declare
        from consilium.inference.checks import check_model_addresses

        declare(Refusal("calls_reply"))
        register(check_model_addresses)
