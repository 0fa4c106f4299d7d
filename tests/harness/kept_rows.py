"""Rows and blobs that are stored once for the tests of a file: each of them finds them as they were."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from django.conf import settings
from django.db import transaction
from pytest_django.plugin import DjangoDbBlocker

from consilium.blobs.models import Blob
from consilium.blobs.store import key_of
from curation.releases.kept_exports import EXPORTS

T = TypeVar("T")


@contextmanager
def kept_rows(blocker: DjangoDbBlocker, make: Callable[[], T]) -> Iterator[T]:
    """What `make` stores and returns, until the end of the block; for a fixture of a file or a session.

    The transaction of each test lies inside this one, so no test of the file may ask for one of its own
    (`transaction=True`), and each gets a copy of what is returned: it changes instances, too.
    """
    whole = transaction.atomic()
    with blocker.unblock():
        whole.__enter__()
    try:
        with blocker.unblock():
            made = make()
        yield made
    finally:
        with blocker.unblock():
            transaction.set_rollback(True)
            whole.__exit__(None, None, None)


def stored_files() -> dict[Path, bytes]:
    """What the stored rows speak of, blobs and exports: no rollback brings a file back."""
    home = Path(settings.CONSILIUM_HOME)
    blobs = [home / key_of(sha256) for sha256 in Blob.objects.values_list("pk", flat=True)]
    files = (path for path in (*blobs, *(home / EXPORTS).rglob("*")) if path.is_file())
    return {path: path.read_bytes() for path in files}


def put_back(files: dict[Path, bytes]) -> None:
    """Every file in its place, with its content."""
    for path, content in files.items():
        if not path.is_file() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
