"""App configuration."""

from django.apps import AppConfig


class TrainingConfig(AppConfig):
    """Registers the app, its job kind and whose the folders of its runs are."""

    name = "training"

    def ready(self) -> None:
        """Runs once when Django has loaded all models."""
        from pathlib import Path

        from consilium.inference import folder_owners, score_servers
        from consilium.jobs.host_sweeps import register_host_sweep
        from curation.images import copies
        from training import run_folder
        from training.publish import register_publishables
        from training.tasks import register_jobs

        register_jobs()
        register_publishables()
        copies.register(run_folder.remove_data)
        register_host_sweep(run_folder.remove_purged_data)
        folder_owners.register(run_folder.RUNS, run_folder.study_of)
        score_servers.register(Path(__file__).with_name("job") / "reward_server.py")
