"""Two hands take the same annotations while their people vote here: places and persons are counted once."""

from pathlib import Path

import pytest

from tests.annotation.label_studio.race_pull import CASES
from tests.harness.once import Put
from tests.harness.races import raced
from tests.harness.servers import new_database


@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def test_the_same_annotations_taken_twice_at_once_count_once(
    database: str, request: pytest.FixtureRequest, tmp_path: Path, put_database: Put
) -> None:
    server = request.getfixturevalue("postgres_server") if database == "postgresql" else ""
    url = new_database(server, is_migrated=True) if server else ""
    report = raced("tests.annotation.label_studio.race_pull", put_database(tmp_path), database=url)
    assert (report["failures"], report["findings"]) == ([], [])
    assert report["votes"] == 3 * CASES
    assert report["taken"] > 0
