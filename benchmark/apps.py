"""App configuration."""

from django.apps import AppConfig


class BenchmarkConfig(AppConfig):
    """Registers the app with Django."""

    name = "benchmark"
