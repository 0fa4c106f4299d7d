"""The database of one instant in a file, while others write: SQLite's online backup, or pg_dump."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from django.db import connection

from consilium.backups.archive import BackupRefused
from consilium.backups.manifest import BackupUnusable

# Read in the copy itself, or in the transaction whose snapshot pg_dump reads.
BLOBS: Final = "SELECT sha256, size FROM blobs_blob"
# Since this migration rows outlive their files: what is marked may be gone and is used by nobody.
MARKED: Final = ("blobs", "0002_purge")
NOT_PURGED: Final = " WHERE purged_at IS NULL"
CHAINS: Final = "SELECT chain, sequence, sha256 FROM audit_audithead"
MIGRATIONS: Final = "SELECT app, name FROM django_migrations ORDER BY id"
Rows = list[tuple[Any, ...]]
Facts = tuple[dict[str, int], dict[str, list[Any]], list[str]]


def engine() -> str:
    """`sqlite` or `postgresql`."""
    return connection.vendor


def copy_database(target: Path) -> Facts:
    """Write the database to `target`; returns of that instant {blob: size}, {chain: [sequence, sha256]} and
    the migrations applied. Raises BackupRefused.
    """
    if engine() == "postgresql":
        return _dump(target)
    name = connection.settings_dict["NAME"]
    with closing(sqlite3.connect(name, timeout=60)) as source, closing(sqlite3.connect(target)) as copy:
        # In one step: a backup in parts begins anew whenever somebody writes. Writers do not wait for it.
        source.backup(copy, pages=-1)
        copy.execute("PRAGMA journal_mode=DELETE")
        return _facts(lambda question: copy.execute(question).fetchall())


def named_blobs() -> dict[str, int]:
    """{blob: size} of the database as it is now, before or after its next migration."""

    def ask(question: str) -> Rows:
        with connection.cursor() as cursor:
            cursor.execute(question)
            rows: Rows = cursor.fetchall()
        return rows

    return _blobs(ask, ask(MIGRATIONS))


def is_empty() -> bool:
    """Whether the database holds no table."""
    return not connection.introspection.table_names()


def is_begun() -> bool:
    """Whether the database has the tables that every backup tells of.

    A first `migrate` that was killed leaves less: nobody has worked on it yet, and there is nothing to keep.
    """
    return {"blobs_blob", "audit_audithead", "django_migrations"} <= set(
        connection.introspection.table_names()
    )


def put_back(source: Path) -> None:
    """Make the empty database what the file holds: all of it or nothing. Raises BackupUnusable."""
    if engine() == "postgresql":
        connection.close()
        flags = ["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction"]
        _run("pg_restore", [*flags, f"--dbname={_conninfo()}", str(source)], BackupUnusable)
        return
    connection.close()
    target = Path(connection.settings_dict["NAME"])
    for left in (target, target.with_name(f"{target.name}-wal"), target.with_name(f"{target.name}-shm")):
        left.unlink(missing_ok=True)
    draft = target.with_name(f".{target.name}.new")
    shutil.copyfile(source, draft)
    draft.chmod(0o600)
    with draft.open("rb") as written:
        os.fsync(written.fileno())
    draft.replace(target)


def _dump(target: Path) -> Facts:
    """pg_dump of the snapshot that our own transaction reads, so that files and rows are of one instant."""
    own = connection.copy()
    try:
        own.set_autocommit(False)
        with own.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            cursor.execute("SELECT pg_export_snapshot()")
            snapshot = cursor.fetchone()[0]

            def ask(question: str) -> Rows:
                cursor.execute(question)
                rows: Rows = cursor.fetchall()
                return rows

            facts = _facts(ask)
            flags = ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}"]
            _run("pg_dump", [*flags, f"--file={target}", f"--dbname={_conninfo()}"], BackupRefused)
        own.rollback()
    finally:
        own.close()
    return facts


def _facts(ask: Callable[[str], Rows]) -> Facts:
    migrations = ask(MIGRATIONS)
    return (
        _blobs(ask, migrations),
        {chain: [sequence, sha256] for chain, sequence, sha256 in ask(CHAINS)},
        [f"{app}.{name}" for app, name in migrations],
    )


def _blobs(ask: Callable[[str], Rows], migrations: Rows) -> dict[str, int]:
    return dict(ask(BLOBS + NOT_PURGED if MARKED in migrations else BLOBS))


def _conninfo() -> str:
    """The database in libpq's words, without the password: command lines can be read by everybody."""
    known = connection.settings_dict
    words = {"dbname": "NAME", "user": "USER", "host": "HOST", "port": "PORT"}
    given = {word: str(known[name]) for word, name in words.items() if known[name]}
    libpq = {"sslmode", "sslrootcert", "sslcert", "sslkey", "host", "hostaddr", "service", "connect_timeout"}
    given |= {name: str(value) for name, value in known["OPTIONS"].items() if name in libpq}
    quoted = {name: value.replace("\\", "\\\\").replace("'", "\\'") for name, value in given.items()}
    return " ".join(f"{name}='{value}'" for name, value in quoted.items())


def _run(program: str, arguments: list[str], refusal: type[BackupRefused] | type[BackupUnusable]) -> None:
    found = shutil.which(program)
    if found is None:
        raise refusal(
            f"{program} is not installed: install PostgreSQL's client programs, as new as the server."
        )
    secret = (
        {"PGPASSWORD": connection.settings_dict["PASSWORD"]} if connection.settings_dict["PASSWORD"] else {}
    )
    done = subprocess.run(
        [found, *arguments],
        env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", **secret},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise refusal(f"{program} did not finish: {said[0][:300] if said else 'it gave no reason'}")
