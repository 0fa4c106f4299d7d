"""App configuration."""

from django.apps import AppConfig


class BenchmarkConfig(AppConfig):
    """Registers the app and its job kinds."""

    name = "benchmark"

    def ready(self) -> None:
        """Runs once when Django has loaded all models."""
        from benchmark.tasks import register_jobs

        register_jobs()
