"""Django's SQLite backend with one change: a transaction that writes waits for its turn before it begins."""

from functools import lru_cache
from typing import Any

from django.db import DatabaseError, OperationalError
from django.db.backends.sqlite3 import base, features

from consilium.queued_sqlite.writers import WriterQueue, WritersBusy, queue_of


class Cursor(base.SQLiteCursorWrapper):
    """Writes Django's %s as SQLite's question marks once per statement, not each time it is run."""

    def convert_query(self, query: str, *, param_names: list[str] | None = None) -> str:
        """The statement as SQLite takes it."""
        return super().convert_query(query, param_names=param_names) if param_names else _with_marks(query)


@lru_cache(maxsize=1000)
def _with_marks(query: str) -> str:
    return base.FORMAT_QMARK_REGEX.sub("?", query).replace("%%", "%")


class DatabaseFeatures(features.DatabaseFeatures):
    """What need not be asked."""

    # Every SQLite since 3.38. Django tries it in a transaction, and one that finds the file locked is a "no".
    supports_json_field = True


class DatabaseWrapper(base.DatabaseWrapper):
    """Transactions here begin IMMEDIATE: all of them may write."""

    features_class = DatabaseFeatures

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._turn: WriterQueue | None = None

    def create_cursor(self, name: str | None = None) -> Cursor:
        """A cursor; SQLite has no named ones."""
        made: Cursor = self.connection.cursor(factory=Cursor)
        return made

    def _start_transaction_under_autocommit(self) -> None:
        self._enter()
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
        except BaseException:
            self._leave()
            raise

    def _commit(self) -> None:
        try:
            super()._commit()  # type: ignore[misc]
        except DatabaseError:
            raise  # Django rolls back then, and that ends the turn
        except BaseException:
            self._leave()
            raise
        self._leave()

    def _rollback(self) -> None:
        try:
            super()._rollback()  # type: ignore[misc]
        finally:
            self._leave()

    def _close(self) -> None:
        try:
            super()._close()  # type: ignore[misc]
        finally:
            self._leave()

    def _enter(self) -> None:
        if self.is_in_memory_db() or self._turn is not None:
            return
        queue = queue_of(f"{self.settings_dict['NAME']}-writers")
        try:
            queue.enter(float(self.settings_dict["OPTIONS"].get("timeout", 5)))
        except WritersBusy:
            raise OperationalError("database is locked: other writers did not end in time") from None
        self._turn = queue

    def _leave(self) -> None:
        turn, self._turn = self._turn, None
        if turn is not None:
            turn.leave()
