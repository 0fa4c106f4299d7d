"""App configuration."""

from django.apps import AppConfig


class CallsConfig(AppConfig):
    """Registers the room with Django."""

    name = "consilium.inference"
    label = "calls"
