"""Two leads, a closing hand and readers at once: no question twice, no open item in a closed round."""

from pathlib import Path

import pytest

from tests.annotation.race_pairing import QUESTIONS
from tests.harness.once import Put
from tests.harness.races import raced
from tests.harness.servers import new_database


@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def test_rounds_opened_at_once_take_every_question_once(
    database: str, request: pytest.FixtureRequest, tmp_path: Path, put_database: Put
) -> None:
    server = request.getfixturevalue("postgres_server") if database == "postgresql" else ""
    url = new_database(server, is_migrated=True) if server else ""
    report = raced("tests.annotation.race_pairing", put_database(tmp_path), database=url)
    assert (report["failures"], report["findings"]) == ([], [])
    assert report["votes"] > 8
    assert report["cases"] == QUESTIONS
