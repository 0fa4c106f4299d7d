"""Installations for the worker tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.once import Put
from tests.jobs.site import Site


@pytest.fixture
def site(put_database: Put, tmp_path: Path) -> Iterator[Site]:
    """An installation on SQLite and the folder broker."""
    made = Site(put_database(tmp_path / "home"))
    yield made
    made.close()
