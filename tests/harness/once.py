"""What one run of the tests makes once, for all its workers, and each test that needs it copies."""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
Put = Callable[[Path], Path]


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder that `make` has filled: in this worker, or in the one that asked first."""
    base = factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "once"
    shared.mkdir(exist_ok=True)
    folder, done = shared / name, shared / f"{name}.done"
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(mode=0o700)
            make(folder)
            done.touch()
    return folder


@pytest.fixture(scope="session")
def migrated_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of `manage.py migrate` on SQLite: an empty database and its keys. Copy it."""
    return made_once(tmp_path_factory, "migrated", migrate)


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
