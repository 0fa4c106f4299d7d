"""Whether an error means that the database is away for the moment, and not that the program is wrong."""

import sqlite3

from django.db import InterfaceError, OperationalError

RETRY_SECONDS = 5
# What a locked, full, read-only or failing disk makes SQLite say; a statement that is wrong is SQLITE_ERROR.
PASSING = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
    }
)


def is_away(problem: BaseException | None) -> bool:
    """Whether the same request may succeed later: no connection, a restart, no room, a disk that fails."""
    if not isinstance(problem, OperationalError | InterfaceError):
        return False
    cause = problem.__cause__
    if isinstance(cause, sqlite3.Error):
        return (getattr(cause, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF) in PASSING
    return True
