"""Rows that are stored once for the tests of a file: each of them takes back what it changes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from django.db import transaction
from pytest_django.plugin import DjangoDbBlocker

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
