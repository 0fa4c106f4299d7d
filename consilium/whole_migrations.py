"""A migration and the note that it was applied are one transaction.

Django notes a migration with deferred SQL (indexes, foreign keys) after its transaction, and a backward one
always: a process killed between the two leaves a database that `migrate` cannot go on from ("table exists").
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.commands import migrate
from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.migration import Migration


class WholeMigrations(MigrationExecutor):
    """Django's executor with a transaction around each step."""

    def apply_migration(self, state: Any, migration: Migration, *args: Any, **kwargs: Any) -> Any:
        """Run one migration forwards, and note it."""
        with _whole(self.connection, migration):
            return super().apply_migration(state, migration, *args, **kwargs)

    def unapply_migration(self, state: Any, migration: Migration, *args: Any, **kwargs: Any) -> Any:
        """Run one migration backwards, and note it."""
        with _whole(self.connection, migration):
            return super().unapply_migration(state, migration, *args, **kwargs)


@contextmanager
def migrate_as_a_whole() -> Iterator[None]:
    """Django's command looks its executor up in its own module, and takes this one inside the block."""
    module: Any = migrate
    before = module.MigrationExecutor
    module.MigrationExecutor = WholeMigrations
    try:
        yield
    finally:
        module.MigrationExecutor = before


@contextmanager
def _whole(connection: BaseDatabaseWrapper, migration: Migration) -> Iterator[None]:
    if not migration.atomic:
        yield
        return
    # SQLite alters tables only while foreign keys are not enforced, which cannot be changed in a transaction.
    is_off = connection.vendor == "sqlite" and connection.disable_constraint_checking()
    try:
        with transaction.atomic(using=connection.alias):
            yield
    finally:
        if is_off:
            connection.enable_constraint_checking()
