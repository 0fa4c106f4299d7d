"""App configuration."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate


class AuditConfig(AppConfig):
    """Registers the room with Django and keeps what every app declared as append-only protected."""

    name = "consilium.audit"
    label = "audit"

    def ready(self) -> None:
        """Protect the chains, and all declared tables again after every `migrate`.

        Use cases of this house send no signals. These are Django's own hooks around `migrate`, the one way to
        run on every path to a changed table (migrate, setup, up, a test's database), once per run.
        """
        from consilium.audit.append_only import Refusal
        from consilium.audit.protection import after_migrate, before_migrate, declare

        declare(Refusal("audit_auditevent"), Refusal("audit_keymark"))
        pre_migrate.connect(before_migrate, sender=self)
        post_migrate.connect(after_migrate, sender=self)
        post_migrate.connect(_note_identity_key, sender=self)


def _note_identity_key(using: str, **kwargs: Any) -> None:
    from consilium.audit.key_marks import note_identity_key

    note_identity_key(using)
