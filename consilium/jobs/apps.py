"""App configuration."""

from django.apps import AppConfig


class JobsConfig(AppConfig):
    """Registers the room with Django."""

    name = "consilium.jobs"
    label = "jobs"
