"""App configuration."""

from django.apps import AppConfig


class AnnotationConfig(AppConfig):
    """Registers the app with Django."""

    name = "annotation"
