"""App configuration."""

from django.apps import AppConfig


class TrainingConfig(AppConfig):
    """Registers the app with Django."""

    name = "training"
