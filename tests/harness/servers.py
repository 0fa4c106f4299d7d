"""Private PostgreSQL and Redis servers for one test session, run without privileges and gone at its end."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg2  # type: ignore[import-untyped]
import pytest
import redis

from tests.harness.once import held, migrate
from tests.harness.processes import dies_with_parent

START_SECONDS = 30.0
UNPRIVILEGED = ("postgres", "nobody")
APPLICATION, READER = "consilium_app", "consilium_reader"
_factories: list[pytest.TempPathFactory] = []


def wait_until(true: Callable[[], bool], *, seconds: float, what: str) -> None:
    """Poll with a deadline; fails the test that waits."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            pytest.fail(f"After {seconds:.0f} s still not: {what}")
        time.sleep(0.05)


def free_port() -> int:
    """A loopback port nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _binary(name: str) -> str:
    """Where a server program is. Skips, or fails when services are required."""
    folders = [
        *os.environ.get("PATH", "").split(":"),
        *map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin"))),
    ]
    found = shutil.which(name, path=":".join(folders))
    if found is None:
        say = pytest.fail if os.environ.get("CONSILIUM_REQUIRE_SERVICES") == "1" else pytest.skip
        say(f"{name} is not installed")
    return str(found)


@contextmanager
def _private_folder() -> Iterator[tuple[Path, dict[str, Any]]]:
    """A folder and the subprocess arguments of the user it belongs to (servers refuse to run as root)."""
    folder = Path(tempfile.mkdtemp(prefix="consilium-server-"))
    user: dict[str, Any] = {}
    if os.geteuid() == 0:
        entry = next(pwd.getpwnam(name) for name in UNPRIVILEGED if _exists(name))
        os.chown(folder, entry.pw_uid, entry.pw_gid)
        user = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    try:
        yield (
            folder,
            user | {"cwd": folder, "env": {"PATH": os.environ["PATH"], "LC_ALL": "C", "HOME": str(folder)}},
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _exists(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True


@contextmanager
def _running(command: list[str], **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    options |= {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "preexec_fn": dies_with_parent()}
    with subprocess.Popen(command, **options) as process:
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The folder of a private server's socket."""
    with postgres("-c", "fsync=off") as folder:
        yield folder


class PostgresServer:
    """A private server that can be stopped at once, as by a crash, and started again."""

    def __init__(self, folder: Path, command: list[str], options: dict[str, Any], superuser: str) -> None:
        self.folder = str(folder)
        self._command, self._options, self._superuser = command, options, superuser
        self._held = ExitStack()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._process = self._held.enter_context(_running(self._command, **self._options))
        answers = partial(_answers, self.folder, self._superuser)
        wait_until(answers, seconds=START_SECONDS, what="PostgreSQL answers")

    def crash(self) -> None:
        """Everything ends at once; nothing is written any more."""
        assert self._process is not None
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(10)

    def close(self) -> None:
        """End it for good and at once: it would write everything out, and nobody reads the folder again."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
        self._held.close()


@contextmanager
def postgres(*settings: str) -> Iterator[str]:
    """A private server with these settings; the folder of its socket."""
    with restartable_postgres(*settings) as server:
        yield server.folder


@contextmanager
def restartable_postgres(*settings: str, superuser: str = "consilium") -> Iterator[PostgresServer]:
    """A private server with these settings, started."""
    initdb, server = _binary("initdb"), _binary("postgres")
    with _private_folder() as (folder, options):
        data = folder / "data"
        make = [
            initdb,
            "-D",
            str(data),
            "-U",
            superuser,
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--no-sync",
            "--no-instructions",
        ]
        subprocess.run(make, check=True, stdout=subprocess.DEVNULL, **options)
        own = ["-c", "listen_addresses=", "-c", "max_connections=60", *settings]
        made = PostgresServer(folder, [server, "-D", str(data), "-k", str(folder), *own], options, superuser)
        try:
            made.start()
            yield made
        finally:
            made.close()


def _answers(folder: str, superuser: str) -> bool:
    try:
        psycopg2.connect(host=folder, user=superuser, dbname="postgres").close()
    except psycopg2.OperationalError:
        return False
    return True


def new_database(server: str, *, is_migrated: bool = False) -> str:
    """A fresh database on the server, as DATABASE_URL: empty, or as `manage.py migrate` leaves it.

    A migrated one does not know its identity key yet; the next `migrate` notes it.
    """
    name = f"test_{uuid4().hex[:12]}"
    template = f" TEMPLATE {_migrated(server)}" if is_migrated else ""
    connection = psycopg2.connect(host=server, user="consilium", dbname="postgres")
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}{template}")
    connection.close()
    return f"postgresql://consilium@/{name}?host={server}"


@pytest.fixture(autouse=True, scope="session")
def _dumps_lie_with_the_other_shared_things(tmp_path_factory: pytest.TempPathFactory) -> None:
    _factories.append(tmp_path_factory)


@cache
def _migrated(server: str) -> str:
    """The name of a migrated database, with the rights of the roles, from which others are copied.

    One worker migrates, for its first server; every other server of the run reads what that one wrote.
    """
    database = with_roles(server)
    with held(_factories[0], "migrated_postgresql") as shared:
        if not (dump := shared / "dump.sql").exists():
            with tempfile.TemporaryDirectory() as home:
                migrate(Path(home), **database)
            written = _client("pg_dump", database)
            dump.write_bytes(written)
        else:
            _client("psql", database, "--quiet", "--set=ON_ERROR_STOP=1", "--file", str(dump))
    connection = psycopg2.connect(database["DATABASE_OWNER_URL"])
    with connection, connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica; DELETE FROM audit_keymark")
        cursor.execute("SELECT current_database()")
        (name,) = cursor.fetchone()
    connection.close()
    return str(name)


def _client(program: str, database: dict[str, str], *words: str) -> bytes:
    """Run a program of PostgreSQL's on a database as its owner; what it wrote."""
    command = [_binary(program), f"--dbname={database['DATABASE_OWNER_URL']}", *words]
    return subprocess.run(command, check=True, capture_output=True).stdout


def with_roles(server: str, *, is_migrated: bool = False) -> dict[str, str]:
    """A fresh database for the application's role, as environment; whoever migrates does so as the owner."""
    owner = new_database(server, is_migrated=is_migrated)
    connection = psycopg2.connect(host=server, user="consilium", dbname="postgres")
    connection.autocommit = True
    with connection.cursor() as cursor:
        for role in (APPLICATION, READER):
            cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
            if cursor.fetchone() is None:
                cursor.execute(f"CREATE ROLE {role} LOGIN")
    connection.close()
    return {
        "DATABASE_URL": owner.replace("consilium@", f"{APPLICATION}@"),
        "DATABASE_OWNER_URL": owner,
        "DATABASE_READER_URL": owner.replace("consilium@", f"{READER}@"),
    }


@pytest.fixture(scope="session")
def postgres_url(postgres_server: str) -> str:
    """DATABASE_URL of an empty database; who must not share it calls `new_database(postgres_server)`."""
    return new_database(postgres_server)


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """BROKER_URL of a private server."""
    port = free_port()
    with redis_on(port):
        yield f"redis://127.0.0.1:{port}/0"


@contextmanager
def redis_on(port: int) -> Iterator[None]:
    """A private server on this port that keeps nothing on disk."""
    program = _binary("redis-server")
    with _private_folder() as (folder, options):
        flags = [
            "--bind",
            "127.0.0.1",
            "--port",
            str(port),
            "--save",
            "",
            "--appendonly",
            "no",
            "--dir",
            str(folder),
        ]
        with _running([program, *flags], **options), redis.Redis(port=port) as client:
            wait_until(lambda: _pings(client), seconds=START_SECONDS, what="Redis answers")
            yield


def _pings(client: "redis.Redis") -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False
