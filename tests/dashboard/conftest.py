"""The world behind the addresses, stored once for the tests of a file."""

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path

import pytest
from django.conf import settings
from pytest_django.plugin import DjangoDbBlocker

from consilium.blobs.models import Blob
from consilium.blobs.store import key_of
from curation.releases.kept_exports import EXPORTS
from tests.factories.cast import make_cast
from tests.factories.world import World, make_world
from tests.harness.kept_rows import kept_rows

Kept = tuple[World, dict[Path, bytes]]


def _make() -> Kept:
    """The world, and the files its rows speak of: no rollback brings a file back."""
    world = make_world(make_cast())
    home = Path(settings.CONSILIUM_HOME)
    blobs = [home / key_of(sha256) for sha256 in Blob.objects.values_list("pk", flat=True)]
    files = (path for path in (*blobs, *(home / EXPORTS).rglob("*")) if path.is_file())
    return world, {path: path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def kept_world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Kept]:
    """The world of a file's tests, which ask for `world`."""
    with kept_rows(django_db_blocker, _make) as kept:
        yield kept


@pytest.fixture
def world(db: None, kept_world: Kept) -> World:
    """A copy of the world that is the test's own, with every file in its place."""
    made, files = kept_world
    for path, content in files.items():
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    return deepcopy(made)
