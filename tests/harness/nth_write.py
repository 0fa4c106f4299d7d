"""Stops a piece of work at its n-th write: to a folder, through pyarrow, or to the database."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from django.db import OperationalError, connection

# Everything that an export does to a disk goes through one of these.
DISK = (
    (Path, "mkdir"), (Path, "open"), (Path, "write_bytes"), (Path, "write_text"), (Path, "rename"),
    (pq.ParquetWriter, "__init__"), (pq.ParquetWriter, "write_table"), (pq.ParquetWriter, "close"),
)  # fmt: skip
WRITING = ("insert", "update", "delete")


class Killed(BaseException):
    """Ends the process: nothing catches it."""


class Count:
    """Counts writes, and raises `problem` at write number `stop`; nothing for None."""

    def __init__(self, stop: int | None, problem: Callable[[], BaseException]) -> None:
        self.seen = 0
        self._stop, self._problem = stop, problem

    def one(self) -> None:
        self.seen += 1
        if self.seen == self._stop:
            raise self._problem()


def kill() -> BaseException:
    return Killed()


def full_disk() -> BaseException:
    return OSError(28, "No space left on device")


def full_database() -> BaseException:
    return OperationalError("database or disk is full")


@contextmanager
def stopped_on_disk(stop: int | None = None, problem: Callable[[], BaseException] = kill) -> Iterator[Count]:
    """Within: the n-th write to a folder fails. What a kill cannot do either: clean up behind itself."""
    count = Count(stop, problem)
    with pytest.MonkeyPatch.context() as patched:
        for owner, name in DISK:
            patched.setattr(owner, name, _counted(getattr(owner, name), count, is_open=name == "open"))
        # Python closes what is left open at a moment of its own, which nobody can count.
        patched.setattr(pq.ParquetWriter, "__del__", lambda _: None)
        if problem is kill and stop is not None:
            patched.setattr("consilium.atomic_folder.shutil.rmtree", lambda *_, **__: None)
        yield count


def _counted(original: Callable[..., Any], count: Count, *, is_open: bool) -> Callable[..., Any]:
    def counted(self: Any, *arguments: Any, **named: Any) -> Any:
        mode = str(arguments[0] if arguments else named.get("mode", "r"))
        if not is_open or set(mode) & set("wax+"):
            count.one()
        return original(self, *arguments, **named)

    return counted


@contextmanager
def stopped_in_database(
    stop: int | None = None, problem: Callable[[], BaseException] = kill
) -> Iterator[Count]:
    """Within: the n-th statement that changes the database fails."""
    count = Count(stop, problem)

    def wrap(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if sql.lstrip().lower().startswith(WRITING):
            count.one()
        return execute(sql, *rest)

    with connection.execute_wrapper(wrap):
        yield count
