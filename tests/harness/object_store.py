"""A real S3-compatible server for one test session, and a way to it on which things go wrong."""

import json
import os
import re
import socket
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from urllib.parse import urlencode
from urllib.request import Request, urlopen
from uuid import uuid4

import pytest

from consilium.blobs.object_store import ObjectStore
from consilium.blobs.store_address import StoreAddress
from tests.harness.processes import dies_with_parent
from tests.harness.servers import free_port, wait_until

BUCKET, VERSIONED = "consilium-test", "consilium-versions"
# User, key and policy, then the buckets: whoever comes later has to sign.
UNSIGNED = 6
ALLOWED = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
VERSIONS = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"


@dataclass(frozen=True, slots=True)
class StoreServer:
    """The server's port and the key of its only user, who may do everything."""

    port: int
    key_id: str
    secret: str

    def address(self, *, port: int = 0, bucket: str = BUCKET, seconds: float = 5.0) -> StoreAddress:
        """A place of its own in a bucket."""
        endpoint = f"http://127.0.0.1:{port or self.port}"
        return StoreAddress(bucket, f"site-{uuid4().hex[:12]}", endpoint, seconds=seconds)


@pytest.fixture(scope="session")
def store_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreServer]:
    """moto, which checks signatures; its credentials are in the environment, where obstore finds them."""
    port, log = free_port(), tmp_path_factory.mktemp("moto") / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
            stdout=out,
            stderr=out,
            env={**os.environ, "INITIAL_NO_AUTH_ACTION_COUNT": str(UNSIGNED)},
            preexec_fn=dies_with_parent(),  # noqa: PLW1509
        )
    before = dict(os.environ)
    try:
        wait_until(lambda: answers(port), seconds=60, what="the object store answers")
        server = with_user(port)
        os.environ |= {"AWS_ACCESS_KEY_ID": server.key_id, "AWS_SECRET_ACCESS_KEY": server.secret}
        yield server
    finally:
        process.kill()
        process.wait()
        os.environ.clear()
        os.environ.update(before)


def answers(port: int) -> bool:
    """Whether somebody listens there."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def with_user(port: int) -> StoreServer:
    """A new server's only user and its buckets, made before it asks for signatures."""

    def iam(**fields: str) -> str:
        signed = {"Authorization": "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/iam/aws4_request"}
        body = urlencode({**fields, "UserName": "consilium", "Version": "2010-05-08"}).encode()
        return _send(Request(f"http://127.0.0.1:{port}/", data=body, headers=signed))

    iam(Action="CreateUser")
    made = iam(Action="CreateAccessKey")
    iam(Action="PutUserPolicy", PolicyName="all", PolicyDocument=json.dumps(ALLOWED))
    for path, body in ((BUCKET, ""), (VERSIONED, ""), (f"{VERSIONED}?versioning", VERSIONS)):
        xml = {"Content-Type": "application/xml"}
        url = f"http://127.0.0.1:{port}/{path}"
        _send(Request(url, data=body.encode() or None, headers=xml, method="PUT"))
    found = re.search("<AccessKeyId>(.*?)</.*<SecretAccessKey>(.*?)</", made, re.DOTALL)
    assert found
    return StoreServer(port, found[1], found[2])


def _send(request: Request) -> str:
    with urlopen(request, timeout=10) as answer:
        return str(answer.read().decode())


class BadWay(socketserver.ThreadingTCPServer):
    """Passes connections on to the server; `mode` says what goes wrong from now on.

    "": nothing. "hang": nothing comes back. "cut": one answer ends after `after` bytes, then all is well.
    "closed": connections are closed at once.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Passing)
        self.target, self.mode, self.after, self.connections = port, "", 0, 0

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])


class _Passing(socketserver.BaseRequestHandler):
    server: BadWay

    def handle(self) -> None:
        way = self.server
        way.connections += 1
        if way.mode == "closed":
            return
        with socket.create_connection(("127.0.0.1", way.target)) as beyond:
            threading.Thread(target=_copy, args=(self.request, beyond), daemon=True).start()
            self._answer(beyond)

    def _answer(self, beyond: socket.socket) -> None:
        way, passed = self.server, 0
        while piece := beyond.recv(1 << 16):
            if way.mode == "hang":
                continue
            if way.mode == "cut" and passed + len(piece) > way.after:
                way.mode = ""
                self.request.sendall(piece[: max(0, way.after - passed)])
                return
            passed += len(piece)
            self.request.sendall(piece)


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(1 << 16):
            target.sendall(piece)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


@contextmanager
def bad_way(server: StoreServer) -> Iterator[BadWay]:
    """A way to the server that goes wrong on demand."""
    way = BadWay(server.port)
    thread = threading.Thread(target=way.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield way
    finally:
        way.shutdown()
        way.server_close()
        thread.join()


def by_way(store: ObjectStore, way: BadWay, seconds: float = 1.0) -> ObjectStore:
    """The same place, reached by that way, with little patience."""
    endpoint = f"http://127.0.0.1:{way.port}"
    return ObjectStore(replace(store.address, endpoint=endpoint, seconds=seconds))
