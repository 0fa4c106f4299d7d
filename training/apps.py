"""App configuration."""

from django.apps import AppConfig


class TrainingConfig(AppConfig):
    """Registers the app, its job kind and whose the folders of its runs are."""

    name = "training"

    def ready(self) -> None:
        """Runs once when Django has loaded all models."""
        from consilium.inference import folder_owners
        from training import run_folder
        from training.tasks import register_jobs

        register_jobs()
        folder_owners.register(run_folder.RUNS, run_folder.owner_of)
