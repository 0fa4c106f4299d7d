"""PostgreSQL's roles: the application cannot lift the protection of its tables; the reader reads."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2  # type: ignore[import-untyped]
import pytest
import yaml
from django.apps import apps

from consilium.audit import protection
from consilium.audit.append_only import Refusal
from consilium.audit.grants import IS_OWNER, declared_secrets
from dashboard.checks import check_database_role
from tests.harness.forked import run_python
from tests.harness.servers import new_database, with_roles

pytestmark = pytest.mark.services
ROOT = Path(__file__).resolve().parents[2]
SECRETS = re.compile(r"password|secret|token|session_|credentials|^key$|^data$")
# What the pattern finds and everybody may read who reads at all.
HARMLESS = {
    "people_person.credentials",  # titles, as they are printed
    "audit_auditevent.data",
    "training_runevent.data",
    "calls_reply.prompt_tokens",
    "calls_reply.completion_tokens",
    "curation_clusterkey.key",  # keyed hashes of patients
    "people_attemptcount.key",  # and of names with addresses
    "calls_entrychange.key",  # models of the registry
}


class Roles:
    """A migrated database and a connection of each role."""

    def __init__(self, home: Path, environment: dict[str, str]) -> None:
        self.environment = {**os.environ, "CONSILIUM_HOME": str(home), **environment}
        self.environment["DJANGO_SETTINGS_MODULE"] = "consilium.settings"
        names = {
            "owner": "DATABASE_OWNER_URL",
            "application": "DATABASE_URL",
            "reader": "DATABASE_READER_URL",
        }
        self._open = {role: psycopg2.connect(environment[name]) for role, name in names.items()}

    def manage(self, *words: str, status: int = 0, **environment: str) -> subprocess.CompletedProcess[str]:
        done = run_python(["manage.py", *words], env=self.environment | environment)
        assert done.returncode == status, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    def says(self, role: str, statement: str) -> str:
        """What the database answers to a statement, which is never kept."""
        with self._open[role].cursor() as cursor:
            try:
                cursor.execute(statement)
                return "done"
            except psycopg2.Error as problem:
                return str(problem).splitlines()[0]
            finally:
                self._open[role].rollback()

    def rows(self, role: str, statement: str) -> list[tuple[Any, ...]]:
        with self._open[role] as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            found: list[tuple[Any, ...]] = cursor.fetchall()
        return found

    def close(self) -> None:
        for connection in self._open.values():
            connection.close()


@pytest.fixture(scope="module")
def roles(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Roles]:
    home = tmp_path_factory.mktemp("home")
    home.chmod(0o700)
    made = Roles(home, with_roles(postgres_server, is_migrated=True))
    made.manage("database_roles")
    made.manage("setup")
    yield made
    made.close()


def forbidden(refusal: Refusal) -> Iterator[str]:
    """Every statement that a declaration keeps from the application, as the simplest SQL."""
    table = refusal.table
    yield f"TRUNCATE {table} CASCADE"
    if "delete" in refusal.verbs:
        yield f"DELETE FROM {table}"
    if "update" in refusal.verbs and not refusal.when:
        columns = next(m for m in apps.get_models() if m._meta.db_table == table)._meta.concrete_fields
        yield from (f'UPDATE {table} SET "{field.column}" = "{field.column}"' for field in columns)
    yield from (f"UPDATE {table} SET {column} = {column}" for column in refusal.fixed)
    yield f"ALTER TABLE {table} DISABLE TRIGGER ALL"
    yield f"ALTER TABLE {table} ADD COLUMN more integer"
    yield f"DROP TABLE {table} CASCADE"
    yield f"ALTER TABLE {table} OWNER TO consilium_app"
    yield f"GRANT ALL ON {table} TO consilium_app"
    yield f"CREATE TRIGGER early BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_refuse()"
    yield f"CREATE RULE instead AS ON UPDATE TO {table} DO INSTEAD NOTHING"
    for trigger in refusal.triggers("postgresql"):
        yield f"DROP TRIGGER {trigger.name} ON {table}"


def test_the_application_cannot_touch_what_any_app_declares_as_append_only(roles: Roles) -> None:
    tried = {statement for refusal in protection.declared() for statement in forbidden(refusal)}
    assert len({refusal.table for refusal in protection.declared()}) >= 10
    refused = re.compile(r"permission denied|must be owner")
    answers = {statement: roles.says("application", statement) for statement in sorted(tried)}
    answers = {s: a for s, a in answers.items() if not refused.search(a)}
    # GRANT by somebody who may grant nothing is no error, and grants nothing.
    assert set(answers) == {s for s in tried if s.startswith("GRANT")}
    more = "TRUNCATE, TRIGGER, REFERENCES"
    for table in {refusal.table for refusal in protection.declared()}:
        asked = f"SELECT has_table_privilege('{table}', '{more}'), has_table_privilege('{table}', 'SELECT')"
        assert roles.rows("application", asked) == [(False, True)], table


def test_a_condition_on_changes_names_the_columns_that_stay() -> None:
    conditional = [r for r in protection.declared() if "update" in r.verbs and r.when]
    assert conditional
    assert [refusal.table for refusal in conditional if not refusal.fixed] == []


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (id integer)",
        "CREATE TEMPORARY TABLE work_submission (id integer)",
        "CREATE FUNCTION mine() RETURNS trigger AS $$ BEGIN RETURN NEW; END $$ LANGUAGE plpgsql",
        "CREATE OR REPLACE FUNCTION work_submission_refuse() RETURNS trigger AS $$ BEGIN RETURN NEW; END $$"
        " LANGUAGE plpgsql",
        "SET session_replication_role = 'replica'",
        "SET ROLE consilium",
        "SET SESSION AUTHORIZATION consilium",
        "CREATE ROLE other",
        "ALTER ROLE consilium_app SUPERUSER",
        "DELETE FROM django_migrations",
        "INSERT INTO django_migrations (app, name, applied) VALUES ('work', '9999', now())",
        "COPY work_submission TO PROGRAM 'true'",
        "SELECT pg_read_file('/etc/passwd')",
    ],
)
def test_no_role_but_the_owner_gets_round_the_rights(roles: Roles, statement: str) -> None:
    for role in ("application", "reader"):
        answer = roles.says(role, statement)
        assert re.search(r"permission denied|must be owner|must be superuser", answer), answer


def test_the_reader_reads_all_but_secrets_and_writes_nothing(roles: Roles) -> None:
    secrets = declared_secrets()
    for model in apps.get_models(include_auto_created=True):
        table, columns = model._meta.db_table, [field.column for field in model._meta.concrete_fields]
        hidden = secrets.get(table)
        for column in columns:
            answer = roles.says("reader", f'SELECT "{column}" FROM {table}')
            is_secret = hidden is not None and (not hidden or column in hidden)
            assert ("permission denied" in answer) if is_secret else (answer == "done"), (
                table,
                column,
                answer,
            )
        for change in (
            f"DELETE FROM {table}",
            f"UPDATE {table} SET {columns[0]} = {columns[0]}",
            f"TRUNCATE {table}",
        ):
            assert "permission denied" in roles.says("reader", change)


def test_what_looks_like_a_secret_is_declared_or_known_to_be_none() -> None:
    secrets = declared_secrets()
    found = {
        f"{model._meta.db_table}.{field.column}"
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.concrete_fields
        if SECRETS.search(str(field.column))
    }
    whole = {table for table, columns in secrets.items() if not columns}
    named = {f"{table}.{column}" for table, columns in secrets.items() for column in columns}
    kept = {name for name in found if name in named or name.split(".")[0] in whole}
    assert "people_person.password" in kept
    assert found - kept == HARMLESS


def test_the_command_may_run_again_and_tells_no_password(roles: Roles) -> None:
    password = "a reader's pass%word"
    url = roles.environment["DATABASE_READER_URL"].replace("reader@", "reader:a%20reader's%20pass%25word@")
    done = roles.manage("database_roles", "--json", DATABASE_READER_URL=url)
    assert json.loads(done.stdout) == {"roles": ["consilium_app", "consilium_reader"]}
    planned = roles.manage("database_roles", "--sql", DATABASE_READER_URL=url)
    assert 'GRANT SELECT, INSERT ON "work_submission" TO "consilium_app";\n' in planned.stdout
    assert re.search(r'GRANT .*UPDATE \("group_key", "study_id"\) ON "curation_cluster"', planned.stdout)
    for said in (done, planned):
        assert password not in said.stdout + said.stderr
        assert "PASSWORD" not in said.stdout
    (stored,) = roles.rows("owner", "SELECT rolpassword FROM pg_authid WHERE rolname = 'consilium_reader'")
    assert stored[0].startswith("SCRAM-SHA-256$")


def test_a_migration_grants_anew_and_needs_the_owner(roles: Roles) -> None:
    spoil = (
        "REVOKE INSERT ON work_submission FROM consilium_app;"
        " GRANT UPDATE ON work_submission TO consilium_app"
    )
    with (
        psycopg2.connect(roles.environment["DATABASE_OWNER_URL"]) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(spoil)
    connection.close()
    held = ", ".join(f"has_table_privilege('work_submission', '{verb}')" for verb in ("INSERT", "UPDATE"))
    assert roles.rows("application", f"SELECT {held}") == [(False, True)]
    roles.manage("migrate", "-v0")
    assert roles.rows("application", f"SELECT {held}") == [(True, False)]
    said = roles.manage(
        "migrate", "sessions", "zero", status=2, DATABASE_OWNER_URL="", DATABASE_READER_URL=""
    )
    assert "set DATABASE_OWNER_URL to the owner's" in said.stderr
    assert roles.rows("application", "SELECT count(*) > 10 FROM django_migrations") == [(True,)]


def test_the_doctor_tells_an_application_that_owns_its_tables(
    roles: Roles, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = {role: roles.rows(role, IS_OWNER) for role in ("owner", "application", "reader")}
    assert held == {"owner": [(True,)], "application": [(False,)], "reader": [(False,)]}
    assert check_database_role(None) == []
    monkeypatch.setattr("dashboard.checks.runs_as_owner", lambda connection: True)
    (told,) = check_database_role(None)
    assert "owns its tables in PostgreSQL" in told.msg
    assert "database_roles" in str(told.hint)


def test_a_role_that_is_too_strong_is_refused(roles: Roles, postgres_server: str) -> None:
    with psycopg2.connect(new_database(postgres_server)) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE ROLE heir LOGIN IN ROLE consilium")
    connection.close()
    url = roles.environment["DATABASE_OWNER_URL"].replace("consilium@", "heir@")
    assert "The role heir may still do" in roles.manage("database_roles", status=2, DATABASE_URL=url).stderr


def test_an_owner_who_is_no_superuser_may_run_it_again(roles: Roles, postgres_server: str) -> None:
    with psycopg2.connect(new_database(postgres_server)) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE ROLE site_owner LOGIN CREATEROLE")
        cursor.execute("SELECT format('ALTER DATABASE %I OWNER TO site_owner', current_database())")
        cursor.execute(cursor.fetchone()[0])
        name = connection.info.dbname
    connection.close()
    urls = {
        "DATABASE_OWNER_URL": f"postgresql://site_owner@/{name}?host={postgres_server}",
        "DATABASE_URL": f"postgresql://site_app:first@/{name}?host={postgres_server}",
        "DATABASE_READER_URL": "",
    }
    stored = "SELECT rolpassword FROM pg_authid WHERE rolname = 'site_app'"
    roles.manage("database_roles", status=0, **urls)
    first = roles.rows("owner", stored)
    roles.manage(
        "database_roles", status=0, **urls | {"DATABASE_URL": urls["DATABASE_URL"].replace("first", "second")}
    )
    assert roles.rows("owner", stored) != first
    with (
        psycopg2.connect(roles.environment["DATABASE_OWNER_URL"]) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("ALTER ROLE site_app CREATEDB NOLOGIN")
    connection.close()
    roles.manage("database_roles", status=0, **urls)
    held = "SELECT rolcreatedb, rolcanlogin FROM pg_roles WHERE rolname = 'site_app'"
    assert roles.rows("owner", held) == [(False, True)]


def test_in_production_only_the_migration_knows_the_owner() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    told = {name: service.get("environment", {}) for name, service in services.items()}
    assert {name for name, given in told.items() if "DATABASE_OWNER_URL" in given} == {"prepare"}
    assert {name for name, given in told.items() if "POSTGRES_PASSWORD" in str(given)} == {
        "prepare",
        "database",
    }
    for name in ("web", "worker", "worker-gpu"):
        assert told[name]["DATABASE_URL"].startswith("postgresql://consilium_app:"), name
