"""App configuration."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """Registers the room with Django."""

    name = "consilium.audit"
    label = "audit"
