"""The doctor: Django system checks that tell an operator what is wrong with this site and what to do."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as Advice
from django.db import DatabaseError, ProgrammingError, connection

from consilium import start
from consilium.audit.grants import runs_as_owner
from consilium.audit.key_marks import identity_key_fault
from consilium.audit.protection import ADVICE, CHECK_TAG, MIGRATIONS_TAG, faults
from consilium.backups.restore import unfinished_restore
from consilium.blobs.probe import report_on
from consilium.blobs.site_store import site_id
from consilium.blobs.store import some_keys
from consilium.blobs.store_address import NAME
from consilium.database_version import unapplied_migrations, unknown_migrations
from consilium.disk_space import LEAST_BYTES, LOW_SHARE, disk_space
from consilium.keys import FORMER_FILE, VARIABLES, is_set
from curation.imaging.walls import what_to_do
from dashboard.decoder_report import decoder_report

CLOCK_SECONDS = 5.0
LOOPBACK = {"127.0.0.1", "localhost", "[::1]", "::1"}
BROKERS = ("redis://", "rediss://", "unix://", "sentinel://", "amqp://", "amqps://")

Apps = Sequence[AppConfig] | None


@register(Tags.files)
def check_home(app_configs: Apps, databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """The data folder can be written, is private, and has room.

    A start asks with the databases, and is refused where a command (that may free space) is only warned.
    """
    grave = Error if databases else Advice
    home, found = Path(settings.CONSILIUM_HOME), list[CheckMessage]()
    if not os.access(home, os.W_OK | os.X_OK):
        hint = "Give this user write access to the folder, or set CONSILIUM_HOME to another one."
        return [Error("The data folder (CONSILIUM_HOME) cannot be written.", hint=hint, id="consilium.E001")]
    if mode := home.stat().st_mode & 0o077:
        who, kind = ("Every user of this machine", grave) if mode & 0o007 else ("The folder's group", Advice)
        hint = "Run chmod 700 on it: it holds images and the database."
        found.append(
            kind(f"{who} can reach the data folder (CONSILIUM_HOME).", hint=hint, id="consilium.W002")
        )
    space = disk_space()
    if space.is_full:
        text = f"The disk of the data folder is full: {space.free >> 20} MiB are free."
        hint = f"Free some space: {LEAST_BYTES >> 20} MiB are the least with which a process starts."
        found.append(grave(text, hint=hint, id="consilium.W004"))
    elif space.is_low:
        text = f"Only {space} of the disk of the data folder is free."
        hint = f"Free some space: below {LOW_SHARE:.0%} people are warned, below half of that uploads stop."
        found.append(Advice(text, hint=hint, id="consilium.W003"))
    return found


@register(Tags.files)
def check_restore(app_configs: Apps, databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """No restore stopped half-way: the rows may be there and their files not."""
    begun = unfinished_restore()
    if not begun:
        return []
    text = f"The restore of backup {begun} was begun here and did not end."
    hint = "Run manage.py restore with that backup again, or empty the data folder and the database."
    return [(Error if databases else Advice)(text, hint=hint, id="consilium.E005")]


@register(Tags.security)
def check_exposure(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """What other machines can reach is not a debugging site, and not any host name."""
    found = list[CheckMessage]()
    outside = sorted(set(settings.ALLOWED_HOSTS) - LOOPBACK)
    if "*" in settings.ALLOWED_HOSTS:
        hint = "List the names people use in CONSILIUM_HOSTS, separated by commas."
        found.append(Error("CONSILIUM_HOSTS must not be *.", hint=hint, id="consilium.E010"))
    if settings.DEBUG and outside:
        hint = "Unset CONSILIUM_DEBUG: its error pages show settings and data."
        found.append(
            Error("Debugging is on while other machines may connect.", hint=hint, id="consilium.E011")
        )
    if outside and not settings.HTTPS:
        hint = "Put a TLS proxy in front and set CONSILIUM_HTTPS=1 (docs/configuration.md)."
        found.append(Advice("Other machines may connect without encryption.", hint=hint, id="consilium.W012"))
    return found


@register("broker")
def check_broker(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """The broker's address is of a kind that is supported."""
    url = settings.BROKER_URL
    if url and not url.startswith(BROKERS):
        hint = "Use redis://, rediss://, amqp:// or amqps://, or leave BROKER_URL out on a single host."
        return [Error("BROKER_URL names a broker that is not supported.", hint=hint, id="consilium.E020")]
    return []


@register(Tags.database)
def check_database(app_configs: Apps, databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """The database answers, keeps what it acknowledges, and agrees about the time."""
    if not databases:
        return []
    try:
        return [*_check_durability(), *_check_clock()]
    except DatabaseError as problem:
        hint = "Check that it runs and that DATABASE_URL is right."
        text = f"The database does not answer ({type(problem).__name__})."
        return [Error(text, hint=hint, id=start.DATABASE_AWAY)]


@register(Tags.database)
def check_future(app_configs: Apps, databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """No newer version has changed the database: this one would write what that one cannot read."""
    try:
        unknown = unknown_migrations() if databases else []
    except DatabaseError:  # others tell
        return []
    if not unknown:
        return []
    text = f"The database belongs to a newer version: {_listed(unknown)} is not known here."
    hint = "Install that version again, or restore the backup that was made before the upgrade."
    return [Error(text, hint=hint, id="consilium.E034")]


@register(MIGRATIONS_TAG)
def check_migrations(app_configs: Apps, databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """The database has every migration of this version."""
    try:
        waiting = unapplied_migrations() if databases else []
    except ProgrammingError:
        hint = "Run `python manage.py migrate` with DATABASE_OWNER_URL: it grants what this version needs."
        text = "The database's role may not read the tables."
        return [Error(text, hint=hint, id="consilium.E036")]
    except DatabaseError:  # check_database tells
        return []
    if not waiting:
        return []
    text = f"The database is behind this version: {_listed(waiting)} is not applied."
    return [Error(text, hint="Run `python manage.py migrate`, then start again.", id="consilium.E035")]


def _listed(migrations: list[str]) -> str:
    more = len(migrations) - 1
    return f"{migrations[0]} (and {more} more)" if more else migrations[0]


@register(CHECK_TAG)
def check_triggers(app_configs: Apps, databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """The database refuses changes of every append-only table, as this version declares it."""
    try:
        found = faults(connection) if databases else []
    except DatabaseError:  # check_database tells
        return []
    if not found:
        return []
    text = f"Append-only tables are not protected: {'; '.join(map(str, found))}."
    return [Error(text, hint=ADVICE, id="consilium.E033")]


@register(Tags.database)
def check_identity(app_configs: Apps, databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """The identity key is the one that this database derives from."""
    try:
        fault = identity_key_fault() if databases else ""
    except DatabaseError:  # check_database tells
        return []
    hint = "Nothing was changed. The keys and their escrow: docs/configuration.md."
    return [Error(fault, hint=hint, id="consilium.E050")] if fault else []


@register(Tags.security)
def check_keys(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """Made keys are private, and no key has two uses."""
    found, folder = list[CheckMessage](), Path(settings.KEY_FOLDER)
    kept = [folder, *folder.glob("*.key")] if folder.exists() else []
    if any(path.stat().st_mode & 0o077 for path in kept):
        hint = "Run chmod 700 on the folder and chmod 600 on its files."
        found.append(
            Advice("Other users of this machine can read the key folder.", hint=hint, id="consilium.W051")
        )
    if settings.IDENTITY_KEY in (settings.SECRET_KEY, settings.RECORD_KEY):
        hint = "Give CONSILIUM_SECRET_KEY (CONSILIUM_RECORD_KEY) a new value; the identity key stays."
        text = "The identity key also signs: who forges a session can name every pseudonym."
        found.append(Advice(text, hint=hint, id="consilium.W052"))
    return found


@register(Tags.security, deploy=True)
def check_key_places(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """Who copies the data has neither the keys nor the only anchors."""
    home, found = Path(settings.CONSILIUM_HOME), list[CheckMessage]()
    if Path(settings.KEY_FOLDER).is_relative_to(home) and not all(map(is_set, VARIABLES)):
        hint = "Set CONSILIUM_KEYS to a folder elsewhere and move the files of the key folder there."
        text = "The keys lie in the data folder: who copies it can name every pseudonym."
        found.append(Advice(text, hint=hint, id="consilium.W053"))
    if (home / FORMER_FILE).exists():
        hint = "Once this version runs, keep a copy in escrow and delete the file: it is the identity key."
        text = "The key file of an earlier version (secret.key) still lies in the data folder."
        found.append(Advice(text, hint=hint, id="consilium.W054"))
    if settings.SECOND_ANCHORS is None:
        hint = "Set CONSILIUM_ANCHORS to a folder on another host's disk (docs/configuration.md)."
        text = "Anchors of the audit record are kept in one place: who can write there can cut both."
        found.append(Advice(text, hint=hint, id="consilium.W055"))
    return found


@register(Tags.files)
def check_store(app_configs: Apps, databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """The object store takes, gives and deletes, and is this site's. While it is away people can vote."""
    address = settings.OBJECT_STORE
    if address is None or not databases:
        return []
    try:
        keys = some_keys()
    except DatabaseError:  # check_database and check_migrations tell
        return []
    found, report = list[CheckMessage](), report_on(address, site_id(), keys)
    if report.refusal:
        hint = f"Check {NAME}, its endpoint and region, and the credentials (docs/configuration.md)."
        text = f"The object store cannot be used: {report.refusal}."
        return [Error(text, hint=hint, id="consilium.E060")]
    if report.away:
        hint = "Images cannot be shown and jobs wait until it answers; votes are taken."
        found.append(
            Advice(f"The object store does not answer ({report.away}).", hint=hint, id="consilium.W060")
        )
    if report.has_versions:
        hint = "Switch versioning off, or have a rule of the bucket delete old versions within a day."
        text = "The bucket keeps old versions: what is purged stays there."
        found.append(Advice(text, hint=hint, id="consilium.W061"))
    if address.is_plain:
        hint = "Use https:// in its endpoint, unless it is on this machine."
        text = "Images travel to and from the object store without encryption."
        found.append(Advice(text, hint=hint, id="consilium.W062"))
    return found


def _check_durability() -> list[CheckMessage]:
    if connection.vendor != "postgresql":
        return []
    with connection.cursor() as cursor:
        cursor.execute("SHOW synchronous_commit")
        value = str(cursor.fetchone()[0])
    if value != "off":
        return []
    hint = "Set synchronous_commit = on: a crash would lose votes that people were told are stored."
    return [Error("PostgreSQL acknowledges before it has written.", hint=hint, id="consilium.E031")]


def _check_clock() -> list[CheckMessage]:
    with connection.cursor() as cursor:
        unix = "extract(epoch from clock_timestamp())"
        cursor.execute(f"SELECT {unix if connection.vendor == 'postgresql' else 'unixepoch()'}")
        seconds = abs(float(cursor.fetchone()[0]) - datetime.now(UTC).timestamp())
    if seconds < CLOCK_SECONDS:
        return []
    text = f"The clocks of this machine and of the database differ by {seconds:.0f} s."
    return [Advice(text, hint="Run a time service (NTP) on both.", id="consilium.W032")]


@register(Tags.database, deploy=True)
def check_database_role(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """The application is not the owner of its tables, who could lift their protection."""
    try:
        is_owner = runs_as_owner(connection)
    except DatabaseError:  # check_database tells
        return []
    if not is_owner:
        return []
    hint = "Run `manage.py database_roles` (docs/configuration.md) and connect as the role that it makes."
    text = "The application owns its tables in PostgreSQL and could lift the protection of its records."
    return [Advice(text, hint=hint, id="consilium.W037")]


@register(Tags.security, deploy=True)
def check_confinement(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """Which walls the process that decodes uploads lacks, and that workers are not root."""
    found = list[CheckMessage]()
    report = decoder_report()
    if report.missing:
        text = f"{report.verdict} Missing walls: {', '.join(report.missing)}."
        found.append(Advice(text, hint=what_to_do(report.missing), id="consilium.W040"))
    if os.geteuid() == 0:
        hint = "Run web and workers as an ordinary user: the kernel exempts root from some limits."
        found.append(Advice("This process runs as root.", hint=hint, id="consilium.W041"))
    return found
