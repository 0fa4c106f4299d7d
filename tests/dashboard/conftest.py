"""The world behind the addresses, stored once for the tests of a file."""

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path

import pytest
from pytest_django.plugin import DjangoDbBlocker

from tests.factories.cast import make_cast
from tests.factories.world import World, make_world
from tests.harness.kept_rows import kept_rows, put_back, stored_files

Kept = tuple[World, dict[Path, bytes]]


def _make() -> Kept:
    return make_world(make_cast()), stored_files()


@pytest.fixture(scope="module")
def kept_world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Kept]:
    """The world of a file's tests, which ask for `world`."""
    with kept_rows(django_db_blocker, _make) as kept:
        yield kept


@pytest.fixture
def world(db: None, kept_world: Kept) -> World:
    """A copy of the world that is the test's own, with every file in its place."""
    made, files = kept_world
    put_back(files)
    return deepcopy(made)
