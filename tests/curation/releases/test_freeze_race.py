"""A freeze and the reviews that arrive meanwhile: every release is a moment of the study's record."""

from pathlib import Path
from typing import Any

import pytest

from tests.harness.once import Put
from tests.harness.races import raced
from tests.harness.servers import with_roles


@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def test_a_release_holds_what_was_accepted_before_it_and_nothing_later(
    database: str, request: pytest.FixtureRequest, tmp_path: Path, put_database: Put
) -> None:
    server = request.getfixturevalue("postgres_server") if database == "postgresql" else ""
    roles = with_roles(server, is_migrated=True) if server else {}
    check(raced("tests.curation.releases.race_freeze", put_database(tmp_path), **roles))


@pytest.mark.soak
@pytest.mark.services
def test_fifty_readers_submit_meanwhile(postgres_server: str, tmp_path: Path, put_database: Put) -> None:
    roles = with_roles(postgres_server, is_migrated=True)
    check(raced("tests.curation.releases.race_freeze", put_database(tmp_path), READERS="50", **roles))


def check(report: Any) -> None:
    assert report["failures"] == []
    assert report["findings"] == []
    assert report["releases"] >= 2
