"""App configuration."""

from django.apps import AppConfig


class BenchmarkConfig(AppConfig):
    """Registers the app and its job kinds."""

    name = "benchmark"

    def ready(self) -> None:
        """Runs once when Django has loaded all models."""
        from benchmark.model_results import measured_results
        from benchmark.publish import register_publishable_evaluations
        from benchmark.tasks import register_jobs
        from curation.cards.model_results import register_results

        register_jobs()
        register_publishable_evaluations()
        register_results(measured_results)
