"""App configuration."""

from django.apps import AppConfig


class UiConfig(AppConfig):
    """Registers the room, so that templates find its tags."""

    name = "consilium.ui"
    label = "ui"
