"""A `migrate` that is killed: nothing starts until the next one, which goes on."""

import json
import os
from pathlib import Path

import pytest

from tests.harness.forked import run_python
from tests.harness.servers import new_database, with_roles

UNMIGRATED, UNPROTECTED, NEWER = "consilium.E035", "consilium.E033", "consilium.E034"
WITHOUT_RIGHTS = "consilium.E036"


def half_migrated(home: Path, *seeds: int, **database: str) -> dict[str, list[str]]:
    """Why nothing may start after each kill of tests/audit/half_migrated.py."""
    home.chmod(0o700)
    environment = {**os.environ, "CONSILIUM_HOME": str(home), "DATABASE_URL": "", **database}
    ran = run_python(["-m", "tests.audit.half_migrated", *map(str, seeds)], env=environment)
    assert ran.returncode == 0, ran.stderr[-3000:]
    said: dict[str, list[str]] = json.loads(ran.stdout)
    return said


def check_points(said: dict[str, list[str]], finding: str) -> None:
    assert {said[name][-1] for name in ("before", "inside", "later")} == {finding}
    assert said["whole"] == []
    assert said["newer"] == [NEWER]


def test_nothing_starts_after_a_killed_migrate_and_the_next_goes_on(tmp_path: Path) -> None:
    said = half_migrated(tmp_path)
    check_points(said, UNMIGRATED)
    assert said["at the end"] == [UNPROTECTED]


@pytest.mark.soak
@pytest.mark.services
def test_the_same_on_postgresql_as_the_owner(tmp_path: Path, postgres_server: str) -> None:
    said = half_migrated(tmp_path, **with_roles(postgres_server))
    check_points(said, WITHOUT_RIGHTS)
    # The rights come last; whether the triggers were there already depends on where it was killed.
    assert set(said["at the end"]) - {UNPROTECTED} == {WITHOUT_RIGHTS}


@pytest.mark.soak
@pytest.mark.services
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_killed_at_any_moment_it_is_refused_or_whole(
    tmp_path: Path, database: str, postgres_server: str
) -> None:
    url = new_database(postgres_server) if database == "postgresql" else ""
    said = half_migrated(tmp_path, *range(20), DATABASE_URL=url)
    assert said.pop("whole") == []
    assert {finding for found in said.values() for finding in found} <= {UNMIGRATED, UNPROTECTED}
    assert sum(bool(found) for found in said.values()) >= 5
