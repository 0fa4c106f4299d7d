"""App configuration."""

from django.apps import AppConfig


class AnnotationConfig(AppConfig):
    """Registers the app, its work kinds, its jobs and its sweep."""

    name = "annotation"

    def ready(self) -> None:
        """Runs once when Django has loaded all models."""
        from annotation import settling, stalling
        from annotation.adjudicating import ADJUDICATE
        from annotation.freezing import PREFERENCES
        from annotation.tasks import register_jobs
        from annotation.voting import COMPARE
        from consilium.jobs.sweeping import register_sweep
        from consilium.workqueue import kinds
        from curation.releases import registry

        registry.register(PREFERENCES)
        kinds.register(COMPARE)
        kinds.register(ADJUDICATE)
        register_jobs()
        register_sweep(settling.sweep)
        register_sweep(stalling.sweep)
