"""What one run of the tests makes once, for all its workers, and each test that needs it copies."""

import fcntl
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.test import TransactionTestCase

from tests.harness.forked import run_python, trainers

ROOT = Path(__file__).resolve().parents[2]
MIGRATED, DONE, FILE = "migrated", "done", "consilium.sqlite3"
Put = Callable[[Path], Path]


@contextmanager
def held(factory: pytest.TempPathFactory, name: str) -> Iterator[Path]:
    """A folder that all workers share, held by one of them at a time."""
    base = factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "once"
    folder = shared / name
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder


def tiny_models(factory: pytest.TempPathFactory, *names: str) -> Path:
    """The folder of the tiny models, made by the product's own builder, which keeps what it finds whole."""
    with held(factory, "tiny_models") as folder:
        words = ["-m", "training.demo_models.build", "--out", str(folder), "--name", *names]
        environment = os.environ | {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
        built = run_python(words, env=environment, by=trainers)
        assert built.returncode == 0, built.stderr
    return folder


@pytest.fixture(scope="session")
def migrating(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ExitStack]:
    """What workers share of a migrated SQLite database, held by this one until the stack is closed."""
    stack = ExitStack()
    return stack.enter_context(held(tmp_path_factory, MIGRATED)), stack


@pytest.fixture(scope="session")
def django_db_keepdb(
    migrating: tuple[Path, ExitStack], django_db_modify_db_settings: None, request: pytest.FixtureRequest
) -> bool:
    """Whether pytest-django finds its database made: one worker migrates, the others copy what it has."""
    shared, stack = migrating
    if connection.vendor != "sqlite":
        return bool(request.config.getvalue("reuse_db"))
    if not (shared / DONE).exists():
        return False
    adopt(shared, Path(connection.settings_dict["TEST"]["NAME"]))
    stack.close()
    return True


@pytest.fixture(scope="session")
def django_db_setup(
    migrating: tuple[Path, ExitStack], django_db_keepdb: bool, django_db_setup: None
) -> Iterator[None]:
    """The database of pytest-django, which others may copy from now on.

    After a transactional test it is again what it was before all of them. Django would empty it and ask every
    app to fill it as after a migration: a fifth of a second instead of a few milliseconds.
    """
    shared, stack = migrating
    if connection.vendor != "sqlite":
        stack.close()
        yield
        return
    database = Path(connection.settings_dict["NAME"])
    if not django_db_keepdb:
        publish(shared, database, settings.KEY_FOLDER)
    stack.close()
    with closing(sqlite3.connect(":memory:")) as migrated, pytest.MonkeyPatch.context() as patched:
        with closing(sqlite3.connect(database)) as made:
            made.backup(migrated)

        def put_back(_: TransactionTestCase) -> None:
            connection.ensure_connection()
            # Numbers go on: a process may still remember something of a row that had the same one.
            numbers = connection.connection.execute("SELECT name, seq FROM sqlite_sequence").fetchall()
            migrated.backup(connection.connection)
            connection.connection.execute("DELETE FROM sqlite_sequence")
            connection.connection.executemany("INSERT INTO sqlite_sequence VALUES (?, ?)", numbers)

        patched.setattr(TransactionTestCase, "_fixture_teardown", put_back)
        yield


@pytest.fixture(scope="session")
def migrated_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of `migrate` on SQLite: an empty database and its keys. Copy it."""
    with held(tmp_path_factory, MIGRATED) as shared:
        if not (shared / DONE).exists():
            migrate(shared / "home")
            (shared / DONE).touch()
    return shared / "home"


def publish(shared: Path, database: Path, keys: Path) -> None:
    """Share a database that was just migrated here, and its keys; `shared` is held."""
    home = shared / "home"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(mode=0o700)
    with closing(sqlite3.connect(database)) as ours, closing(sqlite3.connect(home / FILE)) as theirs:
        ours.backup(theirs)
    (home / FILE).chmod(0o600)
    shutil.copytree(keys, home / "keys")
    (shared / DONE).touch()


def adopt(shared: Path, database: Path) -> None:
    """Copy the shared database to where other keys are used: it forgets which it had."""
    shutil.copyfile(shared / "home" / FILE, database)
    with closing(sqlite3.connect(database)) as adopted, adopted:
        triggers = adopted.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit_keymark'"
        ).fetchall()
        for name, _ in triggers:
            adopted.execute(f"DROP TRIGGER {name}")
        adopted.execute("DELETE FROM audit_keymark")
        for _, made in triggers:
            adopted.execute(made)


@pytest.fixture(scope="session")
def put_database(migrated_home: Path) -> Put:
    """Puts that database and its keys into a data folder, which may exist; returns the folder.

    For tests that are about what people do on a database, not about how it is made.
    """

    def put(home: Path) -> Path:
        home.mkdir(mode=0o700, exist_ok=True)
        shutil.copytree(migrated_home, home, dirs_exist_ok=True)
        return home

    return put


def migrate(home: Path, **database: str) -> None:
    """Run `manage.py migrate` for a data folder and the database of these settings, SQLite without any."""
    home.mkdir(mode=0o700, exist_ok=True)
    environment = {
        **os.environ,
        "CONSILIUM_HOME": str(home),
        "DJANGO_SETTINGS_MODULE": "consilium.settings",
        "DATABASE_URL": "",
        "BROKER_URL": "",
        **database,
    }
    command = [sys.executable, "manage.py", "migrate", "-v0"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
