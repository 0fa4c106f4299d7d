"""Database triggers of frozen releases: no new row or file, no changed head, no deletion."""

from dataclasses import dataclass

from django.db import migrations
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from consilium.audit.append_only import Refusal, installed

SQLITE_INSERT = """
CREATE TRIGGER {table}_no_insert BEFORE INSERT ON {table}
BEGIN
  SELECT CASE WHEN (SELECT state FROM curation_release WHERE id = NEW.release_id) <> 'freezing'
  THEN RAISE(ABORT, '{table}: the release is frozen') END;
END
"""
POSTGRES_INSERT = (
    """
CREATE OR REPLACE FUNCTION {table}_refuse_insert() RETURNS trigger AS $$
BEGIN
  IF (SELECT state FROM curation_release WHERE id = NEW.release_id) <> 'freezing' THEN
    RAISE EXCEPTION '{table}: the release is frozen' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END
$$ LANGUAGE plpgsql
""",
    """
CREATE TRIGGER {table}_no_insert BEFORE INSERT ON {table}
FOR EACH ROW EXECUTE FUNCTION {table}_refuse_insert()
""",
)
POSTGRES_DELETE = """
CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table}
FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION {table}_refuse()
"""


@dataclass(frozen=True, slots=True)
class InsertRefusal(Refusal):
    """Refuses INSERT into a table of rows or files once their release is no longer freezing."""

    def _statements(self, vendor: str) -> list[str]:
        texts = (SQLITE_INSERT,) if vendor == "sqlite" else POSTGRES_INSERT
        return [text.format(table=self.table) for text in texts]


@dataclass(frozen=True, slots=True)
class DeleteRefusal(Refusal):
    """Refuses DELETE where `when` holds, on a table whose UPDATE and TRUNCATE another refusal covers."""

    def _statements(self, vendor: str) -> list[str]:
        if vendor != "sqlite":
            return [POSTGRES_DELETE.format(table=self.table, when=self.when)]
        return Refusal._statements(self, vendor)

    def remove(self, connection: BaseDatabaseWrapper) -> None:
        """Drop the trigger."""
        on_table = "" if connection.vendor == "sqlite" else f" ON {self.table}"
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TRIGGER IF EXISTS {self.table}_no_delete{on_table}")


def operation(refusal: Refusal) -> migrations.RunPython:
    """A migration operation that installs one refusal."""
    installed.append(refusal)

    def add(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
        refusal.install(editor.connection)

    def drop(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
        refusal.remove(editor.connection)

    return migrations.RunPython(add, drop)
