"""How the database is reached: what DATABASE_URL says, and what holds where it says nothing."""

from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2  # type: ignore[import-untyped]
import pytest

from consilium import environment

SENT = "SELECT name, reset_val FROM pg_settings WHERE name ~ '^tcp_' AND source = 'client'"
PRESENCE = {
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "2",
    "tcp_user_timeout": "20000",
}


def connection(url: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A connection as Django opens one."""
    monkeypatch.setenv("DATABASE_URL", url)
    known = environment.database(Path("/nowhere"))
    return psycopg2.connect(dbname=known["NAME"], user=known["USER"], **known["OPTIONS"])


@pytest.mark.services
def test_both_sides_of_a_connection_ask_whether_the_other_is_there(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(connection(postgres_url, monkeypatch)) as made, made.cursor() as cursor:
        cursor.execute(SENT)
        assert dict(cursor.fetchall()) == PRESENCE
        ours = made.get_dsn_parameters()
    assert {name: ours[name.replace("tcp_keep", "keep")] for name in PRESENCE} == PRESENCE
    assert ours["connect_timeout"] == "5"


@pytest.mark.services
def test_what_the_address_says_comes_first(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pooler may take no options."""
    url = f"{postgres_url}&options=&keepalives_idle=60&connect_timeout=9"
    with closing(connection(url, monkeypatch)) as made, made.cursor() as cursor:
        cursor.execute(SENT)
        assert cursor.fetchall() == []
        ours = made.get_dsn_parameters()
    assert (ours["keepalives_idle"], ours["connect_timeout"]) == ("60", "9")
