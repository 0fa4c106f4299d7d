"""App configuration."""

from django.apps import AppConfig


class SingleSignOnConfig(AppConfig):
    """Registers the room with Django."""

    name = "consilium.single_sign_on"
    label = "single_sign_on"

    def ready(self) -> None:
        """Keep who is who at the provider from the database's read-only role."""
        from consilium.audit.grants import declare_secret

        declare_secret("socialaccount_socialaccount", "uid", "extra_data")
        declare_secret("socialaccount_socialapp")
        declare_secret("socialaccount_socialtoken")
