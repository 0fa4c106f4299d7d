"""An empty database that is made in less time is the one that Django makes."""

import os
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from tests.harness.forked import run_python
from tests.harness.servers import new_database

DJANGOS_OWN = """
import django
django.setup()
from django.core.management import call_command
from django.db.migrations.state import ProjectState
from consilium.whole_migrations import GrowingState
GrowingState.add_model = ProjectState.add_model
call_command("migrate", verbosity=0)
"""
SCHEMA = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name"
# pg_dump draws a word for each dump, which keeps psql from reading it otherwise.
DRAWN = (b"\\restrict", b"\\unrestrict")


@pytest.mark.soak
@pytest.mark.services
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_an_empty_database_gets_the_schema_that_django_makes(
    database: str, postgres_server: str, tmp_path: Path
) -> None:
    made = []
    for name, words in (("ours", ["manage.py", "migrate", "-v0"]), ("theirs", ["-c", DJANGOS_OWN])):
        home = tmp_path / name
        home.mkdir(mode=0o700)
        url = new_database(postgres_server) if database == "postgresql" else ""
        settings = {"DJANGO_SETTINGS_MODULE": "consilium.settings", "CONSILIUM_HOME": str(home)}
        ran = run_python(words, env={**os.environ, **settings, "DATABASE_URL": url, "BROKER_URL": ""})
        assert ran.returncode == 0, ran.stderr
        made.append(dumped(url) if url else tables(home / "consilium.sqlite3"))
    assert len(made[0]) > 100
    assert made[0] == made[1]


def tables(file: Path) -> list[object]:
    with closing(sqlite3.connect(file)) as opened:
        return opened.execute(SCHEMA).fetchall()


def dumped(url: str) -> list[object]:
    schema = ["pg_dump", "--schema-only", f"--dbname={url}"]
    lines = subprocess.run(schema, check=True, capture_output=True).stdout.splitlines()
    return [line for line in lines if not line.startswith(DRAWN)]
