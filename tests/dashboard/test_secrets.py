"""Keys are found nowhere afterwards: not in the database, a file, a log, on a page or in an export."""

import logging
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import Client

from consilium.inference.endpoints import add_endpoint
from consilium.logs import LineFormatter
from tests.dashboard.access_table import READ
from tests.factories.cast import Cast
from tests.factories.world import make_world
from tests.harness.ask import asks, go
from tests.harness.chat_server import Stub

CANARY = "sk-canary-4711-of-the-remote-model"


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> StringIO:
    """Everything that anybody logs, down to the smallest, in the form of the real log."""
    out = StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(LineFormatter())
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [*root.handlers, handler])
    monkeypatch.setattr(root, "level", logging.DEBUG)
    return out


async def refuse(stub: Stub, body: dict[str, Any], attempt: int) -> web.StreamResponse:
    return web.Response(status=401, text="I do not know you.")


def stored() -> str:
    """Every row of every table, as a dump or a backup would hold it."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            found.append(repr(cursor.fetchall()))
    return "\n".join(found)


def shown(world_pages: dict[str, str], client: Client) -> dict[str, bytes]:
    """URL name to what the client gets."""
    got = {}
    for name, address in world_pages.items():
        answer = client.get(address)
        got[name] = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]
        got[name] += str(answer.headers).encode()
    return got


@pytest.mark.django_db
def test_keys_are_found_nowhere_afterwards(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, log: StringIO
) -> None:
    world = make_world(cast)
    monkeypatch.setenv("CONSILIUM_API_KEY_FAR", CANARY)
    out = StringIO()
    monkeypatch.setenv("CONSILIUM_API_KEY_RUDE", CANARY)
    with Stub() as stub, Stub(refuse) as rude:
        for name, server in (("far", stub), ("rude", rude)):
            where = f"127.0.0.1:{server.port}"
            monkeypatch.setenv(f"CONSILIUM_API_HOST_{name.upper()}", where)
            endpoint = add_endpoint(
                name=name, by=cast.lena, study=cast.study, url=f"http://{where}/v1", model_id="m", family="f"
            )
            go(endpoint, asks(2))
            out.write(repr(endpoint) + str(vars(endpoint)))
    assert {headers["Authorization"] for headers in stub.headers + rude.headers} == {f"Bearer {CANARY}"}
    call_command("endpoint", "list", stdout=out)
    call_command("check", stdout=out, stderr=out)

    addresses = {name: world.address(name) for name in READ if name != "account_logout"}
    for person in (cast.lena, cast.otto):
        client = Client(raise_request_exception=False)
        client.force_login(person)
        for name, page in shown(addresses, client).items():
            for secret in (CANARY, settings.SECRET_KEY):
                assert secret.encode() not in page, name
    everywhere = {
        "database": stored(),
        "log": log.getvalue(),
        "commands": out.getvalue(),
        **{str(path): path.read_bytes().decode("latin-1") for path in files(Path(settings.CONSILIUM_HOME))},
    }
    assert len(everywhere["log"]) > 500
    assert [place for place, text in everywhere.items() if CANARY in text] == []
    assert [place for place, text in everywhere.items() if settings.SECRET_KEY in text] == []


def files(home: Path) -> list[Path]:
    """What lies in the data folder, the key folder apart."""
    return [path for path in home.rglob("*") if path.is_file() and "keys" not in path.parts]
