"""`manage.py migrate`: Django's own, which also runs where triggers are missing: it puts them back."""

from typing import Any

from django.core.management.commands.migrate import Command as Migrate

from consilium.audit.protection import other_checks


class Command(Migrate):
    def get_check_kwargs(self, options: dict[str, Any]) -> Any:
        return {**super().get_check_kwargs(options), "tags": other_checks()}
