"""Whether the database is at this version, behind it or ahead of it."""

from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader


def unapplied_migrations() -> list[str]:
    """Names of migrations that the code has and the database lacks, in order."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, backwards in plan if not backwards]


def unknown_migrations() -> list[str]:
    """Names of migrations that the database had and the code does not know: a newer version made it."""
    loader = MigrationLoader(connection)
    known = set(loader.disk_migrations)
    for migration in loader.disk_migrations.values():
        known |= {(app, name) for app, name in migration.replaces}
    return sorted(f"{app}.{name}" for app, name in set(loader.applied_migrations) - known)
