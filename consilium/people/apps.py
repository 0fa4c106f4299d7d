"""App configuration."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """Registers the room with Django."""

    name = "consilium.people"
    label = "people"

    def ready(self) -> None:
        """Keep what logs people in from the database's read-only role."""
        from consilium.audit.grants import declare_secret

        declare_secret("people_person", "password")
        declare_secret("people_invitation", "token_sha256")
        declare_secret("people_remembered")
        declare_secret("django_session")
        declare_secret("mfa_authenticator", "data")
        declare_secret("account_emailconfirmation")
