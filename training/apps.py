"""App configuration."""

from django.apps import AppConfig


class TrainingConfig(AppConfig):
    """Registers the app and its job kind."""

    name = "training"

    def ready(self) -> None:
        """Runs once when Django has loaded all models."""
        from training.tasks import register_jobs

        register_jobs()
