"""A migration and the note that it was applied are one transaction; an empty database is made in less time.

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
from django.db.migrations.state import ModelState, ProjectState


class GrowingState(ProjectState):
    """The models of a database that was empty, as its migrations add them.

    Django makes a new model's relatives anew, thirty classes each time. Nothing refers to a new model yet,
    and its class tells those that it refers to, which are all of this registry: as when a program is loaded.
    """

    def add_model(self, model_state: ModelState) -> None:
        """Add a model and make its class alone."""
        apps = self.__dict__.pop("apps", None)  # without it, Django notes the model and makes no class
        super().add_model(model_state)
        if apps is not None:
            self.apps = apps
            apps.render_multiple([model_state])


class WholeMigrations(MigrationExecutor):
    """Django's executor with a transaction around each step."""

    def _migrate_all_forwards(self, state: ProjectState, *args: Any, **kwargs: Any) -> Any:
        if not self.loader.applied_migrations:
            state.__class__ = GrowingState
        return super()._migrate_all_forwards(state, *args, **kwargs)  # type: ignore[misc]

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
