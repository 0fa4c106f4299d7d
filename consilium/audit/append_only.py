"""Database triggers that refuse changes to a table's rows; SQLite and PostgreSQL.

Each app declares what it protects (`consilium.audit.protection`); the operations here are for its migrations.
"""

import re
from dataclasses import dataclass

from django.db import migrations
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import ProjectState, StateApps

SQLITE = """
CREATE TRIGGER {name} BEFORE {VERB} ON {table} {when}
BEGIN SELECT RAISE(ABORT, '{message}'); END
"""
# The condition stands in the function: PostgreSQL keeps a function's text as it was written, so it can be
# compared; and it forbids changing the type of a column that a trigger's own WHEN names.
POSTGRES_FUNCTION = "CREATE OR REPLACE FUNCTION {function}() RETURNS trigger AS $${body}$$ LANGUAGE plpgsql"
POSTGRES_TRIGGER = (
    "CREATE TRIGGER {name} BEFORE {VERB} ON {table} FOR EACH {level} EXECUTE FUNCTION {function}()"
)
POSTGRES_REFUSE = """
BEGIN RAISE EXCEPTION '{message}' USING ERRCODE = 'integrity_constraint_violation'; END
"""
POSTGRES_REFUSE_WHEN = """
BEGIN
  IF {when} THEN
    RAISE EXCEPTION '{message}' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN {row};
END
"""
COLUMN = re.compile(r"\b(?:OLD|NEW)\.(\w+)")


def normal_sql(sql: str) -> str:
    """The SQL with every run of white space as one blank: how texts are compared."""
    return " ".join(sql.split())


@dataclass(frozen=True, slots=True)
class Trigger:
    """One trigger: the statements that make it, and the text that `protection` reads back, in one line."""

    name: str
    statements: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """What is refused on one table, optionally only where `when` (SQL over OLD and NEW) holds.

    `truncates`: PostgreSQL refuses TRUNCATE too. One refusal of a table is enough for that.
    `fixed`: columns that a conditional refusal of UPDATE never lets change; PostgreSQL's application role has
    no right to write them. Without a condition it has no right to UPDATE at all.
    """

    table: str
    verbs: tuple[str, ...] = ("update", "delete")
    when: str = ""
    message: str = "{table} is append-only"
    truncates: bool = True
    fixed: tuple[str, ...] = ()

    def triggers(self, vendor: str) -> list[Trigger]:
        """The triggers on this kind of database ("sqlite" or "postgresql")."""
        if vendor == "sqlite":
            return [self._on_sqlite(verb) for verb in self.verbs]
        truncate = ("truncate",) if self.truncates else ()
        return [self._on_postgres(verb) for verb in (*self.verbs, *truncate)]

    def columns(self) -> dict[str, set[str]]:
        """Tables and their columns that must exist before the triggers can be made."""
        return {self.table: set(COLUMN.findall(self.when))}

    def install(self, connection: BaseDatabaseWrapper) -> None:
        """Create the triggers; one of the same name is replaced."""
        self.remove(connection)
        with connection.cursor() as cursor:
            for trigger in self.triggers(connection.vendor):
                for statement in trigger.statements:
                    cursor.execute(statement)

    def remove(self, connection: BaseDatabaseWrapper) -> None:
        """Drop the triggers (a migration backwards, or a test that plays the attacker)."""
        on_table = "" if connection.vendor == "sqlite" else f" ON {self.table}"
        with connection.cursor() as cursor:
            for trigger in self.triggers(connection.vendor):
                cursor.execute(f"DROP TRIGGER IF EXISTS {trigger.name}{on_table}")

    def _words(self, verb: str) -> dict[str, str]:
        return {
            "table": self.table,
            "name": f"{self.table}_no_{verb}",
            "VERB": verb.upper(),
            "when": self.when,
            "message": self.message.format(table=self.table),
        }

    def _on_sqlite(self, verb: str) -> Trigger:
        words = self._words(verb) | {"when": f"WHEN ({self.when})" if self.when else ""}
        statement = SQLITE.format(**words)
        return Trigger(words["name"], (statement,), normal_sql(statement))

    def _on_postgres(self, verb: str) -> Trigger:
        conditional = bool(self.when) and verb != "truncate"
        words = self._words(verb) | {
            "function": f"{self.table}_refuse" + (f"_{verb}" if conditional else ""),
            "level": "STATEMENT" if verb == "truncate" else "ROW",
            "row": "OLD" if verb == "delete" else "NEW",  # NULL would skip the row without a word
        }
        words["body"] = (POSTGRES_REFUSE_WHEN if conditional else POSTGRES_REFUSE).format(**words)
        trigger = POSTGRES_TRIGGER.format(**words)
        statements = (POSTGRES_FUNCTION.format(**words), trigger)
        return Trigger(words["name"], statements, normal_sql(f"{trigger} plpgsql {words['body']}"))


class Refuse(migrations.RunPython):
    """The migration operation that installs one refusal.

    Conditions wait for the end of `migrate` on SQLite, which cannot rebuild a table that a trigger reads.
    """

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal
        super().__init__(self._add, self._drop)

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Install it. RunPython would make every model anew first, and a trigger needs none."""
        self._add(from_state.apps, schema_editor)

    def _add(self, apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
        if not (self.refusal.when and editor.connection.vendor == "sqlite"):
            self.refusal.install(editor.connection)

    def _drop(self, apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
        self.refusal.remove(editor.connection)


def refuse_changes(table: str, *, verbs: tuple[str, ...] = ("update", "delete"), when: str = "") -> Refuse:
    """A migration operation that refuses changes to a table; its app also declares the refusal."""
    return Refuse(Refusal(table, verbs, when))
