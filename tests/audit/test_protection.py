"""Append-only tables stay so whatever later migrations do to them, and a lost trigger is noticed."""

import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.core.management.base import SystemCheckError
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from consilium.audit import protection
from consilium.audit.append_only import Refusal, Refuse
from consilium.jobs.daily_check import check_day
from consilium.jobs.handle import JobFailed
from consilium.start import REFUSED
from dashboard.management.commands import up
from tests.harness.forked import run_python
from tests.harness.once import Put
from tests.harness.servers import new_database
from tests.jobs.site import Site

ROOT = Path(__file__).resolve().parents[2]
TRIGGER = "work_submission_no_update"
MISSING = f"work_submission: the trigger {TRIGGER} is missing"
ALTERED = f"work_submission: the trigger {TRIGGER} is not the one that this version declares"
Findings = dict[str, Any]


def run_steps(home: Path, *steps: str, database: str = "") -> Findings:
    """The findings of tests/audit/rebuild.py on a database that is empty or was just migrated."""
    env = {**os.environ, "CONSILIUM_HOME": str(home), "DATABASE_URL": database}
    ran = run_python(["-m", "tests.audit.rebuild", *steps], env=env)
    assert ran.returncode == 0, ran.stderr[-3000:]
    findings: Findings = json.loads(ran.stdout)
    return findings


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def findings(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, put_database: Put
) -> Findings:
    home = put_database(tmp_path_factory.mktemp("home"))
    on_sqlite = request.param == "sqlite"
    database = "" if on_sqlite else new_database(request.getfixturevalue("postgres_server"), is_migrated=True)
    return run_steps(home, "sabotage", "rebuild", database=database)


def test_every_change_is_refused_after_a_migration_that_altered_every_protected_table(
    findings: Findings,
) -> None:
    found = findings["rebuild"]
    assert found["faults"] == []
    tables = {refusal.table for refusal in protection.declared()}
    for when in ("before", "after"):
        said = found[when]
        assert {name.split()[0] for name in said} == tables
        assert [name for name in said if not re.search("append-only|frozen", said[name])] == [], when


def assert_protected_everywhere(home: Path, steps: str, states: int, database: str = "") -> None:
    faults = run_steps(home, steps, database=database)[steps]["faults"]
    assert len(faults) == states
    assert set(map(tuple, faults.values())) == {()}


def test_tables_are_protected_wherever_a_migration_stops(tmp_path: Path, put_database: Put) -> None:
    assert_protected_everywhere(put_database(tmp_path / "home"), "briefly_back", 1)


@pytest.mark.soak
def test_tables_are_protected_in_every_such_state(tmp_path: Path, put_database: Put) -> None:
    assert_protected_everywhere(put_database(tmp_path / "home"), "back", 8)


@pytest.mark.soak
@pytest.mark.services
def test_tables_of_postgresql_are_protected_wherever_a_migration_stops(
    tmp_path: Path, postgres_server: str
) -> None:
    database = new_database(postgres_server, is_migrated=True)
    assert_protected_everywhere(tmp_path, "back", 8, database)


def test_a_lost_or_harmless_trigger_is_seen_and_put_back_by_the_next_migrate(findings: Findings) -> None:
    found = dict(findings["sabotage"])
    assert found.pop("missing") == {"seen": [MISSING], "after": []}
    assert {"harmless", "conditional"} <= set(found)
    for way, told in found.items():
        assert ALTERED in told["seen"], way
        assert {fault.split(":")[0] for fault in told["seen"]} == {"work_submission"}
        assert told["after"] == []


@pytest.mark.soak
def test_an_empty_database_takes_altering_migrations_in_its_first_migrate(tmp_path: Path) -> None:
    assert run_steps(tmp_path, "anew") == {"anew": {"faults": []}}


def test_every_append_only_migration_is_declared() -> None:
    loaded = MigrationLoader(None).disk_migrations.values()
    operations = [operation for migration in loaded for operation in migration.operations]
    installed = {
        (operation.refusal.table, verb)
        for operation in operations
        if isinstance(operation, Refuse)
        for verb in operation.refusal.verbs
    }
    assert ("work_submission", "delete") in installed
    declared = {(refusal.table, verb) for refusal in protection.declared() for verb in refusal.verbs}
    assert installed - declared == set()


def test_no_migration_makes_a_trigger_that_the_registry_does_not_know() -> None:
    files = [path for path in ROOT.glob("*/**/migrations/*.py") if ".venv" not in path.parts]
    assert len(files) > 10
    assert [
        path.name for path in files if re.search("CREATE.*TRIGGER", path.read_text(), re.IGNORECASE)
    ] == []


def test_a_trigger_on_a_column_that_is_not_there_yet_waits(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    early = Refusal("people_study", verbs=("update",), when="OLD.not_yet <> NEW.not_yet")
    absent = Refusal("not_yet_a_table")
    monkeypatch.setattr(protection, "_declared", [early, absent])
    assert protection.restore(connection) == []
    assert [fault.table for fault in protection.faults(connection)] == ["people_study"]


def test_putting_back_touches_nothing_that_is_well(db: None, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(4) as asked:
        assert protection.restore(connection) == []
    assert [query for query in asked.captured_queries if "CREATE" in query["sql"]] == []


@pytest.fixture
def unprotected(db: None) -> Iterator[None]:
    """A database that lost one trigger."""
    with connection.cursor() as cursor:
        on_table = "" if connection.vendor == "sqlite" else " ON work_submission"
        cursor.execute(f"DROP TRIGGER {TRIGGER}{on_table}")
    yield
    protection.restore(connection)


def test_verify_audit_names_the_table_and_fails(unprotected: None) -> None:
    out = StringIO()
    with pytest.raises(CommandError) as ended:
        call_command("verify_audit", json=True, stdout=out)
    assert ended.value.returncode == 1
    told = json.loads(out.getvalue())
    assert (told["ok"], told["breaks"]) == (False, [])
    assert told["unprotected"] == [{"table": "work_submission", "trigger": TRIGGER, "problem": "is missing"}]
    assert "manage.py migrate" in told["advice"]


def test_the_system_check_fails_only_where_the_database_is_asked(unprotected: None) -> None:
    call_command("check")
    with pytest.raises(SystemCheckError, match=MISSING) as told:
        call_command("check", databases=["default"])
    assert "manage.py migrate" in str(told.value)


def test_no_worker_starts(unprotected: None, capsys: pytest.CaptureFixture[str]) -> None:
    from consilium.jobs.worker_signals import _refuse_a_wrong_start

    with pytest.raises(SystemExit):
        _refuse_a_wrong_start()
    assert MISSING in capsys.readouterr().err


def test_up_leaves_the_triggers_to_the_migrations_that_wait(
    unprotected: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = list[str]()

    def call(name: str, **options: Any) -> None:
        done.append(name)
        if name == "check":
            call_command(name, **options)

    monkeypatch.setattr(up, "call_command", call)
    with pytest.raises(CommandError, match=MISSING):
        up.prepare(demo=False, as_json=False)
    (last,) = MigrationLoader(connection).graph.leaf_nodes("work")
    MigrationRecorder(connection).record_unapplied(*last)
    up.prepare(demo=False, as_json=False)
    assert done == ["check", "check", "collectstatic", "setup"]


def test_the_daily_check_alarms(unprotected: None, settings: Any, tmp_path: Path) -> None:
    settings.CONSILIUM_HOME = tmp_path

    class Handle:
        def fence(self) -> None: ...

        def check(self) -> None: ...

    with pytest.raises(JobFailed, match="1 triggers of append-only tables missing or altered"):
        check_day(Handle())  # type: ignore[arg-type]


@pytest.fixture
def robbed(tmp_path: Path, put_database: Put) -> Iterator[Site]:
    """An installation whose database lost one trigger."""
    site = Site(put_database(tmp_path / "home"))
    with sqlite3.connect(site.home / "consilium.sqlite3") as database:
        database.execute(f"DROP TRIGGER {TRIGGER}")
    database.close()
    yield site
    site.close()


def test_nothing_starts_until_somebody_has_migrated(robbed: Site) -> None:
    web = [
        "gunicorn",
        "--no-control-socket",
        "--preload",
        "--workers=2",
        "--bind=127.0.0.1:0",
        "consilium.wsgi",
    ]
    starts = {
        "web": ([sys.executable, "-m", *web], REFUSED),
        "up": ([sys.executable, "manage.py", "up", "--port", "0"], 2),
    }
    for name, (command, code) in starts.items():
        ended = subprocess.run(
            command, cwd=ROOT, env=robbed.env, capture_output=True, text=True, check=False, timeout=60
        )
        assert ended.returncode == code, name  # by itself: gunicorn starts no worker again
        assert MISSING in ended.stderr, name
        assert "manage.py migrate" in ended.stderr, name
        assert "Traceback" not in ended.stderr, name
    worker = robbed.worker()
    assert worker.process.wait(60) == REFUSED
    assert MISSING in worker.said()
    robbed.manage("migrate", "-v0")
    robbed.worker().wait_ready()
    subprocess.run([sys.executable, "-c", "import consilium.wsgi"], cwd=ROOT, env=robbed.env, check=True)
