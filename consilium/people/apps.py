"""App configuration."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """Registers the room with Django."""

    name = "consilium.people"
    label = "people"
