"""App configuration."""

from django.apps import AppConfig


class WorkConfig(AppConfig):
    """Registers the room with Django."""

    name = "consilium.work"
    label = "work"
