"""Installations for the worker tests."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.jobs.site import Site


@pytest.fixture(scope="session")
def migrated_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with an empty, migrated SQLite database; copy it."""
    home = tmp_path_factory.mktemp("home")
    Site(home).manage("migrate", "-v0")
    return home


@pytest.fixture
def site(migrated_home: Path, tmp_path: Path) -> Iterator[Site]:
    """An installation on SQLite and the folder broker."""
    home = tmp_path / "home"
    shutil.copytree(migrated_home, home)
    made = Site(home)
    yield made
    made.close()
