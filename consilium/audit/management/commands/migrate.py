"""`manage.py migrate`: Django's own, run as the owner of the tables, whose other roles get their rights anew.

It also runs where triggers are missing, because it puts them back.
"""

import gc
from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands.migrate import Command as Migrate
from django.db import ProgrammingError, connections

from consilium.audit.database_roles import as_owner
from consilium.audit.grants import refresh_grants
from consilium.audit.protection import other_checks
from consilium.whole_migrations import migrate_as_a_whole

DENIED = "42501"  # PostgreSQL's insufficient_privilege


class Command(Migrate):
    def get_check_kwargs(self, options: dict[str, Any]) -> Any:
        return {**super().get_check_kwargs(options), "tags": other_checks()}

    def handle(self, *args: Any, **options: Any) -> None:
        alias = options["database"]
        gc.freeze()  # what is loaded stays: collections need not walk it while models are made anew
        with as_owner(alias) as roles, migrate_as_a_whole():
            try:
                super().handle(*args, **options)
            except ProgrammingError as problem:
                if getattr(problem.__cause__, "pgcode", "") != DENIED:
                    raise
                text = "This database role may not change tables: set DATABASE_OWNER_URL to the owner's."
                raise CommandError(text, returncode=2) from None
            if roles is not None and (missing := refresh_grants(connections[alias], roles)):
                self.stdout.write(
                    f"The database has no role {' and no role '.join(missing)} yet: "
                    "run `manage.py database_roles`."
                )
