"""What one run of the tests makes once, for all its workers, and each test that needs it copies."""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
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
        command = [sys.executable, "-m", "training.demo_models.build", "--out", str(folder), "--name", *names]
        environment = os.environ | {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
        built = subprocess.run(
            command, cwd=ROOT, env=environment, check=False, capture_output=True, text=True
        )
        assert built.returncode == 0, built.stderr
    return folder


@pytest.fixture(scope="session")
def migrated_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of `manage.py migrate` on SQLite: an empty database and its keys. Copy it."""
    with held(tmp_path_factory, "migrated") as home:
        if not (home / "done").exists():
            migrate(home / "home")
            (home / "done").touch()
    return home / "home"


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
