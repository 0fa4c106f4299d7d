"""A database server and a broker as on other hosts: TLS by an authority of their own, and passwords."""

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import redis

from tests.harness.proxies import certificate
from tests.harness.servers import (
    START_SECONDS,
    _binary,
    _pings,
    _private_folder,
    _running,
    free_port,
    restartable_postgres,
    wait_until,
)

# Whoever comes over the network needs TLS and a password; the administrator on the host itself does not.
WHO_MAY_CONNECT = """
local all postgres trust
hostssl all all 127.0.0.0/8 scram-sha-256
"""


@dataclass(frozen=True, slots=True)
class OtherHost:
    """A host with one server: `host:port`, the certificate that its clients have to trust, its folder."""

    address: str
    trust: Path
    folder: Path


@contextmanager
def database_host() -> Iterator[OtherHost]:
    """A PostgreSQL server that holds no role but the administrator's, who connects through its folder."""
    # An address that is nobody else's: server, programs and socket then keep the usual port.
    address = f"127.{random.randint(1, 254)}.{random.randint(0, 255)}.{random.randint(1, 254)}"
    own = ("-c", f"listen_addresses={address}", "-c", "port=5432", "-c", "fsync=off")
    with restartable_postgres(*own, superuser="postgres") as server:
        folder = Path(server.folder)
        trust, key = certificate(folder, address)
        owner = folder.stat()
        for path in (trust, key):
            os.chown(path, owner.st_uid, owner.st_gid)
        key.chmod(0o600)
        (folder / "data" / "pg_hba.conf").write_text(WHO_MAY_CONNECT)
        with (folder / "data" / "postgresql.conf").open("a") as settings:
            settings.write(f"ssl = on\nssl_cert_file = '{trust}'\nssl_key_file = '{key}'\n")
        server.crash()
        server.start()
        yield OtherHost(address, trust, folder)


@contextmanager
def broker_host(password: str, *, named: str = "127.0.0.1") -> Iterator[OtherHost]:
    """A Redis server with this password that answers over TLS alone; `named`: by its certificate."""
    port, program = free_port(), _binary("redis-server")
    with _private_folder() as (folder, options):
        trust, key = certificate(folder, named)
        flags = ["--bind", "127.0.0.1", "--port", "0", "--tls-port", str(port), "--tls-auth-clients", "no"]
        flags += ["--tls-cert-file", str(trust), "--tls-key-file", str(key), "--requirepass", password]
        flags += ["--save", "", "--appendonly", "no", "--dir", str(folder)]
        with (
            _running([program, *flags], **options),
            redis.Redis(port=port, password=password, ssl=True, ssl_cert_reqs="none") as client,
        ):
            wait_until(lambda: _pings(client), seconds=START_SECONDS, what="Redis answers over TLS")
            yield OtherHost(f"127.0.0.1:{port}", trust, folder)
