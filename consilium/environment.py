"""Reads the environment: typed readers that refuse nonsense instead of guessing (no Django import)."""

import os
import shlex
from collections.abc import Collection
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from consilium.refusals import Refused

CONNECT_SECONDS = 5  # a request does not wait longer for a database host that swallows packets
# Either side of a connection asks a silent other side whether it is there, and gives it up after about 20 s.
# By the systems' own measure a web host that loses power in the middle of a vote would hold its locks for two
# hours, and a request would wait a quarter of an hour for a database host that is gone.
SILENT_SECONDS, ASK_EVERY_SECONDS, ASK_TIMES = 10, 5, 2
UNHEARD_MILLISECONDS = 1000 * (SILENT_SECONDS + ASK_EVERY_SECONDS * ASK_TIMES)
PRESENCE: dict[str, Any] = {
    "keepalives_idle": SILENT_SECONDS,
    "keepalives_interval": ASK_EVERY_SECONDS,
    "keepalives_count": ASK_TIMES,
    "tcp_user_timeout": UNHEARD_MILLISECONDS,
    "options": f"-c tcp_keepalives_idle={SILENT_SECONDS} -c tcp_keepalives_interval={ASK_EVERY_SECONDS}"
    f" -c tcp_keepalives_count={ASK_TIMES} -c tcp_user_timeout={UNHEARD_MILLISECONDS}",
}
SIZES = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
TOKEN_LENGTH = 32
SQLITE_PRAGMAS = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"


class EnvironmentRefused(Refused):
    """A setting from the environment that cannot be used; the text says which and why."""


class SyslogTarget(NamedTuple):
    """Where messages go: `kind` is udp, tcp or unix; `host` is the path of a unix socket."""

    kind: str
    host: str
    port: int


def read_flag(name: str, *, default: bool = False) -> bool:
    """`1/true/yes/on` or `0/false/no/off`; anything else is refused."""
    value = os.environ.get(name, "").strip().lower()
    if value in {"", "1", "true", "yes", "on", "0", "false", "no", "off"}:
        return default if not value else value in {"1", "true", "yes", "on"}
    raise EnvironmentRefused(f"{name} must be one of 1, true, yes, on, 0, false, no, off.")


def read_list(name: str, default: list[str]) -> list[str]:
    """Comma-separated words, empty ones dropped."""
    value = os.environ.get(name)
    return default if value is None else [word.strip() for word in value.split(",") if word.strip()]


def read_words(name: str, known: Collection[str]) -> list[str]:
    """Comma-separated words out of `known`, none when unset; any other word is refused."""
    words = read_list(name, [])
    if unknown := [word for word in words if word not in known]:
        raise EnvironmentRefused(f"{name} has {unknown[0]!r}; it takes {', '.join(known)}, comma-separated.")
    return words


def read_seconds(name: str, *, default: float) -> float:
    """A positive number of seconds; anything else is refused."""
    try:
        seconds = float(os.environ.get(name) or default)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise EnvironmentRefused(f"{name} must be a positive number of seconds.")
    return seconds


def read_hours(name: str, *, default: float) -> float:
    """A positive number of hours; anything else is refused."""
    try:
        return read_seconds(name, default=default)
    except EnvironmentRefused:
        raise EnvironmentRefused(f"{name} must be a positive number of hours.") from None


def read_minutes(name: str) -> int:
    """A whole number of minutes, 0 when unset; anything else is refused."""
    value = os.environ.get(name, "").strip() or "0"
    if not (value.isascii() and value.isdigit()):
        raise EnvironmentRefused(f"{name} must be a whole number of minutes; 0 switches it off.")
    return int(value)


def read_token(name: str) -> str:
    """A secret word of at least TOKEN_LENGTH characters, nothing when unset; a shorter one is refused."""
    token = os.environ.get(name, "").strip()
    if token and len(token) < TOKEN_LENGTH:
        raise EnvironmentRefused(f"{name} is shorter than {TOKEN_LENGTH} characters; make a longer one.")
    return token


def read_count(name: str, *, default: int) -> int:
    """A whole number from 1 on; anything else is refused."""
    value = os.environ.get(name) or str(default)
    if not (value.isascii() and value.isdigit() and int(value)):
        raise EnvironmentRefused(f"{name} must be a whole number from 1 on.")
    return int(value)


def read_command(name: str) -> list[str]:
    """The words of a command line that starts with an absolute path of a program; none when unset."""
    try:
        words = shlex.split(os.environ.get(name, ""))
    except ValueError:
        raise EnvironmentRefused(f"{name} has a quotation mark that is not closed.") from None
    if words and not (Path(words[0]).is_absolute() and os.access(words[0], os.X_OK)):
        raise EnvironmentRefused(
            f"{name} must start with the absolute path of a program that this user may run."
        )
    return words


def read_folder(name: str) -> Path | None:
    """An absolute folder; None when it is left out."""
    value = os.environ.get(name)
    return Path(value).resolve() if value else None


def read_syslog(name: str) -> SyslogTarget | None:
    """`udp://host:port`, `tcp://host:port` (514 where no port is given) or `unix:///path`; None if unset."""
    value = os.environ.get(name)
    if not value:
        return None
    try:
        parts = urlsplit(value)
        port = parts.port or 514
    except ValueError:
        parts, port = urlsplit(""), 0
    if parts.scheme in ("udp", "tcp") and parts.hostname and not parts.path.strip("/"):
        return SyslogTarget(parts.scheme, parts.hostname, port)
    if parts.scheme == "unix" and parts.path.startswith("/") and not parts.netloc:
        return SyslogTarget(parts.scheme, parts.path, 0)
    raise EnvironmentRefused(f"{name} must be udp://host:port, tcp://host:port or unix:///dev/log.")


def read_bytes(name: str, *, default: int) -> int:
    """A size: a whole number, or one with K, M or G behind it; anything else is refused."""
    value = os.environ.get(name, "").strip().upper()
    if not value:
        return default
    number, unit = (value[:-1], value[-1]) if value[-1] in SIZES else (value, "")
    if not number.isdecimal() or not int(number):
        raise EnvironmentRefused(f"{name} must be a size such as 500M or 8G.")
    return int(number) * SIZES[unit]


def read_days(name: str, *, default: float) -> float:
    """A number of days, 0 or more; anything else is refused."""
    try:
        days = float(os.environ.get(name) or default)
    except ValueError:
        days = -1.0
    if not 0 <= days <= 36_500:
        raise EnvironmentRefused(f"{name} must be a number of days, 0 or more.")
    return days


def home_folder(base: Path) -> Path:
    """The data folder (CONSILIUM_HOME, default ./var), created private to this user."""
    home = Path(os.environ.get("CONSILIUM_HOME") or base / "var").resolve()
    make_folder(home)
    return home


def make_folder(path: Path) -> None:
    """A private folder, unless it is there. Raises EnvironmentRefused where it cannot be made."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as problem:
        raise EnvironmentRefused(_unwritable(problem)) from None


def _unwritable(problem: OSError) -> str:
    return (
        f"The data folder (CONSILIUM_HOME) cannot be written ({problem.strerror}). Give this user write "
        "access to it, free some space, or set CONSILIUM_HOME to another folder."
    )


def database(home: Path) -> dict[str, Any]:
    """Django's DATABASES["default"]: PostgreSQL from DATABASE_URL, else SQLite in the data folder."""
    return _postgres("DATABASE_URL") or _sqlite(home / "consilium.sqlite3")


def database_role(name: str, application: dict[str, Any]) -> dict[str, Any] | None:
    """How the role in the variable `name` reaches the application's database; None where it is not set."""
    given = _postgres(name)
    if given is None:
        return None
    if given["NAME"] != application["NAME"] or given["USER"] in {"", application.get("USER", "")}:
        raise EnvironmentRefused(f"{name} must name another role for the same database as DATABASE_URL.")
    return given


def _postgres(variable: str) -> dict[str, Any] | None:
    url = os.environ.get(variable, "")
    if not url:
        return None
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise EnvironmentRefused(f"{variable} must start with postgresql:// (leave it out for SQLite).")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"connect_timeout": CONNECT_SECONDS, **PRESENCE}
        | dict(parse_qsl(parts.query, keep_blank_values=True)),
    }


def _sqlite(path: Path) -> dict[str, Any]:
    # IMMEDIATE + a long timeout: measured 0 % "database is locked" with 16 writers (Django's default: 59 %).
    options = {"transaction_mode": "IMMEDIATE", "timeout": 20, "init_command": SQLITE_PRAGMAS}
    return {"ENGINE": "consilium.queued_sqlite", "NAME": str(path), "CONN_MAX_AGE": 60, "OPTIONS": options}
