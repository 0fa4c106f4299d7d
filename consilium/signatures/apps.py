"""App configuration."""

from django.apps import AppConfig


class SignaturesConfig(AppConfig):
    """Registers the room with Django and what the database refuses here."""

    name = "consilium.signatures"
    label = "signatures"

    def ready(self) -> None:
        """A signature never changes; of a sitting only its end is written, once."""
        from consilium.audit.append_only import Refusal
        from consilium.audit.protection import declare
        from consilium.signatures.models import SITTING_CHANGED, SITTING_FIXED

        declare(
            Refusal("signatures_signature"),
            Refusal("signatures_sitting", verbs=("update",), when=SITTING_CHANGED, fixed=SITTING_FIXED),
            Refusal("signatures_sitting", verbs=("delete",), truncates=False),
        )
